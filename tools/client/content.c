// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "content.h"

/* SplitMix64: a Weyl sequence, and a mixer that spreads every bit of it. */
static uint64_t next_word(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void content_block(uint64_t *state, uint8_t block[CONTENT_BLOCK])
{
	for (size_t at = 0; at < CONTENT_BLOCK; at += sizeof(uint64_t)) {
		uint64_t word = next_word(state);

		memcpy(block + at, &word, sizeof(word));
	}
}

const char *content_hex(const uint8_t hash[CONTENT_HASH_LEN], char text[CONTENT_HEX_LEN])
{
	for (size_t i = 0; i < CONTENT_HASH_LEN; i++)
		sprintf(text + 2 * i, "%02x", hash[i]);
	return text;
}
