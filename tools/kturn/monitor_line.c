// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "json.h"
#include "monitor_line.h"
#include "relay_text.h"
#include "text.h"

static const char *const words[] = {
	[MONITOR_ADDED]		= "added",
	[MONITOR_ENDED]		= "ended",
	[MONITOR_APPEARED]	= "appeared",
	[MONITOR_LOST]		= "lost",
	[MONITOR_GONE]		= "gone",
	[MONITOR_SYNCED]	= "synced",
};

static struct timespec now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time;
}

/* As "ip -ts monitor" has it. */
static void print_time(void)
{
	struct timespec time = now();
	char text[sizeof("2026-11-22T12:34:56")];
	struct tm local;

	strftime(text, sizeof(text), "%FT%T", localtime_r(&time.tv_sec, &local));
	printf("[%s.%06ld] ", text, time.tv_nsec / 1000);
}

static void begin(enum monitor_word word)
{
	bool stands_out = word == MONITOR_LOST || word == MONITOR_GONE;

	print_time();
	printf("%s%s%s", stands_out ? text_warning() : text_bold(), words[word], text_plain());
}

static void print_who(uint64_t id, uint64_t group, const struct kturn_leg *client,
		      const struct kturn_leg *peer)
{
	char from[ADDR_STR_LEN], to[ADDR_STR_LEN];

	printf(" relay %" PRIu64 " group 0x%" PRIx64 " client %s peer %s", id, group,
	       text_addr(&client->remote, from), text_addr(&peer->remote, to));
}

static void print_end(const struct kturn_relay *relay)
{
	char peer[TEXT_LEN], client[TEXT_LEN], age[TEXT_LEN], reason[RELAY_REASON_LEN];

	printf(": %s after %s, %s to peer, %s to client", relay_reason(relay, reason),
	       text_time(relay->age_ms, age), text_bytes(relay->to_peer.bytes, peer),
	       text_bytes(relay->to_client.bytes, client));
}

static int64_t now_us(void)
{
	struct timespec time = now();

	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

void monitor_line_relay(bool json, enum monitor_word word, const struct kturn_relay *relay)
{
	char engine[KTURN_NAME_LEN];

	if (json) {
		json_print_event(words[word], now_us(), relay);
		return;
	}
	begin(word);
	print_who(relay->id, relay->group, &relay->client, &relay->peer);
	if (word == MONITOR_ENDED)
		print_end(relay);
	else
		printf(" engine kernel/%s", kturn_engine_name(relay->engine, engine));
	putchar('\n');
}

void monitor_line_gone(bool json, const struct known_relay *relay)
{
	if (json) {
		json_print_gone(words[MONITOR_GONE], now_us(), relay);
		return;
	}
	begin(MONITOR_GONE);
	print_who(relay->id, relay->group, &relay->client, &relay->peer);
	puts(": its end was not heard");
}

void monitor_line_lost(bool json)
{
	if (json) {
		json_print_event(words[MONITOR_LOST], now_us(), NULL);
		return;
	}
	begin(MONITOR_LOST);
	puts(" notifications; looking at all relays");
}

void monitor_line_synced(bool json, size_t relays)
{
	if (json) {
		json_print_synced(words[MONITOR_SYNCED], now_us(), relays);
		return;
	}
	begin(MONITOR_SYNCED);
	printf(": %zu relays\n", relays);
}
