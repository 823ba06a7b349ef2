/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket: one JSON object a line, both ways. A request names a command,
 * {"command": "status"}; its answer is any number of lines, the last of which has "ok".
 *
 * It lives on the main thread's loop. What a worker knows is asked for by mail and
 * comes back by mail, a page at a time, and the next page only once the client has
 * read the one before: nobody there can make a worker wait, or memory grow.
 */
#ifndef KTURN_CONTROL_H
#define KTURN_CONTROL_H

#include <jansson.h>

#define CONTROL_DEFAULT_PATH "/run/kturnd/control"

struct control;
struct control_client;
struct server;

/**
 * control_open() - listen on control-socket, for root, for who runs the server, and for
 * control-group
 *
 * Says in the log what went wrong. The default path need not be there; a path or a group
 * that was asked for has to work.
 *
 * Return: 0 or a negative errno; @control may be NULL.
 */
int control_open(struct control **control, struct server *server);

/**
 * control_close() - hang up on everybody; NULL is nothing
 */
void control_close(struct control *control);

/**
 * control_server() - whom a client talks to
 */
struct server *control_server(const struct control_client *client);

/**
 * control_say() - send one line of an answer, but not the last
 * @line: the reference goes with it; NULL, for want of memory, ends the connection
 */
void control_say(struct control_client *client, json_t *line);

/**
 * control_finish() - send the last line of an answer; then there may be a next request
 */
void control_finish(struct control_client *client, json_t *line);

/**
 * control_fail() - finish with an error, in words
 */
__attribute__((format(printf, 2, 3)))
void control_fail(struct control_client *client, const char *fmt, ...);

/**
 * control_command() - do what a request asks for; an answer follows, now or later
 */
void control_command(struct control_client *client, const json_t *request);

#endif
