// SPDX-License-Identifier: GPL-2.0-only
#include "opening.h"
#include "opening_json.h"

static json_t *head(const struct opening *opening)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * OPENING_HEAD];

	for (size_t i = 0; i < opening->head_len; i++) {
		text[2 * i] = digits[opening->head[i] >> 4];
		text[2 * i + 1] = digits[opening->head[i] & 15];
	}
	return json_stringn(text, 2 * opening->head_len);
}

static const char *framing(const struct opening *opening)
{
	static const char *const names[] = {
		[KTURN_FRAMING_UNKNOWN] = "unknown",
		[KTURN_FRAMING_FRAMED] = "framed",
		[KTURN_FRAMING_PLAIN] = "plain",
		[KTURN_FRAMING_NONE] = "none",
	};

	return names[opening->stun.framing];
}

json_t *side_json(enum kturn_side side)
{
	if (side == KTURN_SIDE_NONE)
		return json_null();
	return json_string(side == KTURN_SIDE_CLIENT ? "client" : "peer");
}

json_t *opening_stun_json(const struct opening *opening, uint64_t bytes)
{
	const struct kturn_stun *stun = &opening->stun;

	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:b}",
			 "framing", framing(opening),
			 "requests", stun->requests,
			 "successes", stun->successes,
			 "errors", stun->errors,
			 "others", stun->others,
			 "whole", opening_is_whole(opening, bytes));
}

json_t *opening_json(const struct opening *opening, uint64_t bytes)
{
	return json_pack("{s:I, s:o, s:I, s:o}",
			 "bytes", (json_int_t)bytes,
			 "head", head(opening),
			 "followed", (json_int_t)(opening->stun.followed < bytes ?
						  opening->stun.followed : bytes),
			 "stun", opening_stun_json(opening, bytes));
}
