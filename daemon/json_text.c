// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "json_text.h"

json_t *json_text_n(const char *text, size_t len)
{
	json_t *string = json_stringn(text, len);
	char utf8[4096];
	size_t at = 0;

	if (string)
		return string;
	for (size_t i = 0; i < len && at + 2 < sizeof(utf8); i++) {
		unsigned char c = text[i];

		if (c < 0x80) {
			utf8[at++] = c;
		} else {
			utf8[at++] = 0xc0 | c >> 6;
			utf8[at++] = 0x80 | (c & 0x3f);
		}
	}
	return json_stringn(utf8, at);
}

json_t *json_text(const char *text)
{
	return text ? json_text_n(text, strlen(text)) : json_null();
}
