/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_ENGINE_H
#define _KTURN_ENGINE_H

#include <linux/gfp.h>
#include <linux/kturn.h>

#include "run.h"

struct kturn_leg;
struct kturn_relay;

/**
 * struct kturn_engine_ops - what makes a relay run
 * @id: its name to userspace
 * @gfp: how the sends of its relays allocate
 * @prepare: make a new relay's part of it
 * @data_ready: bytes or a FIN have arrived at a leg; the caller of the callback
 *	has the leg's socket locked
 * @kick: anything else has happened to one of the sockets; any context
 * @stop: wait for a run that is under way; nobody can kick the relay any more,
 *	and no run moves a byte; process context, not from a run
 */
struct kturn_engine_ops {
	enum kturn_engine id;
	gfp_t gfp;
	void (*prepare)(struct kturn_relay *relay);
	void (*data_ready)(struct kturn_leg *leg);
	void (*kick)(struct kturn_relay *relay);
	void (*stop)(struct kturn_relay *relay);
};

extern const struct kturn_engine_ops kturn_process;
extern const struct kturn_engine_ops kturn_softirq;
extern const struct kturn_engine_ops kturn_tls;

void kturn_process_wait(struct kturn_relay *relay, enum kturn_next next);
void kturn_lock_both(struct kturn_relay *relay);
void kturn_unlock_both(struct kturn_relay *relay);
int kturn_process_init(void);
void kturn_process_exit(void);

#endif /* _KTURN_ENGINE_H */
