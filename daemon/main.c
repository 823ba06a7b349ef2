// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "attempts.h"
#include "config.h"
#include "keeper.h"
#include "kept.h"
#include "log.h"
#include "server.h"
#include "service.h"
#include "version.h"

static int write_pidfile(const char *path)
{
	FILE *file = fopen(path, "we");
	int err = 0;

	if (!file)
		return -errno;
	if (fprintf(file, "%d\n", (int)getpid()) < 0)
		err = -EIO;
	if (fclose(file) && !err)
		err = -errno;
	return err;
}

/* Each relay of the splice engine takes two descriptors, each session one. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* With what the process before this one has left, if it was to leave anything. */
static int open_server(struct server *server, struct config *config)
{
	int err = kept_open(config->keep_sessions);

	if (!err)
		err = server_open(server, config);
	/* What this one could not open may be there for the next one. */
	if (err)
		attempts_end();
	else
		kept_close();
	return err;
}

static int serve(struct config *config)
{
	struct server server;
	int err = 0;

	/* Nothing may fail once the server has taken over what was kept: it would end. */
	if (config->pidfile)
		err = write_pidfile(config->pidfile);
	if (err) {
		log_error("cannot write pidfile", "error=\"%s\"", strerror(-err));
		return err;
	}
	err = open_server(&server, config);
	if (!err) {
		err = server_run(&server);
		server_close(&server);
	}
	if (config->pidfile)
		unlink(config->pidfile);
	return err;
}

static int open_log(const struct config *config)
{
	int err;

	log_facility(config->syslog_facility);
	log_in_json(config->log_json);
	err = log_open(config->log_file, config->verbose);
	if (err)
		fprintf(stderr, "kturnd: %s: %s\n", config->log_file, strerror(-err));
	return err;
}

static int start(struct config *config)
{
	int err = open_log(config);

	if (err)
		return err;
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	log_info("started", "version=%s pid=%d workers=%u", KTURN_VERSION, (int)getpid(),
		 config->relay_threads);
	err = serve(config);
	log_info("stopped", "status=%d", err ? 1 : 0);
	log_close();
	return err;
}

static int act(struct config *config, unsigned int errors)
{
	switch (config->action) {
	case CONFIG_HELP:
		config_help(stdout);
		return 0;
	case CONFIG_VERSION:
		puts("kturnd " KTURN_VERSION);
		return 0;
	case CONFIG_CHECK:
		printf("errors: %u, warnings: %u\n", errors, config->warnings);
		return errors ? 1 : 0;
	case CONFIG_MIGRATE:
		return errors || config_migrate(config->file, stdout, stderr) ? 1 : 0;
	default:
		return errors || start(config) ? 1 : 0;
	}
}

/* The server is started by somebody who keeps its descriptors: by ourselves, if need be. */
static bool wants_keeper(const struct config *config)
{
	return config->action == CONFIG_SERVE && config->keep_sessions && !service_has_manager();
}

int main(int argc, char *argv[])
{
	struct config config;
	unsigned int errors = config_load(&config, argc, argv, stderr);
	bool keep = !errors && wants_keeper(&config);
	int status = keep ? open_log(&config) : act(&config, errors);

	config_free(&config);
	if (!keep || status)
		return !!status;
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	return keeper_run(argv);
}
