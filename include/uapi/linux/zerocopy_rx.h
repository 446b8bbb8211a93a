/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Receiving TCP payload into areas of one's own: what zerocopy_rx.ko adds to
 * /dev/zerocopy. See Documentation/networking/zerocopy-rx.rst.
 *
 * A receiver is a file descriptor: memory (areas that were registered with
 * ZEROCOPY_AREA_RECEIVE), sockets that are attached to it, and two rings in one
 * mapping. Received data lies in buffers of the areas; a fragment record says
 * where. Whoever is done with it puts the fragment's token on the refill ring,
 * without a system call.
 *
 * As in zerocopy.h each argument begins with its own size.
 */
#ifndef _UAPI_LINUX_ZEROCOPY_RX_H
#define _UAPI_LINUX_ZEROCOPY_RX_H

#include <linux/types.h>
#include <linux/zerocopy.h>

/* How data gets into an area */
#define ZEROCOPY_RX_COPY	1	/* the CPU copies it */
#define ZEROCOPY_RX_DMABUF	2	/* the NIC puts it there, as a DMA-BUF */
#define ZEROCOPY_RX_PROVIDER	3	/* the NIC puts it there, page_pool provider */

/* zerocopy_rx_open.flags */
#define ZEROCOPY_RX_EVENTFD	0x1	/* eventfd is one */

/**
 * struct zerocopy_rx_open - open a receiver; an ioctl of /dev/zerocopy
 * @size: sizeof(struct zerocopy_rx_open)
 * @flags: 0 or ZEROCOPY_RX_EVENTFD
 * @eventfd: signalled when a socket has something to receive, or 0
 * @frags: entries of the fragment ring: a power of two from 64 to 65536, or 0 to
 *	leave it to the kernel; out: how many
 * @refills: entries of the refill ring, likewise
 * @length: 0; out: bytes to map
 *
 * The ioctl returns a new file descriptor, the receiver: map it (read and write,
 * shared, from offset 0), poll it, and use the ioctls below on it.
 */
struct zerocopy_rx_open {
	__u32	size;
	__u32	flags;
	__s32	eventfd;
	__u32	frags;
	__u32	refills;
	__u32	length;
};

/**
 * struct zerocopy_rx_area - let a receiver use an area
 * @size: sizeof(struct zerocopy_rx_area)
 * @zerocopy: the /dev/zerocopy that the area is registered with
 * @area: its number there
 * @buffer: bytes of one buffer: a power of two from 4096 to 2 MiB that divides
 *	the area, or 0 to leave it to the kernel; out: how many
 * @index: 0; out: what fragments and refills call the area, counted from 0
 * @flags: 0
 */
struct zerocopy_rx_area {
	__u32	size;
	__s32	zerocopy;
	__u32	area;
	__u32	buffer;
	__u32	index;
	__u32	flags;
};

/* zerocopy_rx_attach.flags */
#define ZEROCOPY_RX_CHILDREN	0x1	/* a listener: whatever it accepts, too */

/**
 * struct zerocopy_rx_attach - receive what comes for a TCP socket
 * @size: sizeof(struct zerocopy_rx_attach)
 * @socket: a TCP socket, connected, or a listener with ZEROCOPY_RX_CHILDREN
 * @flags: 0 or ZEROCOPY_RX_CHILDREN
 * @reserved: 0
 * @cookie: 0; out: as SO_COOKIE, what fragments call the socket
 *
 * What was queued before comes first.
 */
struct zerocopy_rx_attach {
	__u32	size;
	__s32	socket;
	__u32	flags;
	__u32	reserved;
	__aligned_u64 cookie;
};

/**
 * struct zerocopy_rx_detach - leave a socket to recv() again
 * @size: sizeof(struct zerocopy_rx_detach)
 * @socket: the socket; a child of an attached listener declines with it
 *
 * Data that was not received yet is recv()'s. The socket can be attached again,
 * but no other upper layer protocol (kTLS, ...) can, and until it is closed it
 * keeps zerocopy_rx.ko.
 */
struct zerocopy_rx_detach {
	__u32	size;
	__s32	socket;
};

/* zerocopy_rx_recv.flags */
#define ZEROCOPY_RX_DONTWAIT	0x1

/**
 * struct zerocopy_rx_recv - put what has come on the fragment ring
 * @size: sizeof(struct zerocopy_rx_recv)
 * @flags: 0 or ZEROCOPY_RX_DONTWAIT
 * @max: fragments at most, 0 for as many as fit on the ring
 * @reserved: 0
 *
 * The ioctl returns how many fragments it added, at least 1. Errors: EAGAIN if
 * it would have to wait, ENOBUFS if there is data and no free buffer, ENOSPC if
 * there is data and the ring is full, ERANGE if the program's index of a ring is
 * none, EINTR, ENODEV if the receiver has no area that can be used (any more).
 */
struct zerocopy_rx_recv {
	__u32	size;
	__u32	flags;
	__u32	max;
	__u32	reserved;
};

/**
 * struct zerocopy_rx_query - look at an attached socket
 * @size: sizeof(struct zerocopy_rx_query)
 * @socket: the socket
 * @cookie: 0; out: as SO_COOKIE
 * @bytes: 0; out: received through the receiver
 * @copied: 0; out: bytes of these that the CPU copied
 * @backend: 0; out: ZEROCOPY_RX_COPY, ..., of the last fragment with data
 * @index: 0; out: the area of that fragment
 */
struct zerocopy_rx_query {
	__u32	size;
	__s32	socket;
	__aligned_u64 cookie;
	__aligned_u64 bytes;
	__aligned_u64 copied;
	__u32	backend;
	__u32	index;
};

/**
 * struct zerocopy_rx_bind - have a NIC's receive queue fill an area
 * @size: sizeof(struct zerocopy_rx_bind)
 * @flags: 0
 * @index: the area, as zerocopy_rx_area.index
 * @ifindex: the NIC, in the caller's network namespace
 * @queue: its receive queue
 * @backend: 0; out: what became of it. ZEROCOPY_RX_COPY is not an error
 * @reason: 0; out: with ZEROCOPY_RX_COPY: why, ZEROCOPY_RX_WHY_...
 * @dmabuf: 0; out: with ZEROCOPY_RX_DMABUF: a file descriptor for the program to
 *	bind to the queue by netdev-genl (libzerocopy does)
 *
 * CAP_NET_ADMIN in the initial user namespace: who owns a queue sees what other
 * tasks receive. A rule that steers the flows there is the caller's to make.
 *
 * With ZEROCOPY_RX_DMABUF the DMA-BUF is the first part of the area, all but the
 * last eighth of its buffers (at least one), which stays for what has to be
 * copied: a buffer is the NIC's or the copies', never both. So bind before
 * anything is received: EBUSY if the program has a token of the first part. What
 * the NIC fills has a token for each page, whatever zerocopy_rx_area.buffer is.
 * The DMA-BUF is the receiver's: it may be bound to another queue of the same
 * device when no queue has it and all tokens of it are back, and when the receiver
 * is closed the area is free to be used again as soon as nobody has it.
 */
struct zerocopy_rx_bind {
	__u32	size;
	__u32	flags;
	__u32	index;
	__u32	ifindex;
	__u32	queue;
	__u32	backend;
	__u32	reason;
	__s32	dmabuf;
};

/* zerocopy_rx_frag.flags */
#define ZEROCOPY_RX_COPIED	0x1	/* by the CPU; reason says why */
#define ZEROCOPY_RX_LINEAR	0x2	/* of these, it lay in the packet's head */
#define ZEROCOPY_RX_EOF		0x4	/* no data, no token: the last of a socket */
#define ZEROCOPY_RX_NEW		0x8	/* no data, no token: a child of a listener */

/* zerocopy_rx_frag.reason with ZEROCOPY_RX_COPIED */
#define ZEROCOPY_RX_WHY_UNBOUND	1	/* no queue is bound to an area */
#define ZEROCOPY_RX_WHY_HOST	2	/* it came another way, in host memory */
#define ZEROCOPY_RX_WHY_LINEAR	3	/* in the packet's head */
#define ZEROCOPY_RX_WHY_FOREIGN	4	/* in somebody else's area */
#define ZEROCOPY_RX_WHY_DEVICE	5	/* the NIC cannot (bind: no split, no DMA) */
#define ZEROCOPY_RX_WHY_SYNC	6	/* its DMA needs bounce buffers or syncs */
#define ZEROCOPY_RX_WHY_KERNEL	7	/* the kernel cannot */
#define ZEROCOPY_RX_WHY_AREA	8	/* its buffers are not what the NIC needs */
#define ZEROCOPY_RX_WHY_RESERVE	9	/* the program has most of the NIC's pages */

/**
 * struct zerocopy_rx_frag - one entry of the fragment ring
 * @cookie: which socket, as SO_COOKIE
 * @offset: first byte in the area; ZEROCOPY_RX_NEW: the listener's cookie
 * @length: bytes
 * @index: the area
 * @token: to be given back
 * @flags: ZEROCOPY_RX_COPIED, ...
 * @reason: ZEROCOPY_RX_COPIED: why; ZEROCOPY_RX_EOF: the socket's error, an
 *	errno, or 0 if the peer just closed
 */
struct zerocopy_rx_frag {
	__aligned_u64 cookie;
	__aligned_u64 offset;
	__u32	length;
	__u32	index;
	__u32	token;
	__u16	flags;
	__u16	reason;
};

/**
 * struct zerocopy_rx_refill - one entry of the refill ring
 * @index: the area
 * @token: of a fragment whose data nobody needs any more
 */
struct zerocopy_rx_refill {
	__u32	index;
	__u32	token;
};

/* zerocopy_rx_ring.flags */
#define ZEROCOPY_RX_STARVED	0x1	/* data waits for tokens to come back */

/**
 * struct zerocopy_rx_ring - the first page of the mapping
 * @frags: offset of the fragment ring in the mapping
 * @frag_entries: its entries, a power of two
 * @frag_size: bytes from one to the next
 * @refills: offset of the refill ring
 * @refill_entries: its entries, a power of two
 * @refill_size: bytes from one to the next
 * @reserved: 0
 * @frag_tail: written by the kernel: behind the last fragment. Read it with
 *	acquire semantics
 * @flags: written by the kernel: ZEROCOPY_RX_STARVED
 * @reserved1: 0
 * @frag_head: written by the program, with release semantics: the first fragment
 *	that it has not looked at yet
 * @reserved2: 0
 * @refill_tail: written by the program, with release semantics: behind the last
 *	refill
 * @reserved3: 0
 * @refill_head: written by the kernel: the first refill that it has not taken
 * @reserved4: 0
 * @bytes: written by the kernel, like all that follow: received
 * @copied: of these, copied by the CPU
 * @fragments: with data
 * @refilled: tokens that came back
 * @bad: refills that were none: wrong area, wrong token, not the program's
 * @starved: how often data found no free buffer
 * @reserved5: 0
 *
 * Indices count on for ever, modulo 2^32; an entry is that modulo the ring's
 * entries. The kernel never believes what it wrote here itself.
 */
struct zerocopy_rx_ring {
	__u32	frags;
	__u32	frag_entries;
	__u32	frag_size;
	__u32	refills;
	__u32	refill_entries;
	__u32	refill_size;
	__u32	reserved[10];
	__u32	frag_tail;
	__u32	flags;
	__u32	reserved1[14];
	__u32	frag_head;
	__u32	reserved2[15];
	__u32	refill_tail;
	__u32	reserved3[15];
	__u32	refill_head;
	__u32	reserved4[15];
	__aligned_u64 bytes;
	__aligned_u64 copied;
	__aligned_u64 fragments;
	__aligned_u64 refilled;
	__aligned_u64 bad;
	__aligned_u64 starved;
	__aligned_u64 reserved5[2];
};

#define ZEROCOPY_IOC_RX_OPEN	_IO(ZEROCOPY_IOC_MAGIC, 4)

/* Of a receiver */
#define ZEROCOPY_IOC_RX_AREA	_IO(ZEROCOPY_IOC_MAGIC, 16)
#define ZEROCOPY_IOC_RX_ATTACH	_IO(ZEROCOPY_IOC_MAGIC, 17)
#define ZEROCOPY_IOC_RX_DETACH	_IO(ZEROCOPY_IOC_MAGIC, 18)
#define ZEROCOPY_IOC_RX_RECV	_IO(ZEROCOPY_IOC_MAGIC, 19)
#define ZEROCOPY_IOC_RX_QUERY	_IO(ZEROCOPY_IOC_MAGIC, 20)
#define ZEROCOPY_IOC_RX_BIND	_IO(ZEROCOPY_IOC_MAGIC, 21)

#endif /* _UAPI_LINUX_ZEROCOPY_RX_H */
