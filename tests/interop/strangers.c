// SPDX-License-Identifier: GPL-2.0-only
/*
 * Crowds of strangers: connections that begin and never get anywhere. Beside them
 * a client is served, and the server lets the oldest of them go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "stage.h"

#define KINDS		4
#define OF_EACH		500
#define CROWD		(KINDS * OF_EACH)

/* The server's options, see tests/interop/run: this many for each of its threads. */
#define MAX_STRANGERS	128
#define THREADS_MAX	4

/* What it says of them. */
#define FIRST_TIMEOUT	15000	/* ms */

/* A TLS record of a handshake, which says that it has 512 bytes, and its beginning. */
static const uint8_t half_hello[] = { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3 };

/* An Allocate request without its last byte. */
static const uint8_t half_request[STUN_HEADER_LEN + 7] = {
	0, 3, 0, 8, 0x21, 0x12, 0xa4, 0x42, [STUN_HEADER_LEN] = 0, 0x19, 0, 4, 6,
};

static const uint8_t binding[STUN_HEADER_LEN] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

/**
 * struct crowd_member - one of the crowd
 * @fd: -1 once it is closed
 * @says: what it begins with
 * @len: bytes of that
 * @said: bytes of it that are out
 */
struct crowd_member {
	int fd;
	const uint8_t *says;
	size_t len, said;
};

static struct crowd_member crowd[CROWD];

/* A handshake, a request byte by byte, nothing at all, and a request that is none. */
static void choose_words(struct crowd_member *member, unsigned int kind)
{
	static const struct {
		const uint8_t *says;
		size_t len;
	} words[KINDS] = {
		{ half_hello, sizeof(half_hello) }, { half_request, sizeof(half_request) },
		{ NULL, 0 }, { binding, sizeof(binding) },
	};

	member->says = words[kind].says;
	member->len = words[kind].len;
}

static void say(struct crowd_member *member, size_t max)
{
	size_t left = member->len - member->said;
	ssize_t n;

	if (member->fd < 0 || !left)
		return;
	n = send(member->fd, member->says + member->said, left < max ? left : max,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	member->said += n > 0 ? n : 0;
}

static bool is_closed(int fd)
{
	uint8_t buf[512];
	ssize_t n;

	do {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	} while (n > 0);
	return !n || errno != EAGAIN;
}

/* Return: how many are still connected. */
static unsigned int count_alive(unsigned int n)
{
	unsigned int alive = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (crowd[i].fd >= 0 && is_closed(crowd[i].fd)) {
			close(crowd[i].fd);
			crowd[i].fd = -1;
		}
		alive += crowd[i].fd >= 0;
	}
	return alive;
}

static int gather(const struct wire *wire)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	expect(limit.rlim_cur > CROWD + 64, "too few descriptors");
	for (unsigned int i = 0; i < CROWD; i++) {
		crowd[i].fd = net_connect(&wire->server, NULL, WIRE_WAIT);
		expect(crowd[i].fd >= 0, "number %u could not connect: %s", i,
		       strerror(-crowd[i].fd));
		choose_words(&crowd[i], i % KINDS);
		say(&crowd[i], i % KINDS == 1 ? 1 : SIZE_MAX);
	}
	return 0;
}

static int serve_one(struct stage *st, const struct wire *wire)
{
	const struct transfer_plan plan = { .size = 256 * 1024, .seed = 1 };
	const struct transfer_plan nothing = { .size = 0 };

	need(stage_open(st, wire, STAGE_PASSIVE));
	return stage_transfer(st, &nothing, &plan);
}

/* The client that was there first, and one that comes when all of them are there. */
static int crowd_of_strangers(const struct wire *wire)
{
	const unsigned int most = MAX_STRANGERS * THREADS_MAX;
	struct stage before, meanwhile;
	unsigned int alive;
	int64_t start;

	need(stage_allocate(&before, wire, AF_INET));
	need(gather(wire));
	need(serve_one(&meanwhile, wire));
	start = net_now();
	while ((alive = count_alive(CROWD)) > most && net_now() - start < WIRE_WAIT)
		usleep(50000);
	expect(alive <= most, "%u of %u strangers are still there", alive, CROWD);
	for (unsigned int i = 0; i < CROWD; i++)
		say(&crowd[i], 1);
	expect_ok(turn_refresh(&before.turn, 600));
	expect_ok(turn_refresh(&meanwhile.turn, 600));
	return serve_one(&meanwhile, wire);
}

/* Whatever they say, byte by byte, their time is that of the first message. */
static int slow_strangers(const struct wire *wire)
{
	int64_t start = net_now(), ms;

	for (unsigned int i = 0; i < KINDS - 1; i++) {
		crowd[i].fd = net_connect(&wire->server, NULL, WIRE_WAIT);
		expect(crowd[i].fd >= 0, "number %u could not connect", i);
		choose_words(&crowd[i], i);
	}
	do {
		for (unsigned int i = 0; i < KINDS - 1; i++)
			say(&crowd[i], 1);
		usleep(1000 * 1000);
		ms = net_now() - start;
	} while (count_alive(KINDS - 1) && ms < 2 * FIRST_TIMEOUT + WIRE_WAIT);
	expect(!count_alive(KINDS - 1), "still there after %d ms", (int)ms);
	return 0;
}

const struct wire_test stranger_tests[] = {
	{ "strangers", "a client beside 2,000 who get nowhere", crowd_of_strangers },
	{ "slow", "a byte a second is not fast enough for a first message", slow_strangers },
	{ NULL, NULL, NULL },
};
