// SPDX-License-Identifier: GPL-2.0
/*
 * Before the stock MSG_ZEROCOPY path gets a socket that the layer has used: it
 * answers ENOBUFS if the skb it would append to has somebody else's ubuf_info.
 * So that skb is given a copy of its own.
 */
#include <net/sock.h>
#include <net/tcp.h>

#include "internal.h"

/* A skb of nothing but lent fragments is not charged for them; a copy is. */
static bool zc_tail_charge(struct sock *sk, struct sk_buff *skb)
{
	int extra = skb->truesize - SKB_TRUESIZE(skb_end_offset(skb));

	if (!skb_zcopy_pure(skb))
		return true;
	if (!sk_wmem_schedule(sk, extra))
		return false;
	sk_mem_charge(sk, extra);
	skb_shinfo(skb)->flags &= ~SKBFL_PURE_ZEROCOPY;
	return true;
}

/**
 * zc_tail_make_private() - let the unsent tail of a TCP socket own its data
 * @sk: a TCP socket
 *
 * The loans in it end as copied.
 *
 * Context: process, takes the socket lock.
 * Return: 0, or -ENOBUFS if there is no memory for the copy; then nothing
 *	has changed.
 */
int zc_tail_make_private(struct sock *sk)
{
	struct sk_buff *skb;
	int err = 0;

	lock_sock(sk);
	skb = tcp_write_queue_tail(sk);
	if (skb && zc_skb_is_ours(skb)) {
		struct zc_ubuf *head = zc_ubuf_of(skb_zcopy(skb))->head;
		bool was_private = head->private;

		head->private = true;
		if (!zc_tail_charge(sk, skb) ||
		    skb_copy_ubufs(skb, sk->sk_allocation)) {
			head->private = was_private;
			err = -ENOBUFS;
		}
	}
	release_sock(sk);
	return err;
}
