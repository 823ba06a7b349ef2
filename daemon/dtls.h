/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DTLS 1.2 with a client (RFC 6347), for sessions over UDP. It has no socket: it is
 * fed with datagrams, one at a time, and gives those that it has to send to its owner.
 */
#ifndef KTURN_DTLS_H
#define KTURN_DTLS_H

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* First bytes of records; neither STUN nor ChannelData begin so (RFC 7983). */
#define DTLS_FIRST_BYTE_MIN	20
#define DTLS_FIRST_BYTE_MAX	63

#define DTLS_PATIENCE	15000	/* ms for a handshake */

struct tls_server;

/**
 * typedef dtls_send_fn - send a datagram; @data stays only as long as the call takes
 */
typedef void (*dtls_send_fn)(const void *data, size_t len, void *arg);

/**
 * struct dtls - an association, to be embedded; its members are dtls.c's own
 * @server: what it has begun with
 * @session: GnuTLS
 * @ready: the handshake is done
 * @failed: it has come to its end: nothing more can be sent
 * @in: what of the datagram GnuTLS has not read yet
 * @in_len: bytes of it
 * @dry: it has asked for more
 * @why: what went wrong
 */
struct dtls {
	struct tls_server *server;
	gnutls_session_t session;
	dtls_send_fn send;
	void *arg;
	bool ready, failed;
	const uint8_t *in;
	size_t in_len;
	bool dry;
	char why[160];
};

/**
 * dtls_open() - begin with a client whose cookie was right
 * @prestate: what dtls_cookie_check() gave; the same ClientHello is fed next
 *
 * Return: 0 or -ENOMEM.
 */
int dtls_open(struct dtls *dtls, struct tls_server *server,
	      gnutls_dtls_prestate_st *prestate, dtls_send_fn send, void *arg);

/**
 * dtls_feed() - a datagram has come
 *
 * It is read by the next calls of dtls_handshake() and dtls_recv().
 */
void dtls_feed(struct dtls *dtls, const uint8_t *data, size_t len);

/**
 * dtls_handshake() - go on with the handshake
 *
 * Also to be called after dtls_timeout() without a datagram: then it sends what may
 * have been lost once more.
 *
 * Return: 0 when it is done, -EAGAIN while the client has to say more, or -EPROTO or
 * -ECONNABORTED, see dtls->why, also when it has taken longer than DTLS_PATIENCE.
 */
int dtls_handshake(struct dtls *dtls);

/**
 * dtls_timeout() - milliseconds until dtls_handshake() wants to be called; not 0
 */
unsigned int dtls_timeout(const struct dtls *dtls);

/**
 * dtls_began_with() - tell whether a ClientHello belongs to this very handshake
 * @random: its 32 bytes
 */
bool dtls_began_with(const struct dtls *dtls, const uint8_t *random);

/**
 * dtls_recv() - receive the payload of one record
 * @buf: may be where the datagram is, or behind what came out of it before
 *
 * What is no record of this association, or comes a second time, is passed over.
 *
 * Return: the number of bytes; -EAGAIN when the datagram has no more; 0 at the end,
 * which is a close_notify; or -EPROTO or -ECONNABORTED, see dtls->why.
 */
ssize_t dtls_recv(struct dtls *dtls, void *buf, size_t len);

/**
 * dtls_send() - send payload as one record, or lose it
 *
 * What is longer than a record, 16 KiB with all that belongs to it, is lost.
 */
void dtls_send(struct dtls *dtls, const void *data, size_t len);

/**
 * dtls_close() - say close_notify to a client who would understand it, and free all
 */
void dtls_close(struct dtls *dtls);

#endif
