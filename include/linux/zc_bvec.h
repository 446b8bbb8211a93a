/* SPDX-License-Identifier: GPL-2.0 */
/* Memory side: pages that somebody passes on, as splice() does, as a source. */
#ifndef _LINUX_ZC_BVEC_H
#define _LINUX_ZC_BVEC_H

struct iov_iter;
struct zc_source;

struct zc_source *zc_bvec_source_alloc(const struct iov_iter *iter);

#endif /* _LINUX_ZC_BVEC_H */
