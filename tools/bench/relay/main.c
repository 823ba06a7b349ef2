// SPDX-License-Identifier: GPL-2.0-only
/*
 * relay: joins each connection that it accepts with one to a fixed address, in
 * one of several ways. What the benchmark compares kturn with.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loop.h"
#include "net.h"

#define TIMEOUT 20000	/* ms for a connect */

static const struct engine *const engines[] = {
	&engine_readwrite, &engine_splice, &engine_sockmap, &engine_module,
	&engine_module_process,
};

static const struct engine *engine;
static union addr target;

static void usage(void)
{
	fputs("usage: relay ENGINE LISTEN-ADDRESS:PORT TARGET-ADDRESS:PORT\n"
	      "engines: readwrite, splice, sockmap, module, module-process\n",
	      stderr);
	exit(2);
}

static const struct engine *engine_named(const char *name)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(*engines); i++)
		if (!strcmp(engines[i]->name, name))
			return engines[i];
	usage();
	return NULL;
}

static void parse(union addr *addr, const char *text)
{
	if (net_endpoint(addr, text, 0) || !addr_port(addr))
		usage();
}

static void unblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* The target answers at once or not at all: waiting for it here is no loss. */
static void on_connection(int listener)
{
	int client = net_accept(listener, NULL, TIMEOUT);
	int peer = client < 0 ? client : net_connect(&target, NULL, TIMEOUT);

	if (peer < 0) {
		fprintf(stderr, "relay: %s\n", strerror(-peer));
		if (client >= 0)
			net_reset(client);
		return;
	}
	unblock(client);
	unblock(peer);
	if (engine->add(client, peer)) {
		net_reset(client);
		net_reset(peer);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 100000, 100000 };
	union addr at;
	int listener;

	if (argc != 4)
		usage();
	engine = engine_named(argv[1]);
	parse(&at, argv[2]);
	parse(&target, argv[3]);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);
	listener = net_listen(&at);
	if (listener < 0 || engine->open() || loop_watch(listener, on_connection)) {
		fprintf(stderr, "relay: cannot start\n");
		return EXIT_FAILURE;
	}
	loop_run();
}
