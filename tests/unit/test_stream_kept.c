// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream that outlives its process: what has not been dealt with is in the kernel, once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "stream.h"

#define PATIENCE 10	/* seconds until a test has failed */

static const uint8_t transaction[STUN_TRANSACTION_LEN] = "transaction!";

static struct event_base *base;
static struct stream stream;
static int client, server;		/* both ends; the stream has a copy of the latter */
static uint8_t request[256];
static size_t request_len;

static unsigned int messages;
static const char *broken;
static void (*then)(void);		/* what the owner does with a message */
static unsigned int receives;		/* how often anybody has looked */

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	receives++;
	return syscall(SYS_recvfrom, fd, buf, len, flags, NULL, NULL);
}

static void on_message(struct stream *s, const uint8_t *data, size_t len)
{
	(void)s;
	assert_int_equal(len, request_len);
	assert_memory_equal(data, request, len);
	messages++;
	if (then)
		then();
}

static void on_broken(struct stream *s, const char *why)
{
	stream_close(s);
	broken = why;
}

static const struct stream_ops ops = { .message = on_message, .broken = on_broken };

static void open_stream(void)
{
	assert_int_equal(stream_open(&stream, base, dup(server), &ops), 0);
	stream_keep(&stream, true);
}

/* As SIGKILL does it: nothing is said, and what the kernel has stays. */
static void die(void)
{
	struct tls *tls;

	close(stream_detach(&stream, &tls));
}

static void connect_both(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&addr, len), 0);
	server = accept(listener, NULL, NULL);
	assert_true(server >= 0);
	close(listener);
	evutil_make_socket_nonblocking(server);
}

static int setup(void **state)
{
	struct stun_builder b;

	(void)state;
	messages = 0;
	broken = NULL;
	then = NULL;
	base = event_base_new();
	stun_begin(&b, request, sizeof(request), STUN_REQUEST, STUN_BINDING, transaction);
	stun_add(&b, STUN_ATTR_SOFTWARE, "a client's software", 19);
	request_len = stun_end(&b);
	connect_both();
	open_stream();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (!broken)
		stream_close(&stream);
	close(client);
	close(server);
	event_base_free(base);
	return 0;
}

static int unread(void)
{
	int n = -1;

	assert_int_equal(ioctl(server, FIONREAD, &n), 0);
	return n;
}

static void put(const void *data, size_t len)
{
	int before = unread();

	assert_int_equal(write(client, data, len), len);
	for (time_t start = time(NULL); unread() < before + (int)len; )
		assert_true(time(NULL) - start < PATIENCE);
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void turn_until(unsigned int n)
{
	time_t start = time(NULL);

	while (messages < n && !broken) {
		turn();
		assert_true(time(NULL) - start < PATIENCE);
	}
	turn();
}

static void taken_when_dealt_with(void **state)
{
	(void)state;
	put(request, request_len);
	put(request, 4);
	turn();
	assert_int_equal(messages, 1);
	assert_int_equal(unread(), request_len + 4);
	turn();
	assert_int_equal(unread(), 4);
	assert_int_equal(messages, 1);
}

static void another_process_sees_it_again(void **state)
{
	(void)state;
	then = die;
	put(request, request_len);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert_int_equal(messages, 1);
	then = NULL;
	open_stream();
	turn_until(2);
	turn();
	assert_int_equal(unread(), 0);
}

/* Half of it before, at every place. What its socket waited for is not what ours does. */
static void halves(void **state)
{
	(void)state;
	for (size_t i = 1; i < request_len; i++) {
		put(request, i);
		turn();
		turn();
		die();
		open_stream();
		put(request + i, request_len - i);
		turn_until(2 * i - 1);
		/* A shorter wait than the last one was. */
		put(request, request_len);
		turn_until(2 * i);
		assert_int_equal(messages, 2 * i);
	}
}

/* Who waits for the rest does not run in circles; nor does he miss it. */
static void half_a_message_wakes_nobody(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= 10; i++) {
		unsigned int before;

		put(request, request_len - i);
		turn();
		turn();
		before = receives;
		turn();
		turn();
		assert_int_equal(receives, before);
		put(request + request_len - i, i);
		turn_until(i);
		assert_int_equal(messages, i);
	}
}

/* Nor is what he waits to send forgotten meanwhile. */
static void half_a_message_and_output(void **state)
{
	static uint8_t data[1 << 17];
	size_t got = 0;

	(void)state;
	stream_send(&stream, data, sizeof(data));
	put(request, request_len - 1);
	turn();
	for (time_t start = time(NULL); got < sizeof(data); turn()) {
		static uint8_t room[sizeof(data)];
		ssize_t n = recv(client, room, sizeof(room), MSG_DONTWAIT);

		got += n > 0 ? n : 0;
		assert_true(time(NULL) - start < PATIENCE);
	}
	put(request + request_len - 1, 1);
	turn_until(1);
	assert_int_equal(messages, 1);
}

/* An allocation expires when it likes. */
static void kept_no_more_in_the_middle(void **state)
{
	(void)state;
	for (size_t i = 1; i < request_len; i++) {
		put(request, i);
		turn();
		turn();
		stream_keep(&stream, false);
		assert_int_equal(unread(), 0);
		put(request + i, request_len - i);
		turn_until(i);
		assert_int_equal(messages, i);
		stream_keep(&stream, true);
	}
}

static void kept_in_the_middle(void **state)
{
	(void)state;
	stream_keep(&stream, false);
	for (unsigned int i = 1; i < request_len; i++) {
		put(request, i);
		turn();
		turn();
		stream_keep(&stream, true);
		assert_false(stream_is_kept(&stream));
		put(request + i, request_len - i);
		turn_until(i);
		assert_int_equal(messages, i);
		stream_keep(&stream, false);
	}
}

static void forget_it(void)
{
	stream_keep(&stream, false);
}

static void kept_no_more_with_a_message(void **state)
{
	(void)state;
	then = forget_it;
	put(request, request_len);
	put(request, request_len);
	turn_until(2);
	assert_int_equal(messages, 2);
	assert_int_equal(unread(), 0);
}

static void half_a_message_and_the_end(void **state)
{
	(void)state;
	put(request, request_len / 2);
	turn();
	shutdown(client, SHUT_WR);
	turn_until(1);
	assert_string_equal(broken, "closed by the client");
}

/* What is left unread makes a reset of the end, and that overtakes what was said before. */
static void close_it(void)
{
	stream_send(&stream, "bye", 3);
	stream_close(&stream);
	broken = "by us";
}

static void closing_resets_nothing(void **state)
{
	char text[4] = "";

	(void)state;
	then = close_it;
	put(request, request_len);
	turn_until(1);
	close(server);
	server = -1;
	assert_int_equal(recv(client, text, sizeof(text), MSG_WAITALL), 3);
	assert_string_equal(text, "bye");
	assert_int_equal(recv(client, text, sizeof(text), 0), 0);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(taken_when_dealt_with),
		test(another_process_sees_it_again),
		test(halves),
		test(half_a_message_wakes_nobody),
		test(half_a_message_and_output),
		test(kept_no_more_in_the_middle),
		test(kept_in_the_middle),
		test(kept_no_more_with_a_message),
		test(half_a_message_and_the_end),
		test(closing_resets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
