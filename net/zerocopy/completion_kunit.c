// SPDX-License-Identifier: GPL-2.0
/* The completion page: one number that is never ahead of what came back. */
#include <linux/errqueue.h>
#include <linux/skbuff.h>

#include <uapi/linux/zerocopy.h>

#include "kunit_source.h"

#define ZCT_ENTRIES	64

static struct zc_completion *zct_open(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_completion *cp;

	cp = zc_completion_open(t->sock->sk, ZCT_ENTRIES, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(cp));
	return cp;
}

static struct ubuf_info *zct_begin(struct kunit *test)
{
	struct zct *t = test->priv;
	struct ubuf_info *n = zc_notify_get(t->win, 100, NULL);

	KUNIT_ASSERT_NOT_NULL(test, n);
	return n;
}

static void zct_end(struct kunit *test, struct ubuf_info *n, bool copied)
{
	struct zct *t = test->priv;

	zc_notify_put(t->win, n, copied);
}

static u8 zct_code(const struct zerocopy_page *page, u32 id)
{
	return ((const u8 *)page)[page->codes + id % page->entries];
}

static void zct_expect(struct kunit *test, const struct zerocopy_page *page,
		       u64 done, u32 bytes)
{
	KUNIT_EXPECT_EQ(test, page->done, done);
	KUNIT_EXPECT_EQ(test, page->progress, done << 32 | bytes);
}

static unsigned int zct_queued(struct kunit *test)
{
	struct zct *t = test->priv;

	return skb_queue_len(&t->sock->sk->sk_error_queue);
}

/* Whatever the order in which they complete. */
static void zc_completion_is_a_prefix_of_ids(struct kunit *test)
{
	struct zc_completion *cp = zct_open(test);
	const struct zerocopy_page *page = zc_completion_page(cp);
	struct ubuf_info *a = zct_begin(test), *b = zct_begin(test);
	struct ubuf_info *c = zct_begin(test);

	KUNIT_EXPECT_EQ(test, page->next, 3);
	zct_end(test, b, true);
	zct_expect(test, page, 0, 0);
	zct_end(test, c, false);
	zct_expect(test, page, 0, 0);
	KUNIT_EXPECT_EQ(test, page->copied, 0);
	zct_end(test, a, false);
	zct_expect(test, page, 3, 0);
	KUNIT_EXPECT_EQ(test, zct_code(page, 0), 0);
	KUNIT_EXPECT_EQ(test, zct_code(page, 1), ZEROCOPY_CODE_COPIED);
	KUNIT_EXPECT_EQ(test, zct_code(page, 2), 0);
	KUNIT_EXPECT_EQ(test, page->copied, 1);
	KUNIT_EXPECT_EQ(test, page->passed, 0);
	KUNIT_EXPECT_EQ(test, zct_queued(test), 0);
	zc_completion_close(cp);
}

static struct zc_ubuf *zct_piece(struct kunit *test, struct ubuf_info *n,
				 size_t offset)
{
	struct zc_ubuf *zu = zct_lend(test, 1, 100);

	zc_ubuf_set_notify(zu, n, offset);
	return zu;
}

/* Never a sum of pieces. */
static void zc_completion_is_a_prefix_of_bytes(struct kunit *test)
{
	struct zc_completion *cp = zct_open(test);
	const struct zerocopy_page *page = zc_completion_page(cp);
	struct ubuf_info *a = zct_begin(test), *b = zct_begin(test);
	struct zc_ubuf *zu[4], *other;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zu); i++)
		zu[i] = zct_piece(test, a, 100 * i);
	other = zct_piece(test, b, 0);
	zc_ubuf_end_call(zu[1], 100);
	zct_expect(test, page, 0, 0);
	zc_ubuf_end_call(zu[0], 100);
	zct_expect(test, page, 0, 200);
	zc_ubuf_end_call(zu[3], 100);
	zct_expect(test, page, 0, 200);
	/* The last one's end is not known before the call is over. */
	zc_ubuf_end_call(zu[2], 100);
	zct_expect(test, page, 0, 300);
	zct_end(test, a, false);
	zct_expect(test, page, 1, 0);
	zct_end(test, b, false);
	zct_expect(test, page, 1, 0);
	zc_ubuf_end_call(other, 100);
	zct_expect(test, page, 2, 0);
	zc_completion_close(cp);
}

/* What the second one had back already counts as soon as it is the oldest. */
static void zc_completion_knows_the_next_one_too(struct kunit *test)
{
	struct zc_completion *cp = zct_open(test);
	const struct zerocopy_page *page = zc_completion_page(cp);
	struct ubuf_info *a = zct_begin(test), *b = zct_begin(test);
	struct zc_ubuf *first = zct_piece(test, b, 0);
	struct zc_ubuf *second = zct_piece(test, b, 4000);

	zc_ubuf_end_call(first, 100);
	zct_expect(test, page, 0, 0);
	zct_end(test, a, false);
	zct_expect(test, page, 1, 4000);
	zct_end(test, b, false);
	zc_ubuf_end_call(second, 100);
	zct_expect(test, page, 2, 0);
	zc_completion_close(cp);
}

static void zc_completion_says_what_was_copied(struct kunit *test)
{
	struct zc_completion *cp = zct_open(test);
	const struct zerocopy_page *page = zc_completion_page(cp);
	struct ubuf_info *n = zct_begin(test);
	struct zc_ubuf *zu = zct_piece(test, n, 0);

	zct_end(test, n, false);
	zu->copied = true;
	zc_ubuf_end_call(zu, 100);
	zct_expect(test, page, 1, 0);
	KUNIT_EXPECT_EQ(test, zct_code(page, 0), ZEROCOPY_CODE_COPIED);
	KUNIT_EXPECT_EQ(test, page->copied, 1);
	zc_completion_close(cp);
}

/* Ids of the stock path: passed over, in their turn, and marked. */
static void zc_completion_passes_over_what_passed(struct kunit *test)
{
	struct zc_completion *cp = zct_open(test);
	const struct zerocopy_page *page = zc_completion_page(cp);
	struct zct *t = test->priv;
	struct ubuf_info *a = zct_begin(test), *b;

	atomic_add(2, &t->sock->sk->sk_zckey);
	b = zct_begin(test);
	KUNIT_EXPECT_EQ(test, page->next, 4);
	zct_expect(test, page, 0, 0);
	KUNIT_EXPECT_EQ(test, page->passed, 0);
	zct_end(test, a, false);
	zct_expect(test, page, 3, 0);
	KUNIT_EXPECT_EQ(test, page->passed, 2);
	KUNIT_EXPECT_EQ(test, zct_code(page, 0), 0);
	KUNIT_EXPECT_EQ(test, zct_code(page, 1), ZEROCOPY_CODE_PASSED);
	KUNIT_EXPECT_EQ(test, zct_code(page, 2), ZEROCOPY_CODE_PASSED);
	zct_end(test, b, false);
	zct_expect(test, page, 4, 0);
	KUNIT_EXPECT_EQ(test, zct_code(page, 3), 0);

	/* More than there is room for, with nothing out. */
	atomic_add(3 * ZCT_ENTRIES, &t->sock->sk->sk_zckey);
	a = zct_begin(test);
	zct_expect(test, page, 4 + 3 * ZCT_ENTRIES, 0);
	KUNIT_EXPECT_EQ(test, page->passed, 2 + 3 * ZCT_ENTRIES);
	zct_end(test, a, false);
	zct_expect(test, page, 5 + 3 * ZCT_ENTRIES, 0);
	zc_completion_close(cp);
}

/* No room: the error queue has them, and nothing is lost or fails. */
static void zc_completion_leaves_the_rest_to_the_queue(struct kunit *test)
{
	struct zc_completion *cp = zct_open(test);
	const struct zerocopy_page *page = zc_completion_page(cp);
	struct zct *t = test->priv;
	struct ubuf_info *n[ZCT_ENTRIES], *over;
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < ZCT_ENTRIES; i++)
		n[i] = zct_begin(test);
	over = zct_begin(test);
	zct_end(test, over, false);
	skb = skb_dequeue(&t->sock->sk->sk_error_queue);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_info, ZCT_ENTRIES);
	kfree_skb(skb);
	for (i = ZCT_ENTRIES; i--; )
		zct_end(test, n[i], false);
	zct_expect(test, page, ZCT_ENTRIES, 0);
	n[0] = zct_begin(test);
	KUNIT_EXPECT_EQ(test, zct_code(page, ZCT_ENTRIES), ZEROCOPY_CODE_PASSED);
	zct_end(test, n[0], false);
	zct_expect(test, page, ZCT_ENTRIES + 2, 0);
	KUNIT_EXPECT_EQ(test, zct_queued(test), 0);
	zc_completion_close(cp);
}

static void zc_completion_gives_an_id_back(struct kunit *test)
{
	struct zc_completion *cp = zct_open(test);
	const struct zerocopy_page *page = zc_completion_page(cp);
	struct zct *t = test->priv;
	struct sock *sk = t->sock->sk;
	struct ubuf_info *a = zct_begin(test), *b = zct_begin(test);
	struct zc_ubuf *zu = zct_piece(test, b, 0);

	zc_ubuf_unset_notify(zu);
	zc_notify_abort(t->win, b);
	KUNIT_EXPECT_EQ(test, atomic_read(&sk->sk_zckey), 1);
	KUNIT_EXPECT_EQ(test, page->next, 1);
	zc_ubuf_end_call(zu, 0);

	/* With a later one there is no way back. */
	b = zct_begin(test);
	zc_notify_abort(t->win, a);
	KUNIT_EXPECT_EQ(test, atomic_read(&sk->sk_zckey), 2);
	zct_expect(test, page, 1, 0);
	zct_end(test, b, false);
	zct_expect(test, page, 2, 0);
	zc_completion_close(cp);
}

/* An id that the page has passed over, and that the stock path gave back. */
static void zc_completion_never_goes_back(struct kunit *test)
{
	struct zc_completion *cp = zct_open(test);
	const struct zerocopy_page *page = zc_completion_page(cp);
	struct zct *t = test->priv;
	struct sock *sk = t->sock->sk;
	struct ubuf_info *n;

	atomic_add(3, &sk->sk_zckey);
	zct_end(test, zct_begin(test), false);
	zct_expect(test, page, 4, 0);
	atomic_sub(2, &sk->sk_zckey);
	n = zct_begin(test);
	zct_end(test, n, false);
	zct_expect(test, page, 4, 0);
	KUNIT_EXPECT_EQ(test, zct_queued(test), 1);
	skb_queue_purge(&sk->sk_error_queue);
	zc_completion_close(cp);
}

/* Closed with sends out: they end in silence, and disturb no later page. */
static void zc_completion_closes_with_sends_out(struct kunit *test)
{
	struct zc_completion *cp = zct_open(test), *second;
	const struct zerocopy_page *page;
	struct zct *t = test->priv;
	struct ubuf_info *a = zct_begin(test), *b;
	struct zc_ubuf *zu = zct_piece(test, a, 0);

	second = zc_completion_open(t->sock->sk, ZCT_ENTRIES, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(second), -EBUSY);
	zct_end(test, a, false);
	zc_completion_close(cp);

	/* Now the error queue again; never merged with what is the page's. */
	b = zc_notify_get(t->win, 100, a);
	KUNIT_ASSERT_NOT_NULL(test, b);
	zct_end(test, b, false);
	KUNIT_EXPECT_EQ(test, zct_queued(test), 1);

	cp = zct_open(test);
	page = zc_completion_page(cp);
	KUNIT_EXPECT_EQ(test, page->first, 2);
	b = zct_begin(test);
	zc_ubuf_end_call(zu, 100);
	zct_expect(test, page, 2, 0);
	zct_end(test, b, false);
	zct_expect(test, page, 3, 0);
	KUNIT_EXPECT_EQ(test, zct_queued(test), 1);
	skb_queue_purge(&t->sock->sk->sk_error_queue);
	zc_completion_close(cp);
}

static struct kunit_case zc_completion_cases[] = {
	KUNIT_CASE(zc_completion_is_a_prefix_of_ids),
	KUNIT_CASE(zc_completion_is_a_prefix_of_bytes),
	KUNIT_CASE(zc_completion_knows_the_next_one_too),
	KUNIT_CASE(zc_completion_says_what_was_copied),
	KUNIT_CASE(zc_completion_passes_over_what_passed),
	KUNIT_CASE(zc_completion_leaves_the_rest_to_the_queue),
	KUNIT_CASE(zc_completion_gives_an_id_back),
	KUNIT_CASE(zc_completion_never_goes_back),
	KUNIT_CASE(zc_completion_closes_with_sends_out),
	{}
};

static struct kunit_suite zc_completion_suite = {
	.name = "zerocopy-completion",
	.init = zct_init,
	.exit = zct_exit,
	.test_cases = zc_completion_cases,
};

kunit_test_suite(zc_completion_suite);
