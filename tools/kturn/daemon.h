/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asking kturnd, over its control socket.
 */
#ifndef KTURN_DAEMON_H
#define KTURN_DAEMON_H

#include <jansson.h>

struct daemon;
struct options;

/**
 * typedef daemon_line_fn - take a line of an answer that is not the last
 */
typedef void (*daemon_line_fn)(const json_t *line, void *arg);

/**
 * daemon_open() - connect with the daemon, for several requests
 *
 * Return: NULL after a complaint.
 */
struct daemon *daemon_open(const struct options *opt);

/**
 * daemon_request() - one of them: as daemon_ask()
 */
json_t *daemon_request(struct daemon *daemon, json_t *request, daemon_line_fn each, void *arg);

/**
 * daemon_close() - hang up
 */
void daemon_close(struct daemon *daemon);

/**
 * daemon_ask() - send a request and take the answer
 * @request: the reference goes with it
 * @each: is called for each line but the last; may be NULL
 *
 * Complains where there is no daemon, or it refuses.
 *
 * Return: the last line, a new reference; NULL after a complaint.
 */
json_t *daemon_ask(const struct options *opt, json_t *request, daemon_line_fn each, void *arg);

/**
 * daemon_try() - the same for a question whose answer can be done without: no complaint
 */
json_t *daemon_try(const struct options *opt, json_t *request);

#endif
