// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches of datagrams over loopback, joined by the kernel or not: what comes is what
 * was sent, one by one and in order.
 */
#include <event2/event.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "macros.h"
#include "udp.h"

#define PATIENCE	20	/* seconds until a test has failed */
#define SEEN_MAX	512

static struct event_base *base;
static struct udp_io *io;
static struct udp_socket ours;

/* What has come to ours: the lengths, and the first two bytes. */
static struct { size_t len; uint16_t number; } seen[SEEN_MAX];
static unsigned int n_seen;
static bool answering;

/* Writes all around it, as who puts a header before it may, and answers with it. */
static void on_datagram(const struct datagram *datagram, void *arg)
{
	(void)arg;
	assert_true(n_seen < SEEN_MAX);
	seen[n_seen].len = datagram->len;
	memcpy(&seen[n_seen++].number, datagram->data, 2);
	memset(datagram->data - UDP_HEADROOM, 0xee, UDP_HEADROOM);
	memset(datagram->data + datagram->len, 0xee, UDP_TAILROOM);
	if (answering && seen[n_seen - 1].number % 4 == 0)
		udp_send(&ours, &datagram->remote, &datagram->local, datagram->data,
			 datagram->len);
}

static void open_ours(bool segments)
{
	union addr addr;
	socklen_t len = sizeof(addr);
	int fd;

	n_seen = 0;
	answering = false;
	base = event_base_new();
	io = udp_io_new(base, segments);
	assert_non_null(io);
	addr_parse(&addr, "127.0.0.1");
	fd = udp_bind(&addr, UDP_ALONE);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, &addr.sa, &len), 0);
	assert_int_equal(udp_open(&ours, io, fd, &addr, on_datagram, NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	open_ours(true);
	return 0;
}

static int setup_plain(void **state)
{
	(void)state;
	open_ours(false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	udp_close(&ours);
	udp_io_free(io);
	event_base_free(base);
	return 0;
}

/* Someone on loopback; with @gro he takes datagrams as they have come, joined. */
static int open_other(union addr *addr, bool gro)
{
	static const struct timeval patience = { PATIENCE, 0 };
	socklen_t len = sizeof(*addr);
	const int on = gro;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	addr_parse(addr, "127.0.0.1");
	assert_int_equal(bind(fd, &addr->sa, addr_len(addr)), 0);
	assert_int_equal(getsockname(fd, &addr->sa, &len), 0);
	assert_int_equal(setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
			 0);
	return fd;
}

static void put_number(uint8_t *data, uint16_t number)
{
	memcpy(data, &number, sizeof(number));
}

static void wait_for(unsigned int n)
{
	time_t start = time(NULL);

	while (n_seen < n) {
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		assert_true(time(NULL) - start < PATIENCE);
	}
}

/* --- coming */

/* One system call, @n datagrams: all of @segment bytes, but for the last. */
static void send_joined(int fd, const uint8_t *data, size_t len, uint16_t segment)
{
	const int size = segment;

	assert_int_equal(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	assert_int_equal(sendto(fd, data, len, 0, &ours.addr.sa, addr_len(&ours.addr)), len);
}

static void told_apart(void **state)
{
	static const struct { unsigned int n; size_t segment, last; } sizes[] = {
		{ 2, 100, 100 }, { 40, 1000, 1000 }, { 10, 1000, 3 }, { 64, 2, 2 },
		{ 40, 1200, 600 }, { 1, 1200, 1200 },
	};
	static uint8_t data[65536];
	union addr addr;
	int fd = open_other(&addr, false);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		n_seen = 0;
		for (unsigned int k = 0; k < sizes[i].n; k++)
			put_number(data + k * sizes[i].segment, k);
		send_joined(fd, data, (sizes[i].n - 1) * sizes[i].segment + sizes[i].last,
			    sizes[i].segment);
		wait_for(sizes[i].n);
		for (unsigned int k = 0; k < sizes[i].n; k++) {
			assert_int_equal(seen[k].number, k);
			assert_int_equal(seen[k].len, k + 1 < sizes[i].n ? sizes[i].segment
									  : sizes[i].last);
		}
	}
	close(fd);
}

/*
 * More than the memory for them holds at a time. Every fourth is answered out of it, which
 * is as much as a receive buffer takes.
 */
static void answered(void **state)
{
	static uint8_t data[32000], answer[2048];
	union addr addr;
	int fd = open_other(&addr, false);

	(void)state;
	answering = true;
	for (unsigned int k = 0; k < 320; k++) {
		put_number(data + k % 32 * 1000, k);
		memset(data + k % 32 * 1000 + 2, k, 998);
		if (k % 32 == 31)
			send_joined(fd, data, sizeof(data), 1000);
	}
	wait_for(320);
	for (unsigned int k = 0; k < 320; k += 4) {
		assert_int_equal(recv(fd, answer, sizeof(answer), 0), 1000);
		assert_memory_equal(answer, &(uint16_t){ k }, 2);
		for (unsigned int b = 2; b < 1000; b++)
			assert_int_equal(answer[b], (uint8_t)k);
	}
	close(fd);
}

/* --- going */

/* Return: what has come with one call; its @segment is that of joined ones, else 0. */
static size_t take(int fd, uint8_t data[65536], int *segment)
{
	union { struct cmsghdr align; uint8_t room[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec iov = { data, 65536 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, 0);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	assert_true(n >= 0);
	*segment = 0;
	if (c && c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
		memcpy(segment, CMSG_DATA(c), sizeof(*segment));
	return n;
}

static uint8_t out[64][2048];

static void send_numbered(const union addr *to, unsigned int number, size_t len)
{
	put_number(out[number], number);
	udp_send(&ours, to, &ours.addr, out[number], len);
}

/* Two to the one, one to the other: joined are neighbours of the same way and length. */
static void joined_are_neighbours(void **state)
{
	static const struct { unsigned int to; size_t len; } plan[] = {
		{ 0, 500 }, { 0, 500 }, { 0, 500 },	/* one message */
		{ 1, 500 },
		{ 0, 500 }, { 0, 300 },			/* with a short end */
		{ 0, 300 }, { 0, 300 },
		{ 0, 900 },				/* longer than those before */
		{ 0, 0 }, { 0, 0 },			/* nothing to join */
	};
	static const struct { size_t len; int segment; } wanted[] = {
		{ 1500, 500 }, { 800, 500 }, { 600, 300 }, { 900, 0 }, { 0, 0 }, { 0, 0 },
	};
	static uint8_t data[65536];
	union addr addr[2];
	int fd[2] = { open_other(&addr[0], true), open_other(&addr[1], true) }, segment;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(plan); i++)
		send_numbered(&addr[plan[i].to], i, plan[i].len);
	udp_flush(io);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_int_equal(take(fd[0], data, &segment), wanted[i].len);
		assert_int_equal(segment, wanted[i].segment);
	}
	assert_int_equal(take(fd[1], data, &segment), 500);
	assert_memory_equal(data, &(uint16_t){ 3 }, 2);
	close(fd[0]);
	close(fd[1]);
}

static void never_joined(void **state)
{
	static uint8_t data[65536];
	union addr addr;
	int fd = open_other(&addr, true), segment;

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		send_numbered(&addr, i, 500);
	udp_flush(io);
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(take(fd, data, &segment), 500);
		assert_memory_equal(data, &(uint16_t){ i }, 2);
	}
	close(fd);
}

/* A socket without checksums is one whose datagrams the kernel does not cut. */
static void refused(void **state)
{
	static uint8_t data[65536];
	const int on = 1;
	union addr addr;
	int fd = open_other(&addr, true), segment;

	(void)state;
	assert_int_equal(setsockopt(ours.fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)), 0);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 40; i++)
			send_numbered(&addr, i, i < 20 ? 500 : 400);
		udp_flush(io);
		for (unsigned int i = 0; i < 40; i++) {
			assert_int_equal(take(fd, data, &segment), i < 20 ? 500 : 400);
			assert_memory_equal(data, &(uint16_t){ i }, 2);
		}
	}
	close(fd);
}

static struct udp_error last_error;
static unsigned int n_errors;

static void on_error(const struct udp_error *error, void *arg)
{
	(void)arg;
	last_error = *error;
	n_errors++;
}

/* More than a batch: all are told of, and then the loop has its peace. */
static void errors_are_read(void **state)
{
	time_t start = time(NULL);
	union addr nobody;

	(void)state;
	n_errors = 0;
	close(open_other(&nobody, false));
	assert_int_equal(udp_watch_errors(&ours, on_error), 0);
	for (unsigned int i = 0; i < 100; i++) {
		send_numbered(&nobody, 0, 100);
		udp_flush(io);
	}
	while (n_errors < 100) {
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		assert_true(time(NULL) - start < PATIENCE);
	}
	assert_true(addr_equal(&last_error.remote, &nobody));
	assert_int_equal(last_error.type, ICMP_DEST_UNREACH);
	assert_int_equal(last_error.code, ICMP_PORT_UNREACH);
	assert_int_equal(last_error.mtu, 0);
	assert_int_equal(poll(&(struct pollfd){ ours.fd, POLLIN, 0 }, 1, 0), 0);
	assert_int_equal(n_seen, 0);
}

/*
 * Nobody there: the errors of some take none of the others with them, neither those behind
 * them nor, as each batch ends with one, the first of the next. None is joined.
 */

static void beside_errors(void **state)
{
	static uint8_t data[65536];
	union addr addr, nobody;
	int fd = open_other(&addr, false), segment;

	(void)state;
	close(open_other(&nobody, false));
	assert_int_equal(udp_watch_errors(&ours, on_error), 0);
	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int i = 0; i < 60; i++)
			send_numbered(i % 3 < 2 ? &addr : &nobody, i, 500 + i);
		udp_flush(io);
		for (unsigned int i = 0; i < 60; i++) {
			if (i % 3 == 2)
				continue;
			assert_int_equal(take(fd, data, &segment), 500 + i);
			assert_memory_equal(data, &(uint16_t){ i }, 2);
		}
	}
	close(fd);
}

/* However many come in each turn, what else has come is taken as well. */
static void datagrams_beside_errors(void **state)
{
	union addr addr, nobody;
	int fd = open_other(&addr, false);

	(void)state;
	close(open_other(&nobody, false));
	assert_int_equal(udp_watch_errors(&ours, on_error), 0);
	assert_int_equal(sendto(fd, "datagram", 8, 0, &ours.addr.sa, addr_len(&ours.addr)), 8);
	for (unsigned int turn = 0; turn < 3; turn++) {
		for (unsigned int i = 0; i < 60; i++) {
			send_numbered(&nobody, 0, 100);
			udp_flush(io);
		}
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
	assert_int_equal(n_seen, 1);
	close(fd);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(told_apart),
		test(answered),
		test(joined_are_neighbours),
		cmocka_unit_test_setup_teardown(never_joined, setup_plain, teardown),
		test(refused),
		test(errors_are_read),
		test(beside_errors),
		test(datagrams_beside_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
