/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an input of the turn target says: one thing after the other that clients,
 * peers and the clock do to the daemon. Any bytes are a script.
 */
#ifndef KTURN_FUZZ_SCRIPT_H
#define KTURN_FUZZ_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRIPT_HEADER_LEN 4	/* what, who, length of the payload in two octets */

enum script_what {
	SCRIPT_RAW,		/* client @who sends the payload as it is */
	SCRIPT_SIGNED,		/* a request: type and attributes; it gets a good header,
				   credentials and MESSAGE-INTEGRITY */
	SCRIPT_WAIT,		/* 2^(who % 16) seconds pass */
	SCRIPT_ARRIVE,		/* a peer connects, or sends the payload, to the relayed
				   address number @who */
	SCRIPT_PEER_SENDS,	/* the peer of connection @who sends the payload */
	SCRIPT_PEER_ENDS,	/* with a FIN if the payload begins with 1, or closes */
	SCRIPT_CLIENT_ENDS,
	SCRIPT_CLIENT_DEAF,	/* client @who no longer reads, or reads again */
	SCRIPT_HELLO,		/* client @who begins with DTLS; with his last cookie if there
				   is a payload, whose first octet is his random bytes */
	SCRIPT_WHATS,
};

/* In @who of SCRIPT_SIGNED, beside the client. */
#define SCRIPT_CLIENT		0x0f
#define SCRIPT_TOKEN		0x10	/* with a session's key, see token.h */
#define SCRIPT_RFC5389		0x20
#define SCRIPT_OTHER_USER	0x40
#define SCRIPT_FINGERPRINT	0x80

/*
 * In @who of SCRIPT_RAW: datagrams that have come as one (GRO); each but the last has four
 * times as many bytes as the payload's first octet says.
 */
#define SCRIPT_JOINED		0x40

struct script_step {
	uint8_t what, who;
	uint16_t len;
	const uint8_t *payload;
};

/**
 * script_next() - read a step, and what is behind it
 * @data: moves behind the step
 *
 * Return: false at the end.
 */
bool script_next(const uint8_t **data, size_t *len, struct script_step *step);

/**
 * script_put() - write a step
 *
 * Return: its length, 0 if @size is too small.
 */
size_t script_put(uint8_t *buf, size_t size, const struct script_step *step);

#endif
