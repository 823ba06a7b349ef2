// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which relays --group, --peer, --idle and --engine mean.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "command.h"
#include "relay_filter.h"

static struct kturn_relay relay_of(const char *peer, uint64_t idle_ms)
{
	struct kturn_relay relay = {
		.id = 1,
		.group = 7,
		.engine = KTURN_ENGINE_SOFTIRQ,
		.to_peer.idle_ms = idle_ms,
		.to_client.idle_ms = idle_ms + 100000,
	};

	assert_int_equal(addr_parse(&relay.peer.remote, peer), 0);
	return relay;
}

static bool fits(const struct options *opt, const struct kturn_relay *relay)
{
	struct relay_filter filter;

	assert_true(relay_filter_read(&filter, opt));
	return relay_filter_fits(&filter, relay);
}

static bool peer_fits(const char *network, const char *peer)
{
	const struct options opt = { .peer = network };
	struct kturn_relay relay = relay_of(peer, 0);

	return fits(&opt, &relay);
}

static void by_peer(void **state)
{
	(void)state;
	assert_true(peer_fits("192.168.0.0/16", "192.168.255.1"));
	assert_false(peer_fits("192.168.0.0/16", "192.169.0.1"));
	assert_true(peer_fits("192.168.7.9/15", "192.169.0.1"));
	assert_true(peer_fits("10.0.0.1", "10.0.0.1"));
	assert_false(peer_fits("10.0.0.1", "10.0.0.2"));
	assert_true(peer_fits("0.0.0.0/0", "10.0.0.2"));
	assert_true(peer_fits("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(peer_fits("2001:db8::/33", "2001:db8:8000::1"));
	assert_false(peer_fits("0.0.0.0/0", "2001:db8::1"));
}

static bool idle_fits(const char *time, uint64_t idle_ms)
{
	const struct options opt = { .idle = time };
	struct kturn_relay relay = relay_of("10.0.0.1", idle_ms);

	return fits(&opt, &relay);
}

/* The livelier direction counts. */
static void by_idle_time(void **state)
{
	(void)state;
	assert_true(idle_fits("+60s", 60000));
	assert_false(idle_fits("+60s", 59999));
	assert_true(idle_fits("1m", 60000));
	assert_true(idle_fits("-60", 59999));
	assert_false(idle_fits("-60", 60000));
	assert_true(idle_fits("+0", 0));
}

static void by_engine_and_group(void **state)
{
	struct kturn_relay relay = relay_of("10.0.0.1", 0);
	struct options opt = { .engine = "softirq" };

	(void)state;
	assert_true(fits(&opt, &relay));
	opt.engine = "tls";
	assert_false(fits(&opt, &relay));
	opt.engine = NULL;
	opt.by_group = true;
	opt.group = 7;
	assert_true(fits(&opt, &relay));
	opt.group = 8;
	assert_false(fits(&opt, &relay));
}

static void refused(void **state)
{
	static const struct options wrong[] = {
		{ .peer = "" }, { .peer = "10.0.0.0/33" }, { .peer = "10.0.0.0/" },
		{ .peer = "10.0.0.0/-1" }, { .peer = "10.0.0.0/8x" }, { .peer = "10.0/8" },
		{ .peer = "2001:db8::/129" }, { .peer = "example.org" },
		{ .idle = "" }, { .idle = "+" }, { .idle = "--5" }, { .idle = "5x" },
		{ .idle = "+5 s" }, { .idle = "99999999999999999999" },
		{ .engine = "" }, { .engine = "soft" }, { .engine = "engine-7" },
	};
	struct relay_filter filter;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(relay_filter_read(&filter, &wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_peer),
		cmocka_unit_test(by_idle_time),
		cmocka_unit_test(by_engine_and_group),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests_name("relay_filter", tests, NULL, NULL);
}
