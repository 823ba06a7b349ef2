/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keeper's descriptors, by name.
 */
#ifndef KTURN_KEEPER_STORE_H
#define KTURN_KEEPER_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "kept.h"

struct keeper_entry;

/**
 * struct keeper_store - all zero is empty
 * @entries: by name, @n of them
 * @names: how long their names are together, in a list
 */
struct keeper_store {
	struct keeper_entry *entries;
	unsigned int n;
	size_t names;
};

/**
 * keeper_store_notify() - do what a notification of sd_notify(3) says about descriptors
 * @text: lines, with a NUL behind them
 * @fds: that came with it; they are the store's from now on, or closed
 *
 * FDSTORE=1 and FDSTOREREMOVE=1, each with FDNAME; what else it says is not the store's. A
 * name has one descriptor: another one takes its place. What is not kept is logged.
 */
void keeper_store_notify(struct keeper_store *store, const char *text, const int *fds,
			 size_t n_fds);

/**
 * keeper_store_find() - the descriptor that has a name; stays the store's
 *
 * Return: -1 if none has.
 */
int keeper_store_find(const struct keeper_store *store, const char *name);

/**
 * keeper_store_clear() - close all of them
 */
void keeper_store_clear(struct keeper_store *store);

/**
 * keeper_store_says() - whether a notification has a line
 */
bool keeper_store_says(const char *text, const char *line);

/**
 * keeper_store_pass() - in a process that will exec at once: put all where sd_listen_fds(3)
 * has them, and tell the environment
 *
 * Return: 0 or a negative errno.
 */
int keeper_store_pass(struct keeper_store *store);

#endif
