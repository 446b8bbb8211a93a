/* SPDX-License-Identifier: GPL-2.0 */
/* Memory side: areas, user memory that is pinned once and lent many times. */
#ifndef _LINUX_ZC_AREA_H
#define _LINUX_ZC_AREA_H

#include <linux/err.h>
#include <linux/types.h>

struct vm_area_struct;
struct zc_area;

/**
 * struct zc_area_info - what there is to say about an area
 * @addr: first byte, in the registering process
 * @length: bytes
 * @pages: pages pinned, whole folios, as charged
 * @ranges: entries in its table
 * @loans: pieces of it that are out
 * @stale: nothing is lent from it any more
 */
struct zc_area_info {
	unsigned long	addr;
	unsigned long	length;
	unsigned long	pages;
	unsigned int	ranges;
	unsigned int	loans;
	bool		stale;
};

#ifdef ZC_HAVE_AREAS
struct zc_area *zc_area_register(unsigned long addr, unsigned long length,
				 unsigned int use);
void zc_area_unregister(struct zc_area *area, bool wait);
void zc_area_hold(struct zc_area *area);
void zc_area_drop(struct zc_area *area);
void zc_area_query(struct zc_area *area, struct zc_area_info *info);
int zc_area_init(void);
void zc_area_exit(void);

/* zc_area_map.c */
int zc_area_map(struct vm_area_struct *vma);

/* zc_area_fill.c: for who receives into one */
int zc_area_fill_begin(struct zc_area *area);
void zc_area_fill_end(struct zc_area *area);
void zc_area_lend(struct zc_area *area);
void zc_area_lend_end(struct zc_area *area);
size_t zc_area_length(const struct zc_area *area);
unsigned int zc_area_id(const struct zc_area *area);
bool zc_area_usable(struct zc_area *area);
bool zc_area_user(const struct zc_area *area, size_t offset,
		  void __user **addr);
void *zc_area_kaddr(const struct zc_area *area, size_t offset, size_t *bytes);
phys_addr_t zc_area_phys(const struct zc_area *area, size_t offset,
			 size_t *bytes);
#else
static inline struct zc_area *zc_area_register(unsigned long addr,
					       unsigned long length,
					       unsigned int use)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void zc_area_unregister(struct zc_area *area, bool wait) { }
static inline void zc_area_hold(struct zc_area *area) { }
static inline void zc_area_drop(struct zc_area *area) { }
static inline void zc_area_query(struct zc_area *area,
				 struct zc_area_info *info) { }
static inline int zc_area_fill_begin(struct zc_area *area)
{
	return -EOPNOTSUPP;
}

static inline int zc_area_map(struct vm_area_struct *vma)
{
	return -EOPNOTSUPP;
}

static inline int zc_area_init(void) { return 0; }
static inline void zc_area_exit(void) { }
#endif

#endif /* _LINUX_ZC_AREA_H */
