// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <unistd.h>

#include "relayed.h"
#include "sock.h"

/* Peers waiting to be accepted; the loop accepts at once, so this is a burst. */
#define BACKLOG 128

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
	int fd = sock_stream(addr), err;

	if (fd < 0)
		return fd;
	err = sock_set(fd, SO_REUSEADDR);
	if (!err && (bind(fd, &addr->sa, addr_len(addr)) || listen(fd, BACKLOG)))
		err = -errno;
	if (!err)
		err = sock_set(fd, SO_REUSEPORT);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static unsigned int gcd(unsigned int a, unsigned int b)
{
	while (b) {
		unsigned int rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * Walk through all ports of the range, from a random one in random strides. A
 * stride that shares no factor with their number misses none.
 */
static int listen_on_any_port(const struct config *config, union addr *addr)
{
	unsigned int n = config->max_port - config->min_port + 1;
	unsigned int random[2], stride;
	int fd = -EADDRINUSE;

	if (gnutls_rnd(GNUTLS_RND_RANDOM, random, sizeof(random)))
		return -EIO;
	stride = 1 + random[0] % n;
	while (gcd(stride, n) != 1)
		stride = 1 + stride % n;
	for (unsigned int i = 0; i < n && fd == -EADDRINUSE; i++) {
		addr_set_port(addr, config->min_port + (random[1] % n + i * stride) % n);
		fd = listen_on(addr);
	}
	return fd;
}

int relayed_listen(const struct config *config, sa_family_t family, union addr *addr)
{
	int fd = -EAFNOSUPPORT;

	for (unsigned int i = 0; i < config->relay_ip.n; i++) {
		if (config->relay_ip.addr[i].sa.sa_family != family)
			continue;
		*addr = config->relay_ip.addr[i];
		fd = listen_on_any_port(config, addr);
		if (fd >= 0)
			break;
	}
	return fd;
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
