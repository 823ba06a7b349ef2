/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hosts, which are network namespaces.
 */
#ifndef BENCH_NETNS_H
#define BENCH_NETNS_H

/**
 * netns_enter() - sockets opened from now on are this host's
 * @name: as "ip netns" knows it; NULL to stay
 *
 * Return: 0 or a negative errno.
 */
int netns_enter(const char *name);

#endif
