// SPDX-License-Identifier: GPL-2.0-only
/*
 * Relays that are opened, used and ended in every way at random, by several
 * processes at once, while others look and delete.
 *
 * KTURN_STRESS_SECONDS: how long, 10 by default; KTURN_STRESS_RELAYS: how many at
 * a time, 48 by default; KTURN_STRESS_SEED: what a failure has printed, though the
 * scheduler takes its part as well.
 */
#define _GNU_SOURCE
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"
#include "lib/tls.h"

#define USERS		3
#define SLOTS_MAX	1000

/* The harness wants a constant; this is for runs of hours. */
#define STRESS_TIMEOUT_S	(24 * 3600)

/* Relays of this group may be deleted by the meddler, at any time. */
#define FAIR_GAME	1
#define HANDS_OFF	2

static uint32_t random_state;

/* xorshift: the same seed takes the same way. */
static uint32_t draw(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

struct slot {
	bool used;
	bool disturbed;		/* its bytes need not all arrive any more */
	int64_t id;
	struct path path;
	struct stream stream[2];
};

struct user {
	struct door door;
	uint32_t slots;
	uint32_t opened;
	struct slot slot[SLOTS_MAX];
};

static const struct path_options shapes[] = {
	{ },
	{ .end = { { 4096, 4096 }, { 4096, 4096 } }, .leg = { { 4096, 4096 }, { 4096, 4096 } } },
	{ .end = { { 0, 4096 }, { 0, 4096 } }, .leg = { { 4096, 0 }, { 4096, 0 } } },
};

static uint64_t setting(const char *name, uint64_t by_default)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : by_default;
}

static uint64_t stress_seconds(void)
{
	return setting("KTURN_STRESS_SECONDS", 10);
}

static uint32_t slots_per_user(void)
{
	uint64_t slots = setting("KTURN_STRESS_RELAYS", 48) / USERS + 1;

	return slots < SLOTS_MAX ? slots : SLOTS_MAX;
}

static uint32_t stress_seed(void)
{
	const char *text = getenv("KTURN_STRESS_SEED");
	uint32_t seed;

	if (text)
		return strtoul(text, NULL, 0);
	return getrandom(&seed, sizeof(seed), 0) == sizeof(seed) ? seed : 1;
}

static void slot_free(struct slot *slot)
{
	close_fd(&slot->path.end[CLIENT]);
	close_fd(&slot->path.end[PEER]);
	path_close_legs(&slot->path);
	slot->used = false;
}

static int slot_open(struct user *user, struct slot *slot)
{
	const uint64_t group = draw(2) ? FAIR_GAME : HANDS_OFF;
	const uint32_t engine = draw(2) ? KTURN_ENGINE_SOFTIRQ : KTURN_ENGINE_PROCESS;
	struct add add = { .group = &group, .engine = &engine };
	enum side side;

	memset(slot, 0, sizeof(*slot));
	if (path_open(&slot->path, draw(3), &shapes[draw(ARRAY_SIZE(shapes))]))
		return -1;
	slot->used = true;
	for (side = CLIENT; side <= PEER; side++)
		if (!draw(3) && tls_path(&slot->path, side, draw(2) ? &tls12 : &tls13) < 0)
			return -1;
	if (slot->path.tls[CLIENT] || slot->path.tls[PEER])
		add.engine = NULL;
	for (side = CLIENT; side <= PEER; side++) {
		slot->stream[side] = stream_from(&slot->path, side, draw(50000));
		slot->stream[side].seed = draw(1000);
		if (draw(2) && stream_push_all(&slot->stream[side]) < 0)
			return -1;
		add.fd[side] = &slot->path.leg[side];
	}
	slot->id = relay_add_with(&user->door, &add);
	if (slot->id <= 0)
		return fail("relay-add: %s", user->door.text);
	user->opened++;
	slot->disturbed = group == FAIR_GAME;
	if (draw(4))
		path_close_legs(&slot->path);
	return 0;
}

/* A failure of the streams counts only where nobody has meddled. */
static int judge(struct slot *slot, int ret)
{
	if (ret >= 0)
		return 0;
	if (!slot->disturbed || slot->stream[CLIENT].corrupt || slot->stream[PEER].corrupt)
		return -1;
	slot_free(slot);
	return 0;
}

static int slot_push(struct slot *slot)
{
	struct stream *stream = &slot->stream[draw(2)];

	if (stream->fin_sent)
		return 0;
	stream->size += draw(30000);
	stream->write_size = draw(2) ? 0 : 1 + draw(2000);
	return judge(slot, stream_push(stream));
}

static int slot_pull(struct slot *slot)
{
	struct stream *stream = &slot->stream[draw(2)];

	if (stream->eof)
		return 0;
	stream->read_size = draw(2) ? 0 : 1 + draw(2000);
	return judge(slot, stream_pull(stream));
}

/* To the end, both ways: everything has to have arrived. */
static int slot_finish(struct slot *slot)
{
	enum side side;

	/* Kept descriptors would keep a deleted relay's sockets open. */
	path_close_legs(&slot->path);
	for (side = CLIENT; side <= PEER; side++) {
		slot->stream[side].fin = true;
		slot->stream[side].write_size = 0;
		slot->stream[side].read_size = 0;
	}
	if (judge(slot, streams_run(slot->stream, 2)))
		return -1;
	if (slot->used)
		slot_free(slot);
	return 0;
}

static int slot_half_close(struct slot *slot)
{
	struct stream *stream = &slot->stream[draw(2)];

	stream->fin = true;
	stream->size = stream->sent;
	return judge(slot, stream_push(stream));
}

static int slot_reset(struct slot *slot)
{
	reset_fd(&slot->path.end[draw(2)]);
	slot_free(slot);
	return 0;
}

static int slot_close(struct slot *slot)
{
	close_fd(&slot->path.end[draw(2)]);
	slot_free(slot);
	return 0;
}

static int slot_urgent(struct slot *slot)
{
	slot->disturbed = true;
	send(slot->path.end[draw(2)], "!", 1, MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL);
	slot_free(slot);
	return 0;
}

static int slot_delete(struct user *user, struct slot *slot)
{
	bool may_be_gone = slot->disturbed ||
			   (slot->stream[CLIENT].fin_sent && slot->stream[PEER].fin_sent);
	struct relay relay;
	int ret = relay_del(&user->door, slot->id, &relay);

	if (ret && (ret != -ENOENT || !may_be_gone))
		return fail("relay-del: %d %s", ret, user->door.text);
	slot_free(slot);
	return 0;
}

static int user_restart(struct user *user)
{
	uint32_t i;

	door_close(&user->door);
	for (i = 0; i < user->slots; i++)
		if (user->slot[i].used)
			slot_free(&user->slot[i]);
	return door_open(&user->door);
}

static int user_step(struct user *user)
{
	struct slot *slot = &user->slot[draw(user->slots)];
	uint32_t what;

	if (!slot->used)
		return slot_open(user, slot);
	what = draw(1000);
	if (what < 450)
		return slot_push(slot);
	if (what < 900)
		return slot_pull(slot);
	if (what < 925)
		return slot_half_close(slot);
	if (what < 945)
		return slot_finish(slot);
	if (what < 965)
		return slot_reset(slot);
	if (what < 980)
		return slot_close(slot);
	if (what < 985)
		return slot_urgent(slot);
	if (what < 998)
		return slot_delete(user, slot);
	return user_restart(user);
}

static int user_run(uint64_t until)
{
	static struct user user;
	uint32_t i;

	user.slots = slots_per_user();
	if (door_open(&user.door))
		return -1;
	/* However slow the machine is, each slot was used. */
	while (now_ms() < until || user.opened <= user.slots)
		if (user_step(&user))
			return -1;
	for (i = 0; i < user.slots; i++)
		if (user.slot[i].used && slot_finish(&user.slot[i]))
			return -1;
	return 0;
}

/* Looks at everything, and deletes what it may. */
static int meddle(struct door *door)
{
	static struct relay relays[USERS * SLOTS_MAX];
	struct relay one;
	struct stats stats;
	int count, i, ret;

	count = relay_dump(door, NULL, relays, ARRAY_SIZE(relays));
	if (count < 0)
		return fail("dump: %d", count);
	for (i = 0; i < count && i < (int)ARRAY_SIZE(relays); i++) {
		ret = 0;
		if (relays[i].group == FAIR_GAME && !draw(20))
			ret = relay_del(door, relays[i].id, &one);
		else if (!draw(4))
			ret = relay_get(door, relays[i].id, &one);
		if (ret && ret != -ENOENT)
			return fail("get or del: %d", ret);
	}
	if (!draw(50) && group_del(door, FAIR_GAME, NULL, 0) < 0)
		return fail("del of a group: %s", door->text);
	if (relay_add(door, 0, 98765) >= 0)
		return fail("a relay of nothing");
	return stats_get(door, &stats) ? fail("stats") : 0;
}

static int meddler_run(uint64_t until)
{
	struct door door;

	if (door_open(&door))
		return -1;
	while (now_ms() < until)
		if (meddle(&door))
			return -1;
	return 0;
}

/* 0 is the meddler. */
static pid_t start(int number, uint32_t seed, uint64_t until)
{
	pid_t pid = fork();
	int ret;

	if (pid)
		return pid;
	random_state = (seed + number) * 2654435761u | 1;
	ret = number ? user_run(until) : meddler_run(until);
	if (ret)
		fprintf(stderr, "# process %d: %s\n", number, why);
	_exit(ret ? 1 : 0);
}

FIXTURE(stress) {
	struct door door;
};

FIXTURE_SETUP(stress)
{
	const struct rlimit many = { .rlim_cur = 8 * SLOTS_MAX, .rlim_max = 8 * SLOTS_MAX };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &many));
	ASSERT_EQ(0, fresh_netns()) TH_LOG("%s", why);
	ASSERT_EQ(0, door_open(&self->door)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(stress)
{
	door_close(&self->door);
}

static uint64_t ends(const struct stats *stats)
{
	uint64_t sum = 0;
	int reason;

	for (reason = 0; reason <= KTURN_END_REASON_ERROR; reason++)
		sum += stats->ended[reason];
	return sum;
}

TEST_F_TIMEOUT(stress, at_random, STRESS_TIMEOUT_S)
{
	uint64_t until = now_ms() + stress_seconds() * 1000;
	uint32_t seed = stress_seed();
	struct stats stats;
	pid_t pid[USERS + 1];
	int i, status;

	for (i = 0; i <= USERS; i++) {
		pid[i] = start(i, seed, until);
		ASSERT_GT(pid[i], 0);
	}
	for (i = 0; i <= USERS; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status) TH_LOG("process %d with seed %u", i, seed);
	}
	EXPECT_TRUE(await(!stats_get(&self->door, &stats) && !stats.relays));
	EXPECT_EQ(stats.created, ends(&stats));
	EXPECT_GT(stats.created, USERS * slots_per_user());
	EXPECT_EQ(0, stats.ended[KTURN_END_REASON_ERROR]);
	TH_LOG("%ju relays, %ju bytes, ends: eof %ju, resets %ju, deleted %ju, owner %ju, urgent %ju",
	       (uintmax_t)stats.created,
	       (uintmax_t)(stats.bytes_from[CLIENT] + stats.bytes_from[PEER]),
	       (uintmax_t)stats.ended[KTURN_END_REASON_EOF],
	       (uintmax_t)(stats.ended[KTURN_END_REASON_CLIENT_RESET] +
			   stats.ended[KTURN_END_REASON_PEER_RESET]),
	       (uintmax_t)stats.ended[KTURN_END_REASON_DELETED],
	       (uintmax_t)stats.ended[KTURN_END_REASON_OWNER_GONE],
	       (uintmax_t)stats.ended[KTURN_END_REASON_URGENT]);
}

TEST_HARNESS_MAIN
