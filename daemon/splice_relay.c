// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "counters.h"
#include "sock.h"
#include "splice_limit.h"
#include "splice_opening.h"
#include "splice_relay.h"
#include "tls.h"

#define DELIVERY_POLL	5	/* ms between two looks at a send queue */
#define DELIVERY_TIME	2000	/* ms to deliver what was received before a reset */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000) + now.tv_nsec / 1000000;
}

/* By a timer even if it is due at once, so that the other sockets are polled first. */
void splice_relay_again(struct splice_relay *relay, uint64_t ms)
{
	const struct timeval wait = { ms / 1000, ms % 1000 * 1000 };
	const uint64_t due = now_ms() + ms;

	if (evtimer_pending(relay->timer, NULL) && relay->due <= due)
		return;
	relay->due = due;
	evtimer_add(relay->timer, &wait);
}

void splice_relay_end(struct splice_relay *relay, enum relay_reason reason)
{
	relay->reason = reason;
	relay->ended(relay);
}

static void drop(struct splice_relay *relay, enum splice_side from)
{
	relay->flow[from].mover->drop(relay, from);
}

/* splice(2) stops in front of urgent data and calls it "nothing" or "the end". */
static bool is_urgent(int fd)
{
	int at_mark = 0;

	return !ioctl(fd, SIOCATMARK, &at_mark) && at_mark;
}

static int pending_error(int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? errno : err;
}

static bool is_delivered(const struct splice_relay *relay, enum splice_side from)
{
	int unacked = 0;

	return relay->flow[from].done &&
	       (ioctl(relay->leg[splice_other(from)].fd, SIOCOUTQ, &unacked) || !unacked);
}

static enum relay_reason reason_of(enum splice_side side, int error)
{
	switch (error) {
	case ECONNRESET:
	case EPIPE:
		return side == SPLICE_CLIENT ? RELAY_REASON_CLIENT_RESET
					     : RELAY_REASON_PEER_RESET;
	case ENODATA:
		return RELAY_REASON_TLS_TRUNCATED;
	case ECONNABORTED:
		return RELAY_REASON_TLS_ALERT;
	case EKEYEXPIRED:
		return RELAY_REASON_TLS_KEY_UPDATE;
	default:
		return RELAY_REASON_ERROR;
	}
}

/*
 * One side is gone, by a reset or worse. What it sent before is still good: it
 * is delivered, as far as that goes in reasonable time, and only then does the
 * other side see the reset.
 */
static void lose(struct splice_relay *relay, enum splice_side side, int error)
{
	struct splice_flow *back = &relay->flow[splice_other(side)];

	relay->reason = reason_of(side, error);
	if (relay->reason == RELAY_REASON_ERROR)
		relay->error = error;
	relay->lost = side;
	relay->deadline = now_ms() + DELIVERY_TIME;
	drop(relay, splice_other(side));
	back->done = true;
	splice_relay_again(relay, 0);
}

/* Pass the FIN on behind the last byte, as soon as there is room for it. */
static void end_flow(struct splice_relay *relay, enum splice_side from)
{
	struct splice_flow *flow = &relay->flow[from];
	int err = 0;

	flow->ending = true;
	if (!relay->deadline)
		err = flow->mover->finish(relay, from);
	if (err == -EAGAIN)
		return;
	drop(relay, from);
	flow->done = true;
	if (err)
		lose(relay, splice_other(from), -err);
	else if (!relay->closed_first && !relay->deadline)
		relay->closed_first = from == SPLICE_CLIENT ? KTURN_SIDE_CLIENT : KTURN_SIDE_PEER;
}

/* Return: bytes, 0 at the end, or a negative errno; -EAGAIN if there are none. */
static ssize_t fill(struct splice_relay *relay, enum splice_side from, size_t most)
{
	ssize_t n = splice_opening_fill(relay, from, most);

	if (n > 0)
		splice_limit_taken(relay, from, n);
	return n;
}

/* Return: bytes, or a negative errno; -EAGAIN if the receiver has no room. */
static ssize_t drain(struct splice_relay *relay, enum splice_side from)
{
	struct splice_flow *flow = &relay->flow[from];
	ssize_t n = flow->mover->drain(relay, from);

	if (n < 0) {
		flow->counters.waits += n == -EAGAIN;
		return n;
	}
	flow->queued -= n;
	flow->counters.bytes += n;
	flow->counters.moves++;
	count_many(from == SPLICE_CLIENT ? COUNT_SPLICE_BYTES_TO_PEER
					 : COUNT_SPLICE_BYTES_TO_CLIENT, n);
	splice_limit_moved(relay);
	/* As long as any of it is taken, the rest may be. */
	if (relay->deadline)
		relay->deadline = now_ms() + DELIVERY_TIME;
	return n;
}

/* The source had nothing, or its end. Return: false if the relay is over. */
static bool stop_at_source(struct splice_relay *relay, enum splice_side from, ssize_t n)
{
	if (is_urgent(relay->leg[from].fd)) {
		splice_relay_end(relay, RELAY_REASON_URGENT);
		return false;
	}
	if (n == -EAGAIN)
		return true;
	if (n == 0 || relay->deadline)
		end_flow(relay, from);
	else
		lose(relay, from, -n);
	return true;
}

/* The receiver has no room, or is gone. Return: false if the relay is over. */
static bool stop_at_receiver(struct splice_relay *relay, enum splice_side from, ssize_t n)
{
	if (n == -EAGAIN)
		return true;
	if (relay->deadline) {
		splice_relay_end(relay, relay->reason);
		return false;
	}
	lose(relay, splice_other(from), -n);
	return true;
}

/*
 * Fill the hand, empty it, fill it again: an empty hand makes sure that EAGAIN
 * speaks of the socket. Return: false if the relay is over.
 */
static bool move(struct splice_relay *relay, enum splice_side from)
{
	struct splice_flow *flow = &relay->flow[from];
	size_t most;
	ssize_t n;

	if (flow->done)
		return true;
	for (size_t moved = 0; moved < flow->mover->budget; moved += n) {
		if (flow->ending) {
			end_flow(relay, from);
			return true;
		}
		if (flow->queued) {
			n = drain(relay, from);
			if (n < 0)
				return stop_at_receiver(relay, from, n);
		} else {
			most = splice_limit_budget(relay, from, flow->mover->most);
			if (!most)
				return true;
			n = fill(relay, from, most);
			if (n <= 0)
				return stop_at_source(relay, from, n);
		}
	}
	splice_relay_again(relay, 0);
	return true;
}

/* A reset shows in reading; where we do not read, it has to be asked for. */
static void look_for_reset(struct splice_relay *relay, enum splice_side side)
{
	const struct splice_flow *flow = &relay->flow[side];
	int error;

	if (relay->deadline || (!flow->done && !flow->queued))
		return;
	error = pending_error(relay->leg[side].fd);
	if (error)
		lose(relay, side, error);
}

/*
 * After both FINs the sockets stay until each is acknowledged, which wakes us:
 * the kernel gives up early on a slow receiver of a socket that nobody holds.
 */
static void check_end(struct splice_relay *relay)
{
	if (relay->deadline) {
		if (is_delivered(relay, relay->lost) || now_ms() >= relay->deadline)
			splice_relay_end(relay, relay->reason);
		else
			splice_relay_again(relay, DELIVERY_POLL);
	} else if (is_delivered(relay, SPLICE_CLIENT) && is_delivered(relay, SPLICE_PEER)) {
		splice_relay_end(relay, RELAY_REASON_EOF);
	}
}

static void on_leg(evutil_socket_t fd, short what, void *arg)
{
	struct splice_leg *leg = arg;
	struct splice_relay *relay = leg->relay;
	enum splice_side side = leg == &relay->leg[SPLICE_CLIENT] ? SPLICE_CLIENT : SPLICE_PEER;

	(void)fd;
	if (what & EV_READ && !move(relay, side))
		return;
	if (what & EV_WRITE && !move(relay, splice_other(side)))
		return;
	look_for_reset(relay, side);
	check_end(relay);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct splice_relay *relay = arg;

	(void)fd, (void)what;
	if (move(relay, SPLICE_CLIENT) && move(relay, SPLICE_PEER))
		check_end(relay);
}

static int open_leg(struct splice_relay *relay, enum splice_side side,
		    struct event_base *base, int fd)
{
	struct splice_leg *leg = &relay->leg[side];

	leg->relay = relay;
	leg->fd = fd;
	leg->event = event_new(base, fd, EV_READ | EV_WRITE | EV_ET | EV_PERSIST, on_leg, leg);
	return !leg->event || event_add(leg->event, NULL) ? -ENOMEM : 0;
}

static void free_events(struct splice_relay *relay)
{
	for (int side = 0; side < 2; side++)
		if (relay->leg[side].event)
			event_free(relay->leg[side].event);
	if (relay->timer)
		event_free(relay->timer);
	splice_limit_stop(relay);
}

static void choose_movers(struct splice_relay *relay)
{
	relay->flow[SPLICE_CLIENT].mover = relay->tls ? &splice_from_tls : &splice_through_pipe;
	relay->flow[SPLICE_PEER].mover = relay->tls ? &splice_to_tls : &splice_through_pipe;
}

static int open_tls(struct splice_relay *relay, struct tls *tls)
{
	relay->output = evbuffer_new();
	if (!relay->output)
		return -ENOMEM;
	relay->tls = tls;
	tls_set_output(tls, relay->output);
	return 0;
}

static int open_relay(struct splice_relay *relay, struct event_base *base,
		      int client_fd, struct tls *tls, int peer_fd)
{
	relay->timer = evtimer_new(base, on_timer, relay);
	if (!relay->timer || open_leg(relay, SPLICE_CLIENT, base, client_fd) ||
	    open_leg(relay, SPLICE_PEER, base, peer_fd) || splice_limit_start(relay, base))
		return -ENOMEM;
	return tls ? open_tls(relay, tls) : 0;
}

int splice_relay_start(struct splice_relay *relay, struct event_base *base,
		       int client_fd, struct tls *tls, int peer_fd)
{
	int err = open_relay(relay, base, client_fd, tls, peer_fd);

	if (err) {
		free_events(relay);
		return err;
	}
	choose_movers(relay);
	/* For what TLS has already no socket will wake us. */
	if (tls)
		splice_relay_again(relay, 0);
	return 0;
}

static bool is_undelivered(const struct splice_relay *relay, enum splice_side from)
{
	int unread = 0;

	return relay->flow[from].queued ||
	       (from == SPLICE_CLIENT && relay->tls && tls_pending(relay->tls)) ||
	       (!ioctl(relay->leg[from].fd, SIOCINQ, &unread) && unread);
}

void splice_relay_stop(struct splice_relay *relay)
{
	bool early = relay->reason == RELAY_REASON_DELETED ||
		     relay->reason == RELAY_REASON_IDLE;
	bool clean = relay->reason == RELAY_REASON_EOF ||
		     (early && !is_undelivered(relay, SPLICE_CLIENT) &&
		      !is_undelivered(relay, SPLICE_PEER));

	free_events(relay);
	for (int side = 0; side < 2; side++) {
		drop(relay, side);
		if (clean)
			close(relay->leg[side].fd);
		else
			sock_abort(relay->leg[side].fd);
	}
	tls_close(relay->tls);
	if (relay->output)
		evbuffer_free(relay->output);
}
