// SPDX-License-Identifier: GPL-2.0
/*
 * The receive side's module: it adds receivers to /dev/zerocopy.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/zc_dev.h>

#include "internal.h"

static const struct zc_dev_rx zc_rx_dev = {
	.owner	= THIS_MODULE,
	.open	= zc_rx_open,
};

static int __init zc_rx_init(void)
{
	int err;

	err = zc_rx_proc_init();
	if (err)
		return err;
	err = zc_rx_attach_init();
	if (err) {
		zc_rx_proc_exit();
		return err;
	}
	zc_dev_set_rx(&zc_rx_dev);
	return 0;
}

static void __exit zc_rx_exit(void)
{
	/* No file and no socket is left, each of them would hold us. */
	zc_dev_set_rx(NULL);
	zc_rx_attach_exit();
	zc_rx_proc_exit();
}

module_init(zc_rx_init);
module_exit(zc_rx_exit);

MODULE_DESCRIPTION("Receive TCP payload into areas of one's own");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("ZEROCOPY");
