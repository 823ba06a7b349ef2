/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What udp.c, udp_receive.c and udp_send.c share.
 */
#ifndef KTURN_UDP_INTERNAL_H
#define KTURN_UDP_INTERNAL_H

#include "udp.h"

struct udp_in;
struct udp_out;

/**
 * struct udp_io - the batches of a loop
 * @segments: the kernel may join datagrams that come, and cut those that go
 * @in: what comes
 * @out: what goes
 */
struct udp_io {
	struct event_base *base;
	bool segments;
	struct udp_in *in;
	struct udp_out *out;
};

/**
 * udp_in_new() - memory for a batch
 *
 * Return: NULL without memory.
 */
struct udp_in *udp_in_new(void);

void udp_in_free(struct udp_in *in);

/**
 * udp_receive() - take one batch off a socket, and send what comes of it
 */
void udp_receive(struct udp_socket *socket);

/**
 * udp_out_new() - an empty batch
 *
 * Return: NULL without memory.
 */
struct udp_out *udp_out_new(void);

void udp_out_free(struct udp_out *out);

/**
 * udp_flush_socket() - send what is in the batch if it is of this socket
 */
void udp_flush_socket(struct udp_socket *socket);

#endif
