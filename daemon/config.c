// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "config_diff.h"
#include "config_internal.h"
#include "permission.h"

void config_defaults(struct config *config)
{
	*config = (struct config){
		.listening_port = 3478,
		.udp_gso = true,
		.prometheus_port = 9641,
		.min_port = 49152,
		.max_port = 65535,
		.default_family = AF_INET,
		.max_permissions = PERMISSION_MAX,
		.max_channels = 1024,
		.max_connections = 1024,
		.max_pending_connections = 64,
		.max_strangers = 2048,
		.trace_records = 2048,
		.max_allocate_lifetime = 3600,
		.permission_lifetime = PERMISSION_LIFETIME,
		.channel_lifetime = 600,
		.max_allocate_timeout = 60,
		.stale_nonce = NONCE_LIFETIME,
		.redis_lease = 30,
		.userdb_cache = 300,
		.rest_separator = ':',
		.refusals_per_second = 10,
		.tcp_keepalive = 60,
		.software = true,
		.syslog_facility = LOG_DAEMON,
	};
}

static bool has_to_be_whole(const struct config *config)
{
	return config->action == CONFIG_SERVE || config->action == CONFIG_CHECK;
}

unsigned int config_load(struct config *config, int argc, char *const argv[], FILE *out)
{
	struct config_errors errors = { 0 };
	unsigned int n;

	config_defaults(config);
	config->argc = argc;
	config->argv = argv;
	config_read_args(config, &errors, argc, argv, true);
	if (config->action == CONFIG_MIGRATE)
		;	/* that file is not for us */
	else if (config->file)
		config_read_file(config, &errors, config->file);
	else if (!config->no_file && !access(CONFIG_DEFAULT_FILE, F_OK))
		config_read_file(config, &errors, CONFIG_DEFAULT_FILE);
	config_read_args(config, &errors, argc, argv, false);
	if (has_to_be_whole(config))
		config_fill(config, &errors);
	config_errors_print(&errors, out);
	config->warnings = errors.warnings;
	n = errors.n;
	config_errors_free(&errors);
	return n;
}

void config_free(struct config *config)
{
	config_given_free(config);
	config_free_auth(config);
	acl_clear(&config->acl);
	config_free_tls(config);
	config_free_alternates(config);
	free(config->file);
	free(config->prometheus_path);
	free(config->log_file);
	free(config->pidfile);
	free(config->control_socket);
	free(config->control_group);
}
