// SPDX-License-Identifier: GPL-2.0
/*
 * ethtool -N: rules that steer flows to queues.
 */
#include <linux/in.h>

#include "zcsim.h"

static void zcsim_rule_ports(struct zcsim_rule *rule, u8 l4,
			     const struct ethtool_tcpip4_spec *val,
			     const struct ethtool_tcpip4_spec *mask)
{
	rule->val.l4 = l4;
	rule->mask.l4 = 0xff;
	rule->val.sport = val->psrc;
	rule->mask.sport = mask->psrc;
	rule->val.dport = val->pdst;
	rule->mask.dport = mask->pdst;
}

static int zcsim_rule_ipv4(struct zcsim_rule *rule, u8 l4,
			   const struct ethtool_rx_flow_spec *fs)
{
	const struct ethtool_tcpip4_spec *val = &fs->h_u.tcp_ip4_spec;
	const struct ethtool_tcpip4_spec *mask = &fs->m_u.tcp_ip4_spec;

	if (mask->tos)
		return -EOPNOTSUPP;
	rule->val.proto = htons(ETH_P_IP);
	rule->mask.proto = htons(0xffff);
	rule->val.src[0] = val->ip4src;
	rule->mask.src[0] = mask->ip4src;
	rule->val.dst[0] = val->ip4dst;
	rule->mask.dst[0] = mask->ip4dst;
	zcsim_rule_ports(rule, l4, val, mask);
	return 0;
}

static int zcsim_rule_ipv6(struct zcsim_rule *rule, u8 l4,
			   const struct ethtool_rx_flow_spec *fs)
{
	const struct ethtool_tcpip6_spec *val = &fs->h_u.tcp_ip6_spec;
	const struct ethtool_tcpip6_spec *mask = &fs->m_u.tcp_ip6_spec;

	if (mask->tclass)
		return -EOPNOTSUPP;
	rule->val.proto = htons(ETH_P_IPV6);
	rule->mask.proto = htons(0xffff);
	memcpy(rule->val.src, val->ip6src, sizeof(rule->val.src));
	memcpy(rule->mask.src, mask->ip6src, sizeof(rule->mask.src));
	memcpy(rule->val.dst, val->ip6dst, sizeof(rule->val.dst));
	memcpy(rule->mask.dst, mask->ip6dst, sizeof(rule->mask.dst));
	rule->val.l4 = l4;
	rule->mask.l4 = 0xff;
	rule->val.sport = val->psrc;
	rule->mask.sport = mask->psrc;
	rule->val.dport = val->pdst;
	rule->mask.dport = mask->pdst;
	return 0;
}

static int zcsim_rule_ip4_any(struct zcsim_rule *rule,
			      const struct ethtool_rx_flow_spec *fs)
{
	const struct ethtool_usrip4_spec *val = &fs->h_u.usr_ip4_spec;
	const struct ethtool_usrip4_spec *mask = &fs->m_u.usr_ip4_spec;

	if (mask->l4_4_bytes || mask->tos || mask->ip_ver)
		return -EOPNOTSUPP;
	rule->val.proto = htons(ETH_P_IP);
	rule->mask.proto = htons(0xffff);
	rule->val.src[0] = val->ip4src;
	rule->mask.src[0] = mask->ip4src;
	rule->val.dst[0] = val->ip4dst;
	rule->mask.dst[0] = mask->ip4dst;
	rule->val.l4 = val->proto;
	rule->mask.l4 = mask->proto;
	return 0;
}

static int zcsim_rule_ip6_any(struct zcsim_rule *rule,
			      const struct ethtool_rx_flow_spec *fs)
{
	const struct ethtool_usrip6_spec *val = &fs->h_u.usr_ip6_spec;
	const struct ethtool_usrip6_spec *mask = &fs->m_u.usr_ip6_spec;

	if (mask->l4_4_bytes || mask->tclass)
		return -EOPNOTSUPP;
	rule->val.proto = htons(ETH_P_IPV6);
	rule->mask.proto = htons(0xffff);
	memcpy(rule->val.src, val->ip6src, sizeof(rule->val.src));
	memcpy(rule->mask.src, mask->ip6src, sizeof(rule->mask.src));
	memcpy(rule->val.dst, val->ip6dst, sizeof(rule->val.dst));
	memcpy(rule->mask.dst, mask->ip6dst, sizeof(rule->mask.dst));
	rule->val.l4 = val->l4_proto;
	rule->mask.l4 = mask->l4_proto;
	return 0;
}

static void zcsim_rule_ether(struct zcsim_rule *rule,
			     const struct ethtool_rx_flow_spec *fs)
{
	const struct ethhdr *val = &fs->h_u.ether_spec;
	const struct ethhdr *mask = &fs->m_u.ether_spec;

	memcpy(rule->val.dst_mac, val->h_dest, ETH_ALEN);
	memcpy(rule->mask.dst_mac, mask->h_dest, ETH_ALEN);
	memcpy(rule->val.src_mac, val->h_source, ETH_ALEN);
	memcpy(rule->mask.src_mac, mask->h_source, ETH_ALEN);
	rule->val.proto = val->h_proto;
	rule->mask.proto = mask->h_proto;
}

static int zcsim_rule_match(struct zcsim_rule *rule,
			    const struct ethtool_rx_flow_spec *fs)
{
	switch (fs->flow_type & ~(FLOW_EXT | FLOW_MAC_EXT | FLOW_RSS)) {
	case TCP_V4_FLOW:
		return zcsim_rule_ipv4(rule, IPPROTO_TCP, fs);
	case UDP_V4_FLOW:
		return zcsim_rule_ipv4(rule, IPPROTO_UDP, fs);
	case TCP_V6_FLOW:
		return zcsim_rule_ipv6(rule, IPPROTO_TCP, fs);
	case UDP_V6_FLOW:
		return zcsim_rule_ipv6(rule, IPPROTO_UDP, fs);
	case IP_USER_FLOW:
		return zcsim_rule_ip4_any(rule, fs);
	case IPV6_USER_FLOW:
		return zcsim_rule_ip6_any(rule, fs);
	case ETHER_FLOW:
		zcsim_rule_ether(rule, fs);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int zcsim_rule_parse(struct zcsim_nic *nic, struct zcsim_rule *rule,
			    const struct ethtool_rxnfc *info)
{
	const struct ethtool_rx_flow_spec *fs = &info->fs;
	u64 cookie = fs->ring_cookie;

	memset(rule, 0, sizeof(*rule));
	if (fs->flow_type & (FLOW_EXT | FLOW_MAC_EXT))
		return -EOPNOTSUPP;
	if (fs->flow_type & FLOW_RSS) {
		if (info->rss_context >= ZCSIM_CONTEXTS)
			return -EINVAL;
		rule->has_ctx = true;
		rule->ctx = info->rss_context;
	}
	if (cookie == RX_CLS_FLOW_DISC) {
		rule->drop = true;
	} else {
		if (ethtool_get_flow_spec_ring_vf(cookie) ||
		    ethtool_get_flow_spec_ring(cookie) >= nic->channels)
			return -EINVAL;
		rule->queue = ethtool_get_flow_spec_ring(cookie);
	}
	rule->used = true;
	rule->fs = *fs;
	return zcsim_rule_match(rule, fs);
}

/* A rule that matches the same, or else the first free place. */
static u32 zcsim_rule_place(const struct zcsim_steer *steer,
			    const struct zcsim_rule *rule)
{
	u32 loc, place = ZCSIM_RULES;

	for (loc = 0; loc < ZCSIM_RULES; loc++) {
		const struct zcsim_rule *other = &steer->rules[loc];

		if (!other->used)
			place = min(place, loc);
		else if (!memcmp(&rule->val, &other->val, sizeof(rule->val)) &&
			 !memcmp(&rule->mask, &other->mask, sizeof(rule->mask)))
			return loc;
	}
	return place;
}

/* A context's queues begin at the rule's: all of them have to be there. */
static bool zcsim_rule_fits(const struct zcsim_nic *nic,
			    const struct zcsim_steer *steer,
			    const struct zcsim_rule *rule)
{
	unsigned int i;

	if (!rule->has_ctx || !rule->queue)
		return true;
	for (i = 0; i < ZCSIM_INDIR; i++) {
		if (rule->queue + steer->indir[rule->ctx][i] >= nic->channels)
			return false;
	}
	return true;
}

static int zcsim_rule_add(struct zcsim_nic *nic, struct ethtool_rxnfc *info)
{
	struct zcsim_steer *steer;
	struct zcsim_rule rule;
	u32 loc = info->fs.location;
	int err;

	err = zcsim_rule_parse(nic, &rule, info);
	if (err)
		return err;
	steer = zcsim_steer_edit(nic);
	if (!steer)
		return -ENOMEM;
	if (loc & RX_CLS_LOC_SPECIAL)
		loc = zcsim_rule_place(steer, &rule);
	if (loc >= ZCSIM_RULES)
		err = -ENOSPC;
	else if (!zcsim_rule_fits(nic, steer, &rule))
		err = -EINVAL;
	if (err) {
		zcsim_steer_commit(nic, NULL);
		kvfree(steer);
		return err;
	}
	rule.fs.location = loc;
	info->fs.location = loc;
	steer->rules[loc] = rule;
	zcsim_steer_commit(nic, steer);
	return 0;
}

static int zcsim_rule_del(struct zcsim_nic *nic, u32 loc)
{
	struct zcsim_steer *steer;

	if (loc >= ZCSIM_RULES)
		return -EINVAL;
	steer = zcsim_steer_edit(nic);
	if (!steer)
		return -ENOMEM;
	if (!steer->rules[loc].used) {
		zcsim_steer_commit(nic, NULL);
		kvfree(steer);
		return -ENOENT;
	}
	steer->rules[loc].used = false;
	zcsim_steer_commit(nic, steer);
	return 0;
}

int zcsim_set_rxnfc(struct net_device *dev, struct ethtool_rxnfc *info)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	switch (info->cmd) {
	case ETHTOOL_SRXCLSRLINS:
		if (!(dev->features & NETIF_F_NTUPLE))
			return -EOPNOTSUPP;
		return zcsim_rule_add(nic, info);
	case ETHTOOL_SRXCLSRLDEL:
		return zcsim_rule_del(nic, info->fs.location);
	default:
		return -EOPNOTSUPP;
	}
}

static int zcsim_rule_get(const struct zcsim_steer *steer,
			  struct ethtool_rxnfc *info)
{
	u32 loc = info->fs.location;
	const struct zcsim_rule *rule;

	if (loc >= ZCSIM_RULES || !steer->rules[loc].used)
		return -ENOENT;
	rule = &steer->rules[loc];
	info->fs = rule->fs;
	if (!rule->has_ctx)
		return 0;
	info->rss_context = rule->ctx;
	/* The core looks here, and knows no context 0. */
	if (rule->ctx)
		info->flow_type |= FLOW_RSS;
	return 0;
}

u32 zcsim_get_rx_ring_count(struct net_device *dev)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	return nic->channels;
}

int zcsim_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *info,
		    u32 *locs)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct ethtool_rxfh_fields fields = {};
	const struct zcsim_steer *steer;
	u32 i, nr = 0;
	int err = 0;

	rcu_read_lock();
	steer = rcu_dereference(nic->steer);
	switch (info->cmd) {
	case ETHTOOL_GRXRINGS:
		info->data = zcsim_get_rx_ring_count(dev);
		break;
	case ETHTOOL_GRXFH:
		fields.flow_type = info->flow_type;
		err = zcsim_get_rxfh_fields(dev, &fields);
		info->data = fields.data;
		break;
	case ETHTOOL_GRXCLSRLCNT:
		for (i = 0; i < ZCSIM_RULES; i++)
			nr += steer->rules[i].used;
		info->rule_cnt = nr;
		info->data = ZCSIM_RULES | RX_CLS_LOC_SPECIAL;
		break;
	case ETHTOOL_GRXCLSRULE:
		err = zcsim_rule_get(steer, info);
		break;
	case ETHTOOL_GRXCLSRLALL:
		for (i = 0; i < ZCSIM_RULES && !err; i++) {
			if (!steer->rules[i].used)
				continue;
			if (nr == info->rule_cnt)
				err = -EMSGSIZE;
			else
				locs[nr++] = i;
		}
		info->rule_cnt = nr;
		info->data = ZCSIM_RULES;
		break;
	default:
		err = -EOPNOTSUPP;
	}
	rcu_read_unlock();
	return err;
}
