// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "session_lost.h"

static void lose(struct session *session, const void *data, size_t len)
{
	(void)session, (void)data, (void)len;
}

static void close_lost(struct session *session)
{
	session_end(session);
	free(session);
}

static const struct session_ops session_ops = {
	.transport = "lost",
	.stream = true,
	.send = lose,
	.send_data = lose,
	.close = close_lost,
};

struct session *session_lost_new(const struct session *session)
{
	struct session *lost = calloc(1, sizeof(*lost));

	if (!lost)
		return NULL;
	lost->ops = &session_ops;
	lost->client = session->client;
	lost->server = session->server;
	lost->counted = session->counted;
	if (!session_enter(lost, session->worker))
		return lost;
	free(lost);
	return NULL;
}

bool session_is_lost(const struct session *session)
{
	return session->ops == &session_ops;
}
