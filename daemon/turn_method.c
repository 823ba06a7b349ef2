// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "acl.h"
#include "allocation.h"
#include "auth_user.h"
#include "config.h"
#include "connection.h"
#include "log.h"
#include "relayed.h"
#include "session.h"
#include "stun.h"
#include "transaction.h"
#include "turn.h"
#include "worker.h"

static const struct config *config_of(const struct transaction *transaction)
{
	return transaction->session->worker->config;
}

/* RFC 8489, 6.3.1.1 */
unsigned int turn_binding(const struct transaction *transaction,
			  const struct stun_message *msg)
{
	struct response response;

	(void)msg;
	response_begin(&response, transaction);
	stun_add_xor_addr(&response.b, STUN_ATTR_XOR_MAPPED_ADDRESS,
			  &transaction->session->client);
	response_send(&response);
	return 0;
}

/*
 * The lifetime that a request asks for, within our bounds (RFC 8656, 7.2, 8.2).
 * Zero is zero in a Refresh, and the default in an Allocate.
 */
static unsigned int get_lifetime(const struct transaction *transaction,
				 const struct stun_message *msg, uint32_t *lifetime)
{
	const uint32_t max = config_of(transaction)->max_allocate_lifetime;
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

static bool wants_datagrams(const struct stun_message *msg)
{
	return stun_find(msg, STUN_ATTR_DONT_FRAGMENT, NULL) ||
	       stun_find(msg, STUN_ATTR_EVEN_PORT, NULL) ||
	       stun_find(msg, STUN_ATTR_RESERVATION_TOKEN, NULL);
}

/* RFC 8656, 7.2, checks 6, 7 and 9 */
static unsigned int get_family(const struct stun_message *msg, const struct config *config,
			       sa_family_t *family, bool *additional)
{
	uint8_t value = STUN_FAMILY_IPV4;
	bool requested = stun_find(msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, NULL);

	*additional = stun_find(msg, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, NULL);
	if (requested && *additional)
		return 400;
	if (*additional && (get_octet(msg, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, &value) ||
			    value != STUN_FAMILY_IPV6))
		return 400;
	value = STUN_FAMILY_IPV4;
	if (requested && get_octet(msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &value))
		return 400;
	if (value != STUN_FAMILY_IPV4 && value != STUN_FAMILY_IPV6)
		return 440;
	*family = value == STUN_FAMILY_IPV4 ? AF_INET : AF_INET6;
	return relayed_supports(config, *family) ? 0 : 440;
}

/* A TCP allocation has one family; say so when two were wanted (RFC 8656, 18.12). */
static void add_address_error(struct stun_builder *b)
{
	static const uint8_t value[] = { STUN_FAMILY_IPV6, 0, 4, 40 };

	stun_add(b, STUN_ATTR_ADDRESS_ERROR_CODE, value, sizeof(value));
}

static void answer_allocate(const struct transaction *transaction, bool additional)
{
	const struct session *session = transaction->session;
	const struct allocation *allocation = session->allocation;
	union addr relayed = allocation->relayed;
	struct response response;

	config_external_addr(config_of(transaction), &relayed);
	response_begin(&response, transaction);
	stun_add_u32(&response.b, STUN_ATTR_LIFETIME, allocation->lifetime);
	stun_add_xor_addr(&response.b, STUN_ATTR_XOR_MAPPED_ADDRESS, &session->client);
	stun_add_xor_addr(&response.b, STUN_ATTR_XOR_RELAYED_ADDRESS, &relayed);
	if (additional)
		add_address_error(&response.b);
	response_send(&response);
}

/* RFC 8656, 7.2, with the exceptions of RFC 6062, 5.1 */
unsigned int turn_allocate(const struct transaction *transaction,
			   const struct stun_message *msg)
{
	uint32_t lifetime;
	sa_family_t family;
	uint8_t protocol;
	bool additional;
	unsigned int code;

	if (transaction->session->allocation)
		return 437;
	if (get_octet(msg, STUN_ATTR_REQUESTED_TRANSPORT, &protocol))
		return 400;
	if (protocol != IPPROTO_TCP || config_of(transaction)->no_tcp_relay)
		return 442;
	if (!session_is_stream(transaction->session))
		return 400;
	if (wants_datagrams(msg))
		return 400;
	if (acl_is_tunnelled(&config_of(transaction)->acl, &transaction->session->client))
		return 403;
	code = get_family(msg, config_of(transaction), &family, &additional);
	if (!code)
		code = get_lifetime(transaction, msg, &lifetime);
	if (code)
		return code;
	code = allocation_create(transaction, family, lifetime);
	if (!code)
		answer_allocate(transaction, additional);
	return code;
}

static bool family_matches(const struct allocation *allocation, const struct stun_message *msg)
{
	bool v4 = allocation->relayed.sa.sa_family == AF_INET;
	uint8_t value;

	return !get_octet(msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &value) &&
	       value == (v4 ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6);
}

/* RFC 8656, 8.2 */
unsigned int turn_refresh(const struct transaction *transaction,
			  const struct stun_message *msg)
{
	struct allocation *allocation = transaction->session->allocation;
	struct response response;
	uint32_t lifetime;
	unsigned int code;

	if (stun_find(msg, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, NULL) &&
	    !family_matches(allocation, msg))
		return 443;
	code = get_lifetime(transaction, msg, &lifetime);
	if (code)
		return code;
	if (lifetime)
		allocation_refresh(allocation, lifetime);
	else
		allocation_delete(allocation, "refresh with lifetime 0");
	response_begin(&response, transaction);
	stun_add_u32(&response.b, STUN_ATTR_LIFETIME, lifetime);
	response_send(&response);
	return 0;
}

static unsigned int check_peer(const struct transaction *transaction, const union addr *peer)
{
	const struct allocation *allocation = transaction->session->allocation;
	char text[ADDR_STR_LEN];
	const char *rule;

	if (peer->sa.sa_family != allocation->relayed.sa.sa_family)
		return 443;
	rule = acl_refusal(&config_of(transaction)->acl, peer);
	if (!rule)
		return 0;
	log_verbose("peer forbidden", "allocation=%016" PRIx64 " peer=%s rule=%s",
		    allocation->id, addr_ip_str(peer, text), rule);
	return 403;
}

/*
 * All or nothing: every peer is checked before the first permission is made. @n
 * tells how many of them are new.
 */
static unsigned int check_peers(const struct transaction *transaction,
				const struct stun_message *msg, unsigned int *n)
{
	const struct allocation *allocation = transaction->session->allocation;
	union addr peer;
	unsigned int code = 400;

	*n = 0;
	stun_for_each_attr(msg, attr) {
		if (attr.type != STUN_ATTR_XOR_PEER_ADDRESS)
			continue;
		if (stun_attr_xor_addr(msg, &attr, &peer))
			return 400;
		/* A permission is for all ports; which one, the next request says. */
		addr_set_port(&peer, 0);
		code = check_peer(transaction, &peer);
		if (code)
			return code;
		*n += !permissions_know(&allocation->permissions, &peer);
	}
	return code;
}

/* RFC 8656, 10.2 */
unsigned int turn_create_permission(const struct transaction *transaction,
				    const struct stun_message *msg)
{
	struct permissions *permissions = &transaction->session->allocation->permissions;
	time_t now = worker_now();
	union addr peer;
	unsigned int n, code;

	code = check_peers(transaction, msg, &n);
	if (code)
		return code;
	if (!permissions_have_room(permissions, n, now))
		return 508;
	stun_for_each_attr(msg, attr) {
		if (attr.type != STUN_ATTR_XOR_PEER_ADDRESS)
			continue;
		if (stun_attr_xor_addr(msg, &attr, &peer) ||
		    permissions_install(permissions, &peer, now))
			return 508;
	}
	transaction_succeed(transaction);
	return 0;
}

/* Channels carry datagrams; there is nothing to bind one to on a TCP allocation. */
unsigned int turn_channel_bind(const struct transaction *transaction,
			       const struct stun_message *msg)
{
	(void)transaction, (void)msg;
	return 403;
}

/* RFC 6062, 5.2. A Connect request needs no permission, and installs none. */
unsigned int turn_connect(const struct transaction *transaction,
			  const struct stun_message *msg)
{
	struct allocation *allocation = transaction->session->allocation;
	struct stun_attr attr;
	union addr peer;
	unsigned int code;

	if (!stun_find(msg, STUN_ATTR_XOR_PEER_ADDRESS, &attr) ||
	    stun_attr_xor_addr(msg, &attr, &peer) || !addr_port(&peer))
		return 400;
	code = check_peer(transaction, &peer);
	if (code)
		return code;
	return connection_connect(allocation, &peer, transaction);
}

/* RFC 6062, 5.4 */
unsigned int turn_connection_bind(const struct transaction *transaction,
				  const struct stun_message *msg)
{
	struct session *session = transaction->session;
	struct connection *connection;
	struct stun_attr attr;
	uint32_t id;

	if (session->allocation)
		return 400;
	if (!stun_find(msg, STUN_ATTR_CONNECTION_ID, &attr) || stun_attr_u32(&attr, &id))
		return 400;
	connection = connection_find(session->worker, id);
	if (!connection)
		return 400;
	if (!auth_user_same(connection_user(connection), transaction->user))
		return 441;
	transaction_succeed(transaction);
	connection_claim(connection, session);
	return 0;
}
