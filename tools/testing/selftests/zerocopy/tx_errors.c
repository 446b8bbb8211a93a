// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 2, "done when" 4: EFAULT in the first and in the middle page, signals,
 * SO_SNDTIMEO, EPIPE, RST, close with data in flight, a peer that never reads:
 * right errno and byte count, right notifications, nothing stays pinned.
 * Traps: SIGPIPE on a later chunk; sk_stream_error() eats sk_err; SO_SNDTIMEO
 * starts afresh for each chunk; a partial send leaves surplus pins.
 */
#include "zc_test.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

static int sig_seen[65];

static void on_signal(int sig)
{
	__atomic_add_fetch(&sig_seen[sig], 1, __ATOMIC_RELAXED);
}

static void catch(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sig_seen[sig] = 0;
	ZC_SYS(sigaction(sig, &sa, NULL));
}

/* ---- EFAULT ---- */

#define PACKET 65536

struct fault {
	int family, type;
	size_t len;
	size_t hole;		/* where the page is that is not there */
	int iov;		/* entries to cut it into */
};

static void fault_log(struct zc_log *log, const void *arg)
{
	const struct fault *f = arg;
	struct zc_conn c = {
		.family = f->family, .type = f->type, .rcvbuf = 8 << 20,
		.sndbuf = 16 << 20,
	};
	struct iovec iov[64];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = f->iov };
	size_t len = (f->len + 8191) & ~4095UL, part = f->len / f->iov, off;
	char *buf = zc_alloc(len, 71);
	struct zc_ids ids = {};
	size_t hole, n;
	ssize_t ret;
	int i;

	/* not munmap(): the next mmap() would fill the hole */
	ZC_SYS(mprotect(buf + (f->hole & ~4095UL), 4096, PROT_NONE));
	for (i = 0, off = 0; i < f->iov; i++, off += part)
		iov[i] = (struct iovec){
			buf + off, i == f->iov - 1 ? f->len - off : part
		};
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	/*
	 * TCP drops the packet that it was filling, and how large packets are
	 * depends on timing: the stock kernel's count varies by some of them.
	 */
	hole = f->hole & ~4095UL;
	ret = sendmsg(c.tx, &msg, MSG_ZEROCOPY);
	if (ret < 0 || f->type == SOCK_DGRAM)
		zc_log_ret(log, hole >= PACKET ? "sendmsg" : "near", ret);
	else if (hole >= PACKET)
		zc_log(log, "short");
	ZC_CHECK(ret <= (ssize_t)hole, "%zd sent, the hole is at %zu", ret,
		 hole);
	ZC_CHECK(ret < 0 || ret + PACKET >= (ssize_t)hole,
		 "only %zd sent, the hole is at %zu", ret, hole);
	ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
	if (hole >= PACKET)
		zc_log_notifs(log, c.tx);
	if (ret > 0) {
		ZC_CHECK(zc_rx_wait(&c, ret, 10000), "bytes are missing");
		zc_sleep_ms(50);
		ZC_EQ(zc_rx_bytes(&c), ret, "bytes received");
		ZC_CHECK(zc_hash_val(&c.rx_hash) == zc_hash_buf(buf, ret),
			 "checksums differ");
	}
	/* the socket is as good as before, and the id is the next one */
	n = ret < 0 ? 1 : 2;
	ZC_SYS(mprotect(buf + hole, 4096, PROT_READ | PROT_WRITE));
	zc_log_ret(log, "next", zc_sendmsg(c.tx, buf, 1000, 0));
	ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
	zc_notif_drain(c.tx, &ids);
	ZC_EQ(ids.next, n, "next id");
	zc_close(&c);
	munmap(buf, len);
}

static void fault(const void *arg)
{
	zc_compare(fault_log, arg, "");
}

/*
 * The second loan cannot be read. The first, on loopback less than a segment,
 * was sent as if more were to come: it must not wait for that, with nothing
 * under way whose acknowledgment would let it go.
 */
static void fault_tail(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .link = ZC_LINK_LO,
		.sndbuf = 1 << 20,
	};
	const size_t len = 100000, loan = 32 << 10, warm = ZC_MB(1);
	socklen_t tilen = sizeof(struct tcp_info);
	char *buf = zc_alloc(warm, 87);
	struct tcp_info ti;
	struct zc_hash h;

	(void)arg;
	if (zc_nolayer)
		zc_skip("stock sends nothing: the first packet has the hole");
	zc_set_window(ZC_NS_A, 2 * loan);
	zc_hash_init(&h);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	/* the peer's window grows: packets are at most half of it */
	ZC_EQ(send(c.tx, buf, warm, 0), warm, "send");
	zc_hash_add(&h, buf, warm);
	ZC_CHECK(zc_rx_wait(&c, warm, 10000) && zc_settle(c.tx, 10000),
		 "does not settle");
	ZC_SYS(mprotect(buf + loan, 4096, PROT_NONE));
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), loan, "sendmsg");
	ZC_SYS(getsockopt(c.tx, IPPROTO_TCP, TCP_INFO, &ti, &tilen));
	ZC_CHECK(ti.tcpi_snd_mss > loan, "segments of %u bytes",
		 ti.tcpi_snd_mss);
	ZC_CHECK(ti.tcpi_unacked || !ti.tcpi_notsent_bytes,
		 "%u bytes are held back", ti.tcpi_notsent_bytes);
	zc_hash_add(&h, buf, loan);
	zc_finish(&c, warm + loan, zc_hash_val(&h));
	zc_close(&c);
}

/* ---- signals ---- */

struct sender {
	pthread_t thread;
	int fd, flags;
	const char *buf;
	size_t len;
	ssize_t ret;
	int err;
	bool done;
	u64 ms;
};

static void *send_thread(void *arg)
{
	struct sender *s = arg;
	u64 start = zc_now_ms();

	s->ret = zc_sendmsg(s->fd, s->buf, s->len, s->flags);
	s->err = errno;
	s->ms = zc_now_ms() - start;
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void sender_start(struct sender *s)
{
	ZC_EQ(pthread_create(&s->thread, NULL, send_thread, s), 0,
	      "pthread_create");
}

static bool sender_done(struct sender *s)
{
	return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

static void sender_join(struct sender *s, unsigned int ms, const char *what)
{
	ZC_CHECK(zc_wait_for(sender_done(s), ms), "still blocked %s", what);
	pthread_join(s->thread, NULL);
}

struct blk {
	bool window;		/* blocked on the window, else on the buffer */
	int sa_flags;
};

static void open_blocking(struct zc_conn *c, const struct blk *b)
{
	*c = (struct zc_conn) {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = b->window ? 256 << 20 : 0,
	};
	if (b->window)
		zc_set_window(ZC_NS_A, 256 << 10);
	zc_open(c);
	zc_rx_start(c, 0);
}

/* Some bytes went: the signal makes it a short count, SA_RESTART or not */
static void signal_mid(const void *arg)
{
	const struct blk *b = arg;
	struct sender s = { .len = ZC_MB(32) };
	struct zc_ids ids = {};
	struct zc_conn c;

	if (b->window && zc_nolayer)
		zc_skip("stock has no window");
	catch(SIGUSR1, b->sa_flags);
	open_blocking(&c, b);
	s.buf = zc_alloc(s.len, 72);
	s.fd = c.tx;
	sender_start(&s);
	zc_sleep_ms(300);
	ZC_CHECK(!sender_done(&s), "was never blocked: %zd", s.ret);
	pthread_kill(s.thread, SIGUSR1);
	sender_join(&s, 3000, "after a signal");
	ZC_EQ(sig_seen[SIGUSR1], 1, "signals");
	ZC_CHECK(s.ret > 0 && s.ret < (ssize_t)s.len, "sendmsg: %zd %s", s.ret,
		 s.ret < 0 ? strerror(s.err) : "");
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 1, 10000), "no notification");
	zc_finish(&c, s.ret, zc_hash_buf(s.buf, s.ret));
	zc_close(&c);
}

/* Nothing went: EINTR, or restarted and complete */
static void signal_first(struct zc_log *log, const void *arg)
{
	const struct blk *b = arg;
	struct sender s = { .len = 100000 };
	size_t filled = 0;
	struct zc_conn c;
	char *fill = zc_alloc(ZC_MB(1), 73);
	int misses = 0;
	ssize_t n;

	catch(SIGUSR1, b->sa_flags);
	open_blocking(&c, &(const struct blk){ false, 0 });
	/* until it is really full: the peer's kernel reads on for a while */
	while (misses < 20) {
		n = send(c.tx, fill, ZC_MB(1), MSG_DONTWAIT);
		if (n > 0) {
			filled += n;
			misses = 0;
		} else {
			misses++;
			zc_sleep_ms(10);
		}
	}
	s.buf = zc_alloc(s.len, 74);
	s.fd = c.tx;
	sender_start(&s);
	zc_sleep_ms(200);
	ZC_CHECK(!sender_done(&s), "was never blocked: %zd", s.ret);
	pthread_kill(s.thread, SIGUSR1);
	zc_sleep_ms(200);
	zc_log(log, "back after the signal: %d", sender_done(&s));
	zc_rx_limit(&c, UINT64_MAX);
	sender_join(&s, 10000, "after all was read");
	errno = s.err;
	zc_log_ret(log, "sendmsg", s.ret);
	zc_log(log, "signals %d", sig_seen[SIGUSR1]);
	zc_rx_wait(&c, filled + (s.ret > 0 ? s.ret : 0), 10000);
	zc_log(log, "received beyond the filling: %lld",
	       (long long)(zc_rx_bytes(&c) - filled));
	/* the next id shows whether this one was taken */
	zc_log_ret(log, "next", zc_sendmsg(c.tx, s.buf, 1000, 0));
	ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
	zc_log_ids(log, c.tx, s.ret > 0 ? 2 : 1);
	zc_close(&c);
}

static void signal_none(const void *arg)
{
	zc_compare(signal_first, arg, NULL);
}

/* ---- SO_SNDTIMEO ---- */

static void sndtimeo(const void *arg)
{
	const struct blk *b = arg;
	struct timeval tv = { .tv_sec = 2 };
	struct sender s = { .len = ZC_MB(64) };
	struct zc_conn c;

	if (b->window && zc_nolayer)
		zc_skip("stock has no window");
	open_blocking(&c, b);
	ZC_SYS(setsockopt(c.tx, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	/*
	 * Each wait is short, the whole call is not: without one deadline for
	 * the call it would go on for a minute.
	 */
	c.rx_chunk = 32 << 10;
	c.rx_pause_ms = 20;
	zc_rx_limit(&c, UINT64_MAX);
	s.buf = zc_alloc(s.len, 75);
	s.fd = c.tx;
	sender_start(&s);
	sender_join(&s, 20000, "long after the deadline");
	ZC_CHECK(s.ret > 0 && s.ret < (ssize_t)s.len, "sendmsg: %zd %s", s.ret,
		 s.ret < 0 ? strerror(s.err) : "");
	zc_note("deadline 2000 ms, back after %llu ms",
		(unsigned long long)s.ms);
	ZC_CHECK(s.ms >= 1900, "back after %llu ms", (unsigned long long)s.ms);
	ZC_CHECK(s.ms < (zc_debug ? 20000 : 8000), "back after %llu ms",
		 (unsigned long long)s.ms);
	c.rx_pause_ms = 0;
	zc_finish(&c, s.ret, zc_hash_buf(s.buf, s.ret));
	zc_close(&c);
}

/* Nothing read at all: the same, and the second time EAGAIN */
static void sndtimeo_none_log(struct zc_log *log, const void *arg)
{
	struct timeval tv = { .tv_usec = 300000 };
	struct zc_conn c;
	char *buf = zc_alloc(ZC_MB(16), 76);
	ssize_t n;

	(void)arg;
	open_blocking(&c, &(const struct blk){ false, 0 });
	ZC_SYS(setsockopt(c.tx, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	n = zc_sendmsg(c.tx, buf, ZC_MB(16), 0);
	zc_log(log, "first %s", n > 0 && n < (ssize_t)ZC_MB(16) ? "short" :
	       n < 0 ? zc_errname(errno) : "all");
	while (n > 0)
		n = zc_sendmsg(c.tx, buf, ZC_MB(1), 0);
	zc_log_ret(log, "then", n);
	zc_close(&c);
}

static void sndtimeo_none(const void *arg)
{
	zc_compare(sndtimeo_none_log, arg, NULL);
}

/* ---- the connection goes away ---- */

static void reset_by_peer(struct zc_conn *c)
{
	struct linger lg = { .l_onoff = 1 };

	ZC_SYS(setsockopt(c->rx, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)));
	__atomic_store_n(&c->rx_stop, true, __ATOMIC_RELEASE);
	pthread_join(c->thread, NULL);
	c->running = false;
	close(c->rx);
	c->rx = -1;
}

struct gone {
	bool reset;		/* by the peer, else shut down from here */
	bool window;
	int flags;
};

/* Mid-send: a short count, then the error, then EPIPE; SIGPIPE as stock */
static void gone_mid_log(struct zc_log *log, const void *arg)
{
	const struct gone *g = arg;
	struct sender s = { .len = ZC_MB(32), .flags = g->flags };
	struct blk b = { g->window && log->layer, 0 };
	struct zc_conn c;
	char *buf = zc_alloc(s.len, 77);
	int i;

	catch(SIGPIPE, 0);
	open_blocking(&c, &b);
	zc_rx_limit(&c, ZC_MB(1));
	s.buf = buf;
	s.fd = c.tx;
	sender_start(&s);
	ZC_CHECK(zc_rx_wait(&c, ZC_MB(1), 10000), "nothing arrives");
	zc_sleep_ms(200);
	ZC_CHECK(!sender_done(&s), "was never blocked: %zd", s.ret);
	if (g->reset)
		reset_by_peer(&c);
	else
		ZC_SYS(shutdown(c.tx, SHUT_WR));
	sender_join(&s, 3000, g->reset ? "after RST" : "after shutdown()");
	zc_log(log, "%s", s.ret > 0 && s.ret < (ssize_t)s.len ? "short" :
	       s.ret < 0 ? zc_errname(s.err) : "all");
	zc_log(log, "SIGPIPE %d", sig_seen[SIGPIPE]);
	for (i = 0; i < 3; i++) {
		zc_log_ret(log, "next", zc_sendmsg(c.tx, buf, 1000, g->flags));
		zc_log(log, "SIGPIPE %d", sig_seen[SIGPIPE]);
	}
	zc_log_ret(log, "plain", send(c.tx, buf, 1000, g->flags));
	if (g->reset) {
		/* RST drops all of it: the one id comes */
		zc_log_ids(log, c.tx, 1);
	} else {
		/* what was accepted before still arrives */
		zc_rx_limit(&c, UINT64_MAX);
		zc_finish(&c, s.ret, zc_hash_buf(buf, s.ret));
		zc_log_ids(log, c.tx, 1);
	}
	zc_close(&c);
	munmap(buf, s.len);
}

static void gone_mid(const void *arg)
{
	zc_compare(gone_mid_log, arg, NULL);
}

/* Before anything was sent */
static void gone_before_log(struct zc_log *log, const void *arg)
{
	const struct gone *g = arg;
	struct zc_conn c;
	char *buf = zc_alloc(ZC_MB(2), 78);
	int i;

	catch(SIGPIPE, 0);
	open_blocking(&c, &(const struct blk){ false, 0 });
	zc_log_ret(log, "good", zc_sendmsg(c.tx, buf, 3000, 0));
	zc_settle(c.tx, 5000);
	if (g->reset) {
		reset_by_peer(&c);
		zc_sleep_ms(100);
	} else {
		ZC_SYS(shutdown(c.tx, SHUT_WR));
	}
	for (i = 0; i < 3; i++) {
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, ZC_MB(2),
						   g->flags));
		zc_log(log, "SIGPIPE %d", sig_seen[SIGPIPE]);
	}
	zc_settle(c.tx, 5000);
	zc_log_notifs(log, c.tx);
	zc_close(&c);
}

static void gone_before(const void *arg)
{
	zc_compare(gone_before_log, arg, NULL);
}

/*
 * Blocked on the window, with room in the send buffer: shutdown() from
 * another thread ends the wait
 */
static void shutdown_window(const void *arg)
{
	const struct blk b = { true, 0 };
	struct sender s = { .len = ZC_MB(32) };
	struct zc_counters before;
	struct zc_conn c;
	u64 start;

	(void)arg;
	if (zc_nolayer)
		zc_skip("stock has no window");
	open_blocking(&c, &b);
	zc_counters_read(ZC_NS_A, &before);
	s.buf = zc_alloc(s.len, 79);
	s.fd = c.tx;
	sender_start(&s);
	zc_sleep_ms(300);
	ZC_LAYER(zc_delta(&before, "window_waits") > 0,
		 "does not wait for the window");
	ZC_CHECK(!sender_done(&s), "was never blocked: %zd", s.ret);
	start = zc_now_ms();
	ZC_SYS(shutdown(c.tx, SHUT_WR));
	sender_join(&s, 3000, "after shutdown()");
	ZC_CHECK(zc_now_ms() - start < (zc_debug ? 5000 : 1500),
		 "came back after %llu ms",
		 (unsigned long long)(zc_now_ms() - start));
	ZC_CHECK(s.ret > 0, "sendmsg: %s", strerror(s.err));
	zc_finish(&c, s.ret, zc_hash_buf(s.buf, s.ret));
	zc_close(&c);
}

/* close(), then munmap(), with data in flight: the peer gets all of it */
static void close_in_flight(const void *arg)
{
	struct zc_conn c = {
		.family = *(const int *)arg, .type = SOCK_STREAM,
		.rcvbuf = 1 << 16, .sndbuf = 32 << 20,
	};
	size_t len = ZC_MB(4);
	char *buf = zc_alloc(len, 80);
	u64 hash = zc_hash_buf(buf, len);

	zc_open(&c);
	zc_rx_start(&c, 0);
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
	ZC_SYS(munmap(buf, len));
	ZC_SYS(close(c.tx));
	c.tx = -1;
	/* whoever gets the memory now must not be on the wire */
	buf = zc_alloc(len * 2, 81);
	zc_rx_join(&c);
	ZC_EQ(c.rx_bytes, len, "bytes received");
	ZC_CHECK(zc_hash_val(&c.rx_hash) == hash, "checksums differ");
	zc_close(&c);
}

/* The peer never reads; the sender, blocked, is killed; then the peer goes */
static void kill_sender(const void *arg)
{
	const struct blk *b = arg;
	struct zc_conn c;
	u64 start;
	pid_t pid, w;
	int st;

	if (b->window && zc_nolayer)
		zc_skip("stock has no window");
	open_blocking(&c, b);
	pid = ZC_SYS(fork());
	if (!pid) {
		char *buf = zc_alloc(ZC_MB(64), 82);

		close(c.rx);
		zc_sendmsg(c.tx, buf, ZC_MB(64), 0);
		_exit(0);
	}
	close(c.tx);
	c.tx = -1;
	zc_sleep_ms(500);
	ZC_EQ(waitpid(pid, &st, WNOHANG), 0, "the sender does not block");
	start = zc_now_ms();
	ZC_SYS(kill(pid, SIGKILL));
	zc_wait_for((w = waitpid(pid, &st, WNOHANG)) == pid, 5000);
	ZC_CHECK(w == pid, "the sender survives SIGKILL");
	ZC_CHECK(zc_now_ms() - start < (zc_debug ? 15000 : 4000),
		 "dying took %llu ms", (unsigned long long)(zc_now_ms() - start));
	zc_close(&c);
}

/* connect(AF_UNSPEC) drops what is queued */
static void disconnect_log(struct zc_log *log, const void *arg)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };
	struct zc_conn c;
	char *buf = zc_alloc(ZC_MB(1), 83);

	(void)arg;
	open_blocking(&c, &(const struct blk){ false, 0 });
	zc_setopt(c.tx, SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20);
	zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, ZC_MB(1), 0));
	zc_log_ret(log, "disconnect", connect(c.tx, &sa, sizeof(sa)));
	zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, 1000, MSG_NOSIGNAL));
	zc_log_ids(log, c.tx, 1);
	zc_close(&c);
}

static void disconnect(const void *arg)
{
	zc_compare(disconnect_log, arg, NULL);
}

/* ---- datagrams ---- */

/* An ICMP error is pending: it is told once, and takes no id */
static void udp_refused_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = {
		.family = *(const int *)arg, .type = SOCK_DGRAM,
	};
	char *buf = zc_alloc(1000, 84);
	struct pollfd pfd = {};
	int i;

	zc_open(&c);
	close(c.rx);
	c.rx = -1;
	zc_log_ret(log, "first", zc_sendmsg(c.tx, buf, 1000, 0));
	pfd.fd = c.tx;
	for (i = 0; i < 100; i++) {
		/* POLLERR alone may be the notification */
		pfd.events = POLLIN;
		if (poll(&pfd, 1, 20) == 1 && pfd.revents & POLLIN)
			break;
	}
	zc_sleep_ms(100);
	zc_log_ret(log, "second", zc_sendmsg(c.tx, buf, 1000, 0));
	zc_log_ret(log, "third", zc_sendmsg(c.tx, buf, 1000, 0));
	zc_settle(c.tx, 5000);
	zc_log_ids(log, c.tx, 2);
	zc_close(&c);
}

static void udp_refused(const void *arg)
{
	zc_compare(udp_refused_log, arg, NULL);
}

static void udp_errors_log(struct zc_log *log, const void *arg)
{
	int family = *(const int *)arg;
	struct zc_conn c = { .family = family, .type = SOCK_DGRAM,
			     .flags = ZC_C_UNCONN };
	struct sockaddr_in6 none = { .sin6_family = AF_INET6,
				     .sin6_port = htons(9) };
	struct sockaddr_in none4 = { .sin_family = AF_INET,
				     .sin_port = htons(9) };
	char *buf = zc_alloc(4000, 85);

	zc_open(&c);
	zc_log_ret(log, "no address", send(c.tx, buf, 1000, MSG_ZEROCOPY));
	zc_log_ret(log, "short address",
		   sendto(c.tx, buf, 1000, MSG_ZEROCOPY, (void *)&c.dst, 4));
	none4.sin_addr.s_addr = htonl(0xc0000201);	/* 192.0.2.1 */
	none.sin6_addr.s6_addr[0] = 0x20;		/* 2001:db8:: */
	none.sin6_addr.s6_addr[1] = 0x01;
	none.sin6_addr.s6_addr[2] = 0x0d;
	none.sin6_addr.s6_addr[3] = 0xb8;
	zc_log_ret(log, "no route",
		   sendto(c.tx, buf, 1000, MSG_ZEROCOPY,
			  family == AF_INET ? (void *)&none4 : (void *)&none,
			  c.dst_len));
	zc_log_ret(log, "MSG_OOB",
		   sendto(c.tx, buf, 1000, MSG_ZEROCOPY | MSG_OOB,
			  (void *)&c.dst, c.dst_len));
	zc_log_ret(log, "good", sendto(c.tx, buf, 1000, MSG_ZEROCOPY,
				       (void *)&c.dst, c.dst_len));
	ZC_SYS(shutdown(c.tx, SHUT_WR) && errno != ENOTCONN ? -1 : 0);
	zc_settle(c.tx, 5000);
	zc_log_notifs(log, c.tx);
	zc_close(&c);
}

static void udp_errors(const void *arg)
{
	zc_compare(udp_errors_log, arg, NULL);
}

/* A bad control message: EINVAL before any byte, and no id */
static void bad_cmsg_log(struct zc_log *log, const void *arg)
{
	int type = *(const int *)arg;
	struct zc_conn c = { .family = AF_INET, .type = type,
			     .rcvbuf = 4 << 20 };
	size_t len = type == SOCK_STREAM ? ZC_MB(1) : 1000;
	char *buf = zc_alloc(len, 86);
	char control[CMSG_SPACE(4)] = {};
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = 250;
	cm->cmsg_len = CMSG_LEN(4);
	zc_log_ret(log, "unknown", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	cm->cmsg_type = SO_TIMESTAMPING;
	cm->cmsg_len = CMSG_LEN(1);
	zc_log_ret(log, "short", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	cm->cmsg_len = 3;
	zc_log_ret(log, "broken", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	msg.msg_controllen = 0;
	zc_log_ret(log, "good", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	zc_settle(c.tx, 5000);
	zc_log_notifs(log, c.tx);
	zc_rx_wait(&c, len, 5000);
	zc_log(log, "received %llu", (unsigned long long)zc_rx_bytes(&c));
	zc_close(&c);
}

static void bad_cmsg(const void *arg)
{
	zc_compare(bad_cmsg_log, arg, NULL);
}

#define F(fam, ty, len, hole, iov) (&(const struct fault){ fam, ty, len, hole, iov })
#define TCP SOCK_STREAM
#define UDP SOCK_DGRAM

static const struct blk buffer = { false, 0 };
static const struct blk buffer_restart = { false, SA_RESTART };
static const struct blk window = { true, 0 };
static const struct blk window_restart = { true, SA_RESTART };
static const struct gone rst = { true, false, 0 };
static const struct gone rst_window = { true, true, 0 };
static const struct gone shut = { false, false, 0 };
static const struct gone shut_nosignal = { false, false, MSG_NOSIGNAL };
static const struct gone shut_win = { false, true, 0 };
static const int v4 = AF_INET, v6 = AF_INET6;
static const int stream = SOCK_STREAM, dgram = SOCK_DGRAM;

static const struct zc_case cases[] = {
	{ "efault_first_page", fault, F(AF_INET, TCP, 16384, 0, 1),
	  ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "efault_second_page", fault, F(AF_INET, TCP, 16384, 4096, 1),
	  ZC_F_PAIR, 0 },
	{ "efault_last_page", fault, F(AF_INET, TCP, 65536, 61440, 1),
	  ZC_F_PAIR, 0 },
	{ "efault_middle_1m", fault, F(AF_INET, TCP, 1 << 20, 600000, 1),
	  ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "efault_middle_1m_v6", fault, F(AF_INET6, TCP, 1 << 20, 300000, 1),
	  ZC_F_PAIR, 0 },
	{ "efault_at_loan_end", fault, F(AF_INET, TCP, 1 << 20, 512 << 10, 1),
	  ZC_F_PAIR, 0 },
	{ "efault_behind_loan_end", fault,
	  F(AF_INET, TCP, 1 << 20, (512 << 10) + 4096, 1), ZC_F_PAIR, 0 },
	{ "efault_middle_2m", fault, F(AF_INET, TCP, 2 << 20, 1300000, 1),
	  ZC_F_PAIR, 0 },
	{ "efault_iovec", fault, F(AF_INET, TCP, 1 << 20, 700000, 33),
	  ZC_F_PAIR, 0 },
	{ "efault_tail_not_corked", fault_tail, NULL, 0, 0 },
	{ "efault_udp_first", fault, F(AF_INET, UDP, 1400, 0, 1),
	  ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "efault_udp_second", fault, F(AF_INET, UDP, 5000, 4096, 1),
	  ZC_F_PAIR, 0 },
	{ "efault_udp6_first", fault, F(AF_INET6, UDP, 1300, 0, 1),
	  ZC_F_PAIR, 0 },
	{ "signal_mid_send", signal_mid, &buffer, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "signal_mid_send_restart", signal_mid, &buffer_restart,
	  ZC_F_PAIR, 0 },
	{ "signal_window_wait", signal_mid, &window,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "signal_window_wait_restart", signal_mid, &window_restart,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "signal_nothing_sent", signal_none, &buffer, ZC_F_PAIR, 0 },
	{ "signal_nothing_sent_restart", signal_none, &buffer_restart,
	  ZC_F_PAIR, 0 },
	{ "sndtimeo_one_deadline", sndtimeo, &buffer,
	  ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "sndtimeo_one_deadline_window", sndtimeo, &window,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "sndtimeo_nothing_sent", sndtimeo_none, NULL, ZC_F_PAIR, 0 },
	{ "rst_mid_send", gone_mid, &rst, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "rst_window_wait", gone_mid, &rst_window, ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "rst_before", gone_before, &rst, ZC_F_PAIR, 0 },
	{ "shutdown_mid_send", gone_mid, &shut, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "shutdown_mid_send_nosignal", gone_mid, &shut_nosignal,
	  ZC_F_PAIR, 0 },
	{ "shutdown_mid_send_window", gone_mid, &shut_win,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "epipe_sigpipe_once", gone_before, &shut,
	  ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "epipe_nosignal", gone_before, &shut_nosignal, ZC_F_PAIR, 0 },
	{ "shutdown_window_wait", shutdown_window, NULL,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "close_in_flight", close_in_flight, &v4,
	  ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "close_in_flight_v6", close_in_flight, &v6, ZC_F_PAIR, 0 },
	{ "kill_blocked_sender", kill_sender, &buffer,
	  ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "kill_sender_in_window_wait", kill_sender, &window,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "disconnect", disconnect, NULL, ZC_F_PAIR, 0 },
	{ "udp_refused", udp_refused, &v4, ZC_F_PAIR, 0 },
	{ "udp6_refused", udp_refused, &v6, ZC_F_PAIR, 0 },
	{ "udp_errors", udp_errors, &v4, ZC_F_PAIR, 0 },
	{ "udp6_errors", udp_errors, &v6, ZC_F_PAIR, 0 },
	{ "bad_cmsg_tcp", bad_cmsg, &stream, ZC_F_PAIR, 0 },
	{ "bad_cmsg_udp", bad_cmsg, &dgram, ZC_F_PAIR, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "errors", cases, ZC_ARRAY_SIZE(cases));
}
