// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "auth_user.h"
#include "config.h"
#include "quota.h"

struct quota_user {
	UT_hash_handle hh;
	unsigned int allocations;
	char account[];
};

static struct quota_user *find(const struct quota *quota, const struct auth_user *user)
{
	struct quota_user *entry;

	HASH_FIND(hh, quota->users, user->account, user->account_len, entry);
	return entry;
}

/* All who come with tokens have the name of a key, and are not one user. */
bool quota_counts_user(const struct auth_user *user)
{
	return user && !auth_user_has_token(user);
}

static bool take_user(struct quota *quota, unsigned int limit, const struct auth_user *user)
{
	struct quota_user *entry = find(quota, user);

	if (!entry) {
		entry = calloc(1, sizeof(*entry) + user->account_len);
		if (!entry)
			return false;
		memcpy(entry->account, user->account, user->account_len);
		HASH_ADD_KEYPTR(hh, quota->users, entry->account, user->account_len, entry);
	}
	if (limit && entry->allocations >= limit)
		return false;
	entry->allocations++;
	return true;
}

static bool take(struct quota *quota, unsigned int total_quota, unsigned int user_quota,
		 const struct auth_user *user)
{
	bool taken;

	pthread_mutex_lock(&quota->lock);
	taken = !total_quota || quota->total < total_quota;
	if (taken && quota_counts_user(user))
		taken = take_user(quota, user_quota, user);
	quota->total += taken;
	pthread_mutex_unlock(&quota->lock);
	return taken;
}

bool quota_take(struct quota *quota, const struct config *config,
		const struct auth_user *user)
{
	return take(quota, config->total_quota, config->user_quota, user);
}

bool quota_restore(struct quota *quota, const struct auth_user *user)
{
	return take(quota, 0, 0, user);
}

unsigned int quota_count(struct quota *quota)
{
	unsigned int total;

	pthread_mutex_lock(&quota->lock);
	total = quota->total;
	pthread_mutex_unlock(&quota->lock);
	return total;
}

static void release_user(struct quota *quota, const struct auth_user *user)
{
	struct quota_user *entry;

	entry = find(quota, user);
	if (--entry->allocations)
		return;
	HASH_DEL(quota->users, entry);
	free(entry);
}

void quota_release(struct quota *quota, const struct auth_user *user)
{
	pthread_mutex_lock(&quota->lock);
	quota->total--;
	if (quota_counts_user(user))
		release_user(quota, user);
	pthread_mutex_unlock(&quota->lock);
}
