// SPDX-License-Identifier: GPL-2.0
/*
 * The two rings. The program can write to any of it at any time, so nothing is
 * read there but its own two indices and its refills, each of them once.
 */
#include <asm/barrier.h>
#include <kunit/visibility.h>
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/zc_ring.h>

#include "internal.h"

static_assert(sizeof(struct zerocopy_rx_frag) == 32);
static_assert(sizeof(struct zerocopy_rx_refill) == 8);
static_assert(offsetof(struct zerocopy_rx_ring, frag_tail) == 64);
static_assert(offsetof(struct zerocopy_rx_ring, frag_head) == 128);
static_assert(offsetof(struct zerocopy_rx_ring, refill_tail) == 192);
static_assert(offsetof(struct zerocopy_rx_ring, refill_head) == 256);
static_assert(offsetof(struct zerocopy_rx_ring, bytes) == 320);
static_assert(sizeof(struct zerocopy_rx_ring) == 384);

/**
 * zc_rx_ring_init() - make the rings of a receiver
 * @ring: to be set up, all zero
 * @frags: entries of the fragment ring, a power of two
 * @refills: entries of the refill ring, a power of two
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int zc_rx_ring_init(struct zc_rx_ring *ring, u32 frags, u32 refills)
{
	u32 at_refills = PAGE_SIZE + frags * sizeof(*ring->frags);
	struct zerocopy_rx_ring *shared;

	ring->length = PAGE_ALIGN(at_refills + refills * sizeof(*ring->refills));
	shared = zc_ring_alloc(ring->length);
	if (!shared)
		return -ENOMEM;
	ring->shared = shared;
	ring->frags = (void *)shared + PAGE_SIZE;
	ring->refills = (void *)shared + at_refills;
	ring->nr_frags = frags;
	ring->nr_refills = refills;

	shared->frags = PAGE_SIZE;
	shared->frag_entries = frags;
	shared->frag_size = sizeof(*ring->frags);
	shared->refills = at_refills;
	shared->refill_entries = refills;
	shared->refill_size = sizeof(*ring->refills);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_ring_init);

/**
 * zc_rx_ring_exit() - free the rings; a mapping that is left keeps their pages
 * @ring: from zc_rx_ring_init()
 *
 * Context: process, may sleep.
 */
void zc_rx_ring_exit(struct zc_rx_ring *ring)
{
	zc_ring_free(ring->shared);
	ring->shared = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_ring_exit);

/**
 * zc_rx_ring_begin() - see what the program has done, before adding fragments
 * @ring: the rings
 * @max: how many fragments to add at most, or 0
 *
 * Return: 0, or -ERANGE if one of the program's indices cannot be; then nothing
 *	has changed.
 */
int zc_rx_ring_begin(struct zc_rx_ring *ring, u32 max)
{
	struct zerocopy_rx_ring *shared = ring->shared;
	u32 head, tail;

	/* What it has looked at may be written over. */
	head = smp_load_acquire(&shared->frag_head);
	/* The refills below it are there. */
	tail = smp_load_acquire(&shared->refill_tail);
	if (ring->tail - head > ring->nr_frags ||
	    tail - ring->refill_head > ring->nr_refills)
		return -ERANGE;

	ring->room = ring->nr_frags - (ring->tail - head);
	if (max)
		ring->room = min(ring->room, max);
	ring->refill_tail = tail;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_ring_begin);

static void zc_rx_ring_close_last(struct zc_rx_ring *ring)
{
	if (!ring->open)
		return;
	ring->frags[(ring->tail - 1) & (ring->nr_frags - 1)] = ring->last;
	ring->open = false;
}

/**
 * zc_rx_ring_add() - add a fragment; more may be added to it, in @ring->last
 * @ring: the rings, with @ring->room
 * @frag: the fragment
 */
void zc_rx_ring_add(struct zc_rx_ring *ring,
		    const struct zerocopy_rx_frag *frag)
{
	zc_rx_ring_close_last(ring);
	ring->last = *frag;
	ring->open = true;
	ring->tail++;
	ring->room--;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_ring_add);

/**
 * zc_rx_ring_slot() - add a fragment that nothing will be added to
 * @ring: the rings, with @ring->room
 *
 * Return: where to write it; it is not to be read there.
 */
struct zerocopy_rx_frag *zc_rx_ring_slot(struct zc_rx_ring *ring)
{
	zc_rx_ring_close_last(ring);
	ring->room--;
	return &ring->frags[ring->tail++ & (ring->nr_frags - 1)];
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_ring_slot);

/**
 * zc_rx_ring_refill() - take the next refill
 * @ring: the rings
 * @refill: set to what the program says
 *
 * Return: false if there is none.
 */
bool zc_rx_ring_refill(struct zc_rx_ring *ring,
		       struct zerocopy_rx_refill *refill)
{
	const struct zerocopy_rx_refill *r;

	if (ring->refill_head == ring->refill_tail)
		return false;
	r = &ring->refills[ring->refill_head++ & (ring->nr_refills - 1)];
	refill->index = READ_ONCE(r->index);
	refill->token = READ_ONCE(r->token);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_ring_refill);

/**
 * zc_rx_ring_end() - tell the program
 * @ring: the rings
 */
void zc_rx_ring_end(struct zc_rx_ring *ring)
{
	struct zerocopy_rx_ring *shared = ring->shared;

	zc_rx_ring_close_last(ring);
	WRITE_ONCE(shared->bytes, ring->bytes);
	WRITE_ONCE(shared->copied, ring->copied);
	WRITE_ONCE(shared->fragments, ring->fragments);
	WRITE_ONCE(shared->refilled, ring->refilled);
	WRITE_ONCE(shared->bad, ring->bad);
	WRITE_ONCE(shared->starved, ring->starved);
	WRITE_ONCE(shared->flags, ring->flags);
	/* The entries below it may be written over. */
	smp_store_release(&shared->refill_head, ring->refill_head);
	/* Whoever sees it sees the fragments below it, and their data. */
	smp_store_release(&shared->frag_tail, ring->tail);
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_ring_end);
