// SPDX-License-Identifier: GPL-2.0
/*
 * How data gets into an area without a copy: backends, the best one first. The
 * copy is none of them, it is what is left.
 */
#include <linux/array_size.h>
#include <linux/capability.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <net/net_namespace.h>

#include "internal.h"

static const struct zc_rx_backend * const zc_rx_backends[] = {
#ifdef ZC_HAVE_PROVIDERS
	&zc_rx_lend,
#endif
#ifdef ZC_HAVE_EXPORT
	&zc_rx_dmabuf,
#endif
	NULL,
};

/* Each of them may say why not; what the last one says counts. */
static int zc_rx_choose(struct zc_rx_area *area, struct net *net,
			struct zerocopy_rx_bind *arg)
{
	unsigned int i;
	int err;

	arg->reason = ZEROCOPY_RX_WHY_KERNEL;
	for (i = 0; i < ARRAY_SIZE(zc_rx_backends) && zc_rx_backends[i]; i++) {
		err = zc_rx_backends[i]->bind(area, net, arg);
		if (!err) {
			area->backend = zc_rx_backends[i];
			arg->backend = area->backend->kind;
			arg->reason = 0;
			return 0;
		}
		if (err != -EOPNOTSUPP)
			return err;
	}
	arg->backend = ZEROCOPY_RX_COPY;
	return 0;
}

/**
 * zc_rx_bind() - ZEROCOPY_IOC_RX_BIND
 * @area: the area
 * @arg: what the program asks for, checked; completed
 *
 * Context: process, with the receiver's mutex; may sleep.
 * Return: 0, -EPERM, -ENODEV if there is no such NIC, -EINVAL if it has no such
 *	queue, -EBUSY if the area has a queue already, or what a backend says.
 */
int zc_rx_bind(struct zc_rx_area *area, struct zerocopy_rx_bind *arg)
{
	struct net *net = current->nsproxy->net_ns;
	struct net_device *dev;
	bool queue;

	/* Not in the owner of the namespace: the NIC's memory is everybody's. */
	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	dev = dev_get_by_index(net, arg->ifindex);
	if (!dev)
		return -ENODEV;
	queue = arg->queue < READ_ONCE(dev->real_num_rx_queues);
	dev_put(dev);
	if (!queue)
		return -EINVAL;
	if (area->backend)
		return -EBUSY;
	return zc_rx_choose(area, net, arg);
}

/**
 * zc_rx_unbind() - an area is given up
 * @area: the area
 *
 * Context: process, with the receiver's mutex; may sleep.
 */
void zc_rx_unbind(struct zc_rx_area *area)
{
	if (area->backend)
		area->backend->unbind(area);
	area->backend = NULL;
}

/**
 * zc_rx_claim() - find out whether a fragment lies in one of our areas
 * @rx: the receiver
 * @frag: the fragment
 * @offset: of the part of it that is asked for
 * @len: of that, in bytes
 * @claim: set to where
 *
 * Context: any but hard interrupt, with the receiver's mutex and the socket
 *	locked.
 * Return: whether it does; then the program has a reference on it, or it is to be
 *	copied.
 */
bool zc_rx_claim(struct zc_rx *rx, const skb_frag_t *frag, u32 offset, u32 len,
		 struct zc_rx_claim *claim)
{
	u32 i;

	if (!skb_frag_is_net_iov(frag))
		return false;

	claim->copy = false;
	for (i = 0; i < rx->nr_areas; i++) {
		struct zc_rx_area *area = rx->areas[i];

		if (area->backend &&
		    area->backend->claim(area, frag, offset, len, claim)) {
			claim->area = area;
			return true;
		}
	}
	return false;
}

/**
 * zc_rx_flush() - the program has no more tokens to give back for now
 * @rx: the receiver
 *
 * Context: process or softirq, with the receiver's mutex.
 */
void zc_rx_flush(struct zc_rx *rx)
{
	u32 i;

	for (i = 0; i < rx->nr_areas; i++) {
		struct zc_rx_area *area = rx->areas[i];

		if (area->backend && area->backend->flush)
			area->backend->flush(area);
	}
}
