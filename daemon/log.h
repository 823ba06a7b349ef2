/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log: one line an event, "time level event: key=value key=value", or the same as
 * a JSON object.
 *
 * The event is a constant; what follows the colon comes from the format. Text
 * that a client chose goes through log_quote() first, and so does any other that may
 * have quotes in it; what may have spaces stands in quotes.
 */
#ifndef KTURN_LOG_H
#define KTURN_LOG_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_QUOTE_LEN	256
#define LOG_FIELDS_LEN	2048	/* all fields of a line, and a NUL */

/**
 * log_in_json() - make each line a JSON object, see log_json(), before log_open()
 */
void log_in_json(bool json);

/**
 * log_open() - choose where the log goes; standard error until then
 * @target: a path, "stdout" or "-", "syslog", or NULL for standard error
 * @verbose: keep the lines of log_verbose()
 *
 * On standard error to systemd's journal each line begins with its priority, as
 * sd-daemon(3) has it.
 *
 * Return: 0 or a negative errno.
 */
int log_open(const char *target, bool verbose);

/**
 * log_set_verbose() - keep the lines of log_verbose() from now on, or not; any thread
 */
void log_set_verbose(bool verbose);

/**
 * log_is_verbose() - whether lines of log_verbose() are kept
 */
bool log_is_verbose(void);

/**
 * log_reopen() - go on in a new file if the log's file has been moved away; any thread
 *
 * Return: 0 or a negative errno; then the old one stays.
 */
int log_reopen(void);

/**
 * log_facility() - choose syslog's facility, before log_open()
 * @facility: such as LOG_DAEMON
 */
void log_facility(int facility);

/**
 * log_close() - flush and close
 */
void log_close(void);

/**
 * log_lines_lost() - how many lines found no room where they should have gone, ever
 */
unsigned long log_lines_lost(void);

/**
 * log_error() - the daemon cannot do what it was asked to
 */
void log_error(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * log_warning() - it goes on, but somebody should look
 */
void log_warning(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * log_info() - the life of allocations, and of the daemon itself
 */
void log_info(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * log_verbose() - what happens within an allocation, request by request
 */
void log_verbose(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * log_quote_n() - log_quote() with room for more
 * @size: of @buf, at least 8
 */
const char *log_quote_n(char *buf, size_t size, const void *text, size_t len);

/**
 * log_quote() - put foreign text in double quotes, fit for one line
 *
 * Quotes, backslashes, and everything but printable ASCII become escapes;
 * what is too long ends in "...".
 *
 * Return: @buf.
 */
const char *log_quote(char buf[LOG_QUOTE_LEN], const void *text, size_t len);

#endif
