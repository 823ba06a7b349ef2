// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <string.h>

#include "redis_key.h"

#define REALM	REDIS_KEY_PREFIX "realm/"
#define ORIGIN	REDIS_KEY_PREFIX "origin/"
#define USER	"/user/"
#define SECRET	"/secret"

static bool begins(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(text, with, strlen(with));
}

static bool ends(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(text + len - strlen(with), with, strlen(with));
}

static bool copy(char *to, size_t max, const char *text, size_t len)
{
	if (len > max)
		return false;
	memcpy(to, text, len);
	to[len] = '\0';
	return true;
}

/* What follows "/user/": a name, which may have slashes itself, and what it has. */
static bool parse_user(struct redis_key *key, const char *text, size_t len)
{
	const char *what;

	if (ends(text, len, "/key")) {
		key->kind = REDIS_KEY_KEY;
		what = "/key";
	} else if (ends(text, len, "/password")) {
		key->kind = REDIS_KEY_PASSWORD;
		what = "/password";
	} else {
		return false;
	}
	len -= strlen(what);
	return len && copy(key->name, REDIS_KEY_NAME_MAX, text, len);
}

/* A realm goes as far as the first of the two. */
static bool parse_realm(struct redis_key *key, const char *text, size_t len)
{
	const char *user = memmem(text, len, USER, strlen(USER));
	const char *secret = memmem(text, len, SECRET, strlen(SECRET)), *rest;

	if (user && !(secret && secret < user)) {
		rest = user + strlen(USER);
		return copy(key->realm, REDIS_KEY_REALM_MAX, text, user - text) &&
		       parse_user(key, rest, text + len - rest);
	}
	if (!secret)
		return false;
	rest = secret + strlen(SECRET);
	if (rest < text + len && *rest != '/')
		return false;
	key->kind = rest == text + len ? REDIS_KEY_SECRETS : REDIS_KEY_SECRET;
	return copy(key->realm, REDIS_KEY_REALM_MAX, text, secret - text);
}

bool redis_key_parse(struct redis_key *key, const char *text, size_t len)
{
	key->realm[0] = key->name[0] = '\0';
	if (memchr(text, '\0', len))
		return false;
	if (begins(text, len, REALM))
		return parse_realm(key, text + strlen(REALM), len - strlen(REALM));
	if (!begins(text, len, ORIGIN))
		return false;
	key->kind = REDIS_KEY_ORIGIN;
	len -= strlen(ORIGIN);
	return len && copy(key->name, REDIS_KEY_NAME_MAX, text + strlen(ORIGIN), len);
}
