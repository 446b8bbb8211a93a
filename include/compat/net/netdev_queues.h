/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_NET_NETDEV_QUEUES_H
#define _ZC_COMPAT_NET_NETDEV_QUEUES_H

#include_next <net/netdev_queues.h>

/* Before queues had a configuration, none could be restarted with another. */
#ifdef ZC_HAVE_QUEUE_CFG
#define zc_netdev_set_queue_mgmt_ops(dev, ops)	((dev)->queue_mgmt_ops = (ops))

static inline u32 zc_rx_page_size(struct net_device *dev, int idx, u32 usual)
{
	struct netdev_queue_config qcfg;

	netdev_queue_config(dev, idx, &qcfg);
	return qcfg.rx_page_size;
}
#else
#define zc_netdev_set_queue_mgmt_ops(dev, ops)	((void)(dev), (void)(ops))

static inline u32 zc_rx_page_size(struct net_device *dev, int idx, u32 usual)
{
	return usual;
}
#endif

#endif
