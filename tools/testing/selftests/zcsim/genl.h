/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink, as much as the programs here need.
 */
#ifndef ZS_GENL_H
#define ZS_GENL_H

#include <stddef.h>
#include <stdint.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

struct genl_req {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	char attrs[512];
};

typedef void (*genl_reply)(const struct nlattr *attr, size_t len, void *arg);

void die(const char *what);
int genl_open(const char *family, uint16_t *id);
void genl_begin(struct genl_req *r, uint16_t family, uint8_t cmd);
struct nlattr *genl_put(struct genl_req *r, uint16_t type, const void *data,
			size_t len);
void genl_put_u32(struct genl_req *r, uint16_t type, uint32_t val);
void genl_end_nest(struct genl_req *r, struct nlattr *nest);
int genl_try(int fd, struct genl_req *r, uint16_t flags, genl_reply reply,
	     void *arg);
void genl_call(int fd, struct genl_req *r, uint16_t flags, genl_reply reply,
	       void *arg);

static inline const void *genl_data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

uint64_t genl_uint(const struct nlattr *a);
const struct nlattr *genl_next(const struct nlattr *a, const void *end);

#endif
