// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "allocation_json.h"
#include "auth_user.h"
#include "control.h"
#include "control_allocation.h"
#include "control_client.h"
#include "counters.h"
#include "question.h"
#include "server.h"
#include "worker.h"

/* What a worker does at once: clients wait meanwhile. */
#define PAGE	64	/* allocations that are meant */
#define LOOKS	1024	/* and others, or ids that nobody has any more */

/* --- in a worker's thread */

static struct allocation *find(const struct worker *worker, uint64_t id)
{
	struct allocation *allocation;

	HASH_FIND(hh, worker->allocations, &id, sizeof(id), allocation);
	return allocation;
}

/*
 * The table keeps the order in which they came, which is that of their ids. If the last
 * one that was told of has gone since, the next id that is still there is looked for.
 */
static struct allocation *first_after(const struct worker *worker, uint64_t *id,
				      unsigned int *looks)
{
	struct allocation *allocation;

	if (!*id)
		return worker->allocations;
	allocation = find(worker, *id);
	if (allocation)
		return allocation->hh.next;
	for (; !allocation && *looks < LOOKS && *id + 1 < worker->next_allocation; ++*looks)
		allocation = find(worker, ++*id);
	return allocation;
}

/* A name that ends by itself, or whose it is (see ephemeral.h). */
static bool is_users(const struct allocation *allocation, const char *name)
{
	const struct auth_user *user = allocation->user;
	size_t realm_size, len;

	if (!user)
		return false;
	realm_size = strlen(auth_user_realm(user)) + 1;
	len = user->account_len - realm_size;
	return !strcmp(user->name, name) ||
	       (strlen(name) == len && !memcmp(user->account + realm_size, name, len));
}

static bool is_meant(const struct question *question, const struct allocation *allocation)
{
	if (question->id && question->id != allocation->id)
		return false;
	return !question->user || is_users(allocation, question->user);
}

/* Goes through a page; @each may end the allocation. */
static void for_page(struct question *question, struct worker *worker,
		     void (*each)(struct allocation *allocation))
{
	struct allocation *allocation, *next = NULL;
	unsigned int looks = 0;

	question->result = json_array();
	allocation = question->id ? find(worker, question->id)
				  : first_after(worker, &question->after, &looks);
	for (; allocation; allocation = next) {
		next = question->id ? NULL : allocation->hh.next;
		question->after = allocation->id;
		if (is_meant(question, allocation)) {
			if (json_array_append_new(question->result, allocation_json(allocation)))
				question->lost++;
			if (each)
				each(allocation);
		}
		if (++looks >= LOOKS || json_array_size(question->result) >= PAGE)
			break;
	}
	question->more = next || looks >= LOOKS;
}

static void look(struct question *question, struct worker *worker)
{
	for_page(question, worker, NULL);
}

static void end_one(struct allocation *allocation)
{
	count(COUNT_ALLOCATION_DELETED);
	allocation_delete(allocation, "administrator");
}

static void end_all(struct question *question, struct worker *worker)
{
	for_page(question, worker, end_one);
}

/* --- in the main thread */

static void take(struct question *question)
{
	json_t *allocation;
	size_t i;

	json_array_foreach(question->result, i, allocation)
		control_say(question->client, json_pack("{s:O}", "allocation", allocation));
	question->count += json_array_size(question->result);
}

static void finish(struct question *question)
{
	if (question->lost)
		control_fail(question->client, "no memory");
	else if (question->id && !question->count)
		control_fail(question->client, "there is no such allocation");
	else
		control_finish(question->client, json_pack("{s:b, s:i}", "ok", 1, "count",
							   question->count));
}

static void ask(const struct question_ops *ops, struct control_client *client, uint64_t id,
		const char *user)
{
	unsigned int owner = id >> WORKER_ID_SHIFT;
	struct question *question;

	if (id && owner >= control_server(client)->n_workers) {
		control_fail(client, "there is no such allocation");
		return;
	}
	question = question_new(ops, client, user);
	if (!question) {
		control_fail(client, "no memory");
		return;
	}
	question->id = id;
	if (id) {
		question->worker = owner;
		question->last = owner + 1;
	}
	question_ask(question);
}

/* Return: 0 if there is none, or none that makes sense. */
static uint64_t get_id(const json_t *request)
{
	const char *text = json_string_value(json_object_get(request, "id"));
	uint64_t id;
	char *end;

	if (!text || strlen(text) > 16 || strspn(text, "0123456789abcdefABCDEF") != strlen(text))
		return 0;
	id = strtoull(text, &end, 16);
	return *end ? 0 : id;
}

static const char *get_user(const json_t *request)
{
	return json_string_value(json_object_get(request, "user"));
}

static const struct question_ops look_ops = { look, take, finish };
static const struct question_ops end_ops = { end_all, take, finish };

void control_allocation_list(struct control_client *client, const json_t *request)
{
	ask(&look_ops, client, 0, get_user(request));
}

void control_allocation_show(struct control_client *client, const json_t *request)
{
	uint64_t id = get_id(request);

	if (id)
		ask(&look_ops, client, id, NULL);
	else
		control_fail(client, "id: should be the hexadecimal digits of an allocation");
}

void control_allocation_del(struct control_client *client, const json_t *request)
{
	uint64_t id = get_id(request);

	if (id)
		ask(&end_ops, client, id, NULL);
	else if (get_user(request))
		ask(&end_ops, client, 0, get_user(request));
	else
		control_fail(client, "id: should be the hexadecimal digits of an allocation; "
			     "or name a user");
}
