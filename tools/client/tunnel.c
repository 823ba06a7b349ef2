// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"
#include "tunnel.h"

#define BLOCK 16384	/* bytes, a record's */

/* One way: what was taken from one side and not yet given to the other. */
struct way {
	char block[BLOCK];
	size_t at, len;
	bool ended;	/* at the source */
	bool done;	/* at the receiver, too */
};

struct tunnel {
	gnutls_session_t session;
	int plain, secure;
	struct way up, down;	/* to the server, from it */
};

static bool wants_more(const struct way *way)
{
	return !way->len && !way->ended;
}

static bool wants_out(const struct way *way)
{
	return way->len || (way->ended && !way->done);
}

/* Return: 0, or a negative errno that ends both connections. */
static int take_plain(struct tunnel *t)
{
	ssize_t n = recv(t->plain, t->up.block, BLOCK, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	t->up.ended = !n;
	t->up.at = 0;
	t->up.len = n;
	return 0;
}

static int give_secure(struct tunnel *t)
{
	struct way *way = &t->up;
	ssize_t n;

	if (way->len)
		n = gnutls_record_send(t->session, way->block + way->at, way->len);
	else
		n = gnutls_bye(t->session, GNUTLS_SHUT_WR);
	if (n < 0)
		return gnutls_error_is_fatal(n) ? -EPIPE : 0;
	way->at += n;
	way->len -= n;
	if (!way->len && way->ended) {
		way->done = true;
		shutdown(t->secure, SHUT_WR);
	}
	return 0;
}

static int take_secure(struct tunnel *t)
{
	ssize_t n = gnutls_record_recv(t->session, t->down.block, BLOCK);

	if (n < 0)
		return gnutls_error_is_fatal(n) ? -ECONNRESET : 0;
	t->down.ended = !n;
	t->down.at = 0;
	t->down.len = n;
	return 0;
}

static int give_plain(struct tunnel *t)
{
	struct way *way = &t->down;
	ssize_t n = 0;

	if (way->len)
		n = send(t->plain, way->block + way->at, way->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	way->at += n;
	way->len -= n;
	if (!way->len && way->ended) {
		way->done = true;
		shutdown(t->plain, SHUT_WR);
	}
	return 0;
}

/*
 * A reset shows when its side is read. Where there is nothing to read any more
 * it has to be looked for; where that has to wait, so has the reset.
 */
static void watch(struct pollfd *pfd, int fd, const struct way *from, const struct way *to)
{
	pfd->events = (wants_more(from) ? POLLIN : 0) | (wants_out(to) ? POLLOUT : 0);
	pfd->fd = pfd->events || from->ended ? fd : -1;
}

static int wait_for_either(const struct tunnel *t)
{
	bool has_more = wants_more(&t->down) && gnutls_record_check_pending(t->session);
	struct pollfd pfd[2] = { { .fd = -1 }, { .fd = -1 } };

	watch(&pfd[0], t->plain, &t->up, &t->down);
	watch(&pfd[1], t->secure, &t->down, &t->up);
	if (poll(pfd, 2, has_more ? 0 : -1) < 0 && errno != EINTR)
		return -errno;
	if ((t->up.ended && pfd[0].revents & POLLERR) ||
	    (t->down.ended && pfd[1].revents & POLLERR))
		return -ECONNRESET;
	return 0;
}

static int step(struct tunnel *t)
{
	int err = wait_for_either(t);

	if (!err && wants_more(&t->up))
		err = take_plain(t);
	if (!err && wants_out(&t->up))
		err = give_secure(t);
	if (!err && wants_more(&t->down))
		err = take_secure(t);
	if (!err && wants_out(&t->down))
		err = give_plain(t);
	return err;
}

static void run(struct tunnel *t)
{
	int err = 0;

	while (!err && !(t->up.done && t->down.done))
		err = step(t);
	if (!err)
		return;
	net_reset(t->plain);
	net_reset(t->secure);
}

static void close_between(int first, int last)
{
	if (first <= last)
		close_range(first, last, 0);
}

/* No other descriptor: a copy would keep that connection from its FIN. */
static void keep_two(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;
	int nothing = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(nothing, fd);
	close_between(3, low - 1);
	close_between(low + 1, high - 1);
	close_range(high + 1, ~0U, 0);
}

static int connect_pair(int pair[2])
{
	union addr addr;
	int listener;

	addr_parse(&addr, "127.0.0.1");
	listener = net_listen(&addr);
	if (listener < 0)
		return listener;
	pair[0] = net_connect(&addr, NULL, 5000);
	pair[1] = pair[0] < 0 ? pair[0] : net_accept(listener, NULL, 5000);
	close(listener);
	if (pair[1] < 0 && pair[0] >= 0)
		close(pair[0]);
	return pair[1] < 0 ? pair[1] : 0;
}

static void be_the_tunnel(gnutls_session_t session, int plain, int secure)
{
	static struct tunnel t;

	t.session = session;
	t.plain = plain;
	t.secure = secure;
	keep_two(plain, secure);
	fcntl(plain, F_SETFL, O_NONBLOCK);
	fcntl(secure, F_SETFL, O_NONBLOCK);
	run(&t);
	_exit(0);
}

/* A process of nobody's, so that nobody has to wait for it. */
static int start(gnutls_session_t session, int plain, int secure)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid)
		return waitpid(pid, &status, 0) == pid && !status ? 0 : -ECHILD;
	pid = fork();
	if (pid)
		_exit(pid < 0);
	be_the_tunnel(session, plain, secure);
	return 0;
}

int tunnel_open(gnutls_session_t session, int fd)
{
	int pair[2], err = connect_pair(pair);

	if (!err) {
		err = start(session, pair[1], fd);
		close(pair[1]);
		if (err)
			close(pair[0]);
	}
	close(fd);
	return err ? err : pair[0];
}
