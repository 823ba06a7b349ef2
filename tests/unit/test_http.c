// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages over HTTP, and what strangers do to who serves them.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "http.h"
#include "sock.h"

#define BIG	(8 << 20)	/* bytes: more than any socket buffer has room for */
#define PATIENCE 60		/* s */

static struct event_base *base;
static struct http *http;
static union addr addr;
static unsigned int pages;

static int page(const char *path, struct evbuffer *body, const char **type, void *arg)
{
	assert_ptr_equal(arg, &addr);
	pages++;
	if (!strcmp(path, "/small")) {
		*type = "text/x-small";
		evbuffer_add_printf(body, "small\n");
		return 200;
	}
	if (!strcmp(path, "/big")) {
		for (unsigned int i = 0; i < BIG / sizeof(i); i++)
			evbuffer_add(body, &i, sizeof(i));
		return 200;
	}
	if (!strcmp(path, "/ill"))
		evbuffer_add_printf(body, "ill\n");
	return strcmp(path, "/ill") ? 404 : 503;
}

static void open_with(const struct timeval *limit)
{
	socklen_t len = sizeof(addr);
	int fd;

	base = event_base_new();
	assert_int_equal(addr_parse(&addr, "127.0.0.1"), 0);
	fd = sock_listen(&addr, 2 * HTTP_CLIENTS_MAX);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, &addr.sa, &len), 0);
	http = http_open(base, fd, limit, page, &addr);
	assert_non_null(http);
	pages = 0;
}

static int set_up(void **state)
{
	(void)state;
	open_with(&(struct timeval){ 2 * PATIENCE, 0 });
	return 0;
}

static int set_up_hasty(void **state)
{
	(void)state;
	open_with(&(struct timeval){ 0, 50 * 1000 });
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_close(http);
	event_base_free(base);
	return 0;
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, &addr.sa, addr_len(&addr)), 0);
	return fd;
}

static void say(int fd, const char *text, size_t len)
{
	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

/* Return: all that comes until the end, with a NUL behind it; NULL if that was a reset. */
static char *hear_all(int fd, size_t *len)
{
	time_t start = time(NULL);
	size_t room = BIG + 4096;
	char *heard = malloc(room);

	*len = 0;
	for (;;) {
		ssize_t n = recv(fd, heard + *len, room - *len - 1, MSG_DONTWAIT);

		if (!n)
			break;
		if (n > 0) {
			*len += n;
		} else if (errno == EAGAIN) {
			turn();
		} else {
			free(heard);
			heard = NULL;
			break;
		}
		assert_true(time(NULL) - start < PATIENCE);
	}
	close(fd);
	if (heard)
		heard[*len] = '\0';
	return heard;
}

static void hear_status(int fd, const char *status)
{
	size_t len;
	char *heard = hear_all(fd, &len);

	assert_non_null(heard);
	assert_true(!strncmp(heard, "HTTP/1.1 ", 9));
	assert_memory_equal(heard + 9, status, strlen(status));
	free(heard);
}

static void ask(const char *request, const char *status)
{
	int fd = dial();

	say(fd, request, strlen(request));
	hear_status(fd, status);
}

static void is_answered(int fd, const char *answer)
{
	size_t len;
	char *heard = hear_all(fd, &len);

	assert_string_equal(heard, answer);
	free(heard);
}

#define SMALL_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/x-small\r\nContent-Length: 6\r\n" \
		   "Connection: close\r\n\r\n"

static void serves(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "GET /small HTTP/1.1\r\nHost: x\r\n\r\n", 32);
	is_answered(fd, SMALL_HEAD "small\n");
	fd = dial();
	say(fd, "HEAD /small HTTP/1.1\r\nHost: x\r\n\r\n", 33);
	is_answered(fd, SMALL_HEAD);
	ask("GET /none HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found\r\n");
	ask("GET /ill HTTP/1.1\r\nHost: x\r\n\r\n", "503 Service Unavailable\r\n");
}

static void understands(void **state)
{
	static const char *const requests[] = {
		"GET /small HTTP/1.0\r\n\r\n",
		"GET /small HTTP/1.0\n\n",
		"\r\n\r\nGET /small HTTP/1.0\r\n\r\n",
		"GET /small?a=b HTTP/1.1\r\nhOST:x\r\nAccept: */*\r\n\r\n",
		"GET http://x:1/small?/ HTTP/1.1\r\nHost: x:1\r\n\r\n",
		"GET /small HTTP/1.0\r\n\r\nGET /small HTTP/1.0\r\n\r\n",
		"GET /small HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		ask(requests[i], "200 OK\r\n");
	assert_int_equal(pages, sizeof(requests) / sizeof(requests[0]));
}

static void byte_by_byte(void **state)
{
	const char *request = "\r\nGET /small HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd = dial();

	(void)state;
	for (; *request; request++) {
		assert_int_equal(pages, 0);
		say(fd, request, 1);
		turn();
	}
	is_answered(fd, SMALL_HEAD "small\n");
}

/* As some do with a pipe: they have said everything, and wait. */
static void half_closed(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "GET /big HTTP/1.0\r\n\r\n", 21);
	shutdown(fd, SHUT_WR);
	hear_status(fd, "200 OK\r\n");
	fd = dial();
	say(fd, "GET /big HTTP/1.0\r\n", 19);
	shutdown(fd, SHUT_WR);
	is_answered(fd, "");
}

static void refuses(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ "POST /small HTTP/1.1\r\nHost: x\r\n\r\n",
		  "405 Method Not Allowed\r\nContent-Type: text/plain\r\nContent-Length: 23\r\n"
		  "Allow: GET, HEAD\r\n" },
		{ "get /small HTTP/1.1\r\nHost: x\r\n\r\n", "405 " },
		{ "GET /small HTTP/2.0\r\n\r\n", "505 " },
		{ "GET /small HTTP/1.1\r\n\r\n", "400 " },
		{ "GET /small HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "400 " },
		{ "GET /small HTTP/1.0\r\nHost : x\r\n\r\n", "400 " },
		{ "GET /small HTTP/1.0\r\nnonsense\r\n\r\n", "400 " },
		{ "GET /small HTTP/1.0\r\n: x\r\n\r\n", "400 " },
		{ "GET /small HTTP/1.\r\n\r\n", "400 " },
		{ "GET /small\r\n\r\n", "400 " },
		{ "GET  /small HTTP/1.0\r\n\r\n", "400 " },
		{ "GET small HTTP/1.0\r\n\r\n", "400 " },
		{ "GET http://x HTTP/1.0\r\n\r\n", "400 " },
		{ "nonsense\r\n\r\n", "400 " },
	};
	int fd = dial();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ask(cases[i].request, cases[i].status);
	say(fd, "GET /small\0 HTTP/1.0\r\n\r\n", 24);
	hear_status(fd, "400 ");
	fd = dial();
	say(fd, "GET /small HTTP/1.0\r\nA: \0\r\n\r\n", 29);
	hear_status(fd, "400 ");
	assert_int_equal(pages, 0);
}

/* It is read to its end, or the answer was lost to a reset. */
static void too_long(void **state)
{
	static char request[64 * HTTP_HEAD_MAX];
	int fd = dial();

	(void)state;
	memset(request, 'A', sizeof(request));
	say(fd, request, sizeof(request));
	hear_status(fd, "431 ");
	memcpy(request, "GET /small HTTP/1.0\r\nA: ", 24);
	fd = dial();
	say(fd, request, sizeof(request));
	hear_status(fd, "431 ");
}

static void big_and_slow(void **state)
{
	size_t len;
	int fd = dial();
	char *heard, *body;

	(void)state;
	say(fd, "GET /big HTTP/1.0\r\n\r\n", 21);
	for (int i = 0; i < 100; i++)
		turn();
	assert_int_equal(pages, 1);
	heard = hear_all(fd, &len);
	body = strstr(heard, "\r\n\r\n") + 4;
	assert_int_equal(heard + len - body, BIG);
	for (unsigned int i = 0; i < BIG / sizeof(i); i++)
		assert_memory_equal(body + i * sizeof(i), &i, sizeof(i));
	free(heard);
}

static bool hung_up(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0 || errno != EAGAIN;
}

/* One who holds a connection for nothing keeps nobody out. */
static void oldest_makes_room(void **state)
{
	int fds[HTTP_CLIENTS_MAX + 2];

	(void)state;
	for (int i = 0; i < HTTP_CLIENTS_MAX; i++) {
		fds[i] = dial();
		turn();
	}
	assert_false(hung_up(fds[0]));
	for (int i = 0; i < 2; i++) {
		assert_false(hung_up(fds[i]));
		fds[HTTP_CLIENTS_MAX + i] = dial();
		turn();
		assert_true(hung_up(fds[i]));
		assert_false(hung_up(fds[i + 1]));
	}
	say(fds[HTTP_CLIENTS_MAX], "GET /small HTTP/1.0\r\n\r\n", 23);
	hear_status(fds[HTTP_CLIENTS_MAX], "200 OK\r\n");
	for (int i = 0; i < HTTP_CLIENTS_MAX + 2; i++)
		if (i != HTTP_CLIENTS_MAX)
			close(fds[i]);
}

/* Neither he who says nothing is waited for, nor he who does not listen. */
static void slow_ones_are_cut(void **state)
{
	int silent = dial(), deaf = dial();
	time_t start = time(NULL);
	size_t len;

	(void)state;
	say(deaf, "GET /big HTTP/1.0\r\n\r\n", 21);
	while (!hung_up(silent)) {
		turn();
		assert_true(time(NULL) - start < PATIENCE);
	}
	is_answered(silent, "");
	turn();
	assert_int_equal(pages, 1);
	free(hear_all(deaf, &len));
	assert_true(len < BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(serves, set_up, tear_down),
		cmocka_unit_test_setup_teardown(understands, set_up, tear_down),
		cmocka_unit_test_setup_teardown(byte_by_byte, set_up, tear_down),
		cmocka_unit_test_setup_teardown(half_closed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_long, set_up, tear_down),
		cmocka_unit_test_setup_teardown(big_and_slow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(oldest_makes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(slow_ones_are_cut, set_up_hasty, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
