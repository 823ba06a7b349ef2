// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is noted of control messages, and what never is.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "allocation.h"
#include "server_stage.h"
#include "trace.h"

#define RECORDS 8

static struct trace *trace;

static int setup(void **state)
{
	(void)state;
	find_port(&server_addr);
	START_SERVER("--no-auth", "-L127.0.0.1", "--relay-threads=1", "--trace-records=8");
	server.watchers = 1;
	trace = &server.workers[0].trace;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	return 0;
}

/* Send a request to which there is an answer, whatever it is. */
static void ask(int fd, struct stun_builder *b)
{
	uint8_t buf[512];

	put(fd, b);
	get_message(fd, buf, sizeof(buf));
}

static struct stun_builder binding(uint8_t *buf, size_t size)
{
	struct stun_builder b;

	stun_begin(&b, buf, size, STUN_REQUEST, STUN_BINDING, transaction);
	return b;
}

static const struct trace_record *next(uint64_t *after)
{
	uint64_t lost = 0;
	const struct trace_record *record = trace_next(trace, after, &lost);

	assert_int_equal(lost, 0);
	return record;
}

static void requests_and_responses(void **state)
{
	const struct trace_record *record;
	int fd = connect_to(&server_addr);
	uint64_t after = 0;

	(void)state;
	allocate_tcp(fd);
	record = next(&after);
	assert_non_null(record);
	assert_int_equal(record->direction, TRACE_IN);
	assert_int_equal(record->allocation, 0);
	assert_true(record->stream);
	assert_false(record->secure);
	assert_true(addr_equal(&record->server, &server_addr));
	assert_int_equal(record->len, 28);
	assert_memory_equal(record->data + 8, transaction, sizeof(transaction));
	record = next(&after);
	assert_non_null(record);
	assert_int_equal(record->direction, TRACE_OUT);
	assert_int_equal(record->allocation, server.workers[0].allocations->id);
	assert_true(record->time_us > UINT64_C(1700000000000000));
	assert_null(next(&after));
	close(fd);
}

/* No ring, and no memory for one. */
static void nothing_unless_somebody_watches(void **state)
{
	int fd = connect_to(&server_addr);

	(void)state;
	server.watchers = 0;
	allocate_tcp(fd);
	assert_null(trace->records);
	assert_int_equal(trace->noted, 0);
	close(fd);
	server.watchers = 1;
	fd = connect_to(&server_addr);
	allocate_tcp(fd);
	assert_non_null(trace->records);
	close(fd);
	server.watchers = 0;
	fd = connect_to(&server_addr);
	allocate_tcp(fd);
	assert_null(trace->records);
	close(fd);
}

static void who_is_late_is_told(void **state)
{
	uint64_t after = 0, lost = 0;
	int fd = connect_to(&server_addr);
	uint8_t buf[64];

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct stun_builder b = binding(buf, sizeof(buf));

		ask(fd, &b);
	}
	assert_non_null(trace_next(trace, &after, &lost));
	assert_int_equal(lost, 20 - RECORDS);
	assert_int_equal(after, 20 - RECORDS + 1);
	for (int i = 1; i < RECORDS; i++)
		assert_non_null(trace_next(trace, &after, &lost));
	assert_null(trace_next(trace, &after, &lost));
	assert_int_equal(lost, 20 - RECORDS);
	close(fd);
}

/* The numbers go on when a ring ends and another begins; what was in the first is lost. */
static void another_ring(void **state)
{
	int fd = connect_to(&server_addr);
	uint64_t after = 0, lost = 0;
	uint8_t buf[64];
	struct stun_builder b;

	(void)state;
	b = binding(buf, sizeof(buf));
	ask(fd, &b);
	trace_clear(trace);
	assert_null(trace_next(trace, &after, &lost));
	assert_int_equal(lost, 2);
	b = binding(buf, sizeof(buf));
	ask(fd, &b);
	assert_int_equal(trace_next(trace, &after, &lost)->number, 3);
	assert_int_equal(lost, 2);
	close(fd);
}

static bool contains(const char *text)
{
	for (uint64_t i = 0; trace->records && i < trace->size; i++)
		if (memmem(trace->records[i].data, TRACE_BYTES, text, strlen(text)))
			return true;
	return false;
}

/* The message itself is there, and of the same length. */
static void secrets_are_blank(void **state)
{
	static const uint16_t types[] = { STUN_ATTR_ACCESS_TOKEN, 0x0007, STUN_ATTR_DATA };
	int fd = connect_to(&server_addr);
	struct stun_builder b;
	uint8_t buf[256];

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		b = binding(buf, sizeof(buf));
		stun_add_string(&b, STUN_ATTR_SOFTWARE, "visible");
		stun_add_string(&b, types[i], "s3cret!");
		ask(fd, &b);
	}
	assert_true(contains("visible"));
	assert_false(contains("s3cret!"));
	close(fd);
}

/* Behind a signature, where the codec does not look, and where attributes end too late. */
static void secrets_where_nobody_looks(void **state)
{
	static const uint8_t key[] = "key";
	int fd = connect_to(&server_addr);
	struct stun_builder b;
	uint8_t buf[256];

	(void)state;
	b = binding(buf, sizeof(buf));
	stun_add_integrity(&b, key, sizeof(key));
	stun_add_string(&b, STUN_ATTR_ACCESS_TOKEN, "s3cret!");
	ask(fd, &b);
	b = binding(buf, sizeof(buf));
	stun_add_string(&b, STUN_ATTR_ACCESS_TOKEN, "s3cret!");
	buf[STUN_HEADER_LEN + 3] = 200;	/* more than there is */
	ask(fd, &b);
	assert_int_equal(trace->noted, 4);
	assert_false(contains("s3cret!"));
	close(fd);
}

static void payload_is_not_noted(void **state)
{
	int fd = connect_to(&server_addr);
	struct stun_builder b;
	uint8_t buf[256];

	(void)state;
	stun_begin(&b, buf, sizeof(buf), STUN_INDICATION, STUN_SEND, transaction);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &server_addr);
	stun_add_string(&b, STUN_ATTR_DATA, "payload");
	put(fd, &b);
	b = binding(buf, sizeof(buf));
	ask(fd, &b);
	assert_int_equal(trace->noted, 2);
	close(fd);
}

static void long_messages_are_cut(void **state)
{
	static const char text[700] = { [0 ... 698] = 'x' };
	int fd = connect_to(&server_addr);
	const struct trace_record *record;
	struct stun_builder b;
	uint64_t after = 0;
	uint8_t buf[2048];

	(void)state;
	b = binding(buf, sizeof(buf));
	stun_add_string(&b, STUN_ATTR_SOFTWARE, text);
	stun_add_string(&b, STUN_ATTR_ACCESS_TOKEN, text);
	ask(fd, &b);
	record = next(&after);
	assert_int_equal(record->len, stun_end(&b));
	assert_true(record->len > TRACE_BYTES);
	assert_int_equal(record->data[TRACE_BYTES - 1], 0);
	close(fd);
}

/* A request that comes again over UDP is answered out of memory, and seen. */
static void retransmissions(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct stun_builder b;
	uint8_t buf[512], in[512];

	(void)state;
	assert_int_equal(connect(fd, &server_addr.sa, addr_len(&server_addr)), 0);
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
	for (int i = 0; i < 2; i++) {
		put(fd, &b);
		assert_true(get_some(fd, in, sizeof(in)) > 0);
	}
	assert_int_equal(trace->noted, 4);
	assert_int_equal(trace->records[4].direction, TRACE_OUT);
	assert_false(trace->records[4].stream);
	close(fd);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(requests_and_responses),
		test(nothing_unless_somebody_watches),
		test(who_is_late_is_told),
		test(another_ring),
		test(secrets_are_blank),
		test(secrets_where_nobody_looks),
		test(payload_is_not_noted),
		test(long_messages_are_cut),
		test(retransmissions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
