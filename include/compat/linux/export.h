/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_EXPORT_H
#define _ZC_COMPAT_LINUX_EXPORT_H

#include_next <linux/export.h>

/* Symbol namespaces were bare tokens before they became string literals. */
#ifdef ZC_HAVE_NS_STRING
#define ZC_EXPORT_SYMBOL(sym)	EXPORT_SYMBOL_NS_GPL(sym, "ZEROCOPY")
#define ZC_IMPORT_NS()		MODULE_IMPORT_NS("ZEROCOPY")
#define ZC_IMPORT_KUNIT_NS()	MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#else
#define ZC_EXPORT_SYMBOL(sym)	EXPORT_SYMBOL_NS_GPL(sym, ZEROCOPY)
#define ZC_IMPORT_NS()		MODULE_IMPORT_NS(ZEROCOPY)
#define ZC_IMPORT_KUNIT_NS()	MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#endif

#endif
