// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kturn top makes of dumps: rates, who waits for whom, the order, curves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sparkline.h"
#include "top_order.h"
#include "top_row.h"

static struct top_rates rates;

/* A relay as a dump has it; its flow to the client never moves. */
static struct kturn_relay relay_of(uint64_t id, uint64_t age_ms, uint64_t bytes)
{
	struct kturn_relay relay = {
		.id = id,
		.age_ms = age_ms,
		.to_peer.bytes = bytes,
		.to_client.idle_ms = age_ms,
	};

	return relay;
}

static void dump(const struct kturn_relay *relays, size_t count)
{
	top_rates_begin(&rates);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(top_rates_add(&rates, &relays[i]), 0);
	assert_int_equal(rates.count, count);
}

#define DUMP(...) dump((const struct kturn_relay[]) { __VA_ARGS__ }, \
	sizeof((const struct kturn_relay[]) { __VA_ARGS__ }) / sizeof(struct kturn_relay))

static float rate_to_peer(size_t i)
{
	return rates.relay[i].flow[TOP_TO_PEER].rate;
}

/* By the relay's own age, not by anybody's clock. */
static void rates_between_dumps(void **state)
{
	(void)state;
	DUMP(relay_of(1, 5000, 1000), relay_of(2, 100, 50));
	assert_true(rate_to_peer(0) == TOP_UNKNOWN);
	assert_true(rate_to_peer(1) == TOP_UNKNOWN);
	DUMP(relay_of(1, 7000, 5000), relay_of(2, 600, 50));
	assert_true(rate_to_peer(0) == 2000);
	assert_true(rate_to_peer(1) == 0);
	assert_true(rates.relay[0].flow[TOP_TO_CLIENT].rate == 0);
	assert_true(top_total(&rates).rate[TOP_TO_PEER] == 2000);
}

/* One that is new has moved all its bytes since it was made. */
static void relays_come_and_go(void **state)
{
	(void)state;
	DUMP(relay_of(1, 1000, 0), relay_of(3, 1000, 0), relay_of(5, 1000, 0));
	DUMP(relay_of(3, 2000, 10), relay_of(4, 500, 100), relay_of(6, 250, 100),
	     relay_of(7, 0, 0));
	assert_true(rate_to_peer(0) == 10);
	assert_true(rate_to_peer(1) == 200);
	assert_true(rate_to_peer(2) == 400);
	assert_true(rate_to_peer(3) == TOP_UNKNOWN);
	dump(NULL, 0);
	DUMP(relay_of(8, 100, 7));
	assert_true(rate_to_peer(0) == 70);
}

static void many(void **state)
{
	enum { MANY = 10000 };
	static struct kturn_relay relays[MANY];

	(void)state;
	for (unsigned int round = 0; round < 2; round++) {
		for (size_t i = 0; i < MANY; i++)
			relays[i] = relay_of(1 + 2 * i, 1000 + 1000 * round, round * i);
		dump(relays, MANY);
	}
	for (size_t i = 0; i < MANY; i++)
		assert_true(rate_to_peer(i) == i);
}

static void history(void **state)
{
	float values[TOP_HISTORY];

	(void)state;
	for (unsigned int i = 0; i < 40; i++)
		DUMP(relay_of(1, 1000 * (i + 1), 100 * i * i));
	top_history(&rates, &rates.relay[0].flow[TOP_TO_PEER], values);
	for (unsigned int i = 0; i < TOP_HISTORY; i++) {
		unsigned int round = 40 - TOP_HISTORY + i;

		assert_true(values[i] == 100 * (2 * round - 1));
	}
	DUMP(relay_of(1, 50000, 0), relay_of(2, 1000, 100));
	top_history(&rates, &rates.relay[1].flow[TOP_TO_PEER], values);
	assert_true(values[TOP_HISTORY - 1] == 100);
	assert_true(values[TOP_HISTORY - 2] == TOP_UNKNOWN);
	assert_true(values[0] == TOP_UNKNOWN);
}

/* --- who waits */

static enum top_wait wait_to_peer(void)
{
	return rates.relay[0].flow[TOP_TO_PEER].wait;
}

/* Bytes are in a queue whenever there is traffic: that alone is no wait. */
static void traffic_does_not_wait(void **state)
{
	struct kturn_relay then = relay_of(1, 1000, 1000), now = relay_of(1, 2000, 2000);

	(void)state;
	then.to_peer.queued = now.to_peer.queued = 500;
	then.to_peer.unacked = now.to_peer.unacked = 500;
	dump(&then, 1);
	assert_int_equal(wait_to_peer(), TOP_NO_WAIT);
	dump(&now, 1);
	assert_int_equal(wait_to_peer(), TOP_NO_WAIT);
	assert_int_equal(top_total(&rates).waiting, 0);
}

/* Some moves, but there is no room for all. */
static void slow_receiver(void **state)
{
	struct kturn_relay relay = relay_of(1, 1000, 1000);
	char text[TOP_TEXT_LEN], cell[TOP_CELL_LEN];

	(void)state;
	relay.to_peer.queued = 65536;
	relay.to_peer.unacked = 131072;
	dump(&relay, 1);
	for (unsigned int i = 0; i < 3; i++) {
		relay.age_ms += 1000;
		relay.to_peer.bytes += 10;
		relay.to_peer.waits++;
		dump(&relay, 1);
	}
	assert_int_equal(wait_to_peer(), TOP_FOR_RECEIVER);
	assert_int_equal(top_waited_ms(&rates.relay[0]), 3000);
	assert_int_equal(top_total(&rates).waiting, 1);
	assert_string_equal(top_cell(&rates.relay[0], TOP_WAITS_FOR, cell), "peer 3.0s");
	assert_string_equal(top_flow_text(&rates.relay[0], TOP_TO_PEER, text),
			    "client waits for peer since 3.0s: 64.0KiB queued, "
			    "128.0KiB unacknowledged");
	relay.age_ms += 1000;
	relay.to_peer.queued = 0;
	dump(&relay, 1);
	assert_int_equal(wait_to_peer(), TOP_NO_WAIT);
	assert_int_equal(top_waited_ms(&rates.relay[0]), 0);
	assert_string_equal(top_cell(&rates.relay[0], TOP_WAITS_FOR, cell), "-");
}

/* Nothing moves any more; that is so from the last move on, and seen at first sight. */
static void stalled_receiver(void **state)
{
	struct kturn_relay relay = relay_of(1, 60000, 1000);
	char text[TOP_TEXT_LEN], cell[TOP_CELL_LEN];

	(void)state;
	relay.to_peer.idle_ms = 60000;
	relay.to_client.unacked = 100;
	relay.to_client.idle_ms = 12300;
	dump(&relay, 1);
	assert_int_equal(rates.relay[0].flow[TOP_TO_CLIENT].wait, TOP_FOR_RECEIVER);
	assert_int_equal(wait_to_peer(), TOP_NO_WAIT);
	assert_string_equal(top_cell(&rates.relay[0], TOP_WAITS_FOR, cell), "client 12.3s");
	assert_string_equal(top_flow_text(&rates.relay[0], TOP_TO_CLIENT, text),
			    "peer waits for client since 12.3s: 0B queued, "
			    "100B unacknowledged");
	assert_string_equal(top_flow_text(&rates.relay[0], TOP_TO_PEER, text),
			    "quiet for 1m00s");
	relay.age_ms += 1000;
	relay.to_client.idle_ms += 1000;
	relay.to_peer.queued = 1;
	relay.to_peer.idle_ms += 1000;
	dump(&relay, 1);
	assert_string_equal(top_cell(&rates.relay[0], TOP_WAITS_FOR, cell), "both 1m01s");
}

/* What the relay itself holds back is nobody's fault. */
static void its_own_limit(void **state)
{
	struct kturn_relay relay = relay_of(1, 1000, 0);
	char text[TOP_TEXT_LEN];

	(void)state;
	relay.limits.rate = 1000;
	relay.to_peer.queued = 5000;
	dump(&relay, 1);
	relay.age_ms = 2000;
	relay.to_peer.bytes = 990;
	relay.to_peer.waits = 1;
	dump(&relay, 1);
	assert_int_equal(wait_to_peer(), TOP_FOR_LIMIT);
	assert_string_equal(top_cell(&rates.relay[0], TOP_WAITS_FOR, text), "limit 1.0s");
	assert_string_equal(top_flow_text(&rates.relay[0], TOP_TO_PEER, text),
			    "client waits for its limit since 1.0s: 4.8KiB queued, "
			    "0B unacknowledged");
	assert_non_null(strstr(top_relay_text(&rates.relay[0], text), "limit 1000B/s"));
	/* When the peer is the reason, that is a wait of its own. */
	relay.age_ms = 2500;
	relay.to_peer.idle_ms = 700;
	dump(&relay, 1);
	assert_string_equal(top_cell(&rates.relay[0], TOP_WAITS_FOR, text), "peer 700ms");
}

/* --- order */

static void expect_order(enum top_order order, bool reverse, const uint64_t ids[3])
{
	const struct top_relay *rows[3];

	top_sort(&rates, order, reverse, rows);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rows[i]->id, ids[i]);
}

static void orders(void **state)
{
	struct kturn_relay one = relay_of(1, 3000, 0), two = relay_of(2, 9000, 0),
			   three = relay_of(3, 1000, 0);

	(void)state;
	three.to_client.unacked = 1;
	three.to_client.idle_ms = 5000;
	DUMP(one, two, three);
	one.age_ms += 1000;
	one.to_peer.bytes = 500;
	two.age_ms += 1000;
	two.to_peer.bytes = 300;
	two.to_client.bytes = 300;
	three.age_ms += 1000;
	DUMP(one, two, three);
	expect_order(TOP_BY_RATE, false, (const uint64_t[]) { 2, 1, 3 });
	expect_order(TOP_BY_RATE, true, (const uint64_t[]) { 3, 1, 2 });
	expect_order(TOP_BY_AGE, false, (const uint64_t[]) { 2, 1, 3 });
	expect_order(TOP_BY_WAITING, false, (const uint64_t[]) { 3, 1, 2 });
	expect_order(TOP_BY_ID, false, (const uint64_t[]) { 1, 2, 3 });
	expect_order(TOP_BY_ID, true, (const uint64_t[]) { 3, 2, 1 });
}

/* --- curves */

static void curves(void **state)
{
	const float values[] = { -1, 0, 1, 50, 100 };
	const float nothing[] = { 0, 0 };
	char buf[SPARKLINE_LEN(5)];

	(void)state;
	assert_string_equal(sparkline(values, 5, true, buf), " ▁▂▅█");
	assert_string_equal(sparkline(values, 5, false, buf), " _.=#");
	assert_string_equal(sparkline(nothing, 2, true, buf), "▁▁");
	assert_string_equal(sparkline(nothing, 0, true, buf), "");
}

static int clear(void **state)
{
	(void)state;
	top_rates_free(&rates);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rates_between_dumps),
		TEST(relays_come_and_go),
		TEST(many),
		TEST(history),
		TEST(traffic_does_not_wait),
		TEST(slow_receiver),
		TEST(stalled_receiver),
		TEST(its_own_limit),
		TEST(orders),
		TEST(curves),
	};

	return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
