/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client of UDP allocations, message by message: over UDP, or over the stream
 * that the other tests use.
 */
#ifndef KTURN_TALK_H
#define KTURN_TALK_H

#include "wire.h"

#define TALK_MAX 65536

/**
 * struct talk - one client
 * @turn: its socket and credentials
 * @stream: over TCP or TLS
 * @dtls: over DTLS
 * @out: the message under construction
 * @msg: the latest STUN message that has come
 * @in: the latest message that has come, of @len bytes
 */
struct talk {
	struct turn turn;
	bool stream, dtls;
	struct stun_builder out;
	struct stun_message msg;
	size_t len;
	uint8_t room[TALK_MAX], in[TALK_MAX];
};

/**
 * talk_open() - a client that the server has challenged already
 */
int talk_open(struct talk *t, const struct wire *wire);

/**
 * talk_begin() - begin a request or an indication; attributes go to @t->out
 */
void talk_begin(struct talk *t, enum stun_class class, uint16_t method);

/**
 * talk_say() - send it as it is
 */
int talk_say(struct talk *t);

/**
 * talk_ask() - sign it, send it, and wait for the response
 *
 * Return: 0, the error code of the response, or a negative errno.
 */
int talk_ask(struct talk *t);

/**
 * talk_hear() - receive a message of any kind
 *
 * Return: 0 or a negative errno.
 */
int talk_hear(struct talk *t, int timeout_ms);

/**
 * talk_allocate() - ask for a UDP allocation
 * @family: AF_INET or AF_INET6
 */
int talk_allocate(struct talk *t, int family);

/**
 * talk_relayed() - read XOR-RELAYED-ADDRESS number @i of the latest message
 */
int talk_relayed(const struct talk *t, unsigned int i, union addr *addr);

/**
 * talk_permit() - CreatePermission for one peer
 */
int talk_permit(struct talk *t, const union addr *peer);

/**
 * talk_bind() - ChannelBind
 */
int talk_bind(struct talk *t, uint16_t number, const union addr *peer);

/**
 * talk_refresh() - Refresh
 * @family: of what is meant; AF_UNSPEC for all
 */
int talk_refresh(struct talk *t, uint32_t lifetime, int family);

/**
 * talk_send() - a Send indication
 */
int talk_send(struct talk *t, const union addr *peer, const void *data, size_t len);

/**
 * talk_send_whole() - a Send indication with DONT-FRAGMENT
 */
int talk_send_whole(struct talk *t, const union addr *peer, const void *data, size_t len);

/**
 * talk_channel() - a ChannelData message
 */
int talk_channel(struct talk *t, uint16_t number, const void *data, size_t len);

/**
 * talk_hear_data() - wait for a Data indication from a peer, with this data
 */
int talk_hear_data(struct talk *t, const union addr *peer, const void *data, size_t len);

/**
 * talk_hear_icmp() - wait for a Data indication of what ICMP says of a peer
 */
int talk_hear_icmp(struct talk *t, const union addr *peer, uint8_t type, uint8_t code,
		   uint32_t mtu);

/**
 * talk_hear_channel() - wait for ChannelData, with this data
 */
int talk_hear_channel(struct talk *t, uint16_t number, const void *data, size_t len);

/**
 * talk_peer() - a peer's UDP socket
 * @at: gets the port
 */
int talk_peer(union addr *at);

/**
 * talk_peer_hears() - wait for a datagram from an address, with this data
 */
int talk_peer_hears(int fd, const union addr *from, const void *data, size_t len);

/**
 * talk_is_quiet() - check that nothing comes on a socket
 */
int talk_is_quiet(int fd);

#endif
