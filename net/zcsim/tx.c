// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit queues. xmit posts packets, the engine sends them, and when it is
 * through with a packet its skb is freed, not before: nothing is orphaned.
 */
#include <linux/dma-mapping.h>
#include <linux/if_vlan.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/netdev_queues.h>

#include "zcsim.h"

/* The engine goes on for at least that many frames when netpoll asks. */
#define ZCSIM_FRAMES_MIN	16

enum { ZCSIM_UNMAP_NONE, ZCSIM_UNMAP_SINGLE, ZCSIM_UNMAP_PAGE };

static struct zcsim_pkt *zcsim_txq_pkt(struct zcsim_txq *q, u32 i)
{
	return &q->ring[i & (q->size - 1)];
}

static u32 zcsim_txq_room(struct zcsim_txq *q)
{
	/* What has been completed may be written again. */
	return q->size - (q->prod - smp_load_acquire(&q->cons));
}

static void zcsim_unmap(struct device *dev, struct zcsim_pkt *pkt)
{
	unsigned int i;

	for (i = 0; i < pkt->nr; i++) {
		struct zcsim_desc *desc = &pkt->desc[i];

		if (desc->unmap == ZCSIM_UNMAP_SINGLE)
			dma_unmap_single(dev, desc->addr, desc->len,
					 DMA_TO_DEVICE);
		else if (desc->unmap == ZCSIM_UNMAP_PAGE)
			dma_unmap_page(dev, desc->addr, desc->len,
				       DMA_TO_DEVICE);
	}
}

static int zcsim_map_one(struct device *dev, struct zcsim_pkt *pkt,
			 dma_addr_t addr, u32 len, u32 unmap)
{
	struct zcsim_desc *desc = &pkt->desc[pkt->nr];

	if (unmap != ZCSIM_UNMAP_NONE && dma_mapping_error(dev, addr))
		return -ENOMEM;
	desc->addr = addr;
	desc->len = len;
	desc->unmap = unmap;
	pkt->nr++;
	return 0;
}

static int zcsim_map(struct device *dev, struct zcsim_pkt *pkt,
		     struct sk_buff *skb)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	u32 len = skb_headlen(skb);
	unsigned int i;
	int err = 0;

	pkt->nr = 0;
	if (len)
		err = zcsim_map_one(dev, pkt,
				    dma_map_single(dev, skb->data, len,
						   DMA_TO_DEVICE),
				    len, ZCSIM_UNMAP_SINGLE);
	for (i = 0; !err && i < shinfo->nr_frags; i++) {
		skb_frag_t *frag = &shinfo->frags[i];
		u32 unmap = ZCSIM_UNMAP_PAGE;

		len = skb_frag_size(frag);
		if (!len)
			continue;
		/* Mapped by whoever bound it, for as long as it is bound. */
		if (skb_frag_is_net_iov(frag))
			unmap = ZCSIM_UNMAP_NONE;
		err = zcsim_map_one(dev, pkt,
				    skb_frag_dma_map(dev, frag, 0, len,
						     DMA_TO_DEVICE),
				    len, unmap);
	}
	if (err)
		zcsim_unmap(dev, pkt);
	return err;
}

/**
 * zcsim_can_segment() - does the engine find its way through the headers?
 * @skb: GSO packet
 * @hdr_len: bytes before its payload
 *
 * Return: false if the stack has to segment it.
 */
bool zcsim_can_segment(const struct sk_buff *skb, u32 hdr_len)
{
	if (hdr_len > ZCSIM_HDR_MAX)
		return false;
	/* It does not look behind extension headers. */
	return vlan_get_protocol(skb) != htons(ETH_P_IPV6) ||
	       skb_network_header_len(skb) == sizeof(struct ipv6hdr);
}

/* What the device is to do with a packet; false: it cannot. */
static bool zcsim_offload(struct zcsim_pkt *pkt, struct zcsim_nic *nic,
			  struct sk_buff *skb)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	pkt->len = skb->len;
	pkt->gso_type = 0;
	pkt->segs = 1;
	pkt->mss = 0;
	pkt->hdr_len = 0;
	pkt->csum = skb->ip_summed == CHECKSUM_PARTIAL;
	if (pkt->csum) {
		pkt->csum_start = skb_checksum_start_offset(skb);
		pkt->csum_offset = skb->csum_offset;
		if (pkt->csum_start + pkt->csum_offset + sizeof(__sum16) >
		    min_t(u32, pkt->len, ZCSIM_HDR_MAX))
			return false;
	}
	if (!skb_is_gso(skb))
		return true;

	pkt->hdr_len = skb_is_gso_tcp(skb) ? skb_tcp_all_headers(skb) :
		       skb_transport_offset(skb) + sizeof(struct udphdr);
	if (!pkt->csum || !zcsim_can_segment(skb, pkt->hdr_len) ||
	    pkt->hdr_len >= pkt->len)
		return false;
	pkt->gso_type = shinfo->gso_type &
			(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN |
			 SKB_GSO_UDP_L4);
	pkt->mss = shinfo->gso_size;
	if (!nic->passthrough)
		pkt->segs = DIV_ROUND_UP(pkt->len - pkt->hdr_len, pkt->mss);
	return true;
}

/* In frames, as netdev-genl wants it; a frame that is lost has been sent. */
static void zcsim_xmit_stats(struct zcsim_txq *q, const struct zcsim_pkt *pkt,
			     const struct sk_buff *skb)
{
	u32 bytes = pkt->len + (pkt->segs - 1) * pkt->hdr_len;
	struct zcsim_tx_stats *stats = &q->stats;

	stats->posted++;
	stats->packets += pkt->segs;
	stats->bytes += bytes;
	if (pkt->csum)
		stats->needs_csum += pkt->segs;
	else
		stats->csum_none++;
	if (pkt->gso_type) {
		u32 segs = DIV_ROUND_UP(pkt->len - pkt->hdr_len, pkt->mss);

		stats->gso_packets++;
		stats->gso_bytes += pkt->len;
		stats->gso_wire_packets += segs;
		stats->gso_wire_bytes += pkt->len + (segs - 1) * pkt->hdr_len;
	}
	if (!skb_frags_readable(skb))
		stats->netmem++;
}

static netdev_tx_t zcsim_txq_xmit(struct zcsim_txq *q, struct sk_buff *skb)
{
	struct zcsim_nic *nic = q->nic;
	struct netdev_queue *nq = netdev_get_tx_queue(nic->dev, q->idx);
	struct zcsim_pkt *pkt;

	if (unlikely(!zcsim_txq_room(q))) {
		netif_tx_stop_queue(nq);
		return NETDEV_TX_BUSY;
	}

	pkt = zcsim_txq_pkt(q, q->prod);
	if (unlikely(!zcsim_offload(pkt, nic, skb) ||
		     zcsim_map(nic->dma, pkt, skb))) {
		q->stats.drop_errors++;
		dev_kfree_skb_any(skb);
		if (!netdev_xmit_more())
			napi_schedule(&q->napi);
		return NETDEV_TX_OK;
	}
	pkt->skb = skb;
	pkt->ready = 0;
	pkt->want_tstamp = READ_ONCE(nic->hwtstamp_tx) &&
			   skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP;
	if (pkt->want_tstamp)
		skb_shinfo(skb)->tx_flags |= SKBTX_IN_PROGRESS;
	skb_tx_timestamp(skb);
	zcsim_xmit_stats(q, pkt, skb);
	netdev_tx_sent_queue(nq, pkt->len);
	/* The engine sees the packet whole. */
	smp_store_release(&q->prod, q->prod + 1);

	if (!netif_txq_maybe_stop(nq, zcsim_txq_room(q), 1, q->size / 4))
		q->stats.stop++;
	if (!netdev_xmit_more() || netif_xmit_stopped(nq))
		napi_schedule(&q->napi);
	return NETDEV_TX_OK;
}

/**
 * zcsim_xmit() - ndo_start_xmit: post a packet
 * @skb: the packet
 * @dev: net device
 *
 * Context: softirqs off, the queue's xmit lock held.
 * Return: NETDEV_TX_BUSY only if the stack ignored that the queue is stopped.
 */
netdev_tx_t zcsim_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct zcsim_txq *q = &nic->txq[skb_get_queue_mapping(skb)];
	u64 start = zcsim_cycles();
	netdev_tx_t ret;

	ret = zcsim_txq_xmit(q, skb);
	zcsim_cycles_add(&q->stats.xmit_cycles, start);
	return ret;
}

/* The wire: this frame to the peer, with what goes wrong on the way. */
static void zcsim_txq_wire(struct zcsim_txq *q, struct zcsim_frame *frame)
{
	struct zcsim_nic *nic = q->nic, *peer;
	struct net_device *peer_dev;
	unsigned int copies = 1;
	int queue;
	u32 hash;

	q->stats.frames++;
	peer_dev = rcu_dereference(nic->peer);
	if (!peer_dev || READ_ONCE(nic->unplugged))
		goto lost;
	peer = netdev_priv(peer_dev);
	if (READ_ONCE(peer->unplugged) ||
	    zcsim_fault_on(&q->faults, ZCSIM_UNPLUG) ||
	    zcsim_fault_nth(&q->faults, ZCSIM_DROP))
		goto lost;

	frame->corrupt = zcsim_fault_nth(&q->faults, ZCSIM_CORRUPT);
	if (zcsim_fault_nth(&q->faults, ZCSIM_DUPLICATE))
		copies = 2;
	queue = zcsim_steer_queue(peer, frame->flow, &hash, &frame->l4_hash);
	if (queue < 0)
		goto lost;
	while (copies--)
		zcsim_rxq_receive(&peer->rxq[queue], frame, hash);
	return;

lost:
	q->stats.frames_lost++;
}

static void zcsim_txq_send(struct zcsim_txq *q, u32 i, u32 seg)
{
	struct zcsim_pkt *pkt = zcsim_txq_pkt(q, i);

	zcsim_frame_make(&q->frame, q->nic->dma, pkt, &q->headers, seg);
	zcsim_txq_wire(q, &q->frame);
}

/* The frame that was overtaken, or that nothing came to overtake. */
static void zcsim_txq_send_held(struct zcsim_txq *q)
{
	q->held = false;
	zcsim_headers_read(&q->headers, q->nic->dma,
			   zcsim_txq_pkt(q, q->held_pkt));
	zcsim_txq_send(q, q->held_pkt, q->held_seg);
}

static void zcsim_txq_sent(struct zcsim_txq *q, struct zcsim_pkt *pkt)
{
	if (pkt->want_tstamp)
		pkt->hwtstamp = ktime_get_real();
	pkt->ready = zcsim_fault_delay(&q->faults);
	/* Only counted here: see zcsim_txq_complete(). */
	zcsim_fault_on(&q->faults, ZCSIM_HOLD);
}

/* Send up to @budget frames. Returns true if there is more. */
static bool zcsim_txq_engine(struct zcsim_txq *q, int budget)
{
	/* Packets up to there are whole. */
	u32 prod = smp_load_acquire(&q->prod);

	while (q->engine != prod) {
		struct zcsim_pkt *pkt = zcsim_txq_pkt(q, q->engine);

		if (!q->seg)
			zcsim_headers_read(&q->headers, q->nic->dma, pkt);
		for (; q->seg < pkt->segs; q->seg++) {
			if (budget-- <= 0)
				return true;
			if (!q->held && zcsim_fault_nth(&q->faults,
							ZCSIM_REORDER)) {
				q->held = true;
				q->held_pkt = q->engine;
				q->held_seg = q->seg;
				continue;
			}
			zcsim_txq_send(q, q->engine, q->seg);
			if (q->held) {
				zcsim_txq_send_held(q);
				zcsim_headers_read(&q->headers, q->nic->dma,
						   pkt);
			}
		}
		zcsim_txq_sent(q, pkt);
		q->seg = 0;
		q->engine++;
	}
	/* Nothing is coming: better in order than never. */
	if (q->held) {
		q->faults.fault[ZCSIM_REORDER].count--;
		zcsim_txq_send_held(q);
	}
	return false;
}

/* Give back what has been sent, and may be. */
static void zcsim_txq_complete(struct zcsim_txq *q, int budget)
{
	struct netdev_queue *nq = netdev_get_tx_queue(q->nic->dev, q->idx);
	unsigned int packets = 0, bytes = 0;
	u32 cons = q->cons;
	u64 now = 0, start;

	for (; cons != q->engine; cons++) {
		struct zcsim_pkt *pkt = zcsim_txq_pkt(q, cons);

		if (zcsim_knob(&q->faults, ZCSIM_HOLD))
			break;
		if (q->held && q->held_pkt == cons)
			break;
		if (pkt->ready) {
			if (!now)
				now = ktime_get_ns();
			if (pkt->ready > now) {
				hrtimer_start(&q->timer,
					      ns_to_ktime(pkt->ready - now),
					      HRTIMER_MODE_REL_SOFT);
				break;
			}
		}
		zcsim_unmap(q->nic->dma, pkt);
		if (pkt->want_tstamp) {
			struct skb_shared_hwtstamps stamps = {
				.hwtstamp = pkt->hwtstamp,
			};

			skb_tstamp_tx(pkt->skb, &stamps);
		}
		packets++;
		bytes += pkt->len;
		start = zcsim_cycles();
		napi_consume_skb(pkt->skb, budget);
		zcsim_cycles_add(&q->stats.stack_cycles, start);
		pkt->skb = NULL;
	}
	if (!packets)
		return;
	/* xmit may write them again. */
	smp_store_release(&q->cons, cons);
	if (!__netif_txq_completed_wake(nq, packets, bytes, zcsim_txq_room(q),
					q->size / 4, false))
		q->stats.wake++;
}

static int zcsim_txq_poll(struct napi_struct *napi, int budget)
{
	struct zcsim_txq *q = container_of(napi, struct zcsim_txq, napi);
	u64 start = zcsim_cycles();
	bool more;

	rcu_read_lock();
	more = zcsim_txq_engine(q, max(budget, ZCSIM_FRAMES_MIN));
	rcu_read_unlock();
	zcsim_txq_complete(q, budget);
	if (!more && budget)
		napi_complete_done(napi, 0);
	zcsim_cycles_add(&q->stats.poll_cycles, start);
	return more ? budget : 0;
}

static enum hrtimer_restart zcsim_txq_timer(struct hrtimer *timer)
{
	struct zcsim_txq *q = container_of(timer, struct zcsim_txq, timer);

	napi_schedule(&q->napi);
	return HRTIMER_NORESTART;
}

/* A knob was turned. */
static void zcsim_txq_kick(struct zcsim_faults *faults)
{
	struct zcsim_txq *q = container_of(faults, struct zcsim_txq, faults);

	spin_lock_bh(&q->lock);
	if (q->running)
		napi_schedule(&q->napi);
	spin_unlock_bh(&q->lock);
}

/**
 * zcsim_txq_init() - set a transmit queue up, stopped
 * @q: zeroed memory
 * @nic: whose
 * @idx: which
 */
void zcsim_txq_init(struct zcsim_txq *q, struct zcsim_nic *nic,
		    unsigned int idx)
{
	q->nic = nic;
	q->idx = idx;
	spin_lock_init(&q->lock);
	q->faults.kick = zcsim_txq_kick;
}

/**
 * zcsim_txq_start() - bring a transmit queue up
 * @q: queue, stopped
 *
 * Context: process, device locked.
 * Return: 0, -EIO if a knob says so, or -ENOMEM.
 */
int zcsim_txq_start(struct zcsim_txq *q)
{
	struct net_device *dev = q->nic->dev;

	if (zcsim_fault_next(&q->faults, ZCSIM_FAIL_START))
		return -EIO;
	q->size = q->nic->tx_size;
	q->ring = kvcalloc(q->size, sizeof(*q->ring), GFP_KERNEL);
	if (!q->ring)
		return -ENOMEM;
	q->prod = 0;
	q->engine = 0;
	q->seg = 0;
	q->cons = 0;
	q->held = false;
	hrtimer_setup(&q->timer, zcsim_txq_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);

	netif_napi_add_locked(dev, &q->napi, zcsim_txq_poll);
	napi_enable_locked(&q->napi);
	netif_queue_set_napi(dev, q->idx, NETDEV_QUEUE_TYPE_TX, &q->napi);
	spin_lock_bh(&q->lock);
	q->running = true;
	spin_unlock_bh(&q->lock);
	return 0;
}

/**
 * zcsim_txq_stop() - have a transmit queue send and complete nothing more
 * @q: queue, running
 *
 * Context: process, device locked.
 */
void zcsim_txq_stop(struct zcsim_txq *q)
{
	spin_lock_bh(&q->lock);
	q->running = false;
	spin_unlock_bh(&q->lock);
	netif_queue_set_napi(q->nic->dev, q->idx, NETDEV_QUEUE_TYPE_TX, NULL);
	napi_disable_locked(&q->napi);
	hrtimer_cancel(&q->timer);
}

/**
 * zcsim_txq_free() - free a transmit queue, and what is in it
 * @q: queue, stopped; xmit as well
 *
 * Context: process, device locked.
 */
void zcsim_txq_free(struct zcsim_txq *q)
{
	netif_napi_del_locked(&q->napi);
	for (; q->cons != q->prod; q->cons++) {
		struct zcsim_pkt *pkt = zcsim_txq_pkt(q, q->cons);

		zcsim_unmap(q->nic->dma, pkt);
		dev_kfree_skb_any(pkt->skb);
	}
	netdev_tx_reset_queue(netdev_get_tx_queue(q->nic->dev, q->idx));
	kvfree(q->ring);
	q->ring = NULL;
}
