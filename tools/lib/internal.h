/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef LIBZEROCOPY_INTERNAL_H
#define LIBZEROCOPY_INTERNAL_H

#include "libzerocopy.h"

/**
 * struct rx - a receiver
 * @rx: what programs see
 * @length: bytes that are mapped
 * @bound: netlink sockets: each holds a binding for as long as it is open
 * @nr_bound: how many
 */
struct rx {
	struct zcpy_rx rx;
	size_t length;
	int *bound;
	unsigned int nr_bound;
};

/* Not exported; for bind.c, and for a test of it without a receiver */
int zcpy_netdev_bind(unsigned int ifindex, unsigned int queue, int dmabuf,
		     struct zcpy_rx_binding *binding);

#endif
