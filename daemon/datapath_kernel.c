// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine that hands both sockets to kturn.ko.
 *
 * Two netlink sockets: one for requests, which owns the relays (they end when
 * it is closed), and one that hears of their ends, and of nobody else's: every
 * worker has relays of its own. A relay is in the table from the moment its id
 * is known until its end was reported once, by del to its caller or by ended().
 * Events are read only from the loop, so the event of a relay that ends at once
 * waits until add has returned.
 *
 * A relay that ended by itself before del came is not deleted but reported by
 * ended(), with its true reason: for one that del names, del says -ENOENT, and
 * del_group reports such relays before it returns, for the group's owner is
 * about to forget them.
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "counters.h"
#include "datapath.h"
#include "genl.h"
#include "log.h"
#include "macros.h"

/* Events taken at a time, before the loop's other work gets its turn. */
#define EVENTS_AT_ONCE 256

/* Rest before it is found out what lost events would have told. */
static const struct timeval resync_rest = { 0, 100 * 1000 };

_Static_assert(RELAY_COOKIE_MAX == KTURN_COOKIE_MAX, "the cookies differ");
_Static_assert((int)RELAY_REASON_EOF == KTURN_END_REASON_EOF &&
	       (int)RELAY_REASON_ERROR == KTURN_END_REASON_ERROR,
	       "the reasons differ");

/* A relay whose end has not been reported. */
struct own_relay {
	struct relay_info info;
	uint64_t early;			/* bytes to the peer that the kernel has not seen */
	bool seen;			/* by the last dump, or added since */
	UT_hash_handle hh;
	unsigned char cookie[];
};

struct datapath_kernel {
	struct datapath base;
	struct kturn_genl *requests;
	struct kturn_genl *events;
	uint32_t port;			/* of @requests: the owner of our relays */
	struct event *readable;
	struct event *rested;
	struct own_relay *relays;	/* by id */
	uint64_t losses;		/* times that events were lost */
	uint64_t unseen_ends;		/* relays of whose ends nobody has told */
};

static struct datapath_kernel *kernel_of(struct datapath *dp)
{
	return (struct datapath_kernel *)dp;	/* base comes first */
}

static struct own_relay *own_relay_new(const struct relay_request *req)
{
	struct own_relay *own = calloc(1, sizeof(*own) + req->cookie_len);

	if (!own)
		return NULL;
	if (req->cookie_len)
		memcpy(own->cookie, req->cookie, req->cookie_len);
	own->info.group = req->group;
	own->info.cookie = own->cookie;
	own->info.cookie_len = req->cookie_len;
	own->early = req->early;
	own->seen = true;
	return own;
}

static struct own_relay *own_relay_find(struct datapath_kernel *dk, uint64_t id)
{
	struct own_relay *own;

	HASH_FIND(hh, dk->relays, &id, sizeof(id), own);
	return own;
}

static enum relay_reason reason_of(const struct kturn_relay *relay)
{
	/* A newer module may have reasons that have no name here. */
	return relay->reason <= RELAY_REASON_ERROR ? relay->reason : RELAY_REASON_ERROR;
}

static struct relay_counters counters_of(const struct kturn_flow *flow)
{
	return (struct relay_counters) {
		.bytes = flow->bytes,
		.moves = flow->moves,
		.waits = flow->waits,
	};
}

static struct relay_info info_of(const struct kturn_relay *relay)
{
	return (struct relay_info) {
		.id = relay->id,
		.group = relay->group,
		.cookie = relay->cookie,
		.cookie_len = relay->cookie_len,
		.reason = reason_of(relay),
		.error = relay->error,
		.closed_first = relay->closed_first,
		.to_peer = counters_of(&relay->to_peer),
		.to_client = counters_of(&relay->to_client),
	};
}

/* Report the end of a relay that has left the table. */
static void report(struct own_relay *own, relay_ended_fn fn, void *arg)
{
	if (fn)
		fn(&own->info, arg);
	free(own);
}

/*
 * Report the end that the kernel tells of, if it is news about one of ours.
 * @fn may call the engine: the table has let go of the relay.
 */
static void end_relay(struct datapath_kernel *dk, const struct kturn_relay *relay,
		      relay_ended_fn fn, void *arg)
{
	struct own_relay *own = own_relay_find(dk, relay->id);
	struct relay_info told = info_of(relay);

	if (!own || relay->owner != dk->port)
		return;
	/* What the kernel has not seen was before all that. */
	told.opening_to_peer = own->early ? NULL : &relay->to_peer.opening;
	told.opening_to_client = &relay->to_client.opening;
	HASH_DEL(dk->relays, own);
	told.cookie = own->cookie;
	told.cookie_len = own->info.cookie_len;
	told.to_peer.bytes += own->early;
	own->info = told;
	report(own, fn, arg);
}

/*
 * Take what events there are. Returns -EAGAIN if there are no more, -ENOBUFS
 * if some were lost, 0 if there may be more.
 */
static int take_events(struct datapath_kernel *dk)
{
	struct kturn_event event;

	for (int i = 0; i < EVENTS_AT_ONCE; i++) {
		int err = kturn_events_next(dk->events, &event);

		if (err)
			return err;
		if (event.cmd == KTURN_CMD_RELAY_DEL_NTF)
			end_relay(dk, &event.relay, dk->base.ended, dk->base.ended_arg);
	}
	return 0;
}

/* Take all events there are. Returns a negative errno if some were lost. */
static int drain_events(struct datapath_kernel *dk)
{
	int err;

	do {
		err = take_events(dk);
	} while (!err);
	return err == -EAGAIN ? 0 : err;
}

static void mark_one(const struct kturn_relay *relay, void *arg)
{
	struct own_relay *own = own_relay_find(arg, relay->id);

	if (own)
		own->seen = true;
}

/* Of the relays in the kernel only these are ours: other workers have theirs. */
static struct kturn_which ours(const struct datapath_kernel *dk)
{
	return (struct kturn_which){ .owner = &dk->port };
}

/*
 * Mark the relays that the kernel still has: those leave its list, and then
 * send their event, after this.
 */
static int mark_seen(struct datapath_kernel *dk)
{
	const struct kturn_which which = ours(dk);
	struct own_relay *own, *next;
	int err;

	HASH_ITER(hh, dk->relays, own, next)
		own->seen = false;
	err = kturn_relay_each(dk->requests, &which, mark_one, dk);
	if (err)
		log_error("relay dump failed", "why=\"%s\"", kturn_genl_why(dk->requests));
	return err;
}

/* Move the relays that the kernel has no more out of the table. */
static unsigned int take_unseen(struct datapath_kernel *dk, struct own_relay **unseen)
{
	struct own_relay *own, *next;
	unsigned int count = 0;

	HASH_ITER(hh, dk->relays, own, next) {
		if (own->seen)
			continue;
		HASH_DEL(dk->relays, own);
		HASH_ADD(hh, *unseen, info.id, sizeof(own->info.id), own);
		count++;
	}
	return count;
}

/*
 * Nobody knows any more why these ended or what they carried: an error, by
 * name of what was lost.
 */
static void report_unseen(struct datapath_kernel *dk, struct own_relay *unseen)
{
	struct own_relay *own, *next;

	HASH_ITER(hh, unseen, own, next) {
		HASH_DEL(unseen, own);
		own->info.reason = RELAY_REASON_ERROR;
		own->info.error = ENOBUFS;
		report(own, dk->base.ended, dk->base.ended_arg);
	}
}

/*
 * After lost events the kernel's list is the truth. The queue is emptied
 * before, because until then the kernel drops events without saying so again;
 * and after, because an event still knows why a relay has left the list. What
 * neither of them mentions is gone.
 */
static int settle(struct datapath_kernel *dk)
{
	struct own_relay *unseen = NULL;
	unsigned int gone;
	int err;

	err = drain_events(dk);
	if (err)
		return err;
	err = mark_seen(dk);
	if (err)
		return err;
	err = drain_events(dk);
	gone = take_unseen(dk, &unseen);
	dk->unseen_ends += gone;
	count_many(COUNT_RELAY_ENDS_UNSEEN, gone);
	log_warning("relay events lost",
		    "times=%" PRIu64 " ended_unseen=%u alive=%u ended_unseen_in_all=%" PRIu64,
		    dk->losses, gone, HASH_COUNT(dk->relays), dk->unseen_ends);
	report_unseen(dk, unseen);
	return err;
}

/*
 * Some events have not come. To ask for the whole list costs the more the more there
 * is to tell, so it is asked for only once in a while, however often some get lost.
 */
static void lose(struct datapath_kernel *dk)
{
	dk->losses++;
	count(COUNT_EVENTS_LOST);
	if (!evtimer_pending(dk->rested, NULL))
		evtimer_add(dk->rested, &resync_rest);
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	struct datapath_kernel *dk = arg;

	(void)fd, (void)what;
	if (settle(dk))
		lose(dk);
}

static void on_events(evutil_socket_t fd, short what, void *arg)
{
	struct datapath_kernel *dk = arg;
	int err;

	(void)fd, (void)what;
	err = take_events(dk);
	if (err && err != -EAGAIN)
		lose(dk);
}

static int hear_events(struct datapath_kernel *dk, struct event_base *base,
		       char *why, size_t why_len)
{
	int err;

	err = kturn_genl_open(&dk->events, why, why_len);
	if (err)
		return err;
	err = kturn_events_join(dk->events, dk->port);
	if (err) {
		snprintf(why, why_len, "%s", kturn_genl_why(dk->events));
		return err;
	}
	dk->rested = evtimer_new(base, on_rested, dk);
	dk->readable = event_new(base, kturn_genl_fd(dk->events), EV_READ | EV_PERSIST,
				 on_events, dk);
	if (!dk->rested || !dk->readable || event_add(dk->readable, NULL)) {
		snprintf(why, why_len, "the event loop refuses the netlink socket");
		return -ENOMEM;
	}
	return 0;
}

/* Finding the family needs no privilege, using it does. */
static int open_requests(struct datapath_kernel *dk, char *why, size_t why_len)
{
	struct kturn_stats stats;
	int err;

	err = kturn_genl_open(&dk->requests, why, why_len);
	if (err)
		return err;
	dk->port = kturn_genl_port(dk->requests);
	err = kturn_stats_get(dk->requests, &stats);
	if (err)
		snprintf(why, why_len, "%s", kturn_genl_why(dk->requests));
	return err;
}

static void kernel_close(struct datapath *dp)
{
	struct datapath_kernel *dk = kernel_of(dp);
	struct own_relay *own, *next;

	if (dk->readable)
		event_free(dk->readable);
	if (dk->rested)
		event_free(dk->rested);
	if (dk->events)
		kturn_genl_close(dk->events);
	if (dk->requests)
		kturn_genl_close(dk->requests);
	HASH_ITER(hh, dk->relays, own, next) {
		HASH_DEL(dk->relays, own);
		free(own);
	}
	free(dk);
}

static int kernel_open(struct datapath **dp, struct event_base *base,
		       char *why, size_t why_len)
{
	struct datapath_kernel *dk = calloc(1, sizeof(*dk));
	int err;

	if (!dk) {
		snprintf(why, why_len, "out of memory");
		return -ENOMEM;
	}
	dk->base.ops = &datapath_kernel;
	err = open_requests(dk, why, why_len);
	if (!err)
		err = hear_events(dk, base, why, why_len);
	if (err) {
		kernel_close(&dk->base);
		return err;
	}
	*dp = &dk->base;
	return 0;
}

static int kernel_add(struct datapath *dp, const struct relay_request *req,
		      uint64_t *id, char *why, size_t why_len)
{
	struct datapath_kernel *dk = kernel_of(dp);
	const struct kturn_limit limits[] = {
		{ KTURN_A_LIMITS_RATE, req->rate },
		{ KTURN_A_LIMITS_IDLE_MS, req->idle_ms },
	};
	const struct kturn_add add = {
		.client_fd = req->client_fd,
		.peer_fd = req->peer_fd,
		.group = req->group,
		.cookie = req->cookie,
		.cookie_len = req->cookie_len,
		.outlive_ms = req->outlive_ms,
		.limits = limits,
		.n_limits = ARRAY_SIZE(limits),
	};
	struct own_relay *own;
	int err;

	own = own_relay_new(req);
	if (!own) {
		snprintf(why, why_len, "out of memory");
		return -ENOMEM;
	}
	err = kturn_relay_add(dk->requests, &add, &own->info.id);
	if (err) {
		snprintf(why, why_len, "%s", kturn_genl_why(dk->requests));
		free(own);
		return err;
	}
	*id = own->info.id;
	HASH_ADD(hh, dk->relays, info.id, sizeof(own->info.id), own);
	/* The module holds both sockets itself. */
	close(req->client_fd);
	close(req->peer_fd);
	return 0;
}

static int kernel_set_rate(struct datapath *dp, uint64_t id, uint64_t rate)
{
	const struct kturn_limit limit = { KTURN_A_LIMITS_RATE, rate };

	return kturn_relay_set(kernel_of(dp)->requests, id, &limit, 1);
}

/*
 * A relay whose reply was lost is still in the table: its event will tell.
 */
static void report_deleted(struct datapath_kernel *dk, struct kturn_relays *ended,
			   relay_ended_fn final, void *arg)
{
	for (size_t i = 0; i < ended->count; i++)
		end_relay(dk, &ended->relay[i], final, arg);
	kturn_relays_free(ended);
}

static int kernel_del(struct datapath *dp, uint64_t id, relay_ended_fn final, void *arg)
{
	struct datapath_kernel *dk = kernel_of(dp);
	struct kturn_relays ended = { .count = 0 };
	int err;

	if (!own_relay_find(dk, id))
		return -ENOENT;
	err = kturn_relay_del(dk->requests, id, &ended);
	report_deleted(dk, &ended, final, arg);
	return err;
}

static int kernel_del_group(struct datapath *dp, uint64_t group,
			    relay_ended_fn final, void *arg)
{
	struct datapath_kernel *dk = kernel_of(dp);
	struct kturn_relays ended = { .count = 0 };
	int err;

	err = kturn_relay_del_group(dk->requests, group, &ended);
	report_deleted(dk, &ended, final, arg);
	/* What was deleted has left the table: its events are no news. */
	if (drain_events(dk))
		lose(dk);
	return err;
}

static int kernel_dump(struct datapath *dp, relay_dump_fn fn, void *arg)
{
	struct datapath_kernel *dk = kernel_of(dp);
	const struct kturn_which which = ours(dk);
	struct kturn_relays relays = { .count = 0 };
	const struct own_relay *own;
	struct relay_info info;
	int err;

	err = kturn_relay_dump(dk->requests, &which, &relays);
	for (size_t i = 0; !err && i < relays.count; i++) {
		info = info_of(&relays.relay[i]);
		own = own_relay_find(dk, info.id);
		info.to_peer.bytes += own ? own->early : 0;
		fn(&info, arg);
	}
	kturn_relays_free(&relays);
	return err;
}

/* What was passed on before the kernel saw it, nobody remembers any more. */
static int adopt_one(struct datapath_kernel *dk, const struct kturn_relay *relay)
{
	const struct relay_request request = {
		.group = relay->group,
		.cookie = relay->cookie,
		.cookie_len = relay->cookie_len,
	};
	struct own_relay *own = own_relay_new(&request);
	int err = own ? kturn_relay_adopt(dk->requests, relay->id) : -ENOMEM;

	if (err) {
		free(own);
		return err;
	}
	own->info.id = relay->id;
	HASH_ADD(hh, dk->relays, info.id, sizeof(own->info.id), own);
	return 0;
}

/* One that cannot be had is no reason to leave the others; one that has ended is no failure. */
static int kernel_adopt(struct datapath *dp, relay_wanted_fn wanted, void *arg)
{
	static const uint32_t nobody = 0;
	const struct kturn_which orphans = { .owner = &nobody };
	struct datapath_kernel *dk = kernel_of(dp);
	struct kturn_relays relays = { .count = 0 };
	int err = kturn_relay_dump(dk->requests, &orphans, &relays);

	for (size_t i = 0; i < relays.count; i++) {
		const struct relay_info info = info_of(&relays.relay[i]);
		int one = wanted(&info, arg) ? adopt_one(dk, &relays.relay[i]) : 0;

		if (one && one != -ENOENT && !err)
			err = one;
	}
	kturn_relays_free(&relays);
	return err;
}

const struct datapath_ops datapath_kernel = {
	.name = "kernel",
	.open = kernel_open,
	.close = kernel_close,
	.add = kernel_add,
	.set_rate = kernel_set_rate,
	.del = kernel_del,
	.del_group = kernel_del_group,
	.dump = kernel_dump,
	.adopt = kernel_adopt,
};
