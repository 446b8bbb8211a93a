/* SPDX-License-Identifier: GPL-2.0 */
/* Memory side: areas as DMA-BUFs, for a NIC to receive into. */
#ifndef _LINUX_ZC_EXPORT_H
#define _LINUX_ZC_EXPORT_H

#include <linux/err.h>
#include <linux/types.h>

struct device;
struct zc_area;
struct zc_export;

#ifdef ZC_HAVE_EXPORT
struct zc_export *zc_export_create(struct zc_area *area, size_t length,
				   struct device *dev);
void zc_export_put(struct zc_export *exp);
void zc_export_install(struct zc_export *exp, int fd);
bool zc_export_is(struct zc_export *exp, const struct device *dev,
		  size_t offset, dma_addr_t addr);
#else
static inline struct zc_export *
zc_export_create(struct zc_area *area, size_t length, struct device *dev)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void zc_export_put(struct zc_export *exp) { }
static inline void zc_export_install(struct zc_export *exp, int fd) { }
static inline bool zc_export_is(struct zc_export *exp,
				const struct device *dev, size_t offset,
				dma_addr_t addr)
{
	return false;
}
#endif

#endif /* _LINUX_ZC_EXPORT_H */
