// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients behind a load balancer that says who they are (PROXY protocol, version 2),
 * with TLS behind its header or without.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "macros.h"
#include "stage.h"

/* Signature, version 2 and PROXY, family and stream, length; two addresses; two ports. */
#define SIGNATURE	"\r\n\r\n\0\r\nQUIT\n\x21"
#define CLIENT4		SIGNATURE "\x11\0\x0c" "\xc0\0\2\7" "\xc6\x33\x64\1" "\x30\x39\x0d\x96"
#define CLIENT6		SIGNATURE "\x21\0\x24" "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"	\
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" "\x30\x39\x0d\x96"
#define CLIENT_PORT	0x3039

struct header {
	const char *bytes;
	size_t len;
	const char *client;
};

static const struct header v4 = { CLIENT4, sizeof(CLIENT4) - 1, "192.0.2.7" };
static const struct header v6 = { CLIENT6, sizeof(CLIENT6) - 1, "2001:db8::7" };

/* The first of what follows is in the same segment: the server may not read too far. */
static int dial(const struct wire *wire, const struct header *header)
{
	int fd = net_connect(&wire->server, NULL, WIRE_WAIT);

	if (fd < 0)
		return fd;
	if (send(fd, header->bytes, header->len, MSG_MORE) != (ssize_t)header->len) {
		close(fd);
		return -EPIPE;
	}
	return wire->secure ? secure_open(fd, wire->secure, WIRE_WAIT) : fd;
}

static int open_client(struct turn *turn, const struct wire *wire, const struct header *header)
{
	memset(turn, 0, sizeof(*turn));
	turn->server = wire->server;
	turn->user = wire->users[0].name;
	turn->password = wire->users[0].password;
	turn->control = dial(wire, header);
	expect(turn->control >= 0, "no connection: %s", strerror(-turn->control));
	return 0;
}

static int is_mapped(const struct wire *wire, const struct header *header)
{
	union addr client;
	struct turn turn;

	need(open_client(&turn, wire, header));
	expect_ok(turn_allocate(&turn, AF_INET, 600));
	addr_parse(&client, header->client);
	addr_set_port(&client, CLIENT_PORT);
	expect(addr_equal(&turn.mapped, &client), "another XOR-MAPPED-ADDRESS");
	return 0;
}

static int client_of_the_header(const struct wire *wire)
{
	return is_mapped(wire, &v4) || is_mapped(wire, &v6) ? -1 : 0;
}

/* The data connection has a header of its own, and may be relayed by the kernel. */
static int transfer(const struct wire *wire)
{
	const struct transfer_plan said = { .size = 1000000, .seed = 1 };
	const struct transfer_plan heard = { .size = 1000000, .seed = 2 };
	struct turn_ask ask = { .method = STUN_CONNECTION_BIND };
	struct turn_attempt attempt;
	struct message reply;
	struct stage st;

	memset(&st, 0, sizeof(st));
	need(open_client(&st.turn, wire, &v4));
	expect_ok(turn_allocate(&st.turn, AF_INET, 600));
	expect_ok(turn_permit(&st.turn, &wire->peer));
	st.peer = net_connect(&st.turn.relayed, &wire->peer, WIRE_WAIT);
	expect(st.peer >= 0, "the peer could not connect: %s", strerror(-st.peer));
	expect_ok(turn_await(&st.turn, &attempt, WIRE_WAIT));
	st.data = dial(wire, &v4);
	expect(st.data >= 0, "no data connection: %s", strerror(-st.data));
	ask.connection = &attempt.id;
	expect_ok(turn_request(&st.turn, st.data, &ask, &reply));
	return stage_transfer(&st, &said, &heard);
}

/* The balancer has forgotten it: nobody knows whose the bytes are. */
static int no_header(const struct wire *wire)
{
	static const char *const begins[] = {
		"\x16\x03\x01\x02\0\1\0\1\xfc\3\3 a ClientHello",
		"\0\1\0\0\x21\x12\xa4\x42 Binding",
	};

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
		int fd = net_connect(&wire->server, NULL, WIRE_WAIT);

		expect(fd >= 0, "no connection");
		expect_ok(net_send(fd, begins[i], 16, WIRE_WAIT));
		need(stage_ends(fd));
	}
	return 0;
}

const struct wire_test proxy_tests[] = {
	{ "proxy", "behind a PROXY header: a client is who the header says", client_of_the_header },
	{ "proxy", "behind a PROXY header: a megabyte each way", transfer },
	{ "proxy", "no PROXY header, no service", no_header },
	{ NULL, NULL, NULL },
};
