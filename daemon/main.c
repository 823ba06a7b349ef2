// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "server.h"
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

static int serve(const struct config *config)
{
	struct server server;
	int err;

	err = server_open(&server, config);
	if (err)
		return err;
	if (config->pidfile)
		err = write_pidfile(config->pidfile);
	if (err)
		log_error("cannot write pidfile", "error=\"%s\"", strerror(-err));
	else
		err = server_run(&server);
	server_close(&server);
	if (config->pidfile)
		unlink(config->pidfile);
	return err;
}

static int start(const struct config *config)
{
	int err = log_open(config->log_file, config->verbose);

	if (err) {
		fprintf(stderr, "kturnd: %s: %s\n", config->log_file, strerror(-err));
		return err;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	log_info("started", "version=%s pid=%d workers=%u", KTURN_VERSION, (int)getpid(),
		 config->relay_threads);
	err = serve(config);
	log_info("stopped", "status=%d", err ? 1 : 0);
	log_close();
	return err;
}

int main(int argc, char *argv[])
{
	struct config config;
	int status = config_load(&config, argc, argv, stderr) ? 1 : 0;

	if (config.action == CONFIG_HELP)
		config_help(stdout);
	else if (config.action == CONFIG_VERSION)
		puts("kturnd " KTURN_VERSION);
	else if (!status && config.action == CONFIG_SERVE)
		status = start(&config) ? 1 : 0;
	config_free(&config);
	return status;
}
