// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink, as much as the programs here need.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "genl.h"

void die(const char *what)
{
	perror(what);
	exit(1);
}

struct nlattr *genl_put(struct genl_req *r, uint16_t type, const void *data,
			size_t len)
{
	struct nlattr *a = (void *)((char *)r + NLMSG_ALIGN(r->nlh.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	r->nlh.nlmsg_len = NLMSG_ALIGN(r->nlh.nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

void genl_put_u32(struct genl_req *r, uint16_t type, uint32_t val)
{
	genl_put(r, type, &val, sizeof(val));
}

void genl_end_nest(struct genl_req *r, struct nlattr *nest)
{
	nest->nla_type |= NLA_F_NESTED;
	nest->nla_len = (char *)r + r->nlh.nlmsg_len - (char *)nest;
}

void genl_begin(struct genl_req *r, uint16_t family, uint8_t cmd)
{
	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->nlh.nlmsg_type = family;
	r->genl.cmd = cmd;
	r->genl.version = 1;
}

/* An attribute of 4 or 8 bytes; the kernel sends what the value needs. */
uint64_t genl_uint(const struct nlattr *a)
{
	uint64_t val = 0;
	size_t len = a->nla_len - NLA_HDRLEN;

	memcpy(&val, genl_data(a), len < sizeof(val) ? len : sizeof(val));
	return val;
}

/* The attribute after @a, NULL if there is none. */
const struct nlattr *genl_next(const struct nlattr *a, const void *end)
{
	const char *next = (const char *)a + NLA_ALIGN(a->nla_len);

	if (next + NLA_HDRLEN > (const char *)end)
		return NULL;
	return (const void *)next;
}

/*
 * @flags: 0, or NLM_F_DUMP. @reply is called for each message that comes.
 * Returns the kernel's answer, 0 or an errno.
 */
int genl_try(int fd, struct genl_req *r, uint16_t flags, genl_reply reply,
	     void *arg)
{
	const size_t head = NLMSG_LENGTH(GENL_HDRLEN);
	static char buf[65536];
	struct nlmsghdr *nlh;
	ssize_t n;

	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	if (send(fd, r, r->nlh.nlmsg_len, 0) < 0)
		die("netlink send");
	for (;;) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n < 0)
			die("netlink recv");
		for (nlh = (void *)buf; NLMSG_OK(nlh, n);
		     nlh = NLMSG_NEXT(nlh, n)) {
			if (nlh->nlmsg_type == NLMSG_DONE)
				return 0;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return -((struct nlmsgerr *)
					 NLMSG_DATA(nlh))->error;
			if (reply)
				reply((void *)((char *)nlh + head),
				      nlh->nlmsg_len - head, arg);
		}
	}
}

/* The same, of what has to work */
void genl_call(int fd, struct genl_req *r, uint16_t flags, genl_reply reply,
	       void *arg)
{
	errno = genl_try(fd, r, flags, reply, arg);
	if (errno)
		die("netlink");
}

static void genl_family(const struct nlattr *attr, size_t len, void *arg)
{
	const struct nlattr *a;

	for (a = attr; a; a = genl_next(a, (const char *)attr + len)) {
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			*(uint16_t *)arg = genl_uint(a);
	}
}

int genl_open(const char *family, uint16_t *id)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	struct genl_req r;

	if (fd < 0)
		die("netlink");
	genl_begin(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	genl_put(&r, CTRL_ATTR_FAMILY_NAME, family, strlen(family) + 1);
	genl_call(fd, &r, 0, genl_family, id);
	return fd;
}
