/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An allocation for those who look in from outside. Keys are never renamed and keep
 * their meaning and type; new ones may be added.
 *
 *   id                  string, 16 hexadecimal digits, as in the log
 *   worker              integer
 *   user, realm         string, or null where nobody is asked
 *   transport           "udp", "tcp": of the relayed addresses
 *   client, server      string, the control connection's two addresses
 *   over                "udp", "tcp", "dtls": what that is; "lost": it has ended, but the
 *                       client may go on with another (mobility)
 *   relayed             array of strings
 *   age_s, expires_s    integer, seconds
 *   permissions, channels, connections, pending   integer: how many there are now; those
 *                       that are pending are connections, too
 *   connections_total   integer: how many there have ever been
 *   bps                 integer: bytes per second each way, 0 without a limit
 *   bytes_to_peer, bytes_to_client   integer: payload of datagrams, or of connections
 *                       that have ended
 */
#ifndef KTURN_ALLOCATION_JSON_H
#define KTURN_ALLOCATION_JSON_H

#include <jansson.h>

struct allocation;

/**
 * allocation_json() - describe one, in its worker's thread
 *
 * Return: a new reference, or NULL without memory.
 */
json_t *allocation_json(const struct allocation *allocation);

#endif
