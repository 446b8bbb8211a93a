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
#include <linux/net_tstamp.h>
#include <linux/userfaultfd.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

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
	bool unmapped;		/* memory that each send finds unmapped */
};

/* File memory, filled as zc_alloc() does, that this task has not touched yet */
static void *remap(size_t len, u64 seed)
{
	static void *old;
	static int fd = -1;
	void *p;

	len = (len + 4095) & ~4095UL;
	if (fd < 0) {
		fd = ZC_SYS(memfd_create("oom", MFD_CLOEXEC));
		ZC_SYS(ftruncate(fd, len));
		p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ZC_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
		zc_fill(p, len, seed);
		munmap(p, len);
	}
	if (old)
		munmap(old, len);
	/* of an address that has no page table: 1 GiB apart from all others */
	old = mmap((void *)0x200040000000UL, len, PROT_READ,
		   MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	ZC_CHECK(old != MAP_FAILED, "mmap: %s", strerror(errno));
	return old;
}

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
		/* in the page cache; but the page table is missing, too */
		if (o->unmapped)
			buf = remap(o->len, 131);
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
				 err == EAGAIN || (zc_nolayer && err == EFAULT),
				 "allocation %u: %s", n, strerror(err));
			/* What cannot be lent is copied */
			if (o->type == SOCK_STREAM && !o->veth)
				ZC_LAYER(err == ENOBUFS, "allocation %u: %s", n,
					 strerror(err));
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
	if (o->type == SOCK_STREAM && !o->veth)
		ZC_LAYER_EQ(partial, 0, "short counts");
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
	pid_t tid;
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

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
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

/* Memory whose end is not there until somebody brings it */
struct lazy {
	int fd;
	char *buf, *copy;
	size_t map, hole;
};

static void lazy_alloc(struct lazy *l, size_t len, size_t hole)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	l->map = (len + 8191) & ~4095UL;
	l->hole = hole;
	l->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (l->fd < 0)
		zc_skip("userfaultfd: %s", strerror(errno));
	if (ioctl(l->fd, UFFDIO_API, &api))
		zc_skip("UFFDIO_API: %s", strerror(errno));
	l->copy = malloc(l->map);
	zc_fill(l->copy, l->map, 132);
	l->buf = zc_alloc(l->map, 132);
	ZC_SYS(madvise(l->buf + hole, l->map - hole, MADV_DONTNEED));
	reg.range.start = (uintptr_t)l->buf + hole;
	reg.range.len = l->map - hole;
	if (ioctl(l->fd, UFFDIO_REGISTER, &reg))
		zc_skip("UFFDIO_REGISTER: %s", strerror(errno));
}

/* Until somebody waits for it */
static void lazy_wait(const struct lazy *l)
{
	struct pollfd pfd = { .fd = l->fd, .events = POLLIN };

	ZC_CHECK(poll(&pfd, 1, zc_debug ? 60000 : 20000) == 1, "no page fault");
}

static void lazy_bring(const struct lazy *l, size_t off, size_t len)
{
	struct uffdio_copy cp = {
		.dst = (uintptr_t)l->buf + off,
		.src = (uintptr_t)l->copy + off, .len = len,
	};

	if (ioctl(l->fd, UFFDIO_COPY, &cp) && errno != EEXIST)
		zc_fail("UFFDIO_COPY: %s", strerror(errno));
}

static void uffd(const void *arg)
{
	const struct uf *u = arg;
	struct zc_conn c = {
		.family = AF_INET, .type = u->type, .rcvbuf = 4 << 20,
		.sndbuf = 16 << 20,
	};
	struct prober p = { .type = u->type };
	struct sender s = { .len = u->len };
	struct uffd_msg msg;
	struct pollfd pfd;
	unsigned int faults = 0;
	struct lazy l;
	bool free_lock;
	u64 t;

	lazy_alloc(&l, u->len, u->hole);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	s.fd = c.tx;
	s.buf = l.buf;
	ZC_EQ(pthread_create(&s.thread, NULL, send_thread, &s), 0, "thread");
	lazy_wait(&l);

	p.fd = c.tx;
	t = zc_now_ms();
	ZC_EQ(pthread_create(&p.thread, NULL, probe_thread, &p), 0, "thread");
	free_lock = zc_wait_for(__atomic_load_n(&p.done, __ATOMIC_ACQUIRE),
				2000);
	t = zc_now_ms() - t;

	/* bring the pages in, whatever the verdict */
	pfd.fd = l.fd;
	pfd.events = POLLIN;
	while (!__atomic_load_n(&s.done, __ATOMIC_ACQUIRE)) {
		if (poll(&pfd, 1, 50) != 1)
			continue;
		if (read(l.fd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		lazy_bring(&l, (msg.arg.pagefault.address & ~4095UL) -
			       (uintptr_t)l.buf, 4096);
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
		zc_finish(&c, u->len, zc_hash_buf(l.copy, u->len));
	zc_close(&c);
	close(l.fd);
}

/* ---- what happens to the socket while its sender is in a page fault ---- */

static void fault_start(struct lazy *l, struct sender *s, struct zc_conn *c,
			size_t hole)
{
	if (zc_nolayer)
		zc_skip("stock takes the fault with the socket locked");
	lazy_alloc(l, s->len, hole);
	zc_open(c);
	zc_rx_start(c, c->type == SOCK_STREAM ? 0 : UINT64_MAX);
	s->fd = c->tx;
	s->buf = l->buf;
}

static void fault_wait(struct lazy *l, struct sender *s)
{
	ZC_EQ(pthread_create(&s->thread, NULL, send_thread, s), 0, "thread");
	lazy_wait(l);
}

static void fault_end(struct lazy *l, struct sender *s)
{
	lazy_bring(l, l->hole, l->map - l->hole);
	pthread_join(s->thread, NULL);
	errno = s->err;
}

/*
 * kTLS came before the first byte: the message is its to send, or to refuse,
 * and must not get out as plain text
 */
static void meanwhile_ktls(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct sender s = { .len = 5000 };
	struct lazy l;
	int err;

	(void)arg;
	fault_start(&l, &s, &c, 0);
	fault_wait(&l, &s);
	err = zc_set_tls(c.tx);
	fault_end(&l, &s);
	if (err)
		zc_skip("no kTLS: %s", strerror(-err));
	ZC_CHECK(s.ret < 0 && s.err == EOPNOTSUPP, "sendmsg: %zd %s", s.ret,
		 s.ret < 0 ? strerror(s.err) : "");
	ZC_EQ(zc_sendmsg(c.tx, s.buf, s.len, 0), -1, "the next one");
	ZC_CHECK(errno == EOPNOTSUPP, "the next one: %s", strerror(errno));
	ZC_EQ(send(c.tx, s.buf, s.len, 0), s.len, "a plain one");
	zc_rx_limit(&c, UINT64_MAX);
	ZC_SYS(shutdown(c.tx, SHUT_WR));
	zc_rx_join(&c);
	/* one record */
	ZC_EQ(zc_rx_bytes(&c), s.len + 29, "bytes received");
	zc_notif_none(c.tx);
	zc_close(&c);
}

/* Corked data came up: the datagram is added to it, and none of it is lost */
static void meanwhile_corked(const void *arg)
{
	const char *how = arg;
	bool zerocopy = !strcmp(how, "zerocopy"), cork = !strcmp(how, "cork");
	struct zc_conn c = { .family = AF_INET, .type = SOCK_DGRAM };
	struct sender s = { .len = 300 };
	char *buf = zc_alloc(4096, 134);
	struct zc_counters before;
	struct zc_ids ids = {};
	struct zc_hash h;
	struct lazy l;

	fault_start(&l, &s, &c, 0);
	zc_counters_read(ZC_NS_A, &before);
	fault_wait(&l, &s);
	if (cork)
		zc_setopt(c.tx, IPPROTO_UDP, UDP_CORK, 1);
	else if (zerocopy)
		ZC_EQ(zc_sendmsg(c.tx, buf, 200, MSG_MORE), 200, "corked");
	else
		ZC_EQ(send(c.tx, buf, 200, MSG_MORE), 200, "corked");
	fault_end(&l, &s);
	ZC_CHECK(s.ret == (ssize_t)s.len, "sendmsg: %zd %s", s.ret,
		 s.ret < 0 ? strerror(s.err) : "");
	zc_hash_init(&h);
	if (cork) {
		zc_hash_add(&h, l.copy, 300);
		/* stock's own, behind it */
		ZC_EQ(zc_sendmsg(c.tx, buf, 200, 0), 200, "behind it");
		zc_setopt(c.tx, IPPROTO_UDP, UDP_CORK, 0);
		zc_hash_add(&h, buf, 200);
	} else {
		zc_hash_add(&h, buf, 200);
		zc_hash_add(&h, l.copy, 300);
	}
	ZC_CHECK(zc_rx_wait(&c, 500, 10000), "%llu of 500 bytes",
		 (unsigned long long)zc_rx_bytes(&c));
	ZC_EQ(c.rx_packets, 1, "datagrams");
	ZC_CHECK(zc_hash_val(&c.rx_hash) == zc_hash_val(&h), "data differs");
	ZC_EQ(zc_delta(&before, "copied_cork"), 1, "copied_cork");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 1 + (zerocopy || cork), 10000),
		 "notifications");
	zc_close(&c);
}

/* The entry goes: no loan may get into the tail behind its back */
static void meanwhile_suspended(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct sender s = { .len = 300 };
	char *buf = zc_alloc(4096, 135);
	struct zc_ids ids = {};
	struct zc_hash h;
	struct lazy l;
	ssize_t n;
	int err;

	(void)arg;
	zc_layer_load();
	fault_start(&l, &s, &c, 0);
	/* what is sent stays where it is */
	zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 1);
	fault_wait(&l, &s);
	err = zc_entry_disable(40000);
	/* if it is away altogether, what is under way ends as if it were there */
	if (!err && *(const int *)arg)
		err = zc_entry_remove(20000);
	fault_end(&l, &s);
	ZC_CHECK(!err, "disable: %s", strerror(-err));
	ZC_CHECK(s.ret == (ssize_t)s.len, "sendmsg: %zd %s", s.ret,
		 s.ret < 0 ? strerror(s.err) : "");
	ZC_EQ(zc_counter_now(ZC_NS_A, "loans_out"), 0, "loans_out");
	n = zc_sendmsg(c.tx, buf, 200, 0);
	ZC_CHECK(n == 200, "stock send behind it: %zd %s", n,
		 n < 0 ? strerror(errno) : "");
	zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 0);
	zc_hash_init(&h);
	zc_hash_add(&h, l.copy, 300);
	zc_hash_add(&h, buf, 200);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 2, 10000), "%llu of 2 ids",
		 (unsigned long long)ids.count);
	zc_finish(&c, 500, zc_hash_val(&h));
	zc_close(&c);
	zc_layer_unload();
	zc_layer_load();
}

static unsigned int pipes;

static void on_pipe(int sig)
{
	(void)sig;
	__atomic_add_fetch(&pipes, 1, __ATOMIC_RELAXED);
}

/*
 * The last loan of a message with timestamps waits inside TCP. When the
 * connection ends meanwhile, the call has sent something: no SIGPIPE, and the
 * error is for the next one.
 */
static void meanwhile_gone(const void *arg)
{
	bool reset = *(const int *)arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 2 << 20,
	};
	struct linger lg = { .l_onoff = 1 };
	struct sender s = { .len = 800000 };
	char *fill = zc_alloc(1 << 20, 136);
	int misses = 0;
	struct lazy l;

	fault_start(&l, &s, &c, 720896);
	signal(SIGPIPE, on_pipe);
	zc_setopt(c.tx, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE |
		  SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY |
		  SOF_TIMESTAMPING_TX_ACK);
	fault_wait(&l, &s);
	/* until it is really full: the peer's kernel reads on for a while */
	while (misses < 20) {
		if (send(c.tx, fill, 1 << 20, MSG_DONTWAIT) > 0) {
			misses = 0;
			continue;
		}
		misses++;
		zc_sleep_ms(10);
	}
	lazy_bring(&l, l.hole, l.map - l.hole);
	ZC_CHECK(zc_wait_for(zc_blocked_in(__atomic_load_n(&s.tid,
							   __ATOMIC_ACQUIRE),
					   "sk_stream_wait_memory"), 20000),
		 "the sender does not wait for the buffer");
	if (reset) {
		ZC_SYS(setsockopt(c.rx, SOL_SOCKET, SO_LINGER, &lg,
				  sizeof(lg)));
		__atomic_store_n(&c.rx_stop, true, __ATOMIC_RELEASE);
		pthread_join(c.thread, NULL);
		c.running = false;
		close(c.rx);
		c.rx = -1;
	} else {
		ZC_SYS(shutdown(c.tx, SHUT_WR));
	}
	pthread_join(s.thread, NULL);
	ZC_CHECK(s.ret > 0 && s.ret < (ssize_t)s.len, "sendmsg: %zd %s", s.ret,
		 s.ret < 0 ? strerror(s.err) : "");
	ZC_EQ(pipes, 0, "SIGPIPE of a call that sent something");
	ZC_EQ(zc_sendmsg(c.tx, fill, 1000, 0), -1, "the next call");
	ZC_CHECK(errno == (reset ? ECONNRESET : EPIPE), "the next call: %s",
		 strerror(errno));
	ZC_EQ(pipes, !reset, "SIGPIPE of the next call");
	zc_close(&c);
}

/*
 * The call is over and has let go of the module, and its task is stopped before
 * it gets out of there: by somebody more important who wakes up with the trace
 * of that. Unloading has to wait for it.
 */
#define PUTS "/sys/kernel/tracing/events/module/module_put/"

#define FAIR_SERVER "/sys/kernel/debug/sched/fair_server/cpu0/runtime"

struct stopper {
	pthread_t thread;
	pid_t tid;
	int pipe;
	struct sender *sender;
	bool stopped;		/* the sender is */
	bool asked;		/* to unload, meanwhile */
	bool unloaded;		/* meanwhile */
	bool held;		/* all the while */
};

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ZC_SYS(sched_setaffinity(0, sizeof(set), &set));
}

/* How often a task was preempted: as long as that stays, it has not run */
static long preempted(pid_t tid)
{
	char path[64], buf[4096];
	const char *p;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	if (zc_read_file(path, buf, sizeof(buf)) <= 0)
		return -1;
	p = strstr(buf, "nonvoluntary_ctxt_switches:");
	return p ? atol(p + strlen("nonvoluntary_ctxt_switches:")) : -1;
}

static void *stopper_thread(void *arg)
{
	struct sched_param sp = { .sched_priority = 50 };
	struct stopper *st = arg;
	char buf[4096];
	bool inside;
	long before;
	u64 end;

	pin_to(0);
	__atomic_store_n(&st->tid, gettid(), __ATOMIC_RELEASE);
	ZC_SYS(sched_setscheduler(0, SCHED_FIFO, &sp));
	ZC_CHECK(read(st->pipe, buf, sizeof(buf)) > 0, "trace_pipe: %s",
		 strerror(errno));
	end = zc_now_ms() + 700;
	before = preempted(st->sender->tid);
	inside = zc_blocked_in(st->sender->tid, "[zerocopy]");
	__atomic_store_n(&st->stopped, true, __ATOMIC_RELEASE);
	/* No system call: one that waits for a lock would let the sender on. */
	while (zc_now_ms() < end)
		;
	st->held = __atomic_load_n(&st->asked, __ATOMIC_ACQUIRE);
	st->unloaded = zc_kprobe_hits() > 0;
	/* Stopped too late, or it had its share nevertheless: try again. */
	if (!inside || preempted(st->sender->tid) != before ||
	    __atomic_load_n(&st->sender->done, __ATOMIC_ACQUIRE)) {
		st->held = false;
		st->unloaded = false;
	}
	return NULL;
}

static void *pinned_send_thread(void *arg)
{
	pin_to(0);
	return send_thread(arg);
}

/* Whether the sender was stopped for long enough: others may get in between */
static bool unload_once(void)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct sender s = { .len = 300 };
	struct stopper st = { .sender = &s };
	struct lazy l;
	int err;

	zc_layer_load();
	/* a copy has no loan: then the call's own reference is the last */
	zc_set_min_bytes(ZC_NS_A, 1000);
	/* the first thing to go; all of it may take longer than one can wait */
	zc_kprobe("zerocopy:zc_ubuf_exit");
	fault_start(&l, &s, &c, 0);
	ZC_EQ(pthread_create(&s.thread, NULL, pinned_send_thread, &s), 0,
	      "thread");
	pin_to(1);
	lazy_wait(&l);
	err = zc_entry_disable(40000);
	ZC_CHECK(!err, "disable: %s", strerror(-err));
	err = zc_entry_remove(20000);
	ZC_CHECK(!err, "rmmod of the entry: %s", strerror(-err));

	/* the last reference: one is always there */
	err = zc_write_file(PUTS "filter", "name == \"zerocopy\" && refcnt == 1");
	if (!err)
		err = zc_write_file(PUTS "enable", "1");
	st.pipe = open("/sys/kernel/tracing/trace_pipe", O_RDONLY | O_CLOEXEC);
	if (err || st.pipe < 0)
		zc_skip("no trace of module references");
	ZC_EQ(pthread_create(&st.thread, NULL, stopper_thread, &st), 0,
	      "thread");
	ZC_CHECK(zc_wait_for(zc_blocked_in(__atomic_load_n(&st.tid,
							   __ATOMIC_ACQUIRE),
					   "ring_buffer_wait"), 10000),
		 "nobody reads the trace");
	lazy_bring(&l, 0, l.map);
	ZC_CHECK(zc_wait_for(__atomic_load_n(&st.stopped, __ATOMIC_ACQUIRE),
			     20000), "the call does not end");
	__atomic_store_n(&st.asked, true, __ATOMIC_RELEASE);
	err = zc_rmmod("zerocopy");
	pthread_join(st.thread, NULL);
	zc_write_file(PUTS "enable", "0");
	zc_write_file(PUTS "filter", "0");
	ZC_CHECK(!err, "rmmod zerocopy: %s", strerror(-err));
	ZC_CHECK(!st.unloaded, "unloaded from under a task");
	pthread_join(s.thread, NULL);
	ZC_EQ(s.ret, s.len, "sendmsg");
	zc_finish(&c, s.len, zc_hash_buf(l.copy, s.len));
	zc_close(&c);
	close(st.pipe);
	close(l.fd);
	zc_kprobe_end();
	return st.held;
}

/* Whether a task can be stopped anywhere in the kernel; some choose when booting. */
static bool kernel_preempts(void)
{
	struct utsname un;
	char modes[256];

	ZC_SYS(uname(&un));
	if (!strstr(un.version, "PREEMPT_DYNAMIC"))
		return strstr(un.version, "PREEMPT");
	if (zc_read_file("/sys/kernel/debug/sched/preempt", modes,
			 sizeof(modes)) <= 0)
		return false;
	return strstr(modes, "(full)") || strstr(modes, "(lazy)");
}

static void meanwhile_unloaded(const void *arg)
{
	int i;

	(void)arg;
	if (!kernel_preempts())
		zc_skip("a kernel that does not stop tasks in its own code");
	if (zc_entry_is_key())
		zc_skip("inet_sendmsg() holds the module, and lets go outside");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		zc_skip("only one CPU");
	/* Where there is one, it hands ordinary tasks their share much earlier. */
	zc_write_file(FAIR_SERVER, "0");
	for (i = 1; !unload_once(); i++)
		ZC_CHECK(i < 10, "the sender could not be stopped");
	zc_write_file(FAIR_SERVER, "50000000");
	zc_note("stopped at attempt %d", i);
	zc_layer_load();
}

static const int yes = 1, no;
static const struct oom oom_tcp = { AF_INET, SOCK_STREAM, 600000, false, false, false };
static const struct oom oom_tcp6 = { AF_INET6, SOCK_STREAM, 100000, false, false, false };
static const struct oom oom_tcp_unmapped = {
	AF_INET, SOCK_STREAM, 300, false, false, true
};

static const struct oom oom_tcp_small = { AF_INET, SOCK_STREAM, 300, false, false, false };
static const struct oom oom_tcp_fresh = { AF_INET, SOCK_STREAM, 20000, true, false, false };
static const struct oom oom_udp = { AF_INET, SOCK_DGRAM, 1200, false, false, false };
static const struct oom oom_udp6 = { AF_INET6, SOCK_DGRAM, 1200, true, false, false };
static const struct oom oom_veth = { AF_INET, SOCK_STREAM, 100000, false, true, false };
static const struct oom oom_veth_udp = { AF_INET, SOCK_DGRAM, 1200, false, true, false };
static const struct uf uf_tcp = { SOCK_STREAM, 300000, 200704 };
static const struct uf uf_tcp_second = { SOCK_STREAM, 1200000, 602112 };
static const struct uf uf_first = { SOCK_STREAM, 100000, 0 };
static const struct uf uf_udp = { SOCK_DGRAM, 1200, 0 };

static const struct zc_case cases[] = {
	{ "oom_tcp", oom, &oom_tcp, ZC_F_PAIR | ZC_F_SHORT, 300 },
	{ "oom_tcp_unmapped", oom, &oom_tcp_unmapped, ZC_F_PAIR, 300 },
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
	{ "meanwhile_ktls", meanwhile_ktls, NULL, ZC_F_PAIR, 0 },
	{ "meanwhile_corked", meanwhile_corked, "plain", ZC_F_PAIR, 0 },
	{ "meanwhile_corked_zerocopy", meanwhile_corked, "zerocopy",
	  ZC_F_PAIR, 0 },
	{ "meanwhile_corked_option", meanwhile_corked, "cork", ZC_F_PAIR, 0 },
	{ "meanwhile_shutdown_stamped", meanwhile_gone, &no,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "meanwhile_reset_stamped", meanwhile_gone, &yes,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "meanwhile_unloaded", meanwhile_unloaded, NULL,
	  ZC_F_PAIR | ZC_F_BARE | ZC_F_PINS | ZC_F_QUEUE, 0 },
	{ "meanwhile_suspended", meanwhile_suspended, &no,
	  ZC_F_PAIR | ZC_F_BARE | ZC_F_PINS, 0 },
	{ "meanwhile_removed", meanwhile_suspended, &yes,
	  ZC_F_PAIR | ZC_F_BARE | ZC_F_PINS, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "fault", cases, ZC_ARRAY_SIZE(cases));
}
