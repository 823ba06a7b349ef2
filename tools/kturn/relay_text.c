// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "limit.h"
#include "macros.h"
#include "relay_filter.h"
#include "relay_text.h"
#include "table.h"
#include "text.h"

static const struct column columns[] = {
	{ "ID", true },
	{ "ENGINE", false },
	{ "STATE", false },
	{ "CLIENT", false },
	{ "PEER", false },
	{ "TO PEER", true },
	{ "TO CLIENT", true },
	{ "IDLE", true },
	{ "AGE", true },
	{ "LIMITS", false },
};

static const char *engine_text(const struct kturn_relay *relay,
			       char buf[TABLE_CELL_LEN])
{
	char path[KTURN_NAME_LEN];

	snprintf(buf, TABLE_CELL_LEN, "kernel/%s", kturn_engine_name(relay->engine, path));
	return buf;
}

/* Which there are; what they say does not fit. */
static const char *limits_text(const struct kturn_relay *relay, char buf[TABLE_CELL_LEN])
{
	size_t len = 0;

	snprintf(buf, TABLE_CELL_LEN, "-");
	for (size_t i = 0; i < LIMIT_KINDS && len < TABLE_CELL_LEN; i++)
		if (limit_value(&relay->limits, i))
			len += snprintf(buf + len, TABLE_CELL_LEN - len, "%s%s",
					len ? "," : "", limit_name(i));
	return buf;
}

static int add_row(struct table *table, const struct kturn_relay *relay)
{
	char buf[TABLE_CELL_LEN];

	snprintf(buf, sizeof(buf), "%" PRIu64, relay->id);
	return table_add(table, buf) ||
	       table_add(table, engine_text(relay, buf)) ||
	       table_add(table, kturn_state_name(relay->state, buf)) ||
	       table_add(table, text_addr(&relay->client.remote, buf)) ||
	       table_add(table, text_addr(&relay->peer.remote, buf)) ||
	       table_add(table, text_bytes(relay->to_peer.bytes, buf)) ||
	       table_add(table, text_bytes(relay->to_client.bytes, buf)) ||
	       table_add(table, text_time(relay_idle_ms(relay), buf)) ||
	       table_add(table, text_time(relay->age_ms, buf)) ||
	       table_add(table, limits_text(relay, buf));
}

int relay_print_list(const struct kturn_relays *relays)
{
	struct table table = { .columns = columns, .count = ARRAY_SIZE(columns) };
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < relays->count && !status; i++)
		if (add_row(&table, &relays->relay[i]))
			status = EXIT_FAILURE;
	if (status)
		complain("out of memory");
	else
		table_print(&table);
	table_free(&table);
	return status;
}

static void print_stun(const struct kturn_stun *stun)
{
	if (stun->framing != KTURN_FRAMING_FRAMED && stun->framing != KTURN_FRAMING_PLAIN)
		return;
	text_key("    ", "stun");
	printf("%s, %u requests, %u successes, %u errors, %u others\n",
	       stun->framing == KTURN_FRAMING_FRAMED ? "framed" : "plain", stun->requests,
	       stun->successes, stun->errors, stun->others);
}

static void print_flow(const char *name, const struct kturn_flow *flow)
{
	char buf[TEXT_LEN];

	printf("\n  %s%s%s:\n", text_bold(), name, text_plain());
	text_field_bytes("    ", "bytes", flow->bytes);
	text_field_bytes("    ", "copied", flow->copied);
	text_field_count("    ", "moves", flow->moves);
	text_field_count("    ", "waits", flow->waits);
	text_field_count("    ", "coalesced", flow->coalesced);
	text_field_bytes("    ", "queued", flow->queued);
	text_field_bytes("    ", "unacked", flow->unacked);
	text_key("    ", "idle");
	puts(text_time(flow->idle_ms, buf));
	text_key("    ", "eof");
	puts(flow->eof ? "yes" : "no");
	print_stun(&flow->opening.stun);
	if (!flow->opening.head_len)
		return;
	printf("    %shead%s:\n", text_bold(), text_plain());
	text_hexdump("      ", flow->opening.head, flow->opening.head_len);
}

static void print_leg(const char *name, const struct kturn_leg *leg)
{
	char remote[ADDR_STR_LEN], local[ADDR_STR_LEN];

	text_key("  ", name);
	printf("%s at %s\n", text_addr(&leg->remote, remote),
	       text_addr(&leg->local, local));
}

static void print_cookie(const struct kturn_relay *relay)
{
	char hex[2 * KTURN_COOKIE_MAX + 1];

	if (!relay->cookie_len)
		return;
	text_key("  ", "cookie");
	puts(text_hex(relay->cookie, relay->cookie_len, hex));
}

static void print_owner(const struct kturn_relay *relay)
{
	char buf[TEXT_LEN];

	text_key("  ", "owner");
	if (relay->orphan)
		printf("none; ends in %s if not adopted\n",
		       text_time(relay->adopt_within_ms, buf));
	else if (relay->owner)
		printf("netlink port %" PRIu32 "\n", relay->owner);
	else
		puts("none");
	if (!relay->outlive_ms)
		return;
	text_key("  ", "outlives it");
	printf("%s\n", text_time(relay->outlive_ms, buf));
}

const char *relay_reason(const struct kturn_relay *relay, char buf[RELAY_REASON_LEN])
{
	char unknown[KTURN_NAME_LEN];
	const char *name = kturn_reason_name(relay->reason, unknown);

	if (relay->error)
		snprintf(buf, RELAY_REASON_LEN, "%s (%s)", name, strerror(relay->error));
	else if (relay->reason == KTURN_END_REASON_TLS_ALERT)
		snprintf(buf, RELAY_REASON_LEN, "%s (%" PRIu32 ")", name, relay->alert);
	else
		snprintf(buf, RELAY_REASON_LEN, "%s", name);
	return buf;
}

static void print_reason(const struct kturn_relay *relay)
{
	char reason[RELAY_REASON_LEN];

	if (relay->reason == KTURN_END_REASON_NONE)
		return;
	text_key("  ", "reason");
	puts(relay_reason(relay, reason));
}

static void print_limits(const struct kturn_limits *limits)
{
	char buf[TEXT_LEN];
	bool any = false;

	for (size_t i = 0; i < LIMIT_KINDS; i++) {
		if (!limit_value(limits, i))
			continue;
		if (!any)
			printf("  %slimits%s:\n", text_bold(), text_plain());
		any = true;
		text_key("    ", limit_name(i));
		puts(limit_text(limits, i, buf));
	}
}

void relay_print(const struct kturn_relay *relay)
{
	char buf[TABLE_CELL_LEN];

	text_key("", "relay");
	printf("%" PRIu64 "\n", relay->id);
	text_key("  ", "engine");
	puts(engine_text(relay, buf));
	text_key("  ", "state");
	puts(kturn_state_name(relay->state, buf));
	print_reason(relay);
	text_key("  ", "age");
	puts(text_time(relay->age_ms, buf));
	text_key("  ", "group");
	printf("0x%" PRIx64 "\n", relay->group);
	print_owner(relay);
	print_cookie(relay);
	text_runs("  ", &relay->runs);
	print_leg("client", &relay->client);
	print_leg("peer", &relay->peer);
	print_limits(&relay->limits);
	print_flow("to peer", &relay->to_peer);
	print_flow("to client", &relay->to_client);
}

void relay_print_end(const struct kturn_relay *relay)
{
	char peer[TEXT_LEN], client[TEXT_LEN], age[TEXT_LEN];

	printf("relay %" PRIu64 " ended after %s: %s to peer, %s to client\n",
	       relay->id, text_time(relay->age_ms, age),
	       text_bytes(relay->to_peer.bytes, peer),
	       text_bytes(relay->to_client.bytes, client));
}
