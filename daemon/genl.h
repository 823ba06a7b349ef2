/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family "kturn" as its users see it: requests that return
 * what the kernel answered, as plain structures.
 *
 * Nothing here waits. The kernel handles a request while it is being sent, so
 * the answer is there when the call that sent it returns.
 */
#ifndef KTURN_GENL_H
#define KTURN_GENL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kturn.h>

#include "addr.h"
#include "opening.h"

struct nlmsghdr;
struct kturn_genl;

/**
 * struct kturn_leg - one of the two sockets of a relay, seen from this host
 * @local: family AF_UNSPEC if the kernel did not tell
 * @remote: likewise
 */
struct kturn_leg {
	union addr local, remote;
};

/**
 * struct kturn_flow - one direction of a relay; the fields are the family's
 * @opening: of a module that does not follow STUN, what its head says of it
 */
struct kturn_flow {
	uint64_t bytes, moves, waits, copied, coalesced, idle_ms;
	uint32_t queued, unacked;
	bool eof;
	struct opening opening;
};

/**
 * struct kturn_runs - how often sockets were looked at; the fields are the family's
 */
struct kturn_runs {
	uint64_t direct, softirq, process, defers;
};

/**
 * struct kturn_limits - what a relay is held to; 0 is no limit
 */
struct kturn_limits {
	uint64_t bytes, rate;
	uint32_t idle_ms, life_ms, user_timeout_ms;
	uint32_t keepalive_idle, keepalive_interval, keepalive_count;
};

/**
 * struct kturn_limit - one of them in a request
 * @attr: KTURN_A_LIMITS_*
 * @value: in the attribute's unit
 */
struct kturn_limit {
	int attr;
	uint64_t value;
};

/**
 * struct kturn_add - a request for a relay
 * @cookie: comes back untouched; at most KTURN_COOKIE_MAX bytes
 * @outlive_ms: how long it outlives its owner, waiting for kturn_relay_adopt()
 * @limits: what it is held to, @n_limits of them
 */
struct kturn_add {
	int client_fd, peer_fd;
	uint64_t group;
	const void *cookie;
	size_t cookie_len;
	uint32_t outlive_ms;
	const struct kturn_limit *limits;
	size_t n_limits;
};

/**
 * struct kturn_relay - a relay; what the kernel did not tell is zero
 *
 * @state, @engine and @reason may have values that this build does not know.
 * @orphan: its owner is gone, and it ends in @adopt_within_ms
 */
struct kturn_relay {
	uint64_t id, group, age_ms;
	uint32_t state;			/* enum kturn_relay_state */
	uint32_t engine;		/* enum kturn_engine */
	uint32_t reason;		/* enum kturn_end_reason */
	uint32_t closed_first;		/* enum kturn_side */
	uint32_t error;			/* errno with reason error */
	uint32_t owner;			/* port of the socket that owns it, or 0 */
	uint32_t outlive_ms;		/* how long it outlives that */
	bool orphan;
	uint32_t adopt_within_ms;
	struct kturn_runs runs;
	uint32_t alert;			/* TLS alert with reason tls-alert */
	struct kturn_leg client, peer;
	struct kturn_flow to_peer, to_client;
	struct kturn_limits limits;
	uint8_t cookie[KTURN_COOKIE_MAX];
	size_t cookie_len;
};

/**
 * struct kturn_relays - a growing array of relays; all zero is a valid start
 */
struct kturn_relays {
	struct kturn_relay *relay;
	size_t count, room;
};

/**
 * kturn_relays_append() - read a message that describes a relay, and keep it
 *
 * Return: 0, or as kturn_relay_decode() does, or -ENOMEM; then it is as it was.
 */
int kturn_relays_append(struct kturn_relays *relays, const struct nlmsghdr *nlh);

/**
 * kturn_relays_free() - free the array, and make it a valid start again
 */
void kturn_relays_free(struct kturn_relays *relays);

#define KTURN_STATS_REASONS 32

/**
 * struct kturn_stats - the counters of a network namespace
 * @ended: how many relays ended for each reason the kernel told about
 * @reasons: the number of entries in @ended
 */
struct kturn_stats {
	uint64_t relays, created, refused;
	uint64_t bytes_to_peer, bytes_to_client, copied;
	uint64_t moves, waits, coalesced, generation;
	struct kturn_runs runs;
	struct {
		uint32_t reason;
		uint64_t count;
	} ended[KTURN_STATS_REASONS];
	size_t reasons;
};

/**
 * struct kturn_caps - how many relays there may be; the fields are the family's
 */
struct kturn_caps {
	uint32_t owner, netns, total;
};

/**
 * struct kturn_coalesce - when bytes in bulk wait for more; as the family has it
 */
struct kturn_coalesce {
	uint32_t delay_us, looks, bytes, mean;
};

/**
 * struct kturn_event - what the multicast group tells
 * @cmd: KTURN_CMD_RELAY_ADD_NTF or KTURN_CMD_RELAY_DEL_NTF
 */
struct kturn_event {
	uint8_t cmd;
	struct kturn_relay relay;
};

/**
 * kturn_genl_open() - make a socket that speaks to the family
 * @why: gets a sentence on failure
 *
 * The relays that are made through this socket end when it is closed, or wait for another
 * one to adopt them.
 *
 * Return: 0, -ENOENT if the module is not loaded, or another negative errno.
 */
int kturn_genl_open(struct kturn_genl **genl, char *why, size_t why_len);

/**
 * kturn_genl_close() - close the socket
 */
void kturn_genl_close(struct kturn_genl *genl);

/**
 * kturn_genl_port() - the netlink port, a relay's owner
 */
uint32_t kturn_genl_port(const struct kturn_genl *genl);

/**
 * kturn_genl_fd() - the descriptor, to wait for events
 */
int kturn_genl_fd(const struct kturn_genl *genl);

/**
 * kturn_genl_why() - a sentence about the last call that failed
 *
 * The kernel's own words if it had any.
 */
const char *kturn_genl_why(const struct kturn_genl *genl);

/**
 * kturn_relay_add() - hand two established TCP sockets over
 * @id: the new relay
 *
 * The descriptors remain the caller's to close.
 *
 * Return: 0 or a negative errno.
 */
int kturn_relay_add(struct kturn_genl *genl, const struct kturn_add *add, uint64_t *id);

/**
 * kturn_relay_get() - look at one relay
 *
 * Return: 0, -ENOENT without such a relay, or another negative errno.
 */
int kturn_relay_get(struct kturn_genl *genl, uint64_t id,
		    struct kturn_relay *relay);

/**
 * struct kturn_which - some of all relays; what is NULL does not matter
 * @owner: 0 stands for those that have none any more
 */
struct kturn_which {
	const uint64_t *group;
	const uint32_t *owner;
};

/**
 * kturn_relay_each() - look at relays one by one, in the order of their ids
 * @which: only these
 * @fn: must not ask @genl for anything; the relay is there until it returns
 *
 * A relay that lives throughout the dump is in it exactly once.
 *
 * Return: 0 or a negative errno.
 */
int kturn_relay_each(struct kturn_genl *genl, const struct kturn_which *which,
		     void (*fn)(const struct kturn_relay *relay, void *arg), void *arg);

/**
 * kturn_relay_dump() - look at all of them at once
 * @relays: they are appended here
 *
 * Return: 0 or a negative errno.
 */
int kturn_relay_dump(struct kturn_genl *genl, const struct kturn_which *which,
		     struct kturn_relays *relays);

/**
 * kturn_relay_set() - change limits of a relay, all or none
 * @limits: those to change; the others stay as they are
 *
 * Return: 0, -ENOENT without such a relay, or another negative errno.
 */
int kturn_relay_set(struct kturn_genl *genl, uint64_t id,
		    const struct kturn_limit *limits, size_t count);

/**
 * kturn_relay_adopt() - become the owner of a relay whose owner is gone
 *
 * Return: 0, -ENOENT without such a relay, -EBUSY if it has an owner, or another negative
 * errno.
 */
int kturn_relay_adopt(struct kturn_genl *genl, uint64_t id);

/**
 * kturn_relay_del() - end one relay
 * @relays: it is appended here, with its closing counters
 *
 * Return: 0, -ENOENT without such a relay, or another negative errno.
 */
int kturn_relay_del(struct kturn_genl *genl, uint64_t id,
		    struct kturn_relays *relays);

/**
 * kturn_relay_del_group() - end all relays of a group
 * @relays: they are appended here, with their closing counters
 *
 * Return: 0, also if there were none; -ENOBUFS if all were ended but not all
 * of them are in @relays; or another negative errno.
 */
int kturn_relay_del_group(struct kturn_genl *genl, uint64_t group,
			  struct kturn_relays *relays);

/**
 * kturn_stats_get() - read the counters of this network namespace
 *
 * Return: 0 or a negative errno.
 */
int kturn_stats_get(struct kturn_genl *genl, struct kturn_stats *stats);

/**
 * kturn_caps_get() - read how many relays there may be
 *
 * Return: 0 or a negative errno.
 */
int kturn_caps_get(struct kturn_genl *genl, struct kturn_caps *caps);

/**
 * kturn_caps_set() - change one of these numbers
 * @attr: KTURN_A_CAPS_OWNER, _NETNS or _TOTAL
 *
 * Return: 0 or a negative errno.
 */
int kturn_caps_set(struct kturn_genl *genl, int attr, uint32_t relays);

/**
 * kturn_coalesce_get() - read when bytes in bulk wait for more of them
 *
 * Return: 0 or a negative errno.
 */
int kturn_coalesce_get(struct kturn_genl *genl, struct kturn_coalesce *coalesce);

/**
 * kturn_coalesce_set() - change one of these numbers
 * @attr: KTURN_A_COALESCE_*
 *
 * Return: 0 or a negative errno.
 */
int kturn_coalesce_set(struct kturn_genl *genl, int attr, uint32_t value);

/**
 * kturn_events_join() - let this socket hear the events
 * @owner: only of the ends of this one's relays; 0 for all there is
 *
 * From then on the socket is for kturn_events_next() alone.
 *
 * Return: 0 or a negative errno.
 */
int kturn_events_join(struct kturn_genl *genl, uint32_t owner);

/**
 * kturn_events_next() - take the next event
 *
 * Return: 0, -EAGAIN if there is none now, -ENOBUFS if some were lost before
 * the next one, or another negative errno.
 */
int kturn_events_next(struct kturn_genl *genl, struct kturn_event *event);

/**
 * kturn_relay_decode() - read a message that describes a relay
 *
 * Return: 0, or -EBADMSG if an attribute is not what the family says it is.
 */
int kturn_relay_decode(struct kturn_relay *relay, const struct nlmsghdr *nlh);

/**
 * kturn_stats_decode() - read the reply to stats-get
 *
 * Return: 0, or -EBADMSG if an attribute is not what the family says it is.
 */
int kturn_stats_decode(struct kturn_stats *stats, const struct nlmsghdr *nlh);

/**
 * kturn_caps_decode() - read the reply to caps-get
 *
 * Return: 0, or -EBADMSG if an attribute is not what the family says it is.
 */
int kturn_caps_decode(struct kturn_caps *caps, const struct nlmsghdr *nlh);

/**
 * kturn_coalesce_decode() - read the reply to settings-get
 *
 * Return: 0, or -EBADMSG if an attribute is not what the family says it is.
 */
int kturn_coalesce_decode(struct kturn_coalesce *coalesce, const struct nlmsghdr *nlh);

#define KTURN_NAME_LEN 24

/**
 * kturn_state_name() - the name as it stands in the family's specification
 * @buf: keeps the number of a state that this build does not know
 *
 * Return: a constant, or @buf.
 */
const char *kturn_state_name(uint32_t state, char buf[KTURN_NAME_LEN]);

/**
 * kturn_engine_name() - likewise, for what moves the bytes
 */
const char *kturn_engine_name(uint32_t engine, char buf[KTURN_NAME_LEN]);

/**
 * kturn_reason_name() - likewise, for why a relay ended
 */
const char *kturn_reason_name(uint32_t reason, char buf[KTURN_NAME_LEN]);

#endif
