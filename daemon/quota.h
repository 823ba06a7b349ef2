/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many allocations there are, in all and for each user: the one thing that
 * workers count together. A limit is exact however many of them serve.
 *
 * A lock, not atomic counters: a user comes into the table and goes out of it
 * again, and both counts have to be taken or neither. Only the begin and the end
 * of an allocation take it, for some instructions; next to the system calls that
 * an allocation costs it is nothing.
 */
#ifndef KTURN_QUOTA_H
#define KTURN_QUOTA_H

#include <pthread.h>
#include <stdbool.h>

struct auth_user;
struct config;
struct quota_user;

/**
 * struct quota - the counts; begins as QUOTA_INIT
 */
struct quota {
	pthread_mutex_t lock;
	struct quota_user *users;
	unsigned int total;
};

#define QUOTA_INIT ((struct quota){ .lock = PTHREAD_MUTEX_INITIALIZER })

/**
 * quota_take() - count an allocation in, if the configuration allows one more
 * @user: NULL if nobody is asked who he is; then only the total is limited
 */
bool quota_take(struct quota *quota, const struct config *config,
		const struct auth_user *user);

/**
 * quota_restore() - count in an allocation of a process before this one, whatever the
 * limits are by now
 *
 * Return: false without memory.
 */
bool quota_restore(struct quota *quota, const struct auth_user *user);

/**
 * quota_counts_user() - tell whether user-quota is for this user
 * @user: NULL if nobody is asked who he is
 */
bool quota_counts_user(const struct auth_user *user);

/**
 * quota_count() - how many allocations there are; any thread
 */
unsigned int quota_count(struct quota *quota);

/**
 * quota_release() - count an allocation out
 */
void quota_release(struct quota *quota, const struct auth_user *user);

#endif
