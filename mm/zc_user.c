// SPDX-License-Identifier: GPL-2.0
/*
 * User memory as a source: pinned piece by piece (FOLL_PIN), described as
 * physical ranges, unpinned range by range.
 *
 * A range never leaves its folio and holds exactly one pin on it, whatever its
 * length: one range, one unpin, and no second table to remember the pages in.
 */
#include <kunit/visibility.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include <linux/zc_user.h>
#include <net/zerocopy.h>
#include <trace/events/zerocopy.h>

/* Pages extracted at a time: half a kilobyte of stack. */
#define ZC_EXTRACT_BATCH	64

/**
 * struct zc_user - user memory of one message
 * @src: what the layer sees
 * @acct: who pays for the pins
 * @iter: the message; the iovec behind it belongs to the caller and is looked
 *	at during the call only
 * @pos: message offset that @iter stands at, in bytes
 */
struct zc_user {
	struct zc_source	src;
	struct zc_account	acct;
	struct iov_iter		iter;
	size_t			pos;
};

/* What a run of refill has reserved and used, in pages. */
struct zc_credit {
	unsigned long	max;
	unsigned long	charged;
	unsigned long	used;
};

static struct folio *zc_range_folio(const struct phys_vec *pv)
{
	return page_folio(pfn_to_page(PHYS_PFN(pv->paddr)));
}

static int zc_credit_take(struct zc_user *zu, struct zc_ranges *ranges,
			  struct zc_credit *credit, unsigned long pages)
{
	unsigned long used = credit->used + pages;

	if (used > credit->max) {
		ranges->need_pages = pages;
		return -ENOSPC;
	}
	if (used > credit->charged) {
		/* A folio larger than a page: what it holds is known only now. */
		if (!zc_account_charge(&zu->acct, used - credit->charged)) {
			ranges->need_pages = pages;
			return -ENOBUFS;
		}
		credit->charged = used;
	}
	credit->used = used;
	return 0;
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
	unsigned int i, surplus = 0;
	struct phys_vec *last = NULL;
	struct folio *last_folio = NULL;
	size_t taken = 0;

	if (ranges->nr) {
		last = &ranges->vec[ranges->nr - 1];
		last_folio = zc_range_folio(last);
	}

	for (i = 0; i < nr; i++) {
		size_t part = min_t(size_t, PAGE_SIZE - offset, len - taken);
		phys_addr_t paddr = page_to_phys(pages[i]) + offset;
		struct folio *folio = page_folio(pages[i]);

		if (folio == last_folio && last->paddr + last->len == paddr) {
			/* The range has its pin; go on to the folio's end. */
			last->len += part;
			surplus++;
		} else {
			if (ranges->bytes + taken >= limit ||
			    ranges->nr == ranges->max)
				break;
			if (folio != last_folio) {
				*err = zc_credit_take(zu, ranges, credit,
						      folio_nr_pages(folio));
				if (*err)
					break;
			}
			if (surplus) {
				unpin_user_folio(last_folio, surplus);
				surplus = 0;
			}
			last = &ranges->vec[ranges->nr++];
			last->paddr = paddr;
			last->len = part;
			last_folio = folio;
		}
		taken += part;
		offset = 0;
	}

	if (surplus)
		unpin_user_folio(last_folio, surplus);
	if (i < nr)
		unpin_user_pages(pages + i, nr - i);

	ranges->bytes += taken;
	return taken;
}

/* Whether the folio that the last range ends in goes on behind it. */
static bool zc_user_in_folio(const struct zc_ranges *ranges)
{
	const struct phys_vec *last;
	struct folio *folio;

	if (!ranges->nr)
		return false;
	last = &ranges->vec[ranges->nr - 1];
	folio = zc_range_folio(last);
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

static int zc_user_refill(struct zc_source *src, struct zc_ranges *ranges,
			  size_t offset, size_t bytes, unsigned long max_pages)
{
	struct zc_user *zu = container_of(src, struct zc_user, src);
	struct page *pages[ZC_EXTRACT_BATCH], **batch = pages;
	struct zc_credit credit = { .max = max_pages };
	int err = 0;

	zc_user_seek(zu, offset);
	bytes = min(bytes, iov_iter_count(&zu->iter));

	/* Ordinary pages are paid for in one go, large folios as they come. */
	credit.charged = min(max_pages, DIV_ROUND_UP(bytes, PAGE_SIZE) + 1);
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
	ranges->held_pages = credit.used;
	trace_zc_pin(zu, offset, ranges->bytes, ranges->held_pages, err);

	/* Part of what was asked for is good enough. */
	return ranges->nr ? 0 : err;
}

static void zc_user_cleanup(struct zc_source *src, struct zc_ranges *ranges,
			    unsigned int from, bool copied)
{
	struct zc_user *zu = container_of(src, struct zc_user, src);
	struct folio *folio, *prev = NULL;
	unsigned long pages = 0;
	size_t bytes = 0;
	unsigned int i;

	if (from)
		prev = zc_range_folio(&ranges->vec[from - 1]);

	for (i = from; i < ranges->nr; i++) {
		folio = zc_range_folio(&ranges->vec[i]);
		/* The mirror of what refill charged: once for a run. */
		if (folio != prev)
			pages += folio_nr_pages(folio);
		bytes += ranges->vec[i].len;
		prev = folio;
	}
	for (i = from; i < ranges->nr; i++)
		unpin_user_folio(zc_range_folio(&ranges->vec[i]), 1);

	ranges->nr = from;
	ranges->bytes -= bytes;
	ranges->held_pages -= pages;
	zc_account_uncharge(&zu->acct, pages);
	trace_zc_unpin(zu, bytes, pages, copied);
}

static void zc_user_release(struct zc_source *src)
{
	struct zc_user *zu = container_of(src, struct zc_user, src);

	zc_account_exit(&zu->acct);
	kfree(zu);
}

static const struct zc_source_ops zc_user_ops = {
	.refill		= zc_user_refill,
	.cleanup	= zc_user_cleanup,
	.release	= zc_user_release,
};

/**
 * zc_user_source_alloc() - lend the memory behind a user iterator
 * @iter: a user-backed iterator (ubuf, iovec) at the start of the message; it
 *	is copied, not consumed
 * @window_pages: the most that will be on loan at a time, in pages
 *
 * Nothing is pinned yet. The iovec must stay valid while refill may be called.
 *
 * Context: process, on behalf of the task whose memory it is; may sleep.
 * Return: a source with one reference, NULL if out of memory. Source: S1.3,
 *	S1.7.
 */
struct zc_source *zc_user_source_alloc(const struct iov_iter *iter,
				       unsigned long window_pages)
{
	struct zc_user *zu;

	zu = kmalloc_obj(*zu, GFP_KERNEL_ACCOUNT);
	if (!zu)
		return NULL;

	zc_account_init(&zu->acct, window_pages);
	zc_source_init(&zu->src, &zc_user_ops, zu->acct.limit);
	zu->iter = *iter;
	zu->pos = 0;
	return &zu->src;
}
EXPORT_SYMBOL_IF_KUNIT(zc_user_source_alloc);
