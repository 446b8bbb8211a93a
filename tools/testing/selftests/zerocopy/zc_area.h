/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/zerocopy, as a program uses it: -errno instead of -1. */
#ifndef ZC_AREA_H
#define ZC_AREA_H

#include "zc_test.h"

#include <fcntl.h>
#include <linux/zerocopy.h>
#include <sys/ioctl.h>

static inline int zc_dev_open(void)
{
	int fd = open("/dev/zerocopy", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The number, or -errno */
static inline int zc_area_register(int fd, const void *p, size_t len)
{
	struct zerocopy_area_register r = {
		.size = sizeof(r), .flags = ZEROCOPY_AREA_SEND,
		.addr = (uintptr_t)p, .length = len,
	};

	return ioctl(fd, ZEROCOPY_IOC_AREA_REGISTER, &r) ? -errno :
							   (int)r.area;
}

static inline int zc_area_unregister(int fd, int area)
{
	struct zerocopy_area_unregister u = {
		.size = sizeof(u), .area = area,
	};

	return ioctl(fd, ZEROCOPY_IOC_AREA_UNREGISTER, &u) ? -errno : 0;
}

static inline int zc_area_query(int fd, int area,
				struct zerocopy_area_query *q)
{
	memset(q, 0, sizeof(*q));
	q->size = sizeof(*q);
	q->area = area;
	return ioctl(fd, ZEROCOPY_IOC_AREA_QUERY, q) ? -errno : 0;
}

#endif /* ZC_AREA_H */
