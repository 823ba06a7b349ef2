/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTURN_FUZZ_WORKER_H
#define KTURN_FUZZ_WORKER_H

#include "grammar.h"
#include "tally.h"

/*
 * Sends so many messages, or until something is broken anywhere. What is broken
 * is in the tally then.
 */
void work(uint64_t seed, uint64_t messages, const struct grammar *grammar,
	  struct tally *tally);

/* Made relays have ended or live: 0, or -1 with the tally or "why" set. */
int check_balance(struct door *door, struct tally *tally);

/* Deletes relays, whoever's they are; returns how many there were. */
int delete_some(struct door *door);

#endif
