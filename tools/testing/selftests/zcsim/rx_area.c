// SPDX-License-Identifier: GPL-2.0
/*
 * Receives a TCP stream into an area through /dev/zerocopy, and prints bytes and
 * hash as traffic does, then how much of it came without a copy, and why the rest
 * did not.
 *
 *   rx_area DEVICE QUEUE PORT MIB [BYTES ACTION]...
 *
 * The area has MIB MiB (an 'h' behind: of huge pages) and is bound to DEVICE's
 * QUEUE, unless DEVICE is "-". When BYTES have come, ACTION happens, in turn, with
 * nothing being received meanwhile:
 *
 *   unbind        close the netlink socket that binds the queue
 *   bind          bind it again, when the first binding is gone
 *   keep          from here on give nothing back that was not copied, as far as a
 *                 quarter of the area goes
 *   hoard         the same, as far as it goes
 *   kept          compare what was kept with what it was, and give it back
 *   stop          wait for a signal that ends it
 *   end           end, whatever else would come; then nothing is counted
 *   what else     a command, for a shell
 *
 * It ends with 0 if what was to come without a copy did so, if no token that it gave
 * back was wrong, and those that were are counted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <netinet/in.h>
#include <linux/zerocopy_rx.h>

#include "genl.h"

/* include/uapi/linux/netdev.h: newer than what is installed here */
#define NETDEV_CMD_BIND_RX	13
#define NETDEV_A_QUEUE_ID	1
#define NETDEV_A_QUEUE_TYPE	3
#define NETDEV_A_DMABUF_IFINDEX	1
#define NETDEV_A_DMABUF_QUEUES	2
#define NETDEV_A_DMABUF_FD	3

#define CHUNK	(1024 * 1024UL)

#define REASONS	(ZEROCOPY_RX_WHY_RESERVE + 1)

static const char * const reasons[REASONS] = {
	NULL, "unbound", "host", "linear", "foreign", "device", "sync",
	"kernel", "area", "reserve",
};

static int zerocopy, receiver, netlink = -1;
static unsigned char *area;
static size_t length;
static int huge;
static struct zerocopy_rx_ring *ring;
static struct zerocopy_rx_bind bound = { .size = sizeof(bound) };
static int ended;
static uint64_t in_area, copied, by_reason[REASONS], records, bad;

/* ---- the stream ---- */

static uint64_t sum = 1, total;
static unsigned char chunk[CHUNK];
static size_t chunk_fill;

static uint64_t hash(uint64_t h, const void *p, size_t len)
{
	const unsigned char *c = p;
	uint64_t v;
	size_t i;

	for (i = 0; i + sizeof(v) <= len; i += sizeof(v)) {
		memcpy(&v, c + i, sizeof(v));
		h = (h ^ v) * 0x100000001b3ULL;
		h ^= h >> 29;
	}
	for (; i < len; i++)
		h = (h ^ c[i]) * 0x100000001b3ULL;
	return h;
}

static void add(const unsigned char *p, size_t len)
{
	size_t n;

	total += len;
	for (; len; p += n, len -= n) {
		n = len < CHUNK - chunk_fill ? len : CHUNK - chunk_fill;
		memcpy(chunk + chunk_fill, p, n);
		chunk_fill += n;
		if (chunk_fill == CHUNK) {
			sum = hash(sum, chunk, CHUNK);
			chunk_fill = 0;
		}
	}
}

/* ---- tokens ---- */

static uint32_t refill_tail;
static struct zerocopy_rx_refill last;

static void give_back(uint32_t index, uint32_t token)
{
	struct zerocopy_rx_refill *refill;

	/* Taken by each call, before anything else. */
	if (refill_tail - __atomic_load_n(&ring->refill_head, __ATOMIC_ACQUIRE)
	    == ring->refill_entries) {
		struct zerocopy_rx_recv recv = {
			.size = sizeof(recv), .flags = ZEROCOPY_RX_DONTWAIT,
			.max = 1,
		};

		__atomic_store_n(&ring->refill_tail, refill_tail,
				 __ATOMIC_RELEASE);
		ioctl(receiver, ZEROCOPY_IOC_RX_RECV, &recv);
	}
	refill = (void *)((char *)ring + ring->refills +
			  (refill_tail & (ring->refill_entries - 1)) *
			  ring->refill_size);
	last.index = index;
	last.token = token;
	*refill = last;
	refill_tail++;
	__atomic_store_n(&ring->refill_tail, refill_tail, __ATOMIC_RELEASE);
}

/* What is kept: where it is, and what was there */
static struct kept {
	struct zerocopy_rx_frag frag;
	unsigned char *was;
} *kept;
static size_t nr_kept, kept_bytes, keep_max;

static int keep_frag(const struct zerocopy_rx_frag *f)
{
	if (!keep_max || f->flags & ZEROCOPY_RX_COPIED || kept_bytes > keep_max)
		return 0;
	kept = realloc(kept, (nr_kept + 1) * sizeof(*kept));
	kept[nr_kept].frag = *f;
	kept[nr_kept].was = malloc(f->length);
	memcpy(kept[nr_kept].was, area + f->offset, f->length);
	nr_kept++;
	kept_bytes += 4096;
	return 1;
}

static void compare_kept(void)
{
	size_t i, bytes = 0;

	for (i = 0; i < nr_kept; i++) {
		struct zerocopy_rx_frag *f = &kept[i].frag;

		if (memcmp(kept[i].was, area + f->offset, f->length)) {
			fprintf(stderr, "record %zu of %zu has changed\n", i,
				nr_kept);
			exit(1);
		}
		bytes += f->length;
		free(kept[i].was);
		give_back(f->index, f->token);
	}
	printf("kept %zu\n", bytes);
	nr_kept = 0;
	kept_bytes = 0;
	keep_max = 0;
}

/* The last token again, some that never were: each is counted as bad */
static void hostile(void)
{
	give_back(last.index, last.token);
	give_back(0, 0xffffffff);
	give_back(0, 0x80000000 | (uint32_t)(length / 4096));
	give_back(0, 0x7fffffff);
	give_back(1, 0);
	give_back(0xffffffff, 0x80000000);
	bad += 6;
}

/* ---- the queue ---- */

static void bind_queue(void)
{
	struct nlattr *nest;
	struct genl_req r;
	unsigned int i;
	uint16_t id;

	netlink = genl_open("netdev", &id);
	genl_begin(&r, id, NETDEV_CMD_BIND_RX);
	genl_put_u32(&r, NETDEV_A_DMABUF_IFINDEX, bound.ifindex);
	nest = genl_put(&r, NETDEV_A_DMABUF_QUEUES, NULL, 0);
	genl_put_u32(&r, NETDEV_A_QUEUE_ID, bound.queue);
	genl_put_u32(&r, NETDEV_A_QUEUE_TYPE, 0);
	genl_end_nest(&r, nest);
	genl_put_u32(&r, NETDEV_A_DMABUF_FD, bound.dmabuf);
	/*
	 * It is bound for as long as the socket is open, and a while longer: the
	 * kernel looks once a second whether the last buffer is back.
	 */
	for (i = 0; i < 600; i++) {
		errno = genl_try(netlink, &r, 0, NULL, NULL);
		if (errno != EBUSY)
			break;
		usleep(100000);
	}
	if (errno)
		die("bind-rx");
}

static void setup(const char *dev, uint32_t queue)
{
	struct zerocopy_area_register reg = {
		.size = sizeof(reg), .flags = ZEROCOPY_AREA_RECEIVE,
		.length = length,
	};
	struct zerocopy_rx_open open_arg = { .size = sizeof(open_arg) };
	struct zerocopy_rx_bind again = { .size = sizeof(again) };
	struct zerocopy_rx_area use = { .size = sizeof(use) };

	area = mmap(NULL, length, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | huge, -1, 0);
	if (area == MAP_FAILED)
		die("mmap");
	memset(area, 0x5a, length);
	reg.addr = (uintptr_t)area;
	zerocopy = open("/dev/zerocopy", O_RDWR | O_CLOEXEC);
	if (zerocopy < 0)
		die("/dev/zerocopy");
	if (ioctl(zerocopy, ZEROCOPY_IOC_AREA_REGISTER, &reg))
		die("AREA_REGISTER");
	receiver = ioctl(zerocopy, ZEROCOPY_IOC_RX_OPEN, &open_arg);
	if (receiver < 0)
		die("RX_OPEN");
	ring = mmap(NULL, open_arg.length, PROT_READ | PROT_WRITE, MAP_SHARED,
		    receiver, 0);
	if (ring == MAP_FAILED)
		die("mmap of the rings");
	use.zerocopy = zerocopy;
	use.area = reg.area;
	if (ioctl(receiver, ZEROCOPY_IOC_RX_AREA, &use))
		die("RX_AREA");

	if (!strcmp(dev, "-"))
		return;
	bound.ifindex = if_nametoindex(dev);
	bound.queue = queue;
	if (ioctl(receiver, ZEROCOPY_IOC_RX_BIND, &bound))
		die("RX_BIND");
	if (bound.backend == ZEROCOPY_RX_COPY) {
		printf("bind: copy, %s\n", reasons[bound.reason]);
	} else {
		printf("bind: %s\n", bound.backend == ZEROCOPY_RX_PROVIDER ?
		       "provider" : "dmabuf");
		again.ifindex = bound.ifindex;
		again.queue = queue;
		if (!ioctl(receiver, ZEROCOPY_IOC_RX_BIND, &again) ||
		    errno != EBUSY)
			die("bound twice");
		if (bound.backend == ZEROCOPY_RX_DMABUF)
			bind_queue();
	}
}

static int accepted(const char *port)
{
	struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6, .sin6_port = htons(atoi(port)),
	};
	struct zerocopy_rx_attach attach = { .size = sizeof(attach) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&addr, sizeof(addr)) || listen(fd, 1))
		die("bind");
	fd = accept(fd, NULL, NULL);
	if (fd < 0)
		die("accept");
	attach.socket = fd;
	if (ioctl(receiver, ZEROCOPY_IOC_RX_ATTACH, &attach))
		die("RX_ATTACH");
	return fd;
}

/* ---- what has come ---- */

static int take(const struct zerocopy_rx_frag *f)
{
	if (f->flags & ZEROCOPY_RX_EOF) {
		if (f->reason) {
			fprintf(stderr, "end: %s\n", strerror(f->reason));
			exit(1);
		}
		return 0;
	}
	if (f->offset + f->length > length) {
		fprintf(stderr, "out of the area\n");
		exit(1);
	}
	add(area + f->offset, f->length);
	records++;
	if (!(f->flags & ZEROCOPY_RX_COPIED)) {
		in_area += f->length;
	} else if (!f->reason || f->reason >= REASONS) {
		fprintf(stderr, "copied for reason %u\n", f->reason);
		exit(1);
	} else {
		copied += f->length;
		by_reason[f->reason] += f->length;
	}
	if (!keep_frag(f))
		give_back(f->index, f->token);
	return 1;
}

/* Returns whether to go on. */
static int act(const char *action)
{
	fprintf(stderr, "%llu: %s\n", (unsigned long long)total, action);
	if (!strcmp(action, "unbind"))
		close(netlink);
	else if (!strcmp(action, "bind"))
		bind_queue();
	else if (!strcmp(action, "keep"))
		keep_max = length / 4;
	else if (!strcmp(action, "hoard"))
		keep_max = length;
	else if (!strcmp(action, "kept"))
		compare_kept();
	else if (!strcmp(action, "stop"))
		pause();
	else if (!strcmp(action, "end"))
		ended = 1;
	else if (system(action))
		exit(1);
	return !ended;
}

int main(int argc, char **argv)
{
	uint32_t head = 0, tail;
	int next = 5, more = 1;
	unsigned int i;

	if (argc < 5 || argc % 2 != 1) {
		fprintf(stderr, "usage: rx_area DEVICE QUEUE PORT MIB [BYTES ACTION]...\n");
		return 2;
	}
	length = atoi(argv[4]) * 1024UL * 1024;
	if (strchr(argv[4], 'h'))
		huge = MAP_HUGETLB;
	setup(argv[1], atoi(argv[2]));
	accepted(argv[3]);

	while (more) {
		struct zerocopy_rx_recv recv = { .size = sizeof(recv) };

		if (next < argc && total >= strtoull(argv[next], NULL, 0)) {
			more = act(argv[next + 1]);
			next += 2;
			continue;
		}
		if (ioctl(receiver, ZEROCOPY_IOC_RX_RECV, &recv) < 0)
			die("RX_RECV");
		tail = __atomic_load_n(&ring->frag_tail, __ATOMIC_ACQUIRE);
		for (; head != tail; head++) {
			const struct zerocopy_rx_frag *f;

			f = (void *)((char *)ring + ring->frags +
				     (head & (ring->frag_entries - 1)) *
				     ring->frag_size);
			more &= take(f);
		}
		__atomic_store_n(&ring->frag_head, head, __ATOMIC_RELEASE);
	}
	compare_kept();
	if (ended)
		return 0;
	hostile();
	ioctl(receiver, ZEROCOPY_IOC_RX_RECV, &(struct zerocopy_rx_recv) {
		.size = sizeof(struct zerocopy_rx_recv),
		.flags = ZEROCOPY_RX_DONTWAIT });
	sum = hash(sum, chunk, chunk_fill);
	printf("bytes %llu hash %llx\n", (unsigned long long)total,
	       (unsigned long long)sum);
	printf("in the area %llu copied %llu", (unsigned long long)in_area,
	       (unsigned long long)copied);
	for (i = 1; i < REASONS; i++)
		printf(" %s %llu", reasons[i], (unsigned long long)by_reason[i]);
	printf("\n");
	if (next < argc) {
		fprintf(stderr, "too few bytes for %s\n", argv[next + 1]);
		return 1;
	}
	if (ring->bytes != total || ring->copied != copied ||
	    ring->fragments != records || ring->bad != bad ||
	    ring->refilled != records) {
		fprintf(stderr, "counted: %llu copied %llu in %llu, back %llu bad %llu\n",
			(unsigned long long)ring->bytes,
			(unsigned long long)ring->copied,
			(unsigned long long)ring->fragments,
			(unsigned long long)ring->refilled,
			(unsigned long long)ring->bad);
		return 1;
	}
	return 0;
}
