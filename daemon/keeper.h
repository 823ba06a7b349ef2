/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keeper: starts the server, starts it again when it dies, and gives it the descriptors
 * that the one before has left. It takes the service manager's place, and speaks its
 * protocol: sd_notify(3) with FDSTORE, sd_listen_fds(3).
 *
 * It holds nothing but the descriptors, and looks into none of them.
 */
#ifndef KTURN_KEEPER_H
#define KTURN_KEEPER_H

/**
 * keeper_run() - start this program as the server, again and again
 * @argv: its arguments
 *
 * The program is the one that is at our path by then. One that dies before it has said
 * that it is ready is started later and later. SIGTERM and SIGINT are passed on and end
 * both, SIGHUP, SIGUSR1 and SIGUSR2 are passed on. One that ends by itself, and properly, was
 * told to.
 *
 * Return: the exit status.
 */
int keeper_run(char *const argv[]);

#endif
