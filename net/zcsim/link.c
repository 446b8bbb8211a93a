// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs: made and deleted through rtnetlink, as veth's are.
 */
#include <linux/capability.h>
#include <linux/etherdevice.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/net_namespace.h>
#include <net/netdev_lock.h>
#include <net/rtnetlink.h>

#include "zcsim.h"

/* The same attribute as veth's: ip's parser for it serves here too. */
static const struct nla_policy zcsim_policy[VETH_INFO_MAX + 1] = {
	[VETH_INFO_PEER] = { .len = sizeof(struct ifinfomsg) },
};

static int zcsim_validate(struct nlattr *tb[], struct nlattr *data[],
			  struct netlink_ext_ack *extack)
{
	if (tb[IFLA_ADDRESS]) {
		if (nla_len(tb[IFLA_ADDRESS]) != ETH_ALEN)
			return -EINVAL;
		if (!is_valid_ether_addr(nla_data(tb[IFLA_ADDRESS])))
			return -EADDRNOTAVAIL;
	}
	return 0;
}

/*
 * Whoever owns a queue can see what other tasks receive. rtnetlink has looked
 * at the socket's opener and at the sender in the namespace of the socket;
 * if that is the initial user namespace's, nothing is missing.
 */
static bool zcsim_permitted(const struct rtnl_newlink_params *params)
{
	return params->src_net->user_ns == &init_user_ns &&
	       capable(CAP_NET_ADMIN);
}

static void zcsim_pair(struct net_device *dev, struct net_device *peer)
{
	struct zcsim_nic *nic = netdev_priv(dev);

	rcu_assign_pointer(nic->peer, peer);
}

/* Make and register the other end. */
static struct net_device *zcsim_new_peer(struct net_device *dev,
					 struct rtnl_newlink_params *params,
					 struct netlink_ext_ack *extack)
{
	struct nlattr *peer_tb[IFLA_MAX + 1], **tb = params->tb;
	unsigned char name_assign_type = NET_NAME_ENUM;
	struct ifinfomsg *ifmp = NULL;
	char ifname[IFNAMSIZ];
	struct net_device *peer;
	struct net *net;
	int err;

	if (params->data && params->data[VETH_INFO_PEER]) {
		struct nlattr *attr = params->data[VETH_INFO_PEER];

		ifmp = nla_data(attr);
		err = rtnl_nla_parse_ifinfomsg(peer_tb, attr, extack);
		if (err < 0)
			return ERR_PTR(err);
		err = zcsim_validate(peer_tb, NULL, extack);
		if (err < 0)
			return ERR_PTR(err);
		tb = peer_tb;
	}
	strscpy(ifname, "zcsim%d");
	if (ifmp && tb[IFLA_IFNAME]) {
		nla_strscpy(ifname, tb[IFLA_IFNAME], IFNAMSIZ);
		name_assign_type = NET_NAME_USER;
	}

	net = zc_newlink_peer_net(params, tb);
	if (IS_ERR(net))
		return ERR_CAST(net);
	peer = rtnl_create_link(net, ifname, name_assign_type, &zcsim_link_ops,
				tb, extack);
	zc_newlink_peer_net_put(net);
	if (IS_ERR(peer))
		return peer;
	if (!ifmp || !tb[IFLA_ADDRESS])
		eth_hw_addr_random(peer);
	if (ifmp && dev->ifindex)
		peer->ifindex = ifmp->ifi_index;

	err = register_netdevice(peer);
	if (err < 0) {
		free_netdev(peer);
		return ERR_PTR(err);
	}
	netif_carrier_off(peer);
	netdev_lock_ops(peer);
	err = rtnl_configure_link(peer, ifmp, 0, NULL);
	netdev_unlock_ops(peer);
	if (err < 0) {
		unregister_netdevice(peer);
		return ERR_PTR(err);
	}
	return peer;
}

static int zcsim_newlink(struct net_device *dev,
			 struct rtnl_newlink_params *params,
			 struct netlink_ext_ack *extack)
{
	struct net_device *peer;
	int err;

	if (!zcsim_permitted(params)) {
		NL_SET_ERR_MSG(extack,
			       "zcsim needs CAP_NET_ADMIN in the initial user namespace");
		return -EPERM;
	}
	peer = zcsim_new_peer(dev, params, extack);
	if (IS_ERR(peer))
		return PTR_ERR(peer);

	if (!params->tb[IFLA_ADDRESS])
		eth_hw_addr_random(dev);
	err = register_netdevice(dev);
	if (err < 0) {
		unregister_netdevice(peer);
		return err;
	}
	netif_carrier_off(dev);
	zcsim_pair(dev, peer);
	zcsim_pair(peer, dev);
	if (zcsim_dma_none) {
		netdev_warn(dev, "dma=none: received payload is not what was sent\n");
		netdev_warn(peer, "dma=none: received payload is not what was sent\n");
	}
	return 0;
}

ZC_NEWLINK_COMPAT(zcsim_newlink)

static void zcsim_dellink(struct net_device *dev, struct list_head *head)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct net_device *peer = rtnl_dereference(nic->peer);

	/* Engines that are still at it find nobody, or wait out the grace
	 * period of the removal.
	 */
	RCU_INIT_POINTER(nic->peer, NULL);
	unregister_netdevice_queue(dev, head);
	if (peer) {
		nic = netdev_priv(peer);
		RCU_INIT_POINTER(nic->peer, NULL);
		unregister_netdevice_queue(peer, head);
	}
}

static struct net *zcsim_get_link_net(const struct net_device *dev)
{
	struct zcsim_nic *nic = netdev_priv(dev);
	struct net_device *peer = rtnl_dereference(nic->peer);

	return dev_net(peer ?: dev);
}

static unsigned int zcsim_num_queues(void)
{
	return ZCSIM_QUEUES_DEFAULT;
}

struct rtnl_link_ops zcsim_link_ops = {
	.kind			= "zcsim",
	.priv_size		= sizeof(struct zcsim_nic),
	.setup			= zcsim_setup,
	.validate		= zcsim_validate,
	.newlink		= ZC_NEWLINK(zcsim_newlink),
	.dellink		= zcsim_dellink,
	.policy			= zcsim_policy,
	ZC_RTNL_PEER_TYPE(VETH_INFO_PEER)
	.maxtype		= VETH_INFO_MAX,
	.get_link_net		= zcsim_get_link_net,
	.get_num_tx_queues	= zcsim_num_queues,
	.get_num_rx_queues	= zcsim_num_queues,
};
