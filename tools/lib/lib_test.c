// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What needs no kernel module: the functions of libzerocopy.h on rings and pages
 * of this program's own making, and what is answered without the module.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libzerocopy.h"

#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, \
				__LINE__, #cond);			\
			exit(1);					\
		}							\
	} while (0)

#define ENTRIES		8
#define FRAG_SIZE	48	/* a kernel that knows more of a fragment */
#define REFILL_SIZE	16

static char area[2][4096];
static char *areas[2] = { area[0], area[1] };
static char frags[ENTRIES * FRAG_SIZE];
static char refills[ENTRIES * REFILL_SIZE];

static struct zcpy_rx make_rx(struct zerocopy_rx_ring *ring, uint32_t start)
{
	struct zcpy_rx rx = {
		.fd = -1, .ring = ring, .frags = frags, .refills = refills,
		.frag_size = FRAG_SIZE, .refill_size = REFILL_SIZE,
		.frag_mask = ENTRIES - 1, .refill_mask = ENTRIES - 1,
		.frag_head = start, .refill_tail = start,
		.areas = areas, .nr_areas = 2,
	};

	memset(ring, 0, sizeof(*ring));
	ring->frag_head = start;
	ring->frag_tail = start;
	ring->refill_head = start;
	ring->refill_tail = start;
	return rx;
}

/* As the kernel adds one */
static void add(struct zerocopy_rx_ring *ring, uint32_t token, uint16_t flags)
{
	struct zerocopy_rx_frag f = {
		.cookie = 7, .offset = token * 64, .length = 64,
		.index = token & 1, .token = token, .flags = flags,
	};

	memcpy(frags + (ring->frag_tail % ENTRIES) * FRAG_SIZE, &f, sizeof(f));
	ring->frag_tail++;
}

static struct zerocopy_rx_refill refill(uint32_t at)
{
	struct zerocopy_rx_refill r;

	memcpy(&r, refills + (at % ENTRIES) * REFILL_SIZE, sizeof(r));
	return r;
}

/* Walk and return, also where the indices wrap around */
static void walk(uint32_t start)
{
	struct zerocopy_rx_ring ring;
	struct zcpy_rx rx = make_rx(&ring, start);
	struct zerocopy_rx_frag f;
	uint32_t i, round, token = 0;

	CHECK(!zcpy_rx_next(&rx, &f));
	for (round = 0; round < 5; round++) {
		for (i = 0; i < ENTRIES; i++)
			add(&ring, token + i, 0);
		CHECK(zcpy_rx_ready(&rx) == ENTRIES);
		for (i = 0; i < ENTRIES; i++, token++) {
			CHECK(zcpy_rx_next(&rx, &f));
			CHECK(f.token == token && f.index == (token & 1));
			CHECK(zcpy_rx_data(&rx, &f) ==
			      area[token & 1] + token * 64);
			CHECK(ring.frag_head == start + token + 1);
			CHECK(!zcpy_rx_return(&rx, &f));
			CHECK(ring.refill_tail == start + token + 1);
			CHECK(refill(start + token).token == token);
			CHECK(refill(start + token).index == (token & 1));
		}
		CHECK(!zcpy_rx_next(&rx, &f) && !zcpy_rx_ready(&rx));
		/* full: until the kernel has taken one */
		CHECK(zcpy_rx_return(&rx, &f) == -ENOSPC);
		CHECK(ring.refill_tail == start + token);
		ring.refill_head += ENTRIES;
	}
}

static void events(void)
{
	struct zerocopy_rx_ring ring;
	struct zcpy_rx rx = make_rx(&ring, 0);
	struct zcpy_rx_stats stats;
	struct zerocopy_rx_frag f;

	add(&ring, 5, ZEROCOPY_RX_NEW);
	add(&ring, 6, ZEROCOPY_RX_EOF);
	add(&ring, 7, ZEROCOPY_RX_COPIED | ZEROCOPY_RX_LINEAR);
	CHECK(zcpy_rx_next(&rx, &f) && !zcpy_rx_has_data(&f));
	CHECK(!zcpy_rx_return(&rx, &f) && !ring.refill_tail);
	CHECK(zcpy_rx_next(&rx, &f) && !zcpy_rx_has_data(&f));
	CHECK(!zcpy_rx_return(&rx, &f) && !ring.refill_tail);
	CHECK(zcpy_rx_next(&rx, &f) && zcpy_rx_has_data(&f));
	CHECK(!zcpy_rx_return(&rx, &f) && ring.refill_tail == 1);

	CHECK(!zcpy_rx_starved(&rx));
	ring.flags = ZEROCOPY_RX_STARVED;
	CHECK(zcpy_rx_starved(&rx));
	ring.bytes = 1;
	ring.copied = 2;
	ring.fragments = 3;
	ring.refilled = 4;
	ring.bad = 5;
	ring.starved = 6;
	zcpy_rx_stats(&rx, &stats);
	CHECK(stats.bytes == 1 && stats.copied == 2 && stats.fragments == 3);
	CHECK(stats.refilled == 4 && stats.bad == 5 && stats.starved == 6);
}

static void pages(void)
{
	struct {
		struct zerocopy_page map;
		uint8_t codes[64];
	} m = { .map = { .codes = sizeof(m.map), .entries = 64, .first = 3,
			 .done = 100, .next = 110, .progress = 100ULL << 32 } };
	struct zcpy_page page = { .fd = -1, .map = &m.map };

	m.codes[99 % 64] = ZEROCOPY_CODE_COPIED;
	CHECK(zcpy_page_first(&page) == 3 && zcpy_page_done(&page) == 100);
	CHECK(zcpy_page_progress(&page) == 100ULL << 32);
	CHECK(zcpy_page_follows(&page, 109) && !zcpy_page_follows(&page, 110));
	CHECK(zcpy_page_code(&page, 99) == ZEROCOPY_CODE_COPIED);
	CHECK(zcpy_page_code(&page, 46) == 0);
	CHECK(zcpy_page_code(&page, 45) == -ERANGE);
	/* what is complete is not waited for */
	CHECK(!zcpy_page_wait(&page, 99, -1));
	m.map.passed = 1;
	CHECK(zcpy_page_wait(&page, 99, 0) == -ENOMSG);
}

static void without_module(void)
{
	int fd = dup(2), p[2];
	struct zerocopy_area_query q;
	struct zcpy_page page = {}, *pg = &page;
	struct zerocopy_page map = {};
	struct zcpy_rx *rx = NULL;

	CHECK(fd >= 0 && !pipe(p));
	CHECK(zcpy_area_register(-1, areas[0], 4096, ZEROCOPY_AREA_SEND) ==
	      -EBADF);
	CHECK(zcpy_area_unregister(-1, 1) == -EBADF);
	CHECK(zcpy_area_query(-1, 1, &q) == -EBADF);
	CHECK(zcpy_area_query(p[0], 1, &q) == -ENOTTY);
	CHECK(zcpy_page_open(p[0], fd, 0, -1, &pg) == -ENOTTY && pg == &page);
	CHECK(zcpy_rx_open(p[0], 0, 0, -1, &rx) == -ENOTTY && !rx);
	zcpy_page_close(NULL);
	zcpy_rx_close(NULL);

	/* a page that nothing happens to */
	page.fd = p[0];
	page.map = &map;
	CHECK(zcpy_page_wait(&page, 0, 0) == -ETIMEDOUT);
	CHECK(zcpy_page_wait(&page, 0, 20) == -ETIMEDOUT);
	close(fd);
	close(p[0]);
	close(p[1]);
}

static void memory(void)
{
	static const size_t sizes[] = {
		4096, 65536, 2 << 20, (5 << 20) + 4096, 0
	};
	void *p;
	size_t i;

	for (i = 0; sizes[i]; i++) {
		CHECK(!zcpy_memory(sizes[i], &p));
		CHECK(!((uintptr_t)p & (sizes[i] < 2 << 20 ? 4095 :
							     (2 << 20) - 1)));
		memset(p, 1, sizes[i]);
		CHECK(!munmap(p, sizes[i]));
	}
	CHECK(zcpy_memory(0, &p) == -EINVAL);
	CHECK(zcpy_memory(SIZE_MAX & ~4095UL, &p) == -ENOMEM);
}

static void names(void)
{
	CHECK(!strcmp(zcpy_rx_backend_name(ZEROCOPY_RX_DMABUF), "dmabuf"));
	CHECK(!strcmp(zcpy_rx_backend_name(99), "?"));
	CHECK(!strcmp(zcpy_rx_reason_name(ZEROCOPY_RX_WHY_UNBOUND), "unbound"));
	CHECK(!strcmp(zcpy_rx_reason_name(99), "?"));
}

int main(void)
{
	walk(0);
	walk(UINT32_MAX - 11);
	events();
	pages();
	without_module();
	memory();
	names();
	return 0;
}
