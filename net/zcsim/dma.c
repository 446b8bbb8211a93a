// SPDX-License-Identifier: GPL-2.0
/*
 * The engine's hands: memory is reached by DMA address, and by nothing else.
 */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <net/checksum.h>

#include "zcsim.h"

/* The one place where a DMA address turns into something a CPU can use. */
static void *zcsim_dma_virt(struct device *dev, dma_addr_t addr)
{
	return phys_to_virt(dma_to_phys(dev, addr));
}

/**
 * zcsim_dma_check() - can this machine's DMA addresses be turned around?
 * @dev: device with its mask set
 *
 * Behind an IOMMU they cannot.
 *
 * Context: process, may sleep.
 * Return: 0, -EOPNOTSUPP or -ENOMEM.
 */
int zcsim_dma_check(struct device *dev)
{
	struct page *page = alloc_page(GFP_KERNEL);
	int err = -EOPNOTSUPP;
	dma_addr_t addr;

	if (!page)
		return -ENOMEM;
	addr = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, addr)) {
		if (zcsim_dma_virt(dev, addr) == page_address(page))
			err = 0;
		dma_unmap_page(dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	}
	__free_page(page);
	return err;
}

/**
 * zcsim_dma_seek() - go to a byte of a packet
 * @rd: reader
 * @dev: whose DMA addresses they are
 * @desc: pieces of the packet
 * @off: the byte, within the packet
 */
void zcsim_dma_seek(struct zcsim_reader *rd, struct device *dev,
		    const struct zcsim_desc *desc, u32 off)
{
	while (off && off >= desc->len)
		off -= (desc++)->len;
	rd->dev = dev;
	rd->desc = desc;
	rd->off = off;
}

/* What can be read in one go, at most @len; the reader moves on. */
static const void *zcsim_dma_next(struct zcsim_reader *rd, u32 *len)
{
	const void *from;

	while (rd->off == rd->desc->len) {
		rd->desc++;
		rd->off = 0;
	}
	*len = min(*len, rd->desc->len - rd->off);
	from = zcsim_dma_virt(rd->dev, rd->desc->addr + rd->off);
	rd->off += *len;
	return from;
}

/**
 * zcsim_dma_read() - read part of a packet into the device
 * @rd: where from; moves on
 * @to: where to
 * @len: bytes; the packet has that many left
 */
void zcsim_dma_read(struct zcsim_reader *rd, void *to, u32 len)
{
	while (len) {
		u32 n = len;
		const void *from = zcsim_dma_next(rd, &n);

		memcpy(to, from, n);
		to += n;
		len -= n;
	}
}

/**
 * zcsim_dma_write() - write something out of the device
 * @dev: whose DMA address it is
 * @to: where to
 * @from: where from
 * @len: bytes
 */
void zcsim_dma_write(struct device *dev, dma_addr_t to, const void *from,
		     u32 len)
{
	memcpy(zcsim_dma_virt(dev, to), from, len);
}

/**
 * zcsim_dma_copy() - copy part of a packet into a buffer of the peer
 * @rd: where from; moves on
 * @dev: whose DMA address @to is
 * @to: where to
 * @len: bytes; the packet has that many left
 */
void zcsim_dma_copy(struct zcsim_reader *rd, struct device *dev, dma_addr_t to,
		    u32 len)
{
	zcsim_dma_read(rd, zcsim_dma_virt(dev, to), len);
}

/**
 * zcsim_dma_copy_csum() - copy, and sum up what is copied
 * @rd: where from; moves on
 * @dev: whose DMA address @to is
 * @to: where to
 * @len: bytes; the packet has that many left
 *
 * Return: the sum, not folded.
 */
__wsum zcsim_dma_copy_csum(struct zcsim_reader *rd, struct device *dev,
			   dma_addr_t to, u32 len)
{
	void *virt = zcsim_dma_virt(dev, to);
	__wsum sum = 0;
	u32 done = 0;

	while (done < len) {
		u32 n = len - done;
		const void *from = zcsim_dma_next(rd, &n);

		sum = csum_block_add(sum,
				     csum_partial_copy_nocheck(from, virt + done,
							       n),
				     done);
		done += n;
	}
	return sum;
}

/**
 * zcsim_dma_flip() - flip a bit
 * @dev: whose DMA address it is
 * @at: where
 */
void zcsim_dma_flip(struct device *dev, dma_addr_t at)
{
	*(u8 *)zcsim_dma_virt(dev, at) ^= 0x10;
}
