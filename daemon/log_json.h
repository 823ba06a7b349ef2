/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A line of the log as a JSON object.
 */
#ifndef KTURN_LOG_JSON_H
#define KTURN_LOG_JSON_H

#include <jansson.h>

/**
 * log_json() - make an object of the fields of a line
 * @stamp: the time
 * @level: such as "info"
 * @event: what has happened
 * @fmt: the format that @fields was made with
 * @fields: key=value key="value"..., whole or cut short
 *
 * A field is a number if its format is one, such as key=%u, so that no key ever changes
 * its type. All others are strings, without the quotes and escapes of log_quote(); a
 * bare "-" is null.
 *
 * Return: a new reference, or NULL without memory.
 */
json_t *log_json(const char *stamp, const char *level, const char *event, const char *fmt,
		 const char *fields);

#endif
