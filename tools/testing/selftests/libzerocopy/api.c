// SPDX-License-Identifier: GPL-2.0
/*
 * What zcserve and zcsum have no use for: errors, looking at things, children of
 * a listener, going back to recv(), sending from where something was received.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libzerocopy.h"

#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY	0x4000000
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY	60
#endif

#define LENGTH	(1024 * 1024)

#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", \
				__FILE__, __LINE__, #cond, errno);	\
			exit(1);					\
		}							\
	} while (0)

#define EQ(a, b)							\
	do {								\
		long long a_ = (long long)(a), b_ = (long long)(b);	\
		if (a_ != b_) {						\
			fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", \
				__FILE__, __LINE__, #a, a_, b_);	\
			exit(1);					\
		}							\
	} while (0)

static int dev, area;
static char *memory;
static char pattern[100000];

static int listener_open(struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(*addr);

	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(fd >= 0 && !bind(fd, (void *)addr, len) && !listen(fd, 4));
	CHECK(!getsockname(fd, (void *)addr, &len));
	return fd;
}

static int connected(const struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd >= 0 && !connect(fd, (void *)addr, sizeof(*addr)));
	return fd;
}

static void pair(int fd[2])
{
	struct sockaddr_in addr;
	int l = listener_open(&addr);

	fd[0] = connected(&addr);
	fd[1] = accept(l, NULL, NULL);
	CHECK(fd[1] >= 0);
	close(l);
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie;
	socklen_t len = sizeof(cookie);

	CHECK(!getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len));
	return cookie;
}

static void areas(void)
{
	struct zerocopy_area_query q;
	void *p;
	int other;

	dev = zcpy_open();
	CHECK(dev >= 0);
	EQ(zcpy_device_memory(dev, 4097UL << 40, &p), -ENOMEM);
	EQ(zcpy_device_memory(dev, LENGTH, &p), 0);
	other = zcpy_area_register(dev, p, LENGTH, ZEROCOPY_AREA_RECEIVE);
	CHECK(other > 0);
	EQ(zcpy_area_unregister(dev, other), 0);
	EQ(munmap(p, LENGTH), 0);
	CHECK(!zcpy_memory(LENGTH, &p));
	memory = p;
	EQ(zcpy_area_register(dev, p, LENGTH, 0), -EINVAL);
	EQ(zcpy_area_register(dev, memory + 1, 4096, ZEROCOPY_AREA_RECEIVE),
	   -EINVAL);
	EQ(zcpy_area_register(dev, NULL, 4096, ZEROCOPY_AREA_RECEIVE), -EFAULT);
	area = zcpy_area_register(dev, p, LENGTH,
				  ZEROCOPY_AREA_SEND | ZEROCOPY_AREA_RECEIVE);
	CHECK(area > 0);
	EQ(zcpy_area_query(dev, area, &q), 0);
	EQ(q.state, ZEROCOPY_AREA_VALID);
	EQ(q.addr, (uintptr_t)p);
	EQ(q.length, LENGTH);
	other = zcpy_area_register(dev, p, 4096, ZEROCOPY_AREA_SEND);
	CHECK(other > 0 && other != area);
	EQ(zcpy_area_unregister(dev, other), 0);
	EQ(zcpy_area_unregister(dev, other), -ENOENT);
	EQ(zcpy_area_query(dev, other, &q), -ENOENT);
}

static struct zcpy_rx *receiver(int efd)
{
	unsigned int buffer = 3000;
	struct zcpy_rx *rx = NULL;
	int send_only;

	EQ(zcpy_rx_open(dev, 63, 0, -1, &rx), -EINVAL);
	EQ(zcpy_rx_open(dev, 0, 131072, -1, &rx), -EINVAL);
	EQ(zcpy_rx_open(dev, 0, 0, 999, &rx), -EBADF);
	CHECK(!rx);
	EQ(zcpy_rx_open(dev, 64, 128, efd, &rx), 0);
	EQ(rx->ring->frag_entries, 64);
	EQ(rx->ring->refill_entries, 128);
	EQ(zcpy_rx_recv(rx, 0, ZEROCOPY_RX_DONTWAIT), -ENODEV);

	send_only = zcpy_area_register(dev, memory, 8192, ZEROCOPY_AREA_SEND);
	CHECK(send_only > 0);
	EQ(zcpy_rx_add_area(rx, dev, 999, NULL), -ENOENT);
	EQ(zcpy_rx_add_area(rx, dev, send_only, NULL), -EINVAL);
	EQ(zcpy_rx_add_area(rx, dev, area, &buffer), -EINVAL);
	EQ(zcpy_area_unregister(dev, send_only), 0);
	buffer = 4096;
	EQ(zcpy_rx_add_area(rx, dev, area, &buffer), 0);
	EQ(buffer, 4096);
	EQ(zcpy_rx_recv(rx, 0, ZEROCOPY_RX_DONTWAIT), -EAGAIN);
	return rx;
}

/* The next fragment of a socket; the end of others may still come in between. */
static void next(struct zcpy_rx *rx, uint64_t cookie,
		 struct zerocopy_rx_frag *f)
{
	for (;;) {
		while (!zcpy_rx_next(rx, f))
			CHECK(zcpy_rx_recv(rx, 1, 0) == 1);
		if (f->cookie == cookie)
			return;
		EQ(f->flags, ZEROCOPY_RX_EOF);
	}
}

/* Receives until there are @len bytes of the pattern; returns the tokens. */
static unsigned int take(struct zcpy_rx *rx, uint64_t cookie, size_t at,
			 size_t len)
{
	struct zerocopy_rx_frag f;
	unsigned int frags = 0;
	size_t end = at + len;

	while (at < end) {
		CHECK(zcpy_rx_recv(rx, 0, 0) > 0);
		for (; zcpy_rx_ready(rx); frags++) {
			next(rx, cookie, &f);
			CHECK(zcpy_rx_has_data(&f));
			EQ(f.flags & ZEROCOPY_RX_COPIED, ZEROCOPY_RX_COPIED);
			CHECK(f.length && f.length <= end - at);
			CHECK(!memcmp(zcpy_rx_data(rx, &f), pattern + at,
				      f.length));
			at += f.length;
			EQ(zcpy_rx_return(rx, &f), 0);
		}
	}
	return frags;
}

static void sockets(struct zcpy_rx *rx, int efd)
{
	struct pollfd pfd = { .fd = rx->fd, .events = POLLIN };
	struct zerocopy_rx_query q;
	struct zcpy_rx_stats stats;
	int fd[2], udp, fresh;
	unsigned int frags;
	static char buf[sizeof(pattern)];
	uint64_t cookie = 0, signals;

	pair(fd);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	fresh = socket(AF_INET, SOCK_STREAM, 0);
	EQ(zcpy_rx_attach(rx, -1, 0, NULL), -EBADF);
	EQ(zcpy_rx_attach(rx, udp, 0, NULL), -EOPNOTSUPP);
	EQ(zcpy_rx_attach(rx, fresh, 0, NULL), -ENOTCONN);
	EQ(zcpy_rx_attach(rx, fd[1], 0x80, NULL), -EINVAL);
	EQ(zcpy_rx_attach(rx, fd[1], ZEROCOPY_RX_CHILDREN, NULL), -EINVAL);
	EQ(zcpy_rx_detach(rx, fd[1]), -ENOENT);
	EQ(zcpy_rx_query(rx, fd[1], &q), -ENOENT);

	/* what was there before comes first */
	EQ(send(fd[0], pattern, 1000, 0), 1000);
	EQ(zcpy_rx_attach(rx, fd[1], 0, &cookie), 0);
	EQ(cookie, cookie_of(fd[1]));
	EQ(zcpy_rx_attach(rx, fd[1], 0, NULL), -EBUSY);
	EQ(poll(&pfd, 1, 10000), 1);
	EQ(read(efd, &signals, sizeof(signals)), sizeof(signals));
	frags = take(rx, cookie, 0, 1000);
	EQ(send(fd[0], pattern + 1000, 90000, 0), 90000);
	frags += take(rx, cookie, 1000, 90000);

	EQ(zcpy_rx_recv(rx, 0, ZEROCOPY_RX_DONTWAIT), -EAGAIN);
	EQ(poll(&pfd, 1, 0), 0);
	zcpy_rx_stats(rx, &stats);
	EQ(stats.bytes, 91000);
	EQ(stats.copied, 91000);
	EQ(stats.fragments, frags);
	EQ(stats.refilled, frags);
	EQ(stats.bad, 0);
	EQ(zcpy_rx_query(rx, fd[1], &q), 0);
	EQ(q.cookie, cookie);
	EQ(q.bytes, 91000);
	EQ(q.copied, 91000);
	EQ(q.backend, ZEROCOPY_RX_COPY);

	/* and what is there behind is recv()'s again */
	EQ(send(fd[0], pattern, 5000, 0), 5000);
	EQ(poll(&pfd, 1, 10000), 1);
	EQ(zcpy_rx_detach(rx, fd[1]), 0);
	EQ(recv(fd[1], buf, 5000, MSG_WAITALL), 5000);
	CHECK(!memcmp(buf, pattern, 5000));
	EQ(zcpy_rx_detach(rx, fd[1]), -ENOENT);
	EQ(zcpy_rx_attach(rx, fd[1], 0, NULL), 0);
	close(fd[0]);
	close(fd[1]);
	close(udp);
	close(fresh);
}

/* The last fragments of sockets that were closed above, if there are any */
static void drain(struct zcpy_rx *rx)
{
	struct zerocopy_rx_frag f;

	while (zcpy_rx_recv(rx, 0, ZEROCOPY_RX_DONTWAIT) > 0)
		while (zcpy_rx_next(rx, &f))
			EQ(zcpy_rx_return(rx, &f), 0);
}

static void children(struct zcpy_rx *rx)
{
	struct zerocopy_rx_frag f;
	struct sockaddr_in addr;
	int l = listener_open(&addr), fd, child;
	uint64_t cookie;

	EQ(zcpy_rx_attach(rx, l, 0, NULL), -EINVAL);
	EQ(zcpy_rx_attach(rx, l, ZEROCOPY_RX_CHILDREN, &cookie), 0);
	fd = connected(&addr);
	child = accept(l, NULL, NULL);
	CHECK(child >= 0);
	next(rx, cookie_of(child), &f);
	EQ(f.flags, ZEROCOPY_RX_NEW);
	EQ(f.offset, cookie);
	EQ(send(fd, pattern, 20000, 0), 20000);
	take(rx, cookie_of(child), 0, 20000);

	close(fd);
	next(rx, cookie_of(child), &f);
	EQ(f.flags, ZEROCOPY_RX_EOF);
	EQ(f.reason, 0);
	close(child);
	close(l);
}

/* A proxy: what was received is sent from where it lies. */
static void proxy(struct zcpy_rx *rx)
{
	static char buf[4000];
	struct zerocopy_rx_frag f;
	struct zcpy_page *page;
	int in[2], out[2], one = 1;
	uint64_t id, cookie;
	size_t at = 0;

	pair(in);
	pair(out);
	EQ(setsockopt(out[0], SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)), 0);
	EQ(zcpy_page_open(dev, out[0], 0, -1, &page), 0);
	id = zcpy_page_first(page);
	EQ(zcpy_page_wait(page, id, 0), -ETIMEDOUT);
	EQ(zcpy_page_wait(page, id, 20), -ETIMEDOUT);
	EQ(zcpy_rx_attach(rx, in[1], 0, &cookie), 0);
	EQ(send(in[0], pattern, sizeof(buf), 0), sizeof(buf));
	while (at < sizeof(buf)) {
		next(rx, cookie, &f);
		CHECK(zcpy_rx_has_data(&f));
		EQ(send(out[0], zcpy_rx_data(rx, &f), f.length, MSG_ZEROCOPY),
		   f.length);
		CHECK(zcpy_page_follows(page, id));
		EQ(recv(out[1], buf + at, f.length, MSG_WAITALL), f.length);
		at += f.length;
		EQ(zcpy_page_wait(page, id++, 10000), 0);
		CHECK(zcpy_page_code(page, id - 1) >= 0);
		EQ(zcpy_rx_return(rx, &f), 0);
	}
	CHECK(!memcmp(buf, pattern, sizeof(buf)));
	zcpy_page_close(page);
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
}

/* Tokens that are none are counted, and that is all. */
static void wrong_tokens(struct zcpy_rx *rx)
{
	struct zerocopy_rx_frag f = { .token = 7 };
	struct zcpy_rx_stats before, stats;

	zcpy_rx_stats(rx, &before);
	EQ(zcpy_rx_return(rx, &f), 0);
	f.token = 1U << 31;
	EQ(zcpy_rx_return(rx, &f), 0);
	f.index = 5;
	EQ(zcpy_rx_return(rx, &f), 0);
	EQ(zcpy_rx_recv(rx, 0, ZEROCOPY_RX_DONTWAIT), -EAGAIN);
	zcpy_rx_stats(rx, &stats);
	EQ(stats.bad - before.bad, 3);
	EQ(stats.refilled, before.refilled);
}

static void binding(struct zcpy_rx *rx)
{
	struct zcpy_rx_binding b;

	EQ(zcpy_rx_bind(rx, 5, 1, 0, &b), -ENOENT);
	EQ(zcpy_rx_bind(rx, 0, 9999, 0, &b), -ENODEV);
	EQ(zcpy_rx_bind(rx, 0, 1, 9999, &b), -EINVAL);
	/* loopback */
	EQ(zcpy_rx_bind(rx, 0, 1, 0, &b), ZEROCOPY_RX_COPY);
	EQ(b.backend, ZEROCOPY_RX_COPY);
	CHECK(b.reason);
	CHECK(strcmp(zcpy_rx_reason_name(b.reason), "?"));
}

static void unmapped(struct zcpy_rx *rx)
{
	struct zerocopy_area_query q;
	int fd[2];

	pair(fd);
	EQ(zcpy_rx_attach(rx, fd[1], 0, NULL), 0);
	munmap(memory, LENGTH);
	EQ(zcpy_area_query(dev, area, &q), 0);
	EQ(q.state, ZEROCOPY_AREA_STALE);
	EQ(send(fd[0], pattern, 1000, 0), 1000);
	EQ(zcpy_rx_recv(rx, 0, 0), -ENODEV);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	int efd = eventfd(0, EFD_NONBLOCK);
	struct zcpy_rx *rx;
	size_t i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = i * 7 + i / 251;
	areas();
	rx = receiver(efd);
	sockets(rx, efd);
	drain(rx);
	children(rx);
	drain(rx);
	proxy(rx);
	drain(rx);
	wrong_tokens(rx);
	binding(rx);
	unmapped(rx);
	zcpy_rx_close(rx);
	EQ(zcpy_area_unregister(dev, area), 0);
	close(dev);
	return 0;
}
