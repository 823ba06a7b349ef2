// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "control.h"
#include "control_client.h"
#include "control_trace.h"
#include "json_text.h"
#include "question.h"
#include "server.h"
#include "trace.h"
#include "worker.h"

#define PAGE	32	/* records that a worker hands out at once */
#define MOST	4096	/* that one worker's answer has; else a flood would never end */

/* --- in a worker's thread */

static const char *transport(const struct trace_record *record)
{
	if (record->stream)
		return record->secure ? "tls" : "tcp";
	return record->secure ? "dtls" : "udp";
}

static json_t *octets(const struct trace_record *record)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = record->len < TRACE_BYTES ? record->len : TRACE_BYTES;
	char text[2 * TRACE_BYTES];

	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[record->data[i] >> 4];
		text[2 * i + 1] = digits[record->data[i] & 15];
	}
	return json_stringn(text, 2 * len);
}

static json_t *allocation_id(const struct trace_record *record)
{
	char id[17];

	if (!record->allocation)
		return json_null();
	snprintf(id, sizeof(id), "%016" PRIx64, record->allocation);
	return json_string(id);
}

static json_t *record_json(const struct trace_record *record, unsigned int worker)
{
	char client[ADDR_STR_LEN], server[ADDR_STR_LEN];

	return json_pack("{s:i, s:I, s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:o}",
			 "worker", worker,
			 "number", (json_int_t)record->number,
			 "time_us", (json_int_t)record->time_us,
			 "client", addr_str(&record->client, client),
			 "server", addr_str(&record->server, server),
			 "transport", transport(record),
			 "direction", record->direction == TRACE_IN ? "in" : "out",
			 "allocation", allocation_id(record),
			 "user", json_text(*record->user ? record->user : NULL),
			 "length", (json_int_t)record->len,
			 "data", octets(record));
}

/* question->after counts what this worker has handed out. */
static void answer(struct question *question, struct worker *worker)
{
	const struct trace *trace = &worker->trace;
	uint64_t *number = &question->numbers[worker->index];
	const struct trace_record *record;
	unsigned int n = 0;

	question->result = json_array();
	/* Who has just come sees what is to come. */
	if (*number == UINT64_MAX)
		*number = trace->noted;
	while (n < PAGE && (record = trace_next(trace, number, &question->lost))) {
		json_array_append_new(question->result, record_json(record, worker->index));
		n++;
	}
	question->after += n;
	question->more = *number < trace->noted && question->after < MOST;
	if (*number < trace->noted && !question->more)
		question->unfinished = true;
}

/* --- in the main thread */

static void take(struct question *question)
{
	json_t *record;
	size_t i;

	json_array_foreach(question->result, i, record)
		control_say(question->client, json_pack("{s:O}", "record", record));
	question->count += json_array_size(question->result);
}

static void finish(struct question *question)
{
	json_t *after = json_array();

	for (unsigned int i = 0; i < question->server->n_workers; i++)
		json_array_append_new(after, json_integer(question->numbers[i]));
	control_finish(question->client, json_pack("{s:b, s:i, s:I, s:b, s:o}", "ok", 1,
						   "count", question->count,
						   "lost", (json_int_t)question->lost,
						   "more", question->unfinished,
						   "after", after));
}

/* Return: false if they make no sense. */
static bool set_numbers(struct question *question, const json_t *after)
{
	unsigned int n = question->server->n_workers;
	json_t *number;

	question->numbers = calloc(n, sizeof(*question->numbers));
	if (!question->numbers || (after && json_array_size(after) != n))
		return false;
	for (unsigned int i = 0; i < n; i++) {
		number = json_array_get(after, i);
		if (after && (!json_is_integer(number) || json_integer_value(number) < 0))
			return false;
		question->numbers[i] = after ? (uint64_t)json_integer_value(number) : UINT64_MAX;
	}
	return true;
}

static void watch(struct control_client *client)
{
	if (client->watches)
		return;
	client->watches = true;
	atomic_fetch_add(&control_server(client)->watchers, 1);
}

void control_trace(struct control_client *client, const json_t *request)
{
	static const struct question_ops ops = { answer, take, finish };
	struct question *question = question_new(&ops, client, NULL);

	if (!question) {
		control_fail(client, "no memory");
	} else if (!set_numbers(question, json_object_get(request, "after"))) {
		question_free(question);
		control_fail(client, "after: should be numbers, one for each worker");
	} else {
		watch(client);
		question_ask(question);
	}
}

void control_trace_end(struct control_client *client)
{
	if (client->watches)
		atomic_fetch_sub(&control_server(client)->watchers, 1);
	client->watches = false;
}
