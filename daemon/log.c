// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define FIELDS_LEN	1024
#define LINE_LEN	(FIELDS_LEN + 128)	/* with stamp, level and event */

/* Set before there are threads, and read by all of them; a reload may change @verbose. */
static struct {
	int fd;
	bool syslog;
	atomic_bool verbose;
	int facility;
} the_log = { .fd = STDERR_FILENO, .facility = LOG_DAEMON };

static const char *level_str(int priority)
{
	switch (priority) {
	case LOG_ERR:		return "error";
	case LOG_WARNING:	return "warning";
	case LOG_INFO:		return "info";
	default:		return "verbose";
	}
}

void log_facility(int facility)
{
	the_log.facility = facility;
}

int log_open(const char *target, bool verbose)
{
	int fd;

	the_log.verbose = verbose;
	if (!target)
		return 0;
	if (!strcmp(target, "syslog")) {
		openlog("kturnd", LOG_PID, the_log.facility);
		the_log.syslog = true;
		return 0;
	}
	if (!strcmp(target, "stdout") || !strcmp(target, "-")) {
		the_log.fd = STDOUT_FILENO;
		return 0;
	}
	fd = open(target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	the_log.fd = fd;
	return 0;
}

void log_set_verbose(bool verbose)
{
	the_log.verbose = verbose;
}

void log_close(void)
{
	if (the_log.syslog)
		closelog();
	if (the_log.fd > STDERR_FILENO)
		close(the_log.fd);
	the_log.fd = STDERR_FILENO;
	the_log.syslog = false;
}

/* One write for the whole line: it stays whole, whoever else is writing. */
static void write_line(int priority, const char *event, const char *fields)
{
	char stamp[32], line[LINE_LEN];
	struct timespec now;
	struct tm tm;
	int len;

	if (the_log.syslog) {
		syslog(priority, "%s: %s", event, fields);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	len = snprintf(line, sizeof(line), "%s.%03ldZ %s %s: %s\n", stamp,
		       now.tv_nsec / 1000000, level_str(priority), event, fields);
	if (len >= LINE_LEN)
		len = LINE_LEN - 1;
	if (write(the_log.fd, line, len) < 0)
		return;		/* there is nobody left to tell */
}

static void write_event(int priority, const char *event, const char *fmt, va_list args)
{
	char fields[FIELDS_LEN];

	vsnprintf(fields, sizeof(fields), fmt, args);
	write_line(priority, event, fields);
}

void log_error(const char *event, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_event(LOG_ERR, event, fmt, args);
	va_end(args);
}

void log_warning(const char *event, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_event(LOG_WARNING, event, fmt, args);
	va_end(args);
}

void log_info(const char *event, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_event(LOG_INFO, event, fmt, args);
	va_end(args);
}

void log_verbose(const char *event, const char *fmt, ...)
{
	va_list args;

	if (!the_log.verbose)
		return;
	va_start(args, fmt);
	write_event(LOG_DEBUG, event, fmt, args);
	va_end(args);
}

/* One character as it goes into the log; at most 4 bytes. */
static int quote_char(char out[5], unsigned char c)
{
	if (c == '"' || c == '\\')
		return sprintf(out, "\\%c", c);
	if (c < ' ' || c > '~')
		return sprintf(out, "\\x%02x", c);
	return sprintf(out, "%c", c);
}

const char *log_quote(char buf[LOG_QUOTE_LEN], const void *text, size_t len)
{
	static const char cut[] = "...\"";
	const unsigned char *p = text;
	size_t at = 0;
	char out[5];

	buf[at++] = '"';
	for (size_t i = 0; i < len; i++) {
		int n = quote_char(out, p[i]);

		if (at + n + sizeof(cut) > LOG_QUOTE_LEN) {
			memcpy(buf + at, cut, sizeof(cut));
			return buf;
		}
		memcpy(buf + at, out, n);
		at += n;
	}
	memcpy(buf + at, "\"", 2);
	return buf;
}
