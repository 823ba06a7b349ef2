/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A direction of a relay and what it begins with, for those who want JSON.
 */
#ifndef KTURN_OPENING_JSON_H
#define KTURN_OPENING_JSON_H

#include <jansson.h>
#include <stdint.h>

struct opening;

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
