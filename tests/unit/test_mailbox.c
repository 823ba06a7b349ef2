// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to a loop: all of them, in order, and no more of them waiting than is
 * good.
 */
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mailbox.h"

static struct event_base *base;
static struct mailbox mailbox;
static unsigned int taken;	/* so many, and the last one's number */

struct numbered {
	struct mail mail;
	unsigned int number;
};

static void take(struct mail *mail, void *owner)
{
	struct numbered *numbered = (struct numbered *)mail;

	assert_ptr_equal(owner, &mailbox);
	assert_int_equal(numbered->number, ++taken);
	free(numbered);
}

static int set_up(void **state)
{
	(void)state;
	taken = 0;
	base = event_base_new();
	assert_int_equal(mailbox_open(&mailbox, base, &mailbox), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mailbox_close(&mailbox);
	event_base_free(base);
	return 0;
}

static int post(unsigned int number)
{
	struct numbered *numbered = malloc(sizeof(*numbered));
	int err;

	*numbered = (struct numbered){ { take }, number };
	err = mailbox_post(&mailbox, &numbered->mail);
	if (err)
		free(numbered);
	return err;
}

static void note(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	*(unsigned int *)arg = taken;
}

/*
 * A loop with much to do comes round seldom. Each time it takes more than one
 * message, and not all, however many wait.
 */
static void test_many_at_a_time(void **state)
{
	enum { MANY = 1000 };
	unsigned int after_one_turn = 0;
	int turns = 0;

	(void)state;
	for (unsigned int i = 1; i <= MANY; i++)
		assert_int_equal(post(i), 0);
	event_base_loop(base, EVLOOP_ONCE);
	event_base_once(base, -1, EV_TIMEOUT, note, &after_one_turn, NULL);
	while (taken < MANY) {
		event_base_loop(base, EVLOOP_ONCE);
		turns++;
	}
	assert_in_range(after_one_turn, 2, MANY - 1);
	assert_in_range(turns, 2, MANY / 2);
}

/* One that does not fit is still the sender's, and the others are not lost. */
static void test_full(void **state)
{
	unsigned int sent = 0;

	(void)state;
	while (!post(sent + 1))
		sent++;
	assert_int_equal(post(sent + 1), -EAGAIN);
	assert_in_range(sent, 1000, 1000000);
	mailbox_empty(&mailbox);
	assert_int_equal(taken, sent);
	assert_int_equal(post(sent + 1), 0);
	mailbox_empty(&mailbox);
	assert_int_equal(taken, sent + 1);
}

static void test_closed(void **state)
{
	(void)state;
	mailbox_close(&mailbox);
	assert_true(post(1) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_at_a_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_closed, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
