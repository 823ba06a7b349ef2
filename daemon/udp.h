/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UDP sockets on a loop. A system call takes in, or sends, as many datagrams as
 * there are, up to a batch; what one batch has brought in is sent on before its
 * memory takes the next. On their way through the kernel datagrams may be joined, which
 * nobody sees but here: those that come in are told apart again.
 */
#ifndef KTURN_UDP_H
#define KTURN_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "udp_error.h"

#define UDP_PAYLOAD_MAX	65507	/* bytes, over IPv4; jumbograms are nobody's wish */

/* Writable bytes around a received payload: a header may go before it in place. */
#define UDP_HEADROOM	64
#define UDP_TAILROOM	12	/* padding, and a FINGERPRINT */

struct event;
struct event_base;
struct udp_io;
struct udp_socket;

/**
 * struct datagram - one that has arrived
 * @remote: who has sent it
 * @local: where it was sent to
 * @data: its payload, with UDP_HEADROOM and UDP_TAILROOM around it
 */
struct datagram {
	union addr remote, local;
	uint8_t *data;
	size_t len;
};

/**
 * typedef udp_receive_fn - take a datagram; its memory stays until udp_flush()
 *
 * Must not close the socket that it has come by.
 */
typedef void (*udp_receive_fn)(const struct datagram *datagram, void *arg);

/**
 * struct udp_socket - to be embedded; its members are udp.c's own
 */
struct udp_socket {
	struct udp_io *io;
	int fd;
	union addr addr;
	struct event *readable;
	udp_receive_fn receive;
	udp_error_fn failed;
	void *arg;
	bool dont_fragment;
	unsigned int one_by_one;	/* so many datagrams, as joined ones were refused */
};

/**
 * udp_io_new() - the batches of a loop
 * @segments: let the kernel join and cut datagrams (GRO, GSO), if it can
 *
 * Return: NULL without memory.
 */
struct udp_io *udp_io_new(struct event_base *base, bool segments);

/**
 * udp_io_free() - free them, when every socket is closed; NULL is fine
 */
void udp_io_free(struct udp_io *io);

enum udp_share {
	UDP_ALONE,	/* nobody else may have the address */
	UDP_FIRST,	/* nobody has it yet, others may join */
	UDP_JOIN,	/* join them: the kernel gives each client to one of us */
};

/**
 * udp_bind() - make a non-blocking UDP socket
 * @addr: an IP address or the one for any, and a port
 *
 * What it sends may be fragmented on its way (RFC 8656, 14: DF is 0).
 *
 * Return: the socket; -EADDRINUSE if somebody has the port, or another negative
 * errno.
 */
int udp_bind(const union addr *addr, enum udp_share share);

/**
 * udp_open() - take a socket of udp_bind() over, and begin to receive
 * @addr: as bound
 *
 * Return: 0 or a negative errno; then @fd is still the caller's.
 */
int udp_open(struct udp_socket *socket, struct udp_io *io, int fd, const union addr *addr,
	     udp_receive_fn receive, void *arg);

/**
 * udp_watch_errors() - be told which datagrams have not arrived, and why
 * @failed: gets what @receive gets as @arg
 *
 * Return: 0 or a negative errno.
 */
int udp_watch_errors(struct udp_socket *socket, udp_error_fn failed);

/**
 * udp_send() - put a datagram into the batch that goes out next
 * @from: the IP address to send from, where the socket has several
 * @data: has to stay until udp_flush()
 *
 * A datagram that the kernel does not take is lost, as it may be on its way.
 */
void udp_send(struct udp_socket *socket, const union addr *to, const union addr *from,
	      const void *data, size_t len);

/**
 * udp_send_copy() - the same for @data that only stays as long as the call takes
 */
void udp_send_copy(struct udp_socket *socket, const union addr *to, const union addr *from,
		   const void *data, size_t len);

/**
 * udp_set_dont_fragment() - have the datagrams to come sent whole or not at all, or as
 * usual
 */
void udp_set_dont_fragment(struct udp_socket *socket, bool on);

/**
 * udp_flush() - send what is in the batch
 *
 * Whoever calls udp_send() outside of a udp_receive_fn has to.
 */
void udp_flush(struct udp_io *io);

/**
 * udp_close() - close the socket, when what was put into the batch is out
 */
void udp_close(struct udp_socket *socket);

#endif
