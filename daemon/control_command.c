// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be asked on the control socket, besides about allocations.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocation.h"
#include "config.h"
#include "control.h"
#include "control_allocation.h"
#include "control_history.h"
#include "control_trace.h"
#include "datapath.h"
#include "drain.h"
#include "json_text.h"
#include "macros.h"
#include "question.h"
#include "reload.h"
#include "server.h"
#include "session.h"
#include "version.h"
#include "worker.h"
#include "upgrade.h"

#define DEADLINE_MAX (365 * 24 * 3600)

/* --- status */

static void count_sessions(struct question *question, struct worker *worker)
{
	question->result = json_pack("{s:i, s:i, s:i}", "worker", worker->index,
				     "allocations", HASH_COUNT(worker->allocations),
				     "strangers", worker->strangers.n);
}

static void take_counts(struct question *question)
{
	json_array_append(question->sum, question->result);
}

static json_t *drain_status(const struct drain *drain)
{
	time_t left = drain->deadline - worker_now();

	return drain->deadline ? json_integer(left > 0 ? left : 0) : json_null();
}

/* Over how many deaths, of which this process knows but the last. */
static json_t *kept_time(const struct server *server)
{
	return server->config->keep_sessions && server->state.since
	       ? json_integer(worker_now() - server->state.since) : json_null();
}

static void end_status(struct question *question)
{
	const struct server *server = question->server;
	const struct config *config = server->config;

	control_finish(question->client, json_pack(
		"{s:b, s:s, s:i, s:I, s:o, s:s, s:i, s:i, s:i, s:b, s:o, s:o, s:o, s:b, s:O}",
		"ok", 1,
		"version", KTURN_VERSION,
		"pid", (int)getpid(),
		"uptime_s", (json_int_t)(worker_now() - server->started),
		"kept_s", kept_time(server),
		"engine", server->workers[0].datapath->ops->name,
		"workers", server->n_workers,
		"allocations", quota_count((struct quota *)&server->quota),
		"watchers", (int)atomic_load(&server->watchers),
		"draining", (int)server->drain.draining,
		"drain_deadline_s", drain_status(&server->drain),
		"realm", json_text(config->realm),
		"userdb", json_text(config->userdb),
		"redis_userdb", config->redis != NULL,
		"per_worker", question->sum));
}

static void status(struct control_client *client, const json_t *request)
{
	static const struct question_ops ops = { count_sessions, take_counts, end_status };
	struct question *question = question_new(&ops, client, NULL);

	(void)request;
	if (!question) {
		control_fail(client, "no memory");
		return;
	}
	question->sum = json_array();
	question_ask(question);
}

/* --- reload */

static json_t *lines_of(char *text)
{
	json_t *lines = json_array();
	char *line;

	while ((line = strsep(&text, "\n")))
		if (*line)
			json_array_append_new(lines, json_string(line));
	return lines;
}

static void reload_now(struct control_client *client, const json_t *request)
{
	char *told = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&told, &size);
	int err;

	(void)request;
	if (!out) {
		control_fail(client, "no memory");
		return;
	}
	err = reload(control_server(client), out);
	fclose(out);
	if (err)
		control_finish(client, json_pack("{s:b, s:s, s:o}", "ok", 0, "error",
						 "the old configuration stays",
						 "lines", lines_of(told)));
	else
		control_finish(client, json_pack("{s:b, s:o}", "ok", 1, "lines",
						 lines_of(told)));
	free(told);
}

/* --- drain */

static void drain(struct control_client *client, const json_t *request)
{
	struct server *server = control_server(client);
	const json_t *deadline = json_object_get(request, "deadline");
	json_int_t seconds = json_integer_value(deadline);

	if ((deadline && !json_is_integer(deadline)) || seconds < 0 || seconds > DEADLINE_MAX)
		control_fail(client, "deadline: should be seconds, 0 to %d", DEADLINE_MAX);
	else if (drain_begin(server, seconds))
		control_fail(client, "no memory");
	else
		control_finish(client, json_pack("{s:b, s:i}", "ok", 1, "allocations",
						 quota_count(&server->quota)));
}

/* --- upgrade */

static void upgrade(struct control_client *client, const json_t *request)
{
	struct server *server = control_server(client);
	int err = upgrade_begin(server);

	(void)request;
	if (err)
		control_fail(client, err == -EOPNOTSUPP
			     ? "keep-sessions is not set: every allocation would end"
			     : "no memory");
	else
		control_finish(client, json_pack("{s:b, s:i}", "ok", 1, "allocations",
						 quota_count(&server->quota)));
}

/* --- all of them */

static const struct command {
	const char *name;
	void (*run)(struct control_client *client, const json_t *request);
} commands[] = {
	{ "status", status },
	{ "reload", reload_now },
	{ "drain", drain },
	{ "upgrade", upgrade },
	{ "allocation-list", control_allocation_list },
	{ "allocation-show", control_allocation_show },
	{ "allocation-del", control_allocation_del },
	{ "trace", control_trace },
	{ "diagnose", control_history },
};

void control_command(struct control_client *client, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "command"));

	for (size_t i = 0; name && i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(name, commands[i].name)) {
			commands[i].run(client, request);
			return;
		}
	}
	control_fail(client, "there is no such command; there are status, reload, drain, "
		     "upgrade, allocation-list, allocation-show, allocation-del, trace and "
		     "diagnose");
}
