/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_PROBING_H
#define _KTURN_PROBING_H

#include <linux/types.h>

struct kturn_leg;

/**
 * struct kturn_probing - when a socket finds out that the other side is gone
 * @user_timeout: TCP_USER_TIMEOUT, in milliseconds; 0 is what the system does
 * @idle: TCP_KEEPIDLE, in seconds; 0 likewise
 * @interval: TCP_KEEPINTVL, in seconds; 0 likewise
 * @count: TCP_KEEPCNT; 0 likewise
 * @keepalive: SO_KEEPALIVE
 */
struct kturn_probing {
	u32 user_timeout;
	u16 idle;
	u16 interval;
	u8 count;
	bool keepalive;
};

void kturn_probing_take(struct kturn_leg *leg);
void kturn_probing_set(struct kturn_leg *leg);
void kturn_probing_give_back(struct kturn_leg *leg);

#endif /* _KTURN_PROBING_H */
