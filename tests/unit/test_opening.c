// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a direction of a relay begins with, however it is cut into pieces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "opening.h"

#define REQUEST		0x0001
#define INDICATION	0x0011
#define SUCCESS		0x0101
#define ERROR		0x0111

static uint8_t stream[8192];
static size_t stream_len;

static int setup(void **state)
{
	(void)state;
	memset(stream, 0, sizeof(stream));
	stream_len = 0;
	return 0;
}

/* A message of STUN whose attributes have @len bytes. */
static void put_stun(uint16_t type, uint16_t len)
{
	uint8_t *at = stream + stream_len;
	const uint8_t header[] = { type >> 8, type, len >> 8, len, 0x21, 0x12, 0xa4, 0x42 };

	memcpy(at, header, sizeof(header));
	memset(at + sizeof(header), 0xee, 12 + len);
	stream_len += 20 + len;
}

static void put_frame_header(uint16_t len)
{
	stream[stream_len++] = len >> 8;
	stream[stream_len++] = len;
}

static void put_framed_stun(uint16_t type, uint16_t len)
{
	put_frame_header(20 + len);
	put_stun(type, len);
}

static void put_framed_media(uint16_t len)
{
	put_frame_header(len);
	memset(stream + stream_len, 0x80, len);
	stream_len += len;
}

/* All that there is, in pieces of @size. */
static struct opening open_in_pieces(size_t size)
{
	struct opening opening = { .head_len = 0 };

	for (size_t at = 0; at < stream_len; at += size)
		opening_add(&opening, stream + at, size < stream_len - at ? size : stream_len - at);
	return opening;
}

/* The pieces do not matter. */
static struct opening open_stream(void)
{
	struct opening whole = open_in_pieces(sizeof(stream));

	for (size_t size = 1; size < 70; size++) {
		struct opening opening = open_in_pieces(size);

		assert_int_equal(opening.stun.framing, whole.stun.framing);
		assert_int_equal(opening.stun.requests, whole.stun.requests);
		assert_int_equal(opening.stun.successes, whole.stun.successes);
		assert_int_equal(opening.stun.errors, whole.stun.errors);
		assert_int_equal(opening.stun.others, whole.stun.others);
		assert_int_equal(opening.head_len, whole.head_len);
		assert_memory_equal(opening.head, whole.head, whole.head_len);
	}
	return whole;
}

static void framed_checks_and_media(void **state)
{
	struct opening opening;

	(void)state;
	put_framed_stun(REQUEST, 88);
	put_framed_stun(SUCCESS, 44);
	put_framed_stun(INDICATION, 0);
	put_framed_media(160);
	put_framed_media(0);
	put_framed_media(3);
	put_framed_stun(ERROR, 8);
	opening = open_stream();
	assert_int_equal(opening.stun.framing, KTURN_FRAMING_FRAMED);
	assert_int_equal(opening.stun.requests, 1);
	assert_int_equal(opening.stun.successes, 1);
	assert_int_equal(opening.stun.errors, 1);
	assert_int_equal(opening.stun.others, 3);
	assert_int_equal(opening.head_len, OPENING_HEAD);
	assert_memory_equal(opening.head, stream, OPENING_HEAD);
	assert_true(opening_is_whole(&opening, stream_len));
	assert_false(opening_is_whole(&opening, stream_len + 1));
}

static void plain_stun(void **state)
{
	struct opening opening;

	(void)state;
	put_stun(REQUEST, 36);
	put_stun(REQUEST, 0);
	put_stun(SUCCESS, 12);
	opening = open_stream();
	assert_int_equal(opening.stun.framing, KTURN_FRAMING_PLAIN);
	assert_int_equal(opening.stun.requests, 2);
	assert_int_equal(opening.stun.successes, 1);
	assert_int_equal(opening.stun.others, 0);
}

/* What is behind it may be anything, and is not held for STUN. */
static void plain_stun_and_then_something(void **state)
{
	struct opening opening;

	(void)state;
	put_stun(REQUEST, 0);
	put_framed_media(200);
	put_stun(REQUEST, 0);
	opening = open_stream();
	assert_int_equal(opening.stun.requests, 1);
	assert_int_equal(opening.stun.others, 1);
	assert_int_equal(opening_wants(&opening), 0);
}

static void something_else(void **state)
{
	struct opening opening;

	(void)state;
	memset(stream, 'x', 100);
	stream_len = 100;
	opening = open_stream();
	assert_int_equal(opening.stun.framing, KTURN_FRAMING_NONE);
	assert_int_equal(opening.stun.requests, 0);
	assert_int_equal(opening.head_len, OPENING_HEAD);
	assert_int_equal(opening_wants(&opening), 0);
}

static void too_little_to_say(void **state)
{
	struct opening opening;

	(void)state;
	put_framed_stun(REQUEST, 0);
	stream_len = 9;
	opening = open_stream();
	assert_int_equal(opening.stun.framing, KTURN_FRAMING_UNKNOWN);
	assert_int_equal(opening.head_len, 9);
	assert_int_equal(opening_wants(&opening), KTURN_STUN_BYTES - 9);
}

static void no_more_than_so_many_messages(void **state)
{
	struct opening opening;

	(void)state;
	for (int i = 0; i < KTURN_STUN_MESSAGES + 5; i++)
		put_framed_stun(REQUEST, 0);
	opening = open_stream();
	assert_int_equal(opening.stun.requests, KTURN_STUN_MESSAGES);
	assert_int_equal(opening_wants(&opening), 0);
	assert_false(opening_is_whole(&opening, stream_len));
}

static void no_more_than_so_many_bytes(void **state)
{
	struct opening opening;

	(void)state;
	put_framed_stun(REQUEST, 1480);
	put_framed_stun(REQUEST, 1480);
	put_framed_media(1500);
	put_framed_stun(SUCCESS, 0);
	opening = open_stream();
	assert_int_equal(opening.stun.requests, 2);
	assert_int_equal(opening.stun.successes, 0);
	assert_int_equal(opening.stun.followed, KTURN_STUN_BYTES);
	assert_int_equal(opening_wants(&opening), 0);
	assert_false(opening_is_whole(&opening, stream_len));
}

/* Behind a gap nothing can be known. */
static void a_gap_ends_it(void **state)
{
	struct opening opening = { .head_len = 0 };

	(void)state;
	put_framed_stun(REQUEST, 0);
	opening_add(&opening, stream, stream_len);
	opening_lose(&opening);
	opening_add(&opening, stream, stream_len);
	assert_int_equal(opening.stun.requests, 1);
	assert_int_equal(opening_wants(&opening), 0);
	assert_false(opening_is_whole(&opening, stream_len));
}

#define TEST(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(framed_checks_and_media),
		TEST(plain_stun),
		TEST(plain_stun_and_then_something),
		TEST(something_else),
		TEST(too_little_to_say),
		TEST(no_more_than_so_many_messages),
		TEST(no_more_than_so_many_bytes),
		TEST(a_gap_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
