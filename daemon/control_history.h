/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command of the control socket that tells what came of requests.
 */
#ifndef KTURN_CONTROL_HISTORY_H
#define KTURN_CONTROL_HISTORY_H

#include <jansson.h>

struct control_client;

/**
 * control_history() - the histories of all clients, of "user", or of the allocation "id"
 */
void control_history(struct control_client *client, const json_t *request);

#endif
