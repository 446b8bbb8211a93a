// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 2 "iovecs of any shape (odd offsets, 1024 entries, zero-length
 * entries, ranges crossing mappings)", "read-only, file, shared and hugetlb
 * mappings", S1.3, S1.6: whatever the memory, same bytes, same notification,
 * no copy.
 */
#include "zc_test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 0x0004U
#endif

/*
 * The driver copies the first 128 bytes of a packet, so all of a tiny one.
 * Where the shape makes TCP cut packets anywhere, that may happen to stock too.
 */
#define TINY 128
static bool any_cut;

static u64 hash_iov(const struct iovec *iov, int nr, size_t *len)
{
	struct zc_hash h;
	int i;

	zc_hash_init(&h);
	for (i = 0; i < nr; i++)
		zc_hash_add(&h, iov[i].iov_base, iov[i].iov_len);
	*len = h.len;
	return zc_hash_val(&h);
}

/* One message of this shape over TCP */
static void send_iov(struct iovec *iov, int nr)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = nr };
	struct zc_counters before;
	u64 hash;
	size_t len;

	hash = hash_iov(iov, nr, &len);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(sendmsg(c.tx, &msg, MSG_ZEROCOPY), len, "sendmsg");
	if (len < TINY || any_cut) {
		struct zc_ids ids = {};

		ZC_CHECK(zc_notif_wait(c.tx, &ids, 1, 10000), "no id");
	} else {
		zc_notif_expect(c.tx, 1);
	}
	zc_finish(&c, len, hash);
	ZC_LAYER_EQ(zc_delta(&before, "sends"), 1, "sends");
	ZC_LAYER_EQ(zc_delta(&before, "bytes"), len, "bytes");
	if (len >= TINY && !any_cut)
		zc_no_copies(&before);
	else
		ZC_LAYER_EQ(zc_delta_prefix(&before, "copied_"),
			    zc_delta(&before, "copied_orphan") +
			    zc_delta(&before, "copied_bytes"),
			    "copies by reason");
	zc_close(&c);
}

static void send_buf(void *p, size_t len)
{
	struct iovec iov = { p, len };

	send_iov(&iov, 1);
}

static void size(const void *arg)
{
	size_t len = *(const size_t *)arg;

	send_buf(zc_alloc(len, len), len);
}

static void odd_offsets(const void *arg)
{
	char *buf = zc_alloc(ZC_MB(1), 7);
	struct iovec iov[200];
	size_t off = 1;
	int i;

	(void)arg;
	for (i = 0; i < 200; i++) {
		iov[i].iov_base = buf + off;
		iov[i].iov_len = 1 + (i * 787) % 5003;
		off += iov[i].iov_len + 1 + i % 3;
	}
	any_cut = true;
	send_iov(iov, 200);
}

static void entries_1024(const void *arg)
{
	size_t max = *(const size_t *)arg;
	char *buf = zc_alloc(1024 * (max + 8), 8);
	struct iovec *iov = calloc(1024, sizeof(*iov));
	size_t off = 3;
	int i;

	for (i = 0; i < 1024; i++) {
		/* max 4096: each entry is one whole page */
		iov[i].iov_len = max == 4096 ? max : 1 + (i * 31) % max;
		iov[i].iov_base = max == 4096 ? buf + i * 4096 : buf + off;
		off += iov[i].iov_len + 5;
	}
	any_cut = max != 4096;
	send_iov(iov, 1024);
}

/* The same bytes over and over: one page pinned many times in one loan */
static void same_page(const void *arg)
{
	char *buf = zc_alloc(4096, 9);
	struct iovec iov[600];
	int i;

	(void)arg;
	for (i = 0; i < 600; i++)
		iov[i] = (struct iovec){ buf + i % 7, 4000 };
	send_iov(iov, 600);
}

static void zero_entries(const void *arg)
{
	char *buf = zc_alloc(300000, 10);
	struct iovec iov[9] = {
		{ buf, 0 }, { NULL, 0 }, { buf, 70000 }, { buf + 5, 0 },
		{ (void *)16, 0 }, { buf + 70000, 1 }, { buf, 0 },
		{ buf + 70001, 229999 }, { NULL, 0 },
	};

	(void)arg;
	send_iov(iov, 9);
}

/* Nothing at all, EMSGSIZE for one entry too many: as the stock kernel */
static void odd_counts_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct iovec *iov = calloc(1025, sizeof(*iov));
	char *buf = zc_alloc(8192, 11);
	struct msghdr msg = { .msg_iov = iov };
	int i;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_log_ret(log, "no entries", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	for (i = 0; i < 1025; i++)
		iov[i] = (struct iovec){ buf, 0 };
	msg.msg_iovlen = 5;
	zc_log_ret(log, "empty entries", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	zc_log_ret(log, "length 0", send(c.tx, buf, 0, MSG_ZEROCOPY));
	msg.msg_iovlen = 1025;
	zc_log_ret(log, "1025 entries", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	iov[0].iov_base = NULL;
	msg.msg_iovlen = 1;
	iov[0].iov_len = (size_t)-1;
	zc_log_ret(log, "negative length", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	msg.msg_iov = (void *)8;
	zc_log_ret(log, "bad iovec", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
	zc_log_ret(log, "good", zc_sendmsg(c.tx, buf, 8192, 0));
	zc_settle(c.tx, 5000);
	zc_log_notifs(log, c.tx);
	zc_close(&c);
	free(iov);
}

static void odd_counts(const void *arg)
{
	zc_compare(odd_counts_log, arg, NULL);
}

/* More fragments than a packet has room for: what stock answers */
static void udp_frags_log(struct zc_log *log, const void *arg)
{
	static const int counts[] = { 1, 16, 17, 18, 19, 40, 200 };
	struct zc_conn c = { .family = AF_INET, .type = SOCK_DGRAM };
	char *buf = zc_alloc(4096 * 200, 12);
	struct iovec iov[200];
	struct msghdr msg = { .msg_iov = iov };
	unsigned int i;
	int j;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	for (i = 0; i < ZC_ARRAY_SIZE(counts); i++) {
		for (j = 0; j < counts[i]; j++)
			iov[j] = (struct iovec){ buf + j * 4096 + j, 7 };
		msg.msg_iovlen = counts[i];
		zc_log(log, "%d fragments", counts[i]);
		zc_log_ret(log, "sendmsg", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
		zc_settle(c.tx, 5000);
	}
	zc_log_notifs(log, c.tx);
	zc_log(log, "datagrams %llu bytes %llu",
	       (unsigned long long)c.rx_packets,
	       (unsigned long long)zc_rx_bytes(&c));
	zc_close(&c);
}

static void udp_frags(const void *arg)
{
	zc_compare(udp_frags_log, arg, NULL);
}

/* ---- kinds of memory ---- */

static int tmp_file(size_t len, u64 seed)
{
	char path[] = "/tmp/zc-test-XXXXXX";
	void *p;
	int fd;

	fd = ZC_SYS(mkstemp(path));
	unlink(path);
	ZC_SYS(ftruncate(fd, len));
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ZC_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
	zc_fill(p, len, seed);
	munmap(p, len);
	return fd;
}

static int memfd(size_t len, unsigned int flags, u64 seed)
{
	void *p;
	int fd;

	fd = syscall(SYS_memfd_create, "zc", flags | MFD_CLOEXEC);
	if (fd < 0)
		zc_skip("memfd_create: %s", strerror(errno));
	ZC_SYS(ftruncate(fd, len));
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		zc_skip("mmap: %s", strerror(errno));
	zc_fill(p, len, seed);
	munmap(p, len);
	return fd;
}

static void *map_fd(int fd, size_t len, int prot, int flags)
{
	void *p = mmap(NULL, len, prot, flags, fd, 0);

	ZC_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

static void file_shared(const void *arg)
{
	size_t len = 300001;

	(void)arg;
	send_buf(map_fd(tmp_file(len, 13), len, PROT_READ | PROT_WRITE,
			MAP_SHARED), len);
}

static void file_private(const void *arg)
{
	size_t len = 300001;
	char *p;

	(void)arg;
	p = map_fd(tmp_file(len, 14), len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE);
	p[100000] = 1;	/* one page is private, its neighbours are not */
	send_buf(p, len);
}

static void file_readonly(const void *arg)
{
	struct stat st;
	int fd;

	(void)arg;
	fd = ZC_SYS(open("/proc/self/exe", O_RDONLY));
	ZC_SYS(fstat(fd, &st));
	send_buf(map_fd(fd, st.st_size, PROT_READ, MAP_PRIVATE), st.st_size);
	send_buf(map_fd(fd, st.st_size, PROT_READ, MAP_SHARED), st.st_size);
}

static void shmem(const void *arg)
{
	size_t len = ZC_MB(1) + 1000;

	(void)arg;
	send_buf(map_fd(memfd(len, 0, 15), len, PROT_READ, MAP_SHARED), len);
}

static void hugetlb(const void *arg)
{
	const size_t len = ZC_MB(4);
	char *p;
	int fd;

	(void)arg;
	zc_write_file("/proc/sys/vm/nr_hugepages", "4");
	fd = memfd(len, MFD_HUGETLB, 16);
	p = map_fd(fd, len, PROT_READ, MAP_SHARED);
	send_buf(p, len);
	send_buf(p + 12345, ZC_MB(2));	/* crosses the two pages */
	munmap(p, len);
	close(fd);
	zc_write_file("/proc/sys/vm/nr_hugepages", "0");
}

static void thp(const void *arg)
{
	char *p = zc_alloc_thp(ZC_MB(6), 17);

	(void)arg;
	if (!p)
		zc_skip("no transparent huge pages to be had");
	send_buf(p, ZC_MB(6));
	send_buf(p + ZC_MB(2) - 4097, ZC_MB(2) + 8193);
	send_buf(p + 77, 1);
	/* split between the pin and the next */
	madvise(p + ZC_MB(2) + 8192, 4096, MADV_DONTNEED);
	send_buf(p, ZC_MB(6));
}

static void zero_page(const void *arg)
{
	size_t len = 200000;
	char *p = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	(void)arg;
	ZC_CHECK(p != MAP_FAILED, "mmap");
	madvise(p, len, MADV_NOHUGEPAGE);
	ZC_EQ(p[0] + p[100000], 0, "zero page");
	send_buf(p, len);
}

/* Memory nobody has touched: refill has to fault it in */
static void untouched(const void *arg)
{
	size_t len = ZC_MB(2);
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *zeros = calloc(1, len);
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct zc_counters before;

	(void)arg;
	madvise(p, len, MADV_NOHUGEPAGE);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(zc_sendmsg(c.tx, p, len, 0), len, "sendmsg");
	zc_notif_expect(c.tx, 1);
	zc_finish(&c, len, zc_hash_buf(zeros, len));
	zc_no_copies(&before);
	zc_close(&c);
}

/* One range of addresses over five mappings of different kinds */
static void crossing(const void *arg)
{
	const size_t part = 128 << 10, len = 5 * part;
	int file = tmp_file(part, 18), shm = memfd(part, 0, 19);
	char *p = zc_alloc(len, 20);

	(void)arg;
	ZC_CHECK(mmap(p + part, part, PROT_READ, MAP_SHARED | MAP_FIXED, file,
		      0) != MAP_FAILED, "mmap: %s", strerror(errno));
	ZC_CHECK(mmap(p + 2 * part, part, PROT_READ, MAP_PRIVATE | MAP_FIXED,
		      file, 0) != MAP_FAILED, "mmap: %s", strerror(errno));
	ZC_CHECK(mmap(p + 3 * part, part, PROT_READ, MAP_SHARED | MAP_FIXED,
		      shm, 0) != MAP_FAILED, "mmap: %s", strerror(errno));
	send_buf(p + 11, len - 22);
}

static const size_t sizes[] = {
	1, 4095, 4096, 4097, 65536, 65537, 1 << 20, 16 << 20, 63, 4096,
	(1 << 20) + 17,
};

#define CASE(nm, fn, a, f) { nm, fn, a, ZC_F_PAIR | (f), 0 }

static const struct zc_case cases[] = {
	CASE("size_1", size, &sizes[0], ZC_F_SHORT),
	CASE("size_4095", size, &sizes[1], 0),
	CASE("size_4096", size, &sizes[2], 0),
	CASE("size_4097", size, &sizes[3], 0),
	CASE("size_64k", size, &sizes[4], ZC_F_SHORT),
	CASE("size_64k_1", size, &sizes[5], 0),
	CASE("size_1m", size, &sizes[6], ZC_F_SHORT),
	CASE("size_1m_17", size, &sizes[10], 0),
	CASE("size_16m", size, &sizes[7], 0),
	CASE("odd_offsets", odd_offsets, NULL, ZC_F_SHORT),
	CASE("entries_1024_small", entries_1024, &sizes[8], ZC_F_SHORT),
	CASE("entries_1024_pages", entries_1024, &sizes[9], 0),
	CASE("same_page", same_page, NULL, 0),
	CASE("zero_length_entries", zero_entries, NULL, ZC_F_SHORT),
	CASE("odd_counts", odd_counts, NULL, 0),
	CASE("udp_fragments", udp_frags, NULL, 0),
	CASE("file_shared", file_shared, NULL, 0),
	CASE("file_private", file_private, NULL, 0),
	CASE("file_readonly", file_readonly, NULL, ZC_F_SHORT),
	CASE("shmem", shmem, NULL, 0),
	CASE("hugetlb", hugetlb, NULL, 0),
	CASE("thp", thp, NULL, ZC_F_SHORT),
	CASE("zero_page", zero_page, NULL, 0),
	CASE("untouched", untouched, NULL, 0),
	CASE("crossing_mappings", crossing, NULL, ZC_F_SHORT),
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "iovec", cases, ZC_ARRAY_SIZE(cases));
}
