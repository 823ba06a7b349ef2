/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client of a fuzzed daemon. It reads the answers as any client does, and so has
 * the nonce and the CONNECTION-IDs with which requests get deep into the server.
 */
#ifndef KTURN_FUZZ_CLIENT_H
#define KTURN_FUZZ_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "challenge.h"
#include "hello.h"
#include "net.h"
#include "stun.h"

#define CLIENT_REALM	"realm"
#define CLIENT_IDS	8

/* The users, whom the daemon knows. */
extern const char *const client_users[2], *const client_passwords[2];

struct client {
	struct net_end end;
	bool datagrams;
	union addr from;
	bool deaf;
	struct challenge challenge, old;	/* the second as clients of RFC 5389 take it */
	uint8_t n_sent;
	uint8_t cookie[HELLO_COOKIE_MAX];	/* of DTLS */
	size_t cookie_len;
	uint8_t reply[4096];
	size_t have;
};

/**
 * client_send() - send bytes as they are
 */
void client_send(struct client *client, const void *data, size_t len);

/**
 * client_learn() - take what the daemon has sent, and the good of it
 */
void client_learn(struct client *client);

/**
 * client_ask() - send a request without credentials, to be told a nonce
 */
void client_ask(struct client *client);

/**
 * struct client_way - how to sign
 * @user: index of the user
 * @old: as clients of RFC 5389 do
 * @fingerprint: add FINGERPRINT
 * @token: as one whom the authorization server has sent
 */
struct client_way {
	unsigned int user;
	bool old, fingerprint, token;
};

/**
 * client_hello() - begin with DTLS
 * @payload: see SCRIPT_HELLO
 */
void client_hello(struct client *client, const uint8_t *payload, size_t len);

/**
 * client_sign() - send a request
 * @payload: its type, and attributes as they are; CONNECTION-IDs below CLIENT_IDS
 *	stand for those that the daemon gave out last, and so does a RESERVATION-TOKEN
 *	of zeros, or a MOBILITY-TICKET of one octet. An ACCESS-TOKEN that begins with 0,
 *	1 or 2 stands for one that is good, that ends soon, or that has ended; behind a 3
 *	there is what is to be sealed
 */
void client_sign(struct client *client, const uint8_t *payload, size_t len,
		 const struct client_way *way);

/**
 * client_forget() - forget the CONNECTION-IDs
 */
void client_forget(void);

#endif
