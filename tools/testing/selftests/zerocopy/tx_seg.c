// SPDX-License-Identifier: GPL-2.0
/*
 * S2.1 to S2.4: one message out of all kinds of kernel memory, each piece with
 * an owner of its own. zc_seg_test.ko sends it through our sockets, and
 * overwrites what comes back at once.
 */
#include "zc_test.h"

#include <arpa/inet.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <linux/tls.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/un.h>

#include "seg_test.h"
#include "zc_rpc.h"

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

static int dev = -1;
static bool lends;		/* patches/: what has no page count too */
static struct zst_send req;
static char *data;
static size_t len;		/* of the message */
static size_t copied;		/* of it, because its memory cannot be lent */
static u32 lendable;		/* segments with a cleanup */

static struct zst_status status(void)
{
	struct zst_status s;

	ZC_SYS(ioctl(dev, ZST_STATUS, &s));
	return s;
}

static void dev_open(void)
{
	dev = zc_seg_open();
	lends = status().lends;
}

static void msg_start(void)
{
	memset(&req, 0, sizeof(req));
	len = 0;
	copied = 0;
	lendable = 0;
}

static bool is_lent(u32 kind)
{
	switch (kind) {
	case ZST_VMALLOC:
	case ZST_FRAG:
	case ZST_FOLIO:
	case ZST_BVEC:
		return true;
	case ZST_STACK:
		return false;
	default:
		return lends;
	}
}

static void add(u32 kind, u32 bytes, u32 offset, u32 flags)
{
	ZC_CHECK(req.nr < ZST_SEGS, "too many segments");
	req.segs[req.nr++] = (struct zst_seg){ kind, flags, bytes, offset };
	len += bytes;
	if (flags & ZST_F_KEEP || !is_lent(kind))
		copied += bytes;
	lendable += !(flags & ZST_F_KEEP);
}

static void msg_fill(u64 seed)
{
	free(data);
	data = malloc(len);
	zc_fill(data, len, seed);
	req.data = (uintptr_t)data;
}

static int msg_send(int fd, u32 mode, u32 flags)
{
	req.fd = fd;
	req.mode = mode;
	req.msg_flags = flags | MSG_NOSIGNAL;
	ZC_SYS(ioctl(dev, ZST_SEND, &req));
	return req.ret;
}

/* Every cleanup once, all of them by now, for so many bytes */
static void all_back(u32 segs, u64 sent)
{
	struct zst_status s;

	zc_wait_for((s = status()).called >= segs, 10000);
	ZC_EQ(s.segs, segs, "segments with a cleanup");
	ZC_EQ(s.called, segs, "cleanups");
	ZC_EQ(s.twice, 0, "cleanups called twice");
	ZC_EQ(s.moved, 0, "page counts that moved");
	ZC_EQ(s.written, 0, "segments that somebody wrote to");
	ZC_EQ(s.sent, sent, "bytes that cleanups call sent");
}

/* Bytes of segments that have a cleanup, within the first n of the message */
static u64 lent_within(size_t n)
{
	size_t pos = 0;
	u64 sum = 0;
	u32 i;

	for (i = 0; i < req.nr && pos < n; pos += req.segs[i++].len)
		if (!(req.segs[i].flags & ZST_F_KEEP))
			sum += n - pos < req.segs[i].len ? n - pos :
							   req.segs[i].len;
	return sum;
}

/* ---- layouts ---- */

static void layout_stream(void)
{
	msg_start();
	add(ZST_SLAB, 24, 0, 0);
	add(ZST_BVEC, 65536, 100, 0);
	add(ZST_VMALLOC, 10001, 3, 0);
	add(ZST_FOLIO, 40000, 1, 0);
	add(ZST_TAILS, 9001, 7, 0);
	add(ZST_FRAG, 200, 0, 0);
	add(ZST_SLAB, 5000, 11, ZST_F_KEEP);
	add(ZST_CACHE, 100, 1, 0);
	add(ZST_STACK, 200, 0, 0);
	add(ZST_FOLIO, 3000, 0, ZST_F_KEEP);
	add(ZST_VMALLOC, 70000, 4095, ZST_F_KEEP);
	add(ZST_FRAG, 20000, 8, 0);
	add(ZST_STATIC, 16, 0, 0);
}

static void layout_dgram(void)
{
	msg_start();
	add(ZST_SLAB, 24, 0, 0);
	add(ZST_BVEC, 900, 3700, 0);
	add(ZST_FRAG, 50, 0, 0);
	add(ZST_FOLIO, 101, 4000, 0);
	add(ZST_STACK, 60, 0, 0);
	add(ZST_SLAB, 31, 3, ZST_F_KEEP);
	add(ZST_VMALLOC, 90, 4090, 0);
	add(ZST_STATIC, 16, 0, 0);
}

/* What the sample answers: header, payload, trailer */
static void layout_rpc(size_t payload)
{
	msg_start();
	add(ZST_SLAB, 24, 0, 0);
	add(ZST_BVEC, payload, 0, 0);
	add(ZST_STATIC, 16, 0, 0);
}

/* ---- cases ---- */

struct mixed {
	enum zc_link link;
	int family, type;
	bool sg;
};

#define ROUNDS	6

static void mixed(const void *arg)
{
	const struct mixed *m = arg;
	bool pair = m->link == ZC_LINK_PAIR;
	struct zc_conn c = {
		.family = m->family, .type = m->type, .link = m->link,
		.flags = ZC_C_NOZC, .rcvbuf = 4 << 20,
	};
	struct zc_counters before;
	long long bytes, tiny;
	struct zc_hash h;
	u64 sent = 0;
	int i;

	dev_open();
	if (zc_set_feature(ZC_NS_A, zc_nic(ZC_NS_A), "tx-scatter-gather",
			   m->sg))
		zc_skip("scatter-gather cannot be switched");
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_hash_init(&h);
	zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < ROUNDS; i++) {
		if (m->type == SOCK_STREAM)
			layout_stream();
		else
			layout_dgram();
		/* On older kernels these are pages like any other */
		if (!pair)
			add(ZST_SLAB, m->type == SOCK_STREAM ? 30000 : 10, 5, 0);
		msg_fill(i + 1);
		zc_hash_add(&h, data, len);
		ZC_EQ(msg_send(c.tx, i & 1 ? ZST_ALL : ZST_ONCE, 0), len,
		      "bytes sent");
		ZC_EQ(req.calls, 1, "calls that a message took");
		sent += lent_within(len);
	}
	zc_finish(&c, len * ROUNDS, zc_hash_val(&h));
	if (m->type == SOCK_DGRAM)
		ZC_EQ(c.rx_packets, ROUNDS, "datagrams");
	zc_settle(c.tx, 5000);
	all_back(lendable * ROUNDS, sent);
	bytes = zc_delta(&before, "copied_bytes");
	if (pair && m->sg) {
		ZC_EQ(zc_delta(&before, "copied_route"), 0, "copied_route");
		/* The driver copies packets of a few bytes */
		tiny = zc_delta(&before, "copied_orphan") * 256;
		ZC_CHECK(bytes >= (long long)copied * ROUNDS &&
			 bytes <= (long long)copied * ROUNDS + tiny,
			 "%lld bytes copied, expected %zu", bytes,
			 copied * ROUNDS);
	} else if (pair) {
		/* Once, all of it, by the protocol */
		ZC_EQ(bytes, len * ROUNDS, "copied_bytes");
		ZC_EQ(zc_delta(&before, "copied_memory"), 0, "copied_memory");
	}
	zc_close(&c);
	if (!m->sg)
		zc_set_feature(ZC_NS_A, zc_nic(ZC_NS_A), "tx-scatter-gather",
			       true);
}

struct reply {
	int family, type;
	size_t payload;
};

/* Nothing of a reply is copied; header and trailer on an unmodified kernel */
static void rpc(const void *arg)
{
	const struct reply *r = arg;
	struct zc_conn c = {
		.family = r->family, .type = r->type,
		.flags = ZC_C_NOZC, .rcvbuf = 4 << 20,
	};
	struct zc_counters before;
	long long bytes, tiny;
	int i;

	dev_open();
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	layout_rpc(r->payload);
	msg_fill(7);
	for (i = 0; i < ROUNDS; i++)
		ZC_EQ(msg_send(c.tx, ZST_ONCE, 0), len, "bytes sent");
	ZC_CHECK(zc_rx_wait(&c, len * ROUNDS, 10000), "not all arrives");
	zc_settle(c.tx, 5000);
	all_back(3 * ROUNDS, len * ROUNDS);
	ZC_EQ(copied, lends ? 0 : 40, "bytes of a reply that cannot be lent");
	ZC_EQ(zc_delta(&before, "copied_memory"), lends ? 0 : ROUNDS,
	      "loans with copies in them");
	bytes = zc_delta(&before, "copied_bytes");
	/* The driver copies packets of a few bytes */
	tiny = lends ? 0 : zc_delta(&before, "copied_orphan") * 256;
	ZC_CHECK(bytes >= (long long)copied * ROUNDS &&
		 bytes <= (long long)copied * ROUNDS + tiny,
		 "%lld bytes copied of %zu in headers and trailers", bytes,
		 copied * ROUNDS);
	ZC_EQ(status().copied, lends ? 0 : ROUNDS * 2,
	      "segments that were copied");
	zc_close(&c);
}

/* One run of bytes: no packet more than in one piece */
static void one_packet(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .flags = ZC_C_NOZC,
	};
	struct tcp_info info = {};
	socklen_t size = sizeof(info);
	struct zc_hash h;
	int i;

	(void)arg;
	dev_open();
	zc_open(&c);
	zc_setopt(c.tx, IPPROTO_TCP, TCP_NODELAY, 1);
	zc_rx_start(&c, UINT64_MAX);
	zc_hash_init(&h);
	layout_dgram();
	for (i = 0; i < 10; i++) {
		msg_fill(i);
		zc_hash_add(&h, data, len);
		ZC_EQ(msg_send(c.tx, ZST_ONCE, 0), len, "bytes sent");
		ZC_CHECK(zc_rx_wait(&c, (i + 1) * len, 5000), "stalled");
	}
	ZC_SYS(getsockopt(c.tx, IPPROTO_TCP, TCP_INFO, &info, &size));
	ZC_EQ(info.tcpi_data_segs_out - info.tcpi_total_retrans, 10,
	      "packets for ten messages");
	zc_finish(&c, 10 * len, zc_hash_val(&h));
	all_back(lendable * 10, lent_within(len) * 10);
	zc_close(&c);
}

/* More pieces than a packet has room for: still one datagram */
static void pieces(const void *arg)
{
	struct zc_conn c = {
		.family = *(const int *)arg, .type = SOCK_DGRAM,
		.flags = ZC_C_NOZC,
	};
	struct zc_counters before;
	int i;

	dev_open();
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	msg_start();
	for (i = 0; i < 40; i++)
		add(ZST_FOLIO, 20 + i % 3, i, 0);
	msg_fill(1);
	ZC_EQ(msg_send(c.tx, ZST_ONCE, 0), len, "bytes sent");
	ZC_EQ(req.called, 40, "cleanups when the call returns");
	ZC_EQ(zc_delta(&before, "copied_pieces"), 1, "copied_pieces");
	ZC_EQ(zc_delta(&before, "copied_bytes"), len, "copied_bytes");
	zc_finish(&c, len, zc_hash_buf(data, len));
	ZC_EQ(c.rx_packets, 1, "datagrams");
	all_back(40, len);
	zc_close(&c);
}

/* IP cuts a long one: it copies anyway, and nobody else does */
static void fragmented(const void *arg)
{
	struct zc_conn c = {
		.family = *(const int *)arg, .type = SOCK_DGRAM,
		.flags = ZC_C_NOZC, .rcvbuf = 1 << 20,
	};
	struct zc_counters before;

	dev_open();
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	layout_rpc(20000);
	msg_fill(1);
	ZC_EQ(msg_send(c.tx, ZST_ONCE, 0), len, "bytes sent");
	ZC_EQ(zc_delta(&before, "copied_route"), 1, "copied_route");
	ZC_EQ(zc_delta(&before, "copied_bytes"), len, "copied_bytes");
	zc_finish(&c, len, zc_hash_buf(data, len));
	all_back(3, len);
	zc_close(&c);
}

/* ---- protocols that cannot ---- */

static void read_all(int fd, size_t want)
{
	char *buf = malloc(want);
	size_t got = 0;
	ssize_t n;

	while (got < want) {
		n = recv(fd, buf + got, want - got, 0);
		ZC_CHECK(n > 0, "recv: %s after %zu bytes", strerror(errno),
			 got);
		got += n;
	}
	ZC_CHECK(!memcmp(buf, data, want), "the bytes differ");
	free(buf);
}

static void copied_by(int tx, int rx)
{
	struct zc_counters before;

	zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(msg_send(tx, ZST_ONCE, 0), len, "bytes sent");
	ZC_EQ(req.called, lendable, "cleanups when the call returns");
	ZC_EQ(zc_delta(&before, "passed_proto"), 1, "passed_proto");
	read_all(rx, len);
	all_back(lendable, lent_within(len));
	ZC_EQ(status().copied, lendable, "cleanups that say copied");
}

static void unix_socket(const void *arg)
{
	int sv[2], type = *(const int *)arg;

	dev_open();
	zc_enter(ZC_NS_A);
	ZC_SYS(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sv));
	zc_setopt(sv[0], SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20);
	if (type == SOCK_STREAM)
		layout_stream();
	else
		layout_dgram();
	msg_fill(3);
	copied_by(sv[0], sv[1]);
}

static void vsock(const void *arg)
{
	struct sockaddr_vm addr = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY,
		.svm_port = VMADDR_PORT_ANY,
	};
	socklen_t size = sizeof(addr);
	int fd, tx, rx;

	(void)arg;
	dev_open();
	zc_system("modprobe -q vsock_loopback");
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		zc_skip("no AF_VSOCK: %s", strerror(errno));
	ZC_SYS(bind(fd, (void *)&addr, size));
	ZC_SYS(listen(fd, 1));
	ZC_SYS(getsockname(fd, (void *)&addr, &size));
	addr.svm_cid = VMADDR_CID_LOCAL;
	tx = ZC_SYS(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (connect(tx, (void *)&addr, size))
		zc_skip("no loopback for AF_VSOCK: %s", strerror(errno));
	rx = ZC_SYS(accept(fd, NULL, NULL));
	layout_dgram();
	msg_fill(3);
	copied_by(tx, rx);
}

static int set_tls_rx(int fd)
{
	struct tls12_crypto_info_aes_gcm_128 ci = {};

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
		return -errno;
	ci.info.version = TLS_1_2_VERSION;
	ci.info.cipher_type = TLS_CIPHER_AES_GCM_128;
	memset(ci.key, 1, sizeof(ci.key));
	memset(ci.salt, 2, sizeof(ci.salt));
	return setsockopt(fd, SOL_TLS, TLS_RX, &ci, sizeof(ci)) ? -errno : 0;
}

/* The peer decrypts it, or looks how many records there are */
static void tls(const void *arg)
{
	bool decrypt = *(const bool *)arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .flags = ZC_C_NOZC,
		.sndbuf = 4 << 20, .rcvbuf = 4 << 20,
	};
	unsigned char record[20000];
	ssize_t n;
	int err;

	dev_open();
	zc_open(&c);
	err = zc_set_tls(c.tx);
	if (!err && decrypt)
		err = set_tls_rx(c.rx);
	if (err)
		zc_skip("no kTLS: %s", strerror(-err));
	if (decrypt) {
		layout_stream();
		msg_fill(9);
		copied_by(c.tx, c.rx);
		zc_close(&c);
		return;
	}

	layout_dgram();
	msg_fill(9);
	ZC_EQ(msg_send(c.tx, ZST_ONCE, 0), len, "bytes sent");
	all_back(lendable, lent_within(len));
	/* A record has 13 bytes in front and 16 behind */
	n = recv(c.rx, record, len + 29, MSG_WAITALL);
	ZC_EQ(n, len + 29, "bytes on the wire");
	ZC_EQ(record[3] << 8 | record[4], len + 24, "length of the record");
	zc_sleep_ms(100);
	ZC_EQ(recv(c.rx, record, 1, MSG_DONTWAIT), -1, "more on the wire");
	zc_close(&c);
}

/* ---- what is not sent ---- */

static void big(void)
{
	int i;

	msg_start();
	for (i = 0; i < 30; i++) {
		add(ZST_SLAB, 24, 0, 0);
		add(i & 1 ? ZST_BVEC : ZST_VMALLOC, 200000 + i, i, 0);
	}
}

/* A short count: the front is the peer's, the rest came back before */
static void cut_short(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM,
		.flags = ZC_C_NOZC | ZC_C_NONBLOCK, .sndbuf = 1 << 20,
		.rcvbuf = 65536,
	};
	size_t pos = 0;
	u32 i, unsent = 0;
	int sent;

	(void)arg;
	dev_open();
	zc_open(&c);
	big();
	msg_fill(5);
	sent = msg_send(c.tx, ZST_ONCE, MSG_DONTWAIT);
	ZC_CHECK(sent > 0 && (size_t)sent < len, "sent %d of %zu", sent, len);
	for (i = 0; i < req.nr; pos += req.segs[i++].len)
		unsent += pos >= (size_t)sent;
	ZC_CHECK(unsent && req.called >= unsent,
		 "%u cleanups when the call returns, %u were not sent",
		 req.called, unsent);
	ZC_CHECK(req.called < lendable, "the cleanups came early");
	zc_finish(&c, sent, zc_hash_buf(data, sent));
	all_back(lendable, sent);
	zc_close(&c);
}

/* Sent as often as it takes, out of one source */
static void again(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM,
		.flags = ZC_C_NOZC | ZC_C_NONBLOCK, .sndbuf = 300000,
		.rcvbuf = 65536, .rx_pause_ms = 1,
	};

	(void)arg;
	dev_open();
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	big();
	msg_fill(6);
	ZC_EQ(msg_send(c.tx, ZST_ALL, MSG_DONTWAIT), len, "bytes sent");
	ZC_CHECK(req.calls > 1, "it took one call");
	zc_finish(&c, len, zc_hash_buf(data, len));
	all_back(lendable, len);
	zc_close(&c);
}

static void closed(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .flags = ZC_C_NOZC,
	};

	(void)arg;
	dev_open();
	zc_open(&c);
	ZC_SYS(shutdown(c.tx, SHUT_WR));
	layout_stream();
	msg_fill(5);
	ZC_EQ(msg_send(c.tx, ZST_ONCE, 0), -EPIPE, "sent");
	ZC_EQ(req.called, lendable, "cleanups when the call returns");
	all_back(lendable, 0);
	zc_close(&c);
}

/* No message at all: everything comes back */
static void no_memory(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .flags = ZC_C_NOZC,
	};

	(void)arg;
	dev_open();
	zc_open(&c);
	layout_stream();
	add(ZST_NONE, 10, 0, 0);
	msg_fill(5);
	ZC_EQ(msg_send(c.tx, ZST_ONCE, 0), -EFAULT, "sent");
	ZC_EQ(req.called, lendable, "cleanups when the call returns");
	all_back(lendable, 0);
	zc_close(&c);
}

/* The peer goes away with all of it in flight */
static void reset(const void *arg)
{
	struct linger l = { .l_onoff = 1 };
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM,
		.flags = ZC_C_NOZC | ZC_C_NONBLOCK, .sndbuf = 4 << 20,
		.rcvbuf = 65536,
	};
	u64 sent;

	(void)arg;
	dev_open();
	zc_open(&c);
	big();
	msg_fill(5);
	sent = msg_send(c.tx, ZST_ONCE, MSG_DONTWAIT);
	ZC_SYS(setsockopt(c.rx, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	close(c.rx);
	c.rx = -1;
	all_back(lendable, sent);
	zc_close(&c);
}

/* Losses, duplicates, whatever shape: each byte once and in order */
static void storm(const void *arg)
{
	struct zc_conn c = {
		.family = *(const int *)arg, .type = SOCK_STREAM,
		.flags = ZC_C_NOZC, .rcvbuf = 1 << 20,
	};
	unsigned int i, j, n = zc_scale(150, 30), seed = 1;
	u64 total = 0, back = 0;
	struct zc_hash h;
	u32 segs = 0;

	dev_open();
	zc_qdisc(ZC_NS_A, "netem loss 1% duplicate 2% reorder 1% delay 1ms");
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_hash_init(&h);
	for (i = 0; i < n; i++) {
		unsigned int nr = 1 + rand_r(&seed) % 20, small = 0;

		msg_start();
		for (j = 0; j < nr; j++) {
			u32 kind = rand_r(&seed) % ZST_KINDS;
			u32 bytes = 1 + rand_r(&seed) % 9000;
			u32 offset = rand_r(&seed) % 4096;

			if (kind == ZST_STACK || kind == ZST_STATIC ||
			    kind == ZST_CACHE) {
				bytes = 1 + bytes % 40;
				offset = 0;
				if (++small > 6)
					continue;
			}
			add(kind, bytes, offset,
			    rand_r(&seed) % 5 ? 0 : ZST_F_KEEP);
		}
		if (!req.nr)
			continue;
		msg_fill(i);
		zc_hash_add(&h, data, len);
		ZC_EQ(msg_send(c.tx, ZST_ONCE, i % 7 ? 0 : MSG_MORE), len,
		      "bytes sent");
		total += len;
		segs += lendable;
		back += lent_within(len);
	}
	zc_finish(&c, total, zc_hash_val(&h));
	zc_settle(c.tx, 10000);
	all_back(segs, back);
	zc_close(&c);
}

/* ---- what else there may be on the way ---- */

static const char esp_aead[] =
	"'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128";

static void esp_clear(void)
{
	zc_enter(ZC_NS_A);
	zc_system("ip xfrm policy flush; ip xfrm state flush");
	zc_enter(ZC_NS_B);
	zc_system("ip xfrm policy flush; ip xfrm state flush");
	zc_enter(ZC_NS_A);
}

static void esp_set(bool six)
{
	const char *way = six ? "src fd77::1 dst fd77::2" :
				"src 10.77.0.1 dst 10.77.0.2";
	int i, err = 0;

	for (i = 0; i < 2 && !err; i++) {
		zc_enter(i ? ZC_NS_B : ZC_NS_A);
		err = zc_system("ip xfrm state add %s proto esp spi 0x100 mode transport aead %s",
				way, esp_aead);
	}
	zc_enter(ZC_NS_A);
	if (!err)
		err = zc_system("ip xfrm policy add %s dir out tmpl proto esp mode transport",
				way);
	if (err) {
		esp_clear();
		zc_skip("no IPsec");
	}
}

enum way { W_TAP, W_NOTSO, W_ESP, W_PROBE, W_DUPLICATE, W_LOSS };

struct path {
	enum way way;
	int family;
};

/* The reply of the sample, and one with everything in it, in turn */
static void on_the_way(const void *arg)
{
	const struct path *p = arg;
	struct zc_conn c = {
		.family = p->family, .type = SOCK_STREAM,
		.flags = ZC_C_NOZC, .rcvbuf = 4 << 20,
	};
	bool probe = p->way == W_PROBE;
	struct zc_counters before;
	struct tcp_info info = {};
	socklen_t size = sizeof(info);
	u64 total = 0, back = 0;
	struct zc_hash h;
	int i, tap = -1;
	u32 segs = 0;

	dev_open();
	switch (p->way) {
	case W_TAP:
		tap = ZC_SYS(socket(AF_PACKET, SOCK_RAW, htons(3)));
		break;
	case W_NOTSO:
		zc_set_feature(ZC_NS_A, zc_nic(ZC_NS_A), p->family == AF_INET ?
			       "tx-tcp-segmentation" : "tx-tcp6-segmentation",
			       false);
		break;
	case W_ESP:
		esp_set(p->family == AF_INET6);
		break;
	case W_PROBE:
		ZC_EQ(zc_write_file("/proc/sys/net/ipv4/tcp_mtu_probing", "2"),
		      0, "tcp_mtu_probing");
		break;
	case W_DUPLICATE:
		zc_qdisc(ZC_NS_A, "netem duplicate 30%");
		break;
	case W_LOSS:
		zc_qdisc(ZC_NS_A, "netem loss 5% delay 1ms");
		break;
	}
	zc_open(&c);
	if (probe)
		zc_write_file("/proc/sys/net/ipv4/tcp_mtu_probing", "0");
	zc_rx_start(&c, UINT64_MAX);
	zc_hash_init(&h);
	zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < 2 * ROUNDS; i++) {
		if (i & 1)
			layout_rpc(65536);
		else
			layout_stream();
		msg_fill(i);
		zc_hash_add(&h, data, len);
		ZC_EQ(msg_send(c.tx, ZST_ONCE, 0), len, "bytes sent");
		total += len;
		segs += lendable;
		back += lent_within(len);
	}
	zc_settle(c.tx, 10000);
	ZC_SYS(getsockopt(c.tx, IPPROTO_TCP, TCP_INFO, &info, &size));
	zc_finish(&c, total, zc_hash_val(&h));
	zc_settle(c.tx, 10000);
	all_back(segs, back);
	ZC_EQ(zc_delta(&before, "passed_probe"),
	      probe && !lends ? 2 * ROUNDS : 0, "passed_probe");
	zc_note("%lld of %llu bytes copied, %u packets sent again",
		zc_delta(&before, "copied_bytes"), (unsigned long long)total,
		info.tcpi_total_retrans);
	if (p->way == W_LOSS)
		ZC_CHECK(info.tcpi_total_retrans, "nothing was sent again");
	zc_close(&c);
	if (tap >= 0)
		close(tap);
	zc_set_feature(ZC_NS_A, zc_nic(ZC_NS_A), "tx-tcp-segmentation", true);
	if (zc_pair_is_zcsim())
		zc_set_feature(ZC_NS_A, zc_nic(ZC_NS_A), "tx-tcp6-segmentation",
			       true);
	esp_clear();
}

static const char * const link_add[] = {
	"ip link add zcdA type ${ZC_PAIR:-veth} peer name zcdB netns zcB",
	"ip addr add 10.79.0.1/24 dev zcdA",
	"ip link set zcdA up",
	"ip -n zcB addr add 10.79.0.2/24 dev zcdB",
	"ip -n zcB link set zcdB up",
	"tc qdisc add dev zcdA root netem delay 300ms",
};

/* The device goes with packets in its queue, and so does the peer */
static void link_del(const void *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t size = sizeof(to);
	int fd, tx, rx, one = 1;
	unsigned int i;
	u64 sent;

	(void)arg;
	dev_open();
	for (i = 0; i < ZC_ARRAY_SIZE(link_add); i++)
		if (zc_system("%s", link_add[i]))
			zc_skip("cannot: %s", link_add[i]);
	zc_enter(ZC_NS_B);
	fd = ZC_SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	inet_pton(AF_INET, "10.79.0.2", &to.sin_addr);
	ZC_SYS(bind(fd, (void *)&to, size));
	ZC_SYS(listen(fd, 1));
	ZC_SYS(getsockname(fd, (void *)&to, &size));
	zc_enter(ZC_NS_A);
	tx = ZC_SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	ZC_SYS(connect(tx, (void *)&to, size));
	rx = ZC_SYS(accept(fd, NULL, NULL));
	ZC_SYS(setsockopt(tx, SOL_SOCKET, SO_SNDBUFFORCE, &one, sizeof(one)));
	layout_stream();
	msg_fill(1);
	sent = msg_send(tx, ZST_ONCE, MSG_DONTWAIT);
	ZC_CHECK(sent > 0 && req.called < lendable, "nothing is in flight");
	ZC_EQ(zc_system("ip link del zcdA"), 0, "ip link del");
	zc_setopt(tx, IPPROTO_TCP, TCP_USER_TIMEOUT, 500);
	all_back(lendable, sent);
	close(tx);
	close(rx);
	close(fd);
}

/* ---- samples/zc_rpc ---- */

#define FILE_BYTES	ZC_MB(1)

/* In the sender's namespace, with a file of ours; a connection from the peer's */
static int sample_start(char *bytes)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(ZC_RPC_PORT),
	};
	char params[64];
	int fd, err;

	fd = ZC_SYS(memfd_create("zc_rpc", 0));
	zc_fill(bytes, FILE_BYTES, 1);
	ZC_EQ(write(fd, bytes, FILE_BYTES), FILE_BYTES, "write");
	snprintf(params, sizeof(params), "file=/proc/self/fd/%d", fd);
	zc_enter(ZC_NS_A);
	err = zc_insmod("zc_rpc", params);
	if (err == -ENOENT)
		zc_skip("there is no zc_rpc.ko");
	ZC_CHECK(!err, "insmod zc_rpc: %s", strerror(-err));
	close(fd);

	zc_enter(ZC_NS_B);
	fd = ZC_SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	inet_pton(AF_INET, "10.77.0.1", &to.sin_addr);
	ZC_SYS(connect(fd, (void *)&to, sizeof(to)));
	zc_setopt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	zc_enter(ZC_NS_A);
	return fd;
}

static void sample_ask(int fd, u32 mode, u64 offset, u32 length)
{
	struct zc_rpc_request r = {
		.magic = htonl(ZC_RPC_MAGIC), .mode = htonl(mode),
		.offset = htobe64(offset), .length = htonl(length),
		.tag = htonl(length + 1),
	};

	ZC_EQ(write(fd, &r, sizeof(r)), sizeof(r), "request");
}

static bool sample_gone(void)
{
	return !zc_rmmod("zc_rpc");
}

static void sample(const void *arg)
{
	enum zc_rpc_mode mode = *(const enum zc_rpc_mode *)arg;
	/* Unmodified kernel: headers but those in fragments, and trailers */
	size_t each = mode == ZC_RPC_FRAG ? 16 : 40, total;
	char *bytes = malloc(FILE_BYTES);
	char *buf = malloc(FILE_BYTES);
	struct zc_rpc_reply *reply = (void *)buf;
	struct zc_counters before;
	long long copied, tiny;
	int i, fd;

	dev_open();
	if (lends)
		each = 0;
	fd = sample_start(bytes);
	zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < 16; i++) {
		u32 length = 65536 - (i & 1) * 1000;
		u64 offset = i * 12345;

		sample_ask(fd, mode, offset, length);
		total = sizeof(*reply) + length + sizeof(ZC_RPC_TRAILER);
		ZC_EQ(recv(fd, buf, total, MSG_WAITALL), total, "reply");
		ZC_EQ(ntohl(reply->status), 0, "status");
		ZC_EQ(ntohl(reply->tag), length + 1, "tag");
		ZC_CHECK(!memcmp(buf + sizeof(*reply), bytes + offset, length),
			 "the payload differs");
		ZC_CHECK(!memcmp(buf + sizeof(*reply) + length, ZC_RPC_TRAILER,
				 sizeof(ZC_RPC_TRAILER)), "the trailer differs");
	}
	/* The last one is counted when the server's call returns */
	if (mode != ZC_RPC_PLAIN)
		zc_wait_for(zc_delta(&before, "sends") == 16, 1000);
	ZC_EQ(zc_delta(&before, "sends"), mode == ZC_RPC_PLAIN ? 0 : 16,
	      "sends through the layer");
	copied = zc_delta(&before, "copied_bytes");
	tiny = zc_delta(&before, "copied_orphan") * 256;
	if (mode != ZC_RPC_PLAIN)
		ZC_CHECK(copied >= (long long)(16 * each) &&
			 copied <= (long long)(16 * each) + tiny,
			 "%lld bytes copied, expected %zu", copied, 16 * each);
	/* Beyond the end of the file */
	sample_ask(fd, mode, FILE_BYTES - 5, 6);
	ZC_EQ(recv(fd, buf, sizeof(*reply) + 16, MSG_WAITALL),
	      sizeof(*reply) + 16, "an error's reply");
	ZC_EQ(ntohl(reply->status), ERANGE, "status");
	close(fd);
	ZC_CHECK(zc_wait_for(sample_gone(), 10000), "zc_rpc does not unload");
}

/* The module stays as long as somebody may still call it */
static void sample_unload(const void *arg)
{
	char *bytes = malloc(FILE_BYTES);
	struct zc_counters before;
	int fd;

	(void)arg;
	fd = sample_start(bytes);
	zc_counters_read(ZC_NS_A, &before);
	zc_setopt(fd, SOL_SOCKET, SO_RCVBUF, 4096);
	sample_ask(fd, ZC_RPC_LAYER, 0, FILE_BYTES);
	ZC_CHECK(zc_wait_for(zc_delta(&before, "loans") > 0, 5000), "no loan");
	zc_sleep_ms(100);
	ZC_EQ(zc_rmmod("zc_rpc"), -EAGAIN, "rmmod with loans out");
	close(fd);
	ZC_CHECK(zc_wait_for(sample_gone(), 10000), "zc_rpc does not unload");
}

static const enum zc_rpc_mode plain = ZC_RPC_PLAIN, layer = ZC_RPC_LAYER,
			      frag = ZC_RPC_FRAG;
static const struct path tap4 = { W_TAP, AF_INET }, tap6 = { W_TAP, AF_INET6 },
	notso4 = { W_NOTSO, AF_INET }, notso6 = { W_NOTSO, AF_INET6 },
	esp4 = { W_ESP, AF_INET }, esp6 = { W_ESP, AF_INET6 },
	probe4 = { W_PROBE, AF_INET }, probe6 = { W_PROBE, AF_INET6 },
	twice4 = { W_DUPLICATE, AF_INET }, twice6 = { W_DUPLICATE, AF_INET6 },
	loss4 = { W_LOSS, AF_INET }, loss6 = { W_LOSS, AF_INET6 };
static const struct reply rpc_tcp4 = { AF_INET, SOCK_STREAM, 65536 },
			  rpc_tcp6 = { AF_INET6, SOCK_STREAM, 65536 },
			  rpc_udp4 = { AF_INET, SOCK_DGRAM, 1400 },
			  rpc_udp6 = { AF_INET6, SOCK_DGRAM, 1400 };
static const int in4 = AF_INET, in6 = AF_INET6;
static const int stream = SOCK_STREAM, dgram = SOCK_DGRAM,
		 seqpacket = SOCK_SEQPACKET;
static const bool yes = true, no;

static const struct zc_case others[] = {
	{ "rpc_tcp4", rpc, &rpc_tcp4, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "rpc_tcp6", rpc, &rpc_tcp6, ZC_F_PAIR, 0 },
	/* one packet: what is larger than the route's MTU is copied */
	{ "rpc_udp4", rpc, &rpc_udp4, ZC_F_PAIR, 0 },
	{ "rpc_udp6", rpc, &rpc_udp6, ZC_F_PAIR, 0 },
	{ "one_packet", one_packet, NULL, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "pieces_udp4", pieces, &in4, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "pieces_udp6", pieces, &in6, ZC_F_PAIR, 0 },
	{ "fragmented_udp4", fragmented, &in4, ZC_F_PAIR, 0 },
	{ "unix_stream", unix_socket, &stream, ZC_F_SHORT, 0 },
	{ "unix_dgram", unix_socket, &dgram, 0, 0 },
	{ "unix_seqpacket", unix_socket, &seqpacket, 0, 0 },
	{ "vsock", vsock, NULL, 0, 0 },
	{ "tls", tls, &yes, ZC_F_PAIR, 0 },
	{ "tls_one_record", tls, &no, ZC_F_PAIR, 0 },
	{ "cut_short", cut_short, NULL, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "again", again, NULL, ZC_F_PAIR, 0 },
	{ "closed", closed, NULL, ZC_F_PAIR, 0 },
	{ "no_memory", no_memory, NULL, ZC_F_PAIR, 0 },
	{ "reset", reset, NULL, ZC_F_PAIR, 0 },
	{ "sample_plain", sample, &plain, ZC_F_PAIR, 0 },
	{ "sample_layer", sample, &layer, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "sample_frag", sample, &frag, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "sample_unload", sample_unload, NULL, ZC_F_PAIR, 0 },
	{ "tap4", on_the_way, &tap4, ZC_F_PAIR, 0 },
	{ "tap6", on_the_way, &tap6, ZC_F_PAIR, 0 },
	{ "tso_off4", on_the_way, &notso4, ZC_F_PAIR, 0 },
	{ "tso_off6", on_the_way, &notso6, ZC_F_PAIR, 0 },
	{ "esp4", on_the_way, &esp4, ZC_F_PAIR, 0 },
	{ "esp6", on_the_way, &esp6, ZC_F_PAIR, 0 },
	{ "mtu_probing4", on_the_way, &probe4, ZC_F_PAIR, 0 },
	{ "mtu_probing6", on_the_way, &probe6, ZC_F_PAIR, 0 },
	{ "duplicate4", on_the_way, &twice4, ZC_F_PAIR, 0 },
	{ "duplicate6", on_the_way, &twice6, ZC_F_PAIR, 0 },
	{ "loss4", on_the_way, &loss4, ZC_F_PAIR, 0 },
	{ "loss6", on_the_way, &loss6, ZC_F_PAIR, 0 },
	{ "link_del", link_del, NULL, 0, 0 },
	{ "storm_tcp4", storm, &in4, ZC_F_PAIR, 120 },
	{ "storm_tcp6", storm, &in6, ZC_F_PAIR, 120 },
};

static const struct {
	const char *name;
	enum zc_link link;
	bool sg;
} links[] = {
	{ "pair", ZC_LINK_PAIR, true },
	{ "nosg", ZC_LINK_PAIR, false },
	{ "veth", ZC_LINK_VETH, true },
	{ "lo", ZC_LINK_LO, true },
};

static const struct {
	const char *name;
	int family, type;
} kinds[] = {
	{ "tcp4", AF_INET, SOCK_STREAM },
	{ "tcp6", AF_INET6, SOCK_STREAM },
	{ "udp4", AF_INET, SOCK_DGRAM },
	{ "udp6", AF_INET6, SOCK_DGRAM },
};

#define MATRIX	(ZC_ARRAY_SIZE(links) * ZC_ARRAY_SIZE(kinds))

int main(int argc, char **argv)
{
	static struct zc_case cases[MATRIX + ZC_ARRAY_SIZE(others)];
	static struct mixed args[MATRIX];
	static char names[MATRIX][32];
	size_t l, k, n = 0;
	int ret;

	for (l = 0; l < ZC_ARRAY_SIZE(links); l++) {
		for (k = 0; k < ZC_ARRAY_SIZE(kinds); k++, n++) {
			snprintf(names[n], sizeof(names[n]), "%s_%s",
				 links[l].name, kinds[k].name);
			args[n] = (struct mixed){ links[l].link,
				kinds[k].family, kinds[k].type, links[l].sg };
			cases[n] = (struct zc_case){ names[n], mixed, &args[n],
				ZC_F_PAIR, 0 };
			if (kinds[k].family == AF_INET && !l)
				cases[n].flags |= ZC_F_SHORT;
		}
	}
	memcpy(&cases[n], others, sizeof(others));
	ret = zc_main(argc, argv, "seg", cases, n + ZC_ARRAY_SIZE(others));
	zc_seg_unload();
	if (zc_mod_loaded("zc_rpc"))
		zc_wait_for(sample_gone(), 15000);
	return ret;
}
