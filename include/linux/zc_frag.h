/* SPDX-License-Identifier: GPL-2.0 */
/* Page fragments: memory to build headers and trailers in that can be lent. */
#ifndef _LINUX_ZC_FRAG_H
#define _LINUX_ZC_FRAG_H

#include <linux/gfp_types.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* The longest fragment. */
#define ZC_FRAG_MAX	SZ_32K

void *zc_frag_alloc(size_t size, gfp_t gfp);
void zc_frag_free(const void *frag);
void zc_frag_cleanup(void *frag, size_t sent, bool copied);
void zc_frag_exit(void);

#endif /* _LINUX_ZC_FRAG_H */
