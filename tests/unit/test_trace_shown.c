// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control messages as kturn trace shows them: in words, in packets, and by whom.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "macros.h"
#include "packet.h"
#include "pcapng.h"
#include "stun.h"
#include "trace_filter.h"
#include "trace_info.h"

static const uint8_t transaction[STUN_TRANSACTION_LEN] = "transaction!";

static struct trace_record record;
static struct stun_builder b;

static union addr address(const char *text)
{
	union addr addr;

	assert_int_equal(addr_parse_endpoint(&addr, text, strlen(text), 0), 0);
	return addr;
}

static void begin(enum stun_class class, uint16_t method)
{
	record = (struct trace_record){
		.number = 1,
		.time_us = 1000000,
		.client = address("10.48.54.230:40000"),
		.server = address("10.48.54.229:3478"),
		.direction = class == STUN_REQUEST ? TRACE_IN : TRACE_OUT,
		.stream = true,
	};
	stun_begin(&b, record.data, sizeof(record.data), class, method, transaction);
}

static const struct trace_record *end(void)
{
	record.len = stun_end(&b);
	assert_true(record.len >= STUN_HEADER_LEN);
	return &record;
}

static void assert_info(const char *wanted)
{
	char info[TRACE_INFO_LEN];

	assert_string_equal(trace_info(end(), info), wanted);
}

/* --- words */

static void add_credentials(void)
{
	stun_add_string(&b, STUN_ATTR_USERNAME, "turn");
	stun_add_string(&b, STUN_ATTR_REALM, "TANDBERG");
	stun_add_string(&b, STUN_ATTR_NONCE, "0123456789");
}

static void add_peer(uint16_t type, const char *text)
{
	const union addr addr = address(text);

	stun_add_xor_addr(&b, type, &addr);
}

/* The call between a meeting server and an Expressway, row by row as Wireshark lists it. */
static void golden_call(void **state)
{
	(void)state;
	begin(STUN_REQUEST, STUN_ALLOCATE);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 600);
	assert_info("Allocate Request TCP lifetime: 600");

	begin(STUN_ERROR, STUN_ALLOCATE);
	stun_add_string(&b, STUN_ATTR_NONCE, "0123456789");
	stun_add_string(&b, STUN_ATTR_REALM, "TANDBERG");
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 600);
	assert_info("Allocate Error Response with nonce realm: TANDBERG lifetime: 600");

	begin(STUN_REQUEST, STUN_ALLOCATE);
	add_credentials();
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	assert_info("Allocate Request user: turn realm: TANDBERG with nonce TCP");

	begin(STUN_SUCCESS, STUN_ALLOCATE);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 600);
	add_peer(STUN_ATTR_XOR_MAPPED_ADDRESS, "10.48.54.230:40000");
	assert_info("Allocate Success Response lifetime: 600 XOR-MAPPED-ADDRESS: 10.48.54.230:40000");

	begin(STUN_REQUEST, STUN_REFRESH);
	add_credentials();
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 600);
	assert_info("Refresh Request user: turn realm: TANDBERG with nonce lifetime: 600");

	begin(STUN_SUCCESS, STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 600);
	assert_info("Refresh Success Response lifetime: 600");

	begin(STUN_INDICATION, STUN_CONNECTION_ATTEMPT);
	stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, 42);
	add_peer(STUN_ATTR_XOR_PEER_ADDRESS, "192.168.1.252:53577");
	assert_info("ConnectionAttempt Indication XOR-PEER-ADDRESS: 192.168.1.252:53577");

	begin(STUN_REQUEST, STUN_CONNECTION_BIND);
	stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, 42);
	add_credentials();
	stun_add_integrity(&b, "key", 3);
	assert_info("ConnectionBind Request user: turn realm: TANDBERG with nonce");

	begin(STUN_SUCCESS, STUN_CONNECTION_BIND);
	stun_add_integrity(&b, "key", 3);
	assert_info("ConnectionBind Success Response");

	begin(STUN_INDICATION, STUN_BINDING);
	assert_info("Binding Indication");
}

static void errors(void **state)
{
	static const struct {
		unsigned int code;
		const char *info;
	} cases[] = {
		{ 401, "Connect Error Response error-code: 401 (Unauthenticated) Unauthenticated" },
		{ 447, "Connect Error Response error-code: 447 (Connection Timeout or Failure) "
		       "Connection Timeout or Failure" },
		{ 508, "Connect Error Response error-code: 508 (Insufficient Port Capacity) "
		       "Insufficient Capacity" },
		{ 599, "Connect Error Response error-code: 599 (*Unknown error code*) Error" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(STUN_ERROR, STUN_CONNECT);
		stun_add_error(&b, cases[i].code);
		assert_info(cases[i].info);
		assert_true(trace_is_error(&record));
	}
}

static void addresses(void **state)
{
	const union addr plain = address("192.0.2.1:3478");

	(void)state;
	begin(STUN_SUCCESS, STUN_BINDING);
	add_peer(STUN_ATTR_XOR_MAPPED_ADDRESS, "[2001:db8::1]:5");
	stun_add_addr(&b, STUN_ATTR_OTHER_ADDRESS, &plain);
	assert_info("Binding Success Response XOR-MAPPED-ADDRESS: 2001:db8::1:5 "
		    "OTHER-ADDRESS: 192.0.2.1:3478");
}

/* A name can be any bytes, and the screen is the operator's. */
static void hostile_names(void **state)
{
	static const char name[] = "\033]0;gone\007\n\x7f\xc2\x9b" "2J\xc3\xa9";

	(void)state;
	begin(STUN_REQUEST, STUN_REFRESH);
	stun_add(&b, STUN_ATTR_USERNAME, name, sizeof(name) - 1);
	assert_info("Refresh Request user: .]0;gone....2J\xc3\xa9");
}

/* What is cut, or ends too late, is left out; and the line has an end. */
static void broken_messages(void **state)
{
	char info[TRACE_INFO_LEN], text[700];

	(void)state;
	begin(STUN_REQUEST, STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 600);
	stun_add_string(&b, STUN_ATTR_REALM, "short");
	end();
	record.data[STUN_HEADER_LEN + 8 + 3] = 200;
	assert_string_equal(trace_info(&record, info), "Refresh Request lifetime: 600");
	record.len = STUN_HEADER_LEN + 7;
	assert_string_equal(trace_info(&record, info), "Refresh Request");

	memset(text, 'x', sizeof(text));
	begin(STUN_REQUEST, STUN_REFRESH);
	stun_add(&b, STUN_ATTR_REALM, text, sizeof(text));
	end();
	record.len = 2000;
	assert_int_equal(strlen(trace_info(&record, info)), strlen("Refresh Request realm: ") + 700);
}

/* --- packets */

static uint16_t get_u16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

/* The sum of all with the checksum in place is 0xffff (RFC 1071). */
static uint32_t add_up(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? data[i] : data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void checksums(void **state)
{
	static const uint8_t data[] = { 1, 2, 3, 4, 5 };
	const union addr from = address("192.0.2.1:1234"), to = address("192.0.2.2:3478");
	const struct packet_stream stream = { 7, 9 };
	uint8_t packet[PACKET_HEADERS_MAX + sizeof(data)];

	(void)state;
	for (int udp = 0; udp < 2; udp++) {
		size_t len = packet_headers(packet, &from, &to, udp ? NULL : &stream, data,
					    sizeof(data), sizeof(data));
		size_t part = len - 20 + sizeof(data);

		assert_int_equal(len, udp ? 28 : 40);
		memcpy(packet + len, data, sizeof(data));
		assert_int_equal(get_u16(packet + 2), len + sizeof(data));
		assert_int_equal(add_up(0, packet, 20), 0xffff);
		assert_int_equal(add_up(add_up((udp ? 17 : 6) + part, packet + 12, 8),
					packet + 20, part), 0xffff);
	}
}

/* One file read back: where the packets lie in it depends on their lengths alone. */
static void sequence_numbers(void **state)
{
	char path[] = "/tmp/test_trace_shown.XXXXXX";
	struct pcapng *file;
	_Alignas(uint32_t) uint8_t data[2048];
	uint32_t first, second;
	size_t len, at = 0;
	FILE *in;

	(void)state;
	close(mkstemp(path));
	file = pcapng_open(path);
	assert_non_null(file);
	begin(STUN_REQUEST, STUN_BINDING);
	pcapng_write(file, end(), 0);
	pcapng_write(file, end(), 3);
	assert_true(pcapng_close(file));
	in = fopen(path, "r");
	len = fread(data, 1, sizeof(data), in);
	fclose(in);
	unlink(path);
	assert_int_equal(pcapng_packet_len(&record), 60);
	for (int block = 0; block < 2; block++)		/* of the section, the interface */
		at += *(uint32_t *)(data + at + 4);
	memcpy(&first, data + at + 28 + 20 + 4, sizeof(first));
	at += *(uint32_t *)(data + at + 4);
	memcpy(&second, data + at + 28 + 20 + 4, sizeof(second));
	assert_int_equal(ntohl(second) - ntohl(first), 20);
	assert_non_null(memmem(data + at, len - at, "3 lost before it", 16));
}

/* --- by whom */

static unsigned int passed;

static void count_passed(const struct trace_record *one, void *arg)
{
	(void)one, (void)arg;
	passed++;
}

/* A client's message; @user may be NULL, @id 0. */
static void pass(struct trace_filter *filter, const char *client, const char *user,
		 const char *peer, uint32_t id)
{
	begin(STUN_REQUEST, STUN_CREATE_PERMISSION);
	record.client = address(client);
	if (user)
		stun_add_string(&b, STUN_ATTR_USERNAME, user);
	if (peer)
		add_peer(STUN_ATTR_XOR_PEER_ADDRESS, peer);
	if (id)
		stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, id);
	passed = 0;
	trace_filter_pass(filter, end(), count_passed, NULL);
}

static void all_without_a_filter(void **state)
{
	struct trace_filter *filter = trace_filter_new(NULL, NULL);

	(void)state;
	pass(filter, "10.0.0.1:1", NULL, NULL, 0);
	assert_int_equal(passed, 1);
	trace_filter_free(filter);
}

static void first_messages_are_held_back(void **state)
{
	struct trace_filter *filter = trace_filter_new("alice", NULL);

	(void)state;
	pass(filter, "10.0.0.1:1", NULL, NULL, 0);
	assert_int_equal(passed, 0);
	pass(filter, "10.0.0.1:2", NULL, NULL, 0);
	pass(filter, "10.0.0.1:2", "alicia", NULL, 0);
	assert_int_equal(passed, 0);
	pass(filter, "10.0.0.1:1", "alice", NULL, 0);
	assert_int_equal(passed, 2);
	pass(filter, "10.0.0.1:1", NULL, NULL, 0);
	assert_int_equal(passed, 1);
	pass(filter, "10.0.0.1:2", NULL, NULL, 0);
	assert_int_equal(passed, 0);
	trace_filter_free(filter);
}

/* A record has the first 63 bytes of a longer one. */
static void long_name_of_the_owner(void **state)
{
	char name[100] = "";
	struct trace_filter *filter = trace_filter_new(name, NULL);

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	for (char first = 'x'; first <= 'y'; first++) {
		begin(STUN_REQUEST, STUN_CREATE_PERMISSION);
		record.client = address(first == 'x' ? "10.0.0.1:1" : "10.0.0.1:2");
		memset(record.user, 'x', sizeof(record.user) - 1);
		record.user[0] = first;
		passed = 0;
		trace_filter_pass(filter, end(), count_passed, NULL);
		assert_int_equal(passed, first == 'x');
	}
	trace_filter_free(filter);
}

/* No more than so many are: the oldest are forgotten. */
static void held_back_for_a_while(void **state)
{
	struct trace_filter *filter = trace_filter_new("alice", NULL);

	(void)state;
	pass(filter, "10.0.0.1:1", NULL, NULL, 0);
	for (int i = 0; i < 1024; i++)
		pass(filter, "10.0.0.1:2", NULL, NULL, 0);
	pass(filter, "10.0.0.1:1", "alice", NULL, 0);
	assert_int_equal(passed, 1);
	trace_filter_free(filter);
}

static void peers_and_their_connections(void **state)
{
	struct trace_filter *filter = trace_filter_new(NULL, "192.168.0.0/17");

	(void)state;
	pass(filter, "10.0.0.1:2", "alice", "192.168.128.1:5", 7);
	assert_int_equal(passed, 0);
	pass(filter, "10.0.0.1:1", "alice", "192.168.127.1:5", 8);
	assert_int_equal(passed, 1);
	pass(filter, "10.0.0.1:3", "alice", NULL, 7);
	assert_int_equal(passed, 0);
	pass(filter, "10.0.0.1:4", "alice", NULL, 8);
	assert_int_equal(passed, 1);
	trace_filter_free(filter);
}

static void user_and_address(void **state)
{
	struct trace_filter *filter = trace_filter_new("alice", "2001:db8::/32");

	(void)state;
	pass(filter, "[2001:db8::1]:1", "bob", NULL, 0);
	assert_int_equal(passed, 0);
	pass(filter, "[2001:db9::1]:1", "alice", NULL, 0);
	assert_int_equal(passed, 0);
	pass(filter, "[2001:db8::2]:1", "alice", NULL, 0);
	assert_int_equal(passed, 1);
	trace_filter_free(filter);
}

/* Whom it knows is forgotten before that becomes too much, and not in the midst of it. */
static void crowds(void **state)
{
	struct trace_filter *filter = trace_filter_new("alice", NULL);
	char client[32];

	(void)state;
	/* The others are two at a time: one of the last two would not fit. */
	pass(filter, "10.1.0.1:1", "alice", NULL, 0);
	for (unsigned int i = 0; i < 70000; i++) {
		snprintf(client, sizeof(client), "10.0.%u.%u:1", i >> 8 & 255, i & 255);
		pass(filter, client, "alice", NULL, i + 1);
		assert_int_equal(passed, 1);
	}
	trace_filter_free(filter);
}

static void no_addresses(void **state)
{
	static const char *const texts[] = { "", "host", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1",
					     "10.0.0.1/8x", "::/129", "10.0.0.1:5" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_null(trace_filter_new(NULL, texts[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_call),
		cmocka_unit_test(errors),
		cmocka_unit_test(addresses),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(broken_messages),
		cmocka_unit_test(checksums),
		cmocka_unit_test(sequence_numbers),
		cmocka_unit_test(all_without_a_filter),
		cmocka_unit_test(first_messages_are_held_back),
		cmocka_unit_test(long_name_of_the_owner),
		cmocka_unit_test(held_back_for_a_while),
		cmocka_unit_test(peers_and_their_connections),
		cmocka_unit_test(user_and_address),
		cmocka_unit_test(crowds),
		cmocka_unit_test(no_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
