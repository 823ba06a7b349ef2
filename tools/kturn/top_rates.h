/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kturn top knows: relays as they are now, and what has moved since the dump
 * before. No screen in here.
 */
#ifndef KTURN_TOP_RATES_H
#define KTURN_TOP_RATES_H

#include "genl.h"

#define TOP_HISTORY	32	/* rates that are remembered */
#define TOP_UNKNOWN	-1.0f	/* a rate before there were two dumps to tell it */

/* The directions of a relay. */
enum top_direction { TOP_TO_PEER, TOP_TO_CLIENT, TOP_DIRECTIONS };

/**
 * enum top_wait - why a flow's bytes wait
 * @TOP_NO_WAIT: they do not
 * @TOP_FOR_RECEIVER: the receiving side does not take them: its window is closed, or it
 *	does not acknowledge
 * @TOP_FOR_LIMIT: the relay's own limit of rate holds them back
 */
enum top_wait { TOP_NO_WAIT, TOP_FOR_RECEIVER, TOP_FOR_LIMIT };

/**
 * struct top_flow - one direction
 * @bytes: and the next five are as the module has told them
 * @wait: since the dump before, and still
 * @waited_ms: for how long
 * @rate: bytes per second since the dump before, or TOP_UNKNOWN
 * @history: the last rates, the latest at struct top_rates' tick; see top_history()
 */
struct top_flow {
	uint64_t bytes, waits, idle_ms;
	uint32_t queued, unacked;
	bool eof;
	enum top_wait wait;
	uint64_t waited_ms;
	float rate;
	float history[TOP_HISTORY];
};

/**
 * struct top_relay - a relay
 * @limit: of its rate, bytes per second; 0 for none
 */
struct top_relay {
	uint64_t id, group, age_ms, limit;
	uint32_t state, engine;
	union addr client, peer;
	struct top_flow flow[TOP_DIRECTIONS];
};

/**
 * struct top_rates - two dumps, both in the order of ids; all zero is a valid start
 * @relay: @count of them, as they are now
 * @before: those of the dump before
 * @met: of these, so many have smaller ids than those that have come so far
 * @tick: counts dumps
 */
struct top_rates {
	struct top_relay *relay, *before;
	size_t count, room, count_before, room_before, met;
	unsigned int tick;
};

/**
 * struct top_total - of all relays together
 * @rate: bytes per second, in each direction
 * @waiting: relays of which a flow waits
 */
struct top_total {
	double rate[TOP_DIRECTIONS];
	size_t waiting;
};

/**
 * top_rates_begin() - begin with another dump
 */
void top_rates_begin(struct top_rates *rates);

/**
 * top_rates_add() - take the next relay of it; they come in the order of their ids
 *
 * Return: 0 or -ENOMEM.
 */
int top_rates_add(struct top_rates *rates, const struct kturn_relay *relay);

/**
 * top_total() - sum up
 */
struct top_total top_total(const struct top_rates *rates);

/**
 * top_history() - a flow's rates in the order of time, the latest last
 */
void top_history(const struct top_rates *rates, const struct top_flow *flow,
		 float history[TOP_HISTORY]);

/**
 * top_rate() - both directions of a relay together; what is unknown counts as 0
 */
double top_rate(const struct top_relay *relay);

/**
 * top_waited_ms() - for how long that flow of the two waits that has waited longer
 */
uint64_t top_waited_ms(const struct top_relay *relay);

/**
 * top_rates_free() - free both dumps
 */
void top_rates_free(struct top_rates *rates);

#endif
