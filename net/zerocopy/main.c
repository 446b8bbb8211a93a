// SPDX-License-Identifier: GPL-2.0
/*
 * The module and its share of each network namespace.
 */
#include <kunit/visibility.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/zc_area.h>
#include <linux/zc_frag.h>
#include <linux/zc_user.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "internal.h"

static unsigned int zc_net_id;
static struct zc_net *zc_init_net;	/* the first there is and the last to go */

/* What net_generic() has room for; the share itself may outlive it. */
struct zc_net_slot {
	struct zc_net *zn;
};

/**
 * zc_net() - the layer's share of a namespace
 * @net: the namespace, kept by the caller
 *
 * Return: the share; it lives as long as @net, or as a reference on it.
 */
struct zc_net *zc_net(const struct net *net)
{
	struct zc_net_slot *slot = net_generic(net, zc_net_id);

	return slot->zn;
}
EXPORT_SYMBOL_IF_KUNIT(zc_net);

/**
 * zc_net_put() - drop a reference on a share
 * @zn: the share
 *
 * Context: any but hard interrupt.
 */
void zc_net_put(struct zc_net *zn)
{
	if (!refcount_dec_and_test(&zn->ref))
		return;
	free_percpu(zn->percpu);
	kfree(zn);
}

/**
 * zc_net_window_pages() - a socket's window in a namespace
 * @zn: the namespace's share
 *
 * Return: pages; never more than the initial namespace allows.
 */
unsigned long zc_net_window_pages(const struct zc_net *zn)
{
	unsigned long bytes = READ_ONCE(zn->window_bytes);

	bytes = min(bytes, READ_ONCE(zc_init_net->window_bytes));
	return bytes >> PAGE_SHIFT;
}

static int __net_init zc_net_init(struct net *net)
{
	struct zc_net_slot *slot = net_generic(net, zc_net_id);
	struct zc_net *zn;
	int err = -ENOMEM;

	zn = kzalloc_obj(*zn, GFP_KERNEL);
	if (!zn)
		return -ENOMEM;
	refcount_set(&zn->ref, 1);
	zn->enabled = 1;
	zn->window_bytes = ZC_WINDOW_DEFAULT;
	zn->percpu = alloc_percpu(struct zc_percpu);
	if (!zn->percpu)
		goto err_put;
	slot->zn = zn;
	if (net_eq(net, &init_net))
		zc_init_net = zn;

	err = zc_sysctl_init(net, zn);
	if (err)
		goto err_put;
	err = zc_proc_init(net);
	if (err)
		goto err_sysctl;
	return 0;

err_sysctl:
	zc_sysctl_exit(zn);
err_put:
	zc_net_put(zn);
	return err;
}

static void __net_exit zc_net_exit(struct net *net)
{
	struct zc_net *zn = zc_net(net);

	zc_proc_exit(net);
	zc_sysctl_exit(zn);
	zc_net_put(zn);
}

static struct pernet_operations zc_net_ops = {
	.init = zc_net_init,
	.exit = zc_net_exit,
	.id = &zc_net_id,
	.size = sizeof(struct zc_net_slot),
};

static int __init zc_init(void)
{
	int err;

	err = zc_route_init();
	if (err)
		return err;
	err = zc_user_init();
	if (err)
		return err;
	err = zc_area_init();
	if (err)
		goto err_user;
	err = zc_ubuf_init();
	if (err)
		goto err_area;
	err = register_pernet_subsys(&zc_net_ops);
	if (err)
		goto err_ubuf;
	err = zc_dev_init();
	if (err)
		goto err_net;
	return 0;

err_net:
	unregister_pernet_subsys(&zc_net_ops);
err_ubuf:
	zc_ubuf_exit();
err_area:
	zc_area_exit();
err_user:
	zc_user_exit();
	return err;
}

static void __exit zc_exit(void)
{
	zc_dev_exit();
	/*
	 * No reference is left, so no loan and no call; but whoever dropped the
	 * last one may still be on its way out of our text: a task that has not
	 * scheduled, a softirq, the deferred work.
	 */
	synchronize_rcu_tasks();
	synchronize_rcu();
	/* Whoever reads a file of ours looks at windows: that is over then. */
	unregister_pernet_subsys(&zc_net_ops);
	zc_window_exit();
	zc_ubuf_exit();
	zc_area_exit();
	zc_user_exit();
	zc_frag_exit();
}

module_init(zc_init);
module_exit(zc_exit);

MODULE_DESCRIPTION("Zero-copy layer above ->sendmsg()");
MODULE_LICENSE("GPL");
