// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 4 "Areas": memory registered with /dev/zerocopy is found by address and
 * not pinned again; whatever happens to the mapping, a stale translation never
 * reaches the wire; bad input has its errno and pins nothing.
 */
#include "zc_area.h"

#include <linux/memfd.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#define NOBODY	65534
#define PG	4096UL

static int dev_open(void)
{
	int fd = zc_dev_open();

	ZC_CHECK(fd >= 0, "/dev/zerocopy: %s", strerror(-fd));
	return fd;
}

static int area_make(int fd, const void *p, size_t len)
{
	int id = zc_area_register(fd, p, len);

	ZC_CHECK(id > 0, "register: %s", strerror(-id));
	return id;
}

static struct zerocopy_area_query area_look(int fd, int id)
{
	struct zerocopy_area_query q;
	int err = zc_area_query(fd, id, &q);

	ZC_CHECK(!err, "query: %s", strerror(-err));
	return q;
}

static void area_expect(int fd, int id, unsigned int state, const char *when)
{
	struct zerocopy_area_query q = area_look(fd, id);

	ZC_CHECK(q.state == state, "%s: state %u, expected %u", when, q.state,
		 state);
}

static void send_all(struct zc_conn *c, struct zc_hash *h, const void *p,
		     size_t len)
{
	zc_hash_add(h, p, len);
	ZC_EQ(zc_sendmsg(c->tx, p, len, 0), len, "sendmsg");
}

static void *anon(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ZC_CHECK(p != MAP_FAILED, "mmap %zu: %s", len, strerror(errno));
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

/* ---- sending out of an area ---- */

enum memory { M_SMALL, M_THP, M_MIXED, M_MEMFD, M_HUGETLB, M_DEVICE };

struct from {
	int type;
	enum memory memory;
};

static char *memory_make(enum memory m, size_t *len, u64 seed)
{
	char *p;
	int fd;

	switch (m) {
	case M_THP:
		p = zc_alloc_thp(*len, seed);
		if (!p)
			zc_skip("no transparent huge pages to be had");
		return p;
	case M_MIXED:
		/* small pages, then huge ones, then small ones */
		p = zc_alloc_thp(*len + ZC_MB(4), seed);
		if (!p)
			zc_skip("no transparent huge pages to be had");
		*len += ZC_MB(4);
		ZC_SYS(madvise(p, ZC_MB(2) - 5 * PG, MADV_DONTNEED));
		madvise(p, ZC_MB(2), MADV_NOHUGEPAGE);
		madvise(p + *len - ZC_MB(2), ZC_MB(2), MADV_NOHUGEPAGE);
		ZC_SYS(madvise(p + *len - ZC_MB(2) + 7 * PG,
			       ZC_MB(2) - 7 * PG, MADV_DONTNEED));
		zc_fill(p, *len, seed);
		return p;
	case M_MEMFD:
		fd = ZC_SYS(syscall(SYS_memfd_create, "area", MFD_CLOEXEC));
		ZC_SYS(ftruncate(fd, *len));
		p = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ZC_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
		close(fd);
		zc_fill(p, *len, seed);
		return p;
	case M_HUGETLB:
		zc_write_file("/proc/sys/vm/nr_hugepages", "8");
		p = mmap(NULL, *len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		if (p == MAP_FAILED)
			zc_skip("no huge pages: %s", strerror(errno));
		zc_fill(p, *len, seed);
		return p;
	case M_DEVICE:
		fd = dev_open();
		p = zc_dev_memory(fd, *len);
		ZC_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
		close(fd);
		zc_fill(p, *len, seed);
		return p;
	default:
		return zc_alloc(*len, seed);
	}
}

/* Pieces of any offset and length: counted, not pinned, not copied. */
static void pieces(const void *arg)
{
	const struct from *f = arg;
	bool stream = f->type == SOCK_STREAM;
	struct zc_conn c = {
		.family = AF_INET, .type = f->type, .rcvbuf = 1 << 21,
		.sndbuf = 4 << 20,
	};
	size_t len = ZC_MB(4), off = 0, total = 0;
	long long acquired, released, a, r;
	struct zerocopy_area_query q;
	struct zc_counters before;
	struct zc_hash h;
	unsigned int i, n = stream ? 60 : 200;
	int fd, id;
	char *buf;

	buf = memory_make(f->memory, &len, 71);
	fd = dev_open();
	id = area_make(fd, buf, len);
	q = area_look(fd, id);
	ZC_EQ(q.state, ZEROCOPY_AREA_VALID, "state");
	ZC_EQ(q.addr, (uintptr_t)buf, "address");
	ZC_EQ(q.length, len, "length");
	/* whole folios: what is left of a split huge page counts as all of it */
	if (f->memory == M_MIXED)
		ZC_CHECK(q.pages > len / PG, "%llu pages",
			 (unsigned long long)q.pages);
	else
		ZC_EQ(q.pages, len / PG, "pages");
	ZC_EQ(q.loans, 0, "loans");
	if (f->memory == M_THP || f->memory == M_HUGETLB)
		ZC_EQ(q.ranges, len / ZC_MB(2), "ranges");

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_hash_init(&h);
	zc_counters_read(ZC_NS_A, &before);
	zc_pins(&acquired, &released);
	for (i = 0; i < n; i++) {
		size_t want = stream ? 4000 + i * 7919 : 600 + i;

		off = (off + 104729) % (len - want);
		send_all(&c, &h, buf + off, want);
		total += want;
		/* the receiver of datagrams must not fall behind */
		if (!stream)
			ZC_CHECK(zc_rx_wait(&c, total, 5000), "lost");
	}
	if (stream)
		send_all(&c, &h, buf, len);
	total += stream ? len : 0;
	zc_notif_expect(c.tx, stream ? n + 1 : n);
	zc_pins(&a, &r);
	zc_finish(&c, total, zc_hash_val(&h));
	ZC_EQ(zc_delta(&before, "area_bytes"), total, "area_bytes");
	ZC_CHECK(zc_delta(&before, "area_loans") >= n, "too few area_loans");
	ZC_EQ(a - acquired, 0, "pages pinned by sends");
	ZC_EQ(zc_delta(&before, "pinned_bytes_peak"), 0, "window used");
	zc_only_tiny_copies(&before);

	ZC_CHECK(zc_wait_for(!area_look(fd, id).loans, 5000), "loans left");
	ZC_EQ(zc_area_unregister(fd, id), 0, "unregister");
	ZC_EQ(zc_area_unregister(fd, id), -ENOENT, "unregister again");
	zc_close(&c);
}

/* ---- messages of several kinds of memory ---- */

/*
 * Half in and half out, both ways round; several areas; areas that overlap; a
 * header out of one's own and the payload in an area.
 */
static void mixed(const void *arg)
{
	const struct from *f = arg;
	bool stream = f->type == SOCK_STREAM;
	struct zc_conn c = {
		.family = AF_INET, .type = f->type, .rcvbuf = 1 << 21,
		.sndbuf = 8 << 20,
	};
	/* datagrams stay below the MTU: else they are copied, stock or not */
	size_t half = stream ? 30 * PG : 600, len = 256 * PG, total = 0;
	char *buf = zc_alloc(len, 72), *other = zc_alloc(len, 73);
	struct zc_counters before;
	struct iovec iov[64];
	struct msghdr msg = { .msg_iov = iov };
	struct zc_hash h;
	unsigned int i, sends = 0;
	long long in_area = 0;
	int fd = dev_open();

	/* [64, 96) and [96, 128) touch, [120, 160) overlaps, [200, 210) */
	area_make(fd, buf + 64 * PG, 32 * PG);
	area_make(fd, buf + 96 * PG, 32 * PG);
	area_make(fd, buf + 120 * PG, 40 * PG);
	area_make(fd, buf + 200 * PG, 10 * PG);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_hash_init(&h);
	zc_counters_read(ZC_NS_A, &before);

	/* runs into an area, and out of one */
	send_all(&c, &h, buf + 64 * PG - half, 2 * half);
	send_all(&c, &h, buf + 160 * PG - half, 2 * half);
	/* from one area into the next, and into the one that overlaps */
	send_all(&c, &h, buf + 96 * PG - half, 2 * half);
	send_all(&c, &h, buf + 124 * PG - half, 2 * half);
	in_area += 6 * half;
	sends += 4;
	total += 8 * half;
	if (stream) {
		/* all of it: out, in, in, in, out, in, out */
		send_all(&c, &h, buf, len);
		in_area += 106 * PG;
		sends++;
		total += len;
	}

	/* header and payload, in turn */
	msg.msg_iovlen = stream ? 64 : 4;
	for (i = 0; i < msg.msg_iovlen; i++) {
		char *p = i & 1 ? buf + 64 * PG + i * 700 : other + i * 100;
		size_t n = i & 1 ? half : 77;

		iov[i] = (struct iovec){ p, n };
		zc_hash_add(&h, p, n);
		total += n;
		if (i & 1)
			in_area += n;
	}
	ZC_CHECK(sendmsg(c.tx, &msg, MSG_ZEROCOPY) > 0, "sendmsg: %s",
		 strerror(errno));
	sends++;

	zc_notif_expect(c.tx, sends);
	zc_finish(&c, total, zc_hash_val(&h));
	zc_only_tiny_copies(&before);
	/* what is pinned may reach into an area: not all has to come from it */
	ZC_CHECK(zc_delta(&before, "area_bytes") <= in_area,
		 "%lld bytes from areas, at most %lld lie in them",
		 zc_delta(&before, "area_bytes"), in_area);
	ZC_CHECK(zc_delta(&before, "area_bytes") >= in_area / 2,
		 "%lld bytes from areas, %lld lie in them",
		 zc_delta(&before, "area_bytes"), in_area);
	zc_close(&c);
}

/* An area is lent where RLIMIT_MEMLOCK leaves nothing for pins. */
static void no_memlock_needed(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct rlimit none = { 0, 0 };
	const size_t len = ZC_MB(1);
	char *buf = zc_alloc(len, 74);
	struct zc_counters before;
	int fd = dev_open();

	(void)arg;
	area_make(fd, buf, len);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	ZC_SYS(setrlimit(RLIMIT_MEMLOCK, &none));
	ZC_SYS(setresuid(NOBODY, NOBODY, NOBODY));
	prctl(PR_SET_DUMPABLE, 1);
	zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
	zc_notif_expect(c.tx, 1);
	zc_finish(&c, len, zc_hash_buf(buf, len));
	ZC_EQ(zc_delta(&before, "area_bytes"), len, "area_bytes");
	zc_only_tiny_copies(&before);
	zc_close(&c);
}

/* ---- what happens to the mapping ---- */

enum event {
	E_UNREGISTER, E_CLOSE, E_MUNMAP, E_MUNMAP_PART, E_MREMAP, E_DONTNEED,
	E_FIXED, E_TRUNCATE, E_PUNCH, E_MADV_FREE, E_FORK, E_MPROTECT,
	E_PROT_NONE, E_MREMAP_GROW, E_PAGEOUT,
};

struct change {
	enum event event;
	enum memory memory;
	bool stays;		/* valid afterwards */
	bool gone;		/* no number any more */
	bool unmapped;		/* a send from there is EFAULT */
};

static void fork_and_wait(void)
{
	int st;
	pid_t pid = ZC_SYS(fork());

	if (!pid)
		_exit(0);
	ZC_SYS(waitpid(pid, &st, 0));
}

/*
 * Loans in flight (the peer does not read), then the event, then a send from the
 * same addresses: each byte that arrives is what was there when it was sent.
 */
static void change(const void *arg)
{
	const struct change *e = arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 16 << 20,
	};
	size_t len = ZC_MB(4), total;
	long long from_area, pins;
	struct zerocopy_area_query q;
	struct zc_counters before;
	int fd, id, file = -1, err;
	struct zc_hash h;
	char *buf, *to;

	if (e->event == E_TRUNCATE || e->event == E_PUNCH) {
		file = ZC_SYS(syscall(SYS_memfd_create, "f", MFD_CLOEXEC));
		ZC_SYS(ftruncate(file, len));
		buf = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, file,
			   0);
		ZC_CHECK(buf != MAP_FAILED, "mmap: %s", strerror(errno));
		zc_fill(buf, len, 75);
	} else {
		buf = memory_make(e->memory, &len, 75);
	}
	pins = zc_pins_held();
	fd = dev_open();
	id = area_make(fd, buf, len);
	zc_open(&c);
	zc_rx_start(&c, 0);
	zc_hash_init(&h);
	zc_counters_read(ZC_NS_A, &before);
	send_all(&c, &h, buf, len);
	total = len;
	ZC_CHECK(zc_outq(c.tx) > 0, "nothing is in flight");
	ZC_CHECK(area_look(fd, id).loans > 0, "no loan is out");
	ZC_EQ(zc_delta(&before, "area_bytes"), len, "area_bytes");

	switch (e->event) {
	case E_UNREGISTER:
		ZC_EQ(zc_area_unregister(fd, id), 0, "unregister");
		break;
	case E_CLOSE:
		close(fd);
		break;
	case E_MUNMAP:
		ZC_SYS(munmap(buf, len));
		break;
	case E_MUNMAP_PART:
		ZC_SYS(munmap(buf + len - PG, PG));
		break;
	case E_MREMAP:
		to = anon(len);
		ZC_CHECK(mremap(buf, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
				to) == to, "mremap: %s", strerror(errno));
		break;
	case E_MREMAP_GROW:
		/* in place or not at all; either way the pages stay */
		mremap(buf, len, len + PG, 0);
		break;
	case E_DONTNEED:
		ZC_SYS(madvise(buf + 3 * PG, PG, MADV_DONTNEED));
		break;
	case E_MADV_FREE:
		ZC_SYS(madvise(buf, len, MADV_FREE));
		break;
	case E_PAGEOUT:
		ZC_SYS(madvise(buf, len, MADV_PAGEOUT));
		break;
	case E_FIXED:
		to = mmap(buf, len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		ZC_CHECK(to == buf, "mmap: %s", strerror(errno));
		break;
	case E_TRUNCATE:
		ZC_SYS(ftruncate(file, 0));
		ZC_SYS(ftruncate(file, len));
		break;
	case E_PUNCH:
		ZC_SYS(fallocate(file, FALLOC_FL_KEEP_SIZE |
				 FALLOC_FL_PUNCH_HOLE, 8 * PG, PG));
		break;
	case E_FORK:
		fork_and_wait();
		break;
	case E_MPROTECT:
		ZC_SYS(mprotect(buf, len, PROT_READ));
		break;
	case E_PROT_NONE:
		ZC_SYS(mprotect(buf, len, PROT_NONE));
		break;
	}

	err = zc_area_query(fd, id, &q);
	if (e->event == E_CLOSE)
		ZC_EQ(err, -EBADF, "query");
	else if (e->gone)
		ZC_EQ(err, -ENOENT, "query");
	else
		ZC_EQ(err, 0, "query");
	if (!err) {
		ZC_EQ(q.state, e->stays ? ZEROCOPY_AREA_VALID :
					  ZEROCOPY_AREA_STALE, "state");
		ZC_CHECK(q.pages > 0, "unpinned with loans out");
	}
	/* in flight: the pins stay, whatever happened to the mapping */
	ZC_CHECK(zc_pins_held() > pins, "unpinned with loans out");

	/* other contents at the same addresses */
	zc_counters_read(ZC_NS_A, &before);
	from_area = 0;
	if (e->unmapped) {
		ZC_EQ(zc_sendmsg(c.tx, buf + PG, 2 * PG, 0), -1, "sendmsg");
		ZC_EQ(errno, EFAULT, "errno");
		buf = mmap(buf, len, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			   MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		ZC_CHECK(buf != MAP_FAILED, "mmap: %s", strerror(errno));
	}
	if (e->event == E_MUNMAP_PART)
		len -= PG;
	/* what is out must not change under it, unless the page is another */
	if (!e->stays && !e->gone && e->event != E_DONTNEED &&
	    e->event != E_MUNMAP_PART && e->event != E_PUNCH)
		zc_fill(buf, len, 76);
	send_all(&c, &h, buf, len);
	total += len;
	if (e->stays)
		from_area = len;
	ZC_EQ(zc_delta(&before, "area_bytes"), from_area,
	      "area_bytes afterwards");

	zc_finish(&c, total, zc_hash_val(&h));
	ZC_CHECK(zc_settle(c.tx, 10000), "not settled");
	if (e->stays) {
		area_expect(fd, id, ZEROCOPY_AREA_VALID, "at the end");
		ZC_EQ(zc_area_unregister(fd, id), 0, "unregister");
	} else if (!e->gone) {
		ZC_CHECK(zc_wait_for(!area_look(fd, id).pages, 5000),
			 "a stale area keeps its pins");
		/* the number stays until it is given back */
		area_expect(fd, id, ZEROCOPY_AREA_STALE, "at the end");
		ZC_EQ(zc_area_unregister(fd, id), 0, "unregister");
	}
	zc_close(&c);
	ZC_CHECK(zc_wait_for(zc_pins_held() == pins, 5000), "pins left");
}

/*
 * After fork() both sides write: the parent's area goes on with the parent's
 * pages; the child has no area, and its sends are right as well.
 */
static void fork_write(const void *arg)
{
	const struct from *f = arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 16 << 20,
	};
	size_t len = ZC_MB(4), total = 0;
	struct zc_counters before;
	struct zc_hash h;
	int fd, id, p[2], st;
	char *buf, ch;
	pid_t pid;

	buf = memory_make(f->memory, &len, 77);
	fd = dev_open();
	id = area_make(fd, buf, len);
	zc_open(&c);
	zc_rx_start(&c, 0);
	zc_hash_init(&h);
	send_all(&c, &h, buf, len);
	total += len;
	ZC_SYS(pipe(p));

	/* the parent's stream goes on with what the child has at its place */
	zc_hash_add(&h, buf, len);
	total += len;
	pid = ZC_SYS(fork());
	if (!pid) {
		struct zerocopy_area_query q;
		struct zc_counters mine;

		ZC_EQ(read(p[0], &ch, 1), 1, "read");
		ZC_EQ(zc_area_query(fd, id, &q), -EPERM, "query of a child");
		zc_counters_read(ZC_NS_A, &mine);
		ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "child's sendmsg");
		ZC_EQ(zc_delta(&mine, "area_bytes"), 0, "child's area_bytes");
		_exit(0);
	}
	/* in flight and at the same time: only the tail has not been sent */
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_rx_wait(&c, len, 30000), "first message");
	zc_fill(buf, len, 78);
	ZC_EQ(write(p[1], "x", 1), 1, "write");
	ZC_SYS(waitpid(pid, &st, 0));
	ZC_CHECK(WIFEXITED(st) && !WEXITSTATUS(st), "the child failed");

	zc_counters_read(ZC_NS_A, &before);
	send_all(&c, &h, buf, len);
	total += len;
	ZC_EQ(zc_delta(&before, "area_bytes"), len, "area_bytes after fork()");
	area_expect(fd, id, ZEROCOPY_AREA_VALID, "after fork()");
	zc_finish(&c, total, zc_hash_val(&h));
	zc_close(&c);
}

/* exec and exit with loans out: the data arrives, the pins go. */
static void leave(const void *arg)
{
	const int *how = arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 16 << 20,
	};
	const size_t len = ZC_MB(2);
	char *buf = zc_alloc(len, 79);
	u64 hash = zc_hash_buf(buf, len);
	long long pins;
	int st, p[2];
	pid_t pid;

	zc_open(&c);
	ZC_SYS(pipe(p));
	pins = zc_pins_held();
	pid = ZC_SYS(fork());
	if (!pid) {
		int fd = dev_open();

		area_make(fd, buf, len);
		ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
		/* the file outlives an exec: the area must not */
		fcntl(fd, F_SETFD, 0);
		if (*how == SIGKILL) {
			raise(SIGKILL);
		} else if (*how == 1) {
			dup2(p[1], 1);
			execl("/bin/sh", "sh", "-c",
			      "echo x; read -r line </proc/self/fd/0", NULL);
			_exit(9);
		}
		_exit(0);
	}
	close(p[1]);
	if (*how == 1) {
		char ch;

		ZC_EQ(read(p[0], &ch, 1), 1, "exec");
	} else {
		ZC_SYS(waitpid(pid, &st, 0));
	}
	zc_finish(&c, len, hash);
	ZC_CHECK(zc_settle(c.tx, 10000), "not settled");
	ZC_CHECK(zc_wait_for(zc_pins_held() == pins, 10000),
		 "%lld pins outlive the process", zc_pins_held() - pins);
	if (*how == 1) {
		kill(pid, SIGKILL);
		ZC_SYS(waitpid(pid, &st, 0));
	}
	zc_close(&c);
}

static void fd_send(int sock, int fd)
{
	char ctl[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	ZC_EQ(sendmsg(sock, &msg, 0), 1, "SCM_RIGHTS");
}

static int fd_recv(int sock)
{
	char ctl[CMSG_SPACE(sizeof(int))] = {}, ch;
	struct iovec iov = { &ch, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	int fd;

	ZC_EQ(recvmsg(sock, &msg, 0), 1, "SCM_RIGHTS");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

/*
 * A file that is passed on: the other process can do nothing with it, keeps the
 * areas alive while it holds it, and does not keep the memory of one that is
 * dead.
 */
static void passed_on(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	const size_t len = ZC_MB(1);
	char *buf = zc_alloc(len, 80), ch;
	struct zc_counters before;
	int fd, id, sv[2], st;
	long long pins;
	pid_t owner, holder;
	struct zc_hash h;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_hash_init(&h);
	ZC_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	pins = zc_pins_held();

	holder = ZC_SYS(fork());
	if (!holder) {
		struct zerocopy_area_query q;

		fd = fd_recv(sv[1]);
		ZC_EQ(zc_area_query(fd, 1, &q), -EPERM, "query");
		ZC_EQ(zc_area_unregister(fd, 1), -EPERM, "unregister");
		ZC_EQ(zc_area_register(fd, buf, len), -EPERM, "register");
		ZC_EQ(write(sv[1], "r", 1), 1, "write");
		ZC_EQ(read(sv[1], &ch, 1), 1, "read");
		close(fd);
		ZC_EQ(write(sv[1], "c", 1), 1, "write");
		ZC_EQ(read(sv[1], &ch, 1), 1, "read");
		/* and once more, of a process that dies meanwhile */
		fd = fd_recv(sv[1]);
		ZC_EQ(write(sv[1], "r", 1), 1, "write");
		if (read(sv[1], &ch, 1) != 1)
			_exit(1);
		_exit(0);
	}

	fd = dev_open();
	id = area_make(fd, buf, len);
	ZC_EQ(id, 1, "first number");
	fd_send(sv[0], fd);
	ZC_EQ(read(sv[0], &ch, 1), 1, "read");
	close(fd);
	/* still there: the other one has the file */
	zc_counters_read(ZC_NS_A, &before);
	send_all(&c, &h, buf, len);
	ZC_EQ(zc_delta(&before, "area_bytes"), len, "area_bytes");
	ZC_EQ(write(sv[0], "x", 1), 1, "write");
	ZC_EQ(read(sv[0], &ch, 1), 1, "read");
	/* and gone with its last descriptor */
	zc_counters_read(ZC_NS_A, &before);
	send_all(&c, &h, buf, len);
	ZC_EQ(zc_delta(&before, "area_bytes"), 0, "area_bytes");
	zc_finish(&c, 2 * len, zc_hash_val(&h));
	zc_settle(c.tx, 5000);
	ZC_CHECK(zc_wait_for(zc_pins_held() == pins, 5000), "pins left");
	ZC_EQ(write(sv[0], "x", 1), 1, "write");

	owner = ZC_SYS(fork());
	if (!owner) {
		fd = dev_open();
		area_make(fd, buf, len);
		fd_send(sv[0], fd);
		ZC_EQ(read(sv[0], &ch, 1), 1, "read");
		_exit(0);
	}
	ZC_SYS(waitpid(owner, &st, 0));
	ZC_CHECK(WIFEXITED(st) && !WEXITSTATUS(st), "the owner failed");
	ZC_CHECK(zc_wait_for(zc_pins_held() == pins, 5000),
		 "the holder of a file keeps a dead process's pins");
	ZC_EQ(write(sv[0], "x", 1), 1, "write");
	ZC_SYS(waitpid(holder, &st, 0));
	ZC_CHECK(WIFEXITED(st) && !WEXITSTATUS(st), "the holder failed");
	zc_close(&c);
}

/* ---- bad input ---- */

static int reg(int fd, u32 size, u32 flags, u64 addr, u64 length, u32 area,
	       u32 reserved, u64 tail)
{
	struct {
		struct zerocopy_area_register r;
		u64 tail[2];
	} a = {
		.r = {
			.size = size, .flags = flags, .addr = addr,
			.length = length, .area = area, .reserved = reserved,
		},
		.tail = { tail, 0 },
	};

	return ioctl(fd, ZEROCOPY_IOC_AREA_REGISTER, &a) ? -errno : 0;
}

/* A mapping with VM_IO that every process has */
static u64 io_mapping(void)
{
	unsigned long start = 0;
	char line[512];
	FILE *f;

	f = fopen("/proc/self/maps", "re");
	ZC_CHECK(f, "maps: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "[vvar]"))
			start = strtoul(line, NULL, 16);
	fclose(f);
	ZC_CHECK(start, "no [vvar]");
	return start;
}

static void bad_input(const void *arg)
{
	const u32 size = sizeof(struct zerocopy_area_register);
	struct zerocopy_area_unregister u = { .size = 4, .area = 1 };
	struct zerocopy_area_query q = { .size = 8, .area = 1 };
	char *buf = zc_alloc(16 * PG, 81), *hole, *none;
	const u64 a = (uintptr_t)buf;
	u64 io;
	long long pins, acquired, released;
	int fd = dev_open(), other, mem;

	(void)arg;
	hole = zc_alloc(16 * PG, 82);
	ZC_SYS(munmap(hole + 8 * PG, PG));
	none = mmap(NULL, PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	zc_pins(&acquired, &released);
	pins = acquired - released;

	ZC_EQ(reg(fd, size, 1, a + 1, PG, 0, 0, 0), -EINVAL, "address");
	ZC_EQ(reg(fd, size, 1, a + 512, PG, 0, 0, 0), -EINVAL, "sector");
	ZC_EQ(reg(fd, size, 1, a, PG + 1, 0, 0, 0), -EINVAL, "length");
	ZC_EQ(reg(fd, size, 1, a, 0, 0, 0, 0), -EINVAL, "no length");
	ZC_EQ(reg(fd, size, 1, -PG, PG, 0, 0, 0), -EOVERFLOW, "end is 0");
	ZC_EQ(reg(fd, size, 1, a, -PG, 0, 0, 0), -EOVERFLOW, "overflow");
	ZC_EQ(reg(fd, size, 1, 1ULL << 63, PG, 0, 0, 0), -EFAULT, "kernel");
	ZC_EQ(reg(fd, size, 1, 0, 1ULL << 40, 0, 0, 0), -E2BIG, "too long");
	ZC_EQ(reg(fd, size, 1, (uintptr_t)hole, 16 * PG, 0, 0, 0), -EFAULT,
	      "hole");
	ZC_EQ(reg(fd, size, 1, (uintptr_t)none, PG, 0, 0, 0), -EFAULT,
	      "PROT_NONE");
	ZC_EQ(reg(fd, size, 0, a, PG, 0, 0, 0), -EINVAL, "no flag");
	ZC_EQ(reg(fd, size, 5, a, PG, 0, 0, 0), -EINVAL, "unknown flag");
	ZC_EQ(reg(fd, size, 1U << 31 | 1, a, PG, 0, 0, 0), -EINVAL, "flags");
	ZC_EQ(reg(fd, size, 1, a, PG, 7, 0, 0), -EINVAL, "area");
	ZC_EQ(reg(fd, size, 1, a, PG, 0, 1, 0), -EINVAL, "reserved");
	ZC_EQ(reg(fd, size - 1, 1, a, PG, 0, 0, 0), -EINVAL, "size");
	ZC_EQ(reg(fd, 0, 1, a, PG, 0, 0, 0), -EINVAL, "no size");
	ZC_EQ(reg(fd, size + 8, 1, a, PG, 0, 0, 1), -E2BIG, "unknown tail");
	ZC_EQ(reg(fd, 1 << 20, 1, a, PG, 0, 0, 0), -E2BIG, "huge size");
	ZC_EQ(ioctl(fd, ZEROCOPY_IOC_AREA_REGISTER, NULL), -1, "NULL");
	ZC_EQ(errno, EFAULT, "NULL");
	/* a program that may not read its own answer pins nothing */
	mem = ZC_SYS(syscall(SYS_memfd_create, "m", MFD_CLOEXEC));
	ZC_SYS(ftruncate(mem, PG));
	{
		struct zerocopy_area_register r = {
			.size = size, .flags = 1, .addr = a, .length = PG,
		};
		void *ro;

		ZC_EQ(write(mem, &r, sizeof(r)), sizeof(r), "write");
		ro = mmap(NULL, PG, PROT_READ, MAP_SHARED, mem, 0);
		ZC_EQ(ioctl(fd, ZEROCOPY_IOC_AREA_REGISTER, ro), -1, "ro");
		ZC_EQ(errno, EFAULT, "read-only argument");
	}
	io = io_mapping();
	ZC_EQ(reg(fd, size, 1, io, PG, 0, 0, 0), -EFAULT, "VM_IO");

	ZC_EQ(ioctl(fd, ZEROCOPY_IOC_AREA_UNREGISTER, &u), -1, "size");
	ZC_EQ(errno, EINVAL, "unregister's size");
	ZC_EQ(ioctl(fd, ZEROCOPY_IOC_AREA_QUERY, &q), -1, "size");
	ZC_EQ(errno, EINVAL, "query's size");
	q.size = sizeof(q);
	q.pages = 1;
	ZC_EQ(ioctl(fd, ZEROCOPY_IOC_AREA_QUERY, &q), -1, "not zero");
	ZC_EQ(errno, EINVAL, "query's output");
	ZC_EQ(zc_area_query(fd, 1, &q), -ENOENT, "query of nothing");
	ZC_EQ(zc_area_unregister(fd, 0), -ENOENT, "unregister 0");
	ZC_EQ(zc_area_unregister(fd, -1), -ENOENT, "unregister -1");
	ZC_EQ(ioctl(fd, _IO(ZEROCOPY_IOC_MAGIC, 99), NULL), -1, "ioctl 99");
	ZC_EQ(errno, ENOTTY, "unknown ioctl");
	ZC_EQ(zc_pins_held(), pins, "pins after bad input");

	/* an argument is good for another try */
	{
		struct zerocopy_area_register r = {
			.size = size, .flags = 1, .addr = a + 1, .length = PG,
		};

		ZC_EQ(ioctl(fd, ZEROCOPY_IOC_AREA_REGISTER, &r), -1, "odd");
		ZC_EQ(errno, EINVAL, "odd");
		ZC_EQ(r.area, 0, "area after an error");
		r.addr--;
		ZC_EQ(ioctl(fd, ZEROCOPY_IOC_AREA_REGISTER, &r), 0, "again");
		ZC_EQ(zc_area_unregister(fd, r.area), 0, "unregister");
	}

	/* what is good: a longer struct with zeroes behind */
	ZC_EQ(reg(fd, size + 16, 1, a, PG, 0, 0, 0), 0, "longer struct");
	ZC_EQ(zc_pins_held(), pins + 1, "pins");
	/* a number belongs to its file */
	other = dev_open();
	ZC_EQ(zc_area_unregister(other, 1), -ENOENT, "another file's number");
	ZC_EQ(zc_area_unregister(fd, 1), 0, "unregister");
	ZC_EQ(zc_pins_held(), pins, "pins at the end");
}

static void limits_child(size_t memlock)
{
	char *buf = zc_alloc(64 * PG, 83);
	struct rlimit rl = { memlock, memlock };
	int fd, id, i;

	ZC_SYS(setrlimit(RLIMIT_MEMLOCK, &rl));
	ZC_SYS(setresgid(NOBODY, NOBODY, NOBODY));
	ZC_SYS(setresuid(NOBODY, NOBODY, NOBODY));
	prctl(PR_SET_DUMPABLE, 1);
	fd = dev_open();
	ZC_EQ(zc_area_register(fd, buf, memlock + PG), -ENOMEM, "over it");
	/* all of it, time and again: what is given back is there at once */
	for (i = 0; i < 100; i++) {
		id = area_make(fd, buf, memlock);
		ZC_EQ(zc_area_register(fd, buf, PG), -ENOMEM, "one more");
		ZC_EQ(zc_area_unregister(fd, id), 0, "unregister");
	}
	/* so is what was stale */
	for (i = 0; i < 20; i++) {
		id = area_make(fd, buf, memlock);
		ZC_SYS(madvise(buf, PG, MADV_DONTNEED));
		area_expect(fd, id, ZEROCOPY_AREA_STALE, "MADV_DONTNEED");
		ZC_EQ(area_look(fd, id).pages, 0, "pages of a stale area");
		buf[0] = 1;
	}
	_exit(0);
}

static void limits(const void *arg)
{
	char *buf = zc_alloc(16 * PG, 84);
	long long pins = zc_pins_held();
	int fd = dev_open(), i, st;
	pid_t pid;

	(void)arg;
	for (i = 1; i <= 1024; i++)
		ZC_EQ(zc_area_register(fd, buf, PG), i, "register");
	ZC_EQ(zc_area_register(fd, buf, PG), -ENOSPC, "of one file");
	ZC_EQ(zc_area_register(dev_open(), buf, PG), -ENOSPC, "of one process");
	ZC_EQ(zc_pins_held(), pins + 1024, "pins");
	ZC_EQ(zc_area_unregister(fd, 77), 0, "unregister");
	ZC_EQ(zc_area_register(fd, buf, PG), 77, "register again");
	close(fd);
	ZC_CHECK(zc_wait_for(zc_pins_held() == pins, 5000), "pins left");

	pid = ZC_SYS(fork());
	if (!pid)
		limits_child(32 * PG);
	ZC_SYS(waitpid(pid, &st, 0));
	if (WIFEXITED(st) && WEXITSTATUS(st))
		_exit(WEXITSTATUS(st));
	ZC_CHECK(WIFEXITED(st), "killed by signal %d", WTERMSIG(st));
}

/* ---- memory of the device's ---- */

static int device_map_fails(int fd, size_t len, int flags, off_t off)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, off);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, len);
	return 0;
}

/* Paid for once: as long as it is mapped, or an area has it. */
static void device_limits_child(void)
{
	struct rlimit rl = { 32 * PG, 32 * PG };
	char *buf = zc_alloc(PG, 85), *p;
	int fd, id;

	ZC_SYS(setrlimit(RLIMIT_MEMLOCK, &rl));
	ZC_SYS(setresgid(NOBODY, NOBODY, NOBODY));
	ZC_SYS(setresuid(NOBODY, NOBODY, NOBODY));
	prctl(PR_SET_DUMPABLE, 1);
	fd = dev_open();
	ZC_EQ(device_map_fails(fd, 33 * PG, MAP_SHARED, 0), ENOMEM, "too long");
	p = zc_dev_memory(fd, 32 * PG);
	ZC_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
	ZC_EQ(device_map_fails(fd, PG, MAP_SHARED, 0), ENOMEM, "one more");
	id = area_make(fd, p, 32 * PG);
	ZC_EQ(area_look(fd, id).pages, 32, "pages");
	ZC_EQ(zc_area_register(fd, buf, PG), -ENOMEM, "another page");
	ZC_EQ(zc_area_unregister(fd, id), 0, "unregister");
	ZC_EQ(zc_area_register(fd, buf, PG), -ENOMEM, "still mapped");

	/* what is left of it costs what all of it does */
	ZC_SYS(munmap(p + 8 * PG, PG));
	id = area_make(fd, p + 9 * PG, 23 * PG);
	ZC_SYS(munmap(p, 32 * PG));
	area_expect(fd, id, ZEROCOPY_AREA_STALE, "munmap");
	ZC_EQ(area_look(fd, id).pages, 0, "pages of a stale area");
	ZC_EQ(device_map_fails(fd, 32 * PG, MAP_SHARED, 0), 0, "once more");
	id = area_make(fd, buf, PG);
	_exit(0);
}

static void device_memory(const void *arg)
{
	const size_t len = 64 * PG;
	unsigned char vec[64];
	int fd = dev_open(), id, st, i;
	char *p, *q;
	pid_t pid;

	(void)arg;
	ZC_EQ(device_map_fails(fd, len, MAP_PRIVATE, 0), EINVAL, "private");
	ZC_EQ(device_map_fails(fd, len, MAP_SHARED, PG), EINVAL, "offset");
	ZC_EQ(device_map_fails(fd, 1UL << 40, MAP_SHARED, 0), ENOMEM, "1 TiB");

	p = zc_dev_memory(fd, len);
	ZC_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i < (int)len; i++)
		ZC_CHECK(!p[i], "byte %d is not zero", i);
	ZC_EQ(mremap(p, len, len + PG, MREMAP_MAYMOVE) == MAP_FAILED, 1,
	      "grown");
	ZC_EQ(mremap(p, 0, len, MREMAP_MAYMOVE) == MAP_FAILED, 1, "doubled");
	zc_fill(p, len, 86);
	/* it goes where it is moved to */
	q = mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, anon(len));
	ZC_CHECK(q != MAP_FAILED, "mremap: %s", strerror(errno));
	id = area_make(fd, q, len);
	ZC_EQ(zc_area_unregister(fd, id), 0, "unregister");

	pid = ZC_SYS(fork());
	if (!pid) {
		ZC_EQ(mincore(q, len, vec), -1, "a child has it");
		ZC_EQ(errno, ENOMEM, "errno");
		ZC_EQ(device_map_fails(fd, PG, MAP_SHARED, 0), EPERM,
		      "another process");
		_exit(0);
	}
	ZC_SYS(waitpid(pid, &st, 0));
	ZC_CHECK(WIFEXITED(st) && !WEXITSTATUS(st), "the child failed");

	pid = ZC_SYS(fork());
	if (!pid)
		device_limits_child();
	ZC_SYS(waitpid(pid, &st, 0));
	if (WIFEXITED(st) && WEXITSTATUS(st))
		_exit(WEXITSTATUS(st));
	ZC_CHECK(WIFEXITED(st), "killed by signal %d", WTERMSIG(st));
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A handler runs, and the call goes on: no EINTR for a program to deal with. */
static void signals(const void *arg)
{
	struct itimerval it = { { 0, 200 }, { 0, 200 } };
	struct sigaction sa = { .sa_handler = on_alarm };
	char *buf = zc_alloc(256 * PG, 88);
	unsigned int i;
	int st;

	(void)arg;
	/* the first registration of a process is the one that gives up */
	for (i = 0; i < zc_scale(100, 30); i++) {
		pid_t pid = ZC_SYS(fork());

		if (!pid) {
			int fd = dev_open();

			sigaction(SIGALRM, &sa, NULL);
			setitimer(ITIMER_REAL, &it, NULL);
			area_make(fd, buf, 256 * PG);
			_exit(0);
		}
		ZC_SYS(waitpid(pid, &st, 0));
		ZC_CHECK(WIFEXITED(st), "killed by signal %d", WTERMSIG(st));
		if (WEXITSTATUS(st))
			_exit(WEXITSTATUS(st));
	}
}

/* Memory that is not there yet, and zero pages: what is written later counts. */
static void untouched(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	const size_t len = 64 * PG;
	struct zc_counters before;
	struct zc_hash h;
	unsigned int sum = 0;
	char *buf = anon(len);
	int fd = dev_open();
	size_t i;

	(void)arg;
	for (i = 0; i < len / 2; i += PG)
		sum += buf[i];
	ZC_EQ(sum, 0, "bytes of new memory");
	area_make(fd, buf, len);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_hash_init(&h);
	zc_counters_read(ZC_NS_A, &before);
	for (i = 0; i < 3; i++) {
		zc_fill(buf, len, 85 + i);
		send_all(&c, &h, buf, len);
		zc_settle(c.tx, 10000);
	}
	ZC_EQ(zc_delta(&before, "area_bytes"), 3 * len, "area_bytes");
	zc_finish(&c, 3 * len, zc_hash_val(&h));
	zc_close(&c);
}

static const struct from tcp = { SOCK_STREAM, M_SMALL };
static const struct from tcp_thp = { SOCK_STREAM, M_THP };
static const struct from tcp_mixed = { SOCK_STREAM, M_MIXED };
static const struct from tcp_memfd = { SOCK_STREAM, M_MEMFD };
static const struct from tcp_hugetlb = { SOCK_STREAM, M_HUGETLB };
static const struct from tcp_device = { SOCK_STREAM, M_DEVICE };
static const struct from udp = { SOCK_DGRAM, M_SMALL };
static const struct from udp_thp = { SOCK_DGRAM, M_THP };

static const struct change unregistered = {
	E_UNREGISTER, M_SMALL, .gone = true
};

static const struct change closed = { E_CLOSE, M_SMALL, .gone = true };
static const struct change unmapped = { E_MUNMAP, M_SMALL, .unmapped = true };

static const struct change unmapped_device = {
	E_MUNMAP, M_DEVICE, .unmapped = true
};

static const struct change unmapped_thp = {
	E_MUNMAP, M_THP, .unmapped = true
};

static const struct change cut = { E_MUNMAP_PART, M_SMALL, .stays = false };
static const struct change moved = { E_MREMAP, M_SMALL, .unmapped = true };
static const struct change grown = { E_MREMAP_GROW, M_SMALL, .stays = true };
static const struct change dontneed = { E_DONTNEED, M_SMALL, .stays = false };
static const struct change dontneed_thp = { E_DONTNEED, M_THP, .stays = false };

static const struct change madv_free = {
	E_MADV_FREE, M_SMALL, .stays = true
};

static const struct change paged_out = {
	E_PAGEOUT, M_SMALL, .stays = true
};

static const struct change paged_out_memfd = {
	E_PAGEOUT, M_MEMFD, .stays = true
};

static const struct change mapped_over = { E_FIXED, M_SMALL, .stays = false };
static const struct change truncated = { E_TRUNCATE, M_MEMFD, .stays = false };
static const struct change punched = { E_PUNCH, M_MEMFD, .stays = false };
static const struct change forked = { E_FORK, M_SMALL, .stays = true };
static const struct change forked_thp = { E_FORK, M_THP, .stays = true };

static const struct change forked_hugetlb = {
	E_FORK, M_HUGETLB, .stays = true
};

static const struct change protected = { E_MPROTECT, M_SMALL, .stays = true };
static const struct change forbidden = {
	E_PROT_NONE, M_SMALL, .stays = false, .unmapped = true
};

static const int by_exit, by_exec = 1, by_kill = SIGKILL;

static const struct zc_case cases[] = {
	{ "tcp", pieces, &tcp, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "tcp_thp", pieces, &tcp_thp, ZC_F_PAIR, 0 },
	{ "tcp_small_and_huge", pieces, &tcp_mixed, ZC_F_PAIR, 0 },
	{ "tcp_memfd", pieces, &tcp_memfd, ZC_F_PAIR, 0 },
	{ "tcp_hugetlb", pieces, &tcp_hugetlb, ZC_F_PAIR, 0 },
	{ "tcp_device", pieces, &tcp_device, ZC_F_PAIR, 0 },
	{ "udp", pieces, &udp, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "udp_thp", pieces, &udp_thp, ZC_F_PAIR, 0 },
	{ "mixed_tcp", mixed, &tcp, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "mixed_udp", mixed, &udp, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "no_memlock_needed", no_memlock_needed, NULL, ZC_F_PAIR, 0 },
	{ "untouched", untouched, NULL, ZC_F_PAIR, 0 },
	{ "unregister", change, &unregistered, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "close", change, &closed, ZC_F_PAIR, 0 },
	{ "munmap", change, &unmapped, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "munmap_thp", change, &unmapped_thp, ZC_F_PAIR, 0 },
	{ "munmap_device", change, &unmapped_device, ZC_F_PAIR, 0 },
	{ "munmap_part", change, &cut, ZC_F_PAIR, 0 },
	{ "mremap", change, &moved, ZC_F_PAIR, 0 },
	{ "mremap_grow", change, &grown, ZC_F_PAIR, 0 },
	{ "dontneed", change, &dontneed, ZC_F_PAIR, 0 },
	{ "dontneed_thp", change, &dontneed_thp, ZC_F_PAIR, 0 },
	{ "madv_free", change, &madv_free, ZC_F_PAIR, 0 },
	{ "pageout", change, &paged_out, ZC_F_PAIR, 0 },
	{ "pageout_memfd", change, &paged_out_memfd, ZC_F_PAIR, 0 },
	{ "mapped_over", change, &mapped_over, ZC_F_PAIR, 0 },
	{ "truncate", change, &truncated, ZC_F_PAIR, 0 },
	{ "punch_hole", change, &punched, ZC_F_PAIR, 0 },
	{ "mprotect", change, &protected, ZC_F_PAIR, 0 },
	{ "mprotect_none", change, &forbidden, ZC_F_PAIR, 0 },
	{ "fork", change, &forked, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "fork_thp", change, &forked_thp, ZC_F_PAIR, 0 },
	{ "fork_hugetlb", change, &forked_hugetlb, ZC_F_PAIR, 0 },
	{ "fork_and_write", fork_write, &tcp, ZC_F_PAIR, 0 },
	{ "fork_and_write_thp", fork_write, &tcp_thp, ZC_F_PAIR, 0 },
	{ "exit", leave, &by_exit, ZC_F_PAIR, 0 },
	{ "exec", leave, &by_exec, ZC_F_PAIR, 0 },
	{ "kill", leave, &by_kill, ZC_F_PAIR, 0 },
	{ "passed_on", passed_on, NULL, ZC_F_PAIR, 0 },
	{ "bad_input", bad_input, NULL, ZC_F_SHORT, 0 },
	{ "device_memory", device_memory, NULL, ZC_F_SHORT, 0 },
	{ "signals", signals, NULL, 0, 0 },
	{ "limits", limits, NULL, ZC_F_SHORT, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "area", cases, ZC_ARRAY_SIZE(cases));
}
