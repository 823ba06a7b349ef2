/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a direction of a relay begins with: its first bytes, and the STUN messages at its
 * head. The module follows them as well, with the same kmod/stun.h.
 */
#ifndef KTURN_OPENING_H
#define KTURN_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../kmod/stun.h"

#define OPENING_HEAD		KTURN_HEAD_MAX	/* bytes that are kept */

/**
 * struct opening - all zero is a valid start
 * @head: the first bytes, @head_len of them
 */
struct opening {
	struct kturn_stun stun;
	uint8_t head[OPENING_HEAD];
	uint8_t head_len;
};

/**
 * opening_wants() - how many of the next bytes it would look at; 0: it has seen enough
 */
size_t opening_wants(const struct opening *opening);

/**
 * opening_add() - look at the next bytes; those that it does not want it leaves
 */
void opening_add(struct opening *opening, const uint8_t *data, size_t len);

/**
 * opening_lose() - what comes next cannot be looked at: this was all
 */
void opening_lose(struct opening *opening);

/**
 * opening_is_whole() - tell whether all the STUN there was among so many bytes is counted
 * @bytes: that the direction has carried
 */
bool opening_is_whole(const struct opening *opening, uint64_t bytes);

#endif
