// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "config_internal.h"
#include "control.h"
#include "macros.h"

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
	return strcmp(value, "yes") ? config_parse_string(config, key, value) : NULL;
}

#define MEMBER(name) offsetof(struct config, name)

static const struct config_key keys[] = {
	{ "listening-ip", 'L', config_parse_addr, MEMBER(listening_ip), "ADDRESS",
	  "listen here (repeat; default: all addresses)", CONFIG_KEY_REPEAT, 0 },
	{ "listening-port", 'p', config_parse_port, MEMBER(listening_port), "PORT",
	  "listen on this port (default: 3478)", 0, 0 },
	{ "tls-listening-port", 0, config_parse_port, MEMBER(tls_listening_port), "PORT",
	  "listen for TLS and DTLS on this port (default: 5349; needs cert)", 0, 0 },
	{ "no-udp", 0, config_parse_bool, MEMBER(no_udp), NULL,
	  "no clients over UDP; those over DTLS are not meant", 0, 0 },
	{ "no-tcp", 0, config_parse_bool, MEMBER(no_tcp), NULL,
	  "no clients over TCP; those over TLS are not meant", 0, 0 },
	{ "no-udp-relay", 0, config_parse_bool, MEMBER(no_udp_relay), NULL,
	  "no UDP allocations", 0, 0 },
	{ "no-tcp-relay", 0, config_parse_bool, MEMBER(no_tcp_relay), NULL,
	  "no TCP allocations (RFC 6062)", 0, 0 },
	{ "udp-gso", 0, config_parse_bool, MEMBER(udp_gso), NULL,
	  "let the kernel join datagrams of one way (GRO) and cut what was joined (GSO); "
	  "udp-gso=no if a device does it wrong (default: yes)", 0, 0 },
	{ "aux-server", 0, config_parse_aux_server, MEMBER(aux_server), "ADDRESS:PORT",
	  "listen there as well, as on listening-port (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "rfc5780", 0, config_parse_bool, MEMBER(rfc5780), NULL,
	  "NAT behavior discovery; needs two listening-ip", 0, 0 },
	{ "no-rfc5780", 0, config_parse_not, MEMBER(rfc5780), NULL,
	  "none (default)", 0, 0 },
	{ "alt-listening-port", 0, config_parse_alt_port, MEMBER(alt_listening_port), "PORT",
	  "second port for it (default: 0, listening-port + 1)", 0, 0 },
	{ "alt-tls-listening-port", 0, config_parse_alt_port, MEMBER(alt_tls_listening_port), "PORT",
	  "second port for TLS for it (default: 0, tls-listening-port + 1)", 0, 0 },
	{ "stun-only", 'S', config_parse_bool, MEMBER(stun_only), NULL,
	  "answer Binding requests and no others", 0, 0 },
	{ "no-stun", 0, config_parse_bool, MEMBER(no_stun), NULL,
	  "do not answer Binding requests", 0, 0 },
	{ "secure-stun", 0, config_parse_bool, MEMBER(secure_stun), NULL,
	  "ask for credentials in Binding requests as in others", 0, 0 },
	{ "fingerprint", 'f', config_parse_bool, MEMBER(fingerprint), NULL,
	  "FINGERPRINT in every message (default: to clients that send it)", 0, 0 },
	{ "software-attribute", 0, config_parse_bool, MEMBER(software), NULL,
	  "say in responses what software this is (default: yes)", 0, 0 },
	{ "no-software-attribute", 0, config_parse_not, MEMBER(software), NULL,
	  "do not", 0, 0 },
	{ "mobility", 0, config_parse_bool, MEMBER(mobility), NULL,
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
	{ "tcp-proxy-port", 0, config_parse_port, MEMBER(tcp_proxy_port), "PORT",
	  "take clients from a load balancer there, by the PROXY protocol 2", 0, 0 },
	{ "relay-ip", 'E', config_parse_relay_ip, MEMBER(relay_ip), "ADDRESS",
	  "address of relayed transport addresses (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "external-ip", 'X', config_parse_external_ip, 0, "PUBLIC[/PRIVATE]",
	  "what clients are told instead of the relay-ip (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "min-port", 0, config_parse_port, MEMBER(min_port), "PORT",
	  "first port for relayed transport addresses (default: 49152)", 0, 0 },
	{ "max-port", 0, config_parse_port, MEMBER(max_port), "PORT",
	  "last port for relayed transport addresses (default: 65535)", 0, 0 },
	{ "realm", 'r', config_parse_realm, 0, "REALM",
	  "realm of the long-term credentials", 0, 0 },
	{ "user", 'u', config_parse_user, 0, "NAME:PASSWORD",
	  "a user; or NAME:0xKEY with his MD5 or SHA-256 key (repeat)", CONFIG_KEY_SECRET | CONFIG_KEY_REPEAT, 0 },
	{ "lt-cred-mech", 'a', config_parse_bool, MEMBER(lt_cred_mech), NULL,
	  "ask for long-term credentials (default with a user)", 0, 0 },
	{ "no-auth", 'z', config_parse_bool, MEMBER(no_auth), NULL,
	  "let anybody in", 0, 0 },
	{ "use-auth-secret", 0, config_parse_bool, MEMBER(use_auth_secret), NULL,
	  "take names that end by themselves (the TURN REST API)", 0, 0 },
	{ "static-auth-secret", 0, config_parse_secret, 0, "SECRET",
	  "which makes their passwords; includes use-auth-secret (repeat)",
	  CONFIG_KEY_SECRET | CONFIG_KEY_REPEAT, 0 },
	{ "rest-api-separator", 'C', config_parse_separator, 0, "CHARACTER",
	  "between the expiry and the user in these names (default: ':')", CONFIG_KEY_REPEAT, 0 },
	{ "userdb", 'b', config_parse_string, MEMBER(userdb), "FILE",
	  "coturn's SQLite database of users and secrets", 0, 0 },
	{ "db", 0, config_parse_string, MEMBER(userdb), "FILE",
	  "the same as userdb", 0, 0 },
	{ "oauth", 0, config_parse_bool, MEMBER(oauth), NULL,
	  "take tokens of an authorization server (RFC 7635), whose keys are in the userdb",
	  0, 0 },
	{ "server-name", 0, config_parse_server_name, 0, "NAME",
	  "whom these tokens have to be made for (default: the realm)", 0, 0 },
	{ "redis-userdb", 'N', config_parse_redis, 0, "CONNECTION",
	  "users and secrets in Redis, such as \"ip=127.0.0.1 dbname=0 password=SECRET "
	  "port=6379 connect_timeout=5\"", CONFIG_KEY_SECRET, 0 },
	{ "redis-lease", 0, config_parse_lease, MEMBER(redis_lease), "SECONDS",
	  "how long what a host has counts after it is gone (default: 30)", 0, 0 },
	{ "userdb-cache", 0, config_parse_seconds, MEMBER(userdb_cache), "SECONDS",
	  "how long users of a Redis that is gone count (default: 300)", 0, 0 },
	{ "unauthorized-ratelimit", 0, config_parse_bool, MEMBER(limit_refusals), NULL,
	  "bound the error responses to clients that nobody has authenticated", 0, 0 },
	{ "unauthorized-ratelimit-rps", 0, config_parse_refusals, 0, "COUNT",
	  "how many a second for each address, over UDP and over TCP; includes the former "
	  "(default: 10)", 0, 0 },
	{ "stateless-nonce-secret", 0, config_parse_string, MEMBER(nonce_secret), "SECRET",
	  "servers that share it take each other's nonces", CONFIG_KEY_SECRET, 0 },
	{ "cert", 0, config_parse_cert, 0, "FILE",
	  "PEM certificates, the server's first; listening-port then takes TLS and DTLS, too",
	  0, 0 },
	{ "pkey", 0, config_parse_pkey, 0, "FILE",
	  "PEM private key (default: in the certificate's file)", 0, 0 },
	{ "pkey-pwd", 0, config_parse_string, MEMBER(pkey_pwd), "PASSWORD",
	  "password of the private key", CONFIG_KEY_SECRET, 0 },
	{ "cipher-list", 0, config_parse_ciphers, 0, "PRIORITIES",
	  "a priority string of GnuTLS (default: DEFAULT, AEAD with forward secrecy)", 0, 0 },
	{ "no-tls", 0, config_parse_bool, MEMBER(no_tls), NULL,
	  "no TLS, even with a certificate; DTLS is not meant", 0, 0 },
	{ "dtls", 0, config_parse_dtls, 0, NULL,
	  "DTLS 1.2 (default with a certificate, unless no-tlsv1_2)", 0, 0 },
	{ "no-dtls", 0, config_parse_dtls, 0, NULL,
	  "no DTLS, even with a certificate", 0, 0 },
	{ "no-tlsv1_2", 0, config_parse_bool, MEMBER(no_tls1_2), NULL,
	  "TLS 1.3 only, and no DTLS", 0, 0 },
	{ "allowed-peer-ip", 0, config_parse_allowed, 0, "RANGE",
	  "peers to allow: ip, ip-ip or ip/len (repeat; wins over denied)", CONFIG_KEY_REPEAT, 0 },
	{ "denied-peer-ip", 0, config_parse_denied, 0, "RANGE",
	  "peers to refuse (repeat)", CONFIG_KEY_REPEAT, 0 },
	{ "allow-loopback-peers", 0, config_parse_bool, MEMBER(acl.allow_loopback), NULL,
	  "allow 127.0.0.0/8 and ::1 as peers", 0, 0 },
	{ "user-quota", 'q', config_parse_count, MEMBER(user_quota), "COUNT",
	  "most allocations a user may have (default: 0, no limit)", 0, 0 },
	{ "total-quota", 'Q', config_parse_count, MEMBER(total_quota), "COUNT",
	  "most allocations there may be (default: 0, no limit)", 0, 0 },
	{ "max-bps", 's', config_parse_bps, MEMBER(max_bps), "BYTES",
	  "bytes per second each way for an allocation (default: 0, no limit)", 0, 0 },
	{ "bps-capacity", 'B', config_parse_bps, MEMBER(bps_capacity), "BYTES",
	  "most of these for all together; needs max-bps (default: 0, no limit)", 0, 0 },
	{ "relay-idle-timeout", 0, config_parse_timeout, MEMBER(relay_idle_timeout), "SECONDS",
	  "end data connections that carry nothing (default: 0, never)", 0, 0 },
	{ "tcp-keepalive", 0, config_parse_timeout, MEMBER(tcp_keepalive), "SECONDS",
	  "ask the silent ends of data connections (default: 60; 0: as the system does)",
	  0, 0 },
	{ "tcp-user-timeout", 0, config_parse_timeout, MEMBER(tcp_user_timeout), "SECONDS",
	  "how long they may take nothing (default: 0, as the system has it)", 0, 0 },
	{ "relay-threads", 'm', config_parse_threads, 0, "COUNT",
	  "threads that serve (default: one for each CPU)", 0, 0 },
	{ "allocation-default-address-family", 'A', config_parse_family, 0, "FAMILY",
	  "what a client gets who asks for none: ipv4, ipv6, or keep his own (default: ipv4)",
	  0, 0 },
	{ "keep-address-family", 'K', config_parse_keep_family, 0, NULL,
	  "the same as allocation-default-address-family=keep", 0, 0 },
	{ "max-permissions", 0, config_parse_cap, MEMBER(max_permissions), "COUNT",
	  "most permissions of an allocation (default: 1024)", 0, 0 },
	{ "max-channels", 0, config_parse_cap, MEMBER(max_channels), "COUNT",
	  "most channels of an allocation (default: 1024)", 0, 0 },
	{ "max-connections", 0, config_parse_cap, MEMBER(max_connections), "COUNT",
	  "most connections with peers of an allocation (default: 1024)", 0, 0 },
	{ "max-pending-connections", 0, config_parse_cap, MEMBER(max_pending_connections), "COUNT",
	  "most of these that wait to be established or bound (default: 64)", 0, 0 },
	{ "max-strangers", 0, config_parse_cap, MEMBER(max_strangers), "COUNT",
	  "most connections without an allocation, a thread; the oldest go (default: 2048)",
	  0, 0 },
	{ "max-allocate-lifetime", 0, config_parse_seconds, MEMBER(max_allocate_lifetime), "SECONDS",
	  "longest time to expiry of an allocation (default: 3600)", 0, 0 },
	{ "permission-lifetime", 0, config_parse_seconds, MEMBER(permission_lifetime), "SECONDS",
	  "time to expiry of a permission (default: 300, as RFC 8656 has it)", 0, 0 },
	{ "rfc5766-channel-numbers", 0, config_parse_bool, MEMBER(rfc5766_channel_numbers), NULL,
	  "channels up to 0x7fff, for clients older than RFC 8656", 0, 0 },
	{ "channel-lifetime", 0, config_parse_seconds, MEMBER(channel_lifetime), "SECONDS",
	  "time to expiry of a channel (default: 600, as RFC 8656 has it)", 0, 0 },
	{ "max-allocate-timeout", 0, config_parse_seconds, MEMBER(max_allocate_timeout), "SECONDS",
	  "close connections without an allocation after this (default: 60)", 0, 0 },
	{ "stale-nonce", 0, config_parse_stale_nonce, MEMBER(stale_nonce), "SECONDS",
	  "how long a nonce is good; 0: for ever (default: 600)", CONFIG_KEY_OPTIONAL, 0 },
	{ "datapath", 0, config_parse_datapath, 0, "ENGINE",
	  "what moves the payload: auto, kernel or splice (default: auto)", 0, 0 },
	{ "prometheus", 0, config_parse_bool, MEMBER(prometheus), NULL,
	  "tell Prometheus what happens, and at /health whether it does", 0, 0 },
	{ "prometheus-address", 0, config_parse_prometheus_address, 0, "ADDRESS",
	  "listen for it here (default: 127.0.0.1)", 0, 0 },
	{ "prometheus-port", 0, config_parse_port, MEMBER(prometheus_port), "PORT",
	  "listen for it on this port (default: 9641)", 0, 0 },
	{ "prometheus-path", 0, config_parse_prometheus_path, 0, "PATH",
	  "of the numbers (default: /metrics)", 0, 0 },
	{ "prometheus-username-labels", 0, config_refuse_username_labels, 0, NULL,
	  "refused: clients would choose how many numbers there are", 0, 0 },
	{ "verbose", 'v', config_parse_bool, MEMBER(verbose), NULL,
	  "log every request", 0, 0 },
	{ "Verbose", 'V', config_parse_bool, MEMBER(verbose), NULL,
	  "the same as verbose", 0, 0 },
	{ "syslog", 0, config_parse_bool, MEMBER(syslog), NULL,
	  "log to syslog, the same as log-file=syslog", 0, 0 },
	{ "syslog-facility", 0, config_parse_facility, 0, "FACILITY",
	  "which of syslog's: daemon, user, local0 to local7... (default: daemon)", 0, 0 },
	{ "log-file", 'l', config_parse_string, MEMBER(log_file), "FILE",
	  "log to a path, stdout (or -), or syslog (default: standard error)", 0, 0 },
	{ "log-format", 0, config_parse_log_format, 0, "FORMAT",
	  "lines of text, or of json (default: text)", 0, 0 },
	{ "pidfile", 0, config_parse_string, MEMBER(pidfile), "FILE",
	  "write the process id there", 0, 0 },
	{ "keep-sessions", 0, config_parse_bool, MEMBER(keep_sessions), NULL,
	  "start again when it dies; sockets and nonces outlive it (default: no)", 0, 0 },
	{ "control-socket", 0, config_parse_socket_path, MEMBER(control_socket), "PATH",
	  "take commands of kturn(8) there (default: " CONTROL_DEFAULT_PATH ")", 0, 0 },
	{ "control-group", 0, config_parse_string, MEMBER(control_group), "GROUP",
	  "also those of its members; the server has to be one, or root (default: none)", 0, 0 },
	{ "trace-records", 0, config_parse_cap, MEMBER(trace_records), "COUNT",
	  "control messages that a thread keeps while kturn trace runs (default: 2048)", 0, 0 },
	{ "config", 'c', config_parse_string, MEMBER(file), "FILE",
	  "read this file (default: " CONFIG_DEFAULT_FILE ")",
	  CONFIG_KEY_COMMAND_LINE | CONFIG_KEY_EARLY, 0 },
	{ "no-config", 'n', config_parse_bool, MEMBER(no_file), NULL,
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
