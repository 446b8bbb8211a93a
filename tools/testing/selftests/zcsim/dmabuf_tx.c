// SPDX-License-Identifier: GPL-2.0
/*
 * Sends out of a udmabuf that is bound to a device for sending, and out of its
 * own memory in between: with MSG_ZEROCOPY and without. What it sends also goes
 * to stdout, for "traffic hash"; how it went to stderr.
 *
 *   dmabuf_tx DEVICE ADDR PORT BYTES        in turns
 *   dmabuf_tx DEVICE ADDR PORT BYTES only   out of the udmabuf alone
 *   dmabuf_tx DEVICE ADDR PORT refused ERRNO
 *                                           ADDR is not behind DEVICE: a send
 *                                           out of the udmabuf says ERRNO, and
 *                                           those around it arrive
 *   dmabuf_tx DEVICE unbound ERRNO          DEVICE cannot be bound: ERRNO
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/errqueue.h>
#include <linux/udmabuf.h>

#include "genl.h"

/* include/uapi/linux/netdev.h, uio.h: newer than what is installed here */
#define NETDEV_CMD_BIND_TX	15
#define NETDEV_A_DMABUF_IFINDEX	1
#define NETDEV_A_DMABUF_FD	3
#define NETDEV_A_DMABUF_ID	4
#define SCM_DEVMEM_DMABUF	79

#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY	0x4000000
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY	60
#endif
#ifndef SO_EE_ORIGIN_ZEROCOPY
#define SO_EE_ORIGIN_ZEROCOPY		5
#define SO_EE_CODE_ZEROCOPY_COPIED	1
#endif

#define MEM	(4 * 1024 * 1024UL)

/* How a message is sent */
enum { DMABUF, LENT, PLAIN, WAYS, BACK };

static unsigned char *area, *own;	/* behind the udmabuf; the program's */
static int dmabuf;
static uint32_t id;			/* of the binding */
static unsigned int next_id, copied[WAYS], sent[WAYS];
static unsigned char *way_of;		/* an id's; BACK: it has come */

static void fill(unsigned char *p, uint64_t x)
{
	size_t i;

	for (i = 0; i < MEM; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		p[i] = x >> 56;
	}
}

static void memory(void)
{
	struct udmabuf_create create = { .size = MEM };
	int memfd = memfd_create("dmabuf_tx", MFD_ALLOW_SEALING);
	int dev = open("/dev/udmabuf", O_RDWR);

	if (memfd < 0 || ftruncate(memfd, MEM) ||
	    fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		die("memfd");
	if (dev < 0)
		die("/dev/udmabuf");
	area = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	own = mmap(NULL, MEM, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || own == MAP_FAILED)
		die("mmap");
	fill(area, 1);
	fill(own, 2);
	create.memfd = memfd;
	dmabuf = ioctl(dev, UDMABUF_CREATE, &create);
	if (dmabuf < 0)
		die("UDMABUF_CREATE");
}

static void bound(const struct nlattr *attr, size_t len, void *arg)
{
	const struct nlattr *a;

	for (a = attr; a; a = genl_next(a, (const char *)attr + len)) {
		if (a->nla_type == NETDEV_A_DMABUF_ID)
			*(uint32_t *)arg = genl_uint(a);
	}
}

/* It is bound for as long as the netlink socket is open: until the end. */
static int bind_tx(const char *dev)
{
	struct genl_req r;
	uint16_t family;
	int fd = genl_open("netdev", &family);

	genl_begin(&r, family, NETDEV_CMD_BIND_TX);
	genl_put_u32(&r, NETDEV_A_DMABUF_IFINDEX, if_nametoindex(dev));
	genl_put_u32(&r, NETDEV_A_DMABUF_FD, dmabuf);
	return genl_try(fd, &r, 0, bound, &id);
}

static int connected(const char *host, const char *port)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST,
	};
	struct addrinfo *ai;
	int fd, one = 1;

	if (getaddrinfo(host, port, &hints, &ai))
		die("getaddrinfo");
	fd = socket(ai->ai_family, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, ai->ai_addr, ai->ai_addrlen))
		die("connect");
	if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		die("SO_ZEROCOPY");
	return fd;
}

/* Each id comes once. */
static void notified(int fd, unsigned int *back)
{
	char control[256];
	struct msghdr msg = { .msg_control = control };
	struct sock_extended_err *err;
	unsigned int i;

	for (;;) {
		msg.msg_controllen = sizeof(control);
		if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
			return;
		err = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
		if (err->ee_origin != SO_EE_ORIGIN_ZEROCOPY)
			continue;
		for (i = err->ee_info; i != err->ee_data + 1; i++, ++*back) {
			if (i >= next_id || way_of[i] == BACK) {
				fprintf(stderr, "id %u of %u\n", i, next_id);
				exit(1);
			}
			if (err->ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
				copied[way_of[i]]++;
			way_of[i] = BACK;
		}
	}
}

/* One message, as often as it takes; memory of it is not written again. */
static void post(int fd, int way, size_t off, size_t len, unsigned int *back)
{
	char control[CMSG_SPACE(sizeof(id))] = { 0 };
	struct pollfd pfd = { .fd = fd };
	struct cmsghdr *c;
	ssize_t n;

	while (len) {
		struct iovec iov = { (way == DMABUF ? NULL : own) + off, len };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

		if (way == DMABUF) {
			msg.msg_control = control;
			msg.msg_controllen = sizeof(control);
			c = CMSG_FIRSTHDR(&msg);
			c->cmsg_level = SOL_SOCKET;
			c->cmsg_type = SCM_DEVMEM_DMABUF;
			c->cmsg_len = CMSG_LEN(sizeof(id));
			memcpy(CMSG_DATA(c), &id, sizeof(id));
		}
		n = sendmsg(fd, &msg, way == PLAIN ? 0 : MSG_ZEROCOPY);
		if (n < 0 && errno == ENOBUFS) {
			poll(&pfd, 1, 1000);
			notified(fd, back);
			continue;
		}
		if (n < 0)
			die("sendmsg");
		if (way != PLAIN) {
			way_of = realloc(way_of, next_id + 1);
			way_of[next_id++] = way;
		}
		sent[way]++;
		if (fwrite((way == DMABUF ? area : own) + off, n, 1,
			   stdout) != 1)
			die("stdout");
		off += n;
		len -= n;
	}
}

static int refused(const char *host, const char *port, int expected)
{
	char control[CMSG_SPACE(sizeof(id))] = { 0 };
	struct iovec iov = { NULL, 10000 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fd = connected(host, port);
	unsigned int back = 0;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_DEVMEM_DMABUF;
	c->cmsg_len = CMSG_LEN(sizeof(id));
	memcpy(CMSG_DATA(c), &id, sizeof(id));

	post(fd, LENT, 0, 70000, &back);
	post(fd, PLAIN, 0, 1000, &back);
	if (sendmsg(fd, &msg, MSG_ZEROCOPY) >= 0 || errno != expected) {
		perror("sendmsg");
		return 1;
	}
	post(fd, PLAIN, 1000, 1000, &back);
	post(fd, LENT, 70000, 70000, &back);
	shutdown(fd, SHUT_WR);
	fprintf(stderr, "%s\n", strerror(expected));
	return 0;
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {
		65536, 1, 4095, 200000, 4097, 65537, 17, 30000, 1000000,
	};
	unsigned int i, back = 0, only = argc == 6;
	uint64_t bytes, total = 0;
	struct pollfd pfd = { 0 };

	if (argc != 4 && argc != 5 && argc != 6) {
		fprintf(stderr, "usage: dmabuf_tx DEVICE ADDR PORT BYTES [only]\n");
		return 2;
	}
	memory();
	errno = bind_tx(argv[1]);
	if (argc == 4) {
		if (errno == atoi(argv[3]))
			return 0;
		perror("bind-tx");
		return 1;
	}
	if (errno)
		die("bind-tx");
	if (!strcmp(argv[4], "refused"))
		return refused(argv[2], argv[3], atoi(argv[5]));

	bytes = strtoull(argv[4], NULL, 0);
	pfd.fd = connected(argv[2], argv[3]);
	for (i = 0; total < bytes; i++) {
		size_t len = sizes[i % 9], off = i * 12347UL % (MEM - len);

		if (len > bytes - total)
			len = bytes - total;
		post(pfd.fd, only ? DMABUF : i % WAYS, off, len, &back);
		notified(pfd.fd, &back);
		total += len;
	}
	shutdown(pfd.fd, SHUT_WR);
	/* poll() does not wait once both ends are shut. */
	for (i = 0; back != next_id && i < 6000; i++) {
		usleep(10000);
		notified(pfd.fd, &back);
	}
	if (fflush(stdout))
		die("stdout");
	fprintf(stderr, "dmabuf %u copied %u lent %u copied %u plain %u back %u\n",
		sent[DMABUF], copied[DMABUF], sent[LENT], copied[LENT],
		sent[PLAIN], back);
	return back != next_id;
}
