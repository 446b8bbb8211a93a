/* SPDX-License-Identifier: GPL-2.0 */
/* A source for the KUnit suites: lends pages of the kernel's and counts. */
#ifndef _NET_ZEROCOPY_KUNIT_SOURCE_H
#define _NET_ZEROCOPY_KUNIT_SOURCE_H

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/in.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "internal.h"

#define ZCT_PAGES	20

struct zct_source {
	struct zc_source	src;
	phys_addr_t		paddr[ZCT_PAGES];
	void			*addr[ZCT_PAGES];
	unsigned int		nr;		/* ranges to lend */
	size_t			len;		/* of each */
	bool			fault;
	unsigned int		refused;
	unsigned int		cleanups;
	bool			irqs_off;	/* in one of them */
	unsigned int		releases;
	struct sk_buff_head	*queue;		/* looked at by cleanup: */
	unsigned int		told;		/* what was in it */
	size_t			back;
	bool			copied;
};

/* What a suite works on. */
struct zct {
	struct zct_source	ts;
	struct socket		*sock;
	struct zc_window	*win;
	struct msghdr		msg;
	struct kvec		kvec;
};

int zct_init(struct kunit *test);
void zct_exit(struct kunit *test);
struct zc_ubuf *zct_lend(struct kunit *test, unsigned int nr, size_t len);
int zct_fill(struct kunit *test, struct zc_ubuf *zu, struct sk_buff *skb,
	     size_t pos, size_t len);

#endif
