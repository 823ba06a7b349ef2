/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One end of a transfer: sends so many bytes, receives until the other end has
 * finished, both at once, and hashes the two.
 */
#ifndef KTURN_CLIENT_TRANSFER_H
#define KTURN_CLIENT_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "content.h"

/**
 * struct transfer_plan - what to do
 * @size: bytes to send, then FIN
 * @seed: what they are made from
 * @answer: send nothing before the other end's FIN
 * @last: send the FIN only after the other end's: its sender then knows that
 *	everything has arrived, and may take the allocation down
 * @idle_ms: how long nothing may move
 */
struct transfer_plan {
	uint64_t size, seed;
	bool answer, last;
	int idle_ms;
};

/**
 * struct transfer_result - what has happened
 */
struct transfer_result {
	uint64_t sent, received;
	uint8_t sent_hash[CONTENT_HASH_LEN], received_hash[CONTENT_HASH_LEN];
	int64_t ms;
};

/**
 * transfer_run() - send and receive
 * @result: filled in with what there was, also on failure
 *
 * Return: 0 once both ends have sent their FIN, -ETIMEDOUT if nothing moves,
 * or another negative errno, such as -ECONNRESET.
 */
int transfer_run(int fd, const struct transfer_plan *plan, struct transfer_result *result);

#endif
