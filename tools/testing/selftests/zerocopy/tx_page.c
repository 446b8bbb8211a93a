// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 4 "Completion page": what the error queue says, read from a page that is
 * never ahead of what came back; everything that may happen to it has a defined
 * result; bad input has its errno.
 */
#include "zc_area.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void page_make(struct zc_page *pg, int sock, unsigned int entries,
		      int efd)
{
	int dev = zc_dev_open(), err;

	ZC_CHECK(dev >= 0, "/dev/zerocopy: %s", strerror(-dev));
	err = zc_page_open(pg, dev, sock, entries, efd);
	ZC_CHECK(!err, "completion page: %s", strerror(-err));
	/* the page does not need it */
	close(dev);
}

static bool page_wait(const struct zc_page *pg, u64 done, unsigned int ms)
{
	return zc_wait_for(zc_page_done(pg) >= done, ms);
}

static void page_expect(const struct zc_page *pg, u64 done)
{
	ZC_CHECK(page_wait(pg, done, 20000), "done is %llu, expected %llu",
		 (unsigned long long)zc_page_done(pg), (unsigned long long)done);
	ZC_EQ(zc_page_done(pg), done, "done");
	ZC_EQ(zc_page_progress(pg), done << 32, "progress");
}

struct kind {
	int family, type;
};

/* Every send: its id, not copied, nothing in the error queue, never back. */
static void follow(const void *arg)
{
	const struct kind *k = arg;
	bool stream = k->type == SOCK_STREAM;
	struct zc_conn c = {
		.family = k->family, .type = k->type, .rcvbuf = 1 << 21,
		.sndbuf = 4 << 20,
	};
	size_t len = ZC_MB(1), total = 0;
	char *buf = zc_alloc(len, 91);
	u64 id, seen = 0, progress = 0, now;
	struct zc_counters before;
	struct zc_page pg;
	struct zc_hash h;
	unsigned int i, n = 300;

	zc_open(&c);
	page_make(&pg, c.tx, 0, -1);
	ZC_EQ(pg.p->first, 0, "first");
	ZC_EQ(pg.p->entries, 1024, "entries");
	zc_rx_start(&c, UINT64_MAX);
	zc_hash_init(&h);
	zc_counters_read(ZC_NS_A, &before);
	zc_kprobe("msg_zerocopy_realloc");
	for (i = 0; i < n; i++) {
		size_t want = stream ? 300 + i * 997 : 600 + i;
		size_t off = (i * 104729UL) % (len - want);

		zc_hash_add(&h, buf + off, want);
		ZC_EQ(zc_sendmsg(c.tx, buf + off, want, 0), want, "sendmsg");
		total += want;
		if (!stream)
			ZC_CHECK(zc_rx_wait(&c, total, 5000), "lost");
		now = zc_page_progress(&pg);
		ZC_CHECK(now >= progress, "progress went back");
		progress = now;
		for (id = zc_page_done(&pg); seen < id; seen++)
			ZC_EQ(zc_page_code(&pg, seen), 0, "code");
	}
	page_expect(&pg, n);
	for (; seen < n; seen++)
		ZC_EQ(zc_page_code(&pg, seen), 0, "code");
	ZC_EQ(zc_kprobe_hits(), 0, "notifications for the error queue");
	zc_kprobe_end();
	ZC_EQ(pg.p->copied, 0, "copied");
	ZC_EQ(pg.p->passed, 0, "passed");
	ZC_EQ(pg.p->next, n, "next");
	zc_notif_none(c.tx);
	zc_finish(&c, total, zc_hash_val(&h));
	ZC_EQ(zc_delta(&before, "completion_full"), 0, "completion_full");
	zc_only_tiny_copies(&before);
	zc_page_close(&pg);
	zc_close(&c);
}

struct sender {
	struct zc_conn *c;
	const char *buf;
	size_t len;
	ssize_t ret;
};

static void *send_main(void *arg)
{
	struct sender *s = arg;

	s->ret = zc_sendmsg(s->c->tx, s->buf, s->len, 0);
	return NULL;
}

/* Inside one send: bytes from its beginning on, never more than have arrived. */
static void prefix(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .sndbuf = 1 << 20,
		.rcvbuf = 1 << 18,
	};
	size_t len = ZC_MB(24), hold = ZC_MB(4);
	struct sender s = { .c = &c, .len = len };
	struct zc_page pg;
	u64 progress, last = 0;
	pthread_t thread;
	unsigned int steps = 0;
	bool over = false;

	(void)arg;
	s.buf = zc_alloc(len, 92);
	zc_open(&c);
	page_make(&pg, c.tx, 0, -1);
	zc_rx_start(&c, hold);
	ZC_EQ(pthread_create(&thread, NULL, send_main, &s), 0, "thread");

	while (!over) {
		u64 limit = hold;

		over = hold >= len;
		ZC_CHECK(zc_rx_wait(&c, limit, 20000), "nothing arrives");
		/* what is acknowledged comes back soon, but in loans */
		zc_wait_for((u32)zc_page_progress(&pg) + ZC_MB(2) > limit,
			    5000);
		progress = zc_page_progress(&pg);
		if (progress >> 32)
			break;
		ZC_CHECK(progress >= last, "it went back");
		ZC_CHECK(progress + ZC_MB(2) > limit,
			 "%llu bytes came back of %llu that arrived",
			 (unsigned long long)progress,
			 (unsigned long long)limit);
		/* twice what was asked for is what the receiver can hold */
		ZC_CHECK(progress <= limit + 4 * (1 << 18),
			 "%llu bytes came back, %llu were read",
			 (unsigned long long)progress,
			 (unsigned long long)limit);
		steps += progress > last;
		last = progress;
		hold += ZC_MB(4);
		zc_rx_limit(&c, hold);
	}
	zc_rx_limit(&c, UINT64_MAX);
	pthread_join(thread, NULL);
	ZC_EQ(s.ret, len, "sendmsg");
	page_expect(&pg, 1);
	ZC_CHECK(steps >= 3, "only %u steps were seen", steps);
	zc_finish(&c, len, zc_hash_buf(s.buf, len));
	zc_page_close(&pg);
	zc_close(&c);
}

/* poll(), epoll and read(): readable when it says something new. */
static void polling(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	char *buf = zc_alloc(ZC_KB(64), 93);
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	struct pollfd pfd = { .events = POLLIN };
	struct zc_page pg;
	unsigned int i;
	int ep;
	u64 v;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	page_make(&pg, c.tx, 64, -1);
	pfd.fd = pg.fd;
	ZC_EQ(poll(&pfd, 1, 0), 0, "poll of a fresh page");
	ZC_SYS(fcntl(pg.fd, F_SETFL, O_NONBLOCK));
	ZC_CHECK(read(pg.fd, &v, 8) < 0 && errno == EAGAIN, "read: %s",
		 strerror(errno));
	ZC_CHECK(read(pg.fd, &v, 7) < 0 && errno == EINVAL, "short read");
	ep = ZC_SYS(epoll_create1(0));
	ZC_SYS(epoll_ctl(ep, EPOLL_CTL_ADD, pg.fd, &ev));

	for (i = 1; i < 20; i++) {
		ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(16), 0), ZC_KB(16), "send");
		do {
			ZC_EQ(poll(&pfd, 1, 10000), 1, "poll");
			ZC_EQ(epoll_wait(ep, &ev, 1, 10000), 1, "epoll");
			ZC_EQ(read(pg.fd, &v, sizeof(v)), 8, "read");
		} while (v >> 32 < i);
		ZC_EQ(poll(&pfd, 1, 0), 0, "poll behind read");
		ZC_EQ(v, (u64)i << 32, "what read returns");
	}
	ZC_SYS(fcntl(pg.fd, F_SETFL, 0));
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(16), 0), ZC_KB(16), "send");
	ZC_EQ(read(pg.fd, &v, sizeof(v)), 8, "blocking read");
	ZC_CHECK(write(pg.fd, &v, 8) < 0 && errno == EBADF, "write");
	zc_notif_none(c.tx);
	zc_page_close(&pg);
	zc_close(&c);
}

static void with_eventfd(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	char *buf = zc_alloc(ZC_KB(64), 94);
	int efd = ZC_SYS(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	struct pollfd pfd = { .fd = efd, .events = POLLIN };
	struct zc_page pg;
	unsigned int i;
	u64 v;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	page_make(&pg, c.tx, 0, efd);
	ZC_CHECK(read(efd, &v, 8) < 0, "signalled for nothing");
	for (i = 1; i < 20; i++) {
		ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(16), 0), ZC_KB(16), "send");
		while (zc_page_done(&pg) < i) {
			ZC_EQ(poll(&pfd, 1, 10000), 1, "poll of the eventfd");
			ZC_EQ(read(efd, &v, 8), 8, "read of the eventfd");
		}
	}
	/* the page has its own reference */
	close(efd);
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(16), 0), ZC_KB(16), "send");
	page_expect(&pg, i);
	zc_page_close(&pg);
	zc_close(&c);
}

static void copied(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .link = ZC_LINK_LO,
	};
	char *buf = zc_alloc(ZC_KB(64), 95);
	struct zc_page pg;
	unsigned int i;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	page_make(&pg, c.tx, 0, -1);
	for (i = 0; i < 10; i++)
		ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	page_expect(&pg, i);
	while (i--)
		ZC_EQ(zc_page_code(&pg, i), ZEROCOPY_CODE_COPIED, "code");
	ZC_EQ(pg.p->copied, 10, "copied");
	zc_page_close(&pg);
	zc_close(&c);
}

/* Sends that pass by keep their ids and their error queue; none is lost. */
static void passed(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	char *buf = zc_alloc(ZC_KB(64), 96);
	struct zc_ids ids = { .next = 2 };
	struct zc_page pg;
	unsigned int i;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	page_make(&pg, c.tx, 0, -1);
	for (i = 0; i < 2; i++)
		ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	page_expect(&pg, 2);
	zc_set_enabled(ZC_NS_A, 0);
	for (i = 0; i < 3; i++)
		ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 3, 10000), "notifications");
	ZC_EQ(ids.sum, 2 + 3 + 4, "their ids");
	zc_set_enabled(ZC_NS_A, 1);
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	page_expect(&pg, 6);
	for (i = 0; i < 6; i++)
		ZC_EQ(zc_page_code(&pg, i),
		      i >= 2 && i < 5 ? ZEROCOPY_CODE_PASSED : 0, "code");
	ZC_EQ(pg.p->passed, 3, "passed");
	zc_notif_none(c.tx);
	zc_page_close(&pg);
	zc_close(&c);
}

/* More sends than it can follow: the error queue has the others. */
static void full(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_DGRAM,
			     .sndbuf = 4 << 20, .rcvbuf = 4 << 20 };
	char *buf = zc_alloc(ZC_KB(64), 97);
	struct zc_ids ids = { .next = 64 };
	struct zc_counters before;
	struct zc_page pg;
	unsigned int i;

	(void)arg;
	zc_open(&c);
	page_make(&pg, c.tx, 64, -1);
	zc_counters_read(ZC_NS_A, &before);
	zc_qdisc(ZC_NS_A, "netem delay 2s");
	for (i = 0; i < 100; i++)
		ZC_EQ(zc_sendmsg(c.tx, buf, 1000, 0), 1000, "send");
	ZC_EQ(zc_page_done(&pg), 0, "done");
	page_expect(&pg, 64);
	ZC_EQ(zc_delta(&before, "completion_full"), 36, "completion_full");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 36, 10000), "notifications");
	ZC_EQ(zc_sendmsg(c.tx, buf, 1000, 0), 1000, "send");
	page_expect(&pg, 101);
	ZC_EQ(pg.p->passed, 36, "passed");
	ZC_EQ(zc_page_code(&pg, 20), -1, "a code that was overwritten");
	ZC_EQ(zc_page_code(&pg, 99), ZEROCOPY_CODE_PASSED, "code");
	ZC_EQ(zc_page_code(&pg, 100), 0, "code");
	zc_notif_none(c.tx);
	zc_page_close(&pg);
	zc_close(&c);
}

/* The page outlives the socket's descriptor: it says when the memory is back. */
static void socket_closed(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	char *buf = zc_alloc(ZC_KB(256), 98);
	struct zc_page pg;

	(void)arg;
	zc_open(&c);
	page_make(&pg, c.tx, 0, -1);
	zc_qdisc(ZC_NS_A, "netem delay 1s");
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	close(c.tx);
	c.tx = -1;
	ZC_EQ(zc_page_done(&pg), 0, "done");
	zc_rx_start(&c, UINT64_MAX);
	page_expect(&pg, 1);
	ZC_CHECK(zc_rx_wait(&c, ZC_KB(64), 10000), "bytes are missing");
	zc_page_close(&pg);
	zc_close(&c);
}

/* Closed, or only unmapped, with loans out. */
static void page_closed(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM,
			     .sndbuf = 1 << 20 };
	char *buf = zc_alloc(ZC_KB(256), 99);
	struct zc_ids ids = { .next = 1 };
	struct zc_page pg;
	int err, dev;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	page_make(&pg, c.tx, 0, -1);
	zc_qdisc(ZC_NS_A, "netem delay 1s");
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	/* what is mapped keeps it */
	close(pg.fd);
	dev = zc_dev_open();
	err = zc_page_ioctl(dev, c.tx, 0, -1,
			    &(struct zerocopy_completion){});
	ZC_EQ(err, -EBUSY, "a second page while the first is mapped");
	ZC_EQ(zc_page_done(&pg), 0, "done");
	munmap((void *)pg.p, pg.len);
	/* the next send's id goes to the error queue, the first one's nowhere */
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	page_make(&pg, c.tx, 0, -1);
	ZC_EQ(pg.p->first, 2, "first");
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 1, 20000), "no notification");
	ZC_EQ(ids.next, 2, "id");
	page_expect(&pg, 3);
	zc_notif_none(c.tx);
	close(dev);
	zc_page_close(&pg);
	zc_close(&c);
}

/* A child sees the same page, by the mapping and by the descriptor. */
static void forked(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	char *buf = zc_alloc(ZC_KB(64), 100);
	struct zc_page pg;
	int status;
	pid_t pid;

	(void)arg;
	zc_open(&c);
	page_make(&pg, c.tx, 0, -1);
	pid = ZC_SYS(fork());
	if (!pid) {
		struct pollfd pfd = { .fd = pg.fd, .events = POLLIN };
		void *p;

		if (poll(&pfd, 1, 20000) != 1 || !page_wait(&pg, 1, 20000))
			_exit(1);
		p = mmap(NULL, pg.len, PROT_READ, MAP_SHARED, pg.fd, 0);
		if (p == MAP_FAILED || memcmp(p, pg.p, pg.len))
			_exit(2);
		_exit(0);
	}
	zc_rx_start(&c, UINT64_MAX);
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	page_expect(&pg, 1);
	ZC_SYS(waitpid(pid, &status, 0));
	ZC_EQ(status, 0, "the child's status");
	zc_page_close(&pg);
	zc_close(&c);
}

static int try_open(int dev, int sock, unsigned int entries, int efd)
{
	struct zerocopy_completion c;
	int fd = zc_page_ioctl(dev, sock, entries, efd, &c);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int try_raw(int dev, struct zerocopy_completion c)
{
	int fd = ioctl(dev, ZEROCOPY_IOC_COMPLETION, &c);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -errno : 0;
}

static void bad_input(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	int dev = zc_dev_open(), un, plain, raw, efd, p[2], status;
	struct zerocopy_completion ok = { .size = sizeof(ok) }, x;
	struct {
		struct zerocopy_completion c;
		u64 more;
	} longer;
	pid_t pid;

	(void)arg;
	zc_open(&c);
	ok.socket = c.tx;
	un = ZC_SYS(socket(AF_UNIX, SOCK_STREAM, 0));
	plain = ZC_SYS(socket(AF_INET, SOCK_STREAM, 0));
	raw = ZC_SYS(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	efd = ZC_SYS(eventfd(0, 0));
	ZC_SYS(pipe(p));

	ZC_EQ(try_open(dev, -1, 0, -1), -EBADF, "no descriptor");
	ZC_EQ(try_open(dev, 999, 0, -1), -EBADF, "closed descriptor");
	ZC_EQ(try_open(dev, p[0], 0, -1), -ENOTSOCK, "a pipe");
	ZC_EQ(try_open(dev, dev, 0, -1), -ENOTSOCK, "the device");
	ZC_EQ(try_open(dev, un, 0, -1), -EOPNOTSUPP, "AF_UNIX");
	ZC_EQ(try_open(dev, raw, 0, -1), -EOPNOTSUPP, "a raw socket");
	ZC_EQ(try_open(dev, plain, 0, -1), -ENOPROTOOPT, "no SO_ZEROCOPY");
	ZC_EQ(try_open(dev, c.tx, 1, -1), -EINVAL, "one entry");
	ZC_EQ(try_open(dev, c.tx, 32, -1), -EINVAL, "32 entries");
	ZC_EQ(try_open(dev, c.tx, 100, -1), -EINVAL, "100 entries");
	ZC_EQ(try_open(dev, c.tx, 16384, -1), -EINVAL, "16384 entries");
	ZC_EQ(try_open(dev, c.tx, 1U << 31, -1), -EINVAL, "2^31 entries");
	ZC_EQ(try_open(dev, c.tx, 0, 999), -EBADF, "closed eventfd");
	ZC_EQ(try_open(dev, c.tx, 0, p[1]), -EINVAL, "a pipe as an eventfd");
	ZC_EQ(try_open(dev, c.tx, 0, c.tx), -EINVAL, "a socket as an eventfd");

	x = ok;
	x.flags = 2;
	ZC_EQ(try_raw(dev, x), -EINVAL, "unknown flag");
	x = ok;
	x.eventfd = efd;
	ZC_EQ(try_raw(dev, x), -EINVAL, "eventfd without the flag");
	x = ok;
	x.length = 4096;
	ZC_EQ(try_raw(dev, x), -EINVAL, "a length");
	x = ok;
	x.size = sizeof(x) - 4;
	ZC_EQ(try_raw(dev, x), -EINVAL, "too small");
	x.size = 0;
	ZC_EQ(try_raw(dev, x), -EINVAL, "no size");
	x.size = 1 << 20;
	ZC_EQ(try_raw(dev, x), -E2BIG, "a huge size");
	longer.c = ok;
	longer.c.size = sizeof(longer);
	longer.more = 1;
	ZC_CHECK(ioctl(dev, ZEROCOPY_IOC_COMPLETION, &longer) < 0 &&
		 errno == E2BIG, "longer, and not zero: %s", strerror(errno));
	longer.more = 0;
	status = ioctl(dev, ZEROCOPY_IOC_COMPLETION, &longer);
	ZC_CHECK(status >= 0, "longer, but zero: %s", strerror(errno));
	close(status);
	ZC_CHECK(ioctl(dev, ZEROCOPY_IOC_COMPLETION, NULL) < 0 &&
		 errno == EFAULT, "no argument");
	/* cannot be written back: then there is no page, and no descriptor */
	{
		void *ro = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memcpy(ro, &ok, sizeof(ok));
		ZC_SYS(mprotect(ro, 4096, PROT_READ));
		ZC_CHECK(ioctl(dev, ZEROCOPY_IOC_COMPLETION, ro) < 0 &&
			 errno == EFAULT, "read-only argument");
	}
	ZC_EQ(try_open(dev, c.tx, 0, efd), 0, "a good one");
	ZC_EQ(try_open(dev, c.tx, 8192, -1), 0, "a large one");

	pid = ZC_SYS(fork());
	if (!pid)
		_exit(try_open(dev, c.tx, 0, -1) == -EPERM ? 0 : 1);
	ZC_SYS(waitpid(pid, &status, 0));
	ZC_EQ(status, 0, "another process");
	zc_close(&c);
}

/* It can be read, shared; nothing else. */
static void mappings(const void *arg)
{
	struct zc_conn c = { .family = AF_INET6, .type = SOCK_STREAM };
	static const struct {
		int prot, flags;
		size_t more, off;
		int err;
	} bad[] = {
		{ PROT_READ | PROT_WRITE, MAP_SHARED, 0, 0, EACCES },
		{ PROT_WRITE, MAP_SHARED, 0, 0, EACCES },
		{ PROT_READ, MAP_PRIVATE, 0, 0, EINVAL },
		{ PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, 0, EINVAL },
		{ PROT_READ, MAP_SHARED, 4096, 0, EINVAL },
		{ PROT_READ, MAP_SHARED, 0, 4096, EINVAL },
	};
	struct zc_page pg;
	unsigned int i;
	int mem;
	u64 x = ~0ULL;
	void *p;

	(void)arg;
	zc_open(&c);
	page_make(&pg, c.tx, 8192, -1);
	ZC_EQ(pg.len, 3 * 4096, "length");
	for (i = 0; i < ZC_ARRAY_SIZE(bad); i++) {
		p = mmap(NULL, pg.len + bad[i].more, bad[i].prot, bad[i].flags,
			 pg.fd, bad[i].off);
		ZC_CHECK(p == MAP_FAILED && errno == bad[i].err,
			 "mapping %u: %s", i,
			 p == MAP_FAILED ? strerror(errno) : "allowed");
	}
	p = mmap(NULL, pg.len, PROT_READ | PROT_EXEC, MAP_SHARED, pg.fd, 0);
	ZC_CHECK(p == MAP_FAILED && (errno == EACCES || errno == EPERM),
		 "executable");
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, pg.fd, 0);
	ZC_CHECK(p != MAP_FAILED, "a part: %s", strerror(errno));
	munmap(p, 4096);

	p = (void *)pg.p;
	ZC_CHECK(mprotect(p, 4096, PROT_READ | PROT_WRITE) && errno == EACCES,
		 "mprotect: writable");
	ZC_CHECK(mprotect(p, 4096, PROT_READ | PROT_EXEC) && errno == EACCES,
		 "mprotect: executable");
	/* even those who may write to anything of their own */
	mem = ZC_SYS(open("/proc/self/mem", O_RDWR));
	ZC_CHECK(pwrite(mem, &x, 8, (uintptr_t)p) < 0, "/proc/self/mem");
	close(mem);
	ZC_CHECK(mremap(p, pg.len, pg.len + 4096, MREMAP_MAYMOVE) == MAP_FAILED,
		 "grown");
	ZC_EQ(pg.p->entries, 8192, "entries");
	zc_page_close(&pg);
	zc_close(&c);
}

/* What lies behind a page in memory may be another's, and is not for us. */
static void beyond(const void *arg)
{
	enum { NR = 64 };
	struct zc_page pg[NR];
	int sock[NR], i;

	(void)arg;
	for (i = 0; i < NR; i++) {
		sock[i] = ZC_SYS(socket(AF_INET, SOCK_DGRAM, 0));
		zc_setopt(sock[i], SOL_SOCKET, SO_ZEROCOPY, 1);
		page_make(&pg[i], sock[i], 64, -1);
		ZC_EQ(pg[i].len, 4096, "length");
	}
	for (i = 0; i < NR; i++)
		ZC_CHECK(mmap(NULL, 8192, PROT_READ, MAP_SHARED, pg[i].fd,
			      0) == MAP_FAILED && errno == EINVAL,
			 "two pages of one");
	for (i = 0; i < NR; i++) {
		zc_page_close(&pg[i]);
		close(sock[i]);
	}
}

/* ---- who pays ---- */

#define CGROUP	"/run/zc_cgroup"

static long long charged(void)
{
	char buf[64];

	ZC_CHECK(zc_read_file(CGROUP "/zc/memory.current", buf, sizeof(buf)) > 0,
		 "memory.current");
	return atoll(buf);
}

/* Pages are charged to the cgroup of who opens them, slots and all. */
static void memcg(const void *arg)
{
	enum { NR = 24 };
	struct zc_page pg[NR];
	long long before, with;
	int sock[NR], i;

	(void)arg;
	mkdir(CGROUP, 0755);
	if (mount("cgroup2", CGROUP, "cgroup2", 0, NULL) ||
	    zc_write_file(CGROUP "/cgroup.subtree_control", "+memory"))
		zc_skip("no memory cgroups");
	mkdir(CGROUP "/zc", 0755);
	if (zc_write_file(CGROUP "/zc/cgroup.procs", "0"))
		zc_skip("no memory cgroup of one's own");
	for (i = 0; i < NR; i++) {
		sock[i] = ZC_SYS(socket(AF_INET, SOCK_DGRAM, 0));
		zc_setopt(sock[i], SOL_SOCKET, SO_ZEROCOPY, 1);
	}
	before = charged();
	for (i = 0; i < NR; i++)
		page_make(&pg[i], sock[i], 8192, -1);
	with = charged();
	for (i = 0; i < NR; i++)
		zc_page_close(&pg[i]);
	/* 8192 slots and three pages, of which a cpu may keep some in stock */
	ZC_CHECK(with - before > NR * 400000LL, "%lld bytes are charged",
		 with - before);
	/* closing is done by the last task that is on its way out of it */
	ZC_CHECK(zc_wait_for(charged() - before < NR * 100000LL, 10000),
		 "%lld bytes stay charged", charged() - before);
	for (i = 0; i < NR; i++)
		close(sock[i]);
	zc_write_file(CGROUP "/cgroup.procs", "0");
	umount2(CGROUP, MNT_DETACH);
}

struct churn {
	int sock;
	bool stop;
	unsigned int opened, busy;
};

static void *churn_main(void *arg)
{
	struct churn *ch = arg;
	int dev = zc_dev_open();
	struct zc_page pg;

	while (!__atomic_load_n(&ch->stop, __ATOMIC_RELAXED)) {
		int err = zc_page_open(&pg, dev, ch->sock, 64, -1);

		if (err) {
			ZC_EQ(err, -EBUSY, "open");
			ch->busy++;
			continue;
		}
		ch->opened++;
		if (ch->opened & 1)
			zc_wait_for(zc_page_done(&pg) > pg.p->first, 20);
		zc_page_close(&pg);
	}
	close(dev);
	return NULL;
}

/* Pages come and go under traffic; every byte arrives, nothing is left. */
static void churn(const void *arg)
{
	const struct kind *k = arg;
	bool stream = k->type == SOCK_STREAM;
	struct zc_conn c = { .family = k->family, .type = k->type,
			     .sndbuf = 1 << 20, .rcvbuf = 1 << 20 };
	struct churn ch[2] = {};
	size_t len = ZC_KB(256), total = 0;
	char *buf = zc_alloc(len, 101);
	unsigned int i, n = zc_scale(1500, 400);
	pthread_t thread[2];
	struct zc_hash h;
	struct zc_ids ids;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_hash_init(&h);
	for (i = 0; i < 2; i++) {
		ch[i].sock = c.tx;
		ZC_EQ(pthread_create(&thread[i], NULL, churn_main, &ch[i]), 0,
		      "thread");
	}
	for (i = 0; i < n; i++) {
		size_t want = stream ? 100 + (i * 7919) % (len - 100) :
				       100 + i % 1300;

		zc_hash_add(&h, buf, want);
		ZC_EQ(zc_sendmsg(c.tx, buf, want, 0), want, "sendmsg");
		total += want;
		if (!stream)
			ZC_CHECK(zc_rx_wait(&c, total, 5000), "lost");
		memset(&ids, 0, sizeof(ids));
		zc_notif_drain(c.tx, &ids);
	}
	for (i = 0; i < 2; i++)
		__atomic_store_n(&ch[i].stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	zc_note("%u pages opened, busy %u times", ch[0].opened + ch[1].opened,
		ch[0].busy + ch[1].busy);
	ZC_CHECK(ch[0].opened + ch[1].opened > 20, "hardly any page");
	zc_finish(&c, total, zc_hash_val(&h));
	zc_close(&c);
}

/* A page keeps the module, by its descriptor and by its mapping. */
static void unload(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct zc_page pg;
	int err;

	(void)arg;
	zc_layer_load();
	zc_open(&c);
	page_make(&pg, c.tx, 0, -1);
	ZC_EQ(zc_entry_disable(60000), 0, "disable");
	ZC_EQ(zc_entry_remove(10000), 0, "rmmod of the entry");
	ZC_EQ(zc_rmmod("zerocopy"), -EWOULDBLOCK, "rmmod with a page open");
	close(pg.fd);
	ZC_EQ(zc_rmmod("zerocopy"), -EWOULDBLOCK, "rmmod with a page mapped");
	ZC_EQ(zc_page_done(&pg), 0, "done");
	munmap((void *)pg.p, pg.len);
	zc_wait_for(!(err = zc_rmmod("zerocopy")), 10000);
	ZC_EQ(err, 0, "rmmod");
	zc_close(&c);
	zc_layer_load();
}

static const struct kind tcp4 = { AF_INET, SOCK_STREAM };
static const struct kind tcp6 = { AF_INET6, SOCK_STREAM };
static const struct kind udp4 = { AF_INET, SOCK_DGRAM };
static const struct kind udp6 = { AF_INET6, SOCK_DGRAM };

static const struct zc_case cases[] = {
	{ "follow_tcp", follow, &tcp4, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "follow_tcp6", follow, &tcp6, ZC_F_PAIR, 0 },
	{ "follow_udp", follow, &udp4, ZC_F_PAIR, 0 },
	{ "follow_udp6", follow, &udp6, ZC_F_PAIR, 0 },
	{ "prefix", prefix, NULL, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "polling", polling, NULL, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "eventfd", with_eventfd, NULL, ZC_F_PAIR, 0 },
	{ "copied", copied, NULL, 0, 0 },
	{ "passed", passed, NULL, ZC_F_PAIR, 0 },
	{ "full", full, NULL, ZC_F_PAIR, 0 },
	{ "socket_closed", socket_closed, NULL, ZC_F_PAIR, 0 },
	{ "page_closed", page_closed, NULL, ZC_F_PAIR, 0 },
	{ "fork", forked, NULL, ZC_F_PAIR, 0 },
	{ "bad_input", bad_input, NULL, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "mappings", mappings, NULL, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "beyond", beyond, NULL, 0, 0 },
	{ "memcg", memcg, NULL, 0, 0 },
	{ "churn_tcp", churn, &tcp4, ZC_F_PAIR, 0 },
	{ "churn_udp", churn, &udp4, ZC_F_PAIR, 0 },
	{ "unload", unload, NULL, ZC_F_PAIR | ZC_F_BARE, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "page", cases, ZC_ARRAY_SIZE(cases));
}
