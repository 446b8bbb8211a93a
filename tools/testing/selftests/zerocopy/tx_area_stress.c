// SPDX-License-Identifier: GPL-2.0
/*
 * Areas under random operations of several processes: register, unregister,
 * munmap and map again, move, drop, fork, send, close, signals, kill. Every byte
 * that arrives is compared with what lay there when it was sent.
 *
 *   ZC_STRESS=n    operations, 100000 before a release
 *   ZC_SEED=n      the random numbers of an earlier run
 */
#include "zc_area.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>

#define PG		4096UL
#define WORKERS		3
#define SLOTS		12
#define SLOT_BYTES	ZC_MB(2)
#define SEGMENTS	4
#define AREAS		32
#define CHILDREN	3
#define MAGIC		0x5a43415245413031ULL

/* One piece of a record: @len bytes from @off of what was made from @seed */
struct segment {
	u64 seed;
	u32 off, len;
};

struct record {
	u64 magic;
	struct segment seg[SEGMENTS];
};

enum kind { K_NONE, K_SMALL, K_HUGE, K_SHARED };

struct slot {
	pthread_mutex_t lock;
	char *p;
	enum kind kind;
	size_t len;
	u64 seed;
	u64 sent;		/* calls made when it was last sent from */
};

/* What a process of workers has */
static struct {
	struct slot slot[SLOTS];
	char *base;
	int dev;
	int area[AREAS];
	pthread_mutex_t area_lock;
	int tx;
	u64 calls;		/* that took an id */
	u64 back;		/* ids that came back */
	pid_t child[CHILDREN];
} w;

/* Shared by all: how far we are */
static struct {
	u64 limit, done;
	u64 sends, kills, forks, registered, refused, segments;
	u64 seeds;
} *all;

static __thread u64 rng;
/* Sanitizers take their time with each byte: operations count, not bytes */
static size_t piece_max;

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

static u64 word(u64 seed, size_t i)
{
	return mix(seed + i * 0x9e3779b97f4a7c15ULL);
}

static void fill(struct slot *s)
{
	u64 *p = (u64 *)s->p;
	size_t i;

	s->seed = mix(__atomic_add_fetch(&all->seeds, 1, __ATOMIC_RELAXED));
	for (i = 0; i < s->len / 8; i++)
		p[i] = word(s->seed, i);
}

/* ---- the sender's side ---- */

static void slot_unmap(struct slot *s)
{
	/* nobody else may get the address range: keep it, without access */
	ZC_CHECK(mmap(s->p, SLOT_BYTES, PROT_NONE, MAP_PRIVATE | MAP_FIXED |
		      MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == s->p, "mmap");
	s->kind = K_NONE;
}

static void slot_map(struct slot *s)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	u64 dice = rnd(8);

	s->kind = !dice ? K_HUGE : dice < 3 ? K_SHARED : K_SMALL;
	s->len = s->kind == K_HUGE ? SLOT_BYTES : (1 + rnd(40)) * PG;
	if (s->kind == K_SHARED)
		flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED;
	ZC_CHECK(mmap(s->p, s->len, PROT_READ | PROT_WRITE, flags, -1, 0) ==
		 s->p, "mmap: %s", strerror(errno));
	madvise(s->p, s->len, s->kind == K_HUGE ? MADV_HUGEPAGE :
						  MADV_NOHUGEPAGE);
	fill(s);
	s->sent = 0;
}

static void slot_change(struct slot *s)
{
	size_t len = s->len;
	void *to;

	if (s->kind == K_NONE) {
		slot_map(s);
		return;
	}
	switch (rnd(6)) {
	case 0:
		slot_unmap(s);
		break;
	case 1:
		slot_unmap(s);
		slot_map(s);
		break;
	case 2:
		/* shared memory survives that */
		ZC_SYS(madvise(s->p, s->len, MADV_DONTNEED));
		if (s->kind != K_SHARED)
			fill(s);
		break;
	case 3:
		/* over it, without a hole in between */
		slot_map(s);
		break;
	case 4:
		to = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
		ZC_CHECK(to != MAP_FAILED, "mmap");
		ZC_CHECK(mremap(s->p, len, len, MREMAP_MAYMOVE |
				MREMAP_FIXED, to) == to, "mremap: %s",
			 strerror(errno));
		slot_unmap(s);
		slot_map(s);
		ZC_SYS(munmap(to, len));
		break;
	default:
		/* in place, once nothing of it is in flight */
		if (s->sent <= __atomic_load_n(&w.back, __ATOMIC_ACQUIRE))
			fill(s);
		break;
	}
}

static void area_add(void)
{
	unsigned int i = rnd(AREAS), k = rnd(SLOTS);
	/* what the other thread makes of the slot meanwhile is its business */
	size_t mapped = w.slot[k].len / PG, from = rnd(mapped);
	size_t at = k * SLOT_BYTES + from * PG, len;
	u64 dice = rnd(8);
	int id;

	if (dice < 5)
		len = (1 + rnd(mapped - from)) * PG;
	else if (dice < 6)
		len = (1 + rnd(48)) * PG;
	else
		len = (mapped - from) * PG;
	pthread_mutex_lock(&w.area_lock);
	if (!w.area[i]) {
		id = zc_area_register(w.dev, w.base + at, len);
		/* the hole behind a slot, or a change that came between */
		ZC_CHECK(id > 0 || id == -EFAULT || id == -EAGAIN,
			 "register: %s", strerror(-id));
		if (id > 0)
			w.area[i] = id;
		__atomic_add_fetch(id > 0 ? &all->registered : &all->refused,
				   1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&w.area_lock);
}

static void area_remove(void)
{
	unsigned int i = rnd(AREAS);

	pthread_mutex_lock(&w.area_lock);
	if (w.area[i])
		ZC_EQ(zc_area_unregister(w.dev, w.area[i]), 0, "unregister");
	w.area[i] = 0;
	pthread_mutex_unlock(&w.area_lock);
}

static void area_query(void)
{
	struct zerocopy_area_query q;
	unsigned int i = rnd(AREAS);

	pthread_mutex_lock(&w.area_lock);
	if (w.area[i])
		ZC_EQ(zc_area_query(w.dev, w.area[i], &q), 0, "query");
	pthread_mutex_unlock(&w.area_lock);
}

static void dev_reopen(void)
{
	pthread_mutex_lock(&w.area_lock);
	close(w.dev);
	w.dev = zc_dev_open();
	ZC_CHECK(w.dev >= 0, "open: %s", strerror(-w.dev));
	memset(w.area, 0, sizeof(w.area));
	pthread_mutex_unlock(&w.area_lock);
}

/* A child scribbles on what it inherited: nobody may see that */
static void do_fork(void)
{
	unsigned int i = rnd(CHILDREN), k;
	int st;

	if (w.child[i] > 0) {
		if (rnd(2))
			kill(w.child[i], SIGKILL);
		while (waitpid(w.child[i], &st, 0) < 0 && errno == EINTR)
			;
	}
	w.child[i] = fork();
	if (!w.child[i]) {
		for (k = 0; k < SLOTS; k++)
			if (w.slot[k].kind == K_SMALL ||
			    w.slot[k].kind == K_HUGE)
				/* the lock may be held: it may be half made */
				madvise(w.slot[k].p, PG, MADV_DONTNEED);
		for (k = 0; k < SLOTS; k++)
			if (!pthread_mutex_trylock(&w.slot[k].lock) &&
			    (w.slot[k].kind == K_SMALL ||
			     w.slot[k].kind == K_HUGE))
				memset(w.slot[k].p, 0xee, w.slot[k].len);
		_exit(0);
	}
	__atomic_add_fetch(&all->forks, 1, __ATOMIC_RELAXED);
}

static void put_bytes(const void *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(w.tx, p, len, MSG_MORE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			zc_fail("send: %s", strerror(errno));
		p = (const char *)p + n;
		len -= n;
	}
}

static void drain(void)
{
	struct zc_notif n;

	while (zc_notif_read(w.tx, &n) > 0)
		__atomic_store_n(&w.back, (u64)n.hi + 1, __ATOMIC_RELEASE);
}

/*
 * One record: a header, copied, and pieces of neighbouring slots, each from
 * somewhere to the slot's end or less, in one call.
 */
static void do_send(void)
{
	unsigned int first = rnd(SLOTS), n = 1 + rnd(SEGMENTS), i, segs = 0;
	struct iovec iov[SEGMENTS];
	struct msghdr msg = { .msg_iov = iov };
	struct record r = { .magic = MAGIC };
	ssize_t ret;

	if (first + n > SLOTS)
		n = SLOTS - first;
	for (i = first; i < first + n; i++)
		pthread_mutex_lock(&w.slot[i].lock);
	for (i = first; i < first + n; i++) {
		struct slot *s = &w.slot[i];
		size_t off, len;

		if (s->kind == K_NONE)
			continue;
		off = rnd(s->len);
		len = 1 + rnd(s->len - off);
		if (len > piece_max)
			len = piece_max;
		if (rnd(4) == 0 && len > 2000)
			len = 1 + rnd(2000);
		r.seg[segs] = (struct segment){ s->seed, off, len };
		iov[segs++] = (struct iovec){ s->p + off, len };
		s->sent = UINT64_MAX;
	}
	if (!segs)
		goto out;
	put_bytes(&r, sizeof(r));
	msg.msg_iovlen = segs;
	while (msg.msg_iovlen) {
		ret = sendmsg(w.tx, &msg, MSG_ZEROCOPY);
		if (ret < 0 && (errno == EINTR || errno == ENOBUFS)) {
			drain();
			continue;
		}
		if (ret <= 0)
			zc_fail("sendmsg: %s", strerror(errno));
		w.calls++;
		while (msg.msg_iovlen && (size_t)ret >= msg.msg_iov->iov_len) {
			ret -= msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen) {
			msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base +
						ret;
			msg.msg_iov->iov_len -= ret;
		}
	}
	__atomic_add_fetch(&all->sends, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&all->segments, segs, __ATOMIC_RELAXED);
out:
	for (i = first; i < first + n; i++) {
		if (w.slot[i].sent == UINT64_MAX)
			w.slot[i].sent = w.calls;
		pthread_mutex_unlock(&w.slot[i].lock);
	}
	drain();
}

static bool more(void)
{
	return __atomic_add_fetch(&all->done, 1, __ATOMIC_RELAXED) <=
	       all->limit;
}

/* The second thread: everything but sending */
static void *upset(void *arg)
{
	struct slot *s;

	rng = (uintptr_t)arg;
	while (more()) {
		u64 dice = rnd(100);

		if (dice < 30) {
			s = &w.slot[rnd(SLOTS)];
			pthread_mutex_lock(&s->lock);
			slot_change(s);
			pthread_mutex_unlock(&s->lock);
		} else if (dice < 80) {
			area_add();
		} else if (dice < 92) {
			area_remove();
		} else if (dice < 97) {
			area_query();
		} else {
			dev_reopen();
		}
	}
	return NULL;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void worker(int tx, u64 seed)
{
	struct itimerval it = { { 0, 7000 }, { 0, 7000 } };
	struct sigaction sa = { .sa_handler = on_alarm };
	pthread_t thread;
	unsigned int i;
	char *p;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w.tx = tx;
	rng = seed;
	p = mmap(NULL, (SLOTS + 1) * SLOT_BYTES, PROT_NONE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ZC_CHECK(p != MAP_FAILED, "mmap");
	w.base = (char *)(((uintptr_t)p + SLOT_BYTES - 1) & -SLOT_BYTES);
	pthread_mutex_init(&w.area_lock, NULL);
	w.dev = zc_dev_open();
	ZC_CHECK(w.dev >= 0, "/dev/zerocopy: %s", strerror(-w.dev));
	for (i = 0; i < SLOTS; i++) {
		pthread_mutex_init(&w.slot[i].lock, NULL);
		w.slot[i].p = w.base + i * SLOT_BYTES;
		slot_map(&w.slot[i]);
	}
	/* not restarted: calls are cut short at any place */
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	ZC_EQ(pthread_create(&thread, NULL, upset, (void *)(seed ^ 0x55)), 0,
	      "pthread_create");
	while (more()) {
		if (rnd(40))
			do_send();
		else
			do_fork();
	}
	pthread_join(thread, NULL);
	for (i = 0; i < CHILDREN; i++)
		if (w.child[i] > 0)
			while (waitpid(w.child[i], NULL, 0) < 0 &&
			       errno == EINTR)
				;
	_exit(0);
}

/* ---- the receiver's side ---- */

struct checker {
	pthread_t thread;
	int rx;
	u64 bytes, records;
	const char *bad;
	u64 bad_at;
};

static int get_bytes(struct checker *k, void *p, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = recv(k->rx, (char *)p + got, len - got, 0);
		if (n < 0 && errno == EINTR)
			continue;
		/* a sender that was killed: what came so far is what counts */
		if (n <= 0)
			break;
		got += n;
	}
	k->bytes += got;
	return got;
}

static bool same(const struct segment *s, const unsigned char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		size_t at = s->off + i;
		u64 v = word(s->seed, at / 8);

		if (p[i] != (unsigned char)(v >> at % 8 * 8))
			return false;
		/* whole words where they line up */
		for (; !(at % 8) && i + 16 <= n; i += 8, at += 8) {
			u64 x;

			memcpy(&x, p + i, 8);
			if (x != word(s->seed, at / 8))
				return false;
		}
	}
	return true;
}

static void *check(void *arg)
{
	static const char late[] = "bytes that were not there when it was sent";
	struct checker *k = arg;
	unsigned char *buf = malloc(300000);
	struct record r;
	unsigned int i;
	size_t n;

	zc_enter(ZC_NS_A);
	while (!k->bad) {
		if (get_bytes(k, &r, sizeof(r)) != sizeof(r))
			break;
		if (r.magic != MAGIC) {
			k->bad = "a record that is none";
			break;
		}
		for (i = 0; i < SEGMENTS && r.seg[i].len; i++) {
			if (r.seg[i].len > 300000) {
				k->bad = "a record of a strange length";
				break;
			}
			n = get_bytes(k, buf, r.seg[i].len);
			if (!same(&r.seg[i], buf, n)) {
				k->bad = late;
				k->bad_at = k->bytes;
				break;
			}
			if (n < r.seg[i].len)
				goto out;
		}
		k->records++;
	}
out:
	/* a sender must not be left waiting */
	while (k->bad && recv(k->rx, buf, 300000, 0) > 0)
		;
	free(buf);
	return NULL;
}

static void stress(const void *arg)
{
	struct {
		struct zc_conn c;
		struct checker k;
		pid_t pid;
	} p[WORKERS] = {};
	const char *env = getenv("ZC_STRESS"), *seed_env = getenv("ZC_SEED");
	u64 seed = seed_env ? strtoull(seed_env, NULL, 0) : zc_now_ms();
	struct zc_counters before;
	u64 bytes = 0, records = 0, said = 0;
	unsigned int i;
	bool last = false;

	(void)arg;
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ZC_CHECK(all != MAP_FAILED, "mmap");
	all->limit = env ? strtoull(env, NULL, 0) : zc_scale(3000, 600);
	all->seeds = seed;
	piece_max = zc_scale(300000, 20000);
	rng = seed;
	zc_note("ZC_STRESS=%llu ZC_SEED=%llu", (unsigned long long)all->limit,
		(unsigned long long)seed);
	zc_counters_read(ZC_NS_A, &before);

	while (!last) {
		u64 done = __atomic_load_n(&all->done, __ATOMIC_RELAXED);

		last = done >= all->limit;
		if (done / 10000 > said) {
			said = done / 10000;
			zc_note("%llu operations so far",
				(unsigned long long)done);
		}
		for (i = 0; i < WORKERS; i++) {
			int st;

			if (p[i].pid) {
				if (!last) {
					pid_t got = waitpid(p[i].pid, &st,
							    WNOHANG);
					if (!got && rnd(200))
						continue;
					if (!got) {
						kill(p[i].pid, SIGKILL);
						all->kills++;
						ZC_SYS(waitpid(p[i].pid, &st,
							       0));
					}
				} else {
					ZC_SYS(waitpid(p[i].pid, &st, 0));
				}
				pthread_join(p[i].k.thread, NULL);
				ZC_CHECK(!p[i].k.bad, "%s (seed %llu, byte %llu)",
					 p[i].k.bad, (unsigned long long)seed,
					 (unsigned long long)p[i].k.bad_at);
				if (WIFEXITED(st) && WEXITSTATUS(st))
					_exit(WEXITSTATUS(st));
				if (WIFSIGNALED(st))
					ZC_EQ(WTERMSIG(st), SIGKILL,
					      "a worker's signal");
				bytes += p[i].k.bytes;
				records += p[i].k.records;
				close(p[i].k.rx);
				p[i].pid = 0;
			}
			if (last)
				continue;
			memset(&p[i], 0, sizeof(p[i]));
			p[i].c = (struct zc_conn){
				.family = AF_INET, .type = SOCK_STREAM,
				.sndbuf = 1 << 20, .rcvbuf = 1 << 20,
			};
			zc_open(&p[i].c);
			fflush(stdout);
			p[i].pid = ZC_SYS(fork());
			if (!p[i].pid)
				worker(p[i].c.tx, seed + rnd(UINT64_MAX));
			zc_page_forget(p[i].c.tx);
			close(p[i].c.tx);
			p[i].k.rx = p[i].c.rx;
			ZC_EQ(pthread_create(&p[i].k.thread, NULL, check,
					     &p[i].k), 0, "pthread_create");
		}
		zc_sleep_ms(20);
	}
	zc_note("%llu sends of %llu segments, %llu records and %llu MiB checked",
		(unsigned long long)all->sends,
		(unsigned long long)all->segments, (unsigned long long)records,
		(unsigned long long)bytes >> 20);
	zc_note("%llu areas (%llu refused), %llu forks, %llu kills, %lld MiB out of areas",
		(unsigned long long)all->registered,
		(unsigned long long)all->refused,
		(unsigned long long)all->forks, (unsigned long long)all->kills,
		zc_delta(&before, "area_bytes") >> 20);
	ZC_CHECK(records > all->limit / 20, "only %llu records",
		 (unsigned long long)records);
	ZC_CHECK(zc_delta(&before, "area_bytes") > 0, "no area was used");
}

static struct zc_case cases[] = {
	{ "stress", stress, NULL, ZC_F_PAIR, 240 },
};

static struct zc_case *stress_case = cases;

int main(int argc, char **argv)
{
	const char *n = getenv("ZC_STRESS");

	stress_case->timeout += n ? strtoull(n, NULL, 0) / 10 : 0;
	return zc_main(argc, argv, "area_stress", cases, ZC_ARRAY_SIZE(cases));
}
