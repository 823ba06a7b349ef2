/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A direction of a relay, what it begins with, and the side that it comes from, for those who
 * want JSON.
 */
#ifndef KTURN_OPENING_JSON_H
#define KTURN_OPENING_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <linux/kturn.h>

struct opening;

/**
 * side_json() - "client", "peer", or null for none
 */
json_t *side_json(enum kturn_side side);

/**
 * opening_stun_json() - STUN's messages at the head
 * @bytes: that were carried in this direction
 *
 * Return: a new reference, or NULL without memory.
 */
json_t *opening_stun_json(const struct opening *opening, uint64_t bytes);

/**
 * opening_json() - bytes, the first of them, and STUN's messages at the head
 * @bytes: that were carried in this direction
 *
 * Return: a new reference, or NULL without memory.
 */
json_t *opening_json(const struct opening *opening, uint64_t bytes);

#endif
