// SPDX-License-Identifier: GPL-2.0-only
/*
 * How relays of connections with TLS end, and what both sides see of it.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"
#include "lib/tls.h"

FIXTURE(ends) {
	struct setup setup;
	struct relay last;
	enum side tls;			/* the side with TLS, or one of both */
	enum side other;
};

FIXTURE_VARIANT(ends) {
	enum family family;
	const struct tls_kind *kind[2];
};

FIXTURE_VARIANT_ADD(ends, TLS12_client) { .kind = { &tls12, NULL } };
FIXTURE_VARIANT_ADD(ends, TLS13_client) { .kind = { &tls13, NULL } };
FIXTURE_VARIANT_ADD(ends, TLS13_peer) { .family = V6, .kind = { NULL, &tls13 } };
FIXTURE_VARIANT_ADD(ends, both) { .kind = { &tls13, &tls12 } };

FIXTURE_SETUP(ends)
{
	self->tls = variant->kind[CLIENT] ? CLIENT : PEER;
	self->other = other(self->tls);
}

FIXTURE_TEARDOWN(ends)
{
	setup_close(&self->setup);
}

/* So many bytes go from the side with TLS and have arrived. */
#define SEND_SOME(bytes) do {								\
	struct stream some_ = stream_from(&self->setup.path, self->tls, bytes);		\
											\
	RUN(&some_);									\
} while (0)

#define IS_TLS13()	(variant->kind[self->tls]->version == TLS_1_3_VERSION)

/* The side with TLS has said all, and goes on listening. */
TEST_F_TIMEOUT(ends, half_close_by_tls, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	struct stream there, back;

	OPEN(NULL);
	START();
	there = stream_from(path, self->tls, 30000);
	there.fin = true;
	RUN(&there);
	ASSERT_TRUE(await(!relay_get(&self->setup.door, self->setup.id, &self->last) &&
			  self->last.state == KTURN_RELAY_STATE_HALF_CLOSED));
	EXPECT_EQ(KTURN_ENGINE_TLS, self->last.engine);
	EXPECT_TRUE(silent(path->end[self->tls]));

	back = stream_from(path, self->other, 50000);
	RUN(&back);
	back.fin = true;
	RUN(&back);
	EXPECT_ENDED(KTURN_END_REASON_EOF);
}

TEST_F_TIMEOUT(ends, half_close_by_other, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	struct stream there, back;

	OPEN(NULL);
	START();
	there = stream_from(path, self->other, 30000);
	there.fin = true;
	RUN(&there);
	ASSERT_TRUE(await(!relay_get(&self->setup.door, self->setup.id, &self->last) &&
			  self->last.state == KTURN_RELAY_STATE_HALF_CLOSED));

	back = stream_from(path, self->tls, 50000);
	RUN(&back);
	back.fin = true;
	RUN(&back);
	EXPECT_ENDED(KTURN_END_REASON_EOF);
}

/*
 * Many programs send close_notify and close, and their host answers ours with a
 * reset. Nothing is lost by that.
 */
TEST_F_TIMEOUT(ends, close_at_once, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	struct stream there;

	OPEN(NULL);
	START();
	there = stream_from(path, self->tls, 30000);
	there.fin = true;
	RUN(&there);
	close_fd(&path->end[self->tls]);
	if (path->tls[self->other])
		tls_send_alert(path->end[self->other], ALERT_WARNING, ALERT_CLOSE_NOTIFY);
	close_fd(&path->end[self->other]);
	EXPECT_ENDED(KTURN_END_REASON_EOF);
	EXPECT_EQ(30000, self->last.from[self->tls].bytes);
}

/* Anybody can send a FIN; only the other side of TLS can say that all was said. */
TEST_F_TIMEOUT(ends, truncated, TIMEOUT_S)
{
	struct path *path = &self->setup.path;

	OPEN(NULL);
	START();
	SEND_SOME(30000);
	ASSERT_EQ(0, shutdown(path->end[self->tls], SHUT_WR));
	EXPECT_ENDED(KTURN_END_REASON_TLS_TRUNCATED);
	EXPECT_EQ(30000, self->last.from[self->tls].bytes);
	EXPECT_FALSE(self->last.from[self->tls].eof);
	EXPECT_EQ(ECONNRESET, ending_at(path, self->other));
	EXPECT_EQ(ECONNRESET, ending_at(path, self->tls));
}

/* After close_notify the FIN is of no meaning. */
TEST_F_TIMEOUT(ends, fin_behind_close_notify, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	struct stream back;

	OPEN(NULL);
	START();
	SEND_SOME(100);
	ASSERT_EQ(0, tls_send_alert(path->end[self->tls], ALERT_WARNING, ALERT_CLOSE_NOTIFY));
	ASSERT_EQ(0, shutdown(path->end[self->tls], SHUT_WR));
	EXPECT_EQ(0, ending_at(path, self->other));
	back = stream_from(path, self->other, 50000);
	back.fin = true;
	RUN(&back);
	EXPECT_ENDED(KTURN_END_REASON_EOF);
}

TEST_F_TIMEOUT(ends, fatal_alert, TIMEOUT_S)
{
	struct path *path = &self->setup.path;

	OPEN(NULL);
	START();
	SEND_SOME(30000);
	ASSERT_EQ(0, tls_send_alert(path->end[self->tls], ALERT_FATAL, ALERT_BAD_RECORD_MAC));
	EXPECT_ENDED(KTURN_END_REASON_TLS_ALERT);
	EXPECT_EQ(ALERT_BAD_RECORD_MAC, self->last.alert);
	EXPECT_EQ(0, self->last.error);
	EXPECT_EQ(30000, self->last.from[self->tls].bytes);
	EXPECT_EQ(ECONNRESET, ending_at(path, self->other));
}

/* An alert does not overtake what was sent before it. */
TEST_F_TIMEOUT(ends, fatal_alert_behind_bytes, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	struct stream there;

	OPEN(NULL);
	there = stream_from(path, self->tls, 100000);
	ASSERT_TRUE(await(stream_push_all(&there) < 0 || there.sent == there.size));
	ASSERT_EQ(0, tls_send_alert(path->end[self->tls], ALERT_FATAL, ALERT_BAD_RECORD_MAC));
	START();
	RUN(&there);
	EXPECT_ENDED(KTURN_END_REASON_TLS_ALERT);
	EXPECT_EQ(ECONNRESET, ending_at(path, self->other));
}

/* TLS 1.3 has one alert that is none, and TLS 1.2 has warnings. */
TEST_F_TIMEOUT(ends, harmless_alert, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	struct stream there;
	int i;

	OPEN(NULL);
	START();
	for (i = 0; i < 50; i++)
		ASSERT_EQ(0, tls_send_alert(path->end[self->tls], ALERT_WARNING,
					    ALERT_USER_CANCELED));
	there = stream_from(path, self->tls, 30000);
	there.fin = true;
	RUN(&there);
	EXPECT_EQ(0, relay_get(&self->setup.door, self->setup.id, &self->last));
}

/* In TLS 1.3 the level of an alert says nothing. */
TEST_F_TIMEOUT(ends, mild_looking_alert, TIMEOUT_S)
{
	struct path *path = &self->setup.path;

	OPEN(NULL);
	if (!IS_TLS13())
		return;
	START();
	ASSERT_EQ(0, tls_send_alert(path->end[self->tls], ALERT_WARNING, ALERT_BAD_RECORD_MAC));
	EXPECT_ENDED(KTURN_END_REASON_TLS_ALERT);
	EXPECT_EQ(ALERT_BAD_RECORD_MAC, self->last.alert);
}

static const uint8_t key_update[] = { 24, 0, 0, 1, 0 };
static const uint8_t client_hello[] = { 1, 0, 0, 0 };
static const uint8_t half_alert[] = { ALERT_WARNING };

static void send_control(struct __test_metadata *_metadata, FIXTURE_DATA(ends) *self,
			 uint8_t type, const uint8_t *record, size_t len)
{
	struct path *path = &self->setup.path;

	START();
	SEND_SOME(30000);
	ASSERT_EQ(len, tls_send(path->end[self->tls], type, record, len));
	/* What follows must not come through, in whatever keys it is. */
	tls_send(path->end[self->tls], RECORD_DATA, "x", 1);
	EXPECT_EQ(ECONNRESET, ending_at(path, self->other));
	EXPECT_EQ(0, notified(&self->setup.watch, KTURN_CMD_RELAY_DEL_NTF, self->setup.id,
			      &self->last)) TH_LOG("%s", why);
	EXPECT_EQ(30000, self->last.from[self->tls].bytes);
}

TEST_F_TIMEOUT(ends, key_update, TIMEOUT_S)
{
	OPEN(NULL);
	if (!IS_TLS13())
		return;
	send_control(_metadata, self, RECORD_HANDSHAKE, key_update, sizeof(key_update));
	EXPECT_EQ(KTURN_END_REASON_TLS_KEY_UPDATE, self->last.reason);
}

TEST_F_TIMEOUT(ends, renegotiation, TIMEOUT_S)
{
	OPEN(NULL);
	send_control(_metadata, self, RECORD_HANDSHAKE, client_hello, sizeof(client_hello));
	EXPECT_EQ(KTURN_END_REASON_ERROR, self->last.reason);
	EXPECT_EQ(EPROTO, self->last.error);
}

TEST_F_TIMEOUT(ends, broken_alert, TIMEOUT_S)
{
	OPEN(NULL);
	send_control(_metadata, self, RECORD_ALERT, half_alert, sizeof(half_alert));
	EXPECT_EQ(KTURN_END_REASON_ERROR, self->last.reason);
	EXPECT_EQ(EPROTO, self->last.error);
}

TEST_F_TIMEOUT(ends, unknown_record, TIMEOUT_S)
{
	OPEN(NULL);
	send_control(_metadata, self, 99, key_update, sizeof(key_update));
	EXPECT_EQ(KTURN_END_REASON_ERROR, self->last.reason);
	EXPECT_EQ(EPROTO, self->last.error);
}

/* Resets: what was sent before them still arrives. */
static void reset_with_bytes(struct __test_metadata *_metadata, FIXTURE_DATA(ends) *self,
			     enum side side)
{
	struct path *path = &self->setup.path;
	struct stream there;

	START();
	there = stream_from(path, side, 40000);
	ASSERT_TRUE(await(stream_push_all(&there) < 0 || there.sent == there.size));
	ASSERT_TRUE(await(all_acked(path->end[side])));
	reset_fd(&path->end[side]);
	RUN(&there);
	EXPECT_EQ(ECONNRESET, ending_at(path, other(side)));
	EXPECT_ENDED(reset_by(side));
	EXPECT_EQ(40000, self->last.from[side].bytes);
}

TEST_F_TIMEOUT(ends, reset_by_tls, TIMEOUT_S)
{
	OPEN(NULL);
	reset_with_bytes(_metadata, self, self->tls);
}

TEST_F_TIMEOUT(ends, reset_by_other, TIMEOUT_S)
{
	OPEN(NULL);
	reset_with_bytes(_metadata, self, self->other);
}

/* The relay has it all when the reset comes, and has not been able to send it. */
TEST_F_TIMEOUT(ends, reset_behind_pile, TIMEOUT_S)
{
	static const struct path_options pile = {
		.end = { { 2 * MiB, 8 * KiB }, { 2 * MiB, 8 * KiB } },
		.leg = { { 8 * KiB, 2 * MiB }, { 8 * KiB, 2 * MiB } },
	};
	struct path *path = &self->setup.path;
	struct stream there;

	OPEN(&pile);
	START();
	there = stream_from(path, self->tls, 256 * KiB);
	ASSERT_TRUE(await(stream_push_all(&there) < 0 || there.sent == there.size));
	ASSERT_TRUE(await(all_acked(path->end[self->tls])));
	ASSERT_TRUE(await(!relay_get(&self->setup.door, self->setup.id, &self->last) &&
			  self->last.from[self->tls].waits));
	EXPECT_GT(self->last.from[self->tls].queued, 0);
	reset_fd(&path->end[self->tls]);
	RUN(&there);
	EXPECT_ENDED(reset_by(self->tls));
	EXPECT_EQ(256 * KiB, self->last.from[self->tls].bytes);
	EXPECT_EQ(ECONNRESET, ending_at(path, self->other));
}

/* A receiver that does not read holds the sender back; then nothing is missing. */
TEST_F_TIMEOUT(ends, slow_reader, TIMEOUT_S)
{
	static const struct path_options narrow = {
		.end = { { 64 * KiB, 16 * KiB }, { 64 * KiB, 16 * KiB } },
		.leg = { { 32 * KiB, 32 * KiB }, { 32 * KiB, 32 * KiB } },
	};
	struct path *path = &self->setup.path;
	struct stream stream[2];
	enum side side;

	OPEN(&narrow);
	START();
	for (side = CLIENT; side <= PEER; side++) {
		stream[side] = stream_from(path, side, 0);
		ASSERT_EQ(0, setup_fill(&self->setup, &stream[side], side)) TH_LOG("%s", why);
		EXPECT_LT(stream[side].sent, MiB);
		stream[side].size += 100000;
		stream[side].fin = true;
	}
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_EOF);
}

/*
 * Bytes that no TLS has made
 */

/* The other side of the leg's TLS speaks none, so that it can send what it likes. */
#define OPEN_RAW() do {									\
	int ret_ = setup_path(&self->setup, variant->family, NULL);			\
											\
	ASSERT_EQ(0, ret_) TH_LOG("%s", why);						\
	ret_ = tls_set(self->setup.path.leg[self->tls], variant->kind[self->tls],	\
		       false, true, true);						\
	ASSERT_NE(-1, ret_) TH_LOG("%s", why);						\
	if (ret_)									\
		SKIP(return, "this kernel has no such TLS");				\
	START();									\
} while (0)

static void send_raw(struct __test_metadata *_metadata, FIXTURE_DATA(ends) *self,
		     const void *bytes, size_t len, int error)
{
	struct path *path = &self->setup.path;

	ASSERT_EQ(len, send(path->end[self->tls], bytes, len, MSG_NOSIGNAL));
	EXPECT_ENDED(KTURN_END_REASON_ERROR);
	EXPECT_EQ(error, self->last.error);
	EXPECT_EQ(0, self->last.from[self->tls].bytes);
	EXPECT_EQ(ECONNRESET, ending(path->end[self->other]));
}

TEST_F_TIMEOUT(ends, forged_record, TIMEOUT_S)
{
	uint8_t record[5 + 64] = { 23, 3, 3, 0, 64 };

	OPEN_RAW();
	send_raw(_metadata, self, record, sizeof(record), EBADMSG);
}

TEST_F_TIMEOUT(ends, no_record_at_all, TIMEOUT_S)
{
	OPEN_RAW();
	send_raw(_metadata, self, "GET / HTTP/1.1\r\nHost: turn\r\n\r\n", 30, EINVAL);
}

TEST_F_TIMEOUT(ends, oversized_record, TIMEOUT_S)
{
	uint8_t record[64] = { 23, 3, 3, 0xff, 0xff };

	OPEN_RAW();
	send_raw(_metadata, self, record, sizeof(record), EMSGSIZE);
}

TEST_F_TIMEOUT(ends, urgent, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	uint8_t record[5] = { 23, 3, 3, 0, 64 };

	OPEN_RAW();
	ASSERT_EQ(5, send(path->end[self->tls], record, sizeof(record), MSG_NOSIGNAL));
	ASSERT_EQ(1, send(path->end[self->tls], "!", 1, MSG_OOB | MSG_NOSIGNAL));
	EXPECT_ENDED(KTURN_END_REASON_URGENT);
	EXPECT_EQ(ECONNRESET, ending(path->end[self->other]));
}

TEST_F_TIMEOUT(ends, urgent_from_other, TIMEOUT_S)
{
	struct path *path = &self->setup.path;

	OPEN_RAW();
	ASSERT_EQ(3, send(path->end[self->other], "ab!", 3, MSG_OOB | MSG_NOSIGNAL));
	EXPECT_ENDED(KTURN_END_REASON_URGENT);
	EXPECT_EQ(ECONNRESET, ending(path->end[self->tls]));
}

/*
 * Ended from this host
 */

/* Both directions are under way, and stay so. */
static void run_for_a_while(struct __test_metadata *_metadata, FIXTURE_DATA(ends) *self,
			    struct stream stream[2])
{
	enum side side;

	for (side = CLIENT; side <= PEER; side++)
		stream[side] = stream_from(&self->setup.path, side, 1024 * MiB);
	while (stream[CLIENT].got < 300000 || stream[PEER].got < 300000) {
		for (side = CLIENT; side <= PEER; side++) {
			ASSERT_LE(0, stream_push(&stream[side])) TH_LOG("%s", why);
			ASSERT_LE(0, stream_pull(&stream[side])) TH_LOG("%s", why);
		}
	}
	/* More than fits is sent, so that some of it is in the relay. */
	for (side = CLIENT; side <= PEER; side++)
		ASSERT_EQ(0, stream_push_all(&stream[side])) TH_LOG("%s", why);
}

/* What was counted is at most what was sent, at least what has arrived. */
static int check_counters(const struct relay *last, const struct stream stream[2])
{
	enum side side;

	for (side = CLIENT; side <= PEER; side++) {
		const uint64_t bytes = last->from[side].bytes;

		if (bytes < stream[side].got || bytes > stream[side].sent)
			return fail("counted %ju, sent %ju, got %ju", (uintmax_t)bytes,
				    (uintmax_t)stream[side].sent,
				    (uintmax_t)stream[side].got);
	}
	return 0;
}

TEST_F_TIMEOUT(ends, deleted_under_traffic, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	struct stream stream[2];

	OPEN(NULL);
	START();
	run_for_a_while(_metadata, self, stream);
	ASSERT_EQ(0, relay_del(&self->setup.door, self->setup.id, &self->last));
	EXPECT_EQ(KTURN_END_REASON_DELETED, self->last.reason);
	EXPECT_EQ(0, check_counters(&self->last, stream)) TH_LOG("%s", why);
	/* Bytes were dropped, and nobody may take what came for all. */
	EXPECT_NE(0, ending_at(path, CLIENT));
	EXPECT_NE(0, ending_at(path, PEER));
}

TEST_F_TIMEOUT(ends, owner_gone_under_traffic, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	struct stream stream[2];

	OPEN(NULL);
	START();
	run_for_a_while(_metadata, self, stream);
	door_close(&self->setup.door);
	ASSERT_EQ(0, notified(&self->setup.watch, KTURN_CMD_RELAY_DEL_NTF, self->setup.id,
			      &self->last)) TH_LOG("%s", why);
	EXPECT_EQ(KTURN_END_REASON_OWNER_GONE, self->last.reason);
	EXPECT_EQ(0, check_counters(&self->last, stream)) TH_LOG("%s", why);
	EXPECT_NE(0, ending_at(path, CLIENT));
	EXPECT_NE(0, ending_at(path, PEER));
}

/* With nothing under way it is an end like any other, also in TLS. */
TEST_F_TIMEOUT(ends, deleted_at_rest, TIMEOUT_S)
{
	struct path *path = &self->setup.path;

	OPEN(NULL);
	START();
	SEND_SOME(30000);
	ASSERT_EQ(0, setup_carried(&self->setup, self->tls, 30000, &self->last));
	ASSERT_EQ(0, relay_del(&self->setup.door, self->setup.id, &self->last));
	EXPECT_EQ(0, ending_at(path, CLIENT));
	EXPECT_EQ(0, ending_at(path, PEER));
}

/* A TLS leg is taken by the engine for it, and by no other. */
TEST_F_TIMEOUT(ends, engine_asked_for, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	uint32_t engine;
	struct add add = {
		.fd = { &s->path.leg[CLIENT], &s->path.leg[PEER] },
		.engine = &engine,
	};

	OPEN(NULL);
	for (engine = KTURN_ENGINE_PROCESS; engine <= KTURN_ENGINE_SOFTIRQ; engine++) {
		EXPECT_EQ(-EOPNOTSUPP, relay_add_with(&s->door, &add));
		EXPECT_STREQ("a socket with TLS needs the engine tls", s->door.text);
	}
	engine = KTURN_ENGINE_TLS;
	s->id = relay_add_with(&s->door, &add);
	ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);
	path_close_legs(&s->path);
	SEND_SOME(1000);
}

TEST_HARNESS_MAIN
