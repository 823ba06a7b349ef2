// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptor.h"
#include "log.h"

struct acceptor {
	int fd;
	struct event *readable;
	struct event *rested;
	acceptor_fn fn;
	void *arg;
	bool busy;		/* so that who closes it leaves it to be freed */
	bool closed;
};

static void rest(struct acceptor *acceptor, int error)
{
	static const struct timeval pause = { 0, 100 * 1000 };

	log_warning("accept failed", "error=\"%s\" rest_ms=%d", strerror(error),
		    (int)(pause.tv_usec / 1000));
	event_del(acceptor->readable);
	evtimer_add(acceptor->rested, &pause);
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor *acceptor = arg;

	(void)fd, (void)what;
	event_add(acceptor->readable, NULL);
}

/* Return: false if that was all for now. */
static bool accept_one(struct acceptor *acceptor)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = accept4(acceptor->fd, (struct sockaddr *)&ss, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	union addr from = { .sa.sa_family = AF_UNSPEC };

	if (fd >= 0) {
		if (ss.ss_family != AF_UNIX &&
		    addr_from_sockaddr(&from, (struct sockaddr *)&ss))
			close(fd);
		else
			acceptor->fn(fd, &from, acceptor->arg);
		return true;
	}
	/* That one has given up meanwhile, the next one may not have. */
	if (errno == ECONNABORTED || errno == EINTR)
		return true;
	if (errno != EAGAIN)
		rest(acceptor, errno);
	return false;
}

static void free_acceptor(struct acceptor *acceptor)
{
	if (acceptor->readable)
		event_free(acceptor->readable);
	if (acceptor->rested)
		event_free(acceptor->rested);
	free(acceptor);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor *acceptor = arg;

	(void)fd, (void)what;
	acceptor->busy = true;
	for (int n = 0; n < ACCEPTED_AT_ONCE && accept_one(acceptor) && !acceptor->closed; n++)
		;
	acceptor->busy = false;
	if (acceptor->closed)
		free_acceptor(acceptor);
}

struct acceptor *acceptor_open(struct event_base *base, int fd, acceptor_fn fn, void *arg)
{
	struct acceptor *acceptor = calloc(1, sizeof(*acceptor));

	if (!acceptor)
		return NULL;
	acceptor->fd = fd;
	acceptor->fn = fn;
	acceptor->arg = arg;
	acceptor->rested = evtimer_new(base, on_rested, acceptor);
	acceptor->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, acceptor);
	if (acceptor->rested && acceptor->readable && !event_add(acceptor->readable, NULL))
		return acceptor;
	free_acceptor(acceptor);
	return NULL;
}

int acceptor_fd(const struct acceptor *acceptor)
{
	return acceptor->fd;
}

void acceptor_close(struct acceptor *acceptor)
{
	event_del(acceptor->readable);
	event_del(acceptor->rested);
	close(acceptor->fd);
	acceptor->closed = true;
	if (!acceptor->busy)
		free_acceptor(acceptor);
}
