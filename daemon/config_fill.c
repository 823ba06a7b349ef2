// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>

#include "config_internal.h"
#include "macros.h"
#include "redis_address.h"
#include "worker.h"

static void fill_listening(struct config *config)
{
	struct config_addrs *list = &config->listening_ip;

	if (list->n)
		return;
	config->listening_any = true;
	addr_parse(&list->addr[list->n++], "0.0.0.0");
	addr_parse(&list->addr[list->n++], "::");
}

static bool has_family(const struct config_addrs *list, int family)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (list->addr[i].sa.sa_family == family)
			return true;
	return false;
}

static bool is_useful(const struct ifaddrs *ifa, union addr *addr)
{
	if (!ifa->ifa_addr || !(ifa->ifa_flags & IFF_UP) || ifa->ifa_flags & IFF_LOOPBACK)
		return false;
	if (addr_from_sockaddr(addr, ifa->ifa_addr))
		return false;
	return addr->sa.sa_family == AF_INET ||
	       !IN6_IS_ADDR_LINKLOCAL(&addr->v6.sin6_addr);
}

/* The first address of each family that is not loopback or link-local. */
static void fill_relay_from_host(struct config *config, struct config_errors *errors)
{
	struct config_addrs *list = &config->relay_ip;
	struct ifaddrs *all;
	union addr addr;

	if (getifaddrs(&all)) {
		config_complain(errors, "relay-ip: missing, and no interface to ask: %s",
				strerror(errno));
		return;
	}
	for (struct ifaddrs *ifa = all; ifa; ifa = ifa->ifa_next) {
		if (!is_useful(ifa, &addr) || has_family(list, addr.sa.sa_family))
			continue;
		addr_set_port(&addr, 0);
		list->addr[list->n++] = addr;
	}
	freeifaddrs(all);
	if (!list->n)
		config_complain(errors, "relay-ip: missing, and this host has only loopback addresses");
}

static void fill_relay(struct config *config, struct config_errors *errors)
{
	const struct config_addrs *listening = &config->listening_ip;
	struct config_addrs *list = &config->relay_ip;

	if (list->n)
		return;
	for (unsigned int i = 0; i < listening->n; i++)
		if (!addr_is_any(&listening->addr[i]))
			list->addr[list->n++] = listening->addr[i];
	if (!list->n)
		fill_relay_from_host(config, errors);
}

static void deny_door(struct config *config, const union addr *addr,
		      struct config_errors *errors)
{
	if (acl_add_endpoint(&config->acl, addr, "the server itself"))
		config_complain(errors, "listening-ip: no memory");
}

/* Who reaches Redis by way of a relay would come from an address that it trusts. */
static void deny_redis(struct config *config, struct config_errors *errors)
{
	union addr addr;

	if (!config->redis || addr_parse(&addr, config->redis->host))
		return;		/* it has a socket of this host */
	addr_set_port(&addr, config->redis->port);
	if (acl_add_endpoint(&config->acl, &addr, "Redis"))
		config_complain(errors, "redis-userdb: no memory");
}

static void deny_ports(struct config *config, const union addr *ip,
		       struct config_errors *errors)
{
	bool has_tls = config->tls || config->dtls;
	const uint16_t ports[] = {
		config->listening_port, has_tls ? config->tls_listening_port : 0,
		config->tcp_proxy_port, config->alt_listening_port,
		has_tls ? config->alt_tls_listening_port : 0,
	};
	union addr addr = *ip;

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		addr_set_port(&addr, ports[i]);
		if (ports[i])
			deny_door(config, &addr, errors);
	}
}

/*
 * A client has no business with the server by way of its own relay: there it
 * would come from an address that others trust.
 */
void config_deny_doors(struct config *config, struct config_errors *errors)
{
	for (unsigned int i = 0; i < config->listening_ip.n; i++)
		deny_ports(config, &config->listening_ip.addr[i], errors);
	for (unsigned int i = 0; i < config->aux_server.n; i++)
		deny_door(config, &config->aux_server.addr[i], errors);
	for (unsigned int i = 0; i < config->relay_ip.n; i++)
		deny_ports(config, &config->relay_ip.addr[i], errors);
	for (unsigned int i = 0; i < config->n_external_ip; i++)
		deny_ports(config, &config->external_ip[i].is_public, errors);
	deny_redis(config, errors);
}

/* One thread for each CPU that we may use. */
static void fill_threads(struct config *config)
{
	cpu_set_t cpus;
	int n = 1;

	if (config->relay_threads)
		return;
	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		n = CPU_COUNT(&cpus);
	config->relay_threads = n < WORKERS_MAX ? n : WORKERS_MAX;
}

static void check_transports(const struct config *config, struct config_errors *errors)
{
	if (config->no_udp && config->no_tcp && !config->tls && !config->dtls)
		config_complain(errors, "no-tcp: with no-udp and without TLS nobody could come");
	if (config->no_udp_relay && config->no_tcp_relay)
		config_complain(errors, "no-tcp-relay: contradicts no-udp-relay: "
			 "nothing would be relayed");
}

/* The one that was given, for the other may be a default. */
static void check_ports(const struct config *config, struct config_errors *errors)
{
	if (config->min_port <= config->max_port)
		return;
	if (config_given(errors, "min-port"))
		config_complain(errors, "min-port: %u: should be at most max-port, %u",
				config->min_port, config->max_port);
	else
		config_complain(errors, "max-port: %u: should be at least min-port, %u",
				config->max_port, config->min_port);
}

bool config_other_ip(const struct config *config, const union addr *addr, union addr *other)
{
	const union addr *even = NULL, *it;

	for (unsigned int i = 0; i < config->listening_ip.n; i++) {
		it = &config->listening_ip.addr[i];
		if (it->sa.sa_family != addr->sa.sa_family || addr_is_any(it))
			continue;
		if (!even) {
			even = it;
			continue;
		}
		if (addr_same_ip(even, addr) || addr_same_ip(it, addr)) {
			*other = addr_same_ip(it, addr) ? *even : *it;
			return true;
		}
		even = NULL;
	}
	return false;
}

static bool has_two_of_a_family(const struct config *config)
{
	union addr other;

	for (unsigned int i = 0; i < config->listening_ip.n; i++)
		if (config_other_ip(config, &config->listening_ip.addr[i], &other))
			return true;
	return false;
}

static void fill_alt_ports(struct config *config, struct config_errors *errors)
{
	if (!config->rfc5780) {
		if (config->alt_listening_port)
			config_warn(errors, "alt-listening-port: has no effect: "
				    "it belongs to rfc5780");
		if (config->alt_tls_listening_port)
			config_warn(errors, "alt-tls-listening-port: has no effect: "
				    "it belongs to rfc5780");
		config->alt_listening_port = 0;
		config->alt_tls_listening_port = 0;
		return;
	}
	if (!has_two_of_a_family(config))
		config_complain(errors, "rfc5780: needs two listening-ip of one family");
	if (!config->alt_listening_port)
		config->alt_listening_port = config->listening_port + 1;
	if (!config->alt_tls_listening_port)
		config->alt_tls_listening_port = config->tls_listening_port + 1;
	if (!config->alt_listening_port || !config->alt_tls_listening_port ||
	    config->alt_listening_port == config->listening_port ||
	    config->alt_tls_listening_port == config->tls_listening_port)
		config_complain(errors,
				"alt-listening-port: has to be a port besides listening-port");
}

static void check_stun(const struct config *config, struct config_errors *errors)
{
	if (config->stun_only && config->no_stun)
		config_complain(errors, "stun-only: contradicts no-stun: nothing would be answered");
	if (config->rfc5780 && config->no_stun)
		config_complain(errors, "rfc5780: contradicts no-stun");
	if (config->secure_stun && config->no_stun)
		config_complain(errors, "secure-stun: contradicts no-stun");
	if (config->secure_stun && config->no_auth)
		config_complain(errors, "secure-stun: contradicts no-auth: nobody would be asked");
}

void config_fill(struct config *config, struct config_errors *errors)
{
	fill_listening(config);
	fill_relay(config, errors);
	fill_threads(config);
	config_fill_auth(config, errors);
	config_fill_tls(config, errors);
	config_fill_log(config, errors);
	check_transports(config, errors);
	check_stun(config, errors);
	if (config->mobility && config->no_auth)
		config_complain(errors, "mobility: contradicts no-auth: "
				"whoever sees a ticket could take the allocation");
	fill_alt_ports(config, errors);
	config_deny_doors(config, errors);
	if (config->bps_capacity && !config->max_bps)
		config_complain(errors, "bps-capacity: needs max-bps, of which it is made up");
	check_ports(config, errors);
}

void config_external_addr(const struct config *config, union addr *addr)
{
	for (unsigned int i = 0; i < config->n_external_ip; i++) {
		const struct config_external *ext = &config->external_ip[i];
		uint16_t port = addr_port(addr);

		if (ext->is_public.sa.sa_family != addr->sa.sa_family)
			continue;
		if (ext->is_private.sa.sa_family && !addr_same_ip(&ext->is_private, addr))
			continue;
		*addr = ext->is_public;
		addr_set_port(addr, port);
		return;
	}
}
