// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kturn_test.h"

char why[512];

int fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return -1;
}

int fail_errno(const char *what)
{
	return fail("%s: %s", what, strerror(errno));
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

/* tools/vm/run --icount says so. */
bool clock_counts(void)
{
	return getenv("KTURN_ICOUNT");
}

/* Between two looks of a wait; its length decides nothing. */
void nap(void)
{
	usleep(10000);
}

int setup_path(struct setup *setup, enum family family, const struct path_options *options)
{
	memset(setup, 0, sizeof(*setup));
	if (fresh_netns())
		return -1;
	if (door_open(&setup->door) || door_open(&setup->watch))
		return -1;
	if (door_watch(&setup->watch))
		return fail("cannot join the multicast group");
	return path_open(&setup->path, family, options);
}

int setup_relay(struct setup *setup)
{
	struct path *path = &setup->path;
	const struct add add = {
		.fd = { &path->leg[CLIENT], &path->leg[PEER] },
		.engine = setup->engine,
		.limits = setup->limits,
	};

	setup->id = relay_add_with(&setup->door, &add);
	if (setup->id <= 0)
		return fail("relay-add: %s (%s)", strerror(-setup->id), setup->door.text);
	path_close_legs(path);
	return 0;
}

int setup_carried(struct setup *setup, enum side from, uint64_t bytes, struct relay *relay)
{
	if (await(!relay_get(&setup->door, setup->id, relay) &&
		  relay->from[from].bytes >= bytes) && relay->from[from].bytes == bytes)
		return 0;
	return fail("counted %ju of %ju bytes", (uintmax_t)relay->from[from].bytes,
		    (uintmax_t)bytes);
}

int setup_ended(struct setup *setup, uint32_t reason, struct relay *last)
{
	if (notified(&setup->watch, KTURN_CMD_RELAY_DEL_NTF, setup->id, last))
		return -1;
	if (last->reason != reason)
		return fail("ended with reason %u (errno %u) instead of %u", last->reason,
			    last->error, reason);
	if (!await(relay_gone(&setup->door, setup->id)))
		return fail("ended, but still there");
	return 0;
}

void setup_close(struct setup *setup)
{
	close_fd(&setup->path.end[CLIENT]);
	close_fd(&setup->path.end[PEER]);
	path_close_legs(&setup->path);
	door_close(&setup->watch);
	door_close(&setup->door);
}

/* One step of filling: true when nothing more goes in anywhere. */
static bool filled(struct setup *s, struct stream *stream, enum side side, bool *failed)
{
	uint64_t sent = stream->sent;
	struct relay relay;

	*failed = stream_push_all(stream) < 0 || stream->sent - stream->got > FILL_MAX ||
		  relay_get(&s->door, s->id, &relay);
	if (*failed)
		return true;
	return stream->sent == sent && relay.from[side].waits && relay.from[side].queued;
}

int setup_fill(struct setup *s, struct stream *stream, enum side side)
{
	bool failed;

	stream->size = stream->sent + 16 * FILL_MAX;
	if (!await(filled(s, stream, side, &failed)))
		return fail("the sender is never stopped");
	if (stream->sent - stream->got > FILL_MAX)
		return fail("%ju bytes taken from the sender",
			    (uintmax_t)(stream->sent - stream->got));
	if (failed)
		return -1;
	stream->size = stream->sent;
	return 0;
}
