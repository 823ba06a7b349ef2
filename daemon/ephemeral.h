/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Credentials that end by themselves: whoever knows a secret that he shares with us,
 * a web service, say, makes them up for his users, and we need no list of these. The
 * name is "expiry:user", the password the base64 of HMAC-SHA1(secret, name). This is
 * coturn's use-auth-secret, known as the TURN REST API.
 */
#ifndef KTURN_EPHEMERAL_H
#define KTURN_EPHEMERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "credential.h"

/**
 * struct ephemeral - the parts of such a name
 * @expiry: seconds since the epoch
 * @account: whose it is; points into the name, and is the whole of it if it only
 *	says when it ends
 * @account_len: its length
 */
struct ephemeral {
	time_t expiry;
	const char *account;
	size_t account_len;
};

/**
 * ephemeral_parse() - take a name apart; "user:expiry" is taken as well
 *
 * Return: false if there is no expiry in it.
 */
bool ephemeral_parse(struct ephemeral *ephemeral, const char *name, char separator);

/**
 * ephemeral_key() - make the key of a name
 *
 * Return: 0, -ENOMEM or -EIO.
 */
int ephemeral_key(struct credential_key *key, enum credential_algorithm algorithm,
		  const char *name, const char *realm, const char *secret);

#endif
