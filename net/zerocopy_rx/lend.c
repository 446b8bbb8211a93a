// SPDX-License-Identifier: GPL-2.0
/*
 * ZEROCOPY_RX_PROVIDER: a receive queue of a NIC takes its memory from the first
 * buffers of an area, in pieces that the NIC can use, and what arrives in them is
 * handed out where it lies. The rest of the area stays what is copied to; and the
 * program cannot have so many pieces that the NIC has none.
 *
 * A token is a reference on page_pool's count: it keeps the pool, the provider and
 * the pages, whatever becomes of the socket, the queue and the NIC. (S4.7)
 */
#include <linux/bitops.h>
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/zc_area.h>
#include <net/zc_provider.h>

#include "internal.h"

/* Of the buffers of an area, one in so many is left to copies. */
#define ZC_RX_LENT_COPIES	8U
/* Of what the NIC has, one in so many is never left to the program. */
#define ZC_RX_LENT_RESERVE	4U
/* Larger pieces are tried, and then these: 64 KiB. */
#define ZC_RX_LENT_SHIFT	16U
/* Tokens that came back, and are returned together */
#define ZC_RX_LENT_BATCH	64U

/**
 * struct zc_rx_lent - pieces of an area that are lent to a NIC
 * @provider: what the NIC knows it by
 * @area: whose pages these are
 * @net: what is counted
 * @nr: how many pieces there are
 * @held: how many it has tokens of
 * @users: by number: the tokens
 * @nr_back: entries of @back
 * @back: what it is done with, not returned yet
 * @lock: protects @free and @nr_free
 * @nr_free: how many pieces the NIC does not have either
 * @free: their numbers
 *
 * What @lock does not protect is under the receiver's mutex, but for @area.
 */
struct zc_rx_lent {
	struct zc_provider	provider;
	struct zc_area		*area;
	struct zc_rx_net	*net;
	u32			nr;
	u32			held;
	u32			*users;
	unsigned int		nr_back;
	u32			back[ZC_RX_LENT_BATCH];
	spinlock_t		lock; /* see above */
	u32			nr_free;
	u32			free[];
};

static struct zc_rx_lent *zc_rx_lent(struct zc_provider *provider)
{
	return container_of(provider, struct zc_rx_lent, provider);
}

/* ---- the provider: pages of a program ---- */

/* page_pool and the driver keep the CPU's view, not a provider. */
#define ZC_RX_LENT_DMA	(DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_WEAK_ORDERING)

static void zc_rx_lent_unmap(struct zc_provider *provider, struct device *dev,
			     u32 nr)
{
	while (nr--)
		dma_unmap_phys(dev, zc_provider_dma(provider, nr),
			       1UL << provider->shift, DMA_FROM_DEVICE,
			       ZC_RX_LENT_DMA);
}

static int zc_rx_lent_map(struct zc_rx_lent *lent, struct device *dev, u32 nr)
{
	struct zc_provider *provider = &lent->provider;
	size_t size = 1UL << provider->shift, bytes;
	phys_addr_t phys;
	dma_addr_t dma;

	phys = zc_area_phys(lent->area, (size_t)nr << provider->shift, &bytes);
	dma = dma_map_phys(dev, phys, size, DMA_FROM_DEVICE, ZC_RX_LENT_DMA);
	if (dma_mapping_error(dev, dma))
		return -EIO;
	/* Through a bounce buffer it would be a copy, and nobody would say so. */
	if (!dma_need_sync(dev, dma) &&
	    !zc_provider_set_dma(provider, nr, dma))
		return 0;
	dma_unmap_phys(dev, dma, size, DMA_FROM_DEVICE, ZC_RX_LENT_DMA);
	return -EIO;
}

static int zc_rx_lent_init(struct zc_provider *provider, struct device *dev)
{
	struct zc_rx_lent *lent = zc_rx_lent(provider);
	int err;
	u32 i;

	/* What it cannot reach is not mapped without a warning. */
	if (dma_addressing_limited(dev))
		return -EIO;
	for (i = 0; i < provider->area.num_niovs; i++) {
		err = zc_rx_lent_map(lent, dev, i);
		if (err) {
			zc_rx_lent_unmap(provider, dev, i);
			return err;
		}
		cond_resched();
	}
	return 0;
}

static void zc_rx_lent_destroy(struct zc_provider *provider, struct device *dev)
{
	zc_rx_lent_unmap(provider, dev, provider->area.num_niovs);
}

static unsigned int zc_rx_lent_alloc(struct zc_provider *provider, u32 *buffers,
				     unsigned int nr)
{
	struct zc_rx_lent *lent = zc_rx_lent(provider);

	spin_lock_bh(&lent->lock);
	nr = min(nr, lent->nr_free);
	lent->nr_free -= nr;
	memcpy(buffers, lent->free + lent->nr_free, nr * sizeof(*buffers));
	spin_unlock_bh(&lent->lock);
	zc_rx_count(lent->net, ZC_RX_STAT_LENT_CALLS, 1);
	zc_rx_count(lent->net, ZC_RX_STAT_LENT, nr);
	if (!nr)
		zc_rx_count(lent->net, ZC_RX_STAT_LENT_STARVED, 1);
	return nr;
}

static void zc_rx_lent_free(struct zc_provider *provider, u32 buffer)
{
	struct zc_rx_lent *lent = zc_rx_lent(provider);

	spin_lock_bh(&lent->lock);
	lent->free[lent->nr_free++] = buffer;
	spin_unlock_bh(&lent->lock);
	zc_rx_count(lent->net, ZC_RX_STAT_LENT_BACK, 1);
}

/* No packet of anybody has any of it: the pages may go. */
static void zc_rx_lent_release(struct zc_provider *provider)
{
	struct zc_rx_lent *lent = zc_rx_lent(provider);

	zc_area_lend_end(lent->area);
	zc_rx_net_put(lent->net);
	kvfree(lent->users);
	kvfree(lent);
}

static const struct zc_provider_ops zc_rx_lent_ops = {
	.owner		= THIS_MODULE,
	.init		= zc_rx_lent_init,
	.alloc		= zc_rx_lent_alloc,
	.free		= zc_rx_lent_free,
	.destroy	= zc_rx_lent_destroy,
	.release	= zc_rx_lent_release,
};

/* ---- the backend ---- */

/* The largest pieces that there are all over the part of the area. */
static unsigned int zc_rx_lent_shift(const struct zc_rx_area *area,
				     size_t length)
{
	unsigned int shift = area->shift;
	size_t at, bytes;

	for (at = 0; at < length && shift > PAGE_SHIFT; at += bytes) {
		zc_area_phys(area->area, at, &bytes);
		bytes = min(bytes, length - at);
		shift = min_t(unsigned int, shift, __ffs(bytes));
	}
	return shift;
}

static struct zc_rx_lent *zc_rx_lent_new(struct zc_area *area, struct net *net,
					 size_t length, unsigned int shift)
{
	u32 nr = length >> shift;
	struct zc_rx_lent *lent;

	lent = kvzalloc(struct_size(lent, free, nr), GFP_KERNEL_ACCOUNT);
	if (!lent)
		return NULL;
	lent->nr = nr;
	spin_lock_init(&lent->lock);
	lent->users = kvcalloc(nr, sizeof(*lent->users), GFP_KERNEL_ACCOUNT);
	if (!lent->users ||
	    zc_provider_setup(&lent->provider, &zc_rx_lent_ops, nr, shift)) {
		kvfree(lent->users);
		kvfree(lent);
		return NULL;
	}
	/* From the beginning on. */
	while (nr)
		lent->free[lent->nr_free++] = --nr;
	lent->net = zc_rx_net_get(net);
	lent->area = area;
	zc_area_lend(area);
	return lent;
}

/* Whoever asks has said that there is such a NIC and such a queue. */
static int zc_rx_lent_error(int err, struct zerocopy_rx_bind *arg)
{
	switch (err) {
	case -EIO:
		arg->reason = ZEROCOPY_RX_WHY_SYNC;
		return -EOPNOTSUPP;
	case -EINVAL: /* it does not split headers from data, or has other sizes */
	case -EOPNOTSUPP:
		arg->reason = ZEROCOPY_RX_WHY_DEVICE;
		return -EOPNOTSUPP;
	case -EEXIST: /* the queue has a provider */
		return -EBUSY;
	default:
		return err;
	}
}

static int zc_rx_lend_bind(struct zc_rx_area *area, struct net *net,
			   struct zerocopy_rx_bind *arg)
{
	u32 nr = area->buffers.nr;
	struct zc_rx_lent *lent;
	unsigned int shift;
	size_t length;
	int err;

	arg->reason = ZEROCOPY_RX_WHY_AREA;
	if (nr < 2 || area->shift < PAGE_SHIFT ||
	    zc_area_length(area->area) >> PAGE_SHIFT >= ZC_RX_TOKEN_DEVICE)
		return -EOPNOTSUPP;
	nr -= max(nr / ZC_RX_LENT_COPIES, 1U);
	length = (size_t)nr << area->shift;
	shift = zc_rx_lent_shift(area, length);
	err = zc_rx_buffers_take_away(&area->buffers, nr);
	if (err)
		return err;
	for (;;) {
		err = -ENOMEM;
		lent = zc_rx_lent_new(area->area, net, length, shift);
		if (!lent)
			break;
		err = zc_provider_open(&lent->provider, net, arg->ifindex,
				       arg->queue);
		if (!err) {
			area->bound = lent;
			return 0;
		}
		zc_provider_put(&lent->provider);
		if ((err != -EOPNOTSUPP && err != -EINVAL) ||
		    shift == PAGE_SHIFT)
			break;
		/* Large ones are not for every NIC. */
		shift = shift > ZC_RX_LENT_SHIFT ? ZC_RX_LENT_SHIFT : PAGE_SHIFT;
	}
	zc_rx_buffers_put_back(&area->buffers);
	return zc_rx_lent_error(err, arg);
}

static void zc_rx_lent_trace(const struct zc_rx_lent *lent, u32 piece,
			     enum zc_rx_buffer_reason why)
{
	trace_zc_rx_buffer(zc_area_id(lent->area), ZC_RX_TOKEN_DEVICE | piece,
			   lent->users[piece], why);
}

static void zc_rx_lend_flush(struct zc_rx_area *area)
{
	struct zc_rx_lent *lent = area->bound;
	unsigned int nr = lent->nr_back;

	lent->nr_back = 0;
	zc_provider_return(&lent->provider, lent->back, nr);
}

static bool zc_rx_lend_give_back(struct zc_rx_area *area, u32 token)
{
	struct zc_rx_lent *lent = area->bound;
	u32 piece = token & ~ZC_RX_TOKEN_DEVICE;

	if (piece >= lent->nr)
		return false;
	piece = array_index_nospec(piece, lent->nr);
	if (!lent->users[piece])
		return false;
	if (!--lent->users[piece])
		lent->held--;
	zc_rx_lent_trace(lent, piece, ZC_RX_BUFFER_RETURN);
	lent->back[lent->nr_back++] = piece;
	if (lent->nr_back == ZC_RX_LENT_BATCH)
		zc_rx_lend_flush(area);
	return true;
}

/*
 * First the NIC stops: what the program had is its memory all the same, and is not
 * written to any more. (S4.3, S4.9)
 */
static void zc_rx_lend_unbind(struct zc_rx_area *area)
{
	struct zc_rx_lent *lent = area->bound;
	u32 i;

	zc_provider_close(&lent->provider);
	for (i = 0; lent->held && i < lent->nr; i++) {
		while (lent->users[i])
			zc_rx_lend_give_back(area, i);
		cond_resched();
	}
	zc_rx_lend_flush(area);
	area->bound = NULL;
	zc_provider_put(&lent->provider);
	zc_rx_buffers_put_back(&area->buffers);
}

static bool zc_rx_lend_claim(struct zc_rx_area *area, const skb_frag_t *frag,
			     u32 offset, u32 len, struct zc_rx_claim *claim)
{
	const struct net_iov *niov = skb_frag_net_iov(frag);
	struct zc_rx_lent *lent = area->bound;
	u32 piece;

	if (!niov || zc_provider_of(niov) != &lent->provider)
		return false;
	piece = net_iov_idx(niov);
	claim->offset = ((u64)piece << lent->provider.shift) +
			skb_frag_off(frag) + offset;
	if (!lent->users[piece]) {
		/* It goes on with the rest, and the program with copies. */
		if (lent->held >= lent->nr - lent->nr / ZC_RX_LENT_RESERVE) {
			claim->copy = true;
			return true;
		}
		lent->held++;
	}
	lent->users[piece]++;
	zc_provider_keep(&lent->provider, piece);
	claim->token = ZC_RX_TOKEN_DEVICE | piece;
	zc_rx_lent_trace(lent, piece, ZC_RX_BUFFER_CLAIM);
	return true;
}

const struct zc_rx_backend zc_rx_lend = {
	.kind		= ZEROCOPY_RX_PROVIDER,
	.bind		= zc_rx_lend_bind,
	.unbind		= zc_rx_lend_unbind,
	.claim		= zc_rx_lend_claim,
	.give_back	= zc_rx_lend_give_back,
	.flush		= zc_rx_lend_flush,
};
