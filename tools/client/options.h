/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line.
 */
#ifndef KTURN_CLIENT_OPTIONS_H
#define KTURN_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "secure.h"

/**
 * struct options - what was asked for; has_* tells which addresses were given
 * @via: the TURN server
 * @to: whom to connect to: with @via the server does that
 * @from: the peer that may connect to the relayed address
 * @listen: where to wait for one connection
 * @bind: local IP address to connect from
 * @tls: speak TLS with the TURN server
 * @secure: how
 * @user: for the TURN server; NULL for none
 * @password: the user's
 * @rfc5389: sign as clients of before 2020 do
 * @family: of the relayed address; AF_UNSPEC for the server's choice
 * @lifetime: of the allocation, in seconds
 * @size: bytes to send
 * @seed: what they are made from
 * @answer: send only after the other end's FIN
 * @hold: seconds to wait before the ConnectionBind
 * @linger: seconds to keep the call open
 * @ice_password: of the call's STUN
 * @media: frames to send after that
 * @timeout: seconds to wait for anything
 */
struct options {
	bool has_via, has_to, has_from, has_listen, has_bind;
	union addr via, to, from, listen, bind;
	bool tls;
	struct secure secure;
	char *user, *password;
	bool rfc5389;
	int family;
	uint32_t lifetime;
	uint64_t size, seed;
	bool answer;
	unsigned int hold, linger, timeout;
	const char *ice_password;
	uint64_t media;
};

/**
 * options_parse() - read the options of a command
 *
 * Prints what is wrong with them.
 *
 * Return: 0 or -EINVAL.
 */
int options_parse(struct options *opt, int argc, char **argv);

/**
 * options_usage() - print what there is to say
 */
void options_usage(void);

#endif
