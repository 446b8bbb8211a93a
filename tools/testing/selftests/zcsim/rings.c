// SPDX-License-Identifier: GPL-2.0
/*
 * Header/data split, for which this machine's ethtool may be too old:
 *
 *   rings DEVICE [tcp-data-split auto|off|on] [hds-thresh N]
 *
 * Prints what is set then.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "genl.h"

/* include/uapi/linux/ethtool_netlink.h: newer than what is installed here */
#define ETHTOOL_MSG_RINGS_GET		15
#define ETHTOOL_MSG_RINGS_SET		16
#define ETHTOOL_A_HEADER_DEV_INDEX	1
#define ETHTOOL_A_RINGS_HEADER		1
#define ETHTOOL_A_RINGS_RX		6
#define ETHTOOL_A_RINGS_TX		9
#define ETHTOOL_A_RINGS_RX_BUF_LEN	10
#define ETHTOOL_A_RINGS_TCP_DATA_SPLIT	11
#define ETHTOOL_A_RINGS_HDS_THRESH	17
#define ETHTOOL_A_RINGS_HDS_THRESH_MAX	18

static const char * const split_names[] = { "auto", "off", "on" };

static void header(struct genl_req *r, const char *dev)
{
	struct nlattr *nest = genl_put(r, ETHTOOL_A_RINGS_HEADER, NULL, 0);

	genl_put_u32(r, ETHTOOL_A_HEADER_DEV_INDEX, if_nametoindex(dev));
	genl_end_nest(r, nest);
}

static void show(const struct nlattr *attr, size_t len, void *arg)
{
	const struct nlattr *a;

	(void)arg;
	for (a = attr; a; a = genl_next(a, (const char *)attr + len)) {
		switch (a->nla_type) {
		case ETHTOOL_A_RINGS_RX:
			printf("rx %u\n", (unsigned int)genl_uint(a));
			break;
		case ETHTOOL_A_RINGS_TX:
			printf("tx %u\n", (unsigned int)genl_uint(a));
			break;
		case ETHTOOL_A_RINGS_RX_BUF_LEN:
			printf("rx-buf-len %u\n", (unsigned int)genl_uint(a));
			break;
		case ETHTOOL_A_RINGS_TCP_DATA_SPLIT:
			printf("tcp-data-split %s\n",
			       split_names[genl_uint(a) % 3]);
			break;
		case ETHTOOL_A_RINGS_HDS_THRESH:
			printf("hds-thresh %u\n", (unsigned int)genl_uint(a));
			break;
		case ETHTOOL_A_RINGS_HDS_THRESH_MAX:
			printf("hds-thresh-max %u\n",
			       (unsigned int)genl_uint(a));
			break;
		}
	}
}

static uint8_t split_value(const char *name)
{
	uint8_t i;

	for (i = 0; i < 3; i++) {
		if (!strcmp(name, split_names[i]))
			return i;
	}
	fprintf(stderr, "tcp-data-split is auto, off or on\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct genl_req r;
	uint16_t id;
	uint8_t val;
	int fd, i;

	if (argc < 2 || argc % 2) {
		fprintf(stderr,
			"usage: rings DEVICE [tcp-data-split auto|off|on] [hds-thresh N]\n");
		return 2;
	}
	fd = genl_open("ethtool", &id);
	if (argc > 2) {
		genl_begin(&r, id, ETHTOOL_MSG_RINGS_SET);
		header(&r, argv[1]);
		for (i = 2; i < argc; i += 2) {
			if (!strcmp(argv[i], "tcp-data-split")) {
				val = split_value(argv[i + 1]);
				genl_put(&r, ETHTOOL_A_RINGS_TCP_DATA_SPLIT,
					 &val, sizeof(val));
			} else if (!strcmp(argv[i], "hds-thresh")) {
				genl_put_u32(&r, ETHTOOL_A_RINGS_HDS_THRESH,
					     atoi(argv[i + 1]));
			} else {
				fprintf(stderr, "what is %s?\n", argv[i]);
				return 2;
			}
		}
		genl_call(fd, &r, 0, NULL, NULL);
	}
	genl_begin(&r, id, ETHTOOL_MSG_RINGS_GET);
	header(&r, argv[1]);
	genl_call(fd, &r, 0, show, NULL);
	return 0;
}
