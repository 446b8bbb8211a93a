// SPDX-License-Identifier: GPL-2.0
/* References that move while memory is lent are seen; others' own are not. */
#include <kunit/static_stub.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/zc_refs.h>

#include "kunit_source.h"

static unsigned int zct_shouts;
static struct zc_refs_moved zct_moved;

static void zct_shout(const struct zc_ubuf *zu,
		      const struct zc_refs_moved *moved)
{
	zct_shouts++;
	zct_moved = *moved;
}

static int zct_refs_init(struct kunit *test)
{
	zct_shouts = 0;
	kunit_activate_static_stub(test, zc_refs_shout, zct_shout);
	return zct_init(test);
}

/* A loan of one range at @addr. */
static struct zc_ubuf *zct_lend_addr(struct kunit *test, void *addr,
				     bool pinned)
{
	struct zct *t = test->priv;
	phys_addr_t page = t->ts.paddr[0];
	struct zc_ubuf *zu;

	t->ts.paddr[0] = virt_to_phys(addr);
	zu = zct_lend(test, 1, 64);
	t->ts.paddr[0] = page;
	zu->ranges.pinned = pinned;
	zc_ubuf_note_refs(zu);
	KUNIT_ASSERT_NOT_NULL(test, zu->refs);
	return zu;
}

static void zc_refs_slab_is_left_alone(struct kunit *test)
{
	void *obj = kmalloc(64, GFP_KERNEL);
	struct zc_ubuf *zu;

	KUNIT_ASSERT_NOT_NULL(test, obj);
	zu = zct_lend_addr(test, obj, false);
	zc_ubuf_end_call(zu, 64);
	KUNIT_EXPECT_EQ(test, zct_shouts, 0);
	kfree(obj);
}

static void zc_refs_slab_with_a_reference(struct kunit *test)
{
	void *obj = kmalloc(64, GFP_KERNEL);
	struct page *head;
	struct zc_ubuf *zu;

	KUNIT_ASSERT_NOT_NULL(test, obj);
	head = virt_to_head_page(obj);
	zu = zct_lend_addr(test, obj, false);
	page_ref_inc(head);
	zc_ubuf_end_call(zu, 64);
	page_ref_dec(head);
	KUNIT_EXPECT_EQ(test, zct_shouts, 1);
	KUNIT_EXPECT_EQ(test, zct_moved.paddr, virt_to_phys(obj));
	KUNIT_EXPECT_EQ(test, zct_moved.kind, ZC_MEMORY_SLAB);
	KUNIT_EXPECT_EQ(test, zct_moved.count_now, zct_moved.count + 1);
	kfree(obj);
}

/* What goes back before the end is looked at when it does. */
static void zc_refs_surplus(struct kunit *test)
{
	void *obj = kmalloc(64, GFP_KERNEL);
	struct page *head;
	struct zc_ubuf *zu;

	KUNIT_ASSERT_NOT_NULL(test, obj);
	head = virt_to_head_page(obj);
	zu = zct_lend_addr(test, obj, false);
	net_zcopy_get(&zu->ubuf);
	page_ref_inc(head);
	zc_ubuf_end_call(zu, 0);
	page_ref_dec(head);
	KUNIT_EXPECT_EQ(test, zct_shouts, 1);
	net_zcopy_put(&zu->ubuf);
	KUNIT_EXPECT_EQ(test, zct_shouts, 1);
	kfree(obj);
}

/* As of the page cache: who looks it up has a reference for a moment. */
static void zc_refs_page_of_others(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend_addr(test, t->ts.addr[1], false);

	get_page(virt_to_page(t->ts.addr[1]));
	zc_ubuf_end_call(zu, 64);
	KUNIT_EXPECT_EQ(test, zct_shouts, 0);
	put_page(virt_to_page(t->ts.addr[1]));
}

static void zc_refs_page_that_is_free(struct kunit *test)
{
	struct zct *t = test->priv;
	struct page *page = virt_to_page(t->ts.addr[1]);
	struct zc_ubuf *zu = zct_lend_addr(test, t->ts.addr[1], false);

	KUNIT_ASSERT_TRUE(test, page_ref_freeze(page, 1));
	zc_ubuf_end_call(zu, 64);
	page_ref_unfreeze(page, 1);
	KUNIT_EXPECT_EQ(test, zct_shouts, 1);
	KUNIT_EXPECT_EQ(test, zct_moved.kind_now, ZC_MEMORY_UNCOUNTED);
}

static void zc_refs_pin_that_is_gone(struct kunit *test)
{
	struct zct *t = test->priv;
	struct page *page = virt_to_page(t->ts.addr[1]);
	struct zc_ubuf *zu;

	page_ref_add(page, GUP_PIN_COUNTING_BIAS);
	zu = zct_lend_addr(test, t->ts.addr[1], true);
	page_ref_sub(page, GUP_PIN_COUNTING_BIAS);
	zc_ubuf_end_call(zu, 64);
	KUNIT_EXPECT_EQ(test, zct_shouts, 1);
}

/* Somebody else's pin is his to drop. */
static void zc_refs_pin_of_others(struct kunit *test)
{
	struct zct *t = test->priv;
	struct page *page = virt_to_page(t->ts.addr[1]);
	struct zc_ubuf *zu;

	page_ref_add(page, GUP_PIN_COUNTING_BIAS);
	zu = zct_lend_addr(test, t->ts.addr[1], false);
	page_ref_sub(page, GUP_PIN_COUNTING_BIAS);
	zc_ubuf_end_call(zu, 64);
	KUNIT_EXPECT_EQ(test, zct_shouts, 0);
}

static struct kunit_case zc_refs_cases[] = {
	KUNIT_CASE(zc_refs_slab_is_left_alone),
	KUNIT_CASE(zc_refs_slab_with_a_reference),
	KUNIT_CASE(zc_refs_surplus),
	KUNIT_CASE(zc_refs_page_of_others),
	KUNIT_CASE(zc_refs_page_that_is_free),
	KUNIT_CASE(zc_refs_pin_that_is_gone),
	KUNIT_CASE(zc_refs_pin_of_others),
	{}
};

static struct kunit_suite zc_refs_suite = {
	.name		= "zerocopy-refs",
	.init		= zct_refs_init,
	.exit		= zct_exit,
	.test_cases	= zc_refs_cases,
};

kunit_test_suite(zc_refs_suite);
