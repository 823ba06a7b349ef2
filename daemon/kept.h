/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors that outlive this process: the service manager has them by name and gives
 * them to the next one (sd_notify(3), FDSTORE; sd_listen_fds(3)). The keeper does the same
 * where there is none.
 *
 * A process has one environment, and so one set of them. They are taken by the main thread,
 * before the workers run; any thread may give and forget.
 */
#ifndef KTURN_KEPT_H
#define KTURN_KEPT_H

#include <stdbool.h>

#include "addr.h"

#define KEPT_NAME_LEN	128	/* with a NUL */
#define KEPT_MAX	16384
#define KEPT_RESERVE	32	/* descriptors of the keeper that are nobody's else */
#define KEPT_NAMES_MAX	(120 * 1024)	/* bytes; a variable of the environment has 128 KiB */
#define KEPT_FD_FIRST	3	/* where they begin (SD_LISTEN_FDS_START) */

/**
 * kept_open() - take over what the process before this one has left
 * @on: whether anything is to be kept; if not, nothing is ever taken or given, and what
 *	was left is given up
 *
 * Return: 0 or -ENOMEM.
 */
int kept_open(bool on);

/**
 * kept_take() - a descriptor of the process before this one
 *
 * Return: the descriptor, from now on the caller's, or -ENOENT.
 */
int kept_take(const char *name);

/**
 * kept_take_socket() - a socket of the process before this one
 * @type: SOCK_STREAM for one that listens, or SOCK_DGRAM
 * @worker: whose it was
 * @addr: what it is bound to
 *
 * One of that name which is something else is refused, and forgotten.
 *
 * Return: the non-blocking socket, from now on the caller's, or -ENOENT.
 */
int kept_take_socket(int type, unsigned int worker, const union addr *addr);

/**
 * kept_give() - leave a descriptor to the processes after this one
 *
 * @name: that nothing is kept by; else -EEXIST
 * @fd: stays the caller's as well
 *
 * What cannot be kept is logged: the server does without.
 *
 * Return: 0 or a negative errno; -ENOSPC if there are too many.
 */
int kept_give(const char *name, int fd);

/**
 * kept_give_socket() - leave them a socket
 */
void kept_give_socket(int type, unsigned int worker, const union addr *addr, int fd);

/**
 * kept_forget() - no process is to have it any more, if anything is kept by that name
 */
void kept_forget(const char *name);

/**
 * kept_close() - forget what nobody has taken
 *
 * A listening socket that nobody accepts from would go on to get its share of the clients.
 */
void kept_close(void);

#endif
