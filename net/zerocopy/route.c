// SPDX-License-Identifier: GPL-2.0
/*
 * Which way a MSG_ZEROCOPY message goes: through the layer, or untouched to the
 * protocol.
 */
#include <linux/errqueue.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/uio.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "internal.h"

/*
 * The plain protocols, by what a fresh socket has: not all are exported. A
 * socket that kTLS, sockmap or another owner of sk_prot has taken over, or that
 * belongs to MPTCP or UDP-Lite, has a different one. (S1.10)
 */
static const struct proto *zc_plain_tcp[2];
static const struct proto *zc_plain_udp[2];

static const struct proto *zc_plain_proto(int family, int type, int protocol)
{
	const struct proto *prot;
	struct socket *sock;

	if (sock_create_kern(&init_net, family, type, protocol, &sock))
		return NULL;
	prot = sock->sk->sk_prot;
	sock_release(sock);
	return prot;
}

/**
 * zc_route_init() - find out what plain sockets look like
 *
 * Without IPv6 there are only two kinds.
 *
 * Return: 0, or -EAFNOSUPPORT if there is no IPv4 either.
 */
int zc_route_init(void)
{
	zc_plain_tcp[0] = zc_plain_proto(PF_INET, SOCK_STREAM, IPPROTO_TCP);
	zc_plain_tcp[1] = zc_plain_proto(PF_INET6, SOCK_STREAM, IPPROTO_TCP);
	zc_plain_udp[0] = zc_plain_proto(PF_INET, SOCK_DGRAM, IPPROTO_UDP);
	zc_plain_udp[1] = zc_plain_proto(PF_INET6, SOCK_DGRAM, IPPROTO_UDP);
	return zc_plain_tcp[0] && zc_plain_udp[0] ? 0 : -EAFNOSUPPORT;
}

/**
 * zc_is_plain() - whether nobody but TCP or UDP owns a socket
 * @sk: any socket
 *
 * Return: true if its messages go through the layer, as far as that decides it.
 */
bool zc_is_plain(const struct sock *sk)
{
	const struct proto *prot = READ_ONCE(sk->sk_prot);

	return prot && (prot == zc_plain_tcp[0] || prot == zc_plain_tcp[1] ||
			prot == zc_plain_udp[0] || prot == zc_plain_udp[1]);
}

static bool zc_has_devmem(struct msghdr *msg)
{
	struct cmsghdr *cmsg;

	if (!msg->msg_controllen)
		return false;
	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return false;
		if (cmsg->cmsg_level == SOL_SOCKET &&
		    cmsg->cmsg_type == SCM_DEVMEM_DMABUF)
			return true;
	}
	return false;
}

static enum zc_route zc_route_tcp(struct sock *sk, struct msghdr *msg,
				  enum zc_pass_reason *why)
{
	if (msg->msg_flags & MSG_FASTOPEN ||
	    inet_test_bit(DEFER_CONNECT, sk)) {
		*why = ZC_PASS_FASTOPEN;
		return ZC_ROUTE_PASS;
	}
	/* Behind a shutdown the protocol says EPIPE either way. */
	if ((1 << READ_ONCE(sk->sk_state)) &
	    (TCPF_SYN_SENT | TCPF_SYN_RECV | TCPF_NEW_SYN_RECV | TCPF_LISTEN |
	     TCPF_CLOSE)) {
		*why = ZC_PASS_STATE;
		return ZC_ROUTE_PASS;
	}
	if (tcp_sk(sk)->repair) {
		*why = ZC_PASS_REPAIR;
		return ZC_ROUTE_PASS;
	}
	return ZC_ROUTE_TCP;
}

/**
 * zc_udp_is_corked() - whether the next datagram is added to what is pending
 * @sk: a UDP socket, not locked
 *
 * Return: true if so, as far as one can see without the lock.
 */
bool zc_udp_is_corked(const struct sock *sk)
{
	return udp_test_bit(CORK, sk) || READ_ONCE(udp_sk(sk)->pending);
}

static enum zc_route zc_route_udp(struct sock *sk, struct msghdr *msg,
				  size_t size, enum zc_pass_reason *why)
{
	if (msg->msg_flags & MSG_MORE || zc_udp_is_corked(sk)) {
		*why = ZC_PASS_CORK;
		return ZC_ROUTE_PASS;
	}
	if (size > U16_MAX) {
		*why = ZC_PASS_SIZE;
		return ZC_ROUTE_PASS;
	}
	return ZC_ROUTE_UDP;
}

/**
 * zc_route() - decide which way a message goes
 * @sk: the socket, not locked
 * @prot: its sk_prot
 * @msg: the message, with MSG_ZEROCOPY set
 * @size: its bytes
 * @why: set if it passes
 *
 * Return: a protocol of the layer, or ZC_ROUTE_PASS.
 */
enum zc_route zc_route(struct sock *sk, const struct proto *prot,
		       struct msghdr *msg, size_t size,
		       enum zc_pass_reason *why)
{
	bool tcp = prot == zc_plain_tcp[0] || prot == zc_plain_tcp[1];
	bool udp = prot == zc_plain_udp[0] || prot == zc_plain_udp[1];

	*why = ZC_PASS_PROTO;
	if (!prot || (!tcp && !udp))
		return ZC_ROUTE_PASS;
	*why = ZC_PASS_UBUF;
	if (msg->msg_ubuf)
		return ZC_ROUTE_PASS;
	*why = ZC_PASS_SPLICE;
	if (msg->msg_flags & MSG_SPLICE_PAGES)
		return ZC_ROUTE_PASS;
	*why = ZC_PASS_SIZE;
	if (!size)
		return ZC_ROUTE_PASS;
	*why = ZC_PASS_DEVMEM;
	if (zc_has_devmem(msg))
		return ZC_ROUTE_PASS;

	return tcp ? zc_route_tcp(sk, msg, why) :
		     zc_route_udp(sk, msg, size, why);
}
