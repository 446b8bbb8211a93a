// SPDX-License-Identifier: GPL-2.0
/* Connections, checksums, notifications, io_uring: see zc_test.h */
#include "zc_area.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/ethtool.h>
#include <linux/io_uring.h>
#include <linux/sockios.h>
#include <linux/tls.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifndef SOL_TLS
#define SOL_TLS 282
#endif
#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* ---- memory and its checksum ---- */

void zc_hash_init(struct zc_hash *h)
{
	memset(h, 0, sizeof(*h));
	h->h = 0xcbf29ce484222325ULL;
}

static inline void hash_word(struct zc_hash *h, u64 w)
{
	h->h = (h->h ^ w) * 0x9e3779b97f4a7c15ULL;
	h->h ^= h->h >> 29;
}

/* Independent of how the stream is cut, dependent on every byte's place */
void zc_hash_add(struct zc_hash *h, const void *p, size_t len)
{
	const unsigned char *b = p;
	u64 w;

	h->len += len;
	while (len && h->n) {
		h->acc |= (u64)*b++ << (8 * h->n);
		len--;
		if (++h->n == 8) {
			hash_word(h, h->acc);
			h->acc = 0;
			h->n = 0;
		}
	}
	for (; len >= 8; len -= 8, b += 8) {
		memcpy(&w, b, 8);
		hash_word(h, w);
	}
	while (len--)
		h->acc |= (u64)*b++ << (8 * h->n++);
}

u64 zc_hash_val(const struct zc_hash *h)
{
	struct zc_hash t = *h;

	hash_word(&t, t.acc);
	hash_word(&t, t.len);
	return t.h;
}

u64 zc_hash_buf(const void *p, size_t len)
{
	struct zc_hash h;

	zc_hash_init(&h);
	zc_hash_add(&h, p, len);
	return zc_hash_val(&h);
}

void zc_fill(void *p, size_t len, u64 seed)
{
	u64 x = seed * 0x9e3779b97f4a7c15ULL + 88172645463325252ULL;
	unsigned char *b = p;

	while (len) {
		size_t n = len < 8 ? len : 8;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(b, &x, n);
		b += n;
		len -= n;
	}
}

/* ZC_AREAS=1: everything is sent out of registered areas */
static void in_area(void *p, size_t len)
{
	const char *env = getenv("ZC_AREAS");
	static int fd = -1;
	static pid_t owner;
	int id;

	if (!env || !strcmp(env, "0"))
		return;
	if (owner != getpid()) {
		owner = getpid();
		fd = zc_dev_open();
		ZC_CHECK(fd >= 0, "/dev/zerocopy: %s", strerror(-fd));
	}
	id = zc_area_register(fd, p, (len + 4095) & ~4095UL);
	ZC_CHECK(id > 0, "register: %s", strerror(-id));
}

void *zc_alloc(size_t len, u64 seed)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ZC_CHECK(p != MAP_FAILED, "mmap %zu: %s", len, strerror(errno));
	madvise(p, len, MADV_NOHUGEPAGE);
	zc_fill(p, len, seed);
	in_area(p, len);
	return p;
}

/* AnonHugePages of the mapping that holds p, from smaps, in KiB */
static long anon_huge_kb(const void *p)
{
	unsigned long lo, hi;
	bool inside = false;
	char line[512];
	long kb = 0;
	FILE *f;

	f = fopen("/proc/self/smaps", "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2)
			inside = (unsigned long)p >= lo &&
				 (unsigned long)p < hi;
		if (inside && sscanf(line, "AnonHugePages: %ld kB", &kb) == 1)
			break;
	}
	fclose(f);
	return kb;
}

void *zc_alloc_thp(size_t len, u64 seed)
{
	const size_t huge = ZC_MB(2);
	char *p;

	len = (len + huge - 1) & ~(huge - 1);
	p = mmap(NULL, len + huge, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	p = (char *)(((uintptr_t)p + huge - 1) & ~(huge - 1));
	if (madvise(p, len, MADV_HUGEPAGE))
		return NULL;
	zc_fill(p, len, seed);
	if (anon_huge_kb(p) < (long)(len >> 10))
		return NULL;
	in_area(p, len);
	return p;
}

/* ZC_PAGE=1: notifications are read from completion pages */
#define MAX_PAGES 64
#define MAX_EARLY 64
static struct page_seen {
	struct zc_page pg;
	int sock;
	u64 seen;
	/* what the error queue said of ids behind that */
	unsigned int nr_early;
	struct { u32 lo, hi; } early[MAX_EARLY];
} pages[MAX_PAGES];
static unsigned int nr_pages;
static pthread_mutex_t pages_lock = PTHREAD_MUTEX_INITIALIZER;

static void page_for(int sock)
{
	const char *env = getenv("ZC_PAGE");
	unsigned int i;
	int dev, err;

	if (!env || !strcmp(env, "0") || !zc_layer_present())
		return;
	pthread_mutex_lock(&pages_lock);
	for (i = 0; i < nr_pages && pages[i].sock >= 0; i++)
		;
	if (i < MAX_PAGES) {
		dev = zc_dev_open();
		ZC_CHECK(dev >= 0, "/dev/zerocopy: %s", strerror(-dev));
		err = zc_page_open(&pages[i].pg, dev, sock, 8192, -1);
		close(dev);
		if (!err) {
			pages[i].sock = sock;
			pages[i].seen = pages[i].pg.p->first;
			pages[i].nr_early = 0;
			nr_pages = i == nr_pages ? i + 1 : nr_pages;
		}
	}
	pthread_mutex_unlock(&pages_lock);
}

void zc_page_forget(int sock)
{
	unsigned int i;

	pthread_mutex_lock(&pages_lock);
	for (i = 0; i < nr_pages; i++) {
		if (pages[i].sock != sock)
			continue;
		zc_page_close(&pages[i].pg);
		pages[i].sock = -1;
	}
	pthread_mutex_unlock(&pages_lock);
}

/* Go on behind what the error queue has said already */
static void page_skip(struct page_seen *ps)
{
	unsigned int i = 0;

	while (i < ps->nr_early) {
		if (ps->early[i].lo != (u32)ps->seen) {
			i++;
			continue;
		}
		ps->seen += ps->early[i].hi - ps->early[i].lo + 1;
		ps->early[i] = ps->early[--ps->nr_early];
		i = 0;
	}
}

/* The error queue says so of ids that passed by the page */
static void page_passed(struct page_seen *ps, const struct zc_notif *n)
{
	if (!ps)
		return;
	ZC_CHECK(ps->nr_early < MAX_EARLY, "too many ids out of order");
	ps->early[ps->nr_early].lo = n->lo;
	ps->early[ps->nr_early++].hi = n->hi;
	page_skip(ps);
}

/* As zc_notif_read(); -1: look at the error queue, and tell *of that */
static int page_read(int sock, struct zc_notif *n, struct page_seen **of)
{
	struct page_seen *ps;
	unsigned int i;
	u64 done, id;
	int code;

	*of = NULL;
	for (i = 0; i < nr_pages && pages[i].sock != sock; i++)
		;
	if (i == nr_pages)
		return -1;
	ps = &pages[i];
	*of = ps;
	id = ps->seen;
	done = zc_page_done(&ps->pg);
	if (id >= done)
		return -1;
	code = zc_page_code(&ps->pg, id);
	/* more of them than there are codes: only the sums are left */
	if (code < 0 ? ps->pg.p->passed : code & ZEROCOPY_CODE_PASSED)
		return -1;
	n->lo = id;
	n->copied = code > 0 && code & ZEROCOPY_CODE_COPIED;
	while (++id < done && zc_page_code(&ps->pg, id) == code)
		;
	n->hi = id - 1;
	ps->seen = id;
	page_skip(ps);
	return 1;
}

/* ---- sockets ---- */

void zc_setopt(int fd, int level, int opt, int val)
{
	if (setsockopt(fd, level, opt, &val, sizeof(val)))
		zc_fail("setsockopt %d.%d=%d: %s", level, opt, val,
			strerror(errno));
}

int zc_getopt(int fd, int level, int opt)
{
	socklen_t len = sizeof(int);
	int val = 0;

	if (getsockopt(fd, level, opt, &val, &len))
		zc_fail("getsockopt %d.%d: %s", level, opt, strerror(errno));
	return val;
}

static socklen_t make_addr(struct sockaddr_storage *ss, int family,
			   enum zc_link link, bool receiver, bool mapped)
{
	struct sockaddr_in6 *a6 = (void *)ss;
	struct sockaddr_in *a4 = (void *)ss;
	char str[64];

	memset(ss, 0, sizeof(*ss));
	if (family == AF_INET || mapped) {
		if (link == ZC_LINK_LO)
			snprintf(str, sizeof(str), "%s127.0.0.1",
				 mapped ? "::ffff:" : "");
		else
			snprintf(str, sizeof(str), "%s10.%d.0.%d",
				 mapped ? "::ffff:" : "",
				 link == ZC_LINK_PAIR ? 77 : 78,
				 receiver ? 2 : 1);
	} else if (link == ZC_LINK_LO) {
		snprintf(str, sizeof(str), "::1");
	} else {
		snprintf(str, sizeof(str), "fd%d::%d",
			 link == ZC_LINK_PAIR ? 77 : 78, receiver ? 2 : 1);
	}
	if (family == AF_INET) {
		a4->sin_family = AF_INET;
		ZC_EQ(inet_pton(AF_INET, str, &a4->sin_addr), 1, str);
		return sizeof(*a4);
	}
	a6->sin6_family = AF_INET6;
	ZC_EQ(inet_pton(AF_INET6, str, &a6->sin6_addr), 1, str);
	return sizeof(*a6);
}

void zc_open(struct zc_conn *c)
{
	bool mapped = c->flags & ZC_C_MAPPED;
	bool stream = c->type == SOCK_STREAM;
	enum zc_ns rx_ns = c->link == ZC_LINK_LO ? ZC_NS_A : ZC_NS_B;
	int rx_family = mapped ? AF_INET : c->family;
	int proto = c->flags & ZC_C_MPTCP ? IPPROTO_MPTCP : 0;
	struct sockaddr_storage rxa;
	socklen_t len;
	int fd;

	zc_enter(rx_ns);
	fd = socket(rx_family, c->type | SOCK_CLOEXEC, proto);
	if (fd < 0 && proto)
		zc_skip("no MPTCP: %s", strerror(errno));
	ZC_SYS(fd);
	if (c->rcvbuf)
		zc_setopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, c->rcvbuf);
	len = make_addr(&rxa, rx_family, c->link, true, false);
	ZC_SYS(bind(fd, (void *)&rxa, len));
	ZC_SYS(getsockname(fd, (void *)&rxa, &len));
	if (stream)
		ZC_SYS(listen(fd, 4));
	zc_enter(ZC_NS_A);

	c->dst_len = make_addr(&c->dst, c->family, c->link, true, mapped);
	/* the port is in the same place in both families */
	((struct sockaddr_in *)&c->dst)->sin_port =
		((struct sockaddr_in *)&rxa)->sin_port;

	c->tx = ZC_SYS(socket(c->family, c->type | SOCK_CLOEXEC, proto));
	if (c->sndbuf)
		zc_setopt(c->tx, SOL_SOCKET, SO_SNDBUFFORCE, c->sndbuf);
	if (!(c->flags & ZC_C_UNCONN))
		ZC_SYS(connect(c->tx, (void *)&c->dst, c->dst_len));
	if (stream) {
		c->rx = ZC_SYS(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
		close(fd);
	} else {
		c->rx = fd;
	}
	if (!(c->flags & (ZC_C_NOZC | ZC_C_MPTCP))) {
		zc_setopt(c->tx, SOL_SOCKET, SO_ZEROCOPY, 1);
		page_for(c->tx);
	}
	if (c->flags & ZC_C_NONBLOCK)
		ZC_SYS(fcntl(c->tx, F_SETFL, O_NONBLOCK));
	zc_hash_init(&c->rx_hash);
}

static void *rx_main(void *arg)
{
	const size_t cap = 256 << 10;
	struct zc_conn *c = arg;
	char *buf = malloc(cap);

	while (!__atomic_load_n(&c->rx_stop, __ATOMIC_ACQUIRE)) {
		u64 lim = __atomic_load_n(&c->rx_limit, __ATOMIC_ACQUIRE);
		struct pollfd pfd = { .fd = c->rx, .events = POLLIN };
		size_t want = c->rx_chunk && c->rx_chunk < cap ? c->rx_chunk :
			      cap;
		ssize_t n;

		if (c->rx_bytes >= lim) {
			zc_sleep_ms(1);
			continue;
		}
		if (c->type == SOCK_STREAM && want > lim - c->rx_bytes)
			want = lim - c->rx_bytes;
		if (poll(&pfd, 1, 20) <= 0)
			continue;
		n = recv(c->rx, buf, want, MSG_DONTWAIT);
		if (n < 0) {
			if (errno == EAGAIN || errno == EINTR)
				continue;
			c->rx_err = errno;
			break;
		}
		if (!n && c->type == SOCK_STREAM) {
			c->rx_eof = true;
			break;
		}
		zc_hash_add(&c->rx_hash, buf, n);
		c->rx_packets++;
		__atomic_store_n(&c->rx_bytes, c->rx_bytes + n,
				 __ATOMIC_RELEASE);
		if (c->rx_pause_ms)
			zc_sleep_ms(c->rx_pause_ms);
	}
	free(buf);
	return NULL;
}

void zc_rx_start(struct zc_conn *c, u64 limit)
{
	c->rx_limit = limit;
	c->running = true;
	ZC_EQ(pthread_create(&c->thread, NULL, rx_main, c), 0,
	      "pthread_create");
}

void zc_rx_limit(struct zc_conn *c, u64 limit)
{
	__atomic_store_n(&c->rx_limit, limit, __ATOMIC_RELEASE);
}

u64 zc_rx_bytes(struct zc_conn *c)
{
	return __atomic_load_n(&c->rx_bytes, __ATOMIC_ACQUIRE);
}

bool zc_rx_wait(struct zc_conn *c, u64 bytes, unsigned int ms)
{
	return zc_wait_for(zc_rx_bytes(c) >= bytes, ms);
}

/* TCP: reads to the end of the stream first. UDP: stops at once */
void zc_rx_join(struct zc_conn *c)
{
	struct timespec ts;

	if (!c->running)
		return;
	if (c->type == SOCK_STREAM)
		zc_rx_limit(c, UINT64_MAX);
	else
		__atomic_store_n(&c->rx_stop, true, __ATOMIC_RELEASE);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += zc_debug ? 500 : 100;
	ZC_EQ(pthread_timedjoin_np(c->thread, NULL, &ts), 0,
	      "the receiver does not see the end of the stream");
	c->running = false;
}

void zc_finish(struct zc_conn *c, u64 bytes, u64 hash)
{
	if (!c->running)
		zc_rx_start(c, UINT64_MAX);
	if (c->type == SOCK_STREAM)
		shutdown(c->tx, SHUT_WR);
	else
		zc_rx_wait(c, bytes, 5000);
	zc_rx_join(c);
	ZC_EQ(c->rx_err, 0, "receiver's errno");
	ZC_EQ(c->rx_bytes, bytes, "bytes received");
	ZC_CHECK(zc_hash_val(&c->rx_hash) == hash,
		 "the checksums of the two ends differ (%llu bytes)",
		 (unsigned long long)bytes);
}

void zc_close(struct zc_conn *c)
{
	if (c->running) {
		__atomic_store_n(&c->rx_stop, true, __ATOMIC_RELEASE);
		pthread_join(c->thread, NULL);
		c->running = false;
	}
	if (c->tx >= 0) {
		zc_page_forget(c->tx);
		close(c->tx);
	}
	if (c->rx >= 0)
		close(c->rx);
	c->tx = -1;
	c->rx = -1;
}

int zc_outq(int fd)
{
	int n = 0;

	if (ioctl(fd, SIOCOUTQ, &n))
		zc_fail("SIOCOUTQ: %s", strerror(errno));
	return n;
}

bool zc_settle(int fd, unsigned int ms)
{
	struct zc_counters c;

	if (!zc_wait_for(!zc_outq(fd), ms)) {
		zc_note("%d bytes stay queued", zc_outq(fd));
		return false;
	}
	if (zc_layer_present())
		if (!zc_wait_for(zc_counters_try(ZC_NS_A, &c) ||
				 !zc_counter(&c, "loans_out"), ms)) {
			zc_note("%lld loans stay out",
				zc_counter(&c, "loans_out"));
			return false;
		}
	/* what the NIC has not yet completed has no event either */
	zc_sleep_ms(zc_debug ? 200 : 40);
	return true;
}

/* An offload by the name that ethtool -k knows it by */
int zc_set_feature(enum zc_ns ns, const char *dev, const char *feature, bool on)
{
	struct {
		struct ethtool_sset_info info;
		u32 len;
	} sset = {
		.info.cmd = ETHTOOL_GSSET_INFO,
		.info.sset_mask = 1ULL << ETH_SS_FEATURES,
	};
	struct ethtool_gstrings *str = NULL;
	struct ethtool_sfeatures *set = NULL;
	struct ifreq ifr = {};
	unsigned int i;
	int fd, err = -ENOENT;

	zc_enter(ns);
	fd = ZC_SYS(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", dev);
	ifr.ifr_data = (void *)&sset;
	if (ioctl(fd, SIOCETHTOOL, &ifr) || !sset.info.sset_mask)
		goto out;
	str = calloc(1, sizeof(*str) + sset.len * ETH_GSTRING_LEN);
	str->cmd = ETHTOOL_GSTRINGS;
	str->string_set = ETH_SS_FEATURES;
	str->len = sset.len;
	ifr.ifr_data = (void *)str;
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		goto out;
	for (i = 0; i < str->len; i++)
		if (!strcmp((char *)str->data + i * ETH_GSTRING_LEN, feature))
			break;
	if (i == str->len)
		goto out;
	set = calloc(1, sizeof(*set) +
		     (str->len + 31) / 32 * sizeof(set->features[0]));
	set->cmd = ETHTOOL_SFEATURES;
	set->size = (str->len + 31) / 32;
	set->features[i / 32].valid = 1U << (i % 32);
	set->features[i / 32].requested = on ? 1U << (i % 32) : 0;
	ifr.ifr_data = (void *)set;
	err = ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
out:
	free(str);
	free(set);
	close(fd);
	zc_enter(ZC_NS_A);
	return err;
}

ssize_t zc_sendmsg(int fd, const void *buf, size_t len, int flags)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sendmsg(fd, &msg, flags | MSG_ZEROCOPY);
}

/* ---- other owners of a socket ---- */

static int set_tls(int fd, int direction)
{
	struct tls12_crypto_info_aes_gcm_128 ci = {};

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
		return -errno;
	ci.info.version = TLS_1_2_VERSION;
	ci.info.cipher_type = TLS_CIPHER_AES_GCM_128;
	memset(ci.key, 1, sizeof(ci.key));
	memset(ci.salt, 2, sizeof(ci.salt));
	if (setsockopt(fd, SOL_TLS, direction, &ci, sizeof(ci)))
		return -errno;
	return 0;
}

int zc_set_tls(int fd)
{
	return set_tls(fd, TLS_TX);
}

int zc_set_tls_rx(int fd)
{
	return set_tls(fd, TLS_RX);
}

/* ---- notifications ---- */

int zc_notif_read(int fd, struct zc_notif *n)
{
	char control[256];
	struct msghdr msg = {
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct sock_extended_err *ee;
	struct cmsghdr *cm;
	struct page_seen *ps;
	ssize_t ret;

	if (page_read(fd, n, &ps) > 0)
		return 1;
	ret = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (ret < 0 && errno == EAGAIN)
		return 0;
	ZC_CHECK(ret >= 0, "recvmsg(MSG_ERRQUEUE): %s", strerror(errno));
	ZC_CHECK(!(msg.msg_flags & MSG_CTRUNC), "notification truncated");
	ZC_CHECK(msg.msg_flags & MSG_ERRQUEUE, "no MSG_ERRQUEUE in msg_flags");
	ZC_EQ(ret, 0, "payload of a notification");
	for (cm = CMSG_FIRSTHDR(&msg); cm; cm = CMSG_NXTHDR(&msg, cm)) {
		if (!(cm->cmsg_level == SOL_IP && cm->cmsg_type == IP_RECVERR) &&
		    !(cm->cmsg_level == SOL_IPV6 &&
		      cm->cmsg_type == IPV6_RECVERR))
			continue;
		ee = (void *)CMSG_DATA(cm);
		ZC_EQ(ee->ee_origin, SO_EE_ORIGIN_ZEROCOPY, "ee_origin");
		ZC_EQ(ee->ee_errno, 0, "ee_errno");
		ZC_CHECK(!(ee->ee_code & ~SO_EE_CODE_ZEROCOPY_COPIED),
			 "ee_code %u", ee->ee_code);
		n->lo = ee->ee_info;
		n->hi = ee->ee_data;
		n->copied = ee->ee_code & SO_EE_CODE_ZEROCOPY_COPIED;
		page_passed(ps, n);
		return 1;
	}
	zc_fail("an error queue message without sock_extended_err");
}

void zc_notif_drain(int fd, struct zc_ids *ids)
{
	struct zc_notif n;

	while (zc_notif_read(fd, &n)) {
		ZC_CHECK(n.hi - n.lo < 0x80000000u, "range %u..%u", n.lo, n.hi);
		if (n.lo != ids->next)
			ids->gaps++;
		ids->sum += ((u64)n.lo + n.hi) * (n.hi - n.lo + 1) / 2;
		ids->next = n.hi + 1;
		ids->count += n.hi - n.lo + 1;
		ids->msgs++;
		ids->copied += n.copied;
	}
}

bool zc_notif_wait(int fd, struct zc_ids *ids, u64 count,
		   unsigned int ms)
{
	u64 end = zc_now_ms() + (u64)ms * (zc_debug ? 5 : 1);
	struct pollfd pfd = { .fd = fd };

	for (;;) {
		zc_notif_drain(fd, ids);
		ZC_CHECK(ids->count <= count, "%llu ids for %llu sends",
			 (unsigned long long)ids->count,
			 (unsigned long long)count);
		if (ids->count == count)
			return true;
		if (zc_now_ms() > end)
			return false;
		poll(&pfd, 1, 20);
	}
}

/*
 * Exactly the ids from 0 to count - 1, none of them copied. A stream
 * completes in order; datagrams may leave through several queues.
 */
void zc_notif_expect(int fd, u64 count)
{
	struct zc_ids ids = {};

	ZC_CHECK(zc_notif_wait(fd, &ids, count, 20000),
		 "%llu of %llu notifications",
		 (unsigned long long)ids.count, (unsigned long long)count);
	if (zc_getopt(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM)
		ZC_EQ(ids.gaps, 0, "notifications out of order");
	ZC_EQ(ids.sum, count * (count - 1) / 2, "sum of the ids");
	if (ids.copied)
		zc_note_copies();
	ZC_EQ(ids.copied, 0, "notifications that say COPIED");
	zc_notif_none(fd);
}

void zc_notif_none(int fd)
{
	struct zc_notif n;

	if (zc_notif_read(fd, &n))
		zc_fail("unexpected notification %u..%u", n.lo, n.hi);
}

/* ---- the same thing with the layer off and on ---- */

void zc_log(struct zc_log *log, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(log->buf + log->len, sizeof(log->buf) - log->len, fmt,
		      ap);
	va_end(ap);
	log->len += n;
	ZC_CHECK(log->len < sizeof(log->buf) - 2, "log overflows");
	log->buf[log->len++] = '\n';
	log->buf[log->len] = 0;
}

const char *zc_errname(int err)
{
	const char *name = strerrorname_np(err);

	return name ?: "E???";
}

void zc_log_ret(struct zc_log *log, const char *what, ssize_t ret)
{
	if (ret < 0)
		zc_log(log, "%s=%s", what, zc_errname(errno));
	else
		zc_log(log, "%s=%zd", what, ret);
}

void zc_log_notifs(struct zc_log *log, int fd)
{
	struct zc_notif n;

	while (zc_notif_read(fd, &n))
		zc_log(log, "notification %u..%u%s", n.lo, n.hi,
		       n.copied ? " copied" : "");
	zc_log(log, "no more notifications");
}

void zc_log_ids(struct zc_log *log, int fd, u64 count)
{
	struct zc_ids ids = {};

	zc_notif_wait(fd, &ids, count, 10000);
	zc_log(log, "ids %llu, their sum %llu", (unsigned long long)ids.count,
	       (unsigned long long)ids.sum);
}

static void print_log(const char *who, const struct zc_log *log)
{
	const char *p = log->buf;

	while (*p) {
		int n = strcspn(p, "\n");

		printf("# %s: %.*s\n", who, n, p);
		p += n + 1;
	}
}

void zc_compare(void (*fn)(struct zc_log *log, const void *arg),
		const void *arg, const char *counter)
{
	struct zc_log *off = calloc(1, sizeof(*off));
	struct zc_log *on = calloc(1, sizeof(*on));
	struct zc_counters before;

	if (!counter)
		counter = "sends";
	zc_set_enabled(ZC_NS_A, 0);
	fn(off, arg);
	zc_set_enabled(ZC_NS_A, 1);
	if (!zc_nolayer)
		zc_counters_read(ZC_NS_A, &before);
	on->layer = !zc_nolayer;
	fn(on, arg);
	if (strcmp(off->buf, on->buf)) {
		print_log("stock", off);
		print_log("layer", on);
		if (!zc_nolayer)
			zc_note_copies();
		zc_fail("the layer differs from the stock kernel");
	}
	if (!zc_nolayer && *counter)
		ZC_CHECK(zc_delta(&before, counter) > 0,
			 "counter %s did not rise", counter);
	free(off);
	free(on);
}

/* ---- io_uring ---- */

int zc_uring_init(struct zc_uring *u, unsigned int entries)
{
	struct io_uring_params p = {};
	size_t sq_len, cq_len;
	char *sq, *cq;

	u->fd = syscall(SYS_io_uring_setup, entries, &p);
	if (u->fd < 0)
		return -errno;
	sq_len = p.sq_off.array + p.sq_entries * sizeof(unsigned int);
	cq_len = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	sq = mmap(NULL, sq_len, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, cq_len, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_CQ_RING);
	u->sqes = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		       u->fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || u->sqes == MAP_FAILED)
		return -errno;
	u->sq_tail = (void *)(sq + p.sq_off.tail);
	u->sq_mask = (void *)(sq + p.sq_off.ring_mask);
	u->sq_array = (void *)(sq + p.sq_off.array);
	u->cq_head = (void *)(cq + p.cq_off.head);
	u->cq_tail = (void *)(cq + p.cq_off.tail);
	u->cq_mask = (void *)(cq + p.cq_off.ring_mask);
	u->cqes = cq + p.cq_off.cqes;
	return 0;
}

/* One at a time: zc_uring_submit() follows before the next */
struct io_uring_sqe *zc_uring_sqe(struct zc_uring *u)
{
	unsigned int i = *u->sq_tail & *u->sq_mask;
	struct io_uring_sqe *sqe = (struct io_uring_sqe *)u->sqes + i;

	memset(sqe, 0, sizeof(*sqe));
	u->sq_array[i] = i;
	return sqe;
}

int zc_uring_submit(struct zc_uring *u, unsigned int wait)
{
	int ret;

	__atomic_store_n(u->sq_tail, *u->sq_tail + 1, __ATOMIC_RELEASE);
	do {
		ret = syscall(SYS_io_uring_enter, u->fd, 1, wait,
			      wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

int zc_uring_cqe(struct zc_uring *u, struct io_uring_cqe *cqe)
{
	unsigned int head = *u->cq_head;

	while (head == __atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE))
		if (syscall(SYS_io_uring_enter, u->fd, 0, 1,
			    IORING_ENTER_GETEVENTS, NULL, 0) < 0 &&
		    errno != EINTR)
			return -errno;
	*cqe = ((struct io_uring_cqe *)u->cqes)[head & *u->cq_mask];
	__atomic_store_n(u->cq_head, head + 1, __ATOMIC_RELEASE);
	return 0;
}
