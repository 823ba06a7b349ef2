// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "opening.h"

#define FRAME_HEADER	2
#define STUN_HEADER	20

static const uint8_t cookie[] = { 0x21, 0x12, 0xa4, 0x42 };	/* RFC 8489, 5 */

static uint16_t get_u16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static bool is_stun(const uint8_t *message)
{
	return !(message[0] & 0xc0) && !memcmp(message + 4, cookie, sizeof(cookie));
}

size_t opening_wants(const struct opening *opening)
{
	if (opening->framing != OPENING_OTHER && opening->messages < OPENING_MESSAGES)
		return OPENING_BYTES - opening->followed;
	return opening->followed < OPENING_HEAD ? OPENING_HEAD - opening->followed : 0;
}

void opening_lose(struct opening *opening)
{
	opening->followed = OPENING_BYTES;
}

static void count_stun(struct opening *opening, const uint8_t *message)
{
	switch (get_u16(message) & 0x0110) {
	case 0x0000:
		opening->requests++;
		break;
	case 0x0100:
		opening->successes++;
		break;
	case 0x0110:
		opening->errors++;
		break;
	}
}

/* The first message tells, and only STUN's: it has a cookie to be known by. */
static void find_framing(struct opening *opening)
{
	const uint8_t *part = opening->part;

	if (is_stun(part + FRAME_HEADER) && get_u16(part) >= STUN_HEADER)
		opening->framing = OPENING_FRAMED;
	else if (is_stun(part))
		opening->framing = OPENING_PLAIN;
	else
		opening->framing = OPENING_OTHER;
}

/* A frame may be shorter than what would tell that it is STUN's. */
static size_t part_wanted(const struct opening *opening)
{
	size_t frame;

	if (opening->framing != OPENING_FRAMED)
		return OPENING_PART;
	if (opening->part_len < FRAME_HEADER)
		return FRAME_HEADER;
	frame = FRAME_HEADER + get_u16(opening->part);
	return frame < OPENING_PART ? frame : OPENING_PART;
}

static void take_frame(struct opening *opening)
{
	const uint8_t *message = opening->part + FRAME_HEADER;

	opening->messages++;
	opening->skip = FRAME_HEADER + get_u16(opening->part) - opening->part_len;
	if (opening->part_len == OPENING_PART && is_stun(message))
		count_stun(opening, message);
	else
		opening->others++;
}

/* What follows plain STUN and is none can be anything, of any length. */
static void take_plain(struct opening *opening)
{
	if (!is_stun(opening->part)) {
		opening->others++;
		opening->messages = OPENING_MESSAGES;
		return;
	}
	opening->messages++;
	opening->skip = STUN_HEADER + get_u16(opening->part + 2) - opening->part_len;
	count_stun(opening, opening->part);
}

static void take_part(struct opening *opening)
{
	if (opening->framing == OPENING_UNKNOWN)
		find_framing(opening);
	if (opening->framing == OPENING_FRAMED)
		take_frame(opening);
	else if (opening->framing == OPENING_PLAIN)
		take_plain(opening);
	opening->part_len = 0;
}

/* Return: how many bytes were made use of. */
static size_t step(struct opening *opening, const uint8_t *data, size_t len)
{
	size_t n = opening->skip < len ? opening->skip : len;
	size_t missing;

	opening->skip -= n;
	if (n == len)
		return n;
	missing = part_wanted(opening) - opening->part_len;
	if (missing > len - n)
		missing = len - n;
	memcpy(opening->part + opening->part_len, data + n, missing);
	opening->part_len += missing;
	if (opening->part_len == part_wanted(opening))
		take_part(opening);
	return n + missing;
}

static void keep(struct opening *opening, const uint8_t *data, size_t len)
{
	size_t room = OPENING_HEAD - opening->head_len;
	size_t n = len < room ? len : room;

	memcpy(opening->head + opening->head_len, data, n);
	opening->head_len += n;
}

void opening_add(struct opening *opening, const uint8_t *data, size_t len)
{
	size_t wanted = opening_wants(opening);

	if (len > wanted)
		len = wanted;
	if (opening->followed < OPENING_HEAD)
		keep(opening, data, len);
	opening->followed += len;
	for (size_t n; len && opening->framing != OPENING_OTHER &&
	     opening->messages < OPENING_MESSAGES; data += n, len -= n)
		n = step(opening, data, len);
}

bool opening_is_whole(const struct opening *opening, uint64_t bytes)
{
	return bytes <= opening->followed && opening->followed < OPENING_BYTES &&
	       opening->messages < OPENING_MESSAGES;
}
