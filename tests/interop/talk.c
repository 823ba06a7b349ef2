// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "dtls.h"
#include "talk.h"

static int dial_dtls(struct turn *turn)
{
	turn->control = dtls_tunnel(&turn->server);
	return turn->control < 0 ? turn->control : 0;
}

static int dial_udp(struct turn *turn)
{
	turn->control = socket(turn->server.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (turn->control < 0 ||
	    connect(turn->control, &turn->server.sa, addr_len(&turn->server)))
		return -errno;
	return 0;
}

static int dial(struct talk *t, const struct wire *wire)
{
	const struct wire_user *user = &wire->users[0];

	t->stream = !wire->datagrams;
	t->dtls = wire->dtls;
	if (t->stream) {
		expect_ok(turn_open_secure(&t->turn, &wire->server, NULL, user->name,
					   user->password, wire->secure));
	} else {
		memset(&t->turn, 0, sizeof(t->turn));
		t->turn.server = wire->server;
		t->turn.user = user->name;
		t->turn.password = user->password;
		expect_ok(wire->dtls ? dial_dtls(&t->turn) : dial_udp(&t->turn));
	}
	talk_begin(t, STUN_REQUEST, STUN_REFRESH);
	expect_code(401, talk_ask(t));
	return 0;
}

/*
 * Who goes leaves his UDP allocation behind, for nobody tells the server. Who then gets
 * his port would be taken for him.
 */
static bool has_left_something(struct talk *t)
{
	int code;

	if (t->stream)
		return false;
	talk_begin(t, STUN_REQUEST, STUN_REFRESH);
	code = talk_ask(t);
	return !code || code == 441; /* his own, or another user's */
}

int talk_open(struct talk *t, const struct wire *wire)
{
	need(dial(t, wire));
	while (has_left_something(t)) {
		close(t->turn.control);
		need(dial(t, wire));
	}
	return 0;
}

void talk_begin(struct talk *t, enum stun_class class, uint16_t method)
{
	uint8_t transaction[STUN_TRANSACTION_LEN];

	message_transaction(transaction);
	stun_begin(&t->out, t->room, sizeof(t->room), class, method, transaction);
}

int talk_say(struct talk *t)
{
	return message_send(t->turn.control, &t->out, WIRE_WAIT);
}

static int wait_for(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int n = poll(&pfd, 1, timeout_ms < 0 ? 0 : timeout_ms);

	return n > 0 ? 0 : n ? -errno : -ETIMEDOUT;
}

static int hear_stream(struct talk *t, int timeout_ms)
{
	int err = net_recv_all(t->turn.control, t->in, 4, timeout_ms);
	size_t rest;

	if (err)
		return err;
	rest = t->in[2] << 8 | t->in[3];
	rest = t->in[0] & 0xc0 ? (rest + 3) & ~(size_t)3 : rest + STUN_HEADER_LEN - 4;
	t->len = 4 + rest;
	if (t->len > sizeof(t->in))
		return -EMSGSIZE;
	return rest ? net_recv_all(t->turn.control, t->in + 4, rest, WIRE_WAIT) : 0;
}

int talk_hear(struct talk *t, int timeout_ms)
{
	int fd = t->turn.control, err;
	ssize_t n;

	if (t->stream) {
		err = hear_stream(t, timeout_ms);
	} else {
		err = wait_for(fd, timeout_ms);
		n = err ? 0 : recv(fd, t->in, sizeof(t->in), 0);
		if (n < 0)
			err = -errno;
		t->len = n;
	}
	if (!err && !(t->in[0] & 0xc0))
		err = stun_parse(&t->msg, t->in, t->len);
	return err;
}

static bool answers(const struct talk *t)
{
	return !(t->in[0] & 0xc0) && t->msg.class != STUN_INDICATION &&
	       !memcmp(t->in + 8, t->room + 8, STUN_TRANSACTION_LEN);
}

int talk_ask(struct talk *t)
{
	int64_t deadline = net_now() + WIRE_WAIT;
	int err;

	if (t->turn.challenge.made)
		challenge_answer(&t->turn.challenge, t->turn.user, &t->out);
	err = talk_say(t);
	while (!err) {
		err = talk_hear(t, deadline - net_now());
		if (!err && answers(t))
			return turn_judge(&t->turn, &t->msg);
	}
	return err;
}

static uint8_t family_of(int family)
{
	return family == AF_INET ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6;
}

int talk_allocate(struct talk *t, int family)
{
	talk_begin(t, STUN_REQUEST, STUN_ALLOCATE);
	stun_add_u8(&t->out, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
	stun_add_u8(&t->out, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, family_of(family));
	expect_ok(talk_ask(t));
	return talk_relayed(t, 0, &t->turn.relayed);
}

int talk_relayed(const struct talk *t, unsigned int i, union addr *addr)
{
	stun_for_each_attr(&t->msg, attr)
		if (attr.type == STUN_ATTR_XOR_RELAYED_ADDRESS && !i--)
			return stun_attr_xor_addr(&t->msg, &attr, addr);
	return -ENOENT;
}

int talk_permit(struct talk *t, const union addr *peer)
{
	talk_begin(t, STUN_REQUEST, STUN_CREATE_PERMISSION);
	stun_add_xor_addr(&t->out, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	return talk_ask(t);
}

int talk_bind(struct talk *t, uint16_t number, const union addr *peer)
{
	talk_begin(t, STUN_REQUEST, STUN_CHANNEL_BIND);
	stun_add_u32(&t->out, STUN_ATTR_CHANNEL_NUMBER, (uint32_t)number << 16);
	stun_add_xor_addr(&t->out, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	return talk_ask(t);
}

int talk_refresh(struct talk *t, uint32_t lifetime, int family)
{
	talk_begin(t, STUN_REQUEST, STUN_REFRESH);
	stun_add_u32(&t->out, STUN_ATTR_LIFETIME, lifetime);
	if (family != AF_UNSPEC)
		stun_add_u8(&t->out, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, family_of(family));
	return talk_ask(t);
}

static void begin_send(struct talk *t, const union addr *peer, const void *data, size_t len)
{
	talk_begin(t, STUN_INDICATION, STUN_SEND);
	stun_add_xor_addr(&t->out, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	stun_add(&t->out, STUN_ATTR_DATA, data, len);
}

int talk_send(struct talk *t, const union addr *peer, const void *data, size_t len)
{
	begin_send(t, peer, data, len);
	return talk_say(t);
}

int talk_send_whole(struct talk *t, const union addr *peer, const void *data, size_t len)
{
	begin_send(t, peer, data, len);
	stun_add(&t->out, STUN_ATTR_DONT_FRAGMENT, NULL, 0);
	return talk_say(t);
}

/* Padded where the RFC wants it, and only there. */
int talk_channel(struct talk *t, uint16_t number, const void *data, size_t len)
{
	size_t all = 4 + (t->stream ? (len + 3) & ~(size_t)3 : len);

	memset(t->room, 0, all);
	t->room[0] = number >> 8;
	t->room[1] = number;
	t->room[2] = len >> 8;
	t->room[3] = len;
	memcpy(t->room + 4, data, len);
	return net_send(t->turn.control, t->room, all, WIRE_WAIT);
}

static int hear_indication(struct talk *t, const union addr *peer)
{
	struct stun_attr attr;
	union addr from;

	expect_ok(talk_hear(t, WIRE_WAIT));
	expect(!(t->in[0] & 0xc0) && t->msg.class == STUN_INDICATION &&
	       t->msg.method == STUN_DATA, "no Data indication");
	expect(stun_find(&t->msg, STUN_ATTR_XOR_PEER_ADDRESS, &attr) &&
	       !stun_attr_xor_addr(&t->msg, &attr, &from), "no XOR-PEER-ADDRESS");
	expect(addr_equal(&from, peer), "another XOR-PEER-ADDRESS");
	return 0;
}

int talk_hear_data(struct talk *t, const union addr *peer, const void *data, size_t len)
{
	struct stun_attr attr;

	need(hear_indication(t, peer));
	expect(stun_find(&t->msg, STUN_ATTR_DATA, &attr), "no DATA");
	expect(attr.len == len && !memcmp(attr.value, data, len), "other DATA: %u bytes",
	       attr.len);
	return 0;
}

int talk_hear_icmp(struct talk *t, const union addr *peer, uint8_t type, uint8_t code,
		   uint32_t mtu)
{
	const uint8_t icmp[] = { 0, 0, type, code, mtu >> 24, mtu >> 16, mtu >> 8, mtu };
	struct stun_attr attr;

	need(hear_indication(t, peer));
	expect(!stun_find(&t->msg, STUN_ATTR_DATA, NULL), "with DATA");
	expect(stun_find(&t->msg, STUN_ATTR_ICMP, &attr) && attr.len == sizeof(icmp),
	       "no ICMP");
	expect(!memcmp(attr.value, icmp, sizeof(icmp)), "type %u, code %u, MTU %u",
	       attr.value[2], attr.value[3], attr.value[6] << 8 | attr.value[7]);
	return 0;
}

int talk_hear_channel(struct talk *t, uint16_t number, const void *data, size_t len)
{
	expect_ok(talk_hear(t, WIRE_WAIT));
	expect((t->in[0] << 8 | t->in[1]) == number, "not of channel %x: %02x%02x", number,
	       t->in[0], t->in[1]);
	expect((size_t)(t->in[2] << 8 | t->in[3]) == len, "%u bytes",
	       t->in[2] << 8 | t->in[3]);
	expect(t->len - 4 == (t->stream ? (len + 3) & ~(size_t)3 : len), "%zu bytes in all",
	       t->len);
	expect(!memcmp(t->in + 4, data, len), "other data");
	return 0;
}

int talk_peer(union addr *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(at->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, &at->sa, addr_len(at)) || getsockname(fd, &at->sa, &len))
		return -errno;
	return fd;
}

int talk_peer_hears(int fd, const union addr *from, const void *data, size_t len)
{
	static uint8_t buf[TALK_MAX];
	union addr sender;
	socklen_t sender_len = sizeof(sender);
	ssize_t n;

	expect_ok(wait_for(fd, WIRE_WAIT));
	n = recvfrom(fd, buf, sizeof(buf), 0, &sender.sa, &sender_len);
	expect(n == (ssize_t)len && !memcmp(buf, data, len), "other data: %zd bytes", n);
	expect(addr_equal(&sender, from), "from another address");
	return 0;
}

int talk_is_quiet(int fd)
{
	expect_code(-ETIMEDOUT, wait_for(fd, WIRE_QUIET));
	return 0;
}
