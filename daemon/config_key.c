// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <linux/kturn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "config_internal.h"
#include "control.h"
#include "macros.h"
#include "worker.h"

#define SECONDS_MAX (365 * 24 * 3600)
#define TIMEOUT_MAX 32767	/* seconds, as TCP has it */

static void *member(struct config *config, const struct config_key *key)
{
	return (char *)config + key->offset;
}

int config_read_switch(const char *value, bool *on)
{
	static const char *const yes[] = { "1", "on", "yes", "true", "y", "t" };
	static const char *const no[] = { "0", "off", "no", "false", "n", "f" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcasecmp(value, yes[i]) || !strcasecmp(value, no[i])) {
			*on = !strcasecmp(value, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

static const char *parse_bool(struct config *config, const struct config_key *key,
			      const char *value)
{
	return config_read_switch(value, member(config, key)) ? "yes or no" : NULL;
}

static const char *parse_not(struct config *config, const struct config_key *key,
			     const char *value)
{
	const char *valid = parse_bool(config, key, value);
	bool *flag = member(config, key);

	if (!valid)
		*flag = !*flag;
	return valid;
}

/* One key is the opposite of the other. */
static const char *parse_dtls(struct config *config, const struct config_key *key,
			      const char *value)
{
	bool flag = false;

	if (config_read_switch(value, &flag))
		return "yes or no";
	config->dtls_said = flag == (*key->name == 'd') ? CONFIG_DTLS : CONFIG_NO_DTLS;
	return NULL;
}

static const char *parse_number(const char *value, unsigned int min, unsigned int max,
				unsigned int *number)
{
	static char valid[32];
	unsigned long n;
	char *end;

	if (*value < '0' || *value > '9')
		return "a number";
	n = strtoul(value, &end, 10);
	if (*end)
		return "a number";
	if (n < min || n > max) {
		snprintf(valid, sizeof(valid), "%u to %u", min, max);
		return valid;
	}
	*number = n;
	return NULL;
}

static const char *parse_port(struct config *config, const struct config_key *key,
			      const char *value)
{
	uint16_t *port = member(config, key);
	unsigned int number = 0;
	const char *valid = parse_number(value, 1, UINT16_MAX, &number);

	if (!valid)
		*port = number;
	return valid;
}

/* 0 is the next one behind the first. */
static const char *parse_alt_port(struct config *config, const struct config_key *key,
				  const char *value)
{
	uint16_t *port = member(config, key);
	unsigned int number = 0;
	const char *valid = parse_number(value, 0, UINT16_MAX, &number);

	if (!valid)
		*port = number;
	return valid;
}

/* What coturn can be told and we never do otherwise. */
static const char *parse_count(struct config *config, const struct config_key *key,
			       const char *value)
{
	return parse_number(value, 0, UINT_MAX, member(config, key));
}

static const char *parse_bps(struct config *config, const struct config_key *key,
			     const char *value)
{
	uint64_t *bps = member(config, key);
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || n > KTURN_RATE_MAX)
		return "bytes per second, 0 to 100000000000";
	*bps = n;
	return NULL;
}

static const char *parse_threads(struct config *config, const struct config_key *key,
				 const char *value)
{
	static const char valid[] = "0 to 256";
	unsigned int n;

	(void)key;
	if (parse_number(value, 0, UINT_MAX, &n) || n > WORKERS_MAX)
		return valid;
	/* To coturn 0 is the main thread alone: one that serves. */
	config->relay_threads = n ? n : 1;
	return NULL;
}

/* A cap of none would be a way to forbid, for which there are better ones. */
static const char *parse_cap(struct config *config, const struct config_key *key,
			     const char *value)
{
	return parse_number(value, 1, UINT16_MAX, member(config, key));
}

static const char *parse_seconds(struct config *config, const struct config_key *key,
				 const char *value)
{
	return parse_number(value, 1, SECONDS_MAX, member(config, key));
}

static const char *parse_lease(struct config *config, const struct config_key *key,
			       const char *value)
{
	return parse_number(value, 3, 3600, member(config, key));
}

static const char *parse_timeout(struct config *config, const struct config_key *key,
				 const char *value)
{
	return parse_number(value, 0, TIMEOUT_MAX, member(config, key));
}

/* coturn's file may have it without a value. */
static const char *parse_stale_nonce(struct config *config, const struct config_key *key,
				     const char *value)
{
	if (!strcmp(value, "yes")) {
		config->stale_nonce = NONCE_LIFETIME;
		return NULL;
	}
	return parse_number(value, 0, SECONDS_MAX, member(config, key));
}

static const char *parse_string(struct config *config, const struct config_key *key,
				const char *value)
{
	char **string = member(config, key);

	if (!*value)
		return "some text";
	free(*string);
	*string = strdup(value);
	return *string ? NULL : "more memory";
}

static const char *parse_socket_path(struct config *config, const struct config_key *key,
				     const char *value)
{
	if (*value != '/' || strlen(value) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "an absolute path of at most 107 bytes";
	return parse_string(config, key, value);
}

static const char *parse_addr(struct config *config, const struct config_key *key,
			      const char *value)
{
	struct config_addrs *list = member(config, key);
	union addr addr;

	if (addr_parse(&addr, value))
		return "an IPv4 or IPv6 address";
	if (list->n == CONFIG_ADDRS_MAX)
		return "at most 32 of them";
	list->addr[list->n++] = addr;
	return NULL;
}

/* "192.0.2.1:3480" or "[2001:db8::1]:3480". */
static const char *parse_aux_server(struct config *config, const struct config_key *key,
				    const char *value)
{
	struct config_addrs *list = member(config, key);

	if (list->n == CONFIG_ADDRS_MAX)
		return "at most 32 of them";
	if (addr_parse_endpoint(&list->addr[list->n], value, strlen(value), 0))
		return "address:port or [address]:port";
	list->n++;
	return NULL;
}

static const char *parse_relay_ip(struct config *config, const struct config_key *key,
				  const char *value)
{
	union addr addr;

	if (!addr_parse(&addr, value) && addr_is_any(&addr))
		return "an address of this host: clients have to be told one";
	return parse_addr(config, key, value);
}

static const char *parse_external_ip(struct config *config, const struct config_key *key,
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

static const char *parse_allowed(struct config *config, const struct config_key *key,
				 const char *value)
{
	(void)key;
	return parse_acl(config, ACL_ALLOW, value);
}

static const char *parse_denied(struct config *config, const struct config_key *key,
				const char *value)
{
	(void)key;
	return parse_acl(config, ACL_DENY, value);
}

static const char *parse_datapath(struct config *config, const struct config_key *key,
				  const char *value)
{
	static const char *const names[] = {
		[DATAPATH_AUTO] = "auto",
		[DATAPATH_KERNEL] = "kernel",
		[DATAPATH_SPLICE] = "splice",
	};

	(void)key;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(value, names[i])) {
			config->datapath = i;
			return NULL;
		}
	}
	return "auto, kernel or splice";
}

static const char *parse_family(struct config *config, const struct config_key *key,
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

static const char *parse_keep_family(struct config *config, const struct config_key *key,
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

static const char *set_action(struct config *config, const struct config_key *key,
			      const char *value)
{
	(void)value;
	config->action = key->action;
	return NULL;
}

/* The file may also be that of -c, or the one there always is. */
static const char *set_file_action(struct config *config, const struct config_key *key,
				   const char *value)
{
	config->action = key->action;
	return strcmp(value, "yes") ? parse_string(config, key, value) : NULL;
}

#define MEMBER(name) offsetof(struct config, name)

static const struct config_key keys[] = {
	{ "listening-ip", 'L', parse_addr, MEMBER(listening_ip), "ADDRESS",
	  "listen here (repeat; default: all addresses)", CONFIG_KEY_REPEAT, 0 },
	{ "listening-port", 'p', parse_port, MEMBER(listening_port), "PORT",
	  "listen on this port (default: 3478)", 0, 0 },
	{ "tls-listening-port", 0, parse_port, MEMBER(tls_listening_port), "PORT",
	  "listen for TLS and DTLS on this port (default: 5349; needs cert)", 0, 0 },
	{ "no-udp", 0, parse_bool, MEMBER(no_udp), NULL,
	  "no clients over UDP; those over DTLS are not meant", 0, 0 },
	{ "no-tcp", 0, parse_bool, MEMBER(no_tcp), NULL,
	  "no clients over TCP; those over TLS are not meant", 0, 0 },
	{ "no-udp-relay", 0, parse_bool, MEMBER(no_udp_relay), NULL,
	  "no UDP allocations", 0, 0 },
	{ "no-tcp-relay", 0, parse_bool, MEMBER(no_tcp_relay), NULL,
	  "no TCP allocations (RFC 6062)", 0, 0 },
	{ "udp-gso", 0, parse_bool, MEMBER(udp_gso), NULL,
	  "let the kernel join datagrams of one way (GRO) and cut what was joined (GSO); "
	  "udp-gso=no if a device does it wrong (default: yes)", 0, 0 },
	{ "aux-server", 0, parse_aux_server, MEMBER(aux_server), "ADDRESS:PORT",
	  "listen there as well, as on listening-port (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "rfc5780", 0, parse_bool, MEMBER(rfc5780), NULL,
	  "NAT behavior discovery; needs two listening-ip", 0, 0 },
	{ "no-rfc5780", 0, parse_not, MEMBER(rfc5780), NULL,
	  "none (default)", 0, 0 },
	{ "alt-listening-port", 0, parse_alt_port, MEMBER(alt_listening_port), "PORT",
	  "second port for it (default: 0, listening-port + 1)", 0, 0 },
	{ "alt-tls-listening-port", 0, parse_alt_port, MEMBER(alt_tls_listening_port), "PORT",
	  "second port for TLS for it (default: 0, tls-listening-port + 1)", 0, 0 },
	{ "stun-only", 'S', parse_bool, MEMBER(stun_only), NULL,
	  "answer Binding requests and no others", 0, 0 },
	{ "no-stun", 0, parse_bool, MEMBER(no_stun), NULL,
	  "do not answer Binding requests", 0, 0 },
	{ "secure-stun", 0, parse_bool, MEMBER(secure_stun), NULL,
	  "ask for credentials in Binding requests as in others", 0, 0 },
	{ "fingerprint", 'f', parse_bool, MEMBER(fingerprint), NULL,
	  "FINGERPRINT in every message (default: to clients that send it)", 0, 0 },
	{ "software-attribute", 0, parse_bool, MEMBER(software), NULL,
	  "say in responses what software this is (default: yes)", 0, 0 },
	{ "no-software-attribute", 0, parse_not, MEMBER(software), NULL,
	  "do not", 0, 0 },
	{ "mobility", 0, parse_bool, MEMBER(mobility), NULL,
	  "clients may go on from another address (RFC 8016)", 0, 0 },
	{ "alternate-server", 0, config_parse_alternate, ALTERNATE_UDP | ALTERNATE_TCP,
	  "ADDRESS[:PORT]", "send clients over UDP and TCP there, or to one of several "
	  "(repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "udp-alternate-server", 0, config_parse_alternate, ALTERNATE_UDP, "ADDRESS[:PORT]",
	  "the same for those over UDP alone (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "tcp-alternate-server", 0, config_parse_alternate, ALTERNATE_TCP, "ADDRESS[:PORT]",
	  "the same for those over TCP alone (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "tls-alternate-server", 0, config_parse_alternate, ALTERNATE_TLS,
	  "ADDRESS[:PORT][/DOMAIN]", "the same for those over TLS and DTLS; the domain if "
	  "it has another certificate (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "tcp-proxy-port", 0, parse_port, MEMBER(tcp_proxy_port), "PORT",
	  "take clients from a load balancer there, by the PROXY protocol 2", 0, 0 },
	{ "relay-ip", 'E', parse_relay_ip, MEMBER(relay_ip), "ADDRESS",
	  "address of relayed transport addresses (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "external-ip", 'X', parse_external_ip, 0, "PUBLIC[/PRIVATE]",
	  "what clients are told instead of the relay-ip (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "min-port", 0, parse_port, MEMBER(min_port), "PORT",
	  "first port for relayed transport addresses (default: 49152)", 0, 0 },
	{ "max-port", 0, parse_port, MEMBER(max_port), "PORT",
	  "last port for relayed transport addresses (default: 65535)", 0, 0 },
	{ "realm", 'r', config_parse_realm, 0, "REALM",
	  "realm of the long-term credentials", 0, 0 },
	{ "user", 'u', config_parse_user, 0, "NAME:PASSWORD",
	  "a user; or NAME:0xKEY with his MD5 or SHA-256 key (repeat)", CONFIG_KEY_SECRET | CONFIG_KEY_REPEAT, 0 },
	{ "lt-cred-mech", 'a', parse_bool, MEMBER(lt_cred_mech), NULL,
	  "ask for long-term credentials (default with a user)", 0, 0 },
	{ "no-auth", 'z', parse_bool, MEMBER(no_auth), NULL,
	  "let anybody in", 0, 0 },
	{ "use-auth-secret", 0, parse_bool, MEMBER(use_auth_secret), NULL,
	  "take names that end by themselves (the TURN REST API)", 0, 0 },
	{ "static-auth-secret", 0, config_parse_secret, 0, "SECRET",
	  "which makes their passwords; includes use-auth-secret (repeat)",
	  CONFIG_KEY_SECRET | CONFIG_KEY_REPEAT, 0 },
	{ "rest-api-separator", 'C', config_parse_separator, 0, "CHARACTER",
	  "between the expiry and the user in these names (default: ':')", CONFIG_KEY_REPEAT, 0 },
	{ "userdb", 'b', parse_string, MEMBER(userdb), "FILE",
	  "coturn's SQLite database of users and secrets", 0, 0 },
	{ "db", 0, parse_string, MEMBER(userdb), "FILE",
	  "the same as userdb", 0, 0 },
	{ "oauth", 0, parse_bool, MEMBER(oauth), NULL,
	  "take tokens of an authorization server (RFC 7635), whose keys are in the userdb",
	  0, 0 },
	{ "server-name", 0, config_parse_server_name, 0, "NAME",
	  "whom these tokens have to be made for (default: the realm)", 0, 0 },
	{ "redis-userdb", 'N', config_parse_redis, 0, "CONNECTION",
	  "users and secrets in Redis, such as \"ip=127.0.0.1 dbname=0 password=SECRET "
	  "port=6379 connect_timeout=5\"", CONFIG_KEY_SECRET, 0 },
	{ "redis-lease", 0, parse_lease, MEMBER(redis_lease), "SECONDS",
	  "how long what a host has counts after it is gone (default: 30)", 0, 0 },
	{ "userdb-cache", 0, parse_seconds, MEMBER(userdb_cache), "SECONDS",
	  "how long users of a Redis that is gone count (default: 300)", 0, 0 },
	{ "unauthorized-ratelimit", 0, parse_bool, MEMBER(limit_refusals), NULL,
	  "bound the error responses to clients that nobody has authenticated", 0, 0 },
	{ "unauthorized-ratelimit-rps", 0, config_parse_refusals, 0, "COUNT",
	  "how many a second for each address, over UDP and over TCP; includes the former "
	  "(default: 10)", 0, 0 },
	{ "stateless-nonce-secret", 0, parse_string, MEMBER(nonce_secret), "SECRET",
	  "servers that share it take each other's nonces", CONFIG_KEY_SECRET, 0 },
	{ "cert", 0, config_parse_cert, 0, "FILE",
	  "PEM certificates, the server's first; listening-port then takes TLS and DTLS, too",
	  0, 0 },
	{ "pkey", 0, config_parse_pkey, 0, "FILE",
	  "PEM private key (default: in the certificate's file)", 0, 0 },
	{ "pkey-pwd", 0, parse_string, MEMBER(pkey_pwd), "PASSWORD",
	  "password of the private key", CONFIG_KEY_SECRET, 0 },
	{ "cipher-list", 0, config_parse_ciphers, 0, "PRIORITIES",
	  "a priority string of GnuTLS (default: DEFAULT, AEAD with forward secrecy)", 0, 0 },
	{ "no-tls", 0, parse_bool, MEMBER(no_tls), NULL,
	  "no TLS, even with a certificate; DTLS is not meant", 0, 0 },
	{ "dtls", 0, parse_dtls, 0, NULL,
	  "DTLS 1.2 (default with a certificate, unless no-tlsv1_2)", 0, 0 },
	{ "no-dtls", 0, parse_dtls, 0, NULL,
	  "no DTLS, even with a certificate", 0, 0 },
	{ "no-tlsv1_2", 0, parse_bool, MEMBER(no_tls1_2), NULL,
	  "TLS 1.3 only, and no DTLS", 0, 0 },
	{ "allowed-peer-ip", 0, parse_allowed, 0, "RANGE",
	  "peers to allow: ip, ip-ip or ip/len (repeat; wins over denied)", CONFIG_KEY_REPEAT, 0 },
	{ "denied-peer-ip", 0, parse_denied, 0, "RANGE",
	  "peers to refuse (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "allow-loopback-peers", 0, parse_bool, MEMBER(acl.allow_loopback), NULL,
	  "allow 127.0.0.0/8 and ::1 as peers", 0, 0 },
	{ "user-quota", 'q', parse_count, MEMBER(user_quota), "COUNT",
	  "most allocations a user may have (default: 0, no limit)", 0, 0 },
	{ "total-quota", 'Q', parse_count, MEMBER(total_quota), "COUNT",
	  "most allocations there may be (default: 0, no limit)", 0, 0 },
	{ "max-bps", 's', parse_bps, MEMBER(max_bps), "BYTES",
	  "bytes per second each way for an allocation (default: 0, no limit)", 0, 0 },
	{ "bps-capacity", 'B', parse_bps, MEMBER(bps_capacity), "BYTES",
	  "most of these for all together; needs max-bps (default: 0, no limit)", 0, 0 },
	{ "relay-idle-timeout", 0, parse_timeout, MEMBER(relay_idle_timeout), "SECONDS",
	  "end data connections that carry nothing (default: 0, never)", 0, 0 },
	{ "tcp-keepalive", 0, parse_timeout, MEMBER(tcp_keepalive), "SECONDS",
	  "ask the silent ends of data connections (default: 60; 0: as the system does)",
	  0, 0 },
	{ "tcp-user-timeout", 0, parse_timeout, MEMBER(tcp_user_timeout), "SECONDS",
	  "how long they may take nothing (default: 0, as the system has it)", 0, 0 },
	{ "relay-threads", 'm', parse_threads, 0, "COUNT",
	  "threads that serve (default: one for each CPU)", 0, 0 },
	{ "allocation-default-address-family", 'A', parse_family, 0, "FAMILY",
	  "what a client gets who asks for none: ipv4, ipv6, or keep his own (default: ipv4)",
	  0, 0 },
	{ "keep-address-family", 'K', parse_keep_family, 0, NULL,
	  "the same as allocation-default-address-family=keep", 0, 0 },
	{ "max-permissions", 0, parse_cap, MEMBER(max_permissions), "COUNT",
	  "most permissions of an allocation (default: 1024)", 0, 0 },
	{ "max-channels", 0, parse_cap, MEMBER(max_channels), "COUNT",
	  "most channels of an allocation (default: 1024)", 0, 0 },
	{ "max-connections", 0, parse_cap, MEMBER(max_connections), "COUNT",
	  "most connections with peers of an allocation (default: 1024)", 0, 0 },
	{ "max-pending-connections", 0, parse_cap, MEMBER(max_pending_connections), "COUNT",
	  "most of these that wait to be established or bound (default: 64)", 0, 0 },
	{ "max-strangers", 0, parse_cap, MEMBER(max_strangers), "COUNT",
	  "most connections without an allocation, a thread; the oldest go (default: 2048)",
	  0, 0 },
	{ "max-allocate-lifetime", 0, parse_seconds, MEMBER(max_allocate_lifetime), "SECONDS",
	  "longest time to expiry of an allocation (default: 3600)", 0, 0 },
	{ "permission-lifetime", 0, parse_seconds, MEMBER(permission_lifetime), "SECONDS",
	  "time to expiry of a permission (default: 300, as RFC 8656 has it)", 0, 0 },
	{ "rfc5766-channel-numbers", 0, parse_bool, MEMBER(rfc5766_channel_numbers), NULL,
	  "channels up to 0x7fff, for clients older than RFC 8656", 0, 0 },
	{ "channel-lifetime", 0, parse_seconds, MEMBER(channel_lifetime), "SECONDS",
	  "time to expiry of a channel (default: 600, as RFC 8656 has it)", 0, 0 },
	{ "max-allocate-timeout", 0, parse_seconds, MEMBER(max_allocate_timeout), "SECONDS",
	  "close connections without an allocation after this (default: 60)", 0, 0 },
	{ "stale-nonce", 0, parse_stale_nonce, MEMBER(stale_nonce), "SECONDS",
	  "how long a nonce is good; 0: for ever (default: 600)", CONFIG_KEY_OPTIONAL, 0 },
	{ "datapath", 0, parse_datapath, 0, "ENGINE",
	  "what moves the payload: auto, kernel or splice (default: auto)", 0, 0 },
	{ "prometheus", 0, parse_bool, MEMBER(prometheus), NULL,
	  "tell Prometheus what happens, and at /health whether it does", 0, 0 },
	{ "prometheus-address", 0, config_parse_prometheus_address, 0, "ADDRESS",
	  "listen for it here (default: 127.0.0.1)", 0, 0 },
	{ "prometheus-port", 0, parse_port, MEMBER(prometheus_port), "PORT",
	  "listen for it on this port (default: 9641)", 0, 0 },
	{ "prometheus-path", 0, config_parse_prometheus_path, 0, "PATH",
	  "of the numbers (default: /metrics)", 0, 0 },
	{ "prometheus-username-labels", 0, config_refuse_username_labels, 0, NULL,
	  "refused: clients would choose how many numbers there are", 0, 0 },
	{ "verbose", 'v', parse_bool, MEMBER(verbose), NULL,
	  "log every request", 0, 0 },
	{ "Verbose", 'V', parse_bool, MEMBER(verbose), NULL,
	  "the same as verbose", 0, 0 },
	{ "syslog", 0, parse_bool, MEMBER(syslog), NULL,
	  "log to syslog, the same as log-file=syslog", 0, 0 },
	{ "syslog-facility", 0, config_parse_facility, 0, "FACILITY",
	  "which of syslog's: daemon, user, local0 to local7... (default: daemon)", 0, 0 },
	{ "log-file", 'l', parse_string, MEMBER(log_file), "FILE",
	  "log to a path, stdout (or -), or syslog (default: standard error)", 0, 0 },
	{ "pidfile", 0, parse_string, MEMBER(pidfile), "FILE",
	  "write the process id there", 0, 0 },
	{ "control-socket", 0, parse_socket_path, MEMBER(control_socket), "PATH",
	  "take commands of kturn(8) there (default: " CONTROL_DEFAULT_PATH ")", 0, 0 },
	{ "control-group", 0, parse_string, MEMBER(control_group), "GROUP",
	  "also those of its members; the server has to be one, or root (default: none)", 0, 0 },
	{ "trace-records", 0, parse_cap, MEMBER(trace_records), "COUNT",
	  "control messages that a thread keeps while kturn trace runs (default: 2048)", 0, 0 },
	{ "config", 'c', parse_string, MEMBER(file), "FILE",
	  "read this file (default: " CONFIG_DEFAULT_FILE ")",
	  CONFIG_KEY_COMMAND_LINE | CONFIG_KEY_EARLY, 0 },
	{ "no-config", 'n', parse_bool, MEMBER(no_file), NULL,
	  "read no file", CONFIG_KEY_COMMAND_LINE | CONFIG_KEY_EARLY, 0 },
	{ "check-config", 0, set_file_action, MEMBER(file), "FILE",
	  "read the configuration, say all that is wrong with it, and exit",
	  CONFIG_KEY_COMMAND_LINE | CONFIG_KEY_EARLY | CONFIG_KEY_OPTIONAL | CONFIG_KEY_NEXT,
	  CONFIG_CHECK },
	{ "migrate", 0, set_file_action, MEMBER(file), "FILE",
	  "print what a file of coturn's comes to here, with comments, and exit",
	  CONFIG_KEY_COMMAND_LINE | CONFIG_KEY_EARLY, CONFIG_MIGRATE },
	{ "version", 0, set_action, 0, NULL,
	  "print the version and exit", CONFIG_KEY_COMMAND_LINE, CONFIG_VERSION },
	{ "help", 'h', set_action, 0, NULL,
	  "print this and exit", CONFIG_KEY_COMMAND_LINE, CONFIG_HELP },
};

_Static_assert(ARRAY_SIZE(keys) <= CONFIG_KEYS_MAX, "CONFIG_KEYS_MAX");

size_t config_key_index(const struct config_key *key)
{
	return key - keys;
}

const struct config_key *config_key_next(const struct config_key *key)
{
	if (!key)
		return keys;
	return key + 1 < keys + ARRAY_SIZE(keys) ? key + 1 : NULL;
}

const struct config_key *config_key_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].name) == len && !memcmp(keys[i].name, name, len))
			return &keys[i];
	return NULL;
}

const struct config_key *config_key_find_letter(char letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].letter && keys[i].letter == letter)
			return &keys[i];
	return NULL;
}
