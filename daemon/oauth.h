/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Third-party authorization (RFC 7635): tokens that an authorization server has made for
 * a client, and the keys that it has agreed on with us.
 *
 * What is in a token only the two servers can read: a session key, which the client has
 * got by another way and signs its requests with, and how long that is good.
 */
#ifndef KTURN_OAUTH_H
#define KTURN_OAUTH_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "credential.h"

#define OAUTH_KEY_MAX		32	/* bytes, of AES-256 */
#define OAUTH_SERVER_NAME_MAX	255

/**
 * struct oauth_key - a long-term key of both servers
 * @cipher: AES-GCM with a key of that length
 * @begins: seconds since the epoch
 * @ends: likewise; 0 is never
 */
struct oauth_key {
	gnutls_cipher_algorithm_t cipher;
	uint8_t bytes[OAUTH_KEY_MAX];
	int64_t begins, ends;
};

/**
 * struct oauth_token - what was in one
 * @key: of the session; its length is 0 where there is no token
 * @ends: when nobody may come with it any more, in seconds since the epoch
 */
struct oauth_token {
	struct credential_key key;
	time_t ends;
};

/**
 * oauth_key_read() - read a key as coturn's database has it
 * @base64: at least as many bytes as the cipher needs; those behind do not count
 * @cipher: A128GCM or A256GCM; empty is the latter
 * @begins: seconds since the epoch
 * @lifetime: seconds; 0 is for ever
 *
 * Return: 0, or -EINVAL if that is no key.
 */
int oauth_key_read(struct oauth_key *key, const char *base64, const char *cipher,
		   int64_t begins, int64_t lifetime);

/**
 * oauth_token_open() - decrypt a token, and see whether it is good now
 * @server_name: whom it has to be made for
 * @data: the value of ACCESS-TOKEN, as it is or in base64: clients do both, for the RFC
 *	can be read either way
 * @now: seconds since the epoch
 *
 * Return: whether it is; only then there is something in @token.
 */
bool oauth_token_open(struct oauth_token *token, const struct oauth_key *key,
		      const char *server_name, const uint8_t *data, size_t len, time_t now);

#endif
