// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holes that TURN servers have had, tried on this one: a server on loopback and its
 * clients, in one process and one loop. docs/SECURITY.md lists them all, with those
 * that are tried elsewhere.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "challenge.h"
#include "connection.h"
#include "log.h"
#include "macros.h"
#include "server_stage.h"

#define USER		"%n%s%x"	/* a name like any other */
#define PASSWORD	"wonder"

struct client {
	int fd;
	struct challenge challenge;
	uint8_t buf[1024];
	struct stun_message reply;
};

static int peer;		/* listens */
static union addr peer_addr;

/* --- what a daemon must never ask for something that nobody shall guess */

static unsigned int guessable;

int rand(void)
{
	return ++guessable;
}

long random(void)
{
	return ++guessable;
}

int rand_r(unsigned int *seed)
{
	(void)seed;
	return ++guessable;
}

long lrand48(void)
{
	return ++guessable;
}

double drand48(void)
{
	return ++guessable / 1e9;
}

/* --- a server, and clients */

static void start(char *option, char *more)
{
	find_port(&server_addr);
	START_SERVER("-r%n%s", "-u" USER ":" PASSWORD, "-L127.0.0.1", "--relay-threads=1",
		     option, more);
	peer = listen_somewhere(&peer_addr);
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	close(peer);
	return 0;
}

static void open_client(struct client *client)
{
	memset(client, 0, sizeof(*client));
	client->fd = connect_to(&server_addr);
}

/* Padding belongs to nobody: it must not tell what memory held before. */
static void check_padding(const struct stun_message *msg)
{
	static const uint8_t zeros[3];

	stun_for_each_attr(msg, attr)
		assert_memory_equal(attr.value + attr.len, zeros, -attr.len & 3);
}

/* Return: 0, or the code of an error response. */
static unsigned int get_reply(struct client *client)
{
	client->reply = get_message(client->fd, client->buf, sizeof(client->buf));
	check_padding(&client->reply);
	return code_of(&client->reply);
}

static void begin(struct stun_builder *b, uint16_t method)
{
	static uint8_t buf[1024];

	memset(buf, 0xff, sizeof(buf));
	stun_begin(b, buf, sizeof(buf), STUN_REQUEST, method, transaction);
}

static void challenge(struct client *client)
{
	struct stun_builder b;

	begin(&b, STUN_ALLOCATE);
	put(client->fd, &b);
	assert_int_equal(get_reply(client), 401);
	assert_int_equal(challenge_take(&client->challenge, &client->reply, USER, PASSWORD), 0);
}

/* Sign what is in the builder; more may be added behind the signature. */
static void sign(struct client *client, struct stun_builder *b)
{
	if (!client->challenge.made) {
		uint8_t keep[1024];
		size_t len = b->len;

		memcpy(keep, b->buf, len);
		challenge(client);
		memcpy(b->buf, keep, len);
	}
	challenge_answer(&client->challenge, USER, b);
}

static unsigned int exchange(struct client *client, struct stun_builder *b)
{
	sign(client, b);
	put(client->fd, b);
	return get_reply(client);
}

static unsigned int allocate(struct client *client)
{
	struct stun_builder b;

	begin(&b, STUN_ALLOCATE);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	return exchange(client, &b);
}

static unsigned int refresh(struct client *client, uint32_t lifetime)
{
	struct stun_builder b;

	begin(&b, STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, lifetime);
	return exchange(client, &b);
}

static unsigned int ask_for_peer(struct client *client, uint16_t method, const union addr *addr)
{
	struct stun_builder b;

	begin(&b, method);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, addr);
	return exchange(client, &b);
}

static union addr relayed(const struct client *client)
{
	struct stun_attr attr;
	union addr addr;

	assert_true(stun_find(&client->reply, STUN_ATTR_XOR_RELAYED_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&client->reply, &attr, &addr), 0);
	return addr;
}

static void close_client(struct client *client)
{
	time_t start = time(NULL);

	close(client->fd);
	while (!LIST_EMPTY(&server.workers[0].sessions)) {
		turn();
		assert_true(time(NULL) - start < PATIENCE);
	}
}

/* --- the holes */

/* Whoever did not forbid it could reach what listens on loopback. */
static void cve_2018_4058_loopback_by_default(void **state)
{
	struct client client;

	(void)state;
	start("--verbose=no", "--no-tls");
	open_client(&client);
	assert_int_equal(allocate(&client), 0);
	assert_int_equal(ask_for_peer(&client, STUN_CONNECT, &peer_addr), 403);
	assert_int_equal(ask_for_peer(&client, STUN_CREATE_PERMISSION, &peer_addr), 403);
	close_client(&client);
}

/* 0.0.0.0 is this host as well. */
static void cve_2020_26262_connect_to_any(void **state)
{
	struct client client;
	union addr any;

	(void)state;
	start("--allow-loopback-peers", "--no-tls");
	open_client(&client);
	assert_int_equal(allocate(&client), 0);
	assert_int_equal(ask_for_peer(&client, STUN_CONNECT, &peer_addr), 0);
	assert_int_equal(addr_parse(&any, "0.0.0.0"), 0);
	addr_set_port(&any, addr_port(&peer_addr));
	assert_int_equal(ask_for_peer(&client, STUN_CONNECT, &any), 403);
	assert_int_equal(ask_for_peer(&client, STUN_CREATE_PERMISSION, &any), 403);
	close_client(&client);
}

/* Responses to all kinds of requests, with each length of padding: see check_padding(). */
static void cve_2020_4067_padding_of_responses(void **state)
{
	struct client client;
	struct stun_builder b;

	(void)state;
	start("--allow-loopback-peers", "--no-tls");
	open_client(&client);
	begin(&b, STUN_BINDING);
	put(client.fd, &b);
	assert_int_equal(get_reply(&client), 0);
	assert_int_equal(refresh(&client, 600), 437);
	assert_int_equal(allocate(&client), 0);
	assert_int_equal(allocate(&client), 437);
	assert_int_equal(ask_for_peer(&client, STUN_CHANNEL_BIND, &peer_addr), 403);
	assert_int_equal(ask_for_peer(&client, STUN_CONNECT, &peer_addr), 0);
	assert_int_equal(ask_for_peer(&client, STUN_CONNECT, &peer_addr), 446);
	begin(&b, STUN_CONNECT);
	stun_add(&b, 0x7ffe, "?", 1);
	assert_int_equal(exchange(&client, &b), 420);
	close_client(&client);
}

/* Nonces, relayed ports and CONNECTION-IDs came from random(). */
static void cve_2025_69217_nothing_is_guessable(void **state)
{
	struct client client;
	uint16_t ports[16];
	unsigned int in_order = 0;

	(void)state;
	start("--allow-loopback-peers", "--no-tls");
	open_client(&client);
	guessable = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		union addr addr;

		client.challenge.made = false;
		assert_int_equal(allocate(&client), 0);
		addr = relayed(&client);
		ports[i] = addr_port(&addr);
		in_order += i && ports[i] == ports[i - 1] + 1;
		assert_int_equal(ask_for_peer(&client, STUN_CONNECT, &peer_addr), 0);
		assert_int_equal(refresh(&client, 0), 0);
	}
	assert_int_equal(guessable, 0);
	assert_in_range(in_order, 0, 2);
	close_client(&client);
}

static void write_at(struct stun_builder *b, uint8_t *memory, size_t size, const union addr *addr)
{
	stun_begin(b, memory, size, STUN_REQUEST, STUN_CONNECT, transaction);
	stun_add_u32(b, STUN_ATTR_LIFETIME, 600);
	stun_add_xor_addr(b, STUN_ATTR_XOR_PEER_ADDRESS, addr);
	stun_add_error(b, 400);
	stun_add_integrity(b, "key", 3);
	stun_add_integrity_sha256(b, "key", 3);
	stun_add_fingerprint(b);
}

static void read_at(const uint8_t *memory, size_t len)
{
	struct stun_message msg;
	union addr addr;
	uint32_t word;

	assert_int_equal(stun_parse(&msg, memory, len), 0);
	assert_true(stun_check_integrity(&msg, "key", 3));
	assert_true(stun_check_fingerprint(&msg));
	stun_for_each_attr(&msg, attr) {
		stun_attr_u32(&attr, &word);
		stun_attr_xor_addr(&msg, &attr, &addr);
		stun_attr_error(&attr);
	}
}

/* A number was read as if it lay at an even address: UBSan would say so. */
static void cve_2026_40613_odd_addresses(void **state)
{
	struct stun_builder b;
	uint8_t memory[512];
	union addr addr;

	(void)state;
	assert_int_equal(addr_parse(&addr, "2001:db8::1"), 0);
	for (int offset = 0; offset < 4; offset++) {
		write_at(&b, memory + offset, sizeof(memory) - offset, &addr);
		read_at(memory + offset, stun_end(&b));
	}
}

/* Return: the log of a client with a name and a realm that are formats. */
static char *log_of_formats(void)
{
	static char text[16384];
	char path[] = "/tmp/test_cve.XXXXXX";
	struct client client;
	ssize_t n;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(log_open(path, true), 0);
	start("--verbose", "--no-tls");
	open_client(&client);
	assert_int_equal(allocate(&client), 0);
	close_client(&client);
	log_close();
	unlink(path);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	close(fd);
	return text;
}

/* A name was taken for a format. */
static void ghsa_4g7c_p5wg_j4hp_name_is_no_format(void **state)
{
	const char *text = log_of_formats();

	(void)state;
	assert_non_null(strstr(text, "user=\"%n%s%x\""));
	assert_non_null(strstr(text, "allocation created"));
	assert_non_null(strstr(text, "method=Allocate code=401"));
}

/* coturn, ab762f33: what somebody on the way has added behind the signature counted. */
static void behind_the_signature_nothing_counts(void **state)
{
	struct client client;
	struct stun_builder b;
	struct stun_attr attr;
	uint32_t lifetime;

	(void)state;
	start("--allow-loopback-peers", "--no-tls");
	open_client(&client);
	assert_int_equal(allocate(&client), 0);

	begin(&b, STUN_REFRESH);
	sign(&client, &b);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 0);
	put(client.fd, &b);
	assert_int_equal(get_reply(&client), 0);
	assert_true(stun_find(&client.reply, STUN_ATTR_LIFETIME, &attr));
	assert_int_equal(stun_attr_u32(&attr, &lifetime), 0);
	assert_int_equal(lifetime, 600);

	begin(&b, STUN_CONNECT);
	sign(&client, &b);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer_addr);
	put(client.fd, &b);
	assert_int_equal(get_reply(&client), 400);
	assert_int_equal(refresh(&client, 600), 0);
	close_client(&client);
}

/* coturn, 3c5b2615: a client that was half gone no longer counted. */
static void quota_is_released_once(void **state)
{
	struct client first, second, steady;

	(void)state;
	start("--allow-loopback-peers", "--user-quota=2");
	open_client(&steady);
	assert_int_equal(allocate(&steady), 0);
	open_client(&first);
	open_client(&second);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(allocate(&first), 0);
		assert_int_equal(ask_for_peer(&first, STUN_CONNECT, &peer_addr), 0);
		assert_int_equal(allocate(&second), 486);
		assert_int_equal(refresh(&first, 0), 0);
		assert_int_equal(refresh(&first, 0), 437);
		assert_int_equal(server.quota.total, 1);
		assert_int_equal(allocate(&second), 0);
		assert_int_equal(allocate(&first), 486);
		assert_int_equal(refresh(&second, 0), 0);
	}
	close(first.fd);
	close(second.fd);
	close_client(&steady);
}

/* coturn, 4adbd82e: allocations of some kind kept their port for good. */
static void ports_come_back(void **state)
{
	struct client client;
	union addr free_port;
	char min[32], max[32];

	(void)state;
	close(listen_somewhere(&free_port));
	snprintf(min, sizeof(min), "--min-port=%u", addr_port(&free_port));
	snprintf(max, sizeof(max), "--max-port=%u", addr_port(&free_port));
	start(min, max);
	open_client(&client);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(allocate(&client), 0);
		assert_int_equal(allocate(&client), 437);
		assert_int_equal(refresh(&client, 0), 0);
	}
	close_client(&client);
}

int main(void)
{
#define test(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		test(cve_2018_4058_loopback_by_default),
		test(cve_2020_26262_connect_to_any),
		test(cve_2020_4067_padding_of_responses),
		test(cve_2025_69217_nothing_is_guessable),
		cmocka_unit_test(cve_2026_40613_odd_addresses),
		test(ghsa_4g7c_p5wg_j4hp_name_is_no_format),
		test(behind_the_signature_nothing_counts),
		test(quota_is_released_once),
		test(ports_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
