// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an allocation is held to: caps and times, as tests/interop/run has set them
 * for the servers of these groups.
 */
#include <errno.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "stage.h"
#include "talk.h"

/* The servers' options. */
#define CAP_PERMISSIONS		2
#define CAP_CHANNELS		2
#define CAP_PENDING		2
#define CAP_CONNECTIONS		3
#define CAP_LIFETIME		900
#define SHORT			5	/* s; each time of "times" */
#define SHORT_LIFETIME		3	/* s; of "brief" */
#define MAX_BPS			200000	/* of "bandwidth" and "capacity" */
#define BPS_CAPACITY		300000	/* of "capacity" */
#define IDLE			3	/* s; of "idle" */

static int permit(struct stage *st, const char *ip)
{
	union addr peer;

	expect_ok(addr_parse(&peer, ip));
	return turn_permit(&st->turn, &peer);
}

static int permissions_are_capped(const struct wire *wire)
{
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	expect_ok(permit(&st, "192.0.2.1"));
	expect_ok(permit(&st, "192.0.2.2"));
	expect_code(508, permit(&st, "192.0.2.3"));
	expect_ok(permit(&st, "192.0.2.1"));
	/* another allocation has its own */
	need(stage_allocate(&st, wire, AF_INET));
	expect_ok(permit(&st, "192.0.2.3"));
	return 0;
}

/* Return: the code of a ChannelBind to this port of the peer's address. */
static int bind_channel(struct talk *t, const struct wire *wire, uint16_t number, uint16_t port)
{
	union addr peer = wire->peer;

	addr_set_port(&peer, port);
	return talk_bind(t, number, &peer);
}

static int channels_are_capped(const struct wire *wire)
{
	static struct talk talk;

	need(talk_open(&talk, wire));
	need(talk_allocate(&talk, AF_INET));
	for (int i = 0; i < CAP_CHANNELS; i++)
		expect_ok(bind_channel(&talk, wire, 0x4000 + i, 1000 + i));
	expect_code(508, bind_channel(&talk, wire, 0x4100, 2000));
	/* those that are there can be refreshed */
	expect_ok(bind_channel(&talk, wire, 0x4000, 1000));
	return 0;
}

/* Return: the code that a Connect to a peer of its own gets; its socket in @peer. */
static int connect_one(struct stage *st, const struct wire *wire, int *peer)
{
	union addr at = wire->peer;
	int listener = net_listen(&at), code;

	expect(listener >= 0, "the peer could not listen");
	code = turn_connect(&st->turn, &at, &st->id);
	*peer = code ? -1 : net_accept(listener, NULL, WIRE_WAIT);
	close(listener);
	return code;
}

static int pending_connections_are_capped(const struct wire *wire)
{
	struct turn_attempt attempt;
	struct stage st;
	int peer;

	need(stage_allocate(&st, wire, AF_INET));
	for (int i = 0; i < CAP_PENDING; i++)
		expect_ok(connect_one(&st, wire, &peer));
	expect_code(508, connect_one(&st, wire, &peer));
	/* nor may peers go beyond it */
	expect_ok(turn_permit(&st.turn, &wire->peer));
	peer = net_connect(&st.turn.relayed, &wire->peer, WIRE_WAIT);
	expect(peer >= 0 || peer == -ECONNRESET, "not accepted: %d", peer);
	if (peer >= 0)
		need(stage_ends(peer));
	expect_code(-ETIMEDOUT, turn_await(&st.turn, &attempt, WIRE_QUIET));
	need(stage_bind(&st));
	expect_ok(connect_one(&st, wire, &peer));
	return 0;
}

static int connections_are_capped(const struct wire *wire)
{
	int64_t until;
	struct stage st;
	int peer, code;

	need(stage_allocate(&st, wire, AF_INET));
	for (int i = 0; i < CAP_CONNECTIONS; i++) {
		expect_ok(connect_one(&st, wire, &peer));
		need(stage_bind(&st));
	}
	expect_code(508, connect_one(&st, wire, &peer));
	/* one that ends makes room */
	net_reset(st.data);
	until = net_now() + WIRE_WAIT;
	do
		code = connect_one(&st, wire, &peer);
	while (code == 508 && net_now() < until);
	expect_ok(code);
	return 0;
}

static int lifetime_is_capped(const struct wire *wire)
{
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	expect_ok(turn_refresh(&st.turn, 3600));
	expect(st.turn.lifetime == CAP_LIFETIME, "refreshed for %u s", st.turn.lifetime);
	expect_ok(turn_refresh(&st.turn, 0));
	expect_ok(turn_allocate(&st.turn, AF_INET, 3600));
	expect(st.turn.lifetime == CAP_LIFETIME, "allocated for %u s", st.turn.lifetime);
	return 0;
}

static int allocation_expires(const struct wire *wire)
{
	struct stage st;
	int64_t until = net_now() + WIRE_WAIT;
	int fd;

	need(stage_allocate(&st, wire, AF_INET));
	expect(st.turn.lifetime == SHORT_LIFETIME, "allocated for %u s", st.turn.lifetime);
	do {
		usleep(100000);
		fd = net_connect(&st.turn.relayed, &wire->peer, WIRE_WAIT);
		close(fd);
	} while (fd != -ECONNREFUSED && net_now() < until);
	expect(fd == -ECONNREFUSED, "the relayed address: %d", fd);
	expect_code(437, turn_refresh(&st.turn, 600));
	return 0;
}

static int permission_expires(const struct wire *wire)
{
	struct turn_attempt attempt;
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	expect_ok(turn_permit(&st.turn, &wire->peer));
	sleep(SHORT + 1);
	st.peer = net_connect(&st.turn.relayed, &wire->peer, WIRE_WAIT);
	if (st.peer >= 0)
		need(stage_ends(st.peer));
	expect_code(-ETIMEDOUT, turn_await(&st.turn, &attempt, WIRE_QUIET));
	return 0;
}

/* Then its number is free for another peer. */
static int channel_expires(const struct wire *wire)
{
	static struct talk talk;
	int code;

	need(talk_open(&talk, wire));
	need(talk_allocate(&talk, AF_INET));
	expect_ok(bind_channel(&talk, wire, 0x4000, 1000));
	sleep(SHORT + 1);
	code = bind_channel(&talk, wire, 0x4000, 2000);
	if (code == 438)	/* the nonce is as old */
		code = bind_channel(&talk, wire, 0x4000, 2000);
	return code;
}

static int nonce_goes_stale(const struct wire *wire)
{
	uint32_t lifetime = 600;
	const struct turn_ask ask = { .method = STUN_REFRESH, .lifetime = &lifetime };
	struct message reply;
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	sleep(SHORT + 1);
	expect_code(438, turn_exchange(&st.turn, st.turn.control, &ask, &reply));
	expect_ok(turn_exchange(&st.turn, st.turn.control, &ask, &reply));
	return 0;
}

/* Keeping a NAT awake is not enough to stay. */
static int idle_connection_is_closed(const struct wire *wire)
{
	struct turn turn;
	int64_t start = net_now();
	ssize_t n;

	expect_ok(turn_open_secure(&turn, &wire->server, NULL, NULL, NULL, wire->secure));
	do {
		turn_keepalive(&turn);
		n = net_recv(turn.control, &(char){ 0 }, 1, 500);
	} while (n == -ETIMEDOUT && net_now() - start < SHORT * 1000 + WIRE_WAIT);
	expect(n == 0 || n == -ECONNRESET, "still open: %zd", n);
	expect(net_now() - start >= (SHORT - 1) * 1000, "closed too early");
	return 0;
}

/* The two ends of a data connection, until the actors are done. */
struct way {
	struct actor client, peer;
};

static void way_start(struct way *way, int data, int peer, uint64_t up, uint64_t down)
{
	actor_start(&way->client, data, &(struct transfer_plan){ .size = up, .seed = 1,
								 .last = true });
	actor_start(&way->peer, peer, &(struct transfer_plan){ .size = down, .seed = 2 });
}

static int way_wait(struct way *way)
{
	expect_ok(actor_wait(&way->client));
	expect_ok(actor_wait(&way->peer));
	return stage_compare(&way->client.result, &way->peer.result);
}

/* A tenth of a second's worth goes at once. */
#define LEAST_MS(bytes, rate) (1000 * (bytes) / (rate) - 100)

#define expect_took(start, bytes, rate) do {					\
	int64_t took_ = net_now() - (start);					\
	expect(took_ >= LEAST_MS(bytes, rate), "%d bytes in %lld ms", bytes,	\
	       (long long)took_);						\
} while (0)

static int transfer_is_held_to_max_bps(const struct wire *wire)
{
	int64_t start = net_now();
	struct way way;
	struct stage st;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	way_start(&way, st.data, st.peer, 500000, 300000);
	need(way_wait(&way));
	expect_took(start, 500000, MAX_BPS);
	return 0;
}

static int connections_share_max_bps(const struct wire *wire)
{
	int64_t start = net_now();
	struct way way[2];
	struct stage st;
	int data, peer;

	need(stage_open(&st, wire, STAGE_ACTIVE));
	data = st.data;
	expect_ok(connect_one(&st, wire, &peer));
	need(stage_bind(&st));
	way_start(&way[0], data, st.peer, 250000, 0);
	way_start(&way[1], st.data, peer, 250000, 0);
	need(way_wait(&way[0]));
	need(way_wait(&way[1]));
	expect_took(start, 500000, MAX_BPS);
	return 0;
}

/* The second gets what the first has left, the third nothing. */
static int capacity_runs_out(const struct wire *wire)
{
	const struct wire_user *user = &wire->users[1];
	struct stage first, second;
	int64_t until, start;
	struct turn third;
	struct way way;
	int code;

	need(stage_allocate(&first, wire, AF_INET));
	need(stage_open(&second, wire, STAGE_PASSIVE));
	expect_ok(turn_open_secure(&third, &wire->server, NULL, user->name, user->password,
				   wire->secure));
	expect_code(486, turn_allocate(&third, AF_INET, 600));
	start = net_now();
	way_start(&way, second.data, second.peer, 200000, 0);
	need(way_wait(&way));
	expect_took(start, 200000, BPS_CAPACITY - MAX_BPS);
	expect_ok(turn_refresh(&first.turn, 0));
	until = net_now() + WIRE_WAIT;
	do
		code = turn_allocate(&third, AF_INET, 600);
	while (code == 486 && net_now() < until);
	expect_ok(code);
	return 0;
}

static int idle_relay_ends(const struct wire *wire)
{
	struct stage st;
	int64_t start;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	start = net_now();
	need(stage_ends(st.data));
	need(stage_ends(st.peer));
	/* it may have begun to count before we did */
	expect(net_now() - start >= IDLE * 1000 - WIRE_QUIET, "ended too early");
	return 0;
}

const struct wire_test limit_tests[] = {
	{ "bandwidth", "a transfer takes the time that max-bps says", transfer_is_held_to_max_bps },
	{ "bandwidth", "data connections share max-bps", connections_share_max_bps },
	{ "capacity", "486: bps-capacity has run out", capacity_runs_out },
	{ "idle", "a data connection ends after relay-idle-timeout", idle_relay_ends },
	{ "caps", "508: more permissions than max-permissions", permissions_are_capped },
	{ "caps", "508: more channels than max-channels", channels_are_capped },
	{ "caps", "508: more than max-pending-connections", pending_connections_are_capped },
	{ "caps", "508: more than max-connections", connections_are_capped },
	{ "caps", "no lifetime above max-allocate-lifetime", lifetime_is_capped },
	{ "brief", "an allocation expires, whatever the default", allocation_expires },
	{ "times", "a permission lives for permission-lifetime", permission_expires },
	{ "times", "a channel lives for channel-lifetime", channel_expires },
	{ "times", "438: a nonce older than stale-nonce", nonce_goes_stale },
	{ "times", "no allocation within max-allocate-timeout", idle_connection_is_closed },
	{ NULL, NULL, NULL },
};
