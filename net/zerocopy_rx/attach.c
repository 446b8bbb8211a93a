// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that are attached to a receiver: a TCP upper layer protocol, so that
 * kTLS, MPTCP, sockmap and a second receiver stay away, and so that a listener's
 * children come with it.
 *
 * A socket keeps the protocol, and with it our module, until it is destroyed, even
 * if it is detached: getsockopt(TCP_ULP) looks at it without a lock.
 */
#include <linux/eventfd.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sock_diag.h>
#include <linux/sockptr.h>
#include <linux/tcp.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "internal.h"

#define ZC_RX_ULP	"zerocopy_rx"
/* Where something may still come. */
#define ZC_RX_STATES	(TCPF_ESTABLISHED | TCPF_SYN_RECV | TCPF_FIN_WAIT1 | \
			 TCPF_FIN_WAIT2 | TCPF_CLOSE_WAIT | TCPF_CLOSING | \
			 TCPF_LAST_ACK)

static struct tcp_ulp_ops zc_rx_ulp;

/**
 * struct zc_rx_pending - an ioctl that is about to attach a socket
 * @node: in the list of them
 * @task: who does it; nobody else's setsockopt() attaches anything
 * @sk: the socket
 * @rs: what it will have
 */
struct zc_rx_pending {
	struct list_head	node;
	struct task_struct	*task;
	struct sock		*sk;
	struct zc_rx_sock	*rs;
};

static LIST_HEAD(zc_rx_pending);
static DEFINE_SPINLOCK(zc_rx_pending_lock);	/* the list */

static void zc_rx_sock_trace(const struct zc_rx_sock *rs,
			     enum zc_rx_sock_reason why)
{
	trace_zc_rx_sock(rs->rx, rs->cookie, rs->bytes, why);
}

/* With the socket locked, or under RCU. */
static struct zc_rx_sock *zc_rx_sock_of(const struct sock *sk)
{
	return rcu_dereference_check(inet_csk(sk)->icsk_ulp_data,
				     lockdep_sock_is_held(sk));
}

static bool zc_rx_is_ours(const struct sock *sk)
{
	return READ_ONCE(inet_csk(sk)->icsk_ulp_ops) == &zc_rx_ulp;
}

/* ---- sockets' locks ---- */

/**
 * zc_rx_lock_sock() - lock a socket, accepted or not
 * @sk: the socket
 *
 * A child that nobody has accepted may have no owner: closing its listener relies
 * on that. So it is locked as softirqs do it.
 *
 * Context: process, may sleep.
 * Return: for zc_rx_unlock_sock(): whether nobody may sleep now.
 */
bool zc_rx_lock_sock(struct sock *sk)
{
	if (!READ_ONCE(sk->sk_socket) && !sock_flag(sk, SOCK_DEAD)) {
		local_bh_disable();
		bh_lock_sock(sk);
		/* Whoever owns it has taken it out of the accept queue. */
		if (!sk->sk_socket && !sock_owned_by_user_nocheck(sk))
			return true;
		bh_unlock_sock(sk);
		local_bh_enable();
	}
	lock_sock(sk);
	return false;
}

/**
 * zc_rx_unlock_sock() - undo zc_rx_lock_sock()
 * @sk: the socket
 * @bh: what that returned
 *
 * Context: process.
 */
void zc_rx_unlock_sock(struct sock *sk, bool bh)
{
	if (bh) {
		bh_unlock_sock(sk);
		local_bh_enable();
	} else {
		release_sock(sk);
	}
}

/* ---- what a receiver knows of them ---- */

static void zc_rx_data_ready(struct sock *sk);
static void zc_rx_state_change(struct sock *sk);

static void zc_rx_wrap(struct zc_rx_sock *rs, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	rs->data_ready = sk->sk_data_ready;
	rs->state_change = sk->sk_state_change;
	WRITE_ONCE(sk->sk_data_ready, zc_rx_data_ready);
	WRITE_ONCE(sk->sk_state_change, zc_rx_state_change);
	write_unlock_bh(&sk->sk_callback_lock);
}

static void zc_rx_unwrap(const struct zc_rx_sock *rs, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_data_ready == zc_rx_data_ready)
		WRITE_ONCE(sk->sk_data_ready, rs->data_ready);
	if (sk->sk_state_change == zc_rx_state_change)
		WRITE_ONCE(sk->sk_state_change, rs->state_change);
	write_unlock_bh(&sk->sk_callback_lock);
}

/* With a reference on the receiver. */
static struct zc_rx_sock *zc_rx_sock_alloc(struct zc_rx *rx, struct sock *sk,
					   gfp_t gfp)
{
	struct zc_rx_sock *rs = kzalloc_obj(*rs, gfp);
	u32 cookie[2];

	if (!rs)
		return NULL;
	sock_diag_save_cookie(sk, cookie);
	rs->cookie = (u64)cookie[1] << 32 | cookie[0];
	INIT_LIST_HEAD(&rs->node);
	INIT_LIST_HEAD(&rs->ready);
	rs->rx = rx;
	rs->backend = ZEROCOPY_RX_COPY;
	refcount_inc(&rx->ref);
	atomic_inc(&rx->nr_socks);
	return rs;
}

/* Callbacks may still look at it, and at the receiver. */
static void zc_rx_sock_free(struct zc_rx_sock *rs)
{
	zc_rx_sock_trace(rs, ZC_RX_SOCK_FREE);
	atomic_dec(&rs->rx->nr_socks);
	zc_rx_put(rs->rx);
	kfree_rcu(rs, rcu);
}

/* With the receiver's mutex, of one that has joined. */
static void zc_rx_sock_del(struct zc_rx_sock *rs)
{
	lockdep_assert_held(&rs->rx->lock);
	list_del(&rs->node);
	list_del(&rs->ready);
	zc_rx_sock_free(rs);
}

/*
 * With the socket locked: the receiver learns of it. A child joins when it is a
 * connection, as until then it may be destroyed without a lock. Returns whether
 * it has joined; if the receiver is closed, the socket is none of ours.
 */
static bool zc_rx_sock_join(struct zc_rx_sock *rs, struct sock *sk)
{
	struct zc_rx *rx = rs->rx;
	bool closed;

	if (likely(rs->joined))
		return true;
	spin_lock_bh(&rx->lock);
	closed = rx->closed;
	if (!closed) {
		sock_hold(sk);
		rs->sk = sk;
		rs->joined = true;
		list_add_tail(&rs->node, &rx->socks);
		zc_rx_count(rx->net, rs->child ? ZC_RX_STAT_CHILDREN :
						 ZC_RX_STAT_ATTACHED, 1);
	}
	spin_unlock_bh(&rx->lock);
	if (!closed)
		return true;

	zc_rx_sock_trace(rs, ZC_RX_SOCK_DECLINE);
	zc_rx_unwrap(rs, sk);
	RCU_INIT_POINTER(inet_csk(sk)->icsk_ulp_data, NULL);
	zc_rx_sock_free(rs);
	return false;
}

/* ---- what sockets tell ---- */

/* With the socket locked, or with the receiver's mutex. */
static void zc_rx_sock_ready(struct zc_rx_sock *rs)
{
	struct zc_rx *rx = rs->rx;
	bool news = false;

	/*
	 * Whoever takes it off the list locks the socket after that: he sees
	 * what made it ready.
	 */
	if (READ_ONCE(rs->queued))
		return;
	spin_lock_bh(&rx->lock);
	if (!rs->queued && !rs->eof && !rs->listener && !rx->closed) {
		WRITE_ONCE(rs->queued, true);
		list_add_tail(&rs->ready, &rx->ready);
		zc_rx_sock_trace(rs, ZC_RX_SOCK_READY);
		news = true;
	}
	spin_unlock_bh(&rx->lock);
	if (!news)
		return;
	/* The receiver stays until it has let go of the socket, or has it read. */
	if (wq_has_sleeper(&rx->wait))
		wake_up_interruptible_poll(&rx->wait, EPOLLIN | EPOLLRDNORM);
	if (rx->eventfd)
		eventfd_signal(rx->eventfd);
}

static void zc_rx_data_ready(struct sock *sk)
{
	struct zc_rx_sock *rs;

	rcu_read_lock();
	rs = zc_rx_sock_of(sk);
	if (rs) {
		if (zc_rx_sock_join(rs, sk))
			zc_rx_sock_ready(rs);
		rs->data_ready(sk);
	}
	rcu_read_unlock();
}

static void zc_rx_state_change(struct sock *sk)
{
	struct zc_rx_sock *rs;

	rcu_read_lock();
	rs = zc_rx_sock_of(sk);
	if (rs) {
		if (zc_rx_sock_join(rs, sk))
			zc_rx_sock_ready(rs);
		rs->state_change(sk);
	}
	rcu_read_unlock();
}

/* ---- the upper layer protocol ---- */

static int zc_rx_check(struct sock *sk, bool children)
{
	if (sk->sk_state == TCP_LISTEN)
		return children ? 0 : -EINVAL;
	if (!((1 << sk->sk_state) & ZC_RX_STATES))
		return -ENOTCONN;
	return children ? -EINVAL : 0;
}

/* With the socket locked. */
static int zc_rx_sock_attach(struct zc_rx_sock *rs, struct sock *sk)
{
	int err;

	err = zc_rx_check(sk, rs->listener);
	if (err)
		return err;
	if (READ_ONCE(sk->sk_user_data) || zc_rx_sock_of(sk))
		return -EBUSY;
	if (!rs->listener)
		zc_rx_wrap(rs, sk);
	rcu_assign_pointer(inet_csk(sk)->icsk_ulp_data, rs);
	zc_rx_sock_join(rs, sk);
	zc_rx_sock_trace(rs, ZC_RX_SOCK_ATTACH);
	return 0;
}

/* ->init(), with the socket locked: for our own ioctl only. */
static int zc_rx_ulp_init(struct sock *sk)
{
	struct zc_rx_pending *p;
	struct zc_rx_sock *rs = NULL;

	spin_lock(&zc_rx_pending_lock);
	list_for_each_entry(p, &zc_rx_pending, node) {
		if (p->task == current && p->sk == sk)
			rs = p->rs;
	}
	spin_unlock(&zc_rx_pending_lock);
	return rs ? zc_rx_sock_attach(rs, sk) : -EINVAL;
}

/*
 * ->release(): the socket is being destroyed. If the program knows it, it will
 * be told; else nobody cares. Whoever clones the socket may still look at what it
 * points to.
 */
static void zc_rx_ulp_release(struct sock *sk)
{
	struct zc_rx_sock *rs;
	struct zc_rx *rx;
	bool joined;

	rcu_read_lock();
	rs = rcu_dereference(inet_csk(sk)->icsk_ulp_data);
	if (!rs)
		goto out;
	rx = rs->rx;
	zc_rx_sock_trace(rs, ZC_RX_SOCK_GONE);
	if (!rs->listener)
		zc_rx_unwrap(rs, sk);
	joined = rs->joined;
	if (!joined) {
		zc_rx_sock_free(rs);
		goto out;
	}

	rs->err = sk->sk_err;
	if (rs->told)
		zc_rx_sock_ready(rs);
	spin_lock_bh(&rx->lock);
	rs->sk = NULL;
	rs->detached = true;
	if (!rs->queued || !rs->told) {
		list_del_init(&rs->ready);
		list_move(&rs->node, &rx->gone);
	}
	spin_unlock_bh(&rx->lock);
	sock_put(sk);
out:
	rcu_read_unlock();
}

/*
 * ->clone(), in softirq: a child is a copy of its listener, which may be detached
 * at the same time. It has declined unless all goes well.
 */
static void zc_rx_ulp_clone(const struct request_sock *req, struct sock *newsk,
			    const gfp_t gfp)
{
	struct inet_connection_sock *icsk = inet_csk(newsk);
	struct zc_rx_sock *parent, *rs = NULL;
	struct zc_rx *rx;

	rcu_read_lock();
	parent = rcu_dereference(icsk->icsk_ulp_data);
	icsk->icsk_ulp_ops = NULL;
	RCU_INIT_POINTER(icsk->icsk_ulp_data, NULL);
	if (!parent)
		goto out;
	/* A connection that was attached may have become a listener. */
	if (!parent->listener) {
		zc_rx_unwrap(parent, newsk);
		goto out;
	}

	rx = parent->rx;
	if (!READ_ONCE(parent->detached) &&
	    atomic_read(&rx->nr_socks) < ZC_RX_SOCKS &&
	    try_module_get(THIS_MODULE)) {
		rs = zc_rx_sock_alloc(rx, newsk, gfp);
		if (!rs)
			module_put(THIS_MODULE);
	}
	if (!rs) {
		zc_rx_sock_trace(parent, ZC_RX_SOCK_DECLINE);
		spin_lock_bh(&rx->lock);
		if (!rx->closed)
			zc_rx_count(rx->net, ZC_RX_STAT_DECLINED, 1);
		spin_unlock_bh(&rx->lock);
		goto out;
	}
	rs->child = true;
	rs->parent = parent->cookie;
	zc_rx_wrap(rs, newsk);
	rcu_assign_pointer(icsk->icsk_ulp_data, rs);
	icsk->icsk_ulp_ops = &zc_rx_ulp;
	zc_rx_sock_trace(rs, ZC_RX_SOCK_CHILD);
out:
	rcu_read_unlock();
}

static struct tcp_ulp_ops zc_rx_ulp = {
	.name		= ZC_RX_ULP,
	.owner		= THIS_MODULE,
	.init		= zc_rx_ulp_init,
	.release	= zc_rx_ulp_release,
	.clone		= zc_rx_ulp_clone,
};

/* ---- the ioctls ---- */

static bool zc_rx_is_tcp(const struct sock *sk)
{
	/* A kernel socket does not keep its namespace. */
	return sk && sk_is_tcp(sk) && sk_is_inet(sk) && sk->sk_net_refcnt;
}

static int zc_rx_set_ulp(struct socket *sock, struct zc_rx_sock *rs)
{
	static char name[] = ZC_RX_ULP;
	struct zc_rx_pending p = {
		.task = current, .sk = sock->sk, .rs = rs,
	};
	int err = -EEXIST;

	lock_sock(sock->sk);
	if (zc_rx_is_ours(sock->sk))
		err = zc_rx_sock_attach(rs, sock->sk);
	release_sock(sock->sk);
	if (err != -EEXIST)
		return err;

	spin_lock(&zc_rx_pending_lock);
	list_add(&p.node, &zc_rx_pending);
	spin_unlock(&zc_rx_pending_lock);
	err = sock->ops->setsockopt(sock, SOL_TCP, TCP_ULP,
				    KERNEL_SOCKPTR(name), sizeof(name) - 1);
	spin_lock(&zc_rx_pending_lock);
	list_del(&p.node);
	spin_unlock(&zc_rx_pending_lock);
	if (!err)
		set_bit(SOCK_SUPPORT_ZC, &sock->flags);
	/* Another upper layer is there. */
	return err == -EEXIST ? -EBUSY : err;
}

/**
 * zc_rx_attach() - ZEROCOPY_IOC_RX_ATTACH
 * @rx: the receiver
 * @arg: what the program asks for; completed
 *
 * Context: process, with the receiver's mutex; may sleep.
 * Return: 0, -EBADF, -ENOTSOCK, -EOPNOTSUPP if it is not TCP, -EINVAL, -ENOTCONN,
 *	-EBUSY if somebody receives from it, -ENOSPC if the receiver has too many,
 *	-ENOMEM.
 */
int zc_rx_attach(struct zc_rx *rx, struct zerocopy_rx_attach *arg)
{
	struct zc_rx_sock *rs;
	struct socket *sock;
	int err;

	if (arg->flags & ~ZEROCOPY_RX_CHILDREN || arg->reserved || arg->cookie)
		return -EINVAL;
	zc_rx_reap(rx);
	sock = sockfd_lookup(arg->socket, &err);
	if (!sock)
		return err;
	err = -EOPNOTSUPP;
	if (!zc_rx_is_tcp(sock->sk))
		goto out;
	err = -ENOSPC;
	if (atomic_read(&rx->nr_socks) >= ZC_RX_SOCKS)
		goto out;
	err = -ENOMEM;
	rs = zc_rx_sock_alloc(rx, sock->sk, GFP_KERNEL_ACCOUNT);
	if (!rs)
		goto out;
	rs->listener = arg->flags & ZEROCOPY_RX_CHILDREN;
	rs->told = true;

	/* Before an upper layer that is there hides that it would not do. */
	err = zc_rx_check(sock->sk, rs->listener);
	if (!err)
		err = zc_rx_set_ulp(sock, rs);
	if (err) {
		zc_rx_sock_free(rs);
		goto out;
	}
	arg->cookie = rs->cookie;
	/* Something may be there already. */
	zc_rx_sock_ready(rs);
out:
	sockfd_put(sock);
	return err;
}

/* With the receiver's mutex; @rs is gone on return. */
static void zc_rx_sock_detach(struct zc_rx_sock *rs)
{
	struct zc_rx *rx = rs->rx;
	struct sock *sk;
	bool bh;

	spin_lock_bh(&rx->lock);
	WRITE_ONCE(rs->detached, true);
	sk = rs->sk;
	if (sk)
		sock_hold(sk);
	spin_unlock_bh(&rx->lock);

	if (sk) {
		bh = zc_rx_lock_sock(sk);
		/* Unless it was destroyed meanwhile. */
		if (rs->sk) {
			zc_rx_sock_trace(rs, ZC_RX_SOCK_DETACH);
			if (!rs->listener)
				zc_rx_unwrap(rs, sk);
			/*
			 * A listener is copied without its lock: who has copied
			 * our callbacks is to find out what was there before.
			 */
			if (!rs->listener && sk->sk_state == TCP_LISTEN)
				synchronize_rcu();
			RCU_INIT_POINTER(inet_csk(sk)->icsk_ulp_data, NULL);
			rs->sk = NULL;
			sock_put(sk);
		}
		zc_rx_unlock_sock(sk, bh);
		sock_put(sk);
	}

	spin_lock_bh(&rx->lock);
	zc_rx_sock_del(rs);
	spin_unlock_bh(&rx->lock);
}

/* A socket of this receiver, by its descriptor; then with a reference on it. */
static struct zc_rx_sock *zc_rx_find(struct zc_rx *rx, int fd,
				     struct socket **sockp)
{
	struct zc_rx_sock *rs = NULL;
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return ERR_PTR(err);
	if (zc_rx_is_tcp(sock->sk)) {
		lock_sock(sock->sk);
		if (zc_rx_is_ours(sock->sk))
			rs = zc_rx_sock_of(sock->sk);
		/* With the mutex, it stays what it is. */
		if (rs && rs->rx != rx)
			rs = NULL;
		release_sock(sock->sk);
	}
	if (!rs) {
		sockfd_put(sock);
		return ERR_PTR(-ENOENT);
	}
	*sockp = sock;
	return rs;
}

/**
 * zc_rx_detach() - ZEROCOPY_IOC_RX_DETACH
 * @rx: the receiver
 * @arg: what the program asks for
 *
 * Context: process, with the receiver's mutex; may sleep.
 * Return: 0, -EBADF, -ENOTSOCK, -ENOENT if it is not attached to this receiver.
 */
int zc_rx_detach(struct zc_rx *rx, const struct zerocopy_rx_detach *arg)
{
	struct zc_rx_sock *rs;
	struct socket *sock;

	rs = zc_rx_find(rx, arg->socket, &sock);
	if (IS_ERR(rs))
		return PTR_ERR(rs);
	zc_rx_sock_detach(rs);
	sockfd_put(sock);
	return 0;
}

/**
 * zc_rx_query() - ZEROCOPY_IOC_RX_QUERY
 * @rx: the receiver
 * @arg: what the program asks for; completed
 *
 * Context: process, with the receiver's mutex; may sleep.
 * Return: as zc_rx_detach(), or -EINVAL.
 */
int zc_rx_query(struct zc_rx *rx, struct zerocopy_rx_query *arg)
{
	struct zc_rx_sock *rs;
	struct socket *sock;

	if (arg->cookie || arg->bytes || arg->copied || arg->backend ||
	    arg->index)
		return -EINVAL;
	rs = zc_rx_find(rx, arg->socket, &sock);
	if (IS_ERR(rs))
		return PTR_ERR(rs);
	arg->cookie = rs->cookie;
	arg->bytes = rs->bytes;
	arg->copied = rs->copied;
	arg->backend = rs->backend;
	arg->index = rs->index;
	sockfd_put(sock);
	return 0;
}

/**
 * zc_rx_reap() - free what is left of sockets that the program need not be told of
 * @rx: the receiver
 *
 * Context: process, with the receiver's mutex.
 */
void zc_rx_reap(struct zc_rx *rx)
{
	struct zc_rx_sock *rs, *next;

	if (likely(list_empty(&rx->gone)))
		return;
	spin_lock_bh(&rx->lock);
	list_for_each_entry_safe(rs, next, &rx->gone, node)
		zc_rx_sock_del(rs);
	spin_unlock_bh(&rx->lock);
}

/**
 * zc_rx_detach_all() - let go of all sockets, and of those to come
 * @rx: the receiver
 *
 * Context: process, with the receiver's mutex; may sleep.
 */
void zc_rx_detach_all(struct zc_rx *rx)
{
	struct zc_rx_sock *rs;

	spin_lock_bh(&rx->lock);
	rx->closed = true;
	spin_unlock_bh(&rx->lock);
	for (;;) {
		zc_rx_reap(rx);
		spin_lock_bh(&rx->lock);
		rs = list_first_entry_or_null(&rx->socks, struct zc_rx_sock,
					      node);
		spin_unlock_bh(&rx->lock);
		if (!rs)
			break;
		zc_rx_sock_detach(rs);
		cond_resched();
	}
	zc_rx_reap(rx);
}

int __init zc_rx_attach_init(void)
{
	return tcp_register_ulp(&zc_rx_ulp);
}

void zc_rx_attach_exit(void)
{
	/* Nobody is being cloned when it returns. */
	tcp_unregister_ulp(&zc_rx_ulp);
}
