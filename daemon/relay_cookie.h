/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cookie that an engine keeps with each relay: what a restarted daemon has
 * to know to take the relay over, and a tool to name it.
 */
#ifndef KTURN_RELAY_COOKIE_H
#define KTURN_RELAY_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "datapath.h"

#define RELAY_COOKIE_VERSION	1
#define RELAY_COOKIE_USER_MAX	200	/* bytes of a user's name */

/* A transport address; all integers are in network byte order. */
struct relay_cookie_addr {
	uint8_t family;			/* enum stun_family */
	uint8_t reserved;
	uint8_t port[2];
	uint8_t ip[16];			/* IPv4 uses the first four */
};

/**
 * struct relay_cookie - its bytes
 * @version: RELAY_COOKIE_VERSION
 * @user_len: length of @user
 * @connection_id: RFC 6062, 6.2.1
 * @relayed: the relayed transport address, before external-ip
 * @peer: the peer's transport address
 * @user: who owns the allocation; not terminated
 */
struct relay_cookie {
	uint8_t version;
	uint8_t user_len;
	uint8_t reserved[2];
	uint8_t connection_id[4];
	struct relay_cookie_addr relayed, peer;
	char user[RELAY_COOKIE_USER_MAX];
};

_Static_assert(sizeof(struct relay_cookie) <= RELAY_COOKIE_MAX, "a cookie fits");

/**
 * relay_cookie_set() - fill a cookie in
 * @user: NULL if nobody was asked; what exceeds RELAY_COOKIE_USER_MAX is cut
 *
 * Return: how many bytes of it count.
 */
size_t relay_cookie_set(struct relay_cookie *cookie, uint32_t connection_id,
			const union addr *relayed, const union addr *peer,
			const char *user);

/**
 * relay_cookie_get() - read what another process has put into one
 *
 * Return: whether it is one of ours.
 */
bool relay_cookie_get(const void *cookie, size_t len, uint32_t *connection_id,
		      union addr *peer);

#endif
