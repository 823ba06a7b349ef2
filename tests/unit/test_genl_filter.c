// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of the family's messages come through the filter. It is the kernel that
 * runs it, and whatever kind of socket it stands on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/kturn.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "genl_filter.h"

#define FAMILY	0x20
/* No two bytes are the same: an order that is the wrong one would show. */
#define OWNER	UINT32_C(0x81420304)

static int ends[2];

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(genl_filter_ends(ends[0], OWNER), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* What stands before the owner and behind it, as in a real one. */
static struct nl_msg *message(uint8_t cmd, const uint32_t *owner)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *nest;

	genlmsg_put(msg, 0, 0, FAMILY, 0, 0, cmd, KTURN_GENL_VERSION);
	nla_put_u64(msg, KTURN_A_RELAY_ID, OWNER);
	nest = nla_nest_start(msg, KTURN_A_RELAY_CLIENT);
	/* The same number as the owner's, but what it says is something else. */
	nla_put_u32(msg, KTURN_A_RELAY_OWNER, OWNER);
	nla_nest_end(msg, nest);
	if (owner)
		nla_put_u32(msg, KTURN_A_RELAY_OWNER, *owner);
	nla_put(msg, KTURN_A_RELAY_COOKIE, 3, "abc");
	return msg;
}

static bool comes_through(uint8_t cmd, const uint32_t *owner)
{
	struct nl_msg *msg = message(cmd, owner);
	size_t len = nlmsg_hdr(msg)->nlmsg_len;
	char buf[512];
	ssize_t n;

	assert_int_equal(send(ends[1], nlmsg_hdr(msg), len, 0), len);
	nlmsg_free(msg);
	n = recv(ends[0], buf, sizeof(buf), 0);
	if (n >= 0)
		assert_int_equal(n, len);
	return n >= 0;
}

static void test_own_end(void **state)
{
	const uint32_t owner = OWNER;

	(void)state;
	assert_true(comes_through(KTURN_CMD_RELAY_DEL_NTF, &owner));
}

static void test_other_owners(void **state)
{
	static const uint32_t others[] = {
		0, 1, OWNER - 1, OWNER + 1, UINT32_C(0x04034281), UINT32_MAX,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(comes_through(KTURN_CMD_RELAY_DEL_NTF, &others[i]));
}

/* Who has made a relay knows of it. */
static void test_not_an_end(void **state)
{
	const uint32_t owner = OWNER;

	(void)state;
	assert_false(comes_through(KTURN_CMD_RELAY_ADD_NTF, &owner));
	assert_false(comes_through(KTURN_CMD_RELAY_GET, &owner));
}

static void test_without_an_owner(void **state)
{
	(void)state;
	assert_true(comes_through(KTURN_CMD_RELAY_DEL_NTF, NULL));
}

static void test_no_socket(void **state)
{
	(void)state;
	assert_true(genl_filter_ends(-1, OWNER) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_own_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_owners, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_an_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_an_owner, set_up, tear_down),
		cmocka_unit_test(test_no_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
