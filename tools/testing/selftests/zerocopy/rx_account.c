// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 6 "Accounting": area memory is charged to RLIMIT_MEMLOCK and to the
 * cgroup of who registered it, once, and given back; a limit below it refuses the
 * registration and harms nobody.
 */
#include "zc_rx.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOBODY	65534
#define PG	4096UL
#define CGROUP	"/run/zc_cgroup"

static void *anon(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ZC_CHECK(p != MAP_FAILED, "mmap %zu: %s", len, strerror(errno));
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

static void wait_child(pid_t pid)
{
	int st;

	ZC_SYS(waitpid(pid, &st, 0));
	ZC_CHECK(WIFEXITED(st), "killed by signal %d", WTERMSIG(st));
	if (WEXITSTATUS(st))
		_exit(WEXITSTATUS(st));
}

/* ---- RLIMIT_MEMLOCK ---- */

static int use(struct zrx *r, int id)
{
	struct zerocopy_rx_area a = {
		.size = sizeof(a), .zerocopy = r->dev, .area = id,
	};

	return zrx_ioctl_area(r->fd, &a);
}

/* Once, however many receivers use it, and until the last of them is gone. */
static void memlock(const void *arg)
{
	const size_t limit = 64 * PG;
	struct rlimit rl = { limit, limit };
	char *mem = anon(2 * limit);
	pid_t pid;

	(void)arg;
	zrx_load();
	pid = ZC_SYS(fork());
	if (!pid) {
		struct zrx r, other;
		int id, i;

		ZC_SYS(setrlimit(RLIMIT_MEMLOCK, &rl));
		ZC_SYS(setresgid(NOBODY, NOBODY, NOBODY));
		ZC_SYS(setresuid(NOBODY, NOBODY, NOBODY));
		prctl(PR_SET_DUMPABLE, 1);
		zrx_open(&r, 0, 0, -1);
		zrx_open(&other, 0, 0, -1);
		ZC_EQ(zrx_register(r.dev, mem, limit + PG, false), -ENOMEM,
		      "more than the limit");
		for (i = 0; i < 20; i++) {
			id = zrx_register(r.dev, mem, limit, i & 1);
			ZC_CHECK(id > 0, "register %d: %s", i, strerror(-id));
			ZC_EQ(zrx_register(r.dev, mem + limit, PG, false),
			      -ENOMEM, "a page more");
			ZC_EQ(zc_area_unregister(r.dev, id), 0, "unregister");
		}
		id = zrx_register(r.dev, mem, limit, false);
		ZC_CHECK(id > 0, "register: %s", strerror(-id));
		ZC_EQ(use(&r, id), 0, "RX_AREA");
		ZC_EQ(zrx_register(r.dev, mem + limit, PG, false), -ENOMEM,
		      "a page more");
		ZC_EQ(zc_area_unregister(r.dev, id), 0, "unregister");
		ZC_EQ(zrx_register(r.dev, mem + limit, PG, false), -ENOMEM,
		      "a page more while a receiver has the area");
		zrx_close(&r);
		/* unpinning is a work item's */
		zc_wait_for((id = zrx_register(other.dev, mem + limit, limit,
					       false)) > 0, 10000);
		ZC_CHECK(id > 0, "register after all: %s", strerror(-id));
		zrx_close(&other);
		_exit(0);
	}
	wait_child(pid);
}

/* ---- memory cgroups ---- */

static void cgroup_make(void)
{
	mkdir(CGROUP, 0755);
	if (mount("cgroup2", CGROUP, "cgroup2", 0, NULL) ||
	    zc_write_file(CGROUP "/cgroup.subtree_control", "+memory"))
		zc_skip("no memory cgroups");
	mkdir(CGROUP "/zc", 0755);
	zc_write_file(CGROUP "/zc/memory.max", "max");
	zc_write_file(CGROUP "/zc/memory.swap.max", "0");
}

static void cgroup_join(void)
{
	if (zc_write_file(CGROUP "/zc/cgroup.procs", "0"))
		zc_skip("no memory cgroup of one's own");
}

static void cgroup_end(void)
{
	zc_write_file(CGROUP "/cgroup.procs", "0");
	zc_write_file(CGROUP "/zc/memory.max", "max");
	umount2(CGROUP, MNT_DETACH);
}

static long long charged(void)
{
	char buf[64];

	ZC_CHECK(zc_read_file(CGROUP "/zc/memory.current", buf,
			      sizeof(buf)) > 0, "memory.current");
	return atoll(buf);
}

/* A line of memory.stat or memory.events */
static long long cgroup_stat(const char *file, const char *name)
{
	char path[128], buf[8192], *line, *save = NULL;
	size_t n = strlen(name);

	snprintf(path, sizeof(path), CGROUP "/zc/%s", file);
	ZC_CHECK(zc_read_file(path, buf, sizeof(buf)) > 0, "%s", path);
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, name, n) && line[n] == ' ')
			return atoll(line + n);
	zc_fail("%s has no '%s'", path, name);
}

/* An area is charged as what it is, its owner's memory: once. */
static void memcg(const void *arg)
{
	const long long len = ZC_MB(16), slack = ZC_MB(2);
	struct zc_conn c = ZRX_TCP();
	char *buf = zc_alloc(ZC_MB(4), 670);
	long long before, with, used;
	struct zc_feed f = { .fin = true };
	struct zrx_sock *s;
	struct zrx r, other;
	void *mem;
	int id;

	(void)arg;
	cgroup_make();
	cgroup_join();
	zrx_open(&r, 0, 0, -1);
	zrx_open(&other, 0, 0, -1);
	mem = anon(len);
	before = charged();
	/* nothing of it is there before it is registered */
	id = zrx_register(r.dev, mem, len, false);
	ZC_CHECK(id > 0, "register: %s", strerror(-id));
	with = charged() - before;
	ZC_CHECK(with >= len - slack && with <= len + slack,
		 "%lld bytes are charged for an area of %lld", with, len);
	ZC_CHECK(cgroup_stat("memory.stat", "anon") >= len - slack,
		 "it is not among the anonymous memory");
	ZC_EQ(zc_area_unregister(r.dev, id), 0, "unregister");
	/* again, and in use: not a second time */
	zrx_area_at(&r, mem, len, 0, true);
	ZC_EQ(use(&other, r.area[0].id), -ENOENT, "another file's number");
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	zc_feed(&f, c.tx, buf, ZC_MB(4));
	zrx_until_eof(&r, s);
	zc_feed_join(&f);
	zrx_same(s, buf, ZC_MB(4));
	used = charged() - before;
	ZC_CHECK(used <= len + slack, "%lld bytes are charged in use", used);
	zc_note("16 MiB: %lld KiB when registered, %lld KiB in use", with >> 10,
		used >> 10);
	zc_close(&c);
	zrx_close(&r);
	zrx_close(&other);
	ZC_CHECK(zc_wait_for(charged() - before < slack, 10000),
		 "%lld bytes stay charged", charged() - before);
	cgroup_end();
}

/* The rings are kernel memory: of who opens them. */
static void memcg_rings(const void *arg)
{
	enum { NR = 8 };
	long long before, with;
	struct zrx r[NR];
	int i;

	(void)arg;
	cgroup_make();
	zrx_load();
	cgroup_join();
	before = charged();
	for (i = 0; i < NR; i++)
		zrx_open(&r[i], 65536, 65536, -1);
	with = charged() - before;
	ZC_CHECK(with >= NR * 65536LL * 40, "%lld bytes are charged", with);
	for (i = 0; i < NR; i++)
		zrx_close(&r[i]);
	ZC_CHECK(zc_wait_for(charged() - before < with / 4, 10000),
		 "%lld bytes stay charged", charged() - before);
	cgroup_end();
}

/*
 * A limit below what the area needs: ENOMEM, nothing is pinned, nobody is
 * killed, and what fits is registered after that.
 */
static void over_limit(const void *arg)
{
	const size_t max = ZC_MB(24), len = ZC_MB(64);
	long long pins;
	pid_t pid;
	char val[32];

	(void)arg;
	cgroup_make();
	zrx_load();
	snprintf(val, sizeof(val), "%zu", max);
	pins = zc_pins_held();
	pid = ZC_SYS(fork());
	if (!pid) {
		struct zc_conn c = ZRX_TCP();
		char *mem = anon(len), *buf;
		long long ooms, kills;
		struct zrx_sock *s;
		struct zrx r;
		int err, i;

		cgroup_join();
		ZC_EQ(zc_write_file(CGROUP "/zc/memory.max", val), 0,
		      "memory.max");
		kills = cgroup_stat("memory.events", "oom_kill");
		ooms = cgroup_stat("memory.events", "oom");
		zrx_open(&r, 0, 0, -1);
		for (i = 0; i < 5; i++) {
			err = zrx_register(r.dev, mem, len, i & 1);
			ZC_CHECK(err == -ENOMEM, "register over the limit: %s",
				 err > 0 ? "done" : strerror(-err));
		}
		ZC_EQ(zc_pins_held(), pins, "pins");
		ZC_EQ(cgroup_stat("memory.events", "oom_kill"), kills,
		      "kills");
		ZC_EQ(cgroup_stat("memory.events", "oom"), ooms, "ooms");
		ZC_CHECK(charged() < (long long)max / 2,
			 "%lld bytes are charged for nothing", charged());
		/* a smaller one is fine, and works */
		zrx_area_at(&r, mem, ZC_MB(8), 0, false);
		zc_open(&c);
		s = zrx_attach(&r, c.rx);
		buf = zc_alloc(ZC_KB(64), 671);
		zc_send_all(c.tx, buf, ZC_KB(64));
		zrx_until(&r, s, ZC_KB(64));
		zrx_same(s, buf, ZC_KB(64));
		/* with half of it taken, the other half is not enough */
		memset(mem + ZC_MB(16), 1, ZC_MB(8));
		err = zrx_register(r.dev, mem + ZC_MB(32), ZC_MB(12), false);
		ZC_CHECK(err == -ENOMEM, "register over what is left: %s",
			 err > 0 ? "done" : strerror(-err));
		ZC_EQ(zc_pins_held(), pins + ZC_MB(8) / PG, "pins");
		ZC_EQ(cgroup_stat("memory.events", "oom_kill"), kills,
		      "kills");
		/* what is there already needs no room: it is registered */
		err = zrx_register(r.dev, mem, ZC_MB(8), false);
		ZC_CHECK(err > 0, "memory that is there: %s", strerror(-err));
		_exit(0);
	}
	wait_child(pid);
	cgroup_end();
}

/* What can be reclaimed is no reason to refuse: pages of files, here. */
static void reclaim(const void *arg)
{
	const char *path = zc_ext4_mount();
	long long pins, cached;
	pid_t pid;

	(void)arg;
	cgroup_make();
	zrx_load();
	ZC_SYS(chdir(path));
	ZC_EQ(zc_system("dd if=/dev/zero of=file bs=1M count=20 2>/dev/null"),
	      0, "dd");
	sync();
	zc_write_file("/proc/sys/vm/drop_caches", "3");
	pins = zc_pins_held();
	pid = ZC_SYS(fork());
	if (!pid) {
		char *mem = anon(ZC_MB(16)), *buf = malloc(ZC_MB(1));
		int fd = ZC_SYS(open("file", O_RDONLY | O_CLOEXEC)), id, dev;

		cgroup_join();
		ZC_EQ(zc_write_file(CGROUP "/zc/memory.max", "25165824"), 0,
		      "memory.max");
		while (read(fd, buf, ZC_MB(1)) > 0)
			;
		cached = cgroup_stat("memory.stat", "file");
		ZC_CHECK(cached > (long long)ZC_MB(12), "%lld bytes are cached", cached);
		dev = zc_dev_open();
		id = zrx_register(dev, mem, ZC_MB(16), false);
		ZC_CHECK(id > 0, "register with %lld KiB to be reclaimed: %s",
			 cached >> 10, strerror(-id));
		ZC_EQ(zc_pins_held(), pins + ZC_MB(16) / PG, "pins");
		ZC_EQ(cgroup_stat("memory.events", "oom_kill"), 0, "kills");
		_exit(0);
	}
	wait_child(pid);
	cgroup_end();
	ZC_SYS(chdir("/"));
	zc_ext4_umount();
}

/* What lies in the socket is charged as `sock`, until RECV has copied it. */
static void sock_charge(const void *arg)
{
	struct zc_conn c = ZRX_TCP(.rcvbuf = 4 << 20, .sndbuf = 4 << 20);
	const size_t len = ZC_MB(2);
	char *buf = zc_alloc(len, 672);
	long long before, queued, received;
	struct zrx_sock *s;
	struct zrx r;
	int n = 0;

	(void)arg;
	cgroup_make();
	cgroup_join();
	zrx_make(&r, ZC_MB(4), 0);
	/* sockets are charged to who makes them */
	zc_open(&c);
	s = zrx_attach(&r, c.rx);
	before = cgroup_stat("memory.stat", "sock");
	fcntl(c.tx, F_SETFL, O_NONBLOCK);
	n = send(c.tx, buf, len, 0);
	ZC_CHECK(n > (int)ZC_KB(256), "send: %d", n);
	zc_wait_for(!zc_outq(c.tx), 5000);
	queued = cgroup_stat("memory.stat", "sock");
	r.keep = true;
	zrx_until(&r, s, n);
	received = cgroup_stat("memory.stat", "sock");
	zc_note("sock: %lld KiB for %d KiB queued, %lld KiB when they are received",
		(queued - before) >> 10, n >> 10, (received - before) >> 10);
	ZC_CHECK(queued >= before, "sock fell");
	ZC_CHECK(received <= queued, "sock rose from %lld to %lld when it was received",
		 queued, received);
	zrx_give_back(&r);
	zc_close(&c);
	zrx_close(&r);
	cgroup_end();
}

static const struct zc_case cases[] = {
	{ "memlock", memlock, NULL, ZC_F_SHORT, 0 },
	{ "memcg", memcg, NULL, ZC_F_SHORT, 0 },
	{ "memcg_rings", memcg_rings, NULL, 0, 0 },
	{ "memcg_limit", over_limit, NULL, ZC_F_SHORT, 0 },
	{ "memcg_reclaim", reclaim, NULL, 0, 0 },
	{ "memcg_sock", sock_charge, NULL, 0, 0 },
};

int main(int argc, char **argv)
{
	return zrx_main(argc, argv, "rx_account", cases, ZC_ARRAY_SIZE(cases));
}
