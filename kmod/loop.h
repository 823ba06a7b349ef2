/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_LOOP_H
#define _KTURN_LOOP_H

struct kturn_relay;
struct netlink_ext_ack;
struct nlattr;

int kturn_loop_refuse(const struct kturn_relay *relay, const struct nlattr *peer,
		      struct netlink_ext_ack *extack);

#endif /* _KTURN_LOOP_H */
