// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many relays there may be: of an owner, in a network namespace, in all.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#define OWNER_FULL	"this owner has as many relays as it may"
#define NETNS_FULL	"there are as many relays in this network namespace as there may be"
#define ALL_FULL	"there are as many relays in all network namespaces as there may be"

FIXTURE(caps) {
	struct setup setup;
	struct door second;
	struct caps before;
};

FIXTURE_SETUP(caps)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	ASSERT_EQ(0, door_open(&self->second)) TH_LOG("%s", why);
	ASSERT_EQ(0, caps_get(&self->second, &self->before));
}

/* The cap on all is set in the initial namespace only: go there for a moment. */
static int set_total(uint32_t total)
{
	struct door door;
	int status;
	pid_t pid = fork();

	if (!pid) {
		int fd = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);

		_exit(fd < 0 || setns(fd, CLONE_NEWNET) || door_open(&door) ||
		      caps_set(&door, NULL, NULL, &total));
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status ? -1 : 0;
}

FIXTURE_TEARDOWN(caps)
{
	set_total(self->before.total);
	door_close(&self->second);
	setup_close(&self->setup);
}

static int64_t one_more(struct door *door)
{
	struct path path;
	int64_t id;

	if (path_open(&path, V4, NULL))
		return -1;
	id = relay_add(door, path.leg[CLIENT], path.leg[PEER]);
	path_close_legs(&path);
	return id;
}

TEST_F_TIMEOUT(caps, at_first, TIMEOUT_S)
{
	struct caps *caps = &self->before;

	EXPECT_GT(caps->owner, 10000);
	EXPECT_GE(caps->netns, caps->owner);
	EXPECT_GE(caps->total, caps->netns);
}

TEST_F_TIMEOUT(caps, of_an_owner, TIMEOUT_S)
{
	const uint32_t two = 2, three = 3;
	struct setup *s = &self->setup;
	struct relay relay;
	struct stats stats;
	struct caps caps;
	int64_t id;

	ASSERT_EQ(0, caps_set(&s->door, &two, NULL, NULL)) TH_LOG("%s", s->door.text);
	ASSERT_EQ(0, caps_get(&s->door, &caps));
	EXPECT_EQ(2, caps.owner);
	EXPECT_EQ(self->before.netns, caps.netns);
	EXPECT_EQ(self->before.total, caps.total);

	id = one_more(&s->door);
	ASSERT_GT(id, 0) TH_LOG("%s", s->door.text);
	ASSERT_GT(one_more(&s->door), 0) TH_LOG("%s", s->door.text);
	EXPECT_EQ(-EDQUOT, relay_add(&s->door, s->path.leg[CLIENT], s->path.leg[PEER]));
	EXPECT_STREQ(OWNER_FULL, s->door.text);
	/* The sockets were not touched. */
	EXPECT_EQ(0, usable(s->path.end[CLIENT], s->path.leg[CLIENT])) TH_LOG("%s", why);
	EXPECT_EQ(0, usable(s->path.end[PEER], s->path.leg[PEER])) TH_LOG("%s", why);
	ASSERT_EQ(0, stats_get(&s->door, &stats));
	EXPECT_EQ(1, stats.refused);

	/* Another owner has its own, and an end makes room. */
	EXPECT_GT(one_more(&self->second), 0) TH_LOG("%s", self->second.text);
	ASSERT_EQ(0, relay_del(&s->door, id, &relay));
	EXPECT_GT(one_more(&s->door), 0) TH_LOG("%s", s->door.text);
	EXPECT_EQ(-EDQUOT, one_more(&s->door));
	ASSERT_EQ(0, caps_set(&s->door, &three, NULL, NULL));
	EXPECT_GT(one_more(&s->door), 0) TH_LOG("%s", s->door.text);
}

/* What a request fails for later is not counted. */
TEST_F_TIMEOUT(caps, refusals_do_not_count, TIMEOUT_S)
{
	const uint32_t one = 1;
	struct setup *s = &self->setup;
	int i;

	ASSERT_EQ(0, caps_set(&s->door, &one, &one, NULL));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(-EBADF, relay_add(&s->door, 98765, 98766));
	EXPECT_GT(one_more(&s->door), 0) TH_LOG("%s", s->door.text);
}

TEST_F_TIMEOUT(caps, of_a_namespace, TIMEOUT_S)
{
	const uint32_t two = 2, none = 0;
	struct setup *s = &self->setup, there;
	int64_t id;

	ASSERT_EQ(0, caps_set(&s->door, NULL, &two, NULL)) TH_LOG("%s", s->door.text);
	id = one_more(&s->door);
	ASSERT_GT(id, 0) TH_LOG("%s", s->door.text);
	ASSERT_GT(one_more(&self->second), 0) TH_LOG("%s", self->second.text);
	EXPECT_EQ(-ENOSPC, one_more(&s->door));
	EXPECT_STREQ(NETNS_FULL, s->door.text);

	/* Fewer than there are: they stay, but no more come. */
	ASSERT_EQ(0, caps_set(&s->door, &none, &none, NULL));
	EXPECT_EQ(2, relay_dump(&s->door, NULL, NULL, 0));
	EXPECT_EQ(-ENOSPC, one_more(&self->second));

	/* It is this namespace's. */
	ASSERT_EQ(0, setup_path(&there, V4, NULL)) TH_LOG("%s", why);
	EXPECT_EQ(0, setup_relay(&there)) TH_LOG("%s", why);
	setup_close(&there);
}

TEST_F_TIMEOUT(caps, of_all, TIMEOUT_S)
{
	const uint32_t many = 1000;
	struct setup *s = &self->setup;
	struct caps caps;

	EXPECT_EQ(-EPERM, caps_set(&s->door, NULL, NULL, &many));
	EXPECT_STREQ("total is set in the initial network namespace only", s->door.text);
	EXPECT_NE(0, s->door.bad_attr);
	EXPECT_EQ(-EPERM, caps_set(&s->door, &many, &many, &many));
	ASSERT_EQ(0, caps_get(&s->door, &caps));
	EXPECT_EQ(0, memcmp(&caps, &self->before, sizeof(caps)));

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, set_total(0));
	ASSERT_EQ(0, caps_get(&s->door, &caps));
	EXPECT_EQ(0, caps.total);
	EXPECT_EQ(-ENOSPC, one_more(&s->door));
	EXPECT_STREQ(ALL_FULL, s->door.text);
	ASSERT_EQ(0, set_total(self->before.total));
	EXPECT_GT(one_more(&s->door), 0) TH_LOG("%s", s->door.text);
}

TEST_F_TIMEOUT(caps, of_nothing, TIMEOUT_S)
{
	struct door *door = &self->setup.door;

	EXPECT_EQ(-EINVAL, caps_set(door, NULL, NULL, NULL));
	EXPECT_STREQ("owner, netns or total is required", door->text);
}

/* Those that wait for an owner count, but for none; who adopts them owns them. */
TEST_F_TIMEOUT(caps, when_adopting, TIMEOUT_S)
{
	enum { RELAYS = 3 };
	const uint32_t outlive_ms = 600000, two = 2, three = 3, none = 0;
	const struct which all = { 0 }, orphans = { .owner = &none };
	const struct which mine = { .owner = &self->second.port };
	struct setup *s = &self->setup;
	struct path path[RELAYS];
	int i;

	for (i = 0; i < RELAYS; i++) {
		ASSERT_EQ(0, path_open(&path[i], V4, NULL)) TH_LOG("%s", why);
		ASSERT_GT(relay_add_with(&s->door, &(struct add) {
			.fd = { &path[i].leg[CLIENT], &path[i].leg[PEER] },
			.outlive_ms = &outlive_ms,
		}), 0) TH_LOG("%s", s->door.text);
	}
	ASSERT_EQ(0, caps_set(&s->door, &two, &three, NULL));
	door_close(&s->door);
	ASSERT_TRUE(await(relay_dump_of(&self->second, &orphans, NULL, 0) == RELAYS));
	EXPECT_EQ(-ENOSPC, one_more(&self->second));

	/* As many as it may. */
	EXPECT_EQ(-EDQUOT, relay_adopt(&self->second, &all, NULL));
	EXPECT_STREQ(OWNER_FULL, self->second.text);
	EXPECT_EQ(2, relay_dump_of(&self->second, &mine, NULL, 0));
	EXPECT_EQ(1, relay_dump_of(&self->second, &orphans, NULL, 0));
	ASSERT_EQ(0, caps_set(&self->second, &three, NULL, NULL));
	EXPECT_EQ(1, relay_adopt(&self->second, &all, NULL));
	EXPECT_EQ(3, relay_dump_of(&self->second, &mine, NULL, 0));
}

TEST_HARNESS_MAIN
