/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The answers of kturn -j. Keys are never renamed, and keep their meaning and
 * type; new ones may be added. Counters, times (in milliseconds) and sizes are
 * integers, octets are hexadecimal digits. docs/schema/ has the same for programs.
 *
 * relay list, relay del: an array of relays. relay show, relay set: a relay.
 *
 *   id                   integer
 *   group                string, 0x and hexadecimal digits
 *   cookie               octets
 *   owner                integer, the netlink port of the socket that owns it;
 *                        0 if that is gone
 *   outlive_ms           integer, how long it outlives its owner
 *   adopt_within_ms      integer, when it ends without one; null if it has one
 *   runs                 how often its sockets were looked at:
 *     direct, softirq, process, defers   integer
 *   engine               "kernel"
 *   path                 what moves the bytes in this engine: "process", "softirq", "tls"
 *   state                "open", "half-closed", "closing", "resetting", "ended"
 *   reason               "none", "eof", "client-reset", "peer-reset", "deleted",
 *                        "owner-gone", "urgent", "tls-alert", "tls-truncated",
 *                        "tls-key-update", "idle", "limit", "error"
 *   errno                integer; not 0 with reason "error"
 *   alert                integer; the TLS alert with reason "tls-alert"
 *   age_ms               integer
 *   client, peer         the two sockets, as seen from this host:
 *     local_addr, remote_addr   string, or null if not known
 *     local_port, remote_port   integer
 *   to_peer, to_client   the two directions:
 *     bytes, moves, waits, copied, coalesced, queued, unacked, idle_ms   integer
 *     eof                boolean
 *     head               octets, the first of the payload
 *   limits               what it is held to; 0 is no limit:
 *     idle_ms, life_ms, bytes, rate, keepalive_idle, keepalive_interval,
 *     keepalive_count, user_timeout_ms   integer; rate in bytes per second,
 *                        keepalive_idle and keepalive_interval in seconds
 *
 * stats: an object.
 *
 *   relays, created, refused, bytes_to_peer, bytes_to_client, copied, moves,
 *   waits, coalesced     integer
 *   generation           integer, changes when the set of relays does
 *   runs                 as of a relay
 *   ended                object: for each reason, how many relays, integer
 *
 * settings: an object; coalesce is when bytes in bulk wait for more of them:
 *   coalesce             delay_us, looks, bytes, mean   integer
 *
 * trace: an object a line; new keys may come between.
 *
 *   number               integer, counts what is shown
 *   time_us              integer, microseconds since 1970
 *   lost                 integer, messages that are missing before it
 *   source, destination  string, address and port
 *   transport            "tcp", "udp"
 *   secure               boolean: over TLS or DTLS
 *   length               integer, octets of the message
 *   allocation           string, hexadecimal digits; null if there is none yet
 *   info                 string, method, class and attributes
 *
 * monitor: an object a line.
 *
 *   event                "added", "ended": what the module has told; "lost": something
 *                        that it has told was not heard; then "appeared", "gone" for
 *                        what was missed, and "synced"
 *   time_us              integer, microseconds since 1970, when it was heard
 *   relay                with "added", "ended" and "appeared" as above; with "gone" its
 *                        id, group, client and peer alone
 *   relays               with "synced": integer, how many there are
 *
 * diagnose: an array; docs/schema/diagnose.json has it in full.
 *
 * caps: an object.
 *
 *   owner, netns, total  integer, how many relays there may be
 */
#ifndef KTURN_JSON_H
#define KTURN_JSON_H

#include "genl.h"

struct known_relay;

/**
 * json_print_relay() - answer with one relay
 *
 * Return: the exit status.
 */
int json_print_relay(const struct kturn_relay *relay);

/**
 * json_print_relays() - answer with an array of relays
 *
 * Return: the exit status.
 */
int json_print_relays(const struct kturn_relays *relays);

/**
 * json_print_event() - a line of a monitor
 * @relay: what it is about, or NULL
 */
void json_print_event(const char *event, int64_t time_us, const struct kturn_relay *relay);

/**
 * json_print_gone() - a line of a monitor about a relay that is not there any more
 */
void json_print_gone(const char *event, int64_t time_us, const struct known_relay *relay);

/**
 * json_print_synced() - a line of a monitor that knows all @relays again
 */
void json_print_synced(const char *event, int64_t time_us, size_t relays);

/**
 * json_print_stats() - answer with the counters
 *
 * Return: the exit status.
 */
int json_print_stats(const struct kturn_stats *stats);

/**
 * json_print_caps() - answer with how many relays there may be
 *
 * Return: the exit status.
 */
int json_print_caps(const struct kturn_caps *caps);

/**
 * json_print_settings() - answer with what holds for all relays
 *
 * Return: the exit status.
 */
int json_print_settings(const struct kturn_coalesce *coalesce);

#endif
