// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "acceptor.h"
#include "allocation.h"
#include "auth_user.h"
#include "config.h"
#include "connection.h"
#include "log.h"
#include "log_who.h"
#include "relay_udp.h"
#include "relayed.h"
#include "server.h"
#include "session.h"
#include "worker.h"

static void on_peer(int fd, const union addr *peer, void *arg)
{
	connection_accept(arg, fd, peer);
}

/* Return: the error code that a failure stands for. */
static unsigned int refuse(const struct allocation *allocation, int err)
{
	char who[LOG_WHO_LEN];

	log_limited(log_warning, "allocation failed", "%s error=\"%s\"",
		    log_who_allocation(who, allocation), strerror(-err));
	return err == -EAFNOSUPPORT ? 440 : 508;
}

static struct server *server_of(const struct allocation *allocation)
{
	return allocation->session->worker->server;
}

static bool open_relayed(struct allocation *allocation, int fd,
			 struct allocation_relayed *relayed)
{
	struct worker *worker = allocation->session->worker;

	if (allocation->transport == IPPROTO_TCP)
		allocation->acceptor = acceptor_open(worker->base, fd, on_peer, allocation);
	else
		relayed->udp = relay_udp_open(allocation, fd, &relayed->addr);
	return allocation->acceptor || relayed->udp;
}

static struct relayed_pool *pool_of(const struct allocation *allocation)
{
	const struct server *server = server_of(allocation);

	return allocation->transport == IPPROTO_TCP ? server->relayed : server->relayed_udp;
}

int allocation_add(struct allocation *allocation, int fd, const union addr *addr)
{
	struct allocation_relayed *relayed = &allocation->relayed[allocation->n_relayed];

	relayed->addr = *addr;
	if (!open_relayed(allocation, fd, relayed)) {
		close(fd);
		relayed_release(pool_of(allocation), addr);
		return -ENOMEM;
	}
	allocation->n_relayed++;
	return 0;
}

/* The socket @fd, if it is one, is taken over, whatever comes of it. */
static unsigned int add(struct allocation *allocation, int fd, const union addr *addr)
{
	int err = fd < 0 ? fd : allocation_add(allocation, fd, addr);

	return err ? refuse(allocation, err) : 0;
}

static unsigned int open_tcp(struct allocation *allocation, struct allocation_request *request)
{
	union addr addr;
	int fd = relayed_listen(server_of(allocation)->relayed, request->family, &addr);

	/* It has one family only (RFC 6062, 4.1). */
	if (request->additional) {
		request->lacking = AF_INET6;
		request->lacking_code = 440;
	}
	return add(allocation, fd, &addr);
}

/*
 * A reservation outlives the allocation that it came with, which user-quota counts: so
 * that bounds these as well. A generous one, meant for what lasts, does not, and where
 * nobody is asked who he is there is none; then it is an equal share.
 */
static struct reservation_owner owner_of(const struct allocation *allocation)
{
	unsigned int quota = allocation->session->worker->config->user_quota;
	struct reservation_owner owner = { .max = RESERVATION_SHARE };
	const struct auth_user *user = allocation->user;

	if (!user) {
		owner.key = addr_network(&allocation->session->client, &owner.len);
		return owner;
	}
	owner.key = user->account;
	owner.len = user->account_len;
	if (quota && quota < owner.max)
		owner.max = quota;
	return owner;
}

/* RESERVATION-TOKEN: of the user who has it from us, whoever else has come by it. */
static unsigned int open_reserved(struct allocation *allocation, const uint8_t *token)
{
	const struct reservation_owner owner = owner_of(allocation);
	union addr addr;
	int fd = reservations_take(&server_of(allocation)->reservations, worker_now(), token,
				   allocation->user ? &owner : NULL, &addr);

	/* Nothing has failed here: the client was late, or has guessed. */
	return fd == -ENOENT ? 508 : add(allocation, fd, &addr);
}

/* The socket @fd is taken over, whatever comes of it. */
static unsigned int hold(struct allocation *allocation, int fd, const union addr *addr,
			 uint8_t token[RESERVATION_TOKEN_LEN])
{
	const struct reservation_owner owner = owner_of(allocation);
	struct server *server = server_of(allocation);
	int err = reservations_hold(&server->reservations, fd, addr, &owner, worker_now(),
				    token);

	if (!err)
		return 0;
	close(fd);
	relayed_release(server->relayed_udp, addr);
	/* His fault, not ours; and to be told of each would fill the log. */
	return err == -EDQUOT ? 486 : refuse(allocation, err);
}

/* EVEN-PORT with the R bit: all or nothing, which allocation_create() sees to. */
static unsigned int open_pair(struct allocation *allocation, struct allocation_request *request)
{
	union addr addr, next_addr;
	unsigned int code, held;
	int next;
	int fd = relayed_bind_pair(server_of(allocation)->relayed_udp, request->family, &addr,
				   &next);

	if (fd < 0)
		return refuse(allocation, fd);
	next_addr = addr;
	addr_set_port(&next_addr, addr_port(&addr) + 1);
	held = hold(allocation, next, &next_addr, request->reserved);
	code = add(allocation, fd, &addr);
	return code ? code : held;
}

static unsigned int open_family(struct allocation *allocation, sa_family_t family, bool even)
{
	union addr addr;
	int fd = relayed_bind(server_of(allocation)->relayed_udp, family, even, &addr);

	return add(allocation, fd, &addr);
}

/* Two families: one of them is better than none (RFC 8656, 7.2, check 9). */
static unsigned int open_both(struct allocation *allocation, struct allocation_request *request)
{
	unsigned int v4 = open_family(allocation, AF_INET, request->even);
	unsigned int v6 = open_family(allocation, AF_INET6, request->even);

	if (v4 && v6)
		return v4 == 440 && v6 == 440 ? 440 : 508;
	request->lacking = v4 ? AF_INET : v6 ? AF_INET6 : AF_UNSPEC;
	request->lacking_code = v4 ? v4 : v6;
	return 0;
}

unsigned int allocation_open(struct allocation *allocation, struct allocation_request *request)
{
	if (request->transport == IPPROTO_TCP)
		return open_tcp(allocation, request);
	if (request->token)
		return open_reserved(allocation, request->token);
	if (request->reserve)
		return open_pair(allocation, request);
	if (request->additional)
		return open_both(allocation, request);
	return open_family(allocation, request->family, request->even);
}
