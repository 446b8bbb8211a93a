/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RECEIVE_H
#define RECEIVE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define RECEIVE_AREA	(16UL << 20)	/* the NIC's ring, a round, and some */
#define RECEIVE_QUEUE	1		/* where net.sh steers the flow */

/**
 * struct receive - one row of the receive benchmark
 * @name: variant
 * @size: bytes that are sent, and received, at a time
 * @sock: the receiving socket, connected; not there yet when a queue is bound
 * @ifindex: the receiving NIC, in the network namespace of this process
 * @calls: system calls so far
 * @frags: pieces that the data came in so far
 * @copied: bytes that the CPU copied so far
 */
struct receive {
	const char	*name;
	size_t		size;
	int		sock;
	unsigned int	ifindex;
	unsigned long	calls;
	unsigned long	frags;
	__u64		copied;
};

void leave_out(const struct receive *r, const char *why);
char *receive_memory(size_t len);

/* receive_queue.c */
void queue_wait_free(unsigned int ifindex);
void queue_bind_dmabuf(unsigned int ifindex, int dmabuf);

/* receive_devmem.c */
void devmem_bind(struct receive *r);
void devmem_take(struct receive *r);

/* receive_uring.c */
void zcrx_bind(struct receive *r);
void zcrx_attach(struct receive *r);
void zcrx_take(struct receive *r);

/* receive_area.c */
void area_open(struct receive *r);
void area_bind(struct receive *r);
void area_attach(struct receive *r);
void area_take(struct receive *r);

#endif /* RECEIVE_H */
