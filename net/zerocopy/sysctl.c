// SPDX-License-Identifier: GPL-2.0
/*
 * net.zerocopy.enabled, .window_bytes, .min_bytes and .splice, for each network
 * namespace.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>

#include "internal.h"

static unsigned long zc_window_min = ZC_WINDOW_MIN;
static unsigned long zc_window_max;

int zc_sysctl_init(struct net *net, struct zc_net *zn)
{
	const struct ctl_table template[] = {
		{
			.procname	= "enabled",
			.data		= &zn->enabled,
			.maxlen		= sizeof(zn->enabled),
			.mode		= 0644,
			.proc_handler	= proc_dou8vec_minmax,
			.extra1		= SYSCTL_ZERO,
			.extra2		= SYSCTL_ONE,
		},
		{
			.procname	= "window_bytes",
			.data		= &zn->window_bytes,
			.maxlen		= sizeof(zn->window_bytes),
			.mode		= 0644,
			.proc_handler	= proc_doulongvec_minmax,
			.extra1		= &zc_window_min,
			.extra2		= &zc_window_max,
		},
		{
			.procname	= "min_bytes",
			.data		= &zn->min_bytes,
			.maxlen		= sizeof(zn->min_bytes),
			.mode		= 0644,
			.proc_handler	= proc_doulongvec_minmax,
		},
		{
			.procname	= "splice",
			.data		= &zn->splice,
			.maxlen		= sizeof(zn->splice),
			.mode		= 0644,
			.proc_handler	= proc_dou8vec_minmax,
			.extra1		= SYSCTL_ZERO,
			.extra2		= SYSCTL_ONE,
		},
	};
	const struct ctl_table *table;

	/* More than half of the memory is a typing error. */
	zc_window_max = max(totalram_pages() << PAGE_SHIFT >> 1,
			    ZC_WINDOW_DEFAULT);

	table = kmemdup(template, sizeof(template), GFP_KERNEL);
	if (!table)
		return -ENOMEM;

	zn->sysctl = register_net_sysctl_sz(net, "net/zerocopy", (void *)table,
					    ARRAY_SIZE(template));
	if (!zn->sysctl) {
		kfree(table);
		return -ENOMEM;
	}
	return 0;
}

void zc_sysctl_exit(struct zc_net *zn)
{
	const struct ctl_table *table = zn->sysctl->ctl_table_arg;

	unregister_net_sysctl_table(zn->sysctl);
	kfree(table);
}
