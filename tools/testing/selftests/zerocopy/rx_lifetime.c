// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 6 "Lifetimes": a receiver, its sockets, its areas, its rings and its
 * process go away in any order and at any moment. What is held keeps its
 * contents, what is gone leaves nothing behind.
 */
#include "zc_rx.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PG	4096UL

static u64 rng;

static u64 rnd(u64 n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng % n;
}

static void seed(void)
{
	const char *env = getenv("ZC_SEED");

	rng = env ? strtoull(env, NULL, 0) : zc_now_ms() * 2654435761ULL + 1;
	zc_note("ZC_SEED=%llu", (unsigned long long)rng);
}

static void child_ok(pid_t pid)
{
	int st;

	ZC_SYS(waitpid(pid, &st, 0));
	if (WIFEXITED(st) && WEXITSTATUS(st))
		_exit(WEXITSTATUS(st));
	ZC_CHECK(WIFEXITED(st), "a child was killed by signal %d",
		 WTERMSIG(st));
}

/* Nothing of a receiver is left: the module's users are receivers and sockets */
static void gone(long long pins, const char *when)
{
	ZC_CHECK(zc_wait_for(!zrx_refs(), 15000), "%s: %d users of the module",
		 when, zrx_refs());
	ZC_CHECK(zc_wait_for(zc_pins_held() == pins, 15000),
		 "%s: %lld pins are left", when, zc_pins_held() - pins);
}

/* ---- closing in every order ---- */

enum what { W_FD, W_MAP, W_RX, W_TX, W_DEV, W_MEM, W_MAX };

static void part(struct zrx *r, struct zc_conn *c, enum what w)
{
	switch (w) {
	case W_FD:
		close(r->fd);
		r->fd = -1;
		break;
	case W_MAP:
		munmap(r->map, r->len);
		r->map = NULL;
		break;
	case W_RX:
		close(c->rx);
		c->rx = -1;
		break;
	case W_TX:
		close(c->tx);
		c->tx = -1;
		break;
	case W_DEV:
		close(r->dev);
		r->dev = -1;
		break;
	default:
		munmap(r->area[0].p, r->area[0].len);
		r->area[0].p = NULL;
	}
}

/* Tokens held, data queued, more under way; then one part after the other. */
static void orders(const void *arg)
{
	unsigned int i, k, n = zc_scale(240, 40);
	char *buf = zc_alloc(ZC_KB(64), 660);
	long long pins = zc_pins_held();

	(void)arg;
	zrx_load();
	seed();
	for (i = 0; i < n; i++) {
		struct zc_conn c = ZRX_TCP();
		enum what order[W_MAX], t;
		struct zrx_sock *s;
		struct zrx r;

		zrx_make(&r, ZC_KB(64), 4096);
		zc_open(&c);
		s = zrx_attach(&r, c.rx);
		r.keep = true;
		zc_send_all(c.tx, buf, 9000);
		zrx_until(&r, s, 9000);
		zc_send_all(c.tx, buf, 10000);
		for (k = 0; k < W_MAX; k++)
			order[k] = k;
		/* each order once in so many */
		for (k = W_MAX - 1; k; k--) {
			unsigned int other = rnd(k + 1);

			t = order[k];
			order[k] = order[other];
			order[other] = t;
		}
		for (k = 0; k < W_MAX; k++) {
			part(&r, &c, order[k]);
			/* whoever is left is not in the way, and not alone */
			if (r.fd >= 0 && rnd(2)) {
				int got = zrx_ioctl_recv(r.fd, 0,
							 ZEROCOPY_RX_DONTWAIT);

				ZC_CHECK(got > 0 || got == -EAGAIN ||
					 got == -ENODEV || got == -ENOBUFS,
					 "RECV: %s", strerror(-got));
			}
			if (c.tx >= 0 && rnd(2))
				send(c.tx, buf, 100, MSG_DONTWAIT |
				     MSG_NOSIGNAL);
		}
		zrx_close(&r);
		zc_close(&c);
		if (!(i % 20))
			gone(pins, "closed");
	}
	gone(pins, "closed");
}

/* ---- killed ---- */

/* Receives, holds, gives back, attaches, detaches, until it is killed */
static void victim(u64 from)
{
	enum { NR = 3 };
	struct zc_conn c[NR];
	struct zc_feed f[NR] = {};
	char *buf = zc_alloc(ZC_MB(64), 661);
	struct sockaddr_in a;
	unsigned int i;
	struct zrx r;
	int n, lfd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rng = from | 1;
	zrx_open(&r, 256, 256, -1);
	for (i = 0; i < NR; i++) {
		zrx_area(&r, ZC_KB(128), 4096 << i);
		c[i] = (struct zc_conn)ZRX_TCP();
		zc_open(&c[i]);
		zc_feed(&f[i], c[i].tx, buf, ZC_MB(64));
		zrx_attach(&r, c[i].rx);
	}
	lfd = zrx_listener(&a);
	n = zrx_ioctl_attach(r.fd, lfd, ZEROCOPY_RX_CHILDREN, NULL);
	ZC_EQ(n, 0, "ATTACH of a listener");
	for (;;) {
		r.keep = rnd(3);
		n = zrx_pull(&r, rnd(20));
		ZC_CHECK(n > 0 || n == -EAGAIN || n == -ENOBUFS, "RECV: %s",
			 strerror(-n));
		if (n == -ENOBUFS || !rnd(4))
			zrx_give_back(&r);
		if (!rnd(30)) {
			i = rnd(NR);
			zrx_detach(&r, c[i].rx);
			zrx_attach(&r, c[i].rx);
		}
		if (!rnd(20)) {
			int fd = zrx_dial(&a);

			zc_send_all(fd, buf, rnd(5000));
			/* some are never accepted */
			if (rnd(2))
				close(accept(lfd, NULL, NULL));
			close(fd);
		}
		if (r.nr_socks > ZRX_SOCKS - 2)
			_exit(0);
	}
}

static void kill_cycles(const void *arg)
{
	const char *env = getenv("ZC_CYCLES");
	unsigned int i, n = env ? atoi(env) : 20, early = 0;
	long long pins = zc_pins_held();
	u64 until = zc_now_ms() + 100000;

	(void)arg;
	zrx_load();
	seed();
	for (i = 0; i < n && (env || i < 10 || zc_now_ms() < until); i++) {
		u64 from = rnd(UINT64_MAX);
		unsigned int ms = rnd(i & 1 ? 400 : 80);
		int st;
		pid_t pid;

		fflush(stdout);
		pid = ZC_SYS(fork());
		if (!pid)
			victim(from);
		zc_sleep_ms(ms);
		kill(pid, SIGKILL);
		ZC_SYS(waitpid(pid, &st, 0));
		if (WIFEXITED(st)) {
			ZC_EQ(WEXITSTATUS(st), 0, "exit status of a victim");
			early++;
		}
		gone(pins, "killed");
	}
	zc_note("%u killed, %u had ended", i - early, early);
	ZC_CHECK(early < i / 2, "hardly anybody was killed");
}

/* ---- the area goes ---- */

enum end { E_MUNMAP, E_UNREGISTER, E_CLOSE, E_MAP_OVER };

/*
 * No new data goes to an area that is no area any more. What is held stays as it
 * was; without another area RECV says ENODEV, and nothing of the stream is lost:
 * with one it goes on, and recv() gets what is left.
 */
static void area_gone(const void *arg)
{
	const enum end *e = arg;
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 18);
	size_t len = ZC_MB(2), area = ZC_KB(256);
	char *buf = zc_alloc(len, 662), *copy = malloc(area), *p;
	struct zc_feed f = {};
	struct zrx_sock *s;
	struct zc_hash h;
	unsigned int i;
	struct zrx r;
	int n, mem;

	zrx_open(&r, 0, 0, -1);
	/* shared, so that what is held can be seen when it is unmapped */
	mem = ZC_SYS(syscall(SYS_memfd_create, "area", MFD_CLOEXEC));
	ZC_SYS(ftruncate(mem, area));
	p = mmap(NULL, area, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
	ZC_CHECK(p != MAP_FAILED, "mmap");
	zrx_area_at(&r, p, area, 4096, false);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zc_feed(&f, c.tx, buf, len);
	while (s->bytes < ZC_KB(400))
		ZC_CHECK(zrx_wait(&r, 10000) > 0, "nothing comes");
	r.keep = true;
	while (zrx_held(&r) < 20)
		ZC_CHECK(zrx_pull(&r, 1) != -ENOBUFS, "no buffer");
	memcpy(copy, p, area);

	switch (*e) {
	case E_MUNMAP:
		ZC_SYS(munmap(p, area));
		r.area[0].p = NULL;
		break;
	case E_UNREGISTER:
		ZC_EQ(zc_area_unregister(r.dev, r.area[0].id), 0, "unregister");
		break;
	case E_CLOSE:
		close(r.dev);
		r.dev = zc_dev_open();
		break;
	case E_MAP_OVER:
		ZC_CHECK(mmap(p, area, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			      MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p, "mmap");
		break;
	}
	for (i = 0; i < 3; i++) {
		n = zrx_ioctl_recv(r.fd, 0, i ? ZEROCOPY_RX_DONTWAIT : 0);
		ZC_CHECK(n == -ENODEV, "RECV without an area: %s",
			 n < 0 ? strerror(-n) : "data");
	}
	p = mmap(NULL, area, PROT_READ, MAP_SHARED, mem, 0);
	ZC_CHECK(p != MAP_FAILED, "mmap");
	ZC_CHECK(!memcmp(p, copy, area), "what is held has changed");
	munmap(p, area);

	/* another one, and it goes on where it stopped */
	r.keep = false;
	zrx_area(&r, area, 8192);
	while (s->bytes < ZC_MB(1)) {
		n = zrx_wait(&r, 10000);
		ZC_CHECK(n > 0, "RECV: %s", strerror(-n));
	}
	zrx_give_back(&r);
	zrx_pull(&r, 1);
	ZC_EQ(r.ring->bad, 0, "tokens of the area that is gone");
	zrx_detach(&r, c.rx);
	h = s->hash;
	zrx_recv(c.rx, &h, len - s->bytes);
	ZC_CHECK(zc_hash_val(&h) == zc_hash_buf(buf, len),
		 "the checksums of the two ends differ");
	zc_feed_join(&f);
	zrx_close(&r);
	zc_close(&c);
}

/* Pages stay pinned and charged while a receiver has the area. */
static void area_pins(const void *arg)
{
	long long pins = zc_pins_held();
	struct zrx r;

	(void)arg;
	zrx_make(&r, ZC_KB(64), 4096);
	ZC_EQ(zc_pins_held(), pins + 16, "pins");
	ZC_EQ(zc_area_unregister(r.dev, r.area[0].id), 0, "unregister");
	ZC_EQ(zc_pins_held(), pins + 16, "pins of a receiver's area");
	ZC_SYS(munmap(r.area[0].p, r.area[0].len));
	r.area[0].p = NULL;
	ZC_EQ(zc_pins_held(), pins + 16, "pins of an unmapped area");
	close(r.fd);
	r.fd = -1;
	/* its rings are still mapped */
	ZC_EQ(zrx_refs() > 0, 1, "users of the module");
	munmap(r.map, r.len);
	r.map = NULL;
	gone(pins, "closed and unmapped");
	zrx_close(&r);
}

/* ---- several processes ---- */

/*
 * fork(): the parent's pages stay the parent's, whoever writes first; the child
 * has the receiver too, and closing it takes nothing away.
 */
static void forked(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	size_t len = ZC_KB(200);
	char *buf = zc_alloc(2 * len, 663), ch;
	struct zrx_sock *s;
	struct zrx r;
	int to[2], from[2];
	pid_t pid;

	(void)arg;
	zrx_make(&r, ZC_KB(256), 4096);
	memset(r.area[0].p, 0x11, r.area[0].len);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	ZC_SYS(pipe(to));
	ZC_SYS(pipe(from));
	r.keep = true;
	zc_send_all(c.tx, buf, len / 4);
	zrx_until(&r, s, len / 4);
	pid = ZC_SYS(fork());
	if (!pid) {
		/* its own copy, whatever comes to the parent's */
		memset(r.area[0].p, 0x22, r.area[0].len);
		ZC_EQ(write(from[1], "x", 1), 1, "write");
		ZC_EQ(read(to[0], &ch, 1), 1, "read");
		ZC_CHECK(r.area[0].p[100] == 0x22 &&
			 !memcmp(r.area[0].p, r.area[0].p + 1,
				 r.area[0].len - 1),
			 "the parent's data is in the child's memory");
		/* the rings are the same, the areas are not */
		ZC_EQ(r.ring->frag_tail != 0, 1, "the ring");
		munmap(r.map, r.len);
		close(r.fd);
		close(r.dev);
		_exit(0);
	}
	ZC_EQ(read(from[0], &ch, 1), 1, "read");
	zrx_give_back(&r);
	r.keep = false;
	zc_send_all(c.tx, buf + len / 4, 2 * len - len / 4);
	zrx_until(&r, s, 2 * len);
	ZC_EQ(write(to[1], "x", 1), 1, "write");
	child_ok(pid);
	zrx_same(s, buf, 2 * len);
	zrx_capacity(&r, s, c.tx);
	zrx_close(&r);
	zc_close(&c);
}

/* Who registered the area dies; a child goes on with the receiver: ENODEV. */
static void owner_dies(const void *arg)
{
	const int *how = arg;
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 18);
	char *buf = zc_alloc(ZC_KB(100), 664), ch;
	long long pins = zc_pins_held();
	int sv[2], st, n;
	struct zc_hash h;
	pid_t owner;

	zrx_load();
	zc_open(&c);
	ZC_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	owner = ZC_SYS(fork());
	if (!owner) {
		struct zrx_sock *s;
		struct zrx r;
		pid_t heir;

		zrx_make(&r, ZC_KB(256), 4096);
		s = zrx_attach(&r, c.rx);
		r.keep = true;
		zc_send_all(c.tx, buf, ZC_KB(20));
		zrx_until(&r, s, ZC_KB(20));
		heir = ZC_SYS(fork());
		if (!heir) {
			ZC_EQ(read(sv[1], &ch, 1), 1, "read");
			zc_wait_for((n = zrx_pull(&r, 0)) == -ENODEV, 10000);
			ZC_EQ(n, -ENODEV, "RECV without the owner");
			zrx_detach(&r, c.rx);
			munmap(r.map, r.len);
			close(r.fd);
			ZC_EQ(write(sv[1], "x", 1), 1, "write");
			_exit(0);
		}
		if (*how) {
			/* the files stay open: they are not to matter */
			fcntl(r.fd, F_SETFD, 0);
			fcntl(r.dev, F_SETFD, 0);
			execl("/bin/sh", "sh", "-c", "exit 0", NULL);
			_exit(9);
		}
		raise(SIGKILL);
	}
	ZC_SYS(waitpid(owner, &st, 0));
	zc_send_all(c.tx, buf + ZC_KB(20), ZC_KB(80));
	ZC_EQ(write(sv[0], "x", 1), 1, "write");
	close(sv[1]);
	ZC_EQ(read(sv[0], &ch, 1), 1, "the heir failed: read");
	zc_hash_init(&h);
	zrx_recv(c.rx, &h, ZC_KB(80));
	ZC_CHECK(zc_hash_val(&h) == zc_hash_buf(buf + ZC_KB(20), ZC_KB(80)),
		 "what recv() gets differs");
	zc_close(&c);
	gone(pins, "the owner and his heir are gone");
}

static void fd_send(int sock, int fd)
{
	char ctl[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	ZC_EQ(sendmsg(sock, &msg, 0), 1, "SCM_RIGHTS");
}

static int fd_recv(int sock)
{
	char ctl[CMSG_SPACE(sizeof(int))] = {}, ch;
	struct iovec iov = { &ch, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	int fd;

	ZC_EQ(recvmsg(sock, &msg, 0), 1, "SCM_RIGHTS");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

/*
 * A receiver that is passed on works there: rings, sockets, and the area where
 * the memory is shared. It outlives who opened it, as long as its area does.
 */
static void passed_on(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	size_t len = ZC_MB(1), area = ZC_KB(256);
	char *buf = zc_alloc(len, 665), *p, ch;
	struct zc_feed f = { .fin = true };
	int sv[2], mem;
	struct zrx r;
	pid_t other;

	(void)arg;
	ZC_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	mem = ZC_SYS(syscall(SYS_memfd_create, "area", 0));
	ZC_SYS(ftruncate(mem, area));
	p = mmap(NULL, area, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
	ZC_CHECK(p != MAP_FAILED, "mmap");
	zc_open(&c);
	zrx_open(&r, 0, 0, -1);
	zrx_area_at(&r, p, area, 4096, false);
	fflush(stdout);
	other = ZC_SYS(fork());
	if (!other) {
		struct zrx mine = r;
		struct zrx_sock *s;

		/* not what it inherited: what it is given */
		munmap(r.map, r.len);
		close(r.fd);
		close(c.tx);
		munmap(p, area);
		mine.fd = fd_recv(sv[1]);
		mine.area[0].p = mmap(NULL, area, PROT_READ, MAP_SHARED, mem,
				      0);
		zrx_map(&mine, mine.len);
		/* of its own memory it can give it nothing of others */
		s = zrx_attach(&mine, c.rx);
		ZC_EQ(write(sv[1], "r", 1), 1, "write");
		zrx_until_eof(&mine, s);
		zrx_same(s, buf, len);
		_exit(0);
	}
	fd_send(sv[0], r.fd);
	munmap(r.map, r.len);
	close(r.fd);
	r.map = NULL;
	r.fd = -1;
	close(c.rx);
	c.rx = -1;
	ZC_EQ(read(sv[0], &ch, 1), 1, "read");
	zc_feed(&f, c.tx, buf, len);
	zc_feed_join(&f);
	child_ok(other);
	zrx_close(&r);
	zc_close(&c);
}

/* ---- namespaces ---- */

/*
 * A socket of a namespace that goes away, its receiver in one that stays: once
 * the socket is closed nothing of it keeps the namespace.
 */
static void namespace_gone(const void *arg)
{
	struct zc_conn next = ZRX_TCP();
	char *buf = zc_alloc(ZC_KB(64), 666), ch;
	struct zrx_sock *s;
	struct zrx r;
	int sv[2], st, sock;
	pid_t pid;

	(void)arg;
	zrx_make(&r, ZC_KB(64), 4096);
	ZC_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	pid = ZC_SYS(fork());
	if (!pid) {
		struct sockaddr_in a;
		int lfd, tx, rx;

		ZC_SYS(unshare(CLONE_NEWNET));
		if (zc_system("ip link set lo up"))
			zc_skip("ip cannot set lo up");
		lfd = zrx_listener(&a);
		tx = zrx_dial(&a);
		rx = ZC_SYS(accept(lfd, NULL, NULL));
		ZC_EQ(write(sv[1], "n", 1), 1, "write");
		ZC_EQ(read(sv[1], &ch, 1), 1, "read");
		fd_send(sv[1], rx);
		close(rx);
		zc_send_all(tx, buf, ZC_KB(20));
		ZC_EQ(read(sv[1], &ch, 1), 1, "read");
		_exit(0);
	}
	close(sv[1]);
	if (read(sv[0], &ch, 1) != 1) {
		ZC_SYS(waitpid(pid, &st, 0));
		_exit(WIFEXITED(st) ? WEXITSTATUS(st) : 1);
	}
	/* its disappearance shows in that of this end of a pair of veths */
	if (zc_system("ip link add zcgone type veth peer name zcgone netns %d",
		      pid))
		zc_skip("no veth into another namespace");
	ZC_EQ(write(sv[0], "x", 1), 1, "write");
	sock = fd_recv(sv[0]);
	s = zrx_attach(&r, sock);
	r.keep = true;
	zrx_until(&r, s, ZC_KB(20));
	zrx_same(s, buf, ZC_KB(20));
	ZC_EQ(write(sv[0], "x", 1), 1, "write");
	child_ok(pid);
	ZC_EQ(zc_system("ip link show zcgone >/dev/null 2>&1"), 0,
	      "the namespace is gone already: ip");
	close(sock);
	ZC_CHECK(zc_wait_for(zc_system("ip link show zcgone >/dev/null 2>&1"),
			     20000), "the namespace stays");
	/* tokens outlive all that, and the receiver is as good as before */
	ZC_CHECK(zc_hash_val(&s->hash) == zc_hash_buf(buf, ZC_KB(20)), "hash");
	while (zrx_pull(&r, 0) > 0)
		;
	zrx_give_back(&r);
	r.keep = false;
	zc_open(&next);
	s = zrx_attach(&r, next.rx);
	zc_send_all(next.tx, buf, ZC_KB(60));
	zrx_until(&r, s, ZC_KB(60));
	zrx_same(s, buf, ZC_KB(60));
	zrx_capacity(&r, s, next.tx);
	zc_close(&next);
	zrx_close(&r);
}

/* ---- the module ---- */

static void module_users(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	struct zrx r;
	int refs;

	(void)arg;
	zc_layer_load();
	zrx_load();
	ZC_EQ(zrx_refs(), 0, "users of a fresh module");
	zrx_make(&r, ZC_KB(64), 4096);
	ZC_CHECK(zrx_refs() > 0, "a receiver does not use the module");
	ZC_EQ(zc_rmmod("zerocopy_rx"), -EWOULDBLOCK, "rmmod with a receiver");
	zc_open(&c);
	refs = zrx_refs();
	zrx_attach(&r, c.rx);
	ZC_CHECK(zrx_refs() > refs, "a socket does not use the module");
	/* its upper layer stays ours until it is closed */
	zrx_detach(&r, c.rx);
	ZC_CHECK(zrx_refs() > refs, "a socket that was left does not use it");
	zrx_attach(&r, c.rx);
	close(c.rx);
	c.rx = -1;
	ZC_CHECK(zc_wait_for(zrx_refs() == refs, 10000),
		 "%d users behind close()", zrx_refs());
	close(r.fd);
	r.fd = -1;
	ZC_EQ(zc_rmmod("zerocopy_rx"), -EWOULDBLOCK, "rmmod with mapped rings");
	munmap(r.map, r.len);
	r.map = NULL;
	ZC_CHECK(zrx_unload(15000), "rmmod");
	zrx_load();
	zrx_close(&r);
	zc_close(&c);
}

/* Loaded and unloaded while sockets come and go that were attached. */
static void module_again(const void *arg)
{
	unsigned int i, n = zc_scale(15, 5);

	(void)arg;
	zc_layer_load();
	for (i = 0; i < n; i++) {
		struct zc_conn c = ZRX_TCP();
		struct zrx_sock *s;
		struct zrx r;
		char ch;

		zrx_make(&r, ZC_KB(64), 4096);
		zc_open(&c);
		s = zrx_attach(&r, c.rx);
		zc_send_all(c.tx, "abcdef", 6);
		zrx_until(&r, s, 6);
		zc_send_all(c.tx, "g", 1);
		zrx_close(&r);
		ZC_EQ(zc_rmmod("zerocopy_rx"), -EWOULDBLOCK,
		      "rmmod with a socket that was attached");
		/* the socket is what it was */
		ZC_EQ(recv(c.rx, &ch, 1, 0), 1, "recv");
		zc_close(&c);
		ZC_CHECK(zrx_unload(15000), "rmmod");
	}
}

/* ---- who reads while all goes down ---- */

struct reader {
	const char *p;
	size_t len;
	u64 hash, rounds;
	bool stop, bad;
	pthread_t thread;
};

static void *reader_main(void *arg)
{
	struct reader *rd = arg;

	while (!__atomic_load_n(&rd->stop, __ATOMIC_ACQUIRE)) {
		if (zc_hash_buf(rd->p, rd->len) != rd->hash)
			__atomic_store_n(&rd->bad, true, __ATOMIC_RELEASE);
		__atomic_add_fetch(&rd->rounds, 1, __ATOMIC_ACQ_REL);
	}
	return NULL;
}

static void reader_round(struct reader *rd, const char *when)
{
	u64 from = __atomic_load_n(&rd->rounds, __ATOMIC_ACQUIRE);

	ZC_CHECK(zc_wait_for(__atomic_load_n(&rd->rounds, __ATOMIC_ACQUIRE) >=
			     from + 2, 20000), "the reader does not read");
	ZC_CHECK(!__atomic_load_n(&rd->bad, __ATOMIC_ACQUIRE),
		 "what is held has changed: %s", when);
}

/*
 * A thread reads what is held while everything else is torn down, and while the
 * buffers that are free go round: it stays what it was.
 */
static void reader(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 18), d = ZRX_TCP();
	size_t len = ZC_KB(128);
	char *buf = zc_alloc(ZC_MB(1), 667);
	struct reader rd = {};
	struct zrx_sock *s, *t;
	unsigned int i;
	struct zrx r;

	(void)arg;
	zrx_make(&r, ZC_KB(256), 4096);
	zc_open(&c);
	zc_open(&d);
	s = zrx_attach(&r, c.rx);
	t = zrx_attach(&r, d.rx);
	/* buffers of whole pages, so that what is held lies in one piece */
	r.keep = true;
	zc_send_all(c.tx, buf, len);
	zrx_until(&r, s, len);
	rd.len = r.area[0].len;
	for (i = 0; i < r.area[0].nr; i++)
		if (r.area[0].held[i])
			break;
	/* the longest run of buffers that are held, and full */
	rd.p = r.area[0].p + i * PG;
	for (rd.len = 0; i < r.area[0].nr && r.area[0].held[i] &&
	     r.area[0].end[i] == PG; i++)
		rd.len += PG;
	ZC_CHECK(rd.len >= PG, "no buffer is full");
	zc_note("%zu KiB are read", rd.len >> 10);
	rd.hash = zc_hash_buf(rd.p, rd.len);
	ZC_EQ(pthread_create(&rd.thread, NULL, reader_main, &rd), 0, "thread");
	r.keep = false;
	for (i = 1; i <= 10; i++) {
		zc_send_all(d.tx, buf + i * 1000, ZC_KB(60));
		zrx_until(&r, t, i * ZC_KB(60));
	}
	reader_round(&rd, "others come and go");
	zrx_detach(&r, c.rx);
	reader_round(&rd, "DETACH");
	zc_close(&c);
	reader_round(&rd, "the socket is closed");
	zc_send_all(d.tx, buf, ZC_KB(60));
	zrx_until(&r, t, i * ZC_KB(60));
	close(d.tx);
	d.tx = -1;
	reader_round(&rd, "the peer is gone");
	ZC_EQ(zc_area_unregister(r.dev, r.area[0].id), 0, "unregister");
	ZC_EQ(zrx_ioctl_recv(r.fd, 0, ZEROCOPY_RX_DONTWAIT), -ENODEV, "RECV");
	reader_round(&rd, "unregistered");
	close(r.dev);
	r.dev = -1;
	reader_round(&rd, "the device is closed");
	close(r.fd);
	r.fd = -1;
	reader_round(&rd, "the receiver is closed");
	munmap(r.map, r.len);
	r.map = NULL;
	reader_round(&rd, "the rings are gone");
	zc_close(&d);
	reader_round(&rd, "all is gone");
	__atomic_store_n(&rd.stop, true, __ATOMIC_RELEASE);
	pthread_join(rd.thread, NULL);
	zrx_close(&r);
}

/* A socket is closed with data in it, tokens out: they are still good. */
static void socket_closed(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 18), d = ZRX_TCP();
	char *buf = zc_alloc(ZC_KB(200), 668);
	struct zrx_sock *s;
	struct zrx r;
	int n;

	(void)arg;
	zrx_make(&r, ZC_KB(128), 4096);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zc_send_all(c.tx, buf, ZC_KB(100));
	r.keep = true;
	while (s->bytes < ZC_KB(20)) {
		n = zrx_pull(&r, 2);
		ZC_CHECK(n > 0 || n == -EAGAIN, "RECV: %s", strerror(-n));
	}
	close(c.rx);
	c.rx = -1;
	/* the end, or nothing any more: never its data */
	n = zrx_pull(&r, 0);
	ZC_CHECK(n == -EAGAIN || (n == 1 && s->eofs), "RECV: %d", n);
	zc_note("close() is %s", s->eofs ? "an end" : "nothing");
	zc_open(&d);
	s = zrx_attach(&r, d.rx);
	zc_send_all(d.tx, buf, ZC_KB(30));
	zrx_until(&r, s, ZC_KB(30));
	zrx_give_back(&r);
	r.keep = false;
	zrx_capacity(&r, s, d.tx);
	ZC_EQ(r.ring->bad, 0, "bad");
	zrx_close(&r);
	zc_close(&c);
	zc_close(&d);
}

static const enum end by_munmap = E_MUNMAP, by_unregister = E_UNREGISTER,
	by_close = E_CLOSE, by_map = E_MAP_OVER;
static const int no, yes = 1;

static const struct zc_case cases[] = {
	{ "orders", orders, NULL, ZC_F_SHORT, 0 },
	{ "kill", kill_cycles, NULL, ZC_F_SHORT, 240 },
	{ "munmap", area_gone, &by_munmap, ZC_F_SHORT, 0 },
	{ "unregister", area_gone, &by_unregister, ZC_F_SHORT, 0 },
	{ "device_closed", area_gone, &by_close, 0, 0 },
	{ "mapped_over", area_gone, &by_map, 0, 0 },
	{ "pins", area_pins, NULL, ZC_F_SHORT, 0 },
	{ "fork", forked, NULL, ZC_F_SHORT, 0 },
	{ "owner_killed", owner_dies, &no, 0, 0 },
	{ "owner_execs", owner_dies, &yes, 0, 0 },
	{ "passed_on", passed_on, NULL, 0, 0 },
	{ "namespace", namespace_gone, NULL, 0, 0 },
	{ "module", module_users, NULL, ZC_F_BARE, 0 },
	{ "module_again", module_again, NULL, ZC_F_BARE, 0 },
	{ "reader", reader, NULL, ZC_F_SHORT, 0 },
	{ "socket_closed", socket_closed, NULL, ZC_F_SHORT, 0 },
};

int main(int argc, char **argv)
{
	const char *n = getenv("ZC_CYCLES");
	struct zc_case mine[ZC_ARRAY_SIZE(cases)];

	memcpy(mine, cases, sizeof(mine));
	mine[1].timeout += n ? atoi(n) * 2 : 0;
	return zrx_main(argc, argv, "rx_lifetime", mine,
			ZC_ARRAY_SIZE(cases));
}
