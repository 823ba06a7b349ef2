// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "top_row.h"

/* A flow that has not moved for so long is quiet. */
#define QUIET_MS 1000

const char *top_rate_text(float rate, char buf[TOP_CELL_LEN])
{
	char bytes[TEXT_LEN];

	if (rate < 0)
		strcpy(buf, "-");
	else
		snprintf(buf, TOP_CELL_LEN, "%s/s", text_bytes(rate, bytes));
	return buf;
}

/* The side that does not take what is for it, or what else bytes wait for. */
static const char *waits_for(const struct top_relay *relay)
{
	enum top_wait to_peer = relay->flow[TOP_TO_PEER].wait;
	enum top_wait to_client = relay->flow[TOP_TO_CLIENT].wait;

	if (to_peer == TOP_FOR_RECEIVER)
		return to_client == TOP_FOR_RECEIVER ? "both" : "peer";
	if (to_client == TOP_FOR_RECEIVER)
		return "client";
	return to_peer == TOP_FOR_LIMIT || to_client == TOP_FOR_LIMIT ? "limit" : NULL;
}

static const char *waits_text(const struct top_relay *relay, char buf[TOP_CELL_LEN])
{
	const char *whom = waits_for(relay);
	char time[TEXT_LEN];

	if (!whom)
		return "-";
	snprintf(buf, TOP_CELL_LEN, "%s %s", whom, text_time(top_waited_ms(relay), time));
	return buf;
}

const char *top_cell(const struct top_relay *relay, enum top_column column,
		     char buf[TOP_CELL_LEN])
{
	switch (column) {
	case TOP_ID:
		snprintf(buf, TOP_CELL_LEN, "%" PRIu64, relay->id);
		return buf;
	case TOP_CLIENT:
		return text_addr(&relay->client, buf);
	case TOP_PEER:
		return text_addr(&relay->peer, buf);
	case TOP_RATE_TO_PEER:
		return top_rate_text(relay->flow[TOP_TO_PEER].rate, buf);
	case TOP_RATE_TO_CLIENT:
		return top_rate_text(relay->flow[TOP_TO_CLIENT].rate, buf);
	case TOP_WAITS_FOR:
		return waits_text(relay, buf);
	case TOP_AGE:
		return text_time(relay->age_ms, buf);
	case TOP_COLUMNS:
		break;
	}
	return "";
}

static const char *waiting_text(const struct top_relay *relay, enum top_direction direction,
				char buf[TOP_TEXT_LEN])
{
	static const char *const sides[] = { "client", "peer" };
	const struct top_flow *flow = &relay->flow[direction];
	bool to_peer = direction == TOP_TO_PEER;
	char time[TEXT_LEN], queued[TEXT_LEN], unacked[TEXT_LEN];

	snprintf(buf, TOP_TEXT_LEN, "%s waits for %s since %s: %s queued, %s unacknowledged",
		 sides[!to_peer], flow->wait == TOP_FOR_LIMIT ? "its limit" : sides[to_peer],
		 text_time(flow->waited_ms, time), text_bytes(flow->queued, queued),
		 text_bytes(flow->unacked, unacked));
	return buf;
}

const char *top_flow_text(const struct top_relay *relay, enum top_direction direction,
			  char buf[TOP_TEXT_LEN])
{
	const struct top_flow *flow = &relay->flow[direction];
	char time[TEXT_LEN];

	if (flow->wait != TOP_NO_WAIT)
		return waiting_text(relay, direction, buf);
	if (flow->eof)
		return "ended by a FIN";
	if (flow->idle_ms < QUIET_MS)
		return "flows";
	snprintf(buf, TOP_TEXT_LEN, "quiet for %s", text_time(flow->idle_ms, time));
	return buf;
}

const char *top_relay_text(const struct top_relay *relay, char buf[TOP_TEXT_LEN])
{
	char engine[KTURN_NAME_LEN], state[KTURN_NAME_LEN], age[TEXT_LEN], limit[TEXT_LEN];

	snprintf(buf, TOP_TEXT_LEN, "relay %" PRIu64 "  kernel/%s  %s  group 0x%" PRIx64
		 "  age %s%s%s%s", relay->id, kturn_engine_name(relay->engine, engine),
		 kturn_state_name(relay->state, state), relay->group,
		 text_time(relay->age_ms, age), relay->limit ? "  limit " : "",
		 relay->limit ? text_bytes(relay->limit, limit) : "", relay->limit ? "/s" : "");
	return buf;
}
