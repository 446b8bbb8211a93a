/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZC_BENCH_H
#define ZC_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ZC_BENCH_PORT	7100
#define ZC_BENCH_BUFS	64

/**
 * struct zc_bench_attach - have a socket send at the floor from now on
 * @addr: buffers, pinned here; a multiple of the page size
 * @len: bytes of each, and of each send
 * @stride: from one buffer to the next, a multiple of the page size
 * @nr: buffers, at most ZC_BENCH_BUFS
 * @fd: socket
 * @splice: with MSG_SPLICE_PAGES; otherwise lent, without references
 * @pad: 0
 */
struct zc_bench_attach {
	__u64	addr;
	__u64	len;
	__u64	stride;
	__u32	nr;
	__s32	fd;
	__u32	splice;
	__u32	pad;
};

#define ZC_BENCH_ATTACH	_IOW('z', 0x60, struct zc_bench_attach)
/* The argument is an interface index in the caller's network namespace */
#define ZC_BENCH_SINK	_IO('z', 0x61)
/* From now on look at what the sender is charged for, at each packet */
#define ZC_BENCH_WATCH	_IO('z', 0x62)
/* No longer; the most pages there were */
#define ZC_BENCH_PEAK	_IOR('z', 0x63, __u64)

#endif /* ZC_BENCH_H */
