// SPDX-License-Identifier: GPL-2.0
/*
 * The module.
 */
#include <linux/module.h>
#include <net/rtnetlink.h>

#include "zcsim.h"

bool zcsim_dma_none;

static char *dma = "copy";
module_param(dma, charp, 0444);
MODULE_PARM_DESC(dma, "copy: data moves; none: payload of TCP and UDP is not touched, for measuring only");

static int __init zcsim_init(void)
{
	int err;

	if (sysfs_streq(dma, "none"))
		zcsim_dma_none = true;
	else if (!sysfs_streq(dma, "copy"))
		return -EINVAL;

	zcsim_debugfs_init();
	err = rtnl_link_register(&zcsim_link_ops);
	if (err) {
		zcsim_debugfs_exit();
		return err;
	}
	if (zcsim_dma_none)
		pr_warn("zcsim: dma=none: what is received is not what was sent; only for measuring\n");
	return 0;
}

static void __exit zcsim_exit(void)
{
	rtnl_link_unregister(&zcsim_link_ops);
	zcsim_debugfs_exit();
	zcsim_parent_exit();
}

module_init(zcsim_init);
module_exit(zcsim_exit);

MODULE_DESCRIPTION("A pair of NICs whose DMA is a memcpy by physical address");
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK("zcsim");
