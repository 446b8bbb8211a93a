/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_ETHTOOL_H
#define _ZC_COMPAT_LINUX_ETHTOOL_H

#include_next <linux/ethtool.h>

/* 7.2 calls a device with a lock of its own without rtnl, if it can take it. */
#ifdef ZC_HAVE_OP_NEEDS_RTNL
#define ZC_ETHTOOL_NEEDS_RTNL						\
	.op_needs_rtnl = ETHTOOL_OP_NEEDS_RTNL_SCHANNELS |		\
			 ETHTOOL_OP_NEEDS_RTNL_SRINGPARAM |		\
			 ETHTOOL_OP_NEEDS_RTNL_GLINK,
#else
#define ZC_ETHTOOL_NEEDS_RTNL
#endif

/* Before 6.19 it was one of get_rxnfc's commands. */
#ifdef ZC_HAVE_RX_RING_COUNT
#define ZC_ETHTOOL_RX_RING_COUNT(fn)	.get_rx_ring_count = (fn),
#else
#define ZC_ETHTOOL_RX_RING_COUNT(fn)
#endif

/* Before 6.17, and in the first stable kernels of 6.12, so was this. */
#ifdef ZC_HAVE_RXFH_FIELDS
#define ZC_ETHTOOL_RXFH_FIELDS(get, set)				\
	.get_rxfh_fields = (get), .set_rxfh_fields = (set),
#else
#define ZC_ETHTOOL_RXFH_FIELDS(get, set)

struct ethtool_rxfh_fields {
	u32	data;
	u32	flow_type;
};
#endif

/* Header/data split can be configured by the size of a packet since 6.14. */
#ifdef ZC_HAVE_HDS_THRESH
#define ZC_RING_USE_HDS \
	(ETHTOOL_RING_USE_TCP_DATA_SPLIT | ETHTOOL_RING_USE_HDS_THRS)

static inline void zc_ring_set_hds(struct kernel_ethtool_ringparam *ring,
				   bool on, u32 thresh, u32 max)
{
	ring->tcp_data_split = on ? ETHTOOL_TCP_DATA_SPLIT_ENABLED :
				    ETHTOOL_TCP_DATA_SPLIT_DISABLED;
	ring->hds_thresh = thresh;
	ring->hds_thresh_max = max;
}

static inline bool zc_ring_hds(const struct kernel_ethtool_ringparam *ring)
{
	return ring->tcp_data_split == ETHTOOL_TCP_DATA_SPLIT_ENABLED;
}

static inline u32
zc_ring_hds_thresh(const struct kernel_ethtool_ringparam *ring)
{
	return ring->hds_thresh;
}
#else
#define ZC_RING_USE_HDS	0

static inline void zc_ring_set_hds(struct kernel_ethtool_ringparam *ring,
				   bool on, u32 thresh, u32 max)
{
}

static inline bool zc_ring_hds(const struct kernel_ethtool_ringparam *ring)
{
	return false;
}

static inline u32
zc_ring_hds_thresh(const struct kernel_ethtool_ringparam *ring)
{
	return 0;
}
#endif

#endif
