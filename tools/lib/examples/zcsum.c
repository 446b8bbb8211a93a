// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Fetches files from zcserve and computes their checksums where the data lies:
 * in the area that it was received into. Nothing is copied by this program, and,
 * if a NIC's queue is bound to the area, by nobody.
 *
 *   zcsum [-a MIB] [-b BUFFER] [-q NIC:QUEUE] HOST PORT NAME...
 *
 * Prints what cksum prints. All files come at the same time, each by a connection
 * of its own, through one receiver; how they came is told on standard error.
 */
#define _GNU_SOURCE
#include <err.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libzerocopy.h"

struct file {
	const char *name;
	int sock;
	uint64_t cookie;	/* what fragments call the connection */
	uint64_t length;
	uint32_t sum;
	bool eof;
};

static void fail(int error, const char *what)
{
	errno = -error;
	err(1, "%s", what);
}

/* The CRC of POSIX's cksum */
static uint32_t crc_table[256];

static void crc_init(void)
{
	unsigned int i, bit;
	uint32_t c;

	for (i = 0; i < 256; i++) {
		c = i << 24;
		for (bit = 0; bit < 8; bit++)
			c = c & 0x80000000 ? c << 1 ^ 0x04c11db7 : c << 1;
		crc_table[i] = c;
	}
}

static uint32_t crc(uint32_t sum, const unsigned char *p, size_t len)
{
	while (len--)
		sum = sum << 8 ^ crc_table[sum >> 24 ^ *p++];
	return sum;
}

static uint32_t crc_end(uint32_t sum, uint64_t length)
{
	unsigned char byte;

	for (; length; length >>= 8) {
		byte = length;
		sum = crc(sum, &byte, 1);
	}
	return ~sum;
}

static void file_connect(struct file *f, const struct addrinfo *to)
{
	f->sock = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (f->sock < 0 || connect(f->sock, to->ai_addr, to->ai_addrlen))
		err(1, "connect");
}

static void file_request(const struct file *f)
{
	char line[4096];
	int n = snprintf(line, sizeof(line), "%s\n", f->name);

	if (send(f->sock, line, n, MSG_NOSIGNAL) != n)
		err(1, "%s", f->name);
}

static struct file *file_of(struct file *files, int nr, uint64_t cookie)
{
	int i;

	for (i = 0; i < nr; i++)
		if (files[i].cookie == cookie)
			return &files[i];
	errx(1, "a fragment of no connection");
}

/* Returns whether it was the last of its file. */
static bool file_fragment(struct file *f, struct zcpy_rx *rx,
			  const struct zerocopy_rx_frag *frag)
{
	int error;

	if (frag->flags & ZEROCOPY_RX_EOF) {
		if (frag->reason)
			fail(-frag->reason, f->name);
		f->eof = true;
		return true;
	}
	f->sum = crc(f->sum, zcpy_rx_data(rx, frag), frag->length);
	f->length += frag->length;
	/* From here on the kernel may put something else there. */
	error = zcpy_rx_return(rx, frag);
	if (error)
		fail(error, "zcpy_rx_return");
	return false;
}

/* Tries to have the NIC fill the area; being copied into is no failure. */
static void area_bind(struct zcpy_rx *rx, int index, char *where)
{
	struct zcpy_rx_binding b;
	char *queue = strrchr(where, ':');
	unsigned int ifindex;
	int error;

	if (!queue)
		errx(2, "-q wants NIC:QUEUE");
	*queue++ = 0;
	ifindex = if_nametoindex(where);
	if (!ifindex)
		err(1, "%s", where);
	error = zcpy_rx_bind(rx, index, ifindex, atoi(queue), &b);
	if (error < 0) {
		if (b.message[0])
			warnx("%s", b.message);
		fail(error, "zcpy_rx_bind");
	}
	fprintf(stderr, "bound: %s, %s%s%s\n",
		zcpy_rx_backend_name(b.backend), zcpy_rx_reason_name(b.reason),
		b.message[0] ? ": " : "", b.message);
}

int main(int argc, char **argv)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	size_t length = (size_t)4 << 20;
	struct zerocopy_rx_frag frag;
	struct addrinfo *to;
	struct zcpy_rx_stats stats;
	struct zcpy_rx *rx;
	unsigned int buffer = 0;
	int dev, area, index, error, opt, i, nr, left;
	struct file *files;
	char *where = NULL;
	void *memory;

	while ((opt = getopt(argc, argv, "a:b:q:")) != -1) {
		if (opt == 'a')
			length = strtoul(optarg, NULL, 0) << 20;
		else if (opt == 'b')
			buffer = strtoul(optarg, NULL, 0);
		else if (opt == 'q')
			where = optarg;
		else
			return 2;
	}
	nr = argc - optind - 2;
	if (nr < 1)
		errx(2, "usage: zcsum [-a MIB] [-b BUFFER] [-q NIC:QUEUE] HOST PORT NAME...");
	crc_init();

	/* Memory, and a receiver that uses it */
	dev = zcpy_open();
	if (dev < 0)
		fail(dev, "/dev/zerocopy");
	error = zcpy_memory(length, &memory);
	if (error)
		fail(error, "memory");
	area = zcpy_area_register(dev, memory, length, ZEROCOPY_AREA_RECEIVE);
	if (area < 0)
		fail(area, "zcpy_area_register");
	error = zcpy_rx_open(dev, 0, 0, -1, &rx);
	if (error)
		fail(error, "zcpy_rx_open");
	index = zcpy_rx_add_area(rx, dev, area, &buffer);
	if (index < 0)
		fail(index, "zcpy_rx_add_area");
	if (where)
		area_bind(rx, index, where);

	/* Connections, attached to it */
	error = getaddrinfo(argv[optind], argv[optind + 1], &hints, &to);
	if (error)
		errx(1, "%s: %s", argv[optind], gai_strerror(error));
	files = calloc(nr, sizeof(*files));
	if (!files)
		err(1, "memory");
	for (i = 0; i < nr; i++) {
		files[i].name = argv[optind + 2 + i];
		file_connect(&files[i], to);
		error = zcpy_rx_attach(rx, files[i].sock, 0, &files[i].cookie);
		if (error)
			fail(error, "zcpy_rx_attach");
		file_request(&files[i]);
	}

	for (left = nr; left; ) {
		error = zcpy_rx_recv(rx, 0, 0);
		if (error < 0 && error != -EINTR)
			fail(error, "zcpy_rx_recv");
		while (zcpy_rx_next(rx, &frag))
			if (file_fragment(file_of(files, nr, frag.cookie), rx,
					  &frag))
				left--;
	}
	for (i = 0; i < nr; i++)
		printf("%u %llu %s\n", crc_end(files[i].sum, files[i].length),
		       (unsigned long long)files[i].length, files[i].name);
	zcpy_rx_stats(rx, &stats);
	fprintf(stderr, "%llu bytes, %llu copied, %llu fragments, buffers of %u\n",
		(unsigned long long)stats.bytes,
		(unsigned long long)stats.copied,
		(unsigned long long)stats.fragments, buffer);
	zcpy_rx_close(rx);
	return 0;
}
