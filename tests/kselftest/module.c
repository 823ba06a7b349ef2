// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module itself: how long it stays, and what it logs. Nobody else may use
 * it meanwhile.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#define REFCNT	"/sys/module/kturn/refcnt"
#define CONTROL	"/sys/kernel/debug/dynamic_debug/control"

FIXTURE(module) {
	struct setup setup;
};

FIXTURE_SETUP(module)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(module)
{
	setup_close(&self->setup);
}

/* How many things keep the module; -1 if it is not one. */
static int refcnt(void)
{
	FILE *file = fopen(REFCNT, "r");
	int count = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &count) != 1)
		count = -1;
	fclose(file);
	return count;
}

TEST_F_TIMEOUT(module, stays_while_used, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream[2];

	if (refcnt() < 0)
		SKIP(return, "kturn is no module here");
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(-1, syscall(SYS_delete_module, "kturn", O_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno);
	stream[0] = stream_from(&s->path, CLIENT, 10000);
	stream[1] = stream_from(&s->path, PEER, 10000);
	EXPECT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
}

/* Somebody tries to remove it all the while that bytes are moved. */
static pid_t start_removing(void)
{
	pid_t pid = fork();

	while (!pid)
		if (!syscall(SYS_delete_module, "kturn", O_NONBLOCK))
			_exit(1);
	return pid;
}

TEST_F_TIMEOUT(module, stays_while_busy, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream[2];
	pid_t pid;
	int status;

	if (refcnt() < 0)
		SKIP(return, "kturn is no module here");
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	stream[0] = stream_from(&s->path, CLIENT, 2 * MiB);
	stream[1] = stream_from(&s->path, PEER, 2 * MiB);
	pid = start_removing();
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	/* It was still trying: killed, not at its end. */
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SIGKILL, status);
}

/* Relays keep it, refusals do not, and an end of any kind lets go. */
TEST_F_TIMEOUT(module, is_let_go, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay relay;
	struct path second;

	if (refcnt() < 0)
		SKIP(return, "kturn is no module here");
	/* Relays of earlier tests may be on their way out. */
	ASSERT_TRUE(await(!refcnt())) TH_LOG("%d references", refcnt());
	ASSERT_EQ(0, path_open(&second, V4, NULL)) TH_LOG("%s", why);
	EXPECT_EQ(-EINVAL, relay_add(&s->door, second.leg[PEER], second.leg[PEER]));
	EXPECT_EQ(0, refcnt());

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_GT(relay_add(&s->door, second.leg[CLIENT], second.leg[PEER]), 0);
	EXPECT_EQ(2, refcnt());
	ASSERT_EQ(0, relay_del(&s->door, s->id, &relay));
	EXPECT_TRUE(await(refcnt() == 1));
	reset_fd(&second.end[CLIENT]);
	EXPECT_TRUE(await(!refcnt()));
}

static int debug_on(void)
{
	static const char command[] = "module kturn +p";
	int fd = open(CONTROL, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, command, strlen(command));
	close(fd);
	return n > 0 ? 0 : -1;
}

/* Reads on in the kernel log until a line has the text. */
static bool logged(int log, const char *text)
{
	char line[8192];
	ssize_t n;

	do {
		n = read(log, line, sizeof(line) - 1);
		if (n > 0) {
			line[n] = '\0';
			if (strstr(line, text))
				return true;
		}
	} while (n > 0 || errno == EPIPE);
	return false;
}

TEST_F_TIMEOUT(module, log, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay relay;
	char text[64];
	int log;

	if (debug_on())
		SKIP(return, "no dynamic debug");
	log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_GE(log, 0);
	lseek(log, 0, SEEK_END);

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	snprintf(text, sizeof(text), "kturn: relay %jd created", (intmax_t)s->id);
	EXPECT_TRUE(await(logged(log, text))) TH_LOG("no \"%s\"", text);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &relay));
	snprintf(text, sizeof(text), "kturn: relay %jd destroyed", (intmax_t)s->id);
	EXPECT_TRUE(await(logged(log, text))) TH_LOG("no \"%s\"", text);
	close(log);
}

TEST_HARNESS_MAIN
