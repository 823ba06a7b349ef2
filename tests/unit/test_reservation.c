// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "config.h"
#include "relayed.h"
#include "reservation.h"
#include "udp.h"

#define NOW 1000

static struct config config;		/* without a relay-ip: no ports to give back */
static struct reservations reservations;

static int setup(void **state)
{
	(void)state;
	reservations_init(&reservations, relayed_pool_new(&config));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	reservations_clear(&reservations);
	assert_int_equal(reservations.n, 0);
	relayed_pool_free(reservations.pool);
	return 0;
}

static int hold(time_t now, uint8_t token[RESERVATION_TOKEN_LEN])
{
	union addr addr;
	int fd;

	addr_parse(&addr, "127.0.0.1");
	fd = udp_bind(&addr, UDP_ALONE);
	assert_true(fd >= 0);
	assert_int_equal(reservations_hold(&reservations, fd, &addr, now, token), 0);
	return fd;
}

static int take(time_t now, const uint8_t token[RESERVATION_TOKEN_LEN])
{
	union addr addr;

	return reservations_take(&reservations, now, token, &addr);
}

static void taken_once(void **state)
{
	uint8_t token[2][RESERVATION_TOKEN_LEN], wrong[RESERVATION_TOKEN_LEN];
	int fd[2] = { hold(NOW, token[0]), hold(NOW, token[1]) };

	(void)state;
	memcpy(wrong, token[0], sizeof(wrong));
	wrong[7] ^= 1;
	assert_int_equal(take(NOW, wrong), -ENOENT);
	assert_int_equal(take(NOW, token[1]), fd[1]);
	assert_int_equal(take(NOW, token[1]), -ENOENT);
	assert_int_equal(take(NOW, token[0]), fd[0]);
	close(fd[0]);
	close(fd[1]);
}

/* For 30 seconds at least, and not for ever. */
static void held_for_a_while(void **state)
{
	uint8_t early[RESERVATION_TOKEN_LEN], late[RESERVATION_TOKEN_LEN];
	int fd;

	(void)state;
	hold(NOW, early);
	fd = hold(NOW, late);
	assert_int_equal(take(NOW + 30, late), fd);
	close(fd);
	assert_int_equal(take(NOW + 32, early), -ENOENT);
	assert_int_equal(reservations.n, 0);
}

static void bounded(void **state)
{
	uint8_t token[RESERVATION_TOKEN_LEN];
	union addr addr;
	int fd = 0;

	(void)state;
	addr_parse(&addr, "127.0.0.1");
	reservations.n = RESERVATION_MAX;
	assert_int_equal(reservations_hold(&reservations, fd, &addr, NOW, token), -ENOSPC);
	reservations.n = 0;
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(taken_once),
		test(held_for_a_while),
		test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
