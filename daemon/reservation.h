/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Relayed transport addresses held for an allocation to come (EVEN-PORT and
 * RESERVATION-TOKEN, RFC 8656, 7.2). Any worker may be asked for what another
 * one holds, so these are the server's, behind a lock.
 */
#ifndef KTURN_RESERVATION_H
#define KTURN_RESERVATION_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "addr.h"

#define RESERVATION_TOKEN_LEN	8
#define RESERVATION_TIME	30	/* seconds that one is held at least */
#define RESERVATION_MAX		1024	/* each is a socket and a port */
/*
 * So much of them one owner may have: enough for many clients that share an account,
 * as whoever means it comes for his within a second; and it takes sixteen
 * accounts to leave nothing for the others.
 */
#define RESERVATION_SHARE	(RESERVATION_MAX / 16)

struct relayed_pool;

/**
 * struct reservation_owner - whom one counts for
 * @key: two owners are the same if their keys are
 * @len: its length
 * @max: how many he may have
 */
struct reservation_owner {
	const void *key;
	size_t len;
	unsigned int max;
};

/**
 * struct reservations - those of a server, the oldest first
 * @pool: gets back the ports that nobody comes for
 */
struct reservations {
	struct relayed_pool *pool;
	pthread_mutex_t lock;
	TAILQ_HEAD(, reservation) queue;
	unsigned int n;
};

void reservations_init(struct reservations *reservations, struct relayed_pool *pool);

/**
 * reservations_clear() - close what nobody has come for
 */
void reservations_clear(struct reservations *reservations);

/**
 * reservations_hold() - hold a bound socket for a while
 * @owner: is copied, for he may be gone before it is
 * @now: seconds; what has been held long enough by then is closed
 * @token: tells who may have it
 *
 * Return: 0; -EDQUOT if the owner has too many, -ENOSPC if all have, or -ENOMEM, or
 * -EIO without randomness; then @fd is still the caller's.
 */
int reservations_hold(struct reservations *reservations, int fd, const union addr *addr,
		      const struct reservation_owner *owner, time_t now,
		      uint8_t token[RESERVATION_TOKEN_LEN]);

/**
 * reservations_take() - take the socket that was held under a token
 * @owner: who asks; he gets his own only. NULL if nobody is asked who he is
 * @addr: what it is bound to
 *
 * Return: the socket, or -ENOENT; then what another owner has stays his.
 */
int reservations_take(struct reservations *reservations, time_t now,
		      const uint8_t token[RESERVATION_TOKEN_LEN],
		      const struct reservation_owner *owner, union addr *addr);

/**
 * reservations_expire() - close what has been held long enough
 */
void reservations_expire(struct reservations *reservations, time_t now);

#endif
