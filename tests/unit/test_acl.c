// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every way to spell a peer that must not be reached.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acl.h"
#include "macros.h"

static bool refused(const struct acl *acl, const char *text)
{
	union addr peer;

	assert_int_equal(addr_parse(&peer, text), 0);
	return acl_refusal(acl, &peer);
}

static void all_refused(const struct acl *acl, const char *const *peers)
{
	for (; *peers; peers++)
		if (!refused(acl, *peers))
			fail_msg("%s is allowed", *peers);
}

static void all_allowed(const struct acl *acl, const char *const *peers)
{
	for (; *peers; peers++)
		if (refused(acl, *peers))
			fail_msg("%s is refused", *peers);
}

static void ordinary_peers(void **state)
{
	static const char *const peers[] = {
		"192.168.1.252", "10.48.54.230", "172.16.0.1", "8.8.8.8", "1.0.0.0",
		"126.255.255.255", "128.0.0.0", "223.255.255.255", "2001:db8::1",
		"2600::", "fe00::1", "2001:1::1", "2003::1", "64:ff9b::192.168.1.1",
		"64:ff9b:1::192.168.1.1", "64:ff9b:1:c0a8:1:100::",
		"::ffff:192.168.1.1", NULL
	};
	static const struct acl acl;

	(void)state;
	all_allowed(&acl, peers);
}

static void never_by_default(void **state)
{
	static const char *const peers[] = {
		"127.0.0.1", "127.255.255.255", "0.0.0.0", "0.255.255.255",
		"169.254.169.254", "224.0.0.1", "239.255.255.255", "255.255.255.255",
		"::1", "::", "fe80::1", "febf:ffff::1", "fec0::1", "fc00::1",
		"fdff:ffff::1", "ff02::1", "ff0e::1", NULL
	};
	static const struct acl acl;

	(void)state;
	all_refused(&acl, peers);
}

/* Loopback by way of the "any" addresses, and of ::1. */
static void cve_2020_26262_any_is_the_host(void **state)
{
	static const char *const peers[] = { "0.0.0.0", "::", "::1", NULL };
	static const char *const any[] = { "0.0.0.0", "::", NULL };
	struct acl acl = { 0 };

	(void)state;
	all_refused(&acl, peers);
	acl.allow_loopback = true;
	all_refused(&acl, any);
}

/* IPv4 addresses in IPv6 clothes, past loopback and past denied-peer-ip. */
static void cve_2026_27624_mapped(void **state)
{
	static const char *const peers[] = {
		"::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:0.0.0.0",
		"::ffff:169.254.169.254", "::ffff:224.0.0.1", "::ffff:10.0.0.1", NULL
	};
	struct acl acl = { 0 };

	(void)state;
	assert_int_equal(acl_add(&acl, ACL_DENY, "10.0.0.0-10.255.255.255"), 0);
	all_refused(&acl, peers);
	acl_clear(&acl);
}

static void every_embedding(void **state)
{
	static const char *const peers[] = {
		"::127.0.0.1", "::10.0.0.1",			/* compatible */
		"::ffff:0:127.0.0.1",				/* translated */
		"64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1",	/* NAT64 */
		"64:ff9b:1::127.0.0.1", "64:ff9b:1::0.0.0.0",	/* local NAT64 */
		"2002:7f00:1::", "2002:0a00:0001::1",		/* 6to4 */
		"2001:0:7f00:1::",				/* Teredo server */
		"2001:0:c000:201::80ff:fffe",			/* Teredo client */
		"2001:0:c000:201::f5ff:fffe",
		/* local NAT64, where RFC 6052 has it after 48, 56 and 64 bits */
		"64:ff9b:1:7f00:0:100::", "64:ff9b:1:a00:0:100::",
		"64:ff9b:1:7f:0:1::", "64:ff9b:1:aa0a:0:1::",
		"64:ff9b:1:aaaa:7f:0:100:0", "64:ff9b:1:aaaa:a:0:100:0", NULL
	};
	struct acl acl = { 0 };

	(void)state;
	assert_int_equal(acl_add(&acl, ACL_DENY, "10.0.0.0/8"), 0);
	all_refused(&acl, peers);
	acl_clear(&acl);
}

/* coturn, 6c13608c: an IPv6 range was compared part by part. */
static void ipv6_range_is_one_number(void **state)
{
	static const char *const in[] = {
		"2001:db8::5", "2001:db8:1::", "2001:db8:1:0:ffff::",
		"2001:db8:2::1", NULL
	};
	static const char *const out[] = {
		"2001:db8::4", "2001:db8:2::2", "2001:db7:ffff::5", NULL
	};
	struct acl acl = { 0 };

	(void)state;
	assert_int_equal(acl_add(&acl, ACL_DENY, "2001:db8::5-2001:db8:2::1"), 0);
	all_refused(&acl, in);
	all_allowed(&acl, out);
	acl_clear(&acl);
}

static void prefixes(void **state)
{
	static const char *const in[] = {
		"10.1.16.0", "10.1.31.255", "2001:db8:8000::", "2001:db8:ffff::1", NULL
	};
	static const char *const out[] = {
		"10.1.15.255", "10.1.32.0", "2001:db8:7fff::1", "2001:db9::", NULL
	};
	struct acl acl = { 0 };

	(void)state;
	assert_int_equal(acl_add(&acl, ACL_DENY, "10.1.20.7/20"), 0);
	assert_int_equal(acl_add(&acl, ACL_DENY, "2001:db8:8000::/33"), 0);
	all_refused(&acl, in);
	all_allowed(&acl, out);
	acl_clear(&acl);
}

static void allowed_wins(void **state)
{
	static const char *const yes[] = {
		"10.0.0.5", "::ffff:10.0.0.5", "169.254.7.7", "fd00::7", NULL
	};
	static const char *const no[] = { "10.0.0.4", "169.254.7.8", "fd00::8", NULL };
	struct acl acl = { 0 };

	(void)state;
	assert_int_equal(acl_add(&acl, ACL_ALLOW, "10.0.0.5"), 0);
	assert_int_equal(acl_add(&acl, ACL_DENY, "10.0.0.0/8"), 0);
	assert_int_equal(acl_add(&acl, ACL_ALLOW, "169.254.7.7"), 0);
	assert_int_equal(acl_add(&acl, ACL_ALLOW, "fd00::7"), 0);
	all_allowed(&acl, yes);
	all_refused(&acl, no);
	acl_clear(&acl);
}

static void all_of_ipv6_is_not_ipv4(void **state)
{
	static const char *const no[] = {
		"127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", NULL
	};
	static const char *const yes[] = { "192.0.2.1", "::ffff:192.0.2.1", NULL };
	struct acl allow = { 0 }, deny = { 0 };

	(void)state;
	assert_int_equal(acl_add(&allow, ACL_ALLOW, "::/0"), 0);
	all_refused(&allow, no);
	assert_int_equal(acl_add(&deny, ACL_DENY, "::/0"), 0);
	all_allowed(&deny, yes);
	assert_true(refused(&deny, "2001:db8::1"));
	acl_clear(&allow);
	acl_clear(&deny);
}

static void loopback_on_request(void **state)
{
	static const char *const yes[] = {
		"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", NULL
	};
	struct acl acl = { .allow_loopback = true };

	(void)state;
	all_allowed(&acl, yes);
	assert_int_equal(acl_add(&acl, ACL_DENY, "127.0.0.1"), 0);
	assert_true(refused(&acl, "127.0.0.1"));
	assert_false(refused(&acl, "127.1.2.3"));
	acl_clear(&acl);
}

static void refusal_names_the_rule(void **state)
{
	struct acl acl = { 0 };
	union addr peer;

	(void)state;
	assert_int_equal(acl_add(&acl, ACL_DENY, "10.0.0.0/8"), 0);
	assert_int_equal(addr_parse(&peer, "10.2.3.4"), 0);
	assert_string_equal(acl_refusal(&acl, &peer), "10.0.0.0/8");
	assert_int_equal(addr_parse(&peer, "127.0.0.1"), 0);
	assert_string_equal(acl_refusal(&acl, &peer), "127.0.0.0/8");
	acl_clear(&acl);
}

/* RFC 8656, 21.4: through them data may come back to its relay. */
static void tunnels(void **state)
{
	static const char *const peers[] = {
		"2002:c0a8:101::1", "2002::", "2001:0:c000:201::3f57:fefe", NULL
	};
	static const char *const inner[] = { "2002:7f00:1::1", "2001:0:7f00:1::", NULL };
	struct acl acl = { 0 };
	union addr addr;

	(void)state;
	all_refused(&acl, peers);
	assert_int_equal(addr_parse(&addr, "2002:c0a8:101::1"), 0);
	assert_true(acl_is_tunnelled(&acl, &addr));
	assert_int_equal(addr_parse(&addr, "2001:db8::1"), 0);
	assert_false(acl_is_tunnelled(&acl, &addr));
	/* The address inside is asked for nevertheless. */
	assert_int_equal(acl_add(&acl, ACL_ALLOW, "2001::/32"), 0);
	assert_int_equal(acl_add(&acl, ACL_ALLOW, "2002::/16"), 0);
	all_refused(&acl, inner);
	assert_false(refused(&acl, peers[0]));
	assert_int_equal(addr_parse(&addr, "2002:c0a8:101::1"), 0);
	assert_false(acl_is_tunnelled(&acl, &addr));
	acl_clear(&acl);
}

static bool refused_at(const struct acl *acl, const char *ip, uint16_t port)
{
	union addr peer;

	assert_int_equal(addr_parse(&peer, ip), 0);
	addr_set_port(&peer, port);
	return acl_refusal(acl, &peer);
}

static void add_endpoint(struct acl *acl, const char *ip, uint16_t port)
{
	union addr addr;

	assert_int_equal(addr_parse(&addr, ip), 0);
	addr_set_port(&addr, port);
	assert_int_equal(acl_add_endpoint(acl, &addr, "a door"), 0);
}

static void endpoints_with_their_ports(void **state)
{
	struct acl acl = { 0 };

	(void)state;
	add_endpoint(&acl, "192.0.2.1", 3478);
	add_endpoint(&acl, "2001:db8::1", 5349);
	assert_true(refused_at(&acl, "192.0.2.1", 3478));
	assert_true(refused_at(&acl, "::ffff:192.0.2.1", 3478));
	assert_true(refused_at(&acl, "64:ff9b::192.0.2.1", 3478));
	assert_true(refused_at(&acl, "2002:c000:201::1", 3478));
	assert_true(refused_at(&acl, "2001:db8::1", 5349));
	/* relayed addresses are there, too; and a permission has no port */
	assert_false(refused_at(&acl, "192.0.2.1", 50000));
	assert_false(refused_at(&acl, "192.0.2.1", 0));
	assert_false(refused_at(&acl, "192.0.2.2", 3478));
	assert_false(refused_at(&acl, "2001:db8::1", 3478));
	assert_int_equal(acl_add(&acl, ACL_ALLOW, "192.0.2.1"), 0);
	assert_false(refused_at(&acl, "192.0.2.1", 3478));
	acl_clear(&acl);
}

/* Listening on all addresses: whatever this host can bind to is its own. */
static void endpoints_on_any_address(void **state)
{
	struct acl acl = { .allow_loopback = true };

	(void)state;
	add_endpoint(&acl, "0.0.0.0", 3478);
	assert_true(refused_at(&acl, "127.0.0.1", 3478));
	assert_true(refused_at(&acl, "127.8.8.8", 3478));
	assert_true(refused_at(&acl, "::ffff:127.0.0.1", 3478));
	assert_false(refused_at(&acl, "127.0.0.1", 3479));
	assert_false(refused_at(&acl, "192.0.2.1", 3478));
	assert_false(refused_at(&acl, "::1", 3478));
	acl_clear(&acl);
}

static void bad_rules(void **state)
{
	static const char *const bad[] = {
		"", "-", "/", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8x",
		"10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.9-10.0.0.1", "10.0.0.1-::1",
		"10.0.0.1-", "-10.0.0.1", "10.0.0.1-10.0.0.2-10.0.0.3", "10.0.0",
		"localhost", "10.0.0.1 ", "1111:2222:3333:4444:5555:6666:7777:8888-"
		"1111:2222:3333:4444:5555:6666:7777:9999-1111:2222:3333:4444:5555",
	};
	struct acl acl = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (acl_add(&acl, ACL_DENY, bad[i]) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
	assert_null(acl.denied);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_peers),
		cmocka_unit_test(never_by_default),
		cmocka_unit_test(cve_2020_26262_any_is_the_host),
		cmocka_unit_test(cve_2026_27624_mapped),
		cmocka_unit_test(every_embedding),
		cmocka_unit_test(ipv6_range_is_one_number),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(allowed_wins),
		cmocka_unit_test(all_of_ipv6_is_not_ipv4),
		cmocka_unit_test(loopback_on_request),
		cmocka_unit_test(refusal_names_the_rule),
		cmocka_unit_test(tunnels),
		cmocka_unit_test(endpoints_with_their_ports),
		cmocka_unit_test(endpoints_on_any_address),
		cmocka_unit_test(bad_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
