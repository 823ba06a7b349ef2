// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>
#include <uthash.h>

#include "acl.h"
#include "allocation.h"
#include "allocation_keep.h"
#include "auth_user.h"
#include "auth.h"
#include "bandwidth.h"
#include "config.h"
#include "connection.h"
#include "counters.h"
#include "history.h"
#include "kept.h"
#include "log.h"
#include "log_who.h"
#include "relay_cookie.h"
#include "relayed.h"
#include "server.h"
#include "session_stream.h"
#include "sock.h"
#include "tls.h"
#include "transaction.h"
#include "worker.h"

/* What has to be enough for another process to begin to serve. */
#define RELAY_OUTLIVE_MS 30000

enum connection_state {
	CONNECTING,		/* to the peer, for a Connect request */
	PENDING,		/* waits for ConnectionBind */
	BINDING,		/* the response to ConnectionBind is on its way */
	BOUND,			/* the engine has the sockets */
};

struct connection {
	struct allocation *allocation;
	LIST_ENTRY(connection) entry;
	enum connection_state state;
	uint32_t id;
	uint64_t relay;
	uint64_t rate;		/* bytes per second, each way; 0: no limit */
	union addr peer;
	int fd;
	bool kept;		/* it outlives this process */
	time_t expires;		/* when it has to be bound, while PENDING */
	struct event *watch;	/* established, or reset by the peer */
	struct event *timer;
	struct transaction connect;
	struct session *session;	/* the client data connection, while BINDING */
	UT_hash_handle hh;		/* by id */
	UT_hash_handle by_relay;
};

static struct worker *worker_of(const struct connection *connection)
{
	return connection->allocation->session->worker;
}

const struct allocation *connection_allocation(const struct connection *connection)
{
	return connection->allocation;
}

/*
 * A CONNECTION-ID is the worker's index in just so many bits as it takes, and
 * below it randomness: nobody may guess what another client has got.
 */
static unsigned int random_bits(const struct worker *worker)
{
	unsigned int bits = 32;

	for (unsigned int n = 1; n < worker->server->n_workers; n *= 2)
		bits--;
	return bits;
}

struct worker *connection_owner(const struct worker *worker, uint32_t id)
{
	const struct server *server = worker->server;
	uint64_t index = (uint64_t)id >> random_bits(worker);

	return index < server->n_workers ? &server->workers[index] : NULL;
}

static int choose_id(const struct worker *worker, uint32_t *id)
{
	unsigned int bits = random_bits(worker);
	struct connection *taken;

	do {
		if (gnutls_rnd(GNUTLS_RND_RANDOM, id, sizeof(*id)))
			return -EIO;
		*id = (uint64_t)worker->index << bits | *id >> (32 - bits);
		HASH_FIND(hh, worker->connections, id, sizeof(*id), taken);
	} while (taken);
	return 0;
}

static void log_created(const struct connection *connection, const char *by)
{
	char peer[ADDR_STR_LEN];

	log_allocation(connection->allocation, "connection created",
		       "connection=%08" PRIx32 " peer=%s by=%s", connection->id,
		       addr_str(&connection->peer, peer), by);
}

static void log_deleted(const struct connection *connection, const char *why,
			const struct relay_info *info)
{
	static const struct relay_info none;

	if (!info)
		info = &none;
	log_allocation(connection->allocation, "connection deleted",
		       "connection=%08" PRIx32 " relay=\"%" PRIu64 "\" reason=\"%s\" errno=%d"
		       " bytes_to_peer=%" PRIu64 " bytes_to_client=%" PRIu64,
		       connection->id, connection->relay, why, info->error,
		       info->to_peer.bytes, info->to_client.bytes);
}

static void free_events(struct connection *connection)
{
	if (connection->watch)
		event_free(connection->watch);
	if (connection->timer)
		event_free(connection->timer);
	connection->watch = connection->timer = NULL;
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct connection *connection = arg;

	(void)fd, (void)what;
	connection_delete(connection, connection->state == CONNECTING ?
			  "no connection in time" : "not bound in time");
}

/* @fd belongs to the connection on success only. */
static struct connection *new_connection_of(struct allocation *allocation, uint32_t id, int fd,
					    const union addr *peer)
{
	struct worker *worker = allocation->session->worker;
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->timer = evtimer_new(worker->base, on_timeout, connection);
	if (!connection->timer) {
		free(connection);
		return NULL;
	}
	connection->id = id;
	connection->allocation = allocation;
	connection->peer = *peer;
	connection->fd = fd;
	HASH_ADD(hh, worker->connections, id, sizeof(connection->id), connection);
	LIST_INSERT_HEAD(&allocation->connections, connection, entry);
	allocation->n_pending++;
	count(COUNT_CONNECTIONS_PENDING);
	allocation->n_open++;
	allocation->n_connections++;
	return connection;
}

static struct connection *new_connection(struct allocation *allocation, int fd,
					 const union addr *peer)
{
	uint32_t id;

	if (choose_id(allocation->session->worker, &id))
		return NULL;
	return new_connection_of(allocation, id, fd, peer);
}

/* By which name its socket is kept: short, as all of them are. */
static const char *kept_name(char name[KEPT_NAME_LEN], uint32_t id)
{
	snprintf(name, KEPT_NAME_LEN, "c%08" PRIx32, id);
	return name;
}

static void forget(struct connection *connection)
{
	char name[KEPT_NAME_LEN];

	if (connection->kept)
		kept_forget(kept_name(name, connection->id));
	connection->kept = false;
}

static void free_connection(struct connection *connection)
{
	struct worker *worker = worker_of(connection);

	forget(connection);
	free_events(connection);
	HASH_DEL(worker->connections, connection);
	if (connection->state == BOUND) {
		HASH_DELETE(by_relay, worker->relays, connection);
		connection->allocation->n_bound--;
	} else {
		connection->allocation->n_pending--;
		count_down(COUNT_CONNECTIONS_PENDING);
	}
	connection->allocation->n_open--;
	if (connection->fd >= 0)
		sock_abort(connection->fd);
	LIST_REMOVE(connection, entry);
	transaction_forget(&connection->connect);
	free(connection);
}

void connection_delete(struct connection *connection, const char *why)
{
	struct session *session = connection->session;

	if (connection->state == CONNECTING)
		transaction_fail(&connection->connect, 447);
	if (session && session->binding) {
		session->binding = NULL;
		session_close(session, why);
	}
	log_deleted(connection, why, NULL);
	history_connection_ended(connection->allocation, connection->id, why, NULL);
	free_connection(connection);
}

static int watch(struct connection *connection, short what, event_callback_fn fn)
{
	if (connection->watch)
		event_free(connection->watch);
	connection->watch = event_new(worker_of(connection)->base, connection->fd, what, fn,
				      connection);
	return !connection->watch || event_add(connection->watch, NULL) ? -ENOMEM : 0;
}

static void start_timer(struct connection *connection, unsigned int seconds)
{
	const struct timeval timeout = { seconds, 0 };

	evtimer_add(connection->timer, &timeout);
}

/*
 * The peer has sent something, or a FIN, or a reset. The first two wait for the
 * bind; only a reset leaves nothing to bind.
 */
static void on_peer_event(evutil_socket_t fd, short what, void *arg)
{
	struct pollfd pfd = { .fd = fd };

	(void)what;
	if (poll(&pfd, 1, 0) == 1 && pfd.revents & (POLLERR | POLLHUP))
		connection_delete(arg, "reset by the peer");
}

/* Edge-triggered: data that stays unread must not wake us again and again. */
static int wait_for_bind(struct connection *connection, unsigned int seconds)
{
	connection->state = PENDING;
	connection->expires = worker_now() + seconds;
	start_timer(connection, seconds);
	return watch(connection, EV_READ | EV_ET | EV_PERSIST, on_peer_event);
}

static void answer_connect(struct connection *connection)
{
	struct response response;

	allocation_keep(connection->allocation);
	history_ready(connection->allocation, connection->id);
	response_begin(&response, &connection->connect);
	stun_add_u32(&response.b, STUN_ATTR_CONNECTION_ID, connection->id);
	response_send(&response);
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct connection *connection = arg;
	int err = 0;
	socklen_t len = sizeof(err);

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) || err) {
		connection_delete(connection, strerror(err));
		return;
	}
	if (wait_for_bind(connection, CONNECTION_BIND_TIMEOUT)) {
		connection->state = CONNECTING;
		connection_delete(connection, "no memory");
		return;
	}
	answer_connect(connection);
}

static bool is_known_peer(const struct allocation *allocation, const union addr *peer)
{
	const struct connection *connection;

	LIST_FOREACH(connection, &allocation->connections, entry)
		if (addr_equal(&connection->peer, peer))
			return true;
	return false;
}

/*
 * A connection that waits keeps a descriptor and up to a receive buffer of unread
 * data; one that is bound keeps its sockets in the engine.
 */
static bool is_full(const struct allocation *allocation)
{
	const struct config *config = allocation->session->worker->config;

	return allocation->n_pending >= config->max_pending_connections ||
	       allocation->n_open >= config->max_connections;
}

/* Return: a socket that connects, or a negative error code of STUN; then @err says why. */
static int connect_from(const union addr *relayed, const union addr *peer, int *err)
{
	int fd = relayed_socket(relayed);

	*err = -fd;
	if (fd < 0)
		return fd == -EADDRINUSE || fd == -EADDRNOTAVAIL ? -447 : -508;
	sock_tune(fd);
	if (!connect(fd, &peer->sa, addr_len(peer)) || errno == EINPROGRESS)
		return fd;
	*err = errno;
	close(fd);
	return -447;
}

/* At once, such as for want of a route. */
static void note_failed(const struct allocation *allocation, const union addr *peer, int err)
{
	history_connection(allocation, 0, peer, false);
	history_connection_ended(allocation, 0, strerror(err), NULL);
}

unsigned int connection_connect(struct allocation *allocation, const union addr *peer,
				const struct transaction *transaction)
{
	struct connection *connection;
	int fd, err;

	if (is_known_peer(allocation, peer))
		return 446;
	/* TCP would connect the address with itself. */
	if (addr_equal(&allocation->relayed[0].addr, peer))
		return 403;
	if (is_full(allocation))
		return 508;
	fd = connect_from(&allocation->relayed[0].addr, peer, &err);
	if (fd < 0) {
		note_failed(allocation, peer, err);
		return -fd;
	}
	connection = new_connection(allocation, fd, peer);
	if (!connection) {
		close(fd);
		return 508;
	}
	transaction_keep(&connection->connect, transaction);
	log_created(connection, "connect");
	history_connection(allocation, connection->id, peer, false);
	start_timer(connection, CONNECTION_CONNECT_TIMEOUT);
	if (watch(connection, EV_WRITE, on_connected))
		connection_delete(connection, "no memory");
	return 0;
}

static const char *refusal(const struct allocation *allocation, const union addr *peer)
{
	const struct config *config = allocation->session->worker->config;

	if (acl_refusal(&config->acl, peer))
		return "forbidden";
	if (!permissions_allow(&allocation->permissions, peer, worker_now()))
		return "no permission";
	if (is_full(allocation))
		return "too many connections";
	return NULL;
}

static void send_attempt(const struct connection *connection)
{
	const struct allocation *allocation = connection->allocation;
	uint8_t transaction[STUN_TRANSACTION_LEN];
	uint8_t buf[128];
	struct stun_builder b;

	gnutls_rnd(GNUTLS_RND_NONCE, transaction, sizeof(transaction));
	stun_begin(&b, buf, sizeof(buf), STUN_INDICATION, STUN_CONNECTION_ATTEMPT,
		   transaction);
	stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, connection->id);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &connection->peer);
	if (allocation->session->worker->config->software)
		stun_add_string(&b, STUN_ATTR_SOFTWARE, "kturn");
	if (allocation->fingerprint)
		stun_add_fingerprint(&b);
	history_ready(allocation, connection->id);
	session_send(allocation->session, buf, stun_end(&b));
}

/* Who knows the relayed address can come as often as he likes. */
static void log_refused(const struct allocation *allocation, const union addr *peer,
			const char *why)
{
	char who[LOG_WHO_LEN], from[ADDR_STR_LEN];

	log_stranger("peer refused", "%s peer=%s reason=\"%s\"",
		     log_who_allocation(who, allocation), addr_str(peer, from), why);
}

void connection_accept(struct allocation *allocation, int fd, const union addr *peer)
{
	const char *why = refusal(allocation, peer);
	struct connection *connection = NULL;

	if (!why) {
		connection = new_connection(allocation, fd, peer);
		if (!connection)
			why = "no memory";
	}
	if (why) {
		log_refused(allocation, peer, why);
		history_peer_refused(allocation, peer, why);
		sock_abort(fd);
		return;
	}
	sock_tune(fd);
	log_created(connection, "peer");
	history_connection(allocation, connection->id, peer, true);
	if (wait_for_bind(connection, CONNECTION_BIND_TIMEOUT)) {
		connection_delete(connection, "no memory");
		return;
	}
	allocation_keep(allocation);
	send_attempt(connection);
}

struct connection *connection_find(const struct worker *worker, uint32_t id)
{
	struct connection *connection;

	HASH_FIND(hh, worker->connections, &id, sizeof(id), connection);
	return connection && connection->state == PENDING ? connection : NULL;
}

struct auth_user *connection_user(const struct connection *connection)
{
	return connection->allocation->user;
}

void connection_claim(struct connection *connection, struct session *session)
{
	connection->state = BINDING;
	connection->session = session;
	/* A client that does not read must not keep it in this state. */
	start_timer(connection, CONNECTION_BIND_TIMEOUT);
	session_stream_become(session, connection);
}

/*
 * Give each data connection its share of what the allocation may carry, of @n that
 * there are now or are about to be.
 */
static uint64_t share(const struct allocation *allocation, unsigned int n)
{
	struct datapath *datapath = allocation->session->worker->datapath;
	const uint64_t rate = n ? bandwidth_share(allocation->bps, n) : 0;
	struct connection *connection;

	LIST_FOREACH(connection, &allocation->connections, entry) {
		if (connection->state != BOUND || connection->rate == rate)
			continue;
		/* One that is over already will tell. */
		if (!datapath->ops->set_rate(datapath, connection->relay, rate))
			connection->rate = rate;
	}
	return rate;
}

static int add_relay(struct connection *connection, int client_fd, struct tls *client_tls,
		     char *why, size_t why_len)
{
	struct datapath *datapath = worker_of(connection)->datapath;
	const struct allocation *allocation = connection->allocation;
	const char *user = allocation->user ? allocation->user->name : NULL;
	const struct config *config = worker_of(connection)->config;
	struct relay_cookie cookie;
	struct relay_request request = {
		.client_fd = client_fd,
		.client_tls = client_tls,
		.peer_fd = connection->fd,
		.group = allocation->id,
		.cookie = &cookie,
		.cookie_len = relay_cookie_set(&cookie, connection->id,
					       &allocation->relayed[0].addr,
					       &connection->peer, user),
		.rate = share(allocation, allocation->n_bound + 1),
		.idle_ms = 1000 * config->relay_idle_timeout,
		/* Also if its control connection is kept only later, or not at all. */
		.outlive_ms = worker_of(connection)->records ? RELAY_OUTLIVE_MS : 0,
	};

	connection->rate = request.rate;
	sock_probe(client_fd, config->tcp_keepalive, config->tcp_user_timeout);
	sock_probe(connection->fd, config->tcp_keepalive, config->tcp_user_timeout);
	/* The engine may want to watch the socket on the same loop. */
	free_events(connection);
	return datapath->ops->add(datapath, &request, &connection->relay, why, why_len);
}

static bool is_spliced(uint64_t relay)
{
	return relay & DATAPATH_SPLICE_ID;
}

/* The engine has its sockets, and knows it by @relay. */
static void begin_bound(struct connection *connection)
{
	struct allocation *allocation = connection->allocation;

	forget(connection);
	connection->fd = -1;
	connection->state = BOUND;
	allocation->n_pending--;
	allocation->n_bound++;
	count_down(COUNT_CONNECTIONS_PENDING);
	count(is_spliced(connection->relay) ? COUNT_RELAYS_SPLICE : COUNT_RELAYS_KERNEL);
	HASH_ADD(by_relay, worker_of(connection)->relays, relay, sizeof(connection->relay),
		 connection);
	history_bound(allocation, connection->id, connection->relay);
}

void connection_bind(struct connection *connection, int client_fd, struct tls *client_tls)
{
	struct allocation *allocation = connection->allocation;
	char why[128] = "", who[LOG_WHO_LEN], quoted[LOG_QUOTE_LEN];
	int err;

	connection->session = NULL;
	err = add_relay(connection, client_fd, client_tls, why, sizeof(why));
	if (err) {
		log_limited(log_warning, "relay refused", "%s connection=%08" PRIx32
			    " error=\"%s\" why=%s", log_who_allocation(who, allocation),
			    connection->id, strerror(-err), log_quote(quoted, why, strlen(why)));
		tls_close(client_tls);
		sock_abort(client_fd);
		connection_delete(connection, "refused by the engine");
		share(allocation, allocation->n_bound);
		return;
	}
	begin_bound(connection);
	count(is_spliced(connection->relay) ? COUNT_RELAYED_SPLICE : COUNT_RELAYED_KERNEL);
	log_allocation(allocation, "connection bound", "connection=%08" PRIx32
		       " relay=\"%" PRIu64 "\"", connection->id, connection->relay);
}

/* The allocation that it belonged to, or NULL if this is no news. */
static struct allocation *relay_ended(const struct relay_info *info, struct worker *worker)
{
	struct allocation *allocation;
	struct connection *connection;

	HASH_FIND(by_relay, worker->relays, &info->id, sizeof(info->id), connection);
	if (!connection)
		return NULL;
	allocation = connection->allocation;
	allocation->to_peer += info->to_peer.bytes;
	allocation->to_client += info->to_client.bytes;
	count_down(is_spliced(info->id) ? COUNT_RELAYS_SPLICE : COUNT_RELAYS_KERNEL);
	count(COUNT_RELAY_ENDED + info->reason);
	log_deleted(connection, relay_reason_str(info->reason), info);
	history_connection_ended(allocation, connection->id, relay_reason_str(info->reason),
				 info);
	free_connection(connection);
	return allocation;
}

void connection_relay_ended(const struct relay_info *info, void *arg)
{
	const struct allocation *allocation = relay_ended(info, arg);

	if (allocation)
		share(allocation, allocation->n_bound);
}

/* With all the others: nobody is left to share with. */
static void on_deleted(const struct relay_info *info, void *arg)
{
	relay_ended(info, arg);
}

void connection_delete_all(struct allocation *allocation, const char *why)
{
	struct worker *worker = allocation->session->worker;

	/* For relays of an allocation the engine looks among all there are. */
	if (allocation->n_bound)
		worker->datapath->ops->del_group(worker->datapath, allocation->id,
						 on_deleted, worker);
	while (!LIST_EMPTY(&allocation->connections))
		connection_delete(LIST_FIRST(&allocation->connections), why);
}

/* --- over the death of the process */

int connections_keep(struct allocation *allocation)
{
	struct connection *connection;
	char name[KEPT_NAME_LEN];
	int err = 0;

	LIST_FOREACH(connection, &allocation->connections, entry) {
		if (connection->state != PENDING || connection->kept || err)
			continue;
		err = kept_give(kept_name(name, connection->id), connection->fd);
		connection->kept = !err;
	}
	return err;
}

void connections_forget(struct allocation *allocation)
{
	struct connection *connection;

	LIST_FOREACH(connection, &allocation->connections, entry)
		forget(connection);
}

void connections_each(const struct allocation *allocation, connection_fn fn, void *arg)
{
	const struct connection *connection;

	LIST_FOREACH(connection, &allocation->connections, entry)
		if (connection->kept)
			fn(connection->id, &connection->peer, connection->expires, arg);
}

/* Of the same worker, and nobody else's. */
static bool is_free(const struct worker *worker, uint32_t id)
{
	struct connection *taken;

	HASH_FIND(hh, worker->connections, &id, sizeof(id), taken);
	return !taken && connection_owner(worker, id) == worker;
}

int connection_restore(struct allocation *allocation, uint32_t id, const union addr *peer,
		       time_t expires)
{
	char name[KEPT_NAME_LEN];
	int fd = kept_take(kept_name(name, id));
	struct connection *connection = NULL;
	time_t left = expires - worker_now();

	if (fd < 0)
		return fd;
	/* The engine may have it by now. */
	if (is_free(allocation->session->worker, id))
		connection = new_connection_of(allocation, id, fd, peer);
	if (!connection) {
		kept_forget(name);
		close(fd);
		return -EEXIST;
	}
	connection->kept = true;
	history_connection(allocation, id, peer, false);
	history_ready(allocation, id);
	if (wait_for_bind(connection, left > 0 ? left : 0))
		connection_delete(connection, "no memory");
	return 0;
}

/*
 * One that waits, says its record; but the process has died between its relay and the next
 * record. The socket is the engine's now.
 */
static struct connection *find_outdated(const struct allocation *allocation, uint32_t id)
{
	struct connection *connection = connection_find(allocation->session->worker, id);

	if (!connection || connection->allocation != allocation)
		return NULL;
	free_events(connection);
	close(connection->fd);
	return connection;
}

int connection_adopt(struct allocation *allocation, const struct relay_info *relay)
{
	struct connection *connection;
	union addr peer;
	uint32_t id;

	if (!relay_cookie_get(relay->cookie, relay->cookie_len, &id, &peer))
		return -EINVAL;
	connection = find_outdated(allocation, id);
	if (!connection && is_free(allocation->session->worker, id)) {
		connection = new_connection_of(allocation, id, -1, &peer);
		if (connection)
			history_connection(allocation, id, &peer, false);
	}
	if (!connection)
		return -EINVAL;
	connection->relay = relay->id;
	/* Whatever it is held to, share() will say so anew. */
	connection->rate = allocation->bps ? UINT64_MAX : 0;
	begin_bound(connection);
	share(allocation, allocation->n_bound);
	return 0;
}
