// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers: pieces of an area, of one size. A token is a buffer's number; the
 * program has one for each record whose data lies in it. As long as more records
 * may come the buffer has a bias, so that tokens that come back early do not free
 * it.
 */
#include <kunit/visibility.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "internal.h"

/**
 * zc_rx_buffers_init() - nobody has any buffer
 * @b: to be set up
 * @nr: how many there are, at least 1
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int zc_rx_buffers_init(struct zc_rx_buffers *b, u32 nr)
{
	u32 i;

	b->nr = nr;
	b->nr_free = nr;
	b->users = kvcalloc(nr, sizeof(*b->users), GFP_KERNEL_ACCOUNT);
	b->free = kvmalloc_array(nr, sizeof(*b->free), GFP_KERNEL_ACCOUNT);
	if (!b->users || !b->free) {
		zc_rx_buffers_exit(b);
		return -ENOMEM;
	}
	/* From the end on: a backend takes away what lies at the beginning. */
	for (i = 0; i < nr; i++)
		b->free[i] = i;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_buffers_init);

/**
 * zc_rx_buffers_exit() - free what describes them
 * @b: from zc_rx_buffers_init(), whoever has some
 *
 * Context: process, may sleep.
 */
void zc_rx_buffers_exit(struct zc_rx_buffers *b)
{
	kvfree(b->users);
	kvfree(b->free);
	b->users = NULL;
	b->free = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_buffers_exit);

/**
 * zc_rx_buffer_take() - take a buffer to fill it
 * @b: the buffers
 * @buffer: set to its number
 *
 * Return: false if there is none.
 */
bool zc_rx_buffer_take(struct zc_rx_buffers *b, u32 *buffer)
{
	if (!b->nr_free)
		return false;
	*buffer = b->free[--b->nr_free];
	b->users[*buffer] = ZC_RX_FILLING;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_buffer_take);

/**
 * zc_rx_buffer_done() - nothing more gets into a buffer
 * @b: the buffers
 * @buffer: from zc_rx_buffer_take()
 */
void zc_rx_buffer_done(struct zc_rx_buffers *b, u32 buffer)
{
	b->users[buffer] &= ~ZC_RX_FILLING;
	if (!b->users[buffer])
		b->free[b->nr_free++] = buffer;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_buffer_done);

/**
 * zc_rx_buffer_hand_out() - the program gets a token
 * @b: the buffers
 * @buffer: one that is being filled
 */
void zc_rx_buffer_hand_out(struct zc_rx_buffers *b, u32 buffer)
{
	/* Each one had an entry on the ring: 2^30 are never out. */
	b->users[buffer]++;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_buffer_hand_out);

/**
 * zc_rx_buffer_return() - the program says that it is done with a token
 * @b: the buffers
 * @buffer: whatever it says
 *
 * Return: whether it had one; if so it is gone.
 */
bool zc_rx_buffer_return(struct zc_rx_buffers *b, u32 buffer)
{
	if (buffer >= b->nr)
		return false;
	buffer = array_index_nospec(buffer, b->nr);
	if (!(b->users[buffer] & ZC_RX_USERS))
		return false;
	if (!--b->users[buffer])
		b->free[b->nr_free++] = buffer;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_buffer_return);

/**
 * zc_rx_buffers_take_away() - leave buffers to a backend
 * @b: the buffers
 * @nr: how many, from the first on; less than there are
 *
 * Return: 0, or -EBUSY if one of them is being filled or the program has it; then
 *	nothing has changed.
 */
int zc_rx_buffers_take_away(struct zc_rx_buffers *b, u32 nr)
{
	u32 i, left = 0;

	for (i = 0; i < nr; i++)
		if (b->users[i])
			return -EBUSY;
	for (i = 0; i < nr; i++)
		b->users[i] = ZC_RX_DEVICE;
	for (i = 0; i < b->nr_free; i++)
		if (b->free[i] >= nr)
			b->free[left++] = b->free[i];
	b->nr_free = left;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_buffers_take_away);

/**
 * zc_rx_buffers_put_back() - the backend is done with what was taken away
 * @b: the buffers
 */
void zc_rx_buffers_put_back(struct zc_rx_buffers *b)
{
	u32 i, nr = 0;

	while (nr < b->nr && b->users[nr] & ZC_RX_DEVICE)
		b->users[nr++] = 0;
	/* Behind those that are free now. */
	memmove(b->free + nr, b->free, b->nr_free * sizeof(*b->free));
	b->nr_free += nr;
	for (i = 0; i < nr; i++)
		b->free[i] = i;
}
EXPORT_SYMBOL_IF_KUNIT(zc_rx_buffers_put_back);
