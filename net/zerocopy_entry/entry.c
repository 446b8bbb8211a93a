// SPDX-License-Identifier: GPL-2.0
/*
 * The entry on a kernel that has a place for one (patches/7.2): a static key in
 * inet_sendmsg() and inet6_sendmsg(). There it takes the place of the livepatch.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/inet_common.h>
#include <net/zerocopy.h>

static int __init zc_key_init(void)
{
	return inet_zerocopy_register(&zc_entry_ops);
}

static void __exit zc_key_exit(void)
{
	zc_suspend();
	/* Those that are in the layer hold it, not us. */
	inet_zerocopy_unregister();
	/* Wait for tasks between the kernel's last instruction and its first. */
	synchronize_rcu_tasks();
	zc_resume();
}

module_init(zc_key_init);
module_exit(zc_key_exit);

MODULE_DESCRIPTION("Entry of the zero-copy layer: static key in inet_sendmsg()");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("ZEROCOPY");
