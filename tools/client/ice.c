// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "frame.h"
#include "ice.h"
#include "net.h"

/* Attributes of RFC 8445, which mean nothing to TURN. */
enum {
	ATTR_PRIORITY		= 0x0024,
	ATTR_USE_CANDIDATE	= 0x0025,
	ATTR_ICE_CONTROLLED	= 0x8029,
	ATTR_ICE_CONTROLLING	= 0x802a,
};

#define PRIORITY	0x2b0000ffu	/* a relayed TCP candidate */
#define USERNAME	"callee:caller"

/**
 * struct check - one side of the exchange
 */
struct check {
	int fd;
	enum ice_role role;
	const char *password;
	struct ice_tally *tally;
	uint8_t transaction[STUN_TRANSACTION_LEN];
	int64_t deadline;
};

static int send_protected(const struct check *c, struct stun_builder *b)
{
	stun_add_integrity(b, c->password, strlen(c->password));
	stun_add_fingerprint(b);
	return frame_send(c->fd, b, c->deadline - net_now());
}

static int send_request(struct check *c)
{
	static const uint8_t tie_breaker[8] = { 0x6b, 0x74, 0x75, 0x72, 0x6e };
	uint8_t buf[256];
	struct stun_builder b;

	message_transaction(c->transaction);
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, c->transaction);
	if (c->role == ICE_CONTROLLING) {
		stun_add(&b, ATTR_USE_CANDIDATE, NULL, 0);
		stun_add(&b, ATTR_ICE_CONTROLLING, tie_breaker, sizeof(tie_breaker));
	} else {
		stun_add(&b, ATTR_ICE_CONTROLLED, tie_breaker, sizeof(tie_breaker));
	}
	stun_add_u32(&b, ATTR_PRIORITY, PRIORITY);
	stun_add_string(&b, STUN_ATTR_USERNAME, USERNAME);
	c->tally->requests_sent++;
	return send_protected(c, &b);
}

static int send_success(struct check *c, const struct stun_message *request)
{
	uint8_t buf[256];
	struct stun_builder b;
	union addr here;

	net_local(c->fd, &here);
	stun_begin(&b, buf, sizeof(buf), STUN_SUCCESS, STUN_BINDING, request->transaction);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_MAPPED_ADDRESS, &here);
	c->tally->successes_sent++;
	return send_protected(c, &b);
}

/* RFC 8489, 9.1.3. Not signed: there is no key that both know. */
static int send_refusal(struct check *c, const struct stun_message *request)
{
	uint8_t buf[256];
	struct stun_builder b;

	stun_begin(&b, buf, sizeof(buf), STUN_ERROR, STUN_BINDING, request->transaction);
	stun_add_error(&b, 401);
	stun_add_fingerprint(&b);
	return frame_send(c->fd, &b, c->deadline - net_now());
}

static int take_request(struct check *c, const struct stun_message *msg)
{
	int err;

	if (!stun_check_integrity(msg, c->password, strlen(c->password)))
		return send_refusal(c, msg);
	c->tally->requests_received++;
	err = send_success(c, msg);
	if (!err && !c->tally->requests_sent)
		err = send_request(c);
	return err;
}

static int take(struct check *c, const struct stun_message *msg)
{
	if (msg->method != STUN_BINDING || !stun_check_fingerprint(msg))
		return -EBADMSG;
	if (msg->class == STUN_REQUEST)
		return take_request(c, msg);
	if (msg->class == STUN_ERROR)
		return -EACCES;
	if (msg->class != STUN_SUCCESS ||
	    !stun_check_integrity(msg, c->password, strlen(c->password)) ||
	    memcmp(msg->transaction, c->transaction, sizeof(c->transaction)))
		return -EBADMSG;
	c->tally->successes_received++;
	return 0;
}

int ice_check(int fd, enum ice_role role, const char *password, struct ice_tally *tally,
	      int timeout_ms)
{
	struct check c = {
		.fd = fd, .role = role, .password = password, .tally = tally,
		.deadline = net_now() + timeout_ms,
	};
	struct message msg;
	int err = 0;

	memset(tally, 0, sizeof(*tally));
	if (role == ICE_CONTROLLING)
		err = send_request(&c);
	while (!err && !(tally->requests_received && tally->successes_received)) {
		err = frame_recv(fd, &msg, c.deadline - net_now());
		if (!err)
			err = take(&c, &msg.stun);
	}
	return err;
}
