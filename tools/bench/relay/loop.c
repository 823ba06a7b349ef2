// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

#define EVENTS_AT_ONCE 64

/* What epoll hands back: a relay's socket, or a listener. */
struct watched {
	int fd;
	void (*ready)(int fd);		/* or NULL, and then */
	struct flow *out_of, *into;	/* the flows that it may wake */
	uint32_t events;
};

/* A relay with its place in the loop. */
struct entry {
	struct relay relay;
	struct watched side[2];
	bool ended;
	struct entry *next_ended;
};

static int epoll = -1;
static const struct mover *mover;
static struct entry *ended;

int loop_open(const struct mover *with)
{
	mover = with;
	if (epoll < 0)
		epoll = epoll_create1(EPOLL_CLOEXEC);
	return epoll < 0 ? -1 : 0;
}

static int watch(struct watched *w, uint32_t events, int op)
{
	struct epoll_event event = { .events = events, .data.ptr = w };

	w->events = events;
	return epoll_ctl(epoll, op, w->fd, &event);
}

int loop_watch(int fd, void (*ready)(int fd))
{
	struct watched *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	w->fd = fd;
	w->ready = ready;
	return watch(w, EPOLLIN, EPOLL_CTL_ADD);
}

static int init_flow(struct flow *flow, struct relay *relay, int from, int to)
{
	flow->relay = relay;
	flow->from = from;
	flow->to = to;
	return mover->prepare(flow);
}

static void init_side(struct watched *w, int fd, struct flow *out_of, struct flow *into)
{
	w->fd = fd;
	w->out_of = out_of;
	w->into = into;
}

int loop_add(int client, int peer)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	struct flow *flow;

	if (!entry)
		return -1;
	flow = entry->relay.flow;
	if (init_flow(&flow[0], &entry->relay, client, peer) ||
	    init_flow(&flow[1], &entry->relay, peer, client))
		return -1;
	init_side(&entry->side[0], client, &flow[0], &flow[1]);
	init_side(&entry->side[1], peer, &flow[1], &flow[0]);
	return watch(&entry->side[0], mover->wakes, EPOLL_CTL_ADD) ||
	       watch(&entry->side[1], mover->wakes, EPOLL_CTL_ADD) ? -1 : 0;
}

static struct entry *entry_of(const struct flow *flow)
{
	return (struct entry *)flow->relay;	/* comes first */
}

/* Freed when no event of this round can mention it any more. */
static void end(struct entry *entry)
{
	if (entry->ended)
		return;
	entry->ended = true;
	entry->next_ended = ended;
	ended = entry;
	for (int i = 0; i < 2; i++) {
		mover->release(&entry->relay.flow[i]);
		close(entry->side[i].fd);
	}
}

static void reset(struct entry *entry)
{
	struct linger linger = { .l_onoff = 1 };

	for (int i = 0; i < 2; i++)
		setsockopt(entry->side[i].fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	end(entry);
}

/* A flow with bytes in between waits for room, one without for bytes. */
static void update(struct watched *w)
{
	uint32_t events = 0;

	if (!w->out_of->eof && !w->out_of->full)
		events |= mover->wakes;
	if (w->into->full)
		events |= EPOLLOUT;
	if (events != w->events)
		watch(w, events, EPOLL_CTL_MOD);
}

static void run(struct flow *flow)
{
	struct entry *entry = entry_of(flow);

	if (flow->done)
		return;
	if (mover->move(flow) == MOVE_FAILED) {
		reset(entry);
		return;
	}
	if (flow->eof && !flow->queued) {
		flow->done = true;
		shutdown(flow->to, SHUT_WR);
	}
	if (entry->relay.flow[0].done && entry->relay.flow[1].done)
		end(entry);
}

static void serve(struct watched *w, uint32_t events)
{
	struct entry *entry = entry_of(w->out_of);

	if (!entry->ended && events & (mover->wakes | EPOLLHUP | EPOLLERR))
		run(w->out_of);
	if (!entry->ended && events & EPOLLOUT)
		run(w->into);
	if (entry->ended)
		return;
	update(&entry->side[0]);
	update(&entry->side[1]);
}

static void free_ended(void)
{
	while (ended) {
		struct entry *entry = ended;

		ended = entry->next_ended;
		free(entry);
	}
}

void loop_run(void)
{
	struct epoll_event events[EVENTS_AT_ONCE];

	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS_AT_ONCE, -1);

		for (int i = 0; i < n; i++) {
			struct watched *w = events[i].data.ptr;

			if (w->ready)
				w->ready(w->fd);
			else
				serve(w, events[i].events);
		}
		free_ended();
	}
}
