// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "counters.h"
#include "handshakes.h"
#include "macros.h"
#include "peek.h"
#include "stream.h"
#include "tls_server.h"

#define CHANNEL_HEADER_LEN 4
#define DISCARD_MAX (64 * 1024)	/* bytes */
/*
 * Times in a row that a socket may wake us for no payload. With half a message in it, room for
 * output wakes us as well.
 */
#define FRUITLESS_MAX 256

static bool is_channel_data(const struct stream *stream, const uint8_t *head)
{
	return head[0] >= 0x40 && head[0] <= (stream->old_channels ? 0x7f : 0x4f);
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
		if (is_channel_data(stream, head))
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

/* Only the loop may call the owner, so let the loop find out. */
static void fail_later(struct stream *stream, const char *why)
{
	stream->failure = why;
	event_active(stream->writable, EV_WRITE, 0);
}

static void note_behind(struct stream *stream)
{
	bool was = stream->behind;

	stream->behind = evbuffer_get_length(stream->output);
	if (stream->behind && !was && stream->ops->behind)
		stream->ops->behind(stream);
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
	note_behind(stream);
}

/* Wake up for what the socket does not tell. */
static void catch_up(struct stream *stream)
{
	if (stream->tls && tls_pending(stream->tls))
		event_active(stream->readable, EV_READ, 0);
	if (stream->failure)
		event_active(stream->writable, EV_WRITE, 0);
	else
		flush(stream);
}

/* What is left in the kernel must not wake us again and again: if @edge, only news does. */
static void wake_at_edge(struct stream *stream, bool edge)
{
	const struct { struct event *event; short what; } events[] = {
		{ stream->readable, EV_READ | EV_PERSIST }, { stream->writable, EV_WRITE },
	};
	struct event_base *base = event_get_base(stream->readable);

	/* Of one socket both are of the same kind. */
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		event_del(events[i].event);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		event_assign(events[i].event, base, stream->fd,
			     events[i].what | (edge ? EV_ET : 0),
			     event_get_callback(events[i].event), stream);
	if (event_add(stream->readable, NULL))
		fail_later(stream, "no memory");
	catch_up(stream);
}

/* In the next turn of the loop: others have theirs. */
static void come_back(struct stream *stream)
{
	static const struct timeval at_once;

	evtimer_add(stream->again, &at_once);
}

/* Return: whether it does; TLS that the kernel does not take over now it may take later. */
static bool begin_keeping(struct stream *stream)
{
	int err = stream->tls ? tls_offload(stream->tls) : 0;

	if (err && err != -EBUSY)
		stream->keep = false;
	if (err)
		return false;
	stream->kept = true;
	wake_at_edge(stream, true);
	return true;
}

/* The message before has been dealt with. */
static void take_read(struct stream *stream)
{
	peek_drop(stream->fd, stream->tls, stream->unread);
	stream->unread = 0;
	if (!stream->kept && stream->keep && !stream->have && begin_keeping(stream) &&
	    stream->ops->kept)
		stream->ops->kept(stream);
}

/* Return: the number of bytes, 0 at the end, or a negative errno. */
static ssize_t receive(struct stream *stream, uint8_t *message)
{
	size_t have = stream->have, want = stream->want;
	ssize_t n;

	if (stream->kept)
		return peek(stream->fd, stream->tls, message, have, want);
	if (stream->tls)
		return tls_recv(stream->tls, message + have, want - have);
	n = recv(stream->fd, message + have, want - have, 0);
	return n < 0 ? -errno : n;
}

/* Return: NULL, also when the socket has nothing more for now. */
static const char *read_wanted(struct stream *stream)
{
	ssize_t n = receive(stream, stream->message ? stream->message : stream->head);

	if (n == 0)
		return "closed by the client";
	if (n == -EAGAIN || n == -EINTR)
		return NULL;
	if (n < 0)
		return stream->tls ? tls_why(stream->tls, -n) : strerror(-n);
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

static void start_timer(struct stream *stream, unsigned int seconds)
{
	const struct timeval timeout = { seconds, 0 };

	evtimer_add(stream->stalled, &timeout);
}

static bool is_shaking_hands(const struct stream *stream)
{
	return stream->tls && !stream->tls->ready;
}

/* The client's first byte has come, or its end. */
static const char *choose_tls(struct stream *stream)
{
	uint8_t first = 0;

	if (stream->tls_use == TLS_DETECT && recv(stream->fd, &first, 1, MSG_PEEK) < 0)
		return errno == EAGAIN ? NULL : strerror(errno);
	if (stream->tls_use == TLS_ALWAYS || first == TLS_FIRST_BYTE) {
		stream->tls = tls_open(stream->tls_server, stream->fd, stream->output);
		if (!stream->tls)
			return "no memory";
		start_timer(stream, STREAM_HANDSHAKE_TIMEOUT);
	}
	stream->tls_use = TLS_NEVER;
	return NULL;
}

static const char *shake_hands(struct stream *stream)
{
	int err = tls_handshake(stream->tls);

	flush(stream);
	if (err && err != -EAGAIN)
		return tls_why(stream->tls, -err);
	if (!err)
		start_timer(stream, STREAM_FIRST_TIMEOUT);
	return NULL;
}

/*
 * Records without payload, of which the kernel keeps each one for as long as it is only
 * looked at.
 */
static const char *count_fruitless(struct stream *stream, size_t had)
{
	if (stream->have > had || is_complete(stream))
		stream->fruitless = 0;
	else if (++stream->fruitless > FRUITLESS_MAX)
		return "too many empty records";
	return NULL;
}

/* What is below messages comes first. */
static const char *read_on(struct stream *stream)
{
	const char *why = NULL;
	size_t had;

	if (stream->tls_use != TLS_NEVER)
		why = choose_tls(stream);
	if (!why && is_shaking_hands(stream) && handshakes_take(stream->handshakes))
		why = shake_hands(stream);
	if (why || stream->tls_use != TLS_NEVER || is_shaking_hands(stream))
		return why;
	take_read(stream);
	had = stream->have;
	why = read_message(stream);
	if (!why && stream->kept && stream->tls)
		why = count_fruitless(stream, had);
	/* TLS may have had something to say, too. */
	if (stream->tls)
		flush(stream);
	return why;
}

static void hand_over(struct stream *stream)
{
	uint8_t *message = stream->message;
	size_t len = stream->have;

	evtimer_del(stream->stalled);
	expect_message(stream);
	/* For what is there already the socket will not wake us. Its handler may close us. */
	if (stream->kept) {
		stream->unread = len;
		come_back(stream);
	} else if (stream->tls && tls_pending(stream->tls)) {
		event_active(stream->readable, EV_READ, 0);
	}
	stream->ops->message(stream, message, len);
	free(message);
}

/* One message a call: others have their turn, and its handler may close us. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;
	const char *why = read_on(stream);

	(void)fd, (void)what;
	if (why)
		stream->ops->broken(stream, why);
	else if (is_complete(stream))
		hand_over(stream);
	else if (stream->have && !evtimer_pending(stream->stalled, NULL))
		start_timer(stream, STREAM_STALL_TIMEOUT);
}

static void on_stalled(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;

	(void)fd, (void)what;
	if (is_shaking_hands(stream))
		stream->ops->broken(stream, "TLS handshake: not done in time");
	else
		stream->ops->broken(stream, stream->have ? "incomplete message" : "no message");
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

void stream_leave(struct stream *stream)
{
	struct event **events[] = { &stream->readable, &stream->writable, &stream->again,
				    &stream->stalled };

	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (*events[i])
			event_free(*events[i]);
		*events[i] = NULL;
	}
	stream->handshakes = NULL;
}

int stream_enter(struct stream *stream, struct event_base *base)
{
	int fd = stream->fd;

	stream->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, stream);
	stream->writable = event_new(base, fd, EV_WRITE, on_writable, stream);
	stream->again = evtimer_new(base, on_readable, stream);
	stream->stalled = evtimer_new(base, on_stalled, stream);
	if (!stream->readable || !stream->writable || !stream->again || !stream->stalled ||
	    event_add(stream->readable, NULL)) {
		stream_leave(stream);
		return -ENOMEM;
	}
	catch_up(stream);
	return 0;
}

static void free_parts(struct stream *stream)
{
	stream_leave(stream);
	if (stream->output)
		evbuffer_free(stream->output);
	tls_close(stream->tls);
	tls_server_put(stream->tls_server);
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
		.output = evbuffer_new(),
		.output_max = STREAM_OUTPUT_MAX,
	};
	expect_message(stream);
	if (!stream->output || stream_enter(stream, base)) {
		free_parts(stream);
		return -ENOMEM;
	}
	start_timer(stream, STREAM_FIRST_TIMEOUT);
	return 0;
}

void stream_expect_tls(struct stream *stream, struct tls_server *server,
		       enum tls_use use, struct handshakes *handshakes)
{
	stream->tls_server = tls_server_get(server);
	stream->handshakes = handshakes;
	stream->tls_use = server ? use : TLS_NEVER;
}

int stream_restore_tls(struct stream *stream)
{
	stream->tls = tls_restore(stream->fd, stream->output);
	return stream->tls ? 0 : -ENOMEM;
}

void stream_limit_output(struct stream *stream, size_t max)
{
	size_t waiting = evbuffer_get_length(stream->output);

	stream->output_max = waiting + max;
	if (stream->output_max > STREAM_OUTPUT_MAX)
		stream->output_max = STREAM_OUTPUT_MAX;
}

void stream_take_old_channels(struct stream *stream)
{
	stream->old_channels = true;
}

static void end_keeping(struct stream *stream)
{
	/* What has been read of a message is here from now on, and nowhere else. */
	peek_drop(stream->fd, stream->tls, stream->unread + stream->have);
	stream->unread = 0;
	stream->kept = false;
	wake_at_edge(stream, false);
}

void stream_keep(struct stream *stream, bool on)
{
	stream->keep = on;
	if (stream->kept && !on)
		end_keeping(stream);
	else if (!stream->kept && on && !stream->have)
		begin_keeping(stream);
	if (!stream->have)
		evtimer_del(stream->stalled);
}

bool stream_is_kept(const struct stream *stream)
{
	return stream->kept && !stream->behind;
}

static int put(struct stream *stream, const void *data, size_t len)
{
	if (stream->tls)
		return tls_send(stream->tls, data, len);
	return evbuffer_add(stream->output, data, len) ? -ENOMEM : 0;
}

void stream_send(struct stream *stream, const void *data, size_t len)
{
	if (stream->failure)
		return;
	if (evbuffer_get_length(stream->output) + len > stream->output_max)
		fail_later(stream, "the client does not read");
	else if (put(stream, data, len))
		fail_later(stream, "no memory");
	else
		flush(stream);
}

/* What comes in one batch goes out in one piece, when the loop gets there. */
void stream_offer(struct stream *stream, const void *data, size_t len)
{
	if (stream->failure)
		return;
	if (evbuffer_get_length(stream->output) >= STREAM_OFFER_MAX)
		count(COUNT_DROPPED_SLOW_CLIENT);
	else if (put(stream, data, len))
		fail_later(stream, "no memory");
	else
		event_active(stream->writable, EV_WRITE, 0);
}

void stream_drain(struct stream *stream)
{
	event_del(stream->readable);
	event_del(stream->again);
	stream->draining = true;
	if (!evbuffer_get_length(stream->output))
		event_active(stream->writable, EV_WRITE, 0);
}

int stream_detach(struct stream *stream, struct tls **tls)
{
	int fd = stream->fd;

	*tls = stream->tls;
	stream->tls = NULL;
	if (*tls)
		tls_set_output(*tls, NULL);
	free_parts(stream);
	return fd;
}

/*
 * As far as it goes at once, for nobody will wait. What is left unread would
 * make a reset of the end, which overtakes an alert.
 */
static void say_goodbye(struct stream *stream)
{
	struct tls *tls = stream->tls;

	if (!tls)
		return;
	evbuffer_write(stream->output, stream->fd);
	/* The kernel's comes behind all that it was given. */
	if (tls->ready && !stream->failure &&
	    (!tls_is_in_kernel(tls) || !evbuffer_get_length(stream->output)))
		tls_bye(tls);
	evbuffer_write(stream->output, stream->fd);
	if (tls_is_in_kernel(tls))
		peek_drop(stream->fd, tls, DISCARD_MAX);
	else
		recv(stream->fd, NULL, DISCARD_MAX, MSG_TRUNC | MSG_DONTWAIT);
}

void stream_close(struct stream *stream)
{
	int fd = stream->fd;

	if (stream->kept)
		peek_drop(stream->fd, stream->tls, stream->unread + stream->have);
	say_goodbye(stream);
	free_parts(stream);
	close(fd);
}
