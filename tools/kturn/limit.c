// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "limit.h"

/* What stands behind a number, and what that is worth. */
struct suffix {
	const char *text;
	uint64_t worth;
};

static const struct suffix in_ms[] = {
	{ "ms", 1 }, { "", 1000 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	{ "d", 86400000 }, { NULL, 0 },
};

static const struct suffix in_s[] = {
	{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { NULL, 0 },
};

static const struct suffix in_bytes[] = {
	{ "", 1 }, { "K", 1ULL << 10 }, { "M", 1ULL << 20 }, { "G", 1ULL << 30 },
	{ "T", 1ULL << 40 }, { NULL, 0 },
};

static const struct suffix in_units[] = { { "", 1 }, { NULL, 0 } };

#define KIND(name, ATTR, member, suffixes, unit) \
	{ name, KTURN_A_LIMITS_##ATTR, offsetof(struct kturn_limits, member), \
	  sizeof(((struct kturn_limits *)NULL)->member), suffixes, unit }

static const struct kind {
	const char *name;
	int attr;
	size_t offset, size;
	const struct suffix *suffixes;
	const char *unit;	/* behind what it reads as */
} kinds[LIMIT_KINDS] = {
	KIND("idle", IDLE_MS, idle_ms, in_ms, ""),
	KIND("life", LIFE_MS, life_ms, in_ms, ""),
	KIND("bytes", BYTES, bytes, in_bytes, ""),
	KIND("rate", RATE, rate, in_bytes, "/s"),
	KIND("keepalive-idle", KEEPALIVE_IDLE, keepalive_idle, in_s, ""),
	KIND("keepalive-interval", KEEPALIVE_INTERVAL, keepalive_interval, in_s, ""),
	KIND("keepalive-count", KEEPALIVE_COUNT, keepalive_count, in_units, ""),
	KIND("user-timeout", USER_TIMEOUT_MS, user_timeout_ms, in_ms, ""),
};

const char *limit_name(size_t kind)
{
	return kinds[kind].name;
}

uint64_t limit_value(const struct kturn_limits *limits, size_t kind)
{
	const char *member = (const char *)limits + kinds[kind].offset;

	return kinds[kind].size == sizeof(uint64_t) ? *(const uint64_t *)member
						    : *(const uint32_t *)member;
}

const char *limit_text(const struct kturn_limits *limits, size_t kind, char buf[TEXT_LEN])
{
	const struct suffix *suffixes = kinds[kind].suffixes;
	uint64_t value = limit_value(limits, kind);

	if (suffixes == in_ms)
		text_time(value, buf);
	else if (suffixes == in_s)
		text_time(1000 * value, buf);
	else if (suffixes == in_bytes)
		text_bytes(value, buf);
	else
		snprintf(buf, TEXT_LEN, "%" PRIu64, value);
	return strncat(buf, kinds[kind].unit, TEXT_LEN - strlen(buf) - 1);
}

/* A decimal number and one of the suffixes. */
static bool parse_value(const char *text, const struct suffix *suffixes, uint64_t *value)
{
	char digits[24];
	size_t len = strspn(text, "0123456789");

	if (!len || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!parse_u64(digits, value))
		return false;
	for (; suffixes->text; suffixes++)
		if (!strcmp(text + len, suffixes->text))
			return !__builtin_mul_overflow(*value, suffixes->worth, value);
	return false;
}

bool limit_parse_time(const char *text, uint64_t *ms)
{
	return parse_value(text, in_ms, ms);
}

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < LIMIT_KINDS; i++)
		if (!strcmp(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

bool limit_parse(const char *name, const char *value, struct kturn_limit *limit)
{
	const struct kind *kind = find_kind(name);

	if (!kind) {
		complain("there is no limit \"%s\"", name);
		return false;
	}
	limit->attr = kind->attr;
	limit->value = 0;
	if (!strcmp(value, "none") || parse_value(value, kind->suffixes, &limit->value)) {
		/* The kernel would see another number than was meant. */
		if (kind->size == sizeof(uint64_t) || limit->value <= UINT32_MAX)
			return true;
	}
	complain("\"%s\" makes no sense for %s", value, name);
	return false;
}
