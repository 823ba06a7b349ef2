// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "config.h"
#include "snapshot.h"
#include "userdb.h"

static int open_userdb(struct snapshot *snapshot)
{
	const struct config *config = snapshot->config;

	return config->users && config->userdb ? userdb_open(&snapshot->userdb, config) : 0;
}

int snapshot_new(struct snapshot **out, const struct config *config, struct config *own)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	int err;

	if (!snapshot)
		return -ENOMEM;
	atomic_init(&snapshot->refs, 1);
	snapshot->config = config;
	err = open_userdb(snapshot);
	if (err) {
		free(snapshot);
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
	if (!snapshot || atomic_fetch_sub(&snapshot->refs, 1) > 1)
		return;
	userdb_close(snapshot->userdb);
	if (snapshot->own)
		config_free(snapshot->own);
	free(snapshot->own);
	free(snapshot);
}
