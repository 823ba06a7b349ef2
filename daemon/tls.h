/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS on a client's connection (RFC 8446, RFC 5246), for streams and relays.
 *
 * It reads the socket itself, record by record: nothing behind the record in
 * hand ever leaves the kernel, so that the kernel can take TLS over at any
 * record. What it has to send it puts into a buffer, which its owner
 * sends; so only the owner ever waits for room.
 */
#ifndef KTURN_TLS_H
#define KTURN_TLS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TLS_FIRST_BYTE	0x16	/* of a handshake; no STUN message begins so (RFC 7983) */
#define TLS_RECORD_MAX	16384	/* payload bytes of a record */

struct evbuffer;
struct tls_server;

/**
 * enum tls_use - whether a connection is to use TLS
 * @TLS_NEVER: no
 * @TLS_DETECT: if its first byte says so
 * @TLS_ALWAYS: yes
 */
enum tls_use { TLS_NEVER, TLS_DETECT, TLS_ALWAYS };

/**
 * struct tls - a connection; its members are tls.c's own
 * @fd: the socket, the owner's
 * @output: where records go, the owner's
 * @server: its certificate, with a reference
 * @session: GnuTLS; NULL if it was restored
 * @ready: the handshake is done
 * @error: errno of the last read of the socket, 0 if it was fine
 * @head: header of the record in hand, as far as it has been read
 * @head_have: bytes of it
 * @alert: its body, if it is as long as an alert in the clear
 * @body_left: bytes of the record that have not been read
 * @quiet: bytes that were read since the last payload
 * @early: payload that has left GnuTLS, to be received first
 * @kernel_rx: the kernel decrypts: the socket gives payload
 * @kernel_tx: the kernel encrypts: the socket takes payload
 * @why: what went wrong
 */
struct tls {
	int fd;
	struct evbuffer *output;
	struct tls_server *server;
	gnutls_session_t session;
	bool ready;
	int error;
	uint8_t head[5], alert[2];
	size_t head_have, body_left;
	size_t quiet;
	struct evbuffer *early;
	bool kernel_rx, kernel_tx;
	char why[160];
};

/**
 * tls_open() - begin TLS, as the server, on a non-blocking socket
 * @output: an evbuffer
 *
 * Return: NULL without memory.
 */
struct tls *tls_open(struct tls_server *server, int fd, struct evbuffer *output);

/**
 * tls_restore() - go on with what is in the kernel, both directions: see ktls_is_on()
 *
 * Return: NULL without memory.
 */
struct tls *tls_restore(int fd, struct evbuffer *output);

/**
 * tls_set_output() - from now on, put records there
 */
void tls_set_output(struct tls *tls, struct evbuffer *output);

/**
 * tls_handshake() - go on with the handshake
 *
 * Return: 0 when it is done, -EAGAIN while the client has to say more; or
 * another negative errno, see tls_why(), and there may be an alert to send.
 */
int tls_handshake(struct tls *tls);

/**
 * tls_recv() - receive payload
 *
 * Return: the number of bytes; 0 at the end, which is a close_notify; -EAGAIN if
 * the socket has no more; or, see also tls_why(),
 * -ENODATA	the connection was closed, but not in TLS: bytes may be missing
 * -ECONNABORTED the client has sent an alert
 * -EKEYEXPIRED	the client has changed its keys, and the kernel cannot
 * -EPROTO	what came is not what TLS says it should be
 * or another negative errno of the socket.
 */
ssize_t tls_recv(struct tls *tls, void *buf, size_t len);

/**
 * tls_peek() - the same, but what is received stays: only if tls_is_in_kernel()
 */
ssize_t tls_peek(struct tls *tls, void *buf, size_t len);

/**
 * tls_pending() - bytes that tls_recv() gives without looking at the socket
 */
size_t tls_pending(const struct tls *tls);

/**
 * tls_early() - what tls_pending() counts, for the caller to take from the front
 *
 * What is left there tls_recv() gives first.
 *
 * Return: an evbuffer of @tls, or NULL without memory; then nothing is lost.
 */
struct evbuffer *tls_early(struct tls *tls);

/**
 * tls_send() - put payload into the output, as records
 *
 * Return: 0 or a negative errno.
 */
int tls_send(struct tls *tls, const void *data, size_t len);

/**
 * tls_bye() - send close_notify: no more payload will come from here
 *
 * If the kernel encrypts, the output has to be out before.
 *
 * Return: 0, -EAGAIN if the socket has no room, or another negative errno.
 */
int tls_bye(struct tls *tls);

/**
 * tls_offload() - have the kernel go on with both directions
 *
 * To be called between two records: what GnuTLS has read has been received, and
 * what it has sent is out. On failure everything goes on as before, one
 * direction perhaps in the kernel. If they are there already, that is fine.
 *
 * Return: 0; -EBUSY not between two records; -EOPNOTSUPP for a version or
 * cipher that the kernel does not know; or another negative errno, such as
 * -ENOENT from a kernel without TLS.
 */
int tls_offload(struct tls *tls);

/**
 * tls_is_in_kernel() - tell whether both directions are: the socket is all there is of it
 */
static inline bool tls_is_in_kernel(const struct tls *tls)
{
	return tls->kernel_rx && tls->kernel_tx;
}

/**
 * tls_why() - what -@err meant
 */
const char *tls_why(const struct tls *tls, int err);

/**
 * tls_close() - free it; sends nothing, and leaves the socket open. NULL is none.
 */
void tls_close(struct tls *tls);

#endif
