/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors that relay-add has to turn down.
 */
#ifndef KTURN_TEST_BAD_H
#define KTURN_TEST_BAD_H

#include "kturn_test.h"

/* What a case may need besides the socket; closed with the test's process. */
struct bad {
	struct path *path;
	enum side side;		/* the bad socket takes the place of this leg */
	int fd;
};

/*
 * Each makes one: 0, or -1 and "why"; a kernel that does not have the thing
 * gives 1.
 */
int make_closed(struct bad *bad);
int make_file(struct bad *bad);
int make_udp(struct bad *bad);
int make_unix_stream(struct bad *bad);
int make_raw(struct bad *bad);
int make_packet(struct bad *bad);
int make_netlink(struct bad *bad);
int make_mptcp(struct bad *bad);
int make_unconnected(struct bad *bad);
int make_listening(struct bad *bad);
int make_connecting(struct bad *bad);
int make_shut(struct bad *bad);
int make_deaf(struct bad *bad);
int make_corked(struct bad *bad);
int make_reset(struct bad *bad);
int make_failed(struct bad *bad);
int make_urgent(struct bad *bad);
int make_lowat(struct bad *bad);
int make_repair(struct bad *bad);
int make_ulp(struct bad *bad);
int make_tls_tx(struct bad *bad);
int make_tls_rx(struct bad *bad);
int make_tls_open(struct bad *bad);
int make_sockmap(struct bad *bad);
int make_kcm(struct bad *bad);
int make_same(struct bad *bad);
int make_dup(struct bad *bad);
int make_own_end(struct bad *bad);
int make_negative(struct bad *bad);

#endif
