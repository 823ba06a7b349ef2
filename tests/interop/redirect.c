// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients who are sent to another server (RFC 8489, section 10). The server under test
 * was told of 10.77.0.2:3600, and of 10.77.0.2:5600 with TLS and a certificate of its
 * own.
 */
#include <string.h>

#include "../../tools/client/net.h"
#include "wire.h"

#define DOMAIN "other.example"

static int ask(struct turn *turn, const struct wire *wire, bool rfc5389, struct message *reply)
{
	const struct turn_ask allocate = { .method = STUN_ALLOCATE, .transport = IPPROTO_TCP };
	const struct wire_user *user = &wire->users[0];

	expect_ok(turn_open_secure(turn, &wire->server, NULL, user->name, user->password,
				   wire->secure));
	turn->challenge.rfc5389 = rfc5389;
	expect_code(300, turn_request(turn, turn->control, &allocate, reply));
	expect(turn->signed_reply, "the redirection is not signed");
	return 0;
}

static int check_server(const struct wire *wire, const struct message *reply)
{
	struct stun_attr attr;
	char text[ADDR_STR_LEN];
	union addr addr;

	expect(stun_find(&reply->stun, STUN_ATTR_ALTERNATE_SERVER, &attr) &&
	       !stun_attr_addr(&attr, &addr), "no ALTERNATE-SERVER");
	expect(!strcmp(addr_str(&addr, text), wire->secure ? "10.77.0.2:5600"
							   : "10.77.0.2:3600"),
	       "sent to %s", text);
	return 0;
}

static bool has_domain(const struct message *reply)
{
	struct stun_attr attr;

	return stun_find(&reply->stun, STUN_ATTR_ALTERNATE_DOMAIN, &attr) &&
	       attr.len == strlen(DOMAIN) && !memcmp(attr.value, DOMAIN, attr.len);
}

static int new_client_is_sent_on(const struct wire *wire)
{
	struct message reply;
	struct turn turn;

	need(ask(&turn, wire, false, &reply));
	need(check_server(wire, &reply));
	expect(has_domain(&reply) == !!wire->secure, "ALTERNATE-DOMAIN");
	return 0;
}

/* He would not know what to do with ALTERNATE-DOMAIN. */
static int old_client_is_sent_on(const struct wire *wire)
{
	struct message reply;
	struct turn turn;

	need(ask(&turn, wire, true, &reply));
	need(check_server(wire, &reply));
	expect(!stun_find(&reply.stun, STUN_ATTR_ALTERNATE_DOMAIN, NULL), "ALTERNATE-DOMAIN");
	return 0;
}

/* Whoever cannot sign learns nothing of the other servers. */
static int strangers_are_not_sent_on(const struct wire *wire)
{
	struct turn turn;

	expect_ok(turn_open_secure(&turn, &wire->server, NULL, wire->users[0].name, "guessed",
				   wire->secure));
	expect_code(401, turn_allocate(&turn, AF_INET, 600));
	return 0;
}

const struct wire_test redirect_tests[] = {
	{ "redirect", "300 signed: a new client is sent on", new_client_is_sent_on },
	{ "redirect", "300 signed: an old client is sent on", old_client_is_sent_on },
	{ "redirect", "401: not before he is known", strangers_are_not_sent_on },
	{ NULL, NULL, NULL },
};
