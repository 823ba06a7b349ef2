// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys that say what becomes of a Binding request, and what stands in an answer.
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

#include "challenge.h"
#include "macros.h"
#include "server_stage.h"

static struct challenge challenge;
static uint8_t reply[2048];
static int client;		/* over UDP */

static void open_client(void)
{
	client = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(connect(client, &server_addr.sa, addr_len(&server_addr)), 0);
	memset(&challenge, 0, sizeof(challenge));
}

static void start(char *option, char *more)
{
	find_port(&server_addr);
	START_SERVER("-L127.0.0.1", "--relay-threads=1", "--allow-loopback-peers", option, more);
	open_client();
}

static void start_with_users(char *option)
{
	find_port(&server_addr);
	START_SERVER("-L127.0.0.1", "--relay-threads=1", "--allow-loopback-peers", "-uu:p", "-rr",
		     option);
	open_client();
}

static int teardown(void **state)
{
	(void)state;
	close(client);
	stop_server();
	return 0;
}

static void begin(struct stun_builder *b, uint16_t method)
{
	static uint8_t buf[512];

	stun_begin(b, buf, sizeof(buf), STUN_REQUEST, method, transaction);
	if (method == STUN_ALLOCATE)
		stun_add_u8(b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
}

static struct stun_message get_reply(void)
{
	struct stun_message msg;
	ssize_t len = get_some(client, reply, sizeof(reply));

	assert_true(len > 0);
	assert_int_equal(stun_parse(&msg, reply, len), 0);
	return msg;
}

static struct stun_message ask(uint16_t method)
{
	struct stun_builder b;

	begin(&b, method);
	if (challenge.made)
		challenge_answer(&challenge, "u", &b);
	put(client, &b);
	return get_reply();
}

/* A request that nobody answers, and one behind it that somebody does. */
static void check_ignored(uint16_t ignored, uint16_t answered)
{
	struct stun_builder b;

	begin(&b, ignored);
	put(client, &b);
	assert_int_equal(ask(answered).method, answered);
}

static void secure_stun(void **state)
{
	struct stun_message msg;

	(void)state;
	start_with_users("--secure-stun");
	msg = ask(STUN_BINDING);
	assert_int_equal(code_of(&msg), 401);
	assert_false(stun_find(&msg, STUN_ATTR_XOR_MAPPED_ADDRESS, NULL));
	assert_int_equal(challenge_take(&challenge, &msg, "u", "p"), 0);
	msg = ask(STUN_BINDING);
	assert_int_equal(code_of(&msg), 0);
	assert_true(stun_find(&msg, STUN_ATTR_XOR_MAPPED_ADDRESS, NULL));
	assert_true(challenge_verify(&challenge, &msg));
	assert_int_equal(challenge_set_user(&challenge, "u", "guessed"), 0);
	msg = ask(STUN_BINDING);
	assert_int_equal(code_of(&msg), 401);
}

static void anybody_may_ask_otherwise(void **state)
{
	struct stun_message msg;

	(void)state;
	start_with_users("--no-tls");
	msg = ask(STUN_BINDING);
	assert_int_equal(code_of(&msg), 0);
}

static void no_stun(void **state)
{
	(void)state;
	start("-z", "--no-stun");
	check_ignored(STUN_BINDING, STUN_ALLOCATE);
}

/* It needs no users, for there is nothing to be had. */
static void stun_only(void **state)
{
	(void)state;
	start("--stun-only", "--no-tls");
	check_ignored(STUN_ALLOCATE, STUN_BINDING);
	check_ignored(STUN_CREATE_PERMISSION, STUN_BINDING);
	assert_int_equal(server.quota.total, 0);
}

static void fingerprint(void **state)
{
	struct stun_message msg;

	(void)state;
	start("-z", "--fingerprint=no");
	assert_false(ask(STUN_BINDING).fingerprint);
	close(client);
	stop_server();
	start("-z", "--fingerprint");
	msg = ask(STUN_BINDING);
	assert_true(stun_check_fingerprint(&msg));
}

/* Let the client reach @peer, send it a datagram, and have it sent back. */
static void echo(int peer, const union addr *peer_addr)
{
	struct stun_builder b;
	struct stun_message msg;
	union addr from;
	socklen_t len = sizeof(from);
	char data[8];
	ssize_t n;

	msg = ask(STUN_ALLOCATE);
	assert_int_equal(code_of(&msg), 0);
	begin(&b, STUN_CREATE_PERMISSION);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, peer_addr);
	put(client, &b);
	msg = get_reply();
	assert_int_equal(code_of(&msg), 0);
	stun_begin(&b, b.buf, b.size, STUN_INDICATION, STUN_SEND, transaction);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, peer_addr);
	stun_add(&b, STUN_ATTR_DATA, "hello", 5);
	put(client, &b);
	while ((n = recvfrom(peer, data, sizeof(data), MSG_DONTWAIT, &from.sa, &len)) < 0)
		turn();
	assert_int_equal(sendto(peer, data, n, 0, &from.sa, len), 5);
}

/* Of the indications those with data are the only ones that a client over UDP gets. */
static void fingerprint_of_data(void **state)
{
	struct stun_message msg;
	struct stun_attr attr;
	union addr peer_addr;
	int peer;

	(void)state;
	start("-z", "--fingerprint");
	find_port(&peer_addr);
	peer = udp_bind(&peer_addr, UDP_ALONE);
	echo(peer, &peer_addr);
	msg = get_reply();
	assert_int_equal(msg.method, STUN_DATA);
	assert_true(stun_check_fingerprint(&msg));
	assert_true(stun_find(&msg, STUN_ATTR_DATA, &attr));
	assert_int_equal(attr.len, 5);
	assert_memory_equal(attr.value, "hello", 5);
	close(peer);
}

static void software(void **state)
{
	struct stun_message msg;

	(void)state;
	start("-z", "--software-attribute");
	msg = ask(STUN_BINDING);
	assert_true(stun_find(&msg, STUN_ATTR_SOFTWARE, NULL));
	close(client);
	stop_server();
	start("-z", "--no-software-attribute");
	msg = ask(STUN_BINDING);
	assert_false(stun_find(&msg, STUN_ATTR_SOFTWARE, NULL));
}

int main(void)
{
#define test(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		test(secure_stun),
		test(anybody_may_ask_otherwise),
		test(no_stun),
		test(stun_only),
		test(fingerprint),
		test(fingerprint_of_data),
		test(software),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
