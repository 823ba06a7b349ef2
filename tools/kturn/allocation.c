// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "daemon.h"
#include "printable.h"
#include "table.h"
#include "text.h"

/* What comes of an answer: a table, an array, or lines. */
struct listing {
	struct table table;
	json_t *array;
	bool failed;
};

static const struct column columns[] = {
	{ "ID", false }, { "USER", false }, { "CLIENT", false }, { "OVER", false },
	{ "RELAYED", false }, { "TRANSPORT", false }, { "CONNECTIONS", true }, { "AGE", true },
	{ "EXPIRES", true },
};

static const char *string(const json_t *allocation, const char *key)
{
	const char *text = json_string_value(json_object_get(allocation, key));

	return text ? text : "-";
}

static uint64_t number(const json_t *allocation, const char *key)
{
	return json_integer_value(json_object_get(allocation, key));
}

static const char *first_relayed(const json_t *allocation)
{
	const json_t *relayed = json_object_get(allocation, "relayed");
	const char *text = json_string_value(json_array_get(relayed, 0));

	return text ? text : "-";
}

static void add_row(const json_t *line, void *arg)
{
	const json_t *allocation = json_object_get(line, "allocation");
	struct listing *listing = arg;
	char age[TEXT_LEN], expires[TEXT_LEN], connections[TEXT_LEN];

	snprintf(connections, sizeof(connections), "%" PRIu64, number(allocation, "connections"));
	const char *const cells[] = {
		string(allocation, "id"), string(allocation, "user"),
		string(allocation, "client"), string(allocation, "over"),
		first_relayed(allocation), string(allocation, "transport"), connections,
		text_time(1000 * number(allocation, "age_s"), age),
		text_time(1000 * number(allocation, "expires_s"), expires),
	};

	for (size_t i = 0; i < listing->table.count; i++)
		if (table_add(&listing->table, cells[i]))
			listing->failed = true;
}

static void add_element(const json_t *line, void *arg)
{
	struct listing *listing = arg;

	if (json_array_append(listing->array, json_object_get(line, "allocation")))
		listing->failed = true;
}

static int print_listing(const struct options *opt, struct listing *listing)
{
	if (listing->failed) {
		complain("no memory");
		return EXIT_FAILURE;
	}
	if (opt->json) {
		json_dumpf(listing->array, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		table_print(&listing->table);
	}
	return EXIT_SUCCESS;
}

/* Send a request, and print the allocations that come back. */
static int ask(const struct options *opt, json_t *request)
{
	struct listing listing = {
		.table = { .columns = columns, .count = sizeof(columns) / sizeof(columns[0]) },
		.array = json_array(),
	};
	json_t *answer;
	int status = EXIT_FAILURE;

	answer = daemon_ask(opt, request, opt->json ? add_element : add_row, &listing);
	if (answer)
		status = print_listing(opt, &listing);
	json_decref(answer);
	json_decref(listing.array);
	table_free(&listing.table);
	return status;
}

static json_t *request(const char *command, const char *id, const char *user)
{
	json_t *object = json_pack("{s:s}", "command", command);

	if (id)
		json_object_set_new(object, "id", json_string(id));
	if (user)
		json_object_set_new(object, "user", json_string(user));
	return object;
}

static int list(const struct options *opt, int count, char **args)
{
	(void)count, (void)args;
	return ask(opt, request("allocation-list", NULL, opt->user));
}

static void print_field(const char *key, const json_t *value)
{
	json_t *element;
	size_t i;

	if (json_is_array(value)) {
		json_array_foreach(value, i, element)
			print_field(key, element);
		return;
	}
	text_key("", key);
	if (json_is_integer(value))
		printf("%lld\n", (long long)json_integer_value(value));
	else
		puts(json_is_string(value) ? json_string_value(value) : "-");
}

static void print_all(const json_t *line, void *arg)
{
	json_t *shown = printable_json(line), *value;
	const char *key;

	(void)arg;
	if (!shown)
		complain("no memory");
	json_object_foreach(json_object_get(shown, "allocation"), key, value)
		print_field(key, value);
	json_decref(shown);
}

static void print_object(const json_t *line, void *arg)
{
	(void)arg;
	json_dumpf(json_object_get(line, "allocation"), stdout, JSON_INDENT(2));
	putchar('\n');
}

static int show(const struct options *opt, int count, char **args)
{
	json_t *answer = daemon_ask(opt, request("allocation-show", args[0], NULL),
				    opt->json ? print_object : print_all, NULL);

	(void)count;
	json_decref(answer);
	return answer ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* One that fails does not keep the others from being ended. */
static int del(const struct options *opt, int count, char **args)
{
	int status = EXIT_SUCCESS;

	if (opt->user ? count : !count) {
		complain("allocation del takes ids or --user, one of them");
		return EXIT_USAGE;
	}
	if (opt->user)
		return ask(opt, request("allocation-del", NULL, opt->user));
	for (int i = 0; i < count; i++)
		if (ask(opt, request("allocation-del", args[i], NULL)))
			status = EXIT_FAILURE;
	return status;
}

const struct verb allocation_verbs[] = {
	{
		.name = "list",
		.takes = "[--user NAME]",
		.does = "the allocations there are",
		.options = OPTION_SOCKET | OPTION_USER,
		.run = list,
	},
	{
		.name = "show",
		.takes = "ID",
		.does = "all about one of them",
		.options = OPTION_SOCKET,
		.min = 1,
		.max = 1,
		.run = show,
	},
	{
		.name = "del",
		.takes = "ID... | --user NAME",
		.does = "end them",
		.options = OPTION_SOCKET | OPTION_USER,
		.max = INT_MAX,
		.run = del,
	},
	{ .name = NULL },
};
