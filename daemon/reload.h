/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking a new configuration while sessions go on: all of it, or nothing.
 */
#ifndef KTURN_RELOAD_H
#define KTURN_RELOAD_H

#include <stdio.h>

struct server;

/**
 * reload() - read file and command line again, and have all workers use what they say
 * @told: gets a line for each thing that is wrong, or that has changed; also in the
 *	log. NULL: the log alone
 *
 * Allocations keep what they were given; requests from now on meet the new users,
 * rules, quotas and certificate.
 *
 * Context: the main thread.
 * Return: 0, or a negative errno, and the old configuration stays.
 */
int reload(struct server *server, FILE *told);

#endif
