// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream with TLS below it: the same messages, and every byte behind the last
 * of them is either TLS's to give or still in the kernel.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <cmocka.h>
#include <gnutls/crypto.h>

#include "macros.h"
#include "stream.h"
#include "tls_client.h"

#define TURNS 2000	/* of the loop, until a test has failed */

static const uint8_t transaction[STUN_TRANSACTION_LEN] = "transaction!";
static const char *const versions[] = { "VERS-TLS1.2", "VERS-TLS1.3" };

static struct event_base *base;
static struct tls_server *server;
static struct stream stream;
static struct tls_client client;
static int fd;				/* the client's */

static unsigned int messages, drained;
static size_t last_len;
static char broken[256];
static bool drain_on_message;

static void on_message(struct stream *s, const uint8_t *data, size_t len)
{
	(void)data;
	messages++;
	last_len = len;
	if (drain_on_message)
		stream_drain(s);
}

static void on_drained(struct stream *s)
{
	(void)s;
	drained++;
}

static void on_broken(struct stream *s, const char *why)
{
	snprintf(broken, sizeof(broken), "%s", why);
	stream_close(s);
}

static const struct stream_ops ops = {
	.message = on_message,
	.drained = on_drained,
	.broken = on_broken,
};

static void open_pair(enum tls_use use, const char *version)
{
	int pair[2];

	messages = drained = 0;
	drain_on_message = false;
	*broken = '\0';
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fd = pair[0];
	evutil_make_socket_nonblocking(pair[1]);
	assert_int_equal(stream_open(&stream, base, pair[1], &ops), 0);
	stream_expect_tls(&stream, server, use, NULL);
	open_client(&client, fd, version);
}

static void close_pair(void)
{
	close_client(&client);
	close(fd);
	if (!*broken)
		stream_close(&stream);
}

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	make_certificate();
	server = open_server();
	base = event_base_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	event_base_free(base);
	tls_server_put(server);
	unlink(certificate_path);
	return 0;
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static int shake_hands(void)
{
	int err = GNUTLS_E_AGAIN;

	for (int i = 0; i < TURNS && err; i++) {
		err = gnutls_handshake(client.session);
		if (err && gnutls_error_is_fatal(err))
			break;
		turn();
	}
	for (int i = 0; i < 20; i++)
		turn();
	return err;
}

static void open_both(const char *version)
{
	open_pair(TLS_ALWAYS, version);
	assert_int_equal(shake_hands(), 0);
	assert_string_equal(broken, "");
}

static size_t make_request(uint8_t *buf, size_t size, size_t software)
{
	static const char text[2048];
	struct stun_builder b;

	stun_begin(&b, buf, size, STUN_REQUEST, STUN_BINDING, transaction);
	if (software)
		stun_add(&b, STUN_ATTR_SOFTWARE, text, software);
	return stun_end(&b);
}

static void put(const void *data, size_t len)
{
	assert_int_equal(gnutls_record_send(client.session, data, len), len);
}

static int unread(void)
{
	int n = -1;

	assert_int_equal(ioctl(stream.fd, FIONREAD, &n), 0);
	return n;
}

static void there_and_back(void **state)
{
	uint8_t buf[256];
	size_t len = make_request(buf, sizeof(buf), 20);

	(void)state;
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		open_both(versions[v]);
		put(buf, len);
		turn();
		assert_int_equal(messages, 1);
		assert_int_equal(last_len, len);
		stream_send(&stream, "answer", 6);
		assert_int_equal(gnutls_record_recv(client.session, buf + len, 32), 6);
		assert_memory_equal(buf + len, "answer", 6);
		close_pair();
	}
}

static void detected(void **state)
{
	uint8_t buf[256];
	size_t len = make_request(buf, sizeof(buf), 0);

	(void)state;
	open_pair(TLS_DETECT, versions[1]);
	assert_int_equal(shake_hands(), 0);
	put(buf, len);
	turn();
	assert_int_equal(messages, 1);
	close_pair();

	open_pair(TLS_DETECT, versions[1]);
	assert_int_equal(write(fd, buf, 1), 1);
	turn();
	assert_int_equal(write(fd, buf + 1, len - 1), len - 1);
	turn();
	assert_int_equal(messages, 1);
	assert_null(stream.tls);
	close_pair();
}

static void several_in_one_record(void **state)
{
	uint8_t buf[512];
	size_t len = make_request(buf, sizeof(buf), 8);

	(void)state;
	memcpy(buf + len, buf, len);
	memcpy(buf + 2 * len, buf, len);
	open_both(versions[1]);
	put(buf, 3 * len);
	for (int i = 0; i < 5; i++)
		turn();
	assert_int_equal(messages, 3);
	close_pair();
}

static void one_in_several_records(void **state)
{
	uint8_t buf[256];
	size_t len = make_request(buf, sizeof(buf), 33);

	(void)state;
	open_both(versions[0]);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(messages, 0);
		put(buf + i, 1);
		turn();
	}
	assert_int_equal(messages, 1);
	assert_int_equal(last_len, len);
	close_pair();
}

/* As a ConnectionBind, then payload in its record, then payload in another. */
static void what_follows_a_bind(void **state)
{
	uint8_t buf[4096];
	size_t len = make_request(buf, sizeof(buf), 0);

	(void)state;
	memset(buf + len, 'x', 1000);
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		struct evbuffer *output = evbuffer_new();
		struct tls *tls;
		uint8_t got[2048];
		int leg, behind;

		open_both(versions[v]);
		drain_on_message = true;
		put(buf, len + 1000);
		behind = unread();
		put("another", 7);
		behind = unread() - behind;
		for (int i = 0; i < 5; i++)
			turn();
		assert_int_equal(messages, 1);
		assert_int_equal(drained, 1);
		assert_int_equal(unread(), behind);
		leg = stream_detach(&stream, &tls);
		tls_set_output(tls, output);
		assert_int_equal(tls_pending(tls), 1000);
		assert_int_equal(evbuffer_remove(tls_early(tls), got, 400), 400);
		assert_memory_equal(got, buf + len, 400);
		assert_int_equal(tls_pending(tls), 600);
		assert_int_equal(tls_recv(tls, got, sizeof(got)), 600);
		assert_int_equal(tls_recv(tls, got, sizeof(got)), 7);
		assert_int_equal(tls_recv(tls, got, sizeof(got)), -EAGAIN);
		tls_close(tls);
		evbuffer_free(output);
		close(leg);
		snprintf(broken, sizeof(broken), "detached");
		close_pair();
	}
}

static void no_tls_where_it_has_to_be(void **state)
{
	uint8_t buf[256], alert[7];
	size_t len = make_request(buf, sizeof(buf), 0);

	(void)state;
	open_pair(TLS_ALWAYS, versions[1]);
	assert_int_equal(write(fd, buf, len), len);
	for (int i = 0; i < 5 && !*broken; i++)
		turn();
	assert_int_equal(strncmp(broken, "TLS handshake: ", 15), 0);
	assert_int_equal(messages, 0);
	/* and the client is told in its language */
	assert_int_equal(read(fd, alert, sizeof(alert)), 7);
	assert_int_equal(alert[0], 21);
	close_pair();
}

static void garbage(void **state)
{
	static const char *const bytes[] = {
		"\x16\x03\x01\0\x10" "\1\0\0\x0c" "just garbage",	/* a ClientHello? */
		"\x16\x03\x01\xff\xff" "garbage, garbag",
		"\x16GET /index HTTP/1.0\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
		open_pair(TLS_DETECT, versions[1]);
		assert_int_equal(write(fd, bytes[i], 21), 21);
		for (int j = 0; j < 5 && !*broken; j++)
			turn();
		assert_int_equal(strncmp(broken, "TLS handshake: ", 15), 0);
		close_pair();
	}
}

/* A handshake message that says it is long is not waited for, nor kept. */
static void endless_handshake(void **state)
{
	static const char head[] = "\x16\x03\x01\x3f\xff\1\xff\xff\xff";
	static char record[5 + 0x3fff];
	size_t sent = 0;

	(void)state;
	memcpy(record, head, sizeof(head) - 1);
	open_pair(TLS_DETECT, versions[1]);
	for (int i = 0; i < 10 && !*broken; i++) {
		for (size_t at = 0; at < sizeof(record) && !*broken; ) {
			ssize_t n = write(fd, record + at, sizeof(record) - at);

			at += n > 0 ? n : 0;
			sent += n > 0 ? n : 0;
			turn();
		}
	}
	assert_string_equal(broken, "TLS handshake: Message too long");
	assert_in_range(sent, 64 * 1024, 96 * 1024);
	close_pair();
}

static void slow_handshake(void **state)
{
	struct timeval until, now;

	(void)state;
	open_pair(TLS_DETECT, versions[1]);
	turn();
	assert_true(evtimer_pending(stream.stalled, NULL));
	assert_int_equal(write(fd, "\x16\x03\x01", 3), 3);
	turn();
	assert_true(evtimer_pending(stream.stalled, &until));
	evutil_gettimeofday(&now, NULL);
	assert_in_range(until.tv_sec - now.tv_sec, STREAM_HANDSHAKE_TIMEOUT - 5,
			STREAM_HANDSHAKE_TIMEOUT);
	event_active(stream.stalled, EV_TIMEOUT, 0);
	turn();
	assert_string_equal(broken, "TLS handshake: not done in time");
	close_pair();

	open_both(versions[1]);
	assert_true(evtimer_pending(stream.stalled, NULL));
	close_pair();
}

/* Flip a bit of a record on its way: what comes must not be believed. */
static void tampered(void **state)
{
	uint8_t buf[512], raw[512];
	size_t len = make_request(buf, sizeof(buf), 0);
	int way[2];
	ssize_t n;

	(void)state;
	open_both(versions[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, way), 0);
	gnutls_transport_set_int(client.session, way[0]);
	put(buf, len);
	n = read(way[1], raw, sizeof(raw));
	assert_true(n > 30);
	raw[20] ^= 1;
	assert_int_equal(write(fd, raw, n), n);
	for (int i = 0; i < 5 && !*broken; i++)
		turn();
	assert_int_equal(messages, 0);
	assert_string_equal(broken, "TLS: Decryption has failed.");
	close(way[0]);
	close(way[1]);
	close_pair();
}

static void alpn(void **state)
{
	static const struct {
		const char *offered;
		bool good;
	} cases[] = { { "stun.turn", true }, { "stun.nat-discovery", true }, { "h2", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		gnutls_datum_t name = { (unsigned char *)cases[i].offered,
					strlen(cases[i].offered) };
		gnutls_datum_t chosen;

		open_pair(TLS_ALWAYS, versions[1]);
		gnutls_alpn_set_protocols(client.session, &name, 1, 0);
		assert_true(!shake_hands() == cases[i].good);
		if (cases[i].good) {
			gnutls_alpn_get_selected_protocol(client.session, &chosen);
			assert_memory_equal(chosen.data, cases[i].offered, chosen.size);
		}
		close_pair();
	}
}

static void closed_by_the_client(void **state)
{
	(void)state;
	open_both(versions[1]);
	gnutls_bye(client.session, GNUTLS_SHUT_WR);
	for (int i = 0; i < 5 && !*broken; i++)
		turn();
	assert_string_equal(broken, "closed by the client");
	assert_int_equal(gnutls_record_recv(client.session, &(char){ 0 }, 1), 0);
	close_pair();

	open_both(versions[0]);
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 5 && !*broken; i++)
		turn();
	assert_string_equal(broken, "closed by the client, without close_notify");
	close_pair();
}

static void the_clients_alert(void **state)
{
	(void)state;
	open_both(versions[1]);
	gnutls_alert_send(client.session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
	for (int i = 0; i < 5 && !*broken; i++)
		turn();
	assert_string_equal(broken, "TLS: the client's alert: Certificate is bad");
	close_pair();
}

static void key_updates(void **state)
{
	uint8_t buf[256];
	size_t len = make_request(buf, sizeof(buf), 0);

	(void)state;
	open_both("VERS-TLS1.3");
	for (unsigned int i = 1; i <= 3; i++) {
		assert_int_equal(gnutls_session_key_update(client.session,
							   GNUTLS_KU_PEER), 0);
		put(buf, len);
		for (int j = 0; j < 5; j++)
			turn();
		assert_int_equal(messages, i);
		stream_send(&stream, "answer", 6);
		while (gnutls_record_recv(client.session, buf + len, 32) != 6)
			;
	}
	close_pair();
}

/* Whether @priority has a suite; and that none has keys that a leak gives away later. */
static bool has_suite(gnutls_priority_t priority, const char *wanted)
{
	bool found = false;
	unsigned int at;
	int err;

	for (unsigned int i = 0; ; i++) {
		gnutls_kx_algorithm_t kx;
		gnutls_cipher_algorithm_t cipher;
		const char *name;

		err = gnutls_priority_get_cipher_suite_index(priority, i, &at);
		if (err == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return found;
		if (err == GNUTLS_E_UNKNOWN_CIPHER_SUITE)
			continue;
		name = gnutls_cipher_suite_info(at, NULL, &kx, &cipher, NULL, NULL);
		assert_int_not_equal(kx, GNUTLS_KX_RSA);
		assert_int_equal(gnutls_cipher_get_tag_size(cipher), 16);
		found |= !strcmp(name, wanted);
	}
}

/* RFC 8489, 6.2.3 */
static void suites(void **state)
{
	struct tls_server *ours = open_server();

	(void)state;
	assert_true(has_suite(ours->priority, "TLS_DHE_RSA_AES_128_GCM_SHA256"));
	assert_true(has_suite(ours->priority, "TLS_ECDHE_RSA_AES_128_GCM_SHA256"));
	assert_true(has_suite(ours->priority, "TLS_AES_128_GCM_SHA256"));
	assert_false(has_suite(ours->priority, "TLS_RSA_AES_128_GCM_SHA256"));
	/* RFC 7350, 3 */
	assert_true(has_suite(ours->priority_dtls, "TLS_DHE_RSA_AES_128_GCM_SHA256"));
	assert_true(has_suite(ours->priority_dtls, "TLS_ECDHE_RSA_AES_128_GCM_SHA256"));
	assert_false(has_suite(ours->priority_dtls, "TLS_RSA_AES_128_GCM_SHA256"));
	tls_server_put(ours);
}

static void settings(void **state)
{
	struct tls_settings wrong = { .cert = "/nonexistent", .pkey = "/nonexistent" };
	struct tls_server *none;
	char why[256];

	(void)state;
	assert_int_equal(tls_server_open(&none, &wrong, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "/nonexistent with the key /nonexistent: "
				 "Error while reading file.");
	assert_null(tls_ciphers_check("SECURE256"));
	assert_string_equal(tls_ciphers_check("NORMAL:+FROB"), "+FROB");
	assert_non_null(tls_ciphers_check("ECDHE-RSA-AES128-GCM-SHA256"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(detected),
		cmocka_unit_test(several_in_one_record),
		cmocka_unit_test(one_in_several_records),
		cmocka_unit_test(what_follows_a_bind),
		cmocka_unit_test(no_tls_where_it_has_to_be),
		cmocka_unit_test(garbage),
		cmocka_unit_test(endless_handshake),
		cmocka_unit_test(slow_handshake),
		cmocka_unit_test(tampered),
		cmocka_unit_test(alpn),
		cmocka_unit_test(closed_by_the_client),
		cmocka_unit_test(the_clients_alert),
		cmocka_unit_test(key_updates),
		cmocka_unit_test(suites),
		cmocka_unit_test(settings),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
