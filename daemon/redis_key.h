/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coturn's names for what is in Redis: what one of them stands for.
 */
#ifndef KTURN_REDIS_KEY_H
#define KTURN_REDIS_KEY_H

#include <stdbool.h>
#include <stddef.h>

#define REDIS_KEY_PREFIX	"turn/"
#define REDIS_KEY_NAME_MAX	513	/* of a user, or an origin */
#define REDIS_KEY_REALM_MAX	127
#define REDIS_VALUE_MAX		1024	/* the longest value that can mean anything */
#define REDIS_VALUE_END		"1024"	/* one byte more: then it is too long */

enum redis_key_kind {
	REDIS_KEY_KEY,
	REDIS_KEY_PASSWORD,
	REDIS_KEY_SECRET,
	REDIS_KEY_SECRETS,	/* a set */
	REDIS_KEY_ORIGIN,
};

/**
 * struct redis_key - a name, taken apart
 * @realm: empty for an origin
 * @name: of a user or an origin, else empty
 */
struct redis_key {
	enum redis_key_kind kind;
	char realm[REDIS_KEY_REALM_MAX + 1];
	char name[REDIS_KEY_NAME_MAX + 1];
};

/**
 * redis_key_parse() - take a name apart
 * @text: as Redis has it; any bytes
 *
 * Return: false if it is none that says who may come.
 */
bool redis_key_parse(struct redis_key *key, const char *text, size_t len);

#endif
