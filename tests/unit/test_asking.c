// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking a kturnd that does not do what was expected of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "command.h"
#include "daemon.h"

static char path[64];
static const struct options options = { .socket = path };

static int listen_there(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(path, sizeof(path), "/tmp/test_asking.%d", (int)getpid());
	strcpy(addr.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* Connect with one that says @answer, and hangs up before it is asked. */
static json_t *ask_after(const char *answer, daemon_line_fn each, void *arg)
{
	int listener = listen_there(), fd;
	struct daemon *daemon = daemon_open(&options);
	json_t *last;

	assert_non_null(daemon);
	fd = accept(listener, NULL, NULL);
	assert_int_equal(write(fd, answer, strlen(answer)), strlen(answer));
	close(fd);
	last = daemon_request(daemon, json_pack("{s:s}", "command", "status"), each, arg);
	daemon_close(daemon);
	close(listener);
	unlink(path);
	return last;
}

/* It may have no room for one more. */
static void turned_away(void **state)
{
	(void)state;
	assert_null(ask_after("{\"ok\": false, \"error\": \"too many\"}\n", NULL, NULL));
	assert_null(ask_after("", NULL, NULL));
}

static void count_line(const json_t *line, void *arg)
{
	(void)line;
	++*(int *)arg;
}

static void cut_answers(void **state)
{
	int lines = 0;
	json_t *last;

	(void)state;
	assert_null(ask_after("{\"a\": 1}\n{\"b\"", count_line, &lines));
	assert_int_equal(lines, 1);
	last = ask_after("[]\n{\"b\": 2}\n{\"ok\": true}", count_line, &lines);
	assert_non_null(last);
	assert_int_equal(lines, 3);
	json_decref(last);
}

/* It has hung: the first signal waits for what it has to say, the second does not. */
static void silent_trace(void **state)
{
	int listener = listen_there(), fd, status = 0;
	pid_t child = fork(), ended = 0;
	char request;

	(void)state;
	if (!child)
		_exit(trace_verbs[0].run(&options, 0, NULL));
	fd = accept(listener, NULL, NULL);
	assert_int_equal(read(fd, &request, 1), 1);
	for (int i = 0; i < 500 && !ended; i++) {
		kill(child, SIGINT);
		usleep(10000);
		ended = waitpid(child, &status, WNOHANG);
	}
	if (!ended)
		kill(child, SIGKILL);
	assert_int_equal(ended, child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	close(fd);
	close(listener);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turned_away), cmocka_unit_test(cut_answers),
		cmocka_unit_test(silent_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
