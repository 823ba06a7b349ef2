/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's side of TURN with TCP allocations (RFC 6062, section 4): one
 * control connection, its credentials, its allocation.
 *
 * What fails returns a negative errno; what the server refuses returns the
 * error code of its response, which is positive.
 */
#ifndef KTURN_CLIENT_TURN_H
#define KTURN_CLIENT_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "challenge.h"
#include "message.h"
#include "secure.h"

#define TURN_PORT	3478
#define TURN_TLS_PORT	5349
#define TURN_TIMEOUT	40000	/* ms; a server may try a Connect for 30 s and more */
#define TURN_ATTEMPTS	64

/**
 * struct turn_attempt - a ConnectionAttempt indication
 * @peer: who has connected to the relayed address
 * @id: the CONNECTION-ID to bind
 */
struct turn_attempt {
	union addr peer;
	uint32_t id;
};

/**
 * struct turn - one client of a TURN server
 * @control: the control connection
 * @server: the other end of it
 * @from: local IP address to use, or NULL
 * @secure: how to speak TLS with the server, or NULL
 * @user: user name; NULL never signs
 * @password: the user's
 * @challenge: what the server wants of its users, once it has said so
 * @signed_reply: the latest response was signed, and as well as its request
 * @relayed: where peers reach the client
 * @mapped: the client as the server sees it
 * @lifetime: of the allocation, in seconds
 * @attempts: indications that came while something else was awaited
 * @n_attempts: how many
 */
struct turn {
	int control;
	union addr server;
	const union addr *from;
	const struct secure *secure;
	const char *user, *password;
	struct challenge challenge;
	bool signed_reply;
	union addr relayed, mapped;
	uint32_t lifetime;
	struct turn_attempt attempts[TURN_ATTEMPTS];
	unsigned int n_attempts;
};

/**
 * struct turn_ask - what a request asks for; what is zero is left out
 */
struct turn_ask {
	enum stun_method method;
	uint8_t transport;
	uint8_t family;
	uint16_t channel;
	const uint32_t *lifetime;
	const uint32_t *connection;
	const union addr *peer;
};

/**
 * turn_open() - connect to a server
 * @from: local IP address to use, or NULL
 * @user: user name, or NULL to stay anonymous; has to live as long as @turn
 */
int turn_open(struct turn *turn, const union addr *server, const union addr *from,
	      const char *user, const char *password);

/**
 * turn_open_secure() - the same over TLS, also for client data connections
 * @secure: has to live as long as @turn; NULL for none
 */
int turn_open_secure(struct turn *turn, const union addr *server, const union addr *from,
		     const char *user, const char *password, const struct secure *secure);

/**
 * turn_dial() - one more connection to the server, as secure as the first
 *
 * Return: the descriptor or a negative errno.
 */
int turn_dial(const struct turn *turn);

/**
 * turn_close() - close the control connection, if open: everything ends
 */
void turn_close(struct turn *turn);

/**
 * turn_build() - write a request, signed if the server has challenged
 * @buf: MESSAGE_MAX bytes
 */
void turn_build(const struct turn *turn, const struct turn_ask *ask,
		struct stun_builder *b, uint8_t *buf);

/**
 * turn_judge() - see what a response says, and whether it is signed
 *
 * A challenge is taken note of. A success that is not signed, where the request
 * was, is not believed: -EBADMSG.
 */
int turn_judge(struct turn *turn, const struct stun_message *msg);

/**
 * turn_reply() - wait for the response to a request
 * @fd: the connection it went out on
 * @request: the request's first byte
 *
 * Indications that come before it are kept. A challenge is taken note of. A
 * success that is not signed, where the request was, is not believed: -EBADMSG.
 */
int turn_reply(struct turn *turn, int fd, const uint8_t *request, struct message *reply);

/**
 * turn_exchange() - one request, one response, whatever it is
 */
int turn_exchange(struct turn *turn, int fd, const struct turn_ask *ask,
		  struct message *reply);

/**
 * turn_request() - ask, and once again if the server wants credentials or another nonce
 */
int turn_request(struct turn *turn, int fd, const struct turn_ask *ask,
		 struct message *reply);

/**
 * turn_allocate() - get a relayed address, for TCP
 * @family: of the relayed address: AF_INET, AF_INET6, or AF_UNSPEC for the server's choice
 * @lifetime: wanted, in seconds
 */
int turn_allocate(struct turn *turn, int family, uint32_t lifetime);

/**
 * turn_refresh() - keep the allocation for @lifetime seconds; 0 ends it
 */
int turn_refresh(struct turn *turn, uint32_t lifetime);

/**
 * turn_permit() - let a peer, whatever its port, reach the relayed address
 */
int turn_permit(struct turn *turn, const union addr *peer);

/**
 * turn_connect() - have the server connect to a peer
 * @id: the CONNECTION-ID to bind
 */
int turn_connect(struct turn *turn, const union addr *peer, uint32_t *id);

/**
 * turn_await() - wait for a peer to connect to the relayed address
 */
int turn_await(struct turn *turn, struct turn_attempt *attempt, int timeout_ms);

/**
 * turn_bind() - open the client data connection for a CONNECTION-ID
 * @fd: the connection, if successful
 */
int turn_bind(struct turn *turn, uint32_t id, int *fd);

/**
 * turn_keepalive() - send a Binding indication on the control connection
 */
int turn_keepalive(struct turn *turn);

#endif
