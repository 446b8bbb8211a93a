// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that we allocate for a program, in pieces as large as there are: what a
 * NIC fills best, whatever the machine thinks of huge pages. It is mapped from
 * /dev/zerocopy, is not swapped, and is paid for as long as it is mapped or an
 * area has it.
 */
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/zc_area.h>

#include "zc_area.h"

/* Tried in this order: a huge page, what most NICs can use, a page. */
#define ZC_MAP_LARGE	min_t(unsigned int, PMD_SHIFT - PAGE_SHIFT, \
			      MAX_PAGE_ORDER)
#define ZC_MAP_SMALL	4U

/**
 * struct zc_area_mapping - what one mapping costs
 * @ref: one for each mapping it has become, one for each area
 * @acct: who pays
 * @pages: how many
 */
struct zc_area_mapping {
	refcount_t		ref;
	struct zc_account	acct;
	unsigned long		pages;
};

/**
 * zc_area_mapping_put() - let go of what a mapping costs
 * @map: from zc_area_mapping_get(), may be NULL
 *
 * Context: any but hard interrupt.
 */
void zc_area_mapping_put(struct zc_area_mapping *map)
{
	if (!map || !refcount_dec_and_test(&map->ref))
		return;
	zc_account_uncharge(&map->acct, map->pages);
	zc_account_exit(&map->acct);
	kfree(map);
}

static void zc_area_map_open(struct vm_area_struct *vma)
{
	struct zc_area_mapping *map = vma->vm_private_data;

	refcount_inc(&map->ref);
}

static void zc_area_map_close(struct vm_area_struct *vma)
{
	zc_area_mapping_put(vma->vm_private_data);
}

static const struct vm_operations_struct zc_area_map_ops = {
	.open	= zc_area_map_open,
	.close	= zc_area_map_close,
};

/**
 * zc_area_mapping_get() - is a range memory of ours?
 * @mm: whose, the caller's own
 * @start: first byte
 * @end: behind the last one
 *
 * Context: process, may sleep.
 * Return: who has paid for all of it, with a reference; NULL if it is not, or in
 *	part, or of several mappings.
 */
struct zc_area_mapping *zc_area_mapping_get(struct mm_struct *mm,
					    unsigned long start,
					    unsigned long end)
{
	struct zc_area_mapping *map = NULL;
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, start);
	if (vma && vma->vm_ops == &zc_area_map_ops && end <= vma->vm_end) {
		map = vma->vm_private_data;
		refcount_inc(&map->ref);
	}
	mmap_read_unlock(mm);
	return map;
}

/**
 * zc_area_mapping_is() - is a range still what it was?
 * @map: from zc_area_mapping_get()
 * @mm: whose, the caller's own
 * @start: first byte
 * @end: behind the last one
 *
 * Context: process, may sleep.
 * Return: whether zc_area_mapping_get() would say the same again.
 */
bool zc_area_mapping_is(const struct zc_area_mapping *map, struct mm_struct *mm,
			unsigned long start, unsigned long end)
{
	struct zc_area_mapping *now = zc_area_mapping_get(mm, start, end);

	zc_area_mapping_put(now);
	return now == map;
}

static struct folio *zc_area_map_alloc(unsigned long nr, unsigned int *order)
{
	struct folio *folio;

	while (*order) {
		if (nr >> *order) {
			folio = folio_alloc(GFP_KERNEL_ACCOUNT | __GFP_ZERO |
					    __GFP_NORETRY | __GFP_NOWARN,
					    *order);
			if (folio)
				return folio;
		}
		*order = *order > ZC_MAP_SMALL ? ZC_MAP_SMALL : 0;
	}
	/* An error, and not the OOM killer, if a cgroup has no room. */
	return folio_alloc(GFP_KERNEL_ACCOUNT | __GFP_ZERO |
			   __GFP_RETRY_MAYFAIL | __GFP_NOWARN, 0);
}

/* The mapping has the only references. What is there on error, it gives up. */
static int zc_area_map_fill(struct vm_area_struct *vma)
{
	unsigned int order = ZC_MAP_LARGE;
	unsigned long addr = vma->vm_start, i;
	int err = 0;

	while (!err && addr < vma->vm_end) {
		struct folio *folio;

		if (fatal_signal_pending(current))
			return -EINTR;
		folio = zc_area_map_alloc((vma->vm_end - addr) >> PAGE_SHIFT,
					  &order);
		if (!folio)
			return -ENOMEM;
		for (i = 0; !err && i < folio_nr_pages(folio); i++) {
			err = vm_insert_page(vma, addr, folio_page(folio, i));
			addr += PAGE_SIZE;
		}
		folio_put(folio);
		cond_resched();
	}
	return err;
}

/**
 * zc_area_map() - fill a mapping with memory of its own
 * @vma: the mapping, new, with &mm_struct.mmap_lock held to write
 *
 * Children do not get it.
 *
 * Context: process, sleeps.
 * Return: 0, -EINVAL if it is private or not from offset 0, -ENOMEM if it is too
 *	long, or more than RLIMIT_MEMLOCK or a cgroup allows, -EINTR.
 */
int zc_area_map(struct vm_area_struct *vma)
{
	struct zc_area_mapping *map;
	int err;

	if (!(vma->vm_flags & VM_SHARED) || vma->vm_pgoff)
		return -EINVAL;
	if (vma_pages(vma) > ZC_AREA_MAX_PAGES)
		return -ENOMEM;
	map = kzalloc_obj(*map, GFP_KERNEL_ACCOUNT);
	if (!map)
		return -ENOMEM;
	refcount_set(&map->ref, 1);
	map->pages = vma_pages(vma);
	zc_account_init(&map->acct, map->pages);
	err = -ENOMEM;
	if (!zc_account_charge(&map->acct, map->pages))
		goto err_account;

	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND);
	err = zc_area_map_fill(vma);
	if (err)
		goto err_uncharge;
	vma->vm_private_data = map;
	vma->vm_ops = &zc_area_map_ops;
	return 0;

err_uncharge:
	zc_account_uncharge(&map->acct, map->pages);
err_account:
	zc_account_exit(&map->acct);
	kfree(map);
	return err;
}
