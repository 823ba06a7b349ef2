// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network namespaces: each has its relays, its listeners and its counters,
 * and none is kept alive by a relay that has ended.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

/* Two namespaces; descriptors stay with the one they were made in. */
FIXTURE(netns) {
	struct setup here;
	struct setup there;
};

FIXTURE_SETUP(netns)
{
	ASSERT_EQ(0, setup_path(&self->here, V4, NULL)) TH_LOG("%s", why);
	ASSERT_EQ(0, setup_path(&self->there, V4, NULL)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(netns)
{
	setup_close(&self->here);
	setup_close(&self->there);
}

/* Neither one foreign socket nor two, on whichever side. */
TEST_F_TIMEOUT(netns, foreign_sockets, TIMEOUT_S)
{
	static const char text[] = "the socket is in another network namespace";
	struct door *door = &self->here.door;
	const int *own = self->here.path.leg;
	const int *foreign = self->there.path.leg;

	EXPECT_EQ(-EXDEV, relay_add(door, foreign[CLIENT], own[PEER]));
	EXPECT_STREQ(text, door->text);
	EXPECT_EQ(-EXDEV, relay_add(door, own[CLIENT], foreign[PEER]));
	EXPECT_STREQ(text, door->text);
	EXPECT_EQ(-EXDEV, relay_add(door, foreign[CLIENT], foreign[PEER]));
	EXPECT_STREQ(text, door->text);
	/* It is the netlink socket's namespace that counts. */
	EXPECT_GT(relay_add(door, own[CLIENT], own[PEER]), 0) TH_LOG("%s", door->text);
}

TEST_F_TIMEOUT(netns, not_seen_from_outside, TIMEOUT_S)
{
	struct setup *here = &self->here, *there = &self->there;
	struct stream stream;
	struct stats stats;
	struct relay relay;

	ASSERT_EQ(0, setup_relay(here)) TH_LOG("%s", why);
	stream = stream_from(&here->path, CLIENT, 5000);
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);

	EXPECT_EQ(0, relay_dump(&there->door, NULL, NULL, 0));
	EXPECT_EQ(-ENOENT, relay_get(&there->door, here->id, &relay));
	EXPECT_EQ(-ENOENT, relay_del(&there->door, here->id, &relay));
	EXPECT_EQ(0, group_del(&there->door, 0, &relay, 1));
	EXPECT_EQ(-ENOENT, relay_adopt(&there->door, &(struct which) {
		.id = (uint64_t *)&here->id }, NULL));
	ASSERT_EQ(0, stats_get(&there->door, &stats));
	EXPECT_EQ(0, stats.relays);
	EXPECT_EQ(0, stats.created);
	EXPECT_EQ(0, stats.bytes_from[CLIENT]);

	EXPECT_EQ(0, relay_get(&here->door, here->id, &relay));
	ASSERT_EQ(0, stats_get(&here->door, &stats));
	EXPECT_EQ(1, stats.relays);
	ASSERT_EQ(0, relay_del(&here->door, here->id, &relay));
	EXPECT_EQ(0, notified(&here->watch, KTURN_CMD_RELAY_DEL_NTF, here->id, &relay))
		TH_LOG("%s", why);
	EXPECT_EQ(0, notification(&there->watch, &relay));
}

/* Ids are the module's, not the namespace's. */
TEST_F_TIMEOUT(netns, ids_differ, TIMEOUT_S)
{
	ASSERT_EQ(0, setup_relay(&self->here)) TH_LOG("%s", why);
	ASSERT_EQ(0, setup_relay(&self->there)) TH_LOG("%s", why);
	EXPECT_GT(self->there.id, self->here.id);
}

/* Port ids are the namespace's: the same number elsewhere owns nothing here. */
TEST_F_TIMEOUT(netns, same_owner_number, TIMEOUT_S)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_pid = self->here.door.port };
	struct stream stream;
	struct relay relay;
	int fd;

	ASSERT_EQ(0, setup_relay(&self->here)) TH_LOG("%s", why);
	/* The process is in the second namespace since the setup. */
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	close(fd);
	stream = stream_from(&self->here.path, CLIENT, 5000);
	EXPECT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	EXPECT_EQ(0, relay_get(&self->here.door, self->here.id, &relay));
	EXPECT_EQ(KTURN_RELAY_STATE_OPEN, relay.state);
}

static int64_t add_outliving(struct setup *s, uint32_t outlive_ms)
{
	int64_t id = relay_add_with(&s->door, &(struct add) {
		.fd = { &s->path.leg[CLIENT], &s->path.leg[PEER] }, .outlive_ms = &outlive_ms,
	});

	path_close_legs(&s->path);
	return id;
}

/* What waits for an owner waits for one of its own namespace. */
TEST_F_TIMEOUT(netns, adoption, TIMEOUT_S)
{
	struct setup *here = &self->here, *there = &self->there;
	const struct which all = { 0 };
	struct relay relay;
	struct door second;

	/* The process is in the second namespace since the setup. */
	ASSERT_EQ(0, door_open(&second)) TH_LOG("%s", why);
	here->id = add_outliving(here, 600000);
	ASSERT_GT(here->id, 0) TH_LOG("%s", here->door.text);
	there->id = add_outliving(there, 600000);
	ASSERT_GT(there->id, 0) TH_LOG("%s", there->door.text);
	door_close(&here->door);
	ASSERT_TRUE(await(!relay_get(&here->watch, here->id, &relay) && !relay.owner));

	EXPECT_EQ(0, relay_adopt(&second, &all, NULL));
	door_close(&there->door);
	ASSERT_TRUE(await(relay_adopt(&second, &all, NULL) == 1));
	ASSERT_EQ(0, relay_get(&second, there->id, &relay));
	EXPECT_EQ(second.port, relay.owner);
	EXPECT_EQ(-ENOENT, relay_get(&second, here->id, &relay));
	door_close(&second);
}

/*
 * When a namespace goes its devices go, and with one end of a veth the other:
 * that one is outside, to be looked at.
 */
FIXTURE(deletion) {
	pid_t pid;
	int tell;		/* closing it lets the process go on */
	int told;
};

/* Relays that outlive their owner keep the namespace for as long, not longer. */
FIXTURE_VARIANT(deletion) {
	uint32_t outlive_ms;
};

FIXTURE_VARIANT_ADD(deletion, at_once) { .outlive_ms = 0 };
FIXTURE_VARIANT_ADD(deletion, with_orphans) { .outlive_ms = 1500 };

static int sh(const char *fmt, int arg)
{
	char command[256];

	snprintf(command, sizeof(command), fmt, arg);
	return system(command);
}

static void say(int fd)
{
	if (write(fd, "!", 1) != 1)
		_exit(1);
}

static void wait_for_end(int fd)
{
	char byte;

	while (read(fd, &byte, 1) > 0)
		;
}

/*
 * In the namespace: relays with bytes in both directions, one of them stuck.
 * What happens to them is up to the caller.
 */
static void live_there(struct setup *s, uint32_t outlive_ms, int tell, int told)
{
	struct stream stream[2];

	if (setup_path(s, V4, NULL))
		_exit(1);
	say(told);
	if (add_outliving(s, outlive_ms) <= 0)
		_exit(1);
	stream[0] = stream_from(&s->path, CLIENT, 5000);
	stream[1] = stream_from(&s->path, PEER, 5000);
	if (streams_run(stream, 2))
		_exit(1);
	stream[0] = stream_from(&s->path, CLIENT, 64 * MiB);
	if (stream_push_all(&stream[0]) < 0)
		_exit(1);
	say(told);
	wait_for_end(tell);
}

FIXTURE_SETUP(deletion)
{
	int down[2], up[2];
	struct setup s;
	char byte;

	ASSERT_EQ(0, fresh_netns()) TH_LOG("%s", why);
	ASSERT_EQ(0, pipe2(down, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(up, O_CLOEXEC));
	self->pid = fork();
	ASSERT_GE(self->pid, 0);
	if (!self->pid) {
		close(down[1]);
		live_there(&s, variant->outlive_ms, down[0], up[1]);
		setup_close(&s);
		_exit(0);
	}
	close(down[0]);
	close(up[1]);
	self->tell = down[1];
	self->told = up[0];
	ASSERT_EQ(1, read(self->told, &byte, 1));
	ASSERT_EQ(0, sh("ip link add there type veth peer name inside netns %d", self->pid));
	ASSERT_NE(0, if_nametoindex("there"));
	ASSERT_EQ(1, read(self->told, &byte, 1));
}

FIXTURE_TEARDOWN(deletion)
{
	close_fd(&self->tell);
	close_fd(&self->told);
	kill(self->pid, SIGKILL);
	waitpid(self->pid, NULL, 0);
}

TEST_F_TIMEOUT(deletion, after_orderly_end, TIMEOUT_S)
{
	ASSERT_NE(0, if_nametoindex("there"));
	close_fd(&self->tell);
	EXPECT_TRUE(await(!if_nametoindex("there")));
}

TEST_F_TIMEOUT(deletion, after_kill, TIMEOUT_S)
{
	ASSERT_NE(0, if_nametoindex("there"));
	kill(self->pid, SIGKILL);
	EXPECT_TRUE(await(!if_nametoindex("there")));
}

TEST_HARNESS_MAIN
