/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control messages of a worker's clients, kept in a ring for who watches them by the
 * control socket. Payload is never among them, and no secret that a client sends.
 *
 * While nobody watches there is no ring: then a message costs one look at a counter that
 * hardly ever changes. With one it costs a copy; the ring has a fixed size, and who does
 * not fetch his records in time is told how many he has lost.
 */
#ifndef KTURN_TRACE_H
#define KTURN_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define TRACE_BYTES	768	/* of a message; a request with all its strings is shorter */
#define TRACE_USER_MAX	64	/* bytes of a name, with the zero */

struct session;

enum trace_direction {
	TRACE_IN,		/* from the client */
	TRACE_OUT,
};

/**
 * struct trace_record - a message
 * @number: counts the worker's
 * @time_us: microseconds since 1970
 * @client: who it is from, or to
 * @server: the address that he has sent to
 * @allocation: of the session at that time; 0 without one
 * @user: whose that is; empty if not known
 * @stream: over TCP or TLS
 * @secure: over TLS or DTLS: @data is what was inside
 * @len: bytes that it has; @data has the first TRACE_BYTES of them
 */
struct trace_record {
	uint64_t number;
	uint64_t time_us;
	union addr client, server;
	uint64_t allocation;
	char user[TRACE_USER_MAX];
	enum trace_direction direction;
	bool stream, secure;
	size_t len;
	uint8_t data[TRACE_BYTES];
};

/**
 * struct trace - of one worker, and only looked at in its thread
 * @watchers: how many there are, of all workers; the main thread counts them
 * @records: @size of them; NULL while there is no ring
 * @noted: how many there have ever been
 * @begun: how many there had been before this ring
 */
struct trace {
	const _Atomic unsigned int *watchers;
	struct trace_record *records;
	unsigned int size;
	uint64_t noted, begun;
};

/**
 * trace_message() - note a message, if anybody watches
 * @data: a STUN message, or what wants to be one
 *
 * Send and Data indications are not noted. Values of ACCESS-TOKEN (RFC 7635), of the old
 * PASSWORD (RFC 3489) and of DATA become zeros.
 */
void trace_message(const struct session *session, enum trace_direction direction,
		   const void *data, size_t len);

/**
 * trace_message_at() - the same where it does not go between the session's addresses
 */
void trace_message_at(const struct session *session, enum trace_direction direction,
		      const union addr *client, const union addr *server,
		      const void *data, size_t len);

/**
 * trace_next() - the first record behind a number
 * @after: the number; goes up to the record's
 * @lost: goes up by those that are in the ring no more
 *
 * Return: NULL if there is none yet.
 */
const struct trace_record *trace_next(const struct trace *trace, uint64_t *after,
				      uint64_t *lost);

/**
 * trace_clear() - give the ring back
 */
void trace_clear(struct trace *trace);

#endif
