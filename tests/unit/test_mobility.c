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

#include "server_stage.h"
#include "mobility_stage.h"

#define MOVES	24	/* enough to come to every worker */

static unsigned int routed;	/* how often a worker was seen that sends datagrams on */

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
