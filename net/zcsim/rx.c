// SPDX-License-Identifier: GPL-2.0
/*
 * Receive queues. The wire side runs in the peer's engine and fills posted
 * buffers by DMA address; the NAPI side makes skbs and posts new buffers. They
 * share two rings, and each writes its own ends of them.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <net/page_pool/helpers.h>

#include "zcsim.h"

/* Frames up to that are copied by the CPU, and their buffer used again. */
#define ZCSIM_COPYBREAK		256

/* ---- the wire side ---- */

/* Where a frame goes: a header buffer, receive buffers. */
struct zcsim_target {
	struct device		*dev;
	unsigned int		nr;
	struct zcsim_desc	to[MAX_SKB_FRAGS + 1];
};

/* How much of a frame goes into the header buffer. */
static u32 zcsim_rx_split(struct zcsim_rxq *q, const struct zcsim_frame *frame)
{
	u32 hdr_len;

	if (!q->mem.slots)
		return 0;
	if (!frame->flow->hdr_len)
		return min_t(u32, frame->len, ZCSIM_SLOT);
	hdr_len = max_t(u32, frame->flow->hdr_len, frame->hdr_len);
	if (frame->len - hdr_len <= READ_ONCE(q->nic->hds_thresh))
		return frame->len;
	return hdr_len;
}

static void zcsim_rx_target(struct zcsim_rxq *q, u32 in_slot, u32 len,
			    struct zcsim_target *target)
{
	struct zcsim_rx_mem *mem = &q->mem;
	u32 mask = mem->size - 1;
	u32 i = mem->taken;

	target->dev = q->nic->dma;
	target->nr = 0;
	if (in_slot) {
		target->to[0].addr = mem->slots_dma +
				     (mem->cq_prod & mask) * ZCSIM_SLOT;
		target->to[0].len = in_slot;
		target->nr = 1;
		len -= in_slot;
	}
	while (len) {
		struct zcsim_desc *to = &target->to[target->nr++];

		to->addr = mem->bufs[i++ & mask].addr;
		to->len = min(len, mem->buf_len);
		len -= to->len;
	}
}

/* Copy the payload behind the headers; returns the sum over it if wanted. */
static __wsum zcsim_rx_payload(const struct zcsim_target *target,
			       const struct zcsim_frame *frame, bool csum)
{
	u32 skip = frame->hdr_len, done = 0;
	struct zcsim_reader rd;
	unsigned int i;
	__wsum sum = 0;

	zcsim_dma_seek(&rd, frame->dev, frame->pkt->desc, frame->pay_off);
	for (i = 0; i < target->nr; i++) {
		dma_addr_t addr = target->to[i].addr + skip;
		u32 len = target->to[i].len - skip;

		skip = 0;
		if (!len)
			continue;
		if (csum)
			sum = csum_block_add(sum,
					     zcsim_dma_copy_csum(&rd,
								 target->dev,
								 addr, len),
					     done);
		else
			zcsim_dma_copy(&rd, target->dev, addr, len);
		done += len;
	}
	return sum;
}

/* Write a frame to where it goes. Returns false if its checksum is wrong. */
static bool zcsim_rx_fill(const struct zcsim_target *target,
			  struct zcsim_frame *frame)
{
	bool csum = frame->csum == ZCSIM_CSUM_FILL ||
		    frame->csum == ZCSIM_CSUM_VERIFY;
	const struct zcsim_desc *last = &target->to[target->nr - 1];
	u32 payload = frame->len - frame->hdr_len;
	__sum16 *field = (__sum16 *)(frame->hdr + frame->csum_at);
	__sum16 was = 0, result = 0;
	bool good = true;
	__wsum sum = 0;

	if (payload && frame->touch)
		sum = zcsim_rx_payload(target, frame, csum);
	if (csum && frame->touch)
		result = zcsim_frame_csum(frame, sum);
	if (frame->csum == ZCSIM_CSUM_VERIFY) {
		good = !result;
	} else if (csum && frame->touch) {
		/* A duplicate begins with what is there now. */
		was = get_unaligned(field);
		put_unaligned(result, field);
	}
	zcsim_dma_write(target->dev, target->to[0].addr, frame->hdr,
			frame->hdr_len);
	if (frame->csum == ZCSIM_CSUM_FILL && frame->touch)
		put_unaligned(was, field);

	if (frame->corrupt) {
		if (payload && frame->touch)
			zcsim_dma_flip(target->dev, last->addr + last->len - 1);
		else
			zcsim_dma_flip(target->dev, target->to[0].addr +
						    frame->hdr_len - 1);
		good = false;
	}
	return good;
}

static void zcsim_rx_report(struct zcsim_rxq *q,
			    const struct zcsim_frame *frame,
			    struct zcsim_cqe *cqe, bool good)
{
	const struct zcsim_pkt *pkt = frame->pkt;

	cqe->len = frame->len;
	cqe->hdr_len = frame->flow->hdr_len;
	cqe->l4_hash = frame->l4_hash;
	cqe->hwtstamp = READ_ONCE(q->nic->hwtstamp_rx) ? ktime_get_real() : 0;
	cqe->gso_type = 0;
	cqe->ip_summed = CHECKSUM_NONE;
	if (!good || !(q->nic->dev->features & NETIF_F_RXCSUM)) {
		if (!good)
			q->stats.csum_bad++;
	} else if (frame->csum == ZCSIM_CSUM_PARTIAL) {
		cqe->ip_summed = CHECKSUM_PARTIAL;
	} else if (frame->csum != ZCSIM_CSUM_NONE) {
		cqe->ip_summed = CHECKSUM_UNNECESSARY;
	}
	if (frame->gso) {
		/* A whole GSO packet has no other checksum than this. */
		cqe->ip_summed = CHECKSUM_PARTIAL;
		cqe->csum_start = pkt->csum_start;
		cqe->csum_offset = pkt->csum_offset;
		cqe->gso_type = pkt->gso_type;
		cqe->gso_size = pkt->mss;
		cqe->gso_segs = DIV_ROUND_UP(pkt->len - pkt->hdr_len,
					     pkt->mss);
	}
}

/* One frame into the rings. Returns false if it is lost. */
static bool zcsim_rx_accept(struct zcsim_rxq *q, struct zcsim_frame *frame,
			    u32 hash)
{
	struct zcsim_rx_mem *mem = &q->mem;
	struct zcsim_target target;
	struct zcsim_cqe *cqe;
	u32 in_slot, nr, mtu, room, posted;
	bool good;

	if (zcsim_fault_on(&q->faults, ZCSIM_UNPLUG) ||
	    zcsim_fault_nth(&q->faults, ZCSIM_DROP)) {
		q->stats.drops++;
		return false;
	}
	if (zcsim_fault_nth(&q->faults, ZCSIM_CORRUPT))
		frame->corrupt = true;

	mtu = READ_ONCE(q->nic->dev->mtu);
	if (!frame->gso && frame->len > mtu + ETH_HLEN + 2 * VLAN_HLEN) {
		q->stats.length_errors++;
		return false;
	}
	in_slot = zcsim_rx_split(q, frame);
	nr = DIV_ROUND_UP(frame->len - in_slot, mem->buf_len);
	if (nr > MAX_SKB_FRAGS) {
		q->stats.length_errors++;
		return false;
	}
	/* What NAPI is through with, and what it has posted, is ours. */
	room = mem->size - (mem->cq_prod - smp_load_acquire(&mem->cq_cons));
	/* See above. */
	posted = smp_load_acquire(&mem->posted) - mem->taken;
	if (!room || nr > posted) {
		q->stats.overruns++;
		return false;
	}

	zcsim_rx_target(q, in_slot, frame->len, &target);
	good = zcsim_rx_fill(&target, frame);
	if (!good && mem->unreadable) {
		/* Nobody behind this device could find out. */
		q->stats.csum_bad++;
		q->stats.drops++;
		return false;
	}

	cqe = &mem->cqes[mem->cq_prod & (mem->size - 1)];
	zcsim_rx_report(q, frame, cqe, good);
	cqe->in_slot = in_slot;
	cqe->nr_bufs = nr;
	cqe->hash = hash;
	cqe->ready = zcsim_fault_delay(&q->faults);
	/* Only counted here: see zcsim_rx_ready(). */
	zcsim_fault_on(&q->faults, ZCSIM_HOLD);
	if (in_slot && in_slot < frame->len)
		q->stats.split++;
	mem->taken += nr;
	/* NAPI sees the frame whole. */
	smp_store_release(&mem->cq_prod, mem->cq_prod + 1);
	return true;
}

/**
 * zcsim_rxq_receive() - a frame arrives
 * @q: queue, running or not
 * @frame: the frame
 * @hash: its hash
 *
 * Context: softirq, RCU read side.
 * Return: false if it is lost.
 */
bool zcsim_rxq_receive(struct zcsim_rxq *q, struct zcsim_frame *frame,
		       u32 hash)
{
	bool ok = false;

	spin_lock(&q->lock);
	if (q->running) {
		ok = zcsim_rx_accept(q, frame, hash);
		/* Also without a frame: maybe there are buffers by now. */
		napi_schedule(&q->napi);
	}
	spin_unlock(&q->lock);
	return ok;
}

/* ---- the NAPI side ---- */

static void zcsim_rx_refill(struct zcsim_rxq *q, gfp_t gfp)
{
	struct zcsim_rx_mem *mem = &q->mem;
	u64 start = zcsim_cycles();
	u32 posted = mem->posted;

	if (zcsim_fault_on(&q->faults, ZCSIM_STARVE))
		return;
	if (zcsim_dma_none)
		gfp |= __GFP_ZERO;
	for (; posted - mem->cons < mem->size; posted++) {
		struct zcsim_buf *buf = &mem->bufs[posted & (mem->size - 1)];

		buf->netmem = page_pool_alloc_netmems(mem->pool, gfp);
		if (!buf->netmem) {
			q->stats.alloc_fail++;
			break;
		}
		buf->addr = page_pool_get_dma_addr_netmem(buf->netmem);
	}
	/* The wire side finds what is posted. */
	smp_store_release(&mem->posted, posted);
	zcsim_cycles_add(&q->stats.refill_cycles, start);
}

static netmem_ref zcsim_rx_next(struct zcsim_rx_mem *mem)
{
	return mem->bufs[mem->cons++ & (mem->size - 1)].netmem;
}

static void zcsim_rx_discard(struct zcsim_rx_mem *mem, unsigned int nr,
			     bool direct)
{
	while (nr--)
		page_pool_put_full_netmem(mem->pool, zcsim_rx_next(mem),
					  direct);
}

/* The headers, or all of a small frame, in front of a new skb. */
static struct sk_buff *zcsim_rx_head(struct zcsim_rxq *q,
				     const struct zcsim_cqe *cqe, u32 *pulled)
{
	struct zcsim_rx_mem *mem = &q->mem;
	struct sk_buff *skb;
	netmem_ref netmem;
	const void *from;
	u32 len;

	if (cqe->in_slot) {
		len = cqe->in_slot;
		from = mem->slots +
		       (mem->cq_cons & (mem->size - 1)) * ZCSIM_SLOT;
	} else {
		netmem = mem->bufs[mem->cons & (mem->size - 1)].netmem;
		len = cqe->len;
		if (len > ZCSIM_COPYBREAK)
			len = cqe->hdr_len ?: ZCSIM_COPYBREAK;
		page_pool_dma_sync_netmem_for_cpu(mem->pool, netmem, 0, len);
		from = netmem_address(netmem);
	}
	skb = napi_alloc_skb(&q->napi, len);
	if (skb)
		skb_put_data(skb, from, len);
	*pulled = len;
	return skb;
}

static void zcsim_rx_frags(struct zcsim_rx_mem *mem, struct sk_buff *skb,
			   const struct zcsim_cqe *cqe, u32 pulled)
{
	u32 off = cqe->in_slot ? 0 : pulled;
	u32 left = cqe->len - pulled;
	unsigned int i;

	for (i = 0; i < cqe->nr_bufs; i++) {
		u32 len = min(left, mem->buf_len - off);
		netmem_ref netmem = zcsim_rx_next(mem);

		if (!len) {
			page_pool_put_full_netmem(mem->pool, netmem, true);
			continue;
		}
		page_pool_dma_sync_netmem_for_cpu(mem->pool, netmem, off, len);
		skb_add_rx_frag_netmem(skb, skb_shinfo(skb)->nr_frags, netmem,
				       off, len, mem->buf_len);
		left -= len;
		off = 0;
	}
	skb_mark_for_recycle(skb);
}

static void zcsim_rx_gso(struct zcsim_rxq *q, struct sk_buff *skb,
			 const struct zcsim_cqe *cqe)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	shinfo->gso_type = cqe->gso_type;
	shinfo->gso_size = cqe->gso_size;
	shinfo->gso_segs = cqe->gso_segs;
	q->stats.gro_packets++;
	q->stats.gro_bytes += cqe->len;
	q->stats.gro_wire_packets += cqe->gso_segs;
	q->stats.gro_wire_bytes += cqe->len + (cqe->gso_segs - 1) *
					      cqe->hdr_len;
}

static void zcsim_rx_csum(struct zcsim_rxq *q, struct sk_buff *skb,
			  const struct zcsim_cqe *cqe)
{
	switch (cqe->ip_summed) {
	case CHECKSUM_PARTIAL:
		skb_partial_csum_set(skb, cqe->csum_start, cqe->csum_offset);
		break;
	case CHECKSUM_UNNECESSARY:
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		q->stats.csum_unnecessary++;
		break;
	default:
		q->stats.csum_none++;
	}
}

static void zcsim_rx_frame(struct zcsim_rxq *q, const struct zcsim_cqe *cqe)
{
	struct net_device *dev = q->nic->dev;
	struct zcsim_rx_mem *mem = &q->mem;
	struct sk_buff *skb;
	u32 pulled;
	u64 start;

	skb = zcsim_rx_head(q, cqe, &pulled);
	if (unlikely(!skb)) {
		q->stats.alloc_fail++;
		zcsim_rx_discard(mem, cqe->nr_bufs, true);
		return;
	}
	zcsim_rx_frags(mem, skb, cqe, pulled);
	zcsim_rx_csum(q, skb, cqe);
	if (cqe->gso_type)
		zcsim_rx_gso(q, skb, cqe);
	if (dev->features & NETIF_F_RXHASH && cqe->hash)
		skb_set_hash(skb, cqe->hash, cqe->l4_hash ? PKT_HASH_TYPE_L4 :
							    PKT_HASH_TYPE_L3);
	if (cqe->hwtstamp)
		skb_hwtstamps(skb)->hwtstamp = cqe->hwtstamp;
	skb_record_rx_queue(skb, q->idx);
	q->stats.packets++;
	q->stats.bytes += cqe->len;
	skb->protocol = eth_type_trans(skb, dev);
	start = zcsim_cycles();
	napi_gro_receive(&q->napi, skb);
	zcsim_cycles_add(&q->stats.stack_cycles, start);
}

/* May NAPI see it yet? If not, it is woken when it may. */
static bool zcsim_rx_ready(struct zcsim_rxq *q, const struct zcsim_cqe *cqe)
{
	u64 now;

	if (zcsim_knob(&q->faults, ZCSIM_HOLD))
		return false;
	if (!cqe->ready)
		return true;
	now = ktime_get_ns();
	if (cqe->ready <= now)
		return true;
	hrtimer_start(&q->timer, ns_to_ktime(cqe->ready - now),
		      HRTIMER_MODE_REL_SOFT);
	return false;
}

/**
 * zcsim_rxq_poll() - NAPI poll of a receive queue
 * @napi: its NAPI
 * @budget: most frames to hand up
 *
 * Return: frames handed up.
 */
int zcsim_rxq_poll(struct napi_struct *napi, int budget)
{
	struct zcsim_rxq *q = container_of(napi, struct zcsim_rxq, napi);
	struct zcsim_rx_mem *mem = &q->mem;
	u64 start = zcsim_cycles();
	int done = 0;

	/* netpoll: not with what page_pool keeps for NAPI. */
	if (!budget)
		return 0;
	while (done < budget) {
		struct zcsim_cqe *cqe;

		/* Entries up to there are whole. */
		if (mem->cq_cons == smp_load_acquire(&mem->cq_prod))
			break;
		cqe = &mem->cqes[mem->cq_cons & (mem->size - 1)];
		if (!zcsim_rx_ready(q, cqe))
			break;
		zcsim_rx_frame(q, cqe);
		/* The wire side may use the entry and its header buffer. */
		smp_store_release(&mem->cq_cons, mem->cq_cons + 1);
		done++;
	}
	zcsim_rx_refill(q, GFP_ATOMIC | __GFP_NOWARN);
	if (done < budget) {
		u64 stack = zcsim_cycles();

		napi_complete_done(napi, done);
		zcsim_cycles_add(&q->stats.stack_cycles, stack);
	}
	zcsim_cycles_add(&q->stats.poll_cycles, start);
	return done;
}

static enum hrtimer_restart zcsim_rxq_timer(struct hrtimer *timer)
{
	struct zcsim_rxq *q = container_of(timer, struct zcsim_rxq, timer);

	napi_schedule(&q->napi);
	return HRTIMER_NORESTART;
}

/* A knob was turned, or the queue was started. */
static void zcsim_rxq_kick(struct zcsim_faults *faults)
{
	struct zcsim_rxq *q = container_of(faults, struct zcsim_rxq, faults);

	spin_lock_bh(&q->lock);
	if (q->running)
		napi_schedule(&q->napi);
	spin_unlock_bh(&q->lock);
}

/**
 * zcsim_rxq_init() - set a receive queue up, stopped
 * @q: zeroed memory
 * @nic: whose
 * @idx: which
 */
void zcsim_rxq_init(struct zcsim_rxq *q, struct zcsim_nic *nic,
		    unsigned int idx)
{
	q->nic = nic;
	q->idx = idx;
	spin_lock_init(&q->lock);
	q->faults.kick = zcsim_rxq_kick;
}

/* ---- memory, start, stop ---- */

/**
 * zcsim_rx_mem_alloc() - rings and a pool for a receive queue
 * @q: queue they are for
 * @mem: result
 * @buf_len: bytes of a buffer, whole pages, a power of two
 *
 * Memory that a CPU may not read is accepted only while headers are split:
 * then nothing that this driver or the stack must read ends up there.
 *
 * Context: process, device locked.
 * Return: 0 or an errno; on error there is nothing to free.
 */
int zcsim_rx_mem_alloc(struct zcsim_rxq *q, struct zcsim_rx_mem *mem,
		       u32 buf_len)
{
	struct zcsim_nic *nic = q->nic;
	struct page_pool_params pp = {
		.order = get_order(buf_len),
		.pool_size = nic->rx_size,
		.nid = NUMA_NO_NODE,
		.dev = nic->dma,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = buf_len,
		.netdev = nic->dev,
		.queue_idx = q->idx,
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
	};
	int err = -ENOMEM;

	memset(mem, 0, sizeof(*mem));
	mem->size = nic->rx_size;
	mem->buf_len = buf_len;
	mem->bufs = kvcalloc(mem->size, sizeof(*mem->bufs), GFP_KERNEL);
	mem->cqes = kvcalloc(mem->size, sizeof(*mem->cqes), GFP_KERNEL);
	if (!mem->bufs || !mem->cqes)
		goto err_free;
	if (nic->hds) {
		mem->slots = dma_alloc_coherent(nic->dma,
						mem->size * ZCSIM_SLOT,
						&mem->slots_dma, GFP_KERNEL);
		if (!mem->slots)
			goto err_free;
		pp.flags |= PP_FLAG_ALLOW_UNREADABLE_NETMEM;
	}
	if (nic->charge)
		pp.flags |= PP_FLAG_CHARGE_USER;
	mem->pool = page_pool_create(&pp);
	if (IS_ERR(mem->pool)) {
		err = PTR_ERR(mem->pool);
		mem->pool = NULL;
		goto err_free;
	}
	mem->unreadable = page_pool_is_unreadable(mem->pool);
	return 0;

err_free:
	zcsim_rx_mem_free(nic, mem);
	return err;
}

/**
 * zcsim_rx_mem_free() - free a queue's memory, and what is still in its rings
 * @nic: whose
 * @mem: memory of a queue that is stopped, or that never ran
 *
 * Buffers that skbs hold go back to the pool later, and keep it until then.
 *
 * Context: process.
 */
void zcsim_rx_mem_free(struct zcsim_nic *nic, struct zcsim_rx_mem *mem)
{
	if (mem->pool) {
		zcsim_rx_discard(mem, mem->posted - mem->cons, false);
		page_pool_destroy(mem->pool);
	}
	if (mem->slots)
		dma_free_coherent(nic->dma, mem->size * ZCSIM_SLOT, mem->slots,
				  mem->slots_dma);
	kvfree(mem->cqes);
	kvfree(mem->bufs);
	memset(mem, 0, sizeof(*mem));
}

/**
 * zcsim_rxq_start() - bring a receive queue up
 * @q: queue, stopped; its NAPI has been added
 * @mem: memory; the queue's on success
 *
 * Context: process, device locked.
 * Return: 0, or -EIO if a knob says so.
 */
int zcsim_rxq_start(struct zcsim_rxq *q, const struct zcsim_rx_mem *mem)
{
	if (zcsim_fault_next(&q->faults, ZCSIM_FAIL_START))
		return -EIO;
	q->mem = *mem;
	hrtimer_setup(&q->timer, zcsim_rxq_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);
	zcsim_rx_refill(q, GFP_KERNEL | __GFP_NOWARN);
	page_pool_enable_direct_recycling(q->mem.pool, &q->napi);
	napi_enable_locked(&q->napi);
	netif_queue_set_napi(q->nic->dev, q->idx, NETDEV_QUEUE_TYPE_RX,
			     &q->napi);
	spin_lock_bh(&q->lock);
	q->running = true;
	spin_unlock_bh(&q->lock);
	zcsim_rxq_kick(&q->faults);
	return 0;
}

/**
 * zcsim_rxq_stop() - take a receive queue down
 * @q: queue, running
 * @mem: gets its memory, which may be started again
 *
 * Context: process, device locked.
 */
void zcsim_rxq_stop(struct zcsim_rxq *q, struct zcsim_rx_mem *mem)
{
	spin_lock_bh(&q->lock);
	q->running = false;
	spin_unlock_bh(&q->lock);
	netif_queue_set_napi(q->nic->dev, q->idx, NETDEV_QUEUE_TYPE_RX, NULL);
	napi_disable_locked(&q->napi);
	hrtimer_cancel(&q->timer);
	page_pool_disable_direct_recycling(q->mem.pool);
	*mem = q->mem;
	memset(&q->mem, 0, sizeof(q->mem));
	/* Frames nobody has seen are lost, their buffers are not. */
	zcsim_rx_discard(mem, mem->taken - mem->cons, false);
	mem->cq_cons = mem->cq_prod;
}
