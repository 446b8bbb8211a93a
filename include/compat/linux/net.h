/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_NET_H
#define _ZC_COMPAT_LINUX_NET_H

#include_next <linux/net.h>

/* Addresses of any length have a type of their own since 6.19. */
static inline int zc_kernel_bind(struct socket *sock, void *addr, int addrlen)
{
#ifdef ZC_HAVE_SOCKADDR_UNSIZED
	return kernel_bind(sock, (struct sockaddr_unsized *)addr, addrlen);
#else
	return kernel_bind(sock, (struct sockaddr *)addr, addrlen);
#endif
}

#endif
