/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_EXPORT_H
#define _ZC_COMPAT_LINUX_EXPORT_H

#include_next <linux/export.h>

/* Symbol namespaces were bare tokens before they became string literals. */
#ifndef ZC_HAVE_NS_STRING
#undef EXPORT_SYMBOL_NS_GPL
#define EXPORT_SYMBOL_NS_GPL(sym, ns)	__EXPORT_SYMBOL(sym, "GPL", ns)
#endif

#endif
