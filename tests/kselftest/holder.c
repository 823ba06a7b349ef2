// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whoever keeps another descriptor of a relay's socket can do things to it.
 * The relay may end of that, but it may not hang. Worse things are in pin.c.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

FIXTURE(holder) {
	struct setup setup;
	int held[2];
	struct relay last;
};

FIXTURE_VARIANT(holder) {
	enum side side;		/* whose leg is tampered with */
};

FIXTURE_VARIANT_ADD(holder, client) { .side = CLIENT };
FIXTURE_VARIANT_ADD(holder, peer) { .side = PEER };

FIXTURE_SETUP(holder)
{
	struct setup *s = &self->setup;
	struct stream stream[2];
	enum side side;

	ASSERT_EQ(0, setup_path(s, V4, NULL)) TH_LOG("%s", why);
	for (side = CLIENT; side <= PEER; side++) {
		self->held[side] = dup(s->path.leg[side]);
		ASSERT_GE(self->held[side], 0);
	}
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	stream[0] = stream_from(&s->path, CLIENT, 100);
	stream[1] = stream_from(&s->path, PEER, 100);
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(holder)
{
	close_fd(&self->held[CLIENT]);
	close_fd(&self->held[PEER]);
	setup_close(&self->setup);
}

#define EXPECT_ENDED(reason)	\
	EXPECT_EQ(0, setup_ended(&self->setup, reason, &self->last)) TH_LOG("%s", why)

/* No bytes can be sent to that side then. */
TEST_F_TIMEOUT(holder, shuts_down_sending, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	enum side side = variant->side;
	struct stream stream;

	ASSERT_EQ(0, shutdown(self->held[side], SHUT_WR));
	EXPECT_EQ(0, ending(path->end[side]));
	stream = stream_from(path, other(side), 100);
	ASSERT_EQ(0, stream_push_all(&stream)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_ERROR);
	EXPECT_EQ(EPIPE, self->last.error);
	EXPECT_EQ(ECONNRESET, ending(path->end[other(side)]));
}

/* Bytes that somebody else reads are lost; that is all. */
TEST_F_TIMEOUT(holder, reads, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	enum side from = variant->side;
	struct relay relay;
	uint64_t got = 0, stolen = 0;
	uint8_t buf[1000];
	ssize_t n;
	int i;

	for (i = 0; i < 500; i++) {
		ASSERT_EQ(sizeof(buf), send(s->path.end[from], buf, sizeof(buf), 0));
		n = recv(self->held[from], buf, sizeof(buf), MSG_DONTWAIT);
		stolen += n > 0 ? n : 0;
		n = recv(s->path.end[other(from)], buf, sizeof(buf), MSG_DONTWAIT);
		got += n > 0 ? n : 0;
	}
	close_fd(&self->held[from]);
	ASSERT_EQ(0, shutdown(s->path.end[from], SHUT_WR));
	while ((n = recv(s->path.end[other(from)], buf, sizeof(buf), 0)) > 0)
		got += n;
	EXPECT_EQ(0, n);
	EXPECT_EQ(500 * sizeof(buf), got + stolen);
	EXPECT_EQ(0, setup_carried(s, from, 100 + got, &relay)) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
