// SPDX-License-Identifier: GPL-2.0
/*
 * S1.5, issue 2 "Notifications: same ids, ranges, coalescing, COPIED code
 * and order as the stock kernel, no id for a call that sent nothing; also
 * when the layer is turned on or off between two calls with unsent data
 * queued". Traps: stock MSG_ZEROCOPY after the layer's unsent tail; a route
 * without SG; 65534 sends in one notification.
 */
#include "zc_test.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/mman.h>

struct over {
	int family, type;
	enum zc_link link;
};

/* Read while sending: a thousand ids, none missing, none twice, in order */
static void sequence(const void *arg)
{
	const struct over *o = arg;
	struct zc_conn c = {
		.family = o->family, .type = o->type, .rcvbuf = 4 << 20,
	};
	unsigned int i, n = zc_scale(1000, 200);
	struct zc_counters before;
	struct zc_ids ids = {};
	char *buf = zc_alloc(65536, 21);

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < n; i++) {
		/* the driver copies packets of up to 128 bytes */
		ZC_EQ(zc_sendmsg(c.tx, buf + i, 130 + (i * 97) % 1200, 0),
		      130 + (i * 97) % 1200, "sendmsg");
		if (i % 7 == 0)
			zc_notif_drain(c.tx, &ids);
	}
	ZC_CHECK(zc_notif_wait(c.tx, &ids, n, 20000), "%llu of %u ids",
		 (unsigned long long)ids.count, n);
	ZC_EQ(ids.sum, (u64)n * (n - 1) / 2, "sum of the ids");
	if (o->type == SOCK_STREAM)
		ZC_EQ(ids.gaps, 0, "gaps");
	/* TCP cuts packets anywhere, and the driver copies the tiny ones */
	if (o->type == SOCK_DGRAM) {
		ZC_EQ(ids.copied, 0, "copied");
		zc_no_copies(&before);
	}
	ZC_LAYER_EQ(zc_delta(&before, "sends"), n, "sends");
	zc_close(&c);
}

/* Sent, settled, then read: the ranges say how things were merged */
static void coalesce_log(struct zc_log *log, const void *arg)
{
	const struct over *o = arg;
	bool stream = o->type == SOCK_STREAM;
	struct zc_conn c = {
		.family = o->family, .type = o->type, .link = o->link,
		.rcvbuf = 4 << 20, .sndbuf = 4 << 20,
	};
	char *buf = zc_alloc(ZC_MB(1), 22);
	int i;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	/* one by one */
	for (i = 0; i < 3; i++) {
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, 1000, 0));
		ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
		zc_log_notifs(log, c.tx);
	}
	/* a batch */
	for (i = 0; i < 20; i++)
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf + i, 1200, 0));
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_notifs(log, c.tx);
	/* plain sends between them */
	for (i = 0; i < 10; i++) {
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf + i, 700, 0));
		zc_log_ret(log, "plain", send(c.tx, buf, 300, 0));
	}
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_notifs(log, c.tx);
	if (stream) {
		/* larger than what is merged into one */
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, 400000, 0));
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, 400000, 0));
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, 1 << 20, 0));
		ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
		zc_log_notifs(log, c.tx);
	}
	zc_rx_wait(&c, 3000 + 24000 + 10000 + (stream ? 800000 + (1 << 20) : 0),
		   5000);
	zc_log(log, "bytes %llu", (unsigned long long)zc_rx_bytes(&c));
	zc_close(&c);
}

static void coalesce(const void *arg)
{
	zc_compare(coalesce_log, arg, NULL);
}

/* veth and loopback copy downstream, and say so */
static void copied_log(struct zc_log *log, const void *arg)
{
	const struct over *o = arg;
	struct zc_conn c = {
		.family = o->family, .type = o->type, .link = o->link,
		.rcvbuf = 4 << 20,
	};
	size_t len = o->type == SOCK_STREAM ? 50000 : 1200;
	char *buf = zc_alloc(len, 23);
	int i;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	for (i = 0; i < 4; i++) {
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, len, 0));
		ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
		zc_log_notifs(log, c.tx);
	}
	for (i = 0; i < 4; i++)
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, len, 0));
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_notifs(log, c.tx);
	zc_rx_wait(&c, 8 * len, 5000);
	zc_log(log, "bytes %llu", (unsigned long long)zc_rx_bytes(&c));
	zc_close(&c);
}

static void copied(const void *arg)
{
	zc_compare(copied_log, arg, "copied_orphan");
}

static void no_sg_log(struct zc_log *log, const void *arg)
{
	ZC_EQ(zc_set_feature(ZC_NS_A, "zcvA", "tx-scatter-gather", false), 0,
	      "SG off");
	copied_log(log, arg);
	ZC_EQ(zc_set_feature(ZC_NS_A, "zcvA", "tx-scatter-gather", true), 0,
	      "SG on");
}

static void no_sg(const void *arg)
{
	zc_compare(no_sg_log, arg, "copied_route");
}

/*
 * TCP believes in SG all the same; segmentation copies, and the stock kernel
 * does not say so. Rule 3: the layer does.
 */
static void no_sg_tcp(const void *arg)
{
	const struct over *o = arg;
	struct zc_conn c = {
		.family = o->family, .type = o->type, .link = o->link,
	};
	char *buf = zc_alloc(50000 * 4, 33);
	struct zc_counters before;
	struct zc_ids ids = {};
	int i;

	ZC_EQ(zc_set_feature(ZC_NS_A, "zcvA", "tx-scatter-gather", false), 0,
	      "SG off");
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < 4; i++)
		ZC_EQ(zc_sendmsg(c.tx, buf + i * 50000, 50000, 0), 50000,
		      "send");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 4, 10000), "%llu ids",
		 (unsigned long long)ids.count);
	ZC_EQ(ids.gaps, 0, "gaps");
	zc_finish(&c, 200000, zc_hash_buf(buf, 200000));
	zc_close(&c);
	ZC_EQ(zc_set_feature(ZC_NS_A, "zcvA", "tx-scatter-gather", true), 0,
	      "SG on");
	ZC_LAYER_EQ(zc_delta(&before, "loans"), 0, "loans");
	ZC_LAYER(zc_delta(&before, "copied_route") >= 4, "%lld copied_route",
		 zc_delta(&before, "copied_route"));
	ZC_LAYER(ids.copied, "no notification says COPIED");
}

/* A datagram that has to be fragmented is copied, stock or not */
static void udp_fragmented_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = {
		.family = *(const int *)arg, .type = SOCK_DGRAM,
		.rcvbuf = 4 << 20,
	};
	static const size_t lens[] = { 1400, 1600, 8000, 60000, 65508, 70000 };
	char *buf = zc_alloc(70000, 24);
	unsigned int i;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	for (i = 0; i < ZC_ARRAY_SIZE(lens); i++) {
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, lens[i], 0));
		ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
		zc_log_notifs(log, c.tx);
	}
	zc_close(&c);
}

static void udp_fragmented(const void *arg)
{
	zc_compare(udp_fragmented_log, arg, "copied_route");
}

/* A call that sent nothing leaves no id behind */
static void no_id_log(struct zc_log *log, const void *arg)
{
	const struct over *o = arg;
	bool stream = o->type == SOCK_STREAM;
	struct zc_conn c = {
		.family = o->family, .type = o->type, .rcvbuf = 1 << 16,
	};
	char *buf = zc_alloc(8192, 25);
	char *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	size_t len = stream ? 8192 : 1000;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_log_ret(log, "good", zc_sendmsg(c.tx, buf, len, 0));
	zc_log_ret(log, "EFAULT", zc_sendmsg(c.tx, hole, 1000, 0));
	zc_log_ret(log, "EFAULT", zc_sendmsg(c.tx, NULL, 1000, 0));
	zc_log_ret(log, "good", zc_sendmsg(c.tx, buf, len, 0));
	zc_log_ret(log, "length 0", zc_sendmsg(c.tx, buf, 0, 0));
	if (!stream) {
		zc_log_ret(log, "EMSGSIZE", zc_sendmsg(c.tx, buf, 1 << 20, 0));
		zc_setopt(c.tx, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
		/* order_udp_copied is about the order of these */
		ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
		zc_log_ret(log, "over the MTU", zc_sendmsg(c.tx, buf, 4000, 0));
		ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	}
	zc_log_ret(log, "good", zc_sendmsg(c.tx, buf, len, 0));
	if (stream) {
		shutdown(c.tx, SHUT_WR);
		zc_log_ret(log, "EPIPE", zc_sendmsg(c.tx, buf, 1000, 0));
	}
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_notifs(log, c.tx);
	zc_close(&c);
}

static void no_id(const void *arg)
{
	zc_compare(no_id_log, arg, NULL);
}

/*
 * A datagram that has to be copied does not overtake those before it: its
 * notification comes when the packet has left, as the others' do
 */
static void order_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = {
		.family = *(const int *)arg, .type = SOCK_DGRAM,
		.rcvbuf = 4 << 20,
	};
	char *buf = zc_alloc(8192, 34);
	int i;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_qdisc(ZC_NS_A, "netem delay 300ms");
	for (i = 0; i < 3; i++) {
		zc_log_ret(log, "lent", zc_sendmsg(c.tx, buf, 1000, 0));
		zc_log_ret(log, "copied", zc_sendmsg(c.tx, buf, 4000, 0));
	}
	zc_sleep_ms(zc_debug ? 3000 : 1000);
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_notifs(log, c.tx);
	zc_qdisc(ZC_NS_A, "none");
	zc_close(&c);
}

static void order(const void *arg)
{
	zc_compare(order_log, arg, NULL);
}

/* EAGAIN takes no id either */
static void no_id_eagain_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.flags = ZC_C_NONBLOCK,
	};
	char *buf = zc_alloc(1 << 16, 26);
	struct zc_ids ids = {};
	u64 sent = 0, good = 0;
	unsigned int again = 0, spins = 0;
	ssize_t n;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, 0);
	while (again < 50 && spins++ < 5000) {
		n = zc_sendmsg(c.tx, buf, 1 << 16, 0);
		if (n > 0) {
			good++;
			sent += n;
			continue;
		}
		ZC_CHECK(errno == EAGAIN, "send: %s", strerror(errno));
		again++;
	}
	ZC_CHECK(good, "nothing was sent");
	zc_log(log, "EAGAIN %u", again);
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, good, 20000),
		 "%llu ids for %llu sends", (unsigned long long)ids.count,
		 (unsigned long long)good);
	ZC_EQ(ids.gaps, 0, "gaps");
	ZC_EQ(ids.next, good, "next id");
	ZC_CHECK(zc_rx_wait(&c, sent, 10000), "bytes missing");
	/* and no later one */
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_notif_none(c.tx);
	zc_close(&c);
}

static void no_id_eagain(const void *arg)
{
	zc_compare(no_id_eagain_log, arg, NULL);
}

/*
 * On, off, on between calls, with data queued that cannot leave: the stock
 * path behind the layer's tail must not meet a foreign ubuf (ENOBUFS), and
 * the ids go on as if nothing had happened.
 */
struct toggle {
	int family;
	bool cork;
	size_t len;
};

static void toggle(const void *arg)
{
	const struct toggle *t = arg;
	struct zc_conn c = {
		.family = t->family, .type = SOCK_STREAM,
		.rcvbuf = 1 << 16, .sndbuf = 32 << 20,
	};
	size_t total, start = 0;
	struct zc_ids ids = {};
	unsigned int i, n = 24;
	char *buf, *fill;
	struct zc_hash h;
	ssize_t ret;

	fill = zc_alloc(ZC_MB(1), 27);
	buf = zc_alloc(n * t->len, 28);
	zc_open(&c);
	zc_rx_start(&c, 0);
	zc_hash_init(&h);
	if (t->cork) {
		zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 1);
	} else {
		/* the peer's window is full with ordinary data */
		start = ZC_MB(1);
		ZC_EQ(send(c.tx, fill, start, 0), start, "send");
		zc_hash_add(&h, fill, start);
		ZC_CHECK(zc_outq(c.tx) > 0, "nothing is queued");
	}
	for (i = 0; i < n; i++) {
		zc_set_enabled(ZC_NS_A, (i / 2) % 2 == 0);
		ret = zc_sendmsg(c.tx, buf + i * t->len, t->len, MSG_DONTWAIT);
		ZC_CHECK(ret == (ssize_t)t->len, "send %u: %zd %s", i, ret,
			 ret < 0 ? strerror(errno) : "");
	}
	zc_hash_add(&h, buf, n * t->len);
	total = start + n * t->len;
	zc_set_enabled(ZC_NS_A, 1);
	if (t->cork)
		zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 0);
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, n, 20000), "%llu of %u ids",
		 (unsigned long long)ids.count, n);
	ZC_EQ(ids.sum, n * (n - 1) / 2, "sum of the ids");
	/* the edge of the peer's window makes tiny packets, which are copied */
	if (t->cork)
		ZC_EQ(ids.copied, 0, "copied");
	zc_finish(&c, total, zc_hash_val(&h));
	zc_close(&c);
}

static void toggle_layered(const void *arg)
{
	struct zc_counters before;

	zc_counters_read(ZC_NS_A, &before);
	toggle(arg);
	ZC_LAYER(zc_delta(&before, "sends") > 0, "the layer was never used");
	ZC_LAYER(zc_delta(&before, "sends") + zc_delta(&before, "passed_disabled")
		 >= 24, "some sends were not counted anywhere");
	/* what is on loan stays with the layer until it is sent */
	ZC_LAYER_EQ(zc_delta(&before, "copied_private"), 0, "copied_private");
}

/* A great many ids: more than one notification can hold (65534) */
static void many_small(const void *arg)
{
	bool cork = *(const int *)arg;
	unsigned int i, n = zc_scale(70000, 5000);
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .sndbuf = 32 << 20,
	};
	struct zc_counters before;
	struct zc_ids ids = {};
	char *buf = zc_alloc(n, 29);

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	if (cork)
		zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 1);
	for (i = 0; i < n; i++) {
		ssize_t ret = zc_sendmsg(c.tx, buf + i, 1, 0);

		ZC_CHECK(ret == 1, "send %u: %s", i, strerror(errno));
	}
	if (cork)
		zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 0);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, n, 30000), "%llu of %u ids",
		 (unsigned long long)ids.count, n);
	ZC_EQ(ids.gaps, 0, "gaps");
	zc_finish(&c, n, zc_hash_buf(buf, n));
	/* without the cork the driver copies such tiny packets */
	if (cork)
		ZC_EQ(ids.copied, 0, "copied");
	ZC_LAYER_EQ(zc_delta_prefix(&before, "copied_"),
		    zc_delta(&before, "copied_orphan") +
		    zc_delta(&before, "copied_bytes"), "copies by reason");
	zc_close(&c);
}

/* Too little memory for the notification: ENOBUFS before any byte */
static void optmem_log(struct zc_log *log, const void *arg)
{
	const struct over *o = arg;
	struct zc_conn c = {
		.family = o->family, .type = o->type, .rcvbuf = 1 << 20,
	};
	char *buf = zc_alloc(ZC_MB(1), 30);
	size_t len = o->type == SOCK_STREAM ? ZC_MB(1) : 1000;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	ZC_EQ(zc_write_file("/proc/sys/net/core/optmem_max", "100"), 0,
	      "optmem_max");
	zc_log_ret(log, "exhausted", zc_sendmsg(c.tx, buf, len, 0));
	zc_log_ret(log, "again", zc_sendmsg(c.tx, buf, len, MSG_DONTWAIT));
	zc_log(log, "queued %d", zc_outq(c.tx));
	zc_log_ret(log, "plain", send(c.tx, buf, 100, 0));
	ZC_EQ(zc_write_file("/proc/sys/net/core/optmem_max", "131072"), 0,
	      "optmem_max");
	zc_log_ret(log, "better", zc_sendmsg(c.tx, buf, len, 0));
	zc_settle(c.tx, 5000);
	zc_log_notifs(log, c.tx);
	zc_rx_wait(&c, 100 + len, 5000);
	zc_log(log, "bytes %llu", (unsigned long long)zc_rx_bytes(&c));
	zc_close(&c);
}

static void optmem(const void *arg)
{
	zc_compare(optmem_log, arg, NULL);
}

/*
 * Messages that share an unsent packet share their notification, so there is
 * room for many in a few of them. Behind one that is as large as one may be, the
 * next begins.
 */
static void merge_log(struct zc_log *log, const void *arg)
{
	size_t first = *(const size_t *)arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 4 << 20,
	};
	unsigned int i, n = 200, good = 0;
	char *buf = zc_alloc(first + n * 5, 35);
	struct zc_ids ids = {};

	zc_open(&c);
	zc_rx_start(&c, 0);
	ZC_EQ(zc_write_file("/proc/sys/net/core/optmem_max", "4000"), 0,
	      "optmem_max");
	zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 1);
	if (first)
		zc_log_ret(log, "first", zc_sendmsg(c.tx, buf, first,
						    MSG_DONTWAIT));
	for (i = 0; i < n; i++)
		good += zc_sendmsg(c.tx, buf + first + i * 5, 5,
				   MSG_DONTWAIT) == 5;
	zc_log(log, "%u of %u small ones went", good, n);
	zc_notif_none(c.tx);
	zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 0);
	zc_rx_limit(&c, UINT64_MAX);
	n = good + !!first;
	ZC_CHECK(zc_notif_wait(c.tx, &ids, n, 20000), "%llu of %u ids",
		 (unsigned long long)ids.count, n);
	zc_log(log, "ids %llu, their sum %llu, gaps %u",
	       (unsigned long long)ids.count, (unsigned long long)ids.sum,
	       ids.gaps);
	zc_finish(&c, first + good * 5, zc_hash_buf(buf, first + good * 5));
	zc_close(&c);
	ZC_EQ(zc_write_file("/proc/sys/net/core/optmem_max", "131072"), 0,
	      "optmem_max");
}

static void merge(const void *arg)
{
	zc_compare(merge_log, arg, NULL);
}

/*
 * Room for some notifications while the peer holds back: each send either
 * goes or says ENOBUFS, and nothing of a refused one is on the wire.
 */
static void optmem_later(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 64 << 20,
	};
	const size_t len = 600000;	/* too large to share a notification */
	char *buf = zc_alloc(len, 31);
	unsigned int good = 0, bad = 0, i;
	struct zc_ids ids = {};
	struct zc_hash h;
	ssize_t n;

	(void)arg;
	zc_hash_init(&h);
	zc_open(&c);
	zc_rx_start(&c, 0);
	ZC_EQ(zc_write_file("/proc/sys/net/core/optmem_max", "4000"), 0,
	      "optmem_max");
	for (i = 0; i < 12; i++) {
		n = zc_sendmsg(c.tx, buf, len, MSG_DONTWAIT);
		if (n == (ssize_t)len) {
			good++;
			zc_hash_add(&h, buf, len);
			continue;
		}
		ZC_CHECK(n < 0 && errno == ENOBUFS, "send %u: %zd %s", i, n,
			 strerror(errno));
		bad++;
	}
	ZC_CHECK(good && bad, "good %u bad %u", good, bad);
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, good, 20000), "ids missing");
	ZC_EQ(ids.sum, good * (good - 1) / 2, "sum of the ids");
	zc_finish(&c, good * len, zc_hash_val(&h));
	zc_close(&c);
}

/* A reader that never reads its error queue is no reason to stop */
static void unread_queue(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 20,
	};
	char *buf = zc_alloc(100000, 32);
	unsigned int i, n = zc_scale(300, 60);
	struct zc_ids ids = {};

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	for (i = 0; i < n; i++)
		ZC_EQ(zc_sendmsg(c.tx, buf, 100000, 0), 100000, "send");
	ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
	zc_notif_drain(c.tx, &ids);
	ZC_EQ(ids.count, n, "ids");
	ZC_EQ(ids.gaps, 0, "gaps");
	zc_close(&c);
}

static const struct over tcp4 = { AF_INET, SOCK_STREAM, ZC_LINK_PAIR };
static const struct over tcp6 = { AF_INET6, SOCK_STREAM, ZC_LINK_PAIR };
static const struct over udp4 = { AF_INET, SOCK_DGRAM, ZC_LINK_PAIR };
static const struct over udp6 = { AF_INET6, SOCK_DGRAM, ZC_LINK_PAIR };
static const struct over tcp_veth = { AF_INET, SOCK_STREAM, ZC_LINK_VETH };
static const struct over udp_veth = { AF_INET, SOCK_DGRAM, ZC_LINK_VETH };
static const struct over tcp_lo = { AF_INET, SOCK_STREAM, ZC_LINK_LO };
static const struct over udp_lo = { AF_INET6, SOCK_DGRAM, ZC_LINK_LO };
static const int yes = 1, no;
static const int v4 = AF_INET, v6 = AF_INET6;
static const size_t merge_small, merge_behind = 512 << 10;
static const struct toggle tg_full = { AF_INET, false, 100000 };
static const struct toggle tg_full_small = { AF_INET6, false, 300 };
static const struct toggle tg_cork = { AF_INET, true, 300 };

static const struct zc_case cases[] = {
	{ "sequence_tcp", sequence, &tcp4, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "sequence_tcp6", sequence, &tcp6, ZC_F_PAIR, 0 },
	{ "sequence_udp", sequence, &udp4, ZC_F_PAIR, 0 },
	{ "coalesce_tcp", coalesce, &tcp4, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "coalesce_tcp6", coalesce, &tcp6, ZC_F_PAIR, 0 },
	{ "coalesce_udp", coalesce, &udp4, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "coalesce_udp6", coalesce, &udp6, ZC_F_PAIR, 0 },
	{ "copied_veth_tcp", copied, &tcp_veth, ZC_F_SHORT, 0 },
	{ "copied_veth_udp", copied, &udp_veth, 0, 0 },
	{ "copied_lo_tcp", copied, &tcp_lo, ZC_F_SHORT, 0 },
	{ "copied_lo_udp6", copied, &udp_lo, 0, 0 },
	{ "copied_no_sg_tcp", no_sg_tcp, &tcp_veth, ZC_F_SHORT, 0 },
	{ "copied_no_sg_udp", no_sg, &udp_veth, 0, 0 },
	{ "copied_udp_fragmented", udp_fragmented, &v4, ZC_F_PAIR, 0 },
	{ "copied_udp6_fragmented", udp_fragmented, &v6, ZC_F_PAIR, 0 },
	{ "no_id_tcp", no_id, &tcp4, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "no_id_tcp6", no_id, &tcp6, ZC_F_PAIR, 0 },
	{ "no_id_udp", no_id, &udp4, ZC_F_PAIR | ZC_F_SHORT | ZC_F_QUEUE, 0 },
	{ "no_id_udp6", no_id, &udp6, ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "order_udp_copied", order, &v4, ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "order_udp6_copied", order, &v6, ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "no_id_eagain", no_id_eagain, NULL, ZC_F_PAIR, 0 },
	{ "toggle_window_full", toggle_layered, &tg_full,
	  ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "toggle_window_full_small", toggle_layered, &tg_full_small,
	  ZC_F_PAIR, 0 },
	{ "toggle_cork", toggle_layered, &tg_cork, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "many_small", many_small, &no, ZC_F_PAIR, 300 },
	{ "many_small_corked", many_small, &yes, ZC_F_PAIR, 300 },
	{ "optmem_tcp", optmem, &tcp4, ZC_F_PAIR | ZC_F_SHORT | ZC_F_QUEUE, 0 },
	{ "optmem_udp", optmem, &udp4, ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "optmem_udp6", optmem, &udp6, ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "merge_optmem", merge, &merge_small, ZC_F_PAIR, 0 },
	{ "merge_ids_corked", merge, &merge_behind, ZC_F_PAIR, 0 },
	{ "optmem_later", optmem_later, NULL, ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "unread_queue", unread_queue, NULL, ZC_F_PAIR, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "notify", cases, ZC_ARRAY_SIZE(cases));
}
