// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/zerocopy_areas: a line for each process that has areas. Who opens it sees
 * his own processes; whoever may look into others' memory sees all of them.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "zc_area.h"

static bool zc_process_visible(struct seq_file *seq, const struct zc_process *p)
{
	const struct file *file = seq->file;

	/* The one who opened it: a descriptor can be given to anybody. */
	return p->pid && (uid_eq(file->f_cred->euid, p->uid) ||
			  file_ns_capable(file, &init_user_ns, CAP_SYS_PTRACE));
}

static void *zc_areas_find(struct seq_file *seq, loff_t *pos)
{
	struct pid_namespace *ns = proc_pid_ns(file_inode(seq->file)->i_sb);
	struct zc_process *p = seq->private;
	loff_t at = *pos - 1;

	/* One is the heading's. */
	while (zc_registry_nth(&at, ns, p)) {
		if (zc_process_visible(seq, p)) {
			*pos = at + 1;
			return p;
		}
		at++;
	}
	return NULL;
}

static void *zc_areas_start(struct seq_file *seq, loff_t *pos)
{
	return *pos ? zc_areas_find(seq, pos) : SEQ_START_TOKEN;
}

static void *zc_areas_next(struct seq_file *seq, void *v, loff_t *pos)
{
	++*pos;
	return zc_areas_find(seq, pos);
}

static void zc_areas_stop(struct seq_file *seq, void *v)
{
}

static int zc_areas_show(struct seq_file *seq, void *v)
{
	const struct zc_process *p = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(seq, "pid uid areas bytes pinned loans\n");
		return 0;
	}
	seq_printf(seq, "%d %u %u %lu %lu %lu\n", p->pid,
		   from_kuid_munged(seq_user_ns(seq), p->uid), p->areas,
		   p->bytes, p->pages << PAGE_SHIFT, p->loans);
	return 0;
}

static const struct seq_operations zc_areas_ops = {
	.start	= zc_areas_start,
	.next	= zc_areas_next,
	.stop	= zc_areas_stop,
	.show	= zc_areas_show,
};

int __init zc_area_proc_init(void)
{
	if (!proc_create_seq_private("zerocopy_areas", 0444, NULL,
				     &zc_areas_ops, sizeof(struct zc_process),
				     NULL))
		return -ENOMEM;
	return 0;
}

void zc_area_proc_exit(void)
{
	remove_proc_entry("zerocopy_areas", NULL);
}
