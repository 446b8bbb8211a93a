// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 4 "zcstat": /proc/net/zerocopy_sockets and /proc/zerocopy_areas, who may
 * see what of them, and the program that reads them.
 */
#include "zc_area.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOBODY	65534
#define SOCKETS	"/proc/thread-self/net/zerocopy_sockets"
#define HEADING	"proto local remote uid inode cookie loans pinned window " \
		"oldest_ms page\n"
#define AREAS	"/proc/zerocopy_areas"

struct row {
	char proto[8], local[64], remote[64], page[64];
	unsigned int uid, loans;
	unsigned long long inode, cookie, pinned, window, oldest_ms;
};

/* The line of a socket, by its inode */
static bool row_find(unsigned long long inode, struct row *r)
{
	bool found = false;
	char line[512];
	FILE *f = fopen(SOCKETS, "re");

	ZC_CHECK(f, "%s: %s", SOCKETS, strerror(errno));
	ZC_CHECK(fgets(line, sizeof(line), f), "no heading");
	ZC_CHECK(!strcmp(line, HEADING), "heading: %s", line);
	while (!found && fgets(line, sizeof(line), f)) {
		ZC_CHECK(sscanf(line,
				"%7s %63s %63s %u %llu %llu %u %llu %llu %llu %63s",
				r->proto, r->local, r->remote, &r->uid,
				&r->inode, &r->cookie, &r->loans, &r->pinned,
				&r->window, &r->oldest_ms, r->page) == 11,
			 "line: %s", line);
		found = r->inode == inode;
	}
	fclose(f);
	return found;
}

static unsigned long long inode_of(int fd)
{
	struct stat st;

	ZC_SYS(fstat(fd, &st));
	return st.st_ino;
}

static void name_of(int fd, bool peer, char *buf, size_t len)
{
	struct sockaddr_storage ss;
	struct sockaddr_in6 *a6 = (void *)&ss;
	struct sockaddr_in *a4 = (void *)&ss;
	socklen_t sl = sizeof(ss);
	char str[64];

	if (peer)
		ZC_SYS(getpeername(fd, (void *)&ss, &sl));
	else
		ZC_SYS(getsockname(fd, (void *)&ss, &sl));
	if (ss.ss_family == AF_INET)
		snprintf(buf, len, "%s:%u",
			 inet_ntop(AF_INET, &a4->sin_addr, str, sizeof(str)),
			 ntohs(a4->sin_port));
	else
		snprintf(buf, len, "[%s]:%u",
			 inet_ntop(AF_INET6, &a6->sin6_addr, str, sizeof(str)),
			 ntohs(a6->sin6_port));
}

struct kind {
	int family, type;
};

/* What is out, for whom, since when; and that it is gone when it is back. */
static void sockets(const void *arg)
{
	const struct kind *k = arg;
	bool stream = k->type == SOCK_STREAM;
	struct zc_conn c = { .family = k->family, .type = k->type };
	size_t len = stream ? ZC_KB(12) : 1200;
	char *buf = zc_alloc(ZC_KB(64), 111), name[64];
	u64 start, now;
	struct row r;

	zc_open(&c);
	ZC_CHECK(!row_find(inode_of(c.tx), &r), "listed before a send");
	/* more would be too much for neighbour discovery */
	zc_qdisc(ZC_NS_A, "netem delay 2500ms");
	zc_set_window(ZC_NS_A, ZC_MB(1));
	start = zc_now_ms();
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "send");
	ZC_CHECK(row_find(inode_of(c.tx), &r), "not listed");
	ZC_CHECK(!strcmp(r.proto, stream ? "tcp" : "udp"), "proto %s", r.proto);
	name_of(c.tx, false, name, sizeof(name));
	ZC_CHECK(!strcmp(r.local, name), "local %s, not %s", r.local, name);
	name_of(c.tx, true, name, sizeof(name));
	ZC_CHECK(!strcmp(r.remote, name), "remote %s, not %s", r.remote, name);
	ZC_EQ(r.uid, 0, "uid");
	ZC_CHECK(r.loans >= 1 && r.loans < 20, "%u loans", r.loans);
	ZC_CHECK(r.pinned >= len && r.pinned <= ZC_KB(64), "pinned %llu",
		 r.pinned);
	ZC_EQ(r.window, ZC_MB(1), "window");
	ZC_CHECK(!strcmp(r.page, "-"), "page %s", r.page);
	ZC_EQ(zc_counter_now(ZC_NS_A, "loans_out"), r.loans, "loans_out");

	/* never too young; too old by a quarter of a second, and a bit */
	zc_sleep_ms(1000);
	now = zc_now_ms();
	ZC_CHECK(row_find(inode_of(c.tx), &r), "not listed");
	ZC_CHECK(r.oldest_ms + 20 >= 1000, "oldest %llu ms", r.oldest_ms);
	ZC_CHECK(r.oldest_ms <= now - start + 1500, "oldest %llu ms after %llu",
		 r.oldest_ms, (unsigned long long)(now - start));

	zc_rx_start(&c, UINT64_MAX);
	ZC_CHECK(zc_wait_for(!row_find(inode_of(c.tx), &r) || !r.loans, 20000),
		 "%u loans stay", r.loans);
	/* looking does not keep it */
	ZC_CHECK(zc_wait_for(!row_find(inode_of(c.tx), &r), 10000),
		 "it is still listed");
	zc_notif_expect(c.tx, 1);
	zc_close(&c);
}

/* A socket belongs to its namespace, and is seen there only. */
static void namespaces(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_DGRAM };
	char *buf = zc_alloc(4096, 112);
	struct row r;

	(void)arg;
	zc_open(&c);
	zc_qdisc(ZC_NS_A, "netem delay 2s");
	ZC_EQ(zc_sendmsg(c.tx, buf, 1000, 0), 1000, "send");
	ZC_CHECK(row_find(inode_of(c.tx), &r), "not listed in its namespace");
	zc_enter(ZC_NS_B);
	ZC_CHECK(!row_find(inode_of(c.tx), &r), "listed in another one");
	zc_enter(ZC_NS_ROOT);
	ZC_CHECK(!row_find(inode_of(c.tx), &r), "listed in the initial one");
	zc_enter(ZC_NS_A);
	zc_notif_expect(c.tx, 1);
	zc_close(&c);
}

static void with_page(const void *arg)
{
	struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
	char *buf = zc_alloc(ZC_KB(64), 113);
	int dev = zc_dev_open();
	struct zc_page pg;
	struct row r;

	(void)arg;
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	ZC_EQ(zc_page_open(&pg, dev, c.tx, 0, -1), 0, "page");
	ZC_CHECK(row_find(inode_of(c.tx), &r), "not listed");
	ZC_CHECK(!strcmp(r.page, "0/0"), "page %s", r.page);
	ZC_EQ(zc_sendmsg(c.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	ZC_CHECK(zc_wait_for(zc_page_done(&pg) == 1, 10000), "done");
	ZC_CHECK(row_find(inode_of(c.tx), &r), "not listed");
	ZC_CHECK(!strcmp(r.page, "1/1"), "page %s", r.page);
	zc_page_close(&pg);
	zc_close(&c);
}

/* The line of a process in an open /proc/zerocopy_areas */
static bool area_find(int fd, pid_t pid, unsigned int *uid, unsigned int *areas,
		      unsigned long long *bytes)
{
	unsigned long long pinned, loans;
	char buf[8192], *p, *save;
	bool found = false;
	ssize_t n;
	int at;

	n = ZC_SYS(pread(fd, buf, sizeof(buf) - 1, 0));
	buf[n] = 0;
	p = strtok_r(buf, "\n", &save);
	ZC_CHECK(p && !strcmp(p, "pid uid areas bytes pinned loans"),
		 "heading: %s", p);
	while ((p = strtok_r(NULL, "\n", &save))) {
		ZC_CHECK(sscanf(p, "%d %u %u %llu %llu %llu", &at, uid, areas,
				bytes, &pinned, &loans) == 6, "line: %s", p);
		if (at == pid) {
			found = true;
			break;
		}
	}
	return found;
}

/* Everybody sees his own; root sees all; a descriptor shows what it showed. */
static void registered(const void *arg)
{
	size_t len = ZC_KB(256);
	char *buf = zc_alloc(len, 114);
	unsigned long long bytes;
	unsigned int uid, n;
	int up[2], down[2], status, mine, fd, dev;
	char x;
	pid_t pid;

	(void)arg;
	ZC_SYS(pipe(up));
	ZC_SYS(pipe(down));
	mine = ZC_SYS(open(AREAS, O_RDONLY | O_CLOEXEC));
	ZC_CHECK(!area_find(mine, getpid(), &uid, &n, &bytes), "listed before");
	dev = zc_dev_open();
	ZC_CHECK(zc_area_register(dev, buf, len) > 0, "register");
	ZC_CHECK(zc_area_register(dev, buf, ZC_KB(4)) > 0, "register");
	ZC_CHECK(area_find(mine, getpid(), &uid, &n, &bytes), "not listed");
	ZC_EQ(uid, 0, "uid");
	ZC_EQ(n, 2, "areas");
	ZC_EQ(bytes, len + ZC_KB(4), "bytes");

	pid = ZC_SYS(fork());
	if (!pid) {
		char *own;

		ZC_SYS(setgid(NOBODY));
		ZC_SYS(setuid(NOBODY));
		fd = ZC_SYS(open(AREAS, O_RDONLY));
		/* not root's; what root opened shows what root may see */
		ZC_CHECK(!area_find(fd, getppid(), &uid, &n, &bytes),
			 "nobody sees root's areas");
		ZC_CHECK(area_find(mine, getppid(), &uid, &n, &bytes),
			 "root's descriptor shows nothing");
		own = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		close(dev);
		dev = zc_dev_open();
		ZC_CHECK(zc_area_register(dev, own, 8192) > 0, "register");
		ZC_CHECK(area_find(fd, getpid(), &uid, &n, &bytes),
			 "nobody does not see his own");
		ZC_EQ(uid, NOBODY, "uid");
		ZC_EQ(bytes, 8192, "bytes");
		ZC_SYS(write(up[1], "x", 1));
		ZC_SYS(read(down[0], &x, 1));
		_exit(0);
	}
	ZC_SYS(read(up[0], &x, 1));
	ZC_CHECK(area_find(mine, pid, &uid, &n, &bytes), "root does not see it");
	ZC_EQ(uid, NOBODY, "uid");
	ZC_SYS(write(down[1], "x", 1));
	ZC_SYS(waitpid(pid, &status, 0));
	ZC_EQ(status, 0, "status");
	ZC_CHECK(zc_wait_for(!area_find(mine, pid, &uid, &n, &bytes), 5000),
		 "still listed when it is dead");
	close(dev);
	ZC_CHECK(zc_wait_for(!area_find(mine, getpid(), &uid, &n, &bytes),
			     5000), "still listed");
}

/* ---- zcstat ---- */

static int run(const char *args, char *out, size_t len)
{
	char cmd[512];
	FILE *f;
	int st;

	snprintf(cmd, sizeof(cmd), "%s/zcstat %s 2>&1",
		 getenv("ZC_PROGS") ?: ".", args);
	f = popen(cmd, "re");
	ZC_CHECK(f, "popen: %s", strerror(errno));
	len = fread(out, 1, len - 1, f);
	out[len] = 0;
	st = pclose(f);
	return WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

/* Behind a JSON value, or NULL */
static const char *json(const char *p)
{
	char close = *p == '{' ? '}' : ']';

	if (*p == '"') {
		for (p++; *p && *p != '"'; p++)
			if (*p == '\\' && !*++p)
				return NULL;
		return *p ? p + 1 : NULL;
	}
	if (*p == '{' || *p == '[') {
		if (p[1] == close)
			return p + 2;
		do {
			p++;
			if (close == '}') {
				if (*p != '"')
					return NULL;
				p = json(p);
				if (!p || *p++ != ':')
					return NULL;
			}
			p = json(p);
		} while (p && *p == ',');
		return p && *p == close ? p + 1 : NULL;
	}
	if (!strncmp(p, "null", 4))
		return p + 4;
	{
		size_t n = strspn(p, "-0123456789.");

		return n ? p + n : NULL;
	}
}

static void program(const void *arg)
{
	struct zc_conn c = { .family = AF_INET6, .type = SOCK_DGRAM };
	struct zc_conn v = { .family = AF_INET, .type = SOCK_STREAM,
			     .link = ZC_LINK_LO };
	char *buf = zc_alloc(ZC_KB(64), 115), name[64], want[128];
	static char out[65536];
	const char *p;
	int dev, i;

	(void)arg;
	dev = zc_dev_open();
	ZC_CHECK(zc_area_register(dev, buf, ZC_KB(64)) > 0, "register");
	zc_open(&v);
	zc_rx_start(&v, UINT64_MAX);
	ZC_EQ(zc_sendmsg(v.tx, buf, ZC_KB(64), 0), ZC_KB(64), "send");
	zc_open(&c);
	zc_qdisc(ZC_NS_A, "netem delay 4s");
	ZC_EQ(zc_sendmsg(c.tx, buf, 1000, 0), 1000, "send");
	name_of(c.tx, false, name, sizeof(name));

	ZC_EQ(run("", out, sizeof(out)), 0, "exit status");
	ZC_CHECK(strstr(out, name), "no socket in: %s", out);
	ZC_CHECK(strstr(out, "Copied by reason: ") && strstr(out, " orphan "),
		 "no reason in: %s", out);
	ZC_CHECK(strstr(out, "root"), "no user in: %s", out);
	snprintf(want, sizeof(want), "%d ", getpid());
	ZC_CHECK(strstr(out, want), "no areas in: %s", out);

	ZC_EQ(run("--json", out, sizeof(out)), 0, "exit status");
	p = json(out);
	ZC_CHECK(p && !strcmp(p, "\n"), "not JSON: %s", out);
	snprintf(want, sizeof(want), "\"local\":\"%s\"", name);
	ZC_CHECK(strstr(out, want), "no %s in: %s", want, out);
	snprintf(want, sizeof(want), "\"inode\":%llu,", inode_of(c.tx));
	ZC_CHECK(strstr(out, want), "no %s in: %s", want, out);
	snprintf(want, sizeof(want), "{\"pid\":%d,\"uid\":0,\"areas\":1,",
		 getpid());
	ZC_CHECK(strstr(out, want), "no %s in: %s", want, out);
	ZC_CHECK(strstr(out, "\"copied\":{\"route\":") &&
		 strstr(out, "\"passed\":{\"disabled\":") &&
		 strstr(out, "\"counters\":{\"sends\":"), "reasons: %s", out);

	ZC_EQ(run("-j -w 0.05 -c 4", out, sizeof(out)), 0, "exit status");
	for (i = 0, p = out; *p; i++) {
		/* from the second on, what it grew by: nothing */
		ZC_CHECK(!i || strstr(p, "\"sends\":0,"), "sends: %s", p);
		p = json(p);
		ZC_CHECK(p && *p == '\n', "not JSON: %s", out);
		p++;
	}
	ZC_EQ(i, 4, "objects");

	ZC_EQ(run("-x", out, sizeof(out)), 2, "unknown option");
	ZC_EQ(run("-w 0", out, sizeof(out)), 2, "no interval");
	ZC_EQ(run("-w 1x", out, sizeof(out)), 2, "bad interval");
	ZC_EQ(run("-c 2", out, sizeof(out)), 2, "count without interval");
	ZC_EQ(run("-w 1 -c 0", out, sizeof(out)), 2, "count of 0");
	ZC_EQ(run("more", out, sizeof(out)), 2, "an argument");
	ZC_EQ(run("-h", out, sizeof(out)), 0, "help");
	zc_notif_expect(c.tx, 1);
	zc_close(&c);
	zc_close(&v);
}

/* ---- readers against sockets that come and go ---- */

static bool stop;

static void *reader(void *arg)
{
	unsigned long *reads = arg;
	char buf[256];
	int fd, n;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		fd = open(*reads & 1 ? AREAS : SOCKETS, O_RDONLY | O_CLOEXEC);
		ZC_CHECK(fd >= 0, "open: %s", strerror(errno));
		/* a little at a time: the walk starts again and again */
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			;
		ZC_EQ(n, 0, "read");
		close(fd);
		++*reads;
	}
	return NULL;
}

static void *comer(void *arg)
{
	unsigned long *n = arg;
	char *buf = zc_alloc(ZC_KB(16), 116);
	int dev = zc_dev_open(), id;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct zc_conn c = {
			.family = *n & 1 ? AF_INET6 : AF_INET,
			.type = *n & 2 ? SOCK_STREAM : SOCK_DGRAM,
			.link = ZC_LINK_LO,
		};

		zc_open(&c);
		id = zc_area_register(dev, buf, ZC_KB(8));
		ZC_CHECK(id > 0, "register: %s", strerror(-id));
		ZC_CHECK(zc_sendmsg(c.tx, buf, 5000, 0) == 5000, "send");
		if (*n & 4)
			ZC_EQ(zc_area_unregister(dev, id), 0, "unregister");
		zc_close(&c);
		if (!(*n & 4))
			zc_area_unregister(dev, id);
		++*n;
	}
	close(dev);
	return NULL;
}

static void races(const void *arg)
{
	pthread_t thread[4];
	unsigned long n[4] = { 0, 1, 0, 2 };
	unsigned int i;

	(void)arg;
	for (i = 0; i < 4; i++)
		ZC_EQ(pthread_create(&thread[i], NULL, i < 2 ? reader : comer,
				     &n[i]), 0, "thread");
	zc_sleep_ms(zc_scale(6000, 3000));
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	zc_note("%lu reads, %lu sockets", n[0] + n[1], n[2] + n[3]);
	ZC_CHECK(n[0] + n[1] > 20 && n[2] + n[3] > 20, "too few");
}

static const struct kind tcp4 = { AF_INET, SOCK_STREAM };
static const struct kind tcp6 = { AF_INET6, SOCK_STREAM };
static const struct kind udp4 = { AF_INET, SOCK_DGRAM };
static const struct kind udp6 = { AF_INET6, SOCK_DGRAM };

static const struct zc_case cases[] = {
	{ "sockets_tcp", sockets, &tcp4,
	  ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS | ZC_F_QUEUE, 0 },
	{ "sockets_tcp6", sockets, &tcp6,
	  ZC_F_PAIR | ZC_F_PINS | ZC_F_QUEUE, 0 },
	{ "sockets_udp", sockets, &udp4,
	  ZC_F_PAIR | ZC_F_PINS | ZC_F_QUEUE, 0 },
	{ "sockets_udp6", sockets, &udp6,
	  ZC_F_PAIR | ZC_F_PINS | ZC_F_QUEUE, 0 },
	{ "namespaces", namespaces, NULL, ZC_F_PAIR, 0 },
	{ "page", with_page, NULL, ZC_F_PAIR | ZC_F_QUEUE, 0 },
	{ "areas", registered, NULL, ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "zcstat", program, NULL, ZC_F_PAIR | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "races", races, NULL, 0, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "stat", cases, ZC_ARRAY_SIZE(cases));
}
