/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes to send that are made from a seed, and the hash of what was received:
 * two machines can compare a transfer without having a file in common.
 */
#ifndef KTURN_CLIENT_CONTENT_H
#define KTURN_CLIENT_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#define CONTENT_BLOCK		65536
#define CONTENT_HASH_LEN	32
#define CONTENT_HEX_LEN		(2 * CONTENT_HASH_LEN + 1)

/**
 * content_block() - make the next block
 * @state: the seed at first
 */
void content_block(uint64_t *state, uint8_t block[CONTENT_BLOCK]);

/**
 * content_hex() - a hash as hexadecimal digits
 *
 * Return: @text.
 */
const char *content_hex(const uint8_t hash[CONTENT_HASH_LEN], char text[CONTENT_HEX_LEN]);

#endif
