/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_SEND_H
#define _KTURN_SEND_H

#include <linux/types.h>

struct bio_vec;
struct sock;

int kturn_send(struct sock *sk, const struct bio_vec *bvec, unsigned int nr,
	       size_t len, bool more);

#endif /* _KTURN_SEND_H */
