// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which key was meant.
 */
#include <string.h>

#include "config_foreign.h"
#include "config_internal.h"

#define NAME_MAX_LEN 64

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance, one row at a time. */
static unsigned int distance(const char *a, size_t a_len, const char *b)
{
	unsigned int row[NAME_MAX_LEN + 1];
	size_t b_len = strlen(b);

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned int above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
				       diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_len];
}

/* The nearest so far. */
struct guess {
	const char *name;
	unsigned int distance;	/* the next has to be nearer than this */
};

static void consider(struct guess *guess, const char *name, size_t len, const char *candidate)
{
	unsigned int d = distance(name, len, candidate);

	if (d < guess->distance)
		*guess = (struct guess){ .name = candidate, .distance = d };
}

/* Of three characters one may be wrong: more, and it is another word. */
const char *config_nearest(const char *name, size_t len)
{
	struct guess guess = { .distance = 2 + len / 3 };
	const struct config_foreign *foreign = NULL;
	const struct config_key *key = NULL;

	if (len < 2 || len > NAME_MAX_LEN)
		return NULL;
	while ((key = config_key_next(key)))
		consider(&guess, name, len, key->name);
	while ((foreign = config_foreign_next(foreign)))
		consider(&guess, name, len, foreign->name);
	return guess.name;
}
