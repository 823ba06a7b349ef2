/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of IP addresses that begin alike: "192.168.0.0/16".
 */
#ifndef KTURN_NETWORK_H
#define KTURN_NETWORK_H

#include "addr.h"

/**
 * struct network - the addresses whose first bits are these
 * @addr: one of them
 * @bits: how many of its bits count
 */
struct network {
	union addr addr;
	unsigned int bits;
};

/**
 * network_parse() - read an address, perhaps with a slash and a length behind it
 *
 * Return: false if @text is neither.
 */
bool network_parse(struct network *network, const char *text);

/**
 * network_has() - whether an address is one of them; one of another family is not
 */
bool network_has(const struct network *network, const union addr *addr);

#endif
