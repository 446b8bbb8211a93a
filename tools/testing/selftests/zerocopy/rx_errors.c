// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 6: bad input has a clear errno and changes nothing; what needs a
 * privilege needs it in every namespace.
 */
#include "zc_rx.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef TCP_ULP
#define TCP_ULP 31
#endif

#define NOBODY	65534
#define PG	4096UL
#define LO_INDEX	1

/* An argument, maybe longer than we know */
union any {
	u32 size;
	struct zerocopy_rx_open open;
	struct zerocopy_rx_area area;
	struct zerocopy_rx_attach attach;
	struct zerocopy_rx_detach detach;
	struct zerocopy_rx_recv recv;
	struct zerocopy_rx_query query;
	struct zerocopy_rx_bind bind;
	char bytes[8192];
};

static int try(int fd, unsigned int cmd, const void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

static unsigned int open_fds(void)
{
	unsigned int n = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* What every argument has in common: its size, and what lies behind it. */
static void sizes_of(int fd, unsigned int cmd, const void *arg, size_t known,
		     const char *what)
{
	static union any a;
	void *ro;

	memset(&a, 0, sizeof(a));
	memcpy(&a, arg, known);
	a.size = 0;
	ZC_CHECK(try(fd, cmd, &a) == -EINVAL, "%s: no size", what);
	a.size = known - 1;
	ZC_CHECK(try(fd, cmd, &a) == -EINVAL, "%s: a byte less", what);
	a.size = 4;
	ZC_CHECK(try(fd, cmd, &a) == -EINVAL, "%s: size 4", what);
	a.size = PG + 1;
	ZC_CHECK(try(fd, cmd, &a) == -E2BIG, "%s: too much", what);
	a.size = UINT32_MAX;
	ZC_CHECK(try(fd, cmd, &a) == -E2BIG, "%s: far too much", what);
	a.size = known + 8;
	a.bytes[known + 7] = 1;
	ZC_CHECK(try(fd, cmd, &a) == -E2BIG, "%s: an unknown tail", what);
	ZC_CHECK(try(fd, cmd, NULL) == -EFAULT, "%s: NULL", what);
	ZC_CHECK(try(fd, cmd, (void *)-8L) == -EFAULT, "%s: far out", what);
	/* it ends where nothing is mapped */
	ro = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ZC_SYS(mprotect((char *)ro + PG, PG, PROT_NONE));
	memcpy((char *)ro + PG - known + 1, arg, known - 1);
	ZC_CHECK(try(fd, cmd, (char *)ro + PG - known + 1) == -EFAULT,
		 "%s: the last byte is missing", what);
	munmap(ro, 2 * PG);
}

/* ---- opening ---- */

static int try_open(int dev, u32 flags, int efd, u32 frags, u32 refills,
		    u32 length)
{
	struct zerocopy_rx_open o = {
		.size = sizeof(o), .flags = flags, .eventfd = efd,
		.frags = frags, .refills = refills, .length = length,
	};

	return zrx_ioctl_open(dev, &o);
}

static void opening(const void *arg)
{
	struct zerocopy_rx_open o = { .size = sizeof(o) }, *ro;
	static union any longer;
	int dev, p[2], mem, fd, i;
	unsigned int fds;
	long long pins;

	(void)arg;
	zrx_load();
	dev = zc_dev_open();
	ZC_SYS(pipe(p));
	pins = zc_pins_held();
	mem = ZC_SYS(syscall(SYS_memfd_create, "m", 0));
	fds = open_fds();
	sizes_of(dev, ZEROCOPY_IOC_RX_OPEN, &o, sizeof(o), "RX_OPEN");
	ZC_EQ(try_open(dev, 2, 0, 0, 0, 0), -EINVAL, "unknown flag");
	ZC_EQ(try_open(dev, 1U << 31, 0, 0, 0, 0), -EINVAL, "flags");
	ZC_EQ(try_open(dev, 0, 1, 0, 0, 0), -EINVAL, "eventfd without flag");
	ZC_EQ(try_open(dev, ZEROCOPY_RX_EVENTFD, -1, 0, 0, 0), -EBADF,
	      "no eventfd");
	ZC_EQ(try_open(dev, ZEROCOPY_RX_EVENTFD, p[0], 0, 0, 0), -EINVAL,
	      "eventfd is a pipe");
	for (i = 0; i < 2; i++) {
		static const u32 bad[] = {
			1, 2, 32, 63, 65, 100, 65535, 65537, 131072, 1U << 31,
			UINT32_MAX,
		};
		unsigned int k;

		for (k = 0; k < ZC_ARRAY_SIZE(bad); k++)
			ZC_CHECK(try_open(dev, 0, 0, i ? 0 : bad[k],
					  i ? bad[k] : 0, 0) == -EINVAL,
				 "a ring of %u entries", bad[k]);
	}
	ZC_EQ(try_open(dev, 0, 0, 0, 0, 1), -EINVAL, "length");
	/* who cannot be told has no receiver, and no descriptor either */
	ZC_SYS(ftruncate(mem, PG));
	ZC_EQ(pwrite(mem, &o, sizeof(o), 0), sizeof(o), "write");
	ro = mmap(NULL, PG, PROT_READ, MAP_SHARED, mem, 0);
	ZC_EQ(zrx_ioctl_open(dev, ro), -EFAULT, "read-only argument");
	ZC_EQ(open_fds(), fds, "descriptors");

	memset(&longer, 0, sizeof(longer));
	longer.size = sizeof(o) + 16;
	fd = zrx_ioctl_open(dev, &longer.open);
	ZC_CHECK(fd >= 0, "a longer struct: %s", strerror(-fd));
	ZC_CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC, "stays open over exec");
	/* what the one takes the other does not */
	ZC_EQ(try(fd, ZEROCOPY_IOC_RX_OPEN, &o), -ENOTTY, "RX_OPEN of it");
	ZC_EQ(try(fd, ZEROCOPY_IOC_AREA_REGISTER, &o), -ENOTTY, "REGISTER");
	ZC_EQ(try(fd, _IO(ZEROCOPY_IOC_MAGIC, 99), &o), -ENOTTY, "ioctl 99");
	ZC_EQ(try(dev, ZEROCOPY_IOC_RX_RECV, &o), -ENOTTY, "RECV of the device");
	ZC_EQ(try(p[0], ZEROCOPY_IOC_RX_RECV, &o), -ENOTTY, "RECV of a pipe");
	ZC_CHECK(read(fd, &o, sizeof(o)) < 0 && errno == EINVAL, "read: %s",
		 strerror(errno));
	ZC_CHECK(write(fd, &o, sizeof(o)) < 0 &&
		 (errno == EINVAL || errno == EBADF), "write: %s",
		 strerror(errno));
	close(fd);
	ZC_EQ(zc_pins_held(), pins, "pins");
}

/* ---- areas ---- */

static int try_area(int fd, int dev, u32 area, u32 buffer, u32 index,
		    u32 flags)
{
	struct zerocopy_rx_area a = {
		.size = sizeof(a), .zerocopy = dev, .area = area,
		.buffer = buffer, .index = index, .flags = flags,
	};

	return zrx_ioctl_area(fd, &a);
}

static void areas(const void *arg)
{
	static const u32 bad[] = {
		1, 64, 2048, 4095, 4097, 12288, ZC_MB(4), 1U << 31, UINT32_MAX,
	};
	char *mem = zc_alloc(ZC_MB(1), 640), *odd = zc_alloc(3 * PG, 641);
	int good, send_only, odd_area, other, st, p[2], mem_fd;
	struct zerocopy_rx_area a = { .size = sizeof(a) }, *ro;
	unsigned int k;
	struct zrx r;
	long long pins;
	pid_t pid;

	(void)arg;
	zrx_open(&r, 0, 0, -1);
	good = zrx_register(r.dev, mem, ZC_MB(1), false);
	ZC_CHECK(good > 0, "register: %s", strerror(-good));
	send_only = zc_area_register(r.dev, mem, ZC_MB(1));
	ZC_CHECK(send_only > 0, "register: %s", strerror(-send_only));
	odd_area = zrx_register(r.dev, odd, 3 * PG, false);
	ZC_CHECK(odd_area > 0, "register: %s", strerror(-odd_area));
	pins = zc_pins_held();
	other = zc_dev_open();
	ZC_SYS(pipe(p));

	a.zerocopy = r.dev;
	a.area = good;
	sizes_of(r.fd, ZEROCOPY_IOC_RX_AREA, &a, sizeof(a), "RX_AREA");
	ZC_EQ(try_area(r.fd, -1, good, 0, 0, 0), -EBADF, "no descriptor");
	ZC_EQ(try_area(r.fd, p[0], good, 0, 0, 0), -EINVAL, "a pipe");
	ZC_EQ(try_area(r.fd, r.fd, good, 0, 0, 0), -EINVAL, "itself");
	ZC_EQ(try_area(r.fd, r.dev, 0, 0, 0, 0), -ENOENT, "area 0");
	ZC_EQ(try_area(r.fd, r.dev, 77, 0, 0, 0), -ENOENT, "area 77");
	ZC_EQ(try_area(r.fd, r.dev, UINT32_MAX, 0, 0, 0), -ENOENT, "area -1");
	ZC_EQ(try_area(r.fd, other, good, 0, 0, 0), -ENOENT,
	      "another file's number");
	ZC_EQ(try_area(r.fd, r.dev, send_only, 0, 0, 0), -EINVAL,
	      "an area to send from");
	for (k = 0; k < ZC_ARRAY_SIZE(bad); k++)
		ZC_CHECK(try_area(r.fd, r.dev, good, bad[k], 0, 0) == -EINVAL,
			 "buffers of %u", bad[k]);
	ZC_EQ(try_area(r.fd, r.dev, odd_area, 8192, 0, 0), -EINVAL,
	      "buffers that do not divide it");
	ZC_EQ(try_area(r.fd, r.dev, good, ZC_MB(2), 0, 0), -EINVAL,
	      "buffers that are larger");
	ZC_EQ(try_area(r.fd, r.dev, good, 0, 1, 0), -EINVAL, "index");
	ZC_EQ(try_area(r.fd, r.dev, good, 0, 0, 1), -EINVAL, "flags");
	pid = ZC_SYS(fork());
	if (!pid) {
		ZC_EQ(try_area(r.fd, r.dev, good, 0, 0, 0), -EPERM,
		      "another process's area");
		_exit(0);
	}
	ZC_SYS(waitpid(pid, &st, 0));
	if (st)
		_exit(1);
	/* who cannot be told its index does not have it */
	mem_fd = ZC_SYS(syscall(SYS_memfd_create, "m", MFD_CLOEXEC));
	ZC_SYS(ftruncate(mem_fd, PG));
	ZC_EQ(pwrite(mem_fd, &a, sizeof(a), 0), sizeof(a), "write");
	ro = mmap(NULL, PG, PROT_READ, MAP_SHARED, mem_fd, 0);
	ZC_EQ(zrx_ioctl_area(r.fd, ro), -EFAULT, "read-only argument");
	ZC_EQ(zrx_ioctl_recv(r.fd, 0, ZEROCOPY_RX_DONTWAIT), -ENODEV,
	      "RECV: there is no area");
	ZC_EQ(zc_pins_held(), pins, "pins");

	/* the kernel finds a size that divides it */
	a = (struct zerocopy_rx_area){
		.size = sizeof(a), .zerocopy = r.dev, .area = odd_area,
	};
	ZC_EQ(zrx_ioctl_area(r.fd, &a), 0, "three pages");
	ZC_EQ(a.buffer, 4096, "buffer");
	ZC_EQ(a.index, 0, "index");
	ZC_EQ(try_area(r.fd, r.dev, odd_area, 0, 0, 0), -EBUSY,
	      "the same area again");
	ZC_EQ(try_area(r.fd, r.dev, good, 0, 0, 0), 0, "a good one");
	/* what goes on with it: neither number nor file is needed any more */
	ZC_EQ(zc_area_unregister(r.dev, send_only), 0, "unregister");
	zrx_close(&r);
	close(other);
}

/* What cannot be received into is refused when it is registered. */
static void memory(const void *arg)
{
	int dev = zc_dev_open(), file, err, mem;
	const char *path = "/tmp/zc-rx-file";
	long long pins = zc_pins_held();
	char *p;

	(void)arg;
	zrx_load();
	p = mmap(NULL, 4 * PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ZC_EQ(zrx_register(dev, p, 4 * PG, false), -EFAULT, "read-only");
	munmap(p, 4 * PG);
	p = mmap(NULL, 4 * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ZC_EQ(zrx_register(dev, p, 4 * PG, false), -EFAULT, "PROT_NONE");
	munmap(p, 4 * PG);
	ZC_EQ(zrx_register(dev, p, 4 * PG, false), -EFAULT, "not mapped");
	p = zc_alloc(4 * PG, 642);
	ZC_SYS(munmap(p + 2 * PG, PG));
	ZC_EQ(zrx_register(dev, p, 4 * PG, false), -EFAULT, "a hole");
	ZC_EQ(zc_pins_held(), pins, "pins");

	/* a memfd, but only to read */
	mem = ZC_SYS(syscall(SYS_memfd_create, "m", 0));
	ZC_SYS(ftruncate(mem, 4 * PG));
	p = mmap(NULL, 4 * PG, PROT_READ, MAP_SHARED, mem, 0);
	ZC_EQ(zrx_register(dev, p, 4 * PG, false), -EFAULT, "memfd, read-only");
	munmap(p, 4 * PG);

	/* pages of a file: a file system may be told to write them out */
	path = zc_ext4_mount();
	err = chdir(path);
	ZC_EQ(err, 0, "chdir");
	file = ZC_SYS(open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	ZC_SYS(ftruncate(file, 4 * PG));
	p = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ZC_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
	p[0] = 1;
	err = zrx_register(dev, p, 4 * PG, false);
	ZC_EQ(err, -EOPNOTSUPP, "pages of a file");
	/* one such page among others */
	munmap(p, 4 * PG);
	p = zc_alloc(4 * PG, 643);
	ZC_CHECK(mmap(p + 2 * PG, PG, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED, file, 0) == p + 2 * PG, "mmap");
	p[2 * PG] = 1;
	ZC_EQ(zrx_register(dev, p, 4 * PG, false), err, "one page of a file");
	ZC_EQ(zrx_register(dev, p, 4 * PG, true), err, "to send from as well");
	/* to send from it there is nothing against it */
	err = zc_area_register(dev, p, 4 * PG);
	ZC_CHECK(err > 0, "to send from: %s", strerror(-err));
	ZC_EQ(zc_area_unregister(dev, err), 0, "unregister");
	ZC_CHECK(zc_wait_for(zc_pins_held() == pins, 5000), "pins left");
	munmap(p, 4 * PG);
	close(file);
	ZC_SYS(chdir("/"));
	zc_ext4_umount();
}

/* ---- sockets ---- */

static int try_attach(int fd, int sock, u32 flags, u32 reserved, u64 cookie)
{
	struct zerocopy_rx_attach a = {
		.size = sizeof(a), .socket = sock, .flags = flags,
		.reserved = reserved, .cookie = cookie,
	};

	return try(fd, ZEROCOPY_IOC_RX_ATTACH, &a);
}

static void sockets(const void *arg)
{
	struct zerocopy_rx_attach a = { .size = sizeof(a) }, *ro;
	struct zerocopy_rx_detach d = { .size = sizeof(d) };
	struct zerocopy_rx_query q = { .size = sizeof(q) };
	struct zc_conn c = ZRX_TCP(), gone = ZRX_TCP();
	int udp, un[2], raw, plain, lfd, p[2], mem;
	struct sockaddr_in addr;
	char ulp[16], ch;
	socklen_t n;
	struct zrx r;

	(void)arg;
	zrx_make(&r, ZC_KB(64), 4096);
	zc_open(&c);
	ZC_SYS(pipe(p));
	udp = ZC_SYS(socket(AF_INET, SOCK_DGRAM, 0));
	ZC_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, un));
	raw = ZC_SYS(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
	plain = ZC_SYS(socket(AF_INET, SOCK_STREAM, 0));
	lfd = zrx_listener(&addr);
	a.socket = c.rx;
	d.socket = c.rx;
	q.socket = c.rx;

	sizes_of(r.fd, ZEROCOPY_IOC_RX_ATTACH, &a, sizeof(a), "ATTACH");
	ZC_EQ(try_attach(r.fd, -1, 0, 0, 0), -EBADF, "no descriptor");
	ZC_EQ(try_attach(r.fd, p[0], 0, 0, 0), -ENOTSOCK, "a pipe");
	ZC_EQ(try_attach(r.fd, udp, 0, 0, 0), -EOPNOTSUPP, "UDP");
	ZC_EQ(try_attach(r.fd, un[0], 0, 0, 0), -EOPNOTSUPP, "AF_UNIX");
	ZC_EQ(try_attach(r.fd, raw, 0, 0, 0), -EOPNOTSUPP, "raw");
	ZC_EQ(try_attach(r.fd, plain, 0, 0, 0), -ENOTCONN, "not connected");
	ZC_EQ(try_attach(r.fd, plain, ZEROCOPY_RX_CHILDREN, 0, 0), -ENOTCONN,
	      "not connected, not listening");
	ZC_EQ(try_attach(r.fd, lfd, 0, 0, 0), -EINVAL,
	      "a listener without CHILDREN");
	ZC_EQ(try_attach(r.fd, c.rx, ZEROCOPY_RX_CHILDREN, 0, 0), -EINVAL,
	      "CHILDREN of a connection");
	ZC_EQ(try_attach(r.fd, c.rx, 2, 0, 0), -EINVAL, "unknown flag");
	ZC_EQ(try_attach(r.fd, c.rx, 0, 1, 0), -EINVAL, "reserved");
	ZC_EQ(try_attach(r.fd, c.rx, 0, 0, 1), -EINVAL, "cookie");
	mem = ZC_SYS(syscall(SYS_memfd_create, "m", 0));
	ZC_SYS(ftruncate(mem, PG));
	ZC_EQ(write(mem, &a, sizeof(a)), sizeof(a), "write");
	ro = mmap(NULL, PG, PROT_READ, MAP_SHARED, mem, 0);
	ZC_EQ(try(r.fd, ZEROCOPY_IOC_RX_ATTACH, ro), -EFAULT,
	      "read-only argument");
	n = sizeof(ulp);
	ZC_SYS(getsockopt(c.rx, IPPROTO_TCP, TCP_ULP, ulp, &n));
	ZC_EQ(n, 0, "attached all the same");

	sizes_of(r.fd, ZEROCOPY_IOC_RX_DETACH, &d, sizeof(d), "DETACH");
	ZC_EQ(zrx_ioctl_detach(r.fd, -1), -EBADF, "DETACH of nothing");
	ZC_EQ(zrx_ioctl_detach(r.fd, p[0]), -ENOTSOCK, "DETACH of a pipe");
	ZC_EQ(zrx_ioctl_detach(r.fd, c.rx), -ENOENT, "DETACH of a stranger");
	ZC_CHECK(zrx_ioctl_detach(r.fd, udp) < 0, "DETACH of UDP");
	ZC_CHECK(zrx_ioctl_detach(r.fd, un[0]) < 0, "DETACH of AF_UNIX");

	sizes_of(r.fd, ZEROCOPY_IOC_RX_QUERY, &q, sizeof(q), "QUERY");
	ZC_EQ(zrx_ioctl_query(r.fd, -1, &q), -EBADF, "QUERY of nothing");
	ZC_EQ(zrx_ioctl_query(r.fd, p[0], &q), -ENOTSOCK, "QUERY of a pipe");
	ZC_EQ(zrx_ioctl_query(r.fd, c.rx, &q), -ENOENT, "QUERY of a stranger");
	ZC_CHECK(zrx_ioctl_query(r.fd, udp, &q) < 0, "QUERY of UDP");

	/* nothing of that has touched it */
	ZC_EQ(send(c.tx, "x", 1, 0), 1, "send");
	ZC_EQ(recv(c.rx, &ch, 1, 0), 1, "recv");
	zrx_attach(&r, c.rx);
	memset(&q, 0, sizeof(q));
	q.size = sizeof(q);
	q.socket = c.rx;
	q.bytes = 1;
	ZC_EQ(try(r.fd, ZEROCOPY_IOC_RX_QUERY, &q), -EINVAL, "QUERY: bytes");
	q.bytes = 0;
	q.index = 1;
	ZC_EQ(try(r.fd, ZEROCOPY_IOC_RX_QUERY, &q), -EINVAL, "QUERY: index");
	q.index = 0;
	q.cookie = 1;
	ZC_EQ(try(r.fd, ZEROCOPY_IOC_RX_QUERY, &q), -EINVAL, "QUERY: cookie");
	q.cookie = 0;
	ZC_EQ(try(r.fd, ZEROCOPY_IOC_RX_QUERY, &q), 0, "QUERY");

	/* whose peer is gone */
	zc_open(&gone);
	close(gone.tx);
	gone.tx = -1;
	shutdown(gone.rx, SHUT_RDWR);
	zc_wait_for(zrx_ioctl_attach(r.fd, gone.rx, 0, NULL) == -ENOTCONN,
		    10000);
	ZC_EQ(zrx_ioctl_attach(r.fd, gone.rx, 0, NULL), -ENOTCONN,
	      "ATTACH of what is closed");
	close(udp);
	close(raw);
	close(plain);
	close(lfd);
	zc_close(&gone);
	zc_close(&c);
	zrx_close(&r);
}

/* setsockopt(TCP_ULP) by hand: not what attaches, whoever tries. */
static void by_hand(const void *arg)
{
	static const char name[] = "zerocopy_rx";
	struct zc_conn c = ZRX_TCP(), d = ZRX_TCP();
	struct zrx_sock *s;
	struct zrx r;
	int lfd, st;
	struct sockaddr_in a;
	pid_t pid;
	char ch;

	(void)arg;
	zrx_make(&r, ZC_KB(64), 4096);
	zc_open(&c);
	zc_open(&d);
	lfd = zrx_listener(&a);
	ZC_CHECK(setsockopt(c.rx, IPPROTO_TCP, TCP_ULP, name, sizeof(name)) &&
		 errno == EINVAL, "TCP_ULP by hand: %s", strerror(errno));
	ZC_CHECK(setsockopt(lfd, IPPROTO_TCP, TCP_ULP, name, sizeof(name)) &&
		 (errno == EINVAL || errno == ENOTCONN),
		 "TCP_ULP of a listener: %s", strerror(errno));
	s = zrx_attach(&r, d.rx);
	ZC_CHECK(setsockopt(d.rx, IPPROTO_TCP, TCP_ULP, name, sizeof(name)) &&
		 errno == EEXIST, "TCP_ULP of one that is attached: %s",
		 strerror(errno));
	/* behind an ATTACH that failed, and in another process */
	ZC_EQ(zrx_ioctl_attach(r.fd, d.rx, 0, NULL), -EBUSY, "again");
	ZC_CHECK(setsockopt(c.rx, IPPROTO_TCP, TCP_ULP, name, sizeof(name)) &&
		 errno == EINVAL, "TCP_ULP by hand: %s", strerror(errno));
	pid = ZC_SYS(fork());
	if (!pid) {
		ZC_SYS(setresuid(NOBODY, NOBODY, NOBODY));
		ZC_CHECK(setsockopt(c.rx, IPPROTO_TCP, TCP_ULP, name,
				    sizeof(name)) && errno == EINVAL,
			 "TCP_ULP by anybody: %s", strerror(errno));
		_exit(0);
	}
	ZC_SYS(waitpid(pid, &st, 0));
	if (st)
		_exit(1);
	ZC_EQ(send(c.tx, "x", 1, 0), 1, "send");
	ZC_EQ(recv(c.rx, &ch, 1, 0), 1, "recv");
	ZC_EQ(send(d.tx, "x", 1, 0), 1, "send");
	zrx_until(&r, s, 1);
	close(lfd);
	zc_close(&c);
	zc_close(&d);
	zrx_close(&r);
}

/* ---- RECV ---- */

static int try_recv(int fd, u32 flags, u32 max, u32 reserved)
{
	struct zerocopy_rx_recv v = {
		.size = sizeof(v), .flags = flags, .max = max,
		.reserved = reserved,
	};

	return try(fd, ZEROCOPY_IOC_RX_RECV, &v);
}

static void receiving(const void *arg)
{
	struct zerocopy_rx_recv v = { .size = sizeof(v) };
	struct zc_conn c = ZRX_TCP();
	struct zrx_sock *s;
	struct zrx r;

	(void)arg;
	v.flags = ZEROCOPY_RX_DONTWAIT;
	zrx_make(&r, ZC_KB(64), 4096);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	ZC_EQ(send(c.tx, "xyz", 3, 0), 3, "send");
	sizes_of(r.fd, ZEROCOPY_IOC_RX_RECV, &v, sizeof(v), "RECV");
	ZC_EQ(try_recv(r.fd, 2, 0, 0), -EINVAL, "unknown flag");
	ZC_EQ(try_recv(r.fd, 1U << 31 | 1, 0, 0), -EINVAL, "flags");
	ZC_EQ(try_recv(r.fd, 1, 0, 1), -EINVAL, "reserved");
	ZC_CHECK(!zrx_next(&r), "there is a fragment all the same");
	/* more than there can be is as much as there is */
	ZC_EQ(try_recv(r.fd, 0, UINT32_MAX, 0), 1, "max of 2^32 - 1");
	zrx_until(&r, s, 3);
	ZC_EQ(try_recv(r.fd, 1, 0, 0), -EAGAIN, "nothing");
	zc_close(&c);
	zrx_close(&r);
}

/* ---- binding ---- */

static int try_bind(int fd, struct zerocopy_rx_bind *b, u32 index, u32 ifindex,
		    u32 queue)
{
	*b = (struct zerocopy_rx_bind){
		.size = sizeof(*b), .index = index, .ifindex = ifindex,
		.queue = queue,
	};
	return try(fd, ZEROCOPY_IOC_RX_BIND, b);
}

/* Nobody but who administrates the machine: not in a namespace of his own. */
static void unprivileged(const void *arg)
{
	const int *ns = arg;
	struct zerocopy_rx_bind b;
	int st, flags = 0;
	pid_t pid;

	if (*ns)
		flags = CLONE_NEWUSER | CLONE_NEWNET;
	zrx_load();
	pid = ZC_SYS(fork());
	if (!pid) {
		struct zrx r;

		ZC_SYS(setresgid(NOBODY, NOBODY, NOBODY));
		ZC_SYS(setresuid(NOBODY, NOBODY, NOBODY));
		prctl(PR_SET_DUMPABLE, 1);
		if (flags && unshare(flags))
			zc_skip("no user namespaces: %s", strerror(errno));
		/* all the rest is his */
		zrx_make(&r, ZC_KB(32), 4096);
		ZC_EQ(try_bind(r.fd, &b, 0, LO_INDEX, 0), -EPERM, "BIND");
		ZC_EQ(b.backend, 0, "out: backend");
		/* and says nothing of what is there */
		ZC_EQ(try_bind(r.fd, &b, 0, 12345, 0), -EPERM, "BIND");
		zrx_close(&r);
		_exit(0);
	}
	ZC_SYS(waitpid(pid, &st, 0));
	ZC_CHECK(WIFEXITED(st), "killed by signal %d", WTERMSIG(st));
	if (WEXITSTATUS(st))
		_exit(WEXITSTATUS(st));
}

/*
 * A receiver that a privileged process opened gives its rights to nobody; in a
 * user namespace of one's own one may receive, but not bind.
 */
static void passed_on(const void *arg)
{
	struct zerocopy_rx_bind b;
	struct zrx r;
	int st;
	pid_t pid;

	(void)arg;
	zrx_make(&r, ZC_KB(32), 4096);
	pid = ZC_SYS(fork());
	if (!pid) {
		ZC_SYS(setresuid(NOBODY, NOBODY, NOBODY));
		ZC_EQ(try_bind(r.fd, &b, 0, LO_INDEX, 0), -EPERM, "BIND");
		_exit(0);
	}
	ZC_SYS(waitpid(pid, &st, 0));
	if (st)
		_exit(1);
	zrx_close(&r);
}

static void binding(const void *arg)
{
	struct zc_conn c = ZRX_TCP();
	struct zerocopy_rx_bind b = { .size = sizeof(b), .ifindex = 1 };
	struct zrx_sock *s;
	struct zrx r;

	(void)arg;
	zrx_make(&r, ZC_KB(64), 4096);
	sizes_of(r.fd, ZEROCOPY_IOC_RX_BIND, &b, sizeof(b), "BIND");
	ZC_EQ(try_bind(r.fd, &b, 1, LO_INDEX, 0), -ENOENT, "no such area");
	ZC_EQ(try_bind(r.fd, &b, UINT32_MAX, LO_INDEX, 0), -ENOENT,
	      "no such area");
	ZC_EQ(try_bind(r.fd, &b, 0, LO_INDEX, 99), -EINVAL, "no such queue");
	ZC_EQ(try_bind(r.fd, &b, 0, 12345, 0), -ENODEV, "no such NIC");
	ZC_EQ(try_bind(r.fd, &b, 0, 0, 0), -ENODEV, "NIC 0");
	b = (struct zerocopy_rx_bind){
		.size = sizeof(b), .ifindex = 1, .flags = 1,
	};
	ZC_EQ(try(r.fd, ZEROCOPY_IOC_RX_BIND, &b), -EINVAL, "flags");
	b.flags = 0;
	b.backend = 1;
	ZC_EQ(try(r.fd, ZEROCOPY_IOC_RX_BIND, &b), -EINVAL, "backend");
	b.backend = 0;
	b.reason = 1;
	ZC_EQ(try(r.fd, ZEROCOPY_IOC_RX_BIND, &b), -EINVAL, "reason");
	b.reason = 0;
	b.dmabuf = 1;
	ZC_EQ(try(r.fd, ZEROCOPY_IOC_RX_BIND, &b), -EINVAL, "dmabuf");

	/* what cannot is no error: it is copied, and said why */
	ZC_EQ(try_bind(r.fd, &b, 0, LO_INDEX, 0), 0, "loopback");
	ZC_EQ(b.backend, ZEROCOPY_RX_COPY, "backend");
	ZC_CHECK(b.reason == ZEROCOPY_RX_WHY_DEVICE ||
		 b.reason == ZEROCOPY_RX_WHY_KERNEL, "reason %u", b.reason);
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	ZC_EQ(send(c.tx, "xyz", 3, 0), 3, "send");
	zrx_until(&r, s, 3);
	ZC_EQ(s->copied, 3, "copied");
	zc_close(&c);
	zrx_close(&r);
}

/* Without the module there are no receivers, and an area can be registered. */
static void no_module(const void *arg)
{
	struct zerocopy_rx_open o = { .size = sizeof(o) };
	char *p = zc_alloc(4 * PG, 644);
	int dev, id, fd;

	(void)arg;
	zc_layer_load();
	zrx_load();
	ZC_CHECK(zrx_unload(15000), "zerocopy_rx does not unload");
	dev = zc_dev_open();
	ZC_EQ(zrx_ioctl_open(dev, &o), -EOPNOTSUPP, "RX_OPEN");
	id = zrx_register(dev, p, 4 * PG, false);
	ZC_CHECK(id > 0, "register: %s", strerror(-id));
	zrx_load();
	fd = zrx_ioctl_open(dev, &o);
	ZC_CHECK(fd >= 0, "RX_OPEN: %s", strerror(-fd));
	ZC_EQ(try_area(fd, dev, id, 0, 0, 0), 0, "an area from before");
	ZC_EQ(zc_rmmod("zerocopy_rx"), -EWOULDBLOCK, "rmmod with a receiver");
	close(fd);
	ZC_CHECK(zrx_unload(15000), "zerocopy_rx does not unload");
	close(dev);
}

static const int no, yes = 1;

static const struct zc_case cases[] = {
	{ "open", opening, NULL, ZC_F_SHORT, 0 },
	{ "area", areas, NULL, ZC_F_SHORT, 0 },
	{ "memory", memory, NULL, ZC_F_SHORT, 0 },
	{ "attach", sockets, NULL, ZC_F_SHORT, 0 },
	{ "by_hand", by_hand, NULL, ZC_F_SHORT, 0 },
	{ "recv", receiving, NULL, ZC_F_SHORT, 0 },
	{ "bind", binding, NULL, ZC_F_SHORT, 0 },
	{ "bind_unprivileged", unprivileged, &no, ZC_F_SHORT, 0 },
	{ "bind_user_ns", unprivileged, &yes, ZC_F_SHORT, 0 },
	{ "bind_passed_on", passed_on, NULL, 0, 0 },
	{ "no_module", no_module, NULL, ZC_F_BARE, 0 },
};

int main(int argc, char **argv)
{
	return zrx_main(argc, argv, "rx_errors", cases, ZC_ARRAY_SIZE(cases));
}
