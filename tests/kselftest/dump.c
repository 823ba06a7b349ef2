// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dumps that are longer than a message, and what happens meanwhile.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include <netlink/msg.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

/*
 * To have many relays with few sockets they form a chain: each one's peer is
 * the next one's client.
 */
#define MANY	400
#define SOME	300

struct crowd {
	int count;
	int first;		/* ends of the chain */
	int last;
	int64_t id[MANY];
};

/* How often a dump has shown each. */
struct seen {
	const struct crowd *crowd;
	int times[MANY];
	int strangers;
	uint64_t last;		/* id */
	bool interrupted;	/* the kernel says that the set has changed */
};

FIXTURE(dump) {
	struct setup setup;
	struct crowd *crowd;
	struct seen *seen;
};

static int make_crowd(struct setup *s, struct crowd *crowd, int count)
{
	int i, far, near, next;

	crowd->count = count;
	if (tcp_pair(V4, NULL, NULL, true, &crowd->first, &near))
		return -1;
	for (i = 0; i < count; i++) {
		if (tcp_pair(V4, NULL, NULL, true, &far, &next))
			return -1;
		crowd->id[i] = relay_add(&s->door, near, far);
		if (crowd->id[i] <= 0)
			return fail("relay-add: %s", s->door.text);
		close_fd(&near);
		close_fd(&far);
		near = next;
	}
	crowd->last = near;
	return 0;
}

FIXTURE_SETUP(dump)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	self->crowd = calloc(1, sizeof(*self->crowd));
	self->seen = calloc(1, sizeof(*self->seen));
	self->seen->crowd = self->crowd;
}

FIXTURE_TEARDOWN(dump)
{
	setup_close(&self->setup);
	free(self->crowd);
	free(self->seen);
}

#define CROWD(count)	\
	ASSERT_EQ(0, make_crowd(&self->setup, self->crowd, count)) TH_LOG("%s", why)

static void see(struct nlmsghdr *hdr, void *arg)
{
	struct seen *seen = arg;
	struct relay relay;
	int i;

	if (decode_relay(hdr, &relay)) {
		seen->strangers++;
		return;
	}
	seen->last = relay.id;
	for (i = 0; i < seen->crowd->count; i++)
		if ((uint64_t)seen->crowd->id[i] == relay.id)
			break;
	if (i < seen->crowd->count)
		seen->times[i]++;
	else
		seen->strangers++;
}

TEST_F_TIMEOUT(dump, complete, TIMEOUT_S)
{
	struct door *door = &self->setup.door;
	struct stream stream;
	int i;

	CROWD(MANY);
	ASSERT_EQ(0, door_call(door, door_message(door, KTURN_CMD_RELAY_GET, NLM_F_DUMP),
			       see, self->seen)) TH_LOG("%s", why);
	EXPECT_EQ(0, self->seen->strangers) TH_LOG("%s", why);
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(1, self->seen->times[i]) TH_LOG("relay %d", i);

	/* And the whole chain is one path. */
	stream = (struct stream) {
		.from = self->crowd->first, .to = self->crowd->last, .size = 20000,
	};
	EXPECT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	EXPECT_EQ(MANY, group_del(door, 0, NULL, 0)) TH_LOG("%s", door->text);
	EXPECT_EQ(0, relay_dump(door, NULL, NULL, 0));
}

/* Answers may get lost, but the group has ended then, all of it. */
TEST_F_TIMEOUT(dump, no_room_for_answers, TIMEOUT_S)
{
	struct door *door = &self->setup.door;
	struct door narrow;

	CROWD(SOME);
	ASSERT_EQ(0, door_open(&narrow)) TH_LOG("%s", why);
	nl_socket_set_buffer_size(narrow.nl, 8192, 0);
	EXPECT_LT(group_del(&narrow, 0, NULL, 0), 0);
	EXPECT_EQ(0, relay_dump(door, NULL, NULL, 0));
	EXPECT_EQ(0, ending(self->crowd->first));
	EXPECT_EQ(0, ending(self->crowd->last));
	door_close(&narrow);
}

/* The next message of a dump: false when it was the last one. */
static bool dump_step(struct door *door, struct seen *seen)
{
	struct sockaddr_nl from;
	struct nlmsghdr *hdr;
	unsigned char *buf;
	bool more = true;
	int left;

	left = nl_recv(door->nl, &from, &buf, NULL);
	if (left <= 0) {
		seen->strangers++;
		return false;
	}
	for (hdr = (void *)buf; nlmsg_ok(hdr, left); hdr = nlmsg_next(hdr, &left)) {
		if (hdr->nlmsg_flags & NLM_F_DUMP_INTR)
			seen->interrupted = true;
		if (hdr->nlmsg_type == NLMSG_DONE)
			more = false;
		else
			see(hdr, seen);
	}
	free(buf);
	return more;
}

/* Asks for a dump from this id on, to be read with dump_step(). */
static int dump_start(struct door *door, uint64_t id)
{
	struct nl_msg *msg = door_message(door, KTURN_CMD_RELAY_GET, NLM_F_DUMP);
	int ret;

	nla_put_u64(msg, KTURN_A_RELAY_ID, id);
	ret = nl_send_auto(door->nl, msg);
	nlmsg_free(msg);
	return ret > 0 ? 0 : -1;
}

/* A reader that has lost the thread goes on behind the last that it has seen. */
TEST_F_TIMEOUT(dump, taken_up_again, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct seen *seen = self->seen;
	struct door again;
	int i, steps = 1;

	CROWD(SOME);
	ASSERT_EQ(0, dump_start(&s->door, 1));
	ASSERT_TRUE(dump_step(&s->door, seen));
	ASSERT_TRUE(dump_step(&s->door, seen));
	ASSERT_EQ(0, door_open(&again)) TH_LOG("%s", why);
	ASSERT_EQ(0, dump_start(&again, seen->last + 1));
	while (dump_step(&again, seen))
		steps++;

	EXPECT_GT(steps, 1);
	EXPECT_EQ(0, seen->strangers);
	for (i = 0; i < SOME; i++)
		EXPECT_EQ(1, seen->times[i]) TH_LOG("relay %d", i);
	EXPECT_FALSE(seen->interrupted);
	door_close(&again);
}

TEST_F_TIMEOUT(dump, from_an_id, TIMEOUT_S)
{
	enum { RELAYS = 20 };
	struct door *door = &self->setup.door;
	struct relay relays[RELAYS];
	uint64_t id;
	int i;

	CROWD(RELAYS);
	for (i = 0; i < RELAYS; i++) {
		id = self->crowd->id[i];
		ASSERT_EQ(RELAYS - i, relay_dump_of(door, &(struct which) { .id = &id },
						    relays, RELAYS));
		EXPECT_EQ(id, relays[0].id);
	}
	id++;
	EXPECT_EQ(0, relay_dump_of(door, &(struct which) { .id = &id }, NULL, 0));
	id = UINT64_MAX;
	EXPECT_EQ(0, relay_dump_of(door, &(struct which) { .id = &id }, NULL, 0));
	id = 0;
	EXPECT_EQ(-ERANGE, relay_dump_of(door, &(struct which) { .id = &id }, NULL, 0));
	EXPECT_STREQ("integer out of range", door->text);
}

/* What is asked for has to be so all at once. */
TEST_F_TIMEOUT(dump, of_an_owner_and_a_group, TIMEOUT_S)
{
	enum { RELAYS = 12 };
	struct setup *s = &self->setup;
	struct relay relays[RELAYS];
	struct path path[RELAYS];
	const uint32_t nobody = 0;
	struct door other;
	uint64_t group;
	int i, count;

	ASSERT_EQ(0, door_open(&other)) TH_LOG("%s", why);
	for (i = 0; i < RELAYS; i++) {
		group = i % 3;
		ASSERT_EQ(0, path_open(&path[i], V4, NULL)) TH_LOG("%s", why);
		ASSERT_GT(relay_add_with(i % 2 ? &s->door : &other, &(struct add) {
			.fd = { &path[i].leg[CLIENT], &path[i].leg[PEER] }, .group = &group,
		}), 0);
	}
	count = relay_dump_of(&s->door, &(struct which) { .owner = &other.port }, relays, RELAYS);
	ASSERT_EQ(RELAYS / 2, count);
	for (i = 0; i < count; i++)
		EXPECT_EQ(other.port, relays[i].owner);
	group = 2;
	count = relay_dump_of(&s->door, &(struct which) { .owner = &s->door.port,
							  .group = &group }, relays, RELAYS);
	ASSERT_EQ(RELAYS / 6, count);
	for (i = 0; i < count; i++) {
		EXPECT_EQ(s->door.port, relays[i].owner);
		EXPECT_EQ(2, relays[i].group);
	}
	EXPECT_EQ(0, relay_dump_of(&s->door, &(struct which) { .owner = &nobody }, NULL, 0));
	door_close(&other);
}

static uint64_t generation(struct door *door)
{
	struct stats stats;

	return stats_get(door, &stats) ? 0 : stats.generation;
}

/* It changes with the set of relays, and with nothing else. */
TEST_F_TIMEOUT(dump, generation, TIMEOUT_S)
{
	const uint32_t outlive_ms = 600000;
	struct setup *s = &self->setup;
	struct door *watch = &s->watch, other;
	uint64_t before, after;
	struct stream stream;
	struct relay relay;

	ASSERT_EQ(0, door_open(&other)) TH_LOG("%s", why);
	before = generation(&other);
	EXPECT_NE(0, before);
	s->id = relay_add_with(&s->door, &(struct add) {
		.fd = { &s->path.leg[CLIENT], &s->path.leg[PEER] }, .outlive_ms = &outlive_ms,
	});
	ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);
	after = generation(&other);
	EXPECT_NE(before, after);

	before = after;
	stream = stream_from(&s->path, CLIENT, 10000);
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	EXPECT_EQ(-EBADF, relay_add(&other, 98765, 98766));
	EXPECT_EQ(1, relay_dump(&other, NULL, NULL, 0));
	EXPECT_FALSE(other.interrupted);
	EXPECT_EQ(before, generation(&other));

	door_close(&s->door);
	ASSERT_TRUE(await(generation(&other) != before));
	before = generation(&other);
	ASSERT_TRUE(await(relay_adopt(&other, &(struct which) { 0 }, NULL) == 1));
	after = generation(&other);
	EXPECT_NE(before, after);
	ASSERT_EQ(0, relay_del(&other, s->id, &relay));
	EXPECT_NE(after, generation(&other));
	EXPECT_EQ(0, notified(watch, KTURN_CMD_RELAY_DEL_NTF, s->id, &relay)) TH_LOG("%s", why);
	door_close(&other);
}

/*
 * Relays come and go while somebody reads a dump slowly. Those that are there
 * all the while are shown once, the others at most once.
 */
TEST_F_TIMEOUT(dump, with_changes_meanwhile, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct seen *seen = self->seen;
	struct relay relay;
	struct door other;
	struct path path;
	int i, steps = 1;

	CROWD(SOME);
	ASSERT_EQ(0, door_open(&other)) TH_LOG("%s", why);
	ASSERT_EQ(0, dump_start(&s->door, 1));
	ASSERT_TRUE(dump_step(&s->door, seen));

	/* Deleting one ends its neighbours of the chain, sooner or later. */
	for (i = 0; i < SOME; i += 50)
		ASSERT_EQ(0, relay_del(&other, self->crowd->id[i], &relay));
	ASSERT_EQ(0, path_open(&path, V4, NULL)) TH_LOG("%s", why);
	ASSERT_GT(relay_add(&other, path.leg[CLIENT], path.leg[PEER]), 0);
	while (dump_step(&s->door, seen))
		steps++;

	EXPECT_GT(steps, 5);
	EXPECT_TRUE(seen->interrupted);
	EXPECT_LE(seen->strangers, 1);
	for (i = 0; i < SOME; i++) {
		EXPECT_LE(seen->times[i], 1) TH_LOG("relay %d", i);
		if (!seen->times[i])
			EXPECT_TRUE(relay_gone(&other, self->crowd->id[i]))
				TH_LOG("relay %d lives and was not shown", i);
	}
	door_close(&other);
}

TEST_HARNESS_MAIN
