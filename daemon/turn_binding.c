// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding requests (RFC 8489, 6.3.1.1), and what they can find out about the NATs on
 * their way (RFC 5780): they may ask for an answer from another address of ours, to
 * another port of theirs, or for one so long that it is fragmented.
 *
 * Whoever forges the address of a request has the answer sent to somebody else. It
 * goes to the IP address that the request came from, whatever it asks for, and no
 * padding is longer than the request's.
 */
#include <string.h>

#include "config.h"
#include "listener_udp.h"
#include "session.h"
#include "stun.h"
#include "transaction.h"
#include "turn.h"
#include "udp.h"
#include "worker.h"

#define CHANGE_IP	0x4
#define CHANGE_PORT	0x2
#define PADDING_MAX	1500	/* the usual MTU: with the headers, two fragments */

/* Where a request came to, and our other address, of which nothing is the same. */
struct doors {
	union addr here, other;
};

/* What a request asks for. */
struct wish {
	uint32_t change;
	union addr to;
	bool padded;
	size_t padding;
};

static const struct config *config_of(const struct session *session)
{
	return session->worker->config;
}

static uint16_t other_port(const struct config *config, uint16_t port)
{
	if (port == config->listening_port)
		return config->alt_listening_port;
	if (port == config->alt_listening_port)
		return config->listening_port;
	if (port == config->tls_listening_port)
		return config->alt_tls_listening_port;
	return port == config->alt_tls_listening_port ? config->tls_listening_port : 0;
}

/* Return: whether there is one; else nobody is told that he could ask for it. */
static bool find_doors(const struct session *session, struct doors *doors)
{
	const struct config *config = config_of(session);
	uint16_t port = other_port(config, addr_port(&session->server));

	if (!config->rfc5780 || !port ||
	    !config_other_ip(config, &session->server, &doors->other))
		return false;
	doors->here = session->server;
	addr_set_port(&doors->other, port);
	return true;
}

/* Only there does an answer not have to come back by the way of its request. */
static bool may_change(const struct session *session)
{
	struct doors doors;

	return !session_is_stream(session) && !session_is_secure(session) &&
	       find_doors(session, &doors);
}

bool turn_binding_understands(const struct session *session, uint16_t type)
{
	switch (type) {
	case STUN_ATTR_CHANGE_REQUEST:
	case STUN_ATTR_PADDING:
	case STUN_ATTR_RESPONSE_PORT:
		return may_change(session);
	default:
		return false;
	}
}

/* 16 bits, and two octets that may count as padding or as a part of it. */
static unsigned int get_response_port(const struct stun_attr *attr, struct wish *wish)
{
	uint16_t port;

	if (attr->len != 2 && attr->len != 4)
		return 400;
	port = attr->value[0] << 8 | attr->value[1];
	if (!port || wish->padded)
		return 400;
	addr_set_port(&wish->to, port);
	return 0;
}

static unsigned int get_wish(const struct session *session, const struct stun_message *msg,
			     struct wish *wish)
{
	struct stun_attr attr;

	*wish = (struct wish){ .to = session->client };
	if (stun_find(msg, STUN_ATTR_CHANGE_REQUEST, &attr) &&
	    stun_attr_u32(&attr, &wish->change))
		return 400;
	wish->padded = stun_find(msg, STUN_ATTR_PADDING, &attr);
	if (wish->padded)
		wish->padding = attr.len < PADDING_MAX ? attr.len : PADDING_MAX;
	if (stun_find(msg, STUN_ATTR_RESPONSE_PORT, &attr))
		return get_response_port(&attr, wish);
	return 0;
}

/* RFC 5780, 6.1, table 1 */
static void choose_origin(const struct doors *doors, uint32_t change, union addr *origin)
{
	*origin = change & CHANGE_IP ? doors->other : doors->here;
	addr_set_port(origin, addr_port(change & CHANGE_PORT ? &doors->other : &doors->here));
}

/* As it is known outside. */
static void add_our_addr(struct response *response, uint16_t type, const union addr *addr)
{
	union addr outside = *addr;

	config_external_addr(config_of(response->transaction->session), &outside);
	stun_add_addr(&response->b, type, &outside);
}

static void add_discovery(struct response *response, const struct doors *doors,
			  const union addr *origin, const struct wish *wish)
{
	static const uint8_t zeros[PADDING_MAX];

	stun_add_addr(&response->b, STUN_ATTR_MAPPED_ADDRESS,
		      &response->transaction->session->client);
	add_our_addr(response, STUN_ATTR_RESPONSE_ORIGIN, origin);
	add_our_addr(response, STUN_ATTR_OTHER_ADDRESS, &doors->other);
	if (wish->padded)
		stun_add(&response->b, STUN_ATTR_PADDING, zeros, wish->padding);
}

/* By another socket than the request came by, or to another port. */
static unsigned int send_aside(struct response *response, const union addr *origin,
			       const union addr *to)
{
	struct worker *worker = response->transaction->session->worker;
	struct udp_socket *socket = listeners_udp_find(worker, origin);
	size_t len = socket ? response_finish(response) : 0;

	if (!socket)
		return 500;
	if (len) {
		trace_message_at(response->transaction->session, TRACE_OUT, to, origin,
				 response->buf, len);
		udp_send(socket, to, origin, response->buf, len);
		udp_flush(worker->udp);
	}
	return 0;
}

static unsigned int discover(struct response *response, const struct doors *doors,
			     const struct stun_message *msg)
{
	const struct session *session = response->transaction->session;
	union addr origin;
	struct wish wish;
	unsigned int code = get_wish(session, msg, &wish);

	if (code)
		return code;
	choose_origin(doors, wish.change, &origin);
	add_discovery(response, doors, &origin, &wish);
	if (!addr_equal(&origin, &session->server) || !addr_equal(&wish.to, &session->client))
		return send_aside(response, &origin, &wish.to);
	response_send(response);
	return 0;
}

unsigned int turn_binding(const struct transaction *transaction,
			  const struct stun_message *msg)
{
	const struct session *session = transaction->session;
	struct response response;
	struct doors doors;

	response_begin(&response, transaction);
	stun_add_xor_addr(&response.b, STUN_ATTR_XOR_MAPPED_ADDRESS, &session->client);
	if (find_doors(session, &doors))
		return discover(&response, &doors, msg);
	response_send(&response);
	return 0;
}
