// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that coturn runs with load unchanged, Debian's own and three of the kinds that
 * there are many of; and what --migrate makes of a file loads without a word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "certificate.h"
#include "config_foreign.h"
#include "config_internal.h"
#include "config_load.h"
#include "user_set.h"

#define DEBIAN "/etc/turnserver.conf"

/* A meeting server's, as its installer writes it. Its certificate comes behind. */
static const char meeting[] =
	"# meetings\n"
	"use-auth-secret\n"
	"keep-address-family\n"
	"static-auth-secret=s3cr3t-of-the-meeting-server\n"
	"realm=meet.example.org\n"
	"no-multicast-peers\n"
	"no-cli\n"
	"no-loopback-peers\n"
	"no-tcp-relay\n"
	"listening-port=3478\n"
	"tls-listening-port=5349\n"
	"no-tlsv1\n"
	"no-tlsv1_1\n"
	"cipher-list=ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305\n"
	"dh2066\n"
	"denied-peer-ip=0.0.0.0-0.255.255.255\n"
	"denied-peer-ip=10.0.0.0-10.255.255.255\n"
	"denied-peer-ip=127.0.0.0-127.255.255.255\n"
	"denied-peer-ip=172.16.0.0-172.31.255.255\n"
	"denied-peer-ip=192.168.0.0-192.168.255.255\n"
	"allowed-peer-ip=10.11.12.13\n"
	"syslog\n"
	"total-quota=1200\n"
	"user-quota=12\n";

/* An edge host with two addresses, one behind a NAT. */
static const char edge[] =
	"   listening-ip = 10.20.0.5\n"
	"listening-ip=2001:db8:20::5\n"
	"relay-ip=10.20.0.5\n"
	"relay-ip=2001:db8:20::5\n"
	"external-ip=203.0.113.5/10.20.0.5\r\n"
	"listening-port 443\r\n"
	"tls-listening-port=5349\n"
	"min-port=24000\n"
	"max-port=29999\n"
	"fingerprint\n"
	"lt-cred-mech\n"
	"use-auth-secret\n"
	"static-auth-secret=\"the old one\"\n"
	"static-auth-secret=\"the new one\"\n"
	"realm=\"edge.example.org\"\n"
	"stale-nonce=600\n"
	"max-bps=640000\n"
	"bps-capacity=0\n"
	"proc-user=turnserver\n"
	"proc-group=turnserver\n"
	"dh-file=/etc/turn/dh.pem\n"
	"ec-curve-name=prime256v1\n"
	"log-file=/var/log/turnserver/turn.log\n"
	"simple-log\n"
	"no-stdout-log\n"
	"new-log-timestamp\n"
	"pidfile=\"/run/turnserver/turnserver.pid\"\n"
	"cli-ip=127.0.0.1\n"
	"cli-port=5766\n"
	"cli-password=qwerty\n"
	"prometheus\n";

/* A site with a list of users and of what they may reach. */
static const char site[] =
	"listening-port=3478\n"
	"verbose\n"
	"lt-cred-mech\n"
	"realm=north.example.org\n"
	"server-relay=0\n"
	"check-origin-consistency\n"
	"user=ninefingers:0xbc807ee29df3c9ffa736523fb2c4e8ee\n"
	"user=gorst:hero\n"
	"user = whirrun:of bligh\n"
	"no-tls\n"
	"no-udp-relay=off\n"
	"stale-nonce\n"
	"channel-lifetime=600\n"
	"permission-lifetime=300\n"
	"max-allocate-lifetime=3600\n"
	"max-allocate-timeout=60\n"
	"allow-loopback-peers=no\n"
	"no-multicast-peers=yes\n"
	"denied-peer-ip=10.0.0.0-10.255.255.255\n"
	"denied-peer-ip=172.16.0.0/12\n"
	"denied-peer-ip=192.168.0.0-192.168.255.255\n"
	"denied-peer-ip=100.64.0.0-100.127.255.255\n"
	"denied-peer-ip=169.254.0.0-169.254.255.255\n"
	"denied-peer-ip=fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n"
	"denied-peer-ip=2001:db8::/32\n"
	"allowed-peer-ip=10.1.2.3\n"
	"allowed-peer-ip=192.168.7.10-192.168.7.19\n"
	"allowed-peer-ip=2001:db8:1::7\n"
	"no-dynamic-ip-list\n"
	"no-dynamic-realms\n"
	"web-admin=0\n";

static unsigned int count(const char *text, const char *what)
{
	unsigned int n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* Load a file, alone but for an address that this host need not have, without an error. */
static void load_real(const char *path, unsigned int warnings)
{
	char *args[] = { "--relay-ip=192.0.2.1", "-c", (char *)path };
	char *said = load(args, ARRAY_SIZE(args));

	if (config.warnings != count(said, "\n") || config.warnings != warnings)
		fail_msg("%s", said);
	free(said);
}

/* Return: what --migrate prints. */
static char *migrated(const char *path)
{
	char *text = NULL, *said = NULL;
	size_t size, said_size;
	FILE *out = open_memstream(&text, &size), *errors = open_memstream(&said, &said_size);

	assert_int_equal(config_migrate(path, out, errors), 0);
	fclose(out);
	fclose(errors);
	free(said);
	return text;
}

/* What is printed is taken, with @warnings: these no line can help. */
static void check_migrated(const char *text, unsigned int warnings)
{
	char *path = strdup(write_file(text));

	load_real(path, warnings);
	unlink(path);
	free(path);
}

/* The name of a file with a text, and with a certificate if there is one; to be freed. */
static char *put_down(const char *text)
{
	char whole[4096];

	snprintf(whole, sizeof(whole), "%s", text);
	if (*certificate_path)
		snprintf(whole, sizeof(whole), "%scert=%s\npkey=%s\n", text,
			 certificate_path, certificate_path);
	return strdup(write_file(whole));
}

static void of_a_meeting_server(void **state)
{
	char *path, *text;

	(void)state;
	make_certificate();
	path = put_down(meeting);
	/* no-multicast-peers, no-cli, no-loopback-peers, both no-tls..., ciphers, dh2066 */
	load_real(path, 7);
	assert_true(config.use_auth_secret);
	assert_non_null(config.tls);
	assert_int_equal(config.default_family, AF_UNSPEC);
	assert_string_equal(config.log_file, "syslog");
	config_free(&config);

	text = migrated(path);
	assert_int_equal(count(text, "\ndenied-peer-ip="), 5);
	assert_int_equal(count(text, ": has no effect: "), 7);
	assert_int_equal(count(text, "\n#no-cli\n"), 1);
	check_migrated(text, 0);
	assert_int_equal(config.total_quota, 1200);
	config_free(&config);
	free(text);
	unlink(path);
	free(path);
	unlink(certificate_path);
	*certificate_path = '\0';
}

static void of_an_edge_host(void **state)
{
	char *path, *text;

	(void)state;
	make_certificate();
	path = put_down(edge);
	/* proc-..., dh-file, curve, simple-log, no-stdout-log, timestamp, cli-... */
	load_real(path, 10);
	assert_int_equal(config.listening_ip.n, 2);
	assert_int_equal(config.listening_port, 443);
	assert_int_equal(config.n_external_ip, 1);
	assert_true(config.fingerprint);
	assert_int_equal(config.max_bps, 640000);
	assert_string_equal(config.realm, "edge.example.org");
	assert_string_equal(config.pidfile, "/run/turnserver/turnserver.pid");
	config_free(&config);

	text = migrated(path);
	assert_int_equal(count(text, "qwerty"), 0);
	assert_int_equal(count(text, "\nstatic-auth-secret="), 2);
	check_migrated(text, 0);
	assert_int_equal(config.max_port, 29999);
	config_free(&config);
	free(text);
	unlink(path);
	free(path);
	unlink(certificate_path);
	*certificate_path = '\0';
}

static bool is_denied(const char *ip)
{
	union addr peer;

	assert_int_equal(addr_parse(&peer, ip), 0);
	return acl_refusal(&config.acl, &peer);
}

static void check_peers(void)
{
	assert_true(is_denied("10.1.2.4"));
	assert_false(is_denied("10.1.2.3"));
	assert_true(is_denied("100.64.0.1"));
	assert_false(is_denied("192.168.7.19"));
	assert_true(is_denied("192.168.7.20"));
	assert_false(is_denied("2001:db8:1::7"));
	assert_true(is_denied("2001:db8:1::8"));
	assert_false(is_denied("198.51.100.1"));
}

static void of_a_site_with_many_peers(void **state)
{
	char *path = put_down(site), *text;

	(void)state;
	/* server-relay, check-origin..., no-multicast-peers, no-dynamic-..., web-admin */
	load_real(path, 6);
	check_peers();
	assert_int_equal(config.stale_nonce, 600);
	config_free(&config);

	text = migrated(path);
	check_migrated(text, 0);
	check_peers();
	config_free(&config);
	free(text);
	unlink(path);
	free(path);
}

/* Who trusted the database that coturn has anyway is told of it, and of the realm. */
static void what_was_not_said(void **state)
{
	char *path = put_down("user=alice:secret\ntls-listening-port=5349\nno-auth\n"
			      "min-prt=1\nlistening-port=0\n");
	char *text = migrated(path);

	(void)state;
	assert_non_null(strstr(text, "\nuser=alice:secret\n"));
	assert_non_null(strstr(text, "\nrealm="));
	assert_non_null(strstr(text, "\n#userdb=/var/lib/turn/turndb\n"));
	assert_non_null(strstr(text, "\n# tls-listening-port: needs cert, which is missing\n"
			       "#tls-listening-port=5349\n"));
	assert_non_null(strstr(text, "\n# no-auth: contradicts user: nobody would be asked\n"
			       "#no-auth\n"));
	assert_non_null(strstr(text, "\n# min-prt: unknown key; did you mean min-port?\n"
			       "#min-prt=1\n"));
	assert_non_null(strstr(text, "\n# listening-port: 0: should be 1 to 65535\n"
			       "#listening-port=0\n"));
	assert_non_null(strstr(text, "\n# without effect: 0, wrong or refused: 4\n"));
	check_migrated(text, 0);
	config_free(&config);
	free(text);
	unlink(path);
	free(path);
}

/* A file that is not there is no configuration. */
static void nothing_to_migrate(void **state)
{
	char *text = NULL, *said = NULL;
	size_t size, said_size;
	FILE *out = open_memstream(&text, &size), *errors = open_memstream(&said, &said_size);

	(void)state;
	assert_int_equal(config_migrate("/nonexistent", out, errors), 1);
	fclose(out);
	fclose(errors);
	assert_string_equal(text, "");
	assert_string_equal(said, "/nonexistent: No such file or directory\n");
	free(text);
	free(said);
}

/* Every key that its comments show, too: somebody will take the mark away. */
static void check_examples(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1024];
	unsigned int n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		size_t len = strspn(line + 1, "abcdefghijklmnopqrstuvwxyzACDFLV0123456789_-");

		if (line[0] != '#' || !len || !strchr("=\n", line[1 + len]))
			continue;
		if (!config_key_find(line + 1, len) && !config_foreign_find(line + 1, len))
			fail_msg("%.*s is in no class", (int)len, line + 1);
		n++;
	}
	fclose(file);
	assert_true(n > 100);
}

/* It lets nobody in, and says so. */
static void of_debian(void **state)
{
	char *text;

	(void)state;
	if (access(DEBIAN, R_OK))
		skip();
	check_examples(DEBIAN);
	load_real(DEBIAN, 3);
	assert_true(config.syslog);
	assert_non_null(config.users);
	config_free(&config);

	text = migrated(DEBIAN);
	assert_int_equal(count(text, "\nsyslog\n"), 1);
	check_migrated(text, 1);
	config_free(&config);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_meeting_server),
		cmocka_unit_test(of_an_edge_host),
		cmocka_unit_test(of_a_site_with_many_peers),
		cmocka_unit_test(what_was_not_said),
		cmocka_unit_test(nothing_to_migrate),
		cmocka_unit_test(of_debian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
