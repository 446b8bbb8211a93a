/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_PAGE_FLAGS_H
#define _ZC_COMPAT_LINUX_PAGE_FLAGS_H

#include_next <linux/page-flags.h>

/* Before 6.15 a kmalloc() of whole pages was pages, counted like any other. */
static inline bool zc_folio_is_slab(const struct folio *folio)
{
#ifdef ZC_HAVE_LARGE_KMALLOC
	if (folio_test_large_kmalloc(folio))
		return true;
#endif
	return folio_test_slab(folio);
}

#endif
