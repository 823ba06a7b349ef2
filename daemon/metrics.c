// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "http.h"
#include "log.h"
#include "metrics.h"
#include "server.h"
#include "sock.h"

#define BACKLOG 16

/* For a client's request and its answer. */
static const struct timeval patience = { 10, 0 };

struct metrics {
	const struct server *server;
	struct http *http;
};

static int write_health(struct evbuffer *body, const struct server *server)
{
	bool alive = server_is_alive(server);

	evbuffer_add_printf(body, "%s\n", alive ? "ok" : "a worker does not turn");
	return alive ? 200 : 503;
}

static int write_page(const char *path, struct evbuffer *body, const char **type, void *arg)
{
	const struct metrics *metrics = arg;
	const struct config *config = metrics->server->config;

	if (!strcmp(path, config->prometheus_path ? config->prometheus_path : "/metrics")) {
		*type = "text/plain; version=0.0.4; charset=utf-8";
		metrics_write(body, metrics->server);
		return 200;
	}
	return strcmp(path, "/health") ? 404 : write_health(body, metrics->server);
}

static int listen_on(struct metrics *metrics)
{
	const struct config *config = metrics->server->config;
	union addr addr = config->prometheus_address;
	char text[ADDR_STR_LEN];
	int fd;

	if (addr.sa.sa_family == AF_UNSPEC)
		addr_parse(&addr, "127.0.0.1");
	addr_set_port(&addr, config->prometheus_port);
	fd = sock_listen(&addr, BACKLOG);
	if (fd < 0) {
		log_error("cannot listen", "address=%s for=prometheus error=\"%s\"",
			  addr_str(&addr, text), strerror(-fd));
		return fd;
	}
	metrics->http = http_open(metrics->server->base, fd, &patience, write_page, metrics);
	if (!metrics->http) {
		close(fd);
		return -ENOMEM;
	}
	log_info("listening", "address=%s for=prometheus", addr_str(&addr, text));
	return 0;
}

int metrics_open(struct metrics **metrics, const struct server *server)
{
	struct metrics *self;
	int err;

	*metrics = NULL;
	if (!server->config->prometheus)
		return 0;
	self = calloc(1, sizeof(*self));
	if (!self)
		return -ENOMEM;
	self->server = server;
	err = listen_on(self);
	if (err)
		metrics_close(self);
	else
		*metrics = self;
	return err;
}

void metrics_close(struct metrics *metrics)
{
	if (metrics)
		http_close(metrics->http);
	free(metrics);
}
