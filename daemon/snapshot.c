// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "config.h"
#include "rate_limit.h"
#include "snapshot.h"
#include "userdb.h"

static int open_userdb(struct snapshot *snapshot)
{
	const struct config *config = snapshot->config;

	if (!config->users || (!config->userdb && !config->redis))
		return 0;
	return userdb_open(&snapshot->userdb, config);
}

static int limit_refusals(struct snapshot *snapshot)
{
	const struct config *config = snapshot->config;

	if (!config->limit_refusals)
		return 0;
	snapshot->datagram_refusals = rate_limit_new(config->refusals_per_second);
	snapshot->stream_refusals = rate_limit_new(config->refusals_per_second);
	return snapshot->datagram_refusals && snapshot->stream_refusals ? 0 : -ENOMEM;
}

static void free_snapshot(struct snapshot *snapshot)
{
	userdb_close(snapshot->userdb);
	rate_limit_free(snapshot->datagram_refusals);
	rate_limit_free(snapshot->stream_refusals);
	free(snapshot);
}

int snapshot_new(struct snapshot **out, const struct config *config, struct config *own)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	int err;

	if (!snapshot)
		return -ENOMEM;
	atomic_init(&snapshot->refs, 1);
	snapshot->config = config;
	err = limit_refusals(snapshot);
	if (!err)
		err = open_userdb(snapshot);
	if (err) {
		free_snapshot(snapshot);
		return err;
	}
	snapshot->own = own;
	*out = snapshot;
	return 0;
}

struct snapshot *snapshot_get(struct snapshot *snapshot)
{
	atomic_fetch_add(&snapshot->refs, 1);
	return snapshot;
}

bool snapshot_is_shared(const struct snapshot *snapshot)
{
	return atomic_load(&snapshot->refs) > 1;
}

void snapshot_put(struct snapshot *snapshot)
{
	struct config *own;

	if (!snapshot || atomic_fetch_sub(&snapshot->refs, 1) > 1)
		return;
	own = snapshot->own;
	free_snapshot(snapshot);
	if (own)
		config_free(own);
	free(own);
}
