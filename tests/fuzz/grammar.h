/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a valid request looks like: as the kernel itself tells it, so that no
 * command and no attribute of the specification can be forgotten here.
 */
#ifndef KTURN_FUZZ_GRAMMAR_H
#define KTURN_FUZZ_GRAMMAR_H

#include <stdbool.h>
#include <stdint.h>

#include "kturn_test.h"

#define COMMANDS	256
#define POLICIES	32
#define RULES		64

#define NO_POLICY	(-1)

/* One attribute; its place in the policy is its number. */
struct rule {
	uint32_t type;		/* enum netlink_attribute_type; 0: not allowed */
	uint64_t min;		/* of an integer, the bits of a signed one */
	uint64_t max;
	uint32_t max_len;	/* of bytes */
	int nested;		/* policy of what is inside, or NO_POLICY */
};

struct policy {
	struct rule rule[RULES];
};

/* Each the number of a policy, or NO_POLICY if there is no such request. */
struct op {
	int on_do;
	int on_dump;
};

struct grammar {
	struct op op[COMMANDS];
	struct policy policy[POLICIES];
	uint8_t command[COMMANDS];	/* those that exist */
	int commands;
	bool spoiled;		/* the kernel has said what we do not understand */
};

int grammar_read(struct door *door, struct grammar *grammar);

static inline bool grammar_knows(const struct grammar *grammar, uint8_t cmd, bool dump)
{
	const struct op *op = &grammar->op[cmd];

	return (dump ? op->on_dump : op->on_do) != NO_POLICY;
}

#endif
