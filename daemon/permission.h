/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The permissions of an allocation (RFC 8656, section 9): IP addresses from
 * which peers may connect.
 */
#ifndef KTURN_PERMISSION_H
#define KTURN_PERMISSION_H

#include <stdbool.h>
#include <time.h>

#include "addr.h"

/* Unless configured otherwise; RFC 8656 leaves no choice of the first. */
#define PERMISSION_LIFETIME	300	/* seconds */
#define PERMISSION_MAX		1024	/* of one allocation */

struct permission;

/**
 * struct permissions - those of one allocation; with its limits alone it is empty
 * @max: how many there may be
 * @lifetime: of each, in seconds
 */
struct permissions {
	unsigned int max, lifetime;
	struct permission *table;
	unsigned int n;
};

/**
 * permissions_have_room() - tell whether so many addresses can be added
 * @now: seconds; what has expired by then makes room
 */
bool permissions_have_room(struct permissions *permissions, unsigned int n, time_t now);

/**
 * permissions_know() - tell whether an address needs no room, for it has some
 */
bool permissions_know(const struct permissions *permissions, const union addr *peer);

/**
 * permissions_install() - install or refresh a permission
 *
 * Return: 0, -ENOSPC, or -ENOMEM.
 */
int permissions_install(struct permissions *permissions, const union addr *peer, time_t now);

/**
 * permissions_allow() - tell whether a peer's IP address has a permission
 */
bool permissions_allow(const struct permissions *permissions, const union addr *peer,
		       time_t now);

/**
 * typedef permission_fn - look at one
 * @expires: in seconds
 */
typedef void (*permission_fn)(const union addr *peer, time_t expires, void *arg);

/**
 * permissions_each() - look at all of them
 */
void permissions_each(const struct permissions *permissions, permission_fn fn, void *arg);

/**
 * permissions_clear() - forget all of them
 */
void permissions_clear(struct permissions *permissions);

#endif
