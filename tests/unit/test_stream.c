// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream takes one message at a time, and leaves the rest where it is.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "stream.h"
#include "macros.h"

static const uint8_t transaction[STUN_TRANSACTION_LEN] = "transaction!";

static struct event_base *base;
static struct stream stream;
static int client;			/* the other end */

static unsigned int messages, drained;
static size_t last_len;
static const char *broken;

static void on_message(struct stream *s, const uint8_t *data, size_t len)
{
	(void)s, (void)data;
	messages++;
	last_len = len;
}

static void on_drained(struct stream *s)
{
	(void)s;
	drained++;
}

static void on_broken(struct stream *s, const char *why)
{
	stream_close(s);
	broken = why;
}

static const struct stream_ops ops = {
	.message = on_message,
	.drained = on_drained,
	.broken = on_broken,
};

static int setup(void **state)
{
	int fd[2];

	(void)state;
	messages = drained = 0;
	last_len = 0;
	broken = NULL;
	base = event_base_new();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	client = fd[0];
	evutil_make_socket_nonblocking(fd[1]);
	assert_int_equal(stream_open(&stream, base, fd[1], &ops), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (!broken)
		stream_close(&stream);
	close(client);
	event_base_free(base);
	return 0;
}

static void turn_once(void)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void turn_until_quiet(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static void put(const void *data, size_t len)
{
	assert_int_equal(write(client, data, len), len);
}

static int unread(void)
{
	int n = -1;

	assert_int_equal(ioctl(stream.fd, FIONREAD, &n), 0);
	return n;
}

/* A Binding request with so many bytes of SOFTWARE; returns its length. */
static size_t make_request(uint8_t *buf, size_t size, size_t software)
{
	static const char text[2048];
	struct stun_builder b;

	stun_begin(&b, buf, size, STUN_REQUEST, STUN_BINDING, transaction);
	if (software)
		stun_add(&b, STUN_ATTR_SOFTWARE, text, software);
	return stun_end(&b);
}

static void one_message_and_not_a_byte_more(void **state)
{
	uint8_t buf[4096];
	size_t len = make_request(buf, sizeof(buf), 50);

	(void)state;
	memset(buf + len, 'x', 1000);
	put(buf, len + 1000);
	turn_once();
	assert_int_equal(messages, 1);
	assert_int_equal(last_len, len);
	assert_int_equal(unread(), 1000);
}

/* What on_message() of a server does with a ConnectionBind. */
static void drain_on_message(struct stream *s, const uint8_t *data, size_t len)
{
	on_message(s, data, len);
	stream_send(s, "answer", 6);
	stream_drain(s);
}

static void nothing_is_read_behind_the_last_message(void **state)
{
	static const struct stream_ops drain_ops = {
		.message = drain_on_message,
		.drained = on_drained,
		.broken = on_broken,
	};
	uint8_t buf[256];
	size_t len = make_request(buf, sizeof(buf), 0);

	(void)state;
	stream.ops = &drain_ops;
	put(buf, len);
	put(buf, len);
	put("payload", 7);
	turn_until_quiet();
	assert_int_equal(messages, 1);
	assert_int_equal(drained, 1);
	assert_int_equal(unread(), len + 7);
	assert_int_equal(read(client, buf, sizeof(buf)), 6);
}

static void byte_by_byte(void **state)
{
	uint8_t buf[256];
	size_t len = make_request(buf, sizeof(buf), 33);

	(void)state;
	for (int round = 1; round <= 3; round++) {
		for (size_t i = 0; i < len; i++) {
			assert_int_equal(messages, round - 1);
			put(buf + i, 1);
			turn_once();
		}
		assert_int_equal(messages, round);
		assert_int_equal(last_len, len);
	}
}

static void several_at_once(void **state)
{
	uint8_t buf[256];
	size_t len = make_request(buf, sizeof(buf), 7);

	(void)state;
	for (int i = 0; i < 5; i++)
		put(buf, len);
	turn_once();
	assert_int_equal(messages, 1);
	turn_until_quiet();
	assert_int_equal(messages, 5);
}

static void channel_data(void **state)
{
	(void)state;
	/* an empty one, one with padding, one more */
	put("\x40\x00\x00\x00" "\x4f\xff\x00\x05hello\0\0\0" "\x40\x01\x00\x01x\0\0\0", 24);
	turn_once();
	assert_int_equal(last_len, 4);
	turn_once();
	assert_int_equal(last_len, 12);
	turn_once();
	assert_int_equal(last_len, 8);
	assert_int_equal(messages, 3);
}

static void largest_message(void **state)
{
	size_t len = STUN_MESSAGE_MAX, sent = 0;
	uint8_t *buf = calloc(1, len);

	(void)state;
	make_request(buf, len, 0);
	buf[2] = 0xff;
	buf[3] = 0xfc;
	fcntl(client, F_SETFL, O_NONBLOCK);
	while (sent < len) {
		ssize_t n = write(client, buf + sent, len - sent);

		if (n > 0)
			sent += n;
		turn_once();
	}
	turn_until_quiet();
	assert_int_equal(messages, 1);
	assert_int_equal(last_len, len);
	free(buf);
}

static void garbage(void **state)
{
	static const char *const bad[] = {
		"\x80\x00\x00\x00", "\xff\xff\xff\xff", "\x50\x00\x00\x00",
		"\x7f\x00\x00\x00", "\x00\x01\x00\x01", "SSH-",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put(bad[i], 4);
		turn_once();
		assert_string_equal(broken, "not STUN");
		teardown(NULL);
		setup(NULL);
	}
	put("\x00\x01\x00\x00\x21\x12\xa4\x00transaction!", 20);
	turn_once();
	assert_string_equal(broken, "not STUN");
}

static void closed_by_the_client(void **state)
{
	(void)state;
	put("\x00\x01\x00", 3);
	shutdown(client, SHUT_WR);
	turn_once();
	turn_once();
	assert_string_equal(broken, "closed by the client");
}

static void output_waits_for_room(void **state)
{
	static uint8_t block[1024], sink[65536];
	int small = 4096;
	size_t sent = 0, got = 0;
	ssize_t n;

	(void)state;
	setsockopt(stream.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	for (; sent < 32 * sizeof(block); sent += sizeof(block))
		stream_send(&stream, block, sizeof(block));
	turn_once();
	assert_null(broken);
	fcntl(client, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 1000 && got < sent; i++) {
		n = read(client, sink, sizeof(sink));
		got += n > 0 ? n : 0;
		turn_once();
	}
	assert_int_equal(got, sent);
}

static void a_client_that_does_not_read(void **state)
{
	static uint8_t block[1024];
	int small = 4096;

	(void)state;
	setsockopt(stream.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	for (size_t n = 0; n < 2 * STREAM_OUTPUT_MAX; n += sizeof(block))
		stream_send(&stream, block, sizeof(block));
	/* It is reported from the loop, not from within stream_send(). */
	assert_null(broken);
	turn_once();
	assert_string_equal(broken, "the client does not read");
}

static void detached_socket_is_untouched(void **state)
{
	struct tls *tls;
	char buf[8];
	int fd;

	(void)state;
	put("payload", 7);
	fd = stream_detach(&stream, &tls);
	assert_null(tls);
	broken = "detached";
	turn_once();
	assert_int_equal(read(fd, buf, sizeof(buf)), 7);
	close(fd);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(one_message_and_not_a_byte_more),
		test(nothing_is_read_behind_the_last_message),
		test(byte_by_byte),
		test(several_at_once),
		test(channel_data),
		test(largest_message),
		test(garbage),
		test(closed_by_the_client),
		test(output_waits_for_room),
		test(a_client_that_does_not_read),
		test(detached_socket_is_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
