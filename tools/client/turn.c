// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "turn.h"

int turn_dial(const struct turn *turn)
{
	int fd = net_connect(&turn->server, turn->from, TURN_TIMEOUT);

	if (fd < 0 || !turn->secure)
		return fd;
	return secure_open(fd, turn->secure, TURN_TIMEOUT);
}

int turn_open_secure(struct turn *turn, const union addr *server, const union addr *from,
		     const char *user, const char *password, const struct secure *secure)
{
	memset(turn, 0, sizeof(*turn));
	turn->server = *server;
	turn->from = from;
	turn->secure = secure;
	turn->user = user;
	turn->password = password;
	turn->control = turn_dial(turn);
	return turn->control < 0 ? turn->control : 0;
}

int turn_open(struct turn *turn, const union addr *server, const union addr *from,
	      const char *user, const char *password)
{
	return turn_open_secure(turn, server, from, user, password, NULL);
}

void turn_close(struct turn *turn)
{
	if (turn->control >= 0)
		close(turn->control);
	turn->control = -1;
}

void turn_build(const struct turn *turn, const struct turn_ask *ask,
		struct stun_builder *b, uint8_t *buf)
{
	uint8_t transaction[STUN_TRANSACTION_LEN];

	message_transaction(transaction);
	stun_begin(b, buf, MESSAGE_MAX, STUN_REQUEST, ask->method, transaction);
	if (ask->transport)
		stun_add_u8(b, STUN_ATTR_REQUESTED_TRANSPORT, ask->transport);
	if (ask->family)
		stun_add_u8(b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, ask->family);
	if (ask->channel)
		stun_add_u32(b, STUN_ATTR_CHANNEL_NUMBER, (uint32_t)ask->channel << 16);
	if (ask->lifetime)
		stun_add_u32(b, STUN_ATTR_LIFETIME, *ask->lifetime);
	if (ask->connection)
		stun_add_u32(b, STUN_ATTR_CONNECTION_ID, *ask->connection);
	if (ask->peer)
		stun_add_xor_addr(b, STUN_ATTR_XOR_PEER_ADDRESS, ask->peer);
	if (turn->challenge.made)
		challenge_answer(&turn->challenge, turn->user, b);
}

static int note_attempt(struct turn *turn, const struct stun_message *msg)
{
	struct turn_attempt *attempt = &turn->attempts[turn->n_attempts];
	struct stun_attr attr;

	if (turn->n_attempts == TURN_ATTEMPTS)
		return -ENOBUFS;
	if (!stun_find(msg, STUN_ATTR_XOR_PEER_ADDRESS, &attr) ||
	    stun_attr_xor_addr(msg, &attr, &attempt->peer))
		return -EBADMSG;
	if (!stun_find(msg, STUN_ATTR_CONNECTION_ID, &attr) ||
	    stun_attr_u32(&attr, &attempt->id))
		return -EBADMSG;
	turn->n_attempts++;
	return 0;
}

static int note_indication(struct turn *turn, const struct stun_message *msg)
{
	if (msg->class != STUN_INDICATION || msg->method != STUN_CONNECTION_ATTEMPT)
		return 0;
	return note_attempt(turn, msg);
}

int turn_judge(struct turn *turn, const struct stun_message *msg)
{
	bool was_signed = turn->challenge.made;
	struct stun_attr attr;
	int code, err;

	turn->signed_reply = was_signed && challenge_verify(&turn->challenge, msg);
	if (msg->class == STUN_SUCCESS)
		return was_signed && !turn->signed_reply ? -EBADMSG : 0;
	if (!stun_find(msg, STUN_ATTR_ERROR_CODE, &attr))
		return -EBADMSG;
	code = stun_attr_error(&attr);
	if (turn->user && (code == 401 || code == 438)) {
		err = challenge_take(&turn->challenge, msg, turn->user, turn->password);
		if (err)
			return err;
	}
	return code;
}

static bool answers(const struct stun_message *msg, const uint8_t *request)
{
	return (msg->class == STUN_SUCCESS || msg->class == STUN_ERROR) &&
	       !memcmp(msg->transaction, request + STUN_HEADER_LEN - STUN_TRANSACTION_LEN,
		       STUN_TRANSACTION_LEN);
}

int turn_reply(struct turn *turn, int fd, const uint8_t *request, struct message *reply)
{
	int64_t deadline = net_now() + TURN_TIMEOUT;
	int err;

	do {
		err = message_recv(fd, reply, deadline - net_now());
		if (!err && answers(&reply->stun, request))
			return turn_judge(turn, &reply->stun);
		if (!err)
			err = note_indication(turn, &reply->stun);
	} while (!err);
	return err;
}

int turn_exchange(struct turn *turn, int fd, const struct turn_ask *ask,
		  struct message *reply)
{
	uint8_t buf[MESSAGE_MAX];
	struct stun_builder b;
	int err;

	turn_build(turn, ask, &b, buf);
	err = message_send(fd, &b, TURN_TIMEOUT);
	return err ? err : turn_reply(turn, fd, buf, reply);
}

int turn_request(struct turn *turn, int fd, const struct turn_ask *ask,
		 struct message *reply)
{
	bool was_signed = turn->challenge.made;
	int err = turn_exchange(turn, fd, ask, reply);

	if (turn->user && ((err == 401 && !was_signed) || err == 438))
		err = turn_exchange(turn, fd, ask, reply);
	return err;
}

static int note_allocation(struct turn *turn, const struct stun_message *msg)
{
	struct stun_attr attr;

	if (!stun_find(msg, STUN_ATTR_XOR_RELAYED_ADDRESS, &attr) ||
	    stun_attr_xor_addr(msg, &attr, &turn->relayed))
		return -EBADMSG;
	if (!stun_find(msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &attr) ||
	    stun_attr_xor_addr(msg, &attr, &turn->mapped))
		return -EBADMSG;
	if (!stun_find(msg, STUN_ATTR_LIFETIME, &attr))
		return -EBADMSG;
	return stun_attr_u32(&attr, &turn->lifetime);
}

static uint8_t stun_family(int family)
{
	if (family == AF_UNSPEC)
		return 0;
	return family == AF_INET ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6;
}

int turn_allocate(struct turn *turn, int family, uint32_t lifetime)
{
	struct turn_ask ask = {
		.method = STUN_ALLOCATE,
		.transport = IPPROTO_TCP,
		.family = stun_family(family),
		.lifetime = &lifetime,
	};
	struct message reply;
	int err = turn_request(turn, turn->control, &ask, &reply);

	return err ? err : note_allocation(turn, &reply.stun);
}

int turn_refresh(struct turn *turn, uint32_t lifetime)
{
	struct turn_ask ask = { .method = STUN_REFRESH, .lifetime = &lifetime };
	struct message reply;
	struct stun_attr attr;
	int err = turn_request(turn, turn->control, &ask, &reply);

	if (err)
		return err;
	if (!stun_find(&reply.stun, STUN_ATTR_LIFETIME, &attr))
		return -EBADMSG;
	return stun_attr_u32(&attr, &turn->lifetime);
}

int turn_permit(struct turn *turn, const union addr *peer)
{
	struct turn_ask ask = { .method = STUN_CREATE_PERMISSION, .peer = peer };
	struct message reply;

	return turn_request(turn, turn->control, &ask, &reply);
}

int turn_connect(struct turn *turn, const union addr *peer, uint32_t *id)
{
	struct turn_ask ask = { .method = STUN_CONNECT, .peer = peer };
	struct message reply;
	struct stun_attr attr;
	int err = turn_request(turn, turn->control, &ask, &reply);

	if (err)
		return err;
	if (!stun_find(&reply.stun, STUN_ATTR_CONNECTION_ID, &attr))
		return -EBADMSG;
	return stun_attr_u32(&attr, id);
}

int turn_await(struct turn *turn, struct turn_attempt *attempt, int timeout_ms)
{
	int64_t deadline = net_now() + timeout_ms;
	struct message msg;

	while (!turn->n_attempts) {
		int err = message_recv(turn->control, &msg, deadline - net_now());

		if (!err)
			err = note_indication(turn, &msg.stun);
		if (err)
			return err;
	}
	*attempt = turn->attempts[0];
	turn->n_attempts--;
	memmove(turn->attempts, turn->attempts + 1,
		turn->n_attempts * sizeof(turn->attempts[0]));
	return 0;
}

int turn_bind(struct turn *turn, uint32_t id, int *fd)
{
	struct turn_ask ask = { .method = STUN_CONNECTION_BIND, .connection = &id };
	struct message reply;
	int err;

	*fd = turn_dial(turn);
	if (*fd < 0)
		return *fd;
	err = turn_request(turn, *fd, &ask, &reply);
	if (err) {
		close(*fd);
		*fd = -1;
	}
	return err;
}

int turn_keepalive(struct turn *turn)
{
	uint8_t buf[STUN_HEADER_LEN], transaction[STUN_TRANSACTION_LEN];
	struct stun_builder b;

	message_transaction(transaction);
	stun_begin(&b, buf, sizeof(buf), STUN_INDICATION, STUN_BINDING, transaction);
	return message_send(turn->control, &b, TURN_TIMEOUT);
}
