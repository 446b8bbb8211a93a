/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#include "zc_bench.h"

/**
 * struct bench - one row of the benchmark
 * @tcp: TCP, not UDP
 * @size: bytes of each send
 * @stride: from one buffer to the next
 * @mem: ZC_BENCH_BUFS buffers
 * @sock: socket, connected
 * @module: /dev/zc_bench, or -1
 * @calls: system calls so far
 * @notes: notifications read so far
 * @check: have the kernel tell whether it copied, where that is not for free
 */
struct bench {
	bool		tcp;
	size_t		size;
	size_t		stride;
	char		*mem;
	int		sock;
	int		module;
	unsigned long	calls;
	unsigned long	notes;
	bool		check;
};

static inline char *bench_buf(const struct bench *b, unsigned int i)
{
	return b->mem + i * b->stride;
}

rlim_t memlock(rlim_t bytes);

/* uring.c */
void uring_setup(struct bench *b, bool fixed);
void uring_round(struct bench *b, bool fixed, unsigned int per_enter);

#endif /* BENCH_H */
