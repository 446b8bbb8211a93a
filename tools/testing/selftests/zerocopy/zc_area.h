/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/zerocopy, as a program uses it: -errno instead of -1. */
#ifndef ZC_AREA_H
#define ZC_AREA_H

#include "zc_test.h"

#include <fcntl.h>
#include <linux/zerocopy.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static inline int zc_dev_open(void)
{
	int fd = open("/dev/zerocopy", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Memory of the device's; MAP_FAILED and errno */
static inline void *zc_dev_memory(int fd, size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
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

/* A completion page, mapped */
struct zc_page {
	int fd;
	size_t len;
	const struct zerocopy_page *p;
};

/* The descriptor, or -errno */
static inline int zc_page_ioctl(int dev, int sock, unsigned int entries,
				int eventfd, struct zerocopy_completion *c)
{
	int fd;

	*c = (struct zerocopy_completion){
		.size = sizeof(*c), .socket = sock, .entries = entries,
	};
	if (eventfd >= 0) {
		c->flags = ZEROCOPY_COMPLETION_EVENTFD;
		c->eventfd = eventfd;
	}
	fd = ioctl(dev, ZEROCOPY_IOC_COMPLETION, c);
	return fd < 0 ? -errno : fd;
}

static inline int zc_page_open(struct zc_page *pg, int dev, int sock,
			       unsigned int entries, int eventfd)
{
	struct zerocopy_completion c;

	pg->fd = zc_page_ioctl(dev, sock, entries, eventfd, &c);
	if (pg->fd < 0)
		return pg->fd;
	pg->len = c.length;
	pg->p = mmap(NULL, pg->len, PROT_READ, MAP_SHARED, pg->fd, 0);
	ZC_CHECK(pg->p != MAP_FAILED, "mmap of the page: %s", strerror(errno));
	return 0;
}

static inline void zc_page_close(struct zc_page *pg)
{
	munmap((void *)pg->p, pg->len);
	close(pg->fd);
}

static inline u64 zc_page_done(const struct zc_page *pg)
{
	return __atomic_load_n(&pg->p->done, __ATOMIC_ACQUIRE);
}

static inline u64 zc_page_progress(const struct zc_page *pg)
{
	return __atomic_load_n(&pg->p->progress, __ATOMIC_ACQUIRE);
}

/* Of an id below done, -1 if it has been overwritten */
static inline int zc_page_code(const struct zc_page *pg, u64 id)
{
	const u8 *codes = (const u8 *)pg->p + pg->p->codes;
	u8 code = __atomic_load_n(&codes[id % pg->p->entries],
				  __ATOMIC_ACQUIRE);

	return __atomic_load_n(&pg->p->next, __ATOMIC_RELAXED) >
		id + pg->p->entries ? -1 : code;
}

#endif /* ZC_AREA_H */
