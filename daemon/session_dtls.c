// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <uthash.h>

#include "answers.h"
#include "config.h"
#include "dtls.h"
#include "log_who.h"
#include "macros.h"
#include "session_dtls.h"
#include "tls_server.h"
#include "turn.h"
#include "worker.h"

/**
 * struct session_dtls - one of them
 * @timer: until the handshake has to go on, then until the first message has to be here
 * @receiving: a datagram is being read: what is closed now is freed later
 */
struct session_dtls {
	struct session session;
	struct udp_socket *socket;
	struct dtls dtls;
	struct answers answers;
	struct stranger stranger;
	struct event *timer;
	bool receiving, closed;
	UT_hash_handle hh;
};

static struct session_dtls *of_session(struct session *session)
{
	return container_of(session, struct session_dtls, session);
}

static void send_datagram(const void *data, size_t len, void *arg)
{
	struct session_dtls *self = arg;

	udp_send_copy(self->socket, &self->session.client, &self->session.server, data, len);
}

static void send_data(struct session *session, const void *data, size_t len)
{
	dtls_send(&of_session(session)->dtls, data, len);
}

static void send_message(struct session *session, const void *data, size_t len)
{
	answers_note(&of_session(session)->answers, data, len);
	send_data(session, data, len);
	udp_flush(session->worker->udp);
}

static bool is_secure(const struct session *session)
{
	(void)session;
	return true;
}

static void evict(struct stranger *stranger)
{
	struct session_dtls *self = container_of(stranger, struct session_dtls, stranger);

	session_close(&self->session, "too many without an allocation");
}

static void allocated(struct session *session)
{
	struct session_dtls *self = of_session(session);

	if (session->allocation)
		stranger_leave(&self->stranger);
	else
		stranger_return(&session->worker->strangers, &self->stranger, &session->client);
}

static void close_dtls(struct session *session)
{
	struct session_dtls *self = of_session(session);

	stranger_leave(&self->stranger);
	HASH_DEL(session->worker->dtls.table, self);
	event_free(self->timer);
	dtls_close(&self->dtls);
	udp_flush(session->worker->udp);
	answers_clear(&self->answers);
	session_end(session);
	self->closed = true;
	if (!self->receiving)
		free(self);
}

static const struct session_ops session_ops = {
	.transport = "dtls",
	.is_secure = is_secure,
	.send = send_message,
	.send_data = send_data,
	.allocated = allocated,
	.close = close_dtls,
};

/* --- the handshake */

static void set_timer(struct session_dtls *self, unsigned int ms)
{
	const struct timeval timeout = { ms / 1000, ms % 1000 * 1000 };

	evtimer_add(self->timer, &timeout);
}

/* Return: whether it is done. */
static bool shake_hands(struct session_dtls *self)
{
	int err = dtls_handshake(&self->dtls);
	char client[ADDR_STR_LEN];

	if (err == -EAGAIN) {
		set_timer(self, dtls_timeout(&self->dtls));
		return false;
	}
	if (err) {
		log_session(&self->session, "tls failed", "reason=\"%s\"", self->dtls.why);
		session_close(&self->session, self->dtls.why);
		return false;
	}
	tls_log_established(self->dtls.session,
			    addr_str(&self->session.client, client));
	set_timer(self, DTLS_PATIENCE);
	return true;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct session_dtls *self = arg;
	struct udp_io *io = self->session.worker->udp;

	(void)fd, (void)what;
	if (self->dtls.ready)
		session_close(&self->session, "no message in time");
	else
		shake_hands(self);
	udp_flush(io);
}

/* --- messages */

static void receive_message(struct session_dtls *self, const uint8_t *data, size_t len)
{
	const struct answer *answer = answers_find(&self->answers, data, len);

	evtimer_del(self->timer);
	if (answer) {
		trace_message(&self->session, TRACE_IN, data, len);
		session_send(&self->session, answer->data, answer->len);
	} else {
		turn_receive(&self->session, data, len);
	}
}

/*
 * A message takes the place of the record that it came in, and is no longer; so what
 * goes on to a peer stays there as long as any datagram does.
 */
static void receive_messages(struct session_dtls *self, uint8_t *data, size_t left)
{
	ssize_t n = -EAGAIN;

	while (left && !self->closed && (n = dtls_recv(&self->dtls, data, left)) > 0) {
		receive_message(self, data, n);
		data += n;
		left -= n;
	}
	if (!self->closed && n <= 0 && n != -EAGAIN)
		session_close(&self->session, n ? self->dtls.why : "closed by the client");
}

static void receive(struct session_dtls *self, const struct datagram *datagram)
{
	self->receiving = true;
	dtls_feed(&self->dtls, datagram->data, datagram->len);
	if (self->dtls.ready || shake_hands(self))
		receive_messages(self, datagram->data, datagram->len);
	self->receiving = false;
	if (self->closed)
		free(self);
}

/* --- beginnings */

static struct session_dtls *new_session(struct worker *worker,
					gnutls_dtls_prestate_st *prestate)
{
	struct session_dtls *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->timer = evtimer_new(worker->base, on_timer, self);
	if (self->timer && !session_init(&self->session, &session_ops, worker) &&
	    !dtls_open(&self->dtls, worker->config->dtls, prestate, send_datagram, self))
		return self;
	if (self->session.idle)
		event_free(self->session.idle);
	if (self->timer)
		event_free(self->timer);
	free(self);
	return NULL;
}

static struct session_dtls *begin(struct worker *worker, struct udp_socket *socket,
				  const struct session_tuple *tuple,
				  gnutls_dtls_prestate_st *prestate)
{
	struct session_dtls *self = new_session(worker, prestate);
	char client[ADDR_STR_LEN];

	if (!self) {
		log_limited(log_warning, "session refused", "client=%s error=\"no memory\"",
			    addr_str(&tuple->client, client));
		return NULL;
	}
	self->socket = socket;
	self->session.client = tuple->client;
	self->session.server = tuple->server;
	HASH_ADD(hh, worker->dtls.table, session.client, sizeof(*tuple), self);
	session_begin(&self->session);
	session_count_as(&self->session, COUNT_SESSIONS_DTLS);
	self->stranger.evict = evict;
	stranger_enter(&worker->strangers, &self->stranger, &tuple->client);
	return self;
}

/*
 * A ClientHello may be forged, so it changes nothing, whatever there is already,
 * until it comes with a cookie (RFC 6347, 4.2.8). One that has come in a turn with too
 * many of them is lost: the client will say it again.
 *
 * Return: NULL if there is no new session.
 */
static struct session_dtls *meet(struct worker *worker, struct udp_socket *socket,
				 const struct session_tuple *tuple,
				 const struct datagram *hello, struct session_dtls *old)
{
	struct dtls_cookies *cookies = &worker->dtls.cookies;
	uint8_t answer[DTLS_HELLO_VERIFY_MAX];
	gnutls_dtls_prestate_st prestate;
	time_t now = worker_now();
	size_t len;

	if (!dtls_cookie_check(cookies, now, tuple, sizeof(*tuple), hello->data, hello->len,
			       &prestate)) {
		len = dtls_cookie_make(cookies, now, tuple, sizeof(*tuple), hello->data, answer);
		if (len)
			udp_send_copy(socket, &tuple->client, &tuple->server, answer, len);
		return NULL;
	}
	if (!handshakes_take(&worker->handshakes))
		return NULL;
	if (old)
		session_close(&old->session, "the client has begun anew");
	return begin(worker, socket, tuple, &prestate);
}

void session_dtls_receive(struct worker *worker, struct udp_socket *socket,
			  const struct datagram *datagram)
{
	struct session_tuple tuple = { 0 };
	struct session_dtls *self;

	tuple.client = datagram->remote;
	tuple.server = datagram->local;
	HASH_FIND(hh, worker->dtls.table, &tuple, sizeof(tuple), self);
	if (dtls_is_client_hello(datagram->data, datagram->len) &&
	    !(self && dtls_began_with(&self->dtls, dtls_random(datagram->data))))
		self = meet(worker, socket, &tuple, datagram, self);
	if (self)
		receive(self, datagram);
}
