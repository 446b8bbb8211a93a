// SPDX-License-Identifier: GPL-2.0
/*
 * What belongs to a call and not to each loan of it: MSG_EOR, MSG_OOB,
 * timestamps, control messages, MSG_MORE, corking (trap: "applied to each
 * chunk"). And what the network does to packets on loan: delay, loss,
 * retransmission.
 */
#include "zc_test.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static void info(int fd, struct tcp_info *ti)
{
	socklen_t len = sizeof(*ti);

	memset(ti, 0, sizeof(*ti));
	ZC_SYS(getsockopt(fd, IPPROTO_TCP, TCP_INFO, ti, &len));
}

/*
 * How messages are cut into packets is visible in the number of segments:
 * EOR ends one, MSG_MORE and corking keep one open.
 */
static void segments_log(struct zc_log *log, const void *arg)
{
	static const struct {
		size_t len;
		int flags;
	} seq[] = {
		{ 400, MSG_EOR }, { 300, 0 }, { 200, MSG_EOR }, { 100, 0 },
		{ 700, MSG_MORE }, { 100, MSG_MORE | MSG_EOR }, { 50, 0 },
	};
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 4 << 20,
		.sndbuf = 4 << 20,
	};
	struct tcp_info before, after;
	char *buf = zc_alloc(8192, 91);
	unsigned int i;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	info(c.tx, &before);
	zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 1);
	for (i = 0; i < ZC_ARRAY_SIZE(seq); i++)
		zc_log_ret(log, "corked send",
			   zc_sendmsg(c.tx, buf, seq[i].len, seq[i].flags));
	zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 0);
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	info(c.tx, &after);
	zc_log(log, "segments %u", after.tcpi_data_segs_out -
	       before.tcpi_data_segs_out);
	zc_log_notifs(log, c.tx);
	zc_close(&c);
}

static void segments(const void *arg)
{
	zc_compare(segments_log, arg, NULL);
}

/*
 * Messages of two loans that start in the middle of a segment make no more
 * segments than their bytes fill. A loan that ends a packet (MSG_EOR) or lets
 * it go (no MSG_MORE) would.
 */
static bool across_once(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 8 << 20,
		.sndbuf = 16 << 20,
	};
	int i, n = 3, flags = *(const int *)arg;
	struct tcp_info before, after;
	size_t head = 100, len, mss;
	struct zc_counters c0;
	unsigned int segs;
	char *buf;

	/* packets of one segment: the first loan ends where one would */
	zc_gso_max_segs(ZC_NS_A, 1);
	/* a probe for a lost tail takes what is there, full segment or not */
	zc_set_sysctl(ZC_NS_A, "/proc/sys/net/ipv4/tcp_early_retrans", "0");
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_setopt(c.tx, IPPROTO_TCP, TCP_NODELAY, 1);
	buf = zc_alloc(1 << 20, 102);
	/* all of a loan is to leave at once: only then is its end seen */
	for (i = 0; i < 20; i++) {
		ZC_EQ(zc_sendmsg(c.tx, buf, 1 << 20, 0), 1 << 20, "sendmsg");
		info(c.tx, &before);
		if (before.tcpi_snd_cwnd > 800)
			break;
	}
	ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
	zc_counters_read(ZC_NS_A, &c0);
	info(c.tx, &before);
	mss = before.tcpi_snd_mss;
	len = (512 << 10) / mss * mss + 10000;
	for (i = 0; i < n; i++) {
		ZC_EQ(zc_sendmsg(c.tx, buf, head, MSG_MORE), head, "head");
		ZC_EQ(zc_sendmsg(c.tx, buf, len, flags), len, "message");
		ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
	}
	info(c.tx, &after);
	/* what was sent again does not count */
	segs = after.tcpi_data_segs_out - before.tcpi_data_segs_out -
	       (after.tcpi_total_retrans - before.tcpi_total_retrans);
	zc_note("%u segments of up to %zu bytes, expected %zu, cwnd %u", segs,
		mss, n * ((head + len + mss - 1) / mss),
		before.tcpi_snd_cwnd);
	ZC_LAYER_EQ(zc_delta(&c0, "loans"), 3 * n, "loans");
	zc_gso_max_segs(ZC_NS_A, 0);
	zc_close(&c);
	return segs == n * ((head + len + mss - 1) / mss);
}

/*
 * TCP also sends what it has when a timer ends, and a busy machine lets timers
 * end between two calls. A loan that does it adds a segment each time.
 */
static void across(const void *arg)
{
	int i;

	for (i = 0; i < 8; i++)
		if (across_once(arg))
			return;
	ZC_LAYER(false, "each time other segments than the bytes fill");
}

/*
 * Rule 1: what is copied does not go into a packet of lent fragments. That
 * would take references on each of them, and a copy-on-write fault, a migration
 * or a truncation would find them.
 */
static void copy_behind_loan(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 4 << 20, .flags = ZC_C_NONBLOCK,
	};
	const size_t len = 60, page = 4096, ahead = ZC_MB(1);
	char *fill = zc_alloc(ahead, 105);
	unsigned int i, n = 24;
	char *buf = zc_alloc(n * page, 103);
	struct zc_counters before;
	struct zc_ids ids = {};
	struct zc_hash h;

	(void)arg;
	zc_hash_init(&h);
	zc_set_window(ZC_NS_A, 64 << 10);
	zc_open(&c);
	zc_rx_start(&c, 0);
	/* the peer's window is full, so all the rest stays here */
	ZC_EQ(send(c.tx, fill, ahead, 0), ahead, "send");
	zc_hash_add(&h, fill, ahead);
	zc_counters_read(ZC_NS_A, &before);
	zc_kprobe("__skb_zcopy_downgrade_managed");
	for (i = 0; i < n; i++) {
		ZC_EQ(zc_sendmsg(c.tx, buf + i * page, len, 0), len, "send");
		zc_hash_add(&h, buf + i * page, len);
	}
	ZC_LAYER(zc_delta(&before, "loans") > 1, "nothing was lent");
	ZC_LAYER(zc_delta(&before, "copied_window") > 0, "nothing was copied");
	/* later the driver does: it pulls the first bytes of each packet */
	ZC_LAYER_EQ(zc_kprobe_hits(), 0, "packets that took references");
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, n, 10000), "%llu of %u ids",
		 (unsigned long long)ids.count, n);
	zc_finish(&c, ahead + n * len, zc_hash_val(&h));
	zc_close(&c);
}

/* Behind MSG_MORE nothing leaves at once; a plain send lets it go */
static void more_log(struct zc_log *log, const void *arg)
{
	bool cork = *(const int *)arg;
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	char *buf = zc_alloc(8192, 92);

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	if (cork)
		zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 1);
	zc_log_ret(log, "more", zc_sendmsg(c.tx, buf, 500,
					   cork ? 0 : MSG_MORE));
	zc_sleep_ms(60);
	zc_log(log, "arrived %llu", (unsigned long long)zc_rx_bytes(&c));
	zc_notif_none(c.tx);
	if (cork)
		zc_setopt(c.tx, IPPROTO_TCP, TCP_CORK, 0);
	else
		zc_log_ret(log, "last", zc_sendmsg(c.tx, buf, 300, 0));
	/* without waiting for a timer of 200 ms and more */
	zc_log(log, "arrives soon: %d",
	       zc_rx_wait(&c, cork ? 500 : 800, 120));
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	zc_log_notifs(log, c.tx);
	zc_close(&c);
}

static void more(const void *arg)
{
	zc_compare(more_log, arg, NULL);
}

/* The last bytes of a long message do not wait for Nagle or a cork timer */
static void tail_latency(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 4 << 20,
	};
	size_t len = ZC_MB(1) + 999;
	char *buf = zc_alloc(len, 93);
	u64 worst = 0, t;
	int i, n = 20, slow = 0;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	for (i = 0; i < n; i++) {
		ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
		t = zc_now_ms();
		ZC_CHECK(zc_rx_wait(&c, (i + 1) * len, 10000),
			 "bytes are missing");
		t = zc_now_ms() - t;
		if (t > worst)
			worst = t;
		slow += t > (zc_debug ? 1000 : 150);
		zc_settle(c.tx, 10000);
	}
	zc_note("worst latency of the tail: %llu ms",
		(unsigned long long)worst);
	/* a cork is opened by a timer after 200 ms */
	ZC_CHECK(slow <= n / 4, "%d of %d tails were slow", slow, n);
	zc_close(&c);
}

/* One urgent byte, the last of the message */
static void oob_log(struct zc_log *log, const void *arg)
{
	size_t len = *(const size_t *)arg, got = 0;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 16 << 20,
		.sndbuf = 16 << 20,
	};
	char *buf = zc_alloc(len, 94), *in = malloc(len + 8), oob;
	int avail = 0, old = -1, i;
	ssize_t n;

	zc_open(&c);
	zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, len, MSG_OOB));
	ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
	for (i = 0; i < 100 && old != avail; i++) {
		old = avail;
		zc_sleep_ms(20);
		ZC_SYS(ioctl(c.rx, SIOCINQ, &avail));
	}
	n = recv(c.rx, &oob, 1, MSG_OOB | MSG_DONTWAIT);
	zc_log_ret(log, "urgent", n);
	if (n == 1)
		zc_log(log, "it is the last byte: %d", oob == buf[len - 1]);
	while ((n = recv(c.rx, in + got, len + 8 - got, MSG_DONTWAIT)) > 0)
		got += n;
	zc_log(log, "ordinary bytes %zu, same %d", got,
	       !memcmp(buf, in, got));
	zc_log_notifs(log, c.tx);
	zc_close(&c);
	free(in);
}

static void oob(const void *arg)
{
	zc_compare(oob_log, arg, NULL);
}

struct urgent_sender {
	pthread_t thread;
	int fd;
	const char *buf;
	size_t len;
	ssize_t ret;
};

static void *urgent_thread(void *arg)
{
	struct urgent_sender *s = arg;

	s->ret = zc_sendmsg(s->fd, s->buf, s->len, MSG_OOB);
	return NULL;
}

/*
 * A reader that keeps up sees the urgent mark once, before the last byte,
 * however many loans the sender had to wait for.
 */
static void oob_marks_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 20,
		.sndbuf = 16 << 20,
	};
	struct urgent_sender s = { .len = *(const size_t *)arg };
	size_t got = 0, marked = SIZE_MAX;
	u64 end = zc_now_ms() + (zc_debug ? 100000 : 30000);
	char in[4096];
	int mark;
	ssize_t n;

	/* the loans go one after the other: each is read before the next */
	zc_set_window(ZC_NS_A, 64 << 10);
	zc_open(&c);
	s.fd = c.tx;
	s.buf = zc_alloc(s.len, 104);
	ZC_EQ(pthread_create(&s.thread, NULL, urgent_thread, &s), 0, "thread");
	while (got < s.len - 1) {
		struct pollfd pfd = { .fd = c.rx, .events = POLLIN | POLLPRI };

		ZC_CHECK(zc_now_ms() < end, "%zu bytes are missing",
			 s.len - 1 - got);
		ZC_SYS(ioctl(c.rx, SIOCATMARK, &mark));
		if (mark && marked != got) {
			marked = got;
			zc_log(log, "marked behind %zu", got);
		}
		n = recv(c.rx, in, sizeof(in), MSG_DONTWAIT);
		if (n > 0)
			got += n;
		else
			poll(&pfd, 1, 20);
	}
	pthread_join(s.thread, NULL);
	zc_log_ret(log, "send", s.ret);
	ZC_CHECK(zc_wait_for(ioctl(c.rx, SIOCATMARK, &mark) || mark, 10000),
		 "no urgent byte at the end");
	n = recv(c.rx, in, 1, MSG_OOB | MSG_DONTWAIT);
	zc_log_ret(log, "urgent", n);
	zc_log(log, "it is the last byte: %d", n == 1 && *in == s.buf[s.len - 1]);
	zc_log_ids(log, c.tx, 1);
	zc_close(&c);
}

static void oob_marks(const void *arg)
{
	zc_compare(oob_marks_log, arg, NULL);
}

/* ---- timestamps: one of each kind for a call, not for a loan ---- */

struct ts {
	int type;
	size_t len;
	bool cmsg;	/* asked for by the call, else by the socket */
	bool full;	/* the send buffer holds a part of it only */
};

/*
 * Which there were, not how many or in which order: a segment that is sent
 * again is stamped again. A stamp for each loan would have keys of its own.
 */
struct stamp_set {
	unsigned int nr;
	u64 s[64];
};

static void stamp_add(struct stamp_set *set, unsigned int type, u32 key)
{
	u64 v = (u64)type << 32 | key;
	unsigned int i, j;

	for (i = 0; i < set->nr && set->s[i] < v; i++)
		;
	if (i < set->nr && set->s[i] == v)
		return;
	ZC_CHECK(set->nr < ZC_ARRAY_SIZE(set->s), "too many timestamps");
	for (j = set->nr++; j > i; j--)
		set->s[j] = set->s[j - 1];
	set->s[i] = v;
}

static unsigned int read_stamps(int fd, struct stamp_set *set)
{
	char control[512], data[2048];
	unsigned int ids = 0;

	for (;;) {
		struct iovec iov = { data, sizeof(data) };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		struct sock_extended_err *ee = NULL;
		bool stamp = false;
		struct cmsghdr *cm;

		if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
		for (cm = CMSG_FIRSTHDR(&msg); cm; cm = CMSG_NXTHDR(&msg, cm)) {
			if (cm->cmsg_level == SOL_SOCKET &&
			    cm->cmsg_type == SCM_TIMESTAMPING)
				stamp = true;
			else if (cm->cmsg_type == IP_RECVERR ||
				 cm->cmsg_type == IPV6_RECVERR)
				ee = (void *)CMSG_DATA(cm);
		}
		ZC_CHECK(ee, "no sock_extended_err");
		if (ee->ee_origin == SO_EE_ORIGIN_ZEROCOPY)
			ids += ee->ee_data - ee->ee_info + 1;
		else if (ee->ee_origin == SO_EE_ORIGIN_TIMESTAMPING && stamp)
			stamp_add(set, ee->ee_info, ee->ee_data);
	}
	return ids;
}

static void stamps_log(struct zc_log *log, const void *arg)
{
	const struct ts *t = arg;
	struct zc_conn c = {
		.family = AF_INET, .type = t->type, .rcvbuf = 8 << 20,
		.sndbuf = t->full ? 128 << 10 : 16 << 20,
	};
	unsigned int which = SOF_TIMESTAMPING_TX_SCHED |
			     SOF_TIMESTAMPING_TX_SOFTWARE |
			     (t->type == SOCK_STREAM ? SOF_TIMESTAMPING_TX_ACK :
			      0);
	unsigned int report = SOF_TIMESTAMPING_SOFTWARE |
			      SOF_TIMESTAMPING_OPT_ID |
			      SOF_TIMESTAMPING_OPT_TSONLY;
	struct stamp_set set = {};
	unsigned int ids = 0, i;
	char control[CMSG_SPACE(4)] = {};
	char *buf = zc_alloc(t->len, 95);
	struct iovec iov = { buf, t->len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_setopt(c.tx, SOL_SOCKET, SO_TIMESTAMPING,
		  t->cmsg ? report : report | which);
	if (t->cmsg) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SO_TIMESTAMPING;
		cm->cmsg_len = CMSG_LEN(4);
		memcpy(CMSG_DATA(cm), &which, 4);
	}
	for (i = 0; i < 3; i++) {
		zc_log_ret(log, "send", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
		ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
		zc_sleep_ms(20);
		ids += read_stamps(c.tx, &set);
	}
	zc_log(log, "ids %u", ids);
	for (i = 0; i < set.nr; i++)
		zc_log(log, "type %u key %u", (u32)(set.s[i] >> 32),
		       (u32)set.s[i]);
	zc_close(&c);
}

static void stamps(const void *arg)
{
	zc_compare(stamps_log, arg, NULL);
}

/* A message that is cut short is stamped where it ends */
static void stamps_cut_short(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 64 << 10,
		.sndbuf = 512 << 10,
	};
	size_t len = 8 << 20, sent = 0;
	char *buf = zc_alloc(len, 97);
	struct stamp_set set = {};
	bool stamped = false;
	unsigned int i, ids;
	ssize_t n;

	(void)arg;
	zc_open(&c);
	zc_setopt(c.tx, SOL_SOCKET, SO_TIMESTAMPING,
		  SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
		  SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_TX_ACK);
	for (ids = 0; ids < 2; ids++) {
		n = send(c.tx, buf, len, MSG_ZEROCOPY | MSG_DONTWAIT);
		if (n < 0)
			break;
		ZC_CHECK(n < (ssize_t)len, "nothing was cut short");
		sent += n;
	}
	ZC_CHECK(sent, "nothing was sent");
	zc_rx_start(&c, UINT64_MAX);
	ZC_CHECK(zc_settle(c.tx, 20000), "does not settle");
	read_stamps(c.tx, &set);
	for (i = 0; i < set.nr; i++)
		stamped |= (u32)set.s[i] == (u32)sent - 1;
	ZC_CHECK(stamped, "no timestamp at the end, byte %zu", sent - 1);
	zc_close(&c);
}

/* A control message of a datagram reaches the packet */
static void udp_cmsg(const void *arg)
{
	int family = *(const int *)arg;
	struct zc_conn c = { .family = family, .type = SOCK_DGRAM };
	char control[CMSG_SPACE(4)] = {}, in[2000], rctl[256];
	char *buf = zc_alloc(1000, 96);
	struct iovec iov = { buf, 1000 }, riov = { in, sizeof(in) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct msghdr rmsg = {
		.msg_iov = &riov, .msg_iovlen = 1,
		.msg_control = rctl, .msg_controllen = sizeof(rctl),
	};
	struct zc_counters before;
	struct cmsghdr *cm;
	int tos = -1;

	zc_open(&c);
	if (family == AF_INET)
		zc_setopt(c.rx, SOL_IP, IP_RECVTOS, 1);
	else
		zc_setopt(c.rx, SOL_IPV6, IPV6_RECVTCLASS, 1);
	zc_counters_read(ZC_NS_A, &before);
	cm = CMSG_FIRSTHDR(&msg);
	cm->cmsg_level = family == AF_INET ? SOL_IP : SOL_IPV6;
	cm->cmsg_type = family == AF_INET ? IP_TOS : IPV6_TCLASS;
	cm->cmsg_len = CMSG_LEN(4);
	*(int *)CMSG_DATA(cm) = 0x48;
	ZC_EQ(sendmsg(c.tx, &msg, MSG_ZEROCOPY), 1000, "sendmsg");
	ZC_EQ(recvmsg(c.rx, &rmsg, 0), 1000, "recvmsg");
	for (cm = CMSG_FIRSTHDR(&rmsg); cm; cm = CMSG_NXTHDR(&rmsg, cm)) {
		if (cm->cmsg_type == IP_TOS && family == AF_INET)
			tos = *(unsigned char *)CMSG_DATA(cm);
		if (cm->cmsg_type == IPV6_TCLASS && family == AF_INET6)
			tos = *(int *)CMSG_DATA(cm);
	}
	ZC_EQ(tos, 0x48, "TOS");
	ZC_CHECK(!memcmp(buf, in, 1000), "data differs");
	zc_notif_expect(c.tx, 1);
	ZC_LAYER_EQ(zc_delta(&before, "sends"), 1, "sends");
	zc_no_copies(&before);
	zc_close(&c);
}

/* ---- what the network does ---- */

/* The notification comes when the packet has left, not when it was queued */
static void delayed(const void *arg)
{
	int type = *(const int *)arg;
	struct zc_conn c = { .family = AF_INET, .type = type };
	size_t len = type == SOCK_STREAM ? 20000 : 1400;
	char *buf = zc_alloc(len, 97);
	struct pollfd pfd = {};
	u64 t;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_qdisc(ZC_NS_A, "netem delay 500ms");
	pfd.fd = c.tx;
	t = zc_now_ms();
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
	ZC_CHECK(poll(&pfd, 1, 100) == 0, "an event before the packet left");
	zc_notif_none(c.tx);
	ZC_LAYER(zc_counter_now(ZC_NS_A, "loans_out") >= 1, "no loan is out");
	ZC_LAYER(zc_counter_now(ZC_NS_A, "pinned_bytes") > 0,
		 "nothing is pinned");
	zc_notif_expect(c.tx, 1);
	t = zc_now_ms() - t;
	ZC_CHECK(t >= 450, "notification after %llu ms", (unsigned long long)t);
	zc_finish(&c, len, zc_hash_buf(buf, len));
	zc_close(&c);
}

/* close() and munmap() while the packets wait in a queue of the device */
static void delayed_close(const void *arg)
{
	int type = *(const int *)arg;
	struct zc_conn c = {
		.family = AF_INET, .type = type, .rcvbuf = 1 << 20,
	};
	size_t len = type == SOCK_STREAM ? 100000 : 1400;
	char *buf = zc_alloc(len, 98);
	u64 hash = zc_hash_buf(buf, len);

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_qdisc(ZC_NS_A, "netem delay 300ms");
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
	ZC_SYS(close(c.tx));
	c.tx = -1;
	ZC_SYS(munmap(buf, len));
	/* the memory is somebody else's now */
	zc_alloc(len * 4, 99);
	ZC_CHECK(zc_rx_wait(&c, len, 10000), "bytes are missing");
	zc_rx_join(&c);
	ZC_CHECK(zc_hash_val(&c.rx_hash) == hash, "checksums differ");
	zc_close(&c);
}

/* Retransmission: nothing is lost, and still nothing is copied */
static void loss(const void *arg)
{
	const char *a = ((const char * const *)arg)[0];
	const char *b = ((const char * const *)arg)[1];
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .sndbuf = 4 << 20,
	};
	size_t len = zc_scale(ZC_MB(8), ZC_MB(2)), off;
	char *buf = zc_alloc(len, 100);
	struct zc_counters before;
	struct zc_ids ids = {};
	struct tcp_info ti;
	unsigned int n = 0;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	if (a)
		zc_qdisc(ZC_NS_A, a);
	if (b)
		zc_qdisc(ZC_NS_B, b);
	zc_counters_read(ZC_NS_A, &before);
	for (off = 0; off < len; off += 1 << 20, n++)
		ZC_EQ(zc_sendmsg(c.tx, buf + off, 1 << 20, 0), 1 << 20,
		      "sendmsg");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, n, 60000), "%llu of %u ids",
		 (unsigned long long)ids.count, n);
	ZC_EQ(ids.sum, n * (n - 1) / 2, "sum of the ids");
	info(c.tx, &ti);
	zc_note("%u segments retransmitted, %u messages said COPIED",
		ti.tcpi_total_retrans, ids.copied);
	if (a)
		ZC_CHECK(ti.tcpi_total_retrans > 0, "nothing was lost");
	zc_finish(&c, len, zc_hash_buf(buf, len));
	/* the driver copies tiny packets: those that loss leaves behind */
	ZC_LAYER_EQ(zc_delta_prefix(&before, "copied_"),
		    zc_delta(&before, "copied_orphan") +
		    zc_delta(&before, "copied_bytes"), "copies by reason");
	zc_close(&c);
}

/* TCP sends it again after the sender changed it: whatever, but no crash */
static void reuse_too_early(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .sndbuf = 4 << 20,
	};
	size_t len = ZC_MB(2);
	char *buf = zc_alloc(len, 101);
	int i;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_qdisc(ZC_NS_A, "netem loss 5%");
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
	for (i = 0; i < 50; i++) {
		zc_fill(buf, len, i);
		zc_sleep_ms(2);
	}
	shutdown(c.tx, SHUT_WR);
	zc_rx_join(&c);
	ZC_EQ(c.rx_bytes, len, "bytes received");
	zc_close(&c);
}

static const int yes = 1, no;
static const int v4 = AF_INET, v6 = AF_INET6;
static const int stream = SOCK_STREAM, dgram = SOCK_DGRAM;
static const int none, eor = MSG_EOR;
static const size_t oob_1 = 1, oob_100k = 100000, oob_1m = 1200000;
static const struct ts ts_tcp = { SOCK_STREAM, 100000, false, false };
static const struct ts ts_tcp_big = { SOCK_STREAM, 1500000, false, false };
static const struct ts ts_tcp_cmsg = { SOCK_STREAM, 1500000, true, false };
static const struct ts ts_tcp_full = { SOCK_STREAM, 1500000, false, true };
static const struct ts ts_udp = { SOCK_DGRAM, 1200, false, false };
static const struct ts ts_udp_cmsg = { SOCK_DGRAM, 1200, true, false };
/* Of the 130 packets that these may be, one is lost as good as always. */
static const char * const loss_both[2] = { "netem loss 5%", "netem loss 2%" };
static const char * const loss_acks[2] = { NULL, "netem loss 10%" };
static const char * const reorder[2] = {
	"netem delay 5ms reorder 25% 50% loss 1%", NULL,
};

static const char * const twice[2] = {
	"netem duplicate 5% corrupt 0.2% loss 5%", NULL,
};

static const struct zc_case cases[] = {
	{ "segments_eor_more_cork", segments, NULL,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_QUEUE, 0 },
	{ "segments_across_loans", across, &none, ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "segments_across_loans_eor", across, &eor, ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "copy_behind_loan", copy_behind_loan, NULL,
	  ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "msg_more", more, &no, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "tcp_cork", more, &yes, ZC_F_PAIR, 0 },
	{ "tail_latency", tail_latency, NULL, ZC_F_PAIR, 0 },
	{ "oob_1", oob, &oob_1, ZC_F_PAIR, 0 },
	{ "oob_100k", oob, &oob_100k, ZC_F_PAIR, 0 },
	{ "oob_many_loans", oob, &oob_1m, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "oob_marks_many_loans", oob_marks, &oob_1m, ZC_F_PAIR, 0 },
	{ "timestamps_tcp", stamps, &ts_tcp, ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "timestamps_many_loans", stamps, &ts_tcp_big,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_QUEUE, 0 },
	{ "timestamps_cmsg_many_loans", stamps, &ts_tcp_cmsg,
	  ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "timestamps_full_buffer", stamps, &ts_tcp_full,
	  ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "timestamps_cut_short", stamps_cut_short, NULL, ZC_F_PAIR, 0 },
	{ "timestamps_udp", stamps, &ts_udp, ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "timestamps_cmsg_udp", stamps, &ts_udp_cmsg,
	  ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "udp_cmsg", udp_cmsg, &v4, ZC_F_PAIR, 0 },
	{ "udp6_cmsg", udp_cmsg, &v6, ZC_F_PAIR, 0 },
	{ "delayed_tcp", delayed, &stream,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "delayed_udp", delayed, &dgram,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "delayed_close_tcp", delayed_close, &stream, ZC_F_PAIR, 0 },
	{ "delayed_close_udp", delayed_close, &dgram, ZC_F_PAIR, 0 },
	{ "loss", loss, loss_both, ZC_F_PAIR | ZC_F_SHORT, 300 },
	{ "loss_of_acks", loss, loss_acks, ZC_F_PAIR, 300 },
	{ "reordering", loss, reorder, ZC_F_PAIR, 300 },
	{ "duplication_corruption", loss, twice, ZC_F_PAIR, 300 },
	{ "reuse_too_early", reuse_too_early, NULL, ZC_F_PAIR, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "stream", cases, ZC_ARRAY_SIZE(cases));
}
