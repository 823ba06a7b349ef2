// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "diagnose_text.h"
#include "macros.h"
#include "printable.h"
#include "stun.h"
#include "table.h"
#include "text.h"

static const char *string(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "-";
}

static bool is_there(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value && !json_is_null(value);
}

static uint64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* --- the list */

static const struct column columns[] = {
	{ "ALLOCATION", false }, { "USER", false }, { "CLIENT", false }, { "PEER", false },
	{ "STATE", false }, { "TO PEER", true }, { "TO CLIENT", true }, { "CAUSE", false },
};

static const char *bytes(const json_t *connection, const char *key, char buf[TEXT_LEN])
{
	const json_t *flow = json_object_get(connection, key);

	return flow ? text_bytes(number(flow, "bytes"), buf) : "-";
}

static const char *cause_code(const json_t *history, const json_t *connection)
{
	const json_t *cause = json_object_get(connection, "cause");

	if (!json_is_object(cause))
		cause = json_object_get(history, "cause");
	return string(cause, "code");
}

static const char *history_state(const json_t *history)
{
	if (!is_there(history, "allocation"))
		return "none";
	return is_there(history, "ended_us") ? "ended" : "open";
}

static int add_row(struct table *table, const json_t *history, const json_t *connection)
{
	char buf[TEXT_LEN];

	return table_add(table, string(history, "allocation")) ||
	       table_add(table, string(history, "user")) ||
	       table_add(table, string(history, "client")) ||
	       table_add(table, string(connection, "peer")) ||
	       table_add(table, connection ? string(connection, "state") :
			 history_state(history)) ||
	       table_add(table, bytes(connection, "to_peer", buf)) ||
	       table_add(table, bytes(connection, "to_client", buf)) ||
	       table_add(table, cause_code(history, connection));
}

int diagnose_add_rows(struct table *table, const json_t *history)
{
	const json_t *connections = json_object_get(history, "connections");
	json_t *connection;
	size_t i;

	if (!json_array_size(connections))
		return add_row(table, history, NULL);
	json_array_foreach(connections, i, connection)
		if (add_row(table, history, connection))
			return -ENOMEM;
	return 0;
}

struct table diagnose_table(void)
{
	return (struct table){ .columns = columns, .count = ARRAY_SIZE(columns) };
}

/* --- steps */

static const char *clock_time(uint64_t us, char buf[TEXT_LEN])
{
	time_t seconds = us / 1000000;
	struct tm tm;

	strftime(buf, TEXT_LEN, "%H:%M:%S", localtime_r(&seconds, &tm));
	snprintf(buf + strlen(buf), TEXT_LEN - strlen(buf), ".%03u",
		 (unsigned int)(us % 1000000 / 1000));
	return buf;
}

static const char *outcome(const json_t *step, char buf[64])
{
	unsigned int code = number(step, "code");

	if (!is_there(step, "code"))
		return is_there(step, "why") ? string(step, "why") : "told the client";
	if (!code)
		return "success";
	snprintf(buf, 64, "%u (%s)%s", code, stun_error_str(code),
		 code == 401 && !json_is_true(json_object_get(step, "signed")) ?
		 ", the challenge" : "");
	return buf;
}

static void print_step(const json_t *step)
{
	char first[TEXT_LEN], last[TEXT_LEN], buf[64];

	printf("    %s  %-18s %s", clock_time(number(step, "time_us"), first),
	       string(step, "step"), outcome(step, buf));
	if (is_there(step, "peer"))
		printf("  peer %s", string(step, "peer"));
	if (is_there(step, "connection"))
		printf("  connection %s", string(step, "connection"));
	if (number(step, "times") > 1)
		printf("  %" PRIu64 " times, until %s", number(step, "times"),
		       clock_time(number(step, "last_us"), last));
	putchar('\n');
}

static void print_steps(const json_t *history)
{
	json_t *step;
	size_t i;

	printf("  %scontrol messages%s:\n", text_bold(), text_plain());
	json_array_foreach(json_object_get(history, "steps"), i, step)
		print_step(step);
	if (!json_array_size(json_object_get(history, "steps")))
		puts("    not known");
	if (number(history, "steps_omitted"))
		printf("    and %" PRIu64 " more between them\n", number(history, "steps_omitted"));
}

/* --- connections */

static void print_moment(const char *key, const json_t *connection, const char *when,
			 const char *missing)
{
	char buf[TEXT_LEN];

	text_key("    ", key);
	puts(is_there(connection, when) ? clock_time(number(connection, when), buf) : missing);
}

static void print_end(const json_t *connection)
{
	char buf[TEXT_LEN];

	text_key("    ", "ended");
	printf("%s, %s", clock_time(number(connection, "ended_us"), buf),
	       string(connection, "why"));
	if (!strcmp(string(connection, "why"), "eof"))
		printf(": both sides have closed, after all was delivered");
	if (number(connection, "errno"))
		printf(" (%s)", strerror(number(connection, "errno")));
	putchar('\n');
}

static void print_closer(const json_t *connection)
{
	if (!is_there(connection, "closed_first"))
		return;
	text_key("    ", "closed first");
	printf("the %s\n", string(connection, "closed_first"));
}

static void print_life(const json_t *connection)
{
	bool by_peer = !strcmp(string(connection, "by"), "peer");
	bool ended = is_there(connection, "ended_us");

	/* The module alone does not know more. */
	if (!is_there(connection, "by")) {
		print_moment("bound", connection, "bound_us", "-");
		return;
	}
	print_moment(by_peer ? "the peer connects" : "Connect", connection, "created_us", "-");
	print_moment(by_peer ? "ConnectionAttempt" : "connected", connection, "ready_us",
		     ended ? "never" : "not yet");
	print_moment("ConnectionBind", connection, "bound_us",
		     ended ? "missing" : "missing so far");
	if (ended)
		print_end(connection);
}

static void print_flow(const char *name, const json_t *flow)
{
	char buf[TEXT_LEN];

	text_key("    ", name);
	if (!flow)
		puts("not known");
	else
		printf("%s, begins with: %s\n", text_bytes(number(flow, "bytes"), buf),
		       string(flow, "first"));
}

static const char *yes_or_no(const json_t *stun, const char *key)
{
	if (number(stun, key))
		return "yes";
	return json_is_true(json_object_get(stun, "whole")) ? "no" : "not among the first";
}

static void print_stun(const char *name, const json_t *flow)
{
	const json_t *stun = json_object_get(flow, "stun");

	text_key("    ", name);
	printf("request %s, success %s\n", yes_or_no(stun, "requests"),
	       yes_or_no(stun, "successes"));
}

static bool has_stun(const json_t *flow)
{
	const char *framing = string(json_object_get(flow, "stun"), "framing");

	return !strcmp(framing, "framed") || !strcmp(framing, "plain");
}

static void print_cause(const char *indent, const json_t *cause, const char *otherwise)
{
	text_key(indent, "verdict");
	if (!json_is_object(cause)) {
		puts(otherwise);
		return;
	}
	printf("%s%s%s: %s\n", text_bold(), string(cause, "code"), text_plain(),
	       string(cause, "what"));
	text_key(indent, "try");
	puts(string(cause, "try"));
}

static void print_flows(const json_t *connection)
{
	const json_t *to_peer = json_object_get(connection, "to_peer");
	const json_t *to_client = json_object_get(connection, "to_client");

	print_flow("to the peer", to_peer);
	print_flow("to the client", to_client);
	if (!has_stun(to_peer) && !has_stun(to_client))
		return;
	print_stun("STUN to the peer", to_peer);
	print_stun("STUN to the client", to_client);
}

static void print_connection(const json_t *connection)
{
	printf("  %sconnection %s%s with peer %s\n", text_bold(),
	       string(connection, "connection"), text_plain(), string(connection, "peer"));
	print_life(connection);
	print_closer(connection);
	if (is_there(connection, "relay")) {
		text_key("    ", "relay");
		printf("%" PRIu64 ", engine %s\n", number(connection, "relay"),
		       string(connection, "engine"));
	}
	if (is_there(connection, "bound_us"))
		print_flows(connection);
	print_cause("    ", json_object_get(connection, "cause"), "nothing looks wrong");
}

/* --- the whole */

static void print_whose(const json_t *history)
{
	char buf[TEXT_LEN];

	printf("%sallocation %s%s\n", text_bold(),
	       is_there(history, "allocation") ? string(history, "allocation") : "none",
	       text_plain());
	text_key("  ", "user");
	printf("%s%s\n", string(history, "user"), is_there(history, "user") &&
	       !json_is_true(json_object_get(history, "authenticated")) ? ", as it says" : "");
	text_key("  ", "client");
	printf("%s at %s over %s\n", string(history, "client"), string(history, "server"),
	       string(history, "over"));
	text_key("  ", "relayed");
	puts(string(history, "relayed"));
	if (!is_there(history, "ended_us"))
		return;
	text_key("  ", "ended");
	printf("%s, %s\n", clock_time(number(history, "ended_us"), buf), string(history, "ended"));
}

int diagnose_print(const json_t *known)
{
	json_t *history = printable_json(known), *connection;
	size_t i;

	if (!history)
		return -ENOMEM;
	print_whose(history);
	print_steps(history);
	print_cause("  ", json_object_get(history, "cause"), "nothing looks wrong");
	json_array_foreach(json_object_get(history, "connections"), i, connection)
		print_connection(connection);
	if (number(history, "connections_omitted"))
		printf("  and %" PRIu64 " connections of which no more is known\n",
		       number(history, "connections_omitted"));
	json_decref(history);
	return 0;
}
