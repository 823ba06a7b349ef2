// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command kturn, where it asks the module for something.
 */
#define _GNU_SOURCE
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

FIXTURE(tool) {
	struct setup setup;
	struct relay relay;
	char kturn[PATH_MAX + 16];
};

/* It is built beside the tests. */
FIXTURE_SETUP(tool)
{
	char here[PATH_MAX] = "";

	ASSERT_LT(0, readlink("/proc/self/exe", here, sizeof(here) - 1));
	snprintf(self->kturn, sizeof(self->kturn), "%s/../kturn", dirname(here));
	if (access(self->kturn, X_OK))
		SKIP(return, "the command is not there");
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	ASSERT_EQ(0, setup_relay(&self->setup)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(tool)
{
	setup_close(&self->setup);
}

/* What it prints goes to @said; its exit status, or -1. */
static int run(char *said, size_t size, const char *fmt, ...)
{
	char command[2 * PATH_MAX];
	va_list args;
	size_t len;
	FILE *out;
	int status;

	va_start(args, fmt);
	len = vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	snprintf(command + len, sizeof(command) - len, " 2>&1");
	out = popen(command, "r");
	if (!out)
		return -1;
	len = fread(said, 1, size - 1, out);
	said[len] = '\0';
	status = pclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define EXPECT_SAYS(status, what, fmt, ...) do {				\
	char said_[8192];							\
										\
	EXPECT_EQ(status, run(said_, sizeof(said_), "%s " fmt, self->kturn,	\
			      ##__VA_ARGS__)) TH_LOG("%s", said_);		\
	EXPECT_NE(NULL, strstr(said_, what)) TH_LOG("%s", said_);		\
} while (0)

TEST_F_TIMEOUT(tool, relay_set, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	unsigned long long id = s->id;

	EXPECT_SAYS(0, "rate: 1.5MiB/s", "relay set %llu rate 1536K idle 10m", id);
	EXPECT_SAYS(0, "keepalive-idle: 30.0s",
		    "relay set %llu keepalive-idle 30 keepalive-count 4 user-timeout 2500ms", id);
	EXPECT_SAYS(0, "\"life_ms\":0,", "-j relay set %llu idle none bytes 3G", id);
	ASSERT_EQ(0, relay_get(&s->door, s->id, &self->relay));
	EXPECT_EQ(1536 * KiB, self->relay.limits.rate);
	EXPECT_EQ(0, self->relay.limits.idle_ms);
	EXPECT_EQ(3072 * MiB, self->relay.limits.bytes);
	EXPECT_EQ(30, self->relay.limits.keepalive_idle);
	EXPECT_EQ(0, self->relay.limits.keepalive_interval);
	EXPECT_EQ(4, self->relay.limits.keepalive_count);
	EXPECT_EQ(2500, self->relay.limits.user_timeout_ms);

	EXPECT_SAYS(0, "bytes,rate,keepalive-idle,keepalive-count,user-timeout", "relay list");
	EXPECT_SAYS(0, "\"user_timeout_ms\":2500", "-j relay show %llu", id);
}

/* A command line that makes no sense, and one that the kernel refuses. */
TEST_F_TIMEOUT(tool, relay_set_refused, TIMEOUT_S)
{
	unsigned long long id = self->setup.id;

	EXPECT_SAYS(2, "needs ID LIMIT VALUE", "relay set %llu", id);
	EXPECT_SAYS(2, "there is no value for idle", "relay set %llu rate 5 idle", id);
	EXPECT_SAYS(2, "there is no limit \"speed\"", "relay set %llu speed 5", id);
	EXPECT_SAYS(2, "\"-1\" makes no sense for rate", "relay set %llu rate -- -1", id);
	EXPECT_SAYS(2, "\"5K\" makes no sense for idle", "relay set %llu idle 5K", id);
	EXPECT_SAYS(2, "\"99999999T\" makes no sense for bytes",
		    "relay set %llu bytes 99999999T", id);
	EXPECT_SAYS(1, "integer out of range", "relay set %llu keepalive-count 128", id);
	EXPECT_SAYS(1, "need keepalive-idle", "relay set %llu rate 5 keepalive-count 3", id);
	EXPECT_SAYS(1, "there is no relay with this id", "relay set %llu rate 5", id + 1);
	ASSERT_EQ(0, relay_get(&self->setup.door, id, &self->relay));
	EXPECT_EQ(0, self->relay.limits.rate);
}

/* There is no daemon here: relays are the module's. */
TEST_F_TIMEOUT(tool, relay_list_filtered, TIMEOUT_S)
{
	unsigned long long id = self->setup.id;
	char there[32];

	snprintf(there, sizeof(there), "[{\"id\":%llu,", id);
	EXPECT_SAYS(0, there, "-j relay list");
	EXPECT_SAYS(0, there, "-j relay list --peer 0.0.0.0/0 --idle -1h");
	EXPECT_SAYS(0, "[]\n", "-j relay list --peer ::/0");
	EXPECT_SAYS(0, "[]\n", "-j relay list --idle +1h");
	EXPECT_SAYS(0, "[]\n", "-j relay list --engine tls");
	EXPECT_SAYS(2, "there is no engine", "relay list --engine splice");
	EXPECT_SAYS(2, "knows no --idle", "monitor --idle +1h");
	EXPECT_SAYS(2, "top is for a terminal", "top </dev/null");
}

TEST_HARNESS_MAIN
