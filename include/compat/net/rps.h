/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_NET_RPS_H
#define _ZC_COMPAT_NET_RPS_H

#include_next <net/rps.h>

#ifndef ZC_HAVE_RFS_IS_NEEDED
static inline bool rfs_is_needed(void)
{
#ifdef CONFIG_RPS
	return static_branch_unlikely(&rfs_needed);
#else
	return false;
#endif
}
#endif

#endif
