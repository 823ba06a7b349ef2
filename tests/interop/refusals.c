// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the server refuses, and with which code (RFC 8656, RFC 6062).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "stage.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int open_as(struct turn *turn, const struct wire *wire, const char *user,
		   const char *password)
{
	expect_ok(turn_open_secure(turn, &wire->server, NULL, user, password, wire->secure));
	return 0;
}

static int open_anonymous(struct turn *turn, const struct wire *wire)
{
	return open_as(turn, wire, NULL, NULL);
}

static int request(struct turn *turn, const struct turn_ask *ask)
{
	struct message reply;

	return turn_request(turn, turn->control, ask, &reply);
}

/* A ConnectionBind that has to be refused, on a connection that stays usable. */
static int refused_bind(struct turn *turn, const struct turn_ask *ask, int wanted)
{
	struct message reply;
	int fd = turn_dial(turn);

	expect(fd >= 0, "no connection");
	expect_code(wanted, turn_request(turn, fd, ask, &reply));
	expect(turn->signed_reply, "the refusal is not signed");
	expect_code(wanted, turn_request(turn, fd, ask, &reply));
	close(fd);
	return 0;
}

static int bind_unknown_id(const struct wire *wire)
{
	uint32_t id = 0x12345678;
	const struct turn_ask ask = { .method = STUN_CONNECTION_BIND, .connection = &id };
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	return refused_bind(&st.turn, &ask, 400);
}

static int bind_used_id(const struct wire *wire)
{
	struct turn_ask ask = { .method = STUN_CONNECTION_BIND };
	struct stage st;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	ask.connection = &st.id;
	return refused_bind(&st.turn, &ask, 400);
}

static int bind_no_id(const struct wire *wire)
{
	const struct turn_ask ask = { .method = STUN_CONNECTION_BIND };
	struct stage st;

	need(stage_meet(&st, wire, STAGE_PASSIVE));
	return refused_bind(&st.turn, &ask, 400);
}

/* The thief has an allocation as well, and the id is still good afterwards. */
static int bind_other_user(const struct wire *wire)
{
	struct turn thief;
	struct stage st;
	int fd;

	need(stage_meet(&st, wire, STAGE_PASSIVE));
	need(open_as(&thief, wire, wire->users[1].name, wire->users[1].password));
	expect_ok(turn_allocate(&thief, AF_INET, 600));
	expect_code(441, turn_bind(&thief, st.id, &fd));
	return stage_bind(&st);
}

static int bind_unsigned(const struct wire *wire)
{
	struct turn thief;
	struct stage st;
	int fd;

	need(stage_meet(&st, wire, STAGE_PASSIVE));
	need(open_anonymous(&thief, wire));
	expect_code(401, turn_bind(&thief, st.id, &fd));
	return stage_bind(&st);
}

static int no_allocation(const struct wire *wire)
{
	union addr peer = wire->peer;
	struct turn turn;
	uint32_t id;

	addr_set_port(&peer, 9);
	need(open_as(&turn, wire, wire->users[0].name, wire->users[0].password));
	expect_code(437, turn_refresh(&turn, 600));
	expect_code(437, turn_permit(&turn, &peer));
	expect_code(437, turn_connect(&turn, &peer, &id));
	return 0;
}

static int second_allocate(const struct wire *wire)
{
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	expect_code(437, turn_allocate(&st.turn, AF_INET, 600));
	expect_ok(turn_refresh(&st.turn, 600));
	return 0;
}

static int transports(const struct wire *wire)
{
	const struct turn_ask sctp = { .method = STUN_ALLOCATE, .transport = IPPROTO_SCTP };
	const struct turn_ask none = { .method = STUN_ALLOCATE };
	struct turn turn;

	need(open_as(&turn, wire, wire->users[0].name, wire->users[0].password));
	expect_code(442, request(&turn, &sctp));
	expect_code(400, request(&turn, &none));
	return 0;
}

static int exchange_with(struct turn *turn, uint16_t type, const void *value, size_t len)
{
	uint8_t buf[MESSAGE_MAX], transaction[STUN_TRANSACTION_LEN];
	struct stun_builder b;
	struct message reply;
	int err;

	message_transaction(transaction);
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	stun_add(&b, type, value, len);
	challenge_answer(&turn->challenge, turn->user, &b);
	err = message_send(turn->control, &b, WIRE_WAIT);
	return err ? err : turn_reply(turn, turn->control, buf, &reply);
}

/* What belongs to UDP relaying (RFC 6062, 5.1), and what nobody knows. */
static int attributes(const struct wire *wire)
{
	static const uint8_t zeros[8];
	struct turn turn;

	need(open_as(&turn, wire, wire->users[0].name, wire->users[0].password));
	expect_code(437, turn_refresh(&turn, 600));
	expect_code(400, exchange_with(&turn, STUN_ATTR_EVEN_PORT, zeros, 1));
	expect_code(400, exchange_with(&turn, STUN_ATTR_DONT_FRAGMENT, NULL, 0));
	expect_code(400, exchange_with(&turn, STUN_ATTR_RESERVATION_TOKEN, zeros, 8));
	expect_code(420, exchange_with(&turn, 0x7ffe, zeros, 4));
	expect_ok(exchange_with(&turn, 0xfffe, zeros, 4));
	return 0;
}

static int wrong_password(const struct wire *wire)
{
	struct turn turn;

	need(open_as(&turn, wire, wire->users[0].name, "guessed"));
	expect_code(401, turn_allocate(&turn, AF_INET, 600));
	need(open_as(&turn, wire, "nobody", wire->users[0].password));
	expect_code(401, turn_allocate(&turn, AF_INET, 600));
	need(open_anonymous(&turn, wire));
	expect_code(401, turn_allocate(&turn, AF_INET, 600));
	return 0;
}

static int stale_nonce(const struct wire *wire)
{
	uint32_t lifetime = 600;
	const struct turn_ask ask = { .method = STUN_REFRESH, .lifetime = &lifetime };
	struct message reply;
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	st.turn.challenge.nonce[0] ^= 1;
	expect_code(438, turn_exchange(&st.turn, st.turn.control, &ask, &reply));
	expect_ok(turn_exchange(&st.turn, st.turn.control, &ask, &reply));
	return 0;
}

/* An allocation belongs to who has made it (RFC 8656, section 5). */
static int other_users_allocation(const struct wire *wire)
{
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	st.turn.user = wire->users[1].name;
	st.turn.password = wire->users[1].password;
	challenge_set_user(&st.turn.challenge, st.turn.user, st.turn.password);
	expect_code(441, turn_refresh(&st.turn, 0));
	return 0;
}

static int family_mismatch(const struct wire *wire)
{
	const struct turn_ask refresh4 = { .method = STUN_REFRESH, .family = STUN_FAMILY_IPV4 };
	const struct turn_ask refresh6 = { .method = STUN_REFRESH, .family = STUN_FAMILY_IPV6 };
	union addr peer4 = wire->peer, peer6 = wire->peer6;
	struct stage st;
	uint32_t id;

	addr_set_port(&peer4, 9);
	addr_set_port(&peer6, 9);
	need(stage_allocate(&st, wire, AF_INET));
	expect_code(443, turn_permit(&st.turn, &peer6));
	expect_code(443, turn_connect(&st.turn, &peer6, &id));
	need(stage_allocate(&st, wire, AF_INET6));
	expect_code(443, turn_permit(&st.turn, &peer4));
	expect_code(443, turn_connect(&st.turn, &peer4, &id));
	expect_code(443, request(&st.turn, &refresh4));
	expect_ok(request(&st.turn, &refresh6));
	return 0;
}

static int denied(struct turn *turn, const char *text)
{
	union addr peer;
	uint32_t id;
	int code;

	expect_ok(addr_parse(&peer, text));
	addr_set_port(&peer, addr_port(&turn->server));
	code = turn_permit(turn, &peer);
	expect(code == 403, "CreatePermission for %s: %d instead of 403", text, code);
	code = turn_connect(turn, &peer, &id);
	expect(code == 403, "Connect to %s: %d instead of 403", text, code);
	return 0;
}

static int denied_ipv4(const struct wire *wire)
{
	static const char *const peers[] = {
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "169.254.169.254",
		"224.0.0.1", "239.255.255.250", "255.255.255.255",
	};
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		need(denied(&st.turn, peers[i]));
	return 0;
}

static int denied_ipv6(const struct wire *wire)
{
	static const char *const peers[] = {
		"::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1",
		"::ffff:127.0.0.1", "::ffff:0.0.0.0", "::ffff:169.254.169.254",
		"::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254",
		"2002:7f00:1::1", "2002:a9fe:a9fe::1", "64:ff9b:1::127.0.0.1",
		"2001:0:7f00:1::", "2001:0:c000:201::80ff:fffe",
	};
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET6));
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		need(denied(&st.turn, peers[i]));
	return 0;
}

/* The server itself, in whatever clothes, but not the relayed addresses beside it. */
static int denied_own_doors(const struct wire *wire)
{
	static const char *const forms[] = { "64:ff9b::%s", "::ffff:%s" };
	union addr door = wire->server;
	char ip[ADDR_STR_LEN], text[2 * ADDR_STR_LEN];
	struct stage st;
	uint32_t id;

	need(stage_allocate(&st, wire, AF_INET));
	expect_code(403, turn_connect(&st.turn, &door, &id));
	expect_ok(turn_permit(&st.turn, &door));
	addr_set_port(&door, 1);
	expect_code(447, turn_connect(&st.turn, &door, &id));
	need(stage_allocate(&st, wire, AF_INET6));
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		snprintf(text, sizeof(text), forms[i], addr_ip_str(&wire->server, ip));
		expect_ok(addr_parse(&door, text));
		addr_set_port(&door, addr_port(&wire->server));
		expect_code(403, turn_connect(&st.turn, &door, &id));
	}
	return 0;
}

static int connect_refused(const struct wire *wire)
{
	union addr peer = wire->peer;
	struct stage st;
	uint32_t id;

	/* A port that was free a moment ago. */
	close(net_listen(&peer));
	need(stage_allocate(&st, wire, AF_INET));
	expect_code(447, turn_connect(&st.turn, &peer, &id));
	expect_ok(turn_refresh(&st.turn, 600));
	return 0;
}

static int connect_twice(const struct wire *wire)
{
	struct stage st;
	uint32_t id;

	need(stage_meet(&st, wire, STAGE_ACTIVE));
	expect_code(446, turn_connect(&st.turn, &st.peer_addr, &id));
	need(stage_bind(&st));
	expect_code(446, turn_connect(&st.turn, &st.peer_addr, &id));
	return 0;
}

static int connect_nobody(const struct wire *wire)
{
	const struct turn_ask ask = { .method = STUN_CONNECT };
	const struct turn_ask permit = { .method = STUN_CREATE_PERMISSION };
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	expect_code(400, request(&st.turn, &ask));
	expect_code(400, request(&st.turn, &permit));
	return 0;
}

/* Accepted and closed at once, and not a word to the client. */
static int no_permission(const struct wire *wire)
{
	struct turn_attempt attempt;
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	st.peer = net_connect(&st.turn.relayed, &wire->peer, WIRE_WAIT);
	expect(st.peer >= 0 || st.peer == -ECONNRESET, "not accepted: %d", st.peer);
	if (st.peer >= 0)
		need(stage_ends(st.peer));
	expect_code(-ETIMEDOUT, turn_await(&st.turn, &attempt, WIRE_QUIET));
	return 0;
}

static int one_allocation_each(const struct wire *wire)
{
	const struct wire_user *first = &wire->users[0], *second = &wire->users[1];
	struct turn turn, more;
	int64_t until;
	int code;

	need(open_as(&turn, wire, first->name, first->password));
	expect_ok(turn_allocate(&turn, AF_INET, 600));
	need(open_as(&more, wire, first->name, first->password));
	expect_code(486, turn_allocate(&more, AF_INET, 600));
	turn_close(&more);
	need(open_as(&more, wire, second->name, second->password));
	expect_ok(turn_allocate(&more, AF_INET, 600));
	turn_close(&turn);
	need(open_as(&turn, wire, first->name, first->password));
	until = net_now() + WIRE_WAIT;
	do
		code = turn_allocate(&turn, AF_INET, 600);
	while (code == 486 && net_now() < until);
	expect_ok(code);
	return 0;
}

/* The server has one port, and one family to relay. */
static int no_more_ports(const struct wire *wire)
{
	const struct wire_user *user = &wire->users[0];
	struct turn turn, more;

	need(open_as(&turn, wire, user->name, user->password));
	expect_ok(turn_allocate(&turn, AF_INET, 600));
	need(open_as(&more, wire, user->name, user->password));
	expect_code(508, turn_allocate(&more, AF_INET, 600));
	return 0;
}

static int other_family(const struct wire *wire)
{
	const struct wire_user *user = &wire->users[0];
	struct turn turn;

	need(open_as(&turn, wire, user->name, user->password));
	expect_code(440, turn_allocate(&turn, AF_INET6, 600));
	return 0;
}

const struct wire_test refusal_tests[] = {
	{ "requests", "400 signed: ConnectionBind with an unknown id", bind_unknown_id },
	{ "requests", "400 signed: ConnectionBind with a used id", bind_used_id },
	{ "requests", "400 signed: ConnectionBind without an id", bind_no_id },
	{ "requests", "441: ConnectionBind by another user", bind_other_user },
	{ "requests", "401: ConnectionBind without credentials", bind_unsigned },
	{ "requests", "401: wrong password, wrong user, none", wrong_password },
	{ "requests", "438: stale nonce, and the new one works", stale_nonce },
	{ "requests", "441: another user's allocation", other_users_allocation },
	{ "requests", "437: requests without an allocation", no_allocation },
	{ "requests", "437: a second Allocate", second_allocate },
	{ "requests", "442: transports that are not relayed; 400: none", transports },
	{ "requests", "400: attributes of UDP relaying; 420: unknown ones", attributes },
	{ "requests", "443: a peer or a Refresh of the other family", family_mismatch },
	{ "requests", "403: IPv4 peers that nobody should reach", denied_ipv4 },
	{ "requests", "403: IPv6 peers that nobody should reach", denied_ipv6 },
	{ "requests", "403: the server's own ports", denied_own_doors },
	{ "requests", "447: Connect to a closed port", connect_refused },
	{ "requests", "446: Connect to the same peer twice", connect_twice },
	{ "requests", "400: Connect to nobody, a permission for nobody", connect_nobody },
	{ "requests", "a peer without permission is closed, silently", no_permission },
	{ "quota", "486: more than one allocation", one_allocation_each },
	{ "ports", "508: no more ports", no_more_ports },
	{ "ports", "440: no IPv6 to relay", other_family },
	{ NULL, NULL, NULL },
};
