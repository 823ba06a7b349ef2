// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

#define CHANNEL_HEADER_LEN 4

static bool is_channel_data(const uint8_t *head)
{
	return head[0] >= 0x40 && head[0] <= 0x4f;
}

static size_t channel_data_length(const uint8_t *head)
{
	size_t len = head[2] << 8 | head[3];

	return CHANNEL_HEADER_LEN + ((len + 3) & ~(size_t)3);
}

static bool has_cookie(const uint8_t *head)
{
	return head[4] == 0x21 && head[5] == 0x12 && head[6] == 0xa4 && head[7] == 0x42;
}

/* The whole length is known: from here on the message has its own memory. */
static const char *set_length(struct stream *stream, size_t len)
{
	stream->message = malloc(len);
	if (!stream->message)
		return "no memory";
	memcpy(stream->message, stream->head, stream->have);
	stream->want = len;
	return NULL;
}

/*
 * What is wanted has come; decide how far the message goes. The first four
 * bytes tell the kind, for a ChannelData message may be no longer than that.
 */
static const char *find_length(struct stream *stream)
{
	const uint8_t *head = stream->head;

	if (stream->have == CHANNEL_HEADER_LEN) {
		if (is_channel_data(head))
			return set_length(stream, channel_data_length(head));
		stream->want = STUN_HEADER_LEN;
		return stun_length(head) ? NULL : "not STUN";
	}
	return has_cookie(head) ? set_length(stream, stun_length(head)) : "not STUN";
}

static void expect_message(struct stream *stream)
{
	stream->message = NULL;
	stream->have = 0;
	stream->want = CHANNEL_HEADER_LEN;
}

/* Return: NULL, also when the socket has nothing more for now. */
static const char *read_wanted(struct stream *stream)
{
	uint8_t *to = stream->message ? stream->message : stream->head;
	ssize_t n = recv(stream->fd, to + stream->have, stream->want - stream->have, 0);

	if (n == 0)
		return "closed by the client";
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? NULL : strerror(errno);
	stream->have += n;
	return NULL;
}

static bool is_complete(const struct stream *stream)
{
	return stream->message && stream->have == stream->want;
}

static const char *read_message(struct stream *stream)
{
	const char *why = NULL;

	while (!why && !is_complete(stream)) {
		size_t had = stream->have;

		why = read_wanted(stream);
		if (!why && stream->have == had)
			break;
		if (!why && !stream->message && stream->have == stream->want)
			why = find_length(stream);
	}
	return why;
}

/* One message a call: others have their turn, and its handler may close us. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval timeout = { STREAM_STALL_TIMEOUT, 0 };
	struct stream *stream = arg;
	const char *why = read_message(stream);
	uint8_t *message;

	(void)fd, (void)what;
	if (why) {
		stream->ops->broken(stream, why);
	} else if (is_complete(stream)) {
		size_t len = stream->have;

		message = stream->message;
		evtimer_del(stream->stalled);
		expect_message(stream);
		stream->ops->message(stream, message, len);
		free(message);
	} else if (!evtimer_pending(stream->stalled, NULL)) {
		evtimer_add(stream->stalled, &timeout);
	}
}

static void on_stalled(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;

	(void)fd, (void)what;
	stream->ops->broken(stream, "incomplete message");
}

/* Only the loop may call the owner, so let the loop find out. */
static void fail_later(struct stream *stream, const char *why)
{
	stream->failure = why;
	event_active(stream->writable, EV_WRITE, 0);
}

static void flush(struct stream *stream)
{
	if (!evbuffer_get_length(stream->output))
		return;
	if (evbuffer_write(stream->output, stream->fd) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		fail_later(stream, strerror(errno));
	else if (evbuffer_get_length(stream->output))
		event_add(stream->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;

	(void)fd, (void)what;
	if (!stream->failure)
		flush(stream);
	if (stream->failure)
		stream->ops->broken(stream, stream->failure);
	else if (stream->draining && !evbuffer_get_length(stream->output))
		stream->ops->drained(stream);
}

static void free_parts(struct stream *stream)
{
	if (stream->readable)
		event_free(stream->readable);
	if (stream->writable)
		event_free(stream->writable);
	if (stream->stalled)
		event_free(stream->stalled);
	if (stream->output)
		evbuffer_free(stream->output);
	free(stream->message);
	memset(stream, 0, sizeof(*stream));
	stream->fd = -1;
}

int stream_open(struct stream *stream, struct event_base *base, int fd,
		const struct stream_ops *ops)
{
	*stream = (struct stream){
		.ops = ops,
		.fd = fd,
		.readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, stream),
		.writable = event_new(base, fd, EV_WRITE, on_writable, stream),
		.stalled = evtimer_new(base, on_stalled, stream),
		.output = evbuffer_new(),
	};
	expect_message(stream);
	if (!stream->readable || !stream->writable || !stream->stalled || !stream->output ||
	    event_add(stream->readable, NULL)) {
		free_parts(stream);
		return -ENOMEM;
	}
	return 0;
}

void stream_send(struct stream *stream, const void *data, size_t len)
{
	if (stream->failure)
		return;
	if (evbuffer_get_length(stream->output) + len > STREAM_OUTPUT_MAX)
		fail_later(stream, "the client does not read");
	else if (evbuffer_add(stream->output, data, len))
		fail_later(stream, "no memory");
	else
		flush(stream);
}

void stream_drain(struct stream *stream)
{
	event_del(stream->readable);
	stream->draining = true;
	if (!evbuffer_get_length(stream->output))
		event_active(stream->writable, EV_WRITE, 0);
}

int stream_detach(struct stream *stream)
{
	int fd = stream->fd;

	free_parts(stream);
	return fd;
}

void stream_close(struct stream *stream)
{
	close(stream_detach(stream));
}
