/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which control messages are wanted: those of connections that have to do with a user or
 * an address. The first messages of a connection do not say whose it is: they are held
 * back for a while, and shown if it becomes known.
 */
#ifndef KTURN_TRACE_FILTER_H
#define KTURN_TRACE_FILTER_H

#include <stdbool.h>

#include "trace_record.h"

struct trace_filter;

/**
 * typedef trace_filter_fn - take a message that is wanted
 */
typedef void (*trace_filter_fn)(const struct trace_record *record, void *arg);

/**
 * trace_filter_new() - want what fits all that is said
 * @user: his name; NULL: anybody's
 * @address: the client's or a peer's, perhaps with "/" and a length; NULL: any
 *
 * Return: NULL if @address makes no sense, or without memory.
 */
struct trace_filter *trace_filter_new(const char *user, const char *address);

/**
 * trace_filter_free() - NULL is none
 */
void trace_filter_free(struct trace_filter *filter);

/**
 * trace_filter_pass() - call @fn for a message if it is wanted, and for those before it
 * that turn out to be
 */
void trace_filter_pass(struct trace_filter *filter, const struct trace_record *record,
		       trace_filter_fn fn, void *arg);

#endif
