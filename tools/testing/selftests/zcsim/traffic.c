// SPDX-License-Identifier: GPL-2.0
/*
 * Sends and receives what can be compared.
 *
 *   traffic recv tcp PORT                   until the end; prints bytes, hash
 *   traffic send tcp ADDR PORT BYTES [zc]   zc: MSG_ZEROCOPY; prints how many
 *                                           messages, and how many were copied
 *   traffic recv udp PORT MS                until MS ms of silence
 *   traffic send udp ADDR PORT COUNT SEGMENT SEGMENTS
 *                                           COUNT sends of SEGMENTS datagrams
 *   traffic hash                            what recv tcp would say of stdin
 *
 * A datagram carries its number and bytes that follow from it: the receiver
 * prints how many were right, wrong, seen twice, and behind a later one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>
#include <linux/errqueue.h>

#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY	0x4000000
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY	60
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif
#ifndef SO_EE_ORIGIN_ZEROCOPY
#define SO_EE_ORIGIN_ZEROCOPY		5
#define SO_EE_CODE_ZEROCOPY_COPIED	1
#endif

#define CHUNK	(1024 * 1024UL)
#define BUFS	8

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

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

static int listener(int type, const char *port)
{
	struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6, .sin6_port = htons(atoi(port)),
	};
	int fd = socket(AF_INET6, type, 0), one = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&addr, sizeof(addr)))
		die("bind");
	if (type == SOCK_STREAM && listen(fd, 1))
		die("listen");
	return fd;
}

static int connected(int type, const char *host, const char *port)
{
	struct addrinfo hints = {
		.ai_socktype = type, .ai_flags = AI_NUMERICHOST,
	};
	struct addrinfo *ai;
	int fd, i;

	if (getaddrinfo(host, port, &hints, &ai))
		die("getaddrinfo");
	/* The receiver may not be there yet. */
	for (i = 0; i < 100; i++) {
		fd = socket(ai->ai_family, type, 0);
		if (fd < 0)
			die("socket");
		if (!connect(fd, ai->ai_addr, ai->ai_addrlen))
			return fd;
		close(fd);
		usleep(100000);
	}
	die("connect");
	return -1;
}

static int hash_stream(int fd)
{
	unsigned char *buf = malloc(CHUNK);
	uint64_t h = 1, total = 0;
	size_t fill = 0;
	ssize_t n;

	while ((n = read(fd, buf + fill, CHUNK - fill)) > 0) {
		fill += n;
		total += n;
		if (fill == CHUNK) {
			h = hash(h, buf, fill);
			fill = 0;
		}
	}
	if (n < 0)
		die("read");
	h = hash(h, buf, fill);
	printf("bytes %llu hash %llx\n", (unsigned long long)total,
	       (unsigned long long)h);
	return 0;
}

static int recv_tcp(const char *port)
{
	int fd = accept(listener(SOCK_STREAM, port), NULL, NULL);

	if (fd < 0)
		die("accept");
	return hash_stream(fd);
}

/* Messages that have come back; -1 on an error */
static unsigned int notified(int fd, unsigned int *copied)
{
	char control[256];
	struct msghdr msg = { .msg_control = control };
	struct sock_extended_err *err;
	unsigned int n = 0, k;

	for (;;) {
		msg.msg_controllen = sizeof(control);
		if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
			return n;
		err = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
		if (err->ee_origin != SO_EE_ORIGIN_ZEROCOPY)
			continue;
		k = err->ee_data - err->ee_info + 1;
		n += k;
		if (err->ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
			*copied += k;
	}
}

static int send_tcp(const char *host, const char *port, uint64_t bytes, int zc)
{
	int fd = connected(SOCK_STREAM, host, port), one = 1;
	unsigned int sent = 0, back = 0, copied = 0, i = 0;
	uint64_t h = 1, total = 0, *buf;
	struct pollfd pfd = { .fd = fd };
	size_t len, off, k;
	ssize_t n;
	char c;

	buf = mmap(NULL, CHUNK * BUFS, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buf == MAP_FAILED)
		die("mmap");
	if (zc && setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		die("SO_ZEROCOPY");
	for (; total < bytes; total += len, i++) {
		uint64_t *p = buf + i % BUFS * (CHUNK / sizeof(*buf));

		/* A buffer is written again when it has come back. */
		while (zc && i >= BUFS && sent != back) {
			poll(&pfd, 1, 1000);
			back += notified(fd, &copied);
		}
		len = bytes - total < CHUNK ? bytes - total : CHUNK;
		for (k = 0; k < CHUNK / sizeof(*p); k++)
			p[k] = mix(total + k);
		h = hash(h, p, len);
		for (off = 0; off < len; off += n) {
			n = send(fd, (char *)p + off, len - off,
				 zc ? MSG_ZEROCOPY : 0);
			if (n < 0 && errno == ENOBUFS) {
				back += notified(fd, &copied);
				usleep(1000);
				n = 0;
				continue;
			}
			if (n < 0)
				die("send");
			sent++;
		}
	}
	shutdown(fd, SHUT_WR);
	/* poll() does not wait once both ends are shut. */
	for (i = 0; zc && sent != back && i < 6000; i++) {
		usleep(10000);
		back += notified(fd, &copied);
	}
	if (recv(fd, &c, 1, 0))
		die("no end");
	printf("bytes %llu hash %llx\n", (unsigned long long)total,
	       (unsigned long long)h);
	if (zc)
		printf("messages %u back %u copied %u\n", sent, back, copied);
	return zc && sent != back;
}

static void fill(unsigned char *p, uint32_t number, size_t len)
{
	size_t i;

	memcpy(p, &number, sizeof(number));
	for (i = sizeof(number); i < len; i++)
		p[i] = number * 7 + i;
}

static int send_udp(char **arg)
{
	int fd = connected(SOCK_DGRAM, arg[0], arg[1]);
	unsigned int count = atoi(arg[2]), seg = atoi(arg[3]);
	unsigned int segs = atoi(arg[4]), i, k;
	unsigned char *buf = malloc(seg * segs);
	uint32_t number = 0;

	if (segs > 1 && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &seg,
				   sizeof(seg)))
		die("UDP_SEGMENT");
	for (i = 0; i < count; i++) {
		for (k = 0; k < segs; k++)
			fill(buf + k * seg, number++, seg);
		/* A closed port's answer to an earlier one is no news. */
		if (send(fd, buf, seg * segs, 0) < 0 &&
		    (errno != ECONNREFUSED || send(fd, buf, seg * segs, 0) < 0))
			die("send");
		usleep(1000);
	}
	printf("datagrams %u\n", number);
	return 0;
}

static int recv_udp(const char *port, int ms)
{
	unsigned int good = 0, bad = 0, twice = 0, late = 0;
	int fd = listener(SOCK_DGRAM, port), size = 64 << 20;
	static unsigned char buf[65536], want[65536];
	static unsigned char seen[1 << 20];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint32_t number, next = 0;
	int wait = 20000;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	while (poll(&pfd, 1, wait) > 0) {
		wait = ms;
		n = recv(fd, buf, sizeof(buf), 0);
		if (n < (ssize_t)sizeof(number)) {
			bad++;
			continue;
		}
		memcpy(&number, buf, sizeof(number));
		fill(want, number, n);
		if (number >= sizeof(seen) || memcmp(buf, want, n)) {
			bad++;
			continue;
		}
		good++;
		twice += seen[number];
		late += number < next && !seen[number];
		seen[number] = 1;
		if (number >= next)
			next = number + 1;
	}
	printf("good %u bad %u twice %u late %u\n", good, bad, twice, late);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "recv") && !strcmp(argv[2], "tcp"))
		return recv_tcp(argv[3]);
	if (argc >= 6 && !strcmp(argv[1], "send") && !strcmp(argv[2], "tcp"))
		return send_tcp(argv[3], argv[4], strtoull(argv[5], NULL, 0),
				argc > 6);
	if (argc == 5 && !strcmp(argv[1], "recv") && !strcmp(argv[2], "udp"))
		return recv_udp(argv[3], atoi(argv[4]));
	if (argc == 8 && !strcmp(argv[1], "send") && !strcmp(argv[2], "udp"))
		return send_udp(argv + 3);
	if (argc == 2 && !strcmp(argv[1], "hash"))
		return hash_stream(0);
	fprintf(stderr, "usage: traffic send|recv tcp|udp ...\n");
	return 2;
}
