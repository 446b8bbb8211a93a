// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the kernel's that programs map to read it: charged to the memory
 * cgroup of who asks for it, zeroed, never writable by a program.
 */
#include <kunit/visibility.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/zc_shared.h>

/**
 * zc_shared_alloc() - get memory that can be mapped
 * @size: bytes; rounded up to whole pages
 *
 * Context: process, may sleep.
 * Return: its address, zeroed, or NULL.
 */
void *zc_shared_alloc(size_t size)
{
	return alloc_pages_exact(size, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
}
EXPORT_SYMBOL_IF_KUNIT(zc_shared_alloc);

/**
 * zc_shared_free() - give it back, when no mapping is left
 * @addr: from zc_shared_alloc()
 * @size: as there
 *
 * Context: any but hard interrupt.
 */
void zc_shared_free(void *addr, size_t size)
{
	free_pages_exact(addr, size);
}
EXPORT_SYMBOL_IF_KUNIT(zc_shared_free);

/**
 * zc_shared_mmap() - map it into a program, for reading only
 * @addr: from zc_shared_alloc()
 * @size: as there
 * @vma: as ->mmap() gets it
 *
 * Context: process, under the mmap lock.
 * Return: 0, -EINVAL for a private mapping or one that goes beyond the end,
 *	-EACCES if it is to be written to or executed, or -ENOMEM.
 */
int zc_shared_mmap(void *addr, size_t size, struct vm_area_struct *vma)
{
	unsigned long at;
	int err;

	/* A private one would be a copy as soon as somebody wrote to it. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start > PAGE_ALIGN(size))
		return -EINVAL;
	vm_flags_mod(vma, VM_DONTEXPAND, VM_MAYWRITE | VM_MAYEXEC);

	for (at = vma->vm_start; at < vma->vm_end; at += PAGE_SIZE) {
		err = vm_insert_page(vma, at, virt_to_page(addr));
		if (err)
			return err;
		addr += PAGE_SIZE;
	}
	return 0;
}
