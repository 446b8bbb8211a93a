// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 2 "waiting by event and only where the call may block; a non-blocking
 * caller never spins". Trap: EAGAIN while POLLOUT is set makes a busy loop.
 */
#include "zc_test.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

struct nb {
	int flags;		/* of the socket */
	int msg_flags;
	size_t window;
	int sndbuf;
	bool copies;		/* the window is what runs out */
};

/*
 * An event loop that sends until EAGAIN, then polls. Were EAGAIN to come
 * while POLLOUT is set, it would spin.
 */
static void loop(const void *arg)
{
	const struct nb *nb = arg;
	size_t len = zc_scale(ZC_MB(16), ZC_MB(6)), off = 0;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .flags = nb->flags,
		.rcvbuf = 1 << 17, .sndbuf = nb->sndbuf,
	};
	unsigned int again = 0, spins = 0, sends = 0, polls = 0;
	struct pollfd pfd = { .events = POLLOUT };
	struct zc_counters before;
	struct zc_ids ids = {};
	char *buf = zc_alloc(len, 51);
	ssize_t n;

	if (nb->window)
		zc_set_window(ZC_NS_A, nb->window);
	zc_open(&c);
	c.rx_pause_ms = 2;
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	pfd.fd = c.tx;
	while (off < len) {
		size_t want = len - off < 300000 ? len - off : 300000;

		n = zc_sendmsg(c.tx, buf + off, want, nb->msg_flags);
		if (n > 0) {
			sends++;
			off += n;
			zc_notif_drain(c.tx, &ids);
			continue;
		}
		ZC_CHECK(n < 0 && errno == EAGAIN, "send: %zd %s", n,
			 strerror(errno));
		again++;
		/*
		 * An acknowledgment may make room between the two calls, but
		 * not each time.
		 */
		pfd.revents = 0;
		if (poll(&pfd, 1, 0) == 1 && pfd.revents & POLLOUT) {
			spins++;
			continue;
		}
		/* only POLLOUT counts: a notification raises POLLERR */
		for (;;) {
			zc_notif_drain(c.tx, &ids);
			pfd.revents = 0;
			ZC_CHECK(poll(&pfd, 1, 20000) == 1, "poll: no event");
			polls++;
			if (pfd.revents & POLLOUT)
				break;
		}
	}
	zc_note("%u sends, %u EAGAIN, %u polls, %u with POLLOUT set at once",
		sends, again, polls, spins);
	ZC_CHECK(spins <= 3 + again / 4, "%u of %u EAGAIN with POLLOUT set",
		 spins, again);
	/* bytes per system call: an honest loop needs few */
	ZC_CHECK(sends + again < 4000, "%u sends", sends + again);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, sends, 20000), "%llu of %u ids",
		 (unsigned long long)ids.count, sends);
	ZC_EQ(ids.sum, (u64)sends * (sends - 1) / 2, "sum of the ids");
	zc_finish(&c, len, zc_hash_buf(buf, len));
	if (nb->copies)
		ZC_LAYER(zc_delta(&before, "copied_window") > 0,
			 "copied_window did not rise");
	zc_close(&c);
}

/* Edge-triggered: each EAGAIN is followed by an edge */
static void epoll_et(const void *arg)
{
	const struct nb *nb = arg;
	size_t len = zc_scale(ZC_MB(16), ZC_MB(6)), off = 0;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .flags = nb->flags,
		.rcvbuf = 1 << 17, .sndbuf = nb->sndbuf,
	};
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLET };
	struct zc_ids ids = {};
	unsigned int sends = 0;
	char *buf = zc_alloc(len, 52);
	int ep;
	ssize_t n;

	if (nb->window)
		zc_set_window(ZC_NS_A, nb->window);
	zc_open(&c);
	c.rx_pause_ms = 1;
	zc_rx_start(&c, UINT64_MAX);
	ep = ZC_SYS(epoll_create1(EPOLL_CLOEXEC));
	ZC_SYS(epoll_ctl(ep, EPOLL_CTL_ADD, c.tx, &ev));
	while (off < len) {
		n = zc_sendmsg(c.tx, buf + off, len - off, nb->msg_flags);
		if (n > 0) {
			off += n;
			sends++;
			continue;
		}
		ZC_CHECK(errno == EAGAIN, "send: %s", strerror(errno));
		for (;;) {
			struct epoll_event got;

			ZC_CHECK(epoll_wait(ep, &got, 1, 20000) == 1,
				 "no edge after EAGAIN, %zu of %zu sent", off,
				 len);
			zc_notif_drain(c.tx, &ids);
			if (got.events & EPOLLOUT)
				break;
		}
	}
	ZC_CHECK(zc_notif_wait(c.tx, &ids, sends, 20000), "%llu of %u ids",
		 (unsigned long long)ids.count, sends);
	zc_finish(&c, len, zc_hash_buf(buf, len));
	zc_close(&c);
}

/* A call larger than what fits: a partial count, then EAGAIN, no id for it */
static void partial_log(struct zc_log *log, const void *arg)
{
	const struct nb *nb = arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .flags = nb->flags,
		.rcvbuf = 1 << 16, .sndbuf = nb->sndbuf,
	};
	size_t len = ZC_MB(8), sent = 0;
	char *buf = zc_alloc(len, 53);
	unsigned int calls = 0, i;
	struct zc_ids ids = {};
	ssize_t n;

	if (nb->window)
		zc_set_window(ZC_NS_A, nb->window);
	zc_open(&c);
	zc_rx_start(&c, 0);
	n = zc_sendmsg(c.tx, buf, len, nb->msg_flags);
	if (n > 0) {
		sent += n;
		calls++;
	}
	zc_log(log, "first: %s", n > 0 && n < (ssize_t)len ? "partial" :
	       n < 0 ? zc_errname(errno) : "all");
	/* the peer's kernel goes on reading for a while */
	for (i = 0; i < 30 && calls < 2000; i++) {
		n = zc_sendmsg(c.tx, buf + sent, len - sent, nb->msg_flags);
		if (n < 0) {
			ZC_CHECK(errno == EAGAIN, "send: %s", strerror(errno));
			continue;
		}
		sent += n;
		calls++;
		i = 0;
	}
	zc_log(log, "%s", calls < 2000 && sent < len ? "EAGAIN" : "no end");
	zc_rx_limit(&c, sent);
	ZC_CHECK(zc_rx_wait(&c, sent, 20000), "bytes are missing");
	ZC_CHECK(zc_hash_val(&c.rx_hash) == zc_hash_buf(buf, sent),
		 "checksums differ");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, calls, 10000), "ids are missing");
	ZC_EQ(ids.sum, (u64)calls * (calls - 1) / 2, "sum of the ids");
	ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
	zc_notif_none(c.tx);
	zc_close(&c);
}

static void partial(const void *arg)
{
	zc_compare(partial_log, arg, NULL);
}

/*
 * The window is full and there is much room in the send buffer: a call that
 * must not wait goes on with a copy
 */
static void full_copies(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 64 << 20,
	};
	const size_t len = ZC_MB(4);
	char *buf = zc_alloc(len, 54);
	struct zc_counters before;
	struct zc_ids ids = {};

	(void)arg;
	zc_set_window(ZC_NS_A, 256 << 10);
	zc_open(&c);
	zc_rx_start(&c, 0);
	zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(zc_sendmsg(c.tx, buf, len, MSG_DONTWAIT), len, "sendmsg");
	ZC_LAYER(zc_delta(&before, "copied_window") > 0, "copied_window");
	ZC_LAYER_EQ(zc_delta(&before, "window_waits"), 0, "window_waits");
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 1, 10000), "no notification");
	ZC_LAYER_EQ(ids.copied, 1, "notifications that say COPIED");
	zc_finish(&c, len, zc_hash_buf(buf, len));
	zc_close(&c);
}

/* Datagrams that cannot leave: EAGAIN when the send buffer is full */
static void udp_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_DGRAM, .rcvbuf = 4 << 20,
	};
	struct pollfd pfd = { .events = POLLOUT };
	unsigned int again = 0, sent = 0, i;
	struct zc_ids ids = {};
	char *buf = zc_alloc(1200, 55);
	ssize_t n;

	(void)arg;
	zc_open(&c);
	zc_setopt(c.tx, SOL_SOCKET, SO_SNDBUF, 20000);
	/* netem would take what it delays off the socket's account */
	zc_setopt(c.tx, SOL_SOCKET, SO_MAX_PACING_RATE, 30000);
	zc_rx_start(&c, UINT64_MAX);
	zc_qdisc(ZC_NS_A, "fq");
	for (i = 0; i < 2000 && again < 10; i++) {
		n = zc_sendmsg(c.tx, buf, 1200, MSG_DONTWAIT);
		if (n > 0) {
			sent++;
			continue;
		}
		ZC_CHECK(errno == EAGAIN, "send: %s", strerror(errno));
		again++;
	}
	pfd.fd = c.tx;
	zc_log(log, "EAGAIN %u, POLLOUT %d", again,
	       poll(&pfd, 1, 0) == 1 && pfd.revents & POLLOUT);
	ZC_CHECK(sent, "nothing was sent");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, sent, 20000), "%llu of %u ids",
		 (unsigned long long)ids.count, sent);
	zc_log(log, "sum of the ids is %s",
	       ids.sum == (u64)sent * (sent - 1) / 2 ? "right" : "wrong");
	zc_qdisc(ZC_NS_A, "none");
	zc_close(&c);
}

static void udp(const void *arg)
{
	zc_compare(udp_log, arg, NULL);
}

static const struct nb plain = { ZC_C_NONBLOCK, 0, 0, 0, false };
static const struct nb dontwait = { 0, MSG_DONTWAIT, 0, 0, false };
static const struct nb window = {
	ZC_C_NONBLOCK, 0, 64 << 10, 8 << 20, true,
};

static const struct nb window_small_buf = {
	ZC_C_NONBLOCK, 0, 256 << 10, 1 << 20, false,
};

static const struct zc_case cases[] = {
	{ "loop", loop, &plain, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "loop_dontwait", loop, &dontwait, ZC_F_PAIR, 0 },
	{ "loop_window_full", loop, &window,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "loop_window_and_buffer", loop, &window_small_buf, ZC_F_PAIR, 0 },
	{ "epoll_edge", epoll_et, &plain, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "epoll_edge_window_full", epoll_et, &window, ZC_F_PAIR, 0 },
	{ "epoll_edge_window_and_buffer", epoll_et, &window_small_buf,
	  ZC_F_PAIR, 0 },
	{ "partial", partial, &plain, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "partial_dontwait", partial, &dontwait, ZC_F_PAIR, 0 },
	{ "partial_window", partial, &window_small_buf, ZC_F_PAIR, 0 },
	{ "window_full_copies", full_copies, NULL,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "udp_buffer_full", udp, NULL, ZC_F_PAIR, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "nonblock", cases, ZC_ARRAY_SIZE(cases));
}
