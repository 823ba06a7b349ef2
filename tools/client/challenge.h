/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's side of long-term credentials (RFC 8489, sections 9.2.3 and 9.2.5):
 * what the server has asked for, and what answers it.
 */
#ifndef KTURN_CLIENT_CHALLENGE_H
#define KTURN_CLIENT_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "credential.h"
#include "stun.h"

#define CHALLENGE_LIST_MAX 64	/* bytes of PASSWORD-ALGORITHMS; there are two algorithms */

/**
 * struct challenge - all zero before the first one
 * @rfc5389: behave as the clients of before 2020, who know of MD5 and SHA-1 alone
 * @made: the rest is there
 * @realm: the server's
 * @nonce: the latest
 * @list: PASSWORD-ALGORITHMS, as it came
 * @list_len: its length; 0 without one
 * @algorithm: the first on it that we know
 * @anonymous: the name goes as USERHASH
 * @key: what requests are signed with
 */
struct challenge {
	bool rfc5389;
	bool made;
	char realm[STUN_STRING_MAX + 1];
	char nonce[STUN_STRING_MAX + 1];
	uint8_t list[CHALLENGE_LIST_MAX];
	size_t list_len;
	unsigned int algorithm;
	bool anonymous;
	struct credential_key key;
};

/**
 * challenge_take() - take note of a 401 or 438 response
 *
 * Return: 0; -EBADMSG if it is incomplete, which may be an attacker's work; or
 * -EPROTONOSUPPORT if the server wants an algorithm that we do not know.
 */
int challenge_take(struct challenge *challenge, const struct stun_message *msg,
		   const char *user, const char *password);

/**
 * challenge_set_user() - answer as somebody else
 */
int challenge_set_user(struct challenge *challenge, const char *user, const char *password);

/**
 * challenge_answer() - add the credentials to a request, and sign it
 */
void challenge_answer(const struct challenge *challenge, const char *user,
		      struct stun_builder *b);

/**
 * challenge_verify() - tell whether a response is signed, and as well as its request
 */
bool challenge_verify(const struct challenge *challenge, const struct stun_message *msg);

#endif
