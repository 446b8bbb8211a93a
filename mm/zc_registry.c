// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: areas by process and address. Looked up without a lock for each
 * send, changed when areas come and go.
 */
#include <kunit/visibility.h>
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <trace/events/zerocopy.h>

#include "zc_area.h"

/* Areas that one process may have. */
#define ZC_AREAS_MAX	1024
#define ZC_MM_BITS	8
/* Where in the table: a bucket, and how many of its processes lie before. */
#define ZC_POS_BITS	24

/**
 * struct zc_map - the areas of a process, by @start
 * @rcu: lookups are lockless
 * @nr: entries
 * @e: where an area is; @e.reach is the highest end up to and with this entry,
 *	@e.area is NULL when it is gone
 */
struct zc_map {
	struct rcu_head	rcu;
	unsigned int	nr;
	struct {
		unsigned long	start;
		unsigned long	end;
		unsigned long	reach;
		struct zc_area	*area;
	} e[];
};

/**
 * struct zc_mm - what the registry knows of a process
 * @node: in the table, by @mm
 * @mm: key only; the areas keep it
 * @pid: who registered the first area
 * @uid: his user
 * @areas: how many there are or will be, under the bucket's lock
 * @lock: serializes changes of @map
 * @map: published areas, NULL if there is none
 * @live: how many @map has
 * @rcu: lookups are lockless
 */
struct zc_mm {
	struct hlist_node	node;
	struct mm_struct	*mm;
	struct pid		*pid;
	kuid_t			uid;
	unsigned int		areas;
	struct mutex		lock;		/* see above */
	struct zc_map __rcu	*map;
	unsigned int		live;
	struct rcu_head		rcu;
};

struct zc_mm_bucket {
	struct hlist_head	head;
	spinlock_t		lock;		/* additions and removals */
};

static struct zc_mm_bucket zc_mms[1 << ZC_MM_BITS] = {
	[0 ... (1 << ZC_MM_BITS) - 1] = {
		.lock = __SPIN_LOCK_UNLOCKED(zc_mms.lock),
	},
};

/* Published areas to send from, of all processes: without any, a send looks no further. */
atomic_t zc_areas_live;

static struct zc_mm_bucket *zc_mm_bucket(const struct mm_struct *mm)
{
	return &zc_mms[hash_ptr(mm, ZC_MM_BITS)];
}

static struct zc_mm *zc_mm_find(struct zc_mm_bucket *b,
				const struct mm_struct *mm)
{
	struct zc_mm *zm;

	hlist_for_each_entry_rcu(zm, &b->head, node,
				 lockdep_is_held(&b->lock)) {
		if (zm->mm == mm)
			return zm;
	}
	return NULL;
}

/**
 * zc_mm_get() - make room for one more area of a process
 * @mm: the process
 *
 * Context: process, may sleep.
 * Return: its entry with a reference, or an ERR_PTR: -ENOMEM, -ENOSPC if it has
 *	too many.
 */
struct zc_mm *zc_mm_get(struct mm_struct *mm)
{
	struct zc_mm_bucket *b = zc_mm_bucket(mm);
	struct zc_mm *zm, *made;

	made = kzalloc_obj(*made, GFP_KERNEL_ACCOUNT);
	if (!made)
		return ERR_PTR(-ENOMEM);
	made->mm = mm;
	made->pid = get_pid(task_tgid(current));
	made->uid = current_euid();
	mutex_init(&made->lock);

	spin_lock(&b->lock);
	zm = zc_mm_find(b, mm);
	if (!zm) {
		zm = made;
		made = NULL;
		hlist_add_head_rcu(&zm->node, &b->head);
	}
	if (zm->areas < ZC_AREAS_MAX)
		zm->areas++;
	else
		zm = ERR_PTR(-ENOSPC);
	spin_unlock(&b->lock);

	if (made)
		put_pid(made->pid);
	kfree(made);
	return zm;
}

/**
 * zc_mm_put() - drop the reference of one area
 * @zm: from zc_mm_get()
 *
 * Context: process.
 */
void zc_mm_put(struct zc_mm *zm)
{
	struct zc_mm_bucket *b = zc_mm_bucket(zm->mm);
	bool last;

	spin_lock(&b->lock);
	last = !--zm->areas;
	if (last)
		hlist_del_rcu(&zm->node);
	spin_unlock(&b->lock);
	if (last) {
		/* Whoever looks at it without being a sender has the lock. */
		put_pid(zm->pid);
		kfree_rcu(zm, rcu);
	}
}

/* What sends of a process find; with the bucket's lock held. */
static void zc_mm_sum(struct zc_mm *zm, struct zc_process *p)
{
	const struct zc_map *map;
	unsigned int i;

	rcu_read_lock();
	map = rcu_dereference(zm->map);
	for (i = 0; map && i < map->nr; i++) {
		const struct zc_area *area = READ_ONCE(map->e[i].area);

		if (!area || READ_ONCE(area->state) == ZC_AREA_DEAD)
			continue;
		p->areas++;
		p->bytes += area->end - area->start;
		p->pages += READ_ONCE(area->pages);
		/* One is the registry's. */
		p->loans += max(refcount_read(&area->users), 1U) - 1;
	}
	rcu_read_unlock();
}

/**
 * zc_registry_nth() - walk over the processes that have areas
 * @pos: where to go on, 0 at the start; set to where the process was found
 * @ns: whose pids
 * @p: filled in
 *
 * Context: process.
 * Return: false at the end.
 */
bool zc_registry_nth(loff_t *pos, struct pid_namespace *ns,
		     struct zc_process *p)
{
	unsigned long bucket = *pos >> ZC_POS_BITS;
	unsigned long nth = *pos & (BIT(ZC_POS_BITS) - 1), i;
	struct zc_mm *zm;

	for (; bucket < ARRAY_SIZE(zc_mms); bucket++, nth = 0) {
		struct zc_mm_bucket *b = &zc_mms[bucket];

		i = 0;
		spin_lock(&b->lock);
		hlist_for_each_entry(zm, &b->head, node) {
			if (i++ < nth)
				continue;
			memset(p, 0, sizeof(*p));
			p->pid = pid_nr_ns(zm->pid, ns);
			p->uid = zm->uid;
			zc_mm_sum(zm, p);
			spin_unlock(&b->lock);
			*pos = (bucket << ZC_POS_BITS) + i - 1;
			return true;
		}
		spin_unlock(&b->lock);
	}
	return false;
}

/**
 * zc_registry_add() - let sends find an area
 * @area: the area, with @area->zm set
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int zc_registry_add(struct zc_area *area)
{
	struct zc_mm *zm = area->zm;
	struct zc_map *old, *map;
	unsigned int i, n = 0;
	unsigned long reach = 0;
	bool placed = false;

	mutex_lock(&zm->lock);
	old = rcu_dereference_protected(zm->map, lockdep_is_held(&zm->lock));
	map = kvmalloc(struct_size(map, e, zm->live + 1), GFP_KERNEL_ACCOUNT);
	if (!map) {
		mutex_unlock(&zm->lock);
		return -ENOMEM;
	}

	for (i = 0; i < (old ? old->nr : 0) || !placed; ) {
		bool here = !old || i == old->nr ||
			    old->e[i].start > area->start;

		if (here && !placed) {
			map->e[n].start = area->start;
			map->e[n].end = area->end;
			map->e[n].area = area;
			placed = true;
		} else {
			if (!old->e[i].area) {
				i++;
				continue;
			}
			map->e[n] = old->e[i++];
		}
		reach = max(reach, map->e[n].end);
		map->e[n++].reach = reach;
	}
	map->nr = n;
	zm->live = n;
	rcu_assign_pointer(zm->map, map);
	mutex_unlock(&zm->lock);

	if (old)
		kvfree_rcu(old, rcu);
	if (area->use & ZEROCOPY_AREA_SEND)
		atomic_inc(&zc_areas_live);
	return 0;
}

/**
 * zc_registry_remove() - let no send find an area any more
 * @area: the area, added before
 *
 * Needs no memory, so it cannot fail: the next zc_registry_add() closes the gap.
 *
 * Context: process, may sleep.
 */
void zc_registry_remove(struct zc_area *area)
{
	struct zc_mm *zm = area->zm;
	struct zc_map *map;
	unsigned int i;

	mutex_lock(&zm->lock);
	map = rcu_dereference_protected(zm->map, lockdep_is_held(&zm->lock));
	for (i = 0; map->e[i].area != area; i++)
		;
	WRITE_ONCE(map->e[i].area, NULL);
	if (!--zm->live)
		RCU_INIT_POINTER(zm->map, NULL);
	else
		map = NULL;
	mutex_unlock(&zm->lock);

	if (map)
		kvfree_rcu(map, rcu);
	if (area->use & ZEROCOPY_AREA_SEND)
		atomic_dec(&zc_areas_live);
}

/* The first area at @addr that is not dead, with a reference. */
static struct zc_area *zc_map_find(const struct zc_map *map, unsigned long addr,
				   size_t *gap)
{
	unsigned int low = 0, high = map->nr;
	struct zc_area *area;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (map->e[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	*gap = low < map->nr ? map->e[low].start - addr : SIZE_MAX;

	/* Areas may overlap: one that begins earlier may reach further. */
	while (low-- && map->e[low].reach > addr) {
		area = READ_ONCE(map->e[low].area);
		if (!area || !(area->use & ZEROCOPY_AREA_SEND) ||
		    map->e[low].end <= addr ||
		    READ_ONCE(area->state) == ZC_AREA_DEAD)
			continue;
		if (refcount_inc_not_zero(&area->users))
			return area;
	}
	return NULL;
}

/**
 * zc_area_find() - find an area that an address of this process lies in
 * @addr: the address
 * @span: set to the bytes from @addr to the area's end; without an area, to
 *	the next one's beginning
 *
 * Why no stale translation is lent: a change of the mapping calls the notifier
 * before it touches a page table, and the callback has changed the area's state
 * when it returns. Whatever was complete before the send began (in this thread,
 * or in one that it synchronized with) is therefore seen in the state, which is
 * read after the send began. A change that is under way meanwhile is as if it
 * came after: so it is for a send that has just pinned its pages.
 *
 * Context: process, on behalf of the task whose memory it is; may sleep.
 * Return: the area with a loan's reference, or NULL.
 */
struct zc_area *zc_area_find(unsigned long addr, size_t *span)
{
	struct mm_struct *mm = current->mm;
	struct zc_area *area;
	struct zc_map *map;
	struct zc_mm *zm;

	for (;;) {
		area = NULL;
		*span = SIZE_MAX;
		rcu_read_lock();
		zm = zc_mm_find(zc_mm_bucket(mm), mm);
		map = zm ? rcu_dereference(zm->map) : NULL;
		if (map)
			area = zc_map_find(map, addr, span);
		rcu_read_unlock();
		if (!area)
			return NULL;

		if (likely(READ_ONCE(area->state) == ZC_AREA_VALID) ||
		    __zc_area_verify(area)) {
			*span = area->end - addr;
			trace_zc_area(area->id, addr, *span,
				      refcount_read(&area->users),
				      ZC_AREA_LEND);
			return area;
		}
		zc_area_put(area);
		/* Dead ones are not found again; there may be another. */
		if (READ_ONCE(area->state) != ZC_AREA_DEAD)
			return NULL;
	}
}
EXPORT_SYMBOL_IF_KUNIT(zc_area_find);
