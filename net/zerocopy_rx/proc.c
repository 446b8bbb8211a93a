// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/zerocopy_rx: one "name value" a line, for the receivers that were
 * opened in a network namespace.
 */
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/slab.h>
#include <linux/tracepoint-defs.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "internal.h"

static unsigned int zc_rx_net_id;

/* The share itself may outlive what net_generic() has room for. */
struct zc_rx_net_slot {
	struct zc_rx_net *zn;
};

/* Read with EM() and E_() as the tracepoints leave them. */
static const struct trace_print_flags zc_rx_copy_names[] = {
	ZC_RX_COPY_REASONS
};

static const char * const zc_rx_stat_names[ZC_RX_STAT_COPIED] = {
	[ZC_RX_STAT_RECEIVERS]		= "receivers",
	[ZC_RX_STAT_ATTACHED]		= "attached",
	[ZC_RX_STAT_CHILDREN]		= "children",
	[ZC_RX_STAT_DECLINED]		= "declined",
	[ZC_RX_STAT_CALLS]		= "calls",
	[ZC_RX_STAT_FRAGMENTS]		= "fragments",
	[ZC_RX_STAT_BYTES]		= "bytes",
	[ZC_RX_STAT_REFILLED]		= "refilled",
	[ZC_RX_STAT_BAD]		= "bad",
	[ZC_RX_STAT_STARVED]		= "starved",
	[ZC_RX_STAT_FULL]		= "full",
	[ZC_RX_STAT_LENT_CALLS]		= "lent_calls",
	[ZC_RX_STAT_LENT]		= "lent",
	[ZC_RX_STAT_LENT_BACK]		= "lent_back",
	[ZC_RX_STAT_LENT_STARVED]	= "lent_starved",
	[ZC_RX_STAT_COPIED_BYTES]	= "copied_bytes",
};

static unsigned long zc_rx_stat_sum(struct zc_rx_net *zn, unsigned int stat)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(zn->percpu, cpu)->stat[stat]);
	return sum;
}

static struct zc_rx_net *zc_rx_net(const struct net *net)
{
	struct zc_rx_net_slot *slot = net_generic(net, zc_rx_net_id);

	return slot->zn;
}

static int zc_rx_proc_show(struct seq_file *seq, void *v)
{
	struct zc_rx_net *zn = zc_rx_net(seq_file_single_net(seq));
	unsigned int i;

	for (i = 0; i < ZC_RX_STAT_COPIED; i++)
		seq_printf(seq, "%s %lu\n", zc_rx_stat_names[i],
			   zc_rx_stat_sum(zn, i));
	for (i = ZC_RX_COPY_NONE + 1; i < ZC_RX_COPY_MAX; i++)
		seq_printf(seq, "copied_%s %lu\n", zc_rx_copy_names[i].name,
			   zc_rx_stat_sum(zn, ZC_RX_STAT_COPIED + i));
	return 0;
}

/**
 * zc_rx_net_get() - what counts for a namespace
 * @net: the namespace
 *
 * Context: any.
 * Return: its share with a reference, which may outlive @net.
 */
struct zc_rx_net *zc_rx_net_get(const struct net *net)
{
	struct zc_rx_net *zn = zc_rx_net(net);

	refcount_inc(&zn->ref);
	return zn;
}

/**
 * zc_rx_net_put() - drop a reference
 * @zn: from zc_rx_net_get()
 *
 * Context: any but hard interrupt.
 */
void zc_rx_net_put(struct zc_rx_net *zn)
{
	if (!refcount_dec_and_test(&zn->ref))
		return;
	free_percpu(zn->percpu);
	kfree(zn);
}

static int __net_init zc_rx_net_init(struct net *net)
{
	struct zc_rx_net_slot *slot = net_generic(net, zc_rx_net_id);
	struct zc_rx_net *zn;

	zn = kzalloc_obj(*zn, GFP_KERNEL);
	if (!zn)
		return -ENOMEM;
	refcount_set(&zn->ref, 1);
	zn->percpu = alloc_percpu(struct zc_rx_percpu);
	if (!zn->percpu)
		goto err_put;
	if (!proc_create_net_single("zerocopy_rx", 0444, net->proc_net,
				    zc_rx_proc_show, NULL))
		goto err_put;
	slot->zn = zn;
	return 0;

err_put:
	zc_rx_net_put(zn);
	return -ENOMEM;
}

static void __net_exit zc_rx_net_exit(struct net *net)
{
	remove_proc_entry("zerocopy_rx", net->proc_net);
	zc_rx_net_put(zc_rx_net(net));
}

static struct pernet_operations zc_rx_net_ops = {
	.init = zc_rx_net_init,
	.exit = zc_rx_net_exit,
	.id = &zc_rx_net_id,
	.size = sizeof(struct zc_rx_net_slot),
};

int __init zc_rx_proc_init(void)
{
	return register_pernet_subsys(&zc_rx_net_ops);
}

void zc_rx_proc_exit(void)
{
	unregister_pernet_subsys(&zc_rx_net_ops);
}
