/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM zerocopy_rx

#if !defined(_TRACE_ZEROCOPY_RX_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_ZEROCOPY_RX_H

#include <linux/tracepoint.h>

/* In the order of ZEROCOPY_RX_WHY_...; /proc/net/zerocopy_rx has these too. */
#define ZC_RX_COPY_REASONS				\
	EM(ZC_RX_COPY_NONE,		"none")		\
	EM(ZC_RX_COPY_UNBOUND,		"unbound")	\
	EM(ZC_RX_COPY_HOST,		"host")		\
	EM(ZC_RX_COPY_LINEAR,		"linear")	\
	EM(ZC_RX_COPY_FOREIGN,		"foreign")	\
	EM(ZC_RX_COPY_DEVICE,		"device")	\
	EM(ZC_RX_COPY_SYNC,		"sync")		\
	EM(ZC_RX_COPY_KERNEL,		"kernel")	\
	EM(ZC_RX_COPY_AREA,		"area")		\
	E_(ZC_RX_COPY_RESERVE,		"reserve")

#define ZC_RX_BUFFER_REASONS				\
	EM(ZC_RX_BUFFER_TAKE,		"take")		\
	EM(ZC_RX_BUFFER_FULL,		"full")		\
	EM(ZC_RX_BUFFER_LEFT,		"left")		\
	EM(ZC_RX_BUFFER_HAND_OUT,	"hand-out")	\
	EM(ZC_RX_BUFFER_CLAIM,		"claim")	\
	EM(ZC_RX_BUFFER_RETURN,		"return")	\
	EM(ZC_RX_BUFFER_BAD,		"bad")		\
	E_(ZC_RX_BUFFER_CLOSE,		"close")

#define ZC_RX_SOCK_REASONS				\
	EM(ZC_RX_SOCK_ATTACH,		"attach")	\
	EM(ZC_RX_SOCK_CHILD,		"child")	\
	EM(ZC_RX_SOCK_DECLINE,		"decline")	\
	EM(ZC_RX_SOCK_READY,		"ready")	\
	EM(ZC_RX_SOCK_NEW,		"new")		\
	EM(ZC_RX_SOCK_EOF,		"eof")		\
	EM(ZC_RX_SOCK_STARVED,		"starved")	\
	EM(ZC_RX_SOCK_FULL,		"full")		\
	EM(ZC_RX_SOCK_DETACH,		"detach")	\
	EM(ZC_RX_SOCK_GONE,		"gone")		\
	E_(ZC_RX_SOCK_FREE,		"free")

#ifndef __ZC_RX_REASONS_ONCE_ONLY
#define __ZC_RX_REASONS_ONCE_ONLY

#undef EM
#undef E_
#define EM(a, b) a,
#define E_(a, b) a,

enum zc_rx_copy_reason { ZC_RX_COPY_REASONS ZC_RX_COPY_MAX };
enum zc_rx_buffer_reason { ZC_RX_BUFFER_REASONS };
enum zc_rx_sock_reason { ZC_RX_SOCK_REASONS };

#endif

#undef EM
#undef E_
#define EM(a, b) TRACE_DEFINE_ENUM(a);
#define E_(a, b) TRACE_DEFINE_ENUM(a);

ZC_RX_COPY_REASONS
ZC_RX_BUFFER_REASONS
ZC_RX_SOCK_REASONS

#undef EM
#undef E_
#define EM(a, b) { a, b },
#define E_(a, b) { a, b }

TRACE_EVENT(zc_rx_copy,
	TP_PROTO(u64 cookie, u32 bytes, enum zc_rx_copy_reason reason),
	TP_ARGS(cookie, bytes, reason),
	TP_STRUCT__entry(
		__field(u64,			cookie)
		__field(u32,			bytes)
		__field(enum zc_rx_copy_reason,	reason)
	),
	TP_fast_assign(
		__entry->cookie = cookie;
		__entry->bytes = bytes;
		__entry->reason = reason;
	),
	TP_printk("cookie=%llu bytes=%u reason=%s", __entry->cookie,
		  __entry->bytes,
		  __print_symbolic(__entry->reason, ZC_RX_COPY_REASONS))
);

TRACE_EVENT(zc_rx_buffer,
	TP_PROTO(unsigned int area, u32 token, u32 users,
		 enum zc_rx_buffer_reason reason),
	TP_ARGS(area, token, users, reason),
	TP_STRUCT__entry(
		__field(unsigned int,			area)
		__field(u32,				token)
		__field(u32,				users)
		__field(enum zc_rx_buffer_reason,	reason)
	),
	TP_fast_assign(
		__entry->area = area;
		__entry->token = token;
		__entry->users = users;
		__entry->reason = reason;
	),
	TP_printk("area=%u token=%u %s users=%u", __entry->area, __entry->token,
		  __print_symbolic(__entry->reason, ZC_RX_BUFFER_REASONS),
		  __entry->users)
);

TRACE_EVENT(zc_rx_sock,
	TP_PROTO(const void *rx, u64 cookie, u64 bytes,
		 enum zc_rx_sock_reason reason),
	TP_ARGS(rx, cookie, bytes, reason),
	TP_STRUCT__entry(
		__field(const void *,			rx)
		__field(u64,				cookie)
		__field(u64,				bytes)
		__field(enum zc_rx_sock_reason,		reason)
	),
	TP_fast_assign(
		__entry->rx = rx;
		__entry->cookie = cookie;
		__entry->bytes = bytes;
		__entry->reason = reason;
	),
	TP_printk("rx=%p cookie=%llu %s bytes=%llu", __entry->rx,
		  __entry->cookie,
		  __print_symbolic(__entry->reason, ZC_RX_SOCK_REASONS),
		  __entry->bytes)
);

#endif /* _TRACE_ZEROCOPY_RX_H */

#include <trace/define_trace.h>
