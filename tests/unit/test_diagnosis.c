// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kturn diagnose concludes: each cause from its evidence, and none where all is well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "diagnosis.h"
#include "payload.h"
#include "relay_cookie.h"
#include "verdict.h"

#define NOW	1700000000000000	/* microseconds since 1970 */

/* Seconds before that. */
#define AGO(seconds) (json_int_t)(NOW - (seconds) * 1000000LL)

static const char *code_of(const struct cause *cause)
{
	return cause ? cause->code : "none";
}

/* --- requests */

static json_t *step(const char *name, int code, bool with_signature, double ago)
{
	return json_pack("{s:s, s:i, s:b, s:I, s:I, s:i, s:n, s:n, s:n}", "step", name,
			 "code", code, "signed", with_signature, "time_us", AGO(ago),
			 "last_us", AGO(ago), "times", 1, "peer", "connection", "why");
}

static json_t *about(json_t *step, const char *peer)
{
	json_object_set_new(step, "peer", json_string(peer));
	return step;
}

static json_t *refused_peer(const char *peer, const char *why, double ago)
{
	json_t *object = about(step("peer refused", 0, false, ago), peer);

	json_object_set_new(object, "code", json_null());
	json_object_set_new(object, "why", json_string(why));
	return object;
}

/* A client with an allocation and these steps, NULL behind the last. */
static json_t *history(json_t *first, ...)
{
	json_t *steps = json_array();
	va_list more;

	va_start(more, first);
	for (json_t *each = first; each; each = va_arg(more, json_t *))
		json_array_append_new(steps, each);
	va_end(more);
	return json_pack("{s:s, s:s, s:I, s:n, s:n, s:o, s:[]}", "allocation",
			 "00aabbccddeeff01", "transport", "tcp", "created_us", AGO(60),
			 "ended_us", "ended", "steps", steps, "connections");
}

#define HISTORY(...) history(__VA_ARGS__, NULL)

/* And what is said of it is this. */
static void assert_history(const char *code, json_t *history)
{
	assert_string_equal(code_of(verdict_history(history, NOW)), code);
	json_decref(history);
}

/* All of what a client does who has a call. */
static json_t *usual(void)
{
	return HISTORY(step("Allocate", 401, false, 59), step("Allocate", 0, true, 59),
		       about(step("CreatePermission", 0, true, 58), "10.0.0.9"),
		       step("ConnectionAttempt", 0, false, 57), step("ConnectionBind", 0, true, 57),
		       step("Refresh", 0, true, 1));
}

static json_t *with_connection(json_t *history, json_t *connection)
{
	json_array_append_new(json_object_get(history, "connections"), connection);
	return history;
}

static json_t *connection(void);

static void good_requests(void **state)
{
	(void)state;
	assert_history("none", with_connection(usual(), connection()));
	assert_history("none", HISTORY(step("Allocate", 401, false, 1)));
	assert_history("none", HISTORY(step("Allocate", 401, false, 9), step("Allocate", 438, true, 9),
				       step("Allocate", 0, true, 8)));
	assert_history("none", HISTORY(step("Allocate", 401, true, 9), step("Allocate", 0, true, 5)));
}

static void refused_requests(void **state)
{
	static const struct {
		int code;
		const char *cause;
	} codes[] = {
		{ 300, "redirected" }, { 400, "bad-request" }, { 401, "wrong-password" },
		{ 403, "forbidden" }, { 420, "bad-request" }, { 437, "allocation-mismatch" },
		{ 440, "unsupported" }, { 441, "wrong-credentials" }, { 442, "unsupported" },
		{ 443, "unsupported" }, { 486, "quota" }, { 499, "bad-request" },
		{ 500, "server-error" }, { 508, "capacity" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_history(codes[i].cause, HISTORY(step("Allocate", 401, false, 9),
						       step("Allocate", codes[i].code, true, 9)));
}

static void who_does_not_come_back(void **state)
{
	json_t *stale = step("Allocate", 438, true, 1);

	(void)state;
	assert_history("challenge-unanswered", HISTORY(step("Allocate", 401, false, 9)));
	json_object_set_new(stale, "times", json_integer(5));
	assert_history("stale-nonce", HISTORY(stale));
}

static void requests_about_peers(void **state)
{
	(void)state;
	assert_history("peer-forbidden", HISTORY(step("Allocate", 0, true, 9),
						 about(step("Connect", 403, true, 5), "127.0.0.1:80")));
	assert_history("peer-forbidden", HISTORY(about(step("CreatePermission", 403, true, 5),
						       "127.0.0.1"),
						 about(step("CreatePermission", 0, true, 4),
						       "10.0.0.9")));
	assert_history("none", HISTORY(about(step("Connect", 447, true, 5), "10.0.0.9:80")));
	assert_history("bind-unknown", HISTORY(step("ConnectionBind", 400, true, 5)));
	assert_history("wrong-password", HISTORY(step("ConnectionBind", 401, true, 5)));
}

static void refused_peers(void **state)
{
	(void)state;
	assert_history("no-permission", HISTORY(step("Allocate", 0, true, 99),
						refused_peer("10.0.0.9", "no permission", 70)));
	/* Too early, and then once more. */
	assert_history("none", with_connection(HISTORY(refused_peer("10.0.0.9", "no permission", 70)),
					       connection()));
	/* That was somebody else. */
	assert_history("no-permission",
		       with_connection(HISTORY(refused_peer("10.0.0.8", "no permission", 70)),
				       connection()));
	assert_history("peer-forbidden", HISTORY(refused_peer("10.0.0.9", "forbidden", 70)));
	assert_history("too-many-connections",
		       HISTORY(refused_peer("10.0.0.9", "too many connections", 70)));
}

static void nobody_came(void **state)
{
	json_t *young = usual();

	(void)state;
	assert_history("peer-never-came", usual());
	json_object_set_new(young, "created_us", json_integer(AGO(5)));
	assert_history("none", young);
	assert_history("none", HISTORY(step("Allocate", 0, true, 50)));
}

static void expired(void **state)
{
	json_t *history = with_connection(usual(), connection());

	(void)state;
	json_object_set_new(history, "ended_us", json_integer(AGO(1)));
	json_object_set_new(history, "ended", json_string("expired"));
	assert_history("expired", history);
}

/* --- connections */

/* Bound, with nothing carried yet. */
static json_t *connection(void)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:n, s:n, s:s, s:i}",
			 "peer", "10.0.0.9:4000", "by", "peer", "state", "bound",
			 "created_us", AGO(57), "ready_us", AGO(57), "bound_us", AGO(56),
			 "ended_us", "why", "engine", "splice", "relay", 7);
}

static json_t *flow(int bytes, int requests, int successes, int errors, int others, bool whole)
{
	return json_pack("{s:i, s:s, s:{s:s, s:i, s:i, s:i, s:i, s:b}}", "bytes", bytes, "head", "",
			 "stun", "framing", "framed", "requests", requests, "successes",
			 successes, "errors", errors, "others", others, "whole", whole);
}

static json_t *carrying(json_t *connection, json_t *to_peer, json_t *to_client)
{
	json_object_set_new(connection, "to_peer", to_peer);
	json_object_set_new(connection, "to_client", to_client);
	return connection;
}

static json_t *ended(json_t *connection, const char *why)
{
	json_object_set_new(connection, "ended_us", json_integer(AGO(20)));
	json_object_set_new(connection, "state", json_string("ended"));
	json_object_set_new(connection, "why", json_string(why));
	return connection;
}

/* Nothing has happened after @last. */
static json_t *only_until(const char *last, double ago)
{
	json_t *object = connection();

	json_object_set_new(object, "bound_us", json_null());
	json_object_set_new(object, "created_us", json_integer(AGO(ago)));
	json_object_set_new(object, "ready_us", strcmp(last, "ready") ? json_null() :
			    json_integer(AGO(ago)));
	return object;
}

static void assert_connection(const char *code, json_t *connection)
{
	assert_string_equal(code_of(verdict_connection(connection, NOW)), code);
	json_decref(connection);
}

static void never_connected(void **state)
{
	static const char *const whys[][2] = {
		{ "Connection refused", "peer-refused" },
		{ "no connection in time", "firewall-silent" },
		{ "Connection timed out", "firewall-silent" },
		{ "No route to host", "peer-unreachable" },
		{ "Network is unreachable", "peer-unreachable" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++)
		assert_connection(whys[i][1], ended(only_until("created", 50), whys[i][0]));
	assert_connection("none", only_until("created", 1));
	assert_connection("firewall-silent", only_until("created", 5));
}

static void never_bound(void **state)
{
	(void)state;
	assert_connection("none", only_until("ready", 1));
	assert_connection("never-bound", only_until("ready", 5));
	assert_connection("never-bound", ended(only_until("ready", 50), "not bound in time"));
	assert_connection("peer-gave-up", ended(only_until("ready", 50), "reset by the peer"));
}

static void good_calls(void **state)
{
	(void)state;
	/* Checks and media, or not known to the end. */
	assert_connection("none", carrying(connection(), flow(9000, 2, 2, 0, 9, false),
					   flow(9000, 1, 2, 0, 9, false)));
	assert_connection("none", carrying(connection(), flow(90000, 1, 0, 0, 0, false),
					   flow(90000, 0, 1, 0, 0, false)));
	/* Only one side checks. */
	assert_connection("none", ended(carrying(connection(), flow(108, 1, 0, 0, 0, true),
						 flow(64, 0, 1, 0, 0, true)), "eof"));
	/* Both have closed, the one of them hard. */
	assert_connection("none", ended(carrying(connection(), flow(500, 0, 0, 0, 0, true),
						 flow(700, 0, 0, 0, 0, true)), "client-reset"));
	/* An error, and then a success. */
	assert_connection("none", carrying(connection(), flow(500, 2, 0, 0, 0, true),
					   flow(300, 0, 1, 1, 0, true)));
	/* Nobody has told of it. */
	assert_connection("none", connection());
}

static void one_way(void **state)
{
	(void)state;
	assert_connection("silent", carrying(connection(), flow(0, 0, 0, 0, 0, true),
					     flow(0, 0, 0, 0, 0, true)));
	assert_connection("one-way-to-peer", carrying(connection(), flow(70, 0, 0, 0, 0, true),
						      flow(0, 0, 0, 0, 0, true)));
	assert_connection("one-way-to-client", carrying(connection(), flow(0, 0, 0, 0, 0, true),
							flow(70, 0, 0, 0, 0, true)));
	assert_connection("peer-closed", ended(carrying(connection(), flow(70, 0, 0, 0, 0, true),
							flow(0, 0, 0, 0, 0, true)), "peer-reset"));
	assert_connection("peer-closed", ended(carrying(connection(), flow(70, 0, 0, 0, 0, true),
							flow(0, 0, 0, 0, 0, true)), "eof"));
}

static void stun_without_answer(void **state)
{
	(void)state;
	assert_connection("stun-unanswered-by-peer",
			  carrying(connection(), flow(324, 3, 0, 0, 0, true), flow(0, 0, 0, 0, 0, true)));
	assert_connection("stun-unanswered-by-client",
			  carrying(connection(), flow(0, 0, 0, 0, 0, true), flow(324, 3, 0, 0, 0, true)));
	/* Both ask, nobody answers. */
	assert_connection("stun-unanswered-by-peer",
			  carrying(connection(), flow(324, 3, 0, 0, 0, true),
				   flow(324, 3, 0, 0, 0, true)));
	/* It may be among what nobody has looked at. */
	assert_connection("none", carrying(connection(), flow(324, 3, 0, 0, 0, true),
					   flow(5000, 3, 0, 0, 0, false)));
	assert_connection("stun-refused", carrying(connection(), flow(324, 3, 0, 0, 0, true),
						   flow(200, 0, 0, 3, 0, true)));
}

static void one_way_media(void **state)
{
	(void)state;
	assert_connection("one-way-media-to-peer",
			  carrying(connection(), flow(300000, 1, 1, 0, 9, false),
				   flow(172, 1, 1, 0, 0, true)));
	assert_connection("one-way-media-to-client",
			  carrying(connection(), flow(172, 1, 1, 0, 0, true),
				   flow(300000, 1, 1, 0, 9, false)));
	/* As much as the kernel tells. */
	assert_connection("one-way-media-to-peer",
			  carrying(connection(), flow(300000, 1, 0, 0, 0, false),
				   flow(300, 0, 1, 0, 0, false)));
}

/* What is stamped behind now is young, not older than all. */
static void clock_gone_back(void **state)
{
	json_t *bound = connection(), *young = usual();

	(void)state;
	json_object_set_new(bound, "bound_us", json_integer(AGO(-5)));
	assert_connection("none", carrying(bound, flow(0, 0, 0, 0, 0, true),
					   flow(0, 0, 0, 0, 0, true)));
	assert_connection("none", only_until("created", -5));
	assert_connection("none", only_until("ready", -5));
	assert_history("none", HISTORY(step("Allocate", 401, false, -5)));
	json_object_set_new(young, "created_us", json_integer(AGO(-5)));
	assert_history("none", young);
}

static void ends(void **state)
{
	static const char *const whys[][2] = {
		{ "tls-alert", "tls-alert" }, { "tls-key-update", "tls-key-update" },
		{ "idle", "idle" }, { "limit", "limit" }, { "urgent", "urgent" },
		{ "owner-gone", "server-gone" }, { "error", "socket-error" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++)
		assert_connection(whys[i][1], ended(connection(), whys[i][0]));
}

/* --- payload */

static void first_bytes(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		const char *protocol, *words;
	} known[] = {
		{ "", 0, "nothing", "nothing" },
		{ "\0\1\0\0\x21\x12\xa4\x42", 8, "stun", "STUN Binding request" },
		{ "\0\x14\0\1\0\0\x21\x12\xa4\x42", 10, "stun", "framed STUN Binding request" },
		{ "\0\x14\1\1\0\0\x21\x12\xa4\x42", 10, "stun",
		  "framed STUN Binding success response" },
		{ "\0\x14\1\x11\0\0\x21\x12\xa4\x42", 10, "stun",
		  "framed STUN Binding error response" },
		{ "\0\3\0\0\x21\x12\xa4\x42", 8, "stun", "STUN, not Binding" },
		{ "\x16\3\1\1\2\1", 6, "tls", "TLS ClientHello" },
		{ "\x16\3\3\1\2\2", 6, "tls", "TLS ServerHello" },
		{ "\x15\3\3\0\2\2", 6, "tls", "TLS alert" },
		{ "\0\x80\x16\xfe\xff\0", 6, "dtls", "framed DTLS" },
		{ "\0\xac\x80\x60\0\1", 6, "rtp", "framed RTP" },
		{ "\0\x1c\x80\xc8\0\6", 6, "rtcp", "framed RTCP" },
		{ "\3\0\0\x2b\x26\xe0", 6, "rdp", "RDP connection request" },
		{ "\3\0\0\x13\x0e\xd0", 6, "rdp", "RDP connection confirm" },
		{ "GET / HTTP/1.1", 14, "http", "HTTP request" },
		{ "HTTP/1.1 200", 12, "http", "HTTP response" },
		{ "INVITE sip:a", 12, "sip", "SIP request" },
		{ "OPTIONS sip:a", 13, "sip", "SIP request" },
		{ "SSH-2.0-x", 9, "ssh", "SSH" },
		{ "G", 1, "unknown", "unknown" },
		{ "hello, world", 12, "unknown", "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct payload payload = payload_name((const uint8_t *)known[i].data, known[i].len);

		assert_string_equal(payload.words, known[i].words);
		assert_string_equal(payload.protocol, known[i].protocol);
	}
}

/* --- the daemon's half and the module's */

static struct kturn_relay kernel_relay(uint64_t id)
{
	struct kturn_relay relay = { .id = id, .group = 0xaabbccddeeff01, .age_ms = 20000 };
	struct relay_cookie cookie;
	union addr relayed, peer;

	addr_parse_endpoint(&relayed, "192.0.2.1:50000", 15, 0);
	addr_parse_endpoint(&peer, "10.0.0.9:4000", 13, 0);
	relay.cookie_len = relay_cookie_set(&cookie, 0x01234567, &relayed, &peer, "alice");
	memcpy(relay.cookie, &cookie, relay.cookie_len);
	relay.closed_first = KTURN_SIDE_PEER;
	relay.to_peer.bytes = 4;
	opening_add(&relay.to_peer.opening, (const uint8_t *)"GET ", 4);
	return relay;
}

/* What has been told of. */
static json_t *told;

static void take(const json_t *history, void *arg)
{
	(void)arg;
	json_array_append(told, (json_t *)history);
}

static struct diagnosis *begin(const struct diagnosis_which *which)
{
	told = json_array();
	return diagnosis_new(NOW, which, take, NULL);
}

static void end(struct diagnosis *diagnosis)
{
	diagnosis_free(diagnosis);
	json_decref(told);
}

static const json_t *only_connection(void)
{
	const json_t *connections = json_object_get(json_array_get(told, 0), "connections");

	assert_int_equal(json_array_size(told), 1);
	assert_int_equal(json_array_size(connections), 1);
	return json_array_get(connections, 0);
}

static const char *string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void assert_http(const json_t *connection)
{
	assert_string_equal(string(json_object_get(connection, "to_peer"), "protocol"), "http");
	assert_string_equal(string(json_object_get(connection, "to_client"), "protocol"), "nothing");
	assert_string_equal(string(json_object_get(connection, "cause"), "code"),
			    "one-way-to-peer");
	assert_string_equal(string(connection, "closed_first"), "peer");
}

static void both_halves(void **state)
{
	static const struct diagnosis_which all;
	struct diagnosis *diagnosis = begin(&all);
	struct kturn_relay relay = kernel_relay(7);
	json_t *history = with_connection(usual(), connection());
	json_t *kernels = json_array_get(json_object_get(history, "connections"), 0);

	(void)state;
	json_object_set_new(kernels, "engine", json_string("kernel"));
	diagnosis_add_relay(diagnosis, &relay);
	diagnosis_add_history(diagnosis, history);
	json_decref(history);
	assert_int_equal(diagnosis_end(diagnosis), 1);
	assert_http(only_connection());
	assert_int_equal(diagnosis_causes(diagnosis), 1);
	end(diagnosis);
}

/* The daemon is dead: the cookie tells whose it is. */
static void module_alone(void **state)
{
	static const struct diagnosis_which all;
	struct diagnosis *diagnosis = begin(&all);
	struct kturn_relay relay = kernel_relay(7);

	(void)state;
	diagnosis_add_relay(diagnosis, &relay);
	assert_int_equal(diagnosis_end(diagnosis), 1);
	assert_http(only_connection());
	assert_string_equal(string(json_array_get(told, 0), "user"), "alice");
	assert_string_equal(string(json_array_get(told, 0), "allocation"), "00aabbccddeeff01");
	assert_string_equal(string(json_array_get(told, 0), "relayed"), "192.0.2.1:50000");
	assert_string_equal(string(only_connection(), "peer"), "10.0.0.9:4000");
	assert_string_equal(string(only_connection(), "connection"), "01234567");
	end(diagnosis);
}

/* Whose the only relay is, by the module alone; NULL: that is not known. */
static void assert_user(const struct kturn_relay *relay, const char *user)
{
	static const struct diagnosis_which all;
	struct diagnosis *diagnosis = begin(&all);
	const char *known;

	diagnosis_add_relay(diagnosis, relay);
	assert_int_equal(diagnosis_end(diagnosis), 1);
	known = string(json_array_get(told, 0), "user");
	assert_int_equal(known != NULL, user != NULL);
	if (user)
		assert_string_equal(known, user);
	end(diagnosis);
}

/* Names that fill a cookie, and what stands behind a shorter one. */
static void names_in_cookies(void **state)
{
	struct kturn_relay relay = kernel_relay(7);
	struct relay_cookie *cookie = (struct relay_cookie *)relay.cookie;
	char longest[RELAY_COOKIE_USER_MAX + 1] = "";

	(void)state;
	memset(longest, 'a', RELAY_COOKIE_USER_MAX);
	memcpy(cookie->user, longest, RELAY_COOKIE_USER_MAX);
	relay.cookie_len = sizeof(*cookie);
	cookie->user_len = RELAY_COOKIE_USER_MAX;
	assert_user(&relay, longest);
	cookie->user_len = 3;
	assert_user(&relay, "aaa");
	cookie->user_len = RELAY_COOKIE_USER_MAX + 1;
	assert_user(&relay, NULL);
}

static unsigned int found_of(const struct kturn_relay *relay, const char *user)
{
	const struct diagnosis_which which = { .user = user };
	struct diagnosis *diagnosis = begin(&which);
	unsigned int found;

	diagnosis_add_relay(diagnosis, relay);
	found = diagnosis_end(diagnosis);
	end(diagnosis);
	return found;
}

/* Whoever asks for all of a long name finds what has its beginning. */
static void long_names(void **state)
{
	struct kturn_relay relay = kernel_relay(7);
	struct relay_cookie *cookie = (struct relay_cookie *)relay.cookie;
	char name[RELAY_COOKIE_USER_MAX + 50 + 1] = "";

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	memcpy(cookie->user, name, RELAY_COOKIE_USER_MAX);
	relay.cookie_len = sizeof(*cookie);
	cookie->user_len = RELAY_COOKIE_USER_MAX;
	assert_int_equal(found_of(&relay, name), 1);
	name[RELAY_COOKIE_USER_MAX - 1] = 'b';
	assert_int_equal(found_of(&relay, name), 0);
	name[RELAY_COOKIE_USER_MAX - 1] = '\0';
	assert_int_equal(found_of(&relay, name), 0);
}

/* What a kturnd of another version may say. */
static void no_histories(void **state)
{
	static const struct diagnosis_which all;
	struct diagnosis *diagnosis = begin(&all);
	json_t *number = json_integer(1);

	(void)state;
	diagnosis_add_history(diagnosis, NULL);
	diagnosis_add_history(diagnosis, number);
	json_decref(number);
	assert_int_equal(diagnosis_end(diagnosis), 0);
	end(diagnosis);
}

/* Those of one allocation are together, in whatever order they come. */
static void module_groups(void **state)
{
	static const struct diagnosis_which all;
	struct diagnosis *diagnosis = begin(&all);
	struct kturn_relay relay;

	(void)state;
	for (uint64_t id = 1; id <= 30; id++) {
		relay = kernel_relay(id);
		relay.group = id % 3 + 1;
		diagnosis_add_relay(diagnosis, &relay);
	}
	assert_int_equal(diagnosis_end(diagnosis), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(json_array_size(json_object_get(json_array_get(told, i),
								 "connections")), 10);
	end(diagnosis);
}

/* How many of four histories are meant. */
static size_t count_meant(const struct diagnosis_which *which)
{
	struct diagnosis *diagnosis = begin(which);
	struct kturn_relay relay = kernel_relay(9);
	json_t *each[] = {
		with_connection(usual(), connection()),
		HISTORY(refused_peer("10.0.0.8", "no permission", 9)),
		HISTORY(step("Allocate", 401, true, 9)),
	};
	size_t n;

	relay.group = 5;
	diagnosis_add_relay(diagnosis, &relay);
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		diagnosis_add_history(diagnosis, each[i]);
		json_decref(each[i]);
	}
	n = diagnosis_end(diagnosis);
	assert_int_equal(json_array_size(told), n);
	end(diagnosis);
	return n;
}

static void what_is_meant(void **state)
{
	struct network network;

	(void)state;
	assert_int_equal(count_meant(&(struct diagnosis_which){ .relay = 0 }), 4);
	assert_int_equal(count_meant(&(struct diagnosis_which){ .relay = 7 }), 1);
	assert_int_equal(count_meant(&(struct diagnosis_which){ .relay = 8 }), 0);
	assert_int_equal(count_meant(&(struct diagnosis_which){ .user = "alice" }), 1);
	assert_true(network_parse(&network, "10.0.0.8"));
	assert_int_equal(count_meant(&(struct diagnosis_which){ .peer = &network }), 1);
	assert_true(network_parse(&network, "10.0.0.8/31"));
	assert_int_equal(count_meant(&(struct diagnosis_which){ .peer = &network }), 3);
	assert_true(network_parse(&network, "10.0.1.0/24"));
	assert_int_equal(count_meant(&(struct diagnosis_which){ .peer = &network }), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_requests),
		cmocka_unit_test(refused_requests),
		cmocka_unit_test(who_does_not_come_back),
		cmocka_unit_test(requests_about_peers),
		cmocka_unit_test(refused_peers),
		cmocka_unit_test(nobody_came),
		cmocka_unit_test(expired),
		cmocka_unit_test(never_connected),
		cmocka_unit_test(never_bound),
		cmocka_unit_test(good_calls),
		cmocka_unit_test(one_way),
		cmocka_unit_test(stun_without_answer),
		cmocka_unit_test(one_way_media),
		cmocka_unit_test(clock_gone_back),
		cmocka_unit_test(ends),
		cmocka_unit_test(first_bytes),
		cmocka_unit_test(both_halves),
		cmocka_unit_test(module_alone),
		cmocka_unit_test(names_in_cookies),
		cmocka_unit_test(long_names),
		cmocka_unit_test(no_histories),
		cmocka_unit_test(module_groups),
		cmocka_unit_test(what_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
