// SPDX-License-Identifier: GPL-2.0-only
/*
 * The STUN that a flow begins with, counted by the module, however it was cut.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"
#include "lib/tls.h"

#define MESSAGES	16	/* that are followed at most */
#define BYTES		4096	/* likewise */

enum {
	REQUEST		= 0x0001,
	INDICATION	= 0x0011,
	SUCCESS		= 0x0101,
	ERROR		= 0x0111,
};

FIXTURE(stun) {
	struct setup setup;
	struct relay last;
	uint8_t bytes[2 * BYTES];
	size_t len;
};

FIXTURE_VARIANT(stun) {
	enum family family;
	const uint32_t *engine;
	const struct tls_kind *kind[2];
	enum side side;
};

FIXTURE_VARIANT_ADD(stun, V4_client) { .family = V4, .side = CLIENT };
FIXTURE_VARIANT_ADD(stun, V6_peer) { .family = V6, .side = PEER };
FIXTURE_VARIANT_ADD(stun, by_process) {
	.family = V4, .engine = &by_process, .side = CLIENT,
};
FIXTURE_VARIANT_ADD(stun, TLS13_client) {
	.family = V4, .kind = { &tls13 }, .side = CLIENT,
};
FIXTURE_VARIANT_ADD(stun, TLS13_peer) {
	.family = V4, .kind = { &tls13 }, .side = PEER,
};

FIXTURE_SETUP(stun)
{
	self->setup.engine = variant->engine;
	OPEN(NULL);
	START();
}

FIXTURE_TEARDOWN(stun)
{
	setup_close(&self->setup);
}

typedef FIXTURE_DATA(stun) stage;

static void put_u16(stage *self, unsigned int value)
{
	self->bytes[self->len++] = value >> 8;
	self->bytes[self->len++] = value;
}

/* A message of STUN whose attributes have @len bytes, as it says itself. */
static void put_stun(stage *self, unsigned int type, size_t len)
{
	put_u16(self, type);
	put_u16(self, len);
	put_u16(self, 0x2112);
	put_u16(self, 0xa442);
	memset(self->bytes + self->len, 0xee, 12 + len);
	self->len += 12 + len;
}

static void put_frame(stage *self, size_t len)
{
	put_u16(self, len);
	memset(self->bytes + self->len, 0x80, len);
	self->len += len;
}

static void put_framed_stun(stage *self, unsigned int type, size_t len)
{
	put_u16(self, 20 + len);
	put_stun(self, type, len);
}

/* All of it, in pieces; 0 if the other end has got it as it was. */
static int say(stage *self, enum side side, size_t piece)
{
	const struct path *path = &self->setup.path;
	size_t sent = 0, got = 0;
	uint8_t heard[sizeof(self->bytes)];
	ssize_t n;

	for (; sent < self->len; sent += n) {
		n = piece < self->len - sent ? piece : self->len - sent;
		if (send(path->end[side], self->bytes + sent, n, MSG_NOSIGNAL) != n)
			return fail_errno("send");
	}
	for (; got < self->len; got += n) {
		n = recv(path->end[other(side)], heard + got, self->len - got, 0);
		if (n <= 0)
			return fail_errno("recv");
	}
	return memcmp(heard, self->bytes, got) ? fail("other bytes") : 0;
}

#define SAY(piece) do {									\
	ASSERT_EQ(0, say(self, variant->side, piece)) TH_LOG("%s", why);		\
	ASSERT_EQ(0, setup_carried(&self->setup, variant->side, self->len, &self->last))	\
		TH_LOG("%s", why);							\
	seen = self->last.from[variant->side].stun;					\
} while (0)

#define EXPECT_STUN(framing_, messages_, requests_, successes_, errors_, others_) do {	\
	EXPECT_EQ(framing_, seen.framing);						\
	EXPECT_EQ(messages_, seen.messages);						\
	EXPECT_EQ(requests_, seen.requests);						\
	EXPECT_EQ(successes_, seen.successes);						\
	EXPECT_EQ(errors_, seen.errors);						\
	EXPECT_EQ(others_, seen.others);						\
} while (0)

/* What ICE over TCP begins with, in a direction (RFC 6544): behind the first bytes, too. */
static void put_a_call(stage *self)
{
	put_framed_stun(self, REQUEST, 88);
	put_framed_stun(self, SUCCESS, 44);
	put_framed_stun(self, INDICATION, 0);
	put_frame(self, 160);
	put_frame(self, 0);
	put_frame(self, 3);
	put_framed_stun(self, ERROR, 8);
	put_framed_stun(self, REQUEST, 0);
}

TEST_F_TIMEOUT(stun, at_once, TIMEOUT_S)
{
	struct stun seen;

	put_a_call(self);
	SAY(self->len);
	EXPECT_STUN(KTURN_FRAMING_FRAMED, 8, 2, 1, 1, 3);
	EXPECT_EQ(self->len, seen.followed);
	EXPECT_EQ(KTURN_HEAD_MAX, self->last.from[variant->side].head_len);
	EXPECT_EQ(0, memcmp(self->last.from[variant->side].head, self->bytes, KTURN_HEAD_MAX));
	EXPECT_EQ(KTURN_FRAMING_UNKNOWN, self->last.from[other(variant->side)].stun.framing);
}

TEST_F_TIMEOUT(stun, byte_by_byte, TIMEOUT_S)
{
	struct stun seen;

	put_a_call(self);
	SAY(1);
	EXPECT_STUN(KTURN_FRAMING_FRAMED, 8, 2, 1, 1, 3);
	EXPECT_EQ(0, memcmp(self->last.from[variant->side].head, self->bytes, KTURN_HEAD_MAX));
}

/* Segments that end in the midst of headers. */
TEST_F_TIMEOUT(stun, in_sevens, TIMEOUT_S)
{
	struct stun seen;

	put_a_call(self);
	SAY(7);
	EXPECT_STUN(KTURN_FRAMING_FRAMED, 8, 2, 1, 1, 3);
}

TEST_F_TIMEOUT(stun, plain, TIMEOUT_S)
{
	struct stun seen;

	put_stun(self, REQUEST, 36);
	put_stun(self, SUCCESS, 0);
	put_stun(self, REQUEST, 0);
	put_frame(self, 40);
	put_stun(self, REQUEST, 0);
	SAY(11);
	/* What is behind something that is not STUN could be anything. */
	EXPECT_STUN(KTURN_FRAMING_PLAIN, MESSAGES, 2, 1, 0, 1);
}

/* Nothing is followed, the first bytes are kept. */
TEST_F_TIMEOUT(stun, something_else, TIMEOUT_S)
{
	struct stun seen;

	memcpy(self->bytes, "GET / HTTP/1.1\r\n", 16);
	self->len = 16;
	put_framed_stun(self, REQUEST, 100);
	SAY(self->len);
	EXPECT_STUN(KTURN_FRAMING_NONE, 0, 0, 0, 0, 0);
	EXPECT_EQ(KTURN_HEAD_MAX, seen.followed);
	EXPECT_EQ(0, memcmp(self->last.from[variant->side].head, self->bytes, KTURN_HEAD_MAX));
}

/* Too little to say, then not that. */
TEST_F_TIMEOUT(stun, little, TIMEOUT_S)
{
	struct stun seen;

	put_u16(self, 20);
	SAY(1);
	EXPECT_STUN(KTURN_FRAMING_UNKNOWN, 0, 0, 0, 0, 0);
	EXPECT_EQ(2, self->last.from[variant->side].head_len);
}

/* A frame that says that it is longer than all that is looked at. */
TEST_F_TIMEOUT(stun, a_length_that_lies, TIMEOUT_S)
{
	struct stun seen;

	put_framed_stun(self, REQUEST, 0);
	memset(self->bytes, 0xff, 2);
	self->len = BYTES + 500;
	SAY(1400);
	EXPECT_STUN(KTURN_FRAMING_FRAMED, 1, 1, 0, 0, 0);
	EXPECT_EQ(BYTES, seen.followed);
}

TEST_F_TIMEOUT(stun, no_more_than_so_many, TIMEOUT_S)
{
	struct stun seen;

	for (int i = 0; i < 2 * MESSAGES; i++)
		put_framed_stun(self, REQUEST, 0);
	SAY(22);
	EXPECT_STUN(KTURN_FRAMING_FRAMED, MESSAGES, MESSAGES, 0, 0, 0);
}

TEST_F_TIMEOUT(stun, no_more_than_so_long, TIMEOUT_S)
{
	struct stun seen;

	for (int i = 0; i < 5; i++)
		put_framed_stun(self, REQUEST, 980);
	SAY(1001);
	EXPECT_STUN(KTURN_FRAMING_FRAMED, 5, 5, 0, 0, 0);
	EXPECT_EQ(BYTES, seen.followed);
}

TEST_HARNESS_MAIN
