/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small HTTP server for pages that a program fetches: GET and HEAD (RFC 9110, 9112), one
 * request a connection. Whatever strangers do, it holds no more than HTTP_CLIENTS_MAX of
 * them, of whom the oldest makes room for the next, and none longer than it was told.
 */
#ifndef KTURN_HTTP_H
#define KTURN_HTTP_H

#include <sys/time.h>

#define HTTP_CLIENTS_MAX	32
#define HTTP_HEAD_MAX		8192	/* bytes of a request line and its fields */

struct evbuffer;
struct event_base;
struct http;

/**
 * typedef http_page_fn - write the page that a path names
 * @path: as the client wrote it, without the query
 * @body: where the page goes
 * @type: gets its media type; "text/plain" unless set
 *
 * Return: the status code, one of 200, 404 and 503.
 */
typedef int (*http_page_fn)(const char *path, struct evbuffer *body, const char **type,
			    void *arg);

/**
 * http_open() - serve on a socket that listens already
 * @fd: non-blocking; http_close() closes it
 * @limit: how long one client may take in all
 *
 * Return: NULL without memory; then @fd is still the caller's.
 */
struct http *http_open(struct event_base *base, int fd, const struct timeval *limit,
		       http_page_fn page, void *arg);

/**
 * http_close() - hang up on everybody; NULL is nothing
 */
void http_close(struct http *http);

#endif
