// SPDX-License-Identifier: GPL-2.0
/* Loans: every way out ends them once, and no skb holds a reference. */
#include <linux/errqueue.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/skbuff.h>

#include "kunit_source.h"

static struct sk_buff *zct_skb(struct kunit *test)
{
	struct sk_buff *skb = alloc_skb(256, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, 128);
	return skb;
}

static int zct_refs(struct zct *t, unsigned int i)
{
	return page_ref_count(virt_to_page(t->ts.addr[i]));
}

static void zc_ubuf_unused_loan_ends_with_the_call(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 3, PAGE_SIZE);

	zc_ubuf_end_call(zu, 0);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 1);
	KUNIT_EXPECT_EQ(test, t->ts.back, 3 * PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, t->ts.copied);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->ts.src.ref), 1);
}

static void zc_ubuf_surplus_goes_back_at_once(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 4, PAGE_SIZE);
	struct sk_buff *skb = zct_skb(test);

	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, PAGE_SIZE + 1), 0);
	zc_ubuf_end_call(zu, PAGE_SIZE + 1);
	KUNIT_EXPECT_EQ(test, t->ts.back, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&t->win->pages_out), 2);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, t->ts.back, 4 * PAGE_SIZE);
}

/* S1.6: the same count with 0, 1 or 3 clones outstanding. */
static void zc_ubuf_clones_take_no_page_reference(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 2, PAGE_SIZE);
	struct sk_buff *skb = zct_skb(test), *clone[3];
	int before = zct_refs(t, 0);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, 2 * PAGE_SIZE), 0);
	zc_ubuf_end_call(zu, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, zct_refs(t, 0), before);
	for (i = 0; i < 3; i++) {
		clone[i] = skb_clone(skb, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, clone[i]);
		KUNIT_EXPECT_EQ(test, zct_refs(t, 0), before);
	}
	kfree_skb(skb);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, t->ts.cleanups, 0);
		kfree_skb(clone[i]);
	}
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 1);
	KUNIT_EXPECT_EQ(test, zct_refs(t, 0), before);
}

static void zc_ubuf_copy_is_reported(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 2, PAGE_SIZE);
	struct sk_buff *skb = zct_skb(test);

	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, 2 * PAGE_SIZE), 0);
	zc_ubuf_end_call(zu, 2 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, skb_copy_ubufs(skb, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 1);
	KUNIT_EXPECT_TRUE(test, t->ts.copied);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 1);
}

/* vmxnet3 pulls a packet of up to 128 bytes into its head. */
static void zc_ubuf_inline_packet_is_no_copy(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 1, PAGE_SIZE);
	struct sk_buff *skb = zct_skb(test), *tiny = zct_skb(test);

	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, tiny, 0, 20), 0);
	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 20, PAGE_SIZE - 20), 0);
	zc_ubuf_end_call(zu, PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, pskb_may_pull(tiny, 20));
	kfree_skb(tiny);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 1);
	KUNIT_EXPECT_FALSE(test, t->ts.copied);
}

static void zc_ubuf_inline_message_is_a_copy(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 1, 20);
	struct sk_buff *skb = zct_skb(test);

	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, 20), 0);
	zc_ubuf_end_call(zu, 20);
	KUNIT_ASSERT_TRUE(test, pskb_may_pull(skb, 20));
	kfree_skb(skb);
	KUNIT_EXPECT_TRUE(test, t->ts.copied);
}

/* The paths that downgrade take references, and give them all back. */
static void zc_ubuf_split_skb_ends_loan_once(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 2, PAGE_SIZE);
	struct sk_buff *skb = zct_skb(test), *rest = zct_skb(test);
	int before = zct_refs(t, 0);

	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, 2 * PAGE_SIZE), 0);
	zc_ubuf_end_call(zu, 2 * PAGE_SIZE);
	skb_split(skb, rest, PAGE_SIZE / 2);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 0);
	kfree_skb(rest);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 1);
	KUNIT_EXPECT_EQ(test, zct_refs(t, 0), before);
	KUNIT_EXPECT_EQ(test, zct_refs(t, 1), before);
}

static void zc_ubuf_expanded_head_ends_loan_once(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 1, PAGE_SIZE);
	struct sk_buff *skb = zct_skb(test), *clone;
	int before = zct_refs(t, 0);

	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, PAGE_SIZE), 0);
	zc_ubuf_end_call(zu, PAGE_SIZE);
	clone = skb_clone(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, clone);
	KUNIT_ASSERT_EQ(test, pskb_expand_head(clone, 256, 0, GFP_KERNEL), 0);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 0);
	kfree_skb(clone);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 1);
	KUNIT_EXPECT_EQ(test, zct_refs(t, 0), before);
}

static void zc_ubuf_chain_ends_together(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *a = zct_lend(test, 1, 100), *b = zct_lend(test, 1, 100);
	struct sk_buff *skb = zct_skb(test), *next = zct_skb(test);

	KUNIT_ASSERT_EQ(test, zct_fill(test, a, skb, 0, 100), 0);
	zc_ubuf_end_call(a, 100);
	KUNIT_ASSERT_EQ(test, zct_fill(test, b, skb, 0, 50), 0);
	KUNIT_ASSERT_EQ(test, zct_fill(test, b, next, 50, 50), 0);
	zc_ubuf_end_call(b, 100);
	KUNIT_EXPECT_EQ(test, skb->len, 150);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 0);
	kfree_skb(next);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 2);
}

/* The skb names the first loan only, but it was the second's bytes as well. */
/* Loans are used again. */
static void zc_ubuf_copy_is_forgotten(struct kunit *test)
{
	struct zct *t = test->priv;
	struct sk_buff *skb = zct_skb(test);
	struct zc_ubuf *zu;

	zu = zct_lend(test, 1, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, PAGE_SIZE), 0);
	zc_ubuf_end_call(zu, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, skb_copy_ubufs(skb, GFP_KERNEL), 0);
	kfree_skb(skb);
	KUNIT_EXPECT_TRUE(test, t->ts.copied);

	t->ts.copied = false;
	skb = zct_skb(test);
	zu = zct_lend(test, 1, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, PAGE_SIZE), 0);
	zc_ubuf_end_call(zu, PAGE_SIZE);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 2);
	KUNIT_EXPECT_FALSE(test, t->ts.copied);
}

static void zc_ubuf_copy_is_reported_for_the_chain(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *a = zct_lend(test, 1, 100), *b = zct_lend(test, 1, 100);
	struct sk_buff *skb = zct_skb(test), *next = zct_skb(test);

	KUNIT_ASSERT_EQ(test, zct_fill(test, a, skb, 0, 100), 0);
	zc_ubuf_end_call(a, 100);
	KUNIT_ASSERT_EQ(test, zct_fill(test, b, skb, 0, 50), 0);
	KUNIT_ASSERT_EQ(test, zct_fill(test, b, next, 50, 50), 0);
	zc_ubuf_end_call(b, 100);
	kfree_skb(skb);
	KUNIT_ASSERT_EQ(test, skb_copy_ubufs(next, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 2);
	KUNIT_EXPECT_TRUE(test, t->ts.copied);
	kfree_skb(next);
}

static void zc_ubuf_chain_is_capped(struct kunit *test)
{
	struct zc_ubuf *a = zct_lend(test, 1, 100), *b = zct_lend(test, 1, 100);
	struct sk_buff *skb = zct_skb(test);

	a->chain_bytes = a->chain_max + ZC_CHAIN_SLACK - 99;
	KUNIT_ASSERT_EQ(test, zct_fill(test, a, skb, 0, 100), 0);
	zc_ubuf_end_call(a, 100);
	KUNIT_EXPECT_EQ(test, zct_fill(test, b, skb, 0, 100), -EEXIST);
	zc_ubuf_end_call(b, 0);
	kfree_skb(skb);
}

/* Notifications come in the order of the ids. */
static void zc_ubuf_chain_ends_in_order(struct kunit *test)
{
	struct sk_buff *skb = zct_skb(test), *skb2;
	struct zct *t = test->priv;
	struct sock *sk = t->sock->sk;
	struct zc_ubuf *zu;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct ubuf_info *n = zc_notify_get(t->win, 100, NULL);

		KUNIT_ASSERT_NOT_NULL(test, n);
		zu = zct_lend(test, 1, 100);
		zc_ubuf_set_notify(zu, n, 0);
		zc_notify_put(t->win, n, false);
		KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, 100), 0);
		zc_ubuf_end_call(zu, 100);
	}
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&sk->sk_error_queue), 1);
	skb2 = skb_dequeue(&sk->sk_error_queue);
	KUNIT_ASSERT_NOT_NULL(test, skb2);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb2)->ee.ee_info, 0);
	KUNIT_EXPECT_EQ(test, SKB_EXT_ERR(skb2)->ee.ee_data, 2);
	kfree_skb(skb2);
}

/* A link would tie two loans together for nothing. */
static void zc_ubuf_full_skb_takes_no_loan(struct kunit *test)
{
	struct zc_ubuf *a = zct_lend(test, 1, 100), *b = zct_lend(test, 1, 100);
	struct sk_buff *skb = zct_skb(test);
	unsigned int nr;

	KUNIT_ASSERT_EQ(test, zct_fill(test, a, skb, 0, 100), 0);
	nr = skb_shinfo(skb)->nr_frags;
	skb_shinfo(skb)->nr_frags = MAX_SKB_FRAGS;
	KUNIT_EXPECT_EQ(test, zc_ubuf_ops.link_skb(skb, &b->ubuf), -EEXIST);
	skb_shinfo(skb)->nr_frags = nr;
	KUNIT_EXPECT_PTR_EQ(test, a->last, a);
	KUNIT_EXPECT_PTR_EQ(test, b->head, b);
	zc_ubuf_end_call(a, 100);
	zc_ubuf_end_call(b, 0);
	kfree_skb(skb);
}

/* S1.7: who reads that it is over may count on the memory being back. */
static void zc_ubuf_memory_is_back_before_the_news(struct kunit *test)
{
	struct zc_ubuf *zu = zct_lend(test, 1, 100);
	struct zct *t = test->priv;
	struct ubuf_info *n = zc_notify_get(t->win, 100, NULL);

	KUNIT_ASSERT_NOT_NULL(test, n);
	t->ts.queue = &t->sock->sk->sk_error_queue;
	zc_ubuf_set_notify(zu, n, 0);
	zc_notify_put(t->win, n, false);
	zc_ubuf_end_call(zu, 100);
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 1);
	KUNIT_EXPECT_EQ(test, t->ts.told, 0);
	KUNIT_EXPECT_EQ(test, skb_queue_len(t->ts.queue), 1);
	skb_queue_purge(t->ts.queue);
}

/* While the sender waits for the one, the protocol works on the other. */
static void zc_ubuf_two_loans_fit_the_window(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_call call = { .src = &t->ts.src, .window = 16 };

	zc_call_set_budget(&call);
	KUNIT_EXPECT_EQ(test, call.budget, 16);
	KUNIT_EXPECT_EQ(test, call.loan_bytes, 8 * PAGE_SIZE);
	t->ts.src.limit_pages = 6;
	zc_call_set_budget(&call);
	KUNIT_EXPECT_EQ(test, call.budget, 6);
	KUNIT_EXPECT_EQ(test, call.loan_bytes, 3 * PAGE_SIZE);
	t->ts.src.limit_pages = 1;
	zc_call_set_budget(&call);
	KUNIT_EXPECT_EQ(test, call.loan_bytes, PAGE_SIZE);
	call.window = ULONG_MAX;
	t->ts.src.limit_pages = ULONG_MAX;
	zc_call_set_budget(&call);
	KUNIT_EXPECT_EQ(test, call.loan_bytes, ZC_LOAN_BYTES);
}

static void zc_ubuf_chains_do_not_join(struct kunit *test)
{
	struct zc_ubuf *a = zct_lend(test, 1, 100), *b = zct_lend(test, 1, 100);
	struct zc_ubuf *c = zct_lend(test, 1, 100);
	struct sk_buff *skb = zct_skb(test), *other = zct_skb(test);

	KUNIT_ASSERT_EQ(test, zct_fill(test, a, skb, 0, 100), 0);
	KUNIT_ASSERT_EQ(test, zct_fill(test, b, skb, 0, 50), 0);
	KUNIT_ASSERT_EQ(test, zct_fill(test, c, other, 0, 100), 0);
	KUNIT_EXPECT_EQ(test, zct_fill(test, b, other, 50, 50), -EEXIST);
	zc_ubuf_end_call(a, 100);
	zc_ubuf_end_call(b, 50);
	zc_ubuf_end_call(c, 100);
	kfree_skb(skb);
	kfree_skb(other);
}

static void zc_ubuf_referenced_fragments_do_not_mix(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 1, 100);
	struct sk_buff *skb = zct_skb(test);
	struct page *page = virt_to_page(t->ts.addr[5]);

	get_page(page);
	skb_add_rx_frag(skb, 0, page, 0, 100, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, zct_fill(test, zu, skb, 0, 100), -EEXIST);
	KUNIT_EXPECT_PTR_EQ(test, skb_zcopy(skb), NULL);
	zc_ubuf_end_call(zu, 0);
	kfree_skb(skb);
}

static void zc_ubuf_downgraded_skb_is_left_alone(struct kunit *test)
{
	struct zc_ubuf *a = zct_lend(test, 1, 100), *b = zct_lend(test, 1, 100);
	struct sk_buff *skb = zct_skb(test);

	KUNIT_ASSERT_EQ(test, zct_fill(test, a, skb, 0, 100), 0);
	zc_ubuf_end_call(a, 100);
	skb_zcopy_downgrade_managed(skb);
	KUNIT_EXPECT_EQ(test, zct_fill(test, b, skb, 0, 100), -EEXIST);
	zc_ubuf_end_call(b, 0);
	kfree_skb(skb);
}

static void zc_ubuf_full_skb_says_emsgsize(struct kunit *test)
{
	struct zc_ubuf *zu = zct_lend(test, ZCT_PAGES, 100);
	struct sk_buff *skb = zct_skb(test);

	KUNIT_EXPECT_EQ(test, zct_fill(test, zu, skb, 0, 100 * ZCT_PAGES),
			-EMSGSIZE);
	KUNIT_EXPECT_EQ(test, skb->len, 100 * MAX_SKB_FRAGS);
	KUNIT_EXPECT_EQ(test, skb_shinfo(skb)->nr_frags, MAX_SKB_FRAGS);
	zc_ubuf_end_call(zu, skb->len);
	kfree_skb(skb);
}

static void zc_ubuf_fault_says_efault(struct kunit *test)
{
	struct zct *t = test->priv;
	struct sk_buff *skb = zct_skb(test);
	struct zc_ubuf *zu;

	t->ts.fault = true;
	zu = zct_lend(test, 1, 100);
	zu->given = 200;
	t->kvec.iov_base = t->ts.addr[0];
	t->kvec.iov_len = 200;
	iov_iter_kvec(&t->msg.msg_iter, ITER_SOURCE, &t->kvec, 1, 200);
	t->msg.msg_ubuf = &zu->ubuf;
	KUNIT_ASSERT_EQ(test, zc_ubuf_ops.link_skb(skb, &zu->ubuf), 0);
	KUNIT_EXPECT_EQ(test, zc_sg_from_iter(skb, &t->msg.msg_iter, 200),
			-EFAULT);
	zc_ubuf_end_call(zu, 0);
	kfree_skb(skb);
}

/* A downgrade references the folio that a fragment starts in, and no other. */
static void zc_ubuf_fragment_stays_in_its_folio(struct kunit *test)
{
	struct page *pages = alloc_pages(GFP_KERNEL, 1);
	struct zc_ubuf *zu = zct_lend(test, 2, PAGE_SIZE);
	struct sk_buff *skb = zct_skb(test);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	split_page(pages, 1);
	zu->vec[0].paddr = page_to_phys(pages);
	zu->vec[1].paddr = page_to_phys(pages + 1);
	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, PAGE_SIZE), 0);
	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, skb_shinfo(skb)->nr_frags, 2);
	zc_ubuf_end_call(zu, 2 * PAGE_SIZE);
	kfree_skb(skb);
	__free_page(pages);
	__free_page(pages + 1);
}

static void zc_ubuf_fragment_grows_in_its_folio(struct kunit *test)
{
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	struct zc_ubuf *zu = zct_lend(test, 2, PAGE_SIZE);
	struct sk_buff *skb = zct_skb(test);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	zu->vec[0].paddr = page_to_phys(pages);
	zu->vec[1].paddr = page_to_phys(pages) + PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, PAGE_SIZE), 0);
	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, PAGE_SIZE, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, skb_shinfo(skb)->nr_frags, 1);
	zc_ubuf_end_call(zu, 2 * PAGE_SIZE);
	kfree_skb(skb);
	__free_pages(pages, 1);
}

/* Rule 10: with interrupts off the end is left to a worker. */
static void zc_ubuf_end_with_interrupts_off_is_deferred(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 1, 100);
	unsigned long flags;

	local_irq_save(flags);
	zc_ubuf_ops.complete(NULL, &zu->ubuf, true);
	local_irq_restore(flags);
	zc_ubuf_flush();
	KUNIT_EXPECT_EQ(test, t->ts.cleanups, 1);
	KUNIT_EXPECT_FALSE(test, t->ts.irqs_off);
}

static void zc_ubuf_last_loan_releases_the_source(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu = zct_lend(test, 1, 100);
	struct sk_buff *skb = zct_skb(test);

	KUNIT_ASSERT_EQ(test, zct_fill(test, zu, skb, 0, 100), 0);
	zc_ubuf_end_call(zu, 100);
	zc_source_put(&t->ts.src);
	KUNIT_EXPECT_EQ(test, t->ts.releases, 0);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, t->ts.releases, 1);
}

/* A packet of lent fragments only is not charged for them; its copy is. */
static void zc_tail_private_copy_is_charged(struct kunit *test)
{
	const int extra = 4 * PAGE_SIZE;
	struct socket *sock;
	struct sk_buff *skb;
	struct sock *sk;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, PF_INET, SOCK_STREAM,
					       IPPROTO_TCP, &sock), 0);
	sk = sock->sk;
	skb = alloc_skb(0, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, skb);
	if (skb) {
		skb->truesize += extra;
		skb_shinfo(skb)->flags = SKBFL_ZEROCOPY_FRAG |
					 SKBFL_PURE_ZEROCOPY;
		lock_sock(sk);
		KUNIT_EXPECT_TRUE(test, zc_tail_charge(sk, skb));
		KUNIT_EXPECT_FALSE(test, skb_zcopy_pure(skb));
		if (!skb_zcopy_pure(skb))
			sk_mem_uncharge(sk, extra);
		release_sock(sk);
		skb_shinfo(skb)->flags = 0;
		kfree_skb(skb);
	}
	sock_release(sock);
}

static struct kunit_case zc_ubuf_cases[] = {
	KUNIT_CASE(zc_ubuf_unused_loan_ends_with_the_call),
	KUNIT_CASE(zc_ubuf_surplus_goes_back_at_once),
	KUNIT_CASE(zc_ubuf_clones_take_no_page_reference),
	KUNIT_CASE(zc_ubuf_copy_is_reported),
	KUNIT_CASE(zc_ubuf_copy_is_forgotten),
	KUNIT_CASE(zc_ubuf_inline_packet_is_no_copy),
	KUNIT_CASE(zc_ubuf_inline_message_is_a_copy),
	KUNIT_CASE(zc_ubuf_split_skb_ends_loan_once),
	KUNIT_CASE(zc_ubuf_expanded_head_ends_loan_once),
	KUNIT_CASE(zc_ubuf_chain_ends_together),
	KUNIT_CASE(zc_ubuf_copy_is_reported_for_the_chain),
	KUNIT_CASE(zc_ubuf_chain_is_capped),
	KUNIT_CASE(zc_ubuf_chain_ends_in_order),
	KUNIT_CASE(zc_ubuf_full_skb_takes_no_loan),
	KUNIT_CASE(zc_ubuf_memory_is_back_before_the_news),
	KUNIT_CASE(zc_ubuf_two_loans_fit_the_window),
	KUNIT_CASE(zc_ubuf_chains_do_not_join),
	KUNIT_CASE(zc_ubuf_referenced_fragments_do_not_mix),
	KUNIT_CASE(zc_ubuf_downgraded_skb_is_left_alone),
	KUNIT_CASE(zc_ubuf_full_skb_says_emsgsize),
	KUNIT_CASE(zc_ubuf_fault_says_efault),
	KUNIT_CASE(zc_ubuf_fragment_stays_in_its_folio),
	KUNIT_CASE(zc_ubuf_fragment_grows_in_its_folio),
	KUNIT_CASE(zc_ubuf_end_with_interrupts_off_is_deferred),
	KUNIT_CASE(zc_ubuf_last_loan_releases_the_source),
	KUNIT_CASE(zc_tail_private_copy_is_charged),
	{}
};

static struct kunit_suite zc_ubuf_suite = {
	.name = "zerocopy-ubuf",
	.init = zct_init,
	.exit = zct_exit,
	.test_cases = zc_ubuf_cases,
};

kunit_test_suite(zc_ubuf_suite);

MODULE_DESCRIPTION("KUnit suites of the zero-copy layer");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("ZEROCOPY");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
