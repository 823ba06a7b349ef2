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

/* A stream on the socket to read from; what is sent goes around it. */
struct daemon {
	FILE *in;
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

	if (fd >= 0)
		daemon->in = fdopen(fd, "r");
	if (daemon && daemon->in)
		return daemon;
	if (fd >= 0)
		close(fd);
	free(daemon);
	return NULL;
}

void daemon_close(struct daemon *daemon)
{
	fclose(daemon->in);
	free(daemon);
}

/* A socket that nobody reads must not end us: something may have been said before. */
static bool send_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return false;
		if (n < 0)
			continue;
		text += n;
		len -= n;
	}
	return true;
}

static bool send_request(struct daemon *daemon, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	bool sent = text && send_all(fileno(daemon->in), text, strlen(text)) &&
		    send_all(fileno(daemon->in), "\n", 1);

	free(text);
	return sent;
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
