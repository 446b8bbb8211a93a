/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_SKBUFF_H
#define _ZC_COMPAT_LINUX_SKBUFF_H

#include_next <linux/skbuff.h>

#ifndef ZC_HAVE_ZEROCOPY_REALLOC_DEVMEM
#define msg_zerocopy_realloc(sk, size, uarg, devmem) \
	((void)(devmem), msg_zerocopy_realloc(sk, size, uarg))
#endif

#endif
