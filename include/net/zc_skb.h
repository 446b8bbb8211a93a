/* SPDX-License-Identifier: GPL-2.0 */
/* The one place where a physical range turns into a fragment. */
#ifndef _NET_ZC_SKB_H
#define _NET_ZC_SKB_H

#include <linux/mm.h>
#include <linux/skbuff.h>

/**
 * zc_skb_add_phys() - append a physical range to a skb without a reference
 * @skb: skb whose ubuf_info keeps the memory (SKBFL_MANAGED_FRAG_REFS)
 * @paddr: first byte
 * @len: bytes, not crossing a folio
 *
 * A fragment grows only within its folio: whoever downgrades the skb takes one
 * reference for each fragment, on the folio that it starts in. skb->truesize
 * grows by whole pages, as it does for stock MSG_ZEROCOPY.
 *
 * Context: any; the caller owns @skb.
 * Return: false if there is no fragment left or no memory map behind @paddr.
 *	Source: S1.8.
 */
static inline bool zc_skb_add_phys(struct sk_buff *skb, phys_addr_t paddr,
				   size_t len)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int nr = shinfo->nr_frags;
	struct page *page, *head;
	skb_frag_t *last;
	size_t off;

	if (WARN_ON_ONCE(!pfn_valid(PHYS_PFN(paddr))))
		return false;

	page = pfn_to_page(PHYS_PFN(paddr));
	head = compound_head(page);
	off = ((size_t)(page - head) << PAGE_SHIFT) + offset_in_page(paddr);

	last = nr ? &shinfo->frags[nr - 1] : NULL;
	if (last && skb_frag_page(last) == head &&
	    skb_frag_off(last) + skb_frag_size(last) == off) {
		skb_frag_size_add(last, len);
	} else {
		if (nr >= MAX_SKB_FRAGS)
			return false;
		__skb_fill_page_desc_noacc(shinfo, nr, head, off, len);
		shinfo->nr_frags = nr + 1;
	}

	skb->len += len;
	skb->data_len += len;
	skb->truesize += PAGE_ALIGN(offset_in_page(paddr) + len);
	return true;
}

#endif /* _NET_ZC_SKB_H */
