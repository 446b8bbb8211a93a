// SPDX-License-Identifier: GPL-2.0
#include "kunit_source.h"

static int zct_refill(struct zc_source *src, struct zc_ranges *ranges,
		      size_t offset, size_t bytes, unsigned long pages)
{
	struct zct_source *ts = container_of(src, struct zct_source, src);
	unsigned int i;

	for (i = 0; i < ts->nr; i++) {
		ranges->vec[i].paddr = ts->paddr[i];
		ranges->vec[i].len = ts->len;
		ranges->bytes += ts->len;
	}
	ranges->nr = ts->nr;
	ranges->held_pages = ts->nr;
	ranges->fault = ts->fault;
	return 0;
}

static void zct_cleanup(struct zc_source *src, struct zc_ranges *ranges,
			unsigned int from, bool copied)
{
	struct zct_source *ts = container_of(src, struct zct_source, src);
	unsigned int i;

	for (i = from; i < ranges->nr; i++) {
		ts->back += ranges->vec[i].len;
		ranges->bytes -= ranges->vec[i].len;
	}
	ranges->held_pages -= ranges->nr - from;
	ranges->nr = from;
	ts->cleanups++;
	ts->irqs_off |= irqs_disabled();
	if (ts->queue)
		ts->told += skb_queue_len(ts->queue);
	ts->copied |= copied;
}

static void zct_release(struct zc_source *src)
{
	container_of(src, struct zct_source, src)->releases++;
}

static const struct zc_source_ops zct_ops = {
	.refill = zct_refill,
	.cleanup = zct_cleanup,
	.release = zct_release,
};

int zct_init(struct kunit *test)
{
	struct zct *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int i;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	zc_source_init(&t->ts.src, &zct_ops, ULONG_MAX);
	for (i = 0; i < ZCT_PAGES; i++) {
		t->ts.addr[i] = (void *)get_zeroed_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, t->ts.addr[i]);
		t->ts.paddr[i] = virt_to_phys(t->ts.addr[i]);
	}
	err = sock_create_kern(&init_net, PF_INET, SOCK_DGRAM, IPPROTO_UDP,
			       &t->sock);
	KUNIT_ASSERT_EQ(test, err, 0);
	t->win = zc_window_get(t->sock->sk, zc_net(&init_net));
	KUNIT_ASSERT_NOT_NULL(test, t->win);
	return 0;
}

void zct_exit(struct kunit *test)
{
	struct zct *t = test->priv;
	unsigned int i;

	if (!t)
		return;
	if (t->win) {
		KUNIT_EXPECT_EQ(test, atomic_long_read(&t->win->pages_out), 0);
		KUNIT_EXPECT_EQ(test, refcount_read(&t->win->ref), 2);
		zc_window_put(t->win);
	}
	if (t->sock)
		sock_release(t->sock);
	for (i = 0; i < ZCT_PAGES; i++)
		free_page((unsigned long)t->ts.addr[i]);
}

/* A loan of @nr ranges of @len bytes, each at the start of a page of its own. */
struct zc_ubuf *zct_lend(struct kunit *test, unsigned int nr, size_t len)
{
	struct zct *t = test->priv;
	struct zc_ubuf *zu;

	t->ts.nr = nr;
	t->ts.len = len;
	zu = zc_ubuf_alloc(t->win, &t->ts.src,
			   nr > ZC_LOAN_FEW ? ZCT_PAGES : nr, ZC_CHAIN_BYTES);
	KUNIT_ASSERT_NOT_NULL(test, zu);
	KUNIT_ASSERT_EQ(test, zct_refill(&t->ts.src, &zu->ranges, 0, 0, 0), 0);
	KUNIT_ASSERT_NE(test, zc_window_reserve(t->win, 1000, nr, nr), 0);
	atomic_long_add(nr, &t->win->zn->held_pages);
	return zu;
}

/* What a protocol does: link the skb, have fragments put into it. */
int zct_fill(struct kunit *test, struct zc_ubuf *zu, struct sk_buff *skb,
	     size_t pos, size_t len)
{
	struct zct *t = test->priv;
	int err;

	zu->given = zu->ranges.bytes;
	t->kvec.iov_base = t->ts.addr[0];
	t->kvec.iov_len = zu->given;
	iov_iter_kvec(&t->msg.msg_iter, ITER_SOURCE, &t->kvec, 1, zu->given);
	iov_iter_advance(&t->msg.msg_iter, pos);
	t->msg.msg_ubuf = &zu->ubuf;

	err = zc_ubuf_ops.link_skb(skb, &zu->ubuf);
	if (err)
		return err;
	return zc_sg_from_iter(skb, &t->msg.msg_iter, len);
}
