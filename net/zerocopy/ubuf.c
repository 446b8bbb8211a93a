// SPDX-License-Identifier: GPL-2.0
/*
 * Loans. A loan is the ubuf_info that skbs point to; it keeps the lender's
 * ranges until no skb does so any more.
 *
 * Small sends share packets, and a skb has room for one ubuf_info only. A loan
 * that is to go into a skb of another loan is chained behind that one (the way
 * io_uring does it): it holds a reference on the head of the chain, and all of
 * the chain ends together.
 */
#include <kunit/visibility.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include <net/zc_skb.h>

#include "internal.h"

static struct workqueue_struct *zc_wq;
static struct kmem_cache *zc_ubuf_cache;
static LLIST_HEAD(zc_deferred);
static atomic_t zc_loan_ids;

static noinline void zc_trace_loan(const struct zc_ubuf *zu,
				   enum zc_loan_reason why)
{
	trace_zc_loan(zu->win->sk, zu->id, refcount_read(&zu->ubuf.refcnt),
		      zu->ranges.bytes, why);
}

static __always_inline void zc_trace(const struct zc_ubuf *zu,
				     enum zc_loan_reason why)
{
	if (trace_zc_loan_enabled())
		zc_trace_loan(zu, why);
}

/* A copied datagram's notification, waiting for the loan before it. */
struct zc_follower {
	struct list_head	node;
	struct ubuf_info	*notify;
};

/**
 * zc_ubuf_set_last() - a datagram was lent: what is copied next comes behind it
 * @zu: its loan; the caller still has the call's reference
 */
void zc_ubuf_set_last(struct zc_ubuf *zu)
{
	unsigned long flags;

	spin_lock_irqsave(&zu->win->lock, flags);
	zu->win->last = zu;
	spin_unlock_irqrestore(&zu->win->lock, flags);
}

/**
 * zc_ubuf_follow_last() - complete a notification in its turn
 * @win: window of a datagram socket
 * @notify: notification of a datagram that was copied; the reference passes on
 *
 * The stock kernel notifies a copied datagram when its packet is freed, which
 * is after those that were lent before it.
 *
 * Context: process, may sleep.
 * Return: false if nothing is out before it (or there is no memory): then the
 *	caller keeps the reference.
 */
bool zc_ubuf_follow_last(struct zc_window *win, struct ubuf_info *notify)
{
	struct zc_follower *follower;
	unsigned long flags;

	if (!READ_ONCE(win->last))
		return false;
	follower = kmalloc_obj(*follower, GFP_KERNEL_ACCOUNT);
	if (!follower)
		return false;
	follower->notify = notify;

	spin_lock_irqsave(&win->lock, flags);
	if (win->last) {
		list_add_tail(&follower->node, &win->last->followers);
		follower = NULL;
	}
	spin_unlock_irqrestore(&win->lock, flags);

	kfree(follower);
	return !follower;
}

/* From here on nobody follows @zu; collect who did. */
static void zc_ubuf_close_followers(struct zc_ubuf *zu, struct list_head *list)
{
	unsigned long flags;

	spin_lock_irqsave(&zu->win->lock, flags);
	if (zu->win->last == zu)
		zu->win->last = NULL;
	list_splice_init(&zu->followers, list);
	spin_unlock_irqrestore(&zu->win->lock, flags);
}

static void zc_ubuf_free(struct zc_window *win, struct zc_ubuf *zu)
{
	zc_ubuf_forget_refs(zu);
	if (zu->ranges.max != ZC_LOAN_FEW)
		kfree(zu);
	else if (READ_ONCE(win->idle_loan) ||
		 cmpxchg(&win->idle_loan, NULL, zu))
		kmem_cache_free(zc_ubuf_cache, zu);
}

/**
 * zc_ubuf_free_idle() - free what a window keeps for the next call
 * @win: the window, which nobody uses any more
 *
 * Context: any but hard interrupt.
 */
void zc_ubuf_free_idle(struct zc_window *win)
{
	if (win->idle_loan)
		kmem_cache_free(zc_ubuf_cache, win->idle_loan);
}

static void zc_ubuf_put_notify(struct zc_ubuf *zu, bool copied)
{
	if (unlikely(zu->notify->ops == &zc_slot_ops))
		zc_completion_back(zu, copied);
	else
		__zc_notify_put(zu->win, zu->notify, copied);
}

/* The last reference is gone: one loan of a chain ends. */
static void zc_ubuf_end_one(struct zc_ubuf *zu, bool copied)
{
	struct zc_window *win = zu->win;
	unsigned long pages = zu->ranges.held_pages;
	struct zc_follower *follower, *next;
	LIST_HEAD(followers);

	zc_trace(zu, ZC_LOAN_END);
	zc_ubuf_check_refs(zu, 0);
	if (win->sk->sk_type == SOCK_DGRAM)
		zc_ubuf_close_followers(zu, &followers);
	if (zu->ranges.nr)
		zu->src->ops->cleanup(zu->src, &zu->ranges, 0, copied);
	zc_source_put(zu->src);
	atomic_long_sub(pages, &win->zn->held_pages);
	atomic_dec(&win->cohorts[zu->cohort].out);

	/* The memory is back before anybody is told so. */
	if (zu->notify)
		zc_ubuf_put_notify(zu, copied);
	list_for_each_entry_safe(follower, next, &followers, node) {
		zc_notify_put(win, follower->notify, true);
		kfree(follower);
	}
	zc_window_return(win, pages);
	zc_ubuf_free(win, zu);
	zc_window_put(win);
	/* Last: zc_exit() waits for whoever is between here and the return. */
	module_put(THIS_MODULE);
}

static void zc_ubuf_end(struct zc_ubuf *head)
{
	struct zc_ubuf *zu = head, *next;
	bool copied = head->copied;

	/* Oldest first: that is the order of the ids. */
	do {
		next = zu->next;
		zc_ubuf_end_one(zu, copied);
		zu = next;
	} while (zu);
}

static void zc_deferred_work(struct work_struct *work)
{
	struct zc_ubuf *zu, *next;

	llist_for_each_entry_safe(zu, next, llist_del_all(&zc_deferred), lnode)
		zc_ubuf_end(zu);
}

static DECLARE_WORK(zc_deferred_job, zc_deferred_work);

/*
 * Somebody made a copy of what a skb held and let go of the loan. The odd packet
 * of a few bytes (at the edge of the peer's window, say) that a driver put into
 * its descriptor does not make a message a copied one, unless that was all.
 */
static void zc_ubuf_count_copy(struct zc_ubuf *head, const struct sk_buff *skb)
{
	enum zc_copy_reason why = ZC_COPY_ORPHAN;
	size_t bytes = skb->data_len;

	if (head->private) {
		why = ZC_COPY_PRIVATE;
	} else if (!bytes) {
		bytes = skb->len;
		if (bytes <= ZC_INLINE_BYTES && bytes < head->ranges.bytes)
			why = ZC_COPY_INLINE;
	}

	zc_count(head->win->zn, ZC_STAT_COPIED + why, 1);
	if (why != ZC_COPY_INLINE)
		zc_count(head->win->zn, ZC_STAT_COPIED_BYTES, bytes);
	trace_zc_copy(head->win->sk, bytes, why);
	if (why != ZC_COPY_INLINE)
		WRITE_ONCE(head->copied, true);
}

/* ubuf_info_ops.complete: one skb, or the call, is done with the loan. */
static void zc_ubuf_complete(struct sk_buff *skb, struct ubuf_info *ubuf,
			     bool success)
{
	struct zc_ubuf *zu = zc_ubuf_of(ubuf);
	struct zc_ubuf *head = zu->head;

	zc_trace(zu, !success ? ZC_LOAN_PUT_COPIED :
		 skb ? ZC_LOAN_PUT_SENT : ZC_LOAN_PUT_CALL);
	/* The skb may have held bytes of any loan in the chain. */
	if (!success)
		zc_ubuf_count_copy(head, skb);

	if (!refcount_dec_and_test(&ubuf->refcnt))
		return;

	if (head != zu) {
		zc_trace(head, ZC_LOAN_PUT_LINK);
		if (!refcount_dec_and_test(&head->ubuf.refcnt))
			return;
	}

	/* Unpinning and waking want their interrupts on. */
	if (in_hardirq() || irqs_disabled()) {
		zc_trace(head, ZC_LOAN_DEFER);
		if (llist_add(&head->lnode, &zc_deferred))
			queue_work(zc_wq, &zc_deferred_job);
		return;
	}
	zc_ubuf_end(head);
}

/*
 * ubuf_info_ops.link_skb: a stream is about to add fragments to @skb, with the
 * socket locked. -EEXIST makes it start a new skb.
 */
static int zc_ubuf_link_skb(struct sk_buff *skb, struct ubuf_info *ubuf)
{
	struct zc_ubuf *zu = zc_ubuf_of(ubuf);
	struct ubuf_info *prev = skb_zcopy(skb);
	struct zc_ubuf *head;
	size_t room;

	if (!prev) {
		/* Fragments with references and without do not mix. */
		if (skb_shinfo(skb)->nr_frags)
			return -EEXIST;
		if (!zu->chain_bytes)
			zu->chain_bytes = zu->ranges.bytes;
		net_zcopy_get(ubuf);
		skb_zcopy_init(skb, ubuf);
		zc_trace(zu, ZC_LOAN_GET_LINK);
		return 0;
	}
	if (prev->ops != &zc_ubuf_ops || !skb_zcopy_managed(skb))
		return -EEXIST;
	if (prev == ubuf)
		return 0;
	/* No fragment may be left: then a link would tie for nothing. */
	if (skb_shinfo(skb)->nr_frags >= MAX_SKB_FRAGS)
		return -EEXIST;
	/* Two chains cannot be joined. */
	if (zu->head != zu || zu->next)
		return -EEXIST;

	head = zc_ubuf_of(prev)->head;
	room = max(head->chain_max, head->ranges.bytes);
	/* Better a little more than a packet of a few bytes. */
	if (zu->ranges.bytes <= ZC_CHAIN_SMALL)
		room += ZC_CHAIN_SLACK;
	if (head->chain_bytes + zu->ranges.bytes > room)
		return -EEXIST;

	head->chain_bytes += zu->ranges.bytes;
	zu->head = head;
	head->last->next = zu;
	head->last = zu;
	net_zcopy_get(&head->ubuf);
	zc_trace(head, ZC_LOAN_GET_LINK);
	return 0;
}

const struct ubuf_info_ops zc_ubuf_ops = {
	.complete = zc_ubuf_complete,
	.link_skb = zc_ubuf_link_skb,
};
EXPORT_SYMBOL_IF_KUNIT(zc_ubuf_ops);

/* What every loan starts with and ends with. */
static void zc_ubuf_ctor(void *obj)
{
	struct zc_ubuf *zu = obj;

	memset(zu, 0, sizeof(*zu));
	zu->ubuf.ops = &zc_ubuf_ops;
	zu->ubuf.flags = SKBFL_ZEROCOPY_FRAG | SKBFL_DONT_ORPHAN;
	INIT_LIST_HEAD(&zu->followers);
	zu->ranges.max = ZC_LOAN_FEW;
	zu->ranges.vec = zu->vec;
}

/**
 * zc_ubuf_alloc() - make a loan, with nothing lent yet
 * @win: the socket's window
 * @src: who lends
 * @nr_ranges: how many ranges it has room for
 * @chain_max: how many bytes a chain may have that it becomes the head of
 *
 * Takes references on @win, @src and this module. The caller owns the loan's first
 * reference and ends it with zc_ubuf_end_call().
 *
 * Context: process, may sleep.
 * Return: the loan, NULL if out of memory.
 */
struct zc_ubuf *zc_ubuf_alloc(struct zc_window *win, struct zc_source *src,
			      unsigned int nr_ranges, size_t chain_max)
{
	struct zc_ubuf *zu;

	if (likely(nr_ranges <= ZC_LOAN_FEW)) {
		zu = READ_ONCE(win->idle_loan) ?
			xchg(&win->idle_loan, NULL) : NULL;
		if (!zu)
			zu = kmem_cache_alloc(zc_ubuf_cache, GFP_KERNEL);
		if (!zu)
			return NULL;
	} else {
		zu = kmalloc(struct_size(zu, vec, nr_ranges),
			     GFP_KERNEL_ACCOUNT);
		if (!zu)
			return NULL;
		zc_ubuf_ctor(zu);
		zu->ranges.max = nr_ranges;
	}

	refcount_set(&zu->ubuf.refcnt, 1);
	zu->copied = false;
	zu->notify = NULL;
	zu->head = zu;
	zu->next = NULL;
	zu->last = zu;
	zu->chain_bytes = 0;
	zu->chain_max = chain_max;
	zu->given = 0;
	zu->lent_to = 0;
	zu->cur = 0;
	zu->cur_off = 0;
	zu->ranges.nr = 0;
	zu->ranges.bytes = 0;
	zu->ranges.held_pages = 0;
	zu->ranges.need_pages = 0;
	zu->ranges.single_pages = false;
	zu->ranges.fault = false;
	zu->ranges.pinned = false;
	zu->ranges.whole = false;
	zu->ranges.skip = 0;
	zu->ranges.unpinned = 0;
	zu->ranges.copied = 0;
	zu->ranges.unlent = 0;
	zu->ranges.private = NULL;
	zu->ranges.vec = zu->vec;

	__module_get(THIS_MODULE);
	refcount_inc(&win->ref);
	zu->win = win;
	refcount_inc(&src->ref);
	zu->src = src;

	zu->id = atomic_inc_return(&zc_loan_ids);
	zu->cohort = READ_ONCE(win->cohort);
	atomic_inc(&win->cohorts[zu->cohort].out);
	zc_trace(zu, ZC_LOAN_NEW);
	return zu;
}
EXPORT_SYMBOL_IF_KUNIT(zc_ubuf_alloc);

/**
 * zc_ubuf_set_notify() - have the application told when the loan ends
 * @zu: the loan
 * @notify: notification; a reference is taken
 * @offset: where in the message the loan begins
 */
void zc_ubuf_set_notify(struct zc_ubuf *zu, struct ubuf_info *notify,
			size_t offset)
{
	if (unlikely(notify->ops == &zc_slot_ops))
		zc_completion_lend(zu, notify, offset);
	else
		net_zcopy_get(notify);
	zu->notify = notify;
}
EXPORT_SYMBOL_IF_KUNIT(zc_ubuf_set_notify);

/**
 * zc_ubuf_unset_notify() - nothing of the loan was sent: nobody is to be told
 * @zu: the loan; the call has another reference on the notification
 */
void zc_ubuf_unset_notify(struct zc_ubuf *zu)
{
	zc_ubuf_put_notify(zu, false);
	zu->notify = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(zc_ubuf_unset_notify);

/**
 * zc_ubuf_end_call() - the call has handed out what it could
 * @zu: the loan; gone on return if no skb points to it
 * @sent_to: bytes at the front of the loan that skbs point to
 *
 * What lies behind @sent_to goes back to the lender at once, and the call's
 * reference is dropped.
 *
 * Context: process, without the socket lock.
 */
void zc_ubuf_end_call(struct zc_ubuf *zu, size_t sent_to)
{
	unsigned long held = zu->ranges.held_pages;
	unsigned int from;
	size_t off = 0;

	/* What comes back in one piece does so at the end. */
	if (unlikely(sent_to < zu->ranges.bytes) && !zu->ranges.whole) {
		for (from = 0; from < zu->ranges.nr && off < sent_to; from++)
			off += zu->vec[from].len;
		if (from == zu->ranges.nr)
			goto out;

		zc_trace(zu, ZC_LOAN_TRIM);
		zc_ubuf_check_refs(zu, from);
		zu->src->ops->cleanup(zu->src, &zu->ranges, from, false);
		held -= zu->ranges.held_pages;
		atomic_long_sub(held, &zu->win->zn->held_pages);
		zc_window_return(zu->win, held);
	}
out:
	zc_ubuf_complete(NULL, &zu->ubuf, true);
}
EXPORT_SYMBOL_IF_KUNIT(zc_ubuf_end_call);

/* Stand on the range that @pos lies in; mostly that is where we stand. */
static bool zc_ubuf_seek(struct zc_ubuf *zu, size_t pos)
{
	if (pos < zu->cur_off) {
		zu->cur = 0;
		zu->cur_off = 0;
	}
	while (zu->cur < zu->ranges.nr &&
	       pos >= zu->cur_off + zu->ranges.vec[zu->cur].len)
		zu->cur_off += zu->ranges.vec[zu->cur++].len;
	return zu->cur < zu->ranges.nr;
}

/**
 * zc_sg_from_iter() - msghdr.sg_from_iter: put ranges of a loan into a skb
 * @skb: the skb
 * @from: msg_iter of a msghdr whose msg_ubuf is a loan; it stands at the same
 *	message byte as the ranges, and is advanced
 * @length: bytes wanted
 *
 * Context: process; a stream's socket is locked.
 * Return: 0, -EMSGSIZE if @skb has no fragment left, -EFAULT where the memory
 *	behind the ranges cannot be read, -EEXIST if @skb holds references.
 */
int zc_sg_from_iter(struct sk_buff *skb, struct iov_iter *from, size_t length)
{
	struct msghdr *msg = container_of(from, struct msghdr, msg_iter);
	struct zc_ubuf *zu = zc_ubuf_of(msg->msg_ubuf);
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	/* Counted from the beginning of the first range. */
	size_t pos = zu->ranges.skip + zu->given - iov_iter_count(from);
	const struct phys_vec *vec = zu->ranges.vec;
	struct zc_phys_cursor at __uninitialized;
	size_t added;

	if (!shinfo->nr_frags)
		shinfo->flags |= SKBFL_MANAGED_FRAG_REFS;
	else if (unlikely(!skb_zcopy_managed(skb)))
		return -EEXIST;

	length = min(length, iov_iter_count(from));
	if (!length)
		return 0;
	if (!zc_ubuf_seek(zu, pos))
		return zu->ranges.fault ? -EFAULT : -EMSGSIZE;

	at.pv = &vec[zu->cur];
	at.end = &vec[zu->ranges.nr];
	at.off = pos - zu->cur_off;
	at.single_pages = zu->ranges.single_pages;
	added = zc_skb_add_phys(skb, &at, length);
	if (added) {
		pos += added;
		iov_iter_advance(from, added);
		zu->lent_to = pos - zu->ranges.skip;
		zu->cur = at.pv - vec;
		zu->cur_off = pos - at.off;
	}
	if (added == length)
		return 0;
	return at.pv == at.end && zu->ranges.fault ? -EFAULT : -EMSGSIZE;
}
EXPORT_SYMBOL_IF_KUNIT(zc_sg_from_iter);

/**
 * zc_ubuf_flush() - wait for ends that were deferred
 *
 * Context: process, sleeps.
 */
void zc_ubuf_flush(void)
{
	flush_work(&zc_deferred_job);
}
EXPORT_SYMBOL_IF_KUNIT(zc_ubuf_flush);

int zc_ubuf_init(void)
{
	zc_ubuf_cache = kmem_cache_create("zc_ubuf",
					  struct_size_t(struct zc_ubuf, vec,
							ZC_LOAN_FEW),
					  0, SLAB_ACCOUNT, zc_ubuf_ctor);
	if (!zc_ubuf_cache)
		return -ENOMEM;
	zc_wq = alloc_workqueue("zerocopy", WQ_UNBOUND, 0);
	if (!zc_wq) {
		kmem_cache_destroy(zc_ubuf_cache);
		return -ENOMEM;
	}
	return 0;
}

void zc_ubuf_exit(void)
{
	destroy_workqueue(zc_wq);
	kmem_cache_destroy(zc_ubuf_cache);
}
