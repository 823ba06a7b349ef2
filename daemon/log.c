// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "log.h"

#define LINE_LEN 1024

static struct {
	FILE *file;		/* NULL: standard error */
	bool syslog;
	bool verbose;
} the_log;

static const char *level_str(int priority)
{
	switch (priority) {
	case LOG_ERR:		return "error";
	case LOG_WARNING:	return "warning";
	case LOG_INFO:		return "info";
	default:		return "verbose";
	}
}

int log_open(const char *target, bool verbose)
{
	FILE *file = NULL;

	the_log.verbose = verbose;
	if (target && !strcmp(target, "syslog")) {
		openlog("kturnd", LOG_PID, LOG_DAEMON);
		the_log.syslog = true;
		return 0;
	}
	if (target && (!strcmp(target, "stdout") || !strcmp(target, "-"))) {
		file = stdout;
	} else if (target) {
		file = fopen(target, "ae");
		if (!file)
			return -errno;
	}
	if (file)
		setvbuf(file, NULL, _IOLBF, LINE_LEN);
	the_log.file = file;
	return 0;
}

void log_close(void)
{
	if (the_log.syslog)
		closelog();
	if (the_log.file && the_log.file != stdout)
		fclose(the_log.file);
	the_log.file = NULL;
	the_log.syslog = false;
}

static void write_line(int priority, const char *event, const char *fields)
{
	struct timespec now;
	struct tm tm;
	char stamp[32];

	if (the_log.syslog) {
		syslog(priority, "%s: %s", event, fields);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(the_log.file ? the_log.file : stderr, "%s.%03ldZ %s %s: %s\n", stamp,
		now.tv_nsec / 1000000, level_str(priority), event, fields);
}

static void write_event(int priority, const char *event, const char *fmt, va_list args)
{
	char fields[LINE_LEN];

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
