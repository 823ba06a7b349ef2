// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "allocation_keep.h"
#include "auth_user.h"
#include "config.h"
#include "log.h"
#include "log_who.h"
#include "mobility.h"
#include "server.h"
#include "session.h"
#include "session_lost.h"
#include "stun.h"
#include "transaction.h"
#include "worker.h"

static struct worker *worker_of(const struct allocation *allocation)
{
	return allocation->session->worker;
}

unsigned int mobility_ask(const struct transaction *transaction,
			  const struct stun_message *msg, struct allocation_request *request)
{
	struct stun_attr attr;

	request->mobile = stun_find(msg, STUN_ATTR_MOBILITY_TICKET, &attr);
	if (!request->mobile)
		return 0;
	if (attr.len)
		return 400;
	return transaction->session->worker->config->mobility &&
	       request->transport == IPPROTO_UDP ? 0 : 405;
}

static int begin(struct allocation *allocation, uint64_t number)
{
	struct mobility *mobility = calloc(1, sizeof(*mobility));

	if (!mobility)
		return -ENOMEM;
	mobility->allocation = allocation;
	mobility->number = number;
	HASH_ADD(hh, worker_of(allocation)->mobile, number, sizeof(mobility->number), mobility);
	allocation->mobility = mobility;
	return 0;
}

int mobility_begin(struct allocation *allocation)
{
	return begin(allocation, worker_of(allocation)->next_mobile++);
}

int mobility_restore(struct allocation *allocation, uint64_t number, uint16_t moves,
		     struct session *next)
{
	struct worker *worker = worker_of(allocation);
	int err = begin(allocation, number);

	if (err)
		return err;
	allocation->mobility->moves = moves;
	allocation->mobility->next = next;
	if (next)
		session_set_allocation(next, allocation);
	if (worker->next_mobile <= number)
		worker->next_mobile = number + 1;
	return 0;
}

/* The session stays, for a while, as any does that has no allocation any more. */
static void leave_next(struct mobility *mobility)
{
	struct session *next = mobility->next;

	mobility->next = NULL;
	if (next)
		session_set_allocation(next, NULL);
}

void mobility_end(struct allocation *allocation)
{
	struct mobility *mobility = allocation->mobility;

	if (!mobility)
		return;
	leave_next(mobility);
	HASH_DEL(worker_of(allocation)->mobile, mobility);
	free(mobility);
	allocation->mobility = NULL;
}

void mobility_add_ticket(const struct allocation *allocation, struct stun_builder *b)
{
	const struct mobility *mobility = allocation->mobility;
	const struct worker *worker = worker_of(allocation);
	uint8_t sealed[TICKET_LEN];
	struct ticket ticket;

	if (!mobility)
		return;
	ticket = (struct ticket){ worker->index, mobility->number, mobility->moves };
	if (ticket_seal(&worker->server->state.ticket_key, &ticket, sealed))
		log_error("no randomness", "for=ticket");
	else
		stun_add(b, STUN_ATTR_MOBILITY_TICKET, sealed, sizeof(sealed));
}

struct worker *mobility_owner(const struct worker *worker, const struct stun_message *msg)
{
	struct server *server = worker->server;
	struct stun_attr attr;
	struct ticket ticket;

	if (!worker->config->mobility || msg->method != STUN_REFRESH ||
	    !stun_find(msg, STUN_ATTR_MOBILITY_TICKET, &attr) ||
	    ticket_open(&server->state.ticket_key, attr.value, attr.len, &ticket))
		return NULL;
	return ticket.worker < server->n_workers ? &server->workers[ticket.worker] : NULL;
}

/*
 * The request that has moved it here, once more: the process that took it may have died
 * before it answered, and with it all answers to send again.
 */
static bool is_repeated(const struct mobility *mobility, const struct session *session,
			const struct ticket *ticket)
{
	return mobility->allocation->inherited && session->allocation == mobility->allocation &&
	       ticket->moves + 1 == mobility->moves;
}

unsigned int mobility_find(const struct transaction *transaction, const struct stun_attr *attr,
			   struct allocation **allocation)
{
	struct session *session = transaction->session;
	struct worker *worker = session->worker;
	struct mobility *mobility;
	struct ticket ticket;

	if (!worker->config->mobility)
		return 405;
	if (ticket_open(&worker->server->state.ticket_key, attr->value, attr->len, &ticket))
		return 400;
	/* Another worker's, which has come over DTLS and cannot go there: numbers are its own. */
	if (ticket.worker != worker->index)
		return 437;
	HASH_FIND(hh, worker->mobile, &ticket.number, sizeof(ticket.number), mobility);
	if (!mobility)
		return 437;
	*allocation = mobility->allocation;
	if (!auth_user_same((*allocation)->user, transaction->user))
		return 441;
	if (session->allocation)
		return is_repeated(mobility, session, &ticket) ? 0
		       : session->allocation == *allocation ? 400 : 437;
	/* He may not have heard of the last one, of which only the connection was not kept. */
	if ((*allocation)->inherited && !mobility->next && ticket.moves + 1 == mobility->moves)
		return 0;
	/* Its answer may be sent again, but that was done before; see answers.h. */
	return ticket.moves == mobility->moves && ticket.moves < UINT16_MAX ? 0 : 400;
}

static void log_moving(const struct allocation *allocation, const struct session *session)
{
	char who[LOG_WHO_LEN], to[ADDR_STR_LEN];

	log_info("allocation moves", "%s to=%s transport=%s", log_who_allocation(who, allocation),
		 addr_str(&session->client, to), session_is_stream(session) ? "tcp" : "udp");
}

void mobility_move(struct allocation *allocation, struct session *session)
{
	struct mobility *mobility = allocation->mobility;

	if (session->allocation == allocation)
		return;
	log_moving(allocation, session);
	leave_next(mobility);
	mobility->moves++;
	allocation->inherited = false;
	mobility->next = session;
	session_set_allocation(session, allocation);
	/* From there nothing comes any more, and what is sent there is lost. */
	if (session_is_lost(allocation->session))
		mobility_arrive(allocation);
}

void mobility_arrive(struct allocation *allocation)
{
	struct session *old = allocation->session;

	allocation->session = allocation->mobility->next;
	allocation->mobility->next = NULL;
	session_set_allocation(old, NULL);
	allocation_keep(allocation);
}

/* Return: whether there was memory for it. */
static bool lose_connection(struct allocation *allocation)
{
	struct session *lost = session_lost_new(allocation->session);

	if (!lost)
		return false;
	allocation->session = lost;
	session_set_allocation(lost, allocation);
	return true;
}

bool mobility_leave(struct session *session)
{
	struct allocation *allocation = session->allocation;
	struct mobility *mobility = allocation->mobility;

	if (!mobility)
		return false;
	if (session == mobility->next) {
		mobility->next = NULL;
	} else if (mobility->next) {
		allocation->session = mobility->next;
		mobility->next = NULL;
	} else if (!session_is_stream(session) || session_is_lost(session) ||
		   !lose_connection(allocation)) {
		return false;
	}
	session->allocation = NULL;
	allocation_keep(allocation);
	return true;
}
