// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Completion pages. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "libzerocopy.h"

/* What follows the part that programs see */
struct page {
	struct zcpy_page page;
	size_t length;
};

/**
 * zcpy_page_open() - open the completion page of a socket
 * @dev: from zcpy_open(); may be closed afterwards
 * @sock: a TCP or UDP socket with SO_ZEROCOPY
 * @entries: how many sends it can follow at a time, a power of two from 64 to
 *	8192, or 0 to leave it to the kernel
 * @eventfd: to be signalled with each change, or -1
 * @page: out
 *
 * Return: 0, or a negative errno.
 */
int zcpy_page_open(int dev, int sock, unsigned int entries, int eventfd,
		   struct zcpy_page **page)
{
	struct zerocopy_completion c = {
		.size = sizeof(c), .socket = sock, .entries = entries,
	};
	struct page *p;
	void *map;
	int err;

	if (eventfd >= 0) {
		c.flags = ZEROCOPY_COMPLETION_EVENTFD;
		c.eventfd = eventfd;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->page.fd = ioctl(dev, ZEROCOPY_IOC_COMPLETION, &c);
	if (p->page.fd < 0) {
		err = -errno;
		goto err_free;
	}
	/* zcpy_page_wait() polls, and then must not wait in read() */
	if (fcntl(p->page.fd, F_SETFL, O_NONBLOCK)) {
		err = -errno;
		goto err_close;
	}
	p->length = c.length;
	map = mmap(NULL, p->length, PROT_READ, MAP_SHARED, p->page.fd, 0);
	if (map == MAP_FAILED) {
		err = -errno;
		goto err_close;
	}
	p->page.map = map;
	*page = &p->page;
	return 0;

err_close:
	close(p->page.fd);
err_free:
	free(p);
	return err;
}

/**
 * zcpy_page_close() - close a completion page
 * @page: from zcpy_page_open(), or NULL
 *
 * What is in flight comes back unheard; later sends are told by the error queue.
 */
void zcpy_page_close(struct zcpy_page *page)
{
	struct page *p = (struct page *)page;

	if (!p)
		return;
	munmap((void *)page->map, p->length);
	close(page->fd);
	free(p);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/**
 * zcpy_page_wait() - wait until a send, and all before it, are complete
 * @page: its socket's; one thread at a time
 * @id: its id
 * @timeout_ms: how long at most, or -1
 *
 * Return: 0, or a negative errno: ETIMEDOUT, EINTR, ENOMSG if some of them are
 * reported by the error queue.
 */
int zcpy_page_wait(struct zcpy_page *page, uint64_t id, int timeout_ms)
{
	struct pollfd pfd = { .fd = page->fd, .events = POLLIN };
	int64_t end = timeout_ms < 0 ? 0 : now_ms() + timeout_ms;
	int64_t left = -1;
	uint64_t progress;
	int n;

	while (zcpy_page_done(page) <= id) {
		if (timeout_ms >= 0) {
			left = end - now_ms();
			if (left < 0)
				left = 0;
		}
		n = poll(&pfd, 1, left);
		if (n < 0)
			return -errno;
		if (!n)
			return zcpy_page_done(page) > id ? 0 : -ETIMEDOUT;
		/* what has been read does not wake up again */
		if (read(page->fd, &progress, sizeof(progress)) < 0 &&
		    errno != EAGAIN)
			return -errno;
	}
	return __atomic_load_n(&page->map->passed, __ATOMIC_RELAXED) ?
		-ENOMSG : 0;
}
