// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 6: TCP payload arrives in the program's own area, every byte, in order,
 * whatever it travels on; copied, and said why.
 */
#include "zc_rx.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PG	4096UL
#define BIT(n)	(1U << (n))

/* Copied, because no queue is bound: that is the only reason here */
static void copied_only(const struct zrx_sock *s)
{
	ZC_EQ(s->copied, s->bytes, "bytes copied");
	ZC_CHECK(s->reasons == BIT(ZEROCOPY_RX_WHY_UNBOUND),
		 "reasons %x", s->reasons);
}

/* ---- bytes ---- */

struct bytes {
	enum zc_link link;
	int family;
	size_t len, area;
	u32 buffer;
};

/* A stream to its end: fragments, statistics and counters say the same. */
static void whole_stream(const void *arg)
{
	const struct bytes *b = arg;
	struct zc_conn c = ZRX_TCP(.link = b->link, .family = b->family);
	size_t area = b->area ?: ZC_MB(1);
	char *buf = zc_alloc(b->len, 601);
	struct zerocopy_rx_query q;
	struct zc_counters before, now;
	struct zc_feed f = { .fin = true };
	struct zrx_sock *s;
	unsigned int i;
	struct zrx r;

	zrx_make(&r, area, b->buffer);
	zc_open(&c);
	zc_counters_of(ZC_NS_A, "zerocopy_rx", &before);
	s = zrx_attach(&r, c.rx);
	ZC_EQ(zrx_ioctl_query(r.fd, c.rx, &q), 0, "query");
	ZC_CHECK(q.cookie == s->cookie && !q.bytes && !q.copied, "query");
	zc_feed(&f, c.tx, buf, b->len);
	zrx_until(&r, s, b->len);
	ZC_EQ(zrx_ioctl_query(r.fd, c.rx, &q), 0, "query");
	ZC_EQ(q.bytes, b->len, "query: bytes");
	ZC_EQ(q.copied, b->len, "query: copied");
	ZC_EQ(q.backend, ZEROCOPY_RX_COPY, "query: backend");
	ZC_EQ(q.index, 0, "query: area");
	zrx_until_eof(&r, s);
	ZC_EQ(s->err, 0, "the end's errno");
	zc_feed_join(&f);
	zrx_same(s, buf, b->len);
	copied_only(s);
	ZC_CHECK(zrx_quiet(&r), "something behind the end");
	ZC_EQ(r.ring->bytes, b->len, "statistics: bytes");
	ZC_EQ(r.ring->copied, b->len, "statistics: copied");
	ZC_EQ(r.ring->fragments, s->frags, "statistics: fragments");
	ZC_EQ(r.ring->refilled, s->frags, "statistics: refilled");
	ZC_EQ(r.ring->bad, 0, "statistics: bad");
	zc_counters_of(ZC_NS_A, "zerocopy_rx", &now);
	for (i = 0; i < now.nr; i++) {
		const char *name = now.c[i].name;
		long long n = now.c[i].val - zc_counter(&before, name);

		if (!strcmp(name, "bytes") || !strcmp(name, "copied_bytes"))
			ZC_EQ(n, b->len, name);
		else if (!strcmp(name, "fragments"))
			ZC_EQ(n, s->frags, name);
		else if (!strcmp(name, "copied_unbound"))
			ZC_CHECK(n > 0 && n <= (long long)b->len,
				 "copied_unbound is %lld", n);
		else if (!strncmp(name, "copied_", 7))
			ZC_EQ(n, 0, name);
	}
	zrx_close(&r);
	zc_close(&c);
}

/* Many small messages: packed, and each byte where it belongs. */
static void small(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	size_t len = 0, n = zc_scale(3000, 600), i;
	char *buf = zc_alloc(ZC_KB(512), 602);
	struct zrx_sock *s;
	struct zrx r;

	(void)arg;
	zrx_make(&r, ZC_KB(256), 65536);
	zc_open(&c);
	zc_setopt(c.tx, IPPROTO_TCP, TCP_NODELAY, 1);
	s = zrx_attach(&r, c.rx);
	r.keep = true;
	for (i = 0; i < n; i++) {
		size_t want = 1 + i * 7 % 150;

		zc_send_all(c.tx, buf + len, want);
		len += want;
		if (i % 50 == 49) {
			/* packed: as much as is here takes few buffers */
			zrx_until(&r, s, len);
			ZC_CHECK(zrx_held(&r) <= 2, "%u buffers for %u bytes",
				 zrx_held(&r), 50 * 150);
			zrx_give_back(&r);
		}
	}
	r.keep = false;
	zrx_until(&r, s, len);
	zrx_same(s, buf, len);
	zrx_capacity(&r, s, c.tx);
	zrx_close(&r);
	zc_close(&c);
}

/* At most so many fragments, at least one. */
static void at_most(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 20);
	char *buf = zc_alloc(ZC_KB(256), 603);
	struct zrx_sock *s;
	struct zrx r;
	u64 frags = 0;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 4096);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zc_send_all(c.tx, buf, ZC_KB(256));
	while (s->bytes < ZC_KB(256)) {
		int n = zrx_pull(&r, 1);

		if (n == -EAGAIN)
			continue;
		ZC_EQ(n, 1, "fragments of RECV with max 1");
		ZC_EQ(s->frags, ++frags, "fragments");
	}
	ZC_CHECK(frags >= 64, "%llu fragments", (unsigned long long)frags);
	zrx_same(s, buf, ZC_KB(256));
	zrx_close(&r);
	zc_close(&c);
}

/* ---- areas ---- */

enum memory { M_SMALL, M_THP, M_MEMFD, M_HUGETLB, M_DEVICE };

/* Any memory that may be received into, and any size of buffer. */
static void memory(const void *arg)
{
	const enum memory *m = arg;
	size_t len = ZC_MB(4), total = zc_scale(ZC_MB(12), ZC_MB(6));
	struct zc_conn c = ZRX_TCP();
	char *buf = zc_alloc(total, 604), *p;
	struct zc_feed f = { .fin = true };
	struct zrx_sock *s;
	struct zrx r;
	int fd;

	zrx_open(&r, 0, 0, -1);
	switch (*m) {
	case M_THP:
		p = zc_alloc_thp(len, 1);
		if (!p)
			zc_skip("no transparent huge pages to be had");
		break;
	case M_MEMFD:
		fd = ZC_SYS(syscall(SYS_memfd_create, "area", MFD_CLOEXEC));
		ZC_SYS(ftruncate(fd, len));
		p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		break;
	case M_HUGETLB:
		zc_write_file("/proc/sys/vm/nr_hugepages", "8");
		p = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		if (p == MAP_FAILED)
			zc_skip("no huge pages: %s", strerror(errno));
		break;
	case M_DEVICE:
		p = zc_dev_memory(r.dev, len);
		break;
	default:
		p = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	ZC_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
	zrx_area_at(&r, p, len, 0, false);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zc_feed(&f, c.tx, buf, total);
	zrx_until(&r, s, total);
	zrx_until_eof(&r, s);
	zc_feed_join(&f);
	zrx_same(s, buf, total);
	zrx_close(&r);
	zc_close(&c);
}

/* Several areas of several sizes: all are used, and all come back. */
static void areas(const void *arg)
{
	static const u32 size[] = { 4096, 65536, 16384, ZC_MB(2) };
	struct zc_conn c = ZRX_TCP();
	size_t len = ZC_MB(3);
	char *buf = zc_alloc(len, 605);
	struct zc_feed f = { .chunk = 50000 };
	struct zrx_sock *s;
	struct zrx r;
	unsigned int i;

	(void)arg;
	zrx_open(&r, 0, 0, -1);
	for (i = 0; i < 3; i++)
		zrx_area(&r, ZC_KB(256), size[i]);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zrx_capacity(&r, s, c.tx);
	/* one more while it runs */
	zrx_area(&r, ZC_MB(2), size[3]);
	s = zrx_sock(&r, s->cookie);
	zrx_capacity(&r, s, c.tx);
	s->bytes = 0;
	zc_hash_init(&s->hash);
	zc_feed(&f, c.tx, buf, len);
	zrx_until(&r, s, len);
	zc_feed_join(&f);
	zrx_same(s, buf, len);
	zrx_close(&r);
	zc_close(&c);
}

/* ---- sockets ---- */

/* Several sockets, at the same time: each stream for itself. */
static void many_sockets(const void *arg)
{
	enum { NR = 12 };
	size_t len = zc_scale(ZC_MB(1), ZC_KB(256));
	struct zrx_sock *s[NR];
	struct zc_feed f[NR];
	struct zc_conn c[NR];
	char *buf[NR];
	struct zrx r;
	unsigned int i;

	(void)arg;
	zrx_make(&r, ZC_KB(512), 16384);
	for (i = 0; i < NR; i++) {
		c[i] = (struct zc_conn)ZRX_TCP(.family = i & 1 ? AF_INET6 : AF_INET,
					   .link = i & 2 ? ZC_LINK_VETH :
							   ZC_LINK_LO);
		zc_open(&c[i]);
		s[i] = zrx_attach(&r, c[i].rx);
		buf[i] = zc_alloc(len, 606 + i);
		f[i] = (struct zc_feed){ .fin = true, .chunk = 1000 + 7001 * i };
	}
	for (i = 0; i < NR; i++)
		zc_feed(&f[i], c[i].tx, buf[i], len);
	for (i = 0; i < NR; i++)
		zrx_until_eof(&r, s[i]);
	for (i = 0; i < NR; i++) {
		zc_feed_join(&f[i]);
		zrx_same(s[i], buf[i], len);
		copied_only(s[i]);
		ZC_EQ(s[i]->err, 0, "errno of the end");
		zc_close(&c[i]);
	}
	ZC_EQ(r.nr_socks, NR, "sockets that fragments named");
	zrx_close(&r);
}

/* One socket that never stops does not keep others waiting. */
static void fair(const void *arg)
{
	struct zc_conn fast = ZRX_TCP(.rcvbuf = 1 << 20), slow = ZRX_TCP();
	char *buf = zc_alloc(ZC_MB(1), 620);
	struct zrx_sock *sf, *ss;
	struct zrx r;
	unsigned int n = 0;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 16384);
	zc_open(&fast);
	zc_open(&slow);
	fcntl(fast.tx, F_SETFL, O_NONBLOCK);
	sf = zrx_attach(&r, fast.rx);
	ss = zrx_attach(&r, slow.rx);
	/* as much as it takes waits on the first when the second gets a byte */
	while (send(fast.tx, buf, ZC_MB(1), MSG_NOSIGNAL) > 0)
		;
	zc_send_all(slow.tx, buf, 1);
	while (!ss->bytes) {
		zrx_pull(&r, 8);
		while (send(fast.tx, buf, ZC_MB(1), MSG_NOSIGNAL) > 0)
			;
		ZC_CHECK(++n < 200, "%llu bytes of one came before the other's one",
			 (unsigned long long)sf->bytes);
	}
	zrx_close(&r);
	zc_close(&fast);
	zc_close(&slow);
}

/* What is queued when the socket is attached comes first; some was read. */
static void queued_before(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 20);
	size_t len = ZC_KB(300), before = ZC_KB(100), part = 1234;
	char *buf = zc_alloc(len, 621), *got = malloc(part);
	struct zrx_sock *s;
	struct zrx r;
	int n = 0;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 0);
	zc_open(&c);
	zc_send_all(c.tx, buf, before);
	ZC_CHECK(zc_wait_for(!ioctl(c.rx, FIONREAD, &n) && n == (int)before,
			     5000), "%d bytes are queued", n);
	ZC_EQ(recv(c.rx, got, part, MSG_WAITALL), part, "recv");
	s = zrx_attach(&r, c.rx);
	/* without anything new */
	zrx_until(&r, s, before - part);
	zc_send_all(c.tx, buf + before, len - before);
	zrx_until(&r, s, len - part);
	zrx_same(s, buf + part, len - part);
	copied_only(s);
	zrx_close(&r);
	zc_close(&c);
}

/* Only the end was queued when the socket was attached. */
static void queued_end(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	struct pollfd pfd = { .events = POLLRDHUP };
	struct zrx_sock *s;
	struct zrx r;
	int err;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 0);
	zc_open(&c);
	shutdown(c.tx, SHUT_WR);
	pfd.fd = c.rx;
	ZC_EQ(poll(&pfd, 1, 10000), 1, "poll");
	err = zrx_ioctl_attach(r.fd, c.rx, 0, NULL);
	/* half closed is not connected for setsockopt(TCP_ULP) */
	if (err) {
		ZC_EQ(err, -ENOTCONN, "ATTACH of a socket that was shut down");
	} else {
		s = zrx_sock(&r, zc_cookie(c.rx));
		zrx_until_eof(&r, s);
		ZC_EQ(s->err, 0, "errno of the end");
		ZC_CHECK(zrx_quiet(&r), "it ends again");
	}
	zrx_close(&r);
	zc_close(&c);
}

/* ---- ends ---- */

static void reset(struct zc_conn *c)
{
	struct linger l = { 1, 0 };

	ZC_SYS(setsockopt(c->tx, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	close(c->tx);
	c->tx = -1;
}

/* The peer resets: what had come is still received, then the errno. */
static void rst(const void *arg)
{
	const int *late = arg;
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 20);
	size_t len = ZC_KB(100);
	char *buf = zc_alloc(len, 622);
	struct pollfd pfd = { .events = POLLIN };
	struct zrx_sock *s;
	struct zrx r;
	int n = 0;

	zrx_make(&r, ZC_MB(1), 0);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zc_send_all(c.tx, buf, len);
	if (*late)
		zrx_until(&r, s, len);
	else
		ZC_CHECK(zc_wait_for(!ioctl(c.rx, FIONREAD, &n) &&
				     n == (int)len, 5000), "%d bytes", n);
	reset(&c);
	pfd.fd = r.fd;
	ZC_EQ(poll(&pfd, 1, 10000), 1, "poll");
	zrx_until_eof(&r, s);
	ZC_EQ(s->err, ECONNRESET, "errno of the end");
	zrx_same(s, buf, len);
	ZC_CHECK(zrx_quiet(&r), "it ends again");
	zrx_close(&r);
	zc_close(&c);
}

/* The end of one way: the other is still open. */
static void half_closed(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	char *buf = zc_alloc(ZC_KB(64), 623), ch;
	struct zrx_sock *s;
	struct zrx r;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 0);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zc_send_all(c.tx, buf, ZC_KB(64));
	shutdown(c.tx, SHUT_WR);
	zrx_until_eof(&r, s);
	ZC_EQ(s->err, 0, "errno of the end");
	zrx_same(s, buf, ZC_KB(64));
	ZC_EQ(send(c.rx, "x", 1, 0), 1, "send behind the end");
	ZC_EQ(recv(c.tx, &ch, 1, 0), 1, "recv");
	ZC_CHECK(zrx_quiet(&r), "it ends again");
	zrx_detach(&r, c.rx);
	ZC_EQ(recv(c.rx, &ch, 1, 0), 0, "recv() at the end of the stream");
	zrx_close(&r);
	zc_close(&c);
}

/* Urgent data, in line or not: no other byte is lost, and the end comes. */
static void urgent_byte(const void *arg)
{
	const int *in_line = arg;
	struct zc_conn c = ZRX_TCP();
	char *buf = zc_alloc(ZC_KB(64), 624), got[16] = "";
	size_t half = ZC_KB(20), len = 2 * half;
	struct zrx_sock *s;
	struct zc_hash with;
	struct zrx r;

	zrx_make(&r, ZC_MB(1), 0);
	zc_open(&c);
	if (*in_line)
		zc_setopt(c.rx, SOL_SOCKET, SO_OOBINLINE, 1);
	s = zrx_attach(&r, c.rx);
	zc_send_all(c.tx, buf, half);
	ZC_EQ(send(c.tx, "!", 1, MSG_OOB), 1, "MSG_OOB");
	zc_send_all(c.tx, buf + half, half);
	shutdown(c.tx, SHUT_WR);
	zrx_until_eof(&r, s);
	ZC_EQ(s->err, 0, "errno of the end");
	zc_hash_init(&with);
	zc_hash_add(&with, buf, half);
	zc_hash_add(&with, "!", 1);
	zc_hash_add(&with, buf + half, half);
	if (s->bytes == len + 1)
		ZC_CHECK(zc_hash_val(&s->hash) == zc_hash_val(&with),
			 "other bytes");
	else
		zrx_same(s, buf, len);
	if (*in_line)
		ZC_EQ(s->bytes, len + 1, "bytes with the urgent one in line");
	zc_note("the urgent byte is %s", s->bytes == len + 1 ? "in line" :
		recv(c.rx, got, 1, MSG_OOB) == 1 ? "out of band" : "nowhere");
	zrx_close(&r);
	zc_close(&c);
}

/* ---- the mapping ---- */

static void opening(const void *arg)
{
	static const u32 sizes[] = { 64, 256, 65536 };
	struct zc_conn c = ZRX_TCP();
	struct zrx r;
	unsigned int i;
	void *p;

	(void)arg;
	zrx_open(&r, 0, 0, -1);
	for (i = 0; i < ZC_ARRAY_SIZE(r.ring->reserved); i++)
		ZC_EQ(r.ring->reserved[i], 0, "reserved");
	ZC_CHECK(!r.ring->frag_tail && !r.ring->flags && !r.ring->refill_head &&
		 !r.ring->bytes && !r.ring->bad, "a fresh ring");
	ZC_EQ(zrx_ioctl_recv(r.fd, 0, ZEROCOPY_RX_DONTWAIT), -ENODEV,
	      "RECV without an area");
	ZC_EQ(zrx_ioctl_recv(r.fd, 0, 0), -ENODEV, "RECV without an area");
	zc_open(&c);
	zrx_attach(&r, c.rx);
	ZC_EQ(send(c.tx, "x", 1, 0), 1, "send");
	ZC_EQ(zrx_ioctl_recv(r.fd, 0, 0), -ENODEV, "RECV without an area");
	zrx_area(&r, ZC_KB(64), 4096);
	zrx_until(&r, zrx_sock(&r, zc_cookie(c.rx)), 1);

	/* no more than there is, only from the start, only shared */
	p = mmap(NULL, r.len + PG, PROT_READ, MAP_SHARED, r.fd, 0);
	ZC_CHECK(p == MAP_FAILED && errno == EINVAL, "mmap of more: %s",
		 p == MAP_FAILED ? strerror(errno) : "done");
	p = mmap(NULL, PG, PROT_READ, MAP_SHARED, r.fd, r.len);
	ZC_CHECK(p == MAP_FAILED && errno == EINVAL, "mmap behind it: %s",
		 p == MAP_FAILED ? strerror(errno) : "done");
	p = mmap(NULL, r.len, PROT_READ | PROT_WRITE, MAP_PRIVATE, r.fd, 0);
	ZC_CHECK(p == MAP_FAILED && errno == EINVAL, "private mmap: %s",
		 p == MAP_FAILED ? strerror(errno) : "done");
	p = mmap(NULL, r.len, PROT_READ | PROT_EXEC, MAP_SHARED, r.fd, 0);
	ZC_CHECK(p == MAP_FAILED, "executable mmap");
	/* the same memory once more */
	p = mmap(NULL, r.len, PROT_READ, MAP_SHARED, r.fd, 0);
	ZC_CHECK(p != MAP_FAILED, "second mmap: %s", strerror(errno));
	ZC_CHECK(!memcmp(p, r.map, r.len), "two mappings differ");
	munmap(p, r.len);
	zrx_close(&r);
	zc_close(&c);
	for (i = 0; i < ZC_ARRAY_SIZE(sizes); i++) {
		zrx_open(&r, sizes[i], sizes[ZC_ARRAY_SIZE(sizes) - 1 - i],
			 -1);
		zrx_close(&r);
	}
}

#define LO(fam, ...) { .link = ZC_LINK_LO, .family = fam, __VA_ARGS__ }
static const struct bytes
	lo4_1 = LO(AF_INET, .len = 1), lo6_1 = LO(AF_INET6, .len = 1),
	lo4_64k = LO(AF_INET, .len = 65536),
	lo6_64k = LO(AF_INET6, .len = 65536),
	lo4_24m = LO(AF_INET, .len = ZC_MB(24)),
	lo6_24m = LO(AF_INET6, .len = ZC_MB(24)),
	lo_4096 = LO(AF_INET, .len = ZC_MB(3), .buffer = 4096),
	lo_8192 = LO(AF_INET, .len = ZC_MB(3) + 1, .buffer = 8192),
	lo_256k = LO(AF_INET, .len = ZC_MB(3) + 2, .buffer = ZC_KB(256)),
	lo_2m = LO(AF_INET, .len = ZC_MB(9), .area = ZC_MB(6),
		   .buffer = ZC_MB(2)),
	lo_one = LO(AF_INET, .len = ZC_MB(1), .area = 4096, .buffer = 4096),
	veth4_24m = { ZC_LINK_VETH, AF_INET, ZC_MB(24), 0, 0 },
	veth6_24m = { ZC_LINK_VETH, AF_INET6, ZC_MB(24), 0, 0 },
	veth6_1 = { ZC_LINK_VETH, AF_INET6, 1, 0, 0 },
	pair4_1 = { ZC_LINK_PAIR, AF_INET, 1, 0, 0 },
	pair4_64k = { ZC_LINK_PAIR, AF_INET, 65536, 0, 0 },
	pair4_24m = { ZC_LINK_PAIR, AF_INET, ZC_MB(24), 0, 0 },
	pair6_1 = { ZC_LINK_PAIR, AF_INET6, 1, 0, 0 },
	pair6_24m = { ZC_LINK_PAIR, AF_INET6, ZC_MB(24), 0, 0 };

static const enum memory m_small = M_SMALL, m_thp = M_THP, m_memfd = M_MEMFD,
	m_hugetlb = M_HUGETLB, m_device = M_DEVICE;
static const int no, yes = 1;

static const struct zc_case cases[] = {
	{ "open", opening, NULL, ZC_F_SHORT, 0 },
	{ "lo4_1", whole_stream, &lo4_1, ZC_F_SHORT, 0 },
	{ "lo6_1", whole_stream, &lo6_1, 0, 0 },
	{ "lo4_64k", whole_stream, &lo4_64k, 0, 0 },
	{ "lo6_64k", whole_stream, &lo6_64k, 0, 0 },
	{ "lo4_24m", whole_stream, &lo4_24m, ZC_F_SHORT, 0 },
	{ "lo6_24m", whole_stream, &lo6_24m, 0, 0 },
	{ "buffer_4096", whole_stream, &lo_4096, 0, 0 },
	{ "buffer_8192", whole_stream, &lo_8192, 0, 0 },
	{ "buffer_256k", whole_stream, &lo_256k, 0, 0 },
	{ "buffer_2m", whole_stream, &lo_2m, 0, 0 },
	{ "one_buffer", whole_stream, &lo_one, 0, 0 },
	{ "veth6_1", whole_stream, &veth6_1, 0, 0 },
	{ "veth4_24m", whole_stream, &veth4_24m, 0, 0 },
	{ "veth6_24m", whole_stream, &veth6_24m, 0, 0 },
	{ "pair4_1", whole_stream, &pair4_1, ZC_F_PAIR, 0 },
	{ "pair4_64k", whole_stream, &pair4_64k, ZC_F_PAIR, 0 },
	{ "pair4_24m", whole_stream, &pair4_24m, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "pair6_1", whole_stream, &pair6_1, ZC_F_PAIR, 0 },
	{ "pair6_24m", whole_stream, &pair6_24m, ZC_F_PAIR, 0 },
	{ "small", small, NULL, ZC_F_SHORT, 0 },
	{ "at_most", at_most, NULL, 0, 0 },
	{ "memory_small", memory, &m_small, 0, 0 },
	{ "memory_thp", memory, &m_thp, 0, 0 },
	{ "memory_memfd", memory, &m_memfd, 0, 0 },
	{ "memory_hugetlb", memory, &m_hugetlb, 0, 0 },
	{ "memory_device", memory, &m_device, 0, 0 },
	{ "areas", areas, NULL, ZC_F_SHORT, 0 },
	{ "sockets", many_sockets, NULL, ZC_F_SHORT, 0 },
	{ "fair", fair, NULL, 0, 0 },
	{ "queued", queued_before, NULL, ZC_F_SHORT, 0 },
	{ "queued_end", queued_end, NULL, 0, 0 },
	{ "rst", rst, &no, ZC_F_SHORT, 0 },
	{ "rst_idle", rst, &yes, 0, 0 },
	{ "half_closed", half_closed, NULL, 0, 0 },
	{ "urgent", urgent_byte, &no, ZC_F_SHORT, 0 },
	{ "urgent_inline", urgent_byte, &yes, 0, 0 },
};

int main(int argc, char **argv)
{
	return zrx_main(argc, argv, "rx", cases, ZC_ARRAY_SIZE(cases));
}
