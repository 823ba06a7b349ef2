// SPDX-License-Identifier: GPL-2.0-only
/*
 * What only TLS can go wrong with: records and their bounds, the handshake, and
 * how it ends. GnuTLS is used directly, for it tells where a record ends.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "gap.h"
#include "stage.h"

#define EARLY		12000	/* bytes: with the request they fit in one record */
#define LATER		200000

/* A handshake may take as long as the server's patience, and some more. */
#define PATIENCE	15000
#define AT_MOST		(PATIENCE + 10000)

struct session {
	int fd;
	gnutls_session_t tls;
};

static const char *priority(const struct wire *wire)
{
	return wire->secure && wire->secure->priority ? wire->secure->priority : "NORMAL";
}

static int shake_hands(struct session *s, const struct wire *wire)
{
	gnutls_certificate_credentials_t credentials;
	int err;

	s->fd = net_connect(&wire->server, NULL, WIRE_WAIT);
	expect(s->fd >= 0, "no connection");
	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_init(&s->tls, GNUTLS_CLIENT);
	gnutls_priority_set_direct(s->tls, priority(wire), NULL);
	gnutls_credentials_set(s->tls, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(s->tls, s->fd);
	gnutls_handshake_set_timeout(s->tls, WIRE_WAIT);
	gnutls_record_set_timeout(s->tls, WIRE_WAIT);
	do
		err = gnutls_handshake(s->tls);
	while (err && !gnutls_error_is_fatal(err));
	expect(!err, "handshake: %s", gnutls_strerror(err));
	return 0;
}

static int send_all(struct session *s, const void *data, size_t len)
{
	for (size_t sent = 0; sent < len; ) {
		ssize_t n = gnutls_record_send(s->tls, (const char *)data + sent, len - sent);

		expect(n > 0, "sending: %s", gnutls_strerror(n));
		sent += n;
	}
	return 0;
}

static int recv_all(struct session *s, void *data, size_t len)
{
	for (size_t got = 0; got < len; ) {
		ssize_t n = gnutls_record_recv(s->tls, (char *)data + got, len - got);

		expect(n > 0, "receiving: %s", n ? gnutls_strerror(n) : "the end");
		got += n;
	}
	return 0;
}

/* The response to a ConnectionBind, and not a byte more. */
static int recv_success(struct session *s)
{
	uint8_t buf[MESSAGE_MAX];
	struct stun_message msg;
	size_t len;

	need(recv_all(s, buf, STUN_HEADER_LEN));
	len = stun_length(buf);
	expect(len >= STUN_HEADER_LEN && len <= sizeof(buf), "not STUN");
	need(recv_all(s, buf + STUN_HEADER_LEN, len - STUN_HEADER_LEN));
	expect_ok(stun_parse(&msg, buf, len));
	expect(msg.class == STUN_SUCCESS && msg.method == STUN_CONNECTION_BIND,
	       "class %u of method %u", msg.class, msg.method);
	return 0;
}

/* Writes a ConnectionBind request; returns its length. */
static size_t make_bind(const struct stage *st, uint8_t buf[MESSAGE_MAX])
{
	const struct turn_ask ask = {
		.method = STUN_CONNECTION_BIND, .connection = &st->id,
	};
	struct stun_builder b;

	turn_build(&st->turn, &ask, &b, buf);
	return stun_end(&b);
}

static int bind_session(struct session *s, const struct stage *st, const struct wire *wire)
{
	uint8_t buf[MESSAGE_MAX];

	need(shake_hands(s, wire));
	need(send_all(s, buf, make_bind(st, buf)));
	return recv_success(s);
}

static void set_cork(int fd, int on)
{
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

static void fill(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = i * 7 + (i >> 8);
}

/* The request and payload in one record, and more records right behind. */
static int in_the_same_record(const struct wire *wire)
{
	static uint8_t payload[EARLY + LATER], record[MESSAGE_MAX + EARLY], got[sizeof(payload)];
	struct session s;
	struct stage st;
	size_t len;

	fill(payload, sizeof(payload));
	need(stage_meet(&st, wire, STAGE_PASSIVE));
	expect_ok(net_send(st.peer, "from the peer", 13, WIRE_WAIT));
	need(shake_hands(&s, wire));
	len = make_bind(&st, record);
	memcpy(record + len, payload, EARLY);
	set_cork(s.fd, 1);
	need(send_all(&s, record, len + EARLY));
	need(send_all(&s, payload + EARLY, 100));
	set_cork(s.fd, 0);
	need(send_all(&s, payload + EARLY + 100, LATER - 100));
	expect_ok(net_recv_all(st.peer, got, sizeof(got), WIRE_WAIT));
	expect(!memcmp(got, payload, sizeof(got)), "other bytes, or in another order");
	need(recv_success(&s));
	need(recv_all(&s, got, 13));
	expect(!memcmp(got, "from the peer", 13), "other bytes to the client");
	return 0;
}

/* A record that has come in part when the ConnectionBind is served. */
static int half_a_record(const struct wire *wire)
{
	uint8_t request[MESSAGE_MAX], record[256], got[64];
	struct session s;
	struct stage st;
	int way[2];
	ssize_t n;

	need(stage_meet(&st, wire, STAGE_PASSIVE));
	need(shake_hands(&s, wire));
	need(send_all(&s, request, make_bind(&st, request)));
	expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, way), "no socketpair");
	gnutls_transport_set_int2(s.tls, s.fd, way[0]);
	need(send_all(&s, "in two parts", 12));
	n = recv(way[1], record, sizeof(record), 0);
	expect(n > 12, "no record");
	expect_ok(net_send(s.fd, record, 9, WIRE_WAIT));
	need(recv_success(&s));
	usleep(WIRE_QUIET * 1000);
	expect_ok(net_send(s.fd, record + 9, n - 9, WIRE_WAIT));
	expect_ok(net_recv_all(st.peer, got, 12, WIRE_WAIT));
	expect(!memcmp(got, "in two parts", 12), "other bytes");
	return 0;
}

/* The client has said what it had to say. */
static int say_all(struct session *s, struct stage *st, const struct wire *wire)
{
	need(stage_meet(st, wire, STAGE_PASSIVE));
	need(bind_session(s, st, wire));
	return send_all(s, "that was all", 12);
}

static int close_notify(const struct wire *wire)
{
	struct session s;
	struct stage st;
	char got[16];

	need(say_all(&s, &st, wire));
	gnutls_bye(s.tls, GNUTLS_SHUT_WR);
	expect_ok(net_recv_all(st.peer, got, 12, WIRE_WAIT));
	expect_ok(net_recv(st.peer, got, 1, WIRE_WAIT));
	/* The other half is still open, and ends the same way. */
	expect_ok(net_send(st.peer, "and goodbye", 11, WIRE_WAIT));
	shutdown(st.peer, SHUT_WR);
	need(recv_all(&s, got, 11));
	expect_ok(gnutls_record_recv(s.tls, got, 1));
	return 0;
}

/* Somebody on the way may have cut it: the peer must not take it for whole. */
static int truncated(const struct wire *wire)
{
	struct session s;
	struct stage st;
	char got[16];

	need(say_all(&s, &st, wire));
	shutdown(s.fd, SHUT_WR);
	expect_ok(net_recv_all(st.peer, got, 12, WIRE_WAIT));
	expect_code(-ECONNRESET, net_recv(st.peer, got, 1, WIRE_WAIT));
	return 0;
}

static int still_serves(const struct wire *wire)
{
	struct stage st;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	expect_ok(net_send(st.data, "x", 1, WIRE_WAIT));
	expect_ok(net_recv_all(st.peer, &(char){ 0 }, 1, WIRE_WAIT));
	return 0;
}

static int garbage(const struct wire *wire)
{
	static const char hello[] = "\x16\x03\x01\0\x10" "\1\0\0\x0c" "just garbage";
	uint8_t alert[7];
	int fd = net_connect(&wire->server, NULL, WIRE_WAIT);

	expect(fd >= 0, "no connection");
	expect_ok(net_send(fd, hello, sizeof(hello) - 1, WIRE_WAIT));
	expect_ok(net_recv_all(fd, alert, sizeof(alert), WIRE_WAIT));
	expect(alert[0] == 21 && alert[5] == 2, "not a fatal alert");
	need(stage_ends(fd));
	return still_serves(wire);
}

/* It is closed in time, and keeps nobody else waiting. */
static int slow(const struct wire *wire)
{
	int fd = net_connect(&wire->server, NULL, WIRE_WAIT);
	int64_t start = net_now(), ms;
	ssize_t n;

	expect(fd >= 0, "no connection");
	expect_ok(net_send(fd, "\x16\x03\x01\x01\0\1\0", 7, WIRE_WAIT));
	need(still_serves(wire));
	n = net_recv(fd, &(char){ 0 }, 1, AT_MOST);
	ms = net_now() - start;
	expect(n == 0 || n == -ECONNRESET, "still open after %d ms", (int)ms);
	expect(ms > PATIENCE - 1000, "closed after %d ms", (int)ms);
	return 0;
}

/* --- a control connection that is kept: keep-sessions */

/* Return: 0, the error code of the response, or -1 after it has printed why. */
static int ask(struct session *s, struct turn *turn, const struct turn_ask *ask)
{
	uint8_t buf[MESSAGE_MAX];
	struct stun_message msg;
	struct stun_builder b;
	size_t len;

	turn_build(turn, ask, &b, buf);
	need(send_all(s, buf, stun_end(&b)));
	need(recv_all(s, buf, STUN_HEADER_LEN));
	len = stun_length(buf);
	expect(len >= STUN_HEADER_LEN && len <= sizeof(buf), "not STUN");
	need(recv_all(s, buf + STUN_HEADER_LEN, len - STUN_HEADER_LEN));
	expect_ok(stun_parse(&msg, buf, len));
	return turn_judge(turn, &msg);
}

/* Return: the length of a record with a Refresh, or -1 after it has printed why. */
static ssize_t make_refresh(struct session *s, struct turn *turn, uint8_t record[MESSAGE_MAX])
{
	static const uint32_t lifetime = 600;
	const struct turn_ask refresh = { .method = STUN_REFRESH, .lifetime = &lifetime };
	uint8_t buf[MESSAGE_MAX];
	struct stun_builder b;
	int way[2];
	ssize_t n;

	expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, way), "no socketpair");
	gnutls_transport_set_int2(s->tls, s->fd, way[0]);
	turn_build(turn, &refresh, &b, buf);
	need(send_all(s, buf, stun_end(&b)));
	n = recv(way[1], record, MESSAGE_MAX, 0);
	gnutls_transport_set_int(s->tls, s->fd);
	close(way[0]);
	close(way[1]);
	return n;
}

static int recv_refreshed(struct session *s)
{
	uint8_t buf[MESSAGE_MAX];

	need(recv_all(s, buf, STUN_HEADER_LEN));
	expect(buf[0] == 0x01 && buf[1] == STUN_REFRESH, "no success of a Refresh");
	return recv_all(s, buf + STUN_HEADER_LEN, stun_length(buf) - STUN_HEADER_LEN);
}

static int kept_allocation(struct session *s, struct turn *turn, const struct wire *wire)
{
	const struct turn_ask allocate = { .method = STUN_ALLOCATE, .transport = IPPROTO_TCP };

	*turn = (struct turn){ .control = -1, .user = wire->users[0].name,
			       .password = wire->users[0].password };
	need(shake_hands(s, wire));
	expect_code(401, ask(s, turn, &allocate));
	expect_ok(ask(s, turn, &allocate));
	return 0;
}

/* The server waits for the rest: it does not look again and again. */
static int half_a_record_is_quiet(const struct wire *wire)
{
	uint8_t record[MESSAGE_MAX];
	struct session s;
	struct turn turn;
	long before, taken;
	ssize_t n;

	need(kept_allocation(&s, &turn, wire));
	n = make_refresh(&s, &turn, record);
	expect(n > 20, "no record");
	expect_ok(net_send(s.fd, record, n / 2, WIRE_WAIT));
	usleep(WIRE_QUIET * 1000);
	before = gap_cpu_time();
	usleep(2000 * 1000);
	taken = gap_cpu_time() - before;
	expect(before >= 0 && taken < 1000, "%ld of 2000 ms were taken", taken);
	expect_ok(net_send(s.fd, record + n / 2, n - n / 2, WIRE_WAIT));
	return recv_refreshed(&s);
}

static int half_a_record_waits(const struct wire *wire)
{
	uint8_t record[MESSAGE_MAX];
	struct session s;
	struct turn turn;
	ssize_t n;

	need(kept_allocation(&s, &turn, wire));
	for (unsigned int i = 0; i < 3; i++) {
		n = make_refresh(&s, &turn, record);
		expect(n > 20, "no record");
		expect_ok(net_send(s.fd, record, n / 2, WIRE_WAIT));
		need(gap_begin());
		expect_ok(net_send(s.fd, record + n / 2, n - n / 2, WIRE_WAIT));
		need(gap_end());
		need(recv_refreshed(&s));
	}
	return 0;
}

/*
 * The kernel keeps each of them, as long as nothing is taken out of it. One without padding
 * is none to GnuTLS.
 */
static int empty_records_end_it(const struct wire *wire)
{
	struct session s;
	struct turn turn;
	char byte;

	need(kept_allocation(&s, &turn, wire));
	if (gnutls_protocol_get_version(s.tls) != GNUTLS_TLS1_3)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 1000 && gnutls_record_send2(s.tls, "", 0, 16, 0) >= 0; i++)
		usleep(10 * 1000);
	expect(net_recv(s.fd, &byte, 1, WIRE_WAIT) != -ETIMEDOUT, "it goes on");
	return 0;
}

/* What the kernel cannot follow ends it, at once. */
static int new_keys_end_it(const struct wire *wire)
{
	struct session s;
	struct turn turn;
	char byte;

	need(kept_allocation(&s, &turn, wire));
	if (gnutls_protocol_get_version(s.tls) != GNUTLS_TLS1_3)
		return 0;
	expect_ok(gnutls_session_key_update(s.tls, 0));
	expect(gnutls_record_recv(s.tls, &byte, 1) <= 0, "more payload");
	return 0;
}

const struct wire_test tls_tests[] = {
	{ "tls", "bytes in the record of the ConnectionBind, and behind it", in_the_same_record },
	{ "tls", "half a record behind the ConnectionBind", half_a_record },
	{ "tls", "close_notify becomes a FIN, and a FIN close_notify", close_notify },
	{ "tls", "a FIN without close_notify becomes a reset", truncated },
	{ "tls", "garbage instead of a handshake", garbage },
	{ "slow", "a handshake that does not go on is closed after 15 s", slow },
	{ "keep-tls", "half of a record keeps nobody busy", half_a_record_is_quiet },
	{ "keep-tls", "a record of which half comes while nobody serves", half_a_record_waits },
	{ "keep-tls", "empty records end a control connection that is kept", empty_records_end_it },
	{ "keep-tls", "new keys end a control connection that is kept", new_keys_end_it },
	{ NULL, NULL, NULL },
};
