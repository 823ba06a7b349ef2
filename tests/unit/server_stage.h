/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server on loopback and its clients, in one process and one thread: the server's
 * loops turn whenever a test waits for something; after cmocka.h.
 */
#ifndef KTURN_SERVER_STAGE_H
#define KTURN_SERVER_STAGE_H

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "server.h"
#include "session.h"
#include "sock.h"
#include "stun.h"
#include "udp.h"
#include "worker.h"

#define PATIENCE 20	/* seconds until a test has failed */

static const uint8_t transaction[STUN_TRANSACTION_LEN] = "transaction!";

static struct config config;
static struct server server;
static union addr server_addr;

/* Return: a socket that listens on loopback; its address in @addr. */
static inline int listen_somewhere(union addr *addr)
{
	socklen_t len = sizeof(*addr);
	int fd;

	assert_int_equal(addr_parse(addr, "127.0.0.1"), 0);
	fd = sock_stream(addr);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &addr->sa, addr_len(addr)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, &addr->sa, &len), 0);
	return fd;
}

static inline int connect_to(const union addr *addr)
{
	int fd = socket(addr->sa.sa_family, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, &addr->sa, addr_len(addr)), 0);
	return fd;
}

/* Find a port of loopback that is free: for TCP, and for UDP. */
static inline void find_port(union addr *addr)
{
	int tcp, udp;

	do {
		tcp = listen_somewhere(addr);
		udp = udp_bind(addr, UDP_ALONE);
		close(tcp);
	} while (udp < 0);
	close(udp);
}

/* Without a file, and on the port of server_addr; @options end with NULL. */
static inline void configure_server(char *const options[])
{
	char port[32], *argv[32] = { "kturnd", "-n", "-E127.0.0.1", "--datapath=splice", port };
	int argc = 5;

	signal(SIGPIPE, SIG_IGN);
	snprintf(port, sizeof(port), "-p%u", addr_port(&server_addr));
	while (*options)
		argv[argc++] = *options++;
	assert_int_equal(config_load(&config, argc, argv, stderr), 0);
}

static inline void start_server(char *const options[])
{
	configure_server(options);
	assert_int_equal(server_open(&server, &config), 0);
}

#define START_SERVER(...) start_server((char *[]){ __VA_ARGS__, NULL })

/* What its clients had is given back. */
static inline void stop_server(void)
{
	server_close(&server);
	assert_int_equal(server.quota.total, 0);
	config_free(&config);
}

static inline void turn(void)
{
	for (unsigned int i = 0; i < server.n_workers; i++)
		event_base_loop(server.workers[i].base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static inline unsigned int count_sessions(const struct worker *worker)
{
	const struct session *session;
	unsigned int n = 0;

	LIST_FOREACH(session, &worker->sessions, entry)
		n++;
	return n;
}

static inline void put(int fd, const struct stun_builder *b)
{
	size_t len = stun_end(b);

	assert_true(len > 0);
	assert_int_equal(send(fd, b->buf, len, MSG_NOSIGNAL), len);
}

/* Return: as recv() does, once there is something; 0 is the end. */
static inline ssize_t get_some(int fd, void *buf, size_t len)
{
	time_t start = time(NULL);
	ssize_t n;

	while ((n = recv(fd, buf, len, MSG_DONTWAIT)) < 0 && errno == EAGAIN) {
		turn();
		assert_true(time(NULL) - start < PATIENCE);
	}
	return n;
}

static inline void get(int fd, void *buf, size_t len)
{
	for (size_t got = 0; got < len; ) {
		ssize_t n = get_some(fd, (char *)buf + got, len - got);

		assert_true(n > 0);
		got += n;
	}
}

/* Return: the next message of a stream, which lies in @buf. */
static inline struct stun_message get_message(int fd, uint8_t *buf, size_t size)
{
	struct stun_message msg;
	size_t len;

	get(fd, buf, STUN_HEADER_LEN);
	len = stun_length(buf);
	assert_in_range(len, STUN_HEADER_LEN, size);
	get(fd, buf + STUN_HEADER_LEN, len - STUN_HEADER_LEN);
	assert_int_equal(stun_parse(&msg, buf, len), 0);
	assert_memory_equal(msg.transaction, transaction, sizeof(transaction));
	return msg;
}

/* Return: 0 of a success response, the code of an error response. */
static inline unsigned int code_of(const struct stun_message *msg)
{
	struct stun_attr attr;

	if (msg->class == STUN_SUCCESS)
		return 0;
	assert_int_equal(msg->class, STUN_ERROR);
	assert_true(stun_find(msg, STUN_ATTR_ERROR_CODE, &attr));
	return stun_attr_error(&attr);
}

/* An allocation for TCP, of the client behind @control. */
static inline void allocate_tcp(int control)
{
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[512];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	put(control, &b);
	msg = get_message(control, buf, sizeof(buf));
	assert_int_equal(msg.method, STUN_ALLOCATE);
	assert_int_equal(code_of(&msg), 0);
}

/* Return: the CONNECTION-ID of a new connection with @peer. */
static inline uint32_t connect_peer_of(int control, const union addr *peer)
{
	struct stun_message msg;
	struct stun_builder b;
	struct stun_attr attr;
	uint8_t buf[512];
	uint32_t id;

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_CONNECT, transaction);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	put(control, &b);
	msg = get_message(control, buf, sizeof(buf));
	assert_int_equal(msg.method, STUN_CONNECT);
	assert_int_equal(code_of(&msg), 0);
	assert_true(stun_find(&msg, STUN_ATTR_CONNECTION_ID, &attr));
	assert_int_equal(stun_attr_u32(&attr, &id), 0);
	return id;
}

#endif
