/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a relay of the splice engine is held to: a rate, by the arithmetic that
 * the module has, and a time without a move.
 */
#ifndef KTURN_SPLICE_LIMIT_H
#define KTURN_SPLICE_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#include "splice_relay.h"

struct event_base;

/**
 * splice_limit_start() - begin to count the time without a move, if that is limited
 *
 * Return: 0 or -ENOMEM.
 */
int splice_limit_start(struct splice_relay *relay, struct event_base *base);

/**
 * splice_limit_stop() - stop counting
 */
void splice_limit_stop(struct splice_relay *relay);

/**
 * splice_limit_budget() - how many bytes a flow may take from its source now
 * @most: upper bound
 *
 * Return: 0 if it has to wait; then another turn is due when that is over.
 */
size_t splice_limit_budget(struct splice_relay *relay, enum splice_side from, size_t most);

/**
 * splice_limit_taken() - a flow has taken bytes from its source
 */
void splice_limit_taken(struct splice_relay *relay, enum splice_side from, size_t bytes);

/**
 * splice_limit_moved() - bytes have been given on
 */
void splice_limit_moved(struct splice_relay *relay);

#endif
