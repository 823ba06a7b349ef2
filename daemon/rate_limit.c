// SPDX-License-Identifier: GPL-2.0-only
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rate_limit.h"

#define ROWS		2
#define BUCKETS		4096
#define SECOND		UINT64_C(1000000)

/* A bucket is nothing but the time at which it will be empty. */
struct rate_limit {
	uint64_t interval;
	uint8_t key[32];
	_Atomic uint64_t empty[ROWS][BUCKETS];
};

struct rate_limit *rate_limit_new(unsigned int per_second)
{
	struct rate_limit *limit = calloc(1, sizeof(*limit));

	if (!limit)
		return NULL;
	limit->interval = per_second < SECOND ? SECOND / per_second : 1;
	if (gnutls_rnd(GNUTLS_RND_KEY, limit->key, sizeof(limit->key))) {
		free(limit);
		return NULL;
	}
	return limit;
}

void rate_limit_free(struct rate_limit *limit)
{
	free(limit);
}

static bool choose_buckets(struct rate_limit *limit, const union addr *addr,
			   _Atomic uint64_t *buckets[ROWS])
{
	uint8_t hash[32];
	uint16_t index;
	size_t len;
	const uint8_t *ip = addr_network(addr, &len);

	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, limit->key, sizeof(limit->key), ip, len, hash))
		return false;
	for (size_t row = 0; row < ROWS; row++) {
		memcpy(&index, hash + row * sizeof(index), sizeof(index));
		buckets[row] = &limit->empty[row][index % BUCKETS];
	}
	return true;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A full one does not run over: the crowd in it would be punished afterwards. */
static void fill(_Atomic uint64_t *bucket, uint64_t interval, uint64_t now)
{
	uint64_t old = atomic_load_explicit(bucket, memory_order_relaxed), empty;

	do {
		empty = later(old, now) + interval;
		if (empty > now + SECOND)
			empty = later(old, now + SECOND);
	} while (!atomic_compare_exchange_weak_explicit(bucket, &old, empty,
							memory_order_relaxed,
							memory_order_relaxed));
}

bool rate_limit_take(struct rate_limit *limit, const union addr *addr, uint64_t now)
{
	_Atomic uint64_t *buckets[ROWS];
	bool room = false;

	if (!choose_buckets(limit, addr, buckets))
		return false;
	for (size_t row = 0; row < ROWS; row++) {
		uint64_t empty = atomic_load_explicit(buckets[row], memory_order_relaxed);

		room |= later(empty, now) + limit->interval <= now + SECOND;
	}
	for (size_t row = 0; room && row < ROWS; row++)
		fill(buckets[row], limit->interval, now);
	return room;
}
