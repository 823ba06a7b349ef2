// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ports.h"

static struct ports ports;

/* Return: how many there were, each of them once and within the range. */
static unsigned int take_all(uint16_t first, uint16_t last, time_t now)
{
	static bool seen[65536];
	unsigned int n = 0;
	int port;

	for (unsigned int i = 0; i < 65536; i++)
		seen[i] = false;
	while ((port = ports_take(&ports, now)) >= 0) {
		assert_in_range(port, first, last);
		assert_false(seen[port]);
		seen[port] = true;
		n++;
	}
	assert_int_equal(port, -EADDRINUSE);
	return n;
}

static void every_port_of_any_range_once(void **state)
{
	static const uint16_t ranges[][2] = {
		{ 50000, 50000 }, { 49152, 65535 }, { 1, 65535 }, { 50000, 50062 },
		{ 50000, 50063 }, { 50000, 50064 }, { 50000, 50127 }, { 50000, 50129 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		ports_init(&ports, ranges[i][0], ranges[i][1]);
		assert_int_equal(take_all(ranges[i][0], ranges[i][1], 100),
				 ranges[i][1] - ranges[i][0] + 1);
	}
}

static void one_that_is_given_back_is_found(void **state)
{
	(void)state;
	ports_init(&ports, 49152, 65535);
	take_all(49152, 65535, 100);
	for (int port = 49152; port <= 65535; port += 97) {
		ports_release(&ports, port);
		assert_int_equal(ports_take(&ports, 100), port);
	}
}

static void foreign_ports_rest(void **state)
{
	int port;

	(void)state;
	ports_init(&ports, 50000, 50099);
	assert_true(ports_take(&ports, 100) > 0);
	port = ports_take(&ports, 100);
	ports_foreign(&ports, port);
	assert_int_equal(take_all(50000, 50099, 100 + PORTS_FOREIGN_REST - 1), 98);
	assert_int_equal(ports_take(&ports, 100 + PORTS_FOREIGN_REST), port);
	assert_int_equal(ports_take(&ports, 100 + PORTS_FOREIGN_REST), -EADDRINUSE);
}

/* Every second one of any range, and no more. */
static void even_ports(void **state)
{
	static const uint16_t ranges[][2] = { { 50000, 50130 }, { 50001, 50131 }, { 7, 7 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		unsigned int n = 0;
		int port;

		ports_init(&ports, ranges[i][0], ranges[i][1]);
		for (; (port = ports_take_even(&ports, 100)) >= 0; n++) {
			assert_int_equal(port & 1, 0);
			assert_in_range(port, ranges[i][0], ranges[i][1]);
		}
		assert_int_equal(port, -EADDRINUSE);
		assert_int_equal(n, ranges[i][1] / 2 - (ranges[i][0] + 1) / 2 + 1);
	}
}

static void a_certain_port(void **state)
{
	(void)state;
	ports_init(&ports, 50000, 50001);
	assert_int_equal(ports_take_this(&ports, 49999), -EADDRINUSE);
	assert_int_equal(ports_take_this(&ports, 50002), -EADDRINUSE);
	assert_int_equal(ports_take_this(&ports, 50001), 0);
	assert_int_equal(ports_take_this(&ports, 50001), -EADDRINUSE);
	assert_int_equal(ports_take(&ports, 100), 50000);
	ports_release(&ports, 50001);
	assert_int_equal(ports_take_this(&ports, 50001), 0);
}

#define THREADS 4

static void *take_many(void *arg)
{
	unsigned int *n = arg;

	while (ports_take(&ports, 100) >= 0)
		++*n;
	return NULL;
}

/* Several workers never get the same, and leave none. */
static void several_workers(void **state)
{
	unsigned int n[THREADS] = { 0 }, sum = 0;
	pthread_t threads[THREADS];

	(void)state;
	ports_init(&ports, 49152, 65535);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, &n[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += n[i];
	}
	assert_int_equal(sum, 65535 - 49152 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_port_of_any_range_once),
		cmocka_unit_test(one_that_is_given_back_is_found),
		cmocka_unit_test(foreign_ports_rest),
		cmocka_unit_test(even_ports),
		cmocka_unit_test(a_certain_port),
		cmocka_unit_test(several_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
