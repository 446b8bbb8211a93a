// SPDX-License-Identifier: GPL-2.0
/*
 * An area as a DMA-BUF, so that the kernel's own devmem provider lets a NIC
 * receive into it.
 *
 * Nobody but that NIC gets at the memory through it: there is no mmap and no
 * vmap, only the NIC's DMA device may attach, and only once at a time. Whoever
 * attaches keeps no reference on the device, and may unmap when the NIC has long
 * gone: the export keeps one for as long as it lives. It lives as long as its
 * struct dma_buf.
 */
#include <kunit/visibility.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/zc_export.h>

#include "zc_area.h"

/* A scatterlist's lengths have 32 bits; whole pages. */
#define ZC_EXPORT_SEG	SZ_1G

/**
 * struct zc_export_map - where the device finds an export
 * @rcu: looked at without a lock
 * @nr: pieces
 * @piece: in the order of offsets
 * @piece.offset: first byte in the area
 * @piece.addr: its DMA address
 */
struct zc_export_map {
	struct rcu_head	rcu;
	unsigned int	nr;
	struct {
		size_t		offset;
		dma_addr_t	addr;
	} piece[] __counted_by(nr);
};

/**
 * struct zc_export - the first bytes of an area, as a DMA-BUF
 * @area: the area; a user's reference is held
 * @length: bytes
 * @dev: who may attach; a reference is held
 * @buf: the DMA-BUF; its file's references are the export's
 * @attached: somebody is
 * @map: while it is mapped; written under the DMA-BUF's lock
 */
struct zc_export {
	struct zc_area			*area;
	size_t				length;
	struct device			*dev;
	struct dma_buf			*buf;
	atomic_t			attached;
	struct zc_export_map __rcu	*map;
};

/*
 * Go through the memory in pieces that are contiguous, across folios. Returns the
 * length of the next one, which begins at *paddr, and moves on; 0 at the end.
 */
static size_t zc_export_next(const struct zc_export *exp, unsigned int *i,
			     size_t *done, phys_addr_t *paddr)
{
	size_t len = 0, left = exp->length - *done;

	for (; left && *i < exp->area->nr; ++*i) {
		const struct phys_vec *pv = &exp->area->vec[*i];
		size_t n = min_t(size_t, pv->len, left);

		if (!len)
			*paddr = pv->paddr;
		else if (*paddr + len != pv->paddr || len + n > ZC_EXPORT_SEG)
			break;
		len += n;
		left -= n;
	}
	*done += len;
	return len;
}

/* As dma_map_sgtable() will: does the device get at all of it by itself? */
static int zc_export_probe(const struct zc_export *exp)
{
	unsigned int i = 0;
	phys_addr_t paddr;
	size_t done = 0;
	dma_addr_t addr;
	bool sync;

	/* What it cannot reach is not mapped without a warning. */
	if (dma_addressing_limited(exp->dev))
		return -EIO;
	while (zc_export_next(exp, &i, &done, &paddr)) {
		addr = dma_map_page_attrs(exp->dev,
					  pfn_to_page(PHYS_PFN(paddr)), 0,
					  PAGE_SIZE, DMA_FROM_DEVICE,
					  DMA_ATTR_SKIP_CPU_SYNC);
		if (dma_mapping_error(exp->dev, addr))
			return -EIO;
		sync = dma_need_sync(exp->dev, addr);
		dma_unmap_page_attrs(exp->dev, addr, PAGE_SIZE,
				     DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
		if (sync)
			return -EIO;
		cond_resched();
	}
	return 0;
}

static int zc_export_attach(struct dma_buf *buf, struct dma_buf_attachment *at)
{
	struct zc_export *exp = buf->priv;

	if (at->dev != exp->dev)
		return -EPERM;
	return atomic_cmpxchg(&exp->attached, 0, 1) ? -EBUSY : 0;
}

static void zc_export_detach(struct dma_buf *buf, struct dma_buf_attachment *at)
{
	struct zc_export *exp = buf->priv;

	atomic_set(&exp->attached, 0);
}

/* What the device was given, by offset. */
static struct zc_export_map *zc_export_note(struct zc_export *exp,
					    struct sg_table *sgt)
{
	struct zc_export_map *map;
	struct scatterlist *sg;
	size_t offset = 0;
	unsigned int i;

	map = kvmalloc(struct_size(map, piece, sgt->nents), GFP_KERNEL_ACCOUNT);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->nr = sgt->nents;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		dma_addr_t addr = sg_dma_address(sg);

		/* As the probe found it, unless the device has changed. */
		if (dma_need_sync(exp->dev, addr)) {
			kvfree(map);
			return ERR_PTR(-EIO);
		}
		map->piece[i].offset = offset;
		map->piece[i].addr = addr;
		offset += sg_dma_len(sg);
	}
	return map;
}

static struct sg_table *zc_export_map(struct dma_buf_attachment *at,
				      enum dma_data_direction dir)
{
	struct zc_export *exp = at->dmabuf->priv;
	struct zc_export_map *map;
	unsigned int i = 0, nr = 0;
	struct scatterlist *sg;
	struct sg_table *sgt;
	phys_addr_t paddr;
	size_t done = 0, len;
	int err;

	if (dir != DMA_FROM_DEVICE)
		return ERR_PTR(-EOPNOTSUPP);
	/* There is one attachment, but it may be mapped more than once. */
	if (rcu_access_pointer(exp->map))
		return ERR_PTR(-EBUSY);
	while (zc_export_next(exp, &i, &done, &paddr))
		nr++;

	sgt = kmalloc_obj(*sgt, GFP_KERNEL_ACCOUNT);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	err = sg_alloc_table(sgt, nr, GFP_KERNEL_ACCOUNT);
	if (err)
		goto err_free;
	i = 0;
	done = 0;
	for (sg = sgt->sgl; (len = zc_export_next(exp, &i, &done, &paddr));
	     sg = sg_next(sg))
		sg_set_page(sg, pfn_to_page(PHYS_PFN(paddr)), len, 0);

	err = dma_map_sgtable(exp->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (err)
		goto err_table;
	map = zc_export_note(exp, sgt);
	err = PTR_ERR_OR_ZERO(map);
	if (err)
		goto err_unmap;
	rcu_assign_pointer(exp->map, map);
	return sgt;

err_unmap:
	dma_unmap_sgtable(exp->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
err_table:
	sg_free_table(sgt);
err_free:
	kfree(sgt);
	return ERR_PTR(err);
}

static void zc_export_unmap(struct dma_buf_attachment *at, struct sg_table *sgt,
			    enum dma_data_direction dir)
{
	struct zc_export *exp = at->dmabuf->priv;
	struct zc_export_map *map = rcu_access_pointer(exp->map);

	RCU_INIT_POINTER(exp->map, NULL);
	kvfree_rcu(map, rcu);
	dma_unmap_sgtable(exp->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(sgt);
	kfree(sgt);
}

static void zc_export_release(struct dma_buf *buf)
{
	struct zc_export *exp = buf->priv;

	put_device(exp->dev);
	clear_bit_unlock(ZC_FILL_EXPORTED, &exp->area->filled);
	zc_area_put(exp->area);
	kfree(exp);
}

static const struct dma_buf_ops zc_export_ops = {
	.attach		= zc_export_attach,
	.detach		= zc_export_detach,
	.map_dma_buf	= zc_export_map,
	.unmap_dma_buf	= zc_export_unmap,
	.release	= zc_export_release,
};

/**
 * zc_export_create() - make a DMA-BUF of the first bytes of an area
 * @area: the area; the caller has a user's reference, which stays his
 * @length: bytes, whole pages, not more than the area has
 * @dev: the device that may attach
 *
 * Nobody else begins to receive into the area, and its memory stays pinned, until
 * the last reference on the DMA-BUF is gone: the caller's, file descriptors', and
 * that of whoever has attached.
 *
 * Context: process, sleeps.
 * Return: the export, with a reference for the caller, or an ERR_PTR: -EIO if
 *	@dev does not get at all of it without bounce buffers or syncs, -EBUSY if
 *	it is exported already, -ENOMEM, -EINVAL. On error nothing is held.
 */
struct zc_export *zc_export_create(struct zc_area *area, size_t length,
				   struct device *dev)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct zc_export *exp;
	int err;

	if (!length || !PAGE_ALIGNED(length) ||
	    length > area->end - area->start)
		return ERR_PTR(-EINVAL);
	exp = kzalloc_obj(*exp, GFP_KERNEL_ACCOUNT);
	if (!exp)
		return ERR_PTR(-ENOMEM);
	exp->area = area;
	exp->length = length;
	exp->dev = dev;
	err = -EBUSY;
	if (test_and_set_bit(ZC_FILL_EXPORTED, &area->filled))
		goto err_free;
	err = zc_export_probe(exp);
	if (err)
		goto err_clear;

	info.ops = &zc_export_ops;
	info.size = length;
	info.flags = O_RDWR;
	info.priv = exp;
	/* Both are there until zc_export_release(), which may come at once. */
	get_device(dev);
	zc_area_get(area);
	exp->buf = dma_buf_export(&info);
	err = PTR_ERR_OR_ZERO(exp->buf);
	if (err)
		goto err_put;
	return exp;

err_put:
	put_device(dev);
	zc_area_put(area);
err_clear:
	clear_bit(ZC_FILL_EXPORTED, &area->filled);
err_free:
	kfree(exp);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_NS_GPL(zc_export_create, "ZEROCOPY");

/**
 * zc_export_put() - let go of an export
 * @exp: from zc_export_create()
 *
 * Context: process.
 */
void zc_export_put(struct zc_export *exp)
{
	dma_buf_put(exp->buf);
}
EXPORT_SYMBOL_NS_GPL(zc_export_put, "ZEROCOPY");

/**
 * zc_export_install() - give the calling process a file descriptor of an export
 * @exp: the export
 * @fd: from get_unused_fd_flags()
 *
 * Context: process.
 */
void zc_export_install(struct zc_export *exp, int fd)
{
	get_dma_buf(exp->buf);
	fd_install(fd, exp->buf->file);
}
EXPORT_SYMBOL_NS_GPL(zc_export_install, "ZEROCOPY");

/**
 * zc_export_is() - whether a DMA address is a page of an export
 * @exp: the export
 * @dev: whose DMA address it is
 * @offset: of the page, in the area
 * @addr: the DMA address
 *
 * Context: any.
 * Return: true if the export is mapped for @dev, and its page at @offset to @addr.
 */
bool zc_export_is(struct zc_export *exp, const struct device *dev,
		  size_t offset, dma_addr_t addr)
{
	unsigned int low = 0, high;
	struct zc_export_map *map;
	bool is = false;

	if (dev != exp->dev || offset >= exp->length)
		return false;
	rcu_read_lock();
	map = rcu_dereference(exp->map);
	if (!map)
		goto out;
	high = map->nr;
	while (high - low > 1) {
		unsigned int mid = low + (high - low) / 2;

		if (map->piece[mid].offset <= offset)
			low = mid;
		else
			high = mid;
	}
	is = map->piece[low].addr + (offset - map->piece[low].offset) == addr;
out:
	rcu_read_unlock();
	return is;
}
EXPORT_SYMBOL_NS_GPL(zc_export_is, "ZEROCOPY");

MODULE_IMPORT_NS("DMA_BUF");
