// SPDX-License-Identifier: GPL-2.0
/*
 * RLIMIT_MEMLOCK accounting of pinned pages, whole folios at a time.
 *
 * The kernel's own helper is declared in a networking header, adds two pages
 * for the worst case and asks capable() on each call.
 */
#include <kunit/visibility.h>
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>

#include <linux/zc_user.h>

#define ZC_UNCOUNTED	ULONG_MAX		/* CAP_IPC_LOCK, known at the start */
#define ZC_UNLIMITED	(ULONG_MAX - 1)		/* CAP_IPC_LOCK, asked when full */

/**
 * zc_account_init() - find out who pays, and up to which limit
 * @acct: to be set up: all zero, or from an earlier call and with nothing
 *	charged; then the reference on a user who is the same is kept
 * @window_pages: the most that will be charged at a time
 *
 * capable() leaves an audit record and costs as much as a page, so it is asked
 * only where the limit could be met.
 *
 * Context: process, on behalf of the task that is charged.
 */
void zc_account_init(struct zc_account *acct, unsigned long window_pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK);

	if (limit == RLIM_INFINITY) {
		acct->limit = ZC_UNCOUNTED;
		return;
	}

	acct->limit = limit >> PAGE_SHIFT;
	if (acct->limit < window_pages && capable(CAP_IPC_LOCK)) {
		acct->limit = ZC_UNCOUNTED;
		return;
	}
	if (acct->user != current_user()) {
		zc_account_exit(acct);
		acct->user = get_uid(current_user());
	}
}
EXPORT_SYMBOL_IF_KUNIT(zc_account_init);

/**
 * zc_account_none() - somebody else has paid for it
 * @acct: to be set up, all zero
 *
 * Context: any.
 */
void zc_account_none(struct zc_account *acct)
{
	acct->limit = ZC_UNCOUNTED;
}

/**
 * zc_account_exit() - drop the reference on the charged user
 * @acct: from zc_account_init(), everything uncharged
 *
 * Context: any but hard interrupt.
 */
void zc_account_exit(struct zc_account *acct)
{
	if (acct->user)
		free_uid(acct->user);
	acct->user = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(zc_account_exit);

/**
 * zc_account_charge_upto() - charge as many pages as the limit leaves
 * @acct: who pays
 * @pages: pages wanted
 *
 * Context: process, on behalf of the task that is charged.
 * Return: pages charged, between 0 and @pages.
 */
unsigned long zc_account_charge_upto(struct zc_account *acct,
				     unsigned long pages)
{
	unsigned long old, granted;

	if (acct->limit == ZC_UNCOUNTED)
		return pages;

	old = atomic_long_read(&acct->user->locked_vm);
	do {
		granted = pages;
		if (acct->limit == ZC_UNLIMITED)
			continue;
		if (old >= acct->limit)
			granted = 0;
		else
			granted = min(pages, acct->limit - old);
		if (granted < pages && capable(CAP_IPC_LOCK)) {
			acct->limit = ZC_UNLIMITED;
			granted = pages;
		}
		if (!granted)
			return 0;
	} while (!atomic_long_try_cmpxchg(&acct->user->locked_vm, (long *)&old,
					  old + granted));
	return granted;
}
EXPORT_SYMBOL_IF_KUNIT(zc_account_charge_upto);

/**
 * zc_account_charge() - charge pages, all or nothing
 * @acct: who pays
 * @pages: pages to charge
 *
 * Context: process, on behalf of the task that is charged.
 * Return: whether the limit allowed it.
 */
bool zc_account_charge(struct zc_account *acct, unsigned long pages)
{
	unsigned long granted = zc_account_charge_upto(acct, pages);

	if (granted == pages)
		return true;
	zc_account_uncharge(acct, granted);
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(zc_account_charge);

/**
 * zc_account_uncharge() - pages are no longer pinned
 * @acct: who paid
 * @pages: how many
 *
 * Context: any.
 */
void zc_account_uncharge(struct zc_account *acct, unsigned long pages)
{
	if (pages && acct->limit != ZC_UNCOUNTED)
		atomic_long_sub(pages, &acct->user->locked_vm);
}
EXPORT_SYMBOL_IF_KUNIT(zc_account_uncharge);
