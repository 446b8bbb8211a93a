// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel memory as a source: one message out of segments of any kind, each with
 * an owner of its own.
 *
 * What may be lent and what has to be copied is decided once, for each piece (a
 * segment, or a bio_vec of one): so cleanup can tell from the place in the
 * message whose bytes a range has, and nothing is kept for each loan. Copies are
 * made when a loan is, into page fragments that belong to that loan: where
 * nothing can be lent, the protocol copies from the segments themselves.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/limits.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/page-flags.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include <linux/zc_frag.h>
#include <linux/zc_kseg.h>
#include <net/zerocopy.h>
#include <zc_lends.h>

/**
 * struct zc_kseg_state - a segment, until its cleanup has been called
 * @cleanup: the owner's, may be NULL
 * @private: for @cleanup
 * @end: message offset behind it
 * @sent: for @cleanup, once the message is done with it
 * @ref: one for the message, one for each range that is out
 * @copied: for @cleanup
 */
struct zc_kseg_state {
	void		(*cleanup)(void *private, size_t sent, bool copied);
	void		*private;
	size_t		end;
	size_t		sent;
	refcount_t	ref;
	bool		copied;
};

/**
 * struct zc_kpiece - part of a segment: memory of one kind, at one address
 * @end: message offset behind it
 * @seg: the segment
 * @lent: lent from where it lies; copied otherwise
 */
struct zc_kpiece {
	size_t		end;
	unsigned int	seg;
	bool		lent;
};

/**
 * struct zc_kmsg - kernel memory of one message
 * @src: what the layer sees
 * @owner: where the callbacks are; a reference is held
 * @size: bytes in the message
 * @base: bytes that earlier calls have sent
 * @nr_segs: how many there are in @seg
 * @passed: segments that the message is done with
 * @nr_pieces: how many there are in @kvec and @piece
 * @kvec: the pieces, as somebody who copies sees them
 * @piece: what else there is to know about them
 * @seg: the segments
 */
struct zc_kmsg {
	struct zc_source	src;
	struct module		*owner;
	size_t			size;
	size_t			base;
	unsigned int		nr_segs;
	unsigned int		passed;
	unsigned int		nr_pieces;
	struct kvec		*kvec;
	struct zc_kpiece	*piece;
	struct zc_kseg_state	seg[];
};

/**
 * zc_page_memory() - what kind of memory a page is, as somebody's page
 * @page: the page
 *
 * Return: ZC_MEMORY_PAGE if references on it can be taken, or why not.
 */
enum zc_memory zc_page_memory(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (zc_folio_is_slab(folio))
		return ZC_MEMORY_SLAB;
	if (PageReserved(page))
		return ZC_MEMORY_STATIC;
	if (is_zone_device_page(page) || !folio_ref_count(folio))
		return ZC_MEMORY_UNCOUNTED;
	return ZC_MEMORY_PAGE;
}

static enum zc_memory zc_vmalloc_memory(const void *addr, const void *last)
{
	const void *p = PTR_ALIGN_DOWN(addr, PAGE_SIZE);
	bool is_vmalloc = is_vmalloc_addr(addr);
	bool counted = true;
	struct page *page;

	for (; p <= last; p += PAGE_SIZE) {
		if (!is_vmalloc_or_module_addr(p))
			return ZC_MEMORY_NONE;
		page = vmalloc_to_page(p);
		if (!page || !pfn_valid(page_to_pfn(page)))
			return ZC_MEMORY_NONE;
		if (zc_page_memory(page) != ZC_MEMORY_PAGE)
			counted = false;
	}
	if (!is_vmalloc)
		return ZC_MEMORY_STATIC;
	return counted ? ZC_MEMORY_VMALLOC : ZC_MEMORY_UNCOUNTED;
}

/**
 * zc_memory_of() - tell kinds of kernel memory apart
 * @addr: where it begins
 * @len: its bytes, at least 1
 *
 * Context: process.
 * Return: the kind; of memory that is partly pages and partly not, the first
 *	that is not. Source: S2.2.
 */
enum zc_memory zc_memory_of(const void *addr, size_t len)
{
	const void *last = addr + len - 1, *p;
	enum zc_memory kind = ZC_MEMORY_NONE;

	if (last < addr)
		return ZC_MEMORY_NONE;
	if (object_is_on_stack(addr))
		return object_is_on_stack(last) ? ZC_MEMORY_STACK :
						  ZC_MEMORY_NONE;
	if (is_vmalloc_or_module_addr(addr))
		return zc_vmalloc_memory(addr, last);
	for (p = addr; p <= last; p = PTR_ALIGN_DOWN(p, PAGE_SIZE) + PAGE_SIZE) {
		if (!virt_addr_valid(p))
			return ZC_MEMORY_NONE;
		kind = zc_page_memory(virt_to_page(p));
		if (kind != ZC_MEMORY_PAGE)
			break;
	}
	return kind;
}
EXPORT_SYMBOL_IF_KUNIT(zc_memory_of);

/* The table in Documentation/networking/zerocopy-layer.rst. */
static bool zc_memory_lends(enum zc_memory kind)
{
	switch (kind) {
	case ZC_MEMORY_PAGE:
	case ZC_MEMORY_VMALLOC:
		return true;
	case ZC_MEMORY_SLAB:
	case ZC_MEMORY_STATIC:
	case ZC_MEMORY_UNCOUNTED:
		return ZC_LENDS_UNCOUNTED;
	default:
		/* A stack frame that is left early is worse than a copy. */
		return false;
	}
}

static void zc_kseg_put(struct zc_kseg_state *seg)
{
	if (refcount_dec_and_test(&seg->ref) && seg->cleanup)
		seg->cleanup(seg->private, seg->sent, READ_ONCE(seg->copied));
}

/* The message needs nothing in front of @pos any more. */
static void zc_kmsg_pass(struct zc_kmsg *km, size_t pos)
{
	while (km->passed < km->nr_segs && km->seg[km->passed].end <= pos) {
		struct zc_kseg_state *seg = &km->seg[km->passed];
		size_t start = km->passed ? seg[-1].end : 0;

		seg->sent = seg->end - start;
		km->passed++;
		zc_kseg_put(seg);
	}
}

/* The message ends here, sent or not. */
static void zc_kmsg_pass_all(struct zc_kmsg *km)
{
	zc_kmsg_pass(km, km->base);
	while (km->passed < km->nr_segs) {
		struct zc_kseg_state *seg = &km->seg[km->passed];
		size_t start = km->passed ? seg[-1].end : 0;

		seg->sent = km->base > start ? km->base - start : 0;
		km->passed++;
		zc_kseg_put(seg);
	}
}

/* The piece that message offset @pos lies in. */
static unsigned int zc_kmsg_find(const struct zc_kmsg *km, size_t pos)
{
	unsigned int low = 0, high = km->nr_pieces;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (km->piece[mid].end <= pos)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static unsigned long zc_range_pages(const struct phys_vec *pv)
{
	return PFN_UP(offset_in_page(pv->paddr) + pv->len);
}

static void zc_ranges_add(struct zc_ranges *ranges, phys_addr_t paddr,
			  size_t len)
{
	struct phys_vec *pv = &ranges->vec[ranges->nr++];

	pv->paddr = paddr;
	pv->len = len;
	ranges->bytes += len;
	ranges->held_pages += zc_range_pages(pv);
}

/* Lend what lies at @addr, at most @len bytes and @pages pages of one folio. */
static size_t zc_kseg_lend(struct zc_ranges *ranges, const void *addr,
			   size_t len, unsigned long pages)
{
	size_t offset = offset_in_page(addr), room;
	struct folio *folio;
	struct page *page;

	page = is_vmalloc_or_module_addr(addr) ? vmalloc_to_page(addr) :
						 virt_to_page(addr);
	folio = page_folio(page);
	/* What is contiguous in vmalloc space need not be so in memory. */
	if (is_vmalloc_or_module_addr(addr))
		room = PAGE_SIZE - offset;
	else
		room = folio_size(folio) - offset -
		       (folio_page_idx(folio, page) << PAGE_SHIFT);
	len = min3(len, room, (size_t)((pages << PAGE_SHIFT) - offset));
	zc_ranges_add(ranges, page_to_phys(page) + offset, len);
	return len;
}

/*
 * Copy from @pos on into a fragment of the loan's: what is to be copied without
 * a break, at most @len bytes. Returns 0 if there is no memory.
 */
static size_t zc_kseg_copy(struct zc_kmsg *km, struct zc_ranges *ranges,
			   unsigned int i, size_t pos, size_t len)
{
	size_t left, start, part;
	unsigned int j;
	char *frag;

	for (j = i; j < km->nr_pieces && !km->piece[j].lent; j++)
		if (km->piece[j].end - pos >= len)
			break;
	if (j == km->nr_pieces || km->piece[j].lent)
		len = km->piece[j - 1].end - pos;
	len = min_t(size_t, len, ZC_FRAG_MAX);

	frag = zc_frag_alloc(len, GFP_KERNEL);
	if (!frag && len > PAGE_SIZE) {
		len = PAGE_SIZE;
		frag = zc_frag_alloc(len, GFP_KERNEL);
	}
	if (!frag)
		return 0;
	zc_ranges_add(ranges, virt_to_phys(frag), len);
	ranges->copied += len;

	for (left = len; left; i++) {
		start = km->piece[i].end - km->kvec[i].iov_len;
		part = min(left, km->piece[i].end - pos);
		memcpy(frag, km->kvec[i].iov_base + (pos - start), part);
		if (!km->seg[km->piece[i].seg].cleanup)
			ranges->unlent += part;
		frag += part;
		pos += part;
		left -= part;
	}
	return len;
}

static int zc_kseg_refill(struct zc_source *src, struct zc_ranges *ranges,
			  size_t offset, size_t bytes, unsigned long max_pages)
{
	struct zc_kmsg *km = container_of(src, struct zc_kmsg, src);
	size_t pos = km->base + offset, len;
	unsigned int i;

	/* What is in front has been sent: nobody copies from there any more. */
	zc_kmsg_pass(km, pos);
	bytes = min(bytes, km->size - pos);
	ranges->private = (void *)pos;

	for (i = zc_kmsg_find(km, pos); bytes && ranges->nr < ranges->max &&
	     ranges->held_pages < max_pages;) {
		unsigned long pages = max_pages - ranges->held_pages;
		const struct zc_kpiece *piece = &km->piece[i];
		size_t into = pos - (piece->end - km->kvec[i].iov_len);

		if (piece->lent) {
			len = zc_kseg_lend(ranges,
					   km->kvec[i].iov_base + into,
					   min(bytes, piece->end - pos), pages);
			refcount_inc(&km->seg[piece->seg].ref);
		} else {
			/* No fragment touches more pages than it has to. */
			len = min(bytes, (size_t)pages << PAGE_SHIFT);
			len = zc_kseg_copy(km, ranges, i, pos, len);
		}
		if (!len)
			break;
		pos += len;
		bytes -= len;
		while (i < km->nr_pieces && km->piece[i].end <= pos)
			i++;
	}
	return ranges->nr ? 0 : -ENOMEM;
}

static void zc_kseg_cleanup(struct zc_source *src, struct zc_ranges *ranges,
			    unsigned int from, bool copied)
{
	struct zc_kmsg *km = container_of(src, struct zc_kmsg, src);
	size_t pos = (size_t)ranges->private;
	unsigned int i, p, nr = ranges->nr;

	for (i = 0; i < from; i++)
		pos += ranges->vec[i].len;

	p = zc_kmsg_find(km, pos);
	ranges->nr = from;
	for (i = from; i < nr; i++) {
		const struct phys_vec *pv = &ranges->vec[i];
		struct zc_kseg_state *seg;

		while (km->piece[p].end <= pos)
			p++;
		pos += pv->len;
		ranges->bytes -= pv->len;
		ranges->held_pages -= zc_range_pages(pv);
		if (!km->piece[p].lent) {
			zc_frag_free(phys_to_virt(pv->paddr));
			continue;
		}
		seg = &km->seg[km->piece[p].seg];
		if (copied)
			WRITE_ONCE(seg->copied, true);
		zc_kseg_put(seg);
	}
}

static void zc_kseg_sent(struct zc_source *src, size_t bytes, bool copied)
{
	struct zc_kmsg *km = container_of(src, struct zc_kmsg, src);
	unsigned int i;

	km->base += bytes;
	for (i = km->passed; copied && i < km->nr_segs; i++) {
		if (i && km->seg[i - 1].end >= km->base)
			break;
		WRITE_ONCE(km->seg[i].copied, true);
	}
	zc_kmsg_pass(km, km->base);
}

static void zc_kseg_release(struct zc_source *src)
{
	struct zc_kmsg *km = container_of(src, struct zc_kmsg, src);
	struct module *owner = km->owner;

	zc_kmsg_pass_all(km);
	kvfree(km);
	module_put(owner);
}

static const struct zc_source_ops zc_kseg_ops = {
	.refill		= zc_kseg_refill,
	.cleanup	= zc_kseg_cleanup,
	.sent		= zc_kseg_sent,
	.release	= zc_kseg_release,
};

/* Room for everything; nothing in it yet. */
VISIBLE_IF_KUNIT struct zc_kmsg *zc_kmsg_alloc(unsigned int nr_segs,
					       size_t nr_pieces)
{
	struct zc_kmsg *km;
	size_t size;

	KUNIT_STATIC_STUB_REDIRECT(zc_kmsg_alloc, nr_segs, nr_pieces);

	size = size_add(struct_size(km, seg, nr_segs),
			size_mul(nr_pieces, sizeof(*km->kvec) +
					    sizeof(*km->piece)));
	km = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!km)
		return NULL;
	km->kvec = (struct kvec *)&km->seg[nr_segs];
	km->piece = (struct zc_kpiece *)&km->kvec[nr_pieces];
	return km;
}
EXPORT_SYMBOL_IF_KUNIT(zc_kmsg_alloc);

static int zc_kmsg_add(struct zc_kmsg *km, unsigned int seg, const void *addr,
		       size_t len)
{
	struct zc_kpiece *piece = &km->piece[km->nr_pieces];
	struct zc_kseg_state *state = &km->seg[seg];
	enum zc_memory kind;

	if (!len)
		return 0;
	/* A message's length is an int. */
	if (len > INT_MAX - km->size)
		return -EMSGSIZE;
	kind = zc_memory_of(addr, len);
	if (kind == ZC_MEMORY_NONE)
		return -EFAULT;

	km->kvec[km->nr_pieces].iov_base = (void *)addr;
	km->kvec[km->nr_pieces].iov_len = len;
	km->size += len;
	piece->end = km->size;
	piece->seg = seg;
	piece->lent = state->cleanup && zc_memory_lends(kind);
	if (!piece->lent)
		state->copied = true;
	km->nr_pieces++;
	return 0;
}

static int zc_kmsg_add_seg(struct zc_kmsg *km, unsigned int nr,
			   const struct zc_kseg *seg)
{
	struct zc_kseg_state *state = &km->seg[nr];
	unsigned int i;
	int err = 0;

	state->cleanup = seg->cleanup;
	state->private = seg->private;
	state->sent = 0;
	state->copied = false;
	refcount_set(&state->ref, 1);

	if (!seg->nr_bvecs)
		err = zc_kmsg_add(km, nr, seg->addr, seg->len);
	for (i = 0; i < seg->nr_bvecs && !err; i++)
		err = zc_kmsg_add(km, nr, page_address(seg->bvec[i].bv_page) +
				  seg->bvec[i].bv_offset, seg->bvec[i].bv_len);
	state->end = km->size;
	return err;
}

/**
 * __zc_kseg_source_alloc() - make a source of segments of kernel memory
 * @segs: the segments, in message order; not looked at after the return
 * @nr: how many
 * @owner: module that the callbacks are in
 *
 * Use zc_kseg_source_alloc(). From success on each segment's cleanup is called
 * exactly once: when all of the segment has been sent and is no longer in the
 * network's hands, or after zc_kseg_end() as soon as what was sent of it is not.
 *
 * Context: process, may sleep.
 * Return: the source, to be ended with zc_kseg_end(); -EFAULT for what is not
 *	the kernel's memory, -EMSGSIZE for 2 GiB and more, -ENOMEM, -ENOENT if
 *	@owner is going away. After an error the segments are the caller's as
 *	before, and no cleanup is called. Source: S2.1, S2.3.
 */
struct zc_source *__zc_kseg_source_alloc(const struct zc_kseg *segs,
					 unsigned int nr, struct module *owner)
{
	size_t nr_pieces = 0;
	struct zc_kmsg *km;
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr; i++)
		nr_pieces += max(segs[i].nr_bvecs, 1U);
	if (!try_module_get(owner))
		return ERR_PTR(-ENOENT);
	km = zc_kmsg_alloc(nr, nr_pieces);
	if (!km) {
		module_put(owner);
		return ERR_PTR(-ENOMEM);
	}

	km->owner = owner;
	km->size = 0;
	km->base = 0;
	km->nr_segs = nr;
	km->passed = 0;
	km->nr_pieces = 0;
	for (i = 0; i < nr && !err; i++)
		err = zc_kmsg_add_seg(km, i, &segs[i]);
	if (err) {
		kvfree(km);
		module_put(owner);
		return ERR_PTR(err);
	}
	zc_source_init(&km->src, &zc_kseg_ops, ULONG_MAX);
	return &km->src;
}
EXPORT_SYMBOL_NS_GPL(__zc_kseg_source_alloc, "ZEROCOPY");

/**
 * zc_kseg_iter() - describe what has not been sent yet
 * @src: from zc_kseg_source_alloc()
 * @iter: set up for the next zc_sendmsg() of @src, as its msg_iter
 *
 * Context: any.
 */
void zc_kseg_iter(struct zc_source *src, struct iov_iter *iter)
{
	struct zc_kmsg *km = container_of(src, struct zc_kmsg, src);

	iov_iter_kvec(iter, ITER_SOURCE, km->kvec, km->nr_pieces, km->size);
	iov_iter_advance(iter, km->base);
}
EXPORT_SYMBOL_NS_GPL(zc_kseg_iter, "ZEROCOPY");

/**
 * zc_kseg_end() - no more of this message will be sent
 * @src: from zc_kseg_source_alloc(); not to be used any more
 *
 * What has not been sent goes back at once, the rest when it is back.
 *
 * Context: any but hard interrupt; no zc_sendmsg() of @src is under way.
 */
void zc_kseg_end(struct zc_source *src)
{
	zc_kmsg_pass_all(container_of(src, struct zc_kmsg, src));
	zc_source_put(src);
}
EXPORT_SYMBOL_NS_GPL(zc_kseg_end, "ZEROCOPY");

/**
 * zc_kseg_give_back() - call the cleanup of segments that became no message
 * @segs: the segments
 * @nr: how many
 *
 * Context: as the callbacks.
 */
void zc_kseg_give_back(const struct zc_kseg *segs, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (segs[i].cleanup)
			segs[i].cleanup(segs[i].private, 0, false);
}
EXPORT_SYMBOL_NS_GPL(zc_kseg_give_back, "ZEROCOPY");
