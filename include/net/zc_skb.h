/* SPDX-License-Identifier: GPL-2.0 */
/* The one place where a physical range turns into a fragment. */
#ifndef _NET_ZC_SKB_H
#define _NET_ZC_SKB_H

#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/skbuff.h>

/**
 * struct zc_phys_cursor - a position in a table of physical ranges
 * @pv: the range
 * @end: behind the last range of the table
 * @off: offset in *@pv, in bytes; less than its length
 * @single_pages: each range lies in a folio of one page, so it has one
 */
struct zc_phys_cursor {
	const struct phys_vec	*pv;
	const struct phys_vec	*end;
	size_t			off;
	bool			single_pages;
};

/* Memory comes and goes by sections: a valid page says it of its neighbours. */
static inline bool zc_pfn_valid(unsigned long pfn, unsigned long *section)
{
	unsigned long nr = pfn / PAGES_PER_SECTION;

	if (likely(nr == *section))
		return true;
	if (!pfn_valid(pfn))
		return false;
	*section = nr;
	return true;
}

static inline bool zc_frag_ends_at(const struct skb_shared_info *shinfo,
				   const struct page *head, unsigned int off)
{
	const skb_frag_t *last;

	/* There is no frags[-1], not even to point to: UBSAN would say so. */
	if (!shinfo->nr_frags)
		return false;
	last = &shinfo->frags[shinfo->nr_frags - 1];
	return skb_frag_page(last) == head &&
	       skb_frag_off(last) + skb_frag_size(last) == off;
}

/**
 * zc_skb_add_phys() - append physical ranges to a skb without references
 * @skb: skb whose ubuf_info keeps the memory (SKBFL_MANAGED_FRAG_REFS)
 * @at: where the bytes are; no range crosses a folio; advanced
 * @length: bytes wanted, less than 4 GiB
 *
 * A fragment grows only within its folio: whoever downgrades the skb takes one
 * reference for each fragment, on the folio that it starts in. skb->truesize
 * grows by whole pages, as it does for stock MSG_ZEROCOPY.
 *
 * Context: any; the caller owns @skb.
 * Return: bytes appended; less than @length at the end of the table, if there
 *	is no fragment left, or no memory map behind a range. Source: S1.8.
 */
static inline unsigned int zc_skb_add_phys(struct sk_buff *skb,
					   struct zc_phys_cursor *at,
					   unsigned int length)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	skb_frag_t *frag = &shinfo->frags[shinfo->nr_frags];
	const skb_frag_t *max = &shinfo->frags[MAX_SKB_FRAGS];
	unsigned int truesize = 0, left = length;
	const struct phys_vec *pv = at->pv;
	unsigned long section = ULONG_MAX;
	size_t off = at->off;

	while (left && pv != at->end) {
		phys_addr_t paddr = pv->paddr + off;
		unsigned int start, len = left;
		struct page *page, *head;

		/* Whole pages, as many as there are: nothing to look up. */
		if (at->single_pages && !off && left != length) {
			size_t n = min3((size_t)(max - frag),
					(size_t)(at->end - pv),
					(size_t)(left / PAGE_SIZE));
			const struct phys_vec *stop = pv + n;

			for (; pv != stop && pv->len == PAGE_SIZE; pv++) {
				page = pfn_to_page(PHYS_PFN(pv->paddr));
				skb_frag_fill_page_desc(frag++, page, 0,
							PAGE_SIZE);
			}
			n -= stop - pv;
			truesize += n * PAGE_SIZE;
			left -= n * PAGE_SIZE;
			if (!left || pv == at->end)
				break;
			paddr = pv->paddr;
			len = left;
		}

		if (len >= pv->len - off)
			len = pv->len - off;
		page = pfn_to_page(PHYS_PFN(paddr));
		head = page;
		if (!at->single_pages) {
			if (WARN_ON_ONCE(!zc_pfn_valid(PHYS_PFN(paddr),
						       &section)))
				break;
			head = compound_head(page);
		}
		start = offset_in_page(paddr);
		if (unlikely(head != page))
			start += (page - head) << PAGE_SHIFT;

		/* Ranges of one loan do not touch: where the last call stopped. */
		if (left == length && zc_frag_ends_at(shinfo, head, start)) {
			skb_frag_size_add(frag - 1, len);
		} else {
			if (unlikely(frag == max))
				break;
			skb_frag_fill_page_desc(frag++, head, start, len);
		}
		truesize += PAGE_ALIGN(offset_in_page(paddr) + len);
		left -= len;
		if (len != pv->len - off) {
			off += len;
			break;
		}
		pv++;
		off = 0;
	}

	at->pv = pv;
	at->off = off;
	shinfo->nr_frags = frag - shinfo->frags;
	length -= left;
	skb->len += length;
	skb->data_len += length;
	skb->truesize += truesize;
	return length;
}

#endif /* _NET_ZC_SKB_H */
