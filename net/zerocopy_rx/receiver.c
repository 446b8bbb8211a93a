// SPDX-License-Identifier: GPL-2.0
/*
 * A receiver: the file that a program maps, polls and asks.
 */
#include <linux/anon_inodes.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/io_uring/cmd.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/zc_area.h>
#include <linux/zc_ring.h>
#include <net/net_namespace.h>
#include <net/zc_dev.h>

#include "internal.h"

#define ZC_RX_ENTRIES_MIN	64U
#define ZC_RX_ENTRIES_DEFAULT	1024U
#define ZC_RX_ENTRIES_MAX	65536U

static_assert(sizeof(struct zerocopy_rx_open) == 24);
static_assert(sizeof(struct zerocopy_rx_area) == 24);
static_assert(sizeof(struct zerocopy_rx_attach) == 24);
static_assert(sizeof(struct zerocopy_rx_detach) == 8);
static_assert(sizeof(struct zerocopy_rx_recv) == 16);
static_assert(sizeof(struct zerocopy_rx_query) == 40);
static_assert(sizeof(struct zerocopy_rx_bind) == 32);

/* ---- its areas ---- */

static void zc_rx_area_free(struct zc_rx_area *area)
{
	zc_rx_unbind(area);
	zc_rx_buffers_exit(&area->buffers);
	zc_area_fill_end(area->area);
	kfree(area);
}

/* The largest that divides the area and is no larger than it should be. */
static u32 zc_rx_buffer_size(size_t length)
{
	u32 size = ZC_RX_BUFFER_DEFAULT;

	while (length & (size - 1))
		size /= 2;
	return size;
}

static int zc_rx_add_area(struct zc_rx *rx, struct zerocopy_rx_area *arg)
{
	struct zc_rx_area *area;
	size_t length;
	int err;

	if (arg->index || arg->flags)
		return -EINVAL;
	if (arg->buffer && (!is_power_of_2(arg->buffer) ||
			    arg->buffer < ZC_RX_BUFFER_MIN ||
			    arg->buffer > ZC_RX_BUFFER_MAX))
		return -EINVAL;
	if (rx->nr_areas == ZC_RX_AREAS)
		return -ENOSPC;
	area = kzalloc_obj(*area, GFP_KERNEL_ACCOUNT);
	if (!area)
		return -ENOMEM;
	area->area = zc_dev_fill_area(arg->zerocopy, arg->area);
	if (IS_ERR(area->area)) {
		err = PTR_ERR(area->area);
		goto err_free;
	}

	length = zc_area_length(area->area);
	if (!arg->buffer)
		arg->buffer = zc_rx_buffer_size(length);
	err = -EINVAL;
	if (length & (arg->buffer - 1))
		goto err_end;
	area->shift = ilog2(arg->buffer);
	err = zc_rx_buffers_init(&area->buffers, length >> area->shift);
	if (err)
		goto err_end;
	area->id = zc_area_id(area->area);
	area->index = rx->nr_areas;
	arg->index = area->index;
	rx->areas[rx->nr_areas++] = area;
	return 0;

err_end:
	zc_area_fill_end(area->area);
err_free:
	kfree(area);
	return err;
}

static int zc_rx_bind_area(struct zc_rx *rx, struct zerocopy_rx_bind *arg,
			   void __user *uarg)
{
	struct zc_rx_area *area;
	int err;

	if (arg->flags || arg->backend || arg->reason || arg->dmabuf)
		return -EINVAL;
	if (arg->index >= rx->nr_areas)
		return -ENOENT;
	area = rx->areas[array_index_nospec(arg->index, rx->nr_areas)];
	err = zc_rx_bind(area, arg);
	if (err)
		return err;
	/* What it does not learn of did not happen. */
	if (copy_to_user(uarg, arg, sizeof(*arg))) {
		zc_rx_unbind(area);
		return -EFAULT;
	}
	if (area->backend && area->backend->told)
		area->backend->told(area);
	if (area->backend)
		rx->nr_bound++;
	return 0;
}

/* ---- the file ---- */

/**
 * zc_rx_put() - drop a reference on a receiver's description
 * @rx: the receiver
 *
 * Context: any but hard interrupt.
 */
void zc_rx_put(struct zc_rx *rx)
{
	if (refcount_dec_and_test(&rx->ref))
		kfree_rcu(rx, rcu);
}

static void zc_rx_close(struct zc_rx *rx)
{
	u32 i;

	mutex_lock(&rx->mutex);
	zc_rx_detach_all(rx);
	zc_rx_stop_filling(rx, ZC_RX_BUFFER_CLOSE);
	for (i = 0; i < rx->nr_areas; i++)
		zc_rx_area_free(rx->areas[i]);
	mutex_unlock(&rx->mutex);
	zc_rx_ring_exit(&rx->ring);
	if (rx->eventfd)
		eventfd_ctx_put(rx->eventfd);
	zc_rx_net_put(rx->net);
	zc_rx_put(rx);
}

static int zc_rx_release(struct inode *inode, struct file *file)
{
	zc_rx_close(file->private_data);
	return 0;
}

static __poll_t zc_rx_poll(struct file *file, poll_table *table)
{
	struct zc_rx *rx = file->private_data;

	poll_wait(file, &rx->wait, table);
	return list_empty_careful(&rx->ready) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static int zc_rx_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zc_rx *rx = file->private_data;

	return zc_ring_mmap(rx->ring.shared, rx->ring.length, vma);
}

static long zc_rx_ioctl(struct file *file, unsigned int cmd, unsigned long uarg)
{
	void __user *p = (void __user *)uarg;
	struct zc_rx *rx = file->private_data;
	union {
		struct zerocopy_rx_area area;
		struct zerocopy_rx_attach attach;
		struct zerocopy_rx_detach detach;
		struct zerocopy_rx_recv recv;
		struct zerocopy_rx_query query;
		struct zerocopy_rx_bind bind;
	} arg;
	size_t size;
	int err;

	switch (cmd) {
	case ZEROCOPY_IOC_RX_AREA:
		size = sizeof(arg.area);
		break;
	case ZEROCOPY_IOC_RX_ATTACH:
		size = sizeof(arg.attach);
		break;
	case ZEROCOPY_IOC_RX_DETACH:
		size = sizeof(arg.detach);
		break;
	case ZEROCOPY_IOC_RX_RECV:
		size = sizeof(arg.recv);
		break;
	case ZEROCOPY_IOC_RX_QUERY:
		size = sizeof(arg.query);
		break;
	case ZEROCOPY_IOC_RX_BIND:
		size = sizeof(arg.bind);
		break;
	default:
		return -ENOTTY;
	}
	err = zc_dev_get(&arg, size, p);
	if (err)
		return err;

	/* It takes the mutex itself, as it must not have it while it waits. */
	if (cmd == ZEROCOPY_IOC_RX_RECV)
		return zc_rx_recv(rx, &arg.recv, false);
	/* Who cannot be answered is not to find that something was done. */
	if (cmd != ZEROCOPY_IOC_RX_DETACH && copy_to_user(p, &arg, size))
		return -EFAULT;

	/* A copy may wait for a page of somebody else's. */
	if (mutex_lock_interruptible(&rx->mutex))
		return -ERESTARTSYS;
	switch (cmd) {
	case ZEROCOPY_IOC_RX_AREA:
		err = zc_rx_add_area(rx, &arg.area);
		break;
	case ZEROCOPY_IOC_RX_ATTACH:
		err = zc_rx_attach(rx, &arg.attach);
		break;
	case ZEROCOPY_IOC_RX_DETACH:
		err = zc_rx_detach(rx, &arg.detach);
		break;
	case ZEROCOPY_IOC_RX_QUERY:
		err = zc_rx_query(rx, &arg.query);
		break;
	case ZEROCOPY_IOC_RX_BIND:
		/* Behind the answer there is a descriptor. */
		err = zc_rx_bind_area(rx, &arg.bind, p);
		break;
	}
	mutex_unlock(&rx->mutex);
	if (!err && cmd != ZEROCOPY_IOC_RX_DETACH &&
	    cmd != ZEROCOPY_IOC_RX_BIND && copy_to_user(p, &arg, size))
		err = -EFAULT;
	return err;
}

/* RECV without a system call of its own. */
static int zc_rx_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct zerocopy_rx_recv *uarg;
	struct zc_rx *rx = cmd->file->private_data;
	struct zerocopy_rx_recv arg;
	bool nonblock = issue_flags & IO_URING_F_NONBLOCK;
	long ret;

	if (cmd->cmd_op != ZEROCOPY_IOC_RX_RECV)
		return -EOPNOTSUPP;
	/* It may be the ring itself, where it can change. */
	uarg = zc_sqe_cmd(cmd->sqe, struct zerocopy_rx_recv);
	arg.size = READ_ONCE(uarg->size);
	arg.flags = READ_ONCE(uarg->flags);
	arg.max = READ_ONCE(uarg->max);
	arg.reserved = READ_ONCE(uarg->reserved);
	if (arg.size != sizeof(arg))
		return -EINVAL;
	ret = zc_rx_recv(rx, &arg, nonblock);
	return ret == -ERESTARTSYS ? -EINTR : ret;
}

static const struct file_operations zc_rx_fops = {
	.owner		= THIS_MODULE,
	.release	= zc_rx_release,
	.poll		= zc_rx_poll,
	.mmap		= zc_rx_mmap,
	.unlocked_ioctl	= zc_rx_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.uring_cmd	= zc_rx_uring_cmd,
	.llseek		= noop_llseek,
};

static struct zc_rx *zc_rx_alloc(u32 frags, u32 refills)
{
	struct zc_rx *rx = kzalloc_obj(*rx, GFP_KERNEL_ACCOUNT);

	if (!rx)
		return NULL;
	if (zc_rx_ring_init(&rx->ring, frags, refills)) {
		kfree(rx);
		return NULL;
	}
	mutex_init(&rx->mutex);
	spin_lock_init(&rx->lock);
	refcount_set(&rx->ref, 1);
	INIT_LIST_HEAD(&rx->socks);
	INIT_LIST_HEAD(&rx->ready);
	INIT_LIST_HEAD(&rx->gone);
	init_waitqueue_head(&rx->wait);
	rx->net = zc_rx_net_get(current->nsproxy->net_ns);
	return rx;
}

static bool zc_rx_entries(u32 *entries)
{
	if (!*entries)
		*entries = ZC_RX_ENTRIES_DEFAULT;
	return is_power_of_2(*entries) && *entries >= ZC_RX_ENTRIES_MIN &&
	       *entries <= ZC_RX_ENTRIES_MAX;
}

/**
 * zc_rx_open() - ZEROCOPY_IOC_RX_OPEN
 * @arg: what the program asks for; completed
 * @fd: set to a descriptor that is not yet installed
 *
 * Context: process, may sleep.
 * Return: the file to install, or an ERR_PTR.
 */
struct file *zc_rx_open(struct zerocopy_rx_open *arg, int *fd)
{
	struct eventfd_ctx *eventfd = NULL;
	struct file *file;
	struct zc_rx *rx;
	int err;

	if (arg->flags & ~ZEROCOPY_RX_EVENTFD || arg->length)
		return ERR_PTR(-EINVAL);
	if (!(arg->flags & ZEROCOPY_RX_EVENTFD) && arg->eventfd)
		return ERR_PTR(-EINVAL);
	if (!zc_rx_entries(&arg->frags) || !zc_rx_entries(&arg->refills))
		return ERR_PTR(-EINVAL);

	if (arg->flags & ZEROCOPY_RX_EVENTFD) {
		eventfd = eventfd_ctx_fdget(arg->eventfd);
		if (IS_ERR(eventfd))
			return ERR_CAST(eventfd);
	}
	err = get_unused_fd_flags(O_CLOEXEC);
	if (err < 0)
		goto err_eventfd;
	*fd = err;
	err = -ENOMEM;
	rx = zc_rx_alloc(arg->frags, arg->refills);
	if (!rx)
		goto err_fd;
	file = anon_inode_getfile("[zerocopy-rx]", &zc_rx_fops, rx, O_RDWR);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		zc_rx_close(rx);
		goto err_fd;
	}
	rx->eventfd = eventfd;
	arg->length = rx->ring.length;
	zc_rx_count(rx->net, ZC_RX_STAT_RECEIVERS, 1);
	return file;

err_fd:
	put_unused_fd(*fd);
err_eventfd:
	if (eventfd)
		eventfd_ctx_put(eventfd);
	return ERR_PTR(err);
}
