// SPDX-License-Identifier: GPL-2.0
/*
 * The source of a program's memory feeds TCP, UDP and a file that is open with
 * O_DIRECT (S1.4). zc_seg_test.ko calls zc_sendmsg() and zc_source_write().
 */
#include "zc_test.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "seg_test.h"

#define DATAGRAM	1400

static int dev;
static char path[128];

static int file_open(int flags)
{
	dev = zc_seg_open();
	snprintf(path, sizeof(path), "%s/file", zc_ext4_mount());
	return ZC_SYS(open(path, O_RDWR | O_CREAT | flags, 0600));
}

static void file_close(int fd)
{
	close(fd);
	zc_ext4_umount();
}

static long long write_to(int fd, const void *addr, size_t len, int tcp,
			  int udp, struct zst_write *req)
{
	*req = (struct zst_write){
		.tcp = tcp, .udp = udp, .file = fd, .datagram = DATAGRAM,
		.addr = (uintptr_t)addr, .len = len,
	};
	ZC_SYS(ioctl(dev, ZST_WRITE, req));
	return req->written;
}

static void check_file(int fd, const char *buf, size_t len)
{
	char *got = malloc(len);

	ZC_CHECK(got, "malloc");
	/* what is on the disk: direct I/O left nothing in the page cache */
	ZC_SYS(fcntl(fd, F_SETFL, 0));
	ZC_EQ(pread(fd, got, len, 0), len, "pread");
	ZC_CHECK(!memcmp(got, buf, len), "the file has something else");
	free(got);
}

/* ---- one source, three sinks ---- */

static void three(const void *arg)
{
	struct zc_conn tcp = { .family = AF_INET, .type = SOCK_STREAM };
	struct zc_conn udp = { .family = AF_INET, .type = SOCK_DGRAM };
	/* three loans of a socket and of a file; whole pages, as O_DIRECT wants */
	const size_t len = (600 << 10) + 4096;
	bool huge = *(const int *)arg;
	long long before, after, none;
	struct zc_counters counters;
	struct zst_write req;
	char *buf;
	int fd;

	buf = huge ? zc_alloc_thp(len, 190) : zc_alloc(len, 190);
	if (!buf)
		zc_skip("no huge pages to be had");
	fd = file_open(O_DIRECT);
	zc_open(&tcp);
	zc_open(&udp);
	zc_rx_start(&tcp, UINT64_MAX);
	zc_rx_start(&udp, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &counters);
	zc_pins(&before, &none);
	ZC_EQ(write_to(fd, buf, len, tcp.tx, udp.tx, &req), len, "written");
	zc_pins(&after, &none);
	ZC_EQ(req.sent_tcp, len, "sent by TCP");
	ZC_EQ(req.sent_udp, DATAGRAM, "sent by UDP");
	/* a page that two loans share has two pins */
	if (!huge)
		ZC_CHECK(after - before > 2 * (long long)(len >> 12) &&
			 after - before < 2 * (long long)(len >> 12) + 12,
			 "%lld pins", after - before);
	ZC_CHECK(zc_settle(tcp.tx, 10000), "does not settle");
	zc_only_tiny_copies(&counters);
	zc_finish(&tcp, len, zc_hash_buf(buf, len));
	ZC_CHECK(zc_rx_wait(&udp, DATAGRAM, 5000), "no datagram");
	check_file(fd, buf, len);
	zc_close(&tcp);
	zc_close(&udp);
	file_close(fd);
}

/* ---- when it cannot ---- */

static void refused(const void *arg)
{
	char *buf = zc_alloc(65536, 191);
	struct zst_write req;
	int fd, p[2];

	(void)arg;
	fd = file_open(0);
	ZC_EQ(write_to(fd, buf, 65536, -1, -1, &req), -EINVAL, "page cache");
	ZC_EQ(req.sent_tcp, -EBADF, "no socket");
	ZC_SYS(fcntl(fd, F_SETFL, O_DIRECT));
	ZC_EQ(write_to(fd, buf + 100, 4096, -1, -1, &req), -EINVAL,
	      "memory that is not aligned");
	ZC_EQ(write_to(fd, buf, 1000, -1, -1, &req), -EINVAL,
	      "half a block");
	ZC_EQ(write_to(fd, buf, 0, -1, -1, &req), 0, "nothing");
	ZC_EQ(lseek(fd, 0, SEEK_END), 0, "the file");
	ZC_SYS(pipe(p));
	ZC_EQ(write_to(p[1], buf, 4096, -1, -1, &req), -EINVAL, "a pipe");
	close(fd);
	fd = ZC_SYS(open(path, O_RDONLY | O_DIRECT));
	ZC_EQ(write_to(fd, buf, 4096, -1, -1, &req), -EBADF, "read-only");
	ZC_EQ(ioctl(dev, ZST_WRITE, NULL), -1, "no argument");
	file_close(fd);
}

/* What is in front of a hole is written, and told. */
static void fault(const void *arg)
{
	const size_t len = 1 << 20, good = (300 << 10) + 4096;
	char *buf = zc_alloc(len, 192);
	struct zst_write req;
	int fd;

	(void)arg;
	fd = file_open(O_DIRECT);
	munmap(buf + good, 4096);
	ZC_EQ(write_to(fd, buf, len, -1, -1, &req), good, "written");
	ZC_EQ(lseek(fd, 0, SEEK_END), good, "the file");
	ZC_EQ(write_to(fd, buf + good, 4096, -1, -1, &req), -EFAULT, "hole");
	check_file(fd, buf, good);
	file_close(fd);
}

/* A lender goes on to the end of a page; the file does not. */
static void sectors(const void *arg)
{
	const size_t len = 4096 + 512;
	char *buf = zc_alloc_thp(ZC_MB(2), 194);
	struct zst_write req;
	int fd;

	(void)arg;
	if (!buf)
		zc_skip("no huge pages to be had");
	fd = file_open(O_DIRECT);
	ZC_EQ(write_to(fd, buf, len, -1, -1, &req), len, "written");
	ZC_EQ(lseek(fd, 0, SEEK_END), len, "the file");
	check_file(fd, buf, len);
	file_close(fd);
}

static void disk_full(const void *arg)
{
	const size_t len = ZC_MB(80);
	char *buf = zc_alloc(len, 193);
	struct zst_write req;
	long long n;
	int fd;

	(void)arg;
	fd = file_open(O_DIRECT);
	n = write_to(fd, buf, len, -1, -1, &req);
	ZC_CHECK(n > (16 << 20) && n < (long long)len,
		 "written: %lld", n);
	ZC_EQ(lseek(fd, 0, SEEK_END), n, "the file");
	ZC_EQ(write_to(fd, buf, 1 << 20, -1, -1, &req), 1 << 20,
	      "what is there already");
	file_close(fd);
}

static const int no, yes = 1;

static const struct zc_case cases[] = {
	{ "tcp_udp_file", three, &no, ZC_F_PAIR | ZC_F_PINS, 0 },
	{ "tcp_udp_file_huge", three, &yes, ZC_F_PAIR, 0 },
	{ "refused", refused, NULL, 0, 0 },
	{ "fault", fault, NULL, 0, 0 },
	{ "sectors", sectors, NULL, 0, 0 },
	{ "disk_full", disk_full, NULL, 0, 0 },
};

int main(int argc, char **argv)
{
	int ret = zc_main(argc, argv, "write", cases, ZC_ARRAY_SIZE(cases));

	zc_seg_unload();
	return ret;
}
