// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "acceptor.h"
#include "config.h"
#include "control.h"
#include "control_access.h"
#include "control_client.h"
#include "control_trace.h"
#include "log_limit.h"
#include "question.h"
#include "server.h"

#define CLIENTS_MAX	32
#define REQUEST_MAX	8192	/* bytes of a line */
#define BACKLOG		16

/* How long a client may say nothing, and read nothing of what he has asked for. */
static const struct timeval patience = { 60, 0 };

struct control {
	struct server *server;
	struct acceptor *acceptor;
	char *path;
	gid_t group;
	LIST_HEAD(, control_client) clients;
	unsigned int n_clients;
};

struct server *control_server(const struct control_client *client)
{
	return client->control->server;
}

static void close_client(struct control_client *client)
{
	if (client->question)
		question_forget(client->question);
	control_trace_end(client);
	LIST_REMOVE(client, entry);
	client->control->n_clients--;
	bufferevent_free(client->stream);
	free(client);
}

/* --- answers */

/* @line may be NULL. Return: it is on its way. */
static bool write_line(struct control_client *client, json_t *line)
{
	struct evbuffer *out = bufferevent_get_output(client->stream);
	char *text = line ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	bool written = text && evbuffer_add_printf(out, "%s\n", text) > 0;

	free(text);
	json_decref(line);
	return written;
}

void control_say(struct control_client *client, json_t *line)
{
	if (!write_line(client, line))
		client->ended = true;
}

void control_finish(struct control_client *client, json_t *line)
{
	control_say(client, line);
	client->busy = false;
	bufferevent_enable(client->stream, EV_READ);
	/* What has come in meanwhile, from the loop, for who calls may be in the midst. */
	bufferevent_trigger(client->stream, EV_READ,
			    BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

void control_fail(struct control_client *client, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	control_finish(client, json_pack("{s:b, s:s}", "ok", 0, "error", text));
}

/* --- requests */

static void receive(struct control_client *client, const char *line, size_t len)
{
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	client->busy = true;
	bufferevent_disable(client->stream, EV_READ);
	if (json_is_object(request))
		control_command(client, request);
	else
		control_fail(client, "not a JSON object: %s",
			     request ? "something else" : error.text);
	json_decref(request);
}

static void read_requests(struct control_client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->stream);
	char *line;
	size_t len;

	while (!client->busy && (line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF))) {
		receive(client, line, len);
		free(line);
	}
}

static bool has_to_read(const struct control_client *client)
{
	return evbuffer_get_length(bufferevent_get_output(client->stream));
}

/* What comes after an answer, or after a page of one. Nothing may be done after it. */
static void go_on(struct control_client *client)
{
	read_requests(client);
	if (client->ended && !client->busy && !has_to_read(client)) {
		close_client(client);
	} else if (!client->busy &&
		   evbuffer_get_length(bufferevent_get_input(client->stream)) >= REQUEST_MAX) {
		client->ended = true;
		bufferevent_disable(client->stream, EV_READ);
		write_line(client, json_pack("{s:b, s:s}", "ok", 0, "error",
					     "the request is too long"));
	}
}

static void on_readable(struct bufferevent *stream, void *arg)
{
	(void)stream;
	go_on(arg);
}

/* He has read everything. */
static void on_drained(struct bufferevent *stream, void *arg)
{
	struct control_client *client = arg;

	(void)stream;
	if (client->reading) {
		client->reading = false;
		question_go_on(client->question);
	}
	go_on(client);
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct control_client *client = arg;

	(void)stream;
	if (!(what & BEV_EVENT_EOF) || !(client->busy || has_to_read(client))) {
		close_client(client);
		return;
	}
	client->ended = true;
	bufferevent_disable(client->stream, EV_READ);
}

/* --- clients */

static void turn_away(int fd, const char *why)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "{\"ok\":false,\"error\":\"%s\"}\n", why);

	if (send(fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_verbose("control", "error=\"%s\"", strerror(errno));
	close(fd);
}

static void open_client(struct control *control, int fd)
{
	struct control_client *client = calloc(1, sizeof(*client));

	if (client)
		client->stream = bufferevent_socket_new(control->server->base, fd,
							BEV_OPT_CLOSE_ON_FREE);
	if (!client || !client->stream) {
		free(client);
		turn_away(fd, "no memory");
		return;
	}
	client->control = control;
	LIST_INSERT_HEAD(&control->clients, client, entry);
	control->n_clients++;
	bufferevent_setcb(client->stream, on_readable, on_drained, on_event, client);
	bufferevent_setwatermark(client->stream, EV_READ, 0, REQUEST_MAX);
	bufferevent_set_timeouts(client->stream, &patience, &patience);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

static void on_accept(int fd, const union addr *from, void *arg)
{
	struct control *control = arg;
	struct ucred peer = { .uid = -1 };

	(void)from;
	if (!control_may_command(fd, control->group, &peer)) {
		log_limited(log_warning, "control refused", "uid=%d pid=%d", (int)peer.uid, (int)peer.pid);
		turn_away(fd, "only root, the server's own user and control-group may");
	} else if (control->n_clients >= CLIENTS_MAX) {
		turn_away(fd, "too many clients");
	} else {
		open_client(control, fd);
	}
}

/* --- the socket */

/* Return: 0, or -EADDRINUSE if somebody answers there; nobody's socket is removed. */
static int clear_path(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd, err;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : -EADDRINUSE;
	close(fd);
	if (err != -ECONNREFUSED)
		return err == -EAGAIN ? -EADDRINUSE : err;
	return unlink(addr->sun_path) ? -errno : 0;
}

/* Before there are other threads, for the mask is everybody's. */
static int listen_at(const char *path, gid_t group)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;
	mode_t mask;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	err = clear_path(&addr);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, BACKLOG))
		err = -errno;
	umask(mask);
	if (!err) {
		err = control_open_to(path, group);
		if (!err)
			return fd;
		unlink(path);
	}
	close(fd);
	return err;
}

static int refuse(const char *path, int err, bool asked_for)
{
	if (asked_for) {
		log_error("no control socket", "path=\"%s\" error=\"%s\"", path, strerror(-err));
		return err;
	}
	log_warning("no control socket", "path=\"%s\" error=\"%s\"", path, strerror(-err));
	return 0;
}

static struct control *new_control(struct server *server, const char *path, int fd,
				   gid_t group)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	control->server = server;
	control->group = group;
	control->path = strdup(path);
	if (control->path)
		control->acceptor = acceptor_open(server->base, fd, on_accept, control);
	if (control->acceptor)
		return control;
	free(control->path);
	free(control);
	return NULL;
}

/* Return: a listening socket, or a negative errno. */
static int open_socket(const struct config *config, const char *path, gid_t *group)
{
	int err = control_group_id(config->control_group, group);

	if (err == -ENOENT)
		log_error("no such group", "control_group=\"%s\"", config->control_group);
	return err ? err : listen_at(path, *group);
}

int control_open(struct control **control, struct server *server)
{
	const struct config *config = server->config;
	const char *path = config->control_socket ? config->control_socket : CONTROL_DEFAULT_PATH;
	gid_t group;
	int fd = open_socket(config, path, &group);

	*control = NULL;
	if (fd < 0)
		return refuse(path, fd, config->control_socket || config->control_group);
	*control = new_control(server, path, fd, group);
	if (*control)
		return 0;
	close(fd);
	return -ENOMEM;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	while (!LIST_EMPTY(&control->clients))
		close_client(LIST_FIRST(&control->clients));
	acceptor_close(control->acceptor);
	unlink(control->path);
	free(control->path);
	free(control);
}
