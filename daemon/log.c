// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "log_json.h"

#define LINE_LEN	(LOG_FIELDS_LEN + 128)	/* with stamp, level and event */
#define STAMP_LEN	48
#define PATIENCE	100	/* milliseconds that a reader may need to make room */

/* Set before there are threads, and read by all of them; a reload may change @verbose. */
static struct {
	int fd;
	char *path;		/* of a file */
	bool syslog, journal, json;
	atomic_bool verbose;
	int facility;
	pthread_mutex_t writing;
	unsigned long lost;	/* lines, since one has last been written */
	atomic_ulong lost_ever;
} the_log = { .fd = STDERR_FILENO, .facility = LOG_DAEMON,
	      .writing = PTHREAD_MUTEX_INITIALIZER };

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

void log_in_json(bool json)
{
	the_log.json = json;
}

/* A FIFO that nobody reads is an error, and nothing to wait for. */
static int open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);

	return fd < 0 ? -errno : fd;
}

/* systemd says in the environment which socket is the journal's. */
static bool is_journal(int fd)
{
	const char *journal = getenv("JOURNAL_STREAM");
	char text[64];
	struct stat st;

	if (!journal || fstat(fd, &st))
		return false;
	snprintf(text, sizeof(text), "%" PRIuMAX ":%" PRIuMAX, (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	return !strcmp(journal, text);
}

int log_open(const char *target, bool verbose)
{
	int fd;

	the_log.verbose = verbose;
	the_log.journal = !target && is_journal(STDERR_FILENO);
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
	fd = open_file(target);
	if (fd < 0)
		return fd;
	the_log.fd = fd;
	the_log.path = strdup(target);
	return the_log.path ? 0 : -ENOMEM;
}

int log_reopen(void)
{
	int fd, err;

	if (!the_log.path)
		return 0;
	fd = open_file(the_log.path);
	if (fd < 0)
		return fd;
	/* Under the same number: others may be writing. */
	err = dup3(fd, the_log.fd, O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	return err;
}

bool log_is_verbose(void)
{
	return the_log.verbose;
}

void log_set_verbose(bool verbose)
{
	the_log.verbose = verbose;
}

unsigned long log_lines_lost(void)
{
	return the_log.lost_ever;
}

void log_close(void)
{
	if (the_log.syslog)
		closelog();
	if (the_log.fd > STDERR_FILENO)
		close(the_log.fd);
	free(the_log.path);
	the_log.path = NULL;
	the_log.fd = STDERR_FILENO;
	the_log.syslog = false;
	the_log.lost = 0;
}

static const char *make_stamp(char stamp[STAMP_LEN])
{
	struct timespec now;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(stamp, STAMP_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(stamp + len, STAMP_LEN - len, ".%03dZ", (int)(now.tv_nsec / 1000000));
	return stamp;
}

/*
 * Whoever reads a pipe may stop: that must not stop the relaying. He is waited for once,
 * and no more until he has made room.
 */
static bool has_room(void)
{
	struct pollfd file = { .fd = the_log.fd, .events = POLLOUT };

	return poll(&file, 1, the_log.lost ? 0 : PATIENCE) > 0 && file.revents & POLLOUT;
}

/* One write for the whole line: it stays whole, whoever else is writing. */
static void write_whole(int priority, const char *line)
{
	char prefix[] = { '<', '0' + priority, '>' };
	const struct iovec parts[] = {
		{ prefix, the_log.journal ? sizeof(prefix) : 0 },
		{ (char *)line, strlen(line) },
		{ "\n", 1 },
	};

	if (!has_room() || writev(the_log.fd, parts, 3) < 0) {
		the_log.lost++;
		the_log.lost_ever++;
	}
}

/* Return: how many lines had been lost before this one, if it is there. */
static unsigned long write_file(int priority, const char *line)
{
	unsigned long lost;

	pthread_mutex_lock(&the_log.writing);
	lost = the_log.lost;
	write_whole(priority, line);
	if (the_log.lost > lost)
		lost = 0;
	else
		the_log.lost = 0;
	pthread_mutex_unlock(&the_log.writing);
	return lost;
}

static void write_line(int priority, const char *line)
{
	unsigned long lost;

	if (the_log.syslog) {
		syslog(priority, "%s", line);
		return;
	}
	lost = write_file(priority, line);
	if (lost)
		log_warning("lines lost", "lines=%lu", lost);
}

/* What nobody has quoted, such as a path, makes no second line either. */
static void keep_on_one_line(char *fields)
{
	for (; *fields; fields++)
		if ((unsigned char)*fields < ' ' || *fields == 0x7f)
			*fields = '?';
}

static void write_text(int priority, const char *event, const char *fields)
{
	char stamp[STAMP_LEN], line[LINE_LEN];

	/* syslog has time and level itself. */
	if (the_log.syslog)
		snprintf(line, sizeof(line), "%s: %s", event, fields);
	else
		snprintf(line, sizeof(line), "%s %s %s: %s", make_stamp(stamp),
			 level_str(priority), event, fields);
	write_line(priority, line);
}

/* Without memory the line comes as text: better than none. */
static void write_json(int priority, const char *event, const char *fmt, const char *fields)
{
	char stamp[STAMP_LEN], *line;
	json_t *object = log_json(make_stamp(stamp), level_str(priority), event, fmt, fields);

	/* Nothing but ASCII: a terminal may take other characters for commands. */
	line = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	if (line) {
		/* DEL is ASCII, too. */
		keep_on_one_line(line);
		write_line(priority, line);
	} else {
		write_text(priority, event, fields);
	}
	free(line);
	json_decref(object);
}

static void write_event(int priority, const char *event, const char *fmt, va_list args)
{
	char fields[LOG_FIELDS_LEN];

	vsnprintf(fields, sizeof(fields), fmt, args);
	keep_on_one_line(fields);
	if (the_log.json)
		write_json(priority, event, fmt, fields);
	else
		write_text(priority, event, fields);
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

const char *log_quote_n(char *buf, size_t size, const void *text, size_t len)
{
	static const char cut[] = "...\"";
	const unsigned char *p = text;
	size_t at = 0;
	char out[5];

	buf[at++] = '"';
	for (size_t i = 0; i < len; i++) {
		int n = quote_char(out, p[i]);

		if (at + n + sizeof(cut) > size) {
			memcpy(buf + at, cut, sizeof(cut));
			return buf;
		}
		memcpy(buf + at, out, n);
		at += n;
	}
	memcpy(buf + at, "\"", 2);
	return buf;
}

const char *log_quote(char buf[LOG_QUOTE_LEN], const void *text, size_t len)
{
	return log_quote_n(buf, LOG_QUOTE_LEN, text, len);
}
