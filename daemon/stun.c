// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "crc32.h"
#include "stun.h"

#define FINGERPRINT_XOR	0x5354554eu

static uint16_t get_u16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)get_u16(p) << 16 | get_u16(p + 2);
}

static void put_u16(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

static void put_u32(uint8_t *p, uint32_t value)
{
	put_u16(p, value >> 16);
	put_u16(p + 2, value);
}

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/* The class sits in bits 4 and 8 of the type, among those of the method. */
static uint16_t join_type(enum stun_class class, uint16_t method)
{
	return (method & 0xf80) << 2 | (method & 0x070) << 1 | (method & 0x00f) |
	       (class & 2) << 7 | (class & 1) << 4;
}

static enum stun_class type_class(uint16_t type)
{
	return (type >> 7 & 2) | (type >> 4 & 1);
}

static uint16_t type_method(uint16_t type)
{
	return (type >> 2 & 0xf80) | (type >> 1 & 0x070) | (type & 0x00f);
}

size_t stun_length(const uint8_t head[4])
{
	uint16_t len = get_u16(head + 2);

	return head[0] & 0xc0 || len & 3 ? 0 : STUN_HEADER_LEN + len;
}

/* Behind the first MESSAGE-INTEGRITY only that with SHA-256 still counts, once. */
static int note_integrity(struct stun_message *msg, size_t *offset, size_t at, uint16_t len,
			  uint16_t wanted)
{
	if (len != wanted)
		return -EINVAL;
	*offset = at;
	if (!msg->attrs_end)
		msg->attrs_end = at + STUN_ATTR_HEADER_LEN + len;
	return 0;
}

static int note_attr(struct stun_message *msg, size_t at, uint16_t type, uint16_t len)
{
	if (type == STUN_ATTR_MESSAGE_INTEGRITY && !msg->attrs_end)
		return note_integrity(msg, &msg->integrity, at, len, STUN_INTEGRITY_LEN);
	if (type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256 && !msg->integrity_sha256)
		return note_integrity(msg, &msg->integrity_sha256, at, len,
				      STUN_INTEGRITY_SHA256_LEN);
	if (type == STUN_ATTR_FINGERPRINT) {
		if (len != 4 || at + STUN_ATTR_HEADER_LEN + len != msg->len)
			return -EINVAL;
		msg->fingerprint = at;
	}
	return 0;
}

static int scan_attrs(struct stun_message *msg)
{
	size_t at = STUN_HEADER_LEN;

	while (at < msg->len) {
		uint16_t type, len;

		if (msg->len - at < STUN_ATTR_HEADER_LEN)
			return -EINVAL;
		type = get_u16(msg->data + at);
		len = get_u16(msg->data + at + 2);
		if (padded(len) > msg->len - at - STUN_ATTR_HEADER_LEN)
			return -EINVAL;
		if (note_attr(msg, at, type, len))
			return -EINVAL;
		at += STUN_ATTR_HEADER_LEN + padded(len);
	}
	if (!msg->attrs_end)
		msg->attrs_end = msg->fingerprint ? msg->fingerprint : msg->len;
	return 0;
}

int stun_parse(struct stun_message *msg, const void *data, size_t len)
{
	const uint8_t *p = data;

	memset(msg, 0, sizeof(*msg));
	if (len < STUN_HEADER_LEN || stun_length(p) != len)
		return -EBADMSG;
	if (get_u32(p + 4) != STUN_MAGIC_COOKIE)
		return -EBADMSG;
	msg->data = p;
	msg->len = len;
	msg->class = type_class(get_u16(p));
	msg->method = type_method(get_u16(p));
	msg->transaction = p + 8;
	return scan_attrs(msg);
}

bool stun_next(const struct stun_message *msg, struct stun_attr *attr)
{
	const uint8_t *p = attr->value ? attr->value + padded(attr->len)
				       : msg->data + STUN_HEADER_LEN;

	if (p >= msg->data + msg->attrs_end)
		return false;
	attr->type = get_u16(p);
	attr->len = get_u16(p + 2);
	attr->value = p + STUN_ATTR_HEADER_LEN;
	return true;
}

bool stun_find(const struct stun_message *msg, uint16_t type, struct stun_attr *attr)
{
	stun_for_each_attr(msg, it) {
		if (it.type != type)
			continue;
		if (attr)
			*attr = it;
		return true;
	}
	return false;
}

int stun_attr_u32(const struct stun_attr *attr, uint32_t *value)
{
	if (attr->len != 4)
		return -EBADMSG;
	*value = get_u32(attr->value);
	return 0;
}

static const uint8_t no_mask[16];

/* Cookie and transaction ID together are the 16 bytes that mask an address. */
static void xor_bytes(uint8_t *dst, const uint8_t *src, const uint8_t *mask, size_t len)
{
	while (len--)
		*dst++ = *src++ ^ *mask++;
}

static int read_addr(const struct stun_attr *attr, const uint8_t mask[16], union addr *addr)
{
	uint16_t port;

	if (attr->len < 4)
		return -EBADMSG;
	port = get_u16(attr->value + 2) ^ get_u16(mask);
	memset(addr, 0, sizeof(*addr));
	if (attr->value[1] == STUN_FAMILY_IPV4 && attr->len == 8) {
		addr->sa.sa_family = AF_INET;
		xor_bytes((uint8_t *)&addr->v4.sin_addr, attr->value + 4, mask, 4);
	} else if (attr->value[1] == STUN_FAMILY_IPV6 && attr->len == 20) {
		addr->sa.sa_family = AF_INET6;
		xor_bytes(addr->v6.sin6_addr.s6_addr, attr->value + 4, mask, 16);
	} else {
		return -EBADMSG;
	}
	addr_set_port(addr, port);
	return 0;
}

int stun_attr_addr(const struct stun_attr *attr, union addr *addr)
{
	return read_addr(attr, no_mask, addr);
}

int stun_attr_xor_addr(const struct stun_message *msg, const struct stun_attr *attr,
		       union addr *addr)
{
	return read_addr(attr, msg->data + 4, addr);
}

int stun_attr_error(const struct stun_attr *attr)
{
	unsigned int class, number;

	if (attr->len < 4)
		return -EBADMSG;
	class = attr->value[2] & 7;
	number = attr->value[3];
	if (class < 3 || class > 6 || number > 99)
		return -EBADMSG;
	return class * 100 + number;
}

bool stun_check_fingerprint(const struct stun_message *msg)
{
	if (!msg->fingerprint)
		return false;
	return get_u32(msg->data + msg->fingerprint + STUN_ATTR_HEADER_LEN) ==
	       (crc32_of(msg->data, msg->fingerprint) ^ FINGERPRINT_XOR);
}

void stun_begin(struct stun_builder *b, void *buf, size_t size, enum stun_class class,
		uint16_t method, const uint8_t transaction[STUN_TRANSACTION_LEN])
{
	*b = (struct stun_builder){ .buf = buf, .size = size };
	if (size < STUN_HEADER_LEN) {
		b->overflow = true;
		return;
	}
	put_u16(b->buf, join_type(class, method));
	put_u16(b->buf + 2, 0);
	put_u32(b->buf + 4, STUN_MAGIC_COOKIE);
	memcpy(b->buf + 8, transaction, STUN_TRANSACTION_LEN);
	b->len = STUN_HEADER_LEN;
}

/* Append an attribute, its padding zeroed; the header's length takes it in at once. */
static uint8_t *append(struct stun_builder *b, uint16_t type, size_t len)
{
	size_t end = b->len + STUN_ATTR_HEADER_LEN + padded(len);
	uint8_t *p = b->buf + b->len;

	if (b->overflow || len > 0xffff || end > b->size || end > STUN_MESSAGE_MAX) {
		b->overflow = true;
		return NULL;
	}
	put_u16(p, type);
	put_u16(p + 2, len);
	memset(p + STUN_ATTR_HEADER_LEN + len, 0, padded(len) - len);
	b->len = end;
	put_u16(b->buf + 2, end - STUN_HEADER_LEN);
	return p + STUN_ATTR_HEADER_LEN;
}

/* The same with a zeroed value. */
static uint8_t *reserve(struct stun_builder *b, uint16_t type, size_t len)
{
	uint8_t *p = append(b, type, len);

	if (p)
		memset(p, 0, len);
	return p;
}

void stun_add(struct stun_builder *b, uint16_t type, const void *value, size_t len)
{
	uint8_t *p = append(b, type, len);

	if (p && len)
		memcpy(p, value, len);
}

void stun_add_in_place(struct stun_builder *b, uint16_t type, size_t len)
{
	append(b, type, len);
}

void stun_add_string(struct stun_builder *b, uint16_t type, const char *text)
{
	stun_add(b, type, text, strlen(text));
}

void stun_add_u32(struct stun_builder *b, uint16_t type, uint32_t value)
{
	uint8_t *p = reserve(b, type, 4);

	if (p)
		put_u32(p, value);
}

void stun_add_u8(struct stun_builder *b, uint16_t type, uint8_t value)
{
	stun_add_u32(b, type, (uint32_t)value << 24);
}

static void add_addr(struct stun_builder *b, uint16_t type, const union addr *addr,
		     const uint8_t mask[16])
{
	const uint8_t *ip;
	size_t len;
	uint8_t *p;

	ip = addr_ip(addr, &len);
	p = reserve(b, type, 4 + len);
	if (!p)
		return;
	p[1] = len == 4 ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6;
	put_u16(p + 2, addr_port(addr) ^ get_u16(mask));
	xor_bytes(p + 4, ip, mask, len);
}

void stun_add_addr(struct stun_builder *b, uint16_t type, const union addr *addr)
{
	add_addr(b, type, addr, no_mask);
}

void stun_add_xor_addr(struct stun_builder *b, uint16_t type, const union addr *addr)
{
	add_addr(b, type, addr, b->buf + 4);
}

void stun_add_error(struct stun_builder *b, unsigned int code)
{
	const char *reason = stun_error_str(code);
	size_t len = strlen(reason);
	uint8_t *p = reserve(b, STUN_ATTR_ERROR_CODE, 4 + len);

	if (!p)
		return;
	p[2] = code / 100;
	p[3] = code % 100;
	memcpy(p + 4, reason, len);
}

void stun_add_fingerprint(struct stun_builder *b)
{
	size_t covered = b->len;
	uint8_t *p = reserve(b, STUN_ATTR_FINGERPRINT, 4);

	if (p)
		put_u32(p, crc32_of(b->buf, covered) ^ FINGERPRINT_XOR);
}

size_t stun_end(const struct stun_builder *b)
{
	return b->overflow ? 0 : b->len;
}

const char *stun_method_str(uint16_t method)
{
	switch (method) {
	case STUN_BINDING:		return "Binding";
	case STUN_ALLOCATE:		return "Allocate";
	case STUN_REFRESH:		return "Refresh";
	case STUN_SEND:			return "Send";
	case STUN_DATA:			return "Data";
	case STUN_CREATE_PERMISSION:	return "CreatePermission";
	case STUN_CHANNEL_BIND:		return "ChannelBind";
	case STUN_CONNECT:		return "Connect";
	case STUN_CONNECTION_BIND:	return "ConnectionBind";
	case STUN_CONNECTION_ATTEMPT:	return "ConnectionAttempt";
	default:			return "?";
	}
}

const char *stun_error_str(unsigned int code)
{
	switch (code) {
	case 300: return "Try Alternate";
	case 400: return "Bad Request";
	case 401: return "Unauthenticated";
	case 403: return "Forbidden";
	case 405: return "Mobility Forbidden";
	case 420: return "Unknown Attribute";
	case 437: return "Allocation Mismatch";
	case 438: return "Stale Nonce";
	case 440: return "Address Family not Supported";
	case 441: return "Wrong Credentials";
	case 442: return "Unsupported Transport Protocol";
	case 443: return "Peer Address Family Mismatch";
	case 446: return "Connection Already Exists";
	case 447: return "Connection Timeout or Failure";
	case 486: return "Allocation Quota Reached";
	case 500: return "Server Error";
	case 508: return "Insufficient Capacity";
	default:  return "Error";
	}
}
