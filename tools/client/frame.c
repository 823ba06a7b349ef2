// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "frame.h"
#include "net.h"

#define LENGTH_LEN 2

int frame_send_data(int fd, const uint8_t *data, size_t len, int timeout_ms)
{
	uint8_t frame[LENGTH_LEN + MESSAGE_MAX];

	if (!len || len > MESSAGE_MAX)
		return -EMSGSIZE;
	frame[0] = len >> 8;
	frame[1] = len;
	memcpy(frame + LENGTH_LEN, data, len);
	return net_send(fd, frame, LENGTH_LEN + len, timeout_ms);
}

int frame_send(int fd, const struct stun_builder *b, int timeout_ms)
{
	return frame_send_data(fd, b->buf, stun_end(b), timeout_ms);
}

int frame_recv(int fd, struct message *msg, int timeout_ms)
{
	int64_t deadline = net_now() + timeout_ms;
	uint8_t length[LENGTH_LEN];
	size_t len;
	int err;

	err = net_recv_all(fd, length, sizeof(length), timeout_ms);
	if (err)
		return err;
	len = length[0] << 8 | length[1];
	if (len > sizeof(msg->data))
		return -EBADMSG;
	err = net_recv_all(fd, msg->data, len, deadline - net_now());
	return err ? err : stun_parse(&msg->stun, msg->data, len);
}
