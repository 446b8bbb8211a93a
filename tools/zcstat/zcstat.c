// SPDX-License-Identifier: GPL-2.0
/*
 * zcstat: what the zerocopy layer has on loan, for whom, and what it copied or
 * let pass, and why. See zcstat.1.
 */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define COUNTERS	"/proc/net/zerocopy"
#define SOCKETS		"/proc/net/zerocopy_sockets"
#define AREAS		"/proc/zerocopy_areas"

#define MAX_COUNTERS	128
#define MAX_COLUMNS	24

static bool opt_all, opt_json, opt_live;

static void die(const char *what)
{
	fprintf(stderr, "zcstat: %s: %s\n", what, strerror(errno));
	if (errno == ENOENT)
		fprintf(stderr, "zcstat: is the module zerocopy loaded?\n");
	exit(1);
}

/* ---- files: a heading that names the columns, then a line for each ---- */

struct table {
	FILE *f;
	char *line, *heading;
	size_t size;
	unsigned int nr;
	char *name[MAX_COLUMNS];
	char *field[MAX_COLUMNS];
	unsigned int fields;
};

static unsigned int split(char *line, char **field)
{
	static const char blank[] = { ' ', '\n', 0 };
	unsigned int n = 0;
	char *p, *save;

	for (p = strtok_r(line, blank, &save); p && n < MAX_COLUMNS;
	     p = strtok_r(NULL, blank, &save))
		field[n++] = p;
	return n;
}

static bool table_next(struct table *t)
{
	if (!t->f || getline(&t->line, &t->size, t->f) < 0)
		return false;
	t->fields = split(t->line, t->field);
	return true;
}

static bool table_open(struct table *t, const char *path)
{
	memset(t, 0, sizeof(*t));
	t->f = fopen(path, "re");
	if (!t->f)
		return false;
	/* An empty file has no columns, and no lines either. */
	if (getline(&t->line, &t->size, t->f) < 0)
		return true;
	t->heading = t->line;
	t->line = NULL;
	t->size = 0;
	t->nr = split(t->heading, t->name);
	return true;
}

static void table_close(struct table *t)
{
	if (t->f)
		fclose(t->f);
	free(t->line);
	free(t->heading);
}

/* By name: later kernels may know more columns. */
static const char *get(const struct table *t, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->nr && i < t->fields; i++)
		if (!strcmp(t->name[i], name))
			return t->field[i];
	return "-";
}

static unsigned long long num(const struct table *t, const char *name)
{
	return strtoull(get(t, name), NULL, 10);
}

/* ---- counters ---- */

struct counters {
	unsigned int nr;
	struct {
		char name[48];
		unsigned long long val;
	} c[MAX_COUNTERS];
};

static void counters_read(struct counters *c)
{
	FILE *f = fopen(COUNTERS, "re");

	if (!f)
		die(COUNTERS);
	for (c->nr = 0; c->nr < MAX_COUNTERS; c->nr++)
		if (fscanf(f, "%47s %llu", c->c[c->nr].name,
			   &c->c[c->nr].val) != 2)
			break;
	fclose(f);
}

static bool is_gauge(const char *name)
{
	return !strcmp(name, "loans_out") || !strcmp(name, "pinned_bytes") ||
	       !strcmp(name, "pinned_bytes_peak");
}

/* Since the last look, if there was one; gauges are what they are. */
static unsigned long long since(const struct counters *now,
				const struct counters *old, unsigned int i)
{
	if (!old || i >= old->nr || is_gauge(now->c[i].name) ||
	    strcmp(now->c[i].name, old->c[i].name))
		return now->c[i].val;
	return now->c[i].val - old->c[i].val;
}

static bool has_prefix(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix)) &&
	       strcmp(name, "copied_bytes");
}

/* ---- for people ---- */

static const char *human(unsigned long long n)
{
	static const char unit[] = " KMGTPE";
	static char buf[8][32];
	static unsigned int which;
	char *b = buf[which++ % 8];
	unsigned int u = 0;
	double d = n;

	while (d >= 1024 && u < sizeof(unit) - 2) {
		d /= 1024;
		u++;
	}
	if (u)
		snprintf(b, sizeof(buf[0]), d < 10 ? "%.1f%c" : "%.0f%c", d,
			 unit[u]);
	else
		snprintf(b, sizeof(buf[0]), "%llu", n);
	return b;
}

/* A static program has no business with name services: /etc/passwd will do. */
static const char *user(const char *uid)
{
	static char name[64];
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *pw;

	snprintf(name, sizeof(name), "%s", uid);
	while (f && (pw = fgetpwent(f))) {
		if (pw->pw_uid == strtoul(uid, NULL, 10)) {
			snprintf(name, sizeof(name), "%s", pw->pw_name);
			break;
		}
	}
	if (f)
		fclose(f);
	return name;
}

static const char *command(const char *pid)
{
	static char name[64];
	char path[64];
	FILE *f;

	snprintf(name, sizeof(name), "-");
	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (fgets(name, sizeof(name), f))
			name[strcspn(name, "\n")] = 0;
		fclose(f);
	}
	return name;
}

/* Sockets that nothing is out for are listed with -a only. */
static bool shown(const struct table *t)
{
	return opt_all || num(t, "loans") || strcmp(get(t, "page"), "-");
}

static void print_sockets(void)
{
	struct table t;

	if (!table_open(&t, SOCKETS))
		die(SOCKETS);
	printf("%-5s %-26s %-26s %-9s %9s %6s %8s %8s %9s %s\n", "Proto",
	       "Local", "Remote", "User", "Inode", "Loans", "Pinned", "Window",
	       "Oldest", "Page");
	while (table_next(&t)) {
		if (!shown(&t))
			continue;
		printf("%-5s %-26s %-26s %-9s %9s %6s %8s %8s %7.2f s %s\n",
		       get(&t, "proto"), get(&t, "local"), get(&t, "remote"),
		       user(get(&t, "uid")), get(&t, "inode"), get(&t, "loans"),
		       human(num(&t, "pinned")), human(num(&t, "window")),
		       num(&t, "oldest_ms") / 1000.0, get(&t, "page"));
	}
	table_close(&t);
}

static void print_reasons(const struct counters *now,
			  const struct counters *old, const char *title,
			  const char *prefix)
{
	unsigned long long val;
	unsigned int i, n = 0;

	printf("%s", title);
	for (i = 0; i < now->nr; i++) {
		if (!has_prefix(now->c[i].name, prefix))
			continue;
		val = since(now, old, i);
		if (val)
			printf("%s %s %llu", n++ ? "," : "",
			       now->c[i].name + strlen(prefix), val);
	}
	printf("%s\n", n ? "" : " nothing");
}

static void print_counters(const struct counters *now,
			   const struct counters *old)
{
	unsigned int i;

	printf("Counters:");
	for (i = 0; i < now->nr; i++) {
		const char *name = now->c[i].name;

		if (has_prefix(name, "copied_") || has_prefix(name, "passed_"))
			continue;
		printf(" %s %s", name,
		       strstr(name, "bytes") ? human(since(now, old, i)) : "");
		if (!strstr(name, "bytes"))
			printf("%llu", since(now, old, i));
		if (i + 1 < now->nr)
			printf(",");
	}
	printf("\n");
	print_reasons(now, old, "Copied by reason:", "copied_");
	print_reasons(now, old, "Passed by reason:", "passed_");
}

static void print_areas(void)
{
	bool heading = false;
	struct table t;

	/* Not there on a kernel without MMU notifiers. */
	if (!table_open(&t, AREAS))
		return;
	while (table_next(&t)) {
		if (!heading)
			printf("%-9s %-16s %-9s %6s %8s %8s %6s\n", "PID",
			       "Command", "User", "Areas", "Bytes", "Pinned",
			       "Loans");
		heading = true;
		printf("%-9s %-16s %-9s %6s %8s %8s %6s\n", get(&t, "pid"),
		       command(get(&t, "pid")), user(get(&t, "uid")),
		       get(&t, "areas"), human(num(&t, "bytes")),
		       human(num(&t, "pinned")), get(&t, "loans"));
	}
	table_close(&t);
}

/* ---- for programs ---- */

static void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void json_row(const struct table *t, const char * const *words,
		     unsigned int n)
{
	unsigned int i, j;

	putchar('{');
	for (i = 0; i < t->nr && i < t->fields; i++) {
		bool word = false;

		for (j = 0; j < n; j++)
			word |= !strcmp(t->name[i], words[j]);
		printf("%s", i ? "," : "");
		json_string(t->name[i]);
		putchar(':');
		if (!strcmp(t->field[i], "-"))
			printf("null");
		else if (word)
			json_string(t->field[i]);
		else
			printf("%s", t->field[i]);
	}
}

static void json_sockets(void)
{
	static const char * const words[] = {
		"proto", "local", "remote", "page",
	};
	unsigned int n = 0;
	struct table t;

	if (!table_open(&t, SOCKETS))
		die(SOCKETS);
	printf("\"sockets\":[");
	while (table_next(&t)) {
		if (!shown(&t))
			continue;
		printf("%s", n++ ? "," : "");
		json_row(&t, words, 4);
		putchar('}');
	}
	printf("]");
	table_close(&t);
}

static void json_areas(void)
{
	unsigned int n = 0;
	struct table t;

	printf("\"areas\":[");
	table_open(&t, AREAS);
	while (table_next(&t)) {
		printf("%s", n++ ? "," : "");
		json_row(&t, NULL, 0);
		printf(",\"command\":");
		json_string(command(get(&t, "pid")));
		putchar('}');
	}
	printf("]");
	table_close(&t);
}

/* Those with the prefix, or with neither */
static void json_counters(const struct counters *now,
			  const struct counters *old, const char *name,
			  const char *prefix)
{
	unsigned int i, n = 0;

	printf("\"%s\":{", name);
	for (i = 0; i < now->nr; i++) {
		const char *s = now->c[i].name;

		if (prefix ? !has_prefix(s, prefix) :
		    has_prefix(s, "copied_") || has_prefix(s, "passed_"))
			continue;
		printf("%s", n++ ? "," : "");
		json_string(s + (prefix ? strlen(prefix) : 0));
		printf(":%llu", since(now, old, i));
	}
	printf("}");
}

static void look(const struct counters *old, struct counters *now)
{
	struct timespec ts;

	counters_read(now);
	if (!opt_json) {
		print_sockets();
		print_counters(now, old);
		print_areas();
		if (opt_live)
			printf("\n");
	} else {
		clock_gettime(CLOCK_REALTIME, &ts);
		printf("{\"time\":%lld.%03ld,", (long long)ts.tv_sec,
		       ts.tv_nsec / 1000000);
		json_sockets();
		putchar(',');
		json_counters(now, old, "counters", NULL);
		putchar(',');
		json_counters(now, old, "copied", "copied_");
		putchar(',');
		json_counters(now, old, "passed", "passed_");
		putchar(',');
		json_areas();
		printf("}\n");
	}
	if (fflush(stdout))
		die("standard output");
}

static void synopsis(FILE *f)
{
	fprintf(f, "usage: zcstat [-aj] [-w SECONDS [-c COUNT]]\n"
		"  -a, --all            sockets that have nothing on loan, too\n"
		"  -j, --json           for programs: an object a line\n"
		"  -w, --watch SECONDS  again and again; counters since the last time\n"
		"  -c, --count COUNT    so many times, then end\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "watch", required_argument, NULL, 'w' },
		{ "count", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct itimerspec its = { 0 };
	struct counters seen[2];
	double seconds = 0;
	long count = 0, i;
	uint64_t ticks;
	char *end;
	int fd, c;

	while ((c = getopt_long(argc, argv, "ajw:c:h", options, NULL)) != -1) {
		switch (c) {
		case 'a':
			opt_all = true;
			break;
		case 'j':
			opt_json = true;
			break;
		case 'w':
			seconds = strtod(optarg, &end);
			if (*end || !(seconds >= 0.01 && seconds <= 86400)) {
				fprintf(stderr,
					"zcstat: an interval is 0.01 to 86400 seconds, not '%s'\n",
					optarg);
				return 2;
			}
			opt_live = true;
			break;
		case 'c':
			count = strtol(optarg, &end, 10);
			if (*end || count < 1) {
				fprintf(stderr,
					"zcstat: a count is a number from 1, not '%s'\n",
					optarg);
				return 2;
			}
			break;
		case 'h':
			synopsis(stdout);
			return 0;
		default:
			synopsis(stderr);
			return 2;
		}
	}
	if (optind < argc || (count && !opt_live)) {
		synopsis(stderr);
		return 2;
	}

	look(NULL, &seen[0]);
	if (!opt_live)
		return 0;

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (fd < 0)
		die("timerfd");
	its.it_value.tv_sec = seconds;
	its.it_value.tv_nsec = (seconds - its.it_value.tv_sec) * 1e9;
	its.it_interval = its.it_value;
	if (timerfd_settime(fd, 0, &its, NULL))
		die("timerfd");
	for (i = 1; !count || i < count; i++) {
		if (read(fd, &ticks, sizeof(ticks)) < 0 && errno != EINTR)
			die("timerfd");
		look(&seen[(i - 1) % 2], &seen[i % 2]);
	}
	return 0;
}
