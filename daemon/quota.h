/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many allocations there are, in all and for each user.
 */
#ifndef KTURN_QUOTA_H
#define KTURN_QUOTA_H

#include <stdbool.h>

struct auth_user;
struct config;
struct quota_user;

/**
 * struct quota - the counts; all zero is a valid start
 */
struct quota {
	struct quota_user *users;
	unsigned int total;
};

/**
 * quota_take() - count an allocation in, if the configuration allows one more
 * @user: NULL if nobody is asked who he is; then only the total is limited
 */
bool quota_take(struct quota *quota, const struct config *config,
		const struct auth_user *user);

/**
 * quota_release() - count an allocation out
 */
void quota_release(struct quota *quota, const struct auth_user *user);

#endif
