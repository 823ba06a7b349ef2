/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The relays that a monitor knows of, so that it can say what it has missed when it
 * learns that it has missed something.
 */
#ifndef KTURN_MONITOR_KNOWN_H
#define KTURN_MONITOR_KNOWN_H

#include <uthash.h>

#include "genl.h"

/**
 * struct known_relay - what is said of a relay that is gone
 * @told: it has been said that this relay is there
 * @round: of the last look at all relays that has found it
 */
struct known_relay {
	uint64_t id, group;
	struct kturn_leg client, peer;
	bool told;
	unsigned int round;
	UT_hash_handle hh;
};

/**
 * struct known - a set of them; all zero is empty
 */
struct known {
	struct known_relay *relays;
	unsigned int round;
};

/**
 * known_look() - begin to look at all relays
 */
void known_look(struct known *known);

/**
 * known_found() - a look has found this one
 * @told: if it is new, this is said
 *
 * Return: 1 if it is new, 0 if not, or -ENOMEM.
 */
int known_found(struct known *known, const struct kturn_relay *relay, bool told);

/**
 * known_missing() - the look is over: take out what it has not found
 * @fn: is called for each
 */
void known_missing(struct known *known,
		   void (*fn)(const struct known_relay *relay, void *arg), void *arg);

/**
 * known_added() - a notification says that this relay was made
 *
 * Return: 1 if that is news, 0 if it has been said before, or -ENOMEM.
 */
int known_added(struct known *known, const struct kturn_relay *relay);

/**
 * known_ended() - a notification says that this relay has ended
 *
 * Return: whether it was known.
 */
bool known_ended(struct known *known, uint64_t id);

/**
 * known_count() - how many there are
 */
size_t known_count(const struct known *known);

/**
 * known_free() - make it empty
 */
void known_free(struct known *known);

#endif
