// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uthash.h>

#include "acl.h"
#include "allocation.h"
#include "allocation_keep.h"
#include "auth_user.h"
#include "config.h"
#include "connection.h"
#include "datapath.h"
#include "log.h"
#include "log_who.h"
#include "mobility.h"
#include "record.h"
#include "records.h"
#include "relayed.h"
#include "restore.h"
#include "server.h"
#include "session_datagram.h"
#include "session_stream.h"
#include "worker.h"

/* Of one worker. */
struct restoring {
	struct worker *worker;
	unsigned int restored, lost, relays;
};

/* Return: 0, also if there is no user; or -ENOMEM. */
static int restore_user(const struct record_view *view, struct auth_user **user)
{
	*user = NULL;
	if (!view->realm)
		return 0;
	*user = auth_user_new(view->realm, view->name, view->account, view->account_len);
	if (!*user)
		return -ENOMEM;
	(*user)->expired = view->record->expired;
	(*user)->token = view->record->token;
	return 0;
}

static bool has(int fd, int option, int wanted)
{
	socklen_t len = sizeof(int);
	int value;

	return !getsockopt(fd, SOL_SOCKET, option, &value, &len) && value == wanted;
}

static bool is_relayed(int fd, bool tcp, const union addr *addr)
{
	socklen_t len = sizeof(union addr);
	union addr bound;

	return has(fd, SO_TYPE, tcp ? SOCK_STREAM : SOCK_DGRAM) && has(fd, SO_ACCEPTCONN, tcp) &&
	       !getsockname(fd, &bound.sa, &len) && addr_equal(&bound, addr);
}

/* Return: the socket, and its port is ours; or a negative errno. */
static int take_relayed(struct server *server, const struct record *record,
			const union addr *addr)
{
	bool tcp = record->transport == IPPROTO_TCP;
	char name[KEPT_NAME_LEN];
	int fd = kept_take(allocation_kept_name(name, record->id, addr->sa.sa_family)), err;

	if (fd < 0)
		return fd;
	err = is_relayed(fd, tcp, addr)
	    ? relayed_retake(tcp ? server->relayed : server->relayed_udp, addr) : -EBADF;
	if (!err)
		return fd;
	kept_forget(name);
	close(fd);
	return err;
}

/* As many as can be had, if it is one at least. */
static int restore_relayed(struct allocation *allocation, const struct record *record)
{
	struct server *server = allocation->session->worker->server;
	int err = -ENOENT;

	for (unsigned int i = 0; i < record->n_relayed; i++) {
		const struct record_relayed *relayed = &record->relayed[i];
		int fd = take_relayed(server, record, &relayed->addr);

		err = fd < 0 ? fd : allocation_add(allocation, fd, &relayed->addr);
		if (!err)
			allocation->relayed[allocation->n_relayed - 1].expires = relayed->expires;
	}
	return allocation->n_relayed ? 0 : err;
}

/* What is forbidden by now is not let in again. Each began so long before it expires. */
static void restore_peers(struct allocation *allocation, const struct record_view *view)
{
	const struct acl *acl = &allocation->session->worker->config->acl;
	struct permissions *permissions = &allocation->permissions;
	struct channels *channels = &allocation->channels;

	for (unsigned int i = 0; i < view->record->n_peers; i++) {
		const struct record_peer *peer = &view->peers[i];

		if (acl_refusal(acl, &peer->addr))
			continue;
		if (peer->number)
			channels_bind(channels, peer->number, &peer->addr,
				      peer->expires - channels->lifetime);
		else
			permissions_install(permissions, &peer->addr,
					    peer->expires - permissions->lifetime);
	}
}

/* One that cannot be had is over, as if its peer had gone. */
static void restore_connections(struct allocation *allocation, const struct record_view *view)
{
	for (unsigned int i = 0; i < view->record->n_connections; i++) {
		const struct record_peer *one = &view->connections[i];

		connection_restore(allocation, one->number, &one->addr, one->expires);
	}
}

static int restore_mobility(struct allocation *allocation, const struct record *record)
{
	struct worker *worker = allocation->session->worker;
	struct session *next = NULL;

	if (!record->mobile)
		return 0;
	if (record->n_sessions > 1 && !record->sessions[1].stream)
		next = session_datagram_restore(worker, &record->sessions[1]);
	return mobility_restore(allocation, record->ticket, record->moves, next);
}

static int fill(struct allocation *allocation, const struct record_view *view)
{
	const struct record *record = view->record;
	int err;

	allocation->id = record->id;
	allocation->created = record->created;
	allocation->bps = record->bps;
	allocation->to_peer = record->to_peer;
	allocation->to_client = record->to_client;
	allocation->fingerprint = record->fingerprint;
	allocation->inherited = true;
	allocation->kept = allocation->session;
	memcpy(allocation->transaction, record->transaction, sizeof(allocation->transaction));
	err = restore_relayed(allocation, record);
	if (!err)
		err = restore_mobility(allocation, record);
	if (!err)
		restore_peers(allocation, view);
	return err;
}

static void log_restored(const struct allocation *allocation)
{
	char who[LOG_WHO_LEN], relayed[ADDR_STR_LEN];

	log_info("allocation restored", "%s relayed=%s age_s=%lld",
		 log_who_allocation(who, allocation),
		 addr_str(&allocation->relayed[0].addr, relayed),
		 (long long)(worker_now() - allocation->created));
}

/* It counts, whatever the limits are by now: who has it keeps it. */
static int restore_allocation(struct session *session, struct auth_user *user,
			      const struct record_view *view)
{
	struct server *server = session->worker->server;
	struct allocation *allocation;
	int err;

	if (!quota_restore(&server->quota, user))
		return -ENOMEM;
	allocation = allocation_new(session, user, view->record->transport);
	if (!allocation) {
		quota_release(&server->quota, user);
		return -ENOMEM;
	}
	bandwidth_restore(&server->bandwidth, view->record->bps);
	err = fill(allocation, view);
	if (err) {
		allocation_free(allocation);
		return err;
	}
	allocation_begin(allocation);
	log_restored(allocation);
	restore_connections(allocation, view);
	return 0;
}

static struct session *restore_stream(struct worker *worker, const struct record *record)
{
	struct session *session = NULL;
	char name[KEPT_NAME_LEN];
	int fd = kept_take(allocation_kept_session(name, record->id));

	if (fd < 0)
		return NULL;
	if (has(fd, SO_TYPE, SOCK_STREAM))
		session = session_stream_restore(worker, fd, &record->sessions[0]);
	if (!session) {
		kept_forget(name);
		close(fd);
	}
	return session;
}

static void give_up(struct session *session, const struct record *record)
{
	char name[KEPT_NAME_LEN];

	if (session_is_stream(session))
		kept_forget(allocation_kept_session(name, record->id));
	session_close(session, "not restored");
}

static int restore_record(struct worker *worker, const struct record_view *view)
{
	const struct record *record = view->record;
	struct session *session = record->sessions[0].stream
				? restore_stream(worker, record)
				: session_datagram_restore(worker, &record->sessions[0]);
	struct auth_user *user;
	int err;

	if (!session)
		return -EADDRNOTAVAIL;
	err = restore_user(view, &user);
	if (!err)
		err = restore_allocation(session, user, view);
	auth_user_put(user);
	if (err)
		give_up(session, record);
	return err;
}

static int on_record(uint64_t id, const void *data, size_t len, void *arg)
{
	struct restoring *restoring = arg;
	struct worker *worker = restoring->worker;
	struct record_view view;
	int err = -EINVAL;

	if (record_read(&view, data, len) && view.record->id == id &&
	    id >> WORKER_ID_SHIFT == worker->index)
		err = restore_record(worker, &view);
	if (!err) {
		restoring->restored++;
		return 0;
	}
	restoring->lost++;
	log_limited(log_warning, "allocation not restored", "allocation=%016" PRIx64
		    " error=\"%s\"", id, strerror(-err));
	return -1;
}

static struct allocation *find(const struct worker *worker, uint64_t id)
{
	struct allocation *allocation;

	HASH_FIND(hh, worker->allocations, &id, sizeof(id), allocation);
	return allocation;
}

static bool is_wanted(const struct relay_info *relay, void *worker)
{
	return find(worker, relay->group);
}

/* One that fits nowhere ends. */
static void on_relay(const struct relay_info *relay, void *arg)
{
	struct restoring *restoring = arg;
	struct worker *worker = restoring->worker;
	struct allocation *allocation = find(worker, relay->group);

	if (allocation && !connection_adopt(allocation, relay))
		restoring->relays++;
	else
		worker->datapath->ops->del(worker->datapath, relay->id, NULL, NULL);
}

/* Those that nobody takes over end by themselves, in a while. */
static int adopt_relays(struct restoring *restoring)
{
	struct datapath *datapath = restoring->worker->datapath;
	int err, dumped;

	if (!datapath->ops->adopt)
		return 0;
	err = datapath->ops->adopt(datapath, is_wanted, restoring->worker);
	/* Whatever was wrong with one: those that are ours by now have to be known. */
	dumped = datapath->ops->dump(datapath, on_relay, restoring);
	return err ? err : dumped;
}

static void restore_worker(struct restoring *restoring)
{
	struct worker *worker = restoring->worker;
	struct counters *before = counters_here;
	int err;

	counters_begin(&worker->counters);
	err = records_each(worker->records, on_record, restoring);
	if (!err)
		err = adopt_relays(restoring);
	counters_begin(before);
	if (err)
		log_error("allocations not restored", "worker=%u error=\"%s\"", worker->index,
			  strerror(-err));
}

void restore(struct server *server)
{
	unsigned int restored = 0, lost = 0, relays = 0;

	for (unsigned int i = 0; i < server->n_workers; i++) {
		struct restoring restoring = { .worker = &server->workers[i] };

		if (restoring.worker->records)
			restore_worker(&restoring);
		restored += restoring.restored;
		lost += restoring.lost;
		relays += restoring.relays;
	}
	if (restored || lost)
		log_info("allocations restored", "restored=%u lost=%u relays=%u", restored, lost,
			 relays);
}
