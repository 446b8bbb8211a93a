// SPDX-License-Identifier: GPL-2.0
/*
 * An io_uring that one thread uses.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "measure.h"
#include "ring.h"

/* @flags: besides those that are cheapest for one thread. */
void ring_open(struct ring *ring, unsigned int entries,
	       unsigned int cq_entries, unsigned int flags)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
			 flags,
		.cq_entries = cq_entries,
	};
	size_t cqe = sizeof(*ring->cqes);
	unsigned int *array, i;
	char *map;

	if (flags & IORING_SETUP_CQE32)
		cqe *= 2;
	ring->fd = syscall(__NR_io_uring_setup, entries, &p);
	if (ring->fd < 0)
		fail("io_uring_setup");
	map = mmap(NULL, p.cq_off.cqes + p.cq_entries * cqe,
		   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
		   IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, p.sq_entries * sizeof(*ring->sqes),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	if (map == MAP_FAILED || (void *)ring->sqes == MAP_FAILED)
		fail("io_uring mmap");
	ring->sq_tail = (unsigned int *)(map + p.sq_off.tail);
	ring->sq_mask = p.sq_entries - 1;
	ring->cq_head = (unsigned int *)(map + p.cq_off.head);
	ring->cq_tail = (unsigned int *)(map + p.cq_off.tail);
	ring->cq_mask = p.cq_entries - 1;
	ring->cqes = (struct io_uring_cqe *)(map + p.cq_off.cqes);
	array = (unsigned int *)(map + p.sq_off.array);
	for (i = 0; i < p.sq_entries; i++)
		array[i] = i;
}

/* Returns what the kernel does, or -1 with errno set. */
int ring_register(const struct ring *ring, unsigned int what, void *arg,
		  unsigned int nr)
{
	return syscall(__NR_io_uring_register, ring->fd, what, arg, nr);
}
