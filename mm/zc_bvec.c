// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that somebody passes on as a source: what splice() and sendfile() hand to
 * a socket, and other senders with MSG_SPLICE_PAGES.
 *
 * Whoever passes pages on drops its references when the call returns. Here a
 * loan takes one for each of its ranges and gives it back in cleanup, when the
 * network is done; the packets have none. Nothing is pinned, and nobody's limit
 * is charged: a pipe and a page cache pay for their pages themselves. (S1.9)
 */
#include <kunit/visibility.h>
#include <linux/bvec.h>
#include <linux/io.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include <linux/zc_bvec.h>
#include <linux/zc_kseg.h>
#include <net/zerocopy.h>

/* The most to lend at a time: more than splice() ever passes on in one call. */
#define ZC_BVEC_RANGES	64

/**
 * struct zc_bvec_source - pages of one message
 * @src: what the layer sees
 * @iter: the message; the bio_vecs behind it belong to the caller and are looked
 *	at during the call only
 * @pos: message offset that @iter stands at, in bytes
 */
struct zc_bvec_source {
	struct zc_source	src;
	struct iov_iter		iter;
	size_t			pos;
};

static struct folio *zc_range_folio(const struct phys_vec *pv)
{
	return page_folio(pfn_to_page(PHYS_PFN(pv->paddr)));
}

/*
 * The range @iter stands at, at most @bytes long, with a reference. Returns its
 * folio, or NULL if those pages have no count: only their owner could lend them.
 */
static struct folio *zc_bvec_get(const struct iov_iter *iter, size_t bytes,
				 struct phys_vec *pv)
{
	const struct bio_vec *bv = iter->bvec;
	phys_addr_t paddr = page_to_phys(bv->bv_page) + bv->bv_offset +
			    iter->iov_offset;
	struct page *page = pfn_to_page(PHYS_PFN(paddr));
	struct folio *folio = page_folio(page);
	size_t room;

	if (zc_page_memory(page) != ZC_MEMORY_PAGE)
		return NULL;
	room = folio_size(folio) - offset_in_page(paddr) -
	       (folio_page_idx(folio, page) << PAGE_SHIFT);
	pv->paddr = paddr;
	pv->len = min3(bytes, bv->bv_len - iter->iov_offset, room);
	folio_get(folio);
	return folio;
}

static bool zc_bvec_borrow(struct zc_source *src, struct zc_ranges *ranges,
			   size_t offset, size_t bytes)
{
	struct zc_bvec_source *bs = container_of(src, struct zc_bvec_source, src);
	unsigned int nr = 0;
	struct iov_iter iter;
	struct phys_vec *vec;

	/* By no byte, too: it leaves no empty bio_vec in front. */
	iov_iter_advance(&bs->iter, offset - bs->pos);
	bs->pos = offset;
	iter = bs->iter;
	bytes = min(bytes, iov_iter_count(&iter));

	vec = kmalloc_array(ZC_BVEC_RANGES, sizeof(*vec), GFP_KERNEL);
	if (!vec)
		return false;
	ranges->bytes = 0;
	ranges->single_pages = true;
	while (ranges->bytes < bytes && nr < ZC_BVEC_RANGES) {
		struct folio *folio;

		folio = zc_bvec_get(&iter, bytes - ranges->bytes, &vec[nr]);
		if (!folio)
			break;
		if (folio_test_large(folio))
			ranges->single_pages = false;
		ranges->bytes += vec[nr].len;
		iov_iter_advance(&iter, vec[nr].len);
		nr++;
	}
	if (!nr) {
		kfree(vec);
		return false;
	}
	ranges->vec = vec;
	ranges->nr = nr;
	ranges->skip = 0;
	ranges->private = vec;
	return true;
}

/* What could not be borrowed is copied. */
static int zc_bvec_refill(struct zc_source *src, struct zc_ranges *ranges,
			  size_t offset, size_t bytes, unsigned long pages)
{
	return -ENOMEM;
}

static void zc_bvec_cleanup(struct zc_source *src, struct zc_ranges *ranges,
			    unsigned int from, bool copied)
{
	const struct phys_vec *vec = ranges->private;
	unsigned int i;

	for (i = 0; i < ranges->nr; i++)
		folio_put(zc_range_folio(&vec[i]));
	kfree(vec);
	ranges->nr = 0;
	ranges->bytes = 0;
}

static void zc_bvec_release(struct zc_source *src)
{
	kfree(container_of(src, struct zc_bvec_source, src));
}

static const struct zc_source_ops zc_bvec_ops = {
	.borrow		= zc_bvec_borrow,
	.refill		= zc_bvec_refill,
	.cleanup	= zc_bvec_cleanup,
	.release	= zc_bvec_release,
};

/**
 * zc_bvec_source_alloc() - make a source of pages that somebody passes on
 * @iter: the message, bio_vecs; copied, but what is behind it has to stay for
 *	the call
 *
 * Each loan takes references of its own on the pages, and gives them back with
 * the last packet that is sent from them. Pages without a count are copied.
 *
 * Context: process, may sleep.
 * Return: the source with one reference, or NULL if there is no memory.
 *	Source: S1.9.
 */
struct zc_source *zc_bvec_source_alloc(const struct iov_iter *iter)
{
	struct zc_bvec_source *bs;

	bs = kmalloc_obj(*bs, GFP_KERNEL);
	if (!bs)
		return NULL;
	zc_source_init(&bs->src, &zc_bvec_ops, ULONG_MAX);
	bs->iter = *iter;
	bs->pos = 0;
	return &bs->src;
}
EXPORT_SYMBOL_IF_KUNIT(zc_bvec_source_alloc);
