// SPDX-License-Identifier: GPL-2.0-only
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acceptor.h"
#include "log.h"

struct acceptor {
	struct evconnlistener *listener;
	struct event *rested;
	acceptor_fn fn;
	void *arg;
};

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *sa, int len, void *arg)
{
	struct acceptor *acceptor = arg;
	union addr from;

	(void)listener, (void)len;
	if (addr_from_sockaddr(&from, sa))
		close(fd);
	else
		acceptor->fn(fd, &from, acceptor->arg);
}

static void on_error(struct evconnlistener *listener, void *arg)
{
	static const struct timeval rest = { 0, 100 * 1000 };
	struct acceptor *acceptor = arg;

	log_warning("accept failed", "error=\"%s\" rest=100ms",
		    evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	evconnlistener_disable(listener);
	evtimer_add(acceptor->rested, &rest);
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor *acceptor = arg;

	(void)fd, (void)what;
	evconnlistener_enable(acceptor->listener);
}

struct acceptor *acceptor_open(struct event_base *base, int fd, acceptor_fn fn, void *arg)
{
	struct acceptor *acceptor = calloc(1, sizeof(*acceptor));

	if (!acceptor)
		return NULL;
	acceptor->fn = fn;
	acceptor->arg = arg;
	acceptor->rested = evtimer_new(base, on_rested, acceptor);
	if (acceptor->rested)
		acceptor->listener = evconnlistener_new(base, on_accept, acceptor,
							LEV_OPT_CLOSE_ON_FREE |
							LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (acceptor->listener) {
		evconnlistener_set_error_cb(acceptor->listener, on_error);
		return acceptor;
	}
	if (acceptor->rested)
		event_free(acceptor->rested);
	free(acceptor);
	return NULL;
}

void acceptor_close(struct acceptor *acceptor)
{
	evconnlistener_free(acceptor->listener);
	event_free(acceptor->rested);
	free(acceptor);
}
