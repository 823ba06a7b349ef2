// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>

#include "json_text.h"

json_t *json_text(const char *text)
{
	json_t *string = text ? json_string(text) : json_null();
	char utf8[2048];
	size_t at = 0;

	if (string)
		return string;
	for (; *text && at + 2 < sizeof(utf8); text++) {
		unsigned char c = *text;

		if (c < 0x80) {
			utf8[at++] = c;
		} else {
			utf8[at++] = 0xc0 | c >> 6;
			utf8[at++] = 0x80 | (c & 0x3f);
		}
	}
	return json_stringn(utf8, at);
}
