// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kept.h"
#include "log.h"
#include "service.h"

static struct {
	bool on;
	struct kept_fd {
		char name[KEPT_NAME_LEN];
		int fd;
	} *fds;
	unsigned int n;
} kept;

/* The number in a variable of the environment; 0 if it is none. */
static unsigned long number(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 10) : 0;
}

/* Programs that we start do not get them. */
static bool is_open(int fd)
{
	return !fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Return: what is behind the first of @names, a list with colons. */
static const char *read_name(const char *names, char name[KEPT_NAME_LEN])
{
	size_t len = strcspn(names, ":");

	snprintf(name, KEPT_NAME_LEN, "%.*s", (int)(len < KEPT_NAME_LEN ? len : 0), names);
	return names + len + (names[len] == ':');
}

static void read_environment(unsigned int n)
{
	const char *names = getenv("LISTEN_FDNAMES");

	if (!names)
		names = "";
	for (unsigned int i = 0; i < n; i++) {
		struct kept_fd *one = &kept.fds[kept.n];

		one->fd = KEPT_FD_FIRST + i;
		names = read_name(names, one->name);
		if (is_open(one->fd))
			kept.n++;
	}
}

int kept_open(bool on)
{
	unsigned long n = number("LISTEN_FDS");

	kept.on = on;
	if (!on || !n || n > KEPT_MAX || number("LISTEN_PID") != (unsigned long)getpid())
		return 0;
	kept.fds = calloc(n, sizeof(*kept.fds));
	if (!kept.fds)
		return -ENOMEM;
	read_environment(n);
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	return 0;
}

int kept_take(const char *name)
{
	for (unsigned int i = 0; i < kept.n; i++) {
		int fd = kept.fds[i].fd;

		if (strcmp(kept.fds[i].name, name))
			continue;
		kept.fds[i] = kept.fds[--kept.n];
		return fd;
	}
	return -ENOENT;
}

int kept_give(const char *name, int fd)
{
	int err = kept.on ? service_store(name, fd) : 0;

	if (err)
		log_warning("descriptor not kept", "name=%s error=\"%s\"", name, strerror(-err));
	return err;
}

void kept_forget(const char *name)
{
	if (kept.on)
		service_forget(name);
}

/* --- sockets */

/* No colons: they stand between names. */
static const char *socket_name(char name[KEPT_NAME_LEN], int type, unsigned int worker,
			       const union addr *addr)
{
	char text[ADDR_STR_LEN];

	snprintf(name, KEPT_NAME_LEN, "%s-%u-%s", type == SOCK_STREAM ? "tcp" : "udp", worker,
		 addr_str(addr, text));
	for (char *c = name; *c; c++)
		if (*c == ':')
			*c = '_';
	return name;
}

static bool has(int fd, int option, int wanted)
{
	int value;
	socklen_t len = sizeof(value);

	return !getsockopt(fd, SOL_SOCKET, option, &value, &len) && value == wanted;
}

static bool is_socket(int fd, int type, const union addr *addr)
{
	union addr bound;
	socklen_t len = sizeof(bound);

	return has(fd, SO_TYPE, type) && has(fd, SO_ACCEPTCONN, type == SOCK_STREAM) &&
	       has(fd, SO_REUSEPORT, 1) && !getsockname(fd, &bound.sa, &len) &&
	       addr_equal(&bound, addr) && !fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

int kept_take_socket(int type, unsigned int worker, const union addr *addr)
{
	char name[KEPT_NAME_LEN];
	int fd = kept_take(socket_name(name, type, worker, addr));

	if (fd < 0 || is_socket(fd, type, addr))
		return fd;
	log_warning("kept descriptor refused", "name=%s reason=\"another socket\"", name);
	kept_forget(name);
	close(fd);
	return -ENOENT;
}

void kept_give_socket(int type, unsigned int worker, const union addr *addr, int fd)
{
	char name[KEPT_NAME_LEN];

	kept_give(socket_name(name, type, worker, addr), fd);
}

void kept_close(void)
{
	while (kept.n) {
		struct kept_fd *one = &kept.fds[--kept.n];

		kept_forget(one->name);
		close(one->fd);
	}
	free(kept.fds);
	kept.fds = NULL;
}
