/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_TYPES_H
#define _ZC_COMPAT_LINUX_TYPES_H

#include_next <linux/types.h>

/* 7.2 moved struct phys_vec out of the block layer; older kernels lack it. */
#if !defined(ZC_HAVE_PHYS_VEC) && !defined(__ASSEMBLY__)
struct phys_vec {
	phys_addr_t	paddr;
	size_t		len;
};
#endif

#endif
