// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 6: sockets that a receiver has. They can be left to recv() again, in order;
 * a listener's children come along, or decline; whoever owns a socket otherwise
 * keeps it; what was received is sent on from where it lies.
 */
#include "zc_rx.h"

#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifndef TCP_ULP
#define TCP_ULP 31
#endif

/* ---- detaching ---- */

/* To and fro: by the receiver, by recv(), by the receiver; the order is kept. */
static void detach(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 18);
	size_t len = zc_scale(ZC_MB(6), ZC_MB(2)), done = 0;
	char *buf = zc_alloc(len, 625);
	struct zerocopy_rx_query q;
	struct zc_feed f = {};
	struct zrx_sock *s;
	struct zc_hash h;
	struct zrx r;
	unsigned int i;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 4096);
	zc_open(&c);
	zc_hash_init(&h);
	zc_feed(&f, c.tx, buf, len);
	for (i = 0; done < len; i++) {
		size_t want = 1 + i * 31337 % 200000;

		if (want > len - done)
			want = len - done;
		if (i & 1) {
			zrx_recv(c.rx, &h, want);
			done += want;
			continue;
		}
		s = zrx_attach(&r, c.rx);
		s->hash = h;
		s->bytes = 0;
		while (s->bytes < want)
			ZC_CHECK(zrx_wait(&r, 20000) > 0, "nothing comes");
		zrx_detach(&r, c.rx);
		ZC_EQ(zrx_ioctl_detach(r.fd, c.rx), -ENOENT, "DETACH again");
		ZC_EQ(zrx_ioctl_query(r.fd, c.rx, &q), -ENOENT,
		      "QUERY of a socket that was left");
		ZC_EQ(zrx_ioctl_recv(r.fd, 0, ZEROCOPY_RX_DONTWAIT), -EAGAIN,
		      "RECV without a socket");
		h = s->hash;
		done += s->bytes;
		s->bytes = 0;
	}
	zc_feed_join(&f);
	ZC_CHECK(zc_hash_val(&h) == zc_hash_buf(buf, len),
		 "the checksums of the two ends differ");
	zc_note("detached %u times", i / 2);
	zrx_close(&r);
	zc_close(&c);
}

/* It is still ours to be attached again: by another receiver, by nobody else. */
static void detach_other(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	struct zrx r, other;
	struct zrx_sock *s;
	char ch = 0;

	(void)arg;
	zrx_make(&r, ZC_KB(64), 0);
	zrx_make(&other, ZC_KB(64), 0);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	ZC_EQ(send(c.tx, "x", 1, 0), 1, "send");
	zrx_until(&r, s, 1);
	zrx_detach(&r, c.rx);
	ZC_CHECK(setsockopt(c.rx, IPPROTO_TCP, TCP_ULP, "zerocopy_rx", 12) &&
		 (errno == EEXIST || errno == EINVAL), "TCP_ULP by hand: %s",
		 strerror(errno));
	zrx_close(&r);
	ZC_EQ(send(c.tx, "y", 1, 0), 1, "send");
	ZC_EQ(recv(c.rx, &ch, 1, 0), 1, "recv");
	ZC_EQ(ch, 'y', "what came");
	s = zrx_attach(&other, c.rx);
	ZC_EQ(send(c.tx, "z", 1, 0), 1, "send");
	zrx_until(&other, s, 1);
	zrx_close(&other);
	zc_close(&c);
}

/* A receiver that is closed leaves its sockets to recv(). */
static void closed(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.rcvbuf = 1 << 20);
	size_t len = ZC_KB(200);
	char *buf = zc_alloc(len, 626);
	struct zrx_sock *s;
	struct zc_hash h;
	struct zrx r;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 4096);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zc_send_all(c.tx, buf, len / 2);
	while (s->bytes < 10000) {
		int n = zrx_pull(&r, 1);

		ZC_CHECK(n > 0 || n == -EAGAIN, "RECV: %s", strerror(-n));
	}
	h = s->hash;
	len -= s->bytes;
	zc_send_all(c.tx, buf + ZC_KB(100), ZC_KB(100));
	zrx_close(&r);
	zrx_recv(c.rx, &h, len);
	ZC_CHECK(zc_hash_val(&h) == zc_hash_buf(buf, ZC_KB(200)),
		 "the checksums of the two ends differ");
	zc_close(&c);
}

/* ---- listeners ---- */

/*
 * What a listener accepts is attached: NEW, the data, the end. One child declines,
 * one is accepted late, one never.
 */
static void children(const void *arg)
{
	enum { NR = 6, DECLINES = 2, LATE = 4, NEVER = 5 };
	int lfd, tx[NR], rx[NR] = { -1, -1, -1, -1, -1, -1 };
	size_t len = ZC_KB(40);
	char *buf = zc_alloc(NR * len, 628);
	struct zrx_sock *s;
	struct sockaddr_in a;
	struct zc_hash h;
	struct zrx r;
	u64 cookie, parent = 0;
	unsigned int i;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 4096);
	lfd = zrx_listener(&a);
	ZC_EQ(zrx_ioctl_attach(r.fd, lfd, ZEROCOPY_RX_CHILDREN, &parent), 0,
	      "ATTACH of a listener");
	ZC_CHECK(parent == zc_cookie(lfd), "the listener's cookie");
	for (i = 0; i < NR; i++) {
		tx[i] = zrx_dial(&a);
		if (i < LATE)
			rx[i] = ZC_SYS(accept(lfd, NULL, NULL));
		if (i == DECLINES) {
			zrx_detach(&r, rx[i]);
			zc_send_all(tx[i], buf + i * len, len);
			zc_hash_init(&h);
			zrx_recv(rx[i], &h, len);
			ZC_CHECK(zc_hash_val(&h) == zc_hash_buf(buf + i * len,
								len),
				 "what recv() gets differs");
			continue;
		}
		zc_send_all(tx[i], buf + i * len, len);
		shutdown(tx[i], SHUT_WR);
	}
	/* everybody's data, who was accepted */
	for (i = 0; i < LATE; i++) {
		if (i == DECLINES)
			continue;
		cookie = zc_cookie(rx[i]);
		s = zrx_sock(&r, cookie);
		zrx_until_eof(&r, s);
		ZC_CHECK(s->is_new && s->parent == parent,
			 "child %u was not announced", i);
		zrx_same(s, buf + i * len, len);
	}
	rx[LATE] = ZC_SYS(accept(lfd, NULL, NULL));
	s = zrx_sock(&r, zc_cookie(rx[LATE]));
	zrx_until_eof(&r, s);
	ZC_CHECK(s->is_new && s->parent == parent, "the late child is not new");
	zrx_same(s, buf + LATE * len, len);
	/* children stay when the listener is left, new ones are nobody's */
	zrx_detach(&r, lfd);
	close(tx[0]);
	close(rx[0]);
	tx[0] = zrx_dial(&a);
	zc_send_all(tx[0], buf, len);
	/* the one that was never accepted comes first */
	rx[NEVER] = ZC_SYS(accept(lfd, NULL, NULL));
	rx[0] = ZC_SYS(accept(lfd, NULL, NULL));
	zc_hash_init(&h);
	zrx_recv(rx[0], &h, len);
	ZC_CHECK(zc_hash_val(&h) == zc_hash_buf(buf, len),
		 "a child of a listener that was left");
	close(lfd);
	for (i = 0; i < NR; i++) {
		close(tx[i]);
		close(rx[i]);
	}
	zrx_close(&r);
}

/* Listener and receiver go away with children that nobody has accepted. */
static void listener_closed(const void *arg)
{
	const int *receiver_first = arg;
	struct sockaddr_in a;
	struct zrx r;
	int lfd, tx[4], i;

	zrx_make(&r, ZC_MB(1), 4096);
	lfd = zrx_listener(&a);
	ZC_EQ(zrx_ioctl_attach(r.fd, lfd, ZEROCOPY_RX_CHILDREN, NULL), 0,
	      "ATTACH of a listener");
	for (i = 0; i < 4; i++) {
		tx[i] = zrx_dial(&a);
		zc_send_all(tx[i], "hello", 5);
	}
	if (*receiver_first) {
		char buf[5];
		int rx;

		zrx_close(&r);
		rx = ZC_SYS(accept(lfd, NULL, NULL));
		ZC_EQ(recv(rx, buf, 5, MSG_WAITALL), 5, "recv");
		ZC_CHECK(!memcmp(buf, "hello", 5), "what came");
		close(rx);
		close(lfd);
	} else {
		close(lfd);
		while (zrx_pull(&r, 0) > 0)
			;
		zrx_close(&r);
	}
	for (i = 0; i < 4; i++)
		close(tx[i]);
}

/* ---- other owners of a socket ---- */

static void owners(const void *arg)
{
	struct zc_conn c = ZRX_TCP(), d = ZRX_TCP(), tls = ZRX_TCP(), map_c = ZRX_TCP();
	union bpf_attr attr;
	struct zrx r, other;
	char ulp[16] = "";
	socklen_t n = sizeof(ulp);
	int err, map, key = 0;
	char ch;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 0);
	zrx_make(&other, ZC_MB(1), 0);
	zc_open(&c);
	zrx_attach(&r, c.rx);
	ZC_EQ(zrx_ioctl_attach(r.fd, c.rx, 0, NULL), -EBUSY, "twice");
	ZC_EQ(zrx_ioctl_attach(other.fd, c.rx, 0, NULL), -EBUSY,
	      "a second receiver");
	ZC_EQ(zrx_ioctl_detach(other.fd, c.rx), -ENOENT,
	      "DETACH by somebody else");
	ZC_SYS(getsockopt(c.rx, IPPROTO_TCP, TCP_ULP, ulp, &n));
	ZC_CHECK(!strcmp(ulp, "zerocopy_rx"), "TCP_ULP is '%s'", ulp);
	/* in both directions, on one socket */
	zrx_attach(&other, c.tx);

	/* kTLS on top, and underneath */
	if (!setsockopt(c.rx, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
		zc_fail("kTLS takes a socket that is attached");
	zc_open(&tls);
	err = zc_set_tls_rx(tls.rx);
	if (!err)
		ZC_EQ(zrx_ioctl_attach(r.fd, tls.rx, 0, NULL), -EBUSY,
		      "ATTACH of a kTLS socket");
	else
		zc_note("no kTLS: %s", strerror(-err));

	/* sockmap, likewise */
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_SOCKMAP;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = 1;
	map = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (map < 0) {
		zc_note("no sockmap: %s", strerror(errno));
	} else {
		zc_open(&map_c);
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = map;
		attr.key = (uintptr_t)&key;
		attr.value = (uintptr_t)&c.rx;
		err = syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr,
			      sizeof(attr));
		zc_note("sockmap and a socket that is attached: %s",
			err ? zc_errname(errno) : "taken");
		attr.value = (uintptr_t)&map_c.rx;
		err = syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr,
			      sizeof(attr));
		if (!err)
			ZC_EQ(zrx_ioctl_attach(r.fd, map_c.rx, 0, NULL),
			      -EBUSY, "ATTACH of a socket in a sockmap");
		close(map);
	}

	/* none of that did any harm */
	zrx_detach(&other, c.tx);
	ZC_EQ(send(c.tx, "x", 1, 0), 1, "send");
	zrx_until(&r, zrx_sock(&r, zc_cookie(c.rx)), 1);
	zrx_detach(&r, c.rx);
	ZC_EQ(send(c.tx, "x", 1, 0), 1, "send");
	ZC_EQ(recv(c.rx, &ch, 1, 0), 1, "recv");
	d.flags |= ZC_C_MPTCP;
	d.tx = socket(AF_INET, SOCK_STREAM, 262);
	if (d.tx >= 0) {
		ZC_EQ(zrx_ioctl_attach(r.fd, d.tx, 0, NULL), -EOPNOTSUPP,
		      "ATTACH of MPTCP");
		close(d.tx);
	}
	zc_close(&c);
	if (map >= 0)
		zc_close(&map_c);
	zc_close(&tls);
	zrx_close(&r);
	zrx_close(&other);
}

/* ---- sending what was received ---- */

/*
 * A proxy: from one connection into an area, out of that area to the next with
 * MSG_ZEROCOPY, and a token goes back when its send is complete.
 */
struct proxy {
	int out;
	u32 next, index[65536], token[65536];
	u64 bytes, wrong;
};

static void proxy_each(struct zrx *r, const struct zerocopy_rx_frag *f)
{
	struct proxy *p = r->arg;
	const char *at;
	size_t done = 0;

	zrx_count(r, f);
	if (!f->length)
		return;
	at = zrx_data(r, f);
	/* one call for a fragment: a call that takes less goes on with another id */
	while (done < f->length) {
		ssize_t n = zc_sendmsg(p->out, at + done, f->length - done,
				       MSG_NOSIGNAL);

		ZC_CHECK(n > 0, "sendmsg: %s", strerror(errno));
		done += n;
		ZC_CHECK(p->next < 65536, "too many sends");
		p->index[p->next] = f->index;
		/* the last one gives it back */
		p->token[p->next++] = done == f->length ? f->token : UINT32_MAX;
	}
	p->bytes += f->length;
}

static void proxy(const void *arg)
{
	const enum zc_link *link = arg;
	struct zc_conn in = ZRX_TCP(), out = { .family = AF_INET,
		.type = SOCK_STREAM, .link = *link, .sndbuf = 1 << 20 };
	size_t len = zc_scale(ZC_MB(12), ZC_MB(2));
	char *buf = zc_alloc(len, 629);
	static struct proxy p;
	struct zc_feed f = { .fin = true };
	struct zc_counters before;
	struct zrx_sock *s;
	struct zc_notif id;
	struct zrx r;
	u32 back = 0;
	void *mem;

	zrx_open(&r, 0, 0, -1);
	mem = mmap(NULL, ZC_MB(1), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ZC_CHECK(mem != MAP_FAILED, "mmap");
	zrx_area_at(&r, mem, ZC_MB(1), 65536, true);
	zc_open(&in);
	zc_open(&out);
	zc_rx_start(&out, UINT64_MAX);
	s = zrx_attach(&r, in.rx);
	p.out = out.tx;
	r.each = proxy_each;
	r.arg = &p;
	zc_counters_read(ZC_NS_A, &before);
	zc_feed(&f, in.tx, buf, len);
	while (!s->eofs || back < p.next) {
		int n = zrx_wait(&r, back < p.next ? 5 : 10000);

		/* all of it is out: notifications are what brings it on */
		ZC_CHECK(n > 0 || n == -ENOBUFS || n == -ETIMEDOUT,
			 "RECV: %s", strerror(-n));
		while (zc_notif_read(out.tx, &id))
			for (; back != id.hi + 1; back++)
				if (p.token[back] != UINT32_MAX)
					zrx_put(&r, p.index[back],
						p.token[back]);
	}
	zc_feed_join(&f);
	zrx_same(s, buf, len);
	zc_finish(&out, len, zc_hash_buf(buf, len));
	ZC_EQ(zc_delta(&before, "area_bytes"), len, "sent out of the area");
	zc_note("%u sends for %llu fragments", p.next,
		(unsigned long long)s->frags);
	zc_settle(out.tx, 5000);
	zrx_close(&r);
	zc_close(&in);
	zc_close(&out);
}

/* A socket that is attached sends as it did, MSG_ZEROCOPY and all. */
static void sends_too(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.link = ZC_LINK_PAIR);
	char *buf = zc_alloc(ZC_MB(1), 630);
	struct zc_counters before;
	struct zc_feed f = {};
	struct zrx_sock *s;
	struct zrx r;

	(void)arg;
	zrx_make(&r, ZC_MB(1), 0);
	zc_open(&c);
	/* the sender's side is the one that is attached */
	s = zrx_attach(&r, c.tx);
	zc_setopt(c.tx, SOL_SOCKET, SO_ZEROCOPY, 1);
	zc_counters_read(ZC_NS_A, &before);
	zc_rx_start(&c, ZC_MB(1));
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_MB(1), 0), ZC_MB(1), "sendmsg");
	zc_notif_expect(c.tx, 1);
	ZC_CHECK(zc_rx_wait(&c, ZC_MB(1), 10000), "bytes are missing");
	zc_only_tiny_copies(&before);
	ZC_EQ(zc_delta(&before, "sends"), 1, "sends of the layer");
	zc_feed(&f, c.rx, buf, ZC_MB(1));
	zrx_until(&r, s, ZC_MB(1));
	zrx_same(s, buf, ZC_MB(1));
	zc_feed_join(&f);
	zrx_detach(&r, c.tx);
	/* and after that, too */
	zc_rx_limit(&c, ZC_MB(2));
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_MB(1), 0), ZC_MB(1), "sendmsg");
	ZC_EQ(zc_delta(&before, "sends"), 2, "sends of the layer");
	zc_settle(c.tx, 10000);
	zc_close(&c);
	zrx_close(&r);
}

static int send_zc(struct zc_uring *u, int fd, const void *p, size_t len)
{
	struct io_uring_sqe *sqe = zc_uring_sqe(u);
	struct io_uring_cqe cqe;
	int err, res;

	sqe->opcode = IORING_OP_SEND_ZC;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)p;
	sqe->len = len;
	err = zc_uring_submit(u, 1);
	ZC_CHECK(err >= 0, "submit: %s", strerror(-err));
	ZC_EQ(zc_uring_cqe(u, &cqe), 0, "completion");
	res = cqe.res;
	if (cqe.flags & IORING_CQE_F_MORE)
		ZC_EQ(zc_uring_cqe(u, &cqe), 0, "notification");
	return res;
}

/* io_uring's own zero copy asks the socket whether it may: it still says yes. */
static void send_zc_too(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	char *buf = zc_alloc(ZC_KB(64), 632);
	struct zc_uring u;
	struct zrx r;
	int err;

	(void)arg;
	err = zc_uring_init(&u, 4);
	if (err)
		zc_skip("no io_uring: %s", strerror(-err));
	zrx_make(&r, ZC_KB(64), 0);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	err = send_zc(&u, c.tx, buf, 1000);
	if (err != 1000)
		zc_skip("no SEND_ZC: %s", strerror(-err));
	zrx_attach(&r, c.tx);
	ZC_EQ(send_zc(&u, c.tx, buf, ZC_KB(64)), ZC_KB(64),
	      "SEND_ZC of a socket that is attached");
	zrx_detach(&r, c.tx);
	ZC_EQ(send_zc(&u, c.tx, buf, ZC_KB(64)), ZC_KB(64),
	      "SEND_ZC of a socket that was left");
	ZC_CHECK(zc_rx_wait(&c, 1000 + 2 * ZC_KB(64), 10000), "lost");
	close(u.fd);
	zc_close(&c);
	zrx_close(&r);
}

static const enum zc_link pair = ZC_LINK_PAIR, lo = ZC_LINK_LO;
static const int no, yes = 1;

static const struct zc_case cases[] = {
	{ "detach", detach, NULL, ZC_F_SHORT, 0 },
	{ "detach_other", detach_other, NULL, 0, 0 },
	{ "closed", closed, NULL, 0, 0 },
	{ "listener", children, NULL, ZC_F_SHORT, 0 },
	{ "listener_closed", listener_closed, &no, 0, 0 },
	{ "listener_outlives", listener_closed, &yes, 0, 0 },
	{ "owners", owners, NULL, ZC_F_SHORT, 0 },
	{ "proxy_lo", proxy, &lo, 0, 0 },
	{ "proxy", proxy, &pair, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "sends_too", sends_too, NULL, ZC_F_PAIR, 0 },
	{ "send_zc_too", send_zc_too, NULL, 0, 0 },
};

int main(int argc, char **argv)
{
	return zrx_main(argc, argv, "rx_socket", cases, ZC_ARRAY_SIZE(cases));
}
