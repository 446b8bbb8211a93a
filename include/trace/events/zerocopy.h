/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM zerocopy

#if !defined(_TRACE_ZEROCOPY_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_ZEROCOPY_H

#include <linux/tracepoint.h>

/* Reasons: the first word is what /proc/net/zerocopy calls them too. */
#define ZC_LOAN_REASONS				\
	EM(ZC_LOAN_NEW,		"new")		\
	EM(ZC_LOAN_GET_LINK,	"get-link")	\
	EM(ZC_LOAN_PUT_CALL,	"put-call")	\
	EM(ZC_LOAN_PUT_SENT,	"put-sent")	\
	EM(ZC_LOAN_PUT_COPIED,	"put-copied")	\
	EM(ZC_LOAN_PUT_LINK,	"put-link")	\
	EM(ZC_LOAN_TRIM,	"trim")		\
	EM(ZC_LOAN_DEFER,	"defer")	\
	E_(ZC_LOAN_END,		"end")

#define ZC_COPY_REASONS				\
	EM(ZC_COPY_ROUTE,	"route")	\
	EM(ZC_COPY_MEMLOCK,	"memlock")	\
	EM(ZC_COPY_WINDOW,	"window")	\
	EM(ZC_COPY_NOMEM,	"nomem")	\
	EM(ZC_COPY_ORPHAN,	"orphan")	\
	EM(ZC_COPY_INLINE,	"inline")	\
	EM(ZC_COPY_PRIVATE,	"private")	\
	EM(ZC_COPY_SUSPENDED,	"suspended")	\
	EM(ZC_COPY_SMALL,	"small")	\
	EM(ZC_COPY_UNLENT,	"unlent")	\
	EM(ZC_COPY_MEMORY,	"memory")	\
	EM(ZC_COPY_PIECES,	"pieces")	\
	E_(ZC_COPY_CORK,	"cork")

#define ZC_PASS_REASONS				\
	EM(ZC_PASS_DISABLED,	"disabled")	\
	EM(ZC_PASS_SUSPENDED,	"suspended")	\
	EM(ZC_PASS_NOSOCKOPT,	"nosockopt")	\
	EM(ZC_PASS_PROTO,	"proto")	\
	EM(ZC_PASS_UBUF,	"ubuf")		\
	EM(ZC_PASS_FASTOPEN,	"fastopen")	\
	EM(ZC_PASS_STATE,	"state")	\
	EM(ZC_PASS_REPAIR,	"repair")	\
	EM(ZC_PASS_CORK,	"cork")		\
	EM(ZC_PASS_DEVMEM,	"devmem")	\
	EM(ZC_PASS_SPLICE,	"splice")	\
	EM(ZC_PASS_ITER,	"iter")		\
	EM(ZC_PASS_SIZE,	"size")		\
	EM(ZC_PASS_PROBE,	"probe")	\
	E_(ZC_PASS_NOMEM,	"nomem")

#define ZC_AREA_REASONS				\
	EM(ZC_AREA_NEW,		"new")		\
	EM(ZC_AREA_LEND,	"lend")		\
	EM(ZC_AREA_BACK,	"back")		\
	EM(ZC_AREA_FILL,	"fill")		\
	EM(ZC_AREA_FILLED,	"filled")	\
	EM(ZC_AREA_SUSPECTED,	"suspected")	\
	EM(ZC_AREA_SAME,	"same")		\
	EM(ZC_AREA_REPLACED,	"replaced")	\
	EM(ZC_AREA_UNMAP,	"unmap")	\
	EM(ZC_AREA_UNREGISTER,	"unregister")	\
	EM(ZC_AREA_DETACH,	"detach")	\
	E_(ZC_AREA_END,		"end")

#define ZC_COMPLETION_REASONS				\
	EM(ZC_COMPLETION_OPEN,		"open")		\
	EM(ZC_COMPLETION_BEGIN,		"begin")	\
	EM(ZC_COMPLETION_DONE,		"done")		\
	EM(ZC_COMPLETION_PASSED,	"passed")	\
	EM(ZC_COMPLETION_FULL,		"full")		\
	EM(ZC_COMPLETION_ABORT,		"abort")	\
	E_(ZC_COMPLETION_CLOSE,		"close")

#ifndef __ZC_REASONS_ONCE_ONLY
#define __ZC_REASONS_ONCE_ONLY

#undef EM
#undef E_
#define EM(a, b) a,
#define E_(a, b) a,

enum zc_loan_reason { ZC_LOAN_REASONS };
enum zc_copy_reason { ZC_COPY_REASONS ZC_COPY_MAX };
enum zc_pass_reason { ZC_PASS_REASONS ZC_PASS_MAX };
enum zc_area_reason { ZC_AREA_REASONS };
enum zc_completion_reason { ZC_COMPLETION_REASONS };

#endif

#undef EM
#undef E_
#define EM(a, b) TRACE_DEFINE_ENUM(a);
#define E_(a, b) TRACE_DEFINE_ENUM(a);

ZC_LOAN_REASONS
ZC_COPY_REASONS
ZC_PASS_REASONS
ZC_AREA_REASONS
ZC_COMPLETION_REASONS

#undef EM
#undef E_
#define EM(a, b) { a, b },
#define E_(a, b) { a, b }

TRACE_EVENT(zc_loan,
	TP_PROTO(const void *sk, unsigned int id, int ref, size_t bytes,
		 enum zc_loan_reason reason),
	TP_ARGS(sk, id, ref, bytes, reason),
	TP_STRUCT__entry(
		__field(const void *,		sk)
		__field(unsigned int,		id)
		__field(int,			ref)
		__field(size_t,			bytes)
		__field(enum zc_loan_reason,	reason)
	),
	TP_fast_assign(
		__entry->sk = sk;
		__entry->id = id;
		__entry->ref = ref;
		__entry->bytes = bytes;
		__entry->reason = reason;
	),
	TP_printk("sk=%p loan=%u %s ref=%d bytes=%zu",
		  __entry->sk, __entry->id,
		  __print_symbolic(__entry->reason, ZC_LOAN_REASONS),
		  __entry->ref, __entry->bytes)
);

TRACE_EVENT(zc_copy,
	TP_PROTO(const void *sk, size_t bytes, enum zc_copy_reason reason),
	TP_ARGS(sk, bytes, reason),
	TP_STRUCT__entry(
		__field(const void *,		sk)
		__field(size_t,			bytes)
		__field(enum zc_copy_reason,	reason)
	),
	TP_fast_assign(
		__entry->sk = sk;
		__entry->bytes = bytes;
		__entry->reason = reason;
	),
	TP_printk("sk=%p bytes=%zu reason=%s", __entry->sk, __entry->bytes,
		  __print_symbolic(__entry->reason, ZC_COPY_REASONS))
);

TRACE_EVENT(zc_pass,
	TP_PROTO(const void *sk, size_t bytes, enum zc_pass_reason reason),
	TP_ARGS(sk, bytes, reason),
	TP_STRUCT__entry(
		__field(const void *,		sk)
		__field(size_t,			bytes)
		__field(enum zc_pass_reason,	reason)
	),
	TP_fast_assign(
		__entry->sk = sk;
		__entry->bytes = bytes;
		__entry->reason = reason;
	),
	TP_printk("sk=%p bytes=%zu reason=%s", __entry->sk, __entry->bytes,
		  __print_symbolic(__entry->reason, ZC_PASS_REASONS))
);

TRACE_EVENT(zc_wait,
	TP_PROTO(const void *sk, unsigned long pages_out, long timeo),
	TP_ARGS(sk, pages_out, timeo),
	TP_STRUCT__entry(
		__field(const void *,	sk)
		__field(unsigned long,	pages_out)
		__field(long,		timeo)
	),
	TP_fast_assign(
		__entry->sk = sk;
		__entry->pages_out = pages_out;
		__entry->timeo = timeo;
	),
	TP_printk("sk=%p pages_out=%lu timeo=%ld", __entry->sk,
		  __entry->pages_out, __entry->timeo)
);

TRACE_EVENT(zc_pin,
	TP_PROTO(const void *source, size_t offset, size_t bytes,
		 unsigned long pages, int err),
	TP_ARGS(source, offset, bytes, pages, err),
	TP_STRUCT__entry(
		__field(const void *,	source)
		__field(size_t,		offset)
		__field(size_t,		bytes)
		__field(unsigned long,	pages)
		__field(int,		err)
	),
	TP_fast_assign(
		__entry->source = source;
		__entry->offset = offset;
		__entry->bytes = bytes;
		__entry->pages = pages;
		__entry->err = err;
	),
	TP_printk("source=%p offset=%zu bytes=%zu pages=%lu err=%d",
		  __entry->source, __entry->offset, __entry->bytes,
		  __entry->pages, __entry->err)
);

TRACE_EVENT(zc_unpin,
	TP_PROTO(const void *source, size_t bytes, unsigned long pages,
		 bool copied),
	TP_ARGS(source, bytes, pages, copied),
	TP_STRUCT__entry(
		__field(const void *,	source)
		__field(size_t,		bytes)
		__field(unsigned long,	pages)
		__field(bool,		copied)
	),
	TP_fast_assign(
		__entry->source = source;
		__entry->bytes = bytes;
		__entry->pages = pages;
		__entry->copied = copied;
	),
	TP_printk("source=%p bytes=%zu pages=%lu copied=%d", __entry->source,
		  __entry->bytes, __entry->pages, __entry->copied)
);

TRACE_EVENT(zc_area,
	TP_PROTO(unsigned int id, unsigned long addr, size_t bytes,
		 unsigned int users, enum zc_area_reason reason),
	TP_ARGS(id, addr, bytes, users, reason),
	TP_STRUCT__entry(
		__field(unsigned int,		id)
		__field(unsigned long,		addr)
		__field(size_t,			bytes)
		__field(unsigned int,		users)
		__field(enum zc_area_reason,	reason)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->addr = addr;
		__entry->bytes = bytes;
		__entry->users = users;
		__entry->reason = reason;
	),
	TP_printk("area=%u %s users=%u addr=%lx bytes=%zu", __entry->id,
		  __print_symbolic(__entry->reason, ZC_AREA_REASONS),
		  __entry->users, __entry->addr, __entry->bytes)
);

TRACE_EVENT(zc_completion,
	TP_PROTO(const void *sk, unsigned int id, unsigned long long progress,
		 enum zc_completion_reason reason),
	TP_ARGS(sk, id, progress, reason),
	TP_STRUCT__entry(
		__field(const void *,			sk)
		__field(unsigned int,			id)
		__field(unsigned long long,		progress)
		__field(enum zc_completion_reason,	reason)
	),
	TP_fast_assign(
		__entry->sk = sk;
		__entry->id = id;
		__entry->progress = progress;
		__entry->reason = reason;
	),
	TP_printk("sk=%p id=%u %s progress=%u.%u", __entry->sk, __entry->id,
		  __print_symbolic(__entry->reason, ZC_COMPLETION_REASONS),
		  (unsigned int)(__entry->progress >> 32),
		  (unsigned int)__entry->progress)
);

#endif /* _TRACE_ZEROCOPY_H */

#include <trace/define_trace.h>
