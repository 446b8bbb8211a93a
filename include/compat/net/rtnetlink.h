/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_NET_RTNETLINK_H
#define _ZC_COMPAT_NET_RTNETLINK_H

#include_next <net/rtnetlink.h>

#ifdef ZC_HAVE_NEWLINK_PARAMS
#define ZC_NEWLINK(fn)			fn
#define ZC_RTNL_PEER_TYPE(type)		.peer_type = (type),
#define zc_newlink_peer_net(params, tb) \
	((void)(tb), rtnl_newlink_peer_net(params))
#define zc_newlink_peer_net_put(net)	((void)(net))
#else
/* ->newlink() had its parameters one by one before 6.15. */
struct rtnl_newlink_params {
	struct net *src_net;
	struct nlattr **tb;
	struct nlattr **data;
};

#define ZC_NEWLINK(fn)			fn##_compat
#define ZC_NEWLINK_COMPAT(fn)						\
static int fn##_compat(struct net *src_net, struct net_device *dev,	\
		       struct nlattr *tb[], struct nlattr *data[],	\
		       struct netlink_ext_ack *extack)			\
{									\
	struct rtnl_newlink_params params = {				\
		.src_net = src_net, .tb = tb, .data = data,		\
	};								\
									\
	return fn(dev, &params, extack);				\
}

#define ZC_RTNL_PEER_TYPE(type)

/* ... and found the peer's namespace itself. */
#define zc_newlink_peer_net(params, tb) \
	rtnl_link_get_net((params)->src_net, tb)
#define zc_newlink_peer_net_put(net)	put_net(net)
#endif

#ifndef ZC_NEWLINK_COMPAT
#define ZC_NEWLINK_COMPAT(fn)
#endif

#endif
