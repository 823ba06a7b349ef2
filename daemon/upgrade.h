/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaving in the middle of everything, for another process to go on: the one that is
 * started from the program that is there by then.
 */
#ifndef KTURN_UPGRADE_H
#define KTURN_UPGRADE_H

struct server;

#define UPGRADE_STATUS	75	/* EX_TEMPFAIL: start me again */

/**
 * upgrade_begin() - end this process, soon, as if it were killed
 *
 * With keep-sessions only: else nobody would go on. Of the server's thread.
 *
 * Return: 0; -EOPNOTSUPP without keep-sessions; or -ENOMEM.
 */
int upgrade_begin(struct server *server);

#endif
