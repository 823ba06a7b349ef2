// SPDX-License-Identifier: GPL-2.0-only
/*
 * How bytes move where the client speaks TLS and the kernel does not do it: a
 * record at a time, each sent before the next is received.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "log.h"
#include "splice_relay.h"
#include "tls.h"

#define BUDGET		(16 * TLS_RECORD_MAX)
#define NO_MEMORY_WAIT	100	/* ms until a flow without a buffer tries again */

/* Return: 0 when all records are out, or a negative errno. */
static int send_output(struct splice_relay *relay)
{
	while (evbuffer_get_length(relay->output))
		if (evbuffer_write(relay->output, relay->leg[SPLICE_CLIENT].fd) < 0)
			return -errno;
	return 0;
}

static void log_failure(const struct splice_relay *relay, int err)
{
	if (err != EAGAIN)
		log_verbose("relay failed", "allocation=%016" PRIx64 " side=client reason=\"%s\"",
			    relay->group, tls_why(relay->tls, err));
}

static void drop_from(struct splice_relay *relay, enum splice_side from)
{
	struct splice_flow *flow = &relay->flow[from];

	free(flow->buffer);
	flow->buffer = NULL;
	flow->queued = 0;
}

/* Also takes what TLS has to answer, such as to a key update: it goes out. */
static ssize_t fill_from(struct splice_relay *relay, enum splice_side from, size_t most)
{
	struct splice_flow *flow = &relay->flow[from];
	ssize_t n;

	if (!flow->buffer)
		flow->buffer = malloc(TLS_RECORD_MAX);
	if (!flow->buffer) {
		splice_relay_again(relay, NO_MEMORY_WAIT);
		return -EAGAIN;
	}
	n = tls_recv(relay->tls, flow->buffer, most);
	send_output(relay);
	flow->at = 0;
	if (n > 0)
		flow->queued = n;
	else
		drop_from(relay, from);
	if (n < 0)
		log_failure(relay, -n);
	return n;
}

static ssize_t drain_from(struct splice_relay *relay, enum splice_side from)
{
	struct splice_flow *flow = &relay->flow[from];
	ssize_t n = send(relay->leg[SPLICE_PEER].fd, flow->buffer + flow->at, flow->queued,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return -errno;
	flow->at += n;
	return n;
}

static int finish_from(struct splice_relay *relay, enum splice_side from)
{
	(void)from;
	shutdown(relay->leg[SPLICE_PEER].fd, SHUT_WR);
	return 0;
}

static void drop_to(struct splice_relay *relay, enum splice_side from)
{
	evbuffer_drain(relay->output, evbuffer_get_length(relay->output));
	relay->flow[from].queued = 0;
}

static ssize_t fill_to(struct splice_relay *relay, enum splice_side from, size_t most)
{
	uint8_t buf[TLS_RECORD_MAX];
	int err = send_output(relay);
	ssize_t n;

	/* A client that is gone is draining's to find. */
	if (err == -EAGAIN)
		return err;
	n = recv(relay->leg[SPLICE_PEER].fd, buf, most, MSG_DONTWAIT);
	if (n <= 0)
		return n ? -errno : 0;
	err = tls_send(relay->tls, buf, n);
	if (err) {
		log_failure(relay, -err);
		return err;
	}
	relay->flow[from].queued = n;
	return n;
}

/* Records are no use in parts: the bytes count once the last is out. */
static ssize_t drain_to(struct splice_relay *relay, enum splice_side from)
{
	int err = send_output(relay);

	return err ? err : (ssize_t)relay->flow[from].queued;
}

static int finish_to(struct splice_relay *relay, enum splice_side from)
{
	int err = send_output(relay);

	(void)from;
	if (!err && !relay->said_goodbye) {
		err = tls_bye(relay->tls);
		relay->said_goodbye = !err;
		if (!err)
			err = send_output(relay);
	}
	if (err)
		return err;
	shutdown(relay->leg[SPLICE_CLIENT].fd, SHUT_WR);
	return 0;
}

const struct splice_mover splice_from_tls = {
	.budget = BUDGET,
	.most = TLS_RECORD_MAX,
	.fill = fill_from,
	.drain = drain_from,
	.finish = finish_from,
	.drop = drop_from,
};

const struct splice_mover splice_to_tls = {
	.budget = BUDGET,
	.most = TLS_RECORD_MAX,
	.fill = fill_to,
	.drain = drain_to,
	.finish = finish_to,
	.drop = drop_to,
};
