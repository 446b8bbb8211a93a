// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Binding a queue. */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

/* What is wrong with the request, rather than with the NIC or the kernel */
static bool is_error(int err)
{
	switch (err) {
	case -EACCES:
	case -EBUSY:
	case -EEXIST:
	case -EMFILE:
	case -ENFILE:
	case -ENODEV:
	case -ENOMEM:
	case -EPERM:
	case -ERANGE:
		return true;
	default:
		return false;
	}
}

/**
 * zcpy_rx_bind() - have a NIC's receive queue fill an area
 * @rx: nobody else binds with it or closes it meanwhile
 * @index: the area, from zcpy_rx_add_area()
 * @ifindex: the NIC, in the caller's network namespace
 * @queue: its receive queue
 * @binding: out: what became of it; also told if that is an error
 *
 * It ends when the receiver is closed. Needs CAP_NET_ADMIN in the initial user
 * namespace. That the area will be copied into is no error.
 *
 * Return: ZEROCOPY_RX_COPY, ..._DMABUF or ..._PROVIDER, or a negative errno.
 */
int zcpy_rx_bind(struct zcpy_rx *rx, unsigned int index, unsigned int ifindex,
		 unsigned int queue, struct zcpy_rx_binding *binding)
{
	struct zerocopy_rx_bind b = {
		.size = sizeof(b), .index = index, .ifindex = ifindex,
		.queue = queue,
	};
	struct rx *r = (struct rx *)rx;
	int *bound, fd;

	memset(binding, 0, sizeof(*binding));
	bound = realloc(r->bound, (r->nr_bound + 1) * sizeof(*bound));
	if (!bound)
		return -ENOMEM;
	r->bound = bound;
	if (ioctl(rx->fd, ZEROCOPY_IOC_RX_BIND, &b))
		return -errno;
	binding->backend = b.backend;
	binding->reason = b.reason;
	if (b.backend != ZEROCOPY_RX_DMABUF)
		return b.backend;

	fd = zcpy_netdev_bind(ifindex, queue, b.dmabuf, binding);
	/* the binding has it now */
	close(b.dmabuf);
	if (fd >= 0) {
		bound[r->nr_bound++] = fd;
		return b.backend;
	}
	binding->error = fd;
	binding->backend = ZEROCOPY_RX_COPY;
	/* no such family: before 6.6; no such command: before 6.12 */
	binding->reason = fd == -ENOENT ? ZEROCOPY_RX_WHY_KERNEL :
			  ZEROCOPY_RX_WHY_DEVICE;
	return is_error(fd) ? fd : ZEROCOPY_RX_COPY;
}
