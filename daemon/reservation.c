// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relayed.h"
#include "reservation.h"

struct reservation {
	TAILQ_ENTRY(reservation) entry;
	uint8_t token[RESERVATION_TOKEN_LEN];
	union addr addr;
	int fd;
	time_t expires;
	size_t owner_len;
	uint8_t owner[];
};

void reservations_init(struct reservations *reservations, struct relayed_pool *pool)
{
	reservations->pool = pool;
	pthread_mutex_init(&reservations->lock, NULL);
	TAILQ_INIT(&reservations->queue);
	reservations->n = 0;
}

static void forget(struct reservations *reservations, struct reservation *reservation)
{
	TAILQ_REMOVE(&reservations->queue, reservation, entry);
	reservations->n--;
	free(reservation);
}

static void give_up(struct reservations *reservations, struct reservation *reservation)
{
	close(reservation->fd);
	relayed_release(reservations->pool, &reservation->addr);
	forget(reservations, reservation);
}

static void expire(struct reservations *reservations, time_t now)
{
	struct reservation *oldest;

	while ((oldest = TAILQ_FIRST(&reservations->queue)) && oldest->expires <= now)
		give_up(reservations, oldest);
}

void reservations_clear(struct reservations *reservations)
{
	struct reservation *reservation;

	while ((reservation = TAILQ_FIRST(&reservations->queue)))
		give_up(reservations, reservation);
	pthread_mutex_destroy(&reservations->lock);
}

static bool is_of(const struct reservation *reservation, const struct reservation_owner *owner)
{
	return reservation->owner_len == owner->len &&
	       !memcmp(reservation->owner, owner->key, owner->len);
}

static unsigned int count(const struct reservations *reservations,
			  const struct reservation_owner *owner)
{
	const struct reservation *reservation;
	unsigned int n = 0;

	TAILQ_FOREACH(reservation, &reservations->queue, entry)
		n += is_of(reservation, owner);
	return n;
}

static int add(struct reservations *reservations, int fd, const union addr *addr,
	       const struct reservation_owner *owner, time_t now,
	       const uint8_t token[RESERVATION_TOKEN_LEN])
{
	struct reservation *reservation;

	/* First his own: one who has too many hears so, however many there are in all. */
	if (count(reservations, owner) >= owner->max)
		return -EDQUOT;
	if (reservations->n == RESERVATION_MAX)
		return -ENOSPC;
	reservation = calloc(1, sizeof(*reservation) + owner->len);
	if (!reservation)
		return -ENOMEM;
	memcpy(reservation->owner, owner->key, owner->len);
	reservation->owner_len = owner->len;
	memcpy(reservation->token, token, RESERVATION_TOKEN_LEN);
	reservation->addr = *addr;
	reservation->fd = fd;
	/* The second that has begun does not count. */
	reservation->expires = now + RESERVATION_TIME + 1;
	TAILQ_INSERT_TAIL(&reservations->queue, reservation, entry);
	reservations->n++;
	return 0;
}

int reservations_hold(struct reservations *reservations, int fd, const union addr *addr,
		      const struct reservation_owner *owner, time_t now,
		      uint8_t token[RESERVATION_TOKEN_LEN])
{
	int err;

	if (gnutls_rnd(GNUTLS_RND_RANDOM, token, RESERVATION_TOKEN_LEN))
		return -EIO;
	pthread_mutex_lock(&reservations->lock);
	expire(reservations, now);
	err = add(reservations, fd, addr, owner, now, token);
	pthread_mutex_unlock(&reservations->lock);
	return err;
}

static int take(struct reservations *reservations, const uint8_t token[RESERVATION_TOKEN_LEN],
		const struct reservation_owner *owner, union addr *addr)
{
	struct reservation *reservation;
	int fd;

	TAILQ_FOREACH(reservation, &reservations->queue, entry) {
		if (gnutls_memcmp(reservation->token, token, RESERVATION_TOKEN_LEN) ||
		    (owner && !is_of(reservation, owner)))
			continue;
		*addr = reservation->addr;
		fd = reservation->fd;
		forget(reservations, reservation);
		return fd;
	}
	return -ENOENT;
}

int reservations_take(struct reservations *reservations, time_t now,
		      const uint8_t token[RESERVATION_TOKEN_LEN],
		      const struct reservation_owner *owner, union addr *addr)
{
	int fd;

	pthread_mutex_lock(&reservations->lock);
	expire(reservations, now);
	fd = take(reservations, token, owner, addr);
	pthread_mutex_unlock(&reservations->lock);
	return fd;
}

void reservations_expire(struct reservations *reservations, time_t now)
{
	pthread_mutex_lock(&reservations->lock);
	expire(reservations, now);
	pthread_mutex_unlock(&reservations->lock);
}
