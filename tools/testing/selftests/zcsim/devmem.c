// SPDX-License-Identifier: GPL-2.0
/*
 * Receives a TCP stream into a udmabuf: binds it to a receive queue, reads what
 * came by looking into the memfd behind it, and prints bytes and hash as traffic
 * does, then how much of it was in the DMA-BUF and how much was copied.
 *
 *   devmem DEVICE QUEUE PORT [keep]      keep: gives no buffer back
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
#include <linux/udmabuf.h>

#include "genl.h"

/* include/uapi/linux/netdev.h, uio.h: newer than what is installed here */
#define NETDEV_CMD_BIND_RX	13
#define NETDEV_A_QUEUE_ID	1
#define NETDEV_A_QUEUE_TYPE	3
#define NETDEV_A_DMABUF_IFINDEX	1
#define NETDEV_A_DMABUF_QUEUES	2
#define NETDEV_A_DMABUF_FD	3
#define SCM_DEVMEM_LINEAR	78
#define SCM_DEVMEM_DMABUF	79
#define SO_DEVMEM_DONTNEED	80
#define MSG_SOCK_DEVMEM		0x2000000

struct dmabuf_cmsg {
	uint64_t frag_offset;
	uint32_t frag_size;
	uint32_t frag_token;
	uint32_t dmabuf_id;
	uint32_t flags;
};

struct dmabuf_token {
	uint32_t token_start;
	uint32_t token_count;
};

#define MEM	(16 * 1024 * 1024UL)
#define CHUNK	(1024 * 1024UL)

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

static uint64_t sum = 1, total;
static unsigned char chunk[CHUNK];
static size_t chunk_fill;

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

static void bind_rx(const char *dev, uint32_t queue, int dmabuf)
{
	struct nlattr *nest;
	struct genl_req r;
	uint16_t id;
	int fd = genl_open("netdev", &id);

	genl_begin(&r, id, NETDEV_CMD_BIND_RX);
	genl_put_u32(&r, NETDEV_A_DMABUF_IFINDEX, if_nametoindex(dev));
	nest = genl_put(&r, NETDEV_A_DMABUF_QUEUES, NULL, 0);
	genl_put_u32(&r, NETDEV_A_QUEUE_ID, queue);
	genl_put_u32(&r, NETDEV_A_QUEUE_TYPE, 0);
	genl_end_nest(&r, nest);
	genl_put_u32(&r, NETDEV_A_DMABUF_FD, dmabuf);
	/* It is bound for as long as the socket is open. */
	genl_call(fd, &r, 0, NULL, NULL);
}

/* ---- memory ---- */

static unsigned char *memory(int *dmabuf)
{
	struct udmabuf_create create = { .size = MEM };
	int memfd = memfd_create("devmem", MFD_ALLOW_SEALING);
	int dev = open("/dev/udmabuf", O_RDWR);
	unsigned char *mem;

	if (memfd < 0 || ftruncate(memfd, MEM) ||
	    fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		die("memfd");
	if (dev < 0)
		die("/dev/udmabuf");
	mem = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	if (mem == MAP_FAILED)
		die("mmap");
	memset(mem, 0x5a, MEM);
	create.memfd = memfd;
	*dmabuf = ioctl(dev, UDMABUF_CREATE, &create);
	if (*dmabuf < 0)
		die("UDMABUF_CREATE");
	return mem;
}

static int accepted(const char *port)
{
	struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6, .sin6_port = htons(atoi(port)),
	};
	int fd = socket(AF_INET6, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&addr, sizeof(addr)) || listen(fd, 1))
		die("bind");
	fd = accept(fd, NULL, NULL);
	if (fd < 0)
		die("accept");
	return fd;
}

int main(int argc, char **argv)
{
	/* With the NIC gone nobody acknowledges a FIN: minutes of retries. */
	const struct linger reset = { .l_onoff = 1 };
	static unsigned char linear[CHUNK];
	static char control[64 * CMSG_SPACE(sizeof(struct dmabuf_cmsg))];
	uint64_t in_dmabuf = 0, copied = 0;
	unsigned char *mem;
	int dmabuf, fd, keep = argc == 5;
	ssize_t n;

	if (argc != 4 && !keep) {
		fprintf(stderr, "usage: devmem DEVICE QUEUE PORT [keep]\n");
		return 2;
	}
	mem = memory(&dmabuf);
	bind_rx(argv[1], atoi(argv[2]), dmabuf);
	fd = accepted(argv[3]);
	if (keep && setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset,
			       sizeof(reset)))
		die("SO_LINGER");

	for (;;) {
		struct iovec iov = { linear, sizeof(linear) };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		struct cmsghdr *c;
		size_t at = 0;

		n = recvmsg(fd, &msg, MSG_SOCK_DEVMEM);
		if (n < 0)
			die("recvmsg");
		if (!n)
			break;
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			struct dmabuf_cmsg *d = (void *)CMSG_DATA(c);
			struct dmabuf_token token = { d->frag_token, 1 };

			if (c->cmsg_level != SOL_SOCKET)
				continue;
			if (c->cmsg_type == SCM_DEVMEM_LINEAR) {
				add(linear + at, d->frag_size);
				at += d->frag_size;
				copied += d->frag_size;
				continue;
			}
			if (c->cmsg_type != SCM_DEVMEM_DMABUF)
				continue;
			if (d->frag_offset + d->frag_size > MEM) {
				fprintf(stderr, "out of the DMA-BUF\n");
				return 1;
			}
			add(mem + d->frag_offset, d->frag_size);
			in_dmabuf += d->frag_size;
			if (keep)
				continue;
			if (setsockopt(fd, SOL_SOCKET, SO_DEVMEM_DONTNEED,
				       &token, sizeof(token)) != 1)
				die("SO_DEVMEM_DONTNEED");
		}
	}
	sum = hash(sum, chunk, chunk_fill);
	printf("bytes %llu hash %llx\n", (unsigned long long)total,
	       (unsigned long long)sum);
	printf("in the DMA-BUF %llu, copied %llu\n",
	       (unsigned long long)in_dmabuf, (unsigned long long)copied);
	return !in_dmabuf;
}
