// SPDX-License-Identifier: GPL-2.0
/*
 * Page fragments. What kmalloc() returns must not be referenced by its page, so
 * a header that is built there is copied before it is sent; one that is built
 * here is not.
 *
 * Short ones come out of a page for each CPU, which starts anew once all of
 * them are back, or is left to the last of them; long ones have pages of their
 * own. So what one cgroup pays for another is a page for each CPU at most.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/export.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include <linux/zc_frag.h>

/* Longer ones are not worth what the last of a page wastes. */
#define ZC_FRAG_SHORT	(PAGE_SIZE / 2)
#define ZC_FRAG_ALIGN	8

/**
 * struct zc_frag_cpu - the page that a CPU takes fragments from
 * @page: the page, with a reference for this and one for each fragment
 * @used: bytes at its front that have been given away
 */
struct zc_frag_cpu {
	struct page	*page;
	unsigned int	used;
};

static DEFINE_PER_CPU(struct zc_frag_cpu, zc_frag_cpus);

/* With interrupts off. */
static void *zc_frag_take(size_t size)
{
	struct zc_frag_cpu *cpu = this_cpu_ptr(&zc_frag_cpus);
	void *frag;

	if (!cpu->page)
		return NULL;
	if (size > PAGE_SIZE - cpu->used) {
		if (page_ref_count(cpu->page) != 1)
			return NULL;
		/* Whoever let go has read what he had to. */
		smp_acquire__after_ctrl_dep();
		cpu->used = 0;
	}
	frag = page_address(cpu->page) + cpu->used;
	cpu->used += size;
	get_page(cpu->page);
	return frag;
}

/* Put @page in place if the one there is of no use; returns what is too much. */
static struct page *zc_frag_refill(struct page *page, size_t size, void **frag)
{
	unsigned long flags;

	local_irq_save(flags);
	*frag = zc_frag_take(size);
	if (!*frag) {
		swap(this_cpu_ptr(&zc_frag_cpus)->page, page);
		__this_cpu_write(zc_frag_cpus.used, 0);
		*frag = zc_frag_take(size);
	}
	local_irq_restore(flags);
	return page;
}

/**
 * zc_frag_alloc() - allocate memory to build part of a message in
 * @size: bytes, at most ZC_FRAG_MAX
 * @gfp: GFP_KERNEL, or GFP_ATOMIC where sleeping is not allowed
 *
 * The memory is not cleared. It lies in one folio, which has a reference count,
 * and so can be lent without a copy; it is charged to the memory cgroup of the
 * caller, by the page.
 *
 * Context: any but NMI, as @gfp allows.
 * Return: the fragment, aligned to 8 bytes, to be freed with zc_frag_free();
 *	NULL if there is no memory or @size is 0 or too large. Source: S2.4.
 */
void *zc_frag_alloc(size_t size, gfp_t gfp)
{
	unsigned long flags;
	struct page *page;
	void *frag;

	KUNIT_STATIC_STUB_REDIRECT(zc_frag_alloc, size, gfp);

	if (!size || size > ZC_FRAG_MAX)
		return NULL;
	gfp |= __GFP_COMP | __GFP_ACCOUNT | __GFP_NOMEMALLOC;
	if (size > ZC_FRAG_SHORT) {
		page = alloc_pages(gfp | __GFP_NOWARN, get_order(size));
		return page ? page_address(page) : NULL;
	}

	size = ALIGN(size, ZC_FRAG_ALIGN);
	local_irq_save(flags);
	frag = zc_frag_take(size);
	local_irq_restore(flags);
	if (frag)
		return frag;

	page = alloc_page(gfp);
	if (!page)
		return NULL;
	page = zc_frag_refill(page, size, &frag);
	if (page)
		put_page(page);
	return frag;
}
EXPORT_SYMBOL_NS_GPL(zc_frag_alloc, "ZEROCOPY");

/**
 * zc_frag_free() - free a fragment
 * @frag: from zc_frag_alloc(), or NULL
 *
 * Context: any but NMI.
 */
void zc_frag_free(const void *frag)
{
	if (frag)
		put_page(virt_to_head_page(frag));
}
EXPORT_SYMBOL_NS_GPL(zc_frag_free, "ZEROCOPY");

/**
 * zc_frag_cleanup() - zc_kseg.cleanup of a segment that is one fragment
 * @frag: from zc_frag_alloc(); zc_kseg.private
 * @sent: not looked at
 * @copied: not looked at
 *
 * Context: any but NMI.
 */
void zc_frag_cleanup(void *frag, size_t sent, bool copied)
{
	zc_frag_free(frag);
}
EXPORT_SYMBOL_NS_GPL(zc_frag_cleanup, "ZEROCOPY");

void zc_frag_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct page *page = per_cpu(zc_frag_cpus, cpu).page;

		if (page)
			put_page(page);
	}
}
