// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pattern.h"
#include "pump.h"

#define EVENTS_AT_ONCE 64

/**
 * struct pump - all streams of one side
 * @job: how long to wait
 * @result: where failures are noted
 * @epoll: what waits for all of them
 * @n: number of streams
 * @busy: of these, the ones with something left to do
 * @stream: the streams
 */
struct pump {
	const struct job *job;
	struct result *result;
	int epoll;
	unsigned int n, busy;
	struct stream stream[];
};

struct pump *pump_new(const int *fds, unsigned int n, const struct job *job,
		      struct result *result)
{
	struct pump *pump = calloc(1, sizeof(*pump) + n * sizeof(pump->stream[0]));

	if (!pump) {
		perror("pump");
		exit(EXIT_FAILURE);
	}
	pump->job = job;
	pump->result = result;
	pump->n = n;
	pump->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned int i = 0; i < n; i++) {
		struct stream *st = &pump->stream[i];
		struct epoll_event event = { .data.ptr = st };

		st->fd = fds[i];
		epoll_ctl(pump->epoll, EPOLL_CTL_ADD, st->fd, &event);
	}
	return pump;
}

/* What the other side sends for the next run has to wait for that. */
static uint32_t wanted(const struct stream *st)
{
	uint32_t events = 0;

	if (st->to_receive)
		events |= EPOLLIN;
	if (st->to_send && !st->quiet)
		events |= EPOLLOUT;
	return events;
}

static void watch(struct pump *pump, struct stream *st)
{
	struct epoll_event event = { .events = wanted(st), .data.ptr = st };

	if (event.events == st->watched)
		return;
	epoll_ctl(pump->epoll, EPOLL_CTL_MOD, st->fd, &event);
	st->watched = event.events;
}

static bool is_done(const struct stream *st)
{
	return !st->to_send && !st->to_receive && !st->answers;
}

static int push(struct pump *pump, struct stream *st)
{
	size_t len = st->to_send < PATTERN_PIECE ? st->to_send : PATTERN_PIECE;
	ssize_t n = send(st->fd, pattern_at(st->sent), len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return result_fail(pump->result, "sending after %llu bytes: %s",
				   (unsigned long long)st->sent, strerror(errno));
	st->sent += n;
	st->to_send -= n;
	return 0;
}

static void answer(struct stream *st)
{
	st->answers = false;
	st->to_send++;
}

static int pull(struct pump *pump, struct stream *st)
{
	static uint8_t buf[PATTERN_PIECE];
	size_t len = st->to_receive < sizeof(buf) ? st->to_receive : sizeof(buf);
	ssize_t n = recv(st->fd, buf, len, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return result_fail(pump->result, "receiving after %llu bytes: %s",
				   (unsigned long long)st->received, strerror(errno));
	if (!n)
		return result_fail(pump->result, "lost: the stream ended after %llu bytes",
				   (unsigned long long)st->received);
	if (!pattern_check(st->received, buf, n))
		return result_fail(pump->result, "wrong bytes after %llu",
				   (unsigned long long)st->received);
	st->received += n;
	st->to_receive -= n;
	st->quiet = false;
	if (!st->to_receive && st->answers)
		answer(st);
	return 0;
}

static int serve(struct pump *pump, const struct epoll_event *event)
{
	struct stream *st = event->data.ptr;
	bool was_done = is_done(st);

	if (st->to_receive && event->events & ~EPOLLOUT && pull(pump, st))
		return -1;
	/* Nobody would see it, and epoll would go on telling. */
	if (event->events & EPOLLERR)
		return result_fail(pump->result, "reset after %llu bytes",
				   (unsigned long long)st->received);
	if (st->to_send && event->events & EPOLLOUT && push(pump, st))
		return -1;
	watch(pump, st);
	if (!was_done && is_done(st))
		pump->busy--;
	return 0;
}

static void begin(struct pump *pump, uint64_t send, uint64_t receive, bool answer)
{
	for (unsigned int i = 0; i < pump->n; i++) {
		struct stream *st = &pump->stream[i];

		st->to_send = send;
		st->to_receive = receive;
		st->answers = answer;
		st->quiet = answer;
		watch(pump, st);
	}
	pump->busy = pump->n;
}

int pump_run(struct pump *pump, uint64_t send, uint64_t receive, bool answer)
{
	struct epoll_event events[EVENTS_AT_ONCE];

	begin(pump, send, receive, answer);
	while (pump->busy) {
		int n = epoll_wait(pump->epoll, events, EVENTS_AT_ONCE, pump->job->timeout_ms);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return result_fail(pump->result, "stalled: %u of %u streams did not finish",
					   pump->busy, pump->n);
		for (int i = 0; i < n; i++)
			if (serve(pump, &events[i]))
				return -1;
	}
	return 0;
}

void pump_free(struct pump *pump)
{
	close(pump->epoll);
	free(pump);
}
