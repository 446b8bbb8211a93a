// SPDX-License-Identifier: GPL-2.0
/*
 * S1.2, S1.3: a message of any size under any RLIMIT_MEMLOCK, never more
 * pinned than the window, pins that fall while it is still being sent. Issue 2
 * "RLIMIT_MEMLOCK: what is pinned is accounted while it is pinned, no more;
 * too small a limit copies (with its reason), never fails". Traps: endless
 * chains, window per call, locked_vm is per user.
 */
#include "zc_test.h"

#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NOBODY 65534

static void memlock(size_t bytes)
{
	struct rlimit rl = { bytes, bytes };

	ZC_SYS(setrlimit(RLIMIT_MEMLOCK, &rl));
}

/* No way back, and no CAP_IPC_LOCK */
static void drop_privilege(void)
{
	ZC_SYS(setresgid(NOBODY, NOBODY, NOBODY));
	ZC_SYS(setresuid(NOBODY, NOBODY, NOBODY));
	/* changing ids made /proc/self somebody else's */
	prctl(PR_SET_DUMPABLE, 1);
}

/* A child as somebody else; its verdict becomes ours */
static void as_nobody(void (*fn)(struct zc_conn *c, const void *arg),
		      struct zc_conn *c, const void *arg, size_t limit)
{
	int st;
	pid_t pid = ZC_SYS(fork());

	if (!pid) {
		memlock(limit);
		drop_privilege();
		fn(c, arg);
		_exit(0);
	}
	ZC_SYS(waitpid(pid, &st, 0));
	if (!WIFEXITED(st))
		zc_fail("child killed by signal %d", WTERMSIG(st));
	if (WEXITSTATUS(st))
		_exit(WEXITSTATUS(st));
}

struct sampler {
	pthread_t thread;
	bool stop;
	long long peak;		/* of pinned_bytes */
	unsigned int samples;
};

static void *sample(void *arg)
{
	struct sampler *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		struct zc_counters c;
		long long v;

		if (zc_counters_try(ZC_NS_A, &c))
			return NULL;
		v = zc_counter(&c, "pinned_bytes");
		if (v > s->peak)
			s->peak = v;
		s->samples++;
		zc_sleep_ms(2);
	}
	return NULL;
}

static void sampler_start(struct sampler *s)
{
	memset(s, 0, sizeof(*s));
	ZC_EQ(pthread_create(&s->thread, NULL, sample, s), 0,
	      "pthread_create");
}

static void sampler_stop(struct sampler *s)
{
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	pthread_join(s->thread, NULL);
}

/* ---- the big one ---- */

struct big {
	size_t bytes, debug_bytes;
	unsigned int times;	/* the same memory that often */
	size_t memlock;		/* 0: as root */
	size_t window;
	size_t peak;		/* at most this much pinned */
	bool tiny;		/* the driver may copy odd ends of packets */
};

static void big_child(struct zc_conn *c, const void *arg)
{
	const struct big *b = arg;
	size_t len = zc_scale(b->bytes, b->debug_bytes);
	struct zc_counters before;
	struct iovec iov[16];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = b->times };
	struct sampler s;
	struct zc_hash h;
	unsigned int i;
	char *buf;

	buf = zc_alloc(len, 41);
	zc_hash_init(&h);
	for (i = 0; i < b->times; i++) {
		iov[i] = (struct iovec){ buf, len };
		zc_hash_add(&h, buf, len);
	}
	zc_rx_start(c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	sampler_start(&s);
	ZC_EQ(sendmsg(c->tx, &msg, MSG_ZEROCOPY), len * b->times, "sendmsg");
	sampler_stop(&s);
	if (b->tiny) {
		struct zc_ids ids = {};

		ZC_CHECK(zc_notif_wait(c->tx, &ids, 1, 10000), "no id");
		zc_finish(c, len * b->times, zc_hash_val(&h));
		zc_only_tiny_copies(&before);
	} else {
		zc_notif_expect(c->tx, 1);
		zc_finish(c, len * b->times, zc_hash_val(&h));
		zc_no_copies(&before);
	}
	ZC_LAYER_EQ(zc_delta(&before, "sends"), 1, "sends");
	ZC_LAYER_EQ(zc_delta(&before, "bytes"), len * b->times, "bytes");
	ZC_LAYER(s.peak > 0, "no pins were ever seen");
	ZC_LAYER(s.peak <= (long long)b->peak, "%lld bytes pinned", s.peak);
	ZC_LAYER(zc_counter_now(ZC_NS_A, "pinned_bytes_peak") <=
		 (long long)b->peak, "pinned_bytes_peak is %lld",
		 zc_counter_now(ZC_NS_A, "pinned_bytes_peak"));
	ZC_LAYER(zc_counter_now(ZC_NS_A, "pinned_bytes_peak") >= s.peak,
		 "pinned_bytes_peak is below what was pinned");
}

/* Stock refuses: it charges the whole message to RLIMIT_MEMLOCK first */
static void refused_child(struct zc_conn *c, const void *arg)
{
	const struct big *b = arg;
	size_t len = zc_scale(b->bytes, b->debug_bytes);
	char *buf = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ZC_CHECK(buf != MAP_FAILED, "mmap");
	ZC_EQ(zc_sendmsg(c->tx, buf, len, 0), -1, "stock sendmsg");
	ZC_CHECK(errno == ENOBUFS, "stock sendmsg: %s", strerror(errno));
}

static void big(const void *arg)
{
	const struct big *b = arg;
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };

	if (b->window)
		zc_set_window(ZC_NS_A, b->window);
	if (b->memlock) {
		zc_open(&c);
		zc_set_enabled(ZC_NS_A, 0);
		as_nobody(refused_child, &c, b, b->memlock);
		zc_set_enabled(ZC_NS_A, 1);
		as_nobody(big_child, &c, b, b->memlock);
	} else {
		zc_open(&c);
		big_child(&c, b);
	}
	zc_close(&c);
}

/*
 * S1.2: while the call is under way pins come and go; stock would hold all
 * of them to the end. The receiver takes the message in steps.
 */
struct sender {
	pthread_t thread;
	int fd, flags;
	const char *buf;
	size_t len;
	ssize_t ret;
	int err;
	bool done;
};

static void *send_thread(void *arg)
{
	struct sender *s = arg;

	s->ret = zc_sendmsg(s->fd, s->buf, s->len, s->flags);
	s->err = errno;
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool sender_done(struct sender *s)
{
	return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

static void pins_fall(const void *arg)
{
	/* what holds the sender back: its send buffer, or the window */
	bool window = *(const int *)arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 18,
		.sndbuf = window ? 64 << 20 : 0,
	};
	const size_t len = ZC_MB(64), step = ZC_MB(8);
	long long a0, r0, a, r, held;
	struct sender s = {};
	struct zc_counters c0;
	u64 lim;
	int steps = 0;

	zc_open(&c);
	s.buf = zc_alloc(len, 42);
	s.len = len;
	s.fd = c.tx;
	zc_rx_start(&c, 0);
	zc_pins(&a0, &r0);
	zc_counters_read(ZC_NS_A, &c0);
	pthread_create(&s.thread, NULL, send_thread, &s);
	for (lim = step; lim < len - step; lim += step) {
		zc_rx_limit(&c, lim);
		ZC_CHECK(zc_rx_wait(&c, lim, 20000), "the receiver is stuck");
		zc_sleep_ms(30);
		ZC_CHECK(!sender_done(&s), "the call returned early: %zd",
			 s.ret);
		zc_pins(&a, &r);
		held = ((a - a0) - (r - r0)) * 4096;
		/* counted per page; what the window is about */
		ZC_LAYER(held <= (long long)ZC_MB(8) + 4096,
			 "%lld bytes pinned at %llu", held,
			 (unsigned long long)lim);
		ZC_LAYER((r - r0) * 4096 >= (long long)(lim - step),
			 "only %lld bytes given back at %llu",
			 (r - r0) * 4096, (unsigned long long)lim);
		/* S1.3: and not all of it pinned from the start */
		ZC_LAYER((a - a0) * 4096 <= (long long)(lim + ZC_MB(9)),
			 "%lld bytes had been pinned at %llu", (a - a0) * 4096,
			 (unsigned long long)lim);
		steps++;
	}
	ZC_CHECK(steps >= 5, "steps");
	zc_rx_limit(&c, UINT64_MAX);
	pthread_join(s.thread, NULL);
	ZC_EQ(s.ret, len, "sendmsg");
	if (window)
		ZC_LAYER(zc_delta(&c0, "window_waits") > 0, "never waited");
	zc_finish(&c, len, zc_hash_buf(s.buf, len));
	zc_only_tiny_copies(&c0);
	zc_close(&c);
}

/* The window is each socket's own, and lasts over calls */
static void per_socket(const void *arg)
{
	struct zc_conn c[2];
	size_t window = ZC_MB(1), pinned[2];
	char *buf = zc_alloc(ZC_MB(8), 43);
	struct zc_counters before;
	struct zc_hash h[2];
	u64 sent[2] = {};
	int i, j;
	ssize_t n;

	(void)arg;
	zc_set_window(ZC_NS_A, window);
	zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < 2; i++) {
		c[i] = (struct zc_conn) {
			.family = AF_INET, .type = SOCK_STREAM,
			.rcvbuf = 1 << 16, .sndbuf = 64 << 20,
			.flags = ZC_C_NONBLOCK,
		};
		zc_open(&c[i]);
		zc_rx_start(&c[i], 0);
		zc_hash_init(&h[i]);
		for (j = 0; j < 30; j++) {
			n = zc_sendmsg(c[i].tx, buf + j * 100000, 100000, 0);
			ZC_CHECK(n > 0, "send: %s", strerror(errno));
			zc_hash_add(&h[i], buf + j * 100000, n);
			sent[i] += n;
		}
		zc_sleep_ms(50);
		pinned[i] = zc_counter_now(ZC_NS_A, "pinned_bytes");
	}
	ZC_LAYER(pinned[0] <= window, "%zu pinned by one socket", pinned[0]);
	ZC_LAYER(pinned[0] > window / 4, "%zu pinned by one socket", pinned[0]);
	ZC_LAYER(pinned[1] <= 2 * window, "%zu pinned by two", pinned[1]);
	ZC_LAYER(pinned[1] > pinned[0] + window / 4,
		 "the second socket got %zu", pinned[1] - pinned[0]);
	/* what found no room was copied, and that is counted */
	ZC_LAYER(zc_delta(&before, "copied_window") > 0, "copied_window");
	for (i = 0; i < 2; i++) {
		zc_finish(&c[i], sent[i], zc_hash_val(&h[i]));
		zc_close(&c[i]);
	}
}

/* ---- too small a limit copies ---- */

struct copies {
	size_t len;
	bool thp;
	const char *copied;	/* this reason, NULL: none, "any": no matter */
	bool must_lend;
	size_t shift;		/* begin so far into the first page */
};

static void copies_child(struct zc_conn *c, const void *arg)
{
	const struct copies *cp = arg;
	struct zc_counters before;
	struct zc_ids ids = {};
	char *buf;

	buf = cp->thp ? zc_alloc_thp(cp->len, 44) :
			zc_alloc(cp->shift + cp->len, 44);
	if (!buf)
		zc_skip("no transparent huge pages to be had");
	buf += cp->shift;
	zc_rx_start(c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(zc_sendmsg(c->tx, buf, cp->len, 0), cp->len, "sendmsg");
	ZC_CHECK(zc_notif_wait(c->tx, &ids, 1, 10000), "no notification");
	zc_finish(c, cp->len, zc_hash_buf(buf, cp->len));
	ZC_LAYER_EQ(zc_delta(&before, "sends"), 1, "sends");
	if (cp->copied && !strcmp(cp->copied, "any")) {
		/* page by page, or copied: both are right */
	} else if (cp->copied) {
		ZC_LAYER(zc_delta(&before, cp->copied) > 0,
			 "%s did not rise", cp->copied);
		ZC_LAYER_EQ(ids.copied, 1, "notifications that say COPIED");
	} else {
		zc_no_copies(&before);
		ZC_EQ(ids.copied, 0, "notifications that say COPIED");
	}
	if (cp->must_lend)
		ZC_LAYER(zc_delta(&before, "loans") > 0, "nothing was lent");
	else
		ZC_LAYER(zc_delta(&before, "copied_bytes") >=
			 (long long)cp->len, "not all of it was copied");
}

struct lim {
	struct copies cp;
	size_t memlock;
	int type;
	bool root;
};

static void limited(const void *arg)
{
	const struct lim *l = arg;
	struct zc_conn c = {
		.family = AF_INET, .type = l->type, .rcvbuf = 1 << 20,
	};

	zc_open(&c);
	if (l->root) {
		memlock(l->memlock);
		copies_child(&c, &l->cp);
	} else {
		as_nobody(copies_child, &c, &l->cp, l->memlock);
	}
	zc_close(&c);
}

/*
 * locked_vm belongs to the user: another process of theirs has used it up.
 * Waiting would be waiting for an event that never comes.
 */
static void memlock_other(const void *arg)
{
	static const struct copies cp = {
		.len = 300000, .copied = "copied_memlock",
	};
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	const size_t limit = 256 << 10;
	int ready[2], st;
	pid_t other;
	char b = 0;

	(void)arg;
	ZC_SYS(pipe(ready));
	other = ZC_SYS(fork());
	if (!other) {
		char *mem = zc_alloc(limit, 45);
		struct io_uring_params p = {};
		struct iovec iov = { mem, limit };
		int fd;

		memlock(limit);
		drop_privilege();
		fd = syscall(SYS_io_uring_setup, 1, &p);
		if (fd < 0 || syscall(SYS_io_uring_register, fd,
				      IORING_REGISTER_BUFFERS, &iov, 1))
			b = errno;
		if (write(ready[1], &b, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ZC_EQ(read(ready[0], &b, 1), 1, "read");
	if (b) {
		kill(other, SIGKILL);
		zc_skip("io_uring cannot lock memory: %s", strerror(b));
	}
	zc_open(&c);
	as_nobody(copies_child, &c, &cp, limit);
	zc_close(&c);
	kill(other, SIGKILL);
	waitpid(other, &st, 0);
}

/*
 * The other holder is the same user's socket with the layer's own loans: one
 * socket holds the limit, a second has no loan of its own to wait for.
 */
static void two_sockets_child(struct zc_conn *c, const void *arg)
{
	size_t len = 300000;
	char *buf = zc_alloc(len, 46);
	struct zc_counters before;
	struct zc_ids ids = {};

	(void)arg;
	/* c[0] has all of the limit in flight, its peer holds back */
	zc_rx_start(&c[0], 0);
	ZC_CHECK(zc_sendmsg(c[0].tx, buf, len, MSG_DONTWAIT) > 0, "send: %s",
		 strerror(errno));
	zc_counters_read(ZC_NS_A, &before);
	zc_rx_start(&c[1], UINT64_MAX);
	ZC_EQ(zc_sendmsg(c[1].tx, buf, len, 0), len, "sendmsg");
	ZC_CHECK(zc_notif_wait(c[1].tx, &ids, 1, 10000), "no notification");
	zc_finish(&c[1], len, zc_hash_buf(buf, len));
	zc_rx_limit(&c[0], UINT64_MAX);
}

static void memlock_two_sockets(const void *arg)
{
	struct zc_conn c[2];
	int i;

	for (i = 0; i < 2; i++) {
		c[i] = (struct zc_conn) {
			.family = AF_INET, .type = SOCK_STREAM,
			.rcvbuf = i ? 0 : 1 << 16, .sndbuf = i ? 0 : 4 << 20,
		};
		zc_open(&c[i]);
	}
	as_nobody(two_sockets_child, c, arg, 64 << 10);
	zc_close(&c[0]);
	zc_close(&c[1]);
}

/* What was charged is given back: the limit can be used again and again */
static void memlock_again_child(struct zc_conn *c, const void *arg)
{
	const size_t len = 60000;
	char *buf = zc_alloc(len, 47);
	struct zc_counters before;
	struct zc_ids ids = {};
	struct zc_hash h;
	int i, n = 60;

	(void)arg;
	zc_hash_init(&h);
	zc_rx_start(c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < n; i++) {
		ZC_EQ(zc_sendmsg(c->tx, buf, len, 0), len, "sendmsg");
		zc_hash_add(&h, buf, len);
		ZC_CHECK(zc_notif_wait(c->tx, &ids, i + 1, 10000),
			 "no notification");
	}
	ZC_EQ(ids.copied, 0, "copied");
	zc_finish(c, n * len, zc_hash_val(&h));
	zc_no_copies(&before);
}

static void memlock_again(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };

	zc_open(&c);
	as_nobody(memlock_again_child, &c, arg, 64 << 10);
	zc_close(&c);
}

/*
 * What is on loan comes back only when it was sent: a sender that is about to
 * wait for it must not keep it corked. On loopback a loan is less than a
 * segment; a timer of at least 200 ms would have to send each.
 */
static void no_stall_child(struct zc_conn *c, const void *arg)
{
	const size_t len = 300000;
	struct zc_counters before;
	struct zc_ids ids = {};
	long long loans;
	char *buf;
	u64 t;

	(void)arg;
	/* each loan needs all there is, so they go one by one */
	buf = (char *)zc_alloc(len + 4096, 48) + 100;
	zc_rx_start(c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	t = zc_now_ms();
	ZC_EQ(zc_sendmsg(c->tx, buf, len, 0), len, "sendmsg");
	t = zc_now_ms() - t;
	ZC_CHECK(zc_notif_wait(c->tx, &ids, 1, 10000), "no id");
	loans = zc_delta(&before, "loans");
	zc_note("%lld loans in %llu ms", loans, (unsigned long long)t);
	ZC_CHECK(loans >= 32, "only %lld loans", loans);
	ZC_CHECK((long long)t < loans * 100, "%lld loans took %llu ms", loans,
		 (unsigned long long)t);
	zc_finish(c, len, zc_hash_buf(buf, len));
}

static void no_stall(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .link = ZC_LINK_LO,
	};

	if (zc_nolayer)
		zc_skip("stock charges the whole message: ENOBUFS");
	zc_open(&c);
	as_nobody(no_stall_child, &c, arg, 8192);
	zc_close(&c);
}

/* A memory that is one huge folio, larger than the window */
static void thp_over_window(const void *arg)
{
	static const struct copies cp = {
		.len = 2 << 20, .thp = true, .copied = "copied_window",
	};
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };

	(void)arg;
	zc_set_window(ZC_NS_A, 1 << 20);
	zc_open(&c);
	copies_child(&c, &cp);
	zc_close(&c);
}

static const struct big big_256m = {
	ZC_MB(256), ZC_MB(32), 1, 64 << 10, 0, 64 << 10, false,
};

static const struct big big_1g = {
	ZC_MB(128), ZC_MB(16), 8, 64 << 10, 0, 64 << 10, false,
};

static const struct big big_root = {
	ZC_MB(64), ZC_MB(16), 1, 0, 0, 8 << 20, false,
};

static const struct big big_8m = {
	ZC_MB(64), ZC_MB(24), 1, 8 << 20, 64 << 20, 8 << 20, false,
};

static const struct big window_1m = {
	ZC_MB(16), ZC_MB(8), 1, 0, 1 << 20, 1 << 20, true,
};

static const struct big window_64k = {
	ZC_MB(4), ZC_MB(2), 1, 0, 64 << 10, 64 << 10, true,
};

static const struct lim lim_0 = {
	{ 300000, false, "copied_memlock", false, 0 }, 0, SOCK_STREAM, false,
};

static const struct lim lim_4k = {
	{ 300000, false, "any", true, 0 }, 4096, SOCK_STREAM, false,
};

static const struct lim lim_64k_thp = {
	{ 2 << 20, true, "copied_memlock", false, 0 }, 65536, SOCK_STREAM, false,
};

static const struct lim lim_udp_0 = {
	{ 1200, false, "copied_memlock", false, 0 }, 0, SOCK_DGRAM, false,
};

static const struct lim lim_udp_4k = {
	{ 1200, false, NULL, true, 0 }, 8192, SOCK_DGRAM, false,
};

/* It lies in two pages, and only one of them may be locked. */
static const struct lim lim_udp_part = {
	{ 1200, false, "copied_memlock", false, 4000 }, 4096, SOCK_DGRAM, false,
};

static const struct lim lim_root = {
	{ 300000, false, NULL, true, 0 }, 0, SOCK_STREAM, true,
};

static const int yes = 1, no;

#define FRESH (ZC_F_PAIR | ZC_F_FRESH)

static const struct zc_case cases[] = {
	{ "big_256m_memlock_64k", big, &big_256m,
	  FRESH | ZC_F_SHORT | ZC_F_PINS, 600 },
	{ "big_1g_memlock_64k", big, &big_1g,
	  FRESH | ZC_F_NODEBUG | ZC_F_PINS, 900 },
	{ "big_memlock_8m", big, &big_8m, FRESH | ZC_F_PINS, 300 },
	{ "big_root", big, &big_root, FRESH | ZC_F_PINS, 300 },
	{ "peak_window_1m", big, &window_1m,
	  FRESH | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "peak_window_64k", big, &window_64k, FRESH | ZC_F_PINS, 0 },
	{ "memlock_8k_no_stall", no_stall, NULL, ZC_F_PINS, 0 },
	{ "pins_fall_while_sending", pins_fall, &no,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 300 },
	{ "pins_fall_window_full", pins_fall, &yes,
	  ZC_F_PAIR | ZC_F_PINS, 300 },
	{ "window_per_socket", per_socket, NULL, ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "memlock_0_copies", limited, &lim_0,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "memlock_4k_completes", limited, &lim_4k, ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "memlock_thp_copies", limited, &lim_64k_thp,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "memlock_0_copies_udp", limited, &lim_udp_0,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "memlock_8k_lends_udp", limited, &lim_udp_4k, ZC_F_PAIR, 0 },
	{ "memlock_4k_copies_udp", limited, &lim_udp_part,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "memlock_0_root_lends", limited, &lim_root, ZC_F_PAIR, 0 },
	{ "memlock_used_by_other", memlock_other, NULL,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "memlock_two_sockets", memlock_two_sockets, NULL,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "memlock_given_back", memlock_again, NULL, ZC_F_PAIR, 0 },
	{ "thp_over_window_copies", thp_over_window, NULL,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "limits", cases, ZC_ARRAY_SIZE(cases));
}
