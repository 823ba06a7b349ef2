/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A control message in a line: what stands in the column Info of Wireshark, so that
 * who knows the one can read the other.
 */
#ifndef KTURN_TRACE_INFO_H
#define KTURN_TRACE_INFO_H

#include <stdbool.h>

#include "trace_record.h"

#define TRACE_INFO_LEN 1024

/**
 * trace_info() - method, class, and what of the attributes is worth a word
 *
 * Names may be any bytes: what could upset a terminal becomes a dot.
 *
 * Return: @buf.
 */
const char *trace_info(const struct trace_record *record, char buf[TRACE_INFO_LEN]);

/**
 * trace_is_error() - tell whether it is an error response
 */
bool trace_is_error(const struct trace_record *record);

#endif
