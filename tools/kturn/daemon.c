// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "command.h"
#include "control.h"
#include "daemon.h"

/* Two streams on one socket: the one to read from, the other to write to. */
struct daemon {
	FILE *in, *out;
};

/* Return: a socket, or -1 with errno. */
static int dial(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* Return: NULL with errno. */
static struct daemon *open_at(const char *path)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	int fd = daemon ? dial(path) : -1;

	if (fd >= 0) {
		daemon->in = fdopen(fd, "r");
		daemon->out = fdopen(dup(fd), "w");
		if (daemon->in && daemon->out)
			return daemon;
		daemon_close(daemon);
		return NULL;
	}
	free(daemon);
	return NULL;
}

void daemon_close(struct daemon *daemon)
{
	if (daemon->in)
		fclose(daemon->in);
	if (daemon->out)
		fclose(daemon->out);
	free(daemon);
}

static bool send_request(struct daemon *daemon, const json_t *request)
{
	return !json_dumpf(request, daemon->out, JSON_COMPACT) &&
	       putc('\n', daemon->out) == '\n' && !fflush(daemon->out);
}

/* Return: the last line, or NULL if it does not come. */
static json_t *receive(struct daemon *daemon, daemon_line_fn each, void *arg)
{
	json_t *line = NULL;
	char *text = NULL;
	size_t size = 0;

	while (getline(&text, &size, daemon->in) >= 0) {
		line = json_loads(text, 0, NULL);
		if (!line || json_object_get(line, "ok"))
			break;
		if (each)
			each(line, arg);
		json_decref(line);
		line = NULL;
	}
	free(text);
	return line;
}

static const char *path_of(const struct options *opt)
{
	return opt->socket ? opt->socket : CONTROL_DEFAULT_PATH;
}

/* What was wrong is said line by line, where there is more than one thing. */
static void complain_refusal(const json_t *answer)
{
	const json_t *lines = json_object_get(answer, "lines");
	const char *error = json_string_value(json_object_get(answer, "error"));
	json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
		if (json_is_string(line))
			complain("%s", json_string_value(line));
	complain("%s", error ? error : "refused");
}

struct daemon *daemon_open(const struct options *opt)
{
	struct daemon *daemon = open_at(path_of(opt));

	if (!daemon)
		complain("no kturnd at %s: %s", path_of(opt), strerror(errno));
	return daemon;
}

json_t *daemon_request(struct daemon *daemon, json_t *request, daemon_line_fn each, void *arg)
{
	json_t *answer;

	/* Who turns us away may have done so before he was asked. */
	send_request(daemon, request);
	json_decref(request);
	answer = receive(daemon, each, arg);
	if (!answer)
		complain("kturnd has not answered");
	if (!answer || json_is_true(json_object_get(answer, "ok")))
		return answer;
	complain_refusal(answer);
	json_decref(answer);
	return NULL;
}

json_t *daemon_ask(const struct options *opt, json_t *request, daemon_line_fn each, void *arg)
{
	struct daemon *daemon = daemon_open(opt);
	json_t *answer;

	if (!daemon) {
		json_decref(request);
		return NULL;
	}
	answer = daemon_request(daemon, request, each, arg);
	daemon_close(daemon);
	return answer;
}

json_t *daemon_try(const struct options *opt, json_t *request)
{
	struct daemon *daemon = open_at(path_of(opt));
	json_t *answer = NULL;

	if (daemon && send_request(daemon, request))
		answer = receive(daemon, NULL, NULL);
	if (daemon)
		daemon_close(daemon);
	json_decref(request);
	return answer;
}
