/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request before it is bytes: made valid, then spoilt.
 */
#ifndef KTURN_FUZZ_REQUEST_H
#define KTURN_FUZZ_REQUEST_H

#include "grammar.h"
#include "rng.h"

struct world;

#define ATTRS		24
#define ATTR_ROOM	512
/* Every attribute once in every nest there can be. */
#define REQUEST_ROOM	(ATTRS * (ATTR_ROOM + 8) + 256)

struct attr {
	uint16_t type;		/* with its flags */
	uint8_t depth;		/* deeper ones that follow are inside */
	int16_t lie;		/* how far its length is from the truth */
	uint16_t len;
	uint8_t data[ATTR_ROOM];
};

struct request {
	uint16_t family;
	uint16_t flags;
	uint32_t seq;
	uint8_t cmd;
	uint8_t version;
	uint16_t reserved;
	int32_t lie;		/* of the whole message's length */
	uint16_t cut;		/* bytes that are missing at the end */
	uint16_t tail;		/* bytes too many */
	int attrs;
	struct attr attr[ATTRS];
};

void request_make(struct request *rq, struct rng *rng, const struct grammar *grammar,
		  struct world *world);
void request_spoil(struct request *rq, struct rng *rng, const struct grammar *grammar,
		   struct world *world);

/* Returns the length, at most REQUEST_ROOM. */
size_t request_write(const struct request *rq, struct rng *rng, uint8_t *out);

/* For requests that are made by hand. */
void request_put_u32(struct request *rq, uint16_t type, uint32_t value);

#endif
