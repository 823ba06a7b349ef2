/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The STUN messages that a direction of a relay begins with, plain or in the frames of
 * RFC 4571, as ICE over TCP sends them (RFC 6544): counted as their bytes come, in pieces of
 * any size. The daemon's own engine compiles it, too.
 *
 * Bounded: so many messages or so many bytes, and never what is behind.
 */
#ifndef _KTURN_STUN_H
#define _KTURN_STUN_H

#include <linux/kturn.h>
#include <linux/types.h>

#define KTURN_STUN_BYTES	4096
#define KTURN_STUN_MESSAGES	16

#define KTURN_STUN_PART		10	/* bytes that tell what a message is */
#define KTURN_FRAME_HEADER	2	/* RFC 4571 */
#define KTURN_STUN_HEADER	20	/* RFC 8489, section 5 */
#define KTURN_STUN_COOKIE	0x2112a442U

/**
 * struct kturn_stun - all zero is a valid start
 * @followed: bytes that have been looked at; who adds them moves it on
 * @skip: bytes of a message that do not matter, as far as that can be said: none is
 *	beyond KTURN_STUN_BYTES
 * @part: of the message, or frame, that is coming; @part_len bytes
 * @framing: enum kturn_framing
 * @messages: that have begun, of any kind
 * @requests: of STUN
 * @successes: responses of STUN
 * @errors: likewise
 * @others: frames that are not STUN's: media, or the DTLS that its keys come from
 */
struct kturn_stun {
	__u16 followed;
	__u16 skip;
	__u8 part[KTURN_STUN_PART];
	__u8 part_len:4;
	__u8 framing:4;
	__u8 messages;
	__u8 requests;
	__u8 successes;
	__u8 errors;
	__u8 others;
};

static inline __u16 kturn_stun_u16(const __u8 *at)
{
	return at[0] << 8 | at[1];
}

static inline bool kturn_stun_is_one(const __u8 *message)
{
	const __u32 cookie = (__u32)kturn_stun_u16(message + 4) << 16 |
			     kturn_stun_u16(message + 6);

	return !(message[0] & 0xc0) && cookie == KTURN_STUN_COOKIE;
}

/**
 * kturn_stun_wants() - how many of the next bytes are of interest
 * @stun: of the flow
 *
 * The first KTURN_HEAD_MAX are so in any case: whoever follows the messages keeps those.
 *
 * Return: 0 when all that is followed has come.
 */
static inline __u32 kturn_stun_wants(const struct kturn_stun *stun)
{
	if (stun->framing != KTURN_FRAMING_NONE && stun->messages < KTURN_STUN_MESSAGES)
		return KTURN_STUN_BYTES - stun->followed;
	return stun->followed < KTURN_HEAD_MAX ? KTURN_HEAD_MAX - stun->followed : 0;
}

static inline void kturn_stun_count(struct kturn_stun *stun, const __u8 *message)
{
	switch (kturn_stun_u16(message) & 0x0110) {
	case 0x0000:
		stun->requests++;
		break;
	case 0x0100:
		stun->successes++;
		break;
	case 0x0110:
		stun->errors++;
		break;
	}
}

/* The first message tells, and only STUN's: it has a cookie to be known by. */
static inline void kturn_stun_find_framing(struct kturn_stun *stun)
{
	const __u8 *part = stun->part;

	if (kturn_stun_is_one(part + KTURN_FRAME_HEADER) &&
	    kturn_stun_u16(part) >= KTURN_STUN_HEADER)
		stun->framing = KTURN_FRAMING_FRAMED;
	else if (kturn_stun_is_one(part))
		stun->framing = KTURN_FRAMING_PLAIN;
	else
		stun->framing = KTURN_FRAMING_NONE;
}

/* A frame may be shorter than what would tell that it is STUN's. */
static inline __u32 kturn_stun_part_wanted(const struct kturn_stun *stun)
{
	__u32 frame;

	if (stun->framing != KTURN_FRAMING_FRAMED)
		return KTURN_STUN_PART;
	if (stun->part_len < KTURN_FRAME_HEADER)
		return KTURN_FRAME_HEADER;
	frame = KTURN_FRAME_HEADER + kturn_stun_u16(stun->part);
	return frame < KTURN_STUN_PART ? frame : KTURN_STUN_PART;
}

/* The rest of a message, whose length is what its sender says. */
static inline void kturn_stun_skip(struct kturn_stun *stun, __u32 message_len)
{
	const __u32 rest = message_len - stun->part_len;

	stun->skip = rest < KTURN_STUN_BYTES ? rest : KTURN_STUN_BYTES;
}

static inline void kturn_stun_take_frame(struct kturn_stun *stun)
{
	const __u8 *message = stun->part + KTURN_FRAME_HEADER;

	stun->messages++;
	kturn_stun_skip(stun, KTURN_FRAME_HEADER + kturn_stun_u16(stun->part));
	if (stun->part_len == KTURN_STUN_PART && kturn_stun_is_one(message))
		kturn_stun_count(stun, message);
	else
		stun->others++;
}

/* What follows plain STUN and is none can be anything, of any length. */
static inline void kturn_stun_take_plain(struct kturn_stun *stun)
{
	if (!kturn_stun_is_one(stun->part)) {
		stun->others++;
		stun->messages = KTURN_STUN_MESSAGES;
		return;
	}
	stun->messages++;
	kturn_stun_skip(stun, KTURN_STUN_HEADER + kturn_stun_u16(stun->part + 2));
	kturn_stun_count(stun, stun->part);
}

static inline void kturn_stun_take_part(struct kturn_stun *stun)
{
	if (stun->framing == KTURN_FRAMING_UNKNOWN)
		kturn_stun_find_framing(stun);
	if (stun->framing == KTURN_FRAMING_FRAMED)
		kturn_stun_take_frame(stun);
	else if (stun->framing == KTURN_FRAMING_PLAIN)
		kturn_stun_take_plain(stun);
	stun->part_len = 0;
}

/* Returns how many bytes were made use of. */
static inline __u32 kturn_stun_step(struct kturn_stun *stun, const __u8 *data, __u32 len)
{
	const __u32 skipped = stun->skip < len ? stun->skip : len;
	__u32 n = skipped;

	stun->skip -= skipped;
	while (n < len && stun->part_len < kturn_stun_part_wanted(stun))
		stun->part[stun->part_len++] = data[n++];
	if (stun->part_len == kturn_stun_part_wanted(stun))
		kturn_stun_take_part(stun);
	return n;
}

/**
 * kturn_stun_add() - look at the next bytes
 * @stun: of the flow
 * @data: the bytes
 * @len: not more than it wants
 */
static inline void kturn_stun_add(struct kturn_stun *stun, const __u8 *data, __u32 len)
{
	__u32 n;

	for (; len && stun->framing != KTURN_FRAMING_NONE &&
	     stun->messages < KTURN_STUN_MESSAGES; data += n, len -= n)
		n = kturn_stun_step(stun, data, len);
}

#endif /* _KTURN_STUN_H */
