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

/* The first stable kernels of 6.12 have the older name of the one, and only pages for the other. */
#ifndef ZC_HAVE_PP_ALLOC_NETMEMS
#define page_pool_alloc_netmems	page_pool_alloc_netmem
#endif

#ifndef ZC_HAVE_PP_SYNC_NETMEM
static inline void
page_pool_dma_sync_netmem_for_cpu(const struct page_pool *pool,
				  netmem_ref netmem, u32 offset, u32 size)
{
	page_pool_dma_sync_for_cpu(pool, netmem_to_page(netmem), offset, size);
}
#endif

/* patches/7.2, accounting part */
#ifndef ZC_HAVE_PP_CHARGE_USER
#define PP_FLAG_CHARGE_USER	0
#endif

#ifndef ZC_HAVE_PP_UNREADABLE
static inline bool page_pool_is_unreadable(struct page_pool *pool)
{
	return pool->mp_priv;
}
#endif

#endif
