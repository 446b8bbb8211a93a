/* SPDX-License-Identifier: GPL-2.0 */
/* Areas, as the rest of the memory side sees them. */
#ifndef _MM_ZC_AREA_H
#define _MM_ZC_AREA_H

#include <linux/bits.h>
#include <linux/mmu_notifier.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/uidgid_types.h>
#include <linux/workqueue.h>

#include <linux/zc_area.h>
#include <linux/zc_user.h>

#include <uapi/linux/zerocopy.h>

struct zc_area_mapping;
struct zc_mm;

/* The table of so many small pages is 1 GiB. */
#define ZC_AREA_MAX_PAGES	BIT(26)

/* Bits of zc_area.filled */
#define ZC_FILL_BEGUN		0
#define ZC_FILL_EXPORTED	1

enum zc_area_state {
	ZC_AREA_VALID,
	ZC_AREA_SUSPECT,	/* looked at again before anything is lent */
	ZC_AREA_DEAD,
};

/**
 * struct zc_area - memory of one process, pinned
 * @start: first byte, in @mm
 * @end: behind the last byte
 * @vec: the table: physical ranges in the order of addresses, none of which
 *	crosses a folio; one pin for each. NULL when they are unpinned
 * @off: offset of each range in the area, NULL if all are of one size
 * @nr: ranges in @vec
 * @single_pages: each range lies in a folio of one page
 * @shift: without @off: the ranges begin at multiples of 1 << @shift
 * @state: may anything be lent; written under @lock
 * @users: one for as long as it is registered, one for each loan; the pins go
 *	with the last
 * @ref: one for the owner of the number, one for @users, one for each time
 *	@work is queued
 * @use: ZEROCOPY_AREA_SEND, ZEROCOPY_AREA_RECEIVE, or both
 * @filled: ZC_FILL_BEGUN, ZC_FILL_EXPORTED: somebody fills it, and there is one at
 *	a time; a NIC may go on when he is done
 * @id: for the trace
 * @mm: whose memory; kept by @notifier while @attached
 * @zm: the registry's share of @mm, a reference is held while @attached
 * @acct: who pays
 * @pages: how much, whole folios
 * @mapping: who has paid already, of memory that we allocated; a reference is held
 * @lock: serializes @notifier's callbacks with whoever verifies
 * @suspect_start: under @lock: first byte that may have changed
 * @suspect_end: under @lock: behind the last
 * @notifier: tells when the mapping changes
 * @attached: @notifier is in place; for @work only, once registered
 * @work: what callbacks and loans that come back must not do themselves
 * @rcu: lookups are lockless
 */
struct zc_area {
	unsigned long		start;
	unsigned long		end;
	struct phys_vec		*vec;
	unsigned long		*off;
	unsigned int		nr;
	bool			single_pages;
	u8			shift;
	u8			state;
	refcount_t		users;
	refcount_t		ref;
	u8			use;
	unsigned long		filled;
	unsigned int		id;
	struct mm_struct	*mm;
	struct zc_mm		*zm;
	struct zc_account	acct;
	unsigned long		pages;
	struct zc_area_mapping *mapping;
	spinlock_t		lock;		/* see above */
	unsigned long		suspect_start;
	unsigned long		suspect_end;
	struct mmu_interval_notifier notifier;
	bool			attached;
	struct work_struct	work;
	struct rcu_head		rcu;
};

/**
 * struct zc_process - the areas of a process that sends find
 * @pid: whoever registered the first, in the namespace asked for; 0 if it is not
 *	to be seen there
 * @uid: his user
 * @areas: how many
 * @bytes: in them
 * @pages: pinned for them, whole folios
 * @loans: pieces that are out
 */
struct zc_process {
	pid_t		pid;
	kuid_t		uid;
	unsigned int	areas;
	unsigned long	bytes;
	unsigned long	pages;
	unsigned long	loans;
};

struct pid_namespace;

#ifdef ZC_HAVE_AREAS
/* zc_area.c */
bool __zc_area_verify(struct zc_area *area);
void zc_area_kick(struct zc_area *area);
unsigned int zc_area_index(const struct zc_area *area, unsigned long addr,
			   size_t *skip);
void zc_area_get(struct zc_area *area);
void zc_area_put(struct zc_area *area);
#if IS_ENABLED(CONFIG_KUNIT)
int zc_area_make_index(struct zc_area *area);
#endif

/* zc_registry.c: areas by process and address */
extern atomic_t zc_areas_live;

static inline bool zc_areas_any(void)
{
	return atomic_read(&zc_areas_live);
}

struct zc_area *zc_area_find(unsigned long addr, size_t *span);
struct zc_mm *zc_mm_get(struct mm_struct *mm);
void zc_mm_put(struct zc_mm *zm);
int zc_registry_add(struct zc_area *area);
void zc_registry_remove(struct zc_area *area);
bool zc_registry_nth(loff_t *pos, struct pid_namespace *ns,
		     struct zc_process *p);

/* zc_area_map.c: memory of our own */
struct zc_area_mapping *zc_area_mapping_get(struct mm_struct *mm,
					    unsigned long start,
					    unsigned long end);
bool zc_area_mapping_is(const struct zc_area_mapping *map, struct mm_struct *mm,
			unsigned long start, unsigned long end);
void zc_area_mapping_put(struct zc_area_mapping *map);

/* zc_memcg.c: what a memory cgroup has room for */
bool zc_memcg_may_hold(struct mm_struct *mm, unsigned long start,
		       unsigned long end);
bool zc_memcg_has_room(struct mm_struct *mm, unsigned long start,
		       unsigned long end);

/* zc_area_proc.c */
int zc_area_proc_init(void);
void zc_area_proc_exit(void);

#else
static inline bool zc_areas_any(void)
{
	return false;
}

static inline struct zc_area *zc_area_find(unsigned long addr, size_t *span)
{
	*span = SIZE_MAX;
	return NULL;
}

static inline unsigned int zc_area_index(const struct zc_area *area,
					 unsigned long addr, size_t *skip)
{
	return 0;
}

static inline void zc_area_put(struct zc_area *area) { }
#endif

#endif /* _MM_ZC_AREA_H */
