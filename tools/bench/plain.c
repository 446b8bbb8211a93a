// SPDX-License-Identifier: GPL-2.0
/*
 * What one send without MSG_ZEROCOPY costs: batches of sends between two
 * readings of the time stamp counter, which under QEMU's -icount counts
 * instructions. Whatever a send sets going on this CPU before the batch ends is
 * in the figure; draining is not. Prints "path size cost", the median.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <x86intrin.h>

#define BATCH	32	/* sends: no socket buffer may fill up */
#define WARMUP	20	/* batches */
#define BATCHES	61
#define NOBODY	65534

/* Behind the dummy device; packets to it are freed by the driver. */
#define SINK4	"10.88.8.2"
#define SINK6	"fd88::2"

static char buf[1024];

static void fail(const char *what)
{
	fprintf(stderr, "plain: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int by_value(const void *a, const void *b)
{
	const __u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static socklen_t address(struct sockaddr_storage *ss, int family,
			 const char *host, int port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = family;
	if (family == AF_INET) {
		in->sin_port = htons(port);
		inet_pton(family, host, &in->sin_addr);
		return sizeof(*in);
	}
	in6->sin6_port = htons(port);
	inet_pton(family, host, &in6->sin6_addr);
	return sizeof(*in6);
}

static int open_udp(int family)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, family, family == AF_INET ? SINK4 : SINK6,
				9);
	int s = socket(family, SOCK_DGRAM, 0);

	if (s < 0 || connect(s, (struct sockaddr *)&to, len))
		fail("udp");
	return s;
}

/* Over loopback to ourselves. */
static int open_tcp(int family, int *peer)
{
	const char *host = family == AF_INET ? "127.0.0.1" : "::1";
	struct sockaddr_storage at;
	socklen_t len = address(&at, family, host, 0);
	int one = 1, l, s;

	l = socket(family, SOCK_STREAM, 0);
	if (l < 0 || bind(l, (struct sockaddr *)&at, len) || listen(l, 1) ||
	    getsockname(l, (struct sockaddr *)&at, &len))
		fail("tcp");
	s = socket(family, SOCK_STREAM, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&at, len))
		fail("tcp connect");
	*peer = accept(l, NULL, NULL);
	/* A packet for each send, not for whatever has gathered. */
	if (*peer < 0 ||
	    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		fail("tcp accept");
	close(l);
	return s;
}

static void drain(int peer, size_t bytes)
{
	static char sink[1 << 16];
	ssize_t n;

	for (; bytes; bytes -= n) {
		n = read(peer, sink, sizeof(sink));
		if (n <= 0)
			fail("read");
	}
}

static void measure(bool tcp, int family, size_t size)
{
	int s, i, j, peer = -1;
	__u64 cost[BATCHES], start;

	s = tcp ? open_tcp(family, &peer) : open_udp(family);
	for (i = -WARMUP; i < BATCHES; i++) {
		start = __rdtsc();
		for (j = 0; j < BATCH; j++) {
			if (send(s, buf, size, 0) != (ssize_t)size)
				fail("send");
		}
		if (i >= 0)
			cost[i] = __rdtsc() - start;
		if (tcp)
			drain(peer, size * BATCH);
	}
	close(s);
	if (tcp)
		close(peer);

	qsort(cost, BATCHES, sizeof(cost[0]), by_value);
	printf("%s%d %zu %.1f\n", tcp ? "tcp" : "udp",
	       family == AF_INET ? 4 : 6, size,
	       (double)cost[BATCHES / 2] / BATCH);
}

int main(void)
{
	static const int family[] = { AF_INET, AF_INET6 };
	static const size_t size[] = { 1, 1024 };
	int f, tcp, i;

	/* An ordinary program. */
	if (setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		fail("becoming nobody");
	memset(buf, 'z', sizeof(buf));
	for (tcp = 1; tcp >= 0; tcp--)
		for (f = 0; f < 2; f++)
			for (i = 0; i < 2; i++)
				measure(tcp, family[f], size[i]);
	return 0;
}
