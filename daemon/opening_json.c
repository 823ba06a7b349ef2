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
		[OPENING_UNKNOWN] = "unknown",
		[OPENING_FRAMED] = "framed",
		[OPENING_PLAIN] = "plain",
		[OPENING_OTHER] = "none",
	};

	return names[opening->framing];
}

json_t *opening_json(const struct opening *opening, uint64_t bytes)
{
	return json_pack("{s:I, s:o, s:I, s:{s:s, s:i, s:i, s:i, s:i, s:b}}",
			 "bytes", (json_int_t)bytes,
			 "head", head(opening),
			 "followed", (json_int_t)(opening->followed < bytes ? opening->followed
									     : bytes),
			 "stun",
			 "framing", framing(opening),
			 "requests", opening->requests,
			 "successes", opening->successes,
			 "errors", opening->errors,
			 "others", opening->others,
			 "whole", opening_is_whole(opening, bytes));
}
