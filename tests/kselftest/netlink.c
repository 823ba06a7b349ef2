// SPDX-License-Identifier: GPL-2.0-only
/*
 * The door: what requests, answers and notifications look like, and what is
 * turned down.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <netlink/msg.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

FIXTURE(door) {
	struct setup setup;
};

FIXTURE_VARIANT(door) {
	enum family family;
};

FIXTURE_VARIANT_ADD(door, V4) { .family = V4 };
FIXTURE_VARIANT_ADD(door, V6) { .family = V6 };
FIXTURE_VARIANT_ADD(door, MAPPED) { .family = MAPPED };

FIXTURE_SETUP(door)
{
	ASSERT_EQ(0, setup_path(&self->setup, variant->family, NULL)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(door)
{
	setup_close(&self->setup);
}

/* One endpoint as the relay shows it, against what the socket says. */
static int same_endpoint(const uint8_t *addr, int len, uint16_t port,
			 const struct sockaddr_storage *want)
{
	const struct sockaddr_in6 *in6 = (const void *)want;
	const struct sockaddr_in *in = (const void *)want;
	const void *bytes = &in->sin_addr;
	uint16_t want_port = ntohs(in->sin_port);
	int want_len = 4;

	if (want->ss_family == AF_INET6) {
		want_port = ntohs(in6->sin6_port);
		bytes = &in6->sin6_addr;
		want_len = 16;
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
			bytes = &in6->sin6_addr.s6_addr[12];
			want_len = 4;
		}
	}
	if (len != want_len || memcmp(addr, bytes, len))
		return fail("wrong address, %d bytes long", len);
	return port == want_port ? 0 : fail("port %u instead of %u", port, want_port);
}

static int same_leg(const struct leg *leg, int fd)
{
	struct sockaddr_storage local, remote;
	socklen_t local_len = sizeof(local), remote_len = sizeof(remote);

	if (getsockname(fd, (struct sockaddr *)&local, &local_len) ||
	    getpeername(fd, (struct sockaddr *)&remote, &remote_len))
		return fail_errno("getsockname");
	if (same_endpoint(leg->local, leg->len, leg->local_port, &local))
		return -1;
	return same_endpoint(leg->remote, leg->len, leg->remote_port, &remote);
}

static int same_relay(const struct relay *a, const struct relay *b)
{
	if (a->id != b->id || a->group != b->group || a->cookie_len != b->cookie_len ||
	    memcmp(a->cookie, b->cookie, a->cookie_len) || a->owner != b->owner ||
	    a->engine != b->engine || memcmp(a->leg, b->leg, sizeof(a->leg)))
		return fail("not the same relay");
	return 0;
}

TEST_F_TIMEOUT(door, what_a_relay_shows, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	const int *leg = s->path.leg;
	const uint64_t group = 0x123456789abcdef0;
	uint8_t cookie[KTURN_COOKIE_MAX];
	const struct add add = {
		.fd = { &leg[CLIENT], &leg[PEER] },
		.group = &group, .cookie = cookie, .cookie_len = sizeof(cookie),
	};
	struct relay got, dumped, added, deleted;
	uint64_t before = now_ms(), lived;
	struct stream stream;
	enum side side;

	pattern_fill(cookie, sizeof(cookie), 42, 0);
	s->id = relay_add_with(&s->door, &add);
	ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);
	ASSERT_EQ(0, relay_get(&s->door, s->id, &got)) TH_LOG("%s", why);
	lived = now_ms() - before;

	EXPECT_EQ(s->id, got.id);
	EXPECT_EQ(group, got.group);
	EXPECT_EQ(sizeof(cookie), got.cookie_len);
	EXPECT_EQ(0, memcmp(cookie, got.cookie, sizeof(cookie)));
	for (side = CLIENT; side <= PEER; side++) {
		EXPECT_EQ(0, same_leg(&got.leg[side], leg[side])) TH_LOG("%s", why);
		EXPECT_EQ(0, got.from[side].bytes);
		EXPECT_EQ(0, got.from[side].moves);
		EXPECT_EQ(0, got.from[side].head_len);
		EXPECT_FALSE(got.from[side].eof);
		EXPECT_LE(got.from[side].idle_ms, lived + 20);
	}
	EXPECT_EQ(KTURN_RELAY_STATE_OPEN, got.state);
	EXPECT_EQ(KTURN_ENGINE_SOFTIRQ, got.engine);
	EXPECT_LE(got.age_ms, lived + 20);
	EXPECT_EQ(s->door.port, got.owner);
	EXPECT_EQ(KTURN_END_REASON_NONE, got.reason);
	EXPECT_EQ(0, got.error);

	/* It is the same in a dump and in the notifications. */
	ASSERT_EQ(1, relay_dump(&s->door, NULL, &dumped, 1)) TH_LOG("%s", why);
	EXPECT_EQ(0, same_relay(&got, &dumped)) TH_LOG("%s", why);
	ASSERT_EQ(0, notified(&s->watch, KTURN_CMD_RELAY_ADD_NTF, s->id, &added))
		TH_LOG("%s", why);
	EXPECT_EQ(0, same_relay(&got, &added)) TH_LOG("%s", why);
	EXPECT_EQ(KTURN_END_REASON_NONE, added.reason);

	stream = stream_from(&s->path, CLIENT, 777);
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &deleted)) TH_LOG("%s", s->door.text);
	EXPECT_EQ(0, same_relay(&got, &deleted)) TH_LOG("%s", why);
	EXPECT_EQ(777, deleted.from[CLIENT].bytes);
	ASSERT_EQ(0, notified(&s->watch, KTURN_CMD_RELAY_DEL_NTF, s->id, &dumped))
		TH_LOG("%s", why);
	EXPECT_EQ(0, same_relay(&got, &dumped)) TH_LOG("%s", why);
	EXPECT_EQ(KTURN_END_REASON_DELETED, dumped.reason);
	EXPECT_EQ(777, dumped.from[CLIENT].bytes);
	EXPECT_GE(dumped.age_ms, got.age_ms);
}

/* Time since the last move goes on, and starts anew with a move. */
TEST_F_TIMEOUT(door, idle_time, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay relay;
	uint64_t start;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	EXPECT_TRUE(await(!relay_get(&s->door, s->id, &relay) &&
			  relay.from[CLIENT].idle_ms >= 200 && relay.age_ms >= 200));
	start = now_ms();
	stream = stream_from(&s->path, CLIENT, 1);
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	ASSERT_EQ(0, setup_carried(s, CLIENT, 1, &relay)) TH_LOG("%s", why);
	EXPECT_LE(relay.from[CLIENT].idle_ms, now_ms() - start + 20);
	EXPECT_GE(relay.from[PEER].idle_ms, 200);
}

FIXTURE(request) {
	struct setup setup;
};

FIXTURE_SETUP(request)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(request)
{
	setup_close(&self->setup);
}

/* Another relay in this setup; its ends stay open with the test. */
static int64_t one_more(struct setup *s, const uint64_t *group)
{
	struct path path;
	struct add add = { .fd = { &path.leg[CLIENT], &path.leg[PEER] }, .group = group };
	int64_t id;

	if (path_open(&path, V4, NULL))
		return -1;
	id = relay_add_with(&s->door, &add);
	path_close_legs(&path);
	return id;
}

TEST_F_TIMEOUT(request, descriptors_missing, TIMEOUT_S)
{
	static const char text[] = "client-fd and peer-fd are required";
	struct setup *s = &self->setup;
	const int *leg = s->path.leg;

	EXPECT_EQ(-EINVAL, relay_add_with(&s->door, &(struct add) { .fd = { NULL, &leg[PEER] } }));
	EXPECT_EQ(KTURN_A_RELAY_CLIENT_FD, s->door.missing);
	EXPECT_STREQ(text, s->door.text);
	EXPECT_EQ(-EINVAL, relay_add_with(&s->door, &(struct add) { .fd = { &leg[CLIENT], NULL } }));
	EXPECT_EQ(KTURN_A_RELAY_PEER_FD, s->door.missing);
	EXPECT_STREQ(text, s->door.text);
	EXPECT_EQ(-EINVAL, relay_add_with(&s->door, &(struct add) { .fd = { NULL, NULL } }));
	EXPECT_EQ(0, relay_dump(&s->door, NULL, NULL, 0));
}

TEST_F_TIMEOUT(request, cookies, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	const int *leg = s->path.leg;
	uint8_t cookie[KTURN_COOKIE_MAX + 1] = "keks";
	struct add add = {
		.fd = { &leg[CLIENT], &leg[PEER] },
		.cookie = cookie, .cookie_len = KTURN_COOKIE_MAX + 1,
	};
	struct relay relay;

	EXPECT_EQ(-ERANGE, relay_add_with(&s->door, &add));
	EXPECT_NE(0, strlen(s->door.text));
	EXPECT_NE(0, s->door.bad_attr);
	EXPECT_EQ(0, relay_dump(&s->door, NULL, NULL, 0));

	add.cookie_len = 1;
	s->id = relay_add_with(&s->door, &add);
	ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);
	ASSERT_EQ(0, relay_get(&s->door, s->id, &relay));
	EXPECT_EQ(1, relay.cookie_len);
	EXPECT_EQ('k', relay.cookie[0]);
}

TEST_F_TIMEOUT(request, engines, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	const int *leg = s->path.leg;
	uint32_t engine;
	struct add add = { .fd = { &leg[CLIENT], &leg[PEER] }, .engine = &engine };
	struct relay relay;

	engine = KTURN_ENGINE_TLS + 1;
	EXPECT_EQ(-ERANGE, relay_add_with(&s->door, &add));
	EXPECT_STREQ("integer out of range", s->door.text);
	engine = KTURN_ENGINE_TLS;
	EXPECT_EQ(-EINVAL, relay_add_with(&s->door, &add));
	EXPECT_STREQ("neither socket has TLS", s->door.text);
	for (engine = 0; engine <= KTURN_ENGINE_SOFTIRQ; engine++) {
		s->id = relay_add_with(&s->door, &add);
		ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);
		ASSERT_EQ(0, relay_get(&s->door, s->id, &relay));
		EXPECT_EQ(engine, relay.engine);
		ASSERT_EQ(0, relay_del(&s->door, s->id, &relay));
		EXPECT_EQ(engine, relay.engine);
	}
}

TEST_F_TIMEOUT(request, ids_only_grow, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay relay;
	int64_t last = 0, id;
	int i;

	for (i = 0; i < 10; i++) {
		id = one_more(s, NULL);
		ASSERT_GT(id, last) TH_LOG("%s", s->door.text);
		last = id;
		if (i % 2)
			ASSERT_EQ(0, relay_del(&s->door, id, &relay));
	}
}

TEST_F_TIMEOUT(request, no_such_relay, TIMEOUT_S)
{
	static const char text[] = "there is no relay with this id";
	struct setup *s = &self->setup;
	struct relay relay;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	EXPECT_EQ(-ENOENT, relay_get(&s->door, s->id + 1, &relay));
	EXPECT_STREQ(text, s->door.text);
	EXPECT_NE(0, s->door.bad_attr);
	EXPECT_EQ(-ENOENT, relay_get(&s->door, UINT64_MAX, &relay));
	EXPECT_EQ(-ENOENT, relay_del(&s->door, s->id + 1, &relay));
	EXPECT_STREQ(text, s->door.text);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &relay));
	EXPECT_EQ(-ENOENT, relay_del(&s->door, s->id, &relay));
	EXPECT_EQ(-ENOENT, relay_get(&s->door, s->id, &relay));
}

/* Anybody with the right may act on any relay of the namespace. */
TEST_F_TIMEOUT(request, deleted_by_another, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct door door;
	struct relay relay;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, door_open(&door)) TH_LOG("%s", why);
	EXPECT_EQ(0, relay_del(&door, s->id, &relay));
	EXPECT_EQ(s->door.port, relay.owner);
	EXPECT_EQ(0, ending(s->path.end[CLIENT]));
	door_close(&door);
}

TEST_F_TIMEOUT(request, groups, TIMEOUT_S)
{
	enum { PER_GROUP = 5, GROUPS = 3 };
	struct setup *s = &self->setup;
	struct relay relays[PER_GROUP * GROUPS];
	uint64_t group;
	int i, count;

	for (i = 0; i < PER_GROUP * GROUPS; i++) {
		group = 100 + i % GROUPS;
		ASSERT_GT(one_more(s, &group), 0) TH_LOG("%s", s->door.text);
	}
	for (group = 100; group < 100 + GROUPS; group++) {
		count = relay_dump(&s->door, &group, relays, PER_GROUP * GROUPS);
		ASSERT_EQ(PER_GROUP, count) TH_LOG("%s", why);
		for (i = 0; i < count; i++)
			EXPECT_EQ(group, relays[i].group);
	}
	group = 99;
	EXPECT_EQ(0, relay_dump(&s->door, &group, relays, 1));
	EXPECT_EQ(0, group_del(&s->door, group, relays, 1));
	EXPECT_EQ(PER_GROUP * GROUPS, relay_dump(&s->door, NULL, NULL, 0));

	/* Each that ends answers. */
	count = group_del(&s->door, 101, relays, PER_GROUP * GROUPS);
	ASSERT_EQ(PER_GROUP, count) TH_LOG("%s", s->door.text);
	for (i = 0; i < count; i++) {
		EXPECT_EQ(101, relays[i].group);
		EXPECT_EQ(KTURN_END_REASON_DELETED, relays[i].reason);
		EXPECT_TRUE(!i || relays[i].id > relays[i - 1].id);
	}
	EXPECT_EQ(0, group_del(&s->door, 101, relays, 1));
	EXPECT_EQ(PER_GROUP * (GROUPS - 1), relay_dump(&s->door, NULL, NULL, 0));
}

/* A request with these attributes, each in its proper or improper size. */
struct attr {
	int type;
	int len;
};

static int raw_call(struct door *door, int cmd, int flags, const struct attr *attr, int count)
{
	static const uint8_t zeros[64];
	struct nl_msg *msg = door_message(door, cmd, flags);
	uint64_t one = 1;
	int i;

	for (i = 0; i < count; i++)
		nla_put(msg, attr[i].type, attr[i].len, attr[i].len == 8 ? (void *)&one : zeros);
	return door_call(door, msg, NULL, NULL);
}

TEST_F_TIMEOUT(request, id_and_group, TIMEOUT_S)
{
	static const struct attr both[] = { { KTURN_A_RELAY_ID, 8 }, { KTURN_A_RELAY_GROUP, 8 } };
	static const struct attr owner[] = { { KTURN_A_RELAY_ID, 8 }, { KTURN_A_RELAY_OWNER, 4 } };
	static const char text[] = "either id or group is required";
	struct door *door = &self->setup.door;

	EXPECT_EQ(-EINVAL, raw_call(door, KTURN_CMD_RELAY_DEL, 0, both, 2));
	EXPECT_STREQ(text, door->text);
	EXPECT_EQ(-EINVAL, raw_call(door, KTURN_CMD_RELAY_DEL, 0, NULL, 0));
	EXPECT_STREQ(text, door->text);
	EXPECT_EQ(-EINVAL, raw_call(door, KTURN_CMD_RELAY_GET, 0, NULL, 0));
	EXPECT_EQ(KTURN_A_RELAY_ID, door->missing);
	EXPECT_STREQ("id is required", door->text);
	EXPECT_EQ(-EINVAL, raw_call(door, KTURN_CMD_RELAY_GET, 0, both, 2));
	EXPECT_STREQ("group and owner are for a dump", door->text);
	EXPECT_EQ(-EINVAL, raw_call(door, KTURN_CMD_RELAY_GET, 0, owner, 2));
	EXPECT_STREQ("group and owner are for a dump", door->text);
}

TEST_F_TIMEOUT(request, id_zero, TIMEOUT_S)
{
	struct door *door = &self->setup.door;
	struct relay relay;

	EXPECT_EQ(-ERANGE, relay_get(door, 0, &relay));
	EXPECT_STREQ("integer out of range", door->text);
	EXPECT_EQ(-ERANGE, relay_del(door, 0, &relay));
	EXPECT_STREQ("integer out of range", door->text);
}

/* Attributes that a request does not take, whether they exist or not. */
TEST_F_TIMEOUT(request, unknown_attributes, TIMEOUT_S)
{
	static const struct {
		int cmd;
		int flags;
		struct attr attr;
	} bad[] = {
		{ KTURN_CMD_RELAY_ADD, 0, { KTURN_A_RELAY_ID, 8 } },
		{ KTURN_CMD_RELAY_ADD, 0, { KTURN_A_RELAY_OWNER, 4 } },
		{ KTURN_CMD_RELAY_ADD, 0, { KTURN_A_RELAY_MAX + 1, 4 } },
		{ KTURN_CMD_RELAY_GET, 0, { KTURN_A_RELAY_CLIENT_FD, 4 } },
		{ KTURN_CMD_RELAY_GET, 0, { KTURN_A_RELAY_COOKIE, 4 } },
		{ KTURN_CMD_RELAY_GET, 0, { 1000, 4 } },
		{ KTURN_CMD_RELAY_GET, NLM_F_DUMP, { KTURN_A_RELAY_PEER_FD, 4 } },
		{ KTURN_CMD_RELAY_GET, NLM_F_DUMP, { KTURN_A_RELAY_MAX + 1, 4 } },
		{ KTURN_CMD_RELAY_DEL, 0, { KTURN_A_RELAY_REASON, 4 } },
		{ KTURN_CMD_RELAY_DEL, 0, { KTURN_A_RELAY_MAX + 1, 4 } },
		{ KTURN_CMD_RELAY_ADOPT, 0, { KTURN_A_RELAY_OWNER, 4 } },
		{ KTURN_CMD_RELAY_ADOPT, 0, { KTURN_A_RELAY_MAX + 1, 4 } },
		{ KTURN_CMD_CAPS_GET, 0, { KTURN_A_CAPS_OWNER, 4 } },
		{ KTURN_CMD_CAPS_SET, 0, { KTURN_A_CAPS_MAX + 1, 4 } },
		{ KTURN_CMD_SETTINGS_GET, 0, { KTURN_A_SETTINGS_COALESCE, 4 } },
		{ KTURN_CMD_SETTINGS_SET, 0, { KTURN_A_SETTINGS_MAX + 1, 4 } },
		{ KTURN_CMD_STATS_GET, 0, { KTURN_A_STATS_RELAYS, 8 } },
		{ KTURN_CMD_RELAY_SET, 0, { KTURN_A_RELAY_GROUP, 8 } },
		{ KTURN_CMD_RELAY_SET, 0, { KTURN_A_RELAY_MAX + 1, 4 } },
		{ KTURN_CMD_STATS_GET, 0, { KTURN_A_STATS_MAX + 1, 8 } },
	};
	struct door *door = &self->setup.door;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, raw_call(door, bad[i].cmd, bad[i].flags, &bad[i].attr, 1))
			TH_LOG("case %zu", i);
		EXPECT_NE(0, strlen(door->text)) TH_LOG("case %zu", i);
		EXPECT_NE(0, door->bad_attr) TH_LOG("case %zu", i);
	}
}

TEST_F_TIMEOUT(request, wrong_sizes, TIMEOUT_S)
{
	static const struct {
		int cmd;
		struct attr attr;
	} bad[] = {
		{ KTURN_CMD_RELAY_ADD, { KTURN_A_RELAY_CLIENT_FD, 0 } },
		{ KTURN_CMD_RELAY_ADD, { KTURN_A_RELAY_CLIENT_FD, 2 } },
		{ KTURN_CMD_RELAY_ADD, { KTURN_A_RELAY_PEER_FD, 8 } },
		{ KTURN_CMD_RELAY_ADD, { KTURN_A_RELAY_GROUP, 4 } },
		{ KTURN_CMD_RELAY_ADD, { KTURN_A_RELAY_ENGINE, 1 } },
		{ KTURN_CMD_RELAY_GET, { KTURN_A_RELAY_ID, 0 } },
		{ KTURN_CMD_RELAY_GET, { KTURN_A_RELAY_ID, 4 } },
		{ KTURN_CMD_RELAY_GET, { KTURN_A_RELAY_ID, 16 } },
		{ KTURN_CMD_RELAY_DEL, { KTURN_A_RELAY_ID, 7 } },
		{ KTURN_CMD_RELAY_DEL, { KTURN_A_RELAY_GROUP, 9 } },
		{ KTURN_CMD_RELAY_ADD, { KTURN_A_RELAY_OUTLIVE_MS, 8 } },
		{ KTURN_CMD_RELAY_ADOPT, { KTURN_A_RELAY_OUTLIVE_MS, 2 } },
		{ KTURN_CMD_CAPS_SET, { KTURN_A_CAPS_OWNER, 8 } },
		{ KTURN_CMD_SETTINGS_SET, { KTURN_A_SETTINGS_COALESCE, 2 } },
	};
	struct door *door = &self->setup.door;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ret = raw_call(door, bad[i].cmd, 0, &bad[i].attr, 1);
		EXPECT_TRUE(ret == -EINVAL || ret == -ERANGE)
			TH_LOG("case %zu: %d", i, ret);
		EXPECT_NE(0, strlen(door->text)) TH_LOG("case %zu", i);
	}
}

/* The notifications' numbers are no requests, nor is what lies beyond. */
TEST_F_TIMEOUT(request, unknown_commands, TIMEOUT_S)
{
	struct door *door = &self->setup.door;

	EXPECT_EQ(-EOPNOTSUPP, raw_call(door, 0, 0, NULL, 0));
	EXPECT_EQ(-EOPNOTSUPP, raw_call(door, KTURN_CMD_RELAY_ADD_NTF, 0, NULL, 0));
	EXPECT_EQ(-EOPNOTSUPP, raw_call(door, KTURN_CMD_RELAY_DEL_NTF, 0, NULL, 0));
	EXPECT_EQ(-EOPNOTSUPP, raw_call(door, KTURN_CMD_MAX + 1, 0, NULL, 0));
	EXPECT_EQ(-EOPNOTSUPP, raw_call(door, KTURN_CMD_STATS_GET, NLM_F_DUMP, NULL, 0));
}

/* The message's end inside an attribute. */
TEST_F_TIMEOUT(request, cut_short, TIMEOUT_S)
{
	struct door *door = &self->setup.door;
	struct nl_msg *msg = door_message(door, KTURN_CMD_RELAY_GET, 0);

	nla_put_u64(msg, KTURN_A_RELAY_ID, 1);
	nlmsg_hdr(msg)->nlmsg_len -= 4;
	EXPECT_EQ(-EINVAL, door_call(door, msg, NULL, NULL));
	EXPECT_NE(0, strlen(door->text));
}

TEST_F_TIMEOUT(request, counters, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream[2];
	uint64_t generation;
	struct stats stats;
	struct relay relay;
	int64_t id;

	ASSERT_EQ(0, stats_get(&s->door, &stats)) TH_LOG("%s", why);
	EXPECT_EQ(0, stats.relays);
	EXPECT_EQ(0, stats.created);
	EXPECT_EQ(0, stats.refused);

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	id = one_more(s, NULL);
	ASSERT_GT(id, 0);
	EXPECT_EQ(-EBADF, relay_add(&s->door, 98765, 98766));
	stream[0] = stream_from(&s->path, CLIENT, 1111);
	stream[1] = stream_from(&s->path, PEER, 2222);
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);

	/* The living are counted, too. */
	EXPECT_EQ(0, setup_carried(s, CLIENT, 1111, &relay)) TH_LOG("%s", why);
	EXPECT_EQ(0, setup_carried(s, PEER, 2222, &relay)) TH_LOG("%s", why);
	ASSERT_EQ(0, stats_get(&s->door, &stats));
	EXPECT_EQ(2, stats.relays);
	EXPECT_EQ(2, stats.created);
	EXPECT_EQ(1, stats.refused);
	EXPECT_EQ(1111, stats.bytes_from[CLIENT]);
	EXPECT_EQ(2222, stats.bytes_from[PEER]);
	EXPECT_GE(stats.moves, 2);
	EXPECT_LE(stats.moves, 3333);
	EXPECT_GE(stats.runs.direct + stats.runs.softirq + stats.runs.process, stats.moves / 2);
	generation = stats.generation;

	ASSERT_EQ(0, relay_del(&s->door, id, &relay));
	reset_fd(&s->path.end[PEER]);
	ASSERT_EQ(0, setup_ended(s, KTURN_END_REASON_PEER_RESET, &relay)) TH_LOG("%s", why);
	ASSERT_EQ(0, stats_get(&s->door, &stats));
	EXPECT_EQ(0, stats.relays);
	EXPECT_EQ(2, stats.created);
	EXPECT_EQ(1, stats.ended[KTURN_END_REASON_DELETED]);
	EXPECT_EQ(1, stats.ended[KTURN_END_REASON_PEER_RESET]);
	EXPECT_EQ(0, stats.ended[KTURN_END_REASON_EOF]);
	EXPECT_EQ(2, stats.generation - generation);
	EXPECT_EQ(1111, stats.bytes_from[CLIENT]);
	EXPECT_EQ(2222, stats.bytes_from[PEER]);
}

TEST_HARNESS_MAIN
