// SPDX-License-Identifier: GPL-2.0
/*
 * For the selftests: somebody else's cumulative livepatch. It patches a function
 * that has nothing to do with us, and replace = true takes ours out without a
 * callback.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int zc_replace_show(struct seq_file *m, void *v)
{
	seq_puts(m, "a livepatch that replaces all others\n");
	return 0;
}

static struct klp_func zc_replace_funcs[] = {
	{
		.old_name = "cmdline_proc_show",
		.new_func = zc_replace_show,
	},
	{ }
};

static struct klp_object zc_replace_objs[] = {
	{
		.funcs = zc_replace_funcs,
	},
	{ }
};

static struct klp_patch zc_replace_patch = {
	.mod = THIS_MODULE,
	.objs = zc_replace_objs,
	.replace = true,
};

static int __init zc_replace_init(void)
{
	return klp_enable_patch(&zc_replace_patch);
}

static void __exit zc_replace_exit(void)
{
}

module_init(zc_replace_init);
module_exit(zc_replace_exit);

MODULE_DESCRIPTION("Test: a livepatch that replaces all others");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
