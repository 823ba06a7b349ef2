// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "stage.h"

int stage_allocate(struct stage *st, const struct wire *wire, int family)
{
	memset(st, 0, sizeof(*st));
	st->peer = st->data = -1;
	expect_ok(turn_open_secure(&st->turn, &wire->server, NULL, wire->users[0].name,
				   wire->users[0].password, wire->secure));
	expect_ok(turn_allocate(&st->turn, family, 600));
	return 0;
}

static int meet_passive(struct stage *st, const struct wire *wire)
{
	struct turn_attempt attempt;

	expect_ok(turn_permit(&st->turn, &wire->peer));
	st->peer = net_connect(&st->turn.relayed, &wire->peer, WIRE_WAIT);
	expect(st->peer >= 0, "the peer could not connect: %s", strerror(-st->peer));
	net_local(st->peer, &st->peer_addr);
	expect_ok(turn_await(&st->turn, &attempt, WIRE_WAIT));
	expect(addr_equal(&attempt.peer, &st->peer_addr), "another XOR-PEER-ADDRESS");
	st->id = attempt.id;
	return 0;
}

static int meet_active(struct stage *st, const struct wire *wire)
{
	int listener;

	st->peer_addr = wire->peer;
	listener = net_listen(&st->peer_addr);
	expect(listener >= 0, "the peer could not listen: %s", strerror(-listener));
	expect_ok(turn_connect(&st->turn, &st->peer_addr, &st->id));
	st->peer = net_accept(listener, NULL, WIRE_WAIT);
	expect(st->peer >= 0, "nobody has connected to the peer");
	close(listener);
	return 0;
}

int stage_meet(struct stage *st, const struct wire *wire, enum stage_way way)
{
	need(stage_allocate(st, wire, AF_INET));
	return way == STAGE_ACTIVE ? meet_active(st, wire) : meet_passive(st, wire);
}

int stage_bind(struct stage *st)
{
	expect_ok(turn_bind(&st->turn, st->id, &st->data));
	return 0;
}

int stage_open(struct stage *st, const struct wire *wire, enum stage_way way)
{
	need(stage_meet(st, wire, way));
	return stage_bind(st);
}

int stage_ends(int fd)
{
	ssize_t n = net_recv(fd, &(char){ 0 }, 1, WIRE_WAIT);

	expect(n == 0 || n == -ECONNRESET, "still open: %zd", n);
	return 0;
}

static void *act(void *arg)
{
	struct actor *actor = arg;

	actor->err = transfer_run(actor->fd, &actor->plan, &actor->result);
	return NULL;
}

void actor_start(struct actor *actor, int fd, const struct transfer_plan *plan)
{
	actor->fd = fd;
	actor->plan = *plan;
	if (!actor->plan.idle_ms)
		actor->plan.idle_ms = WIRE_WAIT;
	pthread_create(&actor->thread, NULL, act, actor);
}

int actor_wait(struct actor *actor)
{
	pthread_join(actor->thread, NULL);
	return actor->err;
}

static int compare(const char *way, const struct transfer_result *from,
		   const struct transfer_result *to)
{
	expect(from->sent == to->received, "%s: %" PRIu64 " of %" PRIu64 " bytes arrived",
	       way, to->received, from->sent);
	expect(!memcmp(from->sent_hash, to->received_hash, CONTENT_HASH_LEN),
	       "%s: other bytes than were sent", way);
	return 0;
}

int stage_compare(const struct transfer_result *client, const struct transfer_result *peer)
{
	return compare("to the client", peer, client) || compare("to the peer", client, peer)
		? -1 : 0;
}

int stage_transfer(struct stage *st, const struct transfer_plan *client_plan,
		   const struct transfer_plan *peer_plan)
{
	struct actor client, peer;
	int client_err, peer_err;

	actor_start(&client, st->data, client_plan);
	actor_start(&peer, st->peer, peer_plan);
	client_err = actor_wait(&client);
	peer_err = actor_wait(&peer);
	if (stage_compare(&client.result, &peer.result))
		return -1;
	expect(!client_err, "the client's stream: %s", strerror(-client_err));
	expect(!peer_err, "the peer's stream: %s", strerror(-peer_err));
	return 0;
}
