/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module knows of relays joined with what the daemon knows of requests, and the
 * verdicts upon it. All of it is in JSON, as docs/schema/diagnose.json has it; the daemon
 * has its own part of that form already.
 *
 * First all relays are added, then each history; then what is left of the relays is told.
 * So of thousands of histories there is never more than one in memory.
 */
#ifndef KTURN_DIAGNOSIS_H
#define KTURN_DIAGNOSIS_H

#include <jansson.h>
#include <stdint.h>

#include "genl.h"
#include "network.h"

struct diagnosis;

/**
 * struct diagnosis_which - what is meant; what is 0 or NULL does not matter
 * @relay: the relay of this id
 * @peer: connections with a peer there
 * @user: whose
 */
struct diagnosis_which {
	uint64_t relay;
	const struct network *peer;
	const char *user;
};

/**
 * typedef diagnosis_fn - take what is known of a client, with its verdicts
 */
typedef void (*diagnosis_fn)(const json_t *history, void *arg);

/**
 * diagnosis_new() - of nothing yet
 * @now_us: microseconds since 1970
 * @which: what is meant; has to live longer
 * @fn: is called for each client that is
 *
 * Return: NULL without memory.
 */
struct diagnosis *diagnosis_new(uint64_t now_us, const struct diagnosis_which *which,
				diagnosis_fn fn, void *arg);

/**
 * diagnosis_free() - NULL is nothing
 */
void diagnosis_free(struct diagnosis *diagnosis);

/**
 * diagnosis_add_relay() - what the module tells
 */
void diagnosis_add_relay(struct diagnosis *diagnosis, const struct kturn_relay *relay);

/**
 * diagnosis_add_history() - what the daemon tells of a client; it is completed
 */
void diagnosis_add_history(struct diagnosis *diagnosis, json_t *history);

/**
 * diagnosis_end() - come to relays that no history was about
 *
 * Return: how many clients were meant.
 */
size_t diagnosis_end(struct diagnosis *diagnosis);

/**
 * diagnosis_causes() - how many causes have been found
 */
unsigned int diagnosis_causes(const struct diagnosis *diagnosis);

#endif
