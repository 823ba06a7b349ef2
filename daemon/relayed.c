// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ports.h"
#include "relayed.h"
#include "sock.h"
#include "udp.h"
#include "worker.h"

/* Peers waiting to be accepted; the loop accepts at once, so this is a burst. */
#define BACKLOG 128

/* Ports of strangers that one Allocate may come across. */
#define TRIES 1024

/* Pairs of ports that one Allocate may try. */
#define PAIR_TRIES 64

struct relayed_pool {
	const struct config *config;
	struct ports ports[];	/* of each relay-ip */
};

bool relayed_supports(const struct config *config, sa_family_t family)
{
	for (unsigned int i = 0; i < config->relay_ip.n; i++)
		if (config->relay_ip.addr[i].sa.sa_family == family)
			return true;
	return false;
}

/*
 * Take one address for ourselves. SO_REUSEADDR tells TIME-WAIT connections from
 * a listener: only the latter makes bind() or listen() fail, and every living
 * allocation has one. SO_REUSEPORT, which relayed_socket() needs on both sides,
 * comes last: set earlier it would let two listeners share the port.
 */
static int listen_on(const union addr *addr)
{
	int fd = sock_listen(addr, BACKLOG), err;

	if (fd < 0)
		return fd;
	err = sock_set(fd, SO_REUSEPORT);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int bind_on(const union addr *addr)
{
	return udp_bind(addr, UDP_ALONE);
}

/* What kind of port, and what kind of socket. */
struct wish {
	int (*take)(struct ports *ports, time_t now);
	int (*open)(const union addr *addr);
};

struct relayed_pool *relayed_pool_new(const struct config *config)
{
	struct relayed_pool *pool = calloc(1, sizeof(*pool) +
					   config->relay_ip.n * sizeof(pool->ports[0]));

	if (!pool)
		return NULL;
	pool->config = config;
	for (unsigned int i = 0; i < config->relay_ip.n; i++)
		ports_init(&pool->ports[i], config->min_port, config->max_port);
	return pool;
}

void relayed_pool_free(struct relayed_pool *pool)
{
	free(pool);
}

/*
 * What we have taken ourselves is never tried. Should others hold much of the
 * range, an Allocate gives up in time, and the next one begins where that has ended.
 */
static int open_any_port(struct ports *ports, const struct wish *wish, union addr *addr)
{
	time_t now = worker_now();

	for (int i = 0; i < TRIES; i++) {
		int port = wish->take(ports, now), fd;

		if (port < 0)
			return port;
		addr_set_port(addr, port);
		fd = wish->open(addr);
		if (fd >= 0)
			return fd;
		if (fd != -EADDRINUSE) {
			ports_release(ports, port);
			return fd;
		}
		ports_foreign(ports, port);
	}
	return -EADDRINUSE;
}

static int open_any(struct relayed_pool *pool, sa_family_t family, const struct wish *wish,
		    union addr *addr)
{
	const struct config_addrs *ips = &pool->config->relay_ip;
	int fd = -EAFNOSUPPORT;

	for (unsigned int i = 0; i < ips->n; i++) {
		if (ips->addr[i].sa.sa_family != family)
			continue;
		*addr = ips->addr[i];
		fd = open_any_port(&pool->ports[i], wish, addr);
		if (fd >= 0)
			break;
	}
	return fd;
}

int relayed_listen(struct relayed_pool *pool, sa_family_t family, union addr *addr)
{
	static const struct wish wish = { ports_take, listen_on };

	return open_any(pool, family, &wish, addr);
}

int relayed_bind(struct relayed_pool *pool, sa_family_t family, bool even,
		 union addr *addr)
{
	static const struct wish any = { ports_take, bind_on };
	static const struct wish wish_even = { ports_take_even, bind_on };

	return open_any(pool, family, even ? &wish_even : &any, addr);
}

static struct ports *ports_of(struct relayed_pool *pool, const union addr *addr)
{
	const struct config_addrs *ips = &pool->config->relay_ip;

	for (unsigned int i = 0; i < ips->n; i++)
		if (addr_same_ip(&ips->addr[i], addr))
			return &pool->ports[i];
	return NULL;
}

/* Return: a socket on the port behind @addr's. */
static int bind_next(struct relayed_pool *pool, const union addr *addr)
{
	struct ports *ports = ports_of(pool, addr);
	union addr next = *addr;
	uint16_t port = addr_port(addr) + 1;
	int fd = ports_take_this(ports, port);

	if (fd < 0)
		return fd;
	addr_set_port(&next, port);
	fd = bind_on(&next);
	if (fd < 0)
		ports_foreign(ports, port);
	return fd;
}

int relayed_bind_pair(struct relayed_pool *pool, sa_family_t family, union addr *addr,
		      int *next)
{
	for (int i = 0; i < PAIR_TRIES; i++) {
		int fd = relayed_bind(pool, family, true, addr);

		if (fd < 0)
			return fd;
		*next = bind_next(pool, addr);
		if (*next >= 0)
			return fd;
		close(fd);
		relayed_release(pool, addr);
	}
	return -EADDRINUSE;
}

int relayed_retake(struct relayed_pool *pool, const union addr *addr)
{
	struct ports *ports = ports_of(pool, addr);

	return ports ? ports_take_this(ports, addr_port(addr)) : -EADDRINUSE;
}

void relayed_release(struct relayed_pool *pool, const union addr *addr)
{
	struct ports *ports = ports_of(pool, addr);

	if (ports)
		ports_release(ports, addr_port(addr));
}

int relayed_socket(const union addr *addr)
{
	int fd = sock_stream(addr), err;

	if (fd < 0)
		return fd;
	err = sock_set(fd, SO_REUSEADDR);
	if (!err)
		err = sock_set(fd, SO_REUSEPORT);
	if (!err && bind(fd, &addr->sa, addr_len(addr)))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}
