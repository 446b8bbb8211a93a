// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 6, "done when" 5: random operations of several processes: register,
 * attach, receive, give back, detach, recv(), listen, fork, close, kill, delete a
 * namespace, with refills that are wrong, foreign, twice or out of range, and
 * indices that jump. Every byte is compared when it comes and again when its
 * buffer is given back, every bad refill is counted, and in the end each buffer
 * of each area comes out once.
 *
 *   ZC_STRESS=n    operations, 100000 before a release
 *   ZC_SEED=n      the random numbers of an earlier run
 */
#include "zc_rx.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define WORKERS	2
#define CONNS	8
#define KEPT	512

struct conn {
	int tx, rx;
	u64 cookie, seed;
	u64 sent, got;		/* bytes of the stream */
	bool attached, fin, rst, eof;
};

/* A fragment whose token was not given back */
struct kept {
	u32 index, token, len;
	u64 offset, seed, pos;
};

/* What a worker has */
static struct {
	struct zrx r;
	struct conn c[CONNS];
	pthread_mutex_t lock;	/* of connections, against the sender */
	bool stop;
	struct kept kept[KEPT];
	unsigned int nr_kept;
	u64 bad;		/* refills that were none */
	int lfd;
	struct sockaddr_in addr;
	pid_t child;
	u64 orphan[256];	/* closed while a child had them too: by cookie */
	unsigned int nr_orphans;
} w;

/* Shared by all */
static struct {
	u64 limit, done;
	u64 bytes, frags, hostile, jumps, attached, areas, gone, starved;
	u64 kills, ends, seeds, receivers, capacities;
} *all;

static __thread u64 rng;

static u64 mix(u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static u64 rnd(u64 n)
{
	rng += 0x9e3779b97f4a7c15ULL;
	return mix(rng) % n;
}

static void count(u64 *what, u64 n)
{
	__atomic_add_fetch(what, n, __ATOMIC_RELAXED);
}

/* ---- streams: byte n of one is known from its seed ---- */

static u64 word(u64 seed, u64 i)
{
	return mix(seed + i * 0x9e3779b97f4a7c15ULL);
}

static void make(u64 seed, u64 pos, unsigned char *p, size_t n)
{
	size_t i = 0;
	u64 v;

	while (i < n) {
		v = word(seed, pos / 8);
		if (!(pos % 8) && n - i >= 8) {
			memcpy(p + i, &v, 8);
			pos += 8;
			i += 8;
			continue;
		}
		p[i++] = v >> pos++ % 8 * 8;
	}
}

static bool same(u64 seed, u64 pos, const unsigned char *p, size_t n)
{
	size_t i = 0;
	u64 v, x;

	while (i < n) {
		v = word(seed, pos / 8);
		if (!(pos % 8) && n - i >= 8) {
			memcpy(&x, p + i, 8);
			if (x != v)
				return false;
			pos += 8;
			i += 8;
			continue;
		}
		if (p[i++] != (unsigned char)(v >> pos++ % 8 * 8))
			return false;
	}
	return true;
}

/* The second thread sends wherever there is room. */
static void *sender(void *arg)
{
	unsigned char buf[16000];
	unsigned int i;

	rng = (uintptr_t)arg;
	while (!__atomic_load_n(&w.stop, __ATOMIC_ACQUIRE)) {
		bool sent = false;

		for (i = 0; i < CONNS; i++) {
			struct conn *c = &w.c[i];
			size_t n = rnd(4) ? 1 + rnd(sizeof(buf)) : 1 + rnd(200);
			struct pollfd pfd = { .events = POLLOUT };
			ssize_t ret;

			pthread_mutex_lock(&w.lock);
			pfd.fd = c->tx;
			if (c->tx >= 0 && !c->fin && poll(&pfd, 1, 0) == 1) {
				make(c->seed, c->sent, buf, n);
				ret = send(c->tx, buf, n,
					   MSG_DONTWAIT | MSG_NOSIGNAL);
				if (ret > 0) {
					c->sent += ret;
					sent = true;
				}
			}
			pthread_mutex_unlock(&w.lock);
			/* mutexes are not fair */
			sched_yield();
		}
		if (!sent)
			zc_sleep_ms(1);
	}
	return NULL;
}

/* ---- fragments ---- */

static struct conn *conn_find(u64 cookie)
{
	unsigned int i;

	for (i = 0; i < CONNS; i++)
		if (w.c[i].rx >= 0 && w.c[i].cookie == cookie)
			return &w.c[i];
	return NULL;
}

/* The child has the descriptors, so data goes on coming. */
static bool is_orphan(u64 cookie)
{
	unsigned int i;

	for (i = 0; i < w.nr_orphans && i < ZC_ARRAY_SIZE(w.orphan); i++)
		if (w.orphan[i] == cookie)
			return true;
	return false;
}

static void on_frag(struct zrx *r, const struct zerocopy_rx_frag *f)
{
	struct conn *c = conn_find(f->cookie);
	struct kept *k;

	if (f->flags & ZEROCOPY_RX_NEW) {
		ZC_CHECK(c && !c->got && c->attached, "a strange socket is new");
		return;
	}
	if (f->flags & ZEROCOPY_RX_EOF) {
		/* of what was closed meanwhile, too */
		if (!c)
			return;
		ZC_CHECK(!c->eof && c->attached, "an end too many");
		ZC_CHECK(f->reason ? c->rst : c->fin && c->got == c->sent,
			 "an end (%u) after %llu of %llu bytes", f->reason,
			 (unsigned long long)c->got,
			 (unsigned long long)c->sent);
		c->eof = true;
		count(&all->ends, 1);
		return;
	}
	if (!c && is_orphan(f->cookie)) {
		zrx_put(r, f->index, f->token);
		return;
	}
	ZC_CHECK(c && c->attached && !c->eof, "data of a strange socket");
	ZC_CHECK(same(c->seed, c->got, zrx_data(r, f), f->length),
		 "wrong bytes at %llu of a stream",
		 (unsigned long long)c->got);
	count(&all->bytes, f->length);
	count(&all->frags, 1);
	if (w.nr_kept == KEPT || rnd(3)) {
		c->got += f->length;
		zrx_put(r, f->index, f->token);
		return;
	}
	k = &w.kept[w.nr_kept++];
	*k = (struct kept){
		.index = f->index, .token = f->token, .len = f->length,
		.offset = f->offset, .seed = c->seed, .pos = c->got,
	};
	c->got += f->length;
}

static void give_back(unsigned int i)
{
	struct kept *k = &w.kept[i];
	struct zrx_area *a = &w.r.area[k->index];

	/* nobody has written there meanwhile */
	if (a->p)
		ZC_CHECK(same(k->seed, k->pos, (void *)(a->p + k->offset),
			      k->len), "what was held has changed");
	zrx_put(&w.r, k->index, k->token);
	*k = w.kept[--w.nr_kept];
}

static void settle_counts(void)
{
	if (w.r.ring->refill_head != w.r.tail)
		return;
	ZC_EQ(w.r.ring->bad, w.bad, "bad refills");
	ZC_EQ(w.r.ring->refilled, w.r.given, "refills");
}

static void do_recv(void)
{
	int n;

	zrx_reap(&w.r);
	n = zrx_ioctl_recv(w.r.fd, rnd(2) ? 0 : 1 + rnd(20),
			   ZEROCOPY_RX_DONTWAIT);
	if (n > 0) {
		if (rnd(4))
			ZC_CHECK(zrx_reap(&w.r) >= (unsigned int)n,
				 "fewer fragments than RECV says");
	} else if (n == -ENOBUFS) {
		count(&all->starved, 1);
		ZC_CHECK(w.nr_kept, "ENOBUFS, and nothing is held");
		while (w.nr_kept)
			give_back(0);
	} else if (n == -ENODEV) {
		unsigned int i;

		for (i = 0; i < w.r.nr_areas; i++)
			ZC_CHECK(w.r.area[i].dead, "ENODEV with an area");
	} else {
		/* ENOSPC: some were left on the ring */
		ZC_CHECK(n == -EAGAIN || n == -ENOSPC, "RECV: %s",
			 strerror(-n));
	}
	settle_counts();
}

static unsigned int areas_alive(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < w.r.nr_areas; i++)
		n += !w.r.area[i].dead;
	return n;
}

/* ---- hostile ---- */

static void do_refill(void)
{
	struct zrx *r = &w.r;
	unsigned int n = 1 + rnd(8), i;
	u32 index, token;

	zrx_reap(r);
	while (n--) {
		/* RECV would hand out more before it is taken */
		if (r->tail - r->ring->refill_head >= r->refill_entries)
			return;
		index = rnd(r->nr_areas + 1);
		switch (rnd(5)) {
		case 0:
			index = rnd(1ULL << 32) | 0x100;
			token = rnd(100);
			break;
		case 1:
			token = rnd(1ULL << 32) | 0x10000;
			break;
		case 2:
			/* once too often */
			if (!w.nr_kept)
				continue;
			index = w.kept[0].index;
			token = w.kept[0].token;
			for (i = 0; i < w.nr_kept;) {
				if (w.kept[i].index == index &&
				    w.kept[i].token == token)
					give_back(i);
				else
					i++;
			}
			break;
		default:
			token = index < r->nr_areas ?
				rnd(r->area[index].nr + 1) : rnd(64);
		}
		if (zrx_next(r) || (index < r->nr_areas &&
				    token < r->area[index].nr &&
				    r->area[index].held[token]))
			continue;
		if (r->tail - r->ring->refill_head >= r->refill_entries)
			return;
		zrx_refill(r, index, token);
		w.bad++;
		count(&all->hostile, 1);
	}
}

static void do_jump(void)
{
	struct zerocopy_rx_ring *g = w.r.ring;
	bool frags = rnd(2);
	u32 *at = frags ? &g->frag_head : &g->refill_tail, old, val;
	u32 entries = frags ? w.r.frag_entries : w.r.refill_entries;
	u64 bytes;
	int err;

	zrx_reap(&w.r);
	old = *at;
	bytes = g->bytes;
	val = rnd(2) ? rnd(1ULL << 32) : old + 1 + rnd(2 * entries);
	if (frags ? g->frag_tail - val <= entries :
		    val - g->refill_head <= entries)
		return;
	__atomic_store_n(at, val, __ATOMIC_RELEASE);
	err = zrx_ioctl_recv(w.r.fd, 0, rnd(2) ? 0 : ZEROCOPY_RX_DONTWAIT);
	if (err != -ENODEV || areas_alive())
		ZC_EQ(err, -ERANGE, "RECV with an index that is none");
	__atomic_store_n(at, old, __ATOMIC_RELEASE);
	ZC_EQ(g->bytes, bytes, "bytes received");
	count(&all->jumps, 1);
}

/* ---- sockets ---- */

static void conn_close(struct conn *c)
{
	/* what is on the ring is still this one's */
	zrx_reap(&w.r);
	if (w.child > 0)
		w.orphan[w.nr_orphans++ % ZC_ARRAY_SIZE(w.orphan)] = c->cookie;
	pthread_mutex_lock(&w.lock);
	if (rnd(2)) {
		close(c->rx);
		if (c->tx >= 0)
			close(c->tx);
	} else {
		if (c->tx >= 0)
			close(c->tx);
		close(c->rx);
	}
	c->rx = -1;
	c->tx = -1;
	pthread_mutex_unlock(&w.lock);
}

static void conn_attach(struct conn *c)
{
	int err = zrx_ioctl_attach(w.r.fd, c->rx, 0, NULL);

	/* a reset may have come, or the end and an answer to it */
	if (err == -ENOTCONN && (c->rst || c->fin))
		return;
	ZC_CHECK(!err, "ATTACH: %s", strerror(-err));
	c->attached = true;
	count(&all->attached, 1);
}

static void conn_open(struct conn *c)
{
	bool child = rnd(3) == 0 && w.lfd >= 0;
	int rx, tx;

	if (child) {
		tx = zrx_dial(&w.addr);
		rx = ZC_SYS(accept(w.lfd, NULL, NULL));
	} else {
		struct sockaddr_in a;
		int lfd = zrx_listener(&a);

		tx = zrx_dial(&a);
		rx = ZC_SYS(accept(lfd, NULL, NULL));
		close(lfd);
	}
	if (rnd(2))
		zc_setopt(rx, SOL_SOCKET, SO_RCVBUF, 20000 + rnd(200000));
	pthread_mutex_lock(&w.lock);
	*c = (struct conn){
		.rx = rx, .tx = tx, .attached = child,
		.cookie = zc_cookie(rx),
		.seed = mix(__atomic_add_fetch(&all->seeds, 1,
					       __ATOMIC_RELAXED)),
	};
	pthread_mutex_unlock(&w.lock);
	if (!child && rnd(4))
		conn_attach(c);
}

static void conn_read(struct conn *c)
{
	static unsigned char buf[50000];
	ssize_t n;

	n = recv(c->rx, buf, 1 + rnd(sizeof(buf)), MSG_DONTWAIT);
	if (n < 0)
		ZC_CHECK(errno == EAGAIN || c->rst, "recv: %s",
			 strerror(errno));
	if (n == 0)
		ZC_CHECK(c->fin, "the end of a stream that goes on");
	if (n <= 0)
		return;
	ZC_CHECK(same(c->seed, c->got, buf, n), "recv() gets wrong bytes");
	c->got += n;
}

static void do_conn(void)
{
	struct conn *c = &w.c[rnd(CONNS)];
	struct linger l = { 1, 0 };

	if (c->rx < 0) {
		conn_open(c);
		return;
	}
	switch (rnd(8)) {
	case 0:
		conn_close(c);
		break;
	case 1:
		pthread_mutex_lock(&w.lock);
		if (!c->fin && !rnd(3)) {
			c->fin = true;
			shutdown(c->tx, SHUT_WR);
		}
		pthread_mutex_unlock(&w.lock);
		break;
	case 2:
		pthread_mutex_lock(&w.lock);
		if (c->tx >= 0 && !rnd(4)) {
			c->rst = true;
			c->fin = true;
			ZC_SYS(setsockopt(c->tx, SOL_SOCKET, SO_LINGER, &l,
					  sizeof(l)));
			close(c->tx);
			c->tx = -1;
		}
		pthread_mutex_unlock(&w.lock);
		break;
	default:
		if (!c->attached) {
			if (rnd(2) && !c->eof)
				conn_attach(c);
			else if (!c->eof)
				conn_read(c);
			break;
		}
		if (rnd(3))
			break;
		zrx_reap(&w.r);
		zrx_detach(&w.r, c->rx);
		c->attached = false;
		break;
	}
}

/* ---- areas ---- */

static void area_add(void)
{
	static const u32 size[] = { 0, 4096, 8192, 16384, 65536 };
	size_t len = 65536 * (1 + rnd(4));
	int flags = rnd(2) ? MAP_SHARED : MAP_PRIVATE;
	void *p;

	if (w.r.nr_areas == ZRX_AREAS)
		return;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1,
		 0);
	ZC_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
	zrx_area_at(&w.r, p, len, size[rnd(ZC_ARRAY_SIZE(size))], rnd(2));
	count(&all->areas, 1);
}

static void area_lose(void)
{
	struct zrx_area *a = &w.r.area[rnd(w.r.nr_areas)];

	if (a->dead)
		return;
	zrx_reap(&w.r);
	a->dead = true;
	count(&all->gone, 1);
	if (rnd(2)) {
		ZC_EQ(zc_area_unregister(w.r.dev, a->id), 0, "unregister");
		return;
	}
	ZC_SYS(munmap(a->p, a->len));
	a->p = NULL;
}

/* ---- receivers ---- */

static void receiver_open(void)
{
	u32 entries = 64U << rnd(4);

	zrx_open(&w.r, entries, rnd(2) ? entries : 64, -1);
	w.r.each = on_frag;
	w.nr_kept = 0;
	w.bad = 0;
	area_add();
	count(&all->receivers, 1);
	w.lfd = zrx_listener(&w.addr);
	ZC_EQ(zrx_ioctl_attach(w.r.fd, w.lfd, ZEROCOPY_RX_CHILDREN, NULL), 0,
	      "ATTACH of a listener");
}

/* Everything comes back, and then each buffer comes out once. */
static void receiver_capacity(void)
{
	struct zc_conn c = ZRX_TCP();
	struct zrx_sock *s;
	unsigned int i;

	for (i = 0; i < CONNS; i++)
		if (w.c[i].rx >= 0)
			conn_close(&w.c[i]);
	while (w.nr_kept)
		give_back(0);
	if (!areas_alive())
		area_add();
	if (!areas_alive())
		return;
	while (zrx_pull(&w.r, 0) > 0)
		;
	settle_counts();
	w.r.each = NULL;
	c.rx = -1;
	{
		struct sockaddr_in a;
		int lfd = zrx_listener(&a);

		c.tx = zrx_dial(&a);
		c.rx = ZC_SYS(accept(lfd, NULL, NULL));
		close(lfd);
	}
	s = zrx_attach(&w.r, c.rx);
	zrx_capacity(&w.r, s, c.tx);
	ZC_EQ(w.r.ring->bad, w.bad, "bad refills");
	close(c.tx);
	close(c.rx);
	while (zrx_pull(&w.r, 0) > 0)
		;
	w.r.each = on_frag;
	w.r.nr_socks = 0;
	count(&all->capacities, 1);
}

static void child_end(void)
{
	int st;

	if (w.child <= 0)
		return;
	if (rnd(2))
		kill(w.child, SIGKILL);
	while (waitpid(w.child, &st, 0) < 0 && errno == EINTR)
		;
	w.child = 0;
}

static void receiver_close(void)
{
	unsigned int i;
	bool sockets_first = rnd(2);

	if (rnd(2))
		receiver_capacity();
	zrx_reap(&w.r);
	if (w.lfd >= 0 && rnd(2)) {
		close(w.lfd);
		w.lfd = -1;
	}
	for (i = 0; sockets_first && i < CONNS; i++)
		if (w.c[i].rx >= 0 && rnd(2))
			conn_close(&w.c[i]);
	/* the last look at what is held */
	for (i = 0; i < w.nr_kept; i++) {
		struct kept *k = &w.kept[i];
		struct zrx_area *a = &w.r.area[k->index];

		if (a->p)
			ZC_CHECK(same(k->seed, k->pos,
				      (void *)(a->p + k->offset), k->len),
				 "what was held has changed");
	}
	w.nr_kept = 0;
	/* it has the receiver as well: as long as it does, so do its sockets */
	child_end();
	zrx_close(&w.r);
	if (w.lfd >= 0)
		close(w.lfd);
	/* they are recv()'s now */
	for (i = 0; i < CONNS; i++)
		w.c[i].attached = false;
}

static void do_fork(void)
{
	child_end();
	w.child = fork();
	if (!w.child) {
		unsigned int i;

		/* its own copies of what is private */
		for (i = 0; i < w.r.nr_areas; i++)
			if (w.r.area[i].p)
				madvise(w.r.area[i].p, w.r.area[i].len,
					MADV_DONTNEED);
		zc_sleep_ms(rnd(30));
		_exit(0);
	}
}

static void do_query(void)
{
	struct conn *c = &w.c[rnd(CONNS)];
	struct zerocopy_rx_query q;
	int err;

	if (c->rx < 0)
		return;
	err = zrx_ioctl_query(w.r.fd, c->rx, &q);
	if (c->attached)
		ZC_EQ(err, 0, "QUERY");
	else
		ZC_CHECK(err == -ENOENT, "QUERY of a socket that is not attached: %d",
			 err);
}

static bool more(void)
{
	return __atomic_add_fetch(&all->done, 1, __ATOMIC_RELAXED) <=
	       all->limit;
}

static void worker(u64 seed)
{
	pthread_t thread;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rng = seed;
	/* one in two is alone in its namespace, and takes it along */
	if (rnd(2) && !unshare(CLONE_NEWNET))
		if (zc_system("ip link set lo up"))
			zc_skip("ip cannot set lo up");
	pthread_mutex_init(&w.lock, NULL);
	for (i = 0; i < CONNS; i++) {
		w.c[i].rx = -1;
		w.c[i].tx = -1;
	}
	receiver_open();
	ZC_EQ(pthread_create(&thread, NULL, sender, (void *)(seed ^ 0x55)), 0,
	      "pthread_create");
	while (more()) {
		u64 dice = rnd(1000);

		if (dice < 600) {
			do_recv();
		} else if (dice < 720) {
			do_conn();
		} else if (dice < 800) {
			do_refill();
		} else if (dice < 840) {
			do_jump();
		} else if (dice < 900) {
			if (w.nr_kept)
				give_back(rnd(w.nr_kept));
		} else if (dice < 925) {
			area_add();
		} else if (dice < 940) {
			if (areas_alive() > 1 || !rnd(5))
				area_lose();
		} else if (dice < 965) {
			do_query();
		} else if (dice < 970) {
			do_fork();
		} else if (dice < 980) {
			receiver_capacity();
		} else if (dice < 986 || w.r.nr_areas == ZRX_AREAS) {
			receiver_close();
			receiver_open();
		}
	}
	__atomic_store_n(&w.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	receiver_capacity();
	child_end();
	_exit(0);
}

static void stress(const void *arg)
{
	const char *env = getenv("ZC_STRESS"), *seed_env = getenv("ZC_SEED");
	u64 seed = seed_env ? strtoull(seed_env, NULL, 0) : zc_now_ms();
	pid_t pid[WORKERS] = {};
	bool last = false;
	unsigned int i;
	int st;

	(void)arg;
	zrx_load();
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ZC_CHECK(all != MAP_FAILED, "mmap");
	all->limit = env ? strtoull(env, NULL, 0) : zc_scale(3000, 600);
	all->seeds = seed;
	rng = seed;
	zc_note("ZC_STRESS=%llu ZC_SEED=%llu", (unsigned long long)all->limit,
		(unsigned long long)seed);
	while (!last) {
		last = __atomic_load_n(&all->done, __ATOMIC_RELAXED) >=
		       all->limit;
		for (i = 0; i < WORKERS; i++) {
			if (pid[i]) {
				pid_t got = waitpid(pid[i], &st,
						    last ? 0 : WNOHANG);

				if (!got && rnd(150))
					continue;
				if (!got) {
					kill(pid[i], SIGKILL);
					all->kills++;
					ZC_SYS(waitpid(pid[i], &st, 0));
				}
				if (WIFEXITED(st) && WEXITSTATUS(st)) {
					zc_note("ZC_SEED=%llu",
						(unsigned long long)seed);
					_exit(WEXITSTATUS(st));
				}
				if (WIFSIGNALED(st))
					ZC_EQ(WTERMSIG(st), SIGKILL,
					      "a worker's signal");
				pid[i] = 0;
			}
			if (last)
				continue;
			fflush(stdout);
			pid[i] = ZC_SYS(fork());
			if (!pid[i])
				worker(seed + rnd(UINT64_MAX));
		}
		zc_sleep_ms(20);
	}
	zc_note("%llu KiB in %llu fragments, %llu attached, %llu ends, %llu times no buffer",
		(unsigned long long)all->bytes >> 10,
		(unsigned long long)all->frags,
		(unsigned long long)all->attached,
		(unsigned long long)all->ends,
		(unsigned long long)all->starved);
	zc_note("%llu receivers, %llu areas (%llu went), buffers counted %llu times",
		(unsigned long long)all->receivers,
		(unsigned long long)all->areas, (unsigned long long)all->gone,
		(unsigned long long)all->capacities);
	zc_note("%llu bad refills, %llu jumps, %llu kills",
		(unsigned long long)all->hostile,
		(unsigned long long)all->jumps,
		(unsigned long long)all->kills);
	ZC_CHECK(all->frags > all->limit / 10, "hardly any data");
	ZC_CHECK(all->hostile > all->limit / 50, "hardly any bad refill");
	ZC_CHECK(all->capacities >= 2, "buffers were hardly ever counted");
}

static struct zc_case cases[] = {
	{ "stress", stress, NULL, 0, 240 },
};

static struct zc_case *stress_case = cases;

int main(int argc, char **argv)
{
	const char *n = getenv("ZC_STRESS");

	stress_case->timeout += n ? strtoull(n, NULL, 0) / 10 : 0;
	return zrx_main(argc, argv, "rx_stress", cases, ZC_ARRAY_SIZE(cases));
}
