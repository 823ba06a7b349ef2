// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: the framer. However the bytes come in, the messages that it hands over
 * are these bytes in their order; and behind a message after which it has to stop, it
 * has not read a single one.
 *
 * The first octet of an input says in which pieces the rest arrives, the second
 * after which message to stop.
 */
#define _GNU_SOURCE
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hold.h"
#include "macros.h"
#include "stream.h"

#define INPUT_MAX (64 * 1024)	/* what a socket takes at once */

static struct event_base *base;

/* One stream, and what has come of it. */
static struct {
	struct stream stream;
	const uint8_t *data;
	size_t len, at;
	unsigned int messages, stop_after;
	bool over;
} it;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void on_message(struct stream *stream, const uint8_t *data, size_t len)
{
	hold(len >= 4 && len <= it.len - it.at);
	hold(!memcmp(data, it.data + it.at, len));
	hold(data[0] < 0x40 ? stun_length(data) == len : data[0] < 0x50);
	it.at += len;
	if (++it.messages == it.stop_after)
		stream_drain(stream);
}

static void check_rest(int fd)
{
	static uint8_t rest[INPUT_MAX];
	ssize_t n = recv(fd, rest, sizeof(rest), MSG_DONTWAIT);

	if (n < 0)
		n = 0;
	hold((size_t)n == it.len - it.at);
	hold(!memcmp(rest, it.data + it.at, n));
}

static void on_drained(struct stream *stream)
{
	struct tls *tls;
	int fd = stream_detach(stream, &tls);

	hold(!tls);
	check_rest(fd);
	close(fd);
	it.over = true;
}

static void on_broken(struct stream *stream, const char *why)
{
	hold(why);
	stream_close(stream);
	it.over = true;
}

static const struct stream_ops ops = {
	.message = on_message,
	.drained = on_drained,
	.broken = on_broken,
};

/* As often as it takes until nothing comes of it any more. */
static void turn_loop(void)
{
	unsigned int idle = 0;

	while (!it.over && idle < 3) {
		size_t at = it.at, have = it.stream.have;

		event_base_loop(base, EVLOOP_NONBLOCK);
		idle = !it.over && at == it.at && have == it.stream.have ? idle + 1 : 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t piece, sent = 0;
	int pair[2];

	if (len < 2 || len > INPUT_MAX)
		return 0;
	if (!base) {
		signal(SIGPIPE, SIG_IGN);
		base = event_base_new();
	}
	memset(&it, 0, sizeof(it));
	piece = data[0] ? data[0] : INPUT_MAX;
	it.stop_after = data[1];
	it.data = data + 2;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) ||
	    stream_open(&it.stream, base, pair[0], &ops))
		abort();
	/* For on_drained() all has to be there: it stops between two pieces as well. */
	while (!it.over && sent < len - 2) {
		ssize_t n = len - 2 - sent < piece ? len - 2 - sent : piece;

		hold(send(pair[1], it.data + sent, n, MSG_NOSIGNAL) == n);
		it.len = sent += n;
		turn_loop();
	}
	close(pair[1]);
	turn_loop();
	/* It may have stopped, but not gone to sleep over bytes that are there. */
	hold(it.over);
	return 0;
}
