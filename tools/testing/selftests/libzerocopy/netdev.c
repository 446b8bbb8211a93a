// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink half of zcpy_rx_bind(), with a udmabuf and without a receiver.
 *
 *   netdev NIC QUEUE
 *
 * Prints "bound", or the error and the kernel's words.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/udmabuf.h>

#include "internal.h"

#define LENGTH	(1024 * 1024)

int main(int argc, char **argv)
{
	struct udmabuf_create create = { .size = LENGTH };
	struct zcpy_rx_binding b = {};
	int dev, dmabuf, fd, again;
	unsigned int ifindex;

	if (argc != 3)
		errx(2, "usage: netdev NIC QUEUE");
	ifindex = if_nametoindex(argv[1]);
	dev = open("/dev/udmabuf", O_RDWR);
	create.memfd = memfd_create("netdev", MFD_ALLOW_SEALING);
	if (!ifindex || dev < 0 || ftruncate(create.memfd, LENGTH) ||
	    fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		err(1, "memory");
	dmabuf = ioctl(dev, UDMABUF_CREATE, &create);
	if (dmabuf < 0)
		err(1, "UDMABUF_CREATE");

	fd = zcpy_netdev_bind(ifindex, atoi(argv[2]), dmabuf, &b);
	if (fd < 0) {
		printf("%s: %s\n", strerrorname_np(-fd), b.message);
		return 0;
	}
	if (!b.dmabuf)
		errx(1, "the binding has no number");
	close(dmabuf);
	/* it is still there: the socket is open */
	dmabuf = ioctl(dev, UDMABUF_CREATE, &create);
	again = zcpy_netdev_bind(ifindex, atoi(argv[2]), dmabuf, &b);
	if (again != -EEXIST)
		errx(1, "bound twice: %d", again);
	printf("bound\n");
	return 0;
}
