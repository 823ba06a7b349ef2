// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "command.h"
#include "limit.h"
#include "relay_filter.h"

static bool read_peer(struct relay_filter *filter, const char *text)
{
	filter->by_peer = network_parse(&filter->peer, text);
	if (!filter->by_peer)
		complain("\"%s\" is not an address, nor one with a length", text);
	return filter->by_peer;
}

static bool read_idle(struct relay_filter *filter, const char *text)
{
	uint64_t *bound = *text == '-' ? &filter->idle_below_ms : &filter->idle_from_ms;

	if (limit_parse_time(*text == '-' || *text == '+' ? text + 1 : text, bound))
		return true;
	complain("\"%s\" is not a time such as +60s, for that and more, or -5m, for less", text);
	return false;
}

/* Those that the family names; where there are no more, a number is named. */
static bool read_engine(struct relay_filter *filter, const char *text)
{
	char name[KTURN_NAME_LEN];

	filter->engine = text;
	for (uint32_t engine = 0; kturn_engine_name(engine, name) != name; engine++)
		if (!strcmp(text, kturn_engine_name(engine, name)))
			return true;
	complain("there is no engine \"%s\", but process, softirq and tls", text);
	return false;
}

bool relay_filter_read(struct relay_filter *filter, const struct options *opt)
{
	*filter = (struct relay_filter) {
		.which.group = opt->by_group ? &opt->group : NULL,
		.idle_below_ms = UINT64_MAX,
	};
	return (!opt->peer || read_peer(filter, opt->peer)) &&
	       (!opt->idle || read_idle(filter, opt->idle)) &&
	       (!opt->engine || read_engine(filter, opt->engine));
}

uint64_t relay_idle_ms(const struct kturn_relay *relay)
{
	uint64_t a = relay->to_peer.idle_ms, b = relay->to_client.idle_ms;

	return a < b ? a : b;
}

bool relay_filter_fits(const struct relay_filter *filter, const struct kturn_relay *relay)
{
	uint64_t idle = relay_idle_ms(relay);
	char name[KTURN_NAME_LEN];

	return (!filter->which.group || *filter->which.group == relay->group) &&
	       (!filter->by_peer || network_has(&filter->peer, &relay->peer.remote)) &&
	       idle >= filter->idle_from_ms && idle < filter->idle_below_ms &&
	       (!filter->engine ||
		!strcmp(filter->engine, kturn_engine_name(relay->engine, name)));
}
