/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be measured, and what came out.
 */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"
#include "calls.h"
#include "meter.h"
#include "secure.h"

/**
 * struct job - the work, and the way from client to peer
 * @rival: what is on that way; only a name
 * @work: name of the work
 * @label: how it is called in the result
 * @bytes: to carry each way that has any, over all streams
 * @relays: number of streams
 * @size: bytes in a message
 * @rounds: number of messages, bursts or set-ups
 * @client_ns: network namespace of the client
 * @peer_ns: of the peer
 * @peer: where the peer listens; with several ports, the first
 * @to: where the client connects, unless @via
 * @via: TURN server
 * @has_via: @via is set
 * @user: for the TURN server
 * @password: likewise
 * @secure: how to speak TLS with it, or NULL
 * @per_allocation: streams of one TURN allocation
 * @indications: datagrams travel in Send and Data indications, not in a channel
 * @auto_buffers: the ends' buffers grow as the kernel likes
 * @timeout_ms: nothing moves for so long: a stall
 * @count: count the system calls of programs of this name as well, or NULL
 * @server: process that is the server; 0 if none is
 */
struct job {
	const char *rival, *work, *label;
	uint64_t bytes;
	unsigned int relays, size, rounds;
	const char *client_ns, *peer_ns;
	union addr peer, to, via;
	bool has_via;
	char *user, *password;
	const struct secure *secure;
	unsigned int per_allocation;
	bool indications, auto_buffers;
	int timeout_ms;
	const char *count;
	pid_t server;
};

#define OUTCOME_MAX 160

/**
 * struct result - what a job has come to; what does not apply is 0
 * @outcome: "ok", or what went wrong
 * @half_close: the same for the answer to a half-close, empty if not tried
 * @meter: of all of it
 * @bytes: payload carried, all ways
 * @rounds: messages answered, bursts, set-ups, or datagrams that have arrived
 * @p50: half of the rounds took no longer, in ns
 * @p99: nor did 99 % of them take longer than this
 * @calls: system calls of the counted programs
 * @server_ns: CPU time of the server, in the span
 * @kernel_bytes: memory of the kernel, more than before
 * @user_bytes: memory of the server, more than before
 */
struct result {
	char outcome[OUTCOME_MAX], half_close[OUTCOME_MAX];
	struct meter meter;
	uint64_t bytes, rounds, p50, p99;
	struct calls calls;
	uint64_t server_ns;
	int64_t kernel_bytes, user_bytes;
};

/**
 * result_fail() - note what went wrong, unless something did before
 *
 * Return: -1.
 */
int result_fail(struct result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * span_start() - what is measured begins
 */
void span_start(const struct job *job, struct result *result);

/**
 * span_stop() - and has ended
 */
void span_stop(const struct job *job, struct result *result);

/**
 * result_times() - note the percentiles of how long the rounds took
 * @ns: is sorted
 */
void result_times(struct result *result, uint64_t *ns, size_t n);

/**
 * result_print() - one line of JSON
 */
void result_print(const struct job *job, const struct result *result);

#endif
