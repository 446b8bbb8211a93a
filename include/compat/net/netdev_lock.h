/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_NET_NETDEV_LOCK_H
#define _ZC_COMPAT_NET_NETDEV_LOCK_H

#ifdef ZC_HAVE_NETDEV_LOCK
#include_next <net/netdev_lock.h>
#else
#include <linux/netdevice.h>

#define netdev_lock_ops(dev)	((void)(dev))
#define netdev_unlock_ops(dev)	((void)(dev))
#endif

#endif
