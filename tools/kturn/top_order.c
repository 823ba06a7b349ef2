// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdlib.h>

#include "top_order.h"

/* Greater comes first. */
static double key_of(const struct top_relay *relay, enum top_order order)
{
	switch (order) {
	case TOP_BY_RATE:	return top_rate(relay);
	case TOP_BY_AGE:	return relay->age_ms;
	case TOP_BY_WAITING:	return top_waited_ms(relay);
	case TOP_BY_ID:		return 0;
	}
	return 0;
}

static int compare(const void *one, const void *other, void *arg)
{
	const struct top_relay *a = *(const struct top_relay *const *)one;
	const struct top_relay *b = *(const struct top_relay *const *)other;
	enum top_order order = *(const enum top_order *)arg;
	double of_a = key_of(a, order), of_b = key_of(b, order);

	if (of_a != of_b)
		return of_a > of_b ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

static int compare_reverse(const void *one, const void *other, void *arg)
{
	return compare(other, one, arg);
}

void top_sort(const struct top_rates *rates, enum top_order order, bool reverse,
	      const struct top_relay **rows)
{
	for (size_t i = 0; i < rates->count; i++)
		rows[i] = &rates->relay[i];
	if (!rates->count)
		return;
	qsort_r(rows, rates->count, sizeof(*rows), reverse ? compare_reverse : compare, &order);
}
