/* SPDX-License-Identifier: GPL-2.0 */
/* Memory side: a source that feeds a file instead of a socket. */
#ifndef _LINUX_ZC_WRITE_H
#define _LINUX_ZC_WRITE_H

#include <linux/types.h>

struct file;
struct zc_source;

ssize_t zc_source_write(struct zc_source *src, size_t offset, size_t bytes,
			struct file *file, loff_t *pos);

#endif /* _LINUX_ZC_WRITE_H */
