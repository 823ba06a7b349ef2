// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking sockets over, and giving them back.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

FIXTURE(takeover) {
	struct setup setup;
};

FIXTURE_SETUP(takeover)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(takeover)
{
	setup_close(&self->setup);
}

/* A socket that is in a relay takes no second one, on neither side. */
TEST_F_TIMEOUT(takeover, relayed_already, TIMEOUT_S)
{
	static const char text[] =
		"the socket is in a relay already, or another subsystem has it";
	struct setup *s = &self->setup;
	const int *leg = s->path.leg;
	struct stream streams[2];
	struct path fresh;
	enum side side;

	ASSERT_EQ(0, path_open(&fresh, V4, NULL)) TH_LOG("%s", why);
	s->id = relay_add(&s->door, leg[CLIENT], leg[PEER]);
	ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);

	EXPECT_EQ(-EBUSY, relay_add(&s->door, leg[CLIENT], leg[PEER]));
	EXPECT_STREQ(text, s->door.text);
	for (side = CLIENT; side <= PEER; side++) {
		EXPECT_EQ(-EBUSY, relay_add(&s->door, leg[side], fresh.leg[PEER]));
		EXPECT_STREQ(text, s->door.text);
		EXPECT_EQ(-EBUSY, relay_add(&s->door, fresh.leg[CLIENT], leg[side]));
		EXPECT_STREQ(text, s->door.text);
	}

	/* The first relay did not suffer, and the fresh pair can still be one. */
	streams[0] = stream_from(&s->path, CLIENT, 10000);
	streams[1] = stream_from(&s->path, PEER, 10000);
	EXPECT_EQ(0, streams_run(streams, 2)) TH_LOG("%s", why);
	EXPECT_GT(relay_add(&s->door, fresh.leg[CLIENT], fresh.leg[PEER]), s->id);
	streams[0] = stream_from(&fresh, CLIENT, 10000);
	streams[1] = stream_from(&fresh, PEER, 10000);
	EXPECT_EQ(0, streams_run(streams, 2)) TH_LOG("%s", why);
}

/* After the end of the relay whoever kept a descriptor has a socket again. */
TEST_F_TIMEOUT(takeover, given_back, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct path *path = &s->path;
	struct relay relay;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct stream stream;
	int epoll;
	char byte;

	s->id = relay_add(&s->door, path->leg[CLIENT], path->leg[PEER]);
	ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);
	stream = stream_from(path, CLIENT, 10000);
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &relay)) TH_LOG("%s", s->door.text);

	EXPECT_EQ(0, usable(path->leg[CLIENT], path->end[CLIENT])) TH_LOG("%s", why);
	EXPECT_EQ(0, usable(path->leg[PEER], path->end[PEER])) TH_LOG("%s", why);
	/* Epoll hears of the byte, so the callbacks are the socket's own again. */
	epoll = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, path->leg[CLIENT], &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(1, send(path->end[CLIENT], "z", 1, 0));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, PATIENCE_MS));
	close(epoll);
	ASSERT_EQ(1, recv(path->leg[CLIENT], &byte, 1, 0));
	EXPECT_TRUE(silent(path->end[PEER]));

	EXPECT_GT(relay_add(&s->door, path->leg[CLIENT], path->leg[PEER]), s->id);
	stream = stream_from(path, PEER, 10000);
	EXPECT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
}

/* The descriptors may go at once: the module holds the sockets itself. */
TEST_F_TIMEOUT(takeover, descriptors_closed, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream streams[2];

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	EXPECT_TRUE(silent(s->path.end[CLIENT]));
	EXPECT_TRUE(silent(s->path.end[PEER]));
	streams[0] = stream_from(&s->path, CLIENT, 10000);
	streams[1] = stream_from(&s->path, PEER, 10000);
	EXPECT_EQ(0, streams_run(streams, 2)) TH_LOG("%s", why);
}

/* The two sides need not be of one family. */
TEST_F_TIMEOUT(takeover, mixed_families, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream streams[2];
	struct path v6;

	ASSERT_EQ(0, path_open(&v6, V6, NULL)) TH_LOG("%s", why);
	ASSERT_GT(relay_add(&s->door, v6.leg[CLIENT], s->path.leg[PEER]), 0)
		TH_LOG("%s", s->door.text);
	v6.end[PEER] = s->path.end[PEER];
	streams[0] = stream_from(&v6, CLIENT, 100000);
	streams[1] = stream_from(&v6, PEER, 100000);
	EXPECT_EQ(0, streams_run(streams, 2)) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
