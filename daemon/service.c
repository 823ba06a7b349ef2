// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "log_limit.h"
#include "service.h"

#define USEC_PER_SEC 1000000
#define STATE_LEN 256
#define BARRIER_PATIENCE 5000	/* milliseconds */

/* A name that begins with '@' is in the abstract namespace, where that is a zero. */
static socklen_t manager_addr(struct sockaddr_un *addr)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	if (!len || len >= sizeof(addr->sun_path) || (*path != '/' && *path != '@'))
		return 0;
	addr->sun_family = AF_UNIX;
	memcpy(addr->sun_path, path, len + 1);
	if (*path == '@')
		addr->sun_path[0] = '\0';
	return offsetof(struct sockaddr_un, sun_path) + len;
}

/* Where nothing may get lost who does not read is waited for, but not for ever. */
static int notify_socket(bool patient)
{
	static const struct timeval patience = { 1, 0 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | (patient ? 0 : SOCK_NONBLOCK), 0);

	if (fd >= 0 && patient)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

static void attach(struct msghdr *msg, int fd)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
}

/* With @attached, unless that is -1. Return: 0, also if there is nobody; or a negative errno. */
static int notify(const char *state, bool patient, int attached)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct sockaddr_un addr;
	struct iovec text = { (char *)state, strlen(state) };
	struct msghdr msg = { .msg_name = &addr, .msg_namelen = manager_addr(&addr),
			      .msg_iov = &text, .msg_iovlen = 1 };
	int fd, err;

	if (!msg.msg_namelen)
		return 0;
	if (attached >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		attach(&msg, attached);
	}
	fd = notify_socket(patient);
	if (fd < 0)
		return -errno;
	err = sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static void tell(const char *state, bool patient)
{
	int err = notify(state, patient, -1);

	if (err)
		log_limited(log_warning, "service manager not told", "state=%.*s error=\"%s\"",
			    (int)strcspn(state, "\n"), state, strerror(-err));
}

bool service_has_manager(void)
{
	struct sockaddr_un addr;

	return manager_addr(&addr);
}

int service_store(const char *name, int fd)
{
	char state[STATE_LEN];

	snprintf(state, sizeof(state), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	return notify(state, true, fd);
}

int service_forget(const char *name)
{
	char state[STATE_LEN];

	snprintf(state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	return notify(state, true, -1);
}

/* The manager closes it when it gets there (BARRIER in sd_notify(3)). */
void service_barrier(void)
{
	struct pollfd done = { .events = POLLHUP };
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC))
		return;
	err = notify("BARRIER=1", true, ends[1]);
	close(ends[1]);
	done.fd = ends[0];
	if (!err)
		poll(&done, 1, BARRIER_PATIENCE);
	close(ends[0]);
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct service *service = arg;

	(void)fd, (void)what;
	if (service->alive(service->arg))
		tell("WATCHDOG=1", false);
}

/* Half of the time after which the watchdog bites; 0: there is none, or not for us. */
static uint64_t watchdog_usec(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtoul(pid, NULL, 10) != (unsigned long)getpid()))
		return 0;
	return strtoull(usec, NULL, 10) / 2;
}

bool service_is_watched(void)
{
	return watchdog_usec();
}

int service_ready(struct service *service, struct event_base *base, service_alive_fn alive,
		  void *arg)
{
	uint64_t usec = watchdog_usec();
	struct timeval period = { usec / USEC_PER_SEC, usec % USEC_PER_SEC };

	*service = (struct service){ .alive = alive, .arg = arg };
	if (usec) {
		service->watchdog = event_new(base, -1, EV_PERSIST, on_watchdog, service);
		if (!service->watchdog || event_add(service->watchdog, &period))
			return -ENOMEM;
	}
	tell("READY=1", true);
	return 0;
}

void service_stopping(void)
{
	tell("STOPPING=1", true);
}

void service_close(struct service *service)
{
	if (service->watchdog)
		event_free(service->watchdog);
	service->watchdog = NULL;
}
