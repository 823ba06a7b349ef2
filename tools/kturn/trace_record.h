/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control messages as kturnd tells of them.
 */
#ifndef KTURN_TRACE_RECORD_H
#define KTURN_TRACE_RECORD_H

#include <jansson.h>
#include <stdbool.h>

#include "../../daemon/trace.h"

/**
 * struct trace_attr - an attribute of a message
 * @value: of @len bytes, all of which are there
 */
struct trace_attr {
	uint16_t type;
	uint16_t len;
	const uint8_t *value;
};

/**
 * trace_record_read() - understand what the daemon has sent
 *
 * Return: false if it makes no sense.
 */
bool trace_record_read(struct trace_record *record, const json_t *object);

/**
 * trace_record_next() - step through all attributes, whatever stands before them
 * @at: where the next one is; 0 before the first call
 *
 * Return: false behind the last one that is there as a whole.
 */
bool trace_record_next(const struct trace_record *record, size_t *at, struct trace_attr *attr);

/**
 * trace_record_kept() - how many bytes of its message there are
 */
static inline size_t trace_record_kept(const struct trace_record *record)
{
	return record->len < TRACE_BYTES ? record->len : TRACE_BYTES;
}

/**
 * trace_record_from() - who has sent it
 */
static inline const union addr *trace_record_from(const struct trace_record *record)
{
	return record->direction == TRACE_IN ? &record->client : &record->server;
}

/**
 * trace_record_to() - to whom
 */
static inline const union addr *trace_record_to(const struct trace_record *record)
{
	return record->direction == TRACE_IN ? &record->server : &record->client;
}

#endif
