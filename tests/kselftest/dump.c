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
#define MANY	1100
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
		if (hdr->nlmsg_type == NLMSG_DONE)
			more = false;
		else
			see(hdr, seen);
	}
	free(buf);
	return more;
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
	struct nl_msg *msg;
	struct door other;
	struct path path;
	int i, steps = 1;

	CROWD(SOME);
	ASSERT_EQ(0, door_open(&other)) TH_LOG("%s", why);
	msg = door_message(&s->door, KTURN_CMD_RELAY_GET, NLM_F_DUMP);
	ASSERT_GT(nl_send_auto(s->door.nl, msg), 0);
	nlmsg_free(msg);
	ASSERT_TRUE(dump_step(&s->door, seen));

	/* Deleting one ends its neighbours of the chain, sooner or later. */
	for (i = 0; i < SOME; i += 50)
		ASSERT_EQ(0, relay_del(&other, self->crowd->id[i], &relay));
	ASSERT_EQ(0, path_open(&path, V4, NULL)) TH_LOG("%s", why);
	ASSERT_GT(relay_add(&other, path.leg[CLIENT], path.leg[PEER]), 0);
	while (dump_step(&s->door, seen))
		steps++;

	EXPECT_GT(steps, 5);
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
