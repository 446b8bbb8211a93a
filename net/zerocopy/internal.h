/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _NET_ZEROCOPY_INTERNAL_H
#define _NET_ZEROCOPY_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <net/zerocopy.h>
#include <trace/events/zerocopy.h>

struct ctl_table_header;
struct eventfd_ctx;
struct file;
struct net;
struct proto;
struct sock;
struct zc_completion;
struct zerocopy_completion;
struct zerocopy_page;

static_assert(BITS_PER_LONG == 64);

/* A loan of small pages; one that ends in a large folio goes on to its end. */
#define ZC_LOAN_BYTES		(512UL << 10)
/* Loans chained over shared packets come back together: keep that short. */
#define ZC_CHAIN_BYTES		(512UL << 10)
/* Drivers send a packet of a few bytes from its head (vmxnet3: up to 128). */
#define ZC_INLINE_BYTES		256U
/* The end of a message may go over that. */
#define ZC_CHAIN_SMALL		(16UL << 10)
#define ZC_CHAIN_SLACK		(64UL << 10)
/* 64 KiB of small pages at any offset: such a loan has a slab of its own. */
#define ZC_LOAN_FEW		18U
/* Ranges in one loan, whatever the shape of the message. */
#define ZC_LOAN_RANGES		256U

#define ZC_WINDOW_DEFAULT	(8UL << 20)
#define ZC_WINDOW_MIN		(64UL << 10)

/* main.c: what a network namespace has */

enum zc_stat {
	ZC_STAT_SENDS,
	ZC_STAT_BYTES,
	ZC_STAT_LOANS,
	ZC_STAT_AREA_LOANS,
	ZC_STAT_AREA_BYTES,
	ZC_STAT_SPLICE_LOANS,
	ZC_STAT_SPLICE_BYTES,
	ZC_STAT_WAITS,
	ZC_STAT_COMPLETION_FULL,
	ZC_STAT_COPIED_BYTES,
	ZC_STAT_COPIED,
	ZC_STAT_PASSED = ZC_STAT_COPIED + ZC_COPY_MAX,
	ZC_STAT_MAX = ZC_STAT_PASSED + ZC_PASS_MAX,
};

struct zc_percpu {
	unsigned long	stat[ZC_STAT_MAX];
};

/**
 * struct zc_net - the layer's share of a network namespace
 * @ref: one for the namespace, one for each window; loans of kernel sockets
 *	outlive their namespace
 * @percpu: event counters
 * @held_pages: pages behind the loans that have not ended
 * @held_peak: most that @held_pages has been
 * @enabled: net.zerocopy.enabled
 * @window_bytes: net.zerocopy.window_bytes
 * @min_bytes: net.zerocopy.min_bytes
 * @splice: net.zerocopy.splice
 * @sysctl: registration of the three
 */
struct zc_net {
	refcount_t			ref;
	struct zc_percpu __percpu	*percpu;
	atomic_long_t			held_pages;
	atomic_long_t			held_peak;
	u8				enabled;
	u8				splice;
	unsigned long			window_bytes;
	unsigned long			min_bytes;
	struct ctl_table_header		*sysctl;
};

struct zc_net *zc_net(const struct net *net);
void zc_net_put(struct zc_net *zn);
unsigned long zc_net_window_pages(const struct zc_net *zn);

static inline void zc_count(struct zc_net *zn, unsigned int stat,
			    unsigned long n)
{
	this_cpu_add(zn->percpu->stat[stat], n);
}

int zc_proc_init(struct net *net);
void zc_proc_exit(struct net *net);
int zc_sysctl_init(struct net *net, struct zc_net *zn);
void zc_sysctl_exit(struct zc_net *zn);

/* window.c: how much one socket has on loan */

#define ZC_COHORTS	8U

/**
 * struct zc_cohort - loans of about the same age
 * @out: how many have not ended
 * @since: jiffies when the first of them may have been made
 */
struct zc_cohort {
	atomic_t	out;
	unsigned long	since;
};

/**
 * struct zc_window - a socket's window; exists from its first call until it has
 *	been idle for a moment
 * @node: in the table, by @sk
 * @idle: on its way out
 * @rcu: lookups are lockless
 * @sk: the socket; a reference is held
 * @zn: its namespace's share; a reference is held
 * @ref: one for the table, each call and each loan
 * @used: somebody has looked it up since the last look for idle ones
 * @pages_out: pages on loan or reserved for a loan in the making
 * @comebacks: counts every time pages came back from a loan
 * @wait: senders waiting for that
 * @swept: suspension that has seen this window
 * @lock: protects @last and its followers, and @completion
 * @last: datagram socket: loan of the last datagram that was lent, while it is
 *	out
 * @idle_loan: a loan that ended, for the next call
 * @idle_src: the same for a source of user memory
 * @spares: notifications that were merged into others, for the next calls; under
 *	the lock of the socket's error queue, which is at hand when one comes back
 * @nr_spares: how many
 * @completion: the page that its program reads, or NULL
 * @cohort: which one the next loan belongs to
 * @cohorts: the loans that are out, by age
 */
struct zc_window {
	struct hlist_node	node;
	struct hlist_node	idle;
	struct rcu_head		rcu;
	struct sock		*sk;
	struct zc_net		*zn;
	refcount_t		ref;
	bool			used;
	atomic_long_t		pages_out;
	atomic_t		comebacks;
	wait_queue_head_t	wait;
	unsigned int		swept;
	spinlock_t		lock;		/* see above */
	struct zc_ubuf		*last;
	struct zc_ubuf		*idle_loan;
	struct zc_source	*idle_src;
	struct sk_buff		*spares;
	unsigned int		nr_spares;
	struct zc_completion __rcu *completion;
	u8			cohort;
	struct zc_cohort	cohorts[ZC_COHORTS];
};

struct zc_window *zc_window_get(struct sock *sk, struct zc_net *zn);
struct zc_window *zc_window_find(struct sock *sk);
void zc_window_put(struct zc_window *win);
unsigned long zc_window_reserve(struct zc_window *win, unsigned long limit,
				unsigned long want, unsigned long least);
void zc_window_unreserve(struct zc_window *win, unsigned long pages);
void zc_window_return(struct zc_window *win, unsigned long pages);
unsigned long zc_window_room(struct zc_window *win, unsigned long limit);
int zc_window_wait(struct zc_window *win, int seen, unsigned long limit,
		   unsigned long least, long *timeo);
struct zc_window *zc_window_next(unsigned int sweep, unsigned int *pos);
struct zc_window *zc_window_nth(const struct zc_net *zn, loff_t *pos);
unsigned int zc_window_loans(const struct zc_window *win, unsigned long *age);
void zc_window_reap(bool all);
void zc_window_exit(void);

/* notify.c: what the application reads from its error queue */

struct ubuf_info *zc_notify_get(struct zc_window *win, size_t size,
				struct ubuf_info *prev);
void zc_notify_abort(struct zc_window *win, struct ubuf_info *notify);
void __zc_notify_put(struct zc_window *win, struct ubuf_info *notify,
		     bool copied);
void zc_notify_free_spares(struct zc_window *win);

/* completion.c: what it reads from a page instead */

extern const struct ubuf_info_ops zc_slot_ops;

struct ubuf_info *zc_completion_begin(struct zc_window *win);
void zc_completion_lend(struct zc_ubuf *zu, struct ubuf_info *notify,
			size_t offset);
void zc_completion_back(struct zc_ubuf *zu, bool copied);
void zc_completion_end_call(struct ubuf_info *notify, bool copied);
void zc_completion_abort(struct ubuf_info *notify);
struct zc_completion *zc_completion_open(struct sock *sk, u32 entries,
					 struct eventfd_ctx *eventfd);
void zc_completion_close(struct zc_completion *cp);
bool zc_completion_state(const struct zc_window *win, u64 *done, u64 *next);
const struct zerocopy_page *zc_completion_page(const struct zc_completion *cp);
struct file *zc_completion_ioctl(struct zerocopy_completion *arg, int *fd);

/**
 * zc_notify_put() - one holder of a notification is done with it
 * @win: window of the socket
 * @notify: the notification; may be gone on return
 * @copied: data was copied on this holder's part
 *
 * Context: any but hard interrupt.
 */
static inline void zc_notify_put(struct zc_window *win,
				 struct ubuf_info *notify, bool copied)
{
	if (unlikely(notify->ops == &zc_slot_ops))
		zc_completion_end_call(notify, copied);
	else
		__zc_notify_put(win, notify, copied);
}

/* ubuf.c: loans */

/**
 * struct zc_ubuf - a loan: one piece of a source, lent to the stack
 * @ubuf: what skbs point to
 * @copied: at the head: somebody downstream copied
 * @private: at the head: zc_tail_make_private() is at work
 * @cohort: of the window
 * @id: for the trace
 * @win: the socket's window
 * @src: who lends; a reference is held
 * @notify: told when the loan ends, may be NULL; a reference is held
 * @head: first loan of the chain, itself if there is none
 * @next: in the chain of @head, in the order of the calls
 * @last: at the head: last of its chain, itself if there is none
 * @chain_bytes: at the head: bytes in the whole chain
 * @chain_max: at the head: most that @chain_bytes may become
 * @given: message bytes that the current ->sendmsg() was given, which end
 *	where @ranges end (or beyond, at a fault)
 * @lent_to: @given's offset up to which fragments have been handed out
 * @cur: range that @cur_off lies in
 * @cur_off: offset of that range's first byte
 * @followers: notifications of datagrams that were copied behind this one
 * @piece: with a completion page: in the list of the message's loans
 * @offset: with a completion page: of the loan in the message
 * @lnode: on the list of loans whose end waits for a better context
 * @refs: what references its memory had, NULL if that is not looked at
 * @ranges: what is lent
 * @vec: storage of the ranges
 */
struct zc_ubuf {
	struct ubuf_info	ubuf;
	bool			copied;
	bool			private;
	u8			cohort;
	unsigned int		id;
	struct zc_window	*win;
	struct zc_source	*src;
	struct ubuf_info	*notify;
	struct zc_ubuf		*head;
	struct zc_ubuf		*next;
	struct zc_ubuf		*last;
	size_t			chain_bytes;
	size_t			chain_max;
	size_t			given;
	size_t			lent_to;
	unsigned int		cur;
	size_t			cur_off;
	struct list_head	followers;
	struct list_head	piece;
	size_t			offset;
	struct llist_node	lnode;
#ifdef ZC_DEBUG_REFS
	struct zc_refs		*refs;
#endif
	struct zc_ranges	ranges;
	struct phys_vec		vec[];
};

extern const struct ubuf_info_ops zc_ubuf_ops;

static inline struct zc_ubuf *zc_ubuf_of(struct ubuf_info *ubuf)
{
	return container_of(ubuf, struct zc_ubuf, ubuf);
}

static inline bool zc_skb_is_ours(struct sk_buff *skb)
{
	struct ubuf_info *ubuf = skb_zcopy(skb);

	return ubuf && ubuf->ops == &zc_ubuf_ops;
}

struct zc_ubuf *zc_ubuf_alloc(struct zc_window *win, struct zc_source *src,
			      unsigned int nr_ranges, size_t chain_max);
void zc_ubuf_set_notify(struct zc_ubuf *zu, struct ubuf_info *notify,
			size_t offset);
void zc_ubuf_unset_notify(struct zc_ubuf *zu);
void zc_ubuf_end_call(struct zc_ubuf *zu, size_t sent_to);
void zc_ubuf_set_last(struct zc_ubuf *zu);
bool zc_ubuf_follow_last(struct zc_window *win, struct ubuf_info *notify);
int zc_sg_from_iter(struct sk_buff *skb, struct iov_iter *from, size_t length);
void zc_ubuf_free_idle(struct zc_window *win);
void zc_ubuf_flush(void);
int zc_ubuf_init(void);
void zc_ubuf_exit(void);

/* refs.c: debug check, ZC_DEBUG_REFS=1 */

#ifdef ZC_DEBUG_REFS
struct zc_refs_moved;

void zc_refs_shout(const struct zc_ubuf *zu, const struct zc_refs_moved *moved);
void zc_ubuf_note_refs(struct zc_ubuf *zu);
void zc_ubuf_check_refs(const struct zc_ubuf *zu, unsigned int from);

/* The loan is over, and may be used for another. */
static inline void zc_ubuf_forget_refs(struct zc_ubuf *zu)
{
	kfree(zu->refs);
	zu->refs = NULL;
}
#else
static inline void zc_ubuf_note_refs(struct zc_ubuf *zu)
{
}

static inline void zc_ubuf_check_refs(const struct zc_ubuf *zu,
				      unsigned int from)
{
}

static inline void zc_ubuf_forget_refs(struct zc_ubuf *zu)
{
}
#endif

/* source.c: the next loan of a message */

/**
 * struct zc_call - one message on its way
 * @sk: where to
 * @msg: the message; msg_iter runs along with the ranges, so that whoever has
 *	to copy finds the same bytes there
 * @src: who lends, NULL to copy everything
 * @prot: the protocol it was routed to
 * @win: the socket's window
 * @zn: the namespace's share
 * @notify: the application's notification, NULL while no byte was sent or if
 *	nobody wants one
 * @want_notify: the caller wants one
 * @spliced: pages that somebody passes on, for the counters
 * @copied: some of it was copied by the layer's decision
 * @copy_reason: why the next piece is
 * @size: bytes in the message
 * @sent: bytes sent
 * @window: size of the socket's window, in pages
 * @budget: most pages on loan at a time: the window or the lender's limit
 * @loan_bytes: how much to lend at a time
 * @blocks: the call may wait, for as long as @timeo
 * @timeo: what is left of SO_SNDTIMEO, in jiffies
 * @flags: the caller's flags
 * @sweep: suspensions before it began; if there was one since, the rest is copied
 */
struct zc_call {
	struct sock		*sk;
	struct msghdr		*msg;
	const struct proto	*prot;
	struct zc_source	*src;
	struct zc_window	*win;
	struct zc_net		*zn;
	struct ubuf_info	*notify;
	bool			want_notify;
	bool			spliced;
	bool			copied;
	bool			blocks;
	enum zc_copy_reason	copy_reason;
	size_t			size;
	size_t			sent;
	unsigned long		window;
	unsigned long		budget;
	size_t			loan_bytes;
	long			timeo;
	int			flags;
	unsigned int		sweep;
};

struct zc_ubuf *zc_source_lend(struct zc_call *call, size_t bytes,
			       unsigned long least);
void zc_call_copied(struct zc_call *call, size_t bytes,
		    enum zc_copy_reason why);
void zc_call_set_budget(struct zc_call *call);

/* tcp.c, udp.c: one message through one protocol */
int zc_tcp_sendmsg(struct zc_call *call);
int zc_udp_sendmsg(struct zc_call *call);

/* tail.c: no foreign ubuf_info in front of the stock path */
bool zc_tail_is_ours(struct sock *sk);
int zc_tail_make_private(struct sock *sk);
int zc_tail_make_private_until(struct sock *sk, unsigned long deadline);
#if IS_ENABLED(CONFIG_KUNIT)
bool zc_tail_charge(struct sock *sk, struct sk_buff *skb);
#endif

/* dev.c: /dev/zerocopy */
int zc_dev_init(void);
void zc_dev_exit(void);

/* route.c: which way a message goes */

enum zc_route { ZC_ROUTE_PASS, ZC_ROUTE_TCP, ZC_ROUTE_UDP };

enum zc_route zc_route(struct sock *sk, const struct proto *prot,
		       struct msghdr *msg, size_t size,
		       enum zc_pass_reason *why);
bool zc_udp_is_corked(const struct sock *sk);
bool zc_is_plain(const struct sock *sk);
int zc_route_init(void);

/* sendmsg.c */
bool zc_suspended(void);
unsigned int zc_call_sweep(void);
bool zc_call_suspended(const struct zc_call *call);
bool zc_tcp_probes(const struct sock *sk);
int zc_call_run(struct zc_call *call, enum zc_route route);
int zc_pass(struct sock *sk, struct msghdr *msg, size_t size, struct zc_net *zn,
	    enum zc_pass_reason why);

/* splice.c */
int zc_splice_sendmsg(struct sock *sk, struct msghdr *msg, size_t size);

#endif /* _NET_ZEROCOPY_INTERNAL_H */
