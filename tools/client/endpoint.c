// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "endpoint.h"
#include "net.h"

int endpoint_failed(const char *what, int err)
{
	if (err > 0)
		fprintf(stderr, "kturn-client: %s: %d %s\n", what, err, stun_error_str(err));
	else
		fprintf(stderr, "kturn-client: %s: %s\n", what, strerror(-err));
	return -1;
}

static void print_addr(const char *word, const union addr *addr)
{
	char text[ADDR_STR_LEN];

	printf("%s %s\n", word, addr_str(addr, text));
}

static const union addr *local_addr(const struct options *opt)
{
	return opt->has_bind ? &opt->bind : NULL;
}

/* A client proves that the allocation can be kept, as it has to later on. */
static int allocate(struct turn *turn, const struct options *opt)
{
	int err;

	err = turn_open_secure(turn, &opt->via, local_addr(opt), opt->user, opt->password,
			       opt->tls ? &opt->secure : NULL);
	if (err)
		return endpoint_failed("connecting to the server", err);
	turn->challenge.rfc5389 = opt->rfc5389;
	err = turn_allocate(turn, opt->family, opt->lifetime);
	if (err)
		return endpoint_failed("Allocate", err);
	err = turn_refresh(turn, opt->lifetime);
	if (err)
		return endpoint_failed("Refresh", err);
	return 0;
}

/* The line with the relayed address tells that the peer may come. */
static int wait_for_peer(struct turn *turn, const struct options *opt, uint32_t *id)
{
	struct turn_attempt attempt;
	int err;

	err = turn_permit(turn, &opt->from);
	if (err)
		return endpoint_failed("CreatePermission", err);
	print_addr("relayed", &turn->relayed);
	err = turn_await(turn, &attempt, opt->timeout * 1000);
	if (err)
		return endpoint_failed("waiting for a ConnectionAttempt", err);
	print_addr("attempt", &attempt.peer);
	*id = attempt.id;
	return 0;
}

static int connect_to_peer(struct turn *turn, const struct options *opt, uint32_t *id)
{
	int err;

	print_addr("relayed", &turn->relayed);
	err = turn_connect(turn, &opt->to, id);
	if (err)
		return endpoint_failed("Connect", err);
	print_addr("connected", &opt->to);
	return 0;
}

static int open_via(struct endpoint *end, const struct options *opt)
{
	uint32_t id;
	int err;

	if (allocate(&end->turn, opt))
		return -1;
	err = opt->has_from ? wait_for_peer(&end->turn, opt, &id)
			    : connect_to_peer(&end->turn, opt, &id);
	if (err)
		return err;
	sleep(opt->hold);
	err = turn_bind(&end->turn, id, &end->fd);
	if (err)
		return endpoint_failed("ConnectionBind", err);
	printf("bound 0x%08x\n", id);
	return 0;
}

static int open_listening(struct endpoint *end, const struct options *opt)
{
	union addr at = opt->listen, peer;
	int listener = net_listen(&at);

	if (listener < 0)
		return endpoint_failed("listening", listener);
	print_addr("listening", &at);
	end->fd = net_accept(listener, &peer, opt->timeout * 1000);
	close(listener);
	if (end->fd < 0)
		return endpoint_failed("waiting for a connection", end->fd);
	print_addr("accepted", &peer);
	return 0;
}

static int open_connecting(struct endpoint *end, const struct options *opt)
{
	end->fd = net_connect(&opt->to, local_addr(opt), opt->timeout * 1000);
	if (end->fd < 0)
		return endpoint_failed("connecting", end->fd);
	print_addr("connected", &opt->to);
	return 0;
}

int endpoint_open(struct endpoint *end, const struct options *opt)
{
	end->turn.control = -1;
	end->fd = -1;
	if (opt->has_via)
		return open_via(end, opt);
	return opt->has_listen ? open_listening(end, opt) : open_connecting(end, opt);
}

void endpoint_close(struct endpoint *end)
{
	if (end->fd >= 0)
		close(end->fd);
	turn_close(&end->turn);
}
