/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Somebody who has shown that he is who he says. What he was asked may have gone
 * from the user database by now; he stays who he is. Two of these are the same user
 * if realm and name are the same, whichever requests they come from.
 *
 * Who comes with a token of an authorization server (oauth.h) has the name of the key that
 * it is sealed with. That may change from one token to the next, and only the
 * authorization server knows who he is; so he is told from other users, and no more.
 *
 * Each belongs to one worker: the count of references is not atomic.
 */
#ifndef KTURN_AUTH_USER_H
#define KTURN_AUTH_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "oauth.h"

/**
 * struct auth_user - a realm and a name
 * @expired: his credentials have ended: he may go on, but not begin anything
 * @token: what he has come with, and what signs his requests that are without it
 * @name: as in USERNAME
 * @account: what a quota counts: the realm, a NUL, and the name or what of it
 *	does not change from one credential of the user to the next
 * @account_len: its length
 */
struct auth_user {
	unsigned int refs;
	bool expired;
	struct oauth_token token;
	const char *name;
	size_t account_len;
	char account[];
};

/**
 * auth_user_new() - make one, with one reference
 * @account: what of the name is the user's own; may be the name itself
 *
 * Return: NULL without memory.
 */
struct auth_user *auth_user_new(const char *realm, const char *name, const char *account,
				size_t account_len);

/**
 * auth_user_has_token() - tell whether an authorization server has sent him
 */
static inline bool auth_user_has_token(const struct auth_user *user)
{
	return user->token.key.len;
}

/**
 * auth_user_get() - take one more reference; NULL stays NULL
 */
struct auth_user *auth_user_get(struct auth_user *user);

/**
 * auth_user_put() - give a reference back; NULL is nobody
 */
void auth_user_put(struct auth_user *user);

/**
 * auth_user_realm() - the user's realm
 */
const char *auth_user_realm(const struct auth_user *user);

/**
 * auth_user_same() - tell whether two are the same; where nobody is asked, both are NULL
 */
bool auth_user_same(const struct auth_user *a, const struct auth_user *b);

/**
 * auth_user_same_credentials() - tell whether two are the same, with the same token
 *
 * A token does not say whose it is: only its session key tells holders apart, and an
 * allocation's next token has another one.
 */
bool auth_user_same_credentials(const struct auth_user *a, const struct auth_user *b);

#endif
