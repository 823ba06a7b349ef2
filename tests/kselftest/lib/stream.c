// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "kturn_test.h"
#include "tls.h"

#define CHUNK	(64 * KiB)

static uint64_t pattern_word(uint64_t seed, uint64_t index)
{
	uint64_t x = (index + 1) * 0x9e3779b97f4a7c15ull + seed;

	return x ^ (x >> 29);
}

void pattern_fill(uint8_t *buf, size_t len, uint64_t seed, uint64_t at)
{
	size_t done = 0;

	while (done < len) {
		uint64_t place = at + done;
		uint64_t word = pattern_word(seed, place / 8);
		size_t skip = place % 8;
		size_t n = len - done < 8 - skip ? len - done : 8 - skip;

		memcpy(buf + done, (uint8_t *)&word + skip, n);
		done += n;
	}
}

size_t pattern_check(const uint8_t *buf, size_t len, uint64_t seed, uint64_t at)
{
	static uint8_t want[CHUNK];
	size_t i;

	pattern_fill(want, len, seed, at);
	if (!memcmp(buf, want, len))
		return len;
	for (i = 0; buf[i] == want[i]; i++)
		;
	return i;
}

static size_t at_most(uint64_t left, size_t wanted)
{
	size_t max = wanted ? wanted : CHUNK;

	return left < max ? left : max;
}

static int push_fin(struct stream *s)
{
	static const uint8_t close_notify[] = { ALERT_WARNING, ALERT_CLOSE_NOTIFY };

	if (!s->fin || s->fin_sent)
		return 0;
	if (s->from_tls) {
		if (tls_send(s->from, RECORD_ALERT, close_notify, sizeof(close_notify)) < 0)
			return errno == EAGAIN ? 0 : fail_errno("close_notify");
	} else if (shutdown(s->from, SHUT_WR)) {
		return fail_errno("shutdown");
	}
	s->fin_sent = true;
	return 1;
}

int stream_push(struct stream *s)
{
	static uint8_t buf[CHUNK];
	size_t len = at_most(s->size - s->sent, s->write_size);
	ssize_t n;

	if (!len)
		return push_fin(s);
	pattern_fill(buf, len, s->seed, s->sent);
	n = send(s->from, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return fail("send after %ju of %ju bytes: %s", (uintmax_t)s->sent,
			    (uintmax_t)s->size, strerror(errno));
	s->sent += n;
	return 1;
}

static int pull_eof(struct stream *s)
{
	if (!s->fin || s->got < s->size)
		return fail("end of stream after %ju of %ju bytes", (uintmax_t)s->got,
			    (uintmax_t)s->size);
	if (s->to_tls && !s->closed)
		return fail("FIN without close_notify");
	s->eof = true;
	return 1;
}

/* A record other than data: the only one there may be is close_notify. */
static int pull_control(struct stream *s, uint8_t type, const uint8_t *record, size_t len)
{
	if (s->closed || type != RECORD_ALERT || len != 2 ||
	    record[1] != ALERT_CLOSE_NOTIFY)
		return fail("a record of type %u, %zu bytes, %u", type, len, record[1]);
	s->closed = true;
	return 1;
}

int stream_pull(struct stream *s)
{
	static uint8_t buf[CHUNK];
	const size_t max = at_most(CHUNK, s->read_size);
	uint8_t type = RECORD_DATA;
	size_t good;
	ssize_t n;

	n = s->to_tls ? tls_recv(s->to, &type, buf, max) : recv(s->to, buf, max, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return fail("recv after %ju of %ju bytes: %s", (uintmax_t)s->got,
			    (uintmax_t)s->size, strerror(errno));
	if (!n)
		return pull_eof(s);
	if (type != RECORD_DATA)
		return pull_control(s, type, buf, n);
	good = pattern_check(buf, n, s->seed, s->got);
	s->corrupt = good < (size_t)n || s->got + n > s->sent;
	if (good < (size_t)n)
		return fail("byte %ju of %ju is wrong", (uintmax_t)(s->got + good),
			    (uintmax_t)s->size);
	s->got += n;
	if (s->corrupt)
		return fail("%ju bytes came of %ju", (uintmax_t)s->got, (uintmax_t)s->sent);
	return 1;
}

int stream_push_all(struct stream *s)
{
	int ret;

	do {
		ret = stream_push(s);
	} while (ret > 0);
	return ret;
}

static bool wants_push(const struct stream *s)
{
	return s->sent < s->size || (s->fin && !s->fin_sent);
}

static bool wants_pull(const struct stream *s)
{
	return s->got < s->size || (s->fin && !s->eof);
}

/* Polls for whatever the streams still want; 0 if they want nothing. */
static int wait_streams(const struct stream *streams, int count)
{
	struct pollfd pfd[2 * count];
	int i, n = 0;

	for (i = 0; i < count; i++) {
		if (wants_push(&streams[i]))
			pfd[n++] = (struct pollfd) { streams[i].from, POLLOUT, 0 };
		if (wants_pull(&streams[i]))
			pfd[n++] = (struct pollfd) { streams[i].to, POLLIN, 0 };
	}
	if (!n)
		return 0;
	if (poll(pfd, n, PATIENCE_MS) > 0)
		return 1;
	return fail("stuck: sent %ju, got %ju of %ju bytes", (uintmax_t)streams->sent,
		    (uintmax_t)streams->got, (uintmax_t)streams->size);
}

int streams_run(struct stream *streams, int count)
{
	int i, ret;

	while ((ret = wait_streams(streams, count)) > 0) {
		for (i = 0; i < count; i++) {
			if (wants_push(&streams[i]) && stream_push(&streams[i]) < 0)
				return -1;
			if (wants_pull(&streams[i]) && stream_pull(&streams[i]) < 0)
				return -1;
		}
	}
	return ret;
}
