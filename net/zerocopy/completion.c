// SPDX-License-Identifier: GPL-2.0
/*
 * The completion page: what the error queue says, where a program can read it
 * without a system call.
 *
 * Each send that the page follows has a slot, by its id. Slots are given up in
 * the order of ids, whatever the order in which sends complete; so one number
 * tells all.
 */
#include <kunit/visibility.h>
#include <linux/anon_inodes.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/zc_shared.h>
#include <net/sock.h>

#include <uapi/linux/zerocopy.h>

#include "internal.h"

#define ZC_COMPLETION_MIN	64U
#define ZC_COMPLETION_DEFAULT	1024U
#define ZC_COMPLETION_MAX	8192U

static_assert(sizeof(struct zerocopy_page) == 128);
static_assert(offsetof(struct zerocopy_page, progress) == 64);

/**
 * struct zc_slot - a send that the page follows, or passes over
 * @ubuf: a notification to the rest of the layer; its references are those of
 *	the call and of each loan
 * @id: the send's
 * @complete: nothing is out any more
 * @code: what the page will say of it
 * @sent: bytes in front of the last loan
 * @cp: the page
 * @pieces: loans that are out, in the order of the message
 */
struct zc_slot {
	struct ubuf_info	ubuf;
	u32			id;
	bool			complete;
	u8			code;
	size_t			sent;
	struct zc_completion	*cp;
	struct list_head	pieces;
};

/**
 * struct zc_completion - a completion page; @win->lock protects what changes
 * @ref: one for the file, one for each send that it follows
 * @win: the socket's window; a reference is held, and with it the socket
 * @page: what is mapped
 * @length: of that
 * @codes: in @page
 * @entries: slots, a power of two
 * @done: the oldest id that is not complete
 * @next: the id behind the last one followed
 * @copied: what the page says
 * @passed: what the page says
 * @progress: what the page says
 * @seen: what read() has returned last
 * @closed: nobody listens any more
 * @wait: who polls the file
 * @eventfd: may be NULL
 * @rcu: who only looks takes no lock
 * @slots: by id
 */
struct zc_completion {
	refcount_t		ref;
	struct zc_window	*win;
	struct zerocopy_page	*page;
	size_t			length;
	u8			*codes;
	u32			entries;
	u64			done;
	u64			next;
	u64			copied;
	u64			passed;
	u64			progress;
	u64			seen;
	bool			closed;
	wait_queue_head_t	wait;
	struct eventfd_ctx	*eventfd;
	struct rcu_head		rcu;
	struct zc_slot		slots[];
};

/* Only tells slots from the kernel's notifications: nothing calls it. */
const struct ubuf_info_ops zc_slot_ops = {};
EXPORT_SYMBOL_IF_KUNIT(zc_slot_ops);

static struct zc_slot *zc_slot_of(struct ubuf_info *notify)
{
	return container_of(notify, struct zc_slot, ubuf);
}

static struct zc_slot *zc_completion_slot(struct zc_completion *cp, u64 id)
{
	return &cp->slots[id & (cp->entries - 1)];
}

static void zc_completion_trace(const struct zc_completion *cp, u32 id,
				enum zc_completion_reason why)
{
	trace_zc_completion(cp->win->sk, id, cp->progress, why);
}

static void zc_completion_put(struct zc_completion *cp)
{
	if (!refcount_dec_and_test(&cp->ref))
		return;
	if (cp->eventfd)
		eventfd_ctx_put(cp->eventfd);
	zc_shared_free(cp->page, cp->length);
	zc_window_put(cp->win);
	kvfree_rcu(cp, rcu);
}

/* How many bytes of a send have come back without a gap. */
static u32 zc_slot_prefix(struct zc_slot *slot)
{
	const struct zc_ubuf *zu;

	zu = list_first_entry_or_null(&slot->pieces, struct zc_ubuf, piece);
	return zu ? zu->offset : slot->sent;
}

/* With the lock held. Whether the page says anything new. */
static bool zc_completion_publish(struct zc_completion *cp)
{
	struct zerocopy_page *page = cp->page;
	struct zc_slot *slot = NULL;
	u64 progress;

	while (cp->done != cp->next) {
		slot = zc_completion_slot(cp, cp->done);
		if (!slot->complete)
			break;
		WRITE_ONCE(cp->codes[cp->done & (cp->entries - 1)], slot->code);
		cp->copied += !!(slot->code & ZEROCOPY_CODE_COPIED);
		cp->passed += !!(slot->code & ZEROCOPY_CODE_PASSED);
		zc_completion_trace(cp, cp->done, ZC_COMPLETION_DONE);
		WRITE_ONCE(cp->done, cp->done + 1);
	}

	progress = cp->done << 32;
	if (cp->done != cp->next)
		progress |= zc_slot_prefix(slot);
	if (progress == cp->progress)
		return false;
	WRITE_ONCE(cp->progress, progress);

	WRITE_ONCE(page->copied, cp->copied);
	WRITE_ONCE(page->passed, cp->passed);
	/* Whoever sees either sees the codes below it: pairs with the program. */
	smp_store_release(&page->done, cp->done);
	/* As above; and no id in here is one that @done has not reached. */
	smp_store_release(&page->progress, progress);
	return true;
}

/* Without the lock: an eventfd has its own, and whoever listens to it too. */
static void zc_completion_tell(struct zc_completion *cp)
{
	if (READ_ONCE(cp->closed))
		return;
	if (wq_has_sleeper(&cp->wait))
		wake_up_interruptible_poll(&cp->wait, EPOLLIN | EPOLLRDNORM);
	if (cp->eventfd)
		eventfd_signal(cp->eventfd);
}

static void zc_completion_set_next(struct zc_completion *cp, u64 next)
{
	WRITE_ONCE(cp->next, next);
	WRITE_ONCE(cp->page->next, next);
	/* Seen before the codes that it makes doubtful: zc_completion_publish(). */
	smp_wmb();
}

/* Ids that somebody else gave out: the stock path, of messages that passed. */
static void zc_completion_skip(struct zc_completion *cp, u32 gap)
{
	u64 id, next = cp->next + gap;

	zc_completion_trace(cp, next - 1, ZC_COMPLETION_PASSED);
	zc_completion_set_next(cp, next);
	id = next - gap;
	if (gap > cp->entries) {
		/* Then nothing is out, and old codes are of no use. */
		cp->passed += gap - cp->entries;
		id = next - cp->entries;
		WRITE_ONCE(cp->done, id);
	}
	for (; id != next; id++) {
		struct zc_slot *slot = zc_completion_slot(cp, id);

		slot->complete = true;
		slot->code = ZEROCOPY_CODE_PASSED;
	}
}

/**
 * zc_completion_begin() - take an id for a send that the page is to follow
 * @win: the socket's window; a stream's socket is locked
 *
 * Context: any.
 * Return: its notification with a reference, or NULL: there is no page, or no
 *	room in it. Then the error queue does it.
 */
struct ubuf_info *zc_completion_begin(struct zc_window *win)
{
	struct sock *sk = win->sk;
	struct ubuf_info *notify = NULL;
	struct zc_completion *cp;
	struct zc_slot *slot;
	bool news = false;
	unsigned long flags;
	u32 gap;
	int key;

	spin_lock_irqsave(&win->lock, flags);
	cp = rcu_dereference_protected(win->completion,
				       lockdep_is_held(&win->lock));
	if (!cp)
		goto out;

	key = atomic_read(&sk->sk_zckey);
	do {
		gap = (u32)key - (u32)cp->next;
		/* An id that was passed over, and then given back. */
		if ((s32)gap < 0)
			goto full;
		if (cp->done != cp->next &&
		    cp->next - cp->done + gap >= cp->entries)
			goto full;
	} while (!atomic_try_cmpxchg(&sk->sk_zckey, &key, key + 1));

	if (gap) {
		zc_completion_skip(cp, gap);
		news = zc_completion_publish(cp);
	}
	slot = zc_completion_slot(cp, cp->next);
	slot->ubuf.ops = &zc_slot_ops;
	refcount_set(&slot->ubuf.refcnt, 1);
	slot->id = key;
	slot->complete = false;
	slot->code = 0;
	slot->cp = cp;
	slot->sent = 0;
	INIT_LIST_HEAD(&slot->pieces);
	refcount_inc(&cp->ref);
	zc_completion_set_next(cp, cp->next + 1);
	notify = &slot->ubuf;
	zc_completion_trace(cp, key, ZC_COMPLETION_BEGIN);
	if (news)
		refcount_inc(&cp->ref);
	goto out;

full:
	zc_count(win->zn, ZC_STAT_COMPLETION_FULL, 1);
	zc_completion_trace(cp, key, ZC_COMPLETION_FULL);
out:
	spin_unlock_irqrestore(&win->lock, flags);
	if (news) {
		zc_completion_tell(cp);
		zc_completion_put(cp);
	}
	return notify;
}
EXPORT_SYMBOL_IF_KUNIT(zc_completion_begin);

/**
 * zc_completion_lend() - a loan goes out for a send that the page follows
 * @zu: the loan
 * @notify: from zc_completion_begin(); a reference is taken
 * @offset: of the loan in the message
 *
 * Context: process.
 */
void zc_completion_lend(struct zc_ubuf *zu, struct ubuf_info *notify,
			size_t offset)
{
	struct zc_slot *slot = zc_slot_of(notify);
	unsigned long flags;

	zu->offset = offset;
	refcount_inc(&notify->refcnt);
	spin_lock_irqsave(&zu->win->lock, flags);
	list_add_tail(&zu->piece, &slot->pieces);
	slot->sent = offset;
	spin_unlock_irqrestore(&zu->win->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(zc_completion_lend);

/* One reference less, and the loan @zu if there is one. */
static void zc_slot_put(struct zc_slot *slot, struct zc_ubuf *zu, bool copied)
{
	struct zc_completion *cp = slot->cp;
	spinlock_t *lock = &cp->win->lock;
	bool last, news;
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	if (zu)
		list_del(&zu->piece);
	if (copied)
		slot->code |= ZEROCOPY_CODE_COPIED;
	last = refcount_dec_and_test(&slot->ubuf.refcnt);
	if (last)
		slot->complete = true;
	/* The slot is anybody's from here on. */
	news = zc_completion_publish(cp);
	if (news && !last)
		refcount_inc(&cp->ref);
	spin_unlock_irqrestore(lock, flags);

	if (news)
		zc_completion_tell(cp);
	if (last || news)
		zc_completion_put(cp);
}

/**
 * zc_completion_back() - a loan came back
 * @zu: the loan
 * @copied: some of it was copied
 *
 * Context: any but hard interrupt.
 */
void zc_completion_back(struct zc_ubuf *zu, bool copied)
{
	zc_slot_put(zc_slot_of(zu->notify), zu, copied);
}
EXPORT_SYMBOL_IF_KUNIT(zc_completion_back);

/**
 * zc_completion_end_call() - the call is done with its notification
 * @notify: from zc_completion_begin(); the reference is dropped
 * @copied: the layer copied some of the message
 *
 * Context: any but hard interrupt.
 */
void zc_completion_end_call(struct ubuf_info *notify, bool copied)
{
	zc_slot_put(zc_slot_of(notify), NULL, copied);
}
EXPORT_SYMBOL_IF_KUNIT(zc_completion_end_call);

/**
 * zc_completion_abort() - the call sent nothing: give its id back
 * @notify: from zc_completion_begin(); the last reference is dropped
 *
 * If somebody has taken the next id in the meantime, this one is complete.
 *
 * Context: process.
 */
void zc_completion_abort(struct ubuf_info *notify)
{
	struct zc_slot *slot = zc_slot_of(notify);
	struct zc_completion *cp = slot->cp;
	struct zc_window *win = cp->win;
	int next = (int)(slot->id + 1);
	unsigned long flags;
	bool given;

	spin_lock_irqsave(&win->lock, flags);
	given = (u32)cp->next == (u32)next &&
		atomic_cmpxchg(&win->sk->sk_zckey, next, next - 1) == next;
	if (given) {
		zc_completion_trace(cp, slot->id, ZC_COMPLETION_ABORT);
		zc_completion_set_next(cp, cp->next - 1);
	}
	spin_unlock_irqrestore(&win->lock, flags);

	if (given)
		zc_completion_put(cp);
	else
		zc_completion_end_call(notify, false);
}
EXPORT_SYMBOL_IF_KUNIT(zc_completion_abort);

/* ---- the file ---- */

static ssize_t zc_completion_read(struct file *file, char __user *buf,
				  size_t len, loff_t *pos)
{
	struct zc_completion *cp = file->private_data;
	u64 progress;
	int err;

	if (len < sizeof(progress))
		return -EINVAL;
	progress = READ_ONCE(cp->progress);
	if (progress == READ_ONCE(cp->seen)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(cp->wait,
					       (progress = READ_ONCE(cp->progress)) !=
					       READ_ONCE(cp->seen));
		if (err)
			return err;
	}
	if (copy_to_user(buf, &progress, sizeof(progress)))
		return -EFAULT;
	WRITE_ONCE(cp->seen, progress);
	return sizeof(progress);
}

static __poll_t zc_completion_poll(struct file *file, poll_table *table)
{
	struct zc_completion *cp = file->private_data;

	poll_wait(file, &cp->wait, table);
	return READ_ONCE(cp->progress) != READ_ONCE(cp->seen) ?
		EPOLLIN | EPOLLRDNORM : 0;
}

static int zc_completion_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zc_completion *cp = file->private_data;

	return zc_shared_mmap(cp->page, cp->length, vma);
}

static int zc_completion_release(struct inode *inode, struct file *file)
{
	zc_completion_close(file->private_data);
	return 0;
}

static const struct file_operations zc_completion_fops = {
	.owner		= THIS_MODULE,
	.read		= zc_completion_read,
	.poll		= zc_completion_poll,
	.mmap		= zc_completion_mmap,
	.release	= zc_completion_release,
	.llseek		= noop_llseek,
};

/**
 * zc_completion_open() - make the completion page of a socket
 * @sk: the socket; the caller has a reference
 * @entries: how many sends it can follow at a time, a power of two
 * @eventfd: signalled with each change, or NULL; the reference passes on
 *
 * Context: process, may sleep.
 * Return: the page, for zc_completion_close(), or an ERR_PTR: -ENOMEM, -EBUSY if
 *	there is one already.
 */
struct zc_completion *zc_completion_open(struct sock *sk, u32 entries,
					 struct eventfd_ctx *eventfd)
{
	struct zc_completion *cp;
	struct zc_window *win;
	struct zerocopy_page *page;
	int err = -ENOMEM;

	cp = kvzalloc(struct_size(cp, slots, entries), GFP_KERNEL_ACCOUNT);
	if (!cp)
		return ERR_PTR(-ENOMEM);
	cp->length = PAGE_ALIGN(sizeof(*page) + entries);
	page = zc_shared_alloc(cp->length);
	if (!page)
		goto err_free;
	win = zc_window_get(sk, zc_net(sock_net(sk)));
	if (!win)
		goto err_page;

	refcount_set(&cp->ref, 1);
	init_waitqueue_head(&cp->wait);
	cp->win = win;
	cp->page = page;
	cp->codes = (u8 *)(page + 1);
	cp->entries = entries;
	page->codes = sizeof(*page);
	page->entries = entries;

	spin_lock_irq(&win->lock);
	if (!rcu_access_pointer(win->completion)) {
		cp->eventfd = eventfd;
		cp->next = (u32)atomic_read(&sk->sk_zckey);
		cp->done = cp->next;
		cp->progress = cp->done << 32;
		cp->seen = cp->progress;
		page->first = cp->done;
		page->next = cp->done;
		page->done = cp->done;
		page->progress = cp->progress;
		zc_completion_trace(cp, cp->done, ZC_COMPLETION_OPEN);
		rcu_assign_pointer(win->completion, cp);
		err = 0;
	} else {
		err = -EBUSY;
	}
	spin_unlock_irq(&win->lock);
	if (err) {
		zc_completion_put(cp);
		return ERR_PTR(err);
	}
	/* They will not be needed for a while. */
	zc_notify_free_spares(win);
	return cp;

err_page:
	zc_shared_free(page, cp->length);
err_free:
	kvfree(cp);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_IF_KUNIT(zc_completion_open);

/**
 * zc_completion_close() - nobody looks at a page any more
 * @cp: from zc_completion_open()
 *
 * What it follows ends silently; sends that begin later are reported by the error
 * queue.
 *
 * Context: process.
 */
void zc_completion_close(struct zc_completion *cp)
{
	struct zc_window *win = cp->win;

	spin_lock_irq(&win->lock);
	zc_completion_trace(cp, cp->done, ZC_COMPLETION_CLOSE);
	RCU_INIT_POINTER(win->completion, NULL);
	WRITE_ONCE(cp->closed, true);
	spin_unlock_irq(&win->lock);
	zc_completion_put(cp);
}
EXPORT_SYMBOL_IF_KUNIT(zc_completion_close);

/**
 * zc_completion_page() - what a program sees
 * @cp: the page
 *
 * Return: its beginning.
 */
const struct zerocopy_page *zc_completion_page(const struct zc_completion *cp)
{
	return cp->page;
}
EXPORT_SYMBOL_IF_KUNIT(zc_completion_page);

/**
 * zc_completion_state() - what the page of a socket says, if it has one
 * @win: the socket's window
 * @done: set to the oldest id that is not complete
 * @next: set to the id behind the last one
 *
 * Context: any but hard interrupt.
 * Return: whether it has one.
 */
bool zc_completion_state(const struct zc_window *win, u64 *done, u64 *next)
{
	const struct zc_completion *cp;
	bool found;

	rcu_read_lock();
	cp = rcu_dereference(win->completion);
	found = cp;
	if (cp) {
		*done = READ_ONCE(cp->done);
		*next = READ_ONCE(cp->next);
	}
	rcu_read_unlock();
	return found;
}

static int zc_completion_check(struct socket *sock)
{
	struct sock *sk = sock->sk;

	/* A kernel socket does not keep its namespace. */
	if (!sk || !zc_is_plain(sk) || !sk->sk_net_refcnt)
		return -EOPNOTSUPP;
	return sock_flag(sk, SOCK_ZEROCOPY) ? 0 : -ENOPROTOOPT;
}

/**
 * zc_completion_ioctl() - ZEROCOPY_IOC_COMPLETION
 * @arg: what the program asks for; completed
 * @fd: set to a descriptor that is not yet installed
 *
 * Context: process, may sleep.
 * Return: the file to install, or an ERR_PTR.
 */
struct file *zc_completion_ioctl(struct zerocopy_completion *arg, int *fd)
{
	struct eventfd_ctx *eventfd = NULL;
	u32 entries = arg->entries ?: ZC_COMPLETION_DEFAULT;
	struct zc_completion *cp;
	struct socket *sock;
	struct file *file;
	int err;

	if (arg->flags & ~ZEROCOPY_COMPLETION_EVENTFD || arg->length)
		return ERR_PTR(-EINVAL);
	if (!(arg->flags & ZEROCOPY_COMPLETION_EVENTFD) && arg->eventfd)
		return ERR_PTR(-EINVAL);
	if (!is_power_of_2(entries) || entries < ZC_COMPLETION_MIN ||
	    entries > ZC_COMPLETION_MAX)
		return ERR_PTR(-EINVAL);

	if (arg->flags & ZEROCOPY_COMPLETION_EVENTFD) {
		eventfd = eventfd_ctx_fdget(arg->eventfd);
		if (IS_ERR(eventfd))
			return ERR_CAST(eventfd);
	}
	sock = sockfd_lookup(arg->socket, &err);
	if (!sock)
		goto err_eventfd;
	err = zc_completion_check(sock);
	if (err)
		goto err_sock;
	err = get_unused_fd_flags(O_CLOEXEC);
	if (err < 0)
		goto err_sock;
	*fd = err;

	cp = zc_completion_open(sock->sk, entries, eventfd);
	err = PTR_ERR_OR_ZERO(cp);
	if (err)
		goto err_fd;
	file = anon_inode_getfile("[zerocopy-completion]", &zc_completion_fops,
				  cp, O_RDONLY);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		zc_completion_close(cp);
		eventfd = NULL;
		goto err_fd;
	}
	sockfd_put(sock);
	arg->entries = entries;
	arg->length = cp->length;
	return file;

err_fd:
	put_unused_fd(*fd);
err_sock:
	sockfd_put(sock);
err_eventfd:
	if (eventfd)
		eventfd_ctx_put(eventfd);
	return ERR_PTR(err);
}
