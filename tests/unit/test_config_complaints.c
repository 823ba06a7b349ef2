// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is wrong with the settings is said in one line each, with its place, the key
 * and what would be right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "certificate.h"
#include "config_load.h"

static void complaints_about_values(void **state)
{
	static const struct {
		char *arg;
		const char *text;
	} cases[] = {
		{ "--listening-port=0", "listening-port: 0: should be 1 to 65535" },
		{ "--listening-port=65536", "listening-port: 65536: should be 1 to 65535" },
		{ "--listening-port=x", "listening-port: x: should be a number" },
		{ "--listening-port=", "listening-port: : should be a number" },
		{ "--max-port=-1", "max-port: -1: should be a number" },
		{ "--user-quota=1e3", "user-quota: 1e3: should be a number" },
		{ "--user-quota=4294967296", "user-quota: 4294967296: should be "
					     "0 to 4294967295" },
		{ "--max-permissions=0", "max-permissions: 0: should be 1 to 65535" },
		{ "--max-channels=x", "max-channels: x: should be a number" },
		{ "--max-connections=65536", "max-connections: 65536: should be 1 to 65535" },
		{ "--max-pending-connections=0", "max-pending-connections: 0: should be "
						 "1 to 65535" },
		{ "--max-allocate-lifetime=0", "max-allocate-lifetime: 0: should be "
					       "1 to 31536000" },
		{ "--permission-lifetime=5m", "permission-lifetime: 5m: should be a number" },
		{ "--channel-lifetime=0", "channel-lifetime: 0: should be 1 to 31536000" },
		{ "--max-allocate-timeout=0", "max-allocate-timeout: 0: should be "
					      "1 to 31536000" },
		{ "--max-allocate-timeout", "max-allocate-timeout: should be SECONDS" },
		{ "--max-bps=100000000001", "max-bps: 100000000001: should be bytes per second, "
					    "0 to 100000000000" },
		{ "--max-bps=1M", "max-bps: 1M: should be bytes per second, 0 to 100000000000" },
		{ "--bps-capacity=-1", "bps-capacity: -1: should be bytes per second, "
				       "0 to 100000000000" },
		{ "--tcp-keepalive=32768", "tcp-keepalive: 32768: should be 0 to 32767" },
		{ "--tcp-user-timeout=1m", "tcp-user-timeout: 1m: should be a number" },
		{ "--relay-idle-timeout", "relay-idle-timeout: should be SECONDS" },
		{ "--stale-nonce=no", "stale-nonce: no: should be a number" },
		{ "--stale-nonce=31536001", "stale-nonce: 31536001: should be 0 to 31536000" },
		{ "--listening-ip=host", "listening-ip: host: should be an IPv4 or IPv6 address" },
		{ "--relay-ip=::", "relay-ip: ::: should be an address of this host: "
				   "clients have to be told one" },
		{ "--external-ip=1.2.3.4/::1", "external-ip: 1.2.3.4/::1: should be "
		  "public-address or public-address/relay-ip, of one family" },
		{ "--verbose=maybe", "verbose: maybe: should be yes or no" },
		{ "--datapath=fast", "datapath: fast: should be auto, kernel or splice" },
		{ "--denied-peer-ip=10/8", "denied-peer-ip: 10/8: should be address, "
					   "first-last, or address/prefix length" },
		{ "--cert=/nonexistent", "cert: /nonexistent: should be a file of PEM "
		  "certificates, the server's first (No such file or directory)" },
		{ "--cert=/dev/null", "cert: /dev/null: should be a file of PEM certificates, "
		  "the server's first (No certificate was found.)" },
		{ "--pkey=/nonexistent", "pkey: /nonexistent: should be a file with a PEM "
		  "private key (No such file or directory)" },
		{ "--cipher-list=NORMAL:+FROB", "cipher-list: NORMAL:+FROB: should be DEFAULT or a "
		  "priority string of GnuTLS, such as SECURE256:-RSA (+FROB)" },
		{ "--pidfile=", "pidfile: : should be some text" },
		{ "--log-file", "log-file: should be FILE" },
		{ "--unauthorized-ratelimit-rps=0", "unauthorized-ratelimit-rps: 0: should be "
						    "1 to 1000000" },
		{ "--rest-api-separator=::", "rest-api-separator: ::: should be one ASCII "
					     "character that is no digit" },
		/* a password does not belong into a message */
		{ "--static-auth-secret=", "static-auth-secret: should be some text" },
		{ "--user=secret", "user: should be name:password or name:0xkey" },
		{ "--user=:secret", "user: should be name:password or name:0xkey" },
		{ "--user=name:0x12", "user: should be name:0x and the hexadecimal "
				      "digits of MD5(name:realm:password), or of "
				      "SHA-256" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *args[] = { USER, cases[i].arg };
		char *errors = load(args, ARRAY_SIZE(args)), expected[256];

		snprintf(expected, sizeof(expected), "command line: %s\n", cases[i].text);
		assert_string_equal(errors, expected);
		free(errors);
		config_free(&config);
	}
}

static void long_realm(void **state)
{
	char realm[8 + 128 + 1] = "--realm=";
	char *args[] = { "--user=u:p", "--relay-ip=192.0.2.1", realm }, *errors;

	(void)state;
	memset(realm + 8, 'r', 127);
	LOAD("--user=u:p", "--relay-ip=192.0.2.1", realm);
	config_free(&config);
	memset(realm + 8, 'r', 128);
	errors = load(args, ARRAY_SIZE(args));
	assert_non_null(strstr(errors, "should be 1 to 127 characters"));
	free(errors);
	config_free(&config);
}

static void complaints_about_keys(void **state)
{
	static const struct {
		char *arg;
		const char *text;
	} cases[] = {
		{ "--listning-port=1", "listning-port: unknown key; did you mean listening-port?" },
		{ "--denied-peer-ips=1", "denied-peer-ips: unknown key; did you mean denied-peer-ip?" },
		{ "--allowed-loopback-peers", "allowed-loopback-peers: unknown key; "
					      "did you mean allow-loopback-peers?" },
		{ "--frobnicate", "frobnicate: unknown key" },
		{ "-Z", "Z: unknown key" },
		{ "stray", "stray: unknown key" },
		{ "--", "--: unknown key" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *args[] = { USER, cases[i].arg };
		char *errors = load(args, ARRAY_SIZE(args)), expected[256];

		snprintf(expected, sizeof(expected), "command line: %s\n", cases[i].text);
		assert_string_equal(errors, expected);
		free(errors);
		config_free(&config);
	}
}

static void all_complaints_at_once(void **state)
{
	char *errors = load_file("verbos\n"
				 "# fine\n"
				 "min-port=70000\n"
				 "listening-ip\n"
				 "help\n"), *line;

	(void)state;
	line = strtok(errors, "\n");
	assert_non_null(strstr(line, ":1: verbos: unknown key; did you mean verbose?"));
	line = strtok(NULL, "\n");
	assert_non_null(strstr(line, ":3: min-port: 70000: should be 1 to 65535"));
	line = strtok(NULL, "\n");
	assert_non_null(strstr(line, ":4: listening-ip: should be ADDRESS"));
	line = strtok(NULL, "\n");
	assert_non_null(strstr(line, ":5: help: should be on the command line only"));
	assert_null(strtok(NULL, "\n"));
	free(errors);
	config_free(&config);
}

static void missing_file(void **state)
{
	char *args[] = { USER, "--config=/nonexistent/kturnd.conf" };
	char *errors = load(args, ARRAY_SIZE(args));

	(void)state;
	assert_string_equal(errors, "/nonexistent/kturnd.conf: No such file or directory\n");
	free(errors);
	config_free(&config);
}

static void what_does_not_fit_together(void **state)
{
	static const struct {
		char *args[4];
		const char *text;
	} cases[] = {
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--bps-capacity=1000000" },
		  "command line: bps-capacity: needs max-bps, of which it is made up\n" },
		{ { "--relay-ip=192.0.2.1" }, "warning: user: nobody can get an allocation: "
		  "there is no user=name:password, static-auth-secret or userdb; no-auth lets "
		  "anybody in\n" },
		{ { "--relay-ip=192.0.2.1", "--realm=r", "--userdb=/nowhere" },
		  "command line: userdb: /nowhere: No such file or directory\n" },
		{ { "--relay-ip=192.0.2.1", "--user=u:p" },
		  "realm: missing: the users' keys depend on it\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--lt-cred-mech" },
		  "command line: no-auth: contradicts lt-cred-mech: nobody would be asked\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--use-auth-secret" },
		  "command line: no-auth: contradicts use-auth-secret: nobody would be asked\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--user=u:p" },
		  "command line: no-auth: contradicts user: nobody would be asked\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--min-port=9", "--max-port=8" },
		  "command line: min-port: 9: should be at most max-port, 8\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--tls-listening-port=9" },
		  "command line: tls-listening-port: needs cert, which is missing\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--max-port=8" },
		  "command line: max-port: 8: should be at least min-port, 49152\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--no-tls", "--dtls" },
		  "command line: dtls: needs cert, which is missing\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--no-stun", "--stun-only" },
		  "command line: stun-only: contradicts no-stun: nothing would be answered\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--no-udp", "--no-tcp" },
		  "command line: no-tcp: with no-udp and without TLS nobody could come\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--no-udp-relay", "--no-tcp-relay" },
		  "command line: no-tcp-relay: contradicts no-udp-relay: nothing would be relayed\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--rfc5780" },
		  "command line: rfc5780: needs two listening-ip of one family\n" },
		{ { "--no-auth", "--rfc5780", "-L192.0.2.1", "-L2001:db8::1" },
		  "command line: rfc5780: needs two listening-ip of one family\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--alt-listening-port=7" },
		  "command line: warning: alt-listening-port: has no effect: it belongs to rfc5780\n" },
		{ { "--relay-ip=192.0.2.1", "--realm=here", "--user=alice:wonder", "--oauth" },
		  "command line: oauth: needs userdb, which is missing: the keys are in it\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--oauth" },
		  "command line: no-auth: contradicts oauth: nobody would be asked\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--mobility" },
		  "command line: mobility: contradicts no-auth: whoever sees a ticket could take "
		  "the allocation\n" },
		{ { "--relay-ip=192.0.2.1", "--no-auth", "--secure-stun" },
		  "command line: secure-stun: contradicts no-auth: nobody would be asked\n" },
		{ { "--relay-ip=192.0.2.1", "--stun-only", "--secure-stun" }, "warning: user: "
		  "nobody can get an allocation: there is no user=name:password, "
		  "static-auth-secret or userdb; no-auth lets anybody in\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = 0;
		char *errors;

		while (n < 4 && cases[i].args[n])
			n++;
		errors = load(cases[i].args, n);
		assert_string_equal(errors, cases[i].text);
		free(errors);
		config_free(&config);
	}
}

/* A certificate without its key, and a port for two. */
static void certificate_that_does_not_do(void **state)
{
	char cert[sizeof(certificate_path)], expected[512];
	char *args[] = { USER, "--cert", cert, "--pkey", certificate_path };
	char *same[] = { USER, "--cert", cert, "--tls-listening-port=3478" };
	char *versions[] = { USER, "--cert", cert, "--dtls", "--no-tlsv1_2" };
	char *errors;

	(void)state;
	make_certificate();
	strcpy(cert, certificate_path);
	make_certificate();
	errors = load(args, ARRAY_SIZE(args));
	snprintf(expected, sizeof(expected), "command line: cert: %s with the key %s: "
		 "The certificate and the given key do not match.\n", cert, certificate_path);
	assert_string_equal(errors, expected);
	free(errors);
	config_free(&config);
	errors = load(same, ARRAY_SIZE(same));
	assert_string_equal(errors, "command line: tls-listening-port: has to differ from "
			    "listening-port, which takes TLS as well\n");
	free(errors);
	config_free(&config);
	errors = load(versions, ARRAY_SIZE(versions));
	assert_string_equal(errors, "command line: dtls: contradicts no-tlsv1_2: "
			    "of DTLS there is 1.2\n");
	free(errors);
	config_free(&config);
	unlink(certificate_path);
	unlink(cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complaints_about_values),
		cmocka_unit_test(long_realm),
		cmocka_unit_test(complaints_about_keys),
		cmocka_unit_test(all_complaints_at_once),
		cmocka_unit_test(missing_file),
		cmocka_unit_test(what_does_not_fit_together),
		cmocka_unit_test(certificate_that_does_not_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
