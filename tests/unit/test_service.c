// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include <event2/event.h>

#include "drain.h"
#include "server_stage.h"
#include "service.h"

struct manager {
	int fd;
	struct event_base *base;
	struct service service;
	bool alive;
	unsigned int asked;
};

/* As systemd does it: a name in the abstract namespace. */
static int set_up(void **state)
{
	static struct manager manager;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 1;
	char text[64];

	snprintf(text, sizeof(text), "@kturn-test-%d", (int)getpid());
	strcpy(addr.sun_path + 1, text + 1);
	len += strlen(text + 1);
	manager = (struct manager){
		.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0),
		.base = event_base_new(),
		.alive = true,
	};
	setenv("NOTIFY_SOCKET", text, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*state = &manager;
	return bind(manager.fd, (struct sockaddr *)&addr, len);
}

static int tear_down(void **state)
{
	struct manager *manager = *state;

	service_close(&manager->service);
	event_base_free(manager->base);
	close(manager->fd);
	return 0;
}

static bool alive(void *arg)
{
	struct manager *manager = arg;

	manager->asked++;
	return manager->alive;
}

static void begin(struct manager *manager)
{
	assert_int_equal(service_ready(&manager->service, manager->base, alive, manager), 0);
}

static void assert_told(const struct manager *manager, const char *state)
{
	char text[64] = "";

	assert_true(recv(manager->fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, state);
}

static void assert_told_nothing(const struct manager *manager)
{
	char c;

	assert_int_equal(recv(manager->fd, &c, 1, 0), -1);
}

static void turn_until_asked(struct manager *manager, unsigned int times)
{
	while (manager->asked < times)
		event_base_loop(manager->base, EVLOOP_ONCE);
}

static void the_manager_hears_of_begin_and_end(void **state)
{
	struct manager *manager = *state;

	begin(manager);
	assert_told(manager, "READY=1");
	service_stopping();
	assert_told(manager, "STOPPING=1");
	assert_told_nothing(manager);
}

static void the_watchdog_hears_of_the_living_only(void **state)
{
	struct manager *manager = *state;

	setenv("WATCHDOG_USEC", "20000", 1);
	begin(manager);
	assert_told(manager, "READY=1");
	turn_until_asked(manager, 2);
	assert_told(manager, "WATCHDOG=1");
	assert_told(manager, "WATCHDOG=1");
	manager->alive = false;
	turn_until_asked(manager, 5);
	assert_told_nothing(manager);
}

static void anothers_watchdog_is_not_ours(void **state)
{
	struct manager *manager = *state;

	setenv("WATCHDOG_USEC", "20000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	begin(manager);
	assert_null(manager->service.watchdog);
}

static void nobody_has_to_listen(void **state)
{
	static const char *const sockets[] = { "", "relative", "/nowhere/at/all" };
	struct manager *manager = *state;

	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		setenv("NOTIFY_SOCKET", sockets[i], 1);
		begin(manager);
	}
	unsetenv("NOTIFY_SOCKET");
	begin(manager);
	assert_told_nothing(manager);
}

/* However the server comes to its end. */
static void the_end_of_a_drain_is_told(void **state)
{
	struct manager *manager = *state;

	find_port(&server_addr);
	START_SERVER("-z", "-L127.0.0.1", "--relay-threads=1");
	assert_int_equal(drain_begin(&server, 0), 0);
	assert_int_equal(server_run(&server), 0);
	stop_server();
	assert_told(manager, "READY=1");
	assert_told(manager, "STOPPING=1");
	assert_told_nothing(manager);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_manager_hears_of_begin_and_end,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_watchdog_hears_of_the_living_only,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(anothers_watchdog_is_not_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_has_to_listen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_of_a_drain_is_told,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
