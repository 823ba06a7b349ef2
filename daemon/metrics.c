// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "config.h"
#include "log.h"
#include "metrics.h"
#include "server.h"

#define HTTP_TIMEOUT	10	/* seconds that a client may be silent, or slow */
#define HTTP_HEAD_MAX	8192	/* bytes */

struct metrics {
	const struct server *server;
	struct evhttp *http;
};

static void reply(struct evhttp_request *request, int code, const char *phrase,
		  const char *type, struct evbuffer *body)
{
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
	evhttp_send_reply(request, code, phrase, body);
}

static void on_metrics(struct evhttp_request *request, void *arg)
{
	const struct metrics *metrics = arg;
	struct evbuffer *body = evbuffer_new();

	if (!body) {
		evhttp_send_error(request, HTTP_INTERNAL, NULL);
		return;
	}
	metrics_write(body, metrics->server);
	reply(request, HTTP_OK, "OK", "text/plain; version=0.0.4; charset=utf-8", body);
	evbuffer_free(body);
}

static void on_health(struct evhttp_request *request, void *arg)
{
	const struct metrics *metrics = arg;
	bool alive = server_is_alive(metrics->server);
	struct evbuffer *body = evbuffer_new();

	if (body)
		evbuffer_add_printf(body, "%s\n", alive ? "ok" : "a worker does not turn");
	reply(request, alive ? HTTP_OK : HTTP_SERVUNAVAIL, alive ? "OK" : "Unavailable",
	      "text/plain", body);
	if (body)
		evbuffer_free(body);
}

static int set_up(struct metrics *metrics)
{
	const struct config *config = metrics->server->config;
	const char *path = config->prometheus_path ? config->prometheus_path : "/metrics";

	metrics->http = evhttp_new(metrics->server->base);
	if (!metrics->http)
		return -ENOMEM;
	evhttp_set_timeout(metrics->http, HTTP_TIMEOUT);
	evhttp_set_max_headers_size(metrics->http, HTTP_HEAD_MAX);
	evhttp_set_max_body_size(metrics->http, 0);
	evhttp_set_allowed_methods(metrics->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	if (evhttp_set_cb(metrics->http, path, on_metrics, metrics))
		return -ENOMEM;
	/* -1 is for a path that is taken. */
	return evhttp_set_cb(metrics->http, "/health", on_health, metrics) == -2 ? -ENOMEM : 0;
}

static int listen_on(struct metrics *metrics)
{
	const struct config *config = metrics->server->config;
	union addr addr = config->prometheus_address;
	char text[ADDR_STR_LEN];

	if (addr.sa.sa_family == AF_UNSPEC)
		addr_parse(&addr, "127.0.0.1");
	addr_set_port(&addr, config->prometheus_port);
	errno = 0;
	if (evhttp_bind_socket(metrics->http, addr_ip_str(&addr, text), addr_port(&addr))) {
		int err = errno ? errno : EADDRNOTAVAIL;

		log_error("cannot listen", "address=%s for=prometheus error=\"%s\"",
			  addr_str(&addr, text), strerror(err));
		return -err;
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
	err = set_up(self);
	if (!err)
		err = listen_on(self);
	if (err)
		metrics_close(self);
	else
		*metrics = self;
	return err;
}

void metrics_close(struct metrics *metrics)
{
	if (metrics && metrics->http)
		evhttp_free(metrics->http);
	free(metrics);
}
