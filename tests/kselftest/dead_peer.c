// SPDX-License-Identifier: GPL-2.0-only
/*
 * A side that is gone without a word: no FIN, no reset, no answer. TCP's
 * keepalive and its user timeout find out, when a relay's limits say so.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/cable.h"
#include "lib/kturn_test.h"

/* Without them it would take TCP a quarter of an hour, or two. */
#define SOON_MS		60000

#define KEEPALIVE	{ KTURN_A_LIMITS_KEEPALIVE_IDLE, 1 },		\
			{ KTURN_A_LIMITS_KEEPALIVE_INTERVAL, 1 },	\
			{ KTURN_A_LIMITS_KEEPALIVE_COUNT, 2 }
#define KEEPALIVE_MS	2000
#define TIMEOUT_MS	2000
#define USER_TIMEOUT	{ KTURN_A_LIMITS_USER_TIMEOUT_MS, TIMEOUT_MS }

FIXTURE(dead_peer) {
	struct setup setup;
	struct relay relay;
};

FIXTURE_VARIANT(dead_peer) {
	enum family family;
	enum side side;		/* which side dies */
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(dead_peer, V4_client) { .family = V4, .side = CLIENT };
FIXTURE_VARIANT_ADD(dead_peer, V4_peer) { .family = V4, .side = PEER };
FIXTURE_VARIANT_ADD(dead_peer, V6_peer) { .family = V6, .side = PEER };
FIXTURE_VARIANT_ADD(dead_peer, by_process) { .side = PEER, .engine = &by_process };

FIXTURE_SETUP(dead_peer)
{
	ASSERT_EQ(0, setup_path(&self->setup, variant->family, NULL)) TH_LOG("%s", why);
	self->setup.engine = variant->engine;
}

FIXTURE_TEARDOWN(dead_peer)
{
	setup_close(&self->setup);
}

/* From now on the socket hears nothing, and so has nothing to answer. */
static int die(int fd)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = { .len = 1, .filter = &nothing };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)))
		return fail_errno("SO_ATTACH_FILTER");
	return 0;
}

/* The relay ends not before @least and soon after, and the other side hears of it. */
static int ends_in_time(struct setup *s, enum side dead, uint64_t since, uint64_t least,
			struct relay *last)
{
	const uint64_t before = now_ms() - since;
	uint64_t took;
	int error;

	if (setup_ended(s, KTURN_END_REASON_ERROR, last))
		return -1;
	took = now_ms() - since;
	if (last->error != ETIMEDOUT)
		return fail("ended with errno %u", last->error);
	if (took < least || took > before + SOON_MS)
		return fail("it took %ju ms", (uintmax_t)took);
	error = ending(s->path.end[other(dead)]);
	return error == ECONNRESET ? 0 : fail("the other side saw errno %d", error);
}

#define START(limits_) do {							\
	self->setup.limits = limits_;						\
	ASSERT_EQ(0, setup_relay(&self->setup)) TH_LOG("%s", why);		\
	ASSERT_EQ(0, usable(self->setup.path.end[CLIENT],			\
			    self->setup.path.end[PEER])) TH_LOG("%s", why);	\
} while (0)

/* Nobody says anything. */
TEST_F_TIMEOUT(dead_peer, silent, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	uint64_t since = now_ms();

	START(LIMITS(KEEPALIVE));
	ASSERT_EQ(0, die(s->path.end[variant->side])) TH_LOG("%s", why);
	EXPECT_EQ(0, ends_in_time(s, variant->side, since, KEEPALIVE_MS, &self->relay))
		TH_LOG("%s", why);
}

/* A relay that lives already. */
TEST_F_TIMEOUT(dead_peer, silent_changed, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	uint64_t since;

	START(NULL);
	ASSERT_EQ(0, die(s->path.end[variant->side])) TH_LOG("%s", why);
	since = now_ms();
	ASSERT_EQ(0, relay_set(&s->door, s->id, LIMITS(KEEPALIVE))) TH_LOG("%s", s->door.text);
	EXPECT_EQ(0, ends_in_time(s, variant->side, since, KEEPALIVE_MS / 2, &self->relay))
		TH_LOG("%s", why);
}

/* The other side goes on sending, which leaves no room for keepalive. */
TEST_F_TIMEOUT(dead_peer, sent_to, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	uint64_t since;

	START(LIMITS(KEEPALIVE, USER_TIMEOUT));
	ASSERT_EQ(0, die(s->path.end[variant->side])) TH_LOG("%s", why);
	stream = stream_from(&s->path, other(variant->side), 10000);
	since = now_ms();
	ASSERT_EQ(0, stream_push_all(&stream)) TH_LOG("%s", why);
	EXPECT_EQ(0, ends_in_time(s, variant->side, since, TIMEOUT_MS / 2, &self->relay))
		TH_LOG("%s", why);
}

/* Who lives and says nothing stays. */
TEST_F_TIMEOUT(dead_peer, alive, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	uint64_t start;

	START(LIMITS(KEEPALIVE, USER_TIMEOUT));
	for (start = now_ms(); now_ms() < start + 3 * KEEPALIVE_MS; nap())
		;
	ASSERT_EQ(0, relay_get(&s->door, s->id, &self->relay)) TH_LOG("%s", s->door.text);
	EXPECT_EQ(KTURN_RELAY_STATE_OPEN, self->relay.state);
	EXPECT_EQ(0, usable(s->path.end[CLIENT], s->path.end[PEER])) TH_LOG("%s", why);
}

/*
 * What the sockets had
 */

struct option {
	int level;
	int name;
	int value;
};

/* What the sockets were given with, and what they are to have in between. */
static const struct option own[] = {
	{ SOL_SOCKET, SO_KEEPALIVE, 0 },
	{ IPPROTO_TCP, TCP_KEEPIDLE, 77 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 7 },
	{ IPPROTO_TCP, TCP_KEEPCNT, 5 },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 54321 },
}, from_limits[] = {
	{ SOL_SOCKET, SO_KEEPALIVE, 1 },
	{ IPPROTO_TCP, TCP_KEEPIDLE, 1000 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 100 },
	{ IPPROTO_TCP, TCP_KEEPCNT, 10 },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 98765 },
};

#define SOME	{ KTURN_A_LIMITS_KEEPALIVE_IDLE, 1000 },		\
		{ KTURN_A_LIMITS_KEEPALIVE_INTERVAL, 100 },		\
		{ KTURN_A_LIMITS_KEEPALIVE_COUNT, 10 },			\
		{ KTURN_A_LIMITS_USER_TIMEOUT_MS, 98765 }

static int give_options(int fd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(own); i++)
		if (setsockopt(fd, own[i].level, own[i].name, &own[i].value, sizeof(int)))
			return fail_errno("setsockopt");
	return 0;
}

static int has_options(int fd, const struct option *option)
{
	socklen_t len = sizeof(int);
	size_t i;
	int value;

	for (i = 0; i < ARRAY_SIZE(own); i++) {
		if (getsockopt(fd, option[i].level, option[i].name, &value, &len))
			return fail_errno("getsockopt");
		if (value != option[i].value)
			return fail("option %d is %d instead of %d", option[i].name, value,
				    option[i].value);
	}
	return 0;
}

FIXTURE(given_back) {
	struct setup setup;
	struct relay relay;
	int fd[2];		/* the legs, to look at */
};

FIXTURE_SETUP(given_back)
{
	struct setup *s = &self->setup;
	enum side side;

	ASSERT_EQ(0, setup_path(s, V4, NULL)) TH_LOG("%s", why);
	for (side = CLIENT; side <= PEER; side++) {
		self->fd[side] = dup(s->path.leg[side]);
		ASSERT_EQ(0, give_options(self->fd[side])) TH_LOG("%s", why);
	}
}

FIXTURE_TEARDOWN(given_back)
{
	close_fd(&self->fd[CLIENT]);
	close_fd(&self->fd[PEER]);
	setup_close(&self->setup);
}

/* While it lives they are the limits', and afterwards the owner's again. */
TEST_F_TIMEOUT(given_back, options, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	enum side side;

	s->limits = LIMITS(SOME);
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	for (side = CLIENT; side <= PEER; side++)
		EXPECT_EQ(0, has_options(self->fd[side], from_limits)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_set(&s->door, s->id,
			       LIMITS({ KTURN_A_LIMITS_KEEPALIVE_IDLE, 0 },
				      { KTURN_A_LIMITS_USER_TIMEOUT_MS, 0 })))
		TH_LOG("%s", s->door.text);
	for (side = CLIENT; side <= PEER; side++)
		EXPECT_EQ(0, has_options(self->fd[side], own)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_set(&s->door, s->id, LIMITS(SOME))) TH_LOG("%s", s->door.text);
	EXPECT_EQ(0, has_options(self->fd[PEER], from_limits)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &self->relay));
	for (side = CLIENT; side <= PEER; side++)
		EXPECT_EQ(0, has_options(self->fd[side], own)) TH_LOG("%s", why);
}

/* A refusal leaves the good socket, which was taken already, as it was. */
TEST_F_TIMEOUT(given_back, refused, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	const struct add add = {
		.fd = { &s->path.leg[CLIENT], &udp },
		.limits = LIMITS(SOME),
	};

	EXPECT_EQ(-EPROTONOSUPPORT, relay_add_with(&s->door, &add));
	EXPECT_STREQ("not a TCP socket", s->door.text);
	EXPECT_EQ(0, has_options(self->fd[CLIENT], own)) TH_LOG("%s", why);
	EXPECT_EQ(0, usable(s->path.end[CLIENT], s->path.leg[CLIENT])) TH_LOG("%s", why);
	close(udp);
}

/*
 * A host that is unplugged
 */

FIXTURE(unplugged) {
	struct setup setup;
	struct relay relay;
	struct cable cable;
};

FIXTURE_VARIANT_ENGINES(unplugged);

FIXTURE_SETUP(unplugged)
{
	struct setup *s = &self->setup;

	ASSERT_EQ(0, setup_cable(s, &self->cable)) TH_LOG("%s", why);
	ASSERT_EQ(0, cable_connect(&self->cable, &s->path, NULL)) TH_LOG("%s", why);
	s->engine = variant->engine;
}

FIXTURE_TEARDOWN(unplugged)
{
	setup_close(&self->setup);
	cable_close(&self->cable);
}

TEST_F_TIMEOUT(unplugged, silent, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	uint64_t since = now_ms();

	START(LIMITS(KEEPALIVE));
	ASSERT_EQ(0, cable_unplug(&self->cable)) TH_LOG("%s", why);
	EXPECT_EQ(0, ends_in_time(s, PEER, since, KEEPALIVE_MS, &self->relay))
		TH_LOG("%s", why);
}

TEST_F_TIMEOUT(unplugged, sent_to, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	uint64_t since;

	START(LIMITS(USER_TIMEOUT));
	ASSERT_EQ(0, cable_unplug(&self->cable)) TH_LOG("%s", why);
	stream = stream_from(&s->path, CLIENT, 10000);
	since = now_ms();
	ASSERT_EQ(0, stream_push_all(&stream)) TH_LOG("%s", why);
	EXPECT_EQ(0, ends_in_time(s, PEER, since, TIMEOUT_MS / 2, &self->relay))
		TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
