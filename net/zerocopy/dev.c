// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/zerocopy. Anybody may open it: what it gives is paid for out of the
 * caller's own limits. A file belongs to the process that opened it; another one
 * that it is passed to can do nothing with it but close it.
 */
#include <linux/build_bug.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>
#include <linux/zc_area.h>
#include <net/zc_dev.h>

#include <uapi/linux/zerocopy_rx.h>

#include "internal.h"

/* Areas of one file, stale ones included. */
#define ZC_FILE_AREAS	1024

static_assert(sizeof(struct zerocopy_area_register) == 32);
static_assert(sizeof(struct zerocopy_area_unregister) == 8);
static_assert(sizeof(struct zerocopy_area_query) == 48);
static_assert(sizeof(struct zerocopy_completion) == 24);

/**
 * struct zc_file - an open /dev/zerocopy
 * @mm: who opened it; its description is kept, not its memory
 * @areas: by number; a value entry is a number that is being given out
 */
struct zc_file {
	struct mm_struct	*mm;
	struct xarray		areas;
};

static DEFINE_MUTEX(zc_rx_lock);		/* zc_rx */
static const struct zc_dev_rx *zc_rx;	/* zerocopy_rx.ko, if it is there */

static int zc_dev_register(struct zc_file *zf, void __user *uarg)
{
	struct zerocopy_area_register __user *out = uarg;
	struct zerocopy_area_register arg;
	struct zc_area *area;
	u32 id;
	int err;

	err = zc_dev_get(&arg, sizeof(arg), uarg);
	if (err)
		return err;
	if (arg.flags & ~(ZEROCOPY_AREA_SEND | ZEROCOPY_AREA_RECEIVE) ||
	    !arg.flags || arg.area || arg.reserved)
		return -EINVAL;

	/* The number first: what comes behind the area cannot fail. */
	err = xa_alloc(&zf->areas, &id, xa_mk_value(0),
		       XA_LIMIT(1, ZC_FILE_AREAS), GFP_KERNEL_ACCOUNT);
	if (err)
		return err == -EBUSY ? -ENOSPC : err;
	err = -EFAULT;
	if (put_user(id, &out->area))
		goto err_erase;
	area = zc_area_register(arg.addr, arg.length, arg.flags);
	err = PTR_ERR_OR_ZERO(area);
	if (err)
		goto err_erase;
	xa_store(&zf->areas, id, area, GFP_KERNEL_ACCOUNT);
	return 0;

err_erase:
	xa_erase(&zf->areas, id);
	/* The same argument may come again. */
	if (put_user(0, &out->area))
		return -EFAULT;
	return err;
}

static int zc_dev_unregister(struct zc_file *zf, void __user *uarg)
{
	struct zerocopy_area_unregister arg;
	struct zc_area *area;
	int err;

	err = zc_dev_get(&arg, sizeof(arg), uarg);
	if (err)
		return err;

	xa_lock(&zf->areas);
	area = xa_load(&zf->areas, arg.area);
	if (xa_is_value(area))
		area = NULL;
	if (area)
		__xa_erase(&zf->areas, arg.area);
	xa_unlock(&zf->areas);
	if (!area)
		return -ENOENT;
	zc_area_unregister(area, true);
	return 0;
}

/* With a reference on its description, or NULL. */
static struct zc_area *zc_file_area(struct zc_file *zf, u32 id)
{
	struct zc_area *area;

	xa_lock(&zf->areas);
	area = xa_load(&zf->areas, id);
	if (xa_is_value(area))
		area = NULL;
	if (area)
		zc_area_hold(area);
	xa_unlock(&zf->areas);
	return area;
}

static int zc_dev_query(struct zc_file *zf, void __user *uarg)
{
	struct zerocopy_area_query arg;
	struct zc_area_info info = {};
	struct zc_area *area;
	int err;

	err = zc_dev_get(&arg, sizeof(arg), uarg);
	if (err)
		return err;
	if (arg.state || arg.loans || arg.addr || arg.length || arg.pages ||
	    arg.ranges)
		return -EINVAL;

	area = zc_file_area(zf, arg.area);
	if (!area)
		return -ENOENT;
	zc_area_query(area, &info);
	zc_area_drop(area);

	arg.state = info.stale ? ZEROCOPY_AREA_STALE : ZEROCOPY_AREA_VALID;
	arg.loans = info.loans;
	arg.addr = info.addr;
	arg.length = info.length;
	arg.pages = info.pages;
	arg.ranges = info.ranges;
	return copy_to_user(uarg, &arg, sizeof(arg)) ? -EFAULT : 0;
}

/* A file that is as good as open, if the program learns of it. */
static int zc_dev_install(int fd, struct file *file, void __user *uarg,
			  const void *arg, size_t size)
{
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (copy_to_user(uarg, arg, size)) {
		put_unused_fd(fd);
		fput(file);
		return -EFAULT;
	}
	fd_install(fd, file);
	return fd;
}

static int zc_dev_completion(void __user *uarg)
{
	struct zerocopy_completion arg;
	struct file *file;
	int err, fd = -1;

	err = zc_dev_get(&arg, sizeof(arg), uarg);
	if (err)
		return err;
	file = zc_completion_ioctl(&arg, &fd);
	return zc_dev_install(fd, file, uarg, &arg, sizeof(arg));
}

static int zc_dev_rx_open(void __user *uarg)
{
	const struct zc_dev_rx *rx;
	struct zerocopy_rx_open arg;
	struct file *file;
	int err, fd = -1;

	mutex_lock(&zc_rx_lock);
	rx = zc_rx;
	if (rx && !try_module_get(rx->owner))
		rx = NULL;
	mutex_unlock(&zc_rx_lock);
	if (!rx)
		return -EOPNOTSUPP;

	err = zc_dev_get(&arg, sizeof(arg), uarg);
	if (!err) {
		file = rx->open(&arg, &fd);
		err = zc_dev_install(fd, file, uarg, &arg, sizeof(arg));
	}
	module_put(rx->owner);
	return err;
}

static long zc_dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct zc_file *zf = file->private_data;
	void __user *uarg = (void __user *)arg;

	if (zf->mm != current->mm)
		return -EPERM;

	switch (cmd) {
	case ZEROCOPY_IOC_AREA_REGISTER:
		return zc_dev_register(zf, uarg);
	case ZEROCOPY_IOC_AREA_UNREGISTER:
		return zc_dev_unregister(zf, uarg);
	case ZEROCOPY_IOC_AREA_QUERY:
		return zc_dev_query(zf, uarg);
	case ZEROCOPY_IOC_COMPLETION:
		return zc_dev_completion(uarg);
	case ZEROCOPY_IOC_RX_OPEN:
		return zc_dev_rx_open(uarg);
	default:
		return -ENOTTY;
	}
}

/* Memory of ours, to be registered like any other. */
static int zc_dev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zc_file *zf = file->private_data;

	if (zf->mm != current->mm)
		return -EPERM;
	return zc_area_map(vma);
}

static int zc_dev_open(struct inode *inode, struct file *file)
{
	struct zc_file *zf;

	if (!current->mm)
		return -EPERM;
	zf = kzalloc_obj(*zf, GFP_KERNEL_ACCOUNT);
	if (!zf)
		return -ENOMEM;
	mmgrab(current->mm);
	zf->mm = current->mm;
	xa_init_flags(&zf->areas, XA_FLAGS_ALLOC);
	file->private_data = zf;
	return nonseekable_open(inode, file);
}

static int zc_dev_release(struct inode *inode, struct file *file)
{
	struct zc_file *zf = file->private_data;
	struct zc_area *area;
	unsigned long id;

	xa_for_each(&zf->areas, id, area)
		zc_area_unregister(area, false);
	xa_destroy(&zf->areas);
	mmdrop(zf->mm);
	kfree(zf);
	return 0;
}

static const struct file_operations zc_dev_fops = {
	.owner		= THIS_MODULE,
	.open		= zc_dev_open,
	.release	= zc_dev_release,
	.unlocked_ioctl	= zc_dev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= zc_dev_mmap,
};

/* ---- for zerocopy_rx.ko ---- */

/**
 * zc_dev_set_rx() - say who opens receivers
 * @rx: who does, or NULL for nobody any more; calls that are under way hold
 *	its module
 *
 * Context: process, may sleep.
 */
void zc_dev_set_rx(const struct zc_dev_rx *rx)
{
	mutex_lock(&zc_rx_lock);
	zc_rx = rx;
	mutex_unlock(&zc_rx_lock);
}
EXPORT_SYMBOL_NS_GPL(zc_dev_set_rx, "ZEROCOPY");

/**
 * zc_dev_fill_area() - get an area of the calling process to receive into
 * @fd: a /dev/zerocopy
 * @id: the area's number there
 *
 * Context: process, may sleep.
 * Return: the area, for zc_area_fill_end(), or an ERR_PTR: -EBADF, -EINVAL if
 *	that is no /dev/zerocopy, or the area is not one to receive into, -EPERM
 *	if it is another process's, -ENOENT, -ENODEV if its memory is gone, -EBUSY
 *	if somebody receives into it.
 */
struct zc_area *zc_dev_fill_area(int fd, u32 id)
{
	struct zc_area *area = NULL;
	struct file *file;
	int err;

	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	err = -EINVAL;
	if (file->f_op != &zc_dev_fops)
		goto out;
	err = -EPERM;
	if (((struct zc_file *)file->private_data)->mm != current->mm)
		goto out;
	err = -ENOENT;
	area = zc_file_area(file->private_data, id);
	if (!area)
		goto out;
	err = zc_area_fill_begin(area);
	zc_area_drop(area);
out:
	fput(file);
	return err ? ERR_PTR(err) : area;
}
EXPORT_SYMBOL_NS_GPL(zc_dev_fill_area, "ZEROCOPY");

static struct miscdevice zc_dev = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "zerocopy",
	.mode	= 0666,
	.fops	= &zc_dev_fops,
};

int __init zc_dev_init(void)
{
	return misc_register(&zc_dev);
}

void zc_dev_exit(void)
{
	misc_deregister(&zc_dev);
}
