// SPDX-License-Identifier: GPL-2.0
/* User memory as a source: what is pinned, what it costs, and that it comes back. */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include <linux/zc_user.h>
#include <net/zerocopy.h>

#define ZCT_RANGES	40

struct zct_user {
	struct zc_source	*src;
	struct zc_ranges	ranges;
	struct phys_vec		vec[ZCT_RANGES];
	unsigned long		addr;
};

static struct page *zct_page(struct zct_user *t, unsigned int i)
{
	return pfn_to_page(PHYS_PFN(t->vec[i].paddr));
}

static void zct_map(struct kunit *test, size_t len)
{
	struct zct_user *t = test->priv;

	t->addr = kunit_vm_mmap(test, NULL, 0, len, PROT_READ | PROT_WRITE,
				MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, t->addr, 0);
}

static void zct_touch(struct kunit *test, size_t len)
{
	struct zct_user *t = test->priv;
	size_t off;

	for (off = 0; off < len; off += PAGE_SIZE)
		KUNIT_ASSERT_EQ(test,
				put_user((u8)off, (u8 __user *)(t->addr + off)),
				0);
}

static void zct_source(struct kunit *test, size_t off, size_t len)
{
	struct zct_user *t = test->priv;
	struct iov_iter iter;

	iov_iter_ubuf(&iter, ITER_SOURCE, (void __user *)(t->addr + off), len);
	t->src = zc_user_source_alloc(&iter, 1, NULL);
	KUNIT_ASSERT_NOT_NULL(test, t->src);
}

static int zct_refill(struct zct_user *t, size_t offset, size_t bytes,
		      unsigned long pages)
{
	memset(&t->ranges, 0, sizeof(t->ranges));
	t->ranges.max = ZCT_RANGES;
	t->ranges.vec = t->vec;
	return t->src->ops->refill(t->src, &t->ranges, offset, bytes, pages);
}

static void zct_cleanup(struct zct_user *t, unsigned int from)
{
	t->src->ops->cleanup(t->src, &t->ranges, from, false);
}

/* S1.6: the loan's own pin and nothing else. */
static void zc_user_pins_a_page_once(struct kunit *test)
{
	struct zct_user *t = test->priv;
	int refs;

	zct_map(test, 3 * PAGE_SIZE);
	zct_touch(test, 3 * PAGE_SIZE);
	zct_source(test, 100, 2 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 10), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 3);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 3);
	KUNIT_EXPECT_EQ(test, t->vec[0].len, PAGE_SIZE - 100);
	KUNIT_EXPECT_EQ(test, t->vec[2].len, 100);

	refs = page_ref_count(zct_page(t, 0));
	get_page(zct_page(t, 0));
	zct_cleanup(t, 0);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 0);
	KUNIT_EXPECT_EQ(test, page_ref_count(zct_page(t, 0)),
			refs + 1 - GUP_PIN_COUNTING_BIAS);
	put_page(zct_page(t, 0));
	zc_source_put(t->src);
}

static void zc_user_stops_at_the_given_pages(struct kunit *test)
{
	struct zct_user *t = test->priv;

	zct_map(test, 8 * PAGE_SIZE);
	zct_touch(test, 8 * PAGE_SIZE);
	zct_source(test, 0, 8 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 3), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 3 * PAGE_SIZE);
	zct_cleanup(t, 0);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 3 * PAGE_SIZE, SIZE_MAX, 10), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 5 * PAGE_SIZE);
	zct_cleanup(t, 0);
	zc_source_put(t->src);
}

static void zc_user_goes_back_to_what_was_not_sent(struct kunit *test)
{
	struct zct_user *t = test->priv;
	phys_addr_t second;

	zct_map(test, 4 * PAGE_SIZE);
	zct_touch(test, 4 * PAGE_SIZE);
	zct_source(test, 0, 4 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 10), 0);
	second = t->vec[1].paddr;
	zct_cleanup(t, 1);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 1);
	zct_cleanup(t, 0);
	KUNIT_ASSERT_EQ(test, zct_refill(t, PAGE_SIZE, SIZE_MAX, 10), 0);
	KUNIT_EXPECT_EQ(test, t->vec[0].paddr, second);
	zct_cleanup(t, 0);
	zc_source_put(t->src);
}

static void zc_user_fault_is_reported_behind_the_ranges(struct kunit *test)
{
	struct zct_user *t = test->priv;

	zct_map(test, 2 * PAGE_SIZE);
	zct_touch(test, 2 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, vm_munmap(t->addr + PAGE_SIZE, PAGE_SIZE), 0);
	zct_source(test, 0, 2 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 10), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, t->ranges.fault);
	zct_cleanup(t, 0);
	KUNIT_ASSERT_EQ(test, zct_refill(t, PAGE_SIZE, SIZE_MAX, 10), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 0);
	KUNIT_EXPECT_TRUE(test, t->ranges.fault);
	zc_source_put(t->src);
}

static void zc_user_zero_page_is_lent_and_taken_back(struct kunit *test)
{
	struct zct_user *t = test->priv;
	u8 byte = 1;

	zct_map(test, 2 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, get_user(byte, (u8 __user *)t->addr), 0);
	KUNIT_EXPECT_EQ(test, byte, 0);
	zct_source(test, 0, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 10), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, PAGE_SIZE);
	zct_cleanup(t, 0);
	zc_source_put(t->src);
}

/* Rule 12: what is charged is a folio, once for a run of ranges in it. */
static void zc_user_same_page_is_charged_once(struct kunit *test)
{
	struct zct_user *t = test->priv;
	struct iov_iter iter;
	struct iovec iov[3];
	unsigned int i;

	zct_map(test, PAGE_SIZE);
	zct_touch(test, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(iov); i++) {
		iov[i].iov_base = (void __user *)t->addr;
		iov[i].iov_len = PAGE_SIZE;
	}
	iov_iter_init(&iter, ITER_SOURCE, iov, ARRAY_SIZE(iov), 3 * PAGE_SIZE);
	t->src = zc_user_source_alloc(&iter, 1, NULL);
	KUNIT_ASSERT_NOT_NULL(test, t->src);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 10), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 3);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 1);
	zct_cleanup(t, 1);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 1);
	zct_cleanup(t, 0);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 0);
	zc_source_put(t->src);
}

/* A source waits in its place for the next message, with nothing of the last. */
static void zc_user_source_is_used_again(struct kunit *test)
{
	struct zct_user *t = test->priv;
	struct zc_source *idle = NULL, *first;
	struct iov_iter iter;

	zct_map(test, 2 * PAGE_SIZE);
	zct_touch(test, 2 * PAGE_SIZE);
	iov_iter_ubuf(&iter, ITER_SOURCE, (void __user *)t->addr, PAGE_SIZE);
	t->src = zc_user_source_alloc(&iter, 1, &idle);
	KUNIT_ASSERT_NOT_NULL(test, t->src);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 10), 0);
	zct_cleanup(t, 0);
	first = t->src;
	zc_source_put(t->src);
	KUNIT_EXPECT_PTR_EQ(test, idle, first);

	iov_iter_ubuf(&iter, ITER_SOURCE, (void __user *)t->addr, 2 * PAGE_SIZE);
	t->src = zc_user_source_alloc(&iter, 1, &idle);
	KUNIT_ASSERT_PTR_EQ(test, t->src, first);
	KUNIT_EXPECT_PTR_EQ(test, idle, NULL);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 10), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 2 * PAGE_SIZE);
	zct_cleanup(t, 0);
	zc_source_put(t->src);
	KUNIT_EXPECT_PTR_EQ(test, idle, first);
	zc_user_source_free(idle);
}

/* Rule 12: one pin on a large folio, and all of it is held. */
static void zc_user_large_folio_is_one_range(struct kunit *test)
{
	struct zct_user *t = test->priv;
	unsigned long start;
	struct folio *folio;

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		kunit_skip(test, "no transparent huge pages");

	zct_map(test, 2 * HPAGE_PMD_SIZE);
	start = ALIGN(t->addr, HPAGE_PMD_SIZE);
	mmap_write_lock(current->mm);
	vm_flags_set(find_vma(current->mm, start), VM_HUGEPAGE);
	mmap_write_unlock(current->mm);
	t->addr = start;
	zct_touch(test, PAGE_SIZE);

	zct_source(test, 4096 + 10, 16 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 10000), 0);
	folio = page_folio(zct_page(t, 0));
	if (!folio_test_large(folio)) {
		zct_cleanup(t, 0);
		zc_source_put(t->src);
		kunit_skip(test, "the kernel gave no huge page");
	}
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 1);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 16 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, folio_nr_pages(folio));
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 1);
	zct_cleanup(t, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 0);

	KUNIT_EXPECT_EQ(test, zct_refill(t, 0, SIZE_MAX, 16), -ENOSPC);
	KUNIT_EXPECT_EQ(test, t->ranges.need_pages, folio_nr_pages(folio));
	KUNIT_EXPECT_EQ(test, atomic_read(&folio->_pincount), 0);
	zc_source_put(t->src);
}

static struct rlimit *zct_memlock(void)
{
	return &current->signal->rlim[RLIMIT_MEMLOCK];
}

static void zc_user_limit_is_kept_and_given_back(struct kunit *test)
{
	struct rlimit saved = *zct_memlock();
	struct zct_user *t = test->priv;
	kernel_cap_t no_caps = {};
	const struct cred *old;
	struct cred *cred;
	long before;

	zct_map(test, 8 * PAGE_SIZE);
	zct_touch(test, 8 * PAGE_SIZE);

	cred = prepare_creds();
	KUNIT_ASSERT_NOT_NULL(test, cred);
	cred->cap_effective = no_caps;
	old = override_creds(cred);
	before = atomic_long_read(&current_user()->locked_vm);
	zct_memlock()->rlim_cur = (before + 4) << PAGE_SHIFT;

	zct_source(test, 0, 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 4);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&current_user()->locked_vm),
			before + 4);
	zct_cleanup(t, 3);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&current_user()->locked_vm),
			before + 3);
	zct_cleanup(t, 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&current_user()->locked_vm),
			before);
	zc_source_put(t->src);

	/* One page was charged in case the first is met in its middle. */
	zct_memlock()->rlim_cur = (before + 20) << PAGE_SHIFT;
	zct_source(test, 0, 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&current_user()->locked_vm),
			before + 8);
	zct_cleanup(t, 0);
	zc_source_put(t->src);

	zct_memlock()->rlim_cur = 0;
	zct_source(test, 0, 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), -ENOBUFS);
	zc_source_put(t->src);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&current_user()->locked_vm),
			before);

	*zct_memlock() = saved;
	revert_creds(old);
	put_cred(cred);
}

static int zct_user_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct zct_user), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static struct kunit_case zc_user_cases[] = {
	KUNIT_CASE(zc_user_pins_a_page_once),
	KUNIT_CASE(zc_user_stops_at_the_given_pages),
	KUNIT_CASE(zc_user_goes_back_to_what_was_not_sent),
	KUNIT_CASE(zc_user_fault_is_reported_behind_the_ranges),
	KUNIT_CASE(zc_user_zero_page_is_lent_and_taken_back),
	KUNIT_CASE(zc_user_same_page_is_charged_once),
	KUNIT_CASE(zc_user_source_is_used_again),
	KUNIT_CASE(zc_user_large_folio_is_one_range),
	KUNIT_CASE(zc_user_limit_is_kept_and_given_back),
	{}
};

static struct kunit_suite zc_user_suite = {
	.name = "zerocopy-user",
	.init = zct_user_init,
	.test_cases = zc_user_cases,
};

kunit_test_suite(zc_user_suite);
