// SPDX-License-Identifier: GPL-2.0-only
/*
 * The requests that make allocations, and keep or end them (RFC 8656, sections 7
 * and 8; RFC 6062, section 5.1).
 */
#include <string.h>

#include "acl.h"
#include "allocate_pending.h"
#include "allocation.h"
#include "allocation_keep.h"
#include "alternate.h"
#include "auth_user.h"
#include "config.h"
#include "mobility.h"
#include "relay_udp.h"
#include "relayed.h"
#include "server.h"
#include "session.h"
#include "stun.h"
#include "transaction.h"
#include "turn.h"
#include "worker.h"

#define EVEN_PORT_RESERVE 0x80		/* EVEN-PORT's R bit */

static const struct config *config_of(const struct transaction *transaction)
{
	return transaction->session->worker->config;
}

/* Nobody stays longer than his token is good (RFC 7635, section 9). */
static uint32_t get_token_lifetime(const struct transaction *transaction)
{
	const struct auth_user *user = transaction->user;
	time_t left;

	if (!user || !auth_user_has_token(user))
		return UINT32_MAX;
	left = user->token.ends - time(NULL);
	return left > 1 ? left : 1;
}

/*
 * The lifetime that a request asks for, within our bounds (RFC 8656, 7.2, 8.2).
 * Zero is zero in a Refresh, and the default in an Allocate.
 */
static unsigned int get_lifetime(const struct transaction *transaction,
				 const struct stun_message *msg, uint32_t *lifetime)
{
	const uint32_t max = config_of(transaction)->max_allocate_lifetime;
	const uint32_t token = get_token_lifetime(transaction);
	struct stun_attr attr;

	*lifetime = ALLOCATION_LIFETIME;
	if (stun_find(msg, STUN_ATTR_LIFETIME, &attr) && stun_attr_u32(&attr, lifetime))
		return 400;
	if (!*lifetime && transaction->method == STUN_REFRESH)
		return 0;
	if (*lifetime < ALLOCATION_LIFETIME)
		*lifetime = ALLOCATION_LIFETIME;
	if (*lifetime > max)
		*lifetime = max;
	if (*lifetime > token)
		*lifetime = token;
	return 0;
}

/* REQUESTED-TRANSPORT and the address families: one octet and three reserved. */
static unsigned int get_octet(const struct stun_message *msg, uint16_t type, uint8_t *value)
{
	struct stun_attr attr;
	uint32_t word;

	if (!stun_find(msg, type, &attr) || stun_attr_u32(&attr, &word))
		return 400;
	*value = word >> 24;
	return 0;
}

static unsigned int get_family(const struct stun_message *msg, uint16_t type,
			       sa_family_t *family)
{
	uint8_t value;

	if (get_octet(msg, type, &value))
		return 400;
	if (value != STUN_FAMILY_IPV4 && value != STUN_FAMILY_IPV6)
		return 440;
	*family = value == STUN_FAMILY_IPV4 ? AF_INET : AF_INET6;
	return 0;
}

/* RFC 8656, 7.2, check 3; RFC 6062, 5.1, 1 and 2. Each says another code. */
static unsigned int check_transport(const struct transaction *transaction, uint8_t transport)
{
	const struct config *config = config_of(transaction);

	switch (transport) {
	case IPPROTO_UDP:
		return config->no_udp_relay ? 403 : 0;
	case IPPROTO_TCP:
		if (config->no_tcp_relay)
			return 442;
		return session_is_stream(transaction->session) ? 0 : 400;
	default:
		return 442;
	}
}

/* RFC 8656, 7.2, checks 5 and 8, and what is none of TCP's (RFC 6062, 5.1, 3). */
static unsigned int get_port(const struct stun_message *msg, struct allocation_request *request)
{
	struct stun_attr attr;

	if (stun_find(msg, STUN_ATTR_EVEN_PORT, &attr)) {
		if (attr.len != 1)
			return 400;
		request->even = true;
		request->reserve = attr.value[0] & EVEN_PORT_RESERVE;
	}
	if (stun_find(msg, STUN_ATTR_RESERVATION_TOKEN, &attr)) {
		if (attr.len != RESERVATION_TOKEN_LEN || request->even)
			return 400;
		request->token = attr.value;
	}
	if (request->transport == IPPROTO_TCP &&
	    (request->even || request->token || stun_find(msg, STUN_ATTR_DONT_FRAGMENT, NULL)))
		return 400;
	return 0;
}

/*
 * IPv4 (RFC 8656, 7.2), unless the operator has an old reason to do it otherwise; and if
 * he has no such relay-ip, as if he had not said so.
 */
static sa_family_t default_family(const struct transaction *transaction)
{
	const struct config *config = config_of(transaction);
	sa_family_t family = config->default_family;

	if (family == AF_UNSPEC)
		family = transaction->session->client.sa.sa_family;
	return relayed_supports(config, family) ? family : AF_INET;
}

/* RFC 8656, 7.2, checks 5 to 9 */
static unsigned int get_families(const struct transaction *transaction,
				 const struct stun_message *msg,
				 struct allocation_request *request)
{
	const struct config *config = config_of(transaction);
	bool requested = stun_find(msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, NULL);
	uint8_t value;
	unsigned int code = 0;

	request->additional = stun_find(msg, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, NULL);
	request->family = request->additional ? AF_INET : default_family(transaction);
	if (requested && request->additional)
		return 400;
	if (request->additional &&
	    (get_octet(msg, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, &value) ||
	     value != STUN_FAMILY_IPV6 || request->reserve))
		return 400;
	/* What is reserved has a family. */
	if (request->token)
		return requested || request->additional ? 400 : 0;
	if (requested)
		code = get_family(msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &request->family);
	if (!code && !request->additional && !relayed_supports(config, request->family))
		code = 440;
	return code;
}

static unsigned int get_request(const struct transaction *transaction,
				const struct stun_message *msg,
				struct allocation_request *request)
{
	unsigned int code;

	if (get_octet(msg, STUN_ATTR_REQUESTED_TRANSPORT, &request->transport))
		return 400;
	code = check_transport(transaction, request->transport);
	if (!code)
		code = get_port(msg, request);
	if (!code)
		code = get_families(transaction, msg, request);
	if (!code)
		code = get_lifetime(transaction, msg, &request->lifetime);
	if (!code)
		code = mobility_ask(transaction, msg, request);
	return code;
}

/* Two families were wanted, and one could not be had (RFC 8656, 18.12). */
static void add_address_error(struct stun_builder *b, sa_family_t family, unsigned int code)
{
	const uint8_t value[] = {
		family == AF_INET ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6, 0,
		code / 100, code % 100,
	};

	stun_add(b, STUN_ATTR_ADDRESS_ERROR_CODE, value, sizeof(value));
}

static void add_relayed(const struct transaction *transaction, struct stun_builder *b)
{
	const struct allocation *allocation = transaction->session->allocation;

	for (unsigned int i = 0; i < allocation->n_relayed; i++) {
		union addr relayed = allocation->relayed[i].addr;

		config_external_addr(config_of(transaction), &relayed);
		stun_add_xor_addr(b, STUN_ATTR_XOR_RELAYED_ADDRESS, &relayed);
	}
}

static void answer_allocate(const struct transaction *transaction,
			    const struct allocation_request *request)
{
	const struct session *session = transaction->session;
	struct response response;

	response_begin(&response, transaction);
	stun_add_u32(&response.b, STUN_ATTR_LIFETIME, request->lifetime);
	stun_add_xor_addr(&response.b, STUN_ATTR_XOR_MAPPED_ADDRESS, &session->client);
	add_relayed(transaction, &response.b);
	if (request->reserve)
		stun_add(&response.b, STUN_ATTR_RESERVATION_TOKEN, request->reserved,
			 sizeof(request->reserved));
	if (request->lacking)
		add_address_error(&response.b, request->lacking, request->lacking_code);
	mobility_add_ticket(session->allocation, &response.b);
	response_send(&response);
}

unsigned int turn_allocate_now(const struct transaction *transaction,
			       struct allocation_request *request)
{
	unsigned int code = transaction->session->allocation ? 437 : 0;

	if (!code)
		code = allocation_create(transaction, request);
	if (code)
		return code;
	allocation_keep(transaction->session->allocation);
	answer_allocate(transaction, request);
	return 0;
}

/*
 * The request that an allocation was made for, once more: the process that made it may have
 * died before it answered, and with it all answers to send again.
 */
static bool is_repeated(const struct transaction *transaction)
{
	const struct allocation *allocation = transaction->session->allocation;

	return allocation && allocation->inherited &&
	       auth_user_same(allocation->user, transaction->user) &&
	       !memcmp(allocation->transaction, transaction->id, sizeof(transaction->id));
}

static void answer_again(const struct transaction *transaction)
{
	const struct allocation *allocation = transaction->session->allocation;
	time_t left = allocation->relayed[0].expires - worker_now();
	const struct allocation_request request = { .lifetime = left > 0 ? left : 0 };

	answer_allocate(transaction, &request);
}

/* RFC 8656, 7.2, with the exceptions of RFC 6062, 5.1 */
unsigned int turn_allocate(const struct transaction *transaction,
			   const struct stun_message *msg)
{
	struct allocation_request request = { 0 };
	unsigned int code;

	/* It is answered soon. */
	if (allocate_pending_is(transaction))
		return 0;
	if (is_repeated(transaction)) {
		answer_again(transaction);
		return 0;
	}
	if (transaction->session->allocation || transaction->session->pending)
		return 437;
	code = get_request(transaction, msg, &request);
	if (!code && acl_is_tunnelled(&config_of(transaction)->acl, &transaction->session->client))
		code = 403;
	/* What a token stands for is held here. */
	if (!code && !request.token && alternate_redirect(transaction))
		return 0;
	if (!code && atomic_load(&transaction->session->worker->server->drain.draining))
		code = 508;
	if (code || allocate_pending_begin(transaction, &request))
		return code;
	return turn_allocate_now(transaction, &request);
}

/* RFC 8656, 8.1: of an allocation with two families each can be meant alone. */
static unsigned int get_refreshed(const struct stun_message *msg,
				  const struct allocation *allocation, sa_family_t *family)
{
	*family = AF_UNSPEC;
	if (!stun_find(msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, NULL))
		return 0;
	if (get_family(msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, family) ||
	    !allocation_has_family(allocation, *family))
		return 443;
	return 0;
}

/*
 * The allocation of the session, or that of a ticket: it moves, once all is checked
 * (RFC 8016, 3.2.2).
 */
static unsigned int find_refreshed(const struct transaction *transaction,
				   const struct stun_message *msg, bool *moves,
				   struct allocation **allocation)
{
	struct stun_attr ticket;

	*moves = stun_find(msg, STUN_ATTR_MOBILITY_TICKET, &ticket);
	if (*moves)
		return mobility_find(transaction, &ticket, allocation);
	*allocation = transaction->session->allocation;
	return 0;
}

/* RFC 8656, 8.2 */
unsigned int turn_refresh(const struct transaction *transaction,
			  const struct stun_message *msg)
{
	struct allocation *allocation;
	struct response response;
	sa_family_t family;
	uint32_t lifetime;
	unsigned int code;
	bool moves;

	code = find_refreshed(transaction, msg, &moves, &allocation);
	if (!code)
		code = get_refreshed(msg, allocation, &family);
	if (!code)
		code = get_lifetime(transaction, msg, &lifetime);
	if (code)
		return code;
	moves &= lifetime > 0;
	if (moves)
		mobility_move(allocation, transaction->session);
	if (lifetime) {
		allocation_renew_user(allocation, transaction->user);
		allocation_refresh(allocation, family, lifetime);
	} else {
		allocation_end(allocation, family, "refresh with lifetime 0");
	}
	if (lifetime)
		allocation_keep(allocation);
	response_begin(&response, transaction);
	stun_add_u32(&response.b, STUN_ATTR_LIFETIME, lifetime);
	if (moves)
		mobility_add_ticket(allocation, &response.b);
	response_send(&response);
	return 0;
}
