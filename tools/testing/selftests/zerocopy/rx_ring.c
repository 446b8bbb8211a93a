// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 6 "hostile refill-ring contents": a token that is wrong, foreign, out of
 * range, or comes twice is counted and does nothing; an index that jumps is
 * ERANGE and changes nothing; what the program scribbles over the kernel's side
 * is not believed. No buffer is lost, none is handed out while it is held.
 * And what happens when rings and buffers are full.
 */
#include "zc_rx.h"

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>

static u64 rng = 88172645463325252ULL;

static u64 rnd(u64 n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng % n;
}

/* Takes refills, and nothing else: no data waits */
static void take(struct zrx *r)
{
	ZC_EQ(zrx_ioctl_recv(r->fd, 0, ZEROCOPY_RX_DONTWAIT), -EAGAIN,
	      "RECV of nothing");
	ZC_EQ(r->ring->refill_head, r->tail, "refills that were taken");
}

/* ---- tokens ---- */

/* Each of these refills is none: counted, and without any consequence. */
static void wrong(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 20);
	const size_t len = ZC_KB(40);
	char *buf = zc_alloc(len, 650);
	u64 bad = 0, refilled;
	struct zrx_area *a;
	struct zrx_sock *s;
	struct zrx r;
	unsigned int i, all;
	u64 hash[64];

	(void)arg;
	zrx_open(&r, 0, 0, -1);
	a = zrx_area(&r, ZC_KB(256), 4096);
	zrx_area(&r, ZC_KB(128), 16384);
	all = zrx_buffers(&r);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	r.keep = true;
	zc_send_all(c.tx, buf, len);
	zrx_until(&r, s, len);
	ZC_CHECK(zrx_held(&r) >= 3 && zrx_held(&r) < all / 2,
		 "%u of %u buffers are held", zrx_held(&r), all);
	for (i = 0; i < a->nr; i++)
		hash[i] = zc_hash_buf(a->p + i * a->buffer, a->end[i]);
	refilled = r.ring->refilled;

	/* out of range, by one and by far */
	zrx_refill(&r, 0, a->nr), bad++;
	zrx_refill(&r, 0, a->nr + 1), bad++;
	zrx_refill(&r, 0, UINT32_MAX), bad++;
	zrx_refill(&r, 0, 1U << 31), bad++;
	zrx_refill(&r, 1, r.area[1].nr), bad++;
	/* areas that are none */
	zrx_refill(&r, 2, 0), bad++;
	zrx_refill(&r, UINT32_MAX, 0), bad++;
	zrx_refill(&r, 1U << 31, 0), bad++;
	zrx_refill(&r, 1U << 16, 0), bad++;
	/* tokens that nobody holds, in either area */
	for (i = 0; i < all; i++) {
		unsigned int k = i < a->nr ? 0 : 1;
		u32 token = i - k * a->nr;

		if (!r.area[k].held[token])
			zrx_refill(&r, k, token), bad++;
	}
	take(&r);
	ZC_EQ(r.ring->bad, bad, "refills that were none");
	ZC_EQ(r.ring->refilled, refilled, "refills");

	/* what is held is held, while others come and go */
	r.keep = false;
	for (i = 0; i < 40; i++) {
		zc_send_all(c.tx, buf, len);
		zrx_until(&r, s, (i + 2) * len);
	}
	for (i = 0; i < r.nr_kept; i++)
		if (!r.kept[i].index)
			ZC_CHECK(hash[r.kept[i].token] ==
				 zc_hash_buf(a->p + r.kept[i].token *
					     (size_t)a->buffer,
					     a->end[r.kept[i].token]) ||
				 a->held[r.kept[i].token] > 1,
				 "buffer %u has changed", r.kept[i].token);
	zrx_give_back(&r);
	take(&r);
	ZC_EQ(r.ring->bad, bad, "bad");
	ZC_EQ(r.ring->refilled, s->frags, "refilled");

	zrx_capacity(&r, s, c.tx);
	ZC_EQ(r.ring->bad, bad, "bad");
	zrx_close(&r);
	zc_close(&c);
}

/*
 * Everything that is held comes back twice, in one batch and in two: as often as
 * it was handed out is right, the rest is bad.
 */
static void twice(const void *arg)
{
	const int *one_batch = arg;
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 20);
	const size_t len = ZC_KB(100);
	struct zerocopy_rx_refill *kept;
	char *buf = zc_alloc(len, 651);
	unsigned int i, k, n;
	struct zrx_sock *s;
	struct zrx r;

	zrx_open(&r, 0, 4096, -1);
	zrx_area(&r, ZC_KB(256), 4096);
	zc_open(&c);
	zc_setopt(c.tx, IPPROTO_TCP, 1 /* TCP_NODELAY */, 1);
	s = zrx_attach(&r, c.rx);
	/* several fragments of one buffer, and whole buffers */
	r.keep = true;
	for (i = 0; i < 50; i++) {
		zc_send_all(c.tx, buf, 100);
		zrx_until(&r, s, (i + 1) * 100);
	}
	zc_send_all(c.tx, buf, len);
	zrx_until(&r, s, 5000 + len);
	n = r.nr_kept;
	kept = malloc(n * sizeof(*kept));
	memcpy(kept, r.kept, n * sizeof(*kept));
	zrx_give_back(&r);
	if (!*one_batch)
		take(&r);
	for (k = 0; k < 3; k++)
		for (i = 0; i < n; i++)
			zrx_refill(&r, kept[i].index, kept[i].token);
	take(&r);
	ZC_EQ(r.ring->refilled, n, "tokens that came back");
	ZC_EQ(r.ring->bad, 3 * n, "tokens that came back again");
	r.keep = false;
	zrx_capacity(&r, s, c.tx);
	ZC_EQ(r.ring->bad, 3 * n, "bad");
	free(kept);
	zrx_close(&r);
	zc_close(&c);
}

/*
 * A buffer whose last fragment is given back while the kernel still fills it is
 * not free, and one that comes back too often does not become it.
 */
static void being_filled(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	char *buf = zc_alloc(ZC_KB(64), 652);
	struct zrx_sock *s;
	struct zrx r;
	unsigned int i;

	(void)arg;
	zrx_open(&r, 0, 0, -1);
	zrx_area(&r, 4 * 4096, 4096);
	zc_open(&c);
	zc_setopt(c.tx, IPPROTO_TCP, 1 /* TCP_NODELAY */, 1);
	s = zrx_attach(&r, c.rx);
	for (i = 1; i <= 200; i++) {
		zc_send_all(c.tx, buf + i, 10);
		r.keep = true;
		zrx_until(&r, s, i * 10);
		ZC_EQ(r.nr_kept, 1, "fragments");
		ZC_CHECK(!memcmp(r.area[0].p + r.kept[0].token * 4096 +
				 r.area[0].end[r.kept[0].token] - 10, buf + i,
				 10), "other bytes");
		/* it is given back three times, and goes on being filled */
		zrx_refill(&r, 0, r.kept[0].token);
		zrx_refill(&r, 0, r.kept[0].token);
		zrx_give_back(&r);
		take(&r);
		ZC_EQ(r.ring->bad, 2 * i, "bad");
		ZC_EQ(r.ring->refilled, i, "refilled");
	}
	r.keep = false;
	zrx_capacity(&r, s, c.tx);
	zrx_close(&r);
	zc_close(&c);
}

/* ---- indices ---- */

static void jump(struct zrx *r, u32 *index, u32 val, const char *what)
{
	u32 old = *index;

	__atomic_store_n(index, val, __ATOMIC_RELEASE);
	ZC_CHECK(zrx_ioctl_recv(r->fd, 0, ZEROCOPY_RX_DONTWAIT) == -ERANGE,
		 "%s: no ERANGE", what);
	/* who waits is told as well, and does not wait */
	ZC_CHECK(zrx_ioctl_recv(r->fd, 0, 0) == -ERANGE,
		 "%s: no ERANGE when waiting", what);
	__atomic_store_n(index, old, __ATOMIC_RELEASE);
}

static void indices(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	char *buf = zc_alloc(ZC_KB(64), 653);
	u64 refilled, bad, bytes;
	struct zrx_sock *s;
	u32 tail, entries;
	struct zrx r;
	int i;

	(void)arg;
	zrx_open(&r, 64, 64, -1);
	entries = 64;
	zrx_area(&r, ZC_KB(64), 4096);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zc_setopt(c.tx, IPPROTO_TCP, 1 /* TCP_NODELAY */, 1);
	/* with and without data that waits, at several places of the rings */
	for (i = 0; i < 200; i++) {
		/* a refill that is right waits, too: it stays one */
		zc_send_all(c.tx, buf + i, 1);
		zrx_until(&r, s, 2 * i + 1);
		refilled = r.ring->refilled;
		bad = r.ring->bad;
		bytes = r.ring->bytes;
		tail = r.ring->frag_tail;
		if (i & 1) {
			struct pollfd pfd = { .fd = r.fd, .events = POLLIN };

			zc_send_all(c.tx, buf + i, 1);
			ZC_EQ(poll(&pfd, 1, 10000), 1, "poll");
		}
		if (i % 20 < 2) {
			jump(&r, &r.ring->refill_tail, r.tail + entries + 1,
			     "refills beyond the ring");
			jump(&r, &r.ring->refill_tail,
			     r.ring->refill_head + entries + 1,
			     "one refill too many");
			jump(&r, &r.ring->refill_tail, r.ring->refill_head - 1,
			     "refills that go back");
			jump(&r, &r.ring->refill_tail,
			     r.tail + (1U << 31), "half way round");
			jump(&r, &r.ring->frag_head, tail + 1,
			     "a fragment that has not come");
			jump(&r, &r.ring->frag_head, tail - entries - 1,
			     "fragments long gone");
			jump(&r, &r.ring->frag_head, tail + (1U << 31),
			     "half way round");
		}
		ZC_EQ(r.ring->refilled, refilled, "refilled");
		ZC_EQ(r.ring->bad, bad, "bad");
		ZC_EQ(r.ring->bytes, bytes, "bytes");
		ZC_EQ(r.ring->frag_tail, tail, "fragments");
		if (!(i & 1))
			zc_send_all(c.tx, buf + i, 1);
		zrx_until(&r, s, 2 * i + 2);
	}
	ZC_EQ(r.ring->bad, 0, "bad");
	zrx_capacity(&r, s, c.tx);
	zrx_close(&r);
	zc_close(&c);
}

/* Over everything that is the kernel's, and over what the rings hold. */
static void scribbled(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	size_t len = zc_scale(ZC_MB(1), ZC_KB(256)), done = 0;
	char *buf = zc_alloc(len, 654);
	struct zerocopy_rx_ring *g, good;
	struct zrx_sock *s;
	struct zrx r;
	u32 tail;

	(void)arg;
	zrx_open(&r, 64, 64, -1);
	zrx_area(&r, ZC_KB(64), 4096);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	g = r.ring;
	good = *g;
	/* the stream is followed by what RECV returns, in the kernel's order */
	while (done < len) {
		size_t want = 1 + rnd(20000);
		int n;

		if (want > len - done)
			want = len - done;
		zc_send_all(c.tx, buf + done, want);
		done += want;
		while (s->bytes < done) {
			g->frags = rnd(1ULL << 32);
			g->frag_entries = rnd(1ULL << 32);
			g->frag_size = rnd(1ULL << 32);
			g->refills = rnd(1ULL << 32);
			g->refill_entries = rnd(1ULL << 32);
			g->refill_size = rnd(1ULL << 32);
			g->frag_tail = rnd(1ULL << 32);
			g->flags = rnd(1ULL << 32);
			g->refill_head = rnd(1ULL << 32);
			memset(g->reserved, 0xee, sizeof(g->reserved));
			memset(g->reserved5, 0xee, sizeof(g->reserved5));
			g->bytes = rnd(UINT64_MAX);
			g->bad = rnd(UINT64_MAX);
			/* all the fragments that were looked at */
			memset(r.map + good.frags, 0xee,
			       (size_t)good.frag_size * 64);
			n = zrx_ioctl_recv(r.fd, 0, ZEROCOPY_RX_DONTWAIT);
			ZC_CHECK(n > 0 || n == -EAGAIN, "RECV: %s",
				 strerror(-n));
			tail = r.head + (n > 0 ? n : 0);
			if (n > 0)
				ZC_EQ(g->frag_tail, tail, "frag_tail");
			g->frags = good.frags;
			g->frag_entries = good.frag_entries;
			g->frag_size = good.frag_size;
			g->refills = good.refills;
			g->refill_entries = good.refill_entries;
			g->refill_size = good.refill_size;
			g->frag_tail = tail;
			g->refill_head = r.tail;
			zrx_reap(&r);
		}
	}
	zrx_same(s, buf, len);
	/* once the kernel has something to say it says what is true */
	zc_send_all(c.tx, "x", 1);
	r.keep = true;
	zrx_until(&r, s, len + 1);
	ZC_EQ(g->bytes, len + 1, "statistics: bytes");
	zrx_give_back(&r);
	take(&r);
	ZC_EQ(g->bad, 0, "statistics: bad");
	ZC_EQ(g->refilled, s->frags, "statistics: refilled");
	r.keep = false;
	zrx_capacity(&r, s, c.tx);
	zrx_close(&r);
	zc_close(&c);
}

struct vandal {
	struct zrx *r;
	bool stop;
	u64 seed;
};

static void *vandal_main(void *arg)
{
	struct vandal *v = arg;
	struct zerocopy_rx_ring *g = v->r->ring;
	u64 x = v->seed;

	while (!__atomic_load_n(&v->stop, __ATOMIC_ACQUIRE)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (!(x >> 8 & 7)) {
			/* an index, by a little or by much */
			u32 *at = x & 1 ? &g->refill_tail : &g->frag_head;

			*at += x & 2 ? x >> 32 & 7 : x >> 32;
		} else {
			/* statistics, fragments, refills */
			*(u32 *)(v->r->map + 320 +
				 (x >> 20) % (v->r->len - 320) / 4 * 4) =
				x & 4 ? x >> 32 : x >> 32 & 15;
		}
		if (!(x >> 12 & 63))
			sched_yield();
	}
	return NULL;
}

/* As far as one can with somebody else at it: RECV is to get further. */
static void vandal_repair(struct zrx *r, int err)
{
	struct zerocopy_rx_ring *g = r->ring;
	u32 *refills = (u32 *)(r->map + g->refills);
	unsigned int i;

	__atomic_store_n(&g->frag_head, g->frag_tail, __ATOMIC_RELEASE);
	if (err == -ENOBUFS)
		for (i = 0; i < 64; i++) {
			refills[2 * i] = 0;
			refills[2 * i + 1] = i % 16;
		}
	__atomic_store_n(&g->refill_tail, g->refill_head +
			 (err == -ENOBUFS ? 64 : 0), __ATOMIC_RELEASE);
}

/*
 * While RECV runs another thread writes all over the mapping: nothing but this
 * receiver's own data suffers.
 */
static void vandalised(const void *arg)
{
	struct zc_conn bad_c = ZRX_TCP(), good_c = ZRX_TCP();
	size_t len = zc_scale(ZC_MB(4), ZC_MB(1));
	char *buf = zc_alloc(len, 655);
	struct zc_feed f = { .fin = true }, g = {};
	struct vandal v = { .seed = zc_now_ms() | 1 };
	unsigned int taken = 0, range = 0, n_bufs = 0;
	u64 end = zc_now_ms() + (zc_debug ? 120000 : 30000);
	struct zrx r, other;
	struct zrx_sock *s;
	pthread_t thread;

	(void)arg;
	zrx_open(&r, 64, 64, -1);
	zrx_area(&r, ZC_KB(64), 4096);
	zrx_make(&other, ZC_KB(256), 4096);
	zc_open(&bad_c);
	zc_open(&good_c);
	zrx_attach(&r, bad_c.rx);
	s = zrx_attach(&other, good_c.rx);
	zc_note("seed %llu", (unsigned long long)v.seed);
	v.r = &r;
	ZC_EQ(pthread_create(&thread, NULL, vandal_main, &v), 0, "thread");
	zc_feed(&g, bad_c.tx, buf, len);
	zc_feed(&f, good_c.tx, buf, len);
	while (!s->eofs || ((taken < 100 || range < 100) &&
			    zc_now_ms() < end)) {
		int n = zrx_ioctl_recv(r.fd, 0, ZEROCOPY_RX_DONTWAIT);

		ZC_CHECK(n > 0 || n == -EAGAIN || n == -ERANGE ||
			 n == -ENOBUFS || n == -ENOSPC, "RECV: %s",
			 strerror(-n));
		taken += n > 0;
		range += n == -ERANGE;
		n_bufs += n == -ENOBUFS;
		if (n < 0 && n != -EAGAIN)
			vandal_repair(&r, n);
		sched_yield();
		if (!s->eofs) {
			n = zrx_pull(&other, 0);
			ZC_CHECK(n > 0 || n == -EAGAIN, "RECV: %s",
				 strerror(-n));
		}
	}
	__atomic_store_n(&v.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	zc_note("%u times data, %u times ERANGE, %u times ENOBUFS", taken,
		range, n_bufs);
	ZC_CHECK(taken > 20 && range > 20, "it was hardly ever in the way");
	zc_feed_join(&f);
	zrx_same(s, buf, len);
	/* what is left of the other's stream is of no use to anybody */
	close(bad_c.rx);
	bad_c.rx = -1;
	pthread_join(g.thread, NULL);
	zrx_close(&r);
	zrx_close(&other);
	zc_close(&bad_c);
	zc_close(&good_c);
}

/* ---- full ---- */

/* The fragment ring is full: ENOSPC, and nothing is lost. */
static void frags_full(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 20);
	struct pollfd pfd = { .events = POLLIN };
	const size_t len = ZC_KB(256) + ZC_KB(200);
	char *buf = zc_alloc(len, 656);
	struct zrx_sock *s;
	struct zrx r;
	u32 sum = 0;
	int n, left;

	(void)arg;
	zrx_open(&r, 64, 64, -1);
	zrx_area(&r, ZC_MB(1), 4096);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zc_send_all(c.tx, buf, len);
	ZC_CHECK(zc_wait_for(!ioctl(c.rx, FIONREAD, &left) &&
			     left == (int)len, 10000), "%d bytes are queued",
		 left);
	/* nobody reads it */
	while ((n = zrx_ioctl_recv(r.fd, 0, ZEROCOPY_RX_DONTWAIT)) > 0)
		sum += n;
	ZC_EQ(n, -ENOSPC, "RECV with the ring full");
	ZC_EQ(sum, 64, "fragments on a ring of 64");
	ZC_EQ(r.ring->frag_tail, 64, "frag_tail");
	ZC_EQ(zrx_ioctl_recv(r.fd, 0, 0), -ENOSPC, "RECV that would wait");
	/* one place: one fragment */
	r.keep = true;
	r.head = 0;
	{
		struct zerocopy_rx_frag f = *zrx_next(&r);

		r.head = 1;
		__atomic_store_n(&r.ring->frag_head, 1, __ATOMIC_RELEASE);
		zrx_check(&r, &f);
		zrx_count(&r, &f);
		ZC_EQ(zrx_ioctl_recv(r.fd, 0, 0), 1, "RECV with one place");
		ZC_EQ(zrx_ioctl_recv(r.fd, 0, 0), -ENOSPC, "RECV with none");
		pfd.fd = r.fd;
		ZC_EQ(poll(&pfd, 1, 0), 1, "poll with the ring full");
		zrx_reap(&r);
		zrx_put(&r, f.index, f.token);
	}
	zrx_give_back(&r);
	r.keep = false;
	zrx_until(&r, s, len);
	zrx_same(s, buf, len);
	zrx_capacity(&r, s, c.tx);
	zrx_close(&r);
	zc_close(&c);
}

/*
 * No buffer is free: the sender is held up, everybody is told, and one token that
 * comes back, without a call, is all it takes.
 */
static void no_buffers(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	struct pollfd pfd = { .events = POLLIN };
	size_t len = zc_scale(ZC_MB(4), ZC_MB(2));
	char *buf = zc_alloc(len, 657);
	struct zc_feed f = { .fin = true };
	struct zrx_sock *s;
	struct zrx r;
	u64 times = 0, before;
	int n;

	(void)arg;
	zrx_open(&r, 0, 0, -1);
	zrx_area(&r, 4 * 16384, 16384);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	pfd.fd = r.fd;
	ZC_EQ(r.ring->flags, 0, "flags");
	zc_feed(&f, c.tx, buf, len);
	r.keep = true;
	while (!s->eofs) {
		n = zrx_wait(&r, 20000);
		if (n > 0)
			continue;
		if (n == -ENOBUFS) {
			times++;
			before = s->bytes;
			ZC_EQ(zrx_held(&r), 4, "buffers held");
			ZC_CHECK(r.ring->flags & ZEROCOPY_RX_STARVED,
				 "flags %x", r.ring->flags);
			ZC_CHECK(r.ring->starved > 0, "statistics: starved");
			/* who would wait is told, and nothing is taken */
			ZC_EQ(zrx_ioctl_recv(r.fd, 0, 0), -ENOBUFS, "RECV");
			ZC_CHECK(!zrx_next(&r), "a fragment with ENOBUFS");
			ZC_EQ(poll(&pfd, 1, 0), 1, "poll when starved");
			/* one buffer, and there is data again */
			if (times & 1) {
				u32 token = r.kept[0].token;
				unsigned int i, k = 0;

				for (i = 0; i < r.nr_kept; i++) {
					if (r.kept[i].token == token)
						zrx_put(&r, 0, token);
					else
						r.kept[k++] = r.kept[i];
				}
				r.nr_kept = k;
			} else {
				zrx_give_back(&r);
			}
			n = zrx_wait(&r, 10000);
			ZC_CHECK(n > 0, "RECV with a buffer that came back: %s",
				 strerror(-n));
			ZC_CHECK(s->bytes > before || s->eofs, "no data");
			continue;
		}
		zc_fail("RECV: %s", strerror(-n));
	}
	zc_feed_join(&f);
	zrx_same(s, buf, len);
	zrx_give_back(&r);
	ZC_CHECK(zrx_quiet(&r), "something behind the end");
	ZC_EQ(r.ring->flags, 0, "flags at the end");
	ZC_CHECK(times >= 8, "starved %llu times", (unsigned long long)times);
	ZC_CHECK(r.ring->starved >= times, "statistics: starved %llu of %llu",
		 (unsigned long long)r.ring->starved, (unsigned long long)times);
	zrx_close(&r);
	zc_close(&c);
}

/* The refill ring is full: who has more to give back calls RECV. */
static void refills_full(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 20);
	const size_t len = ZC_KB(800);
	char *buf = zc_alloc(len, 658);
	struct zrx_sock *s;
	unsigned int i;
	struct zrx r;

	(void)arg;
	zrx_open(&r, 4096, 64, -1);
	zrx_area(&r, ZC_MB(1), 4096);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	for (i = 1; i <= 5; i++) {
		struct zc_feed f = {};

		r.keep = true;
		zc_feed(&f, c.tx, buf, len);
		zrx_until(&r, s, i * len);
		zc_feed_join(&f);
		ZC_CHECK(r.nr_kept >= 200, "%u fragments", r.nr_kept);
		zrx_give_back(&r);
	}
	r.keep = false;
	ZC_EQ(r.ring->bad, 0, "bad");
	zrx_capacity(&r, s, c.tx);
	zrx_close(&r);
	zc_close(&c);
}

static const int no, yes = 1;

static const struct zc_case cases[] = {
	{ "wrong_tokens", wrong, NULL, ZC_F_SHORT, 0 },
	{ "twice", twice, &no, ZC_F_SHORT, 0 },
	{ "twice_at_once", twice, &yes, 0, 0 },
	{ "being_filled", being_filled, NULL, ZC_F_SHORT, 0 },
	{ "indices", indices, NULL, ZC_F_SHORT, 0 },
	{ "scribbled", scribbled, NULL, ZC_F_SHORT, 0 },
	{ "vandalised", vandalised, NULL, 0, 0 },
	{ "full", frags_full, NULL, ZC_F_SHORT, 0 },
	{ "starved", no_buffers, NULL, ZC_F_SHORT, 0 },
	{ "refills_full", refills_full, NULL, 0, 0 },
};

int main(int argc, char **argv)
{
	return zrx_main(argc, argv, "rx_ring", cases, ZC_ARRAY_SIZE(cases));
}
