// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

/* Without a length all bits count. */
static bool parse_bits(struct network *network, const char *text)
{
	size_t len;
	char *end;

	addr_ip(&network->addr, &len);
	network->bits = 8 * len;
	if (!text)
		return true;
	if (!isdigit((unsigned char)*text) || strlen(text) > 3)
		return false;
	network->bits = strtoul(text, &end, 10);
	return !*end && network->bits <= 8 * len;
}

bool network_parse(struct network *network, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char ip[ADDR_STR_LEN];

	if (len >= sizeof(ip))
		return false;
	memcpy(ip, text, len);
	ip[len] = '\0';
	return !addr_parse(&network->addr, ip) && parse_bits(network, slash ? slash + 1 : NULL);
}

bool network_has(const struct network *network, const union addr *addr)
{
	unsigned int whole = network->bits / 8, rest = network->bits % 8;
	const uint8_t *theirs, *ours;
	size_t len;

	if (addr->sa.sa_family != network->addr.sa.sa_family)
		return false;
	theirs = addr_ip(addr, &len);
	ours = addr_ip(&network->addr, &len);
	if (memcmp(theirs, ours, whole))
		return false;
	return !rest || !((theirs[whole] ^ ours[whole]) >> (8 - rest));
}
