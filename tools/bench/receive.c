// SPDX-License-Identifier: GPL-2.0
/*
 * receive VARIANT tcp-rx SIZE 4k: one row of the receive benchmark.
 *
 * Both ends of a connection over a zcsim pair are here, and take turns: one sends
 * SIZE bytes, which the stack queues at the other; then that one takes them, and
 * gives back what they lie in. Nobody looks at the payload. What this costs the
 * receiver is what its stack does while its NIC polls, of which zcsim keeps
 * count, and what happens between the first system call of its turn and the last,
 * less what zcsim says is its own or the sender's.
 *
 * Prints "VARIANT tcp-rx SIZE PAGES COST STACK REFILL OTHER CALLS FRAGS PACKETS",
 * for SIZE bytes each: STACK and REFILL are the parts of COST that were spent in
 * the NIC's polls, in the stack and in getting new buffers; OTHER was taken out;
 * CALLS are system calls, FRAGS the pieces that were handed out. Or, where the
 * variant cannot be: "absent VARIANT: why".
 *
 *   ZC_BENCH_CLOCK=1       nanoseconds instead of instructions
 *   ZC_BENCH_SPLIT=1       the NIC splits headers off, so queues can be bound
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"
#include "receive.h"

#define BATCH		64	/* in a round */
#define ROUNDS		3
#define ROUNDS_CLOCK	61
#define SOCKBUF		(16 << 20)
#define SENDER_NETNS	"zcbC"
#define SENDER_NIC	"zcb2"
#define NETNS		"zcbD"
#define NIC		"zcb3"
#define ADDRESS		"10.89.1.2"	/* its route has the MTU for TCP */
#define PORT		7101

static char *recv_buf;

void leave_out(const struct receive *r, const char *why)
{
	printf("absent %s: %s.\n", r->name, why);
	exit(0);
}

/* In 4 KiB pages, all of them there. */
char *receive_memory(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, len, MADV_NOHUGEPAGE))
		fail("memory");
	memset(p, 0, len);
	return p;
}

static void recv_bind(struct receive *r)
{
	recv_buf = receive_memory(r->size);
}

static void recv_take(struct receive *r)
{
	size_t left = r->size;
	ssize_t n;

	while (left) {
		r->calls++;
		n = recv(r->sock, recv_buf, left, 0);
		if (n <= 0)
			fail("recv");
		r->frags++;
		r->copied += n;
		left -= n;
	}
}

static const struct variant {
	const char	*name;
	bool		zero_copy;
	void		(*bind)(struct receive *r);
	void		(*attach)(struct receive *r);
	void		(*take)(struct receive *r);
} variants[] = {
	{ "recv", false, recv_bind, NULL, recv_take },
	{ "zcrx-copy", false, area_open, area_attach, area_take },
	{ "zcrx-area", true, area_bind, area_attach, area_take },
	{ "io_uring-zcrx", true, zcrx_bind, zcrx_attach, zcrx_take },
	{ "devmem", true, devmem_bind, NULL, devmem_take },
};

/* ---- what zcsim counts ---- */

/* The stack in the receiver's polls, but for the ACKs that it hands to zcsim. */
static int stack_sign(const char *counter)
{
	if (strstr(counter, "_stack_cycles"))
		return 1;
	return strstr(counter, "_xmit_cycles") ? -1 : 0;
}

static int refill_sign(const char *counter)
{
	return strstr(counter, "_refill_cycles") ? 1 : 0;
}

static int other_sign(const char *counter)
{
	if (strstr(counter, "_poll_cycles"))
		return 1;
	return -stack_sign(counter) - refill_sign(counter);
}

static int senders_sign(const char *counter)
{
	return strstr(counter, "_poll_cycles") ? 1 : 0;
}

static int packets_sign(const char *counter)
{
	return !strcmp(counter, "rx1_packets");
}

/* What a program's memory got, or could have got. */
static int steered_sign(const char *counter)
{
	return !strcmp(counter, "rx1_bytes");
}

static int astray_sign(const char *counter)
{
	return !strcmp(counter, "rx0_bytes");
}

enum { STACK, REFILL, OTHER, SENDERS, PACKETS, STEERED, ASTRAY };

#define OURS(of)	{ .netns = NETNS, .name = NIC, .sign = of }

static struct nic_sum sums[] = {
	[STACK] = OURS(stack_sign),
	[REFILL] = OURS(refill_sign),
	[OTHER] = OURS(other_sign),
	[SENDERS] = { .netns = SENDER_NETNS, .name = SENDER_NIC,
		      .sign = senders_sign },
	[PACKETS] = OURS(packets_sign),
	[STEERED] = OURS(steered_sign),
	[ASTRAY] = OURS(astray_sign),
};

static __u64 count(unsigned int what)
{
	return nic_sum(&sums[what]);
}

static __u64 not_ours(void)
{
	return count(OTHER) + count(SENDERS);
}

/* ---- sockets ---- */

static int tcp_socket(void)
{
	struct linger reset = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, size = SOCKBUF;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)))
		fail("socket");
	return fd;
}

/* Returns the sending one. */
static int connect_to(struct receive *r)
{
	const struct sockaddr_in at = address(ADDRESS, PORT);
	int l = tcp_socket(), old, sender;

	if (bind(l, (struct sockaddr *)&at, sizeof(at)) || listen(l, 1))
		fail("listen");
	old = enter(SENDER_NETNS);
	sender = tcp_socket();
	if (setns(old, CLONE_NEWNET))
		fail("setns");
	close(old);
	if (connect(sender, (struct sockaddr *)&at, sizeof(at)))
		fail("connect");
	r->sock = accept(l, NULL, NULL);
	if (r->sock < 0)
		fail("accept");
	close(l);
	return sender;
}

/* ---- the row ---- */

struct cost {
	__u64	stack;
	__u64	refill;
	__u64	calls;
	__u64	other;
};

/* Send, and if it is to count see to it that all of it has come. */
static void feed(const struct receive *r, int sender, const char *data,
		 bool all)
{
	unsigned int tries;
	int there = 0;

	if (send(sender, data, r->size, 0) != (ssize_t)r->size)
		fail("send");
	for (tries = 0; all && tries < 1000; tries++) {
		if (ioctl(r->sock, SIOCINQ, &there))
			fail("SIOCINQ");
		if (there == (int)r->size)
			return;
		/* Softirqs that became too many are a thread's. */
		sched_yield();
	}
	if (all) {
		fprintf(stderr, "receive: %d bytes of %zu fit the window\n",
			there, r->size);
		exit(2);
	}
}

static void turn(struct receive *r, const struct variant *v, int sender,
		 const char *data, struct cost *cost)
{
	__u64 start;

	cost->stack -= count(STACK);
	cost->refill -= count(REFILL);
	mark_begin();
	feed(r, sender, data, true);
	mark_end();
	cost->stack += count(STACK);
	cost->refill += count(REFILL);

	cost->other -= not_ours();
	start = now();
	mark_begin();
	v->take(r);
	mark_end();
	cost->calls += now() - start;
	cost->other += not_ours();
}

static void measure(struct receive *r, const struct variant *v, int sender,
		    const char *data, const char *row, unsigned int rounds)
{
	const __u64 start_ns = nanoseconds(), start_tsc = __rdtsc();
	__u64 total[ROUNDS_CLOCK], in_stack[ROUNDS_CLOCK];
	__u64 in_refill[ROUNDS_CLOCK], others[ROUNDS_CLOCK];
	__u64 expected = (__u64)rounds * BATCH * r->size;
	__u64 came, lost, packets_before;
	unsigned long calls, frags;
	struct cost cost;
	unsigned int i, j;
	double factor, n;

	/* The window opens, caches and pools settle. */
	for (i = 0; i < 2 * BATCH; i++) {
		feed(r, sender, data, false);
		v->take(r);
	}

	calls = r->calls;
	frags = r->frags;
	came = count(STEERED);
	lost = count(ASTRAY);
	packets_before = count(PACKETS);
	for (i = 0; i < rounds; i++) {
		memset(&cost, 0, sizeof(cost));
		for (j = 0; j < BATCH; j++)
			turn(r, v, sender, data, &cost);
		in_stack[i] = cost.stack;
		in_refill[i] = cost.refill;
		others[i] = cost.other;
		total[i] = cost.calls;
	}
	came = count(STEERED) - came;
	lost = count(ASTRAY) - lost;
	errno = 0;
	if (came < expected || lost)
		fail("the flow was not where it was steered to");
	if (v->zero_copy && r->copied)
		fail("this was copied: nothing to compare");

	/* Counters are in cycles. */
	factor = by_clock ? (double)(nanoseconds() - start_ns) /
			    (__rdtsc() - start_tsc) : 1;
	for (i = 0; i < rounds; i++) {
		in_stack[i] *= factor;
		in_refill[i] *= factor;
		others[i] *= factor;
		total[i] += in_stack[i] + in_refill[i] - others[i];
	}
	n = (double)rounds * BATCH;
	printf("%s %.1f %.1f %.1f %.1f %.3f %.3f %.3f\n", row,
	       typical(total, rounds) / BATCH, typical(in_stack, rounds) / BATCH,
	       typical(in_refill, rounds) / BATCH,
	       typical(others, rounds) / BATCH, (r->calls - calls) / n,
	       (r->frags - frags) / n, (count(PACKETS) - packets_before) / n);
}

static void usage(void)
{
	fprintf(stderr, "receive VARIANT tcp-rx SIZE 4k\n");
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

int main(int argc, char **argv)
{
	bool split = getenv("ZC_BENCH_SPLIT");
	struct receive r = { .sock = -1 };
	const struct variant *v;
	char row[128], *data;
	unsigned int i;
	int sender;

	if (argc != 5 || strcmp(argv[2], "tcp-rx") || strcmp(argv[4], "4k"))
		usage();
	v = find_variant(argv[1]);
	r.name = v->name;
	r.size = strtoul(argv[3], NULL, 0);
	if (!r.size || r.size > 1 << 20)
		usage();
	by_clock = getenv("ZC_BENCH_CLOCK");
	snprintf(row, sizeof(row), "%s tcp-rx %zu 4k", v->name, r.size);

	if (v->zero_copy && !split)
		leave_out(&r, "this kernel cannot have headers split off");
	for (i = 0; i < ARRAY_SIZE(sums); i++)
		nic_sum_open(&sums[i]);
	enter(NETNS);
	r.ifindex = if_nametoindex(NIC);
	if (split)
		queue_wait_free(r.ifindex);
	v->bind(&r);
	sender = connect_to(&r);
	if (v->attach)
		v->attach(&r);
	data = receive_memory(r.size);
	measure(&r, v, sender, data, row, by_clock ? ROUNDS_CLOCK : ROUNDS);
	return 0;
}
