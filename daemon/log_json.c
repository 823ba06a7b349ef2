// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "log.h"
#include "log_json.h"

/**
 * struct field - the one that is being read
 * @key: not terminated
 * @quoted: its value stood in quotes
 */
struct field {
	const char *key;
	size_t key_len, len;
	bool quoted;
	char value[LOG_FIELDS_LEN];
};

/* The format has "key=%u", perhaps with a width or a length, and nothing beside it. */
static bool is_number(const struct field *field, const char *fmt)
{
	size_t len = field->key_len;

	for (const char *at = fmt; (at = strchr(at, '=')); at++) {
		const char *conversion;

		if (at[1] != '%' || (size_t)(at - fmt) < len || memcmp(at - len, field->key, len) ||
		    (at - len > fmt && at[-1 - (ptrdiff_t)len] != ' '))
			continue;
		conversion = at + 2 + strspn(at + 2, "0123456789hljzt");
		return strchr("du", *conversion) && strchr(" ", conversion[1]);
	}
	return false;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? at - digits : -1;
}

/* What log_quote() has put behind a backslash. Return: how much that was. */
static size_t unescape(const char *text, char *c)
{
	if (text[0] == 'x' && digit(text[1]) >= 0 && digit(text[2]) >= 0) {
		*c = digit(text[1]) << 4 | digit(text[2]);
		return 3;
	}
	if (!text[0])
		return 0;	/* cut short */
	*c = text[0];
	return 1;
}

/* Return: where the text goes on behind the closing quote, or its end. */
static const char *read_quoted(struct field *field, const char *text)
{
	while (*text && *text != '"') {
		char c = *text++;

		if (c == '\\')
			text += unescape(text, &c);
		field->value[field->len++] = c;
	}
	return *text ? text + 1 : text;
}

static const char *read_field(struct field *field, const char *text)
{
	field->key = text;
	field->key_len = strcspn(text, "= ");
	field->len = 0;
	text += field->key_len;
	if (*text == '=')
		text++;
	field->quoted = *text == '"';
	if (field->quoted)
		text = read_quoted(field, text + 1);
	/* Also what stands behind a quote that should have been escaped. */
	while (*text && *text != ' ')
		field->value[field->len++] = *text++;
	return text + strspn(text, " ");
}

static json_t *value_of(const struct field *field, const char *fmt)
{
	if (is_number(field, fmt))
		return json_integer(strtoll(field->value, NULL, 10));
	if (!field->quoted && !strcmp(field->value, "-"))
		return json_null();
	return json_text_n(field->value, field->len);
}

json_t *log_json(const char *stamp, const char *level, const char *event, const char *fmt,
		 const char *fields)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "time", stamp, "level", level,
				   "event", event);
	struct field field;
	char key[64];

	while (object && *fields) {
		fields = read_field(&field, fields);
		field.value[field.len] = '\0';
		if (!field.key_len || field.key_len >= sizeof(key))
			continue;
		memcpy(key, field.key, field.key_len);
		key[field.key_len] = '\0';
		json_object_set_new(object, key, value_of(&field, fmt));
	}
	return object;
}
