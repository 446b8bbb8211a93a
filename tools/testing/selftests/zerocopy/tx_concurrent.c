// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads on one socket, and things that change under a sender's
 * feet: issue 2 "notifications ... no id for a call that sent nothing",
 * bugs others had ("check-then-decrement against teardown", "double fetch").
 */
#include "zc_test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define THREADS	4
#define FRAME_MAX 65536

struct frame {
	u32 magic, thread, seq, len;
	u64 hash;		/* of what follows */
};

#define MAGIC 0x7a63f00dU

struct worker {
	pthread_t thread;
	int fd, id, frames, flags;
	struct zc_conn *c;
	size_t max;
	u64 bytes;
	unsigned int sent, failed;
	bool *stop;
};

static void make_frame(char *p, u32 thread, u32 seq, size_t len)
{
	struct frame *f = (void *)p;

	zc_fill(p + sizeof(*f), len - sizeof(*f), thread * 100003 + seq);
	f->magic = MAGIC;
	f->thread = thread;
	f->seq = seq;
	f->len = len;
	f->hash = zc_hash_buf(p + sizeof(*f), len - sizeof(*f));
}

static size_t frame_len(u32 thread, u32 seq, size_t max)
{
	size_t room = max - sizeof(struct frame);

	return sizeof(struct frame) + 1 + (thread * 7919 + seq * 104729) % room;
}

static void *frame_sender(void *arg)
{
	struct worker *w = arg;
	/* each frame has memory of its own: it may be on loan for long */
	char *buf = mmap(NULL, (size_t)w->frames * w->max,
			 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	int i;

	ZC_CHECK(buf != MAP_FAILED, "mmap");
	madvise(buf, (size_t)w->frames * w->max, MADV_NOHUGEPAGE);
	for (i = 0; i < w->frames; i++) {
		size_t len = frame_len(w->id, i, w->max);
		char *p = buf + i * w->max;
		ssize_t n;

		make_frame(p, w->id, i, len);
		n = sendto(w->fd, p, len, MSG_ZEROCOPY | w->flags,
			   w->c->flags & ZC_C_UNCONN ? (void *)&w->c->dst :
			   NULL, w->c->flags & ZC_C_UNCONN ? w->c->dst_len : 0);
		if (n < 0 && errno == ENOBUFS && w->c->type == SOCK_DGRAM) {
			w->failed++;
			continue;
		}
		ZC_CHECK(n == (ssize_t)len, "thread %d frame %d: %zd %s",
			 w->id, i, n, n < 0 ? strerror(errno) : "");
		w->sent++;
		w->bytes += n;
	}
	return NULL;
}

static void check_frame(const char *p, size_t len, size_t max)
{
	const struct frame *f = (const void *)p;

	ZC_CHECK(len >= sizeof(*f) && f->magic == MAGIC, "a frame is broken");
	ZC_CHECK(f->thread < THREADS && f->len == len &&
		 len == frame_len(f->thread, f->seq, max),
		 "frame of thread %u, number %u has %zu bytes", f->thread,
		 f->seq, len);
	ZC_CHECK(f->hash == zc_hash_buf(p + sizeof(*f), len - sizeof(*f)),
		 "frame of thread %u, number %u is damaged", f->thread,
		 f->seq);
}

static void read_full(int fd, char *p, size_t len)
{
	while (len) {
		ssize_t n = recv(fd, p, len, 0);

		ZC_CHECK(n > 0, "recv: %zd %s", n, strerror(errno));
		p += n;
		len -= n;
	}
}

/*
 * Messages of several threads on one stream: with room for all of them in the
 * send buffer each stays in one piece, as on the stock kernel. The layer lets
 * the lock go between loans, but a frame is one loan.
 */
static void tcp_frames(const void *arg)
{
	int frames = zc_scale(60, 15), i;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .sndbuf = 256 << 20,
	};
	struct worker w[THREADS];
	u32 next[THREADS] = {};
	char *in = malloc(FRAME_MAX);
	struct frame *f = (void *)in;

	(void)arg;
	zc_open(&c);
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker) {
			.fd = c.tx, .id = i, .frames = frames, .c = &c,
			.max = FRAME_MAX,
		};
		pthread_create(&w[i].thread, NULL, frame_sender, &w[i]);
	}
	for (i = 0; i < THREADS * frames; i++) {
		read_full(c.rx, in, sizeof(*f));
		ZC_CHECK(f->magic == MAGIC, "frame %d is torn", i);
		ZC_CHECK(f->len <= FRAME_MAX && f->thread < THREADS,
			 "frame %d is torn", i);
		read_full(c.rx, in + sizeof(*f), f->len - sizeof(*f));
		check_frame(in, f->len, FRAME_MAX);
		ZC_EQ(f->seq, next[f->thread], "order of a thread's frames");
		next[f->thread]++;
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
	{
		struct zc_ids ids = {};

		ZC_CHECK(zc_notif_wait(c.tx, &ids, THREADS * frames, 20000),
			 "%llu ids", (unsigned long long)ids.count);
		ZC_EQ(ids.sum, (u64)THREADS * frames *
		      (THREADS * frames - 1) / 2, "sum of the ids");
	}
	zc_close(&c);
}

static void udp_frames(const void *arg)
{
	int family = *(const int *)arg;
	int frames = zc_scale(300, 60), i, total = 0;
	struct zc_conn c = {
		.family = family, .type = SOCK_DGRAM, .flags = ZC_C_UNCONN,
		.rcvbuf = 16 << 20,
	};
	struct worker w[THREADS];
	struct zc_ids ids = {};
	char *in = malloc(FRAME_MAX);
	unsigned int good = 0;
	ssize_t n;

	zc_open(&c);
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker) {
			.fd = c.tx, .id = i, .frames = frames, .c = &c,
			.max = 1400,
		};
		pthread_create(&w[i].thread, NULL, frame_sender, &w[i]);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		total += w[i].sent;
	}
	zc_sleep_ms(100);
	while ((n = recv(c.rx, in, FRAME_MAX, MSG_DONTWAIT)) > 0) {
		check_frame(in, n, 1400);
		good++;
	}
	ZC_CHECK(zc_notif_wait(c.tx, &ids, total, 20000), "%llu of %d ids",
		 (unsigned long long)ids.count, total);
	zc_note("%d sent, %u arrived", total, good);
	ZC_CHECK(total > frames && good > (unsigned int)total / 4,
		 "%d sent, %u arrived", total, good);
	zc_close(&c);
}

/* ---- change everything while it runs ---- */

static void *toggler(void *arg)
{
	struct worker *w = arg;
	static const size_t windows[] = { 65536, 1 << 20, 8 << 20, 300000 };
	unsigned int i = 0;

	while (!__atomic_load_n(w->stop, __ATOMIC_ACQUIRE)) {
		zc_set_enabled(ZC_NS_A, i & 1);
		zc_set_window(ZC_NS_A, windows[i % ZC_ARRAY_SIZE(windows)]);
		i++;
		zc_sleep_ms(3);
	}
	return NULL;
}

static void *queue_reader(void *arg)
{
	struct worker *w = arg;
	struct pollfd pfd = { .fd = w->fd };
	struct zc_notif n;

	while (!__atomic_load_n(w->stop, __ATOMIC_ACQUIRE)) {
		poll(&pfd, 1, 5);
		while (zc_notif_read(w->fd, &n))
			__atomic_add_fetch(&w->sent, n.hi - n.lo + 1,
					   __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *counter_reader(void *arg)
{
	struct worker *w = arg;
	struct zc_counters c;

	while (!__atomic_load_n(w->stop, __ATOMIC_ACQUIRE)) {
		ZC_CHECK(zc_dry || !zc_counters_try(ZC_NS_A, &c), "counters");
		zc_sleep_ms(1);
	}
	return NULL;
}

/* The sysctls flip under a stream of sends: no byte, no id is lost */
static void sysctls_flip(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 18,
	};
	unsigned int n = zc_scale(200, 60), i;
	size_t max = 400000;
	struct worker t = {}, q = {}, r = {};
	bool stop = false;
	char *buf = zc_alloc(max * 2, 141);
	u64 total = 0;
	struct zc_hash h;

	(void)arg;
	zc_hash_init(&h);
	zc_open(&c);
	c.rx_pause_ms = 0;
	zc_rx_start(&c, UINT64_MAX);
	t.stop = &stop;
	q.stop = &stop;
	r.stop = &stop;
	q.fd = c.tx;
	pthread_create(&t.thread, NULL, toggler, &t);
	pthread_create(&q.thread, NULL, queue_reader, &q);
	pthread_create(&r.thread, NULL, counter_reader, &r);
	for (i = 0; i < n; i++) {
		size_t len = 1 + (i * 104729) % max;
		ssize_t ret = zc_sendmsg(c.tx, buf + i, len, 0);

		ZC_CHECK(ret == (ssize_t)len, "send %u: %zd %s", i, ret,
			 ret < 0 ? strerror(errno) : "");
		zc_hash_add(&h, buf + i, len);
		total += len;
	}
	ZC_CHECK(zc_wait_for(__atomic_load_n(&q.sent, __ATOMIC_RELAXED) >= n,
			     20000), "%u of %u ids", q.sent, n);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(t.thread, NULL);
	pthread_join(q.thread, NULL);
	pthread_join(r.thread, NULL);
	ZC_EQ(q.sent, n, "ids");
	zc_finish(&c, total, zc_hash_val(&h));
	zc_close(&c);
}

/* Memory that is unmapped, overwritten and forked while it is being sent */
static void *memory_mangler(void *arg)
{
	struct worker *w = arg;
	char *buf = (char *)w->c;
	unsigned int i = 0;

	while (!__atomic_load_n(w->stop, __ATOMIC_ACQUIRE)) {
		char *p = buf + (i * 13 % 256) * 4096;
		pid_t pid;

		switch (i++ % 5) {
		case 0:
			mmap(p, 8 * 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		case 1:
			madvise(p, 4 * 4096, MADV_DONTNEED);
			break;
		case 2:
			mprotect(p, 4096, PROT_NONE);
			mprotect(p, 4096, PROT_READ | PROT_WRITE);
			break;
		case 3:
			pid = fork();
			if (!pid)
				_exit(0);
			waitpid(pid, NULL, 0);
			break;
		default:
			memset(p, i, 4096);
		}
	}
	return NULL;
}

static void memory_changes(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	size_t len = 264 * 4096;
	unsigned int n = zc_scale(60, 20), i;
	struct worker m = {};
	bool stop = false;
	u64 total = 0, sent = 0;
	struct zc_ids ids = {};
	char *buf = zc_alloc(len, 142);

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	m.stop = &stop;
	m.c = (void *)buf;
	pthread_create(&m.thread, NULL, memory_mangler, &m);
	for (i = 0; i < n; i++) {
		ssize_t ret = zc_sendmsg(c.tx, buf, len, 0);

		ZC_CHECK(ret > 0 || errno == EFAULT, "send: %s",
			 strerror(errno));
		if (ret > 0) {
			total += ret;
			sent++;
		}
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(m.thread, NULL);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, sent, 20000), "%llu of %llu ids",
		 (unsigned long long)ids.count, (unsigned long long)sent);
	shutdown(c.tx, SHUT_WR);
	zc_rx_join(&c);
	ZC_EQ(c.rx_bytes, total, "bytes received");
	zc_close(&c);
}

/* Sockets that come and go, each with loans out when it goes */
static void *short_lives(void *arg)
{
	struct worker *w = arg;
	char *buf = zc_alloc(100000, w->id);
	int i;

	for (i = 0; i < w->frames; i++) {
		struct zc_conn c = {
			.family = i & 1 ? AF_INET6 : AF_INET,
			.type = i % 3 ? SOCK_STREAM : SOCK_DGRAM,
		};
		size_t len = i % 3 ? 100000 : 1200;

		zc_open(&c);
		ZC_CHECK(zc_sendmsg(c.tx, buf, len, MSG_DONTWAIT) > 0, "send: %s",
			 strerror(errno));
		/* half of the peers go first */
		if (i & 2)
			close(c.rx);
		else
			shutdown(c.tx, SHUT_RDWR);
		close(c.tx);
		if (!(i & 2))
			close(c.rx);
	}
	return NULL;
}

static void sockets_come_and_go(const void *arg)
{
	struct worker w[THREADS];
	int i;

	(void)arg;
	for (i = 0; i < THREADS; i++) {
		w[i] = (struct worker) {
			.id = i, .frames = zc_scale(60, 15),
		};
		pthread_create(&w[i].thread, NULL, short_lives, &w[i]);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
}

/* A shutdown or a close races with senders on the same socket */
static void close_race(const void *arg)
{
	unsigned int round, rounds = zc_scale(40, 10);
	char *buf = zc_alloc(ZC_MB(2), 143);

	(void)arg;
	for (round = 0; round < rounds; round++) {
		struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
		pid_t pid;
		int st;

		zc_open(&c);
		zc_rx_start(&c, UINT64_MAX);
		pid = ZC_SYS(fork());
		if (!pid) {
			while (zc_sendmsg(c.tx, buf, ZC_MB(2),
					  MSG_NOSIGNAL) > 0)
				;
			_exit(0);
		}
		zc_sleep_ms(1 + round % 17);
		if (round % 3 == 0)
			shutdown(c.tx, SHUT_RDWR);
		else if (round % 3 == 1)
			shutdown(c.rx, SHUT_RDWR);
		else
			kill(pid, SIGKILL);
		if (round % 3 == 1) {
			/* the receiver is gone: let the sender notice */
			zc_sleep_ms(5);
			kill(pid, SIGKILL);
		}
		ZC_SYS(waitpid(pid, &st, 0));
		zc_close(&c);
	}
}

static const int v4 = AF_INET, v6 = AF_INET6;

static const struct zc_case cases[] = {
	{ "tcp_frames", tcp_frames, NULL, ZC_F_PAIR | ZC_F_SHORT, 300 },
	{ "udp_frames", udp_frames, &v4, ZC_F_PAIR | ZC_F_SHORT, 300 },
	{ "udp6_frames", udp_frames, &v6, ZC_F_PAIR, 300 },
	{ "sysctls_flip", sysctls_flip, NULL, ZC_F_PAIR | ZC_F_SHORT, 300 },
	{ "memory_changes", memory_changes, NULL, ZC_F_PAIR, 300 },
	{ "sockets_come_and_go", sockets_come_and_go, NULL, ZC_F_PAIR, 300 },
	{ "close_race", close_race, NULL, ZC_F_PAIR, 300 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "concurrent", cases, ZC_ARRAY_SIZE(cases));
}
