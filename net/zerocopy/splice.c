// SPDX-License-Identifier: GPL-2.0
/*
 * MSG_SPLICE_PAGES: splice(), sendfile() and kernel senders that pass pages on.
 */
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/zc_bvec.h>
#include <net/sock.h>

#include "internal.h"

/**
 * zc_splice_sendmsg() - send pages that somebody passes on
 * @sk: an INET socket
 * @msg: the message, with MSG_SPLICE_PAGES and without MSG_ZEROCOPY
 * @size: bytes in @msg
 *
 * Sends it through the layer if net.zerocopy.splice says so: then the loan has
 * the references that packets have otherwise. What cannot be lent is copied.
 * Whatever the layer has no part in goes to the protocol untouched, and so does
 * what is sent by sockets with an allocation mode of their own (GFP_NOIO, ...).
 *
 * Context: process, may sleep; the socket is not locked.
 * Return: what ->sendmsg() returns. Source: S1.9.
 */
int zc_splice_sendmsg(struct sock *sk, struct msghdr *msg, size_t size)
{
	const int flags = msg->msg_flags;
	struct zc_call call = {
		.sk = sk,
		.msg = msg,
		.prot = READ_ONCE(sk->sk_prot),
		.size = size,
		.flags = flags & ~MSG_SPLICE_PAGES,
		.sweep = zc_call_sweep(),
		.spliced = true,
		.zn = zc_net(sock_net(sk)),
	};
	enum zc_pass_reason why;
	enum zc_route route;
	int ret;

	/* Storage and RPC over sockets free memory: they must not wait for it. */
	if (!READ_ONCE(call.zn->splice) || !READ_ONCE(call.zn->enabled) ||
	    sk->sk_allocation != GFP_KERNEL)
		return READ_ONCE(sk->sk_prot)->sendmsg(sk, msg, size);

	msg->msg_flags = call.flags;
	route = zc_route(sk, call.prot, msg, size, &why);
	if (route == ZC_ROUTE_PASS)
		goto pass;
	why = ZC_PASS_SUSPENDED;
	if (zc_suspended())
		goto pass;
	why = ZC_PASS_PROBE;
	if (route == ZC_ROUTE_TCP && zc_tcp_probes(sk))
		goto pass;
	why = ZC_PASS_ITER;
	if (!iov_iter_is_bvec(&msg->msg_iter))
		goto pass;

	why = ZC_PASS_NOMEM;
	call.win = zc_window_get(sk, call.zn);
	if (!call.win)
		goto pass;
	call.window = zc_net_window_pages(call.zn);
	call.src = zc_bvec_source_alloc(&msg->msg_iter);
	if (!call.src) {
		zc_window_put(call.win);
		goto pass;
	}
	ret = zc_call_run(&call, route);
	msg->msg_flags = flags;
	zc_source_put(call.src);
	zc_window_put(call.win);
	return ret;

pass:
	msg->msg_flags = flags;
	return zc_pass(sk, msg, size, call.zn, why);
}
