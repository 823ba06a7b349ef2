// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "listener_udp.h"
#include "log.h"
#include "session_datagram.h"
#include "udp.h"
#include "worker.h"

struct listener_udp {
	struct worker *worker;
	struct udp_socket socket;
};

static void on_datagram(const struct datagram *datagram, void *arg)
{
	struct listener_udp *listener = arg;

	session_datagram_receive(listener->worker, &listener->socket, datagram);
}

static int open_socket(struct listener_udp *listener, struct worker *worker,
		       const union addr *addr)
{
	int fd = udp_bind(addr, worker->index ? UDP_JOIN : UDP_FIRST), err;

	if (fd < 0)
		return fd;
	listener->worker = worker;
	err = udp_open(&listener->socket, worker->udp, fd, addr, on_datagram, listener);
	if (err)
		close(fd);
	return err;
}

static int open_one(struct worker *worker, const union addr *addr)
{
	char text[ADDR_STR_LEN];
	int err = open_socket(&worker->listeners_udp[worker->n_listeners_udp], worker, addr);

	if (err) {
		log_error("cannot listen", "address=%s transport=udp error=\"%s\"",
			  addr_str(addr, text), strerror(-err));
		return err;
	}
	worker->n_listeners_udp++;
	if (!worker->index)
		log_info("listening", "address=%s transport=udp", addr_str(addr, text));
	return 0;
}

static int open_port(struct worker *worker, uint16_t port)
{
	const struct config *config = worker->config;
	int err = 0;

	for (unsigned int i = 0; i < config->listening_ip.n && !err; i++) {
		union addr addr = config->listening_ip.addr[i];

		addr_set_port(&addr, port);
		err = open_one(worker, &addr);
		if (err == -EAFNOSUPPORT && config->listening_any)
			err = 0;
	}
	return err;
}

int listeners_udp_open(struct worker *worker)
{
	const struct config *config = worker->config;
	int err;

	if (config->no_udp)
		return 0;
	worker->listeners_udp = calloc(2 * config->listening_ip.n + config->aux_server.n,
				       sizeof(*worker->listeners_udp));
	if (!worker->listeners_udp)
		return -ENOMEM;
	err = open_port(worker, config->listening_port);
	if (!err && config->rfc5780)
		err = open_port(worker, config->alt_listening_port);
	for (unsigned int i = 0; i < config->aux_server.n && !err; i++)
		err = open_one(worker, &config->aux_server.addr[i]);
	return err;
}

struct udp_socket *listeners_udp_find(const struct worker *worker, const union addr *addr)
{
	for (unsigned int i = 0; i < worker->n_listeners_udp; i++) {
		struct udp_socket *socket = &worker->listeners_udp[i].socket;

		if (addr_equal(&socket->addr, addr))
			return socket;
	}
	return NULL;
}

void listeners_udp_close(struct worker *worker)
{
	while (worker->n_listeners_udp)
		udp_close(&worker->listeners_udp[--worker->n_listeners_udp].socket);
	free(worker->listeners_udp);
	worker->listeners_udp = NULL;
}
