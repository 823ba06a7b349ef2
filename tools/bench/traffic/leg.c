// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "leg.h"
#include "net.h"

#define CHANNEL		0x4000
#define CHANNEL_HEAD	4
#define LIFETIME	3600
#define TRIES		3

static uint8_t received[MESSAGE_MAX];

static bool over_udp(const struct leg *leg)
{
	return !leg->job->secure;
}

/* So that a loss ends; poll() before each recv() would cost more than that. */
static void limit(int fd, int timeout_ms)
{
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

static int connect_udp(const union addr *to)
{
	int fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	if (!connect(fd, &to->sa, addr_len(to)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void close_leg(struct leg *leg)
{
	if (leg->fd >= 0)
		close(leg->fd);
	leg->fd = -1;
}

/* --- requests */

/* Over UDP nothing gets lost here: nothing is sent again. */
static int exchange_datagrams(struct turn *turn, const struct stun_builder *b,
			      struct message *reply)
{
	size_t len = stun_end(b);
	ssize_t n;
	int err;

	if (send(turn->control, b->buf, len, 0) < 0)
		return -errno;
	n = recv(turn->control, reply->data, sizeof(reply->data), 0);
	if (n < 0)
		return -errno;
	err = stun_parse(&reply->stun, reply->data, n);
	return err ? err : turn_judge(turn, &reply->stun);
}

static int exchange(struct leg *leg, const struct turn_ask *ask)
{
	uint8_t buf[MESSAGE_MAX];
	struct message reply;
	struct stun_builder b;

	if (!over_udp(leg))
		return turn_exchange(&leg->turn, leg->fd, ask, &reply);
	turn_build(&leg->turn, ask, &b, buf);
	return exchange_datagrams(&leg->turn, &b, &reply);
}

static int request(struct leg *leg, const struct turn_ask *ask)
{
	bool was_signed = leg->turn.challenge.made;
	int err = exchange(leg, ask);

	return err == 401 && !was_signed ? exchange(leg, ask) : err;
}

static int reach_server(struct leg *leg)
{
	const struct job *job = leg->job;
	struct turn *turn = &leg->turn;

	if (!over_udp(leg))
		return turn_open_secure(turn, &job->via, NULL, job->user, job->password,
					job->secure);
	turn->user = job->user;
	turn->password = job->password;
	turn->control = connect_udp(&job->via);
	return turn->control < 0 ? turn->control : 0;
}

static int allocate(struct leg *leg)
{
	const uint32_t lifetime = LIFETIME;
	const struct turn_ask ask = {
		.method = STUN_ALLOCATE, .transport = IPPROTO_UDP, .lifetime = &lifetime,
	};
	int err = reach_server(leg);

	leg->fd = leg->turn.control;
	if (err)
		return err;
	limit(leg->fd, leg->job->timeout_ms);
	err = request(leg, &ask);
	if (err)
		close_leg(leg);
	return err;
}

/* For coturn a port has an allocation for a while after its end: another port, then. */
int leg_allocate(struct leg *leg, const struct job *job)
{
	int err;

	for (int i = 0; i < TRIES; i++) {
		memset(leg, 0, sizeof(*leg));
		leg->job = job;
		err = allocate(leg);
		if (err != 437)
			break;
	}
	return err;
}

int leg_release(struct leg *leg)
{
	const uint32_t lifetime = 0;
	const struct turn_ask ask = { .method = STUN_REFRESH, .lifetime = &lifetime };
	int err = leg->job->has_via ? request(leg, &ask) : 0;

	close_leg(leg);
	return err;
}

/* --- the way */

static int let_peer_in(struct leg *leg)
{
	const struct turn_ask permit = {
		.method = STUN_CREATE_PERMISSION, .peer = &leg->job->peer,
	}, bind = {
		.method = STUN_CHANNEL_BIND, .channel = CHANNEL, .peer = &leg->job->peer,
	};

	return request(leg, leg->job->indications ? &permit : &bind);
}

static int open_direct(struct leg *leg, const struct job *job)
{
	memset(leg, 0, sizeof(*leg));
	leg->job = job;
	leg->fd = connect_udp(&job->to);
	if (leg->fd < 0)
		return leg->fd;
	limit(leg->fd, job->timeout_ms);
	return 0;
}

int leg_open(struct leg *leg, const struct job *job)
{
	int err;

	if (!job->has_via)
		return open_direct(leg, job);
	err = leg_allocate(leg, job);
	if (err)
		return err;
	err = let_peer_in(leg);
	if (err)
		close_leg(leg);
	return err;
}

/* --- datagrams */

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static size_t put_indication(struct leg *leg, uint8_t *buf, const void *data, size_t len)
{
	uint8_t transaction[STUN_TRANSACTION_LEN];
	struct stun_builder b;

	message_transaction(transaction);
	stun_begin(&b, buf, MESSAGE_MAX, STUN_INDICATION, STUN_SEND, transaction);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &leg->job->peer);
	stun_add(&b, STUN_ATTR_DATA, data, len);
	return stun_end(&b);
}

static size_t put_channel_data(uint8_t *buf, const void *data, size_t len)
{
	const uint8_t head[CHANNEL_HEAD] = { CHANNEL >> 8, CHANNEL & 0xff, len >> 8, len };

	memcpy(buf, head, sizeof(head));
	memcpy(buf + sizeof(head), data, len);
	memset(buf + sizeof(head) + len, 0, padded(len) - len);
	return sizeof(head) + padded(len);
}

int leg_send(struct leg *leg, const void *data, size_t len)
{
	uint8_t buf[MESSAGE_MAX];

	if (leg->job->has_via) {
		len = leg->job->indications ? put_indication(leg, buf, data, len) :
					      put_channel_data(buf, data, len);
		data = buf;
	}
	return send(leg->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -errno;
}

static const uint8_t *data_of_indication(size_t have, size_t *len)
{
	struct stun_message msg;
	struct stun_attr attr;

	if (stun_parse(&msg, received, have) || msg.method != STUN_DATA ||
	    !stun_find(&msg, STUN_ATTR_DATA, &attr))
		return NULL;
	*len = attr.len;
	return attr.value;
}

static const uint8_t *data_of_channel(size_t have, size_t *len)
{
	*len = received[2] << 8 | received[3];
	if ((received[0] << 8 | received[1]) != CHANNEL || have < CHANNEL_HEAD + *len)
		return NULL;
	return received + CHANNEL_HEAD;
}

/* Whether a message is whole; a datagram always is. */
static bool whole(const struct leg *leg, size_t have)
{
	size_t body;

	if (over_udp(leg) || have < CHANNEL_HEAD)
		return over_udp(leg) && have;
	body = received[2] << 8 | received[3];
	return have >= (leg->job->indications ? STUN_HEADER_LEN + body :
						CHANNEL_HEAD + padded(body));
}

const uint8_t *leg_receive(struct leg *leg, size_t *len)
{
	size_t have = 0;

	do {
		ssize_t n = recv(leg->fd, received + have, sizeof(received) - have, 0);

		if (n <= 0)
			return NULL;
		have += n;
	} while (!whole(leg, have));
	*len = have;
	if (!leg->job->has_via)
		return received;
	return leg->job->indications ? data_of_indication(have, len) : data_of_channel(have, len);
}
