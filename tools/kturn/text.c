// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define DUMP_WIDTH 16

static bool colour;

void text_init(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	colour = isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
		 term && strcmp(term, "dumb");
}

const char *text_bold(void)
{
	return colour ? "\033[1m" : "";
}

const char *text_warning(void)
{
	return colour ? "\033[1;31m" : "";
}

const char *text_plain(void)
{
	return colour ? "\033[0m" : "";
}

const char *text_bytes(uint64_t bytes, char buf[TEXT_LEN])
{
	static const char units[] = "KMGTPE";
	const char *unit = units;
	uint64_t whole = bytes;

	if (bytes < 1024) {
		snprintf(buf, TEXT_LEN, "%" PRIu64 "B", bytes);
		return buf;
	}
	/* Cut off, not rounded: 1023.99 KiB must not become 1024.0 KiB. */
	while (whole >> 20) {
		whole >>= 10;
		unit++;
	}
	snprintf(buf, TEXT_LEN, "%" PRIu64 ".%" PRIu64 "%ciB", whole >> 10,
		 (whole & 1023) * 10 >> 10, *unit);
	return buf;
}

const char *text_time(uint64_t ms, char buf[TEXT_LEN])
{
	uint64_t s = ms / 1000, min = s / 60, h = min / 60, d = h / 24;

	if (!s)
		snprintf(buf, TEXT_LEN, "%" PRIu64 "ms", ms);
	else if (!min)
		snprintf(buf, TEXT_LEN, "%" PRIu64 ".%" PRIu64 "s", s, ms % 1000 / 100);
	else if (!h)
		snprintf(buf, TEXT_LEN, "%" PRIu64 "m%02" PRIu64 "s", min, s % 60);
	else if (!d)
		snprintf(buf, TEXT_LEN, "%" PRIu64 "h%02" PRIu64 "m", h, min % 60);
	else
		snprintf(buf, TEXT_LEN, "%" PRIu64 "d%02" PRIu64 "h", d, h % 24);
	return buf;
}

const char *text_addr(const union addr *addr, char buf[ADDR_STR_LEN])
{
	return addr->sa.sa_family == AF_UNSPEC ? "-" : addr_str(addr, buf);
}

const char *text_hex(const uint8_t *bytes, size_t len, char *buf)
{
	buf[0] = '\0';
	for (size_t i = 0; i < len; i++)
		sprintf(buf + 2 * i, "%02x", bytes[i]);
	return buf;
}

void text_key(const char *indent, const char *key)
{
	printf("%s%s%s%s: ", indent, text_bold(), key, text_plain());
}

void text_field_count(const char *indent, const char *key, uint64_t count)
{
	text_key(indent, key);
	printf("%" PRIu64 "\n", count);
}

void text_field_bytes(const char *indent, const char *key, uint64_t bytes)
{
	char buf[TEXT_LEN];

	text_key(indent, key);
	printf("%s", text_bytes(bytes, buf));
	if (bytes >= 1024)
		printf(" (%" PRIu64 ")", bytes);
	putchar('\n');
}

void text_runs(const char *indent, const struct kturn_runs *runs)
{
	text_key(indent, "runs");
	printf("%" PRIu64 " direct, %" PRIu64 " softirq, %" PRIu64 " process, %" PRIu64
	       " deferred\n", runs->direct, runs->softirq, runs->process, runs->defers);
}

static void dump_line(const char *indent, const uint8_t *bytes, size_t at, size_t len)
{
	printf("%s%04zx ", indent, at);
	for (size_t i = 0; i < DUMP_WIDTH; i++) {
		if (i < len)
			printf(" %02x", bytes[at + i]);
		else
			printf("   ");
	}
	printf("  |");
	for (size_t i = 0; i < len; i++) {
		uint8_t c = bytes[at + i];

		putchar(c >= ' ' && c <= '~' ? c : '.');
	}
	printf("|\n");
}

void text_hexdump(const char *indent, const uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at < len; at += DUMP_WIDTH)
		dump_line(indent, bytes, at, len - at < DUMP_WIDTH ? len - at : DUMP_WIDTH);
}
