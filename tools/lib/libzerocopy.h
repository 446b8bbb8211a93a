/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * libzerocopy: /dev/zerocopy, as a program wants to use it. libzerocopy(7) says
 * how the parts go together; <linux/zerocopy.h> and <linux/zerocopy_rx.h> are
 * the kernel's side of it, and define the constants.
 *
 * Whatever can fail returns a negative errno, and then has changed nothing.
 * There is no global state: nothing is printed, no signal is touched, errno is
 * not what counts. Different objects may be used by different threads at once;
 * what one object allows is said with it.
 */
#ifndef LIBZEROCOPY_H
#define LIBZEROCOPY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/zerocopy.h>
#include <linux/zerocopy_rx.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- areas: zcpy_area_register(3). Any thread, at any time ---- */

int zcpy_open(void);
int zcpy_memory(size_t length, void **addr);
int zcpy_device_memory(int dev, size_t length, void **addr);
int zcpy_area_register(int dev, void *addr, size_t length, unsigned int flags);
int zcpy_area_unregister(int dev, unsigned int area);
int zcpy_area_query(int dev, unsigned int area,
		    struct zerocopy_area_query *info);

/* ---- completion pages: zcpy_page_open(3). Any thread may look, one wait ---- */

/**
 * struct zcpy_page - the completion page of a socket
 * @fd: to poll
 * @map: what the kernel writes
 *
 * Made by zcpy_page_open() only: more may follow.
 */
struct zcpy_page {
	int fd;
	const struct zerocopy_page *map;
};

int zcpy_page_open(int dev, int sock, unsigned int entries, int eventfd,
		   struct zcpy_page **page);
void zcpy_page_close(struct zcpy_page *page);
int zcpy_page_wait(struct zcpy_page *page, uint64_t id, int timeout_ms);

/* The id of the socket's first send that the page speaks of */
static inline uint64_t zcpy_page_first(const struct zcpy_page *page)
{
	return page->map->first;
}

/* Every send with a smaller id is complete */
static inline uint64_t zcpy_page_done(const struct zcpy_page *page)
{
	return __atomic_load_n(&page->map->done, __ATOMIC_ACQUIRE);
}

/* The lower half of what zcpy_page_done() says, and bytes of that very send */
static inline uint64_t zcpy_page_progress(const struct zcpy_page *page)
{
	return __atomic_load_n(&page->map->progress, __ATOMIC_ACQUIRE);
}

/*
 * Whether a send that has returned will be told by the page: if not, the error
 * queue speaks of it.
 */
static inline bool zcpy_page_follows(const struct zcpy_page *page, uint64_t id)
{
	return __atomic_load_n(&page->map->next, __ATOMIC_ACQUIRE) > id;
}

/* ZEROCOPY_CODE_... of an id below zcpy_page_done(); -ERANGE: looked too late */
static inline int zcpy_page_code(const struct zcpy_page *page, uint64_t id)
{
	const struct zerocopy_page *map = page->map;
	const uint8_t *codes = (const uint8_t *)map + map->codes;
	uint8_t code = __atomic_load_n(&codes[id & (map->entries - 1)],
				       __ATOMIC_ACQUIRE);

	if (__atomic_load_n(&map->next, __ATOMIC_RELAXED) > id + map->entries)
		return -ERANGE;
	return code;
}

/* ---- receivers: zcpy_rx_open(3) ---- */

/**
 * struct zcpy_rx - a receiver
 * @fd: to poll: readable when zcpy_rx_recv() has something to do
 * @ring: what is shared with the kernel
 * @frags: first entry of the fragment ring
 * @refills: first entry of the refill ring
 * @frag_size: bytes from one fragment to the next
 * @refill_size: bytes from one refill to the next
 * @frag_mask: entries less one
 * @refill_mask: entries less one
 * @frag_head: as last written there
 * @refill_tail: as last written there
 * @areas: first byte of each area, by its index
 * @nr_areas: how many
 *
 * Made by zcpy_rx_open() only: more may follow. Members are for the functions
 * below. zcpy_rx_recv(), attach, detach and query may be called by any thread at
 * any time; zcpy_rx_next() by one thread at a time and zcpy_rx_return() by one,
 * not necessarily the same. Areas are added, and the receiver closed, while nobody
 * else uses it.
 */
struct zcpy_rx {
	int fd;
	struct zerocopy_rx_ring *ring;
	const char *frags;
	char *refills;
	uint32_t frag_size;
	uint32_t refill_size;
	uint32_t frag_mask;
	uint32_t refill_mask;
	uint32_t frag_head;
	uint32_t refill_tail;
	char **areas;
	uint32_t nr_areas;
};

/**
 * struct zcpy_rx_binding - what became of zcpy_rx_bind()
 * @backend: ZEROCOPY_RX_COPY, ..._DMABUF or ..._PROVIDER
 * @reason: with ZEROCOPY_RX_COPY: ZEROCOPY_RX_WHY_...
 * @dmabuf: with ZEROCOPY_RX_DMABUF: what netdev-genl calls it
 * @error: what netdev-genl answered, a negative errno; else 0
 * @message: and in its words, if it found any
 */
struct zcpy_rx_binding {
	uint32_t backend;
	uint32_t reason;
	uint32_t dmabuf;
	int32_t error;
	char message[112];
};

int zcpy_rx_open(int dev, unsigned int frags, unsigned int refills, int eventfd,
		 struct zcpy_rx **rx);
void zcpy_rx_close(struct zcpy_rx *rx);
int zcpy_rx_add_area(struct zcpy_rx *rx, int dev, unsigned int area,
		     unsigned int *buffer);
int zcpy_rx_attach(struct zcpy_rx *rx, int sock, unsigned int flags,
		   uint64_t *cookie);
int zcpy_rx_detach(struct zcpy_rx *rx, int sock);
int zcpy_rx_query(struct zcpy_rx *rx, int sock, struct zerocopy_rx_query *info);
int zcpy_rx_recv(struct zcpy_rx *rx, unsigned int max, unsigned int flags);
int zcpy_rx_bind(struct zcpy_rx *rx, unsigned int index, unsigned int ifindex,
		 unsigned int queue, struct zcpy_rx_binding *binding);
const char *zcpy_rx_backend_name(unsigned int backend);
const char *zcpy_rx_reason_name(unsigned int reason);

/* How many fragments zcpy_rx_recv() has left for zcpy_rx_next() */
static inline unsigned int zcpy_rx_ready(const struct zcpy_rx *rx)
{
	return __atomic_load_n(&rx->ring->frag_tail, __ATOMIC_ACQUIRE) -
		rx->frag_head;
}

/* The next fragment is *@frag from now on; false: there is none */
static inline bool zcpy_rx_next(struct zcpy_rx *rx,
				struct zerocopy_rx_frag *frag)
{
	uint32_t tail = __atomic_load_n(&rx->ring->frag_tail, __ATOMIC_ACQUIRE);

	if (rx->frag_head == tail)
		return false;
	memcpy(frag, rx->frags + (size_t)(rx->frag_head & rx->frag_mask) *
	       rx->frag_size, sizeof(*frag));
	rx->frag_head++;
	__atomic_store_n(&rx->ring->frag_head, rx->frag_head, __ATOMIC_RELEASE);
	return true;
}

/* Whether a fragment has data, and a token; the others are events */
static inline bool zcpy_rx_has_data(const struct zerocopy_rx_frag *frag)
{
	return !(frag->flags & (ZEROCOPY_RX_EOF | ZEROCOPY_RX_NEW));
}

/* Where they are: frag->length bytes, until the token is returned */
static inline void *zcpy_rx_data(const struct zcpy_rx *rx,
				 const struct zerocopy_rx_frag *frag)
{
	return rx->areas[frag->index] + frag->offset;
}

/*
 * Nobody needs the data any more. No system call. -ENOSPC: the ring is full, the
 * next zcpy_rx_recv() makes room.
 */
static inline int zcpy_rx_return(struct zcpy_rx *rx,
				 const struct zerocopy_rx_frag *frag)
{
	struct zerocopy_rx_refill refill = { frag->index, frag->token };
	uint32_t head;

	if (!zcpy_rx_has_data(frag))
		return 0;
	head = __atomic_load_n(&rx->ring->refill_head, __ATOMIC_ACQUIRE);
	if (rx->refill_tail - head > rx->refill_mask)
		return -ENOSPC;
	memcpy(rx->refills + (size_t)(rx->refill_tail & rx->refill_mask) *
	       rx->refill_size, &refill, sizeof(refill));
	rx->refill_tail++;
	__atomic_store_n(&rx->ring->refill_tail, rx->refill_tail,
			 __ATOMIC_RELEASE);
	return 0;
}

/* Data waits until tokens are returned */
static inline bool zcpy_rx_starved(const struct zcpy_rx *rx)
{
	return __atomic_load_n(&rx->ring->flags, __ATOMIC_RELAXED) &
		ZEROCOPY_RX_STARVED;
}

/* What the kernel has counted; see struct zerocopy_rx_ring */
struct zcpy_rx_stats {
	uint64_t bytes;
	uint64_t copied;
	uint64_t fragments;
	uint64_t refilled;
	uint64_t bad;
	uint64_t starved;
};

static inline void zcpy_rx_stats(const struct zcpy_rx *rx,
				 struct zcpy_rx_stats *stats)
{
	const struct zerocopy_rx_ring *r = rx->ring;

	stats->bytes = __atomic_load_n(&r->bytes, __ATOMIC_RELAXED);
	stats->copied = __atomic_load_n(&r->copied, __ATOMIC_RELAXED);
	stats->fragments = __atomic_load_n(&r->fragments, __ATOMIC_RELAXED);
	stats->refilled = __atomic_load_n(&r->refilled, __ATOMIC_RELAXED);
	stats->bad = __atomic_load_n(&r->bad, __ATOMIC_RELAXED);
	stats->starved = __atomic_load_n(&r->starved, __ATOMIC_RELAXED);
}

#ifdef __cplusplus
}
#endif

#endif /* LIBZEROCOPY_H */
