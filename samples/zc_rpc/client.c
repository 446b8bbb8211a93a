// SPDX-License-Identifier: GPL-2.0
/*
 * client ADDRESS PORT plain|layer|frag BYTES COUNT [FILE]: has zc_rpc.ko answer
 * COUNT requests for BYTES each, one after the other, and says how long that
 * took. With FILE (the server's, or a copy) every byte is compared.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "zc_rpc.h"

static void die(const char *what)
{
	fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int dial(const char *address, const char *port)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in a4 = { .sin_family = AF_INET };
	int fd, one = 1;

	a4.sin_port = htons(atoi(port));
	a6.sin6_port = a4.sin_port;
	if (inet_pton(AF_INET, address, &a4.sin_addr) == 1) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fd, (void *)&a4, sizeof(a4)))
			die(address);
	} else if (inet_pton(AF_INET6, address, &a6.sin6_addr) == 1) {
		fd = socket(AF_INET6, SOCK_STREAM, 0);
		if (connect(fd, (void *)&a6, sizeof(a6)))
			die(address);
	} else {
		errno = EINVAL;
		die(address);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static const char *map(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		die(path);
	close(fd);
	*size = st.st_size;
	return p;
}

int main(int argc, char **argv)
{
	static const char * const modes[] = { "plain", "layer", "frag" };
	unsigned int mode, i, count, length, total;
	size_t got, size = 0, offset = 0;
	const char *expected = NULL;
	struct timespec a, b;
	double seconds;
	ssize_t n;
	char *buf;
	int fd;

	for (mode = 0; argc > 3 && mode < 3; mode++)
		if (!strcmp(argv[3], modes[mode]))
			break;
	if (argc < 6 || argc > 7 || mode == 3) {
		fprintf(stderr, "usage: client ADDRESS PORT plain|layer|frag BYTES COUNT [FILE]\n");
		return 2;
	}
	length = strtoul(argv[4], NULL, 0);
	count = strtoul(argv[5], NULL, 0);
	if (argc == 7)
		expected = map(argv[6], &size);
	total = sizeof(struct zc_rpc_reply) + length + sizeof(ZC_RPC_TRAILER);
	buf = malloc(total);
	fd = dial(argv[1], argv[2]);

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < count; i++) {
		struct zc_rpc_request request = {
			.magic = htonl(ZC_RPC_MAGIC),
			.mode = htonl(mode),
			.offset = htobe64(offset),
			.length = htonl(length),
			.tag = htonl(i),
		};
		struct zc_rpc_reply *reply = (void *)buf;

		if (write(fd, &request, sizeof(request)) != sizeof(request))
			die("write");
		for (got = 0; got < total; got += n) {
			n = recv(fd, buf + got, total - got, MSG_WAITALL);
			if (n <= 0)
				die("the reply ends early");
			if (got + n >= sizeof(*reply) && reply->status) {
				errno = ntohl(reply->status);
				die("reply");
			}
		}
		if (reply->magic != htonl(ZC_RPC_MAGIC) ||
		    reply->tag != request.tag ||
		    reply->length != request.length ||
		    memcmp(buf + sizeof(*reply) + length, ZC_RPC_TRAILER,
			   sizeof(ZC_RPC_TRAILER))) {
			errno = EBADMSG;
			die("reply");
		}
		if (!expected)
			continue;
		if (memcmp(buf + sizeof(*reply), expected + offset, length)) {
			errno = EBADMSG;
			die("payload");
		}
		/* Any offset will do. */
		if (size > length)
			offset = (offset + 12345) % (size - length);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	seconds = b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9;
	printf("%s %u replies of %u bytes in %.6f s, %.0f ns each\n",
	       modes[mode], count, total, seconds, seconds * 1e9 / count);
	return 0;
}
