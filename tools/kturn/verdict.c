// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "causes.h"
#include "macros.h"
#include "verdict.h"

/* Until then what has not happened may be on its way; microseconds. */
#define SOON		(3 * 1000000)
#define LATE		(10 * 1000000)

/* Bytes: more than ICE's checks of a whole call; and many more than that. */
#define CHECKS		16384
#define MEDIA		65536

/* --- reading */

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static uint64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Microseconds; none if the server's clock has gone back meanwhile. */
static uint64_t since(uint64_t now_us, const json_t *object, const char *key)
{
	uint64_t then = number(object, key);

	return now_us > then ? now_us - then : 0;
}

static bool is(const json_t *object, const char *key, const char *value)
{
	return !strcmp(text(object, key), value);
}

static const struct cause *cause(enum cause_id id)
{
	return &causes[id];
}

/* --- responses */

/* Of a request that has failed; what depends on the method is not in here. */
static const struct cause *of_code(uint64_t code)
{
	static const struct {
		uint16_t code;
		enum cause_id cause;
	} codes[] = {
		{ 300, CAUSE_REDIRECTED },
		{ 400, CAUSE_BAD_REQUEST },
		{ 401, CAUSE_WRONG_PASSWORD },
		{ 403, CAUSE_FORBIDDEN },
		{ 420, CAUSE_BAD_REQUEST },
		{ 437, CAUSE_MISMATCH },
		{ 438, CAUSE_STALE_NONCE },
		{ 440, CAUSE_UNSUPPORTED },
		{ 441, CAUSE_WRONG_CREDENTIALS },
		{ 442, CAUSE_UNSUPPORTED },
		{ 443, CAUSE_UNSUPPORTED },
		{ 486, CAUSE_QUOTA },
		{ 500, CAUSE_SERVER_ERROR },
		{ 508, CAUSE_CAPACITY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].code == code)
			return cause(codes[i].cause);
	return code ? cause(CAUSE_BAD_REQUEST) : NULL;
}

/* A request that was only to hear the nonce, or has an old one, is no failure yet. */
static bool is_challenge(const json_t *step)
{
	uint64_t code = number(step, "code");

	return (code == 401 && !json_is_true(json_object_get(step, "signed"))) ||
	       (code == 438 && number(step, "times") < 3);
}

static bool names_peer(const json_t *step)
{
	return is(step, "step", "Connect") || is(step, "step", "CreatePermission") ||
	       is(step, "step", "ChannelBind");
}

static const struct cause *of_response(const json_t *step, uint64_t now_us)
{
	uint64_t code = number(step, "code");

	if (is_challenge(step))
		return since(now_us, step, "last_us") > SOON ?
		       cause(CAUSE_CHALLENGE_UNANSWERED) : NULL;
	if (code == 403 && names_peer(step))
		return cause(CAUSE_PEER_FORBIDDEN);
	if (code == 400 && is(step, "step", "ConnectionBind"))
		return cause(CAUSE_BIND_UNKNOWN);
	/* Its connection says why; and who is connected already is. */
	if (code == 446 || code == 447)
		return NULL;
	return of_code(code);
}

/* --- peers that were sent away */

/* With a port, or without. */
static bool read_ip(const char *peer, union addr *addr)
{
	return !addr_parse(addr, peer) || !addr_parse_endpoint(addr, peer, strlen(peer), 1);
}

static bool same_ip(const char *a, const char *b)
{
	union addr one, other;

	return read_ip(a, &one) && read_ip(b, &other) && addr_same_ip(&one, &other);
}

/* Who came too early, and once more. */
static bool came_again(const json_t *history, const json_t *step)
{
	json_t *connection;
	size_t i;

	json_array_foreach(json_object_get(history, "connections"), i, connection)
		if (number(connection, "created_us") > number(step, "last_us") &&
		    same_ip(text(connection, "peer"), text(step, "peer")))
			return true;
	return false;
}

static const struct cause *of_refused_peer(const json_t *history, const json_t *step)
{
	if (came_again(history, step))
		return NULL;
	if (is(step, "why", "no permission"))
		return cause(CAUSE_NO_PERMISSION);
	if (is(step, "why", "forbidden"))
		return cause(CAUSE_PEER_FORBIDDEN);
	return cause(CAUSE_TOO_MANY_CONNECTIONS);
}

/* --- the steps */

/* Whether a later request of the same kind got another answer. */
static bool is_made_good(const json_t *steps, size_t after, const json_t *step)
{
	json_t *later;

	for (size_t i = after + 1; (later = json_array_get(steps, i)); i++)
		if (is(later, "step", text(step, "step")) &&
		    (!names_peer(step) || is(later, "peer", text(step, "peer"))))
			return true;
	return false;
}

static const struct cause *of_steps(const json_t *history, uint64_t now_us)
{
	const json_t *steps = json_object_get(history, "steps");
	const struct cause *found = NULL;
	json_t *step;
	size_t i;

	json_array_foreach(steps, i, step) {
		const struct cause *here = NULL;

		if (is(step, "step", "peer refused"))
			here = of_refused_peer(history, step);
		else if (!is_made_good(steps, i, step))
			here = of_response(step, now_us);
		if (here)
			found = here;
	}
	return found;
}

static bool has_permission(const json_t *history)
{
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(history, "steps"), i, step)
		if (is(step, "step", "CreatePermission") && !number(step, "code"))
			return true;
	return false;
}

static bool nobody_came(const json_t *history, uint64_t now_us)
{
	uint64_t end = number(history, "ended_us");

	return is(history, "transport", "tcp") && has_permission(history) &&
	       !json_array_size(json_object_get(history, "connections")) &&
	       (end || since(now_us, history, "created_us") > LATE);
}

const struct cause *verdict_history(const json_t *history, uint64_t now_us)
{
	const struct cause *found = of_steps(history, now_us);

	if (found)
		return found;
	if (is(history, "ended", "expired"))
		return cause(CAUSE_EXPIRED);
	return nobody_came(history, now_us) ? cause(CAUSE_PEER_NEVER_CAME) : NULL;
}

/* --- connections that were not bound */

static const struct cause *of_connect(const char *why)
{
	if (!strcmp(why, strerror(ECONNREFUSED)) || !strcmp(why, strerror(ECONNRESET)))
		return cause(CAUSE_PEER_REFUSED);
	if (!strcmp(why, strerror(EHOSTUNREACH)) || !strcmp(why, strerror(ENETUNREACH)))
		return cause(CAUSE_PEER_UNREACHABLE);
	if (!strcmp(why, strerror(ETIMEDOUT)) || !strcmp(why, "no connection in time"))
		return cause(CAUSE_FIREWALL_SILENT);
	return NULL;
}

static const struct cause *of_unbound(const json_t *connection, uint64_t now_us)
{
	uint64_t ended = number(connection, "ended_us"), ready = number(connection, "ready_us");
	uint64_t end = ended ? ended : now_us;

	if (!ready && ended)
		return of_connect(text(connection, "why"));
	if (!ready)
		return since(end, connection, "created_us") > SOON ?
		       cause(CAUSE_FIREWALL_SILENT) : NULL;
	if (is(connection, "why", "reset by the peer"))
		return cause(CAUSE_PEER_GAVE_UP);
	return ended || since(end, connection, "ready_us") > SOON ? cause(CAUSE_NEVER_BOUND) : NULL;
}

/* --- what is carried */

/* A direction. */
struct flow {
	uint64_t bytes;
	uint64_t requests, successes, errors, others;
	bool whole;		/* all STUN in it is counted */
};

static struct flow read_flow(const json_t *connection, const char *key)
{
	const json_t *flow = json_object_get(connection, key);
	const json_t *stun = json_object_get(flow, "stun");

	return (struct flow){
		.bytes = number(flow, "bytes"),
		.requests = number(stun, "requests"),
		.successes = number(stun, "successes"),
		.errors = number(stun, "errors"),
		.others = number(stun, "others"),
		.whole = json_is_true(json_object_get(stun, "whole")),
	};
}

/*
 * Both sides may ask, and one answer is enough to know that the way is good: so there must
 * be none in either direction, nor where nobody has looked.
 */
static bool is_unanswered(const struct flow *asks, const struct flow *answers)
{
	return asks->requests && !answers->successes && !answers->errors && answers->whole &&
	       (asks->whole || !answers->requests);
}

static bool is_refused(const struct flow *asks, const struct flow *answers)
{
	return asks->requests && !answers->successes && answers->errors;
}

static const struct cause *of_stun(const struct flow *to_peer, const struct flow *to_client)
{
	if (is_refused(to_peer, to_client) || is_refused(to_client, to_peer))
		return cause(CAUSE_STUN_REFUSED);
	if (to_peer->successes || to_client->successes)
		return NULL;
	if (is_unanswered(to_peer, to_client))
		return cause(CAUSE_STUN_UNANSWERED_BY_PEER);
	if (is_unanswered(to_client, to_peer))
		return cause(CAUSE_STUN_UNANSWERED_BY_CLIENT);
	return NULL;
}

static const struct cause *of_bytes(const json_t *connection, const struct flow *to_peer,
				    const struct flow *to_client)
{
	bool ended = number(connection, "ended_us");

	if (!to_client->bytes && (is(connection, "why", "peer-reset") ||
				  (ended && to_peer->bytes && is(connection, "why", "eof"))))
		return cause(CAUSE_PEER_CLOSED);
	if (!to_client->bytes && !to_peer->bytes)
		return cause(CAUSE_SILENT);
	if (!to_client->bytes)
		return cause(CAUSE_PEER_SILENT);
	return to_peer->bytes ? NULL : cause(CAUSE_CLIENT_SILENT);
}

static bool has_media(const struct flow *flow)
{
	return flow->others || flow->bytes >= MEDIA;
}

static bool has_checks_only(const struct flow *flow)
{
	return !flow->others && (flow->whole || flow->bytes < CHECKS);
}

/* Only of what has begun with STUN it is known that both sides have something to say. */
static const struct cause *of_media(const struct flow *to_peer, const struct flow *to_client)
{
	bool ice = to_peer->requests + to_peer->successes && to_client->requests +
		   to_client->successes;

	if (ice && has_media(to_peer) && has_checks_only(to_client))
		return cause(CAUSE_MEDIA_NOT_FROM_PEER);
	if (ice && has_media(to_client) && has_checks_only(to_peer))
		return cause(CAUSE_MEDIA_NOT_FROM_CLIENT);
	return NULL;
}

static const struct cause *of_end(const char *why)
{
	static const struct {
		const char *why;
		enum cause_id cause;
	} ends[] = {
		{ "tls-alert", CAUSE_TLS_ALERT },
		{ "tls-key-update", CAUSE_TLS_KEY_UPDATE },
		{ "idle", CAUSE_IDLE },
		{ "limit", CAUSE_LIMIT },
		{ "urgent", CAUSE_URGENT },
		{ "owner-gone", CAUSE_OWNER_GONE },
		{ "error", CAUSE_SOCKET_ERROR },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (!strcmp(ends[i].why, why))
			return cause(ends[i].cause);
	return NULL;
}

static const struct cause *of_bound(const json_t *connection, uint64_t now_us)
{
	const struct flow to_peer = read_flow(connection, "to_peer");
	const struct flow to_client = read_flow(connection, "to_client");
	uint64_t ended = number(connection, "ended_us");
	uint64_t age = since(ended ? ended : now_us, connection, "bound_us");
	const struct cause *found = of_end(text(connection, "why"));

	/* Nobody has told of it. */
	if (found || !json_object_get(connection, "to_peer"))
		return found;
	if (!ended && age < SOON)
		return NULL;
	found = of_stun(&to_peer, &to_client);
	if (!found && (ended || age > LATE))
		found = of_bytes(connection, &to_peer, &to_client);
	if (!found && (ended || age > LATE))
		found = of_media(&to_peer, &to_client);
	return found;
}

const struct cause *verdict_connection(const json_t *connection, uint64_t now_us)
{
	if (number(connection, "bound_us"))
		return of_bound(connection, now_us);
	return of_unbound(connection, now_us);
}
