// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long-term credentials: what new and old clients are asked for, and what an
 * attacker on the way cannot change (RFC 8489, 9.2).
 */
#include <string.h>
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

const struct wire_test credential_tests[] = {
	{ "main", "credentials with SHA-256 and USERHASH", new_client },
	{ "main", "credentials with MD5 and SHA-1", old_client },
	{ "main", "credentials with MD5, chosen from the list", md5_by_choice },
	{ "main", "400: the list of algorithms was cut on its way", shorter_list },
	{ "main", "438: the nonce lost its features on its way", no_features },
	{ NULL, NULL, NULL },
};
