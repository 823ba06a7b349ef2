// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "genl.h"

static int grow(struct kturn_relays *relays)
{
	size_t room = relays->room ? 2 * relays->room : 16;
	struct kturn_relay *relay;

	relay = reallocarray(relays->relay, room, sizeof(*relay));
	if (!relay)
		return -ENOMEM;
	relays->relay = relay;
	relays->room = room;
	return 0;
}

int kturn_relays_append(struct kturn_relays *relays, const struct nlmsghdr *nlh)
{
	int err;

	if (relays->count == relays->room && grow(relays))
		return -ENOMEM;
	err = kturn_relay_decode(&relays->relay[relays->count], nlh);
	if (!err)
		relays->count++;
	return err;
}

void kturn_relays_free(struct kturn_relays *relays)
{
	free(relays->relay);
	memset(relays, 0, sizeof(*relays));
}
