/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which peers may be reached at all: allowed-peer-ip, denied-peer-ip, and what
 * nobody should reach through a relay unless the administrator says so: this
 * host, its neighbours, groups, and the server's own doors.
 */
#ifndef KTURN_ACL_H
#define KTURN_ACL_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

struct acl_endpoint;
struct acl_range;

/**
 * struct acl - the rules; all zero is a valid start
 * @allowed: ranges that win over everything else
 * @denied: ranges that are refused
 * @endpoints: addresses with their ports that are refused
 * @allow_loopback: 127.0.0.0/8 and ::1 are peers like any other
 */
struct acl {
	struct acl_range *allowed;
	struct acl_range *denied;
	struct acl_endpoint *endpoints;
	bool allow_loopback;
};

enum acl_verdict { ACL_ALLOW, ACL_DENY };

/**
 * acl_add() - add a rule
 * @text: "address", "first-last", or "address/prefix length"
 *
 * Return: 0, -EINVAL if @text is none of these, or -ENOMEM.
 */
int acl_add(struct acl *acl, enum acl_verdict verdict, const char *text);

/**
 * acl_add_endpoint() - refuse an address together with its port
 * @endpoint: 0.0.0.0 and :: stand for every address of this host, whichever it
 *	has at the time
 * @why: the rule's text, a constant
 *
 * Return: 0 or -ENOMEM.
 */
int acl_add_endpoint(struct acl *acl, const union addr *endpoint, const char *why);

/**
 * acl_refusal() - say why a peer is refused
 * @peer: with the port 0 if there is no saying yet which port it will be
 *
 * An IPv6 address with an IPv4 address in it (mapped, compatible, translated,
 * NAT64, 6to4, Teredo) is refused if either of the two is. Where rules
 * contradict each other, allowed ranges win.
 *
 * Return: the rule's text, or NULL if the peer may be reached.
 */
const char *acl_refusal(const struct acl *acl, const union addr *peer);

/**
 * acl_is_tunnelled() - tell whether a client comes through Teredo or 6to4
 *
 * Such a client gets no allocation (RFC 8656, 21.4), unless its address is in an
 * allowed range.
 */
bool acl_is_tunnelled(const struct acl *acl, const union addr *client);

/**
 * acl_knows_port() - tell whether acl_refusal() might depend on this port
 */
bool acl_knows_port(const struct acl *acl, uint16_t port);

/**
 * acl_clear() - free the rules
 */
void acl_clear(struct acl *acl);

#endif
