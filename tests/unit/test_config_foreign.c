// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each key of coturn's is ours, or has no effect, or is refused: one of these, and never
 * in silence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config_foreign.h"
#include "config_internal.h"
#include "config_load.h"

/* Those of 4.17, and older ones that people's files still have. */
static const char *const coturn[] = {
	"listening-device", "listening-port", "tls-listening-port", "alt-listening-port",
	"alt-tls-listening-port", "secure-stun", "rfc5780", "no-rfc5780",
	"response-origin-only-with-rfc5780", "dtls", "no-dtls", "mobility", "oauth",
	"server-name", "drain-min-allocations", "tcp-proxy-port", "listening-ip", "aux-server",
	"udp-self-balance", "no-udp", "no-tcp", "no-tls", "relay-device",
	"relay-ip", "external-ip", "relay-threads", "cpus", "min-port", "max-port",
	"sock-buf-size", "no-udp-relay", "no-tcp-relay", "server-relay", "keep-address-family",
	"allocation-default-address-family", "udp-recvmmsg", "udp-recvmmsg-log",
	"udp-sendmmsg-log", "udp-gso", "multiplex-peer", "multiplex-peer-port",
	"multiplex-peer-max-peers", "lt-cred-mech", "no-auth", "user", "realm",
	"use-auth-secret", "static-auth-secret", "rest-api-separator",
	"stale-nonce", "no-auth-pings", "no-dynamic-ip-list", "no-dynamic-realms",
	"check-origin-consistency", "stateless-nonce", "stateless-nonce-secret",
	"unauthorized-ratelimit", "unauthorized-ratelimit-rps", "userdb", "db", "psql-userdb",
	"sql-userdb", "mysql-userdb", "secret-key-file", "mongo-userdb", "redis-userdb",
	"redis-statsdb", "user-quota", "total-quota", "max-bps", "bps-capacity",
	"max-allocate-lifetime", "channel-lifetime", "permission-lifetime",
	"max-allocate-timeout", "allowed-peer-ip", "denied-peer-ip",
	"no-multicast-peers", "allow-loopback-peers", "cert", "pkey", "pkey-pwd", "cipher-list",
	"CA-file", "ec-curve-name", "dh-file", "dh566", "dh1066", "tlsv1", "tlsv1_1",
	"no-tlsv1_2", "raw-public-keys", "stun-only", "no-stun", "fingerprint",
	"software-attribute", "no-software-attribute", "stun-backward-compatibility",
	"rfc3489-compatibility", "rfc5766-channel-numbers", "include-reason-string",
	"respond-http-unsupported", "drop-invalid-packets", "drop-invalid-packets-log",
	"acme-redirect", "alternate-server", "tls-alternate-server", "tcp-alternate-server",
	"udp-alternate-server", "daemon", "proc-user", "proc-group", "pidfile", "version",
	"verbose", "Verbose", "log-file", "no-stdout-log", "syslog", "syslog-facility",
	"simple-log", "log-min-level", "new-log-timestamp", "new-log-timestamp-format",
	"log-binding", "prometheus", "prometheus-port", "prometheus-address", "prometheus-path",
	"prometheus-username-labels", "prometheus-tls", "prometheus-cert", "prometheus-key",
	"cli", "no-cli", "cli-ip", "cli-port", "cli-password", "cli-max-output-sessions",
	"web-admin", "web-admin-ip", "web-admin-port", "web-admin-listen-on-workers",
	/* gone */
	"ne", "no-sslv2", "no-sslv3", "no-tlsv1", "no-tlsv1_1", "no-stun-backward-compatibility",
	"prod", "secret-ts-exp-time", "no-loopback-peers", "st-cred-mech", "sha256", "dh2066",
};

static bool is_coturns(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(coturn); i++)
		if (!strcmp(coturn[i], name))
			return true;
	return false;
}

static void each_is_in_one_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(coturn); i++) {
		size_t len = strlen(coturn[i]);
		int classes = !!config_key_find(coturn[i], len) +
			      !!config_foreign_find(coturn[i], len);

		if (classes != 1)
			fail_msg("%s is in %d classes", coturn[i], classes);
	}
}

static void none_is_made_up(void **state)
{
	const struct config_foreign *key = NULL;
	int n = 0;

	(void)state;
	while ((key = config_foreign_next(key))) {
		if (!is_coturns(key->name))
			fail_msg("%s is no key of coturn's", key->name);
		assert_non_null(key->why);
		n++;
	}
	assert_true(n > 50);
}

/* Two keys of the same letter, and one of them would never be found. */
static void letters(void **state)
{
	static const char coturns[] = "abcdefhilmnopqrsuvzABCEJKLMNOQSVX";
	const struct config_foreign *foreign = NULL;
	const struct config_key *key = NULL;

	(void)state;
	for (const char *letter = coturns; *letter; letter++)
		if (!config_key_find_letter(*letter) == !config_foreign_find_letter(*letter))
			fail_msg("-%c is in no class, or in two", *letter);
	while ((key = config_key_next(key)))
		if (key->letter)
			assert_ptr_equal(config_key_find_letter(key->letter), key);
	while ((foreign = config_foreign_next(foreign)))
		if (foreign->letter)
			assert_ptr_equal(config_foreign_find_letter(foreign->letter), foreign);
}

/* On the command line what is foreign is not ignored either, and takes its value along. */
static void on_the_command_line(void **state)
{
	static const struct {
		char *args[3];
		const char *text;
	} cases[] = {
		{ { "-o" }, "command line: warning: daemon: has no effect: the service manager "
		  "puts kturnd into the background\n" },
		{ { "--no-cli", "-v" }, "command line: warning: no-cli: has no effect: there is no "
		  "telnet interface: kturn(8) looks inside\n" },
		{ { "--cpus", "4" }, "command line: warning: cpus: has no effect: relay-threads "
		  "says how many threads serve\n" },
		{ { "-vi", "eth0" }, "command line: relay-device: eth0: is refused: name the "
		  "device's addresses: relay-ip\n" },
		{ { "--listening-device=eth0" }, "command line: listening-device: eth0: is "
		  "refused: name the device's addresses: listening-ip\n" },
		{ { "-e", "host=db password=hush" }, "command line: psql-userdb: is refused: users "
		  "are read from SQLite or Redis: userdb=FILE, redis-userdb, or user=name:password\n" },
		{ { "--server-relay=no" }, "command line: warning: server-relay: has no effect: "
		  "peers need a permission, always (RFC 8656, section 9)\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *args[6] = { USER }, *errors;
		size_t n = 0;

		for (; n < 3 && cases[i].args[n]; n++)
			args[3 + n] = cases[i].args[n];
		errors = load(args, 3 + n);
		assert_string_equal(errors, cases[i].text);
		free(errors);
		config_free(&config);
	}
}

/* A warning stops nothing, and is said where the line is. */
static void warnings_are_no_errors(void **state)
{
	char *errors = load_file("no-cli\n"
				 "cli-password=hush\n"
				 "listening-port=1\n"
				 "listening-port=2\n"
				 "log-file=/dev/null\n"
				 "syslog\n"
				 "# the end");
	static const char *const warnings[] = {
		":1: warning: no-cli: has no effect: ", ":2: warning: cli-password: has no effect: ",
		":3: warning: listening-port: has no effect: line 4 replaces it\n",
		":5: warning: log-file: has no effect: syslog takes the log\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++)
		assert_non_null(strstr(errors, warnings[i]));
	assert_null(strstr(errors, "hush"));
	assert_int_equal(config.warnings, 4);
	assert_int_equal(config.listening_port, 2);
	assert_string_equal(config.log_file, "syslog");
	free(errors);
	config_free(&config);
}

/* What can be said more than once is not replaced. */
static void repeated_keys(void **state)
{
	char *errors = load_file("listening-ip=192.0.2.1\nlistening-ip=192.0.2.2\n"
				 "user=a:b\nuser=c:d\n"
				 "static-auth-secret=x\nstatic-auth-secret=y\n"
				 "denied-peer-ip=10.0.0.1\ndenied-peer-ip=10.0.0.2\n"
				 "allowed-peer-ip=10.0.0.1\nallowed-peer-ip=10.0.0.2\n"
				 "external-ip=198.51.100.1/192.0.2.1\n"
				 "external-ip=198.51.100.2/192.0.2.2\n"
				 "alternate-server=192.0.2.9\nalternate-server=192.0.2.10\n"
				 "aux-server=192.0.2.1:1\naux-server=192.0.2.1:2\n");

	(void)state;
	assert_string_equal(errors, "");
	free(errors);
	config_free(&config);
}

/* In GnuTLS's words a list is kept; in OpenSSL's there is a warning; nonsense is none. */
static void cipher_lists(void **state)
{
	static const char *const openssl[] = {
		"HIGH:!aNULL", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384",
		"TLS_AES_256_GCM_SHA384", "EECDH+AESGCM:EDH+AESGCM", "ALL:!eNULL", "DEFAULT:!3DES",
	};
	char option[128], *args[] = { USER, option }, *errors;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(openssl); i++) {
		snprintf(option, sizeof(option), "--cipher-list=%s", openssl[i]);
		errors = load(args, ARRAY_SIZE(args));
		assert_int_equal(config.warnings, 1);
		assert_non_null(strstr(errors, "warning: cipher-list: has no effect: it is OpenSSL's"));
		assert_null(config.ciphers);
		free(errors);
		config_free(&config);
	}
	LOAD(USER, "--cipher-list=DEFAULT");
	assert_null(config.ciphers);
	config_free(&config);
}

/* The help tells of all of them. */
static void help(void **state)
{
	const struct config_foreign *foreign = NULL;
	const struct config_key *key = NULL;
	char *text, name[80];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	config_help(out);
	fclose(out);
	while ((key = config_key_next(key))) {
		snprintf(name, sizeof(name), " --%s%s", key->name,
			 !key->arg ? " " : key->flags & CONFIG_KEY_NEXT ? " [" :
			 key->flags & CONFIG_KEY_OPTIONAL ? "[=" : "=");
		assert_non_null(strstr(text, name));
		assert_non_null(strstr(text, key->help));
	}
	while ((foreign = config_foreign_next(foreign))) {
		snprintf(name, sizeof(name), " %s", foreign->name);
		assert_non_null(strstr(text, name));
	}
	free(text);
}

/* Return: whether an item of the man page has the name. */
static bool is_item(const char *page, const char *name)
{
	static const char item[] = "\n.It Cm ";
	size_t len = strlen(name);

	for (const char *p = page; (p = strstr(p, item)); ) {
		p += sizeof(item) - 1;
		for (size_t n; *p && *p != '\n'; p += n + !!p[n] * (p[n] == ' ')) {
			n = strcspn(p, " \n");
			if (n == len && !memcmp(p, name, len))
				return true;
		}
	}
	return false;
}

/* kturnd.conf(5) has each key of ours. */
static void man_page(void **state)
{
	const struct config_key *key = NULL;
	FILE *file = fopen("docs/man/kturnd.conf.5", "re");
	static char page[64 * 1024];
	size_t len;

	(void)state;
	assert_non_null(file);
	len = fread(page, 1, sizeof(page) - 1, file);
	fclose(file);
	assert_in_range(len, 1, sizeof(page) - 2);
	assert_false(is_item(page, "listening"));
	while ((key = config_key_next(key)))
		if (!is_item(page, key->name))
			fail_msg("kturnd.conf(5) lacks %s", key->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_in_one_class),
		cmocka_unit_test(none_is_made_up),
		cmocka_unit_test(letters),
		cmocka_unit_test(on_the_command_line),
		cmocka_unit_test(warnings_are_no_errors),
		cmocka_unit_test(repeated_keys),
		cmocka_unit_test(cipher_lists),
		cmocka_unit_test(help),
		cmocka_unit_test(man_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
