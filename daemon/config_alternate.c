// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"

#define PORT		3478
#define TLS_PORT	5349
#define DOMAIN_MAX	255	/* characters (RFC 8489, 14.16) */

static const char *append(struct config *config, const union addr *addr,
			  unsigned int transports, const char *domain)
{
	struct alternate *alternate, **end = &config->alternates;

	alternate = malloc(sizeof(*alternate) + strlen(domain) + 1);
	if (!alternate)
		return "more memory";
	*alternate = (struct alternate){ .addr = *addr, .transports = transports };
	strcpy(alternate->domain, domain);
	while (*end)
		end = &(*end)->next;
	*end = alternate;
	return NULL;
}

/* Only there is a certificate, which a domain could be for. */
const char *config_parse_alternate(struct config *config, const struct config_key *key,
				   const char *value)
{
	unsigned int transports = key->offset;
	bool tls = transports == ALTERNATE_TLS;
	size_t len = strcspn(value, tls ? "/" : "");
	const char *domain = value[len] ? value + len + 1 : "";
	union addr addr;

	if (addr_parse_endpoint(&addr, value, len, tls ? TLS_PORT : PORT) ||
	    (value[len] && !*domain) || strlen(domain) > DOMAIN_MAX)
		return tls ? "address, address:port or [address]:port, perhaps with /domain"
			   : "address, address:port or [address]:port";
	if (addr_is_any(&addr))
		return "an address of one host";
	return append(config, &addr, transports, domain);
}

void config_free_alternates(struct config *config)
{
	while (config->alternates) {
		struct alternate *next = config->alternates->next;

		free(config->alternates);
		config->alternates = next;
	}
}
