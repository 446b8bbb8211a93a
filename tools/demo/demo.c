// SPDX-License-Identifier: GPL-2.0
/*
 * The program of make demo: an ordinary MSG_ZEROCOPY sender and its receiver.
 * It knows nothing of the layer. Runs in the guest as root, and gives that up
 * before it sends. Results go to stdout, one "name value" a line; what it is
 * doing goes to stderr.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RECEIVER	"10.77.0.2"
#define PORT		7777
#define NOBODY		65534
#define MIB		((size_t)1024 * 1024)

static const char *dir;		/* where sums go */
static size_t page;

/* ids that the kernel has reported done */
struct notes {
	__u32		next;		/* the id that has to come now */
	__u32		ids;		/* how many came */
	unsigned int	messages;
	unsigned int	copied;		/* messages that say COPIED */
	unsigned int	jumps;		/* messages that did not begin at next */
};

static void fail(const char *what)
{
	fprintf(stderr, "demo: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* A line now and then, so that nobody takes a slow machine for a hung one. */
static void progress(const char *what, size_t done, size_t all)
{
	static time_t last;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!last || !done)
		last = now.tv_sec;
	if (now.tv_sec - last < 5)
		return;
	last = now.tv_sec;
	fprintf(stderr, "  %s: %zu of %zu MiB\n", what, done / MIB, all / MIB);
}

static void enter_netns(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail(path);
	close(fd);
}

static void become_nobody(size_t memlock)
{
	struct rlimit limit = { memlock, memlock };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		fail("setrlimit");
	if (setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		fail("setresuid");
}

/* Ordinary pages: of a huge one, all of it is charged. */
static __u64 *fresh_memory(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, bytes, MADV_NOHUGEPAGE))
		fail("memory");
	return p;
}

static void fill(__u64 *p, size_t bytes)
{
	__u64 x = 0x9e3779b97f4a7c15ULL;
	size_t i;

	for (i = 0; i < bytes / sizeof(*p); i++) {
		if (i % (MIB / sizeof(*p)) == 0)
			progress("made", i * sizeof(*p), bytes);
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = x;
	}
}

static FILE *sum_open(const char *side)
{
	char cmd[256];
	FILE *f;

	snprintf(cmd, sizeof(cmd), "exec sha256sum >%s/%s", dir, side);
	f = popen(cmd, "w");
	if (!f)
		fail("sha256sum");
	setvbuf(f, NULL, _IONBF, 0);
	return f;
}

static void sum_add(FILE *f, const void *p, size_t bytes)
{
	if (fwrite(p, 1, bytes, f) != bytes)
		fail("sha256sum");
}

static void sum_read(const char *side, char sum[65])
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, side);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%64s", sum) != 1)
		fail(path);
	fclose(f);
}

/* ---- the receiver, a process of its own behind the other NIC ---- */

struct receiver {
	pid_t		pid;
	int		ready;		/* readable when it listens */
	int		go;		/* it reads when this is written to */
	int		result;		/* bytes it got */
};

static void receive(int s, bool hash, size_t expected, int result)
{
	FILE *sum = hash ? sum_open("received") : NULL;
	static char buf[1 << 18];
	size_t total = 0;
	ssize_t n;

	progress("received", 0, expected);
	while ((n = read(s, buf, sizeof(buf))) > 0) {
		total += n;
		if (sum)
			sum_add(sum, buf, n);
		progress("received", total, expected);
	}
	if (sum)
		pclose(sum);
	if (write(result, &total, sizeof(total)) != sizeof(total))
		fail("reporting");
}

static void start_receiver(struct receiver *r, int rcvbuf, bool hash,
			   size_t expected)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(PORT) };
	int ready[2], go[2], result[2], one = 1, l, s;
	char c;

	if (pipe(ready) || pipe(go) || pipe(result))
		fail("pipe");
	r->pid = fork();
	if (r->pid < 0)
		fail("fork");
	if (r->pid) {
		close(ready[1]);
		close(go[0]);
		close(result[1]);
		r->ready = ready[0];
		r->go = go[1];
		r->result = result[0];
		if (read(r->ready, &c, 1) != 1)
			fail("the receiver did not start");
		return;
	}

	close(go[1]);
	enter_netns("receiver");
	l = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (rcvbuf)
		setsockopt(l, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (bind(l, (struct sockaddr *)&any, sizeof(any)) || listen(l, 1) ||
	    write(ready[1], "", 1) != 1)
		fail("listening");
	s = accept(l, NULL, NULL);
	if (s < 0)
		fail("accept");
	/* Nothing to read means that the sender is gone. */
	if (read(go[0], &c, 1) == 1)
		receive(s, hash, expected, result[1]);
	_exit(0);
}

static void let_receive(struct receiver *r)
{
	if (write(r->go, "", 1) != 1)
		fail("the receiver is gone");
}

static size_t end_receiver(struct receiver *r)
{
	size_t total = 0;

	if (read(r->result, &total, sizeof(total)) != sizeof(total))
		fail("the receiver did not report");
	waitpid(r->pid, NULL, 0);
	return total;
}

/* ---- the sender ---- */

static int connect_sender(int sndbuf)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(PORT) };
	int s, one = 1;

	enter_netns("sender");
	inet_pton(AF_INET, RECEIVER, &to.sin_addr);
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (sndbuf)
		setsockopt(s, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	if (connect(s, (struct sockaddr *)&to, sizeof(to)))
		fail("connect");
	if (setsockopt(s, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		fail("SO_ZEROCOPY");
	return s;
}

/* The one system call all of this is about. */
static ssize_t send_once(int s, void *data, size_t bytes)
{
	struct iovec iov = { .iov_base = data, .iov_len = bytes };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sendmsg(s, &msg, MSG_ZEROCOPY);
}

static void note_one(struct notes *n, const struct sock_extended_err *e)
{
	if (e->ee_origin != SO_EE_ORIGIN_ZEROCOPY || e->ee_errno)
		return;
	n->messages++;
	if (e->ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
		n->copied++;
	if (e->ee_info != n->next)
		n->jumps++;
	n->ids += e->ee_data - e->ee_info + 1;
	n->next = e->ee_data + 1;
}

/* Read what is on the error queue; wait until @ids are done, or do not wait. */
static void read_notes(int s, struct notes *n, __u32 ids, bool wait)
{
	struct pollfd pfd = { .fd = s };
	char control[128];

	while (n->ids < ids) {
		struct msghdr msg = { .msg_control = control,
				      .msg_controllen = sizeof(control) };
		struct cmsghdr *c;

		if (recvmsg(s, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
			if (errno != EAGAIN)
				fail("error queue");
			if (!wait)
				return;
			if (poll(&pfd, 1, 60000) <= 0)
				return;	/* the ids will be found missing */
			continue;
		}
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			note_one(n, (struct sock_extended_err *)CMSG_DATA(c));
	}
}

/* All of @bytes in one sendmsg(), by a user who may lock @memlock bytes. */
static void big(size_t bytes, size_t memlock, bool hash)
{
	char tx[65] = "none", rx[65] = "none";
	struct notes notes = { 0 };
	struct receiver r;
	__u64 *data;
	size_t got;
	ssize_t n;
	int s;

	start_receiver(&r, 0, hash, bytes);
	s = connect_sender(0);
	data = fresh_memory(bytes);
	fill(data, bytes);
	if (hash) {
		FILE *sum = sum_open("sent");
		size_t at;

		for (at = 0; at < bytes; at += MIB) {
			progress("hashed", at, bytes);
			sum_add(sum, (char *)data + at, MIB);
		}
		pclose(sum);
		sum_read("sent", tx);
	}
	become_nobody(memlock);
	let_receive(&r);

	n = send_once(s, data, bytes);
	printf("sent %s\n", n < 0 ? strerrorname_np(errno) :
	     (size_t)n == bytes ? "all" : "part");
	shutdown(s, SHUT_WR);
	got = end_receiver(&r);
	printf("received %zu\n", got);
	if (n > 0)
		read_notes(s, &notes, 1, true);
	printf("notified %u\n", notes.ids);
	printf("copied %u\n", notes.copied);
	if (hash && got)
		sum_read("received", rx);
	if (hash) {
		printf("sum_sent %s\n", tx);
		printf("sum_received %s\n", rx);
	}
}

static __u64 frame_of(int pagemap, const void *p)
{
	__u64 entry;

	if (pread(pagemap, &entry, sizeof(entry),
		  (uintptr_t)p / page * sizeof(entry)) != sizeof(entry))
		fail("pagemap");
	return entry & ((1ULL << 55) - 1);
}

/*
 * Fork with data in flight: the receiver does not read, so the end of the
 * message is still in our queue. Then write to it, as a program does that has
 * forgotten that it forked.
 */
static void fork_in_flight(size_t memlock)
{
	enum { PAGES = 8, LAST = 4 };
	unsigned int kept = 0, child_kept = 1;
	struct notes notes = { 0 };
	__u64 before[PAGES];
	int s, i, pagemap, unsent, status, hold[2];
	struct receiver r;
	char *data, c;
	pid_t pid;

	start_receiver(&r, 4096, false, PAGES * page);
	s = connect_sender(200000); /* all of it shall fit */
	data = (char *)fresh_memory(PAGES * page);
	memset(data, 'a', PAGES * page);
	/* Frame numbers are shown to whoever opened it as root. */
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0 || pipe(hold))
		fail("pagemap");
	become_nobody(memlock);

	if (send_once(s, data, PAGES * page) != (ssize_t)(PAGES * page))
		fail("sending 32 KiB");
	for (i = 0; i < PAGES; i++)
		before[i] = frame_of(pagemap, data + i * page);

	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		close(hold[1]);
		if (read(hold[0], &c, 1))
			_exit(2);
		for (i = 0; i < PAGES; i++)
			child_kept &= data[i * page] == 'a';
		_exit(!child_kept);
	}
	for (i = 0; i < PAGES; i++)
		data[i * page] = 'b';
	for (i = PAGES - LAST; i < PAGES; i++)
		kept += frame_of(pagemap, data + i * page) == before[i];
	if (!before[PAGES - 1])
		kept = PAGES;	/* no frame numbers: nothing was shown */

	read_notes(s, &notes, 1, false);
	if (ioctl(s, SIOCOUTQ, &unsent))
		fail("SIOCOUTQ");
	printf("in_flight %s\n", unsent >= (int)(LAST * page) && !notes.ids ?
	     "yes" : "no");
	printf("kept %u of %u\n", kept, LAST);
	close(hold[1]);
	waitpid(pid, &status, 0);
	printf("child_unharmed %s\n", status ? "no" : "yes");

	let_receive(&r);
	shutdown(s, SHUT_WR);
	printf("received %zu\n", end_receiver(&r));
	read_notes(s, &notes, 1, true);
	printf("notified %u\n", notes.ids);
}

/* Many small sends, as documented: the notifications are read along the way. */
static void notify(unsigned int sends, size_t bytes, size_t memlock)
{
	struct notes notes = { 0 };
	struct receiver r;
	unsigned int i;
	__u64 *data;
	int s;

	start_receiver(&r, 0, false, sends * bytes);
	s = connect_sender(0);
	data = fresh_memory(bytes);
	fill(data, bytes);
	become_nobody(memlock);
	let_receive(&r);

	for (i = 0; i < sends; i++) {
		if (send_once(s, data, bytes) != (ssize_t)bytes)
			fail("sending 64 KiB");
		read_notes(s, &notes, i + 1, false);
	}
	shutdown(s, SHUT_WR);
	printf("received %zu\n", end_receiver(&r));
	read_notes(s, &notes, sends, true);
	if (notes.ids != sends)
		printf("ids %u came\n", notes.ids);
	else if (notes.jumps)
		printf("ids %u jumps\n", notes.jumps);
	else
		printf("ids 0-%u\n", sends - 1);
	printf("copied %u\n", notes.copied);
	printf("messages %u\n", notes.messages);
}

int main(int argc, char **argv)
{
	/* What hangs has failed. */
	alarm(180);
	setvbuf(stdout, NULL, _IOLBF, 0);
	page = sysconf(_SC_PAGESIZE);
	dir = getenv("DEMO_DIR");
	if (!dir)
		dir = "/tmp";

	if (argc == 5 && !strcmp(argv[1], "big"))
		big(atol(argv[2]) * MIB, atol(argv[3]) * 1024,
		    !strcmp(argv[4], "hash"));
	else if (argc == 3 && !strcmp(argv[1], "fork"))
		fork_in_flight(atol(argv[2]) * 1024);
	else if (argc == 4 && !strcmp(argv[1], "notify"))
		notify(atoi(argv[2]), 65536, atol(argv[3]) * 1024);
	else
		argc = 0;
	if (argc)
		return 0;
	fprintf(stderr,
		"usage: demo big MIB KIB hash|plain | fork KIB | notify SENDS KIB\n");
	return 2;
}
