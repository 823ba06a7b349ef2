// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long-term credentials: what new and old clients are asked for, and what an
 * attacker on the way cannot change (RFC 8489, 9.2).
 */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "stage.h"

static int open_challenged(struct turn *turn, const struct wire *wire, bool rfc5389)
{
	const struct wire_user *user = &wire->users[0];

	expect_ok(turn_open_secure(turn, &wire->server, NULL, user->name, user->password,
				   wire->secure));
	turn->challenge.rfc5389 = rfc5389;
	expect_code(437, turn_refresh(turn, 600));
	return 0;
}

/* One request after the challenge, whatever becomes of it. */
static int refresh(struct turn *turn, struct message *reply)
{
	uint32_t lifetime = 600;
	const struct turn_ask ask = { .method = STUN_REFRESH, .lifetime = &lifetime };

	return turn_exchange(turn, turn->control, &ask, reply);
}

/* All of a life: also a ConnectionBind, from another port. */
static int whole_life(const struct wire *wire, bool rfc5389)
{
	struct transfer_plan plan = { .size = 10000 };
	struct turn_attempt attempt;
	struct stage st = { .data = -1 };

	need(open_challenged(&st.turn, wire, rfc5389));
	expect_ok(turn_allocate(&st.turn, AF_INET, 600));
	expect_ok(turn_permit(&st.turn, &wire->peer));
	st.peer = net_connect(&st.turn.relayed, &wire->peer, WIRE_WAIT);
	expect(st.peer >= 0, "the peer could not connect");
	expect_ok(turn_await(&st.turn, &attempt, WIRE_WAIT));
	st.id = attempt.id;
	need(stage_bind(&st));
	return stage_transfer(&st, &plan, &plan);
}

static int new_client(const struct wire *wire)
{
	struct message reply;
	struct turn turn;

	need(open_challenged(&turn, wire, false));
	expect(!memcmp(turn.challenge.nonce, "obMatJos2wAAA", 13), "nonce %s",
	       turn.challenge.nonce);
	expect(turn.challenge.anonymous, "no USERHASH");
	expect(turn.challenge.algorithm == CREDENTIAL_SHA256, "algorithm %u",
	       turn.challenge.algorithm);
	expect_code(437, refresh(&turn, &reply));
	expect(reply.stun.integrity_sha256 && !reply.stun.integrity && turn.signed_reply,
	       "not signed with SHA-256 alone");
	return whole_life(wire, false);
}

static int old_client(const struct wire *wire)
{
	struct message reply;
	struct turn turn;

	need(open_challenged(&turn, wire, true));
	expect_code(437, refresh(&turn, &reply));
	expect(!reply.stun.integrity_sha256 && reply.stun.integrity && turn.signed_reply,
	       "not signed with SHA-1 alone");
	return whole_life(wire, true);
}

/* The list on its way to the client: SHA-256 is gone from it. */
static int shorter_list(const struct wire *wire)
{
	const struct wire_user *user = &wire->users[0];
	struct message reply;
	struct turn turn;

	need(open_challenged(&turn, wire, false));
	turn.challenge.list_len = credential_list(turn.challenge.list,
						  CREDENTIAL_BIT(CREDENTIAL_MD5));
	turn.challenge.algorithm = CREDENTIAL_MD5;
	challenge_set_user(&turn.challenge, user->name, user->password);
	expect_code(400, refresh(&turn, &reply));
	return 0;
}

/* The nonce on its way: its features are gone, and the client takes us for an old one. */
static int no_features(const struct wire *wire)
{
	struct message reply;
	struct turn turn;

	need(open_challenged(&turn, wire, true));
	memcpy(turn.challenge.nonce + 9, "AAAA", 4);
	expect_code(438, refresh(&turn, &reply));
	expect_code(437, refresh(&turn, &reply));
	return 0;
}

static int md5_by_choice(const struct wire *wire)
{
	const struct wire_user *user = &wire->users[0];
	struct message reply;
	struct turn turn;

	need(open_challenged(&turn, wire, false));
	turn.challenge.algorithm = CREDENTIAL_MD5;
	challenge_set_user(&turn.challenge, user->name, user->password);
	expect_code(437, refresh(&turn, &reply));
	expect(turn.signed_reply, "the answer is not signed");
	return 0;
}

#define LIFE 10		/* seconds; a slow server has to allocate in that time */

/* A user as a web service makes him up, with a secret that it shares with the server. */
struct made_up {
	char name[64];
	char password[64];
};

static void make_up(struct made_up *user, const char *account, time_t expiry,
		    const char *secret)
{
	uint8_t mac[20];
	const gnutls_datum_t raw = { mac, sizeof(mac) };
	gnutls_datum_t text;

	snprintf(user->name, sizeof(user->name), "%lld:%s", (long long)expiry, account);
	gnutls_hmac_fast(GNUTLS_MAC_SHA1, secret, strlen(secret), user->name,
			 strlen(user->name), mac);
	gnutls_base64_encode2(&raw, &text);
	snprintf(user->password, sizeof(user->password), "%s", (char *)text.data);
	gnutls_free(text.data);
}

static int allocate_as(struct turn *turn, const struct wire *wire, const struct made_up *user)
{
	expect_ok(turn_open_secure(turn, &wire->server, NULL, user->name, user->password,
				   wire->secure));
	return turn_allocate(turn, AF_INET, 600);
}

/* While one secret takes over from the other, both are good. */
static int either_secret(const struct wire *wire)
{
	time_t expiry = time(NULL) + 3600;
	struct made_up user;
	struct turn turn;

	make_up(&user, "carol", expiry, "the secret of before");
	expect_ok(allocate_as(&turn, wire, &user));
	expect(turn.challenge.algorithm == CREDENTIAL_SHA256 && !turn.challenge.anonymous,
	       "neither a name nor SHA-256 was asked for");
	turn_close(&turn);
	make_up(&user, "dave", expiry, "the secret of today");
	expect_ok(allocate_as(&turn, wire, &user));
	make_up(&user, "erin", expiry, "no secret at all");
	expect_code(401, allocate_as(&turn, wire, &user));
	return 0;
}

static int expired_name(const struct wire *wire)
{
	struct made_up user;
	struct turn turn;

	make_up(&user, "frank", time(NULL) - 5, "the secret of today");
	expect_code(401, allocate_as(&turn, wire, &user));
	/* Another expiry is another name, with another password. */
	snprintf(user.name, sizeof(user.name), "%lld:frank", (long long)time(NULL) + 60);
	expect_code(401, allocate_as(&turn, wire, &user));
	return 0;
}

/* Who is in may stay, and bind connections, but not begin anew. */
static int expires_meanwhile(const struct wire *wire)
{
	time_t expiry = time(NULL) + LIFE;
	struct made_up user;
	struct stage st;
	struct turn again;
	int listener;

	make_up(&user, "grace", expiry, "the secret of today");
	expect_ok(allocate_as(&st.turn, wire, &user));
	while (time(NULL) <= expiry)
		sleep(1);
	expect_ok(turn_refresh(&st.turn, 600));
	st.peer_addr = wire->peer;
	listener = net_listen(&st.peer_addr);
	expect(listener >= 0, "the peer could not listen");
	expect_ok(turn_connect(&st.turn, &st.peer_addr, &st.id));
	need(stage_bind(&st));
	expect_ok(turn_refresh(&st.turn, 0));
	expect_code(401, turn_allocate(&st.turn, AF_INET, 600));
	expect_code(401, allocate_as(&again, wire, &user));
	return 0;
}

/* The server has a quota of one: the user behind the name counts, not the name. */
static int one_account(const struct wire *wire)
{
	time_t now = time(NULL);
	struct turn first, second;
	struct made_up user;

	make_up(&user, "heidi", now + 1000, "the secret of today");
	expect_ok(allocate_as(&first, wire, &user));
	make_up(&user, "heidi", now + 2000, "the secret of today");
	expect_code(486, allocate_as(&second, wire, &user));
	/* And she is another than herself with a new name. */
	second.control = first.control;
	expect_code(441, turn_refresh(&second, 600));
	return 0;
}

#define FLOOD	200
#define RATE	5	/* what the server is told */

/* Requests without credentials, one behind the other, and how many answers come. */
static int flood(const struct wire *wire, unsigned int *answers)
{
	const struct turn_ask ask = { .method = STUN_ALLOCATE, .transport = IPPROTO_TCP };
	uint8_t buf[MESSAGE_MAX];
	struct stun_builder b;
	struct message reply;
	struct turn turn;

	expect_ok(turn_open_secure(&turn, &wire->server, NULL, NULL, NULL, wire->secure));
	for (int i = 0; i < FLOOD; i++) {
		turn_build(&turn, &ask, &b, buf);
		expect_ok(message_send(turn.control, &b, WIRE_WAIT));
	}
	for (*answers = 0; !message_recv(turn.control, &reply, 3 * WIRE_QUIET); ++*answers)
		;
	turn_close(&turn);
	return 0;
}

/* Nothing but the flood's own address suffers, and not for long. */
static int refusals_are_few(const struct wire *wire)
{
	int64_t start = net_now(), seconds;
	const struct wire_user *user = &wire->users[0];
	unsigned int answers;
	struct turn turn;

	need(flood(wire, &answers));
	seconds = (net_now() - start) / 1000 + 1;
	expect(answers >= RATE && answers <= RATE + RATE * seconds, "%u answers in %lld s",
	       answers, (long long)seconds);
	expect_ok(turn_open_secure(&turn, &wire->server, &wire->peer, user->name,
				   user->password, wire->secure));
	expect_ok(turn_allocate(&turn, AF_INET, 600));
	sleep(2);
	expect_ok(turn_open_secure(&turn, &wire->server, NULL, user->name, user->password,
				   wire->secure));
	return turn_allocate(&turn, AF_INET, 600);
}

/* However many come from one address, nobody waits in vain for his challenge. */
static int first_request_is_answered(const struct wire *wire)
{
	const struct turn_ask ask = { .method = STUN_ALLOCATE, .transport = IPPROTO_TCP };
	struct message reply;
	struct turn turn;

	for (int i = 0; i < FLOOD; i++) {
		expect_ok(turn_open_secure(&turn, &wire->server, NULL, NULL, NULL,
					   wire->secure));
		expect_code(401, turn_request(&turn, turn.control, &ask, &reply));
		turn_close(&turn);
	}
	return 0;
}

const struct wire_test credential_tests[] = {
	{ "requests", "credentials with SHA-256 and USERHASH", new_client },
	{ "requests", "credentials with MD5 and SHA-1", old_client },
	{ "requests", "credentials with MD5, chosen from the list", md5_by_choice },
	{ "requests", "400: the list of algorithms was cut on its way", shorter_list },
	{ "requests", "438: the nonce lost its features on its way", no_features },
	{ "rest", "made-up users, and two secrets", either_secret },
	{ "rest", "401: a made-up user whose time is over", expired_name },
	{ "rest", "a made-up user whose time ends meanwhile", expires_meanwhile },
	{ "rest", "486: one made-up user under two names", one_account },
	{ "refusals", "refusals are few, and for one address", refusals_are_few },
	{ "refusals", "401: the first request of each of many connections",
	  first_request_is_answered },
	{ NULL, NULL, NULL },
};
