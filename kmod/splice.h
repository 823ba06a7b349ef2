/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_SPLICE_H
#define _KTURN_SPLICE_H

struct kturn_flow;
struct sock;

/**
 * enum kturn_splice_result - how a move came to its end
 * @KTURN_SPLICE_EMPTY: all was moved that was to be
 * @KTURN_SPLICE_WAIT: the receiver has no room, and its write_space will tell;
 *	or a limit allows no more, and the limit will tell
 * @KTURN_SPLICE_STALL: there is no memory, and nothing will tell when there is
 * @KTURN_SPLICE_MORE: the budget is used up
 */
enum kturn_splice_result {
	KTURN_SPLICE_EMPTY,
	KTURN_SPLICE_WAIT,
	KTURN_SPLICE_STALL,
	KTURN_SPLICE_MORE,
};

int kturn_splice(struct kturn_flow *flow);
unsigned int kturn_segment(const struct sock *sk);
void kturn_splice_exit(void);

#endif /* _KTURN_SPLICE_H */
