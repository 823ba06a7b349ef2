// SPDX-License-Identifier: GPL-2.0-only
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocation.h"
#include "config.h"
#include "connection.h"
#include "log.h"
#include "macros.h"
#include "session.h"
#include "sock.h"
#include "turn.h"
#include "worker.h"

static struct session *session_of(struct stream *stream)
{
	return container_of(stream, struct session, stream);
}

static void on_message(struct stream *stream, const uint8_t *data, size_t len)
{
	turn_receive(session_of(stream), data, len);
}

static void on_broken(struct stream *stream, const char *why)
{
	session_close(session_of(stream), why);
}

static void free_session(struct session *session)
{
	LIST_REMOVE(session, entry);
	event_free(session->idle);
	free(session);
}

static void on_drained(struct stream *stream)
{
	struct session *session = session_of(stream);
	struct connection *connection = session->binding;
	struct tls *tls;
	int fd = stream_detach(stream, &tls);

	free_session(session);
	connection_bind(connection, fd, tls);
}

static const struct stream_ops stream_ops = {
	.message = on_message,
	.drained = on_drained,
	.broken = on_broken,
};

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	session_close(arg, "no allocation in time");
}

static void start_idle(struct session *session)
{
	const struct timeval timeout = { session->worker->config->max_allocate_timeout, 0 };

	evtimer_add(session->idle, &timeout);
}

static int local_addr(int fd, union addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		return -1;
	return addr_from_sockaddr(addr, (struct sockaddr *)&ss);
}

static struct session *new_session(struct worker *worker, int fd, const union addr *client)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->worker = worker;
	session->client = *client;
	session->idle = evtimer_new(worker->base, on_idle, session);
	if (session->idle && !local_addr(fd, &session->server) &&
	    !stream_open(&session->stream, worker->base, fd, &stream_ops))
		return session;
	if (session->idle)
		event_free(session->idle);
	free(session);
	return NULL;
}

void session_open(struct worker *worker, int fd, const union addr *client, enum tls_use use)
{
	struct session *session = new_session(worker, fd, client);
	char from[ADDR_STR_LEN], to[ADDR_STR_LEN];

	if (!session) {
		log_warning("session refused", "client=%s", addr_str(client, from));
		close(fd);
		return;
	}
	sock_tune(fd);
	stream_expect_tls(&session->stream, worker->config->tls, use);
	LIST_INSERT_HEAD(&worker->sessions, session, entry);
	start_idle(session);
	log_verbose("session opened", "client=%s server=%s", addr_str(client, from),
		    addr_str(&session->server, to));
}

void session_close(struct session *session, const char *why)
{
	struct connection *binding = session->binding;
	char text[ADDR_STR_LEN];

	log_verbose("session closed", "client=%s reason=\"%s\"",
		    addr_str(&session->client, text), why);
	if (session->allocation)
		allocation_delete(session->allocation, why);
	/* Let go of it first: its end would close the session once more. */
	session->binding = NULL;
	if (binding)
		connection_delete(binding, why);
	stream_close(&session->stream);
	free_session(session);
}

void session_set_allocation(struct session *session, struct allocation *allocation)
{
	session->allocation = allocation;
	if (allocation)
		evtimer_del(session->idle);
	else
		start_idle(session);
}

void session_become(struct session *session, struct connection *connection)
{
	session->binding = connection;
	evtimer_del(session->idle);
	stream_drain(&session->stream);
}
