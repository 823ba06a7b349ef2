/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations over the control socket: their list, one of them, the end of some.
 *
 *   {"command": "allocation-list", "user": NAME}    both may do without "user"
 *   {"command": "allocation-show", "id": ID}
 *   {"command": "allocation-del", "id": ID}, or "user": NAME
 *
 * Each that is meant is a line {"allocation": …}, see allocation_json.h; the last line
 * has their number, "count".
 */
#ifndef KTURN_CONTROL_ALLOCATION_H
#define KTURN_CONTROL_ALLOCATION_H

#include <jansson.h>

struct control_client;

void control_allocation_list(struct control_client *client, const json_t *request);
void control_allocation_show(struct control_client *client, const json_t *request);
void control_allocation_del(struct control_client *client, const json_t *request);

#endif
