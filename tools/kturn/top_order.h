/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In which order kturn top shows relays.
 */
#ifndef KTURN_TOP_ORDER_H
#define KTURN_TOP_ORDER_H

#include "top_rates.h"

/**
 * enum top_order - what comes first
 * @TOP_BY_RATE: what moves most, both directions together
 * @TOP_BY_AGE: the oldest
 * @TOP_BY_WAITING: what has waited longest
 * @TOP_BY_ID: the smallest number
 */
enum top_order { TOP_BY_RATE, TOP_BY_AGE, TOP_BY_WAITING, TOP_BY_ID };

/**
 * top_sort() - put relays in an order; of equals the smaller number comes first
 * @rows: gets as many as there are
 * @reverse: the last comes first instead
 */
void top_sort(const struct top_rates *rates, enum top_order order, bool reverse,
	      const struct top_relay **rows);

#endif
