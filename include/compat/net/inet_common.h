/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_NET_INET_COMMON_H
#define _ZC_COMPAT_NET_INET_COMMON_H

#include_next <net/inet_common.h>

/*
 * With patches/, inet_sendmsg() has a place for a layer above, and holds its
 * module while it is in it.
 */
#ifdef ZC_HAVE_INET_ZEROCOPY
#define ZC_ENTRY_HOLDS_MODULE	true
#else
#define ZC_ENTRY_HOLDS_MODULE	false

struct inet_zerocopy_ops {
	struct module *owner;
	int (*sendmsg)(struct socket *sock, struct msghdr *msg, size_t size);
};
#endif

#endif
