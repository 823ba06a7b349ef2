// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "net.h"
#include "transfer.h"

/**
 * struct transfer - one end at work
 * @state: of the content that is sent
 * @block: the current piece of it
 * @at: what of @block is sent
 */
struct transfer {
	int fd;
	const struct transfer_plan *plan;
	struct transfer_result *result;
	gnutls_hash_hd_t sent_sha, received_sha;
	uint64_t state;
	uint8_t block[CONTENT_BLOCK];
	size_t at;
	bool fin_sent, fin_received;
};

static bool has_to_wait(const struct transfer *t)
{
	if (t->fin_received)
		return false;
	return t->plan->answer || (t->plan->last && t->result->sent == t->plan->size);
}

static bool may_send(const struct transfer *t)
{
	return !t->fin_sent && !has_to_wait(t);
}

static int send_fin(struct transfer *t)
{
	t->fin_sent = true;
	return net_finish(t->fd, t->plan->idle_ms);
}

/* The content comes in whole blocks, whatever part of one a send() takes. */
static int send_some(struct transfer *t)
{
	uint64_t left = t->plan->size - t->result->sent;
	size_t len = CONTENT_BLOCK - t->at;
	ssize_t n;

	if (!left)
		return send_fin(t);
	if (!t->at)
		content_block(&t->state, t->block);
	if (len > left)
		len = left;
	n = send(t->fd, t->block + t->at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	gnutls_hash(t->sent_sha, t->block + t->at, n);
	t->at = (t->at + n) % CONTENT_BLOCK;
	t->result->sent += n;
	return 0;
}

static int receive_some(struct transfer *t)
{
	uint8_t buf[CONTENT_BLOCK];
	ssize_t n = net_take(t->fd, buf, sizeof(buf));

	if (n < 0)
		return n == -EAGAIN ? 0 : n;
	if (!n)
		t->fin_received = true;
	gnutls_hash(t->received_sha, buf, n);
	t->result->received += n;
	return 0;
}

static int step(struct transfer *t)
{
	struct pollfd pfd = {
		.fd = t->fd,
		.events = (t->fin_received ? 0 : POLLIN) | (may_send(t) ? POLLOUT : 0),
	};
	int n = poll(&pfd, 1, t->plan->idle_ms);
	int err = 0;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (!n)
		return -ETIMEDOUT;
	if (pfd.revents & (POLLIN | POLLERR | POLLHUP))
		err = receive_some(t);
	if (!err && pfd.revents & POLLOUT)
		err = send_some(t);
	return err;
}

int transfer_run(int fd, const struct transfer_plan *plan, struct transfer_result *result)
{
	struct transfer t = { .fd = fd, .plan = plan, .result = result, .state = plan->seed };
	int64_t start = net_now();
	int err = 0;

	memset(result, 0, sizeof(*result));
	gnutls_hash_init(&t.sent_sha, GNUTLS_DIG_SHA256);
	gnutls_hash_init(&t.received_sha, GNUTLS_DIG_SHA256);
	while (!err && !(t.fin_sent && t.fin_received))
		err = step(&t);
	gnutls_hash_deinit(t.sent_sha, result->sent_hash);
	gnutls_hash_deinit(t.received_sha, result->received_hash);
	result->ms = net_now() - start;
	return err;
}
