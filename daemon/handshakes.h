/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS handshakes are the most work that a stranger can make a server do, for a few
 * bytes. So there are only so many in one turn of a loop, and everybody else is served
 * between them, however many are waiting. Their sockets say so again in the next turn.
 */
#ifndef KTURN_HANDSHAKES_H
#define KTURN_HANDSHAKES_H

#include <stdbool.h>

#define HANDSHAKES_A_TURN 16	/* some ten milliseconds' worth */

struct event;
struct event_base;

/**
 * struct handshakes - those of one loop; its members are handshakes.c's own
 */
struct handshakes {
	unsigned int left;
	struct event *next_turn;
};

/**
 * handshakes_init() - begin
 *
 * Return: 0 or -ENOMEM.
 */
int handshakes_init(struct handshakes *handshakes, struct event_base *base);

/**
 * handshakes_clear() - end; all zero is nothing
 */
void handshakes_clear(struct handshakes *handshakes);

/**
 * handshakes_take() - ask for a step of a handshake
 * @handshakes: NULL has no limit
 *
 * Return: false if it has to wait for the next turn.
 */
bool handshakes_take(struct handshakes *handshakes);

#endif
