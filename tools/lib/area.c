// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The device, and areas. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libzerocopy.h"

#define HUGE	((size_t)2 << 20)

/**
 * zcpy_open() - open /dev/zerocopy
 *
 * It belongs to this process: not to be used by a child, or by who it is passed
 * to. Close it with close(2); its areas go with it.
 *
 * Return: a descriptor, or a negative errno.
 */
int zcpy_open(void)
{
	int fd = open("/dev/zerocopy", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * zcpy_memory() - anonymous memory that makes good areas
 * @length: bytes, a multiple of the page size
 * @addr: out: its first byte
 *
 * In huge pages as far as the kernel has them. For munmap(2).
 *
 * Return: 0, or a negative errno.
 */
int zcpy_memory(size_t length, void **addr)
{
	size_t more = length >= HUGE ? HUGE : 0, before, after;
	char *p;

	if (length > SIZE_MAX - more)
		return -ENOMEM;
	p = mmap(NULL, length + more, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	if (more) {
		before = -(uintptr_t)p & (HUGE - 1);
		after = HUGE - before;
		if (before)
			munmap(p, before);
		p += before;
		munmap(p + length, after);
		/* small pages will do, too */
		madvise(p, length, MADV_HUGEPAGE);
	}
	*addr = p;
	return 0;
}

/**
 * zcpy_device_memory() - memory of the device's, in large pieces without huge pages
 * @dev: from zcpy_open()
 * @length: bytes, a multiple of the page size
 * @addr: out: its first byte
 *
 * Charged to RLIMIT_MEMLOCK at once, and not again when it is registered. For
 * munmap(2).
 *
 * Return: 0, or a negative errno.
 */
int zcpy_device_memory(int dev, size_t length, void **addr)
{
	void *p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0);

	if (p == MAP_FAILED)
		return -errno;
	*addr = p;
	return 0;
}

/**
 * zcpy_area_register() - register memory
 * @dev: from zcpy_open()
 * @addr: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @flags: ZEROCOPY_AREA_SEND, ZEROCOPY_AREA_RECEIVE, or both
 *
 * Return: the area's number, never 0, or a negative errno.
 */
int zcpy_area_register(int dev, void *addr, size_t length, unsigned int flags)
{
	struct zerocopy_area_register r = {
		.size = sizeof(r), .flags = flags,
		.addr = (uintptr_t)addr, .length = length,
	};

	if (ioctl(dev, ZEROCOPY_IOC_AREA_REGISTER, &r))
		return -errno;
	return r.area;
}

/**
 * zcpy_area_unregister() - give an area up
 * @dev: where it is registered
 * @area: its number
 *
 * Return: 0, or a negative errno.
 */
int zcpy_area_unregister(int dev, unsigned int area)
{
	struct zerocopy_area_unregister u = {
		.size = sizeof(u), .area = area,
	};

	return ioctl(dev, ZEROCOPY_IOC_AREA_UNREGISTER, &u) ? -errno : 0;
}

/**
 * zcpy_area_query() - look at an area
 * @dev: where it is registered
 * @area: its number
 * @info: out
 *
 * Return: 0, or a negative errno.
 */
int zcpy_area_query(int dev, unsigned int area,
		    struct zerocopy_area_query *info)
{
	struct zerocopy_area_query q = { .size = sizeof(q), .area = area };

	if (ioctl(dev, ZEROCOPY_IOC_AREA_QUERY, &q))
		return -errno;
	*info = q;
	return 0;
}
