// SPDX-License-Identifier: GPL-2.0
/* Exports: who may attach, what is mapped, and how long the memory stays. */
#include <kunit/test.h>
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/zc_export.h>

#include "zc_area.h"

#define ZCT_PAGES	24
#define ZCT_LENGTH	(20 * PAGE_SIZE)	/* exported of these */

struct zct_export {
	unsigned long		before;		/* locked pages */
	struct zc_area		*area;
	struct platform_device	*pdev[2];
	struct zc_export	*exp;
	struct dma_buf		*buf;
};

static struct device *zct_dev(const struct zct_export *t)
{
	return &t->pdev[0]->dev;
}

static unsigned int zct_dev_refs(const struct zct_export *t)
{
	return kref_read(&zct_dev(t)->kobj.kref);
}

static bool zct_is(const struct zct_export *t, size_t offset, dma_addr_t addr)
{
	return zc_export_is(t->exp, zct_dev(t), offset, addr);
}

/* By file descriptor, as whoever binds it gets it. */
static void zct_create(struct kunit *test)
{
	struct zct_export *t = test->priv;
	int fd;

	t->exp = zc_export_create(t->area, ZCT_LENGTH, zct_dev(t));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->exp);
	fd = get_unused_fd_flags(O_CLOEXEC);
	KUNIT_ASSERT_GE(test, fd, 0);
	zc_export_install(t->exp, fd);
	t->buf = dma_buf_get(fd);
	close_fd(fd);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->buf);
	KUNIT_EXPECT_EQ(test, t->buf->size, ZCT_LENGTH);
}

/* Files go when the task returns to user space; a kernel thread has to ask. */
static void zct_buf_put(struct zct_export *t)
{
	dma_buf_put(t->buf);
	t->buf = NULL;
	flush_delayed_fput();
}

static void zc_export_maps_what_the_area_has(struct kunit *test)
{
	struct zct_export *t = test->priv;
	struct dma_buf_attachment *at;
	struct scatterlist *sg;
	struct sg_table *sgt;
	size_t off, skip, len = 0;
	unsigned int i;

	zct_create(test);
	at = dma_buf_attach(t->buf, zct_dev(t));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, at);
	KUNIT_EXPECT_FALSE(test, zct_is(t, 0, 0));
	sgt = dma_buf_map_attachment_unlocked(at, DMA_FROM_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);

	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(sg_dma_len(sg)));
		for (off = 0; off < sg_dma_len(sg); off += PAGE_SIZE) {
			dma_addr_t addr = sg_dma_address(sg) + off;
			unsigned int r;

			r = zc_area_index(t->area, t->area->start + len, &skip);
			KUNIT_EXPECT_EQ(test, dma_to_phys(zct_dev(t), addr),
					t->area->vec[r].paddr + skip);
			KUNIT_EXPECT_TRUE(test,
					  zct_is(t, len, addr));
			KUNIT_EXPECT_FALSE(test,
					   zc_export_is(t->exp,
							&t->pdev[1]->dev, len,
							addr));
			KUNIT_EXPECT_FALSE(test,
					   zct_is(t, len, addr + PAGE_SIZE));
			KUNIT_EXPECT_FALSE(test,
					   zct_is(t, len + PAGE_SIZE, addr));
			len += PAGE_SIZE;
		}
	}
	KUNIT_EXPECT_EQ(test, len, ZCT_LENGTH);

	off = sg_dma_address(sgt->sgl);
	dma_buf_unmap_attachment_unlocked(at, sgt, DMA_FROM_DEVICE);
	KUNIT_EXPECT_FALSE(test, zct_is(t, 0, off));
	dma_buf_detach(t->buf, at);
}

static void zc_export_joins_neighbours(struct kunit *test)
{
	struct zct_export *t = test->priv;
	struct phys_vec *vec = t->area->vec, old[ZCT_PAGES];
	struct dma_buf_attachment *at;
	struct sg_table *sgt;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, t->area->nr, ZCT_PAGES);
	memcpy(old, vec, sizeof(old));
	/* as if they lay in one row, but for the sixth; nobody writes there */
	for (i = 0; i < ZCT_PAGES; i++)
		vec[i].paddr = old[0].paddr + i * PAGE_SIZE;
	vec[5].paddr = old[0].paddr;
	zct_create(test);
	at = dma_buf_attach(t->buf, zct_dev(t));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, at);
	sgt = dma_buf_map_attachment_unlocked(at, DMA_FROM_DEVICE);
	KUNIT_EXPECT_FALSE(test, IS_ERR(sgt));
	if (!IS_ERR(sgt)) {
		KUNIT_EXPECT_EQ(test, sgt->orig_nents, 3);
		KUNIT_EXPECT_EQ(test, sgt->sgl[0].length, 5 * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, sgt->sgl[1].length, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, sgt->sgl[2].length, 14 * PAGE_SIZE);
		dma_buf_unmap_attachment_unlocked(at, sgt, DMA_FROM_DEVICE);
	}
	dma_buf_detach(t->buf, at);
	memcpy(vec, old, sizeof(old));
}

static void zc_export_is_for_one_device(struct kunit *test)
{
	struct zct_export *t = test->priv;
	struct dma_buf_attachment *at;
	struct iosys_map map;
	struct sg_table *sgt;

	zct_create(test);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dma_buf_attach(t->buf,
						     &t->pdev[1]->dev)),
			-EPERM);
	at = dma_buf_attach(t->buf, zct_dev(t));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, at);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dma_buf_attach(t->buf, zct_dev(t))),
			-EBUSY);
	KUNIT_EXPECT_EQ(test,
			PTR_ERR(dma_buf_map_attachment_unlocked(at,
								DMA_TO_DEVICE)),
			-EOPNOTSUPP);
	KUNIT_EXPECT_NE(test, dma_buf_vmap_unlocked(t->buf, &map), 0);
	KUNIT_EXPECT_EQ(test, vm_mmap(t->buf->file, 0, PAGE_SIZE,
				      PROT_READ | PROT_WRITE, MAP_SHARED, 0),
			-EINVAL);
	sgt = dma_buf_map_attachment_unlocked(at, DMA_FROM_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test,
			PTR_ERR(dma_buf_map_attachment_unlocked(at,
								DMA_FROM_DEVICE)),
			-EBUSY);
	dma_buf_unmap_attachment_unlocked(at, sgt, DMA_FROM_DEVICE);
	dma_buf_detach(t->buf, at);

	/* and for it again */
	at = dma_buf_attach(t->buf, zct_dev(t));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, at);
	dma_buf_detach(t->buf, at);
}

static void zc_export_keeps_memory_and_device(struct kunit *test)
{
	struct zct_export *t = test->priv;
	unsigned int refs = zct_dev_refs(t);
	struct user_struct *user = current_user();
	struct dma_buf_attachment *at;
	struct zc_area_info info;
	struct zc_area *area;
	struct sg_table *sgt;

	zct_create(test);
	KUNIT_EXPECT_EQ(test, zct_dev_refs(t), refs + 1);
	at = dma_buf_attach(t->buf, zct_dev(t));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, at);
	sgt = dma_buf_map_attachment_unlocked(at, DMA_FROM_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);

	/* everybody but who has attached lets go */
	zc_export_put(t->exp);
	t->exp = NULL;
	area = t->area;
	t->area = NULL;
	zc_area_hold(area);
	zc_area_unregister(area, true);
	zc_area_query(area, &info);
	KUNIT_EXPECT_EQ(test, info.pages, ZCT_PAGES);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->locked_vm),
			t->before + ZCT_PAGES);
	KUNIT_EXPECT_EQ(test, zct_dev_refs(t), refs + 1);

	dma_buf_unmap_attachment_unlocked(at, sgt, DMA_FROM_DEVICE);
	dma_buf_detach(t->buf, at);
	zct_buf_put(t);
	zc_area_query(area, &info);
	KUNIT_EXPECT_EQ(test, info.pages, 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&user->locked_vm), t->before);
	KUNIT_EXPECT_EQ(test, zct_dev_refs(t), refs);
	zc_area_drop(area);
}

static void zc_export_refuses(struct kunit *test)
{
	struct zct_export *t = test->priv;
	unsigned int refs = zct_dev_refs(t);
	struct device *dev = zct_dev(t);

	KUNIT_EXPECT_EQ(test, PTR_ERR(zc_export_create(t->area, 0, dev)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(zc_export_create(t->area, 100, dev)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test,
			PTR_ERR(zc_export_create(t->area,
						 (ZCT_PAGES + 1) * PAGE_SIZE,
						 dev)),
			-EINVAL);
	/* one at a time */
	zct_create(test);
	KUNIT_EXPECT_EQ(test,
			PTR_ERR(zc_export_create(t->area, ZCT_LENGTH, dev)),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, zc_area_fill_begin(t->area), -EBUSY);
	zc_export_put(t->exp);
	t->exp = NULL;
	KUNIT_EXPECT_EQ(test, zc_area_fill_begin(t->area), -EBUSY);
	zct_buf_put(t);
	KUNIT_EXPECT_EQ(test, zc_area_fill_begin(t->area), 0);
	zc_area_fill_end(t->area);

	/* a device that reaches next to nothing: it would have to bounce */
	*dev->dma_mask = DMA_BIT_MASK(13);
	KUNIT_EXPECT_EQ(test,
			PTR_ERR(zc_export_create(t->area, ZCT_LENGTH, dev)),
			-EIO);
	*dev->dma_mask = DMA_BIT_MASK(64);
	KUNIT_EXPECT_EQ(test, refcount_read(&t->area->users), 1);
	KUNIT_EXPECT_EQ(test, zct_dev_refs(t), refs);
}

static int zct_export_init(struct kunit *test)
{
	struct platform_device_info info = {
		.name = "zc_export_kunit",
		.id = PLATFORM_DEVID_AUTO,
		.dma_mask = DMA_BIT_MASK(64),
	};
	struct zct_export *t;
	unsigned long addr;
	unsigned int i;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	test->priv = t;
	t->before = atomic_long_read(&current_user()->locked_vm);
	addr = kunit_vm_mmap(test, NULL, 0, ZCT_PAGES * PAGE_SIZE,
			     PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (!addr)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		t->pdev[i] = platform_device_register_full(&info);
		if (IS_ERR(t->pdev[i]))
			return PTR_ERR(t->pdev[i]);
	}
	t->area = zc_area_register(addr, ZCT_PAGES * PAGE_SIZE,
				   ZEROCOPY_AREA_RECEIVE);
	return PTR_ERR_OR_ZERO(t->area);
}

static void zct_export_exit(struct kunit *test)
{
	struct zct_export *t = test->priv;
	unsigned int i;

	if (!t)
		return;
	if (!IS_ERR_OR_NULL(t->buf))
		zct_buf_put(t);
	if (!IS_ERR_OR_NULL(t->exp))
		zc_export_put(t->exp);
	flush_delayed_fput();
	for (i = 0; i < 2; i++)
		if (!IS_ERR_OR_NULL(t->pdev[i]))
			platform_device_unregister(t->pdev[i]);
	if (!IS_ERR_OR_NULL(t->area))
		zc_area_unregister(t->area, true);
}

static struct kunit_case zc_export_cases[] = {
	KUNIT_CASE(zc_export_maps_what_the_area_has),
	KUNIT_CASE(zc_export_joins_neighbours),
	KUNIT_CASE(zc_export_is_for_one_device),
	KUNIT_CASE(zc_export_keeps_memory_and_device),
	KUNIT_CASE(zc_export_refuses),
	{}
};

static struct kunit_suite zc_export_suite = {
	.name = "zerocopy-export",
	.init = zct_export_init,
	.exit = zct_export_exit,
	.test_cases = zc_export_cases,
};

kunit_test_suite(zc_export_suite);

MODULE_IMPORT_NS("DMA_BUF");
