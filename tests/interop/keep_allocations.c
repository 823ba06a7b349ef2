// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many UDP allocations in the midst of which the server is killed again and again: by the
 * command KTURN_MEANWHILE. KTURN_RELAYS says how many. Each relay carries a stream of
 * numbered datagrams both ways, every one of which is sent until it is acknowledged.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "talk.h"

#define CHANNEL	0x4abc
#define DEATHS	3
#define PART	5	/* datagrams each way on each relay, before and after each death */
#define PACE	10	/* ms from one to the next */
#define AGAIN	100	/* ms until it is sent once more */
#define PATIENCE 300	/* seconds */

enum kind { DATA = 'd', ACK = 'a' };

struct datagram {
	uint8_t kind, pattern[3];
	uint32_t relay, number;
	uint8_t more[200];
};

/**
 * struct end - of a relay: the client, or the peer
 * @sent: the number of what is on its way
 * @heard: how many have come
 * @due: when to send next
 */
struct end {
	uint32_t sent, heard;
	int64_t due;
};

struct relay {
	struct talk talk;
	int peer;
	struct end client, far;
};

static struct relay *relays;
static unsigned int n_relays;
static struct pollfd *sockets;	/* of each relay: the client's, the peer's */

static void make(struct datagram *datagram, enum kind kind, unsigned int relay, uint32_t number)
{
	memset(datagram, relay * 31 + number * 7 + kind, sizeof(*datagram));
	datagram->kind = kind;
	datagram->relay = relay;
	datagram->number = number;
}

/* UDP may lose it: that nothing takes it is no error either. */
static void send_one(struct relay *relay, bool from_client, enum kind kind, uint32_t number)
{
	const union addr *relayed = &relay->talk.turn.relayed;
	struct datagram datagram;

	make(&datagram, kind, relay - relays, number);
	if (from_client)
		talk_channel(&relay->talk, CHANNEL, &datagram, sizeof(datagram));
	else
		sendto(relay->peer, &datagram, sizeof(datagram), MSG_DONTWAIT, &relayed->sa,
		       addr_len(relayed));
}

/* What is behind ChannelData's header; that is the client's. */
static int receive_one(struct relay *relay, bool client, struct datagram *datagram)
{
	uint8_t buf[4 + sizeof(*datagram) + 1];
	size_t header = client ? 4 : 0;
	union addr from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(client ? relay->talk.turn.control : relay->peer, buf, sizeof(buf),
			     MSG_DONTWAIT, &from.sa, &len);

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n != (ssize_t)(header + sizeof(*datagram)))
		return -EMSGSIZE;
	if (client ? (buf[0] << 8 | buf[1]) != CHANNEL
		   : !addr_equal(&from, &relay->talk.turn.relayed))
		return -EREMCHG;
	memcpy(datagram, buf + header, sizeof(*datagram));
	return n;
}

/* The next one, or one that had come already and whose acknowledgement was lost. */
static int hear_data(struct relay *relay, struct end *end, bool client, uint32_t number)
{
	expect(number <= end->heard + 1, "relay %zu: %u after %u", relay - relays, number,
	       end->heard);
	if (number == end->heard + 1)
		end->heard++;
	send_one(relay, client, ACK, number);
	return 0;
}

static void hear_ack(struct end *end, uint32_t number)
{
	if (number != end->sent)
		return;
	end->sent++;
	end->due = net_now() + PACE;
}

static int hear(struct relay *relay, bool client)
{
	struct end *end = client ? &relay->client : &relay->far;
	struct datagram datagram, right;
	int n;

	while ((n = receive_one(relay, client, &datagram))) {
		expect(n > 0, "relay %zu: %s", relay - relays, strerror(-n));
		make(&right, datagram.kind, relay - relays, datagram.number);
		expect(!memcmp(&datagram, &right, sizeof(right)), "relay %zu: another datagram",
		       relay - relays);
		if (datagram.kind == DATA)
			need(hear_data(relay, end, client, datagram.number));
		else
			hear_ack(end, datagram.number);
	}
	return 0;
}

static void speak(struct relay *relay, bool client)
{
	struct end *end = client ? &relay->client : &relay->far;
	int64_t now = net_now();

	if (now < end->due)
		return;
	send_one(relay, client, DATA, end->sent);
	end->due = now + AGAIN;
}

/* One turn of all of them. */
static int turn_all(void)
{
	for (unsigned int i = 0; i < n_relays; i++) {
		speak(&relays[i], true);
		speak(&relays[i], false);
	}
	poll(sockets, 2 * n_relays, PACE / 2);
	for (unsigned int i = 0; i < n_relays; i++) {
		need(hear(&relays[i], true));
		need(hear(&relays[i], false));
	}
	return 0;
}

static bool all_have(const uint32_t (*goals)[2])
{
	for (unsigned int i = 0; i < n_relays; i++)
		if (relays[i].client.heard < goals[i][0] || relays[i].far.heard < goals[i][1])
			return false;
	return true;
}

/* So many more on each, each way, from where each of them is. */
static int all_go_on(void)
{
	uint32_t goals[n_relays][2];
	int64_t deadline = net_now() + 6 * WIRE_WAIT;

	for (unsigned int i = 0; i < n_relays; i++) {
		goals[i][0] = relays[i].client.heard + PART;
		goals[i][1] = relays[i].far.heard + PART;
	}
	while (!all_have(goals)) {
		need(turn_all());
		for (unsigned int i = 0; net_now() > deadline && i < n_relays; i++)
			expect(relays[i].client.heard >= goals[i][0] &&
			       relays[i].far.heard >= goals[i][1],
			       "relay %u: stuck at %u and %u", i, relays[i].client.heard,
			       relays[i].far.heard);
	}
	return 0;
}

/* All go on while it runs. */
static int run_meanwhile(const char *command)
{
	pid_t pid = fork(), ended;
	int status;

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	expect(pid > 0, "fork: %s", strerror(errno));
	while (!(ended = waitpid(pid, &status, WNOHANG)))
		need(turn_all());
	expect(ended == pid && !status, "the command has failed");
	return 0;
}

static int open_relay(struct relay *relay, const struct wire *wire)
{
	union addr addr = wire->peer;

	relay->client.sent = relay->far.sent = 1;
	relay->peer = talk_peer(&addr);
	expect(relay->peer >= 0, "%s", strerror(-relay->peer));
	need(talk_open(&relay->talk, wire));
	need(talk_allocate(&relay->talk, AF_INET));
	expect_ok(talk_bind(&relay->talk, CHANNEL, &addr));
	sockets[2 * (relay - relays)] = (struct pollfd){ relay->talk.turn.control, POLLIN, 0 };
	sockets[2 * (relay - relays) + 1] = (struct pollfd){ relay->peer, POLLIN, 0 };
	n_relays++;
	return 0;
}

/* Once all that is on its way has come, so that the answer is the next that comes. */
static int end_one(struct relay *relay)
{
	while (poll(&sockets[2 * (relay - relays)], 1, WIRE_QUIET) > 0)
		need(hear(relay, true));
	expect_ok(talk_refresh(&relay->talk, 600, AF_UNSPEC));
	expect_ok(talk_refresh(&relay->talk, 0, AF_UNSPEC));
	return 0;
}

static int allocations_go_on(const struct wire *wire)
{
	const char *meanwhile = getenv("KTURN_MEANWHILE"), *count = getenv("KTURN_RELAYS");
	unsigned int n = count ? strtoul(count, NULL, 10) : 0;
	struct rlimit files = { 8192, 8192 };

	expect(n && meanwhile, "neither relays nor a command");
	alarm(PATIENCE);
	setrlimit(RLIMIT_NOFILE, &files);
	relays = calloc(n + DEATHS, sizeof(*relays));
	sockets = calloc(2 * (n + DEATHS), sizeof(*sockets));
	expect(relays && sockets, "no memory");
	while (n_relays < n)
		need(open_relay(&relays[n_relays], wire));
	need(all_go_on());
	for (int i = 0; i < DEATHS; i++) {
		need(run_meanwhile(meanwhile));
		need(open_relay(&relays[n_relays], wire));
		need(all_go_on());
	}
	for (unsigned int i = 0; i < n_relays; i++)
		need(end_one(&relays[i]));
	return 0;
}

const struct wire_test keep_allocations_tests[] = {
	{ "keep-allocations", "every datagram of many allocations arrives in the end, whenever "
	  "the server dies", allocations_go_on },
	{ NULL, NULL, NULL },
};
