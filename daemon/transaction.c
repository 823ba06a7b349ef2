// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "allocation.h"
#include "auth.h"
#include "auth_user.h"
#include "config.h"
#include "counters.h"
#include "history.h"
#include "log_who.h"
#include "session.h"
#include "transaction.h"
#include "worker.h"

void transaction_keep(struct transaction *kept, const struct transaction *transaction)
{
	*kept = *transaction;
	kept->realm = NULL;
	kept->name = NULL;
	auth_user_get(kept->user);
}

void transaction_forget(struct transaction *kept)
{
	auth_user_put(kept->user);
	kept->user = NULL;
}

static void begin(struct response *response, const struct transaction *transaction,
		  enum stun_class class)
{
	response->transaction = transaction;
	response->code = 0;
	stun_begin(&response->b, response->buf, sizeof(response->buf), class,
		   transaction->method, transaction->id);
}

void response_begin(struct response *response, const struct transaction *transaction)
{
	begin(response, transaction, STUN_SUCCESS);
}

void response_begin_error(struct response *response, const struct transaction *transaction,
			  unsigned int code)
{
	begin(response, transaction, STUN_ERROR);
	response->code = code;
	stun_add_error(&response->b, code);
}

static void count_response(unsigned int code)
{
	if (!code)
		count(COUNT_RESPONSES_SUCCESS);
	else
		count(code < 500 ? COUNT_RESPONSES_CLIENT_ERROR : COUNT_RESPONSES_SERVER_ERROR);
}

static void log_response(const struct response *response)
{
	const struct transaction *transaction = response->transaction;
	const struct session *session = transaction->session;
	const struct allocation *allocation = log_session_allocation(session);
	/* It may have ended with this very request. */
	uint64_t id = allocation ? allocation->id : transaction->allocation;
	char who[LOG_WHO_LEN];

	log_about(id, "request", "%s method=%s code=%u",
		  log_who(who, id, transaction->user, &session->client),
		  stun_method_str(transaction->method), response->code);
}

size_t response_finish(struct response *response)
{
	const struct transaction *transaction = response->transaction;
	struct stun_builder *b = &response->b;
	size_t len;

	if (transaction->session->worker->config->software)
		stun_add_string(b, STUN_ATTR_SOFTWARE, "kturn");
	auth_sign(&transaction->signature, b);
	if (transaction->fingerprint)
		stun_add_fingerprint(b);
	len = stun_end(b);
	if (len) {
		count_response(response->code);
		log_response(response);
		history_response(transaction, response->code);
	} else {
		log_limited(log_error, "response too long", "method=%s",
			    stun_method_str(transaction->method));
	}
	return len;
}

void response_send(struct response *response)
{
	size_t len = response_finish(response);

	if (len)
		session_send(response->transaction->session, response->buf, len);
}

void transaction_succeed(const struct transaction *transaction)
{
	struct response response;

	response_begin(&response, transaction);
	response_send(&response);
}

static void log_refused(const struct transaction *transaction, unsigned int code)
{
	log_session(transaction->session, "too many refusals", "method=%s code=%u",
		    stun_method_str(transaction->method), code);
}

/*
 * Over UDP the sender may be forged, and all of this an attack on somebody else. Over
 * TCP and DTLS he guesses passwords at worst; but everybody there begins with an unsigned
 * request, whoever else may share his address, and that one is always answered.
 */
static bool may_refuse(const struct transaction *transaction)
{
	struct session *session = transaction->session;
	struct auth *auth = session->worker->auth;
	bool real = session_is_stream(session) || session_is_secure(session);

	if (transaction->user || !auth)
		return true;
	if (real && transaction->unsigned_request && !session->challenged) {
		session->challenged = true;
		return true;
	}
	return auth_may_refuse(auth, &session->client, real);
}

bool transaction_may_fail(const struct transaction *transaction, unsigned int code)
{
	if (may_refuse(transaction))
		return true;
	count(COUNT_REFUSALS_LIMITED);
	log_refused(transaction, code);
	return false;
}

void transaction_fail(const struct transaction *transaction, unsigned int code)
{
	const struct session *session = transaction->session;
	struct auth *auth = session->worker->auth;
	struct response response;

	if (!transaction_may_fail(transaction, code))
		return;
	response_begin_error(&response, transaction, code);
	if (code == 401 || code == 438)
		auth_challenge(auth, &response.b, transaction->realm, &session->client,
			       time(NULL));
	response_send(&response);
}
