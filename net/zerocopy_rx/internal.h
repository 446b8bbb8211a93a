/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _NET_ZEROCOPY_RX_INTERNAL_H
#define _NET_ZEROCOPY_RX_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <uapi/linux/zerocopy_rx.h>

#include <trace/events/zerocopy_rx.h>

struct eventfd_ctx;
struct file;
struct memory_provider_ops;
struct net;
struct sock;
struct socket;
struct zc_area;
struct zc_rx;
struct zc_rx_area;

static_assert(BITS_PER_LONG == 64);

#define ZC_RX_AREAS		64U	/* of one receiver */
#define ZC_RX_SOCKS		65536U	/* children of listeners included */
#define ZC_RX_ALIGN		64U	/* where data of its own begins */
#define ZC_RX_BUFFER_MIN	4096U
#define ZC_RX_BUFFER_MAX	(2U << 20)
#define ZC_RX_BUFFER_DEFAULT	(64U << 10)

/* proc.c: what a network namespace counts */

enum zc_rx_stat {
	ZC_RX_STAT_RECEIVERS,		/* opened */
	ZC_RX_STAT_ATTACHED,
	ZC_RX_STAT_CHILDREN,
	ZC_RX_STAT_DECLINED,
	ZC_RX_STAT_CALLS,
	ZC_RX_STAT_FRAGMENTS,
	ZC_RX_STAT_BYTES,
	ZC_RX_STAT_REFILLED,
	ZC_RX_STAT_BAD,
	ZC_RX_STAT_STARVED,
	ZC_RX_STAT_FULL,
	ZC_RX_STAT_LENT_CALLS,		/* page_pool has none left */
	ZC_RX_STAT_LENT,		/* pieces that it got */
	ZC_RX_STAT_LENT_BACK,		/* and gave back */
	ZC_RX_STAT_LENT_STARVED,
	ZC_RX_STAT_COPIED_BYTES,
	ZC_RX_STAT_COPIED,		/* by reason */
	ZC_RX_STAT_MAX = ZC_RX_STAT_COPIED + ZC_RX_COPY_MAX,
};

struct zc_rx_percpu {
	unsigned long	stat[ZC_RX_STAT_MAX];
};

/**
 * struct zc_rx_net - the receive side's share of a network namespace
 * @ref: one for the namespace, one for each receiver that was opened in it
 * @percpu: event counters
 */
struct zc_rx_net {
	refcount_t			ref;
	struct zc_rx_percpu __percpu	*percpu;
};

struct zc_rx_net *zc_rx_net_get(const struct net *net);
void zc_rx_net_put(struct zc_rx_net *zn);
int zc_rx_proc_init(void);
void zc_rx_proc_exit(void);

static inline void zc_rx_count(struct zc_rx_net *zn, unsigned int stat,
			       unsigned long n)
{
	this_cpu_add(zn->percpu->stat[stat], n);
}

/* ring.c: what a program maps */

/**
 * struct zc_rx_ring - the two rings of a receiver; under its mutex
 * @shared: their head, which is only written, but for the program's indices
 * @frags: the fragment ring, which is only written
 * @refills: the refill ring
 * @nr_frags: entries of @frags, a power of two
 * @nr_refills: entries of @refills, a power of two
 * @length: of the mapping
 * @tail: behind the last fragment
 * @room: how many more may be added in this call
 * @last: the last one, if @open
 * @open: @last is not in the ring yet: more may be added to it
 * @refill_head: the first refill that was not taken
 * @refill_tail: behind the last one that may be taken in this call
 * @bytes: received
 * @copied: of these, copied
 * @fragments: with data
 * @refilled: tokens that came back
 * @bad: refills that were none
 * @starved: how often data found no buffer
 * @flags: as in @shared
 */
struct zc_rx_ring {
	struct zerocopy_rx_ring		*shared;
	struct zerocopy_rx_frag		*frags;
	struct zerocopy_rx_refill	*refills;
	u32				nr_frags;
	u32				nr_refills;
	u32				length;
	u32				tail;
	u32				room;
	struct zerocopy_rx_frag		last;
	bool				open;
	u32				refill_head;
	u32				refill_tail;
	u64				bytes;
	u64				copied;
	u64				fragments;
	u64				refilled;
	u64				bad;
	u64				starved;
	u32				flags;
};

int zc_rx_ring_init(struct zc_rx_ring *ring, u32 frags, u32 refills);
void zc_rx_ring_exit(struct zc_rx_ring *ring);
int zc_rx_ring_begin(struct zc_rx_ring *ring, u32 max);
void zc_rx_ring_add(struct zc_rx_ring *ring,
		    const struct zerocopy_rx_frag *frag);
struct zerocopy_rx_frag *zc_rx_ring_slot(struct zc_rx_ring *ring);
bool zc_rx_ring_refill(struct zc_rx_ring *ring,
		       struct zerocopy_rx_refill *refill);
void zc_rx_ring_end(struct zc_rx_ring *ring);

/* buffer.c: an area, cut into buffers */

/* In zc_rx_buffers.users */
#define ZC_RX_FILLING	BIT(31)		/* the bias of a buffer being filled */
#define ZC_RX_DEVICE	BIT(30)		/* a backend's, not ours to fill */
#define ZC_RX_USERS	(BIT(30) - 1)	/* what the program has of it */

/* A backend's tokens have it, and else are its own; ours are buffers' numbers. */
#define ZC_RX_TOKEN_DEVICE	BIT(31)

/**
 * struct zc_rx_buffers - who has which buffer; under the receiver's mutex
 * @nr: how many there are
 * @nr_free: how many of them nobody has
 * @free: their numbers, the one to be taken next behind
 * @users: by number: tokens that the program has, and ZC_RX_FILLING, ...
 */
struct zc_rx_buffers {
	u32	nr;
	u32	nr_free;
	u32	*free;
	u32	*users;
};

int zc_rx_buffers_init(struct zc_rx_buffers *b, u32 nr);
void zc_rx_buffers_exit(struct zc_rx_buffers *b);
bool zc_rx_buffer_take(struct zc_rx_buffers *b, u32 *buffer);
void zc_rx_buffer_done(struct zc_rx_buffers *b, u32 buffer);
void zc_rx_buffer_hand_out(struct zc_rx_buffers *b, u32 buffer);
bool zc_rx_buffer_return(struct zc_rx_buffers *b, u32 buffer);
int zc_rx_buffers_take_away(struct zc_rx_buffers *b, u32 nr);
void zc_rx_buffers_put_back(struct zc_rx_buffers *b);

/**
 * struct zc_rx_area - an area that a receiver uses
 * @area: the area
 * @id: what the traces call it
 * @index: in the receiver
 * @shift: of a buffer's size
 * @usable: in this call: data may still go there
 * @buffers: who has which buffer
 * @backend: who else puts data there, NULL if nobody does
 * @bound: that one's own
 */
struct zc_rx_area {
	struct zc_area			*area;
	unsigned int			id;
	u32				index;
	u8				shift;
	bool				usable;
	struct zc_rx_buffers		buffers;
	const struct zc_rx_backend	*backend;
	void				*bound;
};

/* backend.c: how data gets into an area without a copy */

/**
 * struct zc_rx_claim - a fragment that lies in an area already
 * @area: where
 * @token: what it is called there, with ZC_RX_TOKEN_DEVICE
 * @offset: of its first byte in the area
 * @copy: there is no token: the program has so many that the NIC would run dry
 */
struct zc_rx_claim {
	struct zc_rx_area	*area;
	u32			token;
	u64			offset;
	bool			copy;
};

/**
 * struct zc_rx_backend - what a NIC fills areas by; all but @claim and
 *	@give_back may sleep; all under the receiver's mutex
 * @kind: ZEROCOPY_RX_DMABUF, ...
 * @bind: have a queue fill an area: sets @area->bound, completes @arg. Returns
 *	-EOPNOTSUPP with @arg->reason if it cannot, then the next one is asked, or
 *	another errno for the program
 * @told: may be NULL: the program has @arg
 * @unbind: undo @bind, of an area that is given up, or of a program that could
 *	not be told: what the program has of it will not come back
 * @claim: is part of a fragment in this area? Then set @claim->token and
 *	@claim->offset, take a reference for the program (or set @claim->copy)
 *	and return true. With the socket locked
 * @give_back: the program says that it is done with a token of
 *	ZC_RX_TOKEN_DEVICE. Returns whether it had it
 * @flush: may be NULL: there are no more of them for now
 */
struct zc_rx_backend {
	u32	kind;
	int	(*bind)(struct zc_rx_area *area, struct net *net,
			struct zerocopy_rx_bind *arg);
	void	(*told)(struct zc_rx_area *area);
	void	(*unbind)(struct zc_rx_area *area);
	bool	(*claim)(struct zc_rx_area *area, const skb_frag_t *frag,
			 u32 offset, u32 len, struct zc_rx_claim *claim);
	bool	(*give_back)(struct zc_rx_area *area, u32 token);
	void	(*flush)(struct zc_rx_area *area);
};

#ifdef ZC_HAVE_PROVIDERS
extern const struct zc_rx_backend zc_rx_lend;
extern const struct memory_provider_ops zc_mp_ops;
#endif

#ifdef ZC_HAVE_EXPORT
extern const struct zc_rx_backend zc_rx_dmabuf;
#endif

int zc_rx_bind(struct zc_rx_area *area, struct zerocopy_rx_bind *arg);
void zc_rx_unbind(struct zc_rx_area *area);
bool zc_rx_claim(struct zc_rx *rx, const skb_frag_t *frag, u32 offset, u32 len,
		 struct zc_rx_claim *claim);
void zc_rx_flush(struct zc_rx *rx);

/* receiver.c: the file */

/**
 * struct zc_rx - a receiver
 * @mutex: what the program asks for happens one at a time; protects all that is
 *	not said to be under @lock
 * @lock: protects what sockets change: the lists, and what says so in
 *	struct zc_rx_sock
 * @socks: under @lock: all of its sockets
 * @ready: under @lock: sockets that have something to receive
 * @gone: under @lock: sockets that need only be freed
 * @closed: under @lock: no more may be added
 * @ref: one for the file, one for each socket
 * @nr_socks: how many there are
 * @wait: who waits for @ready
 * @eventfd: signalled when a socket is added to @ready, or NULL
 * @net: what is counted; under @lock only while not @closed
 * @ring: what the program maps
 * @areas: by index
 * @nr_areas: how many
 * @nr_bound: how many of them have a backend
 * @fill: where copies go now, NULL if nowhere
 * @buffer: which buffer of it
 * @used: how many bytes of that are taken
 * @rcu: sockets' callbacks look at it
 */
struct zc_rx {
	struct mutex		mutex;		/* see above */
	spinlock_t		lock;		/* see above */
	struct list_head	socks;
	struct list_head	ready;
	struct list_head	gone;
	bool			closed;
	refcount_t		ref;
	atomic_t		nr_socks;
	wait_queue_head_t	wait;
	struct eventfd_ctx	*eventfd;
	struct zc_rx_net	*net;
	struct zc_rx_ring	ring;
	struct zc_rx_area	*areas[ZC_RX_AREAS];
	u32			nr_areas;
	u32			nr_bound;
	struct zc_rx_area	*fill;
	u32			buffer;
	u32			used;
	struct rcu_head		rcu;
};

struct file *zc_rx_open(struct zerocopy_rx_open *arg, int *fd);
void zc_rx_put(struct zc_rx *rx);

/* attach.c: sockets */

/**
 * struct zc_rx_sock - a socket that is attached to a receiver
 * @node: under @rx->lock: in @rx->socks or @rx->gone
 * @ready: under @rx->lock: in @rx->ready
 * @queued: under @rx->lock: it is; looked at under the socket's lock as well
 * @sk: under @rx->lock: the socket, a reference is held; NULL when it is gone
 * @rx: the receiver; a reference is held
 * @cookie: as SO_COOKIE
 * @parent: of a child: the listener's cookie
 * @listener: it is one, and its children are attached too
 * @child: of a listener
 * @joined: the receiver knows of it
 * @told: the program knows of it
 * @eof: it knows of its end
 * @detached: under @rx->lock: a listener that has no more children
 * @err: of the end
 * @data_ready: what the socket had in place of ours
 * @state_change: likewise
 * @bytes: received
 * @copied: of these
 * @backend: of the last fragment
 * @index: its area
 * @rcu: callbacks look at it
 */
struct zc_rx_sock {
	struct list_head	node;
	struct list_head	ready;
	bool			queued;
	struct sock		*sk;
	struct zc_rx		*rx;
	u64			cookie;
	u64			parent;
	bool			listener;
	bool			child;
	bool			joined;
	bool			told;
	bool			eof;
	bool			detached;
	int			err;
	void			(*data_ready)(struct sock *sk);
	void			(*state_change)(struct sock *sk);
	u64			bytes;
	u64			copied;
	u32			backend;
	u32			index;
	struct rcu_head		rcu;
};

int zc_rx_attach(struct zc_rx *rx, struct zerocopy_rx_attach *arg);
int zc_rx_detach(struct zc_rx *rx, const struct zerocopy_rx_detach *arg);
int zc_rx_query(struct zc_rx *rx, struct zerocopy_rx_query *arg);
void zc_rx_detach_all(struct zc_rx *rx);
void zc_rx_reap(struct zc_rx *rx);
bool zc_rx_lock_sock(struct sock *sk);
void zc_rx_unlock_sock(struct sock *sk, bool bh);
int zc_rx_attach_init(void);
void zc_rx_attach_exit(void);

/* recv.c: what has come */
long zc_rx_recv(struct zc_rx *rx, const struct zerocopy_rx_recv *arg,
		bool nonblock);
void zc_rx_stop_filling(struct zc_rx *rx, enum zc_rx_buffer_reason why);

#endif /* _NET_ZEROCOPY_RX_INTERNAL_H */
