// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acceptor.h"
#include "allocation.h"
#include "auth_user.h"
#include "connection.h"
#include "log.h"
#include "relayed.h"
#include "server.h"
#include "session.h"
#include "transaction.h"
#include "worker.h"

static void on_peer(int fd, const union addr *peer, void *arg)
{
	connection_accept(arg, fd, peer);
}

static void on_expiry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	allocation_delete(arg, "expired");
}

static const char *user_str(const struct allocation *allocation, char buf[LOG_QUOTE_LEN])
{
	const struct auth_user *user = allocation->user;

	return user ? log_quote(buf, user->name, strlen(user->name)) : "-";
}

static void log_created(const struct allocation *allocation)
{
	char user[LOG_QUOTE_LEN], client[ADDR_STR_LEN], relayed[ADDR_STR_LEN];

	log_info("allocation created",
		 "allocation=%016" PRIx64 " user=%s client=%s relayed=%s lifetime=%u",
		 allocation->id, user_str(allocation, user),
		 addr_str(&allocation->session->client, client),
		 addr_str(&allocation->relayed, relayed), allocation->lifetime);
}

static void log_deleted(const struct allocation *allocation, const char *why)
{
	char user[LOG_QUOTE_LEN];

	log_info("allocation deleted",
		 "allocation=%016" PRIx64 " user=%s reason=\"%s\" age=%llds connections=%u "
		 "to_peer=%" PRIu64 " to_client=%" PRIu64,
		 allocation->id, user_str(allocation, user), why,
		 (long long)(worker_now() - allocation->created), allocation->n_connections,
		 allocation->to_peer, allocation->to_client);
}

static int listen_for_peers(struct allocation *allocation, struct worker *worker,
			    sa_family_t family)
{
	int fd = relayed_listen(worker->server->relayed, family, &allocation->relayed);

	if (fd < 0)
		return fd;
	allocation->acceptor = acceptor_open(worker->base, fd, on_peer, allocation);
	if (allocation->acceptor)
		return 0;
	close(fd);
	relayed_release(worker->server->relayed, &allocation->relayed);
	return -ENOMEM;
}

static struct allocation *new_allocation(const struct transaction *transaction,
					 sa_family_t family)
{
	struct session *session = transaction->session;
	struct allocation *allocation = calloc(1, sizeof(*allocation));
	char client[ADDR_STR_LEN];
	int err = -ENOMEM;

	if (!allocation)
		return NULL;
	allocation->session = session;
	allocation->user = auth_user_get(transaction->user);
	allocation->fingerprint = transaction->fingerprint;
	allocation->created = worker_now();
	allocation->permissions.max = session->worker->config->max_permissions;
	allocation->permissions.lifetime = session->worker->config->permission_lifetime;
	LIST_INIT(&allocation->connections);
	allocation->expiry = evtimer_new(session->worker->base, on_expiry, allocation);
	if (allocation->expiry)
		err = listen_for_peers(allocation, session->worker, family);
	if (!err)
		return allocation;
	log_warning("allocation failed", "client=%s error=\"%s\"",
		    addr_str(&session->client, client), strerror(-err));
	if (allocation->expiry)
		event_free(allocation->expiry);
	auth_user_put(allocation->user);
	free(allocation);
	return NULL;
}

unsigned int allocation_create(const struct transaction *transaction, sa_family_t family,
			       unsigned int lifetime)
{
	struct session *session = transaction->session;
	struct worker *worker = session->worker;
	struct allocation *allocation;
	uint64_t bps;

	if (!quota_take(&worker->server->quota, worker->config, transaction->user))
		return 486;
	if (bandwidth_take(&worker->server->bandwidth, worker->config, &bps)) {
		quota_release(&worker->server->quota, transaction->user);
		return 486;
	}
	allocation = new_allocation(transaction, family);
	if (!allocation) {
		bandwidth_release(&worker->server->bandwidth, bps);
		quota_release(&worker->server->quota, transaction->user);
		return 508;
	}
	allocation->bps = bps;
	allocation->id = worker->next_allocation++;
	session_set_allocation(session, allocation);
	allocation_refresh(allocation, lifetime);
	log_created(allocation);
	return 0;
}

void allocation_refresh(struct allocation *allocation, unsigned int lifetime)
{
	const struct timeval expiry = { lifetime, 0 };

	allocation->lifetime = lifetime;
	evtimer_add(allocation->expiry, &expiry);
}

void allocation_delete(struct allocation *allocation, const char *why)
{
	struct session *session = allocation->session;
	struct server *server = session->worker->server;

	/* First no new peers, then the old ones: none may slip in between. */
	acceptor_close(allocation->acceptor);
	connection_delete_all(allocation, why);
	permissions_clear(&allocation->permissions);
	relayed_release(server->relayed, &allocation->relayed);
	bandwidth_release(&server->bandwidth, allocation->bps);
	quota_release(&server->quota, allocation->user);
	log_deleted(allocation, why);
	event_free(allocation->expiry);
	session_set_allocation(session, NULL);
	auth_user_put(allocation->user);
	free(allocation);
}
