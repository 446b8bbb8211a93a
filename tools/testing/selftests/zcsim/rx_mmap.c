// SPDX-License-Identifier: GPL-2.0
/*
 * TCP_ZEROCOPY_RECEIVE in a memory cgroup: who is charged, and until when.
 *
 *   rx_mmap CASE      runs in the root namespaces, between the namespaces zsA
 *                     and zsB; "rx_mmap list" prints the cases
 *
 * Exit status 0, 1, or 4 with the reason if this kernel cannot do it. It works
 * on the pair that run_kselftest.sh set up, with an MTU for segments of one
 * page and header split.
 *
 * The receiver is a process of its own, in a cgroup of its own, and does what
 * it is told to; the test sends, and looks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#define PAGE	4096L
#define PAGES	1024L		/* of a transfer, unless said otherwise */
#define ROOM	(4 * PAGES)	/* where a receiver can map */
#define CGROUPS	"/tmp/zs.cgroup"
#define OUTER	CGROUPS "/zs"
#define INNER	OUTER "/rx"
#define SYSCTL	"/proc/sys/net/ipv4/tcp_zerocopy_unaccounted"

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(1);
}

static void __attribute__((noreturn)) skip(const char *why)
{
	printf("%s\n", why);
	exit(4);
}

#define CHECK(cond, ...)						\
	do {								\
		if (!(cond)) {						\
			printf("line %d: ", __LINE__);			\
			die(__VA_ARGS__);				\
		}							\
	} while (0)

#define SYS(call)							\
	({								\
		long r_ = (long)(call);					\
		CHECK(r_ >= 0, "%s: %s", #call, strerror(errno));	\
		r_;							\
	})

static void run(const char *command)
{
	CHECK(!system(command), "failed: %s", command);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* There is no event to wait for. */
#define wait_for(cond)							\
	({								\
		long end_ = now_ms() + 30000;				\
		bool ok_;						\
		while (!(ok_ = (cond)) && now_ms() < end_)		\
			usleep(20000);					\
		ok_;							\
	})

/* NULL: where the test began */
static void enter(const char *ns)
{
	static int root = -1;
	char path[64];
	int fd;

	if (root < 0)
		root = SYS(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	if (!ns) {
		SYS(setns(root, CLONE_NEWNET));
		return;
	}
	snprintf(path, sizeof(path), "/var/run/netns/%s", ns);
	fd = SYS(open(path, O_RDONLY | O_CLOEXEC));
	SYS(setns(fd, CLONE_NEWNET));
	close(fd);
}

/*
 * Each CPU has a look at its network softirq: skbs are freed by the CPU that
 * they came in on, and that has a list of them until then.
 */
static void kick(void)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("127.0.0.1"),
	};
	socklen_t len = sizeof(sin);
	static int fd = -1;
	static pid_t pid;
	cpu_set_t old, one;
	int cpu;

	if (fd < 0 || pid != getpid()) {
		pid = getpid();
		fd = SYS(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		SYS(bind(fd, (void *)&sin, sizeof(sin)));
		SYS(getsockname(fd, (void *)&sin, &len));
		SYS(connect(fd, (void *)&sin, sizeof(sin)));
	}
	SYS(sched_getaffinity(0, sizeof(old), &old));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &old))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		SYS(sched_setaffinity(0, sizeof(one), &one));
		SYS(send(fd, "", 1, 0));
		SYS(recv(fd, &len, 1, 0));
	}
	SYS(sched_setaffinity(0, sizeof(old), &old));
}

/* ---- what the kernel says ---- */

/* Returns -errno, and says nothing about it. */
static int try_write(const char *path, const char *val)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, val, strlen(val)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void put(const char *path, const char *val)
{
	int err = try_write(path, val);

	CHECK(!err, "%s to %s: %s", val, path, strerror(-err));
}

/* The number behind a name at the beginning of a line, or alone; -1: none */
static long number(const char *path, const char *name)
{
	char line[256];
	long val = -1;
	size_t n = name ? strlen(name) : 0;
	FILE *f = fopen(path, "re");

	CHECK(f, "%s: %s", path, strerror(errno));
	while (val < 0 && fgets(line, sizeof(line), f)) {
		if (!name)
			val = atol(line);
		else if (!strncmp(line, name, n) && line[n] == ' ')
			val = atol(line + n + 1);
	}
	fclose(f);
	return val;
}

/* Of the whole machine, in pages; without what CPUs still keep to themselves */
static long pages_of(const char *name)
{
	put("/proc/sys/vm/stat_refresh", "1");
	return number("/proc/vmstat", name);
}

static bool charges(void)
{
	return number("/proc/vmstat", "nr_network") >= 0;
}

/* Of a cgroup, in pages */
static long network(const char *cgroup)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/memory.stat", cgroup);
	return number(path, "network") / PAGE;
}

static long current_of(const char *cgroup)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/memory.current", cgroup);
	return number(path, NULL) / PAGE;
}

/* What CPUs have charged in advance, and what else a process needs, in pages */
static long slack(void)
{
	return 128 + 64 * sysconf(_SC_NPROCESSORS_ONLN);
}

/* ---- cgroups ---- */

static pid_t owner;

static void cgroups_down(void)
{
	if (getpid() != owner)
		return;
	try_write(OUTER "/cgroup.kill", "1");
	wait_for(!rmdir(INNER) || errno == ENOENT);
	wait_for(!rmdir(OUTER) || errno == ENOENT);
	umount2(CGROUPS, MNT_DETACH);
}

static void cgroups_up(void)
{
	owner = getpid();
	mkdir(CGROUPS, 0700);
	if (mount("none", CGROUPS, "cgroup2", 0, NULL))
		skip("there is no cgroup2");
	if (try_write(CGROUPS "/cgroup.subtree_control", "+memory"))
		skip("there are no memory cgroups");
	SYS(mkdir(OUTER, 0700));
	put(OUTER "/cgroup.subtree_control", "+memory");
	SYS(mkdir(INNER, 0700));
	CHECK(!atexit(cgroups_down), "atexit");
}

/* ---- a receiver ---- */

enum command { MAP, UNMAP, DONTNEED, REPLACE, AGAIN, FORK, SPLICE, EXIT };

struct order {
	enum command	cmd;
	long		at, pages;
};

struct answer {
	long		mapped, copied;		/* pages, bytes */
	int		err;			/* errno of getsockopt() */
};

struct rx {
	pid_t	pid;
	int	ctl;		/* orders out, answers in */
	int	tx;		/* the sender's socket */
	int	fd;		/* in the receiver: its socket */
	char	*mem;
	uint64_t sent, got;	/* words and bytes of the stream */
	long	n;		/* pages that are mapped, see mapped() */
	int	pipe[2];
	pid_t	sharer;
};

static uint64_t word(uint64_t n)
{
	return (n + 1) * 0x9e3779b97f4a7c15ULL;
}

/* Bytes of the stream, as they should be */
static void compare(struct rx *r, const char *p, long len)
{
	uint64_t v = word(r->got / 8);
	long n;

	for (; len; p += n, len -= n, r->got += n) {
		if (!(r->got % 8))
			v = word(r->got / 8);
		n = 8 - r->got % 8;
		if (n > len)
			n = len;
		CHECK(!memcmp(p, (char *)&v + r->got % 8, n),
		      "wrong byte at or behind %lu", (unsigned long)r->got);
	}
}

static char copied[256 * 1024];

static void copy(struct rx *r, long len)
{
	long n;

	for (; len; len -= n) {
		n = len < (long)sizeof(copied) ? len : (long)sizeof(copied);
		n = recv(r->fd, copied, n, MSG_WAITALL);
		CHECK(n > 0, "recv: %s", n ? strerror(errno) : "end");
		compare(r, copied, n);
	}
}

/* So many pages of the stream, mapped one behind the other, if they can be */
static struct answer map(struct rx *r, long at, long pages)
{
	struct answer a = {};
	long left = pages * PAGE;
	char *to = r->mem + at * PAGE;

	while (left) {
		struct tcp_zerocopy_receive zc = {
			.address = (uintptr_t)to, .length = left,
		};
		struct pollfd pfd = { .fd = r->fd, .events = POLLIN };
		socklen_t len = sizeof(zc);

		CHECK(poll(&pfd, 1, 60000) == 1, "nothing to receive");
		if (getsockopt(r->fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &zc,
			       &len)) {
			a.err = errno;
			return a;
		}
		if (zc.length) {
			compare(r, to, zc.length);
			to += zc.length;
			left -= zc.length;
			a.mapped += zc.length / PAGE;
		}
		if (zc.recv_skip_hint && left) {
			if (zc.recv_skip_hint > left)
				zc.recv_skip_hint = left;
			copy(r, zc.recv_skip_hint);
			left -= zc.recv_skip_hint;
			a.copied += zc.recv_skip_hint;
		}
	}
	return a;
}

static void share(struct rx *r)
{
	char c;

	SYS(pipe2(r->pipe, O_CLOEXEC));
	r->sharer = SYS(fork());
	if (r->sharer)
		return;
	close(r->pipe[1]);
	c = read(r->pipe[0], &c, 1);
	_exit(0);
}

static struct answer obey(struct rx *r, const struct order *o)
{
	char *at = r->mem + o->at * PAGE;
	long len = o->pages * PAGE;
	struct answer a = {};
	struct iovec iov = { at, len };

	switch (o->cmd) {
	case AGAIN:	/* where something is mapped already */
	case MAP:
		return map(r, o->at, o->pages);
	case UNMAP:
		SYS(munmap(at, len));
		SYS(mmap(at, len, PROT_READ, MAP_SHARED | MAP_FIXED, r->fd, 0));
		break;
	case DONTNEED:
		SYS(madvise(at, len, MADV_DONTNEED));
		break;
	case REPLACE:
		SYS(mmap(at, len, PROT_READ, MAP_SHARED | MAP_FIXED, r->fd, 0));
		break;
	case FORK:
		if (!r->sharer) {
			share(r);
			break;
		}
		close(r->pipe[0]);
		close(r->pipe[1]);
		SYS(waitpid(r->sharer, NULL, 0));
		r->sharer = 0;
		break;
	case SPLICE:	/* references without a mapping */
		if (!r->pipe[0]) {
			SYS(pipe2(r->pipe, O_CLOEXEC | O_NONBLOCK));
			a.mapped = vmsplice(r->pipe[1], &iov, 1, 0) / PAGE;
			break;
		}
		close(r->pipe[0]);
		close(r->pipe[1]);
		r->pipe[0] = 0;
		break;
	case EXIT:
		exit(0);
	}
	return a;
}

static void __attribute__((noreturn)) receiver(struct rx *r, int listener)
{
	struct answer a;
	struct order o;
	int fd;

	/* What belongs to others would keep it alive for them. */
	for (fd = 3; fd < 256; fd++)
		if (fd != r->ctl && fd != listener)
			close(fd);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	put(INNER "/cgroup.procs", "0");
	memset(copied, 1, sizeof(copied));
	r->fd = SYS(accept(listener, NULL, NULL));
	close(listener);
	r->mem = mmap(NULL, ROOM * PAGE, PROT_READ, MAP_SHARED, r->fd, 0);
	CHECK(r->mem != MAP_FAILED, "mmap: %s", strerror(errno));
	while (read(r->ctl, &o, sizeof(o)) == sizeof(o)) {
		a = obey(r, &o);
		SYS(write(r->ctl, &a, sizeof(a)));
	}
	exit(0);
}

static void rx_start(struct rx *r)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = inet_addr("10.79.0.2"),
	};
	socklen_t len = sizeof(sin);
	int ctl[2], listener, room = 512 * 1024;

	memset(r, 0, sizeof(*r));
	SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl));
	enter("zsB");
	listener = SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	/* What waits to be received is charged to the cgroup as well. */
	SYS(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)));
	SYS(bind(listener, (void *)&sin, sizeof(sin)));
	SYS(listen(listener, 1));
	SYS(getsockname(listener, (void *)&sin, &len));
	fflush(stdout);
	r->pid = SYS(fork());
	if (!r->pid) {
		r->ctl = ctl[1];
		receiver(r, listener);
	}
	close(listener);
	close(ctl[1]);
	r->ctl = ctl[0];
	enter("zsA");
	r->tx = SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	SYS(connect(r->tx, (void *)&sin, sizeof(sin)));
}

static void tell(struct rx *r, enum command cmd, long at, long pages)
{
	struct order o = { cmd, at, pages };

	SYS(write(r->ctl, &o, sizeof(o)));
}

static struct answer ask(struct rx *r)
{
	struct answer a;

	CHECK(read(r->ctl, &a, sizeof(a)) == sizeof(a),
	      "the receiver is gone");
	return a;
}

static struct answer order(struct rx *r, enum command cmd, long at, long pages)
{
	tell(r, cmd, at, pages);
	return ask(r);
}

static void push(struct rx *r, long pages)
{
	static uint64_t page[PAGE / 8];
	unsigned int i;

	while (pages--) {
		for (i = 0; i < PAGE / 8; i++)
			page[i] = word(r->sent++);
		/* Segments of a page each: the last one says that this is all. */
		CHECK(send(r->tx, page, PAGE, pages ? MSG_MORE : 0) == PAGE,
		      "send: %s", strerror(errno));
	}
}

static struct answer transfer(struct rx *r, long at, long pages)
{
	tell(r, MAP, at, pages);
	push(r, pages);
	return ask(r);
}

static void rx_end(struct rx *r, int sig)
{
	if (sig)
		kill(r->pid, sig);
	close(r->ctl);
	SYS(waitpid(r->pid, NULL, 0));
	close(r->tx);
}

/* ---- the cases ---- */

struct start {
	long current, pages;
};

static struct start look(void)
{
	struct start s;

	s.current = current_of(OUTER);
	s.pages = charges() ? pages_of("nr_network") : 0;
	return s;
}

/* So many pages are charged, by each account */
static void expect(const struct start *s, const char *cgroup, long pages)
{
	CHECK(wait_for((kick(), pages_of("nr_network") - s->pages == pages)),
	      "nr_network: %ld, expected %ld",
	      pages_of("nr_network") - s->pages, pages);
	CHECK(wait_for(network(cgroup) == pages),
	      "memory.stat: %ld, expected %ld", network(cgroup), pages);
	CHECK(wait_for(labs(current_of(cgroup) - s->current - pages) <=
		       slack()),
	      "memory.current: %ld more, expected %ld",
	      current_of(cgroup) - s->current, pages);
}

static void need_charges(void)
{
	if (!charges())
		skip("this kernel does not charge who maps: patches/7.2, 0021 to 0024");
}

/* All but what the sender had to cut for the window */
static long most(struct answer a, long pages)
{
	CHECK(!a.err, "TCP_ZEROCOPY_RECEIVE: %s", strerror(a.err));
	CHECK(a.mapped >= pages / 4 * 3,
	      "%ld of %ld pages mapped, %ld bytes copied", a.mapped, pages,
	      a.copied);
	return a.mapped;
}

static struct start mapped(struct rx *r)
{
	struct start s;

	need_charges();
	rx_start(r);
	order(r, DONTNEED, 0, 1);	/* it is in its cgroup */
	s = look();
	r->n = most(transfer(r, 0, PAGES), PAGES);
	expect(&s, OUTER, r->n);
	return s;
}

static void unmapped(enum command how)
{
	struct start s;
	struct rx r;

	s = mapped(&r);
	order(&r, how, 0, PAGES / 2);
	expect(&s, OUTER, r.n - PAGES / 2);
	order(&r, how, PAGES / 2, PAGES - PAGES / 2);
	expect(&s, OUTER, 0);
	rx_end(&r, 0);
}

static void t_munmap(void)
{
	unmapped(UNMAP);
}

static void t_dontneed(void)
{
	unmapped(DONTNEED);
}

static void t_replaced(void)
{
	unmapped(REPLACE);
}

/* Where something is mapped already, it is unmapped first. */
static void t_again(void)
{
	struct answer a;
	struct start s;
	struct rx r;

	s = mapped(&r);
	order(&r, DONTNEED, 64, PAGES - 64);
	expect(&s, OUTER, 64);
	a = transfer(&r, 0, 256);
	expect(&s, OUTER, most(a, 256));
	order(&r, UNMAP, 0, PAGES);
	expect(&s, OUTER, 0);
	rx_end(&r, 0);
}

static void t_exit(void)
{
	struct start s;
	struct rx r;

	s = mapped(&r);
	tell(&r, EXIT, 0, 0);
	rx_end(&r, 0);
	expect(&s, OUTER, 0);
}

static void t_kill(void)
{
	struct start s;
	struct rx r;

	s = mapped(&r);
	rx_end(&r, SIGKILL);
	expect(&s, OUTER, 0);
}

/* Who maps it first pays until nobody has it. */
static void t_fork(void)
{
	struct start s;
	struct rx r;

	s = mapped(&r);
	order(&r, FORK, 0, 0);
	order(&r, UNMAP, 0, PAGES);
	expect(&s, OUTER, r.n);
	order(&r, FORK, 0, 0);
	expect(&s, OUTER, 0);
	rx_end(&r, 0);
}

static void t_splice(void)
{
	struct answer a;
	struct start s;
	struct rx r;

	s = mapped(&r);
	a = order(&r, SPLICE, 0, 16);
	CHECK(a.mapped > 0 && a.mapped <= 16, "%ld pages in the pipe",
	      a.mapped);
	order(&r, UNMAP, 0, PAGES);
	expect(&s, OUTER, a.mapped);
	order(&r, SPLICE, 0, 0);
	expect(&s, OUTER, 0);
	rx_end(&r, 0);
}

/* A clone of each packet holds the pages: the skb is the last. */
static void t_skb_last(void)
{
	int room = 64 << 20, fd;
	struct start s;
	struct rx r;

	need_charges();
	enter("zsB");
	fd = SYS(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP)));
	SYS(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)));
	s = mapped(&r);
	order(&r, UNMAP, 0, PAGES);
	expect(&s, OUTER, r.n);
	close(fd);
	expect(&s, OUTER, 0);
	rx_end(&r, 0);
}

/* The cgroup goes while its pages are mapped: its parent pays. */
static void t_rmdir(void)
{
	struct start s;
	char pid[16];
	struct rx r;

	s = mapped(&r);
	CHECK(network(INNER) == r.n, "%ld pages", network(INNER));
	snprintf(pid, sizeof(pid), "%d", r.pid);
	put(CGROUPS "/cgroup.procs", pid);
	CHECK(wait_for(!rmdir(INNER)), "rmdir: %s", strerror(errno));
	expect(&s, OUTER, r.n);
	order(&r, UNMAP, 0, PAGES);
	expect(&s, OUTER, 0);
	rx_end(&r, 0);
}

/* At the limit the data is copied. Nobody is killed, no byte is wrong. */
static void t_limit(void)
{
	struct answer a;
	struct start s;
	char max[32];
	struct rx r;

	need_charges();
	rx_start(&r);
	order(&r, DONTNEED, 0, 1);
	s = look();
	snprintf(max, sizeof(max), "%ld", (s.current + 2 * PAGES) * PAGE);
	put(INNER "/memory.max", max);
	a = transfer(&r, 0, 3 * PAGES);
	CHECK(!a.err, "TCP_ZEROCOPY_RECEIVE: %s", strerror(a.err));
	CHECK(a.mapped > PAGES && a.copied && a.mapped < 2 * PAGES,
	      "%ld pages mapped, %ld bytes copied", a.mapped, a.copied);
	CHECK(!number(INNER "/memory.events", "oom_kill"), "somebody died");
	expect(&s, OUTER, a.mapped);
	printf("%ld of %ld pages mapped, %ld bytes copied, memory.max %s\n",
	       a.mapped, 3 * PAGES, a.copied, max);
	order(&r, UNMAP, 0, ROOM);
	expect(&s, OUTER, 0);
	/* and then there is room again */
	a = transfer(&r, 0, 256);
	CHECK(most(a, 256), "nothing is mapped");
	rx_end(&r, 0);
	expect(&s, OUTER, 0);
}

/* The pools go while their pages are mapped. */
static void t_down(void)
{
	struct start s;
	struct rx r;

	s = mapped(&r);
	run("ip -n zsA link set zs0 down && ip -n zsB link set zs1 down");
	expect(&s, OUTER, r.n);
	order(&r, UNMAP, 0, PAGES);
	expect(&s, OUTER, 0);
	CHECK(wait_for(!pages_of("nr_network_free")), "%ld pages are kept",
	      pages_of("nr_network_free"));
	rx_end(&r, 0);
}

/* What users give back is what the NIC receives into next. */
static void t_kept(void)
{
	struct start s;
	struct rx r;
	long kept;

	s = mapped(&r);
	order(&r, UNMAP, 0, PAGES);
	expect(&s, OUTER, 0);
	kept = pages_of("nr_network_free");
	CHECK(kept > 0 && kept <= 1024, "%ld pages are kept", kept);
	most(transfer(&r, 0, PAGES / 2), PAGES / 2);
	CHECK(pages_of("nr_network_free") < kept, "%ld pages are kept",
	      pages_of("nr_network_free"));
	rx_end(&r, 0);
	expect(&s, OUTER, 0);
}

/* A driver that has not opted in, or a kernel that does not know of it */
static void unaccounted(long *mapped)
{
	struct answer a;
	struct start s;
	struct rx r;

	rx_start(&r);
	order(&r, DONTNEED, 0, 1);
	s = look();
	a = transfer(&r, 0, PAGES);
	CHECK(!a.err, "TCP_ZEROCOPY_RECEIVE: %s", strerror(a.err));
	*mapped = a.mapped;
	CHECK(labs(current_of(OUTER) - s.current) <= slack(),
	      "memory.current: %ld more", current_of(OUTER) - s.current);
	if (charges())
		expect(&s, OUTER, 0);
	order(&r, UNMAP, 0, PAGES);
	rx_end(&r, 0);
}

static void set_sysctl(const char *val)
{
	enter(NULL);
	put(SYSCTL, val);
}

/* It takes effect when the queues start. */
static void opt(const char *in)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "ip netns exec zsB ethtool --set-priv-flags zs1 charge-user %s",
		 in);
	run(command);
	run("ip -n zsB link set zs1 down && ip -n zsB link set zs1 up");
}

static void t_stock(void)
{
	long mapped;

	if (charges())
		opt("off");
	unaccounted(&mapped);
	CHECK(mapped >= PAGES / 4 * 3, "%ld pages mapped", mapped);
	printf("%ld pages mapped, memory.current does not move\n", mapped);
	if (!charges())
		return;

	set_sysctl("0");
	unaccounted(&mapped);
	set_sysctl("1");
	CHECK(!mapped, "%ld pages mapped", mapped);
	opt("on");
	/* and who has opted in is not affected */
	set_sysctl("0");
	t_munmap();
	set_sysctl("1");
}

/* Only the initial network namespace has it, and it is a switch. */
static void t_sysctl(void)
{
	need_charges();
	enter(NULL);
	CHECK(try_write(SYSCTL, "2") == -EINVAL, "2 was taken");
	CHECK(try_write(SYSCTL, "-1") == -EINVAL, "-1 was taken");
	CHECK(number(SYSCTL, NULL) == 1, "%ld", number(SYSCTL, NULL));
	run("! ip netns exec zsB test -e " SYSCTL);
}

/* ---- anything, in any order ---- */

static uint64_t seed;

static unsigned long pick(unsigned long n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static void t_random(void)
{
	const char *env = getenv("ZC_RX_MMAP");
	long n = env ? atol(env) : 300, i, at, len, mapped = 0, copied = 0;
	struct rx rx[3] = {};
	int packet = -1, room = 64 << 20;
	struct answer a;
	struct start s;
	struct rx *r;

	need_charges();
	env = getenv("ZC_SEED");
	seed = env ? strtoull(env, NULL, 0) : (unsigned long)now_ms() | 1;
	printf("seed %#lx\n", (unsigned long)seed);
	s = look();
	for (i = 0; i < n; i++) {
		r = &rx[pick(3)];
		if (!r->pid)
			rx_start(r);
		at = pick(ROOM - 1);
		len = 1 + pick(ROOM - at < 64 ? ROOM - at : 64);
		switch (pick(12)) {
		case 0 ... 3:
			a = transfer(r, at, len);
			CHECK(!a.err, "%s", strerror(a.err));
			mapped += a.mapped;
			copied += a.copied;
			break;
		case 4:
			order(r, UNMAP, at, len);
			break;
		case 5:
			order(r, DONTNEED, at, len);
			break;
		case 6:
			order(r, REPLACE, 0, ROOM);
			break;
		case 7:
			order(r, DONTNEED, 0, ROOM / 2);
			break;
		case 8:
			rx_end(r, pick(2) ? SIGKILL : 0);
			r->pid = 0;
			break;
		case 9:
			try_write(OUTER "/memory.reclaim", "256K");
			if (!pick(8))
				put("/proc/sys/vm/drop_caches", "1");
			break;
		case 10:
			if (packet < 0) {
				enter("zsB");
				packet = SYS(socket(AF_PACKET, SOCK_RAW |
						    SOCK_CLOEXEC,
						    htons(ETH_P_IP)));
				SYS(setsockopt(packet, SOL_SOCKET,
					       SO_RCVBUFFORCE, &room,
					       sizeof(room)));
			} else {
				close(packet);
				packet = -1;
			}
			break;
		case 11:
			order(r, FORK, 0, 0);
			break;
		}
		if (!pick(200))
			run("ip -n zsB link set zs1 down && ip -n zsB link set zs1 up");
	}
	for (i = 0; i < 3; i++)
		if (rx[i].pid)
			rx_end(&rx[i], pick(2) ? SIGKILL : 0);
	if (packet >= 0)
		close(packet);
	expect(&s, OUTER, 0);
	printf("%ld steps, %ld pages mapped, %ld bytes copied\n", n, mapped,
	       copied);
	CHECK(mapped > n / 10, "%ld pages mapped", mapped);
}

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
	{ "munmap", t_munmap },
	{ "dontneed", t_dontneed },
	{ "replaced", t_replaced },
	{ "again", t_again },
	{ "exit", t_exit },
	{ "kill", t_kill },
	{ "fork", t_fork },
	{ "splice", t_splice },
	{ "skb_last", t_skb_last },
	{ "rmdir", t_rmdir },
	{ "limit", t_limit },
	{ "down", t_down },
	{ "kept", t_kept },
	{ "stock", t_stock },
	{ "sysctl", t_sysctl },
	{ "random", t_random },
	{}
};

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; argc == 2 && cases[i].name; i++) {
		if (!strcmp(argv[1], "list")) {
			puts(cases[i].name);
		} else if (!strcmp(argv[1], cases[i].name)) {
			cgroups_up();
			cases[i].fn();
			return 0;
		}
	}
	if (argc == 2 && !strcmp(argv[1], "list"))
		return 0;
	fprintf(stderr, "usage: rx_mmap CASE, rx_mmap list\n");
	return 2;
}
