// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring's zero-copy receive: an area that a queue fills, one multishot
 * request, a completion for each piece, and a ring of buffers to be given back,
 * which the kernel looks into when the NIC needs some.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "measure.h"
#include "receive.h"
#include "ring.h"

/* include/uapi/linux/io_uring.h, io_uring/zcrx.h: newer than what is installed here */
#define OP_RECV_ZC		58
#define REGISTER_ZCRX_IFQ	32
#define REGION_USER		1
#define AREA_SHIFT		48
#define EVENT_STATS		1
#ifndef IORING_RECV_MULTISHOT
#define IORING_RECV_MULTISHOT	0x2
#endif

struct zcrx_rqe {
	uint64_t	off;
	uint32_t	len;
	uint32_t	pad;
};

struct zcrx_area {
	uint64_t	addr;
	uint64_t	len;
	uint64_t	token;
	uint32_t	flags;
	uint32_t	dmabuf;
	uint64_t	reserved[2];
};

struct zcrx_region {
	uint64_t	addr;
	uint64_t	size;
	uint32_t	flags;
	uint32_t	id;
	uint64_t	offset;
	uint64_t	reserved[4];
};

struct zcrx_stats {
	uint64_t	count;
	uint64_t	bytes;
};

struct zcrx_event {
	uint64_t	user_data;
	uint32_t	types;
	uint32_t	flags;
	uint64_t	stats;
	uint64_t	reserved[9];
};

struct zcrx_register {
	uint32_t	ifindex;
	uint32_t	queue;
	uint32_t	entries;
	uint32_t	flags;
	uint64_t	area;
	uint64_t	region;
	uint32_t	head;
	uint32_t	tail;
	uint32_t	rqes;
	uint32_t	reserved0;
	uint64_t	reserved1[2];
	uint32_t	id;
	uint32_t	buffer;
	uint64_t	event;
	uint64_t	reserved2[2];
};

/* A completion of a ring with IORING_SETUP_CQE32. */
struct zcrx_cqe {
	struct io_uring_cqe	cqe;
	uint64_t		off;
	uint64_t		pad;
};

#define CQES	4096
#define REFILLS	4096U

static struct ring ring;
static uint32_t zcrx_id;

/* What goes back. */
static struct {
	unsigned int		*tail;
	struct zcrx_rqe		*rqes;
	const struct zcrx_stats	*stats;
	uint64_t		token;
} refill;

void zcrx_bind(struct receive *r)
{
	struct zcrx_area area = { .len = RECEIVE_AREA };
	struct zcrx_region region = { .flags = REGION_USER };
	struct zcrx_event event = { .flags = EVENT_STATS };
	struct zcrx_register reg = {
		.ifindex = r->ifindex,
		.queue = RECEIVE_QUEUE,
		.entries = REFILLS,
		.area = (uintptr_t)&area,
		.region = (uintptr_t)&region,
		.event = (uintptr_t)&event,
	};
	char *map;

	ring_open(&ring, 8, CQES, IORING_SETUP_CQE32);
	area.addr = (uintptr_t)receive_memory(RECEIVE_AREA);
	/* Indices, entries, and behind them what was copied. */
	region.size = 4096 + REFILLS * sizeof(struct zcrx_rqe) + 4096;
	map = receive_memory(region.size);
	region.addr = (uintptr_t)map;
	event.stats = region.size - 4096;
	if (ring_register(&ring, REGISTER_ZCRX_IFQ, &reg, 1) < 0)
		fail("io_uring zcrx");
	refill.tail = (unsigned int *)(map + reg.tail);
	refill.rqes = (struct zcrx_rqe *)(map + reg.rqes);
	refill.stats = (struct zcrx_stats *)(map + event.stats);
	refill.token = area.token;
	zcrx_id = reg.id;
}

/* Wait for @wait completions, submit the requests that are new. */
static void zcrx_enter(struct receive *r, unsigned int submit,
		       unsigned int wait)
{
	r->calls++;
	if (syscall(__NR_io_uring_enter, ring.fd, submit, wait,
		    IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		fail("io_uring_enter");
}

static void zcrx_queue(void)
{
	unsigned int tail = *ring.sq_tail;
	struct io_uring_sqe *sqe = &ring.sqes[tail & ring.sq_mask];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = OP_RECV_ZC;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->ioprio = IORING_RECV_MULTISHOT;
	sqe->file_index = zcrx_id;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
}

void zcrx_attach(struct receive *r)
{
	if (ring_register(&ring, IORING_REGISTER_FILES, &r->sock, 1) < 0)
		fail("io_uring file");
	zcrx_queue();
	zcrx_enter(r, 1, 0);
}

void zcrx_take(struct receive *r)
{
	const struct zcrx_cqe *cqes = (struct zcrx_cqe *)ring.cqes;
	unsigned int head = *ring.cq_head, tail, back = *refill.tail;
	size_t left = r->size;
	bool again = false;

	while (left) {
		tail = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
		if (head == tail) {
			zcrx_enter(r, again, 1);
			again = false;
			continue;
		}
		for (; head != tail; head++) {
			const struct zcrx_cqe *c = &cqes[head & ring.cq_mask];
			struct zcrx_rqe *rqe;

			if (c->cqe.res <= 0 || (size_t)c->cqe.res > left) {
				errno = -c->cqe.res;
				fail("RECV_ZC");
			}
			if (!(c->cqe.flags & IORING_CQE_F_MORE)) {
				zcrx_queue();
				again = true;
			}
			r->frags++;
			left -= c->cqe.res;
			rqe = &refill.rqes[back++ & (REFILLS - 1)];
			rqe->off = (c->off & ((1ULL << AREA_SHIFT) - 1)) |
				   refill.token;
			rqe->len = c->cqe.res;
		}
		__atomic_store_n(refill.tail, back, __ATOMIC_RELEASE);
		__atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
	}
	r->copied = __atomic_load_n(&refill.stats->bytes, __ATOMIC_RELAXED);
}
