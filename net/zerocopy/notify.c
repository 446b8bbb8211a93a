// SPDX-License-Identifier: GPL-2.0
/*
 * Notifications (SO_EE_ORIGIN_ZEROCOPY): the kernel's own ubuf_info_msgzc keeps
 * the id, merges neighbours and writes the error queue. No skb of the layer
 * points to it; each loan holds a reference and ends with its completion.
 */
#include <kunit/visibility.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#include "internal.h"

/* As in msg_zerocopy_realloc(): a few TSO packets to a notification. */
#define ZC_NOTIFY_BYTES	SZ_512K

/**
 * zc_notify_get() - take an id for a call, alone or merged with the last one
 * @sk: the socket; locked by the caller if @prev is given
 * @size: bytes of the call
 * @prev: notification of the unsent tail, kept alive by that, or NULL
 *
 * Asked for no bytes the kernel charges no memory: pins are charged by the
 * lender, as they happen. The price is that the size that limits merging has
 * to be kept here.
 *
 * Context: process, may sleep.
 * Return: the notification with a reference, NULL if the socket's optmem does
 *	not allow it. Source: S1.5, net/core/skbuff.c.
 */
struct ubuf_info *zc_notify_get(struct sock *sk, size_t size,
				struct ubuf_info *prev)
{
	struct ubuf_info_msgzc *uz;
	struct ubuf_info *notify;

	if (prev && uarg_to_msgzc(prev)->bytelen + size > ZC_NOTIFY_BYTES)
		prev = NULL;

	notify = msg_zerocopy_realloc(sk, 0, prev, false);
	if (!notify)
		return NULL;

	uz = uarg_to_msgzc(notify);
	uz->bytelen = min_t(size_t, uz->bytelen + size, ZC_NOTIFY_BYTES);
	return notify;
}
EXPORT_SYMBOL_IF_KUNIT(zc_notify_get);

/**
 * zc_notify_abort() - the call sent nothing: give its id back
 * @sk: the socket
 * @notify: from zc_notify_get(); the reference is dropped
 *
 * If another call has taken the next id in the meantime, this one stays and is
 * completed: a hole would be worse. On TCP the lock excludes that.
 *
 * Context: process.
 */
void zc_notify_abort(struct sock *sk, struct ubuf_info *notify)
{
	struct ubuf_info_msgzc *uz = uarg_to_msgzc(notify);
	int next = (int)(uz->id + uz->len);

	if (atomic_cmpxchg(&sk->sk_zckey, next, next - 1) == next)
		uz->len--;
	zc_notify_put(notify, false);
}
EXPORT_SYMBOL_IF_KUNIT(zc_notify_abort);

/**
 * zc_notify_put() - one holder of a notification is done with it
 * @notify: the notification; may be gone on return
 * @copied: data was copied on this holder's part
 *
 * Context: any but hard interrupt.
 */
void zc_notify_put(struct ubuf_info *notify, bool copied)
{
	notify->ops->complete(NULL, notify, !copied);
}
EXPORT_SYMBOL_IF_KUNIT(zc_notify_put);
