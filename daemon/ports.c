// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <string.h>

#include "ports.h"

#define BITS	64
#define GUESSES	8	/* single ports; only then one after the other */

void ports_init(struct ports *ports, uint16_t first, uint16_t last)
{
	memset(ports, 0, sizeof(*ports));
	ports->first = first;
	ports->n = last - first + 1;
}

static bool claim(struct ports *ports, unsigned int at)
{
	uint64_t bit = UINT64_C(1) << at % BITS;

	if (atomic_load(&ports->foreign[at / BITS]) & bit)
		return false;
	return !(atomic_fetch_or(&ports->ours[at / BITS], bit) & bit);
}

/* The ports of a word that may be free, as bits; none beyond the range. */
static uint64_t free_bits(const struct ports *ports, unsigned int word)
{
	uint64_t taken = atomic_load(&ports->ours[word]) | atomic_load(&ports->foreign[word]);
	unsigned int rest = ports->n - word * BITS;

	return ~taken & (rest < BITS ? (UINT64_C(1) << rest) - 1 : UINT64_MAX);
}

static int claim_in_word(struct ports *ports, unsigned int word, uint64_t mask)
{
	uint64_t bits = free_bits(ports, word) & mask;

	for (; bits; bits &= bits - 1) {
		unsigned int at = word * BITS + __builtin_ctzll(bits);

		if (claim(ports, at))
			return at;
	}
	return -EADDRINUSE;
}

/* From @start to the end, and from there to @start: every port of @mask once. */
static int claim_next(struct ports *ports, unsigned int start, uint64_t mask)
{
	unsigned int words = (ports->n + BITS - 1) / BITS, word = start / BITS;
	uint64_t behind = UINT64_MAX << start % BITS;
	int at = claim_in_word(ports, word, behind & mask);

	for (unsigned int i = 1; at < 0 && i < words; i++)
		at = claim_in_word(ports, (word + i) % words, mask);
	return at < 0 ? claim_in_word(ports, word, ~behind & mask) : at;
}

/* One worker does it for all. */
static void forget_foreign(struct ports *ports, time_t now)
{
	time_t since = atomic_load(&ports->since);

	if (now - since < PORTS_FOREIGN_REST ||
	    !atomic_compare_exchange_strong(&ports->since, &since, now))
		return;
	for (unsigned int i = 0; i < PORTS_WORDS; i++)
		atomic_store(&ports->foreign[i], 0);
}

/* @mask: which ports of each word will do */
static int take(struct ports *ports, uint64_t mask, time_t now)
{
	uint32_t random[GUESSES];
	int at;

	if (gnutls_rnd(GNUTLS_RND_RANDOM, random, sizeof(random)))
		return -EIO;
	forget_foreign(ports, now);
	for (int i = 0; i < GUESSES; i++) {
		at = random[i] % ports->n;
		if (mask >> at % BITS & 1 && claim(ports, at))
			return ports->first + at;
	}
	at = claim_next(ports, random[0] % ports->n, mask);
	return at < 0 ? at : ports->first + at;
}

int ports_take(struct ports *ports, time_t now)
{
	return take(ports, UINT64_MAX, now);
}

int ports_take_even(struct ports *ports, time_t now)
{
	const uint64_t every_second = UINT64_C(0x5555555555555555);

	return take(ports, every_second << (ports->first & 1), now);
}

int ports_take_this(struct ports *ports, uint16_t port)
{
	unsigned int at = port - ports->first;

	return port >= ports->first && at < ports->n && claim(ports, at) ? 0 : -EADDRINUSE;
}

static void clear(struct ports *ports, unsigned int at)
{
	atomic_fetch_and(&ports->ours[at / BITS], ~(UINT64_C(1) << at % BITS));
}

void ports_release(struct ports *ports, uint16_t port)
{
	clear(ports, port - ports->first);
}

void ports_foreign(struct ports *ports, uint16_t port)
{
	unsigned int at = port - ports->first;

	atomic_fetch_or(&ports->foreign[at / BITS], UINT64_C(1) << at % BITS);
	clear(ports, at);
}
