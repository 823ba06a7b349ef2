/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A history, as the control socket tells of it.
 */
#ifndef KTURN_HISTORY_JSON_H
#define KTURN_HISTORY_JSON_H

#include <jansson.h>

struct datapath;
struct history;

/**
 * history_json() - all of it
 * @datapath: asked for what connections have carried that are not over; those that it
 *	does not tell of have no "to_peer" and "to_client"
 *
 * Return: a new reference, or NULL without memory.
 */
json_t *history_json(const struct history *history, struct datapath *datapath);

#endif
