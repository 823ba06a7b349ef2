/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a direction of a relay begins with: its first bytes, and the STUN messages at its
 * head, plain or in the frames of RFC 4571, as ICE over TCP sends them (RFC 6544).
 *
 * Bounded: OPENING_MESSAGES of them or OPENING_BYTES, and never what is behind.
 */
#ifndef KTURN_OPENING_H
#define KTURN_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPENING_HEAD		64	/* bytes that are kept */
#define OPENING_BYTES		4096
#define OPENING_MESSAGES	16

#define OPENING_PART		10	/* bytes that tell what a message is */

/* How the messages are told from each other. */
enum opening_framing {
	OPENING_UNKNOWN,		/* too little has come to say */
	OPENING_FRAMED,			/* RFC 4571: a length before each */
	OPENING_PLAIN,			/* STUN's own length */
	OPENING_OTHER,			/* not STUN: nothing is followed */
};

/**
 * struct opening - all zero is a valid start
 * @head: the first bytes, @head_len of them
 * @followed: bytes that have been looked at
 * @part: of the message, or frame, that is coming; @part_len bytes
 * @skip: bytes of it that do not matter
 * @messages: that have begun, of any kind
 * @requests: of STUN
 * @successes: responses of STUN
 * @errors: likewise
 * @others: frames that are not STUN's: media, or the DTLS that its keys come from
 */
struct opening {
	uint8_t head[OPENING_HEAD];
	uint8_t head_len;
	uint8_t part_len;
	uint8_t part[OPENING_PART];
	uint16_t followed;
	uint32_t skip;
	enum opening_framing framing;
	uint8_t messages, requests, successes, errors, others;
};

/**
 * opening_wants() - how many of the next bytes it would look at; 0: it has seen enough
 */
size_t opening_wants(const struct opening *opening);

/**
 * opening_add() - look at the next bytes; those that it does not want it leaves
 */
void opening_add(struct opening *opening, const uint8_t *data, size_t len);

/**
 * opening_lose() - what comes next cannot be looked at: this was all
 */
void opening_lose(struct opening *opening);

/**
 * opening_is_whole() - tell whether all the STUN there was among so many bytes is counted
 * @bytes: that the direction has carried
 */
bool opening_is_whole(const struct opening *opening, uint64_t bytes);

#endif
