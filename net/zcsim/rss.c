// SPDX-License-Identifier: GPL-2.0
/*
 * ethtool -x, -X: key, indirection table, contexts.
 */
#include "zcsim.h"

#define ZCSIM_HASH_IP		(RXH_IP_SRC | RXH_IP_DST)
#define ZCSIM_HASH_PORTS	(RXH_L4_B_0_1 | RXH_L4_B_2_3)

/* Which of @steer's fields a flow type has; -1: none, it can not be changed. */
static int zcsim_rss_flow(u32 flow_type)
{
	switch (flow_type) {
	case TCP_V4_FLOW:
		return ZCSIM_HASH_TCP4;
	case UDP_V4_FLOW:
		return ZCSIM_HASH_UDP4;
	case TCP_V6_FLOW:
		return ZCSIM_HASH_TCP6;
	case UDP_V6_FLOW:
		return ZCSIM_HASH_UDP6;
	default:
		return -1;
	}
}

int zcsim_get_rxfh_fields(struct net_device *dev,
			  struct ethtool_rxfh_fields *fields)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	int flow = zcsim_rss_flow(fields->flow_type);

	fields->data = 0;
	if (flow >= 0) {
		rcu_read_lock();
		fields->data = rcu_dereference(nic->steer)->fields[flow];
		rcu_read_unlock();
	} else if (fields->flow_type == IPV4_FLOW ||
		   fields->flow_type == IPV6_FLOW) {
		fields->data = ZCSIM_HASH_IP;
	}
	return 0;
}

int zcsim_set_rxfh_fields(struct net_device *dev,
			  const struct ethtool_rxfh_fields *fields,
			  struct netlink_ext_ack *extack)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	int flow = zcsim_rss_flow(fields->flow_type);
	struct zcsim_steer *steer;

	if (flow < 0 || fields->data & ~(ZCSIM_HASH_IP | ZCSIM_HASH_PORTS))
		return -EOPNOTSUPP;
	steer = zcsim_steer_edit(nic);
	if (!steer)
		return -ENOMEM;
	steer->fields[flow] = fields->data;
	zcsim_steer_commit(nic, steer);
	return 0;
}

u32 zcsim_get_rxfh_key_size(struct net_device *dev)
{
	return ZCSIM_RSS_KEY;
}

u32 zcsim_get_rxfh_indir_size(struct net_device *dev)
{
	return ZCSIM_INDIR;
}

int zcsim_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct zcsim_steer *steer;
	u32 ctx = rxfh->rss_context;

	if (ctx >= ZCSIM_CONTEXTS)
		return -EINVAL;
	rcu_read_lock();
	steer = rcu_dereference(nic->steer);
	rxfh->hfunc = ETH_RSS_HASH_TOP;
	if (rxfh->indir)
		memcpy(rxfh->indir, steer->indir[ctx],
		       sizeof(steer->indir[ctx]));
	if (rxfh->key)
		memcpy(rxfh->key, steer->key, sizeof(steer->key));
	rcu_read_unlock();
	return 0;
}

int zcsim_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		   struct netlink_ext_ack *extack)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct zcsim_steer *steer;

	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE &&
	    rxfh->hfunc != ETH_RSS_HASH_TOP)
		return -EOPNOTSUPP;
	steer = zcsim_steer_edit(nic);
	if (!steer)
		return -ENOMEM;
	if (rxfh->indir)
		memcpy(steer->indir[0], rxfh->indir, sizeof(steer->indir[0]));
	if (rxfh->key)
		zcsim_steer_key(steer, rxfh->key);
	zcsim_steer_commit(nic, steer);
	return 0;
}

/* A context has a table of its own, and the NIC's one key. */
static int zcsim_context_set(struct net_device *dev, u32 id,
			     const struct ethtool_rxfh_param *rxfh, bool create)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct zcsim_steer *steer;

	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE &&
	    rxfh->hfunc != ETH_RSS_HASH_TOP)
		return -EOPNOTSUPP;
	if (rxfh->key || !id || id >= ZCSIM_CONTEXTS)
		return -EOPNOTSUPP;
	steer = zcsim_steer_edit(nic);
	if (!steer)
		return -ENOMEM;
	if (rxfh->indir)
		memcpy(steer->indir[id], rxfh->indir, sizeof(steer->indir[id]));
	else if (create)
		zcsim_steer_spread(steer, id, nic->channels);
	zcsim_steer_commit(nic, steer);
	return 0;
}

int zcsim_create_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct zcsim_steer *steer;
	unsigned int i;
	int err;

	err = zcsim_context_set(dev, rxfh->rss_context, rxfh, true);
	if (err)
		return err;

	/* What the core shows of it. */
	rcu_read_lock();
	steer = rcu_dereference(nic->steer);
	ctx->hfunc = ETH_RSS_HASH_TOP;
	for (i = 0; i < ZCSIM_INDIR; i++)
		ethtool_rxfh_context_indir(ctx)[i] =
			steer->indir[rxfh->rss_context][i];
	memcpy(ethtool_rxfh_context_key(ctx), steer->key, sizeof(steer->key));
	rcu_read_unlock();
	return 0;
}

int zcsim_modify_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx,
			      const struct ethtool_rxfh_param *rxfh,
			      struct netlink_ext_ack *extack)
{
	return zcsim_context_set(dev, rxfh->rss_context, rxfh, false);
}

int zcsim_remove_rxfh_context(struct net_device *dev,
			      struct ethtool_rxfh_context *ctx, u32 id,
			      struct netlink_ext_ack *extack)
{
	return 0;
}
