// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>
#include <time.h>

#include "../kmod/bucket.h"
#include "splice_limit.h"

#define NS_PER_MS	1000000
#define NS_PER_SECOND	KTURN_BUCKET_SECOND

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static void start_timer(struct splice_relay *relay, uint64_t ns)
{
	const struct timeval wait = { ns / NS_PER_SECOND, ns % NS_PER_SECOND / 1000 + 1 };

	evtimer_add(relay->idle, &wait);
}

/* While bytes move it only looks how long that is ago, and waits for the rest. */
static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	struct splice_relay *relay = arg;
	const uint64_t limit = (uint64_t)relay->idle_ms * NS_PER_MS;
	const uint64_t quiet = now_ns() - relay->last_move;

	(void)fd, (void)what;
	if (quiet >= limit)
		splice_relay_end(relay, RELAY_REASON_IDLE);
	else
		start_timer(relay, limit - quiet);
}

int splice_limit_start(struct splice_relay *relay, struct event_base *base)
{
	if (!relay->idle_ms)
		return 0;
	relay->idle = evtimer_new(base, on_idle, relay);
	if (!relay->idle)
		return -ENOMEM;
	relay->last_move = now_ns();
	start_timer(relay, (uint64_t)relay->idle_ms * NS_PER_MS);
	return 0;
}

void splice_limit_stop(struct splice_relay *relay)
{
	if (relay->idle)
		event_free(relay->idle);
	relay->idle = NULL;
}

size_t splice_limit_budget(struct splice_relay *relay, enum splice_side from, size_t most)
{
	const uint64_t empty = relay->flow[from].bucket, rate = relay->rate;
	uint64_t now, has, worth;

	if (!rate)
		return most;
	now = now_ns();
	has = kturn_bucket_has(empty, rate, now);
	worth = kturn_bucket_worth(rate, most);
	if (has >= worth)
		return has < most ? has : most;
	splice_relay_again(relay, kturn_bucket_wait(empty, rate, now, worth) / NS_PER_MS + 1);
	return 0;
}

void splice_limit_taken(struct splice_relay *relay, enum splice_side from, size_t bytes)
{
	struct splice_flow *flow = &relay->flow[from];

	if (relay->rate)
		flow->bucket = kturn_bucket_take(flow->bucket, relay->rate, now_ns(), bytes);
}

void splice_limit_moved(struct splice_relay *relay)
{
	if (relay->idle_ms)
		relay->last_move = now_ns();
}
