// SPDX-License-Identifier: GPL-2.0
/*
 * The layer's two ways in: a program's MSG_ZEROCOPY send, and a kernel caller
 * that brings its own source.
 */
#include <linux/module.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/zc_kseg.h>
#include <linux/zc_user.h>
#include <net/inet_common.h>
#include <net/inet_connection_sock.h>
#include <net/inet_sock.h>
#include <net/sock.h>
#include <zc_lends.h>

#include "internal.h"

static bool zc_is_suspended;
static unsigned int zc_sweeps;		/* suspensions so far */
static DEFINE_MUTEX(zc_suspend_lock);

/**
 * zc_suspended() - whether the entry is about to go away
 *
 * Return: true if so; asked before a call begins.
 */
bool zc_suspended(void)
{
	return READ_ONCE(zc_is_suspended);
}

/**
 * zc_call_suspended() - whether the entry has gone, or is about to, since a call
 *	began
 * @call: the call
 *
 * Stays true when the layer resumes: then the entry may have gone, and the stock
 * path may be behind this call. Looked at under the socket lock: zc_suspend()
 * visits each socket under it.
 *
 * Return: true if so.
 */
bool zc_call_suspended(const struct zc_call *call)
{
	return READ_ONCE(zc_sweeps) != call->sweep;
}

/**
 * zc_suspend() - leave every socket as the stock path expects it
 *
 * From now on messages pass, what is left of those under way is copied, and no
 * unsent tail carries a ubuf_info of the layer. Loans end when they end. Sockets
 * whose locks are not to be had within a second are left as they are.
 *
 * Context: process, sleeps.
 */
void zc_suspend(void)
{
	unsigned long deadline = jiffies + HZ;
	struct zc_window *win;
	unsigned int pos = 0;

	mutex_lock(&zc_suspend_lock);
	WRITE_ONCE(zc_is_suspended, true);
	/* To zc_call_sweep(): whoever begins with this number finds that set. */
	smp_store_release(&zc_sweeps, zc_sweeps + 1);
	while ((win = zc_window_next(zc_sweeps, &pos))) {
		/* If it fails, that socket's next stock send says ENOBUFS. */
		if (win->sk->sk_protocol == IPPROTO_TCP)
			zc_tail_make_private_until(win->sk, deadline);
		zc_window_put(win);
		cond_resched();
	}
	zc_window_reap(true);
	mutex_unlock(&zc_suspend_lock);
}
EXPORT_SYMBOL_NS_GPL(zc_suspend, "ZEROCOPY");

/**
 * zc_resume() - the entry stays after all
 *
 * Context: any.
 */
void zc_resume(void)
{
	WRITE_ONCE(zc_is_suspended, false);
}
EXPORT_SYMBOL_NS_GPL(zc_resume, "ZEROCOPY");

/**
 * zc_call_sweep() - for zc_call_suspended(), when a call begins
 *
 * Return: the number of suspensions so far.
 */
unsigned int zc_call_sweep(void)
{
	/* Of zc_suspend(): what comes with a number finds the layer suspended. */
	return smp_load_acquire(&zc_sweeps);
}

/**
 * zc_call_run() - send a message through the layer
 * @call: the message, with its source, its window and what that may hold
 * @route: which way
 *
 * Context: process, may sleep; the socket is not locked.
 * Return: what ->sendmsg() returns.
 */
int zc_call_run(struct zc_call *call, enum zc_route route)
{
	int ret;

	zc_call_set_budget(call);
	ret = route == ZC_ROUTE_TCP ? zc_tcp_sendmsg(call) :
				      zc_udp_sendmsg(call);
	/* Somebody took the socket over, and nothing was sent yet. */
	if (ret == -ESTALE) {
		call->copied = true;
		return READ_ONCE(call->sk->sk_prot)->sendmsg(call->sk,
							     call->msg,
							     call->size);
	}
	if (ret > 0) {
		zc_count(call->zn, ZC_STAT_SENDS, 1);
		zc_count(call->zn, ZC_STAT_BYTES, ret);
	}
	return ret;
}

/**
 * zc_pass() - hand a message to the protocol as it came
 * @sk: the socket, not locked
 * @msg: the message
 * @size: its bytes
 * @zn: the namespace's share
 * @why: the reason, which is counted
 *
 * Context: process, may sleep.
 * Return: what ->sendmsg() returns.
 */
int zc_pass(struct sock *sk, struct msghdr *msg, size_t size, struct zc_net *zn,
	    enum zc_pass_reason why)
{
	struct zc_window *win;
	int err;

	zc_count(zn, ZC_STAT_PASSED + why, 1);
	trace_zc_pass(sk, size, why);

	/* Rule 5: the stock path must not meet a loan in the unsent tail. */
	if (sk->sk_protocol == IPPROTO_TCP && size && !msg->msg_ubuf &&
	    sock_flag(sk, SOCK_ZEROCOPY)) {
		win = zc_window_find(sk);
		if (win) {
			err = zc_tail_make_private(sk);
			zc_window_put(win);
			if (err)
				return err;
		}
	}
	return READ_ONCE(sk->sk_prot)->sendmsg(sk, msg, size);
}

/*
 * A socket that is switched off with loans in its unsent tail stays with us
 * until that is sent: then nothing has to be copied, and no id comes early.
 */
static bool zc_is_draining(struct sock *sk)
{
	struct zc_window *win;
	bool draining;

	if (sk->sk_protocol != IPPROTO_TCP)
		return false;
	win = zc_window_find(sk);
	if (!win)
		return false;
	draining = zc_tail_is_ours(sk);
	zc_window_put(win);
	return draining;
}

/**
 * zc_entry_sendmsg() - take a MSG_ZEROCOPY send off an INET socket's hands
 * @sock: the socket
 * @msg: the message, with MSG_ZEROCOPY or MSG_SPLICE_PAGES set; msg_flags and
 *	msg_iter as ->sendmsg() gets them
 * @size: bytes in @msg
 *
 * Sends it through the layer, or passes it to the protocol untouched.
 *
 * Context: process, may sleep; the socket is not locked. The caller must not
 *	go away while this runs: where it is reached by a tail call, it holds
 *	the module itself from its first instructions on.
 * Return: what ->sendmsg() returns. Source: S1.4, S1.5.
 */
int zc_entry_sendmsg(struct socket *sock, struct msghdr *msg, size_t size)
{
	struct sock *sk = sock->sk;
	struct zc_call call = {
		.sk = sk,
		.msg = msg,
		.prot = READ_ONCE(sk->sk_prot),
		.size = size,
		.flags = msg->msg_flags,
		.sweep = zc_call_sweep(),
		.want_notify = true,
	};
	enum zc_pass_reason why;
	enum zc_route route;
	int ret;

	if (!ZC_ENTRY_HOLDS_MODULE)
		__module_get(THIS_MODULE);
	if (unlikely(!(msg->msg_flags & MSG_ZEROCOPY))) {
		ret = zc_splice_sendmsg(sk, msg, size);
		goto out;
	}
	route = zc_route(sk, call.prot, msg, size, &why);
	if (likely(route != ZC_ROUTE_PASS))
		call.win = zc_window_find(sk);
	call.zn = likely(call.win) ? call.win->zn : zc_net(sock_net(sk));

	if (likely(route != ZC_ROUTE_PASS)) {
		if (!sock_flag(sk, SOCK_ZEROCOPY))
			why = ZC_PASS_NOSOCKOPT;
		else if (zc_suspended())
			why = ZC_PASS_SUSPENDED;
		else if (!READ_ONCE(call.zn->enabled) && !zc_is_draining(sk))
			why = ZC_PASS_DISABLED;
		else if (!iter_is_ubuf(&msg->msg_iter) &&
			 !iter_is_iovec(&msg->msg_iter))
			why = ZC_PASS_ITER;
		else
			goto take;
	}
	goto pass;

take:
	why = ZC_PASS_NOMEM;
	if (unlikely(!call.win))
		call.win = zc_window_get(sk, call.zn);
	if (!call.win)
		goto pass;
	call.window = zc_net_window_pages(call.zn);
	if (likely(size >= READ_ONCE(call.zn->min_bytes))) {
		call.src = zc_user_source_alloc(&msg->msg_iter, call.window,
						&call.win->idle_src);
		if (!call.src)
			goto pass;
	}

	ret = zc_call_run(&call, route);
	if (likely(call.src))
		zc_source_put(call.src);
	goto out;

pass:
	ret = zc_pass(sk, msg, size, call.zn, why);
out:
	if (call.win)
		zc_window_put(call.win);
	if (!ZC_ENTRY_HOLDS_MODULE)
		module_put(THIS_MODULE);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(zc_entry_sendmsg, "ZEROCOPY");

/* The same for inet_zerocopy_register(), in memory that stays for the call. */
const struct inet_zerocopy_ops zc_entry_ops = {
	.owner = THIS_MODULE,
	.sendmsg = zc_entry_sendmsg,
};
EXPORT_SYMBOL_NS_GPL(zc_entry_ops, "ZEROCOPY");

/**
 * zc_tcp_probes() - whether a TCP socket may send more than its loans keep
 * @sk: the socket
 *
 * A probe of the path's MTU is made of a packet's fragments without its loan: it
 * would come back before it is sent. What a program lends stays its own, but the
 * kernel's memory has somebody else as its next user.
 *
 * Return: true if so: then only a program's memory may be lent to it.
 */
bool zc_tcp_probes(const struct sock *sk)
{
	return !ZC_LENDS_UNCOUNTED && inet_csk(sk)->icsk_mtup.enabled;
}

static int zc_call_kernel(struct zc_call *call, struct socket *sock)
{
	struct msghdr *msg = call->msg;
	enum zc_route route = ZC_ROUTE_PASS;
	struct sock *sk = sock->sk;
	enum zc_pass_reason why;
	int ret;

	msg->msg_flags &= ~(MSG_ZEROCOPY | MSG_SPLICE_PAGES);
	call->flags = msg->msg_flags;
	if (!call->src)
		return sock_sendmsg(sock, msg);

	call->zn = zc_net(sock_net(sk));
	why = ZC_PASS_PROTO;
	if (sk->sk_family == AF_INET || sk->sk_family == AF_INET6)
		route = zc_route(sk, call->prot, msg, call->size, &why);
	if (route != ZC_ROUTE_PASS && zc_suspended()) {
		why = ZC_PASS_SUSPENDED;
		route = ZC_ROUTE_PASS;
	} else if (route != ZC_ROUTE_PASS && !inet_sk(sk)->inet_num) {
		/* sock_sendmsg() finds it a port. */
		why = ZC_PASS_STATE;
		route = ZC_ROUTE_PASS;
	}
	if (route == ZC_ROUTE_TCP && zc_tcp_probes(sk)) {
		why = ZC_PASS_PROBE;
		route = ZC_ROUTE_PASS;
	}
	if (route == ZC_ROUTE_PASS) {
		zc_count(call->zn, ZC_STAT_PASSED + why, 1);
		trace_zc_pass(sk, call->size, why);
		call->copied = true;
		return sock_sendmsg(sock, msg);
	}

	call->window = zc_net_window_pages(call->zn);
	call->win = zc_window_get(sk, call->zn);
	if (!call->win)
		return -ENOMEM;
	ret = zc_call_run(call, route);
	zc_window_put(call->win);
	return ret;
}

/**
 * zc_sendmsg() - send a message of lent memory
 * @sock: any socket
 * @msg: the message. msg_iter describes the same bytes as @src, in memory that
 *	can be copied from: that is what happens where nothing can be lent
 * @src: who lends, or NULL. The caller keeps its reference; ops->release may
 *	run long after this call
 *
 * Without a source the message is copied, and the caller may use its memory
 * again at once. With one that holds for what ops->cleanup has given back.
 * No notification goes to the error queue.
 *
 * Context: process, may sleep; the socket is not locked.
 * Return: bytes sent, which may be fewer than the message has, or an errno if
 *	none were. Source: S1.1, S1.4.
 */
int zc_sendmsg(struct socket *sock, struct msghdr *msg, struct zc_source *src)
{
	struct zc_call call = {
		.sk = sock->sk,
		.msg = msg,
		.prot = READ_ONCE(sock->sk->sk_prot),
		.src = src,
		.size = msg_data_left(msg),
		.sweep = zc_call_sweep(),
	};
	int ret = zc_call_kernel(&call, sock);

	if (src && src->ops->sent)
		src->ops->sent(src, max(ret, 0), call.copied);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(zc_sendmsg, "ZEROCOPY");

/**
 * __zc_send_ksegs() - send segments of kernel memory as one message
 * @sock: any socket
 * @msg: the message; msg_iter is set up here
 * @segs: its segments
 * @nr: how many
 * @owner: module that the callbacks are in
 *
 * Use zc_send_ksegs(). Whatever it returns, the cleanup of each segment is called
 * exactly once: for what was sent, as soon as it is no longer in the network's
 * hands; for what was not, before this returns. Segments without one are the
 * caller's again on return.
 *
 * To go on after a short count, or to keep what was not sent, make a source of
 * the segments with zc_kseg_source_alloc() and send that as often as it takes.
 *
 * Context: process, may sleep; the socket is not locked.
 * Return: bytes sent, which may be fewer than the message has, or an errno if
 *	none were: as ->sendmsg(), or as zc_kseg_source_alloc(). Source: S2.1.
 */
int __zc_send_ksegs(struct socket *sock, struct msghdr *msg,
		    const struct zc_kseg *segs, unsigned int nr,
		    struct module *owner)
{
	struct zc_source *src;
	int ret;

	src = __zc_kseg_source_alloc(segs, nr, owner);
	if (IS_ERR(src)) {
		zc_kseg_give_back(segs, nr);
		return PTR_ERR(src);
	}
	zc_kseg_iter(src, &msg->msg_iter);
	ret = zc_sendmsg(sock, msg, src);
	zc_kseg_end(src);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(__zc_send_ksegs, "ZEROCOPY");
