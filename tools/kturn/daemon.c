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

/* Return: a stream to the daemon, or NULL with errno. */
static FILE *dial(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;
	FILE *stream;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	stream = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ? NULL : fdopen(fd, "r+");
	if (stream)
		return stream;
	err = errno;
	close(fd);
	errno = err;
	return NULL;
}

static bool send_request(FILE *stream, const json_t *request)
{
	return !json_dumpf(request, stream, JSON_COMPACT) && putc('\n', stream) == '\n' &&
	       !fflush(stream);
}

/* Return: the last line, or NULL if it does not come. */
static json_t *receive(FILE *stream, daemon_line_fn each, void *arg)
{
	json_t *line = NULL;
	char *text = NULL;
	size_t size = 0;

	while (getline(&text, &size, stream) >= 0) {
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
		complain("%s", json_string_value(line));
	complain("%s", error ? error : "refused");
}

json_t *daemon_ask(const struct options *opt, json_t *request, daemon_line_fn each, void *arg)
{
	FILE *stream = dial(path_of(opt));
	json_t *answer = NULL;

	if (!stream) {
		complain("no kturnd at %s: %s", path_of(opt), strerror(errno));
		json_decref(request);
		return NULL;
	}
	/* Who turns us away may have done so before he was asked. */
	send_request(stream, request);
	json_decref(request);
	answer = receive(stream, each, arg);
	fclose(stream);
	if (!answer)
		complain("kturnd has not answered");
	if (!answer || json_is_true(json_object_get(answer, "ok")))
		return answer;
	complain_refusal(answer);
	json_decref(answer);
	return NULL;
}

json_t *daemon_try(const struct options *opt, json_t *request)
{
	FILE *stream = dial(path_of(opt));
	json_t *answer = NULL;

	if (stream && send_request(stream, request))
		answer = receive(stream, NULL, NULL);
	if (stream)
		fclose(stream);
	json_decref(request);
	return answer;
}
