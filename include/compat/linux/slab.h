/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_SLAB_H
#define _ZC_COMPAT_LINUX_SLAB_H

#include_next <linux/slab.h>

/* Allocations by object came with 7.0. */
#ifndef kmalloc_obj
#define kmalloc_obj(var, gfp)	kmalloc(sizeof(var), gfp)
#define kzalloc_obj(var, gfp)	kzalloc(sizeof(var), gfp)
#define kvmalloc_obj(var, gfp)	kvmalloc(sizeof(var), gfp)
#define kvzalloc_obj(var, gfp)	kvzalloc(sizeof(var), gfp)
#endif

#endif
