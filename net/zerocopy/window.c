// SPDX-License-Identifier: GPL-2.0
/*
 * The window: how much one socket may have on loan at a time.
 *
 * The state is made with a socket's first call and goes when it has been idle for
 * a moment, so nothing has to be told when a socket is destroyed, and a busy one
 * allocates nothing.
 */
#include <kunit/visibility.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/zc_user.h>
#include <net/sock.h>

#include "internal.h"

#define ZC_WINDOW_BITS	10
/* How often it is looked which windows nobody has used since. */
#define ZC_WINDOW_IDLE	(HZ / 4)

struct zc_bucket {
	struct hlist_head	head;
	spinlock_t		lock;		/* additions and removals */
};

static struct zc_bucket zc_windows[1 << ZC_WINDOW_BITS] = {
	[0 ... (1 << ZC_WINDOW_BITS) - 1] = {
		.lock = __SPIN_LOCK_UNLOCKED(zc_windows.lock),
	},
};

static atomic_t zc_nr_windows;

static void zc_window_reap_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(zc_window_reaper, zc_window_reap_work);

static struct zc_bucket *zc_bucket(const struct sock *sk)
{
	return &zc_windows[hash_ptr(sk, ZC_WINDOW_BITS)];
}

static struct zc_window *zc_bucket_find(struct zc_bucket *b, struct sock *sk)
{
	struct zc_window *win;

	hlist_for_each_entry_rcu(win, &b->head, node,
				 lockdep_is_held(&b->lock)) {
		if (win->sk == sk && refcount_inc_not_zero(&win->ref)) {
			if (!READ_ONCE(win->used))
				WRITE_ONCE(win->used, true);
			return win;
		}
	}
	return NULL;
}

/**
 * zc_window_find() - look up a socket's window
 * @sk: the socket; the caller has a reference
 *
 * Context: any but hard interrupt.
 * Return: the window with a reference, or NULL: nothing of @sk is on loan and
 *	no call is under way (with a window that need not be so).
 */
struct zc_window *zc_window_find(struct sock *sk)
{
	struct zc_window *win;

	rcu_read_lock();
	win = zc_bucket_find(zc_bucket(sk), sk);
	rcu_read_unlock();
	return win;
}
EXPORT_SYMBOL_IF_KUNIT(zc_window_find);

/**
 * zc_window_get() - find or make a socket's window
 * @sk: the socket; the caller has a reference
 * @zn: the share of its namespace
 *
 * A window keeps the socket and the share of the namespace. Whoever has a
 * reference keeps the module: calls and loans do.
 *
 * Context: process, may sleep.
 * Return: the window with a reference, NULL if out of memory.
 */
struct zc_window *zc_window_get(struct sock *sk, struct zc_net *zn)
{
	struct zc_bucket *b = zc_bucket(sk);
	struct zc_window *win, *made;

	win = zc_window_find(sk);
	if (win)
		return win;

	made = kzalloc_obj(*made, GFP_KERNEL_ACCOUNT);
	if (!made)
		return NULL;
	made->sk = sk;
	made->zn = zn;
	made->used = true;
	made->cohorts[0].since = jiffies;
	/* One is the table's. */
	refcount_set(&made->ref, 2);
	init_waitqueue_head(&made->wait);
	spin_lock_init(&made->lock);

	spin_lock_bh(&b->lock);
	win = zc_bucket_find(b, sk);
	if (!win) {
		sock_hold(sk);
		refcount_inc(&zn->ref);
		hlist_add_head_rcu(&made->node, &b->head);
		if (atomic_inc_return(&zc_nr_windows) == 1)
			schedule_delayed_work(&zc_window_reaper,
					      ZC_WINDOW_IDLE);
	}
	spin_unlock_bh(&b->lock);

	if (win) {
		kfree(made);
		return win;
	}
	return made;
}
EXPORT_SYMBOL_IF_KUNIT(zc_window_get);

static void zc_window_free(struct zc_window *win)
{
	zc_notify_free_spares(win);
	zc_ubuf_free_idle(win);
	zc_user_source_free(win->idle_src);
	zc_net_put(win->zn);
	sock_put(win->sk);
	kfree_rcu(win, rcu);
	atomic_dec(&zc_nr_windows);
}

/* A kernel socket does not keep its namespace: let go of it at once. */
static noinline void zc_window_put_kernel(struct zc_window *win)
{
	struct zc_bucket *b = zc_bucket(win->sk);
	bool last;

	spin_lock_bh(&b->lock);
	refcount_dec(&win->ref);
	last = refcount_dec_if_one(&win->ref);
	if (last)
		hlist_del_rcu(&win->node);
	spin_unlock_bh(&b->lock);
	if (last)
		zc_window_free(win);
}

/**
 * zc_window_put() - drop a reference on a window
 * @win: the window
 *
 * Context: any but hard interrupt.
 */
void zc_window_put(struct zc_window *win)
{
	/* The last one is the table's: zc_window_reap(). */
	if (likely(win->sk->sk_net_refcnt))
		refcount_dec(&win->ref);
	else
		zc_window_put_kernel(win);
}
EXPORT_SYMBOL_IF_KUNIT(zc_window_put);

/* Loans to come are of a new age; a cohort of old ones stays what it is. */
static void zc_window_turn(struct zc_window *win)
{
	unsigned int i, c;

	for (i = 0; i < ZC_COHORTS; i++) {
		c = (win->cohort + i) % ZC_COHORTS;
		if (atomic_read(&win->cohorts[c].out))
			continue;
		WRITE_ONCE(win->cohorts[c].since, jiffies);
		WRITE_ONCE(win->cohort, c);
		return;
	}
}

/**
 * zc_window_loans() - what a socket has on loan
 * @win: its window
 * @age: set to the age of the oldest, in jiffies; up to a quarter of a second
 *	too much, or more if loans of many ages are out
 *
 * Return: how many.
 */
unsigned int zc_window_loans(const struct zc_window *win, unsigned long *age)
{
	unsigned long now = jiffies;
	unsigned int i, sum = 0;

	*age = 0;
	for (i = 0; i < ZC_COHORTS; i++) {
		const struct zc_cohort *cohort = &win->cohorts[i];
		int out = atomic_read(&cohort->out);

		if (out <= 0)
			continue;
		sum += out;
		*age = max(*age, now - READ_ONCE(cohort->since));
	}
	return sum;
}
EXPORT_SYMBOL_IF_KUNIT(zc_window_loans);

/**
 * zc_window_reap() - free the windows that nobody uses
 * @all: also those that have been used since the last time
 *
 * Context: process.
 */
void zc_window_reap(bool all)
{
	struct zc_window *win;
	struct hlist_node *next;
	struct zc_bucket *b;
	HLIST_HEAD(idle);

	for (b = zc_windows; b < zc_windows + ARRAY_SIZE(zc_windows); b++) {
		if (hlist_empty(&b->head))
			continue;
		spin_lock_bh(&b->lock);
		hlist_for_each_entry_safe(win, next, &b->head, node) {
			zc_window_turn(win);
			if (READ_ONCE(win->used) && !all &&
			    !sock_flag(win->sk, SOCK_DEAD)) {
				WRITE_ONCE(win->used, false);
				continue;
			}
			if (!refcount_dec_if_one(&win->ref))
				continue;
			hlist_del_rcu(&win->node);
			hlist_add_head(&win->idle, &idle);
		}
		spin_unlock_bh(&b->lock);
	}

	hlist_for_each_entry_safe(win, next, &idle, idle)
		zc_window_free(win);
}
EXPORT_SYMBOL_IF_KUNIT(zc_window_reap);

static void zc_window_reap_work(struct work_struct *work)
{
	zc_window_reap(false);
	if (atomic_read(&zc_nr_windows))
		schedule_delayed_work(&zc_window_reaper, ZC_WINDOW_IDLE);
}

/**
 * zc_window_exit() - free what is left, when no call and no loan is
 *
 * Context: process, sleeps.
 */
void zc_window_exit(void)
{
	cancel_delayed_work_sync(&zc_window_reaper);
	zc_window_reap(true);
	WARN_ON_ONCE(atomic_read(&zc_nr_windows));
}

/**
 * zc_window_reserve() - take room for a loan
 * @win: the window
 * @limit: its size, in pages
 * @want: pages that are welcome
 * @least: pages that are needed
 *
 * Return: pages reserved, 0 if there is no room for @least.
 */
unsigned long zc_window_reserve(struct zc_window *win, unsigned long limit,
				unsigned long want, unsigned long least)
{
	long out = atomic_long_read(&win->pages_out);
	unsigned long granted;

	do {
		if (out >= limit || limit - out < least)
			return 0;
		granted = min(want, limit - out);
	} while (!atomic_long_try_cmpxchg(&win->pages_out, &out,
					  out + granted));
	return granted;
}
EXPORT_SYMBOL_IF_KUNIT(zc_window_reserve);

/**
 * zc_window_unreserve() - pages were reserved and not needed
 * @win: the window
 * @pages: how many
 *
 * Context: any but hard interrupt.
 */
void zc_window_unreserve(struct zc_window *win, unsigned long pages)
{
	if (!pages)
		return;
	atomic_long_sub(pages, &win->pages_out);
	if (wq_has_sleeper(&win->wait))
		wake_up_interruptible(&win->wait);
}

/**
 * zc_window_return() - pages on loan came back
 * @win: the window
 * @pages: how many
 *
 * Context: any but hard interrupt.
 */
void zc_window_return(struct zc_window *win, unsigned long pages)
{
	if (!pages)
		return;
	atomic_inc(&win->comebacks);
	/* Whoever finds the pages back finds that changed: zc_source_lend(). */
	smp_wmb();
	zc_window_unreserve(win, pages);
}
EXPORT_SYMBOL_IF_KUNIT(zc_window_return);

/**
 * zc_window_room() - how much could be lent now
 * @win: the window
 * @limit: its size, in pages
 *
 * Return: pages; a hint only.
 */
unsigned long zc_window_room(struct zc_window *win, unsigned long limit)
{
	unsigned long out = atomic_long_read(&win->pages_out);

	return out < limit ? limit - out : 0;
}
EXPORT_SYMBOL_IF_KUNIT(zc_window_room);

/**
 * zc_window_wait() - wait until something on loan came back
 * @win: the window
 * @seen: win->comebacks when the caller found no room
 * @limit: the window's size, in pages
 * @least: pages that are needed; more than @limit if room is not the question
 * @timeo: what is left of the deadline, in jiffies; updated
 *
 * Returns early when the socket fails or is shut down: the protocol then says
 * how. Must not be called with the socket locked: acknowledgments would go to
 * the backlog, and nothing would ever come back.
 *
 * Context: process, sleeps.
 * Return: 0, -EAGAIN at the deadline, -ERESTARTSYS or -EINTR.
 */
int zc_window_wait(struct zc_window *win, int seen, unsigned long limit,
		   unsigned long least, long *timeo)
{
	struct sock *sk = win->sk;
	DEFINE_WAIT(on_window);
	DEFINE_WAIT(on_sock);
	int err = 0;

	zc_count(win->zn, ZC_STAT_WAITS, 1);
	trace_zc_wait(sk, atomic_long_read(&win->pages_out), *timeo);

	for (;;) {
		prepare_to_wait(&win->wait, &on_window, TASK_INTERRUPTIBLE);
		prepare_to_wait(sk_sleep(sk), &on_sock, TASK_INTERRUPTIBLE);
		if (atomic_read(&win->comebacks) != seen ||
		    !atomic_long_read(&win->pages_out) ||
		    zc_window_room(win, limit) >= least ||
		    READ_ONCE(sk->sk_err) ||
		    READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
			break;
		if (!*timeo) {
			err = -EAGAIN;
			break;
		}
		if (signal_pending(current)) {
			err = sock_intr_errno(*timeo);
			break;
		}
		*timeo = schedule_timeout(*timeo);
	}
	finish_wait(sk_sleep(sk), &on_sock);
	finish_wait(&win->wait, &on_window);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(zc_window_wait);

/**
 * zc_window_next() - walk over every socket that has a window
 * @sweep: number of this walk; a window is visited once for each number
 * @pos: where the walk is; 0 at the start
 *
 * A window that is added while the walk is under way is either visited, or
 * whatever was written before the walk began is visible to its owner.
 *
 * Context: process.
 * Return: a window with a reference, NULL at the end.
 */
struct zc_window *zc_window_next(unsigned int sweep, unsigned int *pos)
{
	struct zc_window *win;
	struct zc_bucket *b;

	for (; *pos < ARRAY_SIZE(zc_windows); (*pos)++) {
		b = &zc_windows[*pos];
		spin_lock_bh(&b->lock);
		hlist_for_each_entry(win, &b->head, node) {
			if (win->swept != sweep &&
			    refcount_inc_not_zero(&win->ref)) {
				win->swept = sweep;
				spin_unlock_bh(&b->lock);
				return win;
			}
		}
		spin_unlock_bh(&b->lock);
	}
	return NULL;
}

/* Where in the table: a bucket, and how many of its windows lie before. */
#define ZC_POS_BITS	24

/**
 * zc_window_nth() - walk over the windows of a namespace, for somebody who looks
 * @zn: the namespace's share
 * @pos: where to go on, 0 at the start; set to where the window was found
 *
 * Takes no lock and makes no window look used. Windows that come and go meanwhile
 * may be missed, or be seen twice.
 *
 * Context: any but hard interrupt.
 * Return: a window with a reference, NULL at the end.
 */
struct zc_window *zc_window_nth(const struct zc_net *zn, loff_t *pos)
{
	unsigned long bucket = *pos >> ZC_POS_BITS;
	unsigned long nth = *pos & (BIT(ZC_POS_BITS) - 1), i;
	struct zc_window *win;

	rcu_read_lock();
	for (; bucket < ARRAY_SIZE(zc_windows); bucket++, nth = 0) {
		i = 0;
		hlist_for_each_entry_rcu(win, &zc_windows[bucket].head, node) {
			if (i++ < nth || win->zn != zn ||
			    !refcount_inc_not_zero(&win->ref))
				continue;
			rcu_read_unlock();
			*pos = (bucket << ZC_POS_BITS) + i - 1;
			return win;
		}
	}
	rcu_read_unlock();
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(zc_window_nth);
