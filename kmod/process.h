/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_PROCESS_H
#define _KTURN_PROCESS_H

struct kturn_relay;

int kturn_process_init(void);
void kturn_process_exit(void);

void kturn_process_prepare(struct kturn_relay *relay);
void kturn_process_kick(struct kturn_relay *relay);
void kturn_process_stop(struct kturn_relay *relay);

#endif /* _KTURN_PROCESS_H */
