// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "genl.h"
#include "macros.h"

static const char *const states[] = {
	[KTURN_RELAY_STATE_OPEN]	= "open",
	[KTURN_RELAY_STATE_HALF_CLOSED]	= "half-closed",
	[KTURN_RELAY_STATE_CLOSING]	= "closing",
	[KTURN_RELAY_STATE_RESETTING]	= "resetting",
	[KTURN_RELAY_STATE_ENDED]	= "ended",
};

static const char *const engines[] = {
	[KTURN_ENGINE_PROCESS]		= "process",
	[KTURN_ENGINE_SOFTIRQ]		= "softirq",
	[KTURN_ENGINE_TLS]		= "tls",
};

static const char *const reasons[] = {
	[KTURN_END_REASON_NONE]		= "none",
	[KTURN_END_REASON_EOF]		= "eof",
	[KTURN_END_REASON_CLIENT_RESET]	= "client-reset",
	[KTURN_END_REASON_PEER_RESET]	= "peer-reset",
	[KTURN_END_REASON_DELETED]	= "deleted",
	[KTURN_END_REASON_OWNER_GONE]	= "owner-gone",
	[KTURN_END_REASON_URGENT]	= "urgent",
	[KTURN_END_REASON_TLS_ALERT]	= "tls-alert",
	[KTURN_END_REASON_TLS_TRUNCATED] = "tls-truncated",
	[KTURN_END_REASON_TLS_KEY_UPDATE] = "tls-key-update",
	[KTURN_END_REASON_IDLE]		= "idle",
	[KTURN_END_REASON_LIMIT]	= "limit",
	[KTURN_END_REASON_ERROR]	= "error",
};

static const char *name(const char *const *names, size_t count, const char *kind,
			uint32_t value, char buf[KTURN_NAME_LEN])
{
	if (value < count)
		return names[value];
	snprintf(buf, KTURN_NAME_LEN, "%s-%u", kind, value);
	return buf;
}

const char *kturn_state_name(uint32_t state, char buf[KTURN_NAME_LEN])
{
	return name(states, ARRAY_SIZE(states), "state", state, buf);
}

const char *kturn_engine_name(uint32_t engine, char buf[KTURN_NAME_LEN])
{
	return name(engines, ARRAY_SIZE(engines), "engine", engine, buf);
}

const char *kturn_reason_name(uint32_t reason, char buf[KTURN_NAME_LEN])
{
	return name(reasons, ARRAY_SIZE(reasons), "reason", reason, buf);
}
