// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptor.h"
#include "config.h"
#include "kept.h"
#include "listener.h"
#include "log.h"
#include "proxy.h"
#include "session_stream.h"
#include "sock.h"
#include "worker.h"

#define BACKLOG 1024

/* One listening socket. */
struct listener {
	struct worker *worker;
	struct acceptor *acceptor;
	enum tls_use tls_use;
	bool proxy;
};

static void on_client(int fd, const union addr *from, void *arg)
{
	const struct listener *listener = arg;

	if (listener->proxy)
		proxy_open(listener->worker, fd, from, listener->tls_use);
	else
		session_stream_open(listener->worker, fd, from, listener->tls_use);
}

/*
 * Every worker listens on the same address. The first has to have it for itself,
 * so that it is told of a rival; only then may the others join it.
 */
static int listen_on(const union addr *addr, bool first)
{
	int fd = sock_stream(addr), err;

	if (fd < 0)
		return fd;
	err = sock_set(fd, SO_REUSEADDR);
	if (!err && !first)
		err = sock_set(fd, SO_REUSEPORT);
	if (!err && (bind(fd, &addr->sa, addr_len(addr)) || listen(fd, BACKLOG)))
		err = -errno;
	if (!err && first)
		err = sock_set(fd, SO_REUSEPORT);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* That of the process before this one, in which clients may be waiting; or a new one. */
static int open_socket(struct worker *worker, const union addr *addr)
{
	int fd = kept_take_socket(SOCK_STREAM, worker->index, addr);

	if (fd >= 0)
		return fd;
	fd = listen_on(addr, !worker->index);
	if (fd >= 0)
		kept_give_socket(SOCK_STREAM, worker->index, addr, fd);
	return fd;
}

static const char *transport(enum tls_use use)
{
	switch (use) {
	case TLS_ALWAYS:
		return "tls";
	case TLS_DETECT:
		return "tcp,tls";
	default:
		return "tcp";
	}
}

static int open_one(struct worker *worker, const union addr *addr, enum tls_use use,
		    bool proxy)
{
	struct listener *listener = &worker->listeners[worker->n_listeners];
	char text[ADDR_STR_LEN];
	bool first = !worker->index;
	int fd = open_socket(worker, addr);

	if (fd < 0) {
		log_error("cannot listen", "address=%s error=\"%s\"", addr_str(addr, text),
			  strerror(-fd));
		return fd;
	}
	listener->worker = worker;
	listener->tls_use = use;
	listener->proxy = proxy;
	listener->acceptor = acceptor_open(worker->base, fd, on_client, listener);
	if (!listener->acceptor) {
		close(fd);
		return -ENOMEM;
	}
	worker->n_listeners++;
	if (first)
		log_info("listening", "address=%s transport=%s%s", addr_str(addr, text),
			 transport(use), proxy ? " from=proxy" : "");
	return 0;
}

static int open_port(struct worker *worker, uint16_t port, enum tls_use use, bool proxy)
{
	const struct config *config = worker->config;
	int err;

	for (unsigned int i = 0; i < config->listening_ip.n; i++) {
		union addr addr = config->listening_ip.addr[i];

		addr_set_port(&addr, port);
		err = open_one(worker, &addr, use, proxy);
		if (err == -EAFNOSUPPORT && config->listening_any)
			continue;
		if (err)
			return err;
	}
	return 0;
}

/* Where both TLS and what is none may come, unless one of them is not wanted. */
static int open_mixed(struct worker *worker, enum tls_use use)
{
	const struct config *config = worker->config;
	int err = open_port(worker, config->listening_port, use, false);

	if (!err && config->rfc5780)
		err = open_port(worker, config->alt_listening_port, use, false);
	for (unsigned int i = 0; i < config->aux_server.n && !err; i++)
		err = open_one(worker, &config->aux_server.addr[i], use, false);
	if (!err && config->tcp_proxy_port)
		err = open_port(worker, config->tcp_proxy_port, use, true);
	return err;
}

int listeners_open(struct worker *worker)
{
	const struct config *config = worker->config;
	unsigned int max = 5 * config->listening_ip.n + config->aux_server.n;
	int err = 0;

	worker->listeners = calloc(max, sizeof(*worker->listeners));
	if (!worker->listeners)
		return -ENOMEM;
	if (!config->no_tcp)
		err = open_mixed(worker, config->tls ? TLS_DETECT : TLS_NEVER);
	else if (config->tls)
		err = open_mixed(worker, TLS_ALWAYS);
	if (!err && config->tls)
		err = open_port(worker, config->tls_listening_port, TLS_ALWAYS, false);
	if (!err && config->tls && config->rfc5780)
		err = open_port(worker, config->alt_tls_listening_port, TLS_ALWAYS, false);
	return err;
}

void listeners_close(struct worker *worker)
{
	while (worker->n_listeners)
		acceptor_close(worker->listeners[--worker->n_listeners].acceptor);
	free(worker->listeners);
	worker->listeners = NULL;
}
