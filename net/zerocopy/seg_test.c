// SPDX-License-Identifier: GPL-2.0
/*
 * For the selftests: sends messages out of all kinds of kernel memory through a
 * program's socket. What comes back is overwritten and freed at once.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/page-flags.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/zc_frag.h>
#include <linux/zc_kseg.h>
#include <linux/zc_user.h>
#include <linux/zc_write.h>
#include <net/sock.h>
#include <net/zerocopy.h>
#include <zc_lends.h>

#include "seg_test.h"

#define ZST_STACK_BYTES		256
#define ZST_STATIC_BYTES	SZ_64K
#define ZST_STATIC_CHUNK	64
#define ZST_STATIC_CHUNKS	(ZST_STATIC_BYTES / ZST_STATIC_CHUNK)
#define ZST_CACHE_BYTES		256

static DEFINE_MUTEX(zst_lock);
static u8 zst_static[ZST_STATIC_BYTES];
static DECLARE_BITMAP(zst_static_used, ZST_STATIC_CHUNKS);
/* A segment came back. */
static DECLARE_WAIT_QUEUE_HEAD(zst_back);
static DEFINE_SPINLOCK(zst_static_lock);
static struct kmem_cache *zst_cache;

struct zst_piece {
	struct zst_msg	*msg;
	struct zst_seg	seg;
	void		*mem;		/* as it was allocated */
	void		**pages;	/* ZST_BVEC */
	struct bio_vec	*bvec;
	unsigned int	nr;
	int		refs;
	u32		sum;
	atomic_t	calls;
};

struct zst_msg {
	struct list_head	node;
	struct zst_file		*file;
	unsigned int		nr;
	struct zst_piece	piece[];
};

struct zst_file {
	spinlock_t		lock;		/* status */
	struct zst_status	status;
	struct list_head	msgs;
};

static unsigned int zst_order(const struct zst_piece *p)
{
	return get_order(p->seg.offset + p->seg.len);
}

static bool zst_has_pages(const struct zst_piece *p)
{
	switch (p->seg.kind) {
	case ZST_SLAB:
		/* Older kernels kmalloc() more than 8 KiB as pages. */
		return !zc_folio_is_slab(virt_to_folio(p->mem));
	case ZST_VMALLOC:
	case ZST_FRAG:
	case ZST_FOLIO:
	case ZST_BVEC:
		return true;
	case ZST_TAILS:
		return !zst_order(p);
	default:
		return false;
	}
}

/* The count of a page that nobody may reference. */
static int zst_refs(const struct zst_piece *p)
{
	if (p->seg.kind == ZST_NONE || p->seg.kind == ZST_STACK ||
	    zst_has_pages(p))
		return 0;
	if (p->seg.kind == ZST_STATIC)
		return page_count(vmalloc_to_page(p->mem));
	return page_count(virt_to_page(p->mem + p->seg.offset +
				       p->seg.len - 1));
}

static void *zst_static_try(size_t bytes)
{
	unsigned int chunks = DIV_ROUND_UP(bytes, ZST_STATIC_CHUNK);
	unsigned long at;

	spin_lock_irq(&zst_static_lock);
	at = bitmap_find_next_zero_area(zst_static_used, ZST_STATIC_CHUNKS, 0,
					chunks, 0);
	if (at < ZST_STATIC_CHUNKS)
		bitmap_set(zst_static_used, at, chunks);
	spin_unlock_irq(&zst_static_lock);
	return at < ZST_STATIC_CHUNKS ? zst_static + at * ZST_STATIC_CHUNK :
					NULL;
}

/* It may still be lent to an earlier message: what is in use is left alone. */
static void *zst_static_alloc(size_t bytes)
{
	void *mem = NULL;

	if (bytes <= SZ_8K)
		wait_event_timeout(zst_back, (mem = zst_static_try(bytes)),
				   20 * HZ);
	return mem;
}

static void zst_static_free(u8 *mem, size_t bytes)
{
	unsigned long flags;

	spin_lock_irqsave(&zst_static_lock, flags);
	bitmap_clear(zst_static_used, (mem - zst_static) / ZST_STATIC_CHUNK,
		     DIV_ROUND_UP(bytes, ZST_STATIC_CHUNK));
	spin_unlock_irqrestore(&zst_static_lock, flags);
}

static u32 zst_sum_of(const u8 *mem, size_t len, u32 sum)
{
	while (len--)
		sum = rol32(sum, 5) + *mem++;
	return sum;
}

static u32 zst_sum(const struct zst_piece *p)
{
	unsigned int i;
	u32 sum = 0;

	if (p->seg.kind == ZST_NONE)
		return 0;
	if (p->seg.kind != ZST_BVEC)
		return zst_sum_of(p->mem + p->seg.offset, p->seg.len, 0);
	for (i = 0; i < p->nr; i++)
		sum = zst_sum_of(bvec_virt(&p->bvec[i]), p->bvec[i].bv_len,
				 sum);
	return sum;
}

static void zst_free(struct zst_piece *p)
{
	size_t bytes = p->seg.offset + p->seg.len;
	unsigned int i;

	if (p->mem && p->seg.kind != ZST_BVEC)
		memset(p->mem, 0xdd, bytes);
	switch (p->seg.kind) {
	case ZST_SLAB:
		kfree(p->mem);
		break;
	case ZST_CACHE:
		if (p->mem)
			kmem_cache_free(zst_cache, p->mem);
		break;
	case ZST_VMALLOC:
		vfree(p->mem);
		break;
	case ZST_STATIC:
		if (p->mem)
			zst_static_free(p->mem, bytes);
		break;
	case ZST_FRAG:
		zc_frag_free(p->mem);
		break;
	case ZST_FOLIO:
	case ZST_TAILS:
		if (p->mem)
			free_pages((unsigned long)p->mem, zst_order(p));
		break;
	case ZST_BVEC:
		for (i = 0; p->pages && i < p->nr; i++) {
			if (p->pages[i])
				memset(p->pages[i], 0xdd, PAGE_SIZE);
			free_page((unsigned long)p->pages[i]);
		}
		kfree(p->pages);
		kfree(p->bvec);
		break;
	}
	p->mem = NULL;
}

static void zst_cleanup(void *private, size_t sent, bool copied)
{
	struct zst_piece *p = private;
	struct zst_file *file = p->msg->file;
	bool twice = atomic_inc_return(&p->calls) > 1;
	bool moved = !twice && p->mem && zst_refs(p) != p->refs;
	bool written = !twice && p->mem && zst_sum(p) != p->sum;
	unsigned long flags;

	if (moved)
		pr_info("zc_seg_test: kind %u, %u bytes at %u: page count %d, was %d\n",
			p->seg.kind, p->seg.len, p->seg.offset, zst_refs(p),
			p->refs);
	if (!twice)
		zst_free(p);
	spin_lock_irqsave(&file->lock, flags);
	file->status.called++;
	file->status.twice += twice;
	file->status.moved += moved;
	file->status.copied += copied;
	file->status.written += written;
	file->status.sent += sent;
	spin_unlock_irqrestore(&file->lock, flags);
	wake_up(&zst_back);
}

static int zst_alloc_bvec(struct zst_piece *p)
{
	size_t left = p->seg.len, offset = p->seg.offset, len;
	unsigned int i;

	p->nr = PFN_UP(offset + left);
	p->pages = kcalloc(p->nr, sizeof(*p->pages), GFP_KERNEL);
	p->bvec = kcalloc(p->nr, sizeof(*p->bvec), GFP_KERNEL);
	if (!p->pages || !p->bvec)
		return -ENOMEM;
	for (i = 0; i < p->nr; i++, left -= len, offset = 0) {
		p->pages[i] = (void *)__get_free_page(GFP_KERNEL);
		if (!p->pages[i])
			return -ENOMEM;
		len = min(left, PAGE_SIZE - offset);
		bvec_set_virt(&p->bvec[i], p->pages[i] + offset, len);
	}
	p->mem = p->pages[0];
	return 0;
}

static int zst_alloc(struct zst_piece *p, u8 *stack, size_t *stack_used)
{
	size_t bytes = (size_t)p->seg.offset + p->seg.len;

	if (!p->seg.len || p->seg.offset >= PAGE_SIZE || bytes > SZ_4M)
		return -EINVAL;
	switch (p->seg.kind) {
	case ZST_SLAB:
		p->mem = kmalloc(bytes, GFP_KERNEL);
		break;
	case ZST_CACHE:
		if (bytes <= ZST_CACHE_BYTES)
			p->mem = kmem_cache_alloc(zst_cache, GFP_KERNEL);
		break;
	case ZST_VMALLOC:
		p->mem = vmalloc(bytes);
		break;
	case ZST_STATIC:
		p->mem = zst_static_alloc(bytes);
		break;
	case ZST_STACK:
		if (bytes <= ZST_STACK_BYTES - *stack_used)
			p->mem = stack + *stack_used;
		*stack_used += bytes;
		break;
	case ZST_FRAG:
		p->mem = zc_frag_alloc(bytes, GFP_KERNEL);
		break;
	case ZST_FOLIO:
		p->mem = (void *)__get_free_pages(GFP_KERNEL | __GFP_COMP,
						  zst_order(p));
		break;
	case ZST_TAILS:
		p->mem = (void *)__get_free_pages(GFP_KERNEL, zst_order(p));
		break;
	case ZST_BVEC:
		return zst_alloc_bvec(p);
	case ZST_NONE:
		return 0;
	}
	return p->mem ? 0 : -ENOMEM;
}

/* Room for it, what it says, and how it is described. */
static int zst_make(struct zst_piece *p, const char __user *data,
		    struct zc_kseg *seg, u8 *stack, size_t *stack_used)
{
	size_t done = 0;
	unsigned int i;
	int err;

	err = zst_alloc(p, stack, stack_used);
	if (err)
		return err;
	p->refs = zst_refs(p);
	if (!(p->seg.flags & ZST_F_KEEP)) {
		seg->cleanup = zst_cleanup;
		seg->private = p;
	}
	if (p->seg.kind == ZST_NONE) {
		seg->addr = (void *)PAGE_SIZE;
		seg->len = p->seg.len;
		return 0;
	}
	if (p->seg.kind != ZST_BVEC) {
		seg->addr = p->mem + p->seg.offset;
		seg->len = p->seg.len;
		return copy_from_user(p->mem + p->seg.offset, data,
				      p->seg.len) ? -EFAULT : 0;
	}
	seg->bvec = p->bvec;
	seg->nr_bvecs = p->nr;
	for (i = 0; i < p->nr; i++) {
		if (copy_from_user(bvec_virt(&p->bvec[i]), data + done,
				   p->bvec[i].bv_len))
			return -EFAULT;
		done += p->bvec[i].bv_len;
	}
	return 0;
}

/* A second at most: the program may be told to go. */
static void zst_wait_for_room(struct socket *sock)
{
	wait_event_interruptible_timeout(*sk_sleep(sock->sk),
					 sock->ops->poll(sock->file, sock, NULL) &
					 (EPOLLOUT | EPOLLERR | EPOLLHUP), HZ);
}

static int zst_send_all(struct socket *sock, struct msghdr *msg,
			struct zst_send *req, struct zc_kseg *segs)
{
	struct zc_source *src = zc_kseg_source_alloc(segs, req->nr);
	int ret, sent = 0;

	if (IS_ERR(src)) {
		zc_kseg_give_back(segs, req->nr);
		return PTR_ERR(src);
	}
	for (;;) {
		zc_kseg_iter(src, &msg->msg_iter);
		if (!msg_data_left(msg)) {
			ret = 0;
			break;
		}
		msg->msg_flags = req->msg_flags;
		ret = zc_sendmsg(sock, msg, src);
		req->calls++;
		if (ret == -EAGAIN && !signal_pending(current)) {
			zst_wait_for_room(sock);
			continue;
		}
		if (ret <= 0)
			break;
		sent += ret;
	}
	zc_kseg_end(src);
	return sent ?: ret;
}

static int zst_send_plain(struct socket *sock, struct msghdr *msg,
			  struct zst_send *req, struct zc_kseg *segs)
{
	struct kvec *vec;
	unsigned int i, j, nr = 0;
	size_t size = 0;
	int ret;

	for (i = 0; i < req->nr; i++)
		nr += max(segs[i].nr_bvecs, 1U);
	vec = kcalloc(nr, sizeof(*vec), GFP_KERNEL);
	if (!vec)
		return -ENOMEM;
	for (i = 0, nr = 0; i < req->nr; i++) {
		for (j = 0; j < segs[i].nr_bvecs; j++) {
			vec[nr].iov_base = bvec_virt((struct bio_vec *)
						     &segs[i].bvec[j]);
			vec[nr].iov_len = segs[i].bvec[j].bv_len;
			size += vec[nr++].iov_len;
		}
		if (j)
			continue;
		vec[nr].iov_base = (void *)segs[i].addr;
		vec[nr].iov_len = segs[i].len;
		size += vec[nr++].iov_len;
	}
	ret = kernel_sendmsg(sock, msg, vec, nr, size);
	kfree(vec);
	return ret;
}

static int zst_send(struct zst_file *file, struct zst_send *req,
		    struct socket *sock, struct zst_msg *zm)
{
	struct msghdr msg = { .msg_flags = req->msg_flags };
	size_t stack_used = 0, pos = 0;
	u8 stack[ZST_STACK_BYTES] = {};
	struct zc_kseg *segs;
	unsigned int i;
	int err = 0;

	segs = kcalloc(req->nr, sizeof(*segs), GFP_KERNEL);
	if (!segs)
		return -ENOMEM;
	for (i = 0; i < req->nr && !err; i++) {
		err = zst_make(&zm->piece[i], u64_to_user_ptr(req->data + pos),
			       &segs[i], stack, &stack_used);
		if (!err)
			zm->piece[i].sum = zst_sum(&zm->piece[i]);
		pos += req->segs[i].len;
	}
	if (err)
		goto out;

	spin_lock_irq(&file->lock);
	for (i = 0; i < req->nr && req->mode != ZST_PLAIN; i++)
		file->status.segs += !!segs[i].cleanup;
	spin_unlock_irq(&file->lock);

	req->calls = 0;
	switch (req->mode) {
	case ZST_ONCE:
		req->ret = zc_send_ksegs(sock, &msg, segs, req->nr);
		req->calls = 1;
		break;
	case ZST_ALL:
		req->ret = zst_send_all(sock, &msg, req, segs);
		break;
	default:
		req->ret = zst_send_plain(sock, &msg, req, segs);
	}

	spin_lock_irq(&file->lock);
	req->called = file->status.called;
	spin_unlock_irq(&file->lock);
out:
	/* What has no cleanup is ours again. */
	for (i = 0; i < req->nr; i++)
		if (err || req->mode == ZST_PLAIN || !segs[i].cleanup)
			zst_free(&zm->piece[i]);
	kfree(segs);
	return err;
}

static long zst_ioctl_send(struct zst_file *file, void __user *arg)
{
	struct zst_send *req;
	struct socket *sock;
	struct zst_msg *zm;
	unsigned int i;
	long err;

	req = memdup_user(arg, sizeof(*req));
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = -EINVAL;
	if (req->nr > ZST_SEGS)
		goto out_req;
	sock = sockfd_lookup(req->fd, (int *)&err);
	if (!sock)
		goto out_req;
	err = -ENOMEM;
	zm = kzalloc(struct_size(zm, piece, req->nr), GFP_KERNEL);
	if (!zm)
		goto out_sock;
	zm->file = file;
	zm->nr = req->nr;
	for (i = 0; i < req->nr; i++) {
		zm->piece[i].msg = zm;
		zm->piece[i].seg = req->segs[i];
	}
	mutex_lock(&zst_lock);
	list_add(&zm->node, &file->msgs);
	err = zst_send(file, req, sock, zm);
	mutex_unlock(&zst_lock);
	if (!err && copy_to_user(arg, req, sizeof(*req)))
		err = -EFAULT;
out_sock:
	sockfd_put(sock);
out_req:
	kfree(req);
	return err;
}

static int zst_write_socket(struct zc_source *src, int fd, struct iov_iter *iter)
{
	struct msghdr msg = { .msg_iter = *iter };
	struct socket *sock;
	int ret;

	sock = sockfd_lookup(fd, &ret);
	if (!sock)
		return ret;
	ret = zc_sendmsg(sock, &msg, src);
	sockfd_put(sock);
	return ret;
}

static long zst_ioctl_write(void __user *arg)
{
	struct iov_iter iter, datagram;
	struct zc_source *src;
	struct zst_write req;
	struct file *file;
	loff_t pos = 0;
	int err;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	err = import_ubuf(ITER_SOURCE, u64_to_user_ptr(req.addr), req.len,
			  &iter);
	if (err)
		return err;
	file = fget(req.file);
	if (!file)
		return -EBADF;
	src = zc_user_source_alloc(&iter, SZ_8M >> PAGE_SHIFT, NULL);
	if (!src) {
		fput(file);
		return -ENOMEM;
	}
	datagram = iter;
	iov_iter_truncate(&datagram, req.datagram);
	req.sent_tcp = zst_write_socket(src, req.tcp, &iter);
	req.sent_udp = zst_write_socket(src, req.udp, &datagram);
	req.written = zc_source_write(src, 0, req.len, file, &pos);
	zc_source_put(src);
	fput(file);
	return copy_to_user(arg, &req, sizeof(req)) ? -EFAULT : 0;
}

static long zst_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct zst_file *file = filp->private_data;
	struct zst_status status;

	switch (cmd) {
	case ZST_SEND:
		return zst_ioctl_send(file, (void __user *)arg);
	case ZST_WRITE:
		return zst_ioctl_write((void __user *)arg);
	case ZST_STATUS:
		spin_lock_irq(&file->lock);
		status = file->status;
		spin_unlock_irq(&file->lock);
		status.lends = ZC_LENDS_UNCOUNTED;
		return copy_to_user((void __user *)arg, &status,
				    sizeof(status)) ? -EFAULT : 0;
	default:
		return -ENOTTY;
	}
}

static int zst_open(struct inode *inode, struct file *filp)
{
	struct zst_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	spin_lock_init(&file->lock);
	INIT_LIST_HEAD(&file->msgs);
	filp->private_data = file;
	return 0;
}

static int zst_release(struct inode *inode, struct file *filp)
{
	struct zst_file *file = filp->private_data;
	struct zst_msg *zm, *next;

	/* A program that is killed leaves before its packets do. */
	wait_event_timeout(zst_back, READ_ONCE(file->status.called) >=
			   file->status.segs, 10 * HZ);
	if (READ_ONCE(file->status.called) < file->status.segs) {
		pr_err("zc_seg_test: BUG: segments that never came back\n");
		return 0;
	}
	/* The last of them may still hold it. */
	spin_lock_irq(&file->lock);
	spin_unlock_irq(&file->lock);
	list_for_each_entry_safe(zm, next, &file->msgs, node)
		kfree(zm);
	kfree(file);
	return 0;
}

static const struct file_operations zst_fops = {
	.owner = THIS_MODULE,
	.open = zst_open,
	.release = zst_release,
	.unlocked_ioctl = zst_ioctl,
};

static struct miscdevice zst_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "zc_seg_test",
	.fops = &zst_fops,
	.mode = 0600,
};

static int __init zst_init(void)
{
	int err;

	zst_cache = kmem_cache_create_usercopy("zc_seg_test", ZST_CACHE_BYTES,
					       0, 0, 0, ZST_CACHE_BYTES, NULL);
	if (!zst_cache)
		return -ENOMEM;
	err = misc_register(&zst_dev);
	if (err)
		kmem_cache_destroy(zst_cache);
	return err;
}

static void __exit zst_exit(void)
{
	misc_deregister(&zst_dev);
	kmem_cache_destroy(zst_cache);
}

module_init(zst_init);
module_exit(zst_exit);

MODULE_DESCRIPTION("Messages out of all kinds of memory, for the selftests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("ZEROCOPY");
