// SPDX-License-Identifier: GPL-2.0-only
/*
 * The splice engine where the client's leg speaks TLS: the test is client and
 * peer at once, and turns the engine's loop in between.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "datapath.h"
#include "pair.h"
#include "sock.h"
#include "tls.h"
#include "tls_client.h"

#define MIB		(1024 * 1024)
#define ROOM		(5 * MIB)
#define PATIENCE	20	/* seconds until a test has failed */

static struct event_base *base;
static struct datapath *dp;
static struct tls_server *server;
static struct tls_client tls;
static struct tls *tls_leg;
static int client, peer;		/* our ends */
static int client_leg, peer_leg;	/* the engine's ends */
static uint64_t id;

static unsigned int ended;
static struct relay_info end;

static void on_ended(const struct relay_info *info, void *arg)
{
	(void)arg;
	ended++;
	end = *info;
}

/* Both ends of the handshake in turns. */
static void shake_hands(void)
{
	struct evbuffer *output = evbuffer_new();
	int theirs = -EAGAIN, ours = GNUTLS_E_AGAIN;
	time_t start = time(NULL);

	tls_leg = tls_open(server, client_leg, output);
	while (ours || theirs) {
		if (ours)
			ours = gnutls_handshake(tls.session);
		if (theirs)
			theirs = tls_handshake(tls_leg);
		evbuffer_write(output, client_leg);
		assert_false(ours && gnutls_error_is_fatal(ours));
		assert_true(!theirs || theirs == -EAGAIN);
		assert_true(time(NULL) - start < PATIENCE);
	}
	tls_set_output(tls_leg, NULL);
	evbuffer_free(output);
}

static int setup(void **state)
{
	char why[64];

	signal(SIGPIPE, SIG_IGN);
	ended = 0;
	base = event_base_new();
	assert_int_equal(datapath_splice.open(&dp, base, why, sizeof(why)), 0);
	dp->ended = on_ended;
	connect_pair(&client, &client_leg);
	connect_pair(&peer, &peer_leg);
	open_client(&tls, client, *state);
	shake_hands();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close_client(&tls);
	if (client >= 0)
		close(client);
	if (peer >= 0)
		close(peer);
	dp->ops->close(dp);
	event_base_free(base);
	return 0;
}

static int setup_group(void **state)
{
	(void)state;
	make_certificate();
	server = open_server();
	return 0;
}

static int teardown_group(void **state)
{
	(void)state;
	tls_server_put(server);
	unlink(certificate_path);
	return 0;
}

static void add(void)
{
	const struct relay_request request = {
		.client_fd = client_leg,
		.client_tls = tls_leg,
		.peer_fd = peer_leg,
		.group = 7,
		.cookie = "",
	};
	char why[64];

	assert_int_equal(dp->ops->add(dp, &request, &id, why, sizeof(why)), 0);
}

static bool patient(time_t start)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	return time(NULL) - start < PATIENCE;
}

static void wait_for_end(enum relay_reason reason)
{
	for (time_t start = time(NULL); !ended && patient(start); )
		;
	assert_int_equal(ended, 1);
	assert_string_equal(relay_reason_str(end.reason), relay_reason_str(reason));
}

/* One end of a transfer: what it sends, what it has received. */
struct flow {
	char *data, *got;
	size_t len, sent, received;
	bool said_all, heard_all;
};

static void begin(struct flow *flow, size_t len, unsigned int seed)
{
	memset(flow, 0, sizeof(*flow));
	flow->len = len;
	flow->data = malloc(len + 1);
	flow->got = malloc(ROOM);
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		flow->data[i] = seed >> 16;
	}
}

static void finish(struct flow *flow)
{
	free(flow->data);
	free(flow->got);
}

static void say_client(struct flow *flow)
{
	ssize_t n = 0;

	if (flow->sent < flow->len)
		n = gnutls_record_send(tls.session, flow->data + flow->sent,
				       flow->len - flow->sent);
	else if (!flow->said_all)
		flow->said_all = !gnutls_bye(tls.session, GNUTLS_SHUT_WR);
	assert_true(n >= 0 || n == GNUTLS_E_AGAIN);
	flow->sent += n > 0 ? n : 0;
}

static void hear_client(struct flow *flow)
{
	ssize_t n = gnutls_record_recv(tls.session, flow->got + flow->received,
				       ROOM - flow->received);

	assert_true(n >= 0 || n == GNUTLS_E_AGAIN);
	flow->received += n > 0 ? n : 0;
	flow->heard_all = !n;
}

static void say_peer(struct flow *flow)
{
	ssize_t n;

	if (flow->sent < flow->len) {
		n = send(peer, flow->data + flow->sent, flow->len - flow->sent, MSG_NOSIGNAL);
		flow->sent += n > 0 ? n : 0;
	} else if (!flow->said_all) {
		flow->said_all = !shutdown(peer, SHUT_WR);
	}
}

static void hear_peer(struct flow *flow)
{
	ssize_t n = recv(peer, flow->got + flow->received, ROOM - flow->received, 0);

	assert_true(n >= 0 || errno == EAGAIN);
	flow->received += n > 0 ? n : 0;
	flow->heard_all = !n;
}

static void step_client(struct flow *flow)
{
	say_client(flow);
	if (!flow->heard_all)
		hear_client(flow);
}

static void step_peer(struct flow *flow)
{
	say_peer(flow);
	if (!flow->heard_all)
		hear_peer(flow);
}

static void compare(const struct flow *from, const struct flow *to)
{
	assert_int_equal(to->received, from->len);
	assert_memory_equal(to->got, from->data, from->len);
}

static void both_ways(void **state)
{
	struct flow up, down;

	(void)state;
	begin(&up, 2 * MIB, 1);
	begin(&down, 2 * MIB + 1, 2);
	add();
	for (time_t start = time(NULL); (!up.heard_all || !down.heard_all) && patient(start); ) {
		step_client(&up);
		step_peer(&down);
	}
	compare(&up, &down);
	compare(&down, &up);
	wait_for_end(RELAY_REASON_EOF);
	assert_int_equal(end.to_peer.bytes, up.len);
	assert_int_equal(end.to_client.bytes, down.len);
	finish(&up);
	finish(&down);
}

/* First one side says all it has to say, and then the other answers. */
static void half_close_by_the_client(void **state)
{
	struct flow up, down;

	(void)state;
	begin(&up, 100000, 3);
	begin(&down, 300000, 4);
	add();
	for (time_t start = time(NULL); !down.heard_all && patient(start); hear_peer(&down))
		say_client(&up);
	compare(&up, &down);
	assert_int_equal(ended, 0);
	for (time_t start = time(NULL); !up.heard_all && patient(start); hear_client(&up))
		say_peer(&down);
	compare(&down, &up);
	wait_for_end(RELAY_REASON_EOF);
	finish(&up);
	finish(&down);
}

static void half_close_by_the_peer(void **state)
{
	struct flow up, down;

	(void)state;
	begin(&up, 300000, 3);
	begin(&down, 100000, 4);
	add();
	for (time_t start = time(NULL); !up.heard_all && patient(start); hear_client(&up))
		say_peer(&down);
	compare(&down, &up);
	assert_int_equal(ended, 0);
	for (time_t start = time(NULL); !down.heard_all && patient(start); hear_peer(&down))
		say_client(&up);
	compare(&up, &down);
	wait_for_end(RELAY_REASON_EOF);
	finish(&up);
	finish(&down);
}

/* The receiver reads late: the sender has to wait, and nothing is lost. */
static void slow_client(void **state)
{
	struct flow up, down;

	(void)state;
	begin(&up, 0, 0);
	begin(&down, 4 * MIB, 5);
	add();
	for (int quiet = 0; quiet < 300; quiet++) {
		ssize_t n = send(peer, down.data + down.sent, down.len - down.sent, MSG_NOSIGNAL);

		if (n > 0) {
			down.sent += n;
			quiet = 0;
		}
		patient(0);
	}
	for (time_t start = time(NULL); !up.heard_all && patient(start); ) {
		step_client(&up);
		step_peer(&down);
	}
	compare(&down, &up);
	wait_for_end(RELAY_REASON_EOF);
	finish(&up);
	finish(&down);
}

/* What TLS has decrypted already is the first that the peer gets. */
static void bytes_from_before(void **state)
{
	char buf[64];
	ssize_t n = -1;

	(void)state;
	assert_int_equal(evbuffer_add(tls_early(tls_leg), "first, ", 7), 0);
	assert_int_equal(gnutls_record_send(tls.session, "second", 6), 6);
	add();
	for (time_t start = time(NULL); patient(start); ) {
		n = recv(peer, buf, sizeof(buf), MSG_PEEK);
		if (n == 13)
			break;
	}
	assert_int_equal(n, 13);
	assert_memory_equal(buf, "first, second", 13);
	assert_int_equal(dp->ops->del(dp, id, NULL, NULL), 0);
}

/* Return: the errno that the peer's stream ends with. */
static int hear_reset(struct flow *flow)
{
	for (time_t start = time(NULL); patient(start); ) {
		ssize_t n = recv(peer, flow->got + flow->received, ROOM - flow->received, 0);

		flow->received += n > 0 ? n : 0;
		if (!n || (n < 0 && errno != EAGAIN))
			return n ? errno : 0;
	}
	return ETIMEDOUT;
}

/* It may have been cut off on its way: the peer must not take it for whole. */
static void fin_without_close_notify(void **state)
{
	struct flow up, down;

	(void)state;
	begin(&up, 50000, 6);
	begin(&down, 0, 0);
	add();
	for (time_t start = time(NULL); up.sent < up.len && patient(start); )
		say_client(&up);
	shutdown(client, SHUT_WR);
	assert_int_equal(hear_reset(&down), ECONNRESET);
	compare(&up, &down);
	wait_for_end(RELAY_REASON_TLS_TRUNCATED);
	finish(&up);
	finish(&down);
}

/* The client changes its keys and wants ours changed; nothing may stop for it. */
static void key_updates(void **state)
{
	struct flow up, down;

	(void)state;
	begin(&up, 300000, 7);
	begin(&down, 300000, 8);
	add();
	for (time_t start = time(NULL); (!up.heard_all || !down.heard_all) && patient(start); ) {
		if (up.sent < up.len)
			assert_int_equal(gnutls_session_key_update(tls.session,
								   GNUTLS_KU_PEER), 0);
		for (int i = 0; i < 50; i++) {
			step_client(&up);
			step_peer(&down);
			patient(0);
		}
		usleep(200 * 1000);	/* more than a few a second are taken for an attack */
	}
	compare(&up, &down);
	compare(&down, &up);
	wait_for_end(RELAY_REASON_EOF);
	finish(&up);
	finish(&down);
}

static void reset(int *fd)
{
	sock_abort(*fd);
	*fd = -1;
}

/* Return: how reading ends: 0 or an errno. */
static int read_to_end(int fd)
{
	char buf[4096];

	for (time_t start = time(NULL); patient(start); ) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (!n || (n < 0 && errno != EAGAIN))
			return n ? errno : 0;
	}
	return ETIMEDOUT;
}

static void reset_by_the_client(void **state)
{
	(void)state;
	add();
	patient(0);
	reset(&client);
	assert_int_equal(read_to_end(peer), ECONNRESET);
	wait_for_end(RELAY_REASON_CLIENT_RESET);
}

static void reset_by_the_peer(void **state)
{
	(void)state;
	add();
	patient(0);
	reset(&peer);
	assert_int_equal(read_to_end(client), ECONNRESET);
	wait_for_end(RELAY_REASON_PEER_RESET);
}

/* A record that was tampered with ends it all, in a way that is no FIN. */
static void forged_record(void **state)
{
	static const char record[] = "\x17\x03\x03\0\x20" "this was never encrypted, was it";

	(void)state;
	add();
	assert_int_equal(write(client, record, 37), 37);
	assert_int_equal(read_to_end(peer), ECONNRESET);
	wait_for_end(RELAY_REASON_ERROR);
	assert_int_equal(end.error, EPROTO);
	assert_int_equal(end.to_peer.bytes, 0);
}

static void the_clients_alert(void **state)
{
	(void)state;
	add();
	gnutls_alert_send(tls.session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
	assert_int_equal(read_to_end(peer), ECONNRESET);
	wait_for_end(RELAY_REASON_TLS_ALERT);
}

int main(void)
{
#define both(name)								\
	{ #name " 1.2", name, setup, teardown, "VERS-TLS1.2" },			\
	{ #name " 1.3", name, setup, teardown, "VERS-TLS1.3" }
	const struct CMUnitTest tests[] = {
		both(both_ways),
		both(half_close_by_the_client),
		both(half_close_by_the_peer),
		both(slow_client),
		both(bytes_from_before),
		both(fin_without_close_notify),
		both(reset_by_the_client),
		both(reset_by_the_peer),
		both(forged_record),
		both(the_clients_alert),
		{ "key_updates 1.3", key_updates, setup, teardown, "VERS-TLS1.3" },
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
