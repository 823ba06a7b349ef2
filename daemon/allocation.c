// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acceptor.h"
#include "allocation.h"
#include "allocation_keep.h"
#include "auth_user.h"
#include "config.h"
#include "connection.h"
#include "counters.h"
#include "history.h"
#include "log.h"
#include "log_who.h"
#include "mobility.h"
#include "quota_shared.h"
#include "relay_udp.h"
#include "relayed.h"
#include "server.h"
#include "session.h"
#include "transaction.h"
#include "worker.h"

static bool is_tcp(const struct allocation *allocation)
{
	return allocation->transport == IPPROTO_TCP;
}

static void log_created(const struct allocation *allocation)
{
	char who[LOG_WHO_LEN], relayed[2][ADDR_STR_LEN];
	bool both = allocation->n_relayed > 1;

	log_info("allocation created", "%s transport=%s relayed=%s%s%s lifetime_s=%lld",
		 log_who_allocation(who, allocation), is_tcp(allocation) ? "tcp" : "udp",
		 addr_str(&allocation->relayed[0].addr, relayed[0]), both ? "," : "",
		 both ? addr_str(&allocation->relayed[1].addr, relayed[1]) : "",
		 (long long)(allocation->relayed[0].expires - allocation->created));
}

static void log_deleted(const struct allocation *allocation, const char *why)
{
	char who[LOG_WHO_LEN];

	log_info("allocation deleted",
		 "%s reason=\"%s\" age_s=%lld connections=%u bytes_to_peer=%" PRIu64
		 " bytes_to_client=%" PRIu64, log_who_allocation(who, allocation), why,
		 (long long)(worker_now() - allocation->created), allocation->n_connections,
		 allocation->to_peer, allocation->to_client);
}

static void close_relayed(struct allocation *allocation, unsigned int i)
{
	const struct allocation_relayed *relayed = &allocation->relayed[i];
	struct server *server = allocation->session->worker->server;

	allocation_forget_relayed(allocation, i);
	if (relayed->udp)
		relay_udp_close(relayed->udp);
	relayed_release(relayed->udp ? server->relayed_udp : server->relayed, &relayed->addr);
	allocation->relayed[i] = allocation->relayed[--allocation->n_relayed];
}

/* One timer for both addresses: it waits for the one that expires first. */
static void start_timer(struct allocation *allocation)
{
	struct timeval timeout = { 0 };
	time_t first = allocation->relayed[0].expires;

	for (unsigned int i = 1; i < allocation->n_relayed; i++)
		if (allocation->relayed[i].expires < first)
			first = allocation->relayed[i].expires;
	/* The loop's clock may be some milliseconds behind. */
	timeout.tv_sec = first - worker_now();
	if (timeout.tv_sec < 1)
		timeout.tv_sec = 1;
	evtimer_add(allocation->expiry, &timeout);
}

static void on_expiry(evutil_socket_t fd, short what, void *arg)
{
	struct allocation *allocation = arg;
	time_t now = worker_now();
	unsigned int i = 0;

	(void)fd, (void)what;
	while (i < allocation->n_relayed && allocation->n_relayed > 1)
		if (allocation->relayed[i].expires <= now)
			close_relayed(allocation, i);
		else
			i++;
	if (allocation->relayed[0].expires > now) {
		start_timer(allocation);
		allocation_keep(allocation);
		return;
	}
	count(COUNT_ALLOCATION_EXPIRED);
	allocation_delete(allocation, "expired");
}

struct allocation *allocation_new(struct session *session, struct auth_user *user,
				  uint8_t transport)
{
	const struct config *config = session->worker->config;
	struct allocation *allocation = calloc(1, sizeof(*allocation));

	if (!allocation)
		return NULL;
	allocation->expiry = evtimer_new(session->worker->base, on_expiry, allocation);
	if (!allocation->expiry) {
		free(allocation);
		return NULL;
	}
	allocation->session = session;
	allocation->user = auth_user_get(user);
	allocation->transport = transport;
	allocation->created = worker_now();
	allocation->permissions.max = config->max_permissions;
	allocation->permissions.lifetime = config->permission_lifetime;
	allocation->channels.last = config->rfc5766_channel_numbers ? CHANNEL_LAST_RFC5766
								     : CHANNEL_LAST;
	allocation->channels.max = config->max_channels;
	allocation->channels.lifetime = config->channel_lifetime;
	LIST_INIT(&allocation->connections);
	return allocation;
}

void allocation_free(struct allocation *allocation)
{
	struct server *server = allocation->session->worker->server;

	while (allocation->n_relayed)
		close_relayed(allocation, 0);
	bandwidth_release(&server->bandwidth, allocation->bps);
	quota_release(&server->quota, allocation->user);
	auth_user_put(allocation->user);
	event_free(allocation->expiry);
	free(allocation);
}

static bool is_meant(const struct allocation_relayed *relayed, sa_family_t family)
{
	return family == AF_UNSPEC || relayed->addr.sa.sa_family == family;
}

static void set_expiry(struct allocation *allocation, sa_family_t family,
		       unsigned int lifetime)
{
	for (unsigned int i = 0; i < allocation->n_relayed; i++)
		if (is_meant(&allocation->relayed[i], family))
			allocation->relayed[i].expires = worker_now() + lifetime;
}

void allocation_begin(struct allocation *allocation)
{
	struct session *session = allocation->session;
	struct worker *worker = session->worker;

	HASH_ADD(hh, worker->allocations, id, sizeof(allocation->id), allocation);
	session_set_allocation(session, allocation);
	start_timer(allocation);
	count(is_tcp(allocation) ? COUNT_ALLOCATIONS_TCP : COUNT_ALLOCATIONS_UDP);
	history_allocated(allocation);
}

unsigned int allocation_create(const struct transaction *transaction,
			       struct allocation_request *request)
{
	struct session *session = transaction->session;
	struct worker *worker = session->worker;
	struct allocation *allocation;
	unsigned int code;
	uint64_t bps;

	if (!quota_take(&worker->server->quota, worker->config, transaction->user))
		return 486;
	if (bandwidth_take(&worker->server->bandwidth, worker->config, &bps)) {
		quota_release(&worker->server->quota, transaction->user);
		return 486;
	}
	allocation = allocation_new(session, transaction->user, request->transport);
	if (!allocation) {
		bandwidth_release(&worker->server->bandwidth, bps);
		quota_release(&worker->server->quota, transaction->user);
		return 508;
	}
	memcpy(allocation->transaction, transaction->id, sizeof(allocation->transaction));
	allocation->fingerprint = transaction->fingerprint;
	allocation->bps = bps;
	code = allocation_open(allocation, request);
	if (!code && request->mobile && mobility_begin(allocation))
		code = 508;
	if (code) {
		allocation_free(allocation);
		return code;
	}
	allocation->id = worker->next_allocation++;
	set_expiry(allocation, AF_UNSPEC, request->lifetime);
	allocation_begin(allocation);
	count(is_tcp(allocation) ? COUNT_ALLOCATED_TCP : COUNT_ALLOCATED_UDP);
	log_created(allocation);
	return 0;
}

bool allocation_has_family(const struct allocation *allocation, sa_family_t family)
{
	for (unsigned int i = 0; i < allocation->n_relayed; i++)
		if (allocation->relayed[i].addr.sa.sa_family == family)
			return true;
	return false;
}

struct relay_udp *allocation_udp(const struct allocation *allocation, sa_family_t family)
{
	for (unsigned int i = 0; i < allocation->n_relayed; i++)
		if (allocation->relayed[i].addr.sa.sa_family == family)
			return allocation->relayed[i].udp;
	return NULL;
}

void allocation_refresh(struct allocation *allocation, sa_family_t family,
			unsigned int lifetime)
{
	set_expiry(allocation, family, lifetime);
	start_timer(allocation);
}

void allocation_renew_user(struct allocation *allocation, struct auth_user *user)
{
	struct auth_user *old = allocation->user;

	allocation->user = auth_user_get(user);
	auth_user_put(old);
}

void allocation_end(struct allocation *allocation, sa_family_t family, const char *why)
{
	unsigned int i = 0;

	if (family == AF_UNSPEC || allocation->n_relayed == 1) {
		count(COUNT_ALLOCATION_RELEASED);
		allocation_delete(allocation, why);
		return;
	}
	while (i < allocation->n_relayed)
		if (is_meant(&allocation->relayed[i], family))
			close_relayed(allocation, i);
		else
			i++;
	start_timer(allocation);
	allocation_keep(allocation);
}

void allocation_delete(struct allocation *allocation, const char *why)
{
	struct session *session = allocation->session;

	allocation_forget(allocation);
	/* First no new peers, then the old ones: none may slip in between. */
	if (allocation->acceptor)
		acceptor_close(allocation->acceptor);
	/* Of the others the engine would look for relays, among all there are. */
	if (is_tcp(allocation))
		connection_delete_all(allocation, why);
	permissions_clear(&allocation->permissions);
	channels_clear(&allocation->channels);
	HASH_DEL(session->worker->allocations, allocation);
	count_down(is_tcp(allocation) ? COUNT_ALLOCATIONS_TCP : COUNT_ALLOCATIONS_UDP);
	quota_shared_release(session->worker->quota_shared, allocation->user);
	log_deleted(allocation, why);
	history_ended(allocation, why);
	mobility_end(allocation);
	session_set_allocation(session, NULL);
	allocation_free(allocation);
}
