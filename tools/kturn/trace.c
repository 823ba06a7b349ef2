// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control messages as they come: a line each, in the columns of Wireshark's list, or a
 * capture for Wireshark itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "daemon.h"
#include "json_text.h"
#include "pcapng.h"
#include "text.h"
#include "trace_filter.h"
#include "trace_info.h"
#include "trace_record.h"

#define WAITING_MAX	16384	/* records; more of them are not put in order any more */

static const struct timespec pause_between = { 0, 200 * 1000 * 1000 };

/**
 * struct tracing - all of a run
 * @waiting: @n records that have come and are not shown yet, in room for @room
 * @lost: so many are missing before the next one that is shown
 * @shown: how many have been
 * @first_us: the time of the first of them
 */
struct tracing {
	const struct options *opt;
	struct pcapng *file;
	struct trace_filter *filter;
	struct trace_record *waiting;
	size_t n, room;
	uint64_t lost, all_lost, shown, first_us;
	bool failed;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* What has come is still shown; a second one ends it at once, should kturnd not answer. */
static void catch_signals(void)
{
	const struct sigaction action = {
		.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_RESETHAND,
	};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- showing */

static const char *protocol(const struct trace_record *record)
{
	if (!record->secure)
		return "STUN";
	return record->stream ? "STUN/TLS" : "STUN/DTLS";
}

static void print_title(void)
{
	printf("%s%5s %12s  %-22s %-22s %-9s %6s  %s%s\n", text_bold(), "No.", "Time", "Source",
	       "Destination", "Protocol", "Length", "Info", text_plain());
}

static void print_row(const struct tracing *tracing, const struct trace_record *record)
{
	char from[ADDR_STR_LEN], to[ADDR_STR_LEN], info[TRACE_INFO_LEN];
	/* One that was held back may be older than the first that was not. */
	uint64_t us = record->time_us > tracing->first_us ?
		      record->time_us - tracing->first_us : 0;
	bool stands_out = trace_is_error(record);

	printf("%5" PRIu64 " %5" PRIu64 ".%06" PRIu64 "  %-22s %-22s %-9s %6zu  %s%s%s\n",
	       tracing->shown, us / 1000000, us % 1000000,
	       addr_str(trace_record_from(record), from), addr_str(trace_record_to(record), to),
	       protocol(record), pcapng_packet_len(record), stands_out ? text_bold() : "",
	       trace_info(record, info), stands_out ? text_plain() : "");
}

static json_t *allocation_json(const struct trace_record *record)
{
	char id[17];

	snprintf(id, sizeof(id), "%016" PRIx64, record->allocation);
	return record->allocation ? json_string(id) : json_null();
}

static void print_json(const struct tracing *tracing, const struct trace_record *record)
{
	char from[ADDR_STR_LEN], to[ADDR_STR_LEN], info[TRACE_INFO_LEN];
	json_t *object = json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:b, s:I, s:o, s:o}",
				   "number", (json_int_t)tracing->shown,
				   "time_us", (json_int_t)record->time_us,
				   "lost", (json_int_t)tracing->lost,
				   "source", addr_str(trace_record_from(record), from),
				   "destination", addr_str(trace_record_to(record), to),
				   "transport", record->stream ? "tcp" : "udp",
				   "secure", record->secure,
				   "length", (json_int_t)record->len,
				   "allocation", allocation_json(record),
				   "info", json_text(trace_info(record, info)));

	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static bool is_enough(const struct tracing *tracing)
{
	return tracing->opt->count && tracing->shown >= tracing->opt->count;
}

static void show(const struct trace_record *record, void *arg)
{
	struct tracing *tracing = arg;

	if (is_enough(tracing))
		return;
	if (!tracing->shown++)
		tracing->first_us = record->time_us;
	if (tracing->file) {
		pcapng_write(tracing->file, record, tracing->lost);
	} else if (tracing->opt->json) {
		print_json(tracing, record);
	} else {
		if (tracing->lost)
			printf("      -- %" PRIu64 " lost --\n", tracing->lost);
		print_row(tracing, record);
	}
	tracing->lost = 0;
}

/* --- collecting */

static void collect(const json_t *line, void *arg)
{
	struct tracing *tracing = arg;
	struct trace_record *grown;

	if (tracing->n == tracing->room) {
		tracing->room = tracing->room ? 2 * tracing->room : 64;
		grown = reallocarray(tracing->waiting, tracing->room, sizeof(*grown));
		if (!grown) {
			tracing->room = tracing->n;
			tracing->lost++;
			return;
		}
		tracing->waiting = grown;
	}
	if (trace_record_read(&tracing->waiting[tracing->n], json_object_get(line, "record")))
		tracing->n++;
	else
		tracing->lost++;
}

/* Each worker's come in order, and no two of one have the same number. */
static int compare(const void *a, const void *b)
{
	const struct trace_record *one = a, *other = b;

	if (one->time_us != other->time_us)
		return one->time_us < other->time_us ? -1 : 1;
	return one->number < other->number ? -1 : one->number > other->number;
}

/* What was noted before @until: nothing can come between these any more. */
static void show_until(struct tracing *tracing, uint64_t until)
{
	size_t done = 0;

	qsort(tracing->waiting, tracing->n, sizeof(*tracing->waiting), compare);
	for (; done < tracing->n && tracing->waiting[done].time_us < until; done++)
		trace_filter_pass(tracing->filter, &tracing->waiting[done], show, tracing);
	tracing->n -= done;
	memmove(tracing->waiting, tracing->waiting + done,
		tracing->n * sizeof(*tracing->waiting));
}

/* Return: the answer's last line, or NULL after a complaint. */
static json_t *ask(struct daemon *daemon, struct tracing *tracing, json_t *after)
{
	json_t *request = json_pack("{s:s}", "command", "trace");

	if (after)
		json_object_set(request, "after", after);
	return daemon_request(daemon, request, collect, tracing);
}

static bool write_out(struct tracing *tracing)
{
	if (tracing->file ? pcapng_flush(tracing->file) : !fflush(stdout) && !ferror(stdout))
		return true;
	complain("cannot write: %s", strerror(errno));
	return false;
}

/* Return: whether to go on. */
static bool turn(struct daemon *daemon, struct tracing *tracing, json_t **after)
{
	uint64_t asked = now_us();
	json_t *answer = ask(daemon, tracing, *after);
	bool more;

	if (!answer) {
		tracing->failed = true;
		return false;
	}
	json_decref(*after);
	*after = json_incref(json_object_get(answer, "after"));
	tracing->lost += json_integer_value(json_object_get(answer, "lost"));
	tracing->all_lost += json_integer_value(json_object_get(answer, "lost"));
	more = json_is_true(json_object_get(answer, "more"));
	json_decref(answer);
	if (!more || tracing->n > WAITING_MAX)
		show_until(tracing, asked);
	if (!write_out(tracing)) {
		tracing->failed = true;
		return false;
	}
	if (is_enough(tracing))
		return false;
	if (!more)
		nanosleep(&pause_between, NULL);
	return true;
}

/* --- the whole */

static void follow(struct daemon *daemon, struct tracing *tracing)
{
	json_t *after = NULL;

	if (!tracing->file && !tracing->opt->json)
		print_title();
	while (!interrupted && turn(daemon, tracing, &after))
		;
	/* What has come last was not waited for in vain. */
	if (interrupted && !tracing->failed && turn(daemon, tracing, &after))
		show_until(tracing, UINT64_MAX);
	json_decref(after);
}

static bool open_output(struct tracing *tracing)
{
	const struct options *opt = tracing->opt;

	tracing->filter = trace_filter_new(opt->user, opt->address);
	if (!tracing->filter) {
		complain("\"%s\" is not an address, nor one with a length", opt->address);
		return false;
	}
	if (!opt->pcapng)
		return true;
	tracing->file = pcapng_open(opt->pcapng);
	if (!tracing->file)
		complain("%s: %s", opt->pcapng, strerror(errno));
	return tracing->file;
}

static void close_output(struct tracing *tracing)
{
	if (!pcapng_close(tracing->file)) {
		complain("%s: %s", tracing->opt->pcapng, strerror(errno));
		tracing->failed = true;
	}
	if (tracing->file || tracing->all_lost)
		fprintf(stderr, "%" PRIu64 " messages, %" PRIu64 " lost\n", tracing->shown,
			tracing->all_lost);
	trace_filter_free(tracing->filter);
	free(tracing->waiting);
}

static int trace(const struct options *opt, int count, char **args)
{
	struct tracing tracing = { .opt = opt };
	struct daemon *daemon = daemon_open(opt);

	(void)count, (void)args;
	if (!daemon)
		return EXIT_FAILURE;
	catch_signals();
	if (open_output(&tracing))
		follow(daemon, &tracing);
	else
		tracing.failed = true;
	close_output(&tracing);
	daemon_close(daemon);
	return tracing.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct verb trace_verbs[] = {
	{
		.name = "",
		.takes = "[--pcapng FILE]",
		.does = "control messages, as they come",
		.options = OPTION_SOCKET | OPTION_USER | OPTION_ADDRESS | OPTION_PCAPNG |
			   OPTION_COUNT,
		.run = trace,
	},
	{ .name = NULL },
};
