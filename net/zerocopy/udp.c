// SPDX-License-Identifier: GPL-2.0
/*
 * One datagram through UDP: one loan, or a copy.
 */
#include <linux/err.h>
#include <linux/socket.h>
#include <linux/udp.h>
#include <linux/uio.h>
#include <net/dst.h>
#include <net/sock.h>

#include "internal.h"

static int zc_udp_try(struct zc_call *call, struct zc_ubuf *zu)
{
	struct msghdr *msg = call->msg;
	int ret;

	msg->msg_ubuf = NULL;
	msg->msg_flags = call->flags & ~MSG_ZEROCOPY;
	if (zu) {
		zu->given = call->size;
		msg->msg_ubuf = &zu->ubuf;
		msg->sg_from_iter = zc_sg_from_iter;
		msg->msg_flags |= MSG_ZEROCOPY;
	}
	ret = call->prot->sendmsg(call->sk, msg, call->size);
	msg->msg_ubuf = NULL;
	msg->sg_from_iter = NULL;
	msg->msg_flags = call->flags;
	return ret;
}

/*
 * Whether the datagram may be lent, as far as one can see beforehand: a kernel
 * caller's loan may cost a copy, and IP would make another.
 */
static bool zc_udp_route_lends(const struct zc_call *call)
{
	const struct sock *sk = call->sk;
	const struct dst_entry *dst;
	bool lends;

	rcu_read_lock();
	dst = __sk_dst_get((struct sock *)sk);
	lends = !dst || (READ_ONCE(dst->dev)->features & NETIF_F_SG &&
			 (call->size <= dst_mtu(dst) ||
			  READ_ONCE(udp_sk(sk)->gso_size) ||
			  call->msg->msg_controllen));
	rcu_read_unlock();
	return lends;
}

/* What a program that lends too much at a time is told is for it to read. */
static bool zc_udp_fits(struct zc_call *call, const struct zc_ranges *ranges)
{
	if (call->want_notify)
		return true;
	call->copy_reason = ranges->nr > MAX_SKB_FRAGS ? ZC_COPY_PIECES :
							 ZC_COPY_WINDOW;
	return ranges->bytes >= call->size && ranges->nr <= MAX_SKB_FRAGS;
}

/**
 * zc_udp_sendmsg() - send a datagram through a plain UDP socket
 * @call: the message, at most 65535 bytes
 *
 * Context: process, sleeps if the call may block.
 * Return: bytes sent, or an errno.
 */
int zc_udp_sendmsg(struct zc_call *call)
{
	unsigned long least = DIV_ROUND_UP(call->size, PAGE_SIZE);
	struct zc_ubuf *zu = NULL;
	bool lent = false;
	int ret;

	call->timeo = sock_sndtimeo(call->sk, call->flags & MSG_DONTWAIT);
	call->blocks = call->timeo;

	call->copy_reason = call->src ? ZC_COPY_SUSPENDED : ZC_COPY_SMALL;
	if (call->src && !call->want_notify && !zc_udp_route_lends(call)) {
		call->copy_reason = ZC_COPY_ROUTE;
	} else if (call->src && !zc_call_suspended(call)) {
		zu = zc_source_lend(call, call->size, least);
		if (IS_ERR(zu))
			return PTR_ERR(zu);
		if (zu && !zc_udp_fits(call, &zu->ranges)) {
			zc_ubuf_end_call(zu, 0);
			zu = NULL;
		}
		/* A datagram cannot be lent in part. */
		if (zu && zu->ranges.bytes < call->size && !zu->ranges.fault &&
		    zu->ranges.nr < zu->ranges.max) {
			zc_ubuf_end_call(zu, 0);
			zu = NULL;
			call->copy_reason = ZC_COPY_MEMLOCK;
		}
		/*
		 * Corked by another thread while memory was pinned: a loan does
		 * not mix with what is pending, and the attempt would drop it.
		 */
		if (zu && zc_udp_is_corked(call->sk)) {
			zc_ubuf_end_call(zu, 0);
			zu = NULL;
			call->copy_reason = ZC_COPY_CORK;
		}
	}

	if (call->want_notify) {
		call->notify = zc_notify_get(call->win, call->size, NULL);
		if (!call->notify) {
			if (zu)
				zc_ubuf_end_call(zu, 0);
			return -ENOBUFS;
		}
		if (zu)
			zc_ubuf_set_notify(zu, call->notify, 0);
	}

	ret = zc_udp_try(call, zu);
	if (zu && ret > 0)
		lent = zu->lent_to;
	if (zu)
		call->copy_reason = ZC_COPY_ROUTE;

	if (ret > 0) {
		call->sent = ret;
		if (!lent) {
			zc_call_copied(call, ret, call->copy_reason);
			call->copied = true;
		}
	}
	if (call->notify && ret < 0) {
		if (zu)
			zc_ubuf_unset_notify(zu);
		zc_notify_abort(call->win, call->notify);
	} else if (call->notify && !(call->copied &&
		   zc_ubuf_follow_last(call->win, call->notify))) {
		zc_notify_put(call->win, call->notify, call->copied);
	}
	if (lent)
		zc_ubuf_set_last(zu);
	if (zu)
		zc_ubuf_end_call(zu, lent ? call->size : 0);
	return ret;
}
