// SPDX-License-Identifier: GPL-2.0
/* Notifications: no id is lost, doubled or given to a call that sent nothing. */
#include <linux/errqueue.h>
#include <linux/skbuff.h>

#include "kunit_source.h"

static u32 zct_key(struct zct *t)
{
	return atomic_read(&t->sock->sk->sk_zckey);
}

static void zc_notify_reports_its_id(struct kunit *test)
{
	struct zct *t = test->priv;
	struct ubuf_info *n = zc_notify_get(t->win, 100, NULL);
	struct sk_buff *skb;

	KUNIT_ASSERT_NOT_NULL(test, n);
	KUNIT_EXPECT_EQ(test, zct_key(t), 1);
	zc_notify_put(t->win, n, true);

	skb = skb_dequeue(&t->sock->sk->sk_error_queue);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_info, 0);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_data, 0);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_code,
			SO_EE_CODE_ZEROCOPY_COPIED);
	kfree_skb(skb);
}

static void zc_notify_abort_gives_the_id_back(struct kunit *test)
{
	struct zct *t = test->priv;
	struct ubuf_info *n = zc_notify_get(t->win, 100, NULL);

	KUNIT_ASSERT_NOT_NULL(test, n);
	zc_notify_abort(t->win, n);
	KUNIT_EXPECT_EQ(test, zct_key(t), 0);
	KUNIT_EXPECT_TRUE(test,
			  skb_queue_empty(&t->sock->sk->sk_error_queue));
}

/* Another call has the next id already: completing is better than a hole. */
static void zc_notify_abort_leaves_no_hole(struct kunit *test)
{
	struct zct *t = test->priv;
	struct ubuf_info *a = zc_notify_get(t->win, 100, NULL);
	struct ubuf_info *b = zc_notify_get(t->win, 100, NULL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, b);
	zc_notify_abort(t->win, a);
	KUNIT_EXPECT_EQ(test, zct_key(t), 2);
	zc_notify_put(t->win, b, false);
	KUNIT_EXPECT_EQ(test, zct_key(t), 2);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&t->sock->sk->sk_error_queue), 1);
	skb_queue_purge(&t->sock->sk->sk_error_queue);
}

static void zc_notify_merges_up_to_its_size(struct kunit *test)
{
	struct zct *t = test->priv;
	struct sock *sk = t->sock->sk;
	struct ubuf_info *a, *b, *c;

	/* Only streams hold a reference for each merged call. */
	sk->sk_type = SOCK_STREAM;
	lock_sock(sk);
	a = zc_notify_get(t->win, 1000, NULL);
	b = zc_notify_get(t->win, 1000, a);
	c = zc_notify_get(t->win, 1 << 19, b);
	release_sock(sk);
	sk->sk_type = SOCK_DGRAM;

	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_EXPECT_PTR_EQ(test, a, b);
	KUNIT_EXPECT_PTR_NE(test, a, c);
	KUNIT_EXPECT_EQ(test, uarg_to_msgzc(a)->len, 2);
	KUNIT_EXPECT_EQ(test, zct_key(t), 3);
	zc_notify_put(t->win, a, false);
	zc_notify_put(t->win, b, false);
	zc_notify_put(t->win, c, false);
	skb_queue_purge(&sk->sk_error_queue);
}

/* RLIMIT_MEMLOCK is the lender's; optmem is the notification's. */
static void zc_notify_respects_optmem(struct kunit *test)
{
	struct zct *t = test->priv;
	struct sock *sk = t->sock->sk;

	atomic_set(&sk->sk_omem_alloc, INT_MAX / 2);
	KUNIT_EXPECT_PTR_EQ(test, zc_notify_get(t->win, 100, NULL), NULL);
	atomic_set(&sk->sk_omem_alloc, 0);
	KUNIT_EXPECT_EQ(test, zct_key(t), 0);
}

static unsigned int zct_report(struct kunit *test)
{
	struct zct *t = test->priv;
	struct ubuf_info *n = zc_notify_get(t->win, 100, NULL);

	KUNIT_ASSERT_NOT_NULL(test, n);
	zc_notify_put(t->win, n, false);
	return t->win->nr_spares;
}

/* What was merged into the error queue's tail serves the next call. */
static void zc_notify_merged_ones_are_used_again(struct kunit *test)
{
	struct zct *t = test->priv;
	struct sock *sk = t->sock->sk;
	struct sk_buff *skb;
	int omem;

	KUNIT_EXPECT_EQ(test, zct_report(test), 0);
	KUNIT_EXPECT_EQ(test, zct_report(test), 1);
	omem = atomic_read(&sk->sk_omem_alloc);
	KUNIT_EXPECT_EQ(test, zct_report(test), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&sk->sk_omem_alloc), omem);

	skb = skb_dequeue(&sk->sk_error_queue);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_info, 0);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_data, 2);
	kfree_skb(skb);
	KUNIT_EXPECT_TRUE(test, skb_queue_empty(&sk->sk_error_queue));

	/* A used one says the next id, and is gone then. */
	KUNIT_EXPECT_EQ(test, zct_report(test), 0);
	skb = skb_dequeue(&sk->sk_error_queue);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_info, 3);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_data, 3);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_code, 0);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, atomic_read(&sk->sk_omem_alloc), 0);
}

/* What stock would not have charged must not stand in a call's way. */
static void zc_notify_spares_give_way(struct kunit *test)
{
	struct zct *t = test->priv;
	struct sock *sk = t->sock->sk;
	struct ubuf_info *n;

	zct_report(test);
	KUNIT_ASSERT_EQ(test, zct_report(test), 1);
	atomic_add(INT_MAX / 2, &sk->sk_omem_alloc);
	KUNIT_EXPECT_PTR_EQ(test, zc_notify_get(t->win, 100, NULL), NULL);
	KUNIT_EXPECT_EQ(test, t->win->nr_spares, 0);
	atomic_sub(INT_MAX / 2, &sk->sk_omem_alloc);
	n = zc_notify_get(t->win, 100, NULL);
	KUNIT_ASSERT_NOT_NULL(test, n);
	zc_notify_abort(t->win, n);
	KUNIT_EXPECT_EQ(test, zct_key(t), 2);
	skb_queue_purge(&sk->sk_error_queue);
}

/* As the kernel does it: the first of the merged ones has the say. */
static void zc_notify_merging_keeps_the_code(struct kunit *test)
{
	struct zct *t = test->priv;
	struct ubuf_info *n;
	struct sk_buff *skb;

	zct_report(test);
	n = zc_notify_get(t->win, 100, NULL);
	KUNIT_ASSERT_NOT_NULL(test, n);
	zc_notify_put(t->win, n, true);
	skb = skb_dequeue(&t->sock->sk->sk_error_queue);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_data, 1);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_code, 0);
	kfree_skb(skb);

	/* The kept one knows nothing of that. */
	zct_report(test);
	skb = skb_dequeue(&t->sock->sk->sk_error_queue);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb)->ee.ee_code, 0);
	kfree_skb(skb);
}

static unsigned int zct_reports;

static void zct_error_report(struct sock *sk)
{
	zct_reports++;
}

/* Edge-triggered pollers wait for each. */
static void zc_notify_reports_merged_ones_too(struct kunit *test)
{
	struct zct *t = test->priv;
	struct sock *sk = t->sock->sk;
	void (*report)(struct sock *sk) = sk->sk_error_report;

	zct_reports = 0;
	sk->sk_error_report = zct_error_report;
	zct_report(test);
	KUNIT_EXPECT_EQ(test, zct_reports, 1);
	zct_report(test);
	KUNIT_EXPECT_EQ(test, zct_reports, 2);
	sk->sk_error_report = report;
	skb_queue_purge(&sk->sk_error_queue);
}

static struct kunit_case zc_notify_cases[] = {
	KUNIT_CASE(zc_notify_reports_its_id),
	KUNIT_CASE(zc_notify_abort_gives_the_id_back),
	KUNIT_CASE(zc_notify_abort_leaves_no_hole),
	KUNIT_CASE(zc_notify_merges_up_to_its_size),
	KUNIT_CASE(zc_notify_respects_optmem),
	KUNIT_CASE(zc_notify_merged_ones_are_used_again),
	KUNIT_CASE(zc_notify_spares_give_way),
	KUNIT_CASE(zc_notify_merging_keeps_the_code),
	KUNIT_CASE(zc_notify_reports_merged_ones_too),
	{}
};

static struct kunit_suite zc_notify_suite = {
	.name = "zerocopy-notify",
	.init = zct_init,
	.exit = zct_exit,
	.test_cases = zc_notify_cases,
};

kunit_test_suite(zc_notify_suite);
