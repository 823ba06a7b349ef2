/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which relays are meant, where a command is about some of them.
 */
#ifndef KTURN_RELAY_FILTER_H
#define KTURN_RELAY_FILTER_H

#include "genl.h"
#include "network.h"

struct options;

/**
 * struct relay_filter - what holds for all that are meant
 * @which: what the kernel leaves out by itself
 * @by_peer: the peer is in @peer
 * @idle_from_ms: they have been idle for so long, in both directions
 * @idle_below_ms: and for less than this
 * @engine: what moves their bytes, as the family has it; NULL: whatever it is
 */
struct relay_filter {
	struct kturn_which which;
	bool by_peer;
	struct network peer;
	uint64_t idle_from_ms, idle_below_ms;
	const char *engine;
};

/**
 * relay_filter_read() - take it from the command line, or complain
 * @opt: is kept; its time is "+60s" for 60 seconds or more, "-60s" for less
 *
 * Return: false after a complaint.
 */
bool relay_filter_read(struct relay_filter *filter, const struct options *opt);

/**
 * relay_filter_fits() - whether a relay is meant
 */
bool relay_filter_fits(const struct relay_filter *filter, const struct kturn_relay *relay);

/**
 * relay_idle_ms() - since when a relay has been idle: as long as the livelier direction
 */
uint64_t relay_idle_ms(const struct kturn_relay *relay);

#endif
