/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which events a socket hears of all that the family tells. The kernel tells every
 * member of its multicast group of every relay; what this keeps back is neither
 * copied nor read, and takes no room in the receive buffer.
 */
#ifndef KTURN_GENL_FILTER_H
#define KTURN_GENL_FILTER_H

#include <stdint.h>

/**
 * genl_filter_ends() - let a socket hear of the ends of one owner's relays alone
 * @fd: a socket to which messages of the family come, one at a time
 * @owner: the owner's netlink port
 *
 * A message that does not tell its owner is let through.
 *
 * Return: 0 or a negative errno.
 */
int genl_filter_ends(int fd, uint32_t owner);

#endif
