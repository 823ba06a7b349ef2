// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log_limit.h"
#include "macros.h"
#include "proxy.h"
#include "session_stream.h"
#include "worker.h"

enum {
	VERSION_COMMAND	= 12,	/* offsets in the header */
	FAMILY		= 13,
	LENGTH		= 14,
};

enum {
	LOCAL	= 0x20,		/* version 2, and the balancer's own connection */
	PROXY	= 0x21,		/* or a client's */
	TCP4	= 0x11,
	TCP6	= 0x21,
};

static const uint8_t signature[VERSION_COMMAND] = "\r\n\r\n\0\r\nQUIT\n";

/* A connection whose header has not come. */
struct proxy {
	struct worker *worker;
	int fd;
	union addr client;
	enum tls_use use;
	struct event *readable, *late;
	struct stranger stranger;
	size_t have, want;
	uint8_t header[PROXY_HEAD_LEN + PROXY_BODY_MAX];
};

int proxy_body_len(const uint8_t head[PROXY_HEAD_LEN])
{
	unsigned int len = head[LENGTH] << 8 | head[LENGTH + 1];

	if (memcmp(head, signature, sizeof(signature)) || len > PROXY_BODY_MAX)
		return -EPROTO;
	return head[VERSION_COMMAND] == LOCAL || head[VERSION_COMMAND] == PROXY ?
	       (int)len : -EPROTO;
}

/* Two addresses and then two ports, the client's first. */
static int read_addr(union addr *addr, sa_family_t family, const uint8_t *body, size_t len)
{
	size_t size = family == AF_INET ? 4 : 16;
	const uint8_t *port = body + 2 * size;

	if (len < 2 * size + 4)
		return -EPROTO;
	memset(addr, 0, sizeof(*addr));
	addr->sa.sa_family = family;
	memcpy(family == AF_INET ? (void *)&addr->v4.sin_addr : (void *)&addr->v6.sin6_addr,
	       body, size);
	addr_set_port(addr, port[0] << 8 | port[1]);
	return addr_is_any(addr) ? -EPROTO : 0;
}

int proxy_client(const uint8_t *header, size_t len, union addr *client)
{
	const uint8_t *body = header + PROXY_HEAD_LEN;

	len -= PROXY_HEAD_LEN;
	if (header[VERSION_COMMAND] == LOCAL)
		return 0;
	switch (header[FAMILY]) {
	case TCP4:
		return read_addr(client, AF_INET, body, len);
	case TCP6:
		return read_addr(client, AF_INET6, body, len);
	default:
		return -EPROTO;
	}
}

/* Return: the socket; the rest is freed. */
static int end(struct proxy *proxy)
{
	int fd = proxy->fd;

	stranger_leave(&proxy->stranger);
	if (proxy->readable)
		event_free(proxy->readable);
	if (proxy->late)
		event_free(proxy->late);
	free(proxy);
	return fd;
}

static void refuse(struct proxy *proxy, const char *why)
{
	char from[ADDR_STR_LEN];

	log_stranger("proxy refused", "from=%s reason=\"%s\"",
		     addr_str(&proxy->client, from), why);
	close(end(proxy));
}

static void evict(struct stranger *stranger)
{
	refuse(container_of(stranger, struct proxy, stranger), "too many without an allocation");
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	refuse(arg, "no header in time");
}

/* Behind the header it is a connection like any other. */
static void go_on(struct proxy *proxy)
{
	struct worker *worker = proxy->worker;
	union addr client = proxy->client;
	enum tls_use use = proxy->use;

	session_stream_open(worker, end(proxy), &client, use);
}

/* What was wanted has come: the first bytes, or all of them. */
static const char *take(struct proxy *proxy)
{
	int len;

	if (proxy->have == PROXY_HEAD_LEN) {
		len = proxy_body_len(proxy->header);
		if (len < 0)
			return "not the PROXY protocol, version 2";
		proxy->want += len;
	}
	if (proxy->have == proxy->want &&
	    proxy_client(proxy->header, proxy->have, &proxy->client))
		return "not about a client over TCP";
	return NULL;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct proxy *proxy = arg;
	const char *why = NULL;
	ssize_t n;

	(void)what;
	/* Not a byte more than the header: the rest is the client's. */
	n = recv(fd, proxy->header + proxy->have, proxy->want - proxy->have, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		refuse(proxy, n ? strerror(errno) : "closed");
		return;
	}
	proxy->have += n;
	if (proxy->have == proxy->want)
		why = take(proxy);
	if (why)
		refuse(proxy, why);
	else if (proxy->have == proxy->want)
		go_on(proxy);
}

void proxy_open(struct worker *worker, int fd, const union addr *balancer, enum tls_use use)
{
	static const struct timeval timeout = { STREAM_FIRST_TIMEOUT, 0 };
	struct proxy *proxy = calloc(1, sizeof(*proxy));

	if (!proxy) {
		close(fd);
		return;
	}
	proxy->worker = worker;
	proxy->fd = fd;
	proxy->client = *balancer;
	proxy->use = use;
	proxy->want = PROXY_HEAD_LEN;
	proxy->readable = event_new(worker->base, fd, EV_READ | EV_PERSIST, on_readable, proxy);
	proxy->late = evtimer_new(worker->base, on_late, proxy);
	if (!proxy->readable || !proxy->late || event_add(proxy->readable, NULL) ||
	    evtimer_add(proxy->late, &timeout)) {
		refuse(proxy, "no memory");
		return;
	}
	proxy->stranger.evict = evict;
	stranger_enter(&worker->strangers, &proxy->stranger, balancer);
}
