// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "control_client.h"
#include "control_history.h"
#include "history.h"
#include "history_json.h"
#include "question.h"
#include "server.h"
#include "worker.h"

/* What a worker does at once: clients wait meanwhile. */
#define PAGE	16	/* histories that are meant */
#define LOOKS	1024	/* and others */

/* --- in a worker's thread */

static bool is_meant(const struct question *question, const struct history *history)
{
	if (question->id && question->id != history->allocation)
		return false;
	return !question->user || !strcmp(question->user, history->user);
}

static void answer(struct question *question, struct worker *worker)
{
	const struct histories *histories = worker->histories;
	const struct history *history;
	unsigned int looks = 0;

	question->result = json_array();
	while ((history = histories_next(histories, question->after))) {
		question->after = history->number;
		if (is_meant(question, history) &&
		    json_array_append_new(question->result,
					  history_json(history, worker->datapath)))
			question->lost++;
		if (++looks >= LOOKS || json_array_size(question->result) >= PAGE)
			break;
	}
	question->more = history;
}

/* --- in the main thread */

static void take(struct question *question)
{
	json_t *history;
	size_t i;

	json_array_foreach(question->result, i, history)
		control_say(question->client, json_pack("{s:O}", "history", history));
	question->count += json_array_size(question->result);
}

static void finish(struct question *question)
{
	if (question->lost)
		control_fail(question->client, "no memory");
	else
		control_finish(question->client, json_pack("{s:b, s:i}", "ok", 1, "count",
							   question->count));
}

/* Return: false if it is there, and makes no sense. */
static bool get_id(const json_t *request, uint64_t *id)
{
	const json_t *value = json_object_get(request, "id");
	const char *text = json_string_value(value);

	*id = 0;
	if (!value)
		return true;
	if (!text || !*text || strlen(text) > 16 ||
	    strspn(text, "0123456789abcdefABCDEF") != strlen(text))
		return false;
	*id = strtoull(text, NULL, 16);
	return *id;
}

void control_history(struct control_client *client, const json_t *request)
{
	static const struct question_ops ops = { answer, take, finish };
	const char *user = json_string_value(json_object_get(request, "user"));
	struct question *question;
	uint64_t id;

	if (!get_id(request, &id)) {
		control_fail(client, "id: should be the hexadecimal digits of an allocation");
		return;
	}
	question = question_new(&ops, client, user);
	if (!question) {
		control_fail(client, "no memory");
		return;
	}
	question->id = id;
	question_ask(question);
}
