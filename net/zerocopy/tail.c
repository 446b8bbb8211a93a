// SPDX-License-Identifier: GPL-2.0
/*
 * Before the stock MSG_ZEROCOPY path gets a socket that the layer has used: it
 * answers ENOBUFS if the skb it would append to has somebody else's ubuf_info.
 * So that skb is given a copy of its own.
 */
#include <kunit/visibility.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "internal.h"

/* A skb of nothing but lent fragments is not charged for them; a copy is. */
VISIBLE_IF_KUNIT bool zc_tail_charge(struct sock *sk, struct sk_buff *skb)
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
EXPORT_SYMBOL_IF_KUNIT(zc_tail_charge);

/* With the socket locked, by owning it or by holding its spinlock. */
static int zc_tail_copy(struct sock *sk, gfp_t gfp)
{
	struct sk_buff *skb = tcp_write_queue_tail(sk);
	struct zc_ubuf *head;
	int err = -ENOBUFS;

	if (!skb || !zc_skb_is_ours(skb))
		return 0;

	/* The chain may end with the copy: hold it for as long as we look. */
	head = zc_ubuf_of(skb_zcopy(skb))->head;
	net_zcopy_get(&head->ubuf);
	head->private = true;
	if (zc_tail_charge(sk, skb) && !skb_copy_ubufs(skb, gfp))
		err = 0;
	head->private = false;
	net_zcopy_put(&head->ubuf);
	return err;
}

/**
 * zc_tail_is_ours() - whether the unsent tail of a TCP socket is on loan
 * @sk: a TCP socket
 *
 * Context: process, takes the socket lock.
 * Return: true if it has a loan of the layer.
 */
bool zc_tail_is_ours(struct sock *sk)
{
	struct sk_buff *skb;
	bool ours;

	lock_sock(sk);
	skb = tcp_write_queue_tail(sk);
	ours = skb && zc_skb_is_ours(skb);
	release_sock(sk);
	return ours;
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
	int err;

	lock_sock(sk);
	err = zc_tail_copy(sk, sk->sk_allocation);
	release_sock(sk);
	return err;
}

/**
 * zc_tail_make_private_until() - the same, for somebody else's socket
 * @sk: a TCP socket
 * @deadline: in jiffies
 *
 * A program can hold its socket's lock for as long as it likes (a page fault
 * that it serves itself), and must not hold up who unloads a module by that.
 *
 * Context: process, sleeps until @deadline at most.
 * Return: 0, -EBUSY if the lock was not to be had, or -ENOBUFS.
 */
int zc_tail_make_private_until(struct sock *sk, unsigned long deadline)
{
	long left;
	int err;

	for (;;) {
		err = -EBUSY;
		spin_lock_bh(&sk->sk_lock.slock);
		if (!sock_owned_by_user_nocheck(sk))
			err = zc_tail_copy(sk, GFP_ATOMIC);
		spin_unlock_bh(&sk->sk_lock.slock);
		if (err != -EBUSY)
			return err;

		left = (long)(deadline - jiffies);
		if (left <= 0)
			return -EBUSY;
		wait_event_timeout(sk->sk_lock.wq,
				   !sock_owned_by_user_nocheck(sk), left);
	}
}
