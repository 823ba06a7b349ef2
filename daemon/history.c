// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "allocation.h"
#include "auth_user.h"
#include "datapath.h"
#include "history.h"
#include "stun.h"
#include "transaction.h"
#include "worker.h"

TAILQ_HEAD(history_list, history);

/**
 * struct histories - of a worker
 * @by_number: all of them, the oldest first
 * @by_tuple: the newest of each 5-tuple
 * @by_allocation: those that have or had one
 * @ended: those whose allocation is over, @n_ended
 * @refused: those that have none, @n_refused
 */
struct histories {
	struct history *by_number, *by_tuple, *by_allocation;
	struct history_list ended, refused;
	unsigned int n_ended, n_refused;
	uint64_t last;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void set_why(char text[HISTORY_WHY_MAX], const char *why)
{
	text[0] = '\0';
	strncat(text, why, HISTORY_WHY_MAX - 1);
}

/* --- all of them */

struct histories *histories_new(void)
{
	struct histories *histories = calloc(1, sizeof(*histories));

	if (!histories)
		return NULL;
	TAILQ_INIT(&histories->ended);
	TAILQ_INIT(&histories->refused);
	return histories;
}

static void leave_tuple(struct histories *histories, struct history *history)
{
	if (history->is_newest)
		HASH_DELETE(by_tuple, histories->by_tuple, history);
	history->is_newest = false;
}

static void free_history(struct histories *histories, struct history *history)
{
	struct history_connection *connection;

	while ((connection = TAILQ_FIRST(&history->connections))) {
		TAILQ_REMOVE(&history->connections, connection, entry);
		free(connection);
	}
	leave_tuple(histories, history);
	HASH_DELETE(by_number, histories->by_number, history);
	if (history->allocation)
		HASH_DELETE(by_allocation, histories->by_allocation, history);
	free(history);
}

void histories_free(struct histories *histories)
{
	if (!histories)
		return;
	while (histories->by_number)
		free_history(histories, histories->by_number);
	free(histories);
}

/* The table keeps the order in which they came. */
const struct history *histories_next(const struct histories *histories, uint64_t number)
{
	const struct history *history;

	HASH_FIND(by_number, histories->by_number, &number, sizeof(number), history);
	if (history)
		return history->by_number.next;
	for (history = histories->by_number; history; history = history->by_number.next)
		if (history->number > number)
			return history;
	return NULL;
}

static struct history *find_allocation(const struct histories *histories, uint64_t id)
{
	struct history *history;

	HASH_FIND(by_allocation, histories->by_allocation, &id, sizeof(id), history);
	return history;
}

const struct history *history_find(const struct histories *histories, uint64_t allocation)
{
	return find_allocation(histories, allocation);
}

static struct history_tuple tuple_of(const struct session *session)
{
	return (struct history_tuple){
		.client = session->client,
		.server = session->server,
		.stream = session_is_stream(session),
	};
}

static struct history *find_tuple(const struct histories *histories,
				  const struct session *session)
{
	const struct history_tuple tuple = tuple_of(session);
	struct history *history;

	HASH_FIND(by_tuple, histories->by_tuple, &tuple, sizeof(tuple), history);
	return history;
}

/* --- one of them */

static void keep_few(struct histories *histories, struct history_list *list, unsigned int *n)
{
	struct history *oldest = TAILQ_FIRST(list);

	if (++*n <= HISTORY_OVER)
		return;
	TAILQ_REMOVE(list, oldest, entry);
	free_history(histories, oldest);
	--*n;
}

static struct history *begin(struct histories *histories, const struct session *session)
{
	struct history *history = calloc(1, sizeof(*history)), *older;

	if (!history)
		return NULL;
	older = find_tuple(histories, session);
	if (older)
		leave_tuple(histories, older);
	history->tuple = tuple_of(session);
	history->over = session_is_stream(session) && session_is_secure(session) ?
			"tls" : session->ops->transport;
	history->number = ++histories->last;
	history->created_us = now_us();
	history->is_newest = true;
	TAILQ_INIT(&history->connections);
	HASH_ADD(by_number, histories->by_number, number, sizeof(history->number), history);
	HASH_ADD(by_tuple, histories->by_tuple, tuple, sizeof(history->tuple), history);
	TAILQ_INSERT_TAIL(&histories->refused, history, entry);
	keep_few(histories, &histories->refused, &histories->n_refused);
	return history;
}

static struct history *of_allocation(const struct allocation *allocation)
{
	const struct histories *histories = allocation->session->worker->histories;

	return find_allocation(histories, allocation->id);
}

/* Return: NULL if the request does not matter, or without memory. */
static struct history *get_history(const struct transaction *transaction)
{
	const struct session *session = transaction->session;
	struct histories *histories = session->worker->histories;
	uint64_t id = session->allocation ? session->allocation->id : transaction->allocation;
	struct history *history;

	if (id)
		return find_allocation(histories, id);
	history = find_tuple(histories, session);
	if (transaction->method == STUN_ALLOCATE)
		return history && !history->allocation ? history : begin(histories, session);
	if (transaction->method == STUN_CONNECTION_BIND && !history)
		return begin(histories, session);
	return history;
}

/* --- steps */

static bool is_alike(const struct history_step *a, const struct history_step *b)
{
	return a->kind == b->kind && a->method == b->method && a->code == b->code &&
	       a->is_signed == b->is_signed && a->connection == b->connection &&
	       a->peer.sa.sa_family == b->peer.sa.sa_family &&
	       (a->peer.sa.sa_family == AF_UNSPEC || addr_equal(&a->peer, &b->peer)) &&
	       a->why == b->why;
}

static void add_step(struct history *history, struct history_step *step)
{
	struct history_step *last = history->steps + history->n_steps - 1;
	struct history_step *middle = history->steps + HISTORY_FIRST_STEPS;

	step->first_us = step->last_us = now_us();
	step->times = 1;
	if (history->n_steps && is_alike(last, step)) {
		last->times++;
		last->last_us = step->last_us;
		return;
	}
	if (history->n_steps == HISTORY_STEPS) {
		history->omitted += middle->times;
		memmove(middle, middle + 1, (char *)last - (char *)middle);
		history->n_steps--;
	}
	history->steps[history->n_steps++] = *step;
}

static void set_user(struct history *history, const struct auth_user *user)
{
	if (!user || history->authenticated)
		return;
	history->user[0] = '\0';
	strncat(history->user, user->name, sizeof(history->user) - 1);
	history->authenticated = true;
}

/* It may be anything: what is shown on a terminal must not be able to control it. */
static void set_claimed(struct history *history, const uint8_t *name, size_t len)
{
	size_t n = len < sizeof(history->user) ? len : sizeof(history->user) - 1;

	if (!name || history->authenticated)
		return;
	for (size_t i = 0; i < n; i++)
		history->user[i] = name[i] >= ' ' && name[i] < 0x7f ? name[i] : '?';
	history->user[n] = '\0';
}

void history_response(const struct transaction *transaction, unsigned int code)
{
	struct history_step step = {
		.kind = HISTORY_RESPONSE,
		.method = transaction->method,
		.code = code,
		.is_signed = !transaction->unsigned_request,
		.peer = transaction->peer,
		.connection = transaction->connection,
	};
	struct history *history;

	/* It keeps NATs awake, and says nothing. */
	if (transaction->method == STUN_BINDING)
		return;
	history = get_history(transaction);
	if (!history)
		return;
	set_claimed(history, transaction->name, transaction->name_len);
	set_user(history, transaction->user);
	add_step(history, &step);
}

void history_peer_refused(const struct allocation *allocation, const union addr *peer,
			  const char *why)
{
	struct history_step step = { .kind = HISTORY_REFUSED_PEER, .peer = *peer, .why = why };
	struct history *history = of_allocation(allocation);

	if (!history)
		return;
	/* He comes from another port each time. */
	addr_set_port(&step.peer, 0);
	add_step(history, &step);
}

/* --- allocations */

void history_allocated(const struct allocation *allocation)
{
	const struct session *session = allocation->session;
	struct histories *histories = session->worker->histories;
	struct history *history = find_tuple(histories, session);

	if (!history || history->allocation)
		history = begin(histories, session);
	if (!history)
		return;
	TAILQ_REMOVE(&histories->refused, history, entry);
	histories->n_refused--;
	history->allocation = allocation->id;
	history->relayed = allocation->relayed[0].addr;
	history->transport = allocation->transport;
	set_user(history, allocation->user);
	HASH_ADD(by_allocation, histories->by_allocation, allocation,
		 sizeof(history->allocation), history);
}

void history_ended(const struct allocation *allocation, const char *why)
{
	struct histories *histories = allocation->session->worker->histories;
	struct history *history = of_allocation(allocation);

	if (!history)
		return;
	history->ended_us = now_us();
	set_why(history->ended, why);
	TAILQ_INSERT_TAIL(&histories->ended, history, entry);
	keep_few(histories, &histories->ended, &histories->n_ended);
}

/* --- connections */

static struct history_connection *find_connection(const struct allocation *allocation,
						  uint32_t id)
{
	struct history *history = of_allocation(allocation);
	struct history_connection *connection;

	if (!history)
		return NULL;
	/* Numbers are drawn anew: the latest is meant. */
	TAILQ_FOREACH_REVERSE(connection, &history->connections, history_connections, entry)
		if (connection->id == id && !connection->ended_us)
			return connection;
	return NULL;
}

/* Return: one to be used, the oldest that is over or a new one; NULL: there is none. */
static struct history_connection *make_connection(struct history *history)
{
	struct history_connection *connection;

	if (history->n_connections < HISTORY_CONNECTIONS) {
		connection = calloc(1, sizeof(*connection));
		history->n_connections += connection != NULL;
		return connection;
	}
	history->unseen++;
	TAILQ_FOREACH(connection, &history->connections, entry) {
		if (!connection->ended_us)
			continue;
		TAILQ_REMOVE(&history->connections, connection, entry);
		memset(connection, 0, sizeof(*connection));
		return connection;
	}
	return NULL;
}

void history_connection(const struct allocation *allocation, uint32_t id,
			const union addr *peer, bool by_peer)
{
	struct history_step step = { .kind = HISTORY_ATTEMPT, .peer = *peer, .connection = id };
	struct history *history = of_allocation(allocation);
	struct history_connection *connection = history ? make_connection(history) : NULL;

	if (history && by_peer)
		add_step(history, &step);
	if (!connection)
		return;
	connection->id = id;
	connection->peer = *peer;
	connection->by_peer = by_peer;
	connection->created_us = now_us();
	TAILQ_INSERT_TAIL(&history->connections, connection, entry);
}

void history_ready(const struct allocation *allocation, uint32_t id)
{
	struct history_connection *connection = find_connection(allocation, id);

	if (connection)
		connection->ready_us = now_us();
}

void history_bound(const struct allocation *allocation, uint32_t id, uint64_t relay)
{
	struct history_connection *connection = find_connection(allocation, id);

	if (!connection)
		return;
	connection->bound_us = now_us();
	connection->relay = relay;
}

void history_connection_ended(const struct allocation *allocation, uint32_t id,
			      const char *why, const struct relay_info *info)
{
	struct history_connection *connection = find_connection(allocation, id);

	if (!connection)
		return;
	connection->ended_us = now_us();
	set_why(connection->why, why);
	if (!info)
		return;
	connection->error = info->error;
	connection->closed_first = info->closed_first;
	connection->bytes_to_peer = info->to_peer.bytes;
	connection->bytes_to_client = info->to_client.bytes;
	if (info->opening_to_peer)
		connection->opening_to_peer = *info->opening_to_peer;
	if (info->opening_to_client)
		connection->opening_to_client = *info->opening_to_client;
}
