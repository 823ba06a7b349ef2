/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A configuration in use, and the users that go with it. It never changes: a reload
 * makes another one and sends it to the workers, each of which lets go of the old one
 * when it takes the new.
 */
#ifndef KTURN_SNAPSHOT_H
#define KTURN_SNAPSHOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

struct config;
struct rate_limit;
struct userdb;

/**
 * struct snapshot - counted references, of any thread
 * @entry: among those that were replaced, and may still be in use
 * @config: what the administrator said
 * @own: the same, if it ends with the snapshot
 * @userdb: users besides those of the configuration, or NULL
 * @datagram_refusals: how often an address may be refused something by all workers
 *	together, over UDP; NULL: as often as it takes
 * @stream_refusals: the same where addresses are not forged
 */
struct snapshot {
	LIST_ENTRY(snapshot) entry;
	atomic_uint refs;
	const struct config *config;
	struct config *own;
	struct userdb *userdb;
	struct rate_limit *datagram_refusals, *stream_refusals;
};

LIST_HEAD(snapshots, snapshot);

/**
 * snapshot_new() - begin to use a configuration; opens its database of users
 * @config: has to live longer, unless @own says otherwise
 * @own: @config, if it is the snapshot's to free, or NULL; on failure it is not
 *
 * Says in the log what went wrong.
 *
 * Return: 0, with one reference in @snapshot, or a negative errno.
 */
int snapshot_new(struct snapshot **snapshot, const struct config *config, struct config *own);

/**
 * snapshot_get() - take one more reference
 */
struct snapshot *snapshot_get(struct snapshot *snapshot);

/**
 * snapshot_put() - give a reference back; NULL is none
 *
 * The last one frees it, which may take a while: so that is never a worker's.
 */
void snapshot_put(struct snapshot *snapshot);

/**
 * snapshot_is_shared() - tell whether there are references besides the caller's
 */
bool snapshot_is_shared(const struct snapshot *snapshot);

#endif
