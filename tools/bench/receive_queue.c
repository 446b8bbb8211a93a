// SPDX-License-Identifier: GPL-2.0
/*
 * A NIC's receive queue, by netdev-genl.
 */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "../testing/selftests/zcsim/genl.h"
#include "measure.h"
#include "receive.h"

/* include/uapi/linux/netdev.h: newer than what is installed here */
#define NETDEV_CMD_QUEUE_GET	10
#define NETDEV_CMD_BIND_RX	13
#define NETDEV_A_QUEUE_ID	1
#define NETDEV_A_QUEUE_IFINDEX	2
#define NETDEV_A_QUEUE_TYPE	3
#define NETDEV_A_QUEUE_DMABUF	5
#define NETDEV_A_QUEUE_IO_URING	6
#define NETDEV_A_DMABUF_IFINDEX	1
#define NETDEV_A_DMABUF_QUEUES	2
#define NETDEV_A_DMABUF_FD	3
#define NETDEV_QUEUE_TYPE_RX	0

static void see_provider(const struct nlattr *attr, size_t len, void *arg)
{
	const struct nlattr *a;
	int type;

	for (a = attr; a; a = genl_next(a, (const char *)attr + len)) {
		type = a->nla_type & NLA_TYPE_MASK;
		if (type == NETDEV_A_QUEUE_DMABUF ||
		    type == NETDEV_A_QUEUE_IO_URING)
			*(bool *)arg = true;
	}
}

/*
 * An io_uring lets go of its queue some time after it was closed, and nothing
 * tells when: it is looked at.
 */
void queue_wait_free(unsigned int ifindex)
{
	unsigned int tries;
	struct genl_req req;
	uint16_t id;
	int fd = genl_open("netdev", &id);
	bool bound;

	for (tries = 0; tries < 10000; tries++) {
		bound = false;
		genl_begin(&req, id, NETDEV_CMD_QUEUE_GET);
		genl_put_u32(&req, NETDEV_A_QUEUE_IFINDEX, ifindex);
		genl_put_u32(&req, NETDEV_A_QUEUE_ID, RECEIVE_QUEUE);
		genl_put_u32(&req, NETDEV_A_QUEUE_TYPE, NETDEV_QUEUE_TYPE_RX);
		genl_call(fd, &req, 0, see_provider, &bound);
		if (!bound) {
			close(fd);
			return;
		}
		usleep(1000);
	}
	errno = EBUSY;
	fail("the queue");
}

/* For as long as this process lives. */
void queue_bind_dmabuf(unsigned int ifindex, int dmabuf)
{
	struct nlattr *nest;
	struct genl_req req;
	uint16_t id;
	int fd = genl_open("netdev", &id);

	genl_begin(&req, id, NETDEV_CMD_BIND_RX);
	genl_put_u32(&req, NETDEV_A_DMABUF_IFINDEX, ifindex);
	nest = genl_put(&req, NETDEV_A_DMABUF_QUEUES, NULL, 0);
	genl_put_u32(&req, NETDEV_A_QUEUE_ID, RECEIVE_QUEUE);
	genl_put_u32(&req, NETDEV_A_QUEUE_TYPE, NETDEV_QUEUE_TYPE_RX);
	genl_end_nest(&req, nest);
	genl_put_u32(&req, NETDEV_A_DMABUF_FD, dmabuf);
	genl_call(fd, &req, 0, NULL, NULL);
}
