// SPDX-License-Identifier: GPL-2.0
/*
 * One message through TCP: loan after loan, each handed to
 * tcp_sendmsg_locked() as msg_ubuf. The protocol is not asked to block; waiting
 * is done here, with one deadline for the whole call. The exception is the last
 * loan of a message with timestamps: TCP puts one wherever it stops.
 */
#include <linux/err.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "internal.h"

/* A control message that asks for no timestamp, whatever the socket is set to. */
struct zc_no_tstamp {
	struct cmsghdr	cmsg;
	u32		flags;
} __aligned(sizeof(size_t));

static void zc_tcp_control(struct zc_call *call, struct msghdr *msg, bool last,
			   struct zc_no_tstamp *none)
{
	struct sockcm_cookie sockc;

	if (last)
		return;

	/* Let a bad one fail before any byte, as it does in one piece. */
	if (msg->msg_controllen) {
		sockcm_init(&sockc, call->sk);
		if (!call->sent && sock_cmsg_send(call->sk, msg, &sockc))
			return;
		msg->msg_controllen = 0;
	}
	if (READ_ONCE(call->sk->sk_tsflags) & SOF_TIMESTAMPING_TX_RECORD_MASK) {
		none->cmsg.cmsg_level = SOL_SOCKET;
		none->cmsg.cmsg_type = SO_TIMESTAMPING_OLD;
		none->cmsg.cmsg_len = CMSG_LEN(sizeof(u32));
		none->flags = 0;
		msg->msg_control = &none->cmsg;
		msg->msg_controllen = CMSG_SPACE(sizeof(u32));
		msg->msg_control_is_user = false;
	}
}

/* Whether TCP may have to put a timestamp on the last byte of the message. */
static bool zc_tcp_stamped(const struct zc_call *call)
{
	return call->msg->msg_controllen ||
	       READ_ONCE(call->sk->sk_tsflags) & SOF_TIMESTAMPING_TX_RECORD_MASK;
}

/*
 * The message ended before the loan that was to carry its timestamp: put it
 * where the message ends now, as tcp_tx_timestamp() does.
 */
static void zc_tcp_stamp(struct zc_call *call)
{
	struct sock *sk = call->sk;
	struct sockcm_cookie sockc;
	struct sk_buff *skb;

	lock_sock(sk);
	sockcm_init(&sockc, sk);
	if (call->msg->msg_controllen)
		sock_cmsg_send(sk, call->msg, &sockc);
	skb = tcp_write_queue_tail(sk);
	if (!skb)
		skb = skb_rb_last(&sk->tcp_rtx_queue);
	if (skb && sockc.tsflags) {
		struct skb_shared_info *shinfo = skb_shinfo(skb);
		struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

		__sock_tx_timestamp(sockc.tsflags, &shinfo->tx_flags);
		if (sockc.tsflags & SOF_TIMESTAMPING_TX_ACK)
			cb->txstamp_ack |= 1;
		if (sockc.tsflags & SOF_TIMESTAMPING_TX_RECORD_MASK)
			shinfo->tskey = cb->seq + skb->len - 1;
	}
	release_sock(sk);
}

/* The notification that this call's id may be merged with. */
static struct ubuf_info *zc_tcp_prev_notify(struct sock *sk)
{
	struct sk_buff *tail = tcp_write_queue_tail(sk);

	if (!tail || !zc_skb_is_ours(tail))
		return NULL;
	return zc_ubuf_of(skb_zcopy(tail))->head->last->notify;
}

/*
 * Whether packets can be sent from fragments. TCP itself assumes so always; a
 * device that cannot has them copied when they are segmented, and tells nobody.
 */
static bool zc_tcp_route_lends(struct sock *sk)
{
	const struct dst_entry *dst;
	bool lends;

	if (!(READ_ONCE(sk->sk_route_caps) & NETIF_F_SG))
		return false;
	rcu_read_lock();
	dst = __sk_dst_get(sk);
	lends = !dst || READ_ONCE(dst->dev)->features & NETIF_F_SG;
	rcu_read_unlock();
	return lends;
}

/*
 * How much to send from one loan. Packets have room for one chain of loans, so
 * loans should end where packets do; otherwise halve what is left, so that no
 * packet of a few bytes remains.
 */
static size_t zc_tcp_piece(const struct zc_call *call, size_t left)
{
	const struct tcp_sock *tp = tcp_sk(call->sk);
	size_t goal = (size_t)READ_ONCE(tp->gso_segs) * READ_ONCE(tp->mss_cache);
	size_t size = call->loan_bytes;

	if (left <= size)
		return left;
	if (goal && size >= goal)
		return rounddown(size, goal);
	return left < 2 * size ? left / 2 : size;
}

/*
 * One attempt of the protocol, with the socket locked. An id is taken with the
 * first byte: it is given back under the same lock if none was sent.
 */
static int zc_tcp_try(struct zc_call *call, struct zc_ubuf *zu, size_t size)
{
	struct sock *sk = call->sk;
	struct sk_buff *tail;
	int ret;

	if (call->want_notify && !call->notify) {
		call->notify = zc_notify_get(call->win, call->size,
					     zc_tcp_prev_notify(sk));
		if (!call->notify)
			return -ENOBUFS;
	}
	if (zu && call->notify && !zu->notify)
		zc_ubuf_set_notify(zu, call->notify, call->sent);

	if (!zu) {
		/* What is copied starts a skb of its own: see rule 1. */
		tail = tcp_write_queue_tail(sk);
		if (tail && zc_skb_is_ours(tail))
			TCP_SKB_CB(tail)->eor = 1;
	}

	ret = tcp_sendmsg_locked(sk, call->msg, size);

	if (ret <= 0 && !call->sent && call->notify) {
		if (zu)
			zc_ubuf_unset_notify(zu);
		zc_notify_abort(call->win, call->notify);
		call->notify = NULL;
	}
	return ret;
}

/* Whether sk_stream_error() took @err out of sk->sk_err. */
static bool zc_is_sock_error(int err)
{
	switch (err) {
	case -EAGAIN:
	case -EFAULT:
	case -EINTR:
	case -ENOBUFS:
	case -ENOMEM:
	case -EPIPE:
	case -ERESTARTSYS:
		return false;
	default:
		return true;
	}
}

/*
 * Send @size bytes, out of @zu or copied. Returns the bytes sent and, in *err,
 * why there are not more.
 */
static size_t zc_tcp_send_piece(struct zc_call *call, struct zc_ubuf *zu,
				size_t size, int *err)
{
	size_t before = call->sent, lent = 0, done = 0, rest;
	struct msghdr *msg = call->msg;
	struct sock *sk = call->sk;
	int ret;

	rest = iov_iter_count(&msg->msg_iter) - size;
	iov_iter_truncate(&msg->msg_iter, size);
	msg->msg_ubuf = zu ? &zu->ubuf : NULL;
	msg->sg_from_iter = zu ? zc_sg_from_iter : NULL;
	if (zu)
		zu->given = size;

	lock_sock(sk);
	while (done < size) {
		/* A suspension that came meanwhile: only copies from here on. */
		if (zu && zc_call_suspended(call))
			break;
		/*
		 * kTLS, sockmap: what they took over is theirs to send. As in
		 * stock, a message that has begun goes on as it began.
		 */
		if (!call->sent && READ_ONCE(sk->sk_prot) != call->prot) {
			*err = -ESTALE;
			break;
		}
		/* Behind the first byte an error is left to the next call. */
		if (call->sent && (sk->sk_err ||
				   sk->sk_shutdown & SEND_SHUTDOWN)) {
			*err = -EPIPE;
			break;
		}
		if (zu)
			zu->lent_to = done;
		ret = zc_tcp_try(call, zu, size - done);
		if (ret > 0) {
			done += ret;
			call->sent += ret;
			if (zu && zu->lent_to > done - ret) {
				lent = done;
			} else {
				zc_call_copied(call, ret, zu ? ZC_COPY_ROUTE :
					       call->copy_reason);
				call->copied = true;
			}
			continue;
		}
		/* TCP has waited itself, and met an error that is not ours yet. */
		if (call->sent && zc_is_sock_error(ret))
			WRITE_ONCE(sk->sk_err, -ret);
		if (ret == -EAGAIN && call->timeo &&
		    msg->msg_flags & MSG_DONTWAIT) {
			ret = sk_stream_wait_memory(sk, &call->timeo);
			if (!ret)
				continue;
			if (!call->sent)
				ret = sk_stream_error(sk, call->flags, ret);
		}
		*err = ret;
		break;
	}
	release_sock(sk);

	msg->msg_ubuf = NULL;
	msg->sg_from_iter = NULL;
	iov_iter_reexpand(&msg->msg_iter, rest + size - done);
	if (zu)
		zc_ubuf_end_call(zu, lent);
	return call->sent - before;
}

/**
 * zc_tcp_sendmsg() - send a message through a plain TCP socket
 * @call: the message
 *
 * Loans but the last are sent with MSG_MORE, so that the message is cut into
 * packets as in one call, unless the sender would have to wait behind them.
 *
 * Context: process, sleeps if the call may block; takes the socket lock.
 * Return: bytes sent, or an errno if none were; -ESTALE if the socket is no
 *	longer a plain one.
 */
int zc_tcp_sendmsg(struct zc_call *call)
{
	struct msghdr *msg = call->msg;
	struct sock *sk = call->sk;
	bool corked = false, stamped = false;
	int err = 0;

	call->timeo = sock_sndtimeo(sk, call->flags & MSG_DONTWAIT);
	call->blocks = call->timeo;

	while (call->sent < call->size && !err) {
		size_t left = call->size - call->sent, size;
		void *control = msg->msg_control;
		size_t controllen = msg->msg_controllen;
		struct zc_no_tstamp none;
		struct zc_ubuf *zu = NULL;
		bool last, more = false;

		size = zc_tcp_piece(call, left);
		if (unlikely(!call->src)) {
			call->copy_reason = ZC_COPY_SMALL;
		} else if (zc_call_suspended(call)) {
			call->copy_reason = ZC_COPY_SUSPENDED;
		} else if (!zc_tcp_route_lends(sk)) {
			call->copy_reason = ZC_COPY_ROUTE;
		} else {
			zu = zc_source_lend(call, size, 1);
			if (IS_ERR(zu)) {
				err = PTR_ERR(zu);
				break;
			}
		}
		if (zu) {
			/* Behind a fault TCP goes as far as it always did. */
			size = zu->ranges.fault ?
				min(left, max(size, zu->ranges.bytes + 1)) :
				min(left, zu->ranges.bytes);
		}
		last = size == left;

		msg->msg_flags = call->flags | MSG_ZEROCOPY;
		if (!last || !zc_tcp_stamped(call))
			msg->msg_flags |= MSG_DONTWAIT;
		if (!zu)
			msg->msg_flags &= ~MSG_ZEROCOPY;
		if (call->sent)
			msg->msg_flags |= MSG_NOSIGNAL;
		if (!last) {
			msg->msg_flags &= ~(MSG_EOR | MSG_OOB);
			if (!zu || zc_window_room(call->win, call->budget) >=
				   call->loan_bytes >> PAGE_SHIFT)
				more = true;
		}
		if (more)
			msg->msg_flags |= MSG_MORE;
		zc_tcp_control(call, msg, last, &none);

		if (zc_tcp_send_piece(call, zu, size, &err)) {
			corked = more;
			stamped = last;
		}

		msg->msg_control = control;
		msg->msg_controllen = controllen;
	}
	msg->msg_flags = call->flags;

	if (call->sent && !stamped && zc_tcp_stamped(call))
		zc_tcp_stamp(call);
	/* An end that came early must not leave the last bytes waiting. */
	if (corked && !(call->flags & MSG_MORE) && call->sent &&
	    !(tcp_sk(sk)->nonagle & TCP_NAGLE_CORK))
		tcp_sock_set_cork(sk, false);

	if (call->notify)
		zc_notify_put(call->win, call->notify, call->copied);
	return call->sent ? call->sent : err;
}
