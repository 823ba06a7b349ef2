// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the settings come to: of the command line, of a file, or of neither.
 * test_config_complaints.c has the mistakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "certificate.h"
#include "config_load.h"
#include "user_set.h"

static void defaults(void **state)
{
	(void)state;
	LOAD(USER);
	assert_int_equal(config.listening_port, 3478);
	assert_int_equal(config.min_port, 49152);
	assert_int_equal(config.max_port, 65535);
	assert_int_equal(config.listening_ip.n, 2);
	assert_true(config.listening_any);
	assert_true(config.lt_cred_mech);
	assert_true(config.udp_gso);
	assert_int_equal(config.datapath, DATAPATH_AUTO);
	assert_non_null(config.users);
	config_free(&config);
}

static void all_spellings_of_an_option(void **state)
{
	(void)state;
	LOAD(USER, "--listening-port=1", "--min-port", "2", "-v", "--allow-loopback-peers");
	assert_int_equal(config.listening_port, 1);
	assert_int_equal(config.min_port, 2);
	assert_true(config.verbose);
	assert_true(config.acl.allow_loopback);
	config_free(&config);

	LOAD(USER, "-p", "7", "-va", "-L192.0.2.9", "--allow-loopback-peers=no",
	     "--udp-gso=no");
	assert_int_equal(config.listening_port, 7);
	assert_true(config.lt_cred_mech);
	assert_int_equal(config.listening_ip.n, 1);
	assert_false(config.acl.allow_loopback);
	assert_false(config.udp_gso);
	config_free(&config);
}

/* Check that there is a user with the keys of a password, as far as they are known. */
static void check_user(const char *name, const char *realm, const char *password,
		       bool md5, bool sha256)
{
	const struct user_entry *entry;
	uint8_t userhash[STUN_USERHASH_LEN];
	struct user_keys keys;

	credential_userhash(userhash, name, strlen(name), realm, strlen(realm));
	entry = user_set_find(config.users, userhash);
	assert_non_null(entry);
	assert_int_equal(user_keys_make(&keys, name, realm, password), 0);
	assert_int_equal(entry->keys.md5.len, md5 ? 16 : 0);
	assert_int_equal(entry->keys.sha256.len, sha256 ? 32 : 0);
	assert_memory_equal(entry->keys.md5.bytes, keys.md5.bytes, entry->keys.md5.len);
	assert_memory_equal(entry->keys.sha256.bytes, keys.sha256.bytes,
			    entry->keys.sha256.len);
}

static bool is_denied(const char *ip)
{
	union addr peer;

	assert_int_equal(addr_parse(&peer, ip), 0);
	return acl_refusal(&config.acl, &peer);
}

static void grammar_of_the_file(void **state)
{
	char *errors;

	(void)state;
	errors = load_file("# a comment\n"
			   "\n"
			   "listening-port=1234\n"
			   "  min-port = 2000  \n"
			   "\tmax-port=\"3000\"\n"
			   "verbose\n"
			   "allow-loopback-peers=0\n"
			   "denied-peer-ip=10.0.0.0-10.0.0.9\n"
			   "denied-peer-ip=10.1.0.0/16\n"
			   "user=alice:se#cret=x\n"
			   "user-quota 5\n"
			   "total-quota\t= 7\n"
			   "user bob:open sesame\n"
			   "datapath='splice'");
	assert_string_equal(errors, "");
	free(errors);
	assert_int_equal(config.listening_port, 1234);
	assert_int_equal(config.min_port, 2000);
	assert_int_equal(config.max_port, 3000);
	assert_true(config.verbose);
	assert_false(config.acl.allow_loopback);
	assert_int_equal(config.datapath, DATAPATH_SPLICE);
	assert_int_equal(config.user_quota, 5);
	assert_int_equal(config.total_quota, 7);
	assert_true(is_denied("10.0.0.9"));
	assert_false(is_denied("10.0.0.10"));
	assert_true(is_denied("10.1.255.255"));
	assert_false(is_denied("10.2.0.0"));
	check_user("alice", "r", "se#cret=x", true, true);
	check_user("bob", "r", "open sesame", true, true);
	config_free(&config);
}

static void caps_and_times(void **state)
{
	(void)state;
	LOAD(USER);
	assert_int_equal(config.max_permissions, 1024);
	assert_int_equal(config.max_channels, 1024);
	assert_int_equal(config.max_connections, 1024);
	assert_int_equal(config.max_pending_connections, 64);
	assert_int_equal(config.max_strangers, 2048);
	assert_int_equal(config.max_allocate_lifetime, 3600);
	assert_int_equal(config.permission_lifetime, 300);
	assert_int_equal(config.channel_lifetime, 600);
	assert_int_equal(config.max_allocate_timeout, 60);
	assert_int_equal(config.stale_nonce, 600);
	assert_int_equal(config.max_bps, 0);
	assert_int_equal(config.bps_capacity, 0);
	assert_int_equal(config.relay_idle_timeout, 0);
	assert_int_equal(config.tcp_keepalive, 60);
	assert_int_equal(config.tcp_user_timeout, 0);
	config_free(&config);

	LOAD(USER, "--max-permissions=1", "--max-channels=2", "--max-connections=3",
	     "--max-pending-connections=4", "--max-strangers=15", "--max-allocate-lifetime=5",
	     "--permission-lifetime=6", "--channel-lifetime=7", "--max-allocate-timeout=8",
	     "--stale-nonce=9", "--max-bps=100000000000", "-B", "11",
	     "--relay-idle-timeout=12", "--tcp-keepalive=13", "--tcp-user-timeout=14");
	assert_int_equal(config.max_permissions, 1);
	assert_int_equal(config.max_channels, 2);
	assert_int_equal(config.max_connections, 3);
	assert_int_equal(config.max_pending_connections, 4);
	assert_int_equal(config.max_strangers, 15);
	assert_int_equal(config.max_allocate_lifetime, 5);
	assert_int_equal(config.permission_lifetime, 6);
	assert_int_equal(config.channel_lifetime, 7);
	assert_int_equal(config.max_allocate_timeout, 8);
	assert_int_equal(config.stale_nonce, 9);
	assert_int_equal(config.max_bps, 100000000000);
	assert_int_equal(config.bps_capacity, 11);
	assert_int_equal(config.relay_idle_timeout, 12);
	assert_int_equal(config.tcp_keepalive, 13);
	assert_int_equal(config.tcp_user_timeout, 14);
	config_free(&config);

	LOAD(USER, "-s", "1000");
	assert_int_equal(config.max_bps, 1000);
	config_free(&config);
}

/* coturn's default file has it without, and what follows is no value of it. */
static void stale_nonce_without_a_value(void **state)
{
	char *errors = load_file("stale-nonce\n");

	(void)state;
	assert_string_equal(errors, "");
	free(errors);
	assert_int_equal(config.stale_nonce, 600);
	config_free(&config);

	LOAD(USER, "--stale-nonce=0", "--stale-nonce", "--verbose");
	assert_int_equal(config.stale_nonce, 600);
	assert_true(config.verbose);
	config_free(&config);

	LOAD(USER, "--stale-nonce=0");
	assert_int_equal(config.stale_nonce, 0);
	config_free(&config);
}

static void command_line_wins(void **state)
{
	const char *path = write_file("listening-port=1\nrelay-ip=192.0.2.8\n");

	(void)state;
	LOAD("--listening-port=2", USER, "-c", (char *)path);
	unlink(path);
	assert_int_equal(config.listening_port, 2);
	assert_int_equal(config.relay_ip.n, 2);
	config_free(&config);
}

static void relay_ip_follows_listening_ip(void **state)
{
	char text[ADDR_STR_LEN];

	(void)state;
	LOAD("--no-auth", "--listening-ip=192.0.2.7", "--listening-ip=2001:db8::7");
	assert_int_equal(config.relay_ip.n, 2);
	assert_string_equal(addr_ip_str(&config.relay_ip.addr[1], text), "2001:db8::7");
	assert_null(config.users);
	config_free(&config);
}

static void external_ip(void **state)
{
	char text[ADDR_STR_LEN];
	union addr addr;

	(void)state;
	LOAD(USER, "-X", "198.51.100.1/10.0.0.1", "-X", "198.51.100.2",
	     "--external-ip=2001:db8::2/2001:db8::1");
	addr_parse(&addr, "10.0.0.1");
	addr_set_port(&addr, 50000);
	config_external_addr(&config, &addr);
	assert_string_equal(addr_str(&addr, text), "198.51.100.1:50000");
	addr_parse(&addr, "10.0.0.2");
	config_external_addr(&config, &addr);
	assert_string_equal(addr_ip_str(&addr, text), "198.51.100.2");
	addr_parse(&addr, "2001:db8::9");
	config_external_addr(&config, &addr);
	assert_string_equal(addr_ip_str(&addr, text), "2001:db8::9");
	config_free(&config);
}

static void users(void **state)
{
	(void)state;
	LOAD("--realm=realm", "--user=other:x", "--user=user:pass", "-n");
	check_user("user", "realm", "pass", true, true);
	assert_null(config.user_lines);
	config_free(&config);

	LOAD("--realm=realm", "--user=user:0x8493fbc53ba582fb4c044c456bdc40EB");
	check_user("user", "realm", "pass", true, false);
	config_free(&config);

	LOAD("--realm=realm", "--user=user:0x"
	     "07e934117abd40836e7c6329b54731b2b2d2a5f9a71f544922d75e0730d8251b");
	check_user("user", "realm", "pass", false, true);
	config_free(&config);

	/* The last word counts. */
	LOAD("--realm=realm", "--user=user:wrong", "--user=user:pass");
	check_user("user", "realm", "pass", true, true);
	config_free(&config);

	/* Strings are prepared: here an e and its accent become one character. */
	LOAD("--realm=cafe\u0301", "--user=user:pass");
	assert_string_equal(config.realm, "caf\u00e9");
	config_free(&config);
}

/* Servers that share a secret take each other's nonces; a key of one's own is random. */
static void what_credentials_need(void **state)
{
	struct nonce_key shared;

	(void)state;
	LOAD(USER, "--static-auth-secret=north", "--rest-api-separator=+",
	     "--unauthorized-ratelimit-rps=7", "--stateless-nonce-secret=shared");
	assert_true(config.use_auth_secret);
	assert_int_equal(config.rest_separator, '+');
	assert_true(config.limit_refusals);
	assert_int_equal(config.refusals_per_second, 7);
	shared = config.nonce_key;
	config_free(&config);

	LOAD(USER, "--stateless-nonce-secret=shared", "--unauthorized-ratelimit");
	assert_false(config.use_auth_secret);
	assert_int_equal(config.refusals_per_second, 10);
	assert_memory_equal(&config.nonce_key, &shared, sizeof(shared));
	config_free(&config);

	LOAD(USER, "--use-auth-secret", "--static-auth-secret=north");
	assert_int_equal(config.rest_separator, ':');
	assert_false(config.limit_refusals);
	assert_memory_not_equal(&config.nonce_key, &shared, sizeof(shared));
	config_free(&config);
}

static void certificate(void **state)
{
	(void)state;
	make_certificate();
	LOAD(USER, "--cert", certificate_path);
	assert_non_null(config.tls);
	assert_ptr_equal(config.dtls, config.tls);
	assert_int_equal(config.tls_listening_port, 5349);
	config_free(&config);
	LOAD(USER, "--cert", certificate_path, "--dtls", "--no-dtls");
	assert_non_null(config.tls);
	assert_null(config.dtls);
	config_free(&config);
	LOAD(USER, "--cert", certificate_path, "--no-tlsv1_2", "--dtls=no");
	assert_null(config.dtls);
	config_free(&config);
	LOAD(USER, "--cert", certificate_path, "--pkey", certificate_path,
	     "--cipher-list=SECURE256", "--no-tlsv1_2", "--tls-listening-port=443");
	assert_non_null(config.tls);
	assert_null(config.dtls);
	assert_int_equal(config.tls_listening_port, 443);
	config_free(&config);
	LOAD(USER, "--cert", certificate_path, "--no-tls", "--tls-listening-port=443");
	assert_null(config.tls);
	assert_non_null(config.dtls);
	config_free(&config);
	unlink(certificate_path);
}

/* 0 is coturn's word for serving in one thread. */
static void threads(void **state)
{
	char *too_many[] = { USER, "--relay-threads=257" }, *errors;

	(void)state;
	LOAD(USER);
	assert_in_range(config.relay_threads, 1, 256);
	config_free(&config);
	LOAD(USER, "-m", "256");
	assert_int_equal(config.relay_threads, 256);
	config_free(&config);
	LOAD(USER, "--relay-threads=0");
	assert_int_equal(config.relay_threads, 1);
	config_free(&config);
	errors = load(too_many, ARRAY_SIZE(too_many));
	assert_string_equal(errors, "command line: relay-threads: 257: should be 0 to 256\n");
	free(errors);
	config_free(&config);
}

static void aux_servers(void **state)
{
	static const char *const wrong[] = {
		"192.0.2.1", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", ":3480",
		"2001:db8::1:3480", "[2001:db8::1]", "[192.0.2.1]:3480", "[]:1", "host:3480",
	};
	char option[64], text[ADDR_STR_LEN];

	(void)state;
	LOAD(USER, "--aux-server=192.0.2.1:3480", "--aux-server=[2001:db8::1]:3481",
	     "--tcp-proxy-port=3482");
	assert_int_equal(config.aux_server.n, 2);
	assert_string_equal(addr_str(&config.aux_server.addr[0], text), "192.0.2.1:3480");
	assert_string_equal(addr_str(&config.aux_server.addr[1], text), "[2001:db8::1]:3481");
	assert_int_equal(config.tcp_proxy_port, 3482);
	config_free(&config);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char *args[] = { USER, option }, *errors;

		snprintf(option, sizeof(option), "--aux-server=%s", wrong[i]);
		errors = load(args, ARRAY_SIZE(args));
		assert_non_null(strstr(errors, "should be address:port or [address]:port\n"));
		free(errors);
		config_free(&config);
	}
}

static void alternate_servers(void **state)
{
	static const char *const wrong[] = {
		"alternate-server=host", "alternate-server=192.0.2.1:", "alternate-server=0.0.0.0",
		"alternate-server=192.0.2.1/a.example", "tls-alternate-server=192.0.2.1/",
		"udp-alternate-server=[2001:db8::1", "tcp-alternate-server=192.0.2.1:x",
	};
	const struct alternate *alternate;
	char option[64], text[ADDR_STR_LEN];

	(void)state;
	LOAD(USER, "--alternate-server=192.0.2.1", "--tls-alternate-server=2001:db8::1/a.example",
	     "--udp-alternate-server=[2001:db8::2]:7");
	alternate = config.alternates;
	assert_string_equal(addr_str(&alternate->addr, text), "192.0.2.1:3478");
	assert_int_equal(alternate->transports, ALTERNATE_UDP | ALTERNATE_TCP);
	alternate = alternate->next;
	assert_string_equal(addr_str(&alternate->addr, text), "[2001:db8::1]:5349");
	assert_string_equal(alternate->domain, "a.example");
	alternate = alternate->next;
	assert_string_equal(addr_str(&alternate->addr, text), "[2001:db8::2]:7");
	assert_int_equal(alternate->transports, ALTERNATE_UDP);
	assert_null(alternate->next);
	config_free(&config);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char *args[] = { USER, option }, *errors;

		snprintf(option, sizeof(option), "--%s", wrong[i]);
		errors = load(args, ARRAY_SIZE(args));
		assert_non_null(strstr(errors, "should be a"));
		assert_null(config.alternates);
		free(errors);
		config_free(&config);
	}
}

static void actions(void **state)
{
	(void)state;
	LOAD("--help");
	assert_int_equal(config.action, CONFIG_HELP);
	config_free(&config);
	LOAD("--version");
	assert_int_equal(config.action, CONFIG_VERSION);
	config_free(&config);
	LOAD("--check-config", USER);
	assert_int_equal(config.action, CONFIG_CHECK);
	config_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_spellings_of_an_option),
		cmocka_unit_test(grammar_of_the_file),
		cmocka_unit_test(caps_and_times),
		cmocka_unit_test(stale_nonce_without_a_value),
		cmocka_unit_test(command_line_wins),
		cmocka_unit_test(relay_ip_follows_listening_ip),
		cmocka_unit_test(external_ip),
		cmocka_unit_test(users),
		cmocka_unit_test(what_credentials_need),
		cmocka_unit_test(certificate),
		cmocka_unit_test(threads),
		cmocka_unit_test(aux_servers),
		cmocka_unit_test(alternate_servers),
		cmocka_unit_test(actions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
