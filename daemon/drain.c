// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>

#include "drain.h"
#include "log.h"
#include "server.h"
#include "worker.h"

static const struct timeval interval = { 0, 200 * 1000 };

static void on_check(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	unsigned int left = quota_count(&server->quota);
	time_t deadline = server->drain.deadline;

	(void)fd, (void)what;
	if (!left)
		log_info("drained", "allocations=0");
	else if (deadline && worker_now() >= deadline)
		log_warning("drain deadline", "allocations=%u", left);
	else
		return;
	event_base_loopbreak(server->base);
}

int drain_begin(struct server *server, unsigned int seconds)
{
	struct drain *drain = &server->drain;

	if (!drain->check)
		drain->check = event_new(server->base, -1, EV_PERSIST, on_check, server);
	if (!drain->check || event_add(drain->check, &interval))
		return -ENOMEM;
	atomic_store(&drain->draining, true);
	drain->deadline = seconds ? worker_now() + seconds : 0;
	log_info("draining", "allocations=%u deadline_s=%u", quota_count(&server->quota), seconds);
	return 0;
}

void drain_end(struct drain *drain)
{
	if (drain->check)
		event_free(drain->check);
}
