/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mobility (RFC 8016): who has a ticket of his allocation can go on with it from another
 * 5-tuple. Until data comes from there the allocation has two sessions, and both count;
 * peers' data goes to the old one.
 *
 * An allocation stays with its worker. A session that comes to another one with a ticket
 * goes there: over TCP and TLS by handover.h, over UDP by forward.h.
 *
 * Only UDP allocations are mobile. One of TCP lives in its data connections, which are
 * TCP connections of the client's old address; what would be left of it, a port that
 * listens, is as easily had anew.
 */
#ifndef KTURN_MOBILITY_H
#define KTURN_MOBILITY_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "allocation.h"
#include "session.h"

struct stun_attr;
struct stun_builder;
struct stun_message;
struct transaction;
struct worker;

/**
 * struct mobility - of one allocation
 * @number: in its tickets, by which its worker finds it
 * @moves: how often it has moved; in the ticket that is good
 * @next: the session that it moves to, until data comes from there; or NULL
 */
struct mobility {
	struct allocation *allocation;
	uint64_t number;
	uint16_t moves;
	struct session *next;
	UT_hash_handle hh;
};

/**
 * mobility_ask() - see whether an Allocate request wants a ticket
 * @request: its transport is known; gets the answer
 *
 * Return: 0, or the error code to answer with: 400 or 405.
 */
unsigned int mobility_ask(const struct transaction *transaction,
			  const struct stun_message *msg, struct allocation_request *request);

/**
 * mobility_begin() - make an allocation mobile
 *
 * Return: 0 or -ENOMEM.
 */
int mobility_begin(struct allocation *allocation);

/**
 * mobility_restore() - make one mobile as it was in a process before this one
 * @number: in its tickets
 * @moves: how often it has moved
 * @next: where it moves to, or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int mobility_restore(struct allocation *allocation, uint64_t number, uint16_t moves,
		     struct session *next);

/**
 * mobility_end() - the opposite, if it is mobile; the session that it was moving to has
 * none any more
 */
void mobility_end(struct allocation *allocation);

/**
 * mobility_add_ticket() - put the ticket that is good into a response, if it is mobile
 */
void mobility_add_ticket(const struct allocation *allocation, struct stun_builder *b);

/**
 * mobility_owner() - the worker that a Refresh request with a ticket has to go to
 *
 * Return: NULL if there is no ticket, or none of ours.
 */
struct worker *mobility_owner(const struct worker *worker, const struct stun_message *msg);

/**
 * mobility_find() - the allocation that the ticket of a Refresh request stands for
 *
 * Return: 0, or the error code to answer with: 400, 405, 437 or 441.
 */
unsigned int mobility_find(const struct transaction *transaction, const struct stun_attr *attr,
			   struct allocation **allocation);

/**
 * mobility_move() - begin to move an allocation to a session, unless that has it
 *
 * The ticket that it was found by is good no longer.
 */
void mobility_move(struct allocation *allocation, struct session *session);

/**
 * mobility_arrive() - data has come from the session that an allocation moves to
 */
void mobility_arrive(struct allocation *allocation);

/**
 * mobility_heard() - note that a session, which may have an allocation, has sent data
 */
static inline void mobility_heard(const struct session *session)
{
	if (session->allocation && session->allocation->session != session)
		mobility_arrive(session->allocation);
}

/**
 * mobility_leave() - a session with an allocation ends
 *
 * Return: whether the allocation goes on without it.
 */
bool mobility_leave(struct session *session);

#endif
