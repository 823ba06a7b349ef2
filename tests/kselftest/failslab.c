// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is not there: requests fail cleanly or succeed, and bytes are
 * late at worst. Wants a kernel with CONFIG_FAILSLAB.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define FAIL_NTH	"/proc/self/fail-nth"
/* Where what TCP sends is allocated. */
#define CACHE		"/sys/kernel/slab/skbuff_fclone_cache/failslab"
#define TIMES		1000000000

/* No request of ours takes that many allocations. */
#define ENOUGH		400

static int put(const char *path, long value)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", value);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return fail_errno(path);
	ret = write(fd, text, len) == len ? 0 : fail_errno(path);
	close(fd);
	return ret;
}

static long get(const char *path)
{
	FILE *file = fopen(path, "r");
	long value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

/*
 * Quiet, and also for allocations that may wait, which seldom fail by nature.
 * For tasks that are marked; or else for whoever sends with TCP.
 */
static int failslab_set(long probability, bool tasks)
{
	return put(FAILSLAB "verbose", 0) || put(FAILSLAB "ignore-gfp-wait", 0) ||
	       put(FAILSLAB "interval", 1) || put(FAILSLAB "space", 0) ||
	       put(FAILSLAB "task-filter", tasks) || put(FAILSLAB "cache-filter", !tasks) ||
	       put(FAILSLAB "times", TIMES) || put(FAILSLAB "probability", probability) ?
		       -1 : 0;
}

static int failslab_off(void)
{
	return failslab_set(0, true);
}

static long failures(void)
{
	return TIMES - get(FAILSLAB "times");
}

FIXTURE(failslab) {
	struct setup setup;
	struct door clean;	/* nothing fails for this one */
};

FIXTURE_SETUP(failslab)
{
	if (access(FAILSLAB "times", W_OK) || access(FAIL_NTH, W_OK))
		SKIP(return, "this kernel has no failslab");
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	ASSERT_EQ(0, door_open(&self->clean)) TH_LOG("%s", why);
	ASSERT_EQ(0, failslab_off()) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(failslab)
{
	failslab_off();
	put(FAILSLAB "task-filter", 0);
	door_close(&self->clean);
	setup_close(&self->setup);
}

/*
 * Sends a request whose nth allocation fails in the kernel, which answers
 * within the send. The answer is thrown away: there may be none.
 * Returns 1 if an allocation failed, 0 if there were fewer.
 */
static int send_failing(struct nl_msg *msg, int nth)
{
	struct door door;
	int fd, ret;

	if (door_open(&door))
		return -1;
	fd = dup(nl_socket_get_fd(door.nl));
	nl_complete_msg(door.nl, msg);
	if (fd < 0 || put(FAIL_NTH, nth))
		return -1;
	send(fd, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, 0);
	ret = get(FAIL_NTH) ? 0 : 1;
	put(FAIL_NTH, 0);
	nlmsg_free(msg);
	close(fd);
	door_close(&door);
	return ret;
}

/* For relay-add the socket has to stay: it owns what it makes. */
static int add_failing(struct door *door, const struct path *path, int nth)
{
	struct nl_msg *msg = door_message(door, KTURN_CMD_RELAY_ADD, 0);
	int ret;

	nla_put_s32(msg, KTURN_A_RELAY_CLIENT_FD, path->leg[CLIENT]);
	nla_put_s32(msg, KTURN_A_RELAY_PEER_FD, path->leg[PEER]);
	nl_complete_msg(door->nl, msg);
	if (put(FAIL_NTH, nth))
		return -1;
	send(nl_socket_get_fd(door->nl), nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, 0);
	ret = get(FAIL_NTH) ? 0 : 1;
	put(FAIL_NTH, 0);
	nlmsg_free(msg);
	return ret;
}

static int passes(int from, int to)
{
	char byte = 0;

	if (send(from, "x", 1, MSG_NOSIGNAL) != 1 || recv(to, &byte, 1, 0) != 1)
		return fail_errno("a byte");
	return byte == 'x' ? 0 : fail("another byte");
}

/* The relay is there and works, or the sockets are as they were. */
static int check_outcome(struct door *clean, struct path *path)
{
	int count = relay_dump(clean, NULL, NULL, 0);

	if (count == 1)
		return passes(path->end[CLIENT], path->end[PEER]) ||
		       passes(path->end[PEER], path->end[CLIENT]) ? -1 : 0;
	if (count)
		return fail("%d relays", count);
	return passes(path->end[CLIENT], path->leg[CLIENT]) ||
	       passes(path->leg[PEER], path->end[PEER]) ? -1 : 0;
}

TEST_F_TIMEOUT(failslab, add, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct path *path = &s->path;
	int nth, failed = 1;
	struct door door;

	for (nth = 1; failed && nth < ENOUGH; nth++) {
		ASSERT_EQ(0, door_open(&door)) TH_LOG("%s", why);
		failed = add_failing(&door, path, nth);
		ASSERT_GE(failed, 0) TH_LOG("%s", why);
		ASSERT_EQ(0, check_outcome(&self->clean, path)) TH_LOG("%d: %s", nth, why);
		door_close(&door);
		ASSERT_TRUE(await(!relay_dump(&self->clean, NULL, NULL, 0)));
		path_close_legs(path);
		EXPECT_EQ(0, ending(path->end[CLIENT])) TH_LOG("%d", nth);
		EXPECT_EQ(0, ending(path->end[PEER])) TH_LOG("%d", nth);
		close_fd(&path->end[CLIENT]);
		close_fd(&path->end[PEER]);
		ASSERT_EQ(0, path_open(path, V4, NULL)) TH_LOG("%s", why);
	}
	EXPECT_GT(nth, 3);
	EXPECT_LT(nth, ENOUGH);
}

static struct nl_msg *request(struct door *door, int cmd, int flags, uint64_t id)
{
	struct nl_msg *msg = door_message(door, cmd, flags);

	if (id)
		nla_put_u64(msg, KTURN_A_RELAY_ID, id);
	return msg;
}

/* Requests that only look: the relay must not notice. */
TEST_F_TIMEOUT(failslab, look, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	const struct {
		int cmd;
		int flags;
		bool id;
	} looks[] = {
		{ KTURN_CMD_RELAY_GET, 0, true },
		{ KTURN_CMD_RELAY_GET, NLM_F_DUMP, false },
		{ KTURN_CMD_STATS_GET, 0, false },
		{ KTURN_CMD_CAPS_GET, 0, false },
		{ KTURN_CMD_SETTINGS_GET, 0, false },
	};
	struct relay relay;
	int nth, failed;
	size_t i;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	for (i = 0; i < ARRAY_SIZE(looks); i++) {
		failed = 1;
		for (nth = 1; failed && nth < ENOUGH; nth++) {
			failed = send_failing(request(&s->door, looks[i].cmd,
						      looks[i].flags,
						      looks[i].id ? s->id : 0), nth);
			ASSERT_GE(failed, 0) TH_LOG("%s", why);
		}
		EXPECT_GT(nth, 2);
		EXPECT_LT(nth, ENOUGH);
	}
	ASSERT_EQ(0, relay_get(&self->clean, s->id, &relay));
	EXPECT_EQ(0, passes(s->path.end[CLIENT], s->path.end[PEER])) TH_LOG("%s", why);
}

/* Deleted or not, but nothing in between. */
TEST_F_TIMEOUT(failslab, del, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct path *path = &s->path;
	int nth, ret, failed = 1;
	struct relay relay;

	for (nth = 1; failed && nth < ENOUGH; nth++) {
		ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
		failed = send_failing(request(&s->door, KTURN_CMD_RELAY_DEL, 0, s->id), nth);
		ASSERT_GE(failed, 0) TH_LOG("%s", why);
		ret = relay_get(&self->clean, s->id, &relay);
		if (!ret) {
			ASSERT_EQ(0, passes(path->end[CLIENT], path->end[PEER]))
				TH_LOG("%s", why);
			ASSERT_EQ(0, relay_del(&self->clean, s->id, &relay));
		} else {
			ASSERT_EQ(-ENOENT, ret);
		}
		EXPECT_EQ(0, ending(path->end[CLIENT])) TH_LOG("%d", nth);
		EXPECT_EQ(0, ending(path->end[PEER])) TH_LOG("%d", nth);
		close_fd(&path->end[CLIENT]);
		close_fd(&path->end[PEER]);
		ASSERT_EQ(0, path_open(path, V4, NULL)) TH_LOG("%s", why);
	}
	EXPECT_GT(nth, 2);
	EXPECT_LT(nth, ENOUGH);
}

/*
 * Adopted or not: the adopter's socket is closed then, and it waits again. That
 * needs no memory.
 */
TEST_F_TIMEOUT(failslab, adopt, TIMEOUT_S)
{
	const uint32_t outlive_ms = 600000;
	struct setup *s = &self->setup;
	struct path *path = &s->path;
	int nth, failed = 1;
	struct relay relay;

	s->id = relay_add_with(&s->door, &(struct add) {
		.fd = { &path->leg[CLIENT], &path->leg[PEER] }, .outlive_ms = &outlive_ms,
	});
	ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);
	path_close_legs(path);
	door_close(&s->door);
	ASSERT_TRUE(await(!relay_get(&self->clean, s->id, &relay) && !relay.owner));
	for (nth = 1; failed && nth < ENOUGH; nth++) {
		failed = send_failing(request(&self->clean, KTURN_CMD_RELAY_ADOPT, 0,
					      nth % 2 ? s->id : 0), nth);
		ASSERT_GE(failed, 0) TH_LOG("%s", why);
		ASSERT_TRUE(await(!relay_get(&self->clean, s->id, &relay) && !relay.owner))
			TH_LOG("%d", nth);
		ASSERT_EQ(0, passes(path->end[CLIENT], path->end[PEER])) TH_LOG("%s", why);
	}
	EXPECT_GT(nth, 3);
	EXPECT_LT(nth, ENOUGH);
	EXPECT_EQ(1, relay_adopt(&self->clean, &(struct which) { 0 }, NULL));
}

static bool is_kworker(const char *pid)
{
	char path[300], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	return !strncmp(name, "kworker", 7);
}

/* The module's work may run in any of them, and new ones come. */
static void kworkers_fail(int on)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[300];

	while (proc && (entry = readdir(proc))) {
		if (!isdigit(entry->d_name[0]) || !is_kworker(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/make-it-fail", entry->d_name);
		put(path, on);
	}
	if (proc)
		closedir(proc);
}

/* Runs the streams, and sees to it that memory keeps failing. */
static int run_failing(struct stream *streams, bool kworkers)
{
	int ret = 0;

	while (!ret && streams[0].size < 2 * MiB) {
		streams[0].size += 100000;
		streams[1].size += 100000;
		if (kworkers)
			kworkers_fail(1);
		ret = streams_run(streams, 2);
	}
	return ret;
}

static void transfer(struct __test_metadata *_metadata, FIXTURE_DATA(failslab) *self,
		     long probability, bool kworkers)
{
	struct setup *s = &self->setup;
	struct stream stream[2];
	struct relay last;
	long failed;

	s->engine = kworkers ? &by_process : NULL;
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	stream[0] = stream_from(&s->path, CLIENT, 0);
	stream[1] = stream_from(&s->path, PEER, 0);
	ASSERT_EQ(0, failslab_set(probability, kworkers)) TH_LOG("%s", why);
	ASSERT_EQ(0, run_failing(stream, kworkers)) TH_LOG("%s", why);
	failed = failures();
	ASSERT_EQ(0, failslab_off()) TH_LOG("%s", why);
	kworkers_fail(0);
	EXPECT_GT(failed, 0);

	stream[0].fin = true;
	stream[1].fin = true;
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_EQ(0, setup_ended(s, KTURN_END_REASON_EOF, &last)) TH_LOG("%s", why);
	EXPECT_EQ(stream[0].size, last.from[CLIENT].bytes);
	EXPECT_EQ(stream[1].size, last.from[PEER].bytes);
}

TEST_F_TIMEOUT(failslab, transfer_10_percent, TIMEOUT_S)
{
	transfer(_metadata, self, 10, true);
}

TEST_F_TIMEOUT(failslab, transfer_60_percent, TIMEOUT_S)
{
	transfer(_metadata, self, 60, true);
}

/* In softirq there is no task to tell: sends of anybody fail, ours included. */
TEST_F_TIMEOUT(failslab, transfer_in_softirq, TIMEOUT_S)
{
	if (put(CACHE, 1))
		SKIP(return, "no failures of a cache's own: %s", why);
	transfer(_metadata, self, 30, false);
	put(CACHE, 0);
}

/* Ends come through even if every allocation of the work item fails. */
TEST_F_TIMEOUT(failslab, ends, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct path *path = &s->path;
	struct stats stats;
	struct relay relay;
	int error;

	/* The listener would be told ENOBUFS instead of the end. */
	door_close(&s->watch);
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, failslab_set(100, true)) TH_LOG("%s", why);
	kworkers_fail(1);
	reset_fd(&path->end[CLIENT]);
	EXPECT_TRUE(await(relay_get(&self->clean, s->id, &relay) == -ENOENT));
	ASSERT_EQ(0, failslab_off()) TH_LOG("%s", why);
	kworkers_fail(0);

	/* TCP had no memory for the reset itself, but answers with one. */
	error = send(path->end[PEER], "x", 1, MSG_NOSIGNAL) < 0 ? errno :
		ending(path->end[PEER]);
	EXPECT_EQ(ECONNRESET, error);
	ASSERT_EQ(0, stats_get(&self->clean, &stats));
	EXPECT_EQ(1, stats.ended[KTURN_END_REASON_CLIENT_RESET]);
}

TEST_HARNESS_MAIN
