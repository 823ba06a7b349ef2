/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What RFC 6062 promises, tried on the wire: a client and a peer in one
 * process, and the server under test somewhere else.
 */
#ifndef KTURN_WIRE_H
#define KTURN_WIRE_H

#include <stdbool.h>
#include <stdio.h>

#include "../../tools/client/turn.h"

#define WIRE_WAIT	10000	/* ms; for what should come at once */
#define WIRE_QUIET	300	/* ms; in which nothing should come */

struct wire_user {
	const char *name, *password;
};

/**
 * struct wire - where the tests take place
 * @server: under test
 * @secure: how its clients speak TLS, or NULL
 * @datagrams: those of UDP allocations come over UDP
 * @dtls: and then over DTLS
 * @crowd: so many strangers of a kind
 * @users: two that it knows
 * @peer: the peers' IPv4 address, on this host
 * @peer6: and the IPv6 one
 * @nowhere: an address from which no answer comes
 * @far: one behind a router and a link that takes 1300 bytes; @far6 as well
 */
struct wire {
	union addr server;
	const struct secure *secure;
	bool datagrams, dtls;
	unsigned int crowd;
	struct wire_user users[2];
	union addr peer, peer6, nowhere, far, far6;
};

/**
 * struct wire_test - one test; each runs in a process of its own
 * @group: which server it needs: "quota", "ports", "caps", "times", "brief",
 *	"bandwidth", "capacity", "idle", "redirect"; for all others the same, "icmp" with
 *	a router in the network, "reload" with a command to change it, "keep" one that is
 *	started again when it is killed, "keep-udp", "keep-relays", "keep-site",
 *	"keep-tls" and "keep-not" as well, "keep-allocations", "keep-meanwhile" and "keep-refused" with a
 *	command to end it, "asleep" a server whose Redis does not answer, "prompt" a machine
 *	that is not slow, "slow" one that is
 * @run: returns 0, or -1 after it has printed why; leaves its sockets open
 */
struct wire_test {
	const char *group, *name;
	int (*run)(const struct wire *wire);
};

extern const struct wire_test credential_tests[], stream_tests[], refusal_tests[],
	life_tests[], limit_tests[], tls_tests[];
extern const struct wire_test stranger_tests[], datagram_tests[], redirect_tests[];
extern const struct wire_test reload_tests[], asleep_tests[], keep_tests[],
	keep_allocations_tests[], keep_site_tests[];
extern const struct wire_test icmp_tests[], fragment_tests[], proxy_tests[], burst_tests[],
	hostile_tests[];

/* Returns from the test, with a reason, unless things are as they should be. */
#define expect(condition, ...) do {			\
	if (!(condition)) {				\
		printf("# " __VA_ARGS__);		\
		printf(" (%s:%d)\n", __FILE__, __LINE__);	\
		return -1;				\
	}						\
} while (0)

/* The same for what returns 0, an errno or the code of an error response. */
#define expect_code(wanted, call) do {					\
	int code_ = (call);						\
	expect(code_ == (wanted), "%s: %d instead of %d", #call, code_, wanted);	\
} while (0)

#define expect_ok(call) expect_code(0, call)

/* And for a part of a test that has printed its own reason. */
#define need(call) do {		\
	if (call)		\
		return -1;	\
} while (0)

#endif
