// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uthash.h>

#include "kept.h"
#include "log.h"
#include "log_limit.h"
#include "service.h"

/* Of the process before this one, and not taken yet. */
struct kept_fd {
	UT_hash_handle hh;
	int fd;
	char name[KEPT_NAME_LEN];
};

/*
 * @max: how many there may be
 * @names: how long all names are together, and @n how many there are: of what this process
 *	has given and taken over
 */
static struct {
	bool on;
	struct kept_fd *fds;
	unsigned int max;
	atomic_size_t names;
	atomic_uint n;
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

static size_t length_in_list(const char *name)
{
	return strlen(name) + 1;
}

static int add(const char *name, int fd)
{
	struct kept_fd *one = calloc(1, sizeof(*one));

	if (!one)
		return -ENOMEM;
	one->fd = fd;
	strcpy(one->name, name);
	HASH_ADD_STR(kept.fds, name, one);
	kept.names += length_in_list(name);
	kept.n++;
	return 0;
}

static int read_environment(unsigned long n)
{
	const char *names = getenv("LISTEN_FDNAMES");
	char name[KEPT_NAME_LEN];
	int err = 0;

	if (!names)
		names = "";
	for (unsigned long i = 0; i < n && !err; i++) {
		names = read_name(names, name);
		if (is_open(KEPT_FD_FIRST + i))
			err = add(name, KEPT_FD_FIRST + i);
	}
	return err;
}

/* The keeper has each of them twice when it passes them on. */
static unsigned int max_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur / 2 > KEPT_MAX)
		return KEPT_MAX;
	return limit.rlim_cur / 2;
}

int kept_open(bool on)
{
	unsigned long n = number("LISTEN_FDS");
	int err;

	kept.on = on;
	kept.names = 0;
	kept.n = 0;
	kept.max = max_fds();
	if (!on || !n || number("LISTEN_PID") != (unsigned long)getpid())
		return 0;
	err = read_environment(n);
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	return err;
}

int kept_take(const char *name)
{
	struct kept_fd *one;
	int fd;

	HASH_FIND_STR(kept.fds, name, one);
	if (!one)
		return -ENOENT;
	fd = one->fd;
	HASH_DEL(kept.fds, one);
	free(one);
	return fd;
}

/* Before the service manager finds out, who could not start the next process then. */
static int count_in(const char *name)
{
	size_t len = length_in_list(name);
	bool fits = atomic_fetch_add(&kept.n, 1) < kept.max;

	fits &= atomic_fetch_add(&kept.names, len) + len <= KEPT_NAMES_MAX;
	return fits ? 0 : -ENOSPC;
}

static void count_out(const char *name)
{
	kept.n--;
	kept.names -= length_in_list(name);
}

int kept_give(const char *name, int fd)
{
	int err;

	if (!kept.on)
		return 0;
	err = count_in(name);
	if (!err)
		err = service_store(name, fd);
	if (!err)
		return 0;
	count_out(name);
	log_limited(log_warning, "descriptor not kept", "name=%s error=\"%s\"", name,
		    strerror(-err));
	return err;
}

void kept_forget(const char *name)
{
	if (!kept.on)
		return;
	service_forget(name);
	count_out(name);
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
	struct kept_fd *one, *next;

	HASH_ITER(hh, kept.fds, one, next) {
		HASH_DEL(kept.fds, one);
		kept_forget(one->name);
		close(one->fd);
		free(one);
	}
}
