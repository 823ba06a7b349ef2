/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_NETLINK_H
#define _KTURN_NETLINK_H

#include <linux/types.h>
#include <linux/kturn.h>

struct kturn_relay;
struct net;

int kturn_nl_init(void);
void kturn_nl_exit(void);

void kturn_nl_notify(struct net *net, const struct kturn_relay *relay,
		     enum kturn_cmd cmd);

#endif /* _KTURN_NETLINK_H */
