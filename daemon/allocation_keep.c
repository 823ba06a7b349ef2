// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "acceptor.h"
#include "allocation.h"
#include "allocation_keep.h"
#include "auth_user.h"
#include "connection.h"
#include "log.h"
#include "log_who.h"
#include "mobility.h"
#include "record.h"
#include "records.h"
#include "relay_udp.h"
#include "session_stream.h"
#include "worker.h"

#define NAME_LEN 7	/* of 6 bits each: the worker, and as many of its ids as matter */
#define NUMBER_BITS (6 * NAME_LEN - 8)

_Static_assert(WORKERS_MAX <= 1 << 8, "a worker's index fits into a name");

static struct records *records_of(const struct allocation *allocation)
{
	return allocation->session->worker->records;
}

/* Short, for all names together have to fit into a variable of the environment. */
static const char *kept_name(char name[KEPT_NAME_LEN], char kind, uint64_t id)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
	uint64_t number = id >> WORKER_ID_SHIFT << NUMBER_BITS |
			  (id & ((UINT64_C(1) << NUMBER_BITS) - 1));
	char *c = name;

	*c++ = kind;
	for (int i = 0; i < NAME_LEN; i++, number >>= 6)
		*c++ = digits[number & 63];
	*c = '\0';
	return name;
}

const char *allocation_kept_name(char name[KEPT_NAME_LEN], uint64_t id, sa_family_t family)
{
	return kept_name(name, family == AF_INET ? '4' : '6', id);
}

const char *allocation_kept_session(char name[KEPT_NAME_LEN], uint64_t id)
{
	return kept_name(name, 's', id);
}

/* --- the record */

static void put_sessions(struct record *record, const struct allocation *allocation)
{
	const struct mobility *mobility = allocation->mobility;

	session_keep(allocation->session, &record->sessions[record->n_sessions++]);
	if (!mobility)
		return;
	record->mobile = true;
	record->ticket = mobility->number;
	record->moves = mobility->moves;
	/* A control connection that it moves to is not kept before it has arrived. */
	if (mobility->next && !session_is_stream(mobility->next) &&
	    session_keep(mobility->next, &record->sessions[record->n_sessions]))
		record->n_sessions++;
}

static void put_relayed(struct record *record, const struct allocation *allocation)
{
	for (unsigned int i = 0; i < allocation->n_relayed; i++) {
		record->relayed[i].addr = allocation->relayed[i].addr;
		record->relayed[i].expires = allocation->relayed[i].expires;
	}
	record->n_relayed = allocation->n_relayed;
}

static void put_peer(const union addr *addr, uint16_t number, time_t expires, void *arg)
{
	struct record *record = arg;

	record_peers(record)[record->n_peers++] =
		(struct record_peer){ *addr, number, expires };
}

static void put_permission(const union addr *peer, time_t expires, void *arg)
{
	put_peer(peer, 0, expires, arg);
}

static void put_connection(uint32_t id, const union addr *peer, time_t expires, void *arg)
{
	struct record *record = arg;

	record_peers(record)[record->n_peers + record->n_connections++] =
		(struct record_peer){ *peer, id, expires };
}

/* The realm, the name and the account, which begins with the realm. */
static size_t names_len(const struct auth_user *user)
{
	return user ? strlen(user->name) + 1 + user->account_len : 0;
}

static void put_user(struct record *record, const struct auth_user *user)
{
	char *names = record_names(record);
	size_t realm_size, name_size;

	if (!user)
		return;
	realm_size = strlen(auth_user_realm(user)) + 1;
	name_size = strlen(user->name) + 1;
	memcpy(names, user->account, realm_size);
	memcpy(names + realm_size, user->name, name_size);
	memcpy(names + realm_size + name_size, user->account + realm_size,
	       user->account_len - realm_size);
	record->names_len = names_len(user);
	record->has_user = true;
	record->expired = user->expired;
	record->token = user->token;
}

/* Return: the record, until the next one; NULL without memory, or if it were too long. */
static struct record *make_record(const struct allocation *allocation)
{
	const struct record most = {
		.n_peers = allocation->permissions.n + allocation->channels.n,
		.n_connections = allocation->n_pending,
		.names_len = names_len(allocation->user),
	};
	struct record *record;

	if (!record_may_be(&most))
		return NULL;
	record = records_room(records_of(allocation), record_size(&most));
	if (!record)
		return NULL;
	record->id = allocation->id;
	record->created = allocation->created;
	record->bps = allocation->bps;
	record->to_peer = allocation->to_peer;
	record->to_client = allocation->to_client;
	record->transport = allocation->transport;
	record->fingerprint = allocation->fingerprint;
	memcpy(record->transaction, allocation->transaction, sizeof(record->transaction));
	put_sessions(record, allocation);
	put_relayed(record, allocation);
	permissions_each(&allocation->permissions, put_permission, record);
	channels_each(&allocation->channels, put_peer, record);
	connections_each(allocation, put_connection, record);
	put_user(record, allocation->user);
	record_seal(record);
	return record;
}

/* --- keeping it */

static int relayed_fd(const struct allocation *allocation, unsigned int i)
{
	const struct relay_udp *udp = allocation->relayed[i].udp;

	return udp ? udp->socket.fd : acceptor_fd(allocation->acceptor);
}

static int give_relayed(const struct allocation *allocation)
{
	char name[KEPT_NAME_LEN];
	int err = 0;

	for (unsigned int i = 0; i < allocation->n_relayed && !err; i++)
		err = kept_give(allocation_kept_name(name, allocation->id,
						     allocation->relayed[i].addr.sa.sa_family),
				relayed_fd(allocation, i));
	return err;
}

/* It may have moved. */
static int give_session(struct allocation *allocation)
{
	struct session *session = allocation->session;
	char name[KEPT_NAME_LEN];

	allocation_kept_session(name, allocation->id);
	if (allocation->kept && session_is_stream(allocation->kept))
		kept_forget(name);
	allocation->kept = session;
	return session_is_stream(session) ? kept_give(name, session_stream_fd(session)) : 0;
}

static int give_sockets(struct allocation *allocation)
{
	bool first = !allocation->kept;
	int err = 0;

	if (allocation->kept != allocation->session)
		err = give_session(allocation);
	if (!err && first)
		err = give_relayed(allocation);
	return err ? err : connections_keep(allocation);
}

/* First the sockets, then the record that speaks of them. */
static int keep(struct allocation *allocation)
{
	struct record *record;
	int err = give_sockets(allocation);

	if (err)
		return err;
	record = make_record(allocation);
	return record ? records_put(records_of(allocation), record->id, record,
				    record_size(record)) : -ENOMEM;
}

static bool can_be_kept(const struct allocation *allocation)
{
	struct record_session session;

	return records_of(allocation) && session_keep(allocation->session, &session);
}

void allocation_keep(struct allocation *allocation)
{
	char who[LOG_WHO_LEN];
	int err;

	if (!can_be_kept(allocation)) {
		allocation_forget(allocation);
		return;
	}
	err = keep(allocation);
	if (!err)
		return;
	log_limited(log_warning, "allocation not kept", "%s error=\"%s\"",
		    log_who_allocation(who, allocation), strerror(-err));
	allocation_forget(allocation);
}

void allocation_forget_relayed(const struct allocation *allocation, unsigned int i)
{
	char name[KEPT_NAME_LEN];

	if (allocation->kept)
		kept_forget(allocation_kept_name(name, allocation->id,
						 allocation->relayed[i].addr.sa.sa_family));
}

/* First the record: one that has no sockets is of no use. */
void allocation_forget(struct allocation *allocation)
{
	char name[KEPT_NAME_LEN];

	if (!allocation->kept)
		return;
	records_delete(records_of(allocation), allocation->id);
	for (unsigned int i = 0; i < allocation->n_relayed; i++)
		allocation_forget_relayed(allocation, i);
	if (session_is_stream(allocation->kept))
		kept_forget(allocation_kept_session(name, allocation->id));
	connections_forget(allocation);
	allocation->kept = NULL;
}
