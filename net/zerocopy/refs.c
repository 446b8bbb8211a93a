// SPDX-License-Identifier: GPL-2.0
/*
 * ZC_DEBUG_REFS=1: each loan remembers the references of its memory, and shouts
 * when it ends with others. mm/zc_refs.c knows which may move.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/bug.h>
#include <linux/slab.h>
#include <linux/zc_refs.h>
#include <net/sock.h>

#include "internal.h"

/* What the tracepoints say of a loan, and what is wrong with it. */
VISIBLE_IF_KUNIT void zc_refs_shout(const struct zc_ubuf *zu,
				    const struct zc_refs_moved *moved)
{
	KUNIT_STATIC_STUB_REDIRECT(zc_refs_shout, zu, moved);

	WARN(1, "zerocopy: references moved: sk=%p id=%u refs=%d bytes=%zu: %pa of kind %d has %d, had %d when it was of kind %d\n",
	     zu->win->sk, zu->id, refcount_read(&zu->ubuf.refcnt),
	     zu->ranges.bytes, &moved->paddr, moved->kind_now,
	     moved->count_now, moved->count, moved->kind);
}
EXPORT_SYMBOL_IF_KUNIT(zc_refs_shout);

/**
 * zc_ubuf_note_refs() - remember the references of what a loan has
 * @zu: the loan, refilled
 *
 * Without memory for that, this loan is not looked at.
 *
 * Context: process, may sleep.
 */
void zc_ubuf_note_refs(struct zc_ubuf *zu)
{
	zu->refs = zc_refs_note(&zu->ranges);
}
EXPORT_SYMBOL_IF_KUNIT(zc_ubuf_note_refs);

/**
 * zc_ubuf_check_refs() - look whether they moved
 * @zu: the loan
 * @from: first range that goes back to the lender now
 *
 * Context: any.
 */
void zc_ubuf_check_refs(const struct zc_ubuf *zu, unsigned int from)
{
	struct zc_refs_moved moved;

	if (zu->refs && zc_refs_check(zu->refs, &zu->ranges, from, &moved))
		zc_refs_shout(zu, &moved);
}
