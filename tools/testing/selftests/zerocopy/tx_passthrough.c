// SPDX-License-Identifier: GPL-2.0
/*
 * S1.10, rule 4, issue 2 "Passes through untouched, each with a test: kTLS,
 * sockmap, MPTCP, MSG_FASTOPEN, unconnected TCP states, corked UDP,
 * MSG_SPLICE_PAGES and senders that bring their own msg_ubuf (io_uring
 * SEND_ZC), SCM_DEVMEM_DMABUF, TCP_REPAIR, every send without MSG_ZEROCOPY".
 * Each behaves as without the layer, and the right counter says why. Traps:
 * corked UDP with another ubuf; stock MSG_ZEROCOPY behind the layer's tail.
 */
#include "zc_test.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif
#ifndef TCP_REPAIR
#define TCP_REPAIR 19
#define TCP_REPAIR_QUEUE 20
#endif
#define SCM_DEVMEM_DMABUF_ 79

/* ---- the plain reasons ---- */

static void nosockopt_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = *(const int *)arg,
		.flags = ZC_C_NOZC,
	};
	char *buf = zc_alloc(1200, 111);
	struct zc_counters before = {};
	int i;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	if (log->layer)
		zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < 3; i++)
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, 1200, 0));
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_notifs(log, c.tx);
	if (log->layer) {
		ZC_EQ(zc_delta(&before, "passed_nosockopt"), 3, "passed");
		ZC_EQ(zc_delta(&before, "loans"), 0, "loans");
	}
	zc_rx_wait(&c, 3600, 5000);
	zc_log(log, "received %llu", (unsigned long long)zc_rx_bytes(&c));
	zc_close(&c);
}

static void nosockopt(const void *arg)
{
	zc_compare(nosockopt_log, arg, "passed_nosockopt");
}

static void disabled(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = *(const int *)arg };
	char *buf = zc_alloc(1200 * 3, 112);
	struct zc_counters before;
	int i;

	zc_set_enabled(ZC_NS_A, 0);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < 3; i++)
		ZC_EQ(zc_sendmsg(c.tx, buf + i * 1200, 1200, 0), 1200, "send");
	zc_notif_expect(c.tx, 3);
	ZC_LAYER_EQ(zc_delta(&before, "passed_disabled"), 3, "passed");
	ZC_LAYER_EQ(zc_delta(&before, "sends"), 0, "sends");
	ZC_LAYER_EQ(zc_delta(&before, "loans"), 0, "loans");
	zc_finish(&c, 3600, zc_hash_buf(buf, 3600));
	zc_close(&c);
}

static void length_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = *(const int *)arg };
	char *buf = zc_alloc(70000, 113);
	struct zc_counters before;

	if (log->layer)
		zc_counters_read(ZC_NS_A, &before);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_log_ret(log, "length 0", zc_sendmsg(c.tx, buf, 0, 0));
	if (c.type == SOCK_DGRAM)
		zc_log_ret(log, "length 70000", zc_sendmsg(c.tx, buf, 70000, 0));
	zc_log_ret(log, "length 1000", zc_sendmsg(c.tx, buf, 1000, 0));
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_notifs(log, c.tx);
	if (log->layer)
		ZC_EQ(zc_delta(&before, "passed_size"),
		      c.type == SOCK_DGRAM ? 2 : 1, "passed_size");
	zc_close(&c);
}

static void length(const void *arg)
{
	zc_compare(length_log, arg, "passed_size");
}

/* ---- TCP states ---- */

static void states_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct sockaddr_in nobody = {
		.sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = htonl(0x0a4d0063),	/* 10.77.0.99 */
	};
	char *buf = zc_alloc(2000, 114);
	int fd;

	(void)arg;
	fd = ZC_SYS(socket(AF_INET, SOCK_STREAM, 0));
	zc_setopt(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
	zc_log_ret(log, "closed", zc_sendmsg(fd, buf, 1000, MSG_NOSIGNAL));
	zc_log_ret(log, "closed, named",
		   sendto(fd, buf, 1000, MSG_ZEROCOPY | MSG_NOSIGNAL,
			  (void *)&nobody, sizeof(nobody)));
	ZC_SYS(listen(fd, 1));
	zc_log_ret(log, "listening", zc_sendmsg(fd, buf, 1000, MSG_NOSIGNAL));
	close(fd);

	fd = ZC_SYS(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	zc_setopt(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
	zc_log_ret(log, "connect", connect(fd, (void *)&nobody,
					   sizeof(nobody)));
	zc_log_ret(log, "connecting", zc_sendmsg(fd, buf, 1000, 0));
	zc_log_notifs(log, fd);
	close(fd);

	/* CLOSE_WAIT: the peer has shut down, this side may go on */
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	ZC_SYS(shutdown(c.rx, SHUT_WR));
	zc_log_ret(log, "end of stream", recv(c.tx, buf, 1, 0));
	zc_log_ret(log, "CLOSE_WAIT", zc_sendmsg(c.tx, buf, 2000, 0));
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_notifs(log, c.tx);
	zc_rx_wait(&c, 2000, 5000);
	zc_log(log, "received %llu", (unsigned long long)zc_rx_bytes(&c));
	zc_close(&c);
}

static void states(const void *arg)
{
	zc_compare(states_log, arg, "passed_state");
}

struct sender {
	pthread_t thread;
	pid_t tid;
	int fd;
	const char *buf;
	size_t len;
	ssize_t ret;
	int err;
};

static void *send_thread(void *arg)
{
	struct sender *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->ret = zc_sendmsg(s->fd, s->buf, s->len, 0);
	s->err = errno;
	return NULL;
}

/* A blocking send waits for the connection; the next one goes the layer's way */
static void connecting_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct sender s = { .len = 200000 };
	int fd;

	(void)arg;
	/* for the address of a listener; its backlog takes the second one */
	zc_open(&c);
	zc_enter(ZC_NS_B);
	fd = ZC_SYS(socket(AF_INET, SOCK_STREAM, 0));
	((struct sockaddr_in *)&c.dst)->sin_port = 0;
	ZC_SYS(bind(fd, (void *)&c.dst, c.dst_len));
	ZC_SYS(getsockname(fd, (void *)&c.dst, &c.dst_len));
	ZC_SYS(listen(fd, 1));
	zc_enter(ZC_NS_A);
	close(c.tx);
	close(c.rx);

	zc_qdisc(ZC_NS_B, "netem delay 200ms");
	s.buf = zc_alloc(s.len, 115);
	c.tx = ZC_SYS(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	zc_setopt(c.tx, SOL_SOCKET, SO_ZEROCOPY, 1);
	zc_log_ret(log, "connect", connect(c.tx, (void *)&c.dst, c.dst_len));
	ZC_SYS(fcntl(c.tx, F_SETFL, 0));
	s.fd = c.tx;
	ZC_EQ(pthread_create(&s.thread, NULL, send_thread, &s), 0, "thread");
	c.rx = ZC_SYS(accept(fd, NULL, NULL));
	zc_rx_start(&c, UINT64_MAX);
	pthread_join(s.thread, NULL);
	errno = s.err;
	zc_log_ret(log, "send while connecting", s.ret);
	zc_qdisc(ZC_NS_B, "none");
	zc_log_ret(log, "next", zc_sendmsg(c.tx, s.buf, 1000, 0));
	ZC_CHECK(zc_rx_wait(&c, 201000, 10000), "bytes are missing");
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_ids(log, c.tx, 2);
	close(fd);
	zc_close(&c);
}

static void connecting(const void *arg)
{
	zc_compare(connecting_log, arg, "passed_state");
}

/* ---- MSG_FASTOPEN ---- */

static void fastopen_once(struct zc_log *log, bool deferred)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t alen = sizeof(a);
	char *buf = zc_alloc(8192, 116);
	int fd;

	a.sin_addr.s_addr = htonl(0x0a4d0002);	/* 10.77.0.2 */
	zc_enter(ZC_NS_B);
	zc_write_file("/proc/sys/net/ipv4/tcp_fastopen", "3");
	fd = ZC_SYS(socket(AF_INET, SOCK_STREAM, 0));
	ZC_SYS(bind(fd, (void *)&a, alen));
	ZC_SYS(getsockname(fd, (void *)&a, &alen));
	zc_setopt(fd, IPPROTO_TCP, TCP_FASTOPEN, 5);
	ZC_SYS(listen(fd, 5));
	zc_enter(ZC_NS_A);
	zc_write_file("/proc/sys/net/ipv4/tcp_fastopen", "3");

	c.tx = ZC_SYS(socket(AF_INET, SOCK_STREAM, 0));
	zc_setopt(c.tx, SOL_SOCKET, SO_ZEROCOPY, 1);
	if (deferred) {
		zc_setopt(c.tx, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
		zc_log_ret(log, "connect", connect(c.tx, (void *)&a, alen));
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, 1000, 0));
	} else {
		zc_log_ret(log, "send",
			   sendto(c.tx, buf, 1000, MSG_ZEROCOPY | MSG_FASTOPEN,
				  (void *)&a, alen));
	}
	c.rx = ZC_SYS(accept(fd, NULL, NULL));
	zc_rx_start(&c, UINT64_MAX);
	zc_log_ret(log, "next", zc_sendmsg(c.tx, buf, 8192, 0));
	ZC_CHECK(zc_rx_wait(&c, 9192, 10000), "bytes are missing");
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_ids(log, c.tx, 2);
	close(fd);
	zc_close(&c);
}

static void fastopen_log(struct zc_log *log, const void *arg)
{
	bool deferred = *(const int *)arg;

	fastopen_once(log, deferred);
	fastopen_once(log, deferred);	/* now there is a cookie */
}

static void fastopen(const void *arg)
{
	struct zc_log *warm = calloc(1, sizeof(*warm));

	fastopen_once(warm, *(const int *)arg);
	zc_compare(fastopen_log, arg, "passed_fastopen");
}

/* ---- corked datagrams ---- */

struct corked {
	int family;
	bool more;		/* MSG_MORE, else UDP_CORK */
	bool plain_first;	/* the pending data is of a plain send */
};

static void corked_log(struct zc_log *log, const void *arg)
{
	const struct corked *k = arg;
	struct zc_conn c = { .family = k->family, .type = SOCK_DGRAM };
	int flag = k->more ? MSG_MORE : 0;
	char *buf = zc_alloc(4096, 117);
	struct zc_counters before;

	if (log->layer)
		zc_counters_read(ZC_NS_A, &before);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	if (!k->more)
		zc_setopt(c.tx, IPPROTO_UDP, UDP_CORK, 1);
	if (k->plain_first)
		zc_log_ret(log, "plain", send(c.tx, buf, 100, flag));
	else
		zc_log_ret(log, "first", zc_sendmsg(c.tx, buf, 200, flag));
	zc_log_ret(log, "second", zc_sendmsg(c.tx, buf + 1000, 300, flag));
	zc_log_ret(log, "plain", send(c.tx, buf + 1500, 150, flag));
	zc_log_ret(log, "last", zc_sendmsg(c.tx, buf + 2000, 400, 0));
	if (!k->more)
		zc_setopt(c.tx, IPPROTO_UDP, UDP_CORK, 0);
	zc_log_ret(log, "alone", zc_sendmsg(c.tx, buf, 1000, 0));
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_ids(log, c.tx, k->plain_first ? 3 : 4);
	/* each of them, not only what comes to the same as a copy */
	if (log->layer)
		ZC_EQ(zc_delta(&before, "passed_cork"), k->plain_first ? 2 : 3,
		      "passed_cork");
	zc_sleep_ms(50);
	zc_log(log, "datagrams %llu bytes %llu hash %llx",
	       (unsigned long long)c.rx_packets,
	       (unsigned long long)c.rx_bytes,
	       (unsigned long long)zc_hash_val(&c.rx_hash));
	zc_close(&c);
}

static void corked(const void *arg)
{
	zc_compare(corked_log, arg, "passed_cork");
}

/* ---- io_uring SEND_ZC: a sender with an ubuf of its own ---- */

static void send_zc(const void *arg)
{
	int type = *(const int *)arg;
	struct zc_conn c = {
		.family = AF_INET, .type = type, .rcvbuf = 1 << 20,
		.sndbuf = 1 << 20,
	};
	size_t len = type == SOCK_STREAM ? 100000 : 1200;
	char *buf = zc_alloc(len * 4, 118);
	struct zc_counters before;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe;
	struct zc_uring u;
	int i, err, done = 0, notifs = 0;

	if (zc_nolayer && type == SOCK_STREAM)
		zc_skip("ENOBUFS behind SEND_ZC is what stock answers");
	err = zc_uring_init(&u, 8);
	if (err)
		zc_skip("io_uring_setup: %s", strerror(-err));
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < 4; i++) {
		/* in turns with the layer's own */
		if (i % 2) {
			ZC_EQ(zc_sendmsg(c.tx, buf + i * len, len, 0), len,
			      "sendmsg");
			continue;
		}
		sqe = zc_uring_sqe(&u);
		sqe->opcode = IORING_OP_SEND_ZC;
		sqe->fd = c.tx;
		sqe->addr = (uintptr_t)(buf + i * len);
		sqe->len = len;
		sqe->msg_flags = MSG_WAITALL;
		ZC_EQ(zc_uring_submit(&u, 1), 1, "io_uring_enter");
	}
	while (done < 2 || notifs < 2) {
		ZC_EQ(zc_uring_cqe(&u, &cqe), 0, "io_uring_enter");
		if (cqe.flags & IORING_CQE_F_NOTIF) {
			notifs++;
		} else {
			if (cqe.res == -EOPNOTSUPP || cqe.res == -EINVAL)
				zc_skip("no SEND_ZC: %s", strerror(-cqe.res));
			ZC_EQ(cqe.res, len, "SEND_ZC");
			ZC_CHECK(cqe.flags & IORING_CQE_F_MORE, "no F_MORE");
			done++;
		}
	}
	zc_notif_expect(c.tx, 2);
	ZC_LAYER_EQ(zc_delta(&before, "passed_ubuf"), 2, "passed_ubuf");
	ZC_LAYER_EQ(zc_delta(&before, "sends"), 2, "sends");
	zc_finish(&c, len * 4, zc_hash_buf(buf, len * 4));
	close(u.fd);
	zc_close(&c);
}

/* ---- splice and sendfile, in turns with the layer ---- */

static void splice_between(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 16 << 20,
	};
	bool cork = *(const int *)arg;
	size_t len = cork ? 900 : 60000, total = 0;
	char path[] = "/tmp/zc-test-XXXXXX";
	char *buf = zc_alloc(65536, 119);
	struct zc_counters before;
	struct zc_hash h;
	int fd, p[2], i;
	loff_t off;
	ssize_t n;

	fd = ZC_SYS(mkstemp(path));
	unlink(path);
	ZC_EQ(write(fd, buf, 65536), 65536, "write");
	ZC_SYS(pipe(p));
	zc_hash_init(&h);
	zc_open(&c);
	zc_rx_start(&c, 0);
	zc_counters_read(ZC_NS_A, &before);
	if (cork)
		zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 1);
	for (i = 0; i < 16; i++) {
		switch (i % 4) {
		case 0:
		case 2:
			n = zc_sendmsg(c.tx, buf + i, len, 0);
			ZC_EQ(n, len, "sendmsg");
			zc_hash_add(&h, buf + i, n);
			break;
		case 1:
			off = i * 10;
			n = sendfile(c.tx, fd, &off, len);
			ZC_EQ(n, len, "sendfile");
			zc_hash_add(&h, buf + i * 10, n);
			break;
		default:
			off = 0;
			n = splice(fd, &off, p[1], NULL, 4000, 0);
			ZC_CHECK(n > 0, "splice in: %s", strerror(errno));
			zc_hash_add(&h, buf, n);
			ZC_EQ(splice(p[0], NULL, c.tx, NULL, n, 0), n,
			      "splice out");
		}
		total += n;
	}
	if (cork)
		zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 0);
	zc_rx_limit(&c, UINT64_MAX);
	zc_notif_expect(c.tx, 8);
	ZC_LAYER_EQ(zc_delta(&before, "sends"), 8, "sends");
	ZC_LAYER_EQ(zc_delta_prefix(&before, "passed_"), 0, "passed");
	zc_finish(&c, total, zc_hash_val(&h));
	zc_close(&c);
	close(fd);
}

/* ---- other owners of the socket ---- */

static void ktls_log(struct zc_log *log, const void *arg)
{
	bool tail = *(const int *)arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 16 << 20,
	};
	char *buf = zc_alloc(ZC_MB(1), 120);
	size_t before = 0;
	int err;

	zc_open(&c);
	zc_rx_start(&c, 0);
	if (tail) {
		/* lent, and still queued when the socket changes hands */
		before = ZC_MB(1);
		ZC_EQ(zc_sendmsg(c.tx, buf, before, 0), before, "sendmsg");
	}
	err = zc_set_tls(c.tx);
	if (err)
		zc_skip("no kTLS: %s", strerror(-err));
	zc_log_ret(log, "ZC", zc_sendmsg(c.tx, buf, 5000, 0));
	zc_log_ret(log, "plain", send(c.tx, buf, 5000, 0));
	zc_rx_limit(&c, UINT64_MAX);
	/* 5 + 8 + 16 bytes for each record */
	zc_rx_wait(&c, before + 5029, 5000);
	zc_sleep_ms(50);
	zc_log(log, "received %llu", (unsigned long long)zc_rx_bytes(&c));
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_ids(log, c.tx, tail ? 1 : 0);
	zc_close(&c);
}

static void ktls(const void *arg)
{
	zc_compare(ktls_log, arg, "passed_proto");
}

/*
 * kTLS comes while a send is blocked in the middle of its message. It began as
 * a plain one, and the rest of it follows as such.
 */
static void ktls_mid_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 1 << 20,
	};
	struct sender s = { .len = ZC_MB(8) };
	int err;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, ZC_MB(1));
	s.buf = zc_alloc(s.len, 127);
	s.fd = c.tx;
	ZC_EQ(pthread_create(&s.thread, NULL, send_thread, &s), 0, "thread");
	ZC_CHECK(zc_rx_wait(&c, ZC_MB(1), 20000), "nothing arrives");
	ZC_CHECK(zc_wait_for(zc_blocked_in(__atomic_load_n(&s.tid,
							   __ATOMIC_ACQUIRE),
					   "sk_stream_wait_memory"), 10000),
		 "the sender never waits");
	err = zc_set_tls(c.tx);
	if (err) {
		zc_rx_limit(&c, UINT64_MAX);
		zc_skip("no kTLS: %s", strerror(-err));
	}
	zc_rx_limit(&c, UINT64_MAX);
	pthread_join(s.thread, NULL);
	errno = s.err;
	zc_log_ret(log, "ZC", s.ret);
	ZC_CHECK(zc_rx_wait(&c, s.ret, 20000), "bytes are missing");
	ZC_EQ(zc_rx_bytes(&c), s.ret, "bytes of the message");
	ZC_CHECK(zc_hash_val(&c.rx_hash) == zc_hash_buf(s.buf, s.ret),
		 "checksums differ");
	/* from here on it is kTLS: 5 + 8 + 16 bytes more */
	zc_log_ret(log, "ZC", zc_sendmsg(c.tx, s.buf, 5000, 0));
	zc_log_ret(log, "plain", send(c.tx, s.buf, 5000, 0));
	ZC_CHECK(zc_rx_wait(&c, s.ret + 5029, 10000), "no record");
	ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
	zc_log(log, "bytes %llu", (unsigned long long)zc_rx_bytes(&c));
	zc_log_ids(log, c.tx, 1);
	zc_close(&c);
}

static void ktls_mid(const void *arg)
{
	zc_compare(ktls_mid_log, arg, NULL);
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static void sockmap_log(struct zc_log *log, const void *arg)
{
	bool tail = *(const int *)arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 16 << 20,
	};
	char *buf = zc_alloc(ZC_MB(1), 121);
	union bpf_attr attr;
	struct zc_hash h;
	int map, key = 0;
	size_t total = 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_SOCKMAP;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = 1;
	map = bpf(BPF_MAP_CREATE, &attr);
	if (map < 0)
		zc_skip("no sockmap: %s", strerror(errno));
	zc_hash_init(&h);
	zc_open(&c);
	zc_rx_start(&c, 0);
	if (tail) {
		ZC_EQ(zc_sendmsg(c.tx, buf, ZC_MB(1), 0), ZC_MB(1), "sendmsg");
		zc_hash_add(&h, buf, ZC_MB(1));
		total = ZC_MB(1);
	}
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&c.tx;
	if (bpf(BPF_MAP_UPDATE_ELEM, &attr))
		zc_skip("sockmap takes no socket: %s", strerror(errno));
	zc_log_ret(log, "ZC", zc_sendmsg(c.tx, buf, 50000, 0));
	zc_log_ret(log, "ZC", zc_sendmsg(c.tx, buf, 500, 0));
	zc_log_ret(log, "plain", send(c.tx, buf, 5000, 0));
	zc_hash_add(&h, buf, 50000);
	zc_hash_add(&h, buf, 500);
	zc_hash_add(&h, buf, 5000);
	total += 55500;
	zc_rx_limit(&c, UINT64_MAX);
	zc_log_ids(log, c.tx, tail ? 3 : 2);
	zc_finish(&c, total, zc_hash_val(&h));
	close(map);
	zc_close(&c);
}

static void sockmap(const void *arg)
{
	zc_compare(sockmap_log, arg, "passed_proto");
}

static void mptcp_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .flags = ZC_C_MPTCP,
	};
	char *buf = zc_alloc(100000, 122);
	int one = 1;
	ssize_t n;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_log_ret(log, "SO_ZEROCOPY",
		   setsockopt(c.tx, SOL_SOCKET, SO_ZEROCOPY, &one,
			      sizeof(one)));
	n = zc_sendmsg(c.tx, buf, 100000, 0);
	zc_log_ret(log, "ZC", n);
	if (n > 0)
		zc_rx_wait(&c, n, 5000);
	zc_log(log, "received %llu", (unsigned long long)zc_rx_bytes(&c));
	zc_close(&c);
}

static void mptcp(const void *arg)
{
	zc_compare(mptcp_log, arg, "passed_proto");
}

static void raw_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_DGRAM };
	char *buf = zc_alloc(1000, 123);
	int fd, one = 1;

	(void)arg;
	zc_open(&c);
	fd = ZC_SYS(socket(AF_INET, SOCK_RAW, 8));	/* EGP */
	zc_log_ret(log, "SO_ZEROCOPY",
		   setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)));
	zc_log_ret(log, "ZC", sendto(fd, buf, 1000, MSG_ZEROCOPY,
				     (void *)&c.dst, c.dst_len));
	ZC_CHECK(zc_settle(fd, 5000), "does not settle");
	zc_log_notifs(log, fd);
	close(fd);
	zc_close(&c);
}

static void raw(const void *arg)
{
	zc_compare(raw_log, arg, "passed_proto");
}

static void repair_log(struct zc_log *log, const void *arg)
{
	static const char * const queue[] = { "none", "receive", "send" };
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	char *buf = zc_alloc(1000, 124);
	int i, q;

	(void)arg;
	zc_open(&c);
	if (setsockopt(c.tx, IPPROTO_TCP, TCP_REPAIR, &(int){ 1 }, 4))
		zc_skip("no TCP_REPAIR: %s", strerror(errno));
	for (i = 0; i < 3; i++) {
		q = i;
		zc_setopt(c.tx, IPPROTO_TCP, TCP_REPAIR_QUEUE, q);
		zc_log(log, "queue %s", queue[i]);
		zc_log_ret(log, "ZC", zc_sendmsg(c.tx, buf, 1000, 0));
	}
	zc_log_ret(log, "own receive queue", recv(c.tx, buf, 1000,
						  MSG_DONTWAIT));
	zc_setopt(c.tx, IPPROTO_TCP, TCP_REPAIR, -1);
	zc_log_ret(log, "next", zc_sendmsg(c.tx, buf, 1000, 0));
	zc_rx_start(&c, UINT64_MAX);
	zc_log(log, "all arrive: %d", zc_rx_wait(&c, 2000, 5000));
	zc_settle(c.tx, 5000);
	zc_log_notifs(log, c.tx);
	zc_close(&c);
}

static void repair(const void *arg)
{
	zc_compare(repair_log, arg, "passed_repair");
}

/* A control message that names a DMA-BUF: what the kernel says without us */
static void devmem_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	char control[CMSG_SPACE(4)] = {};
	char *buf = zc_alloc(1000, 125);
	struct iovec iov = { buf, 1000 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_DEVMEM_DMABUF_;
	cm->cmsg_len = CMSG_LEN(4);
	*(u32 *)CMSG_DATA(cm) = 12345;
	zc_log_ret(log, "no such binding", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	msg.msg_controllen = 0;
	zc_log_ret(log, "next", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	zc_settle(c.tx, 5000);
	zc_log_notifs(log, c.tx);
	zc_close(&c);
}

static void devmem(const void *arg)
{
	zc_compare(devmem_log, arg, "passed_devmem");
}

/* ---- the stock path right behind the layer's unsent tail ---- */

enum behind {
	B_FASTOPEN, B_SHUTDOWN, B_SHUTDOWN_OFF, B_REPAIR, B_NOSOCKOPT, B_PLAIN,
	B_DISABLED, B_ZERO,
};

/*
 * Rule 5: never mixed. Without care the stock path meets a foreign ubuf and
 * answers ENOBUFS. Small messages share the packet of the tail, large ones
 * start their own.
 */
static void behind_log(struct zc_log *log, const void *arg)
{
	enum behind what = *(const enum behind *)arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 16 << 20,
	};
	size_t len = ZC_MB(1) + 100, total, small = 200;
	char *buf = zc_alloc(len, 126);
	struct zc_counters before;
	unsigned int ids = 1;
	struct zc_hash h;
	ssize_t n;
	int i;

	zc_hash_init(&h);
	zc_open(&c);
	zc_rx_start(&c, 0);
	if (log->layer)
		zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
	ZC_CHECK(zc_outq(c.tx) > 0, "nothing is queued");
	zc_hash_add(&h, buf, len);
	total = len;
	for (i = 0; i < 3; i++) {
		switch (what) {
		case B_FASTOPEN:
			n = zc_sendmsg(c.tx, buf, small,
				       MSG_FASTOPEN | MSG_NOSIGNAL);
			ids += n > 0;
			break;
		case B_SHUTDOWN_OFF:
			if (log->layer)
				zc_set_enabled(ZC_NS_A, 0);
			fallthrough;
		case B_SHUTDOWN:
			shutdown(c.tx, SHUT_WR);
			n = zc_sendmsg(c.tx, buf, small, MSG_NOSIGNAL);
			ids += n > 0;
			break;
		case B_REPAIR:
			if (setsockopt(c.tx, IPPROTO_TCP, TCP_REPAIR,
				       &(int){ 1 }, 4))
				zc_skip("no TCP_REPAIR");
			n = zc_sendmsg(c.tx, buf, small, 0);
			ids += n > 0;
			zc_setopt(c.tx, IPPROTO_TCP, TCP_REPAIR, -1);
			break;
		case B_NOSOCKOPT:
			zc_setopt(c.tx, SOL_SOCKET, SO_ZEROCOPY, 0);
			n = zc_sendmsg(c.tx, buf, small, 0);
			break;
		case B_PLAIN:
			n = send(c.tx, buf, small, 0);
			break;
		case B_DISABLED:
			if (log->layer)
				zc_set_enabled(ZC_NS_A, i & 1);
			n = zc_sendmsg(c.tx, buf, small, 0);
			ids += n > 0;
			break;
		case B_ZERO:
			n = zc_sendmsg(c.tx, buf, 0, 0);
			break;
		default:
			zc_fail("no such case");
		}
		zc_log_ret(log, "behind", n);
		if (n > 0) {
			zc_hash_add(&h, buf, n);
			total += n;
		}
	}
	/* it stays with the layer until its tail is sent: nothing to copy */
	if (what == B_DISABLED && log->layer)
		ZC_EQ(zc_delta(&before, "copied_private"), 0, "copied_private");
	zc_rx_limit(&c, UINT64_MAX);
	zc_log_ids(log, c.tx, ids);
	zc_finish(&c, total, zc_hash_val(&h));
	zc_close(&c);
}

static void behind(const void *arg)
{
	zc_compare(behind_log, arg, NULL);
}

static const int yes = 1, no;
static const int stream = SOCK_STREAM, dgram = SOCK_DGRAM;
static const struct corked ck4 = { AF_INET, false, false };
static const struct corked ck6 = { AF_INET6, false, false };
static const struct corked mr4 = { AF_INET, true, false };
static const struct corked mr6 = { AF_INET6, true, false };
static const struct corked mr4p = { AF_INET, true, true };
static const enum behind b_fastopen = B_FASTOPEN, b_shutdown = B_SHUTDOWN,
	b_shutdown_off = B_SHUTDOWN_OFF, b_repair = B_REPAIR,
	b_nosockopt = B_NOSOCKOPT, b_plain = B_PLAIN, b_disabled = B_DISABLED,
	b_zero = B_ZERO;

static const struct zc_case cases[] = {
	{ "nosockopt_tcp", nosockopt, &stream, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "nosockopt_udp", nosockopt, &dgram, ZC_F_PAIR, 0 },
	{ "disabled_tcp", disabled, &stream, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "disabled_udp", disabled, &dgram, ZC_F_PAIR, 0 },
	{ "length_tcp", length, &stream, ZC_F_PAIR, 0 },
	{ "length_udp", length, &dgram, ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "tcp_states", states, NULL, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "tcp_connecting", connecting, NULL, ZC_F_PAIR, 0 },
	{ "fastopen", fastopen, &no, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "fastopen_connect", fastopen, &yes, ZC_F_PAIR, 0 },
	{ "udp_cork", corked, &ck4, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "udp6_cork", corked, &ck6, ZC_F_PAIR, 0 },
	{ "udp_more", corked, &mr4, ZC_F_PAIR, 0 },
	{ "udp6_more", corked, &mr6, ZC_F_PAIR, 0 },
	{ "udp_more_behind_plain", corked, &mr4p, ZC_F_PAIR, 0 },
	{ "uring_send_zc_tcp", send_zc, &stream, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "uring_send_zc_udp", send_zc, &dgram, ZC_F_PAIR, 0 },
	{ "splice_sendfile", splice_between, &no, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "splice_sendfile_corked", splice_between, &yes, ZC_F_PAIR, 0 },
	{ "ktls", ktls, &no, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "ktls_behind_tail", ktls, &yes, ZC_F_PAIR, 0 },
	{ "ktls_mid_message", ktls_mid, NULL, ZC_F_PAIR, 0 },
	{ "sockmap", sockmap, &no, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "sockmap_behind_tail", sockmap, &yes, ZC_F_PAIR, 0 },
	{ "mptcp", mptcp, NULL, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "raw", raw, NULL, ZC_F_PAIR, 0 },
	{ "tcp_repair", repair, NULL, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "devmem_cmsg", devmem, NULL, ZC_F_PAIR, 0 },
	{ "behind_tail_fastopen", behind, &b_fastopen, ZC_F_PAIR, 0 },
	{ "behind_tail_shutdown", behind, &b_shutdown,
	  ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "behind_tail_shutdown_disabled", behind, &b_shutdown_off,
	  ZC_F_PAIR, 0 },
	{ "behind_tail_repair", behind, &b_repair, ZC_F_PAIR, 0 },
	{ "behind_tail_nosockopt", behind, &b_nosockopt, ZC_F_PAIR, 0 },
	{ "behind_tail_plain", behind, &b_plain, ZC_F_PAIR, 0 },
	{ "behind_tail_disabled", behind, &b_disabled,
	  ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "behind_tail_length_0", behind, &b_zero, ZC_F_PAIR, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "pass", cases, ZC_ARRAY_SIZE(cases));
}
