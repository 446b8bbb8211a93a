/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The zerocopy layer above ->sendmsg(): what a lender of memory implements and
 * what a sender calls.
 */
#ifndef _NET_ZEROCOPY_H
#define _NET_ZEROCOPY_H

#include <linux/refcount.h>
#include <linux/types.h>

struct inet_zerocopy_ops;
struct msghdr;
struct module;
struct socket;
struct zc_kseg;
struct zc_source;

/**
 * struct zc_ranges - physical ranges of one loan
 * @nr: ranges in use in @vec
 * @max: ranges that fit into @vec
 * @bytes: sum of the lengths in @vec, in bytes
 * @held_pages: whole folios behind @vec, in pages; this is what counts against
 *	the window and what the lender charges
 * @need_pages: set by refill when it fails for lack of room: how many pages it
 *	would have needed to lend anything at all
 * @single_pages: set by refill or borrow if each range lies in a folio of one
 *	page: then nobody has to look for its head
 * @fault: the memory right behind the last range cannot be read; a protocol
 *	that gets there reports -EFAULT
 * @pinned: set by refill: the lender has pinned all of it
 * @whole: @vec is the lender's own and comes back in one piece: cleanup is
 *	called once, with @from 0
 * @skip: bytes of @vec's first range that lie in front of the loan
 * @unpinned: bytes out of memory that the lender holds in any case, for the
 *	counters
 * @copied: set by refill: bytes that it copied because their memory cannot be
 *	lent, for the counters
 * @unlent: of these, bytes that nobody offered to lend
 * @private: the lender's own, from refill or borrow until cleanup
 * @vec: the ranges, in message order; none of them crosses a folio
 */
struct zc_ranges {
	unsigned int	nr;
	unsigned int	max;
	size_t		bytes;
	unsigned long	held_pages;
	unsigned long	need_pages;
	bool		single_pages;
	bool		fault;
	bool		pinned;
	bool		whole;
	size_t		skip;
	size_t		unpinned;
	size_t		copied;
	size_t		unlent;
	void		*private;
	struct phys_vec	*vec;
};

/**
 * struct zc_source_ops - what a lender of memory implements
 * @refill: Produce ranges for the message bytes that start at @offset: at most
 *	about @bytes (a lender may go on to the end of the folio it is in), at
 *	most @pages whole pages. May sleep. Called without the socket lock.
 *	Returns 0 with ranges->bytes set (0 bytes with ranges->fault is a valid
 *	answer), -ENOSPC if @pages is too few for even one range, -ENOBUFS if the
 *	lender's own limit (RLIMIT_MEMLOCK) is, or another errno. On error
 *	nothing is lent. (S1.3)
 * @borrow: May be NULL. Describe message bytes from @offset on, at most @bytes,
 *	out of memory that the lender holds in any case, and that no window has
 *	to have room for: sets @vec to a table of its own, @nr, @bytes, @skip,
 *	@single_pages and @private, and nothing else. Returns false where @refill is to be asked.
 *	Same context as @refill.
 * @cleanup: Ranges @from to ranges->nr have come back and are the lender's
 *	again; it lowers ranges->nr, ->bytes and ->held_pages accordingly.
 *	@copied says whether somebody downstream copied the data instead of
 *	sending it from the ranges. Any context but hard interrupt; must not
 *	sleep. Called once for each range. (S1.1, S1.2)
 * @sent: May be NULL. A zc_sendmsg() is over: @bytes were sent, and nobody reads
 *	the memory behind msg_iter any more. @copied says whether any of them
 *	were copied from there. Context: the sender's.
 * @release: Nothing is out any more and the last reference is gone: free the
 *	source. Same context as @cleanup. (S1.1)
 */
struct zc_source_ops {
	bool (*borrow)(struct zc_source *src, struct zc_ranges *ranges,
		       size_t offset, size_t bytes);
	int (*refill)(struct zc_source *src, struct zc_ranges *ranges,
		      size_t offset, size_t bytes, unsigned long pages);
	void (*cleanup)(struct zc_source *src, struct zc_ranges *ranges,
			unsigned int from, bool copied);
	void (*sent)(struct zc_source *src, size_t bytes, bool copied);
	void (*release)(struct zc_source *src);
};

/**
 * struct zc_source - something that lends the ranges of one message
 * @ops: the lender's callbacks
 * @ref: one for the sender, one for each loan that is out
 * @limit_pages: the lender's own limit in pages, ULONG_MAX for none; loans are
 *	sized so that at least two fit
 */
struct zc_source {
	const struct zc_source_ops	*ops;
	refcount_t			ref;
	unsigned long			limit_pages;
};

void zc_source_init(struct zc_source *src, const struct zc_source_ops *ops,
		    unsigned long limit_pages);
void zc_source_put(struct zc_source *src);

int zc_sendmsg(struct socket *sock, struct msghdr *msg, struct zc_source *src);
int __zc_send_ksegs(struct socket *sock, struct msghdr *msg,
		    const struct zc_kseg *segs, unsigned int nr,
		    struct module *owner);

/* The module of the callbacks stays until the last of them has been called. */
#define zc_send_ksegs(sock, msg, segs, nr) \
	__zc_send_ksegs(sock, msg, segs, nr, THIS_MODULE)

/* For the entries: livepatch, static key. */
extern const struct inet_zerocopy_ops zc_entry_ops;
int zc_entry_sendmsg(struct socket *sock, struct msghdr *msg, size_t size);
void zc_suspend(void);
void zc_resume(void);

#endif /* _NET_ZEROCOPY_H */
