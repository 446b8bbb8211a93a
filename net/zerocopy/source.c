// SPDX-License-Identifier: GPL-2.0
/*
 * Getting the next loan of a message out of its source.
 */
#include <kunit/visibility.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>
#include <net/sock.h>

#include "internal.h"

/**
 * zc_source_init() - set up the common part of a source
 * @src: the source
 * @ops: the lender's callbacks
 * @limit_pages: the lender's own limit in pages, ULONG_MAX for none
 *
 * The caller owns the one reference; zc_source_put() ends in ops->release.
 */
void zc_source_init(struct zc_source *src, const struct zc_source_ops *ops,
		    unsigned long limit_pages)
{
	src->ops = ops;
	src->limit_pages = limit_pages;
	refcount_set(&src->ref, 1);
}
EXPORT_SYMBOL_NS_GPL(zc_source_init, "ZEROCOPY");

/**
 * zc_source_put() - drop a reference on a source
 * @src: the source; gone on return if that was the last one
 *
 * Context: any but hard interrupt.
 */
void zc_source_put(struct zc_source *src)
{
	if (refcount_dec_and_test(&src->ref))
		src->ops->release(src);
}
EXPORT_SYMBOL_NS_GPL(zc_source_put, "ZEROCOPY");

/**
 * zc_call_set_budget() - decide how much to lend at a time
 * @call: the message, with source and window set
 *
 * Two loans have to fit into the window: while the sender waits for one, the
 * other keeps the protocol busy.
 */
void zc_call_set_budget(struct zc_call *call)
{
	call->budget = call->window;
	if (call->src)
		call->budget = min(call->budget, call->src->limit_pages);
	call->loan_bytes = ZC_LOAN_BYTES;
	if (call->budget)
		call->loan_bytes = clamp((call->budget / 2) << PAGE_SHIFT,
					 PAGE_SIZE, ZC_LOAN_BYTES);
}
EXPORT_SYMBOL_IF_KUNIT(zc_call_set_budget);

/**
 * zc_call_copied() - bytes of a message were copied by the layer's decision
 * @call: the message
 * @bytes: how many
 * @why: the reason
 */
void zc_call_copied(struct zc_call *call, size_t bytes,
		    enum zc_copy_reason why)
{
	zc_count(call->zn, ZC_STAT_COPIED + why, 1);
	zc_count(call->zn, ZC_STAT_COPIED_BYTES, bytes);
	trace_zc_copy(call->sk, bytes, why);
}

/*
 * Memory that the lender holds in any case: nothing has to be reserved for it,
 * and nothing waited for. Returns NULL if the rest is not of that kind.
 */
static struct zc_ubuf *zc_source_borrow(struct zc_call *call)
{
	const struct zc_source_ops *ops = call->src->ops;
	struct zc_ranges ranges __uninitialized;
	struct zc_ubuf *zu;

	if (!ops->borrow || !ops->borrow(call->src, &ranges, call->sent,
					 call->size - call->sent))
		return NULL;

	zu = zc_ubuf_alloc(call->win, call->src, 0,
			   min(ZC_CHAIN_BYTES, call->loan_bytes));
	if (!zu) {
		ranges.whole = true;
		ops->cleanup(call->src, &ranges, 0, false);
		return ERR_PTR(-ENOMEM);
	}
	zu->ranges.vec = ranges.vec;
	zu->ranges.nr = ranges.nr;
	zu->ranges.bytes = ranges.bytes;
	zu->ranges.skip = ranges.skip;
	zu->ranges.single_pages = ranges.single_pages;
	zu->ranges.private = ranges.private;
	zu->ranges.whole = true;
	zc_count(call->zn, ZC_STAT_LOANS, 1);
	if (call->spliced) {
		zc_count(call->zn, ZC_STAT_SPLICE_LOANS, 1);
		zc_count(call->zn, ZC_STAT_SPLICE_BYTES, ranges.bytes);
	} else {
		zc_count(call->zn, ZC_STAT_AREA_LOANS, 1);
		zc_count(call->zn, ZC_STAT_AREA_BYTES, ranges.bytes);
	}
	return zu;
}

/* Segments of kernel memory that could not be lent. */
static void zc_source_copied(struct zc_call *call,
			     const struct zc_ranges *ranges)
{
	size_t kept = ranges->copied - ranges->unlent;

	if (ranges->unlent)
		zc_call_copied(call, ranges->unlent, ZC_COPY_UNLENT);
	if (kept)
		zc_call_copied(call, kept, ZC_COPY_MEMORY);
}

/*
 * One attempt. Returns the loan or an errno. After -ENOSPC and -ENOBUFS *least is
 * what a loan would need, and *room what to wait for: so many pages of the
 * window, or ULONG_MAX if only something that comes back can help.
 */
static struct zc_ubuf *zc_source_try(struct zc_call *call, size_t bytes,
				     unsigned long *least, unsigned long *room)
{
	unsigned long pages = DIV_ROUND_UP(bytes, PAGE_SIZE) + 1;
	struct zc_window *win = call->win;
	unsigned int nr_ranges;
	unsigned long granted;
	struct zc_ubuf *zu;
	int err;

	zu = zc_source_borrow(call);
	if (zu)
		return zu;

	/* A folio may be larger than what is asked for: leave room for some. */
	*room = max(*least, min(pages, call->budget / 2));
	granted = zc_window_reserve(win, call->budget,
				    max(pages, call->budget / 2), *room);
	if (!granted)
		return ERR_PTR(-ENOSPC);

	nr_ranges = min_t(size_t, pages + call->msg->msg_iter.nr_segs,
			  ZC_LOAN_RANGES);
	zu = zc_ubuf_alloc(win, call->src, nr_ranges,
			   min(ZC_CHAIN_BYTES, call->loan_bytes));
	if (!zu) {
		zc_window_unreserve(win, granted);
		return ERR_PTR(-ENOMEM);
	}

	err = call->src->ops->refill(call->src, &zu->ranges, call->sent, bytes,
				     granted);
	if (!err && !zu->ranges.bytes && !zu->ranges.fault)
		err = -EIO;
	zc_window_unreserve(win, granted - zu->ranges.held_pages);
	if (err) {
		*least = max(zu->ranges.need_pages, 1UL);
		*room = err == -ENOSPC ? *least : ULONG_MAX;
		zc_ubuf_end_call(zu, 0);
		return ERR_PTR(err);
	}

	pages = atomic_long_add_return(zu->ranges.held_pages,
				       &call->zn->held_pages);
	if (pages > atomic_long_read(&call->zn->held_peak)) {
		long peak = atomic_long_read(&call->zn->held_peak);

		while ((long)pages > peak &&
		       !atomic_long_try_cmpxchg(&call->zn->held_peak, &peak,
						pages))
			;
	}
	zc_ubuf_note_refs(zu);
	zc_count(call->zn, ZC_STAT_LOANS, 1);
	if (zu->ranges.copied)
		zc_source_copied(call, &zu->ranges);
	if (zu->ranges.unpinned) {
		zc_count(call->zn, ZC_STAT_AREA_LOANS, 1);
		zc_count(call->zn, ZC_STAT_AREA_BYTES, zu->ranges.unpinned);
	}
	return zu;
}

/**
 * zc_source_lend() - borrow the next piece of a message, waiting for room
 * @call: the message; @call->sent says where to go on
 * @bytes: how much of it is wanted
 * @least: pages below which a loan is of no use
 *
 * Waits only for what this socket itself has on loan, and only if the call may
 * block: other sockets' events are not ours to wait for.
 *
 * Context: process, sleeps; the socket must not be locked.
 * Return: a loan (with 0 bytes if the memory cannot be read), NULL if this
 *	piece has to be copied, for @call->copy_reason, or an errno: -EAGAIN at
 *	the deadline, -ERESTARTSYS or -EINTR.
 */
struct zc_ubuf *zc_source_lend(struct zc_call *call, size_t bytes,
			       unsigned long least)
{
	struct zc_window *win = call->win;
	struct zc_ubuf *zu;
	int err, seen;

	for (;;) {
		unsigned long room;
		long out;

		seen = atomic_read(&win->comebacks);
		zu = zc_source_try(call, bytes, &least, &room);
		if (!IS_ERR(zu))
			return zu;

		switch (PTR_ERR(zu)) {
		case -ENOSPC:
			/* The smaller of the two limits is the reason. */
			call->copy_reason =
				call->budget == call->src->limit_pages ?
				ZC_COPY_MEMLOCK : ZC_COPY_WINDOW;
			break;
		case -ENOBUFS:
			call->copy_reason = ZC_COPY_MEMLOCK;
			break;
		case -ENOMEM:
			call->copy_reason = ZC_COPY_NOMEM;
			return NULL;
		default:
			return zu;
		}
		if (least > call->budget)
			return NULL;
		/* What was out when we tried may be back by now. */
		out = atomic_long_read(&win->pages_out);
		/* Pairs with zc_window_return(): nothing out, then counted. */
		smp_rmb();
		if (atomic_read(&win->comebacks) != seen)
			continue;
		if (!call->blocks || !out)
			return NULL;

		err = zc_window_wait(win, seen, call->budget, room,
				     &call->timeo);
		if (err)
			return ERR_PTR(err);
		/* How it failed is for the protocol to say. */
		if (READ_ONCE(call->sk->sk_err) ||
		    READ_ONCE(call->sk->sk_shutdown) & SEND_SHUTDOWN)
			return NULL;
	}
}
EXPORT_SYMBOL_IF_KUNIT(zc_source_lend);
