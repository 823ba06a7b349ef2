// SPDX-License-Identifier: GPL-2.0-only
#define SYSLOG_NAMES
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "config_internal.h"

/* coturn's files say LOG_LOCAL1, those of syslog daemons local1. */
const char *config_parse_facility(struct config *config, const struct config_key *key,
				  const char *value)
{
	const char *name = value + (strncasecmp(value, "LOG_", 4) ? 0 : 4);

	(void)key;
	for (const CODE *code = facilitynames; code->c_name; code++) {
		if (!strcasecmp(code->c_name, name) && code->c_val != LOG_KERN) {
			config->syslog_facility = code->c_val;
			return NULL;
		}
	}
	return "daemon, user, auth, local0 to local7, or another facility of syslog";
}

const char *config_parse_log_format(struct config *config, const struct config_key *key,
				    const char *value)
{
	(void)key;
	config->log_json = !strcmp(value, "json");
	return config->log_json || !strcmp(value, "text") ? NULL : "text or json";
}

/* Like coturn, which then writes to no file. */
void config_fill_log(struct config *config, struct config_errors *errors)
{
	if (!config->syslog)
		return;
	if (config->log_file && strcmp(config->log_file, "syslog"))
		config_warn(errors, "log-file: has no effect: syslog takes the log");
	free(config->log_file);
	config->log_file = strdup("syslog");
	if (!config->log_file)
		config_complain(errors, "syslog: no memory");
}
