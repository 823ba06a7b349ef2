/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * user-quota and total-quota of all hosts that share a Redis. Beside quota.h, which
 * goes on to count what this host alone has.
 *
 * Each worker has a share of its own there: a hash of how many allocations it has, in
 * all and of each user. Redis adds the shares up, and takes one more in or not, in one
 * step: no two hosts are given the last one. A share has a lease, which its worker renews
 * as long as it lives: what a host had that crashed comes back with the end of it. A
 * share that is gone (Redis was started anew, say) is written again, as large as it is.
 *
 * All of it is on the worker's loop, and nobody waits there. Without Redis the limits of
 * this host are all there are, and no client has to wait.
 */
#ifndef KTURN_QUOTA_SHARED_H
#define KTURN_QUOTA_SHARED_H

#include <stdbool.h>

struct auth_user;
struct quota_ask;
struct quota_shared;
struct worker;

/**
 * typedef quota_answer_fn - what comes of quota_shared_ask()
 * @granted: one allocation more has been counted in; or nobody can tell, for Redis is
 *	gone: then it is counted when it is back
 *
 * The question is over by then.
 */
typedef void (*quota_answer_fn)(void *arg, bool granted);

/**
 * quota_shared_new() - a worker's share; follows its configuration from now on
 *
 * Return: NULL without memory.
 */
struct quota_shared *quota_shared_new(struct worker *worker);

/**
 * quota_shared_free() - give the share back, which is empty by now; NULL is nothing
 */
void quota_shared_free(struct quota_shared *shared);

/**
 * quota_shared_follow() - the worker has another configuration
 */
void quota_shared_follow(struct quota_shared *shared);

/**
 * quota_shared_ask() - ask whether there may be one allocation more
 * @user: NULL if nobody is asked who he is
 * @answer: called later, from the loop
 *
 * Return: the question, until it is answered; or NULL: there is nobody to ask, and the
 * host's own limits are to decide.
 */
struct quota_ask *quota_shared_ask(struct quota_shared *shared, struct auth_user *user,
				   quota_answer_fn answer, void *arg);

/**
 * quota_shared_forget() - let nobody hear the answer; what is granted goes back
 */
void quota_shared_forget(struct quota_ask *ask);

/**
 * quota_shared_release() - count an allocation out
 */
void quota_shared_release(struct quota_shared *shared, const struct auth_user *user);

#endif
