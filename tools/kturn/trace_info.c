// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "macros.h"
#include "printable.h"
#include "stun.h"
#include "trace_info.h"

/* The line, as far as there is room. */
struct line {
	char *buf;
	size_t len;
};

static void add(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *fmt, ...)
{
	size_t room = TRACE_INFO_LEN - line->len;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line->buf + line->len, room, fmt, args);
	va_end(args);
	if (n > 0)
		line->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void add_text(struct line *line, const uint8_t *text, size_t len)
{
	size_t room = TRACE_INFO_LEN - 1 - line->len;
	char *at = line->buf + line->len;

	if (len > room)
		len = room;
	memcpy(at, text, len);
	line->len += printable(at, len);
	line->buf[line->len] = '\0';
}

/* --- method and class */

static uint16_t type_of(const struct trace_record *record)
{
	return record->data[0] << 8 | record->data[1];
}

static uint16_t method_of(uint16_t type)
{
	return (type & 0x3e00) >> 2 | (type & 0x00e0) >> 1 | (type & 0x000f);
}

static enum stun_class class_of(uint16_t type)
{
	return (type & 0x0100) >> 7 | (type & 0x0010) >> 4;
}

static const char *method_name(uint16_t method)
{
	static const struct {
		uint16_t method;
		const char *name;
	} names[] = {
		{ STUN_BINDING, "Binding" },
		{ 0x002, "SharedSecret" },
		{ STUN_ALLOCATE, "Allocate" },
		{ STUN_REFRESH, "Refresh" },
		{ STUN_SEND, "Send" },
		{ STUN_DATA, "Data" },
		{ STUN_CREATE_PERMISSION, "CreatePermission" },
		{ STUN_CHANNEL_BIND, "Channel-Bind" },
		{ STUN_CONNECT, "Connect" },
		{ STUN_CONNECTION_BIND, "ConnectionBind" },
		{ STUN_CONNECTION_ATTEMPT, "ConnectionAttempt" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].method == method)
			return names[i].name;
	return "Unknown";
}

static void add_kind(struct line *line, uint16_t type)
{
	static const char *const classes[] = {
		[STUN_REQUEST] = "Request",
		[STUN_INDICATION] = "Indication",
		[STUN_SUCCESS] = "Success Response",
		[STUN_ERROR] = "Error Response",
	};

	add(line, "%s %s", method_name(method_of(type)), classes[class_of(type)]);
}

/* --- attributes */

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static void add_transport(struct line *line, const struct trace_attr *attr)
{
	if (attr->len < 1)
		return;
	if (attr->value[0] == IPPROTO_TCP)
		add(line, " TCP");
	else if (attr->value[0] == IPPROTO_UDP)
		add(line, " UDP");
	else
		add(line, " Unknown (0x%8x)", attr->value[0]);
}

static void add_lifetime(struct line *line, const struct trace_attr *attr)
{
	if (attr->len >= 4)
		add(line, " lifetime: %" PRIu32, get_u32(attr->value));
}

static void add_channel(struct line *line, const struct trace_attr *attr)
{
	if (attr->len >= 4)
		add(line, " ChannelNumber=0x%x", attr->value[0] << 8 | attr->value[1]);
}

/* One code has another name there; the number is the same. */
static const char *error_name(unsigned int code)
{
	const char *name = stun_error_str(code);

	if (code == 508)
		return "Insufficient Port Capacity";
	return strcmp(name, "Error") ? name : "*Unknown error code*";
}

static void add_error(struct line *line, const struct trace_attr *attr)
{
	unsigned int code;

	if (attr->len < 4)
		return;
	code = attr->value[2] * 100 + attr->value[3];
	add(line, " error-code: %u (%s)", code, error_name(code));
	if (attr->len == 4)
		return;
	add(line, " ");
	add_text(line, attr->value + 4, attr->len - 4);
}

static void add_user(struct line *line, const struct trace_attr *attr)
{
	add(line, " user: ");
	add_text(line, attr->value, attr->len);
}

static void add_realm(struct line *line, const struct trace_attr *attr)
{
	add(line, " realm: ");
	add_text(line, attr->value, attr->len);
}

static void add_nonce(struct line *line, const struct trace_attr *attr)
{
	(void)attr;
	add(line, " with nonce");
}

static const struct {
	uint16_t type;
	void (*add)(struct line *line, const struct trace_attr *attr);
} words[] = {
	{ STUN_ATTR_REQUESTED_TRANSPORT, add_transport },
	{ STUN_ATTR_LIFETIME, add_lifetime },
	{ STUN_ATTR_CHANNEL_NUMBER, add_channel },
	{ STUN_ATTR_ERROR_CODE, add_error },
	{ STUN_ATTR_USERNAME, add_user },
	{ STUN_ATTR_REALM, add_realm },
	{ STUN_ATTR_NONCE, add_nonce },
};

static const struct {
	uint16_t type;
	bool xor;
	const char *name;
} addresses[] = {
	{ STUN_ATTR_MAPPED_ADDRESS, false, "MAPPED-ADDRESS" },
	{ STUN_ATTR_XOR_MAPPED_ADDRESS, true, "XOR-MAPPED-ADDRESS" },
	{ STUN_ATTR_XOR_PEER_ADDRESS, true, "XOR-PEER-ADDRESS" },
	{ STUN_ATTR_XOR_RELAYED_ADDRESS, true, "XOR-RELAYED-ADDRESS" },
	{ STUN_ATTR_ALTERNATE_SERVER, false, "ALTERNATE-SERVER" },
	{ STUN_ATTR_RESPONSE_ORIGIN, false, "RESPONSE-ORIGIN" },
	{ STUN_ATTR_OTHER_ADDRESS, false, "OTHER-ADDRESS" },
};

static int read_address(const struct trace_record *record, const struct trace_attr *attr,
			bool xor, union addr *addr)
{
	const struct stun_message msg = { .data = record->data, .transaction = record->data + 8 };
	const struct stun_attr as_stun = { attr->type, attr->len, attr->value };

	return xor ? stun_attr_xor_addr(&msg, &as_stun, addr) : stun_attr_addr(&as_stun, addr);
}

static void add_address(struct line *line, const struct trace_record *record,
			const struct trace_attr *attr)
{
	char ip[ADDR_STR_LEN];
	union addr addr;

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		if (addresses[i].type == attr->type &&
		    !read_address(record, attr, addresses[i].xor, &addr))
			add(line, " %s: %s:%u", addresses[i].name, addr_ip_str(&addr, ip),
			    addr_port(&addr));
}

static void add_attr(struct line *line, const struct trace_record *record,
		     const struct trace_attr *attr)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].type == attr->type)
			words[i].add(line, attr);
	add_address(line, record, attr);
}

const char *trace_info(const struct trace_record *record, char buf[TRACE_INFO_LEN])
{
	struct line line = { .buf = buf };
	struct trace_attr attr;
	size_t at = 0;

	add_kind(&line, type_of(record));
	while (trace_record_next(record, &at, &attr))
		add_attr(&line, record, &attr);
	return buf;
}

bool trace_is_error(const struct trace_record *record)
{
	return class_of(type_of(record)) == STUN_ERROR;
}
