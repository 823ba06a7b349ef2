// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "acl.h"
#include "macros.h"
#include "sock.h"

#define TEXT_LEN (2 * INET6_ADDRSTRLEN)

/*
 * Every address is 16 bytes here, an IPv4 one in its v4-mapped form. So a
 * mapped address cannot differ from the IPv4 address it stands for, and one
 * memcmp() orders both families.
 */
struct ip {
	uint8_t b[16];
};

struct acl_range {
	struct acl_range *next;
	struct ip first, last;
	char text[TEXT_LEN];
};

struct acl_endpoint {
	struct acl_endpoint *next;
	struct ip ip;
	uint16_t port;
	bool any;		/* every address of this host, of ip's family */
	const char *why;
};

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/*
 * What the administrator does not write. Read when it is first asked for, so that
 * an acl may begin as zeros.
 */

/* Through a tunnel, relayed data may come back to its relay (RFC 8656, 21.4). */
static struct acl_range tunnels[] = {
	{ .text = "2001::/32" },	/* Teredo */
	{ .text = "2002::/16" },	/* 6to4 */
};

static struct acl_range loopback[] = { { .text = "127.0.0.0/8" }, { .text = "::1" } };

/* No peer that a stranger should reach by way of this host. */
static struct acl_range never[] = {
	{ .text = "0.0.0.0/8" },	/* "this" network: 0.0.0.0 is the host itself */
	{ .text = "169.254.0.0/16" },	/* link-local, and cloud metadata */
	{ .text = "224.0.0.0/4" },	/* multicast */
	{ .text = "255.255.255.255" },	/* broadcast */
	{ .text = "::" },		/* unspecified: the host itself */
	{ .text = "64:ff9b:1::/104" },	/* "this" network, behind local NAT64 */
	{ .text = "fe80::/10" },	/* link-local */
	{ .text = "fec0::/10" },	/* site-local, the old unique local */
	{ .text = "fc00::/7" },		/* unique local */
	{ .text = "ff00::/8" },		/* multicast */
};

/* How an embedded IPv4 address is to be read. */
enum reading {
	PLAIN,
	INVERTED,
	ONE_OF_SEVERAL,		/* nobody knows in which of some places it is */
};

/*
 * Where an IPv6 address carries an IPv4 one. In the prefix for local NAT64 (RFC
 * 8215) each site chooses one of the places of RFC 6052; all of them are looked
 * at, so an address is rather refused for nothing than let through.
 */
static const struct embedding {
	uint8_t prefix[12];
	unsigned int len;	/* of the prefix, in bytes */
	uint8_t at[4];		/* of the IPv4 address, in bytes */
	enum reading reading;
} embeddings[] = {
	{ { 0 }, 12, { 12, 13, 14, 15 }, PLAIN },			/* compatible */
	{ { [8] = 0xff, 0xff }, 12, { 12, 13, 14, 15 }, PLAIN },	/* RFC 2765 */
	{ { 0x00, 0x64, 0xff, 0x9b }, 12, { 12, 13, 14, 15 }, PLAIN },	/* NAT64 */
	{ { 0x00, 0x64, 0xff, 0x9b, 0, 1 }, 6, { 12, 13, 14, 15 }, ONE_OF_SEVERAL },
	{ { 0x00, 0x64, 0xff, 0x9b, 0, 1 }, 6, { 9, 10, 11, 12 }, ONE_OF_SEVERAL },
	{ { 0x00, 0x64, 0xff, 0x9b, 0, 1 }, 6, { 7, 9, 10, 11 }, ONE_OF_SEVERAL },
	{ { 0x00, 0x64, 0xff, 0x9b, 0, 1 }, 6, { 6, 7, 9, 10 }, ONE_OF_SEVERAL },
	{ { 0x20, 0x02 }, 2, { 2, 3, 4, 5 }, PLAIN },			/* 6to4 */
	{ { 0x20, 0x01, 0, 0 }, 4, { 4, 5, 6, 7 }, PLAIN },		/* Teredo server */
	{ { 0x20, 0x01, 0, 0 }, 4, { 12, 13, 14, 15 }, INVERTED },	/* Teredo client */
};

static struct ip ip_from_v4(const uint8_t v4[4])
{
	struct ip ip;

	memcpy(ip.b, mapped_prefix, sizeof(mapped_prefix));
	memcpy(ip.b + sizeof(mapped_prefix), v4, 4);
	return ip;
}

static struct ip ip_from_addr(const union addr *addr)
{
	const uint8_t *bytes;
	struct ip ip;
	size_t len;

	bytes = addr_ip(addr, &len);
	if (len == 4)
		return ip_from_v4(bytes);
	memcpy(ip.b, bytes, sizeof(ip.b));
	return ip;
}

static bool is_v4(const struct ip *ip)
{
	return !memcmp(ip->b, mapped_prefix, sizeof(mapped_prefix));
}

static bool embedded_v4(const struct embedding *e, const struct ip *ip, struct ip *v4)
{
	static const struct ip unspecified, loopback_v6 = { { [15] = 1 } };
	uint8_t bytes[4];

	if (memcmp(ip->b, e->prefix, e->len))
		return false;
	/* These two look like compatible addresses and are none. */
	if (!memcmp(ip, &unspecified, sizeof(*ip)) || !memcmp(ip, &loopback_v6, sizeof(*ip)))
		return false;
	for (int i = 0; i < 4; i++)
		bytes[i] = ip->b[e->at[i]] ^ (e->reading == INVERTED ? 0xff : 0);
	*v4 = ip_from_v4(bytes);
	/* Zeros are what the wrong places hold. */
	return e->reading != ONE_OF_SEVERAL || bytes[0];
}

static int parse_first_last(struct acl_range *range, const char *first, const char *last)
{
	union addr a, b;

	if (addr_parse(&a, first) || addr_parse(&b, last))
		return -EINVAL;
	if (a.sa.sa_family != b.sa.sa_family)
		return -EINVAL;
	range->first = ip_from_addr(&a);
	range->last = ip_from_addr(&b);
	return memcmp(&range->first, &range->last, sizeof(struct ip)) > 0 ? -EINVAL : 0;
}

static int parse_prefix(struct acl_range *range, const char *ip, const char *length)
{
	union addr addr;
	unsigned long bits;
	char *end;

	if (addr_parse(&addr, ip) || *length < '0' || *length > '9')
		return -EINVAL;
	bits = strtoul(length, &end, 10);
	if (*end || bits > (addr.sa.sa_family == AF_INET ? 32 : 128))
		return -EINVAL;
	if (addr.sa.sa_family == AF_INET)
		bits += 96;
	range->first = range->last = ip_from_addr(&addr);
	for (unsigned int i = bits; i < 128; i++) {
		range->first.b[i / 8] &= ~(0x80 >> i % 8);
		range->last.b[i / 8] |= 0x80 >> i % 8;
	}
	return 0;
}

/* Read what range->text says. */
static int parse_range(struct acl_range *range)
{
	char copy[TEXT_LEN], *mark;

	strcpy(copy, range->text);
	mark = strpbrk(copy, "-/");
	if (!mark)
		return parse_first_last(range, copy, copy);
	if (*mark == '/') {
		*mark = '\0';
		return parse_prefix(range, copy, mark + 1);
	}
	*mark = '\0';
	return parse_first_last(range, copy, mark + 1);
}

int acl_add(struct acl *acl, enum acl_verdict verdict, const char *text)
{
	struct acl_range **end = verdict == ACL_ALLOW ? &acl->allowed : &acl->denied;
	struct acl_range *range;
	int err;

	if (strlen(text) >= TEXT_LEN)
		return -EINVAL;
	range = calloc(1, sizeof(*range));
	if (!range)
		return -ENOMEM;
	strcpy(range->text, text);
	err = parse_range(range);
	if (err) {
		free(range);
		return err;
	}
	while (*end)
		end = &(*end)->next;
	*end = range;
	return 0;
}

int acl_add_endpoint(struct acl *acl, const union addr *addr, const char *why)
{
	struct acl_endpoint *endpoint = calloc(1, sizeof(*endpoint));

	if (!endpoint)
		return -ENOMEM;
	*endpoint = (struct acl_endpoint){
		.next = acl->endpoints,
		.ip = ip_from_addr(addr),
		.port = addr_port(addr),
		.any = addr_is_any(addr),
		.why = why,
	};
	acl->endpoints = endpoint;
	return 0;
}

/* "All of IPv6" must not take in the mapped addresses, which are IPv4's. */
static bool in_range(const struct acl_range *range, const struct ip *ip)
{
	if (is_v4(ip) != (is_v4(&range->first) && is_v4(&range->last)))
		return false;
	return memcmp(&range->first, ip, sizeof(*ip)) <= 0 &&
	       memcmp(ip, &range->last, sizeof(*ip)) <= 0;
}

static const char *find_rule(const struct acl_range *rule, const struct ip *ip)
{
	for (; rule; rule = rule->next)
		if (in_range(rule, ip))
			return rule->text;
	return NULL;
}

static void parse_builtin(struct acl_range *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* Not to be able to read one would be to let its peers through. */
		if (parse_range(&rules[i]))
			abort();
		rules[i].next = i + 1 < n ? &rules[i + 1] : NULL;
	}
}

static void parse_builtins(void)
{
	parse_builtin(tunnels, ARRAY_SIZE(tunnels));
	parse_builtin(loopback, ARRAY_SIZE(loopback));
	parse_builtin(never, ARRAY_SIZE(never));
}

static const char *find_builtin(const struct acl_range *rules, const struct ip *ip)
{
	static pthread_once_t parsed = PTHREAD_ONCE_INIT;

	pthread_once(&parsed, parse_builtins);
	return find_rule(rules, ip);
}

static bool is_ours(const struct ip *ip)
{
	union addr addr = { .sa.sa_family = is_v4(ip) ? AF_INET : AF_INET6 };

	if (is_v4(ip))
		memcpy(&addr.v4.sin_addr, ip->b + sizeof(mapped_prefix), 4);
	else
		memcpy(&addr.v6.sin6_addr, ip->b, sizeof(ip->b));
	return sock_is_local(&addr);
}

static const char *find_endpoint(const struct acl_endpoint *endpoint, const struct ip *ip,
				 uint16_t port)
{
	for (; endpoint; endpoint = endpoint->next) {
		if (endpoint->port != port || is_v4(&endpoint->ip) != is_v4(ip))
			continue;
		if (endpoint->any ? is_ours(ip) : !memcmp(&endpoint->ip, ip, sizeof(*ip)))
			return endpoint->why;
	}
	return NULL;
}

static const char *refusal_of(const struct acl *acl, const struct ip *ip, uint16_t port)
{
	const char *rule;

	if (find_rule(acl->allowed, ip))
		return NULL;
	rule = find_rule(acl->denied, ip);
	if (!rule)
		rule = find_endpoint(acl->endpoints, ip, port);
	if (rule)
		return rule;
	rule = find_builtin(loopback, ip);
	if (rule)
		return acl->allow_loopback ? NULL : rule;
	rule = find_builtin(never, ip);
	return rule ? rule : find_builtin(tunnels, ip);
}

const char *acl_refusal(const struct acl *acl, const union addr *peer)
{
	struct ip ip = ip_from_addr(peer), v4;
	const char *rule = refusal_of(acl, &ip, addr_port(peer));

	for (size_t i = 0; !rule && i < ARRAY_SIZE(embeddings); i++)
		if (embedded_v4(&embeddings[i], &ip, &v4))
			rule = refusal_of(acl, &v4, addr_port(peer));
	return rule;
}

bool acl_is_tunnelled(const struct acl *acl, const union addr *client)
{
	struct ip ip = ip_from_addr(client);

	return !find_rule(acl->allowed, &ip) &&
	       find_builtin(tunnels, &ip);
}

static void free_ranges(struct acl_range *range)
{
	while (range) {
		struct acl_range *next = range->next;

		free(range);
		range = next;
	}
}

bool acl_knows_port(const struct acl *acl, uint16_t port)
{
	for (const struct acl_endpoint *e = acl->endpoints; e; e = e->next)
		if (e->port == port)
			return true;
	return false;
}

static void free_endpoints(struct acl_endpoint *endpoint)
{
	while (endpoint) {
		struct acl_endpoint *next = endpoint->next;

		free(endpoint);
		endpoint = next;
	}
}

void acl_clear(struct acl *acl)
{
	free_ranges(acl->allowed);
	free_ranges(acl->denied);
	free_endpoints(acl->endpoints);
	acl->allowed = acl->denied = NULL;
	acl->endpoints = NULL;
}
