// SPDX-License-Identifier: GPL-2.0-only
/*
 * How connections begin and end with their allocation (RFC 6062, sections 5.2
 * to 5.5).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "stage.h"

/* The RFC's two timers. */
#define AT_LEAST	30000
#define AT_MOST		(AT_LEAST + 8000)

static int connect_source(const struct wire *wire)
{
	union addr at = wire->peer, from;
	struct stage st;
	uint32_t id;
	int listener = net_listen(&at);

	expect(listener >= 0, "the peer could not listen");
	need(stage_allocate(&st, wire, AF_INET));
	expect_ok(turn_connect(&st.turn, &at, &id));
	expect(net_accept(listener, &from, WIRE_WAIT) >= 0, "nobody has connected");
	expect(addr_equal(&from, &st.turn.relayed), "connected from port %u, not %u",
	       addr_port(&from), addr_port(&st.turn.relayed));
	return 0;
}

/* Both legs have ended, and no one listens at the relayed address any more. */
static int all_gone(struct stage *st)
{
	int fd;

	need(stage_ends(st->data));
	need(stage_ends(st->peer));
	fd = net_connect(&st->turn.relayed, NULL, WIRE_WAIT);
	expect(fd == -ECONNREFUSED, "the relayed address: %d", fd);
	return 0;
}

static int refresh_zero(const struct wire *wire)
{
	struct stage st;
	uint32_t id;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	expect_ok(turn_refresh(&st.turn, 0));
	need(all_gone(&st));
	expect_code(437, turn_connect(&st.turn, &st.peer_addr, &id));
	return 0;
}

static int control_closed(const struct wire *wire)
{
	struct stage st;

	need(stage_open(&st, wire, STAGE_ACTIVE));
	turn_close(&st.turn);
	return all_gone(&st);
}

static int control_reset(const struct wire *wire)
{
	struct stage st;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	net_reset(st.turn.control);
	return all_gone(&st);
}

static int shorter_lifetime(const struct wire *wire)
{
	uint32_t lifetime = 1;
	const struct turn_ask ask = { .method = STUN_REFRESH, .lifetime = &lifetime };
	struct message reply;
	struct stage st;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	expect_ok(turn_exchange(&st.turn, st.turn.control, &ask, &reply));
	expect_ok(turn_refresh(&st.turn, 600));
	expect(st.turn.lifetime >= 600, "refreshed for %u s", st.turn.lifetime);
	return 0;
}

/* A connection that is not bound in time is closed; one that is, is not. */
static int not_bound(const struct wire *wire)
{
	int64_t start, ms;
	struct stage bound, unbound;
	ssize_t n;

	need(stage_open(&bound, wire, STAGE_PASSIVE));
	need(stage_meet(&unbound, wire, STAGE_PASSIVE));
	start = net_now();
	n = net_recv(unbound.peer, &(char){ 0 }, 1, AT_MOST);
	ms = net_now() - start;
	expect(n == 0 || n == -ECONNRESET, "still open after %d ms", (int)ms);
	expect(ms > AT_LEAST - 1000, "closed after %d ms", (int)ms);
	expect_code(400, turn_bind(&unbound.turn, unbound.id, &unbound.data));
	expect_ok(net_send(bound.data, "x", 1, WIRE_WAIT));
	expect_ok(net_recv_all(bound.peer, &(char){ 0 }, 1, WIRE_WAIT));
	return 0;
}

/* The control connection serves other requests meanwhile. */
static int connect_timeout(const struct wire *wire)
{
	struct turn_ask ask = { .method = STUN_CONNECT };
	uint8_t buf[MESSAGE_MAX];
	union addr peer = wire->nowhere;
	struct stun_builder b;
	struct message reply;
	int64_t start, ms;
	struct stage st;

	addr_set_port(&peer, 9);
	ask.peer = &peer;
	need(stage_allocate(&st, wire, AF_INET));
	turn_build(&st.turn, &ask, &b, buf);
	start = net_now();
	expect_ok(message_send(st.turn.control, &b, WIRE_WAIT));
	expect_ok(turn_refresh(&st.turn, 600));
	expect_code(446, turn_exchange(&st.turn, st.turn.control, &ask, &reply));
	expect_code(447, turn_reply(&st.turn, st.turn.control, buf, &reply));
	ms = net_now() - start;
	expect(ms > AT_LEAST - 1000 && ms < AT_MOST, "447 after %d ms", (int)ms);
	return 0;
}

const struct wire_test life_tests[] = {
	{ "life", "Connect comes from the relayed address", connect_source },
	{ "life", "Refresh with lifetime 0 ends everything", refresh_zero },
	{ "life", "closing the control connection ends everything", control_closed },
	{ "life", "resetting the control connection ends everything", control_reset },
	{ "life", "Refresh with another lifetime", shorter_lifetime },
	{ "slow", "a peer that is not bound is closed after 30 s", not_bound },
	{ "slow", "447: a Connect without an answer, after 30 s", connect_timeout },
	{ NULL, NULL, NULL },
};
