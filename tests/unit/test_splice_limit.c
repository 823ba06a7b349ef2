// SPDX-License-Identifier: GPL-2.0-only
/*
 * The splice(2) engine: a relay's rate, and how long it may be idle.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "relay_stage.h"

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000) + now.tv_nsec / 1000000;
}

/* Of 100,000 bytes the first 20,000 come at once, the others by and by. */
static void rate_is_kept(void **state)
{
	char *data = make_data(100000, 8);
	uint64_t start = now_ms();

	(void)state;
	add_held_to(200000, 0);
	send_all(client, data, 100000);
	receive(peer, data, 100000);
	assert_true(now_ms() - start >= 400);
	/* the other direction has its own */
	start = now_ms();
	send_all(peer, data, 60000);
	receive(client, data, 60000);
	assert_true(now_ms() - start >= 200);
	assert_int_equal(ended, 0);
	free(data);
}

static void rate_holds_the_end_back(void **state)
{
	char *data = make_data(60000, 9), *buf = malloc(60001);
	uint64_t start = now_ms();
	size_t got;

	(void)state;
	add_held_to(100000, 0);
	send_all(client, data, 60000);
	shutdown(client, SHUT_WR);
	assert_int_equal(read_to_end(peer, buf, 60001, &got), 0);
	assert_int_equal(got, 60000);
	assert_memory_equal(buf, data, 60000);
	assert_true(now_ms() - start >= 500);
	shutdown(peer, SHUT_WR);
	wait_for_end(RELAY_REASON_EOF);
	free(data);
	free(buf);
}

/* What came before a reset takes longer than the relay would wait for nothing. */
static void rate_and_reset(void **state)
{
	char *data = make_data(100000, 10), *buf = malloc(100001);
	size_t got;

	(void)state;
	add_held_to(30000, 0);
	send_all(client, data, 100000);
	reset(&client);
	assert_int_equal(read_to_end(peer, buf, 100001, &got), ECONNRESET);
	assert_int_equal(got, 100000);
	assert_memory_equal(buf, data, 100000);
	wait_for_end(RELAY_REASON_CLIENT_RESET);
	free(data);
	free(buf);
}

static void rate_is_changed(void **state)
{
	char *data = make_data(MIB, 11);

	(void)state;
	add_held_to(1, 0);
	send_all(client, data, MIB);
	assert_int_equal(dp->ops->set_rate(dp, id, 0), 0);
	receive(peer, data, MIB);
	assert_int_equal(dp->ops->set_rate(dp, id + 1, 0), -ENOENT);
	free(data);
}

static void idle_for_too_long(void **state)
{
	uint64_t start;

	(void)state;
	add_held_to(0, 500);
	for (start = now_ms(); now_ms() < start + 300; )
		turn();
	if (ended)
		skip();	/* this machine stood still for so long */
	start = now_ms();
	send_all(client, "x", 1);
	receive(peer, "x", 1);
	wait_for_end(RELAY_REASON_IDLE);
	assert_true(now_ms() - start >= 499);
	receive(peer, "", 0);
	assert_int_equal(recv(peer, &(char){ 0 }, 1, 0), 0);
	assert_int_equal(recv(client, &(char){ 0 }, 1, 0), 0);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(rate_is_kept),
		test(rate_holds_the_end_back),
		test(rate_and_reset),
		test(rate_is_changed),
		test(idle_for_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
