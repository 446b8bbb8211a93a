/* SPDX-License-Identifier: GPL-2.0 */
/* Memory side, ZC_DEBUG_REFS=1: did somebody touch the references of what is lent? */
#ifndef _LINUX_ZC_REFS_H
#define _LINUX_ZC_REFS_H

#include <linux/types.h>
#include <linux/zc_kseg.h>

struct zc_ranges;
struct zc_refs;

/**
 * struct zc_refs_moved - a range that is not as it was lent
 * @paddr: where it begins
 * @kind: what kind of memory it was
 * @kind_now: and is
 * @count: its references when it was lent
 * @count_now: and now
 */
struct zc_refs_moved {
	phys_addr_t	paddr;
	enum zc_memory	kind;
	enum zc_memory	kind_now;
	int		count;
	int		count_now;
};

struct zc_refs *zc_refs_note(const struct zc_ranges *ranges);
bool zc_refs_check(const struct zc_refs *refs, const struct zc_ranges *ranges,
		   unsigned int from, struct zc_refs_moved *moved);

#endif /* _LINUX_ZC_REFS_H */
