// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <linux/kturn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "config_internal.h"
#include "macros.h"
#include "worker.h"

#define SECONDS_MAX (365 * 24 * 3600)
#define TIMEOUT_MAX 32767	/* seconds, as TCP has it */

int config_read_switch(const char *value, bool *on)
{
	static const char *const yes[] = { "1", "on", "yes", "true", "y", "t" };
	static const char *const no[] = { "0", "off", "no", "false", "n", "f" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcasecmp(value, yes[i]) || !strcasecmp(value, no[i])) {
			*on = !strcasecmp(value, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

const char *config_parse_bool(struct config *config, const struct config_key *key,
			      const char *value)
{
	return config_read_switch(value, config_member(config, key)) ? "yes or no" : NULL;
}

const char *config_parse_not(struct config *config, const struct config_key *key,
			     const char *value)
{
	const char *valid = config_parse_bool(config, key, value);
	bool *flag = config_member(config, key);

	if (!valid)
		*flag = !*flag;
	return valid;
}

static const char *parse_number(const char *value, unsigned int min, unsigned int max,
				unsigned int *number)
{
	static char valid[32];
	unsigned long n;
	char *end;

	if (*value < '0' || *value > '9')
		return "a number";
	n = strtoul(value, &end, 10);
	if (*end)
		return "a number";
	if (n < min || n > max) {
		snprintf(valid, sizeof(valid), "%u to %u", min, max);
		return valid;
	}
	*number = n;
	return NULL;
}

const char *config_parse_port(struct config *config, const struct config_key *key,
			      const char *value)
{
	uint16_t *port = config_member(config, key);
	unsigned int number = 0;
	const char *valid = parse_number(value, 1, UINT16_MAX, &number);

	if (!valid)
		*port = number;
	return valid;
}

/* 0 is the next one behind the first. */
const char *config_parse_alt_port(struct config *config, const struct config_key *key,
				  const char *value)
{
	uint16_t *port = config_member(config, key);
	unsigned int number = 0;
	const char *valid = parse_number(value, 0, UINT16_MAX, &number);

	if (!valid)
		*port = number;
	return valid;
}

/* What coturn can be told and we never do otherwise. */
const char *config_parse_count(struct config *config, const struct config_key *key,
			       const char *value)
{
	return parse_number(value, 0, UINT_MAX, config_member(config, key));
}

const char *config_parse_bps(struct config *config, const struct config_key *key,
			     const char *value)
{
	uint64_t *bps = config_member(config, key);
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || n > KTURN_RATE_MAX)
		return "bytes per second, 0 to 100000000000";
	*bps = n;
	return NULL;
}

/* A cap of none would be a way to forbid, for which there are better ones. */
const char *config_parse_cap(struct config *config, const struct config_key *key,
			     const char *value)
{
	return parse_number(value, 1, UINT16_MAX, config_member(config, key));
}

const char *config_parse_seconds(struct config *config, const struct config_key *key,
				 const char *value)
{
	return parse_number(value, 1, SECONDS_MAX, config_member(config, key));
}

const char *config_parse_lease(struct config *config, const struct config_key *key,
			       const char *value)
{
	return parse_number(value, 3, 3600, config_member(config, key));
}

const char *config_parse_timeout(struct config *config, const struct config_key *key,
				 const char *value)
{
	return parse_number(value, 0, TIMEOUT_MAX, config_member(config, key));
}

const char *config_parse_threads(struct config *config, const struct config_key *key,
				 const char *value)
{
	static const char valid[] = "0 to 256";
	unsigned int n;

	(void)key;
	if (parse_number(value, 0, UINT_MAX, &n) || n > WORKERS_MAX)
		return valid;
	/* To coturn 0 is the main thread alone: one that serves. */
	config->relay_threads = n ? n : 1;
	return NULL;
}

const char *config_parse_string(struct config *config, const struct config_key *key,
				const char *value)
{
	char **string = config_member(config, key);

	if (!*value)
		return "some text";
	free(*string);
	*string = strdup(value);
	return *string ? NULL : "more memory";
}

const char *config_parse_socket_path(struct config *config, const struct config_key *key,
				     const char *value)
{
	if (*value != '/' || strlen(value) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "an absolute path of at most 107 bytes";
	return config_parse_string(config, key, value);
}

const char *config_parse_datapath(struct config *config, const struct config_key *key,
				  const char *value)
{
	static const char *const names[] = {
		[DATAPATH_AUTO] = "auto",
		[DATAPATH_KERNEL] = "kernel",
		[DATAPATH_SPLICE] = "splice",
	};

	(void)key;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(value, names[i])) {
			config->datapath = i;
			return NULL;
		}
	}
	return "auto, kernel or splice";
}

/* coturn's file may have it without a value. */
const char *config_parse_stale_nonce(struct config *config, const struct config_key *key,
				     const char *value)
{
	if (!strcmp(value, "yes")) {
		config->stale_nonce = NONCE_LIFETIME;
		return NULL;
	}
	return parse_number(value, 0, SECONDS_MAX, config_member(config, key));
}
