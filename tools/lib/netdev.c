// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * netdev-genl, as far as a DMA-BUF is bound to a queue: two messages of a few
 * attributes, for which no library of netlink is asked.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "internal.h"

/* include/uapi/linux/netdev.h is newer than many an installed header */
#define NETDEV_CMD_BIND_RX	13
#define NETDEV_A_QUEUE_ID	1
#define NETDEV_A_QUEUE_TYPE	3
#define NETDEV_QUEUE_TYPE_RX	0
#define NETDEV_A_DMABUF_IFINDEX	1
#define NETDEV_A_DMABUF_QUEUES	2
#define NETDEV_A_DMABUF_FD	3
#define NETDEV_A_DMABUF_ID	4

struct request {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	char attrs[128];
};

/* What an answer is searched for */
struct answer {
	uint16_t type;
	uint32_t value;
	char *message;
	size_t room;
};

static struct nlattr *put(struct request *r, uint16_t type, const void *data,
			  size_t len)
{
	struct nlattr *a = (void *)((char *)r + r->nlh.nlmsg_len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	r->nlh.nlmsg_len += NLA_ALIGN(a->nla_len);
	return a;
}

static void put_u32(struct request *r, uint16_t type, uint32_t value)
{
	put(r, type, &value, sizeof(value));
}

static void begin(struct request *r, uint16_t family, uint8_t cmd)
{
	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->nlh.nlmsg_type = family;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	r->genl.cmd = cmd;
	r->genl.version = 1;
}

static const struct nlattr *find(const char *p, const char *end, uint16_t type)
{
	const struct nlattr *a;

	for (; p + NLA_HDRLEN <= end; p += NLA_ALIGN(a->nla_len)) {
		a = (const void *)p;
		if (a->nla_len < NLA_HDRLEN || a->nla_len > end - p)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
	}
	return NULL;
}

/* The kernel's own words, behind the error of the message that it refused */
static void get_message(const struct nlmsghdr *nlh, struct answer *answer)
{
	const struct nlmsgerr *e = NLMSG_DATA(nlh);
	const char *p = (const char *)e + sizeof(*e);
	const struct nlattr *a;
	size_t len;

	if (!answer->room || !(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		p += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	a = find(p, (const char *)nlh + nlh->nlmsg_len, NLMSGERR_ATTR_MSG);
	if (!a)
		return;
	len = a->nla_len - NLA_HDRLEN;
	if (len >= answer->room)
		len = answer->room - 1;
	memcpy(answer->message, (const char *)a + NLA_HDRLEN, len);
	answer->message[len] = 0;
}

static int call(int fd, const struct request *r, struct answer *answer)
{
	char buf[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *nlh;
	const struct nlattr *a;
	size_t len;
	ssize_t n;

	do
		n = send(fd, r, r->nlh.nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (;;) {
		/* It has been done, or will be: a signal must not hide that. */
		do
			n = recv(fd, buf, sizeof(buf), 0);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return -errno;
		nlh = (const void *)buf;
		for (len = n; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
			if (nlh->nlmsg_type == NLMSG_ERROR) {
				get_message(nlh, answer);
				return ((struct nlmsgerr *)
					NLMSG_DATA(nlh))->error;
			}
			a = find((char *)nlh + NLMSG_LENGTH(GENL_HDRLEN),
				 (char *)nlh + nlh->nlmsg_len, answer->type);
			if (!a)
				continue;
			/* u16 or u32 */
			answer->value = 0;
			memcpy(&answer->value, (const char *)a + NLA_HDRLEN,
			       a->nla_len - NLA_HDRLEN < 4 ? 2 : 4);
		}
	}
}

/* A socket, and the number of its family, or -errno: ENOENT: there is none */
static int netdev_open(uint32_t *family)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct answer answer = { .type = CTRL_ATTR_FAMILY_ID };
	struct request r;
	int err, one = 1;

	if (fd < 0)
		return -errno;
	/* only for its words */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	begin(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	put(&r, CTRL_ATTR_FAMILY_NAME, "netdev", sizeof("netdev"));
	err = call(fd, &r, &answer);
	if (err) {
		close(fd);
		return err;
	}
	*family = answer.value;
	return fd;
}

/**
 * zcpy_netdev_bind() - have the kernel's devmem provider fill a DMA-BUF
 * @ifindex: the NIC, in the caller's network namespace
 * @queue: its receive queue
 * @dmabuf: may be closed afterwards
 * @binding: out: dmabuf; message, if it fails
 *
 * Return: the socket that holds the binding as long as it is open, or a negative
 * errno; ENOENT is a kernel without netdev-genl.
 */
int zcpy_netdev_bind(unsigned int ifindex, unsigned int queue, int dmabuf,
		     struct zcpy_rx_binding *binding)
{
	struct answer answer = {
		.type = NETDEV_A_DMABUF_ID, .message = binding->message,
		.room = sizeof(binding->message),
	};
	struct nlattr *nest;
	struct request r;
	uint32_t family = 0;
	int fd, err;

	fd = netdev_open(&family);
	if (fd < 0)
		return fd;
	begin(&r, family, NETDEV_CMD_BIND_RX);
	put_u32(&r, NETDEV_A_DMABUF_IFINDEX, ifindex);
	nest = put(&r, NETDEV_A_DMABUF_QUEUES | NLA_F_NESTED, NULL, 0);
	put_u32(&r, NETDEV_A_QUEUE_ID, queue);
	put_u32(&r, NETDEV_A_QUEUE_TYPE, NETDEV_QUEUE_TYPE_RX);
	nest->nla_len = (char *)&r + r.nlh.nlmsg_len - (char *)nest;
	put_u32(&r, NETDEV_A_DMABUF_FD, dmabuf);
	err = call(fd, &r, &answer);
	if (err) {
		close(fd);
		return err;
	}
	binding->dmabuf = answer.value;
	return fd;
}
