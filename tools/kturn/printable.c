// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "printable.h"

/*
 * Return: the bytes of the UTF-8 character at @text; 0 if it is none (RFC 3629, 4: neither
 * longer than need be, nor a surrogate, nor beyond U+10FFFF).
 */
static size_t character(const unsigned char *text, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t bytes;

	if (text[0] < 0x80) {
		*code = text[0];
		return 1;
	}
	bytes = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	if (text[0] < 0xc0 || text[0] >= 0xf8 || bytes > len)
		return 0;
	*code = text[0] & (0x7f >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text[i] & 0x3f);
	}
	return *code < least[bytes] || *code > 0x10ffff || *code >> 11 == 0xd800 >> 11 ? 0 : bytes;
}

/* U+061C, 200E, 200F, 202A to 202E, 2066 to 2069 are of direction; 2028, 2029 end lines. */
static bool is_sign(uint32_t code)
{
	return code >= 0x20 && !(code >= 0x7f && code < 0xa0) && code != 0x061c &&
	       code != 0x200e && code != 0x200f && !(code >= 0x2028 && code <= 0x202e) &&
	       !(code >= 0x2066 && code <= 0x2069);
}

size_t printable(char *text, size_t len)
{
	size_t left = 0;

	for (size_t i = 0, bytes; i < len; i += bytes) {
		uint32_t code;

		bytes = character((const unsigned char *)text + i, len - i, &code);
		if (bytes && is_sign(code)) {
			memmove(text + left, text + i, bytes);
			left += bytes;
		} else {
			text[left++] = '.';
		}
		if (!bytes)
			bytes = 1;
	}
	return left;
}

static json_t *printable_string(const char *text, size_t len)
{
	char *copy = malloc(len + 1);
	json_t *string = NULL;

	if (copy) {
		memcpy(copy, text, len);
		string = json_stringn(copy, printable(copy, len));
	}
	free(copy);
	return string;
}

static json_t *printable_array(const json_t *array)
{
	json_t *copy = json_array(), *element;
	size_t i;

	json_array_foreach(array, i, element) {
		if (json_array_append_new(copy, printable_json(element))) {
			json_decref(copy);
			return NULL;
		}
	}
	return copy;
}

static int add_member(json_t *object, const char *key, const json_t *value)
{
	json_t *name = printable_string(key, strlen(key));
	int err = name ? json_object_set_new(object, json_string_value(name),
					     printable_json(value)) : -1;

	json_decref(name);
	return err;
}

static json_t *printable_object(const json_t *object)
{
	json_t *copy = json_object(), *value;
	const char *key;

	json_object_foreach((json_t *)object, key, value) {
		if (add_member(copy, key, value)) {
			json_decref(copy);
			return NULL;
		}
	}
	return copy;
}

json_t *printable_json(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return printable_string(json_string_value(value), json_string_length(value));
	case JSON_ARRAY:
		return printable_array(value);
	case JSON_OBJECT:
		return printable_object(value);
	default:
		return json_copy((json_t *)value);
	}
}
