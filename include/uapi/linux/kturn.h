/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	include/netlink/kturn.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_KTURN_H
#define _UAPI_LINUX_KTURN_H

#define KTURN_GENL_NAME		"kturn"
#define KTURN_GENL_VERSION	1

#define KTURN_COOKIE_MAX	256
#define KTURN_HEAD_MAX		64
#define KTURN_OUTLIVE_MAX	86400000

/**
 * enum kturn_relay_state - how far the two streams have come
 * @KTURN_RELAY_STATE_OPEN: both directions carry data
 * @KTURN_RELAY_STATE_HALF_CLOSED: one side has sent its FIN, and it was passed
 *   on
 * @KTURN_RELAY_STATE_CLOSING: both FINs were passed on; waiting for the last
 *   acknowledgments
 * @KTURN_RELAY_STATE_RESETTING: one side was reset; what it sent before still
 *   goes out
 * @KTURN_RELAY_STATE_ENDED: the module holds the sockets no more
 */
enum kturn_relay_state {
	KTURN_RELAY_STATE_OPEN,
	KTURN_RELAY_STATE_HALF_CLOSED,
	KTURN_RELAY_STATE_CLOSING,
	KTURN_RELAY_STATE_RESETTING,
	KTURN_RELAY_STATE_ENDED,
};

/**
 * enum kturn_engine - what moves the bytes of a relay
 * @KTURN_ENGINE_PROCESS: a work item in process context
 * @KTURN_ENGINE_SOFTIRQ: the softirq that brings the bytes, and a work item
 *   for what it cannot do
 * @KTURN_ENGINE_TLS: a work item that goes through the kernel's TLS; whenever
 *   a socket has that
 */
enum kturn_engine {
	KTURN_ENGINE_PROCESS,
	KTURN_ENGINE_SOFTIRQ,
	KTURN_ENGINE_TLS,
};

/**
 * enum kturn_end_reason - why a relay ended
 * @KTURN_END_REASON_NONE: it has not
 * @KTURN_END_REASON_EOF: both streams were carried to their end
 * @KTURN_END_REASON_CLIENT_RESET: the client reset its connection
 * @KTURN_END_REASON_PEER_RESET: the peer reset its connection
 * @KTURN_END_REASON_DELETED: deleted by request
 * @KTURN_END_REASON_OWNER_GONE: the netlink socket that owned the relay was
 *   closed, and none adopted it in time
 * @KTURN_END_REASON_URGENT: urgent data arrived, which cannot be relayed
 * @KTURN_END_REASON_TLS_ALERT: a side ended its TLS with a fatal alert; the
 *   alert attribute tells which
 * @KTURN_END_REASON_TLS_TRUNCATED: a side with TLS closed its connection
 *   without saying so in TLS (close_notify)
 * @KTURN_END_REASON_TLS_KEY_UPDATE: a side with TLS changed its keys
 *   (KeyUpdate), which the kernel cannot follow
 * @KTURN_END_REASON_ERROR: a socket failed; the errno attribute tells how
 */
enum kturn_end_reason {
	KTURN_END_REASON_NONE,
	KTURN_END_REASON_EOF,
	KTURN_END_REASON_CLIENT_RESET,
	KTURN_END_REASON_PEER_RESET,
	KTURN_END_REASON_DELETED,
	KTURN_END_REASON_OWNER_GONE,
	KTURN_END_REASON_URGENT,
	KTURN_END_REASON_TLS_ALERT,
	KTURN_END_REASON_TLS_TRUNCATED,
	KTURN_END_REASON_TLS_KEY_UPDATE,
	KTURN_END_REASON_ERROR,
};

enum {
	KTURN_A_LEG_LOCAL_ADDR = 1,
	KTURN_A_LEG_LOCAL_PORT,
	KTURN_A_LEG_REMOTE_ADDR,
	KTURN_A_LEG_REMOTE_PORT,

	__KTURN_A_LEG_MAX,
	KTURN_A_LEG_MAX = (__KTURN_A_LEG_MAX - 1)
};

enum {
	KTURN_A_FLOW_PAD = 1,
	KTURN_A_FLOW_BYTES,
	KTURN_A_FLOW_MOVES,
	KTURN_A_FLOW_WAITS,
	KTURN_A_FLOW_COPIED,
	KTURN_A_FLOW_IDLE_MS,
	KTURN_A_FLOW_QUEUED,
	KTURN_A_FLOW_UNACKED,
	KTURN_A_FLOW_EOF,
	KTURN_A_FLOW_HEAD,
	KTURN_A_FLOW_COALESCED,

	__KTURN_A_FLOW_MAX,
	KTURN_A_FLOW_MAX = (__KTURN_A_FLOW_MAX - 1)
};

enum {
	KTURN_A_RUNS_PAD = 1,
	KTURN_A_RUNS_DIRECT,
	KTURN_A_RUNS_SOFTIRQ,
	KTURN_A_RUNS_PROCESS,
	KTURN_A_RUNS_DEFERS,

	__KTURN_A_RUNS_MAX,
	KTURN_A_RUNS_MAX = (__KTURN_A_RUNS_MAX - 1)
};

enum {
	KTURN_A_RELAY_PAD = 1,
	KTURN_A_RELAY_ID,
	KTURN_A_RELAY_CLIENT_FD,
	KTURN_A_RELAY_PEER_FD,
	KTURN_A_RELAY_GROUP,
	KTURN_A_RELAY_COOKIE,
	KTURN_A_RELAY_CLIENT,
	KTURN_A_RELAY_PEER,
	KTURN_A_RELAY_STATE,
	KTURN_A_RELAY_ENGINE,
	KTURN_A_RELAY_AGE_MS,
	KTURN_A_RELAY_OWNER,
	KTURN_A_RELAY_TO_PEER,
	KTURN_A_RELAY_TO_CLIENT,
	KTURN_A_RELAY_REASON,
	KTURN_A_RELAY_ERRNO,
	KTURN_A_RELAY_OUTLIVE_MS,
	KTURN_A_RELAY_ADOPT_WITHIN_MS,
	KTURN_A_RELAY_ADOPTED,
	KTURN_A_RELAY_RUNS,
	KTURN_A_RELAY_ALERT,

	__KTURN_A_RELAY_MAX,
	KTURN_A_RELAY_MAX = (__KTURN_A_RELAY_MAX - 1)
};

enum {
	KTURN_A_REASON_COUNT_PAD = 1,
	KTURN_A_REASON_COUNT_REASON,
	KTURN_A_REASON_COUNT_COUNT,

	__KTURN_A_REASON_COUNT_MAX,
	KTURN_A_REASON_COUNT_MAX = (__KTURN_A_REASON_COUNT_MAX - 1)
};

enum {
	KTURN_A_STATS_PAD = 1,
	KTURN_A_STATS_RELAYS,
	KTURN_A_STATS_CREATED,
	KTURN_A_STATS_REFUSED,
	KTURN_A_STATS_BYTES_TO_PEER,
	KTURN_A_STATS_BYTES_TO_CLIENT,
	KTURN_A_STATS_COPIED,
	KTURN_A_STATS_ENDED,
	KTURN_A_STATS_MOVES,
	KTURN_A_STATS_WAITS,
	KTURN_A_STATS_COALESCED,
	KTURN_A_STATS_RUNS,
	KTURN_A_STATS_GENERATION,

	__KTURN_A_STATS_MAX,
	KTURN_A_STATS_MAX = (__KTURN_A_STATS_MAX - 1)
};

enum {
	KTURN_A_CAPS_PAD = 1,
	KTURN_A_CAPS_OWNER,
	KTURN_A_CAPS_NETNS,
	KTURN_A_CAPS_TOTAL,

	__KTURN_A_CAPS_MAX,
	KTURN_A_CAPS_MAX = (__KTURN_A_CAPS_MAX - 1)
};

enum kturn_cmd {
	KTURN_CMD_RELAY_ADD = 1,
	KTURN_CMD_RELAY_GET,
	KTURN_CMD_RELAY_DEL,
	KTURN_CMD_RELAY_ADD_NTF,
	KTURN_CMD_RELAY_DEL_NTF,
	KTURN_CMD_STATS_GET,
	KTURN_CMD_RELAY_ADOPT,
	KTURN_CMD_CAPS_GET,
	KTURN_CMD_CAPS_SET,

	__KTURN_CMD_MAX,
	KTURN_CMD_MAX = (__KTURN_CMD_MAX - 1)
};

#define KTURN_MCGRP_RELAYS	"relays"

#endif /* _UAPI_LINUX_KTURN_H */
