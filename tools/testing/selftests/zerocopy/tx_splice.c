// SPDX-License-Identifier: GPL-2.0
/*
 * splice() and sendfile() through the layer, net.zerocopy.splice (S1.9): the loan
 * has the references, the packets have none, and nobody writes the page cache.
 */
#include "zc_test.h"

#include <fcntl.h>
#include <linux/tls.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#ifndef F_ADD_SEALS
#define F_ADD_SEALS	1033
#define F_SEAL_WRITE	8
#endif

#define SPLICE	"/proc/sys/net/zerocopy/splice"

static void splice_on(void)
{
	if (zc_layer_present())
		zc_set_sysctl(ZC_NS_A, SPLICE, "1");
}

/* ---- files ---- */

enum fs { MEMFD, TMPFS, EXT4 };

static const char tmpfs_dir[] = "/tmp/zc-tmpfs";

static const char *mounted(enum fs fs)
{
	int err;

	if (fs == EXT4)
		return zc_ext4_mount();
	err = zc_system("umount %s 2>/dev/null; mkdir -p %s && mount -t tmpfs none %s",
			tmpfs_dir, tmpfs_dir, tmpfs_dir);
	ZC_CHECK(!err, "no tmpfs");
	return tmpfs_dir;
}

static void unmounted(enum fs fs)
{
	if (fs == TMPFS)
		zc_system("umount %s", tmpfs_dir);
	if (fs == EXT4)
		zc_ext4_umount();
}

static int make_file(enum fs fs, const char *buf, size_t len)
{
	char path[128];
	int fd;

	if (fs == MEMFD) {
		fd = ZC_SYS(memfd_create("zc", MFD_ALLOW_SEALING));
	} else {
		snprintf(path, sizeof(path), "%s/file", mounted(fs));
		fd = ZC_SYS(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
	}
	ZC_EQ(write(fd, buf, len), len, "write");
	return fd;
}

static u64 hash_file(int fd, size_t len)
{
	char *buf = malloc(len);
	u64 hash;

	ZC_CHECK(buf, "malloc");
	ZC_EQ(pread(fd, buf, len, 0), len, "pread");
	hash = zc_hash_buf(buf, len);
	free(buf);
	return hash;
}

static void send_file(int sock, int fd, size_t len)
{
	off_t off = 0;
	ssize_t n;

	while ((size_t)off < len) {
		n = sendfile(sock, fd, &off, len - off);
		ZC_CHECK(n > 0, "sendfile at %ld: %zd %s", (long)off, n,
			 strerror(errno));
	}
}

struct file_arg {
	int family;
	enum fs fs;
	size_t len;
};

static size_t scaled(size_t len)
{
	if (len < ZC_MB(1))
		return len;
	/* 1 GiB is asked for, and takes minutes here. */
	return getenv("ZC_FULL") ? len : zc_scale(ZC_MB(24), ZC_MB(4));
}

static void check_lent(const struct zc_counters *before, size_t len)
{
	if (!zc_layer_present())
		return;
	ZC_LAYER_EQ(zc_delta(before, "splice_bytes"), len, "bytes lent");
	zc_only_tiny_copies(before);
}

static void send_whole(const void *arg)
{
	const struct file_arg *a = arg;
	struct zc_conn c = { .family = a->family, .type = SOCK_STREAM };
	size_t len = scaled(a->len), i, chunk;
	struct zc_counters before = {};
	struct zc_hash h;
	char *buf;
	u64 was;
	int fd;

	chunk = len < ZC_MB(1) ? len : ZC_MB(1);
	buf = zc_alloc(chunk, 180);
	fd = make_file(a->fs, buf, chunk);
	for (i = chunk; i < len; i += chunk)
		ZC_EQ(write(fd, buf, chunk), chunk, "write");
	if (a->fs == EXT4)
		fsync(fd);

	splice_on();
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	if (zc_layer_present())
		zc_counters_read(ZC_NS_A, &before);
	send_file(c.tx, fd, len);
	ZC_CHECK(zc_settle(c.tx, 60000), "does not settle");
	check_lent(&before, len);
	zc_notif_none(c.tx);
	zc_hash_init(&h);
	for (i = 0; i < len; i += chunk)
		zc_hash_add(&h, buf, chunk);
	zc_finish(&c, len, zc_hash_val(&h));
	zc_close(&c);
	was = zc_hash_buf(buf, chunk);
	ZC_EQ(hash_file(fd, chunk), was, "the file afterwards");
	close(fd);
	unmounted(a->fs);
}

/* ---- pipes ---- */

enum how { WRITTEN, VMSPLICED, HUGE, TEED };

struct pipe_arg {
	int family, type;
	enum how how;
	size_t len;
};

static void through_pipe(const void *arg)
{
	const struct pipe_arg *a = arg;
	struct zc_conn c = { .family = a->family, .type = a->type };
	struct zc_counters before = {};
	size_t len = scaled(a->len), done, put;
	int p[2], q[2], in;
	struct iovec iov;
	char *buf;
	ssize_t n;

	buf = a->how == HUGE ? zc_alloc_thp(len, 181) : zc_alloc(len, 181);
	if (!buf)
		zc_skip("no huge pages to be had");
	ZC_SYS(pipe(p));
	ZC_SYS(pipe(q));
	in = a->how == TEED ? q[0] : p[0];
	splice_on();
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	if (zc_layer_present())
		zc_counters_read(ZC_NS_A, &before);
	for (done = 0; done < len; done += put) {
		put = len - done < 65536 ? len - done : 65536;
		iov = (struct iovec){ buf + done, put };
		if (a->how == VMSPLICED || a->how == HUGE)
			n = vmsplice(p[1], &iov, 1, 0);
		else
			n = write(p[1], buf + done, put);
		ZC_CHECK(n > 0, "fill the pipe: %s", strerror(errno));
		put = n;
		/* both pipes have the same pages then */
		if (a->how == TEED)
			ZC_EQ(tee(p[0], q[1], put, 0), put, "tee");
		while (n > 0) {
			ssize_t m = splice(in, NULL, c.tx, NULL, n, 0);

			ZC_CHECK(m > 0, "splice: %s", strerror(errno));
			n -= m;
		}
		if (a->how == TEED) {
			char *again = malloc(put);

			ZC_EQ(read(p[0], again, put), put, "read");
			ZC_CHECK(!memcmp(again, buf + done, put),
				 "the other pipe has something else");
			free(again);
		}
	}
	ZC_CHECK(zc_settle(c.tx, 30000), "does not settle");
	check_lent(&before, len);
	zc_notif_none(c.tx);
	if (a->type == SOCK_STREAM) {
		zc_finish(&c, len, zc_hash_buf(buf, len));
	} else {
		ZC_CHECK(zc_rx_wait(&c, len, 5000), "does not arrive");
		zc_rx_join(&c);
		ZC_EQ(c.rx_packets, 1, "datagrams");
		ZC_EQ(zc_hash_val(&c.rx_hash), zc_hash_buf(buf, len), "hash");
	}
	zc_close(&c);
}

/* ---- who has the references ---- */

/*
 * A memfd can be sealed only while nobody else has references on its pages. The
 * loan has some while the peer does not read, and none afterwards.
 */
static void who_holds(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 4096,
		.sndbuf = 4 << 20,
	};
	const size_t len = ZC_MB(1);
	char *buf = zc_alloc(len, 182);
	struct zc_counters before = {};
	int fd, waited = 0;

	(void)arg;
	fd = make_file(MEMFD, buf, len);
	splice_on();
	zc_open(&c);
	zc_rx_start(&c, 0);
	zc_kprobe("__skb_zcopy_downgrade_managed");
	if (zc_layer_present())
		zc_counters_read(ZC_NS_A, &before);
	send_file(c.tx, fd, len);
	check_lent(&before, len);
	ZC_LAYER(zc_counter_now(ZC_NS_A, "loans_out") > 0, "nothing is out");
	ZC_CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) && errno == EBUSY,
		 "nobody has references on what is on its way");
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_settle(c.tx, 30000), "does not settle");
	ZC_LAYER_EQ(zc_kprobe_hits(), 0, "packets that took references");
	/* the last packet may be on its way back from the driver */
	while (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) && waited++ < 20)
		ZC_EQ(errno, EBUSY, "seal");
	ZC_CHECK(waited <= 20, "references are left");
	zc_finish(&c, len, zc_hash_buf(buf, len));
	zc_close(&c);
	close(fd);
}

/* The sender is gone and so is its file; what it passed on arrives. */
static void sender_dies(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 4096,
		.sndbuf = 4 << 20,
	};
	const size_t len = ZC_MB(1);
	char *buf = zc_alloc(len, 183), *other;
	struct zc_counters before = {};
	int fd, fd2, status;
	pid_t pid;

	(void)arg;
	splice_on();
	zc_open(&c);
	zc_rx_start(&c, 0);
	if (zc_layer_present())
		zc_counters_read(ZC_NS_A, &before);
	pid = ZC_SYS(fork());
	if (!pid) {
		fd = make_file(MEMFD, buf, len);
		send_file(c.tx, fd, len);
		/* takes the pages from the file: only the loan has them now */
		_exit(ftruncate(fd, 0) ? 1 : 0);
	}
	ZC_EQ(waitpid(pid, &status, 0), pid, "waitpid");
	ZC_EQ(status, 0, "exit status of the sender");
	check_lent(&before, len);
	/* whoever gets pages now must not get those */
	other = zc_alloc(ZC_MB(16), 184);
	fd2 = make_file(MEMFD, other, ZC_MB(16));
	zc_rx_limit(&c, UINT64_MAX);
	zc_finish(&c, len, zc_hash_buf(buf, len));
	zc_close(&c);
	close(fd2);
}

/* ---- TLS decrypts and encrypts in place where it may ---- */

/* What kTLS makes of @buf, as a file. */
static int make_records(const char *buf, size_t len, size_t *size)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .link = ZC_LINK_LO,
	};
	const size_t max = len + 65536;
	char *raw = malloc(max);
	int fd, err;
	ssize_t n;

	ZC_CHECK(raw, "malloc");
	zc_open(&c);
	err = zc_set_tls(c.tx);
	if (err)
		zc_skip("no kTLS: %s", strerror(-err));
	ZC_EQ(send(c.tx, buf, len, 0), len, "send");
	shutdown(c.tx, SHUT_WR);
	for (*size = 0; (n = read(c.rx, raw + *size, max - *size)); *size += n)
		ZC_CHECK(n > 0, "read: %s", strerror(errno));
	fd = make_file(MEMFD, raw, *size);
	free(raw);
	zc_close(&c);
	return fd;
}

static void expect_plain(int sock, const char *buf, size_t len)
{
	char *got = malloc(len);
	size_t done;
	ssize_t n;

	ZC_CHECK(got, "malloc");
	for (done = 0; done < len; done += n) {
		n = read(sock, got + done, len - done);
		ZC_CHECK(n > 0, "read: %s", strerror(errno));
	}
	ZC_CHECK(!memcmp(buf, got, len), "decrypted to something else");
	free(got);
}

static void tls_receiver(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM,
		.link = *(const enum zc_link *)arg,
	};
	const size_t len = 150000;
	char *buf = zc_alloc(len, 185);
	struct zc_counters before = {};
	size_t size;
	u64 was;
	int fd;

	fd = make_records(buf, len, &size);
	was = hash_file(fd, size);
	splice_on();
	zc_open(&c);
	ZC_EQ(zc_set_tls_rx(c.rx), 0, "kTLS of the receiver");
	if (zc_layer_present())
		zc_counters_read(ZC_NS_A, &before);
	send_file(c.tx, fd, size);
	expect_plain(c.rx, buf, len);
	ZC_LAYER(zc_delta(&before, "splice_bytes") > 0, "nothing was lent");
	ZC_EQ(hash_file(fd, size), was, "the page cache");
	zc_close(&c);
	close(fd);
}

/* Who encrypts is not the layer's; but the file is the same afterwards. */
static void tls_sender(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	const size_t len = 150000;
	char *buf = zc_alloc(len, 186);
	struct zc_counters before = {};
	int fd, err;

	(void)arg;
	fd = make_file(MEMFD, buf, len);
	splice_on();
	zc_open(&c);
	err = zc_set_tls(c.tx);
	if (err)
		zc_skip("no kTLS: %s", strerror(-err));
	ZC_EQ(zc_set_tls_rx(c.rx), 0, "kTLS of the receiver");
	if (zc_layer_present())
		zc_counters_read(ZC_NS_A, &before);
	send_file(c.tx, fd, len);
	expect_plain(c.rx, buf, len);
	ZC_EQ(hash_file(fd, len), zc_hash_buf(buf, len), "the page cache");
	ZC_LAYER_EQ(zc_delta(&before, "splice_loans"), 0, "loans");
	zc_close(&c);
	close(fd);
}

/* ---- when not ---- */

static void switched_off(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	const size_t len = 60000;
	char *buf = zc_alloc(len, 187);
	struct zc_counters before = {};
	int fd;

	fd = make_file(MEMFD, buf, len);
	if (*(const int *)arg) {
		splice_on();
		zc_set_enabled(ZC_NS_A, 0);
	}
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	if (zc_layer_present())
		zc_counters_read(ZC_NS_A, &before);
	send_file(c.tx, fd, len);
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	ZC_LAYER_EQ(zc_delta(&before, "loans"), 0, "loans");
	ZC_LAYER_EQ(zc_delta_prefix(&before, "passed_"), 0, "passed");
	zc_finish(&c, len, zc_hash_buf(buf, len));
	zc_close(&c);
	close(fd);
}

/* Probes of the path's MTU are sent without the loan: then nothing is lent. */
static void probing(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	const size_t len = 300000;
	char *buf = zc_alloc(len, 188);
	struct zc_counters before = {};
	int fd;

	(void)arg;
	fd = make_file(MEMFD, buf, len);
	splice_on();
	zc_set_sysctl(ZC_NS_A, "/proc/sys/net/ipv4/tcp_mtu_probing", "2");
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	if (zc_layer_present())
		zc_counters_read(ZC_NS_A, &before);
	send_file(c.tx, fd, len);
	ZC_CHECK(zc_settle(c.tx, 5000), "does not settle");
	/* a patched kernel keeps the loan */
	ZC_LAYER_EQ(zc_delta(&before, "passed_probe") > 0, !zc_entry_is_key(),
		    "passed");
	ZC_LAYER_EQ(zc_delta(&before, "splice_bytes"),
		    zc_entry_is_key() ? len : 0, "bytes lent");
	zc_finish(&c, len, zc_hash_buf(buf, len));
	zc_close(&c);
	close(fd);
}

/* The socket can take no more: what was taken is told, the rest stays. */
static void nonblocking(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 4096,
		.sndbuf = 64 << 10, .flags = ZC_C_NONBLOCK,
	};
	const size_t len = ZC_MB(4);
	char *buf = zc_alloc(len, 189);
	off_t off = 0;
	ssize_t n = 1;
	int fd;

	(void)arg;
	fd = make_file(MEMFD, buf, len);
	splice_on();
	zc_open(&c);
	zc_rx_start(&c, 0);
	while (n > 0)
		n = sendfile(c.tx, fd, &off, len - off);
	ZC_CHECK(n == -1 && errno == EAGAIN, "sendfile: %zd %s", n,
		 strerror(errno));
	ZC_CHECK(off > 0 && (size_t)off < len, "sent %ld", (long)off);
	zc_note("%ld of %zu bytes until EAGAIN", (long)off, len);
	zc_rx_limit(&c, UINT64_MAX);
	zc_finish(&c, off, zc_hash_buf(buf, off));
	zc_close(&c);
	close(fd);
}

static const struct file_arg
	memfd_1 = { AF_INET, MEMFD, 1 }, tmpfs_4095 = { AF_INET, TMPFS, 4095 },
	tmpfs_4096 = { AF_INET6, TMPFS, 4096 },
	tmpfs_65537 = { AF_INET, TMPFS, 65537 },
	tmpfs_1g = { AF_INET, TMPFS, ZC_MB(1024) },
	ext4_1 = { AF_INET, EXT4, 1 }, ext4_4095 = { AF_INET6, EXT4, 4095 },
	ext4_4096 = { AF_INET, EXT4, 4096 },
	ext4_65537 = { AF_INET, EXT4, 65537 },
	ext4_1g = { AF_INET, EXT4, ZC_MB(1024) };
static const struct pipe_arg
	pipe_1 = { AF_INET, SOCK_STREAM, WRITTEN, 1 },
	pipe_4095 = { AF_INET, SOCK_STREAM, WRITTEN, 4095 },
	pipe_4096 = { AF_INET6, SOCK_STREAM, WRITTEN, 4096 },
	pipe_65537 = { AF_INET, SOCK_STREAM, WRITTEN, 65537 },
	pipe_1g = { AF_INET, SOCK_STREAM, WRITTEN, ZC_MB(1024) },
	pipe_user = { AF_INET, SOCK_STREAM, VMSPLICED, 300001 },
	pipe_huge = { AF_INET, SOCK_STREAM, HUGE, 300001 },
	pipe_tee = { AF_INET, SOCK_STREAM, TEED, 65537 },
	pipe_udp = { AF_INET, SOCK_DGRAM, WRITTEN, 1400 },
	pipe_udp6 = { AF_INET6, SOCK_DGRAM, VMSPLICED, 1400 };
static const enum zc_link lo = ZC_LINK_LO, veth = ZC_LINK_VETH;
static const int no, yes = 1;

#define F ZC_F_PAIR

static const struct zc_case cases[] = {
	{ "memfd_1", send_whole, &memfd_1, F | ZC_F_SHORT, 0 },
	{ "tmpfs_4095", send_whole, &tmpfs_4095, F, 0 },
	{ "tmpfs_4096", send_whole, &tmpfs_4096, F, 0 },
	{ "tmpfs_65537", send_whole, &tmpfs_65537, F, 0 },
	{ "tmpfs_1g", send_whole, &tmpfs_1g, F, 900 },
	{ "ext4_1", send_whole, &ext4_1, F, 0 },
	{ "ext4_4095", send_whole, &ext4_4095, F, 0 },
	{ "ext4_4096", send_whole, &ext4_4096, F, 0 },
	{ "ext4_65537", send_whole, &ext4_65537, F, 0 },
	{ "ext4_1g", send_whole, &ext4_1g, F, 300 },
	{ "pipe_1", through_pipe, &pipe_1, F, 0 },
	{ "pipe_4095", through_pipe, &pipe_4095, F, 0 },
	{ "pipe_4096", through_pipe, &pipe_4096, F, 0 },
	{ "pipe_65537", through_pipe, &pipe_65537, F | ZC_F_SHORT, 0 },
	{ "pipe_1g", through_pipe, &pipe_1g, F, 900 },
	{ "pipe_user", through_pipe, &pipe_user, F, 0 },
	{ "pipe_huge", through_pipe, &pipe_huge, F, 0 },
	{ "pipe_tee", through_pipe, &pipe_tee, F, 0 },
	{ "pipe_udp", through_pipe, &pipe_udp, F, 0 },
	{ "pipe_udp6", through_pipe, &pipe_udp6, F, 0 },
	{ "references", who_holds, NULL, F | ZC_F_SHORT, 0 },
	{ "sender_dies", sender_dies, NULL, F, 0 },
	{ "tls_receiver_loopback", tls_receiver, &lo, 0, 0 },
	{ "tls_receiver_veth", tls_receiver, &veth, 0, 0 },
	{ "tls_sender", tls_sender, NULL, F, 0 },
	{ "default_off", switched_off, &no, F | ZC_F_SHORT, 0 },
	{ "disabled", switched_off, &yes, F, 0 },
	{ "probing", probing, NULL, F, 0 },
	{ "nonblocking", nonblocking, NULL, F, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "splice", cases, ZC_ARRAY_SIZE(cases));
}
