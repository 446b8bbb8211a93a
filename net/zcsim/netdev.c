// SPDX-License-Identifier: GPL-2.0
/*
 * The net device: up, down, features, and what it is made of.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/net_tstamp.h>
#include <linux/platform_device.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/netdev_lock.h>
#include <net/netdev_queues.h>
#include <net/page_pool/helpers.h>

#include "zcsim.h"

#define ZCSIM_OFFLOADS	(NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO | \
			 NETIF_F_TSO6 | NETIF_F_TSO_ECN | NETIF_F_GSO_UDP_L4)

/**
 * zcsim_max_channels() - how many queues a NIC can have
 * @dev: net device
 *
 * Return: queues of each direction.
 */
unsigned int zcsim_max_channels(const struct net_device *dev)
{
	return min(dev->num_tx_queues, dev->num_rx_queues);
}

/**
 * zcsim_carrier() - the cable, or one of its ends, has changed
 * @nic: one of the two
 *
 * Context: process.
 */
void zcsim_carrier(struct zcsim_nic *nic)
{
	struct net_device *peer;
	bool up = false;

	rcu_read_lock();
	peer = rcu_dereference(nic->peer);
	if (peer) {
		struct zcsim_nic *other = netdev_priv(peer);

		up = netif_running(nic->dev) && netif_running(peer) &&
		     !READ_ONCE(nic->unplugged) && !READ_ONCE(other->unplugged);
		if (up)
			netif_carrier_on(peer);
		else
			netif_carrier_off(peer);
	}
	if (up)
		netif_carrier_on(nic->dev);
	else
		netif_carrier_off(nic->dev);
	rcu_read_unlock();
}

static void zcsim_rxq_down(struct zcsim_rxq *q)
{
	struct zcsim_rx_mem mem;

	zcsim_rxq_stop(q, &mem);
	netif_napi_del_locked(&q->napi);
	zcsim_rx_mem_free(q->nic, &mem);
}

static int zcsim_rxq_up(struct zcsim_rxq *q)
{
	struct zcsim_nic *nic = q->nic;
	struct zcsim_rx_mem mem;
	int err;

	err = zcsim_rx_mem_alloc(q, &mem,
				 zc_rx_page_size(nic->dev, q->idx,
						 nic->rx_buf_len));
	if (err)
		return err;
	netif_napi_add_config_locked(nic->dev, &q->napi, zcsim_rxq_poll,
				     q->idx);
	err = zcsim_rxq_start(q, &mem);
	if (err) {
		netif_napi_del_locked(&q->napi);
		zcsim_rx_mem_free(nic, &mem);
	}
	return err;
}

/**
 * zcsim_up() - start all queues
 * @nic: NIC, down
 *
 * Context: process, device locked.
 * Return: 0 or an errno; on error the NIC is down.
 */
int zcsim_up(struct zcsim_nic *nic)
{
	unsigned int tx, rx;
	int err;

	for (rx = 0; rx < nic->channels; rx++) {
		err = zcsim_rxq_up(&nic->rxq[rx]);
		if (err)
			goto err_rx;
	}
	for (tx = 0; tx < nic->channels; tx++) {
		err = zcsim_txq_start(&nic->txq[tx]);
		if (err)
			goto err_tx;
	}
	nic->up = true;
	/* The others have no ring. */
	for (tx = 0; tx < nic->channels; tx++)
		netif_tx_start_queue(netdev_get_tx_queue(nic->dev, tx));
	return 0;

err_tx:
	while (tx--) {
		zcsim_txq_stop(&nic->txq[tx]);
		zcsim_txq_free(&nic->txq[tx]);
	}
err_rx:
	while (rx--)
		zcsim_rxq_down(&nic->rxq[rx]);
	return err;
}

/**
 * zcsim_down() - stop all queues; what is in them is lost
 * @nic: NIC, up or not
 *
 * Context: process, device locked.
 */
void zcsim_down(struct zcsim_nic *nic)
{
	unsigned int i;

	if (!nic->up)
		return;
	nic->up = false;
	/* Once nobody completes packets, nobody wakes what is disabled. */
	for (i = 0; i < nic->channels; i++)
		zcsim_txq_stop(&nic->txq[i]);
	netif_tx_disable(nic->dev);
	for (i = 0; i < nic->channels; i++)
		zcsim_txq_free(&nic->txq[i]);
	for (i = 0; i < nic->channels; i++)
		zcsim_rxq_down(&nic->rxq[i]);
}

static int zcsim_open(struct net_device *dev)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	int err;

	err = netif_set_real_num_queues(dev, nic->channels, nic->channels);
	if (err)
		return err;
	err = zcsim_up(nic);
	if (err)
		return err;
	zcsim_carrier(nic);
	return 0;
}

static int zcsim_stop(struct net_device *dev)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	zcsim_carrier(nic);
	zcsim_down(nic);
	return 0;
}

static int zcsim_get_iflink(const struct net_device *dev)
{
	const struct zcsim_nic *nic = netdev_priv(dev);
	struct net_device *peer;
	int iflink;

	rcu_read_lock();
	peer = rcu_dereference(nic->peer);
	iflink = peer ? READ_ONCE(peer->ifindex) : 0;
	rcu_read_unlock();
	return iflink;
}

static netdev_features_t zcsim_features_check(struct sk_buff *skb,
					      struct net_device *dev,
					      netdev_features_t features)
{
	u32 hdr_len;

	if (skb_is_gso(skb)) {
		hdr_len = skb_is_gso_tcp(skb) ? skb_tcp_all_headers(skb) :
			  skb_transport_offset(skb) + sizeof(struct udphdr);
		if (!zcsim_can_segment(skb, hdr_len))
			features &= ~NETIF_F_GSO_MASK;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    skb_checksum_start_offset(skb) + skb->csum_offset +
	    sizeof(__sum16) > ZCSIM_HDR_MAX)
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
	return vlan_features_check(skb, features);
}

static int zcsim_set_features(struct net_device *dev,
			      netdev_features_t features)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct zcsim_steer *steer;

	if (!((dev->features ^ features) & NETIF_F_NTUPLE))
		return 0;
	steer = zcsim_steer_edit(nic);
	if (!steer)
		return -ENOMEM;
	steer->ntuple = features & NETIF_F_NTUPLE;
	zcsim_steer_commit(nic, steer);
	return 0;
}

static int zcsim_hwtstamp_get(struct net_device *dev,
			      struct kernel_hwtstamp_config *config)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	config->tx_type = nic->hwtstamp_tx ? HWTSTAMP_TX_ON : HWTSTAMP_TX_OFF;
	config->rx_filter = nic->hwtstamp_rx ? HWTSTAMP_FILTER_ALL :
					       HWTSTAMP_FILTER_NONE;
	return 0;
}

static int zcsim_hwtstamp_set(struct net_device *dev,
			      struct kernel_hwtstamp_config *config,
			      struct netlink_ext_ack *extack)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	if (config->tx_type != HWTSTAMP_TX_OFF &&
	    config->tx_type != HWTSTAMP_TX_ON)
		return -ERANGE;
	if (config->rx_filter != HWTSTAMP_FILTER_NONE)
		config->rx_filter = HWTSTAMP_FILTER_ALL;
	WRITE_ONCE(nic->hwtstamp_tx, config->tx_type == HWTSTAMP_TX_ON);
	WRITE_ONCE(nic->hwtstamp_rx, config->rx_filter == HWTSTAMP_FILTER_ALL);
	return 0;
}

static int zcsim_init_dev(struct net_device *dev)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	unsigned int i, max = zcsim_max_channels(dev);
	int err;

	nic->parent = zcsim_parent_get();
	if (IS_ERR(nic->parent))
		return PTR_ERR(nic->parent);
	nic->dma = &nic->parent->pdev->dev;
	SET_NETDEV_DEV(dev, nic->dma);

	nic->channels = min(max, max(num_online_cpus(), 2U));
	err = zcsim_steer_init(nic);
	if (err)
		goto err_parent;
	err = -ENOMEM;
	nic->txq = kvcalloc(max, sizeof(*nic->txq), GFP_KERNEL);
	nic->rxq = kvcalloc(max, sizeof(*nic->rxq), GFP_KERNEL);
	if (!nic->txq || !nic->rxq)
		goto err_free;
	for (i = 0; i < max; i++) {
		zcsim_txq_init(&nic->txq[i], nic, i);
		zcsim_rxq_init(&nic->rxq[i], nic, i);
	}
	netif_set_real_num_queues(dev, nic->channels, nic->channels);
	netdev_lockdep_set_classes(dev);
	zcsim_debugfs_add(nic);
	return 0;

err_free:
	kvfree(nic->txq);
	kvfree(nic->rxq);
	zcsim_steer_exit(nic);
err_parent:
	zcsim_parent_put(nic->parent);
	return err;
}

static void zcsim_uninit_dev(struct net_device *dev)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	zcsim_debugfs_del(nic);
}

/* Nobody refers to the device any more. */
static void zcsim_destructor(struct net_device *dev)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	kvfree(nic->txq);
	kvfree(nic->rxq);
	zcsim_steer_exit(nic);
	zcsim_parent_put(nic->parent);
}

const struct net_device_ops zcsim_netdev_ops = {
	.ndo_init		= zcsim_init_dev,
	.ndo_uninit		= zcsim_uninit_dev,
	.ndo_open		= zcsim_open,
	.ndo_stop		= zcsim_stop,
	.ndo_start_xmit		= zcsim_xmit,
	.ndo_features_check	= zcsim_features_check,
	.ndo_set_features	= zcsim_set_features,
	.ndo_get_stats64	= zcsim_get_stats64,
	.ndo_get_iflink		= zcsim_get_iflink,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_hwtstamp_get	= zcsim_hwtstamp_get,
	.ndo_hwtstamp_set	= zcsim_hwtstamp_set,
};

/**
 * zcsim_setup() - rtnl_link_ops.setup: what every NIC has
 * @dev: new net device
 */
void zcsim_setup(struct net_device *dev)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	ether_setup(dev);
	nic->dev = dev;
	nic->tx_size = ZCSIM_RING_DEFAULT;
	nic->rx_size = ZCSIM_RING_DEFAULT;
	nic->rx_buf_len = PAGE_SIZE;
	nic->charge = PP_FLAG_CHARGE_USER;

	dev->netdev_ops = &zcsim_netdev_ops;
	dev->ethtool_ops = &zcsim_ethtool_ops;
	dev->stat_ops = &zcsim_stat_ops;
	zc_netdev_set_queue_mgmt_ops(dev, &zcsim_queue_mgmt_ops);
	zc_netdev_set_netmem_tx(dev);
	dev->needs_free_netdev = true;
	dev->priv_destructor = zcsim_destructor;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	dev->max_mtu = ETH_MAX_MTU;

	dev->hw_features = ZCSIM_OFFLOADS | NETIF_F_RXCSUM | NETIF_F_RXHASH |
			   NETIF_F_NTUPLE;
	dev->features = dev->hw_features | NETIF_F_HIGHDMA;
	dev->vlan_features = ZCSIM_OFFLOADS | NETIF_F_HIGHDMA;
}
