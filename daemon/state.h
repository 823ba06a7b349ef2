/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the next process has to know of this one besides its allocations (records.h), in a
 * memory file that is kept with the sockets. It is written once and sealed, before anybody
 * else gets it: there is no half of it. What it is refused for, the records are as well: all
 * of them are read, or nothing.
 */
#ifndef KTURN_STATE_H
#define KTURN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "nonce.h"
#include "ticket.h"

struct config;

/*
 * The version, of records too. What a version adds is at the end of struct state, and what
 * there was before stays: so an older one is read, and what it does not have is zero. Records
 * are the same in all versions so far; one that changes them has to convert what it reads.
 */
#ifndef STATE_VERSION
#define STATE_VERSION	2
#endif
#define STATE_BOOT_LEN	37	/* a UUID in text, and a NUL */

/**
 * struct state - what is handed down
 * @nonce_key: nonces of the process before are valid as long as they would have been
 * @ticket_key: and so are its tickets
 * @shares: what the workers' shares in Redis are named after
 * @workers: how many there are: each has records of its own
 * @since: from version 2 on: since when sessions have been kept, in seconds of worker_now();
 *	0: that is not known
 */
struct state {
	struct nonce_key nonce_key;
	struct ticket_key ticket_key;
	uint64_t shares;
	uint32_t workers, unused;
	int64_t since;
};

/**
 * state_make() - what holds where nothing is handed down
 *
 * Return: 0 or -EIO.
 */
int state_make(struct state *state, const struct config *config);

/**
 * state_boot() - which boot of the machine this is
 *
 * Return: 0, or a negative errno if the kernel does not let us see.
 */
int state_boot(char boot[STATE_BOOT_LEN]);

/**
 * state_write() - put it into a memory file
 * @boot: of state_boot()
 *
 * Return: the descriptor or a negative errno.
 */
int state_write(const struct state *state, const char boot[STATE_BOOT_LEN]);

/**
 * state_read() - read one of state_write(), from whomever
 * @boot: of state_boot(); what another boot has left is of no use
 * @state: written only if all of it is right; what an older version does not have is 0
 *
 * Return: NULL, or why it is refused.
 */
const char *state_read(int fd, const char boot[STATE_BOOT_LEN], struct state *state);

/**
 * state_inherit() - take what the process before this one knew
 * @state: in: what holds if there was none; out: what holds now
 *
 * Between kept_open() and kept_close(). Says in the log why a state is refused; then it is
 * as if there were none.
 *
 * Return: whether there was one; only then the records that are kept mean something.
 */
bool state_inherit(struct state *state);

/**
 * state_leave() - leave ours to the next process, if there was none
 *
 * When records that are refused with a state have gone: with ours they would be read again.
 */
void state_leave(const struct state *state);

#endif
