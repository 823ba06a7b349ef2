// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mobility (RFC 8016): an allocation moves with its client, between all kinds of
 * connections and all workers; and nobody else's ticket, or an old one, moves it.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "allocation.h"
#include "allocation_json.h"
#include "challenge.h"
#include "macros.h"
#include "server_stage.h"
#include "session_lost.h"
#include "ticket.h"
#include "certificate.h"
#include "dtls_client.h"

#define WORKERS	4
#define MOVES	24	/* enough to come to every worker */
#define CHANNEL	0x4001

struct client {
	int fd;
	bool stream;
	const char *user;
	struct challenge challenge;
	uint8_t reply[2048];
	struct stun_message msg;
};

static uint8_t ticket[TICKET_LEN];
static unsigned int routed;	/* how often a worker was seen that sends datagrams on */
static int peer;
static union addr peer_addr;

static void start(char *option)
{
	find_port(&server_addr);
	START_SERVER("-L127.0.0.1", "--relay-threads=4", "--allow-loopback-peers", "-rr",
		     "-uu:p", "-ueve:p", option);
	find_port(&peer_addr);
	peer = udp_bind(&peer_addr, UDP_ALONE);
	assert_true(peer >= 0);
}

static int setup(void **state)
{
	(void)state;
	start("--mobility");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(peer);
	stop_server();
	return 0;
}

static void hear(struct client *client)
{
	uint8_t *reply = client->reply;
	ssize_t len;

	if (client->stream) {
		get(client->fd, reply, STUN_HEADER_LEN);
		len = stun_length(reply);
		assert_in_range(len, STUN_HEADER_LEN, sizeof(client->reply));
		get(client->fd, reply + STUN_HEADER_LEN, len - STUN_HEADER_LEN);
	} else {
		len = get_some(client->fd, reply, sizeof(client->reply));
		assert_true(len > 0);
	}
	assert_int_equal(stun_parse(&client->msg, client->reply, len), 0);
}

/* Over UDP the same id would be the same request, and get the same answer. */
static void begin(struct stun_builder *b, uint16_t method)
{
	static uint8_t buf[1024], id[STUN_TRANSACTION_LEN];
	static uint32_t n;

	n++;
	memcpy(id, &n, sizeof(n));
	stun_begin(b, buf, sizeof(buf), STUN_REQUEST, method, id);
}

static unsigned int ask(struct client *client, struct stun_builder *b)
{
	challenge_answer(&client->challenge, client->user, b);
	put(client->fd, b);
	hear(client);
	return code_of(&client->msg);
}

static struct client open_client(const char *user, int type)
{
	struct client client = { .user = user, .stream = type == SOCK_STREAM };
	struct stun_builder b;

	client.fd = socket(AF_INET, type, 0);
	assert_int_equal(connect(client.fd, &server_addr.sa, addr_len(&server_addr)), 0);
	begin(&b, STUN_CREATE_PERMISSION);
	put(client.fd, &b);
	hear(&client);
	assert_int_equal(code_of(&client.msg), 401);
	assert_int_equal(challenge_take(&client.challenge, &client.msg, user, "p"), 0);
	return client;
}

static void take_ticket(const struct client *client)
{
	struct stun_attr attr;

	assert_true(stun_find(&client->msg, STUN_ATTR_MOBILITY_TICKET, &attr));
	assert_int_equal(attr.len, sizeof(ticket));
	assert_memory_not_equal(attr.value, ticket, sizeof(ticket));
	memcpy(ticket, attr.value, sizeof(ticket));
}

static unsigned int allocate(struct client *client, uint8_t transport, size_t ticket_len)
{
	struct stun_builder b;

	begin(&b, STUN_ALLOCATE);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, transport);
	stun_add(&b, STUN_ATTR_MOBILITY_TICKET, ticket, ticket_len);
	return ask(client, &b);
}

static unsigned int move_with(struct client *client, const uint8_t *with, size_t len,
			      uint32_t lifetime)
{
	struct stun_builder b;

	begin(&b, STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, lifetime);
	stun_add(&b, STUN_ATTR_MOBILITY_TICKET, with, len);
	return ask(client, &b);
}

static unsigned int move(struct client *client)
{
	return move_with(client, ticket, sizeof(ticket), 600);
}

static unsigned int refresh(struct client *client, uint32_t lifetime)
{
	struct stun_builder b;

	begin(&b, STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, lifetime);
	return ask(client, &b);
}

/* With a channel to the peer. Return: the relayed address. */
static union addr set_out(struct client *client)
{
	struct stun_builder b;
	struct stun_attr attr;
	union addr relayed;

	assert_int_equal(allocate(client, IPPROTO_UDP, 0), 0);
	take_ticket(client);
	assert_true(stun_find(&client->msg, STUN_ATTR_XOR_RELAYED_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&client->msg, &attr, &relayed), 0);
	begin(&b, STUN_CHANNEL_BIND);
	stun_add_u32(&b, STUN_ATTR_CHANNEL_NUMBER, CHANNEL << 16);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer_addr);
	assert_int_equal(ask(client, &b), 0);
	return relayed;
}

static void send_to_peer(const struct client *client)
{
	static const uint8_t data[] = { CHANNEL >> 8, CHANNEL & 0xff, 0, 4, 'p', 'i', 'n', 'g' };

	assert_int_equal(send(client->fd, data, sizeof(data), MSG_NOSIGNAL), sizeof(data));
}

static void check_peer_hears(const union addr *relayed)
{
	union addr from;
	socklen_t len = sizeof(from);
	time_t since = time(NULL);
	char data[16];
	ssize_t n;

	while ((n = recvfrom(peer, data, sizeof(data), MSG_DONTWAIT, &from.sa, &len)) < 0) {
		turn();
		assert_true(time(NULL) - since < PATIENCE);
	}
	assert_int_equal(n, 4);
	assert_memory_equal(data, "ping", 4);
	assert_true(addr_equal(&from, relayed));
}

static void check_hears_peer(const struct client *client, const union addr *relayed)
{
	uint8_t data[8];

	assert_int_equal(sendto(peer, "pong", 4, 0, &relayed->sa, addr_len(relayed)), 4);
	get(client->fd, data, sizeof(data));
	assert_memory_equal(data + 4, "pong", 4);
}

/* The old one counts until data comes from the new one, and then no longer. */
static void check_move(struct client *old, struct client *new, const union addr *relayed)
{
	assert_int_equal(move(new), 0);
	take_ticket(new);
	send_to_peer(old);
	check_peer_hears(relayed);
	check_hears_peer(old, relayed);
	assert_int_equal(refresh(old, 600), 0);
	assert_int_equal(refresh(new, 600), 0);
	send_to_peer(new);
	check_peer_hears(relayed);
	check_hears_peer(new, relayed);
	assert_int_equal(refresh(old, 600), 437);
	assert_int_equal(server.quota.total, 1);
	for (unsigned int i = 0; i < WORKERS; i++)
		routed += !!server.workers[i].forwards.routes;
}

static void chain_of_moves(int first_type, int second_type)
{
	struct client old = open_client("u", first_type), new;
	union addr relayed = set_out(&old);

	routed = 0;
	for (int i = 0; i < MOVES; i++) {
		new = open_client("u", i % 2 ? first_type : second_type);
		check_move(&old, &new, &relayed);
		close(old.fd);
		old = new;
	}
	assert_int_equal(refresh(&old, 0), 0);
	assert_int_equal(server.quota.total, 0);
	close(old.fd);
}

static void over_udp(void **state)
{
	(void)state;
	chain_of_moves(SOCK_DGRAM, SOCK_DGRAM);
	/* The kernel gives all four workers the same share of the clients. */
	assert_true(routed > 0);
}

static void over_tcp(void **state)
{
	(void)state;
	chain_of_moves(SOCK_STREAM, SOCK_STREAM);
}

static void between_udp_and_tcp(void **state)
{
	(void)state;
	chain_of_moves(SOCK_DGRAM, SOCK_STREAM);
}

/* His connection breaks first. What comes meanwhile is lost, the allocation is not. */
static void break_before_make(void **state)
{
	struct client old = open_client("u", SOCK_STREAM), new;
	union addr relayed = set_out(&old);

	(void)state;
	for (int i = 0; i < MOVES / 2; i++) {
		struct linger reset = { .l_onoff = i % 2 };

		setsockopt(old.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(old.fd);
		for (int n = 0; n < 100; n++)
			turn();
		assert_int_equal(sendto(peer, "lost", 4, 0, &relayed.sa, addr_len(&relayed)), 4);
		new = open_client("u", i % 3 ? SOCK_STREAM : SOCK_DGRAM);
		assert_int_equal(move(&new), 0);
		take_ticket(&new);
		/* There is no old one to wait for. */
		check_hears_peer(&new, &relayed);
		send_to_peer(&new);
		check_peer_hears(&relayed);
		if (!new.stream) {
			old = new;
			new = open_client("u", SOCK_STREAM);
			check_move(&old, &new, &relayed);
			close(old.fd);
		}
		old = new;
	}
	close(old.fd);
}

/* The old connection ends before data comes from the new one: that one counts at once. */
static void old_one_ends(void **state)
{
	struct client old = open_client("u", SOCK_STREAM), new;
	union addr relayed = set_out(&old);
	time_t since = time(NULL);
	uint8_t data[8];

	(void)state;
	new = open_client("u", SOCK_DGRAM);
	assert_int_equal(move(&new), 0);
	close(old.fd);
	do {
		sendto(peer, "pong", 4, 0, &relayed.sa, addr_len(&relayed));
		turn();
		assert_true(time(NULL) - since < PATIENCE);
	} while (recv(new.fd, data, sizeof(data), MSG_DONTWAIT) < 0);
	assert_memory_equal(data + 4, "pong", 4);
	close(new.fd);
}

/* The new connection ends before data comes from it: the old one goes on. */
static void new_one_ends(void **state)
{
	struct client old = open_client("u", SOCK_DGRAM), new;
	union addr relayed = set_out(&old);

	(void)state;
	new = open_client("u", SOCK_STREAM);
	assert_int_equal(move(&new), 0);
	take_ticket(&new);
	close(new.fd);
	for (int n = 0; n < 100; n++)
		turn();
	send_to_peer(&old);
	check_peer_hears(&relayed);
	check_hears_peer(&old, &relayed);
	new = open_client("u", SOCK_STREAM);
	check_move(&old, &new, &relayed);
	close(new.fd);
	close(old.fd);
}

/* Of two that were not confirmed the second counts. */
static void moved_again(void **state)
{
	struct client old = open_client("u", SOCK_DGRAM), second, third;
	union addr relayed = set_out(&old);

	(void)state;
	second = open_client("u", SOCK_DGRAM);
	assert_int_equal(move(&second), 0);
	take_ticket(&second);
	third = open_client("u", SOCK_DGRAM);
	check_move(&old, &third, &relayed);
	assert_int_equal(refresh(&second, 600), 437);
	close(old.fd);
	close(second.fd);
	close(third.fd);
}

static void tickets_that_are_refused(void **state)
{
	struct client owner = open_client("u", SOCK_DGRAM), eve, other;
	uint8_t first[TICKET_LEN];
	union addr relayed = set_out(&owner);

	(void)state;
	/* From where it is good already. */
	assert_int_equal(move(&owner), 400);
	/* Somebody else's. */
	eve = open_client("eve", SOCK_DGRAM);
	assert_int_equal(move(&eve), 441);
	/* Cut, or changed. */
	other = open_client("u", SOCK_DGRAM);
	assert_int_equal(move_with(&other, ticket, 0, 600), 400);
	assert_int_equal(move_with(&other, ticket, TICKET_LEN - 1, 600), 400);
	for (size_t i = 0; i < TICKET_LEN; i++) {
		ticket[i] ^= 1 << i % 8;
		assert_int_equal(move(&other), 400);
		ticket[i] ^= 1 << i % 8;
	}
	/* Used before. */
	memcpy(first, ticket, sizeof(first));
	check_move(&owner, &other, &relayed);
	assert_int_equal(move_with(&owner, first, sizeof(first), 600), 400);
	/* By who has an allocation already. */
	assert_int_equal(allocate(&owner, IPPROTO_UDP, 0), 0);
	assert_int_equal(move(&owner), 437);
	assert_int_equal(refresh(&owner, 0), 0);
	/* Of an allocation that has ended. */
	assert_int_equal(refresh(&other, 0), 0);
	assert_int_equal(move(&owner), 437);
	close(owner.fd);
	close(eve.fd);
	close(other.fd);
}

/* A key lives as long as its process. */
static void ticket_of_another_run(void **state)
{
	struct client client = open_client("u", SOCK_DGRAM);

	set_out(&client);
	close(client.fd);
	teardown(state);
	setup(state);
	client = open_client("u", SOCK_DGRAM);
	assert_int_equal(move(&client), 400);
	close(client.fd);
}

/* The answer was lost: the request comes again, and gets the same one. */
static void retransmission(void **state)
{
	struct client old = open_client("u", SOCK_DGRAM), new = open_client("u", SOCK_DGRAM);
	struct stun_builder b;

	(void)state;
	set_out(&old);
	begin(&b, STUN_REFRESH);
	stun_add(&b, STUN_ATTR_MOBILITY_TICKET, ticket, sizeof(ticket));
	assert_int_equal(ask(&new, &b), 0);
	take_ticket(&new);
	memset(ticket, 0, 1);
	for (int i = 0; i < 3; i++) {
		uint8_t before[sizeof(new.reply)];

		memcpy(before, new.reply, new.msg.len);
		put(new.fd, &b);
		hear(&new);
		assert_memory_equal(new.reply, before, new.msg.len);
	}
	close(old.fd);
	close(new.fd);
}

static void ends_by_ticket(void **state)
{
	struct client old = open_client("u", SOCK_DGRAM), new = open_client("u", SOCK_STREAM);

	(void)state;
	set_out(&old);
	assert_int_equal(move_with(&new, ticket, sizeof(ticket), 0), 0);
	assert_false(stun_find(&new.msg, STUN_ATTR_MOBILITY_TICKET, NULL));
	assert_int_equal(server.quota.total, 0);
	assert_int_equal(refresh(&old, 600), 437);
	close(old.fd);
	close(new.fd);
}

static void who_gets_a_ticket(void **state)
{
	struct client client = open_client("u", SOCK_STREAM);
	struct stun_builder b;

	(void)state;
	assert_int_equal(allocate(&client, IPPROTO_UDP, 1), 400);
	/* See mobility.h for why. */
	assert_int_equal(allocate(&client, IPPROTO_TCP, 0), 405);
	begin(&b, STUN_ALLOCATE);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
	assert_int_equal(ask(&client, &b), 0);
	assert_false(stun_find(&client.msg, STUN_ATTR_MOBILITY_TICKET, NULL));
	close(client.fd);
}

static void forbidden(void **state)
{
	struct client client;

	(void)state;
	start("--mobility=no");
	client = open_client("u", SOCK_DGRAM);
	assert_int_equal(allocate(&client, IPPROTO_UDP, 0), 405);
	assert_int_equal(move(&client), 405);
	close(client.fd);
}

/* --- what moving must not do to others */

static unsigned int ask_over_dtls(struct dtls_client *client, struct challenge *challenge,
				  struct stun_builder *b)
{
	uint8_t reply[2048];
	struct stun_message msg;
	ssize_t n;

	if (challenge->made)
		challenge_answer(challenge, "u", b);
	client_put(client, b);
	n = client_hear(client, reply, sizeof(reply));
	assert_true(n > 0);
	assert_int_equal(stun_parse(&msg, reply, n), 0);
	if (!challenge->made)
		assert_int_equal(challenge_take(challenge, &msg, "u", "p"), 0);
	return code_of(&msg);
}

/*
 * Over DTLS a session stays with the worker that it has come to. Another worker's ticket has
 * the same number there as the one of somebody else.
 */
static void ticket_of_another_worker(void **state)
{
	struct client others[64];
	struct dtls_client client;
	struct challenge challenge = { 0 };
	struct stun_builder b;
	char cert[96];
	unsigned int n = 0, refused = 0;

	(void)state;
	teardown(NULL);
	snprintf(cert, sizeof(cert), "--cert=%s", certificate_path);
	find_port(&server_addr);
	START_SERVER("-L127.0.0.1", "--relay-threads=4", "--allow-loopback-peers", "-rr", "-uu:p",
		     "--mobility", cert);
	peer = udp_bind(&peer_addr, UDP_ALONE);
	for (unsigned int i = 0; i < WORKERS; i++)
		while (!server.workers[i].mobile) {
			assert_true(n < ARRAY_SIZE(others));
			others[n] = open_client("u", SOCK_DGRAM);
			assert_int_equal(allocate(&others[n++], IPPROTO_UDP, 0), 0);
		}
	client_begin(&client, open_socket(&server_addr), "stun.turn");
	assert_int_equal(client_shake_hands(&client), 0);
	begin(&b, STUN_CREATE_PERMISSION);
	assert_int_equal(ask_over_dtls(&client, &challenge, &b), 401);
	for (unsigned int i = 0; i < WORKERS; i++) {
		const struct ticket first = { .worker = i };

		if (server.workers[i].dtls.table)
			continue;
		assert_int_equal(ticket_seal(&server.ticket_key, &first, ticket), 0);
		begin(&b, STUN_REFRESH);
		stun_add(&b, STUN_ATTR_MOBILITY_TICKET, ticket, sizeof(ticket));
		assert_int_equal(ask_over_dtls(&client, &challenge, &b), 437);
		refused++;
	}
	assert_int_equal(refused, WORKERS - 1);
	close(client.fd);
	client_forget(&client);
	while (n--)
		close(others[n].fd);
}

/* Whoever has seen a ticket can send it from anywhere; without a name that is all. */
static void flood_of_tickets_keeps_nothing(void **state)
{
	struct client client = open_client("u", SOCK_DGRAM);
	struct stun_builder b;
	unsigned int sessions = 0;

	(void)state;
	set_out(&client);
	for (int i = 0; i < 200; i++) {
		struct client other = {
			.fd = socket(AF_INET, SOCK_DGRAM, 0),
		};

		assert_int_equal(connect(other.fd, &server_addr.sa, addr_len(&server_addr)), 0);
		begin(&b, STUN_REFRESH);
		stun_add(&b, STUN_ATTR_MOBILITY_TICKET, ticket, sizeof(ticket));
		put(other.fd, &b);
		hear(&other);
		assert_int_equal(code_of(&other.msg), 401);
		close(other.fd);
	}
	for (unsigned int i = 0; i < WORKERS; i++) {
		sessions += count_sessions(&server.workers[i]);
		assert_null(server.workers[i].forwards.routes);
		assert_int_equal(server.workers[i].forwards.waiting, 0);
	}
	assert_int_equal(sessions, 1);
	close(client.fd);
}

static void start_small(char *option)
{
	teardown(NULL);
	find_port(&server_addr);
	START_SERVER("-L127.0.0.1", "--relay-threads=1", "--allow-loopback-peers", "-rr", "-uu:p",
		     "--mobility", option);
	peer = udp_bind(&peer_addr, UDP_ALONE);
}

/* A session that ends the allocation of another is there to be answered, if the oldest. */
static void oldest_idle_one_ends_anothers(void **state)
{
	struct client clients[3];

	(void)state;
	start_small("--max-strangers=100");
	server.workers[0].datagrams.max_idle = 2;
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		clients[i] = open_client("u", SOCK_DGRAM);
		assert_int_equal(allocate(&clients[i], IPPROTO_UDP, 0), 0);
		take_ticket(&clients[i]);
		if (i < 2)
			assert_int_equal(refresh(&clients[i], 0), 0);
	}
	assert_int_equal(move_with(&clients[0], ticket, sizeof(ticket), 0), 0);
	assert_int_equal(server.quota.total, 0);
	assert_int_equal(count_sessions(&server.workers[0]), 3);
	/* Who comes next makes room. */
	assert_int_equal(allocate(&clients[1], IPPROTO_UDP, 0), 0);
	clients[2] = open_client("u", SOCK_DGRAM);
	assert_int_equal(allocate(&clients[2], IPPROTO_UDP, 0), 0);
	assert_true(server.workers[0].datagrams.n_idle <= 2);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		close(clients[i].fd);
}

static void oldest_stranger_ends_anothers(void **state)
{
	struct client clients[3];

	(void)state;
	start_small("--max-strangers=2");
	clients[2] = open_client("u", SOCK_STREAM);
	assert_int_equal(allocate(&clients[2], IPPROTO_UDP, 0), 0);
	take_ticket(&clients[2]);
	clients[0] = open_client("u", SOCK_STREAM);
	clients[1] = open_client("u", SOCK_STREAM);
	assert_int_equal(server.workers[0].strangers.n, 2);
	assert_int_equal(move_with(&clients[0], ticket, sizeof(ticket), 0), 0);
	assert_int_equal(server.quota.total, 0);
	assert_int_equal(server.workers[0].strangers.n, 3);
	close(clients[2].fd);
	clients[2] = open_client("u", SOCK_STREAM);
	assert_true(server.workers[0].strangers.n <= 2);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		close(clients[i].fd);
}

/* Nobody is connected with it, but it is there, and can be seen. */
static void lost_ones_are_listed(void **state)
{
	struct client client;
	json_t *json;

	(void)state;
	start_small("--max-strangers=100");
	client = open_client("u", SOCK_STREAM);
	assert_int_equal(allocate(&client, IPPROTO_UDP, 0), 0);
	close(client.fd);
	for (time_t start = time(NULL);
	     !session_is_lost(server.workers[0].allocations->session); turn())
		assert_true(time(NULL) - start < PATIENCE);
	json = allocation_json(server.workers[0].allocations);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "over")), "lost");
	json_decref(json);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(over_udp),
		test(over_tcp),
		test(between_udp_and_tcp),
		test(break_before_make),
		test(old_one_ends),
		test(new_one_ends),
		test(moved_again),
		test(tickets_that_are_refused),
		test(ticket_of_another_run),
		test(retransmission),
		test(ends_by_ticket),
		test(who_gets_a_ticket),
		cmocka_unit_test_teardown(forbidden, teardown),
		test(ticket_of_another_worker),
		test(flood_of_tickets_keeps_nothing),
		test(oldest_idle_one_ends_anothers),
		test(oldest_stranger_ends_anothers),
		test(lost_ones_are_listed),
	};
	int failed;

	make_certificate();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(certificate_path);
	return failed;
}
