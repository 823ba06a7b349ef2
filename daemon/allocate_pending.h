/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An Allocate request that has passed all checks of this host, and waits for what the
 * hosts that share its quotas say. A session has one at most.
 */
#ifndef KTURN_ALLOCATE_PENDING_H
#define KTURN_ALLOCATE_PENDING_H

#include <stdbool.h>

struct allocation_request;
struct session;
struct transaction;

/**
 * allocate_pending_begin() - ask them, and go on when they have answered
 * @request: copied
 *
 * Return: false if there is nobody to ask.
 */
bool allocate_pending_begin(const struct transaction *transaction,
			    const struct allocation_request *request);

/**
 * allocate_pending_is() - tell whether it is the one that waits, sent once more
 */
bool allocate_pending_is(const struct transaction *transaction);

/**
 * allocate_pending_forget() - the session goes, or has none
 */
void allocate_pending_forget(struct session *session);

#endif
