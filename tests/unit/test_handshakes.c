// SPDX-License-Identifier: GPL-2.0-only
/*
 * So many handshakes a turn, and the loop turns.
 */
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "handshakes.h"

#define CROWD	(5 * HANDSHAKES_A_TURN)

static struct event_base *base;
static struct handshakes handshakes;

static int set_up(void **state)
{
	(void)state;
	base = event_base_new();
	assert_int_equal(handshakes_init(&handshakes, base), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	handshakes_clear(&handshakes);
	event_base_free(base);
	return 0;
}

static unsigned int take_all(void)
{
	unsigned int n = 0;

	while (n < CROWD && handshakes_take(&handshakes))
		n++;
	return n;
}

static void test_a_turn(void **state)
{
	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		assert_int_equal(take_all(), HANDSHAKES_A_TURN);
		assert_int_equal(take_all(), 0);
		event_base_loop(base, EVLOOP_ONCE);
	}
}

/* What was not asked for is not saved up. */
static void test_idle(void **state)
{
	(void)state;
	assert_true(handshakes_take(&handshakes));
	for (int turn = 0; turn < 3; turn++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(take_all(), HANDSHAKES_A_TURN);
}

/* A socket that waits for its turn; a member of a crowd that all come at once. */
struct waiting {
	struct event *readable;
	unsigned int *served;
	int pipe[2];
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct waiting *waiting = arg;
	char byte;

	(void)what;
	if (!handshakes_take(&handshakes))
		return;
	assert_int_equal(read(fd, &byte, 1), 1);
	++*waiting->served;
}

static void on_other(evutil_socket_t fd, short what, void *arg)
{
	char byte;

	(void)what;
	assert_int_equal(read(fd, &byte, 1), 1);
	*(unsigned int *)arg = 1;
}

/* All have their turn in the end, and somebody else does not wait for them. */
static void test_crowd(void **state)
{
	static struct waiting crowd[CROWD];
	unsigned int served = 0, other_served = 0, turns = 0;
	struct event *other;
	int pair[2];

	(void)state;
	for (unsigned int i = 0; i < CROWD; i++) {
		assert_int_equal(pipe(crowd[i].pipe), 0);
		crowd[i].served = &served;
		crowd[i].readable = event_new(base, crowd[i].pipe[0], EV_READ | EV_PERSIST,
					      on_readable, &crowd[i]);
		event_add(crowd[i].readable, NULL);
		assert_int_equal(write(crowd[i].pipe[1], "", 1), 1);
	}
	assert_int_equal(pipe(pair), 0);
	other = event_new(base, pair[0], EV_READ, on_other, &other_served);
	event_add(other, NULL);
	assert_int_equal(write(pair[1], "", 1), 1);
	while (served < CROWD && turns < 10 * CROWD) {
		event_base_loop(base, EVLOOP_ONCE);
		turns++;
		assert_true(other_served || served <= 2 * HANDSHAKES_A_TURN);
	}
	assert_int_equal(served, CROWD);
	event_free(other);
	close(pair[0]);
	close(pair[1]);
	for (unsigned int i = 0; i < CROWD; i++) {
		event_free(crowd[i].readable);
		close(crowd[i].pipe[0]);
		close(crowd[i].pipe[1]);
	}
}

static void test_no_limit(void **state)
{
	(void)state;
	for (int i = 0; i < CROWD; i++)
		assert_true(handshakes_take(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_idle, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_crowd, set_up, tear_down),
		cmocka_unit_test(test_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
