// SPDX-License-Identifier: GPL-2.0
/*
 * S1.5, issue 2 "TCP and UDP, IPv4 and IPv6, connected or not, sendmsg,
 * sendto, send, write, io_uring SEND, sendmmsg": the bytes arrive, nothing
 * is copied, each call gets its id.
 */
#include "zc_test.h"

#include <linux/io_uring.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/time.h>

enum call {
	C_SENDMSG, C_SENDTO, C_SEND, C_SENDMMSG, C_URING_SEND, C_URING_SENDMSG,
};

struct basic {
	int family, type;
	unsigned int flags;
	enum call call;
};

#define ROUNDS 8

static ssize_t one_call(struct zc_conn *c, enum call call, struct zc_uring *u,
			char *buf, size_t len)
{
	bool named = c->flags & ZC_C_UNCONN;
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = named ? &c->dst : NULL,
		.msg_namelen = named ? c->dst_len : 0,
	};
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe;

	switch (call) {
	case C_SENDMSG:
		return sendmsg(c->tx, &msg, MSG_ZEROCOPY);
	case C_SENDTO:
		return sendto(c->tx, buf, len, MSG_ZEROCOPY, msg.msg_name,
			      msg.msg_namelen);
	case C_SEND:
		return send(c->tx, buf, len, MSG_ZEROCOPY);
	case C_URING_SEND:
	case C_URING_SENDMSG:
		sqe = zc_uring_sqe(u);
		sqe->opcode = call == C_URING_SEND ? IORING_OP_SEND :
						     IORING_OP_SENDMSG;
		sqe->fd = c->tx;
		sqe->addr = call == C_URING_SEND ? (uintptr_t)buf :
						   (uintptr_t)&msg;
		sqe->len = call == C_URING_SEND ? len : 1;
		sqe->msg_flags = MSG_ZEROCOPY | MSG_WAITALL;
		ZC_EQ(zc_uring_submit(u, 1), 1, "io_uring_enter");
		ZC_EQ(zc_uring_cqe(u, &cqe), 0, "io_uring_enter");
		ZC_CHECK(!(cqe.flags & IORING_CQE_F_NOTIF), "CQE_F_NOTIF");
		if (cqe.res < 0) {
			errno = -cqe.res;
			return -1;
		}
		return cqe.res;
	default:
		zc_fail("no such call");
	}
}

/* All the messages with one sendmmsg() */
static void mmsg_call(struct zc_conn *c, char *buf, size_t len)
{
	struct mmsghdr mm[ROUNDS] = {};
	struct iovec iov[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		iov[i].iov_base = buf + i * len;
		iov[i].iov_len = len;
		mm[i].msg_hdr.msg_iov = &iov[i];
		mm[i].msg_hdr.msg_iovlen = 1;
		if (c->flags & ZC_C_UNCONN) {
			mm[i].msg_hdr.msg_name = &c->dst;
			mm[i].msg_hdr.msg_namelen = c->dst_len;
		}
	}
	ZC_EQ(sendmmsg(c->tx, mm, ROUNDS, MSG_ZEROCOPY), ROUNDS, "sendmmsg");
	for (i = 0; i < ROUNDS; i++)
		ZC_EQ(mm[i].msg_len, len, "msg_len");
}

static void basic(const void *arg)
{
	const struct basic *b = arg;
	/*
	 * A datagram larger than the MTU would be copied, stock or not, and so
	 * would a last segment of a few bytes: the driver copies 128.
	 */
	size_t len = b->type == SOCK_STREAM ? 40500 : 1301;
	struct zc_conn c = {
		.family = b->family, .type = b->type, .flags = b->flags,
		.rcvbuf = 1 << 21,
	};
	struct zc_counters before;
	struct zc_uring u;
	char *buf;
	int i, err;

	buf = zc_alloc(len * ROUNDS, 1);
	if (b->call == C_URING_SEND || b->call == C_URING_SENDMSG) {
		/* else each retry of a short send takes an id of its own */
		c.sndbuf = 8 << 20;
		err = zc_uring_init(&u, 4);
		if (err)
			zc_skip("io_uring_setup: %s", strerror(-err));
	}
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	if (b->call == C_SENDMMSG)
		mmsg_call(&c, buf, len);
	else
		for (i = 0; i < ROUNDS; i++)
			ZC_EQ(one_call(&c, b->call, &u, buf + i * len, len),
			      len, "send");
	zc_notif_expect(c.tx, ROUNDS);
	zc_finish(&c, len * ROUNDS, zc_hash_buf(buf, len * ROUNDS));
	if (b->type == SOCK_DGRAM)
		ZC_EQ(c.rx_packets, ROUNDS, "datagrams");
	ZC_LAYER_EQ(zc_delta(&before, "sends"), ROUNDS, "sends");
	ZC_LAYER_EQ(zc_delta(&before, "bytes"), len * ROUNDS, "bytes");
	ZC_LAYER(zc_delta(&before, "loans") >= ROUNDS, "fewer loans than sends");
	zc_no_copies(&before);
	ZC_LAYER_EQ(zc_delta_prefix(&before, "passed_"), 0, "pass-throughs");
	zc_close(&c);
}

/*
 * Every call that does not say MSG_ZEROCOPY stays what it was, also on a
 * socket with SO_ZEROCOPY, and takes no id.
 */
static void plain(const void *arg)
{
	int type = *(const int *)arg;
	struct zc_conn c = { .family = AF_INET, .type = type };
	size_t len = 1201;
	struct zc_counters before;
	struct iovec iov[2];
	char *buf = zc_alloc(len * 5, 2);

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(write(c.tx, buf, len), len, "write");
	iov[0] = (struct iovec){ buf + len, 600 };
	iov[1] = (struct iovec){ buf + len + 600, len - 600 };
	ZC_EQ(writev(c.tx, iov, 2), len, "writev");
	ZC_EQ(send(c.tx, buf + 2 * len, len, 0), len, "send");
	ZC_EQ(sendto(c.tx, buf + 3 * len, len, 0, NULL, 0), len, "sendto");
	ZC_LAYER_EQ(zc_delta(&before, "sends"), 0, "sends");
	ZC_LAYER_EQ(zc_delta(&before, "loans"), 0, "loans");
	ZC_LAYER_EQ(zc_delta_prefix(&before, "passed_"), 0, "pass-throughs");
	zc_settle(c.tx, 5000);
	zc_notif_none(c.tx);
	/* and the first id is still 0 */
	ZC_EQ(zc_sendmsg(c.tx, buf + 4 * len, len, 0), len, "sendmsg");
	zc_notif_expect(c.tx, 1);
	zc_finish(&c, len * 5, zc_hash_buf(buf, len * 5));
	zc_close(&c);
}

/* Segmentation offload for datagrams: one send of many, nothing copied */
static void udp_gso(const void *arg)
{
	bool cmsg = *(const int *)arg;
	const size_t seg = 1200, len = 50 * 1200;
	char control[CMSG_SPACE(sizeof(u16))] = {};
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_DGRAM, .rcvbuf = 4 << 20,
	};
	char *buf = zc_alloc(len, 3);
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct zc_counters before;
	struct cmsghdr *cm;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	if (cmsg) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = IPPROTO_UDP;
		cm->cmsg_type = UDP_SEGMENT;
		cm->cmsg_len = CMSG_LEN(sizeof(u16));
		*(u16 *)CMSG_DATA(cm) = seg;
	} else {
		zc_setopt(c.tx, IPPROTO_UDP, UDP_SEGMENT, seg);
	}
	zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(sendmsg(c.tx, &msg, MSG_ZEROCOPY), len, "sendmsg");
	zc_notif_expect(c.tx, 1);
	zc_finish(&c, len, zc_hash_buf(buf, len));
	ZC_EQ(c.rx_packets, 50, "datagrams");
	ZC_LAYER_EQ(zc_delta(&before, "sends"), 1, "sends");
	zc_no_copies(&before);
	zc_close(&c);
}

/* One unconnected socket, several receivers, each gets its own */
static void udp_many_peers(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_DGRAM, .flags = ZC_C_UNCONN,
	};
	struct zc_conn peer[4];
	const size_t len = 1000;
	char *buf = zc_alloc(len * 16, 4);
	int i;

	(void)arg;
	zc_open(&c);
	for (i = 0; i < 4; i++) {
		peer[i] = c;
		peer[i].running = false;
		zc_open(&peer[i]);
		zc_rx_start(&peer[i], UINT64_MAX);
	}
	for (i = 0; i < 16; i++)
		ZC_EQ(sendto(c.tx, buf + i * len, len, MSG_ZEROCOPY,
			     (void *)&peer[i % 4].dst, c.dst_len), len,
		      "sendto");
	zc_notif_expect(c.tx, 16);
	for (i = 0; i < 4; i++) {
		struct zc_hash h;
		int j;

		zc_hash_init(&h);
		for (j = i; j < 16; j += 4)
			zc_hash_add(&h, buf + j * len, len);
		zc_finish(&peer[i], 4 * len, zc_hash_val(&h));
		zc_close(&peer[i]);
	}
	zc_close(&c);
}

/* The layer must not change what a receiver on the same socket sees */
static void duplex(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	const size_t len = ZC_MB(1);
	char *buf = zc_alloc(len, 5), *back = malloc(len);
	size_t got = 0;
	ssize_t n;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_setopt(c.rx, SOL_SOCKET, SO_ZEROCOPY, 1);
	zc_setopt(c.rx, SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20);
	ZC_EQ(zc_sendmsg(c.rx, buf, 300000, 0), 300000, "answer");
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "send");
	while (got < 300000) {
		n = recv(c.tx, back + got, len - got, 0);
		ZC_CHECK(n > 0, "recv: %s", strerror(errno));
		got += n;
	}
	ZC_CHECK(!memcmp(buf, back, 300000), "the answer is damaged");
	zc_notif_expect(c.tx, 1);
	zc_notif_expect(c.rx, 1);
	zc_finish(&c, len, zc_hash_buf(buf, len));
	zc_close(&c);
}

static const int yes = 1, no;
static const int stream = SOCK_STREAM, dgram = SOCK_DGRAM;

static const struct zc_case others[] = {
	{ "tcp_plain_calls", plain, &stream, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "udp_plain_calls", plain, &dgram, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "udp_gso", udp_gso, &no, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "udp_gso_cmsg", udp_gso, &yes, ZC_F_PAIR, 0 },
	{ "udp_many_peers", udp_many_peers, NULL, ZC_F_PAIR, 0 },
	{ "tcp_duplex", duplex, NULL, ZC_F_PAIR, 0 },
};

/* Every kind of socket by every kind of call; the short run takes a few */
static const struct {
	const char *name;
	int family, type;
	unsigned int flags;
	bool core;
} kinds[] = {
	{ "tcp4", AF_INET, SOCK_STREAM, 0, true },
	{ "tcp6", AF_INET6, SOCK_STREAM, 0, false },
	{ "tcp_mapped", AF_INET6, SOCK_STREAM, ZC_C_MAPPED, false },
	{ "udp4", AF_INET, SOCK_DGRAM, 0, true },
	{ "udp6", AF_INET6, SOCK_DGRAM, 0, false },
	{ "udp_mapped", AF_INET6, SOCK_DGRAM, ZC_C_MAPPED, false },
	{ "udp4_unconn", AF_INET, SOCK_DGRAM, ZC_C_UNCONN, false },
	{ "udp6_unconn", AF_INET6, SOCK_DGRAM, ZC_C_UNCONN, false },
	{ "udp_mapped_unconn", AF_INET6, SOCK_DGRAM,
	  ZC_C_UNCONN | ZC_C_MAPPED, false },
};

static const char * const calls[] = {
	[C_SENDMSG] = "sendmsg",
	[C_SENDTO] = "sendto",
	[C_SEND] = "send",
	[C_SENDMMSG] = "sendmmsg",
	[C_URING_SEND] = "uring_send",
	[C_URING_SENDMSG] = "uring_sendmsg",
};

#define MATRIX	(ZC_ARRAY_SIZE(kinds) * ZC_ARRAY_SIZE(calls))

int main(int argc, char **argv)
{
	static struct zc_case cases[MATRIX + ZC_ARRAY_SIZE(others)];
	static struct basic args[MATRIX];
	static char names[MATRIX][40];
	size_t k, n = 0;
	unsigned int call;

	for (k = 0; k < ZC_ARRAY_SIZE(kinds); k++) {
		for (call = 0; call < ZC_ARRAY_SIZE(calls); call++) {
			/* these two cannot name a destination */
			if (kinds[k].flags & ZC_C_UNCONN &&
			    (call == C_SEND || call == C_URING_SEND))
				continue;
			snprintf(names[n], sizeof(names[n]), "%s_%s",
				 kinds[k].name, calls[call]);
			args[n] = (struct basic) {
				kinds[k].family, kinds[k].type, kinds[k].flags,
				call,
			};
			cases[n] = (struct zc_case) {
				names[n], basic, &args[n], ZC_F_PAIR, 0,
			};
			if (kinds[k].core || call == C_SENDMSG)
				cases[n].flags |= ZC_F_SHORT;
			n++;
		}
	}
	memcpy(&cases[n], others, sizeof(others));
	return zc_main(argc, argv, "basic", cases,
		       n + ZC_ARRAY_SIZE(others));
}
