// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "server.h"
#include "upgrade.h"

/* Nothing is ended, and nothing written: what the next one needs has been kept all the time. */
static void leave(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd, (void)what;
	log_info("upgrading", "allocations=%u", quota_count(&server->quota));
	_exit(UPGRADE_STATUS);
}

int upgrade_begin(struct server *server)
{
	/* Who has asked for it is to hear the answer. */
	static const struct timeval soon = { 0, 50 * 1000 };

	if (!server->config->keep_sessions)
		return -EOPNOTSUPP;
	return event_base_once(server->base, -1, EV_TIMEOUT, leave, server, &soon) ? -ENOMEM : 0;
}
