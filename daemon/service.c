// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "service.h"

#define USEC_PER_SEC 1000000

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

static void tell(const char *state)
{
	struct sockaddr_un addr;
	socklen_t len = manager_addr(&addr);
	int fd;

	if (!len)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL,
			     (struct sockaddr *)&addr, len) < 0)
		log_warning("service manager not told", "state=%s error=\"%s\"", state,
			    strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct service *service = arg;

	(void)fd, (void)what;
	if (service->alive(service->arg))
		tell("WATCHDOG=1");
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
	tell("READY=1");
	return 0;
}

void service_stopping(void)
{
	tell("STOPPING=1");
}

void service_close(struct service *service)
{
	if (service->watchdog)
		event_free(service->watchdog);
	service->watchdog = NULL;
}
