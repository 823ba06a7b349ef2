// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "alternate.h"
#include "auth_user.h"
#include "config.h"
#include "session.h"
#include "transaction.h"
#include "worker.h"

#define FNV_BASIS	2166136261u
#define FNV_PRIME	16777619u

/* FNV-1a: every server that has the same list has to come to the same number. */
static uint32_t hash(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		sum = (sum ^ *p++) * FNV_PRIME;
	return sum;
}

/*
 * Not the port, which is another one for the next server. By the user alone, those of
 * one name would all have one server; by the address alone, those of one office.
 */
static uint32_t lot_of(const struct transaction *transaction)
{
	const struct auth_user *user = transaction->user;
	uint32_t lot = FNV_BASIS;
	const uint8_t *ip;
	size_t len;

	ip = addr_ip(&transaction->session->client, &len);
	lot = hash(lot, ip, len);
	return user ? hash(lot, user->account, user->account_len) : lot;
}

static unsigned int transport_of(const struct session *session)
{
	if (session_is_secure(session))
		return ALTERNATE_TLS;
	return session_is_stream(session) ? ALTERNATE_TCP : ALTERNATE_UDP;
}

static bool fits(const struct alternate *alternate, unsigned int transport, sa_family_t family)
{
	return alternate->transports & transport && alternate->addr.sa.sa_family == family;
}

static const struct alternate *choose(const struct alternate *list, unsigned int transport,
				      sa_family_t family, uint32_t lot)
{
	const struct alternate *it;
	unsigned int n = 0;

	for (it = list; it; it = it->next)
		n += fits(it, transport, family);
	if (!n)
		return NULL;
	n = lot % n;
	for (it = list; !fits(it, transport, family) || n--; it = it->next)
		;
	return it;
}

/* The address that he has come to, as we know it or as it is known outside. */
static bool is_here(const struct session *session, const union addr *addr)
{
	const struct config *config = session->worker->config;
	union addr outside = session->server;
	uint16_t port = addr_port(addr);

	config_external_addr(config, &outside);
	if (!addr_same_ip(addr, &session->server) && !addr_same_ip(addr, &outside))
		return false;
	return port == addr_port(&session->server) || port == config->listening_port ||
	       ((config->tls || config->dtls) && port == config->tls_listening_port);
}

/*
 * A client of RFC 8489 checks the certificate for this name instead of ours; it is only
 * to be believed if it is signed (RFC 8489, 10).
 */
static void add_domain(struct response *response, const struct alternate *alternate)
{
	const struct transaction *transaction = response->transaction;

	if (*alternate->domain && transaction->signature.sha256 &&
	    session_is_secure(transaction->session))
		stun_add_string(&response->b, STUN_ATTR_ALTERNATE_DOMAIN, alternate->domain);
}

bool alternate_redirect(const struct transaction *transaction)
{
	const struct session *session = transaction->session;
	const struct alternate *list = session->worker->config->alternates, *first, *second;
	sa_family_t family = session->client.sa.sa_family;
	unsigned int transport = transport_of(session);
	uint32_t lot = lot_of(transaction);
	struct response response;

	first = choose(list, transport, family, lot);
	if (!first || is_here(session, &first->addr))
		return false;
	/* There is one domain for both. */
	second = choose(list, transport, family == AF_INET ? AF_INET6 : AF_INET, lot);
	response_begin_error(&response, transaction, 300);
	stun_add_addr(&response.b, STUN_ATTR_ALTERNATE_SERVER, &first->addr);
	if (second && !strcmp(first->domain, second->domain))
		stun_add_addr(&response.b, STUN_ATTR_ALTERNATE_SERVER, &second->addr);
	add_domain(&response, first);
	response_send(&response);
	return true;
}
