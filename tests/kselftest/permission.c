// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may knock at the door: CAP_NET_ADMIN of the first user namespace.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <netlink/errno.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

FIXTURE(permission) {
	struct setup setup;
};

FIXTURE_SETUP(permission)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(permission)
{
	setup_close(&self->setup);
}

static int drop_net_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[0].effective &= ~(1u << CAP_NET_ADMIN);
	data[0].permitted &= ~(1u << CAP_NET_ADMIN);
	return syscall(SYS_capset, &header, data);
}

/* Every request is refused, and changes nothing; run in a process of its own. */
static int all_refused(const int *leg, uint64_t id)
{
	const uint32_t cap = 1000;
	struct stats stats;
	struct relay relay;
	struct caps caps;
	struct door door;

	if (door_open(&door))
		return 10;
	if (relay_add(&door, leg[CLIENT], leg[PEER]) != -EPERM)
		return 11;
	if (relay_get(&door, id, &relay) != -EPERM)
		return 12;
	if (relay_dump(&door, NULL, NULL, 0) != -EPERM)
		return 13;
	if (relay_del(&door, id, &relay) != -EPERM)
		return 14;
	if (group_del(&door, 0, &relay, 1) != -EPERM)
		return 15;
	if (stats_get(&door, &stats) != -EPERM)
		return 16;
	if (relay_adopt(&door, &(struct which) { 0 }, NULL) != -EPERM)
		return 18;
	if (caps_get(&door, &caps) != -EPERM)
		return 19;
	if (caps_set(&door, &cap, &cap, NULL) != -EPERM)
		return 20;
	if (relay_set(&door, id, LIMITS({ KTURN_A_LIMITS_RATE, 1 })) != -EPERM)
		return 21;
	return 0;
}

static int cannot_watch(void)
{
	struct door door;

	return door_open(&door) || door_watch(&door) != -NLE_PERM ? 17 : 0;
}

static int without_capability(const int *leg, uint64_t id)
{
	if (drop_net_admin())
		return 1;
	return all_refused(leg, id) ?: cannot_watch();
}

static int child_status(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

TEST_F_TIMEOUT(permission, without_capability, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay relay;
	struct path fresh;
	pid_t pid;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, path_open(&fresh, V4, NULL)) TH_LOG("%s", why);
	pid = fork();
	if (!pid)
		_exit(without_capability(fresh.leg, s->id));
	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(0, relay_get(&s->door, s->id, &relay));
	EXPECT_EQ(1, relay_dump(&s->door, NULL, NULL, 0));
}

/*
 * Root of a user namespace of its own, with a network of its own. It may listen
 * to the group: nothing of other namespaces is told there.
 */
static int in_user_namespace(void)
{
	struct path path;

	if (unshare(CLONE_NEWUSER))
		return 4;
	if (fresh_netns() || path_open(&path, V4, NULL))
		return 1;
	return all_refused(path.leg, 1);
}

TEST_F_TIMEOUT(permission, in_user_namespace, TIMEOUT_S)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(in_user_namespace());
	status = child_status(pid);
	if (status == 4)
		SKIP(return, "no user namespaces here");
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
