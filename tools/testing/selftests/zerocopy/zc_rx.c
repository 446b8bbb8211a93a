// SPDX-License-Identifier: GPL-2.0
/* A receiver of /dev/zerocopy: see zc_rx.h */
#include "zc_rx.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

#define MODULE	"zerocopy_rx"

/* ---- the module ---- */

void zrx_load(void)
{
	int err;

	if (zc_mod_loaded(MODULE))
		return;
	err = zc_insmod(MODULE, NULL);
	if (err == -ENOENT)
		zc_skip("there is no " MODULE ".ko");
	ZC_CHECK(!err, "insmod " MODULE ": %s", strerror(-err));
}

int zrx_refs(void)
{
	char buf[32];

	if (zc_read_file("/sys/module/" MODULE "/refcnt", buf, sizeof(buf)) < 0)
		return -1;
	return atoi(buf);
}

bool zrx_unload(unsigned int ms)
{
	return !zc_mod_loaded(MODULE) || zc_wait_for(!zc_rmmod(MODULE), ms);
}

int zrx_main(int argc, char **argv, const char *theme,
	     const struct zc_case *cases, size_t nr)
{
	int ret = zc_main(argc, argv, theme, cases, nr);

	zrx_unload(15000);
	return ret;
}

/* ---- receivers ---- */

void zrx_map(struct zrx *r, u32 length)
{
	const struct zerocopy_rx_ring *g;

	r->len = length;
	r->map = mmap(NULL, r->len, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		      0);
	ZC_CHECK(r->map != MAP_FAILED, "mmap of the rings: %s",
		 strerror(errno));
	r->ring = (void *)r->map;
	g = r->ring;
	r->frag_entries = g->frag_entries;
	r->refill_entries = g->refill_entries;
	ZC_CHECK(r->frag_entries >= 64 && r->frag_entries <= 65536 &&
		 !(r->frag_entries & (r->frag_entries - 1)),
		 "%u fragments", r->frag_entries);
	ZC_CHECK(r->refill_entries >= 64 && r->refill_entries <= 65536 &&
		 !(r->refill_entries & (r->refill_entries - 1)),
		 "%u refills", r->refill_entries);
	ZC_CHECK(g->frag_size >= sizeof(struct zerocopy_rx_frag) &&
		 g->refill_size >= sizeof(struct zerocopy_rx_refill),
		 "entries of %u and %u bytes", g->frag_size, g->refill_size);
	ZC_CHECK(g->frags >= sizeof(*g) && g->refills >= sizeof(*g) &&
		 g->frags + (u64)g->frag_size * r->frag_entries <= r->len &&
		 g->refills + (u64)g->refill_size * r->refill_entries <= r->len,
		 "the rings do not fit in %zu bytes", r->len);
}

void zrx_open(struct zrx *r, u32 frags, u32 refills, int eventfd)
{
	struct zerocopy_rx_open o = {
		.size = sizeof(o), .frags = frags, .refills = refills,
	};

	memset(r, 0, sizeof(*r));
	zrx_load();
	if (eventfd >= 0) {
		o.flags = ZEROCOPY_RX_EVENTFD;
		o.eventfd = eventfd;
	}
	r->dev = zc_dev_open();
	ZC_CHECK(r->dev >= 0, "/dev/zerocopy: %s", strerror(-r->dev));
	r->fd = zrx_ioctl_open(r->dev, &o);
	ZC_CHECK(r->fd >= 0, "RX_OPEN: %s", strerror(-r->fd));
	zrx_map(r, o.length);
	ZC_EQ(r->frag_entries, o.frags, "fragments of the ring");
	ZC_EQ(r->refill_entries, o.refills, "refills of the ring");
	if (frags)
		ZC_EQ(o.frags, frags, "fragments");
	if (refills)
		ZC_EQ(o.refills, refills, "refills");
}

void zrx_close(struct zrx *r)
{
	unsigned int i;

	if (r->map)
		munmap(r->map, r->len);
	if (r->fd >= 0)
		close(r->fd);
	if (r->dev >= 0)
		close(r->dev);
	for (i = 0; i < r->nr_areas; i++) {
		if (r->area[i].p)
			munmap(r->area[i].p, r->area[i].len);
		free(r->area[i].held);
		free(r->area[i].end);
		free(r->area[i].seen);
	}
	free(r->kept);
	memset(r, 0, sizeof(*r));
	r->fd = -1;
	r->dev = -1;
}

int zrx_register(int dev, const void *p, size_t len, bool send)
{
	struct zerocopy_area_register a = {
		.size = sizeof(a), .addr = (uintptr_t)p, .length = len,
		.flags = ZEROCOPY_AREA_RECEIVE |
			 (send ? ZEROCOPY_AREA_SEND : 0),
	};

	return ioctl(dev, ZEROCOPY_IOC_AREA_REGISTER, &a) ? -errno :
							    (int)a.area;
}

struct zrx_area *zrx_area_at(struct zrx *r, void *p, size_t len,
			     u32 buffer, bool send)
{
	struct zrx_area *a = &r->area[r->nr_areas];
	struct zerocopy_rx_area v = {
		.size = sizeof(v), .zerocopy = r->dev, .buffer = buffer,
	};
	int err;

	ZC_CHECK(r->nr_areas < ZRX_AREAS, "too many areas");
	a->p = p;
	a->len = len;
	a->id = zrx_register(r->dev, p, len, send);
	ZC_CHECK(a->id > 0, "register: %s", strerror(-a->id));
	v.area = a->id;
	err = zrx_ioctl_area(r->fd, &v);
	ZC_CHECK(!err, "RX_AREA of %zu bytes, buffers of %u: %s", len, buffer,
		 strerror(-err));
	ZC_EQ(v.index, r->nr_areas, "index of the area");
	if (buffer)
		ZC_EQ(v.buffer, buffer, "bytes of a buffer");
	ZC_CHECK(v.buffer >= 4096 && v.buffer <= ZC_MB(2) &&
		 !(v.buffer & (v.buffer - 1)) && !(len % v.buffer),
		 "buffers of %u bytes", v.buffer);
	a->buffer = v.buffer;
	a->nr = len / v.buffer;
	a->held = calloc(a->nr, sizeof(*a->held));
	a->end = calloc(a->nr, sizeof(*a->end));
	a->seen = calloc(a->nr, sizeof(*a->seen));
	r->nr_areas++;
	return a;
}

struct zrx_area *zrx_area(struct zrx *r, size_t len, u32 buffer)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ZC_CHECK(p != MAP_FAILED, "mmap %zu: %s", len, strerror(errno));
	madvise(p, len, MADV_NOHUGEPAGE);
	return zrx_area_at(r, p, len, buffer, false);
}

void zrx_make(struct zrx *r, size_t len, u32 buffer)
{
	zrx_open(r, 0, 0, -1);
	zrx_area(r, len, buffer);
}

/* ---- sockets ---- */

u64 zc_cookie(int sock)
{
	u64 cookie = 0;
	socklen_t len = sizeof(cookie);

	ZC_SYS(getsockopt(sock, SOL_SOCKET, SO_COOKIE, &cookie, &len));
	return cookie;
}

struct zrx_sock *zrx_sock(struct zrx *r, u64 cookie)
{
	struct zrx_sock *s;
	unsigned int i;

	for (i = 0; i < r->nr_socks; i++)
		if (r->sock[i].cookie == cookie)
			return &r->sock[i];
	ZC_CHECK(r->nr_socks < ZRX_SOCKS, "too many sockets");
	s = &r->sock[r->nr_socks++];
	memset(s, 0, sizeof(*s));
	s->cookie = cookie;
	zc_hash_init(&s->hash);
	return s;
}

struct zrx_sock *zrx_attach(struct zrx *r, int sock)
{
	u64 cookie = 0;
	int err = zrx_ioctl_attach(r->fd, sock, 0, &cookie);

	ZC_CHECK(!err, "ATTACH: %s", strerror(-err));
	ZC_CHECK(cookie == zc_cookie(sock), "cookie %llx",
		 (unsigned long long)cookie);
	return zrx_sock(r, cookie);
}

void zrx_detach(struct zrx *r, int sock)
{
	int err = zrx_ioctl_detach(r->fd, sock);

	ZC_CHECK(!err, "DETACH: %s", strerror(-err));
}

/* ---- tokens ---- */

void zrx_refill(struct zrx *r, u32 index, u32 token)
{
	struct zerocopy_rx_ring *g = r->ring;
	struct zerocopy_rx_refill *e;
	int err = 0;

	/* full: only RECV takes them */
	if (r->tail - __atomic_load_n(&g->refill_head, __ATOMIC_ACQUIRE) ==
	    r->refill_entries)
		err = zrx_ioctl_recv(r->fd, 1, ZEROCOPY_RX_DONTWAIT);
	ZC_CHECK(r->tail - __atomic_load_n(&g->refill_head, __ATOMIC_ACQUIRE) <
		 r->refill_entries, "RECV takes no refills: %s",
		 strerror(-err));
	e = (void *)(r->map + g->refills +
		     (size_t)g->refill_size * (r->tail % r->refill_entries));
	e->index = index;
	e->token = token;
	r->tail++;
	__atomic_store_n(&g->refill_tail, r->tail, __ATOMIC_RELEASE);
}

void zrx_put(struct zrx *r, u32 index, u32 token)
{
	struct zrx_area *a = &r->area[index];

	ZC_CHECK(index < r->nr_areas && token < a->nr && a->held[token],
		 "token %u of area %u is not held", token, index);
	a->held[token]--;
	r->given++;
	zrx_refill(r, index, token);
}

void zrx_give_back(struct zrx *r)
{
	unsigned int i;

	for (i = 0; i < r->nr_kept; i++)
		zrx_put(r, r->kept[i].index, r->kept[i].token);
	r->nr_kept = 0;
}

static void keep(struct zrx *r, const struct zerocopy_rx_frag *f)
{
	if (r->nr_kept == r->room) {
		r->room = r->room ? 2 * r->room : 256;
		r->kept = realloc(r->kept, r->room * sizeof(*r->kept));
		ZC_CHECK(r->kept, "realloc");
	}
	r->kept[r->nr_kept].index = f->index;
	r->kept[r->nr_kept++].token = f->token;
}

unsigned int zrx_held(const struct zrx *r)
{
	unsigned int i, k, n = 0;

	for (i = 0; i < r->nr_areas; i++)
		for (k = 0; k < r->area[i].nr; k++)
			n += !!r->area[i].held[k];
	return n;
}

void zrx_forget(struct zrx *r)
{
	unsigned int i;

	for (i = 0; i < r->nr_areas; i++)
		memset(r->area[i].seen, 0, r->area[i].nr);
}

unsigned int zrx_seen(const struct zrx *r)
{
	unsigned int i, k, n = 0;

	for (i = 0; i < r->nr_areas; i++)
		for (k = 0; k < r->area[i].nr; k++)
			n += r->area[i].seen[k];
	return n;
}

unsigned int zrx_buffers(const struct zrx *r)
{
	unsigned int i, n = 0;

	for (i = 0; i < r->nr_areas; i++)
		n += r->area[i].dead ? 0 : r->area[i].nr;
	return n;
}

/* ---- fragments ---- */

const void *zrx_data(const struct zrx *r, const struct zerocopy_rx_frag *f)
{
	return r->area[f->index].p + f->offset;
}

void zrx_check(struct zrx *r, const struct zerocopy_rx_frag *f)
{
	const u16 known = ZEROCOPY_RX_COPIED | ZEROCOPY_RX_LINEAR |
			  ZEROCOPY_RX_EOF | ZEROCOPY_RX_NEW;
	struct zrx_area *a;
	u32 at;

	ZC_CHECK(!(f->flags & ~known), "flags %x", f->flags);
	if (f->flags & (ZEROCOPY_RX_EOF | ZEROCOPY_RX_NEW)) {
		ZC_CHECK(f->flags == ZEROCOPY_RX_EOF ||
			 f->flags == ZEROCOPY_RX_NEW, "flags %x", f->flags);
		ZC_EQ(f->length, 0, "bytes without data");
		return;
	}
	ZC_CHECK(f->length, "no data, flags %x", f->flags);
	ZC_CHECK(f->index < r->nr_areas, "area %u", f->index);
	a = &r->area[f->index];
	ZC_CHECK(f->offset < a->len && f->length <= a->len - f->offset,
		 "%u bytes at %llu are not in the area", f->length,
		 (unsigned long long)f->offset);
	ZC_CHECK(!a->dead, "data for area %u, which is gone", f->index);
	ZC_CHECK(f->token < a->nr, "token %u of %u", f->token, a->nr);
	ZC_CHECK(f->offset / a->buffer == f->token &&
		 (f->offset + f->length - 1) / a->buffer == f->token,
		 "%u bytes at %llu, buffers of %u, token %u", f->length,
		 (unsigned long long)f->offset, a->buffer, f->token);
	if (f->flags & ZEROCOPY_RX_COPIED)
		ZC_CHECK(f->reason, "copied for no reason");
	else
		ZC_CHECK(!f->reason && !(f->flags & ZEROCOPY_RX_LINEAR),
			 "not copied, flags %x, reason %u", f->flags,
			 f->reason);
	at = f->offset % a->buffer;
	ZC_CHECK(!a->held[f->token] || at >= a->end[f->token],
		 "buffer %u is held up to %u and gets data at %u", f->token,
		 a->end[f->token], at);
	a->held[f->token]++;
	a->end[f->token] = at + f->length;
	a->seen[f->token] = true;
}

void zrx_count(struct zrx *r, const struct zerocopy_rx_frag *f)
{
	struct zrx_sock *s = zrx_sock(r, f->cookie);

	if (f->flags & ZEROCOPY_RX_NEW) {
		ZC_CHECK(!s->is_new && !s->bytes && !s->eofs,
			 "a socket that is known is new");
		s->is_new = true;
		s->parent = f->offset;
		return;
	}
	ZC_CHECK(!s->eofs, "flags %x behind the end of a stream", f->flags);
	if (f->flags & ZEROCOPY_RX_EOF) {
		s->eofs++;
		s->err = f->reason;
		return;
	}
	zc_hash_add(&s->hash, zrx_data(r, f), f->length);
	s->bytes += f->length;
	s->frags++;
	r->bytes += f->length;
	r->frags++;
	if (f->flags & ZEROCOPY_RX_COPIED) {
		s->copied += f->length;
		s->reasons |= 1U << f->reason;
	}
}

const struct zerocopy_rx_frag *zrx_next(struct zrx *r)
{
	u32 tail = __atomic_load_n(&r->ring->frag_tail, __ATOMIC_ACQUIRE);

	ZC_CHECK(tail - r->head <= r->frag_entries, "%u fragments on a ring of %u",
		 tail - r->head, r->frag_entries);
	if (tail == r->head)
		return NULL;
	return (void *)(r->map + r->ring->frags + (size_t)r->ring->frag_size *
			(r->head % r->frag_entries));
}

unsigned int zrx_reap(struct zrx *r)
{
	const struct zerocopy_rx_frag *p;
	unsigned int n = 0;

	while ((p = zrx_next(r))) {
		struct zerocopy_rx_frag f = *p;

		r->head++;
		__atomic_store_n(&r->ring->frag_head, r->head,
				 __ATOMIC_RELEASE);
		n++;
		zrx_check(r, &f);
		if (r->each) {
			r->each(r, &f);
			continue;
		}
		zrx_count(r, &f);
		if (!f.length)
			continue;
		if (r->keep)
			keep(r, &f);
		else
			zrx_put(r, f.index, f.token);
	}
	return n;
}

int zrx_pull(struct zrx *r, u32 max)
{
	unsigned int old = zrx_reap(r), got;
	int n = zrx_ioctl_recv(r->fd, max, ZEROCOPY_RX_DONTWAIT);

	got = zrx_reap(r);
	ZC_CHECK(n, "RECV returns 0");
	if (n > 0)
		/* what is given back may need a RECV of its own */
		ZC_CHECK(got >= (unsigned int)n, "RECV says %d, %u are there",
			 n, got);
	return n < 0 && old ? (int)old : n;
}

int zrx_wait(struct zrx *r, unsigned int ms)
{
	struct pollfd pfd = { .fd = r->fd, .events = POLLIN };
	u64 end = zc_now_ms() + (u64)ms * (zc_debug ? 5 : 1);
	int n;

	for (;;) {
		n = zrx_pull(r, 0);
		if (n != -EAGAIN)
			return n;
		if (zc_now_ms() >= end)
			return -ETIMEDOUT;
		n = poll(&pfd, 1, end - zc_now_ms());
		ZC_CHECK(n >= 0 || errno == EINTR, "poll: %s", strerror(errno));
	}
}

void zrx_until(struct zrx *r, struct zrx_sock *s, u64 bytes)
{
	while (s->bytes < bytes) {
		int n = zrx_wait(r, 30000);

		ZC_CHECK(n > 0, "RECV: %s, %llu of %llu bytes are there",
			 strerror(-n), (unsigned long long)s->bytes,
			 (unsigned long long)bytes);
		ZC_CHECK(!s->eofs || s->bytes >= bytes,
			 "the stream ends after %llu of %llu bytes",
			 (unsigned long long)s->bytes,
			 (unsigned long long)bytes);
	}
	ZC_EQ(s->bytes, bytes, "bytes received");
}

void zrx_until_eof(struct zrx *r, struct zrx_sock *s)
{
	while (!s->eofs) {
		int n = zrx_wait(r, 30000);

		ZC_CHECK(n > 0, "RECV: %s, no end after %llu bytes",
			 strerror(-n), (unsigned long long)s->bytes);
	}
}

bool zrx_quiet(struct zrx *r)
{
	int n = zrx_pull(r, 0);

	ZC_CHECK(n > 0 || n == -EAGAIN, "RECV: %s", strerror(-n));
	return n == -EAGAIN;
}

void zrx_capacity(struct zrx *r, struct zrx_sock *s, int peer)
{
	unsigned int all = zrx_buffers(r), i;
	bool was = r->keep;
	struct zc_feed f = {};
	size_t len = 0;
	u64 old;
	char *p;
	int n;

	/* RECV takes back what is on its way, and what was sent before */
	while (!zrx_quiet(r))
		;
	ZC_EQ(zrx_held(r), 0, "buffers held");
	for (i = 0; i < r->nr_areas; i++)
		len += r->area[i].dead ? 0 : r->area[i].len;
	p = zc_alloc(2 * len, 7);
	old = s->bytes;
	r->keep = true;
	zrx_forget(r);
	zc_feed(&f, peer, p, 2 * len);
	while ((n = zrx_wait(r, 20000)) > 0)
		;
	ZC_EQ(n, -ENOBUFS, "RECV with every buffer out");
	ZC_EQ(zrx_seen(r), all, "buffers that came out");
	ZC_EQ(zrx_held(r), all, "buffers that are out");
	r->keep = was;
	zrx_give_back(r);
	r->keep = false;
	zrx_until(r, s, old + 2 * len);
	r->keep = was;
	zc_feed_join(&f);
	munmap(p, 2 * len);
}

/* ---- who sends ---- */

void zc_send_all(int fd, const void *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		ZC_CHECK(n > 0, "send: %s", strerror(errno));
		p = (const char *)p + n;
		len -= n;
	}
}

static void *feed_main(void *arg)
{
	struct zc_feed *f = arg;

	while ((size_t)f->sent < f->len) {
		size_t want = f->len - f->sent;
		ssize_t n;

		if (f->chunk && want > f->chunk)
			want = f->chunk;
		n = send(f->fd, f->p + f->sent, want, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			f->err = errno;
			break;
		}
		f->sent += n;
	}
	if (f->fin)
		shutdown(f->fd, SHUT_WR);
	return NULL;
}

void zc_feed(struct zc_feed *f, int fd, const void *p, size_t len)
{
	f->sent = 0;
	f->err = 0;
	f->fd = fd;
	f->p = p;
	f->len = len;
	ZC_EQ(pthread_create(&f->thread, NULL, feed_main, f), 0,
	      "pthread_create");
}

void zc_feed_join(struct zc_feed *f)
{
	pthread_join(f->thread, NULL);
	ZC_EQ(f->err, 0, "the sender's errno");
	ZC_EQ(f->sent, f->len, "bytes sent");
}

void zrx_recv(int fd, struct zc_hash *h, size_t len)
{
	char *buf = malloc(65536);
	ssize_t n;

	while (len) {
		n = recv(fd, buf, len < 65536 ? len : 65536, 0);
		ZC_CHECK(n > 0, "recv: %s", n ? strerror(errno) : "end");
		zc_hash_add(h, buf, n);
		len -= n;
	}
	free(buf);
}

void zrx_same(const struct zrx_sock *s, const void *p, size_t len)
{
	ZC_EQ(s->bytes, len, "bytes received");
	ZC_CHECK(zc_hash_val(&s->hash) == zc_hash_buf(p, len),
		 "the checksums of the two ends differ (%zu bytes)", len);
}

/* ---- connections ---- */

int zrx_listener(struct sockaddr_in *a)
{
	int fd = ZC_SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	socklen_t len = sizeof(*a);

	*a = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	ZC_SYS(bind(fd, (void *)a, len));
	ZC_SYS(getsockname(fd, (void *)a, &len));
	ZC_SYS(listen(fd, 16));
	return fd;
}

int zrx_dial(const struct sockaddr_in *a)
{
	int fd = ZC_SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	ZC_SYS(connect(fd, (const void *)a, sizeof(*a)));
	return fd;
}
