// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <time.h>

#include "allocation.h"
#include "auth.h"
#include "auth_user.h"
#include "config.h"
#include "connection.h"
#include "counters.h"
#include "handover.h"
#include "log_who.h"
#include "macros.h"
#include "mobility.h"
#include "session.h"
#include "stun.h"
#include "transaction.h"
#include "turn.h"
#include "worker.h"

#define UNKNOWN_MAX 32		/* attributes that a 420 response lists */

enum method_flags {
	AUTHENTICATED	= 1,	/* long-term credentials, if there are any */
	ALLOCATED	= 2,	/* on the control connection, by the same user */
	ADMITS		= 8,	/* whoever had no business here until now */
	CONNECTED	= 4,	/* over TCP or TLS only */
};

static const struct method {
	uint16_t method;
	turn_method_fn handle;
	unsigned int flags;
} methods[] = {
	{ STUN_BINDING,			turn_binding,		0 },
	{ STUN_ALLOCATE,		turn_allocate,		AUTHENTICATED | ADMITS },
	{ STUN_REFRESH,			turn_refresh,		AUTHENTICATED | ALLOCATED },
	{ STUN_CREATE_PERMISSION,	turn_create_permission,	AUTHENTICATED | ALLOCATED },
	{ STUN_CHANNEL_BIND,		turn_channel_bind,	AUTHENTICATED | ALLOCATED },
	{ STUN_CONNECT,			turn_connect,
	  AUTHENTICATED | ALLOCATED | CONNECTED },
	{ STUN_CONNECTION_BIND,		turn_connection_bind,	AUTHENTICATED | CONNECTED },
};

static const struct method *find_method(const struct session *session, uint16_t method)
{
	const struct config *config = session->worker->config;

	if (method == STUN_BINDING ? config->no_stun : config->stun_only)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (methods[i].method == method)
			return &methods[i];
	return NULL;
}

static bool needs_credentials(const struct session *session, const struct method *method)
{
	return method->flags & AUTHENTICATED ||
	       (method->method == STUN_BINDING && session->worker->config->secure_stun);
}

static bool is_understood(const struct session *session, const struct stun_message *msg,
			  uint16_t type)
{
	switch (type) {
	case STUN_ATTR_MAPPED_ADDRESS:
	case STUN_ATTR_USERNAME:
	case STUN_ATTR_MESSAGE_INTEGRITY:
	case STUN_ATTR_ERROR_CODE:
	case STUN_ATTR_UNKNOWN_ATTRIBUTES:
	case STUN_ATTR_CHANNEL_NUMBER:
	case STUN_ATTR_LIFETIME:
	case STUN_ATTR_XOR_PEER_ADDRESS:
	case STUN_ATTR_DATA:
	case STUN_ATTR_REALM:
	case STUN_ATTR_NONCE:
	case STUN_ATTR_XOR_RELAYED_ADDRESS:
	case STUN_ATTR_REQUESTED_ADDRESS_FAMILY:
	case STUN_ATTR_EVEN_PORT:
	case STUN_ATTR_REQUESTED_TRANSPORT:
	case STUN_ATTR_DONT_FRAGMENT:
	case STUN_ATTR_MESSAGE_INTEGRITY_SHA256:
	case STUN_ATTR_PASSWORD_ALGORITHM:
	case STUN_ATTR_USERHASH:
	case STUN_ATTR_XOR_MAPPED_ADDRESS:
	case STUN_ATTR_RESERVATION_TOKEN:
	case STUN_ATTR_CONNECTION_ID:
		return true;
	case STUN_ATTR_ACCESS_TOKEN:
		return auth_takes_tokens(session->worker->auth);
	default:
		/* comprehension-optional */
		return type & 0x8000 || (msg->method == STUN_BINDING &&
					 turn_binding_understands(session, type));
	}
}

static bool has_unknown(const struct session *session, const struct stun_message *msg)
{
	stun_for_each_attr(msg, attr)
		if (!is_understood(session, msg, attr.type))
			return true;
	return false;
}

/* Answer 420 if there is an attribute that has to be understood and is not. */
static bool refuse_unknown(const struct transaction *transaction,
			   const struct stun_message *msg)
{
	uint8_t list[2 * UNKNOWN_MAX];
	struct response response;
	size_t len = 0;

	stun_for_each_attr(msg, attr) {
		if (is_understood(transaction->session, msg, attr.type) || len == sizeof(list))
			continue;
		list[len++] = attr.type >> 8;
		list[len++] = attr.type;
	}
	if (!len)
		return false;
	if (!transaction_may_fail(transaction, 420))
		return true;
	response_begin_error(&response, transaction, 420);
	stun_add(&response.b, STUN_ATTR_UNKNOWN_ATTRIBUTES, list, len);
	response_send(&response);
	return true;
}

/* Whose the allocation is that a request is about; NULL if there is none. */
static struct auth_user *find_holder(const struct session *session,
				     const struct stun_message *msg)
{
	const struct connection *connection;
	struct stun_attr attr;
	uint32_t id;

	if (session->allocation)
		return session->allocation->user;
	if (msg->method != STUN_CONNECTION_BIND ||
	    !stun_find(msg, STUN_ATTR_CONNECTION_ID, &attr) || stun_attr_u32(&attr, &id))
		return NULL;
	connection = connection_find(session->worker, id);
	return connection ? connection_user(connection) : NULL;
}

static unsigned int authenticate(struct transaction *transaction,
				 const struct stun_message *msg)
{
	const struct session *session = transaction->session;
	struct auth *auth = session->worker->auth;

	if (!auth)
		return 0;
	transaction->realm = auth_begin(auth, msg);
	return auth_check(auth, msg, &session->client, time(NULL), find_holder(session, msg),
			  &transaction->user, &transaction->signature);
}

static unsigned int check_allocation(const struct transaction *transaction)
{
	const struct allocation *allocation = transaction->session->allocation;

	if (!allocation)
		return 437;
	return auth_user_same(allocation->user, transaction->user) ? 0 : 441;
}

static void log_ignored(const struct session *session, const struct stun_message *msg,
			const char *why)
{
	log_session(session, "message ignored", "method=0x%03x reason=\"%s\"", msg->method, why);
}

/*
 * Another worker has what a request is about: the connection of a ConnectionBind, or the
 * allocation that a Refresh has a ticket for.
 */
static struct worker *find_owner(const struct session *session, const struct stun_message *msg)
{
	struct stun_attr attr;
	uint32_t id;

	if (msg->method == STUN_REFRESH)
		return mobility_owner(session->worker, msg);
	if (msg->method != STUN_CONNECTION_BIND || !session_is_stream(session) ||
	    !stun_find(msg, STUN_ATTR_CONNECTION_ID, &attr) || stun_attr_u32(&attr, &id))
		return NULL;
	return connection_owner(session->worker, id);
}

/*
 * Such a request goes to that worker, and the session with it. One that has an
 * allocation here, or is about to, stays, and is told so.
 *
 * Return: the session has gone, to another worker or for good.
 */
static bool hand_over(struct session *session, const struct stun_message *msg,
		      unsigned int *code)
{
	bool stays = session->allocation || session->pending;
	struct worker *owner = stays ? NULL : find_owner(session, msg);
	int err;

	/* What is encrypted by datagrams is decrypted where it comes to. */
	if (!owner || owner == session->worker ||
	    (!session_is_stream(session) && session_is_secure(session)))
		return false;
	if (!session_is_stream(session)) {
		session_datagram_hand_over(session, owner, msg->data, msg->len);
		return true;
	}
	err = handover_send(session, owner, msg->data, msg->len);
	*code = 500;
	return !err || err == -ENOTCONN;
}

/* A ticket stands for an allocation of another 5-tuple. */
static bool needs_allocation(const struct method *method, const struct stun_message *msg)
{
	return method->flags & ALLOCATED &&
	       !(msg->method == STUN_REFRESH && stun_find(msg, STUN_ATTR_MOBILITY_TICKET, NULL));
}

/* Return: 0 if it has been or will be answered, else the error code. */
static unsigned int process(struct transaction *transaction, const struct method *method,
			    const struct stun_message *msg)
{
	unsigned int code = 0;

	/* Nobody has said that tokens are taken here (RFC 7635, section 7). */
	if (stun_find(msg, STUN_ATTR_ACCESS_TOKEN, NULL) &&
	    !is_understood(transaction->session, msg, STUN_ATTR_ACCESS_TOKEN) &&
	    refuse_unknown(transaction, msg))
		return 0;
	if (needs_credentials(transaction->session, method))
		code = authenticate(transaction, msg);
	if (!code && method->flags & ADMITS && transaction->user && transaction->user->expired) {
		count(COUNT_AUTH_EXPIRED);
		code = 401;
	}
	if (!code && refuse_unknown(transaction, msg))
		return 0;
	if (!code && method->flags & CONNECTED && !session_is_stream(transaction->session))
		code = 400;
	if (!code && needs_allocation(method, msg))
		code = check_allocation(transaction);
	return code ? code : method->handle(transaction, msg);
}

/*
 * Indications get no answer. A Binding indication only keeps NATs awake, and the
 * others are the server's to send.
 */
static void receive_indication(struct session *session, const struct stun_message *msg)
{
	trace_message(session, TRACE_IN, msg->data, msg->len);
	if (msg->method != STUN_SEND)
		return;
	if (has_unknown(session, msg))
		log_ignored(session, msg, "unknown attribute");
	else
		turn_send(session, msg);
}

/* Return: the id of the allocation that a request has to do with, or 0. */
static uint64_t concerned(const struct session *session, const struct stun_message *msg)
{
	const struct connection *connection;
	struct stun_attr attr;
	uint32_t id;

	if (session->allocation || msg->method != STUN_CONNECTION_BIND ||
	    !stun_find(msg, STUN_ATTR_CONNECTION_ID, &attr) || stun_attr_u32(&attr, &id))
		return session->allocation ? session->allocation->id : 0;
	connection = connection_find(session->worker, id);
	return connection ? connection_allocation(connection)->id : 0;
}

/* For who wants to know later what it was about. */
static void set_subject(struct transaction *transaction, const struct stun_message *msg)
{
	struct stun_attr attr;

	if (stun_find(msg, STUN_ATTR_XOR_PEER_ADDRESS, &attr) &&
	    stun_attr_xor_addr(msg, &attr, &transaction->peer))
		transaction->peer.sa.sa_family = AF_UNSPEC;
	if (stun_find(msg, STUN_ATTR_CONNECTION_ID, &attr) &&
	    stun_attr_u32(&attr, &transaction->connection))
		transaction->connection = 0;
	if (!stun_find(msg, STUN_ATTR_USERNAME, &attr))
		return;
	transaction->name = attr.value;
	transaction->name_len = attr.len;
}

static void receive_request(struct session *session, const struct stun_message *msg)
{
	const struct method *method = find_method(session, msg->method);
	struct transaction transaction = {
		.allocation = concerned(session, msg),
		.session = session,
		.method = msg->method,
		.unsigned_request = !msg->integrity && !msg->integrity_sha256,
		.fingerprint = msg->fingerprint || session->worker->config->fingerprint,
	};
	unsigned int code = 0;

	if (!method) {
		trace_message(session, TRACE_IN, msg->data, msg->len);
		log_ignored(session, msg, "unknown method");
		return;
	}
	if (hand_over(session, msg, &code))
		return;
	trace_message(session, TRACE_IN, msg->data, msg->len);
	memcpy(transaction.id, msg->transaction, sizeof(transaction.id));
	set_subject(&transaction, msg);
	if (!code)
		code = process(&transaction, method, msg);
	if (code)
		transaction_fail(&transaction, code);
	auth_user_put(transaction.user);
}

/* A stream has no next message then; a datagram says nothing about others. */
static void refuse_no_stun(struct session *session)
{
	if (session_is_stream(session))
		session_close(session, "malformed message");
}

/* Where it ends is known, so the next message is as good as ever. */
static void refuse_malformed(struct session *session, const struct stun_message *msg)
{
	struct transaction transaction = {
		.session = session,
		.method = msg->method,
	};

	if (msg->class != STUN_REQUEST || !find_method(session, msg->method)) {
		log_ignored(session, msg, "malformed attributes");
		return;
	}
	memcpy(transaction.id, msg->transaction, sizeof(transaction.id));
	transaction_fail(&transaction, 400);
}

void turn_receive(struct session *session, const uint8_t *data, size_t len)
{
	struct stun_message msg;
	int err;

	if (data[0] & 0xc0) {
		turn_channel_data(session, data, len);
		return;
	}
	err = stun_parse(&msg, data, len);
	if (err == -EINVAL) {
		trace_message(session, TRACE_IN, data, len);
		refuse_malformed(session, &msg);
		return;
	}
	if (err) {
		refuse_no_stun(session);
		return;
	}
	if (msg.fingerprint && !stun_check_fingerprint(&msg)) {
		trace_message(session, TRACE_IN, data, len);
		log_ignored(session, &msg, "wrong FINGERPRINT");
		return;
	}
	/* A server has no request to get a response for. */
	if (msg.class == STUN_REQUEST)
		receive_request(session, &msg);
	else if (msg.class == STUN_INDICATION)
		receive_indication(session, &msg);
}
