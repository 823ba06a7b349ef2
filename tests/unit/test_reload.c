// SPDX-License-Identifier: GPL-2.0-only
/*
 * A new configuration for a server that serves: two workers and a client on loopback,
 * whose file is written anew and read again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reload.h"
#include "server_stage.h"
#include "tls_client.h"
#include "user_set.h"

static char path[] = "/tmp/test_reload.XXXXXX";
static char *args[] = { "kturnd", "-c", path, NULL };
static char other_certificate[sizeof(certificate_path)];
static int peer, control;
static union addr peer_addr;

/* --- the file */

/* The lines that every version of it has, and then more; a later port wins. */
static void write_down(const char *lines)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\ndatapath=splice\n"
		"relay-threads=2\nlistening-port=%u\n%s", addr_port(&server_addr), lines);
	assert_int_equal(fclose(file), 0);
}

/* Return: what the caller of reload() is told, to be freed. */
static char *reload_file(const char *lines, int wanted)
{
	char *told = NULL;
	size_t size;
	FILE *out = open_memstream(&told, &size);

	write_down(lines);
	assert_int_equal(reload(&server, out), wanted);
	fclose(out);
	for (int i = 0; i < 4; i++)
		turn();
	return told;
}

static void reload_well(const char *lines, const char *says)
{
	char *told = reload_file(lines, 0);

	assert_string_equal(told, says);
	free(told);
}

static int close_file(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static int name_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0;
}

/* --- a server, and a client */

static void start(const char *lines)
{
	find_port(&server_addr);
	write_down(lines);
	assert_int_equal(config_load(&config, 3, args, stderr), 0);
	assert_int_equal(server_open(&server, &config), 0);
	peer = listen_somewhere(&peer_addr);
	control = connect_to(&server_addr);
}

static int stop(void **state)
{
	(void)state;
	close(control);
	close(peer);
	stop_server();
	return 0;
}

static unsigned int ask(uint16_t method, const union addr *to)
{
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[512];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, method, transaction);
	if (to)
		stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, to);
	if (method == STUN_ALLOCATE)
		stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	put(control, &b);
	msg = get_message(control, buf, sizeof(buf));
	assert_int_equal(msg.method, method);
	return code_of(&msg);
}

/* --- what changes */

static void rules_hold_from_now_on(void **state)
{
	(void)state;
	start("no-auth\nallow-loopback-peers\n");
	allocate_tcp(control);
	assert_int_equal(ask(STUN_CREATE_PERMISSION, &peer_addr), 0);
	reload_well("no-auth\n", "allow-loopback-peers: yes -> -\n");
	assert_int_equal(ask(STUN_CREATE_PERMISSION, &peer_addr), 403);
	assert_int_equal(ask(STUN_CONNECT, &peer_addr), 403);
	reload_well("no-auth\nallowed-peer-ip=127.0.0.1\n", "allowed-peer-ip: - -> 127.0.0.1\n");
	assert_int_equal(ask(STUN_CREATE_PERMISSION, &peer_addr), 0);
	reload_well("no-auth\nallowed-peer-ip=127.0.0.2\n",
		    "allowed-peer-ip: 127.0.0.1 -> 127.0.0.2\n");
	assert_int_equal(ask(STUN_CONNECT, &peer_addr), 403);
}

static void allocations_go_on(void **state)
{
	int other;

	(void)state;
	start("no-auth\nallow-loopback-peers\n");
	allocate_tcp(control);
	reload_well("no-auth\nallow-loopback-peers\ntotal-quota=1\n", "total-quota: - -> 1\n");
	assert_int_equal(ask(STUN_REFRESH, NULL), 0);
	connect_peer_of(control, &peer_addr);
	/* It is counted by the new quota, which is full with it. */
	other = control;
	control = connect_to(&server_addr);
	assert_int_equal(ask(STUN_ALLOCATE, NULL), 486);
	close(other);
}

static bool knows(const struct worker *worker, const char *name)
{
	uint8_t userhash[STUN_USERHASH_LEN];

	assert_int_equal(credential_userhash(userhash, name, strlen(name), "r", 1), 0);
	return user_set_find(worker->config->users, userhash);
}

static void users_come_and_go(void **state)
{
	(void)state;
	start("realm=r\nuser=alice:wonder\nuser=bob:builder\n");
	reload_well("realm=r\nuser=bob:builder\nuser=carol:singer\n",
		    "user: (secret) -> (secret)\n");
	for (unsigned int i = 0; i < 2; i++) {
		assert_false(knows(&server.workers[i], "alice"));
		assert_true(knows(&server.workers[i], "bob"));
		assert_true(knows(&server.workers[i], "carol"));
	}
	assert_int_equal(ask(STUN_ALLOCATE, NULL), 401);
	reload_well("no-auth\n", "realm: r -> -\nuser: (secret) -> -\nno-auth: - -> yes\n");
	assert_int_equal(ask(STUN_ALLOCATE, NULL), 0);
}

/* Else every client would have to be asked again. */
static void nonces_stay_good(void **state)
{
	struct nonce_key before;

	(void)state;
	start("realm=r\nuser=alice:wonder\n");
	before = server.config->nonce_key;
	reload_well("realm=r\nuser=alice:wonder\nuser-quota=3\n", "user-quota: - -> 3\n");
	assert_memory_equal(&server.config->nonce_key, &before, sizeof(before));
	reload_well("realm=r\nuser=alice:wonder\nuser-quota=3\nstateless-nonce-secret=s\n",
		    "stateless-nonce-secret: - -> (secret)\n");
	assert_memory_not_equal(&server.config->nonce_key, &before, sizeof(before));
}

/* --- what does not */

static void bad_file_changes_nothing(void **state)
{
	const struct config *before;
	char *told;

	(void)state;
	start("no-auth\ntotal-quota=1\n");
	before = server.config;
	told = reload_file("no-auth\ntotal-quota=2\ndenied-peer-ip=everybody\n", -EINVAL);
	assert_non_null(strstr(told, ":8: denied-peer-ip: everybody: should be address"));
	free(told);
	assert_ptr_equal(server.config, before);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(server.workers[i].config->total_quota, 1);
	unlink(path);
	assert_int_equal(reload(&server, NULL), -EINVAL);
	assert_ptr_equal(server.config, before);
	reload_well("no-auth\ntotal-quota=2\n", "total-quota: 1 -> 2\n");
}

/* However often it is asked: what was kept once is not what there is. */
static void some_take_a_restart(void **state)
{
	char *told;

	(void)state;
	start("no-auth\n");
	for (int i = 0; i < 2; i++) {
		told = reload_file("no-auth\nlistening-port=1\nmin-port=50000\n", 0);
		/* Behind a warning: the file says the port twice. */
		assert_non_null(strstr(told,
				       "listening-port: has no effect: line 7 replaces it\n"
				       "listening-port: kept as it was: it takes a restart\n"
				       "min-port: kept as it was: it takes a restart\n"));
		free(told);
		assert_int_equal(server.config->listening_port, addr_port(&server_addr));
		assert_int_equal(server.config->min_port, 49152);
	}
	/* The doors that there are stay closed to peers. */
	assert_non_null(acl_refusal(&server.workers[1].config->acl, &server_addr));
	reload_well("no-auth\n", "");
}

/* --- the certificate */

static void shake_hands(struct tls_client *client)
{
	time_t begun = time(NULL);
	int err;

	while ((err = gnutls_handshake(client->session))) {
		assert_int_equal(err, GNUTLS_E_AGAIN);
		assert_true(time(NULL) - begun < PATIENCE);
		turn();
	}
}

/* Return: whether the server has shown this certificate. */
static bool has_shown(struct tls_client *client, struct tls_server *expected)
{
	unsigned int n;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(client->session, &n);
	gnutls_datum_t own;

	assert_non_null(shown);
	assert_int_equal(gnutls_certificate_get_crt_raw(expected->credentials, 0, 0, &own), 0);
	return shown->size == own.size && !memcmp(shown->data, own.data, own.size);
}

static void begin(struct tls_client *client)
{
	open_client(client, connect_to(&server_addr), "VERS-TLS1.3");
	gnutls_alpn_set_protocols(client->session,
				  &(gnutls_datum_t){ (unsigned char *)"stun.turn", 9 }, 1, 0);
}

/* A handshake that has begun ends with the old one, although nobody else has it. */
static void certificate_of_the_same_name(void **state)
{
	struct tls_server *old, *new;
	struct tls_client before, after;
	union addr tls_addr;
	char lines[256], *told;

	(void)state;
	make_certificate();
	find_port(&tls_addr);
	old = open_server();
	snprintf(lines, sizeof(lines), "no-auth\ncert=%s\ntls-listening-port=%u\n",
		 certificate_path, addr_port(&tls_addr));
	start(lines);
	begin(&before);
	assert_int_equal(gnutls_handshake(before.session), GNUTLS_E_AGAIN);
	for (int i = 0; i < 4; i++)
		turn();
	strcpy(other_certificate, certificate_path);
	make_certificate();
	assert_int_equal(rename(certificate_path, other_certificate), 0);
	strcpy(certificate_path, other_certificate);
	told = reload_file(lines, 0);
	assert_int_equal(strncmp(told, "certificate: ", 13), 0);
	free(told);
	new = open_server();
	shake_hands(&before);
	assert_true(has_shown(&before, old));
	begin(&after);
	shake_hands(&after);
	assert_true(has_shown(&after, new));
	close(gnutls_transport_get_int(before.session));
	close(gnutls_transport_get_int(after.session));
	close_client(&before);
	close_client(&after);
	tls_server_put(old);
	tls_server_put(new);
	unlink(certificate_path);
}

/* Sockets for it are not there, and there is no engine that could. */
static void tls_takes_a_restart(void **state)
{
	char lines[256], *told;

	(void)state;
	make_certificate();
	start("no-auth\n");
	snprintf(lines, sizeof(lines), "no-auth\ncert=%s\n", certificate_path);
	told = reload_file(lines, 0);
	assert_string_equal(told, "cert: kept as it was: it takes a restart\n");
	free(told);
	assert_null(server.config->tls);
	unlink(certificate_path);
}

static void dtls_takes_a_restart(void **state)
{
	union addr tls_addr;
	char lines[256], *told;

	(void)state;
	make_certificate();
	find_port(&tls_addr);
	snprintf(lines, sizeof(lines), "no-auth\ncert=%s\ntls-listening-port=%u\n",
		 certificate_path, addr_port(&tls_addr));
	start(lines);
	strcat(lines, "no-dtls\n");
	told = reload_file(lines, 0);
	assert_string_equal(told, "dtls: kept as it was: it takes a restart\n");
	free(told);
	assert_ptr_equal(server.config->dtls, server.config->tls);
	unlink(certificate_path);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, NULL, stop)
	const struct CMUnitTest tests[] = {
		test(rules_hold_from_now_on),
		test(allocations_go_on),
		test(users_come_and_go),
		test(nonces_stay_good),
		test(bad_file_changes_nothing),
		test(some_take_a_restart),
		test(certificate_of_the_same_name),
		test(tls_takes_a_restart),
		test(dtls_takes_a_restart),
	};

	return cmocka_run_group_tests(tests, name_file, close_file);
}
