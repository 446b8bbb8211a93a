// SPDX-License-Identifier: GPL-2.0
/*
 * What the headers of a packet say.
 */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "zcsim.h"

static u32 zcsim_flow_ipv4(struct zcsim_flow *flow, const u8 *hdr, u32 len)
{
	const struct iphdr *iph = (const struct iphdr *)(hdr + flow->l3);
	u32 ihl;

	if (flow->l3 + sizeof(*iph) > len)
		return 0;
	ihl = iph->ihl * 4;
	if (iph->version != 4 || ihl < sizeof(*iph) || flow->l3 + ihl > len)
		return 0;
	flow->key.src[0] = iph->saddr;
	flow->key.dst[0] = iph->daddr;
	if (iph->frag_off & htons(IP_MF | IP_OFFSET))
		return 0;
	flow->key.l4 = iph->protocol;
	return ihl;
}

static u32 zcsim_flow_ipv6(struct zcsim_flow *flow, const u8 *hdr, u32 len)
{
	const struct ipv6hdr *iph = (const struct ipv6hdr *)(hdr + flow->l3);

	if (flow->l3 + sizeof(*iph) > len || iph->version != 6)
		return 0;
	memcpy(flow->key.src, &iph->saddr, sizeof(iph->saddr));
	memcpy(flow->key.dst, &iph->daddr, sizeof(iph->daddr));
	flow->key.l4 = iph->nexthdr;
	return sizeof(*iph);
}

/**
 * zcsim_flow_parse() - look at the headers of a packet
 * @flow: result
 * @hdr: first bytes of the packet
 * @len: how many, maybe not all headers
 *
 * Extension headers of IPv6 are not looked behind.
 */
void zcsim_flow_parse(struct zcsim_flow *flow, const u8 *hdr, u32 len)
{
	const struct ethhdr *eth = (const struct ethhdr *)hdr;
	const struct tcphdr *th;
	const struct udphdr *uh;
	u32 l3_len = 0, l4_len;

	memset(flow, 0, sizeof(*flow));
	if (len < sizeof(*eth))
		return;
	ether_addr_copy(flow->key.dst_mac, eth->h_dest);
	ether_addr_copy(flow->key.src_mac, eth->h_source);
	flow->key.proto = eth->h_proto;
	flow->l3 = sizeof(*eth);
	while (eth_type_vlan(flow->key.proto)) {
		const struct vlan_hdr *vlan;

		vlan = (const struct vlan_hdr *)(hdr + flow->l3);
		if (flow->l3 + sizeof(*vlan) > len)
			return;
		flow->key.proto = vlan->h_vlan_encapsulated_proto;
		flow->l3 += sizeof(*vlan);
	}

	if (flow->key.proto == htons(ETH_P_IP))
		l3_len = zcsim_flow_ipv4(flow, hdr, len);
	else if (flow->key.proto == htons(ETH_P_IPV6))
		l3_len = zcsim_flow_ipv6(flow, hdr, len);
	if (!l3_len)
		return;

	flow->l4 = flow->l3 + l3_len;
	if (flow->key.l4 == IPPROTO_TCP) {
		th = (const struct tcphdr *)(hdr + flow->l4);
		if (flow->l4 + sizeof(*th) > len)
			return;
		l4_len = th->doff * 4;
		if (l4_len < sizeof(*th) || flow->l4 + l4_len > len)
			return;
		flow->key.sport = th->source;
		flow->key.dport = th->dest;
	} else if (flow->key.l4 == IPPROTO_UDP) {
		uh = (const struct udphdr *)(hdr + flow->l4);
		l4_len = sizeof(*uh);
		if (flow->l4 + l4_len > len)
			return;
		flow->key.sport = uh->source;
		flow->key.dport = uh->dest;
	} else {
		return;
	}
	flow->hdr_len = flow->l4 + l4_len;
}
