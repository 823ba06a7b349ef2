// SPDX-License-Identifier: GPL-2.0-only
/*
 * A good client in bad company. It was there first, or it comes when all the others are
 * there; it gets its allocation and its bytes, over TCP and over TLS.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "crowd.h"
#include "stage.h"

#define TIME_LIMIT	600	/* s; thousands of handshakes are work for the server */
#define GATHER_WAIT	300000	/* ms */
#define FLOODERS	32	/* who do not stop need not be many */
/* Of a great crowd, longer than any of them is let stay. */
#define GREAT		1000
#define ROUNDS		5
#define ROUND_PAUSE	5	/* s */

static int serve_one(const struct wire *wire)
{
	const struct transfer_plan there = { .size = 256 * 1024, .seed = 1 };
	const struct transfer_plan back = { .size = 64 * 1024, .seed = 2 };
	struct stage st;

	need(stage_open(&st, wire, STAGE_PASSIVE));
	need(stage_transfer(&st, &there, &back));
	close(st.turn.control);
	return 0;
}

static int serve_both_ways(const struct wire *wire)
{
	static const struct secure secure;
	struct wire over_tls = *wire;

	over_tls.secure = &secure;
	need(serve_one(wire));
	return serve_one(&over_tls);
}

static unsigned int size_of(enum crowd_kind kind, const struct wire *wire)
{
	return kind == CROWD_TCP || kind == CROWD_UDP ? FLOODERS : wire->crowd;
}

/* While they go on, again and again; and when they are gone. */
static int beside(const struct wire *wire, const enum crowd_kind *kinds, unsigned int n)
{
	const int rounds = wire->crowd < GREAT ? 1 : ROUNDS;
	struct crowd crowds[4];
	struct stage before;

	alarm(TIME_LIMIT);
	need(stage_allocate(&before, wire, AF_INET));
	for (unsigned int i = 0; i < n; i++)
		need(crowd_start(&crowds[i], wire, kinds[i], size_of(kinds[i], wire)));
	for (unsigned int i = 0; i < n; i++)
		need(crowd_gather(&crowds[i], GATHER_WAIT));
	for (int round = 0; round < rounds; round++) {
		sleep(round ? ROUND_PAUSE : 0);
		need(serve_both_ways(wire));
		expect_ok(turn_refresh(&before.turn, 600));
	}
	for (unsigned int i = 0; i < n; i++) {
		printf("# %s: %lu came, %lu were sent away and came back\n",
		       (const char *[]){ "half-open", "slow", "TCP flood", "UDP flood" }[kinds[i]],
		       (unsigned long)crowds[i].tally->came,
		       (unsigned long)crowds[i].tally->back);
		need(crowd_stop(&crowds[i]));
	}
	return serve_both_ways(wire);
}

static int half_open(const struct wire *wire)
{
	return beside(wire, (const enum crowd_kind[]){ CROWD_HALF_OPEN }, 1);
}

static int slow(const struct wire *wire)
{
	return beside(wire, (const enum crowd_kind[]){ CROWD_SLOW }, 1);
}

static int floods(const struct wire *wire)
{
	return beside(wire, (const enum crowd_kind[]){ CROWD_TCP, CROWD_UDP }, 2);
}

static int all_of_them(const struct wire *wire)
{
	return beside(wire, (const enum crowd_kind[]){ CROWD_HALF_OPEN, CROWD_SLOW, CROWD_TCP,
						       CROWD_UDP }, 4);
}

const struct wire_test hostile_tests[] = {
	{ "half-open", "a client beside half-open TLS handshakes", half_open },
	{ "byte-by-byte", "a client beside many who say a byte a second", slow },
	{ "floods", "a client beside floods of bad requests, over TCP and UDP", floods },
	{ "hostile", "a client beside all of them", all_of_them },
	{ NULL, NULL, NULL },
};
