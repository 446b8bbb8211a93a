// SPDX-License-Identifier: GPL-2.0
/*
 * send VARIANT tcp|udp SIZE 4k|2m: one row of the benchmark.
 * send sink INTERFACE: answers at the other end of a zcsim pair, until killed.
 * send receive: the other end for a real NIC, until killed.
 *
 * A round is one send from each of the buffers, and the notifications for all of
 * them. Under QEMU's -icount the time stamp counter counts instructions; what a
 * round costs is all that this CPU does meanwhile, softirqs included, less what
 * zcsim says is its own or its peer's.
 *
 * Prints "VARIANT PROTO SIZE PAGES COST OTHER CALLS NOTES PINS PEAK", each per
 * send but for the last two: OTHER is what was taken out, PINS is per page sent,
 * PEAK the most bytes ever charged to the user.
 *
 *   ZC_BENCH_CLOCK=1       nanoseconds instead of instructions
 *   ZC_BENCH_PEER=address  over whatever NIC leads there, with nothing taken out
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../include/uapi/linux/zerocopy.h"
#include "bench.h"
#include "measure.h"

#define ROUNDS		9
#define ROUNDS_LARGE	3	/* of LARGE bytes and more */
#define ROUNDS_CLOCK	61
#define LARGE		262144
#define HUGE		(2UL << 20)
#define PAGE		4096UL
#define NOBODY		65534
#define SOCKBUF		(16 << 20)

#define SINK_TCP	"10.88.1.2"	/* its route has the MTU for TCP */
#define SINK_UDP	"10.88.0.2"

static const char *real_peer;

/* Sets RLIMIT_MEMLOCK for a registration; returns what it was. */
rlim_t memlock(rlim_t bytes)
{
	struct rlimit limit;
	rlim_t was;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		fail("limit");
	was = limit.rlim_cur;
	limit.rlim_cur = bytes;
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		fail("limit");
	return was;
}

/* ---- sends ---- */

/* Read one notification, waiting for it if there is none; returns its sends. */
static unsigned int read_note(struct bench *b)
{
	struct pollfd pfd = { .fd = b->sock };
	const struct sock_extended_err *e;
	char control[128];
	struct msghdr msg;

	for (;;) {
		msg = (struct msghdr){ .msg_control = control,
				       .msg_controllen = sizeof(control) };
		b->calls++;
		if (recvmsg(b->sock, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
			break;
		b->calls++;
		if (errno != EAGAIN || poll(&pfd, 1, 10000) <= 0)
			fail("notification");
	}
	e = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	if (e->ee_code & SO_EE_CODE_ZEROCOPY_COPIED) {
		errno = 0;
		fail("this send was copied: nothing to compare");
	}
	b->notes++;
	return e->ee_data - e->ee_info + 1;
}

static void send_one(struct bench *b, char *buf, int flags, unsigned int *due)
{
	for (;;) {
		b->calls++;
		if (send(b->sock, buf, b->size, flags) == (ssize_t)b->size)
			break;
		/* RLIMIT_MEMLOCK or optmem_max: wait for what is out. */
		if (errno != ENOBUFS || !*due)
			fail("send");
		*due -= read_note(b);
	}
	(*due)++;
}

static void round_send(struct bench *b, int flags)
{
	unsigned int i, due = 0;

	for (i = 0; i < ZC_BENCH_BUFS; i++)
		send_one(b, bench_buf(b, i), flags, &due);
	while (flags & MSG_ZEROCOPY && due)
		due -= read_note(b);
}

static void round_copy(struct bench *b)
{
	round_send(b, 0);
}

static void setup_zerocopy(struct bench *b)
{
	int one = 1;

	if (setsockopt(b->sock, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		fail("SO_ZEROCOPY");
}

static void round_zerocopy(struct bench *b)
{
	round_send(b, MSG_ZEROCOPY);
}

/* Notifications are read from shared memory, where nothing merges them. */
static struct {
	const struct zerocopy_page *page;
	__u64 due;
	int fd;
} completion;

static void setup_page(struct bench *b)
{
	struct zerocopy_completion c = { .size = sizeof(c), .socket = b->sock };
	int fd = open("/dev/zerocopy", O_RDWR | O_CLOEXEC);

	setup_zerocopy(b);
	if (fd < 0)
		fail("/dev/zerocopy");
	completion.fd = ioctl(fd, ZEROCOPY_IOC_COMPLETION, &c);
	if (completion.fd < 0)
		fail("completion page");
	close(fd);
	completion.page = mmap(NULL, c.length, PROT_READ, MAP_SHARED,
			       completion.fd, 0);
	if (completion.page == MAP_FAILED)
		fail("completion page");
	completion.due = completion.page->first;
}

static void round_page(struct bench *b)
{
	struct pollfd pfd = { .fd = completion.fd, .events = POLLIN };
	unsigned int i, due = 0;

	for (i = 0; i < ZC_BENCH_BUFS; i++)
		send_one(b, bench_buf(b, i), MSG_ZEROCOPY, &due);
	completion.due += due;
	while (__atomic_load_n(&completion.page->done, __ATOMIC_ACQUIRE) <
	       completion.due) {
		b->calls++;
		if (poll(&pfd, 1, 10000) <= 0)
			fail("completion");
	}
	if (completion.page->copied) {
		errno = 0;
		fail("a send was copied: nothing to compare");
	}
}

/* The area goes with the process. */
static void setup_area(struct bench *b)
{
	rlim_t was = memlock(RLIM_INFINITY);
	struct zerocopy_area_register area = {
		.size = sizeof(area),
		.flags = ZEROCOPY_AREA_SEND,
		.addr = (unsigned long)b->mem,
		/* A stride is whole pages. */
		.length = b->stride * ZC_BENCH_BUFS,
	};
	int fd = open("/dev/zerocopy", O_RDWR | O_CLOEXEC);

	setup_zerocopy(b);
	if (fd < 0 || ioctl(fd, ZEROCOPY_IOC_AREA_REGISTER, &area))
		fail("area");
	memlock(was);
}

static void setup_area_page(struct bench *b)
{
	setup_area(b);
	setup_page(b);
}

static void setup_uring(struct bench *b)
{
	uring_setup(b, false);
}

static void round_uring(struct bench *b)
{
	uring_round(b, false, 1);
}

static void setup_fixed(struct bench *b)
{
	uring_setup(b, true);
}

static void round_fixed(struct bench *b)
{
	uring_round(b, true, 1);
}

static void round_fixed8(struct bench *b)
{
	uring_round(b, true, 8);
}

static void attach_floor(struct bench *b, bool splice)
{
	struct zc_bench_attach attach = {
		.addr = (unsigned long)b->mem,
		.len = b->size,
		.stride = b->stride,
		.nr = ZC_BENCH_BUFS,
		.fd = b->sock,
		.splice = splice,
	};

	if (ioctl(b->module, ZC_BENCH_ATTACH, &attach))
		fail("zc_bench");
}

static void setup_floor(struct bench *b)
{
	attach_floor(b, false);
}

static void setup_splice(struct bench *b)
{
	attach_floor(b, true);
}

static const struct variant {
	const char	*name;
	void		(*setup)(struct bench *b);
	void		(*round)(struct bench *b);
} variants[] = {
	{ "copy", NULL, round_copy },
	{ "stock", setup_zerocopy, round_zerocopy },
	{ "layer", setup_zerocopy, round_zerocopy },
	{ "layer-page", setup_page, round_page },
	{ "layer-area", setup_area, round_zerocopy },
	{ "layer-area-page", setup_area_page, round_page },
	{ "io_uring", setup_uring, round_uring },
	{ "io_uring-fixed", setup_fixed, round_fixed },
	{ "io_uring-fixed8", setup_fixed, round_fixed8 },
	{ "floor", setup_floor, round_copy },
	{ "floor-splice", setup_splice, round_copy },
};

/* ---- sockets and memory ---- */

/* Where the sink is, the handshake is done by a socket that never reads. */
static int listen_at_peer(void)
{
	const struct sockaddr_in at = address(SINK_TCP, ZC_BENCH_PORT);
	int old = enter("zcbB"), l, one = 1, size = SOCKBUF;

	l = socket(AF_INET, SOCK_STREAM, 0);
	if (l < 0 ||
	    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    setsockopt(l, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(l, (struct sockaddr *)&at, sizeof(at)) || listen(l, 1))
		fail("listen");
	if (setns(old, CLONE_NEWNET))
		fail("setns");
	close(old);
	return l;
}

/* The other end never reads, but it must not be closed. */
static void accept_at_peer(int l)
{
	struct linger reset = { .l_onoff = 1 };

	l = accept(l, NULL, NULL);
	if (l < 0 ||
	    setsockopt(l, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)))
		fail("accept");
}

static void open_socket(struct bench *b)
{
	const char *host = real_peer ?: b->tcp ? SINK_TCP : SINK_UDP;
	const struct sockaddr_in to = address(host, ZC_BENCH_PORT);
	struct linger reset = { .l_onoff = 1 };
	int l = -1, one = 1, size = SOCKBUF;

	if (!real_peer) {
		if (b->tcp)
			l = listen_at_peer();
		enter("zcbA");
	}
	b->sock = socket(AF_INET, b->tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (b->sock < 0 ||
	    setsockopt(b->sock, SOL_SOCKET, SO_SNDBUFFORCE, &size,
		       sizeof(size)) ||
	    connect(b->sock, (struct sockaddr *)&to, sizeof(to)))
		fail(host);
	if (b->tcp &&
	    (setsockopt(b->sock, IPPROTO_TCP, TCP_NODELAY, &one,
			sizeof(one)) ||
	     setsockopt(b->sock, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset))))
		fail("socket options");
	if (l >= 0)
		accept_at_peer(l);
}

static unsigned long huge_kib(void)
{
	unsigned long kib, sum = 0;
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[256];

	if (!f)
		fail("smaps");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "AnonHugePages: %lu kB", &kib) == 1)
			sum += kib;
	fclose(f);
	return sum;
}

static void get_memory(struct bench *b, bool huge)
{
	size_t len;
	char *p;

	b->stride = (b->size + PAGE - 1) & ~(PAGE - 1);
	len = (b->stride * ZC_BENCH_BUFS + HUGE - 1) & ~(HUGE - 1);
	p = mmap(NULL, len + HUGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		fail("memory");
	p = (char *)(((unsigned long)p + HUGE - 1) & ~(HUGE - 1));
	if (madvise(p, len, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		fail("madvise");
	memset(p, 'z', len);
	if (huge_kib() != (huge ? len >> 10 : 0)) {
		errno = 0;
		fail("the memory is not in pages of the size that was asked for");
	}
	b->mem = p;
}

/* ---- what is not the sender's ---- */

/*
 * zcsim counts the cycles that its driver and its model of hardware take, and
 * those that the stack takes meanwhile: the latter are ours, but for the peer's.
 */
static int our_sign(const char *counter)
{
	if (strstr(counter, "_poll_cycles") || strstr(counter, "_xmit_cycles"))
		return 1;
	return strstr(counter, "_stack_cycles") ? -1 : 0;
}

/* It sends while it polls. */
static int peers_sign(const char *counter)
{
	return strstr(counter, "_poll_cycles") ? 1 : 0;
}

static struct nic_sum nics[] = {
	{ .netns = "zcbA", .name = "zcb0", .sign = our_sign },
	{ .netns = "zcbB", .name = "zcb1", .sign = peers_sign },
};

static __u64 not_ours(void)
{
	__u64 sum = 0;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(nics); n++)
		if (nics[n].fd > 0)
			sum += nic_sum(&nics[n]);
	return sum;
}

/* ---- the row ---- */

static unsigned long pins(void)
{
	char line[128];
	unsigned long n;
	FILE *f;

	/* Fold the per-CPU counts; root only. */
	f = fopen("/proc/sys/vm/stat_refresh", "r");
	if (f) {
		while (fgets(line, sizeof(line), f))
			;
		fclose(f);
	}
	f = fopen("/proc/vmstat", "r");
	if (!f)
		fail("vmstat");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "nr_foll_pin_acquired %lu", &n) == 1)
			break;
	fclose(f);
	return n;
}

static __u64 peak(const struct bench *b)
{
	__u64 pages;

	if (ioctl(b->module, ZC_BENCH_PEAK, &pages))
		fail("peak");
	return pages * PAGE;
}

static void become_nobody(bool still_root)
{
	const uid_t uid = still_root ? 0 : NOBODY;

	if (seteuid(0) || seteuid(uid))
		fail("becoming nobody");
}

/* One round, looked at from the side; it is not among those that count. */
static void measure_memory(struct bench *b, const struct variant *v,
			   double *per_page, __u64 *most)
{
	const double pages = ZC_BENCH_BUFS * ((b->size + PAGE - 1) / PAGE);
	unsigned long before;

	if (ioctl(b->module, ZC_BENCH_WATCH))
		fail("watch");
	become_nobody(true);
	before = pins();
	become_nobody(false);
	v->round(b);
	*most = peak(b);
	become_nobody(true);
	*per_page = (pins() - before) / pages;
	become_nobody(false);
}

/*
 * What lies in a queue must not be unpinned: nobody waits for it but us. Nothing
 * tells when a send queue is empty, so it is looked at.
 */
static void drain(const struct bench *b)
{
	int left;

	while (!ioctl(b->sock, SIOCOUTQ, &left) && left)
		usleep(1000);
}

static void measure(struct bench *b, const struct variant *v, const char *row,
		    unsigned int rounds)
{
	const __u64 start_ns = nanoseconds(), start_tsc = __rdtsc();
	__u64 cost[ROUNDS_CLOCK], other[ROUNDS_CLOCK], start, most;
	unsigned long calls, notes;
	double per_page, factor;
	unsigned int i;

	/* Connections, caches and queues settle. */
	b->check = true;
	v->round(b);
	b->check = false;
	for (i = 0; i < 2 + rounds / 2; i++)
		v->round(b);
	measure_memory(b, v, &per_page, &most);
	v->round(b);

	calls = b->calls;
	notes = b->notes;
	for (i = 0; i < rounds; i++) {
		other[i] = not_ours();
		start = now();
		mark_begin();
		v->round(b);
		mark_end();
		cost[i] = now() - start;
		other[i] = not_ours() - other[i];
	}
	calls = b->calls - calls;
	notes = b->notes - notes;

	factor = by_clock ? (double)(nanoseconds() - start_ns) /
			    (__rdtsc() - start_tsc) : 1;
	for (i = 0; i < rounds; i++) {
		other[i] *= factor;
		cost[i] -= other[i];
	}
	printf("%s %.1f %.1f %.3f %.3f %.3f %llu\n", row,
	       typical(cost, rounds) / ZC_BENCH_BUFS,
	       typical(other, rounds) / ZC_BENCH_BUFS,
	       (double)calls / rounds / ZC_BENCH_BUFS,
	       (double)notes / rounds / ZC_BENCH_BUFS, per_page,
	       (unsigned long long)most);
	drain(b);
}

static int sink(const char *interface)
{
	int fd = open("/dev/zc_bench", O_RDWR);

	if (fd < 0 || ioctl(fd, ZC_BENCH_SINK, if_nametoindex(interface)))
		fail("sink");
	pause();
	return 0;
}

/* Read and drop what comes; each connection of a benchmark ends with a reset. */
static int receive(void)
{
	const struct sockaddr_in at = address("0.0.0.0", ZC_BENCH_PORT);
	static char buf[1 << 20];
	struct pollfd pfd[3] = { { .events = POLLIN }, { .events = POLLIN },
				 { .fd = -1, .events = POLLIN } };
	int one = 1;

	pfd[0].fd = socket(AF_INET, SOCK_STREAM, 0);
	pfd[1].fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (pfd[0].fd < 0 || pfd[1].fd < 0 ||
	    setsockopt(pfd[0].fd, SOL_SOCKET, SO_REUSEADDR, &one,
		       sizeof(one)) ||
	    bind(pfd[0].fd, (struct sockaddr *)&at, sizeof(at)) ||
	    bind(pfd[1].fd, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(pfd[0].fd, 1))
		fail("receive");
	while (poll(pfd, 3, -1) > 0) {
		if (pfd[1].revents)
			recv(pfd[1].fd, buf, sizeof(buf), MSG_TRUNC);
		if (pfd[2].revents &&
		    recv(pfd[2].fd, buf, sizeof(buf), MSG_TRUNC) <= 0) {
			close(pfd[2].fd);
			pfd[2].fd = -1;
		}
		if (pfd[0].revents && pfd[2].fd < 0)
			pfd[2].fd = accept(pfd[0].fd, NULL, NULL);
	}
	fail("poll");
	return 0;
}

static void usage(void)
{
	fprintf(stderr, "send VARIANT tcp|udp SIZE 4k|2m | send sink INTERFACE | send receive\n");
	exit(2);
}

static const struct variant *find_variant(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(variants); i++)
		if (!strcmp(name, variants[i].name))
			return &variants[i];
	usage();
	return NULL;
}

/* An ordinary program: root is let off the accounting. */
static void limit_to_user(void)
{
	struct rlimit limit = { 8 << 20, RLIM_INFINITY };

	/* Over a real NIC more than that is out. */
	if (real_peer)
		limit.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) ||
	    setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, 0))
		fail("becoming nobody");
}

int main(int argc, char **argv)
{
	const struct variant *v;
	unsigned int rounds;
	struct bench b = { 0 };
	char row[128];

	if (argc == 3 && !strcmp(argv[1], "sink"))
		return sink(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "receive"))
		return receive();
	if (argc != 5)
		usage();
	v = find_variant(argv[1]);
	b.tcp = !strcmp(argv[2], "tcp");
	b.size = strtoul(argv[3], NULL, 0);
	if ((!b.tcp && strcmp(argv[2], "udp")) || !b.size)
		usage();
	by_clock = getenv("ZC_BENCH_CLOCK");
	real_peer = getenv("ZC_BENCH_PEER");
	rounds = by_clock ? ROUNDS_CLOCK :
		 b.size >= LARGE ? ROUNDS_LARGE : ROUNDS;
	snprintf(row, sizeof(row), "%s %s %zu %s", argv[1], argv[2], b.size,
		 argv[4]);

	b.module = open("/dev/zc_bench", O_RDWR);
	if (b.module < 0)
		fail("zc_bench");
	if (!real_peer) {
		nic_sum_open(&nics[0]);
		nic_sum_open(&nics[1]);
	}
	open_socket(&b);
	limit_to_user();
	get_memory(&b, !strcmp(argv[4], "2m"));
	if (v->setup)
		v->setup(&b);
	measure(&b, v, row, rounds);
	return 0;
}
