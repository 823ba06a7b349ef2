/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon was told: a file in the grammar of coturn's turnserver.conf,
 * then the command line. Nothing changes it after config_load().
 */
#ifndef KTURN_CONFIG_H
#define KTURN_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "acl.h"
#include "addr.h"
#include "alternate.h"
#include "auth.h"
#include "datapath.h"
#include "nonce.h"

struct config_given;
struct tls_server;
struct user_set;

#define CONFIG_DEFAULT_FILE	"/etc/kturn/kturnd.conf"
#define CONFIG_ADDRS_MAX	32

/**
 * struct config_addrs - a list of addresses
 */
struct config_addrs {
	union addr addr[CONFIG_ADDRS_MAX];
	unsigned int n;
};

/**
 * struct config_external - external-ip: what clients are told instead
 * @is_public: the address on the outside of the NAT
 * @is_private: the relay-ip that it stands for; AF_UNSPEC for every one
 */
struct config_external {
	union addr is_public;
	union addr is_private;
};

/* A "user" line, until its key is known. */
struct config_user {
	struct config_user *next;
	char *name;		/* both prepared */
	char *password;		/* "0x" and the key in hexadecimal, or the password */
};

enum config_action {
	CONFIG_SERVE,
	CONFIG_HELP,
	CONFIG_VERSION,
	CONFIG_CHECK,
	CONFIG_MIGRATE,
};

/* Whether "dtls" or "no-dtls" has been said, and which of them last. */
enum config_dtls { CONFIG_DTLS_UNSAID, CONFIG_DTLS, CONFIG_NO_DTLS };

struct config {
	enum config_action action;
	char *file;
	bool no_file;
	unsigned int warnings;		/* that there were */
	/* What it was read from: the caller's, for those who read it again. */
	int argc;
	char *const *argv;
	struct config_given *given;	/* in the words of the administrator */
	unsigned int n_given;

	struct config_addrs listening_ip;
	bool listening_any;		/* none was given: all there are */
	uint16_t listening_port, tls_listening_port;
	uint16_t tcp_proxy_port;	/* 0: none */
	bool rfc5780;			/* NAT behavior discovery */
	uint16_t alt_listening_port, alt_tls_listening_port;	/* for it */
	struct config_addrs aux_server;	/* with their ports */

	bool no_stun, stun_only;	/* no Binding, nothing else */
	bool secure_stun;		/* Binding is authenticated, too */
	bool mobility;			/* RFC 8016 */
	bool fingerprint;		/* in all messages, asked for or not */
	bool software;			/* in responses */
	struct alternate *alternates;	/* in the order they were given */

	bool no_udp, no_tcp;		/* no clients that come that way */
	bool no_udp_relay, no_tcp_relay;	/* no such allocations */
	bool udp_gso;			/* datagrams may be joined in the kernel */

	struct config_addrs relay_ip;
	struct config_external external_ip[CONFIG_ADDRS_MAX];
	unsigned int n_external_ip;
	uint16_t min_port, max_port;
	/* Of who asks for none; AF_UNSPEC: the client's own. */
	sa_family_t default_family;

	char *realm;
	struct config_user *user_lines;	/* empty once their keys are known */
	bool lt_cred_mech, no_auth;
	bool use_auth_secret;
	char *userdb;
	bool oauth;
	char *server_name;	/* whom its tokens are made for */
	struct redis_address *redis;	/* instead of it; NULL: no Redis */
	unsigned int redis_lease;	/* seconds that its share of quotas outlives a host */
	unsigned int userdb_cache;	/* seconds that users count without it */
	bool limit_refusals;
	unsigned int refusals_per_second;	/* of one address */
	bool userdb_users;	/* not its secrets alone */
	char *auth_secrets[AUTH_SECRETS_MAX];	/* empty once the set of users has them */
	unsigned int n_auth_secrets;
	char rest_separator;
	struct user_set *users;		/* NULL: nobody has to sign */
	struct nonce_key nonce_key;
	char *nonce_secret;

	char *cert, *pkey, *pkey_pwd, *ciphers;
	bool no_tls, no_tls1_2;
	enum config_dtls dtls_said;
	struct tls_server *tls;		/* NULL: no TLS */
	struct tls_server *dtls;	/* NULL: no DTLS; if both are there, the same */

	struct acl acl;
	unsigned int user_quota, total_quota;	/* allocations; 0: no limit */
	/* Bytes per second, each way; 0: no limit. */
	uint64_t max_bps, bps_capacity;
	/* Of one allocation. Pending connections are connections, too. */
	unsigned int max_permissions, max_channels;
	bool rfc5766_channel_numbers;	/* up to 0x7fff */
	unsigned int max_connections, max_pending_connections;
	unsigned int max_strangers;	/* of each worker */
	/* Seconds. */
	unsigned int max_allocate_lifetime, permission_lifetime, channel_lifetime;
	unsigned int max_allocate_timeout;	/* without an allocation */
	unsigned int stale_nonce;		/* 0: a nonce never is */
	/* Of data connections; 0: for ever, or as the system does. */
	unsigned int relay_idle_timeout, tcp_keepalive, tcp_user_timeout;

	unsigned int relay_threads;	/* workers */
	enum datapath_choice datapath;
	bool prometheus;
	union addr prometheus_address;	/* AF_UNSPEC: loopback */
	uint16_t prometheus_port;
	char *prometheus_path;		/* NULL: /metrics */
	bool verbose;
	bool log_json;
	char *log_file;
	bool syslog;
	int syslog_facility;
	char *pidfile;
	bool keep_sessions;	/* over the death of the process */
	char *control_socket;	/* NULL: the default, if it can be had */
	char *control_group;	/* NULL: nobody besides root and the server's own user */
	unsigned int trace_records;	/* of each worker, while somebody watches */
};

/**
 * config_load() - read the file, the command line, and fill in the rest
 * @argv: the program's arguments, its name first
 * @errors: gets one line for each thing that is wrong:
 *	"file:line: key: value: what would be valid",
 *	and for what is not, but has no effect: "file:line: warning: key: why"
 *
 * Return: 0, or the number of errors; warnings are none.
 */
unsigned int config_load(struct config *config, int argc, char *const argv[], FILE *errors);

/**
 * config_free() - free what config_load() has allocated
 */
void config_free(struct config *config);

/**
 * config_help() - print the keys and what they mean
 */
void config_help(FILE *out);

/**
 * config_other_ip() - the listening-ip that stands beside another one for RFC 5780
 * @addr: whose IP address counts
 *
 * Of each family the first and the second belong together, the third and the fourth.
 *
 * Return: whether there is one; its port is 0.
 */
bool config_other_ip(const struct config *config, const union addr *addr, union addr *other);

/**
 * config_migrate() - print what a file of coturn's comes to here
 * @path: the file
 * @out: gets a configuration that config_load() takes, and in its comments what became
 *	of each line
 * @errors: gets what it cannot make right
 *
 * Return: 0, or the number of errors.
 */
unsigned int config_migrate(const char *path, FILE *out, FILE *errors);

/**
 * config_external_addr() - the address that stands for a relayed one outside
 *
 * Only the IP address changes.
 */
void config_external_addr(const struct config *config, union addr *addr);

#endif
