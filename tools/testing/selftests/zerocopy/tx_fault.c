// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 2, "done when" 4: "out of memory at every allocation of a send (fault
 * injection): right errno and byte count, right notifications, pinned bytes
 * now back at 0"; refill runs without the socket lock, so a sender that sits
 * in a page fault holds up nobody (trap: "refill ran with the socket lock
 * held").
 */
#include "zc_test.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* ---- the n-th allocation of a call fails ---- */

static void inject_setup(void)
{
	static const char * const conf[][2] = {
		{ "failslab/ignore-gfp-wait", "0" },
		{ "failslab/cache-filter", "0" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "0" },
		{ "fail_page_alloc/ignore-gfp-highmem", "0" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
	};
	char path[128];
	unsigned int i;
	int err;

	if (access("/proc/self/fail-nth", W_OK))
		zc_skip("no fault injection in this kernel");
	for (i = 0; i < ZC_ARRAY_SIZE(conf); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s",
			 conf[i][0]);
		err = zc_write_file(path, conf[i][1]);
		if (err)
			zc_skip("%s: %s", path, strerror(-err));
	}
}

struct inject {
	int fd;
};

static void inject_open(struct inject *in)
{
	in->fd = ZC_SYS(open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC));
}

static void inject_arm(struct inject *in, int n)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%d", n);
	ZC_CHECK(pwrite(in->fd, buf, strlen(buf), 0) > 0, "fail-nth: %s",
		 strerror(errno));
}

/* Whether it has happened; no longer armed then */
static bool inject_hit(struct inject *in)
{
	char buf[16] = {};
	int left;

	ZC_CHECK(pread(in->fd, buf, sizeof(buf) - 1, 0) > 0, "fail-nth: %s",
		 strerror(errno));
	left = atoi(buf);
	inject_arm(in, 0);
	return !left;
}

struct oom {
	int family, type;
	size_t len;
	bool fresh;		/* a new socket each time */
	bool veth;		/* where packets are copied */
};

static void oom(const void *arg)
{
	const struct oom *o = arg;
	struct zc_conn c = {
		.family = o->family, .type = o->type,
		.link = o->veth ? ZC_LINK_VETH : ZC_LINK_PAIR,
		.rcvbuf = 4 << 20, .sndbuf = 4 << 20,
	};
	unsigned int n, hits = 0, bad = 0, partial = 0, ids = 0;
	struct zc_ids got = {};
	struct inject in;
	struct zc_hash h;
	u64 total = 0;
	char *buf;
	ssize_t ret;
	int err;

	inject_setup();
	inject_open(&in);
	buf = zc_alloc(o->len, 131);
	zc_hash_init(&h);
	for (n = 1; n < 1500; n++) {
		if (n == 1 || o->fresh) {
			zc_open(&c);
			c.rx_bytes = 0;
			c.rx_stop = false;
			c.rx_eof = false;
			zc_rx_start(&c, UINT64_MAX);
			zc_hash_init(&h);
			total = 0;
			ids = 0;
			memset(&got, 0, sizeof(got));
		}
		inject_arm(&in, n);
		ret = zc_sendmsg(c.tx, buf, o->len, MSG_NOSIGNAL);
		err = errno;
		if (inject_hit(&in))
			hits++;
		else
			ZC_EQ(ret, o->len, "the last, undisturbed send");
		if (ret < 0) {
			ZC_CHECK(err == ENOBUFS || err == ENOMEM ||
				 err == EAGAIN || err == EFAULT,
				 "allocation %u: %s", n, strerror(err));
			/* EFAULT only where memory is pinned, never stock's */
			bad++;
		} else {
			ZC_CHECK(ret > 0, "allocation %u: sent %zd", n, ret);
			if ((size_t)ret < o->len)
				partial++;
			ids++;
			total += ret;
			zc_hash_add(&h, buf, ret);
		}
		if (o->fresh || hits != n) {
			/* an id for each that sent, none for the others */
			ZC_CHECK(zc_notif_wait(c.tx, &got, ids, 10000),
				 "allocation %u: %llu of %u ids", n,
				 (unsigned long long)got.count, ids);
			ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
			zc_notif_none(c.tx);
			ZC_EQ(got.sum, (u64)ids * (ids - 1) / 2,
			      "sum of the ids");
			/* a datagram may be lost further down: netdev memory */
			if (o->type == SOCK_STREAM)
				zc_finish(&c, total, zc_hash_val(&h));
			zc_close(&c);
		}
		if (hits != n)
			break;
	}
	zc_note("%u allocations, %u errors, %u short counts", hits, bad,
		partial);
	ZC_CHECK(hits != n, "no end of allocations after %u", n);
	ZC_CHECK(hits >= 2, "only %u allocations seen", hits);
}

/*
 * The layer's unsent tail has to be made private before the stock path may
 * follow: without memory for that the call says so, and nothing is lost
 */
static void oom_behind_tail(const void *arg)
{
	const size_t len = ZC_MB(1) + 100, small = 300;
	char *buf = zc_alloc(len, 133);
	unsigned int n, hits = 0, bad = 0;
	struct inject in;

	(void)arg;
	inject_setup();
	inject_open(&in);
	for (n = 1; n < 300; n++) {
		struct zc_conn c = {
			.family = AF_INET, .type = SOCK_STREAM,
			.rcvbuf = 1 << 16, .sndbuf = 16 << 20,
		};
		struct zc_ids ids = {};
		unsigned int count = 1;
		u64 total = len;
		struct zc_hash h;
		ssize_t ret;
		bool hit;

		zc_hash_init(&h);
		zc_hash_add(&h, buf, len);
		zc_open(&c);
		zc_rx_start(&c, 0);
		ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
		zc_set_enabled(ZC_NS_A, 0);
		inject_arm(&in, n);
		ret = zc_sendmsg(c.tx, buf, small, MSG_DONTWAIT);
		hit = inject_hit(&in);
		ZC_CHECK(ret == (ssize_t)small || errno == ENOBUFS ||
			 errno == ENOMEM || errno == EAGAIN,
			 "allocation %u: %zd %s", n, ret, strerror(errno));
		zc_set_enabled(ZC_NS_A, 1);
		if (ret > 0) {
			count++;
			total += ret;
			zc_hash_add(&h, buf, ret);
		} else {
			bad++;
		}
		/* the socket is as good as before */
		ZC_EQ(zc_sendmsg(c.tx, buf, small, 0), small, "next");
		zc_hash_add(&h, buf, small);
		zc_rx_limit(&c, UINT64_MAX);
		ZC_CHECK(zc_notif_wait(c.tx, &ids, count + 1, 10000),
			 "%llu of %u ids", (unsigned long long)ids.count,
			 count + 1);
		zc_finish(&c, total + small, zc_hash_val(&h));
		zc_close(&c);
		if (!hit)
			break;
		hits++;
	}
	zc_note("%u allocations, %u errors", hits, bad);
	ZC_CHECK(n < 300, "no end of allocations");
}

/* Pins of memory that is not there yet: the fault itself runs out of memory */
static void oom_untouched(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 4 << 20,
		.sndbuf = 4 << 20,
	};
	const size_t len = 16 * 4096;
	unsigned int n, hits = 0;
	struct inject in;
	u64 total = 0;
	char *buf;
	ssize_t ret;
	bool hit;

	(void)arg;
	inject_setup();
	inject_open(&in);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	for (n = 1; n < 600; n++) {
		buf = mmap(NULL, len, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ZC_CHECK(buf != MAP_FAILED, "mmap");
		madvise(buf, len, MADV_NOHUGEPAGE);
		inject_arm(&in, n);
		ret = zc_sendmsg(c.tx, buf, len, 0);
		hit = inject_hit(&in);
		if (ret > 0)
			total += ret;
		else
			ZC_CHECK(errno == ENOMEM || errno == EFAULT ||
				 errno == ENOBUFS || errno == EAGAIN,
				 "allocation %u: %s", n, strerror(errno));
		munmap(buf, len);
		hits += hit;
		if (!hit)
			break;
	}
	zc_note("%u allocations", hits);
	ZC_CHECK(zc_rx_wait(&c, total, 10000), "bytes are missing");
	zc_close(&c);
}

/* ---- a sender in a page fault ---- */

struct sender {
	pthread_t thread;
	int fd;
	const char *buf;
	size_t len;
	ssize_t ret;
	int err;
	bool done;
};

static void *send_thread(void *arg)
{
	struct sender *s = arg;

	s->ret = zc_sendmsg(s->fd, s->buf, s->len, 0);
	s->err = errno;
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

struct prober {
	pthread_t thread;
	int fd, type;
	bool done;
};

/* What another thread may want of the socket meanwhile */
static void *probe_thread(void *arg)
{
	struct prober *p = arg;
	struct tcp_info ti;
	socklen_t len = sizeof(ti);
	struct pollfd pfd = { .fd = p->fd, .events = POLLOUT };
	char c;

	if (p->type == SOCK_STREAM)
		getsockopt(p->fd, IPPROTO_TCP, TCP_INFO, &ti, &len);
	else
		zc_getopt(p->fd, SOL_IP, IP_TTL);
	zc_setopt(p->fd, SOL_SOCKET, SO_PRIORITY, 3);
	recv(p->fd, &c, 1, MSG_DONTWAIT);
	poll(&pfd, 1, 0);
	/* and a message of one's own gets through */
	send(p->fd, "", 0, MSG_DONTWAIT);
	__atomic_store_n(&p->done, true, __ATOMIC_RELEASE);
	return NULL;
}

struct uf {
	int type;
	size_t len, hole;
};

static void uffd(const void *arg)
{
	const struct uf *u = arg;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct zc_conn c = {
		.family = AF_INET, .type = u->type, .rcvbuf = 4 << 20,
		.sndbuf = 16 << 20,
	};
	struct prober p = { .type = u->type };
	struct sender s = { .len = u->len };
	size_t map = (u->len + 8191) & ~4095UL;
	char *buf, *copy = malloc(map), *page;
	struct uffd_msg msg;
	struct pollfd pfd;
	unsigned int faults = 0;
	bool free_lock;
	u64 t;
	int fd;

	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		zc_skip("userfaultfd: %s", strerror(errno));
	if (ioctl(fd, UFFDIO_API, &api))
		zc_skip("UFFDIO_API: %s", strerror(errno));
	zc_fill(copy, map, 132);
	buf = zc_alloc(map, 132);
	ZC_SYS(madvise(buf + u->hole, map - u->hole, MADV_DONTNEED));
	reg.range.start = (uintptr_t)buf + u->hole;
	reg.range.len = map - u->hole;
	if (ioctl(fd, UFFDIO_REGISTER, &reg))
		zc_skip("UFFDIO_REGISTER: %s", strerror(errno));

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	s.fd = c.tx;
	s.buf = buf;
	ZC_EQ(pthread_create(&s.thread, NULL, send_thread, &s), 0, "thread");
	pfd.fd = fd;
	pfd.events = POLLIN;
	ZC_CHECK(poll(&pfd, 1, 10000) == 1, "no page fault");

	p.fd = c.tx;
	t = zc_now_ms();
	ZC_EQ(pthread_create(&p.thread, NULL, probe_thread, &p), 0, "thread");
	free_lock = zc_wait_for(__atomic_load_n(&p.done, __ATOMIC_ACQUIRE),
				2000);
	t = zc_now_ms() - t;

	/* bring the pages in, whatever the verdict */
	while (!__atomic_load_n(&s.done, __ATOMIC_ACQUIRE)) {
		struct uffdio_copy cp = { .len = 4096 };

		if (poll(&pfd, 1, 50) != 1)
			continue;
		if (read(fd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		page = (char *)(uintptr_t)(msg.arg.pagefault.address & ~4095UL);
		cp.dst = (uintptr_t)page;
		cp.src = (uintptr_t)(copy + (page - buf));
		if (ioctl(fd, UFFDIO_COPY, &cp) && errno != EEXIST)
			zc_fail("UFFDIO_COPY: %s", strerror(errno));
		faults++;
	}
	pthread_join(s.thread, NULL);
	pthread_join(p.thread, NULL);
	ZC_LAYER(free_lock,
		 "a sender in a page fault holds the socket lock (%llu ms)",
		 (unsigned long long)t);
	zc_note("%u faults, the others waited %llu ms", faults,
		(unsigned long long)t);
	errno = s.err;
	ZC_CHECK(s.ret == (ssize_t)u->len, "sendmsg: %zd %s", s.ret,
		 s.ret < 0 ? strerror(s.err) : "");
	if (u->type == SOCK_STREAM)
		zc_finish(&c, u->len, zc_hash_buf(copy, u->len));
	zc_close(&c);
	close(fd);
}

static const struct oom oom_tcp = { AF_INET, SOCK_STREAM, 600000, false, false };
static const struct oom oom_tcp6 = { AF_INET6, SOCK_STREAM, 100000, false, false };
static const struct oom oom_tcp_small = { AF_INET, SOCK_STREAM, 300, false, false };
static const struct oom oom_tcp_fresh = { AF_INET, SOCK_STREAM, 20000, true, false };
static const struct oom oom_udp = { AF_INET, SOCK_DGRAM, 1200, false, false };
static const struct oom oom_udp6 = { AF_INET6, SOCK_DGRAM, 1200, true, false };
static const struct oom oom_veth = { AF_INET, SOCK_STREAM, 100000, false, true };
static const struct oom oom_veth_udp = { AF_INET, SOCK_DGRAM, 1200, false, true };
static const struct uf uf_tcp = { SOCK_STREAM, 300000, 200704 };
static const struct uf uf_tcp_second = { SOCK_STREAM, 1200000, 602112 };
static const struct uf uf_first = { SOCK_STREAM, 100000, 0 };
static const struct uf uf_udp = { SOCK_DGRAM, 1200, 0 };

static const struct zc_case cases[] = {
	{ "oom_tcp", oom, &oom_tcp, ZC_F_PAIR | ZC_F_SHORT, 300 },
	{ "oom_tcp6", oom, &oom_tcp6, ZC_F_PAIR, 300 },
	{ "oom_tcp_small", oom, &oom_tcp_small, ZC_F_PAIR, 300 },
	{ "oom_tcp_fresh", oom, &oom_tcp_fresh, ZC_F_PAIR, 300 },
	{ "oom_udp", oom, &oom_udp, ZC_F_PAIR | ZC_F_SHORT, 300 },
	{ "oom_udp6_fresh", oom, &oom_udp6, ZC_F_PAIR, 300 },
	{ "oom_veth_tcp", oom, &oom_veth, 0, 300 },
	{ "oom_veth_udp", oom, &oom_veth_udp, 0, 300 },
	{ "oom_untouched", oom_untouched, NULL, ZC_F_PAIR, 300 },
	{ "oom_behind_tail", oom_behind_tail, NULL, ZC_F_PAIR, 300 },
	{ "uffd_tcp", uffd, &uf_tcp, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "uffd_tcp_second_loan", uffd, &uf_tcp_second, ZC_F_PAIR, 0 },
	{ "uffd_tcp_first_page", uffd, &uf_first, ZC_F_PAIR, 0 },
	{ "uffd_udp", uffd, &uf_udp, ZC_F_PAIR, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "fault", cases, ZC_ARRAY_SIZE(cases));
}
