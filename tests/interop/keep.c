// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server is killed, and the next one goes on. What comes while nobody serves has to wait.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "gap.h"
#include "stage.h"
#include "talk.h"

#define CHANNEL	0x4def
#define RELAYS	20
#define PART	3000	/* bytes */
#define KILLS	5

static int kill_server(void)
{
	need(gap_begin());
	return gap_end();
}

/* --- datagrams */

static struct talk talk;

/* UDP may lose it where nobody serves: then it is sent once more. */
static int get_through(int peer)
{
	char text[8] = "";

	for (int i = 0; i < WIRE_WAIT / WIRE_QUIET; i++) {
		struct pollfd readable = { .fd = peer, .events = POLLIN };

		expect_ok(talk_channel(&talk, CHANNEL, "again", 5));
		if (poll(&readable, 1, WIRE_QUIET) == 1)
			break;
	}
	expect(recv(peer, text, sizeof(text), MSG_DONTWAIT) == 5 && !memcmp(text, "again", 5),
	       "nothing comes through");
	while (recv(peer, text, sizeof(text), MSG_DONTWAIT) >= 0)
		;
	return 0;
}

static int both_ways(int peer)
{
	expect_ok(talk_channel(&talk, CHANNEL, "to peer", 7));
	need(talk_peer_hears(peer, &talk.turn.relayed, "to peer", 7));
	sendto(peer, "to client", 9, 0, &talk.turn.relayed.sa, addr_len(&talk.turn.relayed));
	return talk_hear_channel(&talk, CHANNEL, "to client", 9);
}

static int datagrams_go_on(const struct wire *wire)
{
	union addr addr = wire->peer;
	int peer = talk_peer(&addr);

	need(talk_open(&talk, wire));
	need(talk_allocate(&talk, AF_INET));
	expect_ok(talk_bind(&talk, CHANNEL, &addr));
	for (int i = 0; i < KILLS; i++) {
		need(both_ways(peer));
		need(gap_begin());
		/* It waits in the relayed address's socket. */
		sendto(peer, "waits", 5, 0, &talk.turn.relayed.sa,
		       addr_len(&talk.turn.relayed));
		need(gap_end());
		need(talk_hear_channel(&talk, CHANNEL, "waits", 5));
		need(get_through(peer));
	}
	return both_ways(peer);
}

/* --- connections */

/* Return: the length of a request. */
static size_t build_refresh(struct stage *st, uint8_t buf[MESSAGE_MAX])
{
	uint32_t lifetime = 600;
	const struct turn_ask ask = { .method = STUN_REFRESH, .lifetime = &lifetime };
	struct stun_builder b;

	turn_build(&st->turn, &ask, &b, buf);
	return stun_end(&b);
}

/* Two requests in one piece, but that half of the second one comes in the gap. */
static int refresh_across(struct stage *st)
{
	uint8_t buf[2 * MESSAGE_MAX], *second;
	struct message reply;
	size_t len, half;

	second = buf + build_refresh(st, buf);
	len = build_refresh(st, second);
	half = len / 2;
	expect_ok(net_send(st->turn.control, buf, second + half - buf, WIRE_WAIT));
	need(gap_begin());
	expect_ok(net_send(st->turn.control, second + half, len - half, WIRE_WAIT));
	need(gap_end());
	expect_ok(turn_reply(&st->turn, st->turn.control, buf, &reply));
	expect_ok(turn_reply(&st->turn, st->turn.control, second, &reply));
	return 0;
}

static int transfer(struct stage *st)
{
	const struct transfer_plan plan = { .size = 300000 };

	return stage_transfer(st, &plan, &plan);
}

static int control_goes_on(const struct wire *wire)
{
	struct stage st;

	need(stage_meet(&st, wire, STAGE_ACTIVE));
	expect_ok(net_send(st.peer, "early", 5, WIRE_WAIT));
	for (int i = 0; i < KILLS; i++)
		need(refresh_across(&st));
	need(stage_bind(&st));
	expect_ok(net_recv_all(st.data, (char[5]){ 0 }, 5, WIRE_WAIT));
	return transfer(&st);
}

/* The peer finds a listener, and the client hears of him later. */
static int peer_comes_into_the_gap(const struct wire *wire)
{
	struct turn_attempt attempt;
	struct stage st;

	need(stage_allocate(&st, wire, AF_INET));
	expect_ok(turn_permit(&st.turn, &wire->peer));
	need(gap_begin());
	st.peer = net_connect(&st.turn.relayed, &wire->peer, WIRE_WAIT);
	need(gap_end());
	expect(st.peer >= 0, "the peer could not connect: %s", strerror(-st.peer));
	expect_ok(turn_await(&st.turn, &attempt, WIRE_WAIT));
	st.id = attempt.id;
	need(stage_bind(&st));
	return transfer(&st);
}

static void *bind_data(void *stage)
{
	return (void *)(intptr_t)stage_bind(stage);
}

/* A request to bind comes into the gap, behind a handshake if there is TLS. */
static int bind_in_the_gap(struct stage *st)
{
	pthread_t thread;
	void *err;

	need(gap_begin());
	expect(!pthread_create(&thread, NULL, bind_data, st), "no thread");
	usleep(WIRE_QUIET * 1000);
	need(gap_end());
	pthread_join(thread, &err);
	return (intptr_t)err;
}

/* And so does a client who is new. */
static int clients_come_into_the_gap(const struct wire *wire)
{
	struct stage st, other;

	need(stage_meet(&st, wire, STAGE_ACTIVE));
	need(bind_in_the_gap(&st));
	need(transfer(&st));
	need(kill_server());
	need(stage_open(&other, wire, STAGE_PASSIVE));
	return transfer(&other);
}

/* What has ended before is not there again; and what ends in the gap ends. */
static int ends_stay_ends(const struct wire *wire)
{
	struct stage gone, going;

	need(stage_meet(&gone, wire, STAGE_ACTIVE));
	need(stage_meet(&going, wire, STAGE_ACTIVE));
	expect_ok(turn_refresh(&gone.turn, 0));
	need(gap_begin());
	turn_close(&going.turn);
	need(gap_end());
	need(stage_ends(gone.peer));
	need(stage_ends(going.peer));
	expect_code(-ECONNREFUSED, net_connect(&gone.turn.relayed, NULL, WIRE_WAIT));
	expect_code(-ECONNREFUSED, net_connect(&going.turn.relayed, NULL, WIRE_WAIT));
	return 0;
}

/* TLS that the kernel does not know: all of it ends, and properly; who comes anew is let in. */
static int secrets_are_lost(const struct wire *wire)
{
	struct stage st, other;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	need(kill_server());
	need(stage_ends(st.turn.control));
	need(stage_ends(st.peer));
	need(stage_open(&other, wire, STAGE_PASSIVE));
	return transfer(&other);
}

/* --- relays, which only the kernel's engine keeps */

static int send_part(int fd, unsigned int relay, unsigned int part)
{
	uint8_t data[PART];

	for (size_t i = 0; i < PART; i++)
		data[i] = relay * 31 + part * 7 + i * 3 + (i >> 8);
	expect_ok(net_send(fd, data, PART, WIRE_WAIT));
	return 0;
}

static int take_part(int fd, unsigned int relay, unsigned int part)
{
	uint8_t data[PART];
	int err = net_recv_all(fd, data, PART, WIRE_WAIT);

	expect(!err, "relay %u, part %u: %s", relay, part, strerror(-err));
	for (size_t i = 0; i < PART; i++)
		expect(data[i] == (uint8_t)(relay * 31 + part * 7 + i * 3 + (i >> 8)),
		       "relay %u, part %u: byte %zu", relay, part, i);
	return 0;
}

/* In the gap they move as ever, and after it they are the next one's. */
static int move_part(struct stage *stages, unsigned int part)
{
	for (unsigned int i = 0; i < RELAYS; i++) {
		need(send_part(stages[i].data, i, part));
		need(send_part(stages[i].peer, i + 1, part));
	}
	for (unsigned int i = 0; i < RELAYS; i++) {
		need(take_part(stages[i].peer, i, part));
		need(take_part(stages[i].data, i + 1, part));
	}
	return 0;
}

static int relays_go_on(const struct wire *wire)
{
	static struct stage stages[RELAYS];
	uint32_t id;

	for (unsigned int i = 0; i < RELAYS; i++)
		need(stage_open(&stages[i], wire, i % 2 ? STAGE_ACTIVE : STAGE_PASSIVE));
	for (unsigned int i = 0; i < KILLS; i++) {
		need(move_part(stages, 2 * i));
		need(gap_begin());
		need(move_part(stages, 2 * i + 1));
		need(gap_end());
		expect_ok(turn_refresh(&stages[i].turn, 600));
	}
	/* They are known: a peer is not connected twice, and all end with their allocation. */
	expect_code(446, turn_connect(&stages[1].turn, &stages[1].peer_addr, &id));
	shutdown(stages[0].peer, SHUT_WR);
	need(stage_ends(stages[0].data));
	expect_ok(turn_refresh(&stages[1].turn, 0));
	need(stage_ends(stages[1].data));
	turn_close(&stages[2].turn);
	return stage_ends(stages[2].peer);
}

/* A connection waits for its relay while a command puts something else in place. */
static int goes_on_meanwhile(const struct wire *wire)
{
	const char *command = getenv("KTURN_MEANWHILE");
	struct stage st;

	need(stage_meet(&st, wire, STAGE_ACTIVE));
	expect(command && !system(command), "the command has failed");
	need(stage_bind(&st));
	return transfer(&st);
}

/* What is kept is refused as a whole: all there was ends, and who comes anew is served. */
static int ends_meanwhile(const struct wire *wire)
{
	const char *command = getenv("KTURN_MEANWHILE");
	struct stage st, other;

	need(stage_meet(&st, wire, STAGE_ACTIVE));
	expect(command && !system(command), "the command has failed");
	need(stage_ends(st.turn.control));
	need(stage_ends(st.peer));
	need(stage_open(&other, wire, STAGE_PASSIVE));
	return transfer(&other);
}

const struct wire_test keep_tests[] = {
	{ "keep-udp", "an allocation of UDP goes on when the server is killed", datagrams_go_on },
	{ "keep", "so does a control connection, and who waits to be bound", control_goes_on },
	{ "keep", "a peer who connects while nobody serves is let in", peer_comes_into_the_gap },
	{ "keep", "so is who binds then, and who comes then", clients_come_into_the_gap },
	{ "keep", "what has ended does not come back", ends_stay_ends },
	{ "keep-not", "TLS in user space ends with the server", secrets_are_lost },
	{ "keep-relays", "relays move on while nobody serves, and are the next one's",
	  relays_go_on },
	{ "keep-meanwhile", "an allocation goes on, and who waits to be bound", goes_on_meanwhile },
	{ "keep-refused", "all ends, and who comes anew is served", ends_meanwhile },
	{ NULL, NULL, NULL },
};
