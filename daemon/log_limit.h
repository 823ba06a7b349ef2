/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines that anybody out there can cause as often as he likes: so many of a kind are
 * kept in a second, and of the others it is told how many there were.
 */
#ifndef KTURN_LOG_LIMIT_H
#define KTURN_LOG_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "log.h"

#define LOG_LIMIT_LINES 100	/* of a kind, in a second */

/**
 * struct log_limit - one kind of lines; all zeroes to begin with
 * @second: when the latest of them was
 * @lines: how many there were in it, kept or not
 */
struct log_limit {
	atomic_uint second, lines;
};

/**
 * log_limit_take() - count a line, unless it is one too many; any thread may
 * @event: whose lines they are
 * @now: seconds of a clock that never goes back
 *
 * The first line of a later second tells how many were left out.
 *
 * Return: false if it is.
 */
bool log_limit_take(struct log_limit *limit, const char *event, unsigned int now);

/**
 * log_lines_left_out() - for how many it has returned false, of all kinds
 */
unsigned long log_lines_left_out(void);

/**
 * log_limit_now() - the seconds for log_limit_take()
 */
unsigned int log_limit_now(void);

/**
 * log_limited() - log what others can cause, such as log_limited(log_warning, ...)
 *
 * Each place that says so is a kind of its own.
 */
#define log_limited(log, event, ...) do { \
	static struct log_limit limit; \
	if (log_limit_take(&limit, event, log_limit_now())) \
		log(event, __VA_ARGS__); \
} while (0)

/**
 * log_about() - log_verbose() about somebody, limited unless he is @known
 */
#define log_about(known, event, ...) do { \
	static struct log_limit limit; \
	if (log_is_verbose() && ((known) || log_limit_take(&limit, event, log_limit_now()))) \
		log_verbose(event, __VA_ARGS__); \
} while (0)

/**
 * log_stranger() - log_verbose() about somebody who has no allocation
 */
#define log_stranger(event, ...) log_about(false, event, __VA_ARGS__)

#endif
