// SPDX-License-Identifier: GPL-2.0
/*
 * ZC_DEBUG_REFS=1: what the reference counts of lent memory were, and whether
 * they still are.
 *
 * Others have their business with most memory: the page cache is looked up,
 * reclaim isolates, a fragment's neighbours come and go. So what is asked is
 * what the layer itself relies on:
 *
 *  - slab, the kernel's image, pages without a count: nobody takes a reference,
 *    ever. The count is the same, and so is the kind of memory;
 *  - memory that the lender has pinned is pinned;
 *  - any other is not free.
 */
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <linux/zc_refs.h>
#include <net/zerocopy.h>

/**
 * struct zc_ref - what there was to know of a range
 * @count: references on its folio, or on its page where there is none
 * @kind: kind of memory
 * @pinned: the lender has a pin
 * @any: whatever becomes of it is right
 */
struct zc_ref {
	int		count;
	enum zc_memory	kind;
	bool		pinned;
	bool		any;
};

/**
 * struct zc_refs - the same for a loan
 * @nr: how many ranges
 * @ref: in their order
 */
struct zc_refs {
	unsigned int	nr;
	struct zc_ref	ref[] __counted_by(nr);
};

static void zc_ref_read(struct zc_ref *ref, phys_addr_t paddr, bool pinned)
{
	unsigned long pfn = PHYS_PFN(paddr);
	struct folio *folio;
	struct page *page;

	*ref = (struct zc_ref){ .any = true };
	if (!pfn_valid(pfn))
		return;
	page = pfn_to_page(pfn);
	/* Device memory belongs to somebody with rules of his own. */
	if (is_zone_device_page(page))
		return;
	folio = page_folio(page);
	ref->kind = zc_page_memory(page);
	ref->count = folio_ref_count(folio);
	ref->pinned = pinned && ref->kind == ZC_MEMORY_PAGE &&
		      folio_maybe_dma_pinned(folio);
	/* Reserved pages that programs map, zeroes first of all. */
	ref->any = ref->kind == ZC_MEMORY_STATIC &&
		   (pinned || is_zero_folio(folio));
}

/**
 * zc_refs_note() - remember the references of what has just been lent
 * @ranges: the ranges, held by the lender
 *
 * Context: process, may sleep.
 * Return: to be given to zc_refs_check() and kfree(); NULL if out of memory.
 */
struct zc_refs *zc_refs_note(const struct zc_ranges *ranges)
{
	struct zc_refs *refs;
	unsigned int i;

	refs = kmalloc(struct_size(refs, ref, ranges->nr),
		       GFP_KERNEL | __GFP_NOWARN);
	if (!refs)
		return NULL;
	refs->nr = ranges->nr;
	for (i = 0; i < ranges->nr; i++)
		zc_ref_read(&refs->ref[i], ranges->vec[i].paddr,
			    ranges->pinned);
	return refs;
}

/**
 * zc_refs_check() - compare, before it goes back
 * @refs: from zc_refs_note()
 * @ranges: the same ranges, or what is left of them
 * @from: first of those that go back
 * @moved: set to the first that is not as it should be
 *
 * Context: any.
 * Return: true if there is one.
 */
bool zc_refs_check(const struct zc_refs *refs, const struct zc_ranges *ranges,
		   unsigned int from, struct zc_refs_moved *moved)
{
	unsigned int i;

	for (i = from; i < ranges->nr && i < refs->nr; i++) {
		const struct zc_ref *was = &refs->ref[i];
		struct zc_ref is;

		zc_ref_read(&is, ranges->vec[i].paddr, ranges->pinned);
		if (was->any || is.any)
			continue;
		if (is.kind == was->kind && is.pinned >= was->pinned &&
		    (is.kind == ZC_MEMORY_PAGE || is.count == was->count))
			continue;
		moved->paddr = ranges->vec[i].paddr;
		moved->kind = was->kind;
		moved->kind_now = is.kind;
		moved->count = was->count;
		moved->count_now = is.count;
		return true;
	}
	return false;
}
