/* SPDX-License-Identifier: GPL-2.0 */
/* What goes over the wire; all of it in network byte order. */
#ifndef _SAMPLES_ZC_RPC_H
#define _SAMPLES_ZC_RPC_H

#include <linux/types.h>

#define ZC_RPC_PORT	7780
#define ZC_RPC_MAGIC	0x7a637270
#define ZC_RPC_MAX	0x100000	/* most payload in a reply */
#define ZC_RPC_TRAILER	"end of a reply."

enum zc_rpc_mode {
	ZC_RPC_PLAIN,	/* kernel_sendmsg(): copies */
	ZC_RPC_LAYER,	/* header in slab */
	ZC_RPC_FRAG,	/* header in a page fragment of the layer's */
};

struct zc_rpc_request {
	__be32	magic;
	__be32	mode;
	__be64	offset;
	__be32	length;
	__be32	tag;
};

/* Followed by length bytes of the file, and the trailer with its final 0. */
struct zc_rpc_reply {
	__be32	magic;
	__be32	status;		/* 0, or an errno; then there is no payload */
	__be64	offset;
	__be32	length;
	__be32	tag;
};

#endif /* _SAMPLES_ZC_RPC_H */
