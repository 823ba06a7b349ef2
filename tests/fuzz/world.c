// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections, and the relays that requests have made of them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#include "kinds.h"
#include "world.h"

static const struct buffers shapes[] = { { 0, 0 }, { 4096, 4096 }, { 0, 4096 } };

static uint16_t port_of(int fd, bool remote)
{
	struct sockaddr_in6 addr = { 0 };
	socklen_t len = sizeof(addr);

	if (remote)
		getpeername(fd, (struct sockaddr *)&addr, &len);
	else
		getsockname(fd, (struct sockaddr *)&addr, &len);
	/* At the same place in both families. */
	return ntohs(addr.sin6_port);
}

static int line_open(struct world *world, struct line *line)
{
	const struct buffers *far = &shapes[draw(&world->rng, 3)];
	const struct buffers *near = &shapes[draw(&world->rng, 3)];

	*line = (struct line) { .end = -1, .leg = -1 };
	if (tcp_pair(draw(&world->rng, 3), far, near, one_in(&world->rng, 2), &line->end,
		     &line->leg))
		return -1;
	line->ports[0] = port_of(line->leg, false);
	line->ports[1] = port_of(line->leg, true);
	return 0;
}

static int line_renew(struct world *world, struct line *line)
{
	close_fd(&line->end);
	close_fd(&line->leg);
	return line_open(world, line);
}

static int carry_end(struct world *world, struct carried *carried)
{
	int i, ret = 0;

	for (i = 0; i < 2; i++)
		ret |= line_renew(world, &world->line[carried->line[i]]);
	*carried = world->carried[--world->carries];
	return ret;
}

/* The line that a relay's leg belongs to, or -1. It may even be its other end. */
static int line_of(const struct world *world, const struct leg *leg, bool *other_end)
{
	const struct line *line;
	int i;

	for (i = 0; i < LINES; i++) {
		line = &world->line[i];
		*other_end = line->ports[1] == leg->local_port &&
			     line->ports[0] == leg->remote_port;
		if (*other_end || (line->ports[0] == leg->local_port &&
				   line->ports[1] == leg->remote_port))
			return i;
	}
	*other_end = false;
	return -1;
}

static struct stream stream_over(struct world *world, const struct carried *carried, int from)
{
	return (struct stream) {
		.from = world->line[carried->line[from]].end,
		.to = world->line[carried->line[!from]].end,
		.seed = draw(&world->rng, 1000),
	};
}

static int carry(struct world *world, int first, int second)
{
	struct carried *carried;
	int i;

	if (world->carries == RELAYS &&
	    carry_end(world, &world->carried[draw(&world->rng, RELAYS)]))
		return -1;
	carried = &world->carried[world->carries++];
	carried->line[0] = first;
	carried->line[1] = second;
	for (i = 0; i < 2; i++) {
		carried->stream[i] = stream_over(world, carried, i);
		world->line[carried->line[i]].in_relay = true;
		/* One that is kept is a descriptor like any other. */
		if (!one_in(&world->rng, 4))
			close_fd(&world->line[carried->line[i]].leg);
	}
	return 0;
}

/* Any of them may have been in a relay that is gone already. */
static int renew_all(struct world *world)
{
	int i;

	for (i = 0; i < LINES; i++)
		if (!world->line[i].in_relay && line_renew(world, &world->line[i]))
			return -1;
	return 0;
}

/*
 * A line that was in another relay than it seemed. (A leg that was kept is free
 * again when its relay has ended.)
 */
static int start_over(struct world *world, int line)
{
	int i;

	if (line < 0)
		return 0;
	if (!world->line[line].in_relay)
		return line_renew(world, &world->line[line]);
	for (i = 0; i < world->carries; i++)
		if (world->carried[i].line[0] == line || world->carried[i].line[1] == line)
			return carry_end(world, &world->carried[i]);
	return 0;
}

static bool is_free(const struct world *world, int line)
{
	return line >= 0 && !world->line[line].in_relay;
}

/**
 * world_relay_made() - carry bytes over a relay from now on
 * @world: the world
 * @id: the relay, which may have ended already
 *
 * One whose legs are not both of lines that were free is deleted.
 *
 * Return: 0, or -1 and "why".
 */
int world_relay_made(struct world *world, uint64_t id)
{
	struct relay relay;
	int first, second, ret;
	bool end[2];

	world_heard_of(world, id);
	ret = relay_get(&world->door, id, &relay);
	if (ret == -ENOENT)
		return renew_all(world);
	if (ret)
		return fail("relay-get of a relay just made: %d %s", ret, world->door.text);
	first = line_of(world, &relay.leg[CLIENT], &end[0]);
	second = line_of(world, &relay.leg[PEER], &end[1]);
	if (is_free(world, first) && is_free(world, second) && !end[0] && !end[1])
		return carry(world, first, second);
	ret = relay_del(&world->door, id, &relay);
	if (ret && ret != -ENOENT)
		return fail("relay-del of a relay just made: %d %s", ret, world->door.text);
	return start_over(world, first) || start_over(world, second) ? -1 : 0;
}

/* The streams may be cut at any time, for any request may end any relay; but
 * what has come through has to be what was sent.
 */
static int judge(struct world *world, struct carried *carried, int ret)
{
	if (ret >= 0)
		return 0;
	if (carried->stream[0].corrupt || carried->stream[1].corrupt)
		return -1;
	return carry_end(world, carried);
}

static int push(struct world *world, struct carried *carried, struct stream *stream)
{
	if (stream->fin_sent)
		return 0;
	stream->size += draw(&world->rng, 8000);
	stream->write_size = one_in(&world->rng, 2) ? 1 + draw(&world->rng, 700) : 0;
	return judge(world, carried, stream_push(stream));
}

static int pull(struct world *world, struct carried *carried, struct stream *stream)
{
	uint64_t before = stream->got;
	int ret;

	if (stream->eof)
		return 0;
	ret = stream_pull(stream);
	world->bytes += stream->got - before;
	return judge(world, carried, ret);
}

static int half_close(struct world *world, struct carried *carried, struct stream *stream)
{
	stream->fin = true;
	stream->size = stream->sent;
	return judge(world, carried, stream_push(stream));
}

/* The other end learns of it from the module, or there would be nothing to learn. */
static int cut_off(struct world *world, struct carried *carried)
{
	int *end = &world->line[carried->line[draw(&world->rng, 2)]].end;

	switch (draw(&world->rng, 4)) {
	case 0:
		reset_fd(end);
		break;
	case 1:
		send(*end, "!", 1, MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	default:
		close_fd(end);
	}
	return carry_end(world, carried);
}

/**
 * world_step() - let something happen to one of the relays
 * @world: the world
 *
 * Return: 0, or -1 and "why".
 */
int world_step(struct world *world)
{
	struct carried *carried;
	struct stream *stream;
	uint32_t what;

	if (!world->carries)
		return 0;
	carried = &world->carried[draw(&world->rng, world->carries)];
	stream = &carried->stream[draw(&world->rng, 2)];
	what = draw(&world->rng, 100);
	if (what < 46)
		return push(world, carried, stream);
	if (what < 92)
		return pull(world, carried, stream);
	if (what < 96)
		return half_close(world, carried, stream);
	return cut_off(world, carried);
}

static int check_line(struct world *world, int i)
{
	const struct line *line = &world->line[i];

	if (line->in_relay)
		return 0;
	if (!silent(line->leg) || !silent(line->end))
		return fail("line %d: bytes or an end that nobody has sent", i);
	return usable(line->end, line->leg);
}

int world_check_line(struct world *world)
{
	return check_line(world, draw(&world->rng, LINES));
}

int world_check_lines(struct world *world)
{
	int i;

	for (i = 0; i < LINES; i++)
		if (check_line(world, i))
			return -1;
	return 0;
}

int32_t world_descriptor(struct world *world, struct rng *rng)
{
	static const int32_t numbers[] = { -1, 1023, 987654, INT_MAX, INT_MIN, 0x10000 };
	uint32_t n = draw(rng, 100);

	if (n < 3)
		return world->line[draw(rng, LINES)].leg;
	if (n < 88)
		return world->descriptor[draw(rng, world->descriptors)];
	if (n < 96)
		return draw(rng, 300);
	return numbers[draw(rng, sizeof(numbers) / sizeof(*numbers))];
}

bool world_free_pair(struct world *world, struct rng *rng, int legs[2])
{
	uint32_t first = draw(rng, LINES), i, found = 0;

	for (i = 0; i < LINES && found < 2; i++) {
		struct line *line = &world->line[(first + i) % LINES];

		if (!line->in_relay)
			legs[found++] = line->leg;
	}
	return found == 2;
}

uint64_t world_id(struct world *world, struct rng *rng)
{
	uint32_t known = world->ids < IDS ? world->ids : IDS;
	uint64_t word = draw_word(rng);

	if (known && draw(rng, 8))
		return world->id[word % known];
	return one_in(rng, 2) ? word % 1000 : word;
}

void world_heard_of(struct world *world, uint64_t id)
{
	world->id[world->ids++ % IDS] = id;
}

uint16_t world_family(const struct world *world)
{
	return world->door.family;
}

int world_open(struct world *world, uint64_t seed)
{
	int i;

	memset(world, 0, sizeof(*world));
	world->rng.state = seed;
	if (door_open(&world->door))
		return -1;
	for (i = 0; i < LINES; i++)
		if (line_open(world, &world->line[i]))
			return -1;
	world->descriptors = kinds_open(world->descriptor, DESCRIPTORS);
	return world->descriptors < 0 ? -1 : 0;
}

void world_close(struct world *world)
{
	int i;

	while (world->carries)
		carry_end(world, &world->carried[0]);
	for (i = 0; i < LINES; i++) {
		close_fd(&world->line[i].end);
		close_fd(&world->line[i].leg);
	}
	door_close(&world->door);
}
