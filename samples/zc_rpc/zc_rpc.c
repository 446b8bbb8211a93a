// SPDX-License-Identifier: GPL-2.0
/*
 * A server of the kind that sunrpc, iSCSI and ceph are: it answers requests over
 * TCP out of the page cache of a file. A reply has a header of 24 bytes that is
 * built for it, a payload, and a trailer that is always the same.
 *
 *	insmod zc_rpc.ko file=/path port=7780
 *
 * The client says how it wants to be answered: with kernel_sendmsg(), which
 * copies all of it, or through the layer, as one message out of three kinds of
 * memory, each with an owner of its own.
 */
#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/in6.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <linux/workqueue.h>
#include <linux/zc_frag.h>
#include <linux/zc_kseg.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/zerocopy.h>

#include "zc_rpc.h"

static char *file;
module_param(file, charp, 0400);
MODULE_PARM_DESC(file, "the file that replies are read from");

static ushort port = ZC_RPC_PORT;
module_param(port, ushort, 0400);
MODULE_PARM_DESC(port, "where to listen, in the network namespace of insmod");

static atomic64_t replies[3], send_ns[3];

struct zc_rpc_conn {
	struct list_head	node;
	struct work_struct	work;
	struct socket		*sock;
};

/* What a reply is made of; gone with the last of its segments. */
struct zc_rpc_payload {
	unsigned int	nr;
	struct bio_vec	bvec[] __counted_by(nr);
};

static const char zc_rpc_trailer[] = ZC_RPC_TRAILER;
static struct file *zc_rpc_file;
static struct net *zc_rpc_net;
static struct socket *zc_rpc_listener;
static struct workqueue_struct *zc_rpc_wq;
static LIST_HEAD(zc_rpc_conns);
static DEFINE_MUTEX(zc_rpc_lock);
static bool zc_rpc_stopping;

static void zc_rpc_put_payload(struct zc_rpc_payload *payload)
{
	unsigned int i;

	for (i = 0; i < payload->nr; i++)
		folio_put(page_folio(payload->bvec[i].bv_page));
	kfree(payload);
}

/* The cleanups: in whatever context the last packet is freed. */

static void zc_rpc_payload_done(void *private, size_t sent, bool copied)
{
	zc_rpc_put_payload(private);
}

static void zc_rpc_header_done(void *private, size_t sent, bool copied)
{
	kfree(private);
}

static void zc_rpc_trailer_done(void *private, size_t sent, bool copied)
{
}

static struct folio *zc_rpc_folio(pgoff_t index)
{
	struct address_space *mapping = zc_rpc_file->f_mapping;

	if (shmem_mapping(mapping))
		return shmem_read_folio(mapping, index);
	return read_mapping_folio(mapping, index, zc_rpc_file);
}

/* The pages of the file that the payload lies in, with a reference on each. */
static struct zc_rpc_payload *zc_rpc_read(loff_t offset, size_t length)
{
	unsigned int max = PFN_UP(offset_in_page(offset) + length);
	struct zc_rpc_payload *payload;

	if (offset < 0 || offset + length > i_size_read(file_inode(zc_rpc_file)))
		return ERR_PTR(-ERANGE);
	payload = kmalloc(struct_size(payload, bvec, max), GFP_KERNEL);
	if (!payload)
		return ERR_PTR(-ENOMEM);
	payload->nr = 0;
	while (length) {
		struct folio *folio = zc_rpc_folio(offset >> PAGE_SHIFT);
		size_t into, len;

		if (IS_ERR(folio)) {
			zc_rpc_put_payload(payload);
			return ERR_CAST(folio);
		}
		into = offset_in_folio(folio, offset);
		len = min(length, folio_size(folio) - into);
		payload->nr++;
		bvec_set_folio(&payload->bvec[payload->nr - 1], folio, len,
			       into);
		offset += len;
		length -= len;
	}
	return payload;
}

/* As it has always been done: the protocol copies what the kvecs point to. */
static int zc_rpc_send_plain(struct socket *sock, struct zc_rpc_reply *head,
			     struct zc_rpc_payload *payload, size_t size)
{
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	unsigned int i, nr = 0;
	struct kvec *vec;
	int ret;

	vec = kmalloc_array(payload->nr + 2, sizeof(*vec), GFP_KERNEL);
	if (!vec)
		return -ENOMEM;
	vec[nr].iov_base = head;
	vec[nr++].iov_len = sizeof(*head);
	for (i = 0; i < payload->nr; i++) {
		vec[nr].iov_base = bvec_virt(&payload->bvec[i]);
		vec[nr++].iov_len = payload->bvec[i].bv_len;
	}
	vec[nr].iov_base = (void *)zc_rpc_trailer;
	vec[nr++].iov_len = sizeof(zc_rpc_trailer);
	ret = kernel_sendmsg(sock, &msg, vec, nr, size);
	kfree(vec);
	return ret;
}

/* One message, three owners: all of them lend, from here on. */
static int zc_rpc_send_layer(struct socket *sock, struct zc_rpc_reply *head,
			     struct zc_rpc_payload *payload, bool frag)
{
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	struct zc_kseg segs[] = {
		{
			.addr = head,
			.len = sizeof(*head),
			.cleanup = frag ? zc_frag_cleanup : zc_rpc_header_done,
			.private = head,
		}, {
			.bvec = payload->bvec,
			.nr_bvecs = payload->nr,
			.cleanup = zc_rpc_payload_done,
			.private = payload,
		}, {
			.addr = zc_rpc_trailer,
			.len = sizeof(zc_rpc_trailer),
			.cleanup = zc_rpc_trailer_done,
		},
	};

	return zc_send_ksegs(sock, &msg, segs, ARRAY_SIZE(segs));
}

static int zc_rpc_answer(struct socket *sock,
			 const struct zc_rpc_request *request)
{
	u32 mode = min_t(u32, be32_to_cpu(request->mode), ZC_RPC_FRAG);
	size_t length = be32_to_cpu(request->length), size;
	bool frag = mode == ZC_RPC_FRAG;
	struct zc_rpc_payload *payload;
	struct zc_rpc_reply *head;
	u64 start;
	int ret;

	payload = length > ZC_RPC_MAX ? ERR_PTR(-ERANGE) :
		  zc_rpc_read(be64_to_cpu(request->offset), length);
	ret = PTR_ERR_OR_ZERO(payload);
	if (ret) {
		length = 0;
		payload = kzalloc_obj(*payload, GFP_KERNEL);
	}
	head = frag ? zc_frag_alloc(sizeof(*head), GFP_KERNEL) :
		      kmalloc(sizeof(*head), GFP_KERNEL);
	if (!head || !payload) {
		if (frag)
			zc_frag_free(head);
		else
			kfree(head);
		if (payload)
			zc_rpc_put_payload(payload);
		return -ENOMEM;
	}

	head->magic = cpu_to_be32(ZC_RPC_MAGIC);
	head->status = cpu_to_be32(-ret);
	head->offset = request->offset;
	head->length = cpu_to_be32(length);
	head->tag = request->tag;
	size = sizeof(*head) + length + sizeof(zc_rpc_trailer);

	start = ktime_get_ns();
	if (mode == ZC_RPC_PLAIN) {
		ret = zc_rpc_send_plain(sock, head, payload, size);
		kfree(head);
		zc_rpc_put_payload(payload);
	} else {
		ret = zc_rpc_send_layer(sock, head, payload, frag);
	}
	atomic64_add(ktime_get_ns() - start, &send_ns[mode]);
	atomic64_inc(&replies[mode]);
	return ret == size ? 0 : -EPIPE;
}

static void zc_rpc_serve(struct work_struct *work)
{
	struct zc_rpc_conn *conn = container_of(work, struct zc_rpc_conn, work);
	struct zc_rpc_request request;

	for (;;) {
		struct kvec vec = { &request, sizeof(request) };
		struct msghdr msg = {};

		if (kernel_recvmsg(conn->sock, &msg, &vec, 1, sizeof(request),
				   MSG_WAITALL) != sizeof(request))
			break;
		if (request.magic != cpu_to_be32(ZC_RPC_MAGIC) ||
		    zc_rpc_answer(conn->sock, &request))
			break;
	}

	mutex_lock(&zc_rpc_lock);
	list_del(&conn->node);
	mutex_unlock(&zc_rpc_lock);
	sock_release(conn->sock);
	kfree(conn);
}

static void zc_rpc_accept(struct work_struct *work)
{
	struct zc_rpc_conn *conn;
	struct socket *sock;

	while (!READ_ONCE(zc_rpc_stopping)) {
		if (kernel_accept(zc_rpc_listener, &sock, 0)) {
			schedule_timeout_uninterruptible(HZ / 10);
			continue;
		}
		tcp_sock_set_nodelay(sock->sk);
		conn = kzalloc_obj(*conn, GFP_KERNEL);
		mutex_lock(&zc_rpc_lock);
		if (!conn || zc_rpc_stopping) {
			mutex_unlock(&zc_rpc_lock);
			sock_release(sock);
			kfree(conn);
			continue;
		}
		conn->sock = sock;
		INIT_WORK(&conn->work, zc_rpc_serve);
		list_add(&conn->node, &zc_rpc_conns);
		queue_work(zc_rpc_wq, &conn->work);
		mutex_unlock(&zc_rpc_lock);
	}
}

static DECLARE_WORK(zc_rpc_accepting, zc_rpc_accept);

/* One line for each mode: replies, and nanoseconds spent in sending them. */
static int zc_rpc_show(char *buf, const struct kernel_param *kp)
{
	unsigned int i;
	int n = 0;

	for (i = 0; i < ARRAY_SIZE(replies); i++)
		n += sysfs_emit_at(buf, n, "%lld %lld\n",
				   atomic64_read(&replies[i]),
				   atomic64_read(&send_ns[i]));
	return n;
}

static const struct kernel_param_ops zc_rpc_stats_ops = {
	.get = zc_rpc_show,
};
module_param_cb(stats, &zc_rpc_stats_ops, NULL, 0400);
MODULE_PARM_DESC(stats, "plain, layer, frag: replies and nanoseconds sending them");

static int zc_rpc_listen(void)
{
	struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
	};
	int err;

	err = sock_create_kern(zc_rpc_net, AF_INET6, SOCK_STREAM, IPPROTO_TCP,
			       &zc_rpc_listener);
	if (err)
		return err;
	zc_rpc_listener->sk->sk_reuse = SK_CAN_REUSE;
	err = zc_kernel_bind(zc_rpc_listener, &addr, sizeof(addr));
	if (!err)
		err = kernel_listen(zc_rpc_listener, 16);
	if (err)
		sock_release(zc_rpc_listener);
	return err;
}

static int __init zc_rpc_init(void)
{
	int err;

	if (!file)
		return -EINVAL;
	zc_rpc_file = filp_open(file, O_RDONLY | O_LARGEFILE, 0);
	if (IS_ERR(zc_rpc_file))
		return PTR_ERR(zc_rpc_file);
	err = -EINVAL;
	if (!S_ISREG(file_inode(zc_rpc_file)->i_mode))
		goto err_file;
	err = -ENOMEM;
	zc_rpc_wq = alloc_workqueue("zc_rpc", WQ_UNBOUND, 0);
	if (!zc_rpc_wq)
		goto err_file;
	/* A kernel socket does not keep its namespace. */
	zc_rpc_net = get_net(current->nsproxy->net_ns);
	err = zc_rpc_listen();
	if (err)
		goto err_net;
	queue_work(zc_rpc_wq, &zc_rpc_accepting);
	return 0;

err_net:
	put_net(zc_rpc_net);
	destroy_workqueue(zc_rpc_wq);
err_file:
	fput(zc_rpc_file);
	return err;
}

static void __exit zc_rpc_exit(void)
{
	struct zc_rpc_conn *conn;

	/* No reply is out: each holds this module. */
	mutex_lock(&zc_rpc_lock);
	zc_rpc_stopping = true;
	list_for_each_entry(conn, &zc_rpc_conns, node)
		kernel_sock_shutdown(conn->sock, SHUT_RDWR);
	mutex_unlock(&zc_rpc_lock);
	kernel_sock_shutdown(zc_rpc_listener, SHUT_RDWR);
	destroy_workqueue(zc_rpc_wq);
	sock_release(zc_rpc_listener);
	put_net(zc_rpc_net);
	fput(zc_rpc_file);
}

module_init(zc_rpc_init);
module_exit(zc_rpc_exit);

MODULE_DESCRIPTION("Sample: replies out of slab, page cache and static memory");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("ZEROCOPY");
