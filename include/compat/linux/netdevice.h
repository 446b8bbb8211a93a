/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_NETDEVICE_H
#define _ZC_COMPAT_LINUX_NETDEVICE_H

#include_next <linux/netdevice.h>

/* Net devices have a lock of their own since 6.15; rtnl was it before. */
#ifndef ZC_HAVE_NAPI_LOCKED
#define napi_enable_locked(napi)		napi_enable(napi)
#define napi_disable_locked(napi)		napi_disable(napi)
#define netif_napi_del_locked(napi)		netif_napi_del(napi)
#define netif_napi_add_locked(dev, napi, poll)	netif_napi_add(dev, napi, poll)
#define netif_napi_add_config_locked(dev, napi, poll, index) \
	((void)(index), netif_napi_add(dev, napi, poll))
#define zc_netif_close(dev)			dev_close(dev)
#else
#define zc_netif_close(dev)			netif_close(dev)
#endif

/* Only since 6.16 are there packets without pages to send. */
#ifdef ZC_HAVE_NETMEM_TX
#define zc_netdev_set_netmem_tx(dev)	((dev)->netmem_tx = NETMEM_TX_DMA)
#else
#define zc_netdev_set_netmem_tx(dev)	((void)(dev))
#endif

#endif
