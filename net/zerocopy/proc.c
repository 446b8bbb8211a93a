// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/zerocopy: one "name value" a line, for each network namespace.
 */
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/tracepoint-defs.h>
#include <net/net_namespace.h>

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

static int zc_proc_show(struct seq_file *seq, void *v)
{
	struct zc_net *zn = zc_net(seq_file_single_net(seq));
	unsigned int i;

	zc_show(seq, zn, "sends", ZC_STAT_SENDS);
	zc_show(seq, zn, "bytes", ZC_STAT_BYTES);
	zc_show(seq, zn, "loans", ZC_STAT_LOANS);
	zc_show(seq, zn, "area_loans", ZC_STAT_AREA_LOANS);
	zc_show(seq, zn, "area_bytes", ZC_STAT_AREA_BYTES);
	seq_printf(seq, "loans_out %ld\n", atomic_long_read(&zn->loans_out));
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

int zc_proc_init(struct net *net)
{
	if (!proc_create_net_single("zerocopy", 0444, net->proc_net,
				    zc_proc_show, NULL))
		return -ENOMEM;
	return 0;
}

void zc_proc_exit(struct net *net)
{
	remove_proc_entry("zerocopy", net->proc_net);
}
