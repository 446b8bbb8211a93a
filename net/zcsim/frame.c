// SPDX-License-Identifier: GPL-2.0
/*
 * From packets to frames on the wire: segmentation and checksums.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

#include "zcsim.h"

/**
 * zcsim_headers_read() - fetch and parse the headers of a packet
 * @h: result
 * @dev: whose DMA addresses the packet has
 * @pkt: the packet
 */
void zcsim_headers_read(struct zcsim_headers *h, struct device *dev,
			const struct zcsim_pkt *pkt)
{
	struct zcsim_reader rd;

	h->len = min_t(u32, pkt->len, ZCSIM_HDR_MAX);
	zcsim_dma_seek(&rd, dev, pkt->desc, 0);
	zcsim_dma_read(&rd, h->raw, h->len);
	zcsim_flow_parse(&h->flow, h->raw, h->len);
}

/* Sum over the pseudo header of a transport header with @len bytes behind. */
static __sum16 zcsim_pseudo(const struct zcsim_frame *frame, u32 len)
{
	const struct zcsim_key *key = &frame->flow->key;

	if (key->proto == htons(ETH_P_IP))
		return ~csum_tcpudp_magic(key->src[0], key->dst[0], len,
					  key->l4, 0);
	return ~csum_ipv6_magic((const struct in6_addr *)key->src,
				(const struct in6_addr *)key->dst, len,
				key->l4, 0);
}

/* Network and transport header of one segment out of a GSO packet. */
static void zcsim_frame_segment(struct zcsim_frame *frame, u32 seg)
{
	const struct zcsim_flow *flow = frame->flow;
	const struct zcsim_pkt *pkt = frame->pkt;
	u32 l4_len = frame->len - flow->l4;
	struct udphdr *uh;
	struct tcphdr *th;
	struct iphdr *iph;

	if (flow->key.proto == htons(ETH_P_IP)) {
		iph = (struct iphdr *)(frame->hdr + flow->l3);
		iph->tot_len = htons(frame->len - flow->l3);
		iph->id = htons(ntohs(iph->id) + seg);
		iph->check = 0;
		iph->check = ip_fast_csum(iph, iph->ihl);
	} else {
		struct ipv6hdr *ip6;

		ip6 = (struct ipv6hdr *)(frame->hdr + flow->l3);
		ip6->payload_len = htons(l4_len);
	}

	if (flow->key.l4 == IPPROTO_UDP) {
		uh = (struct udphdr *)(frame->hdr + flow->l4);
		uh->len = htons(l4_len);
		uh->check = zcsim_pseudo(frame, l4_len);
		return;
	}
	th = (struct tcphdr *)(frame->hdr + flow->l4);
	th->seq = htonl(ntohl(th->seq) + seg * pkt->mss);
	if (seg)
		th->cwr = 0;
	if (seg + 1 < pkt->segs) {
		th->fin = 0;
		th->psh = 0;
	}
	th->check = zcsim_pseudo(frame, l4_len);
}

/* A TCP or UDP packet whose checksum the sender's stack has computed. */
static bool zcsim_frame_verifiable(const struct zcsim_frame *frame)
{
	const struct zcsim_flow *flow = frame->flow;
	u32 l3_len;

	if (!flow->hdr_len)
		return false;
	if (flow->key.proto == htons(ETH_P_IP)) {
		const struct iphdr *iph;

		iph = (const struct iphdr *)(frame->hdr + flow->l3);
		l3_len = ntohs(iph->tot_len);
	} else {
		const struct ipv6hdr *ip6;

		ip6 = (const struct ipv6hdr *)(frame->hdr + flow->l3);
		l3_len = sizeof(*ip6) + ntohs(ip6->payload_len);
	}
	if (l3_len != frame->len - flow->l3)
		return false;
	return flow->key.l4 == IPPROTO_TCP ||
	       ((const struct udphdr *)(frame->hdr + flow->l4))->check;
}

/**
 * zcsim_frame_make() - make one of a packet's frames
 * @frame: result
 * @dev: whose DMA addresses the packet has
 * @pkt: the packet
 * @h: its headers; they outlive the frame
 * @seg: which frame, less than @pkt->segs
 */
void zcsim_frame_make(struct zcsim_frame *frame, struct device *dev,
		      const struct zcsim_pkt *pkt,
		      const struct zcsim_headers *h, u32 seg)
{
	const struct zcsim_flow *flow = &h->flow;
	u32 off;

	frame->dev = dev;
	frame->pkt = pkt;
	frame->flow = flow;
	frame->corrupt = false;
	frame->touch = !zcsim_dma_none || !flow->hdr_len;
	frame->gso = pkt->gso_type && pkt->segs == 1 && pkt->mss &&
		     pkt->len > pkt->hdr_len + pkt->mss;

	if (pkt->segs > 1) {
		off = pkt->hdr_len + seg * pkt->mss;
		frame->hdr_len = pkt->hdr_len;
		frame->pay_off = off;
		frame->len = pkt->hdr_len + min(pkt->mss, pkt->len - off);
	} else {
		frame->hdr_len = h->len;
		if (flow->hdr_len &&
		    (!pkt->csum || pkt->csum_start + pkt->csum_offset +
				   sizeof(__sum16) <= flow->hdr_len))
			frame->hdr_len = flow->hdr_len;
		frame->pay_off = frame->hdr_len;
		frame->len = pkt->len;
	}
	memcpy(frame->hdr, h->raw, frame->hdr_len);

	frame->csum_start = pkt->csum_start;
	frame->csum_at = pkt->csum_start + pkt->csum_offset;
	if (pkt->segs > 1) {
		frame->csum = ZCSIM_CSUM_FILL;
		zcsim_frame_segment(frame, seg);
	} else if (pkt->csum) {
		frame->csum = frame->gso ? ZCSIM_CSUM_PARTIAL :
					   ZCSIM_CSUM_FILL;
	} else if (zcsim_frame_verifiable(frame)) {
		frame->csum = ZCSIM_CSUM_VERIFY;
		frame->csum_start = flow->l4;
	} else {
		frame->csum = ZCSIM_CSUM_NONE;
	}
}

/**
 * zcsim_frame_csum() - checksum of a frame whose payload has been summed up
 * @frame: the frame, to be filled in or verified
 * @payload: sum over the payload
 *
 * Return: what to fill in, or 0 if what is there is right.
 */
__sum16 zcsim_frame_csum(const struct zcsim_frame *frame, __wsum payload)
{
	u32 len = frame->hdr_len - frame->csum_start;
	__wsum sum = csum_partial(frame->hdr + frame->csum_start, len, 0);

	sum = csum_block_add(sum, payload, len);
	if (frame->csum == ZCSIM_CSUM_FILL)
		return csum_fold(sum) ?: CSUM_MANGLED_0;

	len = frame->len - frame->flow->l4;
	sum = csum_add(sum, csum_unfold(zcsim_pseudo(frame, len)));
	return csum_fold(sum);
}
