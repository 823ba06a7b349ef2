/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_TLS_H
#define _KTURN_TLS_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "run.h"

struct kturn_flow;
struct kturn_leg;
struct kturn_relay;
struct page;

/**
 * struct kturn_tls_half - what there is to a flow with TLS
 * @page: what was read from the source, not yet accepted by the destination
 * @offset: where that begins
 * @len: how much it is, in bytes; without any there is no page
 * @no_more: nothing more is read from the source
 * @whole: that is because its stream came to its proper end
 * @refused: the destination took nothing though it seemed to have room
 * @notified: the destination was sent a close_notify
 * @data_end: sequence number behind the last byte of data sent before that
 *
 * Under &struct kturn_tls.running.
 */
struct kturn_tls_half {
	struct page *page;
	unsigned int offset;
	unsigned int len;
	bool no_more;
	bool whole;
	bool refused;
	bool notified;
	u32 data_end;
};

/**
 * struct kturn_tls - what a relay needs when one of its legs has TLS, or both
 * @running: held by a run, which holds no lock of a socket for so long
 * @to_peer: the flow's part
 * @to_client: the flow's part
 * @failed: the leg that came to an improper end
 * @verdict: and how, for the socket forgets an error once it was read
 */
struct kturn_tls {
	struct mutex running;
	struct kturn_tls_half to_peer;
	struct kturn_tls_half to_client;
	const struct kturn_leg *failed;
	struct kturn_verdict verdict;
};

/* tls-state.c: life */
int kturn_tls_prepare(struct kturn_relay *relay);
void kturn_tls_free(struct kturn_relay *relay);

/* tls-state.c: what is known */
struct kturn_tls_half *kturn_tls_half_of(const struct kturn_flow *flow);
void kturn_tls_fail(const struct kturn_leg *leg, enum kturn_end_reason reason, int err);
void kturn_tls_fail_with_errno(const struct kturn_leg *leg, int err);
void kturn_tls_let_go(struct kturn_tls_half *half);

/* tls.c */
enum kturn_next kturn_tls_run(struct kturn_relay *relay, struct kturn_verdict *end);

/* tls-state.c: looking, for run.c; both sockets locked */
bool kturn_tls_verdict(const struct kturn_leg *leg, struct kturn_verdict *end);
bool kturn_tls_is_complete(const struct kturn_leg *leg);
bool kturn_tls_is_drained(const struct kturn_flow *flow);

/* tls-state.c: looking, for a message; under RCU */
unsigned int kturn_tls_held(const struct kturn_flow *flow);

/* tls-state.c: keeping a run out, if there is TLS */
void kturn_tls_lock(struct kturn_relay *relay);
void kturn_tls_unlock(struct kturn_relay *relay);

/* tls-state.c: ending, for relay.c and sock.c */
bool kturn_tls_holds_bytes(const struct kturn_flow *flow);
void kturn_tls_close_notify(struct kturn_leg *leg);

#endif /* _KTURN_TLS_H */
