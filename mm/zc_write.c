// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O out of a source: the same refill and cleanup that feed a socket feed
 * a file. (S1.4)
 */
#include <linux/bvec.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include <linux/zc_write.h>
#include <net/zerocopy.h>

/* Lent at a time: a multiple of any block, and as much as a socket's loan. */
#define ZC_WRITE_BYTES	SZ_256K
/* Room for it where no two pages are neighbours, and its first is not whole. */
#define ZC_WRITE_RANGES	(ZC_WRITE_BYTES / PAGE_SIZE + 1)
/* A folio is lent as a whole, however large: there is no window to keep to. */
#define ZC_WRITE_PAGES	(LONG_MAX >> PAGE_SHIFT)

struct zc_write {
	struct phys_vec	vec[ZC_WRITE_RANGES];
	struct bio_vec	bvec[ZC_WRITE_RANGES];
};

/* One loan: lent, written, and given back. */
static ssize_t zc_write_piece(struct zc_source *src, struct zc_write *w,
			      size_t offset, size_t bytes, struct file *file,
			      loff_t *pos)
{
	struct zc_ranges ranges = { .max = ZC_WRITE_RANGES, .vec = w->vec };
	struct iov_iter iter;
	unsigned int i;
	ssize_t ret;

	bytes = min_t(size_t, bytes, ZC_WRITE_BYTES);
	ret = src->ops->refill(src, &ranges, offset, bytes, ZC_WRITE_PAGES);
	if (ret)
		return ret;

	for (i = 0; i < ranges.nr; i++)
		bvec_set_page(&w->bvec[i],
			      pfn_to_page(PHYS_PFN(w->vec[i].paddr)),
			      w->vec[i].len, offset_in_page(w->vec[i].paddr));
	/* A lender may go on to the end of a folio. */
	bytes = min(bytes, ranges.bytes);
	ret = -EFAULT;
	if (bytes) {
		iov_iter_bvec(&iter, ITER_SOURCE, w->bvec, ranges.nr, bytes);
		ret = vfs_iter_write(file, &iter, pos, 0);
	}
	if (ranges.nr)
		src->ops->cleanup(src, &ranges, 0, false);
	return ret;
}

/**
 * zc_source_write() - write what a source lends to a file
 * @src: who lends; the caller keeps its reference, and sends nothing of @src
 *	meanwhile
 * @offset: bytes of the message in front
 * @bytes: how many to write
 * @file: a regular file, open for writing and with O_DIRECT; where that puts
 *	conditions on memory, lengths and @pos, they are met by the caller
 * @pos: where in the file; advanced
 *
 * Memory is lent in pieces of at most 256 KiB and is back when the call returns:
 * direct I/O is done with it then. No window and no socket has a part in it.
 *
 * Context: process, sleeps; on behalf of the task whose memory it is.
 * Return: bytes written, which may be fewer than asked for, or an errno if none
 *	were: -EINVAL for other files, and what ops->refill or the file says.
 *	Source: S1.4.
 */
ssize_t zc_source_write(struct zc_source *src, size_t offset, size_t bytes,
			struct file *file, loff_t *pos)
{
	size_t done = 0;
	struct zc_write *w;
	ssize_t ret = 0;

	/* Through the page cache it would be a copy with extra steps. */
	if (!S_ISREG(file_inode(file)->i_mode) || !(file->f_flags & O_DIRECT))
		return -EINVAL;
	w = kvmalloc_obj(*w, GFP_KERNEL);
	if (!w)
		return -ENOMEM;

	while (done < bytes) {
		ret = zc_write_piece(src, w, offset + done, bytes - done, file,
				     pos);
		if (ret <= 0)
			break;
		done += ret;
	}
	kvfree(w);
	return done ?: ret;
}
EXPORT_SYMBOL_NS_GPL(zc_source_write, "ZEROCOPY");
