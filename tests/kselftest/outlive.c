// SPDX-License-Identifier: GPL-2.0-only
/*
 * Relays that outlive their owner: they go on, wait for another one, and get
 * it or end.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

/* Longer than any of these tests takes. */
static const uint32_t for_long = 600000;

FIXTURE(outlive) {
	struct setup setup;
	struct door second;
};

FIXTURE_VARIANT_ENGINES(outlive);

FIXTURE_SETUP(outlive)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	ASSERT_EQ(0, door_open(&self->second)) TH_LOG("%s", why);
	self->setup.engine = variant->engine;
}

FIXTURE_TEARDOWN(outlive)
{
	door_close(&self->second);
	setup_close(&self->setup);
}

static int64_t add_to(struct door *door, struct path *path, const struct add *how)
{
	struct add add = *how;
	int64_t id;

	add.fd[CLIENT] = &path->leg[CLIENT];
	add.fd[PEER] = &path->leg[PEER];
	id = relay_add_with(door, &add);
	if (id > 0)
		path_close_legs(path);
	return id;
}

/* The setup's relay, with a time to outlive its owner. */
static int add_outliving(struct setup *s, uint32_t outlive_ms)
{
	s->id = add_to(&s->door, &s->path, &(struct add) {
		.engine = s->engine, .outlive_ms = &outlive_ms,
	});
	return s->id > 0 ? 0 : fail("relay-add: %s", s->door.text);
}

static bool is_orphan(struct door *door, uint64_t id, struct relay *relay)
{
	return !relay_get(door, id, relay) && !relay->owner && relay->waits_for_owner;
}

static bool is_owned_by(struct door *door, uint64_t id, uint32_t port)
{
	struct relay relay;

	return !relay_get(door, id, &relay) && relay.owner == port && !relay.waits_for_owner;
}

static int adopt_one(struct door *door, uint64_t id)
{
	return relay_adopt(door, &(struct which) { .id = &id }, NULL);
}

TEST_F_TIMEOUT(outlive, shown, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay relay;

	ASSERT_EQ(0, add_outliving(s, for_long)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_get(&s->door, s->id, &relay));
	EXPECT_EQ(s->door.port, relay.owner);
	EXPECT_EQ(for_long, relay.outlive_ms);
	EXPECT_FALSE(relay.waits_for_owner);

	door_close(&s->door);
	ASSERT_TRUE(await(is_orphan(&self->second, s->id, &relay)));
	EXPECT_EQ(for_long, relay.outlive_ms);
	EXPECT_LE(relay.adopt_within_ms, for_long);
	EXPECT_GT(relay.adopt_within_ms, for_long / 2);
	EXPECT_EQ(KTURN_RELAY_STATE_OPEN, relay.state);
}

/* Bytes are under way in both directions when the owner goes, and later. */
TEST_F_TIMEOUT(outlive, goes_on, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream[2];
	struct relay relay;

	ASSERT_EQ(0, add_outliving(s, for_long)) TH_LOG("%s", why);
	stream[0] = stream_from(&s->path, CLIENT, 4 * MiB);
	stream[1] = stream_from(&s->path, PEER, 4 * MiB);
	stream[0].fin = stream[1].fin = true;
	ASSERT_GE(stream_push_all(&stream[0]), 0) TH_LOG("%s", why);
	ASSERT_GE(stream_push_all(&stream[1]), 0) TH_LOG("%s", why);
	door_close(&s->door);
	ASSERT_TRUE(await(is_orphan(&self->second, s->id, &relay)));
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);

	/* It comes to its end as any other. */
	ASSERT_EQ(0, notified(&s->watch, KTURN_CMD_RELAY_DEL_NTF, s->id, &relay))
		TH_LOG("%s", why);
	EXPECT_EQ(KTURN_END_REASON_EOF, relay.reason);
	EXPECT_EQ(0, relay.owner);
	EXPECT_EQ(4 * MiB, relay.from[CLIENT].bytes);
	EXPECT_EQ(4 * MiB, relay.from[PEER].bytes);
}

TEST_F_TIMEOUT(outlive, ends_in_time, TIMEOUT_S)
{
	const uint32_t outlive_ms = 300;
	struct setup *s = &self->setup;
	uint64_t start, lived;
	struct relay last;
	struct stats stats;

	ASSERT_EQ(0, add_outliving(s, outlive_ms)) TH_LOG("%s", why);
	start = now_ms();
	door_close(&s->door);
	ASSERT_EQ(0, notified(&s->watch, KTURN_CMD_RELAY_DEL_NTF, s->id, &last))
		TH_LOG("%s", why);
	lived = now_ms() - start;
	EXPECT_EQ(KTURN_END_REASON_OWNER_GONE, last.reason);
	/* A tick of slow clocks less. */
	EXPECT_GE(lived, outlive_ms - 20);
	EXPECT_EQ(0, ending(s->path.end[CLIENT]));
	EXPECT_EQ(0, ending(s->path.end[PEER]));
	EXPECT_TRUE(await(relay_gone(&self->second, s->id)));
	ASSERT_EQ(0, stats_get(&self->second, &stats));
	EXPECT_EQ(1, stats.ended[KTURN_END_REASON_OWNER_GONE]);
}

/* Some outlive the owner that others end with, each as long as it may. */
TEST_F_TIMEOUT(outlive, each_as_told, TIMEOUT_S)
{
	static const uint32_t times[] = { 0, 900, 600000, 300, 0, 600000 };
	enum { RELAYS = ARRAY_SIZE(times) };
	struct setup *s = &self->setup;
	struct relay relay;
	struct path path[RELAYS];
	int64_t id[RELAYS];
	int i;

	for (i = 0; i < RELAYS; i++) {
		ASSERT_EQ(0, path_open(&path[i], V4, NULL)) TH_LOG("%s", why);
		id[i] = add_to(&s->door, &path[i], &(struct add) {
			.engine = s->engine, .outlive_ms = &times[i],
		});
		ASSERT_GT(id[i], 0) TH_LOG("%s", s->door.text);
	}
	door_close(&s->door);
	for (i = 0; i < RELAYS; i++)
		if (times[i] != 600000)
			EXPECT_EQ(0, ending(path[i].end[CLIENT])) TH_LOG("relay %d", i);
	for (i = 0; i < RELAYS; i++) {
		bool as_told = times[i] == 600000 ?
			is_orphan(&self->second, id[i], &relay) :
			await(relay_gone(&self->second, id[i]));

		EXPECT_TRUE(as_told) TH_LOG("relay %d", i);
	}
}

/* The one that is not adopted is the clock for the one that is. */
TEST_F_TIMEOUT(outlive, adopted, TIMEOUT_S)
{
	const uint32_t outlive_ms = 5000;
	struct setup *s = &self->setup;
	struct stream stream[2];
	struct path path;
	int64_t clock;

	ASSERT_EQ(0, add_outliving(s, outlive_ms)) TH_LOG("%s", why);
	ASSERT_EQ(0, path_open(&path, V4, NULL)) TH_LOG("%s", why);
	clock = add_to(&s->door, &path, &(struct add) { .outlive_ms = &outlive_ms });
	ASSERT_GT(clock, 0) TH_LOG("%s", s->door.text);
	door_close(&s->door);
	ASSERT_TRUE(await(adopt_one(&self->second, s->id) == 1)) TH_LOG("%s", self->second.text);
	EXPECT_TRUE(is_owned_by(&self->second, s->id, self->second.port));

	EXPECT_EQ(0, ending(path.end[CLIENT]));
	EXPECT_TRUE(await(relay_gone(&self->second, clock)));
	EXPECT_TRUE(is_owned_by(&self->second, s->id, self->second.port));
	stream[0] = stream_from(&s->path, CLIENT, 100000);
	stream[1] = stream_from(&s->path, PEER, 100000);
	EXPECT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
}

/* It waits once more when its new owner goes, unless that does not want it to. */
TEST_F_TIMEOUT(outlive, adopted_again, TIMEOUT_S)
{
	const uint32_t never = 0;
	struct setup *s = &self->setup;
	struct relay relay;
	struct door third;

	ASSERT_EQ(0, add_outliving(s, for_long)) TH_LOG("%s", why);
	door_close(&s->door);
	ASSERT_TRUE(await(adopt_one(&self->second, s->id) == 1));
	ASSERT_EQ(0, door_open(&third)) TH_LOG("%s", why);
	door_close(&self->second);
	ASSERT_TRUE(await(is_orphan(&third, s->id, &relay)));
	EXPECT_EQ(for_long, relay.outlive_ms);

	ASSERT_EQ(1, relay_adopt(&third, &(struct which) { .id = (uint64_t *)&s->id }, &never));
	ASSERT_EQ(0, relay_get(&third, s->id, &relay));
	EXPECT_EQ(third.port, relay.owner);
	EXPECT_EQ(0, relay.outlive_ms);
	door_close(&third);
	ASSERT_EQ(0, notified(&s->watch, KTURN_CMD_RELAY_DEL_NTF, s->id, &relay))
		TH_LOG("%s", why);
	EXPECT_EQ(KTURN_END_REASON_OWNER_GONE, relay.reason);
}

TEST_F_TIMEOUT(outlive, only_orphans_are_adopted, TIMEOUT_S)
{
	static const char owned[] = "the relay has an owner";
	struct setup *s = &self->setup;

	ASSERT_EQ(0, add_outliving(s, for_long)) TH_LOG("%s", why);
	EXPECT_EQ(-EBUSY, adopt_one(&self->second, s->id));
	EXPECT_STREQ(owned, self->second.text);
	EXPECT_NE(0, self->second.bad_attr);
	EXPECT_EQ(-EBUSY, adopt_one(&s->door, s->id));
	EXPECT_STREQ(owned, s->door.text);
	EXPECT_EQ(0, relay_adopt(&self->second, &(struct which) { 0 }, NULL));
	EXPECT_EQ(-ENOENT, adopt_one(&self->second, s->id + 1));
	EXPECT_STREQ("there is no relay with this id", self->second.text);
	EXPECT_TRUE(is_owned_by(&s->door, s->id, s->door.port));
}

TEST_F_TIMEOUT(outlive, bad_requests, TIMEOUT_S)
{
	const uint32_t too_long = KTURN_OUTLIVE_MAX + 1, longest = KTURN_OUTLIVE_MAX;
	const uint64_t zero = 0, one = 1;
	struct setup *s = &self->setup;
	struct add add = { .outlive_ms = &too_long };

	EXPECT_EQ(-EINVAL, relay_adopt(&s->door, &(struct which) { .id = &one, .group = &one },
				       NULL));
	EXPECT_STREQ("either id or group, not both", s->door.text);
	EXPECT_EQ(-ERANGE, relay_adopt(&s->door, &(struct which) { .id = &zero }, NULL));
	EXPECT_STREQ("integer out of range", s->door.text);
	EXPECT_EQ(-ERANGE, relay_adopt(&s->door, &(struct which) { 0 }, &too_long));
	EXPECT_STREQ("integer out of range", s->door.text);
	EXPECT_EQ(-ERANGE, add_to(&s->door, &s->path, &add));
	EXPECT_STREQ("integer out of range", s->door.text);
	add.outlive_ms = &longest;
	EXPECT_GT(add_to(&s->door, &s->path, &add), 0) TH_LOG("%s", s->door.text);
}

/* An orphan is deleted, or ends of itself, as any other relay. */
TEST_F_TIMEOUT(outlive, orphan_deleted, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay relay;

	ASSERT_EQ(0, add_outliving(s, for_long)) TH_LOG("%s", why);
	door_close(&s->door);
	ASSERT_TRUE(await(is_orphan(&self->second, s->id, &relay)));
	ASSERT_EQ(0, relay_del(&self->second, s->id, &relay)) TH_LOG("%s", self->second.text);
	EXPECT_EQ(KTURN_END_REASON_DELETED, relay.reason);
	EXPECT_EQ(0, relay.owner);
	EXPECT_EQ(-ENOENT, adopt_one(&self->second, s->id));
	EXPECT_EQ(0, relay_adopt(&self->second, &(struct which) { 0 }, NULL));
}

TEST_F_TIMEOUT(outlive, by_group_and_all, TIMEOUT_S)
{
	enum { GROUPS = 3, PER_GROUP = 4, ALL = GROUPS * PER_GROUP };
	const uint32_t none = 0, *mine = &self->second.port;
	struct setup *s = &self->setup;
	struct relay relays[ALL];
	struct path path[ALL];
	uint64_t group;
	int i, count;

	for (i = 0; i < ALL; i++) {
		group = i % GROUPS;
		ASSERT_EQ(0, path_open(&path[i], V4, NULL)) TH_LOG("%s", why);
		ASSERT_GT(add_to(&s->door, &path[i], &(struct add) {
			.engine = s->engine, .group = &group, .outlive_ms = &for_long,
		}), 0) TH_LOG("%s", s->door.text);
	}
	door_close(&s->door);
	ASSERT_TRUE(await(relay_dump_of(&self->second, &(struct which) { .owner = &none },
					NULL, 0) == ALL));

	group = 1;
	EXPECT_EQ(PER_GROUP, relay_adopt(&self->second, &(struct which) { .group = &group },
					 NULL));
	count = relay_dump_of(&self->second, &(struct which) { .owner = mine }, relays, ALL);
	ASSERT_EQ(PER_GROUP, count);
	for (i = 0; i < count; i++)
		EXPECT_EQ(1, relays[i].group);
	EXPECT_EQ(0, relay_adopt(&self->second, &(struct which) { .group = &group }, NULL));
	EXPECT_EQ(ALL - PER_GROUP, relay_adopt(&self->second, &(struct which) { 0 }, NULL));
	EXPECT_EQ(ALL, relay_dump_of(&self->second, &(struct which) { .owner = mine }, NULL, 0));
	EXPECT_EQ(0, relay_dump_of(&self->second, &(struct which) { .owner = &none }, NULL, 0));
}

/*
 * A server that adopts what there is, says so and then waits for its end.
 */
static pid_t start_server(void)
{
	int ready[2];
	struct door door;
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		if (door_open(&door) ||
		    !await(relay_adopt(&door, &(struct which) { 0 }, NULL) == 1) ||
		    write(ready[1], "!", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return -1;
	close(ready[0]);
	return pid;
}

/* Servers are killed one after the other; not a byte is lost of it. */
TEST_F_TIMEOUT(outlive, servers_killed, TIMEOUT_S)
{
	enum { SERVERS = 8 };
	struct setup *s = &self->setup;
	struct stream stream[2];
	uint64_t goal;
	int server, i;
	pid_t pid;

	ASSERT_EQ(0, add_outliving(s, for_long)) TH_LOG("%s", why);
	door_close(&s->door);
	stream[0] = stream_from(&s->path, CLIENT, 8 * MiB);
	stream[1] = stream_from(&s->path, PEER, 8 * MiB);
	stream[0].fin = stream[1].fin = true;
	for (server = 0; server < SERVERS; server++) {
		pid = start_server();
		ASSERT_GT(pid, 0);
		goal = (server + 1) * 700001;
		while (stream[0].got < goal || stream[1].got < goal)
			for (i = 0; i < 2; i++) {
				ASSERT_GE(stream_push(&stream[i]), 0) TH_LOG("%s", why);
				ASSERT_GE(stream_pull(&stream[i]), 0) TH_LOG("%s", why);
			}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_FALSE(stream[0].corrupt || stream[1].corrupt);
}

TEST_HARNESS_MAIN
