// SPDX-License-Identifier: GPL-2.0-only
/*
 * The splice(2) engine: every byte, every end. test_splice_limit.c has what holds a
 * relay back.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "relay_stage.h"

static void add(void)
{
	add_held_to(0, 0);
}

static int open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void small_messages(void **state)
{
	(void)state;
	add();
	send_all(client, "ping", 4);
	receive(peer, "ping", 4);
	send_all(peer, "pong", 4);
	receive(client, "pong", 4);
	assert_int_equal(ended, 0);
}

static void four_mib_each_way(void **state)
{
	char *up = make_data(4 * MIB, 1), *down = make_data(4 * MIB, 2);
	char *up_got = malloc(4 * MIB), *down_got = malloc(4 * MIB);
	size_t sent[2] = { 0 }, got[2] = { 0 };
	time_t start = time(NULL);

	(void)state;
	add();
	while ((got[0] < 4 * MIB || got[1] < 4 * MIB) && patient(start)) {
		ssize_t n = send(client, up + sent[0], 4 * MIB - sent[0], MSG_NOSIGNAL);

		sent[0] += n > 0 ? n : 0;
		n = send(peer, down + sent[1], 4 * MIB - sent[1], MSG_NOSIGNAL);
		sent[1] += n > 0 ? n : 0;
		n = recv(peer, up_got + got[0], 4 * MIB - got[0], 0);
		got[0] += n > 0 ? n : 0;
		n = recv(client, down_got + got[1], 4 * MIB - got[1], 0);
		got[1] += n > 0 ? n : 0;
	}
	assert_memory_equal(up_got, up, 4 * MIB);
	assert_memory_equal(down_got, down, 4 * MIB);
	shutdown(client, SHUT_WR);
	shutdown(peer, SHUT_WR);
	wait_for_end(RELAY_REASON_EOF);
	assert_int_equal(end.to_peer.bytes, 4 * MIB);
	assert_int_equal(end.to_client.bytes, 4 * MIB);
	assert_true(end.to_peer.moves > 0);
	free(up);
	free(down);
	free(up_got);
	free(down_got);
}

/* The receiver reads late: the sender has to wait, and nothing is lost. */
static void slow_receiver(void **state)
{
	char *data = make_data(16 * MIB, 3), *got = malloc(16 * MIB);
	const int room = 128 * 1024;	/* by itself it may grow to all there is */
	size_t sent = 0, before, n_got;
	ssize_t n;

	(void)state;
	setsockopt(client_leg, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	add();
	do {
		before = sent;
		for (int i = 0; i < 200; i++) {
			turn();
			n = send(client, data + sent, 16 * MIB - sent, MSG_NOSIGNAL);
			sent += n > 0 ? n : 0;
		}
	} while (sent != before);
	assert_true(sent < 16 * MIB);
	shutdown(client, SHUT_WR);
	assert_int_equal(read_to_end(peer, got, 16 * MIB, &n_got), 0);
	assert_int_equal(n_got, sent);
	assert_memory_equal(got, data, sent);
	shutdown(peer, SHUT_WR);
	wait_for_end(RELAY_REASON_EOF);
	assert_true(end.to_peer.waits > 0);
	free(data);
	free(got);
}

/* Both streams have ended, and one receiver has not read the end yet. */
static void slow_receiver_of_the_end(void **state)
{
	enum { LEN = 200 * 1024 };
	char *data = make_data(LEN, 8), *got = malloc(LEN + 1);
	const int room = LEN, little = 16 * 1024;
	size_t n;

	(void)state;
	setsockopt(peer_leg, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	add();
	send_all(client, data, LEN);
	shutdown(client, SHUT_WR);
	shutdown(peer, SHUT_WR);
	for (int i = 0; i < 100; i++) {
		turn();
		usleep(1000);
	}
	/* Nobody would care for a socket that is closed with the window. */
	assert_int_equal(ended, 0);
	assert_int_equal(read_to_end(peer, got, LEN + 1, &n), 0);
	assert_int_equal(n, LEN);
	assert_memory_equal(got, data, LEN);
	wait_for_end(RELAY_REASON_EOF);
	assert_int_equal(end.to_peer.bytes, LEN);
	free(data);
	free(got);
}

/* Send all of it and a FIN, and read what arrives until then; returns how much. */
static size_t pass_through(int from, const char *data, size_t len, int to, char *got)
{
	size_t sent = 0, n_got = 0;
	ssize_t n = -1;

	for (time_t start = time(NULL); n && patient(start); ) {
		n = send(from, data + sent, len - sent, MSG_NOSIGNAL);
		sent += n > 0 ? n : 0;
		if (sent == len)
			shutdown(from, SHUT_WR);
		n = recv(to, got + n_got, len + 1 - n_got, 0);
		n_got += n > 0 ? n : 0;
	}
	return n_got;
}

static void half_close(void **state)
{
	char *data = make_data(MIB, 4), *answer = malloc(MIB + 1), buf[16];
	size_t got;

	(void)state;
	add();
	send_all(client, "request", 7);
	shutdown(client, SHUT_WR);
	assert_int_equal(read_to_end(peer, buf, sizeof(buf), &got), 0);
	assert_int_equal(got, 7);
	assert_int_equal(ended, 0);
	assert_int_equal(pass_through(peer, data, MIB, client, answer), MIB);
	assert_memory_equal(answer, data, MIB);
	wait_for_end(RELAY_REASON_EOF);
	assert_int_equal(end.closed_first, KTURN_SIDE_CLIENT);
	free(data);
	free(answer);
}

/* What the peer sends before ConnectionBind, and its FIN, wait in the kernel. */
static void data_and_fin_from_before(void **state)
{
	char *data = make_data(64 * 1024, 5), got[64 * 1024 + 1];
	size_t n;

	(void)state;
	send_all(peer, data, 64 * 1024);
	shutdown(peer, SHUT_WR);
	send_all(client, "early", 5);
	add();
	assert_int_equal(read_to_end(client, got, sizeof(got), &n), 0);
	assert_int_equal(n, 64 * 1024);
	assert_memory_equal(got, data, n);
	receive(peer, "early", 5);
	shutdown(client, SHUT_WR);
	wait_for_end(RELAY_REASON_EOF);
	assert_int_equal(end.closed_first, KTURN_SIDE_PEER);
	free(data);
}

static void reset_goes_through(void **state)
{
	char *data = make_data(MIB, 6), *got = malloc(MIB + 1);
	size_t sent = 0, n_got;
	ssize_t n;

	(void)state;
	add();
	/* As much as goes into the buffers; then let it arrive at the engine. */
	for (int i = 0; i < 100; i++) {
		n = send(client, data + sent, 128 * 1024 - sent, MSG_NOSIGNAL);
		sent += n > 0 ? n : 0;
		turn();
	}
	reset(&client);
	assert_int_equal(read_to_end(peer, got, MIB + 1, &n_got), ECONNRESET);
	assert_int_equal(n_got, sent);
	assert_memory_equal(got, data, sent);
	wait_for_end(RELAY_REASON_CLIENT_RESET);
	assert_int_equal(end.to_peer.bytes, sent);
	free(data);
	free(got);
}

static void reset_of_a_quiet_relay(void **state)
{
	char buf[1];
	size_t n;

	(void)state;
	add();
	turn();
	reset(&peer);
	wait_for_end(RELAY_REASON_PEER_RESET);
	assert_int_equal(read_to_end(client, buf, 1, &n), ECONNRESET);
}

static void reset_after_half_close(void **state)
{
	char buf[1];
	size_t n;

	(void)state;
	add();
	shutdown(client, SHUT_WR);
	assert_int_equal(read_to_end(peer, buf, 1, &n), 0);
	reset(&client);
	wait_for_end(RELAY_REASON_CLIENT_RESET);
	n = send(peer, "x", 1, MSG_NOSIGNAL);
	assert_int_equal(n, -1);
}

/* A reset must not hang on a receiver that has stopped reading. */
static void reset_against_a_wall(void **state)
{
	char *data = make_data(MIB, 7);
	ssize_t n;

	(void)state;
	add();
	for (int quiet = 0; quiet < 200; quiet++) {
		n = send(client, data, MIB, MSG_NOSIGNAL);
		if (n > 0)
			quiet = 0;
		turn();
	}
	reset(&client);
	wait_for_end(RELAY_REASON_CLIENT_RESET);
	free(data);
}

static void urgent_data_does_not_wedge(void **state)
{
	char buf[16];
	size_t n;

	(void)state;
	add();
	send_all(client, "abc", 3);
	receive(peer, "abc", 3);
	send_all(client, "de", 2);
	assert_int_equal(send(client, "!", 1, MSG_OOB), 1);
	wait_for_end(RELAY_REASON_URGENT);
	assert_int_equal(read_to_end(peer, buf, sizeof(buf), &n), ECONNRESET);
}

static void deleted_with_its_group(void **state)
{
	unsigned int finals = 0;
	char buf[1];
	size_t n;

	(void)state;
	add();
	send_all(client, "x", 1);
	receive(peer, "x", 1);
	assert_int_equal(dp->ops->del_group(dp, 8, on_ended, &finals), 0);
	assert_int_equal(ended, 0);
	assert_int_equal(dp->ops->del_group(dp, 7, on_ended, &finals), 0);
	wait_for_end(RELAY_REASON_DELETED);
	assert_int_equal(end.to_peer.bytes, 1);
	assert_int_equal(read_to_end(client, buf, 1, &n), 0);
	assert_int_equal(dp->ops->del(dp, id, NULL, NULL), -ENOENT);
}

static void deleted_with_bytes_on_the_way(void **state)
{
	char buf[16];
	size_t n;

	(void)state;
	send_all(client, "lost", 4);
	add();
	assert_int_equal(dp->ops->del(dp, id, on_ended, NULL), 0);
	/* A FIN would say that this was all there was. */
	assert_int_equal(read_to_end(peer, buf, sizeof(buf), &n), ECONNRESET);
}

static void count_one(const struct relay_info *info, void *arg)
{
	assert_int_equal(info->id, id);
	assert_int_equal(info->reason, RELAY_REASON_NONE);
	++*(unsigned int *)arg;
}

static void dumped_while_it_lives(void **state)
{
	unsigned int n = 0;

	(void)state;
	add();
	assert_int_equal(dp->ops->dump(dp, count_one, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(dp->ops->del(dp, id, NULL, NULL), 0);
	assert_int_equal(dp->ops->dump(dp, count_one, &n), 0);
	assert_int_equal(n, 1);
}

/* A relay at rest holds its two sockets; the pipes serve whoever needs one. */
static void idle_relays_share_their_pipes(void **state)
{
	enum { RELAYS = 20 };
	int clients[RELAYS], peers[RELAYS], before = open_files();

	(void)state;
	for (int i = 0; i < RELAYS; i++) {
		connect_pair(&clients[i], &client_leg);
		connect_pair(&peers[i], &peer_leg);
		add();
		send_all(clients[i], "up", 2);
		receive(peers[i], "up", 2);
		send_all(peers[i], "down", 4);
		receive(clients[i], "down", 4);
	}
	assert_in_range(open_files() - before, 4 * RELAYS, 4 * RELAYS + 4);
	for (int i = 0; i < RELAYS; i++) {
		close(clients[i]);
		close(peers[i]);
	}
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(small_messages),
		test(four_mib_each_way),
		test(slow_receiver),
		test(slow_receiver_of_the_end),
		test(half_close),
		test(data_and_fin_from_before),
		test(reset_goes_through),
		test(reset_of_a_quiet_relay),
		test(reset_after_half_close),
		test(reset_against_a_wall),
		test(urgent_data_does_not_wedge),
		test(deleted_with_its_group),
		test(deleted_with_bytes_on_the_way),
		test(dumped_while_it_lives),
		test(idle_relays_share_their_pipes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
