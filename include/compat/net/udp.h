/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_NET_UDP_H
#define _ZC_COMPAT_NET_UDP_H

#include_next <net/udp.h>

/* Exported for long, declared since 7.0; the same declaration twice is fine. */
int udpv6_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);

#endif
