/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first bytes of a call: ICE connectivity checks over TCP (RFC 8445,
 * section 7, and RFC 6544), as far as a relay's users can see them. Each side
 * sends one Binding request and answers the other's.
 */
#ifndef KTURN_CLIENT_ICE_H
#define KTURN_CLIENT_ICE_H

#include <stdbool.h>

enum ice_role {
	ICE_CONTROLLING,	/* sends the first request */
	ICE_CONTROLLED,		/* sends its own after the other's */
};

/**
 * struct ice_tally - what has passed, seen from one side
 */
struct ice_tally {
	unsigned int requests_sent, requests_received;
	unsigned int successes_sent, successes_received;
};

/* Of both sides; a call would agree on it in its SDP. */
#define ICE_PASSWORD "as the session description says"

/**
 * ice_check() - exchange one request and one success response each way
 * @password: requests that are not signed with it are refused (401)
 *
 * Return: 0, -EACCES if the other side has refused, -EBADMSG for anything that does not
 * belong there, or another negative errno.
 */
int ice_check(int fd, enum ice_role role, const char *password, struct ice_tally *tally,
	      int timeout_ms);

#endif
