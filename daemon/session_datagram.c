// SPDX-License-Identifier: GPL-2.0-only
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "answers.h"
#include "forward.h"
#include "listener_udp.h"
#include "macros.h"
#include "record.h"
#include "server.h"
#include "session_datagram.h"
#include "turn.h"
#include "worker.h"

struct session_datagram {
	struct session session;
	struct udp_socket *socket;
	struct worker *at;			/* sends on what comes from there; or NULL */
	struct answers answers;
	bool known;				/* in the table */
	bool idle;				/* in the queue */
	TAILQ_ENTRY(session_datagram) entry;
	UT_hash_handle hh;
};

static struct session_datagram *of_session(struct session *session)
{
	return container_of(session, struct session_datagram, session);
}

static struct session_tuple tuple_of(const struct session_datagram *self)
{
	return (struct session_tuple){ self->session.client, self->session.server };
}

static struct session_datagrams *sessions_of(const struct session_datagram *self)
{
	return &self->session.worker->datagrams;
}

/* Its memory may be gone soon, so it does not wait in the batch. */
static void send_message(struct session *session, const void *data, size_t len)
{
	struct session_datagram *self = of_session(session);

	if (self->known)
		answers_note(&self->answers, data, len);
	udp_send(self->socket, &session->client, &session->server, data, len);
	udp_flush(session->worker->udp);
}

static void send_data(struct session *session, const void *data, size_t len)
{
	udp_send(of_session(session)->socket, &session->client, &session->server, data, len);
}

static void leave_idle(struct session_datagram *self)
{
	struct session_datagrams *sessions = sessions_of(self);

	if (!self->idle)
		return;
	self->idle = false;
	TAILQ_REMOVE(&sessions->idle, self, entry);
	sessions->n_idle--;
}

static void enter_idle(struct session_datagram *self)
{
	struct session_datagrams *sessions = sessions_of(self);

	self->idle = true;
	TAILQ_INSERT_TAIL(&sessions->idle, self, entry);
	sessions->n_idle++;
}

/*
 * Where a session begins, and not where another becomes idle: a request can end the
 * allocation of another session than its own, which may be the oldest idle one.
 */
static void make_room(struct session_datagrams *sessions)
{
	while (sessions->n_idle > sessions->max_idle)
		session_close(&TAILQ_FIRST(&sessions->idle)->session, "too many idle ones");
}

/* A stranger is one no more. */
static void get_known(struct session_datagram *self)
{
	struct session_datagrams *sessions = sessions_of(self);
	const struct session_tuple tuple = tuple_of(self);

	make_room(sessions);
	self->known = true;
	if (sessions->stranger == self)
		sessions->stranger = NULL;
	HASH_ADD(hh, sessions->table, session.client, sizeof(struct session_tuple), self);
	session_begin(&self->session);
	evtimer_del(self->session.idle);
	if (self->at)
		forward_begin(self->at, self->session.worker, &tuple);
}

static void allocated(struct session *session)
{
	struct session_datagram *self = of_session(session);

	if (!self->known)
		get_known(self);
	if (session->allocation)
		leave_idle(self);
	else
		enter_idle(self);
}

static void close_datagram(struct session *session)
{
	struct session_datagram *self = of_session(session);
	const struct session_tuple tuple = tuple_of(self);

	/* The stranger is everybody's. */
	if (!self->known)
		return;
	if (self->at)
		forward_end(self->at, session->worker, &tuple);
	leave_idle(self);
	HASH_DEL(sessions_of(self)->table, self);
	answers_clear(&self->answers);
	session_end(session);
	free(self);
}

static bool keep(const struct session *session, struct record_session *record)
{
	const struct session_datagram *self =
		container_of(session, const struct session_datagram, session);
	const struct worker *at = self->at ? self->at : session->worker;

	*record = (struct record_session){
		.client = session->client,
		.server = session->server,
		.listener = self->socket->addr,
		.at = at->index,
	};
	return true;
}

static const struct session_ops session_ops = {
	.transport = "udp",
	.send = send_message,
	.send_data = send_data,
	.allocated = allocated,
	.keep = keep,
	.close = close_datagram,
};

static struct session_datagram *new_session(struct worker *worker)
{
	struct session_datagram *self = calloc(1, sizeof(*self));

	if (self && session_init(&self->session, &session_ops, worker)) {
		free(self);
		return NULL;
	}
	return self;
}

struct session *session_datagram_restore(struct worker *worker,
					 const struct record_session *record)
{
	const struct server *server = worker->server;
	struct worker *at = record->at < server->n_workers ? &server->workers[record->at] : NULL;
	struct udp_socket *socket = at ? listeners_udp_find(worker, &record->listener) : NULL;
	struct session_datagram *self = socket ? new_session(worker) : NULL;

	if (!self)
		return NULL;
	self->session.client = record->client;
	self->session.server = record->server;
	self->socket = socket;
	self->at = at == worker ? NULL : at;
	get_known(self);
	enter_idle(self);
	return &self->session;
}

static struct session_datagram *find_session(const struct worker *worker,
					     const struct datagram *datagram)
{
	struct session_datagram *self;
	struct session_tuple tuple;

	tuple.client = datagram->remote;
	tuple.server = datagram->local;
	HASH_FIND(hh, worker->datagrams.table, &tuple, sizeof(tuple), self);
	return self;
}

bool session_datagram_exists(const struct worker *worker, const struct datagram *datagram)
{
	return find_session(worker, datagram);
}

/* Return: NULL without memory. */
static struct session_datagram *get_stranger(struct worker *worker,
					     struct udp_socket *socket,
					     const struct datagram *datagram)
{
	struct session_datagrams *sessions = &worker->datagrams;

	if (!sessions->stranger)
		sessions->stranger = new_session(worker);
	if (!sessions->stranger)
		return NULL;
	sessions->stranger->session.client = datagram->remote;
	sessions->stranger->session.server = datagram->local;
	sessions->stranger->socket = socket;
	sessions->stranger->at = NULL;
	return sessions->stranger;
}

/* Return: whether this has been answered before, and so now once more. */
static bool answer_again(struct session_datagram *self, const struct datagram *datagram)
{
	const struct answer *answer = answers_find(&self->answers, datagram->data,
						   datagram->len);

	if (!answer)
		return false;
	trace_message(&self->session, TRACE_IN, datagram->data, datagram->len);
	trace_message(&self->session, TRACE_OUT, answer->data, answer->len);
	udp_send(self->socket, &self->session.client, &self->session.server, answer->data,
		 answer->len);
	udp_flush(self->session.worker->udp);
	return true;
}

static void receive(struct session_datagram *self, const struct datagram *datagram)
{
	if (self && datagram->len && !answer_again(self, datagram))
		turn_receive(&self->session, datagram->data, datagram->len);
}

void session_datagram_receive(struct worker *worker, struct udp_socket *socket,
			      const struct datagram *datagram)
{
	struct session_datagram *self = find_session(worker, datagram);

	if (!self && forward_has_news(worker)) {
		mailbox_empty(&worker->mailbox);
		self = find_session(worker, datagram);
	}
	if (self) {
		receive(self, datagram);
	} else if (!forward_if_routed(worker, socket, datagram)) {
		self = get_stranger(worker, socket, datagram);
		receive(self, datagram);
	}
}

void session_datagram_take(struct worker *worker, struct worker *at, struct udp_socket *socket,
			   const struct datagram *datagram)
{
	struct session_datagram *self = find_session(worker, datagram);

	if (!self) {
		self = get_stranger(worker, socket, datagram);
		if (self)
			self->at = at;
	}
	receive(self, datagram);
}

void session_datagram_hand_over(struct session *session, struct worker *to,
				const uint8_t *data, size_t len)
{
	struct session_datagram *self = of_session(session);
	const struct session_tuple tuple = tuple_of(self);
	unsigned int listener = listeners_udp_index(session->worker, self->socket);
	struct worker *at = self->at ? self->at : session->worker;

	/* Else it would be found before the route; the request may come once more. */
	if (self->known)
		session_close(session, "goes to another worker");
	forward_datagram(at, to, listener, &tuple, data, len);
}

void session_datagrams_init(struct session_datagrams *sessions)
{
	*sessions = (struct session_datagrams){ .max_idle = SESSION_DATAGRAM_IDLE_MAX };
	TAILQ_INIT(&sessions->idle);
}

void session_datagrams_clear(struct session_datagrams *sessions)
{
	if (!sessions->stranger)
		return;
	event_free(sessions->stranger->session.idle);
	free(sessions->stranger);
	sessions->stranger = NULL;
}
