// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients who are sent to other servers: to which, and who stays.
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

#define CLIENTS 32

static uint8_t reply[2048];

/* As one of many hosts: 127.0.1.@nth. */
static int open_client(unsigned int nth, int type)
{
	union addr from = { .v4 = { .sin_family = AF_INET } };
	int fd = socket(AF_INET, type, 0);

	from.v4.sin_addr.s_addr = htonl(0x7f000100 + nth);
	assert_int_equal(bind(fd, &from.sa, addr_len(&from)), 0);
	assert_int_equal(connect(fd, &server_addr.sa, addr_len(&server_addr)), 0);
	return fd;
}

/* Return: 0, or the code of an error response; the response lies in reply. */
static unsigned int allocate(int fd, struct stun_message *msg)
{
	struct stun_builder b;
	uint8_t buf[64];
	ssize_t len;

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
	put(fd, &b);
	len = get_some(fd, reply, sizeof(reply));
	assert_true(len > 0);
	assert_int_equal(stun_parse(msg, reply, len), 0);
	return code_of(msg);
}

/* Return: the port of the other server number @nth, 0 if there are not so many. */
static uint16_t alternate(const struct stun_message *msg, unsigned int nth)
{
	union addr addr;

	stun_for_each_attr(msg, attr) {
		if (attr.type != STUN_ATTR_ALTERNATE_SERVER || nth--)
			continue;
		assert_int_equal(stun_attr_addr(&attr, &addr), 0);
		return addr_port(&addr);
	}
	return 0;
}

/* Return: where the client is sent; 0 if he stays. */
static uint16_t fate_of(unsigned int client, int type)
{
	int fd = open_client(client, type);
	struct stun_message msg;
	unsigned int code = allocate(fd, &msg);
	uint16_t port = alternate(&msg, 0);

	assert_int_equal(code, port ? 300 : 0);
	if (port && type == SOCK_DGRAM) {
		/* The request once more: the same answer. */
		assert_int_equal(allocate(fd, &msg), 300);
		assert_int_equal(alternate(&msg, 0), port);
	}
	close(fd);
	return port;
}

static void start(char *option, char *more)
{
	find_port(&server_addr);
	START_SERVER("-z", "-L127.0.0.1", "--relay-threads=1", "--allow-loopback-peers",
		     option, more);
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	return 0;
}

static void everybody_goes(void **state)
{
	(void)state;
	start("--alternate-server=192.0.2.1:1001", "--alternate-server=[2001:db8::1]:1006");
	for (unsigned int i = 0; i < CLIENTS; i++)
		assert_int_equal(fate_of(i, i % 2 ? SOCK_DGRAM : SOCK_STREAM), 1001);
}

/* Each comes to one of them, and to the same one whenever he asks. */
static void several_share_the_clients(void **state)
{
	unsigned int first = 0, second = 0;

	(void)state;
	start("--alternate-server=192.0.2.1:1001", "--alternate-server=192.0.2.2:1002");
	for (unsigned int i = 0; i < CLIENTS; i++) {
		uint16_t port = fate_of(i, SOCK_DGRAM);

		assert_int_equal(fate_of(i, SOCK_DGRAM), port);
		first += port == 1001;
		second += port == 1002;
	}
	assert_int_equal(first + second, CLIENTS);
	assert_true(first > CLIENTS / 8 && second > CLIENTS / 8);
}

/*
 * Two servers with one list send nobody to and fro: for each client they agree, and so
 * whom the first has sent on the second keeps.
 */
static void nobody_is_sent_to_and_fro(void **state)
{
	uint16_t fates[CLIENTS], ports[2];
	char options[2][64];
	union addr addrs[2];
	unsigned int stayed = 0;

	(void)state;
	for (int i = 0; i < 2; i++) {
		find_port(&addrs[i]);
		ports[i] = addr_port(&addrs[i]);
		snprintf(options[i], sizeof(options[i]), "--alternate-server=127.0.0.1:%u",
			 ports[i]);
	}
	for (int turn_of = 0; turn_of < 2; turn_of++) {
		server_addr = addrs[turn_of];
		START_SERVER("-z", "-L127.0.0.1", "--relay-threads=1",
			     "--allow-loopback-peers", options[0], options[1]);
		for (unsigned int i = 0; i < CLIENTS; i++) {
			uint16_t fate = fate_of(i, SOCK_DGRAM);

			stayed += !fate;
			if (!turn_of)
				fates[i] = fate ? fate : ports[0];
			else
				assert_int_equal(fate ? fate : ports[1], fates[i]);
		}
		if (!turn_of)
			stop_server();
	}
	assert_int_equal(stayed, CLIENTS);
}

/* One of the other family is no use to him alone, and welcome besides. */
static void families(void **state)
{
	struct stun_message msg;
	int fd;

	(void)state;
	start("--alternate-server=[2001:db8::1]:1006", "--alternate-server=[2001:db8::2]:1006");
	assert_int_equal(fate_of(1, SOCK_DGRAM), 0);
	stop_server();
	start("--alternate-server=[2001:db8::1]:1006", "--alternate-server=192.0.2.1:1001");
	fd = open_client(2, SOCK_DGRAM);
	assert_int_equal(allocate(fd, &msg), 300);
	assert_int_equal(alternate(&msg, 0), 1001);
	assert_int_equal(alternate(&msg, 1), 1006);
	assert_int_equal(alternate(&msg, 2), 0);
	close(fd);
}

static void transports(void **state)
{
	(void)state;
	start("--udp-alternate-server=192.0.2.1:1001", "--tcp-alternate-server=192.0.2.1:1002");
	assert_int_equal(fate_of(1, SOCK_DGRAM), 1001);
	assert_int_equal(fate_of(1, SOCK_STREAM), 1002);
	stop_server();
	start("--tls-alternate-server=192.0.2.1", "--no-tls");
	assert_int_equal(fate_of(1, SOCK_DGRAM), 0);
	assert_int_equal(fate_of(1, SOCK_STREAM), 0);
}

/* Only who wants an allocation is sent away, and only if there is nothing wrong with it. */
static void other_requests_stay(void **state)
{
	int fd;
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[64];

	(void)state;
	start("--alternate-server=192.0.2.1", "--no-tls");
	fd = open_client(1, SOCK_STREAM);
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, transaction);
	put(fd, &b);
	msg = get_message(fd, reply, sizeof(reply));
	assert_int_equal(code_of(&msg), 0);
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	put(fd, &b);
	msg = get_message(fd, reply, sizeof(reply));
	assert_int_equal(code_of(&msg), 400);
	assert_int_equal(allocate(fd, &msg), 300);
	assert_int_equal(alternate(&msg, 0), 3478);
	close(fd);
}

int main(void)
{
#define test(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		test(everybody_goes),
		test(several_share_the_clients),
		test(nobody_is_sent_to_and_fro),
		test(families),
		test(transports),
		test(other_requests_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
