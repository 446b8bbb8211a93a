// SPDX-License-Identifier: GPL-2.0
/*
 * User memory as a source: pinned piece by piece (FOLL_PIN), described as
 * physical ranges, unpinned range by range.
 *
 * A range never leaves its folio and holds exactly one pin on it, whatever its
 * length: one range, one unpin, and no second table to remember the pages in.
 *
 * What lies in a registered area is pinned already. A loan that is all of one
 * piece borrows the area's own table; a mixed one has copies of the entries, and
 * a second table that says which of them belong to areas.
 */
#include <kunit/visibility.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include <linux/zc_user.h>
#include <net/zerocopy.h>
#include <trace/events/zerocopy.h>

#include "zc_area.h"

/* The most to borrow at a time: what is unmapped later is still sent. */
#define ZC_BORROW_BYTES		(4UL << 20)
/* Pages extracted at a time: half a kilobyte of stack. */
#define ZC_EXTRACT_BATCH	64

/**
 * struct zc_user - user memory of one message
 * @src: what the layer sees
 * @acct: who pays for the pins
 * @iter: the message; the iovec behind it belongs to the caller and is looked
 *	at during the call only
 * @pos: message offset that @iter stands at, in bytes
 * @idle: where this may wait for the next message, or NULL
 */
struct zc_user {
	struct zc_source	src;
	struct zc_account	acct;
	struct iov_iter		iter;
	size_t			pos;
	struct zc_source	**idle;
};

static struct kmem_cache *zc_user_cache;

/* What a run of refill has reserved and used, in pages. */
struct zc_credit {
	unsigned long	max;
	unsigned long	charged;
	unsigned long	used;
};

/* A page that is a folio is its own head. */
static __always_inline struct folio *zc_page_folio(const struct phys_vec *pv)
{
	return (struct folio *)pfn_to_page(PHYS_PFN(pv->paddr));
}

static __always_inline struct folio *
zc_range_folio(const struct zc_ranges *ranges, const struct phys_vec *pv)
{
	return ranges->single_pages ? zc_page_folio(pv) :
		page_folio(pfn_to_page(PHYS_PFN(pv->paddr)));
}

/* Mixed loans: the area that a range belongs to, NULL if it has a pin. */
static struct zc_area *zc_range_area(const struct zc_ranges *ranges,
				     unsigned int i)
{
	struct zc_area **areas = ranges->private;

	return areas ? areas[i] : NULL;
}

static int zc_credit_grow(struct zc_user *zu, struct zc_ranges *ranges,
			  struct zc_credit *credit, unsigned long pages)
{
	unsigned long used = credit->used + pages;

	if (used > credit->max) {
		ranges->need_pages = pages;
		return -ENOSPC;
	}
	/* A folio larger than a page: what it holds is known only now. */
	if (!zc_account_charge(&zu->acct, used - credit->charged)) {
		ranges->need_pages = pages;
		return -ENOBUFS;
	}
	credit->charged = used;
	credit->used = used;
	return 0;
}

static inline int zc_credit_take(struct zc_user *zu, struct zc_ranges *ranges,
				 struct zc_credit *credit, unsigned long pages)
{
	/* What is charged is never more than the limit. */
	if (unlikely(credit->used + pages > credit->charged))
		return zc_credit_grow(zu, ranges, credit, pages);
	credit->used += pages;
	return 0;
}

/* How many whole pages can be taken without looking at any limit. */
static size_t zc_user_run(const struct zc_credit *credit, size_t limit,
			  size_t len, size_t room)
{
	limit = DIV_ROUND_UP(limit, PAGE_SIZE);
	return min(min(limit, len / PAGE_SIZE),
		   min(room, credit->charged - credit->used));
}

/*
 * The usual case: one page after the other, each a folio of its own. Stops at
 * the first that is not.
 */
static size_t zc_user_add_singles(struct phys_vec *vec, struct page **pages,
				  size_t nr, const struct folio *last)
{
	const struct page *prev = (const struct page *)last;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (PageCompound(pages[i]) || pages[i] == prev)
			break;
		prev = pages[i];
		vec[i].paddr = page_to_phys(prev);
		vec[i].len = PAGE_SIZE;
	}
	return i;
}

/*
 * Turn the pages of one extraction into ranges. Pages that find no room are
 * unpinned again. Returns how many bytes were taken; *err says why it is fewer
 * than there were.
 */
static size_t zc_user_add_pages(struct zc_user *zu, struct zc_ranges *ranges,
				struct zc_credit *credit, struct page **pages,
				size_t offset, size_t len, size_t limit,
				int *err)
{
	unsigned int nr = DIV_ROUND_UP(offset + len, PAGE_SIZE);
	struct phys_vec *end = ranges->vec + ranges->max;
	struct phys_vec *last = ranges->vec + ranges->nr - 1;
	struct folio *last_folio = NULL;
	unsigned int i, surplus = 0;
	phys_addr_t next = 0;
	size_t taken = 0, part, run;

	limit = limit > ranges->bytes ? limit - ranges->bytes : 0;
	if (ranges->nr && !zc_range_area(ranges, ranges->nr - 1)) {
		last_folio = zc_range_folio(ranges, last);
		next = last->paddr + last->len;
	}

	for (i = 0; i < nr; i++) {
		struct folio *folio = page_folio(pages[i]);
		phys_addr_t paddr;

		if (!offset && !surplus && taken < limit) {
			run = zc_user_add_singles(last + 1, pages + i,
						  zc_user_run(credit, limit - taken,
							      len - taken,
							      end - last - 1),
						  last_folio);
			if (run) {
				last += run;
				i += run - 1;
				credit->used += run;
				taken += run * PAGE_SIZE;
				next = last->paddr + PAGE_SIZE;
				last_folio = page_folio(pages[i]);
				continue;
			}
		}

		paddr = page_to_phys(pages[i]) + offset;
		if (likely(folio != last_folio) || next != paddr) {
			if (unlikely(taken >= limit || last + 1 == end))
				break;
			if (likely(folio != last_folio)) {
				*err = zc_credit_take(zu, ranges, credit,
						      folio_nr_pages(folio));
				if (unlikely(*err))
					break;
			}
			if (unlikely(surplus)) {
				unpin_user_folio(last_folio, surplus);
				surplus = 0;
			}
			if (folio_test_large(folio))
				ranges->single_pages = false;
			last++;
			last->paddr = paddr;
			last->len = 0;
			last_folio = folio;
		} else {
			/* The range has its pin; go on to the folio's end. */
			surplus++;
		}
		part = PAGE_SIZE - offset;
		if (unlikely(part > len - taken))
			part = len - taken;
		last->len += part;
		taken += part;
		next = paddr + part;
		offset = 0;
	}

	if (surplus)
		unpin_user_folio(last_folio, surplus);
	if (i < nr)
		unpin_user_pages(pages + i, nr - i);

	ranges->nr = last + 1 - ranges->vec;
	ranges->bytes += taken;
	return taken;
}

/* Whether the folio that the last range ends in goes on behind it. */
static bool zc_user_in_folio(const struct zc_ranges *ranges)
{
	const struct phys_vec *last;
	struct folio *folio;

	if (!ranges->nr || ranges->single_pages)
		return false;
	last = &ranges->vec[ranges->nr - 1];
	folio = zc_range_folio(ranges, last);
	return last->paddr + last->len <
	       PFN_PHYS(folio_pfn(folio)) + folio_size(folio) &&
	       folio_test_large(folio);
}

static void zc_user_seek(struct zc_user *zu, size_t offset)
{
	if (offset > zu->pos)
		iov_iter_advance(&zu->iter, offset - zu->pos);
	else if (offset < zu->pos)
		iov_iter_revert(&zu->iter, zu->pos - offset);
	zu->pos = offset;
}

/* Pin what comes next, until @ranges has @bytes or has held @max_pages more. */
static int zc_user_pin(struct zc_user *zu, struct zc_ranges *ranges,
		       size_t bytes, unsigned long max_pages)
{
	struct page *pages[ZC_EXTRACT_BATCH] __uninitialized, **batch = pages;
	struct zc_credit credit = { .max = max_pages };
	size_t offset = zu->pos, before = ranges->bytes;
	int err = 0;

	/* Ordinary pages are paid for in one go, large folios as they come. */
	credit.charged = min(max_pages,
			     DIV_ROUND_UP(bytes - before, PAGE_SIZE) + 1);
	credit.charged = zc_account_charge_upto(&zu->acct, credit.charged);
	if (!credit.charged) {
		ranges->need_pages = 1;
		return -ENOBUFS;
	}

	while (iov_iter_count(&zu->iter) && ranges->nr < ranges->max) {
		size_t want = bytes > ranges->bytes ? bytes - ranges->bytes : 0;
		size_t start, taken;
		ssize_t got;

		if (!want && zc_user_in_folio(ranges))
			want = ZC_EXTRACT_BATCH * PAGE_SIZE;
		if (!want)
			break;

		got = iov_iter_extract_pages(&zu->iter, &batch, want,
					     ZC_EXTRACT_BATCH, 0, &start);
		if (got <= 0) {
			/* As in stock: whatever cannot be pinned is a fault. */
			if (got == -ENOMEM)
				err = got;
			else
				ranges->fault = true;
			break;
		}
		taken = zc_user_add_pages(zu, ranges, &credit, pages, start,
					  got, bytes, &err);
		zu->pos += got;
		if (taken < got) {
			zc_user_seek(zu, zu->pos - (got - taken));
			break;
		}
	}

	zc_account_uncharge(&zu->acct, credit.charged - credit.used);
	ranges->held_pages += credit.used;
	trace_zc_pin(zu, offset, ranges->bytes - before, credit.used, err);
	return err;
}

/* Where the message stands in user memory, and how far that goes on. */
static unsigned long zc_user_address(struct zc_user *zu, size_t *len)
{
	struct iov_iter *iter = &zu->iter;

	if (iter_is_ubuf(iter)) {
		*len = iov_iter_count(iter);
		return (unsigned long)iter->ubuf + iter->iov_offset;
	}
	/* A whole segment is not left behind before the next is looked at. */
	while (iter->nr_segs > 1 && !iter_iov_len(iter)) {
		iter->__iov++;
		iter->nr_segs--;
		iter->iov_offset = 0;
	}
	*len = min(iter_iov_len(iter), iov_iter_count(iter));
	return (unsigned long)iter_iov_addr(iter);
}

/* Copy entries of an area's table; the reference on it is the loan's now. */
static int zc_user_add_area(struct zc_user *zu, struct zc_ranges *ranges,
			    struct zc_area *area, unsigned long addr,
			    size_t len)
{
	struct zc_area **areas = ranges->private;
	size_t skip, left = len;
	unsigned int i;

	if (!areas) {
		areas = kcalloc(ranges->max, sizeof(*areas),
				GFP_KERNEL_ACCOUNT);
		if (!areas) {
			zc_area_put(area);
			return -ENOMEM;
		}
		ranges->private = areas;
	}
	/* One reference for a run of ranges. */
	if (ranges->nr && areas[ranges->nr - 1] == area)
		zc_area_put(area);

	if (!area->single_pages)
		ranges->single_pages = false;
	i = zc_area_index(area, addr, &skip);
	while (left && ranges->nr < ranges->max) {
		struct phys_vec *pv = &ranges->vec[ranges->nr];

		pv->paddr = area->vec[i].paddr + skip;
		pv->len = min(left, area->vec[i].len - skip);
		left -= pv->len;
		areas[ranges->nr++] = area;
		skip = 0;
		i++;
	}

	len -= left;
	ranges->bytes += len;
	ranges->unpinned += len;
	zc_user_seek(zu, zu->pos + len);
	return 0;
}

/* The process has areas: take what lies in them from there, pin the rest. */
static noinline int zc_user_refill_mixed(struct zc_user *zu,
					 struct zc_ranges *ranges, size_t bytes,
					 unsigned long max_pages)
{
	int err = 0;

	while (!err && ranges->bytes < bytes && ranges->nr < ranges->max &&
	       !ranges->fault) {
		size_t before = ranges->bytes, len, span;
		struct zc_area *area;
		unsigned long addr;

		addr = zc_user_address(zu, &len);
		area = zc_area_find(addr, &span);
		len = min3(len, span, bytes - before);
		if (area)
			err = zc_user_add_area(zu, ranges, area, addr, len);
		else if (ranges->held_pages < max_pages)
			err = zc_user_pin(zu, ranges, before + len,
					  max_pages - ranges->held_pages);
		if (ranges->bytes == before)
			break;
	}
	return err;
}

static int zc_user_refill(struct zc_source *src, struct zc_ranges *ranges,
			  size_t offset, size_t bytes, unsigned long max_pages)
{
	struct zc_user *zu = container_of(src, struct zc_user, src);
	int err;

	zc_user_seek(zu, offset);
	bytes = min(bytes, iov_iter_count(&zu->iter));
	ranges->single_pages = true;
	ranges->pinned = true;
	if (unlikely(zc_areas_any()))
		err = zc_user_refill_mixed(zu, ranges, bytes, max_pages);
	else
		err = zc_user_pin(zu, ranges, bytes, max_pages);
	/* Part of what was asked for is good enough. */
	return ranges->nr ? 0 : err;
}

/*
 * Lend an area's own table. A datagram has to be one loan: what goes on behind
 * the area is left to refill, unless no datagram is as long.
 */
static bool zc_user_borrow(struct zc_source *src, struct zc_ranges *ranges,
			   size_t offset, size_t bytes)
{
	struct zc_user *zu = container_of(src, struct zc_user, src);
	struct zc_area *area;
	unsigned long addr;
	size_t len, span;
	unsigned int i;

	if (!zc_areas_any())
		return false;

	zc_user_seek(zu, offset);
	bytes = min(bytes, iov_iter_count(&zu->iter));
	addr = zc_user_address(zu, &len);
	if (len < bytes && len <= U16_MAX)
		return false;
	area = zc_area_find(addr, &span);
	if (!area)
		return false;
	len = min(len, span);
	if (len < bytes && len <= U16_MAX) {
		zc_area_put(area);
		return false;
	}

	i = zc_area_index(area, addr, &ranges->skip);
	ranges->vec = area->vec + i;
	ranges->nr = area->nr - i;
	ranges->bytes = min3(bytes, len, ZC_BORROW_BYTES);
	ranges->single_pages = area->single_pages;
	ranges->private = area;
	return true;
}

/* The mirror of zc_user_add_area(). */
static void zc_user_give_back(struct zc_ranges *ranges, unsigned int i)
{
	struct zc_area *area = zc_range_area(ranges, i);

	ranges->unpinned -= ranges->vec[i].len;
	if (!i || zc_range_area(ranges, i - 1) != area)
		zc_area_put(area);
}

/* The usual loan, all of it: each range a page, and no area. */
static void zc_user_unpin_singles(const struct zc_ranges *ranges)
{
	const struct phys_vec *end = ranges->vec + ranges->nr;
	const struct phys_vec *pv;

	for (pv = ranges->vec; pv != end; pv++)
		unpin_user_folio(zc_page_folio(pv), 1);
}

static void zc_user_cleanup(struct zc_source *src, struct zc_ranges *ranges,
			    unsigned int from, bool copied)
{
	struct zc_user *zu = container_of(src, struct zc_user, src);
	const bool single = ranges->single_pages;
	struct folio *folio, *prev = NULL;
	unsigned long pages = 0;
	size_t bytes = 0;
	unsigned int i;

	if (ranges->whole) {
		zc_area_put(ranges->private);
		ranges->nr = 0;
		ranges->bytes = 0;
		return;
	}

	if (likely(ranges->single_pages && !ranges->private && !from)) {
		zc_user_unpin_singles(ranges);
		bytes = ranges->bytes;
		pages = ranges->held_pages;
		goto out;
	}

	if (from && !zc_range_area(ranges, from - 1))
		prev = zc_range_folio(ranges, &ranges->vec[from - 1]);

	for (i = from; i < ranges->nr; i++) {
		bytes += ranges->vec[i].len;
		if (unlikely(zc_range_area(ranges, i))) {
			zc_user_give_back(ranges, i);
			prev = NULL;
			continue;
		}
		folio = zc_range_folio(ranges, &ranges->vec[i]);
		/* The mirror of what refill charged: once for a run. */
		if (folio != prev)
			pages += single ? 1 : folio_nr_pages(folio);
		prev = folio;
		unpin_user_folio(folio, 1);
	}
	if (!from) {
		kfree(ranges->private);
		ranges->private = NULL;
	}

out:
	ranges->nr = from;
	ranges->bytes -= bytes;
	ranges->held_pages -= pages;
	zc_account_uncharge(&zu->acct, pages);
	trace_zc_unpin(zu, bytes, pages, copied);
}

static void zc_user_release(struct zc_source *src)
{
	struct zc_user *zu = container_of(src, struct zc_user, src);

	if (!zu->idle || READ_ONCE(*zu->idle) ||
	    cmpxchg(zu->idle, NULL, src))
		zc_user_source_free(src);
}

static const struct zc_source_ops zc_user_ops = {
	.borrow		= zc_user_borrow,
	.refill		= zc_user_refill,
	.cleanup	= zc_user_cleanup,
	.release	= zc_user_release,
};

/**
 * zc_user_source_free() - free a source that waits for the next message
 * @src: what zc_user_source_alloc() was given a place for, or NULL
 *
 * Context: any but hard interrupt.
 */
void zc_user_source_free(struct zc_source *src)
{
	struct zc_user *zu = container_of(src, struct zc_user, src);

	if (!src)
		return;
	zc_account_exit(&zu->acct);
	kmem_cache_free(zc_user_cache, zu);
}
EXPORT_SYMBOL_IF_KUNIT(zc_user_source_free);

/**
 * zc_user_source_alloc() - lend the memory behind a user iterator
 * @iter: a user-backed iterator (ubuf, iovec) at the start of the message; it
 *	is copied, not consumed
 * @window_pages: the most that will be on loan at a time, in pages
 * @idle: a place that outlives the source: it waits there for the next message,
 *	and whoever owns the place ends that with zc_user_source_free(). Or NULL
 *
 * Nothing is pinned yet. The iovec must stay valid while refill may be called.
 *
 * Context: process, on behalf of the task whose memory it is; may sleep.
 * Return: a source with one reference, NULL if out of memory. Source: S1.3,
 *	S1.7.
 */
struct zc_source *zc_user_source_alloc(const struct iov_iter *iter,
				       unsigned long window_pages,
				       struct zc_source **idle)
{
	struct zc_source *src = NULL;
	struct zc_user *zu;

	if (idle && READ_ONCE(*idle))
		src = xchg(idle, NULL);
	if (src) {
		zu = container_of(src, struct zc_user, src);
	} else {
		zu = kmem_cache_alloc(zc_user_cache, GFP_KERNEL);
		if (!zu)
			return NULL;
	}

	zc_account_init(&zu->acct, window_pages);
	zc_source_init(&zu->src, &zc_user_ops, zu->acct.limit);
	zu->iter = *iter;
	zu->pos = 0;
	zu->idle = idle;
	return &zu->src;
}
EXPORT_SYMBOL_NS_GPL(zc_user_source_alloc, "ZEROCOPY");

/* What has one is not cleared at each allocation; nobody is charged yet. */
static void zc_user_ctor(void *obj)
{
	memset(obj, 0, sizeof(struct zc_user));
}

int __init zc_user_init(void)
{
	zc_user_cache = kmem_cache_create("zc_user", sizeof(struct zc_user), 0,
					  SLAB_ACCOUNT, zc_user_ctor);
	return zc_user_cache ? 0 : -ENOMEM;
}

void zc_user_exit(void)
{
	kmem_cache_destroy(zc_user_cache);
}
