// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cable.h"

static int run(const char *fmt, ...)
{
	char command[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	return system(command) ? fail("%s", command) : 0;
}

static int this_netns(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int enter(int netns)
{
	return setns(netns, CLONE_NEWNET) ? fail_errno("setns") : 0;
}

/* Two hosts and a cable; nobody has to be asked for an address. */
static int plug(const struct cable *cable)
{
	if (run("ip link add cable type veth peer name far netns /proc/%d/fd/%d", getpid(),
		cable->there) ||
	    run("ip link set cable address 02:00:00:00:00:01") ||
	    run("ip addr add 192.0.2.1/24 dev cable && ip link set cable up") ||
	    run("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev cable nud permanent") ||
	    enter(cable->there))
		return -1;
	if (run("ip link set far address 02:00:00:00:00:02") ||
	    run("ip addr add 192.0.2.2/24 dev far && ip link set far up"))
		return -1;
	return enter(cable->here);
}

int setup_cable(struct setup *s, struct cable *cable)
{
	if (fresh_netns())
		return -1;
	cable->there = this_netns();
	if (setup_path(s, V4, NULL))
		return -1;
	cable->here = this_netns();
	return plug(cable);
}

void cable_close(struct cable *cable)
{
	close_fd(&cable->here);
	close_fd(&cable->there);
}

int cable_connect(const struct cable *cable, struct path *path, int (*prepare)(int fd))
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(7) };
	int listener;

	inet_pton(AF_INET, "192.0.2.2", &at.sin_addr);
	if (enter(cable->there))
		return -1;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (enter(cable->here))
		return -1;
	close_fd(&path->leg[PEER]);
	close_fd(&path->end[PEER]);
	path->leg[PEER] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (prepare && (prepare(listener) || prepare(path->leg[PEER])))
		return -1;
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 1) ||
	    connect(path->leg[PEER], (struct sockaddr *)&at, sizeof(at)))
		return fail_errno("connect");
	path->end[PEER] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return path->end[PEER] < 0 ? fail_errno("accept") : 0;
}

int cable_unplug(const struct cable *cable)
{
	int ret;

	if (enter(cable->there))
		return -1;
	ret = run("ip link set far down");
	return enter(cable->here) || ret ? -1 : 0;
}
