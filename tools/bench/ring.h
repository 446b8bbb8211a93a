/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RING_H
#define RING_H

#include <linux/io_uring.h>

/**
 * struct ring - an io_uring of one thread, with nothing between it and the kernel
 * @fd: its file descriptor
 * @sq_tail: next submission to be written
 * @sq_mask: entries - 1
 * @cq_head: next completion to be read
 * @cq_tail: behind the last one that is there
 * @cq_mask: entries - 1
 * @sqes: submissions, each in its own place
 * @cqes: completions
 */
struct ring {
	int			fd;
	unsigned int		*sq_tail;
	unsigned int		sq_mask;
	unsigned int		*cq_head;
	unsigned int		*cq_tail;
	unsigned int		cq_mask;
	struct io_uring_sqe	*sqes;
	struct io_uring_cqe	*cqes;
};

void ring_open(struct ring *ring, unsigned int entries,
	       unsigned int cq_entries, unsigned int flags);
int ring_register(const struct ring *ring, unsigned int what, void *arg,
		  unsigned int nr);

#endif /* RING_H */
