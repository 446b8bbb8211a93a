// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 2, "done when" 8: "Bad input (window 0, window over memory, sysctl
 * garbage, unknown module parameters ...): one clear sentence or errno,
 * nothing changed"; rule 12: a child namespace's window is clamped to the
 * initial namespace's; /proc/net/zerocopy, one "name value" a line, for each
 * namespace.
 */
#include "zc_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

#define ENABLED	"/proc/sys/net/zerocopy/enabled"
#define WINDOW	"/proc/sys/net/zerocopy/window_bytes"
#define MIN	"/proc/sys/net/zerocopy/min_bytes"
#define NOBODY	65534

static long long read_num(const char *path)
{
	char buf[64];
	int n = zc_read_file(path, buf, sizeof(buf));

	ZC_CHECK(n > 0, "%s: %s", path, strerror(-n));
	return strtoll(buf, NULL, 10);
}

static void refuse(const char *path, const char *val, int err)
{
	long long before = read_num(path);
	int ret = zc_write_file(path, val);

	ZC_CHECK(ret == -err, "'%s' to %s: %s, expected %s", val, path,
		 ret ? strerror(-ret) : "accepted", strerror(err));
	ZC_EQ(read_num(path), before, "value after a refused write");
}

static void accept_num(const char *path, const char *val, long long num)
{
	int ret = zc_write_file(path, val);

	ZC_CHECK(!ret, "'%s' to %s: %s", val, path, strerror(-ret));
	ZC_EQ(read_num(path), num, path);
}

static void window_bad(const void *arg)
{
	static const char * const bad[] = {
		"0", "-1", "1", "4096", "65535", "garbage", "8M", "0x", "1e6",
		"18446744073709551615", "18446744073709551616",
		"99999999999999999999999999", "9223372036854775808",
	};
	char buf[64], meminfo[8192], *p;
	unsigned long long kb;
	unsigned int i;

	(void)arg;
	for (i = 0; i < ZC_ARRAY_SIZE(bad); i++)
		refuse(WINDOW, bad[i], EINVAL);
	/* over half of the memory */
	ZC_CHECK(zc_read_file("/proc/meminfo", meminfo, sizeof(meminfo)) > 0,
		 "meminfo");
	p = strstr(meminfo, "MemTotal:");
	kb = p ? strtoull(p + 9, NULL, 10) : 0;
	ZC_CHECK(kb, "MemTotal");
	snprintf(buf, sizeof(buf), "%llu", kb * 1024 / 2 + (64 << 20));
	refuse(WINDOW, buf, EINVAL);
	accept_num(WINDOW, "65536", 65536);
	accept_num(WINDOW, "1048576\n", 1048576);
	snprintf(buf, sizeof(buf), "%llu", kb * 1024 / 4);
	accept_num(WINDOW, buf, kb * 1024 / 4);
	accept_num(WINDOW, "8388608", 8388608);
}

static void enabled_bad(const void *arg)
{
	static const char * const bad[] = {
		"2", "-1", "256", "257", "yes", "x", "4294967296",
		"4294967297",
	};
	unsigned int i;

	(void)arg;
	for (i = 0; i < ZC_ARRAY_SIZE(bad); i++)
		refuse(ENABLED, bad[i], EINVAL);
	accept_num(ENABLED, "0", 0);
	accept_num(ENABLED, "1", 1);
}

static void defaults(const void *arg)
{
	(void)arg;
	/* fresh namespaces, but the judge has written both: make one more */
	ZC_SYS(unshare(CLONE_NEWNET));
	ZC_EQ(read_num(ENABLED), 1, "enabled");
	ZC_EQ(read_num(WINDOW), 8 << 20, "window_bytes");
}

static void unprivileged(const void *arg)
{
	int st;
	pid_t pid;

	(void)arg;
	pid = ZC_SYS(fork());
	if (!pid) {
		ZC_SYS(setresuid(NOBODY, NOBODY, NOBODY));
		read_num(ENABLED);
		read_num(WINDOW);
		ZC_CHECK(zc_write_file(ENABLED, "0"), "nobody may write");
		ZC_CHECK(zc_write_file(WINDOW, "65536"), "nobody may write");
		_exit(0);
	}
	ZC_SYS(waitpid(pid, &st, 0));
	ZC_CHECK(WIFEXITED(st), "child died");
	if (WEXITSTATUS(st))
		_exit(WEXITSTATUS(st));
	ZC_EQ(read_num(ENABLED), 1, "enabled");
	ZC_EQ(read_num(WINDOW), 8 << 20, "window_bytes");
}

/* Each namespace has its own */
static void per_namespace(const void *arg)
{
	(void)arg;
	zc_set_window(ZC_NS_A, 1 << 20);
	zc_set_enabled(ZC_NS_B, 0);
	ZC_EQ(zc_get_window(ZC_NS_A), 1 << 20, "A's window");
	ZC_EQ(zc_get_window(ZC_NS_B), 8 << 20, "B's window");
	zc_enter(ZC_NS_B);
	ZC_EQ(read_num(ENABLED), 0, "B's enabled");
	zc_enter(ZC_NS_A);
	ZC_EQ(read_num(ENABLED), 1, "A's enabled");
}

/*
 * Rule 12. Who is root in a namespace of their own must not get more than the
 * administrator gave: 1 MiB there holds here, whatever this namespace says.
 */
static void clamp(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 64 << 20,
	};
	const size_t len = ZC_MB(6);
	char *buf = zc_alloc(len, 151);
	long long pinned;
	char big[32];

	(void)arg;
	zc_set_window(ZC_NS_ROOT, 1 << 20);
	/* a refusal would do as well */
	snprintf(big, sizeof(big), "%d", 8 << 20);
	zc_write_file(WINDOW, big);
	zc_open(&c);
	zc_rx_start(&c, 0);
	ZC_EQ(zc_sendmsg(c.tx, buf, len, MSG_DONTWAIT), len, "sendmsg");
	pinned = zc_counter_now(ZC_NS_A, "pinned_bytes");
	zc_note("%lld bytes pinned, 1 MiB is allowed", pinned);
	ZC_CHECK(pinned > 0, "nothing was pinned");
	ZC_CHECK(pinned <= 1 << 20, "%lld bytes pinned", pinned);
	zc_rx_limit(&c, UINT64_MAX);
	zc_finish(&c, len, zc_hash_buf(buf, len));
	zc_close(&c);
}

/* ---- /proc/net/zerocopy ---- */

static void proc_format(const void *arg)
{
	static const char * const names[] = {
		"sends", "bytes", "loans", "loans_out", "pinned_bytes",
		"pinned_bytes_peak", "window_waits", "copied_bytes",
		"copied_route", "copied_memlock", "copied_window",
		"copied_nomem", "copied_orphan", "copied_private",
		"copied_suspended", "copied_small", "copied_unlent",
		"copied_memory", "copied_pieces", "area_loans", "area_bytes",
		"passed_disabled", "passed_nosockopt",
		"passed_proto", "passed_ubuf", "passed_fastopen",
		"passed_state", "passed_repair", "passed_cork",
		"passed_devmem", "passed_splice", "passed_iter",
		"passed_size", "passed_suspended", "passed_probe",
	};
	char buf[8192], name[64], *line, *save = NULL;
	struct zc_counters c;
	unsigned int i, j;
	long long val;
	int n, used;

	(void)arg;
	zc_counters_read(ZC_NS_A, &c);
	for (i = 0; i < ZC_ARRAY_SIZE(names); i++)
		zc_counter(&c, names[i]);
	for (i = 0; i < c.nr; i++)
		for (j = 0; j < i; j++)
			ZC_CHECK(strcmp(c.c[i].name, c.c[j].name),
				 "'%s' is there twice", c.c[i].name);
	n = zc_read_file("/proc/net/zerocopy", buf, sizeof(buf));
	ZC_CHECK(n > 0 && buf[n - 1] == '\n', "/proc/net/zerocopy");
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		used = 0;
		ZC_CHECK(sscanf(line, "%63[a-z_] %lld%n", name, &val,
				&used) == 2 && !line[used],
			 "malformed: '%s'", line);
		ZC_CHECK(val >= 0, "negative: '%s'", line);
	}
	ZC_CHECK(open("/proc/net/zerocopy", O_WRONLY) < 0 || !geteuid(),
		 "writable");
}

static void proc_per_namespace(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	struct zc_counters a, b, root, b2, root2;
	char *buf = zc_alloc(5000, 152);
	unsigned int i;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &a);
	zc_counters_read(ZC_NS_B, &b);
	zc_counters_read(ZC_NS_ROOT, &root);
	ZC_EQ(zc_sendmsg(c.tx, buf, 5000, 0), 5000, "sendmsg");
	zc_notif_expect(c.tx, 1);
	ZC_EQ(zc_delta(&a, "sends"), 1, "A's sends");
	ZC_EQ(zc_delta(&a, "bytes"), 5000, "A's bytes");
	zc_counters_read(ZC_NS_B, &b2);
	zc_counters_read(ZC_NS_ROOT, &root2);
	for (i = 0; i < b.nr; i++)
		ZC_CHECK(b.c[i].val == b2.c[i].val &&
			 root.c[i].val == root2.c[i].val,
			 "%s moved in another namespace", b.c[i].name);
	zc_close(&c);
}

/* What is shorter than min_bytes is copied, and says so; nothing else is. */
static void min_bytes(const void *arg)
{
	const int *type = arg;
	struct zc_conn c = { .family = AF_INET, .type = *type };
	char *buf = zc_alloc(3000, 154);
	struct zc_counters before;
	struct zc_ids ids = {};
	struct zc_hash h;

	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(zc_write_file(MIN, "1300"), 0, "min_bytes");
	ZC_EQ(zc_sendmsg(c.tx, buf, 1299, 0), 1299, "sendmsg");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 1, 10000), "no id");
	ZC_EQ(ids.copied, 1, "notifications that say COPIED");
	ZC_EQ(zc_delta(&before, "copied_small"), 1, "copied_small");
	ZC_EQ(zc_delta(&before, "copied_bytes"), 1299, "copied_bytes");

	ZC_EQ(zc_sendmsg(c.tx, buf, 1300, 0), 1300, "sendmsg");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 2, 10000), "no id");
	ZC_EQ(ids.copied, 1, "notifications that say COPIED");
	ZC_EQ(zc_delta(&before, "copied_small"), 1, "copied_small");
	ZC_EQ(zc_delta(&before, "copied_bytes"), 1299, "copied_bytes");
	ZC_EQ(zc_delta(&before, "sends"), 2, "sends");
	zc_hash_init(&h);
	zc_hash_add(&h, buf, 1299);
	zc_hash_add(&h, buf, 1300);
	zc_finish(&c, 2599, zc_hash_val(&h));
	zc_close(&c);
}

/* A namespace that goes away with loans out of its sockets */
static void netns_dies(const void *arg)
{
	int i, rounds = zc_scale(20, 6);

	(void)arg;
	for (i = 0; i < rounds; i++) {
		int st;
		pid_t pid = ZC_SYS(fork());

		if (!pid) {
			struct zc_conn c = {
				.family = AF_INET, .type = SOCK_STREAM,
			};
			char *buf = zc_alloc(200000, 153);
			struct sockaddr_in sa = {
				.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
			};
			socklen_t len = sizeof(sa);
			int l;

			ZC_SYS(unshare(CLONE_NEWNET));
			zc_system("ip link set lo up");
			l = ZC_SYS(socket(AF_INET, SOCK_STREAM, 0));
			ZC_SYS(bind(l, (void *)&sa, len));
			ZC_SYS(getsockname(l, (void *)&sa, &len));
			ZC_SYS(listen(l, 1));
			c.tx = ZC_SYS(socket(AF_INET, SOCK_STREAM, 0));
			zc_setopt(c.tx, SOL_SOCKET, SO_ZEROCOPY, 1);
			ZC_SYS(connect(c.tx, (void *)&sa, len));
			zc_write_file(WINDOW, "65536");
			if (zc_sendmsg(c.tx, buf, 200000, MSG_DONTWAIT) < 0)
				zc_fail("send: %s", strerror(errno));
			_exit(0);
		}
		ZC_SYS(waitpid(pid, &st, 0));
		ZC_CHECK(WIFEXITED(st), "child died");
		if (WEXITSTATUS(st))
			_exit(WEXITSTATUS(st));
	}
}

static const int tcp = SOCK_STREAM, udp = SOCK_DGRAM;

static const struct zc_case cases[] = {
	{ "window_bad", window_bad, NULL, ZC_F_SHORT, 0 },
	{ "enabled_bad", enabled_bad, NULL, ZC_F_SHORT, 0 },
	{ "defaults", defaults, NULL, 0, 0 },
	{ "unprivileged", unprivileged, NULL, 0, 0 },
	{ "per_namespace", per_namespace, NULL, 0, 0 },
	{ "child_window_clamped", clamp, NULL,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "proc_format", proc_format, NULL, ZC_F_SHORT, 0 },
	{ "proc_per_namespace", proc_per_namespace, NULL, ZC_F_PAIR, 0 },
	{ "min_bytes_tcp", min_bytes, &tcp, ZC_F_PAIR, 0 },
	{ "min_bytes_udp", min_bytes, &udp, ZC_F_PAIR, 0 },
	{ "netns_dies", netns_dies, NULL, 0, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "sysctl", cases, ZC_ARRAY_SIZE(cases));
}
