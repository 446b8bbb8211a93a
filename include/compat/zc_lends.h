/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_ZC_LENDS_H
#define _ZC_COMPAT_ZC_LENDS_H

/*
 * With patches/, no path of the stack takes references on what is lent, and an
 * MTU probe keeps its loan.
 */
#ifdef ZC_HAVE_UNREFERENCED_FRAGS
#define ZC_LENDS_UNCOUNTED	true
#else
#define ZC_LENDS_UNCOUNTED	false
#endif

#endif
