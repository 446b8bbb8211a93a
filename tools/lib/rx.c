// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Receivers. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

/* The kernel is believed, but an older or newer one may lay it out otherwise. */
static int rx_rings(struct zcpy_rx *rx, size_t length)
{
	const struct zerocopy_rx_ring *r = rx->ring;

	rx->frag_size = r->frag_size;
	rx->refill_size = r->refill_size;
	rx->frag_mask = r->frag_entries - 1;
	rx->refill_mask = r->refill_entries - 1;
	if (!r->frag_entries || r->frag_entries & rx->frag_mask ||
	    !r->refill_entries || r->refill_entries & rx->refill_mask ||
	    rx->frag_size < sizeof(struct zerocopy_rx_frag) ||
	    rx->refill_size < sizeof(struct zerocopy_rx_refill) ||
	    r->frags + (uint64_t)r->frag_entries * r->frag_size > length ||
	    r->refills + (uint64_t)r->refill_entries * r->refill_size > length)
		return -EPROTO;
	rx->frags = (const char *)r + r->frags;
	rx->refills = (char *)rx->ring + r->refills;
	rx->frag_head = r->frag_head;
	rx->refill_tail = r->refill_tail;
	return 0;
}

/**
 * zcpy_rx_open() - open a receiver
 * @dev: from zcpy_open(); may be closed afterwards, but for its areas
 * @frags: entries of the fragment ring: a power of two from 64 to 65536, or 0 to
 *	leave it to the kernel
 * @refills: entries of the refill ring, likewise
 * @eventfd: to be signalled when there is something to receive, or -1
 * @rx: out
 *
 * Return: 0, or a negative errno; EOPNOTSUPP if zerocopy_rx is not loaded.
 */
int zcpy_rx_open(int dev, unsigned int frags, unsigned int refills, int eventfd,
		 struct zcpy_rx **rx)
{
	struct zerocopy_rx_open o = {
		.size = sizeof(o), .frags = frags, .refills = refills,
	};
	struct rx *r;
	void *map;
	int err;

	if (eventfd >= 0) {
		o.flags = ZEROCOPY_RX_EVENTFD;
		o.eventfd = eventfd;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->rx.fd = ioctl(dev, ZEROCOPY_IOC_RX_OPEN, &o);
	if (r->rx.fd < 0) {
		err = -errno;
		goto err_free;
	}
	r->length = o.length;
	map = mmap(NULL, r->length, PROT_READ | PROT_WRITE, MAP_SHARED,
		   r->rx.fd, 0);
	if (map == MAP_FAILED) {
		err = -errno;
		goto err_close;
	}
	r->rx.ring = map;
	err = rx_rings(&r->rx, r->length);
	if (err)
		goto err_unmap;
	*rx = &r->rx;
	return 0;

err_unmap:
	munmap(map, r->length);
err_close:
	close(r->rx.fd);
err_free:
	free(r);
	return err;
}

/**
 * zcpy_rx_close() - close a receiver
 * @rx: from zcpy_rx_open(), or NULL
 *
 * Its sockets go on with recv(2); data in fragments must not be looked at any
 * more. Queues that were bound are the kernel's again.
 */
void zcpy_rx_close(struct zcpy_rx *rx)
{
	struct rx *r = (struct rx *)rx;
	unsigned int i;

	if (!r)
		return;
	for (i = 0; i < r->nr_bound; i++)
		close(r->bound[i]);
	munmap(rx->ring, r->length);
	close(rx->fd);
	free(r->bound);
	free(rx->areas);
	free(r);
}

/**
 * zcpy_rx_add_area() - let a receiver use an area
 * @rx: nobody else uses it meanwhile
 * @dev: where the area is registered, with ZEROCOPY_AREA_RECEIVE
 * @area: its number there
 * @buffer: in: bytes of one buffer, a power of two from 4096 to 2 MiB, or 0 to
 *	leave it to the kernel; out: how many. NULL is as 0
 *
 * Return: its index, as in fragments, or a negative errno.
 */
int zcpy_rx_add_area(struct zcpy_rx *rx, int dev, unsigned int area,
		     unsigned int *buffer)
{
	struct zerocopy_rx_area a = {
		.size = sizeof(a), .zerocopy = dev, .area = area,
		.buffer = buffer ? *buffer : 0,
	};
	struct zerocopy_area_query info;
	char **areas;
	int err;

	err = zcpy_area_query(dev, area, &info);
	if (err)
		return err;
	/* Before the kernel has it: nothing can fail behind that. */
	areas = realloc(rx->areas, (rx->nr_areas + 1) * sizeof(*areas));
	if (!areas)
		return -ENOMEM;
	rx->areas = areas;
	if (ioctl(rx->fd, ZEROCOPY_IOC_RX_AREA, &a))
		return -errno;
	if (a.index != rx->nr_areas)
		return -EPROTO;
	areas[rx->nr_areas++] = (char *)(uintptr_t)info.addr;
	if (buffer)
		*buffer = a.buffer;
	return a.index;
}

/**
 * zcpy_rx_attach() - receive what comes for a TCP socket
 * @rx: the receiver
 * @sock: connected, or a listener with ZEROCOPY_RX_CHILDREN
 * @flags: 0 or ZEROCOPY_RX_CHILDREN
 * @cookie: out: what fragments call it; may be NULL
 *
 * Return: 0, or a negative errno.
 */
int zcpy_rx_attach(struct zcpy_rx *rx, int sock, unsigned int flags,
		   uint64_t *cookie)
{
	struct zerocopy_rx_attach a = {
		.size = sizeof(a), .socket = sock, .flags = flags,
	};

	if (ioctl(rx->fd, ZEROCOPY_IOC_RX_ATTACH, &a))
		return -errno;
	if (cookie)
		*cookie = a.cookie;
	return 0;
}

/**
 * zcpy_rx_detach() - leave a socket to recv(2) again
 * @rx: the receiver it is attached to
 * @sock: the socket
 *
 * Return: 0, or a negative errno.
 */
int zcpy_rx_detach(struct zcpy_rx *rx, int sock)
{
	struct zerocopy_rx_detach d = { .size = sizeof(d), .socket = sock };

	return ioctl(rx->fd, ZEROCOPY_IOC_RX_DETACH, &d) ? -errno : 0;
}

/**
 * zcpy_rx_query() - look at an attached socket
 * @rx: the receiver
 * @sock: the socket
 * @info: out
 *
 * Return: 0, or a negative errno.
 */
int zcpy_rx_query(struct zcpy_rx *rx, int sock, struct zerocopy_rx_query *info)
{
	struct zerocopy_rx_query q = { .size = sizeof(q), .socket = sock };

	if (ioctl(rx->fd, ZEROCOPY_IOC_RX_QUERY, &q))
		return -errno;
	*info = q;
	return 0;
}

/**
 * zcpy_rx_recv() - put what has come on the fragment ring
 * @rx: the receiver
 * @max: fragments at most, or 0 for as many as fit
 * @flags: 0 or ZEROCOPY_RX_DONTWAIT
 *
 * Return: how many fragments were added, at least 1, or a negative errno.
 */
int zcpy_rx_recv(struct zcpy_rx *rx, unsigned int max, unsigned int flags)
{
	struct zerocopy_rx_recv r = {
		.size = sizeof(r), .flags = flags, .max = max,
	};
	int n = ioctl(rx->fd, ZEROCOPY_IOC_RX_RECV, &r);

	return n < 0 ? -errno : n;
}
