// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_diff.h"
#include "config_internal.h"

#define DIGEST_LEN 32

/* One key and its value. */
struct config_given {
	const struct config_key *key;
	char *text;		/* NULL for a secret */
	uint8_t digest[DIGEST_LEN];
};

/* Under a key that is this process's own: nobody can try passwords on it elsewhere. */
static int make_digest(uint8_t digest[DIGEST_LEN], const char *value)
{
	static uint8_t key[DIGEST_LEN];
	static bool ready;

	if (!ready && gnutls_rnd(GNUTLS_RND_KEY, key, sizeof(key)))
		return -EIO;
	ready = true;
	return gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, sizeof(key), value, strlen(value),
				digest) ? -EIO : 0;
}

/* Doubles when it is full, so the count tells. */
static struct config_given *add_one(struct config *config)
{
	unsigned int n = config->n_given;
	struct config_given *given = config->given;

	if (!(n & (n - 1))) {
		given = realloc(given, (n ? 2 * n : 1) * sizeof(*given));
		if (!given)
			return NULL;
		config->given = given;
	}
	given += config->n_given++;
	*given = (struct config_given){ 0 };
	return given;
}

int config_given_add(struct config *config, const struct config_key *key, const char *value)
{
	struct config_given *given = add_one(config);

	if (!given)
		return -ENOMEM;
	given->key = key;
	if (!(key->flags & CONFIG_KEY_SECRET))
		given->text = strdup(value);
	if (!given->text && !(key->flags & CONFIG_KEY_SECRET))
		return -ENOMEM;
	return make_digest(given->digest, value);
}

void config_given_free(struct config *config)
{
	for (unsigned int i = 0; i < config->n_given; i++)
		free(config->given[i].text);
	free(config->given);
	config->given = NULL;
	config->n_given = 0;
}

static int compare(const void *a, const void *b)
{
	const struct config_given *const *left = a, *const *right = b;

	if ((*left)->key != (*right)->key)
		return (*left)->key < (*right)->key ? -1 : 1;
	return memcmp((*left)->digest, (*right)->digest, DIGEST_LEN);
}

/* Return: pointers to what was given, in order, to be freed; NULL behind the last. */
static const struct config_given **sorted(const struct config *config)
{
	const struct config_given **list = calloc(config->n_given + 1, sizeof(*list));

	if (!list)
		return NULL;
	for (unsigned int i = 0; i < config->n_given; i++)
		list[i] = &config->given[i];
	qsort(list, config->n_given, sizeof(*list), compare);
	return list;
}

/* What is too long ends in "...". */
static void add_value(char list[CONFIG_VALUES_LEN], const struct config_given *given)
{
	static const char cut[] = "...";
	const char *text = given->text ? given->text : "(secret)";
	size_t len = strlen(list);

	if (given->text || !strstr(list, text))
		len += snprintf(list + len, CONFIG_VALUES_LEN - len, "%s%s", len ? "," : "", text);
	if (len >= CONFIG_VALUES_LEN)
		strcpy(list + CONFIG_VALUES_LEN - sizeof(cut), cut);
}

/* All that differs of the key that comes first; what is in both is no difference. */
static void diff_key(const struct config_given ***old, const struct config_given ***new,
		     struct config_difference *difference)
{
	const struct config_key *key = **old ? (**old)->key : NULL;

	if (**new && (!key || (**new)->key < key))
		key = (**new)->key;
	*difference = (struct config_difference){ .key = key->name };
	while ((**old && (**old)->key == key) || (**new && (**new)->key == key)) {
		bool has_old = **old && (**old)->key == key;
		bool has_new = **new && (**new)->key == key;
		int order = !has_old ? 1 : !has_new ? -1 : compare(*old, *new);

		if (order < 0)
			add_value(difference->old, **old);
		else if (order > 0)
			add_value(difference->new, **new);
		*old += order <= 0;
		*new += order >= 0;
	}
}

void config_diff(const struct config *old, const struct config *new, config_diff_fn fn,
		 void *arg)
{
	const struct config_given **olds = sorted(old), **news = sorted(new);
	const struct config_given **o = olds, **n = news;
	struct config_difference difference;

	while (olds && news && (*o || *n)) {
		diff_key(&o, &n, &difference);
		if (!*difference.old && !*difference.new)
			continue;
		if (!*difference.old)
			strcpy(difference.old, "-");
		if (!*difference.new)
			strcpy(difference.new, "-");
		fn(&difference, arg);
	}
	free(olds);
	free(news);
}
