// SPDX-License-Identifier: GPL-2.0-only
/*
 * A password that is asked for on a terminal, and how that is left.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>
#include <cmocka.h>

#include "command.h"
#include "password.h"

#define TIME_LIMIT 60	/* s */

/* The terminal's, and the process that asks on it. */
static int master, slave;
static pid_t asker;

static bool echoes(void)
{
	struct termios now;

	assert_int_equal(tcgetattr(slave, &now), 0);
	return now.c_lflag & ECHO;
}

/* Its exit status is 0 if the password was "wonder". */
static void ask_on_terminal(void)
{
	const struct options options = { .json = false };
	char *password;
	int status;

	close(master);
	/* A shell's background ignores them. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	alarm(TIME_LIMIT);
	if (login_tty(slave))
		_exit(2);
	password = password_get(&options, "password", false);
	status = !password || strcmp(password, "wonder");
	password_free(password);
	_exit(status);
}

static int begin(void **state)
{
	(void)state;
	if (openpty(&master, &slave, NULL, NULL, NULL))
		return -1;
	asker = fork();
	if (!asker)
		ask_on_terminal();
	while (echoes())
		usleep(1000);
	return 0;
}

static int end(void **state)
{
	(void)state;
	close(master);
	return close(slave);
}

/* Return: as waitpid() has it. */
static int type(const char *keys)
{
	int status;

	assert_int_equal(write(master, keys, strlen(keys)), strlen(keys));
	assert_int_equal(waitpid(asker, &status, 0), asker);
	return status;
}

static void is_read(void **state)
{
	(void)state;
	assert_int_equal(type("wonder\n"), 0);
	assert_true(echoes());
}

static void is_interrupted(void **state)
{
	int status = type("won\003");

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_true(echoes());
}

static void is_ended(void **state)
{
	int status;

	(void)state;
	kill(asker, SIGTERM);
	assert_int_equal(waitpid(asker, &status, 0), asker);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_true(echoes());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_read, begin, end),
		cmocka_unit_test_setup_teardown(is_interrupted, begin, end),
		cmocka_unit_test_setup_teardown(is_ended, begin, end),
	};

	alarm(4 * TIME_LIMIT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
