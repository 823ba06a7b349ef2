// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files with one mistake each, the kind that operators make: there is one error, with
 * file and line, and it is the right one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config_load.h"

/* What makes a file whole but for its mistake. */
#define WHOLE "realm=example.org\nuser=alice:secret\n"

static const struct {
	const char *text;
	const char *complaint;	/* behind the name of the file */
} broken[] = {
	/* what is no key */
	{ WHOLE "listenning-port=3478\n",
	  ":3: listenning-port: unknown key; did you mean listening-port?" },
	{ WHOLE "listening_ip=192.0.2.1\n",
	  ":3: listening_ip: unknown key; did you mean listening-ip?" },
	{ WHOLE "Realm=example.org\n", ":3: Realm: unknown key; did you mean realm?" },
	{ WHOLE "--min-port=49152\n", ":3: --min-port: unknown key; did you mean min-port?" },
	{ WHOLE "no-tlsv11\n", ":3: no-tlsv11: unknown key; did you mean no-tlsv1?" },
	{ WHOLE "total-quotas=5\n", ":3: total-quotas: unknown key; did you mean total-quota?" },
	{ WHOLE "shared-secret=x\n", ":3: shared-secret: unknown key" },
	{ WHOLE "; comment\n", ":3: ;: unknown key" },
	{ WHOLE "[turn]\n", ":3: [turn]: unknown key" },
	{ WHOLE "listening-port: 3478\n",
	  ":3: listening-port:: unknown key; did you mean listening-port?" },
	{ WHOLE "config=/etc/turnserver.conf\n",
	  ":3: config: /etc/turnserver.conf: should be on the command line only" },

	/* values */
	{ WHOLE "listening-port=70000\n", ":3: listening-port: 70000: should be 1 to 65535" },
	{ WHOLE "listening-port=3478 # the usual\n",
	  ":3: listening-port: 3478 # the usual: should be a number" },
	{ WHOLE "listening-port\n", ":3: listening-port: should be PORT" },
	{ WHOLE "max-bps=2Mbit\n",
	  ":3: max-bps: 2Mbit: should be bytes per second, 0 to 100000000000" },
	{ WHOLE "listening-ip=eth0\n", ":3: listening-ip: eth0: should be an IPv4 or IPv6 address" },
	{ WHOLE "listening-ip=192.0.2.1:3478\n",
	  ":3: listening-ip: 192.0.2.1:3478: should be an IPv4 or IPv6 address" },
	{ WHOLE "relay-ip=0.0.0.0\n", ":3: relay-ip: 0.0.0.0: should be an address of this host: "
	  "clients have to be told one" },
	{ WHOLE "external-ip=turn.example.org\n", ":3: external-ip: turn.example.org: should be "
	  "public-address or public-address/relay-ip, of one family" },
	{ WHOLE "external-ip=198.51.100.1/2001:db8::1\n", ":3: external-ip: "
	  "198.51.100.1/2001:db8::1: should be public-address or public-address/relay-ip, "
	  "of one family" },
	{ WHOLE "denied-peer-ip=10.0.0.0/33\n", ":3: denied-peer-ip: 10.0.0.0/33: should be "
	  "address, first-last, or address/prefix length" },
	{ WHOLE "allowed-peer-ip=10.0.0.9-10.0.0.1\n", ":3: allowed-peer-ip: 10.0.0.9-10.0.0.1: "
	  "should be address, first-last, or address/prefix length" },
	{ WHOLE "aux-server=192.0.2.1\n",
	  ":3: aux-server: 192.0.2.1: should be address:port or [address]:port" },
	{ WHOLE "no-udp=perhaps\n", ":3: no-udp: perhaps: should be yes or no" },
	{ WHOLE "no-cli=perhaps\n", ":3: no-cli: perhaps: should be yes or no" },
	{ WHOLE "cert=/nonexistent/cert.pem\n", ":3: cert: /nonexistent/cert.pem: should be a file "
	  "of PEM certificates, the server's first (No such file or directory)" },
	{ WHOLE "cipher-list=NORML\n", ":3: cipher-list: NORML: should be DEFAULT or a priority "
	  "string of GnuTLS, such as SECURE256:-RSA (NORML)" },
	{ WHOLE "log-format=xml\n", ":3: log-format: xml: should be text or json" },
	{ WHOLE "syslog-facility=local9\n", ":3: syslog-facility: local9: should be daemon, user, "
	  "auth, local0 to local7, or another facility of syslog" },
	{ WHOLE "allocation-default-address-family=inet6\n",
	  ":3: allocation-default-address-family: inet6: should be ipv4, ipv6 or keep" },
	{ "realm=example.org\nuser=alice\n", ":2: user: should be name:password or name:0xkey" },
	{ "user=alice:secret\nrealm=\n",
	  ":2: realm: : should be 1 to 127 characters of UTF-8, and no control characters" },

	/* what we do not do */
	{ WHOLE "psql-userdb=\"host=db password=hush\"\n", ":3: psql-userdb: is refused: users are "
	  "read from SQLite or Redis: userdb=FILE, redis-userdb, or user=name:password" },
	{ WHOLE "server-relay\n", ":3: server-relay: is refused: peers need a permission, always "
	  "(RFC 8656, section 9)" },
	{ WHOLE "tlsv1=1\n",
	  ":3: tlsv1: 1: is refused: TLS before 1.2 is never spoken (RFC 8996)" },
	{ WHOLE "no-tlsv1_1=no\n",
	  ":3: no-tlsv1_1: no: is refused: TLS before 1.2 is never spoken (RFC 8996)" },
	{ WHOLE "stateless-nonce=off\n",
	  ":3: stateless-nonce: off: is refused: nonces are never kept" },
	{ WHOLE "relay-device=eth1\n",
	  ":3: relay-device: eth1: is refused: name the device's addresses: relay-ip" },

	/* what does not fit together */
	{ WHOLE "no-auth\n", ":3: no-auth: contradicts user: nobody would be asked" },
	{ WHOLE "tls-listening-port=5349\n",
	  ":3: tls-listening-port: needs cert, which is missing" },
	{ WHOLE "min-port=5000\nmax-port=4000\n",
	  ":3: min-port: 5000: should be at most max-port, 4000" },
	{ WHOLE "max-port=4000\n", ":3: max-port: 4000: should be at least min-port, 49152" },
	{ WHOLE "bps-capacity=1000\n", ":3: bps-capacity: needs max-bps, of which it is made up" },
	{ WHOLE "userdb=/nonexistent/turndb\n",
	  ":3: userdb: /nonexistent/turndb: No such file or directory" },
	{ WHOLE "no-udp\nno-tcp\n",
	  ":4: no-tcp: with no-udp and without TLS nobody could come" },
	{ WHOLE "no-udp-relay\nno-tcp-relay\n",
	  ":4: no-tcp-relay: contradicts no-udp-relay: nothing would be relayed" },
};

static void one_message_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		const char *path = write_file(broken[i].text);
		char *args[] = { "--relay-ip=192.0.2.1", "-c", (char *)path };
		char *errors = load(args, ARRAY_SIZE(args)), expected[512];

		snprintf(expected, sizeof(expected), "%s%s\n", path, broken[i].complaint);
		assert_string_equal(errors, expected);
		unlink(path);
		free(errors);
		config_free(&config);
	}
}

/* The base of them all is right. */
static void without_the_mistake(void **state)
{
	const char *path = write_file(WHOLE);

	(void)state;
	LOAD("--relay-ip=192.0.2.1", "-c", (char *)path);
	unlink(path);
	config_free(&config);
}

/* A realm that nobody gave has no line. */
static void missing_realm(void **state)
{
	const char *path = write_file("user=alice:secret\n");
	char *args[] = { "--relay-ip=192.0.2.1", "-c", (char *)path };
	char *errors = load(args, ARRAY_SIZE(args));

	(void)state;
	assert_string_equal(errors, "realm: missing: the users' keys depend on it\n");
	unlink(path);
	free(errors);
	config_free(&config);
}

static void file_that_cannot_be_read(void **state)
{
	char *args[] = { USER, "--check-config", "/tmp" };
	char *errors = load(args, ARRAY_SIZE(args));

	(void)state;
	assert_string_equal(errors, "/tmp: Is a directory\n");
	free(errors);
	config_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_message_each),
		cmocka_unit_test(without_the_mistake),
		cmocka_unit_test(missing_realm),
		cmocka_unit_test(file_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
