// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes through a relay: every byte, once, in order, and each FIN and RST
 * (RFC 6062, sections 4.5, 5.2 to 5.4).
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "stage.h"

#define KIB 1024
#define MIB (1024 * KIB)

static const struct transfer_plan nothing = { .size = 0 };

/* More than any buffer of the server's own: the window has to close. */
static int early_data(const struct wire *wire, enum stage_way way)
{
	const struct transfer_plan plan = { .size = MIB, .seed = 2, .last = true };
	struct transfer_plan client_plan = { .size = 64 * KIB };
	struct actor client, peer;
	struct stage st;

	need(stage_meet(&st, wire, way));
	actor_start(&peer, st.peer, &plan);
	usleep(WIRE_QUIET * 1000);
	need(stage_bind(&st));
	actor_start(&client, st.data, &client_plan);
	/* The peer waits for the client's FIN, the client for the peer's. */
	actor_wait(&client);
	actor_wait(&peer);
	need(stage_compare(&client.result, &peer.result));
	expect(!client.err && !peer.err, "ended by %s", strerror(-(client.err ?: peer.err)));
	return 0;
}

static int early_data_passive(const struct wire *wire)
{
	return early_data(wire, STAGE_PASSIVE);
}

static int early_data_active(const struct wire *wire)
{
	return early_data(wire, STAGE_ACTIVE);
}

static int early_data_and_fin(const struct wire *wire)
{
	static const char text[] = "hello and goodbye";
	char buf[64];
	struct stage st;

	need(stage_meet(&st, wire, STAGE_PASSIVE));
	expect_ok(net_send(st.peer, text, sizeof(text), WIRE_WAIT));
	shutdown(st.peer, SHUT_WR);
	usleep(WIRE_QUIET * 1000);
	need(stage_bind(&st));
	expect_ok(net_recv_all(st.data, buf, sizeof(text), WIRE_WAIT));
	expect(!memcmp(buf, text, sizeof(text)), "other bytes");
	expect_ok(net_recv(st.data, buf, 1, WIRE_WAIT));
	/* The other half is still open. */
	expect_ok(net_send(st.data, text, sizeof(text), WIRE_WAIT));
	expect_ok(net_recv_all(st.peer, buf, sizeof(text), WIRE_WAIT));
	return 0;
}

static int one_tail(const struct wire *wire, enum stage_way way)
{
	const struct transfer_plan plan = { .size = MIB, .seed = 3 };
	struct stage st;

	need(stage_open(&st, wire, way));
	return stage_transfer(&st, &nothing, &plan);
}

static int tail_before_fin(const struct wire *wire)
{
	for (int run = 0; run < 10; run++)
		if (one_tail(wire, run & 1 ? STAGE_ACTIVE : STAGE_PASSIVE)) {
			printf("# run %d of 10\n", run + 1);
			return -1;
		}
	return 0;
}

static int client_half_close(const struct wire *wire)
{
	const struct transfer_plan ask = { .size = 64 * KIB, .seed = 4 };
	const struct transfer_plan answer = { .size = 256 * KIB, .seed = 5, .answer = true };
	struct stage st;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	return stage_transfer(&st, &ask, &answer);
}

static int peer_half_close(const struct wire *wire)
{
	const struct transfer_plan ask = { .size = 64 * KIB, .seed = 6 };
	const struct transfer_plan answer = { .size = 256 * KIB, .seed = 7, .answer = true };
	struct stage st;

	need(stage_open(&st, wire, STAGE_ACTIVE));
	return stage_transfer(&st, &answer, &ask);
}

static int both_ways(const struct wire *wire, enum stage_way way)
{
	const struct transfer_plan there = { .size = 4 * MIB, .seed = 8 };
	const struct transfer_plan back = { .size = 4 * MIB + 1, .seed = 9 };
	struct stage st;

	need(stage_open(&st, wire, way));
	return stage_transfer(&st, &there, &back);
}

static int both_ways_passive(const struct wire *wire)
{
	return both_ways(wire, STAGE_PASSIVE);
}

static int both_ways_active(const struct wire *wire)
{
	return both_ways(wire, STAGE_ACTIVE);
}

/* ConnectionBind and payload in one segment: not a byte may get lost. */
static int pipelined(const struct wire *wire)
{
	static const char text[] = "right behind the request";
	uint8_t buf[MESSAGE_MAX + sizeof(text)];
	struct turn_ask ask = { .method = STUN_CONNECTION_BIND };
	struct stun_builder b;
	struct message reply;
	char arrived[sizeof(text)];
	struct stage st;

	need(stage_meet(&st, wire, STAGE_PASSIVE));
	st.data = turn_dial(&st.turn);
	expect(st.data >= 0, "no connection");
	ask.connection = &st.id;
	turn_build(&st.turn, &ask, &b, buf);
	memcpy(buf + stun_end(&b), text, sizeof(text));
	expect_ok(net_send(st.data, buf, stun_end(&b) + sizeof(text), WIRE_WAIT));
	expect_ok(turn_reply(&st.turn, st.data, buf, &reply));
	expect_ok(net_recv_all(st.peer, arrived, sizeof(text), WIRE_WAIT));
	expect(!memcmp(arrived, text, sizeof(text)), "other bytes");
	return 0;
}

/* Payload that looks like something the server knows is payload all the same. */
static int opaque(const struct wire *wire)
{
	static const uint8_t hello[] = { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01 };
	uint8_t binding[STUN_HEADER_LEN], buf[64], transaction[STUN_TRANSACTION_LEN];
	struct stun_builder b;
	struct stage st;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	expect_ok(net_send(st.data, hello, sizeof(hello), WIRE_WAIT));
	expect_ok(net_recv_all(st.peer, buf, sizeof(hello), WIRE_WAIT));
	expect(!memcmp(buf, hello, sizeof(hello)), "another TLS hello");
	message_transaction(transaction);
	stun_begin(&b, binding, sizeof(binding), STUN_REQUEST, STUN_BINDING, transaction);
	expect_ok(message_send(st.data, &b, WIRE_WAIT));
	expect_ok(net_recv_all(st.peer, buf, sizeof(binding), WIRE_WAIT));
	expect(!memcmp(buf, binding, sizeof(binding)), "another Binding request");
	return 0;
}

static int round_trip(struct stage *st)
{
	char c = 'x';

	expect_ok(net_send(st->data, &c, 1, WIRE_WAIT));
	expect_ok(net_recv_all(st->peer, &c, 1, WIRE_WAIT));
	expect_ok(net_send(st->peer, &c, 1, WIRE_WAIT));
	expect_ok(net_recv_all(st->data, &c, 1, WIRE_WAIT));
	return 0;
}

static int hundred_round_trips(struct stage *st, unsigned int *slow)
{
	*slow = 0;
	for (int i = 0; i < 100; i++) {
		int64_t start = net_now();

		need(round_trip(st));
		*slow += net_now() - start >= 38;
	}
	return 0;
}

/*
 * Nothing waits for a timer or for more to come: that would cost 40 ms, and
 * every time. A machine that is busy for a while is given others.
 */
static int ping_pong(const struct wire *wire)
{
	unsigned int slow = 100;
	struct stage st;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	for (int i = 0; i < 10 && slow >= 50; i++)
		need(hundred_round_trips(&st, &slow));
	expect(slow < 50, "%u of 100 round trips took 38 ms and more, ten times", slow);
	return 0;
}

/* For how long no processor had anything to do; milliseconds. */
static int64_t all_idle(int64_t elapsed)
{
	long long user, nice, system, idle = 0;
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return -1;
	if (fscanf(file, "cpu %lld %lld %lld %lld", &user, &nice, &system, &idle) != 4)
		idle = 0;
	fclose(file);
	return idle * 1000 / sysconf(_SC_CLK_TCK) -
	       (sysconf(_SC_NPROCESSORS_ONLN) - 1) * elapsed;
}

/* The same where everything is slow: who waits for a timer has nothing to do meanwhile. */
static int ping_pong_slowly(const struct wire *wire)
{
	int64_t start = net_now(), idle = all_idle(0);
	unsigned int slow;
	struct stage st;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	need(hundred_round_trips(&st, &slow));
	idle = all_idle(net_now() - start) - idle;
	expect(slow < 50 || idle < 50 * 38, "%u of 100 round trips took 38 ms and more, and "
	       "for %lld ms there was nothing to do", slow, (long long)idle);
	return 0;
}

static int reset(const struct wire *wire, enum stage_way way, bool by_client)
{
	struct stage st;
	ssize_t n;

	need(stage_open(&st, wire, way));
	net_reset(by_client ? st.data : st.peer);
	n = net_recv(by_client ? st.peer : st.data, &(char){ 0 }, 1, WIRE_WAIT);
	expect(n == -ECONNRESET, "%zd instead of a reset", n);
	return 0;
}

static int client_reset(const struct wire *wire)
{
	return reset(wire, STAGE_ACTIVE, true);
}

static int peer_reset(const struct wire *wire)
{
	return reset(wire, STAGE_PASSIVE, false);
}

/* One of several peers of one allocation. */
static int one_of_many(struct stage *st, const struct wire *wire, struct actor *client,
		       struct actor *peer, unsigned int n)
{
	const struct transfer_plan there = { .size = 100000 + n, .seed = 100 + n };
	const struct transfer_plan back = { .size = 90000 + n, .seed = 200 + n };
	struct turn_attempt attempt;
	int data, fd = net_connect(&st->turn.relayed, &wire->peer, WIRE_WAIT);

	expect(fd >= 0, "peer %u could not connect", n);
	expect_ok(turn_await(&st->turn, &attempt, WIRE_WAIT));
	expect_ok(turn_bind(&st->turn, attempt.id, &data));
	actor_start(client, data, &there);
	actor_start(peer, fd, &back);
	return 0;
}

static int many_peers(const struct wire *wire)
{
	static struct actor clients[20], peers[20];
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	expect_ok(turn_permit(&st.turn, &wire->peer));
	for (unsigned int n = 0; n < 20; n++)
		need(one_of_many(&st, wire, &clients[n], &peers[n], n));
	for (unsigned int n = 0; n < 20; n++) {
		expect_ok(actor_wait(&clients[n]));
		expect_ok(actor_wait(&peers[n]));
		need(stage_compare(&clients[n].result, &peers[n].result));
	}
	return 0;
}

static int over_ipv6(const struct wire *wire)
{
	const struct transfer_plan plan = { .size = 100000, .seed = 10 };
	union addr at = wire->peer6;
	struct stage st;
	int listener = net_listen(&at);

	expect(listener >= 0, "the peer could not listen");
	need(stage_allocate(&st, wire, AF_INET6));
	expect_ok(turn_connect(&st.turn, &at, &st.id));
	st.peer = net_accept(listener, NULL, WIRE_WAIT);
	expect(st.peer >= 0, "nobody has connected to the peer");
	need(stage_bind(&st));
	return stage_transfer(&st, &plan, &plan);
}

const struct wire_test stream_tests[] = {
	{ "streams", "4 MiB each way at once, peer connects", both_ways_passive },
	{ "streams", "4 MiB each way at once, server connects", both_ways_active },
	{ "streams", "IPv6 peer", over_ipv6 },
	{ "streams", "1 MiB from the peer before the ConnectionBind, peer connects",
	  early_data_passive },
	{ "streams", "1 MiB from the peer before the ConnectionBind, server connects",
	  early_data_active },
	{ "streams", "bytes and FIN from the peer before the ConnectionBind", early_data_and_fin },
	{ "streams", "bytes right behind the ConnectionBind", pipelined },
	{ "streams", "the last bytes before a FIN, 10 times", tail_before_fin },
	{ "streams", "half-close by the client, then the peer's answer", client_half_close },
	{ "streams", "half-close by the peer, then the client's answer", peer_half_close },
	{ "streams", "reset by the client", client_reset },
	{ "streams", "reset by the peer", peer_reset },
	{ "streams", "payload that looks like TLS or STUN", opaque },
	{ "prompt", "100 round trips of one byte", ping_pong },
	{ "slow", "100 round trips of one byte", ping_pong_slowly },
	{ "streams", "20 peers of one allocation", many_peers },
	{ NULL, NULL, NULL },
};
