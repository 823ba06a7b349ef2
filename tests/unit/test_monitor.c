// SPDX-License-Identifier: GPL-2.0-only
/*
 * kturn monitor beside a module that is made up here: what it says of what the module
 * tells, and of what the module has told unheard.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include "command.h"
#include "genl.h"

enum { ADD = KTURN_CMD_RELAY_ADD_NTF, DEL = KTURN_CMD_RELAY_DEL_NTF, LOSE, EMPTY, END };

/*
 * What kturn_events_next() returns, one after the other: LOSE is -ENOBUFS, EMPTY that there
 * is none now.
 */
struct told {
	int what;
	uint64_t id;
};

static const struct told *told;
/* The relays that each look finds, ended by 0; the looks by NULL. */
static const uint64_t *const *looks;
static int ready, stats_error;

/* --- the module */

static struct kturn_relay relay_of(uint64_t id)
{
	struct kturn_relay relay = { .id = id, .group = 0x10 + id, .age_ms = 1500 };

	addr_parse(&relay.client.remote, "10.0.0.1");
	addr_set_port(&relay.client.remote, id);
	addr_parse(&relay.peer.remote, id % 2 ? "192.0.2.1" : "198.51.100.1");
	relay.reason = KTURN_END_REASON_EOF;
	relay.to_peer.bytes = 1536;
	return relay;
}

int kturn_genl_open(struct kturn_genl **genl, char *why, size_t why_len)
{
	(void)why, (void)why_len;
	*genl = (struct kturn_genl *)&ready;
	return 0;
}

void kturn_genl_close(struct kturn_genl *genl)
{
	(void)genl;
}

int kturn_genl_fd(const struct kturn_genl *genl)
{
	(void)genl;
	return ready;
}

const char *kturn_genl_why(const struct kturn_genl *genl)
{
	(void)genl;
	return "no reason";
}

int kturn_events_join(struct kturn_genl *genl, uint32_t owner)
{
	(void)genl, (void)owner;
	return 0;
}

int kturn_events_next(struct kturn_genl *genl, struct kturn_event *event)
{
	(void)genl;
	if (told->what == END) {
		raise(SIGTERM);
		return -EAGAIN;
	}
	event->cmd = told->what;
	event->relay = relay_of(told->id);
	switch (told++->what) {
	case LOSE:	return -ENOBUFS;
	case EMPTY:	return -EAGAIN;
	default:	return 0;
	}
}

int kturn_relay_each(struct kturn_genl *genl, const struct kturn_which *which,
		     void (*fn)(const struct kturn_relay *relay, void *arg), void *arg)
{
	(void)genl, (void)which;
	assert_non_null(*looks);
	for (const uint64_t *id = *looks; *id; id++) {
		struct kturn_relay relay = relay_of(*id);

		fn(&relay, arg);
	}
	looks++;
	return 0;
}

int kturn_stats_get(struct kturn_genl *genl, struct kturn_stats *stats)
{
	(void)genl, (void)stats;
	return stats_error;
}

/* --- what it says */

static char said[4096];

/* A signal that has ended one of them must not end the next. */
static void forget_signals(void)
{
	const struct timespec none = { 0, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	while (sigtimedwait(&set, NULL, &none) == SIGTERM)
		;
}

/* Return: the exit status; @said is what it has said. */
static int watch(const struct options *opt)
{
	int out = dup(STDOUT_FILENO), status;
	FILE *file = tmpfile();

	assert_non_null(file);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	status = monitor_verbs->run(opt, 0, NULL);
	forget_signals();
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	rewind(file);
	said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
	fclose(file);
	return status;
}

/* The words and ids of lines of JSON: "added 7,lost,synced". */
static const char *summary(void)
{
	static char text[512];

	text[0] = '\0';
	for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n")) {
		json_t *object = json_loads(line, 0, NULL);
		const json_t *id = json_object_get(json_object_get(object, "relay"), "id");
		char part[64];

		assert_non_null(object);
		assert_true(json_integer_value(json_object_get(object, "time_us")) > 0);
		snprintf(part, sizeof(part), id ? "%s%s %d" : "%s%s", *text ? "," : "",
			 json_string_value(json_object_get(object, "event")),
			 (int)json_integer_value(id));
		strcat(text, part);
		json_decref(object);
	}
	return text;
}

#define IDS(...) (const uint64_t[]) { __VA_ARGS__ 0 }
#define COMMA ,

static void expect(const struct options *opt, const struct told *tell,
		   const uint64_t *const *look, const char *what)
{
	told = tell;
	looks = look;
	assert_int_equal(watch(opt), EXIT_SUCCESS);
	assert_string_equal(summary(), what);
}

static const struct options json = { .json = true };

static void as_it_comes(void **state)
{
	(void)state;
	expect(&json, (const struct told[]) { { ADD, 8 }, { DEL, 7 }, { DEL, 8 }, { END, 0 } },
	       (const uint64_t *const[]) { IDS(7 COMMA), NULL },
	       "added 8,ended 7,ended 8");
}

/* What is told between joining and the first look is told of once, and is told of. */
static void told_while_it_starts(void **state)
{
	(void)state;
	expect(&json, (const struct told[]) { { ADD, 7 }, { DEL, 6 }, { END, 0 } },
	       (const uint64_t *const[]) { IDS(7 COMMA), NULL },
	       "added 7,ended 6");
}

/* What was kept comes first; then what the next look shows to have been missed. */
static void lost_and_found(void **state)
{
	(void)state;
	expect(&json, (const struct told[]) { { LOSE, 0 }, { ADD, 8 }, { END, 0 } },
	       (const uint64_t *const[]) { IDS(6 COMMA 7 COMMA), IDS(7 COMMA 9 COMMA), NULL },
	       "added 8,lost,appeared 9,gone 6,gone 8,synced");
}

/* One that the look has shown is not told of again when its notification comes. */
static void not_said_twice(void **state)
{
	static const struct told tell[] = {
		{ LOSE, 0 }, { EMPTY, 0 }, { ADD, 9 }, { DEL, 9 }, { END, 0 },
	};

	(void)state;
	expect(&json, tell, (const uint64_t *const[]) { IDS(), IDS(9 COMMA), NULL },
	       "lost,appeared 9,synced,ended 9");
}

static void filtered(void **state)
{
	const struct options opt = { .json = true, .peer = "192.0.2.0/24" };

	(void)state;
	expect(&opt, (const struct told[]) { { ADD, 4 }, { ADD, 5 }, { DEL, 4 }, { DEL, 5 },
					     { LOSE, 0 }, { END, 0 } },
	       (const uint64_t *const[]) { IDS(2 COMMA), IDS(2 COMMA 3 COMMA), NULL },
	       "added 5,ended 5,lost,appeared 3,synced");
}

static void for_people(void **state)
{
	static const struct options plain = { .json = false };
	static const struct told tell[] = { { ADD, 8 }, { DEL, 8 }, { LOSE, 0 }, { END, 0 } };

	(void)state;
	told = tell;
	looks = (const uint64_t *const[]) { IDS(6 COMMA), IDS(), NULL };
	assert_int_equal(watch(&plain), EXIT_SUCCESS);
	assert_non_null(strstr(said, "] added relay 8 group 0x18 client 10.0.0.1:8 "
				     "peer 198.51.100.1:0 engine kernel/process\n["));
	assert_non_null(strstr(said, "] ended relay 8 group 0x18 client 10.0.0.1:8 "
				     "peer 198.51.100.1:0: eof after 1.5s, 1.5KiB to peer, "
				     "0B to client\n["));
	assert_non_null(strstr(said, "] lost notifications; looking at all relays\n["));
	assert_non_null(strstr(said, "] gone relay 6 "));
	assert_non_null(strstr(said, "] synced: 0 relays\n"));
}

/* It would be silent for ever. */
static void module_has_gone(void **state)
{
	int always = ready;

	(void)state;
	ready = eventfd(0, EFD_CLOEXEC);
	stats_error = -ENOENT;
	looks = (const uint64_t *const[]) { IDS(), NULL };
	assert_int_equal(watch(&json), EXIT_FAILURE);
	assert_string_equal(said, "");
	stats_error = 0;
	close(ready);
	ready = always;
}

/* As behind "| head -1": the end of who reads is the end of it, without a complaint. */
static void nobody_reads(void **state)
{
	int out = dup(STDOUT_FILENO), ends[2], always = ready;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	ready = eventfd(0, EFD_CLOEXEC);
	looks = (const uint64_t *const[]) { IDS(), NULL };
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	close(ends[0]);
	assert_int_equal(monitor_verbs->run(&json, 0, NULL), EXIT_SUCCESS);
	assert_int_equal(fflush(stdout), 0);
	dup2(out, STDOUT_FILENO);
	close(out);
	close(ready);
	ready = always;
}

/* Always readable. */
static int setup(void **state)
{
	(void)state;
	ready = eventfd(1, EFD_CLOEXEC);
	return ready < 0;
}

static int teardown(void **state)
{
	(void)state;
	return close(ready);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_it_comes),
		cmocka_unit_test(told_while_it_starts),
		cmocka_unit_test(lost_and_found),
		cmocka_unit_test(not_said_twice),
		cmocka_unit_test(filtered),
		cmocka_unit_test(for_people),
		cmocka_unit_test(module_has_gone),
		cmocka_unit_test(nobody_reads),
	};

	return cmocka_run_group_tests_name("monitor", tests, setup, teardown);
}
