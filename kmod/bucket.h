/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arithmetic of a token bucket, and nothing but that: a unit test compiles
 * it, too.
 *
 * A bucket is one number, the time at which it was empty last. Since then it
 * has filled with so many bytes a second, but holds no more than come together
 * in a tenth of a second. Taking bytes moves that time on. So nothing has to
 * be done while nothing moves, and none of it changes with the rate.
 *
 * Times are in nanoseconds, rates in bytes per second and not above
 * KTURN_RATE_MAX, lest a product overflows.
 */
#ifndef _KTURN_BUCKET_H
#define _KTURN_BUCKET_H

#include <linux/types.h>

#define KTURN_BUCKET_SECOND	1000000000ULL

/* What a bucket holds, unless that is not even a byte. */
#define KTURN_BUCKET_DEPTH	(KTURN_BUCKET_SECOND / 10)

/* What is worth waiting for: smaller sends would cost more than they bring. */
#define KTURN_BUCKET_WORTH	(KTURN_BUCKET_SECOND / 50)

/* The time that so many bytes take; rounded up, so never too fast. */
static inline __u64 kturn_bucket_time(__u64 bytes, __u64 rate)
{
	return (bytes * KTURN_BUCKET_SECOND + rate - 1) / rate;
}

/* When it was empty, had nothing spilled over since. */
static inline __u64 kturn_bucket_since(__u64 empty, __u64 rate, __u64 now)
{
	const __u64 byte = kturn_bucket_time(1, rate);
	const __u64 depth = byte > KTURN_BUCKET_DEPTH ? byte : KTURN_BUCKET_DEPTH;

	return now - empty > depth ? now - depth : empty;
}

/* How many bytes are in it. */
static inline __u64 kturn_bucket_has(__u64 empty, __u64 rate, __u64 now)
{
	return (now - kturn_bucket_since(empty, rate, now)) * rate / KTURN_BUCKET_SECOND;
}

/* When it was empty, after @bytes of what it has were taken. */
static inline __u64 kturn_bucket_take(__u64 empty, __u64 rate, __u64 now, __u64 bytes)
{
	return kturn_bucket_since(empty, rate, now) + kturn_bucket_time(bytes, rate);
}

/* How many of @bytes that want to go are worth a send of their own. */
static inline __u64 kturn_bucket_worth(__u64 rate, __u64 bytes)
{
	__u64 worth = rate * KTURN_BUCKET_WORTH / KTURN_BUCKET_SECOND;

	if (!worth)
		worth = 1;
	return bytes < worth ? bytes : worth;
}

/* How long until it has @bytes, which it has not now. */
static inline __u64 kturn_bucket_wait(__u64 empty, __u64 rate, __u64 now, __u64 bytes)
{
	return kturn_bucket_take(empty, rate, now, bytes) - now;
}

#endif /* _KTURN_BUCKET_H */
