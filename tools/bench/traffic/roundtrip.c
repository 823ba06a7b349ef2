// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "net.h"
#include "pattern.h"
#include "sides.h"
#include "work.h"

#define WARM 50		/* rounds before the clock runs */

static uint8_t message[PATTERN_PIECE];

/* So that a stall ends; poll() before each recv() would cost more than that. */
static void limit(int fd, int timeout_ms)
{
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

static int receive(int fd, size_t size, uint64_t round, struct result *result)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = recv(fd, message + have, size - have, 0);

		if (n <= 0)
			return result_fail(result, "round %llu: %s", (unsigned long long)round,
					   n ? "stalled or reset" : "lost: the stream ended");
		have += n;
	}
	if (!pattern_check(round, message, size))
		return result_fail(result, "round %llu: wrong bytes", (unsigned long long)round);
	return 0;
}

/* Each message starts one byte later in the pattern than the one before. */
static int transmit(int fd, size_t size, uint64_t round, struct result *result)
{
	if (send(fd, pattern_at(round), size, MSG_NOSIGNAL) != (ssize_t)size)
		return result_fail(result, "round %llu: not sent", (unsigned long long)round);
	return 0;
}

static int go_round(const struct sides *sides, uint64_t round)
{
	int fd = sides->pairs.client[0];
	size_t size = sides->job->size;

	if (transmit(fd, size, round, sides->result))
		return -1;
	return receive(fd, size, round, sides->result);
}

static int timed_rounds(struct sides *sides)
{
	uint64_t *times = sides->shared;

	for (unsigned int i = 0; i < sides->job->rounds; i++) {
		uint64_t start = meter_now();

		if (go_round(sides, WARM + i))
			return -1;
		times[i] = meter_now() - start;
	}
	return 0;
}

static int client(struct sides *sides)
{
	struct result *result = sides->result;
	int err;

	limit(sides->pairs.client[0], sides->job->timeout_ms);
	for (unsigned int i = 0; i < WARM; i++)
		if (go_round(sides, i))
			return -1;
	span_start(sides->job, result);
	err = timed_rounds(sides);
	span_stop(sides->job, result);
	if (err)
		return err;
	result_times(result, sides->shared, sides->job->rounds);
	return 0;
}

static int peer(struct sides *sides)
{
	int fd = sides->pairs.peer[0];
	size_t size = sides->job->size;

	limit(fd, sides->job->timeout_ms);
	for (unsigned int i = 0; i < WARM + sides->job->rounds; i++)
		if (receive(fd, size, i, sides->result) || transmit(fd, size, i, sides->result))
			return -1;
	return 0;
}

void work_roundtrip(const struct job *job, struct result *result)
{
	struct sides sides = { .job = job, .result = result };

	sides.shared = sides_map(job->rounds * sizeof(uint64_t));
	if (!pairs_open(&sides.pairs, job, result)) {
		sides_run(&sides, client, peer);
		result->rounds = job->rounds;
		result->bytes = (uint64_t)job->rounds * job->size * 2;
	}
	pairs_close(&sides.pairs);
}
