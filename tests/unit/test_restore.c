// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep-sessions: the server is killed, and the next one goes on with the allocations of
 * clients over UDP; or does without, and gives up all they had.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "attempts.h"
#include "restore_stage.h"

static void relays_both_ways(const struct client *client, const union addr *relayed)
{
	send_to_peer(client);
	check_peer_hears(relayed);
	check_hears_peer(client, relayed);
}

/* Nothing of an allocation is left: not for its client, its port, nor the manager. */
static void check_given_up(struct client *client, const union addr *relayed)
{
	union addr addr = *relayed;
	int fd;

	assert_int_equal(refresh(client, 600), 437);
	assert_int_equal(kept_now(), life.empty);
	fd = udp_bind(&addr, UDP_ALONE);
	assert_true(fd >= 0);
	close(fd);
}

/* --- what goes on */

static int other_peer(union addr *addr, const char *ip)
{
	socklen_t len = sizeof(*addr);
	int fd;

	assert_int_equal(addr_parse(addr, ip), 0);
	fd = udp_bind(addr, UDP_ALONE);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, &addr->sa, &len), 0);
	return fd;
}

static void permit(struct client *client, const union addr *addr)
{
	struct stun_builder b;

	begin(&b, STUN_CREATE_PERMISSION);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, addr);
	assert_int_equal(ask(client, &b), 0);
}

/* The next that the client hears is from there. */
static void check_hears(struct client *client, int from, const union addr *addr,
			const union addr *relayed)
{
	struct stun_attr attr;
	union addr sender;

	assert_int_equal(sendto(from, "pong", 4, 0, &relayed->sa, addr_len(relayed)), 4);
	hear(client);
	assert_int_equal(client->msg.method, STUN_DATA);
	assert_true(stun_find(&client->msg, STUN_ATTR_XOR_PEER_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&client->msg, &attr, &sender), 0);
	assert_true(addr_equal(&sender, addr));
}

static void permission_and_channel(void **state)
{
	union addr friend_addr, stranger_addr, relayed;
	int friend = other_peer(&friend_addr, "127.0.0.2");
	int stranger = other_peer(&stranger_addr, "127.0.0.3");
	struct client client;

	(void)state;
	BEGIN("--relay-threads=2");
	client = open_client("u", SOCK_DGRAM);
	relayed = set_out(&client);
	permit(&client, &friend_addr);
	for (int i = 0; i < 3; i++) {
		relays_both_ways(&client, &relayed);
		assert_int_equal(sendto(stranger, "pong", 4, 0, &relayed.sa,
					addr_len(&relayed)), 4);
		check_hears(&client, friend, &friend_addr, &relayed);
		AGAIN("--relay-threads=2");
		await_said("allocations restored: restored=1 lost=0");
	}
	assert_int_equal(refresh(&client, 600), 0);
	assert_int_equal(refresh(&client, 0), 0);
	check_given_up(&client, &relayed);
	close(client.fd);
	close(friend);
	close(stranger);
}

/* What waits for the server while none lives is answered by the next one. */
static void nobody_asks_in_vain(void **state)
{
	struct stun_builder b;
	struct client client;
	union addr relayed;

	(void)state;
	BEGIN("--relay-threads=1");
	client = open_client("u", SOCK_DGRAM);
	relayed = set_out(&client);
	die();
	begin(&b, STUN_REFRESH);
	challenge_answer(&client.challenge, "u", &b);
	put(client.fd, &b);
	send_to_peer(&client);
	be_born(SERVES, OPTIONS("--relay-threads=1"));
	await_ready();
	hear(&client);
	assert_int_equal(code_of(&client.msg), 0);
	check_peer_hears(&relayed);
	close(client.fd);
}

static void both_families(void **state)
{
	union addr peer6_addr, relayed[2];
	struct stun_builder b;
	struct client client;
	int peer6 = other_peer(&peer6_addr, "::1"), n = 0;

	(void)state;
	BEGIN("--relay-threads=1", "-E::1");
	client = open_client("u", SOCK_DGRAM);
	begin(&b, STUN_ALLOCATE);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
	stun_add_u8(&b, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_FAMILY_IPV6);
	assert_int_equal(ask(&client, &b), 0);
	stun_for_each_attr(&client.msg, attr)
		if (attr.type == STUN_ATTR_XOR_RELAYED_ADDRESS)
			assert_int_equal(stun_attr_xor_addr(&client.msg, &attr,
							    &relayed[n++]), 0);
	assert_int_equal(n, 2);
	permit(&client, &peer_addr);
	permit(&client, &peer6_addr);
	AGAIN("--relay-threads=1", "-E::1");
	check_hears(&client, peer, &peer_addr, &relayed[0]);
	check_hears(&client, peer6, &peer6_addr, &relayed[1]);
	/* One of them goes, and only that. */
	begin(&b, STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 0);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, STUN_FAMILY_IPV4);
	assert_int_equal(ask(&client, &b), 0);
	assert_int_equal(kept_now(), life.empty + 1);
	AGAIN("--relay-threads=1", "-E::1");
	check_hears(&client, peer6, &peer6_addr, &relayed[1]);
	assert_int_equal(refresh(&client, 0), 0);
	check_given_up(&client, &relayed[1]);
	close(client.fd);
	close(peer6);
}

static void user_and_quota(void **state)
{
	struct client client, other, eve;
	struct stun_builder b;
	union addr relayed;

	(void)state;
	BEGIN("--relay-threads=1", "--user-quota=1");
	client = open_client("u", SOCK_DGRAM);
	relayed = set_out(&client);
	AGAIN("--relay-threads=1", "--user-quota=1");
	other = open_client("u", SOCK_DGRAM);
	eve = open_client("eve", SOCK_DGRAM);
	assert_int_equal(allocate(&other, IPPROTO_UDP, 0), 486);
	assert_int_equal(allocate(&eve, IPPROTO_UDP, 0), 0);
	/* Eve behind the address of the other. */
	begin(&b, STUN_REFRESH);
	challenge_answer(&eve.challenge, "eve", &b);
	put(client.fd, &b);
	hear(&client);
	assert_int_equal(code_of(&client.msg), 441);
	assert_int_equal(refresh(&client, 600), 0);
	relays_both_ways(&client, &relayed);
	assert_int_equal(refresh(&client, 0), 0);
	assert_int_equal(allocate(&other, IPPROTO_UDP, 0), 0);
	close(client.fd);
	close(other.fd);
	close(eve.fd);
}

/* A request as it was sent, to be sent again. */
struct request {
	uint8_t bytes[1024];
	size_t len;
};

static void note(struct request *request, const struct stun_builder *b)
{
	request->len = stun_end(b);
	assert_in_range(request->len, 1, sizeof(request->bytes));
	memcpy(request->bytes, b->buf, request->len);
}

static unsigned int repeat(struct client *client, const struct request *request)
{
	assert_int_equal(send(client->fd, request->bytes, request->len, 0), request->len);
	hear(client);
	assert_memory_equal(client->msg.transaction, request->bytes + 8, STUN_TRANSACTION_LEN);
	return code_of(&client->msg);
}

static void begin_allocate(struct stun_builder *b)
{
	begin(b, STUN_ALLOCATE);
	stun_add_u8(b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
}

static union addr relayed_of(const struct client *client)
{
	struct stun_attr attr;
	union addr relayed;

	assert_true(stun_find(&client->msg, STUN_ATTR_XOR_RELAYED_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&client->msg, &attr, &relayed), 0);
	return relayed;
}

static uint32_t lifetime_of(const struct client *client)
{
	struct stun_attr attr;
	uint32_t lifetime;

	assert_true(stun_find(&client->msg, STUN_ATTR_LIFETIME, &attr));
	assert_int_equal(stun_attr_u32(&attr, &lifetime), 0);
	return lifetime;
}

/* The answer may have been lost; meanwhile the allocation grows older. */
static void allocate_again(void **state)
{
	struct request request;
	struct stun_builder b;
	struct client client;
	union addr relayed, again;
	time_t began;

	(void)state;
	BEGIN("--relay-threads=1");
	client = open_client("u", SOCK_DGRAM);
	begin_allocate(&b);
	began = worker_now();
	assert_int_equal(ask(&client, &b), 0);
	note(&request, &b);
	relayed = relayed_of(&client);
	sleep(2);
	AGAIN("--relay-threads=1");
	assert_int_equal(repeat(&client, &request), 0);
	again = relayed_of(&client);
	assert_true(addr_equal(&again, &relayed));
	assert_in_range(lifetime_of(&client), 600 - (worker_now() - began) - 1, 599);
	begin_allocate(&b);
	assert_int_equal(ask(&client, &b), 437);
	close(client.fd);
}

static void await_expiry(void)
{
	time_t start = time(NULL);

	while (kept_now() != life.empty) {
		assert_true(time(NULL) - start < PATIENCE);
		usleep(10000);
	}
}

static void expires_in_the_next(void **state)
{
	struct client client;
	union addr relayed;

	(void)state;
	BEGIN("--relay-threads=1", "--max-allocate-lifetime=3");
	client = open_client("u", SOCK_DGRAM);
	relayed = set_out(&client);
	AGAIN("--relay-threads=1", "--max-allocate-lifetime=3");
	await_said("allocation restored");
	await_expiry();
	await_said("reason=\"expired\"");
	check_given_up(&client, &relayed);
	close(client.fd);
}

static void ended_before(void **state)
{
	struct client client;
	union addr relayed;

	(void)state;
	BEGIN("--relay-threads=1");
	client = open_client("u", SOCK_DGRAM);
	relayed = set_out(&client);
	assert_true(kept_now() > life.empty);
	assert_int_equal(refresh(&client, 0), 0);
	AGAIN("--relay-threads=1");
	assert_null(strstr(said(), "restored"));
	check_given_up(&client, &relayed);
	close(client.fd);
}

static void bandwidth(void **state)
{
	uint8_t data[1004] = { CHANNEL >> 8, CHANNEL & 0xff, 1000 >> 8, 1000 & 0xff };
	struct client client, other;
	unsigned int heard = 0;

	(void)state;
	BEGIN("--relay-threads=1", "--max-bps=1000", "--bps-capacity=1000");
	client = open_client("u", SOCK_DGRAM);
	set_out(&client);
	AGAIN("--relay-threads=1", "--max-bps=1000", "--bps-capacity=1000");
	other = open_client("u", SOCK_DGRAM);
	assert_int_equal(allocate(&other, IPPROTO_UDP, 0), 486);
	/* Who has a limit keeps it, whatever is configured by now. */
	AGAIN("--relay-threads=1");
	for (int i = 0; i < 100; i++)
		assert_int_equal(send(client.fd, data, sizeof(data), 0), sizeof(data));
	assert_int_equal(refresh(&client, 600), 0);
	while (recv(peer, data, sizeof(data), MSG_DONTWAIT) > 0)
		heard++;
	assert_in_range(heard, 1, 50);
	AGAIN("--relay-threads=1", "--max-bps=1000", "--bps-capacity=1000");
	assert_int_equal(allocate(&other, IPPROTO_UDP, 0), 486);
	assert_int_equal(refresh(&client, 0), 0);
	assert_int_equal(allocate(&other, IPPROTO_UDP, 0), 0);
	close(client.fd);
	close(other.fd);
}

static void peer_that_is_denied_now(void **state)
{
	union addr friend_addr, relayed;
	int friend = other_peer(&friend_addr, "127.0.0.2");
	struct client client;

	(void)state;
	BEGIN("--relay-threads=1");
	client = open_client("u", SOCK_DGRAM);
	relayed = set_out(&client);
	permit(&client, &friend_addr);
	AGAIN("--relay-threads=1", "--denied-peer-ip=127.0.0.1");
	assert_int_equal(sendto(peer, "pong", 4, 0, &relayed.sa, addr_len(&relayed)), 4);
	check_hears(&client, friend, &friend_addr, &relayed);
	/* Nor is there anything on the way to it. */
	send_to_peer(&client);
	assert_int_equal(refresh(&client, 600), 0);
	assert_int_equal(recv(peer, &relayed, sizeof(relayed), MSG_DONTWAIT), -1);
	close(client.fd);
	close(friend);
}

/* --- mobility */

static void ticket_from_before(void **state)
{
	struct client old, new;
	union addr relayed;

	(void)state;
	BEGIN("--relay-threads=1");
	old = open_client("u", SOCK_DGRAM);
	relayed = set_out(&old);
	AGAIN("--relay-threads=1");
	new = open_client("u", SOCK_DGRAM);
	assert_int_equal(move(&new), 0);
	take_ticket(&new);
	relays_both_ways(&new, &relayed);
	assert_int_equal(refresh(&old, 600), 437);
	close(old.fd);
	/* And the one that the next server gave. */
	AGAIN("--relay-threads=1");
	relays_both_ways(&new, &relayed);
	old = open_client("u", SOCK_DGRAM);
	assert_int_equal(move(&old), 0);
	relays_both_ways(&old, &relayed);
	assert_int_equal(refresh(&old, 0), 0);
	check_given_up(&old, &relayed);
	close(old.fd);
	close(new.fd);
}

static void begin_move(struct stun_builder *b)
{
	begin(b, STUN_REFRESH);
	stun_add_u32(b, STUN_ATTR_LIFETIME, 600);
	stun_add(b, STUN_ATTR_MOBILITY_TICKET, ticket, sizeof(ticket));
}

/* Both the old and the new one count until data comes; so it is in the next process. */
static void move_without_an_answer(void **state)
{
	struct client old, new, third;
	struct request request;
	struct stun_builder b;
	union addr relayed;

	(void)state;
	BEGIN("--relay-threads=1");
	old = open_client("u", SOCK_DGRAM);
	relayed = set_out(&old);
	new = open_client("u", SOCK_DGRAM);
	begin_move(&b);
	assert_int_equal(ask(&new, &b), 0);
	note(&request, &b);
	AGAIN("--relay-threads=1");
	relays_both_ways(&old, &relayed);
	/* Nobody else has use for that ticket. */
	third = open_client("u", SOCK_DGRAM);
	assert_int_equal(move(&third), 400);
	assert_int_equal(repeat(&new, &request), 0);
	take_ticket(&new);
	relays_both_ways(&new, &relayed);
	assert_int_equal(refresh(&old, 600), 437);
	assert_int_equal(move(&third), 0);
	relays_both_ways(&third, &relayed);
	close(old.fd);
	close(new.fd);
	close(third.fd);
}

/* The other worker may hear of its route only after what comes there first. */
static void await_route(struct client *client)
{
	time_t start = time(NULL);

	while (refresh(client, 600))
		assert_true(time(NULL) - start < PATIENCE);
}

/* It stays with its worker, and so what comes to another one is sent on. */
static void moved_between_workers(void **state)
{
	struct client clients[8], new;
	union addr relayed[8];

	(void)state;
	BEGIN("--relay-threads=4");
	for (int i = 0; i < 8; i++) {
		clients[i] = open_client("u", SOCK_DGRAM);
		relayed[i] = set_out(&clients[i]);
		new = open_client("u", SOCK_DGRAM);
		assert_int_equal(move(&new), 0);
		await_route(&new);
		relays_both_ways(&new, &relayed[i]);
		close(clients[i].fd);
		clients[i] = new;
	}
	for (int i = 0; i < 2; i++) {
		AGAIN("--relay-threads=4");
		await_said("allocations restored: restored=8 lost=0");
		for (int j = 0; j < 8; j++) {
			await_route(&clients[j]);
			relays_both_ways(&clients[j], &relayed[j]);
		}
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(refresh(&clients[i], 0), 0);
		assert_int_equal(refresh(&clients[i], 600), 437);
		close(clients[i].fd);
	}
	assert_int_equal(kept_now(), life.empty);
}

/* --- what is refused */

static void another_number_of_threads(void **state)
{
	struct client client;
	union addr relayed;

	(void)state;
	BEGIN("--relay-threads=1");
	client = open_client("u", SOCK_DGRAM);
	relayed = set_out(&client);
	AGAIN("--relay-threads=2");
	await_said("another number of relay-threads");
	assert_null(strstr(said(), "restored"));
	/* Of two threads it has more of its own. */
	AGAIN("--relay-threads=1");
	await_said("another number of relay-threads");
	assert_int_equal(kept_now(), life.empty);
	close(client.fd);
	client = open_client("u", SOCK_DGRAM);
	check_given_up(&client, &relayed);
	close(client.fd);
}

/* As the program of tomorrow would leave it. */
static void change_version(void)
{
	uint8_t bytes[512];
	int fd = keeper_store_find(&manager.store, "state");
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);

	assert_in_range(n, 12, sizeof(bytes) - 1);
	bytes[8]++;
	fd = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(write(fd, bytes, n), n);
	keeper_store_notify(&manager.store, "FDSTORE=1\nFDNAME=state", &fd, 1);
}

static void another_version(void **state)
{
	struct client client;
	union addr relayed;

	(void)state;
	BEGIN("--relay-threads=2");
	client = open_client("u", SOCK_DGRAM);
	relayed = set_out(&client);
	die();
	change_version();
	be_born(SERVES, OPTIONS("--relay-threads=2"));
	await_ready();
	await_said("another version");
	close(client.fd);
	client = open_client("u", SOCK_DGRAM);
	check_given_up(&client, &relayed);
	/* All begins anew. */
	relayed = set_out(&client);
	AGAIN("--relay-threads=2");
	relays_both_ways(&client, &relayed);
	close(client.fd);
}

/* All that was in them is lost, but the next ones are kept. */
static void records_that_are_none(void **state)
{
	static const uint8_t nonsense[4096] = { 0x5a };
	struct client client;
	union addr relayed;
	int fd;

	(void)state;
	BEGIN("--relay-threads=1");
	client = open_client("u", SOCK_DGRAM);
	relayed = set_out(&client);
	die();
	fd = keeper_store_find(&manager.store, "records-0");
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, nonsense, sizeof(nonsense), 0), sizeof(nonsense));
	be_born(SERVES, OPTIONS("--relay-threads=1"));
	await_ready();
	check_given_up(&client, &relayed);
	assert_int_equal(move(&client), 437);
	relayed = set_out(&client);
	AGAIN("--relay-threads=1");
	relays_both_ways(&client, &relayed);
	close(client.fd);
	client = open_client("u", SOCK_DGRAM);
	assert_int_equal(move(&client), 0);
	close(client.fd);
}

/* Some are bad luck, so many are not. */
static void deaths_before_they_serve(void **state)
{
	struct client client;
	union addr relayed;

	(void)state;
	BEGIN("--relay-threads=1");
	client = open_client("u", SOCK_DGRAM);
	relayed = set_out(&client);
	for (int i = 0; i < 2; i++) {
		for (int j = 1; j < ATTEMPTS_MAX; j++)
			DIES_EARLY("--relay-threads=1");
		be_born(SERVES, OPTIONS("--relay-threads=1"));
		await_ready();
		relays_both_ways(&client, &relayed);
		/* This one has lived. */
		usleep(4 * ATTEMPTS_LIVELY_US);
	}
	for (int i = 0; i < ATTEMPTS_MAX; i++)
		DIES_EARLY("--relay-threads=1");
	be_born(SERVES, OPTIONS("--relay-threads=1"));
	await_ready();
	await_said("too many have died before they served");
	close(client.fd);
	client = open_client("u", SOCK_DGRAM);
	check_given_up(&client, &relayed);
	relayed = set_out(&client);
	AGAIN("--relay-threads=1");
	relays_both_ways(&client, &relayed);
	close(client.fd);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)
	const struct CMUnitTest tests[] = {
		test(permission_and_channel),
		test(nobody_asks_in_vain),
		test(both_families),
		test(user_and_quota),
		test(allocate_again),
		test(expires_in_the_next),
		test(ended_before),
		test(bandwidth),
		test(peer_that_is_denied_now),
		test(ticket_from_before),
		test(move_without_an_answer),
		test(moved_between_workers),
		test(another_number_of_threads),
		test(another_version),
		test(records_that_are_none),
		test(deaths_before_they_serve),
	};

	return cmocka_run_group_tests(tests, manager_begin, manager_end);
}
