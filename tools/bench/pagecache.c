// SPDX-License-Identifier: GPL-2.0
/*
 * What the page cache costs: rounds of a MiB, which end with all pages put that
 * they began with, between two readings of the time stamp counter. Under QEMU's
 * -icount that counts instructions.
 *
 *   pagecache ROW...       prints "ROW COST" for each, per page: the median of
 *                          the rounds. Files are made in the directories ext4
 *                          and tmpfs, memory.reclaim is that of cgroup
 *   pagecache hold         maps received pages (TCP_ZEROCOPY_RECEIVE) in zcbD,
 *                          prints "held PAGES", and keeps them
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

#define PAGE		4096
#define PAGES		256	/* in a round */
#define LEN		(PAGES * PAGE)
#define PIECE		(64 << 10)
#define WARMUP		6	/* rounds */
/* A timer tick is in some of them: not in the median. */
#define ROUNDS		31
#define HELD		16	/* pages */
#define NETNS		"zcbD"
#define SENDER_NETNS	"zcbC"
#define ADDRESS		"10.89.1.2"
#define PORT		7102

static char buf[PIECE];
static int ext4, tmpfs, reclaim, ends[2];

static void check(bool ok, const char *what)
{
	if (!ok)
		fail(what);
}

static void read_all(int fd, size_t piece)
{
	off_t at;

	for (at = 0; at < LEN; at += piece)
		check(pread(fd, buf, piece, at) == (ssize_t)piece, "read");
}

static void drop(int fd)
{
	check(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), "fadvise");
}

static void write_all(int fd)
{
	off_t at;

	for (at = 0; at < LEN; at += PIECE)
		check(pwrite(fd, buf, PIECE, at) == PIECE, "write");
}

static char *map(int flags, int fd)
{
	char *p = mmap(NULL, LEN, PROT_READ | PROT_WRITE, flags, fd, 0);

	check(p != MAP_FAILED, "mmap");
	return p;
}

static void touch(char *p, bool dirty)
{
	size_t i;

	for (i = 0; i < LEN; i += PAGE) {
		if (dirty)
			p[i] = 1;
		else
			asm volatile("" : : "r"(p[i]));
	}
}

/* ---- rows ---- */

/* A file that is all hole: its pages are filled without a disk. */
static void sparse(void)
{
	check(!ftruncate(ext4, 0) && !ftruncate(ext4, LEN), "truncate");
	check(!posix_fadvise(ext4, 0, 0, POSIX_FADV_NORMAL), "fadvise");
	drop(ext4);
}

static void sparse_random(void)
{
	sparse();
	check(!posix_fadvise(ext4, 0, 0, POSIX_FADV_RANDOM), "fadvise");
}

static void empty(void)
{
	check(!ftruncate(ext4, 0), "truncate");
}

static void full(void)
{
	write_all(tmpfs);
}

/* What is read is there: nothing is put for the last time. */
static void cached(void)
{
	read_all(ext4, PIECE);
}

/* Read ahead, in large folios */
static void fill(void)
{
	read_all(ext4, PIECE);
	drop(ext4);
}

/* A folio for each page */
static void fill_4k(void)
{
	read_all(ext4, PAGE);
	drop(ext4);
}

static void truncate_ext4(void)
{
	write_all(ext4);
	check(!ftruncate(ext4, 0), "truncate");
}

static void truncate_tmpfs(void)
{
	write_all(tmpfs);
	check(!ftruncate(tmpfs, 0), "truncate");
}

static void mapped(void)
{
	char *p = map(MAP_SHARED, tmpfs);

	touch(p, false);
	check(!munmap(p, LEN), "munmap");
}

/* The last put is that of the page tables. */
static void mapped_last(void)
{
	char *p = map(MAP_PRIVATE, tmpfs);

	touch(p, true);
	check(!munmap(p, LEN), "munmap");
}

static void anon(void)
{
	char *p = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);

	touch(p, true);
	check(!munmap(p, LEN), "munmap");
}

static void pageout(void)
{
	char *p = map(MAP_SHARED, ext4);

	touch(p, false);
	check(!madvise(p, LEN, MADV_PAGEOUT), "madvise");
	check(!munmap(p, LEN), "munmap");
}

/* How much of it there is to reclaim depends on what else is charged. */
static void reclaimed(void)
{
	read_all(ext4, PIECE);
	check(pwrite(reclaim, "1M", 2, 0) == 2 || errno == EAGAIN, "reclaim");
}

/* Pages that are not on the LRU, but for two that the pipe keeps. */
static void piped(void)
{
	int i;

	for (i = 0; i < LEN / PIECE; i++) {
		check(write(ends[1], buf, PIECE) == PIECE, "pipe");
		check(read(ends[0], buf, PIECE) == PIECE, "pipe");
	}
}

static const struct row {
	const char	*name;
	void		(*prepare)(void);
	void		(*round)(void);
} rows[] = {
	{ "cached", sparse, cached },
	{ "fill", sparse, fill },
	{ "fill-4k", sparse_random, fill_4k },
	{ "truncate-ext4", empty, truncate_ext4 },
	{ "truncate-tmpfs", full, truncate_tmpfs },
	{ "mmap", full, mapped },
	{ "mmap-private", full, mapped_last },
	{ "anon", full, anon },
	{ "pageout", sparse, pageout },
	{ "reclaim", sparse, reclaimed },
	{ "pipe", empty, piped },
};

static int by_value(const void *a, const void *b)
{
	const __u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct row *row)
{
	__u64 cost[ROUNDS], start;
	int i;

	row->prepare();
	for (i = -WARMUP; i < ROUNDS; i++) {
		start = now();
		mark_begin();
		row->round();
		mark_end();
		if (i >= 0)
			cost[i] = now() - start;
	}
	qsort(cost, ROUNDS, sizeof(cost[0]), by_value);
	printf("%s %.2f\n", row->name, (double)cost[ROUNDS / 2] / PAGES);
}

/* ---- pages of the network ---- */

static void hold(void)
{
	struct sockaddr_in sin = address(ADDRESS, PORT);
	unsigned int pages = 0;
	int l, tx, rx;
	char *p;

	enter(NETNS);
	l = socket(AF_INET, SOCK_STREAM, 0);
	check(l >= 0 && !bind(l, (void *)&sin, sizeof(sin)) && !listen(l, 1),
	      "listen");
	enter(SENDER_NETNS);
	tx = socket(AF_INET, SOCK_STREAM, 0);
	check(tx >= 0 && !connect(tx, (void *)&sin, sizeof(sin)), "connect");
	rx = accept(l, NULL, NULL);
	check(rx >= 0 && send(tx, buf, HELD * PAGE, 0) == HELD * PAGE, "send");
	p = mmap(NULL, HELD * PAGE, PROT_READ, MAP_SHARED, rx, 0);
	check(p != MAP_FAILED, "mmap of a socket");
	while (pages < HELD) {
		struct tcp_zerocopy_receive zc = {
			.address = (unsigned long)p + pages * PAGE,
			.length = (HELD - pages) * PAGE,
		};
		struct pollfd pfd = { .fd = rx, .events = POLLIN };
		socklen_t len = sizeof(zc);

		check(poll(&pfd, 1, -1) == 1 &&
		      !getsockopt(rx, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &zc,
				  &len), "TCP_ZEROCOPY_RECEIVE");
		if (!zc.length) {
			fprintf(stderr, "pagecache: page %u cannot be mapped\n",
				pages);
			exit(2);
		}
		pages += zc.length / PAGE;
	}
	printf("held %u\n", pages);
	fclose(stdout);
	pause();
}

int main(int argc, char **argv)
{
	unsigned int i, j;

	if (argc == 2 && !strcmp(argv[1], "hold")) {
		hold();
		return 0;
	}
	memset(buf, 'z', sizeof(buf));
	ext4 = open("ext4/file", O_RDWR | O_CREAT, 0600);
	tmpfs = open("tmpfs/file", O_RDWR | O_CREAT, 0600);
	reclaim = open("cgroup/memory.reclaim", O_WRONLY);
	check(ext4 >= 0 && tmpfs >= 0 && reclaim >= 0 && !pipe(ends), "open");
	for (i = 1; i < (unsigned int)argc; i++) {
		for (j = 0; j < ARRAY_SIZE(rows); j++)
			if (!strcmp(argv[i], rows[j].name))
				break;
		if (j == ARRAY_SIZE(rows)) {
			fprintf(stderr, "pagecache: there is no row %s\n",
				argv[i]);
			return 2;
		}
		measure(&rows[j]);
	}
	return 0;
}
