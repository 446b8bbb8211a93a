/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_NET_PAGE_POOL_HELPERS_H
#define _ZC_COMPAT_NET_PAGE_POOL_HELPERS_H

#include_next <net/page_pool/helpers.h>

#ifndef ZC_HAVE_PP_DIRECT_RECYCLING
static inline void page_pool_enable_direct_recycling(struct page_pool *pool,
						     struct napi_struct *napi)
{
	WRITE_ONCE(pool->p.napi, napi);
}
#endif

#ifndef ZC_HAVE_PP_UNREADABLE
static inline bool page_pool_is_unreadable(struct page_pool *pool)
{
	return pool->mp_priv;
}
#endif

#endif
