// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole site, whose server is killed every second for KTURN_SECONDS: KTURN_RELAYS relays,
 * one half of their clients over TLS, carry checked data both ways all the while; and there
 * is an allocation of UDP for every five of them. First of all KTURN_MEANWHILE is run, if
 * there is such a command: it may exchange the server.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "gap.h"
#include "stage.h"
#include "talk.h"

#define CHANNEL	0x4ace
#define PART	500	/* bytes at a time, each way */
#define PACE	500	/* ms from one to the next */
#define TICK	20	/* ms */
#define INTERVAL 1000	/* ms from one kill to the next, unless it takes longer to serve */
#define EVENTS	256
#define FILES	65536

/**
 * struct end - of a relay
 * @seed: what it sends is made from this; and what it hears from @other's
 * @sent: bytes
 * @heard: bytes that were right
 * @due: when to send next
 */
struct end {
	int fd;
	unsigned int seed;
	const struct end *other;
	uint64_t sent, heard;
	int64_t due;
};

struct relay {
	struct stage stage;
	struct end ends[2];
};

struct association {
	struct talk talk;
	int peer;
	union addr peer_addr;
};

static struct {
	unsigned int n_relays, n_associations;
	struct relay *relays;
	struct association *associations;
	struct wire plain, secure;
} site;

/* --- the relays' data, in a thread of its own */

static struct {
	pthread_t thread;
	int epoll, err;
	atomic_bool ending;
} mover;

static uint8_t byte_at(const struct end *end, uint64_t offset)
{
	return end->seed * 31 + offset * 3 + (offset >> 8) * 7;
}

/* What a full socket does not take goes another time. */
static int send_part(struct end *end)
{
	uint8_t data[PART];
	ssize_t n;

	for (size_t i = 0; i < PART; i++)
		data[i] = byte_at(end, end->sent + i);
	n = send(end->fd, data, PART, MSG_DONTWAIT | MSG_NOSIGNAL);
	expect(n > 0 || errno == EAGAIN, "end %u, after %llu bytes: %s", end->seed,
	       (unsigned long long)end->sent, strerror(errno));
	end->sent += n > 0 ? n : 0;
	return 0;
}

static int hear_part(struct end *end)
{
	uint8_t data[8 * PART];
	ssize_t n = recv(end->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return 0;
	expect(n > 0, "end %u, after %llu bytes: %s", end->seed,
	       (unsigned long long)end->heard, n ? strerror(errno) : "the end");
	for (ssize_t i = 0; i < n; i++)
		expect(data[i] == byte_at(end->other, end->heard + i), "end %u: byte %llu",
		       end->seed, (unsigned long long)end->heard + i);
	end->heard += n;
	return 0;
}

static int send_what_is_due(void)
{
	int64_t now = net_now();

	for (unsigned int i = 0; i < site.n_relays; i++)
		for (unsigned int j = 0; j < 2; j++) {
			struct end *end = &site.relays[i].ends[j];

			if (now < end->due)
				continue;
			need(send_part(end));
			end->due = now + PACE;
		}
	return 0;
}

static int hear_all(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(mover.epoll, events, EVENTS, TICK);

	for (int i = 0; i < n; i++)
		need(hear_part(events[i].data.ptr));
	return 0;
}

static bool all_has_come(void)
{
	for (unsigned int i = 0; i < site.n_relays; i++)
		for (unsigned int j = 0; j < 2; j++)
			if (site.relays[i].ends[j].heard != site.relays[i].ends[!j].sent)
				return false;
	return true;
}

static int move_all(void)
{
	int64_t deadline;

	while (!mover.ending) {
		need(send_what_is_due());
		need(hear_all());
	}
	deadline = net_now() + WIRE_WAIT;
	while (!all_has_come()) {
		expect(net_now() < deadline, "not all that was sent has come");
		need(hear_all());
	}
	return 0;
}

static void *move(void *arg)
{
	mover.err = move_all();
	return arg;
}

static int add_end(struct relay *relay, unsigned int i, int fd)
{
	struct end *end = &relay->ends[i];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = end };

	*end = (struct end){
		.fd = fd,
		.seed = 2 * (relay - site.relays) + i,
		.other = &relay->ends[!i],
		/* Not all of them at once. */
		.due = net_now() + (relay - site.relays) * 7 % PACE,
	};
	expect(!epoll_ctl(mover.epoll, EPOLL_CTL_ADD, fd, &event), "%s", strerror(errno));
	return 0;
}

static int start_mover(void)
{
	mover.epoll = epoll_create1(0);
	for (unsigned int i = 0; i < site.n_relays; i++) {
		struct relay *relay = &site.relays[i];

		need(add_end(relay, 0, relay->stage.data));
		need(add_end(relay, 1, relay->stage.peer));
	}
	expect(!pthread_create(&mover.thread, NULL, move, NULL), "no thread");
	return 0;
}

static int stop_mover(void)
{
	uint64_t bytes = 0;

	mover.ending = true;
	pthread_join(mover.thread, NULL);
	for (unsigned int i = 0; i < site.n_relays; i++)
		bytes += site.relays[i].ends[0].heard + site.relays[i].ends[1].heard;
	printf("# %llu bytes on %u relays\n", (unsigned long long)bytes, site.n_relays);
	return mover.err;
}

/* --- who is there */

/* The kernel has the clients' TLS: a thread for each would be too many. */
static void arrange(const struct wire *wire)
{
	static struct secure secure = { .kernel = true,
					.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3" };

	site.plain = site.secure = *wire;
	site.secure.secure = &secure;
	site.plain.datagrams = true;
}

static int open_relays(unsigned int n)
{
	site.relays = calloc(n, sizeof(*site.relays));
	expect(site.relays, "no memory");
	for (; site.n_relays < n; site.n_relays++) {
		unsigned int i = site.n_relays;

		need(stage_open(&site.relays[i].stage, i % 2 ? &site.secure : &site.plain,
				i % 4 < 2 ? STAGE_PASSIVE : STAGE_ACTIVE));
	}
	return 0;
}

static int open_association(struct association *one)
{
	one->peer_addr = site.plain.peer;
	one->peer = talk_peer(&one->peer_addr);
	expect(one->peer >= 0, "%s", strerror(-one->peer));
	need(talk_open(&one->talk, &site.plain));
	need(talk_allocate(&one->talk, AF_INET));
	expect_ok(talk_bind(&one->talk, CHANNEL, &one->peer_addr));
	return 0;
}

static int open_associations(unsigned int n)
{
	site.associations = calloc(n, sizeof(*site.associations));
	expect(site.associations || !n, "no memory");
	for (; site.n_associations < n; site.n_associations++)
		need(open_association(&site.associations[site.n_associations]));
	return 0;
}

/* --- what is looked at */

/* Its permission may have expired since it was looked at last. */
static int association_goes_on(struct association *one)
{
	const union addr *relayed = &one->talk.turn.relayed;

	expect_ok(talk_refresh(&one->talk, 600, AF_UNSPEC));
	expect_ok(talk_bind(&one->talk, CHANNEL, &one->peer_addr));
	expect_ok(talk_channel(&one->talk, CHANNEL, "to peer", 7));
	need(talk_peer_hears(one->peer, relayed, "to peer", 7));
	sendto(one->peer, "to client", 9, 0, &relayed->sa, addr_len(relayed));
	return talk_hear_channel(&one->talk, CHANNEL, "to client", 9);
}

static int compare_ms(const void *a, const void *b)
{
	return *(const int64_t *)a < *(const int64_t *)b ? -1 : 1;
}

static void print_stalls(int64_t *stalls, unsigned int n)
{
	qsort(stalls, n, sizeof(*stalls), compare_ms);
	printf("# %u kills; ms until a request sent into the gap is answered: median %lld, "
	       "99 of 100 %lld, most %lld\n", n, (long long)stalls[n / 2],
	       (long long)stalls[n * 99 / 100], (long long)stalls[n - 1]);
}

/* One who has come just before; in the gap a Refresh, and a ConnectionBind. */
static int kill_once(struct turn *turn, struct association *association, int64_t *stall)
{
	const struct transfer_plan plan = { .size = 10000 };
	const uint32_t lifetime = 600;
	const struct turn_ask refresh = { .method = STUN_REFRESH, .lifetime = &lifetime };
	struct stage fresh;
	const struct turn_ask bind = { .method = STUN_CONNECTION_BIND, .connection = &fresh.id };
	uint8_t request[2][MESSAGE_MAX];
	struct stun_builder b;
	struct message reply;
	int64_t start;

	need(stage_meet(&fresh, &site.plain, STAGE_ACTIVE));
	need(gap_begin());
	start = net_now();
	turn_build(turn, &refresh, &b, request[0]);
	expect_ok(net_send(turn->control, request[0], stun_end(&b), WIRE_WAIT));
	fresh.data = turn_dial(&fresh.turn);
	expect(fresh.data >= 0, "%s", strerror(-fresh.data));
	turn_build(&fresh.turn, &bind, &b, request[1]);
	expect_ok(net_send(fresh.data, request[1], stun_end(&b), WIRE_WAIT));
	need(gap_end());
	expect_ok(turn_reply(turn, turn->control, request[0], &reply));
	*stall = net_now() - start;
	expect_ok(turn_reply(&fresh.turn, fresh.data, request[1], &reply));
	need(stage_transfer(&fresh, &plan, &plan));
	turn_close(&fresh.turn);
	close(fresh.data);
	close(fresh.peer);
	return association ? association_goes_on(association) : 0;
}

static int kill_again_and_again(unsigned int seconds)
{
	int64_t *stalls = calloc(seconds, sizeof(*stalls)), end, next;
	unsigned int n = 0;

	expect(stalls, "no memory");
	end = net_now() + seconds * 1000;
	for (next = net_now(); !mover.err && n < seconds && net_now() < end; n++) {
		next += INTERVAL;
		need(kill_once(&site.relays[n % site.n_relays].stage.turn,
			       site.n_associations ? &site.associations[n % site.n_associations]
						   : NULL, &stalls[n]));
		if (net_now() < next)
			usleep((next - net_now()) * 1000);
		else
			next = net_now();
	}
	print_stalls(stalls, n);
	free(stalls);
	return 0;
}

static int all_are_there(void)
{
	for (unsigned int i = 0; i < site.n_relays; i++)
		expect_ok(turn_refresh(&site.relays[i].stage.turn, 600));
	for (unsigned int i = 0; i < site.n_associations; i++)
		need(association_goes_on(&site.associations[i]));
	return 0;
}

static unsigned int number(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 10) : 0;
}

static int site_goes_on(const struct wire *wire)
{
	const struct rlimit files = { FILES, FILES };
	unsigned int n = number("KTURN_RELAYS"), seconds = number("KTURN_SECONDS");
	const char *command = getenv("KTURN_MEANWHILE");

	expect(n && seconds, "neither relays nor seconds");
	/* Until the first gap; a handshake takes its time. */
	alarm(60 + n);
	setrlimit(RLIMIT_NOFILE, &files);
	arrange(wire);
	need(open_relays(n));
	need(open_associations(n / 5));
	need(start_mover());
	expect(!command || !system(command), "the command has failed");
	need(all_are_there());
	need(kill_again_and_again(seconds));
	need(all_are_there());
	return stop_mover();
}

const struct wire_test keep_site_tests[] = {
	{ "keep-site", "nothing is lost of a site whose server is killed every second",
	  site_goes_on },
	{ NULL, NULL, NULL },
};
