// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints, as tracefs shows them. Wants CONFIG_EVENT_TRACING.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#define TRACEFS		"/sys/kernel/tracing"
/* A buffer of our own: nobody else's events, and ours disturb nobody. */
#define INSTANCE	TRACEFS "/instances/kturn-test"

static const struct path_options pile_up = {
	.end = { { 0, 4096 }, { 0, 4096 } },
	.leg = { { 4096, 0 }, { 4096, 0 } },
};

FIXTURE(trace) {
	struct setup setup;
	bool made;
};

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	ssize_t n;

	if (fd < 0)
		return fail_errno(path);
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : fail_errno(path);
}

/*
 * An instance without the names of commands. To learn those, the kernel changes the
 * code of its scheduler while all CPUs run it, which not every emulated CPU survives.
 */
static int make_instance(void)
{
	const char *option = TRACEFS "/options/record-cmd";
	char was[2] = "1";
	int fd = open(option, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0 || read(fd, was, 1) != 1)
		return fail_errno(option);
	close(fd);
	if (put(option, "0"))
		return -1;
	ret = mkdir(INSTANCE, 0755) ? fail_errno(INSTANCE) : 0;
	return put(option, was) ? -1 : ret;
}

FIXTURE_SETUP(trace)
{
	if (access(TRACEFS "/events", F_OK))
		mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	if (access(TRACEFS "/events", F_OK))
		SKIP(return, "this kernel traces no events");
	ASSERT_EQ(0, make_instance()) TH_LOG("%s", why);
	self->made = true;
	ASSERT_EQ(0, setup_path(&self->setup, V4, &pile_up)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(trace)
{
	if (self->made)
		rmdir(INSTANCE);
	setup_close(&self->setup);
}

/* Whether a line of the trace has all of this event and these fields. */
static bool traced(const char *event, const char *fields)
{
	FILE *file = fopen(INSTANCE "/trace", "r");
	char line[1024];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, event) && strstr(line, fields);
	if (file)
		fclose(file);
	return found;
}

/* For this relay. */
static bool traced_of(uint64_t id, const char *event, const char *fields)
{
	char text[256];

	snprintf(text, sizeof(text), "id=%ju%s%s", (uintmax_t)id, *fields ? " " : "", fields);
	return traced(event, text);
}

TEST_F_TIMEOUT(trace, life_of_a_relay, TIMEOUT_S)
{
	const uint32_t outlive_ms = 600000;
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay relay;
	struct door second;
	char text[128];

	ASSERT_EQ(0, put(INSTANCE "/events/kturn/enable", "1")) TH_LOG("%s", why);
	ASSERT_EQ(0, door_open(&second)) TH_LOG("%s", why);
	s->id = relay_add_with(&s->door, &(struct add) {
		.fd = { &s->path.leg[CLIENT], &s->path.leg[PEER] }, .outlive_ms = &outlive_ms,
	});
	ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);
	snprintf(text, sizeof(text), "group=0x0 owner=%u engine=softirq", s->door.port);
	EXPECT_TRUE(traced_of(s->id, "kturn_relay_add:", text)) TH_LOG("%s", text);

	stream = stream_from(&s->path, CLIENT, 100);
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	EXPECT_TRUE(await(traced_of(s->id, "kturn_move:", "to=peer bytes=100 copied=100")));
	stream = stream_from(&s->path, PEER, 64 * MiB);
	ASSERT_GE(stream_push_all(&stream), 0) TH_LOG("%s", why);
	EXPECT_TRUE(await(traced_of(s->id, "kturn_wait:", "to=client")));

	door_close(&s->door);
	EXPECT_TRUE(await(traced_of(s->id, "kturn_relay_owner:", "owner=0 outlive_ms=600000")));
	ASSERT_TRUE(await(relay_adopt(&second, &(struct which) { 0 }, NULL) == 1));
	snprintf(text, sizeof(text), "owner=%u", second.port);
	EXPECT_TRUE(traced_of(s->id, "kturn_relay_owner:", text)) TH_LOG("%s", text);

	ASSERT_EQ(0, relay_del(&second, s->id, &relay));
	EXPECT_TRUE(traced_of(s->id, "kturn_relay_end:", "reason=deleted errno=0 to_peer=100"));
	door_close(&second);
	ASSERT_EQ(0, put(INSTANCE "/events/kturn/enable", "0")) TH_LOG("%s", why);
}

TEST_F_TIMEOUT(trace, off, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay relay;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &relay));
	EXPECT_FALSE(traced_of(s->id, "kturn_", ""));
}

TEST_HARNESS_MAIN
