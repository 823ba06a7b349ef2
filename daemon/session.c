// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>

#include "allocate_pending.h"
#include "allocation.h"
#include "config.h"
#include "connection.h"
#include "log_who.h"
#include "mobility.h"
#include "session.h"
#include "worker.h"

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	session_close(arg, "no allocation in time");
}

static void continue_idle(struct session *session)
{
	time_t left = session->deadline - worker_now();
	const struct timeval timeout = { left > 0 ? left : 0, 0 };

	evtimer_add(session->idle, &timeout);
}

static void start_idle(struct session *session)
{
	session->deadline = worker_now() + session->worker->config->max_allocate_timeout;
	continue_idle(session);
}

int session_init(struct session *session, const struct session_ops *ops,
		 struct worker *worker)
{
	session->ops = ops;
	session->worker = worker;
	session->idle = evtimer_new(worker->base, on_idle, session);
	return session->idle ? 0 : -ENOMEM;
}

void session_begin(struct session *session)
{
	char to[ADDR_STR_LEN];

	LIST_INSERT_HEAD(&session->worker->sessions, session, entry);
	session->counted = session_is_stream(session) ? COUNT_SESSIONS_TCP : COUNT_SESSIONS_UDP;
	count(session->counted);
	start_idle(session);
	log_session(session, "session opened", "server=%s transport=%s",
		    addr_str(&session->server, to), session->ops->transport);
}

void session_count_as(struct session *session, enum counter level)
{
	count_down(session->counted);
	session->counted = level;
	count(level);
}

void session_end(struct session *session)
{
	allocate_pending_forget(session);
	count_down(session->counted);
	LIST_REMOVE(session, entry);
	event_free(session->idle);
}

void session_leave(struct session *session)
{
	session_end(session);
	session->idle = NULL;
}

int session_enter(struct session *session, struct worker *worker)
{
	session->worker = worker;
	session->idle = evtimer_new(worker->base, on_idle, session);
	if (!session->idle)
		return -ENOMEM;
	LIST_INSERT_HEAD(&worker->sessions, session, entry);
	count(session->counted);
	/* Or who has himself sent to and fro could stay for ever. */
	continue_idle(session);
	return 0;
}

void session_close(struct session *session, const char *why)
{
	struct connection *binding = session->binding;

	log_session(session, "session closed", "reason=\"%s\"", why);
	if (session->allocation && !mobility_leave(session)) {
		count(COUNT_ALLOCATION_ABANDONED);
		allocation_delete(session->allocation, why);
	}
	/* Let go of it first: its end would close the session once more. */
	session->binding = NULL;
	if (binding)
		connection_delete(binding, why);
	session->ops->close(session);
}

void session_set_allocation(struct session *session, struct allocation *allocation)
{
	session->allocation = allocation;
	if (allocation)
		evtimer_del(session->idle);
	else
		start_idle(session);
	if (session->ops->allocated)
		session->ops->allocated(session);
}
