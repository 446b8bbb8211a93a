/* SPDX-License-Identifier: GPL-2.0 */
/* Memory side: memory of the kernel's that programs map to read it. */
#ifndef _LINUX_ZC_SHARED_H
#define _LINUX_ZC_SHARED_H

#include <linux/types.h>

struct vm_area_struct;

void *zc_shared_alloc(size_t size);
void zc_shared_free(void *addr, size_t size);
int zc_shared_mmap(void *addr, size_t size, struct vm_area_struct *vma);

#endif /* _LINUX_ZC_SHARED_H */
