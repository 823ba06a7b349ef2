// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bulk: first an eighth of it, so that windows are open and memory is there,
 * then all of it by the clock. It has arrived when the peer, which has compared
 * every byte, has answered on every stream with one of its own.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net.h"
#include "pattern.h"
#include "pump.h"
#include "sides.h"
#include "work.h"

#define TAIL 3000	/* bytes that the peer sends when the client has closed its half */

/* Bytes on one stream, before the clock runs and then. */
struct plan {
	uint64_t warm, timed;
	bool both_ways;
};

static uint64_t backward(const struct plan *plan, uint64_t forward)
{
	return plan->both_ways ? forward : 0;
}

static int client_pump(struct pump *pump, const struct plan *plan, uint64_t bytes)
{
	return pump_run(pump, bytes, backward(plan, bytes) + 1, false);
}

static int peer_pump(struct pump *pump, const struct plan *plan, uint64_t bytes)
{
	return pump_run(pump, backward(plan, bytes), bytes, true);
}

/* After a half-close, the other half has to go on until it is closed as well. */
static int client_half_close(const struct sides *sides)
{
	int fd = sides->pairs.client[0], timeout = sides->job->timeout_ms;
	struct result *result = sides->result;
	char buf[TAIL];
	int err;

	net_finish(fd, timeout);
	err = net_recv_all(fd, buf, sizeof(buf), timeout);
	if (!err && !pattern_check(0, buf, sizeof(buf)))
		snprintf(result->half_close, OUTCOME_MAX, "wrong bytes in the answer");
	else if (!err && net_recv(fd, buf, sizeof(buf), timeout))
		snprintf(result->half_close, OUTCOME_MAX, "the answer has no proper end");
	else
		snprintf(result->half_close, OUTCOME_MAX, "%s",
			 err ? "the answer is lost" : "ok");
	return 0;
}

static int peer_half_close(const struct sides *sides)
{
	int fd = sides->pairs.peer[0], timeout = sides->job->timeout_ms;
	char byte;

	if (!net_recv(fd, &byte, 1, timeout) && !net_send(fd, pattern_at(0), TAIL, timeout))
		shutdown(fd, SHUT_WR);
	return 0;
}

static int client(struct sides *sides)
{
	const struct plan *plan = sides->shared;
	struct pump *pump = pump_new(sides->pairs.client, sides->pairs.n, sides->job,
				     sides->result);
	int err = client_pump(pump, plan, plan->warm);

	if (!err) {
		span_start(sides->job, sides->result);
		err = client_pump(pump, plan, plan->timed);
		span_stop(sides->job, sides->result);
	}
	pump_free(pump);
	return err ? err : client_half_close(sides);
}

static int peer(struct sides *sides)
{
	const struct plan *plan = sides->shared;
	struct pump *pump = pump_new(sides->pairs.peer, sides->pairs.n, sides->job,
				     sides->result);
	int err = peer_pump(pump, plan, plan->warm);

	if (!err)
		err = peer_pump(pump, plan, plan->timed);
	pump_free(pump);
	return err ? err : peer_half_close(sides);
}

void work_bulk(const struct job *job, struct result *result, bool both_ways)
{
	struct sides sides = { .job = job, .result = result };
	struct plan *plan = sides_map(sizeof(*plan));

	plan->both_ways = both_ways;
	plan->timed = job->bytes / job->relays;
	plan->warm = plan->timed / 8;
	sides.shared = plan;
	if (!pairs_open(&sides.pairs, job, result)) {
		sides_run(&sides, client, peer);
		result->bytes = plan->timed * job->relays * (both_ways ? 2 : 1);
	}
	pairs_close(&sides.pairs);
}
