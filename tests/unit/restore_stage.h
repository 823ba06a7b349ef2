/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Servers that die, one after the other, each in a process of its own, and what stands by:
 * a service manager, which keeps their descriptors, and their clients (mobility_stage.h);
 * after cmocka.h.
 */
#ifndef KTURN_RESTORE_STAGE_H
#define KTURN_RESTORE_STAGE_H

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "keeper_store.h"
#include "kept.h"
#include "log.h"
#include "server_stage.h"
#include "mobility_stage.h"

/* --- the manager, which has a thread, as a server may have to wait for it */

static struct manager {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_barrier_t began;
	struct keeper_store store;
	bool ready;
} manager = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Return: whether there was a notification. */
static inline bool manager_hear(void)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char text[1024];
	struct iovec to = { text, sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &to, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(manager.fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *cmsg = len < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	int fd = -1;

	if (len < 0)
		return false;
	text[len] = '\0';
	if (cmsg)
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	manager.ready |= keeper_store_says(text, "READY=1");
	keeper_store_notify(&manager.store, text, &fd, !!cmsg);
	return true;
}

/* What has been said until now is done. */
static inline void manager_catch_up(void)
{
	pthread_mutex_lock(&manager.lock);
	while (manager_hear())
		;
	pthread_mutex_unlock(&manager.lock);
}

static inline void *manage(void *arg)
{
	struct pollfd readable = { .fd = manager.fd, .events = POLLIN };

	pthread_barrier_wait(&manager.began);
	while (poll(&readable, 1, -1) == 1)
		manager_catch_up();
	return arg;
}

static inline int manager_begin(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(addr);
	char path[sizeof(addr.sun_path) + 1];

	(void)state;
	manager.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(manager.fd, (struct sockaddr *)&addr, sizeof(addr.sun_family)), 0);
	assert_int_equal(getsockname(manager.fd, (struct sockaddr *)&addr, &len), 0);
	snprintf(path, sizeof(path), "@%.*s",
		 (int)(len - offsetof(struct sockaddr_un, sun_path) - 1), addr.sun_path + 1);
	setenv("NOTIFY_SOCKET", path, 1);
	pthread_barrier_init(&manager.began, NULL, 2);
	assert_int_equal(pthread_create(&manager.thread, NULL, manage, NULL), 0);
	/* A fork in the midst of its start would take ASan's locks along. */
	pthread_barrier_wait(&manager.began);
	return 0;
}

static inline int manager_end(void **state)
{
	(void)state;
	pthread_cancel(manager.thread);
	pthread_join(manager.thread, NULL);
	return close(manager.fd);
}

/* Return: how many descriptors are kept, but for that of attempts.h, which comes later. */
static inline unsigned int kept_now(void)
{
	manager_catch_up();
	return manager.store.n - (keeper_store_find(&manager.store, "attempts") >= 0);
}

/* --- a server's life */

/*
 * @pid: of the one that lives, or 0
 * @log: what it has said
 * @empty: how many descriptors a server without allocations has kept
 */
static struct life {
	pid_t pid;
	char path[32], log[1 << 16];
	unsigned int empty;
} life;

enum end { SERVES, DIES_BEFORE };

/* Nothing may be open but what is passed: the rest is of other processes. */
static inline void live(enum end end)
{
	if (keeper_store_pass(&manager.store))
		_exit(1);
	close_range(KEPT_FD_FIRST + manager.store.n, ~0u, 0);
	if (log_open(life.path, true) || kept_open(true) || server_open(&server, &config))
		_exit(2);
	kept_close();
	if (end == DIES_BEFORE)
		raise(SIGKILL);
	_exit(server_run(&server) ? 3 : 0);
}

static inline void be_born(enum end end, char *const options[])
{
	configure_server(options);
	manager_catch_up();
	assert_int_equal(truncate(life.path, 0), 0);
	pthread_mutex_lock(&manager.lock);
	manager.ready = false;
	life.pid = fork();
	if (!life.pid)
		live(end);
	pthread_mutex_unlock(&manager.lock);
	assert_true(life.pid > 0);
	config_free(&config);
}

static inline void await_ready(void)
{
	time_t start = time(NULL);
	bool ready;

	do {
		assert_int_equal(waitpid(life.pid, NULL, WNOHANG), 0);
		assert_true(time(NULL) - start < PATIENCE);
		usleep(1000);
		pthread_mutex_lock(&manager.lock);
		ready = manager.ready;
		pthread_mutex_unlock(&manager.lock);
	} while (!ready);
}

/* Return: what the server has said until now. */
static inline const char *said(void)
{
	int fd = open(life.path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, life.log, sizeof(life.log) - 1);

	close(fd);
	life.log[n > 0 ? n : 0] = '\0';
	return life.log;
}

/* A word of it may come behind what it is about. */
static inline void await_said(const char *text)
{
	time_t start = time(NULL);

	while (!strstr(said(), text)) {
		if (time(NULL) - start >= PATIENCE)
			fail_msg("not said: %s\n%s", text, life.log);
		usleep(1000);
	}
}

static inline void await_death(void)
{
	int status;

	assert_int_equal(waitpid(life.pid, &status, 0), life.pid);
	life.pid = 0;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	manager_catch_up();
}

static inline void die(void)
{
	kill(life.pid, SIGKILL);
	await_death();
}

#define OPTIONS(...)									\
	((char *[]){ "--keep-sessions", "-L127.0.0.1", "--allow-loopback-peers", "-rr",	\
		     "-uu:p", "-ueve:p", "--mobility", __VA_ARGS__, NULL })

/* The first server of a test. */
#define BEGIN(...) do {					\
	be_born(SERVES, OPTIONS(__VA_ARGS__));		\
	await_ready();					\
	life.empty = kept_now();			\
} while (0)

/* The one that serves is killed, and another one takes its place. */
#define AGAIN(...) do {					\
	die();						\
	be_born(SERVES, OPTIONS(__VA_ARGS__));		\
	await_ready();					\
} while (0)

/* One is killed, and so is the next one, before it serves. */
#define DIES_EARLY(...) do {				\
	if (life.pid)					\
		die();					\
	be_born(DIES_BEFORE, OPTIONS(__VA_ARGS__));	\
	await_death();					\
} while (0)

static inline int life_setup(void **state)
{
	(void)state;
	strcpy(life.path, "/tmp/kturn_test.XXXXXX");
	close(mkstemp(life.path));
	find_port(&server_addr);
	find_port(&peer_addr);
	peer = udp_bind(&peer_addr, UDP_ALONE);
	return peer < 0;
}

static inline int life_teardown(void **state)
{
	(void)state;
	if (life.pid)
		die();
	keeper_store_clear(&manager.store);
	unlink(life.path);
	return close(peer);
}

#endif
