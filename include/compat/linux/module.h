/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_MODULE_H
#define _ZC_COMPAT_LINUX_MODULE_H

#include_next <linux/module.h>

/* See export.h. */
#ifndef ZC_HAVE_NS_STRING
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)	MODULE_INFO(import_ns, ns)
#endif

#endif
