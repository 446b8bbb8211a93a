// SPDX-License-Identifier: GPL-2.0
/*
 * What a memory cgroup has room for. Memory that is about to be pinned cannot be
 * reclaimed to make room for more of it: who registers more than his limit is to
 * get an error, not the OOM killer.
 */
#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "zc_area.h"

/* Tables and page tables are charged as well. */
#define ZC_MEMCG_SLACK	64UL

#ifdef CONFIG_MEMCG

/* Pages of an address range that a fault would have to charge. */
static unsigned long zc_absent(struct mm_struct *mm, unsigned long addr,
			       unsigned long end)
{
	unsigned long absent = 0;
	struct page *page;

	while (addr < end) {
		struct vm_area_struct *vma;
		unsigned long until = end;
		bool charged = true;

		mmap_read_lock(mm);
		vma = find_vma(mm, addr);
		if (vma && vma->vm_start <= addr) {
			until = min(end, vma->vm_end);
			/* They are paid for out of a pool. */
			charged = !is_vm_hugetlb_page(vma);
		}
		mmap_read_unlock(mm);
		/* Nothing there: pinning it will find that out. */
		if (!vma || vma->vm_start > addr)
			break;

		for (; charged && addr < until; addr += PAGE_SIZE) {
			if (get_user_pages_fast_only(addr, 1, FOLL_WRITE,
						     &page) == 1)
				put_page(page);
			else
				absent++;
			if (!(addr & (PMD_SIZE - 1)))
				cond_resched();
		}
		addr = until;
	}
	return absent;
}

static unsigned long zc_memcg_max(struct mm_struct *mm)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(mm), *m;
	unsigned long max = PAGE_COUNTER_MAX;

	for (m = memcg; m; m = parent_mem_cgroup(m))
		max = min(max, READ_ONCE(m->memory.max));
	mem_cgroup_put(memcg);
	return max;
}

static unsigned long zc_memcg_margin(struct mm_struct *mm)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(mm), *m;
	unsigned long margin = PAGE_COUNTER_MAX;

	for (m = memcg; m; m = parent_mem_cgroup(m)) {
		unsigned long max = READ_ONCE(m->memory.max);
		unsigned long used = page_counter_read(&m->memory);

		margin = min(margin, max - min(max, used));
	}
	mem_cgroup_put(memcg);
	return margin;
}

/**
 * zc_memcg_may_hold() - could the cgroup of a process hold a range at all?
 * @mm: the process, the caller's own
 * @start: first byte, page-aligned
 * @end: behind the last one
 *
 * Context: process, may sleep.
 * Return: whether what is not there yet is within every limit.
 */
bool zc_memcg_may_hold(struct mm_struct *mm, unsigned long start,
		       unsigned long end)
{
	unsigned long max;

	if (mem_cgroup_disabled())
		return true;
	max = zc_memcg_max(mm);
	return (end - start) >> PAGE_SHIFT <= max ||
	       zc_absent(mm, start, end) <= max;
}

/**
 * zc_memcg_has_room() - can a range be faulted in now?
 * @mm: the process, the caller's own
 * @start: first byte, page-aligned
 * @end: behind the last one
 *
 * If it looks tight, something else may have to be reclaimed. That is tried by
 * allocations that give up where a fault would kill.
 *
 * Context: process, may sleep.
 * Return: whether they can, unless somebody else takes the room.
 */
bool zc_memcg_has_room(struct mm_struct *mm, unsigned long start,
		       unsigned long end)
{
	unsigned long pages = (end - start) >> PAGE_SHIFT;
	struct page *page, *next;
	LIST_HEAD(probe);
	bool room = true;

	if (mem_cgroup_disabled() ||
	    zc_memcg_margin(mm) >= pages + ZC_MEMCG_SLACK)
		return true;
	pages = zc_absent(mm, start, end);
	if (!pages)
		return true;

	pages += ZC_MEMCG_SLACK;
	while (room && pages--) {
		page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_NORETRY |
				  __GFP_NOWARN);
		if (page)
			list_add(&page->lru, &probe);
		else
			room = false;
	}
	list_for_each_entry_safe(page, next, &probe, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	return room;
}

#else
bool zc_memcg_may_hold(struct mm_struct *mm, unsigned long start,
		       unsigned long end)
{
	return true;
}

bool zc_memcg_has_room(struct mm_struct *mm, unsigned long start,
		       unsigned long end)
{
	return true;
}
#endif
