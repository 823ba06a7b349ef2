// SPDX-License-Identifier: GPL-2.0-only
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "config.h"
#include "counters.h"
#include "relay_udp.h"
#include "session.h"
#include "stun.h"
#include "worker.h"

#define ADDR_ATTR_LEN(ip_len) (STUN_ATTR_HEADER_LEN + 4 + (ip_len))

/* Of a Data indication, all that comes before the data. */
#define DATA_HEAD_LEN(ip_len) \
	(STUN_HEADER_LEN + ADDR_ATTR_LEN(ip_len) + STUN_ATTR_HEADER_LEN)

/* One that tells of ICMP. */
#define ICMP_INDICATION_MAX \
	(STUN_HEADER_LEN + ADDR_ATTR_LEN(16) + STUN_ATTR_HEADER_LEN + 8)

_Static_assert(DATA_HEAD_LEN(16) <= UDP_HEADROOM, "room for the head of a Data indication");

/* The header goes before the data in place. Streams want the padding. */
static void send_channel_data(struct session *session, uint16_t number,
			      const struct datagram *datagram)
{
	uint8_t *head = datagram->data - CHANNEL_HEADER_LEN;
	size_t len = CHANNEL_HEADER_LEN + datagram->len;

	head[0] = number >> 8;
	head[1] = number;
	head[2] = datagram->len >> 8;
	head[3] = datagram->len;
	if (session_is_stream(session))
		for (; len & 3; len++)
			head[len] = 0;
	session_send_data(session, head, len);
}

static void send_indication(struct session *session, const struct datagram *datagram)
{
	uint8_t transaction[STUN_TRANSACTION_LEN], *head;
	struct stun_builder b;
	size_t len;

	addr_ip(&datagram->remote, &len);
	head = datagram->data - DATA_HEAD_LEN(len);
	if (gnutls_rnd(GNUTLS_RND_NONCE, transaction, sizeof(transaction)))
		return;
	stun_begin(&b, head, DATA_HEAD_LEN(len) + datagram->len + UDP_TAILROOM, STUN_INDICATION,
		   STUN_DATA, transaction);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &datagram->remote);
	stun_add_in_place(&b, STUN_ATTR_DATA, datagram->len);
	if (session->worker->config->fingerprint)
		stun_add_fingerprint(&b);
	/* A datagram of IPv6 may be too long for it. */
	len = stun_end(&b);
	if (len)
		session_send_data(session, head, len);
}

/* Most allocations have no limit, and then nobody looks at the clock. */
static bool may_pass(const struct allocation *allocation, struct policer *policer, size_t len)
{
	if (!allocation->bps || policer_pass(policer, allocation->bps, len, policer_now()))
		return true;
	count(COUNT_DROPPED_RATE);
	return false;
}

static bool is_let_in(const struct allocation *allocation, const union addr *peer, time_t now)
{
	if (permissions_allow(&allocation->permissions, peer, now))
		return true;
	count(COUNT_DROPPED_PERMISSION);
	return false;
}

/* RFC 8656, 11.3 */
static void on_datagram(const struct datagram *datagram, void *arg)
{
	const struct relay_udp *relay = arg;
	struct allocation *allocation = relay->allocation;
	time_t now = worker_now();
	uint16_t number;

	if (!is_let_in(allocation, &datagram->remote, now) ||
	    !may_pass(allocation, &allocation->police_to_client, datagram->len))
		return;
	allocation->to_client += datagram->len;
	count(COUNT_UDP_PACKETS_TO_CLIENT);
	count_many(COUNT_UDP_BYTES_TO_CLIENT, datagram->len);
	number = channels_number(&allocation->channels, &datagram->remote, now);
	if (number)
		send_channel_data(allocation->session, number, datagram);
	else
		send_indication(allocation->session, datagram);
}

/* RFC 8656, 18.13 */
static void add_icmp(struct stun_builder *b, const struct udp_error *error)
{
	const uint8_t value[] = {
		0, 0, error->type, error->code,
		error->mtu >> 24, error->mtu >> 16, error->mtu >> 8, error->mtu,
	};

	stun_add(b, STUN_ATTR_ICMP, value, sizeof(value));
}

static void send_icmp(struct session *session, const struct udp_error *error)
{
	uint8_t transaction[STUN_TRANSACTION_LEN], buf[ICMP_INDICATION_MAX];
	struct stun_builder b;

	if (gnutls_rnd(GNUTLS_RND_NONCE, transaction, sizeof(transaction)))
		return;
	stun_begin(&b, buf, sizeof(buf), STUN_INDICATION, STUN_DATA, transaction);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &error->remote);
	add_icmp(&b, error);
	session_send_data(session, buf, stun_end(&b));
	/* Its memory is gone soon. */
	udp_flush(session->worker->udp);
}

/* RFC 8656, 11.5: the peer has to have a permission, not who has sent the ICMP packet. */
static void on_error(const struct udp_error *error, void *arg)
{
	const struct relay_udp *relay = arg;
	struct allocation *allocation = relay->allocation;

	if (permissions_allow(&allocation->permissions, &error->remote, worker_now()) &&
	    may_pass(allocation, &allocation->police_to_client, ICMP_INDICATION_MAX))
		send_icmp(allocation->session, error);
}

struct relay_udp *relay_udp_open(struct allocation *allocation, int fd,
				 const union addr *addr)
{
	struct udp_io *io = allocation->session->worker->udp;
	struct relay_udp *relay = calloc(1, sizeof(*relay));

	if (!relay)
		return NULL;
	relay->allocation = allocation;
	if (udp_open(&relay->socket, io, fd, addr, on_datagram, relay)) {
		free(relay);
		return NULL;
	}
	/* Without them datagrams get lost as IP loses them: in silence. */
	udp_watch_errors(&relay->socket, on_error);
	return relay;
}

void relay_udp_send(struct relay_udp *relay, const union addr *peer, const void *data,
		    size_t len, bool dont_fragment)
{
	struct allocation *allocation = relay->allocation;

	if (!may_pass(allocation, &allocation->police_to_peer, len))
		return;
	udp_set_dont_fragment(&relay->socket, dont_fragment);
	udp_send(&relay->socket, peer, &relay->socket.addr, data, len);
	allocation->to_peer += len;
	count(COUNT_UDP_PACKETS_TO_PEER);
	count_many(COUNT_UDP_BYTES_TO_PEER, len);
}

void relay_udp_close(struct relay_udp *relay)
{
	udp_close(&relay->socket);
	free(relay);
}
