/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon takes for chance: the same for the same input, so that a finding
 * can be seen again.
 */
#ifndef KTURN_FUZZ_CHANCE_H
#define KTURN_FUZZ_CHANCE_H

#include <stdint.h>

/**
 * chance_begin() - begin again
 */
void chance_begin(uint64_t seed);

/**
 * chance_below() - a number below @n, which is not 0
 */
unsigned int chance_below(unsigned int n);

#endif
