// SPDX-License-Identifier: GPL-2.0
/*
 * devmem TCP: a udmabuf bound to a queue; recvmsg() says where the payload lies,
 * and SO_DEVMEM_DONTNEED gives it back. Tokens that follow one another, as they
 * nearly always do, are one range, which is cheapest.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"
#include "receive.h"

/* include/uapi/asm-generic/socket.h, uio.h: newer than what is installed here */
#define SCM_DEVMEM_LINEAR	78
#define SCM_DEVMEM_DMABUF	79
#define SO_DEVMEM_DONTNEED	80
#define MSG_SOCK_DEVMEM		0x2000000

struct dmabuf_cmsg {
	uint64_t	frag_offset;
	uint32_t	frag_size;
	uint32_t	frag_token;
	uint32_t	dmabuf_id;
	uint32_t	flags;
};

struct dmabuf_token {
	uint32_t	token_start;
	uint32_t	token_count;
};

#define RANGES	128	/* the kernel takes no more at a time */
#define TOKENS	1024	/* in all of them */

static struct {
	struct dmabuf_token	range[RANGES];
	unsigned int		ranges;
	unsigned int		tokens;
} used;

/* What is not in a DMA-BUF would be copied here. */
static char *linear;

void devmem_bind(struct receive *r)
{
	struct udmabuf_create create = { .size = RECEIVE_AREA };
	int memfd = memfd_create("devmem", MFD_ALLOW_SEALING);
	int dev = open("/dev/udmabuf", O_RDWR), dmabuf;

	if (memfd < 0 || ftruncate(memfd, RECEIVE_AREA) ||
	    fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		fail("memfd");
	if (dev < 0)
		fail("/dev/udmabuf");
	create.memfd = memfd;
	dmabuf = ioctl(dev, UDMABUF_CREATE, &create);
	if (dmabuf < 0)
		fail("UDMABUF_CREATE");
	queue_bind_dmabuf(r->ifindex, dmabuf);
	linear = receive_memory(r->size);
}

static void give_back(struct receive *r)
{
	int len = used.ranges * sizeof(used.range[0]);

	if (!used.tokens)
		return;
	r->calls++;
	if (setsockopt(r->sock, SOL_SOCKET, SO_DEVMEM_DONTNEED, used.range,
		       len) != (int)used.tokens)
		fail("SO_DEVMEM_DONTNEED");
	used.ranges = 0;
	used.tokens = 0;
}

static void collect(struct receive *r, uint32_t token)
{
	struct dmabuf_token *last = &used.range[used.ranges - 1];

	if (used.tokens == TOKENS)
		give_back(r);
	if (used.ranges && token == last->token_start + last->token_count) {
		last->token_count++;
	} else {
		if (used.ranges == RANGES)
			give_back(r);
		last = &used.range[used.ranges++];
		last->token_start = token;
		last->token_count = 1;
	}
	used.tokens++;
}

void devmem_take(struct receive *r)
{
	static char control[1024 * CMSG_SPACE(sizeof(struct dmabuf_cmsg))];
	const struct dmabuf_cmsg *d;
	size_t left = r->size;
	struct cmsghdr *c;
	ssize_t n;

	while (left) {
		struct iovec iov = { linear, left };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};

		r->calls++;
		n = recvmsg(r->sock, &msg, MSG_SOCK_DEVMEM);
		if (n <= 0 || msg.msg_flags & MSG_CTRUNC)
			fail("recvmsg");
		left -= n;
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			if (c->cmsg_level != SOL_SOCKET)
				continue;
			d = (void *)CMSG_DATA(c);
			r->frags++;
			if (c->cmsg_type == SCM_DEVMEM_DMABUF)
				collect(r, d->frag_token);
			else
				r->copied += d->frag_size;
		}
	}
	give_back(r);
}
