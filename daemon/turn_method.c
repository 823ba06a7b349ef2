// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "acl.h"
#include "allocation.h"
#include "allocation_keep.h"
#include "auth_user.h"
#include "config.h"
#include "connection.h"
#include "log_who.h"
#include "session.h"
#include "stun.h"
#include "transaction.h"
#include "turn.h"
#include "worker.h"

static const struct config *config_of(const struct transaction *transaction)
{
	return transaction->session->worker->config;
}

unsigned int turn_check_peer(const struct transaction *transaction, const union addr *peer)
{
	const struct allocation *allocation = transaction->session->allocation;
	char text[ADDR_STR_LEN];
	const char *rule;

	if (!allocation_has_family(allocation, peer->sa.sa_family))
		return 443;
	rule = acl_refusal(&config_of(transaction)->acl, peer);
	if (!rule)
		return 0;
	log_allocation(allocation, "peer forbidden", "peer=%s rule=%s",
		       addr_ip_str(peer, text), rule);
	return 403;
}

/*
 * All or nothing: every peer is checked before the first permission is made. @n
 * tells for how many of them there is none now.
 */
static unsigned int check_peers(const struct transaction *transaction,
				const struct stun_message *msg, unsigned int *n)
{
	const struct allocation *allocation = transaction->session->allocation;
	union addr peer;
	unsigned int code = 400, left = allocation->permissions.max;

	*n = 0;
	stun_for_each_attr(msg, attr) {
		if (attr.type != STUN_ATTR_XOR_PEER_ADDRESS)
			continue;
		/* Thousands in one message would keep the others waiting. */
		if (!left--)
			return 508;
		if (stun_attr_xor_addr(msg, &attr, &peer))
			return 400;
		/* A permission is for all ports; which one, the next request says. */
		addr_set_port(&peer, 0);
		code = turn_check_peer(transaction, &peer);
		if (code)
			return code;
		/* One that has expired may make room for the others first. */
		*n += !permissions_allow(&allocation->permissions, &peer, worker_now());
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
	allocation_keep(transaction->session->allocation);
	transaction_succeed(transaction);
	return 0;
}

/* RFC 6062, 5.2. A Connect request needs no permission, and installs none. */
unsigned int turn_connect(const struct transaction *transaction,
			  const struct stun_message *msg)
{
	struct allocation *allocation = transaction->session->allocation;
	struct stun_attr attr;
	union addr peer;
	unsigned int code;

	/* To connect from there one has to have a TCP allocation. */
	if (allocation->transport != IPPROTO_TCP)
		return 437;
	if (!stun_find(msg, STUN_ATTR_XOR_PEER_ADDRESS, &attr) ||
	    stun_attr_xor_addr(msg, &attr, &peer) || !addr_port(&peer))
		return 400;
	code = turn_check_peer(transaction, &peer);
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
	if (!auth_user_same_credentials(connection_user(connection), transaction->user))
		return 441;
	transaction_succeed(transaction);
	connection_claim(connection, session);
	return 0;
}
