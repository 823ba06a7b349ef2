// SPDX-License-Identifier: GPL-2.0-only
/*
 * A relay ends with the netlink socket that made it, however that goes, and
 * with nothing else.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

static const struct path_options pile_up_at_leg = {
	.end = { { 2 * MiB, 8 * KiB }, { 2 * MiB, 8 * KiB } },
	.leg = { { 8 * KiB, 2 * MiB }, { 8 * KiB, 2 * MiB } },
};

FIXTURE(owner) {
	struct setup setup;
	struct door second;
};

FIXTURE_SETUP(owner)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, &pile_up_at_leg)) TH_LOG("%s", why);
	ASSERT_EQ(0, door_open(&self->second)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(owner)
{
	door_close(&self->second);
	setup_close(&self->setup);
}

static bool alive(struct door *door, uint64_t id)
{
	struct relay relay;

	return !relay_get(door, id, &relay) && relay.state != KTURN_RELAY_STATE_ENDED;
}

static int ended_without_owner(struct setup *s, struct door *door, struct relay *last)
{
	if (notified(&s->watch, KTURN_CMD_RELAY_DEL_NTF, s->id, last))
		return -1;
	if (last->reason != KTURN_END_REASON_OWNER_GONE)
		return fail("ended with reason %u", last->reason);
	return await(relay_gone(door, s->id)) ? 0 : fail("still there");
}

TEST_F_TIMEOUT(owner, socket_closed, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay last;
	struct stats stats;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	stream = stream_from(&s->path, CLIENT, 1000);
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	door_close(&s->door);
	EXPECT_EQ(0, ending(s->path.end[CLIENT]));
	EXPECT_EQ(0, ending(s->path.end[PEER]));
	EXPECT_EQ(0, ended_without_owner(s, &self->second, &last)) TH_LOG("%s", why);
	EXPECT_EQ(1000, last.from[CLIENT].bytes);
	ASSERT_EQ(0, stats_get(&self->second, &stats));
	EXPECT_EQ(1, stats.ended[KTURN_END_REASON_OWNER_GONE]);
	EXPECT_EQ(0, stats.relays);
}

/* Bytes are lost then, and both ends have to learn that. */
TEST_F_TIMEOUT(owner, socket_closed_with_unread, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay relay;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	stream = stream_from(&s->path, CLIENT, 512 * KiB);
	ASSERT_TRUE(await(stream_push_all(&stream) < 0 || stream.sent == stream.size));
	ASSERT_TRUE(await(!relay_get(&s->door, s->id, &relay) &&
			  relay.from[CLIENT].waits && relay.from[CLIENT].queued));
	door_close(&s->door);
	EXPECT_EQ(ECONNRESET, ending(s->path.end[CLIENT]));
	EXPECT_EQ(ECONNRESET, ending(s->path.end[PEER]));
	EXPECT_EQ(0, ended_without_owner(s, &self->second, &relay)) TH_LOG("%s", why);
}

/* Any number of relays, and only those of this owner. */
TEST_F_TIMEOUT(owner, all_of_one_owner, TIMEOUT_S)
{
	enum { RELAYS = 20 };
	struct setup *s = &self->setup;
	struct relay relays[RELAYS];
	struct path path[RELAYS];
	struct stream stream;
	int i;

	for (i = 0; i < RELAYS; i++) {
		ASSERT_EQ(0, path_open(&path[i], V4, NULL)) TH_LOG("%s", why);
		ASSERT_GT(relay_add(i % 2 ? &s->door : &self->second, path[i].leg[CLIENT],
				    path[i].leg[PEER]), 0);
		path_close_legs(&path[i]);
	}
	door_close(&s->door);
	for (i = 1; i < RELAYS; i += 2)
		EXPECT_EQ(0, ending(path[i].end[CLIENT]));
	EXPECT_TRUE(await(relay_dump(&self->second, NULL, relays, RELAYS) == RELAYS / 2));
	for (i = 0; i < RELAYS / 2; i++)
		EXPECT_EQ(self->second.port, relays[i].owner);
	for (i = 0; i < RELAYS; i += 2) {
		stream = stream_from(&path[i], PEER, 5000);
		EXPECT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	}
}

/* The socket is the owner, not a process or a descriptor of it. */
TEST_F_TIMEOUT(owner, another_descriptor, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay last;
	int kept;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	kept = dup(nl_socket_get_fd(s->door.nl));
	ASSERT_GE(kept, 0);
	door_close(&s->door);
	stream = stream_from(&s->path, PEER, 10000);
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	EXPECT_TRUE(alive(&self->second, s->id));
	close(kept);
	EXPECT_EQ(0, ended_without_owner(s, &self->second, &last)) TH_LOG("%s", why);
}

static void wait_to_be_killed(int ready)
{
	if (write(ready, "!", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* A server with one relay, as a process of its own; it keeps the legs open. */
static pid_t start_server(struct path *path, int64_t *id)
{
	struct door door;
	int tube[2], ready[2];
	char byte;
	pid_t pid;

	if (pipe(tube) || pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		/* The ends belong to us alone, or they would not close. */
		close_fd(&path->end[CLIENT]);
		close_fd(&path->end[PEER]);
		if (door_open(&door))
			_exit(1);
		*id = relay_add(&door, path->leg[CLIENT], path->leg[PEER]);
		if (*id <= 0 || write(tube[1], id, sizeof(*id)) != sizeof(*id))
			_exit(1);
		wait_to_be_killed(ready[1]);
	}
	close(tube[1]);
	close(ready[1]);
	path_close_legs(path);
	if (read(tube[0], id, sizeof(*id)) != sizeof(*id) || read(ready[0], &byte, 1) != 1)
		return -1;
	close(tube[0]);
	close(ready[0]);
	return pid;
}

static void kill_server(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Both ends learn that it is over, whatever was under way. */
static int over(int fd)
{
	int error = ending(fd);

	return !error || error == ECONNRESET ? 0 : error;
}

TEST_F_TIMEOUT(owner, killed_idle, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay last;
	pid_t pid;

	pid = start_server(&s->path, &s->id);
	ASSERT_GT(pid, 0);
	EXPECT_TRUE(alive(&self->second, s->id));
	kill_server(pid);
	EXPECT_EQ(0, ending(s->path.end[CLIENT]));
	EXPECT_EQ(0, ending(s->path.end[PEER]));
	EXPECT_EQ(0, ended_without_owner(s, &self->second, &last)) TH_LOG("%s", why);
}

/* In the middle of a transfer in both directions, at any point of it. */
TEST_F_TIMEOUT(owner, killed_in_transfer, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream[2];
	uint64_t goal;
	struct relay last;
	int round, i;
	pid_t pid;

	for (round = 0; round < 5; round++) {
		close_fd(&s->path.end[CLIENT]);
		close_fd(&s->path.end[PEER]);
		path_close_legs(&s->path);
		ASSERT_EQ(0, path_open(&s->path, V4, NULL)) TH_LOG("%s", why);
		pid = start_server(&s->path, &s->id);
		ASSERT_GT(pid, 0);
		stream[0] = stream_from(&s->path, CLIENT, 256 * MiB);
		stream[1] = stream_from(&s->path, PEER, 256 * MiB);
		goal = round * 111111;
		while (stream[0].got < goal || stream[1].got < goal)
			for (i = 0; i < 2; i++) {
				ASSERT_GE(stream_push(&stream[i]), 0) TH_LOG("%s", why);
				ASSERT_GE(stream_pull(&stream[i]), 0) TH_LOG("%s", why);
			}
		kill_server(pid);
		EXPECT_EQ(0, over(s->path.end[CLIENT]));
		EXPECT_EQ(0, over(s->path.end[PEER]));
		EXPECT_EQ(0, ended_without_owner(s, &self->second, &last))
			TH_LOG("%s", why);
		EXPECT_GE(last.from[CLIENT].bytes, goal);
		EXPECT_GE(last.from[PEER].bytes, goal);
	}
}

/* A netlink socket of another protocol that happens to have the same number. */
static int same_port(int protocol, uint32_t port)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_pid = port };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fail_errno("bind");
	return fd;
}

TEST_F_TIMEOUT(owner, number_in_other_protocol, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	int fd;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	fd = same_port(NETLINK_ROUTE, s->door.port);
	ASSERT_GE(fd, 0) TH_LOG("%s", why);
	close(fd);
	stream = stream_from(&s->path, CLIENT, 10000);
	EXPECT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	EXPECT_TRUE(alive(&self->second, s->id));
	EXPECT_EQ(0, notification(&s->watch, &(struct relay) { 0 }) == KTURN_CMD_RELAY_DEL_NTF);
}

/* A socket that only looks on, or acts on others' relays, owns nothing. */
TEST_F_TIMEOUT(owner, onlooker_closed, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay relay;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_get(&self->second, s->id, &relay));
	EXPECT_EQ(s->door.port, relay.owner);
	door_close(&self->second);
	stream = stream_from(&s->path, CLIENT, 10000);
	EXPECT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	EXPECT_TRUE(alive(&s->door, s->id));
}

/* The number is free again when the owner is gone: no inheritance. */
TEST_F_TIMEOUT(owner, number_taken_again, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	uint32_t port = s->door.port;
	struct relay last;
	int fd;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	door_close(&s->door);
	ASSERT_TRUE(await((fd = same_port(NETLINK_GENERIC, port)) >= 0)) TH_LOG("%s", why);
	EXPECT_EQ(0, ended_without_owner(s, &self->second, &last)) TH_LOG("%s", why);
	close(fd);
}

TEST_HARNESS_MAIN
