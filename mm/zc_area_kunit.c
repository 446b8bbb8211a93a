// SPDX-License-Identifier: GPL-2.0
/* Areas: the table, the registry, what invalidates, and what sends borrow. */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include <linux/zc_user.h>
#include <net/zerocopy.h>

#include "zc_area.h"

#define ZCT_PAGES	16
#define ZCT_RANGES	40

struct zct_area {
	unsigned long		addr;
	struct zc_area		*area;
	struct zc_source	*src;
	struct zc_ranges	ranges;
	struct phys_vec		vec[ZCT_RANGES];
	u8			byte;
};

static unsigned long zct_page(const struct zct_area *t, unsigned int i)
{
	return t->addr + i * PAGE_SIZE;
}

static struct zc_area *zct_register(struct kunit *test, unsigned int from,
				    unsigned int nr)
{
	struct zct_area *t = test->priv;
	struct zc_area *area;

	area = zc_area_register(zct_page(t, from), nr * PAGE_SIZE,
				ZEROCOPY_AREA_SEND);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, area);
	return area;
}

static long zct_refused(unsigned long addr, unsigned long length)
{
	return PTR_ERR(zc_area_register(addr, length, ZEROCOPY_AREA_SEND));
}

/* As if something happened to the mapping. */
static void zct_notify(struct zct_area *t, enum mmu_notifier_event event)
{
	struct mmu_interval_notifier *mni = &t->area->notifier;
	struct mmu_notifier_range range = {
		.mm = current->mm, .event = event,
		.start = t->area->start, .end = t->area->end,
	};

	mni->ops->invalidate(mni, &range, mni->invalidate_seq + 2);
}

static struct zc_area *zct_find(unsigned long addr, size_t *span)
{
	struct zc_area *area = zc_area_find(addr, span);

	if (area)
		zc_area_put(area);
	return area;
}

static int zct_refs(const struct zc_area *area, unsigned int i)
{
	return page_ref_count(pfn_to_page(PHYS_PFN(area->vec[i].paddr)));
}

/* Every offset, against a walk from the start. */
static void zct_check_index(struct kunit *test, struct zc_area *area)
{
	unsigned long addr = area->start;
	unsigned int i;
	size_t skip;

	KUNIT_ASSERT_EQ(test, zc_area_make_index(area), 0);
	for (i = 0; i < area->nr; i++) {
		const size_t off[] = { 0, 1, area->vec[i].len / 2,
				       area->vec[i].len - 1 };
		unsigned int k;

		for (k = 0; k < ARRAY_SIZE(off); k++) {
			KUNIT_EXPECT_EQ(test, i,
					zc_area_index(area, addr + off[k],
						      &skip));
			KUNIT_EXPECT_EQ(test, skip, off[k]);
		}
		addr += area->vec[i].len;
	}
	kvfree(area->off);
	area->off = NULL;
}

static void zc_area_index_finds_each_range(struct kunit *test)
{
	static const size_t shapes[][6] = {
		{ 1, 1, 1, 1, 1 },
		{ 7 },
		{ 512 },
		{ 3, 512, 512, 100 },
		{ 3, 512 },
		{ 512, 512, 512 },
		{ 5, 1, 1, 512, 2 },
		{ 1, 3, 1 },
		{ 16, 16, 8, 16 },
	};
	struct zct_area *t = test->priv;
	struct zc_area *area;
	unsigned int i, k;

	area = kunit_kzalloc(test, sizeof(*area), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, area);
	area->vec = t->vec;
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		area->nr = 0;
		for (k = 0; k < 6 && shapes[i][k]; k++)
			t->vec[area->nr++].len = shapes[i][k] * PAGE_SIZE;
		/* the first huge page is aligned, whatever lies before it */
		area->start = (1UL << 30) - (shapes[i][0] % 512) * PAGE_SIZE;
		zct_check_index(test, area);
		area->start = (1UL << 30) + 11 * PAGE_SIZE;
		zct_check_index(test, area);
	}
}

static void zc_area_pins_once_and_gives_back(struct kunit *test)
{
	long before = atomic_long_read(&current_user()->locked_vm);
	struct zct_area *t = test->priv;
	struct zc_area_info info;
	struct page *page;
	int refs;

	t->area = zct_register(test, 0, ZCT_PAGES);
	KUNIT_EXPECT_EQ(test, t->area->nr, ZCT_PAGES);
	KUNIT_EXPECT_NULL(test, t->area->off);
	zc_area_query(t->area, &info);
	KUNIT_EXPECT_EQ(test, info.pages, ZCT_PAGES);
	KUNIT_EXPECT_EQ(test, info.loans, 0);
	KUNIT_EXPECT_FALSE(test, info.stale);

	page = pfn_to_page(PHYS_PFN(t->area->vec[3].paddr));
	get_page(page);
	refs = page_ref_count(page);
	zc_area_unregister(t->area, true);
	KUNIT_EXPECT_EQ(test, page_ref_count(page),
			refs - GUP_PIN_COUNTING_BIAS);
	put_page(page);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&current_user()->locked_vm),
			before);
}

static void zc_area_is_found_by_address(struct kunit *test)
{
	struct zct_area *t = test->priv;
	struct zc_area *one, *two, *inner;
	size_t span;

	one = zct_register(test, 2, 4);
	two = zct_register(test, 8, 4);
	inner = zct_register(test, 3, 1);

	KUNIT_EXPECT_NULL(test, zct_find(zct_page(t, 0), &span));
	KUNIT_EXPECT_EQ(test, span, 2 * PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, zct_find(zct_page(t, 2), &span), one);
	KUNIT_EXPECT_EQ(test, span, 4 * PAGE_SIZE);
	/* behind the inner one the outer one goes on */
	KUNIT_EXPECT_PTR_EQ(test, zct_find(zct_page(t, 5) + 5, &span), one);
	KUNIT_EXPECT_EQ(test, span, PAGE_SIZE - 5);
	KUNIT_EXPECT_NULL(test, zct_find(zct_page(t, 6), &span));
	KUNIT_EXPECT_EQ(test, span, 2 * PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, zct_find(zct_page(t, 11), &span), two);
	KUNIT_EXPECT_NULL(test, zct_find(zct_page(t, 12), &span));
	KUNIT_EXPECT_EQ(test, span, SIZE_MAX);

	zc_area_unregister(inner, true);
	KUNIT_EXPECT_PTR_EQ(test, zct_find(zct_page(t, 3), &span), one);
	zc_area_unregister(one, true);
	KUNIT_EXPECT_NULL(test, zct_find(zct_page(t, 3), &span));
	zc_area_unregister(two, true);
	KUNIT_EXPECT_NULL(test, zct_find(zct_page(t, 8), &span));
	KUNIT_EXPECT_EQ(test, span, SIZE_MAX);
}

static void zc_area_loan_keeps_the_pins(struct kunit *test)
{
	struct zct_area *t = test->priv;
	struct zc_area_info info;
	struct zc_area *loan;
	size_t span;

	t->area = zct_register(test, 0, ZCT_PAGES);
	loan = zc_area_find(t->addr + 100, &span);
	KUNIT_ASSERT_PTR_EQ(test, loan, t->area);
	KUNIT_ASSERT_EQ(test, vm_munmap(t->addr, PAGE_SIZE), 0);

	KUNIT_EXPECT_NULL(test, zct_find(zct_page(t, 5), &span));
	zc_area_query(t->area, &info);
	KUNIT_EXPECT_TRUE(test, info.stale);
	KUNIT_EXPECT_EQ(test, info.loans, 1);
	KUNIT_EXPECT_EQ(test, info.pages, ZCT_PAGES);
	KUNIT_EXPECT_GE(test, zct_refs(t->area, 0), GUP_PIN_COUNTING_BIAS);

	zc_area_put(loan);
	zc_area_query(t->area, &info);
	KUNIT_EXPECT_EQ(test, info.loans, 0);
	KUNIT_EXPECT_EQ(test, info.pages, 0);
	zc_area_unregister(t->area, true);
}

static void zc_area_unregister_waits_for_nobody(struct kunit *test)
{
	struct zct_area *t = test->priv;
	struct zc_area_info info;
	struct zc_area *loan;
	size_t span;

	t->area = zct_register(test, 0, ZCT_PAGES);
	loan = zc_area_find(t->addr, &span);
	KUNIT_ASSERT_PTR_EQ(test, loan, t->area);
	zc_area_hold(loan);
	zc_area_unregister(t->area, true);
	KUNIT_EXPECT_GE(test, zct_refs(loan, 1), GUP_PIN_COUNTING_BIAS);
	zc_area_put(loan);
	zc_area_query(loan, &info);
	KUNIT_EXPECT_EQ(test, info.pages, 0);
	zc_area_drop(loan);
}

static void zc_area_is_verified_when_suspect(struct kunit *test)
{
	struct zct_area *t = test->priv;
	struct zc_area *loan;
	size_t span;

	t->area = zct_register(test, 0, ZCT_PAGES);

	zct_notify(t, MMU_NOTIFY_PROTECTION_PAGE);
	zct_notify(t, MMU_NOTIFY_SOFT_DIRTY);
	KUNIT_EXPECT_EQ(test, t->area->state, ZC_AREA_VALID);

	/* nothing has really changed */
	zct_notify(t, MMU_NOTIFY_PROTECTION_VMA);
	KUNIT_EXPECT_EQ(test, t->area->state, ZC_AREA_SUSPECT);
	KUNIT_EXPECT_PTR_EQ(test, zct_find(t->addr, &span), t->area);
	zct_notify(t, MMU_NOTIFY_CLEAR);
	KUNIT_EXPECT_EQ(test, t->area->state, ZC_AREA_SUSPECT);
	KUNIT_EXPECT_PTR_EQ(test, zct_find(t->addr, &span), t->area);
	KUNIT_EXPECT_EQ(test, t->area->state, ZC_AREA_VALID);

	/* as if the page were another one; the loan keeps the table */
	loan = zc_area_find(t->addr, &span);
	KUNIT_ASSERT_PTR_EQ(test, loan, t->area);
	t->area->vec[7].paddr ^= PAGE_SIZE;
	zct_notify(t, MMU_NOTIFY_CLEAR);
	KUNIT_EXPECT_NULL(test, zct_find(t->addr, &span));
	KUNIT_EXPECT_EQ(test, t->area->state, ZC_AREA_DEAD);
	t->area->vec[7].paddr ^= PAGE_SIZE;
	zc_area_put(loan);
	zc_area_unregister(t->area, true);
}

static void zc_area_release_is_the_end(struct kunit *test)
{
	struct zct_area *t = test->priv;
	size_t span;

	t->area = zct_register(test, 0, ZCT_PAGES);
	zct_notify(t, MMU_NOTIFY_RELEASE);
	KUNIT_EXPECT_EQ(test, t->area->state, ZC_AREA_DEAD);
	KUNIT_EXPECT_NULL(test, zct_find(t->addr, &span));
	zc_area_unregister(t->area, true);
}

static void zc_area_refuses_what_it_cannot_pin(struct kunit *test)
{
	struct zct_area *t = test->priv;
	long before = atomic_long_read(&current_user()->locked_vm);

	KUNIT_EXPECT_EQ(test, zct_refused(t->addr + 1, PAGE_SIZE),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, zct_refused(t->addr, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, zct_refused(t->addr, -PAGE_SIZE),
			-EOVERFLOW);
	KUNIT_EXPECT_EQ(test, zct_refused(PAGE_SIZE, 1UL << 40),
			-E2BIG);
	KUNIT_ASSERT_EQ(test, vm_munmap(zct_page(t, 9), PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test,
			zct_refused(t->addr, ZCT_PAGES * PAGE_SIZE),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&current_user()->locked_vm),
			before);
}

/* ---- areas to receive into ---- */

static struct zc_area *zct_register_for(struct kunit *test, unsigned int from,
					unsigned int nr, unsigned int use)
{
	struct zct_area *t = test->priv;
	struct zc_area *area;

	area = zc_area_register(zct_page(t, from), nr * PAGE_SIZE, use);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, area);
	return area;
}

static void zc_area_is_for_what_it_was_registered(struct kunit *test)
{
	struct zct_area *t = test->priv;
	struct zc_area *in, *both;
	size_t span;

	in = zct_register_for(test, 0, 4, ZEROCOPY_AREA_RECEIVE);
	KUNIT_EXPECT_NULL(test, zct_find(t->addr, &span));
	both = zct_register_for(test, 8, 4, ZEROCOPY_AREA_SEND |
				ZEROCOPY_AREA_RECEIVE);
	KUNIT_EXPECT_PTR_EQ(test, zct_find(zct_page(t, 8), &span), both);
	t->area = zct_register(test, 0, 4);
	KUNIT_EXPECT_PTR_EQ(test, zct_find(t->addr, &span), t->area);

	KUNIT_EXPECT_EQ(test, zc_area_fill_begin(t->area), -EINVAL);
	KUNIT_EXPECT_EQ(test, zc_area_fill_begin(in), 0);
	KUNIT_EXPECT_EQ(test, zc_area_fill_begin(in), -EBUSY);
	KUNIT_EXPECT_EQ(test, zc_area_fill_begin(both), 0);
	zc_area_fill_end(both);
	zc_area_fill_end(in);
	KUNIT_EXPECT_EQ(test, zc_area_fill_begin(in), 0);
	zc_area_fill_end(in);
	zc_area_unregister(t->area, true);
	zc_area_unregister(both, true);
	zc_area_unregister(in, true);
}

static void zc_area_that_is_filled_keeps_its_pages(struct kunit *test)
{
	struct zct_area *t = test->priv;
	struct zc_area_info info;
	void __user *addr;
	size_t bytes;
	struct page *page;
	u8 *byte;

	t->area = zct_register_for(test, 2, 4, ZEROCOPY_AREA_RECEIVE);
	KUNIT_ASSERT_EQ(test, zc_area_fill_begin(t->area), 0);
	KUNIT_EXPECT_EQ(test, zc_area_length(t->area), 4 * PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, zc_area_usable(t->area));
	KUNIT_ASSERT_TRUE(test, zc_area_user(t->area, PAGE_SIZE + 5, &addr));
	KUNIT_EXPECT_EQ(test, (unsigned long)addr, zct_page(t, 3) + 5);

	/* what the kernel writes is what the program reads */
	byte = zc_area_kaddr(t->area, PAGE_SIZE + 5, &bytes);
	KUNIT_EXPECT_EQ(test, bytes, PAGE_SIZE - 5);
	KUNIT_EXPECT_EQ(test, zc_area_phys(t->area, PAGE_SIZE + 5, &bytes),
			virt_to_phys(byte));
	*byte = 0x5a;
	KUNIT_ASSERT_EQ(test, copy_from_user(&t->byte, addr, 1), 0);
	KUNIT_EXPECT_EQ(test, t->byte, 0x5a);

	page = virt_to_page(byte);
	get_page(page);
	KUNIT_ASSERT_EQ(test, vm_munmap(t->addr, ZCT_PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, zc_area_usable(t->area));
	KUNIT_EXPECT_FALSE(test, zc_area_user(t->area, 0, &addr));
	KUNIT_EXPECT_GE(test, page_ref_count(page), GUP_PIN_COUNTING_BIAS);
	KUNIT_EXPECT_EQ(test, *byte, 0x5a);

	zc_area_fill_end(t->area);
	zc_area_query(t->area, &info);
	KUNIT_EXPECT_EQ(test, info.pages, 0);
	/* a batch of the LRU may have one more */
	KUNIT_EXPECT_LT(test, page_ref_count(page), GUP_PIN_COUNTING_BIAS);
	KUNIT_EXPECT_EQ(test, zc_area_fill_begin(t->area), -ENODEV);
	put_page(page);
	zc_area_unregister(t->area, true);
}

static void zc_area_in_doubt_is_looked_at_by_its_owner(struct kunit *test)
{
	struct mm_struct *mm = current->mm;
	struct zct_area *t = test->priv;

	t->area = zct_register_for(test, 0, 4, ZEROCOPY_AREA_RECEIVE);
	KUNIT_ASSERT_EQ(test, zc_area_fill_begin(t->area), 0);
	t->area->vec[1].paddr ^= PAGE_SIZE;
	zct_notify(t, MMU_NOTIFY_CLEAR);
	/* another process cannot know, and the pages are held */
	t->area->mm = NULL;
	KUNIT_EXPECT_TRUE(test, zc_area_usable(t->area));
	KUNIT_EXPECT_EQ(test, t->area->state, ZC_AREA_SUSPECT);
	t->area->mm = mm;
	KUNIT_EXPECT_FALSE(test, zc_area_usable(t->area));
	t->area->vec[1].paddr ^= PAGE_SIZE;
	zc_area_fill_end(t->area);
	zc_area_unregister(t->area, true);
}

/* ---- sources ---- */

static void zct_source(struct kunit *test, size_t off, size_t len)
{
	struct zct_area *t = test->priv;
	struct iov_iter iter;

	iov_iter_ubuf(&iter, ITER_SOURCE, (void __user *)(t->addr + off), len);
	t->src = zc_user_source_alloc(&iter, 1000, NULL);
	KUNIT_ASSERT_NOT_NULL(test, t->src);
	memset(&t->ranges, 0, sizeof(t->ranges));
	t->ranges.max = ZCT_RANGES;
	t->ranges.vec = t->vec;
}

static void zc_area_lends_its_own_table(struct kunit *test)
{
	struct zct_area *t = test->priv;

	t->area = zct_register(test, 4, 8);
	zct_source(test, 5 * PAGE_SIZE + 10, 3 * PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, t->src->ops->borrow(t->src, &t->ranges, 20,
						    2 * PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, t->ranges.vec, &t->area->vec[1]);
	KUNIT_EXPECT_EQ(test, t->ranges.skip, 30);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 0);
	t->ranges.whole = true;
	KUNIT_EXPECT_EQ(test, refcount_read(&t->area->users), 2);
	t->src->ops->cleanup(t->src, &t->ranges, 0, false);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->area->users), 1);
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 0);
	zc_source_put(t->src);
	zc_area_unregister(t->area, true);
}

static void zc_area_and_pins_in_one_loan(struct kunit *test)
{
	struct zct_area *t = test->priv;
	int refs;

	/* two pages of one's own, an area, and two more */
	t->area = zct_register(test, 2, 3);
	refs = zct_refs(t->area, 0);
	zct_source(test, 0, 7 * PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, t->src->ops->borrow(t->src, &t->ranges, 0,
						     7 * PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, t->src->ops->borrow(t->src, &t->ranges,
						     2 * PAGE_SIZE,
						     5 * PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, t->src->ops->refill(t->src, &t->ranges, 0,
						  7 * PAGE_SIZE, 100), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 7);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 7 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, t->ranges.unpinned, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 4);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->area->users), 2);
	KUNIT_EXPECT_EQ(test, t->vec[3].paddr, t->area->vec[1].paddr);
	KUNIT_EXPECT_EQ(test, zct_refs(t->area, 0), refs);

	/* back to the middle of the area, then all of it */
	t->src->ops->cleanup(t->src, &t->ranges, 4, false);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, t->ranges.unpinned, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->area->users), 2);
	t->src->ops->cleanup(t->src, &t->ranges, 0, false);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 0);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->area->users), 1);
	zc_source_put(t->src);
	zc_area_unregister(t->area, true);
}

static void zc_area_neighbours_in_one_loan(struct kunit *test)
{
	struct zct_area *t = test->priv;
	struct zc_area *next;

	t->area = zct_register(test, 0, 2);
	next = zct_register(test, 2, 2);
	zct_source(test, 100, 4 * PAGE_SIZE - 200);
	KUNIT_ASSERT_EQ(test, t->src->ops->refill(t->src, &t->ranges, 0,
						  SIZE_MAX, 100), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 4 * PAGE_SIZE - 200);
	KUNIT_EXPECT_EQ(test, t->ranges.unpinned, 4 * PAGE_SIZE - 200);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->area->users), 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&next->users), 2);
	t->src->ops->cleanup(t->src, &t->ranges, 2, false);
	KUNIT_EXPECT_EQ(test, refcount_read(&next->users), 1);
	t->src->ops->cleanup(t->src, &t->ranges, 0, false);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->area->users), 1);
	zc_source_put(t->src);
	zc_area_unregister(t->area, true);
	zc_area_unregister(next, true);
}

static int zct_area_init(struct kunit *test)
{
	struct zct_area *t;
	unsigned int i;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	test->priv = t;
	t->addr = kunit_vm_mmap(test, NULL, 0, ZCT_PAGES * PAGE_SIZE,
				PROT_READ | PROT_WRITE,
				MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (!t->addr)
		return -ENOMEM;
	for (i = 0; i < ZCT_PAGES; i++)
		if (put_user((u8)i, (u8 __user *)zct_page(t, i)))
			return -EFAULT;
	return 0;
}

static struct kunit_case zc_area_cases[] = {
	KUNIT_CASE(zc_area_index_finds_each_range),
	KUNIT_CASE(zc_area_pins_once_and_gives_back),
	KUNIT_CASE(zc_area_is_found_by_address),
	KUNIT_CASE(zc_area_loan_keeps_the_pins),
	KUNIT_CASE(zc_area_unregister_waits_for_nobody),
	KUNIT_CASE(zc_area_is_verified_when_suspect),
	KUNIT_CASE(zc_area_release_is_the_end),
	KUNIT_CASE(zc_area_refuses_what_it_cannot_pin),
	KUNIT_CASE(zc_area_is_for_what_it_was_registered),
	KUNIT_CASE(zc_area_that_is_filled_keeps_its_pages),
	KUNIT_CASE(zc_area_in_doubt_is_looked_at_by_its_owner),
	KUNIT_CASE(zc_area_lends_its_own_table),
	KUNIT_CASE(zc_area_and_pins_in_one_loan),
	KUNIT_CASE(zc_area_neighbours_in_one_loan),
	{}
};

static struct kunit_suite zc_area_suite = {
	.name = "zerocopy-area",
	.init = zct_area_init,
	.test_cases = zc_area_cases,
};

kunit_test_suite(zc_area_suite);
