/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon knows of requests joined with what the module knows of relays, and the
 * verdicts upon it. All of it is in JSON, as docs/diagnose.schema.json has it; the daemon
 * has its own part of that form already.
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
 * diagnosis_new() - of nothing yet
 * @now_us: microseconds since 1970
 */
struct diagnosis *diagnosis_new(uint64_t now_us);

/**
 * diagnosis_free() - NULL is nothing
 */
void diagnosis_free(struct diagnosis *diagnosis);

/**
 * diagnosis_add_history() - what the daemon tells of a client
 */
void diagnosis_add_history(struct diagnosis *diagnosis, json_t *history);

/**
 * diagnosis_add_relay() - what the module tells; after all histories
 */
void diagnosis_add_relay(struct diagnosis *diagnosis, const struct kturn_relay *relay);

/**
 * diagnosis_judge() - come to the verdicts
 * @which: leave out what is not meant
 *
 * Return: an array that is @diagnosis' own.
 */
const json_t *diagnosis_judge(struct diagnosis *diagnosis, const struct diagnosis_which *which);

/**
 * diagnosis_causes() - how many causes there are in such an array
 */
unsigned int diagnosis_causes(const json_t *histories);

#endif
