/* SPDX-License-Identifier: GPL-2.0 */
/* What the selftests ask of zc_seg_test.ko: a message out of all kinds of memory. */
#ifndef _NET_ZEROCOPY_SEG_TEST_H
#define _NET_ZEROCOPY_SEG_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ZST_SEGS	64

enum zst_kind {
	ZST_SLAB,		/* kmalloc() of any size */
	ZST_CACHE,		/* an object of a slab cache, at most 256 bytes */
	ZST_VMALLOC,
	ZST_STATIC,		/* the module's data, at most 8 KiB */
	ZST_STACK,		/* at most 256 bytes a message */
	ZST_FRAG,		/* zc_frag_alloc() */
	ZST_FOLIO,		/* compound pages */
	ZST_TAILS,		/* pages that are not compound */
	ZST_BVEC,		/* single pages, each with its bio_vec */
	ZST_KINDS,		/* of memory; and what is none: */
	ZST_NONE = ZST_KINDS,
};

#define ZST_F_KEEP	1	/* no cleanup: copied */

struct zst_seg {
	__u32	kind;
	__u32	flags;
	__u32	len;
	__u32	offset;		/* of the first byte, into its memory */
};

enum zst_mode {
	ZST_ONCE,		/* zc_send_ksegs() */
	ZST_ALL,		/* zc_sendmsg() until all of it is sent */
	ZST_PLAIN,		/* kernel_sendmsg() */
};

struct zst_send {
	__s32		fd;
	__u32		mode;
	__u32		msg_flags;
	__u32		nr;
	__u64		data;		/* the bytes of the message */
	struct zst_seg	segs[ZST_SEGS];
	__s32		ret;		/* what the call returned */
	__u32		calls;		/* how many it took */
	__u32		called;		/* cleanups by the time it returned */
	__u32		pad;
};

struct zst_status {
	__u32	segs;		/* segments with a cleanup */
	__u32	called;		/* cleanups */
	__u32	twice;		/* of one segment */
	__u32	moved;		/* memory whose page count changed that must not */
	__u32	copied;		/* cleanups that say so */
	__u32	written;	/* memory that is not what it was */
	__u32	lends;		/* this kernel lends what has no page count */
	__u32	pad;
	__u64	sent;		/* bytes, as the cleanups say */
};

/* The same memory of the program to each of them, out of one source */
struct zst_write {
	__s32	tcp;
	__s32	udp;		/* as much as a datagram of @datagram bytes has */
	__s32	file;
	__u32	datagram;
	__u64	addr;
	__u64	len;
	__s64	written;	/* what the calls returned */
	__s32	sent_tcp;
	__s32	sent_udp;
};

#define ZST_SEND	_IOWR('z', 0x70, struct zst_send)
#define ZST_STATUS	_IOR('z', 0x71, struct zst_status)
#define ZST_WRITE	_IOWR('z', 0x72, struct zst_write)

#endif /* _NET_ZEROCOPY_SEG_TEST_H */
