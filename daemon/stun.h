/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The STUN message codec (RFC 8489, sections 5 and 14), with the methods and
 * attributes of TURN (RFC 8656) and of TURN's TCP relay (RFC 6062).
 *
 * Nothing here does I/O or keeps state: the reader looks into the caller's
 * bytes, the builder writes into the caller's buffer.
 */
#ifndef KTURN_STUN_H
#define KTURN_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define STUN_MAGIC_COOKIE	0x2112a442u
#define STUN_HEADER_LEN		20
#define STUN_ATTR_HEADER_LEN	4
#define STUN_TRANSACTION_LEN	12
#define STUN_INTEGRITY_LEN	20	/* HMAC-SHA1 */
#define STUN_INTEGRITY_SHA256_LEN 32
#define STUN_USERHASH_LEN	32
#define STUN_MESSAGE_MAX	(STUN_HEADER_LEN + 0xfffc)

/* USERNAME, REALM, NONCE and SOFTWARE: octets a reader has to take (RFC 8489, 14.3) */
#define STUN_STRING_MAX		763

enum stun_class {
	STUN_REQUEST,
	STUN_INDICATION,
	STUN_SUCCESS,
	STUN_ERROR,
};

enum stun_method {
	STUN_BINDING		= 0x001,
	STUN_ALLOCATE		= 0x003,
	STUN_REFRESH		= 0x004,
	STUN_SEND		= 0x006,
	STUN_DATA		= 0x007,
	STUN_CREATE_PERMISSION	= 0x008,
	STUN_CHANNEL_BIND	= 0x009,
	STUN_CONNECT		= 0x00a,
	STUN_CONNECTION_BIND	= 0x00b,
	STUN_CONNECTION_ATTEMPT	= 0x00c,
};

enum stun_attr_type {
	STUN_ATTR_MAPPED_ADDRESS		= 0x0001,
	STUN_ATTR_CHANGE_REQUEST		= 0x0003,
	STUN_ATTR_USERNAME			= 0x0006,
	STUN_ATTR_MESSAGE_INTEGRITY		= 0x0008,
	STUN_ATTR_ERROR_CODE			= 0x0009,
	STUN_ATTR_UNKNOWN_ATTRIBUTES		= 0x000a,
	STUN_ATTR_CHANNEL_NUMBER		= 0x000c,
	STUN_ATTR_LIFETIME			= 0x000d,
	STUN_ATTR_XOR_PEER_ADDRESS		= 0x0012,
	STUN_ATTR_DATA				= 0x0013,
	STUN_ATTR_REALM				= 0x0014,
	STUN_ATTR_NONCE				= 0x0015,
	STUN_ATTR_XOR_RELAYED_ADDRESS		= 0x0016,
	STUN_ATTR_REQUESTED_ADDRESS_FAMILY	= 0x0017,
	STUN_ATTR_EVEN_PORT			= 0x0018,
	STUN_ATTR_REQUESTED_TRANSPORT		= 0x0019,
	STUN_ATTR_DONT_FRAGMENT			= 0x001a,
	STUN_ATTR_ACCESS_TOKEN			= 0x001b,
	STUN_ATTR_MESSAGE_INTEGRITY_SHA256	= 0x001c,
	STUN_ATTR_PASSWORD_ALGORITHM		= 0x001d,
	STUN_ATTR_USERHASH			= 0x001e,
	STUN_ATTR_XOR_MAPPED_ADDRESS		= 0x0020,
	STUN_ATTR_RESERVATION_TOKEN		= 0x0022,
	STUN_ATTR_PADDING			= 0x0026,
	STUN_ATTR_RESPONSE_PORT			= 0x0027,
	STUN_ATTR_CONNECTION_ID			= 0x002a,
	STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY	= 0x8000,
	STUN_ATTR_ADDRESS_ERROR_CODE		= 0x8001,
	STUN_ATTR_PASSWORD_ALGORITHMS		= 0x8002,
	STUN_ATTR_ALTERNATE_DOMAIN		= 0x8003,
	STUN_ATTR_ICMP				= 0x8004,
	STUN_ATTR_SOFTWARE			= 0x8022,
	STUN_ATTR_ALTERNATE_SERVER		= 0x8023,
	STUN_ATTR_FINGERPRINT			= 0x8028,
	STUN_ATTR_RESPONSE_ORIGIN		= 0x802b,
	STUN_ATTR_OTHER_ADDRESS			= 0x802c,
	STUN_ATTR_THIRD_PARTY_AUTHORIZATION	= 0x802e,
	STUN_ATTR_MOBILITY_TICKET		= 0x8030,
	STUN_ATTR_ORIGIN			= 0x802f,	/* of a web page */
};

/* REQUESTED-ADDRESS-FAMILY and the family octet of an address (RFC 8489, 14.1) */
enum stun_family {
	STUN_FAMILY_IPV4 = 1,
	STUN_FAMILY_IPV6 = 2,
};

/**
 * struct stun_message - a message that stun_parse() has found well formed
 * @data: its first byte, in the caller's memory
 * @len: its length with the header
 * @class: request, indication, success or error response
 * @method: what it is about
 * @transaction: the transaction ID
 * @attrs_end: where the attributes that count end: those behind the first
 *	MESSAGE-INTEGRITY of either kind are not protected by it (RFC 8489, 14)
 * @integrity: offset of the MESSAGE-INTEGRITY attribute, 0 without one
 * @integrity_sha256: the same of MESSAGE-INTEGRITY-SHA256
 * @fingerprint: offset of the FINGERPRINT attribute, 0 without one
 */
struct stun_message {
	const uint8_t *data;
	size_t len;
	enum stun_class class;
	uint16_t method;
	const uint8_t *transaction;
	size_t attrs_end;
	size_t integrity;
	size_t integrity_sha256;
	size_t fingerprint;
};

/**
 * struct stun_attr - one attribute, its value without the padding
 */
struct stun_attr {
	uint16_t type;
	uint16_t len;
	const uint8_t *value;
};

/**
 * struct stun_builder - a message under construction
 * @buf: the caller's buffer
 * @size: its size
 * @len: what is used of it
 * @overflow: something did not fit; stun_end() tells
 */
struct stun_builder {
	uint8_t *buf;
	size_t size;
	size_t len;
	bool overflow;
};

/**
 * stun_length() - length of a message, with the header, from its first 4 bytes
 *
 * Return: the length, or 0 if these cannot begin a STUN message.
 */
size_t stun_length(const uint8_t head[4]);

/**
 * stun_parse() - check that @data is one well-formed message, and find its parts
 * @msg: points into @data afterwards
 * @data: from the first header byte on
 * @len: has to be the length of the message exactly
 *
 * Header, attribute bounds, the sizes of both MESSAGE-INTEGRITYs and FINGERPRINT
 * and the place of the latter are checked; their values are not, see
 * stun_check_integrity() and stun_check_fingerprint().
 *
 * Return: 0; -EBADMSG if it is no STUN message at all; -EINVAL if only its
 * attributes are malformed: then the class, the method and the transaction ID
 * are known, and nothing else.
 */
int stun_parse(struct stun_message *msg, const void *data, size_t len);

/**
 * stun_next() - step through the attributes that count
 * @attr: the current attribute; zeroed before the first call
 *
 * A MESSAGE-INTEGRITY is the last one seen, FINGERPRINT is never seen.
 *
 * Return: false behind the last attribute.
 */
bool stun_next(const struct stun_message *msg, struct stun_attr *attr);

#define stun_for_each_attr(msg, attr)				\
	for (struct stun_attr attr = { 0 }; stun_next(msg, &attr); )

/**
 * stun_find() - find the first attribute of a type
 * @attr: may be NULL if only its presence matters
 */
bool stun_find(const struct stun_message *msg, uint16_t type, struct stun_attr *attr);

/**
 * stun_attr_u32() - read an attribute of 4 bytes, such as LIFETIME
 *
 * Return: 0, or -EBADMSG if the length differs.
 */
int stun_attr_u32(const struct stun_attr *attr, uint32_t *value);

/**
 * stun_attr_addr() - read a transport address that is as it is (RFC 8489, 14.1)
 *
 * Return: 0, or -EBADMSG if family and length do not fit.
 */
int stun_attr_addr(const struct stun_attr *attr, union addr *addr);

/**
 * stun_attr_xor_addr() - read an XOR-ed transport address (RFC 8489, 14.2)
 *
 * Return: 0, or -EBADMSG if family and length do not fit.
 */
int stun_attr_xor_addr(const struct stun_message *msg, const struct stun_attr *attr,
		       union addr *addr);

/**
 * stun_attr_error() - read ERROR-CODE (RFC 8489, 14.8)
 *
 * Return: the code, 300 to 699, or -EBADMSG.
 */
int stun_attr_error(const struct stun_attr *attr);

/**
 * stun_check_integrity() - verify MESSAGE-INTEGRITY-SHA256 (RFC 8489, 14.6), or
 * where there is none MESSAGE-INTEGRITY (14.5)
 *
 * The comparison takes the same time wherever the values differ.
 *
 * Return: false if it differs or there is neither.
 */
bool stun_check_integrity(const struct stun_message *msg, const void *key, size_t key_len);

/**
 * stun_check_fingerprint() - verify FINGERPRINT (RFC 8489, 14.7)
 *
 * Return: false if it differs or there is none.
 */
bool stun_check_fingerprint(const struct stun_message *msg);

/**
 * stun_begin() - begin a message in @buf
 * @transaction: the request's, or random bytes
 */
void stun_begin(struct stun_builder *b, void *buf, size_t size, enum stun_class class,
		uint16_t method, const uint8_t transaction[STUN_TRANSACTION_LEN]);

/**
 * stun_add() - append an attribute and its padding
 */
void stun_add(struct stun_builder *b, uint16_t type, const void *value, size_t len);

/**
 * stun_add_in_place() - append an attribute whose value is in the buffer already
 *
 * The value begins STUN_ATTR_HEADER_LEN bytes behind the message so far.
 */
void stun_add_in_place(struct stun_builder *b, uint16_t type, size_t len);

/**
 * stun_add_string() - append a text attribute
 */
void stun_add_string(struct stun_builder *b, uint16_t type, const char *text);

/**
 * stun_add_u32() - append an attribute of 4 bytes
 */
void stun_add_u32(struct stun_builder *b, uint16_t type, uint32_t value);

/**
 * stun_add_u8() - append an attribute of one octet and three reserved ones
 *
 * REQUESTED-TRANSPORT and REQUESTED-ADDRESS-FAMILY have this form.
 */
void stun_add_u8(struct stun_builder *b, uint16_t type, uint8_t value);

/**
 * stun_add_addr() - append a transport address as it is (RFC 8489, 14.1)
 */
void stun_add_addr(struct stun_builder *b, uint16_t type, const union addr *addr);

/**
 * stun_add_xor_addr() - append an XOR-ed transport address
 */
void stun_add_xor_addr(struct stun_builder *b, uint16_t type, const union addr *addr);

/**
 * stun_add_error() - append ERROR-CODE with the RFC's reason phrase
 * @code: 300 to 699
 */
void stun_add_error(struct stun_builder *b, unsigned int code);

/**
 * stun_add_integrity() - append MESSAGE-INTEGRITY over what is there
 */
void stun_add_integrity(struct stun_builder *b, const void *key, size_t key_len);

/**
 * stun_add_integrity_sha256() - append MESSAGE-INTEGRITY-SHA256 over what is there
 */
void stun_add_integrity_sha256(struct stun_builder *b, const void *key, size_t key_len);

/**
 * stun_add_fingerprint() - append FINGERPRINT; nothing may follow
 */
void stun_add_fingerprint(struct stun_builder *b);

/**
 * stun_end() - finish the message
 *
 * Return: its length, or 0 if the buffer was too small.
 */
size_t stun_end(const struct stun_builder *b);

/**
 * stun_method_str() - the method's name, "?" if unknown
 */
const char *stun_method_str(uint16_t method);

/**
 * stun_error_str() - the reason phrase of an error code, "Error" if unknown
 */
const char *stun_error_str(unsigned int code);

#endif
