// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "forward.h"
#include "listener_udp.h"
#include "log_limit.h"
#include "mailbox.h"
#include "session.h"
#include "session_datagram.h"
#include "udp.h"
#include "worker.h"

struct forward_route {
	struct session_tuple tuple;
	struct worker *to;
	UT_hash_handle hh;
};

/* A datagram on its way. */
struct parcel {
	struct mail mail;
	struct worker *at;
	unsigned int listener;
	struct session_tuple tuple;
	bool routed;
	size_t len;
	uint8_t data[];
};

/* News of a route. */
struct notice {
	struct mail mail;
	struct worker *to;
	struct session_tuple tuple;
	bool begins;
};

/* Small ones must not fill the mailbox, which is for others, too. */
static size_t weight_of(size_t len)
{
	return len > FORWARD_WEIGHT_MIN ? len : FORWARD_WEIGHT_MIN;
}

static void take_parcel(struct mail *mail, void *owner)
{
	struct parcel *parcel = (struct parcel *)mail;
	struct worker *worker = owner;
	const struct datagram datagram = {
		.remote = parcel->tuple.client,
		.local = parcel->tuple.server,
		.data = parcel->data,
		.len = parcel->len,
	};

	atomic_fetch_sub(&worker->forwards.waiting, weight_of(parcel->len));
	/* News of the end got lost; should it begin anew, then news of that comes after this. */
	if (parcel->routed && !session_datagram_exists(worker, &datagram))
		forward_end(parcel->at, worker, &parcel->tuple);
	session_datagram_take(worker, parcel->at,
			      listeners_udp_socket(worker, parcel->listener), &datagram);
	/* What it carried for peers goes before its memory does. */
	udp_flush(worker->udp);
	free(parcel);
}

static struct parcel *new_parcel(const struct session_tuple *tuple, const void *data, size_t len)
{
	struct parcel *parcel = malloc(sizeof(*parcel) + len);

	if (!parcel)
		return NULL;
	parcel->mail.deliver = take_parcel;
	parcel->tuple = *tuple;
	parcel->len = len;
	memcpy(parcel->data, data, len);
	return parcel;
}

static int send_on(struct worker *at, struct worker *to, unsigned int listener,
		   const struct session_tuple *tuple, const void *data, size_t len, bool routed)
{
	const size_t weight = weight_of(len);
	struct parcel *parcel;
	int err;

	if (atomic_fetch_add(&to->forwards.waiting, weight) + weight > FORWARD_BYTES_MAX) {
		atomic_fetch_sub(&to->forwards.waiting, weight);
		return -EAGAIN;
	}
	parcel = new_parcel(tuple, data, len);
	err = -ENOMEM;
	if (parcel) {
		parcel->at = at;
		parcel->listener = listener;
		parcel->routed = routed;
		err = mailbox_post(&to->mailbox, &parcel->mail);
	}
	if (err) {
		atomic_fetch_sub(&to->forwards.waiting, weight);
		free(parcel);
	}
	return err;
}

int forward_datagram(struct worker *at, struct worker *to, unsigned int listener,
		     const struct session_tuple *tuple, const void *data, size_t len)
{
	return send_on(at, to, listener, tuple, data, len, false);
}

static struct forward_route *find_route(const struct worker *worker,
					const struct session_tuple *tuple)
{
	struct forward_route *route;

	HASH_FIND(hh, worker->forwards.routes, tuple, sizeof(*tuple), route);
	return route;
}

bool forward_if_routed(struct worker *worker, const struct udp_socket *socket,
		       const struct datagram *datagram)
{
	const struct forward_route *route;
	struct session_tuple tuple;

	if (!worker->forwards.routes)
		return false;
	tuple.client = datagram->remote;
	tuple.server = datagram->local;
	route = find_route(worker, &tuple);
	if (!route)
		return false;
	send_on(worker, route->to, listeners_udp_index(worker, socket), &tuple, datagram->data,
		datagram->len, true);
	return true;
}

static void begin_route(struct worker *worker, const struct notice *notice)
{
	struct forward_route *route = find_route(worker, &notice->tuple);

	if (!route) {
		if (HASH_COUNT(worker->forwards.routes) >= FORWARD_ROUTES_MAX)
			return;
		route = calloc(1, sizeof(*route));
		if (!route)
			return;
		route->tuple = notice->tuple;
		HASH_ADD(hh, worker->forwards.routes, tuple, sizeof(route->tuple), route);
	}
	route->to = notice->to;
}

static void end_route(struct worker *worker, const struct notice *notice)
{
	struct forward_route *route = find_route(worker, &notice->tuple);

	if (!route || route->to != notice->to)
		return;
	HASH_DEL(worker->forwards.routes, route);
	free(route);
}

bool forward_has_news(const struct worker *worker)
{
	return atomic_load(&worker->forwards.news);
}

static void take_notice(struct mail *mail, void *owner)
{
	struct notice *notice = (struct notice *)mail;
	struct worker *worker = owner;

	atomic_fetch_sub(&worker->forwards.news, 1);
	if (notice->begins)
		begin_route(worker, notice);
	else
		end_route(worker, notice);
	free(notice);
}

static void tell(struct worker *at, struct worker *to, const struct session_tuple *tuple,
		 bool begins)
{
	struct notice *notice = calloc(1, sizeof(*notice));
	char client[ADDR_STR_LEN];

	if (notice) {
		notice->mail.deliver = take_notice;
		notice->to = to;
		notice->tuple = *tuple;
		notice->begins = begins;
		atomic_fetch_add(&at->forwards.news, 1);
		if (!mailbox_post(&at->mailbox, &notice->mail))
			return;
		atomic_fetch_sub(&at->forwards.news, 1);
		free(notice);
	}
	if (begins)
		log_limited(log_warning, "datagrams not sent on", "client=%s",
			    addr_str(&tuple->client, client));
}

void forward_begin(struct worker *at, struct worker *to, const struct session_tuple *tuple)
{
	tell(at, to, tuple, true);
}

void forward_end(struct worker *at, struct worker *to, const struct session_tuple *tuple)
{
	tell(at, to, tuple, false);
}

void forwards_clear(struct worker *worker)
{
	struct forward_route *route, *next;

	HASH_ITER(hh, worker->forwards.routes, route, next) {
		HASH_DEL(worker->forwards.routes, route);
		free(route);
	}
}
