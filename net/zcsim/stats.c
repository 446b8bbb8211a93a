// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics: of the link, of each queue, and what ethtool -S shows.
 */
#include <linux/ethtool.h>
#include <net/netdev_queues.h>

#include "zcsim.h"

struct zcsim_stat {
	const char	*name;
	size_t		off;
};

#define ZCSIM_TX_STAT(field) \
	{ #field, offsetof(struct zcsim_tx_stats, field) }
#define ZCSIM_RX_STAT(field) \
	{ #field, offsetof(struct zcsim_rx_stats, field) }

static const struct zcsim_stat zcsim_tx_names[] = {
	ZCSIM_TX_STAT(posted),
	ZCSIM_TX_STAT(packets),
	ZCSIM_TX_STAT(bytes),
	ZCSIM_TX_STAT(frames),
	ZCSIM_TX_STAT(frames_lost),
	ZCSIM_TX_STAT(drop_errors),
	ZCSIM_TX_STAT(netmem),
	ZCSIM_TX_STAT(stop),
	ZCSIM_TX_STAT(wake),
	ZCSIM_TX_STAT(xmit_cycles),
	ZCSIM_TX_STAT(poll_cycles),
	ZCSIM_TX_STAT(stack_cycles),
};

static const struct zcsim_stat zcsim_rx_names[] = {
	ZCSIM_RX_STAT(packets),
	ZCSIM_RX_STAT(bytes),
	ZCSIM_RX_STAT(split),
	ZCSIM_RX_STAT(drops),
	ZCSIM_RX_STAT(overruns),
	ZCSIM_RX_STAT(length_errors),
	ZCSIM_RX_STAT(alloc_fail),
	ZCSIM_RX_STAT(csum_bad),
	ZCSIM_RX_STAT(poll_cycles),
	ZCSIM_RX_STAT(stack_cycles),
	ZCSIM_RX_STAT(refill_cycles),
};

static u64 zcsim_stat_read(const void *stats, const struct zcsim_stat *stat)
{
	return READ_ONCE(*(const u64 *)(stats + stat->off));
}

int zcsim_stats_count(const struct net_device *dev)
{
	return zcsim_max_channels(dev) *
	       (ARRAY_SIZE(zcsim_tx_names) + ARRAY_SIZE(zcsim_rx_names));
}

void zcsim_stats_strings(struct net_device *dev, u8 *data)
{
	unsigned int q, i;

	for (q = 0; q < zcsim_max_channels(dev); q++) {
		for (i = 0; i < ARRAY_SIZE(zcsim_tx_names); i++)
			ethtool_sprintf(&data, "tx%u_%s", q,
					zcsim_tx_names[i].name);
		for (i = 0; i < ARRAY_SIZE(zcsim_rx_names); i++)
			ethtool_sprintf(&data, "rx%u_%s", q,
					zcsim_rx_names[i].name);
	}
}

void zcsim_stats_get(struct net_device *dev, u64 *data)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	unsigned int q, i;

	for (q = 0; q < zcsim_max_channels(dev); q++) {
		for (i = 0; i < ARRAY_SIZE(zcsim_tx_names); i++)
			*data++ = zcsim_stat_read(&nic->txq[q].stats,
						  &zcsim_tx_names[i]);
		for (i = 0; i < ARRAY_SIZE(zcsim_rx_names); i++)
			*data++ = zcsim_stat_read(&nic->rxq[q].stats,
						  &zcsim_rx_names[i]);
	}
}

void zcsim_get_stats64(struct net_device *dev,
		       struct rtnl_link_stats64 *stats)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	unsigned int q;

	for (q = 0; q < zcsim_max_channels(dev); q++) {
		const struct zcsim_tx_stats *tx = &nic->txq[q].stats;
		const struct zcsim_rx_stats *rx = &nic->rxq[q].stats;

		stats->tx_packets += READ_ONCE(tx->packets);
		stats->tx_bytes += READ_ONCE(tx->bytes);
		stats->tx_errors += READ_ONCE(tx->drop_errors);
		stats->tx_carrier_errors += READ_ONCE(tx->frames_lost);
		stats->rx_packets += READ_ONCE(rx->packets);
		stats->rx_bytes += READ_ONCE(rx->bytes);
		stats->rx_dropped += READ_ONCE(rx->drops) +
				     READ_ONCE(rx->alloc_fail);
		stats->rx_over_errors += READ_ONCE(rx->overruns);
		stats->rx_missed_errors += READ_ONCE(rx->overruns);
		stats->rx_length_errors += READ_ONCE(rx->length_errors);
		stats->rx_crc_errors += READ_ONCE(rx->csum_bad);
	}
}

/* Fields that are not collected are left alone: they are not even zero. */
static void zcsim_rx_zero(struct netdev_queue_stats_rx *stats)
{
	stats->packets = 0;
	stats->bytes = 0;
	stats->alloc_fail = 0;
	stats->hw_drops = 0;
	stats->hw_drop_overruns = 0;
	stats->csum_unnecessary = 0;
	stats->csum_none = 0;
	stats->csum_bad = 0;
	stats->hw_gro_packets = 0;
	stats->hw_gro_bytes = 0;
	stats->hw_gro_wire_packets = 0;
	stats->hw_gro_wire_bytes = 0;
}

static void zcsim_rx_add(struct netdev_queue_stats_rx *stats,
			 const struct zcsim_rx_stats *rx)
{
	u64 overruns = READ_ONCE(rx->overruns);

	stats->packets += READ_ONCE(rx->packets);
	stats->bytes += READ_ONCE(rx->bytes);
	stats->alloc_fail += READ_ONCE(rx->alloc_fail);
	stats->hw_drop_overruns += overruns;
	stats->hw_drops += READ_ONCE(rx->drops) + overruns +
			   READ_ONCE(rx->length_errors);
	stats->csum_unnecessary += READ_ONCE(rx->csum_unnecessary);
	stats->csum_none += READ_ONCE(rx->csum_none);
	stats->csum_bad += READ_ONCE(rx->csum_bad);
	stats->hw_gro_packets += READ_ONCE(rx->gro_packets);
	stats->hw_gro_bytes += READ_ONCE(rx->gro_bytes);
	stats->hw_gro_wire_packets += READ_ONCE(rx->gro_wire_packets);
	stats->hw_gro_wire_bytes += READ_ONCE(rx->gro_wire_bytes);
}

static void zcsim_tx_zero(struct netdev_queue_stats_tx *stats)
{
	stats->packets = 0;
	stats->bytes = 0;
	stats->hw_drops = 0;
	stats->hw_drop_errors = 0;
	stats->needs_csum = 0;
	stats->csum_none = 0;
	stats->hw_gso_packets = 0;
	stats->hw_gso_bytes = 0;
	stats->hw_gso_wire_packets = 0;
	stats->hw_gso_wire_bytes = 0;
	stats->stop = 0;
	stats->wake = 0;
}

static void zcsim_tx_add(struct netdev_queue_stats_tx *stats,
			 const struct zcsim_tx_stats *tx)
{
	stats->packets += READ_ONCE(tx->packets);
	stats->bytes += READ_ONCE(tx->bytes);
	stats->hw_drops += READ_ONCE(tx->drop_errors);
	stats->hw_drop_errors += READ_ONCE(tx->drop_errors);
	stats->needs_csum += READ_ONCE(tx->needs_csum);
	stats->csum_none += READ_ONCE(tx->csum_none);
	stats->hw_gso_packets += READ_ONCE(tx->gso_packets);
	stats->hw_gso_bytes += READ_ONCE(tx->gso_bytes);
	stats->hw_gso_wire_packets += READ_ONCE(tx->gso_wire_packets);
	stats->hw_gso_wire_bytes += READ_ONCE(tx->gso_wire_bytes);
	stats->stop += READ_ONCE(tx->stop);
	stats->wake += READ_ONCE(tx->wake);
}

static void zcsim_queue_stats_rx(struct net_device *dev, int idx,
				 struct netdev_queue_stats_rx *stats)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	zcsim_rx_zero(stats);
	zcsim_rx_add(stats, &nic->rxq[idx].stats);
}

static void zcsim_queue_stats_tx(struct net_device *dev, int idx,
				 struct netdev_queue_stats_tx *stats)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	zcsim_tx_zero(stats);
	zcsim_tx_add(stats, &nic->txq[idx].stats);
}

/* What queues have done that are not in use now. */
static void zcsim_base_stats(struct net_device *dev,
			     struct netdev_queue_stats_rx *rx,
			     struct netdev_queue_stats_tx *tx)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	unsigned int q;

	zcsim_rx_zero(rx);
	zcsim_tx_zero(tx);
	for (q = dev->real_num_rx_queues; q < zcsim_max_channels(dev); q++) {
		zcsim_rx_add(rx, &nic->rxq[q].stats);
		zcsim_tx_add(tx, &nic->txq[q].stats);
	}
}

const struct netdev_stat_ops zcsim_stat_ops = {
	.get_queue_stats_rx	= zcsim_queue_stats_rx,
	.get_queue_stats_tx	= zcsim_queue_stats_tx,
	.get_base_stats		= zcsim_base_stats,
};
