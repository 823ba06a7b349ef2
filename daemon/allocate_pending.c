// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "allocate_pending.h"
#include "allocation.h"
#include "quota_shared.h"
#include "session.h"
#include "transaction.h"
#include "turn.h"
#include "worker.h"

struct allocate_pending {
	struct quota_ask *ask;
	struct transaction transaction;
	struct allocation_request request;
	uint8_t token[RESERVATION_TOKEN_LEN];	/* what the request points to */
};

static void finish(struct allocate_pending *pending)
{
	transaction_forget(&pending->transaction);
	free(pending);
}

static void on_answer(void *arg, bool granted)
{
	struct allocate_pending *pending = arg;
	const struct transaction *transaction = &pending->transaction;
	struct worker *worker = transaction->session->worker;
	unsigned int code = 486;

	/* To answer may end the session. */
	transaction->session->pending = NULL;
	if (granted)
		code = turn_allocate_now(transaction, &pending->request);
	if (code && granted)
		quota_shared_release(worker->quota_shared, transaction->user);
	if (code)
		transaction_fail(transaction, code);
	finish(pending);
}

bool allocate_pending_begin(const struct transaction *transaction,
			    const struct allocation_request *request)
{
	struct session *session = transaction->session;
	struct allocate_pending *pending = calloc(1, sizeof(*pending));

	if (!pending)
		return false;
	transaction_keep(&pending->transaction, transaction);
	pending->request = *request;
	if (request->token) {
		memcpy(pending->token, request->token, sizeof(pending->token));
		pending->request.token = pending->token;
	}
	session->pending = pending;
	pending->ask = quota_shared_ask(session->worker->quota_shared, transaction->user,
					on_answer, pending);
	if (pending->ask)
		return true;
	session->pending = NULL;
	finish(pending);
	return false;
}

bool allocate_pending_is(const struct transaction *transaction)
{
	const struct allocate_pending *pending = transaction->session->pending;

	return pending && !memcmp(pending->transaction.id, transaction->id,
				  sizeof(transaction->id));
}

void allocate_pending_forget(struct session *session)
{
	struct allocate_pending *pending = session->pending;

	if (!pending)
		return;
	session->pending = NULL;
	quota_shared_forget(pending->ask);
	finish(pending);
}
