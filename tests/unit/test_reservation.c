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

/* Two ports of 127.0.0.2; what is held on another address goes back to nobody. */
static struct config config = { .min_port = 27020, .max_port = 27021 };
static struct reservations reservations;

static int setup(void **state)
{
	(void)state;
	config.relay_ip.n = 1;
	assert_int_equal(addr_parse(&config.relay_ip.addr[0], "127.0.0.2"), 0);
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

static const struct reservation_owner alice = { "realm\0alice", 11, 2 };
static const struct reservation_owner bob = { "realm\0bob", 9, 2 };

static int try_hold(const struct reservation_owner *owner, time_t now, int *fd,
		    uint8_t token[RESERVATION_TOKEN_LEN])
{
	union addr addr;
	int err;

	addr_parse(&addr, "127.0.0.1");
	*fd = udp_bind(&addr, UDP_ALONE);
	assert_true(*fd >= 0);
	err = reservations_hold(&reservations, *fd, &addr, owner, now, token);
	if (err)
		close(*fd);
	return err;
}

static int hold(time_t now, uint8_t token[RESERVATION_TOKEN_LEN])
{
	int fd;

	assert_int_equal(try_hold(&alice, now, &fd, token), 0);
	return fd;
}

static int take_as(const struct reservation_owner *owner, time_t now,
		   const uint8_t token[RESERVATION_TOKEN_LEN])
{
	union addr addr;

	return reservations_take(&reservations, now, token, owner, &addr);
}

static int take(time_t now, const uint8_t token[RESERVATION_TOKEN_LEN])
{
	return take_as(&alice, now, token);
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

/* A token that another user has come by is none, and stays good. */
static void of_its_owner(void **state)
{
	uint8_t token[RESERVATION_TOKEN_LEN];
	int fd = hold(NOW, token);

	(void)state;
	assert_int_equal(take_as(&bob, NOW, token), -ENOENT);
	assert_int_equal(reservations.n, 1);
	assert_int_equal(take(NOW, token), fd);
	close(fd);
	fd = hold(NOW, token);
	assert_int_equal(take_as(NULL, NOW, token), fd);
	close(fd);
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
	assert_int_equal(reservations_hold(&reservations, fd, &addr, &alice, NOW, token),
			 -ENOSPC);
	reservations.n = 0;
}

/* One who asks for more and more leaves the others theirs. */
static void so_many_an_owner(void **state)
{
	char key[32];
	const struct reservation_owner same = { key, alice.len, alice.max };
	uint8_t token[3][RESERVATION_TOKEN_LEN];
	int fd;

	(void)state;
	memcpy(key, alice.key, alice.len);
	hold(NOW, token[0]);
	hold(NOW + 5, token[1]);
	/* He is told by what he is called, not by where that is written. */
	assert_int_equal(try_hold(&same, NOW + 5, &fd, token[2]), -EDQUOT);
	assert_int_equal(try_hold(&bob, NOW + 5, &fd, token[2]), 0);
	/* One is taken, and later one has been held for long enough. */
	fd = take(NOW + 5, token[1]);
	assert_true(fd >= 0);
	close(fd);
	hold(NOW + 5, token[1]);
	assert_int_equal(try_hold(&same, NOW + 5, &fd, token[2]), -EDQUOT);
	assert_int_equal(try_hold(&same, NOW + 32, &fd, token[2]), 0);
}

/* Both ports there are; the second is held, the first given back. */
static int try_pair(time_t now, uint8_t token[RESERVATION_TOKEN_LEN])
{
	union addr addr;
	int next, fd = relayed_bind_pair(reservations.pool, AF_INET, &addr, &next);

	if (fd < 0)
		return fd;
	close(fd);
	relayed_release(reservations.pool, &addr);
	addr_set_port(&addr, addr_port(&addr) + 1);
	assert_int_equal(reservations_hold(&reservations, next, &addr, &alice, now, token), 0);
	return 0;
}

/* A port that nobody comes for can be had again, and so one that somebody came for. */
static void ports_come_back(void **state)
{
	uint8_t token[RESERVATION_TOKEN_LEN];
	union addr addr;
	int fd;

	(void)state;
	assert_int_equal(try_pair(NOW, token), 0);
	assert_int_equal(try_pair(NOW, token), -EADDRINUSE);
	reservations_expire(&reservations, NOW + 30);
	assert_int_equal(try_pair(NOW, token), -EADDRINUSE);
	reservations_expire(&reservations, NOW + 32);
	assert_int_equal(reservations.n, 0);
	assert_int_equal(try_pair(NOW, token), 0);
	fd = reservations_take(&reservations, NOW, token, &alice, &addr);
	assert_true(fd >= 0);
	close(fd);
	relayed_release(reservations.pool, &addr);
	assert_int_equal(try_pair(NOW, token), 0);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(taken_once),
		test(of_its_owner),
		test(held_for_a_while),
		test(bounded),
		test(so_many_an_owner),
		test(ports_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
