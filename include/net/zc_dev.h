/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/zerocopy, as the modules behind it see it. */
#ifndef _NET_ZC_DEV_H
#define _NET_ZC_DEV_H

#include <linux/mm.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct file;
struct module;
struct zc_area;
struct zerocopy_rx_open;

/**
 * struct zc_dev_rx - who opens receivers
 * @owner: held during @open
 * @open: ZEROCOPY_IOC_RX_OPEN: completes the argument, sets a descriptor that is
 *	not yet installed, returns the file to install there or an ERR_PTR
 */
struct zc_dev_rx {
	struct module	*owner;
	struct file	*(*open)(struct zerocopy_rx_open *arg, int *fd);
};

void zc_dev_set_rx(const struct zc_dev_rx *rx);
struct zc_area *zc_dev_fill_area(int fd, u32 id);

/**
 * zc_dev_get() - read the argument of an ioctl, which begins with its own size
 * @arg: filled in; what the program does not know of is 0
 * @known: its size
 * @uarg: the program's
 *
 * Context: process, may sleep.
 * Return: 0, -EFAULT, -EINVAL if it is too short, -E2BIG if it says something that
 *	is not known.
 */
static inline int zc_dev_get(void *arg, size_t known, const void __user *uarg)
{
	u32 size;

	if (get_user(size, (const u32 __user *)uarg))
		return -EFAULT;
	if (size < known)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(arg, known, uarg, size);
}

#endif /* _NET_ZC_DEV_H */
