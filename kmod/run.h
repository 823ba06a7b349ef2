/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_RUN_H
#define _KTURN_RUN_H

#include <linux/kturn.h>

struct kturn_flow;
struct kturn_leg;
struct kturn_relay;

/**
 * enum kturn_next - what follows a run, the stronger the later
 * @KTURN_NEXT_SLEEP: nothing; a callback will kick the relay
 * @KTURN_NEXT_POLL: another run, to see what no callback tells
 * @KTURN_NEXT_STALL: another run, when there may be memory
 * @KTURN_NEXT_AGAIN: another run, after the others had their turn
 * @KTURN_NEXT_END: the end of the relay
 */
enum kturn_next {
	KTURN_NEXT_SLEEP,
	KTURN_NEXT_POLL,
	KTURN_NEXT_STALL,
	KTURN_NEXT_AGAIN,
	KTURN_NEXT_END,
};

/**
 * struct kturn_verdict - an end that a run has found
 * @reason: why
 * @err: positive errno with KTURN_END_REASON_ERROR, the alert with
 *	KTURN_END_REASON_TLS_ALERT
 *
 * The relay's own reason is written by whoever claims it.
 */
struct kturn_verdict {
	enum kturn_end_reason reason;
	int err;
};

/* Parts of a run, for kturn_tls_run() */
enum kturn_next kturn_check_leg(const struct kturn_leg *leg, struct kturn_verdict *end);
bool kturn_got_fin(const struct kturn_leg *leg);
bool kturn_takes_no_more(const struct kturn_leg *leg);
void kturn_pass_fin(struct kturn_flow *flow);
enum kturn_next kturn_settle(struct kturn_relay *relay, enum kturn_next next,
			     struct kturn_verdict *end);

enum kturn_next kturn_run(struct kturn_relay *relay, struct kturn_verdict *end);

#endif /* _KTURN_RUN_H */
