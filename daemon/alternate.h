/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other servers, to which clients are sent that want an allocation (RFC 8489, section
 * 10): 300 with ALTERNATE-SERVER. Who is sent where follows from who he is, so that a
 * retransmitted request gets the same answer; and several servers with the same list,
 * themselves on it, agree on it. A client is then sent on once at most: the server that
 * he comes to finds itself.
 */
#ifndef KTURN_ALTERNATE_H
#define KTURN_ALTERNATE_H

#include <stdbool.h>

#include "addr.h"

struct transaction;

enum alternate_transport {
	ALTERNATE_UDP	= 1,
	ALTERNATE_TCP	= 2,
	ALTERNATE_TLS	= 4,
};

/**
 * struct alternate - one server
 * @transports: set of enum alternate_transport: whose clients are sent there
 * @domain: what its certificate is for; empty if it has the same as ours
 */
struct alternate {
	struct alternate *next;
	union addr addr;
	unsigned int transports;
	char domain[];
};

/**
 * alternate_redirect() - send the client of an Allocate request to another server
 *
 * Return: whether that was done; if not, he is to be served here.
 */
bool alternate_redirect(const struct transaction *transaction);

#endif
