// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "message.h"
#include "net.h"

void message_transaction(uint8_t transaction[STUN_TRANSACTION_LEN])
{
	gnutls_rnd(GNUTLS_RND_NONCE, transaction, STUN_TRANSACTION_LEN);
}

int message_recv(int fd, struct message *msg, int timeout_ms)
{
	int64_t deadline = net_now() + timeout_ms;
	size_t len;
	int err;

	err = net_recv_all(fd, msg->data, 4, timeout_ms);
	if (err)
		return err;
	len = stun_length(msg->data);
	if (len < STUN_HEADER_LEN || len > sizeof(msg->data))
		return -EBADMSG;
	err = net_recv_all(fd, msg->data + 4, len - 4, deadline - net_now());
	return err ? err : stun_parse(&msg->stun, msg->data, len);
}

int message_send(int fd, const struct stun_builder *b, int timeout_ms)
{
	size_t len = stun_end(b);

	return len ? net_send(fd, b->buf, len, timeout_ms) : -EMSGSIZE;
}
