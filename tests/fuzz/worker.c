// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process of several: sends requests, and keeps its relays busy meanwhile.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <stdio.h>

#include "talk.h"
#include "worker.h"

/* More than that, and they are thinned out: limits may keep them for hours. */
#define CROWDED		200

struct worker {
	struct rng rng;
	struct world world;
	struct talk talk;	/* owns the relays */
	struct talk reader;	/* always in the middle of a dump */
	bool reading;
	uint32_t seq;
	uint64_t sent;		/* as far as the kernel has seen them */
	const struct grammar *grammar;
	struct tally *tally;
};

int check_balance(struct door *door, struct tally *tally)
{
	struct stats stats;
	uint64_t ended = 0;
	size_t i;

	if (stats_get(door, &stats))
		return fail("stats-get: %s", door->text);
	for (i = 0; i < sizeof(stats.ended) / sizeof(*stats.ended); i++)
		ended += stats.ended[i];
	if (stats.created == ended + stats.relays)
		return 0;
	return broken(tally, BALANCED, "%ju created, %ju ended, %ju living",
		      (uintmax_t)stats.created, (uintmax_t)ended, (uintmax_t)stats.relays);
}

int delete_some(struct door *door)
{
	struct relay relay[64];
	int i, count = relay_dump(door, NULL, relay, 64);

	for (i = 0; i < count && i < 64; i++)
		relay_del(door, relay[i].id, &relay[i]);
	return count;
}

static int look_at_made(struct worker *w)
{
	int i;

	for (i = 0; i < w->talk.mades; i++)
		if (world_relay_made(&w->world, w->talk.made[i]))
			return -1;
	return 0;
}

/* Several in one datagram; more than half of them spoilt. */
static int send_batch(struct worker *w)
{
	static struct request rq;
	int count = one_in(&w->rng, 3) ? 1 : 1 + draw(&w->rng, BATCH);

	talk_begin(&w->talk);
	while (count--) {
		request_make(&rq, &w->rng, w->grammar, &w->world);
		if (draw(&w->rng, 100) < 60)
			request_spoil(&rq, &w->rng, w->grammar, &w->world);
		rq.seq = ++w->seq;
		talk_add(&w->talk, &rq, &w->rng);
	}
	if (talk_do(&w->talk))
		return -1;
	w->sent += w->talk.count;
	return look_at_made(w);
}

/* What was refused over and over with bad company is taken with good. */
static int send_good(struct worker *w)
{
	static struct request rq;
	int legs[2];

	if (!world_free_pair(&w->world, &w->rng, legs))
		return 0;
	rq = (struct request) {
		.family = world_family(&w->world), .flags = NLM_F_REQUEST | NLM_F_ACK,
		.cmd = KTURN_CMD_RELAY_ADD, .version = KTURN_GENL_VERSION, .seq = ++w->seq,
	};
	request_put_u32(&rq, KTURN_A_RELAY_CLIENT_FD, legs[CLIENT]);
	request_put_u32(&rq, KTURN_A_RELAY_PEER_FD, legs[PEER]);
	if (one_in(&w->rng, 2))
		request_put_u32(&rq, KTURN_A_RELAY_ENGINE, draw(&w->rng, 2));
	talk_begin(&w->talk);
	talk_add(&w->talk, &rq, &w->rng);
	if (talk_do(&w->talk))
		return -1;
	/* Or there are enough relays already, which is not for an attribute. */
	if (w->talk.mades != 1 && w->talk.asked[0].points)
		return broken(w->tally, ACCEPTED, "refused with error %d",
			      -w->talk.asked[0].error);
	return look_at_made(w);
}

static int start_reading(struct worker *w)
{
	static struct request rq;

	rq = (struct request) {
		.family = world_family(&w->world), .flags = NLM_F_REQUEST | NLM_F_DUMP,
		.cmd = KTURN_CMD_RELAY_GET, .version = KTURN_GENL_VERSION, .seq = ++w->seq,
	};
	talk_begin(&w->reader);
	talk_add(&w->reader, &rq, &w->rng);
	w->reading = true;
	return talk_start(&w->reader);
}

/* A dump that takes its time, and is not always read to its end. */
static int read_on(struct worker *w)
{
	if (!w->reading)
		return start_reading(w);
	if (one_in(&w->rng, 10)) {
		talk_close(&w->reader);
		w->reading = false;
		return talk_open(&w->reader);
	}
	if (talk_read_one(&w->reader) < 0)
		return -1;
	w->reading = !w->reader.asked[0].answers;
	return 0;
}

/* The owner dies, and all its relays with it. */
static int restart(struct worker *w)
{
	talk_close(&w->talk);
	return talk_open(&w->talk);
}

static int step_world(struct worker *w)
{
	const int steps = draw(&w->rng, 6);
	int i;

	for (i = 0; i < steps; i++)
		if (world_step(&w->world))
			return broken(w->tally, IN_ORDER, "%s", why);
	if (one_in(&w->rng, 10) && world_check_line(&w->world))
		return broken(w->tally, UNTOUCHED, "%s", why);
	return 0;
}

static int look_at_all(struct worker *w)
{
	if (check_balance(&w->world.door, w->tally))
		return -1;
	if (relay_dump(&w->world.door, NULL, NULL, 0) > CROWDED)
		delete_some(&w->world.door);
	return 0;
}

static int step(struct worker *w)
{
	if (one_in(&w->rng, 15) ? send_good(w) : send_batch(w))
		return -1;
	if (step_world(w))
		return -1;
	if (one_in(&w->rng, 4) && read_on(w))
		return -1;
	if (one_in(&w->rng, 100) && look_at_all(w))
		return -1;
	return one_in(&w->rng, 400) ? restart(w) : 0;
}

/* So that a failure can be looked at: the last requests before it. */
static void show_last(const struct talk *talk)
{
	size_t i;

	fprintf(stderr, "# the last datagram, of %zu bytes:", talk->len);
	for (i = 0; i < talk->len && i < 2048; i++)
		fprintf(stderr, "%s%02x", i % 32 ? " " : "\n#   ", talk->bytes[i]);
	fputc('\n', stderr);
}

static int open_all(struct worker *w, uint64_t seed)
{
	w->rng.state = seed;
	w->talk = (struct talk) {
		.grammar = w->grammar, .world = &w->world, .tally = w->tally,
	};
	w->reader = w->talk;
	return world_open(&w->world, ~seed) || talk_open(&w->talk) || talk_open(&w->reader) ?
		       -1 : 0;
}

static int close_all(struct worker *w)
{
	int ret = world_check_lines(&w->world);

	if (ret)
		broken(w->tally, UNTOUCHED, "%s", why);
	tally_add(&w->tally->bytes, w->world.bytes);
	world_close(&w->world);
	talk_close(&w->reader);
	talk_close(&w->talk);
	return ret;
}

static bool goes_on(const struct tally *tally)
{
	return !__atomic_load_n(&tally->broken, __ATOMIC_RELAXED) &&
	       !__atomic_load_n(&tally->stop, __ATOMIC_RELAXED);
}

void work(uint64_t seed, uint64_t messages, const struct grammar *grammar,
	  struct tally *tally)
{
	static struct worker w;

	why[0] = '\0';
	w.grammar = grammar;
	w.tally = tally;
	if (open_all(&w, seed)) {
		broken(tally, FINISHED, "%s", why);
		return;
	}
	while (w.sent < messages && goes_on(tally)) {
		if (!step(&w))
			continue;
		if (!tally->broken)
			broken(tally, FINISHED, "%s", why);
		fprintf(stderr, "# seed %ju, message %u\n", (uintmax_t)seed, w.seq);
		show_last(&w.talk);
		break;
	}
	close_all(&w);
}
