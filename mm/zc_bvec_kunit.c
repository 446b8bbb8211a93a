// SPDX-License-Identifier: GPL-2.0
/* Pages that are passed on: which ranges a loan has, and whose references. */
#include <kunit/test.h>
#include <linux/bvec.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include <linux/zc_bvec.h>
#include <net/zerocopy.h>

#define ZCT_BVECS	200

struct zct_bvec {
	struct zc_source	*src;
	struct zc_ranges	ranges;
	struct bio_vec		bvec[ZCT_BVECS];
	struct page		*single;	/* a folio of one page */
	struct page		*four;		/* a folio of four */
	struct page		*split;		/* four folios of one */
	void			*slab;
};

static void zct_bvec_make(struct kunit *test, unsigned int nr)
{
	struct zct_bvec *t = test->priv;
	struct iov_iter iter;
	size_t bytes = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		bytes += t->bvec[i].bv_len;
	iov_iter_bvec(&iter, ITER_SOURCE, t->bvec, nr, bytes);
	t->src = zc_bvec_source_alloc(&iter);
	KUNIT_ASSERT_NOT_NULL(test, t->src);
}

static bool zct_bvec_borrow(struct zct_bvec *t, size_t offset, size_t bytes)
{
	memset(&t->ranges, 0, sizeof(t->ranges));
	return t->src->ops->borrow(t->src, &t->ranges, offset, bytes);
}

static void zct_bvec_give_back(struct zct_bvec *t)
{
	t->ranges.whole = true;
	t->src->ops->cleanup(t->src, &t->ranges, 0, false);
}

static void zc_bvec_references_are_the_loans(struct kunit *test)
{
	struct zct_bvec *t = test->priv;

	bvec_set_page(&t->bvec[0], t->single, 100, 50);
	bvec_set_page(&t->bvec[1], t->single, 10, 200);
	zct_bvec_make(test, 2);
	KUNIT_EXPECT_EQ(test, page_count(t->single), 1);

	KUNIT_ASSERT_TRUE(test, zct_bvec_borrow(t, 0, 110));
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 2);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 110);
	KUNIT_EXPECT_EQ(test, t->ranges.skip, 0);
	KUNIT_EXPECT_TRUE(test, t->ranges.single_pages);
	KUNIT_EXPECT_EQ(test, t->ranges.vec[0].paddr,
			page_to_phys(t->single) + 50);
	KUNIT_EXPECT_EQ(test, t->ranges.vec[1].paddr,
			page_to_phys(t->single) + 200);
	KUNIT_EXPECT_EQ(test, page_count(t->single), 3);

	zct_bvec_give_back(t);
	KUNIT_EXPECT_EQ(test, page_count(t->single), 1);
}

static void zc_bvec_ranges_stay_in_folios(struct kunit *test)
{
	struct zct_bvec *t = test->priv;
	unsigned int i;

	/* Contiguous pages, but each a folio of its own. */
	bvec_set_page(&t->bvec[0], t->split, 3 * PAGE_SIZE - 16, 8);
	zct_bvec_make(test, 1);
	KUNIT_ASSERT_TRUE(test, zct_bvec_borrow(t, 0, 4 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 3);
	KUNIT_EXPECT_EQ(test, t->ranges.vec[0].len, PAGE_SIZE - 8);
	KUNIT_EXPECT_TRUE(test, t->ranges.single_pages);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, page_count(t->split + i), i < 3 ? 2 : 1);
	zct_bvec_give_back(t);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, page_count(t->split + i), 1);
}

static void zc_bvec_references_are_the_heads(struct kunit *test)
{
	struct zct_bvec *t = test->priv;

	bvec_set_page(&t->bvec[0], t->four + 1, 2 * PAGE_SIZE, 8);
	zct_bvec_make(test, 1);
	KUNIT_ASSERT_TRUE(test, zct_bvec_borrow(t, 0, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 1);
	KUNIT_EXPECT_EQ(test, t->ranges.vec[0].len, 2 * PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, t->ranges.single_pages);
	KUNIT_EXPECT_EQ(test, page_count(t->four), 2);
	zct_bvec_give_back(t);
	KUNIT_EXPECT_EQ(test, page_count(t->four), 1);
}

static void zc_bvec_goes_on(struct kunit *test)
{
	struct zct_bvec *t = test->priv;
	size_t done = 0, bytes = 0;
	unsigned int i, loans = 0;

	/* More than two loans have room for; every third is empty. */
	for (i = 0; i < ZCT_BVECS; i++) {
		bvec_set_page(&t->bvec[i], t->single, i % 3 ? 20 : 0, i % 100 * 20);
		bytes += t->bvec[i].bv_len;
	}
	zct_bvec_make(test, ZCT_BVECS);
	while (done < bytes) {
		KUNIT_ASSERT_TRUE(test, zct_bvec_borrow(t, done, bytes - done));
		KUNIT_ASSERT_GT(test, t->ranges.bytes, 0);
		for (i = 0; i < t->ranges.nr; i++)
			KUNIT_EXPECT_GT(test, t->ranges.vec[i].len, 0);
		/* TCP took all but 7 bytes: they are in the next one. */
		done += t->ranges.bytes;
		if (done < bytes)
			done -= 7;
		zct_bvec_give_back(t);
		loans++;
	}
	KUNIT_EXPECT_EQ(test, done, bytes);
	KUNIT_EXPECT_EQ(test, loans, 3);
	KUNIT_EXPECT_EQ(test, page_count(t->single), 1);
}

static void zc_bvec_starts_within_one(struct kunit *test)
{
	struct zct_bvec *t = test->priv;

	bvec_set_page(&t->bvec[0], t->single, 1000, 24);
	zct_bvec_make(test, 1);
	KUNIT_ASSERT_TRUE(test, zct_bvec_borrow(t, 300, 50));
	KUNIT_EXPECT_EQ(test, t->ranges.nr, 1);
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 50);
	KUNIT_EXPECT_EQ(test, t->ranges.vec[0].paddr,
			page_to_phys(t->single) + 324);
	zct_bvec_give_back(t);
}

static void zc_bvec_no_references_on_slab(struct kunit *test)
{
	struct zct_bvec *t = test->priv;

	bvec_set_page(&t->bvec[0], t->single, 30, 0);
	bvec_set_virt(&t->bvec[1], t->slab, 40);
	zct_bvec_make(test, 2);
	/* What is in front of it is lent, it is not: somebody has to copy it. */
	KUNIT_ASSERT_TRUE(test, zct_bvec_borrow(t, 0, 70));
	KUNIT_EXPECT_EQ(test, t->ranges.bytes, 30);
	zct_bvec_give_back(t);
	KUNIT_EXPECT_FALSE(test, zct_bvec_borrow(t, 30, 40));
	KUNIT_EXPECT_EQ(test, t->src->ops->refill(t->src, &t->ranges, 30, 40, 2),
			-ENOMEM);
}

static int zct_bvec_init(struct kunit *test)
{
	struct zct_bvec *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	test->priv = t;
	t->slab = kunit_kzalloc(test, 64, GFP_KERNEL);
	t->single = alloc_page(GFP_KERNEL);
	t->four = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	t->split = alloc_pages(GFP_KERNEL, 2);
	if (t->split)
		split_page(t->split, 2);
	return t->slab && t->single && t->four && t->split ? 0 : -ENOMEM;
}

static void zct_bvec_exit(struct kunit *test)
{
	struct zct_bvec *t = test->priv;
	unsigned int i;

	if (!t)
		return;
	if (t->src)
		zc_source_put(t->src);
	if (t->single)
		__free_page(t->single);
	if (t->four)
		__free_pages(t->four, 2);
	for (i = 0; t->split && i < 4; i++)
		__free_page(t->split + i);
}

static struct kunit_case zc_bvec_cases[] = {
	KUNIT_CASE(zc_bvec_references_are_the_loans),
	KUNIT_CASE(zc_bvec_ranges_stay_in_folios),
	KUNIT_CASE(zc_bvec_references_are_the_heads),
	KUNIT_CASE(zc_bvec_goes_on),
	KUNIT_CASE(zc_bvec_starts_within_one),
	KUNIT_CASE(zc_bvec_no_references_on_slab),
	{}
};

static struct kunit_suite zc_bvec_suite = {
	.name = "zerocopy-bvec",
	.init = zct_bvec_init,
	.exit = zct_bvec_exit,
	.test_cases = zc_bvec_cases,
};

kunit_test_suite(zc_bvec_suite);
