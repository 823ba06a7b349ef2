// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "stun.h"
#include "trace_record.h"

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? at - digits : -1;
}

static bool read_octets(struct trace_record *record, const char *hex)
{
	size_t kept = trace_record_kept(record);

	if (strlen(hex) != 2 * kept)
		return false;
	for (size_t i = 0; i < kept; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		record->data[i] = high << 4 | low;
	}
	return true;
}

static bool read_address(union addr *addr, const char *value)
{
	return !addr_parse_endpoint(addr, value, strlen(value), 0);
}

bool trace_record_read(struct trace_record *record, const json_t *object)
{
	const char *transport = text(object, "transport");
	json_int_t len = json_integer_value(json_object_get(object, "length"));

	*record = (struct trace_record){
		.number = json_integer_value(json_object_get(object, "number")),
		.time_us = json_integer_value(json_object_get(object, "time_us")),
		.allocation = strtoull(text(object, "allocation"), NULL, 16),
		.direction = strcmp(text(object, "direction"), "in") ? TRACE_OUT : TRACE_IN,
		.stream = *transport == 't',
		.secure = strstr(transport, "tls") != NULL,
		.len = len,
	};
	strncat(record->user, text(object, "user"), sizeof(record->user) - 1);
	return len >= STUN_HEADER_LEN && len <= STUN_MESSAGE_MAX &&
	       read_address(&record->client, text(object, "client")) &&
	       read_address(&record->server, text(object, "server")) &&
	       read_octets(record, text(object, "data"));
}

static uint16_t get_u16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

bool trace_record_next(const struct trace_record *record, size_t *at, struct trace_attr *attr)
{
	size_t kept = trace_record_kept(record);
	const uint8_t *head;

	if (!*at)
		*at = STUN_HEADER_LEN;
	if (*at + STUN_ATTR_HEADER_LEN > kept)
		return false;
	head = record->data + *at;
	*attr = (struct trace_attr){
		.type = get_u16(head),
		.len = get_u16(head + 2),
		.value = head + STUN_ATTR_HEADER_LEN,
	};
	*at += STUN_ATTR_HEADER_LEN;
	if (attr->len > kept - *at)
		return false;
	*at += (attr->len + 3u) & ~3u;
	return true;
}
