// SPDX-License-Identifier: GPL-2.0
/* Segments of kernel memory: what is lent, and that each comes back once. */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/bvec.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include <linux/zc_frag.h>
#include <linux/zc_kseg.h>
#include <net/zerocopy.h>
#include <zc_lends.h>

#define ZCT_RANGES	64
#define ZCT_SEGS	8

static char zct_static[100] = "data";
static const char zct_const[] = "read-only data";

/* A segment's owner. */
struct zct_owner {
	unsigned int	calls;
	size_t		sent;
	bool		copied;
};

struct zct_kseg {
	struct zc_source	*src;
	struct zc_ranges	ranges;
	struct phys_vec		vec[ZCT_RANGES];
	struct zc_kseg		seg[ZCT_SEGS];
	struct zct_owner	owner[ZCT_SEGS];
	unsigned int		nr;
	unsigned int		allocs;		/* of fragments, until they fail */
	void			*mem;		/* slab */
	void			*pages;		/* four, compound */
	void			*vmem;		/* four pages of it */
};

static void zct_done(void *private, size_t sent, bool copied)
{
	struct zct_owner *owner = private;

	owner->calls++;
	owner->sent = sent;
	owner->copied = copied;
}

static void zct_add(struct zct_kseg *t, const void *addr, size_t len, bool keep)
{
	struct zc_kseg *seg = &t->seg[t->nr];

	seg->addr = addr;
	seg->len = len;
	seg->cleanup = keep ? NULL : zct_done;
	seg->private = &t->owner[t->nr++];
}

/* Slab, pages, slab that is kept, vmalloc, pages, slab: 9144 bytes. */
static void zct_add_mixed(struct zct_kseg *t)
{
	zct_add(t, t->mem, 24, false);
	zct_add(t, t->pages + 100, 5000, false);
	zct_add(t, t->mem + 24, 10, true);
	zct_add(t, t->vmem + 4000, 4000, false);
	zct_add(t, t->pages, 100, false);
	zct_add(t, t->mem + 100, 10, false);
}

static void zct_make(struct kunit *test)
{
	struct zct_kseg *t = test->priv;

	t->src = zc_kseg_source_alloc(t->seg, t->nr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->src));
}

/* What a loan does: a reference for as long as it is out. */
static int zct_refill(struct zct_kseg *t, size_t offset, size_t bytes,
		      unsigned long pages)
{
	int err;

	memset(&t->ranges, 0, sizeof(t->ranges));
	t->ranges.max = ZCT_RANGES;
	t->ranges.vec = t->vec;
	err = t->src->ops->refill(t->src, &t->ranges, offset, bytes, pages);
	if (!err)
		refcount_inc(&t->src->ref);
	return err;
}

/* Everything behind @sent was surplus. */
static void zct_trim(struct zct_kseg *t, size_t sent)
{
	unsigned int from;
	size_t off = 0;

	for (from = 0; from < t->ranges.nr && off < sent; from++)
		off += t->vec[from].len;
	if (from < t->ranges.nr)
		t->src->ops->cleanup(t->src, &t->ranges, from, false);
}

static void zct_end_loan(struct zct_kseg *t, bool copied)
{
	struct zc_source *src = t->src;

	if (t->ranges.nr)
		src->ops->cleanup(src, &t->ranges, 0, copied);
	zc_source_put(src);
}

static size_t zct_size(const struct zct_kseg *t)
{
	size_t size = 0;
	unsigned int i;

	for (i = 0; i < t->nr; i++)
		size += t->seg[i].len;
	return size;
}

/* Each cleanup once, and for as many bytes as were sent. */
static void zct_expect_once(struct kunit *test, size_t sent)
{
	struct zct_kseg *t = test->priv;
	unsigned int i;

	for (i = 0; i < t->nr; i++) {
		size_t part = min(sent, t->seg[i].len);

		sent -= part;
		if (!t->seg[i].cleanup) {
			KUNIT_EXPECT_EQ(test, t->owner[i].calls, 0);
			continue;
		}
		KUNIT_EXPECT_EQ_MSG(test, t->owner[i].calls, 1, "segment %u",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, t->owner[i].sent, part, "segment %u",
				    i);
	}
}

static int zct_refs(const void *addr)
{
	return page_count(virt_to_page(addr));
}

/* ---- the table of memory types ---- */

static void zc_kseg_kinds_of_memory(struct kunit *test)
{
	void *large = kunit_kmalloc(test, SZ_64K, GFP_KERNEL);
	void *tails = (void *)__get_free_pages(GFP_KERNEL, 1);
	struct zct_kseg *t = test->priv;
	void *frag = zc_frag_alloc(24, GFP_KERNEL);
	char stack[8] = {};

	KUNIT_ASSERT_TRUE(test, large && tails && frag);
#define EXPECT(addr, len, kind) \
	KUNIT_EXPECT_EQ(test, zc_memory_of(addr, len), ZC_MEMORY_##kind)
	EXPECT(t->mem, 1, SLAB);
	EXPECT(t->mem, 256, SLAB);
	EXPECT(large + 5000, 50000, SLAB);
	EXPECT(t->pages, 4 * PAGE_SIZE, PAGE);
	EXPECT(t->pages + 3 * PAGE_SIZE + 7, 1, PAGE);
	EXPECT(frag, 24, PAGE);
	EXPECT(t->vmem, 4 * PAGE_SIZE, VMALLOC);
	EXPECT(t->vmem, 4 * PAGE_SIZE + 1, NONE);
	EXPECT(zct_static, 10, STATIC);
	EXPECT(zct_const, 10, STATIC);
	EXPECT(&init_task, sizeof(init_task), STATIC);
	EXPECT(stack, 8, STACK);
	EXPECT(tails, PAGE_SIZE, PAGE);
	EXPECT(tails, PAGE_SIZE + 1, UNCOUNTED);
	EXPECT(tails + PAGE_SIZE, 1, UNCOUNTED);
	EXPECT(NULL, 1, NONE);
	EXPECT((void *)PAGE_SIZE, 1, NONE);
	EXPECT((void *)(TASK_SIZE_MAX - PAGE_SIZE), 1, NONE);
	EXPECT((void *)-10UL, 100, NONE);
	EXPECT(ERR_PTR(-ENOMEM), 1, NONE);
#undef EXPECT
	zc_frag_free(frag);
	free_pages((unsigned long)tails, 1);
}

/* A mapping does not make slab what it is not. */
static void zc_kseg_mapped_slab_is_no_vmalloc(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	struct page *page = virt_to_page(t->mem);
	void *map = vmap(&page, 1, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, map);
	KUNIT_EXPECT_EQ(test, zc_memory_of(map, 1), ZC_MEMORY_UNCOUNTED);
	vunmap(map);
}

/* One segment of @len bytes: lent from where it lies, or copied? */
static void zct_expect_lent(struct kunit *test, const void *addr, size_t len,
			    phys_addr_t paddr, bool lent)
{
	struct zct_kseg *t = test->priv;
	bool keep;

	for (keep = false;; keep = true) {
		memset(t->owner, 0, sizeof(t->owner));
		t->nr = 0;
		zct_add(t, addr, len, keep);
		zct_make(test);
		KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), 0);
		KUNIT_EXPECT_EQ(test, t->ranges.bytes, len);
		KUNIT_EXPECT_EQ(test, t->vec[0].paddr == paddr, lent && !keep);
		KUNIT_EXPECT_EQ(test, t->ranges.copied,
				lent && !keep ? 0 : len);
		KUNIT_EXPECT_EQ(test, t->ranges.unlent, keep ? len : 0);
		KUNIT_EXPECT_EQ(test, memcmp(phys_to_virt(t->vec[0].paddr),
					     addr, t->vec[0].len), 0);
		t->src->ops->sent(t->src, len, false);
		zc_kseg_end(t->src);
		KUNIT_EXPECT_EQ(test, t->owner[0].calls, !lent && !keep);
		zct_end_loan(t, false);
		zct_expect_once(test, len);
		KUNIT_EXPECT_EQ(test, t->owner[0].copied, !lent && !keep);
		if (keep)
			break;
	}
}

static void zc_kseg_lends_what_is_counted(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	void *frag = zc_frag_alloc(24, GFP_KERNEL);
	int before = zct_refs(t->pages);

	KUNIT_ASSERT_NOT_NULL(test, frag);
	zct_expect_lent(test, t->pages + 5, 3 * PAGE_SIZE,
			virt_to_phys(t->pages + 5), true);
	zct_expect_lent(test, frag, 24, virt_to_phys(frag), true);
	zct_expect_lent(test, t->vmem + 5, 1000,
			page_to_phys(vmalloc_to_page(t->vmem)) + 5, true);
	KUNIT_EXPECT_EQ(test, zct_refs(t->pages), before);
	zc_frag_free(frag);
}

/* With patches/ the stack takes no references, and this is lent as well. */
static void zc_kseg_copies_what_is_not(struct kunit *test)
{
	const bool lends = ZC_LENDS_UNCOUNTED;
	void *large = kunit_kzalloc(test, SZ_64K, GFP_KERNEL);
	void *tails = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, 1);
	struct zct_kseg *t = test->priv;
	char stack[40] = "on the stack";
	int before = zct_refs(t->mem);
	int tail = zct_refs(tails + PAGE_SIZE);

	KUNIT_ASSERT_TRUE(test, large && tails);
	zct_expect_lent(test, t->mem, 24, virt_to_phys(t->mem), lends);
	zct_expect_lent(test, large, SZ_64K, virt_to_phys(large), lends);
	zct_expect_lent(test, zct_static, 100,
			page_to_phys(vmalloc_to_page(zct_static)) +
			offset_in_page(zct_static), lends);
	zct_expect_lent(test, stack, 40,
			page_to_phys(vmalloc_to_page(stack)) +
			offset_in_page(stack), false);
	zct_expect_lent(test, tails + PAGE_SIZE - 10, 20,
			virt_to_phys(tails + PAGE_SIZE - 10), lends);
	KUNIT_EXPECT_EQ(test, zct_refs(t->mem), before);
	KUNIT_EXPECT_EQ(test, zct_refs(tails + PAGE_SIZE), tail);
	free_pages((unsigned long)tails, 1);
}

/* Copies next to each other are one range, and one fragment of a packet. */
static void zc_kseg_copies_are_joined(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	char stack[24] = "header";
	struct page *page;
	int refs;

	zct_add(t, stack, 24, false);
	zct_add(t, zct_static, 16, ZC_LENDS_UNCOUNTED);
	zct_add(t, t->pages, 10, true);
	zct_make(test);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 1);
	KUNIT_EXPECT_EQ(test, t->vec[0].len, 50);
	KUNIT_EXPECT_STREQ(test, (char *)phys_to_virt(t->vec[0].paddr),
			   "header");
	KUNIT_EXPECT_STREQ(test, (char *)phys_to_virt(t->vec[0].paddr) + 24,
			   "data");
	page = pfn_to_page(PHYS_PFN(t->vec[0].paddr));
	refs = page_count(page);
	zct_end_loan(t, false);
	KUNIT_EXPECT_EQ(test, page_count(page), refs - 1);
	zc_kseg_end(t->src);
	zct_expect_once(test, 0);
}

static void zc_kseg_bvecs_are_pieces(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	struct bio_vec bvec[3];

	bvec_set_virt(&bvec[0], t->pages + 50, 2 * PAGE_SIZE);
	bvec_set_virt(&bvec[1], t->mem, 24);
	bvec_set_virt(&bvec[2], t->pages + 3 * PAGE_SIZE, 100);
	t->seg[0].bvec = bvec;
	t->seg[0].nr_bvecs = 3;
	zct_add(t, NULL, 0, false);
	t->seg[0].len = 2 * PAGE_SIZE + 124;
	zct_make(test);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 3);
	KUNIT_EXPECT_EQ(test, t->vec[0].paddr, virt_to_phys(t->pages + 50));
	KUNIT_EXPECT_EQ(test, t->vec[0].len, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, t->vec[1].paddr == virt_to_phys(t->mem),
			ZC_LENDS_UNCOUNTED);
	KUNIT_EXPECT_EQ(test, t->vec[1].len, 24);
	KUNIT_EXPECT_EQ(test, t->ranges.copied, ZC_LENDS_UNCOUNTED ? 0 : 24);
	KUNIT_EXPECT_EQ(test, t->vec[2].len, 100);
	t->src->ops->sent(t->src, t->seg[0].len, false);
	zct_end_loan(t, false);
	zc_kseg_end(t->src);
	zct_expect_once(test, t->seg[0].len);
}

/* ---- who gets what back, and when ---- */

/* One call that sends @sent bytes and is not repeated. */
static void zct_cut(struct kunit *test, size_t sent)
{
	struct zct_kseg *t = test->priv;
	unsigned int i;
	size_t pos = 0;

	memset(t->owner, 0, sizeof(t->owner));
	zct_make(test);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), 0);
	KUNIT_ASSERT_EQ(test, t->ranges.bytes, zct_size(t));
	zct_trim(t, sent);
	t->src->ops->sent(t->src, sent, false);
	zc_kseg_end(t->src);
	/* What was not sent is back; what was and is lent is not. */
	for (i = 0; i < t->nr; pos += t->seg[i++].len) {
		if (!t->seg[i].cleanup)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, t->owner[i].calls,
				    pos >= sent || t->owner[i].copied,
				    "segment %u, %zu bytes sent", i, sent);
	}
	zct_end_loan(t, false);
	zct_expect_once(test, sent);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 0);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 0);
}

static void zc_kseg_full_and_short_sends(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	unsigned int i;
	size_t end = 0;

	zct_add_mixed(t);
	zct_cut(test, 0);
	for (i = 0; i < t->nr; i++) {
		zct_cut(test, end + 1);
		end += t->seg[i].len;
		zct_cut(test, end - 1);
		zct_cut(test, end);
	}
	KUNIT_EXPECT_EQ(test, end, zct_size(t));
}

/* An error before, or after, anything was lent. */
static void zc_kseg_nothing_sent(struct kunit *test)
{
	struct zct_kseg *t = test->priv;

	zct_add_mixed(t);
	zct_make(test);
	t->src->ops->sent(t->src, 0, false);
	zc_kseg_end(t->src);
	zct_expect_once(test, 0);

	memset(t->owner, 0, sizeof(t->owner));
	zct_make(test);
	zc_source_put(t->src);
	zct_expect_once(test, 0);
}

/* The protocol copied all of it: AF_UNIX, a route without scatter-gather. */
static void zc_kseg_copied_by_the_protocol(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	struct iov_iter iter;
	unsigned int i;
	char got[24];

	zct_add_mixed(t);
	strscpy((char *)t->mem, "header", 24);
	zct_make(test);
	zc_kseg_iter(t->src, &iter);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), zct_size(t));
	KUNIT_EXPECT_TRUE(test, iov_iter_is_kvec(&iter));
	KUNIT_EXPECT_EQ(test, copy_from_iter(got, 24, &iter), 24);
	KUNIT_EXPECT_STREQ(test, got, "header");
	t->src->ops->sent(t->src, zct_size(t), true);
	zct_expect_once(test, zct_size(t));
	for (i = 0; i < t->nr; i++)
		KUNIT_EXPECT_EQ(test, t->owner[i].copied, !!t->seg[i].cleanup);
	zc_kseg_end(t->src);
	zct_expect_once(test, zct_size(t));
}

/* S1.2: what is finished with goes back while the rest is being sent. */
static void zc_kseg_comes_back_progressively(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	struct zc_ranges first;
	struct phys_vec vec[ZCT_RANGES];

	zct_add(t, t->pages, PAGE_SIZE, false);
	zct_add(t, t->vmem, PAGE_SIZE, false);
	zct_make(test);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, PAGE_SIZE, 100), 0);
	first = t->ranges;
	memcpy(vec, t->vec, sizeof(vec));
	first.vec = vec;
	KUNIT_ASSERT_EQ(test, zct_refill(t, PAGE_SIZE, PAGE_SIZE, 100), 0);
	KUNIT_EXPECT_EQ(test, t->owner[0].calls, 0);
	t->src->ops->cleanup(t->src, &first, 0, true);
	zc_source_put(t->src);
	KUNIT_EXPECT_EQ(test, t->owner[0].calls, 1);
	KUNIT_EXPECT_EQ(test, t->owner[0].sent, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, t->owner[0].copied);
	KUNIT_EXPECT_EQ(test, t->owner[1].calls, 0);
	t->src->ops->sent(t->src, 2 * PAGE_SIZE, false);
	zct_end_loan(t, false);
	KUNIT_EXPECT_FALSE(test, t->owner[1].copied);
	zc_kseg_end(t->src);
	zct_expect_once(test, 2 * PAGE_SIZE);
}

/* A message goes on where the last call stopped. */
static void zc_kseg_goes_on(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	size_t sent = 0, size, step = 1000;
	struct iov_iter iter;

	zct_add_mixed(t);
	size = zct_size(t);
	zct_make(test);
	while (sent < size) {
		zc_kseg_iter(t->src, &iter);
		KUNIT_ASSERT_EQ(test, iov_iter_count(&iter), size - sent);
		KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), 0);
		KUNIT_EXPECT_EQ(test, t->ranges.bytes, size - sent);
		step = min(step, size - sent);
		zct_trim(t, step);
		t->src->ops->sent(t->src, step, false);
		zct_end_loan(t, false);
		sent += step;
	}
	zct_expect_once(test, size);
	zc_kseg_end(t->src);
	zct_expect_once(test, size);
}

/* ---- room ---- */

static void zc_kseg_keeps_to_the_window(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	size_t sent = 0, size;

	zct_add_mixed(t);
	size = zct_size(t);
	zct_make(test);
	while (sent < size) {
		KUNIT_ASSERT_EQ(test, zct_refill(t, sent, SIZE_MAX, 1), 0);
		KUNIT_ASSERT_GT(test, t->ranges.bytes, 0);
		KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 1);
		sent += t->ranges.bytes;
		zct_end_loan(t, false);
	}
	KUNIT_EXPECT_EQ(test, sent, size);
	t->src->ops->sent(t->src, size, false);
	zc_kseg_end(t->src);
	zct_expect_once(test, size);
}

static void zc_kseg_asks_for_no_more_than_wanted(struct kunit *test)
{
	struct zct_kseg *t = test->priv;

	zct_add_mixed(t);
	zct_make(test);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 10, 100, 100), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 100);
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 2);
	KUNIT_EXPECT_EQ(test, t->vec[0].len, 14);
	KUNIT_EXPECT_EQ(test, t->ranges.copied, ZC_LENDS_UNCOUNTED ? 0 : 14);
	zct_end_loan(t, false);
	zc_kseg_end(t->src);
	zct_expect_once(test, 0);
}

/* A range crosses no folio, and no page of what is contiguous by mapping only. */
static void zc_kseg_ranges_stay_in_folios(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	unsigned int i;

	zct_add(t, t->vmem + 100, 3 * PAGE_SIZE, false);
	zct_make(test);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), 0);
	KUNIT_ASSERT_EQ(test, t->ranges.nr, 4);
	KUNIT_EXPECT_EQ(test, t->ranges.held_pages, 4);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, PHYS_PFN(t->vec[i].paddr),
				page_to_pfn(vmalloc_to_page(t->vmem +
							    i * PAGE_SIZE)));
	zct_end_loan(t, false);
	zc_kseg_end(t->src);
	zct_expect_once(test, 0);
}

/* ---- errors ---- */

static struct zc_kmsg *zct_no_kmsg(unsigned int nr_segs, size_t nr_pieces)
{
	return NULL;
}

static void zc_kseg_no_memory_for_the_message(struct kunit *test)
{
	struct zct_kseg *t = test->priv;

	zct_add_mixed(t);
	kunit_activate_static_stub(test, zc_kmsg_alloc, zct_no_kmsg);
	t->src = zc_kseg_source_alloc(t->seg, t->nr);
	KUNIT_EXPECT_EQ(test, PTR_ERR(t->src), -ENOMEM);
	KUNIT_EXPECT_EQ(test, t->owner[0].calls, 0);
	zc_kseg_give_back(t->seg, t->nr);
	zct_expect_once(test, 0);
}

static void *zct_few_frags(size_t size, gfp_t gfp)
{
	struct zct_kseg *t = kunit_get_current_test()->priv;
	void *frag = NULL;

	if (t->allocs) {
		t->allocs--;
		kunit_deactivate_static_stub(kunit_get_current_test(),
					     zc_frag_alloc);
		frag = zc_frag_alloc(size, gfp);
		kunit_activate_static_stub(kunit_get_current_test(),
					   zc_frag_alloc, zct_few_frags);
	}
	return frag;
}

/* The header is the first, the kept one the second, the trailer the third. */
static void zc_kseg_no_memory_for_a_fragment(struct kunit *test)
{
	static const size_t lent[] = { 0, 24 + 5000, 24 + 5000 + 10 + 4100 };
	struct zct_kseg *t = test->priv;
	char stack[34] = {};
	unsigned int i;

	zct_add_mixed(t);
	/* A stack is copied by every kernel. */
	t->seg[0].addr = stack;
	t->seg[5].addr = stack + 24;
	for (i = 0; i < ARRAY_SIZE(lent); i++) {
		memset(t->owner, 0, sizeof(t->owner));
		zct_make(test);
		t->allocs = i;
		kunit_activate_static_stub(test, zc_frag_alloc, zct_few_frags);
		KUNIT_EXPECT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100),
				i ? 0 : -ENOMEM);
		kunit_deactivate_static_stub(test, zc_frag_alloc);
		KUNIT_EXPECT_EQ(test, t->ranges.bytes, lent[i]);
		t->src->ops->sent(t->src, lent[i], false);
		zc_kseg_end(t->src);
		if (i)
			zct_end_loan(t, false);
		zct_expect_once(test, lent[i]);
	}
}

static void zc_kseg_refuses_what_is_no_memory(struct kunit *test)
{
	struct zct_kseg *t = test->priv;

	zct_add(t, t->mem, 24, false);
	zct_add(t, (void *)PAGE_SIZE, 10, false);
	t->src = zc_kseg_source_alloc(t->seg, t->nr);
	KUNIT_EXPECT_EQ(test, PTR_ERR(t->src), -EFAULT);
	t->seg[1].addr = t->mem;
	t->seg[1].len = INT_MAX;
	t->src = zc_kseg_source_alloc(t->seg, t->nr);
	KUNIT_EXPECT_EQ(test, PTR_ERR(t->src), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, t->owner[0].calls, 0);
	KUNIT_EXPECT_EQ(test, t->owner[1].calls, 0);
}

static void zc_kseg_empty_segments_come_back(struct kunit *test)
{
	struct zct_kseg *t = test->priv;

	zct_add(t, t->mem, 0, false);
	zct_add(t, t->pages, 100, false);
	zct_add(t, NULL, 0, false);
	zct_make(test);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), 0);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 100);
	t->src->ops->sent(t->src, 100, false);
	KUNIT_EXPECT_EQ(test, t->owner[2].calls, 1);
	zct_end_loan(t, false);
	zc_kseg_end(t->src);
	zct_expect_once(test, 100);
}

/* The callbacks' module cannot go while they may still be called. */
static void zc_kseg_keeps_the_module(struct kunit *test)
{
	struct zct_kseg *t = test->priv;
	int before = module_refcount(THIS_MODULE);

	zct_add(t, t->pages, 100, false);
	zct_make(test);
	KUNIT_ASSERT_EQ(test, zct_refill(t, 0, SIZE_MAX, 100), 0);
	t->src->ops->sent(t->src, 100, false);
	zc_kseg_end(t->src);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before + 1);
	zct_end_loan(t, false);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before);
}

/* ---- fragments ---- */

static void zc_frag_starts_anew_when_all_are_back(struct kunit *test)
{
	unsigned long pages[2] = {}, page;
	unsigned int i;
	void *frag;

	migrate_disable();
	/* Nothing is kept: one page is enough. */
	for (i = 0; i < 100; i++) {
		frag = zc_frag_alloc(PAGE_SIZE / 2, GFP_KERNEL);
		page = (unsigned long)frag & PAGE_MASK;
		zc_frag_free(frag);
		if (i >= 2)
			KUNIT_EXPECT_EQ(test, page, pages[0]);
		pages[0] = page;
	}
	migrate_enable();
}

static void zc_frag_is_nobody_elses(struct kunit *test)
{
	void *frag[40];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(frag); i++) {
		frag[i] = zc_frag_alloc(333, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, frag[i]);
		KUNIT_EXPECT_EQ(test, (unsigned long)frag[i] % 8, 0);
		memset(frag[i], i, 333);
		/* Some are back in between. */
		if (i % 3 == 2) {
			zc_frag_free(frag[i - 1]);
			frag[i - 1] = NULL;
		}
	}
	for (i = 0; i < ARRAY_SIZE(frag); i++) {
		for (j = 0; frag[i] && j < 333; j++)
			if (((u8 *)frag[i])[j] != i)
				KUNIT_FAIL(test, "fragment %u, byte %u", i, j);
		zc_frag_free(frag[i]);
	}
}

static void zc_frag_sizes(struct kunit *test)
{
	void *frag;

	KUNIT_EXPECT_NULL(test, zc_frag_alloc(0, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, zc_frag_alloc(ZC_FRAG_MAX + 1, GFP_KERNEL));
	frag = zc_frag_alloc(ZC_FRAG_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, frag);
	KUNIT_EXPECT_EQ(test, folio_size(virt_to_folio(frag)), ZC_FRAG_MAX);
	zc_frag_cleanup(frag, 0, false);
	frag = zc_frag_alloc(PAGE_SIZE / 2 + 1, GFP_ATOMIC);
	KUNIT_ASSERT_NOT_NULL(test, frag);
	KUNIT_EXPECT_EQ(test, zct_refs(frag), 1);
	zc_frag_free(frag);
	zc_frag_free(NULL);
}

static int zct_kseg_init(struct kunit *test)
{
	struct zct_kseg *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->mem = kunit_kzalloc(test, 256, GFP_KERNEL);
	t->pages = (void *)__get_free_pages(GFP_KERNEL | __GFP_COMP |
					    __GFP_ZERO, 2);
	t->vmem = vzalloc(4 * PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, t->mem && t->pages && t->vmem);
	return 0;
}

static void zct_kseg_exit(struct kunit *test)
{
	struct zct_kseg *t = test->priv;

	if (!t)
		return;
	if (t->pages)
		KUNIT_EXPECT_EQ(test, zct_refs(t->pages), 1);
	free_pages((unsigned long)t->pages, 2);
	vfree(t->vmem);
}

static struct kunit_case zc_kseg_cases[] = {
	KUNIT_CASE(zc_kseg_kinds_of_memory),
	KUNIT_CASE(zc_kseg_mapped_slab_is_no_vmalloc),
	KUNIT_CASE(zc_kseg_lends_what_is_counted),
	KUNIT_CASE(zc_kseg_copies_what_is_not),
	KUNIT_CASE(zc_kseg_copies_are_joined),
	KUNIT_CASE(zc_kseg_bvecs_are_pieces),
	KUNIT_CASE(zc_kseg_full_and_short_sends),
	KUNIT_CASE(zc_kseg_nothing_sent),
	KUNIT_CASE(zc_kseg_copied_by_the_protocol),
	KUNIT_CASE(zc_kseg_comes_back_progressively),
	KUNIT_CASE(zc_kseg_goes_on),
	KUNIT_CASE(zc_kseg_keeps_to_the_window),
	KUNIT_CASE(zc_kseg_asks_for_no_more_than_wanted),
	KUNIT_CASE(zc_kseg_ranges_stay_in_folios),
	KUNIT_CASE(zc_kseg_no_memory_for_the_message),
	KUNIT_CASE(zc_kseg_no_memory_for_a_fragment),
	KUNIT_CASE(zc_kseg_refuses_what_is_no_memory),
	KUNIT_CASE(zc_kseg_empty_segments_come_back),
	KUNIT_CASE(zc_kseg_keeps_the_module),
	KUNIT_CASE(zc_frag_starts_anew_when_all_are_back),
	KUNIT_CASE(zc_frag_is_nobody_elses),
	KUNIT_CASE(zc_frag_sizes),
	{}
};

static struct kunit_suite zc_kseg_suite = {
	.name = "zerocopy-kseg",
	.init = zct_kseg_init,
	.exit = zct_kseg_exit,
	.test_cases = zc_kseg_cases,
};

kunit_test_suite(zc_kseg_suite);
