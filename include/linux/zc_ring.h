/* SPDX-License-Identifier: GPL-2.0 */
/* Memory side: memory of the kernel's that programs map to read and write it. */
#ifndef _LINUX_ZC_RING_H
#define _LINUX_ZC_RING_H

#include <linux/types.h>

struct vm_area_struct;

void *zc_ring_alloc(size_t size);
void zc_ring_free(void *addr);
int zc_ring_mmap(void *addr, size_t size, struct vm_area_struct *vma);

#endif /* _LINUX_ZC_RING_H */
