/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left to the process after this one of an allocation, while it lives: its record
 * (record.h) and its sockets (kept.h). Only with keep-sessions, and only of those that this
 * host has all of: of clients over plain UDP and TCP. What TLS and DTLS know ends with the
 * process, and such clients' allocations with it.
 */
#ifndef KTURN_ALLOCATION_KEEP_H
#define KTURN_ALLOCATION_KEEP_H

#include <stdint.h>

#include "addr.h"
#include "kept.h"

struct allocation;

/**
 * allocation_keep() - leave it as it is now to the next process
 *
 * Before the answer that tells its client of a change: what he has been told is never lost.
 * What cannot be kept is logged, and ends with this process.
 */
void allocation_keep(struct allocation *allocation);

/**
 * allocation_forget() - no process is to have it any more
 *
 * Before its sockets are closed.
 */
void allocation_forget(struct allocation *allocation);

/**
 * allocation_forget_relayed() - the same of one of its relayed transport addresses
 */
void allocation_forget_relayed(const struct allocation *allocation, unsigned int i);

/**
 * allocation_kept_name() - by which name a relayed socket is kept
 * @id: of the allocation
 *
 * Return: @name.
 */
const char *allocation_kept_name(char name[KEPT_NAME_LEN], uint64_t id, sa_family_t family);

/**
 * allocation_kept_session() - by which name its control connection is kept
 *
 * Return: @name.
 */
const char *allocation_kept_session(char name[KEPT_NAME_LEN], uint64_t id);

#endif
