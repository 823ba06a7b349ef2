// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

int addr_parse(union addr *addr, const char *text)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, &addr->v4.sin_addr) == 1) {
		addr->sa.sa_family = AF_INET;
		return 0;
	}
	if (inet_pton(AF_INET6, text, &addr->v6.sin6_addr) == 1) {
		addr->sa.sa_family = AF_INET6;
		return 0;
	}
	return -EINVAL;
}

/* Digits alone, up to the end; 0 is none. */
static uint16_t parse_port(const char *text)
{
	unsigned long port = 0;

	for (; *text >= '0' && *text <= '9' && port <= UINT16_MAX; text++)
		port = port * 10 + *text - '0';
	return *text || port > UINT16_MAX ? 0 : port;
}

int addr_parse_endpoint(union addr *addr, const char *text, size_t len, uint16_t port)
{
	char copy[ADDR_STR_LEN], *ip = copy, *colon, *bracket;

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	bracket = strchr(copy, ']');
	colon = strchr(bracket ? bracket : copy, ':');
	/* Without brackets, several of them are an IPv6 address. */
	if (colon && !strchr(colon + 1, ':')) {
		*colon = '\0';
		port = parse_port(colon + 1);
	}
	if (bracket) {
		if (*ip++ != '[' || bracket[1])
			return -EINVAL;
		*bracket = '\0';
	}
	if (!port || addr_parse(addr, ip) || (bracket && addr->sa.sa_family != AF_INET6))
		return -EINVAL;
	addr_set_port(addr, port);
	return 0;
}

int addr_from_sockaddr(union addr *addr, const struct sockaddr *sa)
{
	memset(addr, 0, sizeof(*addr));
	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&addr->v4, sa, sizeof(addr->v4));
		return 0;
	case AF_INET6:
		memcpy(&addr->v6, sa, sizeof(addr->v6));
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

socklen_t addr_len(const union addr *addr)
{
	return addr->sa.sa_family == AF_INET ? sizeof(addr->v4) : sizeof(addr->v6);
}

uint16_t addr_port(const union addr *addr)
{
	return ntohs(addr->sa.sa_family == AF_INET ? addr->v4.sin_port : addr->v6.sin6_port);
}

void addr_set_port(union addr *addr, uint16_t port)
{
	if (addr->sa.sa_family == AF_INET)
		addr->v4.sin_port = htons(port);
	else
		addr->v6.sin6_port = htons(port);
}

const uint8_t *addr_ip(const union addr *addr, size_t *len)
{
	if (addr->sa.sa_family == AF_INET) {
		*len = sizeof(addr->v4.sin_addr);
		return (const uint8_t *)&addr->v4.sin_addr;
	}
	*len = sizeof(addr->v6.sin6_addr);
	return addr->v6.sin6_addr.s6_addr;
}

const uint8_t *addr_network(const union addr *addr, size_t *len)
{
	const uint8_t *ip = addr_ip(addr, len);

	if (addr->sa.sa_family == AF_INET6)
		*len = 8;
	return ip;
}

bool addr_same_ip(const union addr *a, const union addr *b)
{
	const uint8_t *ip_a, *ip_b;
	size_t len_a, len_b;

	ip_a = addr_ip(a, &len_a);
	ip_b = addr_ip(b, &len_b);
	return len_a == len_b && !memcmp(ip_a, ip_b, len_a);
}

bool addr_equal(const union addr *a, const union addr *b)
{
	return addr_same_ip(a, b) && addr_port(a) == addr_port(b);
}

bool addr_is_any(const union addr *addr)
{
	if (addr->sa.sa_family == AF_INET)
		return addr->v4.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&addr->v6.sin6_addr);
}

bool addr_is_loopback(const union addr *addr)
{
	if (addr->sa.sa_family == AF_INET)
		return ntohl(addr->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&addr->v6.sin6_addr);
}

const char *addr_ip_str(const union addr *addr, char buf[ADDR_STR_LEN])
{
	size_t len;

	if (!inet_ntop(addr->sa.sa_family, addr_ip(addr, &len), buf, ADDR_STR_LEN))
		strcpy(buf, "?");
	return buf;
}

const char *addr_str(const union addr *addr, char buf[ADDR_STR_LEN])
{
	char ip[ADDR_STR_LEN];
	bool v6 = addr->sa.sa_family == AF_INET6;

	snprintf(buf, ADDR_STR_LEN, "%s%.*s%s:%u", v6 ? "[" : "", INET6_ADDRSTRLEN,
		 addr_ip_str(addr, ip), v6 ? "]" : "", addr_port(addr));
	return buf;
}
