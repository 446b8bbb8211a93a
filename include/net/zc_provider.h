/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory for the receive queues of NICs: what somebody implements who has some,
 * and what he calls. It takes a kernel whose page_pool accepts providers from
 * modules, see patches/7.2, and is in zerocopy_rx.ko.
 */
#ifndef _NET_ZC_PROVIDER_H
#define _NET_ZC_PROVIDER_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <net/netmem.h>

struct device;
struct module;
struct net;
struct net_device;
struct page_pool;
struct zc_provider;

/**
 * struct zc_provider_ops - what somebody implements who provides memory
 * @owner: the module of the callbacks; a queue that has the provider holds it,
 *	and so does each page_pool that got a buffer and has not freed it
 * @init: A queue of a NIC that does DMA by @dev is to get the provider: give
 *	each buffer its address, see zc_provider_set_dma(). Process context, the
 *	NIC is locked. Returns 0 or an errno; on error it has undone what it did.
 * @alloc: Fill in the numbers of up to @nr free buffers, and say how many. They
 *	are page_pool's until @free. Softirq or process context; must not sleep.
 *	page_pool recycles by itself: this is the slow path. (S4.1, S4.5)
 * @free: A buffer is the provider's again: no NIC, no skb and no reader has it.
 *	Any context but hard interrupt; must not sleep.
 * @destroy: No NIC will write any more: undo what @init did. Skbs and readers
 *	keep the buffers they have; those come back by @free, later. Process
 *	context; the NIC may be about to go away.
 * @release: The last reference is gone, and with it the last buffer that was
 *	out: free the provider. Process context.
 *
 * What is done with a buffer, and who syncs it, is not the provider's business.
 */
struct zc_provider_ops {
	struct module	*owner;
	int (*init)(struct zc_provider *provider, struct device *dev);
	unsigned int (*alloc)(struct zc_provider *provider, u32 *buffers,
			      unsigned int nr);
	void (*free)(struct zc_provider *provider, u32 buffer);
	void (*destroy)(struct zc_provider *provider, struct device *dev);
	void (*release)(struct zc_provider *provider);
};

/**
 * struct zc_provider - memory in buffers of one size, numbered from 0
 * @ops: its callbacks
 * @ref: one for who set it up, one for the queue, one for each page_pool
 * @shift: log2 of the bytes of a buffer
 * @dmabuf: its addresses are those of a DMA-BUF, which page_pool must not sync
 * @area: what page_pool and skbs know its buffers by
 * @lock: protects what follows, up to @pool
 * @dev: what the NIC does DMA by, from init until destroy
 * @netdev: the NIC that has it, or NULL
 * @tracker: of @netdev
 * @queue: the receive queue of @netdev
 * @pool: the page_pool that came last, if it still exists; not to be followed
 * @allocs: how often @ops->alloc was asked
 * @allocated: buffers that it gave
 * @freed: buffers that it got back
 * @starved: how often it had none
 *
 * Embedded in whatever its owner has. Only the counters are anybody else's.
 */
struct zc_provider {
	const struct zc_provider_ops	*ops;
	refcount_t			ref;
	unsigned int			shift;
	bool				dmabuf;
	struct net_iov_area		area;
	struct mutex			lock; /* see above */
	struct device			*dev;
	struct net_device		*netdev;
	netdevice_tracker		tracker;
	unsigned int			queue;
	struct page_pool		*pool;
	atomic_long_t			allocs;
	atomic_long_t			allocated;
	atomic_long_t			freed;
	atomic_long_t			starved;
};

int zc_provider_setup(struct zc_provider *provider,
		      const struct zc_provider_ops *ops, u32 buffers,
		      unsigned int shift);
void zc_provider_put(struct zc_provider *provider);
int zc_provider_set_dma(struct zc_provider *provider, u32 buffer,
			dma_addr_t addr);
dma_addr_t zc_provider_dma(const struct zc_provider *provider, u32 buffer);
int zc_provider_open(struct zc_provider *provider, struct net *net, int ifindex,
		     unsigned int queue);
void zc_provider_close(struct zc_provider *provider);

struct zc_provider *zc_provider_of(const struct net_iov *niov);
void zc_provider_keep(const struct zc_provider *provider, u32 buffer);
void zc_provider_return(const struct zc_provider *provider, const u32 *buffers,
			unsigned int nr);

#endif /* _NET_ZC_PROVIDER_H */
