// SPDX-License-Identifier: GPL-2.0
/*
 * Between page_pool's memory providers and ours: net_iovs here, numbers there;
 * and who may go away when.
 */
#include <kunit/visibility.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/netdev_lock.h>
#include <net/netdev_queues.h>
#include <net/netdev_rx_queue.h>
#include <net/page_pool/helpers.h>
#include <net/page_pool/memory_provider.h>
#include <net/xdp.h>
#include <net/zc_provider.h>

#include "internal.h"

/* Buffers on the way between page_pool and a provider. */
#define ZC_PROVIDER_BATCH	64

static netmem_ref zc_provider_netmem(const struct zc_provider *provider,
				     u32 buffer)
{
	return net_iov_to_netmem(&provider->area.niovs[buffer]);
}

/* No NIC writes any more. */
static void zc_provider_leave(struct zc_provider *provider)
{
	u32 i;

	if (!provider->dev)
		return;
	/* Whoever still syncs a buffer for it. */
	synchronize_net();
	provider->ops->destroy(provider, provider->dev);
	for (i = 0; i < provider->area.num_niovs; i++)
		zc_provider_set_dma(provider, i, 0);
	put_device(provider->dev);
	provider->dev = NULL;
}

static void zc_provider_free(struct zc_provider *provider)
{
	zc_provider_leave(provider);
	kvfree(provider->area.niovs);
	mutex_destroy(&provider->lock);
	provider->ops->release(provider);
}

/**
 * zc_provider_setup() - make a provider of memory
 * @provider: zeroed memory
 * @ops: its callbacks
 * @buffers: how many buffers
 * @shift: log2 of the bytes of each, PAGE_SHIFT or more
 *
 * The caller gets a reference, which does not hold @ops->owner.
 *
 * Context: process.
 * Return: 0 or -ENOMEM; on error @ops->release is not called.
 */
int zc_provider_setup(struct zc_provider *provider,
		      const struct zc_provider_ops *ops, u32 buffers,
		      unsigned int shift)
{
	struct net_iov *niovs;
	u32 i;

	niovs = kvcalloc(buffers, sizeof(*niovs), GFP_KERNEL_ACCOUNT);
	if (!niovs)
		return -ENOMEM;
	for (i = 0; i < buffers; i++)
		net_iov_init(&niovs[i], &provider->area, NET_IOV_MODULE);
	provider->ops = ops;
	provider->shift = shift;
	provider->area.niovs = niovs;
	provider->area.num_niovs = buffers;
	mutex_init(&provider->lock);
	refcount_set(&provider->ref, 1);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(zc_provider_setup, "ZEROCOPY");

/**
 * zc_provider_put() - drop a reference on a provider
 * @provider: provider, closed if the reference is its owner's
 *
 * Context: process.
 */
void zc_provider_put(struct zc_provider *provider)
{
	if (refcount_dec_and_test(&provider->ref))
		zc_provider_free(provider);
}
EXPORT_SYMBOL_NS_GPL(zc_provider_put, "ZEROCOPY");

/**
 * zc_provider_set_dma() - say where the NIC finds a buffer
 * @provider: provider, in its init
 * @buffer: number of the buffer
 * @addr: of its first byte, for the device that init was given
 *
 * Return: 0, or -EFAULT if page_pool has no room for such an address.
 */
int zc_provider_set_dma(struct zc_provider *provider, u32 buffer,
			dma_addr_t addr)
{
	if (net_mp_niov_set_dma_addr(&provider->area.niovs[buffer], addr))
		return -EFAULT;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(zc_provider_set_dma, "ZEROCOPY");

/**
 * zc_provider_dma() - what zc_provider_set_dma() was told
 * @provider: provider, not before its init and not after its destroy
 * @buffer: number of the buffer
 *
 * Return: the address.
 */
dma_addr_t zc_provider_dma(const struct zc_provider *provider, u32 buffer)
{
	return page_pool_get_dma_addr_netmem(zc_provider_netmem(provider,
								buffer));
}
EXPORT_SYMBOL_NS_GPL(zc_provider_dma, "ZEROCOPY");

/* ---- what page_pool calls ---- */

static int zc_mp_init(struct page_pool *pool)
{
	struct zc_provider *provider = pool->mp_priv;

	/* The queue holds the provider, and nobody else can make a pool. */
	if (pool->p.dev != provider->dev ||
	    pool->p.order + PAGE_SHIFT != provider->shift ||
	    pool->p.dma_dir != DMA_FROM_DEVICE)
		return -EOPNOTSUPP;
	if (provider->dmabuf) {
		pool->dma_sync = false;
		pool->dma_sync_for_cpu = false;
	}
	refcount_inc(&provider->ref);
	__module_get(provider->ops->owner);
	mutex_lock(&provider->lock);
	provider->pool = pool;
	mutex_unlock(&provider->lock);
	return 0;
}

static unsigned int zc_mp_alloc(struct page_pool *pool, netmem_ref *netmems,
				unsigned int nr, gfp_t gfp)
{
	struct zc_provider *provider = pool->mp_priv;
	u32 buffers[ZC_PROVIDER_BATCH];
	unsigned int i;

	nr = provider->ops->alloc(provider, buffers,
				  min_t(unsigned int, nr, ZC_PROVIDER_BATCH));
	atomic_long_inc(&provider->allocs);
	if (!nr)
		atomic_long_inc(&provider->starved);
	atomic_long_add(nr, &provider->allocated);
	for (i = 0; i < nr; i++)
		netmems[i] = zc_provider_netmem(provider, buffers[i]);
	return nr;
}

static void zc_mp_release(struct page_pool *pool, netmem_ref netmem)
{
	struct zc_provider *provider = pool->mp_priv;

	atomic_long_inc(&provider->freed);
	provider->ops->free(provider, net_iov_idx(netmem_to_net_iov(netmem)));
}

static void zc_mp_destroy(struct page_pool *pool)
{
	struct zc_provider *provider = pool->mp_priv;
	struct module *owner = provider->ops->owner;

	mutex_lock(&provider->lock);
	if (provider->pool == pool)
		provider->pool = NULL;
	mutex_unlock(&provider->lock);
	zc_provider_put(provider);
	module_put(owner);
}

/* Netlink has attributes for the two kinds of providers that it knows. */
static int zc_mp_nl_fill(void *mp_priv, struct sk_buff *rsp,
			 struct netdev_rx_queue *rxq)
{
	return 0;
}

/* The queue lets go of the provider; nothing of it may be used afterwards. */
static void zc_provider_unqueue(struct zc_provider *provider,
				struct net_device *netdev,
				netdevice_tracker *tracker)
{
	struct module *owner = provider->ops->owner;

	netdev_put(netdev, tracker);
	zc_provider_put(provider);
	module_put(owner);
}

/* Who gets the NIC is to take it from the provider: only one does. */
static struct net_device *zc_provider_netdev(struct zc_provider *provider,
					     netdevice_tracker *tracker)
{
	struct net_device *netdev = provider->netdev;

	lockdep_assert_held(&provider->lock);
	*tracker = provider->tracker;
	provider->netdev = NULL;
	return netdev;
}

/* The NIC goes away. It is locked. */
static void zc_mp_uninstall(void *mp_priv, struct netdev_rx_queue *rxq)
{
	struct zc_provider *provider = mp_priv;
	struct net_device *netdev;
	netdevice_tracker tracker;

	mutex_lock(&provider->lock);
	zc_provider_leave(provider);
	netdev = zc_provider_netdev(provider, &tracker);
	mutex_unlock(&provider->lock);
	/* Without one: zc_provider_close() waits for the NIC's lock. */
	if (netdev)
		zc_provider_unqueue(provider, netdev, &tracker);
}

VISIBLE_IF_KUNIT const struct memory_provider_ops zc_mp_ops = {
	.owner		= THIS_MODULE,
	.alloc_netmems	= zc_mp_alloc,
	.release_netmem	= zc_mp_release,
	.init		= zc_mp_init,
	.destroy	= zc_mp_destroy,
	.nl_fill	= zc_mp_nl_fill,
	.uninstall	= zc_mp_uninstall,
};
EXPORT_SYMBOL_IF_KUNIT(zc_mp_ops);

/* ---- queues ---- */

static int zc_provider_enter(struct zc_provider *provider,
			     struct net_device *netdev, unsigned int queue)
{
	struct pp_memory_provider_params params = {
		.mp_ops = &zc_mp_ops,
		.mp_priv = provider,
	};
	struct device *dev;
	int err;

	if (netdev->reg_state != NETREG_REGISTERED)
		return -ENODEV;
	if (queue >= netdev->real_num_rx_queues)
		return -ERANGE;
	/* What every NIC that may have a provider can do needs no saying. */
	if (provider->shift != PAGE_SHIFT)
		params.rx_page_size = 1U << provider->shift;
	dev = netdev_queue_get_dma_dev(netdev, queue, NETDEV_QUEUE_TYPE_RX);
	if (!dev)
		return -EOPNOTSUPP;

	mutex_lock(&provider->lock);
	err = -EBUSY;
	if (!provider->netdev && !provider->dev)
		err = provider->ops->init(provider, dev);
	if (!err) {
		provider->dev = get_device(dev);
		provider->queue = queue;
	}
	mutex_unlock(&provider->lock);
	if (err)
		return err;

	/* Without the lock: pools are made meanwhile, and may be gone again. */
	err = netif_mp_open_rxq(netdev, queue, &params, NULL);
	if (!err)
		return 0;
	mutex_lock(&provider->lock);
	zc_provider_leave(provider);
	mutex_unlock(&provider->lock);
	return err;
}

/**
 * zc_provider_open() - have a receive queue of a NIC take its memory from here
 * @provider: provider, without a queue
 * @net: network namespace
 * @ifindex: the NIC in it
 * @queue: its receive queue
 *
 * Whether the caller may do that is for him to ask: it takes the queue from
 * whoever used it, and shows what comes there. He does not open and close at
 * the same time.
 *
 * Context: process; no NIC is locked.
 * Return: 0; -ENODEV or -ERANGE if there is no such NIC or queue, -EOPNOTSUPP or
 * -EINVAL if the NIC cannot or is not set to (it has to split headers from
 * data), -EEXIST or -EBUSY if the queue or the provider is in use, or what init
 * returned.
 */
int zc_provider_open(struct zc_provider *provider, struct net *net, int ifindex,
		     unsigned int queue)
{
	netdevice_tracker tracker;
	struct net_device *netdev;
	int err;

	netdev = netdev_get_by_index(net, ifindex, &tracker, GFP_KERNEL);
	if (!netdev)
		return -ENODEV;
	if (!try_module_get(provider->ops->owner)) {
		netdev_put(netdev, &tracker);
		return -ENODEV;
	}
	refcount_inc(&provider->ref);
	netdev_lock(netdev);
	err = zc_provider_enter(provider, netdev, queue);
	if (!err) {
		/* The NIC cannot go away before it is unlocked. */
		provider->netdev = netdev;
		provider->tracker = tracker;
	}
	netdev_unlock(netdev);
	if (err)
		zc_provider_unqueue(provider, netdev, &tracker);
	return err;
}
EXPORT_SYMBOL_NS_GPL(zc_provider_open, "ZEROCOPY");

/**
 * zc_provider_close() - the queue takes its memory from elsewhere again
 * @provider: provider, with or without a queue
 *
 * Does not wait for anybody who still has a buffer.
 *
 * Context: process; no NIC is locked.
 */
void zc_provider_close(struct zc_provider *provider)
{
	const struct pp_memory_provider_params params = {
		.mp_ops = &zc_mp_ops,
		.mp_priv = provider,
	};
	struct net_device *netdev;
	netdevice_tracker tracker;

	mutex_lock(&provider->lock);
	netdev = zc_provider_netdev(provider, &tracker);
	mutex_unlock(&provider->lock);
	if (!netdev)
		return;

	netdev_lock(netdev);
	netif_mp_close_rxq(netdev, provider->queue, &params);
	mutex_lock(&provider->lock);
	/* If its driver failed, the queue runs on as it was, with that pool. */
	if (!provider->pool || provider->pool->destroy_cnt)
		zc_provider_leave(provider);
	mutex_unlock(&provider->lock);
	netdev_unlock(netdev);
	zc_provider_unqueue(provider, netdev, &tracker);
}
EXPORT_SYMBOL_NS_GPL(zc_provider_close, "ZEROCOPY");

/* ---- readers ---- */

/**
 * zc_provider_of() - whose is a net_iov?
 * @niov: in a fragment of an skb
 *
 * Return: the provider, or NULL if it is none of those in here.
 */
struct zc_provider *zc_provider_of(const struct net_iov *niov)
{
	const struct page_pool *pool = niov->desc.pp;

	if (!pool || !net_mp_niov_is_from(niov, &zc_mp_ops, pool->mp_priv))
		return NULL;
	return pool->mp_priv;
}
EXPORT_SYMBOL_NS_GPL(zc_provider_of, "ZEROCOPY");

/**
 * zc_provider_keep() - keep a buffer beyond the skb that it is in
 * @provider: provider
 * @buffer: number of the buffer, in a fragment of an skb
 *
 * It keeps the provider, too. One zc_provider_return() for each.
 *
 * Context: any.
 */
void zc_provider_keep(const struct zc_provider *provider, u32 buffer)
{
	page_pool_ref_netmem(zc_provider_netmem(provider, buffer));
}
EXPORT_SYMBOL_NS_GPL(zc_provider_keep, "ZEROCOPY");

/**
 * zc_provider_return() - give back what was kept
 * @provider: provider; with the last buffer it may be gone
 * @buffers: numbers of the buffers
 * @nr: how many
 *
 * Those that nobody has any more are page_pool's to recycle.
 *
 * Context: process or softirq.
 */
void zc_provider_return(const struct zc_provider *provider, const u32 *buffers,
			unsigned int nr)
{
	/* It has room for no more at a time, and does not look. */
	netmem_ref netmems[XDP_BULK_QUEUE_SIZE];
	unsigned int i, n;

	for (; nr; buffers += n, nr -= n) {
		n = min_t(unsigned int, nr, XDP_BULK_QUEUE_SIZE);
		for (i = 0; i < n; i++)
			netmems[i] = zc_provider_netmem(provider, buffers[i]);
		page_pool_put_netmem_bulk(netmems, n);
	}
}
EXPORT_SYMBOL_NS_GPL(zc_provider_return, "ZEROCOPY");

MODULE_IMPORT_NS("NETDEV_INTERNAL");
