// SPDX-License-Identifier: GPL-2.0-only
/*
 * How relays end, and what both ends see of it.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#define BULK	(512 * KiB)

/*
 * Some tests want bytes to be stuck somewhere. Towards the other end there is
 * hardly room, so bytes pile up in the receive queue of the relay's leg.
 */
static const struct path_options pile_up_at_leg = {
	.end = { { 2 * MiB, 8 * KiB }, { 2 * MiB, 8 * KiB } },
	.leg = { { 8 * KiB, 2 * MiB }, { 8 * KiB, 2 * MiB } },
};

/* Here the leg towards the other end accepts all, and has to keep it. */
static const struct path_options pile_up_behind = {
	.end = { { 2 * MiB, 8 * KiB }, { 2 * MiB, 8 * KiB } },
	.leg = { { 2 * MiB, 2 * MiB }, { 2 * MiB, 2 * MiB } },
};

FIXTURE(closing) {
	struct setup setup;
	struct relay relay;
	int side_fd;
	int other_fd;
	enum side other;
};

FIXTURE_VARIANT(closing) {
	enum family family;
	enum side side;		/* which side starts it */
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(closing, V4_client) { .family = V4, .side = CLIENT };
FIXTURE_VARIANT_ADD(closing, V4_peer) { .family = V4, .side = PEER };
FIXTURE_VARIANT_ADD(closing, V6_client) { .family = V6, .side = CLIENT };
FIXTURE_VARIANT_ADD(closing, V6_peer) { .family = V6, .side = PEER };
FIXTURE_VARIANT_ADD(closing, MAPPED_client) { .family = MAPPED, .side = CLIENT };
FIXTURE_VARIANT_ADD(closing, MAPPED_peer) { .family = MAPPED, .side = PEER };
FIXTURE_VARIANT_ADD(closing, by_process_client) { .side = CLIENT, .engine = &by_process };
FIXTURE_VARIANT_ADD(closing, by_process_peer) { .side = PEER, .engine = &by_process };

FIXTURE_SETUP(closing)
{
	self->other = other(variant->side);
}

FIXTURE_TEARDOWN(closing)
{
	setup_close(&self->setup);
}

/* The shape of the path depends on the test, so each opens its own. */
#define OPEN(options) do {							\
	struct setup *s_ = &self->setup;					\
										\
	ASSERT_EQ(0, setup_path(s_, variant->family, options)) TH_LOG("%s", why);	\
	s_->engine = variant->engine;						\
	ASSERT_EQ(0, setup_relay(s_)) TH_LOG("%s", why);				\
	self->side_fd = s_->path.end[variant->side];				\
	self->other_fd = s_->path.end[self->other];				\
} while (0)

/* Looks until the relay is as wanted; "relay" and "flow" are what it shows. */
#define AWAIT_RELAY(cond) do {							\
	struct relay *relay = &self->relay;					\
	struct flow *flow = &relay->from[variant->side];			\
	struct setup *s_ = &self->setup;					\
										\
	(void)flow;								\
	ASSERT_TRUE(await(!relay_get(&s_->door, s_->id, relay) && (cond)))	\
		TH_LOG("state %u, bytes %ju, waits %ju, queued %u, unacked %u",	\
		       relay->state, (uintmax_t)flow->bytes,			\
		       (uintmax_t)flow->waits, flow->queued, flow->unacked);	\
} while (0)

#define EXPECT_ENDED(reason)							\
	EXPECT_EQ(0, setup_ended(&self->setup, reason, &self->relay)) TH_LOG("%s", why)

#define RUN(stream)	ASSERT_EQ(0, streams_run(stream, 1)) TH_LOG("%s", why)

/* Sends all of it from the side that starts, until this host has it. */
#define SEND_ONLY(stream, bytes_) do {						\
	(stream) = stream_from(&self->setup.path, variant->side, bytes_);	\
	ASSERT_TRUE(await(stream_push_all(&(stream)) < 0 ||			\
			  (stream).sent == (stream).size)) TH_LOG("%s", why);	\
	ASSERT_TRUE(await(all_acked(self->side_fd)));				\
} while (0)

/*
 * FIN
 */

/* One side says it is done; the other one may go on for as long as it likes. */
TEST_F_TIMEOUT(closing, half_close, TIMEOUT_S)
{
	struct stream stream, back;

	OPEN(NULL);
	stream = stream_from(&self->setup.path, variant->side, 100000);
	stream.fin = true;
	RUN(&stream);
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_HALF_CLOSED && flow->eof);
	EXPECT_FALSE(self->relay.from[self->other].eof);
	EXPECT_EQ(side_of(variant->side), self->relay.closed_first);
	EXPECT_TRUE(silent(self->side_fd));

	back = stream_from(&self->setup.path, self->other, 300000);
	RUN(&back);
	EXPECT_EQ(0, relay_get(&self->setup.door, self->setup.id, &self->relay));
	EXPECT_EQ(KTURN_RELAY_STATE_HALF_CLOSED, self->relay.state);

	back.fin = true;
	RUN(&back);
	EXPECT_ENDED(KTURN_END_REASON_EOF);
	EXPECT_EQ(side_of(variant->side), self->relay.closed_first);
	EXPECT_EQ(100000, self->relay.from[variant->side].bytes);
	EXPECT_EQ(300000, self->relay.from[self->other].bytes);
}

TEST_F_TIMEOUT(closing, both_at_once, TIMEOUT_S)
{
	struct stream stream[2];

	OPEN(NULL);
	stream[0] = stream_from(&self->setup.path, variant->side, 0);
	stream[1] = stream_from(&self->setup.path, self->other, 0);
	stream[0].fin = true;
	stream[1].fin = true;
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_EOF);
	EXPECT_NE(KTURN_SIDE_NONE, self->relay.closed_first);
	EXPECT_TRUE(self->relay.from[CLIENT].eof);
	EXPECT_TRUE(self->relay.from[PEER].eof);
}

/* A lone FIN that came before the relay: no callback will tell of it. */
TEST_F_TIMEOUT(closing, fin_before_takeover, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream, back;

	ASSERT_EQ(0, setup_path(s, variant->family, NULL)) TH_LOG("%s", why);
	s->engine = variant->engine;
	stream = stream_from(&s->path, variant->side, 0);
	stream.fin = true;
	ASSERT_EQ(0, stream_push_all(&stream)) TH_LOG("%s", why);
	ASSERT_EQ(0, ending(s->path.leg[variant->side]));
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	RUN(&stream);
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_HALF_CLOSED);

	back = stream_from(&s->path, self->other, 50000);
	back.fin = true;
	RUN(&back);
	EXPECT_ENDED(KTURN_END_REASON_EOF);
}

/* The FIN waits behind bytes that the other end does not take yet. */
TEST_F_TIMEOUT(closing, fin_behind_pile, TIMEOUT_S)
{
	struct stream stream, back;

	OPEN(&pile_up_at_leg);
	SEND_ONLY(stream, BULK);
	stream.fin = true;
	ASSERT_EQ(0, stream_push_all(&stream)) TH_LOG("%s", why);
	AWAIT_RELAY(flow->queued && flow->waits);
	EXPECT_EQ(KTURN_RELAY_STATE_OPEN, self->relay.state);
	EXPECT_FALSE(self->relay.from[variant->side].eof);

	back = stream_from(&self->setup.path, self->other, 1000);
	back.fin = true;
	RUN(&back);
	RUN(&stream);
	EXPECT_ENDED(KTURN_END_REASON_EOF);
	EXPECT_EQ(BULK, self->relay.from[variant->side].bytes);
}

/* Both FINs are on their way, but one end has yet to read: still a relay. */
TEST_F_TIMEOUT(closing, last_acknowledgment, TIMEOUT_S)
{
	struct stream stream, back;

	OPEN(&pile_up_behind);
	SEND_ONLY(stream, BULK);
	stream.fin = true;
	ASSERT_EQ(0, stream_push_all(&stream)) TH_LOG("%s", why);
	back = stream_from(&self->setup.path, self->other, 0);
	back.fin = true;
	RUN(&back);
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_CLOSING && flow->eof &&
		    flow->bytes == BULK && flow->unacked);
	RUN(&stream);
	EXPECT_ENDED(KTURN_END_REASON_EOF);
}

/*
 * RST
 */

TEST_F_TIMEOUT(closing, reset, TIMEOUT_S)
{
	OPEN(NULL);
	reset_fd(&self->setup.path.end[variant->side]);
	EXPECT_EQ(ECONNRESET, ending(self->other_fd));
	EXPECT_ENDED(reset_by(variant->side));
}

/* The sender crashed, but what it had sent is at this host: deliver it. */
TEST_F_TIMEOUT(closing, reset_behind_pile, TIMEOUT_S)
{
	struct stream stream;

	OPEN(&pile_up_at_leg);
	SEND_ONLY(stream, BULK);
	AWAIT_RELAY(flow->queued && flow->waits);
	reset_fd(&self->setup.path.end[variant->side]);
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_RESETTING);

	RUN(&stream);
	EXPECT_EQ(ECONNRESET, ending(self->other_fd));
	EXPECT_ENDED(reset_by(variant->side));
	EXPECT_EQ(BULK, self->relay.from[variant->side].bytes);
}

/* The same with all bytes accepted by the other leg, but not delivered. */
TEST_F_TIMEOUT(closing, reset_behind_accepted, TIMEOUT_S)
{
	struct stream stream;

	OPEN(&pile_up_behind);
	SEND_ONLY(stream, BULK);
	AWAIT_RELAY(flow->bytes == BULK && flow->unacked);
	reset_fd(&self->setup.path.end[variant->side]);
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_RESETTING);

	RUN(&stream);
	EXPECT_EQ(ECONNRESET, ending(self->other_fd));
	EXPECT_ENDED(reset_by(variant->side));
}

/* While that goes on, the other end may give up as well. */
TEST_F_TIMEOUT(closing, reset_both, TIMEOUT_S)
{
	struct stream stream;

	OPEN(&pile_up_at_leg);
	SEND_ONLY(stream, BULK);
	AWAIT_RELAY(flow->queued && flow->waits);
	reset_fd(&self->setup.path.end[variant->side]);
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_RESETTING);
	reset_fd(&self->setup.path.end[self->other]);
	EXPECT_EQ(0, notified(&self->setup.watch, KTURN_CMD_RELAY_DEL_NTF, self->setup.id,
			      &self->relay)) TH_LOG("%s", why);
	EXPECT_TRUE(self->relay.reason == KTURN_END_REASON_CLIENT_RESET ||
		    self->relay.reason == KTURN_END_REASON_PEER_RESET);
}

/* The other end has bytes of its own in flight, for a side that is gone. */
TEST_F_TIMEOUT(closing, reset_by_receiver, TIMEOUT_S)
{
	struct stream stream;

	OPEN(&pile_up_at_leg);
	SEND_ONLY(stream, BULK);
	AWAIT_RELAY(flow->queued && flow->waits);
	reset_fd(&self->setup.path.end[self->other]);
	EXPECT_EQ(ECONNRESET, ending(self->side_fd));
	EXPECT_ENDED(reset_by(self->other));
}

/* FIN, and then the same side crashes: the kernel calls that EPIPE. */
TEST_F_TIMEOUT(closing, fin_then_reset, TIMEOUT_S)
{
	struct stream stream;

	OPEN(NULL);
	stream = stream_from(&self->setup.path, variant->side, 1000);
	stream.fin = true;
	RUN(&stream);
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_HALF_CLOSED);
	reset_fd(&self->setup.path.end[variant->side]);
	EXPECT_EQ(EPIPE, socket_error(self->other_fd));
	EXPECT_ENDED(reset_by(variant->side));
}

/* FIN from one side, then the other one crashes. */
TEST_F_TIMEOUT(closing, reset_after_fin, TIMEOUT_S)
{
	struct stream stream;

	OPEN(NULL);
	stream = stream_from(&self->setup.path, variant->side, 1000);
	stream.fin = true;
	RUN(&stream);
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_HALF_CLOSED);
	reset_fd(&self->setup.path.end[self->other]);
	EXPECT_EQ(ECONNRESET, ending(self->side_fd));
	EXPECT_ENDED(reset_by(self->other));
}

/* A program that closes with unread bytes resets, and does not end. */
TEST_F_TIMEOUT(closing, close_with_unread, TIMEOUT_S)
{
	struct stream stream;

	OPEN(NULL);
	SEND_ONLY(stream, 1000);
	AWAIT_RELAY(flow->bytes == 1000 && !flow->unacked);
	close_fd(&self->setup.path.end[self->other]);
	EXPECT_EQ(ECONNRESET, ending(self->side_fd));
	EXPECT_ENDED(reset_by(self->other));
}

/* A closed program looks half-closed until somebody talks to it. */
TEST_F_TIMEOUT(closing, talk_to_closed, TIMEOUT_S)
{
	struct stream back;

	OPEN(NULL);
	close_fd(&self->setup.path.end[variant->side]);
	EXPECT_EQ(0, ending(self->other_fd));
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_HALF_CLOSED);
	back = stream_from(&self->setup.path, self->other, 1000);
	ASSERT_EQ(0, stream_push_all(&back)) TH_LOG("%s", why);
	EXPECT_EQ(EPIPE, socket_error(self->other_fd));
	EXPECT_ENDED(reset_by(variant->side));
}

/*
 * Urgent data
 */

TEST_F_TIMEOUT(closing, urgent, TIMEOUT_S)
{
	struct stream stream;

	OPEN(NULL);
	stream = stream_from(&self->setup.path, variant->side, 1000);
	RUN(&stream);
	ASSERT_EQ(1, send(self->side_fd, "!", 1, MSG_OOB));
	EXPECT_EQ(ECONNRESET, ending(self->side_fd));
	EXPECT_EQ(ECONNRESET, ending(self->other_fd));
	EXPECT_ENDED(KTURN_END_REASON_URGENT);
	EXPECT_EQ(1000, self->relay.from[variant->side].bytes);
}

/* The mark may lie behind bytes that cannot move now. */
TEST_F_TIMEOUT(closing, urgent_behind_pile, TIMEOUT_S)
{
	struct stream stream;

	OPEN(&pile_up_at_leg);
	SEND_ONLY(stream, BULK);
	AWAIT_RELAY(flow->queued && flow->waits);
	ASSERT_EQ(1, send(self->side_fd, "!", 1, MSG_OOB));
	EXPECT_EQ(ECONNRESET, ending(self->side_fd));
	EXPECT_EQ(ECONNRESET, ending(self->other_fd));
	EXPECT_ENDED(KTURN_END_REASON_URGENT);
}

/*
 * relay-del
 */

TEST_F_TIMEOUT(closing, deleted, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream, back;
	struct relay reply;

	OPEN(NULL);
	stream = stream_from(&s->path, variant->side, 3000);
	back = stream_from(&s->path, self->other, 5000);
	RUN(&stream);
	RUN(&back);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &reply)) TH_LOG("%s", s->door.text);
	EXPECT_EQ(s->id, reply.id);
	EXPECT_EQ(KTURN_END_REASON_DELETED, reply.reason);
	EXPECT_EQ(KTURN_RELAY_STATE_ENDED, reply.state);
	EXPECT_EQ(3000, reply.from[variant->side].bytes);
	EXPECT_EQ(5000, reply.from[self->other].bytes);
	EXPECT_TRUE(relay_gone(&s->door, s->id));
	EXPECT_EQ(0, ending(self->side_fd));
	EXPECT_EQ(0, ending(self->other_fd));
	EXPECT_ENDED(KTURN_END_REASON_DELETED);
	EXPECT_EQ(3000, self->relay.from[variant->side].bytes);
	EXPECT_EQ(5000, self->relay.from[self->other].bytes);
}

/* What was accepted is still delivered, and then comes the FIN. */
TEST_F_TIMEOUT(closing, deleted_behind_accepted, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay reply;

	OPEN(&pile_up_behind);
	SEND_ONLY(stream, BULK);
	AWAIT_RELAY(flow->bytes == BULK && flow->unacked && !flow->queued);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &reply)) TH_LOG("%s", s->door.text);
	EXPECT_EQ(BULK, reply.from[variant->side].bytes);
	EXPECT_EQ(0, ending(self->side_fd));
	stream.fin = true;
	stream.fin_sent = true;
	RUN(&stream);
}

/* Bytes that are dropped must not look like a good end to anybody. */
TEST_F_TIMEOUT(closing, deleted_with_unread, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay reply;

	OPEN(&pile_up_at_leg);
	SEND_ONLY(stream, BULK);
	AWAIT_RELAY(flow->queued && flow->waits);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &reply)) TH_LOG("%s", s->door.text);
	EXPECT_LT(reply.from[variant->side].bytes, BULK);
	EXPECT_EQ(ECONNRESET, ending(self->side_fd));
	EXPECT_EQ(ECONNRESET, ending(self->other_fd));
}

/* In the middle of a reset that waits for the other end. */
TEST_F_TIMEOUT(closing, deleted_while_resetting, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay reply;

	OPEN(&pile_up_at_leg);
	SEND_ONLY(stream, BULK);
	AWAIT_RELAY(flow->queued && flow->waits);
	reset_fd(&s->path.end[variant->side]);
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_RESETTING);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &reply)) TH_LOG("%s", s->door.text);
	EXPECT_EQ(ECONNRESET, ending(self->other_fd));
	EXPECT_TRUE(relay_gone(&s->door, s->id));
}

/* Even a half-closed relay ends in good order. */
TEST_F_TIMEOUT(closing, deleted_half_closed, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay reply;

	OPEN(NULL);
	stream = stream_from(&s->path, variant->side, 1000);
	stream.fin = true;
	RUN(&stream);
	AWAIT_RELAY(relay->state == KTURN_RELAY_STATE_HALF_CLOSED);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &reply)) TH_LOG("%s", s->door.text);
	EXPECT_TRUE(reply.from[variant->side].eof);
	EXPECT_FALSE(reply.from[self->other].eof);
	EXPECT_EQ(0, ending(self->side_fd));
}

TEST_HARNESS_MAIN
