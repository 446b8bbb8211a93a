// SPDX-License-Identifier: GPL-2.0
/*
 * A NIC fills an area as a DMA-BUF: the first part of it is exported, and the
 * kernel's own devmem provider, to which the program binds it, receives there.
 * The rest stays what data that has to be copied is copied to: no buffer is ever
 * the NIC's and the CPU's.
 *
 * What arrives has no page. A fragment of it is ours if our export has its offset
 * mapped to its DMA address for its device. The program's token for it is a
 * reference on page_pool's count, as recvmsg() takes it with MSG_SOCK_DEVMEM; it
 * keeps the pool, the binding and the mapping, whatever becomes of the socket, the
 * queue and the NIC.
 */
#include <linux/device.h>
#include <linux/ethtool.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/netdevice.h>
#include <linux/nospec.h>
#include <linux/skbuff_ref.h>
#include <linux/slab.h>
#include <linux/zc_area.h>
#include <linux/zc_export.h>
#include <net/netdev_lock.h>
#include <net/netdev_queues.h>
#include <net/netdev_rx_queue.h>
#include <net/netmem.h>
#include <net/page_pool/helpers.h>

#include "internal.h"

/* Of the buffers of an area, one in so many is left to copies. */
#define ZC_RX_DMABUF_COPIES	8U
/* Of the NIC's pages, one in so many is never left to the program. */
#define ZC_RX_DMABUF_RESERVE	4U

/**
 * struct zc_rx_page - a page that the NIC may fill
 * @niov: what page_pool calls it, while @users
 * @users: tokens that the program has for it, each with a reference of page_pool's
 */
struct zc_rx_page {
	struct net_iov	*niov;
	atomic_t	users;
};

/**
 * struct zc_rx_dmabuf - the part of an area that is exported
 * @exp: the export; a reference is held
 * @fd: the program's descriptor for it, as long as it is not installed; -1
 * @held: pages that the program has tokens for
 * @nr: pages
 * @page: by number
 */
struct zc_rx_dmabuf {
	struct zc_export	*exp;
	int			fd;
	u32			held;
	u32			nr;
	struct zc_rx_page	page[] __counted_by(nr);
};

/*
 * The device that does DMA for a queue, with a reference. NULL if the queue could
 * not be bound now; whoever binds it is told in words why.
 */
static struct device *zc_rx_dma_dev(struct net *net, u32 ifindex, u32 queue)
{
	const struct netdev_queue_mgmt_ops *ops;
	struct device *dma = NULL;
	struct net_device *dev;

	dev = dev_get_by_index(net, ifindex);
	if (!dev)
		return NULL;
	netdev_lock(dev);
	ops = dev->queue_mgmt_ops;
	if (!ops || !netif_device_present(dev) ||
	    queue >= dev->real_num_rx_queues)
		goto out;
	if (dev->cfg->hds_config != ETHTOOL_TCP_DATA_SPLIT_ENABLED ||
	    dev->cfg->hds_thresh)
		goto out;
	/* Somebody else's, for the time being. */
	if (__netif_get_rx_queue(dev, queue)->lease)
		goto out;
	dma = ops->ndo_queue_get_dma_dev ?
		ops->ndo_queue_get_dma_dev(dev, queue) : dev->dev.parent;
	if (dma && !dma->dma_mask)
		dma = NULL;
	get_device(dma);
out:
	netdev_unlock(dev);
	dev_put(dev);
	return dma;
}

static struct zc_rx_dmabuf *zc_rx_dmabuf_create(struct zc_area *area, u32 nr,
						struct device *dma)
{
	struct zc_rx_dmabuf *db;

	db = kvzalloc(struct_size(db, page, nr), GFP_KERNEL_ACCOUNT);
	if (!db)
		return ERR_PTR(-ENOMEM);
	db->nr = nr;
	db->exp = zc_export_create(area, (size_t)nr << PAGE_SHIFT, dma);
	if (IS_ERR(db->exp)) {
		void *err = db->exp;

		kvfree(db);
		return err;
	}
	return db;
}

static int zc_rx_dmabuf_bind(struct zc_rx_area *area, struct net *net,
			     struct zerocopy_rx_bind *arg)
{
	u32 nr = area->buffers.nr;
	struct zc_rx_dmabuf *db;
	struct device *dma;
	int err;

	arg->reason = ZEROCOPY_RX_WHY_AREA;
	if (nr < 2 || area->shift < PAGE_SHIFT ||
	    zc_area_length(area->area) >> PAGE_SHIFT >= ZC_RX_TOKEN_DEVICE)
		return -EOPNOTSUPP;
	nr -= max(nr / ZC_RX_DMABUF_COPIES, 1U);

	arg->reason = ZEROCOPY_RX_WHY_DEVICE;
	dma = zc_rx_dma_dev(net, arg->ifindex, arg->queue);
	if (!dma)
		return -EOPNOTSUPP;
	err = zc_rx_buffers_take_away(&area->buffers, nr);
	if (err)
		goto err_dev;
	db = zc_rx_dmabuf_create(area->area, nr << (area->shift - PAGE_SHIFT),
				 dma);
	err = PTR_ERR_OR_ZERO(db);
	if (err)
		goto err_buffers;
	db->fd = get_unused_fd_flags(O_CLOEXEC);
	err = db->fd;
	if (err < 0)
		goto err_free;
	put_device(dma);
	area->bound = db;
	arg->dmabuf = db->fd;
	return 0;

err_free:
	zc_export_put(db->exp);
	kvfree(db);
err_buffers:
	zc_rx_buffers_put_back(&area->buffers);
	if (err == -EIO) {
		arg->reason = ZEROCOPY_RX_WHY_SYNC;
		err = -EOPNOTSUPP;
	}
err_dev:
	put_device(dma);
	return err;
}

/* The program knows the number of its file descriptor: make it one. */
static void zc_rx_dmabuf_told(struct zc_rx_area *area)
{
	struct zc_rx_dmabuf *db = area->bound;

	zc_export_install(db->exp, db->fd);
	db->fd = -1;
}

/*
 * Data that nobody has received yet stays in its socket, and the memory pinned for
 * as long as it is bound.
 */
static void zc_rx_dmabuf_unbind(struct zc_rx_area *area)
{
	struct zc_rx_dmabuf *db = area->bound;
	u32 i;

	for (i = 0; db->held && i < db->nr; i++) {
		struct zc_rx_page *page = &db->page[i];
		int users = atomic_xchg(&page->users, 0);

		if (!users)
			continue;
		db->held--;
		trace_zc_rx_buffer(area->id, ZC_RX_TOKEN_DEVICE | i, users,
				   ZC_RX_BUFFER_CLOSE);
		while (users--)
			napi_pp_put_page(net_iov_to_netmem(page->niov));
		cond_resched();
	}
	if (db->fd >= 0)
		put_unused_fd(db->fd);
	zc_export_put(db->exp);
	kvfree(db);
	area->bound = NULL;
	zc_rx_buffers_put_back(&area->buffers);
}

static bool zc_rx_dmabuf_claim(struct zc_rx_area *area, const skb_frag_t *frag,
			       u32 offset, u32 len, struct zc_rx_claim *claim)
{
	netmem_ref netmem = skb_frag_netmem(frag);
	struct net_iov *niov = netmem_to_net_iov(netmem);
	struct page_pool *pp = netmem_get_pp(netmem);
	struct zc_rx_dmabuf *db = area->bound;
	struct zc_rx_page *page;
	unsigned long at;

	if (!net_is_devmem_iov(niov) || !pp)
		return false;
	at = net_iov_owner(niov)->base_virtual +
	     ((unsigned long)net_iov_idx(niov) << PAGE_SHIFT);
	if (!zc_export_is(db->exp, pp->p.dev, at, netmem_get_dma_addr(netmem)))
		return false;

	offset += skb_frag_off(frag);
	if (offset + len > PAGE_SIZE)
		return false;

	claim->offset = at + offset;
	/* It goes on with the rest, and the program with copies. */
	if (db->held >= db->nr - db->nr / ZC_RX_DMABUF_RESERVE) {
		claim->copy = true;
		return true;
	}

	/* The same memory, in somebody else's DMA-BUF for the same device? */
	page = &db->page[at >> PAGE_SHIFT];
	if (atomic_read(&page->users) && page->niov != niov)
		return false;

	page_pool_ref_netmem(netmem);
	page->niov = niov;
	if (atomic_inc_return(&page->users) == 1)
		db->held++;
	claim->token = ZC_RX_TOKEN_DEVICE | at >> PAGE_SHIFT;
	return true;
}

static bool zc_rx_dmabuf_give_back(struct zc_rx_area *area, u32 token)
{
	struct zc_rx_dmabuf *db = area->bound;
	u32 nr = token & ~ZC_RX_TOKEN_DEVICE;
	struct zc_rx_page *page;
	int users;

	if (nr >= db->nr)
		return false;
	nr = array_index_nospec(nr, db->nr);
	page = &db->page[nr];
	users = atomic_dec_if_positive(&page->users);
	if (users < 0)
		return false;
	if (!users)
		db->held--;
	napi_pp_put_page(net_iov_to_netmem(page->niov));
	return true;
}

const struct zc_rx_backend zc_rx_dmabuf = {
	.kind = ZEROCOPY_RX_DMABUF,
	.bind = zc_rx_dmabuf_bind,
	.told = zc_rx_dmabuf_told,
	.unbind = zc_rx_dmabuf_unbind,
	.claim = zc_rx_dmabuf_claim,
	.give_back = zc_rx_dmabuf_give_back,
};
