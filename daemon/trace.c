// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "allocation.h"
#include "auth_user.h"
#include "config.h"
#include "session.h"
#include "stun.h"
#include "trace.h"
#include "worker.h"

#define ATTR_PASSWORD 0x0007	/* RFC 3489, 11.2.7; nobody sends it any more */

static bool is_secret(uint16_t type)
{
	return type == STUN_ATTR_ACCESS_TOKEN || type == ATTR_PASSWORD || type == STUN_ATTR_DATA;
}

static uint16_t get_u16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

/* The indications that carry payload are none (RFC 8656, 11). */
static bool is_control(const uint8_t *data, size_t len)
{
	uint16_t type = len < STUN_HEADER_LEN ? 0 : get_u16(data);
	uint16_t method = (type & 0x3e00) >> 2 | (type & 0x00e0) >> 1 | (type & 0x000f);

	return type && method != STUN_SEND && method != STUN_DATA;
}

/*
 * By itself, not with stun_next(): that does not see what is behind a signature, and
 * nothing of a message that is malformed.
 */
static void blank_secrets(uint8_t *data, size_t len)
{
	size_t at = STUN_HEADER_LEN;

	while (at + STUN_ATTR_HEADER_LEN <= len) {
		uint16_t type = get_u16(data + at);
		size_t padded = (get_u16(data + at + 2) + 3u) & ~3u;

		at += STUN_ATTR_HEADER_LEN;
		if (padded > len - at)
			padded = len - at;
		if (is_secret(type))
			memset(data + at, 0, padded);
		at += padded;
	}
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Without memory there is none, and the next message tries again. */
static void begin(struct trace *trace, unsigned int size)
{
	trace->records = calloc(size, sizeof(*trace->records));
	trace->size = trace->records ? size : 0;
	trace->begun = trace->noted;
}

void trace_clear(struct trace *trace)
{
	free(trace->records);
	trace->records = NULL;
	trace->size = 0;
}

static bool is_watched(struct trace *trace, const struct config *config)
{
	if (!trace->watchers ||
	    !atomic_load_explicit(trace->watchers, memory_order_relaxed)) {
		trace_clear(trace);
		return false;
	}
	if (!trace->records)
		begin(trace, config->trace_records);
	return true;
}

static void set_user(struct trace_record *record, const struct auth_user *user)
{
	record->user[0] = '\0';
	if (user)
		strncat(record->user, user->name, sizeof(record->user) - 1);
}

static void fill(struct trace_record *record, const struct session *session,
		 const void *data, size_t len)
{
	const struct allocation *allocation = session->allocation;
	size_t kept = len < sizeof(record->data) ? len : sizeof(record->data);

	record->time_us = now_us();
	record->allocation = allocation ? allocation->id : 0;
	set_user(record, allocation ? allocation->user : NULL);
	record->stream = session_is_stream(session);
	record->secure = session_is_secure(session);
	record->len = len;
	memcpy(record->data, data, kept);
	blank_secrets(record->data, kept);
}

void trace_message_at(const struct session *session, enum trace_direction direction,
		      const union addr *client, const union addr *server,
		      const void *data, size_t len)
{
	struct trace *trace = &session->worker->trace;
	struct trace_record *record;

	if (!is_watched(trace, session->worker->config) || !is_control(data, len))
		return;
	trace->noted++;
	if (!trace->records)
		return;
	record = &trace->records[trace->noted % trace->size];
	record->number = trace->noted;
	record->client = *client;
	record->server = *server;
	record->direction = direction;
	fill(record, session, data, len);
}

void trace_message(const struct session *session, enum trace_direction direction,
		   const void *data, size_t len)
{
	trace_message_at(session, direction, &session->client, &session->server, data, len);
}

/* The number of the oldest that is there; there is none if it is behind the latest. */
static uint64_t oldest(const struct trace *trace)
{
	uint64_t first = trace->begun + 1;

	if (!trace->records)
		return trace->noted + 1;
	if (trace->noted >= trace->size && trace->noted - trace->size + 1 > first)
		first = trace->noted - trace->size + 1;
	return first;
}

const struct trace_record *trace_next(const struct trace *trace, uint64_t *after,
				      uint64_t *lost)
{
	uint64_t first = oldest(trace);

	if (*after + 1 < first) {
		*lost += first - 1 - *after;
		*after = first - 1;
	}
	if (*after >= trace->noted)
		return NULL;
	++*after;
	return &trace->records[*after % trace->size];
}
