// SPDX-License-Identifier: GPL-2.0
/*
 * Two things the benchmark needs and a kernel does not have.
 *
 * The floor: a send of memory that was looked up beforehand, which nobody is
 * told about and which is charged to nobody. What a send costs beyond that, its
 * zero copy costs.
 *
 * The sink: a peer that costs next to nothing. It takes packets off a NIC,
 * acknowledges each and frees it, so that the figures are the sender's.
 */
#include <linux/bvec.h>
#include <linux/cred.h>
#include <linux/etherdevice.h>
#include <linux/fs.h>
#include <linux/ip.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/rtnetlink.h>
#include <linux/sched/user.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <linux/tracepoint.h>
#include <linux/udp.h>
#include <linux/uio.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/tcp.h>

#include "zc_bench.h"

struct zc_bench_buf {
	struct page	**pages;
	unsigned int	nr_pages;
	struct bio_vec	*bvec;
	unsigned int	nr_bvecs;
	size_t		len;
};

/* What one open file set up. */
struct zc_bench_file {
	struct mutex		lock;	/* all of it, but for sends */
	struct zc_bench_attach	attach;
	struct zc_bench_buf	buf[ZC_BENCH_BUFS];
	struct socket		*sock;
	const struct proto_ops	*ops;
	struct net_device	*dev;
};

/* ---- the floor ---- */

static void zc_bench_buf_free(struct zc_bench_buf *buf)
{
	if (buf->nr_pages)
		unpin_user_pages(buf->pages, buf->nr_pages);
	kvfree(buf->pages);
	kvfree(buf->bvec);
	memset(buf, 0, sizeof(*buf));
}

/* One bio_vec for each folio: that is how far fragments go. */
static void zc_bench_buf_fill(struct zc_bench_buf *buf)
{
	struct bio_vec *bv = buf->bvec;
	size_t left = buf->len;
	unsigned int i;

	for (i = 0; i < buf->nr_pages; i++) {
		struct page *page = buf->pages[i];
		size_t len = min_t(size_t, left, PAGE_SIZE);

		if (i && page_folio(page) == page_folio(buf->pages[i - 1]) &&
		    page == buf->pages[i - 1] + 1) {
			bv[-1].bv_len += len;
		} else {
			bvec_set_page(bv, page, len, 0);
			bv++;
		}
		left -= len;
	}
	buf->nr_bvecs = bv - buf->bvec;
}

static int zc_bench_buf_init(struct zc_bench_buf *buf, unsigned long addr,
			     size_t len)
{
	unsigned int nr = DIV_ROUND_UP(len, PAGE_SIZE);
	int got;

	buf->len = len;
	buf->pages = kvmalloc_array(nr, sizeof(*buf->pages), GFP_KERNEL);
	buf->bvec = kvmalloc_array(nr, sizeof(*buf->bvec), GFP_KERNEL);
	if (!buf->pages || !buf->bvec)
		return -ENOMEM;
	got = pin_user_pages_fast(addr, nr, FOLL_LONGTERM, buf->pages);
	if (got > 0)
		buf->nr_pages = got;
	if (got != nr)
		return got < 0 ? got : -EFAULT;
	zc_bench_buf_fill(buf);
	return 0;
}

/* Nobody is told, and nothing is given back: it is pinned for good. */
static void zc_bench_complete(struct sk_buff *skb, struct ubuf_info *ubuf,
			      bool success)
{
	refcount_dec(&ubuf->refcnt);
}

static int zc_bench_link_skb(struct sk_buff *skb, struct ubuf_info *ubuf)
{
	/* A packet that was split holds references: start another. */
	if (skb_zcopy(skb) && skb_zcopy_managed(skb))
		return skb_zcopy(skb) == ubuf ? 0 : -EEXIST;
	if (skb_shinfo(skb)->nr_frags)
		return -EEXIST;
	net_zcopy_get(ubuf);
	skb_zcopy_init(skb, ubuf);
	return 0;
}

static const struct ubuf_info_ops zc_bench_ubuf_ops = {
	.complete = zc_bench_complete,
	.link_skb = zc_bench_link_skb,
};

static struct ubuf_info zc_bench_ubuf = {
	.ops = &zc_bench_ubuf_ops,
	.refcnt = REFCOUNT_INIT(1),
	.flags = SKBFL_ZEROCOPY_FRAG | SKBFL_DONT_ORPHAN,
};

static int zc_bench_sg(struct sk_buff *skb, struct iov_iter *from,
		       size_t length)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	const struct bio_vec *bv = from->bvec;
	skb_frag_t *frag = &shinfo->frags[shinfo->nr_frags];
	skb_frag_t *end = &shinfo->frags[MAX_SKB_FRAGS];
	size_t off = from->iov_offset, done = 0;
	int err = 0;

	if (!shinfo->nr_frags)
		shinfo->flags |= SKBFL_MANAGED_FRAG_REFS;

	length = min(length, iov_iter_count(from));
	while (done < length) {
		size_t len = min(length - done, bv->bv_len - off);

		if (frag == end) {
			err = -EMSGSIZE;
			break;
		}
		skb_frag_fill_page_desc(frag++, bv->bv_page,
					bv->bv_offset + off, len);
		done += len;
		off += len;
		if (off == bv->bv_len) {
			bv++;
			off = 0;
		}
	}
	shinfo->nr_frags = frag - shinfo->frags;
	from->nr_segs -= bv - from->bvec;
	from->bvec = bv;
	from->iov_offset = off;
	from->count -= done;
	skb->len += done;
	skb->data_len += done;
	skb->truesize += PAGE_ALIGN(done);
	return err;
}

/* One program at a time is measured, so the socket it sends from is known. */
static struct zc_bench_file *zc_bench_floor;

/* proto_ops.sendmsg of the socket: find the buffer by address, and lend it. */
static int zc_bench_sendmsg(struct socket *sock, struct msghdr *msg,
			    size_t size)
{
	const struct zc_bench_attach *attach = &zc_bench_floor->attach;
	unsigned long off = (unsigned long)msg->msg_iter.ubuf - attach->addr;
	const struct zc_bench_buf *buf;

	if (!iter_is_ubuf(&msg->msg_iter) || size != attach->len ||
	    off >= attach->stride * attach->nr || off % attach->stride)
		return -EINVAL;
	buf = &zc_bench_floor->buf[off / attach->stride];

	iov_iter_bvec(&msg->msg_iter, ITER_SOURCE, buf->bvec, buf->nr_bvecs,
		      size);
	if (attach->splice) {
		msg->msg_flags |= MSG_SPLICE_PAGES;
	} else {
		msg->msg_flags |= MSG_ZEROCOPY;
		msg->msg_ubuf = &zc_bench_ubuf;
		msg->sg_from_iter = zc_bench_sg;
	}
	return inet_sendmsg(sock, msg, size);
}

static struct proto_ops zc_bench_ops;

static int zc_bench_attach(struct zc_bench_file *bf,
			   const struct zc_bench_attach *attach)
{
	struct socket *sock;
	unsigned int i;
	int err;

	if (attach->nr > ZC_BENCH_BUFS || !attach->len || !attach->stride ||
	    attach->len > SZ_16M || !PAGE_ALIGNED(attach->addr) ||
	    !PAGE_ALIGNED(attach->stride))
		return -EINVAL;
	/* A second attempt finds what the first left. */
	if (bf->attach.nr)
		return -EBUSY;
	bf->attach = *attach;
	for (i = 0; i < attach->nr; i++) {
		err = zc_bench_buf_init(&bf->buf[i],
					attach->addr + i * attach->stride,
					attach->len);
		if (err)
			return err;
	}
	sock = sockfd_lookup(attach->fd, &err);
	if (!sock)
		return err;
	if (sock->ops->family != AF_INET ||
	    cmpxchg(&zc_bench_floor, NULL, bf)) {
		sockfd_put(sock);
		return -EBUSY;
	}
	bf->sock = sock;
	bf->ops = sock->ops;
	zc_bench_ops = *sock->ops;
	zc_bench_ops.sendmsg = zc_bench_sendmsg;
	sock->ops = &zc_bench_ops;
	return 0;
}

static void zc_bench_detach(struct zc_bench_file *bf)
{
	unsigned int i;

	if (bf->sock) {
		bf->sock->ops = bf->ops;
		sockfd_put(bf->sock);
		zc_bench_floor = NULL;
	}
	for (i = 0; i < ZC_BENCH_BUFS; i++)
		zc_bench_buf_free(&bf->buf[i]);
}

/* ---- what the sender is charged for ---- */

static struct tracepoint *zc_bench_xmit_point;
static struct zc_bench_file *zc_bench_watcher;
static unsigned long zc_bench_peak;

/* On one CPU the sender is still in its call, or in the softirq behind it. */
static void zc_bench_xmit(void *data, const struct sk_buff *skb,
			  const struct net_device *dev)
{
	unsigned long locked = atomic_long_read(&current_user()->locked_vm);

	if (locked > zc_bench_peak)
		zc_bench_peak = locked;
}

static void zc_bench_find_point(struct tracepoint *tp, void *data)
{
	if (!strcmp(tp->name, "net_dev_start_xmit"))
		zc_bench_xmit_point = tp;
}

static int zc_bench_watch(struct zc_bench_file *bf)
{
	int err;

	if (!zc_bench_xmit_point)
		return -EOPNOTSUPP;
	if (cmpxchg(&zc_bench_watcher, NULL, bf))
		return -EBUSY;
	zc_bench_peak = 0;
	err = tracepoint_probe_register(zc_bench_xmit_point, zc_bench_xmit,
					NULL);
	if (err)
		zc_bench_watcher = NULL;
	return err;
}

static int zc_bench_unwatch(struct zc_bench_file *bf)
{
	if (zc_bench_watcher != bf)
		return -EINVAL;
	tracepoint_probe_unregister(zc_bench_xmit_point, zc_bench_xmit, NULL);
	tracepoint_synchronize_unregister();
	zc_bench_watcher = NULL;
	return 0;
}

/* ---- the sink ---- */

static void zc_bench_ack_tcp(struct tcphdr *th, const struct tcphdr *to,
			     u32 payload)
{
	const __be32 *from = (const __be32 *)(to + 1);
	__be32 *opt = (__be32 *)(th + 1);

	memset(th, 0, sizeof(*th));
	th->source = to->dest;
	th->dest = to->source;
	th->seq = to->ack_seq;
	th->ack_seq = htonl(ntohl(to->seq) + payload);
	th->doff = 8;
	th->ack = 1;
	th->window = htons(U16_MAX);
	/* The only option that a data packet of ours has: both times, swapped. */
	opt[0] = htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 |
		       TCPOPT_TIMESTAMP << 8 | TCPOLEN_TIMESTAMP);
	opt[1] = from[2];
	opt[2] = from[1];
}

static void zc_bench_ack(const struct sk_buff *skb, const struct iphdr *to,
			 const struct tcphdr *to_th, u32 payload)
{
	const unsigned int len = sizeof(struct tcphdr) + TCPOLEN_TSTAMP_ALIGNED;
	struct sk_buff *ack;
	struct ethhdr *eth;
	struct tcphdr *th;
	struct iphdr *iph;

	ack = alloc_skb(LL_MAX_HEADER + sizeof(*iph) + len, GFP_ATOMIC);
	if (!ack)
		return;
	skb_reserve(ack, LL_MAX_HEADER + sizeof(*iph));
	skb_reset_transport_header(ack);
	th = skb_put(ack, len);
	zc_bench_ack_tcp(th, to_th, payload);
	ack->ip_summed = CHECKSUM_PARTIAL;
	ack->csum_start = skb_transport_header(ack) - ack->head;
	ack->csum_offset = offsetof(struct tcphdr, check);
	th->check = ~tcp_v4_check(len, to->daddr, to->saddr, 0);

	iph = skb_push(ack, sizeof(*iph));
	skb_reset_network_header(ack);
	memset(iph, 0, sizeof(*iph));
	iph->version = 4;
	iph->ihl = 5;
	iph->tot_len = htons(sizeof(*iph) + len);
	iph->frag_off = htons(IP_DF);
	iph->ttl = 64;
	iph->protocol = IPPROTO_TCP;
	iph->saddr = to->daddr;
	iph->daddr = to->saddr;
	ip_send_check(iph);

	eth = skb_push(ack, ETH_HLEN);
	skb_reset_mac_header(ack);
	ether_addr_copy(eth->h_dest, eth_hdr(skb)->h_source);
	ether_addr_copy(eth->h_source, skb->dev->dev_addr);
	eth->h_proto = htons(ETH_P_IP);
	ack->protocol = eth->h_proto;
	ack->dev = skb->dev;
	dev_queue_xmit(ack);
}

static rx_handler_result_t zc_bench_rx(struct sk_buff **pskb)
{
	const unsigned int opts = TCPOLEN_TSTAMP_ALIGNED;
	const struct tcphdr *th;
	const struct iphdr *iph;
	struct sk_buff *skb = *pskb;
	int payload;

	if (skb->protocol != htons(ETH_P_IP) ||
	    !pskb_may_pull(skb, sizeof(*iph) + sizeof(struct udphdr)))
		return RX_HANDLER_PASS;
	iph = (const struct iphdr *)skb->data;
	if (iph->ihl != 5)
		return RX_HANDLER_PASS;
	/* The ports are in the same place for both. */
	th = (const struct tcphdr *)(iph + 1);
	if (th->dest != htons(ZC_BENCH_PORT))
		return RX_HANDLER_PASS;
	if (iph->protocol == IPPROTO_UDP)
		goto take;
	if (iph->protocol != IPPROTO_TCP ||
	    !pskb_may_pull(skb, sizeof(*iph) + sizeof(*th) + opts))
		return RX_HANDLER_PASS;
	iph = (const struct iphdr *)skb->data;
	th = (const struct tcphdr *)(iph + 1);
	payload = ntohs(iph->tot_len) - sizeof(*iph) - th->doff * 4;
	if (th->doff * 4 != sizeof(*th) + opts || payload <= 0 || th->syn ||
	    th->fin)
		return RX_HANDLER_PASS;
	zc_bench_ack(skb, iph, th, payload);
take:
	consume_skb(skb);
	return RX_HANDLER_CONSUMED;
}

static int zc_bench_sink(struct zc_bench_file *bf, unsigned long ifindex)
{
	struct net_device *dev;
	int err;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	if (bf->dev)
		return -EBUSY;
	dev = dev_get_by_index(current->nsproxy->net_ns, ifindex);
	if (!dev)
		return -ENODEV;
	rtnl_lock();
	err = netdev_rx_handler_register(dev, zc_bench_rx, NULL);
	rtnl_unlock();
	if (err)
		dev_put(dev);
	else
		bf->dev = dev;
	return err;
}

/* ---- the device node ---- */

static long zc_bench_ioctl_locked(struct zc_bench_file *bf, unsigned int cmd,
				  unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct zc_bench_attach attach;
	u64 peak;
	int err;

	switch (cmd) {
	case ZC_BENCH_ATTACH:
		if (copy_from_user(&attach, user, sizeof(attach)))
			return -EFAULT;
		return zc_bench_attach(bf, &attach);
	case ZC_BENCH_SINK:
		return zc_bench_sink(bf, arg);
	case ZC_BENCH_WATCH:
		return zc_bench_watch(bf);
	case ZC_BENCH_PEAK:
		err = zc_bench_unwatch(bf);
		if (err)
			return err;
		peak = zc_bench_peak;
		return copy_to_user(user, &peak, sizeof(peak)) ? -EFAULT : 0;
	default:
		return -ENOTTY;
	}
}

static long zc_bench_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	struct zc_bench_file *bf = file->private_data;
	long ret;

	mutex_lock(&bf->lock);
	ret = zc_bench_ioctl_locked(bf, cmd, arg);
	mutex_unlock(&bf->lock);
	return ret;
}

static int zc_bench_open(struct inode *inode, struct file *file)
{
	struct zc_bench_file *bf = kzalloc(sizeof(*bf), GFP_KERNEL);

	if (!bf)
		return -ENOMEM;
	mutex_init(&bf->lock);
	file->private_data = bf;
	return 0;
}

static int zc_bench_release(struct inode *inode, struct file *file)
{
	struct zc_bench_file *bf = file->private_data;

	if (bf->dev) {
		rtnl_lock();
		netdev_rx_handler_unregister(bf->dev);
		rtnl_unlock();
		dev_put(bf->dev);
	}
	zc_bench_unwatch(bf);
	zc_bench_detach(bf);
	kfree(bf);
	return 0;
}

static const struct file_operations zc_bench_fops = {
	.owner		= THIS_MODULE,
	.open		= zc_bench_open,
	.release	= zc_bench_release,
	.unlocked_ioctl	= zc_bench_ioctl,
};

static struct miscdevice zc_bench_dev = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "zc_bench",
	.fops	= &zc_bench_fops,
	.mode	= 0666,
};

static int __init zc_bench_init(void)
{
	for_each_kernel_tracepoint(zc_bench_find_point, NULL);
	return misc_register(&zc_bench_dev);
}

static void __exit zc_bench_exit(void)
{
	misc_deregister(&zc_bench_dev);
}

module_init(zc_bench_init);
module_exit(zc_bench_exit);

MODULE_DESCRIPTION("Benchmark of zero-copy sends: the floor, and a cheap peer");
MODULE_LICENSE("GPL");
