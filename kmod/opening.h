/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_OPENING_H
#define _KTURN_OPENING_H

#include <linux/types.h>

struct kturn_flow;

void kturn_opening_note(struct kturn_flow *flow, const u8 *data, size_t len);
void kturn_opening_note_queue(struct kturn_flow *flow, size_t len);

#endif /* _KTURN_OPENING_H */
