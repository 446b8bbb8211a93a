// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own selftests over the pair, with the layer loaded: S1.5 "an
 * unmodified MSG_ZEROCOPY application sees the notifications that
 * Documentation/networking/msg_zerocopy.rst promises". They are built from
 * the kernel source by the Makefile.
 */
#include "zc_test.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

struct up {
	const char *prog;
	const char *family;	/* -4 or -6 */
	const char *proto;	/* tcp or udp */
	const char *opt[6];
	const char *counter;	/* has to rise */
	bool no_copies;
};

#define OUT "/tmp/zc-upstream.out"

static pid_t spawn(enum zc_ns ns, const char **argv, const char *out)
{
	pid_t pid = ZC_SYS(fork());
	int fd;

	if (pid)
		return pid;
	zc_enter(ns);
	fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	execv(argv[0], (char **)argv);
	_exit(127);
}

static void show(const char *path, char *buf, size_t len)
{
	char *copy, *line, *save = NULL;

	if (zc_read_file(path, buf, len) < 0)
		buf[0] = 0;
	copy = strdup(buf);
	for (line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		zc_note("%s", line);
	free(copy);
}

static void upstream(const void *arg)
{
	const struct up *u = arg;
	const char *dir = getenv("ZC_PROGS") ?: ".";
	bool six = !strcmp(u->family, "-6");
	bool uring = !strcmp(u->prog, "io_uring_zerocopy_tx");
	const char *addr = six ? "fd77::2" : "10.77.0.2";
	const char *secs = zc_short || zc_debug ? "1" : "2";
	const char *rxv[32], *txv[32];
	char prog[512], rx[512], buf[4096];
	struct zc_counters before;
	int n = 0, i, st, rst;
	pid_t rpid, tpid;
	char *p;

	snprintf(prog, sizeof(prog), "%s/%s", dir, u->prog);
	snprintf(rx, sizeof(rx), "%s/msg_zerocopy", dir);
	if (access(prog, X_OK) || access(rx, X_OK))
		zc_skip("%s was not built: no kernel source", u->prog);

	rxv[n++] = rx;
	rxv[n++] = u->family;
	rxv[n++] = "-t";
	rxv[n++] = "4";
	rxv[n++] = "-C";
	rxv[n++] = "0";
	rxv[n++] = "-D";
	rxv[n++] = addr;
	/* the same -s: it checks the size of each datagram */
	for (i = 0; i < 6 && u->opt[i]; i++)
		if (!strcmp(u->opt[i], "-s")) {
			rxv[n++] = u->opt[i];
			rxv[n++] = u->opt[i + 1];
		}
	rxv[n++] = "-r";
	rxv[n++] = u->proto;
	rxv[n] = NULL;
	rpid = spawn(ZC_NS_B, rxv, OUT ".rx");
	zc_sleep_ms(zc_debug ? 2000 : 500);

	n = 0;
	txv[n++] = prog;
	txv[n++] = u->family;
	txv[n++] = "-t";
	txv[n++] = secs;
	txv[n++] = "-D";
	txv[n++] = addr;
	if (!uring) {
		txv[n++] = "-C";
		txv[n++] = "1";
	}
	for (i = 0; i < 6 && u->opt[i]; i++)
		txv[n++] = u->opt[i];
	txv[n++] = u->proto;
	txv[n] = NULL;
	/* it does not count on ENOBUFS with a few hundred packets in the NIC */
	zc_write_file("/proc/sys/net/core/optmem_max", "2000000");
	zc_counters_read(ZC_NS_A, &before);
	tpid = spawn(ZC_NS_A, txv, OUT ".tx");
	ZC_SYS(waitpid(tpid, &st, 0));
	ZC_SYS(waitpid(rpid, &rst, 0));
	show(OUT ".rx", buf, sizeof(buf));
	show(OUT ".tx", buf, sizeof(buf));
	if (uring && strstr(buf, "Invalid argument"))
		zc_skip("this kernel lacks what the test wants");
	ZC_CHECK(WIFEXITED(st) && !WEXITSTATUS(st), "sender: status %#x", st);
	ZC_CHECK(WIFEXITED(rst) && !WEXITSTATUS(rst), "receiver: status %#x",
		 rst);
	/* it only prints that; half a second is all the time it gives them */
	if (!zc_debug)
		ZC_CHECK(!strstr(buf, "missing notifications"),
			 "missing notifications");
	ZC_CHECK(!strstr(buf, "gap:"), "a gap between notifications");
	p = strstr(buf, "tx=");
	ZC_CHECK(p && atol(p + 3) > 0, "nothing was sent");
	if (u->counter)
		ZC_LAYER(zc_delta(&before, u->counter) > 0,
			 "%s did not rise", u->counter);
	if (u->no_copies)
		zc_no_copies(&before);
	unlink(OUT ".rx");
	unlink(OUT ".tx");
}

/*
 * The calls of upstream's packetdrill scripts (net/packetdrill/tcp_zerocopy_*),
 * which want a program that is not in Debian.
 */
static void log_event(struct zc_log *log, int ep)
{
	struct epoll_event ev = {};
	int n = epoll_wait(ep, &ev, 1, 0);

	zc_log(log, "epoll_wait %d, events %#x", n, ev.events);
}

static void pkt_epoll_log(struct zc_log *log, const void *arg)
{
	struct epoll_event ev = { .events = *(const u32 *)arg };
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .flags = ZC_C_NONBLOCK,
	};
	bool oneshot = ev.events & EPOLLONESHOT;
	char *buf = zc_alloc(4000, 171);
	int ep, i;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	ep = ZC_SYS(epoll_create1(EPOLL_CLOEXEC));
	ZC_SYS(epoll_ctl(ep, EPOLL_CTL_ADD, c.tx, &ev));
	if (!oneshot)
		log_event(log, ep);
	for (i = 0; i < 3; i++) {
		zc_log_ret(log, "send", zc_sendmsg(c.tx, buf, 4000, 0));
		ZC_CHECK(zc_rx_wait(&c, 4000 * (i + 1), 10000), "no bytes");
		ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
		if (!i)
			continue;
		log_event(log, ep);
		log_event(log, ep);
	}
	if (oneshot) {
		ev.events &= ~EPOLLET;
		ZC_SYS(epoll_ctl(ep, EPOLL_CTL_MOD, c.tx, &ev));
		log_event(log, ep);
		log_event(log, ep);
	}
	zc_log_notifs(log, c.tx);
	close(ep);
	zc_close(&c);
}

static void pkt_epoll(const void *arg)
{
	zc_compare(pkt_epoll_log, arg, NULL);
}

/* One byte a fragment: packets of as many as one can have, each pushed */
static void pkt_maxfrags_log(struct zc_log *log, const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .sndbuf = 2000000,
	};
	struct tcp_info before, after;
	socklen_t len = sizeof(before);
	struct iovec iov[64];
	struct msghdr msg = { .msg_iov = iov };
	char *buf = zc_alloc(64 * 4096, 172);
	int i, n;

	(void)arg;
	for (i = 0; i < 64; i++)
		iov[i] = (struct iovec){ buf + i * 4096, 1 };
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_setopt(c.tx, IPPROTO_TCP, TCP_NODELAY, 1);
	for (n = 18; n <= 64; n += 46) {
		msg.msg_iovlen = n;
		ZC_SYS(getsockopt(c.tx, IPPROTO_TCP, TCP_INFO, &before, &len));
		zc_log_ret(log, "send", sendmsg(c.tx, &msg, MSG_ZEROCOPY));
		ZC_CHECK(zc_settle(c.tx, 10000), "does not settle");
		ZC_SYS(getsockopt(c.tx, IPPROTO_TCP, TCP_INFO, &after, &len));
		/* what was sent again does not count */
		zc_log(log, "segments %u", after.tcpi_data_segs_out -
		       before.tcpi_data_segs_out - after.tcpi_total_retrans +
		       before.tcpi_total_retrans);
		zc_log_notifs(log, c.tx);
	}
	zc_close(&c);
}

static void pkt_maxfrags(const void *arg)
{
	zc_compare(pkt_maxfrags_log, arg, NULL);
}

#define MZ "msg_zerocopy"
#define UR "io_uring_zerocopy_tx"
/* the MTU is 1500: a larger datagram is copied, stock or not */
#define UDPS "-s", "1400"
/* whole segments: the driver copies packets of up to 128 bytes */
#define TCP4S "-s", "14480"
#define TCP6S "-s", "14280"

static const struct up tcp4 = {
	MZ, "-4", "tcp", { "-z", "-Z", "1", TCP4S },
	"sends", true,
};

static const struct up tcp6 = {
	MZ, "-6", "tcp", { "-z", "-Z", "1", TCP6S },
	"sends", true,
};

static const struct up udp4 = {
	MZ, "-4", "udp", { "-z", "-Z", "1", UDPS },
	"sends", true,
};

static const struct up udp6 = {
	MZ, "-6", "udp", { "-z", "-Z", "1", UDPS },
	"sends", true,
};

static const struct up cork = {
	MZ, "-4", "udp", { "-z", "-c", "3", UDPS },
	"passed_cork", false,
};

static const struct up cork_mixed = {
	MZ, "-4", "udp", { "-zm", "-c", "4", UDPS },
	"passed_cork", false,
};

static const struct up plain4 = {
	MZ, "-4", "tcp", { NULL },
	NULL, false,
};

static const struct up limit = {
	MZ, "-4", "tcp", { "-z", "-l", "1" },
	"sends", false,
};

static const struct up uring_tcp = {
	UR, "-4", "tcp", { "-m", "1", "-n", "8" },
	"passed_ubuf", false,
};

static const struct up uring_udp = {
	UR, "-4", "udp", { "-m", "1", "-n", "4", UDPS },
	"passed_ubuf", false,
};

static const struct up uring_mixed = {
	UR, "-6", "tcp", { "-m", "2", "-n", "8" },
	"passed_ubuf", false,
};

static const u32 edge = EPOLLOUT | EPOLLET;
static const u32 exclusive = EPOLLOUT | EPOLLET | EPOLLEXCLUSIVE;
static const u32 oneshot = EPOLLOUT | EPOLLET | EPOLLONESHOT;

#define F ZC_F_PAIR

static const struct zc_case cases[] = {
	{ "msg_zerocopy_tcp4", upstream, &tcp4, F | ZC_F_SHORT, 0 },
	{ "msg_zerocopy_tcp6", upstream, &tcp6, F, 0 },
	{ "msg_zerocopy_udp4", upstream, &udp4, F | ZC_F_SHORT, 0 },
	{ "msg_zerocopy_udp6", upstream, &udp6, F, 0 },
	{ "msg_zerocopy_udp_cork", upstream, &cork, F, 0 },
	{ "msg_zerocopy_udp_cork_mixed", upstream, &cork_mixed, F, 0 },
	{ "msg_zerocopy_tcp4_plain", upstream, &plain4, F, 0 },
	{ "msg_zerocopy_tcp4_each_read", upstream, &limit, F, 0 },
	{ "pkt_epoll_edge", pkt_epoll, &edge, F | ZC_F_QUEUE, 0 },
	{ "pkt_epoll_exclusive", pkt_epoll, &exclusive, F | ZC_F_QUEUE, 0 },
	{ "pkt_epoll_oneshot", pkt_epoll, &oneshot, F | ZC_F_QUEUE, 0 },
	{ "pkt_maxfrags", pkt_maxfrags, NULL, F, 0 },
	{ "io_uring_zerocopy_tx_tcp", upstream, &uring_tcp, F, 0 },
	{ "io_uring_zerocopy_tx_udp", upstream, &uring_udp, F, 0 },
	{ "io_uring_zerocopy_tx_mixed", upstream, &uring_mixed, F, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "upstream", cases, ZC_ARRAY_SIZE(cases));
}
