// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics of a device's queues, or of the device, as netdev-genl has them:
 *
 *   qstats DEVICE [queue]      "rx0 packets 1", or "rx packets 1"
 */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "genl.h"

/* include/uapi/linux/netdev.h: newer than what is installed here */
#define NETDEV_CMD_QSTATS_GET		12
#define NETDEV_A_QSTATS_IFINDEX		1
#define NETDEV_A_QSTATS_QUEUE_TYPE	2
#define NETDEV_A_QSTATS_QUEUE_ID	3
#define NETDEV_A_QSTATS_SCOPE		4

static const char * const names[] = {
	[8] = "rx packets", "rx bytes", "tx packets", "tx bytes",
	"rx alloc-fail", "rx hw-drops", "rx hw-drop-overruns",
	"rx csum-complete", "rx csum-unnecessary", "rx csum-none",
	"rx csum-bad", "rx hw-gro-packets", "rx hw-gro-bytes",
	"rx hw-gro-wire-packets", "rx hw-gro-wire-bytes",
	"rx hw-drop-ratelimits", "tx hw-drops", "tx hw-drop-errors",
	"tx csum-none", "tx needs-csum", "tx hw-gso-packets",
	"tx hw-gso-bytes", "tx hw-gso-wire-packets", "tx hw-gso-wire-bytes",
	"tx hw-drop-ratelimits", "tx stop", "tx wake",
};

static void show(const struct nlattr *attr, size_t len, void *arg)
{
	const struct nlattr *a;
	int queue = -1;

	(void)arg;
	for (a = attr; a; a = genl_next(a, (const char *)attr + len)) {
		if (a->nla_type == NETDEV_A_QSTATS_QUEUE_ID)
			queue = genl_uint(a);
	}
	for (a = attr; a; a = genl_next(a, (const char *)attr + len)) {
		if (a->nla_type >= sizeof(names) / sizeof(*names) ||
		    !names[a->nla_type])
			continue;
		if (queue < 0)
			printf("%s %llu\n", names[a->nla_type],
			       (unsigned long long)genl_uint(a));
		else
			printf("%.2s%d%s %llu\n", names[a->nla_type], queue,
			       names[a->nla_type] + 2,
			       (unsigned long long)genl_uint(a));
	}
}

int main(int argc, char **argv)
{
	struct genl_req r;
	uint16_t id;
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: qstats DEVICE [queue]\n");
		return 2;
	}
	fd = genl_open("netdev", &id);
	genl_begin(&r, id, NETDEV_CMD_QSTATS_GET);
	genl_put_u32(&r, NETDEV_A_QSTATS_IFINDEX, if_nametoindex(argv[1]));
	if (argc > 2)
		genl_put_u32(&r, NETDEV_A_QSTATS_SCOPE, 1);
	genl_call(fd, &r, NLM_F_DUMP, show, NULL);
	return 0;
}
