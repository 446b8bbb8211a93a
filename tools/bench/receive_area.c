// SPDX-License-Identifier: GPL-2.0
/*
 * Our receiver: an area, whose buffers a bound queue fills or the CPU copies
 * into; one call for what has come, and tokens that go back without one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/zerocopy_rx.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure.h"
#include "receive.h"

static struct zerocopy_rx_ring *ring;
static const struct zerocopy_rx_frag *frags;
static struct zerocopy_rx_refill *refills;
static uint32_t area_index;
static int receiver;

static const char *reason_text(unsigned int reason)
{
	switch (reason) {
	case ZEROCOPY_RX_WHY_DEVICE:
		return "the NIC cannot";
	case ZEROCOPY_RX_WHY_SYNC:
		return "the NIC's DMA needs bounce buffers or syncs";
	case ZEROCOPY_RX_WHY_KERNEL:
		return "this kernel cannot";
	case ZEROCOPY_RX_WHY_AREA:
		return "the area is not contiguous";
	default:
		return "nobody says why";
	}
}

void area_open(struct receive *r)
{
	struct zerocopy_rx_open open_rx = { .size = sizeof(open_rx) };
	struct zerocopy_area_register reg = {
		.size = sizeof(reg),
		.flags = ZEROCOPY_AREA_RECEIVE,
		.length = RECEIVE_AREA,
	};
	struct zerocopy_rx_area area = { .size = sizeof(area), };
	int fd = open("/dev/zerocopy", O_RDWR | O_CLOEXEC);
	char *map;

	if (fd < 0)
		fail("/dev/zerocopy");
	receiver = ioctl(fd, ZEROCOPY_IOC_RX_OPEN, &open_rx);
	if (receiver < 0 && (errno == EOPNOTSUPP || errno == ENOTTY))
		leave_out(r, "zerocopy_rx.ko is not there");
	if (receiver < 0)
		fail("ZEROCOPY_IOC_RX_OPEN");
	map = mmap(NULL, open_rx.length, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, receiver, 0);
	if (map == MAP_FAILED)
		fail("receiver");
	ring = (struct zerocopy_rx_ring *)map;
	frags = (struct zerocopy_rx_frag *)(map + ring->frags);
	refills = (struct zerocopy_rx_refill *)(map + ring->refills);
	if (ring->frag_size != sizeof(*frags) ||
	    ring->refill_size != sizeof(*refills)) {
		errno = 0;
		fail("another layout of the rings");
	}
	reg.addr = (uintptr_t)receive_memory(RECEIVE_AREA);
	if (ioctl(fd, ZEROCOPY_IOC_AREA_REGISTER, &reg))
		fail("ZEROCOPY_IOC_AREA_REGISTER");
	area.zerocopy = fd;
	area.area = reg.area;
	if (ioctl(receiver, ZEROCOPY_IOC_RX_AREA, &area))
		fail("ZEROCOPY_IOC_RX_AREA");
	area_index = area.index;
}

void area_bind(struct receive *r)
{
	struct zerocopy_rx_bind bind = {
		.size = sizeof(bind),
		.ifindex = r->ifindex,
		.queue = RECEIVE_QUEUE,
	};

	area_open(r);
	bind.index = area_index;
	if (ioctl(receiver, ZEROCOPY_IOC_RX_BIND, &bind)) {
		if (errno == EOPNOTSUPP || errno == ENOTTY)
			leave_out(r, "zerocopy_rx.ko cannot bind a queue");
		fail("ZEROCOPY_IOC_RX_BIND");
	}
	if (bind.backend == ZEROCOPY_RX_COPY)
		leave_out(r, reason_text(bind.reason));
	if (bind.backend == ZEROCOPY_RX_DMABUF)
		queue_bind_dmabuf(r->ifindex, bind.dmabuf);
}

void area_attach(struct receive *r)
{
	struct zerocopy_rx_attach attach = {
		.size = sizeof(attach),
		.socket = r->sock,
	};

	if (ioctl(receiver, ZEROCOPY_IOC_RX_ATTACH, &attach))
		fail("ZEROCOPY_IOC_RX_ATTACH");
}

void area_take(struct receive *r)
{
	struct zerocopy_rx_recv recv = { .size = sizeof(recv) };
	uint32_t head = ring->frag_head, back = ring->refill_tail, tail;
	size_t left = r->size;

	while (left) {
		r->calls++;
		if (ioctl(receiver, ZEROCOPY_IOC_RX_RECV, &recv) < 0)
			fail("ZEROCOPY_IOC_RX_RECV");
		tail = __atomic_load_n(&ring->frag_tail, __ATOMIC_ACQUIRE);
		for (; head != tail; head++) {
			const struct zerocopy_rx_frag *f =
				&frags[head & (ring->frag_entries - 1)];
			struct zerocopy_rx_refill *refill =
				&refills[back++ & (ring->refill_entries - 1)];

			if (f->flags & ZEROCOPY_RX_EOF || f->length > left) {
				errno = f->reason;
				fail("fragment");
			}
			r->frags++;
			left -= f->length;
			refill->index = f->index;
			refill->token = f->token;
		}
		__atomic_store_n(&ring->refill_tail, back, __ATOMIC_RELEASE);
		__atomic_store_n(&ring->frag_head, head, __ATOMIC_RELEASE);
	}
	r->copied = ring->copied;
}
