/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the zerocopy tests share: running one case with its invariants,
 * connections between the two network namespaces, checksums of streams,
 * the error queue, and the layer's counters.
 */
#ifndef ZC_TEST_H
#define ZC_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
#include <netinet/in.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define fallthrough __attribute__((__fallthrough__))

#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY	0x4000000
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY	60
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

#define ZC_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ZC_KB(n)		((size_t)(n) << 10)
#define ZC_MB(n)		((size_t)(n) << 20)

/* ---- one case ---- */

#define ZC_F_SHORT	0x01	/* part of the core subset, ZC_SHORT=1 */
#define ZC_F_PAIR	0x02	/* needs the NIC pair */
#define ZC_F_FRESH	0x04	/* wants namespaces nobody used before */
#define ZC_F_BARE	0x08	/* manages modules itself */
#define ZC_F_NODEBUG	0x10	/* pointless or far too slow on a debug kernel */
#define ZC_F_PINS	0x20	/* about what each send pins: not with ZC_AREAS */
#define ZC_F_QUEUE	0x40	/* about the error queue: not with ZC_PAGE */

struct zc_case {
	const char *name;
	void (*fn)(const void *arg);
	const void *arg;
	unsigned int flags;
	unsigned int timeout;	/* seconds on a plain kernel, 0: default */
};

int zc_main(int argc, char **argv, const char *theme,
	    const struct zc_case *cases, size_t nr);

void zc_fail(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void zc_skip(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void zc_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define ZC_CHECK(cond, fmt, ...)					\
	do {								\
		if (!(cond))						\
			zc_fail("%s:%d: " fmt, __FILE__, __LINE__,	\
				##__VA_ARGS__);				\
	} while (0)

#define ZC_EQ(a, b, what)						\
	do {								\
		long long a_ = (long long)(a), b_ = (long long)(b);	\
		ZC_CHECK(a_ == b_, "%s: %lld, expected %lld", what, a_, b_); \
	} while (0)

/* What only the layer can satisfy: not looked at in a dry run on stock */
#define ZC_LAYER(cond, fmt, ...)					\
	do {								\
		if (!zc_dry)						\
			ZC_CHECK(cond, fmt, ##__VA_ARGS__);		\
	} while (0)
#define ZC_LAYER_EQ(a, b, what)						\
	do {								\
		if (!zc_dry)						\
			ZC_EQ(a, b, what);				\
	} while (0)

/* A failed system call that the test itself depends on */
#define ZC_SYS(call)							\
	({								\
		long long r_ = (long long)(call);			\
		ZC_CHECK(r_ >= 0, "%s: %s", #call, strerror(errno));	\
		r_;							\
	})

extern bool zc_debug;		/* ZC_DEBUG=1: sanitizers, everything slow */
extern bool zc_short;		/* ZC_SHORT=1 */
extern bool zc_nolayer;		/* ZC_NOLAYER=1: check the tests on stock */
extern bool zc_dry;		/* ZC_NOLAYER=dry: and pretend the layer counts */
extern bool zc_debian;		/* ZC_KERNEL=debian */
extern const char *zc_modules;	/* ZC_MODULES */

/* n on a plain kernel, less where everything is slow */
size_t zc_scale(size_t n, size_t debug_n);

u64 zc_now_ms(void);
void zc_sleep_ms(unsigned int ms);

/* Poll cond, the kernel offers no event for it; false after ms */
#define zc_wait_for(cond, ms)						\
	({								\
		u64 end_ = zc_now_ms() +				\
				(u64)(ms) * (zc_debug ? 5 : 1);	\
		bool ok_;						\
		while (!(ok_ = (cond)) && zc_now_ms() < end_)		\
			zc_sleep_ms(2);					\
		ok_;							\
	})

int zc_read_file(const char *path, char *buf, size_t len);
int zc_write_file(const char *path, const char *val);
/* An ext4 of 64 MiB (with ZC_FULL 1200), on a file; skips if it cannot be had */
const char *zc_ext4_mount(void);
void zc_ext4_umount(void);

int zc_system(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- namespaces, sysctls, counters ---- */

enum zc_ns { ZC_NS_ROOT, ZC_NS_A, ZC_NS_B, ZC_NS_MAX };

/* Moves the calling thread only; a socket stays where it was made */
void zc_enter(enum zc_ns ns);
bool zc_ns_exists(enum zc_ns ns);
const char *zc_nic(enum zc_ns ns);	/* name of the pair's NIC there */
bool zc_pair_is_zcsim(void);		/* ZC_PAIR=zcsim: no driver copies tiny packets */

void zc_set_enabled(enum zc_ns ns, int on);
/* back at its default after the case only if it is named in zc_test.c, defaults() */
void zc_set_sysctl(enum zc_ns ns, const char *path, const char *val);
void zc_set_window(enum zc_ns ns, size_t bytes);
void zc_set_min_bytes(enum zc_ns ns, size_t bytes);
size_t zc_get_window(enum zc_ns ns);

#define ZC_MAX_COUNTERS 64
struct zc_counters {
	unsigned int nr;
	struct {
		char name[32];
		long long val;
	} c[ZC_MAX_COUNTERS];
};

bool zc_layer_present(void);
/* of the file in /proc/net */
int zc_counters_of(enum zc_ns ns, const char *file, struct zc_counters *c);
int zc_counters_try(enum zc_ns ns, struct zc_counters *c);
void zc_counters_read(enum zc_ns ns, struct zc_counters *c);
long long zc_counter(const struct zc_counters *c, const char *name);
long long zc_counter_now(enum zc_ns ns, const char *name);
long long zc_delta(const struct zc_counters *old, const char *name);
/* sum over every counter that begins with prefix */
long long zc_delta_prefix(const struct zc_counters *old, const char *prefix);
/* fails, naming the counter, if any copied_* moved since old */
void zc_no_copies(const struct zc_counters *old);
void zc_only_tiny_copies(const struct zc_counters *old);
void zc_note_copies(void);	/* what has been copied so far, and why */

void zc_pins(long long *acquired, long long *released);
long long zc_pins_held(void);

/* ---- memory and its checksum ---- */

struct zc_hash {
	u64 h, acc, len;
	unsigned int n;
};

void zc_hash_init(struct zc_hash *h);
void zc_hash_add(struct zc_hash *h, const void *p, size_t len);
u64 zc_hash_val(const struct zc_hash *h);
u64 zc_hash_buf(const void *p, size_t len);
void zc_fill(void *p, size_t len, u64 seed);

/* Anonymous memory, 4 KiB pages unless huge, present and filled */
void *zc_alloc(size_t len, u64 seed);
void *zc_alloc_thp(size_t len, u64 seed);	/* NULL: no THP to be had */

/* ---- connections ---- */

enum zc_link { ZC_LINK_PAIR, ZC_LINK_VETH, ZC_LINK_LO };

#define ZC_C_NOZC	0x01	/* leave SO_ZEROCOPY unset */
#define ZC_C_MAPPED	0x02	/* AF_INET6 sender to an IPv4 receiver */
#define ZC_C_UNCONN	0x04	/* UDP: do not connect() */
#define ZC_C_NONBLOCK	0x08
#define ZC_C_MPTCP	0x10

struct zc_conn {
	int family, type;
	enum zc_link link;
	unsigned int flags;
	int sndbuf, rcvbuf;		/* 0: default */

	int tx, rx;
	struct sockaddr_storage dst;	/* as the sender names the receiver */
	socklen_t dst_len;

	/* the receiving thread */
	pthread_t thread;
	bool running;
	u64 rx_limit;		/* reads on until here, then holds */
	u64 rx_bytes;
	u64 rx_packets;
	size_t rx_chunk;		/* at most this much at once */
	unsigned int rx_pause_ms;	/* after each read */
	bool rx_stop, rx_eof;
	int rx_err;
	struct zc_hash rx_hash;
};

void zc_open(struct zc_conn *c);
void zc_rx_start(struct zc_conn *c, u64 limit);
void zc_rx_limit(struct zc_conn *c, u64 limit);
u64 zc_rx_bytes(struct zc_conn *c);
bool zc_rx_wait(struct zc_conn *c, u64 bytes, unsigned int ms);
void zc_rx_join(struct zc_conn *c);
/* end of stream, all of it read, compared */
void zc_finish(struct zc_conn *c, u64 bytes, u64 hash);
void zc_close(struct zc_conn *c);
/* with ZC_PAGE=1: for who closes c->tx himself */
void zc_page_forget(int sock);

void zc_setopt(int fd, int level, int opt, int val);
int zc_getopt(int fd, int level, int opt);
int zc_outq(int fd);
/* everything acknowledged or gone, every skb freed */
bool zc_settle(int fd, unsigned int ms);
int zc_set_feature(enum zc_ns ns, const char *dev, const char *feature,
		   bool on);
/* tc on the NIC of the pair; "none" takes it away; skips if it cannot */
void zc_qdisc(enum zc_ns ns, const char *what);
/* IPsec will be set up with 'ip xfrm': the judge takes it away */
void zc_xfrm(void);

/* most segments of a packet on the NIC of the pair; 0: as it was */
void zc_gso_max_segs(enum zc_ns ns, unsigned int n);

ssize_t zc_sendmsg(int fd, const void *buf, size_t len, int flags);

/* ---- notifications ---- */

struct zc_notif {
	u32 lo, hi;
	bool copied;
};

struct zc_ids {
	u32 next;		/* the id that should come next */
	u64 sum;		/* of all ids */
	u64 count;
	unsigned int msgs;
	unsigned int copied;	/* messages with the COPIED code */
	unsigned int gaps;
};

/* 1: read one, 0: queue empty */
int zc_notif_read(int fd, struct zc_notif *n);
void zc_notif_drain(int fd, struct zc_ids *ids);
/* until ids.count is count or ms is over; fails on anything not in order */
bool zc_notif_wait(int fd, struct zc_ids *ids, u64 count,
		   unsigned int ms);
void zc_notif_expect(int fd, u64 count);
void zc_notif_none(int fd);

/* ---- the same thing with the layer off and on ---- */

struct zc_log {
	char buf[65536];
	size_t len;
	bool layer;		/* which of the two runs */
};

void zc_log(struct zc_log *log, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "what=ret" or "what=ENAME" */
void zc_log_ret(struct zc_log *log, const char *what, ssize_t ret);
void zc_log_notifs(struct zc_log *log, int fd);
/* ids as a sum only, where grouping depends on timing */
void zc_log_ids(struct zc_log *log, int fd, u64 count);

/*
 * Run with net.zerocopy.enabled 0, then 1; the logs must be equal. The
 * second run must move the counter (NULL: "sends"; "": none).
 */
void zc_compare(void (*fn)(struct zc_log *log, const void *arg),
		const void *arg, const char *counter);
const char *zc_errname(int err);

/* ---- io_uring, as far as a send needs it ---- */

struct zc_uring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	void *sqes, *cqes;
};

struct io_uring_sqe;
struct io_uring_cqe;

int zc_uring_init(struct zc_uring *u, unsigned int entries);
struct io_uring_sqe *zc_uring_sqe(struct zc_uring *u);
int zc_uring_submit(struct zc_uring *u, unsigned int wait);
int zc_uring_cqe(struct zc_uring *u, struct io_uring_cqe *cqe);

/* ---- what the kernel does inside ---- */

/* Count calls of a kernel function from here on; skips if it cannot */
void zc_kprobe(const char *function);
long long zc_kprobe_hits(void);
void zc_kprobe_end(void);
bool zc_blocked_in(pid_t tid, const char *function);

int zc_set_tls(int fd);		/* kTLS for what is sent; 0 or -errno */
int zc_set_tls_rx(int fd);	/* for what is received, with the same keys */

/* ---- modules ---- */

int zc_insmod(const char *name, const char *params);
int zc_rmmod(const char *name);
bool zc_mod_loaded(const char *name);
int zc_seg_open(void);		/* of zc_seg_test.ko; skips if there is none */
void zc_seg_unload(void);
bool zc_klp_enabled(const char *name);
int zc_klp_disable(const char *name, unsigned int ms);
bool zc_klp_wait(const char *name, unsigned int ms);

/* The entry: a livepatch, or a module for the kernel's own static key */
bool zc_entry_is_key(void);
const char *zc_entry(void);
int zc_entry_disable(unsigned int ms);	/* nothing comes through it any more */
int zc_entry_remove(unsigned int ms);	/* and its module is gone */
void zc_layer_load(void);
void zc_layer_unload(void);

#endif /* ZC_TEST_H */
