// SPDX-License-Identifier: GPL-2.0
/*
 * Receive queues one at a time: another memory, another buffer size, while the
 * rest of the NIC goes on.
 */
#include <linux/log2.h>
#include <linux/platform_device.h>
#include <net/netdev_queues.h>

#include "zcsim.h"

static int zcsim_queue_mem_alloc(struct net_device *dev,
				 struct netdev_queue_config *qcfg,
				 void *per_queue_mem, int idx)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	return zcsim_rx_mem_alloc(&nic->rxq[idx], per_queue_mem,
				  qcfg->rx_page_size);
}

static void zcsim_queue_mem_free(struct net_device *dev, void *per_queue_mem)
{
	zcsim_rx_mem_free(netdev_priv(dev), per_queue_mem);
}

static int zcsim_queue_start(struct net_device *dev,
			     struct netdev_queue_config *qcfg,
			     void *per_queue_mem, int idx)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	return zcsim_rxq_start(&nic->rxq[idx], per_queue_mem);
}

static int zcsim_queue_stop(struct net_device *dev, void *per_queue_mem,
			    int idx)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct zcsim_rxq *q = &nic->rxq[idx];

	if (zcsim_fault_next(&q->faults, ZCSIM_FAIL_STOP))
		return -EIO;
	zcsim_rxq_stop(q, per_queue_mem);
	return 0;
}

static void zcsim_default_qcfg(struct net_device *dev,
			       struct netdev_queue_config *qcfg)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	qcfg->rx_page_size = nic->rx_buf_len;
}

static int zcsim_validate_qcfg(struct net_device *dev,
			       struct netdev_queue_config *qcfg,
			       struct netlink_ext_ack *extack)
{
	if (is_power_of_2(qcfg->rx_page_size) &&
	    qcfg->rx_page_size >= PAGE_SIZE &&
	    qcfg->rx_page_size <= ZCSIM_BUF_MAX)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "rx page size is a power of two, from a page to 64 KiB");
	return -EINVAL;
}

static struct device *zcsim_queue_dma_dev(struct net_device *dev, int idx)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	WRITE_ONCE(nic->parent->lent, true);
	return nic->dma;
}

const struct netdev_queue_mgmt_ops zcsim_queue_mgmt_ops = {
	.ndo_queue_mem_size	= sizeof(struct zcsim_rx_mem),
	.ndo_queue_mem_alloc	= zcsim_queue_mem_alloc,
	.ndo_queue_mem_free	= zcsim_queue_mem_free,
	.ndo_queue_start	= zcsim_queue_start,
	.ndo_queue_stop		= zcsim_queue_stop,
	.ndo_default_qcfg	= zcsim_default_qcfg,
	.ndo_validate_qcfg	= zcsim_validate_qcfg,
	.ndo_queue_get_dma_dev	= zcsim_queue_dma_dev,
	.supported_params	= QCFG_RX_PAGE_SIZE,
};
