// SPDX-License-Identifier: GPL-2.0-only
/*
 * NAT behavior discovery (RFC 5780): from where the answers come, where they go to, and
 * how long they are at most.
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

#include "macros.h"
#include "server_stage.h"

#define CHANGE_IP	4
#define CHANGE_PORT	2

static int client;		/* over UDP; hears anybody */
static uint8_t reply[4096], room[8192];
static ssize_t reply_len;
static union addr reply_from;

/* Ca and Cp beside Da and Dp, as the RFC calls them. */
static union addr door(bool other_ip, bool other_port)
{
	union addr addr = server_addr;

	if (other_ip)
		addr.v4.sin_addr.s_addr = htonl(0x7f000002);
	if (other_port)
		addr_set_port(&addr, addr_port(&server_addr) + 1);
	return addr;
}

static bool is_free(const union addr *addr)
{
	int udp = udp_bind(addr, UDP_ALONE), tcp = sock_stream(addr);
	bool is_free = udp >= 0 && !bind(tcp, &addr->sa, addr_len(addr));

	close(udp);
	close(tcp);
	return is_free;
}

static void find_four_doors(void)
{
	union addr a, b, c;

	do {
		find_port(&server_addr);
		a = door(true, false);
		b = door(false, true);
		c = door(true, true);
	} while (!is_free(&a) || !is_free(&b) || !is_free(&c));
}

static int open_client(void)
{
	union addr any = { .v4 = { .sin_family = AF_INET } };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	any.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, &any.sa, addr_len(&any)), 0);
	return fd;
}

static void start(char *option)
{
	find_four_doors();
	START_SERVER("-z", "-L127.0.0.1", "-L127.0.0.2", "--relay-threads=2", option);
	client = open_client();
}

static int setup(void **state)
{
	(void)state;
	start("--rfc5780");
	return 0;
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
	stun_begin(b, room, sizeof(room), STUN_REQUEST, method, transaction);
}

static void say(const struct stun_builder *b, const union addr *to)
{
	assert_int_equal(sendto(client, b->buf, stun_end(b), 0, &to->sa, addr_len(to)), stun_end(b));
}

static struct stun_message hear(int fd)
{
	socklen_t len = sizeof(reply_from);
	time_t since = time(NULL);
	struct stun_message msg;

	while ((reply_len = recvfrom(fd, reply, sizeof(reply), MSG_DONTWAIT, &reply_from.sa,
				     &len)) < 0) {
		turn();
		assert_true(time(NULL) - since < PATIENCE);
	}
	assert_int_equal(stun_parse(&msg, reply, reply_len), 0);
	assert_memory_equal(msg.transaction, transaction, sizeof(transaction));
	return msg;
}

static struct stun_message ask(const struct stun_builder *b)
{
	say(b, &server_addr);
	return hear(client);
}

static union addr get_addr(const struct stun_message *msg, uint16_t type)
{
	struct stun_attr attr;
	union addr addr;

	assert_true(stun_find(msg, type, &attr));
	assert_int_equal(stun_attr_addr(&attr, &addr), 0);
	return addr;
}

static void check_addr(const struct stun_message *msg, uint16_t type, const union addr *wanted)
{
	union addr addr = get_addr(msg, type);

	assert_true(addr_equal(&addr, wanted));
}

/* One request to one of the doors: table 1 of the RFC. */
static void change(bool ip, bool port, uint32_t flags)
{
	union addr to = door(ip, port), other = door(!ip, !port), ours, from;
	socklen_t len = sizeof(ours);
	struct stun_message msg;
	struct stun_builder b;

	from = door(ip != !!(flags & CHANGE_IP), port != !!(flags & CHANGE_PORT));
	begin(&b, STUN_BINDING);
	if (flags)
		stun_add_u32(&b, STUN_ATTR_CHANGE_REQUEST, flags);
	say(&b, &to);
	msg = hear(client);
	assert_int_equal(code_of(&msg), 0);
	assert_true(addr_equal(&reply_from, &from));
	check_addr(&msg, STUN_ATTR_RESPONSE_ORIGIN, &from);
	check_addr(&msg, STUN_ATTR_OTHER_ADDRESS, &other);
	assert_int_equal(getsockname(client, &ours.sa, &len), 0);
	check_addr(&msg, STUN_ATTR_MAPPED_ADDRESS, &ours);
	assert_true(stun_find(&msg, STUN_ATTR_XOR_MAPPED_ADDRESS, NULL));
}

static void where_answers_come_from(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		change(i & 1, i & 2, i >> 1 & (CHANGE_IP | CHANGE_PORT));
}

static void where_answers_go_to(void **state)
{
	int second = open_client();
	struct stun_builder b;
	struct stun_message msg;
	union addr addr;
	socklen_t len = sizeof(addr);

	(void)state;
	assert_int_equal(getsockname(second, &addr.sa, &len), 0);
	for (int padding = 0; padding <= 2; padding += 2) {
		uint8_t port[4] = { addr_port(&addr) >> 8, addr_port(&addr) };

		begin(&b, STUN_BINDING);
		stun_add(&b, STUN_ATTR_RESPONSE_PORT, port, 2 + padding);
		say(&b, &server_addr);
		msg = hear(second);
		assert_int_equal(code_of(&msg), 0);
		/* It is about where the request came from. */
		addr = get_addr(&msg, STUN_ATTR_MAPPED_ADDRESS);
		assert_int_not_equal(addr_port(&addr), port[0] << 8 | port[1]);
		assert_int_equal(getsockname(second, &addr.sa, &len), 0);
	}
	close(second);
}

/* However much is asked for: who forges an address wins next to nothing. */
static void padding_is_bounded(void **state)
{
	static const size_t lengths[][2] = {
		{ 0, 0 }, { 1, 1 }, { 100, 100 }, { 1500, 1500 }, { 1501, 1500 }, { 6000, 1500 },
	};
	static uint8_t junk[6000];
	struct stun_message msg;
	struct stun_builder b;
	struct stun_attr attr;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		begin(&b, STUN_BINDING);
		stun_add(&b, STUN_ATTR_PADDING, junk, lengths[i][0]);
		msg = ask(&b);
		assert_int_equal(code_of(&msg), 0);
		assert_true(stun_find(&msg, STUN_ATTR_PADDING, &attr));
		assert_int_equal(attr.len, lengths[i][1]);
		assert_in_range(reply_len, 0, stun_end(&b) + 64);
	}
	begin(&b, STUN_BINDING);
	msg = ask(&b);
	assert_false(stun_find(&msg, STUN_ATTR_PADDING, NULL));
	/* Seven times what was asked at most, if its four addresses were of IPv6. */
	assert_in_range(reply_len + 4 * (16 - 4), 0, 7 * stun_end(&b));
}

static unsigned int code_with(uint16_t type, const void *value, size_t len)
{
	struct stun_message msg;
	struct stun_builder b;

	begin(&b, STUN_BINDING);
	stun_add(&b, type, value, len);
	msg = ask(&b);
	return code_of(&msg);
}

static void malformed(void **state)
{
	struct stun_message msg;
	struct stun_builder b;

	(void)state;
	assert_int_equal(code_with(STUN_ATTR_CHANGE_REQUEST, "\0\0\0", 3), 400);
	assert_int_equal(code_with(STUN_ATTR_CHANGE_REQUEST, "\0\0\0\6\0", 5), 400);
	assert_int_equal(code_with(STUN_ATTR_RESPONSE_PORT, "", 0), 400);
	assert_int_equal(code_with(STUN_ATTR_RESPONSE_PORT, "\1", 1), 400);
	assert_int_equal(code_with(STUN_ATTR_RESPONSE_PORT, "\0\0\1\1", 4), 400);
	begin(&b, STUN_BINDING);
	stun_add(&b, STUN_ATTR_RESPONSE_PORT, "\x12\x34\0\0", 4);
	stun_add(&b, STUN_ATTR_PADDING, "x", 1);
	msg = ask(&b);
	assert_int_equal(code_of(&msg), 400);
	/* They are Binding's alone. */
	begin(&b, STUN_ALLOCATE);
	stun_add_u32(&b, STUN_ATTR_CHANGE_REQUEST, CHANGE_IP);
	msg = ask(&b);
	assert_int_equal(code_of(&msg), 420);
}

/* An answer over TCP comes back where its request came from, or nowhere. */
static void over_tcp(void **state)
{
	int fd = connect_to(&server_addr);
	union addr other = door(true, true);
	struct stun_message msg;
	struct stun_builder b;

	(void)state;
	begin(&b, STUN_BINDING);
	put(fd, &b);
	msg = get_message(fd, reply, sizeof(reply));
	check_addr(&msg, STUN_ATTR_RESPONSE_ORIGIN, &server_addr);
	check_addr(&msg, STUN_ATTR_OTHER_ADDRESS, &other);
	begin(&b, STUN_BINDING);
	stun_add_u32(&b, STUN_ATTR_CHANGE_REQUEST, CHANGE_PORT);
	put(fd, &b);
	msg = get_message(fd, reply, sizeof(reply));
	assert_int_equal(code_of(&msg), 420);
	close(fd);
	fd = connect_to(&other);
	begin(&b, STUN_BINDING);
	put(fd, &b);
	msg = get_message(fd, reply, sizeof(reply));
	check_addr(&msg, STUN_ATTR_OTHER_ADDRESS, &server_addr);
	close(fd);
}

/* Who was not told of another address may not ask for it. */
static void not_unless_told(void **state)
{
	struct stun_message msg;
	struct stun_builder b;

	(void)state;
	start("--no-rfc5780");
	assert_int_equal(code_with(STUN_ATTR_CHANGE_REQUEST, "\0\0\0\6", 4), 420);
	assert_int_equal(code_with(STUN_ATTR_PADDING, "x", 1), 420);
	assert_int_equal(code_with(STUN_ATTR_RESPONSE_PORT, "\x12\x34\0\0", 4), 420);
	begin(&b, STUN_BINDING);
	msg = ask(&b);
	assert_int_equal(code_of(&msg), 0);
	assert_false(stun_find(&msg, STUN_ATTR_OTHER_ADDRESS, NULL));
	assert_false(stun_find(&msg, STUN_ATTR_RESPONSE_ORIGIN, NULL));
}

/* The third address of a family has no other one beside it. */
static void alone(void **state)
{
	union addr third;
	struct stun_message msg;
	struct stun_builder b;

	(void)state;
	find_four_doors();
	START_SERVER("-z", "-L127.0.0.1", "-L127.0.0.2", "-L127.0.0.3", "--rfc5780");
	client = open_client();
	third = server_addr;
	third.v4.sin_addr.s_addr = htonl(0x7f000003);
	begin(&b, STUN_BINDING);
	say(&b, &third);
	msg = hear(client);
	assert_int_equal(code_of(&msg), 0);
	assert_false(stun_find(&msg, STUN_ATTR_OTHER_ADDRESS, NULL));
	stun_add_u32(&b, STUN_ATTR_CHANGE_REQUEST, CHANGE_IP);
	say(&b, &third);
	msg = hear(client);
	assert_int_equal(code_of(&msg), 420);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(where_answers_come_from),
		test(where_answers_go_to),
		test(padding_is_bounded),
		test(malformed),
		test(over_tcp),
		cmocka_unit_test_teardown(not_unless_told, teardown),
		cmocka_unit_test_teardown(alone, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
