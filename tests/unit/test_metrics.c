// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands on the page of numbers: a server, its clients, and an administrator.
 */
#include <event2/buffer.h>
#include <netlink/socket.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <cmocka.h>

#include "macros.h"
#include "metrics.h"
#include "server_stage.h"
#include "dtls_stage.h"

static unsigned int asked_the_kernel;

/* Not libnl's, but this: whoever wants to speak netlink begins here. */
struct nl_sock *nl_socket_alloc(void)
{
	asked_the_kernel++;
	return NULL;
}

/* Return: the value behind a name with its labels. */
static long long sample(const char *name)
{
	struct evbuffer *page = evbuffer_new();
	const char *line;
	long long value;

	metrics_write(page, &server);
	evbuffer_add(page, "", 1);
	line = strstr((char *)evbuffer_pullup(page, -1), name);
	assert_non_null(line);
	value = strtoll(line + strlen(name), NULL, 10);
	evbuffer_free(page);
	return value;
}

static void dtls_is_not_udp(void **state)
{
	struct dtls_client client;
	union addr relayed;
	long long before = sample("kturn_sessions{transport=\"dtls\"} ");

	(void)state;
	open_client(&client, &server_addr);
	allocate(&client, &relayed);
	assert_int_equal(sample("kturn_sessions{transport=\"dtls\"} "), before + 1);
	assert_int_equal(sample("kturn_sessions{transport=\"udp\"} "), 0);
	session_close(LIST_FIRST(&worker.sessions), "test");
	assert_int_equal(sample("kturn_sessions{transport=\"dtls\"} "), before);
	close_client(&client);
}

/* To ask for the module has the kernel load it. */
static void splice_leaves_netlink_alone(void **state)
{
	(void)state;
	assert_int_equal(sample("kturn_module_up "), 0);
	assert_int_equal(sample("kturn_module_wanted "), 0);
	assert_int_equal(asked_the_kernel, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(dtls_is_not_udp, setup, teardown),
		cmocka_unit_test_setup_teardown(splice_leaves_netlink_alone, setup, teardown),
	};
	int failed;

	make_certificate();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(certificate_path);
	return failed;
}
