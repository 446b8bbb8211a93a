// SPDX-License-Identifier: GPL-2.0
/*
 * ethtool: rings, channels, header/data split, and what the NIC is.
 */
#include <linux/log2.h>
#include <linux/net_tstamp.h>
#include <net/netdev_lock.h>
#include <net/netdev_queues.h>
#include <net/page_pool/helpers.h>

#include "zcsim.h"

#define ZCSIM_PRIV_PASSTHROUGH	BIT(0)
#define ZCSIM_PRIV_CHARGE	BIT(1)

static const char zcsim_priv_flags[][ETH_GSTRING_LEN] = {
	"gso-passthrough",
	"charge-user",
};

static void zcsim_get_drvinfo(struct net_device *dev,
			      struct ethtool_drvinfo *info)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	strscpy(info->driver, "zcsim");
	strscpy(info->fw_version, zcsim_dma_none ? "dma=none: payload untouched" :
						   "dma=copy");
	strscpy(info->bus_info, dev_name(nic->dma));
	info->n_priv_flags = ARRAY_SIZE(zcsim_priv_flags);
}

static u32 zcsim_get_priv_flags(struct net_device *dev)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	return (nic->passthrough ? ZCSIM_PRIV_PASSTHROUGH : 0) |
	       (nic->charge ? ZCSIM_PRIV_CHARGE : 0);
}

static int zcsim_set_priv_flags(struct net_device *dev, u32 flags)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	if (flags & ZCSIM_PRIV_CHARGE && !PP_FLAG_CHARGE_USER)
		return -EOPNOTSUPP;
	WRITE_ONCE(nic->passthrough, flags & ZCSIM_PRIV_PASSTHROUGH);
	nic->charge = flags & ZCSIM_PRIV_CHARGE;
	return 0;
}

static int zcsim_get_sset_count(struct net_device *dev, int sset)
{
	switch (sset) {
	case ETH_SS_PRIV_FLAGS:
		return ARRAY_SIZE(zcsim_priv_flags);
	case ETH_SS_STATS:
		return zcsim_stats_count(dev);
	default:
		return -EOPNOTSUPP;
	}
}

static void zcsim_get_strings(struct net_device *dev, u32 sset, u8 *data)
{
	if (sset == ETH_SS_PRIV_FLAGS)
		memcpy(data, zcsim_priv_flags, sizeof(zcsim_priv_flags));
	else if (sset == ETH_SS_STATS)
		zcsim_stats_strings(dev, data);
}

static void zcsim_get_ethtool_stats(struct net_device *dev,
				    struct ethtool_stats *stats, u64 *data)
{
	zcsim_stats_get(dev, data);
}

static int zcsim_get_link_ksettings(struct net_device *dev,
				    struct ethtool_link_ksettings *cmd)
{
	cmd->base.speed = SPEED_100000;
	cmd->base.duplex = DUPLEX_FULL;
	cmd->base.port = PORT_OTHER;
	cmd->base.autoneg = AUTONEG_DISABLE;
	return 0;
}

static int zcsim_get_ts_info(struct net_device *dev,
			     struct kernel_ethtool_ts_info *info)
{
	info->so_timestamping = SOF_TIMESTAMPING_TX_SOFTWARE |
				SOF_TIMESTAMPING_RX_SOFTWARE |
				SOF_TIMESTAMPING_SOFTWARE |
				SOF_TIMESTAMPING_TX_HARDWARE |
				SOF_TIMESTAMPING_RX_HARDWARE |
				SOF_TIMESTAMPING_RAW_HARDWARE;
	info->phc_index = -1;
	info->tx_types = BIT(HWTSTAMP_TX_OFF) | BIT(HWTSTAMP_TX_ON);
	info->rx_filters = BIT(HWTSTAMP_FILTER_NONE) | BIT(HWTSTAMP_FILTER_ALL);
	return 0;
}

/* ---- rings ---- */

static void zcsim_get_ringparam(struct net_device *dev,
				struct ethtool_ringparam *ring,
				struct kernel_ethtool_ringparam *kernel_ring,
				struct netlink_ext_ack *extack)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	ring->rx_max_pending = ZCSIM_RING_MAX;
	ring->tx_max_pending = ZCSIM_RING_MAX;
	ring->rx_pending = nic->rx_size;
	ring->tx_pending = nic->tx_size;
	kernel_ring->rx_buf_len = nic->rx_buf_len;
	zc_ring_set_hds(kernel_ring, nic->hds, nic->hds_thresh,
			ZCSIM_HDS_THRESH_MAX);
}

struct zcsim_rings {
	u32	tx_size;
	u32	rx_size;
	u32	rx_buf_len;
	bool	hds;
};

static void zcsim_rings_swap(struct zcsim_nic *nic, struct zcsim_rings *rings)
{
	swap(nic->tx_size, rings->tx_size);
	swap(nic->rx_size, rings->rx_size);
	swap(nic->rx_buf_len, rings->rx_buf_len);
	swap(nic->hds, rings->hds);
}

static int zcsim_set_ringparam(struct net_device *dev,
			       struct ethtool_ringparam *ring,
			       struct kernel_ethtool_ringparam *kernel_ring,
			       struct netlink_ext_ack *extack)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct zcsim_rings rings = {
		.tx_size = roundup_pow_of_two(ring->tx_pending),
		.rx_size = roundup_pow_of_two(ring->rx_pending),
		.rx_buf_len = kernel_ring->rx_buf_len,
		.hds = zc_ring_hds(kernel_ring),
	};
	int err = 0;

	if (ring->rx_mini_pending || ring->rx_jumbo_pending)
		return -EINVAL;
	if (ring->tx_pending < ZCSIM_RING_MIN ||
	    ring->rx_pending < ZCSIM_RING_MIN) {
		NL_SET_ERR_MSG(extack, "a ring has at least 64 entries");
		return -EINVAL;
	}
	if (!is_power_of_2(rings.rx_buf_len) || rings.rx_buf_len < PAGE_SIZE ||
	    rings.rx_buf_len > ZCSIM_BUF_MAX) {
		NL_SET_ERR_MSG(extack,
			       "a buffer is a power of two, from a page to 64 KiB");
		return -EINVAL;
	}
	WRITE_ONCE(nic->hds_thresh, zc_ring_hds_thresh(kernel_ring));
	if (rings.tx_size == nic->tx_size && rings.rx_size == nic->rx_size &&
	    rings.rx_buf_len == nic->rx_buf_len && rings.hds == nic->hds)
		return 0;

	if (!netif_running(dev)) {
		zcsim_rings_swap(nic, &rings);
		return 0;
	}
	zcsim_down(nic);
	zcsim_rings_swap(nic, &rings);
	err = zcsim_up(nic);
	if (!err)
		return 0;
	zcsim_rings_swap(nic, &rings);
	if (zcsim_up(nic)) {
		netdev_err(dev, "no queues: memory is short\n");
		zc_netif_close(dev);
	}
	return err;
}

/* ---- channels ---- */

static void zcsim_get_channels(struct net_device *dev,
			       struct ethtool_channels *channels)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	channels->max_combined = zcsim_max_channels(dev);
	channels->combined_count = nic->channels;
}

static int zcsim_channels_apply(struct zcsim_nic *nic, unsigned int channels)
{
	bool running = netif_running(nic->dev);
	unsigned int was = nic->channels;
	int err;

	if (running)
		zcsim_down(nic);
	WRITE_ONCE(nic->channels, channels);
	err = netif_set_real_num_queues(nic->dev, channels, channels);
	if (!err && running)
		err = zcsim_up(nic);
	if (!err)
		return 0;

	WRITE_ONCE(nic->channels, was);
	netif_set_real_num_queues(nic->dev, was, was);
	if (running && zcsim_up(nic)) {
		netdev_err(nic->dev, "no queues: memory is short\n");
		zc_netif_close(nic->dev);
	}
	return err;
}

static int zcsim_set_channels(struct net_device *dev,
			      struct ethtool_channels *channels)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct zcsim_steer *steer;
	int err;

	if (channels->rx_count || channels->tx_count || channels->other_count)
		return -EINVAL;
	if (channels->combined_count == nic->channels)
		return 0;
	err = zcsim_channels_apply(nic, channels->combined_count);
	if (err || netif_is_rxfh_configured(dev))
		return err;
	steer = zcsim_steer_edit(nic);
	if (!steer)
		return 0;	/* what is out of range goes to queue 0 */
	zcsim_steer_spread(steer, 0, nic->channels);
	zcsim_steer_commit(nic, steer);
	return 0;
}

const struct ethtool_ops zcsim_ethtool_ops = {
	.supported_ring_params	= ETHTOOL_RING_USE_RX_BUF_LEN |
				  ZC_RING_USE_HDS,
	.rxfh_max_num_contexts	= ZCSIM_CONTEXTS,
	.cap_rss_rxnfc_adds	= true,
	ZC_ETHTOOL_NEEDS_RTNL
	.get_drvinfo		= zcsim_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= zcsim_get_link_ksettings,
	.get_ts_info		= zcsim_get_ts_info,
	.get_priv_flags		= zcsim_get_priv_flags,
	.set_priv_flags		= zcsim_set_priv_flags,
	.get_sset_count		= zcsim_get_sset_count,
	.get_strings		= zcsim_get_strings,
	.get_ethtool_stats	= zcsim_get_ethtool_stats,
	.get_ringparam		= zcsim_get_ringparam,
	.set_ringparam		= zcsim_set_ringparam,
	.get_channels		= zcsim_get_channels,
	.set_channels		= zcsim_set_channels,
	ZC_ETHTOOL_RX_RING_COUNT(zcsim_get_rx_ring_count)
	.get_rxnfc		= zcsim_get_rxnfc,
	.set_rxnfc		= zcsim_set_rxnfc,
	.get_rxfh_key_size	= zcsim_get_rxfh_key_size,
	.get_rxfh_indir_size	= zcsim_get_rxfh_indir_size,
	.get_rxfh		= zcsim_get_rxfh,
	.set_rxfh		= zcsim_set_rxfh,
	ZC_ETHTOOL_RXFH_FIELDS(zcsim_get_rxfh_fields, zcsim_set_rxfh_fields)
	.create_rxfh_context	= zcsim_create_rxfh_context,
	.modify_rxfh_context	= zcsim_modify_rxfh_context,
	.remove_rxfh_context	= zcsim_remove_rxfh_context,
};
