// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>

#include "handshakes.h"

static void on_next_turn(evutil_socket_t fd, short what, void *arg)
{
	struct handshakes *handshakes = arg;

	(void)fd, (void)what;
	handshakes->left = HANDSHAKES_A_TURN;
}

int handshakes_init(struct handshakes *handshakes, struct event_base *base)
{
	handshakes->left = HANDSHAKES_A_TURN;
	handshakes->next_turn = evtimer_new(base, on_next_turn, handshakes);
	return handshakes->next_turn ? 0 : -ENOMEM;
}

void handshakes_clear(struct handshakes *handshakes)
{
	if (handshakes->next_turn)
		event_free(handshakes->next_turn);
	handshakes->next_turn = NULL;
}

bool handshakes_take(struct handshakes *handshakes)
{
	static const struct timeval at_once = { 0, 0 };

	if (!handshakes)
		return true;
	if (!handshakes->left)
		return false;
	/* A loop looks at its timers once a turn. */
	if (handshakes->left-- == HANDSHAKES_A_TURN)
		evtimer_add(handshakes->next_turn, &at_once);
	return true;
}
