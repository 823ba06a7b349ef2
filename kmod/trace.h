/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, for perf, bpftrace and tracefs: what becomes of a relay, and of
 * its bytes. One that is off costs a jump that is not taken.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kturn

#if !defined(_KTURN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KTURN_TRACE_H

#include <linux/jiffies.h>
#include <linux/tracepoint.h>
#include <linux/kturn.h>
#include <net/tcp.h>

#include "engine.h"
#include "relay.h"

#define KTURN_TRACE_REASONS			\
	REASON(NONE, "none")			\
	REASON(EOF, "eof")			\
	REASON(CLIENT_RESET, "client-reset")	\
	REASON(PEER_RESET, "peer-reset")	\
	REASON(DELETED, "deleted")		\
	REASON(OWNER_GONE, "owner-gone")	\
	REASON(URGENT, "urgent")		\
	REASON(IDLE, "idle")			\
	REASON(LIMIT, "limit")			\
	REASON(TLS_ALERT, "tls-alert")		\
	REASON(TLS_TRUNCATED, "tls-truncated")	\
	REASON(TLS_KEY_UPDATE, "tls-key-update") \
	REASON_LAST(ERROR, "error")

/* For perf, which reads the format and does not know our enum. */
#undef REASON
#undef REASON_LAST
#define REASON(name, text)	TRACE_DEFINE_ENUM(KTURN_END_REASON_##name);
#define REASON_LAST(name, text)	TRACE_DEFINE_ENUM(KTURN_END_REASON_##name);
KTURN_TRACE_REASONS
#undef REASON
#undef REASON_LAST
#define REASON(name, text)	{ KTURN_END_REASON_##name, text },
#define REASON_LAST(name, text)	{ KTURN_END_REASON_##name, text }

TRACE_DEFINE_ENUM(KTURN_ENGINE_PROCESS);
TRACE_DEFINE_ENUM(KTURN_ENGINE_SOFTIRQ);
TRACE_DEFINE_ENUM(KTURN_ENGINE_TLS);

TRACE_EVENT(kturn_relay_add,
	TP_PROTO(const struct kturn_relay *relay),
	TP_ARGS(relay),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, group)
		__field(u32, owner)
		__field(u8, engine)
	),
	TP_fast_assign(
		__entry->id = relay->id;
		__entry->group = relay->group;
		__entry->owner = relay->owner;
		__entry->engine = relay->engine->id;
	),
	TP_printk("id=%llu group=%#llx owner=%u engine=%s", __entry->id, __entry->group,
		  __entry->owner,
		  __print_symbolic(__entry->engine,
				   { KTURN_ENGINE_PROCESS, "process" },
				   { KTURN_ENGINE_SOFTIRQ, "softirq" },
				   { KTURN_ENGINE_TLS, "tls" }))
);

/* An owner of 0: it was closed, and the relay waits for another one. */
TRACE_EVENT(kturn_relay_owner,
	TP_PROTO(const struct kturn_relay *relay),
	TP_ARGS(relay),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, owner)
		__field(u32, outlive_ms)
	),
	TP_fast_assign(
		__entry->id = relay->id;
		__entry->owner = relay->owner;
		__entry->outlive_ms = relay->outlive_ms;
	),
	TP_printk("id=%llu owner=%u outlive_ms=%u", __entry->id, __entry->owner,
		  __entry->outlive_ms)
);

TRACE_EVENT(kturn_relay_end,
	TP_PROTO(const struct kturn_relay *relay),
	TP_ARGS(relay),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, to_peer)
		__field(u64, to_client)
		__field(u64, age_ms)
		__field(int, reason)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->id = relay->id;
		__entry->to_peer = relay->to_peer.stats.bytes;
		__entry->to_client = relay->to_client.stats.bytes;
		__entry->age_ms = jiffies64_to_msecs(jiffies - relay->start);
		__entry->reason = relay->reason;
		__entry->err = relay->err;
	),
	TP_printk("id=%llu reason=%s errno=%d to_peer=%llu to_client=%llu age_ms=%llu",
		  __entry->id, __print_symbolic(__entry->reason, KTURN_TRACE_REASONS),
		  __entry->err, __entry->to_peer, __entry->to_client, __entry->age_ms)
);

/* Bytes were moved; in softirq or not, that is in the flags of every event. */
TRACE_EVENT(kturn_move,
	TP_PROTO(const struct kturn_flow *flow, size_t bytes, size_t copied),
	TP_ARGS(flow, bytes, copied),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, bytes)
		__field(u32, copied)
		__field(bool, to_peer)
	),
	TP_fast_assign(
		__entry->id = flow->src->relay->id;
		__entry->bytes = bytes;
		__entry->copied = copied;
		__entry->to_peer = flow == &flow->src->relay->to_peer;
	),
	TP_printk("id=%llu to=%s bytes=%u copied=%u", __entry->id,
		  __entry->to_peer ? "peer" : "client", __entry->bytes, __entry->copied)
);

/* The receiver has no room for the bytes that wait. */
TRACE_EVENT(kturn_wait,
	TP_PROTO(const struct kturn_flow *flow),
	TP_ARGS(flow),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(int, queued)
		__field(bool, to_peer)
	),
	TP_fast_assign(
		__entry->id = flow->src->relay->id;
		__entry->queued = tcp_inq(flow->src->sk);
		__entry->to_peer = flow == &flow->src->relay->to_peer;
	),
	TP_printk("id=%llu to=%s queued=%d", __entry->id,
		  __entry->to_peer ? "peer" : "client", __entry->queued)
);

/* A process has one of the sockets: softirq leaves the run to a work item. */
TRACE_EVENT(kturn_defer,
	TP_PROTO(const struct kturn_relay *relay),
	TP_ARGS(relay),
	TP_STRUCT__entry(
		__field(u64, id)
	),
	TP_fast_assign(
		__entry->id = relay->id;
	),
	TP_printk("id=%llu", __entry->id)
);

#endif /* _KTURN_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
