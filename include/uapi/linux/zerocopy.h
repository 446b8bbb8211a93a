/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/zerocopy: memory that is registered once and then sent without being
 * pinned again. See Documentation/networking/zerocopy-layer.rst.
 *
 * Each argument begins with its own size, as the program was compiled. A kernel
 * that knows more takes what is missing as zero; one that knows less answers
 * E2BIG to what it does not know, unless that is zero.
 */
#ifndef _UAPI_LINUX_ZEROCOPY_H
#define _UAPI_LINUX_ZEROCOPY_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ZEROCOPY_IOC_MAGIC	0xBC

/* zerocopy_area_register.flags: what the area is for */
#define ZEROCOPY_AREA_SEND	0x1

/**
 * struct zerocopy_area_register - register memory of the calling process
 * @size: sizeof(struct zerocopy_area_register)
 * @flags: ZEROCOPY_AREA_SEND
 * @addr: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @area: out: the area's number, never 0; it belongs to the file descriptor
 * @reserved: 0
 */
struct zerocopy_area_register {
	__u32	size;
	__u32	flags;
	__aligned_u64 addr;
	__aligned_u64 length;
	__u32	area;
	__u32	reserved;
};

/**
 * struct zerocopy_area_unregister - give an area up
 * @size: sizeof(struct zerocopy_area_unregister)
 * @area: its number
 */
struct zerocopy_area_unregister {
	__u32	size;
	__u32	area;
};

/* zerocopy_area_query.state */
#define ZEROCOPY_AREA_VALID	1	/* sends find it */
#define ZEROCOPY_AREA_STALE	2	/* its memory was unmapped or replaced */

/**
 * struct zerocopy_area_query - look at an area
 * @size: sizeof(struct zerocopy_area_query)
 * @area: its number
 * @state: out: ZEROCOPY_AREA_VALID or ZEROCOPY_AREA_STALE
 * @loans: out: how many pieces of it are in flight now
 * @addr: out: first byte
 * @length: out: bytes
 * @pages: out: pages pinned for it, whole folios, as charged to
 *	RLIMIT_MEMLOCK; 0 as soon as it is stale and nothing is in flight
 * @ranges: out: physically contiguous pieces it consists of
 */
struct zerocopy_area_query {
	__u32	size;
	__u32	area;
	__u32	state;
	__u32	loans;
	__aligned_u64 addr;
	__aligned_u64 length;
	__aligned_u64 pages;
	__aligned_u64 ranges;
};

#define ZEROCOPY_IOC_AREA_REGISTER	_IO(ZEROCOPY_IOC_MAGIC, 0)
#define ZEROCOPY_IOC_AREA_UNREGISTER	_IO(ZEROCOPY_IOC_MAGIC, 1)
#define ZEROCOPY_IOC_AREA_QUERY		_IO(ZEROCOPY_IOC_MAGIC, 2)

#endif /* _UAPI_LINUX_ZEROCOPY_H */
