// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"

const char *config_parse_addr(struct config *config, const struct config_key *key,
			      const char *value)
{
	struct config_addrs *list = config_member(config, key);
	union addr addr;

	if (addr_parse(&addr, value))
		return "an IPv4 or IPv6 address";
	if (list->n == CONFIG_ADDRS_MAX)
		return "at most 32 of them";
	list->addr[list->n++] = addr;
	return NULL;
}

/* "192.0.2.1:3480" or "[2001:db8::1]:3480". */
const char *config_parse_aux_server(struct config *config, const struct config_key *key,
				    const char *value)
{
	struct config_addrs *list = config_member(config, key);

	if (list->n == CONFIG_ADDRS_MAX)
		return "at most 32 of them";
	if (addr_parse_endpoint(&list->addr[list->n], value, strlen(value), 0))
		return "address:port or [address]:port";
	list->n++;
	return NULL;
}

const char *config_parse_relay_ip(struct config *config, const struct config_key *key,
				  const char *value)
{
	union addr addr;

	if (!addr_parse(&addr, value) && addr_is_any(&addr))
		return "an address of this host: clients have to be told one";
	return config_parse_addr(config, key, value);
}

const char *config_parse_external_ip(struct config *config, const struct config_key *key,
				     const char *value)
{
	static const char valid[] = "public-address or public-address/relay-ip, of one family";
	struct config_external *ext = &config->external_ip[config->n_external_ip];
	char *text, *slash;
	bool good;

	(void)key;
	if (config->n_external_ip == CONFIG_ADDRS_MAX)
		return "at most 32 of them";
	text = strdup(value);
	if (!text)
		return "more memory";
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	memset(ext, 0, sizeof(*ext));
	good = !addr_parse(&ext->is_public, text) &&
	       (!slash || (!addr_parse(&ext->is_private, slash + 1) &&
			   ext->is_public.sa.sa_family == ext->is_private.sa.sa_family));
	free(text);
	if (!good)
		return valid;
	config->n_external_ip++;
	return NULL;
}

static const char *parse_acl(struct config *config, enum acl_verdict verdict,
			     const char *value)
{
	return acl_add(&config->acl, verdict, value) ?
	       "address, first-last, or address/prefix length" : NULL;
}

const char *config_parse_allowed(struct config *config, const struct config_key *key,
				 const char *value)
{
	(void)key;
	return parse_acl(config, ACL_ALLOW, value);
}

const char *config_parse_denied(struct config *config, const struct config_key *key,
				const char *value)
{
	(void)key;
	return parse_acl(config, ACL_DENY, value);
}

const char *config_parse_family(struct config *config, const struct config_key *key,
				const char *value)
{
	(void)key;
	if (!strcmp(value, "ipv4"))
		config->default_family = AF_INET;
	else if (!strcmp(value, "ipv6"))
		config->default_family = AF_INET6;
	else if (!strcmp(value, "keep"))
		config->default_family = AF_UNSPEC;
	else
		return "ipv4, ipv6 or keep";
	return NULL;
}

const char *config_parse_keep_family(struct config *config, const struct config_key *key,
				     const char *value)
{
	bool keep = false;

	(void)key;
	if (config_read_switch(value, &keep))
		return "yes or no";
	if (keep)
		config->default_family = AF_UNSPEC;
	return NULL;
}
