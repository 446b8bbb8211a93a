// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 6: a program waits for what a receiver has to say, by poll(), epoll, an
 * eventfd, RECV itself, or io_uring, with one thread or two.
 */
#include "zc_rx.h"

#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* poll(), edge-triggered epoll, eventfd: said when there is something to do. */
static void polling(const void *arg)
{
	int efd = ZC_SYS(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	struct pollfd pfd = { .events = POLLIN };
	struct zc_conn c = ZRX_TCP();
	struct zrx_sock *s;
	struct zrx r;
	unsigned int i;
	int ep;
	u64 v;

	(void)arg;
	zrx_open(&r, 0, 0, efd);
	zrx_area(&r, ZC_KB(64), 4096);
	close(efd);
	zrx_close(&r);

	efd = ZC_SYS(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	zrx_open(&r, 0, 0, efd);
	zrx_area(&r, ZC_KB(64), 4096);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	/* a socket that is new may be looked at once for nothing */
	ZC_CHECK(zrx_quiet(&r), "something has come");
	while (read(efd, &v, 8) > 0)
		;
	pfd.fd = r.fd;
	ZC_EQ(poll(&pfd, 1, 0), 0, "poll of an idle receiver");
	ep = ZC_SYS(epoll_create1(0));
	ZC_SYS(epoll_ctl(ep, EPOLL_CTL_ADD, r.fd, &ev));
	ZC_EQ(epoll_wait(ep, &ev, 1, 0), 0, "epoll of an idle receiver");
	for (i = 1; i < 20; i++) {
		ZC_EQ(send(c.tx, "x", 1, 0), 1, "send");
		ZC_EQ(poll(&pfd, 1, 10000), 1, "poll");
		ZC_CHECK(pfd.revents & POLLIN, "revents %x", pfd.revents);
		ZC_EQ(epoll_wait(ep, &ev, 1, 10000), 1, "epoll");
		pfd.fd = efd;
		ZC_EQ(poll(&pfd, 1, 10000), 1, "poll of the eventfd");
		ZC_EQ(read(efd, &v, 8), 8, "read of the eventfd");
		pfd.fd = r.fd;
		zrx_until(&r, s, i);
		ZC_CHECK(zrx_quiet(&r), "more than was sent");
		ZC_EQ(poll(&pfd, 1, 0), 0, "poll behind RECV");
		ZC_EQ(epoll_wait(ep, &ev, 1, 0), 0, "epoll behind RECV");
		ZC_CHECK(read(efd, &v, 8) < 0, "signalled for nothing");
	}
	/* the end is something to do as well */
	shutdown(c.tx, SHUT_WR);
	ZC_EQ(poll(&pfd, 1, 10000), 1, "poll at the end");
	ZC_EQ(epoll_wait(ep, &ev, 1, 10000), 1, "epoll at the end");
	zrx_until_eof(&r, s);
	ZC_CHECK(zrx_quiet(&r), "it ends again");
	ZC_EQ(poll(&pfd, 1, 0), 0, "poll behind the end");
	close(ep);
	close(efd);
	zrx_close(&r);
	zc_close(&c);
}

struct waiter {
	struct zrx *r;
	pthread_t thread;
	int ret;
	bool done;
	pid_t tid;
};

static void *waiter_main(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	w->ret = zrx_ioctl_recv(w->r->fd, 0, 0);
	__atomic_store_n(&w->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool sleeps(pid_t tid)
{
	char path[64], buf[512], *p;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	if (zc_read_file(path, buf, sizeof(buf)) <= 0)
		return false;
	p = strrchr(buf, ')');
	return p && p[2] == 'S';
}

static void waiter_start(struct waiter *w, struct zrx *r)
{
	memset(w, 0, sizeof(*w));
	w->r = r;
	ZC_EQ(pthread_create(&w->thread, NULL, waiter_main, w), 0, "thread");
	ZC_CHECK(zc_wait_for(w->tid && sleeps(w->tid), 10000),
		 "RECV does not wait");
	ZC_CHECK(!w->done, "RECV returns %d", w->ret);
}

static void waiter_end(struct waiter *w, int ret)
{
	ZC_CHECK(zc_wait_for(__atomic_load_n(&w->done, __ATOMIC_ACQUIRE),
			     10000), "RECV does not return");
	pthread_join(w->thread, NULL);
	ZC_EQ(w->ret, ret, "RECV");
}

static void on_signal(int sig)
{
	(void)sig;
}

/* RECV waits for data, for an end, for a child, and for signals. */
static void waiting(const void *arg)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct zc_conn c = ZRX_TCP();
	struct zrx_sock *s;
	struct waiter w;
	struct zrx r;

	(void)arg;
	sigaction(SIGUSR1, &sa, NULL);
	zrx_make(&r, ZC_KB(64), 4096);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	ZC_EQ(zrx_ioctl_recv(r.fd, 0, ZEROCOPY_RX_DONTWAIT), -EAGAIN,
	      "RECV of nothing");
	waiter_start(&w, &r);
	ZC_EQ(send(c.tx, "x", 1, 0), 1, "send");
	waiter_end(&w, 1);
	zrx_reap(&r);
	ZC_EQ(s->bytes, 1, "bytes");
	waiter_start(&w, &r);
	ZC_EQ(pthread_kill(w.thread, SIGUSR1), 0, "signal");
	waiter_end(&w, -EINTR);
	waiter_start(&w, &r);
	shutdown(c.tx, SHUT_WR);
	waiter_end(&w, 1);
	zrx_reap(&r);
	ZC_EQ(s->eofs, 1, "ends");
	zrx_close(&r);
	zc_close(&c);
}

/* Two threads in RECV: what one adds to the ring the other does not. */
struct puller {
	struct zrx *r;
	bool *stop;
	u64 got;
	pthread_t thread;
};

static void *puller_main(void *arg)
{
	struct puller *p = arg;
	int n;

	while (!__atomic_load_n(p->stop, __ATOMIC_ACQUIRE)) {
		n = zrx_ioctl_recv(p->r->fd, 3, ZEROCOPY_RX_DONTWAIT);
		ZC_CHECK(n > 0 || n == -EAGAIN || n == -ENOSPC ||
			 n == -ENOBUFS, "RECV: %s", strerror(-n));
		p->got += n > 0 ? n : 0;
	}
	return NULL;
}

static void two_threads(const void *arg)
{
	struct zc_conn c[2] = { ZRX_TCP(), ZRX_TCP(.family = AF_INET6) };
	size_t len = zc_scale(ZC_MB(4), ZC_MB(1));
	char *buf = zc_alloc(len, 627);
	struct zc_feed f[2] = { { .fin = true }, { .fin = true } };
	struct zrx_sock *s[2];
	struct puller p[2] = {};
	bool stop = false;
	struct zrx r;
	u64 end, total = 0;
	int i;

	(void)arg;
	zrx_open(&r, 256, 256, -1);
	zrx_area(&r, ZC_KB(512), 4096);
	for (i = 0; i < 2; i++) {
		zc_open(&c[i]);
		s[i] = zrx_attach(&r, c[i].rx);
		p[i].r = &r;
		p[i].stop = &stop;
	}
	for (i = 0; i < 2; i++) {
		ZC_EQ(pthread_create(&p[i].thread, NULL, puller_main, &p[i]), 0,
		      "thread");
		zc_feed(&f[i], c[i].tx, buf, len);
	}
	end = zc_now_ms() + (zc_debug ? 300000 : 60000);
	while (!s[0]->eofs || !s[1]->eofs) {
		total += zrx_reap(&r);
		ZC_CHECK(zc_now_ms() < end, "it takes too long");
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++) {
		zc_feed_join(&f[i]);
		pthread_join(p[i].thread, NULL);
		zrx_same(s[i], buf, len);
	}
	ZC_EQ(p[0].got + p[1].got, total, "fragments that RECV spoke of");
	for (i = 0; i < 2; i++)
		zc_close(&c[i]);
	zrx_close(&r);
}

/* RECV waits for children, and a listener wakes it up. */
static void listener_waits(const void *arg)
{
	struct sockaddr_in a;
	struct waiter w;
	struct zrx r;
	int lfd, tx, rx;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 4096);
	lfd = zrx_listener(&a);
	ZC_EQ(zrx_ioctl_attach(r.fd, lfd, ZEROCOPY_RX_CHILDREN, NULL), 0,
	      "ATTACH of a listener");
	waiter_start(&w, &r);
	tx = zrx_dial(&a);
	zc_send_all(tx, "x", 1);
	rx = ZC_SYS(accept(lfd, NULL, NULL));
	ZC_CHECK(zc_wait_for(w.done, 10000), "RECV does not return");
	pthread_join(w.thread, NULL);
	ZC_CHECK(w.ret > 0, "RECV: %d", w.ret);
	zrx_until(&r, zrx_sock(&r, zc_cookie(rx)), 1);
	close(tx);
	close(rx);
	close(lfd);
	zrx_close(&r);
}

/* ---- io_uring ---- */

#ifndef IORING_OP_URING_CMD
#define IORING_OP_URING_CMD 46
#endif

static int uring_recv(struct zc_uring *u, int fd, u32 max, u32 flags)
{
	struct zerocopy_rx_recv v = {
		.size = sizeof(v), .flags = flags, .max = max,
	};
	struct io_uring_sqe *sqe = zc_uring_sqe(u);
	int err;

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	/* cmd_op, and cmd[]: older headers have no name for them */
	sqe->off = ZEROCOPY_IOC_RX_RECV;
	memcpy((char *)sqe + 48, &v, sizeof(v));
	err = zc_uring_submit(u, 0);
	return err < 0 ? err : 0;
}

static int uring_done(struct zc_uring *u)
{
	struct io_uring_cqe cqe;

	ZC_EQ(zc_uring_cqe(u, &cqe), 0, "completion");
	return cqe.res;
}

static void uring(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	size_t len = zc_scale(ZC_MB(4), ZC_MB(1));
	char *buf = zc_alloc(len, 631);
	struct zc_feed f = {};
	struct zrx_sock *s;
	struct zc_uring u;
	struct zrx r;
	int n, err;

	(void)arg;
	err = zc_uring_init(&u, 4);
	if (err)
		zc_skip("no io_uring: %s", strerror(-err));
	zrx_make(&r, ZC_MB(1), 0);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	uring_recv(&u, r.fd, 0, ZEROCOPY_RX_DONTWAIT);
	n = uring_done(&u);
	if (n == -EOPNOTSUPP)
		zc_skip("no io_uring commands of a receiver here");
	ZC_EQ(n, -EAGAIN, "RECV of nothing");
	uring_recv(&u, r.fd, 0, 0x80);
	ZC_EQ(uring_done(&u), -EINVAL, "unknown flags");
	/* waits without keeping the submitter */
	uring_recv(&u, r.fd, 0, 0);
	ZC_EQ(send(c.tx, buf, 1, 0), 1, "send");
	ZC_EQ(uring_done(&u), 1, "RECV of one byte");
	zrx_reap(&r);
	ZC_EQ(s->bytes, 1, "bytes");
	zc_feed(&f, c.tx, buf + 1, len - 1);
	while (s->bytes < len) {
		uring_recv(&u, r.fd, 0, 0);
		n = uring_done(&u);
		ZC_CHECK(n > 0, "RECV: %s", strerror(-n));
		ZC_EQ(zrx_reap(&r), n, "fragments");
	}
	zc_feed_join(&f);
	zrx_same(s, buf, len);
	/* one that waits does not keep the receiver from going away */
	uring_recv(&u, r.fd, 0, 0);
	zrx_close(&r);
	close(u.fd);
	zc_close(&c);
}

static const struct zc_case cases[] = {
	{ "polling", polling, NULL, ZC_F_SHORT, 0 },
	{ "waiting", waiting, NULL, ZC_F_SHORT, 0 },
	{ "two_threads", two_threads, NULL, 0, 0 },
	{ "listener_waits", listener_waits, NULL, 0, 0 },
	{ "io_uring", uring, NULL, 0, 0 },
};

int main(int argc, char **argv)
{
	return zrx_main(argc, argv, "rx_wait", cases, ZC_ARRAY_SIZE(cases));
}
