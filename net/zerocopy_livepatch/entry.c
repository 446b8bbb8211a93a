// SPDX-License-Identifier: GPL-2.0
/*
 * The entry on an unmodified kernel: a livepatch of inet_sendmsg() and
 * inet6_sendmsg() that hands MSG_ZEROCOPY sends to the layer.
 *
 * Both replacements leave by a tail call, as the originals do. Then a blocked
 * sender has no frame of a patched function on its stack: disabling is over at
 * once, and no send is cut short by the signal that livepatch wakes stragglers
 * with.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/socket.h>
#include <net/inet_sock.h>
#include <net/rps.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/udp.h>
#include <net/zerocopy.h>

/* net/ipv4/af_inet.c, inet_autobind() */
static noinline int zc_autobind(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);
	int err = 0;

	lock_sock(sk);
	if (!inet->inet_num) {
		if (sk->sk_prot->get_port(sk, 0))
			err = -EAGAIN;
		else
			inet->inet_sport = htons(inet->inet_num);
	}
	release_sock(sk);
	return err;
}

/* What the layer may take. */
#define ZC_LP_FLAGS	(MSG_ZEROCOPY | MSG_SPLICE_PAGES)

static enum zc_lp_state {
	ZC_LP_UP,		/* we are the entry */
	ZC_LP_LEAVING,		/* another patch is coming, or we are going */
	ZC_LP_SETTLING,		/* as before, but it may turn out that we stay */
} zc_lp_state;

static void zc_lp_settle(void);

/*
 * All that is not plain: out of line, so that the plain case saves no
 * registers. net/ipv4/af_inet.c, inet_send_prepare(), which 7.2 no longer
 * exports, and the way into the layer. Leaves by tail calls as well.
 */
static noinline int zc_lp_sendmsg(struct socket *sock, struct msghdr *msg,
				  size_t size)
{
	struct sock *sk = sock->sk;

	sock_rps_record_flow(sk);

	/* A port that comes up meanwhile is found under the lock. */
	if (data_race(!inet_sk(sk)->inet_num) && !sk->sk_prot->no_autobind &&
	    zc_autobind(sk))
		return -EAGAIN;

	if (!(msg->msg_flags & ZC_LP_FLAGS))
		return READ_ONCE(sk->sk_prot)->sendmsg(sk, msg, size);

	if (unlikely(READ_ONCE(zc_lp_state) == ZC_LP_SETTLING))
		zc_lp_settle();
	return zc_entry_sendmsg(sock, msg, size);
}

static __always_inline bool zc_lp_is_plain(struct sock *sk, struct msghdr *msg)
{
	/* A port that comes up meanwhile is seen to out of line. */
	bool bound = data_race(inet_sk(sk)->inet_num);

	return !rfs_is_needed() && bound && !(msg->msg_flags & ZC_LP_FLAGS);
}

/* No stack protector: nothing may need a frame for its own sake. */
static noinline __no_stack_protector
int zc_inet_sendmsg(struct socket *sock, struct msghdr *msg, size_t size)
{
	struct sock *sk = sock->sk;
	const struct proto *prot;

	if (unlikely(!zc_lp_is_plain(sk, msg)))
		return zc_lp_sendmsg(sock, msg, size);

	prot = READ_ONCE(sk->sk_prot);
	return INDIRECT_CALL_2(prot->sendmsg, tcp_sendmsg, udp_sendmsg,
			       sk, msg, size);
}

static noinline __no_stack_protector
int zc_inet6_sendmsg(struct socket *sock, struct msghdr *msg, size_t size)
{
	struct sock *sk = sock->sk;
	const struct proto *prot;

	if (unlikely(!zc_lp_is_plain(sk, msg)))
		return zc_lp_sendmsg(sock, msg, size);

	/* IPV6_ADDRFORM can change sk->sk_prot under us. */
	prot = READ_ONCE(sk->sk_prot);
	return INDIRECT_CALL_2(prot->sendmsg, tcp_sendmsg, udpv6_sendmsg,
			       sk, msg, size);
}

static struct klp_func zc_funcs[] = {
	{
		.old_name = "inet_sendmsg",
		.new_func = zc_inet_sendmsg,
	},
	{
		.old_name = "inet6_sendmsg",
		.new_func = zc_inet6_sendmsg,
	},
	{ }
};

static void zc_lp_pre_unpatch(struct klp_object *obj)
{
	/* Writing 1 to "enabled" meanwhile would reverse it: then we stay. */
	zc_suspend();
	WRITE_ONCE(zc_lp_state, ZC_LP_SETTLING);
}

static struct klp_object zc_objs[] = {
	{
		/* NULL: vmlinux */
		.funcs = zc_funcs,
		.callbacks = {
			.pre_unpatch = zc_lp_pre_unpatch,
		},
	},
	{ }
};

static struct klp_patch zc_patch = {
	.mod = THIS_MODULE,
	.objs = zc_objs,
	.replace = false,
};

/*
 * Somebody still comes in through us. If no transition is under way and we are
 * enabled, nobody has replaced us.
 */
static void zc_lp_settle(void)
{
	if (READ_ONCE(current->patch_state) != KLP_TRANSITION_IDLE ||
	    !READ_ONCE(zc_patch.enabled))
		return;
	if (cmpxchg(&zc_lp_state, ZC_LP_SETTLING, ZC_LP_UP) == ZC_LP_SETTLING)
		zc_resume();
}

/*
 * A livepatch with replace = true takes us out without calling our callbacks.
 * It is not known beforehand whether one has it, so get out of the way of each,
 * and come back when it is loaded and we are still there.
 */
static int zc_lp_module_event(struct notifier_block *nb, unsigned long event,
			      void *data)
{
	struct module *mod = data;

	if (mod == THIS_MODULE || !is_livepatch_module(mod))
		return NOTIFY_DONE;

	switch (event) {
	case MODULE_STATE_COMING:
		WRITE_ONCE(zc_lp_state, ZC_LP_LEAVING);
		zc_suspend();
		break;
	case MODULE_STATE_LIVE:
	case MODULE_STATE_GOING:
		WRITE_ONCE(zc_lp_state, ZC_LP_SETTLING);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block zc_lp_nb = {
	.notifier_call = zc_lp_module_event,
};

static int __init zc_lp_init(void)
{
	int err;

	err = register_module_notifier(&zc_lp_nb);
	if (err)
		return err;
	err = klp_enable_patch(&zc_patch);
	if (err)
		unregister_module_notifier(&zc_lp_nb);
	return err;
}

static void __exit zc_lp_exit(void)
{
	unregister_module_notifier(&zc_lp_nb);
	/* Wait for tasks between our last instruction and the layer's first. */
	synchronize_rcu_tasks();
	zc_resume();
}

module_init(zc_lp_init);
module_exit(zc_lp_exit);

MODULE_DESCRIPTION("Entry of the zero-copy layer: livepatch of inet_sendmsg()");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
MODULE_IMPORT_NS("ZEROCOPY");
