// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/socket.h>

#include "splice_opening.h"

/* Only TLS has them in memory: then there is nothing to peek at. */
static bool is_decrypted(const struct splice_relay *relay, enum splice_side from)
{
	return from == SPLICE_CLIENT && relay->tls;
}

/* More may have come between the two; then what follows is not known to follow. */
static void add(struct opening *opening, const uint8_t *data, ssize_t peeked, ssize_t taken)
{
	bool gap = taken > peeked && (size_t)peeked < opening_wants(opening);

	opening_add(opening, data, peeked < taken ? peeked : taken);
	if (gap)
		opening_lose(opening);
}

static ssize_t peek_and_fill(struct splice_relay *relay, enum splice_side from, size_t most)
{
	struct splice_flow *flow = &relay->flow[from];
	uint8_t data[KTURN_STUN_BYTES];
	ssize_t peeked, n;

	peeked = recv(relay->leg[from].fd, data, opening_wants(&flow->opening),
		      MSG_PEEK | MSG_DONTWAIT);
	/* An error is told only once. */
	if (peeked < 0 && errno != EAGAIN)
		return -errno;
	n = flow->mover->fill(relay, from, most);
	if (n > 0)
		add(&flow->opening, data, peeked > 0 ? peeked : 0, n);
	return n;
}

ssize_t splice_opening_fill(struct splice_relay *relay, enum splice_side from, size_t most)
{
	struct splice_flow *flow = &relay->flow[from];
	ssize_t n;

	if (opening_wants(&flow->opening) && !is_decrypted(relay, from))
		return peek_and_fill(relay, from, most);
	n = flow->mover->fill(relay, from, most);
	if (n > 0 && is_decrypted(relay, from))
		opening_add(&flow->opening, flow->buffer, n);
	return n;
}
