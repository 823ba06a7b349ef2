/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The channels of an allocation (RFC 8656, section 12): a number and a peer's
 * transport address, one to one.
 */
#ifndef KTURN_CHANNEL_H
#define KTURN_CHANNEL_H

#include <stdint.h>
#include <time.h>

#include "addr.h"

#define CHANNEL_FIRST		0x4000
#define CHANNEL_LAST		0x4fff
#define CHANNEL_LAST_RFC5766	0x7fff	/* of clients that do not know RFC 8656 */
#define CHANNEL_HEADER_LEN	4	/* the number, the length of the data */

struct channel;

/**
 * struct channels - those of one allocation; with its limits alone it is empty
 * @last: the highest number
 * @max: how many there may be
 * @lifetime: of each, in seconds
 */
struct channels {
	uint16_t last;
	unsigned int max, lifetime;
	struct channel *by_number, *by_peer;
	unsigned int n;
};

/**
 * channels_check() - tell whether a channel can be bound
 * @now: seconds; what has expired by then is not bound any more
 *
 * Return: 0; 400 if the number is none, or bound to another peer, or the peer to
 * another number; 508 if there are too many.
 */
unsigned int channels_check(struct channels *channels, uint16_t number,
			    const union addr *peer, time_t now);

/**
 * channels_bind() - bind a channel that channels_check() allows, or refresh it
 *
 * Return: 0 or -ENOMEM.
 */
int channels_bind(struct channels *channels, uint16_t number, const union addr *peer,
		  time_t now);

/**
 * channels_peer() - the peer that a number is bound to, or NULL
 */
const union addr *channels_peer(const struct channels *channels, uint16_t number, time_t now);

/**
 * channels_number() - the number that a peer is bound to, or 0
 */
uint16_t channels_number(const struct channels *channels, const union addr *peer, time_t now);

/**
 * typedef channel_fn - look at one
 * @expires: in seconds
 */
typedef void (*channel_fn)(const union addr *peer, uint16_t number, time_t expires, void *arg);

/**
 * channels_each() - look at all of them
 */
void channels_each(const struct channels *channels, channel_fn fn, void *arg);

/**
 * channels_clear() - unbind all of them
 */
void channels_clear(struct channels *channels);

#endif
