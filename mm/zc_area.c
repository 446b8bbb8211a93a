// SPDX-License-Identifier: GPL-2.0
/*
 * Areas: user memory that is pinned once, charged once, and lent as often as it
 * is sent.
 *
 * An area follows the mapping that it was made from. What unmaps or replaces
 * pages makes it suspect at once: nothing is lent before somebody has looked
 * whether the table still says what is mapped. The kernel announces more than it
 * does (fork() splits huge pages, migration gives up on pinned ones), so most of
 * the time it does. Otherwise the area is dead for ever, and its pins go with the
 * last loan.
 */
#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <trace/events/zerocopy.h>

#include "zc_area.h"

/* Entries that a table starts with. */
#define ZC_TABLE_MIN		256U
/* Pages compared at a time. */
#define ZC_VERIFY_BATCH		32
/* The mapping may change while we look at it, but not for ever. */
#define ZC_VERIFY_TRIES		4

static struct workqueue_struct *zc_area_wq;
static DECLARE_WAIT_QUEUE_HEAD(zc_area_gone);
static atomic_t zc_nr_areas;
static atomic_t zc_area_ids;

static void zc_area_trace(const struct zc_area *area, enum zc_area_reason why)
{
	trace_zc_area(area->id, area->start, area->end - area->start,
		      refcount_read(&area->users), why);
}

static struct folio *zc_vec_folio(const struct phys_vec *pv)
{
	return page_folio(pfn_to_page(PHYS_PFN(pv->paddr)));
}

/* ---- the table ---- */

static int zc_area_resize(struct zc_area *area, unsigned int room)
{
	struct phys_vec *vec;

	vec = kvmalloc_array(room, sizeof(*vec), GFP_KERNEL_ACCOUNT);
	if (!vec)
		return -ENOMEM;
	if (area->nr)
		memcpy(vec, area->vec, area->nr * sizeof(*vec));
	kvfree(area->vec);
	area->vec = vec;
	return 0;
}

static bool zc_area_is_uniform(const struct zc_area *area, unsigned int shift)
{
	unsigned long first = area->start >> shift;
	unsigned long addr = area->start;
	unsigned int i;

	for (i = 0; i < area->nr; i++) {
		if (i && addr != (first + i) << shift)
			return false;
		addr += area->vec[i].len;
	}
	return (addr - 1) >> shift == first + area->nr - 1;
}

/* Choose how ranges are looked up: by a shift, or by halving. */
VISIBLE_IF_KUNIT int zc_area_make_index(struct zc_area *area)
{
	unsigned long off = 0;
	unsigned int i;

	if (area->nr == 1)
		area->shift = BITS_PER_LONG - 1;
	else
		area->shift = __ffs(area->start + area->vec[0].len);
	if (area->nr > 2)
		area->shift = ilog2(area->vec[1].len);
	if (zc_area_is_uniform(area, area->shift))
		return 0;

	area->off = kvmalloc_array(area->nr, sizeof(*area->off),
				   GFP_KERNEL_ACCOUNT);
	if (!area->off)
		return -ENOMEM;
	for (i = 0; i < area->nr; i++) {
		area->off[i] = off;
		off += area->vec[i].len;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(zc_area_make_index);

/**
 * zc_area_index() - find the range that an address lies in
 * @area: the area
 * @addr: an address in it
 * @skip: set to the bytes of the range in front of @addr
 *
 * Return: index into @area->vec.
 */
unsigned int zc_area_index(const struct zc_area *area, unsigned long addr,
			   size_t *skip)
{
	unsigned long first = area->start >> area->shift, off;
	unsigned int low = 0, high = area->nr;

	if (likely(!area->off)) {
		low = (addr >> area->shift) - first;
		*skip = addr - (low ? (first + low) << area->shift :
				      area->start);
		return low;
	}

	off = addr - area->start;
	while (high - low > 1) {
		unsigned int mid = low + (high - low) / 2;

		if (area->off[mid] <= off)
			low = mid;
		else
			high = mid;
	}
	*skip = off - area->off[low];
	return low;
}
EXPORT_SYMBOL_IF_KUNIT(zc_area_index);

/* ---- pins ---- */

/*
 * Add pages to the table. A range has one pin on its folio, whatever its length.
 * What is not added, for an error, is unpinned.
 */
static int zc_area_add_pages(struct zc_area *area, unsigned int *room,
			     unsigned long *folios, struct page **pages,
			     unsigned int nr)
{
	unsigned int i, surplus = 0;
	struct phys_vec *last = NULL;
	struct folio *last_folio = NULL;
	int err = 0;

	if (area->nr) {
		last = &area->vec[area->nr - 1];
		last_folio = zc_vec_folio(last);
	}

	for (i = 0; i < nr; i++) {
		phys_addr_t paddr = page_to_phys(pages[i]);
		struct folio *folio = page_folio(pages[i]);

		if (folio == last_folio && last->paddr + last->len == paddr) {
			last->len += PAGE_SIZE;
			surplus++;
			continue;
		}
		if (area->nr == *room) {
			err = zc_area_resize(area, *room * 2);
			if (err)
				break;
			*room *= 2;
		}
		if (folio != last_folio) {
			unsigned long more = *folios + folio_nr_pages(folio);

			/* Ordinary pages were paid for in advance. */
			if (more > area->pages) {
				if (!zc_account_charge(&area->acct,
						       more - area->pages)) {
					err = -ENOMEM;
					break;
				}
				area->pages = more;
			}
			*folios = more;
		}
		if (surplus)
			unpin_user_folio(last_folio, surplus);
		surplus = 0;
		if (folio_test_large(folio))
			area->single_pages = false;
		last = &area->vec[area->nr++];
		last->paddr = paddr;
		last->len = PAGE_SIZE;
		last_folio = folio;
	}

	if (surplus)
		unpin_user_folio(last_folio, surplus);
	if (i < nr)
		unpin_user_pages(pages + i, nr - i);
	return err;
}

/* What may be written to behind the program's back: never pages of files. */
static bool zc_folio_may_receive(const struct zc_area *area,
				 struct folio *folio)
{
	struct address_space *mapping;

	if (folio_test_anon(folio) || folio_test_hugetlb(folio))
		return true;
	mapping = folio_mapping(folio);
	return mapping ? shmem_mapping(mapping) : !!area->mapping;
}

/* GUP has refused an address: is it because of a file that is mapped there? */
static bool zc_addr_is_file(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool file;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	file = vma && vma->vm_file && (vma->vm_flags & VM_SHARED) &&
	       (vma->vm_flags & VM_WRITE) && !is_vm_hugetlb_page(vma) &&
	       !shmem_mapping(vma->vm_file->f_mapping);
	mmap_read_unlock(mm);
	return file;
}

static int zc_area_pin_pages(struct zc_area *area, unsigned long addr,
			     unsigned int nr, struct page **pages)
{
	unsigned int flags = FOLL_LONGTERM;
	int got, i;

	if (area->use & ZEROCOPY_AREA_RECEIVE) {
		flags |= FOLL_WRITE;
		if (!zc_memcg_has_room(area->mm, addr,
				       addr + (unsigned long)nr * PAGE_SIZE))
			return -ENOMEM;
	}
	got = pin_user_pages_fast(addr, nr, flags, pages);
	if (!(area->use & ZEROCOPY_AREA_RECEIVE))
		return got ?: -EFAULT;
	if (got <= 0)
		return zc_addr_is_file(area->mm, addr) ? -EOPNOTSUPP :
							 got ?: -EFAULT;
	for (i = 0; i < got; i++) {
		if (!zc_folio_may_receive(area, page_folio(pages[i]))) {
			unpin_user_pages(pages, got);
			return -EOPNOTSUPP;
		}
	}
	return got;
}

static int zc_area_pin(struct zc_area *area)
{
	const unsigned int batch = PAGE_SIZE / sizeof(struct page *);
	unsigned long nr_pages = (area->end - area->start) >> PAGE_SHIFT;
	unsigned int room = min(nr_pages, ZC_TABLE_MIN);
	unsigned long addr = area->start, folios = 0;
	struct page **pages;
	int got, err;

	err = zc_area_resize(area, room);
	if (err)
		return err;
	pages = (struct page **)__get_free_page(GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;

	while (!err && addr < area->end) {
		got = min_t(unsigned long, batch,
			    (area->end - addr) >> PAGE_SHIFT);
		got = zc_area_pin_pages(area, addr, got, pages);
		if (got < 0) {
			err = got;
			break;
		}
		err = zc_area_add_pages(area, &room, &folios, pages, got);
		addr += (unsigned long)got << PAGE_SHIFT;
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	free_page((unsigned long)pages);
	if (err)
		return err;

	/* Huge pages need little of it; without memory for less, keep it. */
	if (area->nr < room / 2)
		zc_area_resize(area, area->nr);
	return zc_area_make_index(area);
}

static void zc_area_unpin(struct zc_area *area)
{
	unsigned int i;

	zc_area_trace(area, ZC_AREA_END);
	for (i = 0; i < area->nr; i++) {
		struct folio *folio = zc_vec_folio(&area->vec[i]);

		if (area->use & ZEROCOPY_AREA_RECEIVE)
			unpin_user_page_range_dirty_lock(&folio->page, 1, true);
		else
			unpin_user_folio(folio, 1);
		if (!(i % 1024))
			cond_resched();
	}
	zc_account_uncharge(&area->acct, area->pages);
	zc_account_exit(&area->acct);
	zc_area_mapping_put(area->mapping);
	WRITE_ONCE(area->pages, 0);
	kvfree(area->off);
	kvfree(area->vec);
	area->vec = NULL;
}

/* ---- references ---- */

/**
 * zc_area_hold() - keep the description of an area
 * @area: the area
 *
 * Context: any.
 */
void zc_area_hold(struct zc_area *area)
{
	refcount_inc(&area->ref);
}
EXPORT_SYMBOL_IF_KUNIT(zc_area_hold);

/**
 * zc_area_drop() - let go of the description of an area
 * @area: the area
 *
 * Context: any.
 */
void zc_area_drop(struct zc_area *area)
{
	if (!refcount_dec_and_test(&area->ref))
		return;
	kfree_rcu(area, rcu);
	if (atomic_dec_and_test(&zc_nr_areas))
		wake_up(&zc_area_gone);
}
EXPORT_SYMBOL_IF_KUNIT(zc_area_drop);

/**
 * zc_area_kick() - have the area's work done
 * @area: the area, with a reference or under RCU
 *
 * Context: any.
 */
void zc_area_kick(struct zc_area *area)
{
	if (refcount_inc_not_zero(&area->ref) &&
	    !queue_work(zc_area_wq, &area->work))
		zc_area_drop(area);
}

/**
 * zc_area_get() - one more loan of what is on loan already
 * @area: the area; the caller has a user's reference
 *
 * Context: any.
 */
void zc_area_get(struct zc_area *area)
{
	refcount_inc(&area->users);
	zc_area_trace(area, ZC_AREA_LEND);
}

/**
 * zc_area_put() - a loan came back
 * @area: the area
 *
 * Context: any.
 */
void zc_area_put(struct zc_area *area)
{
	zc_area_trace(area, ZC_AREA_BACK);
	/* The work may be on already, and done with it before we are. */
	rcu_read_lock();
	if (refcount_dec_and_test(&area->users))
		zc_area_kick(area);
	rcu_read_unlock();
}
EXPORT_SYMBOL_IF_KUNIT(zc_area_put);

static void zc_area_detach(struct zc_area *area)
{
	zc_registry_remove(area);
	mmu_interval_notifier_remove(&area->notifier);
	zc_mm_put(area->zm);
	area->attached = false;
	zc_area_trace(area, ZC_AREA_DETACH);
}

static void zc_area_work(struct work_struct *work)
{
	struct zc_area *area = container_of(work, struct zc_area, work);
	bool gone;

	if (area->attached && READ_ONCE(area->state) == ZC_AREA_DEAD) {
		zc_area_detach(area);
		gone = refcount_dec_and_test(&area->users);
	} else {
		gone = !refcount_read(&area->users);
	}
	if (gone && area->vec) {
		/* Pairs with the last zc_area_put(). */
		smp_acquire__after_ctrl_dep();
		zc_area_unpin(area);
		zc_area_drop(area);
	}
	zc_area_drop(area);
}

/* ---- changes of the mapping ---- */

/* With @area->lock held. */
static void zc_area_set_dead(struct zc_area *area, enum zc_area_reason why)
{
	if (area->state == ZC_AREA_DEAD)
		return;
	WRITE_ONCE(area->state, ZC_AREA_DEAD);
	zc_area_trace(area, why);
}

/*
 * Something is about to happen to the mapping. Must not sleep, allocate, or take
 * a lock that is held across GUP.
 */
static bool zc_area_invalidate(struct mmu_interval_notifier *mni,
			       const struct mmu_notifier_range *range,
			       unsigned long seq)
{
	struct zc_area *area = container_of(mni, struct zc_area, notifier);

	switch (range->event) {
	case MMU_NOTIFY_PROTECTION_PAGE:
	case MMU_NOTIFY_SOFT_DIRTY:
		/* The same pages; fork() says so for each COW mapping. */
		return true;
	default:
		break;
	}

	spin_lock(&area->lock);
	mmu_interval_set_seq(mni, seq);
	if (range->event == MMU_NOTIFY_UNMAP ||
	    range->event == MMU_NOTIFY_RELEASE) {
		zc_area_set_dead(area, ZC_AREA_UNMAP);
		if (area->attached)
			zc_area_kick(area);
	} else if (area->state != ZC_AREA_DEAD) {
		if (area->state == ZC_AREA_VALID) {
			area->suspect_start = ULONG_MAX;
			area->suspect_end = 0;
			WRITE_ONCE(area->state, ZC_AREA_SUSPECT);
			zc_area_trace(area, ZC_AREA_SUSPECTED);
		}
		area->suspect_start = min(area->suspect_start,
					  max(range->start, area->start));
		area->suspect_end = max(area->suspect_end,
					min(range->end, area->end));
	}
	spin_unlock(&area->lock);
	return true;
}

static const struct mmu_interval_notifier_ops zc_area_notifier_ops = {
	.invalidate = zc_area_invalidate,
};

/* Whether the process has the table's pages at these addresses. */
static bool zc_area_same(const struct zc_area *area, unsigned long addr,
			 unsigned long end)
{
	struct page *pages[ZC_VERIFY_BATCH];
	unsigned int i;
	size_t skip;
	bool same = true;

	addr = PAGE_ALIGN_DOWN(addr);
	i = zc_area_index(area, addr, &skip);
	while (same && addr < end) {
		int want = min_t(unsigned long, ZC_VERIFY_BATCH,
				 DIV_ROUND_UP(end - addr, PAGE_SIZE));
		int got, n;

		/*
		 * Reclaim unmaps pages of files before it finds them pinned:
		 * what is not there has to be faulted in to see what it is.
		 */
		got = get_user_pages_fast(addr, want, 0, pages);
		for (n = 0; n < got; n++) {
			if (page_to_phys(pages[n]) !=
			    area->vec[i].paddr + skip)
				same = false;
			put_page(pages[n]);
			skip += PAGE_SIZE;
			if (skip == area->vec[i].len) {
				skip = 0;
				i++;
			}
		}
		if (got < want)
			same = false;
		addr += (unsigned long)want << PAGE_SHIFT;
	}
	return same;
}

/*
 * A suspect area is looked at by who wants to send from it, at his own expense.
 * The caller has a reference of a user and runs on behalf of @area->mm. Returns
 * whether something may be lent.
 */
bool __zc_area_verify(struct zc_area *area)
{
	unsigned int tries = ZC_VERIFY_TRIES;
	unsigned long start, end, seq;
	bool same, done;

	do {
		seq = mmu_interval_read_begin(&area->notifier);
		spin_lock(&area->lock);
		done = area->state != ZC_AREA_SUSPECT;
		start = area->suspect_start;
		end = area->suspect_end;
		spin_unlock(&area->lock);
		if (done)
			break;

		same = zc_area_same(area, start, end);

		spin_lock(&area->lock);
		done = area->state != ZC_AREA_SUSPECT;
		if (!done && !mmu_interval_read_retry(&area->notifier, seq)) {
			done = true;
			if (same) {
				WRITE_ONCE(area->state, ZC_AREA_VALID);
				zc_area_trace(area, ZC_AREA_SAME);
			} else {
				zc_area_set_dead(area, ZC_AREA_REPLACED);
				if (area->attached)
					zc_area_kick(area);
			}
		}
		spin_unlock(&area->lock);
	} while (!done && --tries);

	return READ_ONCE(area->state) == ZC_AREA_VALID;
}

/* ---- for the ioctls ---- */

static int zc_area_check(unsigned long addr, unsigned long length)
{
	unsigned long end;

	if (!length || !PAGE_ALIGNED(addr) || !PAGE_ALIGNED(length))
		return -EINVAL;
	if (check_add_overflow(addr, length, &end))
		return -EOVERFLOW;
	if (!access_ok((void __user *)addr, length))
		return -EFAULT;
	if (length >> PAGE_SHIFT > ZC_AREA_MAX_PAGES)
		return -E2BIG;
	return 0;
}

/**
 * zc_area_register() - pin memory of the calling process, to be lent by address
 * @addr: first byte, page-aligned
 * @length: bytes, whole pages
 * @use: ZEROCOPY_AREA_SEND, ZEROCOPY_AREA_RECEIVE, or both
 *
 * To send, read-only pins do: nothing is ever written to. They break COW first,
 * as any long-term pin does, so that what the process writes later is what is
 * sent. To receive they are for writing, and on memory that nobody writes back.
 *
 * Context: process, sleeps.
 * Return: the area, or an ERR_PTR: -EINVAL, -EOVERFLOW, -E2BIG, -EFAULT if some
 *	of it cannot be pinned, -EOPNOTSUPP if it is a file's and to be received
 *	into, -ENOMEM if that is more than RLIMIT_MEMLOCK allows, or, to receive,
 *	than the memory cgroup has room for, -ENOSPC if the process has too many
 *	areas, -EAGAIN if the mapping does not stay what it is, -EINTR,
 *	-ERESTARTNOINTR. On error nothing is pinned.
 */
struct zc_area *zc_area_register(unsigned long addr, unsigned long length,
				 unsigned int use)
{
	struct mm_struct *mm = current->mm;
	struct zc_area *area;
	unsigned long seq;
	int err;

	err = zc_area_check(addr, length);
	if (err)
		return ERR_PTR(err);
	area = kzalloc_obj(*area, GFP_KERNEL_ACCOUNT);
	if (!area)
		return ERR_PTR(-ENOMEM);

	area->start = addr;
	area->end = addr + length;
	area->id = atomic_inc_return(&zc_area_ids);
	area->use = use;
	area->mm = mm;
	area->single_pages = true;
	area->state = ZC_AREA_SUSPECT;
	area->suspect_start = area->start;
	area->suspect_end = area->end;
	refcount_set(&area->users, 1);
	refcount_set(&area->ref, 2);
	spin_lock_init(&area->lock);
	INIT_WORK(&area->work, zc_area_work);

	/* Ours is paid for already. */
	area->mapping = zc_area_mapping_get(mm, area->start, area->end);
	if (area->mapping)
		zc_account_none(&area->acct);
	else
		zc_account_init(&area->acct, length >> PAGE_SHIFT);
	err = -ENOMEM;
	if (!zc_account_charge(&area->acct, length >> PAGE_SHIFT))
		goto err_account;
	area->pages = length >> PAGE_SHIFT;
	if (use & ZEROCOPY_AREA_RECEIVE &&
	    !zc_memcg_may_hold(mm, area->start, area->end))
		goto err_uncharge;

	area->zm = zc_mm_get(mm);
	err = PTR_ERR_OR_ZERO(area->zm);
	if (err)
		goto err_uncharge;
	err = mmu_interval_notifier_insert(&area->notifier, mm, addr, length,
					   &zc_area_notifier_ops);
	/* The first one of a process gives up on any signal. */
	if (err == -EINTR)
		err = -ERESTARTNOINTR;
	if (err)
		goto err_zm;

	atomic_inc(&zc_nr_areas);
	seq = mmu_interval_read_begin(&area->notifier);
	/* From here on we are told when it is not ours any more. */
	err = -EAGAIN;
	if (area->mapping &&
	    !zc_area_mapping_is(area->mapping, mm, area->start, area->end))
		goto err_unpin;
	err = zc_area_pin(area);
	if (err)
		goto err_unpin;

	spin_lock(&area->lock);
	if (area->state == ZC_AREA_SUSPECT &&
	    !mmu_interval_read_retry(&area->notifier, seq))
		WRITE_ONCE(area->state, ZC_AREA_VALID);
	spin_unlock(&area->lock);

	/* Our own faults may have changed the mapping, and so may others. */
	err = -EAGAIN;
	if (READ_ONCE(area->state) != ZC_AREA_VALID && !__zc_area_verify(area))
		goto err_unpin;
	err = zc_registry_add(area);
	if (err)
		goto err_unpin;

	spin_lock(&area->lock);
	area->attached = true;
	if (area->state == ZC_AREA_DEAD)
		zc_area_kick(area);
	else
		zc_area_trace(area, ZC_AREA_NEW);
	spin_unlock(&area->lock);
	return area;

err_unpin:
	mmu_interval_notifier_remove(&area->notifier);
	zc_mm_put(area->zm);
	zc_area_unpin(area);
	zc_area_drop(area);
	zc_area_drop(area);
	return ERR_PTR(err);

err_zm:
	zc_mm_put(area->zm);
err_uncharge:
	zc_account_uncharge(&area->acct, area->pages);
err_account:
	zc_account_exit(&area->acct);
	zc_area_mapping_put(area->mapping);
	kfree(area);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_IF_KUNIT(zc_area_register);

/**
 * zc_area_unregister() - lend nothing from an area any more
 * @area: from zc_area_register(); the caller's reference passes on
 * @wait: return when its pins are gone, unless a loan is out, whose return
 *	nobody waits for
 *
 * Context: process, sleeps with @wait.
 */
void zc_area_unregister(struct zc_area *area, bool wait)
{
	spin_lock(&area->lock);
	zc_area_set_dead(area, ZC_AREA_UNREGISTER);
	spin_unlock(&area->lock);
	zc_area_kick(area);
	if (wait)
		flush_work(&area->work);
	zc_area_drop(area);
}
EXPORT_SYMBOL_IF_KUNIT(zc_area_unregister);

/**
 * zc_area_query() - look at an area
 * @area: the area
 * @info: filled in
 *
 * Whether it is stale is found out, if that is in doubt.
 *
 * Context: process, on behalf of the task that registered it; sleeps.
 */
void zc_area_query(struct zc_area *area, struct zc_area_info *info)
{
	unsigned int users;
	bool dead;

	if (READ_ONCE(area->state) == ZC_AREA_SUSPECT &&
	    refcount_inc_not_zero(&area->users)) {
		__zc_area_verify(area);
		zc_area_put(area);
	}
	spin_lock(&area->lock);
	dead = area->state == ZC_AREA_DEAD;
	spin_unlock(&area->lock);
	/* Let what can be let go of be gone. */
	if (dead)
		flush_work(&area->work);

	info->addr = area->start;
	info->length = area->end - area->start;
	info->pages = READ_ONCE(area->pages);
	info->ranges = area->nr;
	info->stale = READ_ONCE(area->state) != ZC_AREA_VALID;
	/* One is the registry's, until it is dead. */
	users = refcount_read(&area->users);
	info->loans = dead ? users : users - 1;
}
EXPORT_SYMBOL_IF_KUNIT(zc_area_query);

int __init zc_area_init(void)
{
	zc_area_wq = alloc_workqueue("zerocopy_area", WQ_UNBOUND, 0);
	if (!zc_area_wq)
		return -ENOMEM;
	if (zc_area_proc_init()) {
		destroy_workqueue(zc_area_wq);
		return -ENOMEM;
	}
	return 0;
}

void zc_area_exit(void)
{
	zc_area_proc_exit();
	/* No file and no loan is left, only what is on its way out. */
	wait_event(zc_area_gone, !atomic_read(&zc_nr_areas));
	destroy_workqueue(zc_area_wq);
}
