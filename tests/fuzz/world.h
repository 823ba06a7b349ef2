/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the requests are about: descriptors of every kind, relays that carry
 * bytes and die. Each process has its own.
 */
#ifndef KTURN_FUZZ_WORLD_H
#define KTURN_FUZZ_WORLD_H

#include "kturn_test.h"
#include "rng.h"

#define LINES		24
#define RELAYS		8
#define IDS		64
#define DESCRIPTORS	96

/* A connection, one end of which may be given away. */
struct line {
	int end;
	int leg;
	uint16_t ports[2];	/* of the leg: local, remote */
	bool in_relay;
};

/* Bytes from each of two lines' ends to the other one's. */
struct carried {
	int line[2];
	struct stream stream[2];
};

struct world {
	struct door door;	/* for what has to work */
	struct rng rng;		/* apart from the requests' */
	struct line line[LINES];
	struct carried carried[RELAYS];
	int carries;
	int descriptor[DESCRIPTORS];
	int descriptors;
	uint64_t id[IDS];	/* relays heard of, old ones among them */
	uint32_t ids;
	uint64_t bytes;
};

int world_open(struct world *world, uint64_t seed);
void world_close(struct world *world);

uint16_t world_family(const struct world *world);

/* A descriptor, or a number that is none. */
int32_t world_descriptor(struct world *world, struct rng *rng);
uint64_t world_id(struct world *world, struct rng *rng);
void world_heard_of(struct world *world, uint64_t id);

/* Two lines that are in no relay; false if there are none. */
bool world_free_pair(struct world *world, struct rng *rng, int legs[2]);

/* All of these: 0, or -1 and "why". */

/* A request has made this relay. */
int world_relay_made(struct world *world, uint64_t id);
/* A line that is in no relay still is a connection. */
int world_check_line(struct world *world);
int world_check_lines(struct world *world);
/* Something happens to a relay. */
int world_step(struct world *world);

#endif
