// SPDX-License-Identifier: GPL-2.0
/* Running one case: see zc_test.h. Sockets are in zc_net.c. */
#include "zc_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

bool zc_debug, zc_short, zc_nolayer, zc_dry, zc_debian;
const char *zc_modules;

/* Between the case (a child) and the process that judges it */
static struct {
	char reason[512];
	bool qdisc, gso, kprobe, xfrm;
} *zc_shm;

static int ns_fd[ZC_NS_MAX] = { -1, -1, -1 };
static __thread enum zc_ns cur_ns = ZC_NS_A;

/* ---- verdicts ---- */

static void set_reason(const char *fmt, va_list ap)
{
	char *p;

	/* the first one counts: others are often its consequence */
	if (zc_shm->reason[0])
		return;
	vsnprintf(zc_shm->reason, sizeof(zc_shm->reason), fmt, ap);
	for (p = zc_shm->reason; *p; p++)
		if (*p == '\n' || *p == '#')
			*p = ' ';
}

void zc_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_reason(fmt, ap);
	va_end(ap);
	fflush(stdout);
	_exit(1);
}

void zc_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_reason(fmt, ap);
	va_end(ap);
	fflush(stdout);
	_exit(4);
}

void zc_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
	va_end(ap);
}

/* ---- small things ---- */

size_t zc_scale(size_t n, size_t debug_n)
{
	return zc_debug || zc_short ? debug_n : n;
}

u64 zc_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

void zc_sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, (ms % 1000) * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

int zc_read_file(const char *path, char *buf, size_t len)
{
	ssize_t n, off = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((size_t)off < len - 1) {
		n = read(fd, buf + off, len - 1 - off);
		if (n < 0) {
			n = -errno;
			close(fd);
			return n;
		}
		if (!n)
			break;
		off += n;
	}
	buf[off] = 0;
	close(fd);
	return off;
}

int zc_write_file(const char *path, const char *val)
{
	ssize_t n;
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, val, strlen(val));
	if (n != (ssize_t)strlen(val))
		err = n < 0 ? -errno : -EIO;
	close(fd);
	return err;
}

int zc_system(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;
	int st;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	st = system(cmd);
	if (st == -1)
		return -1;
	return WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

/* ---- a disk ---- */

static const char ext4_dir[] = "/tmp/zc-ext4";

void zc_ext4_umount(void)
{
	zc_system("umount %s 2>/dev/null && losetup -D; rm -f %s.img",
		  ext4_dir, ext4_dir);
}

const char *zc_ext4_mount(void)
{
	/* what a case that failed has left */
	zc_ext4_umount();
	zc_system("modprobe -q -a ext4 loop; mkdir -p %s", ext4_dir);
	if (zc_system("grep -qw ext4 /proc/filesystems"))
		zc_skip("this kernel has no ext4");
	if (zc_system("truncate -s %s %s.img && mkfs.ext4 -qF %s.img",
		      getenv("ZC_FULL") ? "1200M" : "64M", ext4_dir, ext4_dir))
		zc_skip("there is no mkfs.ext4 here, or no room");
	/* mount -o loop keeps the device open for writing, and refuses that */
	if (zc_system("mount $(losetup -f --show %s.img) %s", ext4_dir,
		      ext4_dir))
		zc_skip("an ext4 on a file cannot be mounted here");
	return ext4_dir;
}

/* ---- namespaces and sysctls ---- */

static const char * const ns_name[ZC_NS_MAX] = { NULL, "zcA", "zcB" };

static void ns_open(void)
{
	const char *dir = getenv("ZC_NSDIR") ?: "/run/netns";
	char path[256];
	int i;

	for (i = 0; i < ZC_NS_MAX; i++) {
		if (i == ZC_NS_ROOT)
			snprintf(path, sizeof(path), "/proc/self/ns/net");
		else
			snprintf(path, sizeof(path), "%s/%s", dir, ns_name[i]);
		ns_fd[i] = open(path, O_RDONLY | O_CLOEXEC);
	}
}

bool zc_ns_exists(enum zc_ns ns)
{
	return ns_fd[ns] >= 0;
}

void zc_enter(enum zc_ns ns)
{
	/* who has dropped privileges may not, and need not */
	if (ns == cur_ns)
		return;
	ZC_CHECK(ns_fd[ns] >= 0, "namespace %s is missing", ns_name[ns]);
	if (setns(ns_fd[ns], CLONE_NEWNET))
		zc_fail("setns: %s", strerror(errno));
	cur_ns = ns;
}

const char *zc_nic(enum zc_ns ns)
{
	static const unsigned char mac[ZC_NS_MAX][6] = {
		[ZC_NS_A] = { 0x52, 0x54, 0, 0, 0, 1 },
		[ZC_NS_B] = { 0x52, 0x54, 0, 0, 0, 2 },
	};
	static char found[ZC_NS_MAX][IFNAMSIZ];
	enum zc_ns old = cur_ns;
	struct if_nameindex *list, *i;
	struct ifreq ifr;
	int fd;

	if (found[ns][0])
		return found[ns];
	if (!zc_ns_exists(ns))
		return NULL;
	zc_enter(ns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	list = if_nameindex();
	for (i = list; fd >= 0 && i && i->if_name; i++) {
		memset(&ifr, 0, sizeof(ifr));
		snprintf(ifr.ifr_name, IFNAMSIZ, "%s", i->if_name);
		if (ioctl(fd, SIOCGIFHWADDR, &ifr))
			continue;
		if (!memcmp(ifr.ifr_hwaddr.sa_data, mac[ns], 6))
			snprintf(found[ns], IFNAMSIZ, "%s", i->if_name);
	}
	if (list)
		if_freenameindex(list);
	if (fd >= 0)
		close(fd);
	zc_enter(old);
	return found[ns][0] ? found[ns] : NULL;
}

bool zc_pair_is_zcsim(void)
{
	const char *pair = getenv("ZC_PAIR");

	return pair && !strcmp(pair, "zcsim");
}

static int ns_sysctl(enum zc_ns ns, const char *path, const char *val)
{
	enum zc_ns old = cur_ns;
	int err;

	zc_enter(ns);
	err = zc_write_file(path, val);
	zc_enter(old);
	return err;
}

void zc_set_sysctl(enum zc_ns ns, const char *path, const char *val)
{
	int err = ns_sysctl(ns, path, val);

	ZC_CHECK(!err, "%s=%s: %s", path, val, strerror(-err));
}

void zc_set_enabled(enum zc_ns ns, int on)
{
	int err = ns_sysctl(ns, "/proc/sys/net/zerocopy/enabled",
			    on ? "1" : "0");

	if (err && !zc_nolayer)
		zc_fail("net.zerocopy.enabled=%d: %s", on, strerror(-err));
}

void zc_set_window(enum zc_ns ns, size_t bytes)
{
	char val[32];
	int err;

	snprintf(val, sizeof(val), "%zu", bytes);
	err = ns_sysctl(ns, "/proc/sys/net/zerocopy/window_bytes", val);
	if (err && !zc_nolayer)
		zc_fail("net.zerocopy.window_bytes=%zu: %s", bytes,
			strerror(-err));
}

void zc_set_min_bytes(enum zc_ns ns, size_t bytes)
{
	char val[32];
	int err;

	snprintf(val, sizeof(val), "%zu", bytes);
	err = ns_sysctl(ns, "/proc/sys/net/zerocopy/min_bytes", val);
	if (err)
		zc_fail("net.zerocopy.min_bytes=%zu: %s", bytes,
			strerror(-err));
}

size_t zc_get_window(enum zc_ns ns)
{
	enum zc_ns old = cur_ns;
	char buf[64];
	int n;

	zc_enter(ns);
	n = zc_read_file("/proc/sys/net/zerocopy/window_bytes", buf,
			 sizeof(buf));
	zc_enter(old);
	ZC_CHECK(n > 0, "net.zerocopy.window_bytes: %s", strerror(-n));
	return strtoull(buf, NULL, 10);
}

/* ---- counters ---- */

bool zc_layer_present(void)
{
	return !access("/proc/sys/net/zerocopy/enabled", F_OK);
}

int zc_counters_of(enum zc_ns ns, const char *file, struct zc_counters *c)
{
	char path[64], buf[8192], *line, *save = NULL;
	enum zc_ns old = cur_ns;
	int n;

	memset(c, 0, sizeof(*c));
	if (!zc_ns_exists(ns))
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/thread-self/net/%s", file);
	zc_enter(ns);
	n = zc_read_file(path, buf, sizeof(buf));
	zc_enter(old);
	if (n < 0)
		return n;
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (c->nr == ZC_MAX_COUNTERS)
			return -E2BIG;
		if (sscanf(line, "%31s %lld", c->c[c->nr].name,
			   &c->c[c->nr].val) != 2)
			return -EPROTO;
		c->nr++;
	}
	return 0;
}

int zc_counters_try(enum zc_ns ns, struct zc_counters *c)
{
	return zc_counters_of(ns, "zerocopy", c);
}

void zc_counters_read(enum zc_ns ns, struct zc_counters *c)
{
	int err = zc_counters_try(ns, c);

	if (err && !zc_dry)
		zc_fail("/proc/net/zerocopy: %s", strerror(-err));
}

long long zc_counter(const struct zc_counters *c, const char *name)
{
	unsigned int i;

	if (zc_dry && !c->nr)
		return 0;
	for (i = 0; i < c->nr; i++)
		if (!strcmp(c->c[i].name, name))
			return c->c[i].val;
	zc_fail("the counters have no line '%s'", name);
}

long long zc_counter_now(enum zc_ns ns, const char *name)
{
	struct zc_counters c;

	zc_counters_read(ns, &c);
	return zc_counter(&c, name);
}

long long zc_delta(const struct zc_counters *old, const char *name)
{
	return zc_counter_now(ZC_NS_A, name) - zc_counter(old, name);
}

long long zc_delta_prefix(const struct zc_counters *old, const char *prefix)
{
	struct zc_counters now;
	long long sum = 0;
	unsigned int i;

	zc_counters_read(ZC_NS_A, &now);
	for (i = 0; i < now.nr; i++)
		if (!strncmp(now.c[i].name, prefix, strlen(prefix)))
			sum += now.c[i].val - zc_counter(old, now.c[i].name);
	return sum;
}

void zc_no_copies(const struct zc_counters *old)
{
	struct zc_counters now;
	unsigned int i, seen = 0;

	zc_counters_read(ZC_NS_A, &now);
	for (i = 0; i < now.nr; i++) {
		if (strncmp(now.c[i].name, "copied_", 7))
			continue;
		seen++;
		ZC_CHECK(now.c[i].val == zc_counter(old, now.c[i].name),
			 "%s rose by %lld", now.c[i].name,
			 now.c[i].val - zc_counter(old, now.c[i].name));
	}
	ZC_LAYER(seen >= 5, "only %u copied_* counters", seen);
}

/*
 * The driver copies the first 128 bytes of a packet, and so all of a tiny one:
 * what TCP leaves when the peer's window or a loan ends in an odd place.
 */
void zc_only_tiny_copies(const struct zc_counters *old)
{
	long long n = zc_delta(old, "copied_orphan");
	long long bytes = zc_delta(old, "copied_bytes");

	if (n)
		zc_note("%lld tiny packets, %lld bytes, copied by the driver",
			n, bytes);
	ZC_LAYER(bytes <= 128 * n, "%lld bytes copied in %lld packets", bytes,
		 n);
	ZC_LAYER_EQ(zc_delta_prefix(old, "copied_"), n + bytes,
		    "copies by reason");
}

void zc_note_copies(void)
{
	struct zc_counters now;
	unsigned int i;

	if (zc_counters_try(ZC_NS_A, &now))
		return;
	for (i = 0; i < now.nr; i++)
		if (!strncmp(now.c[i].name, "copied_", 7) && now.c[i].val)
			zc_note("%s %lld", now.c[i].name, now.c[i].val);
}

void zc_pins(long long *acquired, long long *released)
{
	static const char a[] = "nr_foll_pin_acquired ";
	static const char r[] = "nr_foll_pin_released ";
	char buf[16384], *p;

	/* folds the per-CPU differences, which /proc/vmstat does not show */
	zc_write_file("/proc/sys/vm/stat_refresh", "1");
	*acquired = 0;
	*released = 0;
	if (zc_read_file("/proc/vmstat", buf, sizeof(buf)) < 0)
		return;
	p = strstr(buf, a);
	if (p)
		*acquired = strtoll(p + sizeof(a) - 1, NULL, 10);
	p = strstr(buf, r);
	if (p)
		*released = strtoll(p + sizeof(r) - 1, NULL, 10);
}

long long zc_pins_held(void)
{
	long long a, r;

	zc_pins(&a, &r);
	return a - r;
}

/* ---- modules ---- */

int zc_insmod(const char *name, const char *params)
{
	char path[512];
	int fd, err = 0;

	if (!zc_modules)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s.ko", zc_modules, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, params ?: "", 0))
		err = -errno;
	close(fd);
	return err;
}

int zc_rmmod(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

bool zc_mod_loaded(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return !access(path, F_OK);
}

int zc_seg_open(void)
{
	int err = 0;

	if (!zc_mod_loaded("zc_seg_test"))
		err = zc_insmod("zc_seg_test", NULL);
	if (err == -ENOENT)
		zc_skip("there is no zc_seg_test.ko");
	ZC_CHECK(!err, "insmod zc_seg_test: %s", strerror(-err));
	return ZC_SYS(open("/dev/zc_seg_test", O_RDWR | O_CLOEXEC));
}

/* Others want to unload the layer */
void zc_seg_unload(void)
{
	if (zc_mod_loaded("zc_seg_test"))
		zc_wait_for(!zc_rmmod("zc_seg_test"), 15000);
}

bool zc_klp_enabled(const char *name)
{
	char path[256], buf[8];

	snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/enabled", name);
	return zc_read_file(path, buf, sizeof(buf)) > 0 && buf[0] == '1';
}

/* In place, or gone: no transition under way */
bool zc_klp_wait(const char *name, unsigned int ms)
{
	u64 end = zc_now_ms() + (u64)ms * (zc_debug ? 5 : 1);
	char path[256], buf[8];

	snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/transition",
		 name);
	for (;;) {
		if (zc_read_file(path, buf, sizeof(buf)) <= 0 || buf[0] == '0')
			return true;
		if (zc_now_ms() > end)
			return false;
		zc_sleep_ms(5);
	}
}

int zc_klp_disable(const char *name, unsigned int ms)
{
	u64 end = zc_now_ms() + (u64)ms * (zc_debug ? 5 : 1);
	char path[256];
	int err;

	snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/enabled", name);
	err = zc_write_file(path, "0");
	if (err)
		return err;
	while (!access(path, F_OK)) {
		if (zc_now_ms() > end)
			return -ETIMEDOUT;
		zc_sleep_ms(5);
	}
	return 0;
}

/* The build makes one of them, as the kernel is */
bool zc_entry_is_key(void)
{
	char path[512];

	if (!zc_modules)
		return zc_mod_loaded("zerocopy_entry");
	snprintf(path, sizeof(path), "%s/zerocopy_entry.ko", zc_modules);
	return !access(path, F_OK);
}

const char *zc_entry(void)
{
	return zc_entry_is_key() ? "zerocopy_entry" : "zerocopy_livepatch";
}

/* One that is not there is removed */
int zc_entry_remove(unsigned int ms)
{
	int err = 0;

	/* the last klp reference is dropped by a work item */
	if (zc_mod_loaded(zc_entry()))
		zc_wait_for(!(err = zc_rmmod(zc_entry())), ms);
	return err;
}

int zc_entry_disable(unsigned int ms)
{
	return zc_entry_is_key() ? zc_entry_remove(ms) :
				   zc_klp_disable(zc_entry(), ms);
}

void zc_layer_load(void)
{
	const char *entry = zc_entry();
	int err;

	if (!zc_mod_loaded("zerocopy")) {
		err = zc_insmod("zerocopy", NULL);
		ZC_CHECK(!err, "insmod zerocopy: %s", strerror(-err));
	}
	/* what a case left that was interrupted: loaded, but disabled */
	zc_klp_wait(entry, 60000);
	if (!zc_entry_is_key() && !zc_klp_enabled(entry))
		zc_entry_remove(10000);
	if (!zc_mod_loaded(entry)) {
		err = zc_insmod(entry, NULL);
		ZC_CHECK(!err, "insmod %s: %s", entry, strerror(-err));
	}
	if (zc_entry_is_key())
		return;
	ZC_CHECK(zc_klp_wait(entry, 60000),
		 "livepatch transition does not end");
	ZC_CHECK(zc_klp_enabled(entry), "livepatch not enabled");
}

void zc_layer_unload(void)
{
	int err = 0;

	if (zc_entry_is_key() || zc_klp_enabled(zc_entry())) {
		err = zc_entry_disable(60000);
		ZC_CHECK(!err, "disable: %s", strerror(-err));
	}
	err = zc_entry_remove(10000);
	ZC_CHECK(!err, "rmmod %s: %s", zc_entry(), strerror(-err));
	if (zc_mod_loaded("zerocopy")) {
		zc_wait_for(!(err = zc_rmmod("zerocopy")), 10000);
		ZC_CHECK(!err, "rmmod zerocopy: %s", strerror(-err));
	}
}

/* ---- queueing: a case says so, the judge takes it away ---- */

void zc_qdisc(enum zc_ns ns, const char *what)
{
	enum zc_ns old = cur_ns;
	int err;

	zc_shm->qdisc = true;
	zc_enter(ns);
	if (!strcmp(what, "none"))
		err = zc_system("tc qdisc del dev %s root >/dev/null 2>&1; :",
				zc_nic(ns));
	else
		err = zc_system("tc qdisc replace dev %s root %s >/dev/null 2>&1",
				zc_nic(ns), what);
	zc_enter(old);
	if (err)
		zc_skip("no tc or no such qdisc (%s: %d)", what, err);
}

void zc_xfrm(void)
{
	zc_shm->xfrm = true;
}

void zc_gso_max_segs(enum zc_ns ns, unsigned int n)
{
	enum zc_ns old = cur_ns;
	int err;

	zc_shm->gso = true;
	zc_enter(ns);
	err = zc_system("ip link set dev %s gso_max_segs %u >/dev/null 2>&1",
			zc_nic(ns), n ?: 65535);
	zc_enter(old);
	if (err)
		zc_skip("ip cannot set gso_max_segs");
}

/* ---- what the kernel does inside ---- */

#define TRACEFS	"/sys/kernel/tracing"

void zc_kprobe(const char *function)
{
	char val[128];
	int err;

	mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	zc_shm->kprobe = true;
	snprintf(val, sizeof(val), "p:zc_test/hit %s\n", function);
	err = zc_write_file(TRACEFS "/kprobe_events", val);
	if (!err)
		err = zc_write_file(TRACEFS "/events/zc_test/hit/enable", "1");
	if (err)
		zc_skip("no kprobe on %s: %s", function, strerror(-err));
}

long long zc_kprobe_hits(void)
{
	long long hits = -1;
	char buf[4096], *p;

	ZC_CHECK(zc_read_file(TRACEFS "/kprobe_profile", buf,
			      sizeof(buf)) > 0, "kprobe_profile");
	p = strstr(buf, "hit ");
	ZC_CHECK(p && sscanf(p, "hit %lld", &hits) == 1, "kprobe_profile: %s",
		 buf);
	return hits;
}

void zc_kprobe_end(void)
{
	zc_write_file(TRACEFS "/events/zc_test/hit/enable", "0");
	zc_write_file(TRACEFS "/kprobe_events", "-:zc_test/hit\n");
	zc_shm->kprobe = false;
}

bool zc_blocked_in(pid_t tid, const char *function)
{
	char path[64], buf[4096];

	snprintf(path, sizeof(path), "/proc/self/task/%d/stack", tid);
	return zc_read_file(path, buf, sizeof(buf)) > 0 && strstr(buf, function);
}

/* ---- the judge ---- */

static int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* The first line that speaks of a broken kernel, or NULL */
static const char *kmsg_splat(int fd)
{
	static const char * const bad[] = {
		"WARNING: ", "BUG: ", "kernel BUG at", "Oops", "KASAN", "KFENCE",
		"general protection fault", "unable to handle",
		"possible circular locking", "possible recursive locking",
		"possible deadlock", "INFO: task ", "inconsistent lock state",
		"suspicious RCU usage", "sleeping function called",
		"refcount_t:", "Bad page", "bad page", "UBSAN", "list_add corruption",
		"list_del corruption", "memory leak", "INFO: trying to register",
		"Call Trace:", "refcount leak", "possible irq lock inversion",
	};
	static char splat[256];
	char rec[8192], *msg;
	bool found = false;
	unsigned int i;
	ssize_t n;

	if (fd < 0)
		return NULL;
	for (;;) {
		n = read(fd, rec, sizeof(rec) - 1);
		if (n < 0 && errno == EPIPE)
			continue;	/* overwritten, go on with the next */
		if (n <= 0)
			break;
		rec[n] = 0;
		msg = strchr(rec, ';');
		msg = msg ? msg + 1 : rec;
		msg[strcspn(msg, "\n")] = 0;
		if (strstr(msg, "detected stall") || strstr(msg, "rcu:")) {
			zc_note("kernel: %s", msg);
			continue;
		}
		for (i = 0; i < ZC_ARRAY_SIZE(bad); i++) {
			if (!strstr(msg, bad[i]))
				continue;
			if (!found) {
				snprintf(splat, sizeof(splat), "%.200s", msg);
				found = true;
			}
			break;
		}
		if (found)
			printf("# kernel: %s\n", msg);
	}
	fflush(stdout);
	return found ? splat : NULL;
}

/* Where the threads of a hung case are */
static void dump_stacks(pid_t pgrp)
{
	char path[300], buf[4096], *line, *save;
	struct dirent *p, *t;
	DIR *procs, *tasks;
	int n;

	procs = opendir("/proc");
	while (procs && (p = readdir(procs))) {
		pid_t pid = atoi(p->d_name);

		if (pid <= 0 || getpgid(pid) != pgrp)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task", pid);
		tasks = opendir(path);
		while (tasks && (t = readdir(tasks))) {
			if (t->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "/proc/%d/task/%s/stack",
				 pid, t->d_name);
			n = zc_read_file(path, buf, sizeof(buf));
			printf("# stack of %d/%s:\n", pid, t->d_name);
			save = NULL;
			for (line = n > 0 ? strtok_r(buf, "\n", &save) : NULL;
			     line; line = strtok_r(NULL, "\n", &save))
				printf("#   %s\n", line);
		}
		if (tasks)
			closedir(tasks);
	}
	if (procs)
		closedir(procs);
	fflush(stdout);
}

/* A receiver, its mapping, an attached socket: each is a user of the module */
static bool rx_at_rest(char *why, size_t len)
{
	char buf[32];

	if (zc_read_file("/sys/module/zerocopy_rx/refcnt", buf,
			 sizeof(buf)) <= 0 || !atoi(buf))
		return true;
	snprintf(why, len, "zerocopy_rx has %d users", atoi(buf));
	return false;
}

static bool at_rest(long long pins, char *why, size_t len)
{
	struct zc_counters c;
	long long held;
	int i;

	why[0] = 0;
	for (i = 0; zc_layer_present() && i < ZC_NS_MAX; i++) {
		if (zc_counters_try(i, &c))
			continue;
		if (zc_counter(&c, "loans_out")) {
			snprintf(why, len, "loans_out is %lld in namespace %d",
				 zc_counter(&c, "loans_out"), i);
			return false;
		}
		if (zc_counter(&c, "pinned_bytes")) {
			snprintf(why, len, "pinned_bytes is %lld in namespace %d",
				 zc_counter(&c, "pinned_bytes"), i);
			return false;
		}
	}
	held = zc_pins_held();
	if (held != pins) {
		snprintf(why, len, "%lld pins are still held", held - pins);
		return false;
	}
	return rx_at_rest(why, len);
}

static void defaults(void)
{
	static const enum zc_ns all[] = { ZC_NS_ROOT, ZC_NS_A, ZC_NS_B };
	unsigned int i;

	for (i = 0; i < ZC_ARRAY_SIZE(all); i++) {
		if (!zc_ns_exists(all[i]))
			continue;
		if (zc_layer_present()) {
			ns_sysctl(all[i], "/proc/sys/net/zerocopy/enabled",
				  "1");
			ns_sysctl(all[i], "/proc/sys/net/zerocopy/window_bytes",
				  "8388608");
			ns_sysctl(all[i], "/proc/sys/net/zerocopy/min_bytes",
				  "0");
			ns_sysctl(all[i], "/proc/sys/net/zerocopy/splice",
				  "0");
		}
		/* per namespace since 6.7 */
		ns_sysctl(all[i], "/proc/sys/net/core/optmem_max", "131072");
		ns_sysctl(all[i], "/proc/sys/net/ipv4/tcp_early_retrans", "3");
		ns_sysctl(all[i], "/proc/sys/net/ipv4/tcp_mtu_probing", "0");
		if (all[i] == ZC_NS_ROOT || !zc_nic(all[i]))
			continue;
		if (zc_shm->gso)
			zc_gso_max_segs(all[i], 0);
		zc_enter(all[i]);
		if (zc_shm->qdisc)
			zc_system("tc qdisc del dev %s root >/dev/null 2>&1",
				  zc_nic(all[i]));
		if (zc_shm->xfrm)
			zc_system("ip xfrm state flush; ip xfrm policy flush");
		zc_enter(ZC_NS_ROOT);
	}
	zc_shm->qdisc = false;
	zc_shm->xfrm = false;
	zc_shm->gso = false;
	if (zc_shm->kprobe)
		zc_kprobe_end();
}

static int judge(int num, const char *name, bool ok, const char *skip)
{
	if (ok)
		printf("ok %d %s\n", num, name);
	else if (skip)
		printf("ok %d %s # SKIP %s\n", num, name, skip);
	else
		printf("not ok %d %s # %s\n", num, name, zc_shm->reason);
	fflush(stdout);
	return ok || skip ? 0 : 1;
}

static void reason(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_reason(fmt, ap);
	va_end(ap);
}

static bool env_on(const char *name)
{
	const char *v = getenv(name);

	return v && *v && strcmp(v, "0");
}

static int run_case(const struct zc_case *c, const char *name, int num)
{
	unsigned int timeout = c->timeout ?: 120;
	const char *splat, *skip = NULL;
	bool ok = false, rest;
	int kmsg, status = 0;
	u64 end;
	char why[256];
	long long pins;
	pid_t pid, w;

	if (zc_debug)
		timeout *= 5;
	if ((c->flags & ZC_F_PAIR) && (!zc_nic(ZC_NS_A) || !zc_nic(ZC_NS_B)))
		return judge(num, name, false,
			     "no pair of NICs with the MACs 52:54:00:00:00:01 and :02");
	if ((c->flags & ZC_F_NODEBUG) && zc_debug)
		return judge(num, name, false, "not on a debug kernel");
	if ((c->flags & ZC_F_PINS) && env_on("ZC_AREAS"))
		return judge(num, name, false,
			     "about pins, and memory of an area needs none");
	if ((c->flags & ZC_F_QUEUE) && env_on("ZC_PAGE"))
		return judge(num, name, false,
			     "about what the error queue says, which is not read");
	if ((c->flags & ZC_F_BARE) && !zc_modules)
		return judge(num, name, false, "ZC_MODULES is not set");
	if (!zc_nolayer && !zc_layer_present() && !(c->flags & ZC_F_BARE)) {
		reason("the layer is not loaded");
		return judge(num, name, false, NULL);
	}

	defaults();
	pins = zc_pins_held();
	kmsg = kmsg_open();
	fflush(stdout);

	pid = fork();
	if (pid < 0) {
		reason("fork: %s", strerror(errno));
		return judge(num, name, false, NULL);
	}
	if (!pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		/* so do the threads that the case starts */
		if (zc_ns_exists(ZC_NS_A))
			zc_enter(ZC_NS_A);
		c->fn(c->arg);
		fflush(stdout);
		_exit(0);
	}
	setpgid(pid, pid);
	end = zc_now_ms() + timeout * 1000ULL;
	while (!(w = waitpid(pid, &status, WNOHANG)) && zc_now_ms() < end)
		zc_sleep_ms(3);
	if (!w) {
		dump_stacks(pid);
		reason("timed out after %u s", timeout);
		kill(-pid, SIGKILL);
		end = zc_now_ms() + 20000;
		while (!(w = waitpid(pid, &status, WNOHANG)) &&
		       zc_now_ms() < end)
			zc_sleep_ms(10);
		if (!w)
			zc_note("and does not die");
	} else if (WIFSIGNALED(status)) {
		reason("killed by signal %d", WTERMSIG(status));
	} else if (WEXITSTATUS(status) == 4) {
		skip = zc_shm->reason;
	} else if (WEXITSTATUS(status)) {
		reason("exit status %d", WEXITSTATUS(status));
	} else {
		ok = true;
	}
	kill(-pid, SIGKILL);

	/*
	 * Nothing may be left, whatever the verdict. Taking the queueing
	 * disciplines away comes first: they may hold packets.
	 */
	defaults();
	end = zc_now_ms() + (zc_debug ? 60000 : 15000);
	while (!(rest = at_rest(pins, why, sizeof(why))) && zc_now_ms() < end)
		zc_sleep_ms(10);
	if (!rest) {
		if (ok)
			reason("afterwards %s", why);
		else
			zc_note("afterwards %s", why);
		ok = false;
		skip = NULL;
	}
	splat = kmsg_splat(kmsg);
	if (splat) {
		if (ok || skip)
			zc_shm->reason[0] = 0;
		reason("kernel: %s", splat);
		ok = false;
		skip = NULL;
	}
	return judge(num, name, ok, skip);
}

static const char *flag(const struct zc_case *c, unsigned int f,
			const char *name)
{
	return c->flags & f ? name : "-";
}

/* For run_kselftest.sh: theme.case core fresh bare pair */
static void list_case(const char *theme, const struct zc_case *c)
{
	printf("%s.%s %s %s %s %s\n", theme, c->name,
	       flag(c, ZC_F_SHORT, "short"), flag(c, ZC_F_FRESH, "fresh"),
	       flag(c, ZC_F_BARE, "bare"), flag(c, ZC_F_PAIR, "pair"));
}

/* What the shell cannot do to the pair, for want of an ethtool */
static int setup(void)
{
	static const enum zc_ns pair[] = { ZC_NS_A, ZC_NS_B };
	unsigned int i;

	ns_open();
	cur_ns = ZC_NS_ROOT;
	/*
	 * QEMU's vmxnet3 cuts large IPv6 packets wrongly when its peer is a
	 * hub: nearly all of them are lost.
	 */
	for (i = 0; i < ZC_ARRAY_SIZE(pair); i++)
		if (zc_nic(pair[i]) && !zc_pair_is_zcsim())
			zc_set_feature(pair[i], zc_nic(pair[i]),
				       "tx-tcp6-segmentation", false);
	return 0;
}

int zc_main(int argc, char **argv, const char *theme,
	    const struct zc_case *cases, size_t nr)
{
	const char *kernel = getenv("ZC_KERNEL");
	int bad = 0, num;
	char name[128];
	size_t i;

	zc_debug = env_on("ZC_DEBUG");
	zc_short = env_on("ZC_SHORT");
	zc_nolayer = env_on("ZC_NOLAYER");
	zc_dry = zc_nolayer && !strcmp(getenv("ZC_NOLAYER"), "dry");
	zc_debian = kernel && !strcmp(kernel, "debian");
	zc_modules = getenv("ZC_MODULES");

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (i = 0; i < nr; i++)
			list_case(theme, &cases[i]);
		return 0;
	}

	setlinebuf(stdout);
	if (argc == 2 && !strcmp(argv[1], "--setup"))
		return setup();
	zc_shm = mmap(NULL, sizeof(*zc_shm), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (zc_shm == MAP_FAILED)
		return 1;
	ns_open();
	cur_ns = ZC_NS_ROOT;

	/* prog case [number]; without arguments, all of them */
	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "%s.%s", theme, cases[i].name);
		if (argc > 1 && strcmp(argv[1], cases[i].name) &&
		    strcmp(argv[1], name))
			continue;
		zc_shm->reason[0] = 0;
		num = i + 1;
		if (argc > 2)
			num = atoi(argv[2]);
		bad |= run_case(&cases[i], name, num);
		if (argc > 1)
			return bad;
	}
	if (argc > 1) {
		fprintf(stderr, "usage: %s [--list | case [number]]\n",
			argv[0]);
		return 2;
	}
	return bad;
}
