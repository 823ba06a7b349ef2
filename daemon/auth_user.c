// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "auth_user.h"

struct auth_user *auth_user_new(const char *realm, const char *name, const char *account,
				size_t account_len)
{
	size_t realm_size = strlen(realm) + 1, name_size = strlen(name) + 1;
	struct auth_user *user = malloc(sizeof(*user) + realm_size + account_len + name_size);
	char *own_name;

	if (!user)
		return NULL;
	memset(user, 0, sizeof(*user));
	user->refs = 1;
	user->account_len = realm_size + account_len;
	memcpy(user->account, realm, realm_size);
	memcpy(user->account + realm_size, account, account_len);
	own_name = user->account + user->account_len;
	memcpy(own_name, name, name_size);
	user->name = own_name;
	return user;
}

struct auth_user *auth_user_get(struct auth_user *user)
{
	if (user)
		user->refs++;
	return user;
}

void auth_user_put(struct auth_user *user)
{
	if (!user || --user->refs)
		return;
	gnutls_memset(&user->token, 0, sizeof(user->token));
	free(user);
}

const char *auth_user_realm(const struct auth_user *user)
{
	return user->account;
}

bool auth_user_same(const struct auth_user *a, const struct auth_user *b)
{
	if (!a || !b)
		return a == b;
	if (auth_user_has_token(a) != auth_user_has_token(b) ||
	    strcmp(auth_user_realm(a), auth_user_realm(b)))
		return false;
	return auth_user_has_token(a) || !strcmp(a->name, b->name);
}

bool auth_user_same_credentials(const struct auth_user *a, const struct auth_user *b)
{
	if (!auth_user_same(a, b))
		return false;
	return !a || (a->token.key.len == b->token.key.len &&
		      !gnutls_memcmp(a->token.key.bytes, b->token.key.bytes,
				     a->token.key.len));
}
