/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The splice(2) engine between two real TCP connections on loopback: the test
 * is client and peer at once, and turns the engine's loop in between; after cmocka.h.
 */
#ifndef KTURN_RELAY_STAGE_H
#define KTURN_RELAY_STAGE_H

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "datapath.h"
#include "pair.h"

#define MIB		(1024 * 1024)
#define PATIENCE	10	/* seconds until a test has failed */

static struct event_base *base;
static struct datapath *dp;
static uint64_t id;
static int client, peer;		/* our ends */
static int client_leg, peer_leg;	/* the engine's ends */

static unsigned int ended;
static struct relay_info end;
static char end_cookie[RELAY_COOKIE_MAX];

static void on_ended(const struct relay_info *info, void *arg)
{
	(void)arg;
	ended++;
	end = *info;
	memcpy(end_cookie, info->cookie, info->cookie_len);
}

static int setup(void **state)
{
	char why[64];

	(void)state;
	ended = 0;
	base = event_base_new();
	assert_int_equal(datapath_splice.open(&dp, base, why, sizeof(why)), 0);
	dp->ended = on_ended;
	connect_pair(&client, &client_leg);
	connect_pair(&peer, &peer_leg);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (client >= 0)
		close(client);
	if (peer >= 0)
		close(peer);
	dp->ops->close(dp);
	event_base_free(base);
	return 0;
}

static void add_held_to(uint64_t rate, uint32_t idle_ms)
{
	const struct relay_request request = {
		.client_fd = client_leg,
		.peer_fd = peer_leg,
		.group = 7,
		.cookie = "cookie",
		.cookie_len = 6,
		.rate = rate,
		.idle_ms = idle_ms,
	};
	char why[64];

	assert_int_equal(dp->ops->add(dp, &request, &id, why, sizeof(why)), 0);
	assert_true(id);
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static bool patient(time_t start)
{
	turn();
	return time(NULL) - start < PATIENCE;
}

static void wait_for_end(enum relay_reason reason)
{
	for (time_t start = time(NULL); !ended && patient(start); )
		;
	assert_int_equal(ended, 1);
	assert_string_equal(relay_reason_str(end.reason), relay_reason_str(reason));
	assert_int_equal(end.id, id);
	assert_int_equal(end.group, 7);
	assert_int_equal(end.cookie_len, 6);
	assert_memory_equal(end_cookie, "cookie", 6);
}

static void send_all(int fd, const void *data, size_t len)
{
	time_t start = time(NULL);
	size_t sent = 0;

	while (sent < len && patient(start)) {
		ssize_t n = send(fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += n;
	}
	assert_int_equal(sent, len);
}

/* Read until the end; returns 0 for a FIN, or the errno. */
static int read_to_end(int fd, char *buf, size_t size, size_t *got)
{
	time_t start = time(NULL);

	for (*got = 0; patient(start); ) {
		ssize_t n = recv(fd, buf + *got, size - *got, 0);

		if (n > 0)
			*got += n;
		else if (!n)
			return 0;
		else if (errno != EAGAIN)
			return errno;
	}
	return ETIMEDOUT;
}

static void receive(int fd, const void *expected, size_t len)
{
	time_t start = time(NULL);
	char *buf = malloc(len);
	size_t got = 0;

	while (got < len && patient(start)) {
		ssize_t n = recv(fd, buf + got, len - got, 0);

		if (n > 0)
			got += n;
	}
	assert_int_equal(got, len);
	assert_memory_equal(buf, expected, len);
	free(buf);
}

static void reset(int *fd)
{
	const struct linger now = { 1, 0 };

	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(*fd);
	*fd = -1;
}

static char *make_data(size_t len, unsigned int seed)
{
	char *data = malloc(len);

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		data[i] = seed >> 16;
	}
	return data;
}

#endif
