/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer that is on another host, at the end of a cable.
 */
#ifndef KTURN_TEST_CABLE_H
#define KTURN_TEST_CABLE_H

#include "kturn_test.h"

/* The network namespaces at its ends; its device is "cable" here, and "far" there. */
struct cable {
	int here;
	int there;
};

/* As setup_path(), with a cable to another namespace. */
int setup_cable(struct setup *setup, struct cable *cable);
void cable_close(struct cable *cable);

/*
 * The path's connection to the peer is a new one, through the cable. @prepare is
 * shown both sockets before they listen or connect.
 */
int cable_connect(const struct cable *cable, struct path *path, int (*prepare)(int fd));

/* Nothing arrives any more, and nobody is told. */
int cable_unplug(const struct cable *cable);

#endif
