/* SPDX-License-Identifier: GPL-2.0 */
/* Memory side: user memory as a source, and what it is charged to. */
#ifndef _LINUX_ZC_USER_H
#define _LINUX_ZC_USER_H

#include <linux/types.h>

struct iov_iter;
struct user_struct;
struct zc_source;

struct zc_source *zc_user_source_alloc(const struct iov_iter *iter,
				       unsigned long window_pages,
				       struct zc_source **idle);
void zc_user_source_free(struct zc_source *src);
int zc_user_init(void);
void zc_user_exit(void);

/**
 * struct zc_account - whose RLIMIT_MEMLOCK pinned pages count against
 * @user: the charged user; a reference is held
 * @limit: the limit in pages, ULONG_MAX if there is none
 */
struct zc_account {
	struct user_struct	*user;
	unsigned long		limit;
};

void zc_account_init(struct zc_account *acct, unsigned long window_pages);
void zc_account_none(struct zc_account *acct);
void zc_account_exit(struct zc_account *acct);
bool zc_account_charge(struct zc_account *acct, unsigned long pages);
unsigned long zc_account_charge_upto(struct zc_account *acct,
				     unsigned long pages);
void zc_account_uncharge(struct zc_account *acct, unsigned long pages);

#endif /* _LINUX_ZC_USER_H */
