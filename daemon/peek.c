// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "peek.h"
#include "tls.h"

static ssize_t look(int fd, struct tls *tls, void *buf, size_t len)
{
	ssize_t n;

	do {
		n = tls ? tls_peek(tls, buf, len) : recv(fd, buf, len, MSG_PEEK);
		if (n < 0 && !tls)
			n = -errno;
	} while (n == -EINTR);
	return n;
}

static bool has_ended(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLRDHUP };

	return poll(&pfd, 1, 0) == 1;
}

ssize_t peek(int fd, struct tls *tls, uint8_t *buf, size_t have, size_t want)
{
	ssize_t n = look(fd, tls, buf, want);

	/* Nothing more comes behind the client's FIN; but with it more may have come. */
	if (n > 0 && (size_t)n < want && has_ended(fd)) {
		n = look(fd, tls, buf, want);
		if (n > 0 && (size_t)n < want)
			return 0;
	}
	if (n <= 0)
		return n;
	return (size_t)n > have ? n - (ssize_t)have : -EAGAIN;
}

/* The kernel's TLS does not take what it is not to copy anywhere. */
static void drop_records(struct tls *tls, size_t len)
{
	uint8_t room[4096];

	while (len) {
		ssize_t n = tls_recv(tls, room, len < sizeof(room) ? len : sizeof(room));

		if (n <= 0)
			return;
		len -= n;
	}
}

void peek_drop(int fd, struct tls *tls, size_t len)
{
	if (tls)
		drop_records(tls, len);
	else if (len)
		recv(fd, NULL, len, MSG_TRUNC | MSG_DONTWAIT);
}
