// SPDX-License-Identifier: GPL-2.0
/*
 * Areas that somebody receives into: he holds their pages until he is done, and
 * writes to them through the program's own addresses or the kernel's.
 */
#include <linux/bitops.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/sched.h>

#include <trace/events/zerocopy.h>

#include "zc_area.h"

/**
 * zc_area_fill_begin() - begin to receive into an area
 * @area: the area; the caller has a reference on its description, and keeps it
 *
 * Its pages stay where they are until zc_area_fill_end(), whatever becomes of the
 * program.
 *
 * Context: process.
 * Return: 0, -EINVAL if it was not registered for that, -ENODEV if its memory is
 *	no longer there, -EBUSY if somebody else does, or a NIC still may.
 */
int zc_area_fill_begin(struct zc_area *area)
{
	int err;

	if (!(area->use & ZEROCOPY_AREA_RECEIVE))
		return -EINVAL;
	if (test_and_set_bit(ZC_FILL_BEGUN, &area->filled))
		return -EBUSY;
	err = -EBUSY;
	if (test_bit(ZC_FILL_EXPORTED, &area->filled))
		goto err_clear;
	err = -ENODEV;
	if (READ_ONCE(area->state) == ZC_AREA_DEAD ||
	    !refcount_inc_not_zero(&area->users))
		goto err_clear;
	trace_zc_area(area->id, area->start, area->end - area->start,
		      refcount_read(&area->users), ZC_AREA_FILL);
	return 0;

err_clear:
	clear_bit(ZC_FILL_BEGUN, &area->filled);
	return err;
}
EXPORT_SYMBOL_NS_GPL(zc_area_fill_begin, "ZEROCOPY");

/**
 * zc_area_fill_end() - nothing is received into an area any more
 * @area: from zc_area_fill_begin(); may be gone on return
 *
 * Context: any but hard interrupt.
 */
void zc_area_fill_end(struct zc_area *area)
{
	trace_zc_area(area->id, area->start, area->end - area->start,
		      refcount_read(&area->users), ZC_AREA_FILLED);
	clear_bit_unlock(ZC_FILL_BEGUN, &area->filled);
	zc_area_put(area);
}
EXPORT_SYMBOL_NS_GPL(zc_area_fill_end, "ZEROCOPY");

/**
 * zc_area_lend() - keep an area's pages beyond zc_area_fill_end()
 * @area: the area, from zc_area_fill_begin()
 *
 * For whom the network has some of them.
 *
 * Context: any.
 */
void zc_area_lend(struct zc_area *area)
{
	refcount_inc(&area->users);
}
EXPORT_SYMBOL_NS_GPL(zc_area_lend, "ZEROCOPY");

/**
 * zc_area_lend_end() - the network has given them back
 * @area: from zc_area_lend(); may be gone on return
 *
 * Context: any but hard interrupt.
 */
void zc_area_lend_end(struct zc_area *area)
{
	zc_area_put(area);
}
EXPORT_SYMBOL_NS_GPL(zc_area_lend_end, "ZEROCOPY");

/**
 * zc_area_length() - how long an area is
 * @area: the area
 *
 * Return: bytes.
 */
size_t zc_area_length(const struct zc_area *area)
{
	return area->end - area->start;
}
EXPORT_SYMBOL_NS_GPL(zc_area_length, "ZEROCOPY");

/**
 * zc_area_id() - what the traces call an area
 * @area: the area
 *
 * Return: a number.
 */
unsigned int zc_area_id(const struct zc_area *area)
{
	return area->id;
}
EXPORT_SYMBOL_NS_GPL(zc_area_id, "ZEROCOPY");

/**
 * zc_area_usable() - does the program still have an area's memory?
 * @area: the area, from zc_area_fill_begin()
 *
 * If that is in doubt, it is found out for the program itself. Another process
 * cannot look, and goes on: the pages are held, in any case.
 *
 * Context: process, may sleep.
 * Return: whether it has.
 */
bool zc_area_usable(struct zc_area *area)
{
	u8 state = READ_ONCE(area->state);

	if (likely(state == ZC_AREA_VALID))
		return true;
	if (state == ZC_AREA_DEAD)
		return false;
	return current->mm != area->mm || __zc_area_verify(area);
}
EXPORT_SYMBOL_NS_GPL(zc_area_usable, "ZEROCOPY");

/**
 * zc_area_user() - find where the calling process has an area
 * @area: the area, from zc_area_fill_begin()
 * @offset: of a byte in it
 * @addr: set to the byte's address
 *
 * What is written there gets into the area, unless the mapping changes meanwhile:
 * then it gets to where the program would look for it.
 *
 * Context: process.
 * Return: whether it is this process's.
 */
bool zc_area_user(const struct zc_area *area, size_t offset,
		  void __user **addr)
{
	if (READ_ONCE(area->state) != ZC_AREA_VALID || current->mm != area->mm)
		return false;
	*addr = (void __user *)(area->start + offset);
	return true;
}
EXPORT_SYMBOL_NS_GPL(zc_area_user, "ZEROCOPY");

/**
 * zc_area_phys() - find a byte of an area in memory
 * @area: the area, from zc_area_fill_begin()
 * @offset: of the byte
 * @bytes: set to how many follow it without a gap, it included
 *
 * Context: any.
 * Return: its physical address.
 */
phys_addr_t zc_area_phys(const struct zc_area *area, size_t offset,
			 size_t *bytes)
{
	const struct phys_vec *pv;
	size_t skip;

	pv = &area->vec[zc_area_index(area, area->start + offset, &skip)];
	*bytes = pv->len - skip;
	return pv->paddr + skip;
}
EXPORT_SYMBOL_NS_GPL(zc_area_phys, "ZEROCOPY");

/**
 * zc_area_kaddr() - find a byte of an area in the kernel's memory
 * @area: the area, from zc_area_fill_begin()
 * @offset: of the byte
 * @bytes: set to how many follow it without a gap, it included
 *
 * Context: any.
 * Return: its address.
 */
void *zc_area_kaddr(const struct zc_area *area, size_t offset, size_t *bytes)
{
	return phys_to_virt(zc_area_phys(area, offset, bytes));
}
EXPORT_SYMBOL_NS_GPL(zc_area_kaddr, "ZEROCOPY");
