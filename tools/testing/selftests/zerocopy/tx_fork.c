// SPDX-License-Identifier: GPL-2.0
/*
 * S1.7: MSG_ZEROCOPY pins instead of taking page references. After fork() and
 * a write with data in flight the parent keeps its page frame, and the child
 * gets the copy; with page references it was the other way round.
 */
#include "zc_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGES 64

static u64 pfn(const void *p)
{
	u64 e = 0;
	int fd;

	fd = ZC_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	ZC_EQ(pread(fd, &e, 8, (uintptr_t)p / 4096 * 8), 8, "pagemap");
	close(fd);
	ZC_CHECK(e >> 63, "page is not present");
	e &= (1ULL << 55) - 1;
	if (!e)
		zc_skip("no page frame numbers in pagemap");
	return e;
}

struct fk {
	int type;
	bool thp;
	bool stock;		/* the kernel's own MSG_ZEROCOPY */
};

/* patches/7.2: it pins as well */
static void want_stock_pins(void)
{
	if (zc_system("grep -qw msg_zerocopy_pin /proc/kallsyms"))
		zc_skip("this kernel's MSG_ZEROCOPY takes references");
}

static void keep_page(const void *arg)
{
	const struct fk *f = arg;
	bool stream = f->type == SOCK_STREAM;
	struct zc_conn c = {
		.family = AF_INET, .type = f->type, .rcvbuf = 1 << 16,
		.sndbuf = 16 << 20,
	};
	size_t len = stream ? ZC_MB(4) : 1400;
	u64 before[PAGES];
	int i, st, moved = 0, n = stream && !f->thp ? PAGES : 1;
	struct zc_counters counters;
	struct zc_ids ids = {};
	long long pins;
	char *buf, *tail;
	pid_t pid;

	if (f->stock) {
		want_stock_pins();
		zc_set_enabled(ZC_NS_A, 0);
	}
	buf = f->thp ? zc_alloc_thp(len, 61) : zc_alloc(len, 61);
	if (!buf)
		zc_skip("no transparent huge pages to be had");
	tail = stream ? buf + len - PAGES * 4096 : buf;
	zc_open(&c);
	zc_rx_start(&c, 0);
	if (!stream)
		zc_qdisc(ZC_NS_A, "netem delay 3s");
	if (f->stock && !zc_nolayer)
		zc_counters_read(ZC_NS_A, &counters);
	pins = zc_pins_held();
	/* the peer's buffer is far too small: the tail stays here */
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
	if (stream)
		ZC_CHECK(zc_outq(c.tx) > 0, "nothing is in flight");
	else
		zc_notif_none(c.tx);
	for (i = 0; i < n; i++)
		before[i] = pfn(tail + i * 4096);

	pid = ZC_SYS(fork());
	if (!pid) {
		unsigned char old[PAGES];
		int j;

		/* the parent writes meanwhile, the child must not see it */
		for (j = 0; j < n; j++)
			old[j] = tail[j * 4096];
		zc_sleep_ms(300);
		for (j = 0; j < n; j++)
			if ((unsigned char)tail[j * 4096] != old[j])
				_exit(1);
		_exit(0);
	}
	zc_sleep_ms(100);
	for (i = 0; i < n; i++)
		tail[i * 4096] ^= 0xff;
	for (i = 0; i < n; i++)
		if (pfn(tail + i * 4096) != before[i])
			moved++;
	ZC_SYS(waitpid(pid, &st, 0));
	ZC_CHECK(WIFEXITED(st) && !WEXITSTATUS(st),
		 "the child sees what the parent wrote after fork()");
	if (!f->stock) {
		ZC_LAYER_EQ(moved, 0, "pages that the parent lost");
	} else {
		ZC_EQ(moved, 0, "pages that the parent lost");
		ZC_CHECK(zc_pins_held() - pins >= n, "%lld pins",
			 zc_pins_held() - pins);
		if (!zc_nolayer)
			ZC_EQ(zc_delta(&counters, "loans"), 0, "loans");
		zc_rx_limit(&c, UINT64_MAX);
		/* a packet of many pages may be made linear by the driver */
		ZC_CHECK(zc_notif_wait(c.tx, &ids, 1, 20000), "no notification");
		ZC_CHECK(zc_wait_for(zc_pins_held() == pins, 10000),
			 "%lld pins left", zc_pins_held() - pins);
	}
	zc_close(&c);
}

/*
 * The reason behind it: what the parent writes into its buffer before the
 * data has left is what the peer gets, as without fork(). Otherwise the peer
 * would get what the child's copy holds.
 */
static void peer_sees(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 16 << 20,
	};
	const size_t len = ZC_MB(4), tail = ZC_MB(3);
	char *buf = zc_alloc(len, 62);
	pid_t pid;
	int st;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, 0);
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
	pid = ZC_SYS(fork());
	if (!pid) {
		zc_sleep_ms(500);
		_exit(0);
	}
	zc_fill(buf + tail, len - tail, 63);
	ZC_SYS(waitpid(pid, &st, 0));
	if (zc_dry)
		return;
	zc_finish(&c, len, zc_hash_buf(buf, len));
	zc_close(&c);
}

/* fork() with loans out, parent dies, child lives on: nothing leaks */
static void parent_dies(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 16 << 20,
	};
	const size_t len = ZC_MB(2);
	char *buf = zc_alloc(len, 64);
	u64 hash = zc_hash_buf(buf, len);
	pid_t pid, grandchild;
	int st, p[2];

	(void)arg;
	zc_open(&c);
	ZC_SYS(pipe(p));
	pid = ZC_SYS(fork());
	if (!pid) {
		ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
		grandchild = ZC_SYS(fork());
		if (!grandchild) {
			/* has the socket and the memory; scribbles on it */
			memset(buf, 0, len);
			if (write(p[1], "x", 1) != 1)
				_exit(1);
			zc_sleep_ms(3000);
			_exit(0);
		}
		kill(getpid(), SIGKILL);
	}
	close(p[1]);
	ZC_SYS(waitpid(pid, &st, 0));
	ZC_EQ(read(p[0], &st, 1), 1, "read");
	if (!zc_dry)
		zc_finish(&c, len, hash);
	zc_close(&c);
}

static const struct fk tcp = { SOCK_STREAM, false, false };
static const struct fk tcp_thp = { SOCK_STREAM, true, false };
static const struct fk udp = { SOCK_DGRAM, false, false };
static const struct fk stock_tcp = { SOCK_STREAM, false, true };
static const struct fk stock_tcp_thp = { SOCK_STREAM, true, true };
static const struct fk stock_udp = { SOCK_DGRAM, false, true };

static const struct zc_case cases[] = {
	{ "parent_keeps_page", keep_page, &tcp, ZC_F_PAIR | ZC_F_SHORT, 0 },
	{ "parent_keeps_page_thp", keep_page, &tcp_thp, ZC_F_PAIR, 0 },
	{ "parent_keeps_page_udp", keep_page, &udp, ZC_F_PAIR, 0 },
	{ "stock_keeps_page", keep_page, &stock_tcp, ZC_F_PAIR, 0 },
	{ "stock_keeps_page_thp", keep_page, &stock_tcp_thp, ZC_F_PAIR, 0 },
	{ "stock_keeps_page_udp", keep_page, &stock_udp, ZC_F_PAIR, 0 },
	{ "peer_sees_parents_write", peer_sees, NULL, ZC_F_PAIR, 0 },
	{ "parent_dies", parent_dies, NULL, ZC_F_PAIR, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "fork", cases, ZC_ARRAY_SIZE(cases));
}
