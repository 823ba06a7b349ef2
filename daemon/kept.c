// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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

/**
 * struct kept_fd - one that is kept
 * @fd: of the process before this one, if nobody has taken it yet; else -1
 */
struct kept_fd {
	UT_hash_handle hh;
	int fd;
	char name[];
};

/*
 * @max: how many there may be
 * @fds: by name
 * @names: how long all names are together, in a list
 */
static struct {
	bool on;
	unsigned int max;
	pthread_mutex_t lock;
	struct kept_fd *fds;
	size_t names;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

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
	struct kept_fd *one = malloc(sizeof(*one) + strlen(name) + 1);

	if (!one)
		return -ENOMEM;
	one->fd = fd;
	strcpy(one->name, name);
	HASH_ADD_STR(kept.fds, name, one);
	kept.names += length_in_list(name);
	return 0;
}

static void drop(struct kept_fd *one)
{
	HASH_DEL(kept.fds, one);
	kept.names -= length_in_list(one->name);
	free(one);
}

static struct kept_fd *find(const char *name)
{
	struct kept_fd *one;

	HASH_FIND_STR(kept.fds, name, one);
	return one;
}

/* What was known of another start: tests begin anew. */
static void forget_all(void)
{
	struct kept_fd *one, *next;

	HASH_ITER(hh, kept.fds, one, next)
		drop(one);
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
		if (!is_open(KEPT_FD_FIRST + i))
			continue;
		/* Two of a name are nobody's doing here; which is meant cannot be told. */
		if (find(name))
			close(KEPT_FD_FIRST + i);
		else
			err = add(name, KEPT_FD_FIRST + i);
	}
	return err;
}

/*
 * When the keeper passes them on they lie in the lower half of all there may be, after they
 * have been in the upper one; besides, it has some of its own.
 */
static unsigned int max_fds(void)
{
	struct rlimit limit;
	rlim_t half;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return KEPT_MAX;
	half = limit.rlim_cur / 2;
	if (half > KEPT_MAX + KEPT_RESERVE)
		return KEPT_MAX;
	return half > KEPT_RESERVE ? half - KEPT_RESERVE : 0;
}

/* Those that are listened on would be in the way of new ones. */
static void give_up_all(void)
{
	bool any = kept.fds;

	kept_close();
	if (any)
		service_barrier();
}

int kept_open(bool on)
{
	unsigned long n = number("LISTEN_FDS");
	int err;

	kept.on = on;
	kept.max = max_fds();
	forget_all();
	if (!n || number("LISTEN_PID") != (unsigned long)getpid())
		return 0;
	err = read_environment(n);
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	if (!on)
		give_up_all();
	return err;
}

int kept_take(const char *name)
{
	struct kept_fd *one = find(name);
	int fd = one ? one->fd : -1;

	if (fd < 0)
		return -ENOENT;
	one->fd = -1;
	return fd;
}

/* Before the service manager finds out, who could not start the next process then. */
static int add_if_room(const char *name)
{
	if (HASH_COUNT(kept.fds) >= kept.max ||
	    kept.names + length_in_list(name) > KEPT_NAMES_MAX)
		return -ENOSPC;
	return add(name, -1);
}

static int give(const char *name, int fd)
{
	int err = find(name) ? -EEXIST : add_if_room(name);

	if (err)
		return err;
	err = service_store(name, fd);
	if (err)
		drop(find(name));
	return err;
}

int kept_give(const char *name, int fd)
{
	int err;

	if (!kept.on)
		return 0;
	pthread_mutex_lock(&kept.lock);
	err = give(name, fd);
	pthread_mutex_unlock(&kept.lock);
	if (err)
		log_limited(log_warning, "descriptor not kept", "name=%s error=\"%s\"", name,
			    strerror(-err));
	return err;
}

/* As long as the manager has it nothing else can have its name. */
static int forget(struct kept_fd *one)
{
	int err = service_forget(one->name);

	if (!err)
		drop(one);
	return err;
}

void kept_forget(const char *name)
{
	struct kept_fd *one;
	int err = 0;

	if (!kept.on)
		return;
	pthread_mutex_lock(&kept.lock);
	one = find(name);
	if (one)
		err = forget(one);
	pthread_mutex_unlock(&kept.lock);
	if (err)
		log_limited(log_warning, "descriptor still kept", "name=%s error=\"%s\"", name,
			    strerror(-err));
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
		if (one->fd < 0)
			continue;
		close(one->fd);
		one->fd = -1;
		forget(one);
	}
}
