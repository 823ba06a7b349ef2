// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptor.h"
#include "http.h"
#include "macros.h"

struct http_client {
	struct http *http;
	struct bufferevent *stream;
	struct event *deadline;
	bool answered;		/* what else he says is thrown away */
	bool said_all;
	TAILQ_ENTRY(http_client) entry;
};

struct http {
	struct event_base *base;
	struct acceptor *acceptor;
	struct timeval limit;
	http_page_fn page;
	void *arg;
	TAILQ_HEAD(, http_client) clients;	/* the oldest first */
	unsigned int n_clients;
};

static void close_client(struct http_client *client)
{
	TAILQ_REMOVE(&client->http->clients, client, entry);
	client->http->n_clients--;
	event_free(client->deadline);
	bufferevent_free(client->stream);
	free(client);
}

/* --- answers */

static const char *phrase_of(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "";
}

static void discard_input(struct http_client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->stream);

	evbuffer_drain(in, evbuffer_get_length(in));
}

/* An empty body is that of an error, and says which. */
static void answer(struct http_client *client, int status, const char *type,
		   struct evbuffer *body, bool head)
{
	struct evbuffer *out = bufferevent_get_output(client->stream);
	const char *phrase = phrase_of(status);

	if (!evbuffer_get_length(body))
		evbuffer_add_printf(body, "%d %s\n", status, phrase);
	evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			    "%sConnection: close\r\n\r\n", status, phrase, type,
			    evbuffer_get_length(body), status == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (!head)
		evbuffer_add_buffer(out, body);
	client->answered = true;
	discard_input(client);
}

/* --- requests */

/* An absolute URI is to be understood as well (RFC 9112, 3.2.2); a query says nothing here. */
static char *path_of(char *target)
{
	if (!strncasecmp(target, "http://", 7)) {
		target = strchr(target + 7, '/');
		if (!target)
			return NULL;
	}
	target[strcspn(target, "?")] = '\0';
	return *target == '/' ? target : NULL;
}

struct request {
	char *line;		/* where the strings below are */
	const char *method, *path;
	int minor;		/* of the version, HTTP/1.x */
};

/* Return: 0, or the status code of the refusal. @request->line is the caller's to free. */
static int read_request_line(struct request *request, struct evbuffer *in)
{
	char *rest, *target, *version;
	size_t len;

	request->line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF);
	rest = request->line;
	if (!rest || strlen(rest) != len)
		return 400;
	request->method = strsep(&rest, " ");
	target = strsep(&rest, " ");
	version = rest;
	if (!version || strncmp(version, "HTTP/", 5) || strlen(version) != 8)
		return 400;
	if (strcmp(version, "HTTP/1.0") && strcmp(version, "HTTP/1.1"))
		return 505;
	request->minor = version[7] - '0';
	if (strcmp(request->method, "GET") && strcmp(request->method, "HEAD"))
		return 405;
	request->path = path_of(target);
	return request->path ? 0 : 400;
}

/* Return: 0, or 400: HTTP/1.1 has exactly one Host, and no field a blank in its name. */
static int read_fields(const struct request *request, struct evbuffer *in)
{
	unsigned int hosts = 0;
	bool good = true;
	char *line;
	size_t len;

	while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF)) && len) {
		size_t name = strcspn(line, ": \t");

		good &= strlen(line) == len && name && line[name] == ':';
		hosts += name == 4 && !strncasecmp(line, "host", name);
		free(line);
	}
	free(line);
	return good && (hosts == 1 || (!hosts && !request->minor)) ? 0 : 400;
}

static int write_page(struct http_client *client, const char *path, struct evbuffer *body,
		      const char **type)
{
	int status = client->http->page(path, body, type, client->http->arg);

	if (status == 200 && !evbuffer_get_length(body))
		return 500;	/* there was no memory for it */
	return status;
}

static void serve(struct http_client *client, struct evbuffer *in)
{
	struct evbuffer *body = evbuffer_new();
	struct request request = { 0 };
	const char *type = "text/plain";
	int status;

	if (!body) {
		close_client(client);
		return;
	}
	status = read_request_line(&request, in);
	if (!status)
		status = read_fields(&request, in);
	if (!status)
		status = write_page(client, request.path, body, &type);
	answer(client, status, type, body, request.method && !strcmp(request.method, "HEAD"));
	free(request.line);
	evbuffer_free(body);
}

static void refuse_long(struct http_client *client)
{
	struct evbuffer *body = evbuffer_new();

	if (!body) {
		close_client(client);
		return;
	}
	answer(client, 431, "text/plain", body, false);
	evbuffer_free(body);
}

/* Empty lines before a request are nothing (RFC 9112, 2.2). */
static void skip_empty_lines(struct evbuffer *in)
{
	char c;

	while (evbuffer_copyout(in, &c, 1) == 1 && (c == '\r' || c == '\n'))
		evbuffer_drain(in, 1);
}

static bool head_is_whole(struct evbuffer *in)
{
	return evbuffer_search(in, "\n\r\n", 3, NULL).pos >= 0 ||
	       evbuffer_search(in, "\n\n", 2, NULL).pos >= 0;
}

static void on_readable(struct bufferevent *stream, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(stream);
	struct http_client *client = arg;

	if (client->answered) {
		discard_input(client);
		return;
	}
	skip_empty_lines(in);
	if (head_is_whole(in))
		serve(client, in);
	else if (evbuffer_get_length(in) >= HTTP_HEAD_MAX)
		refuse_long(client);
}

/*
 * He has the whole answer in front of him. What he still sends is read, lest the reset which a
 * close would send take it away from him (RFC 9112, 9.6).
 */
static void on_written(struct bufferevent *stream, void *arg)
{
	struct http_client *client = arg;

	if (client->said_all)
		close_client(client);
	else if (client->answered)
		shutdown(bufferevent_getfd(stream), SHUT_WR);
}

/* Who has said everything may still wait for the answer. */
static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct http_client *client = arg;

	client->said_all = true;
	if (!(what & BEV_EVENT_EOF) || !client->answered ||
	    !evbuffer_get_length(bufferevent_get_output(stream)))
		close_client(client);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	close_client(arg);
}

/* --- clients */

/* Return: -1 without memory; then @fd is still the caller's. */
static int open_client(struct http *http, int fd)
{
	struct http_client *client = calloc(1, sizeof(*client));

	if (!client)
		return -1;
	client->http = http;
	client->deadline = evtimer_new(http->base, on_deadline, client);
	if (client->deadline && !evtimer_add(client->deadline, &http->limit))
		client->stream = bufferevent_socket_new(http->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client->stream) {
		if (client->deadline)
			event_free(client->deadline);
		free(client);
		return -1;
	}
	TAILQ_INSERT_TAIL(&http->clients, client, entry);
	http->n_clients++;
	bufferevent_setcb(client->stream, on_readable, on_written, on_event, client);
	bufferevent_setwatermark(client->stream, EV_READ, 0, HTTP_HEAD_MAX);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
	return 0;
}

static void on_accept(int fd, const union addr *from, void *arg)
{
	struct http *http = arg;

	(void)from;
	if (http->n_clients == HTTP_CLIENTS_MAX)
		close_client(TAILQ_FIRST(&http->clients));
	if (open_client(http, fd))
		close(fd);
}

struct http *http_open(struct event_base *base, int fd, const struct timeval *limit,
		       http_page_fn page, void *arg)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->base = base;
	http->limit = *limit;
	http->page = page;
	http->arg = arg;
	TAILQ_INIT(&http->clients);
	http->acceptor = acceptor_open(base, fd, on_accept, http);
	if (http->acceptor)
		return http;
	free(http);
	return NULL;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	acceptor_close(http->acceptor);
	while (!TAILQ_EMPTY(&http->clients))
		close_client(TAILQ_FIRST(&http->clients));
	free(http);
}
