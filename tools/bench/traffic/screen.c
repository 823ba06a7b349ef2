// SPDX-License-Identifier: GPL-2.0-only
/*
 * A shared screen, as such traffic is shaped: every 33 ms what has changed, 1 to
 * 30 KB of it, and now and then a few bytes back, somebody's pointer.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "net.h"
#include "pattern.h"
#include "sides.h"
#include "work.h"

#define BURST_MIN	1000
#define BURST_MAX	30000
#define INTERVAL	33000000	/* ns */
#define POINTER		60		/* bytes back */
#define POINTER_EVERY	3		/* bursts */

/**
 * struct film - what both sides know of each burst
 * @start: when it was sent
 * @took: until it had arrived whole
 * @len: its length
 */
struct film {
	uint64_t start, took;
	uint32_t len;
};

/* The same ones in every run. */
static uint64_t cut(struct film *film, unsigned int n)
{
	uint32_t state = 1;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < n; i++) {
		state = state * 1664525 + 1013904223;
		film[i].len = BURST_MIN + (state >> 8) % (BURST_MAX - BURST_MIN + 1);
		sum += film[i].len;
	}
	return sum;
}

static void sleep_until(uint64_t ns)
{
	struct timespec at = { ns / 1000000000, ns % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* The pointer's bytes are taken when they are there; nobody waits for them. */
static int take_pointer(struct sides *sides, uint64_t *pos, bool wait)
{
	uint8_t buf[PATTERN_PIECE];
	ssize_t n = recv(sides->pairs.client[0], buf, sizeof(buf), wait ? 0 : MSG_DONTWAIT);

	if (n <= 0)
		return wait ? result_fail(sides->result, "lost: bytes to the client") : 0;
	if (!pattern_check(*pos, buf, n))
		return result_fail(sides->result, "wrong bytes to the client after %llu",
				   (unsigned long long)*pos);
	*pos += n;
	return 0;
}

static int show(struct sides *sides, uint64_t *back)
{
	struct film *film = sides->shared;
	uint64_t next = meter_now(), pos = 0;

	for (unsigned int i = 0; i < sides->job->rounds; i++) {
		next += INTERVAL;
		sleep_until(next);
		if (take_pointer(sides, back, false))
			return -1;
		film[i].start = meter_now();
		if (net_send(sides->pairs.client[0], pattern_at(pos), film[i].len,
			     sides->job->timeout_ms))
			return result_fail(sides->result, "burst %u: not sent", i);
		pos += film[i].len;
	}
	return 0;
}

static int client(struct sides *sides)
{
	uint64_t back = 0, due = sides->job->rounds / POINTER_EVERY * POINTER;
	int err;

	span_start(sides->job, sides->result);
	err = show(sides, &back);
	while (!err && back < due)
		err = take_pointer(sides, &back, true);
	span_stop(sides->job, sides->result);
	return err;
}

static int watch_burst(struct sides *sides, struct film *film, uint64_t pos)
{
	uint8_t buf[PATTERN_PIECE];

	for (uint32_t have = 0; have < film->len;) {
		ssize_t n = recv(sides->pairs.peer[0], buf, film->len - have, 0);

		if (n <= 0)
			return result_fail(sides->result, "lost: bytes to the peer after %llu",
					   (unsigned long long)pos);
		if (!pattern_check(pos + have, buf, n))
			return result_fail(sides->result, "wrong bytes to the peer after %llu",
					   (unsigned long long)pos);
		have += n;
	}
	film->took = meter_now() - film->start;
	return 0;
}

static int peer(struct sides *sides)
{
	struct film *film = sides->shared;
	uint64_t pos = 0, back = 0;

	for (unsigned int i = 0; i < sides->job->rounds; i++) {
		if (watch_burst(sides, &film[i], pos))
			return -1;
		pos += film[i].len;
		if ((i + 1) % POINTER_EVERY)
			continue;
		if (net_send(sides->pairs.peer[0], pattern_at(back), POINTER,
			     sides->job->timeout_ms))
			return result_fail(sides->result, "pointer not sent");
		back += POINTER;
	}
	return 0;
}

static void limit(int fd, int timeout_ms)
{
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

static void note_times(struct result *result, const struct film *film, unsigned int n)
{
	uint64_t *times = sides_map(n * sizeof(*times));

	for (unsigned int i = 0; i < n; i++)
		times[i] = film[i].took;
	result_times(result, times, n);
}

void work_screen(const struct job *job, struct result *result)
{
	struct sides sides = { .job = job, .result = result };
	struct film *film = sides_map(job->rounds * sizeof(*film));

	sides.shared = film;
	result->bytes = cut(film, job->rounds) + job->rounds / POINTER_EVERY * POINTER;
	result->rounds = job->rounds;
	if (!pairs_open(&sides.pairs, job, result)) {
		limit(sides.pairs.client[0], job->timeout_ms);
		limit(sides.pairs.peer[0], job->timeout_ms);
		sides_run(&sides, client, peer);
		note_times(result, film, job->rounds);
	}
	pairs_close(&sides.pairs);
}
