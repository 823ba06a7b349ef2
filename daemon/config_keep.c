// SPDX-License-Identifier: GPL-2.0-only
/*
 * What takes a restart: sockets that are open, threads that run, ports that were
 * given away, the engine that carries relays.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config_diff.h"
#include "config_internal.h"
#include "macros.h"
#include "tls_server.h"

#define FIXED(key, member) \
	{ key, offsetof(struct config, member), sizeof(((struct config *)NULL)->member), false }
#define FIXED_TEXT(key, member) { key, offsetof(struct config, member), 0, true }

static const struct fixed {
	const char *key;
	size_t offset, size;
	bool text;
} fixed[] = {
	FIXED("listening-ip", listening_ip),
	FIXED("listening-ip", listening_any),
	FIXED("listening-port", listening_port),
	FIXED("tls-listening-port", tls_listening_port),
	FIXED("tcp-proxy-port", tcp_proxy_port),
	FIXED("aux-server", aux_server),
	FIXED("rfc5780", rfc5780),
	FIXED("alt-listening-port", alt_listening_port),
	FIXED("alt-tls-listening-port", alt_tls_listening_port),
	FIXED("no-udp", no_udp),
	FIXED("no-tcp", no_tcp),
	FIXED("udp-gso", udp_gso),
	FIXED("relay-ip", relay_ip),
	FIXED("min-port", min_port),
	FIXED("max-port", max_port),
	FIXED("relay-threads", relay_threads),
	FIXED("datapath", datapath),
	FIXED("no-tls", no_tls),
	FIXED("prometheus", prometheus),
	FIXED("prometheus-address", prometheus_address),
	FIXED("prometheus-port", prometheus_port),
	FIXED_TEXT("prometheus-path", prometheus_path),
	FIXED_TEXT("log-file", log_file),
	FIXED("log-format", log_json),
	FIXED("syslog", syslog),
	FIXED("syslog-facility", syslog_facility),
	FIXED_TEXT("pidfile", pidfile),
	FIXED("keep-sessions", keep_sessions),
	FIXED_TEXT("control-socket", control_socket),
	FIXED_TEXT("control-group", control_group),
	FIXED("dtls", dtls_said),
	FIXED("no-dtls", dtls_said),
};

_Static_assert(ARRAY_SIZE(fixed) < ARRAY_SIZE(((struct config_kept *)NULL)->keys),
	       "each may be kept, and \"cert\" besides");

bool config_is_fixed(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (!strcmp(fixed[i].key, key))
			return true;
	return false;
}

static int keep_text(char **text, const char *old)
{
	char *copy = old ? strdup(old) : NULL;

	if (old && !copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Return: it was something else. */
static bool keep_one(const struct fixed *one, struct config *config,
		     const struct config *old, struct config_errors *errors)
{
	void *to = (char *)config + one->offset;
	const void *from = (const char *)old + one->offset;

	if (!one->text && !memcmp(to, from, one->size))
		return false;
	if (!one->text)
		memcpy(to, from, one->size);
	else if (same_text(*(char **)to, *(char *const *)from))
		return false;
	else if (keep_text(to, *(char *const *)from))
		config_complain(errors, "%s: no memory", one->key);
	return true;
}

/* TLS, and DTLS, wants sockets of its own, and an engine that can: it is there or it is not. */
static bool keep_tls(struct tls_server **tls, struct tls_server *old, struct tls_server *now)
{
	if (!*tls == !old)
		return false;
	tls_server_put(*tls);
	/* If the other of them goes on, then both with the certificate of now. */
	*tls = tls_server_get(old && now ? now : old);
	return true;
}

static void keep_nonce_key(struct config *config, const struct config *old)
{
	if (!config->nonce_secret && !old->nonce_secret && old->users)
		config->nonce_key = old->nonce_key;
}

unsigned int config_keep(struct config *config, const struct config *old,
			 struct config_kept *kept, FILE *out)
{
	struct config_errors errors = { 0 };
	unsigned int n;
	bool dtls;

	kept->n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (keep_one(&fixed[i], config, old, &errors))
			kept->keys[kept->n++] = fixed[i].key;
	dtls = keep_tls(&config->dtls, old->dtls, config->tls);
	if (keep_tls(&config->tls, old->tls, config->dtls))
		kept->keys[kept->n++] = "cert";
	else if (dtls)
		kept->keys[kept->n++] = "dtls";
	keep_nonce_key(config, old);
	/* The doors are the old ones; nobody is to reach those through a relay. */
	config_deny_doors(config, &errors);
	config_errors_print(&errors, out);
	n = errors.n;
	config_errors_free(&errors);
	return n;
}
