// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "netns.h"
#include "pairs.h"
#include "turn.h"

/* Bytes, as the kernel counts them: payload and what is around it. */
#define SEND_BUFFER	(256 << 10)
#define RECEIVE_BUFFER	(512 << 10)

static const char *failure(int err)
{
	return err > 0 ? stun_error_str(err) : strerror(-err);
}

static int listen_all(struct pairs *pairs, const struct job *job)
{
	for (unsigned int i = 0; i < job->per_allocation; i++) {
		union addr at = job->peer;

		addr_set_port(&at, addr_port(&at) + i);
		pairs->listeners[i] = net_listen(&at);
		if (pairs->listeners[i] < 0)
			return pairs->listeners[i];
	}
	return 0;
}

int pairs_prepare(struct pairs *pairs, const struct job *job, struct result *result)
{
	int err;

	memset(pairs, 0, sizeof(*pairs));
	pairs->client = calloc(job->relays, sizeof(*pairs->client));
	pairs->peer = calloc(job->relays, sizeof(*pairs->peer));
	pairs->listeners = calloc(job->per_allocation, sizeof(*pairs->listeners));
	pairs->turn = calloc(job->relays, sizeof(*pairs->turn));
	err = netns_enter(job->peer_ns);
	if (!err)
		err = listen_all(pairs, job);
	if (!err)
		err = netns_enter(job->client_ns);
	return err ? result_fail(result, "preparing: %s", failure(err)) : 0;
}

static int open_plain(struct pairs *pairs, const struct job *job, struct result *result)
{
	int fd = net_connect(&job->to, NULL, job->timeout_ms);

	if (fd < 0)
		return result_fail(result, "connecting: %s", failure(fd));
	pairs->client[pairs->n] = fd;
	fd = net_accept(pairs->listeners[0], NULL, job->timeout_ms);
	if (fd < 0)
		return result_fail(result, "accepting: %s", failure(fd));
	pairs->peer[pairs->n] = fd;
	return 0;
}

static int allocate(struct pairs *pairs, const struct job *job, struct result *result)
{
	struct turn *turn = &pairs->turn[pairs->n_turn];
	int err;

	err = turn_open_secure(turn, &job->via, NULL, job->user, job->password,
			       job->secure);
	if (err)
		return result_fail(result, "connecting: %s", failure(err));
	pairs->n_turn++;
	err = turn_allocate(turn, AF_UNSPEC, 3600);
	return err ? result_fail(result, "Allocate: %s", failure(err)) : 0;
}

static int open_turn(struct pairs *pairs, const struct job *job, struct result *result)
{
	unsigned int nth = pairs->n % job->per_allocation;
	union addr peer = job->peer;
	struct turn *turn;
	uint32_t id;
	int fd, err;

	if (!nth && allocate(pairs, job, result))
		return -1;
	turn = &pairs->turn[pairs->n_turn - 1];
	/* An allocation has one connection to an address and port. */
	addr_set_port(&peer, addr_port(&peer) + nth);
	err = turn_connect(turn, &peer, &id);
	if (err)
		return result_fail(result, "Connect: %s", failure(err));
	fd = net_accept(pairs->listeners[nth], NULL, job->timeout_ms);
	if (fd < 0)
		return result_fail(result, "accepting: %s", failure(fd));
	pairs->peer[pairs->n] = fd;
	err = turn_bind(turn, id, &pairs->client[pairs->n]);
	return err ? result_fail(result, "ConnectionBind: %s", failure(err)) : 0;
}

/* The number of a stream, there and back. */
static int try_out(const struct pairs *pairs, const struct job *job, struct result *result)
{
	int client = pairs->client[pairs->n], peer = pairs->peer[pairs->n];
	uint64_t number = pairs->n + 1, there = 0, back = 0;
	int err;

	err = net_send(client, &number, sizeof(number), job->timeout_ms);
	if (!err)
		err = net_recv_all(peer, &there, sizeof(there), job->timeout_ms);
	if (!err)
		err = net_send(peer, &there, sizeof(there), job->timeout_ms);
	if (!err)
		err = net_recv_all(client, &back, sizeof(back), job->timeout_ms);
	if (err)
		return result_fail(result, "first bytes: %s", failure(err));
	if (there != number || back != number)
		return result_fail(result, "first bytes: not those that were sent");
	return 0;
}

/*
 * The ends have buffers of a fixed size. The kernel's own growing ones settle
 * now here and now there, and with them the number of bytes that travel together,
 * which decides the cost. What lies between keeps its own.
 */
static void fix_buffers(int fd)
{
	const int send = SEND_BUFFER / 2, receive = RECEIVE_BUFFER / 2; /* it doubles them */

	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send, sizeof(send));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof(receive));
}

int pairs_add(struct pairs *pairs, const struct job *job, struct result *result)
{
	if (job->has_via ? open_turn(pairs, job, result) : open_plain(pairs, job, result))
		return -1;
	if (!job->auto_buffers) {
		fix_buffers(pairs->client[pairs->n]);
		fix_buffers(pairs->peer[pairs->n]);
	}
	if (try_out(pairs, job, result))
		return -1;
	pairs->n++;
	return 0;
}

int pairs_open(struct pairs *pairs, const struct job *job, struct result *result)
{
	if (pairs_prepare(pairs, job, result))
		return -1;
	while (pairs->n < job->relays)
		if (pairs_add(pairs, job, result))
			return -1;
	return 0;
}

void pairs_drop(struct pairs *pairs)
{
	for (unsigned int i = 0; i < pairs->n; i++) {
		close(pairs->client[i]);
		close(pairs->peer[i]);
	}
	for (unsigned int i = 0; i < pairs->n_turn; i++)
		turn_close(&pairs->turn[i]);
	pairs->n = 0;
	pairs->n_turn = 0;
}

void pairs_close(struct pairs *pairs)
{
	pairs_drop(pairs);
	free(pairs->client);
	free(pairs->peer);
	free(pairs->listeners);
	free(pairs->turn);
}
