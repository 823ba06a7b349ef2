// SPDX-License-Identifier: GPL-2.0-only
/*
 * The codec: the test vectors of RFC 5769, and what must not get through.
 */
#include <errno.h>
#include <gnutls/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "credential.h"
#include "macros.h"
#include "stun.h"

static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";

/* RFC 5769, 2.1 */
static const uint8_t request[] =
	"\x00\x01\x00\x58\x21\x12\xa4\x42"
	"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
	"\x80\x22\x00\x10STUN test client"
	"\x00\x24\x00\x04\x6e\x00\x01\xff"
	"\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36"
	"\x00\x06\x00\x09" "evtj:h6vY   "
	"\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e"
	"\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2"
	"\x80\x28\x00\x04\xe5\x7a\x3b\xcf";

/* RFC 5769, 2.2 */
static const uint8_t response_v4[] =
	"\x01\x01\x00\x3c\x21\x12\xa4\x42"
	"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
	"\x80\x22\x00\x0btest vector "
	"\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"
	"\x00\x08\x00\x14\x2b\x91\xf5\x99\xfd\x9e\x90\xc3\x8c\x74"
	"\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7\xd7"
	"\x80\x28\x00\x04\xc0\x7d\x4c\x96";

/* RFC 5769, 2.3 */
static const uint8_t response_v6[] =
	"\x01\x01\x00\x48\x21\x12\xa4\x42"
	"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
	"\x80\x22\x00\x0btest vector "
	"\x00\x20\x00\x14\x00\x02\xa1\x47"
	"\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9"
	"\x00\x08\x00\x14\xa3\x82\x95\x4e\x4b\xe6\x7b\xf1\x17\x84"
	"\xc9\x7c\x82\x92\xc2\x75\xbf\xe3\xed\x41"
	"\x80\x28\x00\x04\xc8\xfb\x0b\x4c";

/* RFC 5769, 2.4 */
static const uint8_t request_long_term[] =
	"\x00\x01\x00\x60\x21\x12\xa4\x42"
	"\x78\xad\x34\x33\xc6\xad\x72\xc0\x29\xda\x41\x2e"
	"\x00\x06\x00\x12\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83"
	"\xe3\x82\xaf\xe3\x82\xb9\x00\x00"
	"\x00\x15\x00\x1c" "f//499k954d6OL34oL9FSTvy64sA"
	"\x00\x14\x00\x0b" "example.org\x00"
	"\x00\x08\x00\x14\xf6\x70\x24\x65\x6d\xd6\x4a\x3e\x02\xb8"
	"\xe0\x71\x2e\x85\xc9\xa2\x8c\xa8\x96\x66";

/* RFC 8489, B.1: USERHASH and MESSAGE-INTEGRITY-SHA256. */
static const uint8_t request_sha256[] =
	"\x00\x01\x00\x9c\x21\x12\xa4\x42\x78\xad\x34\x33\xc6\xad\x72\xc0"
	"\x29\xda\x41\x2e"
	"\x00\x1e\x00\x20\x4a\x3c\xf3\x8f\xef\x69\x92\xbd\xa9\x52\xc6\x78"
	"\x04\x17\xda\x0f\x24\x81\x94\x15\x56\x9e\x60\xb2\x05\xc4\x6e\x41"
	"\x40\x7f\x17\x04"
	"\x00\x15\x00\x29" "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA" "\x00\x00\x00"
	"\x00\x14\x00\x0b" "example.org\x00"
	"\x00\x1c\x00\x20\xe4\x68\x6c\x8f\x0e\xde\xb5\x90\x13\xe0\x70\x90"
	"\x01\x0a\x93\xef\xcc\xbc\xcc\x54\x4c\x0a\x45\xd9\xf8\x30\xaa\x6d"
	"\x6f\x73\x5a\x01";

static const uint8_t transaction[STUN_TRANSACTION_LEN] = "transaction!";

/* A copy that ends where the memory ends, so that the sanitizer sees overreads. */
static struct stun_message parse(const void *data, size_t len, void **copy, int expected)
{
	struct stun_message msg;

	*copy = malloc(len ? len : 1);
	memcpy(*copy, data, len);
	assert_int_equal(stun_parse(&msg, *copy, len), expected);
	return msg;
}

static void check_vector(const uint8_t *data, size_t len, const char *addr)
{
	struct stun_message msg;
	struct stun_attr attr;
	char text[ADDR_STR_LEN];
	union addr mapped;
	void *copy;

	msg = parse(data, len, &copy, 0);
	assert_true(stun_check_integrity(&msg, password, strlen(password)));
	assert_false(stun_check_integrity(&msg, "wrong", 5));
	assert_true(stun_check_fingerprint(&msg));
	if (addr) {
		assert_true(stun_find(&msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &attr));
		assert_int_equal(stun_attr_xor_addr(&msg, &attr, &mapped), 0);
		assert_string_equal(addr_str(&mapped, text), addr);
	}
	free(copy);
}

static void rfc5769_request(void **state)
{
	struct stun_message msg;
	struct stun_attr attr;
	void *copy;

	(void)state;
	check_vector(request, sizeof(request) - 1, NULL);
	msg = parse(request, sizeof(request) - 1, &copy, 0);
	assert_int_equal(msg.class, STUN_REQUEST);
	assert_int_equal(msg.method, STUN_BINDING);
	assert_true(stun_find(&msg, STUN_ATTR_USERNAME, &attr));
	assert_int_equal(attr.len, 9);
	assert_memory_equal(attr.value, "evtj:h6vY", 9);
	free(copy);
}

static void rfc5769_responses(void **state)
{
	(void)state;
	check_vector(response_v4, sizeof(response_v4) - 1, "192.0.2.1:32853");
	check_vector(response_v6, sizeof(response_v6) - 1,
		     "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

static void rfc5769_long_term(void **state)
{
	static const char user[] = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9";
	struct credential_key key;
	uint8_t buf[256];
	struct stun_message msg;
	struct stun_builder b;
	void *copy;

	(void)state;
	assert_int_equal(credential_key(&key, CREDENTIAL_MD5, user, "example.org",
					"TheMatrIX"), 0);
	msg = parse(request_long_term, sizeof(request_long_term) - 1, &copy, 0);
	assert_true(stun_check_integrity(&msg, key.bytes, key.len));
	assert_false(stun_check_fingerprint(&msg));

	/* This one has zeroed padding, so the builder has to make the same bytes. */
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, msg.transaction);
	stun_add_string(&b, STUN_ATTR_USERNAME, user);
	stun_add_string(&b, STUN_ATTR_NONCE, "f//499k954d6OL34oL9FSTvy64sA");
	stun_add_string(&b, STUN_ATTR_REALM, "example.org");
	stun_add_integrity(&b, key.bytes, key.len);
	assert_int_equal(stun_end(&b), msg.len);
	assert_memory_equal(buf, msg.data, msg.len);
	free(copy);
}

/*
 * As it is printed, the length counts the header as well, which makes it no message,
 * and the HMAC is over that length. So what can be compared is: the hash of the name,
 * every attribute but the last, and the HMAC that the key makes of the printed bytes.
 */
static void rfc8489_sha256(void **state)
{
	static const char user[] = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9";
	const size_t covered = sizeof(request_sha256) - 1 - 4 - STUN_INTEGRITY_SHA256_LEN;
	uint8_t userhash[STUN_USERHASH_LEN], mac[STUN_INTEGRITY_SHA256_LEN], buf[256];
	struct credential_key key;
	struct stun_builder b;

	(void)state;
	assert_int_equal(credential_key(&key, CREDENTIAL_SHA256, user, "example.org",
					"TheMatrIX"), 0);
	assert_int_equal(credential_userhash(userhash, user, strlen(user), "example.org", 11),
			 0);
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, request_sha256 + 8);
	stun_add(&b, STUN_ATTR_USERHASH, userhash, sizeof(userhash));
	stun_add_string(&b, STUN_ATTR_NONCE, "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA");
	stun_add_string(&b, STUN_ATTR_REALM, "example.org");
	assert_int_equal(stun_end(&b), covered);
	assert_memory_equal(buf + 4, request_sha256 + 4, covered - 4);

	gnutls_hmac_fast(GNUTLS_MAC_SHA256, key.bytes, key.len, request_sha256, covered, mac);
	assert_memory_equal(mac, request_sha256 + covered + 4, sizeof(mac));
	stun_add_integrity_sha256(&b, key.bytes, key.len);
	assert_int_equal(stun_end(&b), sizeof(request_sha256) - 1);
	assert_memory_equal(buf + covered, request_sha256 + covered, 4);
}

static void any_changed_bit_is_noticed(void **state)
{
	uint8_t changed[sizeof(request) - 1];
	struct stun_message msg;

	(void)state;
	for (size_t i = 0; i < 8 * sizeof(changed); i++) {
		memcpy(changed, request, sizeof(changed));
		changed[i / 8] ^= 1 << i % 8;
		if (stun_parse(&msg, changed, sizeof(changed)))
			continue;
		assert_false(stun_check_fingerprint(&msg));
	}
}

static void truncated_messages(void **state)
{
	void *copy;

	(void)state;
	for (size_t len = 0; len < sizeof(request) - 1; len++) {
		parse(request, len, &copy, -EBADMSG);
		free(copy);
	}
}

#define HEADER(len) "\x00\x01" len "\x21\x12\xa4\x42" "transaction!"
#define CASE(bytes) { bytes, sizeof(bytes) - 1 }

struct bytes {
	const char *data;
	size_t len;
};

static void malformed_messages(void **state)
{
	static const struct bytes bad[] = {
		/* the first two bits */
		CASE("\x40\x01\x00\x00\x21\x12\xa4\x42" "transaction!"),
		CASE("\x80\x01\x00\x00\x21\x12\xa4\x42" "transaction!"),
		/* the cookie */
		CASE("\x00\x01\x00\x00\x21\x12\xa4\x43" "transaction!"),
		/* the length: not a multiple of four, too long, too short */
		CASE(HEADER("\x00\x03") "\x80\x22\x00"),
		CASE(HEADER("\x00\x08") "\x80\x22\x00\x00"),
		CASE(HEADER("\x00\x00") "\x80\x22\x00\x00"),
	};
	void *copy;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		parse(bad[i].data, bad[i].len, &copy, -EBADMSG);
		free(copy);
	}
}

/* Such a message can be answered: its header is good. */
static void malformed_attributes(void **state)
{
	static const struct bytes bad[] = {
		/* one that runs over the end; padding that is missing */
		CASE(HEADER("\x00\x04") "\x80\x22\x00\x01"),
		CASE(HEADER("\x00\x08") "\x80\x22\x00\x05" "abcd"),
		CASE(HEADER("\x00\x08") "\x80\x22\xff\xff" "abcd"),
		/* MESSAGE-INTEGRITY and FINGERPRINT of other sizes */
		CASE(HEADER("\x00\x08") "\x00\x08\x00\x04" "abcd"),
		CASE(HEADER("\x00\x04") "\x80\x28\x00\x00"),
		/* MESSAGE-INTEGRITY-SHA256 that is truncated, which TURN does not allow */
		CASE(HEADER("\x00\x14") "\x00\x1c\x00\x10" "0123456789abcdef"),
		CASE(HEADER("\x00\x08") "\x00\x1c\x00\x20" "abcd"),
		/* FINGERPRINT that is not the last */
		CASE(HEADER("\x00\x0c") "\x80\x28\x00\x04" "abcd" "\x80\x22\x00\x00"),
	};
	struct stun_message msg;
	void *copy;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		msg = parse(bad[i].data, bad[i].len, &copy, -EINVAL);
		assert_int_equal(msg.class, STUN_REQUEST);
		assert_int_equal(msg.method, STUN_BINDING);
		assert_memory_equal(msg.transaction, "transaction!", STUN_TRANSACTION_LEN);
		free(copy);
	}
}

static void class_and_method(void **state)
{
	static const uint16_t methods[] = { 0x001, 0x00c, 0x010, 0x07f, 0x080, 0xfff };
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		for (int class = STUN_REQUEST; class <= STUN_ERROR; class++) {
			stun_begin(&b, buf, sizeof(buf), class, methods[i], transaction);
			assert_int_equal(stun_parse(&msg, buf, stun_end(&b)), 0);
			assert_int_equal(msg.class, class);
			assert_int_equal(msg.method, methods[i]);
			assert_memory_equal(msg.transaction, transaction,
					    sizeof(transaction));
		}
	}
	stun_begin(&b, buf, sizeof(buf), STUN_INDICATION, STUN_CONNECTION_ATTEMPT,
		   transaction);
	assert_memory_equal(buf, "\x00\x1c", 2);
	stun_begin(&b, buf, sizeof(buf), STUN_ERROR, STUN_ALLOCATE, transaction);
	assert_memory_equal(buf, "\x01\x13", 2);
}

static void builder_round_trip(void **state)
{
	struct stun_message msg;
	struct stun_attr attr;
	struct stun_builder b;
	union addr addr, back;
	uint8_t buf[256];
	uint32_t word;

	(void)state;
	assert_int_equal(addr_parse(&addr, "2001:db8::7"), 0);
	addr_set_port(&addr, 4711);
	stun_begin(&b, buf, sizeof(buf), STUN_ERROR, STUN_CONNECT, transaction);
	stun_add_error(&b, 447);
	stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, 0x01020304);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, 6);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &addr);
	stun_add_integrity(&b, "key", 3);
	stun_add_fingerprint(&b);
	assert_int_equal(stun_parse(&msg, buf, stun_end(&b)), 0);

	assert_true(stun_check_integrity(&msg, "key", 3));
	assert_true(stun_check_fingerprint(&msg));
	assert_true(stun_find(&msg, STUN_ATTR_ERROR_CODE, &attr));
	assert_int_equal(stun_attr_error(&attr), 447);
	assert_true(stun_find(&msg, STUN_ATTR_CONNECTION_ID, &attr));
	assert_int_equal(stun_attr_u32(&attr, &word), 0);
	assert_int_equal(word, 0x01020304);
	assert_true(stun_find(&msg, STUN_ATTR_REQUESTED_TRANSPORT, &attr));
	assert_memory_equal(attr.value, "\x06\x00\x00\x00", 4);
	assert_true(stun_find(&msg, STUN_ATTR_XOR_PEER_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&msg, &attr, &back), 0);
	assert_true(addr_equal(&addr, &back));
}

/* coturn, ab762f33: an attacker on the way could append a LIFETIME. */
static void attributes_behind_integrity_do_not_count(void **state)
{
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[128];

	(void)state;
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_REFRESH, transaction);
	stun_add_integrity(&b, "key", 3);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 0);
	stun_add_fingerprint(&b);
	assert_int_equal(stun_parse(&msg, buf, stun_end(&b)), 0);
	assert_true(stun_check_integrity(&msg, "key", 3));
	assert_true(stun_check_fingerprint(&msg));
	assert_true(stun_find(&msg, STUN_ATTR_MESSAGE_INTEGRITY, NULL));
	assert_false(stun_find(&msg, STUN_ATTR_LIFETIME, NULL));
}

/* Both kinds, in the one order that RFC 8489, 14 allows for. */
static void both_integrities(void **state)
{
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[256];

	(void)state;
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_REFRESH, transaction);
	stun_add_integrity(&b, "key", 3);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 0);
	stun_add_integrity_sha256(&b, "key", 3);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 0);
	stun_add_fingerprint(&b);
	assert_int_equal(stun_parse(&msg, buf, stun_end(&b)), 0);
	assert_true(msg.integrity && msg.integrity_sha256);
	assert_true(stun_check_integrity(&msg, "key", 3));
	assert_true(stun_check_fingerprint(&msg));
	assert_false(stun_find(&msg, STUN_ATTR_LIFETIME, NULL));
	/* The one with SHA-256 decides. */
	buf[msg.integrity + STUN_ATTR_HEADER_LEN] ^= 1;
	assert_false(stun_check_integrity(&msg, "key", 3));
	buf[msg.integrity + STUN_ATTR_HEADER_LEN] ^= 1;
	buf[msg.integrity_sha256 + STUN_ATTR_HEADER_LEN] ^= 1;
	assert_false(stun_check_integrity(&msg, "key", 3));
}

/* Behind MESSAGE-INTEGRITY-SHA256 a MESSAGE-INTEGRITY is one more to ignore. */
static void sha1_behind_sha256_does_not_count(void **state)
{
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[256];

	(void)state;
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_REFRESH, transaction);
	stun_add_integrity_sha256(&b, "key", 3);
	stun_add_integrity(&b, "other", 5);
	stun_add_integrity_sha256(&b, "other", 5);
	assert_int_equal(stun_parse(&msg, buf, stun_end(&b)), 0);
	assert_int_equal(msg.integrity, 0);
	assert_true(stun_check_integrity(&msg, "key", 3));
	assert_false(stun_check_integrity(&msg, "other", 5));
}

/* CVE-2020-4067: padding that was not cleared told other clients' bytes. */
static void cve_2020_4067_padding_is_zero(void **state)
{
	struct stun_builder b;
	uint8_t buf[64];

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, transaction);
	stun_add_string(&b, STUN_ATTR_SOFTWARE, "kturn");
	assert_int_equal(stun_end(&b), 32);
	assert_memory_equal(buf + 29, "\0\0\0", 3);
}

static void builder_never_overflows(void **state)
{
	struct stun_builder b;

	(void)state;
	for (size_t size = 0; size < 84; size++) {
		uint8_t *buf = malloc(size ? size : 1);

		stun_begin(&b, buf, size, STUN_REQUEST, STUN_BINDING, transaction);
		stun_add_string(&b, STUN_ATTR_SOFTWARE, "a piece of software");
		stun_add_u32(&b, STUN_ATTR_LIFETIME, 1);
		stun_add_integrity(&b, "key", 3);
		stun_add_fingerprint(&b);
		assert_int_equal(stun_end(&b), 0);
		free(buf);
	}
}

static void bad_addresses(void **state)
{
	static const struct stun_attr bad[] = {
		{ STUN_ATTR_XOR_PEER_ADDRESS, 0, (const uint8_t *)"" },
		{ STUN_ATTR_XOR_PEER_ADDRESS, 3, (const uint8_t *)"\0\1\0" },
		{ STUN_ATTR_XOR_PEER_ADDRESS, 4, (const uint8_t *)"\0\1\0\0" },
		{ STUN_ATTR_XOR_PEER_ADDRESS, 8, (const uint8_t *)"\0\2\0\0\0\0\0\0" },
		{ STUN_ATTR_XOR_PEER_ADDRESS, 8, (const uint8_t *)"\0\3\0\0\0\0\0\0" },
	};
	struct stun_message msg;
	union addr addr;

	(void)state;
	assert_int_equal(stun_parse(&msg, request, sizeof(request) - 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(stun_attr_xor_addr(&msg, &bad[i], &addr), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc5769_request),
		cmocka_unit_test(rfc5769_responses),
		cmocka_unit_test(rfc5769_long_term),
		cmocka_unit_test(rfc8489_sha256),
		cmocka_unit_test(any_changed_bit_is_noticed),
		cmocka_unit_test(truncated_messages),
		cmocka_unit_test(malformed_messages),
		cmocka_unit_test(malformed_attributes),
		cmocka_unit_test(class_and_method),
		cmocka_unit_test(builder_round_trip),
		cmocka_unit_test(attributes_behind_integrity_do_not_count),
		cmocka_unit_test(both_integrities),
		cmocka_unit_test(sha1_behind_sha256_does_not_count),
		cmocka_unit_test(cve_2020_4067_padding_is_zero),
		cmocka_unit_test(builder_never_overflows),
		cmocka_unit_test(bad_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
