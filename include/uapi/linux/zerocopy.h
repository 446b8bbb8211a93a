/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/zerocopy: memory that is registered once and then sent without being
 * pinned again, and a page that says which sends are complete. See
 * Documentation/networking/zerocopy-layer.rst.
 *
 * Each argument begins with its own size, as the program was compiled. A kernel
 * that knows more takes what is missing as zero; one that knows less answers
 * E2BIG to what it does not know, unless that is zero.
 *
 * A shared mapping of it, from offset 0, is memory in pieces as large as there
 * are, to be registered like any other. It is charged to RLIMIT_MEMLOCK and to
 * the memory cgroup while it is mapped or an area has it, in place of the area;
 * children do not inherit it.
 */
#ifndef _UAPI_LINUX_ZEROCOPY_H
#define _UAPI_LINUX_ZEROCOPY_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ZEROCOPY_IOC_MAGIC	0xBC

/* zerocopy_area_register.flags: what the area is for */
#define ZEROCOPY_AREA_SEND	0x1
#define ZEROCOPY_AREA_RECEIVE	0x2	/* writable; anonymous, shmem or hugetlb */

/**
 * struct zerocopy_area_register - register memory of the calling process
 * @size: sizeof(struct zerocopy_area_register)
 * @flags: ZEROCOPY_AREA_SEND, ZEROCOPY_AREA_RECEIVE, or both
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
 * @loans: out: how many pieces of it are in flight now, and one more while a
 *	receiver uses it
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

/* zerocopy_completion.flags */
#define ZEROCOPY_COMPLETION_EVENTFD	0x1	/* eventfd is one */

/**
 * struct zerocopy_completion - open the completion page of a socket
 * @size: sizeof(struct zerocopy_completion)
 * @flags: 0 or ZEROCOPY_COMPLETION_EVENTFD
 * @socket: a TCP or UDP socket with SO_ZEROCOPY
 * @eventfd: signalled with each change, or 0
 * @entries: how many sends the page can follow at a time: a power of two from
 *	64 to 8192, or 0 to leave it to the kernel; out: how many
 * @length: 0; out: bytes to map
 *
 * The ioctl returns a new file descriptor: map it (read-only, shared), poll it.
 */
struct zerocopy_completion {
	__u32	size;
	__u32	flags;
	__s32	socket;
	__s32	eventfd;
	__u32	entries;
	__u32	length;
};

/* What the page says of one id that is behind zerocopy_page.done */
#define ZEROCOPY_CODE_COPIED	0x1	/* as SO_EE_CODE_ZEROCOPY_COPIED */
#define ZEROCOPY_CODE_PASSED	0x2	/* reported by the error queue, not here */

/**
 * struct zerocopy_page - what is mapped
 * @codes: offset of the codes in the page: one byte for an id, that of id n at
 *	n modulo @entries
 * @entries: how many codes there are
 * @first: ids before this one are reported by the error queue
 * @reserved: 0
 * @progress: the lower 32 bits of @done, and below them how many bytes of that
 *	very send have come back, from its beginning on
 * @done: every send with a smaller id is complete, unless its code is
 *	ZEROCOPY_CODE_PASSED. The lower 32 bits are an id
 * @next: the id behind the last that the page follows. Codes that are still to
 *	be believed are those of ids not smaller than @next - @entries
 * @copied: how many ids below @done are ZEROCOPY_CODE_COPIED
 * @passed: how many are ZEROCOPY_CODE_PASSED
 * @reserved2: 0
 *
 * Read @progress or @done with acquire semantics, the rest behind that; read
 * @next behind the codes.
 */
struct zerocopy_page {
	__u32	codes;
	__u32	entries;
	__aligned_u64 first;
	__aligned_u64 reserved[6];
	__aligned_u64 progress;
	__aligned_u64 done;
	__aligned_u64 next;
	__aligned_u64 copied;
	__aligned_u64 passed;
	__aligned_u64 reserved2[3];
};

#define ZEROCOPY_IOC_AREA_REGISTER	_IO(ZEROCOPY_IOC_MAGIC, 0)
#define ZEROCOPY_IOC_AREA_UNREGISTER	_IO(ZEROCOPY_IOC_MAGIC, 1)
#define ZEROCOPY_IOC_AREA_QUERY		_IO(ZEROCOPY_IOC_MAGIC, 2)
#define ZEROCOPY_IOC_COMPLETION		_IO(ZEROCOPY_IOC_MAGIC, 3)

#endif /* _UAPI_LINUX_ZEROCOPY_H */
