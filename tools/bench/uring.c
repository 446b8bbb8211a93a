// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring's SEND_ZC, with nothing between us and the kernel: a ring that one
 * thread uses, with a registered file and, if wanted, registered buffers.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench.h"
#include "measure.h"
#include "ring.h"

/* Since 6.2; Debian 12 has the headers of 6.1. */
#ifndef IORING_SEND_ZC_REPORT_USAGE
#define IORING_SEND_ZC_REPORT_USAGE	0x8
#define IORING_NOTIF_USAGE_ZC_COPIED	0x80000000U
#endif

#define ENTRIES	ZC_BENCH_BUFS

static struct ring ring;
static unsigned int unsent, notes_due;

static void uring_register(unsigned int what, void *arg, unsigned int nr)
{
	if (ring_register(&ring, what, arg, nr) < 0)
		fail("io_uring_register");
}

static void uring_register_bufs(struct bench *b)
{
	struct iovec iov[ZC_BENCH_BUFS];
	unsigned int i;
	rlim_t was;

	for (i = 0; i < ZC_BENCH_BUFS; i++) {
		iov[i].iov_base = bench_buf(b, i);
		iov[i].iov_len = b->size;
	}
	/* It all counts, and for as long as the ring lives. */
	was = memlock(RLIM_INFINITY);
	uring_register(IORING_REGISTER_BUFFERS, iov, ZC_BENCH_BUFS);
	memlock(was);
}

void uring_setup(struct bench *b, bool fixed)
{
	ring_open(&ring, ENTRIES, 4 * ENTRIES, 0);
	uring_register(IORING_REGISTER_FILES, &b->sock, 1);
	if (fixed)
		uring_register_bufs(b);
}

static void uring_queue(struct bench *b, unsigned int i, bool fixed)
{
	unsigned int tail = *ring.sq_tail;
	struct io_uring_sqe *sqe = &ring.sqes[tail & ring.sq_mask];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_SEND_ZC;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->addr = (uintptr_t)bench_buf(b, i);
	sqe->len = b->size;
	sqe->msg_flags = MSG_WAITALL;
	if (fixed) {
		sqe->ioprio = IORING_RECVSEND_FIXED_BUF;
		sqe->buf_index = i;
	}
	if (b->check)
		sqe->ioprio |= IORING_SEND_ZC_REPORT_USAGE;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
}

static void uring_reap(struct bench *b)
{
	unsigned int tail = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
	unsigned int head = *ring.cq_head;

	for (; head != tail; head++) {
		const struct io_uring_cqe *cqe = &ring.cqes[head & ring.cq_mask];

		if (cqe->flags & IORING_CQE_F_NOTIF) {
			if (b->check &&
			    cqe->res & IORING_NOTIF_USAGE_ZC_COPIED) {
				errno = 0;
				fail("this send was copied: nothing to compare");
			}
			b->notes++;
			notes_due--;
			continue;
		}
		if (cqe->res != (int)b->size) {
			errno = cqe->res < 0 ? -cqe->res : 0;
			fail("SEND_ZC");
		}
		unsent--;
		if (cqe->flags & IORING_CQE_F_MORE)
			notes_due++;
	}
	__atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
}

static void uring_enter(struct bench *b, unsigned int submit,
			unsigned int wait)
{
	b->calls++;
	if (syscall(__NR_io_uring_enter, ring.fd, submit, wait,
		    IORING_ENTER_GETEVENTS, NULL, 0) != submit)
		fail("io_uring_enter");
	uring_reap(b);
}

void uring_round(struct bench *b, bool fixed, unsigned int per_enter)
{
	unsigned int i, j;

	for (i = 0; i < ZC_BENCH_BUFS; i += per_enter) {
		for (j = i; j < i + per_enter; j++)
			uring_queue(b, j, fixed);
		unsent += per_enter;
		/* Each is waited for, as send() does. */
		uring_enter(b, per_enter, per_enter);
		while (unsent)
			uring_enter(b, 0, 1);
	}
	while (notes_due)
		uring_enter(b, 0, 1);
}
