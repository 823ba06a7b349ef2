// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many relays at once, in the midst of which somebody does something to the server:
 * the command KTURN_MEANWHILE. KTURN_RELAYS says how many.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stage.h"

#define BLOCK	4096		/* bytes each way on each relay, before and after */
#define PATIENCE 600		/* seconds; a thousand handshakes may take a while */

static uint8_t pattern(unsigned int relay, unsigned int way, unsigned int at)
{
	return relay * 31 + way * 101 + at * 7 + (at >> 8);
}

/* A part of the block, from @from on; it has room in the socket's buffer. */
static int send_part(int fd, unsigned int relay, unsigned int way, size_t from, size_t to)
{
	uint8_t block[BLOCK];

	for (size_t at = from; at < to; at++)
		block[at] = pattern(relay, way, at);
	expect(send(fd, block + from, to - from, MSG_NOSIGNAL) == (ssize_t)(to - from),
	       "relay %u: %s", relay, strerror(errno));
	return 0;
}

/* All of the block, and then the other end's FIN. */
static int receive_block(int fd, unsigned int relay, unsigned int way)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	uint8_t block[BLOCK + 1];
	size_t have = 0;
	ssize_t n = 1;

	while (n > 0) {
		expect(poll(&readable, 1, 6 * WIRE_WAIT) == 1, "relay %u: silence", relay);
		n = recv(fd, block + have, sizeof(block) - have, 0);
		expect(n >= 0, "relay %u: %s", relay, strerror(errno));
		have += n;
	}
	expect(have == BLOCK, "relay %u: %zu bytes of %u", relay, have, BLOCK);
	for (size_t at = 0; at < BLOCK; at++)
		expect(block[at] == pattern(relay, way, at), "relay %u: byte %zu", relay, at);
	return 0;
}

static int send_all(struct stage *stages, unsigned int n, size_t from, size_t to)
{
	for (unsigned int i = 0; i < n; i++) {
		need(send_part(stages[i].data, i, 0, from, to));
		need(send_part(stages[i].peer, i, 1, from, to));
	}
	return 0;
}

static int finish_all(struct stage *stages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		shutdown(stages[i].data, SHUT_WR);
		shutdown(stages[i].peer, SHUT_WR);
		need(receive_block(stages[i].peer, i, 0));
		need(receive_block(stages[i].data, i, 1));
	}
	return 0;
}

/* Control connections are still those of allocations. */
static int refresh_some(struct stage *stages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i += 1 + n / 10)
		expect_ok(turn_refresh(&stages[i].turn, 600));
	return 0;
}

static int relays_go_on(const struct wire *wire)
{
	const char *meanwhile = getenv("KTURN_MEANWHILE"), *count = getenv("KTURN_RELAYS");
	unsigned int n = count ? strtoul(count, NULL, 10) : 0;
	struct rlimit files = { 8192, 8192 };
	struct stage *stages;

	expect(n && meanwhile, "neither relays nor a command");
	alarm(PATIENCE);
	setrlimit(RLIMIT_NOFILE, &files);
	stages = calloc(n, sizeof(*stages));
	for (unsigned int i = 0; i < n; i++)
		need(stage_open(&stages[i], wire, STAGE_ACTIVE));
	need(send_all(stages, n, 0, BLOCK / 2));
	expect(!system(meanwhile), "the command has failed");
	need(send_all(stages, n, BLOCK / 2, BLOCK));
	need(refresh_some(stages, n));
	return finish_all(stages, n);
}

const struct wire_test reload_tests[] = {
	{ "reload", "every byte of many relays arrives, whatever is reloaded", relays_go_on },
	{ NULL, NULL, NULL },
};
