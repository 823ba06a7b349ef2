/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command of the control socket that shows control messages.
 */
#ifndef KTURN_CONTROL_TRACE_H
#define KTURN_CONTROL_TRACE_H

#include <jansson.h>

struct control_client;

/**
 * control_trace() - what has been noted since the client's last request of this kind
 *
 * The first one says that he watches, from now until he goes. "after" has the numbers of
 * the latest records that he has, one for each worker, as the last answer says them.
 */
void control_trace(struct control_client *client, const json_t *request);

/**
 * control_trace_end() - he goes
 */
void control_trace_end(struct control_client *client);

#endif
