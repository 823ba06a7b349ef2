// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptor.h"
#include "config.h"
#include "listener.h"
#include "log.h"
#include "session.h"
#include "sock.h"
#include "worker.h"

#define BACKLOG 1024

static void on_client(int fd, const union addr *from, void *arg)
{
	session_open(arg, fd, from);
}

/* More than one worker will want SO_REUSEPORT; one alone wants to be told of a rival. */
static int listen_on(const union addr *addr)
{
	int fd = sock_stream(addr), err;

	if (fd < 0)
		return fd;
	err = sock_set(fd, SO_REUSEADDR);
	if (!err && (bind(fd, &addr->sa, addr_len(addr)) || listen(fd, BACKLOG)))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int open_one(struct worker *worker, const union addr *addr, struct acceptor **acceptor)
{
	char text[ADDR_STR_LEN];
	int fd = listen_on(addr);

	if (fd < 0) {
		log_error("cannot listen", "address=%s error=\"%s\"", addr_str(addr, text),
			  strerror(-fd));
		return fd;
	}
	*acceptor = acceptor_open(worker->base, fd, on_client, worker);
	if (!*acceptor) {
		close(fd);
		return -ENOMEM;
	}
	log_info("listening", "address=%s transport=tcp", addr_str(addr, text));
	return 0;
}

int listeners_open(struct worker *worker)
{
	const struct config *config = worker->config;
	const struct config_addrs *list = &config->listening_ip;
	int err;

	worker->listeners = calloc(list->n, sizeof(*worker->listeners));
	if (!worker->listeners)
		return -ENOMEM;
	for (unsigned int i = 0; i < list->n; i++) {
		union addr addr = list->addr[i];

		addr_set_port(&addr, config->listening_port);
		err = open_one(worker, &addr, &worker->listeners[i]);
		if (err == -EAFNOSUPPORT && config->listening_any)
			continue;
		if (err)
			return err;
	}
	return 0;
}

void listeners_close(struct worker *worker)
{
	if (!worker->listeners)
		return;
	for (unsigned int i = 0; i < worker->config->listening_ip.n; i++)
		if (worker->listeners[i])
			acceptor_close(worker->listeners[i]);
	free(worker->listeners);
	worker->listeners = NULL;
}
