// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <string.h>

#include "relay_cookie.h"
#include "stun.h"

static void set_addr(struct relay_cookie_addr *to, const union addr *from)
{
	uint16_t port = htons(addr_port(from));
	const uint8_t *ip;
	size_t len;

	ip = addr_ip(from, &len);
	to->family = len == 4 ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6;
	memcpy(to->port, &port, sizeof(to->port));
	memcpy(to->ip, ip, len);
}

size_t relay_cookie_set(struct relay_cookie *cookie, uint32_t connection_id,
			const union addr *relayed, const union addr *peer,
			const char *user)
{
	uint32_t id = htonl(connection_id);
	size_t len = user ? strnlen(user, sizeof(cookie->user)) : 0;

	memset(cookie, 0, sizeof(*cookie));
	cookie->version = RELAY_COOKIE_VERSION;
	cookie->user_len = len;
	memcpy(cookie->connection_id, &id, sizeof(id));
	set_addr(&cookie->relayed, relayed);
	set_addr(&cookie->peer, peer);
	if (len)
		memcpy(cookie->user, user, len);
	return offsetof(struct relay_cookie, user) + len;
}

static bool get_addr(const struct relay_cookie_addr *from, union addr *to)
{
	memset(to, 0, sizeof(*to));
	switch (from->family) {
	case STUN_FAMILY_IPV4:
		to->v4.sin_family = AF_INET;
		memcpy(&to->v4.sin_addr, from->ip, sizeof(to->v4.sin_addr));
		break;
	case STUN_FAMILY_IPV6:
		to->v6.sin6_family = AF_INET6;
		memcpy(&to->v6.sin6_addr, from->ip, sizeof(to->v6.sin6_addr));
		break;
	default:
		return false;
	}
	addr_set_port(to, from->port[0] << 8 | from->port[1]);
	return true;
}

bool relay_cookie_get(const void *data, size_t len, uint32_t *connection_id, union addr *peer)
{
	struct relay_cookie cookie;
	uint32_t id;

	if (len < offsetof(struct relay_cookie, user) || len > sizeof(cookie))
		return false;
	memset(&cookie, 0, sizeof(cookie));
	memcpy(&cookie, data, len);
	memcpy(&id, cookie.connection_id, sizeof(id));
	*connection_id = ntohl(id);
	return cookie.version == RELAY_COOKIE_VERSION && get_addr(&cookie.peer, peer);
}
