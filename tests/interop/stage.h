/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stage of a test: a client with an allocation, and a peer that it is in
 * contact with.
 */
#ifndef KTURN_STAGE_H
#define KTURN_STAGE_H

#include <pthread.h>

#include "../../tools/client/transfer.h"
#include "wire.h"

enum stage_way {
	STAGE_PASSIVE,	/* the peer connects to the relayed address */
	STAGE_ACTIVE,	/* the server connects to the peer */
};

/**
 * struct stage - one client, one peer
 * @turn: the client
 * @peer: the peer's socket
 * @peer_addr: its address, as the client learns it
 * @id: the CONNECTION-ID
 * @data: the client data connection, once bound
 */
struct stage {
	struct turn turn;
	int peer;
	union addr peer_addr;
	uint32_t id;
	int data;
};

/**
 * stage_allocate() - a client with an allocation
 */
int stage_allocate(struct stage *st, const struct wire *wire, int family);

/**
 * stage_meet() - client and peer know of each other, nothing is bound yet
 */
int stage_meet(struct stage *st, const struct wire *wire, enum stage_way way);

/**
 * stage_bind() - the ConnectionBind
 */
int stage_bind(struct stage *st);

/**
 * stage_open() - all of it: @st->data and @st->peer are joined
 */
int stage_open(struct stage *st, const struct wire *wire, enum stage_way way);

/**
 * stage_ends() - check that a connection is closed, in whatever way, in time
 */
int stage_ends(int fd);

/**
 * struct actor - one end of a transfer in a thread of its own
 */
struct actor {
	int fd;
	struct transfer_plan plan;
	struct transfer_result result;
	int err;
	pthread_t thread;
};

/**
 * actor_start() - begin a transfer
 */
void actor_start(struct actor *actor, int fd, const struct transfer_plan *plan);

/**
 * actor_wait() - wait for its end
 *
 * Return: what transfer_run() has returned.
 */
int actor_wait(struct actor *actor);

/**
 * stage_compare() - check that two ends have received what the other has sent
 */
int stage_compare(const struct transfer_result *client, const struct transfer_result *peer);

/**
 * stage_transfer() - let both ends of a stage transfer, and compare
 */
int stage_transfer(struct stage *st, const struct transfer_plan *client,
		   const struct transfer_plan *peer);

#endif
