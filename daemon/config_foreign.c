// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "config_foreign.h"
#include "macros.h"

#define OLD_TLS		"TLS before 1.2 is never spoken (RFC 8996)"
#define DH		"the groups are those of RFC 7919, and of curves"
#define NO_SQLITE	"users are read from SQLite or Redis: userdb=FILE, redis-userdb, or user=name:password"
#define NO_METRICS	"the exporter has no TLS: it is for loopback"
#define NO_TELNET	"there is no telnet interface: kturn(8) looks inside"
#define NO_WEB		"there is no web interface: kturn(8) looks inside"
#define BATCHES		"datagrams always come and go in batches"
#define SHARED_PORT	"each allocation has a port of its own: open min-port to max-port"
#define OLD_STUN	"only RFC 5389 and later is spoken"
#define DEVICE		"name the device's addresses: "
#define LOG_LINES	"each line of the log has its time, in ISO 8601"
#define USER_OF_UNIT	"the service manager chooses whom kturnd runs as (User= of its unit)"

static const struct config_foreign keys[] = {
	/* where clients come, and peers */
	{ "listening-device", 'd', CONFIG_REFUSED, "DEVICE", DEVICE "listening-ip", false },
	{ "relay-device", 'i', CONFIG_REFUSED, "DEVICE", DEVICE "relay-ip", false },
	{ "udp-self-balance", 0, CONFIG_NO_EFFECT, NULL,
	  "all threads listen on each port, and the kernel spreads clients over them", false },
	{ "cpus", 0, CONFIG_NO_EFFECT, "COUNT",
	  "relay-threads says how many threads serve", false },
	{ "sock-buf-size", 0, CONFIG_NO_EFFECT, "BYTES",
	  "buffers are as large as net.core.rmem_max and net.ipv4.tcp_rmem let them", false },
	{ "server-relay", 0, CONFIG_REFUSED_ON, NULL,
	  "peers need a permission, always (RFC 8656, section 9)", false },
	{ "udp-recvmmsg", 0, CONFIG_NO_EFFECT, NULL, BATCHES, false },
	{ "udp-recvmmsg-log", 0, CONFIG_NO_EFFECT, NULL, BATCHES, false },
	{ "udp-sendmmsg-log", 0, CONFIG_NO_EFFECT, NULL, BATCHES, false },
	{ "multiplex-peer", 0, CONFIG_REFUSED_ON, NULL, SHARED_PORT, false },
	{ "multiplex-peer-port", 0, CONFIG_NO_EFFECT, "PORT", SHARED_PORT, false },
	{ "multiplex-peer-max-peers", 0, CONFIG_NO_EFFECT, "COUNT", SHARED_PORT, false },
	{ "no-multicast-peers", 0, CONFIG_NO_EFFECT, NULL,
	  "multicast peers are always refused, but for an allowed-peer-ip", false },
	{ "no-loopback-peers", 0, CONFIG_NO_EFFECT, NULL,
	  "loopback peers are refused without allow-loopback-peers", false },

	/* who may come */
	{ "psql-userdb", 'e', CONFIG_REFUSED, "CONNECTION", NO_SQLITE, true },
	{ "sql-userdb", 0, CONFIG_REFUSED, "CONNECTION", NO_SQLITE, true },
	{ "mysql-userdb", 'M', CONFIG_REFUSED, "CONNECTION", NO_SQLITE, true },
	{ "mongo-userdb", 'J', CONFIG_REFUSED, "CONNECTION", NO_SQLITE, true },
	{ "secret-key-file", 0, CONFIG_NO_EFFECT, "FILE", "it belongs to mysql-userdb", false },
	{ "no-auth-pings", 0, CONFIG_NO_EFFECT, NULL,
	  "a database in a file needs none", false },
	{ "no-dynamic-ip-list", 0, CONFIG_NO_EFFECT, NULL,
	  "peers are allowed and denied here, not in the database", false },
	{ "no-dynamic-realms", 0, CONFIG_NO_EFFECT, NULL,
	  "without rows in turn_origin_to_realm there is one realm", false },
	{ "check-origin-consistency", 0, CONFIG_NO_EFFECT, NULL,
	  "all requests must be of the same user, and with him of the same realm", false },
	{ "secret-ts-exp-time", 0, CONFIG_NO_EFFECT, "SECONDS",
	  "an ephemeral name says itself when it ends", false },
	{ "st-cred-mech", 0, CONFIG_REFUSED_ON, NULL,
	  "TURN has long-term credentials: lt-cred-mech (RFC 8656, section 5)", false },
	{ "sha256", 0, CONFIG_NO_EFFECT, NULL,
	  "clients choose between SHA-1 and SHA-256 themselves (RFC 8489)", false },
	{ "stateless-nonce", 0, CONFIG_REFUSED_OFF, NULL, "nonces are never kept", false },

	/* TLS */
	{ "CA-file", 0, CONFIG_REFUSED, "FILE",
	  "clients are known by their credentials, and never asked for a certificate", false },
	{ "raw-public-keys", 0, CONFIG_REFUSED_ON, NULL,
	  "clients get a certificate: cert, pkey", false },
	{ "ec-curve-name", 0, CONFIG_NO_EFFECT, "NAME",
	  "client and server agree on one; cipher-list can choose, "
	  "as in NORMAL:-GROUP-ALL:+GROUP-X25519", false },
	{ "dh-file", 0, CONFIG_NO_EFFECT, "FILE", DH, false },
	{ "dh566", 0, CONFIG_NO_EFFECT, NULL, DH, false },
	{ "dh1066", 0, CONFIG_NO_EFFECT, NULL, DH, false },
	{ "dh2066", 0, CONFIG_NO_EFFECT, NULL, DH, false },
	{ "tlsv1", 0, CONFIG_REFUSED_ON, NULL, OLD_TLS, false },
	{ "tlsv1_1", 0, CONFIG_REFUSED_ON, NULL, OLD_TLS, false },
	{ "no-tlsv1", 0, CONFIG_REFUSED_OFF, NULL, OLD_TLS, false },
	{ "no-tlsv1_1", 0, CONFIG_REFUSED_OFF, NULL, OLD_TLS, false },
	{ "no-sslv2", 0, CONFIG_REFUSED_OFF, NULL, OLD_TLS, false },
	{ "no-sslv3", 0, CONFIG_REFUSED_OFF, NULL, OLD_TLS, false },
	{ "acme-redirect", 0, CONFIG_REFUSED, "URL",
	  "no HTTP is spoken: let a web server or the name service answer ACME", false },

	/* STUN */
	{ "prod", 0, CONFIG_NO_EFFECT, NULL,
	  "SOFTWARE never tells the version; software-attribute=no leaves it out", false },
	{ "response-origin-only-with-rfc5780", 0, CONFIG_REFUSED_OFF, NULL,
	  "RESPONSE-ORIGIN is sent with rfc5780 only", false },
	{ "stun-backward-compatibility", 0, CONFIG_NO_EFFECT, NULL, OLD_STUN, false },
	{ "no-stun-backward-compatibility", 0, CONFIG_NO_EFFECT, NULL, OLD_STUN, false },
	{ "rfc3489-compatibility", 0, CONFIG_NO_EFFECT, NULL, OLD_STUN, false },
	{ "include-reason-string", 0, CONFIG_NO_EFFECT, NULL,
	  "an ERROR-CODE always has its reason phrase (RFC 8489, section 14.8)", false },
	{ "respond-http-unsupported", 0, CONFIG_NO_EFFECT, NULL,
	  "who does not speak STUN gets no answer", false },
	{ "drop-invalid-packets", 0, CONFIG_NO_EFFECT, NULL,
	  "who does not speak STUN gets no answer", false },
	{ "drop-invalid-packets-log", 0, CONFIG_NO_EFFECT, NULL,
	  "verbose logs what is ignored", false },

	/* the process and its log */
	{ "daemon", 'o', CONFIG_NO_EFFECT, NULL,
	  "the service manager puts kturnd into the background", false },
	{ "proc-user", 0, CONFIG_NO_EFFECT, "USER", USER_OF_UNIT, false },
	{ "proc-group", 0, CONFIG_NO_EFFECT, "GROUP", USER_OF_UNIT, false },
	{ "drain-min-allocations", 0, CONFIG_NO_EFFECT, "COUNT",
	  "kturn drain waits for the last allocation, or for its deadline", false },
	{ "ne", 0, CONFIG_NO_EFFECT, "1|2|3", "there is one network engine", false },
	{ "no-stdout-log", 0, CONFIG_NO_EFFECT, NULL,
	  "the log goes to one place: log-file or syslog", false },
	{ "simple-log", 0, CONFIG_NO_EFFECT, NULL,
	  "a log file has the name it was given, and is not rolled over", false },
	{ "new-log-timestamp", 0, CONFIG_NO_EFFECT, NULL, LOG_LINES, false },
	{ "new-log-timestamp-format", 0, CONFIG_NO_EFFECT, "FORMAT", LOG_LINES, false },
	{ "log-min-level", 0, CONFIG_NO_EFFECT, "LEVEL",
	  "there are two: with verbose and without", false },
	{ "log-binding", 0, CONFIG_NO_EFFECT, NULL,
	  "verbose logs every request, also Binding", false },

	/* looking inside */
	{ "redis-statsdb", 'O', CONFIG_NO_EFFECT, "CONNECTION",
	  "nothing is written to Redis: kturn(8) has the counters", true },
	{ "prometheus-tls", 0, CONFIG_NO_EFFECT, NULL, NO_METRICS, false },
	{ "prometheus-cert", 0, CONFIG_NO_EFFECT, "FILE", NO_METRICS, false },
	{ "prometheus-key", 0, CONFIG_NO_EFFECT, "FILE", NO_METRICS, false },
	{ "cli", 0, CONFIG_NO_EFFECT, NULL, NO_TELNET, false },
	{ "no-cli", 0, CONFIG_NO_EFFECT, NULL, NO_TELNET, false },
	{ "cli-ip", 0, CONFIG_NO_EFFECT, "ADDRESS", NO_TELNET, false },
	{ "cli-port", 0, CONFIG_NO_EFFECT, "PORT", NO_TELNET, false },
	{ "cli-password", 0, CONFIG_NO_EFFECT, "PASSWORD", NO_TELNET, true },
	{ "cli-max-output-sessions", 0, CONFIG_NO_EFFECT, "COUNT", NO_TELNET, false },
	{ "web-admin", 0, CONFIG_NO_EFFECT, NULL, NO_WEB, false },
	{ "web-admin-ip", 0, CONFIG_NO_EFFECT, "ADDRESS", NO_WEB, false },
	{ "web-admin-port", 0, CONFIG_NO_EFFECT, "PORT", NO_WEB, false },
	{ "web-admin-listen-on-workers", 0, CONFIG_NO_EFFECT, NULL, NO_WEB, false },
};

const struct config_foreign *config_foreign_next(const struct config_foreign *key)
{
	if (!key)
		return keys;
	return key + 1 < keys + ARRAY_SIZE(keys) ? key + 1 : NULL;
}

const struct config_foreign *config_foreign_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].name) == len && !memcmp(keys[i].name, name, len))
			return &keys[i];
	return NULL;
}

const struct config_foreign *config_foreign_find_letter(char letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].letter && keys[i].letter == letter)
			return &keys[i];
	return NULL;
}

bool config_foreign_refuses(const struct config_foreign *key, bool on)
{
	switch (key->fate) {
	case CONFIG_NO_EFFECT:
		return false;
	case CONFIG_REFUSED:
		return true;
	case CONFIG_REFUSED_ON:
		return on;
	default:
		return !on;
	}
}
