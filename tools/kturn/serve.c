// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon as a whole: how it is, a new configuration, its end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "daemon.h"
#include "text.h"

static uint64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static int print_json(json_t *answer)
{
	json_object_del(answer, "ok");
	json_dumpf(answer, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(answer);
	return EXIT_SUCCESS;
}

static void print_text(const json_t *object, const char *key, const char *title)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		return;
	text_key("", title);
	puts(text);
}

static void print_status(const json_t *answer)
{
	const json_t *deadline = json_object_get(answer, "drain_deadline_s");
	const json_t *kept = json_object_get(answer, "kept_s");
	char uptime[TEXT_LEN];

	print_text(answer, "version", "version");
	text_field_count("", "pid", number(answer, "pid"));
	text_key("", "uptime");
	puts(text_time(1000 * number(answer, "uptime_s"), uptime));
	if (json_is_integer(kept)) {
		text_key("", "sessions kept for");
		puts(text_time(1000 * json_integer_value(kept), uptime));
	}
	print_text(answer, "engine", "engine");
	text_field_count("", "workers", number(answer, "workers"));
	text_field_count("", "allocations", number(answer, "allocations"));
	print_text(answer, "realm", "realm");
	print_text(answer, "userdb", "userdb");
	if (!json_is_true(json_object_get(answer, "draining")))
		return;
	text_key("", "draining");
	if (json_is_integer(deadline))
		printf("until %s from now at the latest\n",
		       text_time(1000 * json_integer_value(deadline), uptime));
	else
		puts("until the last allocation has ended");
}

static int status(const struct options *opt, int count, char **args)
{
	json_t *answer = daemon_ask(opt, json_pack("{s:s}", "command", "status"), NULL, NULL);

	(void)count, (void)args;
	if (!answer)
		return EXIT_FAILURE;
	if (opt->json)
		return print_json(answer);
	print_status(answer);
	json_decref(answer);
	return EXIT_SUCCESS;
}

static int reload(const struct options *opt, int count, char **args)
{
	json_t *answer = daemon_ask(opt, json_pack("{s:s}", "command", "reload"), NULL, NULL);
	json_t *line;
	size_t i;

	(void)count, (void)args;
	if (!answer)
		return EXIT_FAILURE;
	if (opt->json)
		return print_json(answer);
	json_array_foreach(json_object_get(answer, "lines"), i, line)
		if (json_is_string(line))
			puts(json_string_value(line));
	json_decref(answer);
	return EXIT_SUCCESS;
}

/* The answer is used up. */
static int print_allocations(const struct options *opt, json_t *answer, const char *what)
{
	if (!answer)
		return EXIT_FAILURE;
	if (opt->json)
		return print_json(answer);
	printf("%" PRIu64 " allocations %s\n", number(answer, "allocations"), what);
	json_decref(answer);
	return EXIT_SUCCESS;
}

static int drain(const struct options *opt, int count, char **args)
{
	json_t *answer = daemon_ask(opt, json_pack("{s:s, s:I}", "command", "drain", "deadline",
						   (json_int_t)opt->deadline), NULL, NULL);

	(void)count, (void)args;
	return print_allocations(opt, answer, "to go");
}

static int upgrade(const struct options *opt, int count, char **args)
{
	(void)count, (void)args;
	return print_allocations(opt, daemon_ask(opt, json_pack("{s:s}", "command", "upgrade"),
						 NULL, NULL), "go on");
}

const struct verb status_verbs[] = {
	{
		.name = "",
		.takes = "",
		.does = "how kturnd is",
		.options = OPTION_SOCKET,
		.run = status,
	},
	{ .name = NULL },
};

const struct verb reload_verbs[] = {
	{
		.name = "",
		.takes = "",
		.does = "have kturnd read its configuration again",
		.options = OPTION_SOCKET,
		.run = reload,
	},
	{ .name = NULL },
};

const struct verb upgrade_verbs[] = {
	{
		.name = "",
		.takes = "",
		.does = "have kturnd started again, with all its sessions",
		.options = OPTION_SOCKET,
		.run = upgrade,
	},
	{ .name = NULL },
};

const struct verb drain_verbs[] = {
	{
		.name = "",
		.takes = "[--deadline SECONDS]",
		.does = "let kturnd end with its last allocation",
		.options = OPTION_SOCKET | OPTION_DEADLINE,
		.run = drain,
	},
	{ .name = NULL },
};
