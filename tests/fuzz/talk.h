/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One netlink socket: requests go out, and what comes back is held against
 * what has to.
 */
#ifndef KTURN_FUZZ_TALK_H
#define KTURN_FUZZ_TALK_H

#include "grammar.h"
#include "request.h"
#include "tally.h"
#include "world.h"

/* Requests in one datagram, and what a lie about a length makes of them. */
#define BATCH		32
#define ASKED		(4 * BATCH)

/* One message as the kernel sees it, and what came of it. */
struct asked {
	uint32_t seq;
	uint16_t type;
	uint16_t flags;
	uint32_t len;
	uint8_t cmd;
	int answers;
	int error;
	bool points;		/* the refusal names an attribute */
};

struct talk {
	int fd;
	const struct grammar *grammar;
	struct world *world;
	struct tally *tally;
	uint8_t bytes[BATCH * REQUEST_ROOM];
	size_t len;
	struct asked asked[ASKED];
	int count;
	uint64_t made[ASKED];	/* relays that the datagram has made */
	int mades;
};

int talk_open(struct talk *talk);
void talk_close(struct talk *talk);

/* The datagram: begun, added to, and sent. */
void talk_begin(struct talk *talk);
void talk_add(struct talk *talk, const struct request *rq, struct rng *rng);

/* Sends it and judges the answers: 0, or -1 with the tally and "why" set. */
int talk_do(struct talk *talk);

/* Sends without waiting for a dump to end; reads one datagram of it. */
int talk_start(struct talk *talk);
int talk_read_one(struct talk *talk);

#endif
