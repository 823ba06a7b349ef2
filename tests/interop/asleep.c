// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server that shares its quotas, while Redis sleeps: an Allocate request waits for it
 * until the server has lost patience.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "talk.h"

static void begin_allocate(struct talk *t)
{
	talk_begin(t, STUN_REQUEST, STUN_ALLOCATE);
	stun_add_u8(&t->out, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
}

static int no_answer_twice(const struct wire *wire)
{
	uint8_t first[STUN_TRANSACTION_LEN];
	struct talk t;

	need(talk_open(&t, wire));
	begin_allocate(&t);
	challenge_answer(&t.turn.challenge, t.turn.user, &t.out);
	memcpy(first, t.room + 8, sizeof(first));
	expect_ok(talk_say(&t));
	/* The same once more, as nobody has answered. */
	expect_ok(talk_say(&t));
	expect_code(-ETIMEDOUT, talk_hear(&t, WIRE_QUIET));
	begin_allocate(&t);
	expect_code(437, talk_ask(&t));
	expect_ok(talk_hear(&t, WIRE_WAIT));
	expect(!memcmp(t.msg.transaction, first, sizeof(first)), "an answer to something else");
	expect_ok(turn_judge(&t.turn, &t.msg));
	expect_code(-ETIMEDOUT, talk_hear(&t, WIRE_QUIET));
	expect_ok(talk_refresh(&t, 0, AF_UNSPEC));
	return 0;
}

const struct wire_test asleep_tests[] = {
	{ "asleep", "one answer to a request that waits for Redis; 437 to another", no_answer_twice },
	{ NULL, NULL, NULL },
};
