// SPDX-License-Identifier: GPL-2.0-only
/* The keys of what watches the server. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_internal.h"

const char *config_parse_prometheus_address(struct config *config, const struct config_key *key,
					    const char *value)
{
	(void)key;
	return addr_parse(&config->prometheus_address, value) ? "an IPv4 or IPv6 address" : NULL;
}

const char *config_parse_prometheus_path(struct config *config, const struct config_key *key,
					 const char *value)
{
	(void)key;
	if (*value != '/' || !strcmp(value, "/health"))
		return "a path that begins with /, and not /health, which is another one";
	free(config->prometheus_path);
	config->prometheus_path = strdup(value);
	return config->prometheus_path ? NULL : "more memory";
}

const char *config_refuse_username_labels(struct config *config, const struct config_key *key,
					  const char *value)
{
	(void)config, (void)key;
	if (!strcasecmp(value, "no") || !strcmp(value, "0"))
		return NULL;
	return "no: with names as labels clients would choose how many numbers there are";
}
