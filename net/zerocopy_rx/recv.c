// SPDX-License-Identifier: GPL-2.0
/*
 * What has come: from sockets into buffers, and onto the ring. All of it in the
 * context of who asks for it; and as buffers and rings are memory that is held,
 * nothing fails once the socket's data is consumed.
 */
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <linux/zc_area.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "internal.h"

/* Bytes that one socket may have before it is the next one's turn. */
#define ZC_RX_TURN		BIT(20)
/* The same, if nobody may sleep. */
#define ZC_RX_TURN_BH		(128U << 10)
/* Bytes that one call receives, or little more. */
#define ZC_RX_CALL		(8U << 20)
/* Pieces of memory that are written to at a time. */
#define ZC_RX_PIECES		16

/**
 * struct zc_rx_pass - one turn of one socket
 * @rx: the receiver
 * @rs: the socket
 * @atomic: nobody may sleep
 * @from: what is copied lies in this area, not in a skb; or NULL
 * @base: and there, from here on
 * @stop: why it ended before there was nothing left: -ENOBUFS, -ENOSPC, or
 *	another errno that is the end of the socket
 */
struct zc_rx_pass {
	struct zc_rx		*rx;
	struct zc_rx_sock	*rs;
	bool			atomic;
	struct zc_rx_area	*from;
	u64			base;
	int			stop;
};

static_assert((int)ZC_RX_COPY_UNBOUND == ZEROCOPY_RX_WHY_UNBOUND);
static_assert((int)ZC_RX_COPY_RESERVE == ZEROCOPY_RX_WHY_RESERVE);

static void zc_rx_buffer_trace(const struct zc_rx_area *area, u32 buffer,
			       enum zc_rx_buffer_reason why)
{
	trace_zc_rx_buffer(area->id, buffer,
			   area->buffers.users[buffer] & ZC_RX_USERS, why);
}

/* ---- buffers to copy to ---- */

/**
 * zc_rx_stop_filling() - nothing more is copied to the current buffer
 * @rx: the receiver
 * @why: for the trace
 *
 * Context: any, with the receiver's mutex.
 */
void zc_rx_stop_filling(struct zc_rx *rx, enum zc_rx_buffer_reason why)
{
	if (!rx->fill)
		return;
	zc_rx_buffer_trace(rx->fill, rx->buffer, why);
	zc_rx_buffer_done(&rx->fill->buffers, rx->buffer);
	rx->fill = NULL;
}

/* The next buffer, of the first area that has one. */
static bool zc_rx_start_filling(struct zc_rx *rx)
{
	u32 i;

	for (i = 0; i < rx->nr_areas; i++) {
		struct zc_rx_area *area = rx->areas[i];

		if (!area->usable ||
		    !zc_rx_buffer_take(&area->buffers, &rx->buffer))
			continue;
		rx->fill = area;
		rx->used = 0;
		zc_rx_buffer_trace(area, rx->buffer, ZC_RX_BUFFER_TAKE);
		return true;
	}
	return false;
}

static u32 zc_rx_fill_size(const struct zc_rx *rx)
{
	return 1U << rx->fill->shift;
}

static u64 zc_rx_fill_offset(const struct zc_rx *rx)
{
	return ((u64)rx->buffer << rx->fill->shift) + rx->used;
}

/* May bytes that are written next be added to the last record? */
static bool zc_rx_may_extend(const struct zc_rx_pass *pass, u16 flags,
			     u16 reason)
{
	const struct zc_rx *rx = pass->rx;
	const struct zerocopy_rx_frag *last = &rx->ring.last;

	return rx->ring.open && rx->fill && last->cookie == pass->rs->cookie &&
	       last->flags == flags && last->reason == reason &&
	       last->index == rx->fill->index && last->token == rx->buffer &&
	       last->offset + last->length == zc_rx_fill_offset(rx);
}

/*
 * Find room for bytes that are to be copied: returns how much there is in one
 * piece of memory, or 0 with pass->stop. Nothing but the current buffer changes.
 */
static u32 zc_rx_place(struct zc_rx_pass *pass, u32 want, bool extend)
{
	struct zc_rx *rx = pass->rx;

	if (rx->fill) {
		if (!extend)
			rx->used = ALIGN(rx->used, ZC_RX_ALIGN);
		if (rx->used < zc_rx_fill_size(rx) &&
		    (extend || rx->ring.room))
			return min(want, zc_rx_fill_size(rx) - rx->used);
	}
	if (!rx->ring.room) {
		pass->stop = -ENOSPC;
		return 0;
	}
	zc_rx_stop_filling(rx, ZC_RX_BUFFER_FULL);
	if (!zc_rx_start_filling(rx)) {
		pass->stop = -ENOBUFS;
		return 0;
	}
	return min(want, zc_rx_fill_size(rx));
}

/* ---- records ---- */

static void zc_rx_record(struct zc_rx_pass *pass,
			 struct zerocopy_rx_frag *frag)
{
	struct zc_rx *rx = pass->rx;

	frag->cookie = pass->rs->cookie;
	zc_rx_ring_add(&rx->ring, frag);
}

/* Bytes of the socket are where the program will look for them. */
static void zc_rx_account(struct zc_rx_pass *pass, u32 bytes, u16 flags,
			  u16 reason)
{
	struct zc_rx_sock *rs = pass->rs;
	struct zc_rx *rx = pass->rx;

	rx->ring.bytes += bytes;
	rs->bytes += bytes;
	if (!(flags & ZEROCOPY_RX_COPIED))
		return;
	rx->ring.copied += bytes;
	rs->copied += bytes;
	zc_rx_count(rx->net, ZC_RX_STAT_COPIED + reason, 1);
	zc_rx_count(rx->net, ZC_RX_STAT_COPIED_BYTES, bytes);
	trace_zc_rx_copy(rs->cookie, bytes, reason);
}

/* ---- copies ---- */

static int zc_rx_copy_kernel(struct zc_rx *rx, const struct sk_buff *skb,
			     unsigned int offset, u32 len)
{
	u64 at = zc_rx_fill_offset(rx);
	struct kvec vec[ZC_RX_PIECES];
	struct iov_iter to;

	while (len) {
		u32 n = 0, i;
		size_t piece;

		for (i = 0; i < ZC_RX_PIECES && n < len; i++) {
			vec[i].iov_base = zc_area_kaddr(rx->fill->area, at + n,
							&piece);
			vec[i].iov_len = min_t(size_t, piece, len - n);
			n += vec[i].iov_len;
		}
		iov_iter_kvec(&to, ITER_DEST, vec, i, n);
		if (skb_copy_datagram_iter(skb, offset, &to, n))
			return -EFAULT;
		offset += n;
		at += n;
		len -= n;
	}
	return 0;
}

/* Both are held, and what a NIC has filled needs no sync. */
static void zc_rx_copy_area(struct zc_rx_pass *pass, unsigned int offset,
			    u32 len)
{
	u64 from = pass->base + offset, to = zc_rx_fill_offset(pass->rx);

	while (len) {
		size_t n, m;
		void *dst = zc_area_kaddr(pass->rx->fill->area, to, &n);
		void *src = zc_area_kaddr(pass->from->area, from, &m);

		n = min3(n, m, (size_t)len);
		memcpy(dst, src, n);
		from += n;
		to += n;
		len -= n;
	}
}

/*
 * Into the current buffer: through the program's own mapping if it is the
 * program that asks, as recv() would; else, or if that mapping does not have it
 * so, through the kernel's.
 */
static int zc_rx_copy_out(struct zc_rx_pass *pass, const struct sk_buff *skb,
			  unsigned int offset, u32 len)
{
	struct zc_rx *rx = pass->rx;
	struct iov_iter to;
	void __user *addr;

	if (pass->from) {
		zc_rx_copy_area(pass, offset, len);
		return 0;
	}
	if (!pass->atomic &&
	    zc_area_user(rx->fill->area, zc_rx_fill_offset(rx), &addr)) {
		iov_iter_ubuf(&to, ITER_DEST, addr, len);
		if (!skb_copy_datagram_iter(skb, offset, &to, len))
			return 0;
	}
	return zc_rx_copy_kernel(rx, skb, offset, len);
}

/* Returns how many bytes were taken, 0 with pass->stop. */
static u32 zc_rx_copy(struct zc_rx_pass *pass, const struct sk_buff *skb,
		      unsigned int offset, u32 len, u16 reason)
{
	struct zc_rx *rx = pass->rx;
	struct zc_rx_sock *rs = pass->rs;
	u16 flags = ZEROCOPY_RX_COPIED;
	u32 done = 0;

	if (reason == ZEROCOPY_RX_WHY_LINEAR)
		flags |= ZEROCOPY_RX_LINEAR;
	while (done < len) {
		bool extend = zc_rx_may_extend(pass, flags, reason);
		u32 n = zc_rx_place(pass, len - done, extend);

		if (!n)
			break;
		/* A new buffer begins a new record. */
		extend = extend && rx->used;
		pass->stop = zc_rx_copy_out(pass, skb, offset + done, n);
		if (pass->stop)
			break;
		if (extend) {
			rx->ring.last.length += n;
		} else {
			struct zerocopy_rx_frag frag = {
				.offset = zc_rx_fill_offset(rx),
				.length = n,
				.index = rx->fill->index,
				.token = rx->buffer,
				.flags = flags,
				.reason = reason,
			};

			zc_rx_record(pass, &frag);
			zc_rx_buffer_hand_out(&rx->fill->buffers, rx->buffer);
			zc_rx_buffer_trace(rx->fill, rx->buffer,
					   ZC_RX_BUFFER_HAND_OUT);
			rx->ring.fragments++;
		}
		rx->used += n;
		done += n;
		rs->index = rx->fill->index;
	}
	if (done) {
		zc_rx_account(pass, done, flags, reason);
		rs->backend = ZEROCOPY_RX_COPY;
	}
	return done;
}

/* ---- what needs no copy ---- */

/* A fragment that the host cannot read: it is in one of our areas, or it is not. */
static u32 zc_rx_take_frag(struct zc_rx_pass *pass, const skb_frag_t *frag,
			   u32 offset, u32 len)
{
	struct zc_rx *rx = pass->rx;
	struct zc_rx_claim claim;

	if (!rx->ring.room) {
		pass->stop = -ENOSPC;
		return 0;
	}
	if (!zc_rx_claim(rx, frag, offset, len, &claim)) {
		pass->stop = -EFAULT;
		return 0;
	}
	if (claim.copy) {
		pass->from = claim.area;
		pass->base = claim.offset;
		len = zc_rx_copy(pass, NULL, 0, len, ZEROCOPY_RX_WHY_RESERVE);
		pass->from = NULL;
		return len;
	}
	*zc_rx_ring_slot(&rx->ring) = (struct zerocopy_rx_frag) {
		.cookie = pass->rs->cookie,
		.offset = claim.offset,
		.length = len,
		.index = claim.area->index,
		.token = claim.token,
	};
	trace_zc_rx_buffer(claim.area->id, claim.token, 0,
			   ZC_RX_BUFFER_CLAIM);
	rx->ring.fragments++;
	zc_rx_account(pass, len, 0, 0);
	pass->rs->backend = claim.area->backend->kind;
	pass->rs->index = claim.area->index;
	return len;
}

/* An skb whose fragments cannot be read; its head can. */
static u32 zc_rx_take(struct zc_rx_pass *pass, const struct sk_buff *skb,
		      u32 offset, u32 len)
{
	u32 start = skb_headlen(skb), done = 0, n, got;
	const struct sk_buff *part;
	int i;

	if (offset < start) {
		n = min(len, start - offset);
		done = zc_rx_copy(pass, skb, offset, n,
				  ZEROCOPY_RX_WHY_LINEAR);
		if (done < n)
			return done;
	}
	for (i = 0; i < skb_shinfo(skb)->nr_frags && done < len; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];
		u32 end = start + skb_frag_size(frag);

		if (offset + done < end) {
			n = min(len - done, end - offset - done);
			got = zc_rx_take_frag(pass, frag, offset + done - start,
					      n);
			done += got;
			if (got < n)
				return done;
		}
		start = end;
	}
	skb_walk_frags(skb, part) {
		u32 end = start + part->len;

		if (done == len)
			break;
		if (offset + done < end) {
			n = min(len - done, end - offset - done);
			got = zc_rx_take(pass, part, offset + done - start, n);
			done += got;
			if (got < n)
				return done;
		}
		start = end;
	}
	return done;
}

/*
 * An skb in the host's memory. Where no NIC fills areas there is one reason for
 * all of it; otherwise the program may want to know what the NIC should have
 * split.
 */
static u32 zc_rx_take_host(struct zc_rx_pass *pass, const struct sk_buff *skb,
			   u32 offset, u32 len)
{
	u32 head = skb_headlen(skb), done = 0;

	if (!pass->rx->nr_bound)
		return zc_rx_copy(pass, skb, offset, len,
				  ZEROCOPY_RX_WHY_UNBOUND);
	if (offset < head) {
		u32 n = min(len, head - offset);

		done = zc_rx_copy(pass, skb, offset, n,
				  ZEROCOPY_RX_WHY_LINEAR);
		if (done < n)
			return done;
	}
	if (done < len)
		done += zc_rx_copy(pass, skb, offset + done, len - done,
				   ZEROCOPY_RX_WHY_HOST);
	return done;
}

/* For tcp_read_sock(): returns what was taken, less than @len to stop. */
static int zc_rx_actor(read_descriptor_t *desc, struct sk_buff *skb,
		       unsigned int offset, size_t len)
{
	struct zc_rx_pass *pass = desc->arg.data;
	u32 done;

	len = min(len, desc->count);
	if (!len || pass->stop)
		return 0;
	if (likely(skb_frags_readable(skb)))
		done = zc_rx_take_host(pass, skb, offset, len);
	else
		done = zc_rx_take(pass, skb, offset, len);
	desc->count -= done;
	return done;
}

/* ---- sockets ---- */

static void zc_rx_tell(struct zc_rx_pass *pass, u16 flags, u64 offset, int err)
{
	struct zerocopy_rx_frag frag = {
		.offset = offset,
		.flags = flags,
		.reason = err,
	};

	zc_rx_record(pass, &frag);
}

/* Urgent data stops tcp_read_sock(): pass over it, as recv() does. */
static bool zc_rx_skip_urgent(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (likely(!tp->urg_data) || tp->urg_seq != tp->copied_seq ||
	    !before(tp->copied_seq, tp->rcv_nxt))
		return false;
	if (!sock_flag(sk, SOCK_URGINLINE))
		tcp_read_done(sk, 1);
	WRITE_ONCE(tp->urg_data, 0);
	tcp_fast_path_check(sk);
	return true;
}

/* Whether nothing more can come behind what is queued. */
static bool zc_rx_at_end(const struct sock *sk)
{
	return sk->sk_shutdown & RCV_SHUTDOWN || sk->sk_state == TCP_CLOSE ||
	       sock_flag(sk, SOCK_DONE);
}

/* With the socket locked. Returns whether there may be more in it. */
static bool zc_rx_read(struct zc_rx_pass *pass, struct sock *sk)
{
	read_descriptor_t desc = {
		.arg.data = pass,
		.count = pass->atomic ? ZC_RX_TURN_BH : ZC_RX_TURN,
	};

	do {
		tcp_read_sock(sk, &desc, zc_rx_actor);
	} while (!pass->stop && desc.count && zc_rx_skip_urgent(sk));
	return !pass->stop && !desc.count;
}

static void zc_rx_end(struct zc_rx_pass *pass, int err)
{
	struct zc_rx_sock *rs = pass->rs;

	if (!pass->rx->ring.room) {
		pass->stop = -ENOSPC;
		return;
	}
	zc_rx_tell(pass, ZEROCOPY_RX_EOF, 0, err);
	rs->eof = true;
	trace_zc_rx_sock(pass->rx, rs->cookie, rs->bytes, ZC_RX_SOCK_EOF);
}

/*
 * One turn of a socket that is no longer on the list. Returns whether it belongs
 * there again; pass->stop says why nobody need try it right now.
 */
static bool zc_rx_turn(struct zc_rx_pass *pass, struct sock *sk)
{
	struct zc_rx_sock *rs = pass->rs;
	bool more = false;

	if (!rs->told) {
		if (!pass->rx->ring.room) {
			pass->stop = -ENOSPC;
			return true;
		}
		zc_rx_tell(pass, ZEROCOPY_RX_NEW, rs->parent, 0);
		rs->told = true;
		trace_zc_rx_sock(pass->rx, rs->cookie, 0, ZC_RX_SOCK_NEW);
	}
	if (rs->eof)
		return false;
	if (!sk) {
		zc_rx_end(pass, rs->err);
	} else {
		pass->atomic = zc_rx_lock_sock(sk);
		more = zc_rx_read(pass, sk);
		if (pass->stop == -EFAULT)
			zc_rx_end(pass, EFAULT);
		else if (!more && !pass->stop && zc_rx_at_end(sk))
			zc_rx_end(pass, sk->sk_err);
		zc_rx_unlock_sock(sk, pass->atomic);
	}
	if (pass->stop == -EFAULT)
		pass->stop = 0;
	return more || pass->stop;
}

/* The next socket on the list, with a reference; NULL at the end. */
static struct zc_rx_sock *zc_rx_next(struct zc_rx *rx, struct sock **skp)
{
	struct zc_rx_sock *rs;

	spin_lock_bh(&rx->lock);
	rs = list_first_entry_or_null(&rx->ready, struct zc_rx_sock, ready);
	if (rs) {
		list_del_init(&rs->ready);
		WRITE_ONCE(rs->queued, false);
		*skp = rs->sk;
		if (rs->sk)
			sock_hold(rs->sk);
	}
	spin_unlock_bh(&rx->lock);
	return rs;
}

/* Its turn is over. */
static void zc_rx_again(struct zc_rx_sock *rs, bool again, bool first)
{
	struct zc_rx *rx = rs->rx;

	spin_lock_bh(&rx->lock);
	if (rs->queued) {
		/* It has said something meanwhile. */
	} else if (again) {
		WRITE_ONCE(rs->queued, true);
		if (first)
			list_add(&rs->ready, &rx->ready);
		else
			list_add_tail(&rs->ready, &rx->ready);
	} else if (!rs->sk && list_empty(&rs->ready)) {
		/* Nothing is left of it; whoever it was has let go. */
		list_move(&rs->node, &rx->gone);
	}
	spin_unlock_bh(&rx->lock);
}

/* Returns 0, or why what is there cannot be received now. */
static int zc_rx_round(struct zc_rx *rx)
{
	u64 until = rx->ring.bytes + ZC_RX_CALL;
	struct zc_rx_sock *rs;
	struct sock *sk;

	while (rx->ring.bytes < until) {
		struct zc_rx_pass pass = { .rx = rx };
		bool again;

		rs = zc_rx_next(rx, &sk);
		if (!rs)
			return 0;
		pass.rs = rs;
		again = zc_rx_turn(&pass, sk);
		zc_rx_again(rs, again, pass.stop);
		if (sk)
			sock_put(sk);
		if (pass.stop) {
			trace_zc_rx_sock(rx, rs->cookie, rs->bytes,
					 pass.stop == -ENOBUFS ?
					 ZC_RX_SOCK_STARVED :
					 ZC_RX_SOCK_FULL);
			return pass.stop;
		}
		cond_resched();
	}
	return 0;
}

/* ---- the call ---- */

/* Whether the program had the token. */
static bool zc_rx_give_back(struct zc_rx_area *area, u32 token)
{
	bool had;

	if (token & ZC_RX_TOKEN_DEVICE)
		had = area->backend && area->backend->give_back(area, token);
	else
		had = zc_rx_buffer_return(&area->buffers, token);
	if (had)
		trace_zc_rx_buffer(area->id, token, 0,
				   ZC_RX_BUFFER_RETURN);
	return had;
}

static void zc_rx_take_refills(struct zc_rx *rx)
{
	struct zc_rx_ring *ring = &rx->ring;
	struct zerocopy_rx_refill r;
	struct zc_rx_area *area;
	unsigned int n = 0;

	while (zc_rx_ring_refill(ring, &r)) {
		area = NULL;
		if (r.index < rx->nr_areas)
			area = rx->areas[array_index_nospec(r.index,
							    rx->nr_areas)];
		if (area && zc_rx_give_back(area, r.token)) {
			n++;
			continue;
		}
		ring->bad++;
		zc_rx_count(rx->net, ZC_RX_STAT_BAD, 1);
		trace_zc_rx_buffer(area ? area->id : 0, r.token,
				   0, ZC_RX_BUFFER_BAD);
	}
	zc_rx_flush(rx);
	ring->refilled += n;
	if (n)
		zc_rx_count(rx->net, ZC_RX_STAT_REFILLED, n);
}

/* Whether there is an area that data may go to. */
static bool zc_rx_look_at_areas(struct zc_rx *rx)
{
	bool any = false;
	u32 i;

	for (i = 0; i < rx->nr_areas; i++) {
		struct zc_rx_area *area = rx->areas[i];

		area->usable = zc_area_usable(area->area);
		any |= area->usable;
	}
	if (rx->fill && !rx->fill->usable)
		zc_rx_stop_filling(rx, ZC_RX_BUFFER_LEFT);
	return any;
}

/* With the mutex. Returns how many fragments there are, or an errno. */
static int zc_rx_once(struct zc_rx *rx, u32 max)
{
	struct zc_rx_ring *ring = &rx->ring;
	u64 bytes = ring->bytes, fragments = ring->fragments;
	u32 tail = ring->tail;
	int err;

	err = zc_rx_ring_begin(ring, max);
	if (err)
		return err;
	zc_rx_take_refills(rx);
	zc_rx_reap(rx);
	if (!zc_rx_look_at_areas(rx)) {
		zc_rx_ring_end(ring);
		return -ENODEV;
	}

	err = zc_rx_round(rx);
	ring->flags &= ~ZEROCOPY_RX_STARVED;
	if (err == -ENOBUFS) {
		ring->flags |= ZEROCOPY_RX_STARVED;
		ring->starved++;
		zc_rx_count(rx->net, ZC_RX_STAT_STARVED, 1);
	} else if (err == -ENOSPC && ring->tail == tail) {
		zc_rx_count(rx->net, ZC_RX_STAT_FULL, 1);
	}
	zc_rx_ring_end(ring);
	zc_rx_count(rx->net, ZC_RX_STAT_CALLS, 1);
	zc_rx_count(rx->net, ZC_RX_STAT_BYTES, ring->bytes - bytes);
	zc_rx_count(rx->net, ZC_RX_STAT_FRAGMENTS,
		    ring->fragments - fragments);
	return ring->tail != tail ? ring->tail - tail : err;
}

/**
 * zc_rx_recv() - ZEROCOPY_IOC_RX_RECV
 * @rx: the receiver
 * @arg: what the program asks for
 * @nonblock: do not wait, for whatever
 *
 * Context: process, may sleep.
 * Return: how many fragments it added, or -EINVAL, -EAGAIN, -ENOBUFS, -ENOSPC,
 *	-ERANGE, -ENODEV, -ERESTARTSYS.
 */
long zc_rx_recv(struct zc_rx *rx, const struct zerocopy_rx_recv *arg,
		bool nonblock)
{
	int err;

	if (arg->flags & ~ZEROCOPY_RX_DONTWAIT || arg->reserved)
		return -EINVAL;
	for (;;) {
		if (nonblock && !mutex_trylock(&rx->mutex))
			return -EAGAIN;
		if (!nonblock && mutex_lock_interruptible(&rx->mutex))
			return -ERESTARTSYS;
		err = zc_rx_once(rx, arg->max);
		mutex_unlock(&rx->mutex);
		if (err)
			return err;
		if (nonblock || arg->flags & ZEROCOPY_RX_DONTWAIT)
			return -EAGAIN;
		err = wait_event_interruptible(rx->wait,
					       !list_empty_careful(&rx->ready));
		if (err)
			return err;
	}
}
