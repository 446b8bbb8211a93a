// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the kernel's that programs map to read and write it: charged to the
 * memory cgroup of who asks for it, zeroed. What is in it is the program's word:
 * the kernel believes none of it.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include <linux/zc_ring.h>

/**
 * zc_ring_alloc() - get memory that can be mapped
 * @size: bytes; rounded up to whole pages
 *
 * Context: process, may sleep.
 * Return: its address, zeroed, or NULL.
 */
void *zc_ring_alloc(size_t size)
{
	return __vmalloc(PAGE_ALIGN(size), GFP_KERNEL_ACCOUNT | __GFP_ZERO);
}
EXPORT_SYMBOL_NS_GPL(zc_ring_alloc, "ZEROCOPY");

/**
 * zc_ring_free() - give it back; a mapping that is left keeps the pages
 * @addr: from zc_ring_alloc(), or NULL
 *
 * Context: process, may sleep.
 */
void zc_ring_free(void *addr)
{
	vfree(addr);
}
EXPORT_SYMBOL_NS_GPL(zc_ring_free, "ZEROCOPY");

/**
 * zc_ring_mmap() - map it into a program
 * @addr: from zc_ring_alloc()
 * @size: as there
 * @vma: as ->mmap() gets it
 *
 * Context: process, under the mmap lock.
 * Return: 0, -EINVAL for a private mapping or one that goes beyond the end,
 *	-EACCES if it is to be executed, or -ENOMEM.
 */
int zc_ring_mmap(void *addr, size_t size, struct vm_area_struct *vma)
{
	unsigned long at;
	int err;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EACCES;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start > PAGE_ALIGN(size))
		return -EINVAL;
	vm_flags_mod(vma, VM_DONTEXPAND, VM_MAYEXEC);

	for (at = vma->vm_start; at < vma->vm_end; at += PAGE_SIZE) {
		err = vm_insert_page(vma, at, vmalloc_to_page(addr));
		if (err)
			return err;
		addr += PAGE_SIZE;
	}
	return 0;
}
EXPORT_SYMBOL_NS_GPL(zc_ring_mmap, "ZEROCOPY");
