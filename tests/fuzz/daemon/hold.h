/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold, whatever the input: a finding for libFuzzer if it does not.
 */
#ifndef KTURN_FUZZ_HOLD_H
#define KTURN_FUZZ_HOLD_H

#include <stdio.h>
#include <stdlib.h>

#define hold(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "does not hold: %s\n", #condition);	\
		abort();						\
	}								\
} while (0)

#endif
