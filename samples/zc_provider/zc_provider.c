// SPDX-License-Identifier: GPL-2.0
/*
 * Anybody can provide memory to a NIC. This module has pages of its own, lends
 * them to a receive queue, and looks at what arrives in them where it lies:
 *
 *	insmod zc_provider.ko port=7790
 *	echo eth0 3 >/sys/module/zc_provider/parameters/bind
 *	... a flow to port 7790, steered to that queue ...
 *	cat /sys/module/zc_provider/parameters/result
 *	echo >/sys/module/zc_provider/parameters/bind
 *	echo >/sys/module/zc_provider/parameters/hangup
 *
 * The NIC has to split headers from data (ethtool -G eth0 tcp-data-split on),
 * and its kernel has to take providers from modules. The module cannot be removed
 * while the queue is bound, or a packet with a buffer of it is anywhere.
 */
#include <linux/dma-mapping.h>
#include <linux/in6.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/unaligned.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/zc_provider.h>

static ushort port = 7790;
module_param(port, ushort, 0400);
MODULE_PARM_DESC(port, "where to listen, in the network namespace of insmod");

static uint buffers = 1024;
module_param(buffers, uint, 0400);
MODULE_PARM_DESC(buffers, "how many");

static uint order;
module_param(order, uint, 0400);
MODULE_PARM_DESC(order, "pages of a buffer, log2: what the NIC supports");

static struct net *zc_sample_net;
static struct task_struct *zc_sample_task;
static struct socket *zc_sample_listener;

/* ---- the memory ---- */

struct zc_sample {
	struct zc_provider	provider;
	spinlock_t		lock; /* protects what follows */
	unsigned int		nr_free;
	u32			*free;
	void			*data[];
};

static struct zc_sample *zc_sample;

static struct zc_sample *zc_sample_from(struct zc_provider *provider)
{
	return container_of(provider, struct zc_sample, provider);
}

/* The CPU's view is kept by page_pool and the driver, not here. */
#define ZC_SAMPLE_DMA	(DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_WEAK_ORDERING)

static void zc_sample_unmap(struct zc_provider *provider, struct device *dev,
			    u32 nr)
{
	while (nr--)
		dma_unmap_single_attrs(dev, zc_provider_dma(provider, nr),
				       PAGE_SIZE << order, DMA_FROM_DEVICE,
				       ZC_SAMPLE_DMA);
}

static int zc_sample_init(struct zc_provider *provider, struct device *dev)
{
	struct zc_sample *s = zc_sample_from(provider);
	dma_addr_t dma;
	u32 i;

	for (i = 0; i < buffers; i++) {
		dma = dma_map_single_attrs(dev, s->data[i], PAGE_SIZE << order,
					   DMA_FROM_DEVICE, ZC_SAMPLE_DMA);
		if (dma_mapping_error(dev, dma))
			break;
		if (zc_provider_set_dma(provider, i, dma)) {
			dma_unmap_single_attrs(dev, dma, PAGE_SIZE << order,
					       DMA_FROM_DEVICE, ZC_SAMPLE_DMA);
			break;
		}
	}
	if (i == buffers)
		return 0;
	zc_sample_unmap(provider, dev, i);
	return -ENOMEM;
}

static void zc_sample_destroy(struct zc_provider *provider, struct device *dev)
{
	zc_sample_unmap(provider, dev, buffers);
}

static unsigned int zc_sample_alloc(struct zc_provider *provider, u32 *numbers,
				    unsigned int nr)
{
	struct zc_sample *s = zc_sample_from(provider);

	spin_lock_bh(&s->lock);
	nr = min(nr, s->nr_free);
	s->nr_free -= nr;
	memcpy(numbers, s->free + s->nr_free, nr * sizeof(*numbers));
	spin_unlock_bh(&s->lock);
	return nr;
}

static void zc_sample_free(struct zc_provider *provider, u32 number)
{
	struct zc_sample *s = zc_sample_from(provider);

	spin_lock_bh(&s->lock);
	s->free[s->nr_free++] = number;
	spin_unlock_bh(&s->lock);
}

static void zc_sample_release(struct zc_provider *provider)
{
	struct zc_sample *s = zc_sample_from(provider);
	u32 i;

	for (i = 0; i < buffers; i++)
		free_pages((unsigned long)s->data[i], order);
	kvfree(s->free);
	kvfree(s);
}

static const struct zc_provider_ops zc_sample_ops = {
	.owner		= THIS_MODULE,
	.init		= zc_sample_init,
	.alloc		= zc_sample_alloc,
	.free		= zc_sample_free,
	.destroy	= zc_sample_destroy,
	.release	= zc_sample_release,
};

static struct zc_sample *zc_sample_new(void)
{
	struct zc_sample *s;
	u32 i;

	s = kvzalloc(struct_size(s, data, buffers), GFP_KERNEL);
	if (!s)
		return NULL;
	spin_lock_init(&s->lock);
	s->free = kvcalloc(buffers, sizeof(*s->free), GFP_KERNEL);
	if (!s->free ||
	    zc_provider_setup(&s->provider, &zc_sample_ops, buffers,
			      PAGE_SHIFT + order)) {
		kvfree(s->free);
		kvfree(s);
		return NULL;
	}
	for (i = 0; i < buffers; i++) {
		s->data[i] = (void *)__get_free_pages(GFP_KERNEL | __GFP_COMP |
						      __GFP_ZERO, order);
		if (!s->data[i]) {
			zc_provider_put(&s->provider);
			return NULL;
		}
		s->free[s->nr_free++] = i;
	}
	return s;
}

/* ---- bind ---- */

static DEFINE_MUTEX(zc_sample_bind_lock);
static char zc_sample_bound[IFNAMSIZ + 16];

static int zc_sample_open(const char *name, unsigned int queue)
{
	struct net_device *dev = dev_get_by_name(zc_sample_net, name);
	int err;

	if (!dev)
		return -ENODEV;
	err = zc_provider_open(&zc_sample->provider, zc_sample_net,
			       dev->ifindex, queue);
	dev_put(dev);
	if (!err)
		snprintf(zc_sample_bound, sizeof(zc_sample_bound), "%s %u",
			 name, queue);
	return err;
}

static int zc_sample_bind(const char *val, const struct kernel_param *kp)
{
	char name[IFNAMSIZ] = "";
	unsigned int queue;
	int err = 0, n;

	/* An empty name is one, too. */
	n = sscanf(val, "%15s %u", name, &queue);
	mutex_lock(&zc_sample_bind_lock);
	if (!zc_sample || (n != 2 && *name)) {
		err = -EINVAL; /* or the module comes or goes */
	} else if (!*name) {
		zc_provider_close(&zc_sample->provider);
		*zc_sample_bound = 0;
	} else {
		err = zc_sample_open(name, queue);
	}
	mutex_unlock(&zc_sample_bind_lock);
	return err;
}

static int zc_sample_bind_get(char *buf, const struct kernel_param *kp)
{
	int len;

	mutex_lock(&zc_sample_bind_lock);
	len = sysfs_emit(buf, "%s\n", zc_sample_bound);
	mutex_unlock(&zc_sample_bind_lock);
	return len;
}

static const struct kernel_param_ops zc_sample_bind_ops = {
	.set = zc_sample_bind,
	.get = zc_sample_bind_get,
};
module_param_cb(bind, &zc_sample_bind_ops, NULL, 0600);
MODULE_PARM_DESC(bind, "\"NIC queue\", or empty");

/* ---- what arrives ---- */

/* Eight bytes at a time; what is left over is one byte at a time, at the end. */
struct zc_sample_sum {
	u64		hash;
	u8		rest[8];
	unsigned int	nr_rest;
	u64		in_place;
	u64		copied;
};

static struct zc_sample_sum zc_sample_sum;
static bool zc_sample_over = true;

static u64 zc_sample_hash(u64 h, u64 v)
{
	h = (h ^ v) * 0x100000001b3ULL;
	return h ^ h >> 29;
}

static void zc_sample_add(struct zc_sample_sum *sum, const u8 *data, size_t len)
{
	for (; len && sum->nr_rest; len--) {
		sum->rest[sum->nr_rest++] = *data++;
		if (sum->nr_rest == sizeof(u64)) {
			sum->hash = zc_sample_hash(sum->hash,
						   get_unaligned((u64 *)sum->rest));
			sum->nr_rest = 0;
		}
	}
	for (; len >= sizeof(u64); data += sizeof(u64), len -= sizeof(u64))
		sum->hash = zc_sample_hash(sum->hash,
					   get_unaligned((const u64 *)data));
	memcpy(sum->rest + sum->nr_rest, data, len);
	sum->nr_rest += len;
}

static void zc_sample_end(struct zc_sample_sum *sum)
{
	unsigned int i;

	for (i = 0; i < sum->nr_rest; i++)
		sum->hash = (sum->hash ^ sum->rest[i]) * 0x100000001b3ULL;
	sum->nr_rest = 0;
}

/* Memory that is somebody else's, and that can be read. */
static int zc_sample_copy(const struct sk_buff *skb, unsigned int offset,
			  size_t len)
{
	u8 data[256];
	size_t n;

	for (; len; offset += n, len -= n) {
		n = min(len, sizeof(data));
		if (skb_copy_bits(skb, offset, data, n))
			return -EFAULT;
		zc_sample_add(&zc_sample_sum, data, n);
		zc_sample_sum.copied += n;
	}
	return 0;
}

static int zc_sample_frag(const struct sk_buff *skb, const skb_frag_t *frag,
			  unsigned int offset, unsigned int into, size_t len)
{
	const struct net_iov *niov = skb_frag_net_iov(frag);
	const u8 *data;

	if (!niov)
		return zc_sample_copy(skb, offset, len);
	if (zc_provider_of(niov) != &zc_sample->provider)
		return -EFAULT;
	data = zc_sample->data[net_iov_idx(niov)];
	zc_sample_add(&zc_sample_sum, data + skb_frag_off(frag) + into, len);
	zc_sample_sum.in_place += len;
	return 0;
}

static int zc_sample_skb(struct sk_buff *skb, unsigned int offset, size_t len)
{
	unsigned int start = skb_headlen(skb), end;
	struct sk_buff *child;
	size_t left = len, n;
	int i;

	if (offset < start) {
		n = min_t(size_t, left, start - offset);
		if (zc_sample_copy(skb, offset, n))
			return -EFAULT;
		offset += n;
		left -= n;
	}
	for (i = 0; left && i < skb_shinfo(skb)->nr_frags; i++, start = end) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		end = start + skb_frag_size(frag);
		if (offset >= end)
			continue;
		n = min_t(size_t, left, end - offset);
		if (zc_sample_frag(skb, frag, offset, offset - start, n))
			return -EFAULT;
		offset += n;
		left -= n;
	}
	for (child = skb_shinfo(skb)->frag_list; left && child;
	     child = child->next, start = end) {
		end = start + child->len;
		if (offset >= end)
			continue;
		n = min_t(size_t, left, end - offset);
		if (zc_sample_skb(child, offset - start, n) < 0)
			return -EFAULT;
		offset += n;
		left -= n;
	}
	return len;
}

static int zc_sample_actor(read_descriptor_t *desc, struct sk_buff *skb,
			   unsigned int offset, size_t len)
{
	return zc_sample_skb(skb, offset, len);
}

/* A connection can hold buffers that nobody will read: out of order, say. */
static bool zc_sample_hangup;

static int zc_sample_hang_up(const char *val, const struct kernel_param *kp)
{
	mutex_lock(&zc_sample_bind_lock);
	if (zc_sample) {
		WRITE_ONCE(zc_sample_hangup, true);
		if (zc_sample_task)
			wake_up_process(zc_sample_task);
	}
	mutex_unlock(&zc_sample_bind_lock);
	return 0;
}

static const struct kernel_param_ops zc_sample_hangup_ops = {
	.set = zc_sample_hang_up,
};
module_param_cb(hangup, &zc_sample_hangup_ops, NULL, 0200);
MODULE_PARM_DESC(hangup, "write to it to close the connection");

static bool zc_sample_ready(const struct sock *sk)
{
	return !skb_queue_empty_lockless(&sk->sk_receive_queue) ||
	       sk->sk_err || sk->sk_shutdown & RCV_SHUTDOWN ||
	       READ_ONCE(zc_sample_hangup) || kthread_should_stop();
}

static void zc_sample_serve(struct socket *sock)
{
	struct sock *sk = sock->sk;
	read_descriptor_t desc;
	int ret = 1;

	WRITE_ONCE(zc_sample_hangup, false);
	zc_sample_over = false;
	zc_sample_sum = (struct zc_sample_sum){ .hash = 1 };
	do {
		wait_event_interruptible(*sk_sleep(sk), zc_sample_ready(sk));
		if (READ_ONCE(zc_sample_hangup) || kthread_should_stop())
			break;
		desc = (read_descriptor_t){ .count = INT_MAX };
		lock_sock(sk);
		ret = tcp_read_sock(sk, &desc, zc_sample_actor);
		release_sock(sk);
	} while (ret > 0);
	/* Not to wait for an answer from where there may be no way any more. */
	if (ret > 0)
		sock_no_linger(sk);
	zc_sample_end(&zc_sample_sum);
	zc_sample_over = true;
}

static int zc_sample_thread(void *unused)
{
	struct socket *sock;

	while (!kthread_should_stop()) {
		if (kernel_accept(zc_sample_listener, &sock, 0))
			continue;
		zc_sample_serve(sock);
		sock_release(sock);
	}
	return 0;
}

static int zc_sample_result(char *buf, const struct kernel_param *kp)
{
	const struct zc_sample_sum *sum = &zc_sample_sum;
	const struct zc_provider *p;
	int len = 0;

	mutex_lock(&zc_sample_bind_lock);
	if (zc_sample) {
		p = &zc_sample->provider;
		len = sysfs_emit(buf,
				 "bytes %llu hash %llx\n"
				 "in_place %llu\ncopied %llu\nover %d\n"
				 "allocs %lu\nallocated %lu\nfreed %lu\nstarved %lu\n",
				 sum->in_place + sum->copied, sum->hash,
				 sum->in_place, sum->copied, zc_sample_over,
				 atomic_long_read(&p->allocs),
				 atomic_long_read(&p->allocated),
				 atomic_long_read(&p->freed),
				 atomic_long_read(&p->starved));
	}
	mutex_unlock(&zc_sample_bind_lock);
	return len;
}

static const struct kernel_param_ops zc_sample_result_ops = {
	.get = zc_sample_result,
};
module_param_cb(result, &zc_sample_result_ops, NULL, 0400);
MODULE_PARM_DESC(result, "of the last connection");

static int zc_sample_listen(void)
{
	struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
	};
	struct socket *sock;
	int err;

	err = sock_create_kern(zc_sample_net, AF_INET6, SOCK_STREAM,
			       IPPROTO_TCP, &sock);
	if (err)
		return err;
	sock_set_reuseaddr(sock->sk);
	err = kernel_bind(sock, (struct sockaddr_unsized *)&addr, sizeof(addr));
	if (!err)
		err = kernel_listen(sock, 1);
	if (err) {
		sock_release(sock);
		return err;
	}
	zc_sample_listener = sock;
	return 0;
}

static void zc_sample_drop(void)
{
	struct zc_sample *s;

	mutex_lock(&zc_sample_bind_lock);
	s = zc_sample;
	zc_sample = NULL;
	mutex_unlock(&zc_sample_bind_lock);
	zc_provider_close(&s->provider);
	zc_provider_put(&s->provider);
}

static int __init zc_sample_start(void)
{
	struct task_struct *task;
	int err = -ENOMEM;

	if (!buffers || buffers > 1 << 20 || order > 9)
		return -EINVAL;
	zc_sample_net = get_net(current->nsproxy->net_ns);
	zc_sample = zc_sample_new();
	if (!zc_sample)
		goto err_net;
	err = zc_sample_listen();
	if (err)
		goto err_provider;
	task = kthread_run(zc_sample_thread, NULL, "zc_provider");
	err = PTR_ERR_OR_ZERO(task);
	if (!err) {
		zc_sample_task = task;
		return 0;
	}
	sock_release(zc_sample_listener);
err_provider:
	zc_sample_drop();
err_net:
	put_net(zc_sample_net);
	return err;
}

static void __exit zc_sample_stop(void)
{
	struct task_struct *task = zc_sample_task;

	mutex_lock(&zc_sample_bind_lock);
	zc_sample_task = NULL;
	mutex_unlock(&zc_sample_bind_lock);
	/* Wakes the thread if it waits for somebody to connect. */
	kernel_sock_shutdown(zc_sample_listener, SHUT_RDWR);
	kthread_stop(task);
	sock_release(zc_sample_listener);
	zc_sample_drop();
	put_net(zc_sample_net);
}

module_init(zc_sample_start);
module_exit(zc_sample_stop);
MODULE_IMPORT_NS("ZEROCOPY");
MODULE_DESCRIPTION("Memory for a NIC's receive queue, from a module");
MODULE_LICENSE("GPL");
