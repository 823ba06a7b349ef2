// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "dtls.h"
#include "kept.h"
#include "listener_udp.h"
#include "log.h"
#include "macros.h"
#include "session_datagram.h"
#include "session_dtls.h"
#include "tls.h"
#include "udp.h"
#include "worker.h"

struct listener_udp {
	struct worker *worker;
	struct udp_socket socket;
};

/* Each kind of socket has its own, so that plain datagrams pay nothing for DTLS. */
static void on_plain(const struct datagram *datagram, void *arg)
{
	struct listener_udp *listener = arg;

	session_datagram_receive(listener->worker, &listener->socket, datagram);
}

static bool is_dtls(const struct datagram *datagram)
{
	return datagram->len && *datagram->data >= DTLS_FIRST_BYTE_MIN &&
	       *datagram->data <= DTLS_FIRST_BYTE_MAX;
}

static void on_dtls(const struct datagram *datagram, void *arg)
{
	struct listener_udp *listener = arg;

	if (is_dtls(datagram))
		session_dtls_receive(listener->worker, &listener->socket, datagram);
}

static void on_either(const struct datagram *datagram, void *arg)
{
	if (is_dtls(datagram))
		on_dtls(datagram, arg);
	else
		on_plain(datagram, arg);
}

static const struct kind {
	udp_receive_fn receive;
	const char *transport;
} kinds[] = {
	[TLS_NEVER] = { on_plain, "udp" },
	[TLS_DETECT] = { on_either, "udp,dtls" },
	[TLS_ALWAYS] = { on_dtls, "dtls" },
};

/* That of the process before this one, where datagrams may be waiting; or a new one. */
static int bind_to(struct worker *worker, const union addr *addr)
{
	int fd = kept_take_socket(SOCK_DGRAM, worker->index, addr);

	if (fd >= 0)
		return fd;
	fd = udp_bind(addr, worker->index ? UDP_JOIN : UDP_FIRST);
	if (fd >= 0)
		kept_give_socket(SOCK_DGRAM, worker->index, addr, fd);
	return fd;
}

static int open_socket(struct listener_udp *listener, struct worker *worker,
		       const union addr *addr, enum tls_use use)
{
	int fd = bind_to(worker, addr), err;

	if (fd < 0)
		return fd;
	listener->worker = worker;
	err = udp_open(&listener->socket, worker->udp, fd, addr, kinds[use].receive, listener);
	if (err)
		close(fd);
	return err;
}

static int open_one(struct worker *worker, const union addr *addr, enum tls_use use)
{
	char text[ADDR_STR_LEN];
	int err = open_socket(&worker->listeners_udp[worker->n_listeners_udp], worker, addr,
			      use);

	if (err) {
		log_error("cannot listen", "address=%s transport=%s error=\"%s\"",
			  addr_str(addr, text), kinds[use].transport, strerror(-err));
		return err;
	}
	worker->n_listeners_udp++;
	if (!worker->index)
		log_info("listening", "address=%s transport=%s", addr_str(addr, text),
			 kinds[use].transport);
	return 0;
}

static int open_port(struct worker *worker, uint16_t port, enum tls_use use)
{
	const struct config *config = worker->config;

	for (unsigned int i = 0; i < config->listening_ip.n; i++) {
		union addr addr = config->listening_ip.addr[i];
		int err;

		addr_set_port(&addr, port);
		err = open_one(worker, &addr, use);
		if (err && !(err == -EAFNOSUPPORT && config->listening_any))
			return err;
	}
	return 0;
}

/* Where both DTLS and what is none may come, unless one of them is not wanted. */
static int open_mixed(struct worker *worker, enum tls_use use)
{
	const struct config *config = worker->config;
	int err = open_port(worker, config->listening_port, use);

	if (!err && config->rfc5780)
		err = open_port(worker, config->alt_listening_port, use);
	for (unsigned int i = 0; i < config->aux_server.n && !err; i++)
		err = open_one(worker, &config->aux_server.addr[i], use);
	return err;
}

int listeners_udp_open(struct worker *worker)
{
	const struct config *config = worker->config;
	unsigned int max = 4 * config->listening_ip.n + config->aux_server.n;
	int err = 0;

	worker->listeners_udp = calloc(max, sizeof(*worker->listeners_udp));
	if (!worker->listeners_udp)
		return -ENOMEM;
	if (!config->no_udp)
		err = open_mixed(worker, config->dtls ? TLS_DETECT : TLS_NEVER);
	else if (config->dtls)
		err = open_mixed(worker, TLS_ALWAYS);
	if (!err && config->dtls)
		err = open_port(worker, config->tls_listening_port, TLS_ALWAYS);
	if (!err && config->dtls && config->rfc5780)
		err = open_port(worker, config->alt_tls_listening_port, TLS_ALWAYS);
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

unsigned int listeners_udp_index(const struct worker *worker, const struct udp_socket *socket)
{
	return container_of(socket, const struct listener_udp, socket) - worker->listeners_udp;
}

struct udp_socket *listeners_udp_socket(struct worker *worker, unsigned int index)
{
	return &worker->listeners_udp[index].socket;
}

void listeners_udp_close(struct worker *worker)
{
	while (worker->n_listeners_udp)
		udp_close(&worker->listeners_udp[--worker->n_listeners_udp].socket);
	free(worker->listeners_udp);
	worker->listeners_udp = NULL;
}
