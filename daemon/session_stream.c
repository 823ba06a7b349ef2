// SPDX-License-Identifier: GPL-2.0-only
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocation_keep.h"
#include "config.h"
#include "connection.h"
#include "ktls.h"
#include "log_who.h"
#include "macros.h"
#include "record.h"
#include "server.h"
#include "session_stream.h"
#include "sock.h"
#include "turn.h"
#include "udp.h"
#include "worker.h"

#define STRANGER_OUTPUT_MAX (16 * 1024)	/* bytes */

static struct session_stream *of_session(struct session *session)
{
	return container_of(session, struct session_stream, session);
}

static struct session_stream *of_stream(struct stream *stream)
{
	return container_of(stream, struct session_stream, stream);
}

void session_stream_receive(struct session *session, const uint8_t *data, size_t len)
{
	struct worker *worker = session->worker;

	turn_receive(session, data, len);
	/* What it carried for peers goes before its memory does. */
	udp_flush(worker->udp);
}

static void on_message(struct stream *stream, const uint8_t *data, size_t len)
{
	struct session *session = &of_stream(stream)->session;

	if (stream->tls && session->counted != COUNT_SESSIONS_TLS)
		session_count_as(session, COUNT_SESSIONS_TLS);
	session_stream_receive(session, data, len);
}

static void on_broken(struct stream *stream, const char *why)
{
	struct session *session = &of_stream(stream)->session;

	if (stream->tls && !stream->tls->ready)
		log_session(session, "tls failed", "reason=\"%s\"", why);
	session_close(session, why);
}

static void on_drained(struct stream *stream)
{
	struct session_stream *self = of_stream(stream);
	struct connection *connection = self->session.binding;
	struct tls *tls;
	int fd = stream_detach(stream, &tls);

	session_end(&self->session);
	free(self);
	connection_bind(connection, fd, tls);
}

static void on_kept(struct stream *stream)
{
	struct allocation *allocation = of_stream(stream)->session.allocation;

	if (allocation)
		allocation_keep(allocation);
}

/* Until the next change of it. */
static void on_behind(struct stream *stream)
{
	struct allocation *allocation = of_stream(stream)->session.allocation;

	if (allocation)
		allocation_forget(allocation);
}

static const struct stream_ops stream_ops = {
	.message = on_message,
	.drained = on_drained,
	.broken = on_broken,
	.kept = on_kept,
	.behind = on_behind,
};

static bool is_secure(const struct session *session)
{
	return container_of(session, const struct session_stream, session)->stream.tls;
}

static void send_message(struct session *session, const void *data, size_t len)
{
	stream_send(&of_session(session)->stream, data, len);
}

static void send_data(struct session *session, const void *data, size_t len)
{
	stream_offer(&of_session(session)->stream, data, len);
}

static void evict(struct stranger *stranger)
{
	struct session_stream *self = container_of(stranger, struct session_stream, stranger);

	session_close(&self->session, "too many without an allocation");
}

/* He has nothing to wait for but a few answers; and there may be many of him. */
static void become_stranger(struct session_stream *self)
{
	stream_limit_output(&self->stream, STRANGER_OUTPUT_MAX);
	stream_keep(&self->stream, false);
	stranger_return(&self->session.worker->strangers, &self->stranger,
			&self->session.client);
}

/* Where the kernel has not what TLS needs, it is not asked for it each time. */
static bool may_be_kept(const struct session_stream *self)
{
	const struct worker *worker = self->session.worker;
	const struct tls *tls = self->stream.tls;

	return worker->records && (!tls || tls_is_in_kernel(tls) ||
				   ktls_takes(worker->server->ktls, tls->session));
}

static void become_known(struct session_stream *self)
{
	stream_limit_output(&self->stream, STREAM_OUTPUT_MAX);
	stream_keep(&self->stream, may_be_kept(self));
	stranger_leave(&self->stranger);
}

static void allocated(struct session *session)
{
	struct session_stream *self = of_session(session);

	if (session->allocation)
		become_known(self);
	else
		become_stranger(self);
}

static void close_stream(struct session *session)
{
	struct session_stream *self = of_session(session);

	stranger_leave(&self->stranger);
	stream_close(&self->stream);
	session_end(session);
	free(self);
}

static bool keep(const struct session *session, struct record_session *record)
{
	const struct session_stream *self =
		container_of(session, const struct session_stream, session);

	*record = (struct record_session){
		.client = session->client,
		.server = session->server,
		.stream = true,
	};
	return stream_is_kept(&self->stream);
}

static const struct session_ops session_ops = {
	.transport = "tcp",
	.stream = true,
	.is_secure = is_secure,
	.send = send_message,
	.send_data = send_data,
	.allocated = allocated,
	.keep = keep,
	.close = close_stream,
};

static int local_addr(int fd, union addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		return -1;
	return addr_from_sockaddr(addr, (struct sockaddr *)&ss);
}

static void free_session(struct session_stream *self)
{
	if (self->session.idle)
		event_free(self->session.idle);
	free(self);
}

static struct session_stream *new_session(struct worker *worker, int fd,
					  const union addr *client)
{
	struct session_stream *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	if (!session_init(&self->session, &session_ops, worker) &&
	    !local_addr(fd, &self->session.server) &&
	    !stream_open(&self->stream, worker->base, fd, &stream_ops)) {
		self->session.client = *client;
		self->stranger.evict = evict;
		return self;
	}
	free_session(self);
	return NULL;
}

void session_stream_open(struct worker *worker, int fd, const union addr *client,
			 enum tls_use use)
{
	struct session_stream *self = new_session(worker, fd, client);
	char from[ADDR_STR_LEN];

	if (!self) {
		log_limited(log_warning, "session refused", "client=%s error=\"no memory\"",
			    addr_str(client, from));
		close(fd);
		return;
	}
	sock_tune(fd);
	stream_expect_tls(&self->stream, worker->config->tls, use, &worker->handshakes);
	if (worker->config->rfc5766_channel_numbers)
		stream_take_old_channels(&self->stream);
	session_begin(&self->session);
	stream_limit_output(&self->stream, STRANGER_OUTPUT_MAX);
	stranger_enter(&worker->strangers, &self->stranger, client);
}

int session_stream_fd(struct session *session)
{
	return of_session(session)->stream.fd;
}

struct session *session_stream_restore(struct worker *worker, int fd,
				       const struct record_session *record)
{
	struct session_stream *self = new_session(worker, fd, &record->client);

	bool secure = ktls_is_on(fd);
	struct tls *tls;

	if (!self)
		return NULL;
	if (secure && stream_restore_tls(&self->stream)) {
		stream_detach(&self->stream, &tls);
		free_session(self);
		return NULL;
	}
	if (worker->config->rfc5766_channel_numbers)
		stream_take_old_channels(&self->stream);
	stream_keep(&self->stream, true);
	session_begin(&self->session);
	if (secure)
		session_count_as(&self->session, COUNT_SESSIONS_TLS);
	return &self->session;
}

void session_stream_leave(struct session *session)
{
	struct session_stream *self = of_session(session);

	stranger_leave(&self->stranger);
	session_leave(session);
	stream_leave(&self->stream);
}

int session_stream_enter(struct session *session, struct worker *worker)
{
	struct session_stream *self = of_session(session);
	int err = session_enter(session, worker);

	if (err) {
		stream_close(&self->stream);
		free(self);
		return err;
	}
	err = stream_enter(&self->stream, worker->base);
	if (err)
		close_stream(session);
	else
		stranger_enter(&worker->strangers, &self->stranger, &session->client);
	return err;
}

void session_stream_become(struct session *session, struct connection *connection)
{
	session->binding = connection;
	stranger_leave(&of_session(session)->stranger);
	evtimer_del(session->idle);
	stream_drain(&of_session(session)->stream);
}
