/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A receiver of /dev/zerocopy, as a program uses it. Each fragment that comes is
 * checked against what is out: it lies in one buffer, that buffer is its token's,
 * and no byte of it is somebody's already.
 */
#ifndef ZC_RX_H
#define ZC_RX_H

#include "zc_area.h"

#include <linux/zerocopy_rx.h>

#define ZRX_SOCKS	128
#define ZRX_AREAS	16

struct zrx_area {
	char *p;
	size_t len;
	int id;			/* with r->dev */
	u32 buffer, nr;
	u32 *held;		/* fragments out, by token */
	u32 *end;		/* of the last of them, in its buffer */
	bool *seen;		/* was out since zrx_forget() */
	bool dead;		/* unmapped, unregistered: nothing comes there */
};

/* What came for one socket */
struct zrx_sock {
	u64 cookie, parent;
	u64 bytes, copied, frags;
	u32 reasons;		/* BIT(reason) of what was copied */
	bool is_new;
	unsigned int eofs;
	int err;
	struct zc_hash hash;
};

struct zrx {
	int dev, fd;
	size_t len;
	char *map;
	struct zerocopy_rx_ring *ring;
	u32 frag_entries, refill_entries;
	u32 head, tail;		/* our sides of the rings */

	unsigned int nr_areas;
	struct zrx_area area[ZRX_AREAS];
	unsigned int nr_socks;
	struct zrx_sock sock[ZRX_SOCKS];

	/* with keep, tokens stay here until zrx_give_back() */
	bool keep;
	struct zerocopy_rx_refill *kept;
	unsigned int nr_kept, room;
	u64 given;		/* tokens put on the refill ring */
	u64 bytes, frags;

	/* instead of being counted and given back, if there is one */
	void (*each)(struct zrx *r, const struct zerocopy_rx_frag *f);
	void *arg;
};

/* Loads zerocopy_rx.ko if it is not; skips if there is none */
void zrx_load(void);
int zrx_refs(void);		/* of the module, -1: not loaded */
bool zrx_unload(unsigned int ms);
/* zc_main(), and away with the module: others want to unload the layer */
int zrx_main(int argc, char **argv, const char *theme,
	     const struct zc_case *cases, size_t nr);

/* The descriptor, or -errno */
static inline int zrx_ioctl_open(int dev, struct zerocopy_rx_open *o)
{
	int fd = ioctl(dev, ZEROCOPY_IOC_RX_OPEN, o);

	return fd < 0 ? -errno : fd;
}

static inline int zrx_ioctl_area(int fd, struct zerocopy_rx_area *a)
{
	return ioctl(fd, ZEROCOPY_IOC_RX_AREA, a) ? -errno : 0;
}

static inline int zrx_ioctl_recv(int fd, u32 max, u32 flags)
{
	struct zerocopy_rx_recv v = {
		.size = sizeof(v), .flags = flags, .max = max,
	};
	int n = ioctl(fd, ZEROCOPY_IOC_RX_RECV, &v);

	return n < 0 ? -errno : n;
}

static inline int zrx_ioctl_attach(int fd, int sock, u32 flags, u64 *cookie)
{
	struct zerocopy_rx_attach a = {
		.size = sizeof(a), .socket = sock, .flags = flags,
	};

	if (ioctl(fd, ZEROCOPY_IOC_RX_ATTACH, &a))
		return -errno;
	if (cookie)
		*cookie = a.cookie;
	return 0;
}

static inline int zrx_ioctl_detach(int fd, int sock)
{
	struct zerocopy_rx_detach d = { .size = sizeof(d), .socket = sock };

	return ioctl(fd, ZEROCOPY_IOC_RX_DETACH, &d) ? -errno : 0;
}

static inline int zrx_ioctl_query(int fd, int sock,
				  struct zerocopy_rx_query *q)
{
	memset(q, 0, sizeof(*q));
	q->size = sizeof(*q);
	q->socket = sock;
	return ioctl(fd, ZEROCOPY_IOC_RX_QUERY, q) ? -errno : 0;
}

/* As zc_area_register(), to receive into it, and to send from it as well */
int zrx_register(int dev, const void *p, size_t len, bool send);

/* A receiver without areas: mapped, its header looked at */
void zrx_open(struct zrx *r, u32 frags, u32 refills, int eventfd);
void zrx_map(struct zrx *r, u32 length);
void zrx_close(struct zrx *r);
/* Anonymous memory of that length, or what is at p; buffer as in the UAPI */
struct zrx_area *zrx_area(struct zrx *r, size_t len, u32 buffer);
struct zrx_area *zrx_area_at(struct zrx *r, void *p, size_t len,
			     u32 buffer, bool send);
/* The usual: default rings, one area */
void zrx_make(struct zrx *r, size_t len, u32 buffer);

u64 zc_cookie(int sock);
struct zrx_sock *zrx_attach(struct zrx *r, int sock);
struct zrx_sock *zrx_sock(struct zrx *r, u64 cookie);
void zrx_detach(struct zrx *r, int sock);

/* The next fragment, or NULL: what it says, not checked, not given back */
const struct zerocopy_rx_frag *zrx_next(struct zrx *r);
/* What r->each may do with it */
void zrx_check(struct zrx *r, const struct zerocopy_rx_frag *f);
void zrx_count(struct zrx *r, const struct zerocopy_rx_frag *f);
void zrx_put(struct zrx *r, u32 index, u32 token);
void zrx_refill(struct zrx *r, u32 index, u32 token); /* says nothing */
const void *zrx_data(const struct zrx *r, const struct zerocopy_rx_frag *f);

/* Whatever is on the ring; how many */
unsigned int zrx_reap(struct zrx *r);
/* RECV without waiting, and reap: as zrx_ioctl_recv() */
int zrx_pull(struct zrx *r, u32 max);
/* poll() first, at most that long; -ETIMEDOUT */
int zrx_wait(struct zrx *r, unsigned int ms);
void zrx_until(struct zrx *r, struct zrx_sock *s, u64 bytes);
void zrx_until_eof(struct zrx *r, struct zrx_sock *s);
bool zrx_quiet(struct zrx *r);	/* nothing to receive now */

void zrx_give_back(struct zrx *r);
/* What the program holds, as buffers */
unsigned int zrx_held(const struct zrx *r);
void zrx_forget(struct zrx *r);
unsigned int zrx_seen(const struct zrx *r);
unsigned int zrx_buffers(const struct zrx *r);
/*
 * No buffer was lost and none is there twice: with nothing given back, data for
 * the socket that peer sends to gets each buffer of each area once.
 */
void zrx_capacity(struct zrx *r, struct zrx_sock *s, int peer);

/* A stream that somebody sends meanwhile */
struct zc_feed {
	size_t chunk;		/* of one send(), 0: all */
	bool fin;		/* shutdown(SHUT_WR) behind it */
	int fd;
	const char *p;
	size_t len;
	ssize_t sent;
	int err;
	pthread_t thread;
};

void zc_feed(struct zc_feed *f, int fd, const void *p, size_t len);
void zc_feed_join(struct zc_feed *f);
void zc_send_all(int fd, const void *p, size_t len);

/* What recv() gets */
void zrx_recv(int fd, struct zc_hash *h, size_t len);
void zrx_same(const struct zrx_sock *s, const void *p, size_t len);

/* A TCP connection for zc_open(); over loopback unless it says more */
#define ZRX_TCP(...)							\
	{								\
		.family = AF_INET, .type = SOCK_STREAM,			\
		.link = ZC_LINK_LO, .flags = ZC_C_NOZC, __VA_ARGS__	\
	}

int zrx_listener(struct sockaddr_in *a);
int zrx_dial(const struct sockaddr_in *a);

#endif /* ZC_RX_H */
