// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/zerocopy: one "name value" a line, for each network namespace.
 * /proc/net/zerocopy_sockets: a line for each socket that the layer knows of.
 */
#include <linux/inet.h>
#include <linux/jiffies.h>
#include <linux/net.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/tracepoint-defs.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "internal.h"

/* Read with EM() and E_() as the tracepoints leave them. */
static const struct trace_print_flags zc_copy_names[] = { ZC_COPY_REASONS };
static const struct trace_print_flags zc_pass_names[] = { ZC_PASS_REASONS };

static unsigned long zc_stat_sum(struct zc_net *zn, unsigned int stat)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(zn->percpu, cpu)->stat[stat]);
	return sum;
}

static void zc_show(struct seq_file *seq, struct zc_net *zn, const char *name,
		    unsigned int stat)
{
	seq_printf(seq, "%s %lu\n", name, zc_stat_sum(zn, stat));
}

static unsigned long zc_loans_out(struct zc_net *zn)
{
	unsigned long sum = 0, age;
	struct zc_window *win;
	loff_t pos = 0;

	for (; (win = zc_window_nth(zn, &pos)); pos++) {
		sum += zc_window_loans(win, &age);
		zc_window_put(win);
	}
	return sum;
}

static int zc_proc_show(struct seq_file *seq, void *v)
{
	struct zc_net *zn = zc_net(seq_file_single_net(seq));
	unsigned int i;

	zc_show(seq, zn, "sends", ZC_STAT_SENDS);
	zc_show(seq, zn, "bytes", ZC_STAT_BYTES);
	zc_show(seq, zn, "loans", ZC_STAT_LOANS);
	zc_show(seq, zn, "area_loans", ZC_STAT_AREA_LOANS);
	zc_show(seq, zn, "area_bytes", ZC_STAT_AREA_BYTES);
	zc_show(seq, zn, "splice_loans", ZC_STAT_SPLICE_LOANS);
	zc_show(seq, zn, "splice_bytes", ZC_STAT_SPLICE_BYTES);
	seq_printf(seq, "loans_out %lu\n", zc_loans_out(zn));
	seq_printf(seq, "pinned_bytes %lu\n",
		   atomic_long_read(&zn->held_pages) << PAGE_SHIFT);
	seq_printf(seq, "pinned_bytes_peak %lu\n",
		   atomic_long_read(&zn->held_peak) << PAGE_SHIFT);
	zc_show(seq, zn, "window_waits", ZC_STAT_WAITS);
	zc_show(seq, zn, "completion_full", ZC_STAT_COMPLETION_FULL);
	zc_show(seq, zn, "copied_bytes", ZC_STAT_COPIED_BYTES);
	for (i = 0; i < ZC_COPY_MAX; i++) {
		if (i != ZC_COPY_INLINE)
			seq_printf(seq, "copied_%s %lu\n",
				   zc_copy_names[i].name,
				   zc_stat_sum(zn, ZC_STAT_COPIED + i));
	}
	zc_show(seq, zn, "inline_packets", ZC_STAT_COPIED + ZC_COPY_INLINE);
	for (i = 0; i < ZC_PASS_MAX; i++)
		seq_printf(seq, "passed_%s %lu\n", zc_pass_names[i].name,
			   zc_stat_sum(zn, ZC_STAT_PASSED + i));
	return 0;
}

static void zc_show_addr(struct seq_file *seq, const struct sock *sk,
			 bool local)
{
	const struct inet_sock *inet = inet_sk(sk);
	u16 port = ntohs(local ? READ_ONCE(inet->inet_sport) :
				 READ_ONCE(inet->inet_dport));

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		seq_printf(seq, " [%pI6c]:%u", local ? &sk->sk_v6_rcv_saddr :
			   &sk->sk_v6_daddr, port);
		return;
	}
#endif
	seq_printf(seq, " %pI4:%u", local ? &inet->inet_rcv_saddr :
		   &inet->inet_daddr, port);
}

/* As in /proc/net/tcp: fields may change while they are read. */
static int zc_sockets_show(struct seq_file *seq, void *v)
{
	unsigned long window, age, pinned;
	struct zc_window *win = v;
	unsigned int loans;
	struct sock *sk;
	u64 done, next;

	if (v == SEQ_START_TOKEN) {
		seq_puts(seq, "proto local remote uid inode cookie loans pinned window oldest_ms page\n");
		return 0;
	}

	sk = win->sk;
	loans = zc_window_loans(win, &age);
	pinned = max(atomic_long_read(&win->pages_out), 0L) << PAGE_SHIFT;
	window = zc_net_window_pages(win->zn) << PAGE_SHIFT;
	seq_puts(seq, sk->sk_type == SOCK_STREAM ? "tcp" : "udp");
	zc_show_addr(seq, sk, true);
	zc_show_addr(seq, sk, false);
	seq_printf(seq, " %u %llu %llu %u %lu %lu %u",
		   from_kuid_munged(seq_user_ns(seq), READ_ONCE(sk->sk_uid)),
		   (u64)sock_i_ino(sk), atomic64_read(&sk->sk_cookie), loans,
		   pinned, window, jiffies_to_msecs(age));
	if (zc_completion_state(win, &done, &next))
		seq_printf(seq, " %u/%u\n", (u32)done, (u32)next);
	else
		seq_puts(seq, " -\n");
	return 0;
}

static void *zc_sockets_find(struct seq_file *seq, loff_t *pos)
{
	struct zc_window *win;
	loff_t at = *pos - 1;

	/* One is the heading's. */
	win = zc_window_nth(zc_net(seq_file_net(seq)), &at);
	*pos = at + 1;
	return win;
}

static void *zc_sockets_start(struct seq_file *seq, loff_t *pos)
{
	return *pos ? zc_sockets_find(seq, pos) : SEQ_START_TOKEN;
}

static void zc_sockets_stop(struct seq_file *seq, void *v)
{
	if (v && v != SEQ_START_TOKEN)
		zc_window_put(v);
}

static void *zc_sockets_next(struct seq_file *seq, void *v, loff_t *pos)
{
	zc_sockets_stop(seq, v);
	++*pos;
	return zc_sockets_find(seq, pos);
}

static const struct seq_operations zc_sockets_ops = {
	.start	= zc_sockets_start,
	.next	= zc_sockets_next,
	.stop	= zc_sockets_stop,
	.show	= zc_sockets_show,
};

int zc_proc_init(struct net *net)
{
	if (!proc_create_net_single("zerocopy", 0444, net->proc_net,
				    zc_proc_show, NULL))
		return -ENOMEM;
	if (!proc_create_net("zerocopy_sockets", 0444, net->proc_net,
			     &zc_sockets_ops, sizeof(struct seq_net_private))) {
		remove_proc_entry("zerocopy", net->proc_net);
		return -ENOMEM;
	}
	return 0;
}

void zc_proc_exit(struct net *net)
{
	remove_proc_entry("zerocopy_sockets", net->proc_net);
	remove_proc_entry("zerocopy", net->proc_net);
}
