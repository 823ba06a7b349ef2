// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "handover.h"
#include "log_who.h"
#include "session_stream.h"
#include "worker.h"

struct handover {
	struct mail mail;
	struct session *session;
	size_t len;
	uint8_t message[];
};

/* Take over what handover_send() has sent. */
static void arrive(struct mail *mail, void *worker)
{
	struct handover *handover = (struct handover *)mail;
	struct session *session = handover->session;

	if (!session_stream_enter(session, worker)) {
		log_session(session, "session handed over", "worker=%u", session->worker->index);
		session_stream_receive(session, handover->message, handover->len);
	}
	free(handover);
}

static struct handover *new_handover(struct session *session, const uint8_t *message, size_t len)
{
	struct handover *handover = malloc(sizeof(*handover) + len);

	if (!handover)
		return NULL;
	handover->mail.deliver = arrive;
	handover->session = session;
	handover->len = len;
	memcpy(handover->message, message, len);
	return handover;
}

int handover_send(struct session *session, struct worker *to,
		  const uint8_t *message, size_t len)
{
	struct handover *handover = new_handover(session, message, len);
	struct worker *from = session->worker;
	int err;

	if (!handover)
		return -ENOMEM;
	session_stream_leave(session);
	err = mailbox_post(&to->mailbox, &handover->mail);
	if (!err) {
		count(COUNT_HANDOVERS);
		return 0;
	}
	free(handover);
	return session_stream_enter(session, from) ? -ENOTCONN : err;
}
