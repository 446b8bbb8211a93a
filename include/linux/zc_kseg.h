/* SPDX-License-Identifier: GPL-2.0 */
/* Memory side: kernel memory as a source, each piece with an owner of its own. */
#ifndef _LINUX_ZC_KSEG_H
#define _LINUX_ZC_KSEG_H

#include <linux/module.h>
#include <linux/types.h>

struct bio_vec;
struct iov_iter;
struct page;
struct zc_source;

/**
 * enum zc_memory - kinds of kernel memory, as far as lending is concerned
 * @ZC_MEMORY_PAGE: whole pages, folios, page fragments: their pages are counted
 * @ZC_MEMORY_VMALLOC: vmalloc() and vmap() of such pages
 * @ZC_MEMORY_SLAB: kmalloc() and slab caches
 * @ZC_MEMORY_STATIC: the kernel's image, boot memory, module data
 * @ZC_MEMORY_STACK: the caller's stack
 * @ZC_MEMORY_UNCOUNTED: pages without a count: tails of an allocation that is
 *	not compound, frozen pages, device memory
 * @ZC_MEMORY_NONE: not mapped, not memory, or not the kernel's
 */
enum zc_memory {
	ZC_MEMORY_PAGE,
	ZC_MEMORY_VMALLOC,
	ZC_MEMORY_SLAB,
	ZC_MEMORY_STATIC,
	ZC_MEMORY_STACK,
	ZC_MEMORY_UNCOUNTED,
	ZC_MEMORY_NONE,
};

/**
 * struct zc_kseg - a segment of a message, in kernel memory
 * @addr: where it begins
 * @len: its bytes
 * @bvec: instead of @addr and @len: it is these; looked at during the call only
 * @nr_bvecs: how many; 0 for a segment at @addr
 * @cleanup: Ends the loan: nobody reads the segment any more. Called exactly
 *	once. @sent is how many of its bytes were sent (counted from its
 *	front), @copied whether any were copied instead of being sent from where
 *	they lie. Any context but hard interrupt; must neither sleep nor send
 *	on, or lock, a socket. NULL: the segment is copied, and is the caller's
 *	again when the call returns.
 * @private: what @cleanup is called with
 */
struct zc_kseg {
	const void		*addr;
	size_t			len;
	const struct bio_vec	*bvec;
	unsigned int		nr_bvecs;
	void			(*cleanup)(void *private, size_t sent,
					   bool copied);
	void			*private;
};

enum zc_memory zc_memory_of(const void *addr, size_t len);
enum zc_memory zc_page_memory(struct page *page);

struct zc_source *__zc_kseg_source_alloc(const struct zc_kseg *segs,
					 unsigned int nr, struct module *owner);
void zc_kseg_iter(struct zc_source *src, struct iov_iter *iter);
void zc_kseg_end(struct zc_source *src);
void zc_kseg_give_back(const struct zc_kseg *segs, unsigned int nr);

/* The module of the callbacks stays until the last of them has been called. */
#define zc_kseg_source_alloc(segs, nr) \
	__zc_kseg_source_alloc(segs, nr, THIS_MODULE)

#if IS_ENABLED(CONFIG_KUNIT)
struct zc_kmsg;
struct zc_kmsg *zc_kmsg_alloc(unsigned int nr_segs, size_t nr_pieces);
#endif

#endif /* _LINUX_ZC_KSEG_H */
