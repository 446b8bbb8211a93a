// SPDX-License-Identifier: GPL-2.0
/*
 * Notifications (SO_EE_ORIGIN_ZEROCOPY): the kernel's own ubuf_info_msgzc keeps
 * the id and becomes the error queue's entry. No skb of the layer points to it;
 * each loan holds a reference and ends with its completion.
 */
#include <kunit/visibility.h>
#include <linux/errqueue.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#include "internal.h"

/* As in msg_zerocopy_realloc(): a few TSO packets to a notification. */
#define ZC_NOTIFY_BYTES	SZ_512K
/* Kept for the next calls of a socket; each is charged to its optmem. */
#define ZC_NOTIFY_SPARES	64

static struct sk_buff *zc_notify_skb(struct ubuf_info_msgzc *uz)
{
	return container_of((void *)uz, struct sk_buff, cb);
}

/**
 * zc_notify_free_spares() - give up what is kept for the next calls
 * @win: the window
 *
 * Context: any but hard interrupt.
 */
void zc_notify_free_spares(struct zc_window *win)
{
	struct sk_buff_head *q = &win->sk->sk_error_queue;
	struct sk_buff *skb, *next;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	skb = win->spares;
	WRITE_ONCE(win->spares, NULL);
	win->nr_spares = 0;
	spin_unlock_irqrestore(&q->lock, flags);

	for (; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		consume_skb(skb);
		sock_put(win->sk);
	}
}

/*
 * A spare has everything but an id: it is allocated, charged to optmem and
 * holds the socket. So a busy socket allocates nothing.
 */
static struct ubuf_info *zc_notify_reuse(struct zc_window *win)
{
	struct sk_buff_head *q = &win->sk->sk_error_queue;
	struct sock *sk = win->sk;
	struct ubuf_info_msgzc *uz;
	struct sk_buff *skb;
	unsigned long flags;

	if (!READ_ONCE(win->spares))
		return NULL;
	/* Then stock, which keeps none, decides. */
	if (atomic_read(&sk->sk_omem_alloc) >
	    READ_ONCE(sock_net(sk)->core.sysctl_optmem_max)) {
		zc_notify_free_spares(win);
		return NULL;
	}

	spin_lock_irqsave(&q->lock, flags);
	skb = win->spares;
	if (skb) {
		WRITE_ONCE(win->spares, skb->next);
		win->nr_spares--;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	if (!skb)
		return NULL;

	skb->next = NULL;
	uz = (void *)skb->cb;
	uz->id = (u32)atomic_inc_return(&sk->sk_zckey) - 1;
	uz->len = 1;
	uz->bytelen = 0;
	uz->zerocopy = 1;
	refcount_set(&uz->ubuf.refcnt, 1);
	return &uz->ubuf;
}

/**
 * zc_notify_get() - take an id for a call, alone or merged with the last one
 * @win: window of the socket; the socket is locked by the caller if @prev is
 *	given
 * @size: bytes of the call
 * @prev: notification of the unsent tail, kept alive by that, or NULL
 *
 * Asked for no bytes the kernel charges no memory: pins are charged by the
 * lender, as they happen. The price is that the size that limits merging has
 * to be kept here.
 *
 * Context: process, may sleep.
 * Return: the notification with a reference, NULL if the socket's optmem does
 *	not allow it. Source: S1.5, net/core/skbuff.c.
 */
struct ubuf_info *zc_notify_get(struct zc_window *win, size_t size,
				struct ubuf_info *prev)
{
	struct ubuf_info *notify = NULL;
	struct ubuf_info_msgzc *uz;

	if (unlikely(rcu_access_pointer(win->completion))) {
		notify = zc_completion_begin(win);
		if (notify)
			return notify;
	}
	/* Of a page that is full, or was closed. */
	if (prev && unlikely(prev->ops == &zc_slot_ops))
		prev = NULL;

	if (prev && uarg_to_msgzc(prev)->bytelen + size > ZC_NOTIFY_BYTES)
		prev = NULL;

	if (!prev)
		notify = zc_notify_reuse(win);
	if (!notify)
		notify = msg_zerocopy_realloc(win->sk, 0, prev, false);
	if (!notify)
		return NULL;

	uz = uarg_to_msgzc(notify);
	uz->bytelen = min_t(size_t, uz->bytelen + size, ZC_NOTIFY_BYTES);
	return notify;
}
EXPORT_SYMBOL_IF_KUNIT(zc_notify_get);

/**
 * zc_notify_abort() - the call sent nothing: give its id back
 * @win: window of the socket
 * @notify: from zc_notify_get(); the reference is dropped
 *
 * If another call has taken the next id in the meantime, this one stays and is
 * completed: a hole would be worse. On TCP the lock excludes that.
 *
 * Context: process.
 */
void zc_notify_abort(struct zc_window *win, struct ubuf_info *notify)
{
	struct ubuf_info_msgzc *uz = uarg_to_msgzc(notify);
	int next;

	if (unlikely(notify->ops == &zc_slot_ops)) {
		zc_completion_abort(notify);
		return;
	}
	next = (int)(uz->id + uz->len);
	if (atomic_cmpxchg(&win->sk->sk_zckey, next, next - 1) == next)
		uz->len--;
	zc_notify_put(win, notify, false);
}
EXPORT_SYMBOL_IF_KUNIT(zc_notify_abort);

/*
 * The neighbour that waits at the end of the error queue takes the ids over, as
 * in skb_zerocopy_notify_extend(): its code stays what it is.
 */
static bool zc_notify_extend(const struct sk_buff_head *q,
			     const struct ubuf_info_msgzc *uz)
{
	struct sk_buff *tail = skb_peek_tail(q);
	struct sock_extended_err *ee;

	if (!tail)
		return false;
	ee = &SKB_EXT_ERR(tail)->ee;
	if (ee->ee_origin != SO_EE_ORIGIN_ZEROCOPY ||
	    uz->id != ee->ee_data + 1 ||
	    (u64)(ee->ee_data - ee->ee_info) + 1 + uz->len > U32_MAX)
		return false;
	ee->ee_data += uz->len;
	return true;
}

/**
 * __zc_notify_put() - one holder of a notification is done with it
 * @win: window of the socket
 * @notify: the notification, not one of a completion page; may be gone on return
 * @copied: data was copied on this holder's part
 *
 * The last one completes it: merged into the error queue if it can be, and then
 * kept for another call; otherwise the kernel queues it.
 *
 * Context: any but hard interrupt.
 */
void __zc_notify_put(struct zc_window *win, struct ubuf_info *notify,
		     bool copied)
{
	struct ubuf_info_msgzc *uz = uarg_to_msgzc(notify);
	struct sk_buff_head *q = &win->sk->sk_error_queue;
	struct sk_buff *skb = zc_notify_skb(uz);
	struct sock *sk = win->sk;
	bool report = false, done;
	unsigned long flags;

	if (copied)
		uz->zerocopy = 0;
	if (!refcount_dec_and_test(&notify->refcnt))
		return;

	spin_lock_irqsave(&q->lock, flags);
	/* Without a length it was aborted; nobody reads a dead socket's. */
	done = !uz->len || sock_flag(sk, SOCK_DEAD);
	if (!done) {
		report = zc_notify_extend(q, uz);
		done = report;
	}
	done = done && win->nr_spares < ZC_NOTIFY_SPARES;
	if (done) {
		skb->next = win->spares;
		WRITE_ONCE(win->spares, skb);
		win->nr_spares++;
	} else if (report) {
		/* Nothing is left to say. */
		uz->len = 0;
	}
	spin_unlock_irqrestore(&q->lock, flags);

	if (report)
		sk_error_report(sk);
	if (!done) {
		refcount_set(&notify->refcnt, 1);
		notify->ops->complete(NULL, notify, true);
	}
}
EXPORT_SYMBOL_IF_KUNIT(__zc_notify_put);
