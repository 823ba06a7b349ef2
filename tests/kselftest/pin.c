// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a holder of another descriptor does to a relay's socket may leave a
 * pointer to the module's code behind, in TLS or in sockets that inherit it.
 * Then the module has to stay for good.
 *
 * So these tests run only where KTURN_PIN is set, and nobody wants to remove
 * the module afterwards.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

FIXTURE(pin) {
	struct setup setup;
	int held;		/* what is tampered with */
	int references;
	struct relay last;
};

FIXTURE_VARIANT(pin) {
	enum side side;		/* whose leg that is */
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(pin, client) { .side = CLIENT };
FIXTURE_VARIANT_ADD(pin, peer) { .side = PEER };
FIXTURE_VARIANT_ADD(pin, by_process) { .side = PEER, .engine = &by_process };

static int refcnt(void)
{
	FILE *file = fopen("/sys/module/kturn/refcnt", "r");
	int count = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &count) != 1)
		count = -1;
	fclose(file);
	return count;
}

FIXTURE_SETUP(pin)
{
	struct setup *s = &self->setup;
	struct stream stream[2];

	if (!getenv("KTURN_PIN"))
		SKIP(return, "the module could not be removed any more");
	ASSERT_EQ(0, setup_path(s, V4, NULL)) TH_LOG("%s", why);
	s->engine = variant->engine;
	self->held = dup(s->path.leg[variant->side]);
	ASSERT_GE(self->held, 0);
	self->references = refcnt();
	ASSERT_GE(self->references, 0);
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	stream[0] = stream_from(&s->path, CLIENT, 100);
	stream[1] = stream_from(&s->path, PEER, 100);
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(pin)
{
	close_fd(&self->held);
	setup_close(&self->setup);
}

/* Both ends see that it is over, and the module is kept by one more thing. */
static void expect_cut(struct __test_metadata *_metadata, FIXTURE_DATA(pin) *self, int error)
{
	struct setup *s = &self->setup;

	EXPECT_EQ(0, setup_ended(s, KTURN_END_REASON_ERROR, &self->last)) TH_LOG("%s", why);
	EXPECT_EQ(error, self->last.error);
	EXPECT_EQ(ECONNRESET, ending(s->path.end[CLIENT]));
	EXPECT_EQ(ECONNRESET, ending(s->path.end[PEER]));
	EXPECT_TRUE(await(refcnt() == self->references + 1));
}

/* What the module sends goes out below TLS: not one byte may. */
TEST_F_TIMEOUT(pin, adds_tls, TIMEOUT_S)
{
	enum side to = variant->side;
	struct stream stream;

	if (setsockopt(self->held, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls"))) {
		ASSERT_EQ(ENOENT, errno);
		SKIP(return, "no kernel TLS here");
	}
	stream = stream_from(&self->setup.path, other(to), 100);
	ASSERT_EQ(0, stream_push_all(&stream)) TH_LOG("%s", why);
	expect_cut(_metadata, self, EOPNOTSUPP);
	EXPECT_EQ(100, self->last.from[other(to)].bytes);
}

static int disconnect(int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	return connect(fd, &none, sizeof(none));
}

/* A reset that comes from above. */
TEST_F_TIMEOUT(pin, disconnects, TIMEOUT_S)
{
	ASSERT_EQ(0, disconnect(self->held));
	expect_cut(_metadata, self, ENOTCONN);
}

/* The same, with the trace wiped off at once. */
TEST_F_TIMEOUT(pin, disconnects_and_takes_error, TIMEOUT_S)
{
	socklen_t len = sizeof(int);
	int error;

	ASSERT_EQ(0, disconnect(self->held));
	ASSERT_EQ(0, getsockopt(self->held, SOL_SOCKET, SO_ERROR, &error, &len));
	expect_cut(_metadata, self, ENOTCONN);
}

/* What it accepts as a listener is no relay's socket. */
TEST_F_TIMEOUT(pin, listens, TIMEOUT_S)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	int client, server;
	char byte = 0;

	ASSERT_EQ(0, disconnect(self->held));
	ASSERT_EQ(0, listen(self->held, 1));
	ASSERT_EQ(0, getsockname(self->held, (struct sockaddr *)&at, &len));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, connect(client, (struct sockaddr *)&at, len)) TH_LOG("%d", errno);
	server = accept(self->held, NULL, NULL);
	ASSERT_GE(server, 0);
	ASSERT_EQ(1, send(client, "x", 1, 0));
	ASSERT_EQ(1, recv(server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
	ASSERT_EQ(1, send(server, "y", 1, 0));
	ASSERT_EQ(1, recv(client, &byte, 1, 0));
	EXPECT_EQ('y', byte);
	expect_cut(_metadata, self, ENOTCONN);
	close(client);
	close(server);
}

TEST_HARNESS_MAIN
