/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TCP connection from a client, seen as messages: STUN (RFC 8489, 6.2.2) and
 * ChannelData (RFC 8656, 12.5) one after the other, with nothing between them.
 *
 * Not one byte behind the message in hand is ever read: what follows a
 * ConnectionBind request is payload and stays in the kernel for the relay; or
 * in TLS, if it came in the same record.
 */
#ifndef KTURN_STREAM_H
#define KTURN_STREAM_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stun.h"
#include "tls.h"

#define STREAM_STALL_TIMEOUT	60		/* seconds a message may take to arrive */
#define STREAM_HANDSHAKE_TIMEOUT 15	/* seconds for all of TLS's */
#define STREAM_FIRST_TIMEOUT	15	/* seconds to the end of the first message, after that */
/*
 * Bytes that a client may leave unread. From the first figure on offered data is
 * lost, so there always is room left for what must not be.
 */
#define STREAM_OFFER_MAX	(64 * 1024)
#define STREAM_OUTPUT_MAX	(192 * 1024)

struct evbuffer;
struct stream;

/**
 * struct stream_ops - what a stream tells its owner
 * @message: a message has arrived; its first two bits tell which kind it is
 * @drained: after stream_drain(): the last byte of output is out
 * @broken: nothing more will come of it; @why is a constant
 * @kept: another process can go on with it, but later than stream_keep() said; or NULL
 * @behind: the client does not read fast enough, and may have got half of a message; or NULL
 *
 * All but the last are called from the loop and from nowhere else, and each of the first three
 * may close the stream. Whatever stream_send() runs into is reported later, too.
 */
struct stream_ops {
	void (*message)(struct stream *stream, const uint8_t *data, size_t len);
	void (*drained)(struct stream *stream);
	void (*broken)(struct stream *stream, const char *why);
	void (*kept)(struct stream *stream);
	void (*behind)(struct stream *stream);
};

/**
 * struct stream - to be embedded; its members are stream.c's own
 */
struct stream {
	const struct stream_ops *ops;
	int fd;
	struct event *readable;
	struct event *writable;
	struct event *again;	/* to read on, for what the socket does not tell */
	struct event *stalled;
	struct evbuffer *output;
	const char *failure;
	size_t output_max;
	bool draining;
	bool old_channels;
	bool keep;		/* from the next message on at the latest */
	bool kept;
	bool behind;
	unsigned int fruitless;	/* wake-ups in a row without a byte, if kept in TLS */
	size_t unread;		/* bytes of the message before, if kept */
	enum tls_use tls_use;	/* until it is known: then never, or there is tls */
	struct tls_server *tls_server;	/* with a reference */
	struct handshakes *handshakes;
	struct tls *tls;

	uint8_t head[STUN_HEADER_LEN];
	uint8_t *message;	/* all of it, once its length is known */
	size_t have, want;	/* bytes of the message; want: up to the next decision */
};

/**
 * stream_open() - take over a connected, non-blocking socket and begin to read
 *
 * Return: 0 or -ENOMEM; then @fd is still the caller's.
 */
int stream_open(struct stream *stream, struct event_base *base, int fd,
		const struct stream_ops *ops);

/**
 * stream_leave() - leave the loop, between two messages, with all that has come
 */
void stream_leave(struct stream *stream);

/**
 * stream_enter() - go on, on another loop
 *
 * Return: 0 or -ENOMEM.
 */
int stream_enter(struct stream *stream, struct event_base *base);

/**
 * stream_expect_tls() - have TLS below, right after stream_open()
 * @use: with TLS_DETECT the client's first byte decides
 * @handshakes: of this loop: its handshake waits for its turn; NULL: it does not
 */
void stream_expect_tls(struct stream *stream, struct tls_server *server,
		       enum tls_use use, struct handshakes *handshakes);

/**
 * stream_restore_tls() - have TLS below that is in the kernel already, right after
 * stream_open()
 *
 * Return: 0 or -ENOMEM.
 */
int stream_restore_tls(struct stream *stream);

/**
 * stream_limit_output() - so many bytes may wait for a client that does not read,
 * besides those that do already
 * @max: all together they are never more than STREAM_OUTPUT_MAX, as it is at first
 */
void stream_limit_output(struct stream *stream, size_t max);

/**
 * stream_take_old_channels() - take the channel numbers of RFC 5766 for such
 *
 * Those from 0x5000 on otherwise are no beginning of a message.
 */
void stream_take_old_channels(struct stream *stream);

/**
 * stream_keep() - have it go on in another process, wherever this one dies
 * @on: or not any more
 *
 * From now on, or from the next message on if one is half there, a message is in the kernel
 * until its owner has done with it: should the process die meanwhile, the next one gets it
 * once more. So the kernel has to take TLS over, between two records; where it cannot,
 * nothing changes.
 */
void stream_keep(struct stream *stream, bool on);

/**
 * stream_is_kept() - tell whether another process can go on with it
 *
 * Not while the client may have got half of a message, the rest of which is here.
 */
bool stream_is_kept(const struct stream *stream);

/**
 * stream_send() - send a message, now or as soon as the socket has room
 */
void stream_send(struct stream *stream, const void *data, size_t len);

/**
 * stream_offer() - send a message if the client reads fast enough, else drop it
 *
 * One of the greatest length always goes when there is no output before it.
 */
void stream_offer(struct stream *stream, const void *data, size_t len);

/**
 * stream_drain() - stop reading, and say when all output is out
 */
void stream_drain(struct stream *stream);

/**
 * stream_detach() - give the socket up, in the state in which the client left it
 * @tls: gets the TLS on it, NULL if there is none; it may have bytes already
 *
 * Return: the socket.
 */
int stream_detach(struct stream *stream, struct tls **tls);

/**
 * stream_close() - close the socket and free what belongs to the stream
 */
void stream_close(struct stream *stream);

#endif
