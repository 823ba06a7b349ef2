// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: the codec. The message lies at an odd address and ends where its memory
 * ends; every accessor reads every attribute. What was read is written again, and
 * has to be the same when it is read again.
 */
#include <stdlib.h>
#include <string.h>

#include "hold.h"
#include "stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t key[16] = "sixteen octets!";

static void read_attr(const struct stun_message *msg, const struct stun_attr *attr)
{
	struct stun_attr found;
	union addr addr;
	uint32_t word;
	int code = stun_attr_error(attr);

	hold(attr->value + attr->len <= msg->data + msg->len);
	hold(code < 0 || (code >= 300 && code <= 699));
	hold(stun_attr_u32(attr, &word) == (attr->len == 4 ? 0 : -74));
	if (!stun_attr_xor_addr(msg, attr, &addr))
		hold(addr.sa.sa_family == AF_INET || addr.sa.sa_family == AF_INET6);
	hold(stun_find(msg, attr->type, &found));
	hold(found.value <= attr->value);
}

static void read_all(const struct stun_message *msg)
{
	stun_for_each_attr(msg, attr)
		read_attr(msg, &attr);
	stun_check_integrity(msg, key, sizeof(key));
	stun_check_fingerprint(msg);
	hold(stun_method_str(msg->method));
}

static bool is_integrity(const struct stun_attr *attr)
{
	return attr->type == STUN_ATTR_MESSAGE_INTEGRITY ||
	       attr->type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256;
}

/* Addresses by value: what masks them is the same. */
static void copy_attr(struct stun_builder *b, const struct stun_message *msg,
		      const struct stun_attr *attr)
{
	union addr addr;

	if (attr->type == STUN_ATTR_XOR_PEER_ADDRESS && !stun_attr_xor_addr(msg, attr, &addr))
		stun_add_xor_addr(b, attr->type, &addr);
	else if (!is_integrity(attr))
		stun_add(b, attr->type, attr->value, attr->len);
}

static void compare_attrs(const struct stun_message *one, const struct stun_message *two)
{
	struct stun_attr b = { 0 };

	stun_for_each_attr(one, a) {
		if (is_integrity(&a))
			continue;
		hold(stun_next(two, &b));
		hold(a.type == b.type && a.len == b.len);
		/* the first octet of an address is reserved, and not kept */
		if (a.type != STUN_ATTR_XOR_PEER_ADDRESS)
			hold(!memcmp(a.value, b.value, a.len));
	}
}

static void write_again(const struct stun_message *msg)
{
	static uint8_t buf[STUN_MESSAGE_MAX + 64];
	struct stun_message again;
	struct stun_builder b;
	size_t covered;

	stun_begin(&b, buf, sizeof(buf), msg->class, msg->method, msg->transaction);
	stun_for_each_attr(msg, attr)
		copy_attr(&b, msg, &attr);
	if (msg->len & 4)
		stun_add_integrity(&b, key, sizeof(key));
	stun_add_integrity_sha256(&b, key, sizeof(key));
	stun_add_fingerprint(&b);
	if (!stun_end(&b))
		return;
	hold(!stun_parse(&again, buf, stun_end(&b)));
	hold(again.class == msg->class && again.method == msg->method);
	hold(stun_check_integrity(&again, key, sizeof(key)));
	hold(stun_check_fingerprint(&again));
	compare_attrs(msg, &again);
	/* One bit, wherever all of them look: all notice. */
	covered = again.integrity ? again.integrity : again.integrity_sha256;
	buf[msg->len * 7919 % covered] ^= 0x04;
	if (!stun_parse(&again, buf, stun_end(&b))) {
		hold(!stun_check_integrity(&again, key, sizeof(key)));
		hold(!stun_check_fingerprint(&again));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *memory = malloc(len + 1), *odd = memory + 1;
	struct stun_message msg;

	memcpy(odd, data, len);
	if (!stun_parse(&msg, odd, len)) {
		read_all(&msg);
		write_again(&msg);
	}
	free(memory);
	return 0;
}
